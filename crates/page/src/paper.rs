//! A sheet (recall, delivery, quote) as a page.

use crate::markup::{Element, Markup, el};
use crate::picture::scroll;
use crate::shell::{head, page};
use advice::history::{Paper, Part};
use studio::sheet::Align;

/// The sheet as one HTML file that prints well.
#[must_use]
pub fn sheet(paper: &Paper, lead: &str) -> String {
    let content = Markup::from(el("article").class("paper").child(parts(paper)));
    page(&paper.title, head("Sheet", &paper.title, lead), &[], content, false)
}

/// What stands on a sheet.
#[must_use]
pub fn parts(paper: &Paper) -> Markup {
    let mut content = Markup::default();
    let mut heading = paper.title.as_str();
    for part in &paper.parts {
        content = content.with(match part {
            Part::Heading(text) => {
                heading = text;
                el("h2").class("sheet").text(text)
            }
            Part::Text(text) => el("p").text(text),
            Part::Table(columns, rows) => scroll(heading, table(heading, columns, rows)),
        });
    }
    content
}

fn table(heading: &str, columns: &[(String, Align)], rows: &[Vec<String>]) -> Element {
    let sided = |n: usize, cell: Element| match columns.get(n) {
        Some((_, Align::Right)) => cell.class("number"),
        _ => cell,
    };
    let head =
        columns.iter().enumerate().map(|(n, (name, _))| sided(n, el("th").attr("scope", "col")).text(name));
    let row = |row: &Vec<String>| {
        el("tr").children(row.iter().enumerate().map(|(n, cell)| sided(n, el("td")).text(cell)))
    };
    el("table")
        .child(el("caption").class("hidden-text").text(heading))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(rows.iter().map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_keeps_its_order_its_cells_and_their_sides_and_escapes_what_it_holds() {
        let mut paper = Paper::new("Recall <b>");
        paper.heading("Lead");
        paper
            .table([("what", Align::Left), ("value", Align::Right)], vec![vec!["a&b".into(), "-3.0".into()]]);
        paper.text("Why: louder");
        let html = sheet(&paper, "");
        let place = |part: &str| html.find(part).unwrap_or_else(|| panic!("{part}"));
        assert!(html.contains("<title>Recall &lt;b&gt;</title>") && !html.contains("Recall <b>"));
        let order = [
            "<h2 class=\"sheet\">Lead</h2>",
            "<td>a&amp;b</td><td class=\"number\">-3.0</td>",
            "<p>Why: louder</p>",
        ];
        assert!(order.map(place).is_sorted());
        assert!(html.contains("<th scope=\"col\" class=\"number\">value</th>"));
    }
}
