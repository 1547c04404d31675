//! Faults of folders of tracks.

use crate::bands::{Band, Case, Parts, of, put, sung};
use crate::kit::{Sound, demo_mix, look, write_stamped};
use crate::make::{at_rate, clicks, gently, hiss, hum, limit, roomy, spectral, summed, tops_cut};
use crate::tally::{Said, Tally};
use testkit::signals::{db, noise};

pub(crate) fn clean(tally: &mut Tally, band: &Band) {
    Case::new(band, "clean").judge(tally);
}

fn shortened(mut sound: Sound, share: f64) -> Sound {
    let frames = (sound.frames() as f64 * share) as usize;
    sound.planes.iter_mut().for_each(|plane| plane.truncate(frames));
    sound
}

fn beside(mut sound: Sound, other: impl Fn(&[f64]) -> Vec<f64>) -> Sound {
    sound.planes.truncate(1);
    let other = other(&sound.planes[0]);
    sound.planes.push(other);
    sound
}

/// Files that came out wrong.
pub(crate) fn exported_wrong(tally: &mut Tally, band: &Band) {
    let mut case = Case::new(band, "exported wrong");
    for player in ["room", "keys"] {
        case.spoil(band.file(player), &["empty"], |s| s.each(|x| *x = 0.0));
    }
    for player in ["tom", "snare"] {
        case.spoil(band.file(player), &["clipped"], |s| tops_cut(s, 0.3));
    }
    // An offset that stops at the end of the file is cut off there.
    for (player, offset) in [("bass", 0.01), ("right guitar", -0.004)] {
        case.spoil(band.file(player), &["dc"], |s| s.each(|x| *x += offset));
        case.may(band.file(player), &["abrupt_end"]);
    }
    for (player, share) in [("voice", 0.6), ("left guitar", 0.8)] {
        case.spoil(band.file(player), &["length_differs"], |s| shortened(s, share));
        // It plays on to the last but where it pauses just there.
        case.may(band.file(player), &["abrupt_end"]);
    }
    case.spoil(band.file("high voice"), &["one_sided"], |s| beside(s, |x| vec![0.0; x.len()]));
    case.spoil(band.file("kick"), &["one_sided"], |s| beside(s, |x| x.iter().map(|x| 1e-4 * x).collect()));
    for player in ["low voice", "other snare"] {
        case.spoil(band.file(player), &["mono_in_stereo"], |s| beside(s, <[f64]>::to_vec));
    }
    case.add("25_Shaker", &["duplicate"], band.of("hat").gain(-4.0));
    case.add("26_Triangle", &["duplicate"], band.of("overheads").gain(0.0));
    case.judge(tally);
}

/// The same, and less of it: nothing is to be said.
pub(crate) fn exported_nearly_wrong(tally: &mut Tally, band: &Band) {
    let mut case = Case::new(band, "exported nearly wrong");
    // Hardly heard, but there.
    case.nearly(band.file("room"), &["empty"], |s| s.gain(-28.0));
    // One top.
    case.nearly(band.file("tom"), &["clipped"], |s| tops_cut(s, 0.98));
    case.nearly(band.file("bass"), &["dc"], |s| s.each(|x| *x += 5e-4));
    case.nearly(band.file("voice"), &["length_differs"], |mut s| {
        let silence = s.rate_hz as usize / 4;
        s = shortened(s.clone(), 1.0 - silence as f64 / s.frames() as f64);
        s
    });
    let softer = |x: &[f64]| x.iter().map(|x| 5e-3 * x).collect();
    case.nearly(band.file("high voice"), &["one_sided"], |s| beside(s, softer));
    case.nearly(band.file("low voice"), &["mono_in_stereo"], |s| {
        beside(s, |x| x.iter().zip(&noise(0.02, 7, x.len())).map(|(x, hiss)| x + hiss * x.abs()).collect())
    });
    // The same line once more, as a second player plays it: much of it is the same.
    let hat = band.of("hat");
    let other = band.of("tom").at_peak(dsp::math::gain_to_db(hat.peak()));
    let both = Sound {
        planes: vec![hat.planes[0].iter().zip(&other.planes[0]).map(|(x, y)| x + 0.5 * y).collect()],
        ..hat
    };
    case.add_nearly("25_Shaker", &["duplicate"], both);
    case.may("25_Shaker", &["bleed"]);
    case.judge(tally);
}

