//! Lengths of notes.

use crate::Choice;

choice! {
    /// A note value: the time between echoes.
    pub enum Note {
        /// Whole note, 4 beats.
        Whole = "1/1",
        /// Dotted half note, 3 beats.
        HalfDotted = "1/2 dotted",
        /// Half note, 2 beats.
        Half = "1/2",
        /// Half-note triplet, 4/3 beats.
        HalfTriplet = "1/2 triplet",
        /// Dotted quarter note, 3/2 beats.
        QuarterDotted = "1/4 dotted",
        /// Quarter note, 1 beat.
        Quarter = "1/4",
        /// Quarter-note triplet, 2/3 of a beat.
        QuarterTriplet = "1/4 triplet",
        /// Dotted eighth note, 3/4 of a beat.
        EighthDotted = "1/8 dotted",
        /// Eighth note, 1/2 beat.
        Eighth = "1/8",
        /// Eighth-note triplet, 1/3 of a beat.
        EighthTriplet = "1/8 triplet",
        /// Dotted sixteenth note, 3/8 of a beat.
        SixteenthDotted = "1/16 dotted",
        /// Sixteenth note, 1/4 of a beat.
        Sixteenth = "1/16",
        /// Sixteenth-note triplet, 1/6 of a beat.
        SixteenthTriplet = "1/16 triplet",
        /// Dotted thirty-second note, 3/16 of a beat.
        ThirtySecondDotted = "1/32 dotted",
        /// Thirty-second note, 1/8 of a beat.
        ThirtySecond = "1/32",
        /// Thirty-second-note triplet, 1/12 of a beat.
        ThirtySecondTriplet = "1/32 triplet",
    }
}

impl Note {
    /// Length in quarter notes.
    #[must_use]
    pub fn beats(self) -> f64 {
        let plain = |power: usize| 4.0 / (1usize << power) as f64;
        // After the whole note, three for each halving: dotted, plain, triplet.
        match self.index() {
            0 => 4.0,
            n => plain((n - 1) / 3 + 1) * [1.5, 1.0, 2.0 / 3.0][(n - 1) % 3],
        }
    }
}
