//! Equaliser sections that keep their analogue shape up to the top of the range.
//!
//! A bilinear transform squeezes everything near half the sample rate: a bell at 12 kHz becomes narrow, a shelf steep.
//! Here every section starts from that and is then fitted to the magnitude of its analogue prototype by least squares
//! over the audible range (see [`design`]), the idea of S. J. Orfanidis, JAES 45(6) 1997 and M. Vicanek, "Matched
//! Second Order Digital Filters", 2016, carried further: not three points are matched but all of them, and the poles
//! move too. Poles and zeros stay inside the unit circle, so every section is minimum-phase (but the all-pass).
//!
//! Where one section is not near enough, [`correct`] begins again from the matched poles and zeros and adds sections.
//!
//! Largest error against the prototype, 20 Hz to 18 kHz at 44.1 kHz, corners from 20 Hz to 20 kHz, where the prototype is above
//! -60 dB:
//!
//! ```text
//!                                        one section (design)    design_exact, correct
//! bells, 24 dB, Q 0.3 to 40                   0.20 dB                 0.06 dB
//! shelves, 24 dB, Q 0.4 to 1.4                0.13 dB                 0.05 dB
//! first-order shelves and tilts, 24 dB        0.04 dB                 0.04 dB
//! band-passes, Q 0.3 to 40                    0.38 dB                 0.06 dB
//! notches, Q 0.3 to 40                        0.25 dB                 0.05 dB
//! pass filters, Q 0.5 to 5.1                  0.35 dB (Q 2.6)         0.06 dB
//! Butterworth, 6 to 96 dB per octave          some tenths             0.08 dB
//! ```
//!
//! 44.1 against 96 kHz below 16 kHz: 0.09 dB. Cost of one section: about 20 microseconds; of a correction: some milliseconds
//! where one is needed, up to 13 for 96 dB per octave.

mod correct;
mod fit;
mod moving;

pub use correct::{CORRECTIONS, correct};
pub use moving::{Ear, GainTable, mixed};

use crate::biquad::Shape;
use crate::math::{PI, SQRT_2, cos, db_to_gain, log10, tan};
use fit::{Freedom, fit, guess_g};

/// What a section does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// Gain around the frequency; `q` is the frequency over the distance of the points at half the gain in decibels.
    Bell,
    /// Gain below the frequency, second order; half the gain (in decibels) at the frequency.
    LowShelf,
    /// Gain above the frequency, second order.
    HighShelf,
    /// Gain below the frequency, first order.
    LowShelf1,
    /// Gain above the frequency, first order.
    HighShelf1,
    /// Removes what is below, 12 dB per octave.
    HighPass,
    /// Removes what is above, 12 dB per octave.
    LowPass,
    /// Removes what is below, 6 dB per octave.
    HighPass1,
    /// Removes what is above, 6 dB per octave.
    LowPass1,
    /// Removes the frequency.
    Notch,
    /// Keeps the frequency: 0 dB there, falling by 6 dB per octave on both sides.
    BandPass,
    /// Turns the spectrum around the frequency: `-gain_db` far below, `gain_db` far above, first order.
    Tilt,
    /// Turns the phase only, by -180° at the frequency.
    AllPass,
}

/// An analogue section: polynomials in s, s = j f / f0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Analogue {
    /// The frequency at which |s| is 1.
    pub f0_hz: f64,
    /// Numerator: s⁰, s¹, s².
    pub num: [f64; 3],
    /// Denominator: s⁰, s¹, s².
    pub den: [f64; 3],
}

impl Analogue {
    /// The textbook prototype of a curve (R. Bristow-Johnson, "Cookbook formulae for audio EQ", analogue column;
    /// first-order shelves with half the gain at the frequency).
    #[must_use]
    pub fn new(curve: Curve, f0_hz: f64, gain_db: f64, q: f64) -> Self {
        // Square root of the gain, and its root.
        let (a, r) = (db_to_gain(0.5 * gain_db), db_to_gain(0.25 * gain_db));
        let low_order = [1.0, 1.0 / q, 1.0];
        let (num, den) = match curve {
            Curve::Bell => ([1.0, a / q, 1.0], [1.0, 1.0 / (a * q), 1.0]),
            Curve::LowShelf => ([a * a, a * r / q, a], [1.0, r / q, a]),
            Curve::HighShelf => ([a, a * r / q, a * a], [a, r / q, 1.0]),
            Curve::LowShelf1 => ([a, 1.0, 0.0], [1.0 / a, 1.0, 0.0]),
            Curve::HighShelf1 => ([1.0, a, 0.0], [1.0, 1.0 / a, 0.0]),
            Curve::HighPass => ([0.0, 0.0, 1.0], low_order),
            Curve::LowPass => ([1.0, 0.0, 0.0], low_order),
            Curve::HighPass1 => ([0.0, 1.0, 0.0], [1.0, 1.0, 0.0]),
            Curve::LowPass1 => ([1.0, 0.0, 0.0], [1.0, 1.0, 0.0]),
            Curve::Notch => ([1.0, 0.0, 1.0], low_order),
            Curve::BandPass => ([0.0, 1.0 / q, 0.0], low_order),
            Curve::Tilt => ([1.0 / a, a, 0.0], [a, 1.0 / a, 0.0]),
            Curve::AllPass => ([1.0, -1.0 / q, 1.0], low_order),
        };
        Self { f0_hz, num, den }
    }

