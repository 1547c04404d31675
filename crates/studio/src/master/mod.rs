//! A premaster becomes a master.

pub mod chain;
pub mod listen;
mod pipe;
pub mod propose;
mod stages;
pub mod tone;
