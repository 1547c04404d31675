//! One file with all of the music: a mix, or a master already.

use super::listen::{Heard, listen};
use super::shelf::Pile;
use super::{Advice, Figure, Item, short};
use assistant::hear::{self, Facts, Film, Track};
use dsp::math;
use serde::Serialize;
use std::path::Path;
use studio::handover::{self, Verdict};
use studio::job::{self, Job};
use studio::message::{Finding, Kind, Result, Severity};
use studio::mix::words;
use studio::targets::Target;

/// What state a song is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// A mix that can be mastered.
    Mix,
    /// A mix that has to go back before it can be mastered.
    Doubtful,
    /// A master.
    Master,
    /// Nothing can be done with it.
    Broken,
}

/// A file this loud, LUFS, with peaks this near full scale, dBTP, and a sign of limiting was mastered. By our own convention, 2026-11-21:
/// planted masters are found, real ones were not all tried; see docs/decisions/053.
const MASTER_LUFS: f64 = -13.5;
const MASTER_DBTP: f64 = -1.5;
/// Difference of the sides in loudness that is heard as a leaning picture, LU: by the law of tangents (Bernfeld, AES 1973) what should be
/// in the middle stands a sixth of the way to one loudspeaker. Same decision.
const LEANS_LU: f64 = 3.0;
/// Side over middle in the bass above which it goes missing in mono, dB: a correlation of -0.2, as the gate asks of the whole. Bass of
/// two sides that have nothing to do with each other lies at 0. Same decision.
const BASS_SIDE_DB: f64 = 1.76;
/// Bass this far under everything is none, dB.
const BASS_SHARE_DB: f64 = -25.0;
/// Presence this far under the body covers a voice, dB. Same decision.
const COVERED_DB: f64 = -26.0;
/// Further under than this there is no voice to be covered, dB: voices have it 11 dB under their own body (Byrne et al., JASA 96, 1994), so
/// that one that made all of it would be 25 dB under the rest. Same decision.
const NO_VOICE_DB: f64 = -36.0;
/// What a file of 24 bits has above 24.5 kHz when nothing else is there: its dither (-141 dBFS), with a margin.
const DITHER_DBFS: f64 = -130.0;
/// Fewest clicks that are told: one may be a stroke.
const CLICKS: u64 = 3;
/// Noise this near to the music is heard in its pauses, LU: music played at 70 dB has it at 28 dB there, as loud as a quiet room. Same
/// decision.
const NOISE_LU: f64 = 42.0;
/// Noise stays as it is: so many values of 50 ms with no more than this between the softest and the loudest, dB. Same decision.
const STEADY: usize = 8;
const STEADY_DB: f64 = 3.0;
/// Flatness of a spectrum from which it is noise, not tones: pink noise has 0.35, brown noise 0.07. Same decision.
const NOISE_FLATNESS: f32 = 0.05;
/// The same where it is so loud that it counts as sound: hiss is white or pink, and softest moments of music are darker. Then it has to
/// stand at one level, within this many dB, for a second in all. Same decision.
const LOUD_NOISE_FLATNESS: f32 = 0.2;
const ONE_LEVEL_DB: f64 = 2.0;
const ONE_SECOND: usize = 20;
/// And so far under the music, LU: what is nearer is played.
const LOUD_NOISE_LU: f64 = 10.0;
/// Up to so many times its power it is the noise itself that is heard: 6 dB, twice what is allowed between its softest and loudest.
const NOISE_ITSELF: f64 = 4.0;
/// Hum this near to the music is heard in its pauses, dB. Same decision.
const HUM_DB: f64 = 60.0;

/// Looks at one song.
pub(super) fn assess(pile: &Pile, wanted: &[Target], job: &Job<'_>) -> Result<(Item, Vec<Advice>)> {
    let mut item = Item::of(pile);
    let mut advice = Vec::new();
    if let Some(file) = pile.files.first() {
        let one = one_or_why(&file.path, wanted, job)?;
        item.states.push(one.state);
        item.lufs.push(one.lufs);
        item.room.push(one.room);
        item.seconds = one.seconds;
        advice = one.advice;
        item.figures = one.figures;
    }
    Ok((item, advice))
}

/// What is said about one song.
pub(super) struct One {
    pub(super) state: State,
    pub(super) lufs: Option<f64>,
    pub(super) room: Option<Room>,
    pub(super) seconds: f64,
    pub(super) advice: Vec<Advice>,
    pub(super) figures: Vec<Figure>,
}

