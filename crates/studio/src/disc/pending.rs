//! Files that are whole and wait for their names.

use crate::files::{self, NewFile, NewFolder};
use crate::message::{Finding, Result};
use std::path::{Path, PathBuf};

/// Files of a folder that are whole, read back, and have only to be named: all of them or none. Dropped, they leave nothing.
#[derive(Debug)]
pub struct Pending {
    files: Vec<NewFile>,
    /// What an earlier set left and this one has not; goes when this one is named.
    stale: Vec<PathBuf>,
    findings: Vec<Finding>,
    /// After the files, so that it is empty when it goes.
    folder: NewFolder,
}

impl Pending {
    pub(crate) fn new(
        folder: NewFolder,
        files: Vec<NewFile>,
        stale: Vec<PathBuf>,
        findings: Vec<Finding>,
    ) -> Self {
        Self { files, stale, findings, folder }
    }

    /// Where the files will be.
    pub fn targets(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(NewFile::target)
    }

    /// Where a file is until it has its name, for reading it back; by the last part of its name.
    #[must_use]
    pub fn temporary(&self, name: &str) -> Option<&Path> {
        let file = self.files.iter().find(|file| file.target().file_name().is_some_and(|own| own == name))?;
        Some(file.temporary())
    }

    /// What should be known.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Names the files of this set.
    ///
    /// # Errors
    /// As [`commit_all`].
    pub fn commit(self) -> Result<Vec<PathBuf>> {
        commit_all(vec![self])
    }
}

/// Names the files of several sets together; where they are comes back, in order. When one cannot have its name, those that
/// were new are taken back.
///
/// # Errors
/// `exists`, `disk_full`, `io`.
pub fn commit_all(sets: Vec<Pending>) -> Result<Vec<PathBuf>> {
    let (mut new, mut stale, mut folders) = (Vec::new(), Vec::new(), Vec::new());
    for set in sets {
        new.extend(set.files);
        stale.extend(set.stale);
        folders.push(set.folder);
    }
    let named = files::commit_all(new)?;
    folders.into_iter().for_each(NewFolder::keep);
    // What cannot be removed is in nobody's way: readers go by the map.
    stale.iter().for_each(|path| drop(std::fs::remove_file(path)));
    Ok(named)
}
