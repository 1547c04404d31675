//! How high the signal stands between its samples.
//!
//! Three depths, each looked at only where the one before leaves a doubt: the points half-way between samples
//! (16 taps), a 4x grid (24 taps) with the compliance filter of ITU-R BS.1770-5 Annex 2, and an 8x grid (160 taps, true to 0.49 of the sample rate).
//! On a grid of r points per sample a band-limited signal stands at most 1 / cos(π / 2r) above the points (Ehlich and
//! Zeller, "Schwankung von Polynomen zwischen Gitterpunkten", Math. Zeitschrift 86, 1964); a parabola through the top
//! three takes most of the rest.

use crate::math;

/// Groups of a hop.
pub(super) const NODES: usize = 16;
/// Frames the rough detector sees to either side.
pub(super) const NEAR: usize = 16;
/// Frames the accurate detector sees to either side.
pub(super) const FAR: usize = 96;

const MID_TAPS: usize = 16;
const GRID_TAPS: usize = 24;
const FINE_TAPS: usize = 160;

/// Share of the ceiling, seen on the 2x grid, from which the 4x grid is looked at.
/// Below 0.49 of the sample rate a wave stands at most 1/cos(0.49·π/2) = 1.39 above the points of a 2x grid; the samples
/// themselves are exact where the short filter is not.
const GRID_FROM: f64 = 0.70;
/// Share of the ceiling, seen on the 4x grid, from which the finer look is taken (1/cos(π/8) = 1.082).
const FINE_FROM: f64 = 0.90;

// ITU-R BS.1770-5 Annex 2, order-48 FIR; phases 2 and 3 are phases 1 and 0 reversed.
#[expect(clippy::unreadable_literal, reason = "as printed in the standard")]
const ITU: [[f64; 12]; 2] = [
    [
        0.0017089843750,
        0.0109863281250,
        -0.0196533203125,
        0.0332031250000,
        -0.0594482421875,
        0.1373291015625,
        0.9721679687500,
        -0.1022949218750,
        0.0476074218750,
        -0.0266113281250,
        0.0148925781250,
        -0.0083007812500,
    ],
    [
        -0.0291748046875,
        0.0292968750000,
        -0.0517578125000,
        0.0891113281250,
        -0.1665039062500,
        0.4650878906250,
        0.7797851562500,
        -0.2003173828125,
        0.1015625000000,
        -0.0582275390625,
        0.0330810546875,
        -0.0189208984375,
    ],
];

/// Modified Bessel function of the first kind, order zero, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..64 {
        let factor = x / (2.0 * f64::from(k));
        term *= factor * factor;
        sum += term;
    }
    sum
}

/// Taps of an interpolator for the point `fraction` after the middle: sinc under a Kaiser window, sum one.
pub(super) fn interpolator(taps: &mut [f64], fraction: f64, beta: f64) {
    let half = taps.len() as f64 / 2.0;
    for (k, tap) in taps.iter_mut().enumerate() {
        let t = k as f64 - (half - 1.0) - fraction;
        let inside = 1.0 - (t / half) * (t / half);
        let window = if inside > 0.0 { bessel_i0(beta * inside.sqrt()) / bessel_i0(beta) } else { 0.0 };
        let sinc = if t == 0.0 { 1.0 } else { math::sin(math::PI * t) / (math::PI * t) };
        *tap = sinc * window;
    }
    let sum: f64 = taps.iter().sum();
    for tap in taps {
        *tap /= sum;
    }
}

#[inline]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// Largest magnitude.
#[inline]
pub(super) fn peak(signal: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    let (quads, rest) = signal.as_chunks::<4>();
    for quad in quads {
        for i in 0..4 {
            lanes[i] = larger(quad[i].abs(), lanes[i]);
        }
    }
    let rest = rest.iter().fold(0.0, |m, x| larger(x.abs(), m));
    larger(larger(larger(lanes[0], lanes[1]), larger(lanes[2], lanes[3])), rest)
}

/// Four neighbouring outputs of a filter; `x` starts at the first tap of the first.
#[inline]
fn four<const TAPS: usize>(taps: &[f64; TAPS], x: &[f64]) -> [f64; 4] {
    let x = &x[..TAPS + 3];
    let mut sum = [0.0; 4];
    for k in 0..TAPS {
        for i in 0..4 {
            sum[i] += taps[k] * x[k + i];
        }
    }
    sum
}

