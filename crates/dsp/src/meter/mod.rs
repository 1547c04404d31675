//! Meters: numbers about samples.

pub mod dynamics;
pub mod loudness;
pub mod stereo;
pub mod true_peak;
