//! An album: songs in order, the silence between them, one tone and one family of levels, cut into tracks.
//!
//! ```text
//! folder or album.toml ─read→ Album ─prepare (listens)→ Prepared ─render→ sets, one folder a destination
//! ```
//!
//! [`prepare`] listens to every song once and proposes what the text leaves open, every value with its reason. [`render`] lays
//! the songs out to the frame, plays them through their chains into one stream, and puts one limiter and one quantiser behind
//! it: a mark is a cut between two samples, so what goes on without a seam in the prints goes on without a seam on the record.
//! The same text and the same files give the same bytes.

mod cut;
pub mod edges;
pub mod family;
mod gaps;
mod lay;
mod level;
mod listen;
mod passage;
pub mod plan;
mod propose;
mod read;
mod render;
mod response;
pub mod rhythm;
mod scan;
pub mod sheet;
mod source;
mod tape;
mod tracks;
mod write;

pub use lay::{Placed, Slot, Timeline};
pub use level::{Level, Levels};
pub use listen::Heard;
pub use passage::Passage;
pub use propose::{Prepared, prepare};
pub use sheet::Album;
pub use source::Part;
pub use tracks::{Track, file_name};

use crate::message::{Finding, Result};
use std::path::Path;

impl Album {
    /// An album of the prints in a folder, to begin with: order and titles from tags and names.
    ///
    /// # Errors
    /// `no_audio`, `too_many`, `io`.
    pub fn of_folder(folder: &Path, findings: &mut Vec<Finding>) -> Result<Self> {
        scan::folder(folder, findings)
    }
}
