//! Before and after of many songs on one page.

use crate::asked::Ask;
use crate::markup::{Element, Markup, el};
use crate::part::changes::headlines;
use crate::part::numbers;
use crate::picture::{Plot, clock, tone, wave};
use crate::report::{Page, is_masters};
use crate::shell::{head, page};
use crate::song::{Song, Wish, song};
use crate::sound::Place;
use serde_json::json;
use std::path::{Path, PathBuf};
use studio::decode;
use studio::job::Job;
use studio::master::chain::Chain;
use studio::message::{Error, Kind, Result};

/// A pair of files of one song.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// Name on the page; that of the file without.
    pub title: Option<String>,
    /// The earlier.
    pub before: PathBuf,
    /// The later.
    pub after: PathBuf,
}

/// Most songs on a page: what browsers open without trouble. By convention.
const MOST_SONGS: usize = 200;

/// The pairs of a folder: every folder in it that holds a `before` and an `after` of any format, or masters with their print; and the
/// folder itself if it is such a one. In the order of their names.
///
/// # Errors
/// `no_pairs`, `too_many`; what reading the folders says.
pub fn pairs(folder: &Path) -> Result<Vec<Pair>> {
    let failed = |error: std::io::Error| Error::io(folder, "read the folder", &error);
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        folders.extend(path.is_dir().then_some(path));
    }
    folders.sort();
    let mut found: Vec<Pair> = Vec::new();
    for folder in std::iter::once(folder.to_owned()).chain(folders) {
        found.extend(pair_of(&folder)?);
    }
    match found.len() {
        0 => Err(Error::input("no_pairs", "no folder with a before and an after in it")
            .at(folder.display())
            .hint("a folder a song with before.wav and after.wav, or with what `tonmeister master` wrote and its print")),
        n if n > MOST_SONGS => Err(Error::new(Kind::Limit, "too_many", format!("{n} songs; a page holds {MOST_SONGS}")).at(folder.display())),
        _ => Ok(found),
    }
}

fn pair_of(folder: &Path) -> Result<Option<Pair>> {
    let title = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    if is_masters(folder) {
        let chain = Chain::load(&folder.join("master.toml"));
        let chain = chain.map_err(|errors| {
            errors
                .into_iter()
                .next()
                .unwrap_or_else(|| Error::input("not_toml", "master.toml cannot be read"))
        })?;
        let after =
            chain.deliveries.iter().map(|delivery| folder.join(&delivery.file)).find(|path| path.is_file());
        let name = Path::new(&chain.source_file).file_name().map(PathBuf::from).unwrap_or_default();
        let before =
            [folder.join(&name), folder.join("..").join(&name)].into_iter().find(|path| path.is_file());
        return Ok(before.zip(after).map(|(before, after)| Pair { title, before, after }));
    }
    let mut files = Vec::new();
    let failed = |error: std::io::Error| Error::io(folder, "read the folder", &error);
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        files.push(entry.map_err(failed)?.path());
    }
    files.sort();
    let named = |stem: &str| {
        let mut own = files.iter().filter(|path| {
            path.is_file() && path.file_stem().is_some_and(|own| own.eq_ignore_ascii_case(stem))
        });
        own.find(|path| decode::probe(path).is_ok()).cloned()
    };
    Ok(named("before").zip(named("after")).map(|(before, after)| Pair { title, before, after }))
}

/// Makes the page that is to be called `output`.
///
/// # Errors
/// What reading, writing and encoding say, with the file; `interrupted`.
pub fn gallery(pairs: &[Pair], title: &str, wish: &Wish, output: &Path, job: &Job<'_>) -> Result<Page> {
    let mut cards = Vec::new();
    let (mut scripts, mut songs) = (Vec::new(), Vec::new());
    for (n, pair) in pairs.iter().enumerate() {
        job.step("songs", n as u64, pairs.len() as u64)?;
        let id = format!("p{}", n + 1);
        let song = song((Some(&pair.before), &pair.after), (wish, &Ask::Changes), (output, &id), job)?;
        let name = pair.title.clone().unwrap_or_else(|| song.title());
        if let Some(listening) = &song.listening {
            scripts.extend(
                (0..listening.sides.len())
                    .filter_map(|n| Some((format!("{id}-{n}.js"), listening.script(n)?))),
            );
        }
        cards.push(card(&song, &name));
        songs.push(json!({
            "title": name,
            "before_lufs": song.before.as_ref().and_then(|before| before.measured.integrated_lufs),
            "after_lufs": song.after.measured.integrated_lufs,
            "aligned": song.pairing.as_ref().is_some_and(|pairing| pairing.aligned),
            "changes": song.asked.comparison.as_ref().map(|found| &found.sentences),
        }));
    }
    let lead = format!(
        "{} songs, before and after. Both versions of a song play equally loud, so that the ear judges the sound and not the level.",
        pairs.len()
    );
    let content = Markup::from(el("div").class("songs").children(cards));
    let html = page(title, head("Before and after", title, &lead), &[], content, wish.place == Place::Beside);
    Ok(Page { html, scripts, summary: json!({ "title": title, "songs": songs }) })
}

fn card(song: &Song, name: &str) -> Element {
    let tag = |key: &str| {
        let tags = &song.after.info.metadata.tags;
        tags.iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(key))
            .map(|(_, text)| el("span").class("tag").text(text))
    };
    let line = el("p").class("unit").child(tag("genre")).text(clock(song.after.measured.duration_seconds));
    let small = |plot: Plot| Plot { height_px: 110, ..plot }.plot();
    let changed = song.asked.comparison.as_ref();
    let difference = changed
        .and_then(tone::difference)
        .map(|plot| el("div").child(el("h3").text("Tone: after less before")).child(small(plot)));
    let words: Vec<Element> =
        changed.into_iter().flat_map(headlines).map(|line| el("li").text(line)).collect();
    let words = (!words.is_empty()).then(|| el("ul").class("headlines").children(words));
    let waves = song.before.as_ref().map(|before| small(wave::plot(before, "before", "a")));
    el("article")
        .class("card")
        .child(el("h2").text(name))
        .child(line)
        .child(song.listening.as_ref().map(crate::player::Listening::section))
        .child(numbers::tiles(song.before.as_ref(), &song.after))
        .child(words)
        .child(el("h3").text("Waveform: before, after"))
        .child(waves)
        .child(small(wave::plot(&song.after, "after", "b")))
        .child(difference)
}
