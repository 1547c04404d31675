//! Laws of gain, place and time of a strip, each against a closed form worked out by hand.

use super::*;
use dsp::math::{cos, exp, log1p, pow, sin};

fn near(value: f64, wanted: f64, what: &str) {
    assert!((value - wanted).abs() < 1e-12, "{what}: {value}, not {wanted}");
}

fn ones(frames: usize) -> Vec<Vec<f64>> {
    vec![vec![1.0; frames]; 2]
}

/// A frame in seconds, in words that keep every bit.
fn at(frame: usize) -> String {
    format!("{:?}", frame as f64 / RATE)
}

#[test]
fn every_pan_law_is_its_closed_form_on_tracks_and_on_sends() {
    let quarter = core::f64::consts::FRAC_PI_4;
    let share = |p: f64| 0.5 * (1.0 + p);
    let sine = |p: f64| sin((1.0 + p) * quarter);
    // -2.5 dB: the power of the sine that gives just that in the middle.
    let bent = |p: f64| pow(sine(p), 2.5 / (10.0 * core::f64::consts::LOG10_2));
    type Law<'a> = (&'a str, &'a dyn Fn(f64) -> f64);
    let laws: [Law<'_>; 5] = [
        ("-3", &sine),
        ("0", &|p| (2.0 * share(p)).min(1.0)),
        ("-2.5", &bent),
        ("-4.5", &|p| (sine(p) * share(p)).sqrt()),
        ("-6", &share),
    ];
    for (law, side) in laws {
        for pan in [-0.7, 0.0, 0.3] {
            let track = format!("[[track]]\nid = \"a\"\nfile = \"a\"\npan_law = \"{law}\"\n");
            let own = format!("{track}pan = {pan:?}");
            let sent = format!(
                "{track}output = \"off\"\nsends = [{{ to = \"s\", pan = {pan:?} }}]\n\
                 [[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true"
            );
            for text in [own, sent] {
                let out = render(&session(&text), &shelf(&[("a", vec![vec![1.0; 9]])]));
                near(out[0][4], side(-pan), law);
                near(out[1][4], side(pan), law);
            }
        }
    }
}

#[test]
fn places_of_two_sounds_move_sample_by_sample() {
    let quarter = core::f64::consts::FRAC_PI_4;
    let gains = |p: f64| (cos((p + 1.0) * quarter), sin((p + 1.0) * quarter));
    let text = |mode: &str, what: &str| {
        format!(
            "[[track]]\nid = \"a\"\nfile = \"a\"\npan_mode = \"{mode}\"\n\
             [[automation]]\ntarget = \"a.{what}\"\npoints = [[0, 1.0], [{}, -1.0]]",
            at(480)
        )
    };
    // The right channel alone, so that its own place is what moves.
    let right = shelf(&[("a", vec![vec![0.0; 480], vec![1.0; 480]])]);
    let dual = render(&session(&text("dual", "pan_right")), &right);
    let width = render(&session(&text("width", "pan_width")), &right);
    for n in 0..480 {
        let (l, r) = gains(1.0 - 2.0 * n as f64 / 480.0);
        for (out, what) in [(&dual, "dual"), (&width, "width")] {
            near(out[0][n], l, what);
            near(out[1][n], r, what);
        }
    }
}

#[test]
fn many_tracks_are_summed_one_after_the_other_in_the_order_of_their_ids() {
    let ids = ["f", "b", "e", "a", "d", "c"];
    let text: String = ids.map(|id| format!("[[track]]\nid = \"{id}\"\nfile = \"{id}\"\n")).concat();
    let files: Vec<(&str, Vec<Vec<f64>>)> =
        ids.iter().zip(0..).map(|(id, seed)| (*id, noise(seed, 2, 700))).collect();
    let out = render(&session(&text), &shelf(&files));
    let mut sorted: Vec<_> = files.iter().collect();
    sorted.sort_by_key(|file| file.0);
    for (channel, out) in out.iter().enumerate() {
        let sum = |n: usize| sorted.iter().fold(0.0, |sum, file| sum + file.1[channel][n]);
        assert!(out.iter().enumerate().all(|(n, x)| *x == sum(n)), "{channel}");
    }
}

