//! How it comes across elsewhere: what disappears and what turns sharp in every place, with its curve.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::picture::{minus, places, scroll, signed};
use crate::shell::section;
use crate::song::LOSSY_SECONDS;
use advice::translate::{Effect, Place, Said, Translation, Word};

/// Ranges whose change is told, in their order.
const RANGES: [&str; 5] = ["bass", "overtones", "body", "words", "sharpness"];
/// Change from which a cell is marked, dB: what is heard at once. By convention.
const MARKED_DB: f64 = 3.0;

/// A table of all places, then a card for each.
#[must_use]
pub fn part(found: &Translation, heard: &Heard) -> Element {
    let head = std::iter::once("Place").chain(RANGES).chain(["in short"]);
    let head = head.map(|name| {
        let th = el("th").attr("scope", "col").text(name);
        if RANGES.contains(&name) { th.class("number") } else { th }
    });
    let table = el("table")
        .class("matrix")
        .child(el("caption").text(
            "Change of each range against how it is here, at equal loudness, dB. ▲ and ▼ mark 3 dB and more",
        ))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(found.places.iter().map(row)));
    section("elsewhere", "How it comes across elsewhere")
        .child(
            el("p")
                .text("Simulated: what other loudspeakers leave of it, what disappears and what turns sharp. Most curves are estimates and say so: take this as places to listen, not as measurements. Excerpts to hear: ")
                .child(el("code").text("tonmeister translate FILE -o DIR")),
        )
        .child(scroll("Places", table))
        .child(el("div").class("places").children(found.places.iter().map(|said| card(said, heard))))
}

fn row(said: &Said) -> Element {
    let cell = |change: &f64| {
        let (class, mark) = match *change {
            db if db <= -MARKED_DB => ("less", "▼ "),
            db if db >= MARKED_DB => ("more", "▲ "),
            _ => ("", ""),
        };
        let text = if *change <= -60.0 { "gone".to_owned() } else { signed(*change, 1) };
        el("td").class(format!("number {class}").trim()).text(format!("{mark}{text}"))
    };
    el("tr")
        .child(el("th").attr("scope", "row").text(&said.place.title))
        .children(said.change_db.iter().map(cell))
        .child(el("td").class("wide").text(short(said)))
}

/// What happens, in a few words.
fn short(said: &Said) -> String {
    let word = |effect: &Effect| match effect.what {
        Word::BassGone => "bass gone",
        Word::BassCarried => "bass told by its overtones",
        Word::BassBooms => "bass booms",
        Word::BassCancels => "bass cancels",
        Word::VoiceLost => "voice goes under",
        Word::SidesLost => "sides lost",
        Word::Harsh => "harsh",
        Word::QuietLost => "quiet passages lost",
        Word::CodecHeard => "codec heard",
        Word::CodecClips => "clips when decoded",
        Word::NotEncoded => "not encoded here",
        Word::Holds => "holds",
    };
    said.effects.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn card(said: &Said, heard: &Heard) -> Element {
    let place = &said.place;
    let holds = said.effects.iter().all(|effect| effect.what == Word::Holds);
    let effect = |effect: &Effect| {
        el("li")
            .child(el("p").text(&effect.text))
            .child(el("p").class("figures").text(minus(&effect.measured)))
            .child(el("p").class("do").text(&effect.action))
    };
    let tier = el("span").class("tag").text(&place.response.tier);
    el("article")
        .class("card")
        .child(el("h3").text(format!("{} ", place.title)).child(tier))
        .child(el("p").class("figures").text(&place.about))
        .child(places::plot(said, heard).map(|plot| plot.small()))
        .child(
            el("ul")
                .class(if holds { "effects good" } else { "effects" })
                .children(said.effects.iter().map(effect)),
        )
        .child(el("p").class("unit").text(source(place)))
}

/// Where the curve comes from, or how a stream was judged.
fn source(place: &Place) -> String {
    match &place.codec {
        Some(codec) => format!("{}, judged by the loudest {LOSSY_SECONDS} s. {}", codec.value, codec.source),
        None => format!("curve: {} ({})", place.response.source, place.response.date),
    }
}
