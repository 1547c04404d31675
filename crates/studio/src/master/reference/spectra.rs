//! Spectra sorted by loudness, in one pass and constant memory.
//!
//! Which parts of a song are its loud ones is known only at its end. So the spectrum of every block of a third of a second
//! goes to the sum of its loudness, in steps of half a LU; the loud half is put together from those sums. 24 hours take no
//! more memory than a minute. One FFT of 16384 for mid and one for side per 16384 frames (8192 in what is short), and two of 65536
//! per 65536 for the bass: some 15 ns per frame.

use super::grid::{self, Bins, Curve, POINTS};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use dsp::fft::RealFft;
use dsp::math;
use dsp::meter::loudness::{lufs_of_power, power_of_lufs};
use dsp::spectrum::Spacing;
use dsp::window::{Window, noise_gain};

/// Frames of a block at 44.1 and 48 kHz, for the bass and for the rest (mastering.md §5.6); as long in time at other rates.
const LONG_FRAMES: f64 = 65_536.0;
const SHORT_FRAMES: f64 = 16_384.0;
/// Loudness of the lowest sum, and the step from one to the next. Half a LU cuts the loud half finely enough.
const LOWEST_LUFS: f64 = -100.0;
const STEP_LU: f64 = 0.5;
const ROOMS: usize = 240;
/// Gates of integrated loudness (BS.1770-5, annex 1).
const ABSOLUTE_GATE_LUFS: f64 = -70.0;
const RELATIVE_GATE_LU: f64 = -10.0;
/// Part of what passes the gates that counts as loud (mastering.md §5.6: the top 30 to 50 %).
const LOUD_SHARE: f64 = 0.5;
/// Part of all that sounds that counts as quiet: where the noise shows. By our own convention, not yet calibrated.
const QUIET_SHARE: f64 = 0.1;

/// Which points a listener is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    /// The bass.
    Low,
    /// The rest.
    High,
}

/// Mean squares of a choice of blocks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sums {
    /// Middle, `(L + R) / 2`.
    pub(super) mid: Curve,
    /// Side, `(L - R) / 2`.
    pub(super) side: Curve,
    /// Blocks, parts included.
    pub(super) blocks: f64,
}

impl Sums {
    fn none() -> Self {
        Self { mid: [0.0; POINTS], side: [0.0; POINTS], blocks: 0.0 }
    }

    fn add(&mut self, other: &Self, share: f64) {
        let pairs = [(&mut self.mid, &other.mid), (&mut self.side, &other.side)];
        for (to, from) in pairs {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += share * from);
        }
        self.blocks += share * other.blocks;
    }

    fn mean(mut self) -> Self {
        let scale = 1.0 / self.blocks.max(f64::MIN_POSITIVE);
        self.mid.iter_mut().chain(&mut self.side).for_each(|power| *power *= scale);
        self
    }
}

/// Listens to two channels.
#[derive(Debug)]
pub(super) struct Spectra {
    range: Range,
    window: Vec<f64>,
    /// Mean square of the window.
    noise_gain: f64,
    plan: RealFft,
    bins: Bins,
    weights: Curve,
    waiting: [Vec<f64>; 2],
    filled: usize,
    heard: bool,
    re: Vec<f64>,
    im: Vec<f64>,
    part: Vec<f64>,
    /// Frames of a block that the next begins with.
    kept: usize,
    rooms: Vec<Option<Box<Sums>>>,
}

impl Spectra {
    /// For a stream of `frames`, where that is known.
    pub(super) fn new(range: Range, sample_rate_hz: f64, frames: Option<u64>) -> Self {
        let block_frames = if range == Range::Low { LONG_FRAMES } else { SHORT_FRAMES };
        let is_long =
            frames.is_some_and(|frames| Spacing::for_length(frames, sample_rate_hz) == Spacing::Whole);
        // A power of two of about that length in time; from 256 frames on there is something to see.
        let octaves = (math::log2(block_frames * sample_rate_hz / 46_000.0)).round().clamp(8.0, 20.0);
        let size = 1_usize << octaves as usize;
        let plan = RealFft::new(size);
        let window = Window::Hann.periodic(size);
        Self {
            range,
            noise_gain: noise_gain(&window),
            window,
            bins: Bins::new(sample_rate_hz / size as f64, plan.bins()),
            weights: grid::k_weights(),
            waiting: [vec![0.0; size], vec![0.0; size]],
            filled: 0,
            heard: false,
            re: vec![0.0; plan.bins()],
            im: vec![0.0; plan.bins()],
            part: vec![0.0; size],
            // Nothing of the long ones, of which a song has many enough.
            kept: if range == Range::Low || is_long { 0 } else { size / 2 },
            rooms: (0..ROOMS).map(|_| None).collect(),
            plan,
        }
    }

    fn size(&self) -> usize {
        self.window.len()
    }

