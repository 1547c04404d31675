//! One destination: levels solved, timeline rendered, files and what they came to.

use super::cd::{self, DiscSet};
use super::cuesheet;
use super::cut::{Came, Piece};
use super::family::{TOLERANCE_DB, largest_db, outside};
use super::lathe::{self, Sides};
use super::lay::{self, Timeline};
use super::level::{self, Levels, Table, Wanted};
use super::papers;
use super::passage::Passage;
use super::plan::stl95_lufs;
use super::propose::{Prepared, Toned};
use super::render::{self, Desk, Reel, Rendered};
use super::sheet::{Album, Loudness, Process, Side};
use super::sides::{self as record, CUT};
use super::tracks::{self, Track};
use crate::deliver::{Gate, ReplayGain, Verified};
use crate::files::{NewFile, NewFolder};
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::meters::{Measurements, album_lufs};
use crate::services::{self, AlbumPlay};
use crate::targets::Target;
use serde::Serialize;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};

/// Renders of a destination at most: one, one with a corrected level, one under a lower limit.
const MOST_RENDERS: usize = 4;
/// A level is rendered again when it is further off than this share of what the destination tolerates.
const SHARE_OF_TOLERANCE: f64 = 0.8;
/// Songs are told when they come out further from the plan than this, LU.
pub const PLAN_TOLERANCE_LU: f64 = 0.5;
/// Destinations that come in sides.
const SIDED: [&str; 2] = [CUT, "cassette"];
/// Destinations that are discs.
const DISCS: [&str; 2] = ["cd", "ddp"];

/// What a song came out as at a destination.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Its index in the album.
    pub song: usize,
    /// Its title.
    pub title: String,
    /// Gain before the limiter, dB.
    pub gain_db: f64,
    /// Planned level: short-term loudness exceeded in a twentieth of the time.
    pub planned_lufs: f64,
    /// The same, measured.
    pub stl95_lufs: f64,
    /// Integrated loudness; `None` where there is none.
    pub integrated_lufs: Option<f64>,
    /// True peak.
    pub true_peak_dbtp: f64,
    /// Largest distance of a third of an octave from the tone of the record, dB.
    pub tone_off_db: f64,
    /// Distances of all third octaves; `None` where there is no energy.
    pub tone_db: Vec<Option<f64>>,
}

impl Outcome {
    /// How far it is from the plan, LU.
    #[must_use]
    pub fn off_plan_lu(&self) -> f64 {
        self.stl95_lufs - self.planned_lufs
    }

    /// Peak to loudness ratio.
    #[must_use]
    pub fn plr_lu(&self) -> Option<f64> {
        self.integrated_lufs.map(|lufs| self.true_peak_dbtp - lufs)
    }
}

/// One destination of an album.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Set {
    /// Name of the target.
    pub target: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Solved levels, by passage.
    pub levels: Levels,
    /// Tracks of every reel (there are several only where the record has sides).
    pub tracks: Vec<Track>,
    /// What the songs came to.
    pub songs: Vec<Outcome>,
    /// Loudness of all songs gated together.
    pub album_lufs: Option<f64>,
    /// Loudness of the loudest song.
    pub loudest_lufs: Option<f64>,
    /// Worst true peak of the timeline.
    pub true_peak_dbtp: f64,
    /// What the limiter took at most, dB.
    pub reduction_db: f64,
    /// Its sides on a model of the lathe; only where it is cut.
    pub cut: Option<Sides>,
    /// How services play it; only for services.
    pub plays: Vec<AlbumPlay>,
    /// Names of its files, in order.
    pub files: Vec<String>,
    /// Length of the whole.
    pub seconds: f64,
}

/// A destination that is rendered and read back and waits for its names.
pub(super) struct Waiting {
    pub(super) set: Set,
    pub(super) files: Vec<Verified>,
    pub(super) disc: Option<DiscSet>,
    pub(super) texts: Vec<NewFile>,
    pub(super) folder: NewFolder,
    pub(super) findings: Vec<Finding>,
}

/// What kind of medium a target is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Medium {
    Files,
    Sides,
    Disc,
}

