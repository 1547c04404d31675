//! Transient shaper.

use crate::ear::GLIDE_MS;
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::compress::gain_of_reduction;
use dsp::delay::{TwoPole, TwoPoleTuning};
use dsp::envelope::keep_of_time;
use dsp::math::{db_to_gain, sanitise, tanh};
use dsp::shift::Ring;
use dsp::smooth::Glide;
use dsp::transient::Fronts;

processor! {
    /// Transient shaper: louder or softer fronts and tails, at any level.
    ///
    /// The difference of two envelopes says where a front or a tail is; both are the same for loud and soft sounds and
    /// for all channels. A steady sound is left alone. A frequency range limits both what is heard and what is moved.
    pub struct Transient = "transient" {
        /// Gain of fronts.
        attack_db: Db = 0.0 in -24.0..=24.0;
        /// Gain of tails.
        sustain_db: Db = 0.0 in -24.0..=24.0;
        /// How long a front lasts.
        attack_ms: Ms = 15.0 in 2.0..=100.0 log;
        /// How long after a fall a tail is still one.
        sustain_ms: Ms = 250.0 in 20.0..=2000.0 log;
        /// How quickly the gain moves (time constant).
        smooth_ms: Ms = 0.15 in 0.05..=10.0 log;
        /// How far the detector sees ahead; the sound is late by as much. Fixed when the session starts to run.
        lookahead_ms: Ms = 0.0 in 0.0..=5.0;
        /// Acts only above this frequency, 12 dB per octave; 0 is off.
        low_hz: Hz = 0.0 in 0.0..=5000.0;
        /// Acts only below this frequency, 12 dB per octave; 20000 is off.
        high_hz: Hz = 20000.0 in 100.0..=20000.0 log;
        /// Share of the shaped sound.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
        /// Gain of everything.
        output_db: Db = 0.0 in -24.0..=24.0;
        /// Bends peaks above -3 dBFS so that they stay below full scale.
        protect: switch = false;
    }
}

/// Where the protection begins: -3 dBFS.
const BEND: f64 = 0.707_945_784_384_137_9;

/// Straight to [`BEND`], then bent towards 1 without a corner.
#[inline]
fn bend(x: f64) -> f64 {
    let size = x.abs();
    if size <= BEND {
        return x;
    }
    let y = BEND + (1.0 - BEND) * tanh((size - BEND) / (1.0 - BEND));
    if x < 0.0 { -y } else { y }
}

/// One end of the frequency range: what lies above it gets a gain, by a shelf whose poles stand still. High-pass and
/// low-pass are those of one Butterworth section; the numerator G s² + √(2G) s + 1 has no resonance either, and at a
/// gain of 1 every bit passes.
#[derive(Debug, Clone, Copy)]
struct Edge {
    tuning: TwoPoleTuning,
    filter: TwoPole,
    detector: TwoPole,
}

impl Edge {
    fn new(hz: f64, rate: f64) -> Self {
        let tuning = TwoPoleTuning::new(TwoPoleTuning::warp(hz, rate));
        Self { tuning, filter: TwoPole::default(), detector: TwoPole::default() }
    }

    #[inline]
    fn shelve(&mut self, x: f64, gain: f64, root: f64) -> f64 {
        let (low, high) = self.filter.next(x, self.tuning);
        x + ((gain - 1.0) * high + (root - 1.0) * (x - low - high))
    }
}

/// State of one channel.
#[derive(Debug)]
struct Channel {
    delay: Ring,
    low: Edge,
    high: Edge,
}

/// Running state of [`Transient`].
#[derive(Debug)]
pub struct TransientKernel {
    settings: Transient,
    rate: f64,
    latency: usize,
    channels: Vec<Channel>,
    fronts: Fronts,
    smooth_keep: f64,
    /// Gain now, in decibels.
    gain_db: f64,
    attack: Glide,
    sustain: Glide,
    mix: Glide,
    output: Glide,
    /// How far the ends of the range and the protection are in use.
    low_on: Glide,
    high_on: Glide,
    protect: Glide,
    low_warp: Glide,
    high_warp: Glide,
    shown_db: f64,
}

impl Processor for Transient {
    type Kernel = TransientKernel;
    fn prepare(&self, format: Format) -> TransientKernel {
        let rate = format.sample_rate_hz;
        let latency = (self.lookahead_ms * 1e-3 * rate).round().max(0.0) as usize;
        let glide = |value| Glide::new(value, GLIDE_MS, rate);
        let channel = || Channel {
            delay: Ring::new(latency),
            low: Edge::new(self.low_hz, rate),
            high: Edge::new(self.high_hz, rate),
        };
        let [low_on, high_on, protect] = self.switches();
        TransientKernel {
            settings: self.clone(),
            rate,
            latency,
            channels: (0..format.channels.max(1)).map(|_| channel()).collect(),
            fronts: Fronts::new(self.attack_ms, self.sustain_ms, rate),
            smooth_keep: keep_of_time(self.smooth_ms, rate),
            gain_db: 0.0,
            attack: glide(self.attack_db),
            sustain: glide(self.sustain_db),
            mix: glide(self.mix_percent * 0.01),
            output: glide(db_to_gain(self.output_db)),
            low_on: glide(low_on),
            high_on: glide(high_on),
            protect: glide(protect),
            low_warp: glide(TwoPoleTuning::warp(self.low_hz, rate)),
            high_warp: glide(TwoPoleTuning::warp(self.high_hz, rate)),
            shown_db: 0.0,
        }
    }
}

