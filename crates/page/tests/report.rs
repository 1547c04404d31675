//! What reports say, judged by numbers that were put into the sound.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

use advice::translate::{Said, places};
use page::heard::hear;
use page::picture::Layer;
use page::picture::places::plot;
use page::report::{Page, Request, What, report};
use page::song::Wish;
use page::sound::Place;
use std::path::Path;
use studio::job::Job;
use testkit::signals::{noise, sine};

fn write_wav(path: &Path, planes: &[Vec<f64>], rate_hz: u32) {
    let spec = hound::WavSpec {
        channels: planes.len() as u16,
        sample_rate: rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for frame in 0..planes[0].len() {
        planes.iter().for_each(|plane| writer.write_sample(plane[frame] as f32).unwrap());
    }
    writer.finalize().unwrap();
}

fn page(folder: &Path, before: Option<&[Vec<f64>]>, after: &[Vec<f64>], rate_hz: u32, place: Place) -> Page {
    let path = folder.join("after.wav");
    write_wav(&path, after, rate_hz);
    let what = match before {
        None => What::One(path),
        Some(planes) => {
            let earlier = folder.join("before.wav");
            write_wav(&earlier, planes, 48_000);
            What::Pair(earlier, path)
        }
    };
    let wish = Wish { place, codec: None, seconds: 3.0 };
    let request = Request {
        what,
        title: Some("Title".into()),
        destinations: Vec::new(),
        logs: Vec::new(),
        wish,
        command: "tonmeister report".into(),
    };
    report(&request, &folder.join("page.html"), &Job::quiet()).unwrap()
}

fn music(seed: u64, seconds: f64) -> Vec<Vec<f64>> {
    let notes = sine(330.0, 0.1, 0.0, seconds, 48_000.0);
    [seed, seed + 1]
        .map(|seed| noise(0.08, seed, notes.len()).iter().zip(&notes).map(|(a, b)| a + b).collect())
        .to_vec()
}

fn scaled(planes: &[Vec<f64>], gain: f64) -> Vec<Vec<f64>> {
    planes.iter().map(|plane| plane.iter().map(|x| x * gain).collect()).collect()
}

#[test]
fn delay_gain_and_polarity_that_were_put_in_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let before = music(1, 5.0);
    // 137 samples later, 3 dB down and turned round.
    let after: Vec<Vec<f64>> =
        scaled(&before, -0.707_945_8).into_iter().map(|plane| [vec![0.0; 137], plane].concat()).collect();
    let page = page(folder.path(), Some(&before), &after, 48_000, Place::Excerpt);
    let alignment = &page.summary["alignment"];
    assert_eq!(alignment["lag_frames"], 137, "{alignment}");
    assert!(alignment["likeness"].as_f64().unwrap() > 0.95, "{alignment}");
    assert!(alignment["inverted"] == true && alignment["aligned"] == true, "{alignment}");
    assert!((alignment["usual_db"].as_f64().unwrap() + 3.0).abs() < 0.01, "{alignment}");
    let rules: Vec<&str> =
        page.summary["findings"].as_array().unwrap().iter().filter_map(|f| f["rule"].as_str()).collect();
    assert!(rules.contains(&"shifted") && rules.contains(&"polarity"), "{rules:?}");
    let head = page.summary["verdict"]["head"].as_str().unwrap();
    assert!(head.starts_with("3.0 LU softer than before, with "), "{head}");
    // Only the louder one is turned down, by what it is louder.
    let gains: Vec<f64> = serde_json::from_value(page.summary["player"]["gains_db"].clone()).unwrap();
    assert!((gains[0] + 3.0).abs() < 0.05 && gains[1] == 0.0, "{gains:?}");
    // An earlier one that comes later lies the other way.
    let page = self::page(folder.path(), Some(&after), &before, 48_000, Place::None);
    assert_eq!(page.summary["alignment"]["lag_frames"], -137);
}

#[test]
fn two_songs_are_not_taken_for_versions_of_one() {
    let folder = tempfile::tempdir().unwrap();
    let strangers = self::page(
        folder.path(),
        Some(&[noise(0.1, 1, 192_000)]),
        &[noise(0.1, 2, 192_000)],
        48_000,
        Place::None,
    );
    assert_eq!(strangers.summary["alignment"]["aligned"], false);
    assert!(strangers.html.contains("Check that the right two files were given"));
    assert!(!strangers.html.contains("Gain reduction, measured"), "two songs have no gain reduction");
}

#[test]
fn every_picture_has_its_words_and_its_table_and_every_finding_an_action() {
    let folder = tempfile::tempdir().unwrap();
    let before = music(1, 5.0);
    let page = page(folder.path(), Some(&before), &scaled(&before, 1.4), 48_000, Place::None);
    for title in [
        "Waveform, before",
        "Waveform, after",
        "Loudness over time",
        "Gain reduction, measured",
        "Tone, before and after",
        "What changed in the tone",
        "Spectrogram, before",
        "Spectrogram, after",
        "Stereo field",
        "Width by octave",
        "How high the peaks go",
        "How loud services will play it",
        "What changed</h2>",
        "How it comes across elsewhere",
        "A phone on the table",
        "A stream on a slow line",
        "All numbers",
        "What the words mean",
    ] {
        assert!(page.html.contains(title), "{title}");
    }
    let figures: Vec<&str> =
        page.html.split("<figure").skip(1).map(|part| part.split("</figure>").next().unwrap()).collect();
    assert_eq!(figures.len(), 11);
    for figure in figures {
        assert!(
            figure.contains("role=\"img\" aria-label=\"")
                && figure.contains("<table>")
                && figure.contains("<figcaption>"),
            "{figure:.200}"
        );
    }
    let found = page.html.split("<section id=\"findings\"").nth(1).unwrap();
    let items = found.split("</section>").next().unwrap().matches("class=\"do\"").count();
    assert!(items >= 1 && items == page.summary["findings"].as_array().unwrap().len());
    for what in ["sha256", "blake3"] {
        assert!(page.html.contains(page.summary["files"][1][what].as_str().unwrap()), "{what}");
    }
    assert!(page.html.len() < 3 << 20, "{} bytes without sound", page.html.len());
    let open: usize = ["<div", "<section", "<table", "<figure", "<ul"]
        .iter()
        .map(|tag| page.html.matches(tag).count())
        .sum();
    let closed: usize = ["</div>", "</section>", "</table>", "</figure>", "</ul>"]
        .iter()
        .map(|tag| page.html.matches(tag).count())
        .sum();
    assert_eq!(open, closed);
}

