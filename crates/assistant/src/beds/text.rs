//! The session with a layout: what stands in the stereo session stays, a few keys and buses come to it, each with its reason.

use super::places::{Placed, Spot, group_of};
use crate::moves::{self, Because, Family, Figure, Ledger, Move, Place, SESSION_KEY, Value};
use studio::message::{Error, Result};
use studio::mix::{Group, role_of};
use studio::session::{BusLayout, Session};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// Buses that come to the session: tracks of one channel stand in them as they stand in stereo.
const FRONT: &str = "bed_front";
const AROUND: &str = "bed_around";
/// The feed of the LFE.
const LFE: &str = "bed_lfe";
/// Level under the sources at which the LFE is fed: with its 10 dB in playback (BS.775-4, annex 7) 6 dB under them. Sparing, by our own
/// convention: kick and bass are whole without it, and a downmix drops it (BS.775-4, annex 4).
const LFE_DB: f64 = -16.0;
/// Most a strip can send to the LFE, and so the fader of the feed: what it gives to the front pair meanwhile is 28 dB under its source.
const MOST_LFE_DB: f64 = 12.0;
/// Corner of the feed. The LFE ends at 120 Hz (BS.775-4, annex 7); lower, so that voices of a bass stay in front.
const LFE_HZ: f64 = 90.0;
/// Level changes under this are not worth a move, dB.
const LEAST_DB: f64 = 0.05;
const EVIDENCE: &str =
    "BS.2051 (places), BS.775-4 annex 4 (downmix), vector base panning: docs/decisions/052";

/// Writes the bed.
pub(super) fn write(
    stereo: &Session,
    layout: BusLayout,
    name: &str,
    placed: &[Placed],
) -> Result<(String, Vec<Move>)> {
    let mut document: DocumentMut = stereo.origin.text.parse().map_err(|error: toml_edit::TomlError| {
        Error::input("not_toml", format!("not TOML: {}", error.message().trim_end()))
    })?;
    let ledger = moves::read(&stereo.origin.text).unwrap_or_default();
    document.remove(SESSION_KEY);
    let mix = document.entry("mix").or_insert(Item::Table(Table::new()));
    if let Some(mix) = mix.as_table_like_mut() {
        mix.insert("layout", value(name));
    }
    let mut desk = Desk { document, moves: Vec::new() };
    for one in placed {
        place(&mut desk, one);
    }
    buses(&mut desk, placed);
    feed(&mut desk, stereo, layout);
    let all: Vec<Move> = ledger.moves.iter().cloned().chain(desk.moves.iter().cloned()).collect();
    let text = format!(
        "{}\n{}",
        desk.document.to_string().trim_end(),
        moves::write(&Ledger { moves: all, ..ledger })
    );
    Ok((text, desk.moves))
}

/// The document on its way.
struct Desk {
    document: DocumentMut,
    moves: Vec<Move>,
}

impl Desk {
    fn strip(&mut self, id: &str) -> Option<&mut Table> {
        let is = |table: &Table| table.get("id").and_then(Item::as_str) == Some(id);
        let has = |item: Option<&Item>| item.and_then(Item::as_array_of_tables)?.iter().position(is);
        let kind = ["track", "bus"].into_iter().find(|kind| has(self.document.get(kind)).is_some())?;
        let at = has(self.document.get(kind))?;
        self.document.get_mut(kind)?.as_array_of_tables_mut()?.get_mut(at)
    }

    /// Sets a control, and says why.
    fn set(&mut self, strip: &str, key: &str, to: f64, said: Said) {
        let Some(table) = self.strip(strip) else { return };
        let to = (to * 100.0).round() / 100.0;
        insert(table, key, value(to));
        let place = Place::control(strip, key);
        self.moves.push(Move {
            id: format!("{}:{place}", said.rule),
            rule: said.rule.to_owned(),
            family: said.family,
            place,
            value: Value::Number(to),
            proposed: Value::Number(to),
            text: said.text,
            because: said.because,
            effect: said.effect,
            confidence: 0.6,
            strength: 1.0,
            alternatives: said.or.into_iter().map(str::to_owned).collect(),
            evidence: EVIDENCE.to_owned(),
            locked: false,
            offered: false,
        });
    }

