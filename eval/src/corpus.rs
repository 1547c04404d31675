//! Songs as folders: WAV files and `truth.json`.

use crate::genre::{GENRES, Plan, song};
use crate::names::Planned;
use crate::parts::{Instrument, KitMic};
use crate::score::Feel;
use crate::truth::{Alignment, Span, Track, Truth};
use crate::wav;
use dsp::block::Buffer;
use dsp::math;
use dsp::meter::loudness::LoudnessMeter;
use dsp::rng::CounterRng;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use studio::demo::parts::{Part, RATE_HZ, to_peak};
use studio::job::Job;
use studio::message::Result;
use studio::mix::Group;

/// Rate of every song.
pub const SAMPLE_RATE_HZ: u32 = 48_000;

/// Which songs to make.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Seed of the whole corpus.
    pub seed: u64,
    /// Length of a song, about.
    pub seconds: f64,
    /// Only songs whose id contains one of these; empty: all.
    pub songs: Vec<String>,
    /// Without damaged twins.
    pub no_damage: bool,
    /// Every song with a drummer is counted in.
    pub count_in: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: 1, seconds: 34.0, songs: Vec::new(), no_damage: false, count_in: false }
    }
}

/// Songs the options ask for.
#[must_use]
pub fn plans(options: &Options) -> Vec<Plan> {
    GENRES
        .iter()
        .flat_map(|genre| (0..4).map(|arrangement| song(*genre, arrangement, options.seed, options.seconds)))
        .filter(|plan| {
            let wanted = |word: &String| plan.id.contains(word.as_str());
            options.songs.is_empty() || options.songs.iter().any(wanted)
        })
        .map(|plan| if options.count_in { plan.counted_in() } else { plan })
        .collect()
}

/// Writes the corpus: a folder for each song, and for each damaged twin. Gives the folders in order. Costs about a third of the
/// songs' length on one core for each ten tracks; songs are made in parallel, each holds one track at a time.
///
/// # Errors
/// Those of the operating system; `interrupted`.
pub fn write(folder: &Path, options: &Options, job: &Job<'_>) -> Result<Vec<PathBuf>> {
    let plans = plans(options);
    let done = std::sync::atomic::AtomicU64::new(0);
    let written: Result<Vec<Vec<PathBuf>>> = plans
        .par_iter()
        .map(|plan| {
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            job.step("corpus", count, plans.len() as u64)?;
            let target = folder.join(&plan.id);
            let truth = write_song(&target, plan)?;
            let mut folders = vec![target.clone()];
            if !options.no_damage {
                folders.extend(crate::damage::twins(folder, &target, &truth)?);
            }
            Ok(folders)
        })
        .collect();
    Ok(written?.into_iter().flatten().collect())
}

/// One song into a folder.
///
/// # Errors
/// Those of the operating system.
pub fn write_song(folder: &Path, plan: &Plan) -> Result<Truth> {
    let studio = plan.studio();
    let mut tracks = Vec::new();
    for (index, planned) in plan.tracks.iter().enumerate() {
        let mut planes = studio.record(planned.instrument);
        let rng = CounterRng::new(plan.score.seed, 0x1E7 + index as u64);
        // Recorded by people: peaks between -14 and -4 dBFS.
        to_peak(&mut planes, -14.0 + 10.0 * rng.uniform(0));
        for (channel, plane) in planes.iter_mut().enumerate() {
            hiss(plane, &CounterRng::new(plan.score.seed ^ 0x415, (2 * index + channel) as u64));
        }
        if flipped(plan, planned) {
            planes.iter_mut().flatten().for_each(|x| *x = -*x);
        }
        let file = format!("{}.wav", planned.name);
        wav::write(&folder.join(&file), &planes, SAMPLE_RATE_HZ)?;
        tracks.push(track(planned, file, &planes));
    }
    intend(&mut tracks, plan);
    let truth = truth(plan, tracks);
    truth.save(folder)?;
    Ok(truth)
}

/// In half of the songs with a kit, the microphone in the bass drum is wired the wrong way round.
fn flipped(plan: &Plan, planned: &Planned) -> bool {
    planned.instrument == Instrument::Kit(KitMic::KickIn) && plan.score.seed % 2 == 1
}

