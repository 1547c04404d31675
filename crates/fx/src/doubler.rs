//! Doubler.

use crate::modulation::{Cuts, Glides, WetLine, ms};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::sanitise;
use dsp::lfo::{Lfo, Reader, Wave};
use dsp::math;

/// Voices at most.
const VOICES: usize = 4;
/// Longest delay, spread and drift together, ms.
const LONGEST_MS: f64 = 140.0;

processor! {
    /// Doubler: up to four copies, late by some tens of milliseconds and never quite in tune, as a second take is.
    ///
    /// Each copy drifts on its own (a random walk with smooth turns, the same in every rendering) and is off by `detune_cents` at
    /// most at any moment. Copies take their places in pairs, first left then right; a mono block gets them all. Each copy hears the
    /// sum of both sides, so that its place is its own. About 25 ns per copy and frame.
    ///
    /// Artificial double tracking after the machines of Abbey Road: a second head, its speed swayed by hand.
    pub struct Doubler = "doubler" {
        /// Number of copies, a whole number.
        voices: Plain = 2.0 in 1.0..=4.0;
        /// How late the first copy is on average.
        delay_ms: Ms = 20.0 in 5.0..=80.0 log;
        /// How much later each further copy is.
        spread_ms: Ms = 7.0 in 0.0..=15.0;
        /// Off key at most, at any moment.
        detune_cents: Plain = 8.0 in 0.0..=50.0;
        /// New directions per second.
        drift_hz: Hz = 0.7 in 0.1..=5.0 log;
        /// How far the copies stand from the middle.
        width_percent: Percent = 80.0 in 0.0..=100.0;
        /// High-pass of the copies, 6 dB per octave; the lowest is off.
        highpass_hz: Hz = 20.0 in 20.0..=2000.0 log;
        /// Low-pass of the copies, 6 dB per octave; the highest is off.
        lowpass_hz: Hz = 20000.0 in 500.0..=20000.0 log;
        /// Level of each copy in that of the sound itself; the lowest is off.
        level_db: Db = -6.0 in -60.0..=6.0;
        /// Level of the sound itself; the lowest is off.
        dry_db: Db = 0.0 in -60.0..=6.0;
    }
}

/// Decibels to gain, nothing at -60.
fn level(db: f64) -> f64 {
    if db <= -60.0 { 0.0 } else { math::db_to_gain(db) }
}

impl Doubler {
    fn targets(&self, format: &Format) -> [f64; 10] {
        let rate = format.sample_rate_hz;
        let [high, high_on, low, low_on] = Cuts::targets(self.highpass_hz, self.lowpass_hz, rate);
        [
            ms(self.delay_ms, rate),
            ms(self.spread_ms, rate),
            self.drift_frames(rate),
            self.width_percent / 100.0,
            high,
            high_on,
            low,
            low_on,
            level(self.level_db),
            level(self.dry_db),
        ]
    }

    /// How far the drift goes to either side. The steepest of a smooth way between two random places, at most 2 apart, is 1.5 times
    /// their distance per turn: 3 · depth · rate is the largest speed, and that is how far a copy is off key.
    fn drift_frames(&self, sample_rate_hz: f64) -> f64 {
        let off = math::exp2(self.detune_cents / 1200.0) - 1.0;
        // No further back than the delay itself allows.
        let most = ms(self.delay_ms - 1.0, sample_rate_hz);
        (off / (3.0 * self.drift_hz) * sample_rate_hz).min(most)
    }

    fn voices_on(&self) -> [f64; VOICES] {
        let voices = self.voices.round();
        std::array::from_fn(|voice| f64::from(u8::from((voice as f64) < voices)))
    }
}

/// Running state of [`Doubler`].
#[derive(Debug)]
pub struct DoublerKernel {
    format: Format,
    reader: Reader,
    line: WetLine,
    lfo: Lfo,
    glides: Glides<10>,
    on: Glides<VOICES>,
}

impl Processor for Doubler {
    type Kernel = DoublerKernel;
    fn prepare(&self, format: Format) -> DoublerKernel {
        let rate = format.sample_rate_hz;
        DoublerKernel {
            format,
            reader: Reader::new(),
            line: WetLine::new(ms(LONGEST_MS + 100.0, rate)),
            lfo: Lfo::new(self.drift_hz, rate, format.seed),
            glides: Glides::new(self.targets(&format), rate),
            on: Glides::new(self.voices_on(), rate),
        }
    }
}

impl Kernel for DoublerKernel {
    type Settings = Doubler;

