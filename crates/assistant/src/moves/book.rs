//! The book of moves: rules propose, the book scales, keeps what a person decided, and writes down why.

use super::{Because, Family, Figure, Move, Place, Strengths, Value, amount};
use crate::write::Desk;
use std::collections::{BTreeMap, BTreeSet};

/// What a person decided about a move of an earlier run.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The value that stands in the session; `None` when it was taken away.
    pub value: Option<Value>,
    /// Whether the move is locked; otherwise it was changed by hand.
    pub locked: bool,
}

/// A move as a rule proposes it.
#[derive(Debug, Clone)]
pub struct Draft {
    rule: &'static str,
    family: Family,
    place: Place,
    nth: usize,
    full: Value,
    neutral: Value,
    text: String,
    because: Vec<Because>,
    effect: String,
    confidence: f64,
    share: f64,
    alternatives: Vec<String>,
    evidence: &'static str,
    offered: bool,
}

impl Draft {
    /// A proposal of a rule: the full value, and what does nothing at that place. In `text`, `{key}` stands for the setting of
    /// that name as it is written, `{value}` for a single number.
    #[must_use]
    pub fn new(rule: &'static str, family: Family, place: Place, full: Value, neutral: Value, text: &str) -> Self {
        Self {
            rule,
            family,
            place,
            nth: 0,
            full,
            neutral,
            text: text.to_owned(),
            because: Vec::new(),
            effect: String::new(),
            confidence: 0.7,
            share: 1.0,
            alternatives: Vec::new(),
            evidence: "",
            offered: false,
        }
    }

    /// One of several of its rule on its strip, from 1.
    #[must_use]
    pub fn nth(mut self, nth: usize) -> Self {
        self.nth = nth;
        self
    }

    /// A measured number.
    #[must_use]
    pub fn because(mut self, what: &str, number: f64) -> Self {
        if number.is_finite() {
            let number = (number * 100.0).round() / 100.0;
            self.because.push(Because { what: what.to_owned(), figure: Figure::Number(number + 0.0) });
        }
        self
    }

    /// A measured fact in a word.
    #[must_use]
    pub fn because_of(mut self, what: &str, word: &str) -> Self {
        self.because.push(Because { what: what.to_owned(), figure: Figure::Word(word.to_owned()) });
        self
    }

    /// What it does, measured.
    #[must_use]
    pub fn effect(mut self, effect: impl Into<String>) -> Self {
        self.effect = effect.into();
        self
    }

    /// How sure the rule is, 0 to 1.
    #[must_use]
    pub fn confidence(mut self, confidence: f64) -> Self {
        self.confidence = (confidence.clamp(0.0, 1.0) * 100.0).round() / 100.0;
        self
    }

    /// Share of the proposal that is done, for a track that is not surely known (f.3).
    #[must_use]
    pub fn share(mut self, share: f64) -> Self {
        self.share = share.clamp(0.0, 1.0);
        self
    }

    /// What else could be done.
    #[must_use]
    pub fn or(mut self, alternative: impl Into<String>) -> Self {
        self.alternatives.push(alternative.into());
        self
    }

    /// Where the rule comes from.
    #[must_use]
    pub fn evidence(mut self, evidence: &'static str) -> Self {
        self.evidence = evidence;
        self
    }

    /// Offers it only: nothing follows.
    #[must_use]
    pub fn offered(mut self) -> Self {
        self.offered = true;
        self
    }

    fn id(&self) -> String {
        let strip = &self.place.strip;
        match self.nth {
            0 => format!("{}:{strip}", self.rule),
            nth => format!("{}:{strip}:{nth}", self.rule),
        }
    }
}

/// What came of a proposal.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What stands in the session now.
    pub value: Value,
    /// Whether a person decided it.
    pub held: bool,
}

/// Every move of a run.
#[derive(Debug, Clone, Default)]
pub struct Book {
    strengths: Strengths,
    /// Rules and families that are not to work.
    undone: BTreeSet<String>,
    held: BTreeMap<String, Held>,
    /// What was written by hand in a session the assistant never saw, by place.
    base: Option<Box<crate::again::Again>>,
    moves: Vec<Move>,
}

impl Book {
    /// An empty book. `undone` names rules (`masking.cut`), their families or their beginnings (`masking`).
    #[must_use]
    pub fn new(strengths: Strengths, undone: BTreeSet<String>, again: Option<&crate::again::Again>) -> Self {
        let held = again.map(|again| again.held.clone()).unwrap_or_default();
        Self { strengths, undone, held, base: again.cloned().map(Box::new), moves: Vec::new() }
    }

    /// Strength of a family.
    #[must_use]
    pub fn strength(&self, family: Family) -> f64 {
        self.strengths.of(family)
    }

