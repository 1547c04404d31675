//! What a person should know about the sound in front of them, and what to do next.
//!
//! ```text
//! two versions ─compare→ what changed        whatever lies there ─assess→ what it needs
//! a file ─translate→ what other loudspeakers leave of it        two logs ─history→ what the engineer changed
//! ```
//!
//! Nothing here changes audio; every piece of advice carries what was measured and ends in something to do.

pub mod assess;
pub mod compare;
pub mod history;
pub mod quote;
pub mod translate;
