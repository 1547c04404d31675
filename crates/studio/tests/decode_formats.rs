//! Every format against ffmpeg and the codecs' own programs, sample by sample and in length.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::{Whole, all, run, scratch};
use std::path::{Path, PathBuf};
use studio::audio::{Encoding, Speaker};
use studio::decode::Options;
use tempfile::TempDir;

/// Frames of the test signal: no multiple of any block of any codec.
const FRAMES: usize = 44_100 + 777;

/// Noise and tones, different in every channel, as a float WAV.
fn signal(folder: &TempDir, channels: u16, rate: u32, frames: usize) -> PathBuf {
    let path = folder.path().join(format!("in_{channels}_{rate}_{frames}.wav"));
    let spec = hound::WavSpec {
        channels,
        sample_rate: rate,
        bits_per_sample: 32,
        sample_format: hound::SampleFormat::Float,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    let noise: Vec<_> =
        (0..channels).map(|c| testkit::signals::noise(0.05, u64::from(c) + 1, frames)).collect();
    for n in 0..frames {
        for (channel, noise) in noise.iter().enumerate() {
            let hz = 200.0 * (channel + 1) as f64;
            let turns = hz * n as f64 / f64::from(rate);
            let tone = 0.4 * libm::sin(std::f64::consts::TAU * (turns - turns.floor()));
            writer.write_sample((tone + noise[n]) as f32).unwrap();
        }
    }
    writer.finalize().unwrap();
    path
}

/// What ffmpeg decodes, as planes.
fn by_ffmpeg(folder: &TempDir, path: &Path, channels: usize) -> Option<Vec<Vec<f64>>> {
    let raw = folder.path().join("raw.f64");
    let arguments =
        ["-v", "error", "-y", "-i", path.to_str()?, "-f", "f64le", "-c:a", "pcm_f64le", raw.to_str()?];
    if !run("ffmpeg", &arguments) {
        return None;
    }
    let bytes = std::fs::read(&raw).unwrap();
    let samples: Vec<f64> =
        bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    Some((0..channels).map(|c| samples.iter().skip(c).step_by(channels).copied().collect()).collect())
}

fn encode(folder: &TempDir, input: &Path, name: &str, options: &[&str]) -> Option<PathBuf> {
    let path = folder.path().join(name);
    let mut arguments = vec!["-v", "error", "-y", "-i", input.to_str()?];
    arguments.extend(options);
    // hound calls the one channel of mono "front left", which some encoders of ffmpeg turn into stereo.
    let channels = hound::WavReader::open(input).unwrap().spec().channels.to_string();
    arguments.extend(["-ac", &channels]);
    arguments.push(path.to_str()?);
    run("ffmpeg", &arguments).then_some(path)
}

fn largest_difference(ours: &Whole, theirs: &[Vec<f64>]) -> f64 {
    assert_eq!(ours.planes.len(), theirs.len(), "channels");
    // ffmpeg does not cut the end of every format; the lengths are compared on their own.
    let pairs = ours.planes.iter().zip(theirs).flat_map(|(ours, theirs)| ours.iter().zip(theirs));
    pairs.fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()))
}

