//! Filesets of other people: read, compared with themselves, held against the rules.
//!
//! Writers differ (blanks or zeros, one lead-out or two, codes here or there): what they differ in is taken as it comes. What
//! is wrong but can still be shown is a finding that stops at the gate; what leaves no table to show is an error.

mod files;
mod map;
mod pq;
#[cfg(test)]
mod tests;

use super::super::check::{check, finding_of};
use super::super::codes::Ean;
use super::super::image::Hashes;
use super::super::sectors::{SECTOR_BYTES, Sectors};
use super::super::text::unpack::{self, Unpacked};
use super::super::tracks::Disc;
use super::fields;
use crate::job::Job;
use crate::message::{Error, Finding, Result, Severity};
use files::Folder;
use map::Map;
use pq::Subcode;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A fileset that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fileset {
    /// Where it is.
    pub folder: PathBuf,
    /// Its audio.
    pub image: PathBuf,
    /// What is on it.
    pub disc: Disc,
    /// What should be known; blockers say why it is not fit to be pressed.
    pub findings: Vec<Finding>,
    /// MD5 of the audio.
    pub image_md5: String,
}

impl Fileset {
    /// Whether nothing stands against pressing it.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity < Severity::Blocker)
    }
}

/// Reads a fileset and verifies it: lengths, checksums, the image against map and lead-out, CD-TEXT, every rule.
///
/// The image is read once: as fast as the disk and MD5 are, about 500 MB/s.
///
/// # Errors
/// What leaves nothing to show: `not_a_folder`, `not_a_fileset`, `ddp_level`, `ddp_map`, `no_pq`, `no_image`,
/// `several_images`, `missing_file`, `too_large`, `pq_packet`, `track_numbers`, `index_numbers`, `no_index_01`; what reading
/// says; `interrupted`.
pub fn read(folder: &Path, job: &Job<'_>) -> Result<Fileset> {
    let files = Folder::open(folder)?;
    let id = files.small("DDPID")?;
    let map = map::parse(&files.small("DDPMS")?)?;
    let records = Records {
        pq: files.small(&map.pq.name)?,
        text: map.text.as_ref().map(|text| files.small(&text.name)).transpose()?,
        image_bytes: files.bytes_of(&map.image.name)?,
    };
    let (disc, mut findings) = parse(&id, &map, &records)?;
    let image = files.path(&map.image.name)?;
    let streams: Vec<&str> = map.names().collect();
    let (hashes, checked) = files::verify(&files, &map.image.name, &streams, job)?;
    findings.extend(checked);
    sort(&mut findings);
    let image_md5 = hashes.map(|Hashes { md5, .. }| md5).unwrap_or_default();
    Ok(Fileset { folder: folder.to_owned(), image, disc, findings, image_md5 })
}

/// Contents of the files that the map names.
struct Records {
    pq: Vec<u8>,
    text: Option<Vec<u8>>,
    image_bytes: u64,
}

/// Most serious first, else as they came.
fn sort(findings: &mut [Finding]) {
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
}

/// The disc that records tell of, held against itself and the rules.
fn parse(id: &[u8], map: &Map, records: &Records) -> Result<(Disc, Vec<Finding>)> {
    let (mut findings, ean, master_id) = identity(id)?;
    findings.extend(map.findings.iter().cloned());
    let Subcode { mut disc, ean: in_pq, findings: of_pq } = pq::parse(&records.pq, map.image.length)?;
    findings.extend(of_pq);
    findings.extend(compare_eans(ean.as_ref(), in_pq.as_ref()));
    disc.ean = in_pq.or(ean);
    disc.master_id = master_id;
    findings.extend(lengths(map, records, &disc));
    if let Some(bytes) = &records.text {
        let Unpacked { blocks, codes, findings: of_text } = unpack::decode(bytes, disc.tracks.len());
        findings.extend(of_text);
        findings.extend(codes.iter().filter_map(|codes| compare_codes(codes, &disc)));
        disc.text = blocks;
    }
    let (errors, notes) = check(&disc);
    findings.extend(errors.iter().map(finding_of));
    findings.extend(notes);
    Ok((disc, findings))
}

fn blocker(rule: &'static str, what: impl Into<String>, about: &str, advice: &str) -> Finding {
    Finding::new(rule, Severity::Blocker, what).about(about).advice(advice)
}

fn warning(rule: &'static str, what: impl Into<String>, about: &str, advice: &str) -> Finding {
    Finding { severity: Severity::Warning, ..blocker(rule, what, about, advice) }
}

fn note(rule: &'static str, what: impl Into<String>, about: &str, advice: &str) -> Finding {
    Finding { severity: Severity::Info, ..blocker(rule, what, about, advice) }
}

