//! The folder of a fileset: files by their names in any case, checksums.

use super::super::super::image::{Hashes, hash_all};
use super::super::checksums::{self, Asked};
use super::{blocker, note, warning};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, clean_name};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The largest record file that is read: the PQ descriptor of 99 tracks with 99 indexes has 633 792 bytes.
const MOST_BYTES: u64 = 4 << 20;

/// Files of a folder by their names in capitals: plants unpack sets onto disks that know no small letters.
pub(super) struct Folder {
    path: PathBuf,
    files: BTreeMap<String, PathBuf>,
}

impl Folder {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error: std::io::Error| Error::io(path, "read the folder", &error);
        if !fs::metadata(path).map_err(failed)?.is_dir() {
            return Err(Error::new(Kind::Usage, "not_a_folder", "a fileset is a folder; this is a file")
                .at(path.display())
                .hint("name the folder with DDPID and DDPMS; unpack it first if it is an archive"));
        }
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_string_lossy().to_uppercase();
            if fs::metadata(entry.path()).is_ok_and(|about| about.is_file()) {
                files.insert(name, entry.path());
            }
        }
        let folder = Self { path: path.to_owned(), files };
        for name in ["DDPID", "DDPMS"] {
            if folder.find(name).is_none() {
                return Err(Error::input(
                    "not_a_fileset",
                    format!("no {name} here; every DDP fileset has DDPID and DDPMS"),
                )
                .at(path.display())
                .hint(
                    "name the folder in which they are; a folder of WAV files with a cue sheet is no fileset",
                ));
            }
        }
        Ok(folder)
    }

    fn find(&self, name: &str) -> Option<&PathBuf> {
        self.files.get(&name.to_uppercase())
    }

    /// Where a file is. Only names of the folder itself are found, so none leads out of it.
    pub(super) fn path(&self, name: &str) -> Result<PathBuf> {
        self.find(name).cloned().ok_or_else(|| {
            let what = format!("the map names the file `{}`, which is not there", clean_name(name));
            Error::input("missing_file", what)
                .at(self.path.display())
                .hint("the set is not complete: ask for it again")
        })
    }

    pub(super) fn bytes_of(&self, name: &str) -> Result<u64> {
        let path = self.path(name)?;
        Ok(fs::metadata(&path).map_err(|error| Error::io(&path, "look at the file", &error))?.len())
    }

    /// A file of records, whole.
    pub(super) fn small(&self, name: &str) -> Result<Vec<u8>> {
        read_small(&self.path(name)?)
    }

    /// Files with checksums: `CHECKSUM.MD5`, `MD5_CHECKSUM.MD5`, `MD5-Checksum.md5`, `CHECKSUM.TXT` and their like.
    fn sums(&self) -> impl Iterator<Item = &PathBuf> {
        let of_sums =
            |name: &str| name.ends_with(".MD5") || name.contains("CHECKSUM") || name.contains("MD5SUM");
        self.files.iter().filter(move |(name, _)| of_sums(name)).map(|(_, path)| path)
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>> {
    let failed = |error: std::io::Error| Error::io(path, "read the file", &error);
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MOST_BYTES {
        return Err(Error::input("too_large", format!("more than {MOST_BYTES} bytes; records are smaller"))
            .at(path.display())
            .hint("this is another file under that name"));
    }
    Ok(bytes)
}

fn hash(path: &Path, job: &Job<'_>) -> Result<Hashes> {
    let failed = |error: &std::io::Error| Error::io(path, "read the file", error);
    let mut file = File::open(path).map_err(|error| failed(&error))?;
    let length = file.metadata().map_err(|error| failed(&error))?.len();
    let (hashes, _) =
        hash_all(&mut file, &failed, &mut |done| job.step("compare checksums", done, length.max(done)))?;
    Ok(hashes)
}

/// Compares every file with the checksums beside it; the hashes of the image come back.
pub(super) fn verify(
    folder: &Folder,
    image: &str,
    streams: &[&str],
    job: &Job<'_>,
) -> Result<(Option<Hashes>, Vec<Finding>)> {
    let mut findings = Vec::new();
    let mut asked: BTreeMap<String, Vec<(String, Asked)>> = BTreeMap::new();
    for path in folder.sums() {
        let bytes = read_small(path)?;
        let source = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        for (name, sum) in checksums::parse(&crate::sheet::latin::decode(&bytes)) {
            asked.entry(name.to_uppercase()).or_default().push((source.clone(), sum));
        }
    }
    let mut wanted: Vec<&str> = vec!["DDPID", "DDPMS"];
    wanted.extend(streams);
    let mut of_image = None;
    for name in wanted.iter().copied().chain(extra(&asked, &wanted)) {
        let sums = asked.get(&name.to_uppercase()).map_or(&[][..], Vec::as_slice);
        let Some(path) = folder.find(name) else {
            findings.push(warning(
                "checksum_without_file",
                format!("{} has a checksum and is not there", clean_name(name)),
                "checksums",
                "ask whether it belongs to the set",
            ));
            continue;
        };
        let is_image = name.eq_ignore_ascii_case(image);
        if sums.is_empty() && !is_image {
            continue;
        }
        let hashes = hash(path, job)?;
        findings.extend(sums.iter().filter_map(|(source, sum)| mismatch(name, source, sum, &hashes)));
        of_image = if is_image { Some(hashes) } else { of_image };
    }
    findings.extend(uncovered(&asked, &wanted));
    Ok((of_image, findings))
}

/// Names with a checksum that the map does not know.
fn extra<'a>(asked: &'a BTreeMap<String, Vec<(String, Asked)>>, wanted: &[&str]) -> Vec<&'a str> {
    let known = |name: &str| wanted.iter().any(|own| own.eq_ignore_ascii_case(name));
    asked.keys().map(String::as_str).filter(|name| !known(name)).collect()
}

fn mismatch(name: &str, source: &str, sum: &Asked, found: &Hashes) -> Option<Finding> {
    let (told, is) = match sum {
        Asked::Md5(told) => (told.clone(), found.md5.clone()),
        Asked::Crc32(told) => (format!("{told:08X}"), format!("{:08X}", found.crc32)),
    };
    (told != is).then(|| {
        let what = format!("{}: {} tells {told}, the file has {is}", clean_name(name), clean_name(source));
        blocker("checksum", what, "checksums", "the file is not the one that was sent: ask for it again")
    })
}

fn uncovered(asked: &BTreeMap<String, Vec<(String, Asked)>>, wanted: &[&str]) -> Option<Finding> {
    let bare: Vec<&str> =
        wanted.iter().copied().filter(|name| !asked.contains_key(&name.to_uppercase())).collect();
    if bare.len() == wanted.len() {
        let advice = "nothing proves that the files came through whole: ask for checksums";
        return Some(warning("no_checksums", "no checksums lie beside the set", "checksums", advice));
    }
    (!bare.is_empty()).then(|| {
        let what = format!("no checksum for {}", bare.iter().map(clean_name).collect::<Vec<_>>().join(", "));
        note("checksum_missing", what, "checksums", "these files cannot be compared")
    })
}
