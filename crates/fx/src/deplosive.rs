//! Plosive repair.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::repair::deplosive::{Deplosive as Tool, DeplosiveSettings};

processor! {
    /// Takes the pops out of p, b and t: a low cut that is there only while breath hits the microphone.
    ///
    /// Acts below 125 Hz alone, on sound well above what is usual there and above the voice. For voices, not for drums.
    /// Looks ahead 85 ms.
    pub struct Deplosive = "deplosive" {
        /// How far above its usual level low sound is a pop: lower finds more.
        threshold_db: Db = 9.0 in 3.0..=24.0;
        /// Most that is taken away.
        reduction_db: Db = 18.0 in 0.0..=36.0;
    }
}

impl Deplosive {
    fn tool(&self) -> DeplosiveSettings {
        DeplosiveSettings { threshold_db: self.threshold_db, reduction_db: self.reduction_db }
    }
}

/// Running state of [`Deplosive`].
#[derive(Debug)]
pub struct DeplosiveKernel {
    tool: Tool,
}

impl Processor for Deplosive {
    type Kernel = DeplosiveKernel;
    fn prepare(&self, format: Format) -> DeplosiveKernel {
        DeplosiveKernel { tool: Tool::new(self.tool(), format.channels, format.sample_rate_hz) }
    }
}

impl Kernel for DeplosiveKernel {
    type Settings = Deplosive;

    fn latency_frames(&self) -> usize {
        self.tool.latency_frames()
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.tool.reduction_db())
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.tool.process(block);
    }

    fn retune(&mut self, settings: &Deplosive) {
        self.tool.set(settings.tool());
    }

    fn reset(&mut self) {
        self.tool.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    #[test]
    fn the_reduction_is_the_most_and_the_threshold_decides() {
        // Faint low noise, then a burst.
        let mut source = signals::sine(40.0, 0.01, 0.0, 3.0, 48_000.0);
        for (x, y) in source[96_000..103_000].iter_mut().zip(signals::sine(45.0, 0.5, 0.0, 1.0, 48_000.0)) {
            *x += y;
        }
        let level = |settings: Deplosive| {
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let latency = kernel.latency_frames();
            let mut long = source.clone();
            long.resize(source.len() + latency, 0.0);
            let mut audio = Buffer::from_planes(&[long]);
            kernel.process(&mut audio.block());
            let out = &audio.channel(0)[latency + 98_000..latency + 101_000];
            measure::to_db(measure::rms(out) / measure::rms(&source[98_000..101_000]))
        };
        assert!((level(Deplosive { reduction_db: 6.0, ..Deplosive::default() }) + 6.0).abs() < 0.3);
        assert!((level(Deplosive::default()) + 18.0).abs() < 0.7);
        assert!(level(Deplosive { reduction_db: 0.0, ..Deplosive::default() }).abs() < 1e-9);
    }
}