/// Reads `DDPID`: findings, product code, master id.
fn identity(id: &[u8]) -> Result<(Vec<Finding>, Option<Ean>, String)> {
    let level = fields::text(id, 0, 8);
    if level != "DDP 2.00" {
        let what = format!("`{level}` where the level `DDP 2.00` is expected");
        return Err(Error::input("ddp_level", what)
            .at("DDPID")
            .hint("filesets of other levels describe other media; ask for DDP 2.00"));
    }
    let mut findings = Vec::new();
    if id.len() != super::records::MAP_BYTES {
        let what = format!("{} bytes; 128 are expected", id.len());
        findings.push(warning("ddpid_length", what, "DDPID", "the file was changed on its way"));
    }
    let kind = fields::text(id, 87, 2);
    if kind != "CD" {
        let what = format!("the type of disc is `{kind}`, not `CD`");
        findings.push(warning("disc_type", what, "DDPID", "plants sort by it"));
    }
    let ean = code(&fields::text(id, 8, 13), "DDPID", &mut findings);
    // Two writers put the length at 94 and the text at 96, others at 93 and 95: see ddp-reverse-eng, note N4.
    let user_text = fields::text(id, 95, 33);
    if !user_text.is_empty() {
        findings.push(note(
            "user_text",
            format!("user text: {user_text}"),
            "DDPID",
            "it does not reach the disc",
        ));
    }
    Ok((findings, ean, fields::text(id, 38, 48)))
}

/// A product code of a field; a blank one is none, a wrong one a finding.
fn code(text: &str, about: &str, findings: &mut Vec<Finding>) -> Option<Ean> {
    if text.is_empty() {
        return None;
    }
    Ean::parse(text).map_err(|error| findings.push(finding_of(&error.at(about)))).ok()
}

fn compare_eans(in_id: Option<&Ean>, in_pq: Option<&Ean>) -> Option<Finding> {
    match (in_id, in_pq) {
        (Some(id), Some(pq)) if id != pq => {
            let what = format!("DDPID has the EAN {id}, the PQ descriptor {pq}");
            Some(blocker(
                "ean_differs",
                what,
                "EAN",
                "the disc gets that of the PQ descriptor; find out which is right",
            ))
        }
        (Some(id), None) => Some(warning(
            "ean_not_in_pq",
            format!("the EAN {id} stands in DDPID only"),
            "EAN",
            "the pressed disc may have none: it belongs into the lead-in of the PQ descriptor",
        )),
        _ => None,
    }
}

/// Map, files and lead-out have to agree.
fn lengths(map: &Map, records: &Records, disc: &Disc) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut compare = |stream: &map::Stream, found: u64| {
        if stream.bytes.is_some_and(|told| told != found) {
            let what =
                format!("{} has {found} bytes; the map tells {}", stream.name, stream.bytes.unwrap_or(0));
            findings.push(blocker(
                "stream_length",
                what,
                "DDPMS",
                "the file is cut short or belongs to another set",
            ));
        }
    };
    compare(&map.pq, records.pq.len() as u64);
    if let (Some(stream), Some(bytes)) = (&map.text, &records.text) {
        // A NUL after the packs is not counted by everyone.
        let trailing = bytes.len() % 18 == 1 && stream.bytes == Some(bytes.len() as u64 - 1);
        compare(stream, bytes.len() as u64 - u64::from(trailing));
    }
    let wanted = disc.end.bytes();
    if records.image_bytes != wanted {
        let found = Sectors::new(u32::try_from(records.image_bytes / SECTOR_BYTES).unwrap_or(u32::MAX));
        let what = format!(
            "{} has {} bytes ({found}, {} bytes over); the lead-out at {} asks for {wanted}",
            map.image.name,
            records.image_bytes,
            records.image_bytes % SECTOR_BYTES,
            disc.end
        );
        findings.push(blocker(
            "image_length",
            what,
            "image",
            "the image is cut short or belongs to another set",
        ));
    }
    if let Some(length) = map.image.length.filter(|length| *length != disc.end) {
        let what = format!("the map tells an image of {length}; the lead-out stands at {}", disc.end);
        findings.push(blocker(
            "lead_out_differs",
            what,
            "DDPMS",
            "map and PQ descriptor belong to different versions",
        ));
    }
    let start = disc.tracks.first().map(|track| track.start);
    if let (Some(told), Some(start)) = (map.pregap, start)
        && told != start
    {
        let what = format!("the map tells a first pregap of {told}; index 01 of track 1 stands at {start}");
        findings.push(warning(
            "pregap_differs",
            what,
            "DDPMS",
            "readers go by the PQ descriptor; ask which is right",
        ));
    }
    findings
}

/// Codes that CD-TEXT repeats have to be those of the subcode.
fn compare_codes(codes: &[String], disc: &Disc) -> Option<Finding> {
    let told = |at: usize| match at.checked_sub(1) {
        None => disc.ean.as_ref().map_or("", |ean| ean.as_str()),
        Some(track) => {
            disc.tracks.get(track).and_then(|track| track.isrc.as_ref()).map_or("", |isrc| isrc.as_str())
        }
    };
    let plain = |code: &str| code.replace('-', "");
    let at = codes.iter().enumerate().position(|(at, code)| !code.is_empty() && plain(code) != told(at))?;
    let place = if at == 0 { "EAN".to_owned() } else { format!("ISRC of track {at:02}") };
    let what = format!(
        "{place}: CD-TEXT has `{}`, the PQ descriptor `{}`",
        codes.get(at).map_or("", String::as_str),
        told(at)
    );
    Some(warning("codes_differ", what, "CD-TEXT", "databases read one or the other; make them the same"))
}
