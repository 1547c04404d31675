//! Mains hum: found, followed and taken away harmonic by harmonic.
//!
//! Eight times a second the amplitude and phase at each harmonic are read from three eighths of a second. Over a window of
//! four seconds the common phase of the mains is followed as it drifts (`track`), and with it taken off a harmonic of hum
//! stands still: what most parts agree on, between notes and under them, is hum. A harmonic whose parts do not agree is not
//! taken for hum; nor is a steady harmonic alone, nor a chord that is shorter than the window. The hum so found is made again
//! and subtracted, each window's fading into the next one's.
//!
//! Source: Oppenheim and Schafer, "Discrete-Time Signal Processing", 3rd ed., 10.3 (heterodyne analysis); those of `track`.

mod bank;
mod search;
mod track;

use crate::math;
use bank::{Bank, Complex, Low, times, turned};
use search::SEARCH_HARMONICS;
use track::Track;

/// Parts of a window of four seconds. By our own convention: notes last less, and the mains keep their level longer.
const PARTS: usize = 32;
/// Parts from one window to the next.
const STEP: usize = 2;
/// Parts that the window reaches beyond the sound that is mended.
const AHEAD: usize = 14;
/// Most harmonics.
pub const MAX_HARMONICS: usize = 32;
const HARMONICS: usize = MAX_HARMONICS;
/// How far from its name the mains may be. Grids keep within 0.2 Hz in normal operation (Regulation (EU) 2017/1485, annex
/// III); half as much again for the clock of the recording. The next notes, G1 and B1, lie 2 and 3 % away.
const SEARCH: f64 = 0.006;
/// Agreement of the parts from which a harmonic may be hum, and that from which it is. By our own convention.
const AGREE: (f64, f64) = (0.70, 0.85);
/// Agreement from which a harmonic of hum that is sure is taken away, and that from which it is wholly.
const TAKE: (f64, f64) = (0.50, 0.70);
/// Quarters of the window in which the parts of a harmonic must agree to stay hum, and to become it.
const QUARTERS: (usize, usize) = (3, 4);
/// Frequency off the bank's from which the bank is tuned again.
const OFF_HZ: f64 = 0.15;
/// Zeros in a row that are no sound: nothing is subtracted from them.
const ZEROS: usize = 32;

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
    low: Low,
    /// The last hops, in a ring.
    source: Vec<f64>,
    at: usize,
    /// The hop that comes in.
    fresh: Vec<f64>,
    /// Hum of the next [`STEP`] hops.
    hum: Vec<f64>,
    filled: usize,
    /// Banks at 50 and 60 Hz, for the search.
    names: [Bank; 2],
    bank: Bank,
    track: Track,
    guess: Track,
    /// Which name the mains followed have.
    lock: Option<usize>,
    /// Amplitude and phase of the hum at the ends of the hops that come next, as the last window saw them.
    ahead: Hops,
    found_hz: f64,
}

/// Hum over [`STEP`] hops.
#[derive(Debug, Clone)]
struct Hops {
    /// Amplitude and phase of every harmonic at the ends of the hops.
    ends: [[Complex; HARMONICS]; STEP + 1],
    /// How far the mains' phase goes in each hop, in radians.
    course: [f64; STEP],
    is_hum: bool,
}

const NO_HUM: Hops = Hops { ends: [[(0.0, 0.0); HARMONICS]; STEP + 1], course: [0.0; STEP], is_hum: false };

const NAMES_HZ: [f64; 2] = [50.0, 60.0];

impl Dehum {
    /// For one channel.
    #[must_use]
    pub fn new(settings: DehumSettings, sample_rate_hz: f64) -> Self {
        let low = Low::new(sample_rate_hz);
        let hop = low.hop();
        let len = (AHEAD + STEP) * hop + low.half_part() + low.reach_frames();
        Self {
            settings,
            source: vec![0.0; len],
            at: 0,
            fresh: vec![0.0; hop],
            hum: vec![0.0; STEP * hop],
            filled: 0,
            names: NAMES_HZ.map(|hz| Bank::new(hz, SEARCH_HARMONICS)),
            bank: Bank::new(NAMES_HZ[0], 0),
            track: Track::new(),
            guess: Track::new(),
            lock: None,
            ahead: NO_HUM,
            found_hz: 0.0,
            low,
        }
    }

    /// Other settings, from the next window on.
    pub fn set(&mut self, settings: DehumSettings) {
        self.settings = settings;
    }

    /// Delay: two seconds and a fifth.
    #[must_use]
    pub fn latency_frames(&self) -> usize {
        self.source.len()
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
        self.low.reset();
        self.names.iter_mut().for_each(Bank::reset);
        self.lock = None;
        self.ahead = NO_HUM;
        (self.at, self.filled, self.found_hz) = (0, 0, 0.0);
    }

