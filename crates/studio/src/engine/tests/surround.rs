//! Surround sessions.

use crate::engine::*;
use crate::session::Session;
use std::path::Path;
use testkit::{measure, signals};

fn session(text: &str) -> Session {
    let text = format!("version = 1\n[session]\nsample_rate_hz = 48000\n{text}");
    Session::parse(&text, "s.toml", Path::new(""), crate::session::Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}

/// Files `m` (mono), `s` (stereo), `one` (all ones), `five` and `seven` (5.1 and 7.1).
fn shelf() -> Shelf {
    let mut shelf = Shelf::default();
    let noise = |channels: u64, frames| -> Vec<Vec<f64>> {
        (0..channels).map(|channel| signals::noise(0.3, 11 * channels + channel, frames)).collect()
    };
    for (name, planes) in [
        ("m", noise(1, 3000)),
        ("s", noise(2, 3000)),
        ("one", vec![vec![1.0; 24_000]]),
        ("five", noise(6, 3000)),
        ("seven", noise(8, 3000)),
    ] {
        shelf.put(name, Buffer::from_planes(&planes), 48_000);
    }
    shelf
}

fn source(name: &str) -> Vec<Vec<f64>> {
    let mut stream = shelf().open(Path::new(name)).unwrap();
    let frames = stream.info().frames.unwrap() as usize;
    let mut buffer = Buffer::new(stream.info().channels(), frames);
    stream.read(&mut buffer).unwrap();
    (0..buffer.channels()).map(|channel| buffer.channel(channel).to_vec()).collect()
}

fn run(session: &Session, block_frames: usize, threads: usize) -> (Vec<Vec<f64>>, Rendered) {
    let shelf = shelf();
    let engine = Engine::new(session, &shelf, Options { block_frames })
        .unwrap_or_else(|errors| panic!("{}", errors[0]));
    let mut out = vec![Vec::new(); engine.layout().channels()];
    let rendered = engine
        .render(&Job::quiet().with_threads(threads), &mut |view| {
            assert_eq!(view.channels(), out.len());
            for (channel, plane) in out.iter_mut().enumerate() {
                plane.extend_from_slice(view.channel(channel));
            }
            Ok(())
        })
        .unwrap();
    (out, rendered)
}

fn render(text: &str) -> Vec<Vec<f64>> {
    run(&session(text), 512, 1).0
}

/// The gain with which a channel holds a signal; all else must be silent to -240 dB.
fn gain(out: &[f64], signal: &[f64]) -> f64 {
    let gain =
        out.iter().zip(signal).map(|(a, b)| a * b).sum::<f64>() / signal.iter().map(|x| x * x).sum::<f64>();
    let rest = out.iter().zip(signal).map(|(a, b)| (a - gain * b).abs()).fold(0.0, f64::max);
    assert!(rest < 1e-12, "{rest}");
    gain
}

fn gains(out: &[Vec<f64>], signal: &[f64]) -> Vec<f64> {
    out.iter().map(|plane| (gain(plane, signal) * 1e9).round() / 1e9).collect()
}

#[test]
fn mono_stands_in_the_centre_and_stereo_left_and_right_to_the_bit() {
    let text = |file: &str, more: &str| {
        format!("[[track]]\nid = \"a\"\nfile = \"{file}\"\n{more}\n[mix]\nlayout = \"5.1\"")
    };
    let out = render(&text("m", ""));
    assert_eq!(out.len(), 6);
    assert_eq!(out[2], source("m")[0]);
    assert!([0, 1, 3, 4, 5].iter().all(|channel| out[*channel].iter().all(|x| *x == 0.0)));
    let out = render(&text("s", ""));
    assert_eq!((&out[0], &out[1]), (&source("s")[0], &source("s")[1]));
    assert!((2..6).all(|channel| out[channel].iter().all(|x| *x == 0.0)));
    // The pan knob of stereo mixes reaches the front pair.
    assert_eq!(render(&text("m", "pan = -1.0"))[0], source("m")[0]);
    assert_eq!(render(&text("m", "pan = 1.0"))[1], source("m")[0]);
    // And balances two channels as ever: turned to the right, the left falls away.
    let out = render(&text("s", "pan = 1.0"));
    assert!(out[0].iter().all(|x| *x == 0.0));
    assert_eq!(out[1], source("s")[1]);
}

#[test]
fn a_track_at_a_loudspeaker_is_heard_from_it_alone_in_every_layout() {
    let five = [(30, 0), (-30, 0), (0, 0), (999, 0), (110, 0), (-110, 0)];
    let seven = [(30, 0), (-30, 0), (0, 0), (999, 0), (90, 0), (-90, 0), (135, 0), (-135, 0)];
    let tops = |front: i32, back: i32| [(front, 30), (-front, 30), (back, 30), (-back, 30)];
    let layouts = [
        ("lcr", five[..3].to_vec()),
        ("quad", vec![five[0], five[1], five[4], five[5]]),
        ("5.1", five.to_vec()),
        ("7.1", seven.to_vec()),
        ("5.1.4", [five.to_vec(), tops(30, 110).to_vec()].concat()),
        ("7.1.4", [seven.to_vec(), tops(45, 135).to_vec()].concat()),
    ];
    for (layout, speakers) in layouts {
        for (channel, (azimuth, elevation)) in speakers.iter().enumerate().filter(|(_, place)| place.0 < 999)
        {
            let out = render(&format!(
                "[[track]]\nid = \"a\"\nfile = \"m\"\nazimuth_degrees = {azimuth}\nelevation_degrees = {elevation}\n\
                 [mix]\nlayout = \"{layout}\""
            ));
            assert_eq!(out.len(), speakers.len());
            for (other, plane) in out.iter().enumerate() {
                let wanted = if other == channel { source("m")[0].clone() } else { vec![0.0; 3000] };
                assert_eq!(*plane, wanted, "{layout} {azimuth} {other}");
            }
        }
    }
}

#[test]
fn stereo_is_two_points_around_its_azimuth() {
    let out = render(
        "[[track]]\nid = \"a\"\nfile = \"s\"\nazimuth_degrees = 180\nspan_degrees = 140\n[mix]\nlayout = \"5.1\"",
    );
    // Turned round, the left channel stands to the right: at 250 = -110.
    let (left, right) = (source("s")[0].clone(), source("s")[1].clone());
    assert_eq!((&out[5], &out[4]), (&left, &right));
    let narrow = render("[[track]]\nid = \"a\"\nfile = \"s\"\nspan_degrees = 0\n[mix]\nlayout = \"5.1\"");
    let sum: Vec<f64> = left.iter().zip(&right).map(|(l, r)| l + r).collect();
    assert_eq!(narrow[2], sum);
}

#[test]
fn azimuth_follows_its_curve_sample_by_sample_at_constant_power() {
    // A turn from the centre to the left surround and over the back, as far as 250 degrees, in half a second.
    let out = render(
        "[[track]]\nid = \"a\"\nfile = \"one\"\n[mix]\nlayout = \"5.1\"\n\
         [[automation]]\ntarget = \"a.azimuth_degrees\"\npoints = [[0.0, 0.0], [0.5, 250.0]]",
    );
    let tan = |degrees: f64| dsp::math::tan(degrees * std::f64::consts::PI / 180.0);
    for frame in (0..24_000).step_by(7) {
        let power: f64 = out.iter().map(|plane| plane[frame] * plane[frame]).sum();
        assert!(dsp::math::power_to_db(power).abs() < 0.01, "{frame}");
        assert_eq!(out[3][frame], 0.0);
        // The tangent law in each pair, where this very sample's azimuth is.
        let azimuth = 250.0 * frame as f64 / 24_000.0;
        let pairs = [(0.0, 30.0, 2, 0), (30.0, 110.0, 0, 4), (110.0, 250.0, 4, 5)];
        let (from, to, a, b) = *pairs.iter().find(|pair| azimuth <= pair.1).unwrap();
        let (a, b) = (out[a][frame], out[b][frame]);
        let law = tan(azimuth - 0.5 * (from + to)) / tan(0.5 * (to - from));
        assert!(((b - a) / (b + a) - law).abs() < 1e-9, "{frame} {azimuth} {a} {b}");
    }
}

#[test]
fn the_lfe_gets_what_is_sent_to_it_and_nothing_else() {
    let with = |file: &str, lfe: &str, layout: &str| {
        render(&format!(
            "[[track]]\nid = \"a\"\nfile = \"{file}\"\nfader_db = -6\n{lfe}\n[mix]\nlayout = \"{layout}\""
        ))
    };
    let db = dsp::math::db_to_gain;
    let (dry, sent) = (with("m", "", "5.1"), with("m", "lfe_db = -10", "5.1"));
    assert!(dry[3].iter().all(|x| *x == 0.0));
    assert!((gain(&sent[3], &source("m")[0]) - db(-16.0)).abs() < 1e-9, "after the fader");
    assert_eq!(sent[2], dry[2]);
    // Two channels share: half the sum.
    let stereo = source("s");
    let half: Vec<f64> = stereo[0].iter().zip(&stereo[1]).map(|(l, r)| 0.5 * (l + r)).collect();
    assert!((gain(&with("s", "lfe_db = 0", "7.1.4")[3], &half) - db(-6.0)).abs() < 1e-9);
    // A layout without one says so.
    let text = "[[track]]\nid = \"a\"\nfile = \"m\"\nlfe_db = 0\n[mix]\nlayout = \"quad\"";
    let (out, rendered) = run(&session(text), 512, 1);
    assert!(rendered.findings.iter().any(|finding| finding.rule == "surround_idle"));
    assert_eq!(gains(&out, &source("m")[0])[2..], [0.0, 0.0]);
}

#[test]
fn buses_feed_wider_and_narrower_ones_by_defined_maps() {
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let near = |a: &[f64], b: &[f64]| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).for_each(|(x, y)| assert!((x - y).abs() < 1e-8, "{a:?} {b:?}"));
    };
    // Each loudspeaker of a 7.1 bus, into each mix.
    let through = |azimuth: i32, mix: &str, more: &str| {
        let out = render(&format!(
            "[[track]]\nid = \"a\"\nfile = \"m\"\noutput = \"wide\"\nazimuth_degrees = {azimuth}\n\
             [[bus]]\nid = \"wide\"\nlayout = \"7.1\"\n[mix]\nlayout = \"{mix}\"\n{more}"
        ));
        gains(&out, &source("m")[0])
    };
    near(&through(0, "stereo", ""), &[half, half]);
    near(&through(90, "stereo", ""), &[half, 0.0]);
    near(&through(-135, "stereo", ""), &[0.0, half]);
    near(&through(135, "stereo", "downmix_rear = \"-3\""), &[0.5, 0.0]);
    near(&through(90, "stereo", "downmix_surround = \"off\""), &[0.0, 0.0]);
    near(&through(135, "5.1", ""), &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    near(&through(-90, "7.1.4", ""), &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    near(&through(30, "mono", ""), &[half]);
    near(&through(0, "mono", ""), &[1.0]);
    near(&through(90, "mono", ""), &[0.5]);
    // A mono and a stereo bus in 5.1 stand where tracks would; and can be placed like them.
    let bus = |layout: &str, more: &str| {
        let out = render(&format!(
            "[[track]]\nid = \"a\"\nfile = \"m\"\noutput = \"small\"\npan_law = \"0\"\n\
             [[bus]]\nid = \"small\"\nlayout = \"{layout}\"\n{more}\n[mix]\nlayout = \"5.1\""
        ));
        gains(&out, &source("m")[0])
    };
    near(&bus("mono", ""), &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    near(&bus("stereo", ""), &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    near(&bus("mono", "azimuth_degrees = -110"), &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
}

#[test]
fn surround_clips_go_to_surround_buses_channel_by_channel() {
    let text = |mix: &str| {
        format!(
            "[[track]]\nid = \"a\"\nfile = \"five\"\nchannels = [1, 2, 3, 4, 5, 6]\n[mix]\nlayout = \"{mix}\""
        )
    };
    assert_eq!(render(&text("5.1")), source("five"));
    let wide = render(&text("7.1.4"));
    assert_eq!(wide[..6], source("five"));
    assert!(wide[6..].iter().flatten().all(|x| *x == 0.0));
    let five = source("five");
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let fold = |front: usize, side: usize| -> Vec<f64> {
        (0..3000).map(|n| five[front][n] + half * five[2][n] + half * five[side][n]).collect()
    };
    let stereo = render(&text("stereo"));
    assert!(measure::null_db(&stereo[0], &fold(0, 4)) < -280.0);
    assert!(measure::null_db(&stereo[1], &fold(1, 5)) < -280.0);
    // Some of its channels, in an order of one's own.
    let own = render(
        "[[track]]\nid = \"a\"\nfile = \"seven\"\nchannels = [1, 2, 3, 4, 7, 8]\n[mix]\nlayout = \"5.1\"",
    );
    assert_eq!((&own[4], &own[5]), (&source("seven")[6], &source("seven")[7]));
}

#[test]
fn clips_of_different_width_do_not_share_a_surround_track() {
    let session = session(
        "[[track]]\nid = \"a\"\n[[track.clip]]\nfile = \"five\"\nchannels = [1, 2, 3, 4, 5, 6]\n\
         [[track.clip]]\nfile = \"m\"\nstart_seconds = 1\n[mix]\nlayout = \"5.1\"",
    );
    let errors = Engine::new(&session, &shelf(), Options::default()).err().unwrap();
    assert_eq!(errors[0].code, "mixed_channels");
}

/// Everything at once: buses of every width, sends ahead of and behind pan, moving places, latency, side-chains.
fn busy(layout: &str) -> Session {
    session(&format!(
        "[[track]]\nid = \"a\"\nfile = \"m\"\nazimuth_degrees = 40\nlfe_db = -12\nspread_degrees = 30\n\
         sends = [{{ to = \"room\", gain_db = -6 }}, {{ to = \"room2\", tap = \"post_pan\" }}]\n\
         [[track]]\nid = \"b\"\nfile = \"s\"\noutput = \"wide\"\ndivergence = 0.3\nspan_degrees = 100\n\
         insert = [{{ limiter = {{}} }}]\n\
         sends = [{{ to = \"room\", tap = \"pre_fx\", pan = 0.4, gain_db = -3 }}]\n\
         [[track]]\nid = \"c\"\nfile = \"five\"\nchannels = [1, 2, 3, 4, 5, 6]\nfader_db = -3\ndelay_samples = 37\n\
         insert = [{{ compressor = {{ threshold_db = -30.0, key = \"b\" }} }}]\n\
         [[track]]\nid = \"d\"\nfile = \"s\"\noutput = \"narrow\"\n\
         [[bus]]\nid = \"wide\"\nlayout = \"7.1\"\ninsert = [{{ compressor = {{ threshold_db = -20.0 }} }}]\n\
         [[bus]]\nid = \"narrow\"\nlayout = \"mono\"\nazimuth_degrees = 200\n\
         [[bus]]\nid = \"room\"\nlayout = \"quad\"\ninsert = [{{ limiter = {{}} }}]\n\
         [[bus]]\nid = \"room2\"\nlayout = \"5.1.4\"\nfader_db = -9\n\
         [mix]\nlayout = \"{layout}\"\n\
         [[automation]]\ntarget = \"a.azimuth_degrees\"\npoints = [[0.01, 40.0], [0.03, 300.0]]\n\
         [[automation]]\ntarget = \"a.elevation_degrees\"\npoints = [[0.0, 0.0], [0.02, 90.0]]\n\
         [[automation]]\ntarget = \"b.divergence\"\npoints = [[0.0, 0.0], [0.05, 1.0]]\n\
         [[automation]]\ntarget = \"b.span_degrees\"\npoints = [[0.02, 0.0], [0.04, 180.0]]\n\
         [[automation]]\ntarget = \"a.lfe_db\"\ncurve = \"hold\"\npoints = [[0.0, -12.0], [0.031, -144.0]]\n\
         [[automation]]\ntarget = \"b.send.room.pan\"\npoints = [[0.0, -1.0], [0.06, 1.0]]"
    ))
}

#[test]
fn blocks_and_threads_change_no_bit_of_a_surround_mix() {
    for layout in ["mono", "stereo", "5.1", "7.1.4"] {
        let session = busy(layout);
        let reference = run(&session, 4096, 1).0;
        assert!(reference.iter().all(|plane| plane.iter().all(|x| x.is_finite())));
        assert!(reference.iter().flatten().any(|x| x.abs() > 0.01), "{layout}");
        for (block_frames, threads) in [(64, 1), (1000, 3), (333, 4)] {
            assert_eq!(
                run(&session, block_frames, threads).0,
                reference,
                "{layout} {block_frames} {threads}"
            );
        }
    }
}

#[test]
fn a_mono_send_that_has_to_wait_reaches_both_sides() {
    // The send waits for the limiter of the other path into the bus.
    let out = render(
        "[[track]]\nid = \"a\"\nfile = \"m\"\nfader_db = -144\nsends = [{ to = \"room\", tap = \"pre\" }]\n\
         [[track]]\nid = \"b\"\nfile = \"s\"\noutput = \"room\"\ntrim_db = -60\nfader_db = -144\ninsert = [{ limiter = {} }]\n\
         [[bus]]\nid = \"room\"",
    );
    let half = std::f64::consts::FRAC_1_SQRT_2;
    assert!((gain(&out[0], &source("m")[0]) - half).abs() < 1e-12);
    assert!((gain(&out[1], &source("m")[0]) - half).abs() < 1e-12);
}

#[test]
fn the_verifier_counts_channels() {
    let (session, shelf) = (busy("5.1.4"), shelf());
    let graph = graph::Graph::new(&session).unwrap();
    let plan = Engine::new(&session, &shelf, Options::default()).unwrap().plan;
    assert!(verify(&plan, &graph, &session).is_ok());
    let spoil: [fn(&mut Plan); 7] = [
        |plan| plan.buffers[0].channels += 1,
        |plan| plan.steps.last_mut().unwrap().inputs[0].channels.0 = 2,
        |plan| plan.steps.last_mut().unwrap().inputs[0].channels.1 = 2,
        |plan| plan.steps[0].channels = 12,
        |plan| plan.steps[0].panned = Layout::of(6),
        |plan| plan.steps.last_mut().unwrap().panned = Layout::of(2),
        |plan| {
            let step = plan.steps.iter_mut().find(|step| step.channels == 8).unwrap();
            step.layout.0[7] = crate::audio::Speaker::Unknown;
        },
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut spoilt = plan.clone();
        spoil(&mut spoilt);
        assert!(verify(&spoilt, &graph, &session).is_err(), "{number}");
    }
}

#[test]
fn what_is_placed_where_there_are_no_loudspeakers_is_told() {
    let text = "[[track]]\nid = \"a\"\nfile = \"m\"\nazimuth_degrees = 110\n";
    let found = |text: &str| {
        run(&session(text), 512, 1)
            .1
            .findings
            .iter()
            .filter(|finding| finding.rule == "surround_idle")
            .count()
    };
    assert_eq!(found(text), 1);
    assert_eq!(found(&format!("{text}[mix]\nlayout = \"5.1\"")), 0);
    assert_eq!(found(&format!("{text}elevation_degrees = 20\n[mix]\nlayout = \"5.1\"")), 1);
    let moving = "[[automation]]\ntarget = \"a.lfe_db\"\npoints = [[0.0, 0.0]]";
    assert_eq!(found(&format!("[[track]]\nid = \"a\"\nfile = \"m\"\n{moving}")), 1);
    assert_eq!(found("[[track]]\nid = \"a\"\nfile = \"m\""), 0);
}

#[test]
fn the_example_of_the_guide_runs_and_nothing_in_it_is_idle() {
    let guide = include_str!("../../../../../docs/guide/surround.md");
    let text = guide.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let session =
        Session::parse(text, "surround.toml", Path::new(""), crate::session::Options::default()).unwrap();
    let mut shelf = Shelf::default();
    for clip in session.tracks.iter().flat_map(|track| &track.clips) {
        // The demo's overheads are stereo, the rest of these mono.
        let channels = if clip.file.id.contains("Overheads") { 2 } else { 1 };
        let planes: Vec<_> = (0..channels).map(|channel| signals::noise(0.2, channel, 4800)).collect();
        shelf.put(session.path_of(clip), Buffer::from_planes(&planes), 48_000);
    }
    let engine = Engine::new(&session, &shelf, Options::default()).unwrap();
    assert_eq!(engine.layout().channels(), 10);
    let mut heard = [false; 10];
    let rendered = engine
        .render(&Job::quiet(), &mut |view| {
            (0..10).for_each(|c| heard[c] |= view.channel(c).iter().any(|x| x.abs() > 1e-6));
            Ok(())
        })
        .unwrap();
    assert!(heard.iter().all(|heard| *heard), "{heard:?}");
    assert!(rendered.findings.iter().all(|finding| finding.rule != "surround_idle"));
}

#[test]
fn sends_ahead_of_pan_enter_in_front_and_those_behind_it_keep_the_place() {
    let of = |send: &str| {
        let out = render(&format!(
            "[[track]]\nid = \"a\"\nfile = \"m\"\nazimuth_degrees = 110\noutput = \"off\"\nsends = [{{ to = \"wide\", {send} }}]\n\
             [[bus]]\nid = \"off\"\nlayout = \"5.1\"\nfader_db = -144\n[[bus]]\nid = \"wide\"\nlayout = \"5.1\"\n\
             [mix]\nlayout = \"5.1\""
        ));
        gains(&out, &source("m")[0])
    };
    assert_eq!(of("tap = \"pre\""), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]);
    assert_eq!(of("pan = -1.0"), [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let half = (5e8 * std::f64::consts::SQRT_2).round() / 1e9;
    assert_eq!(of("tap = \"pre_fx\", pan = 0.5"), [0.0, half, half, 0.0, 0.0, 0.0]);
    assert_eq!(of("tap = \"post_pan\", pan = -1.0"), [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    assert_eq!(of("tap = \"post_pan\", polarity = \"inverted\""), [0.0, 0.0, 0.0, 0.0, -1.0, 0.0]);
}

#[test]
fn spread_and_divergence_fill_the_room_by_their_closed_forms() {
    let of = |file: &str, keys: &str| {
        render(&format!("[[track]]\nid = \"a\"\nfile = \"{file}\"\n{keys}\n[mix]\nlayout = \"5.1\""))
    };
    let half = std::f64::consts::FRAC_1_SQRT_2;
    let mono = |keys: &str| gains(&of("m", keys), &source("m")[0]);
    let near = |found: &[f64], wanted: &[f64]| {
        found.iter().zip(wanted).for_each(|(a, b)| assert!((a - b).abs() < 1e-8, "{found:?} {wanted:?}"));
    };
    // BS.2127-1, 7.3.7: all of it at 30 degrees to either side; half of it: a third each, as powers.
    near(&mono("divergence = 1.0"), &[half, half, 0.0, 0.0, 0.0, 0.0]);
    let third = (1.0_f64 / 3.0).sqrt();
    near(&mono("divergence = 0.5"), &[third, third, third, 0.0, 0.0, 0.0]);
    // A circle of 360 degrees reaches every loudspeaker but the LFE, alike on both sides, at the same power.
    let all = mono("spread_degrees = 360.0");
    assert!(all[0] == all[1] && all[4] == all[5] && all[3] == 0.0);
    assert!([0, 2, 4].iter().all(|channel| all[*channel] > 0.05), "{all:?}");
    assert!((all.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-8);
    // What balance takes of a side the LFE does not hear either: half the right one is left.
    let lfe = of("s", "pan = 1.0\nlfe_db = 0.0");
    assert!((gain(&lfe[3], &source("s")[1]) - 0.5).abs() < 1e-12);
    // A send into a surround bus has its gain, of any width.
    for (file, keys) in [("m", "azimuth_degrees = 110"), ("five", "channels = [1, 2, 3, 4, 5, 6]")] {
        let out = render(&format!(
            "[[track]]\nid = \"a\"\nfile = \"{file}\"\n{keys}\noutput = \"off\"\n\
             sends = [{{ to = \"wide\", tap = \"post_pan\", gain_db = -6.020599913279624 }}]\n\
             [[bus]]\nid = \"off\"\nlayout = \"5.1\"\nfader_db = -144\n[[bus]]\nid = \"wide\"\nlayout = \"5.1\"\n\
             [mix]\nlayout = \"5.1\""
        ));
        let of_file = source(file);
        assert!((gain(&out[4], &of_file[of_file.len().min(5) - 1]) - 0.5).abs() < 1e-12, "{file}");
    }
}
