//! Stems: the mix in parts that add up to it, and the dry tracks for another engineer.
//!
//! Each stem is the whole session rendered with only its tracks heard (see `part`): its own share of every
//! return, behind the mix fader, at the gain of the print. What depends on level on a path that several stems share cannot be
//! taken apart; it is told, and the sum is measured from the files as they lie on the disk.

use super::set::{self, Shape};
use super::{Options, part, print_gain_db, role_of};
use crate::audio::Encoding;
use crate::decode;
use crate::deliver::{Gate, Verified, Written};
use crate::engine::{Engine, Files, Library};
use crate::files::NewFile;
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::session::{Controls, MIX, PanLaw, Session, Strip};
use dsp::block::Buffer;
use dsp::dither::Dither;
use dsp::math::{db_to_gain, gain_to_db, power_to_db};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

/// Name of the list beside the stems.
pub const MANIFEST_FILE: &str = "stems.json";
/// Rounding only: for samples that are on the grid already, and for stems that are to add up as nearly as 24 bits can.
pub const NO_DITHER: Dither = Dither::None;
/// Most the sum of the stems may differ from the mix (the mixing rules, d.8).
pub const NULL_LIMIT_DBFS: f64 = -120.0;

/// What becomes a stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Each bus or track that goes straight to the mix.
    Bus,
    /// Each track.
    Track,
    /// Each group of instruments, by the names of the tracks.
    Group,
}

/// Where the returns go: the buses that something is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// Every stem has its own share of them.
    Split,
    /// The stems are without them, and each return is a stem of its own.
    Separate,
    /// The stems are without them.
    None,
}

/// How to export stems.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StemOptions {
    /// What becomes a stem.
    pub by: By,
    /// Where the returns go.
    pub returns: Returns,
    /// The dry tracks instead, with their edits, from the start of the session.
    pub multitrack: bool,
    /// How samples are stored.
    pub encoding: Encoding,
    /// Dither of integers.
    pub dither: Dither,
    /// Peak of the mix, existing files, doubtful tracks.
    pub print: Options,
}

impl Default for StemOptions {
    fn default() -> Self {
        Self {
            by: By::Bus,
            returns: Returns::Split,
            multitrack: false,
            encoding: Encoding::Int(24),
            dither: Dither::Triangular,
            print: Options::default(),
        }
    }
}

/// A file of the export.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StemFile {
    /// Name for people.
    pub name: String,
    /// File name in the folder.
    pub file: String,
    /// Tracks that are heard in it.
    pub tracks: Vec<String>,
    /// Channels.
    pub channels: usize,
    /// Frames; the same in all.
    pub frames: u64,
    /// BLAKE3, in hexadecimal, over the BLAKE3 of each channel's decoded audio as little-endian `f64`.
    pub audio_blake3: String,
    /// Integrated loudness.
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: f64,
}

