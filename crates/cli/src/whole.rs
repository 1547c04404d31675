//! A folder of deliverables that appears whole or not at all.
//!
//! Everything is written into a hidden folder beside the one that is wanted; at the end it gets its checksums and its name. What fails
//! or is interrupted leaves nothing; what was killed is swept by the next run. An earlier folder is replaced only when its own
//! checksums say that nothing in it was changed or added by a person.

use md5::{Digest, Md5};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use studio::message::{Error, Kind, Result};

/// Checksums as `b3sum -c` and `md5sum -c` read them.
pub(crate) const BLAKE3_FILE: &str = "checksums.b3";
pub(crate) const MD5_FILE: &str = "checksums.md5";
/// Held open while the folder is worked in, so that nobody sweeps it.
const LOCK_FILE: &str = ".lock";

/// Numbers of the folders of this process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// A folder on its way.
#[derive(Debug)]
pub(crate) struct Whole {
    target: PathBuf,
    work: PathBuf,
    force: bool,
    lock: Option<File>,
}

impl Whole {
    /// Begins a folder that is to be called `target`.
    ///
    /// # Errors
    /// `exists`, `not_a_folder`, `not_ours` for a folder with work of a person in it; `not_found` when its parent is missing;
    /// `permission_denied`, `io`.
    pub(crate) fn create(target: &Path, force: bool) -> Result<Self> {
        let Some(name) = target.file_name() else {
            let error = Error::new(Kind::Usage, "not_a_folder", "this does not name a new folder");
            return Err(error.at(target.display()).hint("name a folder to be made, for example: out"));
        };
        may_take(target, force)?;
        // A link to an earlier folder stays a link.
        let target = if target.exists() {
            target.canonicalize().map_err(|error| Error::io(target, "find the folder", &error))?
        } else {
            target.to_owned()
        };
        let name = target.file_name().unwrap_or(name).to_string_lossy().chars().take(80).collect::<String>();
        let stem = format!(".{name}.tonmeister-");
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let parent = parent_of(&target);
        sweep(parent, &stem);
        let work = parent.join(format!("{stem}{}-{number}.work", std::process::id()));
        fs::create_dir(&work).map_err(|error| {
            let said = Error::io(&target, "make the folder", &error);
            match error.kind() {
                std::io::ErrorKind::NotFound => {
                    said.hint("the folder it belongs in does not exist: create it first")
                }
                _ => said,
            }
        })?;
        let mut whole = Self { target, work, force, lock: None };
        let lock = File::create(whole.work.join(LOCK_FILE))
            .map_err(|error| Error::io(&whole.target, "write in the folder", &error))?;
        let _ = lock.try_lock();
        whole.lock = Some(lock);
        Ok(whole)
    }

    /// Where to write meanwhile.
    pub(crate) fn path(&self) -> &Path {
        &self.work
    }

    /// Makes a folder in it.
    pub(crate) fn folder(&self, name: &str) -> Result<PathBuf> {
        let path = self.work.join(name);
        fs::create_dir_all(&path).map_err(|error| Error::io(&path, "make the folder", &error))?;
        Ok(path)
    }

    /// A text about files in it with the names they will have.
    pub(crate) fn named(&self, text: &str) -> String {
        let name = |path: &Path| {
            path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        };
        let text = text.replace(&self.work.display().to_string(), &self.target.display().to_string());
        // However else the way to it was written.
        text.replace(&name(&self.work), &name(&self.target))
    }

    /// As [`named`](Self::named), in every string of a document.
    pub(crate) fn named_json(&self, value: &mut serde_json::Value) {
        use serde_json::Value as V;
        match value {
            V::String(text) => *text = self.named(text),
            V::Array(list) => list.iter_mut().for_each(|one| self.named_json(one)),
            V::Object(map) => map.values_mut().for_each(|one| self.named_json(one)),
            _ => {}
        }
    }

    /// An error about files in it with the names they would have had.
    pub(crate) fn named_error(&self, mut error: Error) -> Error {
        error.at = error.at.map(|at| self.named(&at));
        error
    }

