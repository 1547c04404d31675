//! How loud each song is meant to be against the others.
//!
//! The figure is the short-term loudness that is exceeded in a twentieth of the time (STL95, mastering.md §5.12): how loud a
//! song is where it is loud. Prints come at wild levels, and a level says little about what was meant: a song is taken for
//! quiet (or loud) only where it is so both as it was printed and at equal peaks, and by the smaller of the two differences.
//! A song at -20 dB as dense as the others was printed low; a piano at the same peak as the band is quieter, and is meant to be.
//!
//! Of what was meant, the record keeps:
//!
//! ```text
//!              quieter by more than 4 LU   4 LU quieter … 4 LU louder   louder
//! is planned   -2 LU, and 0.9 of the rest  half                         +2 LU, never more
//! ```
//!
//! So songs of one kind come close together, and what is much quieter stays much quieter.

use dsp::limiter::model::SHORT_TERM_PERCENTILE as PERCENTILE;
use serde::Serialize;

/// Differences up to this are evened out by half, LU.
const NEAR_LU: f64 = 4.0;
const SHARE_NEAR: f64 = 0.5;
/// Of what lies beyond, so much is kept. By calibration, 2026-11-21, see docs/decisions/041.
const SHARE_FAR: f64 = 0.9;
/// No song is planned louder than this over the others: services turn a whole album by one gain, so the loudest song pays for
/// all (mastering.md §5.12: no track above the median + 2 LU).
pub(super) const MOST_LU: f64 = 2.0;

/// Short-term loudness below this does not count: the absolute gate of BS.1770-5.
const GATE_LUFS: f64 = -70.0;

/// Short-term loudness exceeded in a twentieth of the time; `None` where there are no three seconds of sound.
#[must_use]
pub fn stl95_lufs(short_terms_lufs: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut heard: Vec<f64> = short_terms_lufs.into_iter().filter(|lufs| *lufs > GATE_LUFS).collect();
    heard.sort_by(f64::total_cmp);
    let top = heard.len().checked_sub(1)?;
    heard.get((PERCENTILE * top as f64).round() as usize).copied()
}

/// How loud a print is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Print {
    /// Short-term loudness exceeded in a twentieth of the time (integrated loudness where it is too short).
    pub stl95_lufs: f64,
    /// True peak.
    pub peak_dbtp: f64,
}

impl Print {
    /// Its loudness if its peak were at full scale.
    fn density_lufs(&self) -> f64 {
        self.stl95_lufs - self.peak_dbtp
    }
}

/// How far a print is from what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// As it was printed, LU.
    pub printed_lu: f64,
    /// At equal peaks, LU.
    pub equal_peaks_lu: f64,
}

impl Difference {
    /// The difference that was meant: what both agree on.
    #[must_use]
    pub fn meant_lu(&self) -> f64 {
        if self.printed_lu * self.equal_peaks_lu <= 0.0 {
            0.0
        } else if self.printed_lu.abs() < self.equal_peaks_lu.abs() {
            self.printed_lu
        } else {
            self.equal_peaks_lu
        }
    }
}

/// What the record keeps of a difference that was meant.
#[must_use]
pub fn planned_lu(meant_lu: f64) -> f64 {
    if meant_lu < -NEAR_LU {
        -NEAR_LU * SHARE_NEAR + (meant_lu + NEAR_LU) * SHARE_FAR
    } else {
        (meant_lu * SHARE_NEAR).min(MOST_LU)
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.filter(|value| value.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        count => 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]),
    }
}

/// Differences of prints from the anchor, or from the median of all.
pub(super) fn differences(prints: &[Print], anchor: Option<usize>) -> Vec<Difference> {
    let anchor = anchor.and_then(|index| prints.get(index));
    let level =
        anchor.map_or_else(|| median(prints.iter().map(|print| print.stl95_lufs)), |own| own.stl95_lufs);
    let density = anchor.map_or_else(|| median(prints.iter().map(Print::density_lufs)), Print::density_lufs);
    let of = |print: &Print| Difference {
        printed_lu: print.stl95_lufs - level,
        equal_peaks_lu: print.density_lufs() - density,
    };
    prints.iter().map(of).collect()
}

