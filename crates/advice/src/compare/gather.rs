//! Both versions side by side, in one pass: spectra and cross-spectra, levels of short frames, envelopes, loudness, sums.

use super::align::Alignment;
use super::streams::{Pair, Stretches};
use super::{Course, tone};
use dsp::block::{Buffer, View};
use dsp::fft::RealFft;
use dsp::math;
use dsp::meter::loudness::LoudnessMeter;
use dsp::window::Window;
use studio::audio::{Layout, Source};
use studio::job::Job;
use studio::message::Result;

/// Edges of the six bands of dynamics and width, Hz, and their names. By convention of the trade.
pub(super) const BAND_EDGES_HZ: [f64; 7] = [20.0, 60.0, 200.0, 500.0, 2000.0, 6000.0, 20_000.0];
/// Their names.
pub(super) const BAND_NAMES: [&str; 6] = ["sub-bass", "bass", "low mids", "mids", "presence", "air"];
/// The same bands in halves: what short frames are kept in.
const HALF_EDGES_HZ: [f64; 13] =
    [20.0, 35.0, 60.0, 110.0, 200.0, 315.0, 500.0, 1000.0, 2000.0, 3500.0, 6000.0, 11_000.0, 20_000.0];
/// Their number.
pub(super) const BANDS: usize = HALF_EDGES_HZ.len() - 1;
/// Blocks softer than this in either version do not count: far below dither of 24 bits.
const GATE_POWER: f64 = 1e-14;
/// Short blocks at 44.1 and 48 kHz: 43 to 46 ms. Long ones, a third of a second, have eight times as many.
const SHORT_FRAMES: usize = 2048;
/// Seconds between two values of the loudness that is kept.
const COURSE_SECONDS: f64 = 0.5;

/// Complex sums per bin.
#[derive(Debug, Clone, Default)]
pub(super) struct Complex {
    pub(super) re: Vec<f64>,
    pub(super) im: Vec<f64>,
}

impl Complex {
    fn new(bins: usize) -> Self {
        Self { re: vec![0.0; bins], im: vec![0.0; bins] }
    }

    /// Adds `scale · conj(a) · b`.
    fn add(&mut self, a: &Complex, b: &Complex, scale: f64) {
        let sums = self.re.iter_mut().zip(&mut self.im);
        let (a, b) = (a.re.iter().zip(&a.im), b.re.iter().zip(&b.im));
        for (((re, im), (ar, ai)), (br, bi)) in sums.zip(a).zip(b) {
            *re += scale * (ar * br + ai * bi);
            *im += scale * (ar * bi - ai * br);
        }
    }
}

/// Sums over blocks of one version against the other. `x` is BEFORE, `y` AFTER; of each channel of `y` with each of `x` it has
/// the mean of conj(x) · y.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    /// Power of each channel of y.
    pub(super) yy: Vec<Vec<f64>>,
    /// Of each channel of y, with each channel of x it is fitted from.
    pub(super) xy: Vec<Vec<Complex>>,
}

impl Fit {
    fn new(channels: usize, bins: usize) -> Self {
        let from = if channels == 2 { 2 } else { 1 };
        Self { yy: vec![vec![0.0; bins]; channels], xy: vec![vec![Complex::new(bins); from]; channels] }
    }

    fn add(&mut self, x: &[Complex], y: &[Complex], scale: f64) {
        self.add_scaled(x, y, scale, scale);
    }

    /// Adds powers of `y` by one factor, and what it has in common with `x` by another.
    fn add_scaled(&mut self, x: &[Complex], y: &[Complex], power_scale: f64, scale: f64) {
        for (channel, own) in y.iter().enumerate() {
            power(&mut self.yy[channel], own, power_scale);
            match self.xy[channel].as_mut_slice() {
                [first, second] => {
                    first.add(&x[0], own, scale);
                    second.add(&x[1], own, scale);
                }
                [only] => only.add(&x[channel], own, scale),
                _ => {}
            }
        }
    }
}

