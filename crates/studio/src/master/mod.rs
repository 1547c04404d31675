//! A premaster becomes a master.

pub mod chain;
mod pipe;
mod stages;
pub mod tone;