    fn listen(&mut self, block: &Buffer) {
        let (left, right) = (block.channel(0), block.channel(block.channels().min(2) - 1));
        let mut start = 0;
        while start < block.frames() {
            let frames = (self.size() - self.filled).min(block.frames() - start);
            for n in 0..frames {
                let (l, r) = (math::sane(left[start + n]), math::sane(right[start + n]));
                self.waiting[0][self.filled + n] = 0.5 * (l + r);
                self.waiting[1][self.filled + n] = 0.5 * (l - r);
            }
            start += frames;
            self.filled += frames;
            if self.filled == self.size() {
                self.end_block();
                let from = self.size() - self.kept;
                self.waiting.iter_mut().for_each(|plane| plane.copy_within(from.., 0));
                self.filled = self.kept;
            }
        }
    }

    /// Takes the waiting block into the sum of its loudness.
    fn end_block(&mut self) {
        self.heard = true;
        let mid = self.transform(0);
        let side = self.transform(1);
        let power: f64 = (0..POINTS).map(|p| 2.0 * self.weights[p] * (mid[p] + side[p])).sum();
        if power <= 0.0 {
            return;
        }
        let room = ((lufs_of_power(power) - LOWEST_LUFS) / STEP_LU).clamp(0.0, ROOMS as f64 - 1.0) as usize;
        let sums = Sums { mid, side, blocks: 1.0 };
        self.rooms[room].get_or_insert_with(|| Box::new(Sums::none())).add(&sums, 1.0);
    }

    fn transform(&mut self, plane: usize) -> Curve {
        let waiting = &self.waiting[plane];
        if waiting.iter().all(|x| *x == 0.0) {
            return [0.0; POINTS];
        }
        for ((part, x), w) in self.part.iter_mut().zip(waiting).zip(&self.window) {
            *part = x * w;
        }
        self.plan.forward(&self.part, &mut self.re, &mut self.im);
        let size = self.size() as f64;
        // Both halves of a real signal's spectrum; noise gain of the window; Parseval.
        let scale = 2.0 / (size * size * self.noise_gain);
        for (re, im) in self.re.iter_mut().zip(&self.im) {
            *re = scale * (*re * *re + im * im);
        }
        std::array::from_fn(|point| self.bins.power(point, &self.re))
    }

    /// The loud half and the quiet tenth. Without either, nothing sounded.
    pub(super) fn finish(mut self) -> Option<(Sums, Sums)> {
        if !self.heard && self.filled > 0 {
            // Shorter than a block: one block, filled up with silence, scaled to its length.
            let (filled, size) = (self.filled, self.size());
            self.waiting.iter_mut().for_each(|plane| plane[filled..].fill(0.0));
            self.window = Window::Hann.periodic(filled);
            self.window.resize(size, 0.0);
            self.noise_gain = noise_gain(&self.window);
            self.end_block();
        }
        Some((self.loud()?, self.quiet()?))
    }

    /// Points this listener answers for.
    pub(super) fn answers(&self, point: usize) -> bool {
        grid::is_long(point) == (self.range == Range::Low)
    }

    fn room_lufs(room: usize) -> f64 {
        LOWEST_LUFS + STEP_LU * (room as f64 + 0.5)
    }

    fn blocks(&self, room: usize) -> f64 {
        self.rooms[room].as_ref().map_or(0.0, |sums| sums.blocks)
    }

    fn loud(&self) -> Option<Sums> {
        let gate = |gate_lufs: f64| (0..ROOMS).filter(move |room| Self::room_lufs(*room) >= gate_lufs);
        let power: f64 = gate(ABSOLUTE_GATE_LUFS)
            .map(|room| self.blocks(room) * power_of_lufs(Self::room_lufs(room)))
            .sum();
        let count: f64 = gate(ABSOLUTE_GATE_LUFS).map(|room| self.blocks(room)).sum();
        if count == 0.0 {
            return None;
        }
        let gate_lufs = (lufs_of_power(power / count) + RELATIVE_GATE_LU).max(ABSOLUTE_GATE_LUFS);
        let passed: f64 = gate(gate_lufs).map(|room| self.blocks(room)).sum();
        self.gather((0..ROOMS).rev(), LOUD_SHARE * passed)
    }

    fn quiet(&self) -> Option<Sums> {
        let all: f64 = (0..ROOMS).map(|room| self.blocks(room)).sum();
        self.gather(0..ROOMS, QUIET_SHARE * all)
    }

    /// The first `wanted` blocks of rooms in an order; of the last room a part.
    fn gather(&self, order: impl Iterator<Item = usize>, wanted: f64) -> Option<Sums> {
        let mut sums = Sums::none();
        for room in order {
            let Some(room) = &self.rooms[room] else { continue };
            let left = wanted - sums.blocks;
            if left <= 0.0 {
                break;
            }
            sums.add(room, (left / room.blocks).min(1.0));
        }
        (sums.blocks > 0.0).then(|| sums.mean())
    }
}

