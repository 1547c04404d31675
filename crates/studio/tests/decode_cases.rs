//! Hostile and doubtful files, numbered as in the list of bad-input cases (1 to 50) the project keeps.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::*;
use studio::audio::{Encoding, Speaker};
use studio::message::Kind;

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
    let error = read_bytes(&folder, &file, PLAIN).unwrap_err();
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