#[test]
fn off_is_off_whatever_is_added_to_it() {
    let up = "[[vca]]\nid = \"v\"\nfader_db = 12\nmembers = [\"a\"]\n";
    let still = format!("[[track]]\nid = \"a\"\nfile = \"a\"\nfader_db = -144\n{up}");
    let moving = format!(
        "[[track]]\nid = \"a\"\nfile = \"a\"\nfader_db = -144\n{up}\
         [[automation]]\ntarget = \"a.ride_db\"\npoints = [[0, 0], [0.01, 24]]"
    );
    let clip = "[[track]]\nid = \"a\"\n[[track.clip]]\nfile = \"a\"\ngain_points = [[0, -144], [0.01, -144]]";
    for text in [&still, &moving, clip] {
        let out = render(&session(text), &shelf(&[("a", ones(900))]));
        assert!(out.iter().flatten().all(|x| *x == 0.0), "{text}");
    }
}

#[test]
fn every_mute_and_every_fader_in_a_row_counts_still_or_moving() {
    let track = "[[track]]\nid = \"a\"\nfile = \"a\"\n";
    let vcas = |first: &str, second: &str| {
        format!(
            "[[vca]]\nid = \"v\"\nmembers = [\"a\"]\n{first}\n[[vca]]\nid = \"w\"\nmembers = [\"a\"]\n{second}\n"
        )
    };
    let moving =
        |mute: &str| format!("[[automation]]\ntarget = \"{mute}\"\npoints = [[0, false], [0.1, true]]\n");
    let shut = "[[automation]]\ntarget = \"v.mute\"\npoints = [[0, true]]\n";
    let of = |text: String| render(&session(&text), &shelf(&[("a", ones(900))])).remove(0);
    assert!(of(format!("{track}{}", vcas("mute = true", ""))).iter().all(|x| *x == 0.0));
    assert!(of(format!("{track}{}", vcas("", "mute = true"))).iter().all(|x| *x == 0.0));
    // The one that moves is open all the time, the other is shut.
    let both = format!("{track}{}{}{shut}", vcas("", ""), moving("w.mute"));
    assert!(of(both).iter().all(|x| *x == 0.0));
    let text = format!(
        "{track}fader_db = -2\nride_db = -3\n{}[[automation]]\ntarget = \"v.fader_db\"\npoints = [[0, 0], [0.01, -6]]\n",
        vcas("", "fader_db = -1")
    );
    for (n, x) in of(text).into_iter().enumerate() {
        near(x, signals::db(-6.0 - 6.0 * (n as f64 / 480.0).min(1.0)), "all of them");
    }
}

#[test]
fn a_send_that_moves_keeps_its_polarity_and_its_time_behind_latency() {
    for latency in [0, 250] {
        let mut session = session(
            "[[track]]\nid = \"a\"\nfile = \"a\"\noutput = \"off\"\n\
             sends = [{ to = \"s\", polarity = \"inverted\" }]\n[[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true\n\
             [[automation]]\ntarget = \"a.send.s.gain_db\"\npoints = [[0.01, -12.0], [0.03, 6.0]]",
        );
        insert(&mut session, "a", late(latency));
        let out = render(&session, &shelf(&[("a", ones(2400))]));
        for (n, x) in out[0].iter().enumerate() {
            let db = -12.0 + 18.0 * ((n as f64 - 480.0) / 960.0).clamp(0.0, 1.0);
            near(*x, -signals::db(db), "send");
        }
    }
}

#[test]
fn the_width_of_a_bus_moves_in_time_behind_latency() {
    let mut session = session(
        "[[track]]\nid = \"a\"\nfile = \"a\"\noutput = \"g\"\n[[bus]]\nid = \"g\"\n\
         [[automation]]\ntarget = \"g.width\"\npoints = [[0.0, 0.0], [0.01, 2.0]]",
    );
    insert(&mut session, "a", late(300));
    let out = render(&session, &shelf(&[("a", vec![vec![1.0; 900], vec![0.5; 900]])]));
    for (n, (left, right)) in out[0].iter().zip(&out[1]).enumerate().take(900) {
        let width = 2.0 * (n as f64 / 480.0).min(1.0);
        near(*left, 0.75 + 0.25 * width, "left");
        near(*right, 0.75 - 0.25 * width, "right");
    }
}

