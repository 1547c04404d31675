//! `master`: gate first, several targets at once, chains rendered again, nothing overwritten.

use crate::kit::{by_ffmpeg, err, expect_code, folder, json, names, out, run, tonmeister, tool, write_song, write_wav};
use std::fs;
use std::path::Path;

/// Masters `mix.wav` in `dir` for `targets` into `into`.
fn master(dir: &Path, targets: &str, into: &str) -> std::process::Output {
    run(dir, ["master", "mix.wav", "--for", targets, "-o", into])
}

#[test]
fn several_targets_at_once_come_out_as_asked() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 5.0);
    let output = master(dir.path(), "spotify, CD,spotify,youtube", "m");
    expect_code(&output, 0);
    let made = ["master.toml", "mix.cd.wav", "mix.spotify.wav", "mix.youtube.wav"];
    assert_eq!(names(&dir.path().join("m")), made);
    for (file, bits) in [("mix.spotify.wav", 24), ("mix.cd.wav", 16), ("mix.youtube.wav", 24)] {
        let spec = hound::WavReader::open(dir.path().join("m").join(file)).unwrap().spec();
        assert_eq!((spec.bits_per_sample, spec.channels, spec.sample_rate), (bits, 2, 44_100), "{file}");
    }
    // Two that ask for the same are one and the same, each under its own name; a third is not.
    let bytes = |file: &str| fs::read(dir.path().join("m").join(file)).unwrap();
    assert!(bytes("mix.spotify.wav") == bytes("mix.youtube.wav"));
    assert!(bytes("mix.spotify.wav") != bytes("mix.cd.wav"));
    let chain = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    for file in ["mix.spotify.wav", "mix.cd.wav", "mix.youtube.wav"] {
        assert!(chain.contains(&format!("file = \"{file}\"")), "{file}: {chain}");
    }
    let said = out(&output);
    for word in ["because", "spotify:", "cd:", "youtube:", "dBTP", "chain m/master.toml"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let Some(heard) = by_ffmpeg(&dir.path().join("m/mix.spotify.wav")) else { return };
    assert!((heard.integrated_lufs + 14.0).abs() <= 0.1 + 1e-9, "{}", heard.integrated_lufs);
    assert!(heard.true_peak_dbtp <= -1.0, "{}", heard.true_peak_dbtp);
}

#[test]
fn what_a_medium_takes_off_the_peaks_is_given_back_to_an_unlimited_master() {
    let dir = folder();
    // A low note that is mostly on the left: in the middle, where a lathe wants it, its peaks are lower.
    let note = |gain: f64| testkit::signals::sine(60.0, gain, 0.0, 4.0, 48_000.0);
    let air = testkit::signals::noise(0.05, 2, note(0.0).len());
    let side = |gain: f64| note(gain).iter().zip(&air).map(|(a, b)| a + b).collect::<Vec<f64>>();
    write_wav(&dir.path().join("mix.wav"), &[side(0.5), side(0.15)], 48_000, 24);
    let output = run(dir.path(), ["master", "mix.wav", "--for", "vinyl", "-o", "m", "--json"]);
    let master = &json(&output)["masters"][0];
    let moved: Vec<&str> = master["moves"].as_array().unwrap().iter().filter_map(|m| m["id"].as_str()).collect();
    assert!(moved.contains(&"medium-bass"), "{moved:?}");
    assert!(master["moves"].as_array().unwrap().iter().all(|one| one["by_hand"] == false), "{master}");
    let own = master["measurements"]["true_peak_dbtp"].as_f64().unwrap();
    assert!((-3.3..=-3.0).contains(&own), "{own}");
    let chain = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    assert!(chain.contains("because the moves for the medium took as much off its peaks"), "{chain}");
    let Some(heard) = by_ffmpeg(&dir.path().join("m/mix.vinyl.wav")) else { return };
    assert!((-3.3..=-3.0).contains(&heard.true_peak_dbtp), "{}", heard.true_peak_dbtp);
    // The gain a person writes stays.
    let by_hand = chain.replacen("gain_db = ", "gain_db = -9.0 # ", 1);
    fs::write(dir.path().join("m/master.toml"), by_hand).unwrap();
    let args = ["master", "mix.wav", "--chain", "m/master.toml", "--again", "--for", "vinyl", "-o", "n", "--json"];
    let again = json(&run(dir.path(), args));
    assert_eq!(again["masters"][0]["gain_db"], -9.0, "{again}");
}

