//! What a fitted section still lacks of its prototype, made up for by further sections.

use super::Analogue;
use super::fit::fit_points;
use crate::biquad::Shape;
use crate::math::{PI, TAU, cos, cosh, db_to_gain, exp, ln, log10, sin, sinh, tan};

/// Sections a correction can have.
pub const CORRECTIONS: usize = 3;
/// Points compared.
const POINTS: usize = 96;
/// Errors below this stay, so that what was good enough keeps its bits. By definition: the bar is 0.1 dB.
const GOOD_DB: f64 = 0.06;
/// What is this far down need not be exact, by definition.
const FLOOR_DB: f64 = -60.0;
/// Rounds in which the points with the largest errors gain weight. By calibration, 2026-11-21.
const ROUNDS: usize = 5;
/// Rounds in which each correction is fitted again beside the others. By calibration, 2026-11-21.
const POLISHING: usize = 1;

/// Brings `sections` (one per prototype) to the product of `prototypes`, from 20 Hz to 18.2 kHz at 44.1 kHz (in proportion
/// at other rates, at most 30 kHz), where the product is above -60 dB, and returns the further sections it takes.
///
/// Sections that are good enough stay as they are, to the bit, and get identities. Others are given the poles and zeros of
/// their prototypes by the matched z-transform, whose error is smooth, so that few sections make up for it.
#[must_use]
pub fn correct(prototypes: &[Analogue], sections: &mut [Shape], sample_rate_hz: f64) -> [Shape; CORRECTIONS] {
    let mut found = [Shape::IDENTITY; CORRECTIONS];
    let Some(first) = prototypes.first() else { return found };
    // √(den0 den2) / den1 is the Q.
    let q = prototypes.iter().fold(0.5, |most, p| f64::max(most, (p.den[0] * p.den[2]).sqrt() / p.den[1]));
    let corner = (first.f0_hz, q);
    let mut gap = Gap::new(prototypes, sections, corner, sample_rate_hz);
    if gap.worst(&Shape::IDENTITY) < GOOD_DB {
        return found;
    }
    // Two ways: from the fitted sections as they are, and from matched ones. The better is taken.
    let as_fitted = fill(&mut gap, &mut found);
    let mut from_matched = [Shape::IDENTITY; CORRECTIONS];
    let mut gap = Gap::matched(prototypes, sections, corner, sample_rate_hz);
    if fill(&mut gap, &mut from_matched) < as_fitted {
        for (section, prototype) in sections.iter_mut().zip(prototypes) {
            *section = matched(prototype, sample_rate_hz).unwrap_or(*section);
        }
        return from_matched;
    }
    found
}

/// Finds the sections that fill the gap; returns the largest error that stays.
fn fill(gap: &mut Gap, found: &mut [Shape; CORRECTIONS]) -> f64 {
    for round in 0..=POLISHING {
        for section in found.iter_mut() {
            let before = gap.worst(&Shape::IDENTITY);
            if before < GOOD_DB {
                return before;
            }
            // Once more for a section found before: without it, from it.
            let old = *section;
            if round > 0 {
                gap.take(&old, -1.0);
            }
            let best = gap.best_section(&old);
            *section = if gap.worst(&best) < before { best } else { old };
            gap.take(section, 1.0);
        }
    }
    gap.worst(&Shape::IDENTITY)
}

/// Poles (or zeros) c0 + c1 s + c2 s² at z = e^(sT), as tangent and damping. `None` where they turn by more than half the
/// sample rate.
fn at_z(c: &[f64; 3], step: f64) -> Option<(f64, f64)> {
    let (middle, inside) = (-0.5 * c[1] / c[2], 0.25 * c[1] * c[1] / (c[2] * c[2]) - c[0] / c[2]);
    let decay = exp(middle * step);
    let root = inside.abs().sqrt() * step;
    if inside < 0.0 && root > 0.95 * PI {
        return None;
    }
    let a1 = -2.0 * decay * if inside < 0.0 { cos(root) } else { cosh(root) };
    let a2 = decay * decay;
    let g = ((1.0 + a1 + a2) / (1.0 - a1 + a2)).sqrt();
    Some((g, 2.0 * (1.0 - a2) / ((1.0 - a1 + a2) * g)))
}

/// The matched z-transform of a second-order section, exact towards 0 Hz.
fn matched(p: &Analogue, rate: f64) -> Option<Shape> {
    if p.den[2] == 0.0 {
        return None;
    }
    let step = TAU * p.f0_hz / rate;
    let (g, k) = at_z(&p.den, step)?;
    // Where s is small, s = 2 t / step.
    let scale = 2.0 * g / step;
    let low = p.num[0] / p.den[0];
    let (band, high) = match p.num {
        // The analogue slope does not end in a zero at half the sample rate: two real zeros above.
        [_, 0.0, 0.0] => {
            let high = 0.7 * db_to_gain(p.magnitude_db(0.5 * rate));
            (2.0 * high.sqrt(), high)
        }
        [_, _, 0.0] => (p.num[1] / p.den[0] * scale, 0.2),
        [0.0, _, c2] => (0.0, c2 / p.den[0] * scale * scale),
        _ => {
            let (gz, kz) = at_z(&p.num, step)?;
            (low * kz * g / gz, low * g * g / (gz * gz))
        }
    };
    Some(Shape { g, k, high, band, low })
}

