//! The mix assistant: a folder of tracks becomes a session that a person can read, change and keep.
//!
//! ```text
//! folder ─hear→ tracks with their measurements ─sort→ roles ─align→ polarity and time ─decide→ moves ─write→ session.toml
//! ```
//!
//! It writes a session and the reasons for every value in it. It hears groups through the engine to close the balance on
//! what is rendered, but prints nothing and masters nothing.

pub mod again;
pub mod align;
mod assist;
pub mod beds;
pub mod close;
pub mod decide;
pub mod explain;
pub mod hear;
pub mod ingest;
pub mod moves;
pub mod prepare;
pub mod sort;
pub mod styles;
pub mod time;
pub mod variants;
pub mod write;

pub use assist::{Request, assist, not_mended};