/// Recordings that went wrong, and files of another kind.
pub(crate) fn recorded_wrong(tally: &mut Tally, band: &Band) {
    let mut case = Case::new(band, "recorded wrong");
    // Noise and hum that stop at the end of the file are cut off there.
    for (player, mains_hz) in [("tom", 50.0), ("snare", 60.0)] {
        case.spoil(band.file(player), &["hum"], |s| hum(s, mains_hz, 0.0));
        case.may(band.file(player), &["abrupt_end"]);
    }
    case.spoil(band.file("right guitar"), &["limited"], |s| limit(s, 14.0, -8.0));
    for (player, under_db) in [("high voice", -25.0), ("low voice", -18.0)] {
        case.spoil(band.file(player), &["noisy"], |s| hissing(s, under_db));
        case.may(band.file(player), &["abrupt_end"]);
    }
    let session = band.of("kick").rate_hz;
    case.spoil(band.file("keys"), &["rate_differs"], |s| {
        at_rate(s, if session == 48_000 { 44_100 } else { 48_000 })
    });
    case.spoil(band.file("hat"), &["rate_differs", "upsampled"], |s| at_rate(s, 96_000));
    case.may(band.file("keys"), &["upsampled"]);
    for player in ["bass", "kick"] {
        case.spoil(band.file(player), &["over_full_scale"], |s| {
            let mut s = s.at_peak(6.0);
            s.encoding = studio::audio::Encoding::Float(32);
            s
        });
    }
    case.spoil(band.file("left guitar"), &["clicks"], |s| clicks(s, 6, 0.7));
    case.rename(band.file("other snare"), "53_snare dummy");
    case.must("53_snare dummy", &["placeholder"]);
    case.rename(band.file("room"), "57_Room placeholder");
    case.must("57_Room placeholder", &["placeholder"]);
    let frames = band.of("tom").frames();
    case.add("66_Click", &["click"], metronome(frames, session, 0.6));
    case.add("67_Talkback", &["talkback"], talking(band));
    // Nothing but its sound says what it is.
    case.add("68_Audio 12", &["click"], metronome(frames, session, 0.5));
    case.add("69_Slate", &["talkback"], talking(band).gain(-3.0));
    case.may("57_", &["bleed", "printed_reverb"]);
    case.may("53_", &["bleed", "printed_reverb"]);
    case.judge(tally);
}

/// The same, and less of it.
pub(crate) fn recorded_nearly_wrong(tally: &mut Tally, band: &Band) {
    let mut case = Case::new(band, "recorded nearly wrong");
    for (player, mains_hz) in [("tom", 50.0), ("snare", 60.0)] {
        case.nearly(band.file(player), &["hum"], |s| hum(s, mains_hz, -50.0));
    }
    case.nearly(band.file("right guitar"), &["limited"], |s| limit(s, 0.2, -8.0));
    case.nearly(band.file("high voice"), &["noisy"], |s| hissing(s, -45.0));
    case.may(band.file("high voice"), &["abrupt_end"]);
    case.nearly(band.file("bass"), &["over_full_scale"], |s| {
        let mut s = s.at_peak(-0.1);
        s.encoding = studio::audio::Encoding::Float(32);
        s
    });
    case.nearly(band.file("left guitar"), &["clicks"], |s| clicks(s, 2, 0.7));
    case.rename(band.file("other snare"), "53_snare Goldfinger");
    case.under("53_snare Goldfinger", &["placeholder"]);
    case.may("53_", &["bleed", "printed_reverb"]);
    // A machine's hat on every eighth and a talking box are music.
    let session = band.of("kick").rate_hz;
    let hat = metronome(band.of("tom").frames(), session, 0.15);
    case.add_nearly("66_HiHat machine", &["click"], faded(hat));
    case.add_nearly("67_Talkbox guitar", &["talkback"], faded(talking(band)));
    // A stroke of a machine and a word end when they end.
    case.may("66_", &["abrupt_end"]);
    case.may("67_", &["abrupt_end"]);
    case.judge(tally);
}

