//! What is played, as a function of the frame.

use super::Wave;
use dsp::math::{PI, TAU, cos, exp, ln, sin};
use dsp::rng::CounterRng;

/// Most harmonics of square, saw and triangle. The last is 66 dB below the first of a saw. By our own convention; all
/// there is room for at 48 kHz from 12 Hz up.
const HARMONICS: usize = 2048;
/// Harmonics are full up to here and fade to nothing at half the sample rate, so that none comes or goes at once when
/// the frequency moves. By our own convention.
const FULL_TO: f64 = 0.45;
/// Frames worked out side by side.
const LANES: usize = 8;
/// Ends of a sweep, seconds. By our own convention.
const SWEEP_EDGE_SECONDS: f64 = 0.005;

/// A periodic wave as a sum of harmonics: nothing above half the sample rate, so nothing folds back.
///
/// Costs about a nanosecond for each harmonic and frame.
#[derive(Debug)]
pub(super) struct Tone {
    rate: f64,
    step: f64,
    /// Turns at the anchor.
    anchor: f64,
    anchor_frame: u64,
    /// Weights of sin(kθ), from k = 1 on; never grows beyond its first capacity.
    weights: Vec<f64>,
}

impl Tone {
    pub(super) fn new(rate: f64) -> Self {
        Self { rate, step: 0.0, anchor: 0.0, anchor_frame: 0, weights: Vec::with_capacity(HARMONICS) }
    }

    /// Back to frame and phase zero.
    pub(super) fn reset(&mut self) {
        (self.anchor, self.anchor_frame) = (0.0, 0);
    }

    fn turns(&self, frame: u64) -> f64 {
        let turns = self.anchor + self.step * frame.wrapping_sub(self.anchor_frame) as f64;
        turns - turns.floor()
    }

    /// Another wave or frequency from `frame` on; the phase goes on.
    pub(super) fn set(&mut self, wave: Wave, frequency_hz: f64, frame: u64) {
        let step = frequency_hz / self.rate;
        if step != self.step {
            (self.anchor, self.anchor_frame) = (self.turns(frame), frame);
            self.step = step;
        }
        let count = ((0.5 / step) as usize).clamp(1, HARMONICS);
        let count = if wave == Wave::Sine { 1 } else { count };
        self.weights.clear();
        self.weights.extend((1..=count).map(|k| fourier(wave, k) * room(k, step)));
    }

    /// The wave from `frame` on.
    pub(super) fn play(&self, frame: u64, out: &mut [f64]) {
        for (part, chunk) in out.chunks_mut(LANES).enumerate() {
            let angles: [f64; LANES] =
                std::array::from_fn(|lane| TAU * self.turns(frame + (part * LANES + lane) as u64));
            for (to, value) in chunk.iter_mut().zip(self.sum(&angles)) {
                *to = value;
            }
        }
    }

    /// Σ weight · sin(kθ) after Clenshaw, Math. Comp. 9, 1955.
    fn sum(&self, angles: &[f64; LANES]) -> [f64; LANES] {
        let sines = angles.map(sin);
        if let [only] = self.weights.as_slice() {
            return sines.map(|s| only * s);
        }
        let twice = angles.map(|angle| 2.0 * cos(angle));
        let (mut b1, mut b2) = ([0.0; LANES], [0.0; LANES]);
        for weight in self.weights.iter().rev() {
            for lane in 0..LANES {
                let b = (weight - b2[lane]) + twice[lane] * b1[lane];
                (b2[lane], b1[lane]) = (b1[lane], b);
            }
        }
        std::array::from_fn(|lane| b1[lane] * sines[lane])
    }
}

/// Weight of sin(kθ) in the ideal wave of peak 1.
fn fourier(wave: Wave, k: usize) -> f64 {
    let h = k as f64;
    match wave {
        Wave::Square if k % 2 == 1 => 4.0 / (PI * h),
        Wave::Triangle if k % 2 == 1 => {
            let sign = if k % 4 == 1 { 1.0 } else { -1.0 };
            sign * 8.0 / (PI * PI * h * h)
        }
        // Rising: -1 to 1, the jump at half a turn.
        Wave::Saw => {
            let sign = if k % 2 == 1 { 1.0 } else { -1.0 };
            sign * 2.0 / (PI * h)
        }
        Wave::Square | Wave::Triangle => 0.0,
        _ => f64::from(u8::from(k == 1)),
    }
}

