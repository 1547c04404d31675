//! Other prints of the same session: without the voice, with the voice up, with other settings.

use super::set::{self, Bounced, Shape};
use super::{Group, Options, part, print_gain_db, role_of};
use crate::audio::Encoding;
use crate::deliver::{Gate, Verified, Written};
use crate::engine::{Files, Library};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::session::Session;
use crate::suggest::nearest;
use dsp::dither::Dither;
use dsp::math::db_to_gain;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// A print to be made.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Its file is called so.
    pub name: String,
    /// What it is, in words.
    pub title: String,
    /// What is rendered.
    pub session: Session,
}

/// Alternate prints by name, with what they are.
pub const ALTERNATES: [(&str, &str); 7] = [
    ("instrumental", "without lead and backing vocals"),
    ("acappella", "lead and backing vocals alone"),
    ("tv", "without lead vocals"),
    ("vocal-up-0.5", "lead vocals 0.5 dB up"),
    ("vocal-up-1", "lead vocals 1 dB up"),
    ("vocal-down-0.5", "lead vocals 0.5 dB down"),
    ("vocal-down-1", "lead vocals 1 dB down"),
];

/// Which tracks are voices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Voices {
    /// Lead vocals.
    pub lead: Vec<String>,
    /// Backing vocals.
    pub backing: Vec<String>,
}

impl Voices {
    /// By the names of the tracks; where ids of tracks or buses are given, by those.
    ///
    /// # Errors
    /// `unknown_strip`, with the nearest there is.
    pub fn new(session: &Session, lead: &[String], backing: &[String]) -> Result<Self> {
        let of = |wanted: &[String], group: Group| {
            if wanted.is_empty() { Ok(named(session, group)) } else { members(session, wanted) }
        };
        let lead = of(lead, Group::Vocals)?;
        let mut backing = of(backing, Group::Backing)?;
        backing.retain(|id| !lead.contains(id));
        Ok(Self { lead, backing })
    }

    fn has(list: &[String], id: &str) -> bool {
        list.iter().any(|own| own == id)
    }
}

fn named(session: &Session, group: Group) -> Vec<String> {
    let tracks = session.tracks.iter().map(|track| &track.strip);
    let role = |name: &str| role_of(name).map(|role| role.group);
    let own = tracks.filter(|strip| role(&strip.name).or_else(|| role(&strip.id)) == Some(group));
    own.map(|strip| strip.id.clone()).collect()
}

