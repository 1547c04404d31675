//! What is not written in an `album.toml` is proposed, every value with its reason.

use super::family::{Family, Filter, Portrait, TOLERANCE_DB, Verdict, judge, left_db, out_of_reach, outside};
use super::lay::{Fades, Placed};
use super::listen::{self, Colours, Ears, Heard, for_each};
use super::passage::{self, Passage};
use super::plan::{self, Difference, Print, differences};
use super::sheet::{Album, Fade, Process, Song};
use super::tape::Player;
use super::{edges, gaps, response};
use crate::job::Job;
use crate::master::chain::{self, Step, make};
use crate::master::propose::{self as mastering, set};
use crate::master::taste::Taste;
use crate::message::{Finding, Result, Severity};
use crate::session::FadeShape;
use dsp::eq_design::Curve;
use serde::Serialize;

/// Fade put on an end that is cut off, seconds (mastering.md §5.12: at least 100 ms).
const END_FADE_SECONDS: f64 = 0.1;
/// Silence before a hidden song in the last track. By our own convention: long enough to be found by chance only.
const HIDDEN_AFTER_SECONDS: f64 = 60.0;
/// A level re the others beyond which raising or lowering it by that much is told, LU.
const FAR_LU: f64 = 6.0;

/// An album of which everything is known that a render needs.
#[derive(Debug)]
pub struct Prepared {
    /// The album, complete.
    pub album: Album,
    /// Its songs, listened to.
    pub heard: Vec<Heard>,
    /// Songs that are one piece.
    pub passages: Vec<Passage>,
    /// How each passage compares as it was printed.
    pub differences: Vec<Difference>,
    /// How loud each passage was printed.
    pub prints: Vec<Print>,
    /// Planned level of each passage re the anchor, offsets included, LU.
    pub plan_lu: Vec<f64>,
    /// The tone of the record.
    pub family: Family,
    /// What was done to the tone of each passage.
    pub tones: Vec<Toned>,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// What was done to the tone of a passage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Toned {
    /// It is as the text has it, or nothing is to be done to it.
    Own,
    /// It is of the family.
    Member,
    /// It was brought into the family.
    Moved,
    /// It was brought nearer, as far as it may be.
    Nearer,
    /// It is of another kind: left alone.
    Stranger,
}

impl Toned {
    /// Why bands may lie outside.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Own => "its tone is as the text has it",
            Self::Member | Self::Moved => "it was within before the limiter, which moved it",
            Self::Nearer => "it was moved as far as it may be; the rest is the song's own, or the mix's",
            Self::Stranger => {
                "it is of another kind and was left as it is; with an `insert` it goes where you want it"
            }
        }
    }

    /// Whether it is of the family, or was brought into it.
    #[must_use]
    pub fn is_kin(self) -> bool {
        matches!(self, Self::Member | Self::Moved)
    }
}

impl Prepared {
    /// The chain of each passage.
    pub(super) fn chains(&self) -> Vec<Vec<Step>> {
        let of = |passage: &Passage| {
            self.album.songs.get(passage.lead()).and_then(|song| song.steps.as_deref().map(chain::running))
        };
        self.passages.iter().map(|passage| of(passage).unwrap_or_default()).collect()
    }

    /// The passage a song is in.
    #[must_use]
    pub fn passage_of(&self, song: usize) -> Option<usize> {
        self.passages.iter().position(|passage| passage.songs.contains(&song))
    }

    /// The passage of the anchor.
    #[must_use]
    pub fn anchor(&self) -> Option<usize> {
        self.album.anchor().and_then(|song| self.passage_of(song))
    }
}

/// Listens to an album and completes it.
///
/// # Errors
/// What reading and the gate say; `interrupted`.
pub fn prepare(mut album: Album, job: &Job<'_>) -> Result<Prepared> {
    let heard = listen::all(&album, job)?;
    let mut findings = Vec::new();
    other_prints(&mut album, &heard, &mut findings);
    between(&mut album, &heard, &mut findings);
    let passages = passage::of(&album, &heard);
    let ears = hear_passages(&passages, &heard, job)?;
    let differences = levels(&mut album, &passages, &ears, &mut findings);
    let plan_lu = passages.iter().map(|passage| planned(&album, passage)).collect();
    let (family, tones) = tones(&mut album, &heard, &passages, &ears, &mut findings, job)?;
    let prints = ears.iter().map(|(_, print)| *print).collect();
    Ok(Prepared { album, heard, passages, differences, prints, plan_lu, family, tones, findings })
}

