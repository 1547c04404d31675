//! How high the signal stands between its samples.
//!
//! Three depths, each looked at only where the one before leaves a doubt: a bound from samples and their differences, a 4x
//! grid (24 taps) with the compliance filter of ITU-R BS.1770-5 Annex 2, and an 8x grid made in two steps: the points
//! half-way between samples by a long filter (384 taps, true to 0.495 of the sample rate), the rest from the doubled rate by
//! short ones. On a grid of r points per sample a band-limited signal stands at most 1 / cos(π / 2r) above the points
//! (Ehlich and Zeller, "Schwankung von Polynomen zwischen Gitterpunkten", Math. Zeitschrift 86, 1964); a parabola through
//! the top three takes most of the rest.

use crate::math;

/// Groups of a hop.
pub(super) const NODES: usize = 16;
/// Frames the rough detector sees to either side.
pub(super) const NEAR: usize = 16;
/// Frames the accurate detector sees to either side.
pub(super) const FAR: usize = 208;
/// Frames the accurate detector looks at in one go.
const CELL: usize = 4;

const GRID_TAPS: usize = 24;
const HALF_TAPS: usize = 384;
const FINE_TAPS: usize = 8;
/// Window in which the wave at half the sample rate is measured.
const EDGE_TAPS: usize = 208;

