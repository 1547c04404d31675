//! Where microphones go that hang on others.

use super::{Alignment, Basis};
use std::collections::BTreeMap;

/// What is known of microphones besides what is to be done with them. Frames are those of the song.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Polarity that seemed likelier, though not surely so.
    pub(super) leans: BTreeMap<usize, bool>,
    /// Delay that was decided, before it was rounded.
    exact_frames: BTreeMap<usize, f64>,
    /// Delay and polarity of the second microphone of a drum against the overheads themselves.
    pub(super) straight: BTreeMap<usize, (f64, bool)>,
}

impl Known {
    /// Where a track goes that is `frames` from its reference: what the reference does, it does as well.
    pub(super) fn place(
        &mut self,
        track: usize,
        settled: Option<&Alignment>,
        (frames, inverted, basis): (f64, bool, Basis),
        most_frames: f64,
    ) -> f64 {
        let moved = |settled: &Alignment| {
            self.exact_frames.get(&settled.track).copied().unwrap_or(f64::from(settled.delay_frames))
        };
        let mut frames = frames + settled.map_or(0.0, moved);
        if settled.is_some() && basis == Basis::CrossSpectrum {
            frames = self.both_ways(track, (frames, inverted), most_frames);
        }
        self.exact_frames.insert(track, frames.max(0.0));
        frames
    }

    /// Where a second microphone goes that belongs at `frames` by way of the first: half way to where the overheads have it, if both ways
    /// agree. They are measured on different signals, so what is wrong with one is not wrong with the other.
    fn both_ways(&self, track: usize, (frames, inverted): (f64, bool), most_frames: f64) -> f64 {
        match self.straight.get(&track) {
            Some((straight, turned)) if *turned == inverted && (straight - frames).abs() <= most_frames => {
                0.5 * (straight + frames)
            }
            _ => frames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Relation;
    use super::*;

    #[test]
    fn a_second_microphone_goes_half_way_between_two_ways_that_agree() {
        let kick_in = Alignment {
            track: 0,
            reference: 9,
            kind: Relation::CloseToOverheads,
            delay_frames: 280,
            invert: true,
            basis: Basis::CrossSpectrum,
            confidence: 0.8,
            hits: 30,
            peak_ratio: 2.0,
            spread_frames: 0.5,
            low_sum_before_db: 0.0,
            low_sum_after_db: 0.0,
            comb_before_db: 0.0,
            comb_after_db: 0.0,
        };
        let place = |straight: Option<(f64, bool)>, basis: Basis| {
            let mut known = Known::default();
            known.exact_frames.insert(0, 279.5);
            known.straight.extend(straight.map(|straight| (1, straight)));
            let place = known.place(1, Some(&kick_in), (-76.0, false, basis), 5.0);
            assert_eq!(known.exact_frames.get(&1), Some(&place), "what hangs on it goes from there");
            place
        };
        // By way of the first one, unrounded: 279.5 - 76.
        assert_eq!(place(None, Basis::CrossSpectrum), 203.5);
        assert_eq!(place(Some((200.0, false)), Basis::CrossSpectrum), 201.75);
        // Too far away, or the other way round: another sound.
        assert_eq!(place(Some((198.0, false)), Basis::CrossSpectrum), 203.5);
        assert_eq!(place(Some((200.0, true)), Basis::CrossSpectrum), 203.5);
        // Nothing was found between the two: they stay as they were recorded.
        assert_eq!(place(Some((200.0, false)), Basis::Follows), 203.5);
        // Nothing goes ahead of what was recorded.
        let mut known = Known::default();
        assert_eq!(known.place(2, None, (-40.0, false, Basis::CrossSpectrum), 5.0), -40.0);
        assert_eq!(known.exact_frames.get(&2), Some(&0.0));
    }
}
