//! Working on a session that is there: what a person decided is an input, never an output.

use crate::moves::{self, Held, Ledger, Move, Part, Place, Value};
use crate::write::Base;
use std::collections::{BTreeMap, BTreeSet};
use studio::message::{Error, Result};

/// A session that was there before.
#[derive(Debug, Clone)]
pub struct Again {
    /// Its text, open.
    pub base: Base,
    /// What it says about how it was made; `None` where the assistant never was.
    pub ledger: Option<Ledger>,
    /// Moves that a person decided, by id.
    pub held: BTreeMap<String, Held>,
    /// Inserts that a person rebuilt, by strip and id.
    pub by_hand: BTreeSet<(String, String)>,
}

impl Again {
    /// Reads a session's text and finds out what is not as the assistant left it.
    ///
    /// # Errors
    /// `not_toml`.
    pub fn read(text: &str) -> Result<Self> {
        let base = Base::parse(text)?;
        let ledger = moves::read(text);
        let mut again = Self { base, ledger, held: BTreeMap::new(), by_hand: BTreeSet::new() };
        again.find_rebuilt();
        again.find_held();
        Ok(again)
    }

    /// Locks the moves whose id, rule, family, strip or address is one of `words`.
    ///
    /// # Errors
    /// `unknown_move` for a word that names none.
    pub fn lock(&mut self, words: &[String]) -> Result<()> {
        let ledger = self.ledger.clone().unwrap_or_default();
        for word in words {
            let mut any = false;
            for m in ledger.moves.iter().filter(|m| is_meant(m, word)) {
                any = true;
                let value = self.base.value_at(&m.place, &m.proposed);
                self.held.insert(m.id.clone(), Held { value, locked: true });
            }
            if !any {
                let what = format!("no move is called `{}`", studio::message::clean(word));
                let error = Error::new(studio::message::Kind::Usage, "unknown_move", what);
                return Err(error.hint("an id, a rule, a family, a strip or an address, as `tonmeister explain` shows them"));
            }
        }
        Ok(())
    }

    /// What stands in a session the assistant never saw, where it would set something: that was written by hand.
    #[must_use]
    pub fn written_by_hand(&self, place: &Place, like: &Value) -> Option<Value> {
        if self.ledger.is_some() {
            return None;
        }
        self.base.value_at(place, like)
    }

    /// Places of moves that are not made again.
    #[must_use]
    pub fn gone(&self, moves: &[Move]) -> Vec<Place> {
        let now: BTreeSet<&Place> = moves.iter().filter(|m| !m.offered).map(|m| &m.place).collect();
        // An equaliser that keeps other bands is rewritten, not removed.
        let inserts: BTreeSet<(&str, &str)> = now.iter().filter_map(|place| insert_of(place)).collect();
        let old = self.ledger.iter().flat_map(|ledger| &ledger.moves).filter(|m| !m.offered);
        old.map(|m| &m.place)
            .filter(|place| !now.contains(place))
            .filter(|place| match insert_of(place) {
                Some((strip, id)) => {
                    !inserts.contains(&(strip, id)) && !self.by_hand.contains(&(strip.to_owned(), id.to_owned()))
                }
                None => true,
            })
            .cloned()
            .collect()
    }

    /// Equalisers whose number of bands is not as recorded.
    fn find_rebuilt(&mut self) {
        let mut recorded: BTreeMap<(String, String), usize> = BTreeMap::new();
        for m in self.ledger.iter().flat_map(|ledger| &ledger.moves).filter(|m| !m.offered) {
            if let (Part::Band(id, _), false) = (&m.place.part, moves::is_removed(&m.value)) {
                *recorded.entry((m.place.strip.clone(), id.clone())).or_default() += 1;
            }
        }
        for ((strip, id), bands) in recorded {
            if self.base.bands(&strip, &id).is_some_and(|there| there != bands) {
                self.by_hand.insert((strip, id));
            }
        }
    }

    fn find_held(&mut self) {
        let ledger = self.ledger.clone().unwrap_or_default();
        for m in ledger.moves.iter().filter(|m| !m.offered) {
            let rebuilt = insert_of(&m.place)
                .is_some_and(|(strip, id)| self.by_hand.contains(&(strip.to_owned(), id.to_owned())));
            let value = match rebuilt {
                true => Some(m.value.clone()),
                false => self.base.value_at(&m.place, &m.proposed),
            };
            let changed = rebuilt || value.as_ref().is_none_or(|value| !is_same(value, &m.proposed));
            if m.locked || changed {
                self.held.insert(m.id.clone(), Held { value, locked: m.locked });
            }
        }
    }
}

fn is_meant(m: &Move, word: &str) -> bool {
    let stem = m.rule.split('.').next();
    m.id == word
        || m.rule == word
        || stem == Some(word)
        || m.family.word() == word
        || m.place.strip == word
        || m.place.to_string() == word
}

/// Strip and id of the insert a place is in.
fn insert_of(place: &Place) -> Option<(&str, &str)> {
    match &place.part {
        Part::Insert(id) | Part::Band(id, _) => Some((&place.strip, id)),
        _ => None,
    }
}

/// Whether two values are the same but for the way they are written.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => (a - b).abs() < 1e-9,
        (Value::Settings(a), Value::Settings(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter().any(|(other, theirs)| other == name && is_same(value, theirs))
                })
        }
        (Value::Points(a), Value::Points(b)) => {
            a.len() == b.len()
                && a.iter().zip(b).all(|(a, b)| (a.0 - b.0).abs() < 1e-9 && (a.1 - b.1).abs() < 1e-9)
        }
        _ => a == b,
    }
}

impl Again {
    /// The bus that all of these tracks go to, if there is one.
    #[must_use]
    pub fn bus_of(&self, tracks: &[String]) -> Option<String> {
        let mut all = tracks.iter().map(|track| {
            let place = Place::control(track, "output");
            self.base.value_at(&place, &Value::Switch(false))
        });
        let first = all.next()??;
        let Value::Word(bus) = first.clone() else { return None };
        (bus != studio::session::MIX && all.all(|other| other.as_ref() == Some(&first))).then_some(bus)
    }
}
