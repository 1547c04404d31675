//! Instruments that the studio's own song does not have, and that song's instruments for any score.

pub mod kit;
pub mod noise;
pub mod plucked;
pub mod struck;
pub mod sung;
pub mod tone;

/// One note.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Note {
    /// When it begins.
    pub seconds: f64,
    /// How long it is held.
    pub hold_seconds: f64,
    /// MIDI note.
    pub midi: f64,
    /// How hard, 0 to 1.
    pub velocity: f64,
}
