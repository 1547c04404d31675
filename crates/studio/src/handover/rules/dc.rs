//! Direct current.

use super::{Case, warning};
use crate::message::Finding;

/// Offset that costs headroom and clicks at every edit. reference mastering.md 5.16 (0.5 %).
const LIMIT: f64 = 0.005;

/// Mean of the worst channel.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let worst = (0..case.analysis.channels().len()).map(|channel| case.analysis.dc(channel)).fold(
        0.0,
        |worst: f64, dc| {
            if dc.abs() > worst.abs() { dc } else { worst }
        },
    );
    (worst.abs() > LIMIT).then(|| {
        warning(format!("direct current of {:+.2} % of full scale", 100.0 * worst)).limit("0.5 %").advice(
            "put a high-pass at 20 Hz or a DC filter on the track it comes from; mastering will remove it",
        )
    })
}
