//! What came in, what was done and why, what came out: of a mastering run.

use super::delivery;
use crate::handover::Premaster;
use crate::master::chain::Step;
use crate::master::{Master, Mastering};
use crate::message::{Finding, clean_name};
use crate::meters::Measurements;
use crate::services::{self, Track};
use crate::targets;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

fn level(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(|| format!("– {unit}"), |value| format!("{value:.1} {unit}"))
}

/// Loudness, true peak, PLR, range: one line.
fn summary(m: &Measurements) -> String {
    format!(
        "{}, {:.2} dBTP, PLR {}, LRA {}",
        m.integrated_lufs.map_or_else(|| "– LUFS".to_owned(), |lufs| format!("{lufs:.2} LUFS")),
        m.true_peak_worst_dbtp(),
        level(m.plr_lu, "LU"),
        level(m.loudness_range_lu, "LU")
    )
}

/// The summary for a terminal; `chain` is where the chain stands as text.
#[must_use]
pub fn text(premaster: &Premaster, mastering: &Mastering, chain: &Path) -> String {
    let mut text = String::new();
    let info = premaster.info();
    let _ = writeln!(
        text,
        "in    {} ({}, {} Hz)\n      {}",
        clean_name(premaster.path().display()),
        info.codec,
        info.sample_rate_hz,
        summary(premaster.measurements())
    );
    for decision in &mastering.decisions {
        let _ = writeln!(
            text,
            "{:<9} {}\n          because {}",
            decision.family, decision.what, decision.because
        );
    }
    for master in &mastering.masters {
        let written = master.written();
        let _ =
            writeln!(text, "out   {} ({})", clean_name(written.path.display()), format_of(&written.measured));
        let _ = writeln!(text, "      {}", summary(&written.measured));
        if let Some(plays) = plays(master) {
            let _ = writeln!(text, "      {plays}");
        }
        for outcome in master.codecs() {
            let _ = writeln!(text, "      {}", delivery::codec(outcome));
        }
    }
    let _ = writeln!(text, "chain {} (edit it and render again with --chain)", clean_name(chain.display()));
    text
}

/// How the service it was made for will play it, in its usual way; `None` where it is no service.
fn plays(master: &Master) -> Option<String> {
    let target = targets::find(&master.delivery().target).ok()?;
    let track = Track::of(&master.written().measured)?;
    let play = services::play(&target, track).into_iter().next()?;
    Some(format!("{} plays it at {:.1} LUFS: {}", target.title, play.loudness_lufs, play.words()))
}

fn format_of(m: &Measurements) -> String {
    let bits = m.bits_stored.map_or_else(String::new, |bits| format!(", {bits} bit"));
    format!("{}{bits}, {} Hz", m.container, m.sample_rate_hz)
}

fn move_json(step: &Step) -> Value {
    json!({
        "id": step.id,
        "family": step.family,
        "processor": step.settings.description().key,
        "on": step.on,
        "because": step.because,
        "evidence": step.evidence,
        "effect": step.effect,
        "confidence": step.confidence,
        "alternatives": step.alternatives,
        "locked": step.locked,
        "by_hand": step.edited(),
    })
}

fn master_json(master: &Master) -> Value {
    let delivery = master.delivery();
    json!({
        "target": delivery.target,
        "file": master.written().path.display().to_string(),
        "gain_db": delivery.output.gain_db,
        "ceiling_dbtp": delivery.output.ceiling_dbtp,
        "aim_lufs": delivery.aim.as_ref().map(|aim| aim.loudness),
        "limiter_reduction_db": master.reduction_db(),
        "audio_blake3": master.written().audio_blake3,
        "bytes": master.written().bytes,
        "moves": delivery.steps.iter().map(move_json).collect::<Vec<_>>(),
        "codecs": master.codecs(),
        "measurements": master.written().measured,
    })
}

/// The report for programs.
#[must_use]
pub fn json(premaster: &Premaster, findings: &[Finding], mastering: &Mastering) -> Value {
    json!({
        "source": {
            "file": premaster.path().display().to_string(),
            "blake3": mastering.chain.source_blake3,
            "info": premaster.info(),
            "measurements": premaster.measurements(),
            "findings": findings,
        },
        "heard": mastering.heard,
        "decisions": mastering.decisions,
        "findings": mastering.findings,
        "masters": mastering.masters.iter().map(master_json).collect::<Vec<_>>(),
        "intensity": mastering.chain.intensity,
        "tone": mastering.chain.tone,
        "moves": mastering.chain.steps.iter().map(move_json).collect::<Vec<_>>(),
        "chain": mastering.chain.to_toml(),
    })
}