fn planned(album: &Album, passage: &Passage) -> f64 {
    album.songs.get(passage.lead()).map_or(0.0, |song| song.controls.level_lu + song.controls.offset_db)
}

/// Says where a print is not the one the values were proposed for.
fn other_prints(album: &mut Album, heard: &[Heard], findings: &mut Vec<Finding>) {
    for (song, heard) in album.songs.iter_mut().zip(heard) {
        if song.blake3.as_ref().is_some_and(|known| *known != heard.blake3) {
            findings.push(
                Finding::new(
                    "other_print",
                    Severity::Warning,
                    "the file is not the one its values were proposed for",
                )
                .about(&song.file)
                .limit("the same hash")
                .advice(
                    "take gap_seconds, level_lu and insert out of its [[song]] to have them proposed anew",
                ),
            );
        }
        song.blake3 = Some(heard.blake3.clone());
    }
}

/// Gaps and fades.
fn between(album: &mut Album, heard: &[Heard], findings: &mut Vec<Finding>) {
    let count = album.songs.len();
    for index in 0..count {
        let goes_on = heard.get(index + 1).is_some_and(|next| heard[index].edges.goes_on_in(&next.edges))
            && album
                .songs
                .get(index + 1)
                .is_some_and(|next| !next.has("gap_seconds") || next.controls.gap_seconds == 0.0);
        let crossed = album.songs.get(index + 1).is_some_and(|next| next.controls.crossfade_seconds > 0.0);
        let song = &mut album.songs[index];
        if heard[index].edges.is_truncated() && song.fade_out.is_none() && !goes_on && !crossed {
            let level = heard[index].edges.end_dbfs;
            findings.push(
                Finding::new("truncated_tail", Severity::Warning, format!("it ends at {level:.0} dBFS, in the middle of its sound"))
                    .about(&song.file)
                    .limit(format!("{:.0} dBFS", edges::TRUNCATED_DBFS))
                    .advice("if that was not meant, print it again with its whole tail; a short fade takes the click away"),
            );
            song.fade_out =
                Some(Fade { seconds: END_FADE_SECONDS, shape: FadeShape::Smooth, ..Fade::default() });
            song.because.insert("fade_out", format!("the file ends at {level:.0} dBFS: no click"));
        }
        if index == 0 || song.controls.crossfade_seconds > 0.0 {
            continue;
        }
        if song.controls.hidden && index + 1 == count {
            song.propose("gap_seconds", HIDDEN_AFTER_SECONDS, "hidden: silence before it".to_owned());
            continue;
        }
        let gap = gaps::between(&heard[index - 1].edges, &heard[index].edges);
        song.propose("gap_seconds", gap.seconds, gap.because);
    }
}

/// What was heard of every passage; those of several songs are listened to again as one.
fn hear_passages(passages: &[Passage], heard: &[Heard], job: &Job<'_>) -> Result<Vec<(Ears, Print)>> {
    let own = |index: usize, job: &Job<'_>| -> Result<(Ears, Print)> {
        let passage = &passages[index];
        let lead = &heard[passage.lead()];
        if passage.songs.len() == 1 {
            let ears = Ears {
                listening: lead.listening.clone(),
                portrait: lead.portrait.clone(),
                edges: lead.edges.clone(),
                measured: lead.premaster.measurements().clone(),
            };
            return Ok((ears, lead.print));
        }
        let ears = listen::hear(&passage.parts(heard), None, job)?;
        let print = listen::print_of(&[&ears.measured]).unwrap_or(lead.print);
        Ok((ears, print))
    };
    for_each(&passage::lengths(passages, heard), job, own)
}

