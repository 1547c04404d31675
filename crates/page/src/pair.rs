//! Two versions of one sound beside each other: where one lies against the other, and how the level changed.

use crate::heard::Heard;
use advice::compare::Alignment;
use dsp::block::Buffer;
use dsp::math;
use serde::Serialize;
use studio::audio::Source;
use studio::decode;
use studio::difference::Fitted;
use studio::job::Job;
use studio::message::Result;

/// Frames walked at a time.
const FRAMES: usize = 8192;
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
    /// How well they lie on each other there, up to 1.
    pub likeness: f64,
    /// Whether the later one has its polarity turned round.
    pub inverted: bool,
    /// Whether they are two versions of one sound. If not, they are compared as they lie.
    pub aligned: bool,
    /// Middle (median) of the changes of level, dB.
    pub usual_db: f64,
    /// Block by block; blocks of silence are left out.
    #[serde(skip)]
    pub changes: Vec<Change>,
}

/// Frames by which the later version comes later, at the rate of the page; 0 when the two do not lie on each other.
#[must_use]
pub fn lag_frames(alignment: &Alignment, rate_hz: u32) -> i64 {
    if alignment.same_recording { (alignment.delay_seconds * f64::from(rate_hz)).round() as i64 } else { 0 }
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

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_delay_is_told_at_the_rate_of_the_page() {
        let alignment = Alignment {
            delay_frames: 137,
            delay_seconds: 137.0 / 48_000.0,
            fraction_frames: 0.0,
            inverted: false,
            likeness: 1.0,
            same_recording: true,
            drift_frames: 0.0,
        };
        assert_eq!((lag_frames(&alignment, 48_000), lag_frames(&alignment, 24_000)), (137, 69));
        let stranger = Alignment { same_recording: false, ..alignment };
        assert_eq!(lag_frames(&stranger, 48_000), 0);
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
