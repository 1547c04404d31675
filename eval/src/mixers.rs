//! Who mixes: the assistant, and those it is compared with.

use crate::truth::Truth;
use assistant::decide::{Ask, Balance, decide};
use assistant::hear::{self, Song};
use assistant::moves::{Family, Strengths};
use assistant::styles::Style;
use dsp::rng::CounterRng;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use studio::job::Job;
use studio::message::{Error, Finding};
use studio::mix::Group;
use studio::session::Session;

/// Somebody who makes a session of a folder.
#[derive(Debug, Clone, PartialEq)]
pub enum Mixer {
    /// Every track as it is.
    Unity,
    /// Every track equally loud.
    EqualLoudness,
    /// Equally loud, then up to 6 dB up or down.
    Random(u64),
    /// The first session by loudness and names alone.
    Folder,
    /// The mix assistant, in a style, at a strength, with or without the names of the tracks.
    Assist(Assist),
}

/// How the assistant is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Assist {
    /// Style, as the assistant names it; `genre` takes the song's own.
    pub style: String,
    /// Strength of every family.
    pub strength: f64,
    /// Only this family works, all others rest.
    pub only: Option<Family>,
    /// This family rests.
    pub without: Option<Family>,
    /// Whether names of files count.
    pub names: bool,
    /// Whether a rough mix among the tracks is kept.
    pub keep_balance: bool,
}

impl Default for Assist {
    fn default() -> Self {
        Self {
            style: "genre".to_owned(),
            strength: 1.0,
            only: None,
            without: None,
            names: true,
            keep_balance: false,
        }
    }
}

impl Mixer {
    /// Its name in the table.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Unity => "unity".to_owned(),
            Self::EqualLoudness => "equal".to_owned(),
            Self::Random(seed) => format!("random{seed}"),
            Self::Folder => "folder".to_owned(),
            Self::Assist(how) => match how.without {
                Some(family) => format!("-{}", family.word()),
                None => "assist".to_owned(),
            },
        }
    }
}

/// A session and what was said about it.
#[derive(Debug, Clone)]
pub struct Mixed {
    /// Its text.
    pub text: String,
    /// The same, read.
    pub session: Session,
    /// Findings.
    pub findings: Vec<Finding>,
    /// What the assistant heard.
    pub song: Option<Song>,
    /// The balance it believes to have made.
    pub balance: Option<Balance>,
    /// Its moves.
    pub moves: Vec<assistant::moves::Move>,
}

/// Mixes a folder.
///
/// # Errors
/// Those of the mixer.
pub fn mix(mixer: &Mixer, folder: &Path, truth: &Truth, job: &Job<'_>) -> Result<Mixed, Vec<Error>> {
    let (text, findings) = match mixer {
        Mixer::Assist(how) => return assist(how, folder, truth, job),
        Mixer::Folder => {
            let options = studio::mix::FolderOptions::default();
            let made = studio::mix::folder(folder, job, options).map_err(|error| vec![error])?;
            (made.text, made.findings)
        }
        Mixer::Unity => (plain(truth, &|_, _| 0.0), Vec::new()),
        Mixer::EqualLoudness => (plain(truth, &|_, lufs| -30.0 - lufs), Vec::new()),
        Mixer::Random(seed) => {
            let rng = CounterRng::new(*seed, 0x6DB);
            (plain(truth, &|index, lufs| -30.0 - lufs + 6.0 * rng.bipolar(index as u64)), Vec::new())
        }
    };
    let session = crate::metrics::parse(&text, folder)?;
    Ok(Mixed { text, session, findings, song: None, balance: None, moves: Vec::new() })
}

/// What the assistant is asked for a song.
///
/// # Errors
/// An unknown style.
pub fn ask(how: &Assist, folder: &Path, genre: &str) -> Result<Ask, Vec<Error>> {
    let mut strengths = Strengths::all(how.strength);
    if let Some(own) = how.only {
        Family::ALL.into_iter().filter(|family| *family != own).for_each(|family| strengths.set(family, 0.0));
    }
    if let Some(family) = how.without {
        strengths.set(family, 0.0);
    }
    let style = if how.style == "genre" { genre } else { how.style.as_str() };
    Ok(Ask {
        style: Style::find(style).map_err(|error| vec![error])?,
        strengths,
        undone: std::collections::BTreeSet::new(),
        keep_balance: how.keep_balance,
        reference: None,
        roles: Vec::new(),
        folder: folder.to_path_buf(),
        way: std::path::PathBuf::new(),
        tracks: ".".to_owned(),
        decode: studio::decode::Options::default(),
    })
}

fn assist(how: &Assist, folder: &Path, truth: &Truth, job: &Job<'_>) -> Result<Mixed, Vec<Error>> {
    let options = hear::Options { ignore_names: !how.names, ..hear::Options::default() };
    let song = hear::hear(folder, job, &options).map_err(|error| vec![error])?;
    let made = decide(&song, &ask(how, folder, &truth.genre)?, None, job)?;
    let session = crate::metrics::parse(&made.text, folder)?;
    Ok(Mixed {
        text: made.text,
        session,
        findings: made.findings,
        song: Some(song),
        balance: Some(made.balance),
        moves: made.moves,
    })
}

/// A session of nothing but trims: everything that is heard of a person who does not mix.
fn plain(truth: &Truth, trim_db: &dyn Fn(usize, f64) -> f64) -> String {
    let mut text =
        format!("version = 1\n[session]\nname = \"plain\"\nsample_rate_hz = {}\n", truth.sample_rate_hz);
    for (index, track) in truth.tracks.iter().enumerate() {
        // Who does not listen does not leave clicks out either; but a mix among the tracks is seen by anyone.
        let trim =
            track.integrated_lufs.filter(|lufs| lufs.is_finite()).map_or(0.0, |lufs| trim_db(index, lufs));
        let mute = matches!(track.used_as.as_str(), "mix" | "click" | "talkback");
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "[[track]]\nid = \"t{index}\"\nfile = {:?}\ntrim_db = {:?}\nmute = {mute}\n",
            track.file,
            (trim.clamp(-60.0, 60.0) * 100.0).round() / 100.0
        );
    }
    text
}

/// The group of every track of a session: by the file it plays.
#[must_use]
pub fn groups(session: &Session, truth: &Truth) -> BTreeMap<String, Group> {
    let of = |file: &str| {
        let name = file.trim_start_matches("./");
        let track = truth
            .tracks
            .iter()
            .find(|track| track.file == name || name.ends_with(&format!("/{}", track.file)));
        let id = track.map(|track| track.group.as_str())?;
        Group::ALL.iter().copied().find(|group| group.id() == id)
    };
    session
        .tracks
        .iter()
        .filter_map(|track| Some((track.strip.id.clone(), of(&track.clips.first()?.file.id)?)))
        .collect()
}
