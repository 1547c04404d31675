//! Mains hum: found, followed and taken away harmonic by harmonic.
//!
//! Every half second the last two seconds are looked at. The mains frequency is the one near 50 or 60 Hz whose harmonics
//! hold the most steady sound: each harmonic is brought down to zero frequency in sixteen short parts of the window, and
//! the middle (median) of the parts stands for it. A note that sounds for less than half of the window does not move
//! the median; a harmonic whose parts do not agree is not taken for hum. The hum so found is made again and subtracted,
//! each window fading into the next, so slow changes of frequency and level are followed.
//!
//! Source: Oppenheim and Schafer, "Discrete-Time Signal Processing", 3rd ed., 10.3 (heterodyne analysis); Huber, "Robust
//! Statistics", Wiley 1981 (medians against outliers).

use crate::math;

/// Window and step. By our own convention: 0.5 Hz of resolution, and drift of the mains is slower.
const WINDOW_SECONDS: f64 = 2.0;
/// Steps per window.
const STEPS: usize = 4;
/// Parts of a window that must agree.
const PARTS: usize = 16;
/// Most harmonics.
pub const MAX_HARMONICS: usize = 32;
/// How far from its name the mains may be: grids keep within 1 % but for faults (EN 50160:2010, 4.2.1).
const SEARCH: f64 = 0.01;
/// Steps of the search to either side.
const GRID: i32 = 24;
/// Harmonics the search goes by.
const SEARCH_HARMONICS: usize = 8;
/// Rate of the search.
const LOW_RATE_HZ: f64 = 2_000.0;
/// Agreement of the parts from which a harmonic may be hum, and that from which it is. By our own convention.
const AGREE: (f64, f64) = (0.70, 0.85);

/// Which mains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mains {
    /// Found from the sound.
    Auto,
    /// 50 Hz.
    Fifty,
    /// 60 Hz.
    Sixty,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DehumSettings {
    /// Which mains.
    pub mains: Mains,
    /// Harmonics to look at, the fundamental included.
    pub harmonics: usize,
    /// Share of the hum that is taken away, 0 to 1.
    pub amount: f64,
}

/// Takes hum out of one channel.
#[derive(Debug, Clone)]
pub struct Dehum {
    settings: DehumSettings,
    rate: f64,
    len: usize,
    hop: usize,
    /// The window, then a step of input that waits.
    source: Vec<f64>,
    hum: Vec<f64>,
    fade: Vec<f64>,
    filled: usize,
    /// Frames of the window that have been heard; before them nothing is known.
    heard: usize,
    /// The window at a low rate, for the search of the frequency.
    low: Vec<f64>,
    decimate: usize,
    found_hz: f64,
}

/// What the parts of a window say of one frequency.
#[derive(Debug, Clone, Copy, Default)]
struct Steady {
    re: f64,
    im: f64,
    /// 0 for parts at random, towards 1 for parts that agree.
    agreement: f64,
    /// How far the phase goes from part to part, as a product of neighbours.
    turn: (f64, f64),
}

impl Dehum {
    /// For one channel.
    #[must_use]
    pub fn new(settings: DehumSettings, sample_rate_hz: f64) -> Self {
        let decimate = ((sample_rate_hz / LOW_RATE_HZ) as usize).max(1);
        let unit = PARTS * decimate;
        let len = ((WINDOW_SECONDS * sample_rate_hz) as usize).max(unit).next_multiple_of(unit);
        // Hann windows at a quarter's distance add up to two.
        let fade = crate::window::Window::Hann.periodic(len).iter().map(|w| 0.5 * w).collect();
        let hop = len / STEPS;
        Self {
            settings,
            rate: sample_rate_hz,
            len,
            hop,
            source: vec![0.0; len + hop],
            hum: vec![0.0; len + hop],
            fade,
            filled: 0,
            heard: 0,
            low: vec![0.0; len / decimate],
            decimate,
            found_hz: 0.0,
        }
    }

    /// Other settings, from the next window on.
    pub fn set(&mut self, settings: DehumSettings) {
        self.settings = settings;
    }