/// What is missing, point by point.
struct Gap {
    t2: [f64; POINTS],
    missing_db: [f64; POINTS],
    weight: [f64; POINTS],
    /// Tangent of the corner.
    near: f64,
    /// Damping of the narrowest prototype, 1/Q.
    narrow: f64,
}

fn decibels(shape: &Shape, t2: f64) -> f64 {
    10.0 * log10(f64::max(shape.power_at(t2), 1e-30))
}

impl Gap {
    /// What matched sections lack; those that cannot be matched stay.
    fn matched(prototypes: &[Analogue], sections: &[Shape], corner: (f64, f64), rate: f64) -> Self {
        let mut all = [Shape::IDENTITY; super::PASS_SECTIONS];
        for ((shape, section), prototype) in all.iter_mut().zip(sections).zip(prototypes) {
            *shape = matched(prototype, rate).unwrap_or(*section);
        }
        Self::new(prototypes, &all[..sections.len().min(all.len())], corner, rate)
    }

    fn new(prototypes: &[Analogue], sections: &[Shape], (corner_hz, q): (f64, f64), rate: f64) -> Self {
        let top = f64::min(0.826 * 0.5 * rate, 30_000.0);
        let corner = f64::min(corner_hz, top);
        // Half the points dense towards the top, half around the corner, two octaves to either side.
        let half = POINTS / 2;
        let crowd = 0.5 + ln(1.0 + q);
        let points: [f64; POINTS] = std::array::from_fn(|i| {
            if i < half {
                top * sin(0.5 * PI * (i + 1) as f64 / half as f64)
            } else {
                // From -1 to 1, dense in the middle, the more so the narrower.
                let at = 2.0 * (i - half) as f64 / (half - 1) as f64 - 1.0;
                f64::min(corner * exp(1.4 * sinh(crowd * at) / sinh(crowd)), top)
            }
        });
        let t2 = points.map(|f| {
            let t = tan(PI * f / rate);
            t * t
        });
        let wanted = points.map(|f| prototypes.iter().map(|p| p.magnitude_db(f)).sum::<f64>());
        let weight = wanted.map(|db| if db < FLOOR_DB { 0.0 } else { 1.0 });
        let missing_db = std::array::from_fn(|i| {
            let have: f64 = sections.iter().map(|section| decibels(section, t2[i])).sum();
            if weight[i] > 0.0 { wanted[i] - have } else { 0.0 }
        });
        Self {
            t2,
            missing_db,
            weight,
            near: tan(PI * f64::min(corner / rate, 0.45)),
            narrow: 1.0 / f64::max(q, 1.0),
        }
    }

    fn error(&self, shape: &Shape, i: usize) -> f64 {
        if self.weight[i] > 0.0 { (decibels(shape, self.t2[i]) - self.missing_db[i]).abs() } else { 0.0 }
    }

    fn worst(&self, shape: &Shape) -> f64 {
        (0..POINTS).fold(0.0, |most, i| f64::max(most, self.error(shape, i)))
    }

    fn take(&mut self, shape: &Shape, share: f64) {
        for i in 0..POINTS {
            if self.weight[i] > 0.0 {
                self.missing_db[i] -= share * decibels(shape, self.t2[i]);
            }
        }
    }

    /// One section near what is missing, from several starts, each with weight moved to the largest errors (C. L. Lawson,
    /// 1961: the way from least squares to the smallest maximum).
    fn best_section(&self, old: &Shape) -> Shape {
        let flat = |g: f64, k: f64| Shape { g, k, high: 1.0, band: k, low: 1.0 };
        let starts = [flat(self.near, 1.0), flat(self.near, self.narrow), flat(1.0, 1.0), flat(2.5, 1.5)];
        let mut best = (*old, self.worst(old));
        // What stands already only needs polish.
        let polish = !old.is_identity();
        for mut run in starts.into_iter().chain([*old]).skip(if polish { 4 } else { 0 }).take(4) {
            let mut weight = self.weight;
            for _ in 0..ROUNDS {
                run = fit_points(&self.t2, &self.missing_db, &weight, run, 0.5 * self.narrow);
                let most = self.worst(&run);
                if most < best.1 {
                    best = (run, most);
                }
                if best.1 < 0.5 * GOOD_DB {
                    return best.0;
                }
                for (i, w) in weight.iter_mut().enumerate() {
                    *w *= 0.3 + self.error(&run, i) / f64::max(most, 1e-9);
                }
            }
        }
        best.0
    }
}
