//! A session becomes a print: rendered, brought under its peak by one static gain, written, read back, measured.
//!
//! The print is what leaves the mixing room. No limiter stands behind it: its peak is met by turning the whole mix
//! up or down by a tenth of a decibel at a time, and that gain is told. [`folder()`] writes a first session for a folder of
//! tracks, to be edited by hand.

mod balance;
mod downmix;
mod folder;
mod headroom;
mod likeness;
mod part;
mod roles;
mod scratch;
mod set;
mod stems;
mod variants;

#[cfg(test)]
mod tests;

pub use downmix::Downmix;
pub use folder::{Folder, FolderOptions, files_below, folder};
pub use likeness::correlation;
pub use part::{tracks as only_tracks, without_sends};
pub use roles::{Group, Place, ROLES, RoleInfo, role_of, side_of, words};
pub use stems::{
    By, MANIFEST_FILE, NO_DITHER, NULL_LIMIT_DBFS, Null, Returns, StemFile, StemOptions, Stems, stems,
    stems_from,
};
pub use variants::{
    ALTERNATES, Level, Variant, VariantPrint, Voices, alternates, snapshots, variants, variants_from,
};

use crate::audio::{Encoding, Layout};
use crate::decode;
use crate::deliver::{Adm, Bext, Container, Gate, Spec, Writer};
use crate::engine::{self, Engine, Files, InsertReadings, Library};
use crate::job::Job;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::Measurements;
use crate::session::Session;
use downmix::Listener;
use dsp::block::{Buffer, View};
use dsp::math::{db_to_gain, gain_to_db};
use dsp::meter::true_peak::TruePeakMeter;
use headroom::Headroom;
use scratch::Scratch;
use std::path::{Path, PathBuf};

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Options {
    /// Peak of the print, by samples and between them. -3 leaves a mastering engineer room (the mixing rules, C12).
    pub peak_dbtp: f64,
    /// Whether a mix that is softer than that is turned up to it.
    pub raise: bool,
    /// Whether the print is a bed of the Audio Definition Model, with `chna` and `axml` in place of a channel mask.
    pub adm: bool,
    /// Replace an existing file.
    pub force: bool,
    /// How to treat doubtful tracks.
    pub decode: decode::Options,
    /// How to render.
    pub engine: engine::Options,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            peak_dbtp: -3.0,
            raise: true,
            adm: false,
            force: false,
            decode: decode::Options::default(),
            engine: engine::Options::default(),
        }
    }
}

/// A mix on disk, as it was read back. Only [`render`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Print {
    path: PathBuf,
    gain_db: f64,
    measurements: Measurements,
    findings: Vec<Finding>,
    readings: Vec<InsertReadings>,
    downmix: Option<Downmix>,
}

impl Print {
    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gain that brought the mix under its peak, in steps of 0.1 dB.
    #[must_use]
    pub fn gain_db(&self) -> f64 {
        self.gain_db
    }

    /// What the file measures.
    #[must_use]
    pub fn measurements(&self) -> &Measurements {
        &self.measurements
    }

    /// What should be known about the mix.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// What the meters in the strips have read, before the gain of the print.
    #[must_use]
    pub fn readings(&self) -> &[InsertReadings] {
        &self.readings
    }

    /// Its stereo downmix, if it has more than two channels.
    #[must_use]
    pub fn downmix(&self) -> Option<&Downmix> {
        self.downmix.as_ref()
    }
}

/// Most a soft mix is turned up, in dB. By our own convention: more would print the noise of the tracks.
const MOST_RAISE_DB: f64 = 24.0;
/// Room kept under the peak for the dither of 24 bits: far more than its 2^-23 of full scale.
const DITHER_ROOM_DB: f64 = 0.005;
/// Frames of scratch read at once.
const BLOCK_FRAMES: usize = 8192;

/// Renders a session from its files and prints it to `out`, a 24-bit WAV with `bext` and its measured loudness.
///
/// Renders once, to a scratch file beside `out` (8 bytes a sample), then writes. A mix of more than two channels has the mask of
/// its loudspeakers, and its stereo downmix is measured as well. Memory does not grow with the length.
///
/// # Errors
/// Everything wrong with the files of the session; then those of the engine and of [`Writer`]. Nothing is left behind.
pub fn render(
    session: &Session,
    out: &Path,
    job: &Job<'_>,
    options: Options,
) -> std::result::Result<Print, Vec<Error>> {
    render_with_downmix(session, out, None, job, options)
}

