//! Which pictures there are.

mod dynamics;
mod space;
mod tone;

use super::Portrait;

/// Every picture of every processor.
pub(super) fn all() -> impl Iterator<Item = &'static Portrait> {
    [tone::PORTRAITS, dynamics::PORTRAITS, space::PORTRAITS].into_iter().flatten()
}
