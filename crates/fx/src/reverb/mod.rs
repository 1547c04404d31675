//! Reverberation: the general reverberator, and what all of its kind share.
//!
//! Cost on a busy desktop core: about 0.55 µs for each stereo frame (`reverb`, `room`, `hall`), 1.3 µs for `plate`, 1.7 µs for
//! `spring`, whatever the settings.

#[cfg(test)]
#[path = "kinds_tests.rs"]
mod kinds;
mod measure;
#[cfg(test)]
#[path = "probe_tests.rs"]
pub(crate) mod probe;
mod space;
#[cfg(test)]
mod tests;
pub(crate) mod wet;

pub use measure::edt_seconds;
pub use space::SpaceKernel;
pub(crate) use space::{Character, Space, space};

use crate::{Format, Processor};

choice! {
    /// Whose walls throw the early reflections.
    pub enum EarlyPattern {
        /// A living room or studio: low and near.
        Room = "room",
        /// A shoe-box concert hall: the side walls first.
        Hall = "hall",
        /// A chamber of nearly equal sides: dense and even.
        Chamber = "chamber",
    }
}

processor! {
    /// Reverberation: early reflections of a room and a tail whose decay is set band by band.
    ///
    /// A feedback delay network of sixteen lines. The level of the tail does not depend on its length, so a longer
    /// decay does not ask for a lower return. Decay times hold when measured; they are as short as they say only if
    /// `size_percent` lets a turn through the lines be short too. Six channels are taken as L R C LFE Ls Rs, and the
    /// LFE stays dry; any other channels each have their own view of the same room.
    pub struct Reverb = "reverb" {
        /// Time before the first reflection.
        pre_delay_ms: Ms = 20.0 in 0.0..=250.0;
        /// Time before the first reflection in beats, on top of the other, up to 2 s.
        pre_delay_beats: Beats = 0.0 in 0.0..=2.0;
        /// Size of the room behind the tail: how far apart its echoes are. Held back where the decay is too short for it.
        size_percent: Percent = 100.0 in 20.0..=200.0;
        /// Time in which bass falls by 60 dB.
        rt60_low_seconds: Seconds = 1.9 in 0.1..=20.0 log;
        /// Time in which the middle falls by 60 dB.
        rt60_mid_seconds: Seconds = 1.6 in 0.1..=20.0 log;
        /// Time in which treble falls by 60 dB.
        rt60_high_seconds: Seconds = 0.9 in 0.1..=20.0 log;
        /// Where bass ends.
        low_crossover_hz: Hz = 250.0 in 50.0..=1000.0 log;
        /// Where treble begins.
        high_crossover_hz: Hz = 4000.0 in 1500.0..=16000.0 log;
        /// Level of the early reflections against the tail; the lowest is off.
        early_level_db: Db = -6.0 in -60.0..=12.0;
        /// Time from the direct sound to the last early reflection.
        early_size_ms: Ms = 60.0 in 5.0..=150.0 log;
        /// Whose walls throw the early reflections.
        early_pattern: choice EarlyPattern = Hall;
        /// How far to the sides the early reflections come from.
        early_width_percent: Percent = 100.0 in 0.0..=100.0;
        /// How much each sound is smeared on its way in: low for single echoes, high for a smooth beginning.
        diffusion_percent: Percent = 80.0 in 0.0..=100.0;
        /// How far the room moves: breaks up ringing on held notes.
        modulation_percent: Percent = 30.0 in 0.0..=100.0;
        /// How fast the room moves.
        modulation_rate_hz: Hz = 0.5 in 0.05..=5.0 log;
        /// High-pass on the reverberation, 12 dB per octave.
        highpass_hz: Hz = 20.0 in 20.0..=1000.0 log;
        /// Low-pass on the reverberation, 12 dB per octave.
        lowpass_hz: Hz = 20000.0 in 1000.0..=20000.0 log;
        /// Width of the reverberation: 0 is mono, 100 as it comes.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// How far the reverberation steps back while the source sounds.
        duck_db: Db = 0.0 in 0.0..=24.0;
        /// Share of the reverberation in the output: 100 on a send return.
        mix_percent: Percent = 25.0 in 0.0..=100.0;
        /// Holds the tail: nothing new comes in and nothing decays, for as long as it is on. Early reflections go on, and a
        /// change of size waits. Let it go before the session ends, or the end is a cut.
        freeze: switch = false;
    }
}

impl Space for Reverb {
    const CHARACTER: Character = Character { network: dsp::fdn::Network::GENERAL };
    fn as_reverb(&self) -> Reverb {
        self.clone()
    }
}

impl Processor for Reverb {
    type Kernel = SpaceKernel<Self>;
    fn prepare(&self, format: Format) -> Self::Kernel {
        SpaceKernel::new(self, format)
    }
}