/// As [`one`]; a file that breaks off is told, and is no error.
pub(super) fn one_or_why(path: &Path, wanted: &[Target], job: &Job<'_>) -> Result<One> {
    match one(path, wanted, job) {
        Err(error) if error.kind != Kind::Interrupted => Ok(One {
            state: State::Broken,
            lufs: None,
            room: None,
            seconds: 0.0,
            advice: vec![Advice { severity: Severity::Blocker, ..super::unread(&error) }],
            figures: Vec::new(),
        }),
        other => other,
    }
}

fn one(path: &Path, wanted: &[Target], job: &Job<'_>) -> Result<One> {
    let verdict = handover::check(path, job)?;
    let mut findings = verdict.findings.clone();
    let broken = verdict.is_fatal();
    let state = state(path, &verdict);
    let mut figures = Vec::new();
    if !broken {
        findings.extend(own(path, &verdict, &mut figures, job)?);
    }
    let room = Room::of(&verdict);
    for finding in &mut findings {
        if matches!(finding.rule, "limited" | "clipped" | "dense" | "headroom") {
            finding.measured = format!("{}; {room}", finding.measured);
        }
    }
    if state == State::Master {
        // A master has no headroom by nature, and is dense: what is told is that it is one.
        let natural = ["headroom", "limited", "dense", "clipped"];
        let why: Vec<String> = findings
            .iter()
            .filter(|finding| natural.contains(&finding.rule))
            .map(|finding| finding.measured.clone())
            .collect();
        findings.retain(|finding| !natural.contains(&finding.rule) || is_damage(finding));
        findings.push(mastered(&verdict, &why));
        findings.extend(wanted.iter().filter_map(|target| misfit(&verdict, target)));
    }
    let about = short(path);
    let advice =
        findings.iter().map(|finding| Advice { about: about.clone(), ..Advice::of(finding) }).collect();
    let figure = |(rule, value): (&'static str, f64)| Figure { about: about.clone(), rule, value };
    let figures = figures.into_iter().filter(|(_, value)| value.is_finite()).map(figure).collect();
    let measured = &verdict.measurements;
    Ok(One {
        state,
        lufs: measured.integrated_lufs.filter(|lufs| lufs.is_finite()),
        room: Some(room).filter(|room| room.headroom_db.is_finite()),
        seconds: measured.duration_seconds,
        advice,
        figures,
    })
}

/// What is left for whoever works on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Room {
    /// From the highest true peak to full scale, dB; negative when it passes it.
    pub headroom_db: f64,
    /// From the integrated loudness to the highest true peak, dB; `None` without a loudness.
    pub peak_to_loudness_db: Option<f64>,
    /// From soft to loud passages, LU (EBU Tech 3342); `None` for files too short for it.
    pub range_lu: Option<f64>,
}

impl Room {
    fn of(verdict: &Verdict) -> Self {
        let measured = &verdict.measurements;
        Self {
            headroom_db: -measured.true_peak_worst_dbtp(),
            peak_to_loudness_db: measured.plr_lu,
            range_lu: measured.loudness_range_lu,
        }
    }
}

impl std::fmt::Display for Room {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "left: {:.1} dB above the peaks", self.headroom_db)?;
        if let Some(db) = self.peak_to_loudness_db {
            write!(f, ", {db:.1} dB from loudness to peak")?;
        }
        Ok(())
    }
}

/// Clipping in a master is damage, not nature.
fn is_damage(finding: &Finding) -> bool {
    finding.rule == "clipped"
}

fn state(path: &Path, verdict: &Verdict) -> State {
    if verdict.is_fatal() {
        return State::Broken;
    }
    let measured = &verdict.measurements;
    let found = |rule: &str| verdict.findings.iter().any(|finding| finding.rule == rule);
    let pushed = found("limited") || found("dense") || found("clipped");
    let loud = measured.integrated_lufs.is_some_and(|lufs| lufs > MASTER_LUFS);
    let called = words(&short(path)).iter().any(|word| matches!(word.as_str(), "master" | "mastered"));
    let full = measured.true_peak_worst_dbtp() > MASTER_DBTP;
    if full && ((loud && pushed) || called) {
        State::Master
    } else if verdict.passed() {
        State::Mix
    } else {
        State::Doubtful
    }
}

