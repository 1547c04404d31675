//! Feedback delay network: sixteen lines whose ends are mixed without loss and fed back through absorption.
//!
//! J.-M. Jot and A. Chaigne, "Digital delay networks for designing artificial reverberators", AES 90th convention, 1991.
//! The mixing is a Hadamard matrix after eight slow plane rotations (S. J. Schlecht and E. A. P. Habets, "Time-varying
//! feedback matrices in feedback delay networks", JASA 138(3), 2015): it stays orthogonal while it moves, so modulation
//! breaks up resonances without touching the decay and without shifting any pitch inside a line.

mod absorption;
mod diffuser;
mod early;
mod ring;

pub use absorption::Decay;
pub use diffuser::Diffuser;
pub use early::{REFLECTIONS, Reflection, Shape, reflections};
pub use ring::Ring;

use crate::delay::{Quadrature, flush};
use crate::math;
use absorption::{Bank, LineFilter};

/// Lines of the network.
pub const LINES: usize = 16;
/// Frames worked on at a time. Shorter than any line.
pub const PIECE: usize = 64;
/// Shortest and longest line at size 1. By calibration, 2026-11-21: the longest for modal density (0.68 s of delay in all,
/// so four modes in each hertz of a second's decay), the shortest for echo density.
const LENGTHS_MS: [f64; 2] = [19.0, 71.0];
/// Largest size there is memory for.
pub const MAX_SIZE: f64 = 2.0;
/// Pieces of a crossfade between two sets of lengths: 2048 frames.
const FADE_PIECES: usize = 32;
/// Largest rotation. By calibration, 2026-11-21: the flutter of a held tone stays below what is heard.
const MAX_ANGLE: f64 = 0.6;

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
pub fn lengths(size: f64, sample_rate_hz: f64) -> [usize; LINES] {
    let [shortest, longest] = LENGTHS_MS.map(|ms| ms * 1e-3 * size * sample_rate_hz);
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

/// The network: rows of [`LINES`] samples in, rows out.
#[derive(Debug, Clone)]
pub struct Fdn {
    rings: Vec<Ring>,
    lengths: [usize; LINES],
    /// Lengths to fade to, and how far the fade is in pieces.
    fade: Option<([usize; LINES], usize)>,
    wanted: [usize; LINES],
    low: Bank,
    high: Bank,
    oscillators: [Quadrature; LINES / 2],
    angle: f64,
    /// Cosines and sines at the start and at the end of the piece.
    turn: [[[f64; LINES / 2]; 2]; 2],
    tuning: Tuning,
    sample_rate_hz: f64,
    frame: usize,
    rows: Box<[[f64; LINES]; PIECE]>,
}

impl Fdn {
    /// Silent. All memory is taken here, for any later tuning.
    #[must_use]
    pub fn new(tuning: Tuning, sample_rate_hz: f64) -> Self {
        let longest = lengths(MAX_SIZE, sample_rate_hz)[LINES - 1];
        let lengths = lengths(tuning.size, sample_rate_hz);
        let (low, high) = filters(&lengths, &tuning.decay, sample_rate_hz);
        let mut fdn = Self {
            rings: vec![Ring::new(longest + PIECE); LINES],
            lengths,
            fade: None,
            wanted: lengths,
            low: Bank::new(&low),
            high: Bank::new(&high),
            oscillators: [Quadrature::new(0.0, 0.0, sample_rate_hz); LINES / 2],
            angle: 0.0,
            turn: [[[0.0; LINES / 2]; 2]; 2],
            tuning,
            sample_rate_hz,
            frame: 0,
            rows: Box::new([[0.0; LINES]; PIECE]),
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
            self.wanted = lengths(tuning.size, self.sample_rate_hz);
            let (low, high) = filters(&self.wanted, &tuning.decay, self.sample_rate_hz);
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
        // Starting phases by the golden ratio: no two alike, none in step.
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let rate_hz = self.tuning.modulation_rate_hz * PIECE as f64;
        self.oscillators = std::array::from_fn(|pair| {
            Quadrature::new(rate_hz, math::TAU * GOLDEN * pair as f64, self.sample_rate_hz)
        });
        self.angle = self.tuning.modulation * MAX_ANGLE;
        self.swing();
    }

    /// Takes rows to inject into the lines, and leaves what the lines give back after mixing: each column an equal and
    /// unrelated view of the sound field. Energy 1 injected is power 1 / [`total_frames`](Self::total_frames) in each
    /// column at first.
    pub fn process(&mut self, rows: &mut [[f64; LINES]]) {
        let mut start = 0;
        while start < rows.len() {
            let place = self.frame % PIECE;
            if place == 0 {
                self.begin_piece();
            }
            let frames = (PIECE - place).min(rows.len() - start);
            self.run(place, &mut rows[start..start + frames]);
            self.frame = self.frame.wrapping_add(frames);
            start += frames;
        }
    }

    fn begin_piece(&mut self) {
        self.low.step();
        self.high.step();
        self.fade = match self.fade {
            Some((to, done)) if done + 1 == FADE_PIECES => {
                self.lengths = to;
                None
            }
            Some((to, done)) => Some((to, done + 1)),
            None => None,
        };
        if self.fade.is_none() && self.lengths != self.wanted {
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

    fn run(&mut self, place: usize, io: &mut [[f64; LINES]]) {
        let frames = io.len();
        self.gather(place, frames);
        for (n, (row, io)) in self.rows.iter_mut().zip(io.iter_mut()).enumerate() {
            self.low.run(row);
            self.high.run(row);
            rotate(row, &self.turn, (place + n) as f64 / PIECE as f64);
            hadamard(row);
            for (w, io) in row.iter_mut().zip(io) {
                let injected = *io;
                *io = flush(*w);
                *w = flush(*w + injected);
            }
        }
        let mut run = [0.0; PIECE];
        for (line, ring) in self.rings.iter_mut().enumerate() {
            run.iter_mut().zip(self.rows.iter()).for_each(|(x, row)| *x = row[line]);
            ring.append(&run[..frames]);
        }
    }

    /// The ends of the lines, row by row.
    fn gather(&mut self, place: usize, frames: usize) {
        let mut run = [0.0; PIECE];
        let run = &mut run[..frames];
        for (line, ring) in self.rings.iter().enumerate() {
            ring.copy_back(self.lengths[line], run);
            if let Some((to, done)) = &self.fade {
                let mut other = [0.0; PIECE];
                ring.copy_back(to[line], &mut other[..frames]);
                for (n, (x, y)) in run.iter_mut().zip(other).enumerate() {
                    let share = (done * PIECE + place + n) as f64 / (FADE_PIECES * PIECE) as f64;
                    *x += (y - *x) * share;
                }
            }
            self.rows.iter_mut().zip(run.iter()).for_each(|(row, x)| row[line] = *x);
        }
    }
}

/// Both shelves of every line. The 1/4 that makes the Hadamard matrix orthogonal is in the first.
fn filters(
    lengths: &[usize; LINES],
    decay: &Decay,
    sample_rate_hz: f64,
) -> ([[f64; 5]; LINES], [[f64; 5]; LINES]) {
    let all = lengths.map(|length| LineFilter::design(length, decay, sample_rate_hz));
    let low = all.map(|filter| {
        let [b0, b1, b2, a1, a2] = filter.low;
        [0.25 * b0, 0.25 * b1, 0.25 * b2, a1, a2]
    });
    (low, all.map(|filter| filter.high))
}

/// Turns each line with the one eight further, part of the way from one rotation to the next.
#[inline(always)]
fn rotate(row: &mut [f64; LINES], turn: &[[[f64; LINES / 2]; 2]; 2], share: f64) {
    let [[cos0, sin0], [cos1, sin1]] = turn;
    let (left, right) = row.split_at_mut(LINES / 2);
    for pair in 0..LINES / 2 {
        let cos = cos0[pair] + (cos1[pair] - cos0[pair]) * share;
        let sin = sin0[pair] + (sin1[pair] - sin0[pair]) * share;
        let (a, b) = (left[pair], right[pair]);
        left[pair] = cos * a - sin * b;
        right[pair] = sin * a + cos * b;
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

/// Sums and differences in four stages: the Hadamard matrix of order 16, without its scale.
#[inline(always)]
fn hadamard(row: &mut [f64; LINES]) {
    for half in [8, 4, 2, 1] {
        for start in (0..LINES).step_by(2 * half) {
            for i in start..start + half {
                let (a, b) = (row[i], row[i + half]);
                row[i] = a + b;
                row[i + half] = a - b;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tuning(seconds: f64) -> Tuning {
        Tuning {
            size: 1.0,
            decay: Decay {
                low_seconds: seconds,
                mid_seconds: seconds,
                high_seconds: seconds,
                low_crossover_hz: 250.0,
                high_crossover_hz: 4000.0,
            },
            modulation: 0.5,
            modulation_rate_hz: 0.7,
        }
    }

    #[test]
    fn lengths_are_different_primes_at_every_rate_and_size() {
        for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
            for size in [0.2, 0.5, 1.0, MAX_SIZE] {
                let all = lengths(size, rate);
                assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
                assert!(all.iter().all(|length| is_prime(*length) && *length > PIECE));
            }
        }
    }

    #[test]
    fn the_mixing_is_orthogonal() {
        let mut row = std::array::from_fn(|i| libm::sin(i as f64 * 1.7 + 0.2));
        let before: f64 = row.iter().map(|x| x * x).sum();
        hadamard(&mut row);
        let after: f64 = row.iter().map(|x| x * x / 16.0).sum();
        assert!((after / before - 1.0).abs() < 1e-14);
        let angle = 0.4_f64;
        let turn = [[[libm::cos(angle); 8], [libm::sin(angle); 8]]; 2];
        rotate(&mut row, &turn, 0.3);
        let turned: f64 = row.iter().map(|x| x * x / 16.0).sum();
        assert!((turned / before - 1.0).abs() < 1e-14);
    }

    #[test]
    fn entrances_are_orthogonal_and_the_mixing_spreads_them_evenly() {
        for way in [entrance, exit] {
            for a in 0..LINES {
                for b in 0..LINES {
                    let dot: f64 = way(a).iter().zip(way(b)).map(|(x, y)| x * y).sum();
                    assert_eq!(dot, f64::from(u8::from(a == b)));
                }
                let mut row = way(a);
                hadamard(&mut row);
                assert!(row.iter().all(|x| x.abs() == 1.0), "{row:?}");
            }
        }
    }

    #[test]
    fn energy_decays_by_60_db_in_the_decay_time_with_modulation_running() {
        // White decay: the energy of all columns per second is known without any filter.
        for seconds in [0.5, 2.0] {
            let mut fdn = Fdn::new(tuning(seconds), 44_100.0);
            let mut energies = Vec::new();
            for piece in 0..(seconds * 44_100.0) as usize / PIECE {
                let mut rows = [[0.0; LINES]; PIECE];
                if piece == 0 {
                    rows[0] = [1.0; LINES];
                }
                fdn.process(&mut rows);
                energies.push(rows.iter().flatten().map(|x| x * x).sum::<f64>());
            }
            let mean = |from: f64, to: f64| {
                let at = |share: f64| (share * energies.len() as f64) as usize;
                energies[at(from)..at(to)].iter().sum::<f64>() / (at(to) - at(from)) as f64
            };
            let drop = math::power_to_db(mean(0.2, 0.3) / mean(0.8, 0.9));
            assert!((drop - 36.0).abs() < 0.7, "{seconds}: {drop}");
        }
    }

    #[test]
    fn a_dead_network_is_exactly_silent() {
        let mut fdn = Fdn::new(Tuning { size: 0.2, ..tuning(0.1) }, 44_100.0);
        let mut rows = [[1e-3; LINES]; PIECE];
        fdn.process(&mut rows);
        for _ in 0..44_100 * 2 / PIECE {
            rows = [[0.0; LINES]; PIECE];
            fdn.process(&mut rows);
        }
        assert!(rows.iter().flatten().all(|x| *x == 0.0));
    }

    #[test]
    fn cutting_rows_and_retuning_change_no_bit() {
        let go = |cuts: &[usize]| {
            let mut fdn = Fdn::new(tuning(1.0), 44_100.0);
            let noise = testkit::signals::noise(1.0, 1, 9000 * LINES);
            let mut rows: Vec<[f64; LINES]> =
                noise.chunks(LINES).map(|row| std::array::from_fn(|i| row[i])).collect();
            let (mut start, mut cut) = (0, 0);
            while start < 9000 {
                if start == 1000 {
                    fdn.retune(Tuning { size: 0.7, modulation: 1.0, ..tuning(2.0) });
                }
                let to = if start < 1000 { 1000 } else { 9000 };
                let frames = cuts[cut % cuts.len()].min(to - start);
                fdn.process(&mut rows[start..start + frames]);
                (start, cut) = (start + frames, cut + 1);
            }
            rows
        };
        assert!(go(&[9000]) == go(&[1, 63, 64, 65, 17, 500]));
    }
}
