//! Was it heard rightly: roles, microphones, damage.

use crate::damage::Kind;
use crate::metrics::Metrics;
use crate::mixers::Mixed;
use crate::truth::{Alignment, Damage, Truth};
use assistant::align::Basis;
use assistant::hear::{Song, Use};
use serde::Serialize;
use std::collections::BTreeMap;
use studio::mix::Group;

/// How many roles were found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Roles {
    /// Tracks that were asked about.
    pub total: usize,
    /// Right to the role.
    pub role: usize,
    /// Right to the group.
    pub group: usize,
    /// Clicks and talkback that were recognised, of so many.
    pub not_music: [usize; 2],
    /// Wrong groups: `true > guessed`, and how often.
    pub confusion: BTreeMap<String, usize>,
    /// Wrong roles: `file: true > guessed`.
    pub wrong: Vec<String>,
}

impl Roles {
    /// Adds another song's.
    pub fn add(&mut self, other: &Self) {
        self.total += other.total;
        self.role += other.role;
        self.group += other.group;
        for side in 0..2 {
            self.not_music[side] += other.not_music[side];
        }
        for (pair, count) in &other.confusion {
            *self.confusion.entry(pair.clone()).or_default() += count;
        }
    }
}

/// Compares what was heard with the truth.
#[must_use]
pub fn roles(song: &Song, truth: &Truth) -> Roles {
    let mut found = Roles::default();
    for track in &truth.tracks {
        let Some(heard) = song.tracks.iter().find(|heard| heard.path == track.file) else { continue };
        match track.used_as.as_str() {
            "play" => {
                found.total += 1;
                let guess = heard.role.role;
                let id = |group: Group| group.id().trim_end_matches("_bus").to_owned();
                let group = guess.group.id() == track.group;
                found.group += usize::from(group);
                found.role += usize::from(guess.name == track.role);
                if !group {
                    let pair = format!("{} > {}", track.group.trim_end_matches("_bus"), id(guess.group));
                    *found.confusion.entry(pair).or_default() += 1;
                }
                if guess.name != track.role {
                    found.wrong.push(format!("{}: {} > {}", track.file, track.role, guess.name));
                }
            }
            word @ ("click" | "talkback") => {
                let right = if word == "click" { Use::Click } else { Use::Talkback };
                found.not_music[0] += usize::from(heard.use_as == right);
                found.not_music[1] += 1;
            }
            _ => {}
        }
    }
    found
}

/// How microphones were aligned.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Aligned {
    /// Pairs there are.
    pub pairs: usize,
    /// Pairs whose delay was decided.
    pub decided: usize,
    /// Of those, within two frames.
    pub right: usize,
    /// Pairs whose polarity is as it should be in the end.
    pub polarity_right: usize,
    /// Turned over though right, or left though the assistant decided on the pair: false flips.
    pub false_flips: usize,
    /// Largest error of a decided delay, frames.
    pub worst_frames: f64,
    /// What went wrong.
    pub notes: Vec<String>,
}

impl Aligned {
    /// Adds another song's.
    pub fn add(&mut self, other: &Self) {
        self.pairs += other.pairs;
        self.decided += other.decided;
        self.right += other.right;
        self.polarity_right += other.polarity_right;
        self.false_flips += other.false_flips;
        self.worst_frames = self.worst_frames.max(other.worst_frames);
    }
}

/// What is done to a track: delay and polarity.
fn moved(song: &Song, file: &str) -> (f64, bool) {
    let place = song.tracks.iter().position(|track| track.path == file);
    let entry = place.and_then(|place| song.alignments.iter().find(|entry| entry.track == place));
    entry.map_or((0.0, false), |entry| (f64::from(entry.delay_frames), entry.invert))
}

