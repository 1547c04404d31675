//! Texts that mean harm: whatever stands in a session or a chain, the answer is 3, at once, with a code.

use crate::kit::{code, err, folder, run, tonmeister, write_song};
use std::fs;
use std::time::Duration;

/// Texts that are neither a session nor a chain, and why.
fn texts() -> Vec<(&'static str, Vec<u8>)> {
    let deep = |open: &str, close: &str| format!("x = {}1{}", open.repeat(100_000), close.repeat(100_000));
    vec![
        ("empty", Vec::new()),
        ("not text", vec![0xff; 4096]),
        ("zeros", vec![0; 4096]),
        ("deep lists", deep("[", "]").into_bytes()),
        ("deep tables", deep("{a=", "}").into_bytes()),
        ("deep keys", format!("{} = 1", vec!["a"; 50_000].join(".")).into_bytes()),
        ("deep heads", format!("[{}]", vec!["a"; 50_000].join(".")).into_bytes()),
        ("a long word", format!("x = \"{}\"", "y".repeat(30_000_000)).into_bytes()),
        ("an audio file", b"RIFF\x24\0\0\0WAVEfmt ".to_vec()),
        ("twice", b"version = 1\nversion = 1\n".to_vec()),
        ("another version", b"version = 99\n".to_vec()),
        ("escapes", b"version = 1\n\"\\u001b[31m\" = 1\n\xe2\x80\xae = 2\n".to_vec()),
    ]
}

#[test]
fn hostile_texts_are_refused_at_once() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 1.0);
    for (why, text) in texts() {
        fs::write(dir.path().join("x.toml"), text).unwrap();
        let calls: [&[&str]; 3] = [
            &["mix", "x.toml", "-o", "print.wav"],
            &["master", "mix.wav", "--chain", "x.toml", "-o", "m"],
            &["targets", "x.toml"],
        ];
        for call in calls {
            let mut command = tonmeister();
            let output =
                command.current_dir(dir.path()).args(call).timeout(Duration::from_secs(10)).output().unwrap();
            assert_eq!(code(&output), 3, "{why} {call:?}: {:?} {:.300}", output.status, err(&output));
            assert!(
                !err(&output).contains(['\u{1b}', '\u{202e}', '\0']),
                "{why} {call:?}: {:.300}",
                err(&output)
            );
            assert!(err(&output).len() < 10_000, "{why} {call:?}: the answer is as long as the text");
        }
    }
}

#[test]
fn numbers_that_are_none_are_refused_with_their_line() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 1.0);
    assert_eq!(code(&run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", "m"])), 0);
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    let line = text.lines().position(|line| line.starts_with("gain_db")).unwrap();
    let old = text.lines().nth(line).unwrap();
    for value in
        ["nan", "inf", "-inf", "1e400", "1e300", "81", "\"6\"", "true", "[]", "{}", "1979-05-27", "0x1p3"]
    {
        fs::write(dir.path().join("x.toml"), text.replace(old, &format!("gain_db = {value}"))).unwrap();
        let output = run(dir.path(), ["master", "mix.wav", "--chain", "x.toml", "-o", "n"]);
        assert_eq!(code(&output), 3, "{value}: {}", err(&output));
        assert!(err(&output).contains(&format!("x.toml:{}:", line + 1)), "{value}: {}", err(&output));
    }
}