impl Stage for Spectra {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.listen(&block);
        next(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals;

    fn listen(range: Range, rate_hz: f64, left: &[f64], right: &[f64], cut: usize) -> Option<(Sums, Sums)> {
        let mut spectra = Spectra::new(range, rate_hz, None);
        for (l, r) in left.chunks(cut).zip(right.chunks(cut)) {
            spectra.listen(&Buffer::from_planes(&[l.to_vec(), r.to_vec()]));
        }
        spectra.finish()
    }

    fn total(curve: &Curve) -> f64 {
        math::power_to_db(curve.iter().sum())
    }

    #[test]
    fn a_tone_has_its_level_and_place_in_middle_and_side_at_every_rate() {
        for rate_hz in [8000.0, 44_100.0, 96_000.0] {
            let left = signals::sine(1000.0, 1.0, 0.0, 3.0, rate_hz);
            let right: Vec<f64> = left.iter().map(|x| 0.5 * x).collect();
            let (loud, _) = listen(Range::High, rate_hz, &left, &right, 1000).expect("it sounds");
            // Mid 0.75, side 0.25; a sine of peak 1 is -3.01 dB.
            assert!((total(&loud.mid) + 3.01 + 2.499).abs() < 0.02, "{rate_hz}: {}", total(&loud.mid));
            assert!((total(&loud.side) + 3.01 + 12.041).abs() < 0.02);
            let near: f64 = loud.mid[132..=138].iter().sum();
            assert!(math::power_to_db(near) > total(&loud.mid) - 0.01);
        }
    }

    #[test]
    fn the_loud_half_is_heard_and_the_quiet_passages_are_not() {
        // 6 s of 1 kHz loud, 6 s of 3 kHz 8 dB softer (passes the gate), 6 s of 200 Hz 30 dB softer (does not).
        let rate_hz = 44_100.0;
        let mut plane = signals::sine(1000.0, 0.5, 0.0, 6.0, rate_hz);
        plane.extend(signals::sine(3000.0, 0.2, 0.0, 6.0, rate_hz));
        plane.extend(signals::sine(200.0, 0.016, 0.0, 6.0, rate_hz));
        let (loud, quiet) = listen(Range::High, rate_hz, &plane, &plane, 4096).expect("it sounds");
        let around = |sums: &Sums, hz: f64| {
            math::power_to_db(grid::between(0.9 * hz, 1.1 * hz).map(|point| sums.mid[point]).sum::<f64>())
        };
        assert!((around(&loud, 1000.0) + 9.03).abs() < 0.3, "{}", around(&loud, 1000.0));
        assert!(around(&loud, 200.0) < -45.0, "{}", around(&loud, 200.0));
        assert!(around(&loud, 3000.0) < -20.0, "{}", around(&loud, 3000.0));
        assert!(around(&quiet, 200.0) > around(&quiet, 1000.0) + 20.0);
    }

    #[test]
    fn cutting_the_stream_changes_no_bit_and_silence_is_nothing() {
        let noise = signals::noise(0.3, 5, 60_000);
        let one = listen(Range::High, 48_000.0, &noise, &noise, 60_000);
        assert_eq!(one, listen(Range::High, 48_000.0, &noise, &noise, 777));
        let silence = vec![0.0; 30_000];
        assert_eq!(listen(Range::High, 48_000.0, &silence, &silence, 512), None);
    }

    #[test]
    fn a_minute_without_overlap_is_what_it_is_with() {
        let rate_hz = 8000.0;
        let plane = signals::noise(0.3, 6, 62 * 8000);
        let [plain, overlapped] = [Some(plane.len() as u64), None].map(|frames| {
            let mut spectra = Spectra::new(Range::High, rate_hz, frames);
            assert_eq!(spectra.kept == 0, frames.is_some());
            spectra.listen(&Buffer::from_planes(&[plane.clone(), plane.clone()]));
            spectra.finish().expect("it sounds").0
        });
        assert!(2.0 * plain.blocks < 1.1 * overlapped.blocks);
        for hz in [200.0, 500.0, 1000.0, 3000.0] {
            let third =
                |sums: &Sums| grid::between(0.89 * hz, 1.12 * hz).map(|point| sums.mid[point]).sum::<f64>();
            let apart_db = math::power_to_db(third(&plain) / third(&overlapped));
            assert!(apart_db.abs() < 0.2, "{hz}: {apart_db}");
        }
    }

    #[test]
    fn a_third_of_a_second_is_heard_at_its_level() {
        let tone = signals::sine(60.0, 0.5, 0.0, 0.3, 48_000.0);
        let (loud, _) = listen(Range::Low, 48_000.0, &tone, &tone, 100).expect("it sounds");
        assert!((total(&loud.mid) + 9.03).abs() < 0.3, "{}", total(&loud.mid));
    }
}
