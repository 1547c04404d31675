//! The K-weighting of ITU-R BS.1770-5, annex 1, at any sample rate.
//!
//! The recommendation prints coefficients for 48 kHz only and asks other rates to match their response. Here both
//! stages are bilinear transforms of the analogue prototypes behind those coefficients, and the high-pass is scaled
//! so that its gain above its corner does not depend on the rate.

use crate::math;
use crate::meter::finite;

/// Second-order section `b0 b1 b2 a1 a2`, with `y = b0 x + b1 x1 + b2 x2 - a1 y1 - a2 y2`.
pub type Section = [f64; 5];

/// Coefficients of both stages.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct KWeighting {
    /// Stage 1: the shelf that stands for the head.
    pub shelf: Section,
    /// Stage 2: the high-pass (RLB weighting).
    pub high_pass: Section,
}

// Analogue prototypes: with these the bilinear transform gives tables 1 and 2 of BS.1770-5 at 48 kHz to all digits.
const SHELF_HZ: f64 = 1_681.974_450_955_533;
const SHELF_DB: f64 = 3.999_843_853_973_347;
const SHELF_Q: f64 = 0.707_175_236_955_419_6;
const SHELF_MIDDLE_EXPONENT: f64 = 0.499_666_774_154_541_6;
const HIGH_PASS_HZ: f64 = 38.135_470_876_024_44;
const HIGH_PASS_Q: f64 = 0.500_327_037_323_877_3;
/// Rate of the tables of BS.1770-5.
const TABLE_RATE_HZ: f64 = 48_000.0;

fn warped(frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    // Rates below 3.7 kHz have no room for the shelf: it stays under half the rate, so that it is stable.
    math::tan(math::PI * (frequency_hz / sample_rate_hz).min(0.45))
}

fn high_pass_denominator(k: f64) -> f64 {
    1.0 + k / HIGH_PASS_Q + k * k
}

impl KWeighting {
    /// Coefficients for a sample rate.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { shelf: shelf(warped(SHELF_HZ, sample_rate_hz)), high_pass: high_pass(sample_rate_hz) }
    }

    /// Gain in decibels of both stages at `frequency_hz`.
    #[must_use]
    pub fn response_db(&self, frequency_hz: f64, sample_rate_hz: f64) -> f64 {
        let w = math::TAU * frequency_hz / sample_rate_hz;
        [self.shelf, self.high_pass].iter().map(|section| section_db(section, w)).sum()
    }
}

fn shelf(k: f64) -> Section {
    let high = math::db_to_gain(SHELF_DB);
    let middle = math::pow(high, SHELF_MIDDLE_EXPONENT);
    let a0 = 1.0 + k / SHELF_Q + k * k;
    [
        (high + middle * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - middle * k / SHELF_Q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / SHELF_Q + k * k) / a0,
    ]
}

fn high_pass(sample_rate_hz: f64) -> Section {
    let k = warped(HIGH_PASS_HZ, sample_rate_hz);
    let a0 = high_pass_denominator(k);
    // The table has the numerator 1, -2, 1, not divided by a0. Kept at other rates that would move the gain with
    // the rate (by 0.03 dB at 192 kHz); so it is 1, -2, 1 at 48 kHz and follows a0 elsewhere.
    let scale = high_pass_denominator(warped(HIGH_PASS_HZ, TABLE_RATE_HZ)) / a0;
    [scale, -2.0 * scale, scale, 2.0 * (k * k - 1.0) / a0, (1.0 - k / HIGH_PASS_Q + k * k) / a0]
}

fn section_db(&[b0, b1, b2, a1, a2]: &Section, w: f64) -> f64 {
    let (c1, s1, c2, s2) = (math::cos(w), math::sin(w), math::cos(2.0 * w), math::sin(2.0 * w));
    let power = |p0: f64, p1: f64, p2: f64| {
        let (re, im) = (p0 + p1 * c1 + p2 * c2, p1 * s1 + p2 * s2);
        re * re + im * im
    };
    math::power_to_db(power(b0, b1, b2) / power(1.0, a1, a2))
}

/// Both stages, running side by side over `N` channels (transposed direct form II: two values of state a stage).
#[derive(Debug, Clone)]
pub struct KFilter<const N: usize> {
    weighting: KWeighting,
    state: [[f64; N]; 4],
}

/// State below this is far under any sound (-600 dB) and is cleared before it can become denormal.
const FLUSH: f64 = 1e-30;

impl<const N: usize> KFilter<N> {
    /// A filter at rest.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        Self { weighting: KWeighting::new(sample_rate_hz), state: [[0.0; N]; 4] }
    }

    /// Weighted frame for the next frame. Samples that are not finite count as silence.
    #[inline]
    pub fn next_frame(&mut self, frame: [f64; N]) -> [f64; N] {
        step(&self.weighting, &mut self.state, frame)
    }

    /// Adds the squares of the weighted samples of each channel to `sums`, sample by sample.
    pub fn energy(&mut self, inputs: [&[f64]; N], sums: &mut [f64; N]) {
        let frames = inputs.iter().map(|input| input.len()).min().unwrap_or(0);
        let inputs = inputs.map(|input| &input[..frames]);
        let (weighting, mut state) = (self.weighting, self.state);
        let mut energy = *sums;
        for n in 0..frames {
            let y = step(&weighting, &mut state, inputs.map(|input| input[n]));
            for lane in 0..N {
                energy[lane] += y[lane] * y[lane];
            }
        }
        self.state = state;
        *sums = energy;
    }

    /// Clears state that has died away. Call it at times that do not depend on how a stream is cut into blocks, at
    /// least every 20 ms.
    pub fn flush(&mut self) {
        for value in self.state.iter_mut().flatten() {
            if value.abs() < FLUSH {
                *value = 0.0;
            }
        }
    }

    /// Forgets what was heard.
    pub fn reset(&mut self) {
        self.state = [[0.0; N]; 4];
    }
}

