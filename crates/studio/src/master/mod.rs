//! A premaster becomes a master.
//!
//! [`propose`] listens to the print and writes a [`Chain`]: the least processing that moves it where it has to go, every
//! step with its reason, and for every destination the drive that reaches its loudness. [`render`] plays the print through
//! a chain, writes the file, reads it back and holds it against what was asked for. The same chain and the same print give
//! the same bytes.

mod again;
pub mod chain;
pub(crate) mod extras;
mod fuse;
pub(crate) mod level;
pub mod listen;
mod medium;
mod programme;
pub mod propose;
pub mod reference;
pub(crate) mod render;
mod rest;
mod run;
mod search;
pub mod set;
mod simulations;
pub(crate) mod stages;
pub mod stems;
pub mod taste;
pub mod tone;

use crate::audio::Layout;
use crate::codec::Outcome;
use crate::deliver::{Verified, Written};
use crate::files::{self, NewFile};
use crate::handover::Premaster;
use crate::job::{self, Job};
use crate::message::{Error, Finding, Kind, Result};
use crate::pipe::{self, Next, Stage};
use crate::targets::Target;
use chain::{Chain, Delivery, Step};
use dsp::block::Buffer;
use dsp::limiter::model::{Collector, Model};
pub use extras::{Extras, load_tags};
use level::Level;
use listen::{Listener, Listening};
use programme::Programme;
use propose::{Decision, Proposal};
use reference::{Match, Painter, Portrait, Reference};
use render::{CHANNELS, Rendered};
pub use rest::rested;
use run::{Models, Run, note};
use stages::{Convert, Stereo};
use std::collections::BTreeSet;
use std::path::Path;
use taste::Taste;

/// A render is repeated with a corrected drive until its loudness is this near, LU (mastering.md §5.5).
const NEAR_LU: f64 = 0.05;
/// A master that is to come up to its ceiling is rendered again when it stays this far under it, dB (twice what the model is off at most).
const ROOM_DB: f64 = 0.3;
/// Renders of one destination at most. The model is near enough for one; the second corrects it.
const MOST_RENDERS: usize = 4;

/// A finished master: written, read back, within its limits. Only this module makes one.
#[derive(Debug, Clone)]
pub struct Master {
    delivery: Delivery,
    written: Written,
    reduction_db: f64,
    codecs: Vec<Outcome>,
}

impl Master {
    /// What it was made for and how.
    #[must_use]
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// The file, with what it measures.
    #[must_use]
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// What the codecs of its target made of it; empty when they were not checked.
    #[must_use]
    pub fn codecs(&self) -> &[Outcome] {
        &self.codecs
    }

    /// Largest reduction of its limiter, dB.
    #[must_use]
    pub fn reduction_db(&self) -> f64 {
        self.reduction_db
    }
}

/// A master that is rendered and within its limits, and waits for its name: all of a run appear together or not at all.
struct Waiting {
    delivery: Delivery,
    file: Verified,
    reduction_db: f64,
    /// Said when its level stayed under what was solved for.
    short: Option<Finding>,
    codecs: Vec<Outcome>,
    /// Said when its ceiling was lowered for a codec.
    lowered: Option<Finding>,
}

impl Waiting {
    fn commit(self) -> Result<Master> {
        let Self { delivery, file, reduction_db, codecs, .. } = self;
        Ok(Master { delivery, written: file.commit()?, reduction_db, codecs })
    }
}

/// Everything a mastering run came to.
#[derive(Debug)]
pub struct Mastering {
    /// The chain as rendered; `master.toml` holds the same.
    pub chain: Chain,
    /// The masters, in the order they were asked for.
    pub masters: Vec<Master>,
    /// What was decided and why; empty when a given chain was rendered.
    pub decisions: Vec<Decision>,
    /// What should be known.
    pub findings: Vec<Finding>,
    /// What was heard; `None` when a given chain was rendered.
    pub heard: Option<Listening>,
}

/// Where masters are written.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Folder; it must exist.
    pub folder: &'a Path,
    /// Whether existing files are replaced.
    pub force: bool,
}

