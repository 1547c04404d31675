//! How loud a master becomes: solved on the limiter's model, said with its price, and refused where the price is too high.

use super::chain::{Aim, Container, Delivery, Dither, Encoding, Evidence, Family, Output, Step, make};
use super::listen::Transients;
/// What a medium asks for beyond its level, for the album too.
pub(crate) use super::medium::moves as medium_moves;
use super::propose::{Decision, set};
use super::search::{Search, allows};
use super::simulations::Simulations;
use super::taste::{Intensity, Taste};
use crate::message::{Error, Finding, Kind, Result, Severity};
use crate::targets::Target;
use dsp::limiter::Settings;
use dsp::limiter::model::{Budget, Prediction, Solution};
use fx::Fields;

/// The limiter works this far under the ceiling, so that meters with other interpolators agree: libebur128's over-reads
/// by up to 0.11 dB (measured, crates.md §7).
pub(super) const MARGIN_DB: f64 = 0.1;
/// Of an album, loudness where a destination leaves it to us: no louder than this, LUFS. By calibration, 2026-11-21: the median of
/// released pop records is -9.5 (mastering.md §5.7); we stop short of the race.
pub(crate) const FREE_LOUDNESS_LUFS: f64 = -10.0;
/// Limiting spent where nobody asks for loudness: reduction averaged over all time, dB. By calibration, 2026-11-21.
pub(crate) const FREE_REDUCTION_DB: f64 = 0.2;
/// Peak to loudness ratio that is usual (mastering.md §6: default PLR ≥ 10).
pub(crate) const LEAST_PLR_LU: f64 = 10.0;
/// Most drive or cut that is ever tried, dB.
pub(super) const MOST_GAIN_DB: f64 = 40.0;
/// Release for struck and for sustained material, ms (mastering.md §5.2: 30 to 60 for single peaks; the limiter slows it up
/// to six times by itself where reduction lasts), and the rises in 23 ms that tell them apart, dB.
/// By calibration, 2026-11-21, see docs/decisions/042.
const RELEASE_MS: [f64; 2] = [50.0, 100.0];
const STRUCK_DB: f64 = 9.0;
const SUSTAINED_DB: f64 = 4.0;
/// The limiter aims 0.05 dB under its own ceiling (docs/decisions/021): what stays under that by a hundredth is not touched, dB.
const UNTOUCHED_DB: f64 = 0.06;
/// The budget is kept this far inside of what the print has of itself, LU.
const SLACK_LU: f64 = 0.02;

/// A level with its price.
#[derive(Debug, Clone)]
pub(super) struct Level {
    /// The delivery, ready to render.
    pub(super) delivery: Delivery,
    /// Loudness gained per decibel of drive, for corrections.
    pub(super) slope: f64,
    /// Nothing but the ceiling says how loud it gets.
    pub(super) to_ceiling: bool,
    /// What was decided, for the report.
    pub(super) decision: Decision,
    /// What the user should know.
    pub(super) findings: Vec<Finding>,
    /// What a forced level costs beside the nearest sound one, still to be looked for: nothing that is rendered depends on it.
    pub(super) over: Option<Over>,
}

impl Level {
    /// Says what was still to be looked for.
    pub(super) fn look_back(&mut self, model: &Simulations) {
        // It comes first, as it was found first.
        self.findings.splice(0..0, self.over.take().map(|over| over.finding(model)));
    }
}

/// A level that was forced beyond a budget.
#[derive(Debug, Clone)]
pub(super) struct Over {
    finding: Finding,
    settings: Settings,
    budget: Budget,
    clean: Solution,
    any: Solution,
}

impl Over {
    /// Looks for the nearest sound level, on one thread.
    pub(super) fn finding(self, model: &Simulations) -> Finding {
        let Self { finding, settings, budget, clean, any } = self;
        let search = Search { model, settings: &settings, budget: &budget, threads: 1 };
        let sound = search.largest(&clean, &any);
        finding.advice(format!("the nearest sound level is {:.1} LUFS", sound.best_lufs))
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Order<'a> {
    pub(super) target: &'a Target,
    pub(super) taste: &'a Taste,
    /// Integrated loudness, where one is asked for.
    pub(super) wanted_lufs: Option<f64>,
    /// A ceiling in place of the target's.
    pub(super) ceiling_dbtp: Option<f64>,
    /// A limiter a person set, in place of one of ours.
    pub(super) limiter: Option<&'a Step>,
    /// Whether the loudness is delivered whatever it costs.
    pub(super) forced: bool,
    pub(super) transients: Transients,
    pub(super) file: String,
    pub(super) seed: u64,
    pub(super) rate_hz: u32,
    pub(super) threads: usize,
}

impl Order<'_> {
    fn intensity(&self) -> &Intensity {
        &self.taste.intensity
    }

