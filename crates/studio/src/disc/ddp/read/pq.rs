//! The PQ descriptor: tracks, indexes, flags, codes.

use super::super::fields;
use super::super::records::PQ_BYTES;
use super::{blocker, code, note, warning};
use crate::disc::check::{finding_of, track_name};
use crate::disc::codes::{Ean, Isrc};
use crate::disc::sectors::Sectors;
use crate::disc::tracks::{Copying, Disc, Flags, Track};
use crate::message::{Error, Finding, Result};

/// What the descriptor tells.
#[derive(Debug)]
pub(super) struct Subcode {
    pub(super) disc: Disc,
    pub(super) ean: Option<Ean>,
    pub(super) findings: Vec<Finding>,
}

/// A packet.
struct Packet {
    track: String,
    index: usize,
    place: Sectors,
    flags: Flags,
}

#[derive(Default)]
struct Reading {
    tracks: Vec<Track>,
    /// Whether the last track has its index 01.
    started: bool,
    lead_ins: usize,
    lead_outs: Vec<Sectors>,
    ean: Option<Ean>,
    findings: Vec<Finding>,
}

fn bad(code: &'static str, what: impl Into<String>) -> Error {
    Error::input(code, what).at("PQ descriptor").hint("the descriptor is damaged: ask for the set again")
}

/// Reads the descriptor. `image` is the length that the map tells, for a descriptor without lead-out.
pub(super) fn parse(bytes: &[u8], image: Option<Sectors>) -> Result<Subcode> {
    let (packets, rest) = bytes.as_chunks::<PQ_BYTES>();
    let mut reading = Reading::default();
    if !rest.is_empty() {
        let what = format!("{} bytes are not whole packets of {PQ_BYTES}", bytes.len());
        let blank = rest.iter().all(|byte| byte.is_ascii_whitespace() || *byte == 0);
        let of = if blank { note } else { blocker };
        reading.findings.push(of("pq_length", what, "PQ descriptor", "the file was changed on its way"));
    }
    for (at, bytes) in packets.iter().enumerate() {
        let packet = packet_of(at + 1, bytes, &mut reading.findings)?;
        reading.take(packet)?;
        reading.take_codes(bytes);
    }
    reading.finish(image)
}

fn packet_of(number: usize, bytes: &[u8], findings: &mut Vec<Finding>) -> Result<Packet> {
    let odd = |what: String| bad("pq_packet", format!("packet {number}: {what}"));
    if fields::field(bytes, 0, 4) != b"VVVS" {
        return Err(odd(format!("begins with `{}`, not with `VVVS`", fields::text(bytes, 0, 4))));
    }
    let track = fields::text(bytes, 4, 2).to_uppercase();
    let index = fields::number(bytes, 6, 2).ok_or_else(|| odd("has no index".to_owned()))? as usize;
    let digits = fields::text(bytes, 8, 8);
    let place = time_of(&digits).ok_or_else(|| odd(format!("`{digits}` is no time; MMSSFF is expected")))?;
    let about =
        if track == "AA" || track == "00" { "PQ descriptor".to_owned() } else { format!("track {track}") };
    let flags = flags_of(&fields::text(bytes, 16, 2), &about, findings);
    Ok(Packet { track, index, place, flags })
}

/// `MMSSFF`, with or without hours in front, after blanks or zeros.
fn time_of(digits: &str) -> Option<Sectors> {
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let padded = format!("{digits:0>8}");
    let part = |at: usize| padded.get(at..at + 2)?.parse::<u32>().ok();
    Sectors::from_msf(part(0)? * 60 + part(2)?, part(4)?, part(6)?)
}

fn flags_of(control: &str, about: &str, findings: &mut Vec<Finding>) -> Flags {
    let mut chars = control.chars();
    let nibble = chars.next().and_then(|c| c.to_digit(16));
    let scms = chars.next().is_some_and(|c| c.eq_ignore_ascii_case(&'S'));
    let Some(bits) = nibble else {
        findings.push(blocker(
            "control",
            format!("`{control}` is no control byte"),
            about,
            "read as no flags",
        ));
        return Flags::default();
    };
    if bits & 4 != 0 {
        findings.push(blocker(
            "data_track",
            "declared as data",
            about,
            "an audio disc has audio tracks only",
        ));
    }
    if matches!(bits, 0xA | 0xB) {
        let what = format!("control `{control}`: copying permitted and four channels");
        findings.push(warning(
            "control_disputed",
            what,
            about,
            "programs read it differently; take four channels off",
        ));
    }
    let copying = Copying::from_flags(bits & 2 != 0, scms).unwrap_or_else(|error| {
        findings.push(finding_of(&error.at(about)));
        Copying::Scms
    });
    Flags { pre_emphasis: bits & 1 != 0, copying, four_channel: bits & 8 != 0 }
}

