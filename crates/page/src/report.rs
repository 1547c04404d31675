//! The report of one file, of two, or of a folder of masters.

use crate::asked::Ask;
use crate::heard::{name_of, sums};
use crate::markup::{Element, Markup, el};
use crate::part::delivery::Delivered;
use crate::part::verdict::{self, Verdict};
use crate::part::{
    changes, decisions, delivery, elsewhere, findings, identity, log, needs, numbers, services, words,
};
use crate::picture::{self, clock};
use crate::shell::{head, page, section};
use crate::song::{Song, Wish, song};
use crate::sound::Place;
use advice::assess::Advice;
use advice::history;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use studio::decode;
use studio::files::read_text;
use studio::job::{self, Job};
use studio::master::chain::Chain;
use studio::message::{Error, Kind, Result, clean_name};
use studio::meters;

/// What the report is about.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// One file.
    One(PathBuf),
    /// Two versions of one sound, the earlier first.
    Pair(PathBuf, PathBuf),
    /// A folder that `master` wrote.
    Masters {
        /// The folder, with `master.toml` in it.
        folder: PathBuf,
        /// The print; looked for beside and above the masters without.
        print: Option<PathBuf>,
        /// Which master is shown; the first without.
        target: Option<String>,
    },
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// What it is about.
    pub what: What,
    /// Head of the page; the title of the song without.
    pub title: Option<String>,
    /// Where one file shall go, by name; empty when that is not decided.
    pub destinations: Vec<String>,
    /// Logs of the mix or master: one for its decisions, two for what the engineer changed between them.
    pub logs: Vec<PathBuf>,
    /// The sound.
    pub wish: Wish,
    /// The command that makes the page again.
    pub command: String,
}

/// A page that is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The page.
    pub html: String,
    /// Scripts with sound, for the folder of the same name ending in `.sound`: name and text.
    pub scripts: Vec<(String, String)>,
    /// What it says, for programs.
    pub summary: Value,
}

/// A run of `master` as it lies on the disk.
struct Masters {
    chain: Chain,
    delivered: Vec<Delivered>,
    shown: usize,
    print: Option<PathBuf>,
    notes: Vec<String>,
}

/// Makes a report that is to be called `output`. A song of four minutes, before and after, takes under five seconds.
///
/// # Errors
/// What reading, writing and encoding say; `no_master` for a folder without masters; `interrupted`.
pub fn report(request: &Request, output: &Path, job: &Job<'_>) -> Result<Page> {
    let masters = match &request.what {
        What::Masters { folder, print, target } => {
            Some(masters(folder, print.as_deref(), target.as_deref(), job)?)
        }
        _ => None,
    };
    let (before, after) = match (&request.what, &masters) {
        (What::Pair(before, after), _) => (Some(before.clone()), after.clone()),
        (What::One(path), _) => (None, path.clone()),
        (What::Masters { folder, .. }, masters) => {
            let masters = masters.as_ref();
            let shown = masters.and_then(|masters| masters.delivered.get(masters.shown)?.path.clone());
            (masters.and_then(|masters| masters.print.clone()), shown.ok_or_else(|| no_master(folder))?)
        }
    };
    let asking = match (&request.what, &before) {
        (What::One(_), _) | (_, None) => Ask::One(request.destinations.clone()),
        _ => Ask::Pair,
    };
    let song = song((before.as_deref(), &after), (&request.wish, &asking), (output, "p1"), job)?;
    compose(request, &song, masters.as_ref())
}

fn no_master(folder: &Path) -> Error {
    Error::input("no_master", "there is no master of master.toml in the folder")
        .at(folder.display())
        .hint("give the folder that `tonmeister master -o` wrote, or two files")
}

