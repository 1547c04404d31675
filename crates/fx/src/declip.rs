//! Clip repair.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::math::db_to_gain;
use dsp::repair::declip::Declip as Tool;
use dsp::smooth::Glide;

processor! {
    /// Draws clipped peaks again.
    ///
    /// Finds tops that are flat, cut off and as high as anything near (clipped, and perhaps turned down afterwards) and
    /// fills them in from the sound around them; all else passes to the bit. Peaks come out higher than they went in:
    /// turn down with `output_db` where they have to fit. Looks ahead 60 ms.
    pub struct Declip = "declip" {
        /// Most that a peak may grow over its clipping level.
        most_db: Db = 12.0 in 1.0..=24.0;
        /// Gain after the repair; minus `most_db` is sure to fit.
        output_db: Db = 0.0 in -24.0..=0.0;
    }
}

/// Running state of [`Declip`].
#[derive(Debug)]
pub struct DeclipKernel {
    tools: Vec<Tool>,
    gains: Vec<Glide>,
}

impl Processor for Declip {
    type Kernel = DeclipKernel;
    fn prepare(&self, format: Format) -> DeclipKernel {
        let channels = format.channels.max(1);
        let gain = Glide::new(db_to_gain(self.output_db), 10.0, format.sample_rate_hz);
        DeclipKernel {
            tools: vec![Tool::new(self.most_db, format.sample_rate_hz); channels],
            gains: vec![gain; channels],
        }
    }
}

impl Kernel for DeclipKernel {
    type Settings = Declip;

    fn latency_frames(&self) -> usize {
        self.tools[0].latency_frames()
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for ((tool, gain), plane) in self.tools.iter_mut().zip(&mut self.gains).zip(block.channels_mut()) {
            tool.process(plane);
            plane.iter_mut().for_each(|x| *x *= gain.next_value());
        }
    }

    fn retune(&mut self, settings: &Declip) {
        self.tools.iter_mut().for_each(|tool| tool.set(settings.most_db));
        self.gains.iter_mut().for_each(|gain| gain.set_target(db_to_gain(settings.output_db)));
    }

    fn reset(&mut self) {
        self.tools.iter_mut().for_each(Tool::reset);
        self.gains.iter_mut().for_each(|gain| gain.snap(gain.target()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    #[test]
    fn a_clipped_chord_is_drawn_again_and_turned_down() {
        let (a, b) =
            (signals::sine(440.0, 0.5, 0.0, 0.5, 48_000.0), signals::sine(701.0, 0.4, 1.0, 0.5, 48_000.0));
        let clean: Vec<f64> = a.iter().zip(b).map(|(a, b)| a + b).collect();
        let mut clipped: Vec<f64> = clean.iter().map(|x| x.clamp(-0.6, 0.6)).collect();
        let settings = Declip { output_db: -6.0, ..Declip::default() };
        let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
        let latency = kernel.latency_frames();
        clipped.resize(24_000 + latency, 0.0);
        let mut audio = Buffer::from_planes(&[clipped]);
        kernel.process(&mut audio.block());
        let want: Vec<f64> = clean.iter().map(|x| x * signals::db(-6.0)).collect();
        let null =
            measure::null_db(&want[4_000..20_000], &audio.channel(0)[latency + 4_000..latency + 20_000]);
        assert!(null < -40.0, "{null}");
    }
}