/// How much of harmonic `k` there is room for; the first is there in full or not at all.
fn room(k: usize, step: f64) -> f64 {
    let at = k as f64 * step;
    if k == 1 {
        return f64::from(u8::from(at < 0.5));
    }
    ((0.5 - at) / (0.5 - FULL_TO)).clamp(0.0, 1.0)
}

/// A sweep whose frequency grows by the same factor in the same time.
///
/// Farina, "Simultaneous measurement of impulse response and distortion with a swept-sine technique", 108th AES
/// Convention, 2000.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sweep {
    pub(super) from_hz: f64,
    pub(super) to_hz: f64,
    pub(super) seconds: f64,
    /// From one start to the next.
    pub(super) every_seconds: f64,
}

impl Sweep {
    /// The sweep at `frame`.
    pub(super) fn at(&self, frame: u64, rate: f64) -> f64 {
        let cycle = (self.every_seconds.max(self.seconds) * rate).round().max(1.0) as u64;
        let t = (frame % cycle) as f64 / rate;
        if t >= self.seconds {
            return 0.0;
        }
        let (from, to) = (self.from_hz.min(0.499 * rate), self.to_hz.min(0.499 * rate));
        let grow = ln(to / from);
        let turns = if grow.abs() < 1e-9 {
            from * t
        } else {
            from * self.seconds / grow * (exp(grow * t / self.seconds) - 1.0)
        };
        edge(t.min(self.seconds - t), SWEEP_EDGE_SECONDS) * sin(TAU * (turns - turns.floor()))
    }
}

/// Rises from 0 to 1 as `distance` goes from 0 to `width`.
pub(super) fn edge(distance: f64, width: f64) -> f64 {
    if distance >= width { 1.0 } else { 0.5 - 0.5 * cos(PI * distance.max(0.0) / width) }
}

/// White noise of power 1: uniform, so that its peak is √3.
pub(super) fn white(rng: &CounterRng, frame: u64) -> f64 {
    // √3: a uniform in ±1 has the power 1/3.
    1.732_050_807_568_877_2 * rng.bipolar(frame)
}

/// Sections of the pink filter.
const SECTIONS: usize = 10;
/// Lowest pole, hertz; below it pink noise is white, so that its power is finite.
const LOWEST_HZ: f64 = 1.0;
/// Taps of the correction on either side.
const REACH: usize = 16;
const TAPS: usize = 2 * REACH + 1;
/// Points at which the correction is known.
const POINTS: usize = 64;
/// Frames after which decayed states are silenced; noise never lets them decay before it ends.
const SMALL: f64 = 1e-30;

/// Noise whose power falls by 3 dB per octave, of power 1.
///
/// Poles and zeros by turns, two octaves from pole to pole, make half an order (Oustaloup, Levron, Mathieu and Nanot,
/// IEEE Trans. CAS-I 47(1), 2000); what is left to do near half the sample rate is done by a short symmetrical filter.
/// Within 0.1 dB from 20 Hz to 20 kHz (measured at 44.1 to 192 kHz).
#[derive(Debug, Clone)]
pub(super) struct Pink {
    poles: [f64; SECTIONS],
    zeros: [f64; SECTIONS],
    taps: [f64; TAPS],
    states: [(f64, f64); SECTIONS],
    past: [f64; TAPS],
}

impl Pink {
    pub(super) fn new(rate: f64) -> Self {
        // Matched poles and zeros: e^(-w/fs).
        let place = |octaves: f64| exp(-TAU * LOWEST_HZ * exp(octaves * dsp::math::LN_2) / rate);
        let mut pink = Self {
            poles: std::array::from_fn(|i| place(2.0 * i as f64)),
            zeros: std::array::from_fn(|i| place(2.0 * i as f64 + 1.0)),
            taps: [0.0; TAPS],
            states: [(0.0, 0.0); SECTIONS],
            past: [0.0; TAPS],
        };
        pink.correct(rate);
        pink
    }

