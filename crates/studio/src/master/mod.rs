//! A premaster becomes a master.

pub mod chain;
mod pipe;
pub mod tone;
