//! The two streams: as they are for the meters, and at one rate with one number of channels to be laid on each other.

use dsp::block::Buffer;
use studio::audio::{Info, Source};
use studio::difference::Fitted;
use studio::message::{Error, Finding, Kind, Result};
use studio::meters::Measurements;

/// Opens a stream, as often as it is needed.
pub type Open<'a> = &'a dyn Fn() -> Result<Box<dyn Source>>;

/// Values of an envelope a second: fine enough to find a place from, few enough for an hour.
pub(super) const ENVELOPE_PER_SECOND: f64 = 200.0;

/// Mean square of all channels, [`ENVELOPE_PER_SECOND`] values a second.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Envelope(pub(super) Vec<f32>);

/// Cuts a stream into equal stretches of time and gives the mean square of each, whatever the blocks are.
#[derive(Debug, Clone)]
pub(super) struct Stretches {
    per_frame: f64,
    done: u64,
    frames: u64,
    sum: f64,
    count: u64,
    top: f64,
    pub(super) powers: Vec<f32>,
    /// Highest of each stretch, as power.
    pub(super) tops: Vec<f32>,
}

impl Stretches {
    pub(super) fn new(rate_hz: f64) -> Self {
        Self {
            per_frame: ENVELOPE_PER_SECOND / rate_hz,
            done: 0,
            frames: 0,
            sum: 0.0,
            count: 0,
            top: 0.0,
            powers: Vec::new(),
            tops: Vec::new(),
        }
    }

    /// The mean square of one frame over its channels, and the highest of them.
    pub(super) fn push(&mut self, power: f64, top: f64) {
        self.sum += power;
        self.top = self.top.max(top);
        self.count += 1;
        self.frames += 1;
        if (self.frames as f64 * self.per_frame) as u64 > self.done {
            self.close();
        }
    }

    fn close(&mut self) {
        self.powers.push((self.sum / self.count.max(1) as f64) as f32);
        self.tops.push(self.top as f32);
        (self.sum, self.count, self.top) = (0.0, 0, 0.0);
        self.done += 1;
    }

    /// Powers, and tops.
    pub(super) fn finish(mut self) -> (Vec<f32>, Vec<f32>) {
        if self.count > 0 {
            self.close();
        }
        (self.powers, self.tops)
    }
}

/// A stream that keeps its envelope while it is read.
pub(super) struct Tap {
    inner: Box<dyn Source>,
    stretches: Stretches,
}

impl Tap {
    pub(super) fn new(inner: Box<dyn Source>) -> Self {
        let stretches = Stretches::new(f64::from(inner.info().sample_rate_hz.max(1)));
        Self { inner, stretches }
    }

    pub(super) fn finish(self) -> Envelope {
        Envelope(self.stretches.finish().0)
    }
}

impl Source for Tap {
    fn info(&self) -> &Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)?;
        let channels = buffer.channels();
        for frame in 0..buffer.frames() {
            let power: f64 = (0..channels).map(|channel| buffer.channel(channel)[frame]).map(|x| x * x).sum();
            let power = if power.is_finite() { power } else { 0.0 };
            self.stretches.push(power / channels.max(1) as f64, power);
        }
        Ok(())
    }

    fn findings(&self) -> Vec<Finding> {
        self.inner.findings()
    }
}

/// Both streams at one rate.
pub(super) struct Pair<'a> {
    opens: [Open<'a>; 2],
    /// The lower of both rates: what only one of them can have is not compared.
    pub(super) rate_hz: u32,
    pub(super) channels: usize,
    /// Frames of each at that rate.
    pub(super) frames: [u64; 2],
}

impl<'a> Pair<'a> {
    pub(super) fn new(before: Open<'a>, after: Open<'a>, measured: [&Measurements; 2]) -> Result<Self> {
        let [one, two] = measured.map(|measured| measured.channels);
        if one != two && one != 1 && two != 1 {
            let what = format!("one has {one} channels, the other {two}");
            return Err(Error::new(Kind::Input, "not_comparable", what)
                .hint("compare a downmix of the one (tonmeister mix --downmix) with the other"));
        }
        let rate_hz = measured[0].sample_rate_hz.min(measured[1].sample_rate_hz).max(1);
        let frames = measured.map(|measured| {
            let wide = u128::from(measured.frames) * u128::from(rate_hz);
            u64::try_from(wide.div_ceil(u128::from(measured.sample_rate_hz.max(1)))).unwrap_or(u64::MAX)
        });
        Ok(Self { opens: [before, after], rate_hz, channels: one.max(two), frames })
    }

    /// One of them (0 before, 1 after) from its start.
    pub(super) fn open(&self, which: usize) -> Result<Fitted> {
        Fitted::new(self.opens[which.min(1)]()?, self.rate_hz, self.channels)
    }
}
