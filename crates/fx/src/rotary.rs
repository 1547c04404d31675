//! Rotary loudspeaker.

use crate::Choice;
use crate::modulation::{GLIDE_MS, Glides, ms};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{DelayLine, OnePole, TwoPole, TwoPoleTuning, flush, sanitise};
use dsp::lfo::{Reader, sine_of_turns};
use dsp::math;
use dsp::smooth::Glide;

choice! {
    /// How fast the rotors turn.
    pub enum RotarySpeed {
        /// They stand still.
        Stop = "stop",
        /// Chorale.
        Slow = "slow",
        /// Tremolo.
        Fast = "fast",
    }
}

/// Speed of sound in air at 20 °C, metres per second.
const SOUND_METRES_PER_SECOND: f64 = 343.2;
/// Radius of the mouth of the horn, metres.
///
/// Source: Henricksen, "Unearthing the mysteries of the Leslie cabinet", Recording Engineer/Producer, 1981.
const HORN_METRES: f64 = 0.19;
/// Radius at which the drum's scoop radiates, metres; by our own convention, the drum itself has some 20 cm.
const DRUM_METRES: f64 = 0.10;
/// Turns per second, slow and fast (40 and 340 to 400 turns a minute): Henricksen 1981.
const HORN_TURNS: [f64; 3] = [0.0, 0.8, 6.7];
const DRUM_TURNS: [f64; 3] = [0.0, 0.67, 5.8];
/// Time constants of getting faster and slower, seconds. By our own convention: the horn is there within two seconds, the
/// heavy drum takes about six.
const HORN_SECONDS: [f64; 2] = [0.6, 0.9];
const DRUM_SECONDS: [f64; 2] = [2.0, 1.6];
/// How much louder the mouth is in front than from behind, as a share of the mean; by our own convention.
const HORN_BEAM: f64 = 0.45;
const DRUM_BEAM: f64 = 0.25;
/// Corner of the horn's sound when it looks away, Hz; by our own convention.
const AWAY_HZ: f64 = 2500.0;

processor! {
    /// Rotary loudspeaker: a horn for the highs and a drum for the lows turn, each at its own pace, before two microphones.
    ///
    /// Turning brings the mouth nearer and takes it away: pitch moves by the law of Doppler, level and brightness with the direction it
    /// looks in. A change of speed takes its time, the drum longer than the horn. The cabinet hears the sum of both sides; the
    /// microphones become left and right (one of them in a mono block). Channels beyond two pass. About 120 ns per frame.
    ///
    /// After Smith, Serafin, Abel and Berners, "Doppler simulation and the Leslie", DAFx-02.
    pub struct Rotary = "rotary" {
        /// How fast the rotors turn.
        speed: choice RotarySpeed = Slow;
        /// Time to change speed, in that of the original.
        inertia_percent: Percent = 100.0 in 0.0..=300.0;
        /// Where lows and highs part.
        crossover_hz: Hz = 800.0 in 200.0..=2000.0 log;
        /// Level of the horn; the lowest is off.
        horn_db: Db = 0.0 in -60.0..=6.0;
        /// Level of the drum; the lowest is off.
        drum_db: Db = 0.0 in -60.0..=6.0;
        /// Angle between the microphones.
        mic_degrees: Plain = 120.0 in 0.0..=180.0;
        /// How strong pitch and level move, in that of the original.
        depth_percent: Percent = 100.0 in 0.0..=150.0;
        /// Share of the cabinet in the output.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
    }
}

fn level(db: f64) -> f64 {
    if db <= -60.0 { 0.0 } else { math::db_to_gain(db) }
}

impl Rotary {
    fn targets(&self) -> [f64; 5] {
        [
            level(self.horn_db),
            level(self.drum_db),
            self.mic_degrees / 720.0,
            self.depth_percent / 100.0,
            self.mix_percent / 100.0,
        ]
    }
}

/// A rotor: where it looks, in turns, and how fast it goes.
#[derive(Debug, Clone, Copy)]
struct Rotor {
    turns: f64,
    step: f64,
    wanted: f64,
    keep: [f64; 2],
}

