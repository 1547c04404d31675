//! Exciter: harmonics that were not there.

mod kernel;
mod path;

pub use kernel::ExciterKernel;

use crate::{Format, Processor};

processor! {
    /// Exciter: adds harmonics of the treble, and of the bass if wanted, in parallel with the sound.
    ///
    /// The band is taken out, brought to one level, bent by a square and a cube, brought back to its level, filtered and added.
    /// So the share of harmonics does not depend on how loud the sound is, and of the sound itself nothing is added. The
    /// bending works at four times the sample rate, where square and cube cannot alias. About 1 µs per stereo frame.
    pub struct Exciter = "exciter" {
        /// Treble: harmonics are made of what is above, and added above.
        high_hz: Hz = 4000.0 in 1000.0..=12000.0 log;
        /// Level of the harmonics of a tone in the treble band, as a share of the tone; 0 adds nothing.
        high_amount_percent: Percent = 15.0 in 0.0..=100.0;
        /// Which harmonics of the treble: -100 the second, 100 the third, 0 half of each.
        high_balance_percent: Percent = 0.0 in -100.0..=100.0;
        /// Bass: harmonics are made of what is below, and added above, up to six times that.
        low_hz: Hz = 100.0 in 40.0..=300.0 log;
        /// Level of the harmonics of a tone in the bass band; 0 adds nothing.
        low_amount_percent: Percent = 0.0 in 0.0..=100.0;
        /// Which harmonics of the bass: -100 the second, 100 the third.
        low_balance_percent: Percent = 0.0 in -100.0..=100.0;
        /// Most that is added, as power re the whole sound over a twentieth of a second: a guard for what is bright already.
        ceiling_db: Db = -12.0 in -60.0..=0.0;
        /// Puts out only what is added.
        listen: switch = false;
    }
}

impl Exciter {
    /// Gains of second and third harmonic of treble and bass.
    fn shares(&self) -> [[f64; 2]; 2] {
        let share = |amount: f64, balance: f64| {
            [1.0 - balance * 0.01, 1.0 + balance * 0.01].map(|part| amount * 0.01 * 0.5 * part)
        };
        [
            share(self.high_amount_percent, self.high_balance_percent),
            share(self.low_amount_percent, self.low_balance_percent),
        ]
    }
}

impl Processor for Exciter {
    type Kernel = ExciterKernel;
    fn prepare(&self, format: Format) -> ExciterKernel {
        ExciterKernel::new(self, format)
    }
}

#[cfg(test)]
mod tests;
