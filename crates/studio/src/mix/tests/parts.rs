//! Stems, alternates and snapshots, judged by reading the files.

use super::*;
use crate::audio::Encoding;
use dsp::dither::Dither;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sends, a reverb and an echo, one into the other, automation, VCAs, a side-chain from a track and one from
/// a bus, a bus in a bus.
const SONG: &str = r#"
[[track]]
id = "kick"
file = "kick.wav"
output = "drums"
[[track]]
id = "snare"
file = "snare.wav"
output = "drums"
pan = 0.2
sends = [{ to = "plate", gain_db = -9.0 }, { to = "echo", gain_db = -15.0, tap = "pre", pan = -0.4 }]
[[track]]
id = "bass"
file = "bass.wav"
insert = [{ compressor = { threshold_db = -30.0, ratio = 4.0, key = "kick" } }]
[[track]]
id = "lead"
name = "Lead vocal"
file = "lead.wav"
output = "voices"
insert = [{ limiter = { ceiling_dbtp = -12.0 } }]
sends = [{ to = "plate", gain_db = -6.0 }]
[[track]]
id = "choir"
name = "Backing vocals"
file = "choir.wav"
output = "voices"
delay_ms = 7.0
sends = [{ to = "echo", gain_db = -8.0 }]
[[bus]]
id = "drums"
fader_db = -1.0
sends = [{ to = "plate", gain_db = -20.0 }]
[[bus]]
id = "voices"
[[bus]]
id = "plate"
output = "space"
insert = [{ reverb = {} }, { compressor = { threshold_db = -40.0, ratio = 3.0, key = "voices" } }]
[[bus]]
id = "echo"
output = "space"
insert = [{ delay = { time_ms = 130.0 } }]
sends = [{ to = "plate", gain_db = -12.0 }]
[[bus]]
id = "space"
fader_db = -2.0
[[vca]]
id = "band"
members = ["drums", "bass"]
fader_db = -1.5
[[vca]]
id = "air"
members = ["plate", "echo"]
fader_db = 1.0
[mix]
fader_db = -0.5
[[automation]]
target = "lead.ride_db"
points = [[0.0, -3.0], [0.7, 2.0]]
[[automation]]
target = "lead.send.plate.gain_db"
points = [[0.2, -12.0], [0.9, -3.0]]
[[automation]]
target = "band.fader_db"
points = [[0.1, 0.0], [0.9, -4.0]]
[[automation]]
target = "snare.send.echo.mute"
points = [[0.0, false], [0.5, true]]
"#;

fn song(folder: &Path) -> Session {
    let tone = |hz: f64, peak: f64| signals::sine(hz, peak, 0.3, 1.0, 48_000.0);
    let mut kick = tone(60.0, 0.7);
    kick.iter_mut().enumerate().filter(|(n, _)| n % 16_000 > 4000).for_each(|(_, x)| *x = 0.0);
    wav(&folder.join("kick.wav"), &[kick], 48_000);
    wav(&folder.join("snare.wav"), &[signals::noise(0.4, 3, 30_000)], 48_000);
    wav(&folder.join("bass.wav"), &[tone(90.0, 0.4)], 48_000);
    wav(&folder.join("lead.wav"), &[tone(700.0, 0.5)], 48_000);
    wav(&folder.join("choir.wav"), &[tone(440.0, 0.2), tone(550.0, 0.2)], 48_000);
    load(folder, &format!("{HEAD}{SONG}"))
}

fn floats() -> StemOptions {
    StemOptions { encoding: Encoding::Float(32), ..StemOptions::default() }
}

fn export(session: &Session, options: StemOptions) -> (tempfile::TempDir, Stems) {
    let out = tempfile::tempdir().unwrap();
    let stems =
        stems(session, out.path(), &Job::quiet(), options).unwrap_or_else(|errors| panic!("{}", errors[0]));
    (out, stems)
}

