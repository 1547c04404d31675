//! Room (C11): a few returns, times from the tempo, and an amount that is solved from how listeners judge reverberation.

mod model;

use super::lanes::Room;
use super::shares::{self, Wet};
use crate::close::{Heard, Powers, gated_lufs, momentary_lufs, scaled, sum};
use crate::moves::{Draft, Family, Place, Value, named};
use crate::write::StripPlan;
use dsp::math::{LN_2, exp, ln};
use fx::{AnyProcessor, Format};
use model::{over_reverberant, reverberation_lu};
use studio::mix::Group;

/// Names of the returns' buses and what runs in each.
const RETURNS: [(&str, &str, &str); 4] = [
    ("plate_return", "plate", "Plate for voices and snare"),
    ("room_return", "room", "Room for drums and guitars"),
    ("hall_return", "hall", "Hall for strings and keys"),
    ("echo_return", "delay", "Echo for the lead voice"),
];
/// Most wet sound in any mix, LU against the dry (C11: every mix at -9 and more was judged too wet).
const CEILING_LU: f64 = -9.0;
/// Tempo where nothing is known. By convention.
const USUAL_BPM: f64 = 100.0;
/// Level of the recordings with printed reverb, dB less of a send (C1, I11).
const PRINTED_DB: f64 = -6.0;
/// High-pass and low-pass of returns (C11; DiffVox: -5 dB at 7 kHz).
pub(super) const LOW_CUT_HZ: f64 = 250.0;
pub(super) const HIGH_CUT_HZ: f64 = 7000.0;
/// Slowest tempo from which on a hall blurs (C11).
const HALL_BPM: f64 = 100.0;

/// Sends of a role: return and level (C11, the tendencies).
fn sends(role: &str) -> &'static [(&'static str, f64)] {
    match role {
        "lead vocal" => &[("plate_return", -14.0)],
        "double" => &[("plate_return", -12.0)],
        "backing vocals" => &[("plate_return", -10.0)],
        "snare" => &[("plate_return", -13.0), ("room_return", -12.0)],
        "toms" => &[("room_return", -13.0)],
        "kick" => &[("room_return", -22.0)],
        "drum kit" => &[("room_return", -16.0)],
        "electric guitar" | "acoustic guitar" | "lead guitar" => &[("room_return", -16.0)],
        "keys" => &[("hall_return", -16.0)],
        "strings" | "brass and woodwinds" | "synth pad" => &[("hall_return", -10.0)],
        // By our own convention: as the keys.
        "synth" => &[("hall_return", -16.0)],
        _ => &[],
    }
}

/// Reverberation time of a hall at a tempo: clamp(2.4 s (90/BPM)^0.8, 0.8, 2.6) (C11).
fn hall_seconds(bpm: f64) -> f64 {
    (2.4 * slower(bpm)).clamp(0.8, 2.6)
}

/// (90/BPM)^0.8.
fn slower(bpm: f64) -> f64 {
    exp(0.8 * ln(90.0 / bpm))
}

/// Pre-delay: the shortest 60/BPM/2^k from 30 ms on (Moffat; C11).
fn pre_delay_ms(bpm: f64) -> f64 {
    let halvings = (ln(60_000.0 / bpm / 30.0) / LN_2).floor().max(0.0);
    60_000.0 / bpm / exp(halvings * LN_2)
}

/// The note between 180 and 400 ms that is nearest to the 271 ms of DiffVox's median (C11).
fn echo_note(bpm: f64) -> (&'static str, f64) {
    let notes = [("1/4", 1.0), ("1/8 dotted", 0.75), ("1/8", 0.5), ("1/4 triplet", 2.0 / 3.0)];
    let ms = |beats: f64| beats * 60_000.0 / bpm;
    let off = |beats: f64| (ln(ms(beats) / 271.0)).abs();
    let best = notes.into_iter().min_by(|a, b| off(a.1).total_cmp(&off(b.1)));
    best.map_or(("1/8", ms(0.5)), |(note, beats)| (note, ms(beats)))
}

/// Time between echoes that are set in milliseconds, or in notes, s.
pub(super) fn echo_seconds(room: &Room<'_>, time_ms: Option<f64>) -> f64 {
    time_ms.unwrap_or_else(|| echo_note(bpm(room).0).1) / 1e3
}