fn power(sums: &mut [f64], of: &Complex, scale: f64) {
    for ((sum, re), im) in sums.iter_mut().zip(&of.re).zip(&of.im) {
        *sum += scale * (re * re + im * im);
    }
}

/// Spectra of long blocks.
#[derive(Debug, Clone)]
pub(super) struct Spectra {
    pub(super) bin_hz: f64,
    /// Factor from sums over blocks and channels to mean squares.
    pub(super) scale: f64,
    pub(super) blocks: u64,
    /// Power of each channel of x.
    pub(super) xx: Vec<Vec<f64>>,
    /// Of two channels, conj(x0) · x1.
    pub(super) x01: Complex,
    /// Of two channels, conj(y0) · y1.
    pub(super) y01: Complex,
    /// As they are.
    pub(super) plain: Fit,
    /// Each block of y brought to the energy of its block of x: without what a slow fader or compressor does.
    pub(super) level: Fit,
}

/// Sums in time. Everything is over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Sums {
    pub(super) xx: f64,
    pub(super) xy: f64,
    pub(super) yy: f64,
    /// Largest difference of two samples as they are.
    pub(super) largest: f64,
}

/// Powers of both in each half band of a short frame.
pub(super) type Frame = [[f32; BANDS]; 2];

/// What one pass over both gathered.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    pub(super) rate_hz: f64,
    pub(super) channels: usize,
    pub(super) frames: u64,
    pub(super) inverted: bool,
    pub(super) identical: bool,
    pub(super) spectra: Spectra,
    pub(super) short: Vec<Frame>,
    /// Mean squares 200 times a second.
    pub(super) envelopes: [Vec<f32>; 2],
    /// Highest squares of BEFORE 200 times a second.
    pub(super) before_tops: Vec<f32>,
    pub(super) sums: Sums,
    lufs: [Option<f64>; 2],
    short_term_lufs: [Vec<f64>; 2],
}

impl Gathered {
    /// How much louder y is.
    pub(super) fn louder_lu(&self) -> f64 {
        let by_power = || math::power_to_db(self.sums.yy / self.sums.xx);
        let louder = match self.lufs {
            [Some(before), Some(after)] => after - before,
            _ => by_power(),
        };
        if louder.is_finite() { louder } else { 0.0 }
    }

    /// From powers of short frames to dBFS, dB.
    pub(super) fn frame_scale_db(&self) -> f64 {
        let sum: f64 = self.short.iter().flat_map(|frame| frame[0]).map(f64::from).sum();
        let mean_square = self.sums.xx / (self.frames * self.channels as u64).max(1) as f64;
        let scale_db = math::power_to_db(mean_square * self.short.len() as f64 / sum);
        if scale_db.is_finite() { scale_db } else { 0.0 }
    }

    /// From one short frame to the next, and how long one is, seconds.
    pub(super) fn short_seconds(&self) -> (f64, f64) {
        let frames = (SHORT_FRAMES * wide(self.rate_hz)) as f64;
        (0.5 * frames / self.rate_hz, frames / self.rate_hz)
    }

    /// Loudness over time.
    pub(super) fn course(&self, louder_lu: f64) -> Option<Course> {
        // Short-term values come ten times a second.
        let stride = (COURSE_SECONDS * 10.0) as usize;
        let pick = |curve: &[f64]| curve.iter().copied().step_by(stride).collect::<Vec<_>>();
        let (before, after) = (pick(&self.short_term_lufs[0]), pick(&self.short_term_lufs[1]));
        if before.is_empty() {
            return None;
        }
        // The absolute gate of BS.1770-5.
        let heard = |lufs: f64| lufs > -70.0;
        let difference = before
            .iter()
            .zip(&after)
            .map(|(before, after)| (heard(*before) && heard(*after)).then(|| after - before - louder_lu));
        let difference_lu: Vec<Option<f64>> = difference.collect();
        let known: Vec<f64> = difference_lu.iter().flatten().copied().collect();
        let spread_lu = (tone::percentile(&known, 0.05), tone::percentile(&known, 0.95));
        Some(Course {
            step_seconds: COURSE_SECONDS,
            first_seconds: 3.0,
            before_lufs: before,
            after_lufs: after,
            difference_lu,
            spread_lu,
        })
    }
}

