//! Runs a mixer over a corpus and holds it against the bars.

use crate::damage::meant;
use crate::judge::{Aligned, Judged, Repair, Roles, Timed, aligned, is_measured, repairs, roles, timed};
use crate::metrics::{self, Metrics};
use crate::mixers::{Assist, Mixed, Mixer, groups, mix};
use crate::truth::Truth;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use studio::job::Job;
use studio::message::{Error, Result};
use studio::mix::Group;

/// What to run.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Who mixes.
    pub mixer: Mixer,
    /// Only songs whose id contains one of these; empty: all.
    pub songs: Vec<String>,
    /// Baselines beside it.
    pub baselines: bool,
    /// Roles a second time, without names.
    pub nameless: bool,
    /// Damaged twins only; mixes are measured only where that decides.
    pub damage: bool,
}

/// What came of a song.
#[derive(Debug, Clone, Serialize)]
pub struct SongResult {
    /// Song.
    pub id: String,
    /// Genre.
    pub genre: String,
    /// Tracks.
    pub tracks: usize,
    /// Whether somebody sings the lead.
    pub has_lead: bool,
    /// Measurements of the mix.
    pub metrics: Metrics,
    /// Distance to the mix that was meant.
    pub distance: f64,
    /// What the mixer said its balance was: groups in LU, reverberance, imbalance; where it says so.
    pub promised: BTreeMap<String, f64>,
    /// Roles with names.
    pub roles: Roles,
    /// Roles without names.
    pub nameless: Option<Roles>,
    /// Microphones.
    pub aligned: Aligned,
    /// Damage.
    pub repairs: Vec<Repair>,
    /// Cuts into what is said to ring, in the words of the moves.
    pub ringing: Vec<String>,
    /// Tempo, key, form.
    pub timed: Timed,
    /// Baselines by name: audibility, distance, vocals, drums, bass.
    pub baselines: BTreeMap<String, Baseline>,
    /// Errors, if it could not be mixed.
    pub failed: Vec<String>,
}

/// What a baseline measures.
#[derive(Debug, Clone, Serialize)]
pub struct Baseline {
    /// Weighted audibility.
    pub audibility: f64,
    /// Distance to the mix that was meant.
    pub distance: f64,
    /// Groups against the mix.
    pub groups_lu: BTreeMap<String, f64>,
    /// Crest factor.
    pub crest_db: Option<f64>,
}

/// Folders below `folder` that hold a song, in order; only those whose name has one of the words.
///
/// # Errors
/// `no_songs`.
pub fn songs(folder: &Path, words: &[String]) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io(folder, "read", &error))?;
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.join(crate::truth::FILE).exists());
    let name =
        |path: &PathBuf| path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    found.retain(|path| words.is_empty() || words.iter().any(|word| name(path).contains(word.as_str())));
    found.sort();
    if found.is_empty() {
        return Err(Error::input("no_songs", "no song here")
            .at(folder.display())
            .hint("make some: eval corpus DIR"));
    }
    Ok(found)
}

/// Everything about a corpus. Two songs at a time.
///
/// # Errors
/// Those of reading the corpus; what fails inside a song stands in its result.
pub fn run(folder: &Path, options: &Options, told: &(dyn Fn(&SongResult) + Sync)) -> Result<Vec<SongResult>> {
    let folders = songs(folder, &options.songs)?;
    // Damaged twins are held against their clean one, which is mixed once for all of them.
    let mut families: BTreeMap<String, Vec<&PathBuf>> = BTreeMap::new();
    for path in &folders {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        families.entry(name.split('+').next().unwrap_or_default().to_owned()).or_default().push(path);
    }
    let families: Vec<(String, Vec<&PathBuf>)> = families.into_iter().collect();
    let results: Result<Vec<Vec<SongResult>>> = families
        .par_iter()
        .with_max_len(1)
        .map(|(clean, paths)| family(folder, clean, paths, options, told))
        .collect();
    Ok(results?.into_iter().flatten().collect())
}

/// A song and its damaged twins.
fn family(
    corpus: &Path,
    clean: &str,
    paths: &[&PathBuf],
    options: &Options,
    told: &(dyn Fn(&SongResult) + Sync),
) -> Result<Vec<SongResult>> {
    let mut kept: Option<(Mixed, Metrics)> = None;
    let mut results = Vec::new();
    let truths: Result<Vec<Truth>> = paths.iter().map(|path| Truth::load(path)).collect();
    let truths = truths?;
    let measured = !options.damage || truths.iter().any(is_measured);
    for (path, truth) in
        paths.iter().zip(truths).filter(|(_, truth)| !options.damage || truth.clean.is_some())
    {
        let mut all = || {
            if kept.is_none() && (truth.clean.is_none() || matches!(options.mixer, Mixer::Assist(_))) {
                let folder = corpus.join(clean);
                let own = Truth::load(&folder).map_err(|error| vec![error])?;
                kept = Some(heard(&folder, &own, &options.mixer, measured)?);
            }
            one(path, &truth, options, kept.as_ref())
        };
        let result = all().unwrap_or_else(|errors| failed(&truth, &errors));
        told(&result);
        results.push(result);
    }
    Ok(results)
}

