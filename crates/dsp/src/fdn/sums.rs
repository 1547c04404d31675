//! Weighted sums of runs, kept in registers.

use super::{LINES, PIECE, Planes, REFLECTIONS};

/// One run for each reflection.
pub type Runs<'a> = [&'a [f64]; REFLECTIONS];

/// Frames summed at once, in registers.
const WIDE: usize = 4;

/// Adds runs, each times its gains and all times the weight of the frame, to `OUTS` sums.
#[inline]
pub fn add_taps<const OUTS: usize>(
    runs: &Runs<'_>,
    gains: &[[f64; OUTS]; REFLECTIONS],
    weights: Option<&[f64; PIECE]>,
    mut sums: [&mut [f64]; OUTS],
) {
    if let Some(weights) = weights {
        let mut fresh = [[0.0; PIECE]; OUTS];
        let frames = sums.first().map_or(0, |sum| sum.len());
        add_taps(runs, gains, None, fresh.each_mut().map(|plane| &mut plane[..frames]));
        for (sum, fresh) in sums.iter_mut().zip(&fresh) {
            sum.iter_mut().zip(fresh).zip(weights).for_each(|((sum, x), weight)| *sum += weight * x);
        }
        return;
    }
    let frames = sums.first().map_or(0, |sum| sum.len());
    let whole = frames - frames % WIDE;
    for n in (0..whole).step_by(WIDE) {
        let mut acc: [[f64; WIDE]; OUTS] =
            std::array::from_fn(|out| std::array::from_fn(|i| sums[out][n + i]));
        for (run, gains) in runs.iter().zip(gains) {
            let Some(x) = run.get(n..).and_then(<[f64]>::first_chunk::<WIDE>) else { continue };
            for (acc, gain) in acc.iter_mut().zip(gains) {
                acc.iter_mut().zip(x).for_each(|(acc, x)| *acc += gain * x);
            }
        }
        for (sum, acc) in sums.iter_mut().zip(acc) {
            sum[n..n + WIDE].copy_from_slice(&acc);
        }
    }
    for n in whole..frames {
        for (run, gains) in runs.iter().zip(gains) {
            sums.iter_mut().zip(gains).for_each(|(sum, gain)| sum[n] += gain * run[n]);
        }
    }
}

/// Turns early reflections in `wet` into the whole: both by their levels, the tail as one channel hears it in the columns.
/// Four sums side by side, added at the end: the order is fixed, whatever the compiler makes of it.
pub fn add_tail(planes: &Planes, exit: &[f64; LINES], levels: [&[f64; PIECE]; 2], wet: &mut [f64; PIECE]) {
    let (wet, _) = wet.as_chunks_mut::<WIDE>();
    let [early, late] = levels.map(|level| level.as_chunks::<WIDE>().0);
    for (at, ((wet, early), late)) in wet.iter_mut().zip(early).zip(late).enumerate() {
        let mut sums = [[0.0; WIDE]; 4];
        for (columns, signs) in planes.chunks_exact(4).zip(exit.chunks_exact(4)) {
            for ((sums, column), sign) in sums.iter_mut().zip(columns).zip(signs) {
                let (column, _) = column.as_chunks::<WIDE>();
                sums.iter_mut().zip(&column[at]).for_each(|(sum, x)| *sum += x * sign);
            }
        }
        for n in 0..WIDE {
            let tail = (sums[0][n] + sums[1][n]) + (sums[2][n] + sums[3][n]);
            wet[n] = wet[n] * early[n] + tail * late[n];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_taps_are_those_of_the_definition_at_every_length() {
        let noise = testkit::signals::noise(1.0, 3, PIECE + REFLECTIONS);
        let gains: [[f64; 2]; REFLECTIONS] = std::array::from_fn(|i| [0.1 * i as f64, 1.0 - 0.2 * i as f64]);
        let weights: [f64; PIECE] = std::array::from_fn(|n| n as f64 / 64.0);
        for frames in [1, 4, 7, 63, 64] {
            let runs: Runs<'_> = std::array::from_fn(|i| &noise[i..i + frames]);
            for weights in [None, Some(&weights)] {
                let mut sums = [[0.5; PIECE]; 2];
                add_taps(&runs, &gains, weights, sums.each_mut().map(|sum| &mut sum[..frames]));
                for (out, sum) in sums.iter().enumerate() {
                    for (n, x) in sum[..frames].iter().enumerate() {
                        let weight = weights.map_or(1.0, |weights| weights[n]);
                        let taps = (0..REFLECTIONS).map(|i| gains[i][out] * noise[n + i] * weight);
                        assert!((x - 0.5 - taps.sum::<f64>()).abs() < 1e-13, "{frames} {out} {n}");
                    }
                    assert!(sum[frames..].iter().all(|x| *x == 0.5));
                }
            }
        }
    }

    #[test]
    fn a_tail_is_the_columns_by_their_signs() {
        let noise = testkit::signals::noise(1.0, 4, PIECE * LINES);
        let planes: Planes = std::array::from_fn(|i| std::array::from_fn(|n| noise[i * PIECE + n]));
        let exit = super::super::exit(2);
        let mut wet = [2.0; PIECE];
        add_tail(&planes, &exit, [&[0.5; PIECE], &[3.0; PIECE]], &mut wet);
        for (n, x) in wet.iter().enumerate() {
            let tail: f64 = (0..LINES).map(|i| exit[i] * planes[i][n]).sum();
            assert!((x - 1.0 - 3.0 * tail).abs() < 1e-13);
        }
    }
}
