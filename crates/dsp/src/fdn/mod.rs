//! Feedback delay network: sixteen lines whose ends are mixed without loss and fed back through absorption.
//!
//! J.-M. Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators", AES 90th convention, 1991.
//! The mixing is a Hadamard matrix after eight slow plane rotations (S. J. Schlecht and E. A. P. Habets, "Time-varying
//! feedback matrices in feedback delay networks", JASA 138(3), 2015): it stays orthogonal while it moves, so modulation
//! breaks up resonances without touching the decay and without shifting any pitch inside a line.

mod absorption;
mod diffuser;
mod dispersion;
mod early;
mod ring;
mod sums;

pub use absorption::Decay;
pub(crate) use absorption::{Section, shelf};
pub use diffuser::Diffuser;
pub use dispersion::Chirp;
pub use early::{REFLECTIONS, Reflection, Shape, reflections};
pub use ring::Ring;
pub use sums::{Runs, add_tail, add_taps};

use crate::delay::{Quadrature, flush};
use crate::math;
use absorption::{Bank, LANES, LineFilter};
use dispersion::Dispersion;

/// Lines of the network.
pub const LINES: usize = 16;
/// Frames worked on at a time. Shorter than any line.
pub const PIECE: usize = 64;
/// Largest size there is memory for.
pub const MAX_SIZE: f64 = 2.0;
/// Pieces of a crossfade between two sets of lengths: 2048 frames.
const FADE_PIECES: usize = 32;
/// Largest rotation. By calibration, 2026-11-21: the flutter of a held tone stays below what is heard.
const MAX_ANGLE: f64 = 0.6;

/// A run of samples for each line or column.
pub type Planes = [[f64; PIECE]; LINES];

/// What a network is made of, fixed while it runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Network {
    /// Shortest and longest line at size 1.
    pub lengths_ms: [f64; 2],
    /// Whether low frequencies travel slower, as in a plate.
    pub dispersive: bool,
}

impl Network {
    /// Of a space of middling size. By calibration, 2026-11-21: the longest line for modal density (0.68 s of delay in all,
    /// so four modes in each hertz of a second's decay), the shortest for echo density.
    pub const GENERAL: Self = Self { lengths_ms: [19.0, 71.0], dispersive: false };
    /// Of a room: echoes close together from the start. By calibration, 2026-11-21.
    pub const ROOM: Self = Self { lengths_ms: [11.0, 59.0], dispersive: false };
    /// Of a hall: 1.0 s of delay in all, six modes in each hertz. By calibration, 2026-11-21.
    pub const HALL: Self = Self { lengths_ms: [27.0, 107.0], dispersive: false };
    /// Of a plate: no first echoes, dense at once. By calibration, 2026-11-21.
    pub const PLATE: Self = Self { lengths_ms: [13.0, 97.0], dispersive: true };
}

/// Settings of the network.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Scale of the line lengths, above 0.1 and up to [`MAX_SIZE`].
    pub size: f64,
    /// Decay times.
    pub decay: Decay,
    /// How far the mixing moves, 0 to 1.
    pub modulation: f64,
    /// How fast.
    pub modulation_rate_hz: f64,
}

fn is_prime(n: usize) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| !n.is_multiple_of(d))
}

/// Line lengths in frames: different primes, evenly spread in their logarithm.
#[must_use]
pub fn lengths(network: &Network, size: f64, sample_rate_hz: f64) -> [usize; LINES] {
    let [shortest, longest] = network.lengths_ms.map(|ms| ms * 1e-3 * size * sample_rate_hz);
    let mut last = PIECE;
    std::array::from_fn(|line| {
        let wanted = shortest * math::pow(longest / shortest, line as f64 / (LINES - 1) as f64);
        let mut length = (wanted as usize).max(last + 1);
        while !is_prime(length) {
            length += 1;
        }
        last = length;
        length
    })
}