#[test]
fn masters_that_are_alike_are_told_apart_as_soon_as_a_person_changes_one() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    expect_code(&master(dir.path(), "spotify,youtube", "m"), 0);
    let chain = dir.path().join("m/master.toml");
    let text = fs::read_to_string(&chain).unwrap();
    // Of the second only: one more decibel under its ceiling.
    let (first, second) = text.split_at(text.rfind("[[master]]").unwrap());
    assert!(second.contains("youtube") && second.contains("ceiling_dbtp = -1.0"), "{second}");
    let edited = second.replace("ceiling_dbtp = -1.0", "ceiling_dbtp = -2.0");
    fs::write(&chain, format!("{first}{edited}")).unwrap();
    let args =
        ["master", "mix.wav", "--chain", "m/master.toml", "--again", "--for", "spotify,youtube", "-o", "n"];
    expect_code(&run(dir.path(), args), 0);
    let bytes = |file: &str| fs::read(dir.path().join(file)).unwrap();
    assert!(bytes("n/mix.spotify.wav") != bytes("n/mix.youtube.wav"));
    assert!(bytes("n/mix.spotify.wav") == bytes("m/mix.spotify.wav"));
}

#[test]
fn what_the_gate_found_is_said_before_anything_is_rendered() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    let args = ["--progress=jsonl", "master", "mix.wav", "--for", "spotify", "-o", "m"];
    let said = err(&run(dir.path(), args));
    let (gate, render) = (said.find("abrupt_end").unwrap(), said.find("master for spotify").unwrap());
    assert!(gate < render, "{said}");
    let strict = run(dir.path(), ["master", "mix.wav", "--for", "spotify", "-o", "strict", "--strict"]);
    expect_code(&strict, 5);
    assert!(err(&strict).contains("[gate]") && err(&strict).contains("hint"), "{}", err(&strict));
    assert!(!dir.path().join("strict").exists(), "a failed gate leaves nothing");
}

#[test]
fn an_existing_master_is_kept_unless_forced() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let m = dir.path().join("m");
    fs::create_dir(&m).unwrap();
    fs::write(m.join("mix.cd.wav"), "an old master").unwrap();
    let output = master(dir.path(), "spotify,cd", "m");
    expect_code(&output, 4);
    assert!(err(&output).contains("[exists]") && err(&output).contains("--force"), "{}", err(&output));
    assert_eq!(names(&m), ["mix.cd.wav"], "the other target waits as well");
    assert_eq!(fs::read(m.join("mix.cd.wav")).unwrap(), b"an old master");
    expect_code(&run(dir.path(), ["master", "mix.wav", "--for", "spotify,cd", "-o", "m", "--force"]), 0);
    assert_eq!(names(&m), ["master.toml", "mix.cd.wav", "mix.spotify.wav"]);
    assert!(fs::read(m.join("mix.cd.wav")).unwrap().starts_with(b"RIFF"));
    // A chain alone is kept too.
    let chain = dir.path().join("chain");
    fs::create_dir(&chain).unwrap();
    fs::write(chain.join("master.toml"), "by hand").unwrap();
    expect_code(&master(dir.path(), "cd", "chain"), 4);
    assert_eq!(names(&chain), ["master.toml"]);
}