    /// Adds a bus.
    fn bus(&mut self, id: &str, name: &str) -> Option<&mut Table> {
        let list = self.document.entry("bus").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
        let list = list.as_array_of_tables_mut()?;
        let mut table = Table::new();
        table.insert("id", value(id));
        table.insert("name", value(name));
        list.push(table);
        let last = list.len().checked_sub(1)?;
        list.get_mut(last)
    }
}

/// A key among the keys of a strip: ahead of its inserts, which are tables of their own.
fn insert(table: &mut Table, key: &str, item: Item) {
    table.insert(key, item);
}

/// What is said of a move.
struct Said {
    rule: &'static str,
    family: Family,
    text: String,
    because: Vec<Because>,
    effect: String,
    or: Option<&'static str>,
}

fn said(rule: &'static str, family: Family, text: String) -> Said {
    Said { rule, family, text, because: Vec::new(), effect: String::new(), or: None }
}

fn number(what: &str, figure: f64) -> Because {
    // Nothing below nothing.
    let figure = (figure * 100.0).round() / 100.0 + 0.0;
    Because { what: what.to_owned(), figure: Figure::Number(figure) }
}

fn place(desk: &mut Desk, one: &Placed) {
    match one.spot {
        Spot::Centre => {
            let text =
                format!("{} has the centre to itself: it is heard from there on every seat.", one.name);
            let or = Some("divergence = 0.4 shares it with left and right");
            desk.set(
                &one.strip,
                "azimuth_degrees",
                0.0,
                Said { or, ..said("bed.centre", Family::Width, text) },
            );
        }
        Spot::Front if one.is_mono => {
            move_to(desk, &one.strip, FRONT);
        }
        Spot::Front => {
            let text =
                format!("{} stands in the front pair, exactly as in stereo: it carries the song.", one.name);
            let or = Some("a wider span_degrees; above 60 the downmix is up to 1.8 dB louder");
            desk.set(&one.strip, "span_degrees", 60.0, Said { or, ..said("bed.front", Family::Width, text) });
        }
        Spot::Around { .. } if one.is_mono => {
            move_to(desk, &one.strip, AROUND);
        }
        Spot::Around { .. } => around(desk, &one.strip, &one.name, one.is_return, one.spot),
    }
}

fn around(desk: &mut Desk, strip: &str, name: &str, is_return: bool, spot: Spot) {
    let Spot::Around { azimuth_degrees, elevation_degrees, folded_db } = spot else { return };
    let family = if is_return { Family::Space } else { Family::Width };
    let up =
        if elevation_degrees > 0.0 { format!(", {elevation_degrees:.0} degrees up") } else { String::new() };
    let text = format!(
        "{name} goes round the listener: left and right at {azimuth_degrees:.0} degrees{up}, where two loudspeakers give it back as loud as it is."
    );
    let own = Said {
        because: vec![number("folded_db", folded_db)],
        effect: format!("{:.1} dB off in the stereo downmix", folded_db.abs()),
        or: Some("span_degrees = 60 puts it back in front"),
        ..said("bed.around", family, text)
    };
    desk.set(strip, "span_degrees", 2.0 * azimuth_degrees, own);
    if elevation_degrees > 0.0 {
        let text = format!("{name} stands half-way up to the tops.");
        desk.set(strip, "elevation_degrees", elevation_degrees, said("bed.up", family, text));
    }
    if folded_db.abs() > LEAST_DB {
        let has =
            desk.strip(strip).and_then(|table| table.get("fader_db")).and_then(number_of).unwrap_or(0.0);
        let text =
            format!("{name} by {:+.1} dB, so that the stereo downmix has it at its level.", -folded_db);
        let own = Said {
            because: vec![number("folded_db", folded_db)],
            ..said("bed.fader", Family::Balance, text)
        };
        desk.set(strip, "fader_db", (has - folded_db).clamp(-144.0, 12.0), own);
    }
}

fn number_of(item: &Item) -> Option<f64> {
    item.as_float().or_else(|| item.as_integer().map(|whole| whole as f64))
}

/// Leads a track of one channel through a bus of two, in which it keeps the place it has in stereo.
fn move_to(desk: &mut Desk, strip: &str, bus: &str) {
    if let Some(table) = desk.strip(strip) {
        insert(table, "output", value(bus));
    }
}