/// Mixes one song and, if it is to be `measured`, measures it.
///
/// # Errors
/// Those of the mixer and the engine.
pub fn heard(
    path: &Path,
    truth: &Truth,
    mixer: &Mixer,
    measured: bool,
) -> std::result::Result<(Mixed, Metrics), Vec<Error>> {
    let job = Job::quiet().with_threads(1);
    let mixed = mix(mixer, path, truth, &job)?;
    if !measured {
        return Ok((mixed, nothing(truth)));
    }
    let of = groups(&mixed.session, truth);
    let metrics = metrics::measure(&mixed.session, &|id| of.get(id).copied(), &job)?;
    Ok((mixed, metrics))
}

fn one(
    path: &Path,
    truth: &Truth,
    options: &Options,
    clean: Option<&(Mixed, Metrics)>,
) -> std::result::Result<SongResult, Vec<Error>> {
    let job = Job::quiet().with_threads(1);
    let wrap = |error| vec![error];
    let (mixed, metrics) = match (clean, &truth.clean) {
        (Some(clean), None) => clean.clone(),
        _ => heard(path, truth, &options.mixer, !options.damage || is_measured(truth))?,
    };
    let mut result = empty(truth);
    let reference = if options.damage {
        nothing(truth)
    } else {
        metrics::of_planes(&meant(path, truth).map_err(wrap)?, truth.sample_rate_hz)
    };
    result.distance = metrics.features.distance(&reference.features);
    if let Some(balance) = &mixed.balance {
        result.promised = promised(balance);
    }
    let rings = mixed.moves.iter().filter(|made| made.rule == "cleanup.resonance");
    result.ringing = rings.map(|made| made.id.clone()).collect();
    if let Some(song) = &mixed.song {
        result.roles = roles(song, truth);
        result.aligned = aligned(song, truth);
        result.timed = timed(song, truth);
    }
    if let (Some((other, measured)), true) = (clean, truth.clean.is_some()) {
        let (broken, whole) =
            (Judged { mixed: &mixed, metrics: &metrics }, Judged { mixed: other, metrics: measured });
        result.repairs = repairs(truth, &broken, &whole);
    }
    if options.nameless && truth.clean.is_none() && matches!(options.mixer, Mixer::Assist(_)) {
        let hear =
            assistant::hear::Options { ignore_names: true, skip_alignment: true, ..Default::default() };
        let song = assistant::hear::hear(path, &job, &hear).map_err(wrap)?;
        result.nameless = Some(roles(&song, truth));
    }
    if options.baselines && truth.clean.is_none() {
        for mixer in
            [Mixer::Unity, Mixer::EqualLoudness, Mixer::Random(1), Mixer::Random(2), Mixer::Random(3)]
        {
            let (_, measured) = heard(path, truth, &mixer, true)?;
            let baseline = Baseline {
                audibility: measured.audibility,
                distance: measured.features.distance(&reference.features),
                groups_lu: measured.groups_lu,
                crest_db: measured.crest_db,
            };
            result.baselines.insert(mixer.name(), baseline);
        }
    }
    result.metrics = metrics;
    Ok(result)
}

/// What the assistant said of its balance, under the names of the measurements.
fn promised(balance: &assistant::decide::Balance) -> BTreeMap<String, f64> {
    let id = |name: &str| Group::ALL.iter().find(|group| group.name() == name).map(|group| group.id());
    let groups = balance.groups.iter().filter_map(|(_, name, lu)| Some((id(name)?.to_owned(), *lu)));
    let mut all: BTreeMap<String, f64> = groups.collect();
    all.extend(balance.reverberation.map(|(_, p)| ("reverberance".to_owned(), p)));
    all.extend(balance.imbalance_db.map(|db| ("imbalance".to_owned(), db)));
    all
}

