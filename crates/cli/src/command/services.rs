//! `services`: how loud each service will play a file, or several as an album.

use super::measure::exit_code;
use crate::args::Services;
use crate::table::Table;
use crate::ui::{Ui, clean_name};
use serde_json::{Value, json};
use std::path::Path;
use studio::decode::{self, Options};
use studio::message::{Error, Kind, Result};
use studio::meters::{self, Measurements};
use studio::services::{self, AlbumPlay, Play, Track};
use studio::targets::{self, Target, Unit};

struct Heard {
    file: String,
    track: Track,
    numbers: Measurements,
}

pub(crate) fn run(args: &Services, ui: &Ui) -> Result<u8> {
    let chosen = chosen(&args.services)?;
    let (mut good, mut failed) = (Vec::new(), Vec::new());
    for path in &args.inputs {
        match hear(path, ui) {
            Ok(heard) => good.push(heard),
            Err(error) if error.kind == Kind::Interrupted => return Err(error),
            Err(error) => {
                ui.say(&error);
                failed.push(error);
            }
        }
    }
    let albums = albums(&chosen, &good);
    if ui.json() {
        ui.print_json(&json(&chosen, &good, &albums, &failed));
    } else {
        let mut text: String = good.iter().map(|heard| file_table(&chosen, heard)).collect();
        text.push_str(&album_table(&albums, &good));
        ui.print(&text);
        ui.note("simulated from published and measured rules; `tonmeister targets NAME` shows their sources");
    }
    Ok(exit_code(good.len(), &failed))
}

/// The services that were asked for, or all.
fn chosen(names: &[String]) -> Result<Vec<Target>> {
    if names.is_empty() {
        return services::all();
    }
    let found: Vec<Target> = names.iter().map(|name| targets::find(name.trim())).collect::<Result<_>>()?;
    if let Some(other) = found.iter().find(|target| target.turns_up.is_none()) {
        let known = services::all()?;
        let known: Vec<&str> = known.iter().map(|target| target.name.as_str()).collect();
        let what = format!("`{}` is no service that plays music: nothing is known of its level", other.name);
        return Err(
            Error::new(Kind::Usage, "no_service", what).hint(format!("services: {}", known.join(", ")))
        );
    }
    Ok(found)
}

fn hear(path: &Path, ui: &Ui) -> Result<Heard> {
    let at = |error: Error| error.at(path.display());
    let mut source = decode::open(path, Options::default()).map_err(at)?;
    let numbers = meters::measure(source.as_mut(), &ui.job()).map_err(at)?;
    let track = Track::of(&numbers).ok_or_else(|| {
        at(Error::input("no_loudness", "silence, or under 400 ms: it has no loudness to be turned by"))
    })?;
    Ok(Heard { file: path.display().to_string(), track, numbers })
}

fn plays(chosen: &[Target], heard: &Heard) -> Vec<Play> {
    chosen.iter().flat_map(|service| services::play(service, heard.track)).collect()
}

/// Only several files are an album.
fn albums(chosen: &[Target], good: &[Heard]) -> Vec<AlbumPlay> {
    let tracks: Vec<Track> = good.iter().map(|heard| heard.track).collect();
    match services::pooled_lufs(good.iter().map(|heard| &heard.numbers)) {
        Some(pooled) if good.len() > 1 => {
            chosen.iter().flat_map(|service| services::play_album(service, &tracks, pooled)).collect()
        }
        _ => Vec::new(),
    }
}

fn title(title: &str, mode: &str) -> String {
    if mode.is_empty() { title.to_owned() } else { format!("{title}: {mode}") }
}

fn file_table(chosen: &[Target], heard: &Heard) -> String {
    let track = &heard.track;
    let mut table = Table::new(1);
    table.row(["SERVICE", "PLAYS AT", "GAIN", "PEAK", "", "SURE"]);
    for play in plays(chosen, heard) {
        table.row([
            title(&play.title, &play.mode),
            format!("{:.1} LUFS", play.loudness_lufs),
            format!("{:+.1} dB", play.gain_db),
            format!("{:.1} dBTP", play.true_peak_dbtp),
            play.words(),
            play.tier.name().to_owned(),
        ]);
    }
    let name = clean_name(&heard.file);
    format!("{name}: {:.1} LUFS, {:.1} dBTP\n{}\n", track.integrated_lufs, track.true_peak_dbtp, table.text())
}

fn album_table(albums: &[AlbumPlay], good: &[Heard]) -> String {
    if albums.is_empty() {
        return String::new();
    }
    let mut table = Table::new(1);
    table.row(["SERVICE", "TURNED AS", "FROM", "GAIN", "LOUDEST", "QUIETEST"]);
    for album in albums {
        let heard = || album.tracks.iter().map(|play| play.loudness_lufs);
        let gains = || album.tracks.iter().map(|play| play.gain_db);
        let (low, high) = (gains().fold(f64::INFINITY, f64::min), gains().fold(f64::NEG_INFINITY, f64::max));
        table.row([
            title(&album.title, &album.mode),
            if album.unit == Unit::Album { "album" } else { "tracks" }.to_owned(),
            album.reference_lufs.map_or_else(String::new, |lufs| format!("{lufs:.1} LUFS")),
            if album.unit == Unit::Album {
                format!("{low:+.1} dB")
            } else {
                format!("{low:+.1} to {high:+.1} dB")
            },
            format!("{:.1} LUFS", heard().fold(f64::NEG_INFINITY, f64::max)),
            format!("{:.1} LUFS", heard().fold(f64::INFINITY, f64::min)),
        ]);
    }
    let pooled = services::pooled_lufs(good.iter().map(|heard| &heard.numbers)).unwrap_or(f64::NEG_INFINITY);
    format!("as an album of {} tracks: {pooled:.1} LUFS, gated together\n{}", good.len(), table.text())
}

fn json(chosen: &[Target], good: &[Heard], albums: &[AlbumPlay], failed: &[Error]) -> Value {
    let files: Vec<Value> = good
        .iter()
        .map(|heard| json!({ "file": heard.file, "track": heard.track, "plays": plays(chosen, heard) }))
        .collect();
    let pooled = services::pooled_lufs(good.iter().map(|heard| &heard.numbers)).filter(|_| good.len() > 1);
    json!({ "files": files, "album_lufs": pooled, "album": albums, "errors": failed })
}
