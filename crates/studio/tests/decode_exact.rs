//! Files are read exactly, judged by other programs and by bytes laid down by hand.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::{all, scratch, write};
use studio::audio::{Encoding, Speaker};
use studio::decode::{self, Options};

#[test]
fn integer_wav_written_by_hound_is_read_exactly() {
    let folder = scratch();
    for (bits, channels) in [(8, 1), (16, 1), (16, 2), (24, 2), (24, 3), (32, 6), (24, 8), (16, 12)] {
        let path = folder.path().join(format!("{bits}_{channels}.wav"));
        let spec = hound::WavSpec {
            channels,
            sample_rate: 48_000,
            bits_per_sample: bits,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        let full = 1_i64 << (bits - 1);
        let samples: Vec<i64> =
            (0..1001 * i64::from(channels)).map(|n| (n * 7919 * 65_537) % (2 * full) - full).collect();
        for sample in &samples {
            writer.write_sample(*sample as i32).unwrap();
        }
        writer.finalize().unwrap();
        let audio = all(&path, Options::default()).unwrap();
        assert_eq!(audio.info.encoding, Encoding::Int(bits));
        assert_eq!(audio.info.frames, Some(1001));
        for (n, sample) in samples.iter().enumerate() {
            let found = audio.planes[n % usize::from(channels)][n / usize::from(channels)];
            assert_eq!(found, *sample as f64 / full as f64, "{bits} bits, sample {n}");
        }
    }
}

#[test]
fn extensible_with_24_bits_in_32_has_the_right_scale_and_seats() {
    let folder = scratch();
    let mut fmt = decode_kit::fmt(0xfffe, 2, 48_000, 8, 32);
    fmt.extend([22, 0, 24, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    let path =
        write(&folder, "x", &decode_kit::riff(&[(b"fmt ", &fmt), (b"data", &[0, 0, 0, 0x80, 0, 1, 0, 0])]));
    let audio = all(&path, Options::default()).unwrap();
    assert_eq!(audio.planes, [[-1.0], [1.0 / 8_388_608.0]]);
    assert_eq!(audio.info.encoding, Encoding::Int(24));
    assert_eq!(audio.info.layout.0, [Speaker::Left, Speaker::Right]);
}

#[test]
fn probing_reads_no_audio() {
    let folder = scratch();
    let path = write(&folder, "x", &decode_kit::wav16(2, 44_100, 100));
    assert_eq!(decode::probe(&path).unwrap().frames, Some(100));
}
