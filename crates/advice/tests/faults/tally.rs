//! Counting: hits, misses, false alarms, and what lay under a limit and was left in peace.

use advice::assess::{Advice, Assessment, PLAIN};
use std::collections::{BTreeMap, BTreeSet};

/// A rule, and a part of the name of the file it is about; an empty name is any.
pub(crate) type Said = (&'static str, &'static str);

#[derive(Debug, Clone, Default)]
struct Count {
    hit: u32,
    missed: Vec<String>,
    false_alarms: Vec<String>,
    /// What it was planted on.
    bases: BTreeSet<String>,
    /// Planted under its limit, and not told.
    under: u32,
    /// Cases in which it had nothing to say and said nothing.
    quiet: u32,
}

/// What was found, rule by rule.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rules: BTreeMap<&'static str, Count>,
    cases: u32,
    /// Figures of rules: where they had to speak, and where not.
    figures: BTreeMap<&'static str, [Vec<f64>; 2]>,
}

/// A case of one song: what has to be said, what may be besides because it is so, and what it is planted under the limit of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expected {
    pub(crate) must: Vec<&'static str>,
    pub(crate) may: Vec<&'static str>,
    pub(crate) under: Vec<&'static str>,
}

/// The name of a case begins with its base.
fn base_of(name: &str) -> String {
    name.split(',').next().unwrap_or_default().to_owned()
}

impl Tally {
    /// Takes over what another tally counted.
    pub(crate) fn join(&mut self, other: Self) {
        self.cases += other.cases;
        for (rule, count) in other.rules {
            let own = self.rules.entry(rule).or_default();
            own.hit += count.hit;
            own.quiet += count.quiet;
            own.under += count.under;
            own.bases.extend(count.bases);
            own.missed.extend(count.missed);
            own.false_alarms.extend(count.false_alarms);
        }
        for (rule, [planted, clean]) in other.figures {
            let own = self.figures.entry(rule).or_default();
            own[0].extend(planted);
            own[1].extend(clean);
        }
    }

    /// In an order that does not depend on the threads.
    pub(crate) fn sort(&mut self) {
        for count in self.rules.values_mut() {
            count.missed.sort();
            count.false_alarms.sort();
        }
    }

    /// Remembers the figures of a case.
    pub(crate) fn figures(&mut self, found: &Assessment, expected: &Expected) {
        for figure in found.items.iter().flat_map(|item| &item.figures) {
            let [planted, clean] = self.figures.entry(figure.rule).or_default();
            if expected.must.contains(&figure.rule) {
                planted.push(figure.value);
            } else if !expected.may.contains(&figure.rule) {
                clean.push(figure.value);
            }
        }
    }

    fn planted(&mut self, rule: &'static str, name: &str, hit: bool, what: String) {
        let count = self.rules.entry(rule).or_default();
        count.bases.insert(base_of(name));
        if hit { count.hit += 1 } else { count.missed.push(what) }
    }