#[test]
fn a_chain_rendered_again_gives_the_same_bytes_and_an_edited_one_does_not() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.0);
    expect_code(&master(dir.path(), "spotify,cd", "m"), 0);
    let again = run(dir.path(), ["master", "mix.wav", "--chain", "m/master.toml", "-o", "again", "-j", "1"]);
    expect_code(&again, 0);
    let read = |path: &str| fs::read(dir.path().join(path)).unwrap();
    for file in ["mix.spotify.wav", "mix.cd.wav"] {
        assert!(read(&format!("m/{file}")) == read(&format!("again/{file}")), "{file} differs");
    }
    assert!(out(&again).contains("chain m/master.toml"), "{}", out(&again));
    // Half a decibel softer for one master, its aim moved as well.
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    let (head, own) = text.split_once("[[master]]").unwrap();
    let line = own.lines().find(|line| line.starts_with("gain_db")).unwrap();
    let gain: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
    let edited = own.replacen(line, &format!("gain_db = {:?}", gain - 0.5), 1);
    let edited = edited.replacen("loudness = -14.0", "loudness = -14.5", 1);
    fs::write(dir.path().join("edited.toml"), format!("{head}[[master]]{edited}")).unwrap();
    let output = run(dir.path(), ["master", "mix.wav", "--chain", "edited.toml", "-o", "edited", "--json"]);
    expect_code(&output, 0);
    let numbers = json(&output)["masters"][0]["measurements"]["integrated_lufs"].as_f64().unwrap();
    assert!((numbers + 14.5).abs() < 0.1, "{numbers}");
    assert!(read("m/mix.spotify.wav") != read("edited/mix.spotify.wav"));
    assert!(read("m/mix.cd.wav") == read("edited/mix.cd.wav"), "the other master is untouched");
}

#[test]
fn a_chain_whose_file_misses_its_aim_leaves_nothing() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    expect_code(&master(dir.path(), "cd,spotify", "m"), 0);
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    fs::write(dir.path().join("m/off.toml"), text.replace("loudness = -14.0", "loudness = -17.0")).unwrap();
    let output = run(dir.path(), ["master", "mix.wav", "--chain", "m/off.toml", "-o", "off"]);
    expect_code(&output, 5);
    assert!(err(&output).contains("[off_target]"), "{}", err(&output));
    assert!(!dir.path().join("off").exists());
}

#[test]
fn a_typo_in_a_chain_is_shown_with_its_line_and_the_word_meant() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    expect_code(&master(dir.path(), "cd", "m"), 0);
    let path = dir.path().join("m/master.toml");
    let text = fs::read_to_string(&path).unwrap().replace("ceiling_dbtp", "cieling_dbtp");
    let line = 1 + text[..text.find("cieling").unwrap()].matches('\n').count();
    fs::write(&path, text).unwrap();
    let output = run(dir.path(), ["master", "mix.wav", "--chain", "m/master.toml", "-o", "n"]);
    expect_code(&output, 3);
    let said = err(&output);
    assert!(said.contains(&format!("master.toml:{line}:")), "{said}");
    assert!(said.contains("did you mean `ceiling_dbtp`?") && said.contains("cieling_dbtp"), "{said}");
    let output = run(dir.path(), ["--json", "master", "mix.wav", "--chain", "m/master.toml", "-o", "n"]);
    assert_eq!(json(&output)["error"]["place"]["line"], line);
    assert!(!dir.path().join("n").exists());
}

#[test]
fn a_chain_belongs_to_its_print() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    write_song(dir.path(), "other.wav", 2.5);
    expect_code(&master(dir.path(), "cd", "m"), 0);
    let output = run(dir.path(), ["master", "other.wav", "--chain", "m/master.toml", "-o", "n"]);
    expect_code(&output, 3);
    assert!(err(&output).contains("[other_print]"), "{}", err(&output));
}

#[test]
fn nothing_that_is_read_is_ever_written_to() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    expect_code(&master(dir.path(), "cd", "m"), 0);
    let print = fs::read(dir.path().join("mix.wav")).unwrap();
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    for (name, into) in [("mix.wav", "."), ("mix.wav", "m/.."), ("chain.toml", ".")] {
        fs::write(dir.path().join("chain.toml"), text.replace("mix.cd.wav", name)).unwrap();
        let output = run(dir.path(), ["master", "mix.wav", "--chain", "chain.toml", "-o", into, "--force"]);
        expect_code(&output, 2);
        assert!(err(&output).contains("[output_is_input]"), "{}", err(&output));
        assert!(fs::read(dir.path().join("mix.wav")).unwrap() == print);
    }
    // Two masters of one name.
    let twice = text.clone() + &text[text.find("[[master]]").unwrap()..];
    fs::write(dir.path().join("twice.toml"), twice).unwrap();
    let output = run(dir.path(), ["master", "mix.wav", "--chain", "twice.toml", "-o", "n", "--force"]);
    expect_code(&output, 2);
    assert!(err(&output).contains("[same_file]"), "{}", err(&output));
}

