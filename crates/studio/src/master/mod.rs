//! A premaster becomes a master.

pub mod chain;
pub mod listen;
mod pipe;
mod stages;
pub mod tone;
