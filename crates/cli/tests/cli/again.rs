//! What the assistant is told, and what it leaves alone: hands, locks, references, rough mixes, questions, beds.

use crate::kit::{RATE_HZ, band, by_ffmpeg, err, expect_code, folder, json, names, read_wav, run, write_wav};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every value of a session by its address, as `explain` has it.
fn values(dir: &Path, session: &str) -> BTreeMap<String, Value> {
    let said = run(dir, ["explain", session, "--json"]);
    expect_code(&said, 0);
    let list = json(&said)["moves"].as_array().unwrap().clone();
    list.into_iter().map(|m| (m["id"].as_str().unwrap().to_owned(), m["value"].clone())).collect()
}

/// Loudness of a group against the mix, from what `assist --json` says.
fn group(document: &Value, name: &str) -> f64 {
    let list = document["balance"].as_array().unwrap();
    list.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}: {document}"))["relative_lu"].as_f64().unwrap()
}

fn lufs(dir: &Path, file: &str) -> f64 {
    let measured = run(dir, ["measure", file, "--json"]);
    expect_code(&measured, 0);
    json(&measured)["files"][0]["measurements"]["integrated_lufs"].as_f64().unwrap()
}

#[test]
fn the_balance_of_a_rough_mix_is_kept_within_one_lu() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 8.0);
    // What no assistant would do: the voice far behind the guitar.
    let wanted = [
        ("01 Kick", -3.0),
        ("02 Snare", -9.0),
        ("03 Bass", -2.0),
        ("04 Electric Guitar", 4.0),
        ("05 Lead Vocal", -8.0),
    ];
    let mut rough: Vec<f64> = Vec::new();
    for (name, db) in wanted {
        let (_, samples) = read_wav(&tracks.join(format!("{name}.wav")));
        rough.resize(samples.len(), 0.0);
        let gain = testkit::signals::db(db) / f64::from(1 << 23);
        rough.iter_mut().zip(&samples).for_each(|(sum, x)| *sum += gain * f64::from(*x));
    }
    write_wav(&tracks.join("Rough Mix.wav"), &[rough.clone(), rough], RATE_HZ, 24);
    expect_code(&run(dir.path(), ["assist", "tracks", "-o", "kept.toml", "--keep-balance"]), 0);
    expect_code(
        &run(dir.path(), ["stems", "kept.toml", "-o", "stems", "--by", "track", "--returns", "none"]),
        0,
    );
    let stems = names(&dir.path().join("stems"));
    let off: Vec<(&str, f64)> = wanted
        .iter()
        .map(|(name, db)| {
            let word = name.split(' ').next_back().unwrap().to_lowercase();
            let stem = stems
                .iter()
                .find(|stem| stem.to_lowercase().contains(&word))
                .unwrap_or_else(|| panic!("{word}: {stems:?}"));
            let own = lufs(dir.path(), &format!("tracks/{name}.wav"));
            (*name, lufs(dir.path(), &format!("stems/{stem}")) - (own + db))
        })
        .collect();
    let middle = off.iter().map(|(_, lu)| lu).sum::<f64>() / off.len() as f64;
    for (name, lu) in &off {
        assert!(
            (lu - middle).abs() <= 1.0,
            "{name}: {:+.2} LU from where the rough mix has it; {off:?}",
            lu - middle
        );
    }
    assert!(fs::read_to_string(dir.path().join("kept.toml")).unwrap().contains("keep_balance = true"));
}

#[test]
fn what_is_said_of_the_balance_is_what_another_meter_reads() {
    let dir = folder();
    band(dir.path(), "tracks", 8.0);
    let told = run(dir.path(), ["assist", "tracks", "-o", "s.toml", "--json"]);
    expect_code(&told, 0);
    expect_code(&run(dir.path(), ["mix", "s.toml", "-o", "mix.wav"]), 0);
    expect_code(&run(dir.path(), ["stems", "s.toml", "-o", "stems", "--by", "group", "--no-dither"]), 0);
    let Some(mix) = by_ffmpeg(&dir.path().join("mix.wav")).map(|heard| heard.integrated_lufs) else { return };
    let stems = names(&dir.path().join("stems"));
    let document = json(&told);
    let balance = document["balance"].as_array().unwrap();
    assert!(balance.len() >= 4, "{document}");
    for one in balance {
        let (name, said) = (one["name"].as_str().unwrap(), one["relative_lu"].as_f64().unwrap());
        let word = name.to_lowercase().replace(' ', "_");
        let like = |stem: &&String| stem.to_lowercase().replace(' ', "_").contains(&word);
        let stem = stems.iter().find(like).unwrap_or_else(|| panic!("{name}: {stems:?}"));
        let lufs = by_ffmpeg(&dir.path().join("stems").join(stem)).unwrap().integrated_lufs;
        // A tenth is what that meter rounds to.
        assert!((lufs - mix - said).abs() <= 0.4, "{name}: said {said:.2} LU, measured {:.2} LU", lufs - mix);
    }
}