/// Whether a track's delay was decided against another one by their hits, by way of others that are matched to it or not.
fn matched(song: &Song, file: &str, to: &str) -> bool {
    let place = |file: &str| song.tracks.iter().position(|track| track.path == file);
    let (mut at, Some(to)) = (place(file), place(to)) else { return false };
    // No way is longer than there are tracks.
    for _ in 0..song.alignments.len() {
        let entry = at.and_then(|at| song.alignments.iter().find(|entry| entry.track == at));
        let Some(entry) = entry.filter(|entry| entry.basis == Basis::CrossSpectrum) else { return false };
        if entry.reference == to {
            return true;
        }
        at = Some(entry.reference);
    }
    false
}

/// Compares the alignments with the times of flight.
#[must_use]
pub fn aligned(song: &Song, truth: &Truth) -> Aligned {
    let mut result = Aligned::default();
    for pair in &truth.alignments {
        one_pair(song, pair, &mut result);
    }
    result
}

fn one_pair(song: &Song, pair: &Alignment, result: &mut Aligned) {
    let (own, reference) = (moved(song, &pair.file), moved(song, &pair.reference));
    result.pairs += 1;
    let turned = own.1 != reference.1;
    result.polarity_right += usize::from(turned == pair.inverted);
    // A flip that makes right wrong; what was only missed is no false flip.
    if turned && !pair.inverted {
        result.false_flips += 1;
        result.notes.push(format!("{}: turned over against {} though right", pair.file, pair.reference));
    } else if turned != pair.inverted {
        result.notes.push(format!("{}: not turned over against {}", pair.file, pair.reference));
    }
    let decided = matched(song, &pair.file, &pair.reference) || matched(song, &pair.reference, &pair.file);
    if decided && !pair.delay_frames.is_empty() {
        result.decided += 1;
        let moved = own.0 - reference.0;
        let error =
            pair.delay_frames.iter().map(|frames| (moved - frames).abs()).fold(f64::INFINITY, f64::min);
        result.right += usize::from(error <= 2.0);
        result.worst_frames = result.worst_frames.max(error);
        if error > 2.0 {
            let truth: Vec<String> = pair.delay_frames.iter().map(|frames| format!("{frames:.0}")).collect();
            result.notes.push(format!(
                "{}: {moved:.0} frames to {}, truth {}",
                pair.file,
                pair.reference,
                truth.join(" or ")
            ));
        }
    }
}

/// How time and key were heard.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Timed {
    /// Songs with a tempo that was found to 1 %, as it was written or half or twice of it; exactly as written; of so many.
    pub tempo: [usize; 3],
    /// Songs with the right key; with the right key or its relative; of so many in which one was named.
    pub key: [usize; 3],
    /// Borders of sections that were found within a bar; true ones; told ones.
    pub sections: [usize; 3],
    /// Count-ins that were found, to half a beat; of so many.
    pub count_ins: [usize; 2],
    /// What went wrong.
    pub notes: Vec<String>,
}

impl Timed {
    /// Adds another song's.
    pub fn add(&mut self, other: &Self) {
        let all = [
            (&mut self.tempo[..], &other.tempo[..]),
            (&mut self.key[..], &other.key[..]),
            (&mut self.sections[..], &other.sections[..]),
            (&mut self.count_ins[..], &other.count_ins[..]),
        ];
        for (sum, part) in all {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        }
        self.notes.extend(other.notes.iter().cloned());
    }
}

