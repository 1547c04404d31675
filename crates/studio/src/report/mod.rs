//! What came in, what was done and why, what came out.

pub mod processors;
