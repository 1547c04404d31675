//! A folder of tracks becomes a first session, to be edited by hand.
//!
//! Roles come from names, groups become buses, levels come from loudness, pan from roles. Nothing is processed (a
//! high-pass can be asked for), no polarity is turned, nothing is moved in time but by the time stamps of the files.
//! The same folder gives the same bytes.

mod scan;
mod write;

use super::balance::{Voice, balance};
use super::roles::{Group, Place, ROLES, RoleInfo, role_of, side_of};
use crate::decode;
use crate::job::Job;
use crate::message::{Error, Finding, Result, Severity};
use crate::session::Document;
use crate::suggest::unique_id;
use scan::Found;
pub use scan::files_below;
use std::collections::BTreeMap;
use std::path::Path;

/// How to write a session for a folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FolderOptions {
    /// Adds a high-pass at the highest sensible corner of each role (12 dB per octave).
    pub high_pass: bool,
    /// How to treat doubtful files.
    pub decode: decode::Options,
}

/// A session for a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Folder {
    /// The session, commented TOML.
    pub text: String,
    /// What should be known about the tracks.
    pub findings: Vec<Finding>,
    /// Number of tracks.
    pub tracks: usize,
}

impl Folder {
    /// The text, open for changes.
    pub fn document(&self) -> Result<Document> {
        Document::parse(&self.text)
    }
}

/// A track on its way into the session.
#[derive(Debug, Clone)]
struct Placed {
    found: Found,
    id: String,
    role: &'static RoleInfo,
    /// How the role was found, in words.
    because: &'static str,
    pan: f64,
    start_seconds: f64,
    mute: Option<&'static str>,
    voice: Voice,
}

/// Listens to every track in `folder` (and the folders in it) and writes a session. Reads every file once, at the
/// speed of the meters: about 100 ms a minute of stereo on each thread.
///
/// # Errors
/// `no_tracks` when there is no audio; what cannot be read at all; `interrupted`.
pub fn folder(folder: &Path, job: &Job<'_>, options: FolderOptions) -> Result<Folder> {
    let mut findings = Vec::new();
    let found = scan::scan(folder, job, options.decode, &mut findings)?;
    if found.is_empty() {
        let error = Error::input("no_tracks", "there is no audio in this folder").at(folder.display());
        return Err(error.hint("one file for each track, WAV, AIFF or FLAC"));
    }
    let sample_rate_hz = common_rate(&found);
    let mut tracks = place(found);
    starts(&mut tracks, &mut findings);
    remarks(&tracks, sample_rate_hz, &mut findings);
    duplicates(folder, &mut tracks, options.decode, job, &mut findings)?;
    pan(&mut tracks);
    let lead = lead_instrument(&tracks);
    let mut voices: Vec<Voice> =
        tracks.iter().filter(|track| track.mute.is_none()).map(|t| t.voice.clone()).collect();
    crowd(&mut voices);
    let faders = balance(&mut voices, lead);
    let mut balanced = voices.into_iter();
    for track in tracks.iter_mut().filter(|track| track.mute.is_none()) {
        track.voice = balanced.next().unwrap_or_else(|| track.voice.clone());
    }
    let name =
        folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = name.unwrap_or_else(|| "Untitled".to_owned());
    let text = write::session(&name, sample_rate_hz, &tracks, &faders, options.high_pass);
    Ok(Folder { text, findings, tracks: tracks.len() })
}

/// The rate most tracks have; of several, the highest.
fn common_rate(found: &[Found]) -> u32 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for track in found {
        *counts.entry(track.measured.sample_rate_hz).or_default() += 1;
    }
    let usual = [44_100, 48_000, 88_200, 96_000, 176_400, 192_000];
    let known = counts.into_iter().filter(|(rate, _)| usual.contains(rate));
    known.max_by_key(|(rate, count)| (*count, *rate)).map_or(48_000, |(rate, _)| rate)
}

