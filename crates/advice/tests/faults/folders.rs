//! Faults of folders: tracks, stems, albums. Several faults lie in one folder, each on a part of its own.

use crate::kit::{Sound, Tally, clean, demo, demo_mix, look, write, write_stamped};
use crate::make::{at_rate, clicks, hiss, hum, limit};
use dsp::biquad::Svf;
use dsp::eq_design::{Curve, design};
use std::path::{Path, PathBuf};

type Parts = Vec<(String, Sound)>;
type Said = (&'static str, &'static str);

/// Sixteen seconds of the demo song's tracks in which everybody plays, with soft ends.
fn tracks() -> Parts {
    let (start, frames) = (28 * 48_000, 16 * 48_000);
    let cut = |track: &studio::demo::Track| {
        let planes = (0..track.audio.channels())
            .map(|channel| {
                let from = &track.audio.view().channel(channel)[start..start + frames];
                let fade = |n: usize| ((frames - n) as f64 / 24_000.0).min(n as f64 / 480.0).min(1.0);
                let mut plane: Vec<f64> =
                    from.iter().enumerate().map(|(n, x)| x * fade(n) * fade(n) * fade(n)).collect();
                plane.extend(vec![0.0; 12_000]);
                plane
            })
            .collect();
        (track.file.to_owned(), Sound::new(planes, 48_000))
    };
    demo().iter().map(cut).collect()
}

fn put(folder: &Path, parts: &[(String, Sound)]) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).unwrap();
    let path = |(name, sound): &(String, Sound)| {
        let path = folder.join(name);
        write(&path, sound);
        path
    };
    parts.iter().map(path).collect()
}

/// What is so of the demo's tracks whatever is done to them: microphones of one kit in one room hear each other, and the room.
const SO: &[Said] = &[("bleed", "_"), ("printed_reverb", "Snare")];

fn case(tally: &mut Tally, name: &str, parts: &[(String, Sound)], must: &[Said], may: &[Said]) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("tracks");
    put(&root, parts);
    tally.parts(name, &look(&[root], &["spotify"]), must, &[SO, may].concat());
}

fn change(parts: &mut [(String, Sound)], part: &str, with: impl Fn(Sound) -> Sound) {
    let (_, sound) = parts.iter_mut().find(|(name, _)| name.contains(part)).unwrap();
    *sound = with(sound.clone());
}

fn of(parts: &[(String, Sound)], part: &str) -> Sound {
    parts.iter().find(|(name, _)| name.contains(part)).unwrap().1.clone()
}

fn without(parts: &[(String, Sound)], part: &str) -> Parts {
    parts.iter().filter(|(name, _)| !name.contains(part)).cloned().collect()
}

fn tops_cut(sound: Sound, share: f64) -> Sound {
    let top = share * sound.peak();
    sound.each(|x| *x = x.clamp(-top, top))
}

fn shortened(mut sound: Sound, share: f64) -> Sound {
    let frames = (sound.frames() as f64 * share) as usize;
    sound.planes.iter_mut().for_each(|plane| plane.truncate(frames));
    sound
}

fn beside(mut sound: Sound, other: Vec<f64>) -> Sound {
    sound.planes.push(other);
    sound
}

pub(crate) fn tracks_clean(tally: &mut Tally) {
    case(tally, "tracks, clean", &tracks(), &[], &[]);
}