/// White noise so many dB under the sound while it sounds.
fn hissing(sound: Sound, under_db: f64) -> Sound {
    let top = 0.1 * sound.peak();
    let loud: Vec<f64> = sound.planes.iter().flatten().copied().filter(|x| x.abs() > top).collect();
    let power = loud.iter().map(|x| x * x).sum::<f64>() / loud.len().max(1) as f64;
    // Half of the samples of a sound are under a tenth of its peak: 3 dB.
    hiss(sound, dsp::math::power_to_db(0.5 * power) + under_db)
}

/// A stroke of 10 ms every so many seconds.
fn metronome(frames: usize, rate_hz: u32, every_seconds: f64) -> Sound {
    let rate = f64::from(rate_hz);
    let (every, long) = ((every_seconds * rate) as usize, (0.01 * rate) as usize);
    // The first one a tenth of a second after the start: nothing rises before the first sample.
    let stroke = |n: usize| {
        let n = n + every - (0.1 * rate) as usize;
        let tone = 0.5 * dsp::math::sin(dsp::math::TAU * 1000.0 * n as f64 / rate);
        if n % every < long { tone } else { 0.0 }
    };
    Sound::new(vec![(0..frames).map(stroke).collect()], rate_hz)
}

/// The last second dies away.
fn faded(mut sound: Sound) -> Sound {
    let (frames, rate) = (sound.frames(), f64::from(sound.rate_hz));
    for plane in &mut sound.planes {
        for (n, x) in plane.iter_mut().enumerate() {
            let share = ((frames - n - 1) as f64 / rate).min(1.0);
            *x *= share * share * share;
        }
    }
    sound
}

/// Somebody says a word now and then: two words of a voice, backwards.
fn talking(band: &Band) -> Sound {
    let voice = band.of("voice");
    let rate = voice.rate_hz as usize;
    let mut plane: Vec<f64> = voice.planes[0].iter().rev().copied().collect();
    for (n, x) in plane.iter_mut().enumerate() {
        let second = (n as f64 / rate as f64) % 5.0;
        let on = (1.0 - (second - 0.7).abs() / 0.7).max(0.0);
        *x *= (3.0 * on).min(1.0);
    }
    Sound::new(vec![plane], voice.rate_hz)
}

/// Files that lie beside the tracks or were dressed for them.
pub(crate) fn dressed(tally: &mut Tally, band: &Band) {
    let band = &band.only(&["kick", "bass", "left guitar", "right guitar", "keys", "voice", "high voice"]);
    let mut case = Case::new(band, "dressed");
    for (player, dry, wet, seconds) in
        [("voice", "71_Solo dry", "72_Solo wet", 1.6), ("left guitar", "73_Lick raw", "74_Lick printed", 1.0)]
    {
        case.rename(band.file(player), dry);
        case.must(dry, &["wet_and_dry"]);
        case.parts.push((format!("{wet}.wav"), roomy(band.of(player), seconds, 0.5)));
    }
    // Two sounds of one guitar are two parts.
    case.rename(band.file("right guitar"), "75_Riff clean");
    case.under("75_Riff clean", &["wet_and_dry"]);
    case.add_nearly("76_Riff crunch", &["wet_and_dry"], tops_cut(band.of("right guitar"), 0.9).gain(-2.0));
    case.may("75_", &["duplicate"]);
    case.may("76_", &["duplicate", "clipped"]);
    for (player, times) in [("keys", 3), ("high voice", 4)] {
        case.spoil(band.file(player), &["many_channels"], |mut s| {
            s.planes = (0..times).map(|n| s.planes[n % s.planes.len()].clone()).collect();
            s
        });
    }
    case.judge(tally);
}