/// Largest sample of the mix minus all stems, in dBFS, and the lengths.
fn difference(folder: &Path, stems: &Stems) -> f64 {
    let mut mix = read(&folder.join("mix.wav"));
    for stem in &stems.stems {
        let planes = read(&folder.join(&stem.file));
        assert_eq!((planes.len(), planes[0].len()), (2, mix[0].len()), "{}", stem.file);
        for (sum, plane) in mix.iter_mut().zip(&planes) {
            sum.iter_mut().zip(plane).for_each(|(sum, x)| *sum -= x);
        }
    }
    testkit::measure::to_db(mix.iter().map(|plane| testkit::measure::peak(plane)).fold(0.0, f64::max))
}

fn files(stems: &Stems) -> Vec<&str> {
    stems.stems.iter().map(|stem| stem.file.as_str()).collect()
}

#[test]
fn stems_add_up_to_the_mix_below_minus_120_db_however_they_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let session = song(folder.path());
    let all: [(By, Returns, &[&str]); 4] = [
        (By::Bus, Returns::Split, &["drums.wav", "bass.wav", "voices.wav"]),
        (By::Track, Returns::Split, &["kick.wav", "snare.wav", "bass.wav", "lead.wav", "choir.wav"]),
        (By::Group, Returns::Split, &["drums.wav", "bass.wav", "lead_vocals.wav", "backing_vocals.wav"]),
        (
            By::Bus,
            Returns::Separate,
            &["drums.wav", "bass.wav", "voices.wav", "return_plate.wav", "return_echo.wav"],
        ),
    ];
    for (by, returns, names) in all {
        let (out, made) = export(&session, StemOptions { by, returns, ..floats() });
        assert_eq!(files(&made), names);
        let measured = difference(out.path(), &made);
        let told = made.null.unwrap();
        println!(
            "{by:?} {returns:?}: {measured:.1} dBFS, told {:.1} peak, {:.1} rms",
            told.peak_dbfs, told.rms_dbfs
        );
        assert!(measured < -120.0, "{by:?} {returns:?} {measured}");
        assert!((told.peak_dbfs - measured.max(-400.0)).abs() < 0.01);
        assert!(made.findings.iter().all(|finding| finding.rule != "stems_do_not_add_up"));
        // Silence would add up too.
        for stem in &made.stems {
            assert!(stem.true_peak_dbtp > -60.0, "{} {}", stem.file, stem.true_peak_dbtp);
        }
    }
}

#[test]
fn stems_of_24_bits_have_equal_lengths_a_list_with_hashes_and_the_gain_of_the_print() {
    let folder = tempfile::tempdir().unwrap();
    let session = song(folder.path());
    let (out, made) = export(&session, StemOptions { dither: Dither::None, ..StemOptions::default() });
    assert!(difference(out.path(), &made) < -120.0);
    let print = folder.path().join("print.wav");
    let print = render(&session, &print, &Job::quiet(), Options::default()).unwrap();
    assert_eq!(made.print_gain_db, print.gain_db());
    let list: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(out.path().join(MANIFEST_FILE)).unwrap()).unwrap();
    assert_eq!(list["stems"].as_array().unwrap().len(), 3);
    assert_eq!(list["stems"][0]["tracks"], serde_json::json!(["kick", "snare"]));
    assert_eq!(list["stems"][0]["frames"], list["mix"]["frames"]);
    assert_eq!(list["stems"][0]["audio_blake3"].as_str().unwrap().len(), 64);
    assert!(list["null"]["peak_dbfs"].as_f64().unwrap() < -120.0);
    let mut names: Vec<_> =
        std::fs::read_dir(out.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["bass.wav", "drums.wav", "mix.wav", "stems.json", "voices.wav"]);
    // Again, the same bytes; and nothing is replaced without being asked.
    let before = std::fs::read(out.path().join("drums.wav")).unwrap();
    let options = StemOptions { dither: Dither::None, ..StemOptions::default() };
    let errors = stems(&session, out.path(), &Job::quiet(), options).unwrap_err();
    assert_eq!(errors[0].code, "exists");
    let again = StemOptions { print: Options { force: true, ..Options::default() }, ..options };
    stems(&session, out.path(), &Job::quiet().with_threads(1), again).unwrap();
    assert!(before == std::fs::read(out.path().join("drums.wav")).unwrap());
}