#[test]
fn an_early_send_leaves_behind_the_width() {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\nwidth = 0.0\noutput = \"off\"\n\
                sends = [{ to = \"s\", tap = \"pre_fx\" }]\n[[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true";
    let out = render(&session(text), &shelf(&[("a", vec![vec![1.0; 9], vec![0.5; 9]])]));
    assert_eq!((out[0][4], out[1][4]), (0.75, 0.75));
}

#[test]
fn a_send_behind_pan_keeps_the_place_of_its_strip() {
    for (tap, wanted) in [("post_pan", (1.0, 0.0)), ("post", (0.0, 1.0))] {
        let text = format!(
            "[[track]]\nid = \"a\"\nfile = \"a\"\npan = -1.0\noutput = \"off\"\n\
             sends = [{{ to = \"s\", tap = \"{tap}\", pan = 1.0 }}]\n[[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true"
        );
        let out = render(&session(&text), &shelf(&[("a", vec![vec![1.0; 9]])]));
        assert_eq!((out[0][4], out[1][4]), wanted, "{tap}");
    }
}

#[test]
fn stereo_into_mono_is_half_the_sum_moving_or_not_and_milliseconds_are_rounded() {
    for more in ["", "[[automation]]\ntarget = \"a.fader_db\"\npoints = [[0, 0], [9, 0]]\n"] {
        let text = format!(
            "[[track]]\nid = \"a\"\nfile = \"a\"\noutput = \"m\"\ndelay_ms = 0.99\ndelay_samples = 2\n\
             [[bus]]\nid = \"m\"\nlayout = \"mono\"\npan_law = \"0\"\n{more}"
        );
        let out = render(&session(&text), &shelf(&[("a", vec![vec![1.0; 99], vec![0.5; 99]])]));
        // 0.99 ms are 47.52 frames: 48, and 2.
        for plane in &out {
            assert!(plane[..50].iter().all(|x| *x == 0.0), "{more}");
            assert!(plane[50..149].iter().all(|x| *x == 0.75), "{more}");
        }
    }
}

#[test]
fn the_longest_of_the_tails_that_meet_is_rendered() {
    let mut session = session("[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"b\"\nfile = \"a\"");
    let long = Late { tail: 700.0, ..Late::default() };
    insert(&mut session, "a", Insert { settings: Box::new(long), ..late(0) });
    let (_, rendered) = run(&session, &shelf(&[("a", ones(100))]), 64, 1);
    assert_eq!(rendered.frames, 100 + 2 * 700);
}

#[test]
fn noise_is_another_one_in_every_place() {
    let noise = "insert = [{ generator = { active = true, wave = \"white\" } }";
    let text = format!(
        "[[track]]\nid = \"a\"\nfile = \"a\"\n{noise}]\n[[track]]\nid = \"b\"\nfile = \"a\"\npolarity = \"inverted\"\n{noise}]"
    );
    let level = |text: &str| {
        let out = render(&session(text), &shelf(&[("a", vec![vec![0.0; 9600]; 2])]));
        measure::to_db(measure::rms(&out[0]))
    };
    let one = level(&format!("[[track]]\nid = \"a\"\nfile = \"a\"\n{noise}]"));
    // Unrelated noises add as powers: 3.01 dB; the same one would add as amplitudes.
    for two in [
        text,
        format!(
            "[[track]]\nid = \"a\"\nfile = \"a\"\n{noise}, {{ generator = {{ active = true, wave = \"white\" }} }}]"
        ),
    ] {
        assert!((level(&two) - one - 3.01).abs() < 0.3, "{} {one}", level(&two));
    }
}

