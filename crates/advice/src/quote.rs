//! A quote: work counted from the material, prices from a file that anybody can edit.

use crate::assess::{Assessment, Item, Kind, Need};
use crate::history::Paper;
use serde::{Deserialize, Serialize};
use std::path::Path;
use studio::files::read_text;
use studio::message::{Error, Result};
use studio::sheet::Align;

/// The rates that are built in: an example.
pub const STANDARD: &str = include_str!("../../../rates/standard.toml");
/// Longest text, by our own convention.
const MOST_BYTES: u64 = 1 << 16;
/// Largest amount or number that is believed; above it a comma was missed.
const MOST: f64 = 1e7;

/// What work costs.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rates {
    /// Name.
    pub name: String,
    /// Currency, as it is written: `EUR`.
    pub currency: String,
    /// Added at the end, per cent.
    pub tax_percent: f64,
    /// Where the numbers come from.
    pub source: String,
    /// When.
    pub date: String,
    /// Mixing.
    pub mixing: Mixing,
    /// Mastering.
    pub mastering: Mastering,
    /// Mastering from stems.
    pub stem_mastering: StemMastering,
    /// A record of several songs.
    pub album: Record,
}

/// Rates of mixing.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mixing {
    /// A song.
    pub per_song: f64,
    /// Tracks in that price.
    pub tracks_included: u32,
    /// Minutes in that price.
    pub minutes_included: f64,
    /// Each further track.
    pub per_further_track: f64,
    /// Each further minute that is begun.
    pub per_further_minute: f64,
}

/// Rates of mastering.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Mastering {
    /// A song for one destination.
    pub per_song: f64,
    /// Minutes in that price.
    pub minutes_included: f64,
    /// Each further minute that is begun.
    pub per_further_minute: f64,
    /// Each further destination, for each song.
    pub per_further_destination: f64,
}

/// Rates of mastering from stems.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StemMastering {
    /// A song for one destination.
    pub per_song: f64,
    /// Stems in that price.
    pub stems_included: u32,
    /// Minutes in that price.
    pub minutes_included: f64,
    /// Each further stem.
    pub per_further_stem: f64,
    /// Each further minute that is begun.
    pub per_further_minute: f64,
    /// Each further destination.
    pub per_further_destination: f64,
}

/// Rates of a record.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Each song, beside its mastering.
    pub per_song: f64,
    /// The record.
    pub per_record: f64,
}

/// A line of a quote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What it is for.
    pub about: String,
    /// Of what there are so many.
    pub what: String,
    /// How many.
    pub count: u64,
    /// What one costs.
    pub each: f64,
    /// What all cost.
    pub amount: f64,
}

/// A quote.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quote {
    /// Name of the rates.
    pub rates: String,
    /// Currency.
    pub currency: String,
    /// Lines.
    pub lines: Vec<Line>,
    /// Sum of the lines.
    pub net: f64,
    /// Tax.
    pub tax: f64,
    /// Both.
    pub total: f64,
    /// What should be settled before work begins.
    pub remarks: Vec<String>,
}

/// Reads rates; those that are built in without a file.
///
/// # Errors
/// `bad_rates` with what is wrong; what reading says.
pub fn rates(path: Option<&Path>) -> Result<Rates> {
    let (text, file) = match path {
        Some(path) => (read_text(path, "the rates", MOST_BYTES)?, path.display().to_string()),
        None => (STANDARD.to_owned(), "rates/standard.toml".to_owned()),
    };
    let bad = |what: String| {
        Error::input("bad_rates", what)
            .at(&file)
            .hint("start from the built-in file: tonmeister quote --print-rates")
    };
    let rates: Rates = toml::from_str(&text).map_err(|error| bad(error.message().to_owned()))?;
    let numbers = [
        ("tax_percent", rates.tax_percent),
        ("mixing.per_song", rates.mixing.per_song),
        ("mixing.minutes_included", rates.mixing.minutes_included),
        ("mixing.per_further_track", rates.mixing.per_further_track),
        ("mixing.per_further_minute", rates.mixing.per_further_minute),
        ("mastering.per_song", rates.mastering.per_song),
        ("mastering.minutes_included", rates.mastering.minutes_included),
        ("mastering.per_further_minute", rates.mastering.per_further_minute),
        ("mastering.per_further_destination", rates.mastering.per_further_destination),
        ("stem_mastering.per_song", rates.stem_mastering.per_song),
        ("stem_mastering.minutes_included", rates.stem_mastering.minutes_included),
        ("stem_mastering.per_further_stem", rates.stem_mastering.per_further_stem),
        ("stem_mastering.per_further_minute", rates.stem_mastering.per_further_minute),
        ("stem_mastering.per_further_destination", rates.stem_mastering.per_further_destination),
        ("album.per_song", rates.album.per_song),
        ("album.per_record", rates.album.per_record),
    ];
    for (name, value) in numbers {
        if !(0.0..=MOST).contains(&value) {
            return Err(bad(format!("`{name}` is {value}; 0 to {MOST} are believed")));
        }
    }
    Ok(rates)
}

