//! One file under two names.

use super::{Verified, Written, misread};
use crate::files::NewFile;
use crate::message::{Error, Kind, Result};
use std::fs::File;
use std::path::Path;

impl Verified {
    /// The same bytes as a file that is to be called `path`, read back and compared. What costs the time, making and measuring, was
    /// done for the first.
    ///
    /// # Errors
    /// As [`NewFile::create`]; `disk_full`, `io`; `read_back` when the copy is not the same.
    pub(crate) fn twin(&self, path: &Path, force: bool) -> Result<Self> {
        let failed = |error: std::io::Error| Error::io(path, "copy the file", &error);
        let mut file = NewFile::create(path, force)?;
        let mut from = File::open(self.temporary()).map_err(failed)?;
        std::io::copy(&mut from, file.file()).map_err(failed)?;
        let (first, copy) = (self.temporary(), file.temporary());
        let (first, copy) = rayon::join(|| hash_of(first), || hash_of(copy));
        if first.map_err(failed)? != copy.map_err(failed)? {
            let error = Error::new(Kind::Input, "read_back", "the copy differs from what was copied");
            return Err(misread(error, path));
        }
        let written = Written { path: path.to_owned(), ..self.written.clone() };
        Ok(Self { file, written, retag: self.retag.clone() })
    }
}

fn hash_of(path: &Path) -> std::io::Result<blake3::Hash> {
    Ok(blake3::Hasher::new().update_reader(File::open(path)?)?.finalize())
}
