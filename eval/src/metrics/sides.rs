//! Whether both sides work together.

/// Correlation is asked for over this time (the mixing rules, C6), every so often, seconds.
const OVER_SECONDS: f64 = 3.0;
const EVERY_SECONDS: f64 = 0.1;
/// What is softer than this against the whole is no music any more but its last echo, dB (the gate of loudness range, EBU Tech 3342).
const GATE_DB: f64 = -20.0;

/// Part of the time in which left and right work against each other; `None` for what is not stereo or silent.
pub(super) fn negative_part(planes: &[Vec<f32>], rate_hz: f64) -> Option<f64> {
    let [left, right] = planes else { return None };
    let hop = ((EVERY_SECONDS * rate_hz).round() as usize).max(1);
    // Left, right and both together, of every hop.
    let sums: Vec<[f64; 3]> = left
        .chunks(hop)
        .zip(right.chunks(hop))
        .map(|(left, right)| {
            let power = |plane: &[f32]| plane.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>();
            [
                power(left),
                power(right),
                left.iter().zip(right).map(|(l, r)| f64::from(*l) * f64::from(*r)).sum(),
            ]
        })
        .collect();
    let over = ((OVER_SECONDS / EVERY_SECONDS).round() as usize).min(sums.len()).max(1);
    let mean = sums.iter().map(|[left, right, _]| left + right).sum::<f64>() / sums.len().max(1) as f64;
    let gate = mean * over as f64 * dsp::math::db_to_power(GATE_DB);
    let of = |window: &[[f64; 3]]| {
        let sum = |which: usize| window.iter().map(|hop| hop[which]).sum::<f64>();
        (sum(0) + sum(1) > gate).then(|| sum(2) < 0.0)
    };
    let told: Vec<bool> = sums.windows(over).filter_map(of).collect();
    (!told.is_empty()).then(|| told.iter().filter(|against| **against).count() as f64 / told.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sides_against_each_other_count_while_there_is_music() {
        let wave = |seconds: f64, level: f64| -> Vec<f32> {
            (0..(seconds * 8_000.0) as usize)
                .map(|n| (level * dsp::math::sin(0.1 * n as f64)) as f32)
                .collect()
        };
        let part = |turned: &[f32]| {
            let left: Vec<f32> = wave(10.0, 0.5).into_iter().chain(turned.iter().map(|x| -x)).collect();
            let right: Vec<f32> = wave(10.0, 0.5).into_iter().chain(turned.iter().copied()).collect();
            negative_part(&[left, right], 8_000.0).unwrap()
        };
        assert_eq!(part(&[]), 0.0);
        // As loud for as long: the windows of more than half.
        assert!((part(&wave(10.0, 0.5)) - 0.5).abs() < 0.01, "{}", part(&wave(10.0, 0.5)));
        // 26 dB softer is the last echo; 14 dB softer is still music.
        assert_eq!(part(&wave(5.0, 0.025)), 0.0);
        assert!(part(&wave(5.0, 0.1)) > 0.1);
        assert_eq!(negative_part(&[vec![1.0; 100]], 8_000.0), None);
        assert_eq!(negative_part(&[vec![0.0; 100], vec![0.0; 100]], 8_000.0), None);
    }
}