fn mastered(verdict: &Verdict, why: &[String]) -> Finding {
    let measured = &verdict.measurements;
    let mut what = format!(
        "{:.1} LUFS, {:.1} dBTP",
        measured.integrated_lufs.unwrap_or(f64::NEG_INFINITY),
        measured.true_peak_worst_dbtp()
    );
    if let Some(why) = why.first() {
        what = format!("{what}; {why}");
    }
    Finding::new("previous_master", Severity::Info, what)
        .limit(format!("{MASTER_LUFS} LUFS with peaks near full scale"))
}

/// A master that a destination would not take as it is.
fn misfit(verdict: &Verdict, target: &Target) -> Option<Finding> {
    let measured = &verdict.measurements;
    let lufs = measured.integrated_lufs.filter(|lufs| lufs.is_finite())?;
    let (peak, ceiling) = (measured.true_peak_worst_dbtp(), target.ceiling_for(lufs));
    (peak > ceiling + 0.05).then(|| {
        Finding::new("ceiling_passed", Severity::Warning, format!("peaks reach {peak:.2} dBTP"))
            .limit(format!("{ceiling:.1} dBTP for {}", target.title))
    })
}

/// What the gate does not say.
fn own(
    path: &Path,
    verdict: &Verdict,
    figures: &mut Vec<(&'static str, f64)>,
    job: &Job<'_>,
) -> Result<Vec<Finding>> {
    let (heard, track) = two_ears(path, job)?;
    let mut out = Vec::new();
    figures.extend(heard.lean_lu.map(|lu| ("leans", lu.abs())));
    figures.extend(
        heard.bass_side_db.filter(|_| heard.bass_share_db > BASS_SHARE_DB).map(|db| ("bass_in_sides", db)),
    );
    figures.push(("covered", heard.presence_db));
    figures.push(("clicks", heard.clicks as f64));
    let found = |rule: &str| verdict.findings.iter().any(|finding| finding.rule == rule);
    out.extend(leans(&heard).filter(|_| !found("channel_silent")));
    out.extend(bass_in_sides(&heard).filter(|_| !found("channel_silent")));
    // With the sides against each other the middle is not where the music is.
    out.extend(covered(&heard).filter(|_| !found("phase")));
    // The corners of flat tops cannot be predicted either: there the clipping is the fault.
    out.extend(clicks(&heard).filter(|_| !found("clipped")));
    out.extend(upsampled(&heard).filter(|_| !found("upsampled")));
    if let Some(track) = &track {
        let facts = &track.facts;
        let floor_lu = floor_lu(track);
        figures.extend(floor_lu.map(|apart| ("noise_in_pauses", apart)));
        figures.extend(facts.hum.map(|hum| ("hum", facts.rms_dbfs - hum.level_dbfs)));
        out.extend(floor_lu.and_then(noise));
        out.extend(hum(facts));
    }
    Ok(out)
}

/// What this crate hears and what the assistant hears, side by side where there are threads; the latter only if it can.
fn two_ears(path: &Path, job: &Job<'_>) -> Result<(Heard, Option<Track>)> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let options = hear::Options { skip_alignment: true, ignore_names: true, ..hear::Options::default() };
    let one = |ear: usize, job: &Job<'_>| -> Result<(Option<Heard>, Option<Track>)> {
        if ear == 0 {
            return Ok((Some(listen(path, job)?), None));
        }
        match hear::hear_files(folder, &[short(path)], job, &options) {
            Err(error) if error.kind == Kind::Interrupted => Err(error),
            song => Ok((None, song.ok().and_then(|song| song.tracks.into_iter().next()))),
        }
    };
    let [(heard, _), (_, track)] =
        <[_; 2]>::try_from(job::each(2, 1, "listen", job, one)?).unwrap_or_default();
    Ok((heard.unwrap_or_default(), track))
}

fn leans(heard: &Heard) -> Option<Finding> {
    let lu = heard.lean_lu?;
    let side = if lu > 0.0 { "left" } else { "right" };
    (lu.abs() > LEANS_LU).then(|| {
        Finding::new("leans", Severity::Warning, format!("the {side} is {:.1} LU louder", lu.abs()))
            .limit(format!("{LEANS_LU} LU"))
    })
}

fn bass_in_sides(heard: &Heard) -> Option<Finding> {
    let db = heard.bass_side_db.filter(|db| *db > BASS_SIDE_DB && heard.bass_share_db > BASS_SHARE_DB)?;
    let what = format!("below 120 Hz the sides are {db:+.1} dB against the middle");
    Some(Finding::new("bass_in_sides", Severity::Warning, what).limit(format!("{BASS_SIDE_DB} dB")))
}

