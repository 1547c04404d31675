//! Harmoniser.

use crate::pitch::Shifter;
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::DelayLine;
use dsp::math::{FRAC_PI_4, SQRT_2, cos, db_to_gain, sane, sin};
use dsp::pitch_shift::FormantSettings;
use dsp::smooth::Glide;
use dsp::stretch::frame_frames;

fields! {
    /// One added voice.
    pub struct HarmonyVoice {
        /// In use.
        on: switch = false;
        /// Interval in semitones.
        semitones: Plain = 0.0 in -24.0..=24.0;
        /// Detune, in hundredths of a semitone.
        cents: Plain = 0.0 in -100.0..=100.0;
        /// Level; the lowest is silence.
        gain_db: Db = -6.0 in -60.0..=12.0;
        /// Place from -1 (left) to 1 (right), of equal power, 0 dB in the middle.
        pan: Plain = 0.0 in -1.0..=1.0;
        /// How much later than the source.
        delay_ms: Ms = 0.0 in 0.0..=200.0;
    }
}

processor! {
    /// Up to four voices at fixed intervals beside the source, with formants kept.
    ///
    /// Intervals are chromatic: they do not follow a scale. Pitch shift, look-ahead and changes as in `pitch`.
    pub struct Harmoniser = "harmoniser" {
        /// Level of the source itself; the lowest is silence.
        dry_db: Db = 0.0 in -60.0..=12.0;
        /// How far formants stay where they are: 100 sounds like another singer, 0 like the tape at another speed.
        keep_formants_percent: Percent = 100.0 in 0.0..=100.0;
        /// The voices.
        voice: bands [HarmonyVoice; 4];
    }
}

/// Lowest setting of a level, which is silence.
const SILENCE_DB: f64 = -60.0;
/// Longest delay of a voice.
const MAX_DELAY_SECONDS: f64 = 0.2;

fn level(db: f64) -> f64 {
    if db <= SILENCE_DB { 0.0 } else { db_to_gain(db) }
}

impl HarmonyVoice {
    fn interval(&self) -> Option<f64> {
        self.on.then_some((self.semitones + 0.01 * self.cents).clamp(-24.0, 24.0))
    }

    /// Gains of the left, the right and any other channel.
    fn gains(&self) -> [f64; 3] {
        let gain = level(self.gain_db);
        // Equal power: cosine and sine of the quarter circle, scaled to 1 in the middle.
        let angle = (self.pan.clamp(-1.0, 1.0) + 1.0) * FRAC_PI_4;
        [gain * SQRT_2 * cos(angle), gain * SQRT_2 * sin(angle), gain]
    }
}

#[derive(Debug)]
struct Voice {
    shifter: Shifter,
    lines: Vec<DelayLine>,
    gains: [Glide; 3],
    delay: Glide,
}

/// Running state of [`Harmoniser`].
#[derive(Debug)]
pub struct HarmoniserKernel {
    rate: f64,
    dry: Vec<DelayLine>,
    dry_gain: Glide,
    voices: Vec<Voice>,
    latency: usize,
    tail: usize,
}

impl Harmoniser {
    fn formants(&self) -> FormantSettings {
        FormantSettings {
            preserve: (self.keep_formants_percent * 0.01).clamp(0.0, 1.0),
            shift_semitones: 0.0,
        }
    }
}

impl Processor for Harmoniser {
    type Kernel = HarmoniserKernel;
    fn prepare(&self, format: Format) -> HarmoniserKernel {
        let rate = format.sample_rate_hz;
        let most = (MAX_DELAY_SECONDS * rate) as usize + 2;
        let voice = |settings: &HarmonyVoice| {
            let mut shifter = Shifter::new(settings.interval(), format.channels, rate);
            shifter.set(settings.interval(), self.formants());
            Voice {
                shifter,
                lines: (0..format.channels).map(|_| DelayLine::new(most)).collect(),
                gains: settings.gains().map(|gain| Glide::new(gain, 10.0, rate)),
                delay: Glide::new((settings.delay_ms * 1e-3 * rate).round(), 50.0, rate),
            }
        };
        let voices: Vec<Voice> = self.voice.iter().map(voice).collect();
        let latency = dsp::pitch_shift::PitchShift::latency_at(rate);
        HarmoniserKernel {
            rate,
            dry: (0..format.channels).map(|_| DelayLine::new(latency + 2)).collect(),
            dry_gain: Glide::new(level(self.dry_db), 10.0, rate),
            voices,
            latency,
            tail: 4 * frame_frames(rate) + most,
        }
    }
}