/// Compares tempo, key and form with the truth. Speech over a bed has no tempo anyone keeps.
#[must_use]
pub fn timed(song: &Song, truth: &Truth) -> Timed {
    let mut result = Timed::default();
    if truth.genre == "podcast" {
        return result;
    }
    result.tempo[2] = 1;
    match song.time.tempo {
        Some(tempo) => {
            let near = |factor: f64| (tempo.bpm / (factor * truth.bpm) - 1.0).abs() < 0.01;
            result.tempo[0] = usize::from([0.5, 1.0, 2.0].into_iter().any(near));
            result.tempo[1] = usize::from(near(1.0));
            if !near(1.0) {
                result.notes.push(format!("tempo {:.1}, truth {:.1}", tempo.bpm, truth.bpm));
            }
        }
        None => result.notes.push(format!("no tempo, truth {:.1}", truth.bpm)),
    }
    if let Some(key) = song.time.key {
        let right = i32::from(key.tonic) == truth.tonic && key.minor == truth.minor;
        // The relative minor lies three semitones under its major.
        let relative = key.minor != truth.minor
            && i32::from(key.tonic) == (truth.tonic + if truth.minor { 3 } else { 9 }) % 12;
        result.key = [usize::from(right), usize::from(right || relative), 1];
        if !right {
            result.notes.push(format!(
                "key {}, truth {} {}",
                key.name(),
                truth.tonic,
                if truth.minor { "minor" } else { "major" }
            ));
        }
    }
    borders(song, truth, &mut result);
    if let Some(start) = truth.count_in_seconds {
        let found = song
            .time
            .count_in
            .as_ref()
            .is_some_and(|count| (count.start_seconds - start).abs() < 30.0 / truth.bpm);
        result.count_ins = [usize::from(found), 1];
    }
    result
}

fn borders(song: &Song, truth: &Truth, result: &mut Timed) {
    let bar = truth.beats_per_bar as f64 * 60.0 / truth.bpm;
    let own: Vec<f64> = truth.sections.iter().skip(1).map(|span| span.start_seconds).collect();
    let told: Vec<f64> = song.time.sections.iter().skip(1).map(|section| section.start_seconds).collect();
    let near = |start: &&f64| told.iter().any(|told| (told - **start).abs() <= 1.05 * bar);
    result.sections = [own.iter().filter(near).count(), own.len(), told.len()];
}

/// What became of a planted damage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Repair {
    /// Kind.
    pub kind: String,
    /// File.
    pub file: String,
    /// Whether it was found.
    pub found: bool,
    /// Whether the mix is free of it.
    pub repaired: bool,
    /// Whether the same was "found" in the clean twin.
    pub in_clean: bool,
    /// What is left: the unit of its kind.
    pub residual: Option<f64>,
    /// In words.
    pub note: String,
}

/// A mix with its measurements.
pub struct Judged<'a> {
    /// What was made.
    pub mixed: &'a Mixed,
    /// What it measures.
    pub metrics: &'a Metrics,
}

/// Whether a damage is judged by what the mix measures; the others by what was found and set.
#[must_use]
pub fn is_measured(truth: &Truth) -> bool {
    let measured = [Kind::Loud, Kind::Soft, Kind::Tambourine, Kind::Backing];
    truth.damage.iter().filter_map(|damage| Kind::of(&damage.kind)).any(|kind| measured.contains(&kind))
}

/// What became of each damage, beside the mix of the clean twin.
#[must_use]
pub fn repairs(truth: &Truth, broken: &Judged<'_>, clean: &Judged<'_>) -> Vec<Repair> {
    let mut kinds: Vec<&Damage> = Vec::new();
    for damage in &truth.damage {
        // A stack of voices is damaged as one.
        if !kinds.iter().any(|other| other.kind == damage.kind) {
            kinds.push(damage);
        }
    }
    kinds.into_iter().filter_map(|damage| repair(truth, damage, broken, clean)).collect()
}