fn covered(heard: &Heard) -> Option<Finding> {
    let db = heard.presence_db;
    let what = format!("1.5 to 5 kHz is {:.0} dB under 150 to 600 Hz in the middle", -db);
    (NO_VOICE_DB..COVERED_DB)
        .contains(&db)
        .then(|| Finding::new("covered", Severity::Info, what).limit(format!("{:.0} dB", -COVERED_DB)))
}

/// At high rates, where not even the noise of a converter is above 24 kHz. The gate says the same of a cliff.
fn upsampled(heard: &Heard) -> Option<Finding> {
    let above = heard.above_dbfs.filter(|above| *above < DITHER_DBFS)?;
    let level = if above.is_finite() { format!("{above:.0} dBFS") } else { "silence".to_owned() };
    Some(
        Finding::new("upsampled", Severity::Info, format!("above 24.5 kHz there is {level}"))
            .limit(format!("{DITHER_DBFS} dBFS, the noise of any converter")),
    )
}

pub(super) fn clicks(heard: &Heard) -> Option<Finding> {
    (heard.clicks >= CLICKS).then(|| {
        let finding =
            Finding::new("clicks", Severity::Warning, format!("{} clicks", heard.clicks)).limit("none");
        heard.first_click_seconds.map_or(finding.clone(), |seconds| finding.seconds(seconds))
    })
}

/// How far the noise in the pauses is under the music, LU: in the softest stretch that is steady and without tones, outside the music or
/// so often at one level that it never stops. A quiet passage goes up and down, or has tones. `None` where there is no such stretch.
pub(super) fn floor_lu(track: &Track) -> Option<f64> {
    let film = &track.film;
    let (in_pauses, everywhere) = (steady_noise(film, false), steady_noise(film, true));
    let softest = |floors: &[f64]| floors.iter().copied().reduce(f64::min);
    // What stands at the level of the noise is noise, not music.
    let music = |floor: f64| -> Vec<f32> {
        let both = film.loudness.iter().zip(&film.active);
        both.filter(|(loud, on)| **on && f64::from(**loud) > NOISE_ITSELF * floor)
            .map(|(loud, _)| *loud)
            .collect()
    };
    let apart =
        |floor: f64| Some(math::power_to_db(mean(&music(floor)) / floor)).filter(|apart| apart.is_finite());
    if let Some(floor) = softest(&in_pauses) {
        return apart(floor);
    }
    let floor = softest(&everywhere)?;
    let near = everywhere.iter().filter(|other| math::power_to_db(*other / floor) < ONE_LEVEL_DB).count();
    apart(floor).filter(|apart| near >= ONE_SECOND && *apart > LOUD_NOISE_LU)
}

fn mean(values: &[f32]) -> f64 {
    values.iter().map(|x| f64::from(*x)).sum::<f64>() / values.len().max(1) as f64
}

/// Means of stretches that are steady and without tones: outside the music, or anywhere.
fn steady_noise(film: &Film, anywhere: bool) -> Vec<f64> {
    let least = if anywhere { LOUD_NOISE_FLATNESS } else { NOISE_FLATNESS };
    let stretch = |start: usize| {
        let range = start..start + STEADY;
        let loud = film.loudness.get(range.clone())?;
        let (on, flat) = (film.active.get(range.clone())?, film.flatness.get(range)?);
        let (low, high) =
            loud.iter().fold((f32::INFINITY, 0.0_f32), |(low, high), x| (low.min(*x), high.max(*x)));
        let steady = low > 0.0 && math::power_to_db(f64::from(high / low)) < STEADY_DB;
        let outside = anywhere || on.iter().all(|on| !*on);
        (steady && outside && flat.iter().all(|flat| *flat > least)).then(|| mean(loud))
    };
    (0..film.loudness.len().saturating_sub(STEADY - 1)).filter_map(stretch).collect()
}

fn noise(apart: f64) -> Option<Finding> {
    (apart < NOISE_LU).then(|| {
        Finding::new(
            "noise_in_pauses",
            Severity::Warning,
            format!("noise in pauses {apart:.0} LU under the music"),
        )
        .limit(format!("{NOISE_LU} LU"))
    })
}

fn hum(facts: &Facts) -> Option<Finding> {
    let hum = facts.hum?;
    let apart = facts.rms_dbfs - hum.level_dbfs;
    let what = format!("{:.0} Hz and its multiples {apart:.0} dB under the music", hum.mains_hz);
    (math::sane(apart) < HUM_DB)
        .then(|| Finding::new("hum", Severity::Warning, what).limit(format!("{HUM_DB} dB")))
}
