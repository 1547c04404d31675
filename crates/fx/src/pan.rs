//! Panner.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::math::sane;
use dsp::pan::{PanLaw, balance_gains, mono_gains, spread_gains};
use dsp::smooth::Glide;

choice! {
    /// What is moved.
    pub enum PanMode {
        /// The pair leans to one side: the far side is lowered, nothing crosses over.
        Balance = "balance",
        /// Left and right are placed as two sounds, `width_percent` apart around the position.
        Spread = "spread",
        /// The average of both sides is placed as one sound.
        Mono = "mono",
        /// Left stands at `left_position`, right at `right_position`.
        Dual = "dual",
    }
}

choice! {
    /// Level of each side when a sound stands in the middle.
    pub enum Law {
        /// 0 dB: both sides full in the middle.
        Balance = "0",
        /// -2.5 dB.
        Minus2_5 = "-2.5",
        /// -3 dB, sine and cosine: constant power.
        Minus3 = "-3",
        /// -4.5 dB.
        Minus4_5 = "-4.5",
        /// -6 dB: constant sum.
        Minus6 = "-6",
    }
}

processor! {
    /// Panner for a stereo pair. Other channels than the first two, and mono blocks, pass unchanged.
    pub struct Pan = "pan" {
        /// From -1 (left) to 1 (right); not used by `dual`.
        position: Plain = 0.0 in -1.0..=1.0;
        /// What is moved.
        mode: choice PanMode = Balance;
        /// Level of each side in the middle.
        law: choice Law = Minus3;
        /// Width of the pair: mid against side in `balance`, distance in `spread` (up to 100).
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// Place of the left sound in `dual`.
        left_position: Plain = -1.0 in -1.0..=1.0;
        /// Place of the right sound in `dual`.
        right_position: Plain = 1.0 in -1.0..=1.0;
    }
}

impl Law {
    fn of_house(self) -> PanLaw {
        match self {
            Self::Balance => PanLaw::Balance,
            Self::Minus2_5 => PanLaw::Minus2_5,
            Self::Minus3 => PanLaw::Minus3,
            Self::Minus4_5 => PanLaw::Minus4_5,
            Self::Minus6 => PanLaw::Minus6,
        }
    }
}

impl Pan {
    /// Left from left, left from right, right from left, right from right.
    fn matrix(&self) -> [f64; 4] {
        let law = self.law.of_house();
        match self.mode {
            PanMode::Balance => {
                let (left, right) = balance_gains(self.position, law);
                let width = self.width_percent * 0.01;
                let (own, other) = (0.5 * (1.0 + width), 0.5 * (1.0 - width));
                [left * own, left * other, right * other, right * own]
            }
            PanMode::Spread => {
                let ((ll, lr), (rl, rr)) = spread_gains(self.position, self.width_percent * 0.01, law);
                [ll, rl, lr, rr]
            }
            PanMode::Mono => {
                let (left, right) = mono_gains(self.position, law);
                [0.5 * left, 0.5 * left, 0.5 * right, 0.5 * right]
            }
            PanMode::Dual => {
                let ((ll, lr), (rl, rr)) =
                    (mono_gains(self.left_position, law), mono_gains(self.right_position, law));
                [ll, rl, lr, rr]
            }
        }
    }
}

/// Running state of [`Pan`].
#[derive(Debug)]
pub struct PanKernel {
    gains: [Glide; 4],
}

impl Processor for Pan {
    type Kernel = PanKernel;
    fn prepare(&self, format: Format) -> PanKernel {
        PanKernel { gains: self.matrix().map(|gain| Glide::new(gain, 5.0, format.sample_rate_hz)) }
    }
}

impl Kernel for PanKernel {
    type Settings = Pan;

    fn process(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(dsp::math::sanitise);
        let Some((left, right)) = block.pair_mut() else { return };
        let settled = self.gains.iter().all(Glide::is_settled);
        if settled && self.gains.each_ref().map(Glide::target) == [1.0, 0.0, 0.0, 1.0] {
            return;
        }
        for (l, r) in left.iter_mut().zip(right) {
            let [ll, rl, lr, rr] = self.gains.each_mut().map(Glide::next_value);
            (*l, *r) = (sane(ll * *l + rl * *r), sane(lr * *l + rr * *r));
        }
    }

