//! What was found, in sentences a musician understands, each with the numbers an engineer checks.

use super::dynamics::Class;
use super::tone::{Move, Shape};
use super::{Comparison, Version};
use serde::Serialize;

/// Smallest changes that are told. By convention: about what trained listeners notice side by side.
const LOUDER_LU: f64 = 0.2;
const PUNCH_DB: f64 = 0.5;
const WIDTH_PERCENT: f64 = 5.0;
const BAND_DB: f64 = 1.0;
const COURSE_LU: f64 = 1.0;
const PLR_DB: f64 = 1.0;
const PEAK_DB: f64 = 0.1;

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Sentence {
    /// What it is about: `whole`, `alignment`, `level`, `tone`, `dynamics`, `punch`, `width`, `loudness`, `peaks`,
    /// `distortion`, `null`, `next`.
    pub about: &'static str,
    /// In plain words.
    pub text: String,
    /// The numbers behind it; empty when they stand in the text.
    pub numbers: String,
}

fn say(about: &'static str, text: impl Into<String>, numbers: impl Into<String>) -> Sentence {
    Sentence { about, text: text.into(), numbers: numbers.into() }
}

pub(super) fn sentences(found: &Comparison) -> Vec<Sentence> {
    let mut out = vec![whole(found)];
    out.extend(alignment(found));
    out.push(level(found));
    let same = !found.audible;
    if !same {
        out.extend(tone(found));
        out.extend(dynamics(found));
        out.extend(punch(found));
        out.extend(width(found));
        out.extend(loudness(found));
    }
    out.extend(peaks(found));
    if !same {
        out.extend(distortion(found));
    }
    out.extend(null(found));
    out.push(next(found));
    out
}

fn whole(found: &Comparison) -> Sentence {
    let Some(null) = &found.null else {
        let numbers = format!("likeness {:.2} of 1", found.alignment.likeness);
        let text = "These are two different recordings or mixes that do not run together: their sound is compared as a whole, not moment by moment.";
        return say("whole", text, numbers);
    };
    let under =
        |db: Option<f64>| db.map_or("nothing".to_owned(), |db| format!("{db:.1} dB against the music"));
    let numbers = format!("difference at equal loudness: {}", under(null.under_db));
    let quiet = found.level.louder_lu.abs() < LOUDER_LU;
    let text = match (null.identical, found.audible, quiet) {
        (true, _, _) => "The two are the same, sample by sample.",
        (_, false, true) => "No audible change: what differs is as soft as the noise of a good file.",
        (_, false, false) => "No audible change but the level: only the volume differs.",
        (_, true, _) => "The sound was changed.",
    };
    say("whole", text, numbers)
}

fn alignment(found: &Comparison) -> Vec<Sentence> {
    let mut out = Vec::new();
    let alignment = &found.alignment;
    if !alignment.same_recording {
        return out;
    }
    if alignment.delay_frames != 0 {
        let (when, frames) =
            (if alignment.delay_frames > 0 { "later" } else { "earlier" }, alignment.delay_frames.abs());
        let text = format!(
            "AFTER plays {frames} samples ({:.1} ms) {when} than BEFORE.",
            1000.0 * alignment.delay_seconds.abs()
        );
        out.push(say(
            "alignment",
            text,
            format!("{:+} samples at {} Hz", alignment.delay_frames, found.sample_rate_hz),
        ));
    }
    if alignment.inverted {
        let text = "AFTER is upside down: its polarity was flipped.";
        out.push(say("alignment", text, ""));
    }
    // A frame over the whole song is no accident of the measurement.
    if alignment.drift_frames.abs() > 1.5 {
        let text = "The two do not run at the same speed: they drift apart.";
        out.push(say(
            "alignment",
            text,
            format!("{:+.1} samples from the first to the last places", alignment.drift_frames),
        ));
    }
    let (one, two) = (&found.before.measured, &found.after.measured);
    if one.sample_rate_hz != two.sample_rate_hz {
        let text = format!(
            "The sample rates differ ({} and {} Hz): what both can hold was compared at {} Hz.",
            one.sample_rate_hz, two.sample_rate_hz, found.sample_rate_hz
        );
        out.push(say("alignment", text, ""));
    }
    if one.channels != two.channels {
        out.push(say(
            "alignment",
            "One of them is mono: it was compared as it plays from two loudspeakers.",
            "",
        ));
    }
    let (longer, by) =
        (two.duration_seconds - one.duration_seconds, (two.duration_seconds - one.duration_seconds).abs());
    if by > 0.05 {
        let text = format!(
            "AFTER is {by:.2} s {} than BEFORE; {:.1} s play in both.",
            if longer > 0.0 { "longer" } else { "shorter" },
            found.shared_seconds
        );
        out.push(say("alignment", text, ""));
    }
    out
}

