#![allow(clippy::disallowed_methods, reason = "answers from elsewhere may come from the standard library")]
use super::*;
use crate::audio::{Encoding, MemorySource};
use crate::deliver::{Container, Gate, Spec, Writer};
use std::path::PathBuf;
use testkit::measure::rms;
use testkit::signals::{db, noise, sine};

const ALL: [&str; 4] = ["aac-256", "mp3-320", "vorbis-160", "opus-128"];

fn codec(name: &str) -> Codec {
    Codec::from_name(name).unwrap()
}

/// A second of tones, bursts and noise in one or two channels, as a 24-bit file.
fn song(folder: &Path, rate_hz: u32, channels: usize, peak: f64) -> PathBuf {
    let rate = f64::from(rate_hz);
    let planes: Vec<Vec<f64>> = (0..channels)
        .map(|c| {
            let tones = [(110.0, 0.4), (447.0 + 10.0 * c as f64, 0.3), (2511.0, 0.15), (6007.0, 0.05)];
            let tones = tones.map(|(hz, level)| sine(hz, level, c as f64, 1.0, rate));
            let hiss = noise(0.3, c as u64 + 1, tones[0].len());
            let mut plane: Vec<f64> = (0..tones[0].len())
                .map(|n| {
                    let beat = (1.0 - ((n as f64 / rate) % 0.25) / 0.1).max(0.0);
                    tones.iter().map(|tone| tone[n]).sum::<f64>() + beat * hiss[n]
                })
                .collect();
            let largest = plane.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
            plane.iter_mut().for_each(|x| *x *= peak / largest);
            plane
        })
        .collect();
    let path = folder.join(format!("song-{rate_hz}-{channels}.wav"));
    let spec = Spec::new(Container::Wav, Encoding::Int(24), rate_hz, channels);
    let mut writer = Writer::create(&path, spec, true).unwrap();
    writer.write(Buffer::from_planes(&planes).view()).unwrap();
    writer.finish(&Job::quiet(), &Gate::default()).unwrap();
    path
}

/// What was decoded; `None`, with a word, where the encoder is not there.
fn checked(path: &Path, name: &str) -> Option<Checked> {
    match check(path, codec(name), -0.9, &Job::quiet()).unwrap() {
        Outcome::Checked(checked) => Some(*checked),
        Outcome::NotChecked { why, .. } if why.contains("not installed") => {
            println!("skipped: {why}");
            None
        }
        Outcome::NotChecked { why, .. } => panic!("{name}: {why}"),
    }
}

fn planes(source: &mut dyn Source) -> Vec<Vec<f64>> {
    let mut planes = vec![Vec::new(); source.info().channels()];
    let mut buffer = Buffer::new(planes.len(), 4096);
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 {
            return planes;
        }
        planes.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(buffer.channel(c)));
    }
}

#[test]
fn every_codec_gives_back_the_song_as_long_and_as_loud_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    for (rate_hz, channels) in [(44_100, 2), (96_000, 1)] {
        let path = song(folder.path(), rate_hz, channels, 0.5);
        let mut source = decode::open(&path, decode::Options::default()).unwrap();
        let own = meters::measure(source.as_mut(), &Job::quiet()).unwrap();
        for name in ALL {
            let Some(found) = checked(&path, name) else { continue };
            let rate = if name.starts_with("opus") || rate_hz != 44_100 { 48_000 } else { 44_100 };
            assert_eq!(found.sample_rate_hz, rate, "{name}");
            assert_eq!(found.frames, u64::from(rate), "{name} {rate_hz}");
            let off = found.integrated_lufs.unwrap() - own.integrated_lufs.unwrap();
            assert!(off.abs() < 0.3, "{name} {rate_hz}: {off} LU");
            assert!((found.true_peak_dbtp - own.true_peak_worst_dbtp()).abs() < 2.5, "{name}: {found:?}");
            assert!(found.kbps > 0.4 * f64::from(codec(name).kbps), "{name}: {}", found.kbps);
            assert_eq!((found.total_overs(), found.first.len()), (0, 0), "{name}");
        }
    }
}

