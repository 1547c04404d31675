//! Masking (C9): what covers something more important makes room for it, groups before tracks, cuts alone, and only where it helps.

mod find;

use super::lanes::{Room, Spectrum, response_db, word_for};
use crate::hear::BANDS;
use crate::moves::{Draft, Family, Place, named};
pub(super) use find::weights;
use find::{Source, audibility, cuts};
use studio::mix::Group;

/// Most cuts of one strip, and the quality of a cut (C9).
const MOST_CUTS: usize = 3;
const Q: f64 = 2.0;
/// Under this share of the time a cut is keyed by what it makes room for, at most so deep (C9).
const SELDOM: f64 = 0.3;
const KEYED_DB: f64 = -4.0;
const ATTACK_MS: f64 = 20.0;
const RELEASE_MS: f64 = 150.0;
/// A rise of audibility of what leads that is worth the cuts. By our own convention: half a hundredth.
const WORTH: f64 = 0.005;
/// Most a strip may lose by its cuts, LU (C9).
const MOST_LOSS_LU: f64 = 1.5;

/// How much each role matters (C9): a cut is made only in what matters less.
fn priority(role: &str) -> f64 {
    match role {
        "lead vocal" => 1.0,
        "lead guitar" => 0.8,
        "kick" | "snare" | "bass" | "bass amp" | "bass direct" | "drum kit" => 0.7,
        "backing vocals" | "double" => 0.5,
        "synth pad" | "strings" => 0.2,
        "effects" => 0.1,
        "overheads" | "hi-hat" | "room" | "toms" | "percussion" => 0.3,
        _ => 0.35,
    }
}

fn priority_of(room: &Room<'_>, lanes: &[usize]) -> f64 {
    lanes
        .iter()
        .filter_map(|lane| room.lanes.get(*lane))
        .map(|lane| priority(lane.role.name))
        .fold(0.0, f64::max)
}

/// Makes room, first between groups, then inside them.
pub(super) fn work(room: &mut Room<'_>) {
    let before = lead_audibility(room);
    between_groups(room);
    inside_groups(room);
    let after = lead_audibility(room);
    let (Some(before), Some(after)) = (before, after) else { return };
    if after - before < WORTH {
        // Unconstrained cuts hurt (27 of 100 in Hafezi and Reiss 2015): what does not help is taken back.
        for rule in ["masking.cut", "masking.keyed"] {
            room.book.take_back(&mut room.desk, rule, None);
        }
        for group in &mut room.groups {
            group.colour_db = [0.0; BANDS];
        }
    }
}

/// How well the leading group is heard in everything else, 0 to 1.
fn lead_audibility(room: &Room<'_>) -> Option<f64> {
    let sources = group_sources(room);
    let most = sources.iter().map(|source| source.priority).fold(0.0, f64::max);
    let own: Vec<f64> = sources
        .iter()
        .enumerate()
        .filter(|(_, source)| source.priority >= most.max(0.7))
        .filter_map(|(number, _)| audibility(&sources, number))
        .collect();
    (!own.is_empty() && sources.len() > 1).then(|| own.iter().sum::<f64>())
}

fn group_sources(room: &Room<'_>) -> Vec<Source> {
    room.groups
        .iter()
        .map(|group| {
            let frames = room.film_of(&group.lanes, group.fader_db, &group.colour_db);
            Source::new(&group.strip, priority_of(room, &group.lanes), frames)
        })
        .collect()
}

fn between_groups(room: &mut Room<'_>) {
    let sources = group_sources(room);
    let names: Vec<String> = room.groups.iter().map(|group| group.group.name().to_owned()).collect();
    for at in 0..sources.len() {
        let bass_or_drums = matches!(room.groups[at].group, Group::Bass | Group::Drums);
        let found = cuts(&sources, at, MOST_CUTS);
        let mut colour = [0.0; BANDS];
        for cut in found {
            // Kick and bass are the business of the duck.
            if bass_or_drums && cut.freq_hz < 150.0 {
                continue;
            }
            put(room, &sources, at, &cut, &names, &mut colour);
        }
        room.groups[at].colour_db = colour;
    }
}

fn inside_groups(room: &mut Room<'_>) {
    for at in 0..room.groups.len() {
        let group = room.groups[at].clone();
        // Microphones of one kit hear each other: a cut in one is a cut in all.
        if group.lanes.len() < 2 || group.group == Group::Drums {
            continue;
        }
        let sources: Vec<Source> = group
            .lanes
            .iter()
            .map(|lane| {
                let own = &room.lanes[*lane];
                let frames = room.film_of(&[*lane], group.fader_db, &group.colour_db);
                Source::new(&own.id, priority(own.role.name), frames)
            })
            .collect();
        let names: Vec<String> =
            group.lanes.iter().map(|lane| room.track(&room.lanes[*lane]).name.clone()).collect();
        for number in 0..sources.len() {
            let mut colour = [0.0; BANDS];
            for cut in cuts(&sources, number, MOST_CUTS) {
                put(room, &sources, number, &cut, &names, &mut colour);
            }
            let lane = group.lanes[number];
            room.lanes[lane].colour_db.iter_mut().zip(colour).for_each(|(sum, db)| *sum += db);
        }
    }
}

