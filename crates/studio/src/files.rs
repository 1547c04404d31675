//! Files that appear whole or not at all.
//!
//! A [`NewFile`] is written under a temporary name in the folder where it belongs, flushed to the disk, and given its name in
//! one step. Until then nothing of that name is touched; when anything fails, or the work is dropped, the temporary file goes.
//! What a killed program left behind is removed by the next one that writes the same name: a temporary file is locked while
//! it is in use, so a file that can be locked belongs to nobody.

use crate::message::{Error, Kind, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is being written.
#[derive(Debug)]
pub struct NewFile {
    target: PathBuf,
    temporary: PathBuf,
    file: File,
    force: bool,
    done: bool,
}

/// Keeps temporary names of one process apart.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl NewFile {
    /// Begins a file that is to be called `path`. The folder must exist. An existing file of that name is replaced, at the
    /// end, if `force`; a link is followed.
    ///
    /// # Errors
    /// `exists` without `force`, `not_a_file` when the name is taken by a folder, `not_found` when the folder is missing,
    /// `permission_denied`, `disk_full`, `io`.
    pub fn create(path: &Path, force: bool) -> Result<Self> {
        let target = check_target(path, force)?;
        sweep(&target);
        for _ in 0..1000 {
            let temporary = temporary_name(&target)?;
            match OpenOptions::new().read(true).write(true).create_new(true).open(&temporary) {
                // Between the two steps another program may have taken it for a leftover.
                Ok(file) if file.try_lock().is_err() || !temporary.exists() => {}
                Ok(file) => return Ok(Self { target, temporary, file, force, done: false }),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot_create(path, &error)),
            }
        }
        Err(Error::new(Kind::Io, "io", "too many temporary files of earlier runs are in the way")
            .at(path.display()))
    }

    /// The file to write to; it can be read as well.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Another handle on the same file, with the same position.
    ///
    /// # Errors
    /// `io`.
    pub fn handle(&self) -> Result<File> {
        self.file.try_clone().map_err(|error| Error::io(&self.target, "open the file twice", &error))
    }

    /// Where the content is until [`commit`](Self::commit), for reading it back.
    #[must_use]
    pub fn temporary(&self) -> &Path {
        &self.temporary
    }

    /// What the file will be called.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Writes everything to the disk and gives the file its name.
    ///
    /// # Errors
    /// `exists` when a file of that name has appeared meanwhile and must not be replaced; `disk_full`, `io`.
    pub fn commit(mut self) -> Result<()> {
        let failed = |doing: &str, error: std::io::Error| Error::io(&self.target, doing, &error);
        self.file.sync_all().map_err(|error| failed("write the file to the disk", error))?;
        if self.force {
            fs::rename(&self.temporary, &self.target).map_err(|error| failed("name the file", error))?;
        } else {
            self.name_without_replacing()?;
        }
        self.done = true;
        sync_folder(&self.target);
        Ok(())
    }

    /// A second name fails when the name is taken, which renaming would not; where the disk knows no second names, the
    /// check comes first.
    fn name_without_replacing(&self) -> Result<()> {
        match fs::hard_link(&self.temporary, &self.target) {
            // What was named stays if the temporary name cannot be removed.
            Ok(()) => {
                let _ = fs::remove_file(&self.temporary);
                Ok(())
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(exists(&self.target)),
            Err(_) if self.target.exists() => Err(exists(&self.target)),
            Err(_) => fs::rename(&self.temporary, &self.target)
                .map_err(|error| Error::io(&self.target, "name the file", &error)),
        }
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.done {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Gives all files their names, and says where they are. If one cannot have its name, those that were not there before go
/// again.
///
/// # Errors
/// As [`NewFile::commit`].
pub fn commit_all(files: Vec<NewFile>) -> Result<Vec<PathBuf>> {
    let (mut done, mut fresh) = (Vec::new(), Vec::new());
    for file in files {
        let path = file.target().to_owned();
        let new = !path.exists();
        if let Err(error) = file.commit() {
            // What cannot be removed is whole, at least.
            fresh.iter().for_each(|path: &PathBuf| drop(fs::remove_file(path)));
            return Err(error);
        }
        fresh.extend(new.then(|| path.clone()));
        done.push(path);
    }
    Ok(done)
}

/// A folder for new files: made if it is not there, and gone again if nothing came of it.
#[derive(Debug)]
pub struct NewFolder {
    path: PathBuf,
    made: bool,
}

impl NewFolder {
    /// Makes the folder `path` in one that exists, or takes it as it is.
    ///
    /// # Errors
    /// `not_a_folder` when a file has that name; `not_found` when the folder it belongs in is missing; `permission_denied`,
    /// `io`.
    pub fn create(path: &Path) -> Result<Self> {
        let path = path.to_owned();
        if path.is_dir() {
            return Ok(Self { path, made: false });
        }
        if path.exists() {
            return Err(Error::new(Kind::Usage, "not_a_folder", "this is a file, not a folder")
                .at(path.display())
                .hint("name a folder"));
        }
        fs::create_dir(&path).map_err(|error| Error::io(&path, "make the folder", &error))?;
        Ok(Self { path, made: true })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Something came of it: it stays.
    pub fn keep(mut self) {
        self.made = false;
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if self.made {
            // A folder with something in it stays.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Writes a whole file at once.
///
/// # Errors
/// As [`NewFile::create`] and [`NewFile::commit`].
pub fn write(path: &Path, content: &[u8], force: bool) -> Result<()> {
    let mut new = NewFile::create(path, force)?;
    new.file().write_all(content).map_err(|error| Error::io(path, "write the file", &error))?;
    new.commit()
}

/// Reads a text of at most `most_bytes`; `what` it is ("the session") is for the messages. Only a regular file is opened: a
/// pipe can wait for ever, a device has no end.
///
/// # Errors
/// `not_found`, `permission_denied`, `io`; `not_a_file`, `too_large`, `not_utf8`.
pub fn read_text(path: &Path, what: &str, most_bytes: u64) -> Result<String> {
    let failed = |error: std::io::Error| Error::io(path, &format!("read {what}"), &error);
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(
            Error::input("not_a_file", format!("{what} is a text file; this is none")).at(path.display())
        );
    }
    let mut bytes = Vec::new();
    File::open(path)
        .map_err(failed)?
        .take(most_bytes.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if bytes.len() as u64 > most_bytes {
        let found = format!("{what} has more than {most_bytes} bytes");
        return Err(Error::input("too_large", found).at(path.display()));
    }
    String::from_utf8(bytes)
        .map_err(|_| Error::input("not_utf8", format!("{what} is not UTF-8 text")).at(path.display()))
}

/// Refuses to write onto something that is being read, by whatever name.
///
/// # Errors
/// `output_is_input`.
pub fn refuse_inputs<'a>(output: &Path, inputs: impl IntoIterator<Item = &'a Path>) -> Result<()> {
    let Ok(output_file) = fs::canonicalize(output) else { return Ok(()) };
    for input in inputs {
        if fs::canonicalize(input).is_ok_and(|input| input == output_file) {
            let what = "the output would replace a file that is read";
            return Err(Error::new(Kind::Usage, "output_is_input", what)
                .at(output.display())
                .hint("choose another name or folder for the output; inputs are never written to"));
        }
    }
    Ok(())
}

/// The real name to write to.
fn check_target(path: &Path, force: bool) -> Result<PathBuf> {
    match fs::metadata(path) {
        Ok(about) if about.is_dir() => Err(Error::new(Kind::Usage, "not_a_file", "this is a folder")
            .at(path.display())
            .hint("name a file in it")),
        Ok(about) if !about.is_file() => {
            Err(Error::new(Kind::Usage, "not_a_file", "this is a device, not a file").at(path.display()))
        }
        Ok(_) if !force => Err(exists(path)),
        Ok(_) => fs::canonicalize(path).map_err(|error| Error::io(path, "find the file", &error)),
        Err(_) if path.file_name().is_none() => {
            Err(Error::new(Kind::Usage, "not_a_file", "this does not name a file").at(path.display()))
        }
        Err(_) => Ok(path.to_owned()),
    }
}

fn exists(path: &Path) -> Error {
    Error::new(Kind::Io, "exists", "this file exists already")
        .at(path.display())
        .hint("choose another name, or allow replacing it (--force)")
}

fn cannot_create(path: &Path, error: &std::io::Error) -> Error {
    let said = Error::io(path, "create the file", error);
    match error.kind() {
        std::io::ErrorKind::NotFound => said.hint("the folder does not exist: create it first"),
        _ => said,
    }
}

/// `.name.tonmeister-<process>-<number>.tmp`, beside the target.
fn temporary_name(target: &Path) -> Result<PathBuf> {
    let name = target.file_name().ok_or_else(|| {
        Error::new(Kind::Usage, "not_a_file", "this does not name a file").at(target.display())
    })?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Ok(target.with_file_name(format!("{}{}-{number}.tmp", temporary_stem(name), std::process::id())))
}

/// How the temporary names of a name begin.
fn temporary_stem(name: &std::ffi::OsStr) -> String {
    // Cut so that the longer name still fits the 255 bytes that file systems take.
    let stem: String = name.to_string_lossy().chars().take(50).collect();
    format!(".{stem}.tonmeister-")
}

/// Removes what killed programs left of this name. Whatever cannot be removed stays: it is in nobody's way.
fn sweep(target: &Path) {
    let Some(stem) = target.file_name().map(temporary_stem) else { return };
    let Ok(entries) = fs::read_dir(folder_of(target)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(&stem) && name.ends_with(".tmp"));
        let path = entry.path();
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let free = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
            let _ = free.then(|| fs::remove_file(&path));
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes the new name last through a power cut, where the system can.
fn sync_folder(target: &Path) {
    if let Ok(folder) = File::open(folder_of(target)) {
        let _ = folder.sync_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let mut new = NewFile::create(&path, false).unwrap();
        new.file().write_all(b"half").unwrap();
        assert!(!path.exists());
        new.file().write_all(b" and half").unwrap();
        new.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"half and half");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn files_get_their_names_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let new = |name: &str| NewFile::create(&folder.path().join(name), false).unwrap();
        assert_eq!(
            commit_all(vec![new("a"), new("b")]).unwrap(),
            [folder.path().join("a"), folder.path().join("b")]
        );
        let (first, second) = (new("c"), new("d"));
        fs::write(folder.path().join("d"), "theirs").unwrap();
        assert_eq!(commit_all(vec![first, second]).unwrap_err().code, "exists");
        assert_eq!(names(folder.path()), ["a", "b", "d"]);
    }

    #[test]
    fn a_new_folder_goes_again_when_nothing_came_of_it() {
        let outside = tempfile::tempdir().unwrap();
        let path = outside.path().join("new");
        drop(NewFolder::create(&path).unwrap());
        assert!(!path.exists());
        NewFolder::create(&path).unwrap().keep();
        assert!(path.exists());
        // It was there before: it stays.
        drop(NewFolder::create(&path).unwrap());
        assert!(path.exists());
        fs::write(outside.path().join("file"), "").unwrap();
        assert_eq!(NewFolder::create(&outside.path().join("file")).unwrap_err().code, "not_a_folder");
        assert_eq!(NewFolder::create(&outside.path().join("no/new")).unwrap_err().code, "not_found");
    }

    #[test]
    fn what_is_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut new = NewFile::create(&folder.path().join("a.txt"), false).unwrap();
        new.file().write_all(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 1);
        drop(new);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn leftovers_of_killed_programs_go_and_files_in_use_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        fs::write(folder.path().join(".a.txt.tonmeister-1-0.tmp"), "left by a killed program").unwrap();
        fs::write(folder.path().join(".b.txt.tonmeister-1-0.tmp"), "of another name").unwrap();
        let in_use = NewFile::create(&path, false).unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        write(&path, b"whole", false).unwrap();
        assert!(in_use.temporary().exists());
        drop(in_use);
        assert_eq!(names(folder.path()), [".b.txt.tonmeister-1-0.tmp", "a.txt"]);
    }

    #[test]
    fn an_existing_file_is_kept_unless_forced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        write(&path, b"old", false).unwrap();
        let error = write(&path, b"new", false).unwrap_err();
        assert_eq!((error.code, error.kind), ("exists", Kind::Io));
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write(&path, b"new", true).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_kept_too() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        let new = NewFile::create(&path, false).unwrap();
        fs::write(&path, b"theirs").unwrap();
        assert_eq!(new.commit().unwrap_err().code, "exists");
        assert_eq!(fs::read(&path).unwrap(), b"theirs");
        assert_eq!(names(folder.path()), ["a.txt"]);
    }

    #[test]
    fn missing_folders_and_folders_in_place_of_files_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("no/a.txt"), b"", false).unwrap_err();
        assert_eq!(error.code, "not_found");
        assert!(error.hint.unwrap().contains("create"));
        assert_eq!(write(folder.path(), b"", true).unwrap_err().code, "not_a_file");
        assert_eq!(write(Path::new("/"), b"", true).unwrap_err().code, "not_a_file");
    }

    #[test]
    fn a_text_is_read_only_from_a_file_of_a_sensible_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.toml");
        write(&path, "Größe".as_bytes(), false).unwrap();
        assert_eq!(read_text(&path, "the text", 7).unwrap(), "Größe");
        assert_eq!(read_text(&path, "the text", 6).unwrap_err().code, "too_large");
        write(&path, b"\xff", true).unwrap();
        assert_eq!(read_text(&path, "the text", 9).unwrap_err().code, "not_utf8");
        assert_eq!(read_text(folder.path(), "the text", 9).unwrap_err().code, "not_a_file");
        assert_eq!(read_text(&path.join("no"), "the text", 9).unwrap_err().kind, Kind::Io);
    }

    #[test]
    fn inputs_are_never_written_to_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in.wav");
        fs::write(&input, b"x").unwrap();
        let detour = folder.path().join(".").join("in.wav");
        let error = refuse_inputs(&detour, [input.as_path()]).unwrap_err();
        assert_eq!((error.code, error.kind), ("output_is_input", Kind::Usage));
        refuse_inputs(&folder.path().join("out.wav"), [input.as_path()]).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real.txt"), folder.path().join("link.txt"));
        fs::write(&real, b"old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        write(&link, b"new", true).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_may_not_be_written_to_is_told_and_very_long_names_work() {
        let folder = tempfile::tempdir().unwrap();
        let long = folder.path().join("ä".repeat(120));
        write(&long, b"x", false).unwrap();
        assert_eq!(fs::read(&long).unwrap(), b"x");
    }
}
