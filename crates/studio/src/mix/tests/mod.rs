mod parts;
mod surround;

use super::*;
use crate::session;
use std::collections::BTreeMap;
use testkit::signals;

fn wav(path: &Path, planes: &[Vec<f64>], sample_rate_hz: u32) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let spec = hound::WavSpec {
        channels: planes.len() as u16,
        sample_rate: sample_rate_hz,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(path, spec).unwrap();
    for frame in 0..planes[0].len() {
        planes.iter().for_each(|plane| writer.write_sample(plane[frame] as f32).unwrap());
    }
    writer.finalize().unwrap();
}

fn read(path: &Path) -> Vec<Vec<f64>> {
    let mut source = decode::open(path, decode::Options::default()).unwrap();
    let mut buffer = Buffer::new(source.info().channels(), 4096);
    let mut planes = vec![Vec::new(); source.info().channels()];
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 {
            return planes;
        }
        planes
            .iter_mut()
            .enumerate()
            .for_each(|(channel, plane)| plane.extend_from_slice(buffer.channel(channel)));
    }
}

/// Loudness and true peak by the ebur128 crate.
fn judged(planes: &[Vec<f64>], sample_rate_hz: u32) -> (f64, f64) {
    let mode = ebur128::Mode::I | ebur128::Mode::TRUE_PEAK;
    let mut meter = ebur128::EbuR128::new(planes.len() as u32, sample_rate_hz, mode).unwrap();
    let planes: Vec<&[f64]> = planes.iter().map(Vec::as_slice).collect();
    meter.add_frames_planar_f64(&planes).unwrap();
    let peak = (0..planes.len() as u32).map(|channel| meter.true_peak(channel).unwrap()).fold(0.0, f64::max);
    (meter.loudness_global().unwrap(), testkit::measure::to_db(peak))
}

fn load(folder: &Path, text: &str) -> Session {
    Session::parse(text, "s.toml", folder, session::Options::default())
        .unwrap_or_else(|errors| panic!("{}", errors[0]))
}

const HEAD: &str = "version = 1\n[session]\nname = \"Song\"\nsample_rate_hz = 48000\n";

/// A session of two tracks on disk.
fn two(folder: &Path, peak: f64) -> Session {
    wav(&folder.join("a.wav"), &[signals::sine(997.0, peak, 0.4, 1.0, 48_000.0)], 48_000);
    wav(&folder.join("b.wav"), &vec![signals::noise(peak / 2.0, 3, 48_000); 2], 48_000);
    load(
        folder,
        &format!(
            "{HEAD}[[track]]\nid = \"a\"\nfile = \"a.wav\"\npan = -0.3\n[[track]]\nid = \"b\"\nfile = \"b.wav\""
        ),
    )
}

#[test]
fn a_print_is_under_its_peak_by_a_static_gain_in_tenths() {
    for peak in [0.9, 0.1] {
        let folder = tempfile::tempdir().unwrap();
        let session = two(folder.path(), peak);
        let out = folder.path().join("print.wav");
        let print = render(&session, &out, &Job::quiet(), Options::default()).unwrap();
        let planes = read(&out);
        let (lufs, true_peak_dbtp) = judged(&planes, 48_000);
        let sample_peak_db =
            testkit::measure::to_db(planes.iter().map(|p| testkit::measure::peak(p)).fold(0.0, f64::max));
        assert!(sample_peak_db <= -3.0 && true_peak_dbtp <= -3.0, "{sample_peak_db} {true_peak_dbtp}");
        let measured = print.measurements();
        assert!(measured.true_peak_worst_dbtp() <= -3.0 && measured.true_peak_worst_dbtp() > -3.12);
        assert!((measured.integrated_lufs.unwrap() - lufs).abs() < 0.01);
        assert_eq!((print.gain_db() * 10.0).round() / 10.0, print.gain_db());
        // Nothing but the gain: the engine's mix times it, to a 24-bit step of dither.
        let mut mix = vec![Vec::new(); 2];
        let files = Files::default();
        Engine::new(&session, &files, engine::Options::default())
            .unwrap()
            .render(&Job::quiet(), &mut |view| {
                mix.iter_mut()
                    .enumerate()
                    .for_each(|(channel, plane)| plane.extend_from_slice(view.channel(channel)));
                Ok(())
            })
            .unwrap();
        let gain = signals::db(print.gain_db());
        for (printed, mixed) in planes.iter().zip(&mix) {
            assert_eq!(printed.len(), mixed.len());
            assert!(printed.iter().zip(mixed).all(|(p, m)| (p - m * gain).abs() < 2.1 / 8_388_608.0));
        }
        assert!(
            std::fs::read_dir(folder.path()).unwrap().count() == 3,
            "nothing but tracks and print is left"
        );
    }
}