/// Finished songs among the tracks.
pub(crate) fn mixes(tally: &mut Tally, band: &Band) {
    let players =
        ["kick", "snare", "hat", "tom", "overheads", "bass", "left guitar", "right guitar", "keys", "voice"];
    let band = &band.only(&players);
    let mut case = Case::new(band, "mixes among them");
    case.add("81_rough mix", &["rough_mix"], summed(&band.parts));
    // The drums together are no mix of the song.
    let drums: Parts = ["kick", "snare", "hat", "tom", "overheads"]
        .iter()
        .map(|player| (String::new(), band.of(player)))
        .collect();
    case.add_nearly("82_All of the kit", &["rough_mix"], summed(&drums));
    case.may("82_", &["mono_in_stereo"]);
    case.judge(tally);
    let mut case = Case::new(band, "a mix without a name");
    case.add("83_Audio 3", &["rough_mix"], summed(&band.parts).gain(-3.0));
    case.judge(tally);
    // What came out of the desk went through a compressor.
    let mut case = Case::new(band, "a mix through a compressor");
    case.add("83_Audio 3", &["rough_mix"], gently(summed(&band.parts)));
    case.judge(tally);
    let mut case = Case::new(band, "other songs among them");
    case.add("84_Reference", &["reference"], other_song(band, 8.0));
    case.add("85_Ref mix of the last record", &["reference"], other_song(band, 0.5));
    case.add_nearly("86_Sampled loop", &["reference"], other_song(band, 12.0));
    case.judge(tally);
}

/// The synthetic song elsewhere, a third faster, at the rate and length of the band.
fn other_song(band: &Band, from_seconds: f64) -> Sound {
    let kick = band.of("kick");
    let mut song = demo_mix(from_seconds, 24.0, &[]);
    song.rate_hz = 64_000;
    let mut song = at_rate(song, kick.rate_hz);
    song.planes.iter_mut().for_each(|plane| plane.resize(kick.frames(), 0.0));
    faded(song)
}

/// Rooms that are printed: on the voice and the snare.
pub(crate) fn rooms(tally: &mut Tally, band: &Band) {
    let band = &band.only(&["kick", "snare", "bass", "keys", "voice"]);
    for (player, seconds) in [("voice", 2.0), ("voice", 1.6)] {
        let mut case = Case::new(band, &format!("a hall of {seconds} s"));
        case.rename(band.file(player), "91_Vocal");
        case.spoil("91_Vocal", &["printed_reverb"], |s| roomy(phrases(s), seconds, 0.5));
        case.judge(tally);
    }
    let mut case = Case::new(band, "a dry room");
    case.rename(band.file("voice"), "91_Vocal");
    case.nearly("91_Vocal", &["printed_reverb"], |s| roomy(phrases(s), 0.35, 0.5));
    case.judge(tally);
}

/// A phrase of 1.1 s, and a pause in which a room can be heard.
fn phrases(mut sound: Sound) -> Sound {
    let rate = f64::from(sound.rate_hz);
    for plane in &mut sound.planes {
        for (n, x) in plane.iter_mut().enumerate() {
            let second = (n as f64 / rate) % 2.4;
            *x *= ((1.1 - second) / 0.02).clamp(0.0, 1.0) * (second / 0.01).min(1.0);
        }
    }
    sound
}

