//! One pass over a file: everything that has to be read from samples.

use super::film::{
    BANDS, FILM_PER_SECOND, HIGHEST_HZ, LOUDNESS_PER_SECOND, ONSETS_PER_SECOND, band_edges_hz,
};
use super::frames::{Bands, Framer, Powers, edge, size_at};
use super::pitch::{self, PitchEar};
use super::resonance::{self, ResonanceEar};
use dsp::block::Buffer;
use dsp::envelope::keep_of_time;
use dsp::math;
use dsp::meter::dynamics::{Dynamics, DynamicsMeter};
use dsp::meter::loudness::KFilter;
use studio::audio::Source;
use studio::message::Result;

/// Bands in which onsets are looked for.
pub(super) const ONSET_BANDS: usize = 12;
/// Their edges are evenly spread between these in the logarithm, Hz.
const ONSET_HZ: (f64, f64) = (47.0, 16_000.0);
/// Points of the windows at 48 kHz: onsets (21 ms), film (85 ms), long-term spectrum (171 ms).
const FAST: usize = 1024;
const FILM: usize = 4096;
/// Long-term windows a second: they overlap by half.
const LONG: usize = 8192;
/// What is read at once, frames.
const BLOCK: usize = 8192;

/// Everything read from a file, before it is known what of it is sound and what is pause.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) channels: usize,
    pub(super) frames: u64,
    pub(super) sample_rate_hz: f64,
    pub(super) content: String,
    pub(super) dynamics: Dynamics,
    /// K-weighted energy, plain energy (mean squares of both channels) and largest sample of each 50 ms.
    pub(super) loudness: Vec<f32>,
    pub(super) power: Vec<f32>,
    pub(super) peak: Vec<f32>,
    pub(super) centroid_hz: Vec<f32>,
    pub(super) flatness: Vec<f32>,
    /// Film: both channels; the left; the real cross-spectrum. The last two are empty for mono.
    pub(super) bands: Vec<f32>,
    pub(super) left: Vec<f32>,
    pub(super) cross: Vec<f32>,
    /// Levels in the bands of onsets, and the power of sibilants (0 where there is none), 100 a second.
    pub(super) fast: Vec<f32>,
    pub(super) sibilance: Vec<f32>,
    pub(super) sibilant_hz: Vec<f32>,
    pub(super) pitch: pitch::Heard,
    pub(super) long: resonance::Heard,
    /// Sums of L², R² and L·R.
    pub(super) sums: [f64; 3],
    /// Sum of squared peak over sum of mean squares, both with 200 ms.
    pub(super) crest: f64,
}

/// Reads a source to its end. Costs are in the room's description.
pub(super) fn listen(source: &mut dyn Source, mut step: impl FnMut() -> Result<()>) -> Result<Raw> {
    let info = source.info().clone();
    let heard = info.channels().min(2);
    let mut ears = Ears::new(f64::from(info.sample_rate_hz.max(1)), heard);
    ears.hash.update(&info.sample_rate_hz.to_le_bytes());
    ears.hash.update(&(info.channels() as u32).to_le_bytes());
    let mut block = Buffer::new(info.channels(), BLOCK);
    loop {
        source.read(&mut block)?;
        if block.frames() == 0 {
            return Ok(ears.finish());
        }
        for channel in 0..info.channels() {
            math::sanitise(block.channel_mut(channel));
        }
        ears.take(&block);
        step()?;
    }
}

struct Ears {
    rate_hz: f64,
    channels: usize,
    hash: blake3::Hasher,
    bytes: Vec<u8>,
    dynamics: DynamicsMeter,
    fifty: Fifty,
    crest: Crest,
    sums: [f64; 3],
    mono: Vec<f64>,
    fast_frames: Framer,
    fast: Fast,
    film_frames: Framer,
    film: FilmEar,
    long_frames: Framer,
    long: ResonanceEar,
    pitch: PitchEar,
}

impl Ears {
    fn new(rate_hz: f64, channels: usize) -> Self {
        let [fast, film, long] = [FAST, FILM, LONG].map(|size| size_at(size, rate_hz));
        Self {
            rate_hz,
            channels,
            hash: blake3::Hasher::new(),
            bytes: Vec::new(),
            dynamics: DynamicsMeter::new(rate_hz, channels, None),
            fifty: Fifty::new(rate_hz),
            crest: Crest::new(rate_hz),
            sums: [0.0; 3],
            mono: Vec::new(),
            fast_frames: Framer::new(rate_hz, ONSETS_PER_SECOND, fast, channels),
            fast: Fast::new(fast, rate_hz),
            film_frames: Framer::new(rate_hz, LOUDNESS_PER_SECOND, film, channels),
            film: FilmEar::new(film, rate_hz, channels),
            long_frames: Framer::new(rate_hz, 2.0 * rate_hz / long as f64, long, channels),
            long: ResonanceEar::new(long, rate_hz),
            pitch: PitchEar::new(rate_hz),
        }
    }

