//! The pages in `docs/fx/` are what the declarations say. `UPDATE_DOCS=1` writes them.
#![expect(clippy::expect_used, reason = "what helps a test may end it")]

use std::fmt::Write;
use std::path::Path;
use studio::report::{portrait, processors};

fn hold(path: &Path, text: &str, stale: &mut Vec<String>) {
    if std::fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the page can be written");
    } else {
        stale.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
}

fn index() -> String {
    let mut text = String::from(
        "# Processors\n\n<!-- generated from the declarations in crates/fx; do not edit -->\n\n",
    );
    for description in processors::all() {
        let first = description.doc.iter().take_while(|line| !line.trim().is_empty()).map(|line| line.trim());
        let first: Vec<_> = first.collect();
        let _ = writeln!(text, "- [`{0}`]({0}.md): {1}", description.key, first.join(" "));
    }
    text
}

#[test]
fn every_processor_has_its_current_page() {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/fx"));
    let mut stale = Vec::new();
    let mut wanted = vec!["README.md".to_owned()];
    hold(&folder.join("README.md"), &index(), &mut stale);
    for description in processors::all() {
        let name = format!("{}.md", description.key);
        let pictures = portrait::of(description.key).expect("its pictures can be drawn");
        hold(&folder.join(&name), &processors::markdown(description, &pictures), &mut stale);
        wanted.push(name);
        for picture in pictures {
            hold(&folder.join(&picture.file), &picture.svg, &mut stale);
            wanted.push(picture.file);
        }
    }
    assert!(stale.is_empty(), "stale, run this test with UPDATE_DOCS=1: {stale:?}");
    for entry in std::fs::read_dir(folder).expect("the folder is there") {
        let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
        assert!(wanted.contains(&name), "{name} belongs to no processor: remove it");
    }
}
