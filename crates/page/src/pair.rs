//! Two versions of one sound beside each other: where one lies against the other, and how the level changed.

use crate::heard::Heard;
use dsp::block::Buffer;
use dsp::fft::{RealFft, fast_len};
use dsp::math;
use serde::Serialize;
use studio::audio::Source;
use studio::decode;
use studio::difference::Fitted;
use studio::job::Job;
use studio::message::Result;

/// Frames walked at a time.
const FRAMES: usize = 8192;
/// Length of the stretch in which both are looked for in each other, seconds. By convention: a few bars.
const LOOK_SECONDS: f64 = 6.0;
/// Farthest they may lie apart, seconds. By convention: what converters, encoders and sloppy exports add.
const FARTHEST_SECONDS: f64 = 1.0;
/// Correlation from which they count as two versions of one sound; two different songs stayed under 0.1. By estimate from a few
/// recordings, see docs/decisions/054.
const SAME: f64 = 0.25;
/// Length of the blocks whose levels are compared. By convention: shorter than a beat, longer than a period of the bass.
pub const CHANGE_SECONDS: f64 = 0.1;
/// Blocks softer than this below the loudest do not count: what changes there is noise. By convention.
const HEARD_DB: f64 = -40.0;

/// How the later version changed the level of a short block.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Change {
    /// Where.
    pub seconds: f64,
    /// RMS of the later over that of the earlier, dB.
    pub level_db: f64,
    /// Largest sample of the later over that of the earlier, dB.
    pub peak_db: f64,
}

/// How two versions lie against each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pairing {
    /// Frames by which the later version comes later, at [`rate_hz`](Self::rate_hz).
    pub lag_frames: i64,
    /// Rate at which they were compared.
    pub rate_hz: u32,
    /// Correlation there; negative when the polarity is turned round.
    pub correlation: f64,
    /// Whether they are two versions of one sound. If not, they are compared as they lie.
    pub aligned: bool,
    /// Middle (median) of the changes of level, dB.
    pub usual_db: f64,
    /// Block by block; blocks of silence are left out.
    #[serde(skip)]
    pub changes: Vec<Change>,
}

impl Pairing {
    /// How far under the usual change the level falls in the most held-back tenth of the blocks, dB below zero.
    #[must_use]
    pub fn held_back_db(&self) -> f64 {
        let mut peaks: Vec<f64> = self.changes.iter().map(|change| change.peak_db - self.usual_db).collect();
        peaks.sort_by(f64::total_cmp);
        peaks.get(peaks.len() / 10).copied().unwrap_or(0.0).min(0.0)
    }
}

/// Rate of a page's sound for a source: its own up to 48 kHz, else that of its family. Source: every browser plays 44.1 and 48 kHz.
#[must_use]
pub fn page_rate_hz(source_hz: u32) -> u32 {
    match source_hz {
        8000..=48_000 => source_hz,
        hz if hz > 48_000 && hz.is_multiple_of(44_100) => 44_100,
        _ => 48_000,
    }
}

fn open(heard: &Heard, rate_hz: u32, channels: usize) -> Result<Fitted> {
    let options = decode::Options { repair: true, ..decode::Options::default() };
    Fitted::new(decode::open(&heard.path, options)?, rate_hz, channels)
}

/// Finds the later version in the earlier one by the largest correlation of their differentiated middles, around the loudest moment.
///
/// # Errors
/// What reading says; `not_comparable`.
pub fn find_lag(before: &Heard, after: &Heard, rate_hz: u32) -> Result<(i64, f64)> {
    let look = (LOOK_SECONDS * f64::from(rate_hz)) as usize;
    let farthest = (FARTHEST_SECONDS * f64::from(rate_hz)) as usize;
    let centre = loudest_seconds(after, LOOK_SECONDS);
    let start = (centre * f64::from(rate_hz)) as u64;
    let one = excerpt(before, rate_hz, start as i64 - farthest as i64, look + 2 * farthest)?;
    let two = excerpt(after, rate_hz, start as i64, look)?;
    let (best, correlation) = best_place(&one, &two);
    // `best` frames into the earlier excerpt, which begins `farthest` before the later one.
    Ok((farthest as i64 - best as i64, correlation))
}