#[test]
fn a_place_is_drawn_with_what_it_takes_at_equal_loudness() {
    let folder = tempfile::tempdir().unwrap();
    // 1 kHz in the middle, 4 kHz at the sides alone.
    let (mid, side) = (sine(1000.0, 0.2, 0.0, 2.0, 48_000.0), sine(4000.0, 0.1, 0.0, 2.0, 48_000.0));
    let left: Vec<f64> = mid.iter().zip(&side).map(|(m, s)| m + s).collect();
    let right: Vec<f64> = mid.iter().zip(&side).map(|(m, s)| m - s).collect();
    let path = folder.path().join("a.wav");
    write_wav(&path, &[left, right], 48_000);
    let heard = hear(&path, &Job::quiet()).unwrap();
    let mut place = places().unwrap().remove(0);
    let mut drawn = |mono: bool, points: &[(f64, f64)]| -> Option<[f64; 4]> {
        (place.mono, place.response.points) = (mono, points.to_vec());
        let said = Said { place: place.clone(), effects: Vec::new(), change_db: [0.0; 5] };
        let plot = plot(&said, &heard)?;
        let [Layer::Area("a", here), Layer::Line("b", there)] = plot.layers.as_slice() else {
            panic!("{:?}", plot.layers)
        };
        let at = |hz: f64| here.iter().position(|point| point.0 == hz).unwrap();
        let (low, high) = (at(1000.0), at(4000.0));
        Some([here[low].2, here[high].2, there[low].1, there[high].1])
    };
    // Mean power of 1 kHz: 0.02, of 4 kHz: 0.005.
    let [mid, side, mid_there, side_there] = drawn(true, &[(20.0, 0.0), (20_000.0, 0.0)]).unwrap();
    assert!((mid + 16.99).abs() < 0.05 && (side + 23.01).abs() < 0.05, "{mid} {side}");
    assert!(
        side_there < side - 40.0 && mid_there > mid,
        "mono takes the sides, and what is left is turned up"
    );
    // The same everywhere is no change at equal loudness; 12 dB less at 4 kHz than at 1 kHz stay 12 dB.
    let [mid, side, mid_there, side_there] =
        drawn(false, &[(1000.0, 6.0), (1500.0, 6.0), (3000.0, -6.0), (20_000.0, -6.0)]).unwrap();
    assert!(((mid_there - side_there) - (mid - side) - 12.0).abs() < 0.05, "{mid_there} {side_there}");
    // Weighted, 4 kHz counts 3.3 dB more than 1 kHz: 0.02 + 0.0107 here, 0.0796 + 0.0027 there.
    assert!((mid_there - mid - (6.0 - 4.28)).abs() < 0.15, "{mid} {mid_there}");
    assert!(
        drawn(false, &[(20.0, 0.0), (20_000.0, 0.0)]).is_none(),
        "a place that changes nothing has no picture"
    );
}

#[test]
fn odd_sounds_make_pages_too() {
    let folder = tempfile::tempdir().unwrap();
    let stereo = music(3, 2.0);
    let six: Vec<Vec<f64>> = (0..6).map(|n| noise(0.05, n, 96_000)).collect();
    for (before, after, rate) in [
        (None, vec![vec![0.0; 48_000]; 2], 48_000),
        (None, vec![vec![0.5]; 1], 48_000),
        (None, six.clone(), 48_000),
        (Some(stereo.clone()), six, 48_000),
        (Some(vec![stereo[0].clone()]), stereo.clone(), 96_000),
        (Some(vec![vec![0.0; 4800]; 2]), stereo.clone(), 44_100),
        (Some(scaled(&stereo, 9.0)), scaled(&stereo, 1e-4), 8000),
    ] {
        let page = page(folder.path(), before.as_deref(), &after, rate, Place::Excerpt);
        assert!(page.html.ends_with("</html>\n"));
        // Between letters of base64 anything may stand.
        let words: String = page
            .html
            .split("</script>")
            .filter_map(|part| part.split("<script").next())
            .map(str::to_owned)
            .collect();
        assert!(
            !words.replace("base64,", "\"").split('"').any(|part| part.len() < 5000 && part.contains("NaN")),
            "{:?}",
            page.summary["verdict"]
        );
        for path in page.html.split(" d=\"").skip(1).filter_map(|part| part.split('"').next()) {
            assert!(path.chars().all(|c| "MLHVZAhv-. ".contains(c) || c.is_ascii_digit()), "{path:.80}");
        }
    }
}