fn bpm(room: &Room<'_>) -> (f64, bool) {
    let sure = room.song.time.tempo.filter(crate::time::Tempo::is_sure);
    sure.map_or((USUAL_BPM, false), |tempo| (tempo.bpm.clamp(40.0, 240.0), true))
}

/// Makes the returns that somebody sends to, and the sends.
pub(super) fn work(room: &mut Room<'_>) {
    if !room.book.works("space.send", Family::Space) {
        return;
    }
    let (bpm, _) = bpm(room);
    // Microphones of a room bring their own.
    let roomy = !room.of_role("room").is_empty();
    let mut wanted: Vec<(usize, &'static str, f64)> = Vec::new();
    room.sends.clear();
    for (number, lane) in room.lanes.iter().enumerate() {
        for (to, level) in sends(lane.role.name) {
            let drums = lane.role.group == Group::Drums;
            if (*to == "room_return" && drums && roomy) || (*to == "room_return" && lane.role.name == "kick")
            {
                continue;
            }
            // A hall blurs a fast song: what would go there goes to the room.
            let to = if *to == "hall_return" && bpm > HALL_BPM { "room_return" } else { to };
            wanted.push((number, to, *level));
        }
    }
    let echo = room.ask.style.echo_send_db.value;
    if echo > -144.0 {
        wanted.extend(room.of_role("lead vocal").into_iter().map(|number| (number, "echo_return", echo)));
    }
    for (id, processor, name) in RETURNS {
        if wanted.iter().any(|(_, to, _)| *to == id) {
            make_return(room, id, processor, name);
        }
    }
    for (number, to, level) in wanted {
        send(room, number, to, level);
    }
}

/// A return's bus and what runs in it.
fn make_return(room: &mut Room<'_>, id: &str, processor: &str, name: &str) {
    let (bpm, sure) = bpm(room);
    let mut strip = StripPlan::named(id, name);
    "Returns".clone_into(&mut strip.heading);
    room.desk.buses.push(strip);
    let (settings, text) = settings_of(room, processor);
    let full = Value::Settings(settings.into_iter().map(|(key, value)| (key.to_owned(), value)).collect());
    let draft = Draft::new(
        "space.return",
        Family::Space,
        Place::insert(id, processor),
        full,
        Value::Switch(false),
        &text,
    )
    .because("tempo_bpm", bpm)
    .because_of("tempo_is", if sure { "measured" } else { "a guess" })
    .confidence(if sure { 0.75 } else { 0.5 })
    .evidence("Moffat and Sandler (pre-delay, decay against tempo), DiffVox medians (mixing.md C11)");
    room.book.put(&mut room.desk, draft);
}

/// What runs in a return, and the sentence about it.
fn settings_of(room: &Room<'_>, processor: &str) -> (Vec<(&'static str, Value)>, String) {
    let (bpm, sure) = bpm(room);
    let rt = |mid: f64| {
        // Treble dies in about half the time (DiffVox: 1.1 s at 9 kHz of 2 s).
        [("rt60_low_seconds", mid), ("rt60_mid_seconds", mid), ("rt60_high_seconds", 0.55 * mid)]
    };
    let mut settings: Vec<(&'static str, Value)> = Vec::new();
    let text = match processor {
        "delay" => {
            let (note, ms) = echo_note(bpm);
            if sure {
                settings.extend([("note", note.into())]);
            } else {
                settings.extend([("timing", "free".into()), ("time_ms", 271.0.into())]);
            }
            settings.extend([
                ("feedback_percent", 30.0.into()),
                ("highpass_hz", LOW_CUT_HZ.into()),
                ("lowpass_hz", 4200.0.into()),
                ("duck_db", 6.0.into()),
            ]);
            format!(
                "Echoes every {:.0} ms, in time with the song, dull and out of the way while the voice sings.",
                if sure { ms } else { 271.0 }
            )
        }
        "room" => {
            settings.extend(rt(0.45).map(|(key, value)| (key, value.into())));
            "A small room that puts what is dry in one place: {rt60_mid_seconds}.".to_owned()
        }
        _ => {
            let mid = match processor {
                "hall" => hall_seconds(bpm).max(1.2),
                _ => (room.ask.style.plate_seconds.value * slower(bpm)).clamp(0.8, 2.2),
            };
            settings.push(("pre_delay_ms", pre_delay_ms(bpm).into()));
            settings.extend(rt(mid).map(|(key, value)| (key, value.into())));
            "{rt60_mid_seconds} at this tempo, after {pre_delay_ms}, so that words stay in front of it."
                .to_owned()
        }
    };
    if processor != "delay" {
        settings.extend([("highpass_hz", LOW_CUT_HZ.into()), ("lowpass_hz", HIGH_CUT_HZ.into())]);
    }
    settings.push(("mix_percent", 100.0.into()));
    (settings, text)
}

/// A send of a track, and how it stands to the fader of its group.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    lane: usize,
    to: &'static str,
    /// Level where the group's fader is at 0.
    level_db: f64,
    /// Fader of the bus that is in what stands on the desk: a send leaves ahead of it.
    followed_db: f64,
    /// Whether it goes along with that fader: a person's own does not.
    follows: bool,
}