/// Counts the work of an assessment and prices it.
#[must_use]
pub fn quote(found: &Assessment, rates: &Rates) -> Quote {
    let mut lines = Vec::new();
    let destinations = found.destinations.len().max(1) as u64;
    for item in &found.items {
        let name = item
            .path
            .file_name()
            .map_or_else(|| item.path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let of = |need: Need| found.steps.iter().any(|step| step.need == need);
        match item.kind {
            Kind::Tracks => {
                mixing(&name, item, rates, &mut lines);
                mastering(&name, 1, item.seconds, destinations, rates, &mut lines);
            }
            Kind::Session => mastering(&name, 1, item.seconds, destinations, rates, &mut lines),
            Kind::Stems => stems(&name, item, destinations, rates, &mut lines),
            Kind::Song if of(Need::Mastering) => {
                mastering(&name, 1, item.seconds, destinations, rates, &mut lines)
            }
            Kind::Album if of(Need::AlbumMastering) => {
                let songs = item.files.len() as u64;
                mastering(&name, songs, item.seconds, destinations, rates, &mut lines);
                push(&mut lines, &name, "songs put in one record", songs, rates.album.per_song);
                push(&mut lines, &name, "record", 1, rates.album.per_record);
            }
            Kind::Song | Kind::Album => {}
        }
    }
    let cents = |amount: f64| (amount * 100.0).round() / 100.0;
    let net = cents(lines.iter().map(|line| line.amount).sum());
    let tax = cents(net * rates.tax_percent / 100.0);
    let mut remarks = Vec::new();
    if found.destinations.is_empty() {
        remarks.push(
            "No destination was named: one is counted. Name them with --for before you accept.".to_owned(),
        );
    }
    if found.steps.iter().any(|step| step.need == Need::Return) {
        remarks.push(
            "Something has to be exported again first: see `tonmeister assess`. Send it before work begins."
                .to_owned(),
        );
    }
    remarks.push(format!(
        "Rates: {} ({}, {}). Change them with --rates FILE.",
        rates.name, rates.source, rates.date
    ));
    Quote {
        rates: rates.name.clone(),
        currency: rates.currency.clone(),
        lines,
        net,
        tax,
        total: cents(net + tax),
        remarks,
    }
}

fn push(lines: &mut Vec<Line>, about: &str, what: &str, count: u64, each: f64) {
    if count > 0 && each > 0.0 {
        let amount = count as f64 * each;
        lines.push(Line { about: about.to_owned(), what: what.to_owned(), count, each, amount });
    }
}

/// Minutes beyond those that are in the price, each that is begun.
fn further_minutes(seconds: f64, included: f64) -> u64 {
    // A hundredth of a minute over is not begun.
    (seconds / 60.0 - included - 0.01).ceil().max(0.0) as u64
}

fn mixing(name: &str, item: &Item, rates: &Rates, lines: &mut Vec<Line>) {
    let rate = &rates.mixing;
    push(lines, name, "mix", 1, rate.per_song);
    let tracks = (item.files.len() as u64).saturating_sub(u64::from(rate.tracks_included));
    push(lines, name, "further tracks to mix", tracks, rate.per_further_track);
    push(
        lines,
        name,
        "further minutes to mix",
        further_minutes(item.seconds, rate.minutes_included),
        rate.per_further_minute,
    );
}

fn mastering(name: &str, songs: u64, seconds: f64, destinations: u64, rates: &Rates, lines: &mut Vec<Line>) {
    let rate = &rates.mastering;
    push(lines, name, "songs to master", songs, rate.per_song);
    let minutes = further_minutes(seconds, rate.minutes_included * songs as f64);
    push(lines, name, "further minutes to master", minutes, rate.per_further_minute);
    push(lines, name, "further destinations", songs * (destinations - 1), rate.per_further_destination);
}

fn stems(name: &str, item: &Item, destinations: u64, rates: &Rates, lines: &mut Vec<Line>) {
    let rate = &rates.stem_mastering;
    push(lines, name, "song to master from stems", 1, rate.per_song);
    let more = (item.files.len() as u64).saturating_sub(u64::from(rate.stems_included));
    push(lines, name, "further stems", more, rate.per_further_stem);
    push(
        lines,
        name,
        "further minutes to master",
        further_minutes(item.seconds, rate.minutes_included),
        rate.per_further_minute,
    );
    push(lines, name, "further destinations", destinations - 1, rate.per_further_destination);
}

impl Quote {
    /// As a sheet.
    #[must_use]
    pub fn paper(&self) -> Paper {
        let mut paper = Paper::new("Quote");
        let money = |amount: f64| format!("{amount:.2} {}", self.currency);
        let columns = [
            ("for", Align::Left),
            ("work", Align::Left),
            ("count", Align::Right),
            ("each", Align::Right),
            ("amount", Align::Right),
        ];
        let row = |line: &Line| {
            vec![
                line.about.clone(),
                line.what.clone(),
                line.count.to_string(),
                money(line.each),
                money(line.amount),
            ]
        };
        let mut rows: Vec<Vec<String>> = self.lines.iter().map(row).collect();
        let sum = |name: &str, amount: f64| {
            vec![String::new(), name.to_owned(), String::new(), String::new(), money(amount)]
        };
        rows.push(sum("net", self.net));
        if self.tax > 0.0 {
            rows.push(sum("tax", self.tax));
            rows.push(sum("total", self.total));
        }
        paper.table(columns, rows);
        self.remarks.iter().for_each(|remark| paper.text(remark.clone()));
        paper
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn assessment(kind: Kind, files: usize, seconds: f64, destinations: usize, need: Need) -> Assessment {
        let step = crate::assess::Step {
            need,
            about: String::new(),
            because: Vec::new(),
            seconds_here: None,
            command: String::new(),
        };
        let files = (0..files).map(|n| PathBuf::from(format!("{n}.wav"))).collect();
        let item = Item {
            kind,
            path: PathBuf::from("song"),
            files,
            seconds,
            states: Vec::new(),
            lufs: Vec::new(),
            room: Vec::new(),
            figures: Vec::new(),
        };
        Assessment {
            items: vec![item],
            advice: Vec::new(),
            steps: vec![step],
            destinations: (0..destinations).map(|n| n.to_string()).collect(),
            question: Vec::new(),
            unreadable: Vec::new(),
        }
    }

    #[test]
    fn work_is_counted_from_the_material_by_hand() {
        let rates = rates(None).unwrap();
        // 30 tracks, 6 minutes and a half, three destinations: 300 + 6·5 + 2·20; 60 + 1·5 + 2·10.
        let found = quote(&assessment(Kind::Tracks, 30, 390.0, 3, Need::Mixing), &rates);
        assert_eq!(found.net, 300.0 + 30.0 + 40.0 + 60.0 + 5.0 + 20.0);
        // 12 songs in 50 minutes on two destinations: 12·60 + 0 + 12·10, 12·10 + 50.
        let found = quote(&assessment(Kind::Album, 12, 3000.0, 2, Need::AlbumMastering), &rates);
        assert_eq!(found.net, 720.0 + 120.0 + 120.0 + 50.0);
        // Stems: 10 of them, 7 minutes: 120 + 2·10 + 5.
        let found = quote(&assessment(Kind::Stems, 10, 420.0, 0, Need::StemMastering), &rates);
        assert_eq!(found.net, 145.0);
        assert!(found.remarks[0].contains("No destination"));
        // A master that needs nothing costs nothing.
        assert_eq!(quote(&assessment(Kind::Song, 1, 200.0, 1, Need::Nothing), &rates).total, 0.0);
        let taxed = Rates { tax_percent: 19.0, ..rates };
        let found = quote(&assessment(Kind::Song, 1, 200.0, 1, Need::Mastering), &taxed);
        assert_eq!((found.net, found.tax, found.total), (60.0, 11.4, 71.4));
        assert!(found.paper().markdown().contains("71.40 EUR"));
    }

    #[test]
    fn rates_of_ones_own_are_checked() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rates.toml");
        for (from, to) in [
            ("per_song = 300.0", "per_song = -1.0"),
            ("per_song = 300.0", "per_sonk = 1.0"),
            ("300.0", "inf"),
        ] {
            std::fs::write(&path, STANDARD.replacen(from, to, 1)).unwrap();
            let error = rates(Some(&path)).unwrap_err();
            assert_eq!(error.code, "bad_rates");
            assert!(error.hint.is_some());
        }
    }
}
