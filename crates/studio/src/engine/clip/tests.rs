#![allow(
    clippy::disallowed_methods,
    clippy::needless_range_loop,
    reason = "closed forms, from the standard library"
)]
use super::player::clipped_runs;
use crate::engine::{Engine, Options, Rendered, Shelf};
use crate::job::Job;
use crate::session::{self, FadeShape, Session};
use dsp::block::Buffer;
use std::path::Path;
use testkit::{measure, signals};

/// A session of one track whose clips are `clips`; the pan law leaves one channel as it is.
fn session(clips: &str) -> Session {
    let text = format!(
        "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"t\"\npan_law = \"0\"\n{clips}"
    );
    Session::parse(&text, "s.toml", Path::new(""), session::Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}

fn shelf(files: &[(&str, &[f64])]) -> Shelf {
    let mut shelf = Shelf::default();
    for (path, plane) in files {
        shelf.put(*path, Buffer::from_planes(&[plane.to_vec()]), 48_000);
    }
    shelf
}

/// The left channel, and what was found.
fn render(clips: &str, shelf: &Shelf, block_frames: usize) -> (Vec<f64>, Rendered) {
    let mut out = Vec::new();
    let session = session(clips);
    let engine = Engine::new(&session, shelf, Options { block_frames })
        .unwrap_or_else(|errors| panic!("{}", errors[0]));
    let rendered = engine
        .render(&Job::quiet().with_threads(1), &mut |view| {
            out.extend_from_slice(view.channel(0));
            Ok(())
        })
        .unwrap();
    (out, rendered)
}

fn rules(rendered: &Rendered) -> Vec<&'static str> {
    rendered.findings.iter().map(|finding| finding.rule).collect()
}

fn seconds(frames: usize) -> f64 {
    frames as f64 / 48_000.0
}

/// A clip of `file`: begin, offset and length in frames, and more keys.
fn clip(file: &str, start: usize, offset: usize, length: usize, more: &str) -> String {
    format!(
        "[[track.clip]]\nfile = \"{file}\"\nstart_seconds = {}\noffset_seconds = {}\nlength_seconds = {}\n{more}\n",
        seconds(start),
        seconds(offset),
        seconds(length)
    )
}

#[test]
fn three_equal_samples_at_full_scale_are_a_run_and_loud_peaks_are_not() {
    assert_eq!(clipped_runs(&[0.0, 1.0, 1.0, 1.0, 1.0, 0.0, -1.0, -1.0, -1.0]), 2);
    assert_eq!(clipped_runs(&[0.9, 0.999, 1.0, 0.9999, 1.0, 1.0]), 0);
    assert_eq!(clipped_runs(&[0.5; 10]), 0);
}

#[test]
fn every_fade_follows_its_closed_form_at_both_ends() {
    use std::f64::consts::PI;
    let ones = vec![0.5; 9600];
    let shelf = shelf(&[("a", &ones)]);
    let law = |word: &str, x: f64, c: f64| match word {
        "linear" => x,
        "equal_power" => (PI * x / 2.0).sin(),
        "smooth" => (PI * x / 2.0).sin().powi(2),
        "slow" => x * x,
        "fast" => x * (2.0 - x),
        "decibel" if x == 0.0 => 0.0,
        "decibel" => 10_f64.powf(-3.0 * (1.0 - x)),
        "exponential" => ((c * x).exp() - 1.0) / (c.exp() - 1.0),
        _ => (1.0 - (-c * x).exp()) / (1.0 - (-c).exp()),
    };
    for word in ["linear", "equal_power", "smooth", "slow", "fast", "decibel", "exponential", "logarithmic"] {
        for c in [0.5, 4.0, 9.0] {
            let keys = format!(
                "fade_in_ms = 50\nfade_in_shape = \"{word}\"\nfade_in_curvature = {c}\n\
                 fade_out_ms = 100\nfade_out_shape = \"{word}\"\nfade_out_curvature = {c}"
            );
            let (out, _) = render(&clip("a", 0, 0, 0, &keys), &shelf, 512);
            for n in 0..9600 {
                let (up, down) = ((n as f64 / 2400.0).min(1.0), ((9600 - n) as f64 / 4800.0).min(1.0));
                let wanted = 0.5 * law(word, up, c) * law(word, down, c);
                assert!((out[n] - wanted).abs() < 1e-12, "{word} {c} {n}: {} {wanted}", out[n]);
            }
        }
    }
}

