//! One pass over a file that gathers the evidence; the [rules](super::rules) judge it.

use super::histogram::Histogram;
use super::plateau::Plateaus;
use crate::audio::{Encoding, Info};
use dsp::block::View;
use dsp::math;

/// Length of the stretches whose peaks are counted: one period of 50 Hz, the shortest in which a limited bass note
/// must touch the ceiling. By calibration on labelled clips, 2026-11-21, see docs/decisions.
const STRETCH_SECONDS: f64 = 0.02;
/// Length of the slices from which start and end are judged.
const SLICE_SECONDS: f64 = 0.005;
/// Peak below which a slice counts as silence: noise of a 16-bit file with shaped dither stays below.
pub(super) const SILENCE_DBFS: f64 = -72.0;
/// Samples at either end that must be near zero for an edge without a click.
const EDGE_FRAMES: u64 = 3;

/// Evidence about one channel.
#[derive(Debug, Clone)]
pub struct Channel {
    sum: f64,
    energy: f64,
    peak: f64,
    peak_frame: u64,
    plateaus: Plateaus,
}

impl Channel {
    fn new(step: f64) -> Self {
        Self { sum: 0.0, energy: 0.0, peak: 0.0, peak_frame: 0, plateaus: Plateaus::new(step) }
    }

    /// Sample peak, linear.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.peak
    }

    /// Flat tops near a level: how many lie within 0.1 dB of `level` or above.
    pub(super) fn flat_tops_at(&self, level: f64) -> u64 {
        // Half a step of the histogram is added so that `level` itself never falls out.
        self.plateaus.levels.at_least(level, 0.1)
    }

    pub(super) fn plateaus(&self) -> &Plateaus {
        &self.plateaus
    }
}

/// Everything the rules look at, apart from the [meters](crate::meters).
#[derive(Debug, Clone)]
pub struct Analysis {
    sample_rate_hz: f64,
    frames: u64,
    channels: Vec<Channel>,
    // Correlation of the first two channels.
    cross: f64,
    side_energy: f64,
    // Levels of frames (loudest channel) and of stretches.
    samples: Histogram,
    stretches: Histogram,
    stretch_frames: u64,
    stretch_peak: f64,
    stretch_left: u64,
    // Edges.
    slice_frames: u64,
    slice_left: u64,
    slice_peak: f64,
    slice_before: f64,
    slices: u64,
    first_sounding: Option<u64>,
    last_sounding: u64,
    end_peak: f64,
    start_peak: f64,
    // Bits.
    mask: u32,
    exact: bool,
    /// The last bit of an integer of the file's word length, of 32 bits; 0 where samples are floating-point.
    last_bit: u32,
    // Faults.
    bad: u64,
    first_bad: Option<u64>,
}

impl Analysis {
    /// No frame seen yet.
    pub(super) fn new(info: &Info) -> Self {
        let rate = f64::from(info.sample_rate_hz);
        let step = match info.encoding {
            Encoding::Int(bits) => math::exp2(1.0 - f64::from(bits)),
            Encoding::Float(_) | Encoding::Lossy => 0.0,
        };
        let frames = |seconds: f64| ((seconds * rate) as u64).max(1);
        Self {
            sample_rate_hz: rate,
            frames: 0,
            channels: vec![Channel::new(step); info.channels()],
            cross: 0.0,
            side_energy: 0.0,
            samples: Histogram::new(),
            stretches: Histogram::new(),
            stretch_frames: frames(STRETCH_SECONDS),
            stretch_peak: 0.0,
            stretch_left: frames(STRETCH_SECONDS),
            slice_frames: frames(SLICE_SECONDS),
            slice_left: frames(SLICE_SECONDS),
            slice_peak: 0.0,
            slice_before: 0.0,
            slices: 0,
            first_sounding: None,
            last_sounding: 0,
            end_peak: 0.0,
            start_peak: 0.0,
            mask: 0,
            exact: true,
            last_bit: match info.encoding {
                Encoding::Int(bits @ 1..=32) => 1 << (32 - bits),
                _ => 0,
            },
            bad: 0,
            first_bad: None,
        }
    }

    /// Replaces what is not a number by silence and counts it. Call before [`push`](Self::push).
    pub(super) fn clean(&mut self, block: &mut dsp::block::Block<'_>) {
        let from = self.frames;
        for plane in block.channels_mut() {
            for (n, sample) in plane.iter_mut().enumerate() {
                if !sample.is_finite() {
                    *sample = 0.0;
                    self.bad += 1;
                    let frame = from + n as u64;
                    self.first_bad = Some(self.first_bad.map_or(frame, |first| first.min(frame)));
                }
            }
        }
    }

