//! Every number, before and after.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::picture::{Rows, plain, scroll, signed, table_of};
use crate::shell::section;
use studio::meters::Measurements;
use studio::report::measurements::ROWS;

/// The table.
#[must_use]
pub fn part(before: Option<&Heard>, after: &Heard) -> Element {
    let files: Vec<&Heard> = before.into_iter().chain([after]).collect();
    let head = match before {
        Some(_) => vec!["".to_owned(), "before".to_owned(), "after".to_owned()],
        None => vec!["".to_owned(), after.name.clone()],
    };
    let rows = ROWS.iter().map(|row| {
        let cells = files.iter().map(|heard| (row.text)(&heard.measured).replace('-', "−"));
        std::iter::once(row.name.to_owned()).chain(cells).collect()
    });
    let table = table_of(
        &Rows { head, rows: rows.collect() },
        "Measured by the definitions of ITU-R BS.1770-5, EBU R 128 and Tech 3342",
    );
    section("numbers", "All numbers").child(scroll("All numbers", table))
}

/// The four numbers that say most, large.
#[must_use]
pub fn tiles(before: Option<&Heard>, after: &Heard) -> Element {
    type Of = fn(&Measurements) -> Option<f64>;
    let tiles: [(&str, &str, usize, Of); 5] = [
        ("Loudness, integrated", "LUFS", 1, |m| m.integrated_lufs),
        ("True peak", "dBTP", 1, |m| Some(m.true_peak_worst_dbtp())),
        ("Peak to loudness (PLR)", "LU", 1, |m| m.plr_lu),
        ("Loudness range (LRA)", "LU", 1, |m| m.loudness_range_lu),
        ("Correlation", "", 2, |m| m.correlation),
    ];
    let tile = |(name, unit, digits, of): (&str, &str, usize, Of)| {
        let after = of(&after.measured)?;
        let was = before.and_then(|before| of(&before.measured)).map(|was| {
            let change = after - was;
            let change =
                if change.is_finite() { format!(", {}", signed(change, digits)) } else { String::new() };
            el("div").class("was").text(format!("before {}{change}", plain(was, digits)))
        });
        let value = el("dd").text(plain(after, digits)).child(el("small").text(unit)).child(was);
        Some(el("div").class("tile").child(el("dt").text(name)).child(value))
    };
    el("dl").class("tiles").children(tiles.into_iter().filter_map(tile))
}
