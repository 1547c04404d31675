//! The desk becomes text: a new session, or changes in one that a person has worked on.

mod desk;
mod fresh;
mod update;

#[cfg(test)]
mod tests;

pub use desk::{Desk, InsertPlan, SourcePlan, StripPlan};
pub use fresh::fresh;
pub use update::{Base, update};