impl Rotor {
    fn new(turns_per_second: f64, sample_rate_hz: f64) -> Self {
        let step = turns_per_second / sample_rate_hz;
        Self { turns: 0.0, step, wanted: step, keep: [0.0; 2] }
    }

    fn aim(&mut self, turns_per_second: f64, seconds: [f64; 2], inertia: f64, sample_rate_hz: f64) {
        self.wanted = turns_per_second / sample_rate_hz;
        self.keep = seconds.map(|seconds| {
            let frames = seconds * inertia * sample_rate_hz;
            if frames < 1.0 { 0.0 } else { math::exp(-1.0 / frames) }
        });
    }

    #[inline]
    fn advance(&mut self) {
        let keep = self.keep[usize::from(self.wanted < self.step)];
        let distance = self.step - self.wanted;
        // A billionth of the fast speed is no movement any more.
        self.step = if distance.abs() < 1e-13 { self.wanted } else { self.wanted + distance * keep };
        self.turns += self.step;
        if self.turns >= 1.0 {
            self.turns -= 1.0;
        }
    }
}

/// Running state of [`Rotary`].
#[derive(Debug)]
pub struct RotaryKernel {
    settings: Rotary,
    format: Format,
    reader: Reader,
    split: Split,
    horn: DelayLine,
    drum: DelayLine,
    dry: Vec<DelayLine>,
    rotors: [Rotor; 2],
    away: [OnePole; 2],
    away_coefficient: f64,
    corner: Glide,
    glides: Glides<5>,
}

/// Lows and highs with equal phase: each twice through a Butterworth filter (Linkwitz and Riley, JAES 24(1), 1976).
#[derive(Debug, Clone, Default)]
struct Split {
    first: TwoPole,
    low: TwoPole,
    high: TwoPole,
}

impl Split {
    #[inline]
    fn next(&mut self, x: f64, tuning: TwoPoleTuning) -> (f64, f64) {
        let (low, high) = self.first.next(x, tuning);
        (self.low.next(low, tuning).0, self.high.next(high, tuning).1)
    }

    fn reset(&mut self) {
        *self = Self::default();
    }
}

/// Frames at which the mouth of a rotor is as far as its axle: room for the radius and the taps of the reader.
fn middle_frames(sample_rate_hz: f64) -> f64 {
    (1.5 * HORN_METRES / SOUND_METRES_PER_SECOND * sample_rate_hz).ceil() + Reader::LEAST_FRAMES
}

impl Processor for Rotary {
    type Kernel = RotaryKernel;
    fn prepare(&self, format: Format) -> RotaryKernel {
        let rate = format.sample_rate_hz;
        let speed = self.speed.index();
        let room = 2 * middle_frames(rate) as usize + Reader::BEYOND_FRAMES + 8;
        let rotors = [HORN_TURNS[speed], DRUM_TURNS[speed]].map(|turns| Rotor::new(turns, rate));
        RotaryKernel {
            settings: self.clone(),
            format,
            reader: Reader::new(),
            split: Split::default(),
            horn: DelayLine::new(room),
            drum: DelayLine::new(room),
            dry: vec![DelayLine::new(room); format.channels],
            rotors,
            away: [OnePole::default(); 2],
            away_coefficient: OnePole::coefficient(AWAY_HZ, rate),
            corner: Glide::new(TwoPoleTuning::warp(self.crossover_hz, rate), GLIDE_MS, rate),
            glides: Glides::new(self.targets(), rate),
        }
    }
}

impl RotaryKernel {
    /// What a microphone `place` turns off the axis hears of a rotor.
    #[inline]
    fn hear(&mut self, rotor: usize, mic: usize, place: f64, depth: f64) -> f64 {
        let rate = self.format.sample_rate_hz;
        let (line, metres, beam) = match rotor {
            0 => (&self.horn, HORN_METRES, HORN_BEAM),
            _ => (&self.drum, DRUM_METRES, DRUM_BEAM),
        };
        // 1 when it looks at the microphone.
        let towards = sine_of_turns(self.rotors[rotor].turns + 0.25 + place);
        let nearer = depth * metres / SOUND_METRES_PER_SECOND * rate * towards;
        let heard = self.reader.read(line, middle_frames(rate) - nearer);
        let level = 1.0 + (depth * beam).min(0.9) * towards;
        if rotor == 1 {
            return level * heard;
        }
        // Away from the microphone the horn is dull.
        let dull = (0.5 - 0.5 * towards) * depth.min(1.0);
        let low = self.away[mic].low(heard, self.away_coefficient);
        level * (heard + dull * (low - heard))
    }
}