/// Reads a folder of masters and measures every file in it.
fn masters(folder: &Path, print: Option<&Path>, target: Option<&str>, job: &Job<'_>) -> Result<Masters> {
    let chain = Chain::load(&folder.join("master.toml"))
        .map_err(|errors| errors.into_iter().next().unwrap_or_else(|| no_master(folder)))?;
    let delivered = job::each(chain.deliveries.len(), 1, "measure", job, |n, job| {
        chain.deliveries.get(n).ok_or_else(|| no_master(folder)).and_then(|own| delivered(folder, own, job))
    })?;
    let wanted = |one: &Delivered| target.is_none_or(|target| one.delivery.target == target.trim());
    let shown = delivered
        .iter()
        .position(|one| one.path.is_some() && wanted(one))
        .ok_or_else(|| no_master(folder))?;
    let mut notes = Vec::new();
    let print = match print {
        Some(print) => Some(print.to_owned()),
        None => beside(folder, &chain),
    };
    match &print {
        None => notes.push(format!(
            "The print {} was not found beside the masters: the report shows the master alone. Name it with --print.",
            clean_name(&chain.source_file)
        )),
        Some(path) if !is_source(path, &chain) => notes.push(format!(
            "{} is not the file the masters were made from: its checksum differs.",
            clean_name(path.display())
        )),
        Some(_) => {}
    }
    Ok(Masters { chain, delivered, shown, print, notes })
}

/// The print, where people keep it.
fn beside(folder: &Path, chain: &Chain) -> Option<PathBuf> {
    let name = Path::new(&chain.source_file).file_name()?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    [folder.join(name), folder.join("..").join(name), above.join(name)]
        .into_iter()
        .find(|path| is_source(path, chain))
}

fn is_source(path: &Path, chain: &Chain) -> bool {
    path.is_file() && sums(path).is_ok_and(|(_, _, blake3)| blake3 == chain.source_blake3)
}

/// A master, in the folder or in that of its target.
fn delivered(folder: &Path, own: &studio::master::chain::Delivery, job: &Job<'_>) -> Result<Delivered> {
    let name = Path::new(&own.file).file_name().unwrap_or_default();
    let places = [folder.join(name), folder.join(&own.target).join(name)];
    let path = places.into_iter().find(|path| path.is_file());
    let (mut measured, mut bytes, mut sha256) = (None, 0, String::new());
    if let Some(path) = &path {
        let at = |error: Error| error.at(path.display());
        measured = Some(
            meters::measure(decode::open(path, decode::Options::default()).map_err(at)?.as_mut(), job)
                .map_err(at)?,
        );
        (bytes, sha256, _) = sums(path)?;
    }
    Ok(Delivered { delivery: own.clone(), path, measured, bytes, sha256 })
}

/// Verdict of a song, and what was found: of the later file, then of the first one.
fn judge(song: &Song) -> (Verdict, Vec<Advice>, &'static str) {
    let of_first = &song.asked.advice;
    let Some(before) = &song.before else {
        let verdict =
            song.asked.assessment.as_ref().map_or_else(|| Verdict::plain(&song.title()), verdict::of_one);
        let alone = of_first.iter().map(|advice| Advice { about: String::new(), ..advice.clone() });
        return (verdict, alone.collect(), "What it means, what was measured, and what to do.");
    };
    let own = verdict::findings(before, &song.after, song.pairing.as_ref());
    let verdict = verdict::of_pair(before, &song.after, song.asked.comparison.as_ref(), &own);
    let mut found: Vec<Advice> = own.iter().map(Advice::of).collect();
    found.extend(
        of_first.iter().map(|advice| Advice { about: format!("before, {}", before.name), ..advice.clone() }),
    );
    (verdict, found, "Of the later file, and of the earlier one as a mix. Every line ends in what to do.")
}

/// Parts of a page in their order, each with its name for the list of parts.
struct Parts {
    nav: Vec<(&'static str, &'static str)>,
    content: Markup,
}

impl Parts {
    fn with(mut self, id: &'static str, name: &'static str, part: Option<Element>) -> Self {
        if let Some(part) = part {
            self.nav.push((id, name));
            self.content = self.content.with(part);
        }
        self
    }
}

