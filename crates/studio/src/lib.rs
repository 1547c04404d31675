//! The path of a record, in order.
//!
//! ```text
//! files ─decode→ audio ─session→ what the user wrote ─engine→ plan, verified, aligned ─mix→ Print
//! Print (read back from disk) ─handover→ Premaster ─master→ Master ─deliver→ files ─report→ numbers and words
//! ```
//!
//! The path is in the types: only [`mix`] makes a `Print`, only [`handover`] makes a `Premaster`, only [`master`]
//! makes a `Master`, and [`deliver`] writes nothing else. There is no function from a session to a master.

pub mod message;
pub mod job;
pub mod audio;
pub mod decode;
pub mod meters;
pub mod session;
pub mod engine;
pub mod mix;
pub mod handover;
pub mod targets;
pub mod master;
pub mod deliver;
pub mod report;
pub mod demo;
