//! ReplayGain 2.0: what a player needs to play files equally loud.
//!
//! Source: ReplayGain 2.0 specification (wiki.hydrogenaudio.org): gain = -18 LUFS less the integrated loudness of BS.1770, `%.2f dB`; peak linear,
//! `%.6f`. An album is gated over the pooled blocks of its tracks.

use crate::meters::{Measurements, album_lufs};
use dsp::math::db_to_gain;

/// Level that files are brought to.
const REFERENCE_LUFS: f64 = -18.0;
/// Level of the tags of Opus. Source: RFC 7845, section 5.2.1.
const OPUS_REFERENCE_LUFS: f64 = -23.0;

/// Gain and peak of a track or an album.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// What a player adds.
    pub gain_db: f64,
    /// Linear true peak.
    pub peak: f64,
}

impl Gain {
    /// Of a loudness and a true peak.
    #[must_use]
    pub fn new(integrated_lufs: f64, true_peak_dbtp: f64) -> Self {
        Self { gain_db: REFERENCE_LUFS - integrated_lufs, peak: db_to_gain(true_peak_dbtp) }
    }

    /// Of a track; `None` for silence and for what is too short to have a loudness.
    #[must_use]
    pub fn of(measured: &Measurements) -> Option<Self> {
        let lufs = measured.integrated_lufs.filter(|lufs| lufs.is_finite())?;
        Some(Self::new(lufs, measured.true_peak_dbtp))
    }

    /// Of an album.
    #[must_use]
    pub fn of_album(tracks: &[&Measurements]) -> Option<Self> {
        let lufs = album_lufs(tracks.iter().copied()).filter(|lufs| lufs.is_finite())?;
        let peak = tracks.iter().map(|track| track.true_peak_dbtp).fold(f64::NEG_INFINITY, f64::max);
        Some(Self::new(lufs, peak))
    }

    /// The value of Opus tags (`R128_TRACK_GAIN`, `R128_ALBUM_GAIN`): Q7.8 re -23 LUFS.
    #[must_use]
    pub fn opus_q8(self) -> i16 {
        let lufs = REFERENCE_LUFS - self.gain_db;
        ((OPUS_REFERENCE_LUFS - lufs) * 256.0).round().clamp(-32768.0, 32767.0) as i16
    }
}

/// Tags of a track and, where it is known, of its album.
pub(crate) fn pairs(track: Gain, album: Option<Gain>) -> Vec<(String, String)> {
    let mut pairs = vec![("REPLAYGAIN_REFERENCE_LOUDNESS".to_owned(), format!("{REFERENCE_LUFS:.2} LUFS"))];
    for (name, gain) in [("TRACK", Some(track)), ("ALBUM", album)] {
        let Some(gain) = gain else { continue };
        // Not "-0.00".
        let gain_db = (gain.gain_db * 100.0).round() / 100.0 + 0.0;
        pairs.push((format!("REPLAYGAIN_{name}_GAIN"), format!("{gain_db:.2} dB")));
        pairs.push((format!("REPLAYGAIN_{name}_PEAK"), format!("{:.6}", gain.peak)));
    }
    pairs
}

/// Tags as long as they can get, to keep room for those that are measured later.
pub(super) fn widest() -> Vec<(String, String)> {
    let widest = Gain { gain_db: -111.11, peak: 10.0 };
    pairs(widest, Some(widest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tags_are_those_loudgain_writes() {
        // By hand from loudgain's own example: -28.62 LUFS, peak -18.58 dBTP.
        let gain = Gain::new(-28.62, -18.579_8);
        let found = pairs(gain, None);
        let wanted = [
            ("REPLAYGAIN_REFERENCE_LOUDNESS", "-18.00 LUFS"),
            ("REPLAYGAIN_TRACK_GAIN", "10.62 dB"),
            ("REPLAYGAIN_TRACK_PEAK", "0.117763"),
        ];
        for ((name, text), (wanted_name, wanted_text)) in found.iter().zip(wanted) {
            assert_eq!(name, wanted_name);
            // The peak within the rounding of the example's level.
            assert!(text == wanted_text || name.ends_with("PEAK"), "{text}");
        }
        assert!((gain.peak - 0.117_765).abs() < 1e-5, "{}", gain.peak);
        assert_eq!(pairs(Gain::new(-18.001, 0.0), None)[1].1, "0.00 dB");
        assert_eq!(pairs(gain, Some(Gain::new(-20.0, 0.0)))[3].1, "2.00 dB");
    }

    #[test]
    fn opus_counts_from_minus_23_in_256ths() {
        // RFC 7845: 256 is one decibel. -28.66 LUFS is 5.66 dB under the reference: 1449.
        assert_eq!(Gain::new(-28.66, 0.0).opus_q8(), 1449);
        assert_eq!(Gain::new(-23.0, 0.0).opus_q8(), 0);
        assert_eq!(Gain::new(-14.0, 0.0).opus_q8(), -2304);
    }
}
