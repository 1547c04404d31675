//! Folders, VCAs in VCAs, mutes, solo-safe, pan modes, send channels, filtered keys, tempo.

use super::*;
use crate::session::Document;
use dsp::math::{cos, exp, sin};

fn ones(frames: usize) -> Vec<Vec<f64>> {
    vec![vec![1.0; frames]; 2]
}

fn near(value: f64, wanted: f64, what: &str) {
    assert!((value - wanted).abs() < 1e-12, "{what}: {value}, not {wanted}");
}

#[test]
fn vcas_in_vcas_add_up_and_count_once_by_whatever_way() {
    // a: -1 in inner (-2) in outer (-4), and in outer itself; b: in twin (-8) and inner, both in outer.
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\nfader_db = -1\npan_law = \"0\"\n\
                [[track]]\nid = \"b\"\nfile = \"b\"\n\
                [[vca]]\nid = \"inner\"\nfader_db = -2\nmembers = [\"a\", \"b\"]\n\
                [[vca]]\nid = \"twin\"\nfader_db = -8\nmembers = [\"b\"]\n\
                [[vca]]\nid = \"outer\"\nfader_db = -4\nmembers = [\"inner\", \"twin\", \"a\"]\n";
    let (zero, one) = (vec![vec![0.0; 9]; 2], ones(9));
    let a = render(&session(text), &shelf(&[("a", one.clone()), ("b", zero.clone())]));
    near(a[0][4], signals::db(-7.0), "a");
    let b = render(&session(text), &shelf(&[("a", zero), ("b", one.clone())]));
    near(b[0][4], signals::db(-14.0), "b");
    let muted = format!("{text}mute = true\n");
    let out = render(&session(&muted), &shelf(&[("a", one.clone()), ("b", one)]));
    assert!(out.iter().flatten().all(|x| *x == 0.0));
}

#[test]
fn automation_of_nested_vcas_composes_in_decibels() {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\n[[vca]]\nid = \"in\"\nmembers = [\"a\"]\nfolder = \"out\"\n\
                [[vca]]\nid = \"out\"\n\
                [[automation]]\ntarget = \"in.fader_db\"\npoints = [[0, 0], [0.02, -12]]\n\
                [[automation]]\ntarget = \"out.fader_db\"\ncurve = \"s\"\npoints = [[0, 6], [0.02, 0]]";
    let out = render(&session(text), &shelf(&[("a", ones(1200))]));
    for (n, x) in out[0].iter().enumerate() {
        let t = (n as f64 / 960.0).min(1.0);
        let db = -12.0 * t + 6.0 - 6.0 * (3.0 * t * t - 2.0 * t * t * t);
        near(*x, signals::db(db), "sum");
    }
}

/// The send of a muted track, with the track's own way out shut.
fn muted_send(tap: &str, head: &str, mute: &str) -> Vec<f64> {
    let text = format!(
        "{head}\n[[track]]\nid = \"a\"\nfile = \"a\"\nsends = [{{ to = \"s\", tap = \"{tap}\" }}]\noutput = \"off\"\n{mute}\n\
         [[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true\n"
    );
    render(&session(&text), &shelf(&[("a", ones(600))])).remove(0)
}

#[test]
fn a_mute_shuts_late_sends_always_and_early_ones_where_the_session_says_so() {
    let vca = "[[vca]]\nid = \"v\"\nmute = true\nmembers = [\"a\"]";
    let moving = "[[automation]]\ntarget = \"a.mute\"\npoints = [[0, true]]";
    let switch = "mute_pre_sends = true";
    for mute in ["mute = true", vca, moving] {
        for (tap, head, wanted) in [
            ("pre_fx", "", 1.0),
            ("pre", "", 1.0),
            ("post", "", 0.0),
            ("post_pan", "", 0.0),
            ("pre_fx", switch, 0.0),
            ("pre", switch, 0.0),
        ] {
            assert_eq!(muted_send(tap, head, mute)[500], wanted, "{tap} {head} {mute}");
        }
    }
    assert_eq!(muted_send("pre", switch, "")[500], 1.0);
    // At its sample and over 5 ms, as the fader does it.
    let late = muted_send(
        "pre",
        switch,
        "[[automation]]\ntarget = \"a.mute\"\npoints = [[0, false], [0.005, true]]",
    );
    near(late[239], 1.0, "before");
    near(late[299], 0.75, "a quarter of 240 frames");
    near(late[479], 0.0, "after");
}