/// The network: a plane for each line in, a plane for each column out.
#[derive(Debug, Clone)]
pub struct Fdn {
    rings: Vec<Ring>,
    lengths: [usize; LINES],
    /// Lengths to fade to, and how far the fade is in pieces.
    fade: Option<([usize; LINES], usize)>,
    wanted: [usize; LINES],
    low: Bank,
    high: Bank,
    dispersion: Option<Dispersion>,
    oscillators: [Quadrature; LINES / 2],
    angle: f64,
    /// Cosines and sines at the start and at the end of the piece.
    turn: [[[f64; LINES / 2]; 2]; 2],
    network: Network,
    tuning: Tuning,
    sample_rate_hz: f64,
    frame: usize,
    /// What comes out of the lines, filtered.
    ends: Box<Planes>,
}

impl Fdn {
    /// Silent. All memory is taken here, for any later tuning.
    #[must_use]
    pub fn new(network: Network, tuning: Tuning, sample_rate_hz: f64) -> Self {
        let longest = lengths(&network, MAX_SIZE, sample_rate_hz)[LINES - 1];
        let lengths = lengths(&network, tuning.size, sample_rate_hz);
        let (low, high) = filters(&lengths, &network, &tuning.decay, sample_rate_hz);
        let mut fdn = Self {
            rings: vec![Ring::new(longest + PIECE); LINES],
            lengths,
            fade: None,
            wanted: lengths,
            low: Bank::new(&low),
            high: Bank::new(&high),
            dispersion: network.dispersive.then(|| Dispersion::new(sample_rate_hz)),
            oscillators: [Quadrature::new(0.0, 0.0, sample_rate_hz); LINES / 2],
            angle: 0.0,
            turn: [[[0.0; LINES / 2]; 2]; 2],
            network,
            tuning,
            sample_rate_hz,
            frame: 0,
            ends: Box::new([[0.0; PIECE]; LINES]),
        };
        fdn.reset();
        fdn
    }

    /// Total of the line lengths in use.
    #[must_use]
    pub fn total_frames(&self) -> usize {
        self.wanted.iter().sum()
    }

    /// Other settings from the next piece on, without a click and without allocation.
    pub fn retune(&mut self, tuning: Tuning) {
        if tuning.size != self.tuning.size || tuning.decay != self.tuning.decay {
            self.wanted = lengths(&self.network, tuning.size, self.sample_rate_hz);
            let (low, high) = filters(&self.wanted, &self.network, &tuning.decay, self.sample_rate_hz);
            self.low.aim(&low);
            self.high.aim(&high);
        }
        let rate_hz = tuning.modulation_rate_hz * PIECE as f64;
        self.oscillators.iter_mut().for_each(|o| o.set_rate(rate_hz, self.sample_rate_hz));
        self.tuning = tuning;
    }

    /// Silence, and every movement at its start.
    pub fn reset(&mut self) {
        self.rings.iter_mut().for_each(Ring::reset);
        (self.lengths, self.fade, self.frame) = (self.wanted, None, 0);
        self.low.reset();
        self.high.reset();
        self.dispersion.iter_mut().for_each(Dispersion::reset);
        // Starting phases by the golden ratio: no two alike, none in step.
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let rate_hz = self.tuning.modulation_rate_hz * PIECE as f64;
        self.oscillators = std::array::from_fn(|pair| {
            Quadrature::new(rate_hz, math::TAU * GOLDEN * pair as f64, self.sample_rate_hz)
        });
        self.angle = self.tuning.modulation * MAX_ANGLE;
        self.swing();
    }

    /// Takes the first `frames` of planes to inject into the lines, and leaves what the lines give back after mixing:
    /// each column an equal and unrelated view of the sound field. Energy 1 injected is power 1 /
    /// [`total_frames`](Self::total_frames) in each column at first.
    pub fn process(&mut self, planes: &mut Planes, frames: usize) {
        self.run(planes, frames, None);
    }

