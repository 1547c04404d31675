//! Faults of folders: tracks, stems, albums. Several faults lie in one folder, each on a track of its own.

use crate::kit::{Sound, Tally, clean, demo_mix, look, rules, shared, write};
use std::path::{Path, PathBuf};
use testkit::signals::{noise, sine};

/// Tracks of the demo song, so many seconds of them.
fn tracks(seconds: f64) -> Vec<(String, Sound)> {
    let frames = (seconds * 48_000.0) as usize;
    let cut = |track: &studio::demo::Track| {
        let planes = (0..track.audio.channels())
            .map(|channel| {
                let from = &track.audio.view().channel(channel)[96_000..96_000 + frames];
                let fade = |n: usize| ((frames - n) as f64 / 24_000.0).min(n as f64 / 480.0).min(1.0);
                let mut plane: Vec<f64> = from.iter().enumerate().map(|(n, x)| x * fade(n)).collect();
                plane.extend(vec![0.0; 12_000]);
                plane
            })
            .collect();
        (track.file.to_owned(), Sound::new(planes, 48_000))
    };
    studio::demo::tracks(1).iter().map(cut).collect()
}

fn put(folder: &Path, tracks: &[(String, Sound)]) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).unwrap();
    tracks
        .iter()
        .map(|(name, sound)| {
            let path = folder.join(name);
            write(&path, sound);
            path
        })
        .collect()
}

/// What the assistant may always say of real and made-up playing: suspicions, and remarks that stop nothing.
const REMARKS: &[&str] =
    &["bleed", "out_of_time", "out_of_tune", "printed_reverb", "noisy", "masked_vocal", "limited"];