/// Where `pattern` lies in `long`, and the correlation there.
fn best_place(long: &[f64], pattern: &[f64]) -> (usize, f64) {
    if pattern.is_empty() || long.len() < pattern.len() {
        return (0, 0.0);
    }
    let len = fast_len(long.len() + pattern.len()).next_multiple_of(2);
    let mut plan = RealFft::new(len);
    let mut spectrum = |signal: &[f64]| {
        let mut padded = signal.to_vec();
        padded.resize(len, 0.0);
        let (mut re, mut im) = (vec![0.0; plan.bins()], vec![0.0; plan.bins()]);
        plan.forward(&padded, &mut re, &mut im);
        (re, im)
    };
    let ((a, b), (c, d)) = (spectrum(long), spectrum(pattern));
    let re: Vec<f64> = a.iter().zip(&b).zip(c.iter().zip(&d)).map(|((a, b), (c, d))| a * c + b * d).collect();
    let im: Vec<f64> = a.iter().zip(&b).zip(c.iter().zip(&d)).map(|((a, b), (c, d))| b * c - a * d).collect();
    let mut products = vec![0.0; len];
    plan.inverse(&re, &im, &mut products);
    let places = long.len() - pattern.len() + 1;
    let best =
        (0..places).fold(0, |best, at| if products[at].abs() > products[best].abs() { at } else { best });
    let energy = |part: &[f64]| part.iter().map(|x| x * x).sum::<f64>();
    let scale = (energy(&long[best..best + pattern.len()]) * energy(pattern)).sqrt();
    (best, if scale > 0.0 { products[best] / scale } else { 0.0 })
}

/// Steps of the middle of a stretch of a file, silent before its start and after its end: what is left of bass in a correlation makes its
/// peak wide.
fn excerpt(heard: &Heard, rate_hz: u32, start: i64, frames: usize) -> Result<Vec<f64>> {
    let channels = heard.info.channels();
    let mut source = open(heard, rate_hz, channels)?;
    let ahead = usize::try_from(-start).unwrap_or(0).min(frames);
    source.skip(u64::try_from(start).unwrap_or(0))?;
    let mut buffer = Buffer::new(channels, (frames - ahead).max(1));
    source.read(&mut buffer)?;
    let mut steps = vec![0.0; ahead];
    let mut last = 0.0;
    for frame in 0..buffer.frames() {
        let middle: f64 = (0..channels).map(|channel| math::sane(buffer.channel(channel)[frame])).sum();
        // The first is no step: nothing is known of what was before it.
        steps.push(if frame == 0 { 0.0 } else { middle - last });
        last = middle;
    }
    steps.resize(frames, 0.0);
    Ok(steps)
}

/// Where the loudest stretch of so many seconds begins.
#[must_use]
pub fn loudest_seconds(heard: &Heard, seconds: f64) -> f64 {
    let count = ((seconds / crate::heard::STRETCH_SECONDS) as usize).max(1);
    let powers: Vec<f64> = heard.stretches.iter().map(|stretch| stretch.power).collect();
    if powers.len() <= count {
        return 0.0;
    }
    let mut sum: f64 = powers[..count].iter().sum();
    let (mut best, mut most) = (0, sum);
    for start in 1..=powers.len() - count {
        sum += powers[start + count - 1] - powers[start - 1];
        // A loud stretch that is louder by next to nothing is no reason to start later.
        if sum > most * 1.000_001 {
            (best, most) = (start, sum);
        }
    }
    best as f64 * crate::heard::STRETCH_SECONDS
}

/// Walks over one file, or over two that lie on each other. `each` gets the frame in the time of the last file, and a block of each, of
/// one length; where one has ended it is silent.
///
/// # Errors
/// What reading says; `not_comparable`; what `each` says; `interrupted`.
pub fn walk(
    files: &[&Heard],
    (rate_hz, channels): (u32, usize),
    lag_frames: i64,
    job: &Job<'_>,
    mut each: impl FnMut(u64, &[Buffer]) -> Result<()>,
) -> Result<()> {
    let mut sources = files.iter().map(|heard| open(heard, rate_hz, channels)).collect::<Result<Vec<_>>>()?;
    let mut at = 0;
    if let [before, after] = sources.as_mut_slice() {
        // What only one of them has at its start is passed over.
        before.skip(u64::try_from(-lag_frames).unwrap_or(0))?;
        at = u64::try_from(lag_frames).unwrap_or(0);
        after.skip(at)?;
    }
    let all = sources.iter().filter_map(|source| source.info().frames).max().unwrap_or(0);
    let mut blocks = vec![Buffer::new(channels, FRAMES); files.len()];
    loop {
        job.step("compare", at, all.max(at))?;
        for (source, block) in sources.iter_mut().zip(&mut blocks) {
            source.read(block)?;
        }
        let frames = blocks.iter().map(Buffer::frames).max().unwrap_or(0);
        if frames == 0 {
            return Ok(());
        }
        for block in &mut blocks {
            let had = block.frames();
            block.set_frames(frames);
            (0..channels).for_each(|channel| block.channel_mut(channel)[had..].fill(0.0));
        }
        each(at, &blocks)?;
        at += frames as u64;
    }
}

