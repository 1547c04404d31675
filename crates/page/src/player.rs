//! The player as it stands in a page: native controls, its data, its sound.

use crate::heard::Stretch;
use crate::markup::{Element, Markup, el};
use crate::sound::Clip;
use serde_json::json;
use std::fmt::Write;

/// The script of every page that plays.
pub const SCRIPT: &str = include_str!("../assets/player.js");

/// A version of the sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// What it is called: `Before`.
    pub name: String,
    /// Its sound.
    pub clip: Clip,
    /// The script beside the page that holds the sound; `None` when it is in the page.
    pub beside: Option<String>,
}

/// Everything the player of one song needs.
#[derive(Debug, Clone, PartialEq)]
pub struct Listening {
    /// Tells the players of a page apart; letters and digits.
    pub id: String,
    /// Rate of the sound.
    pub rate_hz: u32,
    /// Where in the song it begins.
    pub start_seconds: f64,
    /// Its length.
    pub seconds: f64,
    /// One or two versions; the last is the later.
    pub sides: Vec<Side>,
    /// Ways to set the levels: name, and a gain for each version that turns none up.
    pub modes: Vec<(String, Vec<f64>)>,
    /// The waveform of the stretch. One for all versions: it must not tell which one plays.
    pub wave: Vec<Stretch>,
}

impl Listening {
    /// The script beside the page for a version.
    #[must_use]
    pub fn script(&self, index: usize) -> Option<String> {
        let side = self.sides.get(index)?;
        side.beside.as_ref()?;
        Some(format!("tonmeisterAudio({}, \"{}\");\n", json!(self.key(index)), side.clip.base64))
    }

    fn key(&self, index: usize) -> String {
        format!("{}-{index}", self.id)
    }

    /// The player.
    #[must_use]
    pub fn section(&self) -> Element {
        let sides = self.sides.iter().enumerate().map(|(index, side)| {
            json!({ "name": side.name, "format": side.clip.format, "key": self.key(index), "beside": side.beside })
        });
        let round = |gain: &f64| (gain * 1000.0).round() / 1000.0;
        let modes = self.modes.iter().map(
            |(name, gains)| json!({ "name": name, "gains": gains.iter().map(round).collect::<Vec<_>>() }),
        );
        let data = json!({
            "rate": self.rate_hz,
            "start": self.start_seconds,
            "seconds": self.seconds,
            "sides": sides.collect::<Vec<_>>(),
            "modes": modes.collect::<Vec<_>>(),
        });
        let sounds = self.sides.iter().enumerate().filter(|(_, side)| side.beside.is_none());
        let sounds = sounds.map(|(index, side)| Markup::sound(index, &side.clip.base64));
        el("div")
            .class("player")
            .attr("data-player", &self.id)
            .attr("role", "group")
            .attr("aria-label", "Player")
            .child(Markup::data(&data))
            .children(sounds)
            .child(
                el("noscript").child(
                    el("p").text("The player needs JavaScript; everything else on this page does not."),
                ),
            )
            .child(self.lane())
            .child(self.seek())
            .child(self.controls())
            .child(
                el("p")
                    .class("status")
                    .attr("data-part", "said")
                    .attr("role", "status")
                    .attr("aria-live", "polite"),
            )
            .child(self.test())
    }

    fn lane(&self) -> Element {
        let count = self.wave.len().max(1) as f64;
        // The RMS has more shape than the peaks of a loud master, which all reach the ceiling.
        let most = self.wave.iter().map(|stretch| stretch.power.sqrt()).fold(1e-9, f64::max);
        let mut d = String::new();
        for (n, stretch) in self.wave.iter().enumerate() {
            let (x, width) = (1000.0 * n as f64 / count, 1000.0 / count);
            let half = 46.0 * stretch.power.sqrt() / most + 0.5;
            let _ = write!(
                d,
                "M{x:.1} {:.1}h{:.1}v{:.1}h-{:.1}Z",
                50.0 - half,
                0.7 * width,
                2.0 * half,
                0.7 * width
            );
        }
        let clip = format!("played-{}", self.id);
        let wave = || el("path").class("wave").attr("d", &d);
        let rect = el("rect")
            .attr("data-part", "head")
            .attr("x", 0)
            .attr("y", 0)
            .attr("width", 0)
            .attr("height", 100);
        let svg = el("svg")
            .attr("viewBox", "0 0 1000 100")
            .attr("preserveAspectRatio", "none")
            .attr("aria-hidden", "true")
            .child(el("clipPath").attr("id", &clip).child(rect))
            .child(wave())
            .child(el("g").class("played").attr("clip-path", format!("url(#{clip})")).child(wave()));
        el("div").class("lane no-print").child(svg)
    }

