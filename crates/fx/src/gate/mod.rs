//! Gate, downward expander and ducker.

use crate::ear::{Ears, KeySettings, STRIDE};
use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::envelope::MeanSquare;
use dsp::gate::{Gate as Envelope, GateLaw, GateSettings};
use dsp::math::gain_to_db;
use dsp::shift::Ring;

choice! {
    /// What the detector follows.
    pub enum GateDetector {
        /// The magnitude of every sample.
        Peak = "peak",
        /// The running RMS (a full-scale sine reads -3 dB).
        Rms = "rms",
    }
}

processor! {
    /// Gate and downward expander with hysteresis, hold, range, look-ahead and filtered or external key; turned round,
    /// a ducker.
    ///
    /// All channels move together, on the loudest. A full gate opens and closes on an edge without a corner, an expander
    /// follows its curve. Detected peaks pass zero twice a period: a hold of half the longest period keeps a gate from
    /// fluttering.
    pub struct Gate = "gate" {
        /// The gate opens at this level.
        threshold_db: Db = -40.0 in -90.0..=0.0;
        /// It closes this far below the threshold.
        hysteresis_db: Db = 4.0 in 0.0..=24.0;
        /// Decibels out for one decibel in, below the threshold; 100 is a full gate.
        ratio: Plain = 100.0 in 1.0..=100.0 log;
        /// Width of the soft bend of an expander around its threshold.
        knee_db: Db = 0.0 in 0.0..=24.0;
        /// Largest reduction.
        range_db: Db = 20.0 in 0.0..=100.0;
        /// Time to open: the whole way for a full gate, 63 % of it for an expander. Of a ducker: time to go down.
        attack_ms: Ms = 0.5 in 0.05..=100.0 log;
        /// Time it stays open after the key was last above the closing level.
        hold_ms: Ms = 40.0 in 0.0..=2000.0;
        /// Time to close, counted like the attack. Of a ducker: time to come back.
        release_ms: Ms = 120.0 in 1.0..=4000.0 log;
        /// How far the detector sees ahead; the sound is late by as much. Fixed when the session starts to run.
        lookahead_ms: Ms = 0.0 in 0.0..=20.0;
        /// What the detector follows.
        detector: choice GateDetector = Peak;
        /// Time constant of the RMS detector.
        rms_window_ms: Ms = 5.0 in 0.5..=100.0 log;
        /// Turned round: the gain falls while the key is above the threshold.
        duck: switch = false;
        /// Detector only: removes what is below, 12 dB per octave; 0 is off.
        key_high_pass_hz: Hz = 0.0 in 0.0..=4000.0;
        /// Detector only: removes what is above, 12 dB per octave; 20000 is off.
        key_low_pass_hz: Hz = 20000.0 in 100.0..=20000.0 log;
        /// Detects the side-chain input in place of the sound itself; without one the gate is open.
        external_key: switch = false;
        /// Puts out what the detector hears.
        listen: switch = false;
    }
}

impl Gate {
    fn law(&self) -> GateLaw {
        GateLaw::new(&GateSettings {
            threshold_db: self.threshold_db,
            hysteresis_db: self.hysteresis_db,
            ratio: if self.ratio >= 100.0 { f64::INFINITY } else { self.ratio },
            knee_db: self.knee_db,
            range_db: self.range_db,
            duck: self.duck,
        })
    }

    fn key(&self) -> KeySettings {
        KeySettings {
            high_pass_hz: self.key_high_pass_hz,
            low_pass_hz: self.key_low_pass_hz,
            external: self.external_key,
            mono_sum: false,
            listen: self.listen,
        }
    }
}

/// Running state of [`Gate`].
#[derive(Debug)]
pub struct GateKernel {
    settings: Gate,
    rate: f64,
    latency: usize,
    ears: Ears,
    means: Vec<MeanSquare>,
    delays: Vec<Ring>,
    law: GateLaw,
    /// The law without a key: nothing is turned down.
    open_law: GateLaw,
    envelope: Envelope,
    stride: Stride,
    shown_db: f64,
}

impl Processor for Gate {
    type Kernel = GateKernel;
    fn prepare(&self, format: Format) -> GateKernel {
        let rate = format.sample_rate_hz;
        let latency = (self.lookahead_ms * 1e-3 * rate).round().max(0.0) as usize;
        let count = format.channels.max(1);
        let mut kernel = GateKernel {
            settings: self.clone(),
            rate,
            latency,
            ears: Ears::new(self.key(), count, latency, rate),
            means: vec![MeanSquare::new(self.rms_window_ms, rate); count],
            delays: vec![Ring::new(latency); count],
            law: self.law(),
            open_law: self.law(),
            envelope: Envelope::new(),
            stride: Stride::new(STRIDE),
            shown_db: 0.0,
        };
        kernel.take(self);
        kernel
    }
}

impl GateKernel {
    fn take(&mut self, settings: &Gate) {
        let (rise, fall) = if settings.duck {
            (settings.release_ms, settings.attack_ms)
        } else {
            (settings.attack_ms, settings.release_ms)
        };
        self.envelope.set_times(rise, fall, self.rate);
        // What was heard comes out later by the look-ahead: it is held so much longer.
        self.envelope.set_hold(settings.hold_ms, self.latency, self.rate);
        self.law = settings.law();
        self.open_law = Gate { range_db: 0.0, ..settings.clone() }.law();
        self.means.iter_mut().for_each(|mean| mean.set_window(settings.rms_window_ms, self.rate));
        self.settings = settings.clone();
    }

    /// Fills `lane` with the power of the loudest channel of the key.
    fn detect(&mut self, lane: &mut [f64]) {
        let rms = self.settings.detector == GateDetector::Rms;
        let mut own = [0.0; STRIDE];
        let own = &mut own[..lane.len()];
        for (heard, mean) in self.ears.heard().zip(&mut self.means) {
            own.iter_mut().zip(heard).for_each(|(power, x)| *power = x * x);
            if rms {
                mean.process(own);
            }
            lane.iter_mut().zip(&*own).for_each(|(most, power)| *most = f64::max(*most, *power));
        }
    }

    fn run(&mut self, block: &mut Block<'_>) {
        self.ears.hear(block);
        let mut lane = [0.0; STRIDE];
        let lane = &mut lane[..block.frames()];
        self.detect(lane);
        let keyless = self.settings.external_key && block.key().is_none_or(|key| key.channels() == 0);
        let least = self.envelope.process(if keyless { &self.open_law } else { &self.law }, lane);
        self.shown_db = f64::max(self.shown_db, -gain_to_db(f64::max(least, 1e-12)));
        for (delay, plane) in self.delays.iter_mut().zip(block.channels_mut()) {
            delay.process(plane);
            plane.iter_mut().zip(&*lane).for_each(|(x, gain)| *x *= gain);
        }
        self.ears.put_out(block);
    }

    /// At the multiples of the stride.
    fn settle(&mut self) {
        self.ears.settle();
        self.means.iter_mut().for_each(MeanSquare::settle);
    }
}

impl Kernel for GateKernel {
    type Settings = Gate;

    fn latency_frames(&self) -> usize {
        self.latency
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        Some(self.shown_db)
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.shown_db = 0.0;
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Gate) {
        self.ears.retune(settings.key());
        self.take(settings);
    }

    fn reset(&mut self) {
        self.ears.reset();
        self.means.iter_mut().for_each(MeanSquare::reset);
        self.delays.iter_mut().for_each(Ring::reset);
        self.envelope.reset();
        self.stride.reset();
        self.shown_db = 0.0;
    }
}

#[cfg(test)]
mod tests;