#[test]
fn a_muted_track_still_keys_where_mutes_shut_early_sends() {
    let mut session = session(
        "mute_pre_sends = true\n[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"k\"\nfile = \"k\"\nmute = true",
    );
    insert(&mut session, "a", keyed(0, "k", Tap::Pre));
    let out = render(&session, &shelf(&[("a", ones(9)), ("k", vec![vec![0.5; 9]; 2])]));
    assert_eq!(out[0][4], 0.5);
}

#[test]
fn what_is_solo_safe_stays_and_what_feeds_it_does_not() {
    // a soloed (1), b (2) into bus r, which is safe; c (4) safe.
    let text = "[[track]]\nid = \"a\"\nfile = \"1\"\nsolo = true\n\
                [[track]]\nid = \"b\"\nfile = \"2\"\nsends = [{ to = \"r\" }]\n\
                [[track]]\nid = \"c\"\nfile = \"4\"\nsolo_safe = true\nsends = [{ to = \"r\" }]\n\
                [[bus]]\nid = \"r\"\nfader_db = -20\nsolo_safe = true\n";
    let file = |x: f64| vec![vec![x; 8]; 2];
    let shelf = shelf(&[("1", file(1.0)), ("2", file(2.0)), ("4", file(4.0))]);
    near(render(&session(text), &shelf)[0][4], 1.0 + 4.0 + 0.4, "a, c and c in r");
    let nobody = text.replace("solo = true\n[[track]]\nid = \"b\"", "[[track]]\nid = \"b\"");
    near(render(&session(&nobody), &shelf)[0][4], 1.0 + 2.0 + 4.0 + 0.6, "safe alone is no solo");
}

#[test]
fn pan_modes_place_two_channels_by_their_closed_forms() {
    let quarter = core::f64::consts::FRAC_PI_4;
    let gains = |p: f64| (cos((p + 1.0) * quarter), sin((p + 1.0) * quarter));
    let at = |keys: &str, l: f64, r: f64| {
        let text = format!("[[track]]\nid = \"a\"\nfile = \"a\"\n{keys}");
        let out = render(&session(&text), &shelf(&[("a", vec![vec![l; 9], vec![r; 9]])]));
        (out[0][4], out[1][4])
    };
    for (left, right) in [(-1.0, 1.0), (-0.3, 0.8), (1.0, -1.0), (0.5, 0.5)] {
        let (out_l, out_r) = at(
            &format!("pan_mode = \"dual\"\npan = 0.7\npan_left = {left:?}\npan_right = {right:?}"),
            0.5,
            0.25,
        );
        let ((ll, lr), (rl, rr)) = (gains(left), gains(right));
        near(out_l, 0.5 * ll + 0.25 * rl, "dual left");
        near(out_r, 0.5 * lr + 0.25 * rr, "dual right");
    }
    // Around 0.4 and half as wide: 0.3 to either side, as the span shrinks to 0.6 towards the end.
    let (out_l, out_r) = at("pan_mode = \"width\"\npan = 0.4\npan_width = 0.5", 0.5, 0.25);
    let ((ll, lr), (rl, rr)) = (gains(0.1), gains(0.7));
    near(out_l, 0.5 * ll + 0.25 * rl, "width left");
    near(out_r, 0.5 * lr + 0.25 * rr, "width right");
    assert_eq!(at("pan_mode = \"width\"", 0.5, -0.25), (0.5, -0.25));
    assert_eq!(at("pan_mode = \"dual\"", 0.5, -0.25), (0.5, -0.25));
    let (out_l, _) =
        at("pan_mode = \"dual\"\n[[automation]]\ntarget = \"a.pan_left\"\npoints = [[0, 1]]", 0.5, 0.0);
    assert_eq!(out_l, 0.0);
}

