//! Where the energy stands between left, right, middle and side.

use super::finite;
use crate::block::View;
use crate::math;

/// Directions told apart, 2.5° each.
pub const DIRECTIONS: usize = 72;
/// Degrees from one to the next.
pub const STEP_DEGREES: f64 = 180.0 / DIRECTIONS as f64;

/// Angle of a direction in degrees: -90 is out of phase, -45 left, 0 the middle, 45 right.
#[must_use]
pub fn degrees(direction: usize) -> f64 {
    direction as f64 * STEP_DEGREES - 90.0
}

/// Energy by direction of a pair of channels: what a goniometer draws, added up. A point and its mirror image (both
/// channels inverted) are one direction.
#[derive(Debug, Clone)]
pub struct Goniometer {
    /// Tangents of the borders between directions, from -88.75° up.
    borders: [f64; DIRECTIONS],
    energies: [f64; DIRECTIONS],
}

impl Default for Goniometer {
    fn default() -> Self {
        Self::new()
    }
}

impl Goniometer {
    /// One that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        let border = |n: usize| math::tan((degrees(n) + 0.5 * STEP_DEGREES) * (math::PI / 180.0));
        Self { borders: std::array::from_fn(border), energies: [0.0; DIRECTIONS] }
    }

    /// Listens to the first two channels; blocks with fewer are not heard.
    pub fn process(&mut self, block: View<'_>) {
        if block.channels() < 2 {
            return;
        }
        for (l, r) in block.channel(0).iter().zip(block.channel(1)) {
            let (l, r) = (finite(*l), finite(*r));
            let energy = l * l + r * r;
            if energy > 0.0 {
                self.energies[self.direction(l + r, r - l)] += energy;
            }
        }
    }

    /// Direction whose tangent is `side / middle`.
    fn direction(&self, middle: f64, side: f64) -> usize {
        let tangent = side / middle;
        // Infinite without a middle: past the last border it begins again on the other side, at -90°.
        self.borders.partition_point(|border| *border <= tangent) % DIRECTIONS
    }

    /// Share of the energy in each direction; all 0 for silence.
    #[must_use]
    pub fn shares(&self) -> [f64; DIRECTIONS] {
        let all: f64 = self.energies.iter().sum();
        self.energies.map(|energy| if all > 0.0 { energy / all } else { 0.0 })
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.energies = [0.0; DIRECTIONS];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Buffer;
    use testkit::signals::noise;

    fn shares(left: f64, right: f64) -> [f64; DIRECTIONS] {
        let wave = noise(1.0, 3, 1_000);
        let scaled = |gain: f64| wave.iter().map(|x| gain * x).collect();
        let mut meter = Goniometer::new();
        meter.process(Buffer::from_planes(&[scaled(left), scaled(right)]).view());
        meter.shares()
    }

    #[test]
    fn every_place_has_its_direction() {
        for (left, right, wanted) in [
            (1.0, 1.0, 0.0),
            (1.0, 0.0, -45.0),
            (0.0, 1.0, 45.0),
            (1.0, -1.0, -90.0),
            // A hard edge of the middle: atan((1 - 0.8) / 1.8) = 6.34°, nearest 7.5°.
            (0.8, 1.0, 7.5),
            (-0.5, 1.0, 72.5),
        ] {
            let found = shares(left, right);
            let top = (0..DIRECTIONS).find(|n| found[*n] > 0.999).map(degrees);
            assert_eq!(top, Some(wanted), "{left} {right}");
        }
        assert_eq!(shares(0.0, 0.0), [0.0; DIRECTIONS]);
    }

    #[test]
    fn it_weighs_by_energy() {
        let mut meter = Goniometer::new();
        let audio = Buffer::from_planes(&[vec![0.2, 0.0, f64::NAN], vec![0.0, 0.1, 0.0]]);
        meter.process(audio.view());
        assert!((meter.shares()[18] - 0.8).abs() < 1e-12 && (meter.shares()[54] - 0.2).abs() < 1e-12);
    }
}
