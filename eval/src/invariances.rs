//! What must not matter (the mixing rules, e.4): order, level, polarity, names, rate, silence, a second run.

use crate::metrics::{self, Metrics};
use crate::mixers::{Assist, Mixed, Mixer, groups, mix};
use crate::truth::Truth;
use crate::wav;
use assistant::again::Again;
use assistant::decide::decide;
use assistant::hear;
use assistant::moves::{Family, Move};
use serde::Serialize;
use std::path::{Path, PathBuf};
use studio::job::Job;
use studio::message::Error;
use studio::mix::Group;
use studio::session::Session;

/// Something that was tried.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// What.
    pub name: String,
    /// Whether it holds.
    pub holds: bool,
    /// With what figures.
    pub figure: String,
}

type Checked<T> = Result<T, Vec<Error>>;

/// What becomes of the sound of a file.
type Resound<'a> = &'a dyn Fn(usize, &str, Vec<Vec<f64>>) -> Vec<Vec<f64>>;

/// What is done to a song's files on their way into a copy of it.
struct Change<'a> {
    /// New name of a file, without folder.
    name: &'a dyn Fn(usize, &str) -> String,
    /// New sound of a file.
    sound: Resound<'a>,
    /// New rate.
    rate_hz: u32,
}

fn same_name(_: usize, file: &str) -> String {
    file.to_owned()
}

fn same_sound(_: usize, _: &str, planes: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    planes
}

/// A copy of a song with a change; tracks keep their order in the truth.
fn copy(from: &Path, to: &Path, truth: &Truth, change: &Change<'_>) -> Checked<Truth> {
    let wrap = |error| vec![error];
    let mut changed = truth.clone();
    for (index, track) in changed.tracks.iter_mut().enumerate() {
        let (planes, rate) = wav::read(&from.join(&track.file)).map_err(wrap)?;
        let mut planes = (change.sound)(index, &track.file, planes);
        if rate != change.rate_hz {
            planes = resampled(&planes, rate, change.rate_hz);
        }
        track.file = (change.name)(index, &track.file);
        wav::write(&to.join(&track.file), &planes, change.rate_hz).map_err(wrap)?;
    }
    changed.sample_rate_hz = change.rate_hz;
    changed.save(to).map_err(wrap)?;
    Ok(changed)
}

fn resampled(planes: &[Vec<f64>], from_hz: u32, to_hz: u32) -> Vec<Vec<f64>> {
    use dsp::resample::{Resampler, Slope};
    let Ok(mut resampler) = Resampler::new(from_hz, to_hz, planes.len(), Slope::Steep) else {
        return planes.to_vec();
    };
    let mut out = vec![Vec::new(); planes.len()];
    resampler.process(dsp::block::Buffer::from_planes(planes).view(), &mut out);
    resampler.finish(&mut out);
    out
}

/// A mix of a copy, and its balance.
struct Run {
    truth: Truth,
    mixed: Mixed,
    metrics: Metrics,
}

fn run(folder: &Path, truth: Truth, how: &Assist) -> Checked<Run> {
    let job = Job::quiet();
    let mixed = mix(&Mixer::Assist(how.clone()), folder, &truth, &job)?;
    let of = groups(&mixed.session, &truth);
    let metrics = metrics::measure(&mixed.session, &|id| of.get(id).copied(), &job)?;
    Ok(Run { truth, mixed, metrics })
}

/// Largest difference of any group's loudness against the mix, and which.
fn apart(a: &Metrics, b: &Metrics) -> (f64, String) {
    let mut worst = (0.0, String::new());
    for group in Group::ALL {
        let gap = match (a.group(*group), b.group(*group)) {
            (Some(a), Some(b)) => (a - b).abs(),
            (None, None) => 0.0,
            _ => f64::INFINITY,
        };
        if gap > worst.0 {
            worst = (gap, group.name().to_owned());
        }
    }
    worst
}

fn close(name: &str, a: &Metrics, b: &Metrics, most_lu: f64) -> Check {
    let (gap, group) = apart(a, b);
    Check {
        name: name.to_owned(),
        holds: gap <= most_lu,
        figure: format!("{gap:.3} LU {group}, at most {most_lu} LU"),
    }
}