#[test]
fn a_send_carries_the_channels_it_is_asked_for() {
    let centre = core::f64::consts::FRAC_1_SQRT_2;
    for (channels, wanted) in [
        ("both", (3.0, 1.0)),
        ("swap", (1.0, 3.0)),
        ("left", (3.0 * centre, 3.0 * centre)),
        ("right", (centre, centre)),
        ("mid", (2.0 * centre, 2.0 * centre)),
        ("side", (centre, centre)),
    ] {
        for latency in [0, 30] {
            let mut session = session(&format!(
                "[[track]]\nid = \"a\"\nfile = \"a\"\noutput = \"off\"\n\
                 sends = [{{ to = \"s\", channels = \"{channels}\", polarity = \"inverted\" }}]\n\
                 [[track]]\nid = \"z\"\nfile = \"z\"\noutput = \"s\"\n[[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true"
            ));
            insert(&mut session, "z", late(latency));
            let files = [("a", vec![vec![3.0; 99], vec![1.0; 99]]), ("z", vec![vec![0.0; 99]; 2])];
            let out = render(&session, &shelf(&files));
            near(out[0][50], -wanted.0, channels);
            near(out[1][50], -wanted.1, channels);
        }
    }
}

fn filtered(high: f64, low: f64, listen: bool, latency: usize) -> Insert {
    let mut insert = keyed(latency, "k", Tap::PreFx);
    let key = insert.key.as_mut().unwrap();
    (key.controls.high_pass_hz, key.controls.low_pass_hz, key.controls.listen) = (high, low, listen);
    insert
}

#[test]
fn a_key_is_filtered_by_butterworth_of_second_order() {
    let amplitude = 0.5;
    for (high, low, hz) in
        [(1000.0, 0.0, 250.0), (0.0, 500.0, 1000.0), (200.0, 2000.0, 600.0), (300.0, 0.0, 300.0)]
    {
        let mut session = session(
            "[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"k\"\nfile = \"k\"\noutput = \"off\"\n[[bus]]\nid = \"off\"\nmute = true",
        );
        insert(&mut session, "a", filtered(high, low, false, 0));
        let sine = signals::sine(hz, amplitude, 0.0, 0.5, RATE);
        let out = render(&session, &shelf(&[("a", ones(24_000)), ("k", vec![sine; 2])]));
        let power = |ratio: f64| 1.0 / (1.0 + ratio * ratio * ratio * ratio);
        let high_power = if high > 0.0 { power(high / hz) } else { 1.0 };
        let low_power = if low > 0.0 { power(hz / low) } else { 1.0 };
        let wanted = 10.0 * dsp::math::log10(0.5 * amplitude * amplitude * high_power * low_power);
        let found = measure::to_db(measure::rms(&out[0][4800..24_000]));
        assert!((found - wanted).abs() < 0.05, "{high} {low} {hz}: {found} {wanted}");
    }
}

#[test]
fn listening_to_a_key_gives_the_key_in_time() {
    for (latency, key_latency) in [(0, 0), (40, 0), (0, 25), (31, 77)] {
        let mut session = session(
            "[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"b\"\nfile = \"k\"\n[[track]]\nid = \"k\"\nfile = \"k\"\noutput = \"off\"\n\
             [[bus]]\nid = \"off\"\nmute = true",
        );
        insert(&mut session, "b", late(3));
        let mut insertion = filtered(0.0, 0.0, true, latency);
        insertion.key.as_mut().unwrap().controls.tap = Tap::Pre;
        insert(&mut session, "a", insertion);
        insert(&mut session, "k", late(key_latency));
        let key = signals::impulse(0.5, 400, 900);
        let out = render(&session, &shelf(&[("a", ones(900)), ("k", vec![key; 2])]));
        // The listened key and the copy on `b` fall on the same frame.
        assert_eq!(out[0][400], 1.0, "{latency} {key_latency}");
        assert_eq!(out[0].iter().filter(|x| **x != 0.0).count(), 1, "{latency} {key_latency}");
    }
}