#[test]
fn a_shared_processor_that_depends_on_level_is_told_and_one_of_a_single_stem_is_not() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    let text = |from: &str, to: &str| format!("{HEAD}{}", SONG.replace(from, to));
    let told = |text: &str| {
        let (_, made) = export(&load(folder.path(), text), floats());
        let about =
            |rule: &str| made.findings.iter().filter(|f| f.rule == rule).map(|f| f.about.clone()).collect();
        let (shared, off): (Vec<String>, Vec<String>) =
            (about("not_separable"), about("stems_do_not_add_up"));
        (shared, !off.is_empty())
    };
    let squash = "id = \"space\"\ninsert = [{ compressor = { threshold_db = -50.0, ratio = 8.0 } }]";
    assert_eq!(told(&text("id = \"space\"", squash)), (vec!["space".to_owned()], true));
    let own =
        "id = \"voices\"\ninsert = [{ compressor = { threshold_db = -30.0, ratio = 8.0 } }, { eq = {} }]";
    assert_eq!(told(&text("id = \"voices\"", own)), (vec![], false));
    let mix = "[mix]\ninsert = [{ eq = { band = [{ kind = \"bell\", gain_db = 3.0 }] } }]";
    assert_eq!(told(&text("[mix]", mix)), (vec![], false));
}

#[test]
fn dry_stems_are_the_mix_without_its_sends() {
    let folder = tempfile::tempdir().unwrap();
    let session = song(folder.path());
    let (out, made) = export(&session, StemOptions { returns: Returns::None, ..floats() });
    assert!(made.null.is_none());
    let bare: String =
        SONG.lines().filter(|line| !line.starts_with("sends =")).map(|line| format!("{line}\n")).collect();
    let bare = bare.replace("key = \"voices\"", "on = false");
    let (head, tail) = bare.split_once("[[automation]]\ntarget = \"lead.send").unwrap();
    let rest = tail.split_once("[[automation]]\n").unwrap().1;
    let rest = rest.split_once("[[automation]]\ntarget = \"snare.send").unwrap().0;
    let session = load(folder.path(), &format!("{HEAD}{head}[[automation]]\n{rest}"));
    let print = folder.path().join("dry.wav");
    let options = Options { peak_dbtp: -3.0, ..Options::default() };
    let print = render(&session, &print, &Job::quiet(), options).unwrap();
    let gain = signals::db(made.print_gain_db - print.gain_db());
    let dry = read(print.path());
    let mut worst = 0.0_f64;
    let stems: Vec<_> = made.stems.iter().map(|stem| read(&out.path().join(&stem.file))).collect();
    for n in 0..dry[0].len() {
        let sum: f64 = stems.iter().map(|stem| stem[0][n]).sum();
        worst = worst.max((sum - dry[0][n] * gain).abs());
    }
    // Nothing but the dither of the print.
    assert!(worst < 4e-7, "{worst}");
}

#[test]
fn a_dry_multitrack_is_the_edited_tracks_from_the_start_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let noise: Vec<f64> =
        signals::noise(0.5, 7, 20_000).iter().map(|x| (x * 8_388_608.0).round() / 8_388_608.0).collect();
    wav(&folder.path().join("a.wav"), std::slice::from_ref(&noise), 48_000);
    wav(&folder.path().join("b.wav"), &[noise.clone(), noise.iter().map(|x| -x).collect()], 48_000);
    let text = "[[track]]\nid = \"a\"\nfader_db = -7.0\npan = 0.5\ninsert = [{ compressor = {} }]\n\
                [[track.clip]]\nfile = \"a.wav\"\nstart_seconds = 0.5\n\
                [[track]]\nid = \"b\"\nfile = \"b.wav\"\noutput = \"bus\"\n[[bus]]\nid = \"bus\"\nfader_db = -9.0";
    let session = load(folder.path(), &format!("{HEAD}{text}"));
    let options = StemOptions { multitrack: true, dither: Dither::None, ..StemOptions::default() };
    let (out, made) = export(&session, options);
    assert_eq!(files(&made), ["a.wav", "b.wav"]);
    assert!(!out.path().join("mix.wav").exists() && made.null.is_none());
    let (a, b) = (read(&out.path().join("a.wav")), read(&out.path().join("b.wav")));
    assert_eq!((a.len(), a[0].len(), b.len(), b[1].len()), (1, 44_000, 2, 44_000));
    assert!(a[0][..24_000].iter().all(|x| *x == 0.0) && a[0][24_000..] == noise[..]);
    assert!(b[0][..20_000] == noise[..] && b[1][5] == -noise[5] && b[1][20_000..].iter().all(|x| *x == 0.0));
}

