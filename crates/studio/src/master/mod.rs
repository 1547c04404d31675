//! A premaster becomes a master.

pub mod chain;
pub mod listen;
mod pipe;
pub mod propose;
mod render;
mod stages;
pub mod tone;