fn medium_of(target: &Target, sides: &[Side]) -> Medium {
    let is = |names: &[&str]| names.contains(&target.name.as_str());
    if is(&DISCS) {
        Medium::Disc
    } else if is(&SIDED) && !sides.is_empty() {
        Medium::Sides
    } else {
        Medium::Files
    }
}

/// What destinations of one rate share.
#[derive(Default)]
pub(super) struct Learnt(BTreeMap<(u32, bool), Vec<Table>>);

impl Learnt {
    /// The limiter's model of every passage at a rate; `own` is for the chains of a medium.
    fn at(&mut self, desk: &Desk<'_>, rate_hz: u32, own: bool) -> Result<&[Table]> {
        let Desk { prepared, chains, job, .. } = *desk;
        if let Entry::Vacant(place) = self.0.entry((rate_hz, own)) {
            let timeline = lay::lay(&prepared.album, &prepared.heard, &prepared.passages, rate_hz, 0)?;
            let lengths: Vec<u64> = timeline.passages.iter().map(|placed| placed.frames).collect();
            let tables = super::listen::for_each(&lengths, job, |index, job| {
                let steps = chains.get(index).map(Vec::as_slice).unwrap_or_default();
                level::learn(&timeline.passages[index], &prepared.heard, steps, rate_hz, job)
            })?;
            place.insert(tables);
        }
        Ok(self.0.get(&(rate_hz, own)).map(Vec::as_slice).unwrap_or_default())
    }
}

/// The rate most songs have; of several, the lowest, so that as little as possible is converted upwards.
pub(super) fn common_rate(prepared: &Prepared) -> u32 {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for song in &prepared.heard {
        *counts.entry(song.sample_rate_hz()).or_default() += 1;
    }
    counts
        .into_iter()
        .max_by_key(|(rate, count)| (*count, std::cmp::Reverse(*rate)))
        .map_or(44_100, |(rate, _)| rate)
}

/// Renders one destination.
pub(super) fn one(desk: &Desk<'_>, learnt: &mut Learnt, target: &Target, folder: &Path) -> Result<Waiting> {
    let medium = medium_of(target, desk.sides);
    let album = &desk.prepared.album;
    // What a lathe needs is no matter of taste, but where nothing is to be done nothing is.
    let own = medium == Medium::Sides && album.head.choices.process != Process::None;
    let chains = if own { lathe::chains(desk, target)? } else { desk.chains.to_vec() };
    let ears =
        if medium == Medium::Sides && target.name == CUT { Some(record::format_of(album)?) } else { None };
    let desk = &Desk { chains: &chains, ears, ..*desk };
    let folder = NewFolder::create(&folder.join(&target.name))?;
    let rate_hz = target.delivery_rate_hz(common_rate(desk.prepared));
    let reels = reels_of(desk, target, medium, rate_hz, folder.path())?;
    let tracks: Vec<Vec<Track>> = reels.iter().map(|reel| tracks::of(album, &reel.timeline)).collect();
    // The rules of a disc are held before anything is rendered for it.
    let disc = match (medium, reels.first(), tracks.first()) {
        (Medium::Disc, Some(reel), Some(tracks)) => {
            Some(cd::plan(album, &reel.timeline, tracks, folder.path())?)
        }
        _ => None,
    };
    let tables: Vec<&Table> = learnt.at(desk, rate_hz, own)?.iter().collect();
    played(
        desk,
        target,
        &tables,
        Laid { folder, rate_hz, reels, tracks, disc, sided: medium == Medium::Sides },
    )
}

/// A destination that is laid out.
struct Laid {
    folder: NewFolder,
    rate_hz: u32,
    reels: Vec<Reel>,
    tracks: Vec<Vec<Track>>,
    disc: Option<cd::Planned>,
    sided: bool,
}