    fn ceiling_for(&self, lufs: f64) -> f64 {
        self.ceiling_dbtp.unwrap_or_else(|| self.target.ceiling_for(lufs))
    }

    /// Loudness beyond which nothing is tried where none is asked for. Density is the budget's business: a print that is dense
    /// by itself comes up to its ceiling, because that costs nothing.
    fn free_lufs(&self) -> f64 {
        self.intensity().free_loudness_lufs.value
    }

    /// Peak to loudness ratio that has to be left: of the intensity, moved by what the destination is denser or more open than
    /// usual, and no lower than what either of both asks for.
    fn least_plr_lu(&self) -> f64 {
        let own = self.intensity().least_plr_lu.value;
        self.target.min_plr_lu.as_ref().map_or(own, |fact| {
            let moved = own + fact.value - LEAST_PLR_LU;
            moved.max(own.min(fact.value))
        })
    }

    /// The limiter for a master of a loudness under a ceiling.
    fn limiter_for(&self, lufs: f64, ceiling_dbtp: f64) -> Settings {
        let ceiling_dbtp = ceiling_dbtp - MARGIN_DB;
        if let Some(step) = self.limiter {
            return settings_of(step);
        }
        let clip = self.intensity().clip_above_lufs.as_ref().is_some_and(|fact| lufs > fact.value);
        let release_ms = release_ms(self.transients);
        Settings { ceiling_dbtp, clip, release_ms, ..Settings::default() }
    }
}

/// Settings of the kernel of a limiter in a chain.
fn settings_of(step: &Step) -> Settings {
    let mut limiter = fx::limiter::Limiter::default();
    (0..step.settings.description().len()).for_each(|index| limiter.set(index, step.settings.get(index)));
    limiter.kernel_settings()
}

/// Release by material, to 5 ms.
fn release_ms(transients: Transients) -> f64 {
    let struck = ((transients.rise_db - SUSTAINED_DB) / (STRUCK_DB - SUSTAINED_DB)).clamp(0.0, 1.0);
    ((RELEASE_MS[1] + (RELEASE_MS[0] - RELEASE_MS[1]) * struck) / 5.0).round() * 5.0
}

/// Settings of a limiter under a ceiling, for programmes and models of which nothing else is known.
pub(crate) fn limiter_settings(ceiling_dbtp: f64) -> Settings {
    Settings { ceiling_dbtp: ceiling_dbtp - MARGIN_DB, ..Settings::default() }
}

/// Solves the level of a programme, as the model heard it at the delivery rate. What a forced level costs is still to be
/// [looked for](Level::look_back).
pub(super) fn solve(order: &Order<'_>, model: &Simulations) -> Result<Level> {
    let lufs = order.wanted_lufs.unwrap_or(order.intensity().free_loudness_lufs.value);
    let mut attempt = Attempt::new(order, model, lufs, order.ceiling_for(lufs));
    let softer_dbtp = order.ceiling_for(attempt.solution.best_lufs);
    if !attempt.solution.feasible && softer_dbtp > attempt.ceiling_dbtp {
        // What can be had is soft enough for a higher ceiling.
        let best = attempt.solution.best_lufs;
        let second = Attempt::new(order, model, lufs, softer_dbtp);
        if order.ceiling_for(second.solution.best_lufs) == softer_dbtp && second.solution.best_lufs >= best {
            attempt = second;
        }
    }
    level_of(order, model, attempt)
}

/// One try under one ceiling.
struct Attempt {
    ceiling_dbtp: f64,
    settings: Settings,
    solution: Solution,
    clean: Solution,
    findings: Vec<Finding>,
    over: Option<Over>,
}

impl Attempt {
    fn new(order: &Order<'_>, model: &Simulations, lufs: f64, ceiling_dbtp: f64) -> Self {
        let settings = order.limiter_for(lufs, ceiling_dbtp);
        let clean = unlimited(model, &settings);
        let (mut findings, mut over) = (Vec::new(), None);
        let solution = match order.wanted_lufs {
            Some(wanted) => {
                let said = (&mut findings, &mut over);
                solve_for(wanted, order, model, &settings, &clean, said)
            }
            None if order.target.is_unlimited() => clean,
            None => solve_free(order, model, &settings, &clean),
        };
        Self { ceiling_dbtp, settings, solution, clean, findings, over }
    }
}

