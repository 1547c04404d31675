//! The RIAA characteristic as a formula and as the filter from a signal to the displacement of a groove wall.

use crate::biquad::Coefficients;
use crate::math::{TAU, gain_to_db, tan};

/// Time constants of the characteristic, seconds (IEC 60098; RIAA bulletin E1, 1978).
const BASS_SECONDS: f64 = 3180e-6;
const MIDDLE_SECONDS: f64 = 318e-6;
const TREBLE_SECONDS: f64 = 75e-6;
/// Where the characteristic is 0 dB.
const REFERENCE_HZ: f64 = 1000.0;
/// Below this the integration to displacement is let go, Hz: under every cutter and every pick-up's resonance, so that a
/// constant offset does not walk off the record. By our own convention.
pub(super) const LEAK_HZ: f64 = 5.0;

/// Power of `1 + sT` at a frequency.
fn corner(seconds: f64, hz: f64) -> f64 {
    let x = TAU * hz * seconds;
    1.0 + x * x
}

/// Gain of the playback characteristic at a frequency re 1 kHz, dB.
#[must_use]
pub fn playback_db(hz: f64) -> f64 {
    -gain_to_db(recording_gain(hz))
}

/// Velocity that is cut for a signal of 1.0, re that at 1 kHz: the inverse of playback.
#[must_use]
pub fn recording_gain(hz: f64) -> f64 {
    let power = |hz| corner(BASS_SECONDS, hz) * corner(TREBLE_SECONDS, hz) / corner(MIDDLE_SECONDS, hz);
    (power(hz) / power(REFERENCE_HZ)).sqrt()
}

/// From a signal to displacement in micrometres: `k (1 + sT₁)(1 + sT₃) / ((1 + sT₂)(s + ω₀))`, k such that 1 kHz of peak 1.0
/// has a velocity of 1 cm/s.
///
/// Bilinear, each corner at its true frequency. Above 2 kHz displacement is flat, so the warping of the top costs under 0.01 dB
/// at eight times the rate.
pub(super) fn displacement(rate_hz: f64) -> Coefficients {
    // (1 + s/w) with s = c (1 - z⁻¹) / (1 + z⁻¹): (1 + g) + (1 - g) z⁻¹ over (1 + z⁻¹), where g = c / w = 1 / tan(w / 2 rate).
    let section = |w: f64| {
        let g = 1.0 / tan(0.5 * w / rate_hz);
        [1.0 + g, 1.0 - g]
    };
    let (leak, bass) = (TAU * LEAK_HZ, 1.0 / BASS_SECONDS);
    let (middle, treble) = (1.0 / MIDDLE_SECONDS, 1.0 / TREBLE_SECONDS);
    let times = |a: [f64; 2], b: [f64; 2]| [a[0] * b[0], a[0] * b[1] + a[1] * b[0], a[1] * b[1]];
    let (above, below) = (times(section(bass), section(treble)), times(section(middle), section(leak)));
    // s + w₀ is w₀ (1 + s / w₀). A centimetre is 1e4 micrometres.
    let velocity_at_reference = {
        let power = corner(BASS_SECONDS, REFERENCE_HZ) * corner(TREBLE_SECONDS, REFERENCE_HZ)
            / corner(MIDDLE_SECONDS, REFERENCE_HZ);
        power.sqrt()
    };
    let k = 1e4 / (velocity_at_reference * leak * below[0]);
    Coefficients {
        b0: above[0] * k,
        b1: above[1] * k,
        b2: above[2] * k,
        a1: below[1] / below[0],
        a2: below[2] / below[0],
    }
}