#[test]
fn styles_are_data_and_a_style_of_a_persons_own_is_followed() {
    let dir = folder();
    band(dir.path(), "tracks", 6.0);
    let folk = concat!(env!("CARGO_MANIFEST_DIR"), "/../../styles/folk.toml");
    let text = fs::read_to_string(folk).unwrap();
    assert!(text.contains("name = \"folk\"") && text.contains("value = -2.1"));
    let own = text.replace("name = \"folk\"", "name = \"far\"").replace("value = -2.1", "value = -5.5");
    fs::write(dir.path().join("far.toml"), own).unwrap();
    let voice = |style: &str, session: &str| {
        let told = run(dir.path(), ["assist", "tracks", "-o", session, "--style", style, "--json"]);
        expect_code(&told, 0);
        group(&json(&told), "Lead vocals")
    };
    let (folk, far) = (voice("folk", "folk.toml"), voice("far.toml", "s.toml"));
    assert!((-4.0..=-1.8).contains(&folk), "{folk}");
    assert!(far < folk - 1.0, "{far} against {folk}");
    // The session remembers whose it is, and a second run follows it without being told.
    let again = run(dir.path(), ["assist", "s.toml", "-o", "s.toml", "-f", "--json"]);
    expect_code(&again, 0);
    assert!((group(&json(&again), "Lead vocals") - far).abs() < 0.2);
}