#[test]
fn an_exponential_and_a_logarithmic_fade_mirror_each_other_and_grow_straight_as_they_unbend() {
    for x in [0.1, 0.37, 0.8] {
        let (up, down) = (FadeShape::Exponential.gain(x, 3.0), FadeShape::Logarithmic.gain(1.0 - x, 3.0));
        assert!((up + down - 1.0).abs() < 1e-12);
        assert!((FadeShape::Exponential.gain(x, 0.01) - x).abs() < 0.002);
        assert!(FadeShape::Exponential.gain(x, 8.0) < FadeShape::Exponential.gain(x, 2.0));
    }
}

#[test]
fn one_recording_cut_with_an_overlap_goes_on_as_if_it_were_not_cut() {
    let tone = signals::sine(440.0, 0.5, 0.3, 1.0, 48_000.0);
    let shelf = shelf(&[("a", &tone)]);
    let clips = clip("a", 0, 0, 30_000, "") + &clip("a", 20_000, 20_000, 28_000, "");
    let (out, rendered) = render(&clips, &shelf, 700);
    assert_eq!(out.len(), 48_000);
    assert!(out.iter().zip(&tone).all(|(a, b)| (a - b).abs() < 1e-15), "equal gain keeps it to the last bit");
    let told = rendered.findings.iter().find(|finding| finding.rule == "crossfades").unwrap();
    assert!(told.measured.starts_with("1 of equal gain, 0 of equal power"), "{}", told.measured);
    assert!(!rules(&rendered).contains(&"hard_cut"));
    // Of equal power the middle is 3 dB too loud.
    let loud = clips.replace("start_seconds = 0.41", "crossfade = \"equal_power\"\nstart_seconds = 0.41");
    let (out, _) = render(&loud, &shelf, 700);
    let rise = measure::to_db(measure::rms(&out[24_800..25_200]) / measure::rms(&tone[24_800..25_200]));
    assert!((rise - 3.01).abs() < 0.01, "{rise}");
}

#[test]
fn different_recordings_keep_their_power_and_the_law_can_be_chosen() {
    let (a, b) = (signals::noise(0.3, 1, 96_000), signals::noise(0.3, 2, 96_000));
    let shelf = shelf(&[("a", &a), ("b", &b)]);
    let clips = |more: &str| clip("a", 0, 0, 0, "") + &clip("b", 48_000, 0, 0, more);
    let (out, rendered) = render(&clips(""), &shelf, 4096);
    for from in (0..135_000).step_by(9000) {
        let level = measure::to_db(measure::rms(&out[from..from + 9000]) / measure::rms(&a));
        assert!(level.abs() < 0.2, "{from} {level}");
    }
    let told = rendered.findings.iter().find(|finding| finding.rule == "crossfades").unwrap();
    assert!(told.measured.starts_with("0 of equal gain, 1 of equal power"), "{}", told.measured);
    let middle = |more: &str| {
        let (out, _) = render(&clips(more), &shelf, 4096);
        measure::to_db(measure::rms(&out[70_000..74_000]) / measure::rms(&a[70_000..74_000]))
    };
    assert!((middle("crossfade = \"equal_gain\"") + 3.01).abs() < 0.2);
    assert!((middle("crossfade = \"none\"") - 3.01).abs() < 0.2);
    let (own, _) = render(&clips("fade_in_ms = 100"), &shelf, 4096);
    assert!(
        (0..144_000).all(|n| {
            let fade = (n as f64 - 48_000.0).clamp(0.0, 4800.0) / 4800.0;
            let b = if n >= 48_000 { b[n - 48_000] } else { 0.0 };
            (own[n] - a.get(n).unwrap_or(&0.0) - b * fade).abs() < 1e-12
        }),
        "fades drawn by hand stay as they are"
    );
}

