//! A song on a page: one version or two, heard, laid on each other, and cut for the player.

use crate::asked::{Ask, Asked, ask, lossy, needs};
use crate::heard::{Heard, STRETCH_SECONDS, playable};
use crate::pair::{Levels, Pairing, lag_frames, loudest_seconds, page_rate_hz, walk};
use crate::part::services;
use crate::picture::wave::columns;
use crate::player::{Listening, Side};
use crate::sound::{Clip, MOST_SECONDS, Place, Recorder, matching_db, only_down, stretch};
use advice::assess::Assessment;
use advice::translate::Said;
use dsp::math::db_to_gain;
use std::path::{Path, PathBuf};
use studio::job::{self, Job};
use studio::message::{Error, Kind, Result};
use studio::targets::Codec;

/// Bars of the waveform of a player.
const BARS: usize = 260;
/// Length of the stretch by which a lossy stream is judged: encoders are slow, and the loudest stretch is the hardest. By convention.
pub const LOSSY_SECONDS: f64 = 20.0;

/// What is wanted of the sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wish {
    /// Where it goes.
    pub place: Place,
    /// How it is packed; lossless without.
    pub codec: Option<Codec>,
    /// Length of an excerpt.
    pub seconds: f64,
}

/// A song.
#[derive(Debug, Clone)]
pub struct Song {
    /// The earlier version, if there are two.
    pub before: Option<Heard>,
    /// The later version, or the only one.
    pub after: Heard,
    /// How they lie against each other; `None` for one, and for two of channels that cannot be held against each other.
    pub pairing: Option<Pairing>,
    /// What is played.
    pub listening: Option<Listening>,
    /// What the advice says of it.
    pub asked: Asked,
}

impl Song {
    /// One or two files, the earlier first.
    #[must_use]
    pub fn files(&self) -> Vec<&Heard> {
        self.before.iter().chain([&self.after]).collect()
    }

    /// Its name: the title it is tagged with, else the name of its file without the ending.
    #[must_use]
    pub fn title(&self) -> String {
        let tag = |heard: &Heard| {
            let tags = &heard.info.metadata.tags;
            tags.iter()
                .find(|(key, text)| key.eq_ignore_ascii_case("title") && !text.trim().is_empty())
                .map(|(_, text)| text.clone())
        };
        let named = || {
            self.after
                .path
                .file_stem()
                .map_or_else(|| self.after.name.clone(), |stem| stem.to_string_lossy().into_owned())
        };
        tag(&self.after).or_else(|| self.before.as_ref().and_then(tag)).unwrap_or_else(named)
    }
}

/// A version against the other, and what is played of both.
type Laid = (Option<Pairing>, Option<Listening>);

enum Part {
    Song(Box<Song>),
    Needs(Box<Assessment>),
    Laid(Box<Laid>),
    Lossy(Vec<Said>),
}

/// Hears a song. `output` is where the page will be: temporary files stand beside it.
///
/// # Errors
/// What reading, writing and encoding say; `interrupted`.
pub fn song(
    files: (Option<&Path>, &Path),
    (wish, asking): (&Wish, &Ask),
    place: (&Path, &str),
    job: &Job<'_>,
) -> Result<Song> {
    let Ask::One(destinations) = asking else { return laid(files, (wish, asking), place, job) };
    // What it needs takes as long as all the rest: both at once.
    let parts = job::each(2, 4, "listen", job, |n, job| match n {
        0 => Ok(Part::Needs(Box::new(needs(files.1, destinations, job)?))),
        _ => Ok(Part::Song(Box::new(laid(files, (wish, asking), place, job)?))),
    })?;
    let (mut song, mut found) = (None, None);
    for part in parts {
        match part {
            Part::Song(own) => song = Some(*own),
            Part::Needs(own) => found = Some(*own),
            Part::Laid(_) | Part::Lossy(_) => {}
        }
    }
    let mut song = song.ok_or_else(nothing)?;
    song.asked.advice = found.as_ref().map_or_else(Vec::new, |found| found.advice.clone());
    song.asked.assessment = found;
    Ok(song)
}

fn nothing() -> Error {
    Error::new(Kind::Internal, "nothing_heard", "nothing was heard")
}

/// Hears one or two files, lays them on each other and cuts the sound.
fn laid(
    (before, after): (Option<&Path>, &Path),
    (wish, asking): (&Wish, &Ask),
    (output, id): (&Path, &str),
    job: &Job<'_>,
) -> Result<Song> {
    let (mut heard, asked) = ask((before, after), asking, job)?;
    let after = heard.pop().ok_or_else(nothing)?;
    let mut song = Song { before: heard.pop(), after, pairing: None, listening: None, asked };
    let elsewhere = song.asked.translation.is_some();
    let parts = job::each(1 + usize::from(elsewhere), 2, "lay", job, |n, job| match n {
        0 => Ok(Part::Laid(Box::new(lay(&song, wish, (output, id), job)?))),
        _ => {
            let short = stretch(&song.after, LOSSY_SECONDS, output, job)?;
            Ok(Part::Lossy(lossy(short.temporary(), job)?))
        }
    })?;
    for part in parts {
        match part {
            Part::Laid(own) => (song.pairing, song.listening) = *own,
            Part::Lossy(said) => {
                song.asked.translation.iter_mut().for_each(|found| found.places.extend(said.clone()))
            }
            Part::Song(_) | Part::Needs(_) => {}
        }
    }
    Ok(song)
}

