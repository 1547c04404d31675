//! Equalisation that moves, for what comes and goes: resonances, a bass that booms in one part, sibilants.

use super::super::chain::{Evidence, Family, Step};
use super::super::listen::{Listening, Section};
use super::super::taste::Taste;
use super::{Proposal, made, tenth};
use crate::message::Result;
use dsp::spectrum::THIRD_OCTAVES_HZ;
use fx::Choice;
use fx::eq::Dynamic;

/// No resonance is turned down by more, dB (mastering.md §5.9).
const RESONANCE_CAP_DB: f64 = 3.0;
/// How much of what stands out is taken. By calibration, 2026-11-21: a third leaves the sound its body.
const RESONANCE_AMOUNT: f64 = 0.33;
/// Quality of its bell (mastering.md §5.9: 8 and more).
const RESONANCE_Q: f64 = 9.0;
/// A sine's peak over its RMS: the detector of a band reads a full-scale sine as 0 dB.
const SINE_DB: f64 = 3.01;

/// Share of sibilants and their level over the presence band from which on they are too much.
/// By calibration, 2026-11-21, see docs/decisions/042.
const SIBILANT_SHARE: f64 = 0.03;
const SIBILANT_DB: f64 = 2.0;
/// No sibilant is turned down by more, dB (mastering.md §5.9).
const SIBILANT_CAP_DB: f64 = 4.0;

/// Third octaves that can boom: 63 to 250 Hz.
const BOOM_BANDS: std::ops::Range<usize> = 5..12;
/// How far a third octave must stand out in one part, over how it stands in the others, dB.
/// By calibration, 2026-11-21, see docs/decisions/042.
const BOOM_DB: f64 = 5.0;
/// What stands out further is an instrument that is silent elsewhere, dB.
const BOOM_MOST_DB: f64 = 10.0;
/// A section this far under the loudest does not count, dB.
const BOOM_QUIET_DB: f64 = 6.0;
/// Shortest part that counts, seconds, and the largest share of the song (beyond, it is the song).
const BOOM_SECONDS: f64 = 8.0;
const BOOM_SHARE: f64 = 0.5;
/// What is taken off, dB.
const BOOM_CAP_DB: f64 = 2.0;

/// A bell that comes down when its band is louder than a threshold.
struct Moving {
    freq_hz: f64,
    q: f64,
    /// Level of its band, RMS, at which the whole range is used.
    full_at_db: f64,
    range_db: f64,
    ratio: f64,
    attack_ms: f64,
    release_ms: f64,
}

impl Moving {
    fn threshold_db(&self) -> f64 {
        // Over the threshold, the gain falls by 1 - 1/ratio for every decibel.
        let over_db = self.range_db / (1.0 - 1.0 / self.ratio);
        tenth(self.full_at_db + SINE_DB - over_db).clamp(-80.0, 0.0)
    }

    fn eq(&self) -> Result<Box<dyn fx::AnyProcessor>> {
        made(
            "eq",
            &[
                ("band1.freq_hz", self.freq_hz.round()),
                ("band1.q", self.q),
                ("band1.dynamic", Dynamic::Above.index() as f64),
                ("band1.threshold_db", self.threshold_db()),
                ("band1.ratio", self.ratio),
                ("band1.range_db", -self.range_db),
                ("band1.attack_ms", self.attack_ms),
                ("band1.release_ms", self.release_ms),
            ],
        )
    }

    fn effect(&self) -> String {
        format!(
            "bell at {:.0} Hz, down by up to {:.1} dB above {:.1} dB",
            self.freq_hz,
            self.range_db,
            self.threshold_db()
        )
    }
}

/// Narrow peaks that stay.
pub(super) fn resonances(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    for one in heard.resonances.iter().filter(|one| one.freq_hz < 0.9 * heard.top_hz) {
        let range_db = (one.over_db * RESONANCE_AMOUNT).min(RESONANCE_CAP_DB) * taste.strength.tone;
        let moving = Moving {
            freq_hz: one.freq_hz,
            q: RESONANCE_Q,
            full_at_db: one.p90_db,
            range_db: tenth(range_db.min(RESONANCE_CAP_DB)),
            ratio: 2.0,
            attack_ms: 5.0,
            release_ms: 100.0,
        };
        if moving.range_db <= 0.0 {
            continue;
        }
        let share = 100.0 * one.share;
        proposal.take(
            Step::new(format!("tone-resonance-{:.0}hz", one.freq_hz), Family::Tone, moving.eq()?)
                .because(format!(
                    "something rings at {:.0} Hz: it stands {:.1} dB over what is around it, in {share:.0} % of the time, whatever is played",
                    one.freq_hz, one.over_db
                ))
                .evidence(Evidence::new("level over half an octave around", one.over_db, "dB", 6.0))
                .evidence(Evidence::new("share of the time", share, "%", 50.0))
                .effect(moving.effect())
                .confidence(0.4 + 0.5 * one.share)
                .or("a narrow cut at the source, in the mix")
                .or("leave it, if it is a note that is meant to stand out"),
        );
    }
    Ok(())
}

/// Level of third octave `band` of a spectrum over its neighbours an octave around.
fn over_neighbours(levels: &[f64], band: usize) -> Option<f64> {
    let around = [band.checked_sub(3)?, band.checked_sub(2)?, band + 2, band + 3];
    let sum: f64 = around.iter().map(|at| levels.get(*at)).sum::<Option<f64>>()?;
    Some(levels.get(band)? - sum / 4.0)
}

