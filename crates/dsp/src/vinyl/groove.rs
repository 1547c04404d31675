//! Peaks of a groove's motion, sector by sector.

use super::riaa;
use crate::biquad::Biquad;
use crate::block::View;
use crate::math::{FRAC_PI_4, sanitise, sin};
use crate::oversample::{Factor, Upsampler};

/// Frames worked on at a time.
const CHUNK: usize = 512;
/// The motion is looked at this often at least, Hz: at 20 kHz a peak is met within 1.6 % (0.14 dB).
const LEAST_RATE_HZ: f64 = 350_000.0;
/// Taps of the derivatives.
const TAPS: usize = 5;

/// Peaks of one groove wall. All at the scale of the module: 1 cm/s for 1 kHz of peak 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wall {
    /// Farthest excursion of the wall along its normal, micrometres. At the surface of the disc the edge moves √2 as far.
    pub excursion_um: f64,
    /// Largest velocity, cm/s.
    pub velocity_cm_s: f64,
    /// Largest acceleration, m/s².
    pub acceleration_m_s2: f64,
}

/// Peaks of both walls and of their sum and difference in a sector of the disc.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Motion {
    /// Left channel: the inner wall.
    pub left: Wall,
    /// Right channel: the outer wall.
    pub right: Wall,
    /// Largest sideways excursion, (L + R) / √2, micrometres.
    pub lateral_um: f64,
    /// Largest sideways velocity, cm/s.
    pub lateral_cm_s: f64,
    /// Largest vertical excursion, (L − R) / √2, micrometres: the depth changes by it, the width of a 90° groove by twice as much.
    pub vertical_um: f64,
    /// Largest vertical velocity, cm/s.
    pub vertical_cm_s: f64,
}

impl Motion {
    /// The larger of each.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            left: self.left.max(other.left),
            right: self.right.max(other.right),
            lateral_um: self.lateral_um.max(other.lateral_um),
            lateral_cm_s: self.lateral_cm_s.max(other.lateral_cm_s),
            vertical_um: self.vertical_um.max(other.vertical_um),
            vertical_cm_s: self.vertical_cm_s.max(other.vertical_cm_s),
        }
    }
}

impl Wall {
    fn max(self, other: Self) -> Self {
        Self {
            excursion_um: self.excursion_um.max(other.excursion_um),
            velocity_cm_s: self.velocity_cm_s.max(other.velocity_cm_s),
            acceleration_m_s2: self.acceleration_m_s2.max(other.acceleration_m_s2),
        }
    }

    fn add(&mut self, [displacement, velocity, acceleration]: [f64; 3]) {
        self.excursion_um = self.excursion_um.max(displacement.abs());
        self.velocity_cm_s = self.velocity_cm_s.max(velocity.abs());
        self.acceleration_m_s2 = self.acceleration_m_s2.max(acceleration.abs());
    }
}

/// One channel on its way to the motion of its wall.
#[derive(Debug, Clone)]
struct Side {
    up: Upsampler,
    filter: Biquad,
    high: Vec<f64>,
    /// Displacement: what the derivatives remember, then one chunk.
    path: Vec<f64>,
}

impl Side {
    fn new(factor: Factor, rate_hz: f64) -> Self {
        Self {
            up: Upsampler::new(factor),
            filter: Biquad::new(riaa::displacement(rate_hz)),
            high: vec![0.0; CHUNK * factor.ratio()],
            path: vec![0.0; TAPS - 1 + CHUNK * factor.ratio()],
        }
    }

    /// Displacement of a piece behind what is remembered.
    fn process(&mut self, input: &[f64]) {
        let frames = input.len() * self.up.ratio();
        self.up.process(input, &mut self.high[..frames]);
        for (to, x) in self.path[TAPS - 1..].iter_mut().zip(&self.high[..frames]) {
            *to = self.filter.tick(*x);
        }
        self.filter.settle();
    }

    fn keep(&mut self, frames: usize) {
        self.path.copy_within(frames..frames + TAPS - 1, 0);
    }
}

/// Follows a stereo signal and notes the peaks of the groove's motion for each sector of the disc.
///
/// Costs some 150 ns a stereo frame at 44.1 kHz. Allocates nothing after `new` but the notes themselves.
#[derive(Debug, Clone)]
pub struct Groove {
    sides: [Side; 2],
    ratio: usize,
    scales: [f64; 2],
    sector_frames: f64,
    /// Frames seen, and where the next sector begins.
    frames: u64,
    next: u64,
    sectors: Vec<Motion>,
    current: Motion,
    clean: [Vec<f64>; 2],
}