#[test]
fn an_unknown_target_is_answered_with_the_nearest() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 1.0);
    let output = master(dir.path(), "cd,spotifi", "m");
    expect_code(&output, 2);
    assert!(err(&output).contains("did you mean `spotify`?"), "{}", err(&output));
    assert!(!dir.path().join("m").exists());
    expect_code(&master(dir.path(), "", "m"), 2);
    expect_code(&run(dir.path(), ["master", "mix.wav", "-o", "m"]), 2);
}

#[test]
fn threads_and_the_instruction_set_change_no_byte() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 3.0);
    let render = |into: &str, threads: &str, tunables: &str| {
        let mut command = tonmeister();
        command.current_dir(dir.path()).args([
            "master",
            "mix.wav",
            "--for",
            "spotify,cd,youtube,hi-res",
            "-o",
            into,
            "-j",
            threads,
        ]);
        let output = command.env("GLIBC_TUNABLES", tunables).output().unwrap();
        expect_code(&output, 0);
        ["mix.spotify.wav", "mix.cd.wav", "mix.youtube.wav", "mix.hi-res.flac", "master.toml"]
            .map(|name| fs::read(dir.path().join(into).join(name)).unwrap())
    };
    let one = render("one", "1", "");
    let plain = "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX,-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-SSE4_2,-SSE4_1";
    for (into, threads, tunables) in [("two", "2", ""), ("many", "17", ""), ("plain", "2", plain)] {
        assert!(render(into, threads, tunables) == one, "{into} differs");
    }
}

#[test]
fn a_name_that_is_too_long_is_cut_to_fit() {
    let dir = folder();
    let long = format!("{}.wav", "ü".repeat(125));
    write_song(dir.path(), &long, 1.0);
    expect_code(&run(dir.path(), ["master", &long, "--for", "broadcast-r128", "-o", "m"]), 0);
    let made = names(&dir.path().join("m"));
    assert_eq!(made.len(), 2);
    assert!(made[1].ends_with(".broadcast-r128.wav") && made[1].len() <= 255, "{made:?}");
}

#[test]
fn tags_of_the_print_reach_the_master() {
    let dir = folder();
    write_song(dir.path(), "plain.wav", 2.0);
    let tagged = dir.path().join("mix.flac");
    let args = ["-s", "-T", "TITLE=Night Train", "-T", "ARTIST=Zoë", "-o", "mix.flac", "plain.wav"];
    let mut flac = std::process::Command::new("flac");
    if !flac.current_dir(dir.path()).args(args).status().is_ok_and(|status| status.success()) {
        println!("skipped: no flac");
        return;
    }
    assert!(tagged.exists());
    expect_code(&run(dir.path(), ["master", "mix.flac", "--for", "spotify", "-o", "m"]), 0);
    let args = ["-v", "quiet", "-show_entries", "format_tags", "m/mix.spotify.wav"].map(str::to_owned);
    let mut args = args.to_vec();
    args[4] = dir.path().join("m/mix.spotify.wav").display().to_string();
    let Some(tags) = tool("ffprobe", &args) else { return };
    assert!(out(&tags).contains("Night Train") && out(&tags).contains("Zoë"), "{}", out(&tags));
}

/// Moves of a `master.toml` by id, as their lines.
fn moves(text: &str) -> Vec<(String, String)> {
    let parts = text.split("[[move]]").skip(1);
    parts
        .map(|part| part.split("[[master]]").next().unwrap())
        .map(|part| {
            (part.lines().find(|line| line.starts_with("id = ")).unwrap().to_owned(), part.to_owned())
        })
        .collect()
}

/// A song with a bottom that is far too heavy, so that there is something to do.
fn write_heavy(dir: &Path) {
    let seconds = 6.0;
    let noise = testkit::signals::noise(0.05, 7, (seconds * 44_100.0) as usize);
    let bass = testkit::signals::sine(70.0, 0.4, 0.0, seconds, 44_100.0);
    let plane: Vec<f64> = noise.iter().zip(&bass).map(|(x, y)| x + y).collect();
    crate::kit::write_wav(&dir.join("mix.wav"), &[plane.clone(), plane], 44_100, 24);
}