fn repair(truth: &Truth, damage: &Damage, broken: &Judged<'_>, clean: &Judged<'_>) -> Option<Repair> {
    let kind = Kind::of(&damage.kind)?;
    let group = truth
        .track(&damage.file)
        .and_then(|track| Group::ALL.iter().copied().find(|g| g.id() == track.group))?;
    let file = damage.file.as_str();
    let mut verdict = Repair {
        kind: damage.kind.clone(),
        file: damage.file.clone(),
        found: true,
        repaired: true,
        in_clean: false,
        residual: None,
        note: String::new(),
    };
    match kind {
        Kind::Loud | Kind::Soft => {
            let gap = level_gap(broken, clean, file);
            verdict.residual = gap;
            verdict.repaired = gap.is_some_and(|gap| gap.abs() <= 1.0);
        }
        Kind::Tambourine => {
            verdict.residual = broken.metrics.group(group);
            verdict.repaired = verdict.residual.is_some_and(|lu| lu <= -13.5);
        }
        Kind::Backing => {
            let gap = Some(broken.metrics.group(group)? - broken.metrics.group(Group::Vocals)?);
            verdict.residual = gap;
            verdict.repaired = gap.is_some_and(|gap| gap <= -4.7);
        }
        Kind::Resonance => eq_verdict(&mut verdict, broken, clean, file, (512.0, 800.0), -1.5),
        Kind::Mud => eq_verdict(&mut verdict, broken, clean, file, (160.0, 640.0), -1.0),
        Kind::Dark => {
            let gain = strongest(&bands(&broken.mixed.text, file), (3_000.0, 20_000.0));
            verdict.residual = Some(gain);
            verdict.repaired = gain >= -0.5;
        }
        Kind::Polarity => polarity(&mut verdict, truth, broken),
        Kind::Silent | Kind::Duplicate | Kind::RoughMix => {
            verdict.found = left_out(broken.mixed, truth, kind, file);
            verdict.repaired = verdict.found;
        }
        Kind::Hum | Kind::PrintedReverb | Kind::Clipped | Kind::LateStart | Kind::OneSided => {
            let words = codes(kind);
            verdict.found = told(broken.mixed, file, words);
            verdict.in_clean = told(clean.mixed, file, words);
            verdict.repaired = verdict.found;
        }
    }
    Some(verdict)
}

/// Codes of findings that name a damage.
fn codes(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Hum => &["hum", "noisy"],
        Kind::PrintedReverb => &["printed_reverb"],
        Kind::Clipped => &["clipped"],
        Kind::LateStart => &["start_differs", "length_differs"],
        Kind::OneSided => &["one_sided", "mono_in_stereo"],
        _ => &[],
    }
}

fn told(mixed: &Mixed, file: &str, codes: &[&str]) -> bool {
    mixed.findings.iter().any(|finding| codes.contains(&finding.rule) && finding.about.contains(file))
}

/// Loudness of a track's group against the mix, less that in the clean twin.
fn level_gap(broken: &Judged<'_>, clean: &Judged<'_>, file: &str) -> Option<f64> {
    // What a listener hears of the track: its level behind the fader, from trims and faders of both sessions.
    let level = |judged: &Judged<'_>| {
        let song = judged.mixed.song.as_ref()?;
        let track = song.tracks.iter().find(|track| track.path == file)?;
        let session = &judged.mixed.session;
        let strip =
            session.tracks.iter().find(|own| own.clips.first().is_some_and(|clip| clip.file.id == file))?;
        let bus = session.strip(&strip.strip.output.id).map_or(0.0, |bus| bus.controls.fader_db);
        let controls = &strip.strip.controls;
        Some(track.facts.active_lufs? + controls.trim_db + controls.fader_db + bus - judged.metrics.lufs)
    };
    Some(level(broken)? - level(clean)?)
}

/// A band of an equaliser: frequency and gain.
pub type Band = (f64, f64);

/// Inserts of the assistant that make room for others: what they cut is no repair.
const ROOM: &[&str] = &["unmask", "keyed", "duck"];

/// Every band on the strip that plays a file, and on its bus.
#[must_use]
pub fn bands(text: &str, file: &str) -> Vec<Band> {
    bands_without(text, file, &[])
}

