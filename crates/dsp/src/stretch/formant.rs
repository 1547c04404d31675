//! The spectral envelope, and gains that move it.
//!
//! The envelope is the "true envelope": the log spectrum is smoothed by cutting its cepstrum, raised to whatever is
//! higher, smoothed again, until the smooth curve lies on the peaks. The cut is half the period of the voice where the
//! cepstrum shows one, as harmonics sample the envelope no finer.
//!
//! Source: Röbel and Rodet, "Efficient spectral envelope estimation and its application to pitch shifting and envelope
//! preservation", DAFx 2005 (iteration; order = half the period); Noll, JASA 41, 1967 (period from the cepstrum).

use crate::fft::RealFft;
use crate::math;

/// How the envelope is to be moved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Warp {
    /// Frequency in the output of what is at 1 in the input of the gains.
    pub pitch_ratio: f64,
    /// Frequency of formants in the output over that in the source.
    pub formant_ratio: f64,
}

/// Rounds of raising and smoothing. By calibration, 2026-11-21: 12 bring a vowel's peaks within 1 dB.
const ROUNDS: usize = 12;
/// Share of the cut that is its soft edge.
const EDGE: f64 = 0.2;
/// Periods looked for: voices from 70 to 600 Hz.
const PERIOD_SECONDS: (f64, f64) = (1.0 / 600.0, 1.0 / 70.0);
/// Cut where no period shows: that of a voice at 280 Hz.
const DEFAULT_CUT_SECONDS: f64 = 0.5 / 280.0;
/// Height of the cepstrum's peak, in nepers, from which it is a voice. By calibration, 2026-11-21.
const VOICED: f64 = 0.08;
/// Depth, in power, below a frame's highest bin that is followed: 80 dB. Deeper holes would take more rounds to fill and
/// say nothing of formants.
const DEPTH: f64 = 1e-8;
/// Smallest power in the logarithm: -300 dBFS.
const FLOOR: f64 = 1e-30;
/// Largest correction, in nepers: 30 dB either way, so that noise between formants is not torn up.
const LARGEST: f64 = 30.0 / 20.0 * math::LN_10;

/// Work space for envelopes of frames of one length.
#[derive(Debug, Clone)]
pub(super) struct Formants {
    plan: RealFft,
    /// Bins of the frame per point of the log spectrum.
    pool: usize,
    rate: f64,
    log: Vec<f64>,
    raised: Vec<f64>,
    envelope: Vec<f64>,
    zeros: Vec<f64>,
    circle: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    gains: Vec<f64>,
    cut_seconds: f64,
}

impl Formants {
    pub(super) fn new(len: usize, sample_rate_hz: f64) -> Self {
        // Points at most about 20 Hz apart are enough: a harmonic's main lobe is wider.
        let pool = ((20.0 * len as f64 / sample_rate_hz) as usize).clamp(1, 2);
        let plan = RealFft::new((len / pool).next_multiple_of(2));
        let bins = plan.bins();
        Self {
            pool,
            rate: sample_rate_hz,
            log: vec![0.0; bins],
            raised: vec![0.0; bins],
            envelope: vec![0.0; bins],
            zeros: vec![0.0; bins],
            circle: vec![0.0; plan.len()],
            re: vec![0.0; bins],
            im: vec![0.0; bins],
            gains: vec![1.0; len / 2 + 1],
            cut_seconds: DEFAULT_CUT_SECONDS,
            plan,
        }
    }

    pub(super) fn reset(&mut self) {
        self.cut_seconds = DEFAULT_CUT_SECONDS;
    }

