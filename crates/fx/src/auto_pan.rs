//! Auto-pan.

use crate::delay::Note;
use crate::modulation::{Glides, LfoWave, Mover, SpeedTiming, turns_per_second};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::sanitise;
use dsp::math;

processor! {
    /// Auto-pan: the pair wanders from side to side at constant power.
    ///
    /// The sides get `√2 cos θ` and `√2 sin θ`, so their powers always add up to the same; at the ends one side is 3 dB up and
    /// the other silent. With `swing` the far side is carried over instead of lost. Mono blocks pass unchanged, as do
    /// channels beyond the first two. About 25 ns per frame.
    pub struct AutoPan = "auto_pan" {
        /// How far it wanders: 100 is from end to end.
        depth_percent: Percent = 70.0 in 0.0..=100.0;
        /// What sets the speed.
        timing: choice SpeedTiming = Free;
        /// Length of one turn, with `timing` tempo.
        note: choice Note = Half;
        /// Turns per second, with `timing` free.
        rate_hz: Hz = 0.5 in 0.02..=20.0 log;
        /// Form of the movement.
        wave: choice LfoWave = Sine;
        /// Where in the turn it starts, in degrees: 0 is the middle, going right.
        start_degrees: Plain = 0.0 in 0.0..=360.0;
        /// Turns the pair as a whole (nothing is lost at the ends) instead of lowering a side.
        swing: switch = false;
    }
}

impl AutoPan {
    fn targets(&self) -> [f64; 3] {
        [self.depth_percent / 100.0, self.start_degrees / 360.0, f64::from(u8::from(self.swing))]
    }

    fn rate(&self, format: &Format) -> f64 {
        turns_per_second(self.timing, self.note, self.rate_hz, format.tempo_bpm)
    }
}

/// Running state of [`AutoPan`].
#[derive(Debug)]
pub struct AutoPanKernel {
    format: Format,
    mover: Mover,
    glides: Glides<3>,
}

impl Processor for AutoPan {
    type Kernel = AutoPanKernel;
    fn prepare(&self, format: Format) -> AutoPanKernel {
        AutoPanKernel {
            format,
            mover: Mover::new(self.rate(&format), self.wave, format.sample_rate_hz, format.seed)
                .following(self.timing, self.note),
            glides: Glides::new(self.targets(), format.sample_rate_hz),
        }
    }
}

impl Kernel for AutoPanKernel {
    type Settings = AutoPan;

    fn process(&mut self, block: &mut Block<'_>) {
        let frames = block.frames();
        let Some((left, right)) = block.pair_mut() else {
            for plane in block.channels_mut() {
                plane.iter_mut().for_each(|x| *x = sanitise(*x));
            }
            return;
        };
        for frame in 0..frames {
            let [depth, start, swing] = self.glides.next();
            let (l, r) = (sanitise(left[frame]), sanitise(right[frame]));
            let place = depth * self.mover.at(start, 0);
            self.mover.advance();
            if place == 0.0 {
                (left[frame], right[frame]) = (l, r);
                continue;
            }
            let angle = math::FRAC_PI_4 * place;
            let (s, c) = (math::sin(angle), math::cos(angle));
            // cos(π/4 ± angle) · √2.
            let (to_left, to_right) = (c - s, c + s);
            let turned = (l * c - r * s, r * c + l * s);
            left[frame] = l * to_left + swing * (turned.0 - l * to_left);
            right[frame] = r * to_right + swing * (turned.1 - r * to_right);
        }
        for plane in block.channels_mut().skip(2) {
            plane.iter_mut().for_each(|x| *x = sanitise(*x));
        }
    }

    fn retune(&mut self, settings: &AutoPan) {
        self.mover.retune(settings.rate(&self.format), settings.wave);
        self.mover.follow(settings.timing, settings.note);
        self.glides.aim(settings.targets());
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::signals::noise;

    const RATE: f64 = 48_000.0;

    fn play(settings: &AutoPan, planes: &[Vec<f64>]) -> Buffer {
        let format =
            Format { sample_rate_hz: RATE, channels: planes.len(), tempo_bpm: 120.0, ..Format::default() };
        let mut buffer = Buffer::from_planes(planes);
        settings.prepare(format).process(&mut buffer.block());
        buffer
    }

    #[test]
    fn power_is_constant_and_the_ends_are_the_ends() {
        let out = play(
            &AutoPan { depth_percent: 100.0, rate_hz: 1.0, ..AutoPan::default() },
            &[vec![0.5; 48_000], vec![0.5; 48_000]],
        );
        let (l, r) = (out.channel(0), out.channel(1));
        assert!(l.iter().zip(r).all(|(l, r)| (l * l + r * r - 0.5).abs() < 1e-12));
        // A quarter turn after the start it is far right, after three quarters far left, in the middle in between.
        assert!(l[12_000].abs() < 1e-6 && (r[12_000] - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-6);
        assert!(r[36_000].abs() < 1e-6 && (l[24_000] - 0.5).abs() < 1e-6);
    }

    #[test]
    fn depth_and_start_move_the_place() {
        let settings =
            AutoPan { depth_percent: 50.0, rate_hz: 1.0, start_degrees: 90.0, ..AutoPan::default() };
        let out = play(&settings, &[vec![1.0; 10], vec![1.0; 10]]);
        // Half way right: θ = 45° + 22.5°, gains √2 cos and √2 sin of it.
        assert!(
            (out.channel(0)[0] - 0.541_196_1).abs() < 1e-6 && (out.channel(1)[0] - 1.306_562_97).abs() < 1e-6
        );
    }

    #[test]
    fn swing_loses_nothing_of_a_hard_left_sound() {
        let settings = AutoPan { depth_percent: 100.0, rate_hz: 1.0, swing: true, ..AutoPan::default() };
        let out = play(&settings, &[vec![1.0; 48_000], vec![0.0; 48_000]]);
        let power = |n: usize| out.channel(0)[n] * out.channel(0)[n] + out.channel(1)[n] * out.channel(1)[n];
        assert!((0..48_000).step_by(501).all(|n| (power(n) - 1.0).abs() < 1e-12));
        assert!((out.channel(1)[12_000] - std::f64::consts::FRAC_1_SQRT_2).abs() < 1e-6);
    }

    #[test]
    fn no_depth_and_mono_pass_every_bit() {
        let input = noise(0.5, 1, 5000);
        let out =
            play(&AutoPan { depth_percent: 0.0, ..AutoPan::default() }, &[input.clone(), input.clone()]);
        assert!(out.channel(0) == input && out.channel(1) == input);
        assert!(play(&AutoPan::default(), std::slice::from_ref(&input)).channel(0) == input);
    }
}
