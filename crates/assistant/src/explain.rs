//! Reads a session's moves aloud: in plain words, track by track or rule by rule.

use crate::again::Again;
use crate::moves::{Figure, Ledger, Move};
use std::fmt::Write as _;
use studio::message::{Error, Finding, Kind, Result, clean};

/// Findings about tracks that no mix mends (I4, I9 to I11, I13 and what is heard of takes).
const NOT_MENDED: [&str; 9] = [
    "clipped",
    "printed_reverb",
    "bleed",
    "noisy",
    "hum",
    "out_of_tune",
    "out_of_time",
    "missing_part",
    "unreadable",
];

/// What mixing cannot mend, of what was found about tracks.
pub fn not_mended(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| NOT_MENDED.contains(&finding.rule))
}

/// Which moves are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Which {
    /// Of this strip alone.
    pub track: Option<String>,
    /// Of this rule, or of rules that begin like it, or of this family.
    pub rule: Option<String>,
    /// With measured inputs, alternatives and sources.
    pub all: bool,
}

/// The moves of a session that are meant, as they stand in it now.
///
/// # Errors
/// `not_assisted` where there are none at all; `unknown_track`, `unknown_rule`.
pub fn moves(text: &str, which: &Which) -> Result<Vec<Move>> {
    let again = Again::read(text)?;
    let Some(ledger) = &again.ledger else {
        let error = Error::input("not_assisted", "no move of the assistant is recorded in this session");
        return Err(error.hint("make one with: tonmeister assist FOLDER -o session.toml"));
    };
    let now: Vec<Move> = ledger.moves.iter().map(|m| as_it_stands(&again, m)).collect();
    check(ledger, which)?;
    Ok(now.into_iter().filter(|m| is_meant(m, which)).collect())
}

/// The move with the value that stands in the session.
fn as_it_stands(again: &Again, m: &Move) -> Move {
    let mut now = m.clone();
    if let Some(held) = again.held.get(&m.id) {
        now.locked = held.locked;
        now.value = held.value.clone().unwrap_or_else(|| crate::moves::Value::Word("removed".to_owned()));
    }
    now
}

fn is_meant(m: &Move, which: &Which) -> bool {
    let rule =
        |word: &str| m.rule == word || m.rule.starts_with(&format!("{word}.")) || m.family.word() == word;
    which.track.as_ref().is_none_or(|track| m.place.strip == *track)
        && which.rule.as_ref().is_none_or(|word| rule(word))
}

fn check(ledger: &Ledger, which: &Which) -> Result<()> {
    let wrong = |code, what: String, known: Vec<&str>, word: &str| {
        let meant = studio::suggest::nearest(word, known.iter().copied());
        let hint = meant.map_or_else(
            || format!("there are: {}", known.join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        Err(Error::new(Kind::Usage, code, what).hint(hint))
    };
    let mut tracks: Vec<&str> = ledger.moves.iter().map(|m| m.place.strip.as_str()).collect();
    tracks.sort_unstable();
    tracks.dedup();
    if let Some(track) = which.track.as_deref().filter(|track| !tracks.contains(track)) {
        return wrong("unknown_track", format!("no move is made on `{}`", clean(track)), tracks, track);
    }
    let mut rules: Vec<&str> = ledger.moves.iter().flat_map(|m| [m.rule.as_str(), m.family.word()]).collect();
    rules.sort_unstable();
    rules.dedup();
    let stem = |word: &str| rules.iter().any(|rule| *rule == word || rule.starts_with(&format!("{word}.")));
    if let Some(rule) = which.rule.as_deref().filter(|rule| !stem(rule)) {
        return wrong("unknown_rule", format!("no move follows `{}`", clean(rule)), rules, rule);
    }
    Ok(())
}

/// The moves in words.
#[must_use]
pub fn text(moves: &[Move], which: &Which) -> String {
    let mut text = String::new();
    let by_rule = which.rule.is_some();
    let mut heading = String::new();
    for m in moves {
        let own = if by_rule { m.rule.clone() } else { m.place.strip.clone() };
        if own != heading {
            let gap = if heading.is_empty() { "" } else { "\n" };
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{gap}{own}");
            heading = own;
        }
        one(&mut text, m, by_rule, which.all);
    }
    text
}

fn one(text: &mut String, m: &Move, by_rule: bool, all: bool) {
    let who = if by_rule { format!("{}: ", m.place.strip) } else { String::new() };
    let state = match (m.locked, m.value != m.proposed, m.offered) {
        (true, _, _) => "  [locked]",
        (false, true, _) => "  [by hand]",
        (false, false, true) => "  [offered]",
        (false, false, false) => "",
    };
    let _ = writeln!(text, "  {who}{}{state}", clean(&m.text));
    if m.is_held() {
        let _ = writeln!(
            text,
            "      stands at {}, proposed {}",
            crate::moves::value_text(&m.value),
            crate::moves::value_text(&m.proposed)
        );
    }
    if !all {
        return;
    }
    if !m.because.is_empty() {
        let list: Vec<String> = m
            .because
            .iter()
            .map(|because| match &because.figure {
                Figure::Number(number) => format!("{} {number}", because.what.replace('_', " ")),
                Figure::Word(word) => format!("{} {}", because.what.replace('_', " "), clean(word)),
            })
            .collect();
        let _ = writeln!(text, "      measured: {}", list.join(", "));
    }
    if !m.effect.is_empty() {
        let _ = writeln!(text, "      effect: {}", clean(&m.effect));
    }
    if !m.alternatives.is_empty() {
        let _ = writeln!(
            text,
            "      or: {}",
            m.alternatives.iter().map(|a| clean(a)).collect::<Vec<_>>().join("; ")
        );
    }
    let _ = writeln!(
        text,
        "      at {}, {} ({:.0} % sure); {}",
        m.place,
        m.rule,
        100.0 * m.confidence,
        clean(&m.evidence)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use studio::message::Severity;

    #[test]
    fn what_mixing_cannot_fix_is_said_and_what_it_can_is_not() {
        let said = [
            "clipped",
            "printed_reverb",
            "bleed",
            "missing_part",
            "out_of_tune",
            "out_of_time",
            "noisy",
            "hum",
        ];
        let other = ["rate_differs", "dc", "click", "count_in", "pair"];
        let findings: Vec<Finding> =
            said.iter().chain(&other).map(|rule| Finding::new(rule, Severity::Info, "x")).collect();
        let told: Vec<&str> = not_mended(&findings).map(|finding| finding.rule).collect();
        assert_eq!(told, said);
    }
}