/// Plans the level of every passage.
fn levels(
    album: &mut Album,
    passages: &[Passage],
    ears: &[(Ears, Print)],
    findings: &mut Vec<Finding>,
) -> Vec<Difference> {
    let prints: Vec<Print> = ears.iter().map(|(_, print)| *print).collect();
    let anchor =
        album.anchor().and_then(|song| passages.iter().position(|passage| passage.songs.contains(&song)));
    let name = if anchor.is_some() { "the anchor" } else { "the median" };
    let differences = differences(&prints, anchor);
    for (passage, difference) in passages.iter().zip(&differences) {
        let Some(song) = album.songs.get_mut(passage.lead()) else { continue };
        let (level, mut because) = plan::plan(difference, song.lock_level, name);
        if passage.songs.len() > 1 {
            because += &format!("; holds for the {} songs that are one piece", passage.songs.len());
        }
        let moved = level - difference.printed_lu;
        if !song.has("level_lu") && moved.abs() > FAR_LU {
            findings.push(
                Finding::new(
                    "level_moved",
                    Severity::Info,
                    format!("it stands {moved:+.1} LU against the others, of what it was printed at"),
                )
                .about(&song.file)
                .limit(format!("{FAR_LU:.0} LU"))
                .advice("its level was taken for an accident; lock = [\"level\"] keeps it as printed"),
            );
        }
        song.propose("level_lu", level, because);
        if song.controls.level_lu + song.controls.offset_db > plan::MOST_LU + 0.05 {
            let over = song.controls.level_lu + song.controls.offset_db;
            findings.push(
                Finding::new(
                    "too_loud_in_album",
                    Severity::Warning,
                    format!("planned {over:+.1} LU over the others"),
                )
                .about(&song.file)
                .limit(format!("{:+.1} LU", plan::MOST_LU))
                .advice("services turn an album by one gain: this song turns all others down"),
            );
        }
    }
    differences
}

/// Chains and the tone of the record.
fn tones(
    album: &mut Album,
    heard: &[Heard],
    passages: &[Passage],
    ears: &[(Ears, Print)],
    findings: &mut Vec<Finding>,
    job: &Job<'_>,
) -> Result<(Family, Vec<Toned>)> {
    let process = album.head.choices.process;
    let mut proposed = Vec::new();
    for (passage, (ears, _)) in passages.iter().zip(ears) {
        let Some(song) = album.songs.get_mut(passage.lead()) else { continue };
        proposed.push(song.steps.is_none());
        if song.steps.is_none() {
            let stereo = heard[passage.lead()].premaster.info().channels() > 1;
            let wanted = process == Process::Master && !song.lock_tone;
            song.steps = Some(if wanted {
                mastering::propose(&ears.listening, stereo, &Taste::usual()?)?.steps
            } else {
                Vec::new()
            });
        }
    }
    let portraits = for_each(&passage::lengths(passages, heard), job, |index, job| {
        let lead = passages[index].lead();
        let steps = album.songs.get(lead).and_then(|song| song.steps.as_deref()).unwrap_or_default();
        portrait_after(&passages[index], heard, &ears[index].0.portrait, steps, job)
    })?;
    let anchor =
        album.anchor().and_then(|song| passages.iter().position(|passage| passage.songs.contains(&song)));
    let family = family_of(&portraits, anchor);
    let mut toned = vec![Toned::Own; passages.len()];
    for ((index, passage), proposed) in passages.iter().enumerate().zip(proposed) {
        let Some(song) = album.songs.get_mut(passage.lead()) else { continue };
        if proposed && !song.lock_tone && process != Process::None && anchor != Some(index) {
            toned[index] = bring(song, &family.distance_db(&portraits[index]), findings)?;
        }
    }
    Ok((family, toned))
}

/// Brings a song into its family, or as near as it may be.
fn bring(song: &mut Song, distance_db: &[Option<f64>], findings: &mut Vec<Finding>) -> Result<Toned> {
    let (filters, largest_db) = match judge(distance_db) {
        Verdict::Member => return Ok(Toned::Member),
        Verdict::Stranger(largest_db) => {
            findings.push(stranger(&song.file, largest_db, distance_db));
            return Ok(Toned::Stranger);
        }
        Verdict::Move(filters, largest_db) => (filters, largest_db),
    };
    song.steps.get_or_insert_default().push(tone_step(&filters, largest_db)?);
    if largest_db <= TOLERANCE_DB {
        return Ok(Toned::Moved);
    }
    findings.push(beyond(&song.file, distance_db, &filters));
    Ok(Toned::Nearer)
}