fn level(found: &Comparison) -> Sentence {
    let louder = found.level.louder_lu;
    let numbers = format!(
        "{} to {} LUFS, {louder:+.2} LU where both play; middle of the spectrum {:+.2} dB",
        lufs(&found.before),
        lufs(&found.after),
        found.level.fader_db
    );
    if louder.abs() < LOUDER_LU {
        return say("level", "Both are equally loud.", numbers);
    }
    let which = if louder > 0.0 { "louder" } else { "softer" };
    let text = format!(
        "AFTER is {:.1} LU {which}; that was taken off before everything below was compared, because louder always seems better.",
        louder.abs()
    );
    say("level", text, numbers)
}

fn lufs(version: &Version) -> String {
    version
        .measured
        .integrated_lufs
        .filter(|lufs| lufs.is_finite())
        .map_or("no".to_owned(), |lufs| format!("{lufs:.2}"))
}

/// Regions of the spectrum in words: upper edge in Hz, name. By convention of the trade.
const REGIONS: [(f64, &str); 7] = [
    (60.0, "the deepest bass"),
    (200.0, "the bass"),
    (500.0, "the warmth above the bass"),
    (1200.0, "the middle"),
    (3000.0, "the upper middle, where voices speak"),
    (7000.0, "the presence, where consonants and cymbals bite"),
    (f64::INFINITY, "the air at the top"),
];

/// A frequency in words.
pub(crate) fn region(hz: f64) -> &'static str {
    REGIONS.iter().find(|(top, _)| hz < *top).map_or("the air at the top", |(_, name)| name)
}

/// A frequency as people write it: `80 Hz`, `2.5 kHz`.
pub(crate) fn hertz(hz: f64) -> String {
    match hz {
        hz if hz < 1000.0 => format!("{hz:.0} Hz"),
        hz if hz < 10_000.0 => format!("{:.1} kHz", hz / 1000.0),
        hz => format!("{:.0} kHz", hz / 1000.0),
    }
}

fn move_words(of: &Move) -> String {
    let way = if of.gain_db > 0.0 { "up" } else { "down" };
    let db = of.gain_db.abs();
    match of.shape {
        Shape::Low => format!("everything below {} {way} by {db:.1} dB", hertz(of.hz)),
        Shape::High => format!("everything above {} {way} by {db:.1} dB", hertz(of.hz)),
        Shape::Bell => format!("{} {way} by {db:.1} dB round {}", region(of.hz), hertz(of.hz)),
    }
}

fn tone(found: &Comparison) -> Option<Sentence> {
    let told: Vec<String> = found.moves.iter().take(4).map(move_words).collect();
    let bands = |words: &str| {
        let most = found
            .tone
            .iter()
            .filter(|band| band.heard)
            .max_by(|a, b| a.change_db.abs().total_cmp(&b.change_db.abs()));
        most.map_or(String::new(), |band| {
            format!("{words}{:+.1} dB in the third octave at {}", band.change_db, hertz(band.hz))
        })
    };
    if told.is_empty() {
        return Some(say("tone", "The tone is as it was.", bands("largest change ")));
    }
    let more = found.moves.len().saturating_sub(told.len());
    let rest = if more > 0 { format!("; {more} smaller changes") } else { String::new() };
    Some(say("tone", format!("Tone: {}{rest}.", told.join("; ")), bands("at equal loudness at most ")))
}