fn compose(request: &Request, song: &Song, masters: Option<&Masters>) -> Result<Page> {
    let (verdict, found, about) = judge(song);
    let (before, after, asked) = (song.before.as_ref(), &song.after, &song.asked);
    let title = request.title.clone().unwrap_or_else(|| song.title());
    let brand = if masters.is_some() { "Mastering report" } else { "Sound report" };
    let shown = masters.and_then(|masters| Some((masters, masters.delivered.get(masters.shown)?)));
    let named: Vec<_> = match before {
        Some(before) => vec![("before", before), ("after", after)],
        None => vec![("file", after)],
    };
    let notes = notes(request, song, masters);
    let first = Markup::from(verdict.part()).with(numbers::tiles(before, after));
    let parts = Parts { content: first, nav: Vec::new() };
    let parts = parts
        .with("listen", "Listen", song.listening.as_ref().map(listen))
        .with("needs", "Next", asked.assessment.as_ref().filter(|_| before.is_none()).map(needs::part))
        .with("changes", "Changes", asked.comparison.as_ref().map(changes::part))
        .with("findings", "Findings", Some(findings::part(&found, about)))
        .with(
            "decisions",
            "Decisions",
            shown.map(|(masters, shown)| decisions::part(&masters.chain, &shown.delivery)),
        )
        .with("log", "Settings", log(&request.logs)?)
        .with("pictures", "Pictures", Some(pictures(song)))
        .with("elsewhere", "Elsewhere", asked.translation.as_ref().map(|found| elsewhere::part(found, after)))
        .with("numbers", "Numbers", Some(numbers::part(before, after)))
        .with("services", "Services", services::part(before, after)?)
        .with("delivery", "Delivery", masters.map(|masters| delivery::part(&masters.delivered)))
        .with("words", "Words", Some(words::part()))
        .with("identity", "Files", Some(identity::part(&named, &request.command, &notes)));
    let head = head(brand, &title, &lead(song));
    let html = page(&title, head, &parts.nav, parts.content, request.wish.place == Place::Beside);
    let scripts = song.listening.iter().flat_map(|listening| {
        (0..listening.sides.len())
            .filter_map(|n| Some((format!("{}-{n}.js", listening.id), listening.script(n)?)))
    });
    let scripts = scripts.collect();
    Ok(Page { html, scripts, summary: summary(song, &verdict, &found, &title) })
}

/// Longest log that is read: that of sessions.
const MOST_LOG_BYTES: u64 = studio::session::MOST_TEXT_BYTES as u64;

/// What the logs say, if there are any.
fn log(logs: &[PathBuf]) -> Result<Option<Element>> {
    let read = |path: &PathBuf| Ok((read_text(path, "the log", MOST_LOG_BYTES)?, name_of(path)));
    let texts = logs.iter().map(read).collect::<Result<Vec<(String, String)>>>()?;
    match texts.as_slice() {
        [] => Ok(None),
        [(text, name)] => Ok(Some(log::all(&history::recall(text, name)?))),
        [(old, before), .., (new, after)] => {
            Ok(Some(log::changes(&history::diff((old, before), (new, after))?)))
        }
    }
}

/// The line under the head: which files, how long.
fn lead(song: &Song) -> String {
    let long = clock(song.after.measured.duration_seconds);
    match &song.before {
        Some(before) => format!("{} → {}, {long}", before.name, song.after.name),
        None => format!("{}, {long}", song.after.name),
    }
}

fn listen(listening: &crate::player::Listening) -> Element {
    let text = match listening.sides.len() {
        1 => format!("{}, from {} on.", clock(listening.seconds), clock(listening.start_seconds)),
        _ => format!(
            "{}, from {} on. Both versions run together and are equally loud; the louder one is turned down. Switch as often as you like: the place is kept.",
            clock(listening.seconds),
            clock(listening.start_seconds)
        ),
    };
    let format = listening
        .sides
        .first()
        .map_or_else(String::new, |side| format!("{}, {} Hz.", side.clip.format, listening.rate_hz));
    section("listen", "Listen").child(
        el("div").class("card").child(el("p").text(format!("{text} {format}"))).child(listening.section()),
    )
}

