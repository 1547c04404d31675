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
use studio::targets::Codec;
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
    Request {
        what,
        title: None,
        destinations: Vec::new(),
        logs: Vec::new(),
        wish: wish(place),
        command: "tonmeister report <a> & 'b' -o c".into(),
    }
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

/// One browser at a time: two would only take each other's processor.
static ONE: Mutex<()> = Mutex::new(());

/// What the browser saw of a page with which it did what the script says; sound and screenshots are left in `folder`.
fn drive(page: &Path, script: &str, axe: Option<&Path>, folder: &Path) -> Option<Value> {
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
    call.arg(script).arg(axe.unwrap_or(Path::new(""))).arg(folder);
    let output = call.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

fn nothing_wrong(saw: &Value) {
    for what in ["requests", "errors", "unnamed"] {
        assert_eq!(saw[what], serde_json::json!([]), "{what}: {saw:#}");
    }
    for what in ["wide", "phoneWide"] {
        assert!(saw[what].as_i64().unwrap() <= 0, "the page is wider than the window: {what}");
    }
    let serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
    let serious: Vec<_> = saw["axe"].as_array().into_iter().flatten().filter(serious).collect();
    assert!(serious.is_empty(), "{serious:#?}");
}

/// A folder for screenshots if they were asked for, else the one of the test.
fn shots(name: &str, own: &Path) -> PathBuf {
    let folder = std::env::var_os("TONMEISTER_SHOTS").map(|folder| PathBuf::from(folder).join(name));
    folder.inspect(|folder| std::fs::create_dir_all(folder).unwrap()).unwrap_or_else(|| own.to_owned())
}

/// A channel of what reached the loudspeakers.
fn heard(folder: &Path, channel: usize) -> Vec<f64> {
    let bytes = std::fs::read(folder.join(format!("heard-{channel}.f32"))).unwrap();
    bytes.chunks_exact(4).map(|four| f64::from(f32::from_le_bytes(four.try_into().unwrap()))).collect()
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
    let (axe, shots) = (axe(), shots("report", folder.path()));
    let Some(saw) = drive(&output, "play", axe.as_deref(), &shots) else { return };
    nothing_wrong(&saw);
    let start = page.summary["player"]["start_seconds"].as_f64().unwrap();
    the_place_shown_is_the_place_heard(&saw, &heard(&shots, 0), start);
    let text = |name: &str| saw[name].as_str().unwrap_or_else(|| panic!("{name}: {saw:#}")).to_owned();
    let number = |name: &str| saw[name].as_f64().unwrap_or_else(|| panic!("{name}: {saw:#}"));
    assert_eq!(text("playing"), "You hear B: After");
    assert_eq!(text("pressed"), "Afalse Btrue Xfalse");
    assert_eq!((text("a"), text("b")), ("You hear A: Before".into(), "You hear B: After".into()));
    assert!(text("paused").starts_with("Paused at 0:00."));
    assert_eq!((number("home"), number("nudged")), (0.0, 2.0));
    // The song has four seconds: where the player is on the pictures, and where a click in their middle goes.
    let length = 4.0;
    let head = 100.0 * (start + number("kept")) / length;
    assert!((number("head") - head).abs() < 0.5, "{} {head}", number("head"));
    assert!((number("clicked") - (0.5 * length - start)).abs() < 0.02, "{} {start}", number("clicked"));
    assert_eq!((text("loop").as_str(), text("ended").as_str()), ("false", "Stopped at the end"));
    assert_eq!(text("valuetext"), "0:00.0 of 0:03.0");
    // The blind test: nobody is told, nothing is scored before the end, and the page is the same whichever X is.
    assert!(text("blind").starts_with("Blind test") && saw["levelLocked"] == true);
    assert_eq!(text("names"), "hidden|hidden|which one?");
    assert_eq!(text("blindSaid"), "You hear A");
    assert_eq!(text("scoreDuring"), "");
    assert_eq!(text("oneX"), text("otherX"));
    assert!(!text("oneX").contains(">Before<") && !text("oneX").contains(">After<"));
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
    // In the middle of a logarithmic axis from 20 Hz to 20 kHz lie 632 Hz.
    let tip: Vec<String> = serde_json::from_value(saw["tip"].clone()).unwrap();
    assert!(tip[0].starts_with("63") && tip[0].ends_with(" Hz") && tip.len() >= 2, "{tip:?}");
    assert!(saw["fields"].as_u64().unwrap() >= 10);
}

/// Of two versions that differ by 6 dB only, what reached the loudspeakers is one of them at one gain: through every switch, and after
/// every jump from where the page says.
fn the_place_shown_is_the_place_heard(saw: &Value, heard: &[f64], start_seconds: f64) {
    // 60 ms: after it nothing of the last fade is left.
    const PATTERN: usize = 2646;
    let source = &song(1.0, 1.0)[0];
    let first = (start_seconds * f64::from(RATE_HZ)).round() as usize;
    let steps = saw["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 7, "{steps:#?}");
    let frame =
        |step: &Value, what: &str| (step[what].as_f64().unwrap() * f64::from(RATE_HZ)).round() as usize;
    let mut last = 0.0;
    for step in steps {
        let at = frame(step, "at");
        let pattern = &heard[at - PATTERN..at];
        let place = first + frame(step, "place");
        let product = |at: usize| pattern.iter().zip(&source[at..]).map(|(x, y)| x * y).sum::<f64>();
        let power = |at: usize| source[at..at + PATTERN].iter().map(|x| x * x).sum::<f64>();
        let fits = |at: usize| product(at) / power(at).sqrt();
        // Near to where it should be; anywhere else it has another gain, and another sound.
        let near = place.saturating_sub(PATTERN + 2000)..(place + 2000 - PATTERN).min(source.len() - PATTERN);
        let best = near.max_by(|a, b| fits(*a).total_cmp(&fits(*b))).unwrap();
        let gain = product(best) / power(best);
        // The softer version is played as it is, the louder one turned down to it: 0 dB within 0.1.
        assert!((1.0 / 1.0116..=1.0116).contains(&gain), "the gain is {gain}: {step}");
        // The number on the page has two digits.
        assert!(
            place.abs_diff(best + PATTERN) <= 441,
            "{} is heard, {place} is shown: {step}",
            best + PATTERN
        );
        // A jump goes to where it was asked to; a switch goes on.
        let from = step["from"].as_f64().unwrap();
        match step["what"].as_str().unwrap() {
            "a" | "b" | "loop" => assert!((from - last).abs() < 0.011, "{step} after {last}"),
            "seek" => assert_eq!(from, 2.0),
            "back" => assert!((from - (last - 2.0)).abs() < 0.011, "{step} after {last}"),
            _ => assert_eq!(from, 0.0),
        }
        last = step["place"].as_f64().unwrap();
        if matches!(step["what"].as_str(), Some("a" | "b")) {
            // From before the switch to now: one sound without a gap, dither and 0.02 dB of a measured loudness apart.
            let whole = (0.8 * f64::from(RATE_HZ)) as usize;
            let from = at - whole;
            let begin = best + PATTERN - whole;
            let worst =
                (0..whole).map(|n| (heard[from + n] - gain * source[begin + n]).abs()).fold(0.0, f64::max);
            assert!(worst < 2e-3, "what was heard is off by {worst}: {step}");
        }
    }
}

#[test]
fn versions_of_different_sound_reach_the_loudspeakers_equally_loud() {
    // Brighter and 9 dB louder, and a version whose second half is soft: what a gain of the whole song would not match.
    let swell = |planes: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
        let soften = |(n, x): (usize, f64)| if n % 44_100 > 22_050 { 0.2 * x } else { x };
        planes.into_iter().map(|plane| plane.into_iter().enumerate().map(soften).collect()).collect()
    };
    for (codec, louder) in [(None, 2.8), (Some("mp3-192"), 0.4)] {
        let folder = tempfile::tempdir().unwrap();
        let (before, after) = (folder.path().join("a.wav"), folder.path().join("b.wav"));
        write_wav(&before, &swell(song(1.0, 0.0)));
        write_wav(&after, &song(louder, 9.0));
        let output = folder.path().join("report.html");
        let mut asked = request(What::Pair(before, after), Place::Excerpt);
        asked.wish.codec = codec.map(|name| Codec::from_name(name).unwrap());
        let page = report(&asked, &output, &Job::quiet()).unwrap();
        std::fs::write(&output, &page.html).unwrap();
        let Some(saw) = drive(&output, "match", None, folder.path()) else { return };
        nothing_wrong(&saw);
        let marks: Vec<[f64; 2]> = serde_json::from_value(saw["marks"].clone()).unwrap();
        let planes = [heard(folder.path(), 0), heard(folder.path(), 1)];
        let loudness = marks.iter().map(|mark| {
            let [from, to] = mark.map(|seconds| (seconds * f64::from(RATE_HZ)) as usize);
            // A standard meter that is none of ours.
            let mut meter = ebur128::EbuR128::new(2, RATE_HZ, ebur128::Mode::I).unwrap();
            meter.add_frames_planar_f64(&[&planes[0][from..to], &planes[1][from..to]]).unwrap();
            meter.loudness_global().unwrap()
        });
        let loudness: Vec<f64> = loudness.collect();
        assert!((loudness[0] - loudness[1]).abs() < 0.1, "{codec:?}: {loudness:?}");
        assert!(loudness[0] > -60.0 && marks[0][1] > marks[0][0] + 2.9, "{loudness:?} {marks:?}");
    }
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
    let Some(saw) = drive(&output, "look", None, folder.path()) else { return };
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
    let Some(mut saw) = drive(&output, "beside", None, &shots("gallery", folder.path())) else { return };
    assert_eq!(saw["players"], 2);
    assert_eq!(saw["playing"], "You hear B: After");
    // The two scripts of each song that plays, from the folder beside the page, and nothing else.
    let asked: Vec<String> =
        saw["requests"].as_array().unwrap().iter().map(|url| url.as_str().unwrap().to_owned()).collect();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(
        asked.iter().all(|url| url.starts_with("file://") && url.contains("/a%20page.sound/p")),
        "{asked:?}"
    );
    saw["requests"] = serde_json::json!([]);
    nothing_wrong(&saw);
}