/// Lays the versions on each other and cuts the sound.
fn lay(song: &Song, wish: &Wish, (output, id): (&Path, &str), job: &Job<'_>) -> Result<Laid> {
    let after = &song.after;
    let (rate_hz, channels) = (page_rate_hz(after.info.sample_rate_hz), after.info.channels());
    let fits = song
        .before
        .as_ref()
        .is_none_or(|before| before.info.channels() == channels || before.info.channels() == 1);
    if !fits {
        return Ok((None, None));
    }
    let alignment = song.asked.comparison.as_ref().map(|found| found.alignment);
    let lag_frames = alignment.as_ref().map_or(0, |alignment| lag_frames(alignment, rate_hz));
    let window = window(after, wish, rate_hz, lag_frames);
    let files = song.files();
    let plays = wish.place != Place::None && playable(&after.info) && window.1 > 0;
    let largest =
        files.iter().map(|heard| db_to_gain(heard.measured.true_peak_worst_dbtp())).fold(0.0, f64::max);
    let mut recorder = plays
        .then(|| Recorder::new(output, files.len(), (rate_hz, channels), window, largest))
        .transpose()?;
    let mut levels = Levels::new(rate_hz);
    if recorder.is_some() || files.len() > 1 {
        walk(&files, (rate_hz, channels), lag_frames, job, |at, blocks| {
            levels.push(at, blocks);
            recorder.as_mut().map_or(Ok(()), |recorder| recorder.push(at, blocks))
        })?;
    }
    let clips = recorder.map(|recorder| recorder.finish(wish.codec, job)).transpose()?;
    let listening =
        clips.map(|clips| listening(song, wish, (output, id), (rate_hz, window), clips)).transpose()?;
    let pairing = alignment.map(|alignment| {
        let (usual_db, changes) = levels.finish();
        let (likeness, inverted) = (alignment.likeness, alignment.inverted);
        Pairing {
            lag_frames,
            rate_hz,
            likeness,
            inverted,
            aligned: alignment.same_recording,
            usual_db,
            changes,
        }
    });
    Ok((pairing, listening))
}

/// First frame and frames of what is played, in the time of the later version.
fn window(after: &Heard, wish: &Wish, rate_hz: u32, lag_frames: i64) -> (u64, u64) {
    let rate = f64::from(rate_hz);
    let all = (after.measured.duration_seconds * rate) as u64;
    let first = u64::try_from(lag_frames).unwrap_or(0);
    let (from, seconds) = match wish.place {
        Place::Excerpt => (loudest_seconds(after, wish.seconds), wish.seconds),
        _ => (0.0, MOST_SECONDS),
    };
    let from = ((from * rate) as u64).max(first).min(all);
    (from, ((seconds * rate) as u64).min(all - from))
}

fn listening(
    song: &Song,
    wish: &Wish,
    (output, id): (&Path, &str),
    (rate_hz, (from, frames)): (u32, (u64, u64)),
    clips: Vec<Clip>,
) -> Result<Listening> {
    let rate = f64::from(rate_hz);
    let (start_seconds, seconds) = (from as f64 / rate, frames as f64 / rate);
    let lufs: Vec<Option<f64>> = clips.iter().map(|clip| clip.integrated_lufs).collect();
    let mut modes = Vec::new();
    if clips.len() > 1 {
        modes.push(("equally loud".to_owned(), matching_db(&lufs)));
    }
    modes.extend(services::levels(&song.files())?.into_iter().map(|(name, gains)| (name, only_down(&gains))));
    let names: &[&str] = if clips.len() > 1 { &["Before", "After"] } else { &["Sound"] };
    let folder = sound_folder(output);
    let folder = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let side = |(n, (clip, name)): (usize, (Clip, &&str))| Side {
        name: (*name).to_owned(),
        clip,
        beside: (wish.place == Place::Beside).then(|| format!("{}/{id}-{n}.js", address(&folder))),
    };
    let first = (start_seconds / STRETCH_SECONDS) as usize;
    let last = (((start_seconds + seconds) / STRETCH_SECONDS) as usize).min(song.after.stretches.len());
    let (wave, _) = columns(song.after.stretches.get(first..last).unwrap_or(&[]), BARS);
    let sides = clips.into_iter().zip(names).enumerate().map(side).collect();
    Ok(Listening { id: id.to_owned(), rate_hz, start_seconds, seconds, sides, modes, wave })
}

/// The folder beside a page for its sound.
#[must_use]
pub fn sound_folder(page: &Path) -> PathBuf {
    page.with_extension("sound")
}

/// A name as part of an address. Source: RFC 3986, 2.3: all but unreserved characters are written as percent and two digits.
fn address(name: &str) -> String {
    let letter = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    name.bytes().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_becomes_an_address() {
        assert_eq!(address("a b#%ü.sound"), "a%20b%23%25%C3%BC.sound");
        assert_eq!(sound_folder(Path::new("x/report.html")), Path::new("x/report.sound"));
    }
}
