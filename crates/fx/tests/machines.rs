//! Same input, same bits: with the C library's fused paths off, and as WebAssembly under node.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the example `bits` for `target` (natively when empty); `None` with a printed reason if that cannot be done.
fn build(target: &str) -> Option<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    // A folder of its own, so that this build never waits for the one that started the test.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("machines");
    let mut command = Command::new(cargo);
    command.current_dir(manifest).args([
        "build",
        "--release",
        "--quiet",
        "--example",
        "bits",
        "--target-dir",
    ]);
    command.arg(&folder);
    if !target.is_empty() {
        command.args(["--target", target]);
    }
    let output = command.output().expect("cargo runs");
    let message = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        // Without the target's standard library there is nothing to test; anything else is a fault of ours.
        assert!(
            message.contains("can't find crate for `std`") || message.contains("may not be installed"),
            "{message}"
        );
        println!("skipped: {target} is not installed (rustup target add {target})");
        return None;
    }
    let built = folder.join(target).join("release/examples");
    Some(built.join(if target.is_empty() { "bits" } else { "bits.wasm" }))
}

fn hashes(command: &mut Command) -> String {
    let output = command.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("hashes are text");
    assert!(text.lines().count() > 2 * fx::REGISTRY.len(), "{text}");
    text
}

#[test]
fn the_c_library_without_fma_gives_the_same_bits() {
    let Some(program) = build("") else { return };
    let plain = hashes(&mut Command::new(&program));
    let tunables = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2,-AVX2_Usable,-AVX512F";
    let without = hashes(Command::new(&program).env("GLIBC_TUNABLES", tunables));
    assert_eq!(plain, without);
}

#[test]
fn webassembly_gives_the_same_bits() {
    if Command::new("node").arg("--version").output().is_err() {
        println!("skipped: node is not installed");
        return;
    }
    let (Some(native), Some(wasm)) = (build(""), build("wasm32-wasip1")) else { return };
    let runner = "const {WASI} = require('node:wasi'); const fs = require('node:fs');\
        const wasi = new WASI({version: 'preview1'});\
        WebAssembly.instantiate(fs.readFileSync(process.argv[1]), wasi.getImportObject())\
        .then(({instance}) => wasi.start(instance));";
    let other = hashes(Command::new("node").args(["--no-warnings", "-e", runner]).arg(&wasm));
    assert_eq!(hashes(&mut Command::new(native)), other);
}