/// Largest difference of trim and fader together, track by track in the order of the truth; groups' faders count as well.
fn levels_apart(a: &Run, b: &Run) -> f64 {
    let (one, two) = (levels(a), levels(b));
    one.iter().zip(&two).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

fn levels(run: &Run) -> Vec<f64> {
    let session = &run.mixed.session;
    let level = |file: &str| {
        let track =
            session.tracks.iter().find(|t| t.clips.first().is_some_and(|clip| clip.file.id == file))?;
        let bus = session.strip(&track.strip.output.id).map_or(0.0, |bus| bus.controls.fader_db);
        Some(track.strip.controls.trim_db + track.strip.controls.fader_db + bus)
    };
    run.truth.tracks.iter().map(|track| level(&track.file).unwrap_or(-144.0)).collect()
}

/// A song and its usual mix, to hold others against.
pub struct Bench {
    song: PathBuf,
    scratch: PathBuf,
    truth: Truth,
    base: Run,
}

/// Something to try.
pub type Trial = fn(&Bench) -> Checked<Vec<Check>>;

/// Every invariance, in the order it is told. Each costs one to four mixes.
pub const TRIALS: [Trial; 10] = [order, level, polarity, names, rate, later, silence, again, unity, monotone];

/// Every invariance on one song. Works in `scratch`; costs about a dozen mixes.
///
/// # Errors
/// Those of the assistant and the engine.
pub fn all(song: &Path, scratch: &Path, told: &dyn Fn(&Check)) -> Checked<Vec<Check>> {
    let bench = Bench::new(song, scratch)?;
    let mut checks = Vec::new();
    for trial in TRIALS {
        for check in trial(&bench)? {
            told(&check);
            checks.push(check);
        }
    }
    Ok(checks)
}

impl Bench {
    /// Mixes a song of the corpus as usual; copies of it will stand in `scratch`.
    ///
    /// # Errors
    /// Those of the assistant and the engine.
    pub fn new(song: &Path, scratch: &Path) -> Checked<Self> {
        let truth = Truth::load(song).map_err(|error| vec![error])?;
        let base = run(song, truth.clone(), &Assist::default())?;
        Ok(Self { song: song.to_path_buf(), scratch: scratch.to_path_buf(), truth, base })
    }

    /// Rules that moved something in the usual mix.
    pub fn rules(&self) -> impl Iterator<Item = &str> {
        let moves = self.base.mixed.moves.iter();
        moves.filter(|m| !m.offered).map(|m| m.rule.as_str())
    }

    fn plain(&self) -> Change<'static> {
        Change { name: &same_name, sound: &same_sound, rate_hz: self.truth.sample_rate_hz }
    }

    /// The mix of a copy with a change.
    fn changed(&self, name: &str, change: &Change<'_>) -> Checked<Run> {
        let folder = self.scratch.join(name);
        let truth = copy(&self.song, &folder, &self.truth, change)?;
        run(&folder, truth, &Assist::default())
    }

    /// The same song with one family alone, heard as before.
    fn alone(&self, family: Family, strength: f64) -> Checked<(Session, Vec<Move>)> {
        let Some(song) = &self.base.mixed.song else {
            return Ok((self.base.mixed.session.clone(), self.base.mixed.moves.clone()));
        };
        let how = Assist { strength, only: Some(family), ..Assist::default() };
        let ask = crate::mixers::ask(&how, &self.song, &self.truth.genre)?;
        let made = decide(song, &ask, None, &Job::quiet())?;
        Ok((metrics::parse(&made.text, &self.song)?, made.moves))
    }

    /// What a session of this song measures.
    fn measured(&self, session: &Session) -> Checked<Metrics> {
        let of = groups(session, &self.truth);
        metrics::measure(session, &|id| of.get(id).copied(), &Job::quiet())
    }

    fn close(&self, name: &str, other: &Run, most_lu: f64) -> Check {
        close(name, &self.base.metrics, &other.metrics, most_lu)
    }
}

/// Files in another order: names begin with other numbers.
///
/// # Errors
/// Those of the assistant and the engine; so with all trials.
pub fn order(bench: &Bench) -> Checked<Vec<Check>> {
    let count = bench.truth.tracks.len();
    let backwards = |index: usize, file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        format!("{:02}_{}", count - index, name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'))
    };
    let turned = bench.changed("order", &Change { name: &backwards, ..bench.plain() })?;
    let gap = levels_apart(&bench.base, &turned);
    Ok(vec![
        bench.close("order of tracks: balance", &turned, 0.05),
        Check { name: "order of tracks: levels".into(), holds: gap <= 0.11, figure: format!("{gap:.2} dB") },
    ])
}

