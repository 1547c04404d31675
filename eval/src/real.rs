//! Recordings whose truth nobody knows: figures beside those of plain sums, and pictures to look at.

use crate::metrics::features::BARK_HZ;
use crate::metrics::{self, Metrics};
use crate::mixers::{Assist, Mixed, Mixer, groups, mix};
use crate::run::assistant;
use crate::truth::{Track, Truth};
use assistant::hear::{self, Song, Use};
use assistant::moves::Family;
use std::fmt::Write as _;
use std::path::Path;
use studio::job::Job;
use studio::message::{Error, Result};
use studio::report::chart::{Axis, Chart, Line};

/// What is known of a folder after listening to it: what baselines need.
fn truth_of(song: &Song) -> Truth {
    let tracks = song.tracks.iter().map(|track| Track {
        file: track.path.clone(),
        role: track.role.role.name.to_owned(),
        group: track.role.role.group.id().to_owned(),
        channels: track.channels,
        integrated_lufs: track.facts.integrated_lufs,
        gain_db: 0.0,
        pan: 0.0,
        used_as: if track.use_as == Use::Play { "play".to_owned() } else { "mix".to_owned() },
    });
    Truth {
        id: song.name.clone(),
        genre: assistant::styles::USUAL.to_owned(),
        arrangement: 0,
        seed: 0,
        sample_rate_hz: song.sample_rate_hz,
        seconds: song.duration_seconds,
        bpm: 0.0,
        beats_per_bar: 4,
        tonic: 0,
        minor: false,
        start_seconds: 0.0,
        count_in_seconds: None,
        sections: Vec::new(),
        has_lead: false,
        tracks: tracks.collect(),
        alignments: Vec::new(),
        damage: Vec::new(),
        clean: None,
    }
}

/// One mixer's result.
#[derive(Debug)]
pub struct Entry {
    /// Who.
    pub name: String,
    /// What it made.
    pub mixed: Mixed,
    /// What that measures.
    pub metrics: Metrics,
}

/// Mixes a folder in every way and measures. `style` is the assistant's.
///
/// # Errors
/// Those of the assistant and the engine.
pub fn compare(folder: &Path, style: &str, job: &Job<'_>) -> std::result::Result<Vec<Entry>, Vec<Error>> {
    let song = hear::hear(folder, job, &hear::Options::default()).map_err(|error| vec![error])?;
    let mut truth = truth_of(&song);
    truth.genre = style.to_owned();
    let mixers = [
        assistant(),
        // What the masking rules are for is told by the same mix without them, not by other balances.
        Mixer::Assist(Assist { without: Some(Family::Masking), ..Assist::default() }),
        Mixer::Folder,
        Mixer::Unity,
        Mixer::EqualLoudness,
        Mixer::Random(1),
        Mixer::Random(2),
        Mixer::Random(3),
    ];
    let one = |mixer: Mixer| {
        let mixed = mix(&mixer, folder, &truth, job)?;
        let of = groups(&mixed.session, &truth);
        let metrics = metrics::measure(&mixed.session, &|id| of.get(id).copied(), job)?;
        Ok(Entry { name: mixer.name(), mixed, metrics })
    };
    mixers.into_iter().map(one).collect()
}

/// A table.
#[must_use]
pub fn table(entries: &[Entry]) -> String {
    let mut text = format!(
        "{:10} {:>6} {:>5} {:>5} {:>6} {:>5} {:>6} {:>5} {:>5} {:>5} {:>5}  groups, LU\n",
        "mixer", "LUFS", "LRA", "PLR", "crest", "S/M", "imb", "mono", "neg", "aud", "P"
    );
    for entry in entries {
        let m = &entry.metrics;
        let groups: Vec<String> =
            m.groups_lu.iter().map(|(id, lu)| format!("{} {lu:.1}", id.trim_end_matches("_bus"))).collect();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{:10} {:6.1} {:5.1} {:5.1} {:6.1} {:5.2} {:+6.2} {:5.2} {:5.2} {:5.2} {:>5}  {}",
            entry.name,
            m.lufs,
            m.lra_lu.unwrap_or(0.0),
            m.plr_lu.unwrap_or(0.0),
            m.crest_db.unwrap_or(0.0),
            m.side_to_mid,
            m.imbalance_db.unwrap_or(0.0),
            m.worst_group_mono_loss_lu,
            m.negative_part.unwrap_or(0.0),
            m.audibility,
            m.space.map_or("-".to_owned(), |space| format!("{:.2}", space.too_much)),
            groups.join(", ")
        );
    }
    text
}