#[test]
fn printing_again_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let session = two(folder.path(), 0.5);
    let print = |name: &str, threads: usize, block_frames: usize| {
        let out = folder.path().join(name);
        let options = Options { engine: engine::Options { block_frames }, ..Options::default() };
        render(&session, &out, &Job::quiet().with_threads(threads), options).unwrap();
        std::fs::read(out).unwrap()
    };
    let first = print("1.wav", 1, 2048);
    assert!(first == print("2.wav", 2, 2048));
    assert!(first == print("3.wav", 4, 333));
}

#[test]
fn what_should_not_be_overwritten_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let session = two(folder.path(), 0.5);
    let before = std::fs::read(folder.path().join("a.wav")).unwrap();
    let force = Options { force: true, ..Options::default() };
    let errors = render(&session, &folder.path().join("a.wav"), &Job::quiet(), force).unwrap_err();
    assert_eq!(errors[0].code, "output_is_input");
    assert_eq!(before, std::fs::read(folder.path().join("a.wav")).unwrap());
    std::fs::write(folder.path().join("old.wav"), b"old").unwrap();
    let errors =
        render(&session, &folder.path().join("old.wav"), &Job::quiet(), Options::default()).unwrap_err();
    assert_eq!(errors[0].code, "exists");
    assert_eq!(std::fs::read(folder.path().join("old.wav")).unwrap(), b"old");
    assert!(render(&session, &folder.path().join("old.wav"), &Job::quiet(), force).is_ok());
}

fn rules(print: &Print) -> Vec<&'static str> {
    print.findings().iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_compressor_on_the_mix_bus_is_told_and_an_equaliser_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let session = two(folder.path(), 0.5);
    let text = session.origin.text.clone();
    for (insert, told) in [("compressor", true), ("eq", false), ("gain", false)] {
        let session = load(folder.path(), &format!("{text}\n[mix]\ninsert = [{{ {insert} = {{}} }}]\n"));
        let out = folder.path().join(format!("{insert}.wav"));
        let print = render(&session, &out, &Job::quiet(), Options::default()).unwrap();
        assert_eq!(rules(&print).contains(&"mix_bus_processing"), told, "{insert}");
    }
}

#[test]
fn one_stray_hit_is_told_with_its_time_and_a_dense_mix_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut planes = vec![signals::noise(0.1, 9, 48_000); 2];
    let session = load(folder.path(), &format!("{HEAD}[[track]]\nid = \"a\"\nfile = \"a.wav\""));
    for (hit, told) in [(0.1, false), (0.9, true)] {
        planes[1][24_000] = hit;
        wav(&folder.path().join("a.wav"), &planes, 48_000);
        let options = Options { force: true, ..Options::default() };
        let print = render(&session, &folder.path().join("p.wav"), &Job::quiet(), options).unwrap();
        assert_eq!(rules(&print).contains(&"stray_peak"), told, "{hit}");
        if told {
            assert_eq!(print.findings().iter().find(|f| f.rule == "stray_peak").unwrap().seconds, Some(0.5));
        }
    }
}

