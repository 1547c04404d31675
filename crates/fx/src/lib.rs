//! Processors: one file each, declared once, listed once.
//!
//! A processor is plain data (its settings, declared with [`processor!`]) and a [`Kernel`] that runs. Help, session
//! text, automation addresses, generated pages and the contract tests all read the declaration.

#[macro_use]
mod declare;
mod kernel;
mod registry;

pub mod auto_pan;
pub mod chorus;
pub mod compressor;
pub mod delay;
pub mod eq;
pub mod flanger;
pub mod gain;
pub mod limiter;
pub mod modulation;
pub mod multiband;
pub mod pan;
pub mod phaser;
pub mod reverb;
pub mod saturation;
pub mod tremolo;

pub use declare::{
    BandSet, Choice, Describe, Description, Field, Fields, Kind, Param, Taper, Unit, Violation,
};
pub use kernel::{AnyKernel, AnyProcessor, Format, Kernel, Processor};
pub use registry::{Entry, REGISTRY, find};