/// Fails early where the masters of a print could not be named in the end: before anything is heard or rendered.
///
/// # Errors
/// `exists` without `force`, `output_is_input`, `same_file` when two would have one name; as [`NewFile::create`].
pub fn check_place<S: AsRef<str>>(
    print: &Path,
    names: impl IntoIterator<Item = S>,
    place: Place<'_>,
) -> Result<()> {
    let mut taken = BTreeSet::new();
    for name in names {
        let path = place.folder.join(name.as_ref());
        if !taken.insert(path.clone()) {
            let error = Error::new(Kind::Usage, "same_file", "two masters would have the same name");
            return Err(error.at(path.display()).hint("give every [[master]] a `file` of its own"));
        }
        files::refuse_inputs(&path, [print])?;
        NewFile::create(&path, place.force)?;
    }
    Ok(())
}

/// What a master is to be like, beside where it goes.
#[derive(Debug, Clone)]
pub struct Wish<'a> {
    /// Intensity, colour, strengths.
    pub taste: Taste,
    /// Integrated loudness in place of the destinations' own.
    pub loudness_lufs: Option<f64>,
    /// Whether loudness is delivered whatever it costs.
    pub force_level: bool,
    /// A chain a person worked on: what was locked, changed or written stays.
    pub again: Option<&'a Chain>,
    /// References to come nearer to.
    pub matching: Option<Match>,
}

impl Wish<'_> {
    /// Balanced, neutral, everything as proposed.
    ///
    /// # Errors
    /// As [`Taste::usual`].
    pub fn usual() -> Result<Self> {
        Ok(Self {
            taste: Taste::usual()?,
            loudness_lufs: None,
            force_level: false,
            again: None,
            matching: None,
        })
    }
}

/// Listens to the print, proposes a chain, solves the level of every target, renders: as [`master_as`] with the usual wish.
///
/// # Errors
/// As [`master_as`].
pub fn master(
    premaster: &Premaster,
    targets: &[Target],
    place: Place<'_>,
    job: &Job<'_>,
) -> Result<Mastering> {
    master_with(premaster, targets, place, &Extras::default(), job)
}

/// As [`master`], with tags and a check of codecs.
///
/// # Errors
/// As [`master_as`].
pub fn master_with(
    premaster: &Premaster,
    targets: &[Target],
    place: Place<'_>,
    extras: &Extras,
    job: &Job<'_>,
) -> Result<Mastering> {
    master_as(premaster, targets, &Wish::usual()?, place, extras, job)
}

/// Listens to the print, proposes a chain, solves the level of every target, renders.
///
/// # Errors
/// `not_stereo`, `no_target`, those of [`check_place`], what reading and writing say, `over_ceiling` and `off_target` when a
/// file does not hold what was asked, `interrupted`; `other_print` where the chain of the wish was made for another. No master
/// is left then, whichever failed.
pub fn master_as(
    premaster: &Premaster,
    targets: &[Target],
    wish: &Wish<'_>,
    place: Place<'_>,
    extras: &Extras,
    job: &Job<'_>,
) -> Result<Mastering> {
    if targets.is_empty() {
        let error = Error::new(Kind::Usage, "no_target", "no destination was given");
        return Err(error.hint("a Spotify master is not a CD master: name at least one, `--for spotify`"));
    }
    check_place(
        premaster.path(),
        targets.iter().map(|target| again::file_for(premaster.path(), target, wish)),
        place,
    )?;
    let reference = wish.matching.as_ref().map(|matching| Reference::hear(matching, job)).transpose()?;
    let ((heard, portrait), hash) = hear(premaster, reference.is_some(), job)?;
    if let Some(chain) = wish.again {
        render::same_print(chain, &hash)?;
    }
    let stereo = premaster.info().channels() == CHANNELS;
    let Proposal { mut steps, mut decisions, .. } = propose::propose(&heard, stereo, &wish.taste)?;
    let (mut waiting, mut findings) = (Vec::new(), Vec::new());
    let mut asked = targets.to_vec();
    if let (Some(reference), Some(matching), Some(portrait)) = (&reference, &wish.matching, &portrait) {
        let matched = reference.propose(portrait, &matching.amounts, stereo)?;
        findings.extend(matched.take_over(&matching.amounts, &mut steps, &mut decisions));
        let own_lufs = wish.taste.intensity.free_loudness_lufs.value;
        asked.iter_mut().for_each(|target| {
            *target = reference.target(target, own_lufs, matching.amounts.loudness);
        });
    }
    let targets = asked.as_slice();
    let steps = wish.again.map_or(steps.clone(), |chain| propose::merge(&chain.steps, steps));
    let mut programme = Programme::new(premaster, &steps).labelled(&extras.tags);
    let models = Models::of(&mut programme, targets, wish, job)?;
    let run = Run::new(premaster, wish, place, extras, (&heard, &hash, &steps));
    for (index, (master, decision, said)) in
        run.all(targets, &programme, &models, job)?.into_iter().enumerate()
    {
        decisions.extend(decision);
        findings.extend(said);
        note(&master, &targets[index], &mut findings);
        waiting.push(master);
    }
    let deliveries = waiting.iter().map(|master| again::sealed(&master.delivery, wish)).collect();
    let chain = Chain { source_blake3: hash, steps, deliveries, ..chain_of(premaster, wish, extras) };
    let masters = waiting.into_iter().map(Waiting::commit).collect::<Result<_>>()?;
    Ok(Mastering { chain, masters, decisions, findings, heard: Some(heard) })
}

