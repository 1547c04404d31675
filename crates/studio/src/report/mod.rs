//! What came in, what was done and why, what came out.

pub mod album;
pub mod chart;
pub mod delivery;
pub mod mastering;
pub mod measurements;
pub mod portrait;
pub mod processors;
pub mod readings;
pub mod side;
