//! What a cutting engineer would send back, with the way out.

use super::format::Format;
use super::hear::Song;
use super::plan::{LONGER, SidePlan};
use crate::message::{Finding, Severity};

/// Side this near to mid in the bass lifts the stylus, dB (pressing plants' guides: side at least 6 dB under mid below 200 Hz).
const MOST_SIDE_DB: f64 = -6.0;
/// Bass against itself for longer than this, seconds (standards.md §10.3: more than 100 ms).
const MOST_AGAINST_SECONDS: f64 = 0.1;
/// 6 to 12 kHz over 200 Hz to 2 kHz in the sharpest hundredth, dB. By calibration, 2026-11-21, docs/decisions/045.
pub(crate) const MOST_SIBILANCE_DB: f64 = 6.0;
/// Energy above 16 kHz, dB re all. By calibration, 2026-11-21, docs/decisions/045.
const MOST_TOP_DB: f64 = -24.0;
/// Custom of cutting houses: no brickwall, 3 dB of headroom (targets/vinyl.toml).
const LEAST_PLR_LU: f64 = 12.0;
const MOST_PEAK_DBTP: f64 = -3.0;
/// Sides should be equal within this, seconds (pressing plants' guides: about a minute).
const UNEVEN_SECONDS: f64 = 60.0;
/// A side this far under reference level will be noisy, dB (the last row of the table of levels).
const QUIET_DB: f64 = -6.0;
/// Vertical excursions beyond this lift a stylus, µm: half the depth of a groove of 50 µm. By our own convention.
const MOST_VERTICAL_UM: f64 = 25.0;

/// Everything worth saying about songs and sides, songs first.
#[must_use]
pub fn findings(songs: &[Song], sides: &[SidePlan], format: &Format) -> Vec<Finding> {
    let mut all: Vec<Finding> = songs.iter().flat_map(of_song).collect();
    all.extend(sides.iter().flat_map(|side| of_side(side, songs, format)));
    let (longest, shortest) = sides.iter().fold((0.0, f64::INFINITY), |(long, short), side| {
        (f64::max(long, side.seconds), f64::min(short, side.seconds))
    });
    if longest - shortest > UNEVEN_SECONDS && sides.len() > 1 {
        all.push(
            Finding::new(
                "sides_uneven",
                Severity::Info,
                format!("sides of {} and {}", clock(longest), clock(shortest)),
            )
            .about(format.title)
            .limit("within about a minute of each other")
            .advice("the longer side has to be cut quieter: move a song to the other one"),
        );
    }
    all
}

fn warn(rule: &'static str, about: &str, measured: String, limit: &str, advice: &str) -> Finding {
    Finding::new(rule, Severity::Warning, measured).about(about).limit(limit).advice(advice)
}

fn of_song(song: &Song) -> Vec<Finding> {
    let (title, m) = (song.title.as_str(), &song.measured);
    let mut found = song.findings.clone();
    if song.bass.side_mid_db > MOST_SIDE_DB {
        found.push(warn(
            "wide_bass",
            title,
            format!("below 200 Hz the side is {:.1} dB re mid", song.bass.side_mid_db),
            "-6 dB",
            "put the bass into the middle: an elliptic filter at 150 Hz (`gain = { mono_below_hz = 150 }`), 300 Hz for loud or long sides",
        ));
    }
    if song.bass.out_of_phase_seconds > MOST_AGAINST_SECONDS {
        let finding = warn(
            "bass_out_of_phase",
            title,
            format!(
                "left and right are against each other below 300 Hz for {:.1} s",
                song.bass.out_of_phase_seconds
            ),
            "0.1 s",
            "the groove gets thin there and the stylus jumps: put the bass into the middle, or turn the phase of the part that is wrong",
        );
        found.push(finding.seconds(song.bass.out_of_phase_at_seconds));
    }
    if song.treble.sibilance_db > MOST_SIBILANCE_DB {
        found.push(warn(
            "sibilance",
            title,
            format!("sibilants stand {:.1} dB over the body of the sound", song.treble.sibilance_db),
            "6 dB",
            "hold them back before the cut (`deesser`, or a dynamic band at 6 to 9 kHz): a lathe distorts them, most near the label",
        ));
    }
    if song.treble.top_db > MOST_TOP_DB {
        found.push(warn(
            "much_top",
            title,
            format!("{:.1} dB of the energy lies above 16 kHz", song.treble.top_db),
            "-24 dB",
            "a lathe rolls it off or distorts: a low-pass at 16 to 18 kHz loses nothing that a record could have kept",
        ));
    }
    if m.plr_lu.is_some_and(|plr| plr < LEAST_PLR_LU) {
        found.push(warn(
            "limited",
            title,
            format!("peaks stand {:.1} LU over the loudness", m.plr_lu.unwrap_or(0.0)),
            "12 LU",
            "give the version before the limiter: level on a record comes from the side's length, not from limiting",
        ));
    }
    // Dither may lie over a ceiling by a little.
    if m.true_peak_worst_dbtp() > MOST_PEAK_DBTP + 0.02 {
        found.push(warn(
            "headroom",
            title,
            format!("true peak {:.1} dBTP", m.true_peak_worst_dbtp()),
            "-3 dBTP",
            "turn it down; the cutting engineer sets the level",
        ));
    }
    found
}

