//! What was found, each with what to do.

use crate::markup::{Element, el};
use crate::picture::clock;
use crate::shell::section;
use studio::message::{Finding, Severity};

/// The list. Where a finding has a place in time, and that is in the sound of the page, it can be heard.
#[must_use]
pub fn part(findings: &[Finding], about: &str) -> Element {
    let one = |finding: &Finding| {
        let (class, word) = match finding.severity {
            Severity::Blocker => ("blocker", "stop"),
            Severity::Warning => ("warning", "look"),
            Severity::Info => ("info", "note"),
        };
        let at = finding.seconds.map_or_else(String::new, |seconds| format!(" at {}", clock(seconds)));
        let limit =
            if finding.limit.is_empty() { String::new() } else { format!(" Limit: {}.", finding.limit) };
        let hear = finding.seconds.map(|seconds| {
            el("button")
                .attr("type", "button")
                .class("quiet")
                .attr("data-hear", format!("{seconds:.2}"))
                .flag("hidden")
                .text(format!("Hear it at {}", clock(seconds)))
        });
        let advice = if finding.advice.is_empty() { "Nothing to do." } else { &finding.advice };
        el("li")
            .class(class)
            .child(
                el("p")
                    .class("what")
                    .child(el("span").class(format!("tag {class}")).text(word))
                    .text(format!("{}{at}.{limit}", finding.measured.trim_end_matches('.'))),
            )
            .child(el("p").class("do").text(advice))
            .child(el("p").class("unit").text(format!("rule {}", finding.rule)).child(hear))
    };
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let none = sorted.is_empty().then(|| el("p").text("Nothing was found that should be known."));
    section("findings", "What was found")
        .child(el("p").text(about))
        .child(none)
        .child(el("ul").class("findings").children(sorted.into_iter().map(one)))
}
