//! One file with all of the music: a mix, or a master already.

use super::listen::{Heard, listen};
use super::shelf::Pile;
use super::{Advice, Figure, Item, short};
use assistant::hear::{self, Facts};
use dsp::math;
use serde::Serialize;
use std::path::Path;
use studio::handover::{self, Verdict};
use studio::job::Job;
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
/// Difference of the sides that is heard as a leaning picture, dB. Same decision.
const LEANS_DB: f64 = 3.0;
/// Side over middle in the bass above which it goes missing in mono, dB: at 0 half of it is gone. Same decision.
const BASS_SIDE_DB: f64 = -3.0;
/// Bass this far under everything is none, dB.
const BASS_SHARE_DB: f64 = -25.0;
/// Presence this far under the body covers a voice, dB. Same decision.
const COVERED_DB: f64 = -26.0;
/// Fewest clicks that are told: one may be a stroke.
const CLICKS: u64 = 3;
/// Noise this near to the music is heard in its pauses, dB. Same decision.
const NOISE_DB: f64 = 42.0;
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
        seconds: measured.duration_seconds,
        advice,
        figures,
    })
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
    let heard = listen(path, job)?;
    let mut out = Vec::new();
    figures.extend(verdict.measurements.left_to_right_db.map(|db| ("leans", db.abs())));
    figures.extend(
        heard.bass_side_db.filter(|_| heard.bass_share_db > BASS_SHARE_DB).map(|db| ("bass_in_sides", db)),
    );
    figures.push(("covered", heard.presence_db));
    figures.push(("clicks", heard.clicks as f64));
    out.extend(leans(verdict));
    let one_side = verdict.findings.iter().any(|finding| finding.rule == "channel_silent");
    out.extend(bass_in_sides(&heard).filter(|_| !one_side));
    out.extend(covered(&heard));
    out.extend(clicks(&heard));
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let options = hear::Options { skip_alignment: true, ignore_names: true, ..hear::Options::default() };
    let heard = hear::hear_files(folder, &[short(path)], job, &options);
    if let Some(track) = heard.ok().as_ref().and_then(|song| song.tracks.first()) {
        let facts = &track.facts;
        figures.extend(facts.noise_floor_dbfs.map(|floor| ("noise_in_pauses", facts.rms_dbfs - floor)));
        figures.extend(facts.hum.map(|hum| ("hum", facts.rms_dbfs - hum.level_dbfs)));
        out.extend(noise(facts));
        out.extend(hum(facts));
    }
    Ok(out)
}

fn leans(verdict: &Verdict) -> Option<Finding> {
    let found = |rule: &str| verdict.findings.iter().any(|finding| finding.rule == rule);
    let db = verdict.measurements.left_to_right_db.filter(|db| db.is_finite())?;
    let side = if db > 0.0 { "left" } else { "right" };
    (db.abs() > LEANS_DB && !found("channel_silent")).then(|| {
        Finding::new("leans", Severity::Warning, format!("the {side} is {:.1} dB louder", db.abs()))
            .limit(format!("{LEANS_DB} dB"))
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
    (db.is_finite() && db < COVERED_DB)
        .then(|| Finding::new("covered", Severity::Info, what).limit(format!("{:.0} dB", -COVERED_DB)))
}

pub(super) fn clicks(heard: &Heard) -> Option<Finding> {
    (heard.clicks >= CLICKS).then(|| {
        let finding =
            Finding::new("clicks", Severity::Warning, format!("{} clicks", heard.clicks)).limit("none");
        heard.first_click_seconds.map_or(finding.clone(), |seconds| finding.seconds(seconds))
    })
}

fn noise(facts: &Facts) -> Option<Finding> {
    let floor = facts.noise_floor_dbfs.filter(|floor| floor.is_finite())?;
    let apart = facts.rms_dbfs - floor;
    (apart < NOISE_DB).then(|| {
        Finding::new(
            "noise_in_pauses",
            Severity::Warning,
            format!("noise in pauses {apart:.0} dB under the music"),
        )
        .limit(format!("{NOISE_DB} dB"))
    })
}

fn hum(facts: &Facts) -> Option<Finding> {
    let hum = facts.hum?;
    let apart = facts.rms_dbfs - hum.level_dbfs;
    let what = format!("{:.0} Hz and its multiples {apart:.0} dB under the music", hum.mains_hz);
    (math::sane(apart) < HUM_DB)
        .then(|| Finding::new("hum", Severity::Warning, what).limit(format!("{HUM_DB} dB")))
}
