//! Pitch and chroma, from a stream brought down to about 12 kHz.

use super::film::{CHROMA_PER_SECOND, PITCHES_PER_SECOND};
use super::frames::{Framer, Powers};
use dsp::biquad::Biquad;
use dsp::eq_design::{Curve, butterworth_qs, design};
use dsp::fft::RealFft;
use dsp::math;

/// Rate pitch is looked for at, about.
const RATE_HZ: f64 = 12_000.0;
/// Corner of the low-pass before samples are left out: partials up to 2 kHz stay, and at 9 kHz, which falls on 3 kHz, it has
/// taken 57 dB.
const CORNER_HZ: f64 = 3_000.0;
/// Points of a pitch window: 85 ms at 12 kHz.
const WINDOW: usize = 1024;
/// Points over which differences are summed: the rest is the longest lag (324, 37 Hz).
const SUM: usize = 700;
/// Highest pitch.
const HIGHEST_HZ: f64 = 1_500.0;
/// The first dip below this is taken (de Cheveigné and Kawahara, "YIN", JASA 111(4), 2002, step 4: 0.1; a little more for
/// instruments with bleed, by estimate, 2026-11-21).
const DIP: f64 = 0.15;
/// Points of a chroma window: 0.68 s at 12 kHz, so that semitones at 100 Hz are four bins apart.
const CHROMA_WINDOW: usize = 8192;
/// Partials that count for harmony, Hz.
const PARTIALS_HZ: (f64, f64) = (100.0, 2_000.0);

/// A pitch every 20 ms and how periodic the sound is, and chroma every 200 ms.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) pitch_hz: Vec<f32>,
    pub(super) periodicity: Vec<f32>,
    pub(super) chroma: Vec<f32>,
    /// Sum of unit vectors of all partials round a semitone, weighted by amplitude, and the sum of weights.
    pub(super) tuning: (f64, f64, f64),
}

/// Listens for pitch.
#[derive(Debug)]
pub(super) struct PitchEar {
    low_pass: Option<[Biquad; 3]>,
    every: usize,
    phase: usize,
    waiting: Vec<f64>,
    scratch: Vec<f64>,
    frames: Framer,
    yin: Yin,
    chroma_frames: Framer,
    chroma: Chroma,
    heard: Heard,
}

impl PitchEar {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let every = (sample_rate_hz / RATE_HZ).round().max(1.0) as usize;
        let rate_hz = sample_rate_hz / every as f64;
        let corner = CORNER_HZ.min(0.4 * rate_hz).min(0.45 * sample_rate_hz);
        let section =
            |q: f64| Biquad::new(design(Curve::LowPass, corner, 0.0, q, sample_rate_hz).coefficients());
        let sections: Vec<Biquad> = butterworth_qs(6).map(section).collect();
        Self {
            low_pass: (every > 1).then(|| sections.try_into().ok()).flatten(),
            every,
            phase: 0,
            waiting: Vec::new(),
            scratch: Vec::new(),
            frames: Framer::new(rate_hz, PITCHES_PER_SECOND, WINDOW, 1),
            yin: Yin::new(rate_hz),
            chroma_frames: Framer::new(rate_hz, CHROMA_PER_SECOND, CHROMA_WINDOW, 1),
            chroma: Chroma::new(rate_hz),
            heard: Heard::default(),
        }
    }

    /// Takes the mean of all channels.
    pub(super) fn push(&mut self, mono: &[f64]) {
        self.scratch.clear();
        self.scratch.extend_from_slice(mono);
        if let Some(sections) = &mut self.low_pass {
            // All three at once: each waits for itself only, and the processor runs them side by side.
            let [mut a, mut b, mut c] = sections.clone();
            self.scratch.iter_mut().for_each(|x| *x = c.tick(b.tick(a.tick(*x))));
            *sections = [a, b, c];
            sections.iter_mut().for_each(Biquad::settle);
        }
        self.waiting.clear();
        let first = (self.every - self.phase) % self.every;
        self.waiting.extend(self.scratch.iter().skip(first).step_by(self.every));
        self.phase = (self.phase + mono.len()) % self.every;
        let (yin, chroma, heard) = (&mut self.yin, &mut self.chroma, &mut self.heard);
        self.frames.push(&[&self.waiting], |_, window| yin.take(window, heard));
        self.chroma_frames.push(&[&self.waiting], |_, window| chroma.take(window, heard));
    }

    pub(super) fn finish(mut self) -> Heard {
        let (yin, chroma, heard) = (&mut self.yin, &mut self.chroma, &mut self.heard);
        self.frames.finish(|_, window| yin.take(window, heard));
        self.chroma_frames.finish(|_, window| chroma.take(window, heard));
        self.heard
    }
}