/// Largest difference between a promised and a measured group, LU, and which.
fn broken_promise(song: &SongResult) -> Option<(f64, &str)> {
    let of = |(id, lu): (&'_ String, &f64)| song.metrics.groups_lu.get(id).map(|own| (own - lu).abs());
    let all = song.promised.iter().filter_map(|(id, lu)| Some((of((id, lu))?, id.as_str())));
    all.max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Measurements of silence.
fn nothing(truth: &Truth) -> Metrics {
    metrics::of_planes(&[vec![0.0; 4_800], vec![0.0; 4_800]], truth.sample_rate_hz)
}

fn empty(truth: &Truth) -> SongResult {
    SongResult {
        id: truth.id.clone(),
        genre: truth.genre.clone(),
        tracks: truth.tracks.len(),
        has_lead: truth.has_lead,
        metrics: nothing(truth),
        distance: 0.0,
        promised: BTreeMap::new(),
        roles: Roles::default(),
        nameless: None,
        aligned: Aligned::default(),
        repairs: Vec::new(),
        ringing: Vec::new(),
        timed: Timed::default(),
        baselines: BTreeMap::new(),
        failed: Vec::new(),
    }
}

fn failed(truth: &Truth, errors: &[Error]) -> SongResult {
    let failed = errors.iter().map(|error| format!("{}: {}", error.code, error.what)).collect();
    SongResult { failed, ..empty(truth) }
}

/// The usual assistant.
#[must_use]
pub fn assistant() -> Mixer {
    Mixer::Assist(Assist::default())
}

/// A bar and whether it was reached.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// What.
    pub name: &'static str,
    /// How many passed.
    pub passed: usize,
    /// Of how many.
    pub of: usize,
    /// Share that is needed.
    pub needed: f64,
    /// Which did not, with their figures.
    pub not: Vec<String>,
}

impl Bar {
    /// Whether it was reached; a bar nobody was measured against is not.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.of > 0 && self.passed as f64 >= self.needed * self.of as f64 - 1e-9
    }
}

/// Collects a bar over songs: `measure` gives a figure and whether it is good, or nothing where it does not apply.
fn bar(
    name: &'static str,
    needed: f64,
    songs: &[SongResult],
    measure: &dyn Fn(&SongResult) -> Option<(bool, String)>,
) -> Bar {
    let mut bar = Bar { name, passed: 0, of: 0, needed, not: Vec::new() };
    for song in songs {
        let Some((good, figure)) = measure(song) else { continue };
        bar.of += 1;
        bar.passed += usize::from(good);
        if !good {
            bar.not.push(format!("{} {figure}", song.id));
        }
    }
    bar
}

/// Counts instead of songs.
fn counted(name: &'static str, needed: f64, passed: usize, of: usize, not: Vec<String>) -> Bar {
    Bar { name, passed, of, needed, not }
}

/// The bars of the mixing rules, e.6. Speech is measured but not held to the balance of music: its lead is nearly the whole.
#[must_use]
pub fn bars(all: &[SongResult]) -> Vec<Bar> {
    let clean: Vec<SongResult> = all.iter().filter(|song| !song.id.contains('+')).cloned().collect();
    let within = |group: Group, low: f64, high: f64| {
        move |song: &SongResult| {
            if song.genre == "podcast" {
                return None;
            }
            let lu = song.metrics.group(group)?;
            Some(((low..=high).contains(&lu), format!("{lu:.1} LU")))
        }
    };
    let vocals = within(Group::Vocals, -4.0, -1.8);
    let space = |song: &SongResult| {
        // The model is of music: nobody asked listeners about speech.
        if song.genre == "podcast" {
            return None;
        }
        let Some(space) = song.metrics.space else { return Some((false, "none".to_owned())) };
        Some(((0.1..=0.5).contains(&space.too_much), format!("{:.2}", space.too_much)))
    };
    let mut bars = vec![
        bar("every song is mixed", 1.0, all, &|song| Some((song.failed.is_empty(), song.failed.join("; ")))),
        bar("lead vocal -4.0 to -1.8 LU", 0.95, &clean, &|song| vocals(song).filter(|_| song.has_lead)),
        bar("drums -9.3 to -4.9 LU", 0.90, &clean, &within(Group::Drums, -9.3, -4.9)),
        bar("bass -10.1 to -6.7 LU", 0.90, &clean, &within(Group::Bass, -10.1, -6.7)),
        bar("reverberance P 0.1 to 0.5", 1.0, &clean, &space),
        bar("imbalance under 0.5 dB", 1.0, &clean, &|song| {
            let db = song.metrics.imbalance_db?;
            Some((db.abs() < 0.5, format!("{db:+.2} dB")))
        }),
        bar("mono loss of any group under 3 LU", 1.0, &clean, &|song| {
            let lu = song.metrics.worst_group_mono_loss_lu;
            Some((lu <= 3.05, format!("{lu:.2} LU")))
        }),
        bar("backing 5 LU under the lead", 1.0, &clean, &|song| {
            let gap = song.metrics.group(Group::Backing)? - song.metrics.group(Group::Vocals)?;
            Some((gap <= -4.7, format!("{gap:+.1} LU")))
        }),
        bar("percussion under -14 LU", 1.0, &clean, &|song| {
            let lu = song.metrics.group(Group::Percussion)?;
            Some((lu <= -13.5, format!("{lu:.1} LU")))
        }),
        bar("groups within 0.3 LU of what is reported", 1.0, &clean, &|song| {
            let (lu, id) = broken_promise(song)?;
            Some((lu <= 0.3, format!("{id} {lu:.2} LU")))
        }),
        // No bar of issue 5: a figure. Nothing of these songs rings that was not built to.
        bar("no resonance cut where none is", 0.0, &clean, &|song| {
            Some((song.ringing.is_empty(), song.ringing.join(", ")))
        }),
        bar("distance to the mix meant under 0.22", 1.0, &clean, &|song| {
            Some((song.distance <= 0.22, format!("{:.3}", song.distance)))
        }),
    ];
    bars.extend(heard_bars(&clean));
    bars.extend(damage_bars(all));
    bars
}

