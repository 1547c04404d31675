//! A sheet as PDF 1.4: A4, Helvetica and Helvetica-Bold, WinAnsi text, no compression. Source: ISO 32000-1.
//!
//! Bytes depend on the content alone: there is no date and no file identifier, both of which may be left out.

use super::latin::{self, transliterate};
use super::metrics;
use super::{Align, Part, Sheet, Table};
use std::fmt::Write;

/// A4 in points of 1/72 inch, whole ones. Source: ISO 216 (210 × 297 mm).
const PAGE: (f64, f64) = (595.0, 842.0);
/// Margins, points.
const MARGIN: f64 = 48.0;
/// Room for the text, points.
const ROOM: f64 = PAGE.0 - 2.0 * MARGIN;
/// Sizes of letters, points: of the title, of headings, of everything else; and the least to which a table shrinks.
const TITLE: f64 = 16.0;
const HEADING: f64 = 11.0;
const BODY: f64 = 9.0;
const LEAST: f64 = 6.5;
/// Height of a line in sizes of its letters.
const LEADING: f64 = 1.45;
/// Space between columns in sizes of their letters.
const GAP: f64 = 1.2;

/// The sheet as the bytes of a file.
pub(super) fn write(sheet: &Sheet) -> Vec<u8> {
    let mut pages = Pages::default();
    pages.line(&sheet.title, TITLE, true);
    for part in &sheet.parts {
        match part {
            Part::Heading(text) => {
                pages.space(HEADING);
                pages.line(text, HEADING, true);
            }
            Part::Pairs(pairs) => {
                pages.space(BODY * 0.7);
                pages.pairs(pairs);
            }
            Part::Table(table) => {
                pages.space(BODY * 0.7);
                pages.table(table);
            }
            Part::Text(text) => {
                pages.space(BODY * 0.7);
                let words = encoded(text);
                for line in broken(&words, BODY, ROOM, false) {
                    pages.bytes(&line, BODY, false);
                }
            }
        }
    }
    file(&pages.finish(), &sheet.title)
}

/// The text in ISO 8859-1.
fn encoded(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for c in text.chars() {
        match latin::byte(c) {
            Some(byte) => out.push(byte),
            None => match transliterate(c.encode_utf8(&mut [0; 4])) {
                Some(near) => out.extend(near.chars().filter_map(latin::byte)),
                None => out.push(b'?'),
            },
        }
    }
    out
}

fn width(text: &[u8], size: f64, bold: bool) -> f64 {
    text.iter().map(|byte| f64::from(metrics::width(*byte, bold))).sum::<f64>() * size / 1000.0
}

/// Text in lines that fit: broken at spaces, and within words that are too long.
fn broken(text: &[u8], size: f64, room: f64, bold: bool) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = vec![Vec::new()];
    for word in text.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, size, room, bold) {
            let Some(line) = lines.last_mut() else { continue };
            let joined = if line.is_empty() { piece.clone() } else { [&line[..], b" ", &piece].concat() };
            if line.is_empty() || width(&joined, size, bold) <= room {
                *line = joined;
            } else {
                lines.push(piece);
            }
        }
    }
    lines
}

/// A word in pieces that fit, a letter each at least.
fn pieces(word: &[u8], size: f64, room: f64, bold: bool) -> Vec<Vec<u8>> {
    let mut pieces: Vec<Vec<u8>> = vec![Vec::new()];
    for byte in word {
        match pieces.last_mut() {
            Some(piece)
                if piece.is_empty() || width(&[&piece[..], &[*byte]].concat(), size, bold) <= room =>
            {
                piece.push(*byte);
            }
            _ => pieces.push(vec![*byte]),
        }
    }
    pieces
}

/// Pages that are filled from above.
#[derive(Default)]
struct Pages {
    done: Vec<String>,
    page: String,
    /// How far the page is filled, points from the upper margin.
    used: f64,
}

impl Pages {
    /// Leaves space, but not at the top of a page.
    fn space(&mut self, points: f64) {
        if self.used > 0.0 {
            self.used += points;
        }
    }

