//! What the modulation effects share: speed in hertz or notes, wave, delay voices.

use crate::Choice;
use crate::delay::Note;
use dsp::delay::{DelayLine, OnePole};
use dsp::lfo::{Lfo, Reader, Wave};
use dsp::smooth::Glide;

choice! {
    /// What sets the speed of a movement.
    pub enum SpeedTiming {
        /// `rate_hz`.
        Free = "free",
        /// One turn in the length of `note`.
        Tempo = "tempo",
    }
}

choice! {
    /// Form of a movement.
    pub enum LfoWave {
        /// Sine.
        Sine = "sine",
        /// Straight up and down.
        Triangle = "triangle",
        /// From end to end, with edges of a tenth of a turn.
        Square = "square",
        /// A new random place every turn, with smooth ways between; the same in every rendering.
        Drift = "drift",
    }
}

impl LfoWave {
    pub(crate) fn wave(self) -> Wave {
        [Wave::Sine, Wave::Triangle, Wave::Square, Wave::Drift][self.index()]
    }
}

/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
pub(crate) const GLIDE_MS: f64 = 10.0;

/// Turns per second.
pub(crate) fn turns_per_second(timing: SpeedTiming, note: Note, rate_hz: f64, tempo_bpm: f64) -> f64 {
    match timing {
        SpeedTiming::Free => rate_hz,
        // Without a tempo, that of a minute hand: 60.
        SpeedTiming::Tempo => (if tempo_bpm > 0.0 { tempo_bpm } else { 60.0 }) / 60.0 / note.beats(),
    }
}

/// An oscillator in a kernel: speed may change, the start may be gone back to.
#[derive(Debug, Clone)]
pub(crate) struct Mover {
    lfo: Lfo,
    wave: Wave,
    /// What a turn lasts, where it follows the tempo.
    note: Option<Note>,
    sample_rate_hz: f64,
}

impl Mover {
    pub(crate) fn new(rate_hz: f64, wave: LfoWave, sample_rate_hz: f64, seed: u64) -> Self {
        Self { lfo: Lfo::new(rate_hz, sample_rate_hz, seed), wave: wave.wave(), note: None, sample_rate_hz }
    }

    /// Follows the tempo, if that is what sets its speed.
    pub(crate) fn following(mut self, timing: SpeedTiming, note: Note) -> Self {
        self.follow(timing, note);
        self
    }

    /// Likewise while running.
    pub(crate) fn follow(&mut self, timing: SpeedTiming, note: Note) {
        self.note = (timing == SpeedTiming::Tempo).then_some(note);
    }

    /// Whether it follows the tempo.
    pub(crate) fn follows(&self) -> bool {
        self.note.is_some()
    }

    /// Goes on from where it is, at the speed of another tempo.
    pub(crate) fn set_tempo(&mut self, tempo_bpm: f64) {
        if let Some(note) = self.note {
            let rate_hz = turns_per_second(SpeedTiming::Tempo, note, 0.0, tempo_bpm);
            self.lfo.set_rate(rate_hz, self.sample_rate_hz);
        }
    }

    pub(crate) fn retune(&mut self, rate_hz: f64, wave: LfoWave) {
        self.lfo.set_rate(rate_hz, self.sample_rate_hz);
        self.wave = wave.wave();
    }

    #[inline]
    pub(crate) fn at(&self, offset: f64, part: u64) -> f64 {
        self.lfo.at(self.wave, offset, part)
    }

    #[inline]
    pub(crate) fn advance(&mut self) {
        self.lfo.advance();
    }

    pub(crate) fn reset(&mut self) {
        self.lfo.reset();
    }
}

/// A delay line of one channel with its filters.
#[derive(Debug, Clone)]
pub(crate) struct WetLine {
    pub(crate) line: DelayLine,
    high: OnePole,
    low: OnePole,
}

impl WetLine {
    pub(crate) fn new(longest_frames: f64) -> Self {
        let room = longest_frames.max(0.0) as usize + Reader::BEYOND_FRAMES + 8;
        Self { line: DelayLine::new(room), high: OnePole::default(), low: OnePole::default() }
    }

