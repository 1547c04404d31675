//! Chorus.

use crate::delay::Note;
use crate::modulation::{
    Cuts, Glides, LfoWave, Mover, SpeedTiming, WetLine, ms, of_voices, side_of, turns_per_second,
};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{flush, sanitise};
use dsp::lfo::Reader;
use dsp::math;

/// Voices at most.
const VOICES: usize = 6;
/// Longest delay and depth together, ms.
const LONGEST_MS: f64 = 50.0;

processor! {
    /// Chorus: up to six voices, each behind a delay that sways, so that each is a little flat or sharp by turns.
    ///
    /// Voices are spread evenly over the turn of the oscillator; their sum keeps the power of one. A tone is off by
    /// `2π · rate · depth` of itself at most. Delays are read through 16 taps: no dulling of the top. About 25 ns per voice and frame.
    pub struct Chorus = "chorus" {
        /// Number of voices, a whole number.
        voices: Plain = 2.0 in 1.0..=6.0;
        /// Middle of the delays.
        delay_ms: Ms = 12.0 in 2.0..=40.0 log;
        /// How far they sway to either side.
        depth_ms: Ms = 1.5 in 0.0..=10.0;
        /// What sets the speed.
        timing: choice SpeedTiming = Free;
        /// Length of one turn, with `timing` tempo.
        note: choice Note = Whole;
        /// Turns per second, with `timing` free.
        rate_hz: Hz = 0.6 in 0.01..=10.0 log;
        /// Form of the movement.
        wave: choice LfoWave = Sine;
        /// How far the right side is ahead of the left, in parts of half a turn.
        spread_percent: Percent = 50.0 in 0.0..=100.0;
        /// Share of the voices that goes in again.
        feedback_percent: Percent = 0.0 in -80.0..=80.0;
        /// High-pass of the voices, 6 dB per octave; the lowest is off. Keeps the bass in one place.
        highpass_hz: Hz = 20.0 in 20.0..=2000.0 log;
        /// Low-pass of the voices, 6 dB per octave; the highest is off.
        lowpass_hz: Hz = 20000.0 in 500.0..=20000.0 log;
        /// Share of the voices in the output.
        mix_percent: Percent = 50.0 in 0.0..=100.0;
    }
}

impl Chorus {
    fn targets(&self, format: &Format) -> [f64; 9] {
        let rate = format.sample_rate_hz;
        let [high, high_on, low, low_on] = Cuts::targets(self.highpass_hz, self.lowpass_hz, rate);
        // The sway must not reach the present.
        let depth = self.depth_ms.min(self.delay_ms - 0.5);
        [
            ms(self.delay_ms, rate),
            ms(depth, rate),
            self.spread_percent / 200.0,
            self.feedback_percent / 100.0,
            high,
            high_on,
            low,
            low_on,
            self.mix_percent / 100.0,
        ]
    }

    fn levels(&self) -> [f64; VOICES] {
        let voices = self.voices.round();
        std::array::from_fn(|voice| if (voice as f64) < voices { of_voices(voices) } else { 0.0 })
    }

    fn rate(&self, format: &Format) -> f64 {
        turns_per_second(self.timing, self.note, self.rate_hz, format.tempo_bpm)
    }

    fn offsets(&self) -> [f64; VOICES] {
        std::array::from_fn(|voice| voice as f64 / self.voices.round().max(1.0))
    }
}

/// Running state of [`Chorus`].
#[derive(Debug)]
pub struct ChorusKernel {
    format: Format,
    reader: Reader,
    lines: Vec<WetLine>,
    mover: Mover,
    glides: Glides<9>,
    levels: Glides<VOICES>,
    offsets: Glides<VOICES>,
}

impl Processor for Chorus {
    type Kernel = ChorusKernel;
    fn prepare(&self, format: Format) -> ChorusKernel {
        let rate = format.sample_rate_hz;
        ChorusKernel {
            format,
            reader: Reader::new(),
            lines: vec![WetLine::new(ms(LONGEST_MS, rate)); format.channels],
            mover: Mover::new(self.rate(&format), self.wave, rate, format.seed)
                .following(self.timing, self.note),
            glides: Glides::new(self.targets(&format), rate),
            levels: Glides::new(self.levels(), rate),
            offsets: Glides::new(self.offsets(), rate),
        }
    }
}

