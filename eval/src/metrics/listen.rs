//! An ear: meters, a film of band powers, and the audio itself if it is wanted.

use super::bands::{Film, Filming};
use dsp::block::{Buffer, View};
use dsp::meter::loudness::LoudnessMeter;
use studio::audio::Layout;
use studio::meters::{Bank, Measurements, Setup};

/// Listens to a rendering.
#[derive(Debug)]
pub struct Ear {
    bank: Bank,
    mono: LoudnessMeter,
    filming: Filming,
    keep: bool,
    kept: Vec<Vec<f32>>,
    folded: Buffer,
}

/// What it heard.
#[derive(Debug)]
pub struct Heard {
    /// All meters.
    pub measured: Measurements,
    /// Loudness when played in mono by two loudspeakers.
    pub mono_lufs: Option<f64>,
    /// Powers in bands.
    pub film: Film,
    /// The audio, if it was kept.
    pub kept: Vec<Vec<f32>>,
}

impl Ear {
    /// An ear for so many channels.
    #[must_use]
    pub fn new(sample_rate_hz: u32, channels: usize, keep: bool) -> Self {
        let setup = Setup::of_render(sample_rate_hz, Layout::of(channels)).with_curves();
        Self {
            bank: Bank::new(setup),
            mono: LoudnessMeter::new(f64::from(sample_rate_hz), &[1.0, 1.0]),
            filming: Filming::new(f64::from(sample_rate_hz)),
            keep,
            kept: vec![Vec::new(); channels],
            folded: Buffer::new(2, 1 << 16),
        }
    }

    /// Hears a block.
    pub fn process(&mut self, view: View<'_>) {
        self.bank.process(view);
        self.filming.process(view);
        let mut start = 0;
        while start < view.frames() {
            let frames = (view.frames() - start).min(self.folded.capacity());
            self.fold(view.slice(start, frames));
            start += frames;
        }
        if self.keep {
            for (channel, plane) in self.kept.iter_mut().enumerate() {
                plane.extend(view.channel(channel).iter().map(|x| *x as f32));
            }
        }
    }

    /// The mean of both channels, from both loudspeakers.
    fn fold(&mut self, view: View<'_>) {
        self.folded.set_frames(view.frames());
        let share = 1.0 / view.channels() as f64;
        for side in 0..2 {
            let out = self.folded.channel_mut(side);
            out.fill(0.0);
            for channel in 0..view.channels() {
                out.iter_mut().zip(view.channel(channel)).for_each(|(y, x)| *y += share * x);
            }
        }
        self.mono.process(self.folded.view());
    }

    /// The end, after so many frames that sounded.
    #[must_use]
    pub fn finish(mut self, frames: u64) -> Heard {
        self.kept.iter_mut().for_each(|plane| plane.truncate(frames as usize));
        Heard {
            measured: self.bank.finish(),
            mono_lufs: self.mono.integrated_lufs(),
            film: self.filming.finish(),
            kept: self.kept,
        }
    }
}

impl Heard {
    /// Loudness lost in mono. A centred sound loses nothing, decorrelated sides lose 3 LU.
    #[must_use]
    pub fn mono_loss_lu(&self) -> Option<f64> {
        Some(self.measured.integrated_lufs? - self.mono_lufs?)
    }

    /// Momentary loudness every 100 ms.
    #[must_use]
    pub fn momentary_lufs(&self) -> Vec<f64> {
        self.measured.history.momentary_curve_lufs()
    }
}
