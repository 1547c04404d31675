//! Pitch shift.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::DelayLine;
use dsp::math::sane;
use dsp::pitch_shift::{FormantSettings, PitchShift};
use dsp::smooth::Glide;
use dsp::stretch::frame_frames;

processor! {
    /// Static pitch shift: two octaves either way, formants kept or moved.
    ///
    /// A phase-locked vocoder; attacks stay where they are and keep their shape, channels keep their phases to one another.
    /// Needs 0.4 s of look-ahead whatever the interval, which the engine makes good. A change of interval while running
    /// fades to the new one when it has warmed up, up to 0.5 s later: this is no vocal tuning.
    pub struct Pitch = "pitch" {
        /// Interval in semitones.
        semitones: Plain = 0.0 in -24.0..=24.0;
        /// Fine part of the interval, in hundredths of a semitone.
        cents: Plain = 0.0 in -100.0..=100.0;
        /// How far formants stay where they are: 100 keeps the character of a voice, 0 moves it with the pitch.
        keep_formants_percent: Percent = 0.0 in 0.0..=100.0;
        /// Where formants go beyond that, in semitones: below zero larger, above smaller.
        formant_semitones: Plain = 0.0 in -12.0..=12.0;
        /// Share of the shifted sound in the output.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
    }
}

/// Crossfade from one interval to the next. By our own convention, as the gain's.
const FADE_SECONDS: f64 = 0.02;

impl Pitch {
    /// The interval, held to two octaves; `None` when there is nothing to do.
    fn interval(&self) -> Option<f64> {
        let total = (self.semitones + self.cents * 0.01).clamp(-24.0, 24.0);
        (total != 0.0 || self.formant_semitones != 0.0).then_some(total)
    }

    fn formants(&self) -> FormantSettings {
        FormantSettings {
            preserve: (self.keep_formants_percent * 0.01).clamp(0.0, 1.0),
            shift_semitones: self.formant_semitones,
        }
    }
}

/// A shifter whose interval can change while it runs: the next one warms up beside it, then they fade over.
#[derive(Debug)]
pub(crate) struct Shifter {
    engines: [PitchShift; 2],
    /// Interval of each engine; `None` for one that rests.
    intervals: [Option<f64>; 2],
    active: usize,
    wanted: Option<f64>,
    /// Frames since the other engine started.
    since: Option<usize>,
    warm_frames: usize,
    fade_frames: usize,
}

impl Shifter {
    pub(crate) fn new(interval: Option<f64>, channels: usize, sample_rate_hz: f64) -> Self {
        let engine = PitchShift::new(interval.unwrap_or(0.0), channels, sample_rate_hz);
        let warm_frames = engine.latency_frames() + frame_frames(sample_rate_hz);
        Self {
            engines: [engine.clone(), engine],
            intervals: [interval, None],
            active: 0,
            wanted: interval,
            since: None,
            warm_frames,
            fade_frames: ((FADE_SECONDS * sample_rate_hz) as usize).max(1),
        }
    }

    pub(crate) fn latency_frames(&self) -> usize {
        self.engines[0].latency_frames()
    }

    /// Another interval, or none.
    pub(crate) fn set(&mut self, interval: Option<f64>, formants: FormantSettings) {
        self.wanted = interval;
        self.engines.iter_mut().for_each(|engine| engine.set_formants(formants));
    }

    pub(crate) fn reset(&mut self) {
        self.active = 0;
        self.intervals = [self.wanted, None];
        self.since = None;
        self.engines[0].set_semitones(self.wanted.unwrap_or(0.0));
    }

    /// Takes a frame.
    pub(crate) fn next(&mut self, sample: impl Fn(usize) -> f64) {
        self.steer();
        for (engine, interval) in self.engines.iter_mut().zip(self.intervals) {
            if interval.is_some() {
                engine.next(&sample);
            }
        }
    }

    /// Starts and ends changes of interval.
    fn steer(&mut self) {
        let other = 1 - self.active;
        match self.since {
            None if self.wanted != self.intervals[self.active] => {
                self.intervals[other] = self.wanted;
                // Nothing needs no warming up.
                self.since = Some(if self.wanted.is_some() { 0 } else { self.warm_frames });
                if let Some(interval) = self.wanted {
                    self.engines[other].set_semitones(interval);
                }
            }
            Some(frames) if frames >= self.warm_frames + self.fade_frames => {
                self.intervals[self.active] = None;
                self.active = other;
                self.since = None;
            }
            Some(frames) => self.since = Some(frames + 1),
            None => {}
        }
    }

    /// The frame that is due in a channel; `idle` is what stands for no shift at all.
    pub(crate) fn output(&self, channel: usize, idle: f64) -> f64 {
        let one = |which: usize| match self.intervals[which] {
            Some(_) => self.engines[which].output(channel),
            None => idle,
        };
        let old = one(self.active);
        let faded = self.since.map_or(0, |frames| frames.saturating_sub(self.warm_frames));
        if faded == 0 {
            return old;
        }
        let share = (faded as f64 / self.fade_frames as f64).min(1.0);
        old + (one(1 - self.active) - old) * share
    }

    /// Whether it neither shifts nor is about to.
    pub(crate) fn rests(&self) -> bool {
        self.wanted.is_none() && self.since.is_none() && self.intervals[self.active].is_none()
    }
}

/// Running state of [`Pitch`].
#[derive(Debug)]
pub struct PitchKernel {
    shifter: Shifter,
    dry: Vec<DelayLine>,
    mix: Glide,
    tail: usize,
}