    /// Begins a line of that height, on the next page if it does not fit; its base comes back, points from below.
    fn begin(&mut self, height: f64) -> f64 {
        if self.used + height > PAGE.1 - 2.0 * MARGIN {
            self.done.push(std::mem::take(&mut self.page));
            self.used = 0.0;
        }
        self.used += height;
        // Letters stand a quarter of the line above its lower edge.
        PAGE.1 - MARGIN - self.used + 0.25 * height
    }

    fn line(&mut self, text: &str, size: f64, bold: bool) {
        let text = encoded(text);
        for line in broken(&text, size, ROOM, bold) {
            self.bytes(&line, size, bold);
        }
    }

    fn bytes(&mut self, text: &[u8], size: f64, bold: bool) {
        let base = self.begin(size * LEADING);
        self.put(text, MARGIN, base, size, bold);
    }

    /// Shows text at a place.
    fn put(&mut self, text: &[u8], x: f64, y: f64, size: f64, bold: bool) {
        if text.is_empty() {
            return;
        }
        let font = if bold { "F2" } else { "F1" };
        let _ = writeln!(self.page, "BT /{font} {size:.2} Tf {x:.2} {y:.2} Td ({}) Tj ET", escaped(text));
    }

    /// A thin line across.
    fn rule(&mut self, y: f64, length: f64) {
        let _ = writeln!(self.page, "0.5 w {MARGIN:.2} {y:.2} m {:.2} {y:.2} l S", MARGIN + length);
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        let names: Vec<Vec<u8>> = pairs.iter().map(|(name, _)| encoded(name)).collect();
        let widest = names.iter().map(|name| width(name, BODY, true)).fold(0.0, f64::max).min(ROOM / 2.0);
        let indent = widest + GAP * BODY;
        for (name, (_, value)) in names.iter().zip(pairs) {
            for (at, line) in broken(&encoded(value), BODY, ROOM - indent, false).iter().enumerate() {
                let base = self.begin(BODY * LEADING);
                if at == 0 {
                    self.put(name, MARGIN, base, BODY, true);
                }
                self.put(line, MARGIN + indent, base, BODY, false);
            }
        }
    }

    fn table(&mut self, table: &Table) {
        let head: Vec<Vec<u8>> = table.columns.iter().map(|(name, _)| encoded(name)).collect();
        let rows: Vec<Vec<Vec<u8>>> =
            table.rows.iter().map(|row| row.iter().map(|cell| encoded(cell)).collect()).collect();
        let grid = Grid::fitted(table, &head, &rows);
        self.row(&grid, &head, true);
        for row in &rows {
            // The head again on a page of its own.
            if self.used + grid.height(row) > PAGE.1 - 2.0 * MARGIN {
                self.done.push(std::mem::take(&mut self.page));
                self.used = 0.0;
                self.row(&grid, &head, true);
            }
            self.row(&grid, row, false);
        }
    }

    /// A row whose cells may take several lines.
    fn row(&mut self, grid: &Grid, cells: &[Vec<u8>], bold: bool) {
        let cells = grid.broken(cells, bold);
        let lines = cells.iter().map(Vec::len).max().unwrap_or(0);
        for line in 0..lines {
            let base = self.begin(grid.size * LEADING);
            let mut x = MARGIN;
            for (at, cell) in cells.iter().enumerate() {
                let (room, align) = grid.columns.get(at).copied().unwrap_or((0.0, Align::Left));
                if let Some(text) = cell.get(line) {
                    let shift = if align == Align::Right { room - width(text, grid.size, bold) } else { 0.0 };
                    self.put(text, x + shift, base, grid.size, bold);
                }
                x += room + GAP * grid.size;
            }
            if bold && line + 1 == lines {
                self.rule(base - 0.25 * grid.size * LEADING, grid.total());
            }
        }
    }

    /// The pages, numbered at their feet.
    fn finish(mut self) -> Vec<String> {
        self.done.push(std::mem::take(&mut self.page));
        let pages = self.done.len();
        let numbered = std::mem::take(&mut self.done).into_iter().enumerate();
        numbered
            .map(|(at, page)| {
                let mut page = Self { page, ..Self::default() };
                let text = format!("{} / {pages}", at + 1).into_bytes();
                page.put(&text, PAGE.0 - MARGIN - width(&text, BODY, false), MARGIN / 2.0, BODY, false);
                page.page
            })
            .collect()
    }
}