/// One cut, on the strip of source `at`.
fn put(
    room: &mut Room<'_>,
    sources: &[Source],
    at: usize,
    cut: &find::Cut,
    names: &[String],
    colour: &mut Spectrum,
) {
    let strip = sources[at].id.clone();
    let (masker, maskee) = (&names[at], &names[cut.maskee]);
    let seldom = cut.share < SELDOM;
    let (rule, slot) = if seldom { ("masking.keyed", "keyed") } else { ("masking.cut", "unmask") };
    let taken = room.desk.strip(&strip).and_then(|s| s.insert(slot)).map_or(0, |insert| insert.bands.len());
    let own = response_db(&[("bell", cut.freq_hz, cut.gain_db, Q)], f64::from(room.song.sample_rate_hz));
    let with: Spectrum = std::array::from_fn(|band| colour[band] + own[band]);
    if !seldom && find::loss_lu(&sources[at], &with) > MOST_LOSS_LU {
        return;
    }
    if seldom {
        let key = sources[cut.maskee].id.clone();
        let other = room.desk.strip(&strip).and_then(|s| s.insert(slot)).is_some_and(|insert| {
            insert.settings.iter().any(|(name, value)| name == "key" && *value != key.as_str().into())
        });
        // One key an equaliser: what is covered most comes first.
        if other {
            return;
        }
        room.desk.set_insert(&strip, slot, vec![("key".to_owned(), key.as_str().into())]);
    }
    let (settings, text) =
        words(cut, seldom, masker, maskee, ahead_of_fader_db(room, &sources[cut.maskee].id));
    let full = crate::moves::Value::Settings(
        settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
    );
    let neutral = named([("gain_db", 0.0.into()), ("range_db", 0.0.into())]);
    let draft = Draft::new(rule, Family::Masking, Place::band(&strip, slot, taken + 1), full, neutral, &text)
        .nth(taken + 1)
        .because_of("maskee", &sources[cut.maskee].id)
        .because("masking_db", cut.masking_db)
        .because("share_of_time", cut.share)
        .because("priority_masker", sources[at].priority)
        .because("priority_maskee", sources[cut.maskee].priority)
        .confidence((0.4 + 0.4 * cut.share).clamp(0.3, 0.8))
        .or(if seldom { "a standing cut" } else { "a band keyed by what it makes room for" })
        .or("nothing: undo masking")
        .evidence(
            "Hafezi and Reiss 2015, constrained variant, with the groups of Ronan et al. 2018 (mixing.md C9)",
        );
    if let Some(told) = room.book.put(&mut room.desk, draft) {
        let gain = told.value.number_of("gain_db").unwrap_or(0.0);
        let own = response_db(&[("bell", cut.freq_hz, gain, Q)], f64::from(room.song.sample_rate_hz));
        colour.iter_mut().zip(own).for_each(|(sum, db)| *sum += db);
    } else if taken == 0 {
        room.desk.clear(&Place::insert(&strip, slot));
    }
}

/// What the fader of a source's strip adds behind the place where a key leaves it, dB.
fn ahead_of_fader_db(room: &Room<'_>, strip: &str) -> f64 {
    if let Some(group) = room.groups.iter().find(|group| group.strip == strip) {
        return group.fader_db;
    }
    let Some(number) = room.lanes.iter().position(|lane| lane.id == strip) else { return 0.0 };
    let group = room.groups.iter().find(|group| group.lanes.contains(&number));
    room.lanes[number].fader_db + group.map_or(0.0, |group| group.fader_db)
}

/// Settings of a cut's band, and the sentence about it. `fader_db` lies between the key and what was compared.
fn words(
    cut: &find::Cut,
    seldom: bool,
    masker: &str,
    maskee: &str,
    fader_db: f64,
) -> (Vec<(&'static str, crate::moves::Value)>, String) {
    let mut settings = vec![
        ("kind", "bell".into()),
        ("freq_hz", cut.freq_hz.into()),
        ("gain_db", if seldom { 0.0 } else { cut.gain_db }.into()),
        ("q", Q.into()),
    ];
    let word = word_for(cut.freq_hz);
    if !seldom {
        let part = 100.0 * cut.share;
        let text = format!(
            "{masker} covers {maskee} at {{freq_hz}} ({word}) {part:.0} % of the time it sounds: {{gain_db}} there."
        );
        return (settings, text);
    }
    settings.extend([
        ("dynamic", "above".into()),
        ("external_key", true.into()),
        ("threshold_db", (cut.threshold_db - fader_db).clamp(-80.0, 0.0).into()),
        ("ratio", 4.0.into()),
        ("range_db", cut.gain_db.max(KEYED_DB).into()),
        ("attack_ms", ATTACK_MS.into()),
        ("release_ms", RELEASE_MS.into()),
    ]);
    let text = format!(
        "{masker} covers {maskee} at {{freq_hz}} ({word}) now and then: {{range_db}} there while {maskee} sounds."
    );
    (settings, text)
}
