//! A folder for each destination: the master, its checksums, its delivery sheet.
//!
//! Masters are rendered beside each other first, all or none; then they are moved. Nothing is copied, and what fails moves back:
//! the masters to where they were rendered, files that were to be replaced to their names.

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

/// What a master is known by in its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Name of the file.
    pub name: String,
    /// MD5 of its bytes, in hexadecimal.
    pub md5: String,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub blake3: String,
}

/// Names and bytes of the sheets that go with a master.
pub type Sheets = Vec<(&'static str, Vec<u8>)>;

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

/// Moves the masters of a run into folders of their own, with checksums and sheets. `sheets` are those of one.
///
/// # Errors
/// As [`check`]; `not_a_file`, `disk_full`, `io`. Everything is back where it was then.
pub fn arrange(
    mastering: &mut Mastering,
    print: &Path,
    place: Place<'_>,
    sheets: &dyn Fn(&Master, &Label) -> Sheets,
) -> Result<()> {
    check(mastering.masters.iter().map(|master| master.delivery.target.as_str()), place)?;
    let parcels: Vec<Parcel<'_>> = mastering
        .masters
        .iter()
        .map(|master| Parcel {
            from: master.written.path.clone(),
            folder: place.folder.join(&master.delivery.target),
            sheets: Box::new(move |label| sheets(master, label)),
        })
        .collect();
    let paths = lay_out(&parcels, print)?;
    drop(parcels);
    for (master, path) in mastering.masters.iter_mut().zip(paths) {
        master.written.path = path;
    }
    Ok(())
}

/// A file and the folder it goes into.
struct Parcel<'a> {
    from: PathBuf,
    folder: PathBuf,
    sheets: Box<dyn Fn(&Label) -> Sheets + 'a>,
}