/// A curve on the gain of a `late` insert.
fn moving(session: &mut Session, points: &[(f64, f64, Course)]) {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\n[[automation]]\ntarget = \"a.pan\"\npoints = [[0, 0]]";
    let mut curve = self::session(text).automation.remove(0);
    curve.target.part = crate::session::Part::Insert { insert: 0, index: 1 };
    let point = |&(frame, value, course): &(f64, f64, Course)| Point { seconds: frame / RATE, value, course };
    curve.points = points.iter().map(point).collect();
    session.automation.push(curve);
}

#[test]
fn a_parameter_starts_where_its_curve_starts_and_jumps_where_it_jumps() {
    let mut session = session("[[track]]\nid = \"a\"\nfile = \"a\"");
    insert(&mut session, "a", late(0));
    moving(&mut session, &[(500.0, 3.0, Course::Hold), (1000.0, 2.0, Course::Hold)]);
    let out = render(&session, &shelf(&[("a", ones(1200))]));
    assert!(out[0][..1000].iter().all(|x| *x == 3.0));
    assert!(out[0][1000..].iter().all(|x| *x == 2.0));
}

#[test]
fn a_point_stands_on_the_nearest_frame_and_of_two_on_one_the_later_counts() {
    let mut session = session("[[track]]\nid = \"a\"\nfile = \"a\"");
    insert(&mut session, "a", late(0));
    let hold = |frame: f64, value: f64| (frame, value, Course::Hold);
    moving(&mut session, &[hold(0.0, 1.0), hold(100.6, 2.0), hold(299.8, 5.0), hold(300.2, 4.0)]);
    let out = render(&session, &shelf(&[("a", ones(500))]));
    assert!(out[0][..101].iter().all(|x| *x == 1.0) && out[0][101] == 2.0);
    assert!(out[0][299] == 2.0 && out[0][300..].iter().all(|x| *x == 4.0));
}

#[test]
fn a_solo_leaves_the_keys_of_what_is_heard_alone() {
    // The bus is heard because it is fed by what is soloed; its key is fed by nothing that is.
    let mut session = session(
        "[[track]]\nid = \"a\"\nfile = \"a\"\nsolo = true\noutput = \"g\"\n[[bus]]\nid = \"g\"\n\
         [[track]]\nid = \"k\"\nfile = \"k\"",
    );
    insert(&mut session, "g", keyed(0, "k", Tap::Pre));
    let out = render(&session, &shelf(&[("a", ones(9)), ("k", vec![vec![0.5; 9]; 2])]));
    assert_eq!(out[0][4], 0.5);
}

#[test]
fn a_mute_that_moves_opens_what_stands_muted() {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\nmute = true\n\
                [[automation]]\ntarget = \"a.mute\"\npoints = [[0, true], [0.01, false]]";
    let out = render(&session(text), &shelf(&[("a", ones(900))]));
    assert!(out[0][..480].iter().all(|x| *x == 0.0) && out[0][720..].iter().all(|x| *x == 1.0));
}

/// A key of two channels, filtered and heard; what is heard of it.
fn key_heard(planes: Vec<Vec<f64>>) -> (Vec<Vec<f64>>, Rendered) {
    let frames = planes[0].len();
    let mut session = session(
        "[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"k\"\nfile = \"k\"\noutput = \"off\"\n\
         [[bus]]\nid = \"off\"\nmute = true",
    );
    let mut heard = keyed(0, "k", Tap::PreFx);
    if let Some(key) = &mut heard.key {
        (key.controls.high_pass_hz, key.controls.listen) = (1000.0, true);
    }
    insert(&mut session, "a", heard);
    run(&session, &shelf(&[("a", ones(frames)), ("k", planes)]), 512, 1)
}