/// The estimator of de Cheveigné and Kawahara, its differences by transforms.
#[derive(Debug)]
struct Yin {
    rate_hz: f64,
    plan: RealFft,
    a: [Vec<f64>; 2],
    b: [Vec<f64>; 2],
    padded: Vec<f64>,
    products: Vec<f64>,
    difference: Vec<f64>,
}

impl Yin {
    fn new(rate_hz: f64) -> Self {
        let plan = RealFft::new(WINDOW);
        let bins = || [vec![0.0; plan.bins()], vec![0.0; plan.bins()]];
        Self {
            rate_hz,
            a: bins(),
            b: bins(),
            padded: vec![0.0; WINDOW],
            products: vec![0.0; WINDOW],
            difference: vec![0.0; WINDOW - SUM + 1],
            plan,
        }
    }

    fn take(&mut self, window: &[&[f64]], heard: &mut Heard) {
        let (pitch, periodicity) = window.first().and_then(|window| self.pitch(window)).unwrap_or((0.0, 0.0));
        heard.pitch_hz.push(pitch as f32);
        heard.periodicity.push(periodicity as f32);
    }

    /// Pitch in Hz and 1 less the aperiodicity; `None` in silence.
    fn pitch(&mut self, window: &[f64]) -> Option<(f64, f64)> {
        let energy: f64 = window.iter().map(|x| x * x).sum();
        // -100 dBFS.
        if energy < 1e-10 * WINDOW as f64 {
            return None;
        }
        self.differences(window);
        let longest = self.difference.len() - 2;
        let shortest = ((self.rate_hz / HIGHEST_HZ) as usize).max(2);
        let d = &self.difference;
        let dip = (shortest..longest).find(|&lag| d[lag] < DIP && d[lag] <= d[lag + 1]);
        let deepest = || (shortest..longest).min_by(|a, b| d[*a].total_cmp(&d[*b]));
        let lag = dip.or_else(deepest)?;
        let (before, at, after) = (d[lag - 1], d[lag], d[lag + 1]);
        let bend = before - 2.0 * at + after;
        let shift = if bend > 0.0 { (0.5 * (before - after) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        Some((self.rate_hz / (lag as f64 + shift), (1.0 - at).clamp(0.0, 1.0)))
    }

    /// Differences normalised by their running mean (equations 6 to 8).
    fn differences(&mut self, window: &[f64]) {
        self.padded[..SUM].copy_from_slice(&window[..SUM]);
        let [a_re, a_im] = &mut self.a;
        let [b_re, b_im] = &mut self.b;
        self.plan.forward(&self.padded, a_re, a_im);
        self.plan.forward(window, b_re, b_im);
        for k in 0..a_re.len() {
            // Conjugate of the first part times the whole: its correlation with what comes later.
            let (re, im) = (a_re[k] * b_re[k] + a_im[k] * b_im[k], a_re[k] * b_im[k] - a_im[k] * b_re[k]);
            (a_re[k], a_im[k]) = (re, im);
        }
        self.plan.inverse(a_re, a_im, &mut self.products);
        let own: f64 = window[..SUM].iter().map(|x| x * x).sum();
        let (mut later, mut sum) = (own, 0.0);
        self.difference[0] = 1.0;
        for lag in 1..self.difference.len() {
            let (gone, new) = (window[lag - 1], window.get(lag + SUM - 1).copied().unwrap_or(0.0));
            later += new * new - gone * gone;
            let difference = (own + later - 2.0 * self.products[lag]).max(0.0);
            sum += difference;
            self.difference[lag] = if sum > 0.0 { difference * lag as f64 / sum } else { 1.0 };
        }
    }
}

/// Powers of partials, folded into an octave.
#[derive(Debug)]
struct Chroma {
    powers: Powers,
    bin_hz: f64,
}

impl Chroma {
    fn new(rate_hz: f64) -> Self {
        Self { powers: Powers::new(CHROMA_WINDOW), bin_hz: rate_hz / CHROMA_WINDOW as f64 }
    }

    fn take(&mut self, window: &[&[f64]], heard: &mut Heard) {
        self.powers.take(window);
        let mut chroma = [0.0; 12];
        let bins = &self.powers.sum;
        let (low, high) = ((PARTIALS_HZ.0 / self.bin_hz) as usize, (PARTIALS_HZ.1 / self.bin_hz) as usize);
        for k in low.max(3)..high.min(bins.len().saturating_sub(3)) {
            if let Some((hz, power)) = partial(bins, k, self.bin_hz) {
                let semitones = 12.0 * math::log2(hz / 440.0);
                let class = (semitones.round() as i64 + 9).rem_euclid(12) as usize;
                chroma[class] += power;
                let turn = math::TAU * (semitones - semitones.round());
                let weight = power.sqrt();
                heard.tuning.0 += weight * math::cos(turn);
                heard.tuning.1 += weight * math::sin(turn);
                heard.tuning.2 += weight;
            }
        }
        heard.chroma.extend(chroma.map(|power| power as f32));
    }
}

/// Frequency and power of a peak that stands out, if there is one at this bin.
fn partial(bins: &[f64], k: usize, bin_hz: f64) -> Option<(f64, f64)> {
    let (before, at, after) = (bins[k - 1], bins[k], bins[k + 1]);
    // -110 dBFS; a Hann window falls by more than this three bins away, noise does not.
    let alone = at > 1e-11 && at > before && at >= after && at > 8.0 * bins[k - 3].max(bins[k + 3]);
    alone.then(|| {
        let [a, b, c] = [before, at, after].map(|power| math::fast_log2(power.max(1e-30)));
        let bend = a - 2.0 * b + c;
        let shift = if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        ((k as f64 + shift) * bin_hz, before + at + after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::{noise, sine};

    fn hear(signal: &[f64], rate_hz: f64) -> Heard {
        let mut ear = PitchEar::new(rate_hz);
        signal.chunks(5000).for_each(|part| ear.push(part));
        ear.finish()
    }

    #[test]
    fn tones_have_their_pitch_at_every_rate() {
        for rate_hz in [44_100.0, 48_000.0, 96_000.0, 22_050.0] {
            for hz in [41.2, 82.4, 220.0, 440.0, 1046.5] {
                let tone: Vec<f64> = sine(hz, 0.3, 0.1, 0.6, rate_hz)
                    .iter()
                    .zip(sine(2.0 * hz, 0.2, 0.7, 0.6, rate_hz))
                    .map(|(a, b)| a + b)
                    .collect();
                let heard = hear(&tone, rate_hz);
                let found = f64::from(heard.pitch_hz[15]);
                let cents = 1200.0 * math::log2(found / hz);
                assert!(cents.abs() < 8.0, "{hz} at {rate_hz}: {found}");
                assert!(heard.periodicity[15] > 0.85, "{hz} at {rate_hz}: {}", heard.periodicity[15]);
            }
        }
    }

    #[test]
    fn noise_is_not_periodic_and_silence_has_no_pitch() {
        let heard = hear(&noise(0.3, 3, 48_000), 48_000.0);
        let mut sorted = heard.periodicity.clone();
        sorted.sort_by(f32::total_cmp);
        assert!(sorted[sorted.len() / 2] < 0.7, "{}", sorted[sorted.len() / 2]);
        assert!(hear(&[0.0; 9600], 48_000.0).pitch_hz.iter().all(|hz| *hz == 0.0));
    }

    #[test]
    fn chroma_knows_the_notes_and_the_tuning() {
        // A, C, E, 20 cents sharp.
        let sharp = math::exp2(20.0 / 1200.0);
        let chord: Vec<Vec<f64>> =
            [220.0, 261.63, 329.63].map(|hz| sine(hz * sharp, 0.2, 0.0, 2.0, 48_000.0)).into();
        let sum: Vec<f64> = (0..96_000).map(|n| chord.iter().map(|tone| tone[n]).sum()).collect();
        let heard = hear(&sum, 48_000.0);
        let frame = &heard.chroma[5 * 12..6 * 12];
        let mut order: Vec<usize> = (0..12).collect();
        order.sort_by(|a, b| frame[*b].total_cmp(&frame[*a]));
        order.truncate(3);
        order.sort_unstable();
        assert_eq!(order, [0, 4, 9]);
        let (x, y, weight) = heard.tuning;
        let cents = math::atan2(y, x) / math::TAU * 100.0;
        assert!((cents - 20.0).abs() < 2.0, "{cents}");
        assert!((x * x + y * y).sqrt() / weight > 0.95);
    }
}
