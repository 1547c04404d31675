#![allow(clippy::disallowed_methods, reason = "answers from elsewhere may come from the standard library")]
use super::*;
use crate::audio::MemorySource;
use crate::decode;
use testkit::signals::{noise, sine};

/// Planes of a stream, its rate.
type Made = (Vec<Vec<f64>>, u32);

fn source((planes, rate_hz): &Made) -> Result<Box<dyn Source>> {
    Ok(Box::new(MemorySource::new(Buffer::from_planes(planes), *rate_hz)))
}

fn between(earlier: &Made, later: &Made, levels: Levels) -> (Difference, Vec<Vec<f64>>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("difference.wav");
    let (file, found) =
        write(&|| source(earlier), &|| source(later), levels, (&path, false), &Job::quiet()).unwrap();
    file.commit().unwrap();
    let mut written = decode::open(&path, decode::Options::default()).unwrap();
    assert_eq!(written.info().encoding, Encoding::Float(32));
    let mut planes = vec![Vec::new(); written.info().channels()];
    let mut block = Buffer::new(planes.len(), 4096);
    loop {
        written.read(&mut block).unwrap();
        if block.frames() == 0 {
            return (found, planes);
        }
        planes.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(block.channel(c)));
    }
}

/// Two seconds of tones at 125 Hz, 1 kHz and 8 kHz and a little noise, with these peaks of the tones.
fn music(peaks: [f64; 3]) -> Made {
    let tones =
        [125.0, 1000.0, 8000.0].iter().zip(peaks).map(|(hz, peak)| sine(*hz, peak, 0.2, 2.0, 48_000.0));
    let tones: Vec<_> = tones.collect();
    let plane = |seed| -> Vec<f64> {
        let hiss = noise(0.001, seed, tones[0].len());
        (0..hiss.len()).map(|n| hiss[n] + tones.iter().map(|tone| tone[n]).sum::<f64>()).collect()
    };
    (vec![plane(1), plane(2)], 48_000)
}

fn scaled((planes, rate_hz): &Made, gain: f64) -> Made {
    (planes.iter().map(|plane| plane.iter().map(|x| x * gain).collect()).collect(), *rate_hz)
}

#[test]
fn a_pure_gain_leaves_silence_whichever_way_it_goes() {
    let song = music([0.1, 0.1, 0.1]);
    for (gain, louder_db) in [(4.0, 12.041_199_826_559_248), (0.5, -6.020_599_913_279_624), (1.0, 0.0)] {
        let (found, planes) = between(&song, &scaled(&song, gain), Levels::Matched);
        assert!((found.louder_db - louder_db).abs() < 1e-9, "{}", found.louder_db);
        assert!(found.rms_dbfs.is_none_or(|level| level < -220.0), "{found:?}");
        assert!(planes.iter().flatten().all(|x| x.abs() < 1e-10));
    }
    let (found, _) = between(&song, &song, Levels::AsTheyAre);
    assert_eq!((found.rms_dbfs, found.under_db, found.most()), (None, None, None));
    assert_eq!(found.words(), "nothing");
}

#[test]
fn a_planted_change_of_one_tone_is_found_in_its_octave_and_size() {
    // 1 kHz from 0.1 to 0.15: a tone of 0.05 is left, 3.01 dB less in RMS, and a third of what is there now.
    let (found, planes) = between(&music([0.1, 0.1, 0.1]), &music([0.1, 0.15, 0.1]), Levels::AsTheyAre);
    assert!((found.rms_dbfs.unwrap() - -29.031).abs() < 0.01, "{found:?}");
    let most = found.most().unwrap();
    assert_eq!(most.hz, 1000.0);
    assert!((most.under_db.unwrap() - -9.542).abs() < 0.02, "{most:?}");
    // Beside it nothing, or nothing to be heard there.
    assert!(found.octaves.iter().filter(|o| o.hz != 1000.0).all(|o| o.under_db.is_none_or(|db| db < -60.0)));
    // Against everything: 0.05² of 0.1² + 0.15² + 0.1².
    assert!((found.under_db.unwrap() - -12.305).abs() < 0.02, "{found:?}");
    assert_eq!(found.words(), "-12.3 dB against the music, most at 1000 Hz (-9.5 dB)");
    // Later less earlier: in phase with the tone that was raised.
    let tone = sine(1000.0, 0.05, 0.2, 2.0, 48_000.0);
    assert!(planes[0].iter().zip(&tone).all(|(a, b)| (a - b).abs() < 1e-7));
}

#[test]
fn matched_levels_show_a_change_of_tone_and_not_of_level() {
    // Everything four times as loud, and 1 kHz half as much again.
    let (found, _) = between(&music([0.1, 0.1, 0.1]), &music([0.4, 0.6, 0.4]), Levels::Matched);
    assert_eq!(found.most().unwrap().hz, 1000.0);
    assert!((12.1..15.6).contains(&found.louder_db), "{}", found.louder_db);
    // By hand: the K-weighted powers of the tones are 0.1² · (0.93, 1.0, 2.5) about, so that 4.27 ± 0.1 dB … 1 kHz is left over by
    // less than as it is.
    assert!(found.under_db.unwrap() < -12.0 && found.under_db.unwrap() > -20.0, "{found:?}");
}

#[test]
fn one_frame_late_is_no_silence() {
    let song = music([0.1, 0.1, 0.1]);
    let late = (song.0.iter().map(|plane| plane[1..].to_vec()).collect(), song.1);
    let (found, planes) = between(&song, &late, Levels::AsTheyAre);
    assert!(found.rms_dbfs.unwrap() > -30.0, "{found:?}");
    // The one that is over is silent: what is left is the end of the other, turned round.
    assert_eq!(planes[0].len(), song.0[0].len());
    let (end, wanted) = (planes[0].last().unwrap(), -song.0[0].last().unwrap());
    assert!((end - wanted).abs() < 1e-7, "{end} {wanted}");
}

#[test]
fn a_mono_stream_of_another_rate_is_held_against_stereo() {
    // Begun and ended within 10 ms, so that the filter of the conversion has nothing to take away.
    let tone = |rate: f64| -> Vec<f64> {
        let plain = sine(997.0, 0.5, 0.0, 1.0, rate);
        let fade = |seconds: f64| 0.5 - 0.5 * (std::f64::consts::PI * (seconds / 0.01).min(1.0)).cos();
        let faded = |(n, x): (usize, &f64)| x * fade(n as f64 / rate) * fade(1.0 - n as f64 / rate);
        plain.iter().enumerate().map(faded).collect()
    };
    let later = (vec![tone(48_000.0), tone(48_000.0)], 48_000);
    let (found, planes) = between(&(vec![tone(96_000.0)], 96_000), &later, Levels::Matched);
    assert!(found.louder_db.abs() < 0.001, "{}", found.louder_db);
    assert_eq!(planes[1].len(), 48_000);
    let most = planes.iter().flatten().fold(0.0, |most: f64, x| most.max(x.abs()));
    assert!(most < 2e-4, "{most}");
}

#[test]
fn what_cannot_be_compared_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.wav");
    let (stereo, three) = ((vec![vec![0.1; 100]; 2], 48_000), (vec![vec![0.1; 100]; 3], 48_000));
    let result =
        write(&|| source(&three), &|| source(&stereo), Levels::AsTheyAre, (&path, false), &Job::quiet());
    assert_eq!(result.unwrap_err().code, "not_comparable");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