/// The plan for a song and why; `locked` keeps its level as printed.
pub(super) fn plan(difference: &Difference, locked: bool, anchor: &str) -> (f64, String) {
    let Difference { printed_lu, equal_peaks_lu } = *difference;
    let meant = difference.meant_lu();
    let found = format!("{printed_lu:+.1} LU re {anchor} as printed, {equal_peaks_lu:+.1} LU at equal peaks");
    let round = |lu: f64| (lu * 10.0).round() / 10.0;
    if locked {
        return (round(printed_lu), format!("{found}: locked, stays as printed"));
    }
    let planned = round(planned_lu(meant));
    let why = if meant == 0.0 {
        "the two disagree, so its level was no decision: to the others"
    } else if meant < -NEAR_LU {
        "quiet by intention: keeps most of it"
    } else if planned >= MOST_LU {
        "loud: held, so that it does not turn the whole record down"
    } else {
        "of the same kind: half of it is kept"
    };
    (planned, format!("{found}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(stl95_lufs: f64, peak_dbtp: f64) -> Print {
        Print { stl95_lufs, peak_dbtp }
    }

    #[test]
    fn the_law_is_that_of_the_table() {
        // Hand-worked: -10 is -2 and nine tenths of -6.
        for (meant, planned) in
            [(0.0, 0.0), (1.0, 0.5), (-3.0, -1.5), (-4.0, -2.0), (-10.0, -7.4), (3.0, 1.5), (9.0, 2.0)]
        {
            assert!((planned_lu(meant) - planned).abs() < 1e-12, "{meant}");
        }
    }

    #[test]
    fn a_low_print_comes_up_a_quiet_song_stays_and_a_crushed_one_is_held() {
        let prints = [
            print(-18.0, -3.0),
            print(-18.5, -3.0),
            print(-17.5, -3.0),
            // As dense as the others, 20 dB lower.
            print(-38.0, -23.0),
            // A piano: same peak, 10 LU quieter; and the same piano printed 12 dB lower still.
            print(-28.0, -3.0),
            print(-40.0, -15.0),
            // Limited to the ceiling.
            print(-8.0, 0.0),
        ];
        let plans: Vec<f64> = differences(&prints, None)
            .iter()
            .map(|difference| plan(difference, false, "the median").0)
            .collect();
        // By hand: the medians are -18.5 LUFS as printed and -15 at equal peaks. The third differs by +1.0 and +0.5, the piano
        // by -9.5 and -10.0, the low piano by -21.5 and -10.0, the crushed one by +10.5 and +7.0.
        let wanted = [0.0, 0.0, 0.25, 0.0, -2.0 - 0.9 * 5.5, -2.0 - 0.9 * 6.0, 2.0];
        for (plan, wanted) in plans.iter().zip(wanted) {
            assert!((plan - wanted).abs() < 0.051, "{plans:?}");
        }
        let locked = plan(&differences(&prints, None)[3], true, "the median").0;
        assert_eq!(locked, -19.5);
    }

    #[test]
    fn an_anchor_is_at_zero_whatever_the_others_are() {
        let prints = [print(-20.0, -3.0), print(-14.0, -3.0), print(-30.0, -3.0)];
        let differences = differences(&prints, Some(1));
        assert_eq!(differences[1].printed_lu, 0.0);
        assert_eq!(differences[0].printed_lu, -6.0);
    }

    #[test]
    fn the_percentile_counts_what_is_heard() {
        let mut values: Vec<f64> = (0..=100).map(|n| -f64::from(n) / 10.0).collect();
        values.extend([-90.0; 400]);
        assert_eq!(stl95_lufs(values), Some(-0.5));
        assert_eq!(stl95_lufs([-80.0]), None);
    }
}
