//! Processors: one file each, declared once, listed once.
//!
//! A processor is plain data (its settings, declared with [`processor!`]) and a [`Kernel`] that runs. Help, session
//! text, automation addresses, generated pages and the contract tests all read the declaration.

#[macro_use]
mod declare;
mod ear;
mod kernel;
mod registry;
mod stride;

pub mod auto_pan;
pub mod chorus;
pub mod compressor;
pub mod convolution;
pub mod declick;
pub mod declip;
pub mod deesser;
pub mod dehum;
pub mod delay;
pub mod denoise;
pub mod deplosive;
pub mod doubler;
pub mod eq;
pub mod exciter;
pub mod flanger;
pub mod gain;
pub mod gate;
pub mod generator;
pub mod hall;
pub mod harmoniser;
pub mod imager;
pub mod limiter;
pub mod meter;
pub mod modulation;
pub mod multiband;
pub mod multidynamics;
pub mod pan;
pub mod phaser;
pub mod pitch;
pub mod plate;
pub mod reverb;
pub mod rider;
pub mod room;
pub mod rotary;
pub mod saturation;
pub mod spring;
pub mod transient;
pub mod tremolo;

pub use declare::{
    BandSet, Choice, Describe, Description, Field, Fields, Kind, Param, Taper, Unit, Violation,
};
pub use kernel::{AnyKernel, AnyProcessor, Format, Kernel, Processor, Reading, Series};
pub use registry::{Entry, REGISTRY, find};