fn hiss(plane: &mut [f64], rng: &CounterRng) {
    // -86 dBFS root mean square: a uniform in ±a has a / √3.
    let peak = math::db_to_gain(-86.0) * 3.0_f64.sqrt();
    plane.iter_mut().enumerate().for_each(|(n, x)| *x += peak * rng.bipolar(n as u64));
}

/// Integrated loudness of planes.
#[must_use]
pub fn lufs(planes: &[Vec<f64>]) -> Option<f64> {
    let mut meter = LoudnessMeter::new(RATE_HZ, &vec![1.0; planes.len()]);
    meter.process(Buffer::from_planes(planes).view());
    meter.integrated_lufs()
}

fn track(planned: &Planned, file: String, planes: &[Vec<f64>]) -> Track {
    let used_as = match planned.instrument {
        Instrument::Click => "click",
        Instrument::Talkback => "talkback",
        _ => "play",
    };
    Track {
        file,
        role: planned.role.to_owned(),
        group: planned.group.id().to_owned(),
        channels: planes.len(),
        integrated_lufs: lufs(planes),
        gain_db: 0.0,
        pan: if planes.len() == 1 { planned.pan } else { 0.0 },
        used_as: used_as.to_owned(),
    }
}

/// Loudness of a group against the mix, in the mix that is meant: published medians, and shares of what is left (the mixing
/// rules, C5).
fn share(group: Group) -> f64 {
    match group {
        Group::Vocals => math::db_to_power(-3.1),
        Group::Drums => math::db_to_power(-7.5),
        Group::Bass => math::db_to_power(-8.5),
        Group::Guitars => 0.06,
        Group::Keys => 0.05,
        Group::Synths => 0.045,
        Group::Strings | Group::Winds => 0.04,
        Group::Backing => 0.035,
        Group::Percussion => 0.015,
        _ => 0.01,
    }
}

/// Gains of the mix that is meant, so that it has about -20 LUFS.
fn intend(tracks: &mut [Track], plan: &Plan) {
    let mut power: BTreeMap<&'static str, f64> = BTreeMap::new();
    let plays = |track: &Track| track.used_as == "play" && track.integrated_lufs.is_some();
    for (_, planned) in tracks.iter().zip(&plan.tracks).filter(|(track, _)| plays(track)) {
        *power.entry(planned.group.id()).or_default() += math::db_to_power(planned.offset_lu);
    }
    let groups: Vec<Group> =
        Group::ALL.iter().copied().filter(|group| power.contains_key(group.id())).collect();
    let total: f64 = groups.iter().map(|group| share(*group)).sum();
    for (track, planned) in tracks.iter_mut().zip(&plan.tracks) {
        let Some(lufs) = track.integrated_lufs.filter(|_| track.used_as == "play") else { continue };
        let inside =
            math::db_to_power(planned.offset_lu) / power.get(planned.group.id()).copied().unwrap_or(1.0);
        let target = -20.0 + math::power_to_db(share(planned.group) / total * inside);
        track.gain_db = ((target - lufs) * 10.0).round() / 10.0;
    }
}

fn truth(plan: &Plan, tracks: Vec<Track>) -> Truth {
    let score = &plan.score;
    let span = |section: &crate::score::Section| Span {
        label: section.label.clone(),
        start_seconds: score.at(section.bar, 0.0),
        end_seconds: score.at(section.bar + section.bars, 0.0),
    };
    Truth {
        id: plan.id.clone(),
        genre: plan.genre.name.to_owned(),
        arrangement: plan.arrangement,
        seed: score.seed,
        sample_rate_hz: SAMPLE_RATE_HZ,
        seconds: score.seconds(),
        bpm: score.bpm,
        beats_per_bar: score.beats_per_bar,
        tonic: score.tonic,
        minor: score.minor,
        start_seconds: score.start_seconds,
        count_in_seconds: (plan.count_in > 0).then(|| score.start_seconds - 4.0 * score.beat_seconds()),
        sections: score.sections.iter().map(span).collect(),
        has_lead: plan.has_lead(),
        alignments: alignments(plan, &tracks),
        tracks,
        damage: Vec::new(),
        clean: None,
    }
}