/// Files that came out wrong.
pub(crate) fn tracks_exported_wrong(tally: &mut Tally) {
    let mut bad = tracks();
    change(&mut bad, "Room", |s| s.each(|x| *x = 0.0));
    change(&mut bad, "Keys", |s| s.each(|x| *x = 0.0));
    change(&mut bad, "Tom", |s| tops_cut(s, 0.3));
    change(&mut bad, "SnareTop", |s| tops_cut(s, 0.3));
    change(&mut bad, "Bass", |s| s.each(|x| *x += 0.01));
    change(&mut bad, "GtrRight", |s| s.each(|x| *x -= 0.004));
    change(&mut bad, "LeadVox", |s| shortened(s, 0.6));
    change(&mut bad, "GtrLeft", |s| shortened(s, 0.8));
    change(&mut bad, "BGV1", |s| {
        let empty = vec![0.0; s.frames()];
        beside(s, empty)
    });
    change(&mut bad, "KickIn", |s| {
        let softer: Vec<f64> = s.planes[0].iter().map(|x| 1e-4 * x).collect();
        beside(s, softer)
    });
    change(&mut bad, "BGV2", |s| {
        let same = s.planes[0].clone();
        beside(s, same)
    });
    change(&mut bad, "SnareBottom", |s| {
        let same = s.planes[0].clone();
        beside(s, same)
    });
    bad.push(("15_Shaker.wav".to_owned(), of(&bad, "HiHat").gain(-4.0)));
    bad.push(("16_Triangle.wav".to_owned(), of(&bad, "Overheads")));
    let must: &[Said] = &[
        ("empty", "Room"),
        ("empty", "Keys"),
        ("clipped", "Tom"),
        ("clipped", "SnareTop"),
        ("dc", "Bass"),
        ("dc", "GtrRight"),
        ("length_differs", "LeadVox"),
        ("length_differs", "GtrLeft"),
        ("abrupt_end", "GtrLeft"),
        ("abrupt_end", "LeadVox"),
        ("one_sided", "BGV1"),
        ("one_sided", "KickIn"),
        ("mono_in_stereo", "BGV2"),
        ("mono_in_stereo", "SnareBottom"),
        ("duplicate", "15_Shaker"),
        ("duplicate", "16_Triangle"),
    ];
    // An offset that stops at the end of the file is cut off there.
    case(tally, "tracks exported wrong", &bad, must, &[("abrupt_end", "Bass"), ("abrupt_end", "GtrRight")]);
}

/// Recordings that went wrong, and files of another kind.
pub(crate) fn tracks_recorded_wrong(tally: &mut Tally) {
    let mut bad = tracks();
    change(&mut bad, "Tom", |s| hum(s, 50.0, 0.0));
    change(&mut bad, "SnareTop", |s| hum(s, 60.0, 0.0));
    change(&mut bad, "GtrRight", |s| limit(s, 14.0, -8.0));
    change(&mut bad, "BGV1", |s| hiss(s, -46.0));
    change(&mut bad, "BGV2", |s| hiss(s, -45.0));
    change(&mut bad, "Keys", |s| at_rate(s, 44_100));
    change(&mut bad, "HiHat", |s| at_rate(s, 96_000));
    for part in ["Bass", "KickIn"] {
        change(&mut bad, part, |s| {
            let mut s = s.gain(20.0);
            s.encoding = studio::audio::Encoding::Float(32);
            s
        });
    }
    change(&mut bad, "GtrLeft", |s| clicks(s, 6, 0.7));
    for (part, to) in [("SnareBottom", "03_SnareBottom_dummy.wav"), ("Room", "07_Room placeholder.wav")] {
        bad.iter_mut().filter(|(name, _)| name.contains(part)).for_each(|(name, _)| to.clone_into(name));
    }
    bad.push(("16_Click.wav".to_owned(), metronome(of(&bad, "Tom").frames())));
    bad.push(("17_Talkback.wav".to_owned(), of(&bad, "LeadVox").gain(-6.0)));
    bad.push(("18_Metronome.wav".to_owned(), metronome(of(&bad, "Keys").frames() / 2)));
    bad.push(("19_Slate.wav".to_owned(), of(&bad, "LeadVox").gain(-9.0)));
    let must: &[Said] = &[
        ("hum", "Tom"),
        ("hum", "SnareTop"),
        ("limited", "GtrRight"),
        ("noisy", "BGV1"),
        ("noisy", "BGV2"),
        ("rate_differs", "Keys"),
        ("rate_differs", "HiHat"),
        ("upsampled", "HiHat"),
        ("over_full_scale", "Bass"),
        ("over_full_scale", "KickIn"),
        ("clicks", "GtrLeft"),
        ("placeholder", "SnareBottom"),
        ("placeholder", "Room"),
        ("click", "16_Click"),
        ("talkback", "17_Talkback"),
        ("click", "18_Metronome"),
        ("talkback", "19_Slate"),
        ("length_differs", "18_Metronome"),
    ];
    // Noise and hum that stop at the end of the file are cut off there.
    let may: &[Said] = &[
        ("duplicate", "17_Talkback"),
        ("duplicate", "19_Slate"),
        ("abrupt_end", "BGV1"),
        ("abrupt_end", "BGV2"),
        ("abrupt_end", "Tom"),
        ("abrupt_end", "SnareTop"),
    ];
    case(tally, "tracks recorded wrong", &bad, must, may);
}

