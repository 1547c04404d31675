use super::*;
use std::process::{Command, Stdio};

fn long_sheet(rows: usize) -> Sheet {
    let mut sheet = Sheet::new("PQ sheet");
    sheet.pair("Album", "Größe (live) \\ “Nights”");
    sheet.pair("Empty", "");
    sheet.heading("Tracks");
    let mut table = Table::new([("Track", Align::Right), ("Title", Align::Left), ("Start", Align::Right)]);
    for row in 1..=rows {
        table.row([row.to_string(), format!("Song number {row}"), format!("{:02}:00:00", row % 100)]);
    }
    sheet.table(table);
    sheet.paragraph("A remark. ".repeat(40));
    sheet
}

/// Runs a program over a PDF file; says so when it is not there.
fn judge(program: &str, args: &[&str], pdf: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sheet.pdf");
    std::fs::write(&path, pdf).unwrap();
    let args = args.iter().map(|arg| if *arg == "FILE" { path.to_str().unwrap() } else { arg });
    let output = match Command::new(program).args(args).stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: {program}: {error}");
            return None;
        }
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{program}: {said}");
    assert!(
        !said.to_lowercase().contains("error") && !said.to_lowercase().contains("warning"),
        "{program}: {said}"
    );
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn text_lines_up_in_columns() {
    let mut sheet = Sheet::new("Sheet");
    sheet.pair("Name", "x");
    sheet.pair("A", "y\nz");
    let mut table = Table::new([("No.", Align::Right), ("Title", Align::Left)]);
    table.row(["1", "a"]);
    table.row(["10", "long", "too much"]);
    table.row(["11"]);
    sheet.table(table);
    let expected = "Sheet\n=====\n\nName  x\nA     y z\n\nNo.  Title\n---  -----\n  1  a\n 10  long\n 11\n";
    assert_eq!(sheet.text(), expected);
}

#[test]
fn markdown_has_the_same_content() {
    let mut sheet = Sheet::new("Sheet");
    sheet.pair("Name", "x");
    sheet.heading("Rest");
    let mut table = Table::new([("No.", Align::Right), ("Title", Align::Left)]);
    table.row(["1", "a | b"]);
    sheet.table(table);
    sheet.paragraph("Words.");
    let expected =
        "# Sheet\n\n* Name: x\n\n## Rest\n\n| No. | Title |\n| ---: | --- |\n| 1 | a \\| b |\n\nWords.\n";
    assert_eq!(sheet.markdown(), expected);
}

#[test]
fn a_pdf_is_read_by_other_programs_with_every_word_and_page() {
    let pdf = long_sheet(150).pdf();
    if let Some(text) = judge("pdftotext", &["-layout", "FILE", "-"], &pdf) {
        assert!(text.contains("Größe (live) \\ \"Nights\""), "{text}");
        for row in 1..=150 {
            assert!(text.contains(&format!("Song number {row}")), "{row}");
        }
        assert_eq!(
            text.matches("Title").count(),
            text.matches('\u{c}').count(),
            "the head stands on every page"
        );
        assert_eq!(text.matches("A remark.").count(), 40);
    }
    if let Some(said) = judge("qpdf", &["--check", "FILE"], &pdf) {
        assert!(said.contains("No syntax or stream encoding errors"), "{said}");
    }
    judge("mutool", &["info", "FILE"], &pdf);
    if let Some(said) = judge("pdfinfo", &["FILE"], &pdf) {
        assert!(said.contains("A4") && said.contains("PQ sheet"), "{said}");
    }
}

#[test]
fn a_pdf_is_the_same_every_time_and_pure_ascii() {
    let pdf = long_sheet(3).pdf();
    assert!(pdf.is_ascii() && pdf == long_sheet(3).pdf());
    assert!(pdf.starts_with(b"%PDF-1.4\n") && pdf.ends_with(b"%%EOF\n"));
}

#[test]
fn the_table_of_objects_says_where_they_are() {
    let text = String::from_utf8(long_sheet(100).pdf()).unwrap();
    let table = &text[text.rfind("xref\n0 ").unwrap()..];
    let places = table.lines().skip(3).take_while(|line| line.ends_with(" n "));
    let mut objects = 0;
    for (at, line) in places.enumerate() {
        let place: usize = line[..10].parse().unwrap();
        assert!(text[place..].starts_with(&format!("{} 0 obj\n", at + 1)), "{line}");
        objects += 1;
    }
    assert_eq!(text.matches(" 0 obj\n").count(), objects);
    for stream in text.split("/Length ").skip(1) {
        let length: usize = stream.split_whitespace().next().unwrap().parse().unwrap();
        let body = stream.split_once("stream\n").unwrap().1;
        assert!(body[length..].starts_with("endstream"));
    }
}

#[test]
fn what_does_not_fit_is_broken_and_nothing_runs_over_the_edge() {
    let mut sheet = Sheet::new("x".repeat(300));
    sheet.pair("Name", "word ".repeat(100));
    let mut table = Table::new((0..12).map(|at| (format!("Column {at}"), Align::Left)));
    table.row((0..12).map(|_| "unbroken".repeat(12)));
    table.row((0..12).map(|at| "音".repeat(at)));
    sheet.table(table);
    let pdf = sheet.pdf();
    let Some(boxes) = judge("pdftotext", &["-bbox", "FILE", "-"], &pdf) else { return };
    let mut words = 0;
    for line in boxes.lines().filter(|line| line.contains("<word ")) {
        let edge: f64 = line.split("xMax=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap();
        assert!(edge <= 595.0 - 47.0, "{line}");
        words += 1;
    }
    assert!(words > 100, "{words}");
}

#[test]
fn numbers_end_under_each_other_and_words_begin_so() {
    let mut sheet = Sheet::new("Sheet");
    let mut table = Table::new([("Number", Align::Right), ("Word", Align::Left)]);
    ["7", "77", "7777"].iter().for_each(|row| table.row([*row, "word"]));
    sheet.table(table);
    let Some(boxes) = judge("pdftotext", &["-bbox", "FILE", "-"], &sheet.pdf()) else { return };
    let edges = |edge: &str, text: &str| -> Vec<f64> {
        let lines = boxes.lines().filter(|line| line.contains(text));
        lines
            .map(|line| {
                line.split(&format!("{edge}=\"")).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
            })
            .collect()
    };
    let spread = |edges: Vec<f64>| -> f64 {
        assert_eq!(edges.len(), 3);
        edges.iter().fold(f64::MIN, |a, b| a.max(*b)) - edges.iter().fold(f64::MAX, |a, b| a.min(*b))
    };
    // Three figures of Helvetica at 9 points are 15 points wide.
    assert!(spread(edges("xMax", ">7")) < 0.1 && (spread(edges("xMin", ">7")) - 15.0).abs() < 0.2);
    assert!(spread(edges("xMin", ">word")) < 0.01);
}

#[test]
fn a_table_of_many_columns_or_none_is_no_trouble() {
    let mut sheet = Sheet::new("");
    sheet.table(Table::new(Vec::<(String, Align)>::new()));
    let mut empty = Table::new([("", Align::Left)]);
    empty.row([""]);
    sheet.table(empty);
    judge("qpdf", &["--check", "FILE"], &sheet.pdf());
}