/// The same without the inserts of these ids.
fn bands_without(text: &str, file: &str, ids: &[&str]) -> Vec<Band> {
    let Ok(session) = text.parse::<toml::Table>() else { return Vec::new() };
    let list = |key: &str| session.get(key).and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let tracks = list("track");
    let plays = |strip: &&toml::Value| {
        let own = strip.get("file").and_then(toml::Value::as_str) == Some(file);
        let clips = strip.get("clip").and_then(toml::Value::as_array);
        own || clips.is_some_and(|clips| {
            clips.iter().any(|clip| clip.get("file").and_then(toml::Value::as_str) == Some(file))
        })
    };
    let Some(track) = tracks.iter().find(plays) else { return Vec::new() };
    let output = track.get("output").and_then(toml::Value::as_str).unwrap_or_default();
    let buses = list("bus");
    let bus = buses.iter().find(|bus| bus.get("id").and_then(toml::Value::as_str) == Some(output));
    let mut found = Vec::new();
    for strip in std::iter::once(track).chain(bus) {
        collect(strip.get("insert").unwrap_or(&toml::Value::Boolean(false)), ids, &mut found);
    }
    found
}

fn collect(value: &toml::Value, without: &[&str], found: &mut Vec<Band>) {
    match value {
        toml::Value::Array(list) => list.iter().for_each(|value| collect(value, without, found)),
        toml::Value::Table(table) => {
            if table.get("id").and_then(toml::Value::as_str).is_some_and(|id| without.contains(&id)) {
                return;
            }
            let number =
                |key: &str| table.get(key).and_then(|v| v.as_float().or(v.as_integer().map(|n| n as f64)));
            if let (Some(hz), Some(db)) = (number("freq_hz"), number("gain_db").or(number("range_db"))) {
                found.push((hz, db));
            }
            table.values().for_each(|value| collect(value, without, found));
        }
        _ => {}
    }
}

/// The deepest cut between two frequencies; 0 without one.
#[must_use]
pub fn strongest(bands: &[Band], (low, high): (f64, f64)) -> f64 {
    bands.iter().filter(|(hz, _)| (low..=high).contains(hz)).map(|(_, db)| *db).fold(0.0, f64::min)
}

fn eq_verdict(
    verdict: &mut Repair,
    broken: &Judged<'_>,
    clean: &Judged<'_>,
    file: &str,
    range: (f64, f64),
    least_db: f64,
) {
    let (cut, before) = (
        strongest(&bands_without(&broken.mixed.text, file, ROOM), range),
        strongest(&bands_without(&clean.mixed.text, file, ROOM), range),
    );
    verdict.residual = Some(cut);
    verdict.found = cut <= least_db && cut < before - 0.5;
    verdict.repaired = verdict.found;
    // The same cut without the fault would be no repair but a habit.
    verdict.in_clean = before <= least_db - 1.0;
    verdict.note = format!("cut {cut:.1} dB, in the clean twin {before:.1} dB");
}

fn polarity(verdict: &mut Repair, truth: &Truth, broken: &Judged<'_>) {
    let Some(song) = &broken.mixed.song else {
        (verdict.found, verdict.repaired) = (false, false);
        return;
    };
    let about: Vec<&Alignment> = truth
        .alignments
        .iter()
        .filter(|pair| pair.file == verdict.file || pair.reference == verdict.file)
        .collect();
    let right =
        |pair: &&&Alignment| (moved(song, &pair.file).1 != moved(song, &pair.reference).1) == pair.inverted;
    let good = about.iter().filter(right).count();
    verdict.found = about.iter().any(|pair| right(&pair) && pair.inverted);
    verdict.repaired = good == about.len();
    verdict.note = format!("{good} of {} relations right", about.len());
}

fn left_out(mixed: &Mixed, truth: &Truth, kind: Kind, file: &str) -> bool {
    let muted = |file: &str| {
        let plays =
            |track: &&studio::session::Track| track.clips.first().is_some_and(|clip| clip.file.id == file);
        mixed.session.tracks.iter().find(plays).is_none_or(|track| track.strip.controls.mute)
    };
    match kind {
        // Either of two that are the same, but not both.
        Kind::Duplicate => {
            let twin = file.replace(" copy", "");
            muted(file) != muted(&twin)
        }
        Kind::RoughMix => {
            let others = truth.tracks.iter().filter(|track| track.used_as == "play");
            muted(file) && others.filter(|track| muted(&track.file)).count() == 0
        }
        _ => muted(file),
    }
}
