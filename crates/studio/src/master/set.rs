//! A folder for each destination: the master, its checksums, its delivery sheet.
//!
//! Masters are rendered beside each other first, all or none; then they are moved. Nothing is copied, and what fails moves back.

use super::{Master, Mastering, Place};
use crate::files::NewFile;
use crate::message::{Error, Kind, Result};
use md5::{Digest, Md5};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// Checksums as `md5sum -c` reads them.
const MD5_FILE: &str = "checksums.md5";
/// Checksums as `b3sum -c` reads them.
const BLAKE3_FILE: &str = "checksums.b3";
/// What a person reads.
const SHEET_FILE: &str = "delivery.md";

/// What a master is called in its folder: `song.wav`.
fn plain_name(print: &Path, ending: &str) -> String {
    let stem = print.file_stem().map_or_else(|| "master".into(), |stem| stem.to_string_lossy().into_owned());
    format!("{stem}.{ending}")
}

/// Fails early where a set could not be laid out in the end.
///
/// # Errors
/// `exists` without `force`; `same_folder` for two masters of one target.
pub fn check<'a>(targets: impl IntoIterator<Item = &'a str>, place: Place<'_>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for target in targets {
        let folder = place.folder.join(target);
        if !seen.insert(target) {
            let error = Error::new(Kind::Usage, "same_folder", "two masters would share a folder");
            return Err(error.at(folder.display()).hint("a set has one master for each target"));
        }
        let taken =
            folder.is_file() || fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        if taken && !place.force {
            let error = Error::new(Kind::Io, "exists", "the folder of this target exists already");
            return Err(error
                .at(folder.display())
                .hint("--force replaces what is in it; another folder keeps both"));
        }
    }
    Ok(())
}

/// Moves the masters of a run into folders of their own, with checksums and sheets. `sheet` is the text of one.
///
/// # Errors
/// As [`check`]; `io`. The masters are back where they were then.
pub fn arrange(
    mastering: &mut Mastering,
    print: &Path,
    place: Place<'_>,
    sheet: &dyn Fn(&Master, &str) -> String,
) -> Result<()> {
    check(mastering.masters.iter().map(|master| master.delivery.target.as_str()), place)?;
    let mut moved: Vec<(PathBuf, PathBuf)> = Vec::new();
    let result = lay_out(&mastering.masters, print, place, sheet, &mut moved);
    if let Err(error) = result {
        for (from, to) in moved.iter().rev() {
            let _ = fs::rename(to, from);
            // Only an empty folder can be removed so.
            let _ = to.parent().map(fs::remove_dir);
        }
        return Err(error);
    }
    for (master, (_, to)) in mastering.masters.iter_mut().zip(moved) {
        master.written.path = to;
    }
    Ok(())
}

fn lay_out(
    masters: &[Master],
    print: &Path,
    place: Place<'_>,
    sheet: &dyn Fn(&Master, &str) -> String,
    moved: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<()> {
    let mut texts = Vec::new();
    for master in masters {
        let folder = place.folder.join(&master.delivery.target);
        fs::create_dir_all(&folder).map_err(|error| Error::io(&folder, "make the folder", &error))?;
        let from = master.written.path.clone();
        let ending = from.extension().map_or_else(String::new, |e| e.to_string_lossy().into_owned());
        let name = plain_name(print, &ending);
        let (md5, blake3) = hashes(&from)?;
        for (file, text) in [
            (MD5_FILE, format!("{md5}  {name}\n")),
            (BLAKE3_FILE, format!("{blake3}  {name}\n")),
            (SHEET_FILE, sheet(master, &name)),
        ] {
            let path = folder.join(file);
            let mut new = NewFile::create(&path, place.force)?;
            new.file()
                .write_all(text.as_bytes())
                .map_err(|error| Error::io(&path, "write the file", &error))?;
            texts.push(new);
        }
        let to = folder.join(name);
        fs::rename(&from, &to).map_err(|error| Error::io(&to, "move the master", &error))?;
        moved.push((from, to));
    }
    texts.into_iter().try_for_each(NewFile::commit)
}

/// MD5 and BLAKE3 of a file, in hexadecimal.
fn hashes(path: &Path) -> Result<(String, String)> {
    let failed = |error: std::io::Error| Error::io(path, "read the master", &error);
    let mut file = fs::File::open(path).map_err(failed)?;
    let (mut md5, mut blake3, mut buffer) = (Md5::new(), blake3::Hasher::new(), vec![0; 1 << 16]);
    loop {
        let bytes = file.read(&mut buffer).map_err(failed)?;
        if bytes == 0 {
            break;
        }
        md5.update(&buffer[..bytes]);
        blake3.update(&buffer[..bytes]);
    }
    let md5: String = md5.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((md5, blake3.finalize().to_hex().to_string()))
}