fn dynamics(found: &Comparison) -> Vec<Sentence> {
    let mut out = Vec::new();
    if let Some(compression) = &found.compression {
        let db = compression.loudest_db.abs();
        let numbers = format!(
            "like {:.1}:1 from {:.0} dBFS, measured over 43 ms",
            compression.ratio, compression.threshold_dbfs
        );
        let held =
            |how: &str| format!("Dynamics: loud moments were {how} by up to {db:.1} dB against quiet ones.");
        match compression.class {
            Class::None => {
                out.push(say("dynamics", "Loud and quiet moments stand to each other as they did.", ""))
            }
            Class::Gentle => out.push(say("dynamics", held("held a little"), numbers)),
            Class::Firm => out.push(say("dynamics", held("held firmly"), numbers)),
            Class::Hard => out.push(say("dynamics", held("held hard, as a limiter does,"), numbers)),
            Class::Expanded => out.push(say("dynamics", held("raised"), numbers)),
        }
    }
    let changed: Vec<String> = found
        .dynamics
        .iter()
        .filter(|band| band.change_db.abs() >= BAND_DB)
        .map(|band| format!("{} {:+.1} dB", band.name, band.change_db))
        .collect();
    if !changed.is_empty() {
        let text = "How far loud moments stand out changed in parts of the spectrum.";
        out.push(say("dynamics", text, changed.join(", ")));
    }
    out
}

fn punch(found: &Comparison) -> Option<Sentence> {
    let punch = found.punch.as_ref()?;
    let numbers = format!(
        "fronts over what follows {:.1} to {:.1} dB, {} strokes",
        punch.before_db, punch.after_db, punch.strokes
    );
    let text = match punch.change_db {
        db if db <= -PUNCH_DB => {
            format!("Drums and plucked notes hit less hard: their fronts are {:.1} dB softer.", -db)
        }
        db if db >= PUNCH_DB => {
            format!("Drums and plucked notes hit harder: their fronts are {db:.1} dB stronger.")
        }
        _ => "Drums and plucked notes hit as hard as before.".to_owned(),
    };
    Some(say("punch", text, numbers))
}

fn width(found: &Comparison) -> Option<Sentence> {
    if found.channels != 2 {
        return None;
    }
    let bands: Vec<String> = found
        .width
        .iter()
        .filter_map(|band| Some((band, band.change_percent?)))
        .filter(|(_, percent)| percent.abs() >= WIDTH_PERCENT)
        .map(|(band, percent)| format!("{} {percent:+.0} %", band.name))
        .collect();
    let Some(whole) = found.width_percent else {
        let mono = |version: &Version| version.measured.side_to_mid_db.is_none_or(|db| db < -50.0);
        return match (mono(&found.before), mono(&found.after)) {
            (true, false) => Some(say("width", "BEFORE is mono, AFTER is stereo.", "")),
            (false, true) => Some(say("width", "AFTER is mono: the width is gone.", "")),
            _ => None,
        };
    };
    let text = match whole {
        percent if percent >= WIDTH_PERCENT => {
            format!("It is wider: the sides are {percent:.0} % stronger against the middle.")
        }
        percent if percent <= -WIDTH_PERCENT => {
            format!("It is narrower: the sides are {:.0} % weaker against the middle.", -percent)
        }
        _ if !bands.is_empty() => "The width changed in parts of the spectrum.".to_owned(),
        _ => "It is as wide as it was.".to_owned(),
    };
    Some(say("width", text, bands.join(", ")))
}

