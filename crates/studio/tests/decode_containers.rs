//! Hostile and doubtful FLAC, AIFF, CAF, MP4, MP3 and Ogg files: cases 36 to 46 of the list of bad inputs.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::*;
use studio::decode::Options;

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
    let whole = read_bytes(&folder, &good, PLAIN).unwrap();
    assert_eq!(whole.frames(), 9000);
    for at in (start..good.len()).step_by(211) {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        let error = read_bytes(&folder, &bad, PLAIN).expect_err("taken");
        assert!(matches!(error.code, "corrupt" | "truncated" | "bad_md5"), "byte {at}: {error}");
        assert_eq!(error.kind.exit_code(), 3);
        // Salvage gives an exact beginning, or a finding about it all.
        let audio = read_bytes(&folder, &bad, SALVAGE);
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
    let error = read_bytes(&folder, &aiff(2, u32::MAX, 16, AT_44100, 0, &data), PLAIN).unwrap_err();
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
        let error = read_bytes(&folder, &[start, &noise].concat(), PLAIN).unwrap_err();
        assert_eq!(error.kind.exit_code(), 3, "{error}");
    }
    refused(&[&[0xff, 0xf1, 0x50, 0x80][..], &noise].concat(), "not_audio");
}
