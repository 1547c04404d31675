//! Click repair.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::repair::declick::Declick as Tool;

processor! {
    /// Takes out clicks, ticks and pops of a few milliseconds at most.
    ///
    /// A click is what neither the sound before nor the sound after it leads one to expect, and without which both agree; it
    /// is drawn again from both sides. Everything else passes to the bit: hits, plucks and the pulses of a voice set going
    /// what follows them and are left alone. Crackle is taken out click by click. Looks ahead 52 ms.
    pub struct Declick = "declick" {
        /// How far a click stands out of the unpredictable part of the sound, in standard deviations: lower finds more.
        threshold: Plain = 6.0 in 3.0..=20.0 log;
        /// Longest click.
        longest_ms: Ms = 2.0 in 0.1..=5.0 log;
    }
}

/// Running state of [`Declick`].
#[derive(Debug)]
pub struct DeclickKernel {
    rate: f64,
    tools: Vec<Tool>,
}

impl Processor for Declick {
    type Kernel = DeclickKernel;
    fn prepare(&self, format: Format) -> DeclickKernel {
        let rate = format.sample_rate_hz;
        let tool = Tool::new(self.threshold, self.longest_ms, rate);
        DeclickKernel { rate, tools: vec![tool; format.channels.max(1)] }
    }
}

impl Kernel for DeclickKernel {
    type Settings = Declick;

    fn latency_frames(&self) -> usize {
        self.tools[0].latency_frames()
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for (tool, plane) in self.tools.iter_mut().zip(block.channels_mut()) {
            tool.process(plane);
        }
    }

    fn retune(&mut self, settings: &Declick) {
        for tool in &mut self.tools {
            tool.set(settings.threshold, settings.longest_ms, self.rate);
        }
    }

    fn reset(&mut self) {
        self.tools.iter_mut().for_each(Tool::reset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    #[test]
    fn threshold_and_length_decide_what_is_a_click() {
        let clean: Vec<f64> = signals::sine(440.0, 0.4, 0.0, 0.5, 48_000.0)
            .iter()
            .zip(signals::noise(0.002, 3, 24_000))
            .map(|(a, b)| a + b)
            .collect();
        let mut clicked = clean.clone();
        clicked[12_000] += 0.3;
        let error = |settings: &Declick, input: &[f64]| {
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let latency = kernel.latency_frames();
            let mut long = input.to_vec();
            long.resize(24_000 + latency, 0.0);
            let mut audio = Buffer::from_planes(&[long]);
            kernel.process(&mut audio.block());
            measure::peak(
                &audio.channel(0)[latency..].iter().zip(&clean).map(|(a, b)| a - b).collect::<Vec<_>>(),
            )
        };
        assert!(error(&Declick::default(), &clicked) < 0.01);
        assert_eq!(error(&Declick::default(), &clean), 0.0);
        // A burst of 3 ms is longer than 2 ms and shorter than 5.
        let mut burst = clean.clone();
        for (x, y) in burst[12_000..12_144].iter_mut().zip(signals::noise(0.3, 9, 144)) {
            *x += y;
        }
        assert!(error(&Declick::default(), &burst) > 0.2);
        assert!(error(&Declick { longest_ms: 5.0, ..Declick::default() }, &burst) < 0.02);
    }
}