#[test]
fn folders_route_and_group() {
    // kick in drums by the list, snare by its own word, in a group (VCA) inside drums; drums in band.
    let text = "[[track]]\nid = \"kick\"\nfile = \"1\"\n[[track]]\nid = \"snare\"\nfile = \"2\"\nfolder = \"skins\"\n\
                [[track]]\nid = \"lead\"\nfile = \"4\"\n\
                [[bus]]\nid = \"drums\"\nmembers = [\"kick\"]\nfolder = \"band\"\nfader_db = -20\n\
                [[bus]]\nid = \"band\"\nfader_db = -20\n[[vca]]\nid = \"skins\"\nfolder = \"drums\"\nfader_db = 6\n";
    let session = session(text);
    let output = |id: &str| session.strip(id).unwrap().output.id.clone();
    assert_eq!(
        [output("kick"), output("snare"), output("drums"), output("lead")],
        ["drums", "drums", "band", "mix"]
    );
    let file = |x: f64| vec![vec![x; 8]; 2];
    let out = render(&session, &shelf(&[("1", file(1.0)), ("2", file(2.0)), ("4", file(4.0))]));
    near(out[0][4], 4.0 + 0.01 * (1.0 + 2.0 * signals::db(6.0)), "sum");
}

#[test]
fn a_point_in_beats_stands_where_the_ramp_puts_it() {
    // 120 to 240 over 2 beats: beat b is at 60/60 ln(1 + b/2) s; beat 1 at ln 1.5 s = frame 19462.3, beat 2 at ln 2 s.
    let text = "[[tempo]]\nat_beats = 0\nbpm = 120\nramp = true\n[[tempo]]\nat_beats = 2\nbpm = 240\n\
                [[track]]\nid = \"a\"\npan_law = \"0\"\n[[track.clip]]\nfile = \"a\"\nstart_beats = 1\n\
                [[automation]]\ntarget = \"a.fader_db\"\ntime = \"beats\"\n\
                points = [[1, -20, \"exponential\", -0.5], [2, 0]]";
    let out = render(&session(text), &shelf(&[("a", vec![vec![1.0; 20_000]])]));
    let (start, end) = (19_462_usize, 33_271_usize);
    assert!(out[0][..start].iter().all(|x| *x == 0.0));
    for (n, x) in out[0].iter().enumerate().skip(start) {
        let t = ((n - start) as f64 / (end - start) as f64).min(1.0);
        let db = -20.0 + 20.0 * (1.0 - exp(-4.0 * t)) / (1.0 - exp(-4.0));
        near(*x, signals::db(db), "gain");
    }
}

#[test]
fn an_echo_follows_the_tempo() {
    // A crotchet is 0.25 s at 240 and 0.5 s from the fourth beat, one second in, on.
    let text = "tempo_bpm = 240\n[[tempo]]\nat_beats = 4\nbpm = 120\n[[track]]\nid = \"a\"\nfile = \"a\"\n\
                insert = [{ delay = { timing = \"tempo\", note = \"1/4\", feedback_percent = 0.0, mix_percent = 100.0, highpass_hz = 20.0 } }]";
    let mut plane = vec![0.0; 120_000];
    (plane[4_800], plane[72_000]) = (1.0, 1.0);
    for block in [4096, 333] {
        let (out, _) = run(&session(text), &shelf(&[("a", vec![plane.clone(); 2])]), block, 1);
        let peaks: Vec<usize> = (0..120_000).filter(|n| out[0][*n].abs() > 0.5).collect();
        assert_eq!(peaks, [4_800 + 12_000, 72_000 + 24_000]);
    }
}