#[test]
fn what_was_decoded_lies_where_it_lay() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 48_000, 2, 0.5);
    let own = planes(decode::open(&path, decode::Options::default()).unwrap().as_mut());
    for (name, by) in ALL.into_iter().flat_map(|name| [(name, By::Own), (name, By::Ffmpeg)]) {
        let Ok(encoded) = encode_by(&path, codec(name), by, &Job::quiet()) else {
            assert!(by == By::Ffmpeg || name.starts_with("vorbis"), "{name}");
            println!("skipped: ffmpeg has no encoder for {name}");
            continue;
        };
        let inner = decode::open(encoded.file.temporary(), decode::Options::default()).unwrap();
        let found = planes(&mut Aligned::new(inner, encoded.priming, encoded.frames).unwrap());
        let residual = |lag: usize| {
            let left: Vec<f64> = found[0][lag..].iter().zip(&own[0]).map(|(a, b)| a - b).collect();
            rms(&left) / rms(&own[0])
        };
        // One frame off is far worse than on time.
        assert!(
            residual(0) < 0.35 && residual(0) < 0.9 * residual(1),
            "{name}: {} {}",
            residual(0),
            residual(1)
        );
        let early: Vec<f64> = found[0].iter().zip(&own[0][1..]).map(|(a, b)| a - b).collect();
        assert!(residual(0) < 0.9 * rms(&early) / rms(&own[0]), "{name}");
    }
}

#[test]
fn of_two_encoders_the_one_with_the_higher_peak_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.98);
    for name in ["aac-128", "mp3-128", "opus-96"] {
        let by = |by| opinion(&path, codec(name), by, 0.0, &Job::quiet()).unwrap();
        let (own, second) = (by(By::Own), by(By::Ffmpeg));
        let Outcome::Checked(second) = second else {
            println!("skipped: {second:?}");
            return;
        };
        assert!(second.encoder.starts_with("ffmpeg") && !own.encoder().starts_with("ffmpeg"));
        assert_eq!(second.frames, if name.starts_with("opus") { 48_000 } else { 44_100 }, "{name}");
        let higher = second.true_peak_dbtp.max(own.true_peak_dbtp().unwrap());
        let both = check(&path, codec(name), 0.0, &Job::quiet()).unwrap();
        assert_eq!(both.true_peak_dbtp(), Some(higher), "{name}");
    }
}

#[test]
fn the_aac_of_ffmpeg_is_what_ffmpeg_makes_of_the_file_for_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.98);
    let ours = match encode_by(&path, codec("aac-256"), By::Ffmpeg, &Job::quiet()) {
        Ok(encoded) => std::fs::read(encoded.file.temporary()).unwrap(),
        Err(_) => return println!("skipped: no ffmpeg"),
    };
    let [m4a, adts] = ["them.m4a", "them.aac"].map(|name| folder.path().join(name).to_str().unwrap().to_owned());
    let said = |args: &[&str]| std::process::Command::new("ffmpeg").args(args).status().unwrap().success();
    assert!(said(&["-v", "error", "-i", path.to_str().unwrap(), "-c:a", "aac", "-b:a", "256k", &m4a]));
    assert!(said(&["-v", "error", "-i", &m4a, "-c", "copy", &adts]));
    assert!(ours == std::fs::read(adts).unwrap());
}

#[test]
fn ffmpeg_decodes_the_same_peaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.98);
    for name in ["aac-128", "mp3-128", "opus-96"] {
        let ours = opinion(&path, codec(name), By::Own, 0.0, &Job::quiet()).unwrap();
        let Outcome::Checked(ours) = ours else { panic!("{ours:?}") };
        let Ok(encoded) = encode_by(&path, codec(name), By::Own, &Job::quiet()) else { panic!("{name}") };
        let file = encoded.file.temporary().to_str().unwrap();
        let arguments = ["-v", "error", "-i", file, "-f", "f64le", "-c:a", "pcm_f64le", "-"];
        let output = match std::process::Command::new("ffmpeg").args(arguments).output() {
            Ok(output) => output,
            Err(error) => {
                println!("skipped: ffmpeg: {error}");
                return;
            }
        };
        let samples: Vec<f64> =
            output.stdout.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
        let largest = samples.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
        let theirs_dbfs = 20.0 * largest.log10();
        assert!((theirs_dbfs - ours.sample_peak_dbfs).abs() < 0.01, "{name}: {theirs_dbfs} {ours:?}");
    }
}

