//! What was found, each with what to do.

use crate::markup::{Element, el};
use crate::picture::{clock, minus};
use crate::shell::section;
use advice::assess::Advice;
use studio::message::Severity;

/// The list, worst first. Where something has a place in time, and that is in the sound of the page, it can be heard.
#[must_use]
pub fn part(found: &[Advice], about: &str) -> Element {
    let mut sorted: Vec<&Advice> = found.iter().collect();
    sorted.sort_by_key(|advice| std::cmp::Reverse(advice.severity));
    let none = sorted.is_empty().then(|| el("p").text("Nothing was found that should be known."));
    section("findings", "What was found")
        .child(el("p").text(about))
        .child(none)
        .child(el("ul").class("findings").children(sorted.into_iter().map(one)))
}

fn one(advice: &Advice) -> Element {
    let (class, word) = match (advice.severity, advice.suspicion) {
        (Severity::Blocker, _) => ("blocker", "stop"),
        (_, true) => ("info", "perhaps"),
        (Severity::Warning, _) => ("warning", "look"),
        (Severity::Info, _) => ("info", "note"),
    };
    let at = advice.seconds.map_or_else(String::new, |seconds| format!(" at {}", clock(seconds)));
    let limit = if advice.limit.is_empty() { String::new() } else { format!(" (limit: {})", advice.limit) };
    // What a rule measures stands beside its plain words, unless these are the same.
    let measured = (advice.measured != advice.plain).then(|| advice.measured.trim_end_matches('.'));
    let figures = match measured {
        Some(measured) => format!("{measured}{at}{limit}"),
        None => format!("{at}{limit}").trim().to_owned(),
    };
    let figures = if advice.about.is_empty() { figures } else { format!("{}: {figures}", advice.about) };
    let hear = advice.seconds.map(|seconds| {
        el("button")
            .attr("type", "button")
            .class("quiet")
            .attr("data-hear", format!("{seconds:.2}"))
            .flag("hidden")
            .text(format!("Hear it at {}", clock(seconds)))
    });
    let plain = minus(&format!("{}.", advice.plain.trim_end_matches('.')));
    let action = if advice.action.is_empty() { "Nothing to do." } else { &advice.action };
    el("li")
        .class(class)
        .child(el("p").class("what").child(el("span").class(format!("tag {class}")).text(word)).text(plain))
        .child((!figures.is_empty()).then(|| el("p").class("figures").text(minus(&figures))))
        .child(el("p").class("do").text(action))
        .child(el("p").class("unit").text(format!("rule {}", advice.rule)).child(hear))
}
