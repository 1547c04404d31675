//! The path of a record, in order.
//!
//! ```text
//! files ─decode→ audio ─session→ what the user wrote ─engine→ plan, verified, aligned ─mix→ Print
//! Print (read back from disk) ─handover→ Premaster ─master→ Master ─deliver→ files ─report→ numbers and words
//! ```
//!
//! The path is in the types: only [`mix`] makes a `Print`, only [`handover`] makes a `Premaster`, only [`master`]
//! makes a `Master`, and [`deliver`] writes nothing else. There is no function from a session to a master.

pub mod album;
pub mod audio;
pub mod codec;
pub mod decode;
pub mod deliver;
pub mod demo;
pub mod difference;
pub mod disc;
pub mod engine;
pub mod files;
pub mod handover;
pub mod job;
pub mod master;
pub mod message;
pub mod meters;
pub mod mix;
pub(crate) mod pipe;
pub mod report;
pub mod services;
pub mod session;
pub mod sheet;
pub mod streams;
pub mod suggest;
pub mod targets;
pub mod vinyl;