/// A third of the tracks recorded 20 dB softer, another third as much louder where there is room.
///
/// # Errors
/// As [`order`].
pub fn level(bench: &Bench) -> Checked<Vec<Check>> {
    let other = |index: usize, _: &str, planes: Vec<Vec<f64>>| {
        let peak = planes.iter().flatten().fold(0.0_f64, |top, x| top.max(x.abs()));
        let louder = f64::min(10.0, 0.9 / peak.max(1e-6));
        scaled(planes, [0.1, louder, 1.0][index % 3])
    };
    let made = bench.changed("level", &Change { sound: &other, ..bench.plain() })?;
    Ok(vec![bench.close("tracks 20 dB softer and up to 20 dB louder", &made, 0.1)])
}

/// Tracks that nothing is to be aligned with, turned over.
///
/// # Errors
/// As [`order`].
pub fn polarity(bench: &Bench) -> Checked<Vec<Check>> {
    let flips = |_: usize, file: &str, planes: Vec<Vec<f64>>| {
        let track = bench.truth.track(file);
        let alone = track.is_some_and(|track| !matches!(track.group.as_str(), "drums_bus" | "bass_bus"));
        scaled(planes, if alone { -1.0 } else { 1.0 })
    };
    let made = bench.changed("polarity", &Change { sound: &flips, ..bench.plain() })?;
    Ok(vec![bench.close("polarity of single tracks", &made, 0.1)])
}

/// Names that say nothing.
///
/// # Errors
/// As [`order`].
pub fn names(bench: &Bench) -> Checked<Vec<Check>> {
    let numbers = |index: usize, _: &str| format!("Audio {:02}.wav", index + 1);
    let made = bench.changed("names", &Change { name: &numbers, ..bench.plain() })?;
    Ok(vec![bench.close("names that say nothing", &made, 1.0)])
}

/// Twice the sample rate.
///
/// # Errors
/// As [`order`].
pub fn rate(bench: &Bench) -> Checked<Vec<Check>> {
    let rate_hz = if bench.truth.sample_rate_hz == 48_000 { 96_000 } else { 48_000 };
    let made = bench.changed("rate", &Change { rate_hz, ..bench.plain() })?;
    Ok(vec![bench.close("twice the sample rate", &made, 0.3)])
}

/// Everything a quarter of a second later.
///
/// # Errors
/// As [`order`].
pub fn later(bench: &Bench) -> Checked<Vec<Check>> {
    let late = |_: usize, _: &str, planes: Vec<Vec<f64>>| {
        planes.into_iter().map(|plane| [vec![0.0; 12_345], plane].concat()).collect()
    };
    let made = bench.changed("late", &Change { sound: &late, ..bench.plain() })?;
    // The blocks of every measurement lie elsewhere: in a short song that alone is a tenth of an LU.
    Ok(vec![bench.close("12 345 frames later", &made, 0.2)])
}

/// A silent track more.
///
/// # Errors
/// As [`order`].
pub fn silence(bench: &Bench) -> Checked<Vec<Check>> {
    let folder = bench.scratch.join("silent");
    let mut more = copy(&bench.song, &folder, &bench.truth, &bench.plain())?;
    let rate_hz = more.sample_rate_hz;
    let nothing = vec![0.0; (more.seconds * f64::from(rate_hz)) as usize];
    wav::write(&folder.join("Zzz.wav"), &[nothing], rate_hz).map_err(|error| vec![error])?;
    more.id.push_str("+silent");
    let made = run(&folder, more, &Assist::default())?;
    Ok(vec![bench.close("a silent track more", &made, 0.02)])
}

fn scaled(planes: Vec<Vec<f64>>, gain: f64) -> Vec<Vec<f64>> {
    planes.into_iter().map(|plane| plane.into_iter().map(|x| gain * x).collect()).collect()
}

