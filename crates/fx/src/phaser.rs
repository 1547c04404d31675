//! Phaser.

use crate::delay::Note;
use crate::modulation::{Glides, LfoWave, Mover, SpeedTiming, side_of, turns_per_second};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{flush, sanitise};
use dsp::math;

/// Stages at most.
const STAGES: usize = 12;
/// Frames between two looks at the oscillator; in between the corner moves in a straight line.
const LOOK_FRAMES: usize = 16;

processor! {
    /// Phaser: a row of all-pass filters against the dry sound; their notches sweep.
    ///
    /// With `N` stages at one corner, a half-and-half mix has notches at `f · tan(π (2k+1) / 2N)`: one for two stages. The corner moves by
    /// `sweep` octaves to either side of the centre. Feedback sharpens the peaks between. About 30 ns per channel and frame with
    /// six stages.
    ///
    /// First-order all-passes by the bilinear transform, as in Smith, "Physical Audio Signal Processing", W3K 2010, chapter on phasing.
    pub struct Phaser = "phaser" {
        /// Number of all-pass filters, an even number.
        stages: Plain = 6.0 in 2.0..=12.0;
        /// Middle of the sweep.
        centre_hz: Hz = 800.0 in 50.0..=5000.0 log;
        /// How far it goes to either side, octaves.
        sweep_octaves: Plain = 1.5 in 0.0..=4.0;
        /// What sets the speed.
        timing: choice SpeedTiming = Free;
        /// Length of one turn, with `timing` tempo.
        note: choice Note = Whole;
        /// Turns per second, with `timing` free.
        rate_hz: Hz = 0.4 in 0.01..=10.0 log;
        /// Form of the movement (along the octaves).
        wave: choice LfoWave = Sine;
        /// How far the right side is ahead of the left, in parts of half a turn.
        spread_percent: Percent = 0.0 in 0.0..=100.0;
        /// Share of the filtered sound that goes in again; below zero turned over.
        feedback_percent: Percent = 20.0 in -90.0..=90.0;
        /// Share of the filtered sound in the output; half and half is deepest.
        mix_percent: Percent = 50.0 in 0.0..=100.0;
    }
}

impl Phaser {
    fn targets(&self) -> [f64; 5] {
        [
            math::log2(self.centre_hz),
            self.sweep_octaves,
            self.spread_percent / 200.0,
            self.feedback_percent / 100.0,
            self.mix_percent / 100.0,
        ]
    }

    /// 1 for stages that filter, 0 for those that pass.
    fn stages_on(&self) -> [f64; STAGES] {
        let stages = (2.0 * (0.5 * self.stages).round()).clamp(2.0, STAGES as f64);
        std::array::from_fn(|stage| f64::from(u8::from((stage as f64) < stages)))
    }

    fn rate(&self, format: &Format) -> f64 {
        turns_per_second(self.timing, self.note, self.rate_hz, format.tempo_bpm)
    }
}

/// One channel: the memory of every stage, what goes in again, and the corner on its way.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    memory: [f64; STAGES],
    last: f64,
    coefficient: f64,
    step: f64,
}

impl Row {
    #[inline]
    fn filter(&mut self, input: f64, on: &[f64; STAGES]) -> f64 {
        let mut x = input;
        for (memory, on) in self.memory.iter_mut().zip(on) {
            if *on == 0.0 {
                break;
            }
            // y = a x + s, s = x - a y: an all-pass of unit gain and 180 degrees at the top.
            let y = self.coefficient * x + *memory;
            *memory = flush(x - self.coefficient * y);
            // While a stage comes or goes, a blend.
            x += on * (y - x);
        }
        x
    }
}

/// Running state of [`Phaser`].
#[derive(Debug)]
pub struct PhaserKernel {
    format: Format,
    rows: Vec<Row>,
    mover: Mover,
    glides: Glides<5>,
    on: Glides<STAGES>,
    /// Frames to the next look; 0 at the very start.
    left: usize,
    started: bool,
}

impl Processor for Phaser {
    type Kernel = PhaserKernel;
    fn prepare(&self, format: Format) -> PhaserKernel {
        let rate = format.sample_rate_hz;
        PhaserKernel {
            format,
            rows: vec![Row::default(); format.channels],
            mover: Mover::new(self.rate(&format), self.wave, rate, format.seed)
                .following(self.timing, self.note),
            glides: Glides::new(self.targets(), rate),
            on: Glides::new(self.stages_on(), rate),
            left: 0,
            started: false,
        }
    }
}

/// Coefficient of an all-pass whose phase is a quarter turn at `hz`.
fn coefficient(hz: f64, sample_rate_hz: f64) -> f64 {
    let t = math::tan(math::PI * (hz / sample_rate_hz).clamp(1e-5, 0.49));
    (t - 1.0) / (t + 1.0)
}

impl PhaserKernel {
    /// Looks where the corners should be in [`LOOK_FRAMES`] frames.
    fn look(&mut self, centre: f64, sweep: f64, spread: f64) {
        for (index, row) in self.rows.iter_mut().enumerate() {
            let place = self.mover.at(spread * side_of(index), (index % 2) as u64);
            let wanted = coefficient(math::exp2(centre + sweep * place), self.format.sample_rate_hz);
            if self.started {
                row.step = (wanted - row.coefficient) / LOOK_FRAMES as f64;
            } else {
                (row.coefficient, row.step) = (wanted, 0.0);
            }
        }
        self.started = true;
        self.left = LOOK_FRAMES;
    }
}