/// How far the sum of the stems is from the mix, from the files.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Null {
    /// Largest difference of a sample.
    pub peak_dbfs: f64,
    /// Level of the difference.
    pub rms_dbfs: f64,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stems {
    /// Session.
    pub session: String,
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Gain of the print, on every stem.
    pub print_gain_db: f64,
    /// What became a stem; none for dry tracks.
    pub by: Option<By>,
    /// Where the returns went; none for dry tracks.
    pub returns: Option<Returns>,
    /// The mix at the same gain and length; none for dry tracks.
    pub mix: Option<StemFile>,
    /// The stems.
    pub stems: Vec<StemFile>,
    /// Sum of the stems against the mix; none where they are not meant to add up.
    pub null: Option<Null>,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// A stem to be made.
struct Plan {
    name: String,
    tracks: Vec<String>,
    session: Session,
    channels: usize,
}

/// Renders the stems of a session into a folder that exists, with [`MANIFEST_FILE`]. Renders the session once and once more
/// for each stem; memory does not grow with the length.
///
/// # Errors
/// As [`super::render`]; `exists`. No file of the export is left behind then.
pub fn stems(
    session: &Session,
    folder: &Path,
    job: &Job<'_>,
    options: StemOptions,
) -> std::result::Result<Stems, Vec<Error>> {
    let errors = session.check_files();
    if !errors.is_empty() {
        return Err(errors);
    }
    stems_from(session, &Files { options: options.print.decode }, folder, job, options)
}

/// As [`stems`], with audio from anywhere.
///
/// # Errors
/// As [`stems`].
pub fn stems_from(
    session: &Session,
    library: &dyn Library,
    folder: &Path,
    job: &Job<'_>,
    options: StemOptions,
) -> std::result::Result<Stems, Vec<Error>> {
    stereo_only(session).map_err(|error| vec![error])?;
    let jobs =
        if options.multitrack { dry_tracks(session, library, options)? } else { parts(session, options) };
    let names = file_names(&jobs);
    let one = |error: Error| vec![error];
    for name in names
        .iter()
        .map(String::as_str)
        .chain([MANIFEST_FILE])
        .chain((!options.multitrack).then_some("mix.wav"))
    {
        let path = folder.join(name);
        super::over_input(session, &path).map_err(one)?;
        // Said before anything is rendered.
        drop(NewFile::create(&path, options.print.force).map_err(one)?);
    }
    let mut exported = Exported { waiting: Vec::new(), findings: Vec::new(), gain_db: 0.0, frames: 0 };
    if options.multitrack {
        let plan = Engine::new(session, library, options.print.engine)?;
        exported.frames = plan.plan().length_frames;
    } else {
        exported.mix(session, library, folder, job, options)?;
    }
    exported.all(&jobs, &names, library, folder, job, options)?;
    exported.finish(session, &jobs, &names, folder, job, options).map_err(one)
}

/// Refuses what has more than two channels anywhere on the way to the mix: a part of it would not add up to it.
fn stereo_only(session: &Session) -> Result<()> {
    let wide = session.buses.iter().find(|bus| bus.layout.speakers().channels() > 2).map(|bus| &bus.strip);
    let wide = if session.shape.layout.speakers().channels() > 2 { Some(&session.mix) } else { wide };
    let Some(strip) = wide else { return Ok(()) };
    let what = format!("`{}` is a surround bus, and stems are stereo", strip.id);
    let error = Error::new(Kind::Usage, "stems_are_stereo", what)
        .hint("give every bus and [mix] layout = \"stereo\", or print the surround mix with `mix`");
    Err(session.error_at(&strip.span, error, "this bus"))
}

/// Files on their way.
struct Exported {
    /// The mix, if it is among them, then the stems.
    waiting: Vec<Verified>,
    findings: Vec<Finding>,
    gain_db: f64,
    frames: u64,
}

impl Exported {
    fn shape(&self, channels: usize, options: StemOptions) -> Shape {
        Shape {
            encoding: options.encoding,
            dither: options.dither,
            channels,
            frames: self.frames,
            gain: db_to_gain(self.gain_db),
        }
    }

    fn mix(
        &mut self,
        session: &Session,
        library: &dyn Library,
        folder: &Path,
        job: &Job<'_>,
        options: StemOptions,
    ) -> std::result::Result<(), Vec<Error>> {
        let out = folder.join("mix.wav");
        let mut bounced = set::bounce(session, library, &out, job, options.print.engine, false)?;
        self.gain_db = print_gain_db(bounced.peak_db, options.print);
        self.frames = bounced.rendered.sounding_frames;
        self.findings.append(&mut bounced.rendered.findings);
        let gate = Gate { ceiling_dbtp: Some(options.print.peak_dbtp), ..Gate::default() };
        let (shape, title) = (self.shape(2, options), format!("{} - mix", session.name));
        let place = (out.as_path(), title.as_str(), options.print.force);
        let file = set::write_bounced(session, &mut bounced, place, shape, &gate, job);
        self.waiting.push(file.map_err(|error| vec![error])?);
        Ok(())
    }

    fn all(
        &mut self,
        jobs: &[Plan],
        names: &[String],
        library: &dyn Library,
        folder: &Path,
        job: &Job<'_>,
        options: StemOptions,
    ) -> std::result::Result<(), Vec<Error>> {
        for (number, (stem, name)) in jobs.iter().zip(names).enumerate() {
            let stage = format!("{} ({} of {})", stem.name, number + 1, jobs.len());
            job.step(&stage, 0, 1).map_err(|error| vec![error])?;
            let title = format!("{} - {}", stem.session.name, stem.name);
            let path = folder.join(name);
            let place = (path.as_path(), title.as_str(), options.print.force);
            let shape = self.shape(stem.channels, options);
            let engine = options.print.engine;
            let (file, findings) = set::write_rendered(&stem.session, library, place, shape, engine, job)?;
            self.findings.extend(file.written().findings.iter().cloned());
            if options.multitrack {
                self.findings.extend(findings);
            }
            self.waiting.push(file);
        }
        Ok(())
    }

    fn finish(
        mut self,
        session: &Session,
        jobs: &[Plan],
        names: &[String],
        folder: &Path,
        job: &Job<'_>,
        options: StemOptions,
    ) -> Result<Stems> {
        let adds_up = !options.multitrack && options.returns != Returns::None;
        let null = match self.waiting.split_first() {
            Some((mix, stems)) if adds_up => Some(null(mix, stems, job)?),
            _ => None,
        };
        if !options.multitrack {
            self.findings.extend(inseparable(session, jobs));
        }
        self.findings.extend(null.and_then(not_adding_up));
        let mut written: Vec<&Written> = self.waiting.iter().map(Verified::written).collect();
        let mix = (!options.multitrack && !written.is_empty()).then(|| written.remove(0));
        let describe = |name: &str, file: &str, tracks: &[String], written: &Written| StemFile {
            name: name.to_owned(),
            file: file.to_owned(),
            tracks: tracks.to_vec(),
            channels: written.measured.channels,
            frames: written.frames,
            audio_blake3: written.audio_blake3.clone(),
            integrated_lufs: written.measured.integrated_lufs,
            true_peak_dbtp: written.measured.true_peak_worst_dbtp(),
        };
        let tracks: Vec<String> = session.tracks.iter().map(|track| track.strip.id.clone()).collect();
        let stems = Stems {
            session: session.name.clone(),
            sample_rate_hz: session.sample_rate_hz,
            print_gain_db: self.gain_db,
            by: (!options.multitrack).then_some(options.by),
            returns: (!options.multitrack).then_some(options.returns),
            mix: mix.map(|mix| describe("mix", "mix.wav", &tracks, mix)),
            stems: jobs
                .iter()
                .zip(names)
                .zip(&written)
                .map(|((stem, file), written)| describe(&stem.name, file, &stem.tracks, written))
                .collect(),
            null,
            findings: self.findings,
        };
        let manifest = manifest(&folder.join(MANIFEST_FILE), &stems, options.print.force)?;
        job.step("stems", 1, 1)?;
        set::commit_all(self.waiting)?;
        manifest.commit()?;
        Ok(stems)
    }
}

fn manifest(path: &Path, stems: &Stems, force: bool) -> Result<NewFile> {
    let text = serde_json::to_string_pretty(stems)
        .map_err(|error| Error::new(Kind::Internal, "manifest", error.to_string()))?;
    let mut file = NewFile::create(path, force)?;
    file.file()
        .write_all(format!("{text}\n").as_bytes())
        .map_err(|error| Error::io(path, "write the list of stems", &error))?;
    Ok(file)
}

/// File names, each only once, in whatever case.
fn file_names(jobs: &[Plan]) -> Vec<String> {
    let mut taken: BTreeSet<String> = ["mix".to_owned()].into();
    let name = |job: &Plan| {
        let plain: String =
            job.name.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let mut name = plain.clone();
        let mut number = 2;
        while !taken.insert(name.to_lowercase()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        format!("{name}.wav")
    };
    jobs.iter().map(name).collect()
}

/// Tracks by stem, in the order of the text.
fn groups(session: &Session, by: By) -> Vec<(String, Vec<String>)> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for track in &session.tracks {
        let root = || part::chain(session, &track.strip.id).pop().unwrap_or_default();
        let name = match by {
            By::Track => track.strip.id.clone(),
            By::Bus => root(),
            By::Group => {
                let role = role_of(&track.strip.name).or_else(|| role_of(&track.strip.id));
                role.map_or_else(root, |role| role.group.name().to_lowercase())
            }
        };
        match groups.iter_mut().find(|group| group.0 == name) {
            Some(group) => group.1.push(track.strip.id.clone()),
            None => groups.push((name, vec![track.strip.id.clone()])),
        }
    }
    groups
}

fn parts(session: &Session, options: StemOptions) -> Vec<Plan> {
    let dry = options.returns != Returns::Split;
    let mut jobs: Vec<Plan> = groups(session, options.by)
        .into_iter()
        .map(|(name, tracks)| {
            let part = part::tracks(session, &|id| tracks.iter().any(|track| track == id));
            let session = if dry { part::without_sends(&part) } else { part };
            Plan { name, tracks, session, channels: 2 }
        })
        .collect();
    if options.returns == Returns::Separate {
        jobs.extend(part::returns(session).into_iter().map(|id| Plan {
            session: part::return_of(session, &id),
            name: format!("return {id}"),
            tracks: Vec::new(),
            channels: 2,
        }));
    }
    jobs
}

/// Each track by itself: its clips with their gains and fades, and nothing else.
fn dry_tracks(
    session: &Session,
    library: &dyn Library,
    options: StemOptions,
) -> std::result::Result<Vec<Plan>, Vec<Error>> {
    let mut jobs = Vec::new();
    for track in &session.tracks {
        let mut alone =
            Session { vcas: Vec::new(), automation: Vec::new(), buses: Vec::new(), ..session.clone() };
        let mut track = track.clone();
        bare(&mut track.strip);
        bare(&mut alone.mix);
        let id = track.strip.id.clone();
        alone.tracks = vec![track];
        alone.edit_groups.clear();
        let engine = Engine::new(&alone, library, options.print.engine)?;
        let channels = engine.plan().steps.first().map_or(2, |step| step.channels.min(2));
        jobs.push(Plan { name: id.clone(), tracks: vec![id], session: alone, channels });
    }
    Ok(jobs)
}

fn bare(strip: &mut Strip) {
    strip.inserts.clear();
    strip.sends.clear();
    strip.output.id = MIX.to_owned();
    // One channel goes to both sides as it is; the first of them is written.
    strip.controls = Controls { pan_law: PanLaw::Balance, ..Controls::default() };
}

/// Reads the mix and all stems back, side by side.
fn null(mix: &Verified, stems: &[Verified], job: &Job<'_>) -> Result<Null> {
    let open = |file: &Verified| decode::open(file.temporary(), decode::Options::default());
    let mut mix_source = open(mix)?;
    let mut sources = stems.iter().map(open).collect::<Result<Vec<_>>>()?;
    let frames = mix.written().frames;
    let (mut sum, mut block) = (Buffer::new(2, super::BLOCK_FRAMES), Buffer::new(2, super::BLOCK_FRAMES));
    let (mut peak, mut power, mut done) = (0.0_f64, 0.0, 0_u64);
    while done < frames {
        job.step("null", done, frames)?;
        fill(mix_source.as_mut(), &mut sum, frames - done)?;
        for source in &mut sources {
            fill(source.as_mut(), &mut block, frames - done)?;
            for channel in 0..2 {
                let sums = sum.channel_mut(channel).iter_mut();
                sums.zip(block.channel(channel)).for_each(|(sum, x)| *sum -= x);
            }
        }
        for x in (0..2).flat_map(|channel| sum.channel(channel)) {
            peak = peak.max(x.abs());
            power += x * x;
        }
        done += sum.frames() as u64;
    }
    let mean = power / (2 * frames.max(1)) as f64;
    Ok(Null { peak_dbfs: gain_to_db(peak).max(-400.0), rms_dbfs: power_to_db(mean).max(-400.0) })
}

/// Fills a buffer to its capacity, or with what is left: sources may give less at a time.
fn fill(source: &mut dyn crate::audio::Source, buffer: &mut Buffer, left: u64) -> Result<()> {
    let frames = left.min(super::BLOCK_FRAMES as u64) as usize;
    buffer.set_frames(frames);
    let mut done = 0;
    while done < frames {
        let mut piece = Buffer::new(2, frames - done);
        source.read(&mut piece)?;
        if piece.frames() == 0 {
            return Err(Error::input("truncated", "a file of the export ended early"));
        }
        for channel in 0..2 {
            buffer.channel_mut(channel)[done..done + piece.frames()].copy_from_slice(piece.channel(channel));
        }
        done += piece.frames();
    }
    Ok(())
}

fn not_adding_up(null: Null) -> Option<Finding> {
    (null.peak_dbfs > NULL_LIMIT_DBFS).then(|| {
        let what = format!("the sum of the stems differs from the mix by {:.1} dBFS at most", null.peak_dbfs);
        Finding::new("stems_do_not_add_up", Severity::Warning, what)
            .limit(format!("{NULL_LIMIT_DBFS} dBFS"))
            .advice("see `not_separable`; dither adds up too: --float writes stems without it")
    })
}

/// Strips that more than one stem goes through, with processors that depend on level.
fn inseparable(session: &Session, jobs: &[Plan]) -> Vec<Finding> {
    let reached: Vec<BTreeSet<String>> = jobs.iter().map(|stem| reach(session, &stem.tracks)).collect();
    let mut findings = Vec::new();
    for strip in session.strips().chain([&session.mix]) {
        let stems = jobs.iter().zip(&reached).filter(|(_, reached)| reached.contains(&strip.id));
        let stems: Vec<&str> = stems.map(|(stem, _)| stem.name.as_str()).collect();
        if stems.len() < 2 {
            continue;
        }
        let on = strip.inserts.iter().filter(|insert| insert.on);
        let uneven: Vec<&str> = on
            .filter(|insert| !part::is_linear(insert.settings.as_ref(), session))
            .map(|insert| insert.id.as_str())
            .collect();
        if !uneven.is_empty() {
            let what = format!("{} on `{}`, shared by {}", uneven.join(", "), strip.id, stems.join(", "));
            findings.push(
                Finding::new("not_separable", Severity::Warning, what)
                    .about(&strip.id)
                    .limit("nothing that depends on level on a path that stems share")
                    .advice("these stems do not add up to the mix exactly: give each its own return, or switch it off"),
            );
        }
    }
    findings
}

/// Everything that tracks go through.
fn reach(session: &Session, tracks: &[String]) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&str> = tracks.iter().map(String::as_str).collect();
    while let Some(id) = waiting.pop() {
        if !reached.insert(id.to_owned()) {
            continue;
        }
        if let Some(strip) = session.strip(id) {
            waiting.extend(strip.sends.iter().map(|send| send.to.id.as_str()));
            if id != MIX {
                waiting.push(&strip.output.id);
            }
        }
    }
    reached
}