fn words(list: &[&str]) -> Vec<String> {
    list.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn alternates_line_up_with_the_main_print_and_split_it_into_voice_and_band() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    // Without the return that ducks under the voice: it would duck more under a louder one.
    let ducked = ", { compressor = { threshold_db = -40.0, ratio = 3.0, key = \"voices\" } }";
    let session = load(folder.path(), &format!("{HEAD}{}", SONG.replace(ducked, "")));
    let voices = Voices::new(&session, &[], &[]).unwrap();
    assert_eq!(voices, Voices { lead: words(&["lead"]), backing: words(&["choir"]) });
    let made = alternates(&session, &words(&["all"]), &voices).unwrap();
    let out = tempfile::tempdir().unwrap();
    let prints = variants(&made, out.path(), Level::Shared, &Job::quiet(), Options::default()).unwrap();
    assert_eq!(prints.len(), 8);
    let audio = |name: &str| read(&out.path().join(format!("{name}.wav")));
    let main = audio("main");
    let plain = render(&session, &folder.path().join("p.wav"), &Job::quiet(), Options::default()).unwrap();
    for print in &prints {
        assert_eq!(
            (print.print_gain_db, print.frames),
            (plain.gain_db(), main[0].len() as u64),
            "{}",
            print.name
        );
    }
    // Six files of 24 bits with dither against each other: a few steps.
    let near = |sum: &dyn Fn(usize) -> f64| {
        (0..main[0].len()).map(|n| sum(n).abs()).fold(0.0, f64::max) < 8.0 / 8_388_608.0
    };
    let (band, voice, tv) = (audio("instrumental"), audio("acappella"), audio("tv"));
    assert!(near(&|n| band[0][n] + voice[0][n] - main[0][n]));
    for (name, db) in
        [("vocal-up-0.5", 0.5), ("vocal-up-1", 1.0), ("vocal-down-0.5", -0.5), ("vocal-down-1", -1.0)]
    {
        // What the television track lacks is the lead; it is up or down, and everything else is not.
        let other = audio(name);
        let gain = signals::db(db);
        assert!(near(&|n| tv[1][n] + (main[1][n] - tv[1][n]) * gain - other[1][n]), "{name}");
    }
    let named = Voices::new(&session, &words(&["voices"]), &[]).unwrap();
    assert_eq!(named.lead, ["lead", "choir"]);
    assert!(named.backing.is_empty());
    let error = Voices::new(&session, &words(&["laed"]), &[]).unwrap_err();
    assert!(error.hint.unwrap().contains("lead"));
    assert_eq!(alternates(&session, &words(&["karaoke"]), &named).unwrap_err().code, "unknown_alternate");
    assert_eq!(alternates(&session, &words(&["tv"]), &Voices::default()).unwrap_err().code, "no_voice");
}

const SNAPSHOTS: &str = r#"
[[snapshot]]
id = "dry"
set = { "plate.mute" = true, "echo.mute" = true, "lead.ride_db" = 0.0, "voices.trim_db" = -1.0 }
[[snapshot]]
id = "big"
name = "More space"
[snapshot.set]
lead.send.plate.gain_db = 0.0
band.fader_db = -6.0
bass.compressor.on = false
bass.compressor.ratio = 2.0
"#;

