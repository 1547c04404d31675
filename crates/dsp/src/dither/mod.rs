//! Quantisation with dither and noise shaping.
//!
//! ```text
//! u[n] = x[n] · 2^(b-1) - Σ c_j e[n-j]      y[n] = round(u[n] + d[n])      e[n] = y[n] - u[n]
//! ```
//!
//! so the error reaches the output through `N(z) = 1 - Σ c_j z^-j`. A shaper with poles feeds back `s[n] = Σ c_j e[n-j] - Σ a_j s[n-j]`
//! instead: `N(z) = 1 - Σ c_j z^-j / (1 + Σ a_j z^-j)`. The noise `d` is a function of seed, channel and absolute
//! frame: no block boundary changes it. With plain triangular dither of ±1 LSB the total error has a mean and a variance
//! (Δ²/4) that do not depend on the signal: -96.33 dBFS at 16 bits, re an RMS of 1.0.
//!
//! Dither once, last, and not at all when the samples are already on the grid ([`Dither::None`] then changes no bit).
//!
//! Source: Lipshitz, Wannamaker and Vanderkooy, "Quantization and dither: a theoretical survey", JAES 40(5), 1992.

mod shaper;

pub use shaper::Shaper;

use crate::rng::CounterRng;

/// Noise added before rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dither {
    /// None: rounding only. For samples that are on the grid already.
    None,
    /// Triangular, ±1 LSB, white. The one for 24 bits and for whatever will be encoded or processed again.
    #[default]
    Triangular,
    /// Triangular with a rising spectrum (the difference of neighbouring uniforms): same power, less of it below 10 kHz.
    HighPass,
    /// White triangular dither with the error shaped away from where the ear is keen. For a 16-bit end product.
    Shaped(Shaper),
}

impl Dither {
    /// Name in settings and reports: `none`, `tpdf`, `tpdf_high_pass` or the shaper's.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Triangular => "tpdf",
            Self::HighPass => "tpdf_high_pass",
            Self::Shaped(shaper) => shaper.name(),
        }
    }

    /// Every kind of dither.
    pub fn all() -> impl Iterator<Item = Self> {
        [Self::None, Self::Triangular, Self::HighPass].into_iter().chain(Shaper::ALL.map(Self::Shaped))
    }

    /// The dither of a [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|dither| dither.name() == name)
    }
}

/// Silence that lasts this long is passed on as silence, without dither.
///
/// By convention: 1024 frames, 23 ms at 44.1 kHz; shorter gaps inside music keep their dither.
pub const BLANK_AFTER_FRAMES: u64 = 1024;

/// What counts as digital silence: -240 dBFS, far below half an LSB of 24 bits (-144) yet above the rounding errors of filters.
const SILENCE: f64 = 1e-12;

/// Samples without dependences that are worked on at once.
const CHUNK: usize = 64;

/// Length of the error memory; the longest shaper.
const MEMORY: usize = 24;
/// Most poles of a shaper.
const POLES: usize = 4;

/// 1.5 · 2^52: adding and subtracting it rounds to the nearest integer, ties to even, by IEEE 754 alone.
const ROUNDER: f64 = 6_755_399_441_055_744.0;

/// Quantiser of one channel.
#[derive(Debug, Clone)]
pub struct Quantiser {
    bits: u16,
    dither: Dither,
    coefficients: &'static [f64],
    poles: &'static [f64],
    rng: CounterRng,
    frame: u64,
    silent_frames: u64,
    /// What errors add to the samples to come; with poles the errors, newest first.
    errors: [f64; MEMORY],
    /// What was fed back, newest first; only with poles.
    fed_back: [f64; POLES],
    clipped: u64,
}

impl Quantiser {
    /// A quantiser to `bits` (2 to 32; others are brought into that range) for channel `channel` of a file dithered with `seed`.
    #[must_use]
    pub fn new(bits: u16, dither: Dither, seed: u64, channel: usize) -> Self {
        let (coefficients, poles): (&[f64], &[f64]) = match dither {
            Dither::Shaped(shaper) => (shaper.coefficients(), shaper.poles()),
            _ => (&[], &[]),
        };
        Self {
            bits: bits.clamp(2, 32),
            dither,
            coefficients,
            poles,
            rng: CounterRng::new(seed, channel as u64),
            frame: 0,
            silent_frames: BLANK_AFTER_FRAMES,
            errors: [0.0; MEMORY],
            fed_back: [0.0; POLES],
            clipped: 0,
        }
    }