impl Kernel for PhaserKernel {
    type Settings = Phaser;

    fn tail_frames(&self) -> usize {
        // The lowest corner with the most feedback rings half a second.
        (0.5 * self.format.sample_rate_hz) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            let [centre, sweep, spread, feedback, mix] = self.glides.next();
            let on = self.on.next();
            if self.left == 0 {
                self.look(centre, sweep, spread);
            }
            self.left -= 1;
            for (plane, row) in block.channels_mut().zip(&mut self.rows) {
                let dry = sanitise(plane[frame]);
                let wet = row.filter(dry + feedback * row.last, &on);
                row.last = flush(wet);
                row.coefficient += row.step;
                plane[frame] = dry + mix * (wet - dry);
            }
            self.mover.advance();
        }
    }

    fn retune(&mut self, settings: &Phaser) {
        self.mover.retune(settings.rate(&self.format), settings.wave);
        self.mover.follow(settings.timing, settings.note);
        self.glides.aim(settings.targets());
        self.on.aim(settings.stages_on());
    }

    fn follows_tempo(&self) -> bool {
        self.mover.follows()
    }

    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.format.tempo_bpm = tempo_bpm;
        self.mover.set_tempo(tempo_bpm);
    }

    fn reset(&mut self) {
        self.rows.fill(Row::default());
        self.mover.reset();
        self.glides.land();
        self.on.land();
        (self.left, self.started) = (0, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::measure::{response_db, to_db};
    use testkit::signals::{impulse, noise};

    const RATE: f64 = 48_000.0;

    fn play(settings: &Phaser, planes: &[Vec<f64>]) -> Buffer {
        let format =
            Format { sample_rate_hz: RATE, channels: planes.len(), tempo_bpm: 120.0, ..Format::default() };
        let mut buffer = Buffer::from_planes(planes);
        settings.prepare(format).process(&mut buffer.block());
        buffer
    }

    fn still() -> Phaser {
        Phaser { sweep_octaves: 0.0, feedback_percent: 0.0, ..Phaser::default() }
    }

    #[test]
    fn notches_lie_where_the_phase_is_half_a_turn() {
        for (stages, centre_hz) in [(2.0, 1000.0), (4.0, 700.0), (6.0, 1500.0), (12.0, 300.0)] {
            let settings = Phaser { stages, centre_hz, ..still() };
            let out = play(&settings, &[impulse(1.0, 0, 48_000)]);
            let half = (stages / 2.0) as usize;
            for k in 0..half {
                // N stages turn N · 2 atan(f/fc); the bilinear transform bends f as its tangent.
                let ratio = math::tan(math::PI * (2 * k + 1) as f64 / (2.0 * stages));
                let warped = ratio * math::tan(math::PI * centre_hz / RATE);
                let hz = RATE / math::PI * math::atan(warped);
                assert!(response_db(out.channel(0), hz, RATE) < -45.0, "{stages} {hz}");
            }
            // In phase at the bottom.
            assert!(response_db(out.channel(0), 1.0, RATE).abs() < 0.02);
        }
    }

    #[test]
    fn the_filtered_sound_alone_is_flat_and_feedback_makes_peaks() {
        let settings = Phaser { mix_percent: 100.0, ..still() };
        let out = play(&settings, &[impulse(1.0, 0, 48_000)]);
        for hz in [50.0, 800.0, 7000.0, 20_000.0] {
            assert!(response_db(out.channel(0), hz, RATE).abs() < 1e-3, "{hz}");
        }
        // At the bottom the row passes upright: with feedback g the gain is 1 / (1 - g).
        let fed = Phaser { mix_percent: 100.0, feedback_percent: 50.0, ..still() };
        let out = play(&fed, &[impulse(1.0, 0, 96_000)]);
        assert!((response_db(out.channel(0), 2.0, RATE) - to_db(2.0)).abs() < 0.05);
    }

    #[test]
    fn the_notch_sweeps_by_its_octaves_and_the_sides_apart() {
        // One turn a second: highest after a quarter; two stages: one notch at the corner itself.
        let settings = Phaser {
            stages: 2.0,
            centre_hz: 1000.0,
            sweep_octaves: 1.0,
            rate_hz: 1.0,
            spread_percent: 100.0,
            feedback_percent: 0.0,
            ..Phaser::default()
        };
        let tone = |hz: f64| testkit::signals::sine(hz, 0.5, 0.0, 1.0, RATE);
        let level = |hz: f64, channel: usize, at: f64| {
            let out = play(&settings, &[tone(hz), tone(hz)]);
            let from = (at * RATE) as usize;
            testkit::measure::rms(&out.channel(channel)[from - 120..from + 120])
        };
        for (hz, channel, at) in [(2000.0, 0, 0.25), (500.0, 0, 0.75), (500.0, 1, 0.25), (2000.0, 1, 0.75)] {
            assert!(level(hz, channel, at) < 0.01, "{hz} {channel}: {}", level(hz, channel, at));
        }
        assert!(level(2000.0, 0, 0.75) > 0.2);
    }

    #[test]
    fn no_mix_is_the_input_to_the_bit() {
        let input = noise(0.5, 1, 10_000);
        let out = play(&Phaser { mix_percent: 0.0, ..Phaser::default() }, &[input.clone(), input.clone()]);
        assert!(out.channel(0) == input && out.channel(1) == input);
    }
}
