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