    /// Gives it checksums and its name; the files in it come back, by their paths in it.
    ///
    /// # Errors
    /// Those of [`create`](Self::create), for what happened meanwhile; `disk_full`, `io`.
    pub(crate) fn commit(mut self) -> Result<Vec<String>> {
        self.lock = None;
        let failed = |error: std::io::Error| Error::io(&self.target, "finish the folder", &error);
        fs::remove_file(self.work.join(LOCK_FILE)).map_err(failed)?;
        let mut files = files_below(&self.work)?;
        let sums = files.iter().map(|file| sums_of(&self.work.join(file))).collect::<Result<Vec<_>>>()?;
        let list = |which: fn(&Sums) -> &str| -> String {
            files.iter().zip(&sums).map(|(file, sums)| format!("{}  {file}\n", which(sums))).collect()
        };
        studio::files::write(&self.work.join(MD5_FILE), list(|sums| &sums.md5).as_bytes(), false)?;
        studio::files::write(&self.work.join(BLAKE3_FILE), list(|sums| &sums.blake3).as_bytes(), false)?;
        may_take(&self.target, self.force)?;
        let aside = self.work.with_extension("old");
        let there = self.target.exists();
        if there {
            fs::rename(&self.target, &aside).map_err(failed)?;
        }
        if let Err(error) = fs::rename(&self.work, &self.target) {
            if there {
                let _ = fs::rename(&aside, &self.target);
            }
            return Err(failed(error));
        }
        if there {
            // Nothing in it was a person's.
            let _ = fs::remove_dir_all(&aside);
        }
        if let Ok(parent) = File::open(parent_of(&self.target)) {
            let _ = parent.sync_all();
        }
        files.extend([MD5_FILE.to_owned(), BLAKE3_FILE.to_owned()]);
        Ok(files)
    }
}

impl Drop for Whole {
    fn drop(&mut self) {
        // It has another name if it was finished.
        if self.work.exists() {
            self.lock = None;
            let _ = fs::remove_dir_all(&self.work);
        }
    }
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether a folder of this name may be made, or replaced.
fn may_take(target: &Path, force: bool) -> Result<()> {
    if !target.exists() {
        return Ok(());
    }
    if !target.is_dir() {
        let error = Error::new(Kind::Usage, "not_a_folder", "this is a file, not a folder");
        return Err(error.at(target.display()).hint("name a folder"));
    }
    let files = files_below(target)?;
    if files.is_empty() {
        return Ok(());
    }
    if !force {
        let error = Error::new(Kind::Io, "exists", "there are files in this folder").at(target.display());
        return Err(error.hint("--force replaces an earlier run; another folder keeps both"));
    }
    match strangers(target, &files)?.as_slice() {
        [] => Ok(()),
        [first, rest @ ..] => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            let what = format!("`{first}`{more} was changed or added since this folder was made");
            let error = Error::new(Kind::Io, "not_ours", what).at(target.display());
            Err(error.hint("nothing of yours is replaced: move it away, or choose another folder"))
        }
    }
}

/// Files that are not as the checksums of the folder have them.
fn strangers(folder: &Path, files: &[String]) -> Result<Vec<String>> {
    let list = folder.join(BLAKE3_FILE);
    let known: BTreeMap<String, String> = match list.is_file() {
        true => studio::files::read_text(&list, "the checksums", 16 << 20)?
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(sum, file)| (file.to_owned(), sum.to_owned()))
            .collect(),
        false => BTreeMap::new(),
    };
    let mut found = Vec::new();
    for file in files.iter().filter(|file| *file != BLAKE3_FILE && *file != MD5_FILE) {
        let same = match known.get(file) {
            Some(sum) => sums_of(&folder.join(file))?.blake3 == *sum,
            None => false,
        };
        if !same {
            found.push(file.clone());
        }
    }
    if known.is_empty() && found.is_empty() {
        found.extend(files.iter().cloned());
    }
    Ok(found)
}

/// Every file below a folder, as a path from there with `/`, sorted.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    walk(folder, "", &mut found)?;
    found.sort();
    Ok(found)
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<()> {
    let failed = |error: std::io::Error| Error::io(folder, "read the folder", &error);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // A link is a file of its own here: what it leads to is somebody else's.
        match entry.file_type().map_err(failed)?.is_dir() {
            true => walk(&entry.path(), &format!("{name}/"), found)?,
            false => found.push(name),
        }
    }
    Ok(())
}