    /// As [`process`](Self::process), held to the share `holds` gives for each frame: at 1 nothing is taken in and nothing
    /// is lost, for as long as that lasts. The mixing goes on moving; other sizes and decays wait.
    pub fn process_held(&mut self, planes: &mut Planes, frames: usize, holds: &[f64; PIECE]) {
        for plane in planes.iter_mut() {
            plane.iter_mut().zip(holds).for_each(|(x, hold)| *x *= 1.0 - hold);
        }
        self.run(planes, frames, Some(holds));
    }

    fn run(&mut self, planes: &mut Planes, frames: usize, holds: Option<&[f64; PIECE]>) {
        let mut start = 0;
        while start < frames.min(PIECE) {
            let place = self.frame % PIECE;
            if place == 0 {
                self.begin_piece(holds.is_some());
            }
            let count = (PIECE - place).min(frames - start);
            let holds = holds.and_then(|holds| holds.get(start..start + count));
            self.filter(place, count, holds);
            self.disperse(count);
            self.mix_outer(place, count, holds);
            self.mix_inner(planes, start, count);
            self.frame = self.frame.wrapping_add(count);
            start += count;
        }
    }

    fn begin_piece(&mut self, held: bool) {
        self.dispersion.iter_mut().for_each(Dispersion::settle);
        self.low.step(!held);
        self.high.step(!held);
        self.fade = match self.fade {
            Some((to, done)) if done + 1 == FADE_PIECES => {
                self.lengths = to;
                None
            }
            Some((to, done)) => Some((to, done + 1)),
            None => None,
        };
        if self.fade.is_none() && self.lengths != self.wanted && !held {
            self.fade = Some((self.wanted, 0));
        }
        self.swing();
    }

    /// The rotation at the end of the piece that begins.
    fn swing(&mut self) {
        // Half of the way to a new depth per 0.1 s or so: 1/64 per piece.
        self.angle += (self.tuning.modulation * MAX_ANGLE - self.angle) / 64.0;
        self.turn[0] = self.turn[1];
        for (pair, oscillator) in self.oscillators.iter_mut().enumerate() {
            let angle = self.angle * oscillator.next_sine();
            self.turn[1][0][pair] = math::cos(angle);
            self.turn[1][1][pair] = math::sin(angle);
        }
        if self.frame == 0 {
            self.turn[0] = self.turn[1];
        }
    }

    /// The ends of the lines through their absorption, and past it as far as they are held.
    fn filter(&mut self, place: usize, frames: usize, holds: Option<&[f64]>) {
        let mut faded = [[0.0; PIECE]; LANES];
        for line in (0..LINES).step_by(LANES) {
            let rings = &self.rings;
            if let Some((to, done)) = &self.fade {
                for (lane, run) in faded.iter_mut().enumerate() {
                    let ring = &rings[line + lane];
                    let from = ring.look_back(self.lengths[line + lane], frames);
                    let other = ring.look_back(to[line + lane], frames);
                    for (n, (out, (x, y))) in run.iter_mut().zip(from.iter().zip(other)).enumerate() {
                        let share = (done * PIECE + place + n) as f64 / (FADE_PIECES * PIECE) as f64;
                        *out = x + (y - x) * share;
                    }
                }
            }
            let runs: [&[f64]; LANES] = std::array::from_fn(|lane| match self.fade {
                Some(_) => &faded[lane][..frames],
                None => rings[line + lane].look_back(self.lengths[line + lane], frames),
            });
            let (mut low, mut high) = (self.low.take(line), self.high.take(line));
            let (ends, _) = self.ends[line..].as_chunks_mut::<LANES>();
            let Some([a, b, c, d]) = ends.first_mut() else { return };
            let outs = a.iter_mut().zip(&mut *b).zip(&mut *c).zip(&mut *d);
            let ins = runs[0].iter().zip(runs[1]).zip(runs[2]).zip(runs[3]);
            for ((((x0, x1), x2), x3), (((y0, y1), y2), y3)) in ins.zip(outs) {
                [*y0, *y1, *y2, *y3] = high.tick(low.tick([*x0, *x1, *x2, *x3]));
            }
            for (end, run) in [a, b, c, d].into_iter().zip(runs).filter(|_| holds.is_some()) {
                for ((y, x), hold) in end.iter_mut().zip(run).zip(holds.unwrap_or_default()) {
                    // Past the filters, but for the 1/4 of the Hadamard matrix that is in them.
                    *y = *y * (1.0 - hold) + 0.25 * x * hold;
                }
            }
            self.low.keep(line, &low);
            self.high.keep(line, &high);
        }
    }