#[test]
fn clipped_tracks_and_late_points_are_told_and_silence_is_printed_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let loud: Vec<f64> =
        signals::sine(110.0, 1.6, 0.0, 0.5, 48_000.0).iter().map(|x| x.clamp(-1.0, 1.0)).collect();
    wav(&folder.path().join("a.wav"), &[loud], 48_000);
    wav(&folder.path().join("z.wav"), &[vec![0.0; 4800]], 48_000);
    let automation = "[[automation]]\ntarget = \"a.pan\"\npoints = [[0, 0], [9, 1]]";
    let session =
        load(folder.path(), &format!("{HEAD}[[track]]\nid = \"a\"\nfile = \"a.wav\"\n{automation}"));
    let print = render(&session, &folder.path().join("p.wav"), &Job::quiet(), Options::default()).unwrap();
    assert!(rules(&print).contains(&"clipped_source") && rules(&print).contains(&"automation_past_end"));
    let session = load(folder.path(), &format!("{HEAD}[[track]]\nid = \"a\"\nfile = \"z.wav\""));
    let print = render(&session, &folder.path().join("q.wav"), &Job::quiet(), Options::default()).unwrap();
    assert!(rules(&print).contains(&"silent") && print.gain_db() == 0.0);
}

/// A band in a folder: what the names say, and levels all over the place.
fn band(folder: &Path) {
    let rate = 48_000.0;
    let tone = |hz: f64, peak: f64| signals::sine(hz, peak, 0.2, 3.0, rate);
    let pulsed = |mut tone: Vec<f64>, period: usize, on: usize| {
        tone.iter_mut().enumerate().filter(|(n, _)| n % period >= on).for_each(|(_, x)| *x = 0.0);
        tone
    };
    wav(&folder.join("01 Kick.wav"), &[pulsed(tone(80.0, 0.9), 24_000, 6000)], 48_000);
    wav(&folder.join("02 Snare.wav"), &[pulsed(signals::noise(0.2, 1, 144_000), 48_000, 7000)], 48_000);
    wav(&folder.join("Bass.wav"), &[tone(110.0, 0.05)], 48_000);
    wav(&folder.join("Gtr L.wav"), &[tone(330.0, 0.3)], 48_000);
    wav(&folder.join("Gtr R.wav"), &[tone(440.0, 0.01)], 48_000);
    wav(&folder.join("Lead Vox.wav"), &[tone(880.0, 0.02)], 48_000);
    wav(&folder.join("BV/one.wav"), &vec![tone(660.0, 0.3); 2], 48_000);
    wav(&folder.join("BV/two.wav"), &[tone(700.0, 0.1)], 48_000);
    wav(&folder.join("empty synth.wav"), &[vec![0.0; 144_000]], 48_000);
    wav(&folder.join("Rough Mix.wav"), &vec![signals::noise(0.5, 2, 144_000); 2], 48_000);
    wav(&folder.join("Gtr copy.wav"), &[tone(330.0, 0.15)], 48_000);
    std::fs::write(folder.join("notes.txt"), "sing louder").unwrap();
    std::fs::write(folder.join("broken.wav"), b"RIFF").unwrap();
}

#[test]
fn a_folder_becomes_a_session_with_roles_buses_pairs_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    band(folder.path());
    let made = super::folder(folder.path(), &Job::quiet(), FolderOptions::default()).unwrap();
    let again =
        super::folder(folder.path(), &Job::quiet().with_threads(1), FolderOptions::default()).unwrap();
    assert_eq!(made, again);
    let session = load(folder.path(), &made.text);
    assert!(session.check_files().is_empty());
    let strip = |id: &str| session.strip(id).unwrap_or_else(|| panic!("{id}\n{}", made.text));
    assert_eq!(strip("01_kick").output.id, "drums_bus");
    assert_eq!(strip("bass").output.id, "mix");
    assert_eq!((strip("gtr_l").controls.pan, strip("gtr_r").controls.pan), (-1.0, 1.0));
    assert_eq!(strip("lead_vox").controls.pan, 0.0);
    assert_eq!(
        (strip("one").output.id.as_str(), strip("two").output.id.as_str()),
        ("backing_bus", "backing_bus")
    );
    assert!(strip("empty_synth").controls.mute && strip("rough_mix").controls.mute);
    // Of two that are the same, the later by name is muted.
    assert!(strip("gtr_l").controls.mute != strip("gtr_copy").controls.mute);
    assert_eq!(session.tracks.iter().find(|t| t.strip.id == "one").unwrap().clips[0].channels, [0]);
    let rules: Vec<&str> = made.findings.iter().map(|finding| finding.rule).collect();
    for rule in ["muted", "duplicate", "unreadable"] {
        assert!(rules.contains(&rule), "{rule} {rules:?}");
    }
    assert!(made.document().is_ok());
}