/// Solves the levels of a destination, renders it and says what came of it.
fn played(desk: &Desk<'_>, target: &Target, tables: &[&Table], laid: Laid) -> Result<Waiting> {
    let (prepared, Laid { folder, rate_hz, reels, tracks, disc, sided }) = (desk.prepared, laid);
    let offsets: Vec<f64> =
        prepared.passages.iter().map(|passage| offset_of(&prepared.album, passage)).collect();
    let wanted = Wanted {
        target,
        mode: prepared.album.head.choices.loudness,
        plan_lu: &prepared.plan_lu,
        offsets_db: &offsets,
        anchor: prepared.anchor(),
    };
    let levels = level::solve(&wanted, tables);
    let mut findings = level::findings(&wanted, &levels, |index| title_of(prepared, index));
    findings.extend(upsampled(prepared, rate_hz, target));
    let mut texts = Vec::new();
    for (name, content) in disc.iter().flat_map(cd::Planned::papers) {
        texts.push(papers::file(&folder.path().join(name), &content, desk.force)?);
    }
    let (rendered, disc, levels) = render_to_levels(desk, &wanted, &reels, levels, disc.as_ref())?;
    let (rendered, levels, cut) = lathe::cut(desk, &wanted, &reels, rendered, levels)?;
    findings.extend(cut.iter().flat_map(Sides::findings));
    if sided {
        texts.extend(cuesheet::papers(desk, &reels, cut.as_ref(), folder.path())?);
    }
    let mut set = set_of(prepared, target, rate_hz, levels, &rendered);
    (set.folder, set.cut) = (folder.path().to_owned(), cut);
    set.tracks = tracks.into_iter().flatten().collect();
    set.seconds = reels.iter().map(|reel| reel.timeline.seconds(reel.frames)).sum();
    hold(&set, target)?;
    findings.extend(set.songs.iter().filter_map(|song| off_plan(song, target)));
    findings.extend(set.songs.iter().filter_map(|song| off_family(prepared, song, target)));
    finished(desk, set, rendered, Waits { disc, texts, folder, findings })
}

/// What goes with the files of a set.
struct Waits {
    disc: Option<DiscSet>,
    texts: Vec<NewFile>,
    folder: NewFolder,
    findings: Vec<Finding>,
}

/// Reads the files of a set back, adds what goes with them.
fn finished(desk: &Desk<'_>, set: Set, rendered: Vec<Rendered>, waits: Waits) -> Result<Waiting> {
    // The folder first: it goes last, and has to be empty then.
    let Waits { folder, disc, mut texts, mut findings } = waits;
    let mut files = Vec::new();
    for file in rendered.into_iter().flat_map(|rendered| rendered.files) {
        // The timeline is held against the ceiling; a cut in the middle of a wave is no peak of the record.
        let file = file.within(&Gate::default())?;
        findings.extend(file.written().findings.iter().cloned());
        files.push(file);
    }
    // A file a side holds many recordings, and has no code.
    if desk.sides.is_empty() || !SIDED.contains(&set.target.as_str()) {
        papers::hold_codes(&desk.prepared.album, &set.tracks, &files)?;
    }
    let measured: Vec<&Measurements> = files.iter().map(|file| &file.written().measured).collect();
    if let Some(gain) = ReplayGain::of_album(&measured) {
        files.iter().try_for_each(|file| file.put_album_gain(gain))?;
    }
    texts.extend(papers::of(desk.prepared, &set, &files, desk.force)?);
    findings.extend(disc.iter().flat_map(DiscSet::findings));
    let mut waiting = Waiting { set, files, disc, texts, folder, findings };
    waiting.name_files();
    Ok(waiting)
}

/// Renders, corrects levels by what came out, renders again if need be: at most [`MOST_RENDERS`] times.
pub(super) fn render_to_levels(
    desk: &Desk<'_>,
    wanted: &Wanted<'_>,
    reels: &[Reel],
    mut levels: Levels,
    disc: Option<&cd::Planned>,
) -> Result<(Vec<Rendered>, Option<DiscSet>, Levels)> {
    for turn in 1.. {
        let (rendered, set) = render_reels(desk, reels, &levels, wanted.target, disc)?;
        if turn == MOST_RENDERS || !correct(wanted, desk.prepared, &rendered, &mut levels) {
            return Ok((rendered, set, levels));
        }
    }
    Err(Error::new(Kind::Internal, "solver", "the levels of the album were not settled"))
}

impl Waiting {
    fn name_files(&mut self) {
        let name = |path: &Path| path.strip_prefix(&self.set.folder).unwrap_or(path).display().to_string();
        let audio = self.files.iter().map(|file| name(&file.written().path));
        let disc = self.disc.iter().flat_map(DiscSet::targets).map(|path| name(&path));
        let texts = self.texts.iter().map(|file| name(file.target()));
        self.set.files = audio.chain(disc).chain(texts).collect();
    }
}