#[test]
fn both_channels_of_a_key_are_filtered_and_a_heard_key_is_told() {
    let sine = signals::sine(250.0, 0.5, 0.0, 0.3, RATE);
    let (out, rendered) = key_heard(vec![sine.clone(), sine.clone()]);
    // Two octaves under the corner of a Butterworth filter of second order: 1/(1 + 4^4).
    let wanted = measure::to_db(measure::rms(&sine[4800..])) - 10.0 * dsp::math::log10(257.0);
    for plane in &out {
        let found = measure::to_db(measure::rms(&plane[4800..14_400]));
        assert!((found - wanted).abs() < 0.1, "{found} {wanted}");
    }
    let told = rendered.findings.iter().find(|finding| finding.rule == "key_listened_to").unwrap();
    assert_eq!(told.severity, Severity::Warning);
    assert!(told.measured.contains("`late` on `a`"), "{}", told.measured);
    assert!(told.advice.contains("listen = true"), "{}", told.advice);
    let plain = run(&session("[[track]]\nid = \"a\"\nfile = \"a\""), &shelf(&[("a", ones(9))]), 512, 1);
    assert!(plain.1.findings.iter().all(|finding| finding.rule != "key_listened_to"));
}

#[test]
fn a_key_that_is_no_number_for_a_moment_is_a_key_again_after_it() {
    let mut bad = signals::sine(4000.0, 0.5, 0.0, 0.2, RATE);
    let clean = bad.clone();
    bad[1000] = f64::NAN;
    bad[1001] = f64::INFINITY;
    let (bad, clean) = (key_heard(vec![bad; 2]).0, key_heard(vec![clean; 2]).0);
    assert!(bad.iter().flatten().all(|x| x.is_finite()));
    assert_eq!(bad[0][..1000], clean[0][..1000]);
    assert!(measure::null_db(&bad[0][4000..9000], &clean[0][4000..9000]) < -200.0);
}

/// 120 to 240 over 8 beats: beat b is at 4 ln(1 + b/8) seconds.
const RAMP: &str = "[[tempo]]\nat_beats = 0\nbpm = 120\nramp = true\n[[tempo]]\nat_beats = 8\nbpm = 240\n";

fn beats_at(seconds: f64) -> f64 {
    let end = 4.0 * log1p(1.0);
    if seconds < end { 8.0 * (exp(seconds / 4.0) - 1.0) } else { 8.0 + 4.0 * (seconds - end) }
}

#[test]
fn a_tremolo_in_notes_swings_by_the_beats_of_a_ramp_also_behind_latency() {
    // A latency of a beat: the wave runs from the start of its kernel, one whole turn before the song begins.
    for latency in [0, 24_000] {
        let mut session = session(&format!(
            "{RAMP}[[track]]\nid = \"a\"\nfile = \"a\"\n\
             insert = [{{ tremolo = {{ timing = \"tempo\", note = \"1/4\", depth_percent = 80.0, wave = \"sine\" }} }}]"
        ));
        if latency > 0 {
            // In front of the tremolo.
            session.tracks[0].strip.inserts.insert(0, late(latency));
        }
        let (out, _) = run(&session, &shelf(&[("a", ones(160_000))]), 777, 1);
        for n in (0..160_000).step_by(97) {
            // One turn for each beat, wherever the tempo is.
            let turns = beats_at(n as f64 / RATE);
            let gain = 1.0 - 0.4 * (1.0 - sin(core::f64::consts::TAU * turns));
            assert!((out[0][n] - gain).abs() < 0.02, "{latency} {n}: {} {gain}", out[0][n]);
        }
    }
}

#[test]
fn an_echo_in_notes_comes_after_a_note_at_the_tempo_of_its_moment() {
    // Looked at within 50 ms of the change, the time of the crossfade; and on a ramp that ends.
    let step = "tempo_bpm = 240\n[[tempo]]\nat_beats = 4\nbpm = 120\n";
    let end = (4.0 * log1p(1.0) * RATE) as usize;
    for (tempo, click, wanted) in [
        (step, 48_000 + 2_880, 24_000),
        // Just ahead of the change at frame 48 000: what would look late would still echo at the old time.
        (step, 47_000, 24_000),
        (step, 20_000, 12_000),
        // Behind the ramp a crotchet is a quarter of a second, before it half of one.
        (RAMP, end + 3_000, 12_000),
    ] {
        let text = format!(
            "{tempo}[[track]]\nid = \"a\"\nfile = \"a\"\ninsert = [{{ delay = {{ timing = \"tempo\", note = \"1/4\", \
             feedback_percent = 0.0, mix_percent = 100.0, highpass_hz = 20.0 }} }}]"
        );
        let plane = signals::impulse(1.0, click, click + 40_000);
        for block in [4096, 333] {
            let (out, _) = run(&session(&text), &shelf(&[("a", vec![plane.clone(); 2])]), block, 1);
            let peaks: Vec<usize> = (0..out[0].len()).filter(|n| out[0][*n].abs() > 0.5).collect();
            assert_eq!(peaks, [click + wanted], "{tempo} {click}");
        }
    }
}

