//! A record side before it is cut.
//!
//! [`hear`] listens to a song once: loudness, the motion of the groove, bass and treble. [`plan`] spreads songs over sides.
//! [`cut`] plays a side to a model of the lathe: how far the groove travels, how fast and how sharply it moves at the radius
//! where it happens, whether the side fits, and the highest level at which it does. No number here is applied to a file; the
//! characteristic of RIAA belongs to the lathe.

pub mod cut;
mod findings;
mod format;
mod hear;
pub mod plan;
#[cfg(test)]
mod tests;

pub(crate) use findings::MOST_SIBILANCE_DB;
pub use findings::{clock, findings};
pub use format::{FORMATS, Format, find};
pub use hear::{Bass, Song, Treble, hear};
pub(crate) use hear::{Ear, Grooved};
