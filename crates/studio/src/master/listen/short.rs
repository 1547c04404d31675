//! The middle in moments of 23 ms: the floor of noise, sibilants, blows.

use super::super::tone::{BANDS, EDGES_HZ};
use crate::message::Result;
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use dsp::fft::RealFft;
use dsp::math;
use dsp::window::{Window, noise_gain};
use serde::Serialize;

/// Frames of a moment at 44.1 and 48 kHz.
const SIZE: usize = 1024;
/// Where sibilants are, and what they are held against, Hz (mastering.md §5.9).
const SHARP_HZ: [f64; 2] = [5000.0, 9000.0];
const PRESENCE_HZ: [f64; 2] = [1000.0, 4000.0];
/// A moment with this much more up there is a sibilant, dB. By calibration, 2026-11-21, see docs/decisions/042.
const SHARP_DB: f64 = 6.0;
/// Moments below count for the floor only, dBFS.
const QUIET_DBFS: f64 = -60.0;
/// Moments below do not count at all, dBFS: digital silence.
const SILENT_DBFS: f64 = -120.0;
/// A rise of everything from one moment to the next that is a blow, dB.
const BLOW_DB: f64 = 6.0;

/// Sharp sounds of the middle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Sibilance {
    /// Share of the moments with music in which 5–9 kHz stands 6 dB and more over 1–4 kHz.
    pub share: f64,
    /// Upper quartile of the level of 5–9 kHz in those moments, dB.
    pub level_db: f64,
    /// Level of 1–4 kHz exceeded a fiftieth of the time, dB.
    pub presence_db: f64,
}

/// Blows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Transients {
    /// Rises of 6 dB and more in 23 ms, per second of music.
    pub per_second: f64,
    /// Rise exceeded a fiftieth of the time, dB.
    pub rise_db: f64,
}

/// How often each level came, to a quarter of a decibel.
#[derive(Clone)]
struct Histogram {
    counts: Vec<u32>,
    total: u64,
}

impl Histogram {
    const LOW_DB: f64 = -160.0;
    const PER_DB: f64 = 4.0;
    const CELLS: usize = 800;

    fn new() -> Self {
        Self { counts: vec![0; Self::CELLS], total: 0 }
    }

    fn add(&mut self, db: f64) {
        let cell = ((db - Self::LOW_DB) * Self::PER_DB).clamp(0.0, (Self::CELLS - 1) as f64) as usize;
        self.counts[cell] = self.counts[cell].saturating_add(1);
        self.total += 1;
    }

    /// Level under which `share` of all lie; the lowest there is when there are none.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = (share * self.total as f64).ceil() as u64;
        let mut seen = 0;
        let cell = self.counts.iter().position(|count| {
            seen += u64::from(*count);
            seen >= wanted.max(1)
        });
        Self::LOW_DB + (cell.unwrap_or(0) as f64 + 0.5) / Self::PER_DB
    }
}

/// Listens in moments.
pub(super) struct Short {
    size: usize,
    seconds: f64,
    window: Vec<f64>,
    plan: RealFft,
    middle: Vec<f64>,
    windowed: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    bin_hz: f64,
    scale: f64,
    floors: Vec<Histogram>,
    sharp: Histogram,
    presence: Histogram,
    rises: Histogram,
    blows: u64,
    rising: bool,
    last_db: Option<f64>,
}

impl Short {
    pub(super) fn new(sample_rate_hz: f64) -> Self {
        let size = match sample_rate_hz {
            rate if rate < 30_000.0 => SIZE / 2,
            rate if rate < 64_000.0 => SIZE,
            rate if rate < 128_000.0 => 2 * SIZE,
            _ => 4 * SIZE,
        };
        let (window, plan) = (Window::Hann.periodic(size), RealFft::new(size));
        Self {
            size,
            seconds: size as f64 / sample_rate_hz,
            scale: 2.0 / (size as f64 * size as f64 * noise_gain(&window)),
            window,
            middle: Vec::with_capacity(size),
            windowed: vec![0.0; size],
            re: vec![0.0; plan.bins()],
            im: vec![0.0; plan.bins()],
            plan,
            bin_hz: sample_rate_hz / size as f64,
            floors: vec![Histogram::new(); BANDS],
            sharp: Histogram::new(),
            presence: Histogram::new(),
            rises: Histogram::new(),
            blows: 0,
            rising: false,
            last_db: None,
        }
    }

    /// Mean square between two frequencies of the moment analysed last.
    fn power(&self, [low_hz, high_hz]: [f64; 2]) -> f64 {
        let bin = |hz: f64| ((hz / self.bin_hz).round().max(1.0) as usize).min(self.re.len());
        self.scale * self.re.get(bin(low_hz)..bin(high_hz)).map_or(0.0, |bins| bins.iter().sum())
    }

    fn analyse(&mut self) {
        for ((to, x), w) in self.windowed.iter_mut().zip(&self.middle).zip(&self.window) {
            *to = math::sane(*x) * w;
        }
        self.middle.clear();
        self.plan.forward(&self.windowed, &mut self.re, &mut self.im);
        self.re.iter_mut().zip(&self.im).for_each(|(a, b)| *a = *a * *a + b * b);
        let db = |power: f64| math::power_to_db(power.max(1e-20));
        let bands: [f64; BANDS] = std::array::from_fn(|b| self.power([EDGES_HZ[b], EDGES_HZ[b + 1]]));
        let all_db = db(bands.iter().sum());
        if all_db < SILENT_DBFS {
            self.last_db = Some(SILENT_DBFS);
            return;
        }
        self.floors.iter_mut().zip(bands).for_each(|(floor, power)| floor.add(db(power)));
        let last_db = self.last_db.replace(all_db);
        if all_db < QUIET_DBFS {
            return;
        }
        let rise_db = last_db.map_or(0.0, |last| all_db - last);
        self.rises.add(rise_db);
        // A blow between two moments rises in both, and is one.
        let rising = rise_db >= BLOW_DB;
        self.blows += u64::from(rising && !self.rising);
        self.rising = rising;
        let (sharp, presence) = (self.power(SHARP_HZ), self.power(PRESENCE_HZ));
        self.presence.add(db(presence));
        if sharp > presence * math::db_to_power(SHARP_DB) {
            self.sharp.add(db(sharp));
        }
    }

    pub(super) fn finish(self) -> ([f64; BANDS], Sibilance, Transients) {
        let floors = std::array::from_fn(|band| self.floors[band].quantile(0.05));
        let moments = self.presence.total.max(1) as f64;
        let sibilance = Sibilance {
            share: self.sharp.total as f64 / moments,
            level_db: self.sharp.quantile(0.75),
            presence_db: self.presence.quantile(0.98),
        };
        let rise_db = if self.rises.total == 0 { 0.0 } else { self.rises.quantile(0.98) };
        (floors, sibilance, Transients { per_second: self.blows as f64 / (moments * self.seconds), rise_db })
    }
}

impl Stage for Short {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        let mut start = 0;
        while start < block.frames() {
            let count = (self.size - self.middle.len()).min(block.frames() - start);
            let range = start..start + count;
            match block.channels() {
                0 => break,
                1 => self.middle.extend_from_slice(&block.channel(0)[range]),
                _ => {
                    let (left, right) = (&block.channel(0)[range.clone()], &block.channel(1)[range]);
                    self.middle.extend(left.iter().zip(right).map(|(l, r)| 0.5 * (l + r)));
                }
            }
            start += count;
            if self.middle.len() == self.size {
                self.analyse();
            }
        }
        next(block)
    }
}