/// What a chain says besides its moves and deliveries.
fn chain_of(premaster: &Premaster, wish: &Wish<'_>, extras: &Extras) -> Chain {
    Chain {
        source_file: file_name(premaster.path()),
        intensity: wish.taste.intensity.name.clone(),
        tone: wish.taste.colour.name.clone(),
        strength: wish.taste.strength.clone(),
        stems: Vec::new(),
        loudness_lufs: wish.loudness_lufs,
        force_level: wish.force_level,
        because: premaster.findings().iter().map(remark).collect(),
        tags: extras.tags.clone(),
        artwork_file: extras.artwork_file.clone(),
        ..Chain::default()
    }
}

/// What was heard of a print, and its portrait where it is to be matched.
type Heard = (Listening, Option<Portrait>);

/// Listens to the print and hashes it meanwhile.
fn hear(premaster: &Premaster, paint: bool, job: &Job<'_>) -> Result<(Heard, String)> {
    let (heard, hash) = std::thread::scope(|scope| {
        let hash = scope.spawn(|| render::hash_of_print(premaster));
        let heard = listen_to(premaster, paint, job);
        let gone = || Error::new(Kind::Internal, "panic", "the thread that hashes the print panicked");
        (heard, hash.join().unwrap_or_else(|_| Err(gone())))
    });
    Ok((heard?, hash?))
}

/// Renders a delivery without solving anything.
fn render_as_it_is(
    programme: &Programme<'_>,
    delivery: Delivery,
    place: Place<'_>,
    job: &Job<'_>,
) -> Result<Waiting> {
    let Rendered { file, reduction_db } =
        render::render(programme, &delivery, place.folder, place.force, job)?;
    let file = render::within(file, &delivery)?;
    Ok(Waiting { delivery, file, reduction_db, short: None, codecs: Vec::new(), lowered: None })
}

/// Renders a chain as it stands: no listening, no solving.
///
/// # Errors
/// `other_print` when the print is not the one the chain was made for; as [`master`].
pub fn render(premaster: &Premaster, chain: Chain, place: Place<'_>, job: &Job<'_>) -> Result<Mastering> {
    render_with(premaster, chain, place, false, job)
}

/// As [`render`]; with `check_codecs` every master is encoded and decoded with the codecs of its target, and what they make of it
/// is told. Nothing is changed by it: the chain is rendered as it stands.
///
/// # Errors
/// As [`render`].
pub fn render_with(
    premaster: &Premaster,
    chain: Chain,
    place: Place<'_>,
    check_codecs: bool,
    job: &Job<'_>,
) -> Result<Mastering> {
    render::same_print(&chain, &render::hash_of_print(premaster)?)?;
    check_place(premaster.path(), chain.deliveries.iter().map(|delivery| &delivery.file), place)?;
    let mut programme = Programme::new(premaster, &chain.steps).labelled(&chain.tags);
    if chain.deliveries.len() > 1 {
        programme.keep(job)?;
    }
    let waiting = job::each(chain.deliveries.len(), 2, "masters", job, |index, job| {
        let mut master = render_as_it_is(&programme, chain.deliveries[index].clone(), place, job)?;
        if check_codecs {
            extras::check_as_it_is(&mut master, None, job)?;
        }
        Ok(master)
    })?;
    let mut findings: Vec<Finding> = Vec::new();
    for master in &waiting {
        findings.extend(master.file.written().findings.clone());
        if check_codecs {
            findings.extend(extras::findings_as_it_is(master));
        }
    }
    let masters = waiting.into_iter().map(Waiting::commit).collect::<Result<_>>()?;
    Ok(Mastering { chain, masters, decisions: Vec::new(), findings, heard: None })
}

