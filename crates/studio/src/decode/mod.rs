//! Files become audio.

use crate::audio::Source;
use crate::message::{Error, Result};
use std::path::Path;

/// How to treat doubtful input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Take whole frames of a truncated file, with a finding, instead of an error.
    pub salvage: bool,
    /// Replace NaN and infinity by silence, with a finding, instead of an error.
    pub repair: bool,
    /// Take FLAC whose checksum does not match, with a finding, instead of an error.
    pub allow_bad_md5: bool,
}

/// Opens a file by its content, never by its name.
pub fn open(path: &Path, options: Options) -> Result<Box<dyn Source>> {
    let _ = options;
    Err(Error::input("unsupported", "not audio").at(path.display()))
}
