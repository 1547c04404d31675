//! Parts of a report in words and tables.

pub mod decisions;
pub mod delivery;
pub mod findings;
pub mod identity;
pub mod numbers;
pub mod services;
pub mod verdict;
pub mod words;