impl Kernel for RotaryKernel {
    type Settings = Rotary;

    fn latency_frames(&self) -> usize {
        // That of the axle: sound from there comes when the dry sound comes.
        middle_frames(self.format.sample_rate_hz) as usize
    }

    fn tail_frames(&self) -> usize {
        ms(20.0, self.format.sample_rate_hz) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let heard = block.channels().min(2);
        let share = 1.0 / heard.max(1) as f64;
        let wait = self.latency_frames();
        for frame in 0..block.frames() {
            let [horn_level, drum_level, place, depth, mix] = self.glides.next();
            let tuning = TwoPoleTuning::new(self.corner.next_value());
            let mut sum = 0.0;
            for (index, (plane, dry)) in block.channels_mut().zip(&mut self.dry).enumerate() {
                let x = sanitise(plane[frame]);
                dry.push(x);
                plane[frame] = dry.read(wait);
                if index < 2 {
                    sum += share * x;
                }
            }
            let (low, high) = self.split.next(sum, tuning);
            self.drum.push(flush(low));
            self.horn.push(flush(high));
            for (mic, side) in [place, -place].into_iter().enumerate().take(heard) {
                let wet =
                    horn_level * self.hear(0, mic, side, depth) + drum_level * self.hear(1, mic, side, depth);
                let plane = block.channel_mut(mic);
                plane[frame] += mix * (wet - plane[frame]);
            }
            self.rotors.iter_mut().for_each(Rotor::advance);
        }
    }

    fn retune(&mut self, settings: &Rotary) {
        let (rate, speed) = (self.format.sample_rate_hz, settings.speed.index());
        let inertia = settings.inertia_percent / 100.0;
        self.rotors[0].aim(HORN_TURNS[speed], HORN_SECONDS, inertia, rate);
        self.rotors[1].aim(DRUM_TURNS[speed], DRUM_SECONDS, inertia, rate);
        self.corner.set_target(TwoPoleTuning::warp(settings.crossover_hz, rate));
        self.glides.aim(settings.targets());
        self.settings = settings.clone();
    }