#[test]
fn a_snapshot_renders_as_the_session_with_its_values_written_in() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    let session = load(folder.path(), &format!("{HEAD}{SONG}{SNAPSHOTS}"));
    let made = snapshots(&session, &words(&["all"])).unwrap();
    assert_eq!(made.iter().map(|v| v.title.as_str()).collect::<Vec<_>>(), ["dry", "More space"]);
    let out = tempfile::tempdir().unwrap();
    let prints = variants(&made, out.path(), Level::Own, &Job::quiet(), Options::default()).unwrap();
    let ride = "[[automation]]\ntarget = \"lead.ride_db\"\npoints = [[0.0, -3.0], [0.7, 2.0]]\n";
    let by_hand = SONG
        .replace("id = \"plate\"\n", "id = \"plate\"\nmute = true\n")
        .replace("id = \"echo\"\n", "id = \"echo\"\nmute = true\n")
        .replace("id = \"voices\"\n", "id = \"voices\"\ntrim_db = -1.0\n")
        .replace(ride, "");
    let hand = load(folder.path(), &format!("{HEAD}{by_hand}"));
    let hand = render(&hand, &folder.path().join("h.wav"), &Job::quiet(), Options::default()).unwrap();
    assert_eq!(hand.gain_db(), prints[0].print_gain_db);
    let (a, b) = (read(hand.path()), read(&out.path().join("dry.wav")));
    // They differ by their dither only.
    assert_eq!(a[0].len(), b[0].len());
    assert!(a[0].iter().zip(&b[0]).all(|(a, b)| (a - b).abs() < 4.0 / 8_388_608.0));
    // Matched, both are as loud as the softer one, and neither is turned up.
    let out = tempfile::tempdir().unwrap();
    let matched = variants(&made, out.path(), Level::Matched, &Job::quiet(), Options::default()).unwrap();
    let lufs: Vec<f64> =
        ["dry", "big"].map(|name| judged(&read(&out.path().join(format!("{name}.wav"))), 48_000).0).to_vec();
    assert!((lufs[0] - lufs[1]).abs() < 0.02, "{lufs:?}");
    assert!((matched[0].integrated_lufs.unwrap() - lufs[0]).abs() < 0.02);
    assert!(matched.iter().zip(&prints).all(|(m, p)| m.print_gain_db <= p.print_gain_db + 1e-9));
    assert!(matched.iter().zip(&prints).any(|(m, p)| (m.print_gain_db - p.print_gain_db).abs() < 1e-9));
}

#[test]
fn a_wrong_address_in_a_snapshot_is_told_with_its_line_and_the_nearest() {
    let folder = Path::new("");
    let tracks = "[[track]]\nid = \"lead\"\nfile = \"a.wav\"\n";
    for (set, code, hint) in [
        ("\"laed.fader_db\" = 1.0", "unknown_strip", "lead.fader_db"),
        ("\"lead.fadre_db\" = 1.0", "unknown_target", "lead.fader_db"),
        ("\"lead.fader_db\" = 99.0", "out_of_range", "12"),
        ("\"lead.mute\" = 1.0", "wrong_type", ""),
        ("\"lead.eq.on\" = false", "unknown_target", ""),
    ] {
        let text = format!("{HEAD}{tracks}[[snapshot]]\nid = \"a\"\nset = {{ {set} }}\n");
        let errors = Session::parse(&text, "s.toml", folder, session::Options::default()).unwrap_err();
        assert_eq!((errors.len(), errors[0].code), (1, code), "{set} {errors:?}");
        assert_eq!(errors[0].place.as_ref().unwrap().line, 10, "{set}");
        assert!(errors[0].hint.as_deref().unwrap_or_default().contains(hint), "{:?}", errors[0].hint);
    }
    let session = load(folder, &format!("{HEAD}{tracks}{}", "[[snapshot]]\nid = \"dry\"\nset = {}\n"));
    let error = session.with_snapshot("dyr").unwrap_err();
    assert_eq!((error.code, error.hint.as_deref()), ("unknown_snapshot", Some("did you mean `dry`?")));
}