/// Times of flight between microphones that hear the same drum, and between a bass and its amplifier.
fn alignments(plan: &Plan, tracks: &[Track]) -> Vec<Alignment> {
    let file = |word: &str| {
        let place = plan.tracks.iter().position(|track| track.word == word)?;
        Some(tracks.get(place)?.file.clone())
    };
    let mut found = Vec::new();
    let pairs = [
        ("kickin", KitMic::KickIn, Part::Kick),
        ("kickout", KitMic::KickOut, Part::Kick),
        ("sntop", KitMic::SnareTop, Part::SnareHead),
        ("hat", KitMic::Hat, Part::Hat),
        ("toms", KitMic::Toms, Part::Toms),
    ];
    for (word, mic, part) in pairs {
        let (Some(file), Some(reference)) = (file(word), file("oh")) else { continue };
        let flight =
            |mic: KitMic| mic.mics(plan.lift).into_iter().map(|mic| mic.flight_frames(part)).collect();
        let (own, over): (Vec<f64>, Vec<f64>) = (flight(mic), flight(KitMic::Overheads));
        let mut delay_frames: Vec<f64> = over.iter().map(|over| over - own[0]).collect();
        if word == "sntop" {
            // Above 1 kHz its wires are louder than its head, and they hang 14 cm lower.
            let wires = |mic: KitMic| -> Vec<f64> {
                mic.mics(plan.lift).into_iter().map(|mic| mic.flight_frames(Part::SnareWires)).collect()
            };
            let own = wires(mic);
            delay_frames.extend(wires(KitMic::Overheads).iter().map(|over| over - own[0]));
        }
        let inverted = word == "kickin" && plan.score.seed % 2 == 1;
        if word == "toms" && plan.genre.feel == Some(Feel::Light) {
            // Nobody strikes them: the microphone hears the neighbours only, and there is nothing to align it by.
            delay_frames.clear();
        }
        found.push(Alignment { file, reference, delay_frames, inverted });
    }
    if let (Some(file), Some(reference)) = (file("kickout"), file("kickin")) {
        let flight = |mic: KitMic| mic.mics(plan.lift)[0].flight_frames(Part::Kick);
        let delay_frames = vec![flight(KitMic::KickIn) - flight(KitMic::KickOut)];
        found.push(Alignment { file, reference, delay_frames, inverted: plan.score.seed % 2 == 1 });
    }
    if let (Some(file), Some(reference)) = (file("snbot"), file("sntop")) {
        // Its head moves the other way; which of head and wires is heard first is no matter of placing microphones.
        let delay_frames = Vec::new();
        found.push(Alignment { file, reference, delay_frames, inverted: true });
    }
    if let (Some(file), Some(reference)) = (file("bassdi"), file("bassamp")) {
        found.push(Alignment {
            file,
            reference,
            // The loudspeaker's low-passes delay by 5 frames around 700 Hz (their poles at 2.6 and 3 kHz), its high-pass takes
            // half a frame back.
            delay_frames: vec![plan.amp.0 as f64 + 4.5],
            inverted: plan.amp.1,
        });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_song_is_the_same_twice_and_its_truth_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let plan = song(GENRES[5], 0, 1, 6.0);
        let truth = write_song(&folder.path().join("a"), &plan).unwrap();
        write_song(&folder.path().join("b"), &plan).unwrap();
        for track in &truth.tracks {
            let bytes = |song: &str| std::fs::read(folder.path().join(song).join(&track.file)).unwrap();
            assert!(bytes("a") == bytes("b"), "{}", track.file);
            assert!(track.integrated_lufs.is_some_and(|lufs| lufs > -60.0), "{track:?}");
        }
        // Numbers in JSON come back to the last bit but one.
        let read = Truth::load(&folder.path().join("a")).unwrap();
        assert_eq!(format!("{read:.9?}"), format!("{truth:.9?}"));
    }
}