    fn reset(&mut self) {
        let (rate, speed) = (self.format.sample_rate_hz, self.settings.speed.index());
        self.rotors = [HORN_TURNS[speed], DRUM_TURNS[speed]].map(|turns| Rotor::new(turns, rate));
        self.split.reset();
        self.horn.reset();
        self.drum.reset();
        self.dry.iter_mut().for_each(DelayLine::reset);
        self.away = [OnePole::default(); 2];
        self.corner.snap(self.corner.target());
        self.glides.land();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::modulation::tests::frequencies;
    use dsp::block::Buffer;
    use testkit::measure::{response_db, rms, to_db};
    use testkit::signals::{impulse, noise, sine};

    const RATE: f64 = 48_000.0;

    fn play(settings: &Rotary, planes: &[Vec<f64>]) -> (Buffer, usize) {
        let format = Format { sample_rate_hz: RATE, channels: planes.len(), ..Format::default() };
        let mut buffer = Buffer::from_planes(planes);
        let mut kernel = settings.prepare(format);
        kernel.process(&mut buffer.block());
        (buffer, kernel.latency_frames())
    }

    #[test]
    fn the_pitch_moves_by_the_law_of_doppler_at_the_pace_of_the_rotor() {
        // The delay is r/c · cos φ: with 0.19 m at 6.7 turns a second off by 2π · 6.7 · 0.19 / 343.2 = 2.331 % at most (the
        // filter of the far side adds a little), with 0.10 m at 5.8 turns by 1.062 %.
        let fast = Rotary { speed: RotarySpeed::Fast, ..Rotary::default() };
        for (settings, tone_hz, off, near, wanted) in [
            (Rotary { drum_db: -60.0, ..fast.clone() }, 3000.0, 0.023_31, 0.0015, 12..=13),
            (Rotary { horn_db: -60.0, ..fast }, 200.0, 0.010_62, 0.0001, 10..=11),
        ] {
            let (out, _) = play(&settings, &[sine(tone_hz, 0.5, 0.0, 2.0, RATE)]);
            let hz = frequencies(&out.channel(0)[4800..], RATE);
            let (low, high) = hz.iter().fold((f64::MAX, 0.0_f64), |(l, h), (_, x)| (l.min(*x), h.max(*x)));
            assert!((high / tone_hz - 1.0 - off).abs() < near, "{high}");
            assert!((low / tone_hz - 1.0 + off).abs() < near, "{low}");
            // Turns: crossings of the middle from below.
            let turns = hz.windows(2).filter(|w| w[0].1 < tone_hz && w[1].1 >= tone_hz).count();
            assert!(wanted.contains(&turns), "{turns} in 1.9 s");
        }
    }

    #[test]
    fn the_level_follows_the_direction_and_the_two_sides_see_it_apart() {
        let settings =
            Rotary { speed: RotarySpeed::Slow, horn_db: -60.0, mic_degrees: 180.0, ..Rotary::default() };
        let tone = sine(100.0, 0.5, 0.0, 3.2, RATE);
        let (out, _) = play(&settings, &[tone.clone(), tone]);
        let level = |channel: usize, from: usize| rms(&out.channel(channel)[from..from + 960]) / 0.353_553;
        let of = |channel: usize| -> Vec<f64> { (10..150).map(|n| level(channel, n * 960)).collect() };
        for side in [of(0), of(1)] {
            let (low, high) = side.iter().fold((f64::MAX, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
            assert!((high - 1.25).abs() < 0.02 && (low - 0.75).abs() < 0.02, "{low} {high}");
        }
        // Half a turn apart: where one is loud the other is soft.
        assert!(of(0).iter().zip(of(1)).all(|(l, r)| (l + r - 2.0).abs() < 0.03));
    }

    #[test]
    fn a_change_of_speed_takes_its_time() {
        let mut rotor = Rotor::new(0.8, RATE);
        rotor.aim(6.7, HORN_SECONDS, 1.0, RATE);
        (0..28_800).for_each(|_| rotor.advance());
        // One time constant of 0.6 s: 63.2 % of the way.
        assert!((rotor.step * RATE - (0.8 + 5.9 * 0.632_12)).abs() < 1e-3);
        rotor.aim(0.8, HORN_SECONDS, 0.0, RATE);
        rotor.advance();
        assert_eq!(rotor.step * RATE, 0.8);
    }

    #[test]
    fn the_drum_is_loud_and_its_pitch_falls_as_it_turns_away() {
        // At the start it looks at a microphone in the middle. r/c · cos φ nearer, it is 1 + 0.25 cos φ loud and off by
        // -2π · 5.8 · 0.1 / 343.2 · sin φ. The speed is given while it plays, without inertia.
        let first =
            Rotary { speed: RotarySpeed::Stop, horn_db: -60.0, mic_degrees: 0.0, ..Rotary::default() };
        let mut kernel = first.prepare(Format { sample_rate_hz: RATE, channels: 2, ..Format::default() });
        kernel.retune(&Rotary { speed: RotarySpeed::Fast, inertia_percent: 0.0, ..first });
        let tone = sine(200.0, 0.5, 0.0, 1.0, RATE);
        let mut out = Buffer::from_planes(&[tone.clone(), tone]);
        kernel.process(&mut out.block());
        let angle = |frame: f64| math::TAU * 5.8 * frame / RATE;
        for (frame, hz) in frequencies(&out.channel(0)[4800..], RATE) {
            // The mean of a period, which lies half of one back.
            let wanted = 200.0 * (1.0 - 0.010_618 * math::sin(angle(frame + 4800.0 - 120.0)));
            assert!((hz - wanted).abs() < 0.1, "{frame}: {hz} {wanted}");
        }
        for at in (4800..43_000).step_by(960) {
            let level = rms(&out.channel(0)[at..at + 240]) / 0.353_553;
            let wanted = 1.0 + 0.25 * math::cos(angle(at as f64 + 120.0));
            assert!((level - wanted).abs() < 0.02, "{at}: {level} {wanted}");
        }
    }

    #[test]
    fn the_horn_is_loud_and_bright_towards_the_microphone() {
        // 2500 Hz lie 3.01 dB down in what leaves it to the far side: 1 + 0.45 before, (1 - 0.45) · 0.7071 behind.
        let settings =
            Rotary { crossover_hz: 200.0, drum_db: -60.0, mic_degrees: 180.0, ..Rotary::default() };
        let tone = sine(2500.0, 0.5, 0.0, 2.6, RATE);
        let (out, latency) = play(&settings, &[tone.clone(), tone]);
        // Turns of 1.25 s; the microphones stand a quarter turn to either side.
        for (channel, towards, away) in [(0, 0.75, 1.25), (1, 1.25, 0.75)] {
            let level = |turn: f64| {
                let at = (turn * 60_000.0) as usize + latency;
                rms(&out.channel(channel)[at - 480..at + 480]) / 0.353_553
            };
            assert!((level(towards) - 1.45).abs() < 0.01, "{channel}: {}", level(towards));
            assert!((level(away) - 0.388_9).abs() < 0.01, "{channel}: {}", level(away));
        }
    }

    #[test]
    fn every_rotor_has_its_own_speed_and_inertia() {
        let slow = Rotary::default();
        let mut kernel = slow.prepare(Format { sample_rate_hz: RATE, channels: 1, ..Format::default() });
        let mut go = |speed, frames| {
            kernel.retune(&Rotary { speed, ..slow.clone() });
            kernel.process(&mut Buffer::new(1, frames).block());
            [kernel.rotors[0].step * RATE, kernel.rotors[1].step * RATE]
        };
        // 63.2 % of the way: horn in 0.6 s up and 0.9 s down, drum in 2 s and 1.6 s.
        let rest = |seconds: f64, constant: f64| math::exp(-seconds / constant);
        let [horn, drum] = go(RotarySpeed::Fast, 28_800);
        assert!((horn - (6.7 - 5.9 * rest(0.6, 0.6))).abs() < 1e-3, "{horn}");
        assert!((drum - (5.8 - 5.13 * rest(0.6, 2.0))).abs() < 1e-3, "{drum}");
        let down = go(RotarySpeed::Stop, 43_200);
        assert!((down[0] - horn * rest(0.9, 0.9)).abs() < 1e-3, "{down:?}");
        assert!((down[1] - drum * rest(0.9, 1.6)).abs() < 1e-3, "{down:?}");
    }

    #[test]
    fn standing_rotors_without_depth_leave_an_all_pass() {
        let settings = Rotary { speed: RotarySpeed::Stop, depth_percent: 0.0, ..Rotary::default() };
        let (out, latency) = play(&settings, &[impulse(1.0, 0, 9600)]);
        for hz in [30.0, 800.0, 5000.0, 15_000.0] {
            assert!(response_db(out.channel(0), hz, RATE).abs() < 0.02, "{hz}");
        }
        let high = Rotary { drum_db: -60.0, ..settings };
        let (out, _) = play(&high, &[impulse(1.0, 0, 9600)]);
        // Fourth order: 6 dB at the crossover, 24 dB an octave below (20 lg of 1/17 by hand).
        assert!((response_db(out.channel(0), 800.0, RATE) + 6.02).abs() < 0.05);
        assert!((response_db(out.channel(0), 400.0, RATE) - to_db(1.0 / 17.0)).abs() < 0.1);
        assert_eq!(latency, 47);
    }

    #[test]
    fn no_mix_is_the_input_after_its_latency() {
        let input = noise(0.5, 1, 10_000);
        let (out, latency) =
            play(&Rotary { mix_percent: 0.0, ..Rotary::default() }, &[input.clone(), input.clone()]);
        assert!(out.channel(1)[latency..] == input[..10_000 - latency]);
    }
}
