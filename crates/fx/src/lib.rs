//! Processors: one file each, declared once, listed once.
//!
//! A processor is plain data (its settings, declared with [`processor!`]) and a [`Kernel`] that runs. Help, session
//! text, automation addresses, generated pages and the contract tests all read the declaration.

#[macro_use]
mod declare;
mod kernel;
mod registry;

pub mod compressor;
pub mod delay;
pub mod eq;
pub mod gain;
pub mod harmoniser;
pub mod limiter;
pub mod multiband;
pub mod pan;
pub mod pitch;
pub mod reverb;
pub mod saturation;

pub use declare::{
    BandSet, Choice, Describe, Description, Field, Fields, Kind, Param, Taper, Unit, Violation,
};
pub use kernel::{AnyKernel, AnyProcessor, Format, Kernel, Processor};
pub use registry::{Entry, REGISTRY, find};