impl Voice {
    /// Adds the voice to one frame of the output.
    fn add(&mut self, channels: usize, input: impl Fn(usize) -> f64, mut add: impl FnMut(usize, f64)) {
        if !self.shifter.rests() {
            self.shifter.next(input);
        }
        let gains = self.gains.each_mut().map(Glide::next_value);
        let delay = self.delay.next_value();
        for (channel, line) in self.lines.iter_mut().enumerate().take(channels) {
            line.push(self.shifter.output(channel, 0.0));
            let settled = delay == delay.floor();
            let late = if settled { line.read(delay as usize) } else { line.read_cubic(delay) };
            let gain = if channels < 2 { gains[2] } else { gains[channel.min(2)] };
            add(channel, gain * late);
        }
    }
}

impl Kernel for HarmoniserKernel {
    type Settings = Harmoniser;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn tail_frames(&self) -> usize {
        self.tail
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let channels = block.channels().min(self.dry.len());
        for frame in 0..block.frames() {
            for (channel, line) in self.dry.iter_mut().enumerate().take(channels) {
                line.push(sane(block.channel(channel)[frame]));
            }
            let gain = self.dry_gain.next_value();
            for (channel, line) in self.dry.iter().enumerate().take(channels) {
                block.channel_mut(channel)[frame] = gain * line.read(self.latency);
            }
            for voice in &mut self.voices {
                let dry = &self.dry;
                let input = |channel: usize| dry.get(channel).map_or(0.0, |line: &DelayLine| line.read(0));
                voice.add(channels, input, |channel, x| block.channel_mut(channel)[frame] += x);
            }
        }
    }

    fn retune(&mut self, settings: &Harmoniser) {
        self.dry_gain.set_target(level(settings.dry_db));
        for (voice, wanted) in self.voices.iter_mut().zip(&settings.voice) {
            voice.shifter.set(wanted.interval(), settings.formants());
            voice.gains.iter_mut().zip(wanted.gains()).for_each(|(glide, gain)| glide.set_target(gain));
            voice.delay.set_target((wanted.delay_ms * 1e-3 * self.rate).round());
        }
    }