#[test]
fn overs_are_counted_on_samples_and_between_them() {
    // A quarter of the rate at 45°: samples stand at 0.7071 of the peak, the peak half way between each pair of equal sign, and a quarter and
    // three quarters at cos 22.5° = 0.924.
    let count = |peak: f64| {
        let frames = 4000;
        let plane: Vec<f64> = (0..frames)
            .map(|n| {
                let fade = (n.min(frames - 1 - n) as f64 / 400.0).min(1.0);
                fade * peak * [1.0, 1.0, -1.0, -1.0][n % 4] * std::f64::consts::FRAC_1_SQRT_2
            })
            .collect();
        let mut counted = Counted::new(Box::new(MemorySource::new(Buffer::from_planes(&[plane]), 48_000)));
        planes(&mut counted);
        counted.finish()
    };
    let (overs, first) = count(0.99);
    assert_eq!((overs[0], first.len()), (ChannelOvers::default(), 0));
    // Peak 1.05: only half way, between every second pair: 1600 pairs in the steady part.
    let (overs, first) = count(1.05);
    assert_eq!(overs[0].on_sample, 0);
    assert!((1600..1690).contains(&overs[0].inter_sample), "{overs:?}");
    assert_eq!(first[0].sample.fract(), 0.5);
    assert!((first[0].value.abs() - 1.0).abs() < 0.01 && first[0].dbfs > 0.0, "{first:?}");
    assert!((first[0].seconds - first[0].sample / 48_000.0).abs() < 1e-12);
    // Peak 1.2: quarters too. Peak 1.5: the samples themselves.
    let (overs, _) = count(1.2);
    assert!(overs[0].on_sample == 0 && (4800..5100).contains(&overs[0].inter_sample), "{overs:?}");
    let (overs, _) = count(1.5);
    assert!((3200..3500).contains(&overs[0].on_sample), "{overs:?}");
}

#[test]
fn a_loud_song_goes_over_and_a_lower_one_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.999);
    let found = checked(&path, "aac-128").unwrap();
    assert!(found.true_peak_dbtp > 0.0 && found.total_overs() > 0, "{found:?}");
    let outcome = Outcome::Checked(Box::new(found));
    let finding = outcome.finding("spotify", 0.0).unwrap();
    assert_eq!((finding.rule, finding.about.as_str()), ("codec_over", "spotify"));
    assert!(outcome.finding("spotify", 6.0).is_none());
    let soft = song(folder.path(), 44_100, 2, db(-6.0));
    let quiet = checked(&soft, "aac-128").unwrap();
    assert!(Outcome::Checked(Box::new(quiet)).finding("spotify", 0.0).is_none());
}

#[test]
fn threads_change_nothing_and_the_order_is_that_of_the_list() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.9);
    let codecs = ["opus-128", "aac-256", "mp3-320"].map(codec);
    let run = |threads| hold(&path, &codecs, -0.9, &Job::quiet().with_threads(threads)).unwrap();
    let one = run(1);
    assert_eq!(one.iter().map(Outcome::codec).collect::<Vec<_>>(), codecs);
    assert!(run(2) == one && run(3) == one);
}

#[test]
fn what_cannot_be_checked_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 48_000, 6, 0.5);
    let outcome = check(&path, codec("aac-256"), 0.0, &Job::quiet()).unwrap();
    assert!(matches!(&outcome, Outcome::NotChecked { why, .. } if why.contains("6 channels")), "{outcome:?}");
    assert_eq!(outcome.finding("cd", 0.0).unwrap().rule, "codec_not_checked");
    let gone = check(&folder.path().join("none.wav"), codec("aac-256"), 0.0, &Job::quiet());
    assert_eq!(gone.unwrap_err().code, "not_found");
}

#[test]
fn an_interrupted_check_leaves_nothing_behind() {
    use std::sync::atomic::AtomicBool;
    let folder = tempfile::tempdir().unwrap();
    let path = song(folder.path(), 44_100, 2, 0.5);
    let stop = AtomicBool::new(true);
    let error = check(&path, codec("mp3-320"), 0.0, &Job::new(&crate::job::Quiet, &stop, 1)).unwrap_err();
    assert_eq!(error.kind, Kind::Interrupted);
}