/// Listens to the whole print.
fn listen_to(premaster: &Premaster, paint: bool, job: &Job<'_>) -> Result<Heard> {
    let mut source = render::open(premaster)?;
    let info = source.info().clone();
    let mut listener = Listener::new(CHANNELS, f64::from(info.sample_rate_hz), premaster.analysis().frames());
    let [long, side, levels, short] = listener.stages();
    let mut both = Stereo;
    let mut stages: Vec<&mut dyn Stage> = vec![&mut both, long, side, levels, short];
    let mut painter = paint.then(|| Painter::new(f64::from(info.sample_rate_hz), info.frames));
    stages.extend(painter.iter_mut().flat_map(Painter::stages));
    pipe::run(source.as_mut(), &mut stages, info.frames.unwrap_or(0), "listen", job)
        .map_err(|error| error.at(premaster.path().display()))?;
    let measured = premaster.measurements();
    let heard = listener.finish(measured.integrated_lufs, &measured.history.short_term_curve_lufs());
    Ok((heard, painter.and_then(Painter::finish)))
}

/// Collects the limiter's model at the end of a pipe.
struct Collect(Collector);

impl Stage for Collect {
    fn push(&mut self, block: Buffer, _next: Next<'_>) -> Result<()> {
        self.0.push(block.view());
        Ok(())
    }
}

/// The print through the shared steps at a delivery rate, as the limiter's model knows it.
fn model_of(
    programme: &mut Programme<'_>,
    rate_hz: u32,
    targets: &[Target],
    wish: &Wish<'_>,
    job: &Job<'_>,
) -> Result<Model> {
    // The lowest ceiling counts: peaks have to be known exactly wherever any of the targets limits.
    let lowest = targets.iter().map(|target| again::lowest_ceiling_dbtp(target, wish)).fold(0.0, f64::min);
    let settings = level::limiter_settings(lowest);
    let weights = Layout::of(CHANNELS).loudness_weights();
    let most_db = most_drive_db(programme.premaster(), targets, wish);
    let mut collect = Collect(Collector::new(f64::from(rate_hz), &weights, &settings, most_db));
    let mut convert = Convert::new(programme.sample_rate_hz(), rate_hz, CHANNELS, 0.0)?;
    programme.play_and_keep(&mut [&mut convert, &mut collect], "weigh levels", job)?;
    Ok(collect.0.finish())
}

/// Drive beyond which no target will go: peaks that even this does not lift to the ceiling need no exact measurement.
fn most_drive_db(premaster: &Premaster, targets: &[Target], wish: &Wish<'_>) -> f64 {
    // Loud targets may need this much more than their distance in loudness before the limiter gives up.
    const BEYOND_DB: f64 = 12.0;
    let free = wish.taste.intensity.free_loudness_lufs.value.max(-8.0);
    let loudest = targets.iter().map(|target| again::wanted_lufs(target, wish).unwrap_or(free));
    let loudest = loudest.fold(f64::NEG_INFINITY, f64::max);
    let own = premaster.measurements().integrated_lufs.filter(|lufs| lufs.is_finite());
    own.map_or(level::MOST_GAIN_DB, |own| (loudest - own + BEYOND_DB).clamp(0.0, level::MOST_GAIN_DB))
}