#[test]
fn uncompressed_formats_are_what_ffmpeg_reads() {
    let folder = scratch();
    let input = signal(&folder, 2, 44_100, 4001);
    let surround = signal(&folder, 6, 48_000, 1001);
    let cases: &[(&Path, &str, &[&str], &str)] = &[
        (&input, "u8.wav", &["-c:a", "pcm_u8"], "pcm_u8"),
        (&input, "16.wav", &["-c:a", "pcm_s16le"], "pcm_s16le"),
        (&input, "24.wav", &["-c:a", "pcm_s24le"], "pcm_s24le"),
        (&input, "32.wav", &["-c:a", "pcm_s32le"], "pcm_s32le"),
        (&input, "f32.wav", &["-c:a", "pcm_f32le"], "pcm_f32le"),
        (&input, "f64.wav", &["-c:a", "pcm_f64le"], "pcm_f64le"),
        (&surround, "51.wav", &["-c:a", "pcm_s24le"], "pcm_s24le"),
        (&input, "24.rf64", &["-c:a", "pcm_s24le", "-f", "wav", "-rf64", "always"], "pcm_s24le"),
        (&input, "24.w64", &["-c:a", "pcm_s24le"], "pcm_s24le"),
        (&input, "f32.w64", &["-c:a", "pcm_f32le"], "pcm_f32le"),
        (&surround, "51.w64", &["-c:a", "pcm_s16le"], "pcm_s16le"),
        (&input, "8.aif", &["-c:a", "pcm_s8"], "pcm_s8"),
        (&input, "16.aif", &["-c:a", "pcm_s16be"], "pcm_s16be"),
        (&input, "24.aif", &["-c:a", "pcm_s24be"], "pcm_s24be"),
        (&input, "32.aif", &["-c:a", "pcm_s32be"], "pcm_s32be"),
        (&input, "f32.aif", &["-c:a", "pcm_f32be"], "pcm_f32be"),
        (&input, "f64.aif", &["-c:a", "pcm_f64be"], "pcm_f64be"),
        (&input, "sowt.aif", &["-c:a", "pcm_s16le"], "pcm_s16le"),
        (&surround, "51.aif", &["-c:a", "pcm_s24be"], "pcm_s24be"),
        (&input, "16.au", &["-c:a", "pcm_s16be"], "pcm_s16be"),
        (&input, "24.au", &["-c:a", "pcm_s24be"], "pcm_s24be"),
        (&input, "f32.au", &["-c:a", "pcm_f32be"], "pcm_f32be"),
        (&input, "16.caf", &["-c:a", "pcm_s16le"], "pcm_s16le"),
        (&input, "24.caf", &["-c:a", "pcm_s24be"], "pcm_s24be"),
        (&input, "f32.caf", &["-c:a", "pcm_f32le"], "pcm_f32le"),
        (&input, "f64.caf", &["-c:a", "pcm_f64be"], "pcm_f64be"),
        (&surround, "51.caf", &["-c:a", "pcm_s24le"], "pcm_s24le"),
    ];
    for (input, name, options, codec) in cases {
        let Some(path) = encode(&folder, input, name, options) else { continue };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(theirs) = by_ffmpeg(&folder, &path, audio.planes.len()) else { continue };
        assert_eq!(audio.info.codec, *codec, "{name}");
        decode_kit::same(name, &audio.planes, &theirs);
        assert_eq!(audio.info.frames, Some(theirs[0].len() as u64), "{name}");
        assert!(audio.findings.is_empty(), "{name}: {:?}", audio.findings);
    }
}

#[test]
fn sox_and_libsndfile_files_are_read_exactly() {
    let folder = scratch();
    let input = signal(&folder, 2, 44_100, 3001);
    for name in ["x.aiff", "x.aifc", "x.au", "x.caf", "x.w64", "x.wav", "x.rf64"] {
        let path = folder.path().join(name);
        let format = if name == "x.rf64" { "-rf64" } else { "-pcm24" };
        if !run("sndfile-convert", &["-pcm24", input.to_str().unwrap(), path.to_str().unwrap()]) {
            println!("no {name} with {format}");
            continue;
        }
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let theirs = by_ffmpeg(&folder, &path, 2).unwrap();
        decode_kit::same(name, &audio.planes, &theirs);
        assert_eq!(audio.info.encoding, Encoding::Int(24), "{name}");
    }
}

#[test]
fn flac_of_every_shape_is_exact() {
    let folder = scratch();
    for (channels, rate, format) in [
        (1, 8_000, "s16"),
        (2, 44_100, "s16"),
        (2, 96_000, "s32"),
        (3, 48_000, "s16"),
        (6, 48_000, "s32"),
        (8, 192_000, "s16"),
    ] {
        let input = signal(&folder, channels, rate, 10_007);
        let name = format!("{channels}_{rate}.flac");
        let Some(path) = encode(&folder, &input, &name, &["-c:a", "flac", "-sample_fmt", format]) else {
            continue;
        };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        decode_kit::same(&name, &audio.planes, &theirs);
        assert_eq!(audio.info.frames, Some(10_007));
        assert!(audio.findings.is_empty(), "{:?}", audio.findings);
    }
}

#[test]
fn flac_of_32_bits_comes_back_as_it_went_in() {
    // What symphonia 0.6.1 gets wrong without a word. `flac` before 1.4 cannot write it, so our encoder crate does,
    // and the truth is the integers themselves.
    let folder = scratch();
    let path = folder.path().join("32.flac");
    let samples: Vec<i32> =
        (0..20_002_i64).map(|n| (n * 0x9e37_79b9 % 0x1_0000_0000 - 0x8000_0000) as i32).collect();
    let file = std::fs::File::create(&path).unwrap();
    let options = flac_codec::encode::Options::default();
    let mut writer =
        flac_codec::encode::FlacSampleWriter::new(file, options, 44_100, 32, 2, Some(20_002)).unwrap();
    writer.write(&samples).unwrap();
    writer.finalize().unwrap();
    let audio = all(&path, Options::default()).unwrap();
    for (n, sample) in samples.iter().enumerate() {
        assert_eq!(audio.planes[n % 2][n / 2], f64::from(*sample) / 2_147_483_648.0, "sample {n}");
    }
}

