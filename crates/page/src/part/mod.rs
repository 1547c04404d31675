//! Parts of a report in words and tables.

pub mod changes;
pub mod decisions;
pub mod delivery;
pub mod elsewhere;
pub mod findings;
pub mod identity;
pub mod log;
pub mod needs;
pub mod numbers;
pub mod services;
pub mod verdict;
pub mod words;
