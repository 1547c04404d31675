//! Hostile and doubtful files, numbered as in the list of bad-input cases (1 to 50) the project keeps.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::{Whole, all, chunk, fmt, riff, samples16, scratch, wav16, write};
use studio::audio::{Encoding, Speaker};
use studio::decode::Options;
use studio::message::{Error, Kind, Result};
use tempfile::TempDir;

const PLAIN: Options = Options { salvage: false, repair: false, allow_bad_md5: false };
const SALVAGE: Options = Options { salvage: true, ..PLAIN };
const REPAIR: Options = Options { repair: true, ..PLAIN };

fn read(folder: &TempDir, bytes: &[u8], options: Options) -> Result<Whole> {
    all(&write(folder, "x", bytes), options)
}

/// The file is refused for good (exit code 3) with this code.
#[track_caller]
fn refused(bytes: &[u8], code: &str) -> Error {
    let folder = scratch();
    let error = read(&folder, bytes, PLAIN).expect_err("taken");
    assert_eq!((error.code, error.kind.exit_code()), (code, 3), "{error}");
    assert!(error.at.is_some(), "{error} names no file");
    error
}

#[track_caller]
fn taken(bytes: &[u8], options: Options) -> Whole {
    let folder = scratch();
    read(&folder, bytes, options).unwrap_or_else(|error| panic!("{error}"))
}

/// A 16-bit stereo WAV whose bytes can be spoilt: `fmt ` at 12, `data` at 36, samples at 44.
fn wav() -> Vec<u8> {
    wav16(2, 44_100, 100)
}

fn with(at: usize, bytes: &[u8]) -> Vec<u8> {
    let mut file = wav();
    file[at..at + bytes.len()].copy_from_slice(bytes);
    file
}

fn float_wav(samples: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    riff(&[(b"fmt ", &fmt(3, 1, 1000 * 8, 4, 32)), (b"data", &bytes)])
}

#[test]
fn cases_1_and_2_an_empty_file_and_a_bare_riff_are_refused() {
    refused(b"", "empty");
    refused(b"RIFF", "truncated");
    refused(b"RIFF\x04\0\0\0WAVE", "bad_header");
}

#[test]
fn cases_3_and_4_a_cut_file_is_refused_and_salvaged_frame_by_frame() {
    let error = refused(&wav()[..44], "truncated");
    assert!(error.what.contains("0 of 100 frames"), "{error}");
    let cut = &wav()[..44 + 4 * 60 + 3];
    let error = refused(cut, "truncated");
    assert!(error.what.contains("60 of 100 frames") && error.hint.is_some(), "{error}");
    let audio = taken(cut, SALVAGE);
    assert_eq!((audio.frames(), audio.info.frames), (60, Some(60)));
    assert!(audio.findings.iter().any(|f| f.rule == "truncated" && f.measured.contains("60 of 100")));
    assert_eq!(audio.planes[1][..60], taken(&wav(), PLAIN).planes[1][..60]);
}

#[test]
fn cases_5_to_7_streamed_and_unfinished_headers_are_read_to_the_end_with_a_word() {
    let whole = taken(&wav(), PLAIN);
    assert!(whole.findings.is_empty(), "{:?}", whole.findings);
    for (file, rule) in [
        (with(4, &[0; 4]), "riff_size"),
        (with(4, &[0xff; 4]), "streamed_header"),
        (with(40, &[0xff; 4]), "streamed_header"),
        (with(40, &[0; 4]), "streamed_header"),
    ] {
        let audio = taken(&file, PLAIN);
        decode_kit::same(rule, &audio.planes, &whole.planes);
        assert!(audio.says(rule), "{:?}", audio.findings);
        assert_eq!(audio.info.frames, Some(100));
    }
    // 7: what follows "0 bytes" is no whole number of frames.
    let mut file = with(40, &[0; 4]);
    file.truncate(44 + 4 * 50 + 1);
    refused(&file, "truncated");
    assert_eq!(taken(&file, SALVAGE).frames(), 50);
    // 0 bytes that mean it: another chunk follows.
    let file = riff(&[(b"fmt ", &fmt(1, 2, 44_100, 4, 16)), (b"data", b""), (b"LIST", b"INFO")]);
    let audio = taken(&file, PLAIN);
    assert!(audio.frames() == 0 && audio.says("no_audio"));
}

#[test]
fn case_8_a_length_of_4_gib_on_a_small_file_is_refused() {
    let error = refused(&with(40, &0xffff_fffe_u32.to_le_bytes()), "truncated");
    assert!(error.what.contains("100 of 1073741823 frames"), "{error}");
    assert_eq!(taken(&with(40, &0xffff_fffe_u32.to_le_bytes()), SALVAGE).frames(), 100);
}

