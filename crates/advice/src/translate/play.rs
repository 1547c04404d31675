//! A stream as a place plays it.

use super::Place;
use dsp::block::Buffer;
use dsp::convolve::{Convolver, Route};
use dsp::fft::RealFft;
use dsp::math;
use dsp::window::Window;
use studio::audio::{Info, Source};
use studio::codec::Encoded;
use studio::message::Result;

/// Taps of the response at 44.1 and 48 kHz: a sixth of a second, fine enough for 20 Hz.
const TAPS: usize = 8192;

/// Plays a stereo stream through a place: its mono, its response. As long as what goes in, and in time with it.
pub struct Player {
    inner: Box<dyn Source>,
    convolver: Convolver,
    mono: bool,
    /// Low-passed side that is taken out: response of what stays of the side below the corner.
    side: bool,
    /// Frames from the start of the response to its middle, and how many of them are still to be dropped.
    latency: usize,
    late: usize,
    input: Vec<Vec<f64>>,
    output: Vec<Vec<f64>>,
    block: Buffer,
    ready: Vec<Vec<f64>>,
    left: u64,
    ended: bool,
}

impl Player {
    /// A place behind a stereo stream.
    #[must_use]
    pub fn new(inner: Box<dyn Source>, place: &Place) -> Self {
        let rate_hz = f64::from(inner.info().sample_rate_hz);
        let taps = if rate_hz > 50_000.0 { 2 * TAPS } else { TAPS };
        // Middle and side have a response each: below the corner of mono the side has none.
        let middle = taps_of(taps, rate_hz, &|hz| place.response.at_db(hz));
        let corner = place.mono_below_hz.as_ref().map(|fact| fact.value);
        let side = taps_of(taps, rate_hz, &|hz| place.response.at_db(hz) + side_db(corner, hz));
        let routes = [Route { input: 0, output: 0, response: 0 }, Route { input: 1, output: 1, response: 1 }];
        let mut convolver = Convolver::new(2, 2, &routes, taps);
        convolver.load(&[middle, side]);
        Self {
            inner,
            convolver,
            mono: place.mono,
            side: !place.mono,
            latency: taps / 2,
            late: taps / 2,
            input: vec![Vec::new(); 2],
            output: vec![Vec::new(); 2],
            block: Buffer::new(2, 8192),
            ready: vec![Vec::new(); 2],
            left: 0,
            ended: false,
        }
    }

    fn more(&mut self) -> Result<()> {
        self.inner.read(&mut self.block)?;
        let frames = self.block.frames();
        self.left += frames as u64;
        self.ended = frames == 0;
        let total = if self.ended { self.latency } else { frames };
        for plane in &mut self.input {
            plane.clear();
            plane.resize(total, 0.0);
        }
        if !self.ended {
            for n in 0..frames {
                let (l, r) = (math::sane(self.block.channel(0)[n]), math::sane(self.block.channel(1)[n]));
                self.input[0][n] = 0.5 * (l + r);
                self.input[1][n] = if self.side { 0.5 * (l - r) } else { 0.0 };
            }
        }
        for plane in &mut self.output {
            plane.clear();
            plane.resize(total, 0.0);
        }
        self.convolver.process(&self.input, &mut self.output, total);
        for n in 0..total {
            let (m, s) = (self.output[0][n], if self.mono { 0.0 } else { self.output[1][n] });
            self.ready[0].push(m + s);
            self.ready[1].push(m - s);
        }
        Ok(())
    }
}

/// What is taken from the side: nothing above the corner, everything an octave below it.
fn side_db(corner_hz: Option<f64>, hz: f64) -> f64 {
    let Some(corner) = corner_hz else { return 0.0 };
    let octaves = math::log2(hz.max(1.0) / corner);
    // 24 dB in half an octave, and on to 80 dB.
    (48.0 * octaves).clamp(-80.0, 0.0)
}

/// A response of linear phase, its middle at half its length.
fn taps_of(taps: usize, rate_hz: f64, at_db: &dyn Fn(f64) -> f64) -> Vec<f64> {
    let mut plan = RealFft::new(taps);
    let bins = plan.bins();
    let gain = |k: usize| math::db_to_gain(at_db((k as f64 * rate_hz / taps as f64).max(1.0)));
    let re: Vec<f64> = (0..bins).map(gain).collect();
    let im = vec![0.0; bins];
    let mut zero = vec![0.0; taps];
    plan.inverse(&re, &im, &mut zero);
    zero.rotate_right(taps / 2);
    let window = Window::Hann.periodic(taps);
    zero.iter().zip(&window).map(|(x, w)| x * w).collect()
}

impl Source for Player {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let wanted = buffer.capacity();
        while !self.ended && self.ready[0].len() < wanted + self.late {
            self.more()?;
            // What comes before the middle of the response is not music yet.
        }
        if self.late > 0 && self.ready[0].len() >= self.late {
            for plane in &mut self.ready {
                plane.drain(..self.late);
            }
            self.late = 0;
        }
        let frames = wanted.min(self.ready[0].len()).min(usize::try_from(self.left).unwrap_or(usize::MAX));
        buffer.set_frames(frames);
        for (channel, plane) in self.ready.iter_mut().enumerate() {
            buffer.channel_mut(channel).copy_from_slice(&plane[..frames]);
            plane.drain(..frames);
        }
        self.left -= frames as u64;
        Ok(())
    }
}

/// The first frames of a stream.
pub(super) struct Part {
    inner: Box<dyn Source>,
    info: Info,
    left: u64,
}

impl Part {
    pub(super) fn new(inner: Box<dyn Source>, frames: u64) -> Self {
        let info = Info { frames: None, ..inner.info().clone() };
        Self { inner, info, left: frames }
    }
}

impl Source for Part {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        if self.left == 0 {
            buffer.set_frames(0);
            return Ok(());
        }
        self.inner.read(buffer)?;
        let frames = buffer.frames().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        buffer.set_frames(frames);
        self.left -= frames as u64;
        Ok(())
    }
}

/// A decoded stream that keeps its temporary file until it has been read.
pub(super) struct Held {
    inner: Box<dyn Source>,
    _file: Encoded,
}

impl Held {
    pub(super) fn new(file: Encoded) -> Result<Self> {
        Ok(Self { inner: file.open()?, _file: file })
    }
}

impl Source for Held {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)
    }
}