    /// Takes the low end and the top off.
    #[inline]
    pub(crate) fn filter(&mut self, x: f64, cuts: &Cuts) -> f64 {
        let mut y = x;
        let [coefficient, amount] = cuts.high;
        if amount > 0.0 {
            y -= amount * self.high.low(y, coefficient);
        }
        let [coefficient, amount] = cuts.low;
        if amount > 0.0 {
            let low = self.low.low(y, coefficient);
            y += amount * (low - y);
        }
        y
    }

    pub(crate) fn reset(&mut self) {
        self.line.reset();
        self.high.reset();
        self.low.reset();
    }
}

/// Coefficient and amount of both filters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuts {
    pub(crate) high: [f64; 2],
    pub(crate) low: [f64; 2],
}

impl Cuts {
    /// What the glides of the filters aim at: off at the ends of their ranges.
    pub(crate) fn targets(highpass_hz: f64, lowpass_hz: f64, sample_rate_hz: f64) -> [f64; 4] {
        let on = |yes: bool| f64::from(u8::from(yes));
        [
            OnePole::coefficient(highpass_hz, sample_rate_hz),
            on(highpass_hz > 20.0),
            OnePole::coefficient(lowpass_hz, sample_rate_hz),
            on(lowpass_hz < 20_000.0),
        ]
    }

    pub(crate) fn of([high, high_on, low, low_on]: [f64; 4]) -> Self {
        Self { high: [high, high_on], low: [low, low_on] }
    }
}

/// A row of glides, one for each target.
#[derive(Debug, Clone)]
pub(crate) struct Glides<const N: usize>([Glide; N]);

impl<const N: usize> Glides<N> {
    pub(crate) fn new(targets: [f64; N], sample_rate_hz: f64) -> Self {
        Self(targets.map(|target| Glide::new(target, GLIDE_MS, sample_rate_hz)))
    }

    pub(crate) fn aim(&mut self, targets: [f64; N]) {
        self.0.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
    }

    #[inline]
    pub(crate) fn next(&mut self) -> [f64; N] {
        self.0.each_mut().map(Glide::next_value)
    }

    /// At the targets at once.
    pub(crate) fn land(&mut self) {
        self.0.iter_mut().for_each(|glide| glide.snap(glide.target()));
    }
}

/// Sides of a pair go their own way, further channels with the side they lie on.
#[inline]
pub(crate) fn side_of(channel: usize) -> f64 {
    (channel % 2) as f64
}

/// Frames of so many milliseconds.
#[inline]
pub(crate) fn ms(milliseconds: f64, sample_rate_hz: f64) -> f64 {
    milliseconds * 1e-3 * sample_rate_hz
}

/// Share of the power of `n` voices that do not know of each other.
pub(crate) fn of_voices(n: f64) -> f64 {
    1.0 / n.max(1.0).sqrt()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Frequency of every period by its rising zero crossings, interpolated, with the frame it ends at.
    pub(crate) fn frequencies(signal: &[f64], rate_hz: f64) -> Vec<(f64, f64)> {
        let crossings: Vec<f64> = (1..signal.len())
            .filter(|n| signal[n - 1] < 0.0 && signal[*n] >= 0.0)
            .map(|n| n as f64 - signal[n] / (signal[n] - signal[n - 1]))
            .collect();
        crossings.windows(2).map(|pair| (pair[1], rate_hz / (pair[1] - pair[0]))).collect()
    }

    #[test]
    fn notes_turn_in_their_length() {
        // A quarter at 120 bpm is half a second; a dotted eighth at 90 is half a second too.
        assert_eq!(turns_per_second(SpeedTiming::Tempo, Note::Quarter, 9.0, 120.0), 2.0);
        assert!((turns_per_second(SpeedTiming::Tempo, Note::EighthDotted, 9.0, 90.0) - 2.0).abs() < 1e-12);
        assert_eq!(turns_per_second(SpeedTiming::Free, Note::Quarter, 0.3, 120.0), 0.3);
    }
}
