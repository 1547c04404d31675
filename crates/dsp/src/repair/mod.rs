//! Repair of recordings: clicks, clipping, hum, plosives.
//!
//! Each tool looks at a long window around the place it mends, so each has a latency, and leaves what it does not take
//! for damage untouched: to the bit, but for plosives, where spectra come and go (-280 dB).

mod ar;
pub mod declick;
pub mod declip;
pub mod dehum;
pub mod denoise;
pub mod deplosive;
mod frames;
