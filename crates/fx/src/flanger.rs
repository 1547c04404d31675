//! Flanger.

use crate::delay::Note;
use crate::modulation::{Glides, LfoWave, Mover, SpeedTiming, ms, side_of, turns_per_second};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{DelayLine, flush, sanitise};
use dsp::lfo::Reader;

/// Longest delay and depth together, ms.
const LONGEST_MS: f64 = 21.0;
/// How far the dry sound waits for the wet one to overtake it, ms (two tape machines on one thumb).
const THROUGH_MS: f64 = 10.0;
/// Frames the dry sound waits always, so that the delay can go down to nothing through the taps of the reader.
const WAIT_FRAMES: usize = 8;

processor! {
    /// Flanger: the sound against itself a few milliseconds late, the delay swaying: a comb that sweeps.
    ///
    /// Notches lie at odd multiples of `1 / (2 · delay)`, at even ones with `invert`. With `through_zero` the dry sound waits 10 ms, so
    /// that the other can overtake it as with two tape machines; that latency is made up for by the engine and fixed when the song
    /// starts. Delays are read through 16 taps: no dulling of the top. About 40 ns per channel and frame.
    pub struct Flanger = "flanger" {
        /// Middle of the delay.
        delay_ms: Ms = 2.0 in 0.0..=10.0;
        /// How far it sways to either side (down to no delay at most, without `through_zero`).
        depth_ms: Ms = 1.5 in 0.0..=10.0;
        /// What sets the speed.
        timing: choice SpeedTiming = Free;
        /// Length of one turn, with `timing` tempo.
        note: choice Note = Whole;
        /// Turns per second, with `timing` free.
        rate_hz: Hz = 0.25 in 0.01..=10.0 log;
        /// Form of the movement.
        wave: choice LfoWave = Triangle;
        /// How far the right side is ahead of the left, in parts of half a turn.
        spread_percent: Percent = 0.0 in 0.0..=100.0;
        /// Share of the late sound that goes in again; below zero turned over.
        feedback_percent: Percent = 30.0 in -95.0..=95.0;
        /// Turns the late sound over: notches become peaks.
        invert: switch = false;
        /// Lets the late sound overtake the dry one. Read when the song starts.
        through_zero: switch = false;
        /// Share of the late sound in the output; half and half is deepest.
        mix_percent: Percent = 50.0 in 0.0..=100.0;
    }
}

impl Flanger {
    fn targets(&self, format: &Format) -> [f64; 6] {
        let rate = format.sample_rate_hz;
        [
            ms(self.delay_ms, rate),
            ms(self.depth_ms, rate),
            self.spread_percent / 200.0,
            self.feedback_percent / 100.0,
            if self.invert { -1.0 } else { 1.0 },
            self.mix_percent / 100.0,
        ]
    }

    fn rate(&self, format: &Format) -> f64 {
        turns_per_second(self.timing, self.note, self.rate_hz, format.tempo_bpm)
    }
}

/// The lines of one channel: what goes round, and the dry sound that waits.
#[derive(Debug, Clone)]
struct Pair {
    wet: DelayLine,
    dry: DelayLine,
}

/// Running state of [`Flanger`].
#[derive(Debug)]
pub struct FlangerKernel {
    format: Format,
    reader: Reader,
    lines: Vec<Pair>,
    mover: Mover,
    glides: Glides<6>,
    /// Frames the dry sound waits: the latency.
    wait: usize,
}

impl Processor for Flanger {
    type Kernel = FlangerKernel;
    fn prepare(&self, format: Format) -> FlangerKernel {
        let rate = format.sample_rate_hz;
        let through = if self.through_zero { ms(THROUGH_MS, rate).round() as usize } else { 0 };
        let wait = WAIT_FRAMES + through;
        let room = ms(LONGEST_MS, rate) as usize + wait + Reader::BEYOND_FRAMES + 8;
        let pair = Pair { wet: DelayLine::new(room), dry: DelayLine::new(wait + 8) };
        FlangerKernel {
            format,
            reader: Reader::new(),
            lines: vec![pair; format.channels],
            mover: Mover::new(self.rate(&format), self.wave, rate, format.seed)
                .following(self.timing, self.note),
            glides: Glides::new(self.targets(&format), rate),
            wait,
        }
    }
}

impl Kernel for FlangerKernel {
    type Settings = Flanger;

    fn latency_frames(&self) -> usize {
        self.wait
    }

    fn tail_frames(&self) -> usize {
        // With the most feedback, 135 rounds fall by 60 dB.
        (135.0 * ms(LONGEST_MS, self.format.sample_rate_hz)) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let wait = self.wait as f64;
        for frame in 0..block.frames() {
            let [delay, depth, spread, feedback, sign, mix] = self.glides.next();
            for (index, (plane, lines)) in block.channels_mut().zip(&mut self.lines).enumerate() {
                let sway = depth * self.mover.at(spread * side_of(index), (index % 2) as u64);
                let behind = delay + sway;
                let input = sanitise(plane[frame]);
                // What goes round needs no waiting, but a way of two frames; the newest sample in a line is one old.
                let again = lines.wet.read_cubic(behind.max(2.0) - 1.0);
                lines.wet.push(flush(input + feedback * again));
                lines.dry.push(input);
                // Now the newest is of this frame.
                let late = self.reader.read(&lines.wet, (wait + behind).max(Reader::LEAST_FRAMES));
                let dry = lines.dry.read(self.wait);
                plane[frame] = dry + mix * (sign * late - dry);
            }
            self.mover.advance();
        }
    }