#[test]
fn a_chain_proposed_again_keeps_what_was_locked_or_changed_and_moves_nothing_else() {
    let dir = folder();
    write_heavy(dir.path());
    expect_code(&master(dir.path(), "spotify,cd", "m"), 0);
    let chain = dir.path().join("m/master.toml");
    let text = fs::read_to_string(&chain).unwrap();
    let before = moves(&text);
    assert!(before.len() >= 2, "{text}");
    let again = |chain: &str, into: &str, more: &[&str]| {
        let args = ["master", "mix.wav", "--chain", chain, "--again", "-o", into];
        let output = run(dir.path(), args.iter().chain(more));
        expect_code(&output, 0);
        fs::read_to_string(dir.path().join(into).join("master.toml")).unwrap()
    };
    // On its own output, and in place: the same text, the same bytes.
    assert_eq!(again("m/master.toml", "same", &[]), text);
    for name in ["mix.spotify.wav", "mix.cd.wav"] {
        let read = |folder: &str| fs::read(dir.path().join(folder).join(name)).unwrap();
        assert!(read("m") == read("same"), "{name}");
    }
    // One move locked, another's value changed; then everything is asked to be weaker.
    let gain = "gain_db = ";
    let at = before.iter().rposition(|(_, part)| part.contains(gain)).unwrap();
    let kept = usize::from(at == 0);
    let (first, second) = (&before[kept].1, &before[at].1);
    let value = second.lines().find(|line| line.starts_with("insert")).unwrap();
    let (head, tail) = value.split_once(gain).unwrap();
    let end = tail.find([',', ' ']).unwrap();
    let changed = format!("{head}{gain}{:?}{}", tail[..end].parse::<f64>().unwrap() - 0.25, &tail[end..]);
    let own = second.replace(value, &changed);
    let edited = text.replace(first, &first.replace("locked = false", "locked = true")).replace(second, &own);
    fs::write(dir.path().join("edited.toml"), edited).unwrap();
    let anew = again("edited.toml", "anew", &["--strength", "tone=0.5,width=0.5"]);
    let after = moves(&anew);
    let settings = |part: &str| part.lines().find(|line| line.starts_with("insert")).unwrap().to_owned();
    let of = |id: &str| &after.iter().find(|(own, _)| own == id).unwrap().1;
    assert!(of(&before[kept].0).contains("locked = true"), "{anew}");
    assert_eq!(settings(of(&before[kept].0)), settings(first));
    assert_eq!(settings(of(&before[at].0)), changed);
    assert!(anew.contains("tone = 0.5\n") && anew.contains("width = 0.5\n"), "{anew}");
    assert_eq!(again("anew/master.toml", "twice", &[]), anew, "and that is stable");
}

#[test]
fn a_master_that_was_changed_by_hand_stays_as_it_was_changed() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 4.0);
    expect_code(&master(dir.path(), "spotify", "m"), 0);
    let text = fs::read_to_string(dir.path().join("m/master.toml")).unwrap();
    let edited = text
        .replace("loudness = -14.0", "loudness = -16.0")
        .replace("file = \"mix.spotify.wav\"", "file = \"soft.wav\"")
        .replace("dither = \"tpdf\"", "dither = \"modified_e\"");
    fs::write(dir.path().join("edited.toml"), edited).unwrap();
    let output =
        run(dir.path(), ["master", "mix.wav", "--chain", "edited.toml", "--again", "-o", "n", "--json"]);
    expect_code(&output, 0);
    let lufs = json(&output)["masters"][0]["measurements"]["integrated_lufs"].as_f64().unwrap();
    assert!((lufs + 16.0).abs() <= 0.1, "{lufs}");
    assert_eq!(names(&dir.path().join("n")), ["master.toml", "soft.wav"]);
    let text = fs::read_to_string(dir.path().join("n/master.toml")).unwrap();
    assert!(text.contains("loudness = -16.0") && text.contains("\"modified_e\""), "{text}");
    expect_code(&run(dir.path(), ["master", "mix.wav", "--chain", "n/master.toml", "--again", "-o", "o"]), 0);
    assert_eq!(fs::read_to_string(dir.path().join("o/master.toml")).unwrap(), text);
}