/// Collects frames of both into overlapping blocks.
struct Blocks {
    size: usize,
    filled: usize,
    waiting: [Vec<Vec<f64>>; 2],
    window: Vec<f64>,
    plan: RealFft,
    spectra: [Vec<Complex>; 2],
    windowed: Vec<f64>,
}

impl Blocks {
    fn new(size: usize, channels: usize) -> Self {
        let plan = RealFft::new(size);
        let spectra = vec![Complex::new(plan.bins()); channels];
        Self {
            size,
            filled: 0,
            waiting: [vec![vec![0.0; size]; channels], vec![vec![0.0; size]; channels]],
            window: Window::Hann.periodic(size),
            spectra: [spectra.clone(), spectra],
            windowed: vec![0.0; size],
            plan,
        }
    }

    /// Shows the spectra of both and their mean squares, whenever a block is full.
    fn push(&mut self, views: [View<'_>; 2], mut each: impl FnMut([&[Complex]; 2], [f64; 2])) {
        let frames = views[0].frames().min(views[1].frames());
        let mut start = 0;
        while start < frames {
            let take = (self.size - self.filled).min(frames - start);
            for (waiting, view) in self.waiting.iter_mut().zip(views) {
                for (channel, plane) in waiting.iter_mut().enumerate() {
                    plane[self.filled..self.filled + take]
                        .copy_from_slice(&view.channel(channel)[start..start + take]);
                }
            }
            start += take;
            self.filled += take;
            if self.filled == self.size {
                self.show(&mut each);
                let half = self.size / 2;
                self.waiting.iter_mut().flatten().for_each(|plane| plane.copy_within(half.., 0));
                self.filled = self.size - half;
            }
        }
    }

    /// What is left at the end counts only when nothing else did.
    fn finish(&mut self, any: bool, each: impl FnMut([&[Complex]; 2], [f64; 2])) {
        if !any && self.filled > 0 {
            let filled = self.filled;
            self.waiting.iter_mut().flatten().for_each(|plane| plane[filled..].fill(0.0));
            self.window = Window::Hann.periodic(filled);
            self.window.resize(self.size, 0.0);
            let mut each = each;
            self.show(&mut each);
        }
    }

    fn show(&mut self, each: &mut impl FnMut([&[Complex]; 2], [f64; 2])) {
        let mut powers = [0.0; 2];
        for ((power, waiting), spectra) in powers.iter_mut().zip(&self.waiting).zip(&mut self.spectra) {
            for (plane, to) in waiting.iter().zip(spectra) {
                *power += plane.iter().map(|x| x * x).sum::<f64>();
                let windowed = self.windowed.iter_mut().zip(plane).zip(&self.window);
                windowed.for_each(|((y, x), w)| *y = x * w);
                self.plan.forward(&self.windowed, &mut to.re, &mut to.im);
            }
            *power /= (self.size * waiting.len().max(1)) as f64;
        }
        each([&self.spectra[0], &self.spectra[1]], powers);
    }
}

/// Reads a stream in blocks of one length, from a frame on.
struct Reader {
    source: studio::difference::Fitted,
    skip: u64,
}

impl Reader {
    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        while self.skip > 0 {
            let mut passed = Buffer::new(buffer.channels(), self.skip.min(8192) as usize);
            self.source.read(&mut passed)?;
            if passed.frames() == 0 {
                self.skip = 0;
            }
            self.skip = self.skip.saturating_sub(passed.frames() as u64);
        }
        self.source.read(buffer)?;
        for channel in 0..buffer.channels() {
            math::sanitise(buffer.channel_mut(channel));
        }
        Ok(())
    }
}

