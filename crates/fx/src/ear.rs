//! What a detector hears: the sound itself or a side-chain input, filtered; and letting it out.

use dsp::biquad::{Shape, SvfBank};
use dsp::block::Block;
use dsp::eq_design::{Curve, design};
use dsp::math::{sane, sanitise};
use dsp::shift::Ring;
use dsp::smooth::Glide;

/// Frames handled at once; states settle at multiples of it, counted from the start.
pub(crate) const STRIDE: usize = 64;
/// Time constant of gain, mix and curve changes. By convention: mixing.md d.3 asks for 5 ms where a value jumps.
pub(crate) const GLIDE_MS: f64 = 5.0;
/// Time of a change of the key filters.
const FILTER_GLIDE_SECONDS: f64 = 0.02;

/// What the detector is to hear.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct KeySettings {
    /// Removes what is below; 0 is off.
    pub(crate) high_pass_hz: f64,
    /// Removes what is above; 20000 is off.
    pub(crate) low_pass_hz: f64,
    /// The side-chain input in place of the sound.
    pub(crate) external: bool,
    /// The channels of the side-chain input become their average.
    pub(crate) mono_sum: bool,
    /// What is heard is put out.
    pub(crate) listen: bool,
}

impl KeySettings {
    fn filters(&self, rate: f64) -> [Shape; 2] {
        // Butterworth.
        let q = core::f64::consts::FRAC_1_SQRT_2;
        let shape = |on, curve, f| if on { design(curve, f, 0.0, q, rate) } else { Shape::IDENTITY };
        [
            shape(self.high_pass_hz > 0.0, Curve::HighPass, self.high_pass_hz),
            shape(self.low_pass_hz < 20_000.0, Curve::LowPass, self.low_pass_hz),
        ]
    }
}

/// One channel of what is heard.
#[derive(Debug)]
struct Ear {
    filter: SvfBank,
    delay: Ring,
    heard: [f64; STRIDE],
}

/// The detector's input for every channel.
#[derive(Debug)]
pub(crate) struct Ears {
    settings: KeySettings,
    rate: f64,
    latency: usize,
    ears: Vec<Ear>,
    listen: Glide,
}

impl Ears {
    /// `latency`: how late the sound is against what is heard.
    pub(crate) fn new(settings: KeySettings, channels: usize, latency: usize, rate: f64) -> Self {
        let ear = || Ear { filter: SvfBank::new(2), delay: Ring::new(latency), heard: [0.0; STRIDE] };
        let listen = Glide::new(f64::from(u8::from(settings.listen)), GLIDE_MS, rate);
        let mut ears = Self { settings, rate, latency, ears: (0..channels).map(|_| ear()).collect(), listen };
        ears.place_filters(0);
        ears
    }

    fn place_filters(&mut self, frames: usize) {
        let shapes = self.settings.filters(self.rate);
        for ear in &mut self.ears {
            shapes.iter().enumerate().for_each(|(i, shape)| ear.filter.glide_to(i, *shape, frames));
        }
    }

    /// Listens to at most [`STRIDE`] frames; what is not finite in the sound becomes 0.
    pub(crate) fn hear(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        let frames = block.frames();
        let key = block.key().filter(|key| key.channels() > 0);
        let external = self.settings.external;
        let sum = external && self.settings.mono_sum;
        for (index, ear) in self.ears.iter_mut().enumerate() {
            let heard = &mut ear.heard[..frames];
            match (external, key) {
                (false, _) => heard.copy_from_slice(block.channel(index)),
                (true, None) => heard.fill(0.0),
                (true, Some(key)) if sum => {
                    let share = 1.0 / key.channels() as f64;
                    heard.fill(0.0);
                    for plane in (0..key.channels()).map(|c| key.channel(c)) {
                        heard.iter_mut().zip(plane).for_each(|(h, x)| *h += share * sane(*x));
                    }
                }
                (true, Some(key)) => heard.copy_from_slice(key.channel(index.min(key.channels() - 1))),
            }
            if external {
                sanitise(heard);
            }
            ear.filter.process(heard);
        }
    }

    /// What each channel's detector heard last.
    pub(crate) fn heard(&self) -> impl Iterator<Item = &[f64; STRIDE]> {
        self.ears.iter().map(|ear| &ear.heard)
    }

    /// Replaces the sound by what was heard, in time with it, as far as listening is on.
    pub(crate) fn put_out(&mut self, block: &mut Block<'_>) {
        let frames = block.frames();
        let idle = self.listen.is_settled() && self.listen.target() == 0.0;
        if idle && self.latency == 0 {
            return;
        }
        for ear in &mut self.ears {
            ear.delay.process(&mut ear.heard[..frames]);
        }
        if idle {
            return;
        }
        for frame in 0..frames {
            let share = self.listen.next_value();
            for (ear, plane) in self.ears.iter().zip(block.channels_mut()) {
                plane[frame] += share * (ear.heard[frame] - plane[frame]);
            }
        }
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub(crate) fn settle(&mut self) {
        self.ears.iter_mut().for_each(|ear| ear.filter.settle());
    }

    /// Other settings, without a click.
    pub(crate) fn retune(&mut self, settings: KeySettings) {
        let old = std::mem::replace(&mut self.settings, settings);
        self.listen.set_target(f64::from(u8::from(settings.listen)));
        if (old.high_pass_hz, old.low_pass_hz) != (settings.high_pass_hz, settings.low_pass_hz) {
            self.place_filters((FILTER_GLIDE_SECONDS * self.rate) as usize);
        }
    }

    /// Back to rest.
    pub(crate) fn reset(&mut self) {
        for ear in &mut self.ears {
            ear.filter.reset();
            ear.delay.reset();
        }
        self.listen.snap(self.listen.target());
    }
}