#[test]
fn cases_9_to_14_impossible_numbers_in_the_format_are_refused() {
    refused(&with(22, &0_u16.to_le_bytes()), "bad_header");
    refused(&with(22, &65_535_u16.to_le_bytes()), "limit");
    refused(&with(22, &129_u16.to_le_bytes()), "limit");
    refused(&with(24, &0_u32.to_le_bytes()), "bad_sample_rate");
    refused(&with(24, &u32::MAX.to_le_bytes()), "bad_sample_rate");
    refused(&with(24, &768_001_u32.to_le_bytes()), "bad_sample_rate");
    for bits in [0_u16, 7, 64, 65_535] {
        refused(&with(34, &bits.to_le_bytes()), "bad_header");
    }
    for align in [0_u16, 1, 3, 5, 65_535] {
        refused(&with(32, &align.to_le_bytes()), "bad_header");
    }
}

#[test]
fn cases_15_and_16_missing_misplaced_and_doubled_chunks_are_refused() {
    let (format, data) = (fmt(1, 2, 44_100, 4, 16), samples16(20));
    refused(&riff(&[(b"data", &data)]), "bad_header");
    refused(&riff(&[(b"data", &data), (b"fmt ", &format)]), "bad_header");
    refused(&riff(&[(b"fmt ", &format)]), "bad_header");
    refused(&riff(&[(b"fmt ", &format), (b"fmt ", &format), (b"data", &data)]), "ambiguous");
    refused(&riff(&[(b"fmt ", &format), (b"data", &data), (b"data", &data)]), "ambiguous");
}