/// All pictures.
fn pictures(song: &Song) -> Element {
    let (before, after) = (song.before.as_ref(), &song.after);
    let pair = before.is_some();
    let mut plots = Vec::new();
    plots.extend(before.map(|before| picture::wave::plot(before, "before", "a")));
    plots.push(picture::wave::plot(after, if pair { "after" } else { "whole length" }, "b"));
    plots.extend(picture::loudness::plot(before, after));
    plots.extend(
        song.pairing
            .as_ref()
            .and_then(|pairing| picture::change::plot(pairing, after.measured.duration_seconds)),
    );
    plots.extend(picture::tone::spectra(before, after));
    plots.extend(song.asked.comparison.as_ref().and_then(picture::tone::difference));
    plots.extend(song.asked.comparison.as_ref().and_then(picture::held::plot));
    plots.extend(before.and_then(|before| picture::gram::plot(before, ", before", true)));
    plots.extend(picture::gram::plot(after, if pair { ", after" } else { "" }, pair));
    let field = picture::stereo::field(before, after);
    let widths = picture::stereo::widths(before, after);
    // Two stand beside each other: what would stand alone gets the peaks as its neighbour.
    let halves = plots.iter().chain(&widths).filter(|plot| plot.half).count() + usize::from(field.is_some());
    let peaks = picture::Plot { half: halves % 2 == 1, ..picture::peaks::plot(before, after) };
    let figures = plots.iter().map(picture::Plot::figure).chain(field);
    let figures = figures.chain(widths.iter().chain([&peaks]).map(picture::Plot::figure));
    section("pictures", "Pictures").child(el("div").class("plots").children(figures))
}

fn notes(request: &Request, song: &Song, masters: Option<&Masters>) -> Vec<String> {
    let mut notes: Vec<String> = masters.map_or_else(Vec::new, |masters| masters.notes.clone());
    if let Some(pairing) = song.pairing.as_ref().filter(|pairing| pairing.aligned) {
        notes.push(format!(
            "The two files were laid on each other to the sample: {} samples apart, likeness {:.3} of 1.",
            pairing.lag_frames, pairing.likeness
        ));
    }
    if song.listening.is_none() && request.wish.place != Place::None {
        notes.push(
            "There is no player: pages play one or two channels, and two versions of the same channels."
                .to_owned(),
        );
    }
    notes
}

fn summary(song: &Song, verdict: &Verdict, found: &[Advice], title: &str) -> Value {
    let file = |heard: &crate::heard::Heard| {
        let mut measured = heard.measured.clone();
        measured.curves = None;
        json!({ "file": heard.path.display().to_string(), "bytes": heard.bytes, "sha256": heard.sha256, "blake3": heard.blake3, "measurements": measured })
    };
    let listening = song.listening.as_ref().map(|listening| {
        json!({
            "start_seconds": listening.start_seconds,
            "seconds": listening.seconds,
            "format": listening.sides.first().map(|side| side.clip.format.clone()),
            "lufs": listening.sides.iter().map(|side| side.clip.integrated_lufs).collect::<Vec<_>>(),
            "gains_db": listening.modes.first().map(|mode| mode.1.clone()),
        })
    });
    json!({
        "title": title,
        "verdict": { "state": verdict.state, "head": verdict.head, "lines": verdict.lines },
        "files": song.files().into_iter().map(file).collect::<Vec<_>>(),
        "alignment": song.pairing,
        "player": listening,
        "findings": found,
        "needs": song.asked.assessment.as_ref().map(|found| json!({ "items": found.items, "steps": found.steps })),
        "changes": song.asked.comparison.as_ref().map(|found| &found.sentences),
        "elsewhere": song.asked.translation.as_ref().map(|found| &found.places),
    })
}

/// A folder of masters, told by its `master.toml`.
#[must_use]
pub fn is_masters(path: &Path) -> bool {
    path.is_dir() && path.join("master.toml").is_file()
}

/// Refuses what cannot be: an excerpt of no length.
///
/// # Errors
/// `bad_seconds`.
pub fn check_seconds(seconds: f64) -> Result<()> {
    if (2.0..=crate::sound::MOST_SECONDS).contains(&seconds) {
        return Ok(());
    }
    let what = format!("an excerpt of {seconds} s cannot be played");
    Err(Error::new(Kind::Usage, "bad_seconds", what).hint("from 2 to 900 seconds"))
}