    /// Gain of every bin that puts the envelope where `warp` wants it after a change of pitch.
    pub(super) fn gains(&mut self, power: &[f64], warp: Warp) -> &[f64] {
        let floor = power.iter().fold(0.0, |m: f64, p| m.max(*p)) * DEPTH + FLOOR;
        for (point, log) in self.log.iter_mut().enumerate() {
            let from = (point * self.pool).min(power.len() - 1);
            let to = (from + self.pool).min(power.len());
            let most = power[from..to].iter().fold(0.0, |m: f64, p| m.max(*p));
            *log = 0.5 * math::ln(most.max(floor));
        }
        self.find_envelope();
        let stretch = warp.pitch_ratio / warp.formant_ratio;
        let last = self.envelope.len() - 1;
        for (bin, gain) in self.gains.iter_mut().enumerate() {
            let here = bin as f64 / self.pool as f64;
            let there = here * stretch;
            let change = at(&self.envelope, there, last) - at(&self.envelope, here, last);
            *gain = math::exp(change.clamp(-LARGEST, LARGEST));
        }
        &self.gains
    }

    /// Period and envelope of `self.log`.
    fn find_envelope(&mut self) {
        self.raised.copy_from_slice(&self.log);
        self.make_cepstrum();
        self.find_period();
        let cut = (self.cut_seconds * self.rate) as usize;
        for round in 0..ROUNDS {
            if round > 0 {
                self.make_cepstrum();
            }
            self.smooth(cut);
            for ((raised, log), envelope) in self.raised.iter_mut().zip(&self.log).zip(&self.envelope) {
                *raised = log.max(*envelope);
            }
        }
    }

    /// The cepstrum of `self.raised`, into `self.circle`.
    fn make_cepstrum(&mut self) {
        self.plan.inverse(&self.raised, &self.zeros, &mut self.circle);
    }

    fn find_period(&mut self) {
        let range = PERIOD_SECONDS;
        let from = (range.0 * self.rate) as usize;
        let to = ((range.1 * self.rate) as usize).min(self.circle.len() / 2);
        let mut best = from;
        for n in from..to {
            if self.circle[n] > self.circle[best] {
                best = n;
            }
        }
        let voiced = from < to && self.circle[best] > VOICED;
        self.cut_seconds = if voiced { 0.6 * best as f64 / self.rate } else { DEFAULT_CUT_SECONDS };
    }

    /// Keeps the cepstrum up to `cut` with a soft edge, and goes back to the spectrum.
    fn smooth(&mut self, cut: usize) {
        let len = self.circle.len();
        let cut = cut.clamp(2, len / 2 - 1);
        for n in 0..=len / 2 {
            let along = (n as f64 / cut as f64 - (1.0 - EDGE)) / EDGE;
            let keep = 0.5 + 0.5 * math::cos(math::PI * along.clamp(0.0, 1.0));
            self.circle[n] *= keep;
            if n > 0 && n < len - n {
                self.circle[len - n] *= keep;
            }
        }
        self.plan.forward(&self.circle, &mut self.re, &mut self.im);
        self.envelope.copy_from_slice(&self.re);
    }
}

/// Linear interpolation, held at the end.
fn at(curve: &[f64], position: f64, last: usize) -> f64 {
    let index = (position as usize).min(last);
    let next = (index + 1).min(last);
    let share = if index == last { 0.0 } else { position - index as f64 };
    curve[index] + (curve[next] - curve[index]) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_lies_on_the_harmonics_and_not_halfway_down() {
        // Harmonics 240 frames of period apart, 40 dB over the gaps between; the mean of the logarithm lies 20 dB below them.
        let mut formants = Formants::new(4_096, 48_000.0);
        let spacing = 4_096.0 / 240.0;
        for (bin, log) in formants.log.iter_mut().enumerate() {
            let down = math::sin(math::PI * bin as f64 / spacing);
            *log = -2.0 * math::LN_10 * down * down;
        }
        formants.find_envelope();
        assert!((formants.cut_seconds * 48_000.0 - 0.6 * 240.0).abs() < 1e-6);
        for harmonic in 20..100 {
            let bin = (f64::from(harmonic) * spacing).round() as usize;
            let off_db = 20.0 / math::LN_10 * formants.envelope[bin];
            assert!(off_db.abs() < 4.0, "{harmonic}: {off_db}");
        }
    }
}