    fn retune(&mut self, settings: &Flanger) {
        self.mover.retune(settings.rate(&self.format), settings.wave);
        self.mover.follow(settings.timing, settings.note);
        self.glides.aim(settings.targets(&self.format));
    }

    fn follows_tempo(&self) -> bool {
        self.mover.follows()
    }

    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.format.tempo_bpm = tempo_bpm;
        self.mover.set_tempo(tempo_bpm);
    }

    fn reset(&mut self) {
        for lines in &mut self.lines {
            lines.wet.reset();
            lines.dry.reset();
        }
        self.mover.reset();
        self.glides.land();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::measure::{null_db, response_db, to_db};
    use testkit::signals::{impulse, noise, sine};

    const RATE: f64 = 48_000.0;

    fn play(settings: &Flanger, plane: &[f64]) -> (Buffer, usize) {
        let format = Format { sample_rate_hz: RATE, channels: 2, tempo_bpm: 120.0, ..Format::default() };
        let mut buffer = Buffer::from_planes(&[plane.to_vec(), plane.to_vec()]);
        let mut kernel = settings.prepare(format);
        kernel.process(&mut buffer.block());
        (buffer, kernel.latency_frames())
    }

    fn still() -> Flanger {
        Flanger { depth_ms: 0.0, feedback_percent: 0.0, ..Flanger::default() }
    }

    #[test]
    fn notches_lie_at_odd_multiples_of_half_the_inverse_delay() {
        let (out, _) = play(&still(), &impulse(1.0, 0, 9600));
        // 2 ms: notches at 250, 750 Hz, peaks at 500, 1000.
        for hz in [250.0, 750.0, 5250.0] {
            assert!(response_db(out.channel(0), hz, RATE) < -60.0, "{hz}");
            assert!(response_db(out.channel(0), hz + 250.0, RATE).abs() < 0.02, "{hz}");
        }
        let (out, _) = play(&Flanger { invert: true, ..still() }, &impulse(1.0, 0, 9600));
        assert!(response_db(out.channel(0), 500.0, RATE) < -60.0);
        assert!(response_db(out.channel(0), 250.0, RATE).abs() < 0.02);
    }

    #[test]
    fn spread_puts_the_right_side_ahead_in_the_turn() {
        // Half a turn ahead of a triangle that starts in the middle both sides meet; a quarter ahead the right is at its top.
        let settings =
            Flanger { delay_ms: 2.0, depth_ms: 1.0, rate_hz: 0.01, spread_percent: 50.0, ..still() };
        let (out, _) = play(&settings, &impulse(1.0, 0, 9600));
        // Left 2 ms: notch at 250 Hz. Right 3 ms: notch at 166.7 Hz.
        assert!(response_db(out.channel(0), 250.0, RATE) < -40.0);
        assert!(response_db(out.channel(1), 500.0 / 3.0, RATE) < -40.0);
        assert!(response_db(out.channel(1), 250.0, RATE) > -10.0);
    }

    #[test]
    fn feedback_makes_peaks_of_its_geometric_sum() {
        // Wet alone with feedback g: 1 / (1 - g) on the peaks, 1 / (1 + g) between. Low down, where the cubic is exact.
        let settings = Flanger { delay_ms: 10.0, feedback_percent: 60.0, mix_percent: 100.0, ..still() };
        let (out, _) = play(&settings, &impulse(1.0, 0, 48_000));
        assert!((response_db(out.channel(0), 100.0, RATE) - to_db(2.5)).abs() < 0.02);
        assert!((response_db(out.channel(0), 150.0, RATE) - to_db(0.625)).abs() < 0.02);
    }

    #[test]
    fn every_round_takes_the_delay_to_the_frame() {
        let settings = Flanger { delay_ms: 10.0, feedback_percent: 60.0, mix_percent: 100.0, ..still() };
        let (out, latency) = play(&settings, &impulse(1.0, 0, 4800));
        for (round, wanted) in [1.0, 0.6, 0.36, 0.216].into_iter().enumerate() {
            let found = out.channel(0)[latency + 480 * (round + 1)];
            assert!((found - wanted).abs() < 1e-9, "{round}: {found}");
        }
    }

    #[test]
    fn through_zero_passes_the_moment_of_no_delay() {
        // Half and half at equal time is the sound itself; with the late one turned over it is silence for that moment.
        let settings = Flanger {
            through_zero: true,
            delay_ms: 0.0,
            depth_ms: 5.0,
            rate_hz: 1.0,
            wave: LfoWave::Sine,
            invert: true,
            ..still()
        };
        let (out, latency) = play(&settings, &sine(1000.0, 0.5, 0.0, 1.5, RATE));
        assert_eq!(latency, 488);
        let level = |at: usize| testkit::measure::peak(&out.channel(0)[at - 2..at + 2]);
        assert!(level(24_000) < 0.01 && level(48_000) < 0.01, "{} {}", level(24_000), level(48_000));
        // A quarter turn later it is 5 ms behind: five whole periods, silence again; at 30 degrees 2.5 ms: doubled.
        let crest = testkit::measure::peak(&out.channel(0)[51_950..52_050]);
        assert!((crest - 0.5).abs() < 0.02, "{crest}");
    }

    #[test]
    fn no_mix_is_the_input_after_its_latency() {
        let input = noise(0.5, 1, 10_000);
        let (out, latency) = play(&Flanger { mix_percent: 0.0, ..Flanger::default() }, &input);
        assert_eq!(latency, WAIT_FRAMES);
        assert_eq!(null_db(&out.channel(1)[latency..], &input[..10_000 - latency]), f64::NEG_INFINITY);
    }
}