/// Loudness of every group on its own against the whole, judged by the ebur128 crate on rendered audio.
fn group_loudness(folder: &Path, text: &str, groups: &[&[&str]]) -> Vec<f64> {
    let level = |solo: &[&str]| {
        let mut session = load(folder, text);
        session
            .tracks
            .iter_mut()
            .for_each(|track| track.strip.controls.solo = solo.contains(&track.strip.id.as_str()));
        let mut planes = vec![Vec::new(); 2];
        let files = Files::default();
        let engine = Engine::new(&session, &files, engine::Options::default()).unwrap();
        engine
            .render(&Job::quiet(), &mut |view| {
                planes
                    .iter_mut()
                    .enumerate()
                    .for_each(|(channel, plane)| plane.extend_from_slice(view.channel(channel)));
                Ok(())
            })
            .unwrap();
        judged(&planes, session.sample_rate_hz).0
    };
    let whole = level(&[]);
    groups.iter().map(|group| level(group) - whole).collect()
}

#[test]
fn groups_stand_in_the_rendered_mix_where_the_balance_wants_them() {
    let folder = tempfile::tempdir().unwrap();
    band(folder.path());
    let made = super::folder(folder.path(), &Job::quiet(), FolderOptions::default()).unwrap();
    let found = group_loudness(
        folder.path(),
        &made.text,
        &[&["lead_vox"], &["01_kick", "02_snare"], &["bass"], &["one", "two"]],
    );
    // Published medians: vocals -3.1, drums -7.5, bass -8.5; backing at least 5 under the lead. Loudness while active and
    // integrated loudness differ by the gate, and uncorrelated sums are an estimate: 1.5 LU.
    for (found, wanted) in found.iter().zip([-3.1, -7.5, -8.5]) {
        assert!((found - wanted).abs() < 1.5, "{found} {wanted}\n{}", made.text);
    }
    assert!(found[3] < found[0] - 4.0);
}

#[test]
fn a_gain_on_a_track_changes_its_trim_and_not_the_mix() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    band(one.path());
    band(two.path());
    let quiet: Vec<f64> = signals::sine(880.0, 0.002, 0.2, 3.0, 48_000.0);
    wav(&two.path().join("Lead Vox.wav"), &[quiet], 48_000);
    let text = |folder: &Path| super::folder(folder, &Job::quiet(), FolderOptions::default()).unwrap().text;
    let sessions = [load(one.path(), &text(one.path())), load(two.path(), &text(two.path()))];
    let [a, b] = sessions.each_ref().map(|session| &session.strip("lead_vox").unwrap().controls);
    assert!((b.trim_db - a.trim_db - 20.0).abs() < 0.11, "{} {}", a.trim_db, b.trim_db);
    assert_eq!(a.fader_db, b.fader_db);
}

#[test]
fn high_passes_are_written_when_asked_for_and_an_empty_folder_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        super::folder(folder.path(), &Job::quiet(), FolderOptions::default()).unwrap_err().code,
        "no_tracks"
    );
    band(folder.path());
    let options = FolderOptions { high_pass: true, ..FolderOptions::default() };
    let session = load(folder.path(), &super::folder(folder.path(), &Job::quiet(), options).unwrap().text);
    assert_eq!(session.strip("lead_vox").unwrap().inserts.len(), 1);
    let missing = super::folder(&folder.path().join("nowhere"), &Job::quiet(), options).unwrap_err();
    assert_eq!(missing.code, "not_found");
}