    /// Delay: one window.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.len
    }

    /// Mains frequency in the last window, 0 when there was no hum.
    #[must_use]
    pub fn found_hz(&self) -> f64 {
        self.found_hz
    }

    /// Back to silence.
    pub fn reset(&mut self) {
        self.source.fill(0.0);
        self.hum.fill(0.0);
        (self.filled, self.heard, self.found_hz) = (0, 0, 0.0);
    }

    /// Processes in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        for x in plane {
            let out = self.source[self.filled] - self.hum[self.filled];
            self.source[self.len + self.filled] = math::sane(*x);
            *x = out;
            self.filled += 1;
            if self.filled == self.hop {
                self.turn();
                self.filled = 0;
            }
        }
    }

    fn turn(&mut self) {
        self.source.copy_within(self.hop.., 0);
        self.hum.copy_within(self.hop.., 0);
        self.hum[self.len..].fill(0.0);
        self.heard = (self.heard + self.hop).min(self.len);
        self.found_hz = 0.0;
        if self.settings.amount <= 0.0 || self.settings.harmonics == 0 {
            return;
        }
        for (to, part) in self.low.iter_mut().zip(self.source.chunks(self.decimate)) {
            *to = part.iter().sum::<f64>() / self.decimate as f64;
        }
        let hz = match self.settings.mains {
            Mains::Fifty => self.search(50.0).1,
            Mains::Sixty => self.search(60.0).1,
            Mains::Auto => {
                let (fifty, sixty) = (self.search(50.0), self.search(60.0));
                if sixty.0 > fifty.0 { sixty.1 } else { fifty.1 }
            }
        };
        self.subtract(hz);
    }

    /// Parts of the window from which on everything has been heard.
    fn first_part(&self) -> usize {
        ((self.len - self.heard) * PARTS).div_ceil(self.len)
    }

    /// Score and frequency of the best mains frequency near a nominal one.
    fn search(&self, nominal_hz: f64) -> (f64, f64) {
        let rate = self.rate / self.decimate as f64;
        let first = self.first_part();
        let harmonics = self.settings.harmonics.min(SEARCH_HARMONICS);
        let score = |hz: f64| -> f64 {
            (1..=harmonics)
                .map(|k| {
                    let s = look(&self.low, hz * k as f64, rate, first);
                    // By agreement alone: a loud note must not outvote quiet hum.
                    s.agreement * s.agreement * s.agreement * s.agreement
                })
                .sum()
        };
        let mut best = (0.0, nominal_hz);
        for step in -GRID..=GRID {
            let hz = nominal_hz * (1.0 + SEARCH * f64::from(step) / f64::from(GRID));
            let found = score(hz);
            if found > best.0 {
                best = (found, hz);
            }
        }
        for _ in 0..2 {
            best.1 = self.refine(best.1, harmonics, rate, first);
        }
        (score(best.1), best.1)
    }

    /// A better frequency, from how the phases of the harmonics turn.
    fn refine(&self, hz: f64, harmonics: usize, rate: f64, first: usize) -> f64 {
        let seconds = (self.low.len() / PARTS) as f64 / rate;
        let (mut sum, mut weights) = (0.0, 0.0);
        for k in 1..=harmonics {
            let s = look(&self.low, hz * k as f64, rate, first);
            let (re, im) = s.turn;
            let sure = s.agreement * s.agreement;
            let weight = sure * sure * (k * k) as f64;
            sum += weight * math::atan2(im, re) / (math::TAU * seconds * k as f64);
            weights += weight;
        }
        if weights > 0.0 { hz + (sum / weights).clamp(-0.3, 0.3) } else { hz }
    }

    /// Makes the hum again and lays it over the window.
    fn subtract(&mut self, hz: f64) {
        let first = self.first_part();
        let most = (0.49 * self.rate / hz) as usize;
        let harmonics = self.settings.harmonics.min(MAX_HARMONICS).min(most);
        let mut found = [Steady::default(); MAX_HARMONICS];
        for (index, steady) in found.iter_mut().enumerate().take(harmonics) {
            *steady = look(&self.source[..self.len], hz * (index + 1) as f64, self.rate, first);
        }
        // One steady tone alone is a note.
        let steady = found.iter().filter(|s| s.agreement > AGREE.1).count();
        if steady < 2 || PARTS - first < 4 {
            return;
        }
        self.found_hz = hz;
        for (index, s) in found.iter().enumerate().take(harmonics) {
            let share =
                ((s.agreement - AGREE.0) / (AGREE.1 - AGREE.0)).clamp(0.0, 1.0) * self.settings.amount;
            if share > 0.0 {
                let w = math::TAU * hz * (index + 1) as f64 / self.rate;
                let mut wave = Wave::new(w);
                for (sum, fade) in self.hum.iter_mut().zip(&self.fade) {
                    *sum += fade * share * (s.re * wave.cos - s.im * wave.sin);
                    wave.next();
                }
            }
        }
    }
}