impl Kernel for ChorusKernel {
    type Settings = Chorus;

    fn tail_frames(&self) -> usize {
        // With the most feedback, 31 rounds fall by 60 dB.
        (31.0 * ms(LONGEST_MS, self.format.sample_rate_hz)) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            let [delay, depth, spread, feedback, high, high_on, low, low_on, mix] = self.glides.next();
            let cuts = Cuts::of([high, high_on, low, low_on]);
            let (levels, offsets) = (self.levels.next(), self.offsets.next());
            for (index, (plane, wet)) in block.channels_mut().zip(&mut self.lines).enumerate() {
                let dry = sanitise(plane[frame]);
                let ahead = spread * side_of(index);
                let mut sum = 0.0;
                for (voice, (level, offset)) in levels.iter().zip(&offsets).enumerate() {
                    if *level > 0.0 {
                        let part = (2 * voice + index % 2) as u64;
                        let sway = depth * self.mover.at(offset + ahead, part);
                        // The newest sample in the line is one frame old.
                        sum += level * self.reader.read(&wet.line, delay + sway - 1.0);
                    }
                }
                let sum = wet.filter(sum, &cuts);
                wet.line.push(flush(dry + feedback * sum));
                plane[frame] = dry + mix * (sum - dry);
            }
            self.mover.advance();
        }
    }

    fn retune(&mut self, settings: &Chorus) {
        self.mover.retune(settings.rate(&self.format), settings.wave);
        self.mover.follow(settings.timing, settings.note);
        self.glides.aim(settings.targets(&self.format));
        self.levels.aim(settings.levels());
        self.offsets.aim(settings.offsets());
    }

    fn follows_tempo(&self) -> bool {
        self.mover.follows()
    }

    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.format.tempo_bpm = tempo_bpm;
        self.mover.set_tempo(tempo_bpm);
    }

    fn reset(&mut self) {
        self.lines.iter_mut().for_each(WetLine::reset);
        self.mover.reset();
        self.glides.land();
        self.levels.land();
        self.offsets.land();
    }
}

