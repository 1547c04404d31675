//! Help, completions, manual pages, and the commands that explain processors and targets.

use crate::kit::{err, expect_code, folder, json, names, out, run, tool};
use std::fs;

const COMMANDS: &[&str] = &[
    "demo",
    "assist",
    "explain",
    "variants",
    "produce",
    "prepare",
    "mix",
    "stems",
    "check",
    "master",
    "measure",
    "ddp",
    "fx",
    "targets",
    "assess",
    "compare",
    "translate",
    "diff",
    "quote",
    "report",
    "gallery",
    "completions",
    "man",
];

#[test]
fn without_a_command_the_help_is_shown() {
    let dir = folder();
    let output = run::<&str>(dir.path(), []);
    expect_code(&output, 2);
    for command in COMMANDS {
        assert!(err(&output).contains(&format!("\n  {command} ")), "{command}");
    }
}

#[test]
fn the_help_of_every_command_fits_a_hundred_columns_and_says_how_it_is_called() {
    let dir = folder();
    for command in COMMANDS.iter().chain(&["help"]) {
        for flag in ["--help", "-h"] {
            let output =
                if *command == "help" { run(dir.path(), [flag]) } else { run(dir.path(), [command, flag]) };
            expect_code(&output, 0);
            let text = out(&output);
            assert!(text.contains("Usage: tonmeister"), "{command}: {text}");
            let long = text.lines().find(|line| line.chars().count() > 100);
            assert!(long.is_none(), "{command}: {long:?}");
            assert!(text.lines().count() < 60, "{command}: a screen and a half is enough");
        }
    }
}

#[test]
fn a_wrong_call_is_two_and_a_near_word_is_told() {
    let dir = folder();
    for (call, word) in [
        (&["mesure", "x"][..], "measure"),
        (&["check", "--strickt", "x"], "--strict"),
        (&["master"], "Usage"),
    ] {
        let output = run(dir.path(), call);
        expect_code(&output, 2);
        assert!(err(&output).contains(word), "{call:?}: {}", err(&output));
    }
    for threads in ["0", "-1", "257", "many"] {
        expect_code(&run(dir.path(), ["measure", "x.wav", "-j", threads]), 2);
    }
}

#[test]
fn completions_know_every_command_and_flag() {
    let dir = folder();
    for (shell, check) in [
        ("bash", Some(["bash", "-n"])),
        ("zsh", Some(["zsh", "-n"])),
        ("fish", Some(["fish", "-n"])),
        ("elvish", None),
        ("powershell", None),
    ] {
        let output = run(dir.path(), ["completions", shell]);
        expect_code(&output, 0);
        let script = out(&output);
        for word in COMMANDS.iter().chain(&["allow-external", "dry-run", "strict", "salvage", "chain"]) {
            assert!(script.contains(word), "{shell}: {word}");
        }
        if let Some([program, flag]) = check {
            let path = dir.path().join(shell);
            fs::write(&path, script).unwrap();
            let Some(read) = tool(program, [flag, path.to_str().unwrap()]) else { continue };
            assert!(read.status.success(), "{shell}: {}", err(&read));
        }
    }
    expect_code(&run(dir.path(), ["completions", "cmd"]), 2);
}

#[test]
fn manual_pages_exist_for_every_command() {
    let dir = folder();
    let one = run(dir.path(), ["man"]);
    expect_code(&one, 0);
    for command in COMMANDS {
        assert!(out(&one).contains(command), "{command}");
    }
    expect_code(&run(dir.path(), ["man", "pages"]), 0);
    let pages = names(&dir.path().join("pages"));
    for command in COMMANDS {
        let page = format!("tonmeister-{command}.1");
        assert!(pages.contains(&page), "{page}");
        let text = fs::read_to_string(dir.path().join("pages").join(page)).unwrap();
        assert!(text.contains(".SH NAME") && text.contains(".SH OPTIONS"), "{command}");
    }
    let Some(read) = tool(
        "man",
        ["--warnings", "-l", &dir.path().join("pages/tonmeister-master.1").display().to_string()],
    ) else {
        return;
    };
    assert!(err(&read).is_empty(), "{}", err(&read));
}

#[test]
fn fx_lists_every_processor_and_explains_each() {
    let dir = folder();
    let list = run(dir.path(), ["fx"]);
    expect_code(&list, 0);
    let all = json(&run(dir.path(), ["fx", "--json"]));
    let all = all["processors"].as_array().unwrap();
    assert_eq!(all.len(), fx_count());
    for processor in all {
        let key = processor["key"].as_str().unwrap();
        assert!(out(&list).lines().any(|line| line.split_whitespace().next() == Some(key)), "{key}");
        let page = run(dir.path(), ["fx", key]);
        expect_code(&page, 0);
        let params = processor["params"].as_array().unwrap();
        assert!(params.iter().all(|param| out(&page).contains(param["key"].as_str().unwrap())), "{key}");
        let long = out(&page).lines().find(|line| line.chars().count() > 100).map(str::to_owned);
        assert!(long.is_none(), "{key}: {long:?}");
    }
    let output = run(dir.path(), ["fx", "compresor"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("did you mean `compressor`?"), "{}", err(&output));
}

/// Processors in the registry.
fn fx_count() -> usize {
    studio::report::processors::all().count()
}

#[test]
fn targets_are_listed_and_explained_with_sources() {
    let dir = folder();
    let list = run(dir.path(), ["targets"]);
    expect_code(&list, 0);
    let all = json(&run(dir.path(), ["targets", "--json"]));
    for target in all["targets"].as_array().unwrap() {
        let name = target["name"].as_str().unwrap();
        assert!(out(&list).lines().any(|line| line.split_whitespace().next() == Some(name)), "{name}");
        let page = run(dir.path(), ["targets", name]);
        expect_code(&page, 0);
        assert!(out(&page).contains(target["ceiling_dbtp"]["source"].as_str().unwrap()), "{name}");
    }
    let output = run(dir.path(), ["targets", "spotfy"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("did you mean `spotify`?"), "{}", err(&output));
}
