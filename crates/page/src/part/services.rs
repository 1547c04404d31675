//! How loud services will play it.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::picture::{plain, scroll};
use crate::shell::section;
use studio::message::Result;
use studio::services::{self, Play, Track};

/// Every service in every way it plays; `None` for what has no loudness.
///
/// # Errors
/// Those of a target file.
pub fn part(before: Option<&Heard>, after: &Heard) -> Result<Option<Element>> {
    let Some(track) = Track::of(&after.measured) else { return Ok(None) };
    let earlier = before.and_then(|before| Track::of(&before.measured));
    let mut rows = Vec::new();
    for service in services::all()? {
        let was = earlier.map_or_else(Vec::new, |track| services::play(&service, track));
        for (n, play) in services::play(&service, track).into_iter().enumerate() {
            rows.push(row(&play, earlier.is_some().then(|| was.get(n))));
        }
    }
    let names = ["Service", "plays it at", "what happens", "before: plays it at", "rule"];
    let head = names
        .iter()
        .filter(|name| earlier.is_some() || !name.starts_with("before"))
        .map(|name| el("th").attr("scope", "col").text(name));
    let table = el("table")
        .child(el("caption").text("Simulated from published and measured rules"))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(rows));
    Ok(Some(
        section("services", "How loud services will play it")
            .child(el("p").text("Most services play every song at about one loudness: a louder master is turned down, not heard louder. Rules marked primary are the service's own; measured ones were found by engineers. Choose your service in the list of levels of the player to hear it."))
            .child(scroll("Services table", table)),
    ))
}

/// `was`: the outer option says whether there is an earlier version.
fn row(play: &Play, was: Option<Option<&Play>>) -> Element {
    let name =
        if play.mode.is_empty() { play.title.clone() } else { format!("{}: {}", play.title, play.mode) };
    let lufs = |play: &Play| format!("{} LUFS", plain(play.loudness_lufs, 1));
    let was = was.map(|was| el("td").text(was.map_or_else(|| "–".to_owned(), lufs)));
    el("tr")
        .child(el("th").attr("scope", "row").text(name))
        .child(el("td").text(lufs(play)))
        .child(el("td").text(play.words()))
        .child(was)
        .child(el("td").text(play.tier.name()))
}

/// Levels of the player after the equal one: as they are, then the usual way of every service. Gains of each version, dB.
///
/// # Errors
/// Those of a target file.
pub fn levels(files: &[&Heard]) -> Result<Vec<(String, Vec<f64>)>> {
    let tracks: Option<Vec<Track>> = files.iter().map(|heard| Track::of(&heard.measured)).collect();
    let mut levels = vec![("as they are".to_owned(), vec![0.0; files.len()])];
    if let Some(tracks) = tracks {
        for service in services::all()? {
            let gains: Vec<f64> = tracks
                .iter()
                .filter_map(|track| Some(services::play(&service, *track).first()?.gain_db))
                .collect();
            if gains.len() == files.len() && gains.iter().any(|gain| gain.abs() > 0.05) {
                levels.push((format!("as on {}", service.title), gains));
            }
        }
    }
    Ok(levels)
}