#[test]
fn a_crossfade_has_its_length_and_shape_and_the_first_clip_ends_with_it() {
    let (a, b) = (vec![0.5; 4800], vec![0.25; 4800]);
    let shelf = shelf(&[("a", &a), ("b", &b)]);
    for (shape, law) in [("linear", "equal_gain"), ("smooth", "equal_gain"), ("smooth", "equal_power")] {
        let keys = format!("crossfade = \"{law}\"\ncrossfade_ms = 10\ncrossfade_shape = \"{shape}\"");
        let (out, _) = render(&(clip("a", 0, 0, 0, "") + &clip("b", 2400, 0, 0, &keys)), &shelf, 333);
        for n in 0..7200 {
            let x = ((n as f64 - 2400.0) / 480.0).clamp(0.0, 1.0);
            let x = if shape == "smooth" { 0.5 - 0.5 * (std::f64::consts::PI * x).cos() } else { x };
            let (up, down) = if law == "equal_power" {
                ((x * std::f64::consts::FRAC_PI_2).sin(), (x * std::f64::consts::FRAC_PI_2).cos())
            } else {
                (x, 1.0 - x)
            };
            assert!((out[n] - 0.5 * down - 0.25 * up).abs() < 1e-12, "{shape} {law} {n}");
        }
    }
}

#[test]
fn clips_of_opposite_polarity_and_clips_inside_others_are_told() {
    let a = signals::noise(0.3, 1, 48_000);
    let minus: Vec<f64> = a.iter().map(|x| -x).collect();
    let shelf = shelf(&[("a", &a), ("b", &minus)]);
    let shifted = clip("a", 0, 0, 36_000, "") + &clip("b", 24_000, 24_000, 24_000, "");
    let (_, rendered) = render(&shifted, &shelf, 4096);
    assert!(rules(&rendered).contains(&"crossfade_cancels"), "{:?}", rules(&rendered));
    let (out, rendered) = render(&(clip("a", 0, 0, 0, "") + &clip("a", 9600, 0, 9600, "")), &shelf, 4096);
    assert!(rules(&rendered).contains(&"clips_layered"));
    assert_eq!(out[12_000], a[12_000] + a[2400], "and added up");
}

#[test]
fn backwards_is_the_file_from_its_end_for_any_block_and_length() {
    let noise = signals::noise(0.3, 4, 2_300_000);
    let shelf = shelf(&[("a", &noise)]);
    // Longer than what is held in memory: more than two stretches.
    let (out, rendered) = render(&clip("a", 0, 0, 0, "reverse = true"), &shelf, 4096);
    assert!(out.iter().eq(noise.iter().rev()));
    assert!(!rules(&rendered).contains(&"hard_cut"), "nothing of it was cut");
    for block in [1, 333, 4096] {
        let (out, rendered) = render(&clip("a", 100, 700, 5000, "reverse = true"), &shelf, block);
        assert!(out[..100].iter().all(|x| *x == 0.0));
        assert!(out[100..].iter().eq(noise[700..5700].iter().rev()), "{block}");
        assert!(rules(&rendered).contains(&"hard_cut"));
    }
}

#[test]
fn a_loop_plays_its_part_so_often_and_the_file_goes_on_behind_it() {
    let noise = signals::noise(0.3, 5, 20_000);
    let shelf = shelf(&[("a", &noise)]);
    let looped = |count: usize, fade: f64| {
        format!(
            "loop = {{ start_seconds = {}, end_seconds = {}, count = {count}, crossfade_ms = {fade} }}",
            seconds(4000),
            seconds(10_000)
        )
    };
    let (once, _) = render(&clip("a", 0, 0, 0, &looped(1, 10.0)), &shelf, 512);
    assert!(once.iter().eq(&noise), "once is the file");
    for block in [100, 4096] {
        let (out, _) = render(&clip("a", 0, 1000, 0, &looped(3, 0.0)), &shelf, block);
        let part = &noise[4000..10_000];
        let wanted = [&noise[1000..4000], part, part, part, &noise[10_000..]].concat();
        assert!(out == wanted, "{} {}", out.len(), wanted.len());
        // Without a count, for as long as the clip is; backwards, the same from its end.
        let (out, _) = render(&clip("a", 0, 1000, 17_500, &looped(0, 0.0)), &shelf, block);
        let wanted = [&noise[1000..4000], part, part, &part[..2500]].concat();
        assert!(out == wanted);
        let backwards = looped(0, 0.0) + "\nreverse = true";
        let (out, _) = render(&clip("a", 0, 1000, 17_500, &backwards), &shelf, block);
        assert!(out.iter().eq(wanted.iter().rev()));
    }
}