    /// Magnitude of the response in decibels.
    #[must_use]
    pub fn magnitude_db(&self, frequency_hz: f64) -> f64 {
        let x = frequency_hz / self.f0_hz;
        let power = |c: &[f64; 3]| {
            let re = c[0] - c[2] * x * x;
            re * re + c[1] * c[1] * x * x
        };
        10.0 * log10(power(&self.num) / power(&self.den))
    }

    /// The bilinear counterpart with its corner at tangent `g0`. A first-order section gets its own pole twice.
    fn bilinear(&self, g0: f64) -> Shape {
        let (num, den) = if self.den[2] == 0.0 {
            let twice = |c: &[f64; 3], pole: f64| [c[0] * pole, c[0] + c[1] * pole, c[1]];
            let pole = self.den[0] / self.den[1];
            (twice(&self.num, pole), twice(&self.den, pole))
        } else {
            (self.num, self.den)
        };
        let middle = (den[0] * den[2]).sqrt();
        Shape {
            g: g0 * (den[0] / den[2]).sqrt(),
            k: den[1] / middle,
            high: num[2] / den[2],
            band: num[1] / middle,
            low: num[0] / den[0],
        }
    }
}

/// A section for one curve.
///
/// `f0_hz` is held to 1 Hz … 0.49 of the sample rate for the all-pass and 1 Hz … the sample rate otherwise, `q` to
/// 0.025 … 100, `gain_db` to ±60. At 0 dB bells, shelves and tilts are the exact identity.
#[must_use]
pub fn design(curve: Curve, f0_hz: f64, gain_db: f64, q: f64, sample_rate_hz: f64) -> Shape {
    let f0_hz = if f0_hz.is_nan() { 1000.0 } else { f0_hz.clamp(1.0, sample_rate_hz) };
    let q = if q.is_nan() { 1.0 } else { q.clamp(0.025, 100.0) };
    let gain_db = if gain_db.is_nan() { 0.0 } else { gain_db.clamp(-60.0, 60.0) };
    if gain_db == 0.0 && has_gain(curve) {
        return Shape::IDENTITY;
    }
    if gain_db > 0.0 && has_gain(curve) {
        // A boost is the inverse of its cut: the two cancel, and one search serves both.
        return design(curve, f0_hz, -gain_db, q, sample_rate_hz).inverse();
    }
    let analogue = Analogue::new(curve, f0_hz, gain_db, q);
    let g0 = guess_g(f0_hz, sample_rate_hz);
    let mut start = analogue.bilinear(g0);
    let mut freedom = Freedom { band: true, high: true, notch: false };
    let nyquist_gain = db_to_gain(analogue.magnitude_db(0.5 * sample_rate_hz));
    match curve {
        Curve::AllPass => {
            let g = tan(PI * f64::min(f0_hz / sample_rate_hz, 0.49));
            return analogue.bilinear(g);
        }
        Curve::Notch => freedom = Freedom { band: false, high: false, notch: true },
        Curve::HighPass => freedom.band = false,
        Curve::LowPass | Curve::LowPass1 => {
            // The analogue slope does not end in a zero at half the sample rate: begin with two real zeros above.
            start.high = 0.7 * nyquist_gain;
            start.band = 2.0 * start.high.sqrt();
        }
        Curve::BandPass => start.high = 0.7 * nyquist_gain,
        _ => {}
    }
    let skirt_q = if analogue.den[2] == 0.0 { 0.5 } else { f64::min(q, 1.0 / analogue.den[1].max(1e-6)) };
    fit(&analogue, skirt_q, sample_rate_hz, start, freedom)
}