/// Checksums of a file.
struct Sums {
    md5: String,
    blake3: String,
}

fn sums_of(path: &Path) -> Result<Sums> {
    let failed = |error: std::io::Error| Error::io(path, "read the file", &error);
    let mut file = File::open(path).map_err(failed)?;
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
    Ok(Sums { md5, blake3: blake3.finalize().to_hex().to_string() })
}

/// Removes what killed programs left of this name.
fn sweep(parent: &Path, stem: &str) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(stem) && name.ends_with(".work"));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let lock = entry.path().join(LOCK_FILE);
            if File::open(lock).is_ok_and(|file| file.try_lock().is_ok()) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &Path) -> String {
        fs::read_to_string(path).expect("a text")
    }

    fn made(target: &Path, word: &str, force: bool) -> Result<Vec<String>> {
        let whole = Whole::create(target, force)?;
        fs::write(whole.folder("a").expect("a folder").join("x.txt"), word).expect("a file");
        whole.commit()
    }

    #[test]
    fn a_folder_appears_with_its_checksums_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out");
        let whole = Whole::create(&target, false).expect("it can be made");
        fs::write(whole.path().join("x.txt"), "half").expect("a file");
        assert!(!target.exists());
        assert_eq!(
            whole.named(&whole.path().join("x").display().to_string()),
            target.join("x").display().to_string()
        );
        drop(whole);
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0);
        assert_eq!(made(&target, "abc", false).expect("made"), ["a/x.txt", MD5_FILE, BLAKE3_FILE]);
        // By `printf abc | md5sum`.
        assert_eq!(text(&target.join(MD5_FILE)), "900150983cd24fb0d6963f7d28e17f72  a/x.txt\n");
        assert_eq!(files_below(dir.path()).expect("a list").len(), 3);
    }

    #[test]
    fn an_earlier_folder_is_replaced_only_by_force_and_only_if_it_is_as_it_was_made() {
        let dir = tempfile::tempdir().expect("a folder");
        let target = dir.path().join("out");
        made(&target, "one", false).expect("made");
        assert_eq!(made(&target, "two", false).expect_err("there").code, "exists");
        made(&target, "two", true).expect("replaced");
        assert_eq!(text(&target.join("a/x.txt")), "two");
        fs::write(target.join("notes.txt"), "mine").expect("a file");
        assert_eq!(made(&target, "three", true).expect_err("mine").code, "not_ours");
        fs::remove_file(target.join("notes.txt")).expect("gone");
        fs::write(target.join("a/x.txt"), "by hand").expect("a file");
        let error = made(&target, "three", true).expect_err("changed");
        assert_eq!((error.code, error.what.contains("a/x.txt")), ("not_ours", true));
        assert_eq!(text(&target.join("a/x.txt")), "by hand");
        // A folder that never was ours.
        let other = dir.path().join("other");
        fs::create_dir(&other).expect("a folder");
        fs::write(other.join("x"), "theirs").expect("a file");
        assert_eq!(made(&other, "three", true).expect_err("theirs").code, "not_ours");
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 2);
    }

    #[test]
    fn what_a_killed_program_left_goes_and_what_is_worked_in_stays() {
        let dir = tempfile::tempdir().expect("a folder");
        let left = dir.path().join(".out.tonmeister-1-0.work");
        fs::create_dir(&left).expect("a folder");
        fs::write(left.join(LOCK_FILE), "").expect("a file");
        let first = Whole::create(&dir.path().join("out"), false).expect("made");
        let second = Whole::create(&dir.path().join("out"), false).expect("made");
        assert!(!left.exists() && first.path().exists() && second.path().exists());
    }

    #[test]
    fn places_that_cannot_be_are_told() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("file"), "x").expect("a file");
        let code = |path: &Path| Whole::create(path, true).expect_err("it cannot be").code;
        assert_eq!(code(&dir.path().join("file")), "not_a_folder");
        assert_eq!(code(&dir.path().join("no/out")), "not_found");
        assert_eq!(code(Path::new("..")), "not_a_folder");
    }
}