#[test]
fn a_loop_goes_over_from_its_end_into_what_leads_to_its_beginning() {
    // Two levels: what leads to the loop, and what is in it.
    let mut file = vec![0.25; 4000];
    file.resize(10_000, 0.5);
    let shelf = shelf(&[("a", &file)]);
    let keys = format!(
        "loop = {{ start_seconds = {}, end_seconds = {}, count = 2, crossfade_ms = 10, crossfade = \"equal_gain\" }}",
        seconds(4000),
        seconds(10_000)
    );
    let (out, _) = render(&clip("a", 0, 0, 0, &keys), &shelf, 1000);
    assert_eq!(out.len(), 16_000);
    for n in 0..16_000 {
        let x = (n as f64 - 9520.0) / 480.0;
        let wanted = match n {
            0..4000 => 0.25,
            9520..10_000 => 0.5 * (1.0 - x) + 0.25 * x,
            _ => 0.5,
        };
        assert!((out[n] - wanted).abs() < 1e-12, "{n}");
    }
}

#[test]
fn loops_and_backwards_work_at_other_rates() {
    let tone = signals::sine(1000.0, 0.5, 0.0, 1.0, 44_100.0);
    let mut shelf = Shelf::default();
    shelf.put("a", Buffer::from_planes(&[tone]), 44_100);
    // 1000 Hz: 100 whole periods in the loop, so every joint is smooth.
    let keys = "loop = { start_seconds = 0.2, end_seconds = 0.3, crossfade_ms = 0 }\nreverse = true";
    let (out, _) = render(&clip("a", 0, 0, 96_000, keys), &shelf, 4096);
    assert_eq!(out.len(), 96_000);
    let (start, end) = (24_000, 72_000);
    let level = measure::rms(&out[start..end]);
    assert!((level - 0.5 / 2_f64.sqrt()).abs() < 1e-4, "{level}");
    let crossings = out[start..end].windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count();
    assert!((999..=1001).contains(&crossings), "{crossings}");
}

#[test]
fn a_gain_curve_goes_straight_in_decibels_between_its_points() {
    let ones = vec![0.5; 9600];
    let shelf = shelf(&[("a", &ones)]);
    let keys = "gain_db = -1.0\ngain_points = [[0.05, -6.0], [0.15, 6.0], [0.2, -144]]";
    for block in [77, 4096] {
        let (out, _) = render(&clip("a", 4800, 0, 0, keys), &shelf, block);
        for n in 0..9600_usize {
            let db = match n {
                0..2400 => -6.0,
                2400..7200 => -6.0 + 12.0 * (n as f64 - 2400.0) / 4800.0,
                _ => 6.0 - 150.0 * (n as f64 - 7200.0) / 2400.0,
            };
            let wanted = 0.5 * 10_f64.powf((db - 1.0) / 20.0);
            assert!((out[4800 + n] - wanted).abs() < 1e-12, "{n}");
        }
    }
}

#[test]
fn a_cut_without_a_fade_is_told_and_a_cut_at_a_zero_or_where_nothing_changes_is_not() {
    let tone = signals::sine(1000.0, 0.5, 0.0, 1.0, 48_000.0);
    let shelf = shelf(&[("a", &tone)]);
    let told = |clips: &str| {
        let (_, rendered) = render(clips, &shelf, 4096);
        let found = rendered.findings.into_iter().find(|finding| finding.rule == "hard_cut");
        found.map(|finding| (finding.measured, finding.seconds.unwrap()))
    };
    assert_eq!(told(&clip("a", 0, 0, 0, "")), None, "the whole file");
    let (what, at) = told(&clip("a", 4800, 12, 24_000, "fade_out_ms = 5")).unwrap();
    assert_eq!((what.as_str(), at), ("1 cuts without a fade", 0.1));
    let (what, _) = told(&clip("a", 0, 12, 24_001, "fade_out_ms = 0.5")).unwrap();
    assert_eq!(what, "2 cuts without a fade");
    assert_eq!(told(&clip("a", 0, 12, 24_000, "fade_in_ms = 1\nfade_out_ms = 1")), None);
    // Every 24th frame of 1000 Hz is a zero; the last frame played is the one before the end.
    assert_eq!(told(&clip("a", 0, 24, 24_001, "")), None);
    let joined = clip("a", 0, 0, 10_007, "") + &clip("a", 10_007, 10_007, 0, "");
    assert_eq!(told(&joined), None, "goes on where it stopped");
    assert!(told(&(joined + "gain_db = -3.0\n")).is_some(), "a step of level clicks");
}