/// Microphones that hear the kit between their own strokes.
pub(crate) fn bleeding(tally: &mut Tally, band: &Band) {
    let band = &band.only(&["kick", "snare", "hat", "bass", "keys"]);
    for gain_db in [-18.0, -24.0] {
        let mut case = Case::new(band, &format!("a shaker beside the kit, {gain_db} dB"));
        case.parts.push(("92_Cowbell.wav".to_owned(), cowbell(band, gain_db)));
        case.must("92_Cowbell", &["bleed"]);
        case.judge(tally);
    }
    let mut case = Case::new(band, "a shaker in its own room");
    case.add_nearly("92_Cowbell", &["bleed"], cowbell(band, -70.0));
    case.judge(tally);
}

/// A stroke of its own every 2.4 s, and the snare in between.
fn cowbell(band: &Band, bleed_db: f64) -> Sound {
    let snare = band.of("snare").at_peak(bleed_db - 3.0);
    let rate = f64::from(snare.rate_hz);
    let plane = snare.planes[0].iter().enumerate().map(|(n, x)| {
        let second = (n as f64 / rate) % 2.41;
        let bell = dsp::math::exp(-second / 0.08)
            * (dsp::math::sin(dsp::math::TAU * 562.0 * second)
                + dsp::math::sin(dsp::math::TAU * 845.0 * second));
        0.3 * bell + x
    });
    Sound::new(vec![plane.collect()], snare.rate_hz)
}

/// A dull voice among bright guitars, and one that is not that dull.
pub(crate) fn covered(tally: &mut Tally, band: &Band) {
    let band = &band.only(&["kick", "bass", "left guitar", "right guitar", "keys", "voice"]);
    let guitars = [band.of("left guitar"), band.of("right guitar")];
    let dull = |under_db: f64| {
        let mut case = Case::new(band, &format!("a voice covered by {under_db} dB"));
        case.spoil(band.file("voice"), &[], |s| dulled_under(&s, &guitars, under_db));
        case
    };
    for under_db in [9.0, 13.0] {
        let mut case = dull(under_db);
        case.must(band.file("voice"), &["masked_vocal"]);
        case.judge(tally);
    }
    let mut case = dull(3.0);
    case.under(band.file("voice"), &["masked_vocal"]);
    case.judge(tally);
}

/// A voice that is dulled until, as loud as others, it has so much less than they between 1 and 4.5 kHz.
fn dulled_under(voice: &Sound, others: &[Sound], under_db: f64) -> Sound {
    let words: Vec<[f64; 2]> = others.iter().map(words_and_loudness).collect();
    let sum = |n: usize| words.iter().map(|own| own[n]).sum::<f64>();
    let theirs = sum(0) / sum(1);
    let (mut low, mut high) = (-48.0, 24.0);
    for _ in 0..10 {
        let gain_db = 0.5 * (low + high);
        let [words, loudness] = words_and_loudness(&dulled(voice.clone(), gain_db));
        let under = dsp::math::power_to_db(theirs / (words / loudness));
        if under > under_db { low = gain_db } else { high = gain_db }
    }
    dulled(voice.clone(), 0.5 * (low + high))
}

/// Power between 1 and 4.5 kHz, and K-weighted power (ITU-R BS.1770-5).
fn words_and_loudness(sound: &Sound) -> [f64; 2] {
    let rate = f64::from(sound.rate_hz);
    let weighting = dsp::meter::loudness::KWeighting::new(rate);
    let mut sums = [0.0; 2];
    let mut both = sound.clone();
    both.planes.resize(2, vec![0.0; sound.frames()]);
    spectral(both, |hz, sides| {
        let power: f64 = sides.iter().map(|(re, im)| re * re + im * im).sum();
        sums[0] += if (1000.0..4500.0).contains(&hz) { power } else { 0.0 };
        sums[1] +=
            if hz > 10.0 { power * dsp::math::db_to_power(weighting.response_db(hz, rate)) } else { 0.0 };
        sides
    });
    sums
}