#[test]
fn the_verifier_refuses_what_no_longer_fits_the_session() {
    let mut session = session(
        "mute_pre_sends = true\n[[track]]\nid = \"a\"\nfile = \"a\"\nsends = [{ to = \"s\", tap = \"pre\" }, { to = \"t\" }]\n\
         [[track]]\nid = \"b\"\nfile = \"a\"\n[[track]]\nid = \"k\"\nfile = \"a\"\n[[bus]]\nid = \"s\"\n[[bus]]\nid = \"t\"\n\
         [[vca]]\nid = \"v\"\nmembers = [\"a\"]\n[[vca]]\nid = \"w\"\nmembers = [\"v\"]",
    );
    insert(&mut session, "b", filtered(0.0, 0.0, true, 9));
    let shelf = shelf(&[("a", noise(1, 1, 10))]);
    let graph = graph::Graph::new(&session).unwrap();
    let plan = Engine::new(&session, &shelf, Options::default()).unwrap().plan;
    assert!(verify(&plan, &graph, &session).is_ok());
    fn edges(plan: &mut Plan) -> impl Iterator<Item = &mut EdgePlan> {
        plan.steps.iter_mut().flat_map(|step| &mut step.inputs)
    }
    let spoil: [fn(&mut Plan); 8] = [
        |plan| edges(plan).find(|edge| edge.shut_ahead).unwrap().shut_ahead = false,
        |plan| edges(plan).find(|edge| !edge.shut_ahead).unwrap().shut_ahead = true,
        |plan| plan.steps.iter_mut().find(|step| !step.vcas.is_empty()).unwrap().vcas.truncate(1),
        |plan| plan.steps.iter_mut().find(|step| step.vcas.is_empty()).unwrap().vcas.push(0),
        |plan| plan.steps.last_mut().unwrap().inputs.swap(0, 1),
        |plan| {
            plan.steps.iter_mut().flat_map(|s| &mut s.inserts).for_each(|insert| insert.listen_frames = None)
        },
        |plan| {
            plan.steps
                .iter_mut()
                .flat_map(|s| &mut s.inserts)
                .for_each(|insert| insert.listen_frames = Some(8))
        },
        |plan| {
            let post = plan.buffers.iter().position(|buffer| buffer.tap == Tap::PostPan).unwrap();
            plan.buffers[post].tap = Tap::Post;
        },
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut spoilt = plan.clone();
        spoil(&mut spoilt);
        assert!(verify(&spoilt, &graph, &session).is_err(), "{number}");
    }
}

/// Everything that moves, once more, with what this file is about.
fn busy() -> String {
    "tempo_bpm = 100\nmute_pre_sends = true\n[[tempo]]\nat_beats = 0.01\nbpm = 90\nramp = true\n[[tempo]]\nat_beats = 0.1\nbpm = 300\n\
     [[track]]\nid = \"a\"\nfile = \"s\"\nfolder = \"g\"\npan_mode = \"width\"\npan = 0.2\nsends = [{ to = \"r\", tap = \"pre\", channels = \"side\" }]\n\
     insert = [{ compressor = { threshold_db = -30.0, key = { from = \"b\", high_pass_hz = 200.0, low_pass_hz = 3000.0, tap = \"pre_fx\" } } }]\n\
     [[track]]\nid = \"b\"\nfile = \"m\"\nfolder = \"v\"\n\
     insert = [{ delay = { timing = \"tempo\", note = \"1/16\" } }]\n\
     [[track]]\nid = \"c\"\nfile = \"s\"\npan_mode = \"dual\"\nsolo_safe = true\nsends = [{ to = \"r\", channels = \"swap\" }]\n\
     [[bus]]\nid = \"g\"\n[[bus]]\nid = \"r\"\n[[vca]]\nid = \"v\"\nfolder = \"w\"\n[[vca]]\nid = \"w\"\nmembers = [\"g\"]\n\
     [[automation]]\ntarget = \"w.fader_db\"\ntime = \"beats\"\ncurve = \"bezier\"\ntension = -0.4\npoints = [[0, -9], [0.05, 3], [0.12, -2, \"amplitude\"], [0.15, 1]]\n\
     [[automation]]\ntarget = \"a.pan_width\"\ncurve = \"decibel\"\npoints = [[0, 0.1], [0.03, 1], [0.05, 0.5]]\n\
     [[automation]]\ntarget = \"c.pan_left\"\ncurve = \"s\"\npoints = [[0, -1], [0.05, 1]]\n\
     [[automation]]\ntarget = \"a.mute\"\npoints = [[0, false], [0.02, true], [0.041, false]]\n\
     [[automation]]\ntarget = \"a.compressor.threshold_db\"\ncurve = \"exponential\"\npoints = [[0.0, -3], [0.0402, -40]]\n"
        .to_owned()
}

