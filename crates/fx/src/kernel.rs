//! Settings become state that runs; both can be handled without knowing their type.

use crate::{Describe, Description, Violation};
use dsp::block::{Block, Buffer};

/// What a kernel is prepared for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Format {
    /// Sample rate.
    pub sample_rate_hz: f64,
    /// Channels of the block, 1 or more. A kernel never changes the number.
    pub channels: usize,
    /// Tempo for times given in beats.
    pub tempo_bpm: f64,
    /// Longest block that will come.
    pub max_block_frames: usize,
    /// Seed of anything random; differs from insert to insert.
    pub seed: u64,
}

impl Default for Format {
    fn default() -> Self {
        Self { sample_rate_hz: 48_000.0, channels: 2, tempo_bpm: 120.0, max_block_frames: 4096, seed: 0 }
    }
}

/// One number a kernel has measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// What it is, `integrated`.
    pub name: &'static str,
    /// Its unit as written after a number; empty for a pure number.
    pub unit: &'static str,
    /// The number; `-inf` for the level of silence, never NaN.
    pub value: f64,
}

/// A row of numbers a kernel has measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// What it is, `third_octaves`.
    pub name: &'static str,
    /// Unit of the numbers.
    pub unit: &'static str,
    /// The numbers; `-inf` for the level of silence, never NaN.
    pub values: Vec<f64>,
}

