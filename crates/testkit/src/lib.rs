//! Test signals and measurements. Depends on nothing of ours, so that it can judge all of it.

pub mod ebu;
pub mod measure;
pub mod signals;
pub mod voice;