/// Part of the second difference that is added to a sample: a sine of frequency f, in shares of the sample rate, stands
/// 1/(4·(1 + cos πf)) of its second difference above its samples at most, up to a quarter.
const BEND: f64 = 0.25;
/// Part of the largest fourth difference of the surroundings: waves close to half the sample rate, which beat with it and
/// may stand high where their samples are low; 1/16 makes it one there.
const RESTLESS: f64 = 1.0 / 16.0;
/// Share of the ceiling, seen on the 4x grid, from which the 8x grid is looked at (1/cos(π/8) = 1.082).
const FINE_FROM: f64 = 0.92;

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
pub(super) fn larger(a: f64, b: f64) -> f64 {
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

/// Neighbouring outputs of a filter; `x` starts at the first tap of the first.
#[inline]
fn row<const TAPS: usize, const N: usize>(taps: &[f64; TAPS], x: &[f64]) -> [f64; N] {
    let x = &x[..TAPS + N - 1];
    let mut sum = [0.0; N];
    for k in 0..TAPS {
        for i in 0..N {
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
    grid: [[f64; GRID_TAPS]; 3],
    /// One half of the symmetric long filter.
    half: Box<[f64; HALF_TAPS / 2]>,
    fine: [[f64; FINE_TAPS]; 3],
    /// Hann window with alternating signs: the amplitude at half the sample rate.
    edge: Box<[f64; EDGE_TAPS]>,
    itu: [[f64; 12]; 4],
}

impl Detector {
    pub(super) fn new() -> Self {
        let mut grid = [[0.0; GRID_TAPS]; 3];
        for (phase, taps) in (1_u8..).zip(&mut grid) {
            interpolator(taps, f64::from(phase) / 4.0, 4.0);
        }
        let mut whole = Box::new([0.0; HALF_TAPS]);
        // Kaiser's β: 41 dB (Kaiser and Schafer, IEEE Trans. ASSP 28, 1980), the narrowest edge that is good to 1 %.
        interpolator(whole.as_mut_slice(), 0.5, 3.5);
        let mut half = Box::new([0.0; HALF_TAPS / 2]);
        half.copy_from_slice(&whole[..HALF_TAPS / 2]);
        let mut fine = [[0.0; FINE_TAPS]; 3];
        for (phase, taps) in (1_u8..).zip(&mut fine) {
            // From a quarter of the doubled rate to three quarters: 65 dB.
            interpolator(taps, f64::from(phase) / 4.0, 6.2);
        }
        let mut edge = Box::new([0.0; EDGE_TAPS]);
        for (k, tap) in edge.iter_mut().enumerate() {
            let hann = 1.0 - math::cos(math::TAU * (k as f64 + 0.5) / EDGE_TAPS as f64);
            *tap = if k % 2 == 0 { hann } else { -hann } / EDGE_TAPS as f64;
        }
        let mut itu = [ITU[0], ITU[1], ITU[1], ITU[0]];
        itu[2].reverse();
        itu[3].reverse();
        Self { grid, half, fine, edge, itu }
    }

    /// Peak level of each of [`NODES`] groups of `group` frames, each with the spaces up to the next group's first
    /// frame. `x` has [`NEAR`] frames more at either end. Of each half of the hop the highest level above its floor is
    /// measured, and raises the floor; what lies below that is an upper bound. Returns by how much waves near half the
    /// sample rate may exceed the levels measured.
    pub(super) fn levels(
        &self,
        x: &[f64],
        group: usize,
        floors: &mut [f64; 2],
        out: &mut [f64; NODES],
    ) -> f64 {
        let doubt = RESTLESS * restless(x);
        match group {
            2 => bounds::<2>(x, doubt, out),
            4 => bounds::<4>(x, doubt, out),
            8 => bounds::<8>(x, doubt, out),
            _ => bounds::<16>(x, doubt, out),
        }
        for (half, (out, floor)) in out.chunks_exact_mut(NODES / 2).zip(floors).enumerate() {
            *floor = self.refine_highest(&x[half * group * NODES / 2..], group, *floor, out);
        }
        doubt
    }

    /// Measures bounds above `floor`, the highest first, until none is left above what was measured.
    fn refine_highest(&self, x: &[f64], group: usize, floor: f64, bounds: &mut [f64]) -> f64 {
        let mut best = floor;
        let mut left = [true; NODES / 2];
        loop {
            let (mut top, mut bound) = (usize::MAX, best);
            for (g, level) in bounds.iter().enumerate() {
                if left[g] && *level > bound {
                    (top, bound) = (g, *level);
                }
            }
            if top == usize::MAX {
                return best;
            }
            left[top] = false;
            bounds[top] = self.on_the_grid(&x[top * group..], group);
            best = larger(best, bounds[top]);
        }
    }

    /// Peak level of one group on the 4x grid; `x` starts [`NEAR`] frames before the group.
    fn on_the_grid(&self, x: &[f64], group: usize) -> f64 {
        let mut level = 0.0;
        for part in 0..group.div_ceil(4) {
            let at = NEAR + 4 * part;
            let taps = &x[at - (GRID_TAPS / 2 - 1)..];
            let [a, b, c] = &self.grid;
            let (a, b, c): ([f64; 4], [f64; 4], [f64; 4]) = (row(a, taps), row(b, taps), row(c, taps));
            // One point more at either end, so that a top on the edge has both its neighbours.
            let mut points = [0.0; 19];
            for i in 0..4 {
                (points[4 * i + 1], points[4 * i + 2]) = (x[at + i], a[i]);
                (points[4 * i + 3], points[4 * i + 4]) = (b[i], c[i]);
            }
            points[17] = x[at + 4];
            let top = peak(&points);
            if top == points[1].abs() || top == points[17].abs() {
                points[0] = row::<GRID_TAPS, 1>(&self.grid[2], &x[at - GRID_TAPS / 2..])[0];
                points[18] = row::<GRID_TAPS, 1>(&self.grid[0], &x[at + 4 - (GRID_TAPS / 2 - 1)..])[0];
            }
            level = larger(larger(level, vertex(&points)), self.compliance(&x[at - 5..]));
        }
        level
    }

    /// Peak of the ITU filter in four spaces; `x` starts five frames before the first.
    #[inline]
    fn compliance(&self, x: &[f64]) -> f64 {
        let [a, b, c, d] = &self.itu;
        let upper = larger(peak(&row::<12, 4>(a, x)), peak(&row::<12, 4>(b, x)));
        larger(upper, larger(peak(&row::<12, 4>(c, x)), peak(&row::<12, 4>(d, x))))
    }

    /// Points half-way after each of four frames; `x` starts [`FAR`] frames before the first.
    fn halfway(&self, x: &[f64], out: &mut [f64]) {
        let x = &x[FAR - (HALF_TAPS / 2 - 1)..][..HALF_TAPS + 3];
        let mut sum = [0.0; 4];
        for k in 0..HALF_TAPS / 2 {
            for i in 0..4 {
                sum[i] += self.half[k] * (x[k + i] + x[HALF_TAPS - 1 - k + i]);
            }
        }
        out.copy_from_slice(&sum);
    }

    /// What waves closer to half the sample rate than the long filter reaches may add: their amplitude before and after
    /// this place, which together catch both phases of a slow beat. `x` starts [`FAR`] frames before it.
    fn edge(&self, x: &[f64]) -> f64 {
        let (before, after) = (dot(&*self.edge, &x[FAR - EDGE_TAPS..]), dot(&*self.edge, &x[FAR..]));
        (before * before + after * after).sqrt()
    }

    /// Peak level of four frames on the 8x grid and through the ITU filter. `x` starts at the frame before the first but
    /// two, `mids` at the point half-way after it.
    fn on_the_fine_grid(&self, x: &[f64], mids: &[f64], ceiling: f64) -> f64 {
        let mut double = [0.0; 18];
        for (i, pair) in double.chunks_exact_mut(2).enumerate() {
            pair.copy_from_slice(&[x[i], if i < 8 { mids[i] } else { 0.0 }]);
        }
        // Spaces from the one before the first frame to the one after the last.
        let quarters: [f64; 10] = row(&self.fine[1], &double);
        let rough = larger(peak(&double[4..13]), peak(&quarters));
        if rough < ceiling * FINE_FROM {
            return rough;
        }
        let (a, b): ([f64; 10], [f64; 10]) = (row(&self.fine[0], &double), row(&self.fine[2], &double));
        let mut points = [0.0; 40];
        for i in 0..10 {
            (points[4 * i], points[4 * i + 1]) = (double[i + 3], a[i]);
            (points[4 * i + 2], points[4 * i + 3]) = (quarters[i], b[i]);
        }
        vertex(&points)
    }
}

/// Points half-way between the frames of a hop and a little around it, made as they are asked for.
#[derive(Debug)]
pub(super) struct Closeup {
    mids: Vec<f64>,
    known: Vec<bool>,
}

impl Closeup {
    /// For hops of so many frames.
    pub(super) fn new(hop: usize) -> Self {
        Self { mids: vec![0.0; hop + 2 * CELL], known: vec![false; hop / CELL + 2] }
    }

    /// Another stretch of audio.
    pub(super) fn begin(&mut self) {
        self.known.fill(false);
    }

    /// Peak level of a group to 0.01 dB, up to 0.495 of the sample rate. `x` starts [`FAR`] and a cell before the first
    /// group and ends as far after the last.
    pub(super) fn level(
        &mut self,
        detector: &Detector,
        x: &[f64],
        (index, group): (usize, usize),
        ceiling: f64,
    ) -> f64 {
        let mut level = 0.0;
        let first = index * group / CELL;
        for cell in first..first + group.div_ceil(CELL) {
            // The cell has one cell before it in `mids`.
            for near in cell..cell + 3 {
                if !self.known[near] {
                    self.known[near] = true;
                    let at = near * CELL;
                    detector.halfway(&x[at..], &mut self.mids[at..at + CELL]);
                }
            }
            let at = cell * CELL + CELL;
            let own = detector.on_the_fine_grid(&x[at + FAR - 2..], &self.mids[at - 2..], ceiling);
            level = larger(level, own);
            if own >= ceiling * FINE_FROM {
                let own = larger(own, detector.compliance(&x[at + FAR - 5..]));
                level = larger(level, own + detector.edge(&x[at..]));
            }
        }
        level
    }

    /// Frames to either side of a hop that [`level`](Self::level) needs.
    pub(super) const AROUND: usize = FAR + CELL;
}

/// Largest fourth difference.
fn restless(x: &[f64]) -> f64 {
    let mut largest = [0.0; 4];
    let inner = x.len() - 4;
    for n in (0..inner / 4 * 4).step_by(4) {
        let x = &x[n..n + 8];
        for i in 0..4 {
            let fourth = (x[i] + x[i + 4]) - 4.0 * (x[i + 1] + x[i + 3]) + 6.0 * x[i + 2];
            largest[i] = larger(fourth.abs(), largest[i]);
        }
    }
    peak(&largest)
}

/// Upper bound of each group from its samples and their second differences.
fn bounds<const GROUP: usize>(x: &[f64], doubt: f64, out: &mut [f64; NODES]) {
    let bound = |x: &[f64]| x[1].abs() + BEND * ((x[0] + x[2]) - 2.0 * x[1]).abs();
    let mut first = bound(&x[NEAR - 1..]);
    for (g, out) in out.iter_mut().enumerate() {
        let x = &x[NEAR + g * GROUP - 1..][..GROUP + 3];
        let mut own = [0.0; GROUP];
        for i in 0..GROUP {
            own[i] = bound(&x[i + 1..i + 4]);
        }
        let rest = own.iter().fold(0.0, |m, own| larger(*own, m));
        *out = larger(first, rest) + doubt;
        first = own[GROUP - 1];
    }
}

/// Sum of products in four lanes.
fn dot(taps: &[f64], x: &[f64]) -> f64 {
    let mut lanes = [0.0; 4];
    for (taps, x) in taps.as_chunks::<4>().0.iter().zip(x.as_chunks::<4>().0) {
        for i in 0..4 {
            lanes[i] += taps[i] * x[i];
        }
    }
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3])
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
        let (detector, mut closeup) = (Detector::new(), Closeup::new(64));
        let mut out = [0.0; NODES];
        let (mut rough, mut fine) = (0.0_f64, 0.0_f64);
        for hop in 4..x.len() / 64 - 4 {
            detector.levels(&x[hop * 64 - NEAR..(hop + 1) * 64 + NEAR], 4, &mut [ceiling; 2], &mut out);
            rough = rough.max(peak(&out));
            closeup.begin();
            let near = &x[hop * 64 - Closeup::AROUND..(hop + 1) * 64 + Closeup::AROUND];
            for g in 0..NODES {
                fine = fine.max(closeup.level(&detector, near, (g, 4), ceiling));
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

    #[test]
    fn a_wave_at_half_the_rate_counts_with_its_amplitude_on_both_sides() {
        // What alternates between ±0.5 could stand √(0.5² + 0.5²) above its samples a beat away.
        let x = [0.5, -0.5].repeat(512);
        let (_, fine) = levels_of(&x, 0.4);
        assert!((fine - 1.2071).abs() < 0.02, "{fine}");
        // Below the ceiling nobody asks.
        assert!(levels_of(&x, 1.0).1 < 0.6);
    }
}
