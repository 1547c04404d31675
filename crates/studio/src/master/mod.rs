//! A premaster becomes a master.

mod pipe;