fn offset_of(album: &Album, passage: &Passage) -> f64 {
    album.songs.get(passage.lead()).map_or(0.0, |song| song.controls.offset_db)
}

fn title_of(prepared: &Prepared, passage: usize) -> String {
    let song = prepared.passages.get(passage).and_then(|own| prepared.album.songs.get(own.lead()));
    song.map_or_else(String::new, |song| song.title.clone())
}

fn upsampled(prepared: &Prepared, rate_hz: u32, target: &Target) -> Option<Finding> {
    let low = prepared.heard.iter().filter(|song| song.sample_rate_hz() < rate_hz).count();
    (low > 0).then(|| {
        Finding::new("upsampled", Severity::Info, format!("{low} songs are converted up to {rate_hz} Hz"))
            .about(&target.name)
            .limit("one rate for the record, that of most of its songs")
            .advice("ask for prints at one rate")
    })
}

/// The timelines of a destination with what is cut from them.
fn reels_of(
    desk: &Desk<'_>,
    target: &Target,
    medium: Medium,
    rate_hz: u32,
    folder: &Path,
) -> Result<Vec<Reel>> {
    let prepared = desk.prepared;
    let all: Vec<usize> = (0..prepared.passages.len()).collect();
    let lay = |passages: &[Passage], lead_in| {
        lay::lay(&prepared.album, &prepared.heard, passages, rate_hz, lead_in)
    };
    match medium {
        Medium::Sides => sides(desk, target, folder, lay),
        Medium::Disc => {
            let timeline = lay(&prepared.passages, cd::lead_in(&prepared.album))?;
            let frames = timeline.frames;
            Ok(vec![Reel { timeline, belongs: all, pieces: Vec::new(), frames }])
        }
        Medium::Files => {
            let timeline = lay(&prepared.passages, 0)?;
            let pieces = pieces(prepared, target, &timeline, folder);
            let frames = timeline.frames;
            Ok(vec![Reel { timeline, belongs: all, pieces, frames }])
        }
    }
}

/// A file a track: from its first frame to that of the next, so that the pause after a song is in its file and all files in a row
/// are the record.
fn pieces(prepared: &Prepared, target: &Target, timeline: &Timeline, folder: &Path) -> Vec<Piece> {
    let tracks = tracks::of(&prepared.album, timeline);
    let ends = tracks.iter().skip(1).map(|track| track.start).chain([timeline.frames]);
    let piece = |(track, end): (&Track, u64)| {
        let title = prepared.album.songs.get(track.song).map_or("", |song| song.title.as_str());
        let name = tracks::file_name(track.number, title, &target.container.value);
        let tags = papers::tags(&prepared.album, track, tracks.len());
        Piece { start: track.start, end, path: folder.join(name), tags }
    };
    tracks.iter().zip(ends).map(piece).collect()
}

/// A timeline and a file for every side. What is one piece is parted where the record is turned over.
fn sides(
    desk: &Desk<'_>,
    target: &Target,
    folder: &Path,
    lay: impl Fn(&[Passage], u64) -> Result<Timeline>,
) -> Result<Vec<Reel>> {
    let prepared = desk.prepared;
    let mut reels = Vec::new();
    for side in desk.sides {
        let songs: Vec<usize> = side.songs.iter().filter_map(|id| prepared.album.index_of(id)).collect();
        let mut passages: Vec<Passage> = Vec::new();
        let mut belongs: Vec<usize> = Vec::new();
        for song in songs {
            let Some(own) = prepared.passage_of(song) else { continue };
            match passages.last_mut() {
                Some(last) if last.songs.end == song && belongs.last() == Some(&own) => {
                    last.songs.end = song + 1
                }
                _ => {
                    passages.push(Passage { songs: song..song + 1 });
                    belongs.push(own);
                }
            }
        }
        let timeline = lay(&passages, 0)?;
        let start = timeline.passages.first().map_or(0, |first| first.start);
        let file = format!("Side {}.{}", tracks::plain_name(&side.name), target.container.value);
        let title = format!("{}, side {}", prepared.album.head.title, side.name);
        let tags = vec![("TITLE".to_owned(), title)];
        let pieces = vec![Piece { start, end: timeline.frames, path: folder.join(file), tags }];
        let frames = timeline.frames;
        reels.push(Reel { timeline, belongs, pieces, frames });
    }
    Ok(reels)
}

