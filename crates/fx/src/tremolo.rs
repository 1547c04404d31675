//! Tremolo.

use crate::delay::Note;
use crate::modulation::{Glides, LfoWave, Mover, SpeedTiming, side_of, turns_per_second};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{OnePole, sanitise};

choice! {
    /// What goes up and down.
    pub enum TremoloMode {
        /// The level of everything.
        Level = "level",
        /// Lows and highs in turn: one rises while the other falls, the level hardly moves.
        Harmonic = "harmonic",
    }
}

processor! {
    /// Tremolo: the level moves up and down, on all channels together or in turn; or lows against highs, as the old
    /// amplifiers called harmonic.
    ///
    /// Gain moves between 1 and `1 - depth`. The crossover of `harmonic` is of first order: its halves add up to the
    /// sound as it was. About 10 ns per stereo frame.
    pub struct Tremolo = "tremolo" {
        /// What moves.
        mode: choice TremoloMode = Level;
        /// How far the gain falls: at 100 to nothing.
        depth_percent: Percent = 50.0 in 0.0..=100.0;
        /// What sets the speed.
        timing: choice SpeedTiming = Free;
        /// Length of one turn, with `timing` tempo.
        note: choice Note = Eighth;
        /// Turns per second, with `timing` free.
        rate_hz: Hz = 5.0 in 0.05..=20.0 log;
        /// Form of the movement.
        wave: choice LfoWave = Sine;
        /// How far the right side is ahead, in degrees: 180 moves the sound from side to side.
        phase_degrees: Plain = 0.0 in 0.0..=180.0;
        /// Where lows and highs part, in `harmonic`.
        crossover_hz: Hz = 800.0 in 100.0..=4000.0 log;
    }
}

impl Tremolo {
    fn targets(&self, format: &Format) -> [f64; 4] {
        [
            self.depth_percent / 100.0,
            self.phase_degrees / 360.0,
            f64::from(u8::from(self.mode == TremoloMode::Harmonic)),
            OnePole::coefficient(self.crossover_hz, format.sample_rate_hz),
        ]
    }

    fn rate(&self, format: &Format) -> f64 {
        turns_per_second(self.timing, self.note, self.rate_hz, format.tempo_bpm)
    }
}

/// Running state of [`Tremolo`].
#[derive(Debug)]
pub struct TremoloKernel {
    format: Format,
    mover: Mover,
    glides: Glides<4>,
    split: Vec<OnePole>,
}

impl Processor for Tremolo {
    type Kernel = TremoloKernel;
    fn prepare(&self, format: Format) -> TremoloKernel {
        TremoloKernel {
            format,
            mover: Mover::new(self.rate(&format), self.wave, format.sample_rate_hz, format.seed)
                .following(self.timing, self.note),
            glides: Glides::new(self.targets(&format), format.sample_rate_hz),
            split: vec![OnePole::default(); format.channels],
        }
    }
}

impl Kernel for TremoloKernel {
    type Settings = Tremolo;

    fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            let [depth, phase, harmonic, coefficient] = self.glides.next();
            for (index, (plane, split)) in block.channels_mut().zip(&mut self.split).enumerate() {
                let x = sanitise(plane[frame]);
                let wave = self.mover.at(phase * side_of(index), 0);
                let down = 0.5 * depth * (1.0 - wave);
                let mut y = x * (1.0 - down);
                // The filter runs always, so that a change of mode finds it settled.
                let low = split.low(x, coefficient);
                if harmonic > 0.0 {
                    let up = 0.5 * depth * (1.0 + wave);
                    let both = low * (1.0 - down) + (x - low) * (1.0 - up);
                    y += harmonic * (both - y);
                }
                plane[frame] = y;
            }
            self.mover.advance();
        }
    }

    fn retune(&mut self, settings: &Tremolo) {
        self.mover.retune(settings.rate(&self.format), settings.wave);
        self.mover.follow(settings.timing, settings.note);
        self.glides.aim(settings.targets(&self.format));
    }

    fn follows_tempo(&self) -> bool {
        self.mover.follows()
    }

    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.format.tempo_bpm = tempo_bpm;
        self.mover.set_tempo(tempo_bpm);
    }

    fn reset(&mut self) {
        self.mover.reset();
        self.glides.land();
        self.split.iter_mut().for_each(OnePole::reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::signals::{noise, sine};

    const RATE: f64 = 48_000.0;

    fn format() -> Format {
        Format { sample_rate_hz: RATE, channels: 2, tempo_bpm: 120.0, ..Format::default() }
    }

    fn play(settings: &Tremolo, plane: &[f64]) -> Buffer {
        let mut buffer = Buffer::from_planes(&[plane.to_vec(), plane.to_vec()]);
        settings.prepare(format()).process(&mut buffer.block());
        buffer
    }

    #[test]
    fn the_gain_follows_its_law_at_every_frame() {
        let settings =
            Tremolo { depth_percent: 60.0, rate_hz: 2.0, phase_degrees: 90.0, ..Tremolo::default() };
        let out = play(&settings, &vec![0.5; 48_000]);
        for n in (0..48_000).step_by(997) {
            for (channel, ahead) in [(0, 0.0), (1, 0.25)] {
                let wave = dsp::math::sin(dsp::math::TAU * (2.0 * n as f64 / RATE + ahead));
                let wanted = 0.5 * (1.0 - 0.6 * 0.5 * (1.0 - wave));
                assert!((out.channel(channel)[n] - wanted).abs() < 1e-7, "{n} {channel}");
            }
        }
    }

    #[test]
    fn a_turn_in_tempo_lasts_its_note_and_full_depth_reaches_nothing() {
        // An eighth at 120 bpm is a quarter of a second: lowest at three quarters of it, 9000 frames.
        let settings = Tremolo { timing: SpeedTiming::Tempo, depth_percent: 100.0, ..Tremolo::default() };
        let out = play(&settings, &vec![1.0; 30_000]);
        let lowest: Vec<usize> = (1..29_999).filter(|n| out.channel(0)[*n] < 1e-9).collect();
        assert!(lowest.contains(&9000) && lowest.contains(&21_000), "{lowest:?}");
    }

    #[test]
    fn harmonic_moves_lows_against_highs() {
        let settings =
            Tremolo { mode: TremoloMode::Harmonic, depth_percent: 80.0, rate_hz: 1.0, ..Tremolo::default() };
        // 20 Hz and 20 kHz are far from 800 Hz: each follows its half alone.
        let level = |hz: f64, at: f64| {
            let out = play(&settings, &sine(hz, 0.5, 0.0, 1.0, RATE));
            let from = (at * RATE) as usize - 1200;
            testkit::measure::rms(&out.channel(0)[from..from + 2400]) * std::f64::consts::SQRT_2 / 0.5
        };
        // At a quarter turn the wave is at its top: lows at 1, highs at 0.2; at three quarters the other way round.
        assert!((level(20.0, 0.25) - 1.0).abs() < 0.02 && (level(20.0, 0.75) - 0.2).abs() < 0.03);
        assert!((level(19_000.0, 0.25) - 0.2).abs() < 0.03 && (level(19_000.0, 0.75) - 1.0).abs() < 0.03);
    }

    #[test]
    fn half_of_the_power_goes_either_way_at_the_crossover() {
        // First order at its corner: the low half is 1 / (1 + j). While the other half is at nothing, 3.01 dB are missing.
        for crossover_hz in [400.0, 800.0, 3000.0] {
            let settings = Tremolo {
                mode: TremoloMode::Harmonic,
                wave: LfoWave::Square,
                depth_percent: 100.0,
                rate_hz: 1.0,
                crossover_hz,
                ..Tremolo::default()
            };
            let out = play(&settings, &sine(crossover_hz, 0.5, 0.0, 1.0, RATE));
            for half in [4_800..19_200, 28_800..43_200] {
                let level = testkit::measure::tone(&out.channel(0)[half], crossover_hz, RATE).0;
                let db = testkit::measure::to_db(level / 0.5);
                assert!((db + 3.0103).abs() < 0.01, "{crossover_hz}: {db}");
            }
        }
    }

    #[test]
    fn no_depth_is_the_input_to_the_bit() {
        let input = noise(0.5, 1, 10_000);
        for mode in [TremoloMode::Level, TremoloMode::Harmonic] {
            let out = play(&Tremolo { depth_percent: 0.0, mode, ..Tremolo::default() }, &input);
            let worst = out.channel(1).iter().zip(&input).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(worst < 1e-15, "{mode:?} {worst:e}");
        }
    }
}
