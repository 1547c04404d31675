//! The one list of processors.

use crate::{AnyProcessor, Describe, Description};

/// A processor that can be named in a session.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Its declaration.
    pub description: &'static Description,
    make: fn() -> Box<dyn AnyProcessor>,
}

impl Entry {
    /// The processor at its defaults.
    #[must_use]
    pub fn make(&self) -> Box<dyn AnyProcessor> {
        (self.make)()
    }
}

macro_rules! registry {
    ($($module:ident::$name:ident),* $(,)?) => {
        /// Every processor there is, in the order of help.
        pub static REGISTRY: &[Entry] = &[$(Entry {
            description: &<crate::$module::$name as Describe>::DESCRIPTION,
            make: || Box::<crate::$module::$name>::default(),
        }),*];
    };
}

registry![
    gain::Gain,
    generator::Generator,
    pan::Pan,
    eq::Eq,
    compressor::Compressor,
    gate::Gate,
    deesser::Deesser,
    transient::Transient,
    rider::Rider,
    multiband::Multiband,
    multidynamics::Multidynamics,
    saturation::Saturation,
    exciter::Exciter,
    imager::Imager,
    delay::Delay,
    chorus::Chorus,
    flanger::Flanger,
    phaser::Phaser,
    tremolo::Tremolo,
    auto_pan::AutoPan,
    rotary::Rotary,
    doubler::Doubler,
    reverb::Reverb,
    room::Room,
    hall::Hall,
    plate::Plate,
    spring::Spring,
    convolution::Convolution,
    pitch::Pitch,
    harmoniser::Harmoniser,
    declick::Declick,
    declip::Declip,
    dehum::Dehum,
    denoise::Denoise,
    deplosive::Deplosive,
    limiter::Limiter,
    meter::Meter,
];

/// The processor called `key`.
#[must_use]
pub fn find(key: &str) -> Option<&'static Entry> {
    REGISTRY.iter().find(|entry| entry.description.key == key)
}
