//! A section whose gain follows a level, and the ear that measures the level around its frequency.

use super::{Curve, design};
use crate::biquad::{Shape, SvfTerms, settled};
use crate::envelope::MeanSquare;
use crate::math::{PI, exp, ln, sane, tan};

/// Gains at which the section is fitted.
const FITTED: usize = 9;
/// Gains tabled: linear interpolation between steps of 0.75 dB (24 dB of range) is within 0.01 dB.
const NODES: usize = 33;
/// Mean square of the ear of shelves. By convention: two periods of 200 Hz.
const SHELF_WINDOW_MS: f64 = 10.0;

/// A bell, shelf or tilt at every gain from 0 dB to a range.
///
/// Fitted at nine gains; between them the terms are interpolated in their logarithms, which for a bell is exact (its
/// damping and its weight are exponentials of its gain). At 0 dB it passes every bit.
#[derive(Debug, Clone, PartialEq)]
pub struct GainTable {
    range_db: f64,
    nodes: [Shape; NODES],
}

impl GainTable {
    /// Gains from 0 to `range_db` (either sign) of a curve that has a gain.
    #[must_use]
    pub fn new(curve: Curve, f0_hz: f64, q: f64, range_db: f64, sample_rate_hz: f64) -> Self {
        let step_db = range_db / (FITTED - 1) as f64;
        // The poles near 0 dB are those of a very small gain.
        let small_db = if range_db < 0.0 { -0.01 } else { 0.01 };
        let fitted: [Shape; FITTED] = std::array::from_fn(|i| {
            let gain_db = if i == 0 { small_db } else { i as f64 * step_db };
            let shape = design(curve, f0_hz, gain_db, q, sample_rate_hz);
            if i == 0 { shape.as_identity() } else { shape }
        });
        const EACH: usize = (NODES - 1) / (FITTED - 1);
        let nodes = std::array::from_fn(|i| {
            let (at, part) = (i / EACH, (i % EACH) as f64 / EACH as f64);
            if i % EACH == 0 { fitted[at] } else { between(&fitted[at], &fitted[at + 1], part) }
        });
        Self { range_db, nodes }
    }

    /// A table that does nothing.
    #[must_use]
    pub fn neutral() -> Self {
        Self { range_db: 0.0, nodes: [Shape::IDENTITY; NODES] }
    }

    /// Largest gain, with its sign.
    #[must_use]
    pub fn range_db(&self) -> f64 {
        self.range_db
    }

    /// The section at `amount_db` (0 to the size of the range) of gain.
    #[inline]
    #[must_use]
    pub fn shape(&self, amount_db: f64) -> Shape {
        let size = self.range_db.abs();
        let place = if size > 0.0 { (amount_db / size).clamp(0.0, 1.0) * (NODES - 1) as f64 } else { 0.0 };
        let at = (place as usize).min(NODES - 2);
        mixed(&self.nodes[at], &self.nodes[at + 1], place - at as f64)
    }

    /// A table `part` of the way from this to another.
    #[must_use]
    pub fn towards(&self, other: &Self, part: f64) -> Self {
        let nodes = std::array::from_fn(|i| mixed(&self.nodes[i], &other.nodes[i], part));
        Self { range_db: other.range_db, nodes }
    }
}

fn between(a: &Shape, b: &Shape, part: f64) -> Shape {
    let mix = |x: f64, y: f64| exp(ln(f64::max(x, 1e-12)) * (1.0 - part) + ln(f64::max(y, 1e-12)) * part);
    Shape {
        g: mix(a.g, b.g),
        k: mix(a.k, b.k),
        high: mix(a.high, b.high),
        band: mix(a.band, b.band),
        low: mix(a.low, b.low),
    }
}

/// Straight mixture of two shapes; exactly `a` at 0.
#[inline]
#[must_use]
pub fn mixed(a: &Shape, b: &Shape, part: f64) -> Shape {
    let mix = |x: f64, y: f64| x + part * (y - x);
    Shape {
        g: mix(a.g, b.g),
        k: mix(a.k, b.k),
        high: mix(a.high, b.high),
        band: mix(a.band, b.band),
        low: mix(a.low, b.low),
    }
}

/// Measures the power of what a band works on.
///
/// For bells: two band-passes in a row with the frequency and quality of the bell, the second in two versions a quarter
/// period apart (band-pass, and the difference of low- and high-pass). The sum of their squares is the square of the
/// peak of a sine at the centre, at once and without ripple. That difference does not fall towards the lows, so a high-pass of
/// one pole, three octaves below the centre, goes before: bass three octaves and more below is 12 dB an octave down, and does not
/// make the band tremble with its own period. For shelves and tilts: twice the mean square over 10 ms of what
/// a second-order Butterworth low- or high-pass lets through. A full-scale sine reads 1 (0 dBFS).
#[derive(Debug, Clone)]
pub struct Ear {
    without_bass: WithoutBass,
    terms: [SvfTerms; 3],
    state: [[[f64; 1]; 2]; 3],
    mean: Option<MeanSquare>,
    rate: f64,
}