/// As [`render`], and writes the stereo downmix of a surround mix to a second file, under the same peak by a gain of its own.
/// Both files appear, or neither.
///
/// # Errors
/// As [`render`]; `no_downmix` when the mix is stereo or mono.
pub fn render_with_downmix(
    session: &Session,
    out: &Path,
    downmix: Option<&Path>,
    job: &Job<'_>,
    options: Options,
) -> std::result::Result<Print, Vec<Error>> {
    let errors = session.check_files();
    if !errors.is_empty() {
        return Err(errors);
    }
    for path in downmix.into_iter().chain([out]) {
        over_input(session, path).map_err(|error| vec![error])?;
    }
    let library = Files { options: options.decode };
    let engine = Engine::new(session, &library, options.engine)?;
    print(session, engine, (out, downmix), job, options).map_err(|error| vec![error])
}

/// As [`render`], with audio from anywhere.
///
/// # Errors
/// As [`render`].
pub fn render_from(
    session: &Session,
    library: &dyn Library,
    out: &Path,
    job: &Job<'_>,
    options: Options,
) -> std::result::Result<Print, Vec<Error>> {
    let engine = Engine::new(session, library, options.engine)?;
    print(session, engine, (out, None), job, options).map_err(|error| vec![error])
}

fn print(
    session: &Session,
    engine: Engine<'_>,
    (out, downmix): (&Path, Option<&Path>),
    job: &Job<'_>,
    options: Options,
) -> Result<Print> {
    let layout = engine.layout();
    let channels = layout.channels();
    let mut spec = spec_for(session, &layout, options);
    // Made first, so that what cannot be written is said before anything is rendered.
    drop(Writer::create(out, spec.clone(), options.force)?);
    if let Some(path) = downmix {
        second_file(session, path, out, channels, options)?;
    }
    let mut mixed = Mixed::render(session, engine, out, job)?;
    let gain_db = print_gain_db(mixed.peak_db, options);
    let mut findings = std::mem::take(&mut mixed.findings);
    if let Some(bext) = &mut spec.bext {
        let mode = ["mono", "stereo"].get(channels.saturating_sub(1)).unwrap_or(&"multi");
        bext.coding_history
            .push(format!("A=PCM,F={},W=24,M={mode},T=print gain {gain_db:+.1} dB", session.sample_rate_hz));
    }
    let mut writer = Writer::create(out, spec, options.force)?;
    let mut listener = Listener::new(session, &layout, BLOCK_FRAMES);
    copy(&mut mixed.scratch, mixed.frames, db_to_gain(gain_db), job, channels, &mut |block| {
        if let Some(listener) = &mut listener {
            listener.process(block);
        }
        writer.write(block)
    })?;
    let gate = Gate { ceiling_dbtp: Some(options.peak_dbtp), ..Gate::default() };
    let verified = writer.verify(job, &gate)?;
    let folded = listener.map(Listener::finish);
    findings.extend(folded.as_ref().map(|folded| downmix::finding(session, folded, options)));
    // Both wait for their names until both are good.
    let second = match (&folded, downmix) {
        (Some(folded), Some(path)) => Some(downmix::write(
            (session, &layout),
            (&mut mixed.scratch, mixed.frames),
            (gain_db, folded),
            path,
            job,
            options,
        )?),
        _ => None,
    };
    let written = verified.commit()?;
    findings.extend(written.findings);
    let second = match second {
        Some((verified, gain_db)) => Some((verified.commit()?.path, gain_db)),
        None => None,
    };
    let downmix = folded.map(|measurements| Downmix { measurements, written: second });
    let readings = mixed.readings;
    Ok(Print { path: written.path, gain_db, measurements: written.measured, findings, readings, downmix })
}

/// A mix on disk, waiting for its gain.
struct Mixed {
    scratch: Scratch,
    /// Frames to the last one that sounds.
    frames: u64,
    peak_db: f64,
    findings: Vec<Finding>,
    readings: Vec<InsertReadings>,
}

impl Mixed {
    /// Renders to a scratch file beside `out`.
    fn render(session: &Session, engine: Engine<'_>, out: &Path, job: &Job<'_>) -> Result<Self> {
        let channels = engine.layout().channels();
        let mut scratch = Scratch::create(out, channels)?;
        let mut meter = TruePeakMeter::new(f64::from(session.sample_rate_hz), channels);
        let mut headroom = Headroom::default();
        let rendered = engine.render(job, &mut |view| {
            meter.process(view);
            headroom.process(view);
            scratch.write(view)
        })?;
        if rendered.sounding_frames == 0 {
            return Err(Error::input("empty", "the session has no audio").at(&session.origin.file));
        }
        if !headroom.is_finite() {
            let what = "a processor gave a sample that is no number";
            return Err(Error::new(Kind::Internal, "not_finite", what).at(&session.origin.file));
        }
        let peak_db = gain_to_db(meter.finish().worst().max(headroom.peak()));
        let (frames, mut findings) = (rendered.sounding_frames, rendered.findings);
        findings.extend(mix_bus(session));
        findings.extend(headroom.finding(session));
        findings.extend(silent(session, peak_db));
        Ok(Self { scratch, frames, peak_db, findings, readings: rendered.readings })
    }
}

