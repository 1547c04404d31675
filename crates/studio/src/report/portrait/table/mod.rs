//! Which pictures there are.

mod dynamics;
mod motion;
mod repair;
mod space;
mod tone;

use super::Portrait;

/// Every picture of every processor.
pub(super) fn all() -> impl Iterator<Item = &'static Portrait> {
    [tone::PORTRAITS, dynamics::PORTRAITS, motion::PORTRAITS, space::PORTRAITS, repair::PORTRAITS]
        .into_iter()
        .flatten()
}
