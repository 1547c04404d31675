//! Sound later by a fixed time: whole frames exactly, parts of a frame by interpolation.

use crate::math::{PI, sin};

/// A fixed delay of whole frames for one channel.
#[derive(Debug, Clone)]
pub struct Ring {
    data: Vec<f64>,
    at: usize,
}

impl Ring {
    /// Silence of `frames` frames.
    #[must_use]
    pub fn new(frames: usize) -> Self {
        Self { data: vec![0.0; frames], at: 0 }
    }

    /// Delays a plane in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        if self.data.is_empty() {
            return;
        }
        for x in plane {
            core::mem::swap(x, &mut self.data[self.at]);
            self.at = if self.at + 1 == self.data.len() { 0 } else { self.at + 1 };
        }
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.data.fill(0.0);
        self.at = 0;
    }
}

/// Taps of the interpolation.
pub const TAPS: usize = 64;

/// Weights that read a band-limited signal `fraction` (0 to 1) of a frame before the middle tap `half - 1`.
///
/// A sinc under a Kaiser window, β 8 (side lobes below -80 dB; Kaiser and Schafer 1980), `2 * half` taps, scaled to
/// pass a constant exactly. At a fraction of 0 the tap `half - 1` alone is 1, exactly.
#[must_use]
pub fn fraction_taps(fraction: f64, half: usize) -> [f64; TAPS] {
    let mut taps = [0.0; TAPS];
    let half = half.clamp(1, TAPS / 2);
    if fraction == 0.0 {
        taps[half - 1] = 1.0;
        return taps;
    }
    let mut sum = 0.0;
    for (i, tap) in taps.iter_mut().enumerate().take(2 * half) {
        let x = i as f64 - (half as f64 - 1.0) - fraction;
        let place = x / half as f64;
        let window = bessel_i0(8.0 * f64::max(0.0, 1.0 - place * place).sqrt());
        *tap = window * sin(PI * x) / (PI * x);
        sum += *tap;
    }
    taps.iter_mut().for_each(|tap| *tap /= sum);
    taps
}

/// Modified Bessel function of order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let quarter = 0.25 * x * x;
    let (mut term, mut sum) = (1.0, 1.0);
    for k in 1..40 {
        term *= quarter / f64::from(k * k);
        sum += term;
    }
    sum
}

/// Where to read: whole frames back and the weights around.
#[derive(Debug, Clone)]
struct Tap {
    /// Frames back of the newest sample used.
    newest: usize,
    /// Weights, newest first; `None` for a whole delay (the sample at `newest`).
    weights: Option<([f64; TAPS], usize)>,
}

impl Tap {
    fn new(delay_frames: f64) -> Self {
        let whole = delay_frames.floor();
        let fraction = delay_frames - whole;
        let whole = whole as usize;
        if fraction == 0.0 {
            return Self { newest: whole, weights: None };
        }
        // The middle tap must not ask for the future: short delays get fewer taps.
        let half = (whole + 1).min(TAPS / 2);
        Self { newest: whole + 1 - half, weights: Some((fraction_taps(fraction, half), 2 * half)) }
    }

    #[inline]
    fn read(&self, data: &[f64], at: usize) -> f64 {
        let mask = data.len() - 1;
        match &self.weights {
            None => data[at.wrapping_sub(self.newest) & mask],
            Some((weights, count)) => weights[..*count]
                .iter()
                .enumerate()
                .map(|(i, w)| w * data[at.wrapping_sub(self.newest + i) & mask])
                .sum(),
        }
    }
}

/// A delay for one channel that may change, by a cross-fade, while it runs. Delays below 31 frames with a fraction have
/// fewer taps, which softens the top: 31 frames or more are flat to 0.01 dB up to 18 kHz at 44.1 kHz, 8 frames to 0.1 dB
/// up to 15 kHz, and half a frame is two points (-3 dB at 11 kHz).
#[derive(Debug, Clone)]
pub struct Shift {
    data: Vec<f64>,
    at: usize,
    delay_frames: f64,
    now: Tap,
    next: Option<Tap>,
    /// Frames of the cross-fade done.
    faded: usize,
    fade_frames: usize,
}

impl Shift {
    /// A delay of up to `max_frames`, at `delay_frames`, that takes `fade_frames` to change.
    #[must_use]
    pub fn new(delay_frames: f64, max_frames: f64, fade_frames: usize) -> Self {
        let room = f64::max(max_frames, 0.0) as usize + TAPS + 2;
        let delay_frames = delay_frames.clamp(0.0, f64::max(max_frames, 0.0));
        Self {
            data: vec![0.0; room.next_power_of_two()],
            at: 0,
            delay_frames,
            now: Tap::new(delay_frames),
            next: None,
            faded: 0,
            fade_frames: fade_frames.max(1),
        }
    }

    /// Goes to another delay. While a cross-fade runs, the newest wish waits for its end.
    pub fn set(&mut self, delay_frames: f64) {
        let most = (self.data.len() - TAPS - 2) as f64;
        self.delay_frames = if delay_frames.is_nan() { 0.0 } else { delay_frames.clamp(0.0, most) };
        if self.next.is_none() {
            self.begin_fade();
        }
    }

