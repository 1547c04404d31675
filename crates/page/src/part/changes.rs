//! What changed from one version to the other, in sentences and numbers.

use crate::markup::{Element, el};
use crate::picture::{Rows, minus, plain, scroll, signed, table_of};
use crate::shell::section;
use advice::compare::{Comparison, Sentence};

/// The sentences, each with its numbers, and the bands as a table.
#[must_use]
pub fn part(found: &Comparison) -> Element {
    section("changes", "What changed")
        .child(el("p").text("Both were laid on each other to the sample and made equally loud before anything was compared, because the louder of two always seems the better one. BEFORE is the earlier version, AFTER the later."))
        .child(el("ul").class("changes card").children(found.sentences.iter().map(sentence)))
        .child(
            el("details")
                .child(el("summary").text("Dynamics and width by band"))
                .child(scroll("Bands", table_of(&bands(found), "How far loud moments stand over the usual level, and the sides against the middle"))),
        )
}

fn sentence(sentence: &Sentence) -> Element {
    let numbers =
        (!sentence.numbers.is_empty()).then(|| el("p").class("figures").text(minus(&sentence.numbers)));
    let class = match sentence.about {
        "whole" => "whole",
        "next" => "do",
        _ => "",
    };
    el("li").child(el("p").class(class).text(minus(&sentence.text))).child(numbers)
}

/// Sentences for the head of a page: the first of tone, dynamics, punch and width, without their numbers.
pub fn headlines(found: &Comparison) -> impl Iterator<Item = String> + '_ {
    let first = |about: &&str| found.sentences.iter().find(|sentence| sentence.about == *about);
    ["tone", "dynamics", "punch", "width"].iter().filter_map(first).map(|sentence| minus(&sentence.text))
}

fn bands(found: &Comparison) -> Rows {
    let db = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |db| plain(db, 1));
    let rows = found.dynamics.iter().enumerate().map(|(n, band)| {
        let width = found.width.get(n);
        vec![
            format!("{} ({:.0} to {:.0} Hz)", band.name, band.low_hz, band.high_hz),
            plain(band.before_db, 1),
            plain(band.after_db, 1),
            signed(band.change_db, 1),
            db(width.and_then(|width| width.before_db)),
            db(width.and_then(|width| width.after_db)),
            width
                .and_then(|width| width.change_percent)
                .map_or_else(|| "–".to_owned(), |percent| format!("{} %", signed(percent, 0))),
        ]
    });
    let head = [
        "band",
        "loud over usual before, dB",
        "after, dB",
        "change, dB",
        "sides before, dB",
        "after, dB",
        "width",
    ];
    Rows { head: head.map(str::to_owned).to_vec(), rows: rows.collect() }
}