    /// One case: what spoke, and what was expected.
    pub(crate) fn case(&mut self, name: &str, spoke: &[&'static str], expected: &Expected) {
        self.cases += 1;
        for rule in &expected.must {
            self.planted(rule, name, spoke.contains(rule), name.to_owned());
        }
        for rule in spoke.iter().filter(|rule| !expected.must.contains(rule) && !expected.may.contains(rule))
        {
            self.rules.entry(rule).or_default().false_alarms.push(name.to_owned());
        }
        for rule in expected.under.iter().filter(|rule| !spoke.contains(rule)) {
            self.rules.entry(rule).or_default().under += 1;
        }
        for plain in PLAIN.iter().filter(|plain| !spoke.contains(&plain.rule)) {
            self.rules.entry(plain.rule).or_default().quiet += 1;
        }
    }

    /// A folder in which each part is a case of its own: what has to be said of which, what may, and what lies under a limit.
    pub(crate) fn parts(
        &mut self,
        name: &str,
        found: &Assessment,
        must: &[Said],
        may: &[Said],
        under: &[Said],
    ) {
        self.cases += (must.len() + under.len()).max(1) as u32;
        let is = |advice: &Advice, (rule, part): &Said| advice.rule == *rule && advice.about.contains(part);
        for wanted in must {
            let hit = found.advice.iter().any(|advice| is(advice, wanted));
            self.planted(wanted.0, name, hit, format!("{name}: {}", wanted.1));
        }
        for advice in &found.advice {
            if !must.iter().chain(may).any(|known| is(advice, known)) {
                let what = format!("{name}: {} ({})", advice.about, advice.measured);
                self.rules.entry(advice.rule).or_default().false_alarms.push(what);
            }
        }
        for wanted in under.iter().filter(|wanted| !found.advice.iter().any(|advice| is(advice, wanted))) {
            self.rules.entry(wanted.0).or_default().under += 1;
        }
        let files: usize = found.items.iter().map(|item| item.files.len()).sum();
        for plain in PLAIN {
            let spoke = found.advice.iter().filter(|advice| advice.rule == plain.rule).count();
            self.rules.entry(plain.rule).or_default().quiet += files.saturating_sub(spoke) as u32;
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "{} cases\n| rule | hits | missed | false | bases | under its limit, silent |\n|---|---:|---:|---:|---:|---:|",
            self.cases
        );
        for (rule, count) in self
            .rules
            .iter()
            .filter(|(_, count)| count.hit > 0 || !count.missed.is_empty() || !count.false_alarms.is_empty())
        {
            println!(
                "| {rule} | {} | {} | {} | {} | {} |",
                count.hit,
                count.missed.len(),
                count.false_alarms.len(),
                count.bases.len(),
                count.under
            );
            count.missed.iter().for_each(|name| println!("    missed: {name}"));
            count.false_alarms.iter().for_each(|name| println!("    false alarm: {name}"));
        }
    }

    pub(crate) fn print_figures(&self) {
        let span = |values: &[f64]| {
            let (low, high) = (
                values.iter().copied().fold(f64::INFINITY, f64::min),
                values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            );
            format!("{:>4} from {low:.1} to {high:.1}", values.len())
        };
        for (rule, [planted, clean]) in &self.figures {
            println!("{rule:<20} planted {}; elsewhere {}", span(planted), span(clean));
        }
    }

    /// Every rule that had something to find or found something reaches `least` in both.
    pub(crate) fn demand(&self, least: f64) {
        let below = |count: &Count| {
            let (precision, recall) = shares(count);
            precision < least || recall < least
        };
        let bad: Vec<&&str> =
            self.rules.iter().filter(|(_, count)| below(count)).map(|(rule, _)| rule).collect();
        assert!(bad.is_empty(), "below {least}: {bad:?}");
    }

    /// Every rule that can be said was planted so often, on so many bases, and lay under its limit at least once unless it has none.
    pub(crate) fn demand_plants(&self, fewest: u32, bases: usize) {
        let bare = |count: Option<&Count>, rule: &str| {
            let Some(count) = count else { return true };
            let planted = count.hit + count.missed.len() as u32;
            let limitless = LIMITLESS.iter().any(|(name, _)| *name == rule);
            planted < fewest || count.bases.len() < bases || (count.under == 0 && !limitless)
        };
        let bad: Vec<String> = PLAIN
            .iter()
            .filter(|plain| bare(self.rules.get(plain.rule), plain.rule))
            .map(|plain| {
                let count = self.rules.get(plain.rule).cloned().unwrap_or_default();
                let planted = count.hit + count.missed.len() as u32;
                format!("{}: planted {planted}, bases {:?}, under {}", plain.rule, count.bases, count.under)
            })
            .collect();
        assert!(bad.is_empty(), "planted too rarely:\n{}", bad.join("\n"));
    }
}

/// Rules that know no strength: it is so or it is not. Their clean twins are every other case.
const LIMITLESS: &[(&str, &str)] = &[
    ("unreadable", "a file opens or does not"),
    ("not_finite", "a number or none"),
    ("surround", "two channels or more"),
    ("many_channels", "two channels or more"),
    ("sample_rate", "a rate is in use or not"),
    ("rate_differs", "the same rate or another"),
    ("rates_apart", "the same rate or another"),
    ("mixed_states", "all or some"),
    ("stems_do_not_fit", "they fit or do not"),
];

fn shares(count: &Count) -> (f64, f64) {
    let share = |of: u32, other: usize| {
        if of == 0 && other == 0 { 1.0 } else { f64::from(of) / (f64::from(of) + other as f64) }
    };
    (share(count.hit, count.false_alarms.len()), share(count.hit, count.missed.len()))
}
