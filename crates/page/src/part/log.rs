//! Logs of a mix or a master: what the engineer changed between two of them, or everything that was set, with its reasons.

use crate::markup::{Element, el};
use crate::paper::parts;
use crate::picture::minus;
use crate::shell::section;
use advice::history::{Diff, Paper};

/// What changed between two logs, thing by thing.
#[must_use]
pub fn changes(found: &Diff) -> Element {
    let mut abouts: Vec<&str> = Vec::new();
    for change in &found.changes {
        if !abouts.contains(&change.about.as_str()) {
            abouts.push(&change.about);
        }
    }
    let thing = |about: &str| {
        let own = found.changes.iter().filter(|change| change.about == about).map(|change| {
            let why = change.because.as_ref().map(|why| el("p").class("figures").text(minus(why)));
            el("li").child(el("p").text(minus(&change.text))).child(why)
        });
        el("article").child(el("h3").text(about)).child(el("ul").children(own))
    };
    let none = abouts.is_empty().then(|| el("p").text("Nothing was changed."));
    section("log", "What the engineer changed")
        .child(none)
        .child(el("div").class("moves").children(abouts.into_iter().map(thing)))
}

/// Everything that was set, folded away, and the reasons.
#[must_use]
pub fn all(paper: &Paper) -> Element {
    let open = el("summary").text("Every setting, with the reasons for them");
    section("log", "How it was set, and why")
        .child(el("p").text("From the log that is written beside every print and master: what has to be set again to get the same record."))
        .child(el("details").child(open).child(el("div").class("paper").child(parts(paper))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::markup::Markup;
    use advice::history::{diff, recall};

    const LOG: &str = "version = 1\n[[track]]\nid = \"lead\"\nname = \"Lead <1>\"\nfader_db = -3.0\nbecause = \"it was buried\"\n";

    #[test]
    fn a_moved_fader_is_told_with_its_reason_under_its_track() {
        let later = LOG.replace("-3.0", "-1.5");
        let text = Markup::from(changes(&diff((LOG, "a"), (&later, "b")).unwrap())).into_string();
        let order = ["Lead &lt;1&gt;", "fader turned up by 1.5 dB (−3 dB to −1.5 dB)", "it was buried"];
        assert!(order.map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}"))).is_sorted());
        let none = Markup::from(changes(&diff((LOG, "a"), (LOG, "b")).unwrap())).into_string();
        assert!(none.contains("Nothing was changed."));
    }

    #[test]
    fn one_log_is_shown_as_its_recall_sheet() {
        let text = Markup::from(all(&recall(LOG, "a.toml").unwrap())).into_string();
        assert!(
            text.contains("<td class=\"number\">-3</td>") && text.contains("Why: it was buried"),
            "{text}"
        );
    }
}
