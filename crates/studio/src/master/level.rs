//! How loud a master becomes: solved on the limiter's model, said with its price.

use super::chain::{Aim, Container, Delivery, Dither, Encoding, Family, Output, Step, make};
use super::propose::Decision;
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::targets::Target;
use dsp::limiter::Settings;
use dsp::limiter::model::{Budget, Model, Prediction, Solution};

/// The limiter works this far under the ceiling, so that meters with other interpolators agree: libebur128's over-reads
/// by up to 0.11 dB (measured, crates.md §7).
pub(super) const MARGIN_DB: f64 = 0.1;
/// Loudness where a destination leaves it to us: no louder than this, LUFS. By calibration, 2026-11-21: the median of
/// released pop records is -9.5 (mastering.md §5.7); we stop short of the race.
pub(super) const FREE_LOUDNESS_LUFS: f64 = -10.0;
/// Limiting spent where nobody asks for loudness: reduction averaged over all time, dB. By calibration, 2026-11-21.
const FREE_REDUCTION_DB: f64 = 0.2;
/// Peak to loudness ratio kept where a target does not say (mastering.md §6: default PLR ≥ 10).
const LEAST_PLR_LU: f64 = 10.0;
/// Most drive or cut that is ever tried, dB.
pub(super) const MOST_GAIN_DB: f64 = 40.0;

/// A level with its price.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// The delivery, ready to render.
    pub(super) delivery: Delivery,
    /// Loudness gained per decibel of drive, for corrections.
    pub(super) slope: f64,
    /// What was decided, for the report.
    pub(super) decision: Decision,
    /// What the user should know.
    pub(super) findings: Vec<Finding>,
}

/// Settings of the limiter under a ceiling.
pub(super) fn limiter_settings(ceiling_dbtp: f64) -> Settings {
    Settings { ceiling_dbtp: ceiling_dbtp - MARGIN_DB, ..Settings::default() }
}

/// Solves the level of a programme (as the model heard it at the delivery rate) for a target.
pub(super) fn solve(target: &Target, model: &Model, file: String, seed: u64, rate_hz: u32) -> Result<Level> {
    let wanted = target.loudness_lufs.as_ref().map(|fact| fact.value);
    let ceiling_dbtp = target.ceiling_for(wanted.unwrap_or(FREE_LOUDNESS_LUFS));
    let settings = limiter_settings(ceiling_dbtp);
    let source_lufs = model.loudness_lufs();
    let mut findings = Vec::new();
    let solution = match wanted {
        Some(wanted) => solve_for(wanted, target, model, &settings, &mut findings),
        None if target.is_unlimited() => unlimited(model, &settings),
        None => {
            let least_plr = target.min_plr_lu.as_ref().map_or(LEAST_PLR_LU, |fact| fact.value);
            let own_plr_lu = unlimited(model, &settings).predicted.plr_db;
            let budget = Budget {
                // A dense print is not made less dense by turning it down.
                min_plr_db: least_plr.min(own_plr_lu),
                max_average_reduction_db: FREE_REDUCTION_DB,
                max_gain_db: MOST_GAIN_DB,
                ..Budget::default()
            };
            let loudest = FREE_LOUDNESS_LUFS.min(ceiling_dbtp - least_plr);
            model.solve(loudest, &settings, &budget)
        }
    };
    let predicted = solution.predicted;
    let mut steps = Vec::new();
    if predicted.max_reduction_db > 0.0 {
        steps.push(limiter_step(settings.ceiling_dbtp, &predicted)?);
    }
    let because = vec![
        format!("{source_lufs:.1} LUFS {:+.2} dB = {:.1} LUFS", solution.gain_db, predicted.integrated_lufs),
        price(&predicted),
    ];
    let decision = Decision {
        family: "level",
        what: format!(
            "{}: {:+.2} dB to {:.1} LUFS",
            target.name, solution.gain_db, predicted.integrated_lufs
        ),
        because: because[1].clone(),
    };
    let aim = wanted.map(|wanted| Aim {
        // Where the target cannot be had, the file is held to the level that was solved instead.
        loudness: if solution.feasible { wanted } else { round(solution.best_lufs) },
        tolerance: target.tolerance(),
    });
    let delivery = Delivery {
        target: target.name.clone(),
        file,
        output: Output {
            sample_rate_hz: f64::from(rate_hz),
            container: container_of(target)?,
            encoding: encoding_of(target)?,
            dither: Dither::of(target.dither.value),
            seed: seed as f64,
            gain_db: solution.gain_db,
            ceiling_dbtp,
        },
        aim,
        steps,
        because,
        locked: false,
        proposed: None,
    };
    Ok(Level { delivery, slope: solution.slope.clamp(0.3, 1.0), decision, findings })
}