#[test]
fn a_run_that_is_stopped_or_fails_leaves_nothing() {
    static STOP: AtomicBool = AtomicBool::new(false);
    struct StopAt(&'static str);
    impl crate::job::Progress for StopAt {
        fn at(&self, stage: &str, _: u64, _: u64) {
            if stage.starts_with(self.0) {
                STOP.store(true, Ordering::Relaxed);
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let session = song(folder.path());
    for stage in ["mix", "bass", "null", "stems"] {
        let out = tempfile::tempdir().unwrap();
        STOP.store(false, Ordering::Relaxed);
        let progress = StopAt(stage);
        let errors = stems(&session, out.path(), &Job::new(&progress, &STOP, 1), floats()).unwrap_err();
        assert_eq!(errors[0].code, "interrupted", "{stage}");
        assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0, "{stage}");
    }
    // A name that is taken by something that cannot be replaced.
    let out = tempfile::tempdir().unwrap();
    std::fs::create_dir(out.path().join("voices.wav")).unwrap();
    assert!(stems(&session, out.path(), &Job::quiet(), floats()).is_err());
    assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 1);
}

#[test]
fn an_edit_group_cuts_its_tracks_together_and_tells_when_they_were_not() {
    let folder = Path::new("");
    let kit = "[[track]]\nid = \"kick\"\nfile = \"k.wav\"\n[[track]]\nid = \"snare\"\nfile = \"s.wav\"\nchannels = [2]\n";
    let group = "[[edit_group]]\nid = \"kit\"\ntracks = [\"kick\", \"snare\"]\nmove_seconds = 0.5\n\
                 [[edit_group.clip]]\nstart_seconds = 1.0\noffset_seconds = 2.0\nlength_seconds = 3.0\nfade_in_ms = 4\n\
                 [[edit_group.clip]]\nstart_beats = 12.0\nreverse = true\n";
    let session = load(folder, &format!("{HEAD}{kit}{group}"));
    for (track, file) in session.tracks.iter().zip(["k.wav", "s.wav"]) {
        let clips: Vec<_> =
            track.clips.iter().map(|clip| (clip.file.id.as_str(), clip.start_seconds(&session))).collect();
        assert_eq!(clips, [(file, 1.5), (file, 6.5)]);
        assert_eq!((track.clips[0].controls.fade_in_ms, track.clips[1].controls.reverse), (4.0, true));
    }
    assert_eq!(session.tracks[1].clips[0].channels, [1]);
    let found = |second: &str| {
        let text = format!(
            "{HEAD}[[track]]\nid = \"kick\"\n[[track.clip]]\nfile = \"k.wav\"\nstart_seconds = 1.0\noffset_seconds = 0.25\n\
             [[track]]\nid = \"snare\"\n[[track.clip]]\nfile = \"s.wav\"\n{second}\n\
             [[edit_group]]\nid = \"kit\"\ntracks = [\"kick\", \"snare\"]\n"
        );
        crate::session::edit_group_findings(&load(folder, &text)).into_iter().next()
    };
    assert_eq!(found("start_seconds = 1.0\noffset_seconds = 0.25"), None);
    let apart = found("start_seconds = 1.001\noffset_seconds = 0.25").unwrap();
    assert!(apart.measured.contains("begins 48 frames apart"), "{}", apart.measured);
    assert_eq!((apart.rule, apart.seconds), ("edit_group_apart", Some(1.0)));
    assert!(found("start_seconds = 1.0\noffset_seconds = 0.2501").unwrap().measured.contains("5 frames"));
    let refused = |text: &str| {
        let errors = Session::parse(&format!("{HEAD}{text}"), "s.toml", folder, session::Options::default());
        errors.unwrap_err()[0].clone()
    };
    let error = refused(&format!("{kit}{}", group.replace("\"snare\"]", "\"snaer\"]")));
    assert_eq!((error.code, error.hint.as_deref()), ("unknown_track", Some("did you mean `snare`?")));
    assert_eq!(refused(&format!("{kit}{}", group.replace("= 0.5", "= -2.0"))).code, "out_of_range");
    let twice = format!("{kit}{group}{}", group.replace("\"kit\"", "\"b\""));
    assert_eq!(refused(&twice).code, "two_ways");
}

#[test]
fn stems_of_a_surround_mix_or_with_a_surround_bus_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    song(folder.path());
    for (text, line, name) in [
        (
            SONG.replace("id = \"voices\"\n[[bus]]", "id = \"voices\"\nlayout = \"lcr\"\n[[bus]]"),
            39,
            "`voices`",
        ),
        (SONG.replace("[mix]\n", "[mix]\nlayout = \"7.1.4\"\n"), 60, "`mix`"),
    ] {
        let session = load(folder.path(), &format!("{HEAD}{text}"));
        for options in [floats(), StemOptions { multitrack: true, ..floats() }] {
            let out = tempfile::tempdir().unwrap();
            let errors = stems(&session, out.path(), &Job::quiet(), options).unwrap_err();
            assert_eq!((errors.len(), errors[0].code), (1, "stems_are_stereo"));
            assert!(errors[0].what.contains(name), "{}", errors[0].what);
            assert!(errors[0].hint.as_deref().unwrap_or_default().contains("stereo"));
            assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(line));
            assert_eq!(errors[0].kind, Kind::Usage);
            assert_eq!(std::fs::read_dir(out.path()).unwrap().count(), 0);
        }
    }
}