/// Renders a delivery, corrects its drive by what came out, renders again: at most [`MOST_RENDERS`] times.
fn render_to_level(
    programme: &Programme<'_>,
    target: &Target,
    solved: Level,
    place: Place<'_>,
    job: &Job<'_>,
) -> Result<Waiting> {
    let Level { mut delivery, mut slope, to_ceiling, .. } = solved;
    let to_ceiling = to_ceiling && !delivery.steps.iter().any(Step::limits);
    let mut before: Option<(f64, f64)> = None;
    for turn in 1..=MOST_RENDERS {
        let Rendered { file, reduction_db } =
            render::render(programme, &delivery, place.folder, place.force, job)?;
        let over_db = file.measured().true_peak_worst_dbtp() - delivery.output.ceiling_dbtp;
        if over_db > 0.0 && turn < MOST_RENDERS {
            // A file that begins or ends in the middle of a wave can ring over where the limiter saw silence.
            lower_peaks(&mut delivery, over_db);
            continue;
        }
        if to_ceiling && -over_db > ROOM_DB && turn < MOST_RENDERS {
            let more_db = ((-over_db - level::MARGIN_DB) * 100.0).floor() / 100.0;
            delivery.output.gain_db += more_db;
            let why = format!("{more_db:+.2} dB because the moves for the medium took as much off its peaks");
            delivery.because.push(why);
            continue;
        }
        let off = delivery
            .aim
            .as_ref()
            .zip(file.measured().integrated_lufs)
            .map(|(aim, is)| (aim.loudness - is, is));
        match off {
            Some((missing, is)) if missing.abs() > NEAR_LU && turn < MOST_RENDERS => {
                // Two renders give the true slope.
                if let Some((gain_db, lufs)) = before
                    && (delivery.output.gain_db - gain_db).abs() > 1e-6
                {
                    slope = ((is - lufs) / (delivery.output.gain_db - gain_db)).clamp(0.2, 1.2);
                }
                before = Some((delivery.output.gain_db, is));
                delivery.output.gain_db += (missing / slope).clamp(-3.0, 3.0);
            }
            _ => {
                let short = off.and_then(|(_, is)| level::settle(target, &mut delivery, is));
                let file = render::within(file, &delivery)?;
                return Ok(Waiting {
                    delivery,
                    file,
                    reduction_db,
                    short,
                    codecs: Vec::new(),
                    lowered: None,
                });
            }
        }
    }
    Err(Error::new(Kind::Internal, "solver", "the loudness solver did not end"))
}

/// Takes the limiter down by as much as the peaks stand over the ceiling; without one, the gain.
fn lower_peaks(delivery: &mut Delivery, over_db: f64) {
    // A fiftieth of a decibel more, so that once is enough.
    let down_db = over_db + 0.02;
    let limiter = delivery.steps.iter_mut().filter(|step| step.on).find_map(|step| {
        let index = step.settings.description().index_of("ceiling_dbtp")?;
        Some((index, step))
    });
    let Some((index, step)) = limiter else {
        delivery.output.gain_db -= down_db;
        return;
    };
    let by_hand = step.edited();
    step.settings.set(index, step.settings.get(index) - down_db);
    if !by_hand {
        step.proposed = Some(step.hash());
    }
}

fn remark(finding: &Finding) -> String {
    format!("the print: {}: {}", finding.rule, finding.measured)
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Longest file name on the usual file systems, bytes (NAME_MAX of Linux; 255 units of UTF-16 on Windows and macOS).
const MOST_NAME_BYTES: usize = 255;

/// What the master of a print for a target is called: of `song.wav` for Spotify, `song.spotify.wav`.
#[must_use]
pub fn master_name(print: &Path, target: &Target) -> String {
    let stem = print.file_stem().map_or_else(|| "master".into(), |stem| stem.to_string_lossy());
    let ending = format!(".{}.{}", target.name, target.container.value);
    let mut name = String::new();
    for c in stem.chars().filter(|c| !c.is_control() && !"/\\".contains(*c)) {
        if name.len() + c.len_utf8() + ending.len() > MOST_NAME_BYTES {
            break;
        }
        name.push(c);
    }
    name + &ending
}

/// What the file of a target will be called: as [`master_name`], or as the chain of the wish has it.
#[must_use]
pub fn file_name_of(print: &Path, target: &Target, wish: &Wish<'_>) -> String {
    again::file_for(print, target, wish)
}

/// Seed of the dither: another one for every print, the same on every run; for all destinations the same, so that masters which
/// are made alike are alike to the bit.
fn seed_of(hash: &str) -> u64 {
    let mixed = blake3::hash(hash.as_bytes());
    let bytes = mixed.as_bytes();
    // 52 bits, so that the number survives its way through a text as a float.
    u64::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6], 0])
        & ((1 << 52) - 1)
}