    /// The next frames, all of them finite. The result does not depend on how the stream is cut.
    pub(super) fn push(&mut self, block: View<'_>) {
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let plane = block.channel(index);
            Self::push_channel(channel, plane, self.frames);
        }
        self.push_bits(block);
        self.push_pair(block);
        self.push_levels(block);
        self.frames += block.frames() as u64;
    }

    fn push_channel(channel: &mut Channel, plane: &[f64], from: u64) {
        for (n, &x) in plane.iter().enumerate() {
            channel.sum += x;
            channel.energy += x * x;
            if x.abs() > channel.peak {
                channel.peak = x.abs();
                channel.peak_frame = from + n as u64;
            }
            channel.plateaus.push(x, from + n as u64);
        }
    }

    fn push_bits(&mut self, block: View<'_>) {
        // When the last bit of the word is in use, nothing more is to be learnt.
        if !self.exact || self.mask & self.last_bit != 0 {
            return;
        }
        for channel in 0..block.channels() {
            for &x in block.channel(channel) {
                // Bits of a 32-bit integer; what is no such integer is floating point and has no bit depth.
                let scaled = x * 2_147_483_648.0;
                let integer = scaled as i64;
                self.exact &= integer as f64 == scaled;
                self.mask |= integer as u32;
            }
        }
    }

    fn push_pair(&mut self, block: View<'_>) {
        if block.channels() != 2 {
            return;
        }
        for (l, r) in block.channel(0).iter().zip(block.channel(1)) {
            self.cross += l * r;
            let side = 0.5 * (l - r);
            self.side_energy += side * side;
        }
    }

    fn push_levels(&mut self, block: View<'_>) {
        let mut levels = [0.0_f64; 512];
        for from in (0..block.frames()).step_by(levels.len()) {
            let part = block.slice(from, levels.len());
            let levels = &mut levels[..part.frames()];
            levels.fill(0.0);
            for channel in 0..part.channels() {
                for (level, x) in levels.iter_mut().zip(part.channel(channel)) {
                    *level = level.max(x.abs());
                }
            }
            let start = (EDGE_FRAMES.saturating_sub(self.frames + from as u64) as usize).min(levels.len());
            self.start_peak = levels[..start].iter().fold(self.start_peak, |peak, level| peak.max(*level));
            for &level in levels.iter() {
                self.samples.add(level);
                self.push_level(level);
            }
        }
    }

    #[inline]
    fn push_level(&mut self, level: f64) {
        self.stretch_peak = self.stretch_peak.max(level);
        self.stretch_left -= 1;
        if self.stretch_left == 0 {
            self.end_stretch();
        }
        self.slice_peak = self.slice_peak.max(level);
        self.slice_left -= 1;
        if self.slice_left == 0 {
            self.end_slice();
        }
    }

    fn end_stretch(&mut self) {
        self.stretches.add(self.stretch_peak);
        self.stretch_peak = 0.0;
        self.stretch_left = self.stretch_frames;
    }

    fn end_slice(&mut self) {
        if self.slice_peak > math::db_to_gain(SILENCE_DBFS) {
            self.first_sounding.get_or_insert(self.slices);
            self.last_sounding = self.slices;
            // The cut may fall early in a slice: the slice before says what it was cut from.
            self.end_peak = self.slice_peak.max(self.slice_before);
        }
        self.slice_before = self.slice_peak;
        self.slice_peak = 0.0;
        self.slice_left = self.slice_frames;
        self.slices += 1;
    }

    /// The stream has ended.
    pub(super) fn finish(&mut self) {
        if self.slice_left < self.slice_frames {
            self.end_slice();
        }
        if self.stretch_left < self.stretch_frames {
            self.end_stretch();
        }
        for channel in &mut self.channels {
            // A last sample that differs from everything, so that a flat top at the very end is judged.
            channel.plateaus.push(0.0, self.frames);
        }
    }

    /// Length in seconds.
    #[must_use]
    pub fn seconds(&self) -> f64 {
        self.frames as f64 / self.sample_rate_hz
    }

    /// Frames read.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// The channels.
    #[must_use]
    pub fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// Sample peak over all channels, linear.
    #[must_use]
    pub fn peak(&self) -> f64 {
        self.channels.iter().fold(0.0, |peak, channel| channel.peak.max(peak))
    }

    /// Where the sample peak is, in seconds.
    #[must_use]
    pub fn peak_seconds(&self) -> f64 {
        let peak = self.peak();
        let at =
            self.channels.iter().find(|channel| channel.peak == peak).map_or(0, |channel| channel.peak_frame);
        at as f64 / self.sample_rate_hz
    }

    /// Mean of a channel, linear.
    #[must_use]
    pub fn dc(&self, channel: usize) -> f64 {
        self.channels.get(channel).map_or(0.0, |channel| channel.sum / self.frames.max(1) as f64)
    }

    /// Root mean square of a channel, linear.
    #[must_use]
    pub fn rms(&self, channel: usize) -> f64 {
        self.channels.get(channel).map_or(0.0, |channel| (channel.energy / self.frames.max(1) as f64).sqrt())
    }

    /// Correlation of left and right over the whole file; `None` unless there are two channels that both sound.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        let [left, right] = self.channels.as_slice() else { return None };
        let power = (left.energy * right.energy).sqrt();
        (power > 0.0).then(|| self.cross / power)
    }

    /// Level of side re mid in dB; `-inf` for two equal channels, `None` unless there are two channels with sound.
    #[must_use]
    pub fn side_to_mid_db(&self) -> Option<f64> {
        let [left, right] = self.channels.as_slice() else { return None };
        let both = left.energy + right.energy;
        // M² + S² = (L² + R²) / 2.
        let mid = (0.5 * both - self.side_energy).max(0.0);
        (both > 0.0).then(|| math::power_to_db(self.side_energy) - math::power_to_db(mid))
    }

    /// Bits of integer resolution really used; `None` when samples are finer than 32-bit integers.
    #[must_use]
    pub fn bits_used(&self) -> Option<u32> {
        self.exact.then(|| 32 - self.mask.trailing_zeros().min(32))
    }

    /// Share of 20 ms stretches (of those within 20 dB of the peak) whose peak lies within `db` of the file's peak, and
    /// how many those are.
    #[must_use]
    pub fn touching(&self, db: f64) -> (f64, u64) {
        let top = self.stretches.max();
        let count = self.stretches.at_least(top, db);
        (count as f64 / self.stretches.at_least(top, 20.0).max(1) as f64, count)
    }

    /// Share of the time, within stretches that touch the top 0.1 dB, that is spent there.
    #[must_use]
    pub fn time_at_top(&self) -> f64 {
        let (_, stretches) = self.touching(0.1);
        self.samples.at_least(self.samples.max(), 0.1) as f64
            / (stretches * self.stretch_frames).max(1) as f64
    }

    /// Distance in dB between two percentiles of the stretches' peaks (of those within 20 dB of the peak).
    #[must_use]
    pub fn shoulder_db(&self, low: f64, high: f64) -> f64 {
        let floor = self.stretches.max() * 0.1;
        self.stretches.percentile_db(high, floor) - self.stretches.percentile_db(low, floor)
    }

    /// Silence before the first sound, in seconds; the whole length when nothing sounds.
    #[must_use]
    pub fn head_seconds(&self) -> f64 {
        self.first_sounding.map_or(self.seconds(), |slice| self.slice_seconds(slice))
    }

    /// Silence after the last sound, in seconds; the whole length when nothing sounds.
    #[must_use]
    pub fn tail_seconds(&self) -> f64 {
        self.first_sounding.map_or(self.seconds(), |_| {
            (self.seconds() - self.slice_seconds(self.last_sounding + 1)).max(0.0)
        })
    }

    fn slice_seconds(&self, slice: u64) -> f64 {
        (slice * self.slice_frames) as f64 / self.sample_rate_hz
    }

    /// Peak of the first three frames, linear.
    #[must_use]
    pub fn start_peak(&self) -> f64 {
        self.start_peak
    }

    /// Peak of the last 5 to 10 ms before the sound ends, linear.
    #[must_use]
    pub fn end_peak(&self) -> f64 {
        self.end_peak
    }

    /// Samples that are not numbers, and where the first is, in seconds.
    #[must_use]
    pub fn not_finite(&self) -> Option<(u64, f64)> {
        self.first_bad.map(|frame| (self.bad, frame as f64 / self.sample_rate_hz))
    }
}
