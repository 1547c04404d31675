//! How listeners judge reverberation (C11): the model of relative reverberation loudness.

use crate::close::{Powers, momentary_lufs};
use dsp::math::{exp, ln, log10};

/// Coefficients of the logistic model (mixing rules, C11, from De Man et al. 2017): loudness, logarithm of early decay time, constant.
const LOUDNESS: f64 = 0.4866;
const DECAY: f64 = 2.5619;
const CONSTANT: f64 = 6.7767;
/// What is softer is silence (BS.1770-5, annex 1); there is nothing to compare there.
const SILENCE_LUFS: f64 = -70.0;

/// Share of listeners who call it too reverberant: wet against dry in LU, early decay time in seconds.
#[must_use]
pub(super) fn over_reverberant(relative_lu: f64, edt_seconds: f64) -> f64 {
    let x = LOUDNESS * relative_lu + DECAY * log10(edt_seconds.max(0.05)) + CONSTANT;
    1.0 / (1.0 + exp(-x))
}

/// The share to aim at: the style's at strength 1; half way to nothing less, half way to 0.5 more, on the scale of the model (a
/// slider from 0.1 at 0.5 to 0.5 at 1.5 for the usual 0.25).
#[must_use]
pub(super) fn amount(usual: f64, strength: f64) -> f64 {
    let logit = |p: f64| ln(p / (1.0 - p));
    let steps = 2.0 * (logit(0.5) - logit(0.25));
    let x = logit(usual) + (strength - 1.0) * steps;
    (1.0 / (1.0 + exp(-x))).clamp(0.03, 0.5)
}

/// Mean of momentary loudness of the wet less that of the dry sound, LU, where the dry one sounds; `None` where it never does.
#[must_use]
pub(super) fn reverberation_lu(wet: &Powers, dry_lufs: &[f64]) -> Option<f64> {
    let pairs = momentary_lufs(wet);
    let own: Vec<f64> = pairs
        .iter()
        .zip(dry_lufs)
        .filter(|(wet, dry)| **wet > SILENCE_LUFS && **dry > SILENCE_LUFS)
        .map(|(wet, dry)| wet - dry)
        .collect();
    (!own.is_empty()).then(|| own.iter().sum::<f64>() / own.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::meter::loudness::power_of_lufs;

    #[test]
    fn the_model_gives_the_table_of_the_mixing_rules() {
        // C11: early decay time, loudness at P = 0.10, 0.25, 0.50, 0.75.
        for (edt, table) in [
            (0.4, [-16.3, -14.1, -11.8, -9.6]),
            (1.0, [-18.4, -16.2, -13.9, -11.7]),
            (2.0, [-20.0, -17.8, -15.5, -13.3]),
        ] {
            for (lu, p) in table.into_iter().zip([0.10, 0.25, 0.50, 0.75]) {
                let got = over_reverberant(lu, edt);
                assert!((got - p).abs() < 0.012, "{edt} s, {lu} LU: {got}");
            }
        }
    }

    #[test]
    fn the_slider_goes_from_a_tenth_over_a_quarter_to_a_half() {
        for (strength, p) in [(0.5, 0.1), (1.0, 0.25), (1.5, 0.5)] {
            assert!((amount(0.25, strength) - p).abs() < 1e-9, "{strength}");
        }
        assert!(amount(0.25, 0.2) < amount(0.25, 0.4));
    }

    #[test]
    fn pauses_of_the_dry_sound_do_not_count() {
        let dry: Vec<f64> = [vec![power_of_lufs(-20.0); 100], vec![0.0; 100]].concat();
        let wet = vec![power_of_lufs(-36.0); 200];
        let lu = reverberation_lu(&wet, &momentary_lufs(&dry)).unwrap();
        // The few values at the edge, where the dry sound falls, weigh a little.
        assert!((lu + 16.0).abs() < 0.5, "{lu}");
        assert_eq!(reverberation_lu(&wet, &[f64::NEG_INFINITY; 200]), None);
    }
}
