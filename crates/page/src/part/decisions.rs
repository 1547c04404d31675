//! What was done and why, move by move.

use crate::markup::{Element, Markup, el};
use crate::picture::{plain, signed};
use crate::shell::section;
use studio::master::chain::{Chain, Delivery, Evidence, Step};

fn figure(evidence: &Evidence) -> String {
    let limit = evidence.limit.map_or_else(String::new, |limit| format!(" (limit {})", plain(limit, 2)));
    format!("{} {} {}{limit}", evidence.measure, plain(evidence.value, 2), evidence.unit)
}

fn step(step: &Step) -> Element {
    let tag = |class: &str, text: &str| el("span").class(format!("tag {class}")).text(text);
    let title = step.id.replace(['-', '_'], " ");
    let head = el("h3")
        .text(format!("{title} "))
        .child(tag("", step.family.name()))
        .child((!step.on).then(|| tag("warning", "not used")))
        .child(step.locked.then(|| tag("", "locked")))
        .child(step.edited().then(|| tag("", "changed by hand")));
    let figures: Vec<String> = step.evidence.iter().map(figure).collect();
    let line = |name: &str, text: &str| {
        (!text.is_empty()).then(|| el("p").child(el("b").text(format!("{name} "))).text(text))
    };
    let sure = format!("{} · {:.0} % sure", step.settings.description().key, 100.0 * step.confidence);
    el("article")
        .class(if step.on { "" } else { "off" })
        .child(head)
        .child(line("Because", &step.because))
        .child(line("Effect", &step.effect))
        .child(line("Instead", &step.alternatives.join("; ")))
        .child(
            el("p").class("figures").text(figures.into_iter().chain([sure]).collect::<Vec<_>>().join(" · ")),
        )
}

/// Every move of a chain, then those of the delivery that is shown.
#[must_use]
pub fn part(chain: &Chain, delivery: &Delivery) -> Element {
    let remarks: Vec<&String> = chain.because.iter().chain(&delivery.because).collect();
    let remarks =
        (!remarks.is_empty()).then(|| el("ul").children(remarks.into_iter().map(|text| el("li").text(text))));
    let steps: Vec<Element> = chain.steps.iter().chain(&delivery.steps).map(step).collect();
    let none = steps.is_empty().then(|| el("p").text("Nothing but the level was changed."));
    let level = format!(
        "Intensity {}, tone {}. Level {} dB, ceiling {} dBTP{}. Every move can be changed in master.toml and rendered again with --chain.",
        chain.intensity,
        chain.tone,
        signed(delivery.output.gain_db, 2),
        plain(delivery.output.ceiling_dbtp, 2),
        delivery
            .aim
            .as_ref()
            .map_or_else(String::new, |aim| format!(", aimed at {} LUFS", plain(aim.loudness, 1)))
    );
    section("decisions", "What was done, and why")
        .child(el("p").text(level))
        .child(remarks.map(Markup::from))
        .child(none)
        .child(el("div").class("moves").children(steps))
}