#[test]
fn a_clip_played_faster_is_higher_and_shorter_and_a_stretched_one_only_longer() {
    const PITCH_HZ: f64 = 0.5;
    let shelf = shelf(&[("a", &signals::sine(600.0, 0.5, 0.0, 2.0, 48_000.0))]);
    let pitch = |out: &[f64], from: usize, to: usize| {
        // Whole periods between the first and the last rise through zero, these by a straight line.
        let rise = |n: usize| out[n] / (out[n] - out[n + 1]) + n as f64;
        let rises: Vec<f64> =
            (from..to - 1).filter(|n| out[*n] < 0.0 && out[*n + 1] >= 0.0).map(rise).collect();
        (rises.len() - 1) as f64 * 48_000.0 / (rises[rises.len() - 1] - rises[0])
    };
    for (keys, frames, hz) in [
        ("speed = 2.0", 48_000, 1200.0),
        ("speed = 0.8", 120_000, 480.0),
        ("stretch = 1.5", 144_000, 600.0),
        ("stretch = 1.5\nspeed = 1.5", 96_000, 900.0),
        ("speed = 2.0\nreverse = true", 48_000, 1200.0),
        ("speed = 2.0\noffset_seconds = 1.0", 24_000, 1200.0),
    ] {
        for block in [512, 4096] {
            let text = format!("[[track.clip]]\nfile = \"a\"\n{keys}\n");
            let (out, _) = render(&text, &shelf, block);
            assert_eq!(out.len(), frames, "{keys}");
            let (from, to) = (frames / 4, frames * 3 / 4);
            let found = pitch(&out, from, to);
            assert!((found - hz).abs() < PITCH_HZ, "{keys} {found}");
            let level = measure::to_db(measure::rms(&out[from..to]) / 0.5) + 3.01;
            assert!(level.abs() < 0.2, "{keys} {level}");
        }
    }
    // A length is that of the clip in the session.
    let (out, _) = render(&clip("a", 0, 0, 9600, "speed = 0.5"), &shelf, 512);
    assert_eq!(out.len(), 9600);
}

#[test]
fn each_end_has_the_shape_and_the_bend_of_its_own() {
    let shelf = shelf(&[("a", &[1.0; 9600])]);
    let keys = "fade_in_ms = 50\nfade_in_shape = \"exponential\"\nfade_in_curvature = 2.0\n\
                fade_out_ms = 100\nfade_out_shape = \"logarithmic\"\nfade_out_curvature = 6.0";
    let (out, _) = render(&clip("a", 0, 0, 0, keys), &shelf, 512);
    for n in 0..9600 {
        let (up, down) = ((n as f64 / 2400.0).min(1.0), ((9600 - n) as f64 / 4800.0).min(1.0));
        let wanted =
            (2.0 * up).exp_m1() / 2.0_f64.exp_m1() * (1.0 - (-6.0 * down).exp()) / (1.0 - (-6.0_f64).exp());
        assert!((out[n] - wanted).abs() < 1e-12, "{n}");
    }
}

/// `share` of one noise and the rest of another: their correlation is `share`.
fn related(share: f64, seed: u64, frames: usize) -> (Vec<f64>, Vec<f64>) {
    let (a, other) = (signals::noise(0.3, seed, frames), signals::noise(0.3, seed + 1, frames));
    let rest = (1.0 - share * share).sqrt();
    let b = a.iter().zip(&other).map(|(a, b)| share * a + rest * b).collect();
    (a, b)
}

/// How many crossfades of equal gain, and of equal power.
fn laws(rendered: &Rendered) -> (usize, usize) {
    let told = rendered.findings.iter().find(|finding| finding.rule == "crossfades").unwrap();
    let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).unwrap();
    let mut words = told.measured.split(' ');
    (number(words.next()), number(words.nth(3)))
}