    fn retune(&mut self, settings: &Pan) {
        self.gains.iter_mut().zip(settings.matrix()).for_each(|(glide, gain)| glide.set_target(gain));
    }

    fn reset(&mut self) {
        self.gains.iter_mut().for_each(|glide| glide.snap(glide.target()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    fn run(pan: &Pan, left: f64, right: f64) -> (f64, f64) {
        let mut audio = Buffer::from_planes(&[vec![left; 8], vec![right; 8]]);
        pan.prepare(Format::default()).process(&mut audio.block());
        (audio.channel(0)[7], audio.channel(1)[7])
    }

    #[test]
    fn a_panner_at_its_defaults_passes_every_bit() {
        let noise = [signals::noise(1.0, 1, 100), signals::noise(1.0, 2, 100)];
        for mode in [PanMode::Balance, PanMode::Spread, PanMode::Dual] {
            let mut audio = Buffer::from_planes(&noise);
            Pan { mode, ..Pan::default() }.prepare(Format::default()).process(&mut audio.block());
            assert_eq!(audio, Buffer::from_planes(&noise), "{mode:?}");
        }
    }

    #[test]
    fn a_mono_sound_keeps_its_power_wherever_it_stands() {
        for step in -20..=20 {
            let position = f64::from(step) / 20.0;
            let (left, right) = run(&Pan { position, mode: PanMode::Mono, ..Pan::default() }, 0.5, 0.5);
            let power = (left * left + right * right) / 0.25;
            assert!((10.0 * dsp::math::log10(power)).abs() < 1e-9, "{position}");
        }
        let (left, right) = run(&Pan { mode: PanMode::Mono, law: Law::Minus6, ..Pan::default() }, 0.5, 0.5);
        assert!((measure::to_db(left / 0.5) + 6.02).abs() < 0.001 && left == right);
    }

    #[test]
    fn balance_lowers_the_far_side_only_and_width_goes_from_mono_to_wide() {
        let (left, right) = run(&Pan { position: 1.0, ..Pan::default() }, 0.5, 0.25);
        assert_eq!((left, right), (0.0, 0.25));
        assert_eq!(run(&Pan { width_percent: 0.0, ..Pan::default() }, 0.5, 0.25), (0.375, 0.375));
        assert_eq!(run(&Pan { width_percent: 200.0, ..Pan::default() }, 0.5, 0.25), (0.625, 0.125));
    }

    #[test]
    fn dual_and_spread_place_both_sounds() {
        let swap = Pan { mode: PanMode::Dual, left_position: 1.0, right_position: -1.0, ..Pan::default() };
        assert_eq!(run(&swap, 0.5, 0.25), (0.25, 0.5));
        let narrow = Pan { mode: PanMode::Spread, width_percent: 0.0, law: Law::Minus6, ..Pan::default() };
        assert_eq!(run(&narrow, 0.5, 0.25), (0.375, 0.375));
    }

    #[test]
    fn a_move_is_a_glide() {
        let mut audio = Buffer::from_planes(&[vec![1.0; 4_800], vec![1.0; 4_800]]);
        let mut kernel = Pan::default().prepare(Format::default());
        kernel.retune(&Pan { position: -1.0, ..Pan::default() });
        kernel.process(&mut audio.block());
        let step = audio.channel(1).windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
        assert!(step < 0.005 && audio.channel(1)[4_799] < 1e-8, "{step}");
    }

    #[test]
    fn a_mono_sound_stands_on_the_side_of_its_position() {
        // Cosine and sine of (1 + position) · 45°: at 0.5, of 67.5°.
        let (left, right) = run(&Pan { position: 0.5, mode: PanMode::Mono, ..Pan::default() }, 0.5, 0.5);
        assert!((left - 0.5 * 0.382_683_432_365).abs() < 1e-9, "{left}");
        assert!((right - 0.5 * 0.923_879_532_511).abs() < 1e-9, "{right}");
        let (left, right) = run(&Pan { position: -1.0, mode: PanMode::Mono, ..Pan::default() }, 0.5, 0.25);
        assert!((left - 0.375).abs() < 1e-12 && right.abs() < 1e-12, "{left} {right}");
    }
}
