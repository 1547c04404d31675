//! Files and channels without sound.

use super::{Case, blocker};
use crate::message::Finding;
use dsp::math;

/// Nothing above this is sound: below the noise of any converter and of 16-bit dither.
const SILENT_DBFS: f64 = -90.0;
/// A side this far below the other carries nothing. reference mixing.md C1 I6/I7 (-60 dB).
const ONE_SIDE_DB: f64 = -60.0;

/// A file in which nothing sounds, or nothing that loudness would count.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let peak_dbfs = math::gain_to_db(case.analysis.peak());
    if peak_dbfs < SILENT_DBFS {
        return Some(
            blocker(format!("silent: peak {peak_dbfs:.1} dBFS")).limit("above -90 dBFS").advice(EXPORT),
        );
    }
    // ITU-R BS.1770-5: blocks below the absolute gate of -70 LUFS do not count. Short files are the business of another rule.
    (case.integrated_lufs.is_none() && case.analysis.seconds() >= 0.4).then(|| {
        blocker(format!("nothing is louder than -70 LUFS (peak {peak_dbfs:.1} dBFS)"))
            .limit("some sound above the gate of ITU-R BS.1770, -70 LUFS")
            .advice(EXPORT)
    })
}

const EXPORT: &str = "check that tracks were not muted and the right output was exported, and export again";

/// One of two channels carries nothing.
pub(super) fn one_channel(case: &Case<'_>) -> Option<Finding> {
    if case.analysis.channels().len() != 2 {
        return None;
    }
    let (left, right) = (case.analysis.rms(0), case.analysis.rms(1));
    let difference_db = math::gain_to_db(left.min(right)) - math::gain_to_db(left.max(right));
    let name = if left < right { "left" } else { "right" };
    (left.max(right) > 0.0 && difference_db < ONE_SIDE_DB).then(|| {
        let found = if difference_db.is_finite() {
            format!("{:.0} dB below the other", -difference_db)
        } else {
            "empty".to_owned()
        };
        blocker(format!("the {name} channel is {found}"))
            .limit("60 dB")
            .advice("check the output routing; if the song is meant to be mono, export it as mono")
    })
}
