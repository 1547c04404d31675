//! Which moments are sound and which are pauses (C0), and loudness from powers of 50 ms.

use super::film::momentary_powers;
use dsp::meter::loudness::{lufs_of_power, power_of_lufs};

/// Under the 95th percentile at which a sound begins and ends, LU (C0).
const OPEN_LU: f64 = -20.0;
const CLOSE_LU: f64 = -25.0;
/// Nothing under this is sound (C0, after Mansbridge 2012).
const FLOOR_LUFS: f64 = -70.0;
/// Shortest sound, and what it is held for, in values of 50 ms (C0: 200 and 300 ms).
const LEAST: usize = 4;
const HOLD: usize = 6;
/// Values of 50 ms in 400 ms.
const MOMENTARY: usize = 8;

/// A percentile (0 to 1) of values, by the nearest rank; `None` of nothing.
pub(crate) fn percentile(mut values: Vec<f64>, share: f64) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let rank = ((values.len() - 1) as f64 * share).round() as usize;
    let (_, value, _) = values.select_nth_unstable_by(rank, f64::total_cmp);
    Some(*value)
}

/// One flag for each 50 ms.
pub(super) fn activity(powers: &[f32]) -> Vec<bool> {
    let momentary = momentary_powers(powers);
    let floor = power_of_lufs(FLOOR_LUFS);
    let loud: Vec<f64> = momentary.iter().copied().filter(|power| *power > floor).collect();
    let Some(reference) = percentile(loud, 0.95) else {
        return vec![false; powers.len()];
    };
    let reference = lufs_of_power(reference);
    let open = power_of_lufs(f64::max(reference + OPEN_LU, FLOOR_LUFS));
    let close = power_of_lufs(f64::max(reference + CLOSE_LU, FLOOR_LUFS));
    let mut active = vec![false; powers.len()];
    let (mut on, mut held) = (false, 0);
    for (index, flag) in active.iter_mut().enumerate() {
        // The window of 400 ms around this value.
        let power = centred(powers, &momentary, index);
        if power > open {
            (on, held) = (true, HOLD);
        } else if power < close {
            held = if on { held.saturating_sub(1) } else { 0 };
            on = held > 0;
        }
        *flag = on;
    }
    drop_short(&mut active);
    active
}

fn centred(powers: &[f32], momentary: &[f64], index: usize) -> f64 {
    let half = MOMENTARY / 2;
    index.checked_sub(half).map_or_else(
        || powers.iter().take(index + half).map(|power| f64::from(*power)).sum::<f64>() / MOMENTARY as f64,
        |start| momentary.get(start).copied().unwrap_or(0.0),
    )
}

/// Runs shorter than 200 ms are clicks, not sound.
fn drop_short(active: &mut [bool]) {
    let mut start = 0;
    while start < active.len() {
        let on = active[start];
        let length = active[start..].iter().take_while(|flag| **flag == on).count();
        if on && length < LEAST {
            active[start..start + length].fill(false);
        }
        start += length;
    }
}

/// Integrated loudness of BS.1770-5: blocks of 400 ms every 100 ms, both gates. `None` when nothing passes.
pub(super) fn integrated_lufs(powers: &[f32]) -> Option<f64> {
    let whole = powers.len().checked_sub(MOMENTARY)? + 1;
    let mut blocks: Vec<f64> = momentary_powers(powers).into_iter().take(whole).step_by(2).collect();
    let mean = |powers: &[f64]| powers.iter().sum::<f64>() / powers.len() as f64;
    let floor = power_of_lufs(FLOOR_LUFS);
    blocks.retain(|power| *power > floor);
    // -10 LU under the mean of what is left (BS.1770-5, annex 1, equation 6).
    let gate = 0.1 * mean(&blocks);
    blocks.retain(|power| *power > gate);
    (!blocks.is_empty()).then(|| lufs_of_power(mean(&blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn powers(parts: &[(f64, usize)]) -> Vec<f32> {
        parts.iter().flat_map(|(lufs, count)| vec![power_of_lufs(*lufs) as f32; *count]).collect()
    }

    #[test]
    fn pauses_are_pauses_at_any_gain() {
        for gain in [-30.0, 0.0, 20.0] {
            let course = powers(&[(-20.0 + gain, 200), (-60.0 + gain, 100), (-22.0 + gain, 100)]);
            let active = activity(&course);
            assert!(active[10..200].iter().all(|on| *on) && active[305..].iter().all(|on| *on), "{gain}");
            // 400 ms of window and 300 ms of hold after the sound.
            assert!(active[212..295].iter().all(|on| !on), "{gain}");
        }
        assert!(activity(&powers(&[(-75.0, 100)])).iter().all(|on| !on));
        assert_eq!(activity(&[]), Vec::<bool>::new());
    }

    #[test]
    fn integrated_loudness_gates_as_the_meter_does() {
        // EBU Tech 3341, case 3: -36, -23, -36 LUFS for 10, 60, 10 s is -23.
        let course = powers(&[(-36.0, 200), (-23.0, 1200), (-36.0, 200)]);
        let found = integrated_lufs(&course).unwrap();
        assert!((found + 23.0).abs() < 0.1, "{found}");
        assert_eq!(integrated_lufs(&powers(&[(-71.0, 100)])), None);
        assert_eq!(integrated_lufs(&powers(&[(-20.0, 7)])), None);
    }

    #[test]
    fn percentiles_are_ranks() {
        let values: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(percentile(values.clone(), 0.95), Some(95.0));
        assert_eq!(percentile(values, 0.0), Some(0.0));
        assert_eq!(percentile(Vec::new(), 0.5), None);
    }
}
