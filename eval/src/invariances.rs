//! What must not matter (the mixing rules, e.4): order, level, polarity, names, rate, silence, a second run.

use crate::metrics::{self, Metrics};
use crate::mixers::{Assist, Mixed, Mixer, groups, mix};
use crate::truth::Truth;
use crate::wav;
use assistant::again::Again;
use assistant::decide::decide;
use assistant::hear;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use studio::job::Job;
use studio::message::Error;
use studio::mix::Group;

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

/// Every invariance on one song. Works in `scratch`; costs about a dozen mixes.
///
/// # Errors
/// Those of the assistant and the engine.
pub fn all(song: &Path, scratch: &Path, told: &dyn Fn(&Check)) -> Checked<Vec<Check>> {
    let truth = Truth::load(song).map_err(|error| vec![error])?;
    let rate_hz = truth.sample_rate_hz;
    let how = Assist::default();
    let base = run(song, truth.clone(), &how)?;
    let mut checks = Vec::new();
    let mut say = |check: Check| {
        told(&check);
        checks.push(check);
    };
    let changed = |name: &str, change: &Change<'_>, how: &Assist| {
        let folder = scratch.join(name);
        let truth = copy(song, &folder, &truth, change)?;
        run(&folder, truth, how)
    };
    let plain = Change { name: &same_name, sound: &same_sound, rate_hz };

    let count = truth.tracks.len();
    let backwards = |index: usize, file: &str| {
        let name = file.rsplit('/').next().unwrap_or(file);
        format!("{:02}_{}", count - index, name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_'))
    };
    let turned = changed("order", &Change { name: &backwards, ..plain }, &how)?;
    say(close("order of tracks: balance", &base.metrics, &turned.metrics, 0.05));
    let gap = levels_apart(&base, &turned);
    say(Check { name: "order of tracks: levels".into(), holds: gap <= 0.11, figure: format!("{gap:.2} dB") });

    let softer = |index: usize, _: &str, planes: Vec<Vec<f64>>| {
        scaled(planes, if index.is_multiple_of(3) { 0.1 } else { 1.0 })
    };
    let soft = changed("soft", &Change { sound: &softer, ..plain }, &how)?;
    say(close("a third of the tracks 20 dB softer", &base.metrics, &soft.metrics, 0.1));

    let flips = |_: usize, file: &str, planes: Vec<Vec<f64>>| {
        let alone =
            truth.track(file).is_some_and(|track| !matches!(track.group.as_str(), "drums_bus" | "bass_bus"));
        scaled(planes, if alone { -1.0 } else { 1.0 })
    };
    let flipped = changed("polarity", &Change { sound: &flips, ..plain }, &how)?;
    say(close("polarity of single tracks", &base.metrics, &flipped.metrics, 0.1));

    let numbers = |index: usize, _: &str| format!("Audio {:02}.wav", index + 1);
    let renamed = changed("names", &Change { name: &numbers, ..plain }, &how)?;
    say(close("names that say nothing", &base.metrics, &renamed.metrics, 1.0));

    let other =
        changed("rate", &Change { rate_hz: if rate_hz == 48_000 { 96_000 } else { 48_000 }, ..plain }, &how)?;
    say(close("twice the sample rate", &base.metrics, &other.metrics, 0.3));

    let late = |_: usize, _: &str, planes: Vec<Vec<f64>>| {
        planes.into_iter().map(|plane| [vec![0.0; 12_345], plane].concat()).collect()
    };
    let shifted = changed("late", &Change { sound: &late, ..plain }, &how)?;
    say(close("12 345 frames later", &base.metrics, &shifted.metrics, 0.1));

    let folder = scratch.join("silent");
    let mut more = copy(song, &folder, &truth, &plain)?;
    wav::write(&folder.join("Zzz.wav"), &[vec![0.0; (truth.seconds * f64::from(rate_hz)) as usize]], rate_hz)
        .map_err(|error| vec![error])?;
    more.id.push_str("+silent");
    let silent = run(&folder, more, &how)?;
    say(close("a silent track more", &base.metrics, &silent.metrics, 0.02));

    say(again(song, &base)?);
    say(unity(song, &truth)?);
    monotone(song, &truth, &mut say)?;
    Ok(checks)
}

fn scaled(planes: Vec<Vec<f64>>, gain: f64) -> Vec<Vec<f64>> {
    planes.into_iter().map(|plane| plane.into_iter().map(|x| gain * x).collect()).collect()
}

/// The assistant on its own session: nothing moves.
fn again(song: &Path, base: &Run) -> Checked<Check> {
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
    Ok(Check {
        name: "again on its own session".into(),
        holds: moved <= 0.5 && gap <= 0.5,
        figure: format!(
            "levels {moved:.2} dB, groups {gap:.3} LU, text {}",
            if made.text == base.mixed.text { "the same" } else { "differs" }
        ),
    })
}

/// At strength 0 it is the plain sum, sample by sample.
fn unity(song: &Path, truth: &Truth) -> Checked<Check> {
    let job = Job::quiet();
    let none = mix(&Mixer::Assist(Assist { strength: 0.0, ..Assist::default() }), song, truth, &job)?;
    let plain = mix(&Mixer::Unity, song, truth, &job)?;
    let (a, b) = (render(&none.session, &job)?, render(&plain.session, &job)?);
    let mut largest = 0.0_f64;
    for (a, b) in a.iter().zip(&b) {
        largest = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(largest, f64::max);
    }
    let db = dsp::math::gain_to_db(largest.max(1e-20));
    Ok(Check {
        name: "strength 0 is the plain sum".into(),
        holds: db < -120.0,
        figure: format!("largest difference {db:.1} dBFS"),
    })
}

/// The whole mix, in memory.
fn render(session: &studio::session::Session, job: &Job<'_>) -> Checked<Vec<Vec<f64>>> {
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

/// More strength is more of what each family is for.
fn monotone(song: &Path, truth: &Truth, say: &mut dyn FnMut(Check)) -> Checked<()> {
    let mut rows: Vec<BTreeMap<&'static str, f64>> = Vec::new();
    let full = run(song, truth.clone(), &Assist::default())?;
    for strength in [0.0, 0.35, 0.7, 1.0] {
        let made = run(song, truth.clone(), &Assist { strength, ..Assist::default() })?;
        let balance = Group::ALL
            .iter()
            .filter_map(|group| Some((made.metrics.group(*group)? - full.metrics.group(*group)?).abs()))
            .fold(0.0, f64::max);
        let mut row = BTreeMap::from([("balance: distance to the full proposal, LU", -balance)]);
        row.insert("width: side over mid", made.metrics.side_to_mid);
        row.insert(
            "space: loudness of the reverberation, LU",
            made.metrics.space.map_or(-60.0, |space| space.rrl_lu),
        );
        rows.push(row);
    }
    let names: Vec<&'static str> = rows.first().map(|row| row.keys().copied().collect()).unwrap_or_default();
    for name in names {
        let values: Vec<f64> = rows.iter().filter_map(|row| row.get(name).copied()).collect();
        // A tenth of what the whole course spans may go the wrong way: measurement, not law.
        let span = (values[values.len() - 1] - values[0]).abs();
        let holds = values.windows(2).all(|pair| pair[1] >= pair[0] - 0.1 * span - 1e-3)
            && values[values.len() - 1] >= values[0] - 1e-3;
        let figures: Vec<String> = values.iter().map(|value| format!("{value:.2}")).collect();
        say(Check { name: format!("strength, {name}"), holds, figure: figures.join(" → ") });
    }
    Ok(())
}