#[test]
fn alac_is_exact_in_m4a_and_caf() {
    let folder = scratch();
    for (channels, format, container) in [
        (1, "s16p", "m4a"),
        (2, "s16p", "m4a"),
        (2, "s32p", "m4a"),
        (6, "s32p", "m4a"),
        (2, "s16p", "caf"),
        (2, "s32p", "caf"),
    ] {
        let input = signal(&folder, channels, 48_000, FRAMES);
        let name = format!("{channels}_{format}.{container}");
        let Some(path) = encode(&folder, &input, &name, &["-c:a", "alac", "-sample_fmt", format]) else {
            continue;
        };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        assert_eq!(audio.frames(), FRAMES, "{name}");
        decode_kit::same(&name, &audio.planes, &theirs);
        assert_eq!(audio.info.encoding, Encoding::Int(if format == "s16p" { 16 } else { 24 }), "{name}");
    }
}

#[test]
fn mp3_is_as_long_as_what_went_in_and_sounds_as_ffmpeg_decodes_it() {
    let folder = scratch();
    for (channels, rate, options) in [
        (2, 44_100, &["-b:a", "320k"][..]),
        (2, 44_100, &["-q:a", "0"]),
        (1, 48_000, &["-b:a", "96k"]),
        (2, 22_050, &["-b:a", "64k"]),
        (1, 8_000, &["-b:a", "16k"]),
        (2, 32_000, &["-b:a", "128k"]),
    ] {
        let input = signal(&folder, channels, rate, FRAMES);
        let name = format!("{channels}_{rate}_{}.mp3", options[1]);
        let mut arguments = vec!["-c:a", "libmp3lame"];
        arguments.extend(options);
        let Some(path) = encode(&folder, &input, &name, &arguments) else { continue };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        assert_eq!(audio.frames(), FRAMES, "{name}");
        assert_eq!(theirs[0].len(), FRAMES, "{name}");
        let most = largest_difference(&audio, &theirs);
        assert!(most < 2e-5, "{name}: {most}");
        assert_eq!(audio.info.encoding, Encoding::Lossy);
    }
}

#[test]
fn mp3_without_a_tag_is_whole_frames_long() {
    let folder = scratch();
    let input = signal(&folder, 2, 44_100, FRAMES);
    let options = ["-c:a", "libmp3lame", "-b:a", "192k", "-write_xing", "0", "-id3v2_version", "0"];
    let Some(path) = encode(&folder, &input, "no_tag.mp3", &options) else { return };
    let audio = all(&path, Options::default()).unwrap();
    let theirs = by_ffmpeg(&folder, &path, 2).unwrap();
    assert_eq!(audio.info.frames, None);
    assert_eq!(audio.frames() % 1152, 0);
    assert_eq!(audio.frames(), theirs[0].len());
    let most = largest_difference(&audio, &theirs);
    assert!(most < 2e-5, "{most}");
}

#[test]
fn vorbis_is_as_long_as_what_went_in_and_sounds_as_oggdec_decodes_it() {
    let folder = scratch();
    for (channels, rate) in [(1, 44_100), (2, 44_100), (2, 8_000), (6, 48_000), (2, 96_000)] {
        let input = signal(&folder, channels, rate, FRAMES);
        let name = format!("{channels}_{rate}.ogg");
        let Some(path) = encode(&folder, &input, &name, &["-c:a", "libvorbis", "-q:a", "6"]) else {
            continue;
        };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        assert_eq!(audio.frames(), FRAMES, "{name}");
        assert_eq!(audio.info.frames, Some(FRAMES as u64), "{name}");
        let most = largest_difference(&audio, &theirs);
        assert!(most < 2e-6, "{name}: {most}");
        let wav = folder.path().join("oggdec.wav");
        if channels <= 2
            && run("oggdec", &["-Q", "-b", "16", "-o", wav.to_str().unwrap(), path.to_str().unwrap()])
        {
            let theirs = all(&wav, Options::default()).unwrap();
            assert_eq!(theirs.frames(), FRAMES, "{name}");
            assert!(largest_difference(&audio, &theirs.planes) < 1.01 / 32_768.0, "{name}");
        }
    }
}