    fn take(&mut self, block: &Buffer) {
        self.identify(block);
        let planes: Vec<&[f64]> = (0..self.channels).map(|channel| block.channel(channel)).collect();
        self.dynamics.process(block.view());
        let (left, right) = match planes.as_slice() {
            [left, right] => (*left, *right),
            [one] => (*one, &[][..]),
            _ => return,
        };
        self.fifty.take(left, right);
        self.crest.take(left, right);
        self.mono.clear();
        if right.is_empty() {
            self.mono.extend_from_slice(left);
            self.sums[0] += left.iter().map(|x| x * x).sum::<f64>();
        } else {
            // Not quite the middle, so that sides against each other do not vanish.
            self.mono.extend(left.iter().zip(right).map(|(l, r)| 0.6 * l + 0.4 * r));
            let [mut ll, mut rr, mut lr] = self.sums;
            for (l, r) in left.iter().zip(right) {
                ll += l * l;
                rr += r * r;
                lr += l * r;
            }
            self.sums = [ll, rr, lr];
        }
        let (fast, film, long) = (&mut self.fast, &mut self.film, &mut self.long);
        self.fast_frames.push(&planes, |_, window| fast.take(window));
        self.film_frames.push(&planes, |number, window| film.take(number, window));
        self.long_frames.push(&planes, |_, window| long.take(window));
        self.pitch.push(&self.mono);
    }

    /// Samples as 32-bit floats, frame by frame.
    fn identify(&mut self, block: &Buffer) {
        let channels = block.channels();
        self.bytes.resize(4 * channels * block.frames(), 0);
        for channel in 0..channels {
            let places = self.bytes.chunks_exact_mut(4).skip(channel).step_by(channels);
            places
                .zip(block.channel(channel))
                .for_each(|(place, x)| place.copy_from_slice(&(*x as f32).to_le_bytes()));
        }
        self.hash.update(&self.bytes);
    }

    fn finish(mut self) -> Raw {
        let (fast, film, long) = (&mut self.fast, &mut self.film, &mut self.long);
        self.fast_frames.finish(|_, window| fast.take(window));
        self.film_frames.finish(|number, window| film.take(number, window));
        self.long_frames.finish(|_, window| long.take(window));
        self.fifty.finish();
        let dynamics = self.dynamics.finish();
        let mut content = self.hash.finalize().to_hex().to_string();
        content.truncate(16);
        self.film.finish();
        Raw {
            channels: self.channels,
            frames: dynamics.frames,
            sample_rate_hz: self.rate_hz,
            content,
            dynamics,
            loudness: self.fifty.loudness,
            power: self.fifty.power,
            peak: self.fifty.peaks,
            centroid_hz: self.film.centroid_hz,
            flatness: self.film.flatness,
            bands: self.film.bands,
            left: self.film.left,
            cross: self.film.cross,
            fast: self.fast.levels,
            sibilance: self.fast.sibilance,
            sibilant_hz: self.fast.sibilant_hz,
            pitch: self.pitch.finish(),
            long: self.long.finish(),
            sums: self.sums,
            crest: self.crest.value(),
        }
    }
}

/// Energies and peaks of 50 ms.
struct Fifty {
    rate_hz: f64,
    filter: KFilter<2>,
    index: u64,
    left_in_step: usize,
    weighted: [f64; 2],
    plain: f64,
    top: f64,
    filled: usize,
    loudness: Vec<f32>,
    power: Vec<f32>,
    peaks: Vec<f32>,
}

impl Fifty {
    fn new(rate_hz: f64) -> Self {
        Self {
            rate_hz,
            filter: KFilter::new(rate_hz),
            index: 0,
            left_in_step: edge(rate_hz, LOUDNESS_PER_SECOND, 1) as usize,
            weighted: [0.0; 2],
            plain: 0.0,
            top: 0.0,
            filled: 0,
            loudness: Vec::new(),
            power: Vec::new(),
            peaks: Vec::new(),
        }
    }