fn loudness(found: &Comparison) -> Option<Sentence> {
    let course = found.loudness.as_ref()?;
    let (low, high) = course.spread_lu;
    let numbers = format!(
        "5 % of the time more than {:.1} LU under, 5 % more than {:.1} LU over",
        low.min(0.0).abs(),
        high.max(0.0)
    );
    (high - low > COURSE_LU).then(|| {
        say(
            "loudness",
            "Passages were moved against each other: some are louder now, some softer, than the rest.",
            numbers,
        )
    })
}

fn peaks(found: &Comparison) -> Vec<Sentence> {
    let mut out = Vec::new();
    let (one, two) = (&found.before.measured, &found.after.measured);
    if let (Some(before), Some(after)) = (one.plr_lu, two.plr_lu)
        && before.is_finite()
        && after.is_finite()
    {
        let psr = |version: &Version| {
            version.measured.psr_median_lu.map_or("?".to_owned(), |psr| format!("{psr:.1}"))
        };
        let numbers = format!(
            "PLR {before:.1} to {after:.1} LU, PSR {} to {} LU",
            psr(&found.before),
            psr(&found.after)
        );
        if after < before - PLR_DB {
            out.push(say(
                "peaks",
                format!(
                    "There are {:.1} dB less from the loudness to the highest peak: peaks were held.",
                    before - after
                ),
                numbers,
            ));
        } else if after > before + PLR_DB {
            out.push(say(
                "peaks",
                format!("Peaks stand {:.1} dB higher over the loudness.", after - before),
                numbers,
            ));
        } else {
            out.push(say("peaks", "Peaks stand over the loudness as they did.", numbers));
        }
    }
    let (before, after) = (one.true_peak_dbtp, two.true_peak_dbtp);
    let numbers = format!("true peak {before:.2} to {after:.2} dBTP");
    if after > 0.0 && after > before + PEAK_DB {
        out.push(say(
            "peaks",
            "AFTER goes over full scale between its samples: some players will clip it.",
            numbers,
        ));
    } else {
        out.push(say("peaks", "Highest peaks.", numbers));
    }
    out
}

fn distortion(found: &Comparison) -> Option<Sentence> {
    let distortion = found.distortion.as_ref()?;
    let under = distortion.under_db?;
    let numbers = format!("{under:.1} dB against the music is explained by no gain, pan or equaliser");
    let text = match (distortion.found, distortion.separable) {
        (false, _) => "No distortion or noise was added that can be told from the music.",
        (true, true) => "Something was added that no equaliser makes: distortion, noise or reverberation.",
        (true, false) => {
            "What changed besides the tone comes from the held dynamics, or from added distortion: the two cannot be told apart here."
        }
    };
    Some(say("distortion", text, numbers))
}

fn null(found: &Comparison) -> Option<Sentence> {
    let null = found.null.as_ref().filter(|null| !null.identical)?;
    let db = |db: Option<f64>| db.map_or("nothing".to_owned(), |db| format!("{db:.1} dB"));
    let numbers = format!(
        "against the music: {} at equal loudness, {} at the best gain ({:+.2} dB)",
        db(null.under_db),
        db(null.best_under_db),
        null.best_gain_db
    );
    Some(say("null", "What is left when BEFORE is taken from AFTER.", numbers))
}

fn next(found: &Comparison) -> Sentence {
    let louder = found.level.louder_lu;
    let text = match (found.audible, louder.abs() < LOUDER_LU) {
        (false, true) => "Either can be used: keep the one with the better file format.".to_owned(),
        (false, false) => format!(
            "Choose by the level you need; to hear that nothing else changed, turn AFTER by {:+.1} dB.",
            -louder
        ),
        (true, true) => {
            "Listen to both in turn and choose by ear: neither has an advantage by its level.".to_owned()
        }
        (true, false) => {
            format!("Turn AFTER by {:+.1} dB, then listen to both in turn and choose by ear.", -louder)
        }
    };
    say("next", text, "")
}