#[test]
fn the_law_turns_where_both_err_alike_whatever_the_levels() {
    // 1/√2 times (1 + r) is 1 at r = √2 - 1 = 0.414.
    for (share, gain) in [(0.47, true), (0.36, false), (0.6, true), (0.2, false), (-0.6, false)] {
        for level in [1.0, 0.05] {
            let (a, b) = related(share, 31, 48_000);
            let b: Vec<f64> = b.iter().map(|x| x * level).collect();
            let shelf = shelf(&[("a", &a), ("b", &b)]);
            let (_, rendered) =
                render(&(clip("a", 0, 0, 0, "") + &clip("b", 6000, 6000, 0, "")), &shelf, 4096);
            assert_eq!(laws(&rendered), if gain { (1, 0) } else { (0, 1) }, "{share} {level}");
            assert_eq!(rules(&rendered).contains(&"crossfade_cancels"), share < -0.5, "{share}");
        }
    }
}

#[test]
fn all_channels_and_the_speed_count_in_the_correlation() {
    let (a, b) = related(1.0, 41, 48_000);
    let (left, other) = (signals::noise(0.03, 43, 48_000), signals::noise(0.03, 44, 48_000));
    let mut shelf = Shelf::default();
    shelf.put("a", Buffer::from_planes(&[left, a.clone()]), 48_000);
    shelf.put("b", Buffer::from_planes(&[other, b]), 48_000);
    let (_, rendered) = render(&(clip("a", 0, 0, 0, "") + &clip("b", 6000, 6000, 0, "")), &shelf, 4096);
    assert_eq!(laws(&rendered), (1, 0), "the soft left channels are unrelated, the right ones the same");
    // Twice as fast, frame 12 000 of the file sounds where the second clip begins.
    shelf.put("c", Buffer::from_planes(&[a]), 48_000);
    let fast = |offset: usize| {
        let clips = clip("c", 0, 0, 0, "speed = 2.0") + &clip("c", 6000, offset, 0, "speed = 2.0");
        laws(&render(&clips, &shelf, 4096).1)
    };
    assert_eq!((fast(12_000), fast(6000)), ((1, 0), (0, 1)));
}

#[test]
fn the_joint_of_a_loop_is_judged_by_what_meets_at_it() {
    // The end of the loop is what leads to its beginning, or is not; what stands at its beginning is neither.
    let lead = signals::noise(0.3, 51, 480);
    for related in [true, false] {
        let mut file = signals::noise(0.3, 52, 12_000);
        file[3520..4000].copy_from_slice(&lead);
        if related {
            file[9520..10_000].copy_from_slice(&lead);
        }
        let keys = format!(
            "loop = {{ start_seconds = {}, end_seconds = {}, count = 2, crossfade_ms = 10 }}",
            seconds(4000),
            seconds(10_000)
        );
        let (out, _) = render(&clip("a", 0, 0, 0, &keys), &shelf(&[("a", &file)]), 4096);
        for n in 9520..10_000 {
            let x = (n as f64 - 9520.0) / 480.0;
            let quarter = std::f64::consts::FRAC_PI_2;
            let (down, up) = if related { (1.0 - x, x) } else { ((quarter * x).cos(), (quarter * x).sin()) };
            let wanted = file[n] * down + lead[n - 9520] * up;
            assert!((out[n] - wanted).abs() < 1e-12, "{related} {n}");
        }
        // The last pass goes on into the file as it is.
        assert!(out[10_000..].iter().eq(&file[4000..]));
    }
}

#[test]
fn a_loop_from_the_beginning_of_its_file_has_nothing_to_fade_from_and_may_end_with_it() {
    let noise = signals::noise(0.3, 61, 5000);
    let keys = "loop = { start_seconds = 0, end_seconds = 0, count = 3, crossfade_ms = 10 }";
    let (out, _) = render(&clip("a", 0, 0, 0, keys), &shelf(&[("a", &noise)]), 999);
    assert!(out == [&noise[..], &noise, &noise].concat());
    // As fast again, a loop without a count fills the length in the session, not that in the file.
    let tone = signals::sine(480.0, 0.5, 0.0, 0.5, 48_000.0);
    let keys =
        "speed = 2.0\nloop = { start_seconds = 0.1, end_seconds = 0.3, crossfade_ms = 0 }\nreverse = true";
    let (out, _) = render(&clip("a", 0, 0, 96_000, keys), &shelf(&[("a", &tone)]), 4096);
    assert_eq!(out.len(), 96_000);
    assert!((measure::rms(&out[80_000..95_000]) - 0.5 / 2_f64.sqrt()).abs() < 1e-3);
}