    fn is_plain(&self) -> bool {
        self.next.is_none() && self.now.newest == 0 && self.now.weights.is_none()
    }

    fn begin_fade(&mut self) {
        let wish = Tap::new(self.delay_frames);
        let same = wish.newest == self.now.newest
            && wish.weights.as_ref().map(|w| w.0) == self.now.weights.as_ref().map(|w| w.0);
        if !same {
            (self.next, self.faded) = (Some(wish), 0);
        }
    }

    /// Delays a plane in place. A delay of nothing passes every bit.
    pub fn process(&mut self, plane: &mut [f64]) {
        if self.is_plain() {
            self.remember(plane);
            return;
        }
        let mask = self.data.len() - 1;
        for x in plane {
            self.data[self.at & mask] = *x;
            if !self.is_plain() {
                let mut y = self.now.read(&self.data, self.at);
                if let Some(next) = &self.next {
                    let part = (self.faded + 1) as f64 / self.fade_frames as f64;
                    y += part * (next.read(&self.data, self.at) - y);
                    self.faded += 1;
                }
                *x = y;
                if self.next.is_some() && self.faded >= self.fade_frames {
                    if let Some(next) = self.next.take() {
                        self.now = next;
                    }
                    self.begin_fade();
                }
            }
            self.at = self.at.wrapping_add(1);
        }
    }

    /// Keeps what passes, for a delay that may come.
    fn remember(&mut self, plane: &[f64]) {
        let size = self.data.len();
        let kept = plane.len().min(size);
        let from = self.at.wrapping_add(plane.len() - kept) & (size - 1);
        let (first, second) = plane[plane.len() - kept..].split_at(kept.min(size - from));
        self.data[from..from + first.len()].copy_from_slice(first);
        self.data[..second.len()].copy_from_slice(second);
        self.at = self.at.wrapping_add(plane.len());
    }

    /// Silence again, at the delay last given.
    pub fn reset(&mut self) {
        self.data.fill(0.0);
        self.at = 0;
        (self.now, self.next, self.faded) = (Tap::new(self.delay_frames), None, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::{measure, signals};

    #[test]
    fn whole_delays_are_exact() {
        let noise = signals::noise(1.0, 2, 300);
        for delay in [0_usize, 1, 77] {
            let (mut a, mut b) = (noise.clone(), noise.clone());
            Ring::new(delay).process(&mut a);
            Shift::new(delay as f64, 100.0, 64).process(&mut b);
            assert_eq!(a, b);
            assert_eq!(a[delay..], noise[..300 - delay]);
        }
    }

    #[test]
    fn a_fraction_of_a_frame_delays_every_tone_by_it() {
        for delay in [40.25, 8.5, 31.9] {
            for f in [100.0, 5_000.0, 15_000.0, 18_000.0] {
                let mut tone = signals::sine(f, 1.0, 0.0, 0.2, 44_100.0);
                Shift::new(delay, 100.0, 64).process(&mut tone);
                // From a whole number of periods on: every f is a multiple of 100 Hz, so 441 frames are one.
                let (amplitude, phase) = measure::tone(&tone[441..441 * 11], f, 44_100.0);
                let turns = f * delay / 44_100.0;
                let want = -core::f64::consts::TAU * (turns - turns.floor());
                let error = libm::sin(phase - want).abs();
                let limit = match (delay < 31.0, f > 15_000.0) {
                    (true, true) => 0.5,
                    (true, false) => 0.1,
                    _ => 0.01,
                };
                assert!(
                    measure::to_db(amplitude).abs() < limit,
                    "{delay} {f}: {}",
                    measure::to_db(amplitude)
                );
                assert!(error < 5e-3, "{delay} {f}: {error}");
            }
        }
    }

    #[test]
    fn a_change_of_delay_fades_and_does_not_depend_on_blocks() {
        let tone = signals::sine(100.0, 1.0, 0.0, 0.1, 48_000.0);
        let run = |block: usize| {
            let mut shift = Shift::new(0.0, 400.0, 480);
            let mut out = tone.clone();
            let (first, rest) = out.split_at_mut(1_000);
            first.chunks_mut(block).for_each(|part| shift.process(part));
            shift.set(240.5);
            rest.chunks_mut(block).for_each(|part| shift.process(part));
            out
        };
        let whole = run(10_000);
        assert_eq!(run(7), whole);
        // Half a period of cross-fade: no step larger than the sine's own and the fade's.
        let step = whole.windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
        assert!(step < 0.0131 + 2.0 / 480.0, "{step}");
    }

    #[test]
    fn the_taps_delay_low_tones_by_the_fraction_to_a_two_thousandth() {
        for fraction in [0.1, 0.25, 0.5, 0.9] {
            let taps = fraction_taps(fraction, 32);
            for w in [0.01, 0.3, 1.0] {
                let sum = |wave: fn(f64) -> f64| -> f64 {
                    taps.iter().enumerate().map(|(i, tap)| tap * wave(w * (i as f64 - 31.0))).sum()
                };
                let delay = crate::math::atan2(sum(crate::math::sin), sum(crate::math::cos)) / w;
                assert!((delay - fraction).abs() < 5e-4, "{fraction} {w}: {delay}");
            }
        }
    }
}