/// Refuses a downmix that cannot be, before anything is rendered.
fn second_file(session: &Session, path: &Path, out: &Path, channels: usize, options: Options) -> Result<()> {
    if channels <= 2 {
        let error = Error::new(Kind::Usage, "no_downmix", format!("the mix has {channels} channels"));
        return Err(error
            .at(path.display())
            .hint("a downmix is made of a surround mix: [mix] layout = \"5.1\""));
    }
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        (folder.canonicalize().ok(), path.file_name().map(std::ffi::OsStr::to_owned))
    };
    if place(path) == place(out) {
        let error = Error::new(Kind::Usage, "same_file", "the downmix would have the name of the print");
        return Err(error.at(path.display()).hint("call it mix-stereo.wav, for example"));
    }
    Writer::create(path, spec_for(session, &Layout::of(2), Options { adm: false, ..options }), options.force)
        .map(drop)
}

fn spec_for(session: &Session, layout: &Layout, options: Options) -> Spec {
    let channels = layout.channels();
    let mut spec = Spec::new(Container::Wav, Encoding::Int(24), session.sample_rate_hz, channels);
    spec.layout = layout.clone();
    spec.adm = options.adm.then(|| Adm { programme: session.name.clone() });
    spec.bext = Some(Bext {
        description: session.name.clone(),
        originator: "Tonmeister".to_owned(),
        ..Bext::default()
    });
    if !session.name.is_empty() {
        spec.tags.push(("TITLE".to_owned(), session.name.clone()));
    }
    spec
}

/// The gain that brings a peak under the limit, rounded down to 0.1 dB.
fn print_gain_db(peak_db: f64, options: Options) -> f64 {
    if peak_db == f64::NEG_INFINITY {
        return 0.0;
    }
    let most = if options.raise { MOST_RAISE_DB } else { 0.0 };
    limited_gain_db(peak_db, options).min(most)
}

/// Room up to the limit, in whole tenths of a decibel.
fn limited_gain_db(peak_db: f64, options: Options) -> f64 {
    let exact = options.peak_dbtp - DITHER_ROOM_DB - peak_db;
    // Tenths are counted, so that -0.3 is -3 tenths and not a little less.
    (exact * 10.0).floor() / 10.0
}

/// Gives the mix on disk, times a gain, to `sink`, block by block.
fn copy(
    scratch: &mut Scratch,
    frames: u64,
    gain: f64,
    job: &Job<'_>,
    channels: usize,
    sink: &mut dyn FnMut(View<'_>) -> Result<()>,
) -> Result<()> {
    scratch.rewind()?;
    let mut block = Buffer::new(channels, BLOCK_FRAMES);
    let mut left = frames;
    while left > 0 {
        job.step("print", frames - left, frames)?;
        block.set_frames(left.min(BLOCK_FRAMES as u64) as usize);
        scratch.read(&mut block)?;
        block.block().channels_mut().flatten().for_each(|x| *x *= gain);
        sink(block.view())?;
        left -= block.frames() as u64;
    }
    Ok(())
}

/// Refuses to print over one of the tracks.
fn over_input(session: &Session, out: &Path) -> Result<()> {
    let Ok(target) = out.canonicalize() else { return Ok(()) };
    for clip in session.tracks.iter().flat_map(|track| &track.clips) {
        if session.path_of(clip).canonicalize().is_ok_and(|path| path == target) {
            let what = format!("`{}` is a track of this session", out.display());
            let error = Error::new(Kind::Usage, "output_is_input", what).hint("print to another name");
            return Err(session.error_at(&clip.file.span, error, "this file"));
        }
    }
    Ok(())
}

/// Processors that belong to mastering, or that hide its room.
const MASTERING: [&str; 4] = ["limiter", "compressor", "multiband", "saturation"];

fn mix_bus(session: &Session) -> Vec<Finding> {
    let on = session.mix.inserts.iter().filter(|insert| insert.on);
    on.filter(|insert| MASTERING.contains(&insert.settings.description().key))
        .map(|insert| {
            let key = insert.settings.description().key;
            Finding::new("mix_bus_processing", Severity::Warning, format!("`{key}` on the mix bus"))
                .about(&session.origin.file)
                .limit("nothing that changes dynamics on the mix bus of a print")
                .advice("leave it to mastering, or print a second version without it and send both")
        })
        .collect()
}

fn silent(session: &Session, peak_db: f64) -> Option<Finding> {
    (peak_db == f64::NEG_INFINITY).then(|| {
        Finding::new("silent", Severity::Blocker, "every sample is zero")
            .about(&session.origin.file)
            .limit("a mix that sounds")
            .advice("check mutes, faders and outputs")
    })
}