/// Height of the top of a parabola through the highest point and its neighbours, if the top lies inside.
#[inline]
fn vertex(points: &[f64]) -> f64 {
    let mut top = 0;
    for (i, point) in points.iter().enumerate() {
        if point.abs() > points[top].abs() {
            top = i;
        }
    }
    let height = points[top].abs();
    if top == 0 || top + 1 == points.len() {
        return height;
    }
    let sign = if points[top] < 0.0 { -1.0 } else { 1.0 };
    let (before, after) = (points[top - 1] * sign, points[top + 1] * sign);
    let bend = 2.0 * height - before - after;
    if bend > 0.0 { height + (before - after) * (before - after) / (8.0 * bend) } else { height }
}

/// The filters of the detector.
#[derive(Debug)]
pub(super) struct Detector {
    mid: [f64; MID_TAPS],
    grid: [[f64; GRID_TAPS]; 3],
    fine: Box<[[f64; FINE_TAPS]; 7]>,
    itu: [[f64; 12]; 4],
}

impl Detector {
    pub(super) fn new() -> Self {
        let mut mid = [0.0; MID_TAPS];
        // Kaiser's β: by calibration, 2026-11-21: flattest pass-band up to 0.45 of the sample rate for so many taps.
        interpolator(&mut mid, 0.5, 3.0);
        let mut grid = [[0.0; GRID_TAPS]; 3];
        for (phase, taps) in (1_u8..).zip(&mut grid) {
            interpolator(taps, f64::from(phase) / 4.0, 4.0);
        }
        let mut fine = Box::new([[0.0; FINE_TAPS]; 7]);
        for (phase, taps) in (1_u8..).zip(fine.iter_mut()) {
            interpolator(taps, f64::from(phase) / 8.0, 5.0);
        }
        let mut itu = [ITU[0], ITU[1], ITU[1], ITU[0]];
        itu[2].reverse();
        itu[3].reverse();
        Self { mid, grid, fine, itu }
    }

    /// Points half-way after each frame. `x` has [`NEAR`] frames more at either end than `out`.
    fn midpoints(&self, x: &[f64], out: &mut [f64]) {
        // The filter is symmetric: eight products of sums of pairs.
        let (eights, _) = out.as_chunks_mut::<8>();
        for (n, out) in eights.iter_mut().enumerate() {
            let at = NEAR + 8 * n - (MID_TAPS / 2 - 1);
            let x = &x[at..at + MID_TAPS + 7];
            let mut sum = [0.0; 8];
            for k in 0..MID_TAPS / 2 {
                for i in 0..8 {
                    sum[i] += self.mid[k] * (x[k + i] + x[MID_TAPS - 1 - k + i]);
                }
            }
            *out = sum;
        }
    }

    /// Peak level of each of [`NODES`] groups of `group` frames, each with the spaces up to the next group's first
    /// frame. `x` has [`NEAR`] frames more at either end; `mids` is scratch of one hop. Levels that are far below
    /// `ceiling` are rough, which does not matter there.
    pub(super) fn levels(
        &self,
        x: &[f64],
        group: usize,
        ceiling: f64,
        mids: &mut [f64],
        out: &mut [f64; NODES],
    ) {
        // Sum of the magnitudes of the taps is below 2.2: nothing in between can reach the ceiling.
        if peak(x) * 2.2 < ceiling * GRID_FROM {
            return sample_levels(x, group, out);
        }
        self.midpoints(x, mids);
        for (g, out) in out.iter_mut().enumerate() {
            let at = NEAR + g * group;
            let rough = larger(peak(&x[at..=at + group]), peak(&mids[g * group..(g + 1) * group]));
            *out = if rough < ceiling * GRID_FROM {
                rough
            } else {
                self.on_the_grid(&x[at - NEAR..], group, ceiling, rough)
            };
        }
    }

    /// Peak level of one group on the 4x grid; `x` starts [`NEAR`] frames before the group.
    fn on_the_grid(&self, x: &[f64], group: usize, ceiling: f64, rough: f64) -> f64 {
        let mut level = rough;
        for part in 0..group.div_ceil(4) {
            let at = NEAR + 4 * part;
            let taps = &x[at - (GRID_TAPS / 2 - 1)..];
            let [a, b, c] = &self.grid;
            let (a, b, c) = (four(a, taps), four(b, taps), four(c, taps));
            let mut points = [0.0; 17];
            for i in 0..4 {
                (points[4 * i], points[4 * i + 1]) = (x[at + i], a[i]);
                (points[4 * i + 2], points[4 * i + 3]) = (b[i], c[i]);
            }
            points[16] = x[at + 4];
            level = larger(level, vertex(&points));
            if level > ceiling * FINE_FROM {
                level = larger(level, self.compliance(&x[at - 5..]));
            }
        }
        level
    }

