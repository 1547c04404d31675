//! The vocoder: frames taken at one pace and laid down at another.
//!
//! Two spectra are taken for every frame: one where the frame stands (`now`) and one a synthesis hop earlier (`back`). The
//! phase must go on from the last synthesised frame by what it went from `back` to `now`, so
//!
//! ```text
//! Y_k = X_now · R,   R = S / |S|,   S = Σ Y_(k-1) conj(X_back)   over the bins of a peak, all channels together
//! ```
//!
//! No phase is ever unwrapped, so the frequency of a steady tone is exact at any pace. All bins around a peak turn by the
//! same angle (identity phase locking), and all channels by the same one, so the picture between them stays. Where a
//! frame holds an attack and the bins around a peak have just grown, the peak starts anew with the phase of the input.
//!
//! Source: Puckette, "Phase-locked vocoder", WASPAA 1995; Laroche and Dolson, IEEE Trans. Speech Audio Process. 7(3), 1999
//! (identity phase locking); Röbel, "A new approach to transient processing in the phase vocoder", DAFx 2003.

use super::formant::{Formants, Warp};
use crate::fft::RealFft;
use crate::stft::{Spectrum, windows};

/// Growth of power from one synthesis hop to the next that makes a peak part of an attack. By calibration, 2026-11-21:
/// a step into the window grows by more than this until it has come to the middle, steady sounds do not.
const ATTACK_GROWTH: f64 = 2.0;
/// Bins on either side of a peak that its turn is measured over: the main lobe of the Hann window.
const LOBE: usize = 2;

/// The vocoder for frames of one length.
#[derive(Debug, Clone)]
pub(super) struct Vocoder {
    hop: usize,
    window: Vec<f64>,
    synthesis: Vec<f64>,
    plan: RealFft,
    now: Vec<Spectrum>,
    back: Vec<Spectrum>,
    last: Vec<Spectrum>,
    power: Vec<f64>,
    peaks: Vec<usize>,
    frame: Vec<f64>,
    /// Per channel: overlapping sums; the first `hop` are complete after a frame.
    sums: Vec<Vec<f64>>,
    /// Where the last frame stood, in input frames.
    stood: Option<i64>,
    formants: Formants,
}

impl Vocoder {
    /// Frames of `len` points laid down every `hop`. Formants up to order `sample_rate_hz` needs.
    pub(super) fn new(len: usize, hop: usize, channels: usize, sample_rate_hz: f64) -> Self {
        let (window, synthesis) = windows(len, hop);
        let plan = RealFft::new(len);
        let spectra = vec![Spectrum::new(plan.bins()); channels];
        Self {
            hop,
            window,
            synthesis,
            now: spectra.clone(),
            back: spectra.clone(),
            last: spectra,
            power: vec![0.0; plan.bins()],
            peaks: Vec::with_capacity(plan.bins()),
            frame: vec![0.0; len],
            sums: vec![vec![0.0; len]; channels],
            stood: None,
            formants: Formants::new(len, sample_rate_hz),
            plan,
        }
    }

    pub(super) fn reset(&mut self) {
        self.sums.iter_mut().for_each(|plane| plane.fill(0.0));
        self.last.iter_mut().for_each(Spectrum::clear);
        self.stood = None;
        self.formants.reset();
    }

    /// The finished frames of a channel after [`turn`](Self::turn): `hop` of them.
    pub(super) fn ready(&self, channel: usize) -> &[f64] {
        &self.sums[channel][..self.hop]
    }

    /// Lays down the frame of input that starts at `start`. `read` fills a slice of one channel from a position on.
    /// `attack` says whether the frame holds one.
    pub(super) fn turn(
        &mut self,
        start: i64,
        attack: bool,
        warp: Option<Warp>,
        read: &impl Fn(usize, i64, &mut [f64]),
    ) {
        let back = start - self.hop as i64;
        // At the pace of the input the earlier spectrum is that of the last frame.
        if self.stood == Some(back) {
            std::mem::swap(&mut self.now, &mut self.back);
        } else {
            Self::look(&mut self.plan, &self.window, &mut self.frame, &mut self.back, back, read);
        }
        Self::look(&mut self.plan, &self.window, &mut self.frame, &mut self.now, start, read);
        self.stood = Some(start);
        for (bin, power) in self.power.iter_mut().enumerate() {
            *power = self.now.iter().map(|spectrum| spectrum.power(bin)).sum();
        }
        self.find_peaks();
        let gains = warp.map(|warp| self.formants.gains(&self.power, warp));
        Self::lock(&self.peaks, &self.power, attack, &self.now, &self.back, &mut self.last);
        if let Some(gains) = gains {
            for spectrum in &mut self.last {
                spectrum.re.iter_mut().zip(gains).for_each(|(x, gain)| *x *= gain);
                spectrum.im.iter_mut().zip(gains).for_each(|(x, gain)| *x *= gain);
            }
        }
        self.lay_down();
    }