/// Cosine and sine of a steady angle, turned on from sample to sample.
struct Wave {
    cos: f64,
    sin: f64,
    step: (f64, f64),
}

impl Wave {
    fn new(w: f64) -> Self {
        Self { cos: 1.0, sin: 0.0, step: (math::cos(w), math::sin(w)) }
    }

    #[inline]
    fn next(&mut self) {
        let (c, s) = (self.cos, self.sin);
        self.cos = c * self.step.0 - s * self.step.1;
        self.sin = s * self.step.0 + c * self.step.1;
    }
}

/// The steady part of a window at a frequency; parts before `first` are left out.
fn look(x: &[f64], hz: f64, rate: f64, first: usize) -> Steady {
    let part = x.len() / PARTS;
    let mut wave = Wave::new(math::TAU * hz / rate);
    let mut hann = Wave::new(math::TAU / part as f64);
    let mut all = [(0.0, 0.0); PARTS];
    for (z, samples) in all.iter_mut().zip(x.chunks_exact(part)) {
        (hann.cos, hann.sin) = (1.0, 0.0);
        for x in samples {
            let weighed = (1.0 - hann.cos) * x;
            z.0 += weighed * wave.cos;
            z.1 -= weighed * wave.sin;
            wave.next();
            hann.next();
        }
        // Twice for the other half of the spectrum; the weights add up to the length.
        (z.0, z.1) = (2.0 * z.0 / part as f64, 2.0 * z.1 / part as f64);
    }
    let parts = &all[first.min(PARTS - 1)..];
    let middle = (median(parts.iter().map(|z| z.0)), median(parts.iter().map(|z| z.1)));
    let away = |z: &(f64, f64)| {
        let (re, im) = (z.0 - middle.0, z.1 - middle.1);
        (re * re + im * im).sqrt()
    };
    let spread = median(parts.iter().map(away));
    // The mean of the half that agrees best is steadier than the median itself, and no note leaks into it.
    let (mut re, mut im, mut count) = (0.0, 0.0, 0.0);
    for z in parts.iter().filter(|z| away(z) <= spread) {
        (re, im, count) = (re + z.0, im + z.1, count + 1.0);
    }
    let size = (middle.0 * middle.0 + middle.1 * middle.1).sqrt();
    let mut turn = (0.0, 0.0);
    for pair in parts.windows(2).filter(|pair| pair.iter().all(|z| away(z) <= 2.0 * spread)) {
        turn.0 += pair[1].0 * pair[0].0 + pair[1].1 * pair[0].1;
        turn.1 += pair[1].1 * pair[0].0 - pair[1].0 * pair[0].1;
    }
    let agreement = if size > 0.0 { size / (size + spread) } else { 0.0 };
    Steady { re: re / f64::max(count, 1.0), im: im / f64::max(count, 1.0), agreement, turn }
}

/// The middle of up to [`PARTS`] numbers.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut sorted = [0.0; PARTS];
    let mut count = 0;
    for (to, value) in sorted.iter_mut().zip(values) {
        *to = value;
        count += 1;
    }
    let sorted = &mut sorted[..count];
    sorted.sort_unstable_by(f64::total_cmp);
    match count {
        0 => 0.0,
        _ => 0.5 * (sorted[(count - 1) / 2] + sorted[count / 2]),
    }
}

#[cfg(test)]
mod tests;