#[test]
fn a_reference_leans_balance_and_colour_and_is_no_template() {
    let dir = folder();
    band(dir.path(), "tracks", 8.0);
    expect_code(&run(dir.path(), ["mix", "tracks", "-o", "mix.wav"]), 0);
    let (_, samples) = read_wav(&dir.path().join("mix.wav"));
    let left: Vec<f64> = samples.iter().step_by(2).map(|x| f64::from(*x) / f64::from(1 << 23)).collect();
    let rumble = testkit::signals::noise(1.0, 9, left.len());
    // The same song with much more, and with less, under 120 Hz.
    let (mut low, mut slow) = (0.0, 0.0);
    let (mut heavy, mut thin) = (Vec::new(), Vec::new());
    for (x, r) in left.iter().zip(&rumble) {
        low += 0.012 * (r - low);
        slow += 0.02 * (x - slow);
        heavy.push(0.4 * (x + 9.0 * low));
        thin.push(0.5 * (x - slow));
    }
    write_wav(&dir.path().join("heavy.wav"), &[heavy.clone(), heavy], RATE_HZ, 24);
    write_wav(&dir.path().join("thin.wav"), &[thin.clone(), thin], RATE_HZ, 24);
    let with = |record: &str, to: &str| {
        let output = run(dir.path(), ["assist", "tracks", "-o", to, "--reference", record, "--json"]);
        expect_code(&output, 0);
        json(&output)
    };
    let (heavy, thin) = (with("heavy.wav", "heavy.toml"), with("thin.wav", "thin.toml"));
    let apart = group(&heavy, "Bass") - group(&thin, "Bass");
    assert!((0.4..=2.1).contains(&apart), "bass {apart:+.2} LU apart");
    for document in [&heavy, &thin] {
        assert!(
            (-10.1..=-6.7).contains(&group(document, "Bass"))
                && (-4.0..=-1.8).contains(&group(document, "Lead vocals"))
        );
    }
    let low_shelf = |document: &Value| -> f64 {
        let moves = document["moves"].as_array().unwrap();
        let own = moves.iter().filter(|m| m["rule"] == "tone.reference" && m["value"]["kind"] == "low_shelf");
        own.map(|m| m["value"]["gain_db"].as_f64().unwrap()).sum()
    };
    assert!(low_shelf(&heavy) > 0.4 && low_shelf(&thin) < -0.4, "{} {}", low_shelf(&heavy), low_shelf(&thin));
    assert!(
        heavy["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "reference_balance"),
        "{heavy}"
    );
    // The session remembers it: again is the same.
    let before = fs::read(dir.path().join("heavy.toml")).unwrap();
    expect_code(&run(dir.path(), ["assist", "heavy.toml", "-o", "heavy.toml", "-f"]), 0);
    assert!(fs::read(dir.path().join("heavy.toml")).unwrap() == before, "not a byte");
}

#[test]
fn what_a_hand_changed_or_locked_stays_and_nothing_else_moves() {
    let dir = folder();
    band(dir.path(), "tracks", 8.0);
    expect_code(&run(dir.path(), ["assist", "tracks", "-o", "s.toml"]), 0);
    let path = dir.path().join("s.toml");
    let first = fs::read_to_string(&path).unwrap();
    let before = values(dir.path(), "s.toml");
    // The guitar keeps a little more of its low end, by hand: nothing is louder for it, so nothing else has a cause to move.
    let at = first.find("name = \"04 Electric Guitar\"").unwrap();
    let word = "kind = \"high_pass\", freq_hz = ";
    let line =
        first[at..].lines().find(|line| line.contains(word)).expect("the guitar is high-passed").to_owned();
    let freq_hz: f64 =
        line[line.find(word).unwrap() + word.len()..].split(',').next().unwrap().parse().unwrap();
    let mine = line.replace(&format!("freq_hz = {freq_hz:?}"), &format!("freq_hz = {:?}", freq_hz - 11.0));
    assert_ne!(mine, line);
    let edited = format!("{}{}", &first[..at], first[at..].replacen(&line, &mine, 1));
    fs::write(&path, &edited).unwrap();
    let output =
        run(dir.path(), ["assist", "s.toml", "-o", "s.toml", "-f", "--lock", "balance.group", "--json"]);
    expect_code(&output, 0);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(&mine), "{text}");
    let after = values(dir.path(), "s.toml");
    let mut changed = 0;
    for (id, old) in &before {
        let new = after.get(id).unwrap_or_else(|| panic!("{id} is gone"));
        if id == "cleanup.high_pass:04_electric_guitar" {
            assert!((new["freq_hz"].as_f64().unwrap() - (freq_hz - 11.0)).abs() < 1e-9, "{new}");
            continue;
        }
        match (old.as_f64(), new.as_f64()) {
            (Some(a), Some(b)) if (a - b).abs() > 0.5 => changed += 1,
            (Some(_), Some(_)) => {}
            _ => assert_eq!(old, new, "{id}"),
        }
    }
    assert_eq!(changed, 0, "values that nobody touched moved");
    let locked = json(&output)["moves"].as_array().unwrap().iter().filter(|m| m["locked"] == true).count();
    let groups = before.keys().filter(|id| id.starts_with("balance.group:")).count();
    assert_eq!(locked, groups, "every group is locked, nothing else");
    // Locks hold on the next run, and that changes nothing.
    let kept = fs::read_to_string(&path).unwrap();
    expect_code(&run(dir.path(), ["assist", "s.toml", "-o", "s.toml", "-f"]), 0);
    assert!(fs::read_to_string(&path).unwrap() == kept, "not a byte");
}