/// Lays out all parcels or none; says where the masters are.
fn lay_out(parcels: &[Parcel<'_>], print: &Path) -> Result<Vec<PathBuf>> {
    let mut moves = Moves::default();
    match move_all(parcels, print, &mut moves) {
        Ok(paths) => {
            moves.keep();
            Ok(paths)
        }
        Err(error) => {
            moves.undo();
            Err(error)
        }
    }
}

fn move_all(parcels: &[Parcel<'_>], print: &Path, moves: &mut Moves) -> Result<Vec<PathBuf>> {
    let (mut texts, mut paths) = (Vec::new(), Vec::new());
    for Parcel { from, folder, sheets } in parcels {
        moves.folder(folder)?;
        let ending = from.extension().map_or_else(String::new, |e| e.to_string_lossy().into_owned());
        let label = label(from, plain_name(print, &ending))?;
        let sums = [(MD5_FILE, &label.md5), (BLAKE3_FILE, &label.blake3)]
            .map(|(file, sum)| (file, format!("{sum}  {}\n", label.name).into_bytes()));
        for (file, bytes) in sums.into_iter().chain(sheets(&label)) {
            let path = folder.join(file);
            let mut new = NewFile::create(&path, true)?;
            new.file().write_all(&bytes).map_err(|error| Error::io(&path, "write the file", &error))?;
            texts.push((path, new));
        }
        paths.push(folder.join(&label.name));
    }
    // Everything is written: from here on there are only names to give.
    for (Parcel { from, .. }, to) in parcels.iter().zip(&paths) {
        moves.make_room(to)?;
        fs::rename(from, to).map_err(|error| Error::io(to, "move the master", &error))?;
        moves.done.push(Done::Moved { from: from.clone(), to: to.clone() });
    }
    for (path, new) in texts {
        moves.make_room(&path)?;
        new.commit()?;
        moves.done.push(Done::Written(path));
    }
    Ok(paths)
}

/// What was done so far, to be undone in reverse.
#[derive(Default)]
struct Moves {
    done: Vec<Done>,
}

enum Done {
    /// A folder was made.
    Folder(PathBuf),
    /// A file that was there has another name meanwhile.
    Aside { from: PathBuf, to: PathBuf },
    /// A master was moved.
    Moved { from: PathBuf, to: PathBuf },
    /// A text got its name.
    Written(PathBuf),
}

impl Moves {
    fn folder(&mut self, folder: &Path) -> Result<()> {
        if folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", &error))?;
        self.done.push(Done::Folder(folder.to_owned()));
        Ok(())
    }

    /// Puts aside what has this name.
    fn make_room(&mut self, path: &Path) -> Result<()> {
        let Ok(about) = fs::symlink_metadata(path) else { return Ok(()) };
        if about.is_dir() {
            let error = Error::new(Kind::Usage, "not_a_file", "a folder has the name of a file of this set");
            return Err(error.at(path.display()).hint("move it away, or choose another folder"));
        }
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let aside = path.with_file_name(format!(".{name}.replaced"));
        fs::rename(path, &aside).map_err(|error| Error::io(path, "replace the file", &error))?;
        self.done.push(Done::Aside { from: path.to_owned(), to: aside });
        Ok(())
    }

    /// What can be undone is undone; what cannot is whole at least.
    fn undo(self) {
        for done in self.done.into_iter().rev() {
            let _ = match done {
                // Only an empty folder can be removed so.
                Done::Folder(folder) => fs::remove_dir(folder),
                Done::Aside { from, to } | Done::Moved { from, to } => fs::rename(to, from),
                Done::Written(path) => fs::remove_file(path),
            };
        }
    }

    /// What was put aside is no longer needed.
    fn keep(self) {
        for done in self.done {
            if let Done::Aside { to, .. } = done {
                let _ = fs::remove_file(to);
            }
        }
    }
}

/// Name, MD5 and BLAKE3 of a file.
fn label(path: &Path, name: String) -> Result<Label> {
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
    Ok(Label { name, md5, blake3: blake3.finalize().to_hex().to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every file below a folder with its text, sorted.
    fn tree(folder: &Path) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                found.push((format!("{name}/"), String::new()));
                found.extend(tree(&path).into_iter().map(|(inner, text)| (format!("{name}/{inner}"), text)));
            } else {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    /// Two masters in a folder, an older set of one of them in its place, and something of the user's.
    fn scene() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("song.cd.wav"), "new cd").unwrap();
        fs::write(dir.path().join("song.vinyl.wav"), "new vinyl").unwrap();
        fs::create_dir(dir.path().join("cd")).unwrap();
        for (name, text) in [("song.wav", "old cd"), ("checksums.md5", "old sum"), ("notes.txt", "mine")] {
            fs::write(dir.path().join("cd").join(name), text).unwrap();
        }
        dir
    }

    fn lay(dir: &Path, sheets: &dyn Fn(&Label) -> Sheets) -> Result<Vec<PathBuf>> {
        let parcels: Vec<Parcel<'_>> = ["cd", "vinyl"]
            .iter()
            .map(|target| Parcel {
                from: dir.join(format!("song.{target}.wav")),
                folder: dir.join(target),
                sheets: Box::new(sheets),
            })
            .collect();
        lay_out(&parcels, Path::new("song.flac"))
    }

    #[test]
    fn a_set_replaces_what_was_there_and_leaves_what_is_not_its_own() {
        let dir = scene();
        let paths = lay(dir.path(), &|label| vec![("delivery.md", label.name.clone().into_bytes())]).unwrap();
        assert_eq!(paths, [dir.path().join("cd/song.wav"), dir.path().join("vinyl/song.wav")]);
        let found = tree(dir.path());
        let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let wanted = [
            "cd/",
            "cd/checksums.b3",
            "cd/checksums.md5",
            "cd/delivery.md",
            "cd/notes.txt",
            "cd/song.wav",
            "vinyl/",
            "vinyl/checksums.b3",
            "vinyl/checksums.md5",
            "vinyl/delivery.md",
            "vinyl/song.wav",
        ];
        assert_eq!(names, wanted);
        assert_eq!((found[5].1.as_str(), found[4].1.as_str()), ("new cd", "mine"));
        // By `printf 'new cd' | md5sum`.
        assert_eq!(found[2].1, "2f01e8e764b6b9fe20bd8a228595939a  song.wav\n");
    }

    #[test]
    fn whatever_fails_everything_is_back_where_it_was() {
        // What goes wrong while the sheets of the last master are made: a folder takes the name of a file. The first two are met
        // before anything has moved, the third when a master has, the last when all have and some texts have their names.
        for obstacle in ["vinyl/delivery.pdf", "vinyl/checksums.b3", "vinyl/song.wav", "cd/delivery.pdf"] {
            let dir = scene();
            let before = tree(dir.path());
            let result = lay(dir.path(), &|_| {
                if dir.path().join("vinyl").exists() {
                    fs::create_dir(dir.path().join(obstacle)).unwrap();
                }
                vec![("delivery.md", b"x".to_vec()), ("delivery.pdf", b"y".to_vec())]
            });
            assert_eq!(result.unwrap_err().code, "not_a_file", "{obstacle}");
            fs::remove_dir(dir.path().join(obstacle)).unwrap();
            let _ = fs::remove_dir(dir.path().join("vinyl"));
            assert_eq!(tree(dir.path()), before, "{obstacle}");
        }
    }

    #[test]
    fn a_master_that_is_gone_leaves_no_folder_and_no_sums() {
        let dir = scene();
        fs::remove_file(dir.path().join("song.vinyl.wav")).unwrap();
        let before = tree(dir.path());
        let error = lay(dir.path(), &|_| Vec::new()).unwrap_err();
        assert_eq!(error.code, "not_found");
        assert_eq!(tree(dir.path()), before);
    }
}
