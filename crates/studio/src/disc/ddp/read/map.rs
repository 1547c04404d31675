//! `DDPMS`: which files there are.

use super::super::fields;
use super::super::records::{MAP_BYTES, NAME_BYTES};
use super::{blocker, note, warning};
use crate::disc::sectors::Sectors;
use crate::message::{Error, Finding, Result};

/// A file of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) name: String,
    /// Length that the map tells, for streams that are told in bytes.
    pub(super) bytes: Option<u64>,
    /// Length that the map tells, for streams that are told in sectors.
    pub(super) length: Option<Sectors>,
}

/// What the map tells.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Map {
    pub(super) pq: Stream,
    pub(super) text: Option<Stream>,
    pub(super) image: Stream,
    /// The first pregap, if told.
    pub(super) pregap: Option<Sectors>,
    pub(super) findings: Vec<Finding>,
}

impl Map {
    /// Names of the files, the image last.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        let streams = self.text.iter().chain([&self.pq, &self.image]);
        streams.map(|stream| stream.name.as_str())
    }
}

fn bad(code: &'static str, what: impl Into<String>, hint: &str) -> Error {
    Error::input(code, what).at("DDPMS").hint(hint)
}

/// What was found while going through the packets.
#[derive(Default)]
struct Found {
    pq: Option<Stream>,
    text: Option<Stream>,
    image: Option<Stream>,
    pregap: Option<Sectors>,
    findings: Vec<Finding>,
}

/// Reads the map.
pub(super) fn parse(bytes: &[u8]) -> Result<Map> {
    let mut found = Found::default();
    let (packets, rest) = bytes.as_chunks::<MAP_BYTES>();
    if !rest.is_empty() {
        let what = format!("{} bytes are not whole packets of {MAP_BYTES}", bytes.len());
        let blank = rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
        let of = if blank { note } else { blocker };
        found.findings.push(of("ddpms_length", what, "DDPMS", "the file was changed on its way"));
    }
    for (at, packet) in packets.iter().enumerate() {
        if fields::field(packet, 0, 4) != b"VVVM" {
            let what =
                format!("packet {} begins with `{}`, not with `VVVM`", at + 1, fields::text(packet, 0, 4));
            return Err(bad("ddp_map", what, "the map is damaged: ask for the set again"));
        }
        take(packet, &mut found)?;
    }
    let hint = "the set is not complete: ask for it again";
    let pq = found.pq.ok_or_else(|| bad("no_pq", "the map names no PQ descriptor; one is expected", hint))?;
    let image = found
        .image
        .ok_or_else(|| bad("no_image", "the map names no audio (D0, DA); one is expected", hint))?;
    Ok(Map { pq, text: found.text, image, pregap: found.pregap, findings: found.findings })
}

fn take(packet: &[u8], found: &mut Found) -> Result<()> {
    let (kind, subcode) = (fields::text(packet, 4, 2), fields::text(packet, 30, 8));
    let stream = stream_of(packet);
    match (kind.as_str(), subcode.as_str()) {
        ("S0", "PQ DESCR") => put(&mut found.pq, stream, "no_pq", "PQ descriptor"),
        ("S0", "CDTEXT") => put(&mut found.text, stream, "ddp_map", "CD-TEXT stream"),
        ("D0", _) => take_data(packet, stream, found),
        _ => {
            let what = format!("the stream `{kind} {subcode}` in `{}` is left out", stream.name);
            found.findings.push(note("stream_skipped", what, "DDPMS", "only audio, PQ and CD-TEXT are read"));
            Ok(())
        }
    }
}

fn take_data(packet: &[u8], stream: Stream, found: &mut Found) -> Result<()> {
    let (mode, session) = (fields::text(packet, 38, 2), fields::text(packet, 91, 1));
    if mode != "DA" || session == "S" {
        let what = format!("`{}` is of mode `{mode}`, in a session of its own: left out", stream.name);
        let advice = "an Enhanced CD: the audio session is whole, the files for computers are not looked at";
        found.findings.push(warning("data_session", what, "DDPMS", advice));
        return Ok(());
    }
    if found.image.is_some() {
        let what = "the audio is in more than one file; programs differ in how they join them";
        return Err(bad("several_images", what, "ask for a set with one image"));
    }
    let storage = fields::text(packet, 40, 1);
    if !matches!(storage.as_str(), "" | "0" | "7") {
        let what = format!("storage mode `{storage}`: sectors of another size than 2352 bytes");
        found.findings.push(blocker(
            "storage_mode",
            what,
            "DDPMS",
            "audio is stored in whole sectors, mode 7",
        ));
    }
    let start = fields::number(packet, 22, 8).unwrap_or(0);
    if start != 0 {
        let what = format!("the audio begins at sector {start} of the disc, not at 0");
        found.findings.push(warning(
            "image_start",
            what,
            "DDPMS",
            "times are taken as they stand in the PQ descriptor",
        ));
    }
    found.pregap = sectors(fields::number(packet, 46, 4));
    found.image = Some(stream);
    Ok(())
}

fn sectors(number: Option<u64>) -> Option<Sectors> {
    number.and_then(|number| u32::try_from(number).ok()).map(Sectors::new)
}

fn stream_of(packet: &[u8]) -> Stream {
    let width = fields::number(packet, 71, 3).filter(|width| (1..=NAME_BYTES as u64).contains(width));
    let name = fields::text(packet, 74, width.map_or(NAME_BYTES, |width| width as usize));
    let length = fields::number(packet, 14, 8);
    let of_sectors = fields::text(packet, 4, 2) == "D0";
    Stream {
        name,
        bytes: length.filter(|_| !of_sectors),
        length: if of_sectors { sectors(length) } else { None },
    }
}

fn put(to: &mut Option<Stream>, stream: Stream, code: &'static str, what: &str) -> Result<()> {
    if to.is_some() {
        return Err(bad(
            code,
            format!("the map names more than one {what}"),
            "the map is damaged: ask for the set again",
        ));
    }
    *to = Some(stream);
    Ok(())
}
