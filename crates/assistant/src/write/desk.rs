//! The desk: a session on its way to becoming text.

use crate::moves::{Part, Place, Value, slot};
use std::collections::{BTreeMap, BTreeSet};

/// A session that is being set up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Desk {
    /// Name of the song.
    pub name: String,
    /// Sample rate of the mix.
    pub sample_rate_hz: u32,
    /// Tempo, and a remark on how sure it is.
    pub tempo: (f64, String),
    /// Time signature.
    pub time_signature: String,
    /// Tracks, group by group.
    pub tracks: Vec<StripPlan>,
    /// Buses of groups, then returns.
    pub buses: Vec<StripPlan>,
    /// The mix bus.
    pub mix: StripPlan,
    /// Curves, by strip and control.
    pub curves: BTreeMap<(String, String), Vec<(f64, f64)>>,
    /// Inserts that a person rebuilt: nothing is set in them.
    pub by_hand: BTreeSet<(String, String)>,
}

/// A strip that is being set up.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StripPlan {
    /// Id.
    pub id: String,
    /// Name for people.
    pub name: String,
    /// Heading it stands under: its group.
    pub heading: String,
    /// Remark behind its table: what it is.
    pub remark: String,
    /// Where its sound comes from, for a track.
    pub source: Option<SourcePlan>,
    /// Bus it goes to, if not the mix.
    pub output: Option<String>,
    /// Why it is muted, if it is.
    pub muted: Option<String>,
    /// Controls, by key.
    pub controls: BTreeMap<String, Value>,
    /// Inserts, in the order of the chain.
    pub inserts: Vec<InsertPlan>,
    /// Sends, by bus.
    pub sends: BTreeMap<String, Value>,
}

/// Where a track's sound comes from.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourcePlan {
    /// File, as the session names it.
    pub file: String,
    /// Channels to play, from 1, and why; empty for all.
    pub channels: Vec<usize>,
    /// Why.
    pub why: String,
    /// Where it begins.
    pub start_seconds: f64,
}

/// A processor on a strip.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct InsertPlan {
    /// Its id.
    pub id: String,
    /// What it is.
    pub processor: String,
    /// Settings, in order.
    pub settings: Vec<(String, Value)>,
    /// Bands, by number from 1.
    pub bands: BTreeMap<usize, Vec<(String, Value)>>,
}

impl StripPlan {
    /// A strip with a name.
    #[must_use]
    pub fn named(id: &str, name: &str) -> Self {
        Self { id: id.to_owned(), name: name.to_owned(), ..Self::default() }
    }

    /// A control as a number; 0 unless it is set.
    #[must_use]
    pub fn number(&self, key: &str) -> f64 {
        self.controls.get(key).and_then(Value::number).unwrap_or(0.0)
    }

    /// An insert by its id.
    #[must_use]
    pub fn insert(&self, id: &str) -> Option<&InsertPlan> {
        self.inserts.iter().find(|insert| insert.id == id)
    }

    /// The insert of a slot, made if need be, at its place in the chain.
    fn insert_mut(&mut self, id: &str) -> Option<&mut InsertPlan> {
        let (rank, slot) = slot(id)?;
        let found = self.inserts.iter().position(|insert| insert.id == id);
        let at = found.unwrap_or_else(|| {
            let behind = |insert: &InsertPlan| crate::moves::slot(&insert.id).is_some_and(|(r, _)| r > rank);
            let at = self.inserts.iter().position(behind).unwrap_or(self.inserts.len());
            let plan =
                InsertPlan { id: id.to_owned(), processor: slot.processor.to_owned(), ..InsertPlan::default() };
            self.inserts.insert(at, plan);
            at
        });
        self.inserts.get_mut(at)
    }
}

impl Desk {
    /// The strip called `id`.
    #[must_use]
    pub fn strip(&self, id: &str) -> Option<&StripPlan> {
        self.strips().find(|strip| strip.id == id)
    }

    /// The strip called `id`, to be changed.
    pub fn strip_mut(&mut self, id: &str) -> Option<&mut StripPlan> {
        self.tracks.iter_mut().chain(&mut self.buses).chain([&mut self.mix]).find(|strip| strip.id == id)
    }

    /// All strips: tracks, buses, the mix.
    pub fn strips(&self) -> impl Iterator<Item = &StripPlan> {
        self.tracks.iter().chain(&self.buses).chain([&self.mix])
    }

    /// Ids of all strips.
    pub fn strip_ids(&self) -> impl Iterator<Item = &str> {
        self.strips().map(|strip| strip.id.as_str())
    }

    /// Sets a value at its place; a place that is not there is passed over.
    pub fn set(&mut self, place: &Place, value: &Value) {
        if let Part::Curve(key) = &place.part {
            if let Value::Points(points) = value {
                self.curves.insert((place.strip.clone(), key.clone()), points.clone());
            }
            return;
        }
        if self.is_by_hand(place) {
            return;
        }
        let Some(strip) = self.strip_mut(&place.strip) else { return };
        match &place.part {
            Part::Control(key) => {
                strip.controls.insert(key.clone(), value.clone());
            }
            Part::Send(to) => {
                strip.sends.insert(to.clone(), value.clone());
            }
            Part::Insert(id) => {
                if let (Some(insert), Value::Settings(settings)) = (strip.insert_mut(id), value) {
                    insert.settings.clone_from(settings);
                }
            }
            Part::Band(id, band) => {
                if let (Some(insert), Value::Settings(settings)) = (strip.insert_mut(id), value) {
                    insert.bands.insert(*band, settings.clone());
                }
            }
            Part::Curve(_) => {}
        }
    }

    /// Settings of an insert apart from its bands: for what all bands share.
    pub fn set_insert(&mut self, strip: &str, id: &str, settings: Vec<(String, Value)>) {
        if self.by_hand.contains(&(strip.to_owned(), id.to_owned())) {
            return;
        }
        if let Some(insert) = self.strip_mut(strip).and_then(|strip| strip.insert_mut(id)) {
            insert.settings = settings;
        }
    }

    /// Takes a value away.
    pub fn clear(&mut self, place: &Place) {
        if let Part::Curve(key) = &place.part {
            self.curves.remove(&(place.strip.clone(), key.clone()));
            return;
        }
        if self.is_by_hand(place) {
            return;
        }
        let Some(strip) = self.strip_mut(&place.strip) else { return };
        match &place.part {
            Part::Control(key) => {
                strip.controls.remove(key);
            }
            Part::Send(to) => {
                strip.sends.remove(to);
            }
            Part::Insert(id) => strip.inserts.retain(|insert| insert.id != *id),
            Part::Band(id, band) => {
                if let Some(insert) = strip.inserts.iter_mut().find(|insert| insert.id == *id) {
                    insert.bands.remove(band);
                }
                strip.inserts.retain(|insert| insert.id != *id || !insert.bands.is_empty());
            }
            Part::Curve(_) => {}
        }
    }

    fn is_by_hand(&self, place: &Place) -> bool {
        let (Part::Insert(id) | Part::Band(id, _)) = &place.part else { return false };
        self.by_hand.contains(&(place.strip.clone(), id.clone()))
    }
}