/// Columns of a table and the size of its letters.
struct Grid {
    columns: Vec<(f64, Align)>,
    size: f64,
}

impl Grid {
    /// Letters shrink until the table fits; where that is not enough, the widest columns are broken into lines.
    fn fitted(table: &Table, head: &[Vec<u8>], rows: &[Vec<Vec<u8>>]) -> Self {
        let natural = |at: usize| {
            let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| width(cell, 1.0, false));
            cells.fold(head.get(at).map_or(0.0, |name| width(name, 1.0, true)), f64::max)
        };
        let widths: Vec<f64> = (0..head.len()).map(natural).collect();
        let gaps = GAP * head.len().saturating_sub(1) as f64;
        let all = widths.iter().sum::<f64>() + gaps;
        let size = if all > 0.0 { (ROOM / all).clamp(LEAST, BODY) } else { BODY };
        let room = ROOM / size - gaps;
        let limit = limit(&widths, room);
        let aligns = table.columns.iter().map(|(_, align)| *align);
        let columns =
            widths.iter().zip(aligns).map(|(wide, align)| (wide.min(limit) * size, align)).collect();
        Self { columns, size }
    }

    fn broken(&self, cells: &[Vec<u8>], bold: bool) -> Vec<Vec<Vec<u8>>> {
        let rooms = self.columns.iter().map(|(room, _)| *room + 0.01);
        cells.iter().zip(rooms).map(|(cell, room)| broken(cell, self.size, room, bold)).collect()
    }

    fn height(&self, cells: &[Vec<u8>]) -> f64 {
        let lines = self.broken(cells, false).iter().map(Vec::len).max().unwrap_or(0);
        lines as f64 * self.size * LEADING
    }

    fn total(&self) -> f64 {
        let gaps = GAP * self.size * self.columns.len().saturating_sub(1) as f64;
        self.columns.iter().map(|(room, _)| room).sum::<f64>() + gaps
    }
}

/// The width at which columns are cut so that all fit: those below it keep theirs, the others share what is left.
fn limit(widths: &[f64], room: f64) -> f64 {
    let mut sorted = widths.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mut left = room;
    for (at, wide) in sorted.iter().enumerate() {
        let share = left / (sorted.len() - at) as f64;
        if *wide > share {
            return share.max(1.0);
        }
        left -= wide;
    }
    f64::MAX
}

/// A string as it stands between brackets: what is not plain ASCII as octal numbers.
fn escaped(text: &[u8]) -> String {
    let mut out = String::new();
    for byte in text {
        match byte {
            b'(' | b')' | b'\\' => {
                out.push('\\');
                out.push(char::from(*byte));
            }
            b' '..=b'~' => out.push(char::from(*byte)),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out
}

/// Objects of the file, one after the other, and where they are.
fn file(pages: &[String], title: &str) -> Vec<u8> {
    let (first_page, count) = (6, pages.len());
    let kids: Vec<String> = (0..count).map(|at| format!("{} 0 R", first_page + 2 * at)).collect();
    let font = |name: &str| {
        format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>")
    };
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!("<< /Type /Pages /Kids [{}] /Count {count} >>", kids.join(" ")),
        font("Helvetica"),
        font("Helvetica-Bold"),
        format!(
            "<< /Title ({}) /Producer (Tonmeister {}) >>",
            escaped(&encoded(title)),
            env!("CARGO_PKG_VERSION")
        ),
    ];
    for (at, page) in pages.iter().enumerate() {
        let content = first_page + 2 * at + 1;
        objects.push(format!(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {} {}] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> /Contents {content} 0 R >>",
            PAGE.0, PAGE.1
        ));
        objects.push(format!("<< /Length {} >>\nstream\n{page}endstream", page.len()));
    }
    let mut out = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (at, object) in objects.iter().enumerate() {
        places.push(out.len());
        let _ = writeln!(out, "{} 0 obj\n{object}\nendobj", at + 1);
    }
    let start = out.len();
    let _ = writeln!(out, "xref\n0 {}\n0000000000 65535 f ", objects.len() + 1);
    for place in places {
        let _ = writeln!(out, "{place:010} 00000 n ");
    }
    let _ = writeln!(
        out,
        "trailer\n<< /Size {} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF",
        objects.len() + 1
    );
    out.into_bytes()
}