/// A band that stands out in one part only: where, how far over the others, and how loud it is there.
struct Boom<'a> {
    section: &'a Section,
    band: usize,
    over_db: f64,
    level_db: f64,
}

fn find_boom(heard: &Listening) -> Option<Boom<'_>> {
    let total: f64 = heard.sections.iter().map(Section::seconds).sum();
    let loudest = heard.sections.iter().map(Section::level_db).fold(f64::NEG_INFINITY, f64::max);
    let counts = |section: &&Section| {
        section.seconds() >= BOOM_SECONDS
            && !section.third_octave_db.is_empty()
            && section.level_db() > loudest - BOOM_QUIET_DB
    };
    let candidates =
        heard.sections.iter().filter(counts).filter(|section| section.seconds() <= BOOM_SHARE * total);
    let mut found: Option<Boom<'_>> = None;
    for section in candidates {
        for band in BOOM_BANDS {
            let others = heard.sections.iter().filter(counts).filter(|other| !std::ptr::eq(*other, section));
            let out = |levels: &[f64]| over_neighbours(levels, band);
            let most = others
                .clone()
                .filter_map(|other| out(&other.third_octave_db))
                .fold(f64::NEG_INFINITY, f64::max);
            let loud = others.map(|other| other.third_octave_db[band]).fold(f64::NEG_INFINITY, f64::max);
            let (Some(own), level_db) = (out(&section.third_octave_db), section.third_octave_db[band]) else {
                continue;
            };
            // It must be more than in any other part, in shape and in level.
            let over_db = (own - most).min(level_db - loud);
            if most.is_finite()
                && (BOOM_DB..=BOOM_MOST_DB).contains(&over_db)
                && found.as_ref().is_none_or(|best| over_db > best.over_db)
            {
                found = Some(Boom { section, band, over_db, level_db });
            }
        }
    }
    found
}

/// A part of the song in which one band of the bass stands out.
pub(super) fn booming(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let Some(boom) = find_boom(heard) else { return Ok(()) };
    let freq_hz = THIRD_OCTAVES_HZ[boom.band];
    let range_db = tenth((0.5 * (boom.over_db - BOOM_DB) + 1.0).min(BOOM_CAP_DB) * taste.strength.tone);
    if range_db <= 0.0 {
        return Ok(());
    }
    let moving = Moving {
        freq_hz,
        q: 2.5,
        full_at_db: boom.level_db,
        range_db,
        ratio: 2.0,
        attack_ms: 30.0,
        release_ms: 250.0,
    };
    proposal.take(
        Step::new(format!("tone-boom-{freq_hz:.0}hz"), Family::Tone, moving.eq()?)
            .because(format!(
                "from {:.0} to {:.0} s {freq_hz:.0} Hz stands {:.1} dB more out than in any other part: it comes and goes, so the filter does",
                boom.section.start_seconds, boom.section.end_seconds, boom.over_db
            ))
            .evidence(Evidence::new("third octave in that part over the others", boom.over_db, "dB", BOOM_DB))
            .effect(moving.effect())
            .confidence(0.5)
            .or("automate the bass in that part of the mix")
            .or("leave it, if the arrangement means it"),
    );
    Ok(())
}

/// Sharp sounds of the middle.
pub(super) fn sibilants(heard: &Listening, taste: &Taste, proposal: &mut Proposal) -> Result<()> {
    let sibilance = heard.sibilance;
    let over_db = sibilance.level_db - sibilance.presence_db;
    if sibilance.share < SIBILANT_SHARE || over_db <= SIBILANT_DB || heard.top_hz < 9000.0 {
        let moves = |step: &Step| step.id.starts_with("tone-resonance") || step.id.starts_with("tone-boom");
        if !proposal.steps.iter().any(moves) {
            let share = 100.0 * sibilance.share;
            let sharp = if sibilance.share < SIBILANT_SHARE {
                format!("sharp sounds fill {share:.1} % of the time (limit {:.0} %)", 100.0 * SIBILANT_SHARE)
            } else {
                format!("sharp sounds stand {over_db:+.1} dB beside 1 to 4 kHz (limit {SIBILANT_DB:+.1} dB)")
            };
            let because = format!("no narrow peak stays, no part booms, and {sharp}");
            proposal.leave(Family::Tone, "no dynamic equalisation", because);
        }
        return Ok(());
    }
    let range_db = tenth((1.0 + 0.5 * (over_db - SIBILANT_DB)).min(SIBILANT_CAP_DB) * taste.strength.tone);
    let moving = Moving {
        freq_hz: 6800.0,
        q: 1.0,
        full_at_db: sibilance.level_db,
        range_db: range_db.min(SIBILANT_CAP_DB),
        ratio: 3.0,
        attack_ms: 2.0,
        release_ms: 50.0,
    };
    if moving.range_db <= 0.0 {
        return Ok(());
    }
    proposal.take(
        Step::new("tone-sibilance", Family::Tone, moving.eq()?)
            .because(format!(
                "sharp sounds between 5 and 9 kHz stand {over_db:.1} dB over the loud moments of 1 to 4 kHz"
            ))
            .evidence(Evidence::new("sibilants re presence", over_db, "dB", SIBILANT_DB))
            .evidence(Evidence::new(
                "share of sharp moments",
                100.0 * sibilance.share,
                "%",
                100.0 * SIBILANT_SHARE,
            ))
            .effect(moving.effect())
            .confidence(0.65)
            .or("a de-esser on the voice, in the mix")
            .or("the `deesser` in place of it, for a voice alone"),
    );
    Ok(())
}