/// The assistant on its own session: nothing moves.
///
/// # Errors
/// As [`order`].
pub fn again(bench: &Bench) -> Checked<Vec<Check>> {
    let (song, base) = (&bench.song, &bench.base);
    let job = Job::quiet();
    let heard = hear::hear(song, &job, &hear::Options::default()).map_err(|error| vec![error])?;
    let before = Again::read(&base.mixed.text).map_err(|error| vec![error])?;
    let ask = crate::mixers::ask(&Assist::default(), song, &base.truth.genre)?;
    let made = decide(&heard, &ask, Some(&before), &job)?;
    let session = metrics::parse(&made.text, song)?;
    let of = groups(&session, &base.truth);
    let metrics = metrics::measure(&session, &|id| of.get(id).copied(), &job)?;
    let mut mixed = base.mixed.clone();
    mixed.session = session;
    let second = Run { truth: base.truth.clone(), mixed, metrics };
    let (moved, (gap, _)) = (levels_apart(base, &second), apart(&base.metrics, &second.metrics));
    Ok(vec![Check {
        name: "again on its own session".into(),
        holds: moved <= 0.5 && gap <= 0.5,
        figure: format!(
            "levels {moved:.2} dB, groups {gap:.3} LU, text {}",
            if made.text == base.mixed.text { "the same" } else { "differs" }
        ),
    }])
}

/// At strength 0 it is the plain sum, sample by sample.
///
/// # Errors
/// As [`order`].
pub fn unity(bench: &Bench) -> Checked<Vec<Check>> {
    let (song, truth) = (&bench.song, &bench.truth);
    let job = Job::quiet();
    let none = mix(&Mixer::Assist(Assist { strength: 0.0, ..Assist::default() }), song, truth, &job)?;
    let plain = mix(&Mixer::Unity, song, truth, &job)?;
    let (a, b) = (render(&none.session, &job)?, render(&plain.session, &job)?);
    let mut largest = 0.0_f64;
    for (a, b) in a.iter().zip(&b) {
        largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(largest, f64::max);
    }
    let db = dsp::math::gain_to_db(largest.max(1e-20));
    Ok(vec![Check {
        name: "strength 0 is the plain sum".into(),
        holds: db < -120.0,
        figure: format!("largest difference {db:.1} dBFS"),
    }])
}

/// The whole mix, in memory.
fn render(session: &Session, job: &Job<'_>) -> Checked<Vec<Vec<f64>>> {
    let files = studio::engine::Files::default();
    let engine = studio::engine::Engine::new(session, &files, studio::engine::Options::default())?;
    let mut planes = vec![Vec::new(); engine.layout().channels()];
    engine
        .render(job, &mut |view| {
            planes
                .iter_mut()
                .enumerate()
                .for_each(|(channel, plane)| plane.extend_from_slice(view.channel(channel)));
            Ok(())
        })
        .map_err(|error| vec![error])?;
    Ok(planes)
}