/// What an intensity allows of a print, at the strength asked for.
fn budget_of(order: &Order<'_>, clean: &Solution) -> Budget {
    let (intensity, strength) = (order.intensity(), order.taste.strength.level);
    let own = clean.predicted.plr_db;
    let least = order.least_plr_lu().max(own - intensity.most_plr_loss_lu.value * strength);
    Budget {
        // A print that is denser than that by itself pays nothing more, but may keep what it has.
        min_plr_db: least.min(own - SLACK_LU),
        max_average_reduction_db: intensity.most_average_reduction_db.value * strength,
        max_gain_db: MOST_GAIN_DB,
        ..Budget::default()
    }
}

/// The loudest within the free measure of an intensity.
fn solve_free(order: &Order<'_>, model: &Simulations, settings: &Settings, clean: &Solution) -> Solution {
    if order.taste.strength.level <= 0.0 {
        return *clean;
    }
    let free = order.intensity().free_reduction_db.value * order.taste.strength.level;
    let budget = Budget { max_average_reduction_db: free, ..budget_of(order, clean) };
    let any = model.solve(order.free_lufs(), settings, &loosest(), order.threads);
    if allows(&budget, &any) { any } else { largest_within(&budget, order, model, settings, clean, &any) }
}

/// The largest drive a budget allows, where `any` is too much.
fn largest_within(
    budget: &Budget,
    order: &Order<'_>,
    model: &Simulations,
    settings: &Settings,
    clean: &Solution,
    any: &Solution,
) -> Solution {
    Search { model, settings, budget, threads: order.threads }.largest(clean, any)
}

/// Nothing but what the limiter itself cannot do.
fn loosest() -> Budget {
    Budget { max_gain_db: MOST_GAIN_DB, min_plr_db: f64::NEG_INFINITY, ..Budget::default() }
}

/// A loudness that is asked for, or what the budget allows of it.
fn solve_for(
    wanted: f64,
    order: &Order<'_>,
    model: &Simulations,
    settings: &Settings,
    clean: &Solution,
    (findings, over): (&mut Vec<Finding>, &mut Option<Over>),
) -> Solution {
    let any = model.solve(wanted, settings, &loosest(), order.threads);
    let budget = budget_of(order, clean);
    let affordable = allows(&budget, &any);
    let mut solution = any;
    if !affordable && !order.forced {
        solution = largest_within(&budget, order, model, settings, clean, &any);
        if order.taste.strength.level <= 0.0 {
            solution = Solution { feasible: false, ..*clean };
        }
    }
    if !affordable && order.forced {
        let finding = over_budget(wanted, order, &any, &budget);
        *over = Some(Over { finding, settings: *settings, budget, clean: *clean, any });
    }
    if !solution.feasible {
        findings.push(not_reached(wanted, order, &solution, &any, clean, &budget));
    }
    solution
}

/// A loudness in figures of its price.
fn cost(predicted: &Prediction) -> String {
    format!(
        "peak to loudness ratio {:.1} LU, {:.2} dB of limiting on average",
        predicted.plr_db, predicted.average_reduction_db
    )
}

fn limits(order: &Order<'_>, budget: &Budget) -> String {
    format!(
        "{} allows {:.1} LU and {:.2} dB",
        order.intensity().name,
        budget.min_plr_db,
        budget.max_average_reduction_db
    )
}

fn not_reached(
    wanted: f64,
    order: &Order<'_>,
    solution: &Solution,
    any: &Solution,
    clean: &Solution,
    budget: &Budget,
) -> Finding {
    let (measured, limit) = if any.feasible {
        let measured = format!("{wanted:.1} LUFS would cost too much: {}", cost(&any.predicted));
        (measured, limits(order, budget))
    } else {
        let measured = format!("{wanted:.1} LUFS cannot be had from this print");
        (
            measured,
            format!("one more decibel of drive gives {:.2} LU, less than {:.2}", any.slope, budget.min_slope),
        )
    };
    let force = if any.feasible { "; --force-level takes it all the same" } else { "" };
    Finding::new("target_not_reached", Severity::Warning, measured).about(&order.target.name).limit(limit).advice(format!(
        "mastered to {:.1} LUFS instead, the nearest sound level ({}); without any limiting it takes {:.1} LUFS. A good master is not the loudest{force}",
        solution.best_lufs,
        cost(&solution.predicted),
        clean.best_lufs
    ))
}

/// Said where a level was forced, but for what would be sound.
fn over_budget(wanted: f64, order: &Order<'_>, any: &Solution, budget: &Budget) -> Finding {
    Finding::new(
        "over_budget",
        Severity::Warning,
        format!("{wanted:.1} LUFS costs much: {}", cost(&any.predicted)),
    )
    .about(&order.target.name)
    .limit(limits(order, budget))
}