/// The running state of the pass.
struct Pass {
    sign: f64,
    spectra: Spectra,
    short_edges: Vec<usize>,
    short: Vec<Frame>,
    stretches: [Stretches; 2],
    loudness: [LoudnessMeter; 2],
    sums: Sums,
    frames: u64,
}

/// Blocks are so many times as long at high rates.
fn wide(rate_hz: f64) -> usize {
    [1, 2, 4, 8].into_iter().find(|wide| rate_hz <= 50_000.0 * *wide as f64).unwrap_or(16)
}

pub(super) fn gather(pair: &Pair<'_>, alignment: &Alignment, job: &Job<'_>) -> Result<Gathered> {
    let (rate, channels) = (f64::from(pair.rate_hz), pair.channels);
    let mut long = Blocks::new(8 * SHORT_FRAMES * wide(rate), channels);
    let mut short = Blocks::new(SHORT_FRAMES * wide(rate), channels);
    let mut pass = Pass::new(pair, alignment, &long, &short);
    let lag = alignment.delay_frames;
    let skips = [(-lag).max(0), lag.max(0)].map(|skip| u64::try_from(skip).unwrap_or(0));
    let mut readers =
        [Reader { source: pair.open(0)?, skip: skips[0] }, Reader { source: pair.open(1)?, skip: skips[1] }];
    let mut buffers = [Buffer::new(channels, 8192), Buffer::new(channels, 8192)];
    let total = (pair.frames[0].saturating_sub(skips[0])).min(pair.frames[1].saturating_sub(skips[1]));
    loop {
        job.step("compare", pass.frames, total.max(pass.frames))?;
        for (reader, buffer) in readers.iter_mut().zip(&mut buffers) {
            reader.read(buffer)?;
        }
        let frames = buffers[0].frames().min(buffers[1].frames());
        if frames == 0 {
            break;
        }
        let views = [buffers[0].view().slice(0, frames), buffers[1].view().slice(0, frames)];
        pass.push(views);
        long.push(views, |blocks, powers| pass.spectra.add(blocks, powers));
        short.push(views, |blocks, _| pass.short.push(frame(blocks, &pass.short_edges)));
    }
    let any = pass.spectra.blocks > 0;
    long.finish(any, |blocks, powers| pass.spectra.add(blocks, powers));
    Ok(pass.finish(pair, alignment, &long))
}

/// Powers in the bands of one short frame.
fn frame(blocks: [&[Complex]; 2], edges: &[usize]) -> Frame {
    let mut frame = [[0.0_f32; BANDS]; 2];
    for (bands, block) in frame.iter_mut().zip(blocks) {
        for (band, edge) in bands.iter_mut().zip(edges.windows(2)) {
            let sum: f64 = block
                .iter()
                .map(|channel| {
                    let (re, im) = (channel.re.get(edge[0]..edge[1]), channel.im.get(edge[0]..edge[1]));
                    let (re, im) = (re.unwrap_or(&[]), im.unwrap_or(&[]));
                    re.iter().zip(im).map(|(re, im)| re * re + im * im).sum::<f64>()
                })
                .sum();
            *band = sum as f32;
        }
    }
    frame
}