impl Groove {
    /// For a stereo signal; a sector lasts `sector_seconds`.
    #[must_use]
    pub fn new(sample_rate_hz: f64, sector_seconds: f64) -> Self {
        let factors = [Factor::X1, Factor::X2, Factor::X4, Factor::X8, Factor::X16, Factor::X32, Factor::X64];
        let enough = |factor: &&Factor| sample_rate_hz * factor.ratio() as f64 >= LEAST_RATE_HZ;
        let factor = factors.iter().find(enough).copied().unwrap_or(Factor::X64);
        let rate_hz = sample_rate_hz * factor.ratio() as f64;
        let side = || Side::new(factor, rate_hz);
        let mut groove = Self {
            sides: [side(), side()],
            ratio: factor.ratio(),
            // Micrometres a sample are rate / 1e4 cm/s; a sample squared, rate² / 1e6 m/s². The twelfth is the derivatives'.
            scales: [rate_hz / (1e4 * 12.0), rate_hz * rate_hz / (1e6 * 12.0)],
            sector_frames: (sector_seconds * sample_rate_hz).max(1.0),
            frames: 0,
            next: 0,
            sectors: Vec::new(),
            current: Motion::default(),
            clean: [vec![0.0; CHUNK], vec![0.0; CHUNK]],
        };
        groove.next = groove.end_of(0);
        groove
    }

    /// Frame at which a sector ends: rounded from its exact place, so that long sides do not drift.
    fn end_of(&self, sector: usize) -> u64 {
        ((sector as f64 + 1.0) * self.sector_frames).round() as u64
    }

    /// Takes the next piece. A mono signal moves both walls alike; of more than two channels the first two count.
    pub fn push(&mut self, input: View<'_>) {
        let mut start = 0;
        while start < input.frames() {
            let left = usize::try_from(self.next - self.frames).unwrap_or(usize::MAX).max(1);
            let frames = (input.frames() - start).min(CHUNK).min(left);
            let piece = input.slice(start, frames);
            for (index, (side, clean)) in self.sides.iter_mut().zip(&mut self.clean).enumerate() {
                let clean = &mut clean[..frames];
                clean.copy_from_slice(piece.channel(index.min(input.channels().saturating_sub(1))));
                sanitise(clean);
                side.process(clean);
            }
            self.note(frames * self.ratio);
            start += frames;
            self.frames += frames as u64;
            if self.frames >= self.next {
                self.sectors.push(core::mem::take(&mut self.current));
                self.next = self.end_of(self.sectors.len());
            }
        }
    }

    fn note(&mut self, frames: usize) {
        let [velocity, acceleration] = self.scales;
        let half = sin(FRAC_PI_4);
        let motion = &mut self.current;
        let [left, right] = &mut self.sides;
        for (l, r) in left.path.windows(TAPS).zip(right.path.windows(TAPS)).take(frames) {
            let (l, r) = (derive(l, velocity, acceleration), derive(r, velocity, acceleration));
            motion.left.add(l);
            motion.right.add(r);
            motion.lateral_um = motion.lateral_um.max(half * (l[0] + r[0]).abs());
            motion.lateral_cm_s = motion.lateral_cm_s.max(half * (l[1] + r[1]).abs());
            motion.vertical_um = motion.vertical_um.max(half * (l[0] - r[0]).abs());
            motion.vertical_cm_s = motion.vertical_cm_s.max(half * (l[1] - r[1]).abs());
        }
        left.keep(frames);
        right.keep(frames);
    }

    /// The sectors; the last may be shorter.
    #[must_use]
    pub fn finish(mut self) -> Vec<Motion> {
        // What is still in the filters and the derivatives belongs to the last sector.
        let tail = self.sides[0].up.latency_frames() + TAPS;
        self.next = u64::MAX;
        let silence = vec![0.0; tail];
        let planes = [silence.clone(), silence];
        self.push(crate::block::Buffer::from_planes(&planes).view());
        let whole = self.frames - tail as u64;
        let last = self
            .sectors
            .last()
            .copied()
            .filter(|_| !self.sectors.is_empty() && whole == self.end_of(self.sectors.len() - 1));
        match last {
            Some(last) => {
                self.sectors.pop();
                self.sectors.push(last.max(self.current));
            }
            None => self.sectors.push(self.current),
        }
        self.sectors
    }
}

/// Displacement, velocity and acceleration at the middle of five points (central differences of fourth order;
/// at 20 kHz and 353 kHz within 0.02 dB).
fn derive(points: &[f64], velocity: f64, acceleration: f64) -> [f64; 3] {
    let &[a, b, c, d, e] = points else { return [0.0; 3] };
    [c, velocity * ((a - e) + 8.0 * (d - b)), acceleration * (16.0 * (b + d) - (a + e) - 30.0 * c)]
}
