//! The files of a delivery, each held against what it was made for.

use crate::markup::{Element, el};
use crate::picture::{plain, scroll};
use crate::shell::section;
use std::path::PathBuf;
use studio::deliver::Gate;
use studio::master::chain::Delivery;
use studio::meters::Measurements;
use studio::targets;

/// A delivered file.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// What it was made for.
    pub delivery: Delivery,
    /// Where it is; `None` when it is not there.
    pub path: Option<PathBuf>,
    /// What it measures.
    pub measured: Option<Measurements>,
    /// Its size.
    pub bytes: u64,
    /// Its SHA-256.
    pub sha256: String,
}

impl Delivered {
    /// Whether it is as it should be, and why not.
    ///
    /// # Errors
    /// What is wrong, in words with an action.
    pub fn holds(&self) -> Result<(), String> {
        let Some(measured) = &self.measured else {
            return Err("the file is not there; render it again with --chain".to_owned());
        };
        let aim = self.delivery.aim.as_ref();
        let gate = Gate {
            ceiling_dbtp: Some(self.delivery.output.ceiling_dbtp),
            loudness_lufs: aim.map(|aim| aim.loudness),
            tolerance_lu: aim.map_or(0.1, |aim| aim.tolerance.max(0.05)),
        };
        gate.check(measured).map_err(|error| format!("{}; render it again with --chain", error.what))
    }
}

/// The table.
#[must_use]
pub fn part(files: &[Delivered]) -> Element {
    let head = ["For", "File", "Format", "Loudness", "True peak", "Holds", "SHA-256"];
    let head = head.map(|name| el("th").attr("scope", "col").text(name));
    let table = el("table")
        .child(el("caption").text("Read back and measured when this page was made"))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(files.iter().map(row)));
    section("delivery", "Delivery")
        .child(el("p").text("Every file, measured again, against the loudness and ceiling it was made for. The checksum tells whether a copy is the same file."))
        .child(scroll("Delivery table", table))
}

fn row(file: &Delivered) -> Element {
    let title = targets::find(&file.delivery.target)
        .map_or_else(|_| file.delivery.target.clone(), |target| target.title);
    let cell = |text: String| el("td").text(text);
    let format = file.measured.as_ref().map_or_else(
        || "–".to_owned(),
        |m| {
            let bits = m.bits_stored.map_or_else(String::new, |bits| format!(", {bits} bit"));
            format!("{}{bits}, {} Hz, {:.1} MB", m.container, m.sample_rate_hz, file.bytes as f64 / 1e6)
        },
    );
    let asked = file
        .delivery
        .aim
        .as_ref()
        .map_or_else(String::new, |aim| format!(" (asked {})", plain(aim.loudness, 1)));
    let measured = file.measured.as_ref();
    let loudness = measured
        .and_then(|m| m.integrated_lufs)
        .map_or_else(|| "–".to_owned(), |lufs| format!("{} LUFS{asked}", plain(lufs, 1)));
    let ceiling = plain(file.delivery.output.ceiling_dbtp, 2);
    let peak = measured.map_or_else(
        || "–".to_owned(),
        |m| format!("{} dBTP (ceiling {ceiling})", plain(m.true_peak_worst_dbtp(), 2)),
    );
    let (class, word) = match file.holds() {
        Ok(()) => ("tag good", "yes".to_owned()),
        Err(why) => ("tag bad", format!("no: {why}")),
    };
    el("tr")
        .child(el("th").attr("scope", "row").text(title))
        .child(cell(file.delivery.file.clone()).class("wide"))
        .child(cell(format))
        .child(cell(loudness))
        .child(cell(peak))
        .child(el("td").child(el("span").class(class).text(word)))
        .child(cell(file.sha256.clone()).class("code"))
}