#[test]
fn what_is_new_depends_on_no_block_and_no_thread_and_survives_saving() {
    let shelf = shelf(&[("m", noise(5, 1, 3000)), ("s", noise(6, 2, 2800))]);
    let text = busy();
    let (reference, _) = run(&session(&text), &shelf, 64, 1);
    assert!(measure::rms(&reference[0]) > 0.01);
    for (block, threads) in [(4096, 1), (1, 1), (1000, 5), (333, 2)] {
        assert!(run(&session(&text), &shelf, block, threads).0 == reference, "{block} {threads}");
    }
    let whole = format!("version = 1\n[session]\nsample_rate_hz = 48000\n{text}");
    let saved = Document::parse(&whole).unwrap().to_string();
    let again = Session::parse(&saved, "s.toml", Path::new(""), crate::session::Options::default()).unwrap();
    assert!(run(&again, &shelf, 512, 2).0 == reference);
}

#[test]
fn stems_by_solo_add_up_to_the_mix() {
    let text = "[[track]]\nid = \"a\"\nfile = \"m\"\npan = 0.3\noutput = \"g\"\nSOLO_a[[track]]\nid = \"b\"\nfile = \"s\"\nsends = [{ to = \"g\" }]\nSOLO_b\
                [[bus]]\nid = \"g\"\nfader_db = -2\n";
    let shelf = shelf(&[("m", noise(5, 1, 3000)), ("s", noise(6, 2, 2800))]);
    let solo = |id: &str| {
        let text =
            text.replace(&format!("SOLO_{id}"), "solo = true\n").replace("SOLO_a", "").replace("SOLO_b", "");
        render(&session(&text), &shelf)
    };
    let (whole, a, b) = (solo("none"), solo("a"), solo("b"));
    let sum: Vec<f64> = a[0].iter().zip(&b[0]).map(|(a, b)| a + b).collect();
    assert!(measure::null_db(&sum, &whole[0]) < -250.0);
    assert!(measure::rms(&a[0]) > 0.01 && measure::rms(&b[0]) > 0.01);
}

#[test]
fn a_large_session_is_put_together_with_few_searches() {
    // 200 tracks with an insert and a send each, 200 curves of 50 points: 10 000 points.
    let mut text = String::from("[[bus]]\nid = \"r\"\n[[vca]]\nid = \"v\"\nmembers = [\"t0\"]\n");
    for track in 0..200 {
        let points: Vec<String> = (0..50).map(|n| format!("[{}, {}]", f64::from(n) * 0.01, -n % 7)).collect();
        text.push_str(&format!(
            "[[track]]\nid = \"t{track}\"\nfile = \"a\"\ninsert = [{{ gain = {{}} }}]\nsends = [{{ to = \"r\" }}]\n\
             [[automation]]\ntarget = \"t{track}.fader_db\"\npoints = [{}]\n",
            points.join(", ")
        ));
    }
    let session = session(&text);
    assert_eq!(session.automation.iter().map(|curve| curve.points.len()).sum::<usize>(), 10_000);
    let index = index::Index::new(&session);
    let graph = graph::Graph::new(&session).unwrap();
    let shelf = shelf(&[("a", noise(1, 1, 10))]);
    let clips = clips(&session, &shelf, &mut Vec::new()).unwrap();
    let impulses = Impulses::default();
    let means = Means { block_frames: 64, impulses: &impulses };
    let compiled = plan::compile(&session, &index, &graph, &clips, means).unwrap();
    let shop = Workshop::new(&session, &index, &compiled.plan, 64);
    for (number, kernels) in compiled.kernels.into_iter().enumerate() {
        assert!(shop.worker(number, None, kernels).is_some());
    }
    // A strip asks for its eight dials, three of a send, its VCAs and twice for its insert: not for every curve.
    let searches = index.searches.get();
    assert!(searches > 200 && searches < 202 * 20, "{searches}");
}