#[test]
fn an_offset_counts_at_the_rate_of_its_file() {
    let mut file = vec![0.0; 96_000];
    file[48_000..].fill(0.5);
    let mut shelf = Shelf::default();
    shelf.put("a", Buffer::from_planes(&[file]), 96_000);
    let (out, _) = render("[[track.clip]]\nfile = \"a\"\noffset_seconds = 0.5\n", &shelf, 512);
    assert_eq!(out.len(), 24_000);
    assert!(out[200..23_800].iter().all(|x| (x - 0.5).abs() < 1e-3));
}

#[test]
fn a_cut_is_told_at_the_end_that_was_cut_and_a_cut_to_another_place_clicks() {
    let noise: Vec<f64> = signals::noise(0.3, 71, 9600).iter().map(|x| x + 0.4).collect();
    let shelf = shelf(&[("a", &noise)]);
    let told = |clips: &str| {
        let (_, rendered) = render(clips, &shelf, 4096);
        let found = rendered.findings.into_iter().find(|finding| finding.rule == "hard_cut");
        found.map(|finding| (finding.measured, finding.seconds.unwrap()))
    };
    // Backwards the cut beginning comes last: 9600 - 4800 frames later.
    let (what, at) = told(&clip("a", 0, 4800, 0, "reverse = true")).unwrap();
    assert_eq!((what.as_str(), at), ("1 cuts without a fade", 0.1));
    let (_, at) = told(&clip("a", 0, 4800, 0, "")).unwrap();
    assert_eq!(at, 0.0);
    let elsewhere = clip("a", 0, 0, 4800, "") + &clip("a", 4800, 4801, 0, "");
    assert_eq!(told(&elsewhere).unwrap().0, "2 cuts without a fade");
}

#[test]
fn gain_points_take_every_curve_and_off_is_nothing() {
    let shelf = shelf(&[("a", &[1.0; 9600])]);
    let keys = "gain_points = [[0.0, -144, \"amplitude\"], [0.1, 0, \"s\"], [0.15, -12, \"hold\"], [0.175, -144], [0.18, -144]]";
    let (out, _) = render(&clip("a", 0, 0, 0, keys), &shelf, 512);
    for (n, x) in out.iter().enumerate() {
        let wanted = match n {
            // A straight line of gain; then an S of 12 dB; then it stays; then nothing.
            0..4800 => n as f64 / 4800.0,
            4800..7200 => {
                let t = (n as f64 - 4800.0) / 2400.0;
                10_f64.powf(-12.0 * (3.0 * t * t - 2.0 * t * t * t) / 20.0)
            }
            7200..8400 => 10_f64.powf(-0.6),
            _ => 0.0,
        };
        assert!((x - wanted).abs() < 1e-12, "{n} {x} {wanted}");
    }
    assert!(out[8400..].iter().all(|x| *x == 0.0));
}

#[test]
fn a_clip_of_one_channel_beside_one_of_two_sounds_on_both_sides() {
    let mut shelf = Shelf::default();
    shelf.put("one", Buffer::from_planes(&[vec![0.5; 100]]), 48_000);
    shelf.put("two", Buffer::from_planes(&[vec![0.25; 100], vec![0.125; 100]]), 48_000);
    let session = session(&(clip("one", 0, 0, 0, "") + &clip("two", 100, 0, 0, "")));
    let mut out = [Vec::new(), Vec::new()];
    let engine = Engine::new(&session, &shelf, Options::default()).unwrap();
    engine
        .render(&Job::quiet(), &mut |view| {
            out.iter_mut().enumerate().for_each(|(side, plane)| plane.extend_from_slice(view.channel(side)));
            Ok(())
        })
        .unwrap();
    assert_eq!((out[0][50], out[1][50], out[0][150], out[1][150]), (0.5, 0.5, 0.25, 0.125));
}