fn case(
    tally: &mut Tally,
    name: &str,
    tracks: &[(String, Sound)],
    must: &[&'static str],
    may: &[&'static str],
) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tracks");
    put(&root, tracks);
    let found = look(&[root], &["spotify"]);
    let may: Vec<&'static str> = may.iter().chain(REMARKS).copied().collect();
    tally.case(name, &rules(&found), must, &may);
}

fn change(tracks: &mut [(String, Sound)], part: &str, with: impl Fn(Sound) -> Sound) {
    let (_, sound) = tracks.iter_mut().find(|(name, _)| name.contains(part)).unwrap();
    *sound = with(sound.clone());
}

pub(crate) fn tracks_of_a_song(tally: &mut Tally) {
    let whole = tracks(16.0);
    case(tally, "tracks, clean", &whole, &[], &[]);
    let mut bad = whole.clone();
    change(&mut bad, "Room", |s| s.each(|x| *x = 0.0));
    change(&mut bad, "Tom", |s| {
        let top = 0.3 * s.peak();
        s.each(|x| *x = x.clamp(-top, top))
    });
    change(&mut bad, "Keys", |s| s.each(|x| *x += 0.01));
    change(&mut bad, "Bass", |mut s| {
        let frames = s.frames() * 6 / 10;
        s.planes.iter_mut().for_each(|plane| plane.truncate(frames));
        s
    });
    change(&mut bad, "BGV1", |mut s| {
        s.planes.push(vec![0.0; s.frames()]);
        s
    });
    change(&mut bad, "BGV2", |mut s| {
        s.planes.push(s.planes[0].clone());
        s
    });
    let double = bad.iter().find(|(name, _)| name.contains("HiHat")).unwrap().1.clone();
    bad.push(("15_Shaker.wav".to_owned(), double.gain(-4.0)));
    let must: &[&str] = &[
        "empty",
        "clipped",
        "dc",
        "length_differs",
        "abrupt_end",
        "one_sided",
        "mono_in_stereo",
        "duplicate",
    ];
    case(tally, "tracks, eight faults", &bad, must, &["missing_part"]);
    let mut bad = whole.clone();
    change(&mut bad, "LeadVox", |mut s| {
        let (seconds, rate) = (s.frames() as f64 / 48_000.0, 48_000.0);
        for (multiple, peak) in [(1.0, 0.01), (2.0, 0.006), (3.0, 0.008)] {
            let tone = sine(50.0 * multiple, peak, 0.0, seconds, rate);
            s.planes[0].iter_mut().zip(&tone).for_each(|(x, tone)| *x += tone);
        }
        s
    });
    change(&mut bad, "BGV1", |mut s| {
        let hiss = noise(0.03, 9, s.frames());
        s.planes[0].iter_mut().zip(&hiss).for_each(|(x, hiss)| *x += hiss);
        s
    });
    change(&mut bad, "Keys", |s| {
        let planes =
            dsp::resample::resample(&s.planes, 48_000, 44_100, dsp::resample::Slope::Gentle).unwrap();
        Sound::new(planes, 44_100)
    });
    change(&mut bad, "Bass", |mut s| {
        s = s.gain(20.0);
        s.encoding = studio::audio::Encoding::Float(32);
        s
    });
    change(&mut bad, "GtrLeft", |mut s| {
        for n in 0..6 {
            let at = 48_000 + n * 100_000;
            s.planes[0][at] += 0.6;
            s.planes[0][at + 1] -= 0.5;
        }
        s
    });
    bad.iter_mut()
        .filter(|(name, _)| name.contains("BGV2"))
        .for_each(|(name, _)| *name = "14_BGV2_placeholder.wav".to_owned());
    let click: Vec<f64> = (0..whole[0].1.frames())
        .map(|n| {
            if n % 28_800 < 480 {
                0.5 * dsp::math::sin(dsp::math::TAU * 1000.0 * n as f64 / 48_000.0)
            } else {
                0.0
            }
        })
        .collect();
    bad.push(("16_Click.wav".to_owned(), Sound::new(vec![click], 48_000)));
    let must: &[&str] =
        &["hum", "noisy", "rate_differs", "over_full_scale", "clicks", "placeholder", "click"];
    case(tally, "tracks, seven faults", &bad, must, &["abrupt_end"]);
    let no_bass: Vec<(String, Sound)> =
        whole.iter().filter(|(name, _)| !name.contains("Bass")).cloned().collect();
    case(tally, "tracks without a bass", &no_bass, &["missing_part"], &[]);
    let one_guitar: Vec<(String, Sound)> =
        whole.iter().filter(|(name, _)| !name.contains("GtrRight")).cloned().collect();
    case(tally, "tracks without a right guitar", &one_guitar, &["missing_part"], &[]);
    let mut rough = whole.clone();
    rough.push(("rough mix.wav".to_owned(), demo_sum(&whole)));
    case(tally, "tracks with a rough mix", &rough, &["rough_mix"], &[]);
    let broken = tempfile::tempdir().unwrap();
    let root = broken.path().join("tracks");
    put(&root, &whole[..6]);
    std::fs::write(root.join("07_Bass.wav"), b"RIFF").unwrap();
    tally.case(
        "tracks, one broken",
        &rules(&look(&[root], &["cd"])),
        &["unreadable"],
        &[REMARKS, &["missing_part"]].concat(),
    );
}

fn demo_sum(tracks: &[(String, Sound)]) -> Sound {
    let frames = tracks[0].1.frames();
    let mut planes = vec![vec![0.0; frames]; 2];
    for (_, sound) in tracks {
        for (channel, plane) in planes.iter_mut().enumerate() {
            let from = &sound.planes[channel.min(sound.planes.len() - 1)];
            plane.iter_mut().zip(from).for_each(|(x, y)| *x += 0.3 * y);
        }
    }
    Sound::new(planes, 48_000)
}

/// Groups of the demo as stereo stems.
fn stems(guitar_db: f64) -> Vec<(String, Sound)> {
    let all = tracks(16.0);
    let group = |parts: &[&str], gain_db: f64| {
        let own: Vec<(String, Sound)> =
            all.iter().filter(|(name, _)| parts.iter().any(|part| name.contains(part))).cloned().collect();
        demo_sum(&own).gain(gain_db)
    };
    vec![
        ("Drums.wav".to_owned(), group(&["Kick", "SnareTop", "HiHat", "Overheads"], 0.0)),
        ("Bass.wav".to_owned(), group(&["Bass"], 0.0)),
        ("Guitars.wav".to_owned(), group(&["Gtr"], guitar_db)),
        ("Keys.wav".to_owned(), group(&["Keys"], -4.0)),
        ("Lead vocals.wav".to_owned(), group(&["LeadVox"], 4.0)),
    ]
}

pub(crate) fn stems_and_albums(tally: &mut Tally) {
    let quiet: &[&str] = &["out_of_time", "out_of_tune", "noisy", "mono_in_stereo"];
    let may: Vec<&'static str> = quiet.to_vec();
    let one = |tally: &mut Tally,
               name: &str,
               stems: &[(String, Sound)],
               must: &[&'static str],
               more: &[&'static str]| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("Stems");
        put(&root, stems);
        let found = look(&[root], &["spotify"]);
        assert_eq!(found.items[0].kind, advice::assess::Kind::Stems, "{name}");
        tally.case(name, &rules(&found), must, &[&may[..], more].concat());
    };
    one(tally, "stems, clean", &stems(-2.0), &[], &[]);
    one(
        tally,
        "stems, guitars over the voice",
        &stems(14.0),
        &["masked_vocal"],
        &["headroom", "over_full_scale"],
    );
    let mut clipped = stems(-2.0);
    change(&mut clipped, "Drums", |s| {
        let top = 0.25 * s.peak();
        s.each(|x| *x = x.clamp(-top, top))
    });
    one(tally, "stems, drums clipped", &clipped, &["clipped"], &["limited", "dense"]);
    let song = demo_mix(10.0);
    let album = |tally: &mut Tally,
                 name: &str,
                 songs: Vec<(String, Sound)>,
                 must: &[&'static str],
                 more: &[&'static str]| {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("record");
        put(&root, &songs);
        let found = look(&[root], &["cd"]);
        assert_eq!(found.items[0].kind, advice::assess::Kind::Album, "{name}");
        tally.case(name, &rules(&found), must, more);
    };
    let named = |name: &str, sound: Sound| (format!("{name}.wav"), sound);
    let shorter =
        clean(&Sound::new(song.planes.iter().map(|plane| plane[..300_000].to_vec()).collect(), 48_000));
    album(
        tally,
        "album, clean",
        vec![named("01 Dawn", song.clone()), named("02 Noon", shorter.clone())],
        &[],
        &[],
    );
    album(
        tally,
        "album, levels apart",
        vec![named("01 Dawn", song.clone()), named("02 Noon", shorter.clone().gain(-9.0))],
        &["levels_apart"],
        &[],
    );
    let other = Sound::new(
        dsp::resample::resample(&shorter.planes, 48_000, 44_100, dsp::resample::Slope::Gentle).unwrap(),
        44_100,
    );
    album(
        tally,
        "album, two rates",
        vec![named("01 Dawn", song.clone()), named("02 Noon", other)],
        &["rates_apart"],
        &[],
    );
    let top = 0.12 * song.peak();
    let loud = song.clone().each(|x| *x = (*x).clamp(-top, top)).at_peak(-0.1);
    album(
        tally,
        "album, one mastered",
        vec![named("01 Dawn", loud), named("02 Noon", shorter)],
        &["mixed_states", "previous_master"],
        &["clipped", "levels_apart", "ceiling_passed", "headroom"],
    );
}

/// Real multitracks: nothing that stops.
pub(crate) fn real(tally: &mut Tally) {
    for name in ["multitrack/rock_ddtbl2", "multitrack/francium_edm_vocal", "multitrack/finalstep_synth"] {
        let Some(root) = shared(name) else { continue };
        let found = look(&[root], &["spotify"]);
        let cut: &[&str] = &[
            "abrupt_end",
            "abrupt_start",
            "length_differs",
            "mono_in_stereo",
            "one_sided",
            "missing_part",
            "rate_differs",
        ];
        let spoke = rules(&found);
        println!("{name}: {:?}, {spoke:?}", found.items[0].kind);
        tally.case(name, &spoke, &[], &[REMARKS, cut].concat());
    }
}
