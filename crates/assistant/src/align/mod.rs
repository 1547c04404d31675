//! Polarity and time between microphones that hear the same thing (C3).

/// What is to be done to one track, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Alignment {
    /// The track that is turned or moved: index into [`Song::tracks`](crate::hear::Song::tracks). Never overheads or rooms.
    pub track: usize,
    /// What it is matched to.
    pub reference: usize,
    /// What kind of relation: close microphone to overheads, or two of one source.
    pub kind: Relation,
    /// Frames at the rate of the song by which the track is to be delayed; 0 for polarity only. Never negative: where the
    /// track is the later of two, the other one has the entry.
    pub delay_frames: u32,
    /// Whether its polarity is to be turned.
    pub invert: bool,
    /// What the decision rests on.
    pub basis: Basis,
    /// 0 to 1.
    pub confidence: f64,
    /// Hits it was read from.
    pub hits: usize,
    /// Highest over next highest peak of the accumulated cross-spectrum's transform.
    pub peak_ratio: f64,
    /// Median absolute deviation of the lag from hit to hit, frames at the rate of the song.
    pub spread_frames: f64,
    /// Level of the sum of both between 40 and 300 Hz against the sum of their powers, before and after, dB (at most +3).
    pub low_sum_before_db: f64,
    /// See [`low_sum_before_db`](Self::low_sum_before_db).
    pub low_sum_after_db: f64,
    /// Depth of the comb between 200 Hz and 8 kHz (mean of the sum's ripple against the sum of powers), before and after, dB.
    pub comb_before_db: f64,
    /// See [`comb_before_db`](Self::comb_before_db).
    pub comb_after_db: f64,
}

/// How two tracks belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// A close microphone of the kit and the overheads.
    CloseToOverheads,
    /// Two microphones of one drum: kick in and out, snare top and bottom.
    SameDrum,
    /// Direct signal and amplifier.
    DirectAndAmp,
    /// Several microphones of one cabinet.
    Cabinet,
    /// Two sides of one instrument: polarity only.
    Sides,
}

/// What a decision rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// Lag and sign of the cross-spectrum's peak; both gates passed.
    CrossSpectrum,
    /// Energy between 40 and 300 Hz of sum against difference: polarity only.
    LowEnergy,
}