impl Reading {
    fn take(&mut self, packet: Packet) -> Result<()> {
        match packet.track.as_str() {
            "00" => self.lead_in(&packet),
            "AA" => {
                self.lead_outs.push(packet.place);
                Ok(())
            }
            name => match name.parse::<usize>() {
                Ok(number) => self.track(number, &packet),
                Err(_) => Err(bad("pq_packet", format!("`{name}` is no track"))),
            },
        }
    }

    fn lead_in(&mut self, packet: &Packet) -> Result<()> {
        self.lead_ins += 1;
        if self.lead_ins > 1 || !self.tracks.is_empty() || packet.place != Sectors::ZERO {
            let what = "the lead-in is not the first packet, or not at 000000";
            self.findings.push(warning("lead_in", what, "PQ descriptor", "programs take it as the start"));
        }
        Ok(())
    }

    fn track(&mut self, number: usize, packet: &Packet) -> Result<()> {
        if !self.lead_outs.is_empty() {
            return Err(bad("track_numbers", format!("{} follows the lead-out", track_name(number))));
        }
        if number != self.tracks.len() {
            self.end_track()?;
            if number != self.tracks.len() + 1 {
                let (found, wanted) = (track_name(number), track_name(self.tracks.len() + 1));
                return Err(bad("track_numbers", format!("{found} stands where {wanted} is expected")));
            }
            self.tracks.push(Track { flags: packet.flags, ..Track::default() });
            self.started = false;
        }
        let started = self.started;
        let Some(track) = self.tracks.last_mut() else { return Ok(()) };
        let wanted = match (started, track.pregap) {
            (true, _) => track.indexes.len() + 2,
            (false, _) => 1,
        };
        match packet.index {
            0 if !started && track.pregap.is_none() => track.pregap = Some(packet.place),
            1 if !started => {
                track.start = packet.place;
                self.started = true;
            }
            index if started && index == wanted => track.indexes.push(packet.place),
            index => {
                let what =
                    format!("{}: index {index:02} stands where {wanted:02} is expected", track_name(number));
                return Err(bad(if started { "index_numbers" } else { "no_index_01" }, what));
            }
        }
        if track.flags != packet.flags {
            let what = "its packets carry different flags";
            self.findings.push(warning(
                "flags_differ",
                what,
                &track_name(number),
                "those of the first packet are read",
            ));
        }
        Ok(())
    }

    fn end_track(&self) -> Result<()> {
        if !self.tracks.is_empty() && !self.started {
            return Err(bad("no_index_01", format!("{} has no index 01", track_name(self.tracks.len()))));
        }
        Ok(())
    }

    fn take_codes(&mut self, bytes: &[u8]) {
        let found = code(&fields::text(bytes, 32, 13), "PQ descriptor", &mut self.findings);
        match (&self.ean, found) {
            (None, found) => self.ean = found,
            (Some(known), Some(found)) if *known != found => {
                let what = format!("its packets carry the EAN {known} and {found}");
                self.findings.push(blocker("ean_differs", what, "PQ descriptor", "find out which is right"));
            }
            _ => {}
        }
        let isrc = fields::text(bytes, 20, 12);
        let number = self.tracks.len();
        let Some(track) = self.tracks.last_mut().filter(|_| !isrc.is_empty()) else { return };
        match (Isrc::parse(&isrc), &track.isrc) {
            (Err(error), _) => self.findings.push(finding_of(&error.at(track_name(number)))),
            (Ok(found), Some(known)) if *known != found => {
                let what = format!("its packets carry the ISRC {known} and {found}");
                self.findings.push(blocker(
                    "isrc_differs",
                    what,
                    &track_name(number),
                    "find out which is right",
                ));
            }
            (Ok(found), _) => {
                if found.as_str() != isrc {
                    let what = format!("the ISRC `{isrc}` is not written in capitals without dashes");
                    self.findings.push(warning(
                        "isrc_form",
                        what,
                        &track_name(number),
                        "plants may refuse it",
                    ));
                }
                track.isrc = Some(found);
            }
        }
    }

    fn finish(mut self, image: Option<Sectors>) -> Result<Subcode> {
        self.end_track()?;
        if self.lead_ins == 0 {
            let what = "there is no lead-in packet";
            self.findings.push(warning("lead_in", what, "PQ descriptor", "some plants refuse such a set"));
        }
        let end = match self.lead_outs[..] {
            [] => {
                let advice = "the length of the image is taken; plants refuse such a set";
                self.findings.push(blocker(
                    "no_lead_out",
                    "there is no lead-out packet",
                    "PQ descriptor",
                    advice,
                ));
                image.unwrap_or_default()
            }
            [first, ref others @ ..] => {
                if others.len() > 1 || others.iter().any(|other| *other != first) {
                    let what = "the lead-out stands at more than one place, or more than twice";
                    self.findings.push(blocker("lead_out", what, "PQ descriptor", "the first is taken"));
                }
                first
            }
        };
        let disc = Disc { tracks: self.tracks, end, ..Disc::default() };
        Ok(Subcode { disc, ean: self.ean, findings: self.findings })
    }
}