fn level_of(order: &Order<'_>, model: &Simulations, attempt: Attempt) -> Result<Level> {
    let Attempt { ceiling_dbtp, settings, solution, clean, findings, over } = attempt;
    let (target, predicted) = (order.target, solution.predicted);
    let mut steps = Vec::new();
    if predicted.max_reduction_db > 0.0 {
        steps.push(limiter_step(&settings, &solution, &clean, order)?);
    }
    let because = vec![
        format!(
            "{:.1} LUFS {:+.2} dB = {:.1} LUFS",
            model.loudness_lufs(),
            solution.gain_db,
            predicted.integrated_lufs
        ),
        price(&predicted),
    ];
    let what =
        format!("{}: {:+.2} dB to {:.1} LUFS", target.name, solution.gain_db, predicted.integrated_lufs);
    let decision = Decision { family: Family::Level.name(), what, because: because[1].clone() };
    let aim = order.wanted_lufs.map(|wanted| Aim {
        // Where the target cannot be had, the file is held to the level that was solved instead.
        loudness: if solution.feasible { wanted } else { round(solution.best_lufs) },
        tolerance: target.tolerance(),
    });
    let delivery = Delivery {
        target: target.name.clone(),
        file: order.file.clone(),
        output: Output {
            sample_rate_hz: f64::from(order.rate_hz),
            container: container_of(target)?,
            encoding: encoding_of(target)?,
            dither: Dither::of(target.dither.value),
            seed: order.seed as f64,
            gain_db: solution.gain_db,
            ceiling_dbtp,
        },
        aim,
        steps,
        because,
        locked: false,
        proposed: None,
    };
    let to_ceiling = order.wanted_lufs.is_none() && target.is_unlimited();
    Ok(Level { delivery, slope: solution.slope.clamp(0.3, 1.0), to_ceiling, decision, findings, over })
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

/// The level up to which nothing touches the ceiling.
fn unlimited(model: &Simulations, settings: &Settings) -> Solution {
    // Without drive the prediction tells the programme's own peak: it is PLR above its loudness.
    let far_below = -MOST_GAIN_DB;
    let quiet = model.loudness_at(far_below, settings);
    let peak_dbtp = quiet.integrated_lufs + quiet.plr_db - far_below;
    let gain_db = settings.ceiling_dbtp - peak_dbtp;
    let gain_db = if gain_db.is_finite() { ((gain_db - UNTOUCHED_DB) * 100.0).floor() / 100.0 } else { 0.0 };
    let predicted = model.loudness_at(gain_db, settings);
    Solution { gain_db, predicted, feasible: true, best_lufs: predicted.integrated_lufs, slope: 1.0 }
}

fn limiter_step(
    settings: &Settings,
    solution: &Solution,
    clean: &Solution,
    order: &Order<'_>,
) -> Result<Step> {
    let mut limiter = make("limiter")?;
    set(limiter.as_mut(), "ceiling_dbtp", settings.ceiling_dbtp);
    set(limiter.as_mut(), "release_ms", settings.release_ms);
    set(limiter.as_mut(), "clip", f64::from(u8::from(settings.clip)));
    let (predicted, own) = (&solution.predicted, clean.predicted.plr_db);
    let least = order.least_plr_lu();
    let most = order.intensity().most_average_reduction_db.value;
    let clip = if settings.clip { ", single peaks clipped softly up to 2 dB over it" } else { "" };
    let rise_db = order.transients.rise_db;
    Ok(Step::new("limiter", Family::Level, limiter)
        .because(format!(
            "{:+.2} dB of drive lift peaks over the ceiling; rises of {rise_db:.1} dB in 23 ms ask for a release of {:.0} ms",
            solution.gain_db, settings.release_ms
        ))
        .evidence(Evidence::new("peak to loudness ratio before", own, "LU", None))
        .evidence(Evidence::new("peak to loudness ratio after, at least", predicted.plr_db, "LU", least))
        .evidence(Evidence::new("reduction on average", predicted.average_reduction_db, "dB", most))
        .evidence(Evidence::new("share of the time limited", 100.0 * predicted.limited_share, "%", None))
        .effect(format!("{}{clip}", price(predicted)))
        .confidence(if solution.feasible { 0.85 } else { 0.7 })
        .or(format!("{:.1} LUFS, where nothing is limited", clean.best_lufs))
        .or("intensity = \"gentle\"")
        .sealed())
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

#[cfg(test)]
#[path = "level_tests.rs"]
mod tests;
