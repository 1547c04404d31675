//! Pages that name tests, against the tests there are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};

fn rust(folder: &Path, text: &mut String) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rust(&path, text);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).unwrap_or_default());
        }
    }
}

#[test]
fn every_test_that_the_list_of_the_mixing_engine_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/decisions/023-mixing-d10.md")).unwrap();
    let mut text = String::new();
    rust(&root.join("crates"), &mut text);
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let missing: Vec<&&str> = named.iter().filter(|name| !text.contains(&format!("fn {name}()"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // A line of the table without a test proves nothing.
    let lines: Vec<&str> = page.lines().filter(|line| line.starts_with("| ")).skip(1).collect();
    assert_eq!(lines.len(), 17);
    assert!(lines.iter().all(|line| line.contains('`')), "{lines:?}");
}
