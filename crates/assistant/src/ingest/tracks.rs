//! What is said about single tracks (I1 to I7, I13).

use crate::hear::{Song, Track, Use};
use studio::message::{Finding, Severity};

/// Loudness under which nothing is on a track (I3).
const EMPTY_LUFS: f64 = -70.0;
/// Constant part that is a fault (I5).
const DC_DBFS: f64 = -60.0;
/// Flat tops a minute (I4).
const CLIPPED_PER_MINUTE: f64 = 5.0;
/// Farther apart than this, time stamps are times of day of different takes, seconds. By our own convention.
const ONE_SESSION_SECONDS: f64 = 7_200.0;

/// Places tracks by their time stamps, if those differ; says so if lengths do (I2).
pub(super) fn starts(song: &mut Song) {
    let stamp = |track: &Track| {
        let frames = track.metadata.time_reference_frames?;
        Some(frames as f64 / f64::from(track.sample_rate_hz.max(1)))
    };
    let stamps: Vec<Option<f64>> = song.tracks.iter().map(stamp).collect();
    let first = stamps.iter().flatten().copied().fold(f64::INFINITY, f64::min);
    let last = stamps.iter().flatten().copied().fold(f64::NEG_INFINITY, f64::max);
    if last > first && last - first < ONE_SESSION_SECONDS && stamps.iter().all(Option::is_some) {
        for (track, stamp) in song.tracks.iter_mut().zip(&stamps) {
            track.start_seconds = stamp.unwrap_or(first) - first;
        }
        let what = format!("the files begin up to {:.3} s apart", last - first);
        song.findings.push(
            Finding::new("start_differs", Severity::Info, what)
                .about("the folder")
                .limit("one start for all tracks")
                .advice("placed by their time stamps; check the first bar"),
        );
    } else {
        lengths(song);
    }
    let end = |track: &Track| track.start_seconds + track.duration_seconds();
    song.duration_seconds = song.tracks.iter().map(end).fold(0.0, f64::max);
}

fn lengths(song: &mut Song) {
    let longest = song.tracks.iter().map(Track::duration_seconds).fold(0.0, f64::max);
    let short = song.tracks.iter().filter(|track| track.duration_seconds() < 0.9 * longest);
    let findings: Vec<Finding> = short
        .map(|track| {
            let what = format!("{:.3} s, the longest is {longest:.3} s", track.duration_seconds());
            Finding::new("length_differs", Severity::Warning, what)
                .about(&track.path)
                .limit("lengths within 10 %")
                .advice("if it comes in at the wrong place, export all tracks from bar 1")
        })
        .collect();
    song.findings.extend(findings);
}

/// Everything else about each track on its own.
pub(super) fn remarks(song: &mut Song) {
    let rate = song.sample_rate_hz;
    for track in &mut song.tracks {
        if track.facts.integrated_lufs.is_none_or(|lufs| lufs < EMPTY_LUFS) {
            track.use_as = Use::Empty;
        }
        song.findings.extend(remark(track, rate));
    }
}

fn remark(track: &Track, rate: u32) -> Vec<Finding> {
    let (facts, mut out) = (&track.facts, Vec::new());
    let mut say = |finding: Finding| out.push(finding.about(&track.path));
    if track.sample_rate_hz != rate {
        say(Finding::new("rate_differs", Severity::Info, format!("{} Hz", track.sample_rate_hz))
            .limit(format!("the session is at {rate} Hz"))
            .advice("it is converted while mixing"));
    }
    if track.use_as == Use::Empty {
        let what = facts.integrated_lufs.map_or("silence".to_owned(), |lufs| format!("{lufs:.1} LUFS"));
        say(Finding::new("empty", Severity::Warning, what)
            .limit(format!("{EMPTY_LUFS} LUFS"))
            .advice("it stands in the session, muted; export it again if something should be on it"));
        return out;
    }
    if facts.clipping.per_minute > CLIPPED_PER_MINUTE {
        let what = format!(
            "{} flat tops, {:.0} a minute, the longest {} samples",
            facts.clipping.runs, facts.clipping.per_minute, facts.clipping.longest
        );
        say(Finding::new("clipped", Severity::Warning, what)
            .limit(format!("{CLIPPED_PER_MINUTE} a minute"))
            .advice("mixing cannot mend it: look for another take or an unclipped export; `declip` makes it milder, and its top is not brightened"));
    }
    if facts.dc_dbfs > DC_DBFS {
        say(Finding::new("dc", Severity::Warning, format!("{:.1} dBFS", facts.dc_dbfs))
            .limit(format!("{DC_DBFS} dBFS"))
            .advice("a high-pass takes it away"));
    }
    if facts.peak_dbfs > 0.0 {
        say(Finding::new("over_full_scale", Severity::Info, format!("{:+.2} dBFS", facts.peak_dbfs))
            .limit("0 dBFS")
            .advice("a floating-point file: turned down by its trim, nothing is lost"));
    }
    if let Some(finding) = picked(track) {
        say(finding);
    }
    out
}

/// What is said about the channels that are played (I6, I7).
fn picked(track: &Track) -> Option<Finding> {
    let picked = track.picked.as_ref()?;
    Some(match picked.why {
        "both channels are the same" => Finding::new("mono_in_stereo", Severity::Info, picked.why)
            .limit("a side within 60 dB of the middle")
            .advice("played as mono, so that it can be panned"),
        "the first two of many channels" => {
            Finding::new("many_channels", Severity::Warning, format!("{} channels", track.channels))
                .limit("one or two")
                .advice("the first two are played; choose others with `channels`")
        }
        why => Finding::new("one_sided", Severity::Info, why)
            .limit("both channels within 60 dB")
            .advice("the other channel is played as mono, so that it can be panned"),
    })
}
