#![allow(
    clippy::disallowed_methods,
    clippy::single_range_in_vec_init,
    reason = "answers from elsewhere may come from the standard library"
)]
use super::cut::{Limit, Side};
use super::*;
use crate::audio::Layout;
use crate::meters::{Bank, Setup};
use dsp::block::Buffer;
use dsp::vinyl::{Groove, Motion};
use std::path::PathBuf;
use testkit::signals::sine;

const RATE_HZ: f64 = 44_100.0;

/// A song of a tone as long as asked, its motion made of one second.
fn tone(hz: f64, left: f64, right: f64, seconds: f64, format: &Format) -> Song {
    let plane = sine(hz, 1.0, 0.0, 4.0, RATE_HZ);
    let planes = [left, right].map(|gain| plane.iter().map(|x| gain * x).collect::<Vec<_>>());
    let audio = Buffer::from_planes(&planes);
    let mut bank = Bank::new(Setup::of_render(44_100, Layout::of(2)));
    bank.process(audio.view());
    let mut measured = bank.finish();
    measured.duration_seconds = seconds;
    let sector = format.turn_seconds() / 8.0;
    let mut groove = Groove::new(RATE_HZ, sector);
    groove.push(audio.view());
    let steady = groove.finish()[8];
    Song {
        file: PathBuf::from("tone.wav"),
        title: "tone".into(),
        measured,
        bass: Bass { side_mid_db: f64::NEG_INFINITY, ..Bass::default() },
        treble: Treble { sibilance_db: -30.0, top_db: -60.0, sibilant_dbfs: -60.0 },
        findings: Vec::new(),
        motion: vec![steady; (seconds / sector).ceil() as usize],
    }
}

fn lp() -> Format {
    find("12in-33").expect("it is known")
}

#[test]
fn grooves_move_at_the_published_speeds() {
    // cm/s at the rim and near the label, 33 1/3 and 45 turns.
    let speed = |name: &str, radius_mm: f64| find(name).expect("known").speed_cm_s(radius_mm);
    for (name, radius_mm, cm_s) in
        [("12in-33", 146.3, 51.1), ("12in-33", 60.3, 21.1), ("12in-45", 146.3, 68.9), ("7in-45", 84.15, 39.7)]
    {
        assert!((speed(name, radius_mm) - cm_s).abs() < 0.06, "{name}: {}", speed(name, radius_mm));
    }
}

#[test]
fn custom_gives_a_level_between_the_rows_of_its_table() {
    let format = lp();
    assert_eq!(format.level_for(20.0), Some(0.0));
    assert_eq!(format.level_for(22.0), Some(-1.5));
    assert_eq!(format.level_for(28.0), Some(-6.0));
    assert_eq!(format.level_for(28.1), None);
    // Four minutes under the first row, three decibels more; never over 6.
    assert_eq!(format.level_for(16.0), Some(3.0));
    assert_eq!(format.level_for(2.0), Some(6.0));
}

#[test]
fn silence_is_cut_at_its_own_width_and_land() {
    let format = lp();
    let mut silent = tone(1000.0, 1.0, 1.0, 600.0, &format);
    silent.motion.fill(Motion::default());
    let cut = Side::new(format, vec![&silent], 2.0).cut(0.0);
    // 50 µm of groove and 12 of land: 409.7 lines an inch, 333 turns, 20.7 mm.
    assert!((cut.lines_per_inch() - 25_400.0 / 62.0).abs() < 1e-6, "{}", cut.lines_per_inch());
    assert_eq!(cut.turns.len(), 334);
    assert!((format.outer_mm - cut.ends_mm - 334.0 * 0.062).abs() < 1e-9);
}

#[test]
fn a_tone_at_reference_level_moves_as_the_reference_does() {
    let format = lp();
    let song = tone(1000.0, 0.1, 0.1, 60.0, &format);
    let cut = Side::new(format, vec![&song], 2.0).cut(0.0);
    let turn = cut.turns[3];
    // 7.07 cm/s sideways, 11.25 µm; the pitch takes √2 · 2 · 7.96 µm of the walls.
    assert!((turn.lateral_cm_s / 7.071 - 1.0).abs() < 0.003, "{turn:?}");
    assert!((turn.lateral_um / 11.254 - 1.0).abs() < 0.003, "{turn:?}");
    assert!((turn.pitch_um - (62.0 + std::f64::consts::SQRT_2 * 2.0 * 7.958)).abs() < 0.1, "{turn:?}");
    // Six decibels more double everything.
    let louder = Side::new(format, vec![&song], 2.0).cut(20.0 * 2.0_f64.log10());
    assert!((louder.turns[3].lateral_cm_s / turn.lateral_cm_s - 2.0).abs() < 1e-9);
    // The file's own level changes nothing: the lathe is set by what is heard.
    let quiet = tone(1000.0, 0.01, 0.01, 60.0, &format);
    let same = Side::new(format, vec![&quiet], 2.0).cut(0.0);
    assert!((same.turns[3].lateral_cm_s / turn.lateral_cm_s - 1.0).abs() < 1e-3);
}

