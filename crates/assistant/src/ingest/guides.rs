//! What was for the players is named, and that it is left out.

use crate::hear::{Song, Track, Use};
use studio::message::{Finding, Severity};

/// Says of every click, of talkback and of a count-in that it is no part of the record.
pub(super) fn find(song: &mut Song) {
    let mut findings: Vec<Finding> = song.tracks.iter().filter_map(guide).collect();
    if let Some(count) = &song.time.count_in {
        let what = format!(
            "the players are counted in from {:.1} s on, the music begins at {:.1} s",
            count.start_seconds, count.end_seconds
        );
        let advice = if count.is_played(song) {
            "left out of the print: drums and percussion are silent until then; undo cleanup.count_in keeps it"
        } else {
            "left out of the print with the click, which alone has it"
        };
        let finding = Finding::new("count_in", Severity::Info, what).about("the folder").limit("music");
        findings.push(finding.advice(advice));
    }
    song.findings.extend(findings);
}

fn guide(track: &Track) -> Option<Finding> {
    let (rule, what) = match track.use_as {
        Use::Click => ("click", "called a click, or strokes on one grid throughout"),
        Use::Talkback => ("talkback", "called talkback"),
        _ => return None,
    };
    let finding = Finding::new(rule, Severity::Info, what).about(&track.path).limit("music");
    Some(finding.advice("left out of the print: it stands in the session, muted"))
}
