//! Compact discs: what is on them, the rules they keep, the files that plants and burners take.
//!
//! ```text
//! Disc ─rules→ RedBook ─ddp::Writer, burn::Writer (+ 16-bit frames)→ Pending ─commit→ files
//! ```
//!
//! [`Disc`] is what someone wants, [`RedBook`] one that keeps every rule; only the latter is written. Audio is pushed as it
//! comes, so an album that runs on through its marks stays whole.

pub mod burn;
mod check;
mod codes;
mod crc;
pub mod cue;
pub mod ddp;
pub mod extract;
mod image;
#[cfg(test)]
mod judges;
mod pending;
pub mod pq;
mod sectors;
pub mod text;
mod toc;
mod tracks;

pub use check::{RedBook, check, finding_of};
pub use codes::{Ean, Isrc};
pub use image::{Hashes, Image};
pub use pending::{Pending, commit_all};
pub use sectors::{FRAMES_PER_SECTOR, SECTOR_BYTES, SECTORS_PER_SECOND, Sectors};
pub use tracks::{Copying, Disc, Flags, Track};