/// Tracks by id, and those that go to buses by id.
fn members(session: &Session, ids: &[String]) -> Result<Vec<String>> {
    for id in ids {
        if session.strips().all(|strip| strip.id != *id) {
            let error = Error::new(Kind::Usage, "unknown_strip", format!("there is no track or bus `{id}`"));
            let meant = nearest(id, session.strips().map(|strip| strip.id.as_str()));
            let hint = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`?"));
            return Err(error.at(&session.origin.file).hint(hint));
        }
    }
    let tracks = session.tracks.iter().map(|track| track.strip.id.clone());
    Ok(tracks.filter(|track| part::chain(session, track).iter().any(|strip| ids.contains(strip))).collect())
}

/// The main print and alternates of it, in the order asked for; `all` is all of them.
///
/// # Errors
/// `unknown_alternate`, with the nearest there is; `no_voice` where it needs one.
pub fn alternates(session: &Session, kinds: &[String], voices: &Voices) -> Result<Vec<Variant>> {
    let mut wanted: Vec<(&str, &str)> = Vec::new();
    for kind in kinds.iter().map(|kind| kind.trim()) {
        if kind == "all" {
            wanted.extend(ALTERNATES);
            continue;
        }
        let known = ALTERNATES.iter().find(|(name, _)| *name == kind);
        let unknown = || {
            let error =
                Error::new(Kind::Usage, "unknown_alternate", format!("there is no alternate `{kind}`"));
            let names = || ALTERNATES.iter().map(|(name, _)| *name);
            error.hint(nearest(kind, names()).map_or_else(
                || format!("there are: all, {}", names().collect::<Vec<_>>().join(", ")),
                |meant| format!("did you mean `{meant}`?"),
            ))
        };
        wanted.push(*known.ok_or_else(unknown)?);
    }
    wanted.dedup();
    let mut variants =
        vec![Variant { name: "main".to_owned(), title: "the mix".to_owned(), session: session.clone() }];
    for (name, title) in wanted {
        if variants.iter().all(|variant| variant.name != name) {
            let session = alternate(session, name, voices)?;
            variants.push(Variant { name: name.to_owned(), title: title.to_owned(), session });
        }
    }
    Ok(variants)
}

fn alternate(session: &Session, name: &str, voices: &Voices) -> Result<Session> {
    let (lead, backing) = (&voices.lead, &voices.backing);
    let none = if name == "instrumental" || name == "acappella" {
        lead.is_empty() && backing.is_empty()
    } else {
        lead.is_empty()
    };
    if none {
        let error = Error::new(
            Kind::Usage,
            "no_voice",
            format!("`{name}` needs to know the voice, and no track is called so"),
        );
        return Err(error.at(&session.origin.file).hint("name it: --lead ID,ID (tracks or buses)"));
    }
    let voice = |id: &str| Voices::has(lead, id) || Voices::has(backing, id);
    Ok(match name {
        "instrumental" => part::tracks(session, &|id| !voice(id)),
        "acappella" => part::tracks(session, &voice),
        "tv" => part::tracks(session, &|id| !Voices::has(lead, id)),
        _ => {
            let sign = if name.starts_with("vocal-down") { -1.0 } else { 1.0 };
            let db = if name.ends_with("0.5") { 0.5 } else { 1.0 };
            part::raised(session, lead, sign * db)
        }
    })
}

/// Snapshots of a session by id; `all` is all of them.
///
/// # Errors
/// `unknown_snapshot`, with the nearest there is.
pub fn snapshots(session: &Session, ids: &[String]) -> Result<Vec<Variant>> {
    let mut wanted: Vec<&str> = Vec::new();
    for id in ids.iter().map(|id| id.trim()) {
        match id {
            "all" => wanted.extend(session.snapshots.iter().map(|snapshot| snapshot.id.id.as_str())),
            id => wanted.push(id),
        }
    }
    if wanted.is_empty() {
        let error = Error::new(Kind::Usage, "unknown_snapshot", "the session has no snapshots");
        return Err(error.at(&session.origin.file).hint("add [[snapshot]] with id and set"));
    }
    let mut variants: Vec<Variant> = Vec::new();
    for id in wanted {
        if variants.iter().any(|variant| variant.name == id) {
            continue;
        }
        let other = session.with_snapshot(id)?;
        let snapshot = session.snapshots.iter().find(|snapshot| snapshot.id.id == id);
        let title = snapshot.map_or_else(|| id.to_owned(), |snapshot| snapshot.name.clone());
        variants.push(Variant { name: id.to_owned(), title, session: other });
    }
    Ok(variants)
}

/// What gain the prints of a set have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// All that of the first, so that they line up; all have its length.
    Shared,
    /// Each its own, as if it were printed alone.
    Own,
    /// As loud as the softest of them: for comparison. Never above their peak.
    Matched,
}

/// A variant on disk.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VariantPrint {
    /// Name.
    pub name: String,
    /// What it is.
    pub title: String,
    /// File.
    pub path: PathBuf,
    /// Its static gain.
    pub print_gain_db: f64,
    /// Frames.
    pub frames: u64,
    /// Integrated loudness.
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: f64,
    /// Peak to loudness.
    pub plr_lu: Option<f64>,
    /// Side against mid.
    pub side_to_mid_db: Option<f64>,
    /// Correlation of the channels.
    pub correlation: Option<f64>,
    /// BLAKE3 of the audio, see [`Written`].
    pub audio_blake3: String,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// Renders variants into a folder that exists, side by side: `NAME.wav`, 24 bits. All appear, or none.
///
/// # Errors
/// As [`super::render`].
pub fn variants(
    variants: &[Variant],
    folder: &Path,
    level: Level,
    job: &Job<'_>,
    options: Options,
) -> std::result::Result<Vec<VariantPrint>, Vec<Error>> {
    let errors = variants.first().map(|first| first.session.check_files()).unwrap_or_default();
    if !errors.is_empty() {
        return Err(errors);
    }
    variants_from(variants, &Files { options: options.decode }, folder, level, job, options)
}

/// As [`variants`], with audio from anywhere.
///
/// # Errors
/// As [`variants`].
pub fn variants_from(
    variants: &[Variant],
    library: &dyn Library,
    folder: &Path,
    level: Level,
    job: &Job<'_>,
    options: Options,
) -> std::result::Result<Vec<VariantPrint>, Vec<Error>> {
    let one = |error: Error| vec![error];
    let paths: Vec<PathBuf> =
        variants.iter().map(|variant| folder.join(format!("{}.wav", variant.name))).collect();
    for (variant, path) in variants.iter().zip(&paths) {
        super::over_input(&variant.session, path).map_err(one)?;
        drop(crate::files::NewFile::create(path, options.force).map_err(one)?);
    }
    let mut set = Set { level, options, first: None, waiting: Vec::new() };
    let mut kept: Vec<Bounced> = Vec::new();
    for (number, (variant, path)) in variants.iter().zip(&paths).enumerate() {
        let stage = format!("{} ({} of {})", variant.name, number + 1, variants.len());
        job.step(&stage, 0, 1).map_err(one)?;
        let matched = level == Level::Matched;
        let mut bounced = set::bounce(&variant.session, library, path, job, options.engine, matched)?;
        if matched {
            kept.push(bounced);
        } else {
            let gain_db = print_gain_db(bounced.peak_db, options);
            set.write(variant, path, &mut bounced, gain_db, job).map_err(one)?;
        }
    }
    let gains = matched_gains(&kept, options);
    for (((variant, path), bounced), gain_db) in variants.iter().zip(&paths).zip(&mut kept).zip(gains) {
        set.write(variant, path, bounced, gain_db, job).map_err(one)?;
    }
    set.commit(variants).map_err(one)
}

/// Gains that bring all to the loudness of the one that is softest at its own print gain.
fn matched_gains(bounced: &[Bounced], options: Options) -> Vec<f64> {
    let own = |one: &Bounced| print_gain_db(one.peak_db, options);
    let loudness = bounced.iter().filter_map(|one| Some(one.integrated_lufs? + own(one)));
    let softest = loudness.fold(f64::INFINITY, f64::min);
    let gain = |one: &Bounced| match one.integrated_lufs {
        Some(lufs) if softest.is_finite() => softest - lufs,
        _ => own(one),
    };
    bounced.iter().map(gain).collect()
}

/// Files on their way.
struct Set {
    level: Level,
    options: Options,
    /// Gain and length of the first.
    first: Option<(f64, u64)>,
    waiting: Vec<(Verified, f64, Vec<Finding>)>,
}

impl Set {
    fn write(
        &mut self,
        variant: &Variant,
        path: &Path,
        bounced: &mut Bounced,
        own_db: f64,
        job: &Job<'_>,
    ) -> Result<()> {
        let own = (own_db, bounced.rendered.sounding_frames);
        let first = *self.first.get_or_insert(own);
        let shared = self.level == Level::Shared;
        let (gain_db, frames) = if shared { first } else { own };
        let shape = Shape {
            encoding: Encoding::Int(24),
            dither: Dither::Triangular,
            channels: bounced.channels,
            frames,
            gain: db_to_gain(gain_db),
        };
        let ceiling_dbtp = (!shared || self.waiting.is_empty()).then_some(self.options.peak_dbtp);
        let gate = Gate { ceiling_dbtp, ..Gate::default() };
        let title = format!("{} - {}", variant.session.name, variant.title);
        let place = (path, title.as_str(), self.options.force);
        let file = set::write_bounced(&variant.session, bounced, place, shape, &gate, job)?;
        let mut findings = std::mem::take(&mut bounced.rendered.findings);
        findings.extend(file.written().findings.iter().cloned());
        findings.extend(over_peak(&file, &variant.name, self.options.peak_dbtp));
        self.waiting.push((file, gain_db, findings));
        Ok(())
    }

    fn commit(self, variants: &[Variant]) -> Result<Vec<VariantPrint>> {
        let (mut files, mut rest) = (Vec::new(), Vec::new());
        for (file, gain_db, findings) in self.waiting {
            files.push(file);
            rest.push((gain_db, findings));
        }
        let written = set::commit_all(files)?;
        let told = variants.iter().zip(written).zip(rest);
        Ok(told
            .map(|((variant, written), (gain_db, findings))| print(variant, written, gain_db, findings))
            .collect())
    }
}

/// A shared gain can bring an alternate over the peak of the main print.
fn over_peak(file: &Verified, name: &str, limit_dbtp: f64) -> Option<Finding> {
    let peak = file.written().measured.true_peak_worst_dbtp();
    (peak > limit_dbtp + 0.02).then(|| {
        Finding::new("over_peak", Severity::Info, format!("{peak:.2} dBTP"))
            .about(name)
            .limit(format!("{limit_dbtp} dBTP, the peak of the main print"))
            .advice("it has the gain of the main print so that the two line up; nothing to do under 0 dBTP")
    })
}

fn print(variant: &Variant, written: Written, print_gain_db: f64, findings: Vec<Finding>) -> VariantPrint {
    let m = &written.measured;
    VariantPrint {
        name: variant.name.clone(),
        title: variant.title.clone(),
        print_gain_db,
        frames: written.frames,
        integrated_lufs: m.integrated_lufs,
        true_peak_dbtp: m.true_peak_worst_dbtp(),
        plr_lu: m.plr_lu,
        side_to_mid_db: m.side_to_mid_db,
        correlation: m.correlation,
        audio_blake3: written.audio_blake3.clone(),
        path: written.path,
        findings,
    }
}