    /// `right` is empty for mono.
    fn take(&mut self, left: &[f64], right: &[f64]) {
        let mut start = 0;
        while start < left.len() {
            let frames = self.left_in_step.min(left.len() - start);
            let l = &left[start..start + frames];
            let r = right.get(start..start + frames).unwrap_or(&[]);
            let silence = [0.0; 64];
            if r.is_empty() {
                // The second lane costs nothing: both run in one register.
                for part in l.chunks(silence.len()) {
                    self.filter.energy([part, &silence[..part.len()]], &mut self.weighted);
                }
            } else {
                self.filter.energy([l, r], &mut self.weighted);
            }
            let (mut plain, mut top) = (self.plain, self.top);
            for plane in [l, r] {
                for x in plane {
                    plain += x * x;
                    let size = x.abs();
                    top = if size > top { size } else { top };
                }
            }
            (self.plain, self.top) = (plain, top);
            start += frames;
            self.filled += frames;
            self.left_in_step -= frames;
            if self.left_in_step == 0 {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        self.filter.flush();
        let length = self.filled.max(1) as f64;
        self.loudness.push(((self.weighted[0] + self.weighted[1]) / length) as f32);
        self.power.push((self.plain / length) as f32);
        self.peaks.push(self.top as f32);
        (self.weighted, self.plain, self.top, self.filled) = ([0.0; 2], 0.0, 0.0, 0);
        self.index += 1;
        let at = |index| edge(self.rate_hz, LOUDNESS_PER_SECOND, index);
        self.left_in_step = (at(self.index + 1) - at(self.index)) as usize;
    }

    /// The last step counts as whole: what is missing is silence.
    fn finish(&mut self) {
        if self.filled > 0 {
            self.filled += self.left_in_step;
            self.close();
        }
    }
}

/// Crest of C0: a peak and a mean-square detector, both with 200 ms, weighted by power.
struct Crest {
    keep: f64,
    peak: f64,
    mean: f64,
    peaks: f64,
    means: f64,
}

impl Crest {
    fn new(rate_hz: f64) -> Self {
        Self { keep: keep_of_time(200.0, rate_hz), peak: 0.0, mean: 0.0, peaks: 0.0, means: 0.0 }
    }

    fn take(&mut self, left: &[f64], right: &[f64]) {
        let (keep, take) = (self.keep, 1.0 - self.keep);
        let (mut peak, mut mean, mut peaks, mut means) = (self.peak, self.mean, self.peaks, self.means);
        let mut tick = |power: f64| {
            let kept = keep * peak;
            peak = if power > kept { power } else { kept };
            mean = keep * mean + take * power;
            peaks += peak;
            means += mean;
        };
        if right.is_empty() {
            left.iter().for_each(|l| tick(l * l));
        } else {
            left.iter().zip(right).for_each(|(l, r)| tick(l * l + r * r));
        }
        (self.peak, self.mean, self.peaks, self.means) = (peak, mean, peaks, means);
        if self.peak < 1e-30 {
            (self.peak, self.mean) = (0.0, 0.0);
        }
    }

    fn value(&self) -> f64 {
        if self.means > 0.0 { self.peaks / self.means } else { 0.0 }
    }
}

/// Bands of onsets and sibilants, 100 times a second.
struct Fast {
    powers: Powers,
    bands: Bands,
    bin_hz: f64,
    levels: Vec<f32>,
    sibilance: Vec<f32>,
    sibilant_hz: Vec<f32>,
}

impl Fast {
    fn new(size: usize, rate_hz: f64) -> Self {
        let bin_hz = rate_hz / size as f64;
        let ratio = math::ln(ONSET_HZ.1 / ONSET_HZ.0) / ONSET_BANDS as f64;
        let edges: Vec<f64> = (0..=ONSET_BANDS).map(|n| ONSET_HZ.0 * math::exp(n as f64 * ratio)).collect();
        let powers = Powers::new(size);
        let bands = Bands::new(&edges, bin_hz, powers.sum.len());
        Self { powers, bands, bin_hz, levels: Vec::new(), sibilance: Vec::new(), sibilant_hz: Vec::new() }
    }

    fn take(&mut self, window: &[&[f64]]) {
        self.powers.take(window);
        let levels = &mut self.levels;
        self.bands.sum(&self.powers.sum, |_, power| levels.push(power as f32));
        let (power, centre) = sibilant(&self.powers.sum, self.bin_hz).unwrap_or((0.0, 0.0));
        self.sibilance.push(power as f32);
        self.sibilant_hz.push(centre as f32);
    }
}

/// Power between 4.5 and 10 kHz and centroid of a frame, if it is a sibilant (C8: centroid above 3.5 kHz, flatness above 0.25).
fn sibilant(bins: &[f64], bin_hz: f64) -> Option<(f64, f64)> {
    let at = |hz: f64| ((hz / bin_hz).round() as usize).min(bins.len());
    let high: f64 = bins[at(4_500.0)..at(10_000.0)].iter().sum();
    let low: f64 = bins[at(200.0)..at(4_000.0).max(at(200.0))].iter().sum();
    // -90 dBFS; more than half as strong as all that is lower.
    if high < 1e-9 || high < 0.5 * low {
        return None;
    }
    let part = &bins[at(200.0)..at(12_000.0)];
    let (mut sum, mut weighted) = (0.0, 0.0);
    for (k, power) in part.iter().enumerate() {
        sum += power;
        weighted += power * (k + at(200.0)) as f64;
    }
    let centroid = weighted / sum * bin_hz;
    // Flatness of what is high: a partial there is not a hiss.
    let flat = flatness(&bins[at(3_500.0)..at(10_000.0)]);
    (centroid > 3_500.0 && flat > 0.25).then_some((high, centroid))
}

/// Geometric over arithmetic mean.
fn flatness(bins: &[f64]) -> f64 {
    // Far under everything, so that one empty bin does not decide.
    const FLOOR: f64 = 1e-20;
    let sum: f64 = bins.iter().sum::<f64>() + FLOOR * bins.len() as f64;
    let log2: f64 =
        bins.chunks(8).map(|eight| math::fast_log2(eight.iter().map(|power| power + FLOOR).product())).sum();
    let count = bins.len().max(1) as f64;
    math::fast_exp2(log2 / count) / (sum / count)
}

/// Film, centroid and flatness, 20 times a second; two frames make one of the film.
struct FilmEar {
    powers: Powers,
    grid: Bands,
    bin_hz: f64,
    stereo: bool,
    first: Vec<f64>,
    products: Vec<f64>,
    bands: Vec<f32>,
    left: Vec<f32>,
    cross: Vec<f32>,
    centroid_hz: Vec<f32>,
    flatness: Vec<f32>,
    halves: usize,
}

/// Frames of the film's transform in one frame of the film.
const HALVES: f64 = LOUDNESS_PER_SECOND / FILM_PER_SECOND;

impl FilmEar {
    fn new(size: usize, rate_hz: f64, channels: usize) -> Self {
        let bin_hz = rate_hz / size as f64;
        let mut edges: Vec<f64> = (0..BANDS).map(|band| band_edges_hz(band).0).collect();
        edges.push(HIGHEST_HZ);
        let powers = Powers::new(size);
        Self {
            grid: Bands::new(&edges, bin_hz, powers.sum.len()),
            first: vec![0.0; powers.sum.len()],
            products: vec![0.0; powers.sum.len()],
            powers,
            bin_hz,
            stereo: channels == 2,
            bands: Vec::new(),
            left: Vec::new(),
            cross: Vec::new(),
            centroid_hz: Vec::new(),
            flatness: Vec::new(),
            halves: 0,
        }
    }

    fn take(&mut self, number: u64, window: &[&[f64]]) {
        let start = (number / HALVES as u64) as usize * BANDS;
        if self.stereo {
            self.powers.take_pair(window, &mut self.first, &mut self.products);
            add(&mut self.left, start, &self.grid, &self.first);
            add(&mut self.cross, start, &self.grid, &self.products);
        } else {
            self.powers.take(window);
        }
        add(&mut self.bands, start, &self.grid, &self.powers.sum);
        self.halves += 1;
        self.shape();
    }

    fn shape(&mut self) {
        let bins = &self.powers.sum;
        let (mut sum, mut weighted) = (0.0, 0.0);
        // From 20 Hz: what is lower is not heard.
        let first = (20.0 / self.bin_hz).ceil() as usize;
        for (k, power) in bins.iter().enumerate().skip(first) {
            sum += power;
            weighted += power * k as f64;
        }
        // -100 dBFS.
        let loud = sum > 1e-10;
        self.centroid_hz.push(if loud { (weighted / sum * self.bin_hz) as f32 } else { 0.0 });
        let at = |hz: f64| ((hz / self.bin_hz).round() as usize).min(bins.len());
        self.flatness.push(if loud { flatness(&bins[at(200.0)..at(10_000.0)]) as f32 } else { 0.0 });
    }

    /// The last frame counts as whole.
    fn finish(&mut self) {
        for plane in [&mut self.bands, &mut self.left, &mut self.cross] {
            plane.iter_mut().for_each(|power| *power /= HALVES as f32);
        }
    }
}

fn add(plane: &mut Vec<f32>, start: usize, grid: &Bands, bins: &[f64]) {
    plane.resize(plane.len().max(start + BANDS), 0.0);
    grid.sum(bins, |band, power| plane[start + band] += power as f32);
}
