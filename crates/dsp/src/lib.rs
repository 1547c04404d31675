//! Kernels: samples in, samples out.
//!
//! No files, no clock, no threads, no serialisation. Everything here is `f64`, deterministic to the bit on every
//! machine ([`math`] is the only source of elementary functions) and compiles to `wasm32`.

pub mod biquad;
pub mod block;
pub mod compress;
pub mod convolve;
pub mod crossover;
pub mod delay;
pub mod dither;
pub mod downmix;
pub mod envelope;
pub mod eq_design;
pub mod fdn;
pub mod fft;
pub mod gate;
mod lanes;
pub mod lfo;
pub mod limiter;
pub mod linear_phase;
pub mod math;
pub mod meter;
pub mod oversample;
pub mod pan;
pub mod pitch_shift;
pub mod repair;
pub mod resample;
pub mod ride;
pub mod rng;
pub mod shift;
pub mod sibilance;
pub mod smooth;
pub mod spectrum;
pub mod spring;
pub mod stft;
pub mod stretch;
pub mod transient;
pub mod vbap;
pub mod vinyl;
pub mod waveshape;
pub mod window;
