//! What goes where: order, names, places in time, one rate, one length.

use super::{Request, names::track_name};
use crate::hear::{Song, Track, Use};
use std::collections::BTreeMap;
use studio::audio::Encoding;
use studio::message::{Error, Finding, Kind, Result};
use studio::mix::{Group, ROLES};

/// Folder of what is not for the mix: click, talkback, rough mixes, dry twins.
pub(super) const GUIDES_FOLDER: &str = "guides";
/// From here on a role is sure (f.3 of the mixing rules).
const SURE: f64 = 0.6;
/// Findings that are about mixing here, and nobody else's business.
const OURS: [&str; 5] = ["empty", "duplicate", "rough_mix", "role_unsure", "length_differs"];

/// A track and what is to be done with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Path from the folder of the tracks.
    pub path: String,
    /// Its own name.
    pub original: String,
    /// File in the export, with `/`.
    pub file: String,
    /// What it is.
    pub role: &'static str,
    /// Whether that is sure.
    pub sure: bool,
    /// Why it is no part of the mix, if it is none.
    pub guide: Option<&'static str>,
    /// Rate of its file.
    pub from_hz: u32,
    /// Channels.
    pub channels: usize,
    /// Frames of its file, at its own rate.
    pub frames: u64,
    /// How it was stored, and how it is now.
    pub encoding: (Encoding, Encoding),
    /// Frames of silence before it, at the rate of the export.
    pub offset_frames: u64,
    /// First and last moment it sounds, seconds from the start of the export.
    pub sounds_seconds: Option<(f64, f64)>,
    /// Largest sample, dBFS.
    pub peak_dbfs: f64,
    /// Loudness while it sounds, LUFS.
    pub active_lufs: Option<f64>,
    /// What was found and left as it is.
    pub notes: Vec<String>,
}

/// A plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Rate of every file.
    pub sample_rate_hz: u32,
    /// Length of every file.
    pub frames: u64,
    /// Time of day of the first frame.
    pub time_reference_frames: u64,
    /// Tracks in the order of a desk, then guides.
    pub tracks: Vec<Planned>,
    /// What is left out, and why.
    pub left_out: Vec<(String, String)>,
}

/// Plans an export of what was heard.
///
/// # Errors
/// `mixed_rates` where tracks differ and no rate was asked for; `nothing_to_prepare`.
pub fn plan(song: &Song, request: &Request) -> Result<Plan> {
    let (chosen, left_out) = choose(song, request);
    let sample_rate_hz = one_rate(song, &chosen, request)?;
    let digits = chosen.len().to_string().len().max(2);
    let first = first_stamp(song, &chosen);
    let mut tracks: Vec<Planned> = Vec::new();
    for (at, (number, guide)) in chosen.iter().enumerate() {
        let track = &song.tracks[*number];
        let sure = track.role.confidence >= SURE;
        let name = track_name(at + 1, digits, track.role.role, sure && guide.is_none(), &track.name);
        let file = if guide.is_some() { format!("{GUIDES_FOLDER}/{name}") } else { name };
        tracks.push(planned(song, *number, (file, sure, *guide), sample_rate_hz));
    }
    let frames = tracks.iter().map(|track| end_of(track, sample_rate_hz)).max().unwrap_or(0);
    Ok(Plan { sample_rate_hz, frames, time_reference_frames: first.unwrap_or(0), tracks, left_out })
}