fn render_reels(
    desk: &Desk<'_>,
    reels: &[Reel],
    levels: &Levels,
    target: &Target,
    disc: Option<&cd::Planned>,
) -> Result<(Vec<Rendered>, Option<DiscSet>)> {
    let label = format!("album for {}", target.name);
    let (mut rendered, mut set) = (Vec::new(), None);
    for reel in reels {
        let spec = render::spec_of(target, reel.timeline.sample_rate_hz, seed_of(desk.prepared, target));
        let spec = render::without_needless_dither(spec, desk, reel, levels);
        let Some(disc) = disc else {
            rendered.push(render::render(desk, reel, levels, spec, None, &label)?);
            continue;
        };
        let mut writers = cd::Writers::create(disc, desk.force)?;
        rendered.push(render::render(desk, reel, levels, spec, Some(&mut writers), &label)?);
        set = Some(writers.finish(desk.job)?);
    }
    Ok((rendered, set))
}

/// Seed of the dither: another one for every album and destination, the same on every run.
fn seed_of(prepared: &Prepared, target: &Target) -> u64 {
    let mut text = target.name.clone();
    prepared.heard.iter().for_each(|song| text.push_str(&song.blake3));
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().iter().take(6).fold(0, |seed, byte| (seed << 8) | u64::from(*byte))
}

/// Corrects levels by what came out; whether another render is needed.
fn correct(wanted: &Wanted<'_>, prepared: &Prepared, rendered: &[Rendered], levels: &mut Levels) -> bool {
    let peak = rendered.iter().map(|own| own.peak_dbtp).fold(f64::NEG_INFINITY, f64::max);
    if peak > levels.ceiling_dbtp {
        // A fiftieth of a decibel more, so that once is enough.
        let down = peak - levels.ceiling_dbtp + 0.02;
        levels.limit_dbtp -= down;
        if levels.levels.iter().all(|level| level.max_reduction_db <= 0.0) {
            levels.levels.iter_mut().for_each(|level| level.gain_db -= down);
        }
        return true;
    }
    let Some(target_lufs) = wanted.target.loudness_lufs.as_ref().map(|fact| fact.value) else { return false };
    if wanted.mode == Loudness::Keep {
        return false;
    }
    let near = SHARE_OF_TOLERANCE * wanted.target.tolerance();
    let loudness = |passage: &Passage| {
        let own = rendered.iter().flat_map(|own| &own.came).filter(|came| passage.songs.contains(&came.song));
        album_lufs(own.map(|came| &came.measured)).filter(|lufs| lufs.is_finite())
    };
    let heard: Vec<Option<f64>> = prepared.passages.iter().map(loudness).collect();
    if wanted.mode == Loudness::Track {
        let mut again = false;
        for ((level, heard), offset) in levels.levels.iter_mut().zip(&heard).zip(wanted.offsets_db) {
            let missing = heard.map_or(0.0, |lufs| target_lufs + offset - lufs);
            if missing.abs() > near {
                level.gain_db += missing.clamp(-3.0, 3.0);
                again = true;
            }
        }
        return again;
    }
    let loudest = heard.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    let decides = wanted.anchor.filter(|_| wanted.mode == Loudness::Anchor);
    let is = decides.and_then(|anchor| heard.get(anchor).copied().flatten()).unwrap_or(loudest);
    let missing = target_lufs - is;
    if !missing.is_finite() || missing.abs() <= near {
        return false;
    }
    for level in &mut levels.levels {
        level.gain_db += missing.clamp(-3.0, 3.0);
        level.stl95_lufs += missing.clamp(-3.0, 3.0);
    }
    true
}

/// Refuses a set that does not hold its ceiling.
fn hold(set: &Set, target: &Target) -> Result<()> {
    // Dither is added after the limiter: as the gate of single files.
    if set.true_peak_dbtp <= set.levels.ceiling_dbtp + 0.02 {
        return Ok(());
    }
    let what = format!(
        "true peak is {:.2} dBTP, the ceiling is {:.2} dBTP",
        set.true_peak_dbtp, set.levels.ceiling_dbtp
    );
    Err(Error::new(Kind::Gate, "over_ceiling", what)
        .at(&target.name)
        .hint("nothing was left; lower the record by offset_db"))
}

