//! A premaster becomes a master.

mod pipe;
pub mod tone;