    /// Peak of the ITU filter in four spaces; `x` starts five frames before the first.
    #[inline]
    fn compliance(&self, x: &[f64]) -> f64 {
        let [a, b, c, d] = &self.itu;
        let upper = larger(peak(&four(a, x)), peak(&four(b, x)));
        larger(upper, larger(peak(&four(c, x)), peak(&four(d, x))))
    }

    /// Peak level of one group on the 8x grid and through the ITU filter; `x` starts [`FAR`] frames before the group
    /// and ends no sooner than [`FAR`] frames after it.
    pub(super) fn accurate(&self, x: &[f64], group: usize, ceiling: f64) -> f64 {
        let mut level = 0.0;
        for part in 0..group.div_ceil(4) {
            let at = FAR + 4 * part;
            let taps = &x[at - (FINE_TAPS / 2 - 1)..];
            let mut points = [0.0; 35];
            for i in 0..=4 {
                points[1 + 8 * i] = x[at + i];
            }
            for phase in [1, 3, 5] {
                self.fine_points(phase, taps, &mut points);
            }
            let rough = peak(&points);
            level = larger(level, rough);
            if rough < ceiling * FINE_FROM {
                continue;
            }
            for phase in [0, 2, 4, 6] {
                self.fine_points(phase, taps, &mut points);
            }
            points[0] = dot(&self.fine[6], &x[at - FINE_TAPS / 2..]);
            points[34] = dot(&self.fine[0], &x[at + 4 - (FINE_TAPS / 2 - 1)..]);
            level = larger(larger(level, vertex(&points)), self.compliance(&x[at - 5..]));
        }
        level
    }

    #[inline]
    fn fine_points(&self, phase: usize, taps: &[f64], points: &mut [f64; 35]) {
        let values = four(&self.fine[phase], taps);
        for i in 0..4 {
            points[2 + 8 * i + phase] = values[i];
        }
    }
}

fn dot(taps: &[f64], x: &[f64]) -> f64 {
    taps.iter().zip(x).map(|(a, b)| a * b).sum()
}

/// Largest sample of each group (for a limiter of sample peaks).
pub(super) fn sample_levels(x: &[f64], group: usize, out: &mut [f64; NODES]) {
    for (g, out) in out.iter_mut().enumerate() {
        let at = NEAR + g * group;
        *out = peak(&x[at..=at + group]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::sine;

    fn levels_of(x: &[f64], ceiling: f64) -> (f64, f64) {
        let detector = Detector::new();
        let (mut mids, mut out) = ([0.0; 64], [0.0; NODES]);
        let (mut rough, mut fine) = (0.0_f64, 0.0_f64);
        for hop in 2..x.len() / 64 - 2 {
            detector.levels(&x[hop * 64 - NEAR..(hop + 1) * 64 + NEAR], 4, ceiling, &mut mids, &mut out);
            rough = rough.max(peak(&out));
            for g in 0..NODES {
                let at = hop * 64 + 4 * g - FAR;
                fine = fine.max(detector.accurate(&x[at..at + 2 * FAR + 4], 4, ceiling));
            }
        }
        (rough, fine)
    }

    #[test]
    fn tones_of_any_phase_read_their_amplitude() {
        for frequency in [50.0, 997.0, 5000.0, 11_025.0, 14_700.0, 18_000.0, 20_000.0] {
            for phase in [0.0, 0.3, math::FRAC_PI_4, 1.2] {
                let (rough, fine) = levels_of(&sine(frequency, 1.0, phase, 0.05, 44_100.0), 0.9);
                // The ITU filter reads up to 0.23 dB too much near a quarter of the sample rate; that is wanted.
                let (low, high) = (math::db_to_gain(-0.012), math::db_to_gain(0.24));
                assert!(fine > low && fine < high, "{frequency} Hz, {phase}: 8x {fine}");
                assert!(
                    rough > math::db_to_gain(-0.12) && rough < math::db_to_gain(0.35),
                    "{frequency} Hz, {phase}: 4x {rough}"
                );
            }
        }
    }
}
