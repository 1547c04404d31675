//! Hum removal.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::repair::dehum::{Dehum as Tool, DehumSettings, Mains as ToolMains};

choice! {
    /// Which mains hums.
    pub enum Mains {
        /// Found from the sound.
        Auto = "auto",
        /// 50 Hz and its harmonics.
        Fifty = "50",
        /// 60 Hz and its harmonics.
        Sixty = "60",
    }
}

processor! {
    /// Takes out mains hum and its harmonics.
    ///
    /// The hum is measured over four seconds, made again and subtracted, not filtered: notes at the same frequency that come
    /// and go stay. It follows drift of frequency (0.2 Hz to and fro within eight seconds) and of level. Where there is no
    /// hum (at least two harmonics as steady as mains) every bit passes. Hum that is switched on within the sound is known
    /// two seconds later. Looks ahead 2.2 seconds.
    pub struct Dehum = "dehum" {
        /// Which mains hums.
        mains: choice Mains = Auto;
        /// Highest harmonic, the fundamental being the first.
        harmonics: Plain = 16.0 in 1.0..=32.0;
        /// Share of the hum that is taken out.
        amount_percent: Percent = 100.0 in 0.0..=100.0;
    }
}

impl Dehum {
    fn tool(&self) -> DehumSettings {
        DehumSettings {
            mains: match self.mains {
                Mains::Auto => ToolMains::Auto,
                Mains::Fifty => ToolMains::Fifty,
                Mains::Sixty => ToolMains::Sixty,
            },
            harmonics: self.harmonics.clamp(1.0, 32.0) as usize,
            amount: self.amount_percent * 0.01,
        }
    }
}

/// Running state of [`Dehum`].
#[derive(Debug)]
pub struct DehumKernel {
    tools: Vec<Tool>,
}

impl Processor for Dehum {
    type Kernel = DehumKernel;
    fn prepare(&self, format: Format) -> DehumKernel {
        DehumKernel { tools: vec![Tool::new(self.tool(), format.sample_rate_hz); format.channels.max(1)] }
    }
}

impl Kernel for DehumKernel {
    type Settings = Dehum;

    fn latency_frames(&self) -> usize {
        self.tools[0].latency_frames()
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for (tool, plane) in self.tools.iter_mut().zip(block.channels_mut()) {
            tool.process(plane);
        }
    }

    fn retune(&mut self, settings: &Dehum) {
        self.tools.iter_mut().for_each(|tool| tool.set(settings.tool()));
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
    fn only_the_chosen_mains_goes_by_the_chosen_share() {
        let frames = 5 * 48_000;
        let mut dirt = signals::noise(1e-4, 3, frames);
        for k in 1..=5 {
            for (x, y) in dirt.iter_mut().zip(signals::sine(60.0 * f64::from(k), 0.05, 1.0, 5.0, 48_000.0)) {
                *x += y;
            }
        }
        let level = |settings: Dehum| {
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let latency = kernel.latency_frames();
            let mut long = dirt.clone();
            long.resize(frames + latency, 0.0);
            let mut audio = Buffer::from_planes(&[long]);
            kernel.process(&mut audio.block());
            let out = &audio.channel(0)[latency + 96_000..latency + 144_000];
            [1.0, 4.0].map(|k| measure::to_db(measure::tone(out, 60.0 * k, 48_000.0).0 / 0.05))
        };
        assert!(level(Dehum::default()).iter().all(|l| *l < -30.0));
        assert!(level(Dehum { mains: Mains::Fifty, ..Dehum::default() }).iter().all(|l| l.abs() < 0.1));
        let half = level(Dehum { amount_percent: 50.0, mains: Mains::Sixty, ..Dehum::default() });
        assert!(half.iter().all(|l| (l + 6.02).abs() < 0.2), "{half:?}");
        let few = level(Dehum { harmonics: 3.0, ..Dehum::default() });
        assert!(few[0] < -30.0 && few[1].abs() < 0.1, "{few:?}");
    }
}