/// What a family is for, in words, and measured: a mix with this family alone, and the same at full strength.
/// Where groups do not matter, the mix alone is measured.
type Purpose = (Family, &'static str, bool, fn(&Metrics, &Metrics) -> f64);

/// What each family is for (the mixing rules, part c: one strength a family, a monotone response of what it is for).
const PURPOSES: [Purpose; 7] = [
    (Family::Cleanup, "distance of colour to the full proposal, dB", false, |made, full| {
        -colours_apart(made, full)
    }),
    (Family::Balance, "distance of groups to the full proposal, LU", true, |made, full| {
        let gaps =
            Group::ALL.iter().filter_map(|group| Some((made.group(*group)? - full.group(*group)?).abs()));
        -gaps.fold(0.0, f64::max)
    }),
    (Family::Tone, "distance of colour to the full proposal, dB", false, |made, full| {
        -colours_apart(made, full)
    }),
    (Family::Masking, "audibility", true, |made, _| made.audibility),
    (Family::Width, "side over mid", false, |made, _| made.side_to_mid),
    (Family::Space, "loudness of the reverberation, LU", true, |made, _| {
        made.space.map_or(-60.0, |space| space.rrl_lu)
    }),
    (Family::Ride, "distance of the course to the full proposal, LU", false, |made, full| {
        let pairs = made.momentary_lufs.iter().zip(&full.momentary_lufs);
        -pairs.map(|(a, b)| (a.max(-60.0) - b.max(-60.0)).abs()).fold(0.0, f64::max)
    }),
];

/// Mean difference of the bands of both signals, mid alone, dB.
fn colours_apart(a: &Metrics, b: &Metrics) -> f64 {
    let (a, b) = (&a.features.bark[0], &b.features.bark[0]);
    10.0 * a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f64>() / a.len().max(1) as f64
}

/// More strength is more of what each family is for. Each family by itself: together one may undo what another is for, as a balance that
/// takes wide overheads down narrows the mix.
///
/// # Errors
/// As [`order`].
pub fn monotone(bench: &Bench) -> Checked<Vec<Check>> {
    let none = bench.measured(&bench.alone(Family::Balance, 0.0)?.0)?;
    let mut checks = even(bench)?;
    let others = PURPOSES
        .iter()
        .map(|(family, name, groups, measure)| {
            let alone = |strength: f64| {
                let session = bench.alone(*family, strength)?.0;
                if *groups { bench.measured(&session) } else { metrics::whole(&session, &Job::quiet()) }
            };
            let (half, full) = (alone(0.5)?, alone(1.0)?);
            let values = [measure(&none, &full), measure(&half, &full), measure(&full, &full)];
            let figures: Vec<String> = values.iter().map(|value| format!("{value:.3}")).collect();
            Ok(Check {
                name: format!("strength of {}: {name}", family.word()),
                holds: rises(&values),
                figure: figures.join(" → "),
            })
        })
        .collect::<Checked<Vec<Check>>>()?;
    checks.extend(others);
    Ok(checks)
}

/// What dynamics are for: the strips they work on come out more even, each heard through its own chain. The whole mix cannot tell: what is
/// compressed is made as loud as before, and what is struck among it then stands higher over everything else. Nor can crest: attacks of 10
/// to 30 ms (C8) let the stroke itself through.
///
/// # Errors
/// As [`order`].
pub fn even(bench: &Bench) -> Checked<Vec<Check>> {
    let (full, moves) = bench.alone(Family::Dynamics, 1.0)?;
    let (none, half) = (bench.alone(Family::Dynamics, 0.0)?.0, bench.alone(Family::Dynamics, 0.5)?.0);
    let compressed = moves.iter().filter(|made| !made.offered && made.rule.starts_with("dynamics."));
    compressed
        .map(|made| {
            let strip = made.place.strip.as_str();
            let values = [&none, &half, &full].map(|session| spread_lu(session, strip));
            let values = values.into_iter().collect::<Checked<Vec<f64>>>()?;
            let figures: Vec<String> = values.iter().map(|value| format!("{value:.2}")).collect();
            let narrower: Vec<f64> = values.iter().map(|value| -value).collect();
            Ok(Check {
                name: format!("strength of dynamics: loud over usual moments of {strip}, LU"),
                holds: rises(&narrower),
                figure: format!("{} ({})", figures.join(" → "), made.rule),
            })
        })
        .collect()
}

/// How far the loud moments of a strip stand over its usual ones: 95th percentile over median of its momentary loudness while it sounds,
/// by which it is decided whether a track is compressed at all (C8).
fn spread_lu(session: &Session, strip: &str) -> Checked<f64> {
    let inside = |id: &str| {
        let track = session.strip(id);
        id == strip || track.is_some_and(|track| track.output.id == strip)
    };
    let heard = metrics::heard_alone(&metrics::session::only(session, &inside))?;
    let mut loud: Vec<f64> = heard.momentary_lufs();
    loud.sort_by(f64::total_cmp);
    let at = |list: &[f64], part: usize| list.get(list.len().saturating_sub(1) * part / 100).copied();
    let top = at(&loud, 95).unwrap_or(0.0);
    // Sounds: within 20 LU of its loud moments (C0).
    loud.retain(|lufs| *lufs > top - 20.0);
    Ok(at(&loud, 95).zip(at(&loud, 50)).map_or(0.0, |(loud, usual)| loud - usual))
}

/// A tenth of what the whole course spans may go the wrong way: measurement, not law.
fn rises(values: &[f64]) -> bool {
    let (Some(first), Some(last)) = (values.first(), values.last()) else { return false };
    let slack = 0.1 * (last - first).abs() + 1e-3;
    values.windows(2).all(|pair| pair[1] >= pair[0] - slack) && *last >= first - 1e-3
}