/// How far under the centre of a bell its ear no longer hears all. By calibration, 2026-11-22: an octave further
/// down and the bass is heard 6 dB more, an octave up and what lies an octave under the centre reads 0.7 dB low (0.2 dB here).
const WITHOUT_BASS: f64 = 1.0 / 8.0;

/// A high-pass of one pole with a gain of exactly 1 at the centre of the band.
#[derive(Debug, Clone, Copy, Default)]
struct WithoutBass {
    /// Share of what is new in the low-passed.
    part: f64,
    gain: f64,
    state: f64,
}

impl WithoutBass {
    fn tune(&mut self, f0_hz: f64, rate: f64) {
        let warped = |f: f64| tan(PI * f64::min(f / rate, 0.49));
        let corner = warped(WITHOUT_BASS * f0_hz);
        let ratio = corner / warped(f0_hz);
        self.part = corner / (1.0 + corner);
        self.gain = (1.0 + ratio * ratio).sqrt();
    }

    #[inline(always)]
    fn tick(&mut self, x: f64) -> f64 {
        let step = (x - self.state) * self.part;
        let low = self.state + step;
        self.state = low + step;
        (x - low) * self.gain
    }
}

impl Ear {
    /// An ear for a band of this kind.
    #[must_use]
    pub fn new(curve: Curve, f0_hz: f64, q: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self {
            without_bass: WithoutBass::default(),
            terms: [SvfTerms::new(&Shape::IDENTITY); 3],
            state: [[[0.0]; 2]; 3],
            mean: None,
            rate: sample_rate_hz,
        };
        new.tune(curve, f0_hz, q);
        new
    }

    /// Listens elsewhere; the state goes on.
    pub fn tune(&mut self, curve: Curve, f0_hz: f64, q: f64) {
        let g = tan(PI * f64::min(f0_hz / self.rate, 0.49));
        let shape = |k, high, band, low| SvfTerms::new(&Shape { g, k, high, band, low });
        let (k, wide) = (1.0 / f64::max(q, 0.025), crate::math::SQRT_2);
        let (low, high) = match curve {
            Curve::Bell => {
                self.without_bass.tune(f0_hz, self.rate);
                self.terms = [shape(k, 0.0, k, 0.0), shape(k, 0.0, k, 0.0), shape(k, -0.5 * k, 0.0, 0.5 * k)];
                self.mean = None;
                return;
            }
            Curve::LowShelf | Curve::LowShelf1 => (1.0, 0.0),
            _ => (0.0, 1.0),
        };
        self.terms[0] = shape(wide, high, 0.0, low);
        self.mean.get_or_insert_with(|| MeanSquare::new(SHELF_WINDOW_MS, self.rate));
    }

    /// Raises each power in `powers` to that of this plane, where it is louder.
    pub fn listen(&mut self, plane: &[f64], powers: &mut [f64]) {
        let (terms, mut state) = (self.terms, self.state);
        let raise = |most: &mut f64, power: f64| *most = if power > *most { power } else { *most };
        if let Some(mean) = &mut self.mean {
            for (x, most) in plane.iter().zip(powers) {
                let [heard] = terms[0].tick(&mut state[0], [sane(*x)]);
                raise(most, mean.tick(2.0 * heard * heard));
            }
        } else {
            let mut without_bass = self.without_bass;
            for (x, most) in plane.iter().zip(powers) {
                let [first] = terms[0].tick(&mut state[0], [without_bass.tick(sane(*x))]);
                let [a] = terms[1].tick(&mut state[1], [first]);
                let [b] = terms[2].tick(&mut state[2], [first]);
                raise(most, a * a + b * b);
            }
            self.without_bass = without_bass;
        }
        self.state = state;
    }

    /// Silences states that have nearly decayed. Call at frames that do not depend on block sizes.
    pub fn settle(&mut self) {
        self.state = self.state.map(|section| section.map(|s| s.map(settled)));
        self.without_bass.state = settled(self.without_bass.state);
        if let Some(mean) = &mut self.mean {
            mean.settle();
        }
    }