/// The part that touches samples: no allocation, no I/O, no clock.
///
/// The output must not depend on how the input is cut into blocks, not by a bit. Input goes through
/// [`dsp::math::sane`] (or an equivalent), so that nothing in a file can poison the state.
pub trait Kernel: Send {
    /// The settings it was made from.
    type Settings;
    /// Delay between input and output. Fixed after `prepare`.
    fn latency_frames(&self) -> usize {
        0
    }
    /// How long sound goes on after the input ends, beyond the latency. An estimate to -60 dB is enough.
    fn tail_frames(&self) -> usize {
        0
    }
    /// Largest gain reduction of the last block in decibels, 0 or more; `None` from what has none to show.
    fn gain_reduction_db(&self) -> Option<f64> {
        None
    }
    /// What was measured since the start; empty from what does not measure. May allocate, so not for where sound runs.
    fn readings(&self) -> Vec<Reading> {
        Vec::new()
    }
    /// Rows of what was measured since the start. Likewise.
    fn series(&self) -> Vec<Series> {
        Vec::new()
    }
    /// Processes in place.
    fn process(&mut self, block: &mut Block<'_>);
    /// Takes new settings while running: no click, no allocation, latency unchanged. State goes on.
    fn retune(&mut self, settings: &Self::Settings);
    /// Whether anything depends on the tempo and [`set_tempo`](Self::set_tempo) can change it.
    fn follows_tempo(&self) -> bool {
        false
    }
    /// Takes another tempo while running, as [`retune`](Self::retune) takes settings. A kernel that does not follow
    /// keeps the one it was prepared with.
    fn set_tempo(&mut self, _tempo_bpm: f64) {}
    /// Back to the state after `prepare` (with the settings last given).
    fn reset(&mut self);
}

/// Settings that can be made to run.
pub trait Processor: Describe {
    /// What runs.
    type Kernel: Kernel<Settings = Self> + 'static;
    /// Makes the state. All allocation happens here.
    fn prepare(&self, format: Format) -> Self::Kernel;
    /// Likewise with the impulse response from a file, at the rate of the format, for what takes one
    /// ([`Description::impulse`]); without it as [`prepare`](Self::prepare).
    fn prepare_with(&self, format: Format, impulse: Option<&Buffer>) -> Self::Kernel {
        let _ = impulse;
        self.prepare(format)
    }
}

/// A processor of any type.
pub trait AnyProcessor: Send + Sync + std::fmt::Debug {
    /// Its declaration.
    fn description(&self) -> &'static Description;
    /// Value at a flat index.
    fn get(&self, index: usize) -> f64;
    /// Sets the value at a flat index.
    fn set(&mut self, index: usize, value: f64);
    /// Values outside their ranges.
    fn check(&self) -> Vec<Violation>;
    /// Makes the state that runs.
    fn prepare(&self, format: Format) -> Box<dyn AnyKernel>;
    /// See [`Processor::prepare_with`].
    fn prepare_with(&self, format: Format, impulse: Option<&Buffer>) -> Box<dyn AnyKernel>;
    /// A copy.
    fn boxed_clone(&self) -> Box<dyn AnyProcessor>;
}

impl Clone for Box<dyn AnyProcessor> {
    fn clone(&self) -> Self {
        self.as_ref().boxed_clone()
    }
}

/// A kernel of any type, together with its settings.
pub trait AnyKernel: Send {
    /// See [`Kernel::latency_frames`].
    fn latency_frames(&self) -> usize;
    /// See [`Kernel::tail_frames`].
    fn tail_frames(&self) -> usize;
    /// See [`Kernel::gain_reduction_db`].
    fn gain_reduction_db(&self) -> Option<f64>;
    /// See [`Kernel::readings`].
    fn readings(&self) -> Vec<Reading>;
    /// See [`Kernel::series`].
    fn series(&self) -> Vec<Series>;
    /// See [`Kernel::process`].
    fn process(&mut self, block: &mut Block<'_>);
    /// Changes parameters by flat index, then retunes once.
    fn set(&mut self, changes: &[(usize, f64)]);
    /// See [`Kernel::follows_tempo`].
    fn follows_tempo(&self) -> bool;
    /// See [`Kernel::set_tempo`].
    fn set_tempo(&mut self, tempo_bpm: f64);
    /// See [`Kernel::reset`].
    fn reset(&mut self);
}

struct Running<P: Processor> {
    settings: P,
    kernel: P::Kernel,
}

impl<P: Processor> AnyKernel for Running<P> {
    fn latency_frames(&self) -> usize {
        self.kernel.latency_frames()
    }
    fn tail_frames(&self) -> usize {
        self.kernel.tail_frames()
    }
    fn gain_reduction_db(&self) -> Option<f64> {
        self.kernel.gain_reduction_db()
    }
    fn readings(&self) -> Vec<Reading> {
        self.kernel.readings()
    }
    fn series(&self) -> Vec<Series> {
        self.kernel.series()
    }
    fn process(&mut self, block: &mut Block<'_>) {
        self.kernel.process(block);
    }
    fn set(&mut self, changes: &[(usize, f64)]) {
        for &(index, value) in changes {
            self.settings.set(index, value);
        }
        self.kernel.retune(&self.settings);
    }
    fn follows_tempo(&self) -> bool {
        self.kernel.follows_tempo()
    }
    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.kernel.set_tempo(tempo_bpm);
    }
    fn reset(&mut self) {
        self.kernel.reset();
    }
}

impl<P: Processor + std::fmt::Debug> AnyProcessor for P {
    fn description(&self) -> &'static Description {
        P::description()
    }
    fn get(&self, index: usize) -> f64 {
        crate::Fields::get(self, index)
    }
    fn set(&mut self, index: usize, value: f64) {
        crate::Fields::set(self, index, value);
    }
    fn check(&self) -> Vec<Violation> {
        Describe::check(self)
    }
    fn prepare(&self, format: Format) -> Box<dyn AnyKernel> {
        Box::new(Running { settings: self.clone(), kernel: Processor::prepare(self, format) })
    }
    fn prepare_with(&self, format: Format, impulse: Option<&Buffer>) -> Box<dyn AnyKernel> {
        Box::new(Running { settings: self.clone(), kernel: Processor::prepare_with(self, format, impulse) })
    }
    fn boxed_clone(&self) -> Box<dyn AnyProcessor> {
        Box::new(self.clone())
    }
}