#[test]
fn a_wide_bass_deepens_and_widens_the_groove() {
    let format = lp();
    let level_db = 6.0;
    let [mono, wide] = [1.0, -1.0].map(|right| {
        let song = tone(60.0, 0.1, 0.1 * right, 60.0, &format);
        Side::new(format, vec![&song], 2.0).cut(level_db).turns[3]
    });
    assert!(mono.vertical_um < 1e-3 && wide.lateral_um < 1e-3, "{mono:?} {wide:?}");
    assert!((wide.vertical_um / mono.lateral_um - 1.0).abs() < 1e-6);
    // The narrowest place keeps 25 µm: the groove is 25 + 2 z wide in place of 50.
    let more = (25.0 + 2.0 * wide.vertical_um).max(50.0) - 50.0;
    assert!(more > 1.0 && (wide.pitch_um - mono.pitch_um - more).abs() < 1e-6, "{mono:?} {wide:?}");
}

#[test]
fn the_loudest_level_just_fits_and_says_what_stops_it() {
    let format = lp();
    // 22 minutes of 100 Hz: space runs out.
    let long = tone(100.0, 0.1, 0.1, 22.0 * 60.0, &format);
    let side = Side::new(format, vec![&long], 2.0);
    let (cut, limit) = side.loudest();
    assert_eq!(limit, Limit::Space);
    assert!(cut.free_mm >= 0.0 && side.cut(cut.level_db + 0.06).free_mm < 0.0, "{}", cut.free_mm);
    // A minute of 15 kHz: the groove becomes too steep, at the level of the closed form.
    let bright = tone(15_000.0, 0.1, 0.1, 60.0, &format);
    let side = Side::new(format, vec![&bright], 2.0);
    let (cut, limit) = side.loudest();
    assert_eq!(limit, Limit::Velocity);
    assert!(cut.holds() && !side.cut(cut.level_db + 0.06).holds());
}

#[test]
fn a_steep_groove_is_found_near_the_label_first() {
    let format = lp();
    let song = tone(8000.0, 0.1, 0.1, 18.0 * 60.0, &format);
    let side = Side::new(format, vec![&song], 2.0);
    let radius_mm = side.least_radius_mm(&song, 6.0);
    // The lateral velocity at +6 dB is 14.11 cm/s times 11.894 dB (playback is -11.894 dB), 3.93: 55.5 cm/s; K-weighting reads
    // the tone by its own weight. A groove is as fast at r = v / (2π 33.33 / 60).
    let scale = crate::vinyl::cut::Side::new(format, vec![&song], 0.0).cut(6.0).turns[1].lateral_cm_s;
    let steep_mm = scale / format.speed_cm_s(1.0);
    assert!(radius_mm >= steep_mm - 1e-9, "{radius_mm} {steep_mm}");
}

#[test]
fn songs_are_spread_so_that_the_longest_side_is_shortest() {
    let format = lp();
    let minutes = |list: &[f64]| list.iter().map(|m| m * 60.0).collect::<Vec<_>>();
    let songs = minutes(&[5.0, 3.0, 4.0, 6.0, 2.0, 4.0]);
    let sides = plan::spread(&songs, 0.0, &format, None).expect("they fit");
    // 12 and 12.
    assert_eq!(sides, [0..3, 3..6]);
    let four = plan::spread(&minutes(&[9.0; 8]), 0.0, &format, None).expect("they fit");
    assert_eq!(four, [0..2, 2..4, 4..6, 6..8]);
    let one = plan::spread(&minutes(&[3.0]), 0.0, &format, None).expect("a single");
    assert_eq!(one, [0..1]);
    let code = |songs: &[f64], sides| plan::spread(songs, 0.0, &format, sides).map_err(|error| error.code);
    assert_eq!(code(&[], None), Err("no_songs"));
    assert_eq!(code(&minutes(&[29.0]), None), Err("side_too_long"));
    assert_eq!(code(&minutes(&[3.0, 3.0]), Some(3)), Err("too_many_sides"));
}