    /// Quantises `input` (full scale ±1.0) to integers in `-2^(bits-1) ..= 2^(bits-1) - 1`, as many as both slices hold.
    /// Out-of-range samples are clamped and [counted](Self::clipped); NaN and infinity count as silence.
    pub fn process(&mut self, input: &[f64], output: &mut [i32]) {
        match self.coefficients.len() {
            0 => self.plainly(input, output),
            _ if !self.poles.is_empty() => self.run(input, output, Self::with_poles),
            3 => self.shaped::<3>(input, output),
            5 => self.shaped::<5>(input, output),
            9 => self.shaped::<9>(input, output),
            15 => self.shaped::<15>(input, output),
            16 => self.shaped::<16>(input, output),
            20 => self.shaped::<20>(input, output),
            _ => self.shaped::<MEMORY>(input, output),
        }
    }

    /// Without a shaper.
    fn plainly(&mut self, input: &[f64], output: &mut [i32]) {
        for (input, output) in input.chunks(CHUNK).zip(output.chunks_mut(CHUNK)) {
            // Where nothing is silent and nothing clips, samples do not depend on each other.
            let lively =
                input.iter().fold(true, |so_far, x| so_far & (x.abs() > SILENCE) & (x.abs() < 0.999));
            if lively && self.bits > 12 && output.len() == input.len() {
                self.lively(input, output);
            } else {
                self.run(input, output, Self::plain);
            }
        }
    }

    /// As [`run`](Self::run) with [`plain`](Self::plain), for samples that are neither silent nor near full scale.
    fn lively(&mut self, input: &[f64], output: &mut [i32]) {
        let scale = self.full_scale();
        let mut noise = [0.0; CHUNK];
        for (frame, noise) in (self.frame..).zip(&mut noise[..input.len()]) {
            *noise = self.noise(frame);
        }
        for ((x, noise), y) in input.iter().zip(&noise).zip(output) {
            // The integer stands in the last bits of the sum, negative ones as their complement.
            *y = (x * scale + noise + ROUNDER).to_bits() as i32;
        }
        self.silent_frames = 0;
        self.frame += input.len() as u64;
    }

    #[inline(always)]
    fn run(&mut self, input: &[f64], output: &mut [i32], round: impl Fn(&mut Self, f64) -> f64) {
        let scale = self.full_scale();
        for (x, y) in input.iter().zip(output) {
            let x = if x.is_finite() { *x } else { 0.0 };
            self.silent_frames = if x.abs() <= SILENCE { self.silent_frames.saturating_add(1) } else { 0 };
            *y = if self.silent_frames > BLANK_AFTER_FRAMES {
                self.errors = [0.0; MEMORY];
                self.fed_back = [0.0; POLES];
                0
            } else {
                let rounded = round(self, x * scale);
                let clamped = rounded.clamp(-scale, scale - 1.0);
                self.clipped += u64::from(clamped != rounded);
                clamped as i32
            };
            self.frame += 1;
        }
    }

    /// One sample in LSB, rounded.
    #[inline(always)]
    fn plain(&mut self, wanted: f64) -> f64 {
        round_ties_even(wanted + self.noise(self.frame))
    }

    /// With the errors of the samples before: transposed, so that what is fed back is ready when it is wanted. `errors[j]` is what
    /// errors so far will add to the sample after `j` others.
    fn shaped<const TAPS: usize>(&mut self, input: &[f64], output: &mut [i32]) {
        let (Some(coefficients), Some(state)) =
            (self.coefficients.first_chunk::<TAPS>(), self.errors.first_chunk::<TAPS>())
        else {
            return;
        };
        let (scale, mut state) = (self.full_scale(), *state);
        for (x, y) in input.iter().zip(output) {
            let x = if x.is_finite() { *x } else { 0.0 };
            self.silent_frames = if x.abs() <= SILENCE { self.silent_frames.saturating_add(1) } else { 0 };
            *y = if self.silent_frames > BLANK_AFTER_FRAMES {
                state = [0.0; TAPS];
                0
            } else {
                let shaped = x * scale - state[0];
                let rounded = round_ties_even(shaped + self.noise(self.frame));
                // Of the number before the clamp, so that clipping cannot wind the loop up.
                let error = rounded - shaped;
                state.copy_within(1.., 0);
                state[TAPS - 1] = 0.0;
                state.iter_mut().zip(coefficients).for_each(|(state, c)| *state += c * error);
                let clamped = rounded.clamp(-scale, scale - 1.0);
                self.clipped += u64::from(clamped != rounded);
                clamped as i32
            };
            self.frame += 1;
        }
        self.errors[..TAPS].copy_from_slice(&state);
    }

