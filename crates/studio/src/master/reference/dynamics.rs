//! How much each band is compressed.

use super::levels::Spread;

/// Most reduction of the loud moments of a band, dB (mastering.md §5.8: at most 2 dB at the 90th percentile).
const MOST_DB: f64 = 2.0;
/// Steepest slope, 1 - 1/ratio (mastering.md §5.8: 0.15 to 0.3).
const MOST_SLOPE: f64 = 0.3;
/// Less is left alone, dB. By our own convention, not yet calibrated.
const WORTH_DB: f64 = 0.3;
/// A band this quiet holds nothing to even out, dBFS.
const QUIET_DBFS: f64 = -55.0;

/// What one band of the compressor does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Squeeze {
    /// Where it begins.
    pub(super) threshold_db: f64,
    /// Decibels in for one out.
    pub(super) ratio: f64,
    /// What comes off the loud moments, dB.
    pub(super) reduction_db: f64,
}

/// Takes `amount` of what the loud moments of a band stand higher over the usual ones than in the reference. Compresses only: a
/// reference that moves more is no reason to expand.
pub(super) fn squeeze(print: Spread, reference_reach_db: f64, amount: f64) -> Option<Squeeze> {
    let more_db = print.reach_db() - reference_reach_db;
    let reduction_db = (amount * more_db).min(MOST_DB).min(MOST_SLOPE * print.reach_db());
    if reduction_db < WORTH_DB || print.p95_dbfs < QUIET_DBFS {
        return None;
    }
    // From the median up, so that the usual moments stay as they are.
    let threshold_db = ((print.median_dbfs * 10.0).round() / 10.0).clamp(-60.0, 0.0);
    let slope = reduction_db / print.reach_db();
    let ratio = (100.0 / (1.0 - slope)).round() / 100.0;
    Some(Squeeze { threshold_db, ratio, reduction_db })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: Spread = Spread { median_dbfs: -24.0, p95_dbfs: -14.0 };

    #[test]
    fn a_third_of_the_difference_comes_off_the_loud_moments() {
        let squeeze = squeeze(PRINT, 6.0, 0.3).expect("there is a difference");
        assert!((squeeze.reduction_db - 1.2).abs() < 1e-12);
        let taken = (PRINT.p95_dbfs - squeeze.threshold_db) * (1.0 - 1.0 / squeeze.ratio);
        assert!((taken - 1.2).abs() < 0.1, "{taken}");
    }

    #[test]
    fn it_never_expands_and_never_takes_more_than_two_decibels() {
        assert_eq!(squeeze(PRINT, 14.0, 1.0), None);
        assert_eq!(squeeze(PRINT, 10.0, 1.0), None);
        assert_eq!(squeeze(PRINT, 1.0, 1.0).map(|squeeze| squeeze.reduction_db), Some(2.0));
        assert_eq!(squeeze(PRINT, 1.0, 0.0), None);
        let quiet = Spread { median_dbfs: -75.0, p95_dbfs: -60.0 };
        assert_eq!(squeeze(quiet, 1.0, 1.0), None);
    }
}