fn send(room: &mut Room<'_>, number: usize, to: &'static str, level: f64) {
    let printed = crate::ingest::printed_room(room.track(&room.lanes[number])).is_some();
    let level_db = level + if printed { PRINTED_DB } else { 0.0 };
    room.sends.push(Sent { lane: number, to, level_db, followed_db: 0.0, follows: true });
    put(room, room.sends.len() - 1, bus_db(room, number, true));
}

/// Fader of the bus a lane goes to, now or when it was rendered; 0 without one.
fn bus_db(room: &Room<'_>, number: usize, now: bool) -> f64 {
    let group = room.groups.iter().find(|group| group.is_bus && group.lanes.contains(&number));
    group.map_or(0.0, |group| if now { group.fader_db } else { group.then_db })
}

/// What the fader of a bus has moved by since a send was put on the desk, dB: the send will go along with it.
pub(super) fn to_follow_db(room: &Room<'_>, number: usize, to: &str, now: bool) -> f64 {
    let sent = room.sends.iter().find(|sent| sent.lane == number && sent.to == to && sent.follows);
    sent.map_or(0.0, |sent| bus_db(room, number, now) - sent.followed_db)
}

/// Sends of tracks go along with the faders of their buses, so that a group keeps its own proportion of room.
pub(super) fn follow(room: &mut Room<'_>, now: bool) {
    for at in 0..room.sends.len() {
        let bus_db = bus_db(room, room.sends[at].lane, now);
        if room.sends[at].follows && bus_db != room.sends[at].followed_db {
            put(room, at, bus_db);
        }
    }
}

fn put(room: &mut Room<'_>, at: usize, bus_db: f64) {
    let Sent { lane, to, level_db, .. } = room.sends[at].clone();
    let lane = room.lanes[lane].clone();
    let printed = crate::ingest::printed_room(room.track(&lane));
    let text = match printed {
        Some(_) => format!(
            "{} has a room printed on it already: {{gain_db}}, 6 dB less than usual.",
            room.track(&lane).name
        ),
        None => format!("{} to the {}: {{gain_db}}.", room.track(&lane).name, to.trim_end_matches("_return")),
    };
    let nth = match to {
        "echo_return" => 2,
        "plate_return" => 0,
        "room_return" => 3,
        _ => 4,
    };
    let place = Place::send(&lane.id, to);
    room.desk.clear(&place);
    let full = named([("gain_db", (level_db + bus_db).clamp(-144.0, 12.0).into())]);
    let mut draft = Draft::new("space.send", Family::Space, place, full, Value::Switch(false), &text)
        .nth(nth)
        .because("usual_send_db", level_db)
        .because("fader_of_its_bus_db", bus_db)
        .confidence(0.6)
        .evidence("sends of mixing.md C11");
    if let Some(tail) = printed {
        draft = draft.because("printed_rt60_seconds", tail.rt60_seconds);
    }
    let told = room.book.put(&mut room.desk, draft);
    room.sends[at].followed_db = bus_db;
    room.sends[at].follows = told.is_some_and(|told| !told.held);
}