fn heard_bars(clean: &[SongResult]) -> Vec<Bar> {
    let (mut named, mut nameless, mut aligned) = (Roles::default(), Roles::default(), Aligned::default());
    let (mut wrong, mut notes, mut time) = (Vec::new(), Vec::new(), Timed::default());
    for song in clean {
        time.add(&song.timed);
        named.add(&song.roles);
        nameless.add(&song.nameless.clone().unwrap_or_default());
        aligned.add(&song.aligned);
        wrong.extend(song.roles.wrong.iter().map(|text| format!("{} {text}", song.id)));
        notes.extend(song.aligned.notes.iter().map(|text| format!("{} {text}", song.id)));
    }
    let confusion = nameless.confusion.iter().map(|(pair, count)| format!("{pair} x{count}")).collect();
    vec![
        counted("roles with names", 0.97, named.role, named.total, wrong),
        counted("groups without names", 0.80, nameless.group, nameless.total, confusion),
        counted("click and talkback", 1.0, named.not_music[0], named.not_music[1], Vec::new()),
        counted("aligned within 2 frames", 0.98, aligned.right, aligned.decided, notes.clone()),
        counted(
            "no false flip",
            1.0,
            aligned.pairs - aligned.false_flips.min(aligned.pairs),
            aligned.pairs,
            notes,
        ),
        // No bars of issue 5: figures.
        counted(
            "tempo to 1 %, half and twice allowed",
            0.0,
            time.tempo[0],
            time.tempo[2],
            time.notes.clone(),
        ),
        counted("tempo to 1 %, as written", 0.0, time.tempo[1], time.tempo[2], Vec::new()),
        counted("key", 0.0, time.key[0], time.key[2], Vec::new()),
        counted("key or its relative", 0.0, time.key[1], time.key[2], Vec::new()),
        counted("borders of sections found, to a bar", 0.0, time.sections[0], time.sections[1], Vec::new()),
        counted(
            "borders told that are there",
            0.0,
            time.sections[0].min(time.sections[2]),
            time.sections[2],
            Vec::new(),
        ),
        counted("count-ins", 0.0, time.count_ins[0], time.count_ins[1], Vec::new()),
    ]
}

fn damage_bars(all: &[SongResult]) -> Vec<Bar> {
    let verdicts: Vec<&Repair> = all.iter().flat_map(|song| &song.repairs).collect();
    let list = |bad: &dyn Fn(&Repair) -> bool| {
        all.iter()
            .flat_map(|song| song.repairs.iter().map(move |repair| (song, repair)))
            .filter(|(_, repair)| bad(repair))
            .map(|(song, repair)| {
                let left = repair.residual.map_or(String::new(), |left| format!(" {left:+.1}"));
                format!("{}{left} {}", song.id, repair.note)
            })
            .collect()
    };
    let good = verdicts.iter().filter(|repair| repair.found && repair.repaired).count();
    let quiet = verdicts.iter().filter(|repair| !repair.in_clean).count();
    vec![
        counted("damage found and repaired", 0.90, good, verdicts.len(), list(&|r| !(r.found && r.repaired))),
        counted("nothing repaired in the clean twin", 1.0, quiet, verdicts.len(), list(&|r| r.in_clean)),
    ]
}