/// Roles and ids.
fn place(found: Vec<Found>) -> Vec<Placed> {
    let mut taken: Vec<String> = Group::ALL.iter().map(|group| group.id().to_owned()).collect();
    taken.push(crate::session::MIX.to_owned());
    let unknown = ROLES.last();
    found
        .into_iter()
        .filter_map(|found| {
            let by_name = role_of(&found.name).map(|role| (role, "by its name"));
            let by_folder = || role_of(found.parent.as_deref()?).map(|role| (role, "by its folder"));
            let (role, because) =
                by_name.or_else(by_folder).or(unknown.map(|role| (role, "its name says nothing")))?;
            let mut mute =
                (found.measured.integrated_lufs.is_none_or(|lufs| lufs < -70.0)).then_some("empty");
            if role.group == Group::Reference {
                mute = Some("a mix or a reference, not a track");
            }
            let voice = Voice {
                group: role.group,
                offset_lu: role.offset_lu,
                curve: found.curve.clone(),
                peak_dbfs: found.measured.sample_peak_dbfs,
                trim_db: 0.0,
                fader_db: 0.0,
            };
            let id = unique_id(&found.name, "track", &mut taken);
            Some(Placed { found, id, role, because, pan: 0.0, start_seconds: 0.0, mute, voice })
        })
        .collect()
}

/// Places tracks by their time stamps, if those differ; says so if lengths do (I2).
fn starts(tracks: &mut [Placed], findings: &mut Vec<Finding>) {
    let stamp = |track: &Placed| {
        let frames = track.found.time_reference_frames?;
        Some(frames as f64 / f64::from(track.found.measured.sample_rate_hz.max(1)))
    };
    let stamps: Vec<Option<f64>> = tracks.iter().map(stamp).collect();
    let first = stamps.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let last = stamps.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    // Farther apart than two hours, stamps are times of day of different takes.
    if last > first && last - first < 7200.0 && stamps.iter().all(Option::is_some) {
        for (track, stamp) in tracks.iter_mut().zip(&stamps) {
            track.start_seconds = stamp.unwrap_or(first) - first;
        }
        let what = format!("the files begin up to {:.3} s apart", last - first);
        findings.push(
            Finding::new("start_differs", Severity::Info, what)
                .about("the folder")
                .limit("one start for all tracks")
                .advice("placed by their time stamps; check the first bar"),
        );
        return;
    }
    let ends: Vec<f64> = tracks.iter().map(|track| track.found.measured.duration_seconds).collect();
    let longest = ends.iter().copied().fold(0.0, f64::max);
    for (track, end) in tracks.iter().zip(&ends).filter(|(_, end)| **end < 0.9 * longest) {
        findings.push(
            Finding::new(
                "length_differs",
                Severity::Warning,
                format!("{end:.3} s, the longest is {longest:.3} s"),
            )
            .about(&track.found.path)
            .limit("lengths within 10 %")
            .advice("if it comes in at the wrong place, export all tracks from bar 1"),
        );
    }
}

/// What is said about single tracks (I1, I3, I5, I13).
fn remarks(tracks: &[Placed], sample_rate_hz: u32, findings: &mut Vec<Finding>) {
    for track in tracks {
        let (measured, path) = (&track.found.measured, &track.found.path);
        if measured.sample_rate_hz != sample_rate_hz {
            findings.push(
                Finding::new("rate_differs", Severity::Info, format!("{} Hz", measured.sample_rate_hz))
                    .about(path)
                    .limit(format!("the session is at {sample_rate_hz} Hz"))
                    .advice("it is converted while mixing"),
            );
        }
        if let Some(why) = track.mute {
            findings.push(
                Finding::new("muted", Severity::Warning, why)
                    .about(path)
                    .limit("")
                    .advice("it stands in the session, muted; take the mute off if it belongs in the mix"),
            );
        }
        if measured.dc_dbfs > -60.0 && !measured.silent {
            findings.push(
                Finding::new("dc", Severity::Warning, format!("{:.1} dBFS", measured.dc_dbfs))
                    .about(path)
                    .limit("-60 dBFS")
                    .advice("a high-pass takes it away"),
            );
        }
        if measured.sample_peak_dbfs > 0.0 {
            findings.push(
                Finding::new(
                    "over_full_scale",
                    Severity::Info,
                    format!("{:+.2} dBFS", measured.sample_peak_dbfs),
                )
                .about(path)
                .limit("0 dBFS")
                .advice("a floating-point file: turned down by its trim, nothing is lost"),
            );
        }
        if measured.channels > 2 {
            findings.push(
                Finding::new("many_channels", Severity::Warning, format!("{} channels", measured.channels))
                    .about(path)
                    .limit("one or two")
                    .advice("the first two are played; choose others with `channels`"),
            );
        }
    }
}