    /// One sample in LSB, rounded, with the error of those before and poles: `errors` are those before, newest first.
    #[inline(always)]
    fn with_poles(&mut self, wanted: f64) -> f64 {
        let mut fed_back: f64 = self.coefficients.iter().zip(&self.errors).map(|(c, e)| c * e).sum();
        fed_back -= self.poles.iter().zip(&self.fed_back).map(|(a, s)| a * s).sum::<f64>();
        self.fed_back.copy_within(..POLES - 1, 1);
        self.fed_back[0] = fed_back;
        let shaped = wanted - fed_back;
        let rounded = round_ties_even(shaped + self.noise(self.frame));
        self.errors.copy_within(..self.coefficients.len() - 1, 1);
        // Of the number before the clamp, so that clipping cannot wind the loop up.
        self.errors[0] = rounded - shaped;
        rounded
    }

    /// Dither of a frame, in LSB.
    #[inline(always)]
    fn noise(&self, frame: u64) -> f64 {
        match self.dither {
            Dither::None => 0.0,
            Dither::Triangular | Dither::Shaped(_) => {
                // Two uniforms of 32 bits from one draw: their difference.
                let bits = self.rng.bits(frame);
                (whole(bits >> 32) - whole(bits & 0xFFFF_FFFF)) * (1.0 / 4_294_967_296.0)
            }
            Dither::HighPass => self.rng.uniform(frame.wrapping_add(1)) - self.rng.uniform(frame),
        }
    }

    /// LSB in full scale: `2^(bits-1)`.
    fn full_scale(&self) -> f64 {
        (1_u64 << (self.bits - 1)) as f64
    }

    /// Samples clamped so far.
    #[must_use]
    pub fn clipped(&self) -> u64 {
        self.clipped
    }

    /// Bits of the result.
    #[must_use]
    pub fn bits(&self) -> u16 {
        self.bits
    }

    /// How far a sample can end up from what it was, as an amplitude: what a ceiling must leave room for.
    /// ±1.5 LSB with triangular dither, times the sum of the magnitudes of the shaper's impulse response (`1 + Σ|c|` without poles; reached
    /// only in theory), half an LSB without.
    #[must_use]
    pub fn largest_error(&self) -> f64 {
        let own = if self.dither == Dither::None { 0.5 } else { 1.5 };
        own * self.response().map(f64::abs).sum::<f64>() / self.full_scale()
    }

    /// Impulse response of the shaper, as long as it lasts: the poles lie within 0.82 (they are tested), which is 1e-22 after this.
    fn response(&self) -> impl Iterator<Item = f64> {
        const FRAMES: usize = 256;
        let mut fed = [0.0; POLES];
        (0..FRAMES).map(move |n| {
            let zeros = n.checked_sub(1).and_then(|at| self.coefficients.get(at)).copied().unwrap_or(0.0);
            let back = zeros - self.poles.iter().zip(&fed).map(|(a, s)| a * s).sum::<f64>();
            fed.copy_within(..POLES - 1, 1);
            fed[0] = back;
            if n == 0 { 1.0 } else { -back }
        })
    }
}

/// An integer under 2^32 over 2^52, where it stands in the last bits: exact, the difference of two of them as well, and several at once.
#[inline(always)]
fn whole(bits: u64) -> f64 {
    f64::from_bits(0x4330_0000_0000_0000 | bits)
}

/// Nearest integer, ties to even, for magnitudes below 2^51.
fn round_ties_even(x: f64) -> f64 {
    if x.abs() < 2_251_799_813_685_248.0 { (x + ROUNDER) - ROUNDER } else { x }
}

#[cfg(test)]
mod tests;
