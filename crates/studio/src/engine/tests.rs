mod laws;
mod limits;
mod routing;
mod surround;

use super::*;
use crate::session::{Course, Insert, Key, KeyControls, Named, Point, Session, Tap};
use dsp::block::Block;
use fx::{Format, Kernel, Processor};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use testkit::{measure, signals};

const RATE: f64 = 48_000.0;

fx::processor! {
    /// Delays by its latency, multiplies by its gain and, if it has a key, by the key.
    pub struct Late = "late" {
        /// Latency.
        frames: Plain = 0.0 in 0.0..=100000.0;
        /// Gain.
        gain: Plain = 1.0 in -100.0..=100.0;
        /// Reported tail.
        tail: Plain = 0.0 in 0.0..=100000.0;
    }
}

#[derive(Debug)]
#[expect(unreachable_pub, reason = "as public as the processor it belongs to")]
pub struct LateKernel {
    settings: Late,
    lines: Vec<VecDeque<f64>>,
}

impl Processor for Late {
    type Kernel = LateKernel;
    fn prepare(&self, format: Format) -> LateKernel {
        let line = VecDeque::from(vec![0.0; self.frames as usize]);
        LateKernel { settings: self.clone(), lines: vec![line; format.channels] }
    }
}

impl Kernel for LateKernel {
    type Settings = Late;
    fn latency_frames(&self) -> usize {
        self.settings.frames as usize
    }
    fn tail_frames(&self) -> usize {
        self.settings.tail as usize
    }
    fn process(&mut self, block: &mut Block<'_>) {
        let key = block.key();
        for (plane, line) in block.channels_mut().zip(&mut self.lines) {
            for (frame, x) in plane.iter_mut().enumerate() {
                let key = key.map_or(1.0, |key| key.channel(0)[frame]);
                line.push_back(*x * self.settings.gain * key);
                *x = line.pop_front().unwrap_or(0.0);
            }
        }
    }
    fn retune(&mut self, settings: &Late) {
        self.settings = settings.clone();
    }
    fn reset(&mut self) {}
}

fn late(frames: usize) -> Insert {
    let settings = Late { frames: frames as f64, ..Late::default() };
    Insert { id: "late".into(), on: true, settings: Box::new(settings), key: None, impulse: None, span: 0..0 }
}

fn keyed(frames: usize, from: &str, tap: Tap) -> Insert {
    let controls = KeyControls { tap, ..KeyControls::default() };
    Insert { key: Some(Key { from: Named { id: from.into(), span: 0..0 }, controls }), ..late(frames) }
}