    /// The ends through the chains that delay bass more.
    fn disperse(&mut self, frames: usize) {
        let Some(dispersion) = &mut self.dispersion else { return };
        for n in 0..frames {
            let mut row: [f64; LINES] = std::array::from_fn(|line| self.ends[line][n]);
            dispersion.tick(&mut row);
            self.ends.iter_mut().zip(row).for_each(|(end, x)| end[n] = x);
        }
    }

    /// The rotation, and the first half of the Hadamard matrix: lines 8 and 4 apart.
    fn mix_outer(&mut self, place: usize, frames: usize, holds: Option<&[f64]>) {
        let mut share = [0.0; PIECE];
        share.iter_mut().enumerate().for_each(|(n, share)| *share = (place + n) as f64 / PIECE as f64);
        if let Some(holds) = holds {
            self.lengthen(&share, holds);
        }
        let turns: [Turn; LINES / 2] = std::array::from_fn(|pair| Turn::new(&self.turn, pair));
        let (upper, lower) = self.ends.split_at_mut(LINES / 2);
        let (a, b) = upper.split_at_mut(LINES / 4);
        let (c, d) = lower.split_at_mut(LINES / 4);
        for line in 0..LINES / 4 {
            let (first, second) = (&turns[line], &turns[line + LINES / 4]);
            let (a, b, c, d) = (&mut a[line], &mut b[line], &mut c[line], &mut d[line]);
            let planes = a.iter_mut().zip(b).zip(c).zip(d).zip(&share);
            for ((((a, b), c), d), share) in planes.take(frames) {
                let ((p, r), (q, s)) = (first.apply(*a, *c, *share), second.apply(*b, *d, *share));
                (*a, *b, *c, *d) = hadamard_4(p, q, r, s);
            }
        }
    }

    /// Between two angles the rotation goes along the chord, which is a little short; where nothing may be lost, what it
    /// turns is made longer by as much.
    fn lengthen(&mut self, shares: &[f64; PIECE], holds: &[f64]) {
        let (upper, lower) = self.ends.split_at_mut(LINES / 2);
        for (pair, (a, b)) in upper.iter_mut().zip(lower).enumerate() {
            let turn = Turn::new(&self.turn, pair);
            for (((a, b), share), hold) in a.iter_mut().zip(b).zip(shares).zip(holds) {
                let scale = 1.0 + (1.0 / turn.length(*share) - 1.0) * hold;
                (*a, *b) = (*a * scale, *b * scale);
            }
        }
    }

    /// The second half: lines 2 and 1 apart. Out to the columns, and with what is injected into the lines.
    fn mix_inner(&mut self, planes: &mut Planes, start: usize, frames: usize) {
        let (ends, _) = self.ends.as_chunks::<4>();
        let (planes, _) = planes.as_chunks_mut::<4>();
        let (rings, _) = self.rings.as_chunks_mut::<4>();
        for (([a, b, c, d], columns), rings) in ends.iter().zip(planes).zip(rings) {
            let [p, q, r, s] = columns.each_mut().map(|plane| &mut plane[start..start + frames]);
            let [w, x, y, z] = rings.each_mut().map(|ring| ring.slot(frames));
            let ends = a.iter().zip(b).zip(c).zip(d);
            let columns = p.iter_mut().zip(q).zip(r).zip(s);
            let slots = w.iter_mut().zip(x).zip(y).zip(z);
            for (((((a, b), c), d), (((p, q), r), s)), (((w, x), y), z)) in ends.zip(columns).zip(slots) {
                let (out_a, out_b, out_c, out_d) = hadamard_4(*a, *b, *c, *d);
                let out = [out_a, out_b, out_c, out_d].map(flush);
                (*w, *x, *y, *z) = (out[0] + *p, out[1] + *q, out[2] + *r, out[3] + *s);
                [*p, *q, *r, *s] = out;
            }
            rings.iter_mut().for_each(|ring| ring.advance(frames));
        }
    }
}