    /// Processes in place.
    pub fn process(&mut self, plane: &mut [f64]) {
        let hop = self.low.hop();
        for x in plane {
            let out = self.source[self.at] - self.hum[self.filled];
            let input = math::sane(*x);
            (self.source[self.at], self.fresh[self.filled % hop]) = (input, input);
            *x = out;
            self.at = if self.at + 1 == self.source.len() { 0 } else { self.at + 1 };
            self.filled += 1;
            if self.filled.is_multiple_of(hop) {
                self.hear();
            }
            if self.filled == self.hum.len() {
                self.turn();
                self.filled = 0;
            }
        }
    }

    fn hear(&mut self) {
        self.low.take(&self.fresh);
        let newest = self.low.newest();
        self.names.iter_mut().for_each(|bank| bank.hear(&self.low, newest));
        if self.lock.is_some() {
            self.bank.hear(&self.low, newest);
        }
    }

    /// Finds the hum of the window and makes that of its part that goes out next.
    fn turn(&mut self) {
        self.found_hz = 0.0;
        self.hum.fill(0.0);
        let newest = self.low.newest();
        let wanted = self.settings.amount > 0.0 && self.settings.harmonics > 0;
        let is_hum = wanted && self.track.look(&self.low, newest) && self.find(newest);
        if !is_hum {
            self.lock = None;
        }
        // The window's own hops fade in, those the last one saw ahead fade out.
        let now = if is_hum { self.hops(newest, 0) } else { NO_HUM };
        let mut hops = std::mem::replace(&mut self.ahead, NO_HUM);
        for (n, (to, from)) in hops.ends.iter_mut().zip(&now.ends).enumerate() {
            let share = n as f64 / STEP as f64;
            for (a, b) in to.iter_mut().zip(from) {
                *a = (a.0 + share * (b.0 - a.0), a.1 + share * (b.1 - a.1));
            }
        }
        if is_hum {
            hops.course = now.course;
            self.ahead = self.hops(newest, STEP);
        }
        if is_hum || hops.is_hum {
            self.sing(&hops);
            self.leave_silence();
        }
    }

    /// Whether there is hum; if so, the track follows it.
    fn find(&mut self, newest: i64) -> bool {
        if self.lock.is_some_and(|name| self.may_be(name)) {
            self.track.advance(STEP);
            if self.bank.harmonics != self.count(self.bank.hz) {
                self.tune(newest, self.bank.hz);
            }
            self.track.refine(&self.bank, newest);
            if is_hum(&self.track, AGREE.1, QUARTERS.0) {
                return self.stay_near(newest);
            }
        }
        self.search(newest)
    }

    fn may_be(&self, name: usize) -> bool {
        match self.settings.mains {
            Mains::Auto => true,
            Mains::Fifty => name == 0,
            Mains::Sixty => name == 1,
        }
    }

    /// Harmonics to listen to: those asked for, and what it takes to know hum.
    fn count(&self, hz: f64) -> usize {
        let most = (self.low.top_hz() / hz) as usize;
        self.settings.harmonics.clamp(SEARCH_HARMONICS, HARMONICS).min(most)
    }

    fn tune(&mut self, newest: i64, hz: f64) {
        let count = self.count(hz);
        self.bank.tune(&self.low, newest, hz, count);
    }

    fn search(&mut self, newest: i64) -> bool {
        self.lock = None;
        let mut best = 0.0;
        for name in 0..NAMES_HZ.len() {
            if !self.may_be(name) {
                continue;
            }
            let bank = &self.names[name];
            self.guess.look(&self.low, newest);
            search::guess(bank, newest, self.low.hop_seconds(), SEARCH * bank.hz, &mut self.guess);
            self.guess.refine(bank, newest);
            let score: f64 = self.guess.agreement[..bank.harmonics].iter().map(|a| a * a * a * a).sum();
            if score > best && is_hum(&self.guess, AGREE.0, QUARTERS.1) {
                best = score;
                self.track.phase = self.guess.phase;
                self.lock = Some(name);
            }
        }
        let Some(name) = self.lock else { return false };
        self.bank.hz = NAMES_HZ[name];
        self.retune(newest);
        self.track.refine(&self.bank, newest);
        is_hum(&self.track, AGREE.1, QUARTERS.1) && self.stay_near(newest)
    }

    /// Frequency off the bank's in the part that goes out next.
    fn off_hz(&self) -> f64 {
        let here = PARTS - 1 - AHEAD;
        let turn = self.track.phase[here + 1] - self.track.phase[here - 1];
        turn / (2.0 * math::TAU * self.low.hop_seconds())
    }

    /// Tunes the bank to where the mains are now; the track is told against the new frequency.
    fn retune(&mut self, newest: i64) {
        let off_hz = self.off_hz();
        for (n, phase) in self.track.phase.iter_mut().enumerate() {
            *phase -= math::TAU * off_hz * n as f64 * self.low.hop_seconds();
        }
        self.tune(newest, self.bank.hz + off_hz);
    }