fn session(text: &str) -> Session {
    let text = format!("version = 1\n[session]\nsample_rate_hz = 48000\n{text}");
    Session::parse(&text, "s.toml", Path::new(""), crate::session::Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}

/// Adds inserts after parsing, as `late` is not in the registry.
fn insert(session: &mut Session, id: &str, insert: Insert) {
    let strips = session.tracks.iter_mut().map(|track| &mut track.strip);
    let strips = strips.chain(session.buses.iter_mut().map(|bus| &mut bus.strip)).chain([&mut session.mix]);
    strips.filter(|strip| strip.id == id).for_each(|strip| strip.inserts.push(insert.clone()));
}

fn shelf(files: &[(&str, Vec<Vec<f64>>)]) -> Shelf {
    let mut shelf = Shelf::default();
    for (path, planes) in files {
        shelf.put(*path, Buffer::from_planes(planes), 48_000);
    }
    shelf
}

fn run(session: &Session, shelf: &Shelf, block_frames: usize, threads: usize) -> (Vec<Vec<f64>>, Rendered) {
    let mut out = vec![Vec::new(); 2];
    let engine = Engine::new(session, shelf, Options { block_frames })
        .unwrap_or_else(|errors| panic!("{}", errors[0]));
    let rendered = engine
        .render(&Job::quiet().with_threads(threads), &mut |view| {
            for (channel, plane) in out.iter_mut().enumerate() {
                plane.extend_from_slice(view.channel(channel));
            }
            Ok(())
        })
        .unwrap();
    (out, rendered)
}

fn render(session: &Session, shelf: &Shelf) -> Vec<Vec<f64>> {
    run(session, shelf, 512, 1).0
}

fn noise(seed: u64, channels: u64, frames: usize) -> Vec<Vec<f64>> {
    (0..channels).map(|channel| signals::noise(0.3, seed * 7 + channel, frames)).collect()
}

#[test]
fn a_unity_session_is_the_sum_of_its_sources_bit_for_bit() {
    let text = "[[track]]\nid = \"b\"\nfile = \"b\"\n[[track]]\nid = \"c\"\nfile = \"c\"\npan_law = \"0\"\n\
                [[track]]\nid = \"a\"\nfile = \"a\"";
    let (a, b, c) = (noise(1, 2, 3000), noise(2, 2, 2500), noise(3, 1, 3100));
    let out = render(&session(text), &shelf(&[("a", a.clone()), ("b", b.clone()), ("c", c.clone())]));
    assert_eq!(out[0].len(), 3100);
    for (channel, out) in out.iter().enumerate() {
        let sum: Vec<f64> = (0..3100)
            .map(|n| {
                let at = |planes: &[Vec<f64>], channel: usize| planes[channel].get(n).copied().unwrap_or(0.0);
                // In the order of ids, whatever the order in the text.
                (at(&a, channel) + at(&b, channel)) + at(&c, 0)
            })
            .collect();
        assert_eq!(*out, sum);
    }
}

/// Direct, through a late insert, through a late bus, through a send to a late bus behind a late bus: one impulse.
fn parallel_paths() -> (Session, Shelf) {
    let mut session = session(
        "[[track]]\nid = \"direct\"\nfile = \"a\"\n\
         [[track]]\nid = \"inserted\"\nfile = \"a\"\nsends = [{ to = \"far\", tap = \"pre_fx\" }]\n\
         [[track]]\nid = \"grouped\"\nfile = \"a\"\noutput = \"near\"\nsends = [{ to = \"far\", tap = \"pre\" }]\n\
         [[bus]]\nid = \"near\"\nsends = [{ to = \"far\", tap = \"post_pan\" }]\n\
         [[bus]]\nid = \"far\"",
    );
    insert(&mut session, "inserted", late(37));
    insert(&mut session, "inserted", late(2));
    insert(&mut session, "near", late(501));
    insert(&mut session, "far", late(64));
    insert(&mut session, "mix", late(5));
    let mut planes = vec![vec![0.0; 3000]; 2];
    (planes[0][700], planes[1][700]) = (0.5, -0.25);
    (session, shelf(&[("a", planes)]))
}

#[test]
fn an_impulse_through_parallel_late_paths_comes_out_as_one_impulse() {
    let (session, shelf) = parallel_paths();
    for block in [64, 1000] {
        let (out, _) = run(&session, &shelf, block, 2);
        // direct + inserted + grouped through near, and three sends into far.
        assert_eq!((out[0][700], out[1][700]), (3.0, -1.5));
        for plane in &out {
            assert_eq!(plane.iter().filter(|x| **x != 0.0).count(), 1);
            assert_eq!(plane.len(), 3000);
        }
    }
}

#[test]
fn the_schedule_of_parallel_paths_has_the_delays_worked_out_by_hand() {
    let (session, shelf) = parallel_paths();
    let engine = Engine::new(&session, &shelf, Options::default()).unwrap();
    // far is the latest: near (501), then far (64), then the mix (5).
    assert_eq!(engine.plan().latency_frames, 570);
    let mix = engine.plan().steps.last().unwrap();
    let delays: Vec<usize> = mix.inputs.iter().map(|edge| edge.delay_frames).collect();
    // By id: direct, far, inserted, near.
    assert_eq!(delays, [565, 0, 526, 64]);
}

#[test]
fn a_key_meets_the_audio_in_time_whichever_is_later() {
    for (audio, key) in [(0, 0), (30, 0), (0, 300), (5, 77), (400, 33)] {
        for tap in [Tap::Pre, Tap::Post, Tap::PreFx, Tap::PostPan] {
            let mut session = session(
                "[[track]]\nid = \"lead\"\nfile = \"a\"\n[[track]]\nid = \"other\"\nfile = \"a\"\n\
                 [[track]]\nid = \"sc\"\nfile = \"k\"\noutput = \"silent\"\n[[bus]]\nid = \"silent\"\nmute = true",
            );
            insert(&mut session, "lead", late(audio));
            insert(&mut session, "lead", keyed(11, "sc", tap));
            insert(&mut session, "sc", late(key));
            let (a, k) = (signals::impulse(1.0, 400, 2000), vec![signals::impulse(0.5, 400, 2000); 2]);
            let out = render(&session, &shelf(&[("a", vec![a.clone(), a]), ("k", k)]));
            assert_eq!(out[0][400], 1.5, "{audio} {key} {tap:?}");
            assert_eq!(out[0].iter().filter(|x| **x != 0.0).count(), 1, "{audio} {key} {tap:?}");
        }
    }
}

/// A session with everything that moves.
fn busy(reversed: bool) -> Session {
    let mut tracks = [
        "[[track]]\nid = \"a\"\nfile = \"m\"\npan = 0.3\nsends = [{ to = \"fx\", gain_db = -7, pan = -0.5 }]\n",
        "[[track]]\nid = \"b\"\nfile = \"s\"\nwidth = 0.5\ntrim_db = 3\npolarity = \"inverted\"\noutput = \"g\"\n",
        "[[track]]\nid = \"c\"\noutput = \"g\"\ndelay_samples = 99\n[[track.clip]]\nfile = \"m\"\nstart_seconds = 0.01\n\
         fade_in_ms = 10\nfade_out_ms = 20\nfade_in_shape = \"equal_power\"\n[[track.clip]]\nfile = \"s\"\n\
         start_seconds = 0.02\noffset_seconds = 0.005\nlength_seconds = 0.03\ngain_db = -4\n",
        "[[track]]\nid = \"d\"\nfile = \"s\"\ninsert = [{ gain = { gain_db = -3.0 } }]\noutput = \"m\"\n",
    ];
    if reversed {
        tracks.reverse();
    }
    let rest = "[[bus]]\nid = \"g\"\nsends = [{ to = \"fx\", tap = \"pre\" }]\n[[bus]]\nid = \"fx\"\n\
         [[bus]]\nid = \"m\"\nlayout = \"mono\"\npan = -0.2\n[[vca]]\nid = \"v\"\nmembers = [\"a\", \"g\"]\n\
         [[automation]]\ntarget = \"a.fader_db\"\npoints = [[0.01, -20], [0.03, 0], [0.05, -144]]\n\
         [[automation]]\ntarget = \"a.pan\"\npoints = [[0.0, -1], [0.06, 1]]\n\
         [[automation]]\ntarget = \"b.width\"\npoints = [[0.01, 1], [0.02, 1], [0.03, 2]]\n\
         [[automation]]\ntarget = \"g.mute\"\npoints = [[0.0, false], [0.02, true], [0.04, false]]\n\
         [[automation]]\ntarget = \"v.fader_db\"\ncurve = \"hold\"\npoints = [[0.0, 0], [0.033, -6]]\n\
         [[automation]]\ntarget = \"a.send.fx.gain_db\"\npoints = [[0.0, -30], [0.05, 0]]\n\
         [[automation]]\ntarget = \"g.fader_db\"\ncurve = \"amplitude\"\n\
         points = [[0.0, -144], [0.011, -3, \"s\"], [0.02, -9, \"exponential\", -0.3], [0.041, 0, \"bezier\", 0.2, 0, 0.9, 1], [0.05, -2]]\n\
         [[automation]]\ntarget = \"d.gain.gain_db\"\npoints = [[0.0101, -3], [0.0402, 6]]\n\
         [mix]\npan = 0.05\nfader_db = -1.5\n";
    let mut session = session(&format!("{}{rest}", tracks.concat()));
    insert(&mut session, "b", late(130));
    insert(&mut session, "fx", keyed(33, "a", Tap::Pre));
    session
}

#[test]
fn block_size_threads_and_order_change_no_bit() {
    let shelf = shelf(&[("m", noise(5, 1, 3000)), ("s", noise(6, 2, 2800))]);
    let (reference, _) = run(&busy(false), &shelf, 64, 1);
    assert!(measure::rms(&reference[0]) > 0.01);
    for (block, threads, reversed) in
        [(4096, 1, false), (64, 2, false), (1, 1, true), (1000, 5, true), (2048, 2, true), (333, 3, false)]
    {
        let (out, _) = run(&busy(reversed), &shelf, block, threads);
        assert!(out == reference, "{block} {threads} {reversed}");
    }
}

#[test]
fn a_line_of_gain_is_right_at_every_sample_also_behind_latency() {
    for latency in [0, 250] {
        let mut session = session(
            "[[track]]\nid = \"a\"\nfile = \"a\"\n[[automation]]\ntarget = \"a.fader_db\"\n\
             points = [[0.01, -12.0], [0.03, 6.0]]",
        );
        insert(&mut session, "a", late(latency));
        let out = render(&session, &shelf(&[("a", vec![vec![0.5; 2400]; 2])]));
        for (n, x) in out[0].iter().enumerate() {
            // 0.01 s is frame 480, 0.03 s is frame 1440.
            let db = match n {
                0..480 => -12.0,
                480..1440 => -12.0 + 18.0 * (n as f64 - 480.0) / 960.0,
                _ => 6.0,
            };
            assert!((x - 0.5 * signals::db(db)).abs() < 1e-12, "{n} {latency}");
        }
    }
}

#[test]
fn a_mute_starts_at_its_sample_and_takes_five_milliseconds() {
    let session = session(
        "[[track]]\nid = \"a\"\nfile = \"a\"\n[[automation]]\ntarget = \"a.mute\"\npoints = [[0.0, false], [0.01, true]]",
    );
    let out = render(&session, &shelf(&[("a", vec![vec![1.0; 2400]; 2])]));
    assert!(out[0][..480].iter().all(|x| *x == 1.0));
    for (n, x) in out[0].iter().enumerate().take(720).skip(480) {
        assert!((x - (1.0 - (n as f64 - 479.0) / 240.0)).abs() < 1e-12);
    }
    assert!(out[0][719..].iter().all(|x| *x == 0.0));
}

#[test]
fn a_parameter_moves_at_its_sample_and_on_the_grid_of_32() {
    for (latency, block) in [(0, 100), (77, 4096)] {
        let mut session = session("[[track]]\nid = \"a\"\nfile = \"a\"");
        insert(&mut session, "a", late(latency));
        insert(&mut session, "a", Insert { id: "moving".into(), ..late(0) });
        // 1000 frames is 20.8333 ms; the line goes from 1 to 2 over 96 frames.
        let automation = "[[automation]]\ntarget = \"a.pan\"\npoints = [[0, 0]]";
        let mut curve =
            self::session(&format!("[[track]]\nid = \"a\"\nfile = \"a\"\n{automation}")).automation.remove(0);
        curve.target.part = crate::session::Part::Insert { insert: 1, index: 1 };
        curve.points = [(1000.0, 1.0), (1096.0, 2.0)]
            .map(|(frame, value)| Point { seconds: frame / RATE, value, course: Course::Linear })
            .to_vec();
        session.automation.push(curve);
        let (out, _) = run(&session, &shelf(&[("a", vec![vec![1.0; 1500]; 2])]), block, 1);
        let line = |n: f64| 1.0 + (n - 1000.0) / 96.0;
        assert_eq!(out[0].len(), 1500);
        for (n, x) in out[0].iter().enumerate() {
            let wanted = match n {
                0..1024 => 1.0,
                1024..1056 => line(1024.0),
                1056..1088 => line(1056.0),
                1088..1096 => line(1088.0),
                _ => 2.0,
            };
            assert!((x - wanted).abs() < 1e-12, "{n} {latency} {x}");
        }
    }
}

type Form = fn(f64) -> f64;

#[test]
fn fades_follow_their_closed_forms() {
    let forms: [(&str, Form); 6] = [
        ("linear", |x| x),
        ("equal_power", |x| dsp::math::sin(x * core::f64::consts::FRAC_PI_2)),
        ("smooth", |x| 0.5 * (1.0 - dsp::math::cos(core::f64::consts::PI * x))),
        ("slow", |x| x * x),
        ("fast", |x| 2.0 * x - x * x),
        ("decibel", |x| if x > 0.0 { dsp::math::pow(10.0, -3.0 * (1.0 - x)) } else { 0.0 }),
    ];
    for (shape, form) in forms {
        let session = session(&format!(
            "[[track]]\nid = \"a\"\n[[track.clip]]\nfile = \"a\"\nstart_seconds = 0.001\nfade_in_ms = 5\n\
             fade_out_ms = 10\nfade_in_shape = \"{shape}\"\nfade_out_shape = \"{shape}\""
        ));
        let out = render(&session, &shelf(&[("a", vec![vec![1.0; 1000]; 2])]));
        assert_eq!(out[0].len(), 1048);
        for n in 0..1000_usize {
            let fade_in = form((n as f64 / 240.0).min(1.0));
            let fade_out = form(((1000 - n) as f64 / 480.0).min(1.0));
            assert!((out[0][48 + n] - fade_in * fade_out).abs() < 1e-12, "{shape} {n}");
        }
    }
}

#[test]
fn linear_and_equal_power_fades_cross_without_a_dip() {
    for (shape, law) in [("linear", 1), ("equal_power", 2)] {
        let text = |fade: &str| {
            format!(
                "[[track]]\nid = \"a\"\n[[track.clip]]\nfile = \"a\"\n{fade}_ms = 10\n{fade}_shape = \"{shape}\""
            )
        };
        let shelf = shelf(&[("a", vec![vec![1.0; 480]; 2])]);
        let (up, down) =
            (render(&session(&text("fade_in")), &shelf), render(&session(&text("fade_out")), &shelf));
        for n in 0..480 {
            let sum: f64 = [up[0][n], down[0][n]].iter().map(|x| dsp::math::pow(*x, f64::from(law))).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{shape} {n}");
        }
    }
}

#[test]
fn clips_are_cut_placed_and_summed_to_the_frame() {
    let ramp: Vec<f64> = (0..1000).map(|n| f64::from(n) / 1024.0).collect();
    let session = session(
        "[[track]]\nid = \"a\"\npan_law = \"0\"\n[[track.clip]]\nfile = \"r\"\nstart_seconds = 0.002\n\
         offset_seconds = 0.005\nlength_seconds = 0.01\nchannels = [2]\n[[track.clip]]\nfile = \"r\"\n\
         start_beats = 0.02\nchannels = [2]\nlength_seconds = 0.002\ncrossfade = \"none\"",
    );
    let out = render(&session, &shelf(&[("r", vec![vec![9.0; 1000], ramp.clone(), vec![9.0; 1000]])]));
    // 0.002 s = 96, 0.005 s = 240, 0.01 s = 480 frames; 0.02 beats at 120 = 0.01 s = 480 frames.
    let wanted: Vec<f64> = (0..576)
        .map(|n| {
            let first = if (96..576).contains(&n) { ramp[n - 96 + 240] } else { 0.0 };
            let second = if (480..576).contains(&n) { ramp[n - 480] } else { 0.0 };
            first + second
        })
        .collect();
    assert_eq!(out[0], wanted);
    assert_eq!(out[1], wanted);
}

#[test]
fn a_source_at_another_rate_is_the_same_sine() {
    let mut shelf = Shelf::default();
    let sine = signals::sine(997.0, 0.5, 0.3, 0.2, 44_100.0);
    shelf.put("a", Buffer::from_planes(&[sine.clone(), sine]), 44_100);
    let (out, rendered) = run(&session("[[track]]\nid = \"a\"\nfile = \"a\""), &shelf, 700, 1);
    let wanted = signals::sine(997.0, 0.5, 0.3, 0.2, RATE);
    assert_eq!(out[0].len(), wanted.len());
    assert!(measure::null_db(&out[0][1000..8000], &wanted[1000..8000]) < -120.0);
    assert!(rendered.findings.iter().any(|finding| finding.rule == "rate_converted"));
}

#[test]
fn the_end_of_a_tail_is_found_and_the_tail_is_heard() {
    let mut session = session("[[track]]\nid = \"a\"\nfile = \"a\"\ndelay_samples = 300");
    insert(
        &mut session,
        "mix",
        Insert { settings: Box::new(Late { tail: 500.0, ..Late::default() }), ..late(0) },
    );
    let (out, rendered) = run(&session, &shelf(&[("a", vec![vec![0.5; 1000]; 2])]), 256, 1);
    assert_eq!((rendered.length_frames, rendered.frames, rendered.sounding_frames), (1000, 2300, 1300));
    assert_eq!(out[0].iter().rposition(|x| *x != 0.0), Some(1299));
}

#[test]
fn pan_keeps_the_power_and_balance_keeps_the_near_side() {
    for pan in [-1.0, -0.4, 0.0, 0.25, 1.0] {
        let text = format!("[[track]]\nid = \"a\"\nfile = \"a\"\npan = {pan:?}");
        let mono = render(&session(&text), &shelf(&[("a", vec![vec![0.5; 10]])]));
        let power = mono[0][5] * mono[0][5] + mono[1][5] * mono[1][5];
        assert!((10.0 * dsp::math::log10(power / 0.25)).abs() < 1e-9, "{pan}");
        let stereo = render(&session(&text), &shelf(&[("a", vec![vec![0.5; 10]; 2])]));
        let (near, far) = if pan < 0.0 { (&stereo[0], &stereo[1]) } else { (&stereo[1], &stereo[0]) };
        assert_eq!(near[5], 0.5, "{pan}");
        assert!(far[5] <= 0.5);
    }
}

/// Levels (left channel) of five tracks of 1, 2, 4, 8, 16 in a session with groups and returns.
fn solo_sum(solos: &[&str]) -> f64 {
    let mut session = session(
        "[[track]]\nid = \"a\"\nfile = \"1\"\noutput = \"g\"\nsends = [{ to = \"r\" }]\n\
         [[track]]\nid = \"b\"\nfile = \"2\"\noutput = \"g\"\n\
         [[track]]\nid = \"c\"\nfile = \"4\"\nsends = [{ to = \"r\" }]\n\
         [[bus]]\nid = \"g\"\n[[bus]]\nid = \"r\"\nfader_db = -20\n",
    );
    let strips = session.tracks.iter_mut().map(|track| &mut track.strip);
    strips
        .chain(session.buses.iter_mut().map(|bus| &mut bus.strip))
        .filter(|strip| solos.contains(&strip.id.as_str()))
        .for_each(|strip| strip.controls.solo = true);
    let file = |x: f64| vec![vec![x; 8]; 2];
    render(&session, &shelf(&[("1", file(1.0)), ("2", file(2.0)), ("4", file(4.0))]))[0][4]
}

#[test]
fn solo_keeps_the_way_to_the_mix_and_the_returns() {
    for (solos, wanted) in [
        (vec![], 7.5),
        (vec!["a"], 1.1),
        (vec!["b"], 2.0),
        (vec!["g"], 3.1),
        (vec!["r"], 0.5),
        (vec!["a", "c"], 5.5),
        (vec!["g", "c"], 7.5),
    ] {
        assert!((solo_sum(&solos) - wanted).abs() < 1e-12, "{solos:?} {}", solo_sum(&solos));
    }
}

#[test]
fn taps_leave_where_they_say() {
    // trim 2 (6.02 dB), insert 3, fader 1/2 (-6.02 dB), pan hard left.
    for (tap, wanted) in
        [("pre_fx", [2.0, 2.0]), ("pre", [6.0, 6.0]), ("post", [3.0, 3.0]), ("post_pan", [3.0, 0.0])]
    {
        let mut session = session(&format!(
            "[[track]]\nid = \"a\"\nfile = \"a\"\ntrim_db = 6.020599913279624\nfader_db = -6.020599913279624\n\
             pan = -1\noutput = \"off\"\nsends = [{{ to = \"s\", tap = \"{tap}\" }}]\n\
             [[bus]]\nid = \"s\"\n[[bus]]\nid = \"off\"\nmute = true\n"
        ));
        let settings = Late { gain: 3.0, ..Late::default() };
        insert(&mut session, "a", Insert { settings: Box::new(settings), ..late(0) });
        let out = render(&session, &shelf(&[("a", vec![vec![1.0; 9]; 2])]));
        for channel in 0..2 {
            assert!((out[channel][4] - wanted[channel]).abs() < 1e-12, "{tap} {channel} {}", out[channel][4]);
        }
    }
}

#[test]
fn a_copy_turned_over_nulls() {
    let text =
        "[[track]]\nid = \"a\"\nfile = \"a\"\n[[track]]\nid = \"b\"\nfile = \"a\"\npolarity = \"inverted\"";
    let out = render(&session(text), &shelf(&[("a", noise(4, 2, 2000))]));
    assert!(out.iter().flatten().all(|x| *x == 0.0));
}

#[test]
fn a_vca_adds_its_decibels_and_mutes_its_members() {
    let text = "[[track]]\nid = \"a\"\nfile = \"a\"\nfader_db = -4\n[[track]]\nid = \"b\"\nfile = \"a\"\n\
                [[vca]]\nid = \"v\"\nfader_db = -6\nmembers = [\"a\"]\n[[vca]]\nid = \"w\"\nmute = true\nmembers = [\"b\"]";
    let out = render(&session(text), &shelf(&[("a", vec![vec![1.0; 9]; 2])]));
    assert!((out[0][4] - signals::db(-10.0)).abs() < 1e-12);
}

#[test]
fn a_circle_put_together_by_hand_is_refused_by_name() {
    let mut session =
        session("[[track]]\nid = \"a\"\nfile = \"a\"\n[[bus]]\nid = \"x\"\n[[bus]]\nid = \"y\"");
    session.buses[0].strip.output.id = "y".into();
    session.buses[1].strip.output.id = "x".into();
    let errors =
        Engine::new(&session, &shelf(&[("a", noise(1, 1, 10))]), Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(errors[0].code, "routing_cycle");
    assert!(errors[0].what.contains("x → y → x"));
}

#[test]
fn the_verifier_refuses_every_spoilt_schedule() {
    let (mut session, shelf) = parallel_paths();
    insert(&mut session, "grouped", keyed(3, "inserted", Tap::Pre));
    let graph = graph::Graph::new(&session).unwrap();
    let plan = Engine::new(&session, &shelf, Options::default()).unwrap().plan;
    assert!(verify(&plan, &graph, &session).is_ok());
    let spoil: [fn(&mut Plan); 9] = [
        |plan| plan.steps.last_mut().unwrap().inputs[0].delay_frames += 1,
        |plan| plan.buffers[1] = plan.buffers[0],
        |plan| plan.steps.last_mut().unwrap().inputs.truncate(3),
        |plan| plan.latency_frames -= 1,
        |plan| plan.steps.swap(0, 3),
        |plan| plan.buffers[0].latency_frames += 1,
        |plan| plan.steps.last_mut().unwrap().inputs[0].buffer = 99,
        |plan| plan.steps.iter_mut().flat_map(|s| &mut s.inserts).for_each(|insert| insert.align_frames += 1),
        |plan| {
            let keyed =
                plan.steps.iter_mut().flat_map(|s| &mut s.inserts).find_map(|insert| insert.key.as_mut());
            keyed.unwrap().delay_frames += 2;
        },
    ];
    for (number, spoil) in spoil.iter().enumerate() {
        let mut spoilt = plan.clone();
        spoil(&mut spoilt);
        assert!(verify(&spoilt, &graph, &session).is_err(), "{number}");
    }
}

#[test]
fn silence_in_is_silence_out_and_an_empty_mix_is_no_panic() {
    let out = render(&busy(false), &shelf(&[("m", vec![vec![0.0; 3000]]), ("s", vec![vec![0.0; 2800]; 2])]));
    assert!(out.iter().flatten().all(|x| *x == 0.0));
    let muted = session("[[track]]\nid = \"a\"\nfile = \"a\"\nmute = true");
    let (out, rendered) = run(&muted, &shelf(&[("a", noise(1, 1, 100))]), 64, 2);
    assert_eq!(out[0], vec![0.0; 100]);
    assert!(rendered.findings.iter().any(|finding| finding.rule == "unheard"));
    let empty = session("[[track]]\nid = \"a\"\nfile = \"a\"");
    assert_eq!(render(&empty, &shelf(&[("a", vec![vec![]])]))[0].len(), 0);
}

#[test]
fn a_stopped_job_stops_and_a_missing_file_points_into_the_session() {
    let session = session("[[track]]\nid = \"a\"\nfile = \"a\"");
    let shelf = shelf(&[("a", noise(1, 1, 100))]);
    let stop = AtomicBool::new(true);
    let job = Job::new(&crate::job::Quiet, &stop, 2);
    let error =
        Engine::new(&session, &shelf, Options::default()).unwrap().render(&job, &mut |_| Ok(())).unwrap_err();
    assert_eq!(error.kind, Kind::Interrupted);
    let errors = Engine::new(&session, &Shelf::default(), Options::default()).map(|_| ()).unwrap_err();
    assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(6));
}