    fn look(
        plan: &mut RealFft,
        window: &[f64],
        frame: &mut [f64],
        spectra: &mut [Spectrum],
        start: i64,
        read: &impl Fn(usize, i64, &mut [f64]),
    ) {
        for (channel, spectrum) in spectra.iter_mut().enumerate() {
            read(channel, start, frame);
            frame.iter_mut().zip(window).for_each(|(x, w)| *x *= w);
            plan.forward(frame, &mut spectrum.re, &mut spectrum.im);
        }
    }

    /// Peaks of the power, each at least as high as two bins on either side.
    fn find_peaks(&mut self) {
        self.peaks.clear();
        let power = &self.power;
        for bin in 0..power.len() {
            let from = bin.saturating_sub(LOBE);
            let to = (bin + LOBE + 1).min(power.len());
            let before = power[from..bin].iter().all(|p| *p < power[bin]);
            if before && power[bin + 1..to].iter().all(|p| *p <= power[bin]) && power[bin] > 0.0 {
                self.peaks.push(bin);
            }
        }
    }

    /// Turns the bins around every peak; a peak rules as far as the lowest bin before the next.
    fn lock(
        peaks: &[usize],
        power: &[f64],
        attack: bool,
        now: &[Spectrum],
        back: &[Spectrum],
        last: &mut [Spectrum],
    ) {
        let bins = power.len();
        let mut from = 0;
        // A spectrum without a peak is silence.
        if peaks.is_empty() {
            last.iter_mut().for_each(Spectrum::clear);
        }
        for (index, &peak) in peaks.iter().enumerate() {
            let to = peaks.get(index + 1).map_or(bins, |&next| valley(power, peak, next));
            let (re, im) = angle(peak, bins, attack, now, back, last);
            for (y, x) in last.iter_mut().zip(now) {
                for bin in from..to {
                    let (a, b) = (x.re[bin], x.im[bin]);
                    y.re[bin] = a * re - b * im;
                    y.im[bin] = a * im + b * re;
                }
            }
            from = to;
        }
    }

    fn lay_down(&mut self) {
        for (sums, spectrum) in self.sums.iter_mut().zip(&self.last) {
            let keep = sums.len() - self.hop;
            sums.copy_within(self.hop.., 0);
            sums[keep..].fill(0.0);
            self.plan.inverse(&spectrum.re, &spectrum.im, &mut self.frame);
            for ((sum, y), w) in sums.iter_mut().zip(&self.frame).zip(&self.synthesis) {
                *sum += y * w;
            }
        }
    }
}

/// The lowest bin between two peaks.
fn valley(power: &[f64], peak: usize, next: usize) -> usize {
    (peak + 1..next).fold(peak + 1, |low, bin| if power[bin] < power[low] { bin } else { low })
}

/// Cosine and sine of the angle a peak turns by.
fn angle(
    peak: usize,
    bins: usize,
    attack: bool,
    now: &[Spectrum],
    back: &[Spectrum],
    last: &[Spectrum],
) -> (f64, f64) {
    let (mut re, mut im, mut before, mut after) = (0.0, 0.0, 0.0, 0.0);
    for ((x, b), y) in now.iter().zip(back).zip(last) {
        for bin in peak.saturating_sub(LOBE)..(peak + LOBE + 1).min(bins) {
            re += y.re[bin] * b.re[bin] + y.im[bin] * b.im[bin];
            im += y.im[bin] * b.re[bin] - y.re[bin] * b.im[bin];
            before += b.power(bin);
            after += x.power(bin);
        }
    }
    let size = (re * re + im * im).sqrt();
    // Below this the products of a sane signal are rounding dust.
    let nothing = size <= 1e-200;
    if nothing || (attack && after > ATTACK_GROWTH * before) {
        return (1.0, 0.0);
    }
    // Constant and Nyquist bins are real: they turn by nothing or by half.
    if peak == 0 || peak + 1 == bins {
        return (if re < 0.0 { -1.0 } else { 1.0 }, 0.0);
    }
    (re / size, im / size)
}
