//! Real and planted recordings, where they are at hand.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::{all, run, scratch};
use std::path::{Path, PathBuf};
use studio::decode::{self, Options};

const SALVAGE: Options = Options { salvage: true, repair: false, allow_bad_md5: false, own: false };

/// The folder of recordings, beside the project or above it.
fn shared(name: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|folder| folder.join("shared/audio").join(name))
        .find(|path| path.exists());
    if found.is_none() {
        println!("skipped: shared/audio/{name} is not here");
    }
    found
}

/// Frames and a finding (or none), or an error code.
type Outcome = std::result::Result<(u64, &'static str), &'static str>;

/// What must happen to each file of the pathological folder: an error code, or frames and a finding (or none).
const EXPECTED: &[(&str, Outcome)] = &[
    ("level/float_peak_plus6dBFS.wav", Ok((132_300, ""))),
    ("level/silence_digital_2s.wav", Ok((88_200, ""))),
    ("level/hard_clipped_then_minus6dB.wav", Ok((132_300, ""))),
    ("level/intersample_over_plus3.wav", Ok((88_200, ""))),
    ("stereo/right_inverted.wav", Ok((132_300, ""))),
    ("numeric/nan_inf_float.wav", Err("not_finite")),
    ("numeric/denormals_float.wav", Ok((44_100, ""))),
    ("numeric/float64.wav", Ok((132_300, ""))),
    ("format/u8_mono_11025.wav", Ok((11_025, ""))),
    ("format/s32.wav", Ok((44_100, ""))),
    ("format/ext_24in32.wav", Ok((44_100, ""))),
    ("format/sr_8000.wav", Ok((4000, ""))),
    ("format/sr_22050.wav", Ok((11_025, ""))),
    ("format/sr_192000.wav", Ok((96_000, ""))),
    ("format/sr_44056_odd.wav", Ok((22_028, ""))),
    ("format/surround_5_1_ext.wav", Ok((44_100, ""))),
    ("format/surround_7_1_4_ext.wav", Ok((44_100, ""))),
    ("format/24ch_poly.wav", Ok((22_050, ""))),
    ("format/rifx_big_endian.wav", Ok((44_100, ""))),
    ("format/rf64_24.wav", Ok((44_100, ""))),
    ("format/bw64_24.wav", Ok((44_100, ""))),
    ("format/bwf_bext_timeref_1h.wav", Ok((44_100, ""))),
    ("format/list_info_odd_chunk.wav", Ok((44_100, ""))),
    ("broken/zero_samples.wav", Ok((0, "no_audio"))),
    ("broken/one_sample.wav", Ok((1, ""))),
    ("broken/100_samples.wav", Ok((100, ""))),
    ("broken/datasize_ffffffff_stream.wav", Ok((44_100, "streamed_header"))),
    ("broken/datasize_zero_but_data.wav", Ok((44_100, "streamed_header"))),
    ("broken/datasize_too_big_truncated.wav", Err("truncated")),
    ("broken/partial_last_frame.wav", Ok((44_099, "stray_bytes"))),
    ("broken/odd_data_no_pad.wav", Ok((22_049, ""))),
    ("broken/empty_file.wav", Err("empty")),
    ("broken/riff_header_only.wav", Err("bad_header")),
    ("broken/text_as_wav.wav", Err("not_audio")),
    ("broken/zero_channels.wav", Err("bad_header")),
    ("broken/zero_samplerate.wav", Err("bad_sample_rate")),
    ("broken/absurd_samplerate.wav", Err("bad_sample_rate")),
    ("name/音楽 — naïve (mix) #1 [final].wav", Ok((22_050, ""))),
    ("name/-rf.wav", Ok((22_050, ""))),
];

fn check(folder: &Path) -> usize {
    let mut seen = 0;
    for (name, expected) in EXPECTED {
        let path = folder.join(name);
        if !path.exists() {
            continue;
        }
        seen += 1;
        match (all(&path, Options::default()), expected) {
            (Err(error), Err(code)) => {
                assert_eq!((error.code, error.kind.exit_code()), (*code, 3), "{name}: {error}");
            }
            (Ok(audio), Ok((frames, rule))) => {
                assert_eq!(audio.frames() as u64, *frames, "{name}");
                assert!(rule.is_empty() || audio.says(rule), "{name}: {:?}", audio.findings);
                // The generator writes odd RIFF sizes; that is told, and no more than that.
                let quiet = audio.findings.iter().all(|finding| finding.rule == "riff_size");
                assert!(!rule.is_empty() || quiet, "{name}: {:?}", audio.findings);
            }
            (found, _) => panic!("{name}: {:?}", found.map(|audio| audio.frames())),
        }
    }
    seen
}

#[test]
fn the_pathological_files_do_what_their_list_says() {
    let Some(folder) = shared("pathological") else { return };
    assert!(check(&folder) > 20);
    let cut = folder.join("broken/datasize_too_big_truncated.wav");
    if cut.exists() {
        assert_eq!(all(&cut, SALVAGE).unwrap().frames(), 44_100);
    }
    let repaired = Options { repair: true, ..Options::default() };
    let audio = all(&folder.join("numeric/nan_inf_float.wav"), repaired).unwrap();
    assert!(audio.says("not_finite") && audio.planes[0][1000] == 0.0 && audio.planes[1][3000] == 0.0);
    let info = decode::probe(&folder.join("format/bwf_bext_timeref_1h.wav")).unwrap();
    assert_eq!(info.metadata.time_reference_frames, Some(158_760_000));
}

#[test]
fn all_64_generated_files_do_what_their_list_says() {
    let Some(script) = shared("pathological/make_pathological.py") else { return };
    let folder = scratch();
    if run("python3", &[script.to_str().unwrap(), folder.path().to_str().unwrap()]) {
        assert_eq!(check(folder.path()), EXPECTED.len());
    }
}

#[test]
fn every_recording_decodes_to_its_declared_length() {
    let Some(folder) = shared("") else { return };
    let mut files = Vec::new();
    for part in ["multitrack/francium_edm_vocal", "intake", "mastered", "album", "speech"] {
        let Ok(entries) = std::fs::read_dir(folder.join(part)) else { continue };
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files.sort();
    files.retain(|path| {
        path.extension().is_some_and(|ending| ["flac", "ogg", "wav"].iter().any(|e| ending == *e))
    });
    for path in files.iter().step_by(3) {
        let mut source = decode::open(path, Options::default()).unwrap();
        let mut buffer = dsp::block::Buffer::new(source.info().channels(), 4096);
        let mut frames = 0;
        loop {
            source.read(&mut buffer).unwrap();
            if buffer.frames() == 0 {
                break;
            }
            frames += buffer.frames() as u64;
        }
        assert_eq!(source.info().frames, Some(frames), "{}", path.display());
        assert!(source.findings().is_empty(), "{:?}", source.findings());
    }
}

#[test]
fn real_vorbis_is_as_long_as_oggdec_says() {
    let Some(path) = shared("mastered/dynamic_harvest_moon.ogg") else { return };
    let folder = scratch();
    let wav = folder.path().join("x.wav");
    if run("oggdec", &["-Q", "-b", "16", "-o", wav.to_str().unwrap(), path.to_str().unwrap()]) {
        let (ours, theirs) =
            (all(&path, Options::default()).unwrap(), all(&wav, Options::default()).unwrap());
        assert_eq!(ours.frames(), theirs.frames());
        let pairs = ours.planes[0].iter().zip(&theirs.planes[0]);
        let most = pairs.fold(0.0, |most, (a, b)| f64::max(most, (a.clamp(-1.0, 1.0) - b).abs()));
        assert!(most < 1.01 / 32_768.0, "{most}");
    }
}

#[test]
fn real_flac_is_the_wav_the_flac_program_makes_of_it() {
    let Some(path) = shared("multitrack/rock_ddtbl2/02_SnareTop.flac") else { return };
    let folder = scratch();
    let wav = folder.path().join("x.wav");
    if run("flac", &["-d", "-s", "-o", wav.to_str().unwrap(), path.to_str().unwrap()]) {
        let (ours, theirs) =
            (all(&path, Options::default()).unwrap(), all(&wav, Options::default()).unwrap());
        decode_kit::same("flac", &ours.planes, &theirs.planes);
    }
}