#[test]
fn case_17_a_tag_that_lies_about_its_length_is_stepped_over() {
    let (format, data) = (fmt(1, 2, 44_100, 4, 16), samples16(200));
    let mut file = riff(&[(b"fmt ", &format), (b"LIST", b"INFOINAM\x04\0\0\0abcd"), (b"data", &data)]);
    file[40..44].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
    let audio = taken(&file, PLAIN);
    assert!(audio.says("bad_chunk"));
    decode_kit::same("17", &audio.planes, &taken(&wav(), PLAIN).planes);
    // A lie inside the list costs the tag only.
    let lie = riff(&[(b"fmt ", &format), (b"LIST", b"INFOINAM\xff\xff\0\0abcd"), (b"data", &data)]);
    assert!(taken(&lie, PLAIN).info.metadata.tags.is_empty());
    // `fmt ` that lies.
    let mut file = wav();
    file[16..20].copy_from_slice(&0xffff_0000_u32.to_le_bytes());
    refused(&file, "bad_chunk");
    // After the audio nothing depends on it.
    let mut file = riff(&[(b"fmt ", &format), (b"data", &data), (b"LIST", b"INFO")]);
    let at = file.len() - 8;
    file[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(taken(&file, PLAIN).says("bad_chunk"));
}

#[test]
fn case_18_half_a_million_chunks_hit_a_limit() {
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    file.extend(chunk(b"fmt ", &fmt(1, 2, 44_100, 4, 16)));
    for _ in 0..500_000 {
        file.extend(b"junk\0\0\0\0");
    }
    file.extend(chunk(b"data", &samples16(20)));
    let folder = scratch();
    let error = read(&folder, &file, PLAIN).unwrap_err();
    assert_eq!((error.code, error.kind), ("limit", Kind::Limit));
}

#[test]
fn cases_19_and_20_missing_padding_and_stray_bytes_are_tolerated() {
    let mut file = b"RIFF\0\0\0\0WAVE".to_vec();
    file.extend(chunk(b"fmt ", &fmt(1, 2, 44_100, 4, 16)));
    file.extend(b"junk\x03\0\0\0abc");
    file.extend(chunk(b"data", &samples16(200)));
    decode_kit::same("19", &taken(&file, PLAIN).planes, &taken(&wav(), PLAIN).planes);
    let mut data = vec![0x11; 6 * 10];
    data.push(0x22);
    let audio = taken(&riff(&[(b"fmt ", &fmt(1, 2, 44_100, 6, 24)), (b"data", &data)]), PLAIN);
    assert!(audio.frames() == 10 && audio.says("stray_bytes"), "{:?}", audio.findings);
}

fn rf64(magic: &[u8; 4], data_bytes: u64, frames: u64, entries: u32, data: &[u8]) -> Vec<u8> {
    let mut file = magic.to_vec();
    file.extend([0xff; 4]);
    file.extend(b"WAVE");
    let mut ds64 = (data.len() as u64 + 72).to_le_bytes().to_vec();
    ds64.extend(data_bytes.to_le_bytes());
    ds64.extend(frames.to_le_bytes());
    ds64.extend(entries.to_le_bytes());
    file.extend(chunk(b"ds64", &ds64));
    file.extend(chunk(b"fmt ", &fmt(1, 2, 44_100, 4, 16)));
    file.extend(b"data\xff\xff\xff\xff");
    file.extend(data);
    file
}

#[test]
fn cases_21_to_23_rf64_is_read_exactly_or_refused() {
    let data = samples16(200);
    refused(&rf64(b"RF64", 1 << 62, 1 << 60, 0, &data), "truncated");
    refused(&rf64(b"RF64", u64::MAX, u64::MAX, 0, &data), "truncated");
    refused(&rf64(b"BW64", 400, 100, u32::MAX, &data), "bad_header");
    let plain = taken(&wav(), PLAIN);
    for (magic, name) in [(b"RF64", "rf64"), (b"BW64", "bw64")] {
        let audio = taken(&rf64(magic, 400, 100, 0, &data), PLAIN);
        assert_eq!((audio.info.container, audio.info.frames), (name, Some(100)));
        assert!(audio.findings.is_empty(), "{:?}", audio.findings);
        decode_kit::same(name, &audio.planes, &plain.planes);
    }
    // No ds64.
    let mut file = wav();
    file[..4].copy_from_slice(b"RF64");
    refused(&file, "bad_header");
}

fn w64(data: &[u8], declared: u64) -> Vec<u8> {
    const TAIL: [u8; 12] = [0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a];
    let mut file = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0".to_vec();
    file.extend((40 + 40 + 24 + data.len() as u64).to_le_bytes());
    file.extend(b"wave");
    file.extend(TAIL);
    file.extend(b"fmt ");
    file.extend(TAIL);
    file.extend(40_u64.to_le_bytes());
    file.extend(fmt(1, 2, 44_100, 4, 16));
    file.extend(b"data");
    file.extend(TAIL);
    file.extend((declared + 24).to_le_bytes());
    file.extend(data);
    file
}

#[test]
fn case_23_wave64_is_read_exactly_or_refused() {
    let data = samples16(200);
    decode_kit::same("w64", &taken(&w64(&data, 400), PLAIN).planes, &taken(&wav(), PLAIN).planes);
    let error = refused(&w64(&data, 1 << 60), "truncated");
    assert!(error.what.contains("100 of"), "{error}");
    refused(&w64(&data[..100], 400), "truncated");
}

#[test]
fn case_24_a_sparse_rf64_of_6_gib_streams() {
    let folder = scratch();
    let path = folder.path().join("sparse.wav");
    let frames = 6_u64 << 28;
    let data = frames * 4;
    std::fs::write(&path, rf64(b"RF64", data, frames, 0, &samples16(200))).unwrap();
    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    // The header takes 80 bytes.
    file.set_len(80 + data).unwrap();
    use std::os::unix::fs::FileExt;
    file.write_all_at(&[0x00, 0x40, 0x00, 0xc0], 80 + data - 4).unwrap();
    let mut source = studio::decode::open(&path, PLAIN).unwrap();
    assert_eq!(source.info().frames, Some(frames));
    let mut buffer = dsp::block::Buffer::new(2, 256);
    source.read(&mut buffer).unwrap();
    assert_eq!(buffer.channel(0)[..3], taken(&wav(), PLAIN).planes[0][..3]);
    source.skip(frames - 256 - 2).unwrap();
    source.read(&mut buffer).unwrap();
    assert_eq!((buffer.channel(0), buffer.channel(1)), (&[0.0, 0.5][..], &[0.0, -0.5][..]));
    source.read(&mut buffer).unwrap();
    assert_eq!(buffer.frames(), 0);
}

fn extensible(channels: u16, valid: u16, mask: u32, tail: &[u8]) -> Vec<u8> {
    let mut format = fmt(0xfffe, channels, 48_000, channels * 4, 32);
    format.extend(22_u16.to_le_bytes());
    format.extend(valid.to_le_bytes());
    format.extend(mask.to_le_bytes());
    format.extend(1_u16.to_le_bytes());
    format.extend(tail);
    let data: Vec<u8> = (0..i32::from(channels)).flat_map(|c| ((c + 1) << 8).to_le_bytes()).collect();
    riff(&[(b"fmt ", &format), (b"data", &data)])
}

#[test]
fn case_25_extensible_formats_have_the_right_scale_and_seats() {
    use Speaker::{Centre, Left, Lfe, RearLeft, RearRight, Right, SurroundLeft, SurroundRight};
    const TAIL: &[u8] = &[0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    let audio = taken(&extensible(2, 24, 3, TAIL), PLAIN);
    assert_eq!(audio.planes, [[1.0 / 8_388_608.0], [2.0 / 8_388_608.0]]);
    assert_eq!(audio.info.encoding, Encoding::Int(24));
    let mut bad = TAIL.to_vec();
    bad[13] ^= 1;
    refused(&extensible(2, 24, 3, &bad), "unsupported");
    let audio = taken(&extensible(2, 24, 0x3f, TAIL), PLAIN);
    assert!(audio.says("channel_mask"));
    assert_eq!(audio.info.layout.0, [Left, Right]);
    for (mask, seats) in [
        (0x3f, [Left, Right, Centre, Lfe, SurroundLeft, SurroundRight].to_vec()),
        (0x60f, [Left, Right, Centre, Lfe, SurroundLeft, SurroundRight].to_vec()),
        (0x63f, [Left, Right, Centre, Lfe, RearLeft, RearRight, SurroundLeft, SurroundRight].to_vec()),
    ] {
        let audio = taken(&extensible(seats.len() as u16, 32, mask, TAIL), PLAIN);
        assert_eq!(audio.info.layout.0, seats);
        assert!(audio.findings.is_empty());
    }
    refused(&extensible(2, 33, 3, TAIL), "bad_header");
}

#[test]
fn case_26_adpcm_and_other_codecs_in_wav_are_not_supported() {
    for tag in [2_u16, 0x11, 6, 7, 0x55, 0xf1ac] {
        let error = refused(&with(20, &tag.to_le_bytes()), "unsupported");
        assert!(error.hint.is_some());
    }
}

#[test]
fn case_27_nan_and_infinity_are_refused_with_count_and_times_or_repaired() {
    let mut samples = vec![0.25_f32; 16_000];
    samples[8] = f32::NAN;
    samples[4000] = f32::INFINITY;
    samples[15_999] = f32::NEG_INFINITY;
    let error = refused(&float_wav(&samples), "not_finite");
    assert!(
        error.what.starts_with("3 samples") && error.what.contains("0.001000 s, 0.500000 s, 1.999875 s"),
        "{error}"
    );
    let audio = taken(&float_wav(&samples), REPAIR);
    let finding = audio.findings.iter().find(|finding| finding.rule == "not_finite").unwrap();
    assert!(finding.measured.starts_with("3 samples") && finding.seconds == Some(0.001), "{finding:?}");
    for (n, sample) in audio.planes[0].iter().enumerate() {
        assert_eq!(*sample, if [8, 4000, 15_999].contains(&n) { 0.0 } else { 0.25 });
    }
    // 1e38 is a number, but no level.
    samples = vec![0.25; 100];
    samples[40] = -1e38;
    let audio = taken(&float_wav(&samples), PLAIN);
    assert!(audio.says("implausible_level"));
    assert_eq!(audio.planes[0][40], f64::from(-1e38_f32));
    // +6 dBFS is neither.
    assert!(taken(&float_wav(&[2.0, -2.0]), PLAIN).findings.is_empty());
}

#[test]
fn case_28_denormals_are_kept_as_they_are() {
    let audio = taken(&float_wav(&[1e-40, -1e-45, 0.0]), PLAIN);
    assert_eq!(audio.planes[0], [f64::from(1e-40_f32), f64::from(-1e-45_f32), 0.0]);
    assert!(audio.findings.is_empty());
}

#[test]
fn case_29_double_precision_beyond_float_counts_as_infinite() {
    let data: Vec<u8> = [0.5_f64, 1e300, -0.5].iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let file = riff(&[(b"fmt ", &fmt(3, 1, 48_000, 8, 64)), (b"data", &data)]);
    let error = refused(&file, "not_finite");
    assert!(error.what.contains("beyond the range of 32-bit float"), "{error}");
    assert_eq!(taken(&file, REPAIR).planes[0], [0.5, 0.0, -0.5]);
}

#[test]
fn cases_30_to_32_silence_squares_and_single_samples_are_read_as_they_are() {
    for frames in [1_usize, 399, 4800] {
        let data = vec![0_u8; frames * 4];
        let audio = taken(&riff(&[(b"fmt ", &fmt(1, 2, 48_000, 4, 16)), (b"data", &data)]), PLAIN);
        assert!(audio.frames() == frames && audio.planes.iter().flatten().all(|sample| *sample == 0.0));
    }
    let data = [0x7fff_u16, 0x8000].map(u16::to_le_bytes).concat();
    let audio = taken(&riff(&[(b"fmt ", &fmt(1, 1, 48_000, 2, 16)), (b"data", &data)]), PLAIN);
    assert_eq!(audio.planes[0], [32_767.0 / 32_768.0, -1.0]);
}

#[test]
fn case_33_a_file_of_ten_hours_opens_and_one_of_thirty_hits_the_limit() {
    let folder = scratch();
    let path = folder.path().join("long.wav");
    let of_hours = |hours: u64| {
        let data = hours * 3600 * 8000;
        std::fs::write(&path, riff(&[(b"fmt ", &fmt(1, 1, 8000, 1, 8)), (b"data", b"")])).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(44 + data).unwrap();
        use std::os::unix::fs::FileExt;
        file.write_all_at(&(data as u32).to_le_bytes(), 40).unwrap();
        studio::decode::open(&path, PLAIN)
    };
    let mut source = of_hours(10).unwrap();
    source.skip(10 * 3600 * 8000 - 3).unwrap();
    let mut buffer = dsp::block::Buffer::new(1, 10);
    source.read(&mut buffer).unwrap();
    assert_eq!(buffer.frames(), 3);
    let error = of_hours(30).map(drop).unwrap_err();
    assert_eq!((error.code, error.kind.exit_code()), ("limit", 8));
}

#[test]
fn case_34_channel_counts_have_their_usual_seats() {
    for (channels, seats) in [(1, "[Centre]"), (2, "[Left, Right]"), (3, "[Left, Right, Centre]")] {
        assert_eq!(format!("{:?}", taken(&wav16(channels, 48_000, 3), PLAIN).info.layout.0), seats);
    }
    assert_eq!(taken(&wav16(12, 48_000, 3), PLAIN).info.layout.channels(), 12);
    assert_eq!(taken(&wav16(24, 48_000, 3), PLAIN).info.layout.0[23], Speaker::Unknown);
    assert_eq!(taken(&wav16(128, 48_000, 3), PLAIN).planes.len(), 128);
}

#[test]
fn case_35_usual_and_unusual_rates_are_read_and_absurd_ones_refused() {
    for rate in [8_000, 11_025, 22_050, 44_056, 176_400, 192_000, 384_000, 768_000] {
        assert_eq!(taken(&wav16(2, rate, 3), PLAIN).info.sample_rate_hz, rate);
    }
    for rate in [1, 7_999, 768_001] {
        let error = refused(&wav16(2, rate, 3), "bad_sample_rate");
        assert!(error.what.contains(&rate.to_string()) && error.what.contains("768000"), "{error}");
    }
}

fn flac(bits: u32, channels: u8, frames: usize) -> Vec<u8> {
    let count = frames * usize::from(channels);
    let full = 1_i64 << (bits - 1);
    let samples: Vec<i32> =
        (0..count as i64).map(|n| ((n * n * 31 + n * 7919) % (full / 2) - full / 4) as i32).collect();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let options = flac_codec::encode::Options::default().no_padding();
    let mut writer = flac_codec::encode::FlacSampleWriter::new(
        &mut bytes,
        options,
        44_100,
        bits,
        channels,
        Some(count as u64),
    )
    .unwrap();
    writer.write(&samples).unwrap();
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// First byte of the frames.
fn frames_at(flac: &[u8]) -> usize {
    let mut at = 4;
    loop {
        let size =
            usize::from(flac[at + 1]) << 16 | usize::from(flac[at + 2]) << 8 | usize::from(flac[at + 3]);
        let last = flac[at] & 0x80 != 0;
        at += 4 + size;
        if last {
            return at;
        }
    }
}

#[test]
fn case_36_a_flipped_bit_in_flac_is_never_a_shorter_file() {
    let good = flac(16, 2, 9000);
    let start = frames_at(&good);
    let folder = scratch();
    let whole = read(&folder, &good, PLAIN).unwrap();
    assert_eq!(whole.frames(), 9000);
    for at in (start..good.len()).step_by(211) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let error = read(&folder, &bad, PLAIN).expect_err("taken");
        assert!(matches!(error.code, "corrupt" | "truncated" | "bad_md5"), "byte {at}: {error}");
        assert_eq!(error.kind.exit_code(), 3);
        // Salvage gives an exact beginning, or a finding about it all.
        let audio = read(&folder, &bad, SALVAGE);
        if let Ok(audio) = audio {
            assert!(!audio.findings.is_empty());
            assert!(audio.planes[0][..] == whole.planes[0][..audio.frames()], "byte {at}");
        }
    }
}

#[test]
fn case_37_a_wrong_md5_is_refused_unless_allowed() {
    let mut bad = flac(24, 2, 5000);
    bad[8 + 18] ^= 1;
    refused(&bad, "bad_md5");
    let audio = taken(&bad, Options { allow_bad_md5: true, ..PLAIN });
    assert!(audio.frames() == 5000 && audio.says("bad_md5"));
    // No sum at all.
    bad[8 + 18..8 + 34].fill(0);
    assert!(taken(&bad, PLAIN).says("no_checksum"));
}

#[test]
fn case_38_a_cut_flac_says_how_much_is_there() {
    let good = flac(16, 2, 9000);
    let error = refused(&good[..good.len() - 3], "truncated");
    assert!(error.what.contains("of 9000 frames"), "{error}");
    let audio = taken(&good[..good.len() - 3], SALVAGE);
    assert!(audio.frames() == 8192 && audio.says("truncated"), "{}", audio.frames());
    refused(&good[..frames_at(&good)], "truncated");
    refused(&good[..20], "truncated");
}

#[test]
fn case_39_impossible_flac_headers_are_refused() {
    let good = flac(16, 2, 5000);
    let spoil = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[8 + at..8 + at + bytes.len()].copy_from_slice(bytes);
        file
    };
    // 2^36 - 1 frames, keeping the sample size; smallest block 0; rate 0.
    refused(&spoil(13, &[good[8 + 13] | 0x0f, 0xff, 0xff, 0xff, 0xff]), "bad_header");
    refused(&spoil(0, &[0, 0]), "bad_header");
    refused(&spoil(10, &[0, 0, good[8 + 12] & 0x0f]), "bad_sample_rate");
    // A picture of 16 MiB and 2^32 comments in a small file.
    let mut file = good[..42].to_vec();
    file[4] &= 0x7f;
    let mut picture = file.clone();
    picture.extend([0x86, 0xff, 0xff, 0xff]);
    picture.extend(&good[frames_at(&good)..]);
    refused(&picture, "truncated");
    file.extend([0x84, 0, 0, 8, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    file.extend(&good[frames_at(&good)..]);
    assert_eq!(taken(&file, PLAIN).frames(), 5000);
    // No STREAMINFO, two of them.
    refused(b"fLaC\x81\0\0\x02ab", "bad_header");
    let mut twice = good[..42].to_vec();
    twice[4] &= 0x7f;
    twice.extend(&good[4..42]);
    refused(&twice, "ambiguous");
}

#[test]
fn case_40_flac_that_changes_its_shape_is_refused() {
    let (first, second) = (flac(16, 2, 4096), flac(24, 2, 4096));
    for second in [second, flac(16, 1, 4096)] {
        let mut file = first.clone();
        file.extend(&second[frames_at(&second)..]);
        // 8192 frames are declared, so that the second half is wanted.
        file[8 + 16..8 + 18].copy_from_slice(&8192_u16.to_be_bytes());
        refused(&file, "corrupt");
    }
}

fn aiff(channels: i16, frames: u32, bits: i16, rate: [u8; 10], offset: u32, data: &[u8]) -> Vec<u8> {
    let mut common = channels.to_be_bytes().to_vec();
    common.extend(frames.to_be_bytes());
    common.extend(bits.to_be_bytes());
    common.extend(rate);
    let mut body = b"AIFFCOMM\0\0\0\x12".to_vec();
    body.extend(common);
    body.extend(b"SSND");
    body.extend((data.len() as u32 + 8).to_be_bytes());
    body.extend(offset.to_be_bytes());
    body.extend([0; 4]);
    body.extend(data);
    let mut file = b"FORM".to_vec();
    file.extend((body.len() as u32).to_be_bytes());
    file.extend(body);
    file
}

const AT_44100: [u8; 10] = [0x40, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0];

#[test]
fn case_41_impossible_aiff_headers_are_refused() {
    let data = [0x40, 0, 0xc0, 0, 0, 0, 0x20, 0];
    let audio = taken(&aiff(2, 2, 16, AT_44100, 0, &data), PLAIN);
    assert_eq!((audio.planes, audio.info.sample_rate_hz), (vec![vec![0.5, 0.0], vec![-0.5, 0.25]], 44_100));
    let infinite = [0x7f, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0];
    refused(&aiff(2, 2, 16, infinite, 0, &data), "bad_sample_rate");
    refused(&aiff(2, 2, 16, [0; 10], 0, &data), "bad_sample_rate");
    refused(&aiff(2, 2, 16, [0xc0, 0x0e, 0xac, 0x44, 0, 0, 0, 0, 0, 0], 0, &data), "bad_sample_rate");
    refused(&aiff(-1, 2, 16, AT_44100, 0, &data), "limit");
    refused(&aiff(0, 2, 16, AT_44100, 0, &data), "bad_header");
    refused(&aiff(2, 2, -5, AT_44100, 0, &data), "bad_header");
    refused(&aiff(2, 2, 0, AT_44100, 0, &data), "bad_header");
    refused(&aiff(2, 0x1000_0000, 16, AT_44100, 0, &data), "truncated");
    let folder = scratch();
    let error = read(&folder, &aiff(2, u32::MAX, 16, AT_44100, 0, &data), PLAIN).unwrap_err();
    assert!(matches!(error.code, "truncated" | "limit"), "{error}");
    refused(&aiff(2, 2, 16, AT_44100, 0xffff_fff0, &data), "bad_header");
    refused(&aiff(2, 2, 16, AT_44100, 4, &data), "truncated");
    assert_eq!(taken(&aiff(2, 1, 16, AT_44100, 4, &data), PLAIN).planes, [[0.0], [0.25]]);
}

fn caf(rate: f64, channels: u32, data_size: i64, data: &[u8]) -> Vec<u8> {
    let mut file = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    file.extend(rate.to_be_bytes());
    file.extend(b"lpcm");
    for field in [0, channels.wrapping_mul(2), 1, channels, 16] {
        file.extend(field.to_be_bytes());
    }
    file.extend(b"data");
    file.extend(data_size.to_be_bytes());
    file.extend([0; 4]);
    file.extend(data);
    file
}

#[test]
fn case_42_caf_of_open_size_is_taken_and_impossible_ones_are_refused() {
    let data = [0x40, 0, 0xc0, 0];
    let planes = taken(&caf(48_000.0, 2, 8, &data), PLAIN).planes;
    assert_eq!(planes, [[0.5], [-0.5]]);
    let open = taken(&caf(48_000.0, 2, -1, &data), PLAIN);
    assert!(open.planes == planes && open.says("streamed_header"));
    refused(&caf(48_000.0, 2, -2, &data), "bad_header");
    refused(&caf(48_000.0, 2, 1 << 40, &data), "truncated");
    for rate in [f64::NAN, 0.0, -1.0, f64::INFINITY, 44_100.5] {
        refused(&caf(rate, 2, 8, &data), "bad_sample_rate");
    }
    refused(&caf(48_000.0, u32::MAX, 8, &data), "limit");
    refused(&caf(48_000.0, 0, 8, &data), "bad_header");
    // pakt of 2^60 packets.
    let mut file = caf(48_000.0, 2, 8, &data)[..52].to_vec();
    file[28..32].copy_from_slice(b"alac");
    file.extend(b"pakt");
    file.extend(24_u64.to_be_bytes());
    file.extend((1_u64 << 60).to_be_bytes());
    file.extend([0; 16]);
    file.extend(b"data\0\0\0\0\0\0\0\x08\0\0\0\0abcd");
    refused(&file, "bad_header");
}

fn mp4_box(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut bytes = (body.len() as u32 + 8).to_be_bytes().to_vec();
    bytes.extend(name);
    bytes.extend(body);
    bytes
}

#[test]
fn case_43_mp4_with_impossible_tables_and_deep_boxes_is_refused() {
    let head = mp4_box(b"ftyp", b"M4A \0\0\0\0");
    refused(&head, "truncated");
    // Boxes in boxes.
    let nested = (0..3000).fold(Vec::new(), |body, _| mp4_box(b"moov", &body));
    refused(&[head.clone(), nested].concat(), "not_audio");
    // A box of no size, of 4 bytes, and one beyond the file.
    refused(&[head.clone(), mp4_box(b"moov", &[0; 8])].concat(), "not_audio");
    refused(&[&head[..], &[0, 0, 0, 4], b"moov"].concat(), "bad_header");
    refused(&[&head[..], &[0xff, 0, 0, 0], b"moov"].concat(), "truncated");
    refused(&[&head[..], &[0, 0, 0, 1], b"moov", &[0xff; 8]].concat(), "truncated");
    // 2^32 packets.
    let hdlr = mp4_box(b"hdlr", b"\0\0\0\0\0\0\0\0soun\0\0\0\0");
    let mut entry = vec![0; 28];
    entry.extend(mp4_box(b"alac", &[0; 28]));
    let stsd = mp4_box(b"stsd", &[&[0, 0, 0, 0, 0, 0, 0, 1], &mp4_box(b"alac", &entry)[..]].concat());
    let stsz = mp4_box(b"stsz", &[&[0; 8], &[0xff; 4][..]].concat());
    let stbl = mp4_box(b"stbl", &[stsd, stsz].concat());
    let mdia = mp4_box(b"mdia", &[hdlr, mp4_box(b"minf", &stbl)].concat());
    let moov = mp4_box(b"moov", &mp4_box(b"trak", &mdia));
    refused(&[head, moov].concat(), "bad_header");
}

#[test]
fn case_44_id3_tags_before_and_inside_do_not_hide_the_audio() {
    let plain = taken(&wav(), PLAIN);
    let mut tagged = b"ID3\x04\0\0\0\0\0\x17".to_vec();
    tagged.extend([0; 23]);
    assert_eq!(tagged.len(), 33);
    refused(&tagged, "bad_header");
    tagged.extend(wav());
    decode_kit::same("44", &taken(&tagged, PLAIN).planes, &plain.planes);
    let mut huge = b"ID3\x04\0\0\x7f\x7f\x7f\x7f".to_vec();
    huge.extend(wav());
    refused(&huge, "bad_header");
    let inside = riff(&[
        (b"id3 ", b"ID3\x04\0\0\x7f\x7f\x7f\x7f"),
        (b"fmt ", &fmt(1, 2, 44_100, 4, 16)),
        (b"data", &samples16(200)),
    ]);
    decode_kit::same("44", &taken(&inside, PLAIN).planes, &plain.planes);
    let mut flac_tagged = b"ID3\x04\0\0\0\0\0\x02ab".to_vec();
    flac_tagged.extend(flac(16, 2, 5000));
    assert_eq!(taken(&flac_tagged, PLAIN).frames(), 5000);
}

#[test]
fn case_45_matroska_is_told_and_not_read() {
    refused(&[&[0x1a, 0x45, 0xdf, 0xa3][..], &[0xff; 200]].concat(), "unsupported");
}

#[test]
fn case_46_mp3_and_ogg_garbage_is_refused() {
    let noise: Vec<u8> = (0..4000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    refused(&[&[0xff, 0xfb, 0x90, 0x00][..], &noise].concat(), "not_audio");
    let folder = scratch();
    for start in [&b"OggS"[..], b"OggS\0\x02\0\0\0\0\0\0\0\0"] {
        let error = read(&folder, &[start, &noise].concat(), PLAIN).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3, "{error}");
    }
    refused(&[&[0xff, 0xf1, 0x50, 0x80][..], &noise].concat(), "not_audio");
}

#[test]
fn case_47_what_is_no_audio_is_named() {
    for (bytes, name) in [
        (&b"this is not audio\nat all, only some lines\n"[..], "text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "PNG"),
        (b"PK\x03\x04\x14\0\0\0", "zip"),
        (b"%PDF-1.7\n", "PDF"),
        (&[7, 201, 33, 99, 250, 4, 5, 6, 7, 8, 9, 10][..], "not known"),
    ] {
        let error = refused(bytes, "not_audio");
        assert!(error.what.contains(name) && error.hint.is_some(), "{error}");
    }
}

#[test]
fn case_48_the_name_of_a_file_does_not_matter() {
    let folder = scratch();
    for name in ["song.mp3", "x.flac", "noend", "-rf.wav", "音楽 [final] #1.txt"] {
        assert_eq!(all(&write(&folder, name, &wav()), PLAIN).unwrap().info.container, "wav");
        assert_eq!(all(&write(&folder, name, &flac(16, 2, 5000)), PLAIN).unwrap().info.container, "flac");
    }
}

#[test]
fn case_49_lossy_formats_say_so_and_lossless_ones_do_not() {
    // The shelf in a transcoded WAV is found at hand-over; decoding tells what the file itself says.
    assert_eq!(taken(&wav(), PLAIN).info.encoding, Encoding::Int(16));
    assert_eq!(taken(&flac(24, 2, 5000), PLAIN).info.encoding, Encoding::Int(24));
    assert_eq!(taken(&float_wav(&[0.0]), PLAIN).info.encoding, Encoding::Float(32));
}

#[test]
fn case_50_full_scale_and_beyond_is_handed_on_untouched() {
    let audio = taken(&float_wav(&[1.0, -1.0, 1.995_262, -3.0]), PLAIN);
    assert_eq!(audio.planes[0], [1.0, -1.0, f64::from(1.995_262_f32), -3.0]);
}

#[test]
fn case_54_pipes_devices_folders_and_missing_files_do_not_block() {
    let folder = scratch();
    let code = |path: &str| studio::decode::open(path.as_ref(), PLAIN).map(drop).unwrap_err();
    for path in [folder.path().to_str().unwrap(), "/dev/null", "/dev/zero"] {
        assert_eq!((code(path).code, code(path).kind.exit_code()), ("not_a_file", 3), "{path}");
    }
    assert_eq!((code("/no/such/file").code, code("/no/such/file").kind.exit_code()), ("not_found", 4));
    let fifo = folder.path().join("fifo");
    if decode_kit::run("mkfifo", &[fifo.to_str().unwrap()]) {
        assert_eq!(code(fifo.to_str().unwrap()).code, "not_a_file");
    }
    if std::path::Path::new("/proc/self/mem").exists() {
        assert_eq!(code("/proc/self/mem").code, "empty");
    }
    let link = folder.path().join("loop");
    std::os::unix::fs::symlink(&link, &link).unwrap();
    assert_eq!(code(link.to_str().unwrap()).kind.exit_code(), 4);
    let link = folder.path().join("broken");
    std::os::unix::fs::symlink("nowhere", &link).unwrap();
    assert_eq!(code(link.to_str().unwrap()).code, "not_found");
}

#[test]
fn case_55_a_file_that_shrinks_while_it_is_read_is_an_error() {
    let folder = scratch();
    let path = write(&folder, "x", &wav16(2, 44_100, 200_000));
    let mut source = studio::decode::open(&path, PLAIN).unwrap();
    let mut buffer = dsp::block::Buffer::new(2, 4096);
    source.read(&mut buffer).unwrap();
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(300_000).unwrap();
    let error =
        std::iter::repeat_with(|| source.read(&mut buffer)).take(100).find_map(std::result::Result::err);
    assert_eq!(error.unwrap().code, "truncated");
}

#[test]
fn tags_of_broadcast_wave_are_read() {
    let mut bext = vec![0; 602];
    bext[..4].copy_from_slice(b"Take");
    bext[256..262].copy_from_slice(b"\xe9quipe");
    bext[338..342].copy_from_slice(&158_760_000_u32.to_le_bytes());
    bext[342] = 1;
    let ixml = "<BWFXML><TRACK_LIST><TRACK_COUNT>2</TRACK_COUNT>\
        <TRACK><INTERLEAVE_INDEX>2</INTERLEAVE_INDEX><NAME>Gtr &amp; Amp</NAME></TRACK>\
        <TRACK><INTERLEAVE_INDEX>1</INTERLEAVE_INDEX><NAME>Vox</NAME></TRACK></TRACK_LIST></BWFXML>";
    let file = riff(&[
        (b"JUNK", &[0; 28]),
        (b"bext", &bext),
        (b"fmt ", &fmt(1, 2, 44_100, 4, 16)),
        (b"data", &samples16(20)),
        (b"iXML", ixml.as_bytes()),
        (b"LIST", b"INFOINAM\x05\0\0\0Odd 1\0IART\x04\0\0\0Band"),
    ]);
    let metadata = taken(&file, PLAIN).info.metadata;
    assert_eq!(metadata.time_reference_frames, Some(158_760_000 + (1 << 32)));
    assert_eq!(
        (metadata.description.as_deref(), metadata.originator.as_deref()),
        (Some("Take"), Some("équipe"))
    );
    assert_eq!(metadata.track_names, ["Vox", "Gtr & Amp"]);
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(metadata.tags, [tag("TITLE", "Odd 1"), tag("ARTIST", "Band")]);
}

#[test]
fn block_size_and_skipping_change_no_sample() {
    let folder = scratch();
    let files = [
        wav16(3, 48_000, 50_000),
        flac(24, 2, 20_000),
        aiff(2, 2, 16, AT_44100, 0, &[1, 2, 3, 4, 5, 6, 7, 8]),
    ];
    for bytes in files {
        let path = write(&folder, "x", &bytes);
        let whole = decode_kit::in_blocks(&path, PLAIN, 65_536).unwrap();
        for frames in [1000, 4099] {
            decode_kit::same(
                "blocks",
                &decode_kit::in_blocks(&path, PLAIN, frames).unwrap().planes,
                &whole.planes,
            );
        }
        for skip in [1, 999, 30_000, 1_000_000] {
            let mut source = studio::decode::open(&path, PLAIN).unwrap();
            let mut buffer = dsp::block::Buffer::new(whole.planes.len(), 10);
            source.skip(skip).unwrap();
            source.read(&mut buffer).unwrap();
            let from = (skip as usize).min(whole.frames());
            assert_eq!(buffer.channel(0), &whole.planes[0][from..(from + 10).min(whole.frames())]);
        }
    }
}