impl Processor for Pitch {
    type Kernel = PitchKernel;
    fn prepare(&self, format: Format) -> PitchKernel {
        let mut shifter = Shifter::new(self.interval(), format.channels, format.sample_rate_hz);
        shifter.set(self.interval(), self.formants());
        let latency = shifter.latency_frames();
        PitchKernel {
            shifter,
            dry: (0..format.channels).map(|_| DelayLine::new(latency + 2)).collect(),
            mix: Glide::new(self.mix_percent * 0.01, 10.0, format.sample_rate_hz),
            tail: 4 * frame_frames(format.sample_rate_hz),
        }
    }
}

impl Kernel for PitchKernel {
    type Settings = Pitch;

    fn latency_frames(&self) -> usize {
        self.shifter.latency_frames()
    }

    fn tail_frames(&self) -> usize {
        self.tail
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let (latency, channels) = (self.shifter.latency_frames(), block.channels());
        for frame in 0..block.frames() {
            if !self.shifter.rests() {
                self.shifter.next(
                    |channel| {
                        if channel < channels { sane(block.channel(channel)[frame]) } else { 0.0 }
                    },
                );
            }
            let mix = self.mix.next_value();
            for (channel, line) in self.dry.iter_mut().enumerate().take(channels) {
                let x = &mut block.channel_mut(channel)[frame];
                line.push(sane(*x));
                let dry = line.read(latency);
                let wet = self.shifter.output(channel, dry);
                *x = if mix == 1.0 { wet } else { dry + (wet - dry) * mix };
            }
        }
    }

    fn retune(&mut self, settings: &Pitch) {
        self.shifter.set(settings.interval(), settings.formants());
        self.mix.set_target(settings.mix_percent * 0.01);
    }

    fn reset(&mut self) {
        self.shifter.reset();
        self.dry.iter_mut().for_each(DelayLine::reset);
        self.mix.snap(self.mix.target());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::{measure, signals};

    const RATE: f64 = 48_000.0;

    fn run(settings: &Pitch, plane: &[f64]) -> Vec<f64> {
        let mut kernel = settings.prepare(Format { channels: 1, ..Format::default() });
        let latency = kernel.latency_frames();
        let mut long = plane.to_vec();
        long.resize(plane.len() + latency, 0.0);
        let mut audio = Buffer::from_planes(&[long]);
        kernel.process(&mut audio.block());
        audio.channel(0)[latency..].to_vec()
    }

    #[test]
    fn semitones_and_cents_add_up_and_the_mix_is_aligned() {
        let tone = signals::sine(600.0, 0.5, 0.0, 0.8, RATE);
        let wanted = 600.0 * dsp::math::exp2(3.5 / 12.0);
        let out = run(&Pitch { semitones: 3.0, cents: 50.0, ..Pitch::default() }, &tone);
        let level = |out: &[f64], hz| measure::tone(&out[14_400..28_800], hz, RATE).0;
        assert!((level(&out, wanted) - 0.5).abs() < 0.01 && level(&out, 600.0) < 0.01);
        let half = run(&Pitch { semitones: 3.0, cents: 50.0, mix_percent: 50.0, ..Pitch::default() }, &tone);
        assert!((level(&half, wanted) - 0.25).abs() < 0.01 && (level(&half, 600.0) - 0.25).abs() < 0.01);
    }

    #[test]
    fn a_change_of_interval_arrives_without_a_click() {
        let tone = signals::sine(500.0, 0.5, 0.0, 2.5, RATE);
        let mut kernel = Pitch::default().prepare(Format { channels: 1, ..Format::default() });
        let mut audio = Buffer::from_planes(&[tone]);
        kernel.process(&mut audio.block().slice(0, 40_000));
        kernel.retune(&Pitch { semitones: 12.0, ..Pitch::default() });
        kernel.process(&mut audio.block().slice(40_000, 80_000));
        let out = &audio.channel(0)[..120_000];
        assert!((measure::tone(&out[96_000..120_000], 1_000.0, RATE).0 - 0.5).abs() < 0.01);
        // A sine of 1 kHz at 0.5 never steps by more than 0.0655.
        let step = out.windows(2).fold(0.0, |m: f64, w| m.max((w[1] - w[0]).abs()));
        assert!(step < 0.09, "{step}");
    }

    #[test]
    fn formants_go_where_they_are_sent_and_the_pitch_stays() {
        // Harmonics of 150 Hz with a formant at 900 Hz.
        let mut source = vec![0.0; 60_000];
        for k in 1..=40 {
            let hz = 150.0 * f64::from(k);
            let off = (hz - 900.0) / 150.0;
            let level = 0.2 / (1.0 + off * off);
            for (x, y) in source.iter_mut().zip(signals::sine(hz, level, f64::from(k * k), 1.25, RATE)) {
                *x += y;
            }
        }
        // An octave up it is at 1800 Hz, an octave down at 450 Hz.
        let tilt = |formant_semitones: f64| {
            let out =
                run(&Pitch { keep_formants_percent: 100.0, formant_semitones, ..Pitch::default() }, &source);
            let level = |hz: f64| measure::to_db(measure::tone(&out[24_000..48_000], hz, RATE).0);
            level(1_800.0) - level(450.0)
        };
        assert!(tilt(12.0) > 10.0, "{}", tilt(12.0));
        assert!(tilt(-12.0) < -20.0, "{}", tilt(-12.0));
    }
}
