//! Small parts that every machine of the song is built from.

use dsp::math;
use dsp::rng::CounterRng;

/// Sample rate of the song.
pub const RATE_HZ: f64 = 48_000.0;

/// Frame nearest to a time.
pub fn frame(seconds: f64) -> usize {
    (seconds * RATE_HZ).round().max(0.0) as usize
}

/// Factor per frame of a decay by 60 dB in `seconds`.
pub fn keep(seconds: f64) -> f64 {
    // 10^-3 is -60 dB.
    math::exp(-3.0 * math::LN_10 / (seconds * RATE_HZ))
}

/// Frequency of a MIDI note (69 is A at 440 Hz).
pub fn note_hz(midi: f64) -> f64 {
    440.0 * math::exp2((midi - 69.0) / 12.0)
}

/// Deviation of a player: nearly normal with unit variance (the sum of three uniforms, each of variance 1/3).
pub fn human(rng: &CounterRng, index: u64) -> f64 {
    rng.bipolar(3 * index) + rng.bipolar(3 * index + 1) + rng.bipolar(3 * index + 2)
}

/// First-order low-pass.
#[derive(Debug, Clone, Default)]
pub struct OnePole {
    state: f64,
    share: f64,
}

impl OnePole {
    /// A low-pass at `hz`.
    pub fn new(hz: f64) -> Self {
        Self { state: 0.0, share: 1.0 - math::exp(-math::TAU * hz / RATE_HZ) }
    }

    /// The low part of the next sample.
    #[inline]
    pub fn low(&mut self, x: f64) -> f64 {
        self.state += self.share * (x - self.state);
        self.state
    }

    /// The high part of the next sample.
    #[inline]
    pub fn high(&mut self, x: f64) -> f64 {
        x - self.low(x)
    }
}

/// Two-pole resonator with unit gain at 0 Hz: the building block of Klatt, "Software for a cascade/parallel formant
/// synthesizer", JASA 67(3), 1980, equations 1 and 2.
#[derive(Debug, Clone, Default)]
pub struct Resonator {
    a: f64,
    b: f64,
    c: f64,
    last: f64,
    before: f64,
}

impl Resonator {
    /// A resonator at `hz`, `width_hz` wide.
    pub fn new(hz: f64, width_hz: f64) -> Self {
        let mut resonator = Self::default();
        resonator.tune(hz, width_hz);
        resonator
    }

    /// Moves it without touching what sounds.
    pub fn tune(&mut self, hz: f64, width_hz: f64) {
        let radius = math::exp(-math::PI * width_hz / RATE_HZ);
        self.c = -radius * radius;
        self.b = 2.0 * radius * math::cos(math::TAU * hz / RATE_HZ);
        self.a = 1.0 - self.b - self.c;
    }

    /// The next sample.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        let y = self.a * x + self.b * self.last + self.c * self.before;
        self.before = self.last;
        self.last = y;
        y
    }

    /// The next sample with unit gain at the resonance (nearly), nothing at 0 Hz: a band-pass.
    #[inline]
    pub fn band(&mut self, x: f64) -> f64 {
        let (last, before) = (self.last, self.before);
        self.last = (1.0 + self.c) * x + self.b * last + self.c * before;
        self.before = last;
        0.5 * (self.last - before)
    }
}

/// Adds a decaying sine to `out`: a mode of something struck. Costs two multiplications per frame.
pub fn add_mode(out: &mut [f64], hz: f64, level: f64, seconds: f64, phase: f64) {
    if hz >= 0.46 * RATE_HZ {
        return;
    }
    let (angle, radius) = (math::TAU * hz / RATE_HZ, keep(seconds));
    let (turn, damp) = (2.0 * radius * math::cos(angle), radius * radius);
    // Two past values of level · r^n · sin(angle · n + phase).
    let mut last = level * math::sin(phase - angle) / radius;
    let mut before = level * math::sin(phase - 2.0 * angle) / damp;
    for x in out {
        let next = turn * last - damp * before;
        *x += next;
        (before, last) = (last, next);
    }
}

/// A sine table: 4096 points with straight lines between (error below -128 dB).
#[derive(Debug, Clone)]
pub struct Sine(Vec<f64>);

impl Default for Sine {
    fn default() -> Self {
        Self::new()
    }
}

impl Sine {
    /// Computes the table.
    pub fn new() -> Self {
        Self((0..=4096).map(|n| math::sin(math::TAU * f64::from(n) / 4096.0)).collect())
    }

    /// Sine of so many turns.
    #[inline]
    pub fn of(&self, turns: f64) -> f64 {
        let place = (turns - turns.floor()) * 4096.0;
        let index = (place as usize).min(4095);
        self.0[index] + (place - index as f64) * (self.0[index + 1] - self.0[index])
    }
}

/// Scales to a peak in dBFS.
pub fn to_peak(planes: &mut [Vec<f64>], dbfs: f64) {
    let peak = planes.iter().flatten().fold(0.0, |peak: f64, x| peak.max(x.abs()));
    if peak > 0.0 {
        let gain = math::db_to_gain(dbfs) / peak;
        planes.iter_mut().flatten().for_each(|x| *x *= gain);
    }
}