    fn seek(&self) -> Element {
        let seek = el("input").attr("type", "range").class("seek").attr("data-part", "seek").attr("min", 0);
        let seek = seek.attr("max", format!("{:.2}", self.seconds)).attr("step", "0.01").attr("value", 0);
        el("div").class("controls seekline").child(seek.attr("aria-label", "Position"))
    }

    fn controls(&self) -> Element {
        let button = |part: &str| el("button").attr("type", "button").attr("data-part", part);
        let play = button("play")
            .class("go")
            .attr("aria-label", "Play")
            .child(el("span").attr("aria-hidden", "true").text("Play"));
        let choices = self.sides.iter().zip(["A", "B"]).filter(|_| self.sides.len() > 1);
        let choices = choices.map(|(side, letter)| {
            let pressed = if letter == "B" { "true" } else { "false" };
            choice(letter)
                .attr("aria-pressed", pressed)
                .child(el("b").text(letter))
                .child(el("small").text(&side.name))
        });
        let x = (self.sides.len() > 1).then(|| {
            choice("X")
                .attr("aria-pressed", "false")
                .flag("hidden")
                .child(el("b").text("X"))
                .child(el("small").text("which one?"))
        });
        let modes =
            self.modes.iter().enumerate().map(|(n, (name, _))| el("option").attr("value", n).text(name));
        let mode = el("label").text("Level ").child(el("select").attr("data-part", "mode").children(modes));
        let volume = el("input")
            .attr("type", "range")
            .attr("data-part", "volume")
            .attr("min", 0)
            .attr("max", 100)
            .attr("value", 100);
        el("div")
            .class("controls")
            .child(play)
            .children(choices)
            .child(x)
            .child(button("loop").attr("aria-pressed", "true").text("Loop"))
            .child(el("span").class("time").attr("data-part", "time"))
            .child((self.modes.len() > 1).then_some(mode))
            .child(el("label").text("Volume ").child(volume))
    }

    fn test(&self) -> Option<Element> {
        let button = || el("button").attr("type", "button");
        (self.sides.len() > 1).then(|| {
            el("div")
                .class("controls")
                .child(button().attr("data-part", "blind").text("Blind test (ABX)"))
                .child(button().attr("data-answer", "A").flag("hidden").text("X is A"))
                .child(button().attr("data-answer", "B").flag("hidden").text("X is B"))
                .child(el("span").class("time").attr("data-part", "trial"))
                .child(button().class("quiet").attr("data-open-help", "").text("Keys: ?"))
                .child(el("p").class("score").attr("data-part", "score").attr("role", "status"))
        })
    }
}

fn choice(letter: &'static str) -> Element {
    el("button").attr("type", "button").class("choice").attr("data-choose", letter)
}

/// The keys, as a dialog.
#[must_use]
pub fn help() -> Element {
    let keys = [
        ("Space", "play or pause"),
        ("A, B", "hear before, hear after"),
        ("X", "hear X; outside a test, begin a blind test"),
        ("←, →", "two seconds back or on; with Shift a fifth of a second"),
        ("Home", "back to the start"),
        ("L", "loop on or off"),
        ("[, ]", "begin or end the loop here"),
        ("?", "this list"),
    ];
    let rows = keys.map(|(key, what)| {
        el("tr").child(el("th").attr("scope", "row").child(el("kbd").text(key))).child(el("td").text(what))
    });
    let single = el("input").attr("type", "checkbox").attr("id", "single-keys").flag("checked");
    el("dialog")
        .attr("id", "help")
        .attr("aria-labelledby", "help-title")
        .child(el("h2").attr("id", "help-title").text("Keys of the player"))
        .child(el("table").child(el("tbody").children(rows)))
        .child(
            el("p").child(el("label").child(single).text(" Keys work without a click on the player first")),
        )
        .child(el("form").attr("method", "dialog").child(el("button").text("Close")))
}
