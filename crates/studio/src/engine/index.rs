//! What of a session moves a strip, found at once: curves by their place, VCAs by their members.

use crate::session::{Automation, Controls, Part, Session};
use fx::Fields;
use std::collections::BTreeMap;

/// Made once for a session. Every question is one search in a sorted map.
#[derive(Debug)]
pub(super) struct Index<'a> {
    curves: BTreeMap<(&'a str, Part), &'a Automation>,
    vcas: BTreeMap<&'a str, Vec<usize>>,
    /// Searches made, for the test that there are few.
    #[cfg(test)]
    pub(super) searches: std::cell::Cell<usize>,
}

impl<'a> Index<'a> {
    pub(super) fn new(session: &'a Session) -> Self {
        let place = |curve: &'a Automation| ((curve.target.strip.as_str(), curve.target.part), curve);
        Self {
            curves: session.automation.iter().map(place).collect(),
            vcas: session.vcas_of_strips(),
            #[cfg(test)]
            searches: std::cell::Cell::new(0),
        }
    }

    fn count(&self) {
        #[cfg(test)]
        self.searches.set(self.searches.get() + 1);
    }

    /// The curve of a part of a strip or VCA.
    pub(super) fn curve(&self, id: &str, part: Part) -> Option<&'a Automation> {
        self.count();
        self.curves.get(&(id, part)).copied()
    }

    /// The curves of an insert with the parameters they move, in order of these.
    pub(super) fn insert(
        &self,
        id: &'a str,
        insert: usize,
    ) -> impl Iterator<Item = (usize, &'a Automation)> + '_ {
        self.count();
        let part = |index| (id, Part::Insert { insert, index });
        self.curves.range(part(0)..=part(usize::MAX)).filter_map(|((_, part), curve)| match part {
            Part::Insert { index, .. } => Some((*index, *curve)),
            _ => None,
        })
    }

    /// Whether the mute of a strip moves.
    pub(super) fn mute_moves(&self, id: &str) -> bool {
        let mute = Controls::PARAMS.iter().position(|param| param.key == "mute");
        mute.is_some_and(|index| self.curve(id, Part::Control(index)).is_some())
    }

    /// VCAs that move a strip.
    pub(super) fn vcas(&self, id: &str) -> &[usize] {
        self.count();
        self.vcas.get(id).map_or(&[], Vec::as_slice)
    }
}