#[test]
fn an_impulse_through_real_processors_that_look_ahead_comes_out_as_one_impulse() {
    // A limiter, a compressor that looks ahead, an equaliser of linear phase, oversampled saturation, and a send to a
    // return with one more limiter: all of them clean, all of them late by something else.
    let inserts = [
        "",
        "insert = [{ limiter = {} }]",
        "insert = [{ compressor = { ratio = 1.0, lookahead_ms = 20.0 } }]",
        "insert = [{ eq = { phase = \"linear\", band = [{ kind = \"bell\", gain_db = 0.0 }] } }]",
        "insert = [{ saturation = { mix_percent = 0.0, oversampling = \"x8\" } }]",
        "output = \"off\"\nsends = [{ to = \"r\" }]",
    ];
    let tracks: String = inserts
        .iter()
        .enumerate()
        .map(|(n, insert)| format!("[[track]]\nid = \"t{n}\"\nfile = \"a\"\n{insert}\n"))
        .collect();
    let text = format!(
        "{tracks}[[bus]]\nid = \"off\"\nmute = true\n[[bus]]\nid = \"r\"\ninsert = [{{ limiter = {{ lookahead_ms = 9.0 }} }}]"
    );
    let session = session(&text);
    let shelf = shelf(&[("a", vec![signals::impulse(0.125, 700, 2000); 2])]);
    let engine = Engine::new(&session, &shelf, Options::default()).unwrap();
    assert!(engine.plan().latency_frames > 30_000, "the equaliser alone is late by 0.73 s");
    let (out, _) = run(&session, &shelf, 4096, 2);
    for plane in &out {
        for (n, x) in plane.iter().enumerate() {
            let wanted = if n == 700 { 0.75 } else { 0.0 };
            assert!((x - wanted).abs() < 1e-9, "{n} {x}");
        }
    }
}

#[test]
fn gains_are_linear_over_the_whole_fader_and_a_doubled_recording_is_a_doubled_mix() {
    for db in [-120.0, -60.0, -20.0, -6.0, -0.1, 0.0, 3.0, 12.0] {
        let text = format!("[[track]]\nid = \"a\"\nfile = \"a\"\nfader_db = {db:?}\n");
        let x = render(&session(&text), &shelf(&[("a", ones(9))]))[0][4];
        assert!((x / pow(10.0, db / 20.0) - 1.0).abs() < 1e-12, "{db} {x}");
    }
    // Through everything that is linear, times a power of two, to the last bit.
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\npan = 0.3\nwidth = 1.4\nfader_db = -3.3\nsends = [{ to = \"r\", gain_db = -7 }]\n\
                insert = [{ eq = { band = [{ kind = \"bell\", gain_db = 4.0, freq_hz = 700.0 }] } }]\n\
                [[bus]]\nid = \"r\"\ninsert = [{ reverb = {} }]";
    let (one, four) = (noise(5, 2, 3000), noise(5, 2, 3000));
    let four: Vec<Vec<f64>> = four.iter().map(|plane| plane.iter().map(|x| 4.0 * x).collect()).collect();
    let of = |planes: Vec<Vec<f64>>| render(&session(text), &shelf(&[("a", planes)]));
    let (one, four) = (of(one), of(four));
    for (one, four) in one.iter().zip(&four) {
        let loud = one.iter().zip(four).filter(|(x, _)| x.abs() > 1e-9);
        assert!(loud.clone().count() > 3000 && loud.clone().all(|(x, y)| 4.0 * x == *y));
    }
}