    pub(super) fn reset(&mut self) {
        self.states = [(0.0, 0.0); SECTIONS];
        self.past = [0.0; TAPS];
    }

    /// Magnitude of the sections at `angle`.
    fn sections(&self, angle: f64) -> f64 {
        let distance = |root: f64| 1.0 - 2.0 * root * cos(angle) + root * root;
        let power: f64 =
            self.poles.iter().zip(&self.zeros).map(|(p, z)| distance(*z) / distance(*p)).product();
        power.sqrt()
    }

    /// Designs the correction and scales it for power 1.
    fn correct(&mut self, rate: f64) {
        let wanted: [f64; POINTS + 1] = std::array::from_fn(|j| {
            // At 0 what is right in the middle of the range, 200 Hz.
            let angle = if j == 0 { TAU * 200.0 / rate } else { PI * j as f64 / POINTS as f64 };
            1.0 / (angle.sqrt() * self.sections(angle))
        });
        let cosine = |k: usize| {
            let end = |j: usize| if j == 0 || j == POINTS { 0.5 } else { 1.0 };
            let at = |j: usize| cos(PI * (j * k % (2 * POINTS)) as f64 / POINTS as f64);
            (0..=POINTS).map(|j| end(j) * wanted[j] * at(j)).sum::<f64>() / POINTS as f64
        };
        self.taps = std::array::from_fn(|n| cosine(n.abs_diff(REACH)));
        let scale = 1.0 / self.power(rate).sqrt();
        self.taps.iter_mut().for_each(|tap| *tap *= scale);
    }

    /// Power of the noise: the mean of the squared response, on a grid of equal ratios.
    fn power(&self, rate: f64) -> f64 {
        let steps = 4000;
        let (low, high) = (ln(TAU * 0.01 / rate), ln(PI));
        let width = (high - low) / f64::from(steps);
        let sum: f64 = (0..steps)
            .map(|n| {
                let angle = exp(low + (f64::from(n) + 0.5) * width);
                let fir: f64 = (0..TAPS).map(|k| self.taps[k] * cos(angle * (k as f64 - REACH as f64))).sum();
                let h = fir * self.sections(angle);
                h * h * angle * width
            })
            .sum();
        sum / PI
    }

    /// One frame of white noise becomes one of pink noise.
    pub(super) fn tick(&mut self, white: f64) -> f64 {
        self.past.copy_within(..TAPS - 1, 1);
        self.past[0] = white;
        let mut x: f64 = self.past.iter().zip(&self.taps).map(|(x, tap)| x * tap).sum();
        for ((state, pole), zero) in self.states.iter_mut().zip(&self.poles).zip(&self.zeros) {
            let y = (x - zero * state.0) + pole * state.1;
            *state = (x, if y.abs() < SMALL { 0.0 } else { y });
            x = y;
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::measure;

    #[test]
    fn the_pink_filter_falls_by_three_decibels_per_octave() {
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            let mut pink = Pink::new(rate);
            let ir: Vec<f64> =
                (0..(rate * 1.5) as usize).map(|n| pink.tick(f64::from(u8::from(n == 0)))).collect();
            let level = |hz: f64| measure::response_db(&ir, hz, rate) + dsp::math::power_to_db(hz);
            let middle = level(1_000.0);
            for n in 0..=30 {
                let hz = 20.0 * dsp::math::pow(10.0, f64::from(n) / 10.0);
                let off = level(hz) - middle;
                assert!(off.abs() < 0.15, "{hz} Hz at {rate}: {off}");
            }
            let power: f64 = ir.iter().map(|x| x * x).sum();
            assert!(dsp::math::power_to_db(power).abs() < 0.05, "{rate}: {power}");
        }
    }
}