#[test]
fn a_level_that_costs_too_much_is_refused_with_the_nearest_that_does_not() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 6.0);
    let at = |into: &str, more: &[&str]| {
        let args = ["master", "mix.wav", "--for", "youtube", "--loudness", "-8", "-o", into, "--json"];
        let output = run(dir.path(), args.iter().chain(more));
        expect_code(&output, 0);
        json(&output)
    };
    let rule = |report: &serde_json::Value, rule: &str| {
        report["findings"].as_array().unwrap().iter().find(|finding| finding["rule"] == rule).cloned()
    };
    let aim = |report: &serde_json::Value| report["masters"][0]["aim_lufs"].as_f64().unwrap();
    let lufs = |report: &serde_json::Value| {
        report["masters"][0]["measurements"]["integrated_lufs"].as_f64().unwrap()
    };
    let balanced = at("balanced", &[]);
    let said = rule(&balanced, "target_not_reached").unwrap_or_else(|| panic!("{balanced:#}"));
    assert!(said["measured"].as_str().unwrap().contains("would cost too much"), "{said}");
    assert!(said["advice"].as_str().unwrap().contains(&format!("mastered to {:.1} LUFS", aim(&balanced))));
    assert!((lufs(&balanced) - aim(&balanced)).abs() <= 0.1);
    let plr = balanced["masters"][0]["measurements"]["plr_lu"].as_f64().unwrap();
    assert!(plr >= 9.8, "balanced keeps 10 LU: {plr}");
    let (gentle, loud) = (at("gentle", &["--intensity", "gentle"]), at("loud", &["--intensity", "loud"]));
    assert!(aim(&gentle) < aim(&balanced) && aim(&balanced) < aim(&loud), "{}", aim(&loud));
    let none = at("none", &["--strength", "level=0"]);
    assert!(aim(&none) <= aim(&gentle), "{}", aim(&none));
    let forced = at("forced", &["--force-level"]);
    assert!((lufs(&forced) + 8.0).abs() <= 0.1, "{}", lufs(&forced));
    assert!(rule(&forced, "over_budget").is_some() && rule(&forced, "target_not_reached").is_none());
}

#[test]
fn a_fresh_print_is_sent_to_bed_and_no_file_knows_of_it() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    let rest = |into: &str| run(dir.path(), ["master", "mix.wav", "--for", "cd", "-o", into, "--rest"]);
    let fresh = rest("fresh");
    expect_code(&fresh, 0);
    assert!(err(&fresh).contains("come back tomorrow"), "{}", err(&fresh));
    let file = fs::File::options().write(true).open(dir.path().join("mix.wav")).unwrap();
    let two_days = std::time::Duration::from_secs(2 * 24 * 3600 + 60);
    let written = file.metadata().unwrap().modified().unwrap();
    file.set_modified(written - two_days).unwrap();
    drop(file);
    let old = rest("old");
    assert!(!err(&old).contains("tomorrow") && err(&old).contains("2 days old"), "{}", err(&old));
    for name in ["mix.cd.wav", "master.toml"] {
        let read = |folder: &str| fs::read(dir.path().join(folder).join(name)).unwrap();
        assert!(read("fresh") == read("old"), "{name}");
    }
}

#[test]
fn wishes_are_checked_before_anything_is_done() {
    let dir = folder();
    write_song(dir.path(), "mix.wav", 2.0);
    expect_code(&master(dir.path(), "cd", "m"), 0);
    for (more, code) in [
        (vec!["--for", "cd", "--intensity", "laud"], "unknown_intensity"),
        (vec!["--for", "cd", "--tone", "brigth"], "unknown_tone"),
        (vec!["--for", "cd", "--strength", "tone=2"], "bad_strength"),
        (vec!["--for", "cd", "--strength", "taste=1"], "bad_strength"),
        (vec!["--for", "cd", "--loudness", "3"], "bad_loudness"),
        (vec!["--chain", "m/master.toml", "--tone", "warm"], "chain_as_it_stands"),
        (vec!["--chain", "m/master.toml", "--for", "cd"], "chain_as_it_stands"),
    ] {
        let output = run(dir.path(), ["master", "mix.wav", "-o", "n"].iter().chain(&more));
        expect_code(&output, 2);
        assert!(err(&output).contains(&format!("[{code}]")), "{code}: {}", err(&output));
        assert!(!dir.path().join("n").exists());
    }
}