/// A stroke of 10 ms every 0.6 s.
fn metronome(frames: usize) -> Sound {
    let stroke = |n: usize| {
        let tone = 0.5 * dsp::math::sin(dsp::math::TAU * 1000.0 * n as f64 / 48_000.0);
        if n % 28_800 < 480 { tone } else { 0.0 }
    };
    Sound::new(vec![(0..frames).map(stroke).collect()], 48_000)
}

/// A dull voice among bright guitars.
pub(crate) fn tracks_covering(tally: &mut Tally) {
    let mut dull = tracks();
    change(&mut dull, "LeadVox", |mut s| {
        for plane in &mut s.planes {
            Svf::new(design(Curve::HighShelf, 900.0, -18.0, 0.707, 48_000.0)).process(plane);
        }
        s.gain(6.0)
    });
    case(tally, "tracks, a dull voice", &dull, &[("masked_vocal", "LeadVox")], &[("headroom", "")]);
}

/// Parts that are missing, or there twice.
pub(crate) fn tracks_missing(tally: &mut Tally) {
    let whole = tracks();
    let gone = [("missing_part", "")];
    case(tally, "tracks without a bass", &without(&whole, "Bass"), &gone, &[]);
    case(tally, "tracks without a right guitar", &without(&whole, "GtrRight"), &gone, &[]);
    case(tally, "tracks without a kick", &without(&whole, "KickIn"), &gone, &[]);
    let mut rough = whole.clone();
    rough.push(("rough mix.wav".to_owned(), sum(&whole)));
    case(tally, "tracks with a rough mix", &rough, &[("rough_mix", "rough mix")], &[]);
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tracks");
    put(&folder, &whole[..6]);
    std::fs::write(folder.join("07_Bass.wav"), b"RIFF").unwrap();
    std::fs::write(folder.join("08_Keys.wav"), b"RIFF....WAVEfmt ").unwrap();
    let must = [("unreadable", "07_Bass"), ("unreadable", "08_Keys")];
    tally.parts("tracks, two broken", &look(&[folder], &["cd"]), &must, SO);
}

/// Recorders that were started one after another.
pub(crate) fn tracks_stamped(tally: &mut Tally) {
    let whole = tracks();
    let stamps = |late: u64| {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tracks");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, sound) in whole.iter().filter(|(name, _)| !name.contains("BGV")) {
            let stamp = 48_000 * 3600 + if name.contains("LeadVox") { late } else { 0 };
            write_stamped(&folder.join(name), sound, Some(stamp));
        }
        look(&[folder], &["cd"])
    };
    tally.parts("tracks that start together", &stamps(0), &[], SO);
    for late in [48, 48_000] {
        tally.parts("tracks that start apart", &stamps(late), &[("start_differs", "")], SO);
    }
}

fn sum(parts: &[(String, Sound)]) -> Sound {
    let frames = parts[0].1.frames();
    let mut planes = vec![vec![0.0; frames]; 2];
    for (_, sound) in parts {
        for (channel, plane) in planes.iter_mut().enumerate() {
            let from = &sound.planes[channel.min(sound.planes.len() - 1)];
            plane.iter_mut().zip(from).for_each(|(x, y)| *x += 0.3 * y);
        }
    }
    Sound::new(planes, 48_000)
}

/// Groups of the demo as stereo stems.
fn stems(guitar_db: f64, keys_db: f64) -> Parts {
    let all = tracks();
    let group = |parts: &[&str], gain_db: f64| {
        let own: Parts =
            all.iter().filter(|(name, _)| parts.iter().any(|part| name.contains(part))).cloned().collect();
        sum(&own).gain(gain_db)
    };
    let mut guitars = group(&["GtrLeft"], guitar_db);
    guitars.planes[1] = group(&["GtrRight"], guitar_db).planes[1].clone();
    let drums = group(&["Kick", "SnareTop", "HiHat", "Overheads"], 0.0);
    [
        ("Drums", drums),
        ("Guitars", guitars),
        ("Bass", group(&["Bass"], 0.0)),
        ("Keys", group(&["Keys"], keys_db)),
        ("Lead vocals", group(&["LeadVox"], 4.0)),
    ]
    .map(|(name, sound)| (format!("{name}.wav"), sound))
    .to_vec()
}