#[inline(always)]
fn step<const N: usize>(k: &KWeighting, state: &mut [[f64; N]; 4], frame: [f64; N]) -> [f64; N] {
    let ([b0, b1, b2, a1, a2], [c0, c1, c2, d1, d2]) = (k.shelf, k.high_pass);
    let mut out = [0.0; N];
    for lane in 0..N {
        let x = finite(frame[lane]);
        let y = b0 * x + state[0][lane];
        state[0][lane] = (b1 * x + state[1][lane]) - a1 * y;
        state[1][lane] = b2 * x - a2 * y;
        let z = c0 * y + state[2][lane];
        state[2][lane] = (c1 * y + state[3][lane]) - d1 * z;
        state[3][lane] = c2 * y - d2 * z;
        out[lane] = z;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    // ITU-R BS.1770-5, annex 1, tables 1 and 2.
    const TABLE: KWeighting = KWeighting {
        shelf: [
            1.535_124_859_586_97,
            -2.691_696_189_406_38,
            1.198_392_810_852_85,
            -1.690_659_293_182_41,
            0.732_480_774_215_85,
        ],
        high_pass: [1.0, -2.0, 1.0, -1.990_047_454_833_98, 0.990_072_250_366_21],
    };

    #[test]
    fn at_48_khz_the_coefficients_are_those_of_the_recommendation() {
        let found = KWeighting::new(48_000.0);
        for (a, b) in found.shelf.iter().zip(TABLE.shelf).chain(found.high_pass.iter().zip(TABLE.high_pass)) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
    }

    #[test]
    fn at_other_rates_the_coefficients_are_the_published_bilinear_ones() {
        // Rate, shelf, a1 and a2 of the high-pass, its scale.
        let rows: [(f64, Section, [f64; 3]); 3] = [
            (
                44_100.0,
                [
                    1.530_841_230_050_35,
                    -2.650_979_995_154_73,
                    1.169_079_079_921_59,
                    -1.663_655_113_256_02,
                    0.712_595_428_073_23,
                ],
                [-1.989_169_673_629_80, 0.989_199_035_787_04, 0.999_560_06],
            ),
            (
                96_000.0,
                [
                    1.559_714_228_975_80,
                    -2.926_741_578_251_08,
                    1.378_261_202_315_82,
                    -1.844_609_469_890_11,
                    0.855_843_322_930_64,
                ],
                [-1.995_017_544_724_72, 0.995_023_759_040_92, 1.002_492_79],
            ),
            (
                192_000.0,
                [
                    1.572_227_215_091_28,
                    -3.047_283_051_561_55,
                    1.477_971_340_979_61,
                    -1.922_202_230_607_49,
                    0.925_117_735_116_83,
                ],
                [-1.997_507_222_840_70, 0.997_508_778_355_51, 1.003_742_68],
            ),
        ];
        for (rate, shelf, [a1, a2, scale]) in rows {
            let found = KWeighting::new(rate);
            for (a, b) in found.shelf.iter().zip(shelf) {
                assert!((a - b).abs() < 1e-12, "{rate}: {a} {b}");
            }
            assert!((found.high_pass[3] - a1).abs() < 1e-12 && (found.high_pass[4] - a2).abs() < 1e-12);
            assert!((found.high_pass[0] - scale).abs() < 1e-8, "{rate}: {}", found.high_pass[0]);
        }
    }

    #[test]
    fn the_gain_does_not_depend_on_the_sample_rate() {
        for rate in [44_100.0, 48_000.0, 88_200.0, 96_000.0, 176_400.0, 192_000.0] {
            let weighting = KWeighting::new(rate);
            // BS.1770-5: the constant -0.691 takes back the gain at 997 Hz.
            assert!((weighting.response_db(997.0, rate) - 0.691).abs() < 0.007, "{rate}");
            let at_48k = TABLE.response_db(10_000.0, 48_000.0);
            assert!((weighting.response_db(10_000.0, rate) - at_48k).abs() < 0.002, "{rate}");
        }
    }

    #[test]
    fn the_running_filter_has_the_response_of_its_coefficients() {
        let rate = 44_100.0;
        let mut filter = KFilter::<1>::new(rate);
        let response: Vec<f64> =
            testkit::signals::impulse(1.0, 0, 60_000).iter().map(|&x| filter.next_frame([x])[0]).collect();
        for frequency in [20.0, 38.0, 100.0, 1_000.0, 2_000.0, 15_000.0] {
            let expected = KWeighting::new(rate).response_db(frequency, rate);
            let found = testkit::measure::response_db(&response, frequency, rate);
            assert!((found - expected).abs() < 1e-6, "{frequency}: {found} {expected}");
        }
    }

    #[test]
    fn tiny_rates_stay_stable() {
        for rate in [1.0, 100.0, 3_000.0, 8_000.0] {
            let mut filter = KFilter::<1>::new(rate);
            let last = (0..20_000).fold(0.0, |_, n| filter.next_frame([if n < 100 { 1.0 } else { 0.0 }])[0]);
            assert!(last.abs() < 1e-3, "{rate}: {last}");
        }
    }
}