/// Little is left above 700 Hz, as if a hand were held before the mouth; body and loudness stay.
fn dulled(mut sound: Sound, gain_db: f64) -> Sound {
    let mono = sound.planes.len() == 1;
    if mono {
        sound.planes.push(vec![0.0; sound.frames()]);
    }
    let mut sound = spectral(sound, |hz, sides| {
        let share = (dsp::math::log2(hz.max(1.0) / 500.0)).clamp(0.0, 1.0);
        sides.map(|(re, im)| (re * db(gain_db * share), im * db(gain_db * share)))
    });
    if mono {
        sound.planes.truncate(1);
    }
    sound.gain(4.0)
}

/// The real voice, dulled and as it is; its own rooms.
pub(crate) fn real_voice(tally: &mut Tally) {
    let Some(parts) = sung() else { return };
    // It has no bass among what is taken of it.
    let so: &[Said] =
        &[("lossy", ""), ("headroom", ""), ("printed_reverb", "VOX_LEAD"), ("missing_part", "")];
    for gain_db in [-20.0, -26.0, -2.0] {
        let mut case = Case::with(format!("sung, a voice dulled by {gain_db} dB"), parts.clone(), so);
        let covered = gain_db < -10.0;
        case.spoil("26_VOX_LEAD", if covered { &["masked_vocal"] } else { &[] }, |s| dulled(s, gain_db));
        if !covered {
            case.under("26_VOX_LEAD", &["masked_vocal"]);
        }
        case.judge(tally);
    }
    let mut case = Case::with("sung, dry and wet".to_owned(), parts.clone(), so);
    case.add("27_VOX_LEAD dry", &["wet_and_dry"], of(&parts, "VOX_LEAD").gain(-1.0));
    case.rename("26_VOX_LEAD", "26_VOX_LEAD verb");
    case.spoil("26_VOX_LEAD verb", &["printed_reverb"], |s| roomy(s, 2.0, 0.5));
    case.judge(tally);
}

/// Parts that are missing, files that are broken.
pub(crate) fn missing(tally: &mut Tally, band: &Band) {
    for (player, more) in [("bass", true), ("kick", false), ("right guitar", false)] {
        let mut case = Case::new(band, &format!("no {player}"));
        case.without(band.file(player));
        if more {
            case.without("PickBass");
        }
        let sided = player != "right guitar" || band.file("right guitar").contains("Right");
        case.must("", if sided { &["missing_part"] } else { &[] });
        case.judge(tally);
    }
    // A bass that nobody called one.
    let mut case = Case::new(band, "a bass with another name");
    case.rename(band.file("bass"), "08_Underground");
    case.under("", &["missing_part"]);
    case.judge(tally);
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("tracks");
    put(&folder, &band.parts[..6]);
    std::fs::write(folder.join("67_Bass.wav"), b"RIFF").unwrap();
    std::fs::write(folder.join("68_Keys.wav"), b"RIFF....WAVEfmt ").unwrap();
    let must = [("unreadable", "67_Bass"), ("unreadable", "68_Keys")];
    let name = format!("{}, two broken", band.name);
    tally.parts(&name, &look(&[folder], &["cd"]), &must, &[band.so, &[("missing_part", "")]].concat(), &[]);
}

/// Recorders that were started one after another.
pub(crate) fn stamped(tally: &mut Tally, band: &Band) {
    let band = &band.only(&["kick", "snare", "bass", "keys"]);
    let rate = u64::from(band.of("kick").rate_hz);
    let stamps = |late: u64| {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("tracks");
        std::fs::create_dir_all(&folder).unwrap();
        for (name, sound) in &band.parts {
            let stamp = rate * 3600 + if name.contains(band.file("keys")) { late } else { 0 };
            write_stamped(&folder.join(name), sound, Some(stamp));
        }
        look(&[folder], &["cd"])
    };
    let name = |title: &str| format!("{}, {title}", band.name);
    tally.parts(&name("starting together"), &stamps(0), &[], band.so, &[("start_differs", "")]);
    for late in [rate / 1000, rate] {
        tally.parts(&name("starting apart"), &stamps(late), &[("start_differs", "")], band.so, &[]);
    }
}
