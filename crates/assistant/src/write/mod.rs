//! The desk becomes text: a new session, or changes in one that a person has worked on.

mod desk;
mod fresh;
mod moved;
mod update;

#[cfg(test)]
mod tests;

pub use desk::{Desk, InsertPlan, SourcePlan, StripPlan};
pub use fresh::fresh;
pub use moved::moved;
pub use update::{Base, update};
