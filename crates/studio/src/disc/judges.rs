//! Other programs as judges, for tests; each test says so and goes on where one is not installed.

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs a program in a folder.
pub(super) fn run(program: &str, args: &[&str], folder: &Path) -> Option<Output> {
    match Command::new(program).args(args).current_dir(folder).stdin(Stdio::null()).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: {program}: {error}");
            None
        }
    }
}

/// What a program says on either stream; it has to end well.
pub(super) fn said(program: &str, args: &[&str], folder: &Path) -> Option<String> {
    let output = run(program, args, folder)?;
    let text = [output.stdout, output.stderr].concat();
    let text: String = text.iter().map(|byte| char::from(*byte)).collect();
    assert!(output.status.success(), "{program} {args:?}: {text}");
    Some(text)
}

/// What libcdio or libburn say of packs, or make of a sheet, in bytes.
pub(super) fn oracle(what: &str, content: &[u8], tracks: usize) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("oracles.py"), include_str!("oracles.py")).unwrap();
    std::fs::write(folder.path().join("content"), content).unwrap();
    let output = run("python3", &["oracles.py", what, "content", &tracks.to_string()], folder.path())?;
    if output.status.code() == Some(77) {
        println!("skipped: {what}: the library is not installed");
        return None;
    }
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    Some(output.stdout)
}