/// Levels of two versions in short blocks.
#[derive(Debug, Clone)]
pub struct Levels {
    frames: usize,
    filled: usize,
    open: [(f64, f64); 2],
    done: Vec<[(f64, f64); 2]>,
    start: Option<u64>,
    rate_hz: u32,
}

impl Levels {
    /// Nothing heard yet.
    #[must_use]
    pub fn new(rate_hz: u32) -> Self {
        let frames = ((CHANGE_SECONDS * f64::from(rate_hz)) as usize).max(1);
        Self { frames, filled: 0, open: [(0.0, 0.0); 2], done: Vec::new(), start: None, rate_hz }
    }

    /// Hears a block of both.
    pub fn push(&mut self, at: u64, blocks: &[Buffer]) {
        let [before, after] = blocks else { return };
        self.start.get_or_insert(at);
        for frame in 0..before.frames().min(after.frames()) {
            for (open, block) in self.open.iter_mut().zip([before, after]) {
                for channel in 0..block.channels() {
                    let x = block.channel(channel)[frame];
                    open.0 += x * x;
                    open.1 = open.1.max(x.abs());
                }
            }
            self.filled += 1;
            if self.filled == self.frames {
                self.done.push(std::mem::take(&mut self.open));
                self.filled = 0;
            }
        }
    }

    /// Median change, and every change where both have sound.
    #[must_use]
    pub fn finish(self) -> (f64, Vec<Change>) {
        let loudest = |side: usize| self.done.iter().map(|two| two[side].0).fold(0.0, f64::max);
        let least = [loudest(0), loudest(1)].map(|power| power * math::db_to_power(HEARD_DB));
        let start = self.start.unwrap_or(0) as f64 / f64::from(self.rate_hz);
        let heard = |two: &[(f64, f64); 2]| (0..2).all(|side| two[side].0 > least[side] && two[side].0 > 0.0);
        let change = |(n, two): (usize, &[(f64, f64); 2])| Change {
            seconds: start + (n as f64 + 0.5) * CHANGE_SECONDS,
            level_db: math::power_to_db(two[1].0 / two[0].0),
            peak_db: math::gain_to_db(two[1].1 / two[0].1),
        };
        let changes: Vec<Change> =
            self.done.iter().enumerate().filter(|(_, two)| heard(two)).map(change).collect();
        let mut levels: Vec<f64> = changes.iter().map(|change| change.level_db).collect();
        levels.sort_by(f64::total_cmp);
        (levels.get(levels.len() / 2).copied().unwrap_or(0.0), changes)
    }
}

/// Whether a correlation is that of two versions of one sound.
#[must_use]
pub fn is_same(correlation: f64) -> bool {
    correlation.abs() >= SAME
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::noise;

    #[test]
    fn a_pattern_is_found_to_the_sample_and_with_its_sign() {
        let long = noise(0.5, 3, 5000);
        for (at, gain) in [(0, 1.0), (1234, 0.3), (4000, -2.0)] {
            let pattern: Vec<f64> = long[at..at + 1000].iter().map(|x| x * gain).collect();
            let (best, correlation) = best_place(&long, &pattern);
            assert_eq!(best, at);
            assert!((correlation - f64::signum(gain)).abs() < 1e-9, "{correlation}");
        }
        let (_, other) = best_place(&long, &noise(0.5, 4, 1000));
        assert!(!is_same(other), "{other}");
    }

    #[test]
    fn changes_are_told_against_the_earlier_and_silence_is_left_out() {
        let mut levels = Levels::new(1000);
        // Half a second each: as it was, 6 dB up with its peaks held at +3 dB, silence.
        let one: Vec<f64> =
            (0..1500).map(|n| if n < 1000 { 0.1 * f64::from(n % 2 * 2 - 1) } else { 0.0 }).collect();
        let two: Vec<f64> = one.iter().enumerate().map(|(n, x)| if n < 500 { *x } else { 2.0 * x }).collect();
        levels.push(250, &[Buffer::from_planes(&[one]), Buffer::from_planes(&[two])]);
        let (usual, changes) = levels.finish();
        assert_eq!(changes.len(), 10);
        assert!(changes[0].level_db.abs() < 1e-9 && (changes[9].level_db - 6.0206).abs() < 1e-3);
        assert!((changes[9].peak_db - 6.0206).abs() < 1e-3 && (usual - 6.0206).abs() < 1e-3);
        assert!((changes[0].seconds - 0.3).abs() < 1e-9, "{}", changes[0].seconds);
    }

    #[test]
    fn rates_of_pages_are_those_browsers_play() {
        for (from, to) in [
            (44_100, 44_100),
            (48_000, 48_000),
            (88_200, 44_100),
            (96_000, 48_000),
            (32_000, 32_000),
            (4000, 48_000),
        ] {
            assert_eq!(page_rate_hz(from), to);
        }
    }
}