    /// Back to rest.
    pub fn reset(&mut self) {
        self.state = [[[0.0]; 2]; 3];
        self.without_bass.state = 0.0;
        if let Some(mean) = &mut self.mean {
            mean.reset();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eq_design::Analogue;
    use testkit::{measure, signals};

    #[test]
    fn every_gain_of_the_table_has_the_curve_of_its_prototype() {
        for (curve, f0, q) in
            [(Curve::Bell, 1_000.0, 1.0), (Curve::Bell, 80.0, 4.0), (Curve::HighShelf, 3_000.0, 0.71)]
        {
            for range in [-24.0, -5.0, 18.0] {
                let table = GainTable::new(curve, f0, q, range, 48_000.0);
                assert!(table.shape(0.0).is_identity());
                for i in 1..=40 {
                    let gain = range * f64::from(i) / 40.0;
                    let shape = table.shape(gain.abs());
                    for f in [0.5 * f0, f0, 1.3 * f0, 4.0 * f0] {
                        let error = shape.magnitude_db(f, 48_000.0)
                            - Analogue::new(curve, f0, gain, q).magnitude_db(f);
                        assert!(error.abs() < 0.03, "{curve:?} {f0} {range} {gain} {f}: {error}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_sine_at_the_centre_reads_its_peak_without_ripple() {
        for (f0, q) in [(100.0, 0.7), (1_000.0, 3.0), (12_000.0, 1.0)] {
            let mut ear = Ear::new(Curve::Bell, f0, q, 48_000.0);
            let mut powers = vec![0.0; 48_000];
            ear.listen(&signals::sine(f0, 0.3, 0.4, 1.0, 48_000.0), &mut powers);
            for power in &powers[24_000..] {
                let error = 10.0 * libm::log10(power / 0.09);
                assert!(error.abs() < 1e-6, "{f0} {q}: {error}");
            }
            // Two band-passes in a row, the second in the lesser of two: at least one of them two octaves off.
            let mut ear = Ear::new(Curve::Bell, f0, q, 48_000.0);
            let mut off = vec![0.0; 48_000];
            ear.listen(&signals::sine(0.25 * f0, 0.3, 0.4, 1.0, 48_000.0), &mut off);
            let reading = off[24_000..].iter().fold(0.0, |m: f64, p| m.max(*p));
            // One analogue band-pass two octaves below: 1 / (1 + Q² 3.75²).
            let bound = 0.09 / (1.0 + q * q * 3.75 * 3.75);
            assert!(reading < bound * 1.05, "{f0} {q}: {reading} {bound}");
        }
    }

    #[test]
    fn bass_far_below_does_not_make_the_ear_of_a_bell_tremble() {
        // 60 Hz, 12 dB louder, under 7 kHz (the tones of SMPTE RP 120): what is left of it at 120 Hz in the power heard. By hand, on the
        // warped scale: one band-pass, the difference (half of 1.49) and the high-pass, on 4 times the amplitude, squared, halved.
        let mut ear = Ear::new(Curve::Bell, 7_000.0, 1.0 / 1.49, 48_000.0);
        let high = signals::sine(7_000.0, 0.1, 0.0, 2.0, 48_000.0);
        let low = signals::sine(60.0, 0.4, 0.0, 2.0, 48_000.0);
        let both: Vec<f64> = high.iter().zip(&low).map(|(h, l)| h + l).collect();
        let mut powers = vec![0.0; both.len()];
        ear.listen(&both, &mut powers);
        let second = &powers[48_000..];
        let (mut re, mut im) = (0.0, 0.0);
        for (frame, power) in second.iter().enumerate() {
            let angle = 2.0 * std::f64::consts::PI * 120.0 * frame as f64 / 48_000.0;
            re += power * libm::cos(angle) / 24_000.0;
            im += power * libm::sin(angle) / 24_000.0;
        }
        let trembles = libm::hypot(re, im) / 0.01;
        let warped = |f: f64| libm::tan(std::f64::consts::PI * f / 48_000.0);
        let leak =
            4.0 * (1.49 * warped(60.0) / warped(7_000.0)) * (1.49 / 2.0) * (warped(60.0) / warped(875.0));
        let by_hand = 0.5 * leak * leak;
        assert!((trembles / by_hand - 1.0).abs() < 0.1, "{trembles} {by_hand}");
    }

    #[test]
    fn the_ear_of_a_shelf_hears_its_side_only() {
        for (curve, below, above) in [(Curve::LowShelf, 0.0, -48.0), (Curve::HighShelf, -48.0, 0.0)] {
            for (f, want) in [(62.5, below), (16_000.0, above)] {
                let mut ear = Ear::new(curve, 1_000.0, 0.71, 96_000.0);
                let mut powers = vec![0.0; 96_000];
                ear.listen(&signals::sine(f, 1.0, 0.0, 1.0, 96_000.0), &mut powers);
                let mean = powers[48_000..].iter().sum::<f64>() / 48_000.0;
                // Fourth power of 16 is 48 dB; the bilinear top falls faster by up to 4 dB.
                let error = measure::to_db(mean.sqrt()) - want;
                assert!(error < 0.1 && error > -4.0, "{curve:?} {f}: {error}");
            }
        }
    }

    #[test]
    fn the_ear_of_a_shelf_takes_59_percent_in_10_ms() {
        // Four octaves inside, the filter takes 0.000 07 of the power: what is left are the two poles of 5 ms, up and down.
        let mut ear = Ear::new(Curve::HighShelf, 1_000.0, 0.71, 48_000.0);
        let mut tone = signals::sine(16_000.0, 1.0, 0.3, 0.1, 48_000.0);
        tone.resize(9_600, 0.0);
        let mut powers = vec![0.0; tone.len()];
        ear.listen(&tone, &mut powers);
        let passed = 1.0 - 3.0 * libm::exp(-2.0);
        assert!((powers[479] - passed).abs() < 0.01, "{}", powers[479]);
        assert!((powers[4_799] - 1.0).abs() < 0.01, "{}", powers[4_799]);
        assert!((powers[4_800 + 479] - (1.0 - passed)).abs() < 0.01, "{}", powers[4_800 + 479]);
    }
}