/// Early decay time of the returns together: the longest of them that is used, s.
fn edt_seconds(room: &Room<'_>) -> f64 {
    let of = |strip: &StripPlan| {
        let insert = strip.inserts.first()?;
        let entry = fx::find(&insert.processor)?;
        if insert.processor == "delay" {
            return None;
        }
        let mut settings: Box<dyn AnyProcessor> = entry.make();
        for (key, value) in &insert.settings {
            if let (Some(index), Some(number)) = (entry.description.index_of(key), value.number()) {
                settings.set(index, number);
            }
        }
        let format = Format { tempo_bpm: room.desk.tempo.0, ..Format::default() };
        Some(fx::reverb::edt_seconds(settings.as_ref(), format))
    };
    let longest = returns(room).filter_map(of).fold(0.0, f64::max);
    if longest > 0.0 { longest } else { 0.4 }
}

pub(super) fn returns<'r>(room: &'r Room<'_>) -> impl Iterator<Item = &'r StripPlan> {
    room.desk.buses.iter().filter(|bus| RETURNS.iter().any(|(id, _, _)| *id == bus.id))
}

/// An amount of room.
pub(super) struct Amount {
    /// Gain of all returns together that brings them to it.
    pub(super) gain_db: f64,
    aim: f64,
    edt_seconds: f64,
}

/// Gain of all returns together that brings the wet sound to its amount; `dry` is everything else.
pub(super) fn gain_db(room: &Room<'_>, wets: &[Wet], dry: &Powers) -> Option<Amount> {
    let wet = shares::all(wets);
    gated_lufs(&wet)?;
    let edt_seconds = edt_seconds(room);
    let strength = room.book.strength(Family::Space);
    let aim = model::amount(room.ask.style.reverberance.value, strength);
    let dry_lufs = momentary_lufs(dry);
    let of = |gain: f64| reverberation_lu(&scaled(&wet, gain), &dry_lufs);
    let (mut low, mut high) = (-60.0, 24.0);
    for _ in 0..20 {
        let middle = 0.5 * (low + high);
        let lu = of(middle)?;
        let much = over_reverberant(lu, edt_seconds) > aim || lu > CEILING_LU;
        if much { high = middle } else { low = middle }
    }
    Some(Amount { gain_db: low, aim, edt_seconds })
}

/// First amount, before the second rendering.
pub(super) fn amount(room: &mut Room<'_>, heard: &Heard) {
    let parts: Vec<Powers> = room
        .groups
        .iter()
        .filter_map(|group| Some(scaled(heard.of(&group.strip)?, group.fader_db)))
        .collect();
    let wets = shares::wets(room, heard, true);
    if let Some(amount) = gain_db(room, &wets, &sum(&parts)) {
        for id in returns(room).map(|bus| bus.id.clone()).collect::<Vec<_>>() {
            let fader = room.desk.strip(&id).map_or(0.0, |bus| bus.number("fader_db")) + amount.gain_db;
            room.desk.set(&Place::control(&id, "fader_db"), &Value::Number(fader.clamp(-60.0, 12.0)));
        }
    }
}

/// The amount for good, on what was heard. Relative reverberation loudness and what the model makes of it come back.
pub(super) fn settle(room: &mut Room<'_>, heard: &Heard, dry: &Powers) -> Option<(f64, f64)> {
    let Amount { gain_db, aim, edt_seconds } = gain_db(room, &shares::wets(room, heard, true), dry)?;
    let ids: Vec<String> = returns(room).map(|bus| bus.id.clone()).collect();
    for id in ids {
        let place = Place::control(&id, "fader_db");
        let full = room.desk.strip(&id).map_or(0.0, |bus| bus.number("fader_db")) + gain_db;
        room.desk.clear(&place);
        let text = format!(
            "As much room that {:.0} of 100 listeners would call it too much: {{value}} on the return.",
            100.0 * aim
        );
        let draft = Draft::new(
            "space.amount",
            Family::Space,
            place,
            full.clamp(-60.0, 12.0).into(),
            Value::Switch(false),
            &text,
        )
        .because("early_decay_seconds", edt_seconds)
        .because("aim", aim)
        .confidence(0.7)
        .or("drier or wetter: strength space=0.5 or 1.5")
        .evidence("De Man et al. 2017, loudness of reverberation against its decay (mixing.md C11)");
        room.book.put(&mut room.desk, draft);
    }
    let wet = shares::all(&shares::wets(room, heard, true));
    let lu = reverberation_lu(&wet, &momentary_lufs(dry))?;
    Some((lu, over_reverberant(lu, edt_seconds)))
}