fn off_plan(song: &Outcome, target: &Target) -> Option<Finding> {
    let off = song.off_plan_lu();
    (off.abs() > PLAN_TOLERANCE_LU).then(|| {
        Finding::new("off_plan", Severity::Warning, format!("it came out {off:+.1} LU off its plan"))
            .about(format!("{} for {}", song.title, target.name))
            .limit(format!("{PLAN_TOLERANCE_LU:.1} LU"))
            .advice("the limiter could not give more, or a crossfade covers much of it; offset_db moves it")
    })
}

/// Which third octaves of a delivered song lie outside the family, and why nothing brings them there.
fn off_family(prepared: &Prepared, song: &Outcome, target: &Target) -> Option<Finding> {
    let outside = outside(&song.tone_db);
    let why = prepared.passage_of(song.song).and_then(|passage| prepared.tones.get(passage))?;
    // What the text has was wanted so.
    (!outside.is_empty() && *why != Toned::Own).then(|| {
        Finding::new("off_family", Severity::Info, outside)
            .about(format!("{} for {}", song.title, target.name))
            .limit(format!("{TOLERANCE_DB:.1} dB per third of an octave"))
            .advice(why.words())
    })
}

fn set_of(prepared: &Prepared, target: &Target, rate_hz: u32, levels: Levels, rendered: &[Rendered]) -> Set {
    let came: Vec<&Came> = rendered.iter().flat_map(|own| &own.came).collect();
    let songs: Vec<Outcome> = came.iter().map(|came| outcome(prepared, &levels, came)).collect();
    let album = album_lufs(came.iter().map(|came| &came.measured)).filter(|lufs| lufs.is_finite());
    let loudest = songs.iter().filter_map(|song| song.integrated_lufs).fold(f64::NEG_INFINITY, f64::max);
    let played: Vec<services::Track> =
        came.iter().filter_map(|came| services::Track::of(&came.measured)).collect();
    let service = target.turns_up.is_some();
    let plays = album.filter(|_| service).map(|pooled| services::play_album(target, &played, pooled));
    Set {
        target: target.name.clone(),
        folder: PathBuf::new(),
        sample_rate_hz: rate_hz,
        levels,
        tracks: Vec::new(),
        songs,
        album_lufs: album,
        loudest_lufs: Some(loudest).filter(|lufs| lufs.is_finite()),
        true_peak_dbtp: rendered.iter().map(|own| own.peak_dbtp).fold(f64::NEG_INFINITY, f64::max),
        reduction_db: rendered.iter().map(|own| own.reduction_db).fold(0.0, f64::max),
        cut: None,
        plays: plays.unwrap_or_default(),
        files: Vec::new(),
        seconds: 0.0,
    }
}

fn outcome(prepared: &Prepared, levels: &Levels, came: &Came) -> Outcome {
    let passage = prepared.passage_of(came.song).unwrap_or(0);
    let level = levels.levels.get(passage);
    // Within a piece a song keeps its own distance from the whole of it.
    let print = prepared.heard.get(came.song).map_or(0.0, |song| song.print.stl95_lufs);
    let whole = prepared.prints.get(passage).map_or(print, |print| print.stl95_lufs);
    let measured = &came.measured;
    let integrated = measured.integrated_lufs.filter(|lufs| lufs.is_finite());
    let tone_db = prepared.family.distance_db(&came.portrait);
    Outcome {
        song: came.song,
        title: prepared.album.songs.get(came.song).map_or_else(String::new, |song| song.title.clone()),
        gain_db: level.map_or(0.0, |level| level.gain_db),
        planned_lufs: level.map_or(0.0, |level| level.stl95_lufs) + print - whole,
        stl95_lufs: stl95_lufs(measured.history.short_term_curve_lufs())
            .or(integrated)
            .unwrap_or(f64::NEG_INFINITY),
        integrated_lufs: integrated,
        true_peak_dbtp: measured.true_peak_worst_dbtp(),
        tone_off_db: largest_db(&tone_db),
        tone_db,
    }
}
