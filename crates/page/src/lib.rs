//! Reports and galleries: one HTML file that opens by a double-click, without a network, and prints well.
//!
//! ```text
//! files ─heard→ numbers and curves ─pair→ one against the other ─picture, part→ markup ─report→ page
//!      │                            └sound→ the same stretch of both, for the player
//!      └asked→ what it needs, what changed, how it comes across elsewhere
//! ```
//!
//! The same files give the same bytes: nothing reads a clock.

pub mod asked;
pub mod gallery;
pub mod heard;
pub mod markup;
pub mod pair;
pub mod paper;
pub mod part;
pub mod picture;
pub mod player;
pub mod png;
pub mod report;
pub mod shell;
pub mod song;
pub mod sound;