fn of_side(side: &SidePlan, songs: &[Song], format: &Format) -> Vec<Finding> {
    let about = format!("side {}", side.letter);
    let mut found = Vec::new();
    let minutes = side.seconds / 60.0;
    if side.custom_db.is_none() {
        let limit = format!("{:.0} minutes at the lowest level that is offered", format.most_minutes());
        let finding = Finding::new("side_too_long", Severity::Blocker, clock(side.seconds)).about(&about);
        found.push(
            finding.limit(limit).advice("take a song off, or use another side or a slower or larger record"),
        );
    } else if minutes > LONGER * format.recommended_minutes {
        found.push(warn(
            "side_long",
            &about,
            clock(side.seconds),
            &format!("{} recommended, a tenth more at most", clock(60.0 * format.recommended_minutes)),
            "every further minute costs about 1 dB: expect a quiet side, or use two records",
        ));
    }
    if side.cut.level_db < QUIET_DB && side.custom_db.is_some() {
        let by = match side.limit {
            super::cut::Limit::Velocity => "its treble",
            _ => "its length and bass",
        };
        found.push(warn(
            "quiet_side",
            &about,
            format!("{:.1} dB re reference level, held down by {by}", side.cut.level_db),
            "-6 dB",
            "surface noise will be heard: hold back what is named, or shorten the side",
        ));
    }
    if side.cut.too_sharp > 0
        && let Some(worst) = side.cut.worst(|turn| -turn.bend_um)
    {
        let finding = warn(
            "not_traced",
            &about,
            format!(
                "{} turns have bends down to {:.1} µm, sharper than a stylus of 7.6 µm",
                side.cut.too_sharp, worst.bend_um
            ),
            "none",
            "these blows of treble will sound rough: hold back 8 to 16 kHz there, or put the song nearer to the rim",
        );
        found.push(finding.seconds(worst.seconds));
    }
    if let Some(deep) =
        side.cut.worst(|turn| turn.vertical_um).filter(|turn| turn.vertical_um > MOST_VERTICAL_UM)
    {
        let finding = warn(
            "vertical",
            &about,
            format!("the groove goes {:.0} µm up and down", deep.vertical_um),
            "25 µm",
            "low frequencies differ between left and right there: put the bass into the middle",
        );
        found.push(finding.seconds(deep.seconds));
    }
    if let Some(order) = &side.better_order {
        let titles: Vec<&str> =
            order.iter().filter_map(|song| songs.get(*song)).map(|song| song.title.as_str()).collect();
        let finding = Finding::new(
            "inner_groove",
            Severity::Info,
            "the song that moves the groove most lies innermost, where it is slowest".to_owned(),
        );
        found.push(
            finding
                .about(&about)
                .limit("demanding songs outside")
                .advice(format!("if the order may change: {}", titles.join(", "))),
        );
    }
    found
}

/// Minutes and seconds, as people write them: `3:07`.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}