/// What to do when all renders stayed under the loudness that was solved, as happens with clicks over silence, which no model of
/// loudness foresees: the file is held to what it came to, and that is said. Too loud is never taken.
pub(super) fn settle(target: &Target, delivery: &mut Delivery, came_to_lufs: f64) -> Option<Finding> {
    let aim = delivery.aim.as_mut().filter(|aim| came_to_lufs < aim.loudness - aim.tolerance)?;
    let wanted = target.loudness_lufs.as_ref().map_or(aim.loudness, |fact| fact.value);
    aim.loudness = round(came_to_lufs);
    let measured = format!("{wanted:.1} LUFS cannot be had from this print");
    let limit = format!("with {:+.1} dB of drive it came to {came_to_lufs:.1} LUFS", delivery.output.gain_db);
    let advice =
        format!("mastered to {:.1} LUFS instead; ask for a mix whose peaks stand less far out", aim.loudness);
    let finding = Finding::new("target_not_reached", Severity::Warning, measured);
    Some(finding.about(&target.name).limit(limit).advice(advice))
}

fn round(lufs: f64) -> f64 {
    (lufs * 10.0).round() / 10.0
}

fn solve_for(
    wanted: f64,
    target: &Target,
    model: &Model,
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Solution {
    // A target that asks for a loudness gets it unless the limiter gives nothing any more; what is lost is said.
    // A print that is denser than the budget allows cannot be made less dense by turning it down: it may lose this much more.
    const DENSER_LU: f64 = 2.0;
    let own_plr_lu = unlimited(model, settings).predicted.plr_db;
    let usual = Budget { max_gain_db: MOST_GAIN_DB, ..Budget::default() };
    let budget = Budget { min_plr_db: usual.min_plr_db.min(own_plr_lu - DENSER_LU), ..usual };
    let solution = model.solve(wanted, settings, &budget);
    let predicted = solution.predicted;
    if !solution.feasible {
        let clean = unlimited(model, settings);
        findings.push(
            Finding::new("target_not_reached", Severity::Warning, format!("{wanted:.1} LUFS cannot be had from this print"))
                .about(&target.name)
                .limit(format!("one more decibel of drive gives {:.2} LU, less than {:.2}", solution.slope, budget.min_slope))
                .advice(format!(
                    "mastered to {:.1} LUFS instead; without any limiting it takes {:.1} LUFS. A good master is not the loudest",
                    solution.best_lufs, clean.predicted.integrated_lufs
                )),
        );
    }
    if let Some(least) = target.min_plr_lu.as_ref().filter(|least| predicted.plr_db < least.value) {
        findings.push(
            Finding::new(
                "low_plr",
                Severity::Warning,
                format!("peak to loudness ratio {:.1} LU", predicted.plr_db),
            )
            .about(&target.name)
            .limit(format!("{:.1} LU", least.value))
            .advice(
                "the print itself is that dense, or the target asks for it: ask for a mix with more headroom",
            ),
        );
    }
    solution
}

/// The level up to which nothing touches the ceiling.
fn unlimited(model: &Model, settings: &Settings) -> Solution {
    // Without drive the prediction tells the programme's own peak: it is PLR above its loudness.
    let far_below = -MOST_GAIN_DB;
    let quiet = model.loudness_at(far_below, settings);
    let peak_dbtp = quiet.integrated_lufs + quiet.plr_db - far_below;
    let gain_db = settings.ceiling_dbtp - peak_dbtp;
    // A thousandth under, so that rounding does not touch.
    let gain_db = if gain_db.is_finite() { ((gain_db - 0.001) * 100.0).floor() / 100.0 } else { 0.0 };
    let predicted = model.loudness_at(gain_db, settings);
    Solution { gain_db, predicted, feasible: true, best_lufs: predicted.integrated_lufs, slope: 1.0 }
}

fn limiter_step(ceiling_dbtp: f64, predicted: &Prediction) -> Result<Step> {
    let mut limiter = make("limiter")?;
    if let Some(index) = limiter.description().index_of("ceiling_dbtp") {
        limiter.set(index, ceiling_dbtp);
    }
    Ok(Step::new("limiter", Family::Level, limiter).because(price(predicted)).sealed())
}

/// What the level costs, in words.
fn price(predicted: &Prediction) -> String {
    if predicted.max_reduction_db <= 0.0 {
        return format!("static gain only, nothing touches the ceiling; PLR {:.1} LU", predicted.plr_db);
    }
    format!(
        "the limiter takes at most {:.1} dB, {:.2} dB on average, in {:.0} % of the time; PLR {:.1} LU",
        predicted.max_reduction_db,
        predicted.average_reduction_db,
        100.0 * predicted.limited_share,
        predicted.plr_db
    )
}

fn container_of(target: &Target) -> Result<Container> {
    match target.container.value.as_str() {
        "wav" => Ok(Container::Wav),
        "flac" => Ok(Container::Flac),
        other => {
            Err(Error::new(Kind::Input, "unsupported", format!("cannot write `{other}`")).at(&target.name))
        }
    }
}

fn encoding_of(target: &Target) -> Result<Encoding> {
    match target.bits.value {
        16 => Ok(Encoding::Int16),
        24 => Ok(Encoding::Int24),
        32 => Ok(Encoding::Float32),
        bits => {
            Err(Error::new(Kind::Input, "unsupported", format!("cannot write {bits} bits")).at(&target.name))
        }
    }
}