/// [`design`] with the sections it takes to come within 0.1 dB of the prototype (see [`correct`]); unused ones are
/// identities. A boost is the inverse of its cut. Cost: 40 microseconds where nothing is missing, some milliseconds otherwise.
#[must_use]
pub fn design_exact(
    curve: Curve,
    f0_hz: f64,
    gain_db: f64,
    q: f64,
    sample_rate_hz: f64,
) -> [Shape; 1 + CORRECTIONS] {
    let boost = gain_db > 0.0 && has_gain(curve);
    let gain_db = if boost { -gain_db } else { gain_db };
    let mut all = [Shape::IDENTITY; 1 + CORRECTIONS];
    all[0] = design(curve, f0_hz, gain_db, q, sample_rate_hz);
    if all[0].is_identity() || curve == Curve::AllPass {
        return all;
    }
    let more = correct(&[Analogue::new(curve, f0_hz, gain_db, q)], &mut all[..1], sample_rate_hz);
    all[1..].copy_from_slice(&more);
    if boost {
        all.iter_mut().filter(|shape| !shape.is_identity()).for_each(|shape| *shape = shape.inverse());
    }
    all
}

fn has_gain(curve: Curve) -> bool {
    matches!(
        curve,
        Curve::Bell | Curve::LowShelf | Curve::HighShelf | Curve::LowShelf1 | Curve::HighShelf1 | Curve::Tilt
    )
}

/// Q of each pair of poles of a Butterworth filter of `order`, lowest first (S. Butterworth 1930; the poles stand
/// at equal angles on a circle). An odd order has a first-order section besides.
pub fn butterworth_qs(order: usize) -> impl Iterator<Item = f64> {
    let pairs = order / 2;
    (0..pairs).map(move |i| {
        let angle = if order.is_multiple_of(2) { PI * (2 * i + 1) as f64 } else { PI * (2 * i + 2) as f64 }
            / (2 * order) as f64;
        1.0 / (2.0 * cos(angle))
    })
}

/// Sections of the steepest pass filter, without its correction.
pub const PASS_SECTIONS: usize = 8;

/// The analogue sections of a high-pass (`high` true) or low-pass filter of `order` 1 to 16; how many is second in the
/// pair. Butterworth at `q` = 0.7071; another `q` scales the most resonant pair.
#[must_use]
pub fn pass_prototypes(high: bool, order: usize, f0_hz: f64, q: f64) -> ([Analogue; PASS_SECTIONS], usize) {
    let order = order.clamp(1, 2 * PASS_SECTIONS);
    let pairs = order / 2;
    let (second, first) = pass_curves(high);
    let mut all = [Analogue::new(first, f0_hz, 0.0, 1.0); PASS_SECTIONS];
    for (i, pair_q) in butterworth_qs(order).enumerate() {
        all[i] = Analogue::new(second, f0_hz, 0.0, pass_q(pair_q, i + 1 == pairs, q));
    }
    (all, order.div_ceil(2))
}

fn pass_curves(high: bool) -> (Curve, Curve) {
    if high { (Curve::HighPass, Curve::HighPass1) } else { (Curve::LowPass, Curve::LowPass1) }
}

fn pass_q(pair_q: f64, last: bool, q: f64) -> f64 {
    if last { pair_q * q * SQRT_2 } else { pair_q }
}

/// Sections of a high-pass (`high` true) or low-pass filter of `order` 1 to 16, 6 dB per octave each; unused ones are
/// the identity. Butterworth at `q` = 0.7071; another `q` scales the most resonant pair.
#[must_use]
pub fn pass_filter(
    high: bool,
    order: usize,
    f0_hz: f64,
    q: f64,
    sample_rate_hz: f64,
) -> [Shape; PASS_SECTIONS] {
    let mut sections = [Shape::IDENTITY; PASS_SECTIONS];
    let order = order.clamp(1, 2 * PASS_SECTIONS);
    let pairs = order / 2;
    let (second, first) = pass_curves(high);
    for (i, pair_q) in butterworth_qs(order).enumerate() {
        sections[i] = design(second, f0_hz, 0.0, pass_q(pair_q, i + 1 == pairs, q), sample_rate_hz);
    }
    if order % 2 == 1 {
        sections[pairs] = design(first, f0_hz, 0.0, 1.0, sample_rate_hz);
    }
    sections
}

#[cfg(test)]
mod bars;
#[cfg(test)]
mod tests;