    fn tail_frames(&self) -> usize {
        ms(LONGEST_MS + 100.0, self.format.sample_rate_hz) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let channels = block.channels().min(2);
        let share = 1.0 / channels.max(1) as f64;
        for frame in 0..block.frames() {
            let [delay, spread, drift, width, high, high_on, low, low_on, wet, dry] = self.glides.next();
            let on = self.on.next();
            let mut sum = 0.0;
            for plane in block.channels_mut() {
                plane[frame] = sanitise(plane[frame]);
            }
            for plane in block.channels_mut().take(2) {
                sum += share * plane[frame];
            }
            // Filtered before the line: one filter serves all copies.
            let sum = self.line.filter(sum, &Cuts::of([high, high_on, low, low_on]));
            self.line.line.push(sum);
            let mut sides = [0.0; 2];
            for (voice, on) in on.iter().enumerate().filter(|(_, on)| **on > 0.0) {
                let sway = drift * self.lfo.at(Wave::Drift, 0.25 * voice as f64, voice as u64);
                let late = delay + spread * voice as f64 + sway;
                let copy = on * wet * self.reader.read(&self.line.line, late);
                let near = voice % 2;
                // Linear: the sum of both sides is the same at every width.
                sides[near] += copy * (0.5 + 0.5 * width);
                sides[1 - near] += copy * (0.5 - 0.5 * width);
            }
            if channels == 1 {
                sides[0] += sides[1];
            }
            for (index, plane) in block.channels_mut().enumerate() {
                let copies = sides.get(index).copied().unwrap_or(0.0);
                plane[frame] = dry * plane[frame] + copies;
            }
            self.lfo.advance();
        }
    }

    fn retune(&mut self, settings: &Doubler) {
        self.lfo.set_rate(settings.drift_hz, self.format.sample_rate_hz);
        self.glides.aim(settings.targets(&self.format));
        self.on.aim(settings.voices_on());
    }

    fn reset(&mut self) {
        self.line.reset();
        self.lfo.reset();
        self.glides.land();
        self.on.land();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulation::tests::frequencies;
    use dsp::block::Buffer;
    use testkit::measure::{response_db, rms};
    use testkit::signals::{impulse, noise, sine};

    const RATE: f64 = 48_000.0;

    fn play(settings: &Doubler, planes: &[Vec<f64>]) -> Buffer {
        let format = Format { sample_rate_hz: RATE, channels: planes.len(), seed: 5, ..Format::default() };
        let mut buffer = Buffer::from_planes(planes);
        settings.prepare(format).process(&mut buffer.block());
        buffer
    }

    fn copies() -> Doubler {
        Doubler {
            detune_cents: 0.0,
            dry_db: -60.0,
            level_db: 0.0,
            width_percent: 100.0,
            ..Doubler::default()
        }
    }

    #[test]
    fn copies_come_when_and_where_they_should() {
        let settings = Doubler { voices: 4.0, delay_ms: 10.0, spread_ms: 5.0, ..copies() };
        let out = play(&settings, &[impulse(1.0, 0, 2000), impulse(1.0, 0, 2000)]);
        let places = |channel: usize| -> Vec<usize> {
            (0..2000).filter(|n| out.channel(channel)[*n].abs() > 0.5).collect()
        };
        assert_eq!((places(0), places(1)), (vec![480, 960], vec![720, 1200]));
        assert!((out.channel(0)[480] - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_copy_is_never_further_off_than_its_cents_and_uses_most_of_them() {
        let settings = Doubler { voices: 1.0, detune_cents: 20.0, drift_hz: 2.0, ..copies() };
        let out = play(&settings, &[sine(1000.0, 0.5, 0.0, 20.0, RATE)]);
        let off: Vec<f64> = frequencies(&out.channel(0)[9600..], RATE)
            .iter()
            .map(|(_, hz)| 1200.0 * math::log2(hz / 1000.0))
            .collect();
        let (low, high) = off.iter().fold((0.0_f64, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
        assert!(high < 20.2 && low > -20.3, "{low} {high}");
        assert!(high > 8.0 && low < -8.0, "{low} {high}");
    }

    #[test]
    fn width_leaves_the_mono_sum_alone() {
        let input = noise(0.5, 3, 20_000);
        let sum = |width_percent| {
            let out = play(&Doubler { width_percent, ..Doubler::default() }, &[input.clone(), input.clone()]);
            (0..20_000).map(|n| out.channel(0)[n] + out.channel(1)[n]).collect::<Vec<f64>>()
        };
        assert!(testkit::measure::null_db(&sum(0.0), &sum(100.0)) < -280.0);
        let mono = play(&copies(), std::slice::from_ref(&input));
        assert!(rms(&mono.channel(0)[4800..]) > 0.3);
    }

    #[test]
    fn filters_and_levels_are_those_asked_for() {
        let settings =
            Doubler { voices: 1.0, lowpass_hz: 2000.0, level_db: -6.0, width_percent: 100.0, ..copies() };
        let out = play(&settings, &[impulse(1.0, 0, 9600), impulse(1.0, 0, 9600)]);
        assert!((response_db(out.channel(0), 50.0, RATE) + 6.0).abs() < 0.02);
        // First order: 3 dB down at the corner.
        assert!((response_db(out.channel(0), 2000.0, RATE) + 9.01).abs() < 0.05);
    }

    #[test]
    fn without_copies_the_sound_passes_to_the_bit() {
        let input = noise(0.5, 1, 10_000);
        let out = play(&Doubler { level_db: -60.0, ..Doubler::default() }, &[input.clone(), input.clone()]);
        assert!(out.channel(0) == input && out.channel(1) == input);
    }
}