/// The family of a record. What is of another kind does not bend the tone of the rest: the median is taken once more without it.
fn family_of(portraits: &[Portrait], anchor: Option<usize>) -> Family {
    let family = Family::of(portraits, anchor);
    let is_kin = |song: &&Portrait| !matches!(judge(&family.distance_db(song)), Verdict::Stranger(_));
    let kin: Vec<Portrait> = portraits.iter().filter(is_kin).cloned().collect();
    match anchor {
        None if 2 * kin.len() > portraits.len() => Family::of(&kin, None),
        _ => family,
    }
}

fn beyond(file: &str, distance_db: &[Option<f64>], filters: &[Filter]) -> Finding {
    let far = match out_of_reach(distance_db) {
        0 => "what is out has neighbours that need the opposite".to_owned(),
        bands => format!("{bands} thirds of an octave were further off than filters may bring back"),
    };
    let left = outside(&left_db(distance_db, filters));
    Finding::new("beyond_family", Severity::Info, format!("it stays off the record's tone at {left}"))
        .about(file)
        .limit(format!("{TOLERANCE_DB:.1} dB per third of an octave"))
        .advice(format!("{far} (ten of 3 dB, 4.5 dB in all); the rest is the song's own, or the mix's"))
}

fn stranger(file: &str, largest_db: f64, distance_db: &[Option<f64>]) -> Finding {
    Finding::new(
        "unlike_family",
        Severity::Info,
        format!("its spectrum is of another kind: up to {largest_db:.1} dB off ({})", outside(distance_db)),
    )
    .about(file)
    .limit("two thirds of it within 4.5 dB")
    .advice("its tone was left alone: a piano need not sound like a band")
}

/// The spectrum of a passage after its chain. Equalisers are reckoned, all else is played.
fn portrait_after(
    passage: &Passage,
    heard: &[Heard],
    before: &Portrait,
    steps: &[Step],
    job: &Job<'_>,
) -> Result<Portrait> {
    let rate_hz = heard[passage.lead()].sample_rate_hz();
    if let Some(moved) = response::of_equalisers(steps, rate_hz) {
        return Ok(before.moved(&moved));
    }
    let frames = passage.frames(heard).iter().sum();
    let placed = Placed { passage: passage.clone(), start: 0, frames, fades: Fades::default() };
    let mut player = Player::new(&placed, heard, steps, rate_hz, 0.0)?;
    let mut meters = Colours::new(rate_hz, frames);
    let mut done = 0;
    player.drain(|block| {
        meters.listen(block.view());
        done += block.frames() as u64;
        job.step("weigh tones", done, frames.max(done))
    })?;
    Ok(meters.finish(before.top_hz))
}

/// The filters of the record's tone as a step.
fn tone_step(filters: &[Filter], left_db: f64) -> Result<Step> {
    use fx::eq::BandKind;
    let mut eq = make("eq")?;
    let mut words = Vec::new();
    for (number, filter) in (1..).zip(filters) {
        let kind = match filter.curve {
            Curve::LowShelf => BandKind::LowShelf,
            Curve::HighShelf => BandKind::HighShelf,
            Curve::Tilt => BandKind::Tilt,
            _ => BandKind::Bell,
        };
        let name = <BandKind as fx::Choice>::NAMES.get(fx::Choice::index(kind)).map_or("", |(word, _)| word);
        set(eq.as_mut(), &format!("band{number}.kind"), fx::Choice::index(kind) as f64);
        set(eq.as_mut(), &format!("band{number}.freq_hz"), filter.freq_hz);
        set(eq.as_mut(), &format!("band{number}.gain_db"), filter.gain_db);
        set(eq.as_mut(), &format!("band{number}.q"), filter.q);
        words.push(format!("{name} {:.0} Hz {:+.1} dB", filter.freq_hz, filter.gain_db));
    }
    let because = format!(
        "to the tone of the record: {}\nafter it every third of an octave lies within {left_db:.1} dB of the family",
        words.join(", ")
    );
    Ok(Step::new("record", chain::Family::Tone, eq).because(because))
}