#[test]
fn time_stamps_place_tracks() {
    let folder = tempfile::tempdir().unwrap();
    for (name, frames) in [("Bass", 48_000_u64), ("Piano", 60_000)] {
        let mut spec = Spec::new(Container::Wav, Encoding::Int(24), 48_000, 1);
        spec.bext = Some(Bext { time_reference_frames: frames, ..Bext::default() });
        let mut writer = Writer::create(&folder.path().join(format!("{name}.wav")), spec, false).unwrap();
        writer.write(Buffer::from_planes(&[signals::noise(0.1, frames, 96_000)]).view()).unwrap();
        writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    }
    let made = super::folder(folder.path(), &Job::quiet(), FolderOptions::default()).unwrap();
    let session = load(folder.path(), &made.text);
    let starts: BTreeMap<&str, f64> =
        session.tracks.iter().map(|t| (t.strip.id.as_str(), t.clips[0].controls.start_seconds)).collect();
    assert_eq!((starts["bass"], starts["piano"]), (0.0, 0.25), "{}", made.text);
}

#[test]
fn real_multitracks_become_sessions_that_print() {
    let audio = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio/multitrack");
    for name in ["francium_edm_vocal", "rock_ddtbl2", "finalstep_synth"] {
        let folder = Path::new(audio).join(name);
        if !folder.is_dir() {
            println!("skipped: no {}", folder.display());
            continue;
        }
        let made = super::folder(&folder, &Job::quiet(), FolderOptions::default()).unwrap();
        let session = load(&folder, &made.text);
        assert!(session.check_files().is_empty());
        if name != "rock_ddtbl2" {
            continue;
        }
        let out = tempfile::tempdir().unwrap();
        let print = render(&session, &out.path().join("p.wav"), &Job::quiet(), Options::default()).unwrap();
        assert!(print.measurements().true_peak_worst_dbtp() <= -3.0, "{name}");
        assert!(print.measurements().correlation.unwrap() > 0.0, "{name}");
        for finding in made.findings.iter().chain(print.findings()) {
            println!("{name}: {} {}: {} ({})", finding.rule, finding.about, finding.measured, finding.limit);
        }
        println!(
            "{name}: {:.1} LUFS, print gain {:+.1} dB",
            print.measurements().integrated_lufs.unwrap(),
            print.gain_db()
        );
    }
}

#[test]
fn a_soft_mix_is_raised_by_24_db_at_most_and_only_where_it_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let session = two(folder.path(), 0.001);
    for (raise, wanted_db) in [(true, 24.0), (false, 0.0)] {
        let options = Options { raise, force: true, ..Options::default() };
        let print = render(&session, &folder.path().join("p.wav"), &Job::quiet(), options).unwrap();
        assert_eq!(print.gain_db(), wanted_db, "{raise}");
    }
}

#[test]
fn a_stray_peak_is_one_over_six_decibels_that_one_sample_in_ten_thousand_exceeds() {
    let folder = tempfile::tempdir().unwrap();
    let session = load(folder.path(), &format!("{HEAD}[[track]]\nid = \"a\"\nfile = \"a.wav\""));
    // 96 000 samples: nine are rarer than one in ten thousand, ninety are not. 0.28 is 9 dB over 0.1, 0.18 is 5.
    for (hits, level, told) in [(9, 0.28, true), (9, 0.18, false), (90, 0.9, false)] {
        let mut planes = vec![vec![0.1; 48_000]; 2];
        (0..hits).for_each(|n| planes[1][500 * n + 1000] = level);
        wav(&folder.path().join("a.wav"), &planes, 48_000);
        let options = Options { force: true, ..Options::default() };
        let print = render(&session, &folder.path().join("p.wav"), &Job::quiet(), options).unwrap();
        assert_eq!(rules(&print).contains(&"stray_peak"), told, "{hits} {level}");
    }
}
