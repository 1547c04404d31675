//! What of a microphone's spectrum belongs to its own drum.
//!
//! A cymbal that is struck together with a bass drum reaches both of its microphones, and in step: no correlation tells it from the drum.
//! But it is also struck where the drum rests. So a bin counts as far as strokes stand over what the same microphone hears of
//! others.

use super::lag::window;
use dsp::fft::RealFft;
use dsp::math;

/// From this far over other moments on a bin begins to count, and from here on wholly, dB. By our own convention: at 3 dB half of the
/// power is the drum's, at 9 dB seven eighths.
const BEGINS_DB: f64 = 3.0;
const WHOLLY_DB: f64 = 9.0;
/// Powers are compared over this part of an octave to either side, as single bins of few strokes scatter. By our own convention.
const ROUND_OCTAVES: f64 = 1.0 / 6.0;

/// Mean power of pieces in bins of a transform of twice their size, summed round every bin.
fn powers(pieces: &[&[f64]]) -> Option<Vec<f64>> {
    let size = pieces.first()?.len();
    let (mut plan, window) = (RealFft::new(2 * size), window(size));
    let bins = plan.bins();
    let (mut re, mut im, mut sums) = (vec![0.0; bins], vec![0.0; bins], vec![0.0; bins + 1]);
    for piece in pieces.iter().filter(|piece| piece.len() == size) {
        let mut padded = vec![0.0; 2 * size];
        padded.iter_mut().zip(*piece).zip(&window).for_each(|((y, x), w)| *y = x * w);
        plan.forward(&padded, &mut re, &mut im);
        sums[1..].iter_mut().zip(re.iter().zip(&im)).for_each(|(sum, (x, y))| *sum += x * x + y * y);
    }
    // Running sums, so that a stretch of bins is one difference.
    for bin in 1..=bins {
        sums[bin] += sums[bin - 1];
    }
    let wide = math::exp2(ROUND_OCTAVES);
    let around = |bin: usize| {
        let (low, high) = ((bin as f64 / wide) as usize, (bin as f64 * wide).ceil() as usize);
        sums[(high + 1).min(bins)] - sums[low]
    };
    let count = pieces.len() as f64;
    Some((0..bins).map(|bin| around(bin) / count).collect())
}

/// How much each bin counts, 0 to 1; empty where there is nothing to compare with.
pub(super) fn standing(strokes: &[&[f64]], rest: &[&[f64]]) -> Vec<f64> {
    let (Some(own), Some(others)) = (powers(strokes), powers(rest)) else { return Vec::new() };
    let counts = |(own, others): (&f64, &f64)| {
        let over = math::power_to_db((own / others.max(f64::MIN_POSITIVE)).clamp(1e-6, 1e6));
        ((over - BEGINS_DB) / (WHOLLY_DB - BEGINS_DB)).clamp(0.0, 1.0)
    };
    own.iter().zip(&others).map(counts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sounds_all_the_time_does_not_count_and_what_is_struck_does() {
        let tone = |hz: f64, level: f64| -> Vec<f64> {
            (0..4096).map(|n| level * math::sin(math::TAU * hz * f64::from(n) / 48_000.0)).collect()
        };
        let (drum, cymbal) = (tone(100.0, 0.5), tone(5_000.0, 0.3));
        let stroke: Vec<f64> = drum.iter().zip(&cymbal).map(|(a, b)| a + b).collect();
        let stand = standing(&[&stroke, &stroke], &[&cymbal]);
        let at = |hz: f64| stand[(hz / 48_000.0 * 8192.0).round() as usize];
        assert!(at(100.0) > 0.99 && at(5_000.0) == 0.0, "{} {}", at(100.0), at(5_000.0));
        // 6 dB louder than elsewhere: half way.
        let louder = tone(5_000.0, 0.3 * math::db_to_gain(6.0));
        let half = standing(&[&louder], &[&cymbal])[(5_000.0 / 48_000.0 * 8192.0_f64).round() as usize];
        assert!((half - 0.5).abs() < 0.01, "{half}");
        assert!(standing(&[&stroke], &[]).is_empty());
    }
}