    /// Keeps the bank tuned; false when the mains have left their name.
    fn stay_near(&mut self, newest: i64) -> bool {
        let off_hz = self.off_hz();
        self.found_hz = self.bank.hz + off_hz;
        if off_hz.abs() > OFF_HZ {
            self.retune(newest);
            self.track.refine(&self.bank, newest);
        }
        let name_hz = self.lock.map_or(0.0, |name| NAMES_HZ[name]);
        let is_near = (self.found_hz - name_hz).abs() <= SEARCH * name_hz;
        if !is_near {
            self.found_hz = 0.0;
        }
        is_near
    }

    /// The hum as the window sees it, from the hops that go out next plus `later`.
    fn hops(&self, newest: i64, later: usize) -> Hops {
        let first = PARTS - 1 - AHEAD - STEP + later;
        let mut hops = Hops { is_hum: true, ..NO_HUM };
        let wanted = self.settings.harmonics.min(self.bank.harmonics);
        for (n, end) in hops.ends.iter_mut().enumerate() {
            let part = newest - PARTS as i64 + 1 + (first + n) as i64;
            let turns = self.bank.hz * self.low.seconds(part);
            let turns = turns - turns.floor() + self.track.phase[first + n] / math::TAU;
            for (k, to) in end.iter_mut().enumerate().take(wanted) {
                let share = (self.track.agreement[k] - TAKE.0) / (TAKE.1 - TAKE.0);
                let share = share.clamp(0.0, 1.0) * self.settings.amount;
                if share > 0.0 {
                    let (re, im) = times(self.track.amplitude[k], turned(turns * (k + 1) as f64));
                    *to = (share * re, share * im);
                }
            }
        }
        for (n, course) in hops.course.iter_mut().enumerate() {
            *course = self.track.phase[first + n + 1] - self.track.phase[first + n]
                + math::TAU * self.bank.hz * self.low.hop_seconds();
        }
        hops
    }

    /// Makes the hum, hop by hop.
    fn sing(&mut self, hops: &Hops) {
        let hop = self.low.hop();
        for (n, plane) in self.hum.chunks_exact_mut(hop).enumerate() {
            let voices = hops.ends[n].iter().zip(&hops.ends[n + 1]).enumerate();
            for (k, (from, to)) in voices.filter(|(_, (a, b))| **a != (0.0, 0.0) || **b != (0.0, 0.0)) {
                let turns = hops.course[n] / math::TAU * (k + 1) as f64;
                let back = turned(-turns);
                let to = times(*to, back);
                sing(plane, *from, to, turned(turns / hop as f64));
            }
        }
    }

    /// No hum where there is digital silence.
    fn leave_silence(&mut self) {
        let len = self.source.len();
        let mut zeros = 0;
        for n in 0..self.hum.len() {
            let at = self.at + n;
            let x = self.source[if at < len { at } else { at - len }];
            zeros = if x == 0.0 { zeros + 1 } else { 0 };
            if zeros == ZEROS {
                self.hum[n + 1 - ZEROS..n].fill(0.0);
            }
            if zeros >= ZEROS {
                self.hum[n] = 0.0;
            }
        }
    }
}

/// Whether at least two harmonics agree so much (one steady tone alone is a note), or twice as many nearly so much, and all
/// over the window: a note is over sooner.
fn is_hum(track: &Track, agreement: f64, least: usize) -> bool {
    let count = |enough: f64| {
        let agree = track.agreement.iter().zip(&track.quarters);
        agree.filter(|(a, quarters)| **a > enough && **quarters >= least).count()
    };
    count(agreement) >= 2 || count(agreement - 0.15) >= 4
}

/// Adds one harmonic: from one amplitude straight to another, turning by `step` per frame.
fn sing(plane: &mut [f64], from: Complex, to: Complex, step: Complex) {
    const LANES: usize = 4;
    let per = 1.0 / plane.len() as f64;
    let change = ((to.0 - from.0) * per, (to.1 - from.1) * per);
    let mut wave = [(1.0, 0.0); LANES];
    for n in 1..LANES {
        wave[n] = times(wave[n - 1], step);
    }
    let stride = times(wave[LANES - 1], step);
    let mut n = 0.0;
    for part in plane.chunks_mut(LANES) {
        for (lane, (x, wave)) in part.iter_mut().zip(&mut wave).enumerate() {
            let along = n + lane as f64;
            let (re, im) = (from.0 + along * change.0, from.1 + along * change.1);
            *x += re * wave.0 - im * wave.1;
            *wave = times(*wave, stride);
        }
        n += LANES as f64;
    }
}

#[cfg(test)]
mod tests;