/// Mutes the second of two tracks that are the same (I8).
fn duplicates(
    folder: &Path,
    tracks: &mut [Placed],
    options: decode::Options,
    job: &Job<'_>,
    findings: &mut Vec<Finding>,
) -> Result<()> {
    for second in 1..tracks.len() {
        for first in 0..second {
            let (a, b) = (&tracks[first], &tracks[second]);
            if a.mute.is_some() || b.mute.is_some() || !scan::alike(&a.found, &b.found) {
                continue;
            }
            let correlation =
                super::correlation(&folder.join(&a.found.path), &folder.join(&b.found.path), options, job)?;
            // The rule's own figure.
            if correlation.abs() > 0.999 {
                let what = format!("correlation {correlation:.4} with {}", a.found.path);
                findings.push(
                    Finding::new("duplicate", Severity::Warning, what)
                        .about(&b.found.path)
                        .limit("0.999")
                        .advice("muted; if it is a double, it was exported from the wrong track"),
                );
                tracks[second].mute = Some("a duplicate");
            }
        }
    }
    Ok(())
}

/// Pairs first, then roles (C6).
fn pan(tracks: &mut [Placed]) {
    let sides: Vec<Option<(f64, String)>> = tracks.iter().map(|track| side_of(&track.found.name)).collect();
    let mut paired = vec![false; tracks.len()];
    for (number, side) in sides.iter().enumerate() {
        let Some((position, rest)) = side else { continue };
        let same =
            |other: &Option<(f64, String)>| other.as_ref().is_some_and(|(p, r)| *p == -position && r == rest);
        if tracks[number].found.played() == 1 && sides.iter().any(same) {
            tracks[number].pan = *position;
            paired[number] = true;
        }
    }
    let mut side = -1.0;
    for role in ROLES {
        let own: Vec<usize> = (0..tracks.len())
            .filter(|number| {
                let track = &tracks[*number];
                track.role.name == role.name
                    && !paired[*number]
                    && track.mute.is_none()
                    && track.found.played() == 1
            })
            .collect();
        for (index, number) in own.iter().enumerate() {
            tracks[*number].pan = position(role.place, index, own.len(), side);
        }
        if own.len() == 1 && matches!(role.place, Place::Spread(far) if far < 1.0) {
            side = -side;
        }
    }
}

/// Position of one of `count` tracks of a role. A single one stands half as far out, on the side whose turn it is.
fn position(place: Place, index: usize, count: usize, side: f64) -> f64 {
    match place {
        Place::Centre => 0.0,
        Place::At(position) => position,
        // What is meant as a pair stays in the middle when alone.
        Place::Spread(far) if count == 1 => {
            if far >= 1.0 {
                0.0
            } else {
                side * 0.5 * far
            }
        }
        Place::Spread(far) => {
            let wide = -far + 2.0 * far * index as f64 / (count - 1) as f64;
            // To hundredths, as a person would write it.
            (wide * 100.0).round() / 100.0
        }
    }
}

/// Which group leads when nobody sings.
fn lead_instrument(tracks: &[Placed]) -> Option<Group> {
    let has = |group: Group| tracks.iter().any(|track| track.role.group == group && track.mute.is_none());
    if tracks.iter().any(|track| track.role.name == "lead guitar") {
        return Some(Group::Guitars);
    }
    let order = [Group::Synths, Group::Keys, Group::Guitars, Group::Winds, Group::Strings, Group::Other];
    order.into_iter().find(|group| has(*group))
}

/// Half a decibel less for each of many backing voices beyond four (C5).
fn crowd(voices: &mut [Voice]) {
    let lines = voices.iter().filter(|voice| voice.group == Group::Backing).count();
    let less = 0.5 * lines.saturating_sub(4) as f64;
    for voice in voices.iter_mut().filter(|voice| voice.group == Group::Backing) {
        voice.offset_lu -= less;
    }
}