/// The buses that tracks were led through.
fn buses(desk: &mut Desk, placed: &[Placed]) {
    let mono = |front: bool| {
        placed
            .iter()
            .find(|one| one.is_mono && one.spot != Spot::Centre && (one.spot == Spot::Front) == front)
    };
    if mono(true).is_some() && desk.bus(FRONT, "Front").is_some() {
        let text =
            "Single tracks stand between left and right as in stereo, and leave the centre free.".to_owned();
        desk.set(FRONT, "span_degrees", 60.0, said("bed.front", Family::Width, text));
    }
    if let Some(one) = mono(false)
        && desk.bus(AROUND, "Around").is_some()
    {
        around(desk, AROUND, "What fills", false, one.spot);
    }
}

/// The feed of the LFE: the kick and the bass, low-passed, by a bus of its own.
fn feed(desk: &mut Desk, stereo: &Session, layout: BusLayout) {
    let has_lfe = layout.speakers().0.contains(&studio::audio::Speaker::Lfe);
    let first = |is: &dyn Fn(&studio::session::Track) -> bool| {
        stereo.tracks.iter().find(|track| is(track) && !track.strip.controls.mute)
    };
    let kick = first(&|track| role_of(&track.strip.name).is_some_and(|role| role.name == "kick"));
    let bass = first(&|track| group_of(&track.strip) == Some(Group::Bass));
    let sources: Vec<_> = kick.into_iter().chain(bass).collect();
    if !has_lfe || sources.is_empty() {
        return;
    }
    let names: Vec<&str> = sources.iter().map(|track| track.strip.name.as_str()).collect();
    let text = format!(
        "{} feed the LFE under {LFE_HZ:.0} Hz, {:.0} dB under themselves: a foundation, and nothing is lost where it is dropped.",
        names.join(" and "),
        -LFE_DB
    );
    for track in &sources {
        // The sends leave behind the track's own fader: that of its group comes to it here.
        let group = stereo.strip(&track.strip.output.id).filter(|strip| strip.id != studio::session::MIX);
        let gain_db = group.map_or(0.0, |strip| strip.controls.fader_db).clamp(-144.0, 12.0);
        if let Some(table) = desk.strip(&track.strip.id) {
            send(table, LFE, gain_db);
        }
    }
    let Some(table) = desk.bus(LFE, "LFE feed") else { return };
    table.insert("layout", value("mono"));
    table.insert("divergence", value(1.0));
    let mut eq = toml_edit::InlineTable::new();
    let mut band = toml_edit::InlineTable::new();
    for (key, word) in [("kind", "low_pass"), ("slope", "24")] {
        band.insert(key, word.into());
    }
    band.insert("freq_hz", LFE_HZ.into());
    eq.insert("band", toml_edit::Array::from_iter([band]).into());
    let mut inserts = ArrayOfTables::new();
    let mut own = Table::new();
    own.insert("eq", value(eq));
    inserts.push(own);
    table.insert("insert", Item::ArrayOfTables(inserts));
    desk.set(LFE, "fader_db", LFE_DB - MOST_LFE_DB, said("bed.lfe", Family::Space, text.clone()));
    let or = Some("lfe_db = -144 leaves the LFE silent");
    desk.set(LFE, "lfe_db", MOST_LFE_DB, Said { or, ..said("bed.lfe", Family::Space, text) });
}

/// Adds a send to a strip, however its sends are written.
fn send(table: &mut Table, to: &str, gain_db: f64) {
    match table.get_mut("sends") {
        Some(Item::Value(toml_edit::Value::Array(list))) => {
            let mut one = toml_edit::InlineTable::new();
            one.insert("to", to.into());
            one.insert("gain_db", gain_db.into());
            list.push(one);
        }
        Some(Item::ArrayOfTables(list)) => {
            let mut one = Table::new();
            one.insert("to", value(to));
            one.insert("gain_db", value(gain_db));
            list.push(one);
        }
        _ => {
            let mut one = toml_edit::InlineTable::new();
            one.insert("to", to.into());
            one.insert("gain_db", gain_db.into());
            insert(table, "sends", value(toml_edit::Array::from_iter([one])));
        }
    }
}