#[test]
fn opus_is_as_long_as_what_went_in_and_sounds_as_opusdec_decodes_it() {
    let folder = scratch();
    for (channels, rate) in [(1_u16, 48_000), (2, 48_000), (6, 48_000), (8, 48_000), (2, 24_000)] {
        let frames = 48_000 + 123;
        let input = signal(&folder, channels, rate, frames);
        let name = format!("{channels}_{rate}.opus");
        let bits = format!("{}k", 64 * channels);
        let Some(path) = encode(&folder, &input, &name, &["-c:a", "libopus", "-b:a", &bits]) else {
            continue;
        };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(audio.frames(), frames * 48_000 / rate as usize, "{name}");
        assert_eq!(audio.info.sample_rate_hz, 48_000);
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        let most = largest_difference(&audio, &theirs);
        assert!(most < 1e-3, "{name}: {most} from ffmpeg");
        let wav = folder.path().join("opusdec.wav");
        if channels <= 2
            && run(
                "opusdec",
                &["--quiet", "--float", "--rate", "48000", path.to_str().unwrap(), wav.to_str().unwrap()],
            )
        {
            let theirs = all(&wav, Options::default()).unwrap();
            assert_eq!(theirs.frames(), audio.frames(), "{name}");
            let most = largest_difference(&audio, &theirs.planes);
            assert!(most < 1e-5, "{name}: {most} from opusdec");
        }
    }
}

#[test]
fn aac_in_m4a_is_as_long_as_what_went_in() {
    let folder = scratch();
    for (channels, rate, frames) in
        [(2, 44_100, 882_000), (2, 44_100, FRAMES), (1, 48_000, FRAMES), (6, 48_000, FRAMES)]
    {
        let input = signal(&folder, channels, rate, frames);
        let name = format!("{channels}_{rate}_{frames}.m4a");
        let Some(path) = encode(&folder, &input, &name, &["-c:a", "aac", "-b:a", "192k"]) else { continue };
        let audio = all(&path, Options::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(audio.frames(), frames, "{name}");
        let Some(theirs) = by_ffmpeg(&folder, &path, channels.into()) else { continue };
        let most =
            largest_difference(&audio, &theirs.iter().map(|p| p[..frames].to_vec()).collect::<Vec<_>>());
        assert!(most < 2e-6, "{name}: {most}");
    }
}

#[test]
fn aac_in_adts_is_whole_frames_long() {
    let folder = scratch();
    let input = signal(&folder, 2, 44_100, FRAMES);
    let Some(path) = encode(&folder, &input, "x.aac", &["-c:a", "aac", "-b:a", "192k"]) else { return };
    let audio = all(&path, Options::default()).unwrap();
    let theirs = by_ffmpeg(&folder, &path, 2).unwrap();
    assert_eq!(audio.frames(), theirs[0].len());
    assert_eq!(audio.frames() % 1024, 0);
    assert!(largest_difference(&audio, &theirs) < 2e-6);
}

#[test]
fn surround_channels_sit_where_ffmpeg_puts_them() {
    use Speaker::{Centre, Left, Lfe, Right, SurroundLeft, SurroundRight};
    let folder = scratch();
    let input = signal(&folder, 6, 48_000, 4800);
    for name in ["x.wav", "x.flac", "x.ogg", "x.opus", "x.m4a", "x.caf"] {
        let codec = if name == "x.ogg" {
            "libvorbis"
        } else if name == "x.opus" {
            "libopus"
        } else {
            "copy"
        };
        let options = if codec == "copy" { vec![] } else { vec!["-c:a", codec, "-b:a", "640k"] };
        let Some(path) = encode(&folder, &input, name, &options) else { continue };
        let audio = all(&path, Options::default()).unwrap();
        assert_eq!(audio.info.layout.0, [Left, Right, Centre, Lfe, SurroundLeft, SurroundRight], "{name}");
        // The tone of channel c is 200·(c + 1) Hz; LFE may be band-limited but 800 Hz passes or is gone.
        for (channel, plane) in audio.planes.iter().enumerate().filter(|(channel, _)| *channel != 3) {
            let hz = 200.0 * (channel + 1) as f64;
            let (level, _) = testkit::measure::tone(plane, hz, 48_000.0);
            assert!((level - 0.4).abs() < 0.05, "{name}, channel {channel}: {level}");
        }
    }
}

#[test]
fn every_rate_and_channel_count_is_read() {
    let folder = scratch();
    for rate in [
        8_000, 11_025, 16_000, 22_050, 32_000, 44_056, 44_100, 48_000, 88_200, 96_000, 176_400, 192_000,
        384_000, 768_000,
    ] {
        for channels in [1, 2, 3, 6, 8, 12] {
            let path = signal(&folder, channels, rate, 101);
            let audio = all(&path, Options::default()).unwrap();
            assert_eq!(
                (audio.info.sample_rate_hz, audio.planes.len(), audio.frames()),
                (rate, channels.into(), 101)
            );
        }
    }
}