impl Pass {
    fn new(pair: &Pair<'_>, alignment: &Alignment, long: &Blocks, short: &Blocks) -> Self {
        let (rate, channels) = (f64::from(pair.rate_hz), pair.channels);
        let bins = long.plan.bins();
        let short_bin = rate / short.size as f64;
        let edge = |hz: &f64| (hz / short_bin).round() as usize;
        let meter = LoudnessMeter::new(rate, &Layout::of(channels).loudness_weights());
        Self {
            sign: if alignment.inverted { -1.0 } else { 1.0 },
            spectra: Spectra {
                bin_hz: rate / long.size as f64,
                scale: 0.0,
                blocks: 0,
                xx: vec![vec![0.0; bins]; channels],
                x01: Complex::new(bins),
                y01: Complex::new(bins),
                plain: Fit::new(channels, bins),
                level: Fit::new(channels, bins),
            },
            // The lowest bin of a Hann window leaks from nothing.
            short_edges: HALF_EDGES_HZ.iter().map(|hz| edge(hz).clamp(1, short.plan.bins())).collect(),
            short: Vec::new(),
            stretches: [Stretches::new(rate), Stretches::new(rate)],
            loudness: [meter.clone(), meter],
            sums: Sums::default(),
            frames: 0,
        }
    }

    fn push(&mut self, views: [View<'_>; 2]) {
        for (meter, view) in self.loudness.iter_mut().zip(views) {
            meter.process(view);
        }
        let channels = views[0].channels();
        for (stretches, view) in self.stretches.iter_mut().zip(views) {
            for n in 0..view.frames() {
                let (mut power, mut top) = (0.0, 0.0_f64);
                for x in (0..channels).map(|c| view.channel(c)[n]) {
                    power += x * x;
                    top = top.max(x * x);
                }
                stretches.push(power / channels.max(1) as f64, top);
            }
        }
        for channel in 0..channels {
            for (&x, &y) in views[0].channel(channel).iter().zip(views[1].channel(channel)) {
                self.sums.xx += x * x;
                self.sums.xy += x * y;
                self.sums.yy += y * y;
                self.sums.largest = self.sums.largest.max((y - self.sign * x).abs());
            }
        }
        self.frames += views[0].frames() as u64;
    }

    fn finish(self, pair: &Pair<'_>, alignment: &Alignment, long: &Blocks) -> Gathered {
        let size = long.size as f64;
        let mut spectra = self.spectra;
        // Both halves of the spectrum; noise gain of the window; Parseval.
        let noise = dsp::window::noise_gain(&long.window);
        spectra.scale = 2.0 / (size * size * noise * (spectra.blocks.max(1) * pair.channels as u64) as f64);
        let whole = pair.frames[0] == pair.frames[1] && alignment.delay_frames == 0 && !alignment.inverted;
        let [(before, before_tops), (after, _)] = self.stretches.map(Stretches::finish);
        Gathered {
            rate_hz: f64::from(pair.rate_hz),
            channels: pair.channels,
            frames: self.frames,
            inverted: alignment.inverted,
            identical: whole && self.sums.largest == 0.0,
            spectra,
            short: self.short,
            envelopes: [before, after],
            before_tops,
            sums: self.sums,
            lufs: [self.loudness[0].integrated_lufs(), self.loudness[1].integrated_lufs()],
            short_term_lufs: self.loudness.map(|meter| meter.history().short_term_curve_lufs()),
        }
    }
}

impl Spectra {
    fn add(&mut self, [x, y]: [&[Complex]; 2], [x_power, y_power]: [f64; 2]) {
        if x_power < GATE_POWER || y_power < GATE_POWER {
            return;
        }
        self.blocks += 1;
        for (sums, channel) in self.xx.iter_mut().zip(x) {
            power(sums, channel, 1.0);
        }
        if let ([x0, x1], [y0, y1]) = (x, y) {
            self.x01.add(x0, x1, 1.0);
            self.y01.add(y0, y1, 1.0);
        }
        self.plain.add(x, y, 1.0);
        // y · sqrt(x/y): powers are scaled by that squared, products with x by itself.
        let ratio = x_power / y_power;
        self.level.add_levelled(x, y, ratio);
    }

    /// Number of bins.
    pub(super) fn bins(&self) -> usize {
        self.x01.re.len()
    }
}

impl Fit {
    fn add_levelled(&mut self, x: &[Complex], y: &[Complex], ratio: f64) {
        self.add_scaled(x, y, ratio, ratio.sqrt());
    }
}