impl Transient {
    fn switches(&self) -> [f64; 3] {
        let number = |on: bool| f64::from(u8::from(on));
        [number(self.low_hz > 0.0), number(self.high_hz < 20_000.0), number(self.protect)]
    }
}

/// Values of one frame.
struct Now {
    gain_db: f64,
    low_on: f64,
    high_on: f64,
    mix: f64,
    output: f64,
    protect: f64,
}

impl Now {
    /// The shaped sample.
    #[inline]
    fn shape(&self, channel: &mut Channel, dry: f64) -> f64 {
        // As far as an end of the range is not in use, its share of the gain goes to everything.
        let mut wet = dry * gain_of_reduction(-self.gain_db * (1.0 - self.low_on));
        if self.low_on > 0.0 {
            let gain = gain_of_reduction(-self.gain_db * self.low_on);
            wet = channel.low.shelve(wet, gain, gain.sqrt());
        }
        if self.high_on > 0.0 {
            let gain = gain_of_reduction(self.gain_db * self.high_on);
            wet = channel.high.shelve(wet, gain, gain.sqrt());
        }
        let out = (dry + self.mix * (wet - dry)) * self.output;
        if self.protect > 0.0 { out + self.protect * (bend(out) - out) } else { out }
    }
}

impl TransientKernel {
    fn tune(&mut self) {
        if self.low_warp.is_settled() && self.high_warp.is_settled() {
            return;
        }
        let low = TwoPoleTuning::new(self.low_warp.next_value());
        let high = TwoPoleTuning::new(self.high_warp.next_value());
        for channel in &mut self.channels {
            (channel.low.tuning, channel.high.tuning) = (low, high);
        }
    }

    /// Power of the loudest channel within the range at one frame.
    fn detect(&mut self, block: &Block<'_>, frame: usize) -> f64 {
        let (low, high) = (self.settings.low_hz > 0.0, self.settings.high_hz < 20_000.0);
        let mut most = 0.0;
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let mut x = block.channel(index)[frame];
            if low {
                x = channel.low.detector.next(x, channel.low.tuning).1;
            }
            if high {
                x = channel.high.detector.next(x, channel.high.tuning).0;
            }
            most = f64::max(most, x * x);
        }
        most
    }

    fn next_now(&mut self, power: f64) -> Now {
        let (front, tail) = self.fronts.tick(power);
        let goal = front * self.attack.next_value() + tail * self.sustain.next_value();
        let next = goal + (self.gain_db - goal) * self.smooth_keep;
        // A billionth of a decibel is none, by definition: the gain lands on 1.
        self.gain_db = if next.abs() < 1e-9 { 0.0 } else { next };
        self.shown_db = f64::max(self.shown_db, -self.gain_db);
        Now {
            gain_db: self.gain_db,
            low_on: self.low_on.next_value(),
            high_on: self.high_on.next_value(),
            mix: self.mix.next_value(),
            output: self.output.next_value(),
            protect: self.protect.next_value(),
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        for frame in 0..block.frames() {
            self.tune();
            let power = self.detect(block, frame);
            let now = self.next_now(power);
            for (channel, plane) in self.channels.iter_mut().zip(block.channels_mut()) {
                channel.delay.process(&mut plane[frame..=frame]);
                plane[frame] = now.shape(channel, plane[frame]);
            }
        }
    }
}

impl Kernel for TransientKernel {
    type Settings = Transient;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.shown_db = 0.0;
        self.run(block);
    }

    fn retune(&mut self, settings: &Transient) {
        self.settings = settings.clone();
        self.fronts.set_times(settings.attack_ms, settings.sustain_ms, self.rate);
        self.smooth_keep = keep_of_time(settings.smooth_ms, self.rate);
        let [low_on, high_on, protect] = settings.switches();
        for (glide, value) in [
            (&mut self.attack, settings.attack_db),
            (&mut self.sustain, settings.sustain_db),
            (&mut self.mix, settings.mix_percent * 0.01),
            (&mut self.output, db_to_gain(settings.output_db)),
            (&mut self.low_on, low_on),
            (&mut self.high_on, high_on),
            (&mut self.protect, protect),
            (&mut self.low_warp, TwoPoleTuning::warp(settings.low_hz, self.rate)),
            (&mut self.high_warp, TwoPoleTuning::warp(settings.high_hz, self.rate)),
        ] {
            glide.set_target(value);
        }
    }

    fn reset(&mut self) {
        self.fronts.reset();
        self.gain_db = 0.0;
        self.shown_db = 0.0;
        for glide in [
            &mut self.attack,
            &mut self.sustain,
            &mut self.mix,
            &mut self.output,
            &mut self.low_on,
            &mut self.high_on,
            &mut self.protect,
            &mut self.low_warp,
            &mut self.high_warp,
        ] {
            glide.snap(glide.target());
        }
        for channel in &mut self.channels {
            channel.delay.reset();
            (channel.low, channel.high) =
                (Edge::new(self.settings.low_hz, self.rate), Edge::new(self.settings.high_hz, self.rate));
        }
    }
}

#[cfg(test)]
#[path = "transient_tests.rs"]
mod tests;