/// Both shelves of every line. The 1/4 that makes the Hadamard matrix orthogonal is in the first.
fn filters(
    lengths: &[usize; LINES],
    network: &Network,
    decay: &Decay,
    sample_rate_hz: f64,
) -> ([[f64; 5]; LINES], [[f64; 5]; LINES]) {
    let more = |hz| if network.dispersive { dispersion::delay_frames(hz, sample_rate_hz) } else { 0.0 };
    let all = lengths.map(|length| LineFilter::design(length, more, decay, sample_rate_hz));
    let low = all.map(|filter| {
        let [b0, b1, b2, a1, a2] = filter.low;
        [0.25 * b0, 0.25 * b1, 0.25 * b2, a1, a2]
    });
    (low, all.map(|filter| filter.high))
}

/// The rotation of a line with the one eight further, part of the way from one angle to the next.
struct Turn {
    cos: [f64; 2],
    sin: [f64; 2],
}

impl Turn {
    fn new(turn: &[[[f64; LINES / 2]; 2]; 2], pair: usize) -> Self {
        let [[cos0, sin0], [cos1, sin1]] = turn;
        Self { cos: [cos0[pair], cos1[pair] - cos0[pair]], sin: [sin0[pair], sin1[pair] - sin0[pair]] }
    }

    /// Cosine and sine on the chord between the two angles.
    #[inline(always)]
    fn chord(&self, share: f64) -> (f64, f64) {
        (self.cos[0] + self.cos[1] * share, self.sin[0] + self.sin[1] * share)
    }

    /// How long what was 1 is after the rotation.
    fn length(&self, share: f64) -> f64 {
        let (cos, sin) = self.chord(share);
        (cos * cos + sin * sin).sqrt()
    }

    #[inline(always)]
    fn apply(&self, a: f64, b: f64, share: f64) -> (f64, f64) {
        let (cos, sin) = self.chord(share);
        (cos * a - sin * b, sin * a + cos * b)
    }
}

/// How channel `channel` enters all lines: unit length, and every two channels at right angles, up to [`LINES`].
///
/// Signs of a bent function (O. S. Rothaus, "On bent functions", J. Comb. Theory A 20, 1976), times a row of the
/// Hadamard matrix: no matter which, the mixing spreads them evenly, so that no channel and no line is favoured.
#[must_use]
pub fn entrance(channel: usize) -> [f64; LINES] {
    signs(channel, |i| (i & (i >> 1) & 1) ^ ((i >> 2) & (i >> 3) & 1))
}

/// How channel `channel` hears all columns, likewise by another bent function. First come the rows for which the echoes of
/// what is heard, each a line later, add to it as often as they take away: no comb.
#[must_use]
pub fn exit(channel: usize) -> [f64; LINES] {
    const ROWS: [usize; LINES] = [1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 14, 0, 5, 10, 15];
    signs(ROWS[channel % LINES], |i| (i & (i >> 2) & 1) ^ ((i >> 1) & (i >> 3) & 1))
}

fn signs(channel: usize, bent: impl Fn(usize) -> usize) -> [f64; LINES] {
    std::array::from_fn(|i| {
        let row = (channel & i).count_ones() as usize & 1;
        if (bent(i) ^ row) & 1 == 0 { 0.25 } else { -0.25 }
    })
}

/// Sums and differences in two stages: the Hadamard matrix of order 4, without its scale. Twice over, it makes that of
/// order 16.
#[inline(always)]
fn hadamard_4(a: f64, b: f64, c: f64, d: f64) -> (f64, f64, f64, f64) {
    let (sum, other_sum, difference, other_difference) = (a + c, b + d, a - c, b - d);
    (sum + other_sum, sum - other_sum, difference + other_difference, difference - other_difference)
}

#[cfg(test)]
mod tests;