#[test]
fn each_fault_is_found_and_its_clean_twin_is_not() {
    let format = lp();
    let rules = |song: &Song| {
        let songs = vec![song.clone()];
        let sides = plan::plan(&songs, &[0..1], &format, 2.0);
        findings(&songs, &sides, &format).into_iter().map(|finding| finding.rule).collect::<Vec<_>>()
    };
    let clean = {
        let mut song = tone(400.0, 0.2, 0.2, 600.0, &format);
        (song.measured.plr_lu, song.measured.true_peak_dbtp, song.measured.true_peak_itu_dbtp) =
            (Some(14.0), -6.0, -6.0);
        song
    };
    assert_eq!(rules(&clean), [""; 0]);
    let with = |change: fn(&mut Song)| {
        let mut song = clean.clone();
        change(&mut song);
        rules(&song)
    };
    assert_eq!(with(|song| song.bass.side_mid_db = -5.9), ["wide_bass"]);
    assert_eq!(with(|song| song.bass.side_mid_db = -6.1), [""; 0]);
    assert_eq!(with(|song| song.bass.out_of_phase_seconds = 0.2), ["bass_out_of_phase"]);
    assert_eq!(with(|song| song.treble.sibilance_db = 6.5), ["sibilance"]);
    assert_eq!(with(|song| song.treble.top_db = -23.0), ["much_top"]);
    assert_eq!(with(|song| song.measured.plr_lu = Some(11.0)), ["limited"]);
    assert_eq!(with(|song| song.measured.true_peak_dbtp = -2.9), ["headroom"]);
    assert_eq!(
        rules(&{
            let mut song = tone(400.0, 0.2, 0.2, 22.0 * 60.0, &format);
            song.measured.plr_lu = Some(14.0);
            song
        }),
        ["side_long"]
    );
    assert!(rules(&tone(400.0, 0.2, 0.2, 29.0 * 60.0, &format)).contains(&"side_too_long"));
}

#[test]
fn the_most_demanding_song_belongs_outside() {
    let format = lp();
    let songs = vec![tone(300.0, 0.1, 0.1, 300.0, &format), tone(9000.0, 0.1, 0.1, 300.0, &format)];
    let sides = plan::plan(&songs, &[0..2], &format, 2.0);
    assert_eq!(sides[0].better_order, Some(vec![1, 0]));
    let turned = vec![songs[1].clone(), songs[0].clone()];
    assert_eq!(plan::plan(&turned, &[0..2], &format, 2.0)[0].better_order, None);
}

#[test]
fn listening_hears_bass_that_is_wide_or_against_itself_and_sibilants() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, left: &[f64], right: &[f64]| {
        let path = folder.path().join(name);
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 44_100,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(&path, spec).expect("it opens");
        for (l, r) in left.iter().zip(right) {
            for x in [l, r] {
                file.write_sample((x * 8_388_607.0) as i32).expect("it writes");
            }
        }
        file.finalize().expect("it ends");
        hear(&path, &lp(), &crate::job::Job::quiet()).expect("it listens")
    };
    let bass = sine(80.0, 0.3, 0.0, 4.0, RATE_HZ);
    // From 1 to 2.5 s the right side is turned over.
    let turned: Vec<f64> =
        bass.iter().enumerate().map(|(n, x)| if (44_100..110_250).contains(&n) { -x } else { *x }).collect();
    let song = write("turned.wav", &bass, &turned);
    assert!((song.bass.out_of_phase_seconds - 1.5).abs() < 0.15, "{:?}", song.bass);
    assert!((song.bass.out_of_phase_at_seconds - 1.0).abs() < 0.15, "{:?}", song.bass);
    // Side power 1.5 s to mid power 2.5 s.
    assert!((song.bass.side_mid_db + 2.2).abs() < 0.2, "{:?}", song.bass);
    let mono = write("mono.wav", &bass, &bass);
    assert!(mono.bass.side_mid_db < -100.0 && mono.bass.out_of_phase_seconds == 0.0, "{:?}", mono.bass);
    // Noise of 8 kHz for 80 ms in every second, 10 dB over a tone of 500 Hz.
    let body = sine(500.0, 0.1, 0.0, 4.0, RATE_HZ);
    let hiss = sine(8000.0, 0.316, 0.0, 4.0, RATE_HZ);
    let voice: Vec<f64> = body
        .iter()
        .zip(&hiss)
        .enumerate()
        .map(|(n, (b, h))| b + if n % 44_100 < 3528 { *h } else { 0.0 })
        .collect();
    let song = write("voice.wav", &voice, &voice);
    // Butterworth filters of 6 and 12 kHz take 1.19 and 0.78 dB of 8 kHz, those of 200 Hz and 2 kHz 0.13 dB of 500 Hz.
    assert!((song.treble.sibilance_db - 8.16).abs() < 0.4, "{:?}", song.treble);
    assert!(write("body.wav", &body, &body).treble.sibilance_db < -30.0);
}

#[test]
fn a_side_is_its_songs_and_the_gaps_between_them_at_the_lower_of_two_levels() {
    let format = lp();
    let songs = vec![tone(400.0, 0.2, 0.2, 300.0, &format), tone(400.0, 0.2, 0.2, 300.0, &format)];
    let side = &plan::plan(&songs, &[0..2], &format, 2.0)[0];
    assert!((side.seconds - 602.0).abs() < 1e-9, "{}", side.seconds);
    assert_eq!(side.cut.level_db, side.custom_db.expect("it is offered").min(side.highest_db));
    // Gaps of their own: what stands before the first song is not cut.
    let side = &plan::plan_with_gaps(&songs, &[0..2], &format, &[9.0, 3.5])[0];
    assert!((side.seconds - 603.5).abs() < 1e-9, "{}", side.seconds);
}