#[test]
fn a_rule_is_taken_back_by_one_flag_and_comes_again_by_another() {
    let dir = folder();
    band(dir.path(), "tracks", 6.0);
    expect_code(&run(dir.path(), ["assist", "tracks", "-o", "s.toml"]), 0);
    let before = values(dir.path(), "s.toml");
    let rule = "cleanup.high_pass";
    assert!(before.keys().any(|id| id.starts_with(rule)), "{before:?}");
    expect_code(&run(dir.path(), ["assist", "s.toml", "-o", "s.toml", "-f", "--undo", rule]), 0);
    let without = values(dir.path(), "s.toml");
    assert!(!without.keys().any(|id| id.starts_with(rule)));
    assert!(!fs::read_to_string(dir.path().join("s.toml")).unwrap().contains("kind = \"high_pass\""));
    expect_code(&run(dir.path(), ["assist", "s.toml", "-o", "s.toml", "-f", "--redo", rule]), 0);
    let again = values(dir.path(), "s.toml");
    assert_eq!(before.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
}

#[test]
fn what_is_not_sure_is_asked_and_less_is_done_until_it_is_answered() {
    let dir = folder();
    let tracks = band(dir.path(), "tracks", 8.0);
    fs::rename(tracks.join("04 Electric Guitar.wav"), tracks.join("Audio 04.wav")).unwrap();
    let asked = run(dir.path(), ["assist", "tracks", "-o", "s.toml", "--json"]);
    expect_code(&asked, 0);
    let document = json(&asked);
    let findings = document["findings"].as_array().unwrap();
    let question =
        findings.iter().find(|f| f["rule"] == "role_unsure").unwrap_or_else(|| panic!("{findings:?}"));
    assert!(question["measured"].as_str().unwrap().contains("What is \"Audio 04\"?"), "{question}");
    assert!(question["advice"].as_str().unwrap().contains("--role \"Audio 04="), "{question}");
    let call = ["assist", "tracks", "-o", "t.toml", "--role", "Audio 04=electric guitar", "--json"];
    let answered = run(dir.path(), call);
    expect_code(&answered, 0);
    let answered = json(&answered);
    assert!(!answered["findings"].as_array().unwrap().iter().any(|f| f["rule"] == "role_unsure"));
    let sure = |document: &Value| -> f64 {
        let moves = document["moves"].as_array().unwrap();
        let own = moves.iter().find(|m| {
            m["id"].as_str().unwrap().starts_with("width.pan:Audio_04") || m["address"] == "audio_04.pan"
        });
        own.map_or(0.0, |m| m["value"].as_f64().unwrap_or(0.0).abs())
    };
    assert!(sure(&document) <= sure(&answered), "{} {}", sure(&document), sure(&answered));
}

#[test]
fn a_bed_is_proposed_beside_the_stereo_session_and_folds_down_to_it() {
    let dir = folder();
    band(dir.path(), "tracks", 6.0);
    expect_code(&run(dir.path(), ["assist", "tracks", "-o", "s.toml"]), 0);
    for (layout, channels) in [("5.1", 6), ("7.1.4", 12)] {
        let bed = format!("bed-{layout}.toml");
        let output = run(dir.path(), ["assist", "s.toml", "-o", &bed, "--bed", layout, "--json"]);
        expect_code(&output, 0);
        let document = json(&output);
        for fold in document["folded"].as_array().unwrap() {
            assert!(fold["off_lu"].as_f64().unwrap().abs() < 1.0, "{layout}: {fold}");
        }
        assert!(document["findings"].as_array().unwrap().is_empty(), "{document}");
        let rules: Vec<&str> =
            document["moves"].as_array().unwrap().iter().map(|m| m["rule"].as_str().unwrap()).collect();
        for rule in ["bed.centre", "bed.front", "bed.around", "bed.lfe"] {
            assert!(rules.contains(&rule), "{layout}: {rule}: {rules:?}");
        }
        if layout == "5.1" {
            expect_code(&run(dir.path(), ["mix", &bed, "-o", "bed.wav", "--downmix", "down.wav"]), 0);
            assert_eq!(read_wav(&dir.path().join("bed.wav")).0.channels, channels);
            expect_code(&run(dir.path(), ["mix", "s.toml", "-o", "stereo.wav"]), 0);
            let said = run(dir.path(), ["explain", &bed, "--rule", "bed"]);
            expect_code(&said, 0);
            assert!(crate::kit::out(&said).contains("centre to itself"), "{}", crate::kit::out(&said));
        }
    }
    // A bed is no stereo mix to go on with.
    let output = run(dir.path(), ["assist", "bed-5.1.toml", "-o", "bed-5.1.toml", "-f"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("not_stereo"), "{}", err(&output));
    for (call, code, word) in [
        (vec!["assist", "s.toml", "-o", "x.toml", "--bed", "9.1"], 2, "7.1.4"),
        (vec!["assist", "s.toml", "-o", "s.toml", "--bed", "5.1", "-f"], 2, "output_is_input"),
        (vec!["assist", "s.toml", "-o", "x.toml", "--bed", "5.1", "--undo", "space"], 2, "bed_as_it_stands"),
    ] {
        let output = run(dir.path(), call);
        expect_code(&output, code);
        assert!(err(&output).contains(word), "{}", err(&output));
    }
}