    /// Whether a rule may work at all: neither undone, nor its family at 0.
    #[must_use]
    pub fn works(&self, rule: &str, family: Family) -> bool {
        let undone = |word: &str| self.undone.contains(word);
        let stem = rule.split('.').next().unwrap_or(rule);
        !undone(rule) && !undone(stem) && !undone(family.word()) && self.strengths.of(family) > 0.0
    }

    /// The number a person decided on for a control, by rule and strip.
    #[must_use]
    pub fn held_number(&self, rule: &str, place: &Place) -> Option<f64> {
        let held = self.held.get(&format!("{rule}:{}", place.strip)).cloned();
        let held = held.or_else(|| self.by_hand(place, &Value::Number(0.0)))?;
        held.value.as_ref().map_or(Some(0.0), Value::number)
    }

    fn by_hand(&self, place: &Place, like: &Value) -> Option<Held> {
        let value = self.base.as_ref()?.written_by_hand(place, like)?;
        Some(Held { value: Some(value), locked: false })
    }

    /// Takes a proposal: scales it, or keeps what a person decided; sets it on the desk; writes it down. What stands in the
    /// session now comes back, `None` for nothing.
    pub fn put(&mut self, desk: &mut Desk, draft: Draft) -> Option<Told> {
        let id = draft.id();
        let works = self.works(draft.rule, draft.family);
        let held = self.held.get(&id).cloned().or_else(|| self.by_hand(&draft.place, &draft.full));
        if !works && held.is_none() {
            return None;
        }
        let strength = self.strengths.of(draft.family) * draft.share;
        let key = draft.place.key().to_owned();
        let proposed = draft.full.blend(&draft.neutral, strength, &key).tidied(&key);
        let value = match &held {
            Some(Held { value: None, .. }) => {
                self.note(draft, id, (Value::Word(REMOVED.to_owned()), proposed), strength, true);
                return None;
            }
            Some(Held { value: Some(value), .. }) => value.clone(),
            None => proposed.clone(),
        };
        let locked = held.as_ref().is_some_and(|held| held.locked);
        if !draft.offered {
            desk.set(&draft.place, &value);
        }
        self.note(draft, id, (value.clone(), proposed), strength, locked);
        Some(Told { value, held: held.is_some() })
    }

    fn note(&mut self, draft: Draft, id: String, (value, proposed): (Value, Value), strength: f64, locked: bool) {
        // A rule that looks again says what it says now.
        self.moves.retain(|m| m.id != id);
        self.moves.push(Move {
            text: filled(&draft.text, &value, draft.place.key()),
            id,
            rule: draft.rule.to_owned(),
            family: draft.family,
            place: draft.place,
            value,
            proposed,
            because: draft.because,
            effect: draft.effect,
            confidence: draft.confidence,
            strength: (strength * 100.0).round() / 100.0,
            alternatives: draft.alternatives,
            evidence: draft.evidence.to_owned(),
            locked,
            offered: draft.offered,
        });
    }

    /// Forgets the moves of a rule (on one strip, or everywhere) that a rule takes back; what a person decided stays.
    pub fn take_back(&mut self, desk: &mut Desk, rule: &str, strip: Option<&str>) {
        let gone = |m: &Move| m.rule == rule && strip.is_none_or(|strip| m.place.strip == strip) && !m.is_held();
        for m in self.moves.iter().filter(|m| gone(m)) {
            desk.clear(&m.place);
        }
        self.moves.retain(|m| !gone(m));
    }

    /// What was written down so far.
    #[must_use]
    pub fn moves(&self) -> &[Move] {
        &self.moves
    }

    /// Every move, in the order of the strips on the desk and of work on each.
    #[must_use]
    pub fn finish(self, desk: &Desk) -> Vec<Move> {
        let order: BTreeMap<String, usize> =
            desk.strip_ids().enumerate().map(|(number, id)| (id.to_owned(), number)).collect();
        let mut moves = self.moves;
        moves.sort_by_key(|m| order.get(&m.place.strip).copied().unwrap_or(usize::MAX));
        moves
    }
}

/// What stands for a value that a person took away.
pub(super) const REMOVED: &str = "removed";

/// The sentence with its numbers.
fn filled(text: &str, value: &Value, key: &str) -> String {
    let mut text = text.to_owned();
    match value {
        Value::Number(number) => text = text.replace("{value}", &amount(key, *number)),
        Value::Settings(settings) => {
            for (name, value) in settings {
                let word = match value {
                    Value::Number(number) => amount(name, *number),
                    Value::Word(word) => word.clone(),
                    _ => continue,
                };
                text = text.replace(&format!("{{{name}}}"), &word);
                // How far down, without a sign.
                text = text.replace(&format!("{{|{name}|}}"), word.trim_start_matches(['+', '-']));
            }
        }
        _ => {}
    }
    text
}