    fn reset(&mut self) {
        self.dry.iter_mut().for_each(DelayLine::reset);
        self.dry_gain.snap(self.dry_gain.target());
        for voice in &mut self.voices {
            voice.shifter.reset();
            voice.lines.iter_mut().for_each(DelayLine::reset);
            voice.gains.iter_mut().for_each(|glide| glide.snap(glide.target()));
            voice.delay.snap(voice.delay.target());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    #[test]
    fn voices_stand_at_their_intervals_levels_places_and_times() {
        let mut settings = Harmoniser { dry_db: -6.0, keep_formants_percent: 0.0, ..Harmoniser::default() };
        settings.voice[0] =
            HarmonyVoice { on: true, semitones: 12.0, gain_db: -12.0, pan: -1.0, ..HarmonyVoice::default() };
        settings.voice[2] = HarmonyVoice {
            on: true,
            semitones: -12.0,
            cents: 100.0,
            gain_db: 0.0,
            ..HarmonyVoice::default()
        };
        let mut kernel = settings.prepare(Format::default());
        let latency = kernel.latency_frames();
        let tone = signals::sine(800.0, 0.2, 0.0, 1.0, 48_000.0);
        let mut long = tone;
        long.resize(48_000 + latency, 0.0);
        let mut audio = Buffer::from_planes(&[long.clone(), long]);
        kernel.process(&mut audio.block());
        let at = |channel: usize, hz: f64| {
            measure::to_db(
                measure::tone(&audio.channel(channel)[latency + 12_000..latency + 36_000], hz, 48_000.0).0
                    / 0.2,
            )
        };
        assert!((at(0, 800.0) + 6.0).abs() < 0.05, "{}", at(0, 800.0));
        assert!((at(0, 1_600.0) + 12.0 - 3.01).abs() < 0.1, "{}", at(0, 1_600.0));
        assert!(at(1, 1_600.0) < -50.0);
        let low = 400.0 * dsp::math::exp2(1.0 / 12.0);
        assert!(at(0, low).abs() < 0.1 && at(1, low).abs() < 0.1, "{} {}", at(0, low), at(1, low));
    }

    #[test]
    fn a_delayed_voice_comes_later_by_its_delay() {
        let mut settings = Harmoniser { dry_db: -60.0, ..Harmoniser::default() };
        let mut burst = vec![0.0; 12_000];
        burst.extend(signals::sine(700.0, 0.5, 0.0, 0.2, 48_000.0));
        let mut first = |delay_ms: f64| {
            settings.voice[1] =
                HarmonyVoice { on: true, semitones: 4.0, delay_ms, ..HarmonyVoice::default() };
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let mut long = burst.clone();
            long.resize(24_000 + kernel.latency_frames(), 0.0);
            let mut audio = Buffer::from_planes(&[long]);
            kernel.process(&mut audio.block());
            audio.channel(0).iter().position(|x| x.abs() > 0.05).unwrap()
        };
        let plain = first(0.0);
        assert_eq!(first(100.0) - plain, 4_800);
        assert!(plain.abs_diff(12_000 + dsp::pitch_shift::PitchShift::latency_at(48_000.0)) < 100, "{plain}");
    }

    fn render(kernel: &mut HarmoniserKernel, plane: &[f64]) -> Vec<f64> {
        let mut audio = Buffer::from_planes(&[plane.to_vec()]);
        kernel.process(&mut audio.block());
        audio.channel(0).to_vec()
    }

    #[test]
    fn changes_while_running_end_where_new_settings_begin() {
        let mono = Format { channels: 1, ..Format::default() };
        let mut wanted = Harmoniser { dry_db: -9.0, ..Harmoniser::default() };
        wanted.voice[0] = HarmonyVoice {
            on: true,
            semitones: 3.0,
            gain_db: -3.0,
            delay_ms: 35.0,
            ..HarmonyVoice::default()
        };
        let mut other = wanted.clone();
        (other.dry_db, other.voice[0].gain_db, other.voice[0].delay_ms) = (0.0, 6.0, 10.0);
        let tone = signals::sine(500.0, 0.2, 0.0, 2.0, 48_000.0);
        let (mut fresh, mut changed) = (wanted.prepare(mono), other.prepare(mono));
        changed.retune(&wanted);
        let (a, b) = (render(&mut fresh, &tone), render(&mut changed, &tone));
        // The glides have ended long before.
        assert!(measure::null_db(&a[60_000..], &b[60_000..]) < -100.0);
        assert!(measure::rms(&a[60_000..]) > 0.05);
    }

    #[test]
    fn the_lowest_level_is_silence() {
        let settings = Harmoniser { dry_db: -60.0, ..Harmoniser::default() };
        let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
        assert!(render(&mut kernel, &signals::noise(0.5, 1, 48_000)).iter().all(|x| *x == 0.0));
    }

    #[test]
    fn formants_of_a_voice_stay_or_go_with_it() {
        // Harmonics of 150 Hz with a formant at 900 Hz.
        let mut source = vec![0.0; 72_000];
        for k in 1..=40 {
            let hz = 150.0 * f64::from(k);
            let off = (hz - 900.0) / 150.0;
            let level = 0.2 / (1.0 + off * off);
            for (x, y) in source.iter_mut().zip(signals::sine(hz, level, f64::from(k * k), 1.5, 48_000.0)) {
                *x += y;
            }
        }
        // An octave up the fundamental is 300 Hz: harmonics stand at 900 and at 1800 Hz.
        let tilt = |keep_formants_percent: f64| {
            let mut settings = Harmoniser { dry_db: -60.0, keep_formants_percent, ..Harmoniser::default() };
            settings.voice[3] = HarmonyVoice { on: true, semitones: 12.0, ..HarmonyVoice::default() };
            let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
            let out = render(&mut kernel, &source);
            let level = |hz: f64| measure::to_db(measure::tone(&out[36_000..60_000], hz, 48_000.0).0);
            level(900.0) - level(1_800.0)
        };
        assert!(tilt(100.0) > 10.0, "{}", tilt(100.0));
        assert!(tilt(0.0) < -10.0, "{}", tilt(0.0));
    }
}
