use super::*;

const BEFORE: &str = r#"
version = 1
[session]
name = "Song"
[[track]]
id = "kick"
name = "Kick in"
fader_db = -3.5
[[track.insert]]
eq = { band = [ { freq_hz = 330, gain_db = -4.0, q = 1.2 }, { freq_hz = 3400, gain_db = 4.0 } ] }
[[track.insert]]
compressor = { threshold_db = -20, ratio = 4 }
[[track]]
id = "lead"
name = "Lead vocals"
fader_db = 0.0
pan = 0.0
[[track]]
id = "old"
name = "Old synth"
fader_db = -8.0
"#;

fn changed(edit: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let found = diff((BEFORE, "a.toml"), (&edit(BEFORE), "b.toml")).unwrap();
    found.changes.into_iter().map(|change| (change.about, change.text)).collect()
}

#[test]
fn a_fader_is_said_with_its_track_way_and_amount() {
    let found = changed(|text| text.replace("fader_db = 0.0", "fader_db = 1.5"));
    assert_eq!(found, [("Lead vocals".to_owned(), "fader turned up by 1.5 dB (0 dB to 1.5 dB)".to_owned())]);
    let found = changed(|text| text.replace("fader_db = -3.5", "fader_db = -5"));
    assert_eq!(found, [("Kick in".to_owned(), "fader turned down by 1.5 dB (-3.5 dB to -5 dB)".to_owned())]);
}

#[test]
fn settings_of_processors_are_said_with_their_place() {
    let found =
        changed(|text| text.replace("gain_db = 4.0", "gain_db = 2.0").replace("ratio = 4", "ratio = 2"));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].1.contains("eq") && found[0].1.contains("band 2") && found[0].1.contains("down by 2 dB"),
        "{found:?}"
    );
    assert!(found[1].1.contains("compressor") && found[1].1.contains("more gently"), "{found:?}");
}

#[test]
fn moved_tracks_and_reasons_are_no_change_and_whole_things_are_one() {
    let (head, tracks) = BEFORE.split_once("[[track]]\nid = \"lead\"").unwrap();
    let (lead, old) = tracks.split_once("[[track]]\nid = \"old\"").unwrap();
    let moved = format!("{head}[[track]]\nid = \"old\"{old}[[track]]\nid = \"lead\"{lead}");
    assert_eq!(diff((BEFORE, "a"), (&moved, "b")).unwrap().changes, []);
    let told = BEFORE.replace("id = \"lead\"", "because = \"closer\"\nid = \"lead\"");
    assert_eq!(diff((BEFORE, "a"), (&told, "b")).unwrap().changes, []);
    let gone = format!("{head}[[track]]\nid = \"lead\"{lead}");
    let found = diff((BEFORE, "a"), (&gone, "b")).unwrap();
    assert_eq!(found.changes.len(), 1, "{found:?}");
    assert!(found.changes[0].text.contains("old taken out"), "{found:?}");
    let back = diff((&gone, "a"), (BEFORE, "b")).unwrap();
    assert!(back.changes[0].text.contains("old added") && back.changes[0].text.contains("-8 dB"), "{back:?}");
    assert_eq!(text(&diff((BEFORE, "a"), (BEFORE, "b")).unwrap()), "nothing was changed\n");
}

#[test]
fn logs_that_are_none_are_refused_with_a_way_out() {
    for (text, code) in [("a = 1", "not_a_log"), ("a = = 1", "syntax")] {
        let error = diff((BEFORE, "a"), (text, "b.toml")).unwrap_err();
        assert_eq!((error.code, error.at.as_deref()), (code, Some("b.toml")));
    }
    let master = "[chain]\nversion = 2\n";
    assert_eq!(diff((BEFORE, "a"), (master, "b")).unwrap_err().code, "different_logs");
}

#[test]
fn the_recall_sheet_has_every_value_and_is_safe_markdown() {
    let odd = BEFORE.replace("Lead vocals", "Lead | <b>vocals");
    let paper = recall(&odd, "session.toml").unwrap();
    let text = paper.markdown();
    assert!(text.contains("## Kick in") && text.contains("| threshold_db | -20 |"), "{text}");
    assert!(text.contains("Lead \\| &lt;b>vocals"), "{text}");
    assert!(paper.sheet().pdf().starts_with(b"%PDF"));
}

/// As `mix` writes it: the assistant's moves with their reasons stand at the end.
const ASSISTED: &str = r#"
version = 1
[[track]]
id = "kick"
fader_db = -4.3
sends = [ { to = "plate", gain_db = -13.0 }, { to = "room", gain_db = -9.0 } ]
[[track.insert]]
eq = { id = "clean", band = [ { kind = "high_pass", freq_hz = 23.8 }, { freq_hz = 400, gain_db = -2.1234567 } ] }
[[track.insert]]
gate = { threshold_db = -23.3 }
[mix]
fader_db = 3.0
[[assist.move]]
id = "f"
address = "kick.fader_db"
value = -4.3
text = "fader reason"
[[assist.move]]
id = "s"
address = "kick.send.room"
value = { gain_db = -9.0 }
text = "room reason"
[[assist.move]]
id = "b"
address = "kick.clean.band2"
text = "band reason"
[[assist.move]]
id = "g"
address = "kick.gate"
text = "gate reason"
[[assist.move]]
id = "m"
address = "mix.fader_db"
text = "print reason"
"#;

#[test]
fn moves_of_the_assistant_are_reasons_and_no_settings() {
    let after = ASSISTED
        .replace("-4.3", "-2.3")
        .replace("gain_db = -9.0", "gain_db = -7.0")
        .replace("-13.0", "-10.0")
        .replace("freq_hz = 400", "freq_hz = 500")
        .replace("freq_hz = 23.8", "freq_hz = 30.0")
        .replace("-23.3", "-25.0")
        .replace("fader_db = 3.0", "fader_db = 2.0");
    let found = diff((ASSISTED, "a.toml"), (&after, "b.toml")).unwrap();
    let reasons: Vec<(&str, Option<&str>)> =
        found.changes.iter().map(|change| (change.address.as_str(), change.because.as_deref())).collect();
    let of = |part: &str| reasons.iter().find(|(address, _)| address.ends_with(part)).map(|(_, why)| *why);
    assert_eq!(found.changes.len(), 7, "{reasons:?}");
    assert_eq!(of("track kick / fader_db"), Some(Some("fader reason")));
    assert_eq!(of("sends room / gain_db"), Some(Some("room reason")));
    assert_eq!(of("sends plate / gain_db"), Some(None), "another send has no reason");
    assert_eq!(of("band 2 / freq_hz"), Some(Some("band reason")));
    assert_eq!(of("band 1 / freq_hz"), Some(None), "another band has no reason");
    assert_eq!(of("gate / threshold_db"), Some(Some("gate reason")));
    assert_eq!(of("mix / fader_db"), Some(Some("print reason")));
    // The sheet has settings only, each once, with no more digits than a knob has.
    let sheet = recall(ASSISTED, "a.toml").unwrap().markdown();
    assert!(sheet.contains("Why: fader reason") && sheet.contains("| -2.123 |"), "{sheet}");
    assert!(
        !sheet.contains("## assist") && !sheet.contains("| family |") && !sheet.contains("address"),
        "{sheet}"
    );
}
