//! How wide each band is made.

use super::fit::Filter;
use super::portrait::Portrait;
use dsp::eq_design::Curve;

/// Bands.
pub(super) const BANDS: usize = 4;
/// Their edges, Hz; the crossovers of the imager, and the ends of what is compared.
pub(super) const EDGES_HZ: [f64; BANDS + 1] = [25.0, 200.0, 2500.0, 8000.0, 17_000.0];
/// Rails: no band is moved out of these, dB of side re mid (mastering.md §5.7: bass at most -11, elsewhere -14 to -4).
const RAILS_DB: [[f64; 2]; BANDS] = [[-25.0, -11.0], [-14.0, -4.0], [-14.0, -4.0], [-14.0, -4.0]];
/// A side so far under the middle is what converters and encoders leave: nothing to widen (mastering.md §5.6).
const LEAST_SIDE_DB: f64 = -30.0;
/// Most widening and most narrowing, dB (mastering.md §5.6: at most +4; narrowing by the limit of tone).
const MOST_DB: f64 = 4.0;
const LEAST_DB: f64 = -6.0;
/// Less is left alone, dB. By our own convention, not yet calibrated: 6 % of width.
const WORTH_DB: f64 = 0.5;

/// Side re mid of every band.
pub(super) fn side_mid_db(portrait: &Portrait) -> [Option<f64>; BANDS] {
    std::array::from_fn(|band| portrait.side_mid_db(EDGES_HZ[band], EDGES_HZ[band + 1]))
}

/// Gains of the side, band by band, that go `amount` of the way to the reference; 0 where nothing is done.
pub(super) fn gains_db(
    print: &[Option<f64>; BANDS],
    reference: &[Option<f64>; BANDS],
    amount: f64,
) -> [f64; BANDS] {
    std::array::from_fn(|band| match (print[band], reference[band]) {
        (Some(is), Some(wanted)) => gain_db(is, wanted, RAILS_DB[band], amount),
        _ => 0.0,
    })
}

fn gain_db(is_db: f64, wanted_db: f64, [least, most]: [f64; 2], amount: f64) -> f64 {
    // The rails hold a move back; they neither turn it round nor push it beyond the reference.
    let distance = wanted_db - is_db;
    let way = (wanted_db.clamp(least, most) - is_db).clamp(distance.min(0.0), distance.max(0.0));
    let nothing_there = way > 0.0 && is_db < LEAST_SIDE_DB;
    let gain = (amount * way).clamp(LEAST_DB, MOST_DB);
    if nothing_there || gain.abs() < WORTH_DB { 0.0 } else { gain }
}

/// Four shelves on the side that come to these gains: a low and a high shelf with one corner are together a plain gain, and what
/// differs from it at either end has a shelf of its own.
pub(super) fn shelves(gains_db: &[f64; BANDS]) -> [Filter; BANDS] {
    let [low, middle, high, top] = gains_db.map(|gain| (10.0 * gain).round() / 10.0);
    let shelf = |kind, freq_hz, gain_db: f64| Filter {
        kind,
        freq_hz,
        gain_db: (10.0 * gain_db).round() / 10.0,
        q: 0.71,
    };
    [
        shelf(Curve::LowShelf, EDGES_HZ[1], low - middle),
        shelf(Curve::LowShelf, EDGES_HZ[2], middle),
        shelf(Curve::HighShelf, EDGES_HZ[2], high),
        shelf(Curve::HighShelf, EDGES_HZ[3], top - high),
    ]
}

/// The band of a frequency.
pub(super) fn band_of(frequency_hz: f64) -> usize {
    EDGES_HZ[1..BANDS].iter().filter(|edge| frequency_hz >= **edge).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_way_is_gone_and_nothing_without_a_distance() {
        assert!((gain_db(-12.0, -8.0, RAILS_DB[1], 0.5) - 2.0).abs() < 1e-12);
        assert!((gain_db(-6.0, -10.0, RAILS_DB[1], 0.5) + 2.0).abs() < 1e-12);
        assert_eq!(gain_db(-8.0, -8.0, RAILS_DB[1], 1.0), 0.0);
        // Outside the rails, but so is the reference.
        assert_eq!(gain_db(-2.0, -2.0, RAILS_DB[1], 1.0), 0.0);
        assert_eq!(gain_db(-1.0, -2.0, RAILS_DB[1], 1.0), -1.0);
        assert_eq!(gain_db(-8.0, -7.2, RAILS_DB[1], 0.5), 0.0);
    }

    #[test]
    fn a_print_that_is_nearly_mono_is_never_widened() {
        // What makes +71 dB of side elsewhere (mastering.md §1.1).
        assert_eq!(gain_db(-90.0, -6.0, RAILS_DB[2], 1.0), 0.0);
        assert_eq!(gain_db(-31.0, -6.0, RAILS_DB[2], 1.0), 0.0);
        assert_eq!(gain_db(-29.0, -6.0, RAILS_DB[2], 1.0), MOST_DB);
    }

    #[test]
    fn a_reference_that_is_nearly_mono_narrows_to_the_rail_and_not_beyond() {
        assert_eq!(gain_db(-10.0, -80.0, RAILS_DB[1], 1.0), -4.0);
        // Already narrower than the rail: the rail does not widen it against the reference.
        assert_eq!(gain_db(-20.0, -80.0, RAILS_DB[1], 1.0), 0.0);
        assert_eq!(gain_db(-2.0, 10.0, RAILS_DB[1], 1.0), 0.0);
    }

    #[test]
    fn the_shelves_give_each_band_its_gain() {
        let at = |gains: [f64; BANDS], hz: f64| -> f64 {
            shelves(&gains).iter().map(|shelf| shelf.response_db(hz)).sum()
        };
        // The same everywhere: a plain gain, to the rounding of the prototypes.
        for hz in [30.0, 200.0, 1000.0, 2500.0, 6000.0, 16_000.0] {
            assert!((at([-2.0; 4], hz) + 2.0).abs() < 1e-9, "{hz}");
        }
        let gains = [-3.0, 1.0, 2.0, 4.0];
        for (hz, gain) in [(40.0, -3.0), (700.0, 1.0), (4500.0, 2.2), (20_000.0, 4.0)] {
            assert!((at(gains, hz) - gain).abs() < 0.5, "{hz}: {}", at(gains, hz));
        }
    }

    #[test]
    fn bass_stays_in_the_middle() {
        assert_eq!(gain_db(-13.0, -3.0, RAILS_DB[0], 1.0), 2.0);
        assert_eq!((band_of(100.0), band_of(200.0), band_of(3000.0), band_of(9000.0)), (0, 1, 2, 3));
    }
}
