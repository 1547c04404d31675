//! Gain and utility.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::math::db_to_gain;
use dsp::smooth::Glide;

processor! {
    /// Gain, polarity, channel swap, mid/side width, mono below a frequency, DC filter.
    pub struct Gain = "gain" {
        /// Gain.
        gain_db: Db = 0.0 in -120.0..=24.0;
    }
}

/// Running state of [`Gain`].
#[derive(Debug)]
pub struct GainKernel {
    gain: Glide,
}

impl Processor for Gain {
    type Kernel = GainKernel;
    fn prepare(&self, format: Format) -> GainKernel {
        GainKernel { gain: Glide::new(db_to_gain(self.gain_db), 5.0, format.sample_rate_hz) }
    }
}

impl Kernel for GainKernel {
    type Settings = Gain;

    fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            let gain = self.gain.next_value();
            for plane in block.channels_mut() {
                plane[frame] = dsp::math::sane(plane[frame]) * gain;
            }
        }
    }

    fn retune(&mut self, settings: &Gain) {
        self.gain.set_target(db_to_gain(settings.gain_db));
    }

    fn reset(&mut self) {
        self.gain.snap(self.gain.target());
    }
}