fn stem_case(tally: &mut Tally, name: &str, stems: &[(String, Sound)], must: &[Said], may: &[Said]) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("Stems");
    put(&folder, stems);
    let found = look(&[folder], &["spotify"]);
    assert_eq!(found.items[0].kind, advice::assess::Kind::Stems, "{name}");
    // A bass and a voice in the middle are the same on both sides.
    let so: &[Said] = &[("mono_in_stereo", "Bass"), ("mono_in_stereo", "Lead vocals")];
    tally.parts(name, &found, must, &[so, may].concat());
}

pub(crate) fn stems_of_a_mix(tally: &mut Tally) {
    let sum_is_hot: &[Said] = &[
        ("headroom", "sum"),
        ("over_full_scale", ""),
        ("clipped", "sum"),
        ("limited", "sum"),
        ("dense", "sum"),
    ];
    stem_case(tally, "stems, clean", &stems(-6.0, -4.0), &[], &[]);
    let voice = [("masked_vocal", "Lead vocals")];
    stem_case(tally, "stems, guitars over the voice", &stems(10.0, -4.0), &voice, sum_is_hot);
    let mut soft = stems(-6.0, -4.0);
    change(&mut soft, "Lead", |s| s.gain(-18.0));
    stem_case(tally, "stems, a voice turned down", &soft, &voice, &[]);
    let mut bad = stems(-6.0, -4.0);
    change(&mut bad, "Drums", |s| tops_cut(s, 0.25));
    change(&mut bad, "Keys", |s| s.each(|x| *x += 0.01));
    change(&mut bad, "Guitars", |s| clicks(s, 5, 0.8).gain(-10.0));
    let must = [("clipped", "Drums"), ("dc", "Keys"), ("clicks", "Guitars")];
    stem_case(
        tally,
        "stems, three faults",
        &bad,
        &must,
        &[("limited", "Drums"), ("abrupt_end", "Keys"), ("dc", "sum")],
    );
    let mut loud = stems(-6.0, -4.0);
    loud.iter_mut().for_each(|(_, sound)| *sound = sound.clone().gain(7.0));
    let top = sum(&loud).peak() / 0.3;
    loud.iter_mut().for_each(|(_, sound)| *sound = sound.clone().each(|x| *x *= 0.95 / top));
    stem_case(tally, "stems, too loud together", &loud, &[("headroom", "sum")], &[]);
}

fn album_case(tally: &mut Tally, name: &str, songs: &[(&str, Sound)], must: &[Said], may: &[Said]) {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("record");
    let songs: Parts = songs.iter().map(|(name, sound)| (format!("{name}.wav"), sound.clone())).collect();
    put(&folder, &songs);
    let found = look(&[folder], &["cd"]);
    assert_eq!(found.items[0].kind, advice::assess::Kind::Album, "{name}");
    tally.parts(name, &found, must, may);
}

pub(crate) fn albums(tally: &mut Tally) {
    let (one, two) = (demo_mix(28.0, 8.0, &[]), demo_mix(8.0, 6.0, &[]));
    let two = clean(&two.gain(0.0));
    album_case(tally, "album, clean", &[("01 Dawn", one.clone()), ("02 Noon", two.clone())], &[], &[]);
    for db in [-9.0, -14.0] {
        let songs = [("01 Dawn", one.clone()), ("02 Noon", two.clone().gain(db))];
        album_case(tally, "album, levels apart", &songs, &[("levels_apart", "")], &[]);
    }
    album_case(
        tally,
        "album, levels 3 dB apart",
        &[("01 Dawn", one.clone()), ("02 Noon", two.clone().gain(-3.0))],
        &[],
        &[],
    );
    for rate in [44_100, 88_200] {
        let other = at_rate(two.clone(), rate);
        let songs = [("01 Dawn", one.clone()), ("02 Noon", other)];
        album_case(tally, "album, two rates", &songs, &[("rates_apart", "")], &[("upsampled", "02")]);
    }
    for drive in [16.0, 18.0] {
        let songs = [("01 Dawn", limit(one.clone(), drive, -0.1)), ("02 Noon", two.clone())];
        let must =
            [("mixed_states", ""), ("previous_master", "01"), ("ceiling_passed", "01"), ("levels_apart", "")];
        album_case(tally, "album, one mastered", &songs, &must, &[]);
    }
}
