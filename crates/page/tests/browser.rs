//! Pages in a real browser: no error, no request, keys, blind test, sound, accessibility.
//!
//! Needs Chromium and node, which `.ci/run` installs; axe-core is fetched by npm into `target`, never into the repository. What is
//! absent is said, and that part is skipped. With `TONMEISTER_SHOTS=FOLDER` screenshots and a PDF are left there.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use page::gallery::{Pair, gallery};
use page::report::{Request, What, report};
use page::song::Wish;
use page::sound::Place;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use studio::job::Job;
use testkit::signals::{noise, sine};

const RATE_HZ: u32 = 44_100;
/// A name that breaks out wherever it is not escaped.
const HOSTILE: &str = "a\"'><img src=x onerror=alert(1)><!--&amp;";

fn write_wav(path: &Path, planes: &[Vec<f64>]) {
    let spec = hound::WavSpec {
        channels: planes.len() as u16,
        sample_rate: RATE_HZ,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for frame in 0..planes[0].len() {
        for plane in planes {
            writer.write_sample((plane[frame] * 8_388_607.0).round() as i32).unwrap();
        }
    }
    writer.finalize().unwrap();
}

/// Noise under notes that come and go, different left and right.
fn song(gain: f64, bright: f64) -> Vec<Vec<f64>> {
    let rate = f64::from(RATE_HZ);
    let note = sine(220.0, 0.1, 0.0, 4.0, rate);
    let high = sine(3520.0, 0.02 * bright, 0.0, 4.0, rate);
    [1, 2]
        .map(|seed| {
            let hiss = noise(0.05, seed, note.len());
            let at = |n: usize| 0.3 + 0.7 * ((n / 11_025) % 2) as f64;
            (0..note.len()).map(|n| gain * at(n) * (note[n] + high[n] + hiss[n])).collect()
        })
        .to_vec()
}

fn wish(place: Place) -> Wish {
    Wish { place, codec: None, seconds: 3.0 }
}

fn request(what: What, place: Place) -> Request {
    Request { what, title: None, wish: wish(place), command: "tonmeister report <a> & 'b' -o c".into() }
}

fn found(program: &str) -> Option<PathBuf> {
    let paths = std::env::var_os("PATH")?;
    std::env::split_paths(&paths).map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Where builds put things.
fn target() -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(own, PathBuf::from)
}

/// axe-core, fetched once.
fn axe() -> Option<PathBuf> {
    let folder = target().join("axe");
    let script = folder.join("node_modules/axe-core/axe.min.js");
    if !script.is_file() {
        let call = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--silent", "axe-core@4", "--prefix"])
            .arg(&folder)
            .output();
        if !call.is_ok_and(|output| output.status.success()) {
            println!("skipped: axe-core cannot be fetched by npm");
            return None;
        }
    }
    script.is_file().then_some(script)
}

/// One browser at a time: sound runs in real time.
static ONE: Mutex<()> = Mutex::new(());

/// What the browser saw of a page.
fn drive(page: &Path, axe: Option<&Path>, shots: Option<&Path>) -> Option<Value> {
    let Some(chromium) =
        ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| found(name))
    else {
        println!("skipped: no Chromium");
        return None;
    };
    let Some(node) = found("node") else {
        println!("skipped: no node");
        return None;
    };
    let _own = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut call = Command::new(node);
    call.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/drive.mjs")).arg(chromium).arg(page);
    call.arg(axe.unwrap_or(Path::new(""))).arg(shots.unwrap_or(Path::new("")));
    let output = call.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn nothing_wrong(saw: &Value) {
    for what in ["requests", "errors", "unnamed"] {
        assert_eq!(saw[what], serde_json::json!([]), "{what}: {saw:#}");
    }
    assert!(saw["wide"].as_i64().unwrap() <= 0, "the page is wider than the window");
    let serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    let serious: Vec<_> = saw["axe"].as_array().into_iter().flatten().filter(serious).collect();
    assert!(serious.is_empty(), "{serious:#?}");
}

/// A folder for screenshots, if they were asked for.
fn shots(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("TONMEISTER_SHOTS")?).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    Some(folder)
}

