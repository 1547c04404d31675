//! What a cutter head would do with a signal: velocity, acceleration and excursion of both groove walls.
//!
//! The recording characteristic is that of RIAA; it belongs to the lathe and is used here to predict, never to filter
//! a file. One channel is one wall of a 45/45 groove. Scale: a sine of 1 kHz and peak 1.0 in a channel moves its wall at
//! a peak of 1 cm/s; everything grows in proportion.
//!
//! Sources: IEC 60098 (characteristic, geometry of the groove); the closed forms stand beside each law.

mod groove;
mod riaa;

pub use groove::{Groove, Motion, Wall};
pub use riaa::{playback_db, recording_gain};

#[cfg(test)]
mod tests;