/// Fall of the masking index that is none: the guard of the rules works on excerpts of bands, this one on all of them. By our own
/// convention.
const AUDIBLE: f64 = 0.005;
/// Peak of a mix as it is printed, dBFS and dBTP (C12).
const PEAK_DB: f64 = -3.0;

/// What a mix must not do (the mixing rules, C6, C9, C11, C12, e.1): empty if nothing is wrong. `covered` is the same mix without what
/// was done against masking: after it, what matters must not be heard less than before.
#[must_use]
pub fn broken_rules(mixer: &Metrics, plain: &Metrics, covered: Option<&Metrics>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rule = |broken: bool, what: String| {
        if broken {
            wrong.push(what);
        }
    };
    rule(
        mixer.imbalance_db.is_some_and(|db| db.abs() >= 0.5),
        format!("imbalance {:+.2} dB", mixer.imbalance_db.unwrap_or(0.0)),
    );
    rule(
        mixer.worst_group_mono_loss_lu > 3.05,
        format!("a group loses {:.2} LU in mono", mixer.worst_group_mono_loss_lu),
    );
    rule(
        mixer.negative_part.is_some_and(|part| part > 0.05),
        format!("negative correlation for {:.0} % of the time", 100.0 * mixer.negative_part.unwrap_or(0.0)),
    );
    rule(mixer.space.is_some_and(|space| space.rrl_lu >= -9.0), "reverberation at -9 LU or more".to_owned());
    let crest = mixer.crest_db.zip(plain.crest_db).map(|(own, plain)| own - plain);
    rule(
        crest.is_some_and(|db| db < -2.0),
        format!("crest {:.1} dB under the plain sum's", -crest.unwrap_or(0.0)),
    );
    rule(mixer.side_to_mid > 0.5, format!("side over mid {:.2}", mixer.side_to_mid));
    rule(
        covered.is_some_and(|covered| mixer.audibility < covered.audibility - AUDIBLE),
        format!("masking index {:.3}, worse than without any cut", mixer.audibility),
    );
    let peak = mixer.peak_dbfs.max(mixer.true_peak_dbtp);
    rule(peak > PEAK_DB, format!("peaks at {peak:.2} dB"));
    wrong
}

/// Pictures of spectra and of loudness over time: `spectra.svg` and `loudness.svg` in `out`.
///
/// # Errors
/// Those of the operating system.
pub fn pictures(entries: &[Entry], out: &Path) -> Result<()> {
    std::fs::create_dir_all(out).map_err(|error| Error::io(out, "make the folder", &error))?;
    let shown = || entries.iter().filter(|entry| !entry.name.starts_with("random")).take(6);
    let spectrum = |entry: &Entry| Line {
        name: entry.name.clone(),
        points: entry.metrics.features.bark[0]
            .iter()
            .enumerate()
            .map(|(band, log)| {
                let centre = 0.5 * (BARK_HZ[band] + BARK_HZ[band + 1]);
                // Against a band of the same width in white noise: density, so that bands can be compared.
                let width = BARK_HZ[band + 1] - BARK_HZ[band];
                (centre, 10.0 * log - dsp::math::power_to_db(width / 100.0))
            })
            .collect(),
    };
    let chart = Chart {
        title: "Spectral density of the mid signal".to_owned(),
        x: Axis::log("Hz", 40.0, 16_000.0),
        y: Axis::linear("dB", -60.0, 3.0),
        lines: shown().map(spectrum).collect(),
    };
    studio::files::write(&out.join("spectra.svg"), chart.svg().as_bytes(), true)?;
    let longest = shown().map(|entry| entry.metrics.momentary_lufs.len()).max().unwrap_or(0) as f64 / 10.0;
    let course = |entry: &Entry| Line {
        name: entry.name.clone(),
        points: entry
            .metrics
            .momentary_lufs
            .iter()
            .enumerate()
            // Against the integrated loudness of the mix: courses lie above each other.
            .map(|(n, lufs)| (n as f64 / 10.0 + 0.4, (lufs - entry.metrics.lufs).max(-40.0)))
            .collect(),
    };
    let chart = Chart {
        title: "Momentary loudness against the whole mix".to_owned(),
        x: Axis::linear("s", 0.0, longest.max(1.0)),
        y: Axis::linear("LU", -30.0, 9.0),
        lines: shown().map(course).collect(),
    };
    studio::files::write(&out.join("loudness.svg"), chart.svg().as_bytes(), true)
}