#[test]
fn a_report_of_two_plays_switches_in_place_and_tests_blindly() {
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join("mix.wav");
    let after = folder.path().join("master.wav");
    write_wav(&before, &song(1.0, 1.0));
    // The same with 6 dB more: equally loud, nothing but a switch is left to be heard.
    write_wav(&after, &song(2.0, 1.0));
    let output = folder.path().join("report.html");
    let page = report(&request(What::Pair(before, after), Place::Excerpt), &output, &Job::quiet()).unwrap();
    std::fs::write(&output, &page.html).unwrap();
    let (axe, kept) = (axe(), tempfile::tempdir().unwrap());
    let shots = shots("report").unwrap_or_else(|| kept.path().to_owned());
    let Some(mut saw) = drive(&output, axe.as_deref(), Some(&shots)) else { return };
    nothing_wrong(&saw);
    // A machine that does too much at once loses blocks of sound, which is not the player's doing: it may try again.
    for rest in (0..3).rev() {
        match the_switch_cannot_be_heard(&shots) {
            Ok(()) => break,
            Err(why) if rest == 0 => panic!("{why}"),
            Err(why) => println!("again: {why}"),
        }
        saw = drive(&output, None, Some(&shots)).unwrap();
    }
    let text = |name: &str| saw[name].as_str().unwrap_or_else(|| panic!("{name}: {saw:#}")).to_owned();
    let number = |name: &str| saw[name].as_f64().unwrap_or_else(|| panic!("{name}: {saw:#}"));
    assert_eq!(text("playing"), "You hear B: After");
    assert_eq!(text("pressed"), "Afalse Btrue Xfalse");
    assert_eq!((text("a"), text("b")), ("You hear A: Before".into(), "You hear B: After".into()));
    // The clock of a busy machine and that of its sound card differ by a few frames of the picture, not more.
    let drift = number("drift") % 3.0;
    assert!(
        drift.abs() < 0.15 || (drift.abs() - 3.0).abs() < 0.15,
        "the place runs on while it is switched: {drift}"
    );
    assert!(text("paused").starts_with("Paused at 0:0"));
    let nudged = number("nudged") - number("kept");
    assert!((nudged - 2.0).abs() < 0.02 || (number("nudged") - 2.99).abs() < 0.02, "{nudged}");
    assert_eq!(number("home"), 0.0);
    assert_eq!(text("loop"), "false");
    assert!(saw["help"] == true && saw["helpClosed"] == true);
    assert_eq!(text("valuetext"), "0:00.0 of 0:03.0");
    // The blind test: nobody is told, nothing is scored before the end.
    assert!(text("blind").starts_with("Blind test") && saw["levelLocked"] == true);
    assert_eq!(text("names"), "hidden|hidden|which one?");
    assert_eq!(text("blindSaid"), "You hear A");
    assert_eq!(text("scoreDuring"), "");
    let score = text("score");
    // Nine of ten: (10 + 1) / 1024 = 0.0107.
    assert!(
        score.contains("9 of 10 right")
            && score.contains("p = 0.0107")
            && score.contains("You hear the difference"),
        "{score}"
    );
    assert!(score.ends_with("A was After, B was Before."), "{score}");
    assert_eq!(text("after"), "Before");
}