#[test]
fn a_snapshot_writes_every_kind_of_setting_and_takes_its_own_curves_only() {
    let text = SONG.replace("[mix]\n", "[mix]\ninsert = [{ gain = { on = false } }]\n");
    let set = "[[snapshot]]\nid = \"s\"\n[snapshot.set]\n\"lead.send.plate.gain_db\" = -1.0\n\"lead.send.plate.tap\" = \"pre\"\n\
               \"band.fader_db\" = -6.0\n\"bass.compressor.ratio\" = 2.0\n\"bass.compressor.on\" = false\n\"mix.gain.on\" = true\n\
               \"lead.pan_law\" = -6\n";
    let session = load(Path::new(""), &format!("{HEAD}{text}{set}"));
    let other = session.with_snapshot("s").unwrap();
    let strip = |id: &str| other.strip(id).unwrap();
    let send = &strip("lead").sends[0].controls;
    assert_eq!((send.gain_db, send.tap), (-1.0, crate::session::Tap::Pre));
    assert_eq!(other.vcas[0].controls.fader_db, -6.0);
    let ratio = strip("bass").inserts[0].settings.description().index_of("ratio").unwrap();
    assert_eq!(strip("bass").inserts[0].settings.get(ratio), 2.0);
    assert!(!strip("bass").inserts[0].on && strip("mix").inserts[0].on);
    assert_eq!(strip("lead").controls.pan_law, crate::session::PanLaw::Minus6);
    // Curves of what was set are gone; the ride of the lead, and the mute of the other send, go on.
    let left: Vec<String> =
        other.automation.iter().map(|curve| format!("{}.{}", curve.target.strip, curve.param.key)).collect();
    assert_eq!(left, ["lead.ride_db", "snare.mute"]);
}

#[test]
fn an_edit_group_moves_by_seconds_along_any_tempo_and_compares_lengths() {
    let folder = Path::new("");
    // 60 until beat 4, then 240: beat 8 is at 4 + 1 seconds; a second more is beat 12.
    let tempo = "[[tempo]]\nat_beats = 0\nbpm = 60\n[[tempo]]\nat_beats = 4\nbpm = 240\n";
    let text = format!(
        "{HEAD}{tempo}[[track]]\nid = \"kick\"\n[[track.clip]]\nfile = \"k.wav\"\nstart_beats = 8\n\
         [[track]]\nid = \"snare\"\n[[track.clip]]\nfile = \"s.wav\"\nstart_seconds = 5\n\
         [[edit_group]]\nid = \"kit\"\ntracks = [\"kick\", \"snare\"]\nmove_seconds = MOVE\n"
    );
    for (by, beats) in [(1.0, 12.0), (-2.0, 3.0)] {
        let session = load(folder, &text.replace("MOVE", &format!("{by:?}")));
        let clips: Vec<f64> =
            session.tracks.iter().map(|track| track.clips[0].start_seconds(&session)).collect();
        assert!(clips.iter().all(|at| (at - 5.0 - by).abs() < 1e-12), "{clips:?}");
        assert!((session.tracks[0].clips[0].controls.start_beats - beats).abs() < 1e-12);
        assert!(crate::session::edit_group_findings(&session).is_empty());
    }
    let early = Session::parse(&text.replace("MOVE", "-5.1"), "s.toml", folder, session::Options::default());
    assert_eq!(early.unwrap_err()[0].code, "out_of_range");
    let apart = text
        .replace("move_seconds = MOVE\n", "")
        .replace("start_beats = 8", "start_beats = 8\nlength_seconds = 2.0");
    let apart = apart.replace("start_seconds = 5", "start_seconds = 5\nlength_seconds = 2.25");
    let found = crate::session::edit_group_findings(&load(folder, &apart));
    assert!(found[0].measured.contains("ends 12000 frames apart"), "{}", found[0].measured);
}