/// Cents a chorus is off at most: depth in ms, speed in Hz.
#[must_use]
pub fn most_cents(depth_ms: f64, rate_hz: f64) -> f64 {
    1200.0 * math::log2(1.0 + math::TAU * rate_hz * depth_ms * 1e-3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulation::tests::frequencies;
    use dsp::block::Buffer;
    use testkit::measure::{response_db, rms, to_db};
    use testkit::signals::{impulse, noise, sine};

    const RATE: f64 = 48_000.0;

    fn play(settings: &Chorus, plane: &[f64]) -> Buffer {
        let format = Format { sample_rate_hz: RATE, channels: 2, tempo_bpm: 120.0, ..Format::default() };
        let mut buffer = Buffer::from_planes(&[plane.to_vec(), plane.to_vec()]);
        settings.prepare(format).process(&mut buffer.block());
        buffer
    }

    fn one() -> Chorus {
        Chorus { voices: 1.0, mix_percent: 100.0, ..Chorus::default() }
    }

    #[test]
    fn a_voice_is_off_by_the_law_of_its_sway() {
        // Delay D + A sin(2πrt) shifts f to f (1 - 2πrA cos(2πrt)): 2 ms at 1 Hz is 1.2566 %.
        let settings = Chorus { depth_ms: 2.0, rate_hz: 1.0, spread_percent: 100.0, ..one() };
        let out = play(&settings, &sine(1000.0, 0.5, 0.0, 2.5, RATE));
        for (channel, turn) in [(0, 0.0), (1, 0.5)] {
            for (frame, hz) in frequencies(&out.channel(channel)[2400..], RATE) {
                let seconds = (frame + 2400.0) / RATE - 0.0005;
                let wanted = 1000.0 * (1.0 - 0.012_566_4 * math::cos(math::TAU * (seconds + turn)));
                // The mean of a period, which lies half a millisecond back.
                assert!((hz - wanted).abs() < 0.05, "{frame} {hz} {wanted}");
            }
        }
        assert!((most_cents(2.0, 1.0) - 21.62).abs() < 0.01);
    }

    #[test]
    fn at_rest_the_voices_are_one_delay_with_its_comb() {
        let settings =
            Chorus { voices: 4.0, depth_ms: 0.0, delay_ms: 5.0, mix_percent: 50.0, ..Chorus::default() };
        let out = play(&settings, &impulse(1.0, 0, 4800));
        // Four equal voices at a power of one: a delay of 2; half of each: |0.5 + e^-iωτ|.
        for (hz, wanted) in [(200.0, 1.5), (100.0, 0.5), (1000.0, 1.5), (1050.0, 1.118_034)] {
            let found = response_db(out.channel(0), hz, RATE);
            assert!((found - to_db(wanted)).abs() < 0.02, "{hz} {found}");
        }
    }

    #[test]
    fn voices_keep_the_power_of_one() {
        let level = |voices| {
            let settings = Chorus { voices, depth_ms: 5.0, delay_ms: 20.0, rate_hz: 3.0, ..one() };
            rms(&play(&settings, &noise(0.5, 4, 144_000)).channel(0)[4800..])
        };
        for voices in [2.0, 3.0, 6.0] {
            assert!(to_db(level(voices) / level(1.0)).abs() < 0.5, "{voices}");
        }
    }

    #[test]
    fn feedback_rings_by_its_share_and_the_filters_hold_the_bass_still() {
        let settings = Chorus { depth_ms: 0.0, delay_ms: 10.0, feedback_percent: -50.0, ..one() };
        let out = play(&settings, &impulse(1.0, 0, 4800));
        let echoes: Vec<f64> = (1..5).map(|n| out.channel(0)[480 * n]).collect();
        for (echo, wanted) in echoes.iter().zip([1.0, -0.5, 0.25, -0.125]) {
            assert!((echo - wanted).abs() < 1e-9, "{echoes:?}");
        }
        let cut = Chorus { depth_ms: 0.0, highpass_hz: 200.0, ..one() };
        let out = play(&cut, &impulse(1.0, 0, 48_000));
        assert!((response_db(out.channel(0), 20.0, RATE) + 20.04).abs() < 0.1);
        // First order: 3.01 dB down at the corner.
        let dull = Chorus { depth_ms: 0.0, lowpass_hz: 3000.0, ..one() };
        let out = play(&dull, &impulse(1.0, 0, 48_000));
        assert!((response_db(out.channel(0), 3000.0, RATE) + 3.01).abs() < 0.05);
    }

    #[test]
    fn the_sway_stops_half_a_millisecond_before_the_present() {
        // 10 ms around 2 ms would lie before the present: 1.5 ms are left, 2π · 1.5 ms at 1 Hz is 0.942 % at most.
        let settings = Chorus { delay_ms: 2.0, depth_ms: 10.0, rate_hz: 1.0, ..one() };
        let out = play(&settings, &sine(1000.0, 0.5, 0.0, 2.5, RATE));
        let hz = frequencies(&out.channel(0)[2400..], RATE);
        let (low, high) = hz.iter().fold((f64::MAX, 0.0_f64), |(l, h), (_, x)| (l.min(*x), h.max(*x)));
        assert!((high - 1009.425).abs() < 0.05 && (low - 990.575).abs() < 0.05, "{low} {high}");
    }

    #[test]
    fn voices_stand_evenly_over_the_turn() {
        // A click that comes out at a quarter turn: every voice is where the sine of its own part of the turn puts it.
        for (voices, places) in
            [(2.0, vec![480, 672]), (3.0, vec![528, 528, 672]), (4.0, vec![480, 576, 576, 672])]
        {
            let settings = Chorus { voices, delay_ms: 12.0, depth_ms: 2.0, rate_hz: 0.05, ..one() };
            let mut input = vec![0.0; 250_000];
            input[240_000 - 576] = 1.0;
            let out = play(&settings, &input);
            let level = 1.0 / f64::sqrt(voices);
            for place in &places {
                let at = 240_000 - 576 + place;
                let wanted = level * places.iter().filter(|other| *other == place).count() as f64;
                let found: f64 = out.channel(0)[at - 12..at + 12].iter().sum();
                assert!((found - wanted).abs() < 0.01, "{voices} {place}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn no_mix_is_the_input_to_the_bit() {
        let input = noise(0.5, 1, 10_000);
        let out = play(&Chorus { mix_percent: 0.0, ..Chorus::default() }, &input);
        assert!(out.channel(0) == input && out.channel(1) == input);
    }
}