/// Of two versions that differ by 6 dB only, what reached the loudspeakers is one of them at one gain, through every switch.
fn the_switch_cannot_be_heard(shots: &Path) -> Result<(), String> {
    const PATTERN: usize = 4096;
    let samples: Vec<f64> =
        serde_json::from_slice(&std::fs::read(shots.join("heard.json")).unwrap()).unwrap();
    let heard: Vec<f64> = samples.into_iter().map(|x| x * 1e-6).collect();
    let first = heard.iter().position(|x| *x != 0.0).ok_or("nothing was heard")?;
    // From a quarter of a second after the start to a quarter before the pause.
    let from = first + 11_025;
    let last = heard.iter().rposition(|x| *x != 0.0).unwrap_or(0).saturating_sub(11_025);
    if last < from + 44_100 {
        return Err(format!("too little was heard: {from} to {last}"));
    }
    let source = &song(1.0, 1.0)[0];
    // Where in the song that is, by the largest product.
    let pattern = &heard[from..from + PATTERN];
    let product = |at: usize| pattern.iter().zip(&source[at..]).map(|(x, y)| x * y).sum::<f64>();
    let best =
        (0..source.len() - PATTERN).max_by(|a, b| product(*a).abs().total_cmp(&product(*b).abs())).unwrap();
    let gain = product(best) / source[best..best + PATTERN].iter().map(|x| x * x).sum::<f64>();
    // The softer version is played as it is, the louder one turned down to it: 0 dB within 0.1.
    if !(1.0 / 1.0116..=1.0116).contains(&gain) {
        return Err(format!("the gain is {gain}"));
    }
    // Up to where the loop of the player begins again, or the pause.
    let most = (last - from).min(source.len() - best).min(2 * 44_100);
    let worst = (0..most).map(|n| (heard[from + n] - gain * source[best + n]).abs()).fold(0.0, f64::max);
    // Dither of 16 bits on each version, and 0.02 dB of a measured loudness.
    if worst < 2e-3 { Ok(()) } else { Err(format!("what was heard is off by {worst} within {most} frames")) }
}

#[test]
fn hostile_names_stay_text_and_two_runs_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let before = folder.path().join(format!("{HOSTILE}.wav").replace('/', "_"));
    let after = folder.path().join("b.wav");
    write_wav(&before, &song(1.0, 1.0));
    write_wav(&after, &song(0.7, 3.0));
    let output = folder.path().join("report.html");
    let make = || {
        let mut request = request(What::Pair(before.clone(), after.clone()), Place::None);
        request.title = Some(HOSTILE.into());
        report(&request, &output, &Job::quiet()).unwrap()
    };
    let page = make();
    assert_eq!(page.html, make().html);
    assert!(!page.html.contains("<img src=x") && !page.html.contains("<!--"), "a name broke out");
    assert!(page.html.contains("&lt;img src=x onerror=alert(1)&gt;"));
    std::fs::write(&output, &page.html).unwrap();
    let Some(saw) = drive(&output, None, None) else { return };
    nothing_wrong(&saw);
    assert_eq!(saw["title"].as_str().unwrap(), HOSTILE);
    assert_eq!(saw["players"], 0);
}

#[test]
fn sound_beside_the_page_plays_and_a_gallery_plays_one_song_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let pair = |name: &str, gain: f64| {
        let (before, after) =
            (folder.path().join(format!("{name}-1.wav")), folder.path().join(format!("{name}-2.wav")));
        write_wav(&before, &song(1.0, 1.0));
        write_wav(&after, &song(gain, 2.0));
        Pair { title: Some(format!("Song {name}")), before, after }
    };
    let output = folder.path().join("a page.html");
    let page = gallery(
        &[pair("a", 1.5), pair("b", 0.5)],
        "Two & more",
        &wish(Place::Beside),
        &output,
        &Job::quiet(),
    )
    .unwrap();
    std::fs::write(&output, &page.html).unwrap();
    assert_eq!(page.scripts.len(), 4);
    let beside = folder.path().join("a page.sound");
    std::fs::create_dir(&beside).unwrap();
    for (name, text) in &page.scripts {
        std::fs::write(beside.join(name), text).unwrap();
    }
    let Some(mut saw) = drive(&output, None, shots("gallery").as_deref()) else { return };
    assert_eq!(saw["players"], 2);
    assert_eq!(saw["playing"], "You hear B: After");
    // The two scripts of the song that plays, from the folder beside the page, and nothing else.
    let asked: Vec<String> =
        saw["requests"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect();
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert!(
        asked.iter().all(|url| url.starts_with("file://") && url.contains("/a%20page.sound/p1-")),
        "{asked:?}"
    );
    saw["requests"] = serde_json::json!([]);
    nothing_wrong(&saw);
}