/// Indices in the order of a desk with why they are guides, and what is left out.
type Chosen = Vec<(usize, Option<&'static str>)>;

fn choose(song: &Song, request: &Request) -> (Chosen, Vec<(String, String)>) {
    let (mut chosen, mut left_out): (Chosen, Vec<(String, String)>) = (Vec::new(), Vec::new());
    for (number, track) in song.tracks.iter().enumerate() {
        match track.use_as {
            Use::Play => chosen.push((number, None)),
            Use::Empty if track.facts.integrated_lufs.is_some_and(|lufs| lufs >= -70.0) => {
                left_out.push((track.path.clone(), "muted in the session".to_owned()));
            }
            Use::Empty => left_out.push((track.path.clone(), "nothing is on it".to_owned())),
            Use::DuplicateOf(other) => {
                let twin = song.tracks.get(other).map_or("another track", |track| track.path.as_str());
                left_out.push((track.path.clone(), format!("the same as {twin}")));
            }
            other if request.leave_guides => {
                left_out.push((track.path.clone(), other.why_muted().unwrap_or_default().to_owned()));
            }
            other => chosen.push((number, other.why_muted())),
        }
    }
    let rank = |(number, guide): &(usize, Option<&str>)| {
        let track = &song.tracks[*number];
        let role = ROLES.iter().position(|role| role.name == track.role.role.name).unwrap_or(ROLES.len());
        let group = Group::ALL.iter().position(|group| *group == track.role.role.group);
        (guide.is_some(), group.unwrap_or(Group::ALL.len()), role, track.path.clone())
    };
    chosen.sort_by_key(rank);
    (chosen, left_out)
}

/// The one rate, or why there is none.
fn one_rate(song: &Song, chosen: &Chosen, request: &Request) -> Result<u32> {
    let mut counts: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for (number, _) in chosen {
        let track = &song.tracks[*number];
        counts.entry(track.sample_rate_hz).or_default().push(&track.path);
    }
    match (request.rate_hz, counts.keys().next()) {
        (_, None) => {
            let error = Error::input("nothing_to_prepare", "there is no track with anything on it");
            Err(error.hint("click, talkback, silent and doubled tracks alone are no song"))
        }
        (Some(rate), _) => Ok(rate),
        (None, Some(rate)) if counts.len() == 1 => Ok(*rate),
        (None, _) => {
            let said: Vec<String> = counts
                .iter()
                .map(|(rate, tracks)| match tracks.as_slice() {
                    [one] => format!("{one} at {rate} Hz"),
                    several => format!("{} tracks at {rate} Hz", several.len()),
                })
                .collect();
            let usual = counts
                .iter()
                .max_by_key(|(rate, tracks)| (tracks.len(), **rate))
                .map_or(48_000, |(rate, _)| *rate);
            let error = Error::new(
                Kind::Usage,
                "mixed_rates",
                format!("the tracks have several rates: {}", said.join(", ")),
            );
            Err(error.hint(format!(
                "export them again at one rate, which is best; or --rate {usual} converts what differs and says so"
            )))
        }
    }
}

/// Time of day of the earliest start, where every track says one at one rate.
fn first_stamp(song: &Song, chosen: &Chosen) -> Option<u64> {
    let tracks = || chosen.iter().map(|(number, _)| &song.tracks[*number]);
    let rate = tracks().next()?.sample_rate_hz;
    let stamps: Option<Vec<u64>> = tracks()
        .map(|track| track.metadata.time_reference_frames.filter(|_| track.sample_rate_hz == rate))
        .collect();
    let earliest = tracks().map(|track| track.start_seconds).fold(f64::INFINITY, f64::min);
    // Where a session places them elsewhere, its start is not the time of day.
    let first = stamps?.into_iter().min()?;
    let placed = tracks().all(|track| {
        let own = track.metadata.time_reference_frames.unwrap_or(0).saturating_sub(first) as f64
            / f64::from(rate.max(1));
        (own - (track.start_seconds - earliest)).abs() < 1e-4
    });
    placed.then_some(first)
}

fn planned(
    song: &Song,
    number: usize,
    (file, sure, guide): (String, bool, Option<&'static str>),
    rate_hz: u32,
) -> Planned {
    let track = &song.tracks[number];
    let converted = track.sample_rate_hz != rate_hz;
    let offset = (track.start_seconds * f64::from(rate_hz)).round().max(0.0) as u64;
    let sounds =
        track.facts.sounds_seconds.map(|(from, to)| (from + track.start_seconds, to + track.start_seconds));
    Planned {
        path: track.path.clone(),
        original: track.name.clone(),
        file,
        role: track.role.role.name,
        sure,
        guide,
        from_hz: track.sample_rate_hz,
        channels: track.channels,
        frames: track.frames,
        encoding: (track.encoding, kept(track.encoding, converted)),
        offset_frames: offset,
        sounds_seconds: sounds,
        peak_dbfs: track.facts.peak_dbfs,
        active_lufs: track.facts.active_lufs,
        notes: notes(song, number, converted),
    }
}

/// How samples are stored in the export: 24 bits hold whatever has no more; floats and 32 bits stay; what is computed is float.
fn kept(encoding: Encoding, converted: bool) -> Encoding {
    match encoding {
        _ if converted => Encoding::Float(32),
        Encoding::Int(bits) if bits <= 24 => Encoding::Int(24),
        Encoding::Int(_) => Encoding::Int(32),
        Encoding::Float(bits) if bits > 32 => Encoding::Float(64),
        Encoding::Float(_) | Encoding::Lossy => Encoding::Float(32),
    }
}

/// Frames of the export that a track reaches to.
fn end_of(track: &Planned, rate_hz: u32) -> u64 {
    let wide = u128::from(track.frames) * u128::from(rate_hz);
    let own = u64::try_from(wide.div_ceil(u128::from(track.from_hz.max(1)))).unwrap_or(u64::MAX);
    track.offset_frames.saturating_add(own)
}

/// What was found about a track, for another engineer: told, not mended.
fn notes(song: &Song, number: usize, converted: bool) -> Vec<String> {
    let track: &Track = &song.tracks[number];
    let mut notes: Vec<String> = Vec::new();
    if converted {
        notes.push(format!("converted from {} Hz", track.sample_rate_hz));
    }
    if track.encoding == Encoding::Lossy {
        notes.push("came as a lossy file".to_owned());
    }
    if track.role.question.is_some() {
        notes.push(format!("what it is, is a guess: {}", track.role.role.name));
    }
    let about = song.findings.iter().filter(|finding| finding.about == track.path);
    let about = about.filter(|finding| !OURS.contains(&finding.rule) && finding.rule != "rate_differs");
    notes.extend(
        about.map(|finding: &Finding| format!("{}: {}", finding.rule.replace('_', " "), finding.measured)),
    );
    for alignment in song.alignments.iter().filter(|alignment| alignment.track == number) {
        let other = song.tracks.get(alignment.reference).map_or("", |track| track.name.as_str());
        if alignment.invert {
            notes.push(format!("polarity: against {other}, as recorded"));
        }
        if alignment.delay_frames > 0 {
            let ms = 1000.0 * f64::from(alignment.delay_frames) / f64::from(song.sample_rate_hz.max(1));
            notes.push(format!("time: {ms:.2} ms ahead of {other}, as recorded"));
        }
    }
    notes
}
