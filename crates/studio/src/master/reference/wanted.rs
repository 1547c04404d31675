//! The curve that moves one spectrum to another, within limits.

use super::grid::{self, Curve, POINTS};
use super::picture::{FINE_OCTAVES, Picture, SMOOTHING_OCTAVES};

/// What is wanted of an equaliser.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Gain at every point, dB; a common constant does not count.
    pub(super) db: Curve,
    /// How much a point counts.
    pub(super) weight: Curve,
    /// The whole difference, before limits, dB.
    pub(super) distance: Curve,
    /// Root mean square distance of the spectra, dB.
    pub(super) distance_db: f64,
    /// Largest gain before the limits, dB, and where.
    pub(super) largest: (f64, f64),
    /// Points that would have been lifted but hold only noise.
    pub(super) held: usize,
}

/// Beyond the compared range the curve goes on as it ended, and counts this little: enough that no filter turns up there.
const BEYOND: f64 = 0.15;

/// From `print` to `reference`, not more than `most_db` either way; where `noise` is, nothing is lifted. `fine`: by sixths of an
/// octave instead of thirds. `None` when the two have no common range.
pub(super) fn wanted(
    print: &Picture,
    reference: &Picture,
    noise: &[bool; POINTS],
    most_db: f64,
    fine: bool,
) -> Option<Wanted> {
    let valid: [bool; POINTS] = std::array::from_fn(|point| print.valid[point] && reference.valid[point]);
    let (to, from, octaves) = match fine {
        true => (&reference.fine_db, &print.fine_db, FINE_OCTAVES),
        false => (&reference.tone_db, &print.tone_db, SMOOTHING_OCTAVES),
    };
    let difference: Curve = std::array::from_fn(|point| to[point] - from[point]);
    let middle = median((0..POINTS).filter(|p| valid[*p] && !noise[*p]).map(|p| difference[p]).collect())
        .or_else(|| median((0..POINTS).filter(|p| valid[*p]).map(|p| difference[p]).collect()))?;
    let centred = difference.map(|db| db - middle);
    let mut largest = (0.0_f64, 0.0);
    let (mut squares, mut count, mut held) = (0.0, 0.0, 0);
    let mut limited = [0.0; POINTS];
    for point in (0..POINTS).filter(|point| valid[*point]) {
        squares += centred[point] * centred[point];
        count += 1.0;
        limited[point] = centred[point].clamp(-most_db, most_db);
        if noise[point] && limited[point] > 0.0 {
            limited[point] = 0.0;
            held += 1;
        } else if centred[point].abs() > f64::abs(largest.0) {
            largest = (centred[point], grid::centre_hz(point));
        }
    }
    let soft = grid::smoothed(&limited, &valid, 0.5 * octaves);
    let first = valid.iter().position(|valid| *valid)?;
    let last = valid.iter().rposition(|valid| *valid)?;
    Some(Wanted {
        // Beyond the end of a print lies what its encoder or converter left: the curve may fall there, not rise.
        db: std::array::from_fn(|point| {
            let edge = soft[point.clamp(first, last)];
            if point > last && noise[point] { edge.min(0.0) } else { edge }
        }),
        weight: std::array::from_fn(|point| if valid[point] { 1.0 } else { BEYOND }),
        distance: centred,
        distance_db: f64::sqrt(squares / count),
        largest,
        held,
    })
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
