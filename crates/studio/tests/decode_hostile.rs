//! Cut at every byte and mutated at random, a file of any format gives an error or audio in bounded time and memory,
//! and never a panic. (A decoder of another crate may panic inside; that must come out as an error.)
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod decode_kit;

use decode_kit::{chunk, fmt, riff, run, samples16, scratch, wav16};
use std::os::unix::fs::FileExt;
use studio::decode::{self, Options};
use tempfile::TempDir;

/// Mutations of each file.
const ROUNDS: usize = 1500;

/// Small files of every kind: name, bytes. Lossy ones are made by ffmpeg, where it is installed.
fn samples(folder: &TempDir) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![("wav".to_owned(), wav16(2, 44_100, 40)), ("bwf".to_owned(), broadcast())];
    let input = folder.path().join("in.wav");
    std::fs::write(&input, wav16(2, 44_100, 6000)).unwrap();
    let made = [
        ("rf64.wav", "-c:a pcm_s24le -rf64 always"),
        ("x.w64", "-c:a pcm_s16le"),
        ("x.aif", "-c:a pcm_s24be"),
        ("sowt.aif", "-c:a pcm_s16le"),
        ("x.au", "-c:a pcm_f32be"),
        ("x.caf", "-c:a pcm_s16le"),
        ("x.flac", "-c:a flac"),
        ("x.mp3", "-c:a libmp3lame -b:a 64k"),
        ("x.ogg", "-c:a libvorbis"),
        ("x.opus", "-c:a libopus"),
        ("x.m4a", "-c:a aac"),
        ("x.aac", "-c:a aac"),
        ("alac.m4a", "-c:a alac"),
        ("alac.caf", "-c:a alac"),
    ];
    for (name, options) in made {
        let path = folder.path().join(name);
        let mut arguments = vec!["-v", "error", "-y", "-i", input.to_str().unwrap()];
        arguments.extend(options.split(' '));
        arguments.push(path.to_str().unwrap());
        if run("ffmpeg", &arguments) {
            files.push((name.to_owned(), std::fs::read(&path).unwrap()));
        }
    }
    files
}

fn broadcast() -> Vec<u8> {
    let ixml = "<BWFXML><TRACK_LIST><TRACK><INTERLEAVE_INDEX>1</INTERLEAVE_INDEX><NAME>A</NAME></TRACK></TRACK_LIST></BWFXML>";
    let mut file = riff(&[
        (b"bext", &[b'x'; 610]),
        (b"iXML", ixml.as_bytes()),
        (b"LIST", b"INFOINAM\x04\0\0\0abcd"),
        (b"fmt ", &fmt(1, 2, 44_100, 4, 16)),
        (b"data", &samples16(40)),
    ]);
    file.extend(chunk(b"id3 ", b"ID3\x04\0\0\0\0\0\x02ab"));
    file
}

/// Reads a file to the end or to an error; the frames that came out.
fn drain(path: &std::path::Path, options: Options) -> Result<u64, &'static str> {
    let mut source = decode::open(path, options).map_err(|error| error.code)?;
    let mut buffer = dsp::block::Buffer::new(source.info().channels(), 4096);
    let mut frames = 0;
    loop {
        source.read(&mut buffer).map_err(|error| error.code)?;
        for channel in 0..buffer.channels() {
            assert!(buffer.channel(channel).iter().all(|sample| sample.is_finite()), "not finite");
        }
        if buffer.frames() == 0 {
            return Ok(frames);
        }
        frames += buffer.frames() as u64;
        // Files here are tiny; constant FLAC frames are the densest thing there is.
        assert!(frames < 100_000_000, "no end");
    }
}

/// Gives every Ogg page its right checksum again (RFC 3533, section 6), so that the codecs get to see the damage.
fn mend_ogg(bytes: &mut [u8]) {
    let mut at = 0;
    while bytes.get(at..at + 4) == Some(b"OggS") && at + 27 <= bytes.len() {
        let segments = usize::from(bytes[at + 26]);
        let Some(lengths) = bytes.get(at + 27..at + 27 + segments) else { return };
        let end = at + 27 + segments + lengths.iter().map(|length| usize::from(*length)).sum::<usize>();
        let Some(page) = bytes.get_mut(at..end) else { return };
        page[22..26].fill(0);
        let mut sum = 0_u32;
        for byte in page.iter() {
            sum ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                sum = if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
            }
        }
        page[22..26].copy_from_slice(&sum.to_le_bytes());
        at = end;
    }
}

#[test]
fn a_file_cut_at_any_byte_is_an_error_or_says_what_is_missing() {
    let folder = scratch();
    let path = folder.path().join("cut");
    for (name, bytes) in samples(&folder) {
        std::fs::write(&path, &bytes).unwrap();
        let whole = drain(&path, Options::default()).unwrap_or_else(|code| panic!("{name}: {code}"));
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        // Every byte of the header and of the end; in between every few.
        let cuts = (0..bytes.len()).rev().filter(|cut| *cut < 600 || bytes.len() - cut < 40 || cut % 97 == 0);
        for cut in cuts {
            file.set_len(cut as u64).unwrap();
            match drain(&path, Options::default()) {
                Err(_) => {}
                // A cut in what follows the audio, or in padding, costs nothing. Streams of frames without an index
                // (ADTS) can be cut between two frames without leaving a trace.
                Ok(frames) => {
                    assert!(frames == whole || name == "x.aac" && frames % 1024 == 0, "{name} at {cut}")
                }
            }
            if let Ok(frames) = drain(&path, Options { salvage: true, ..Options::default() }) {
                assert!(frames <= whole, "{name} cut at {cut} grew to {frames}");
            }
        }
    }
}

#[test]
fn random_mutations_of_every_format_never_panic_and_always_end() {
    let folder = scratch();
    let path = folder.path().join("mutant");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % below.max(1)
    };
    for (name, bytes) in samples(&folder) {
        std::fs::write(&path, &bytes).unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        let mut taken = 0;
        for round in 0..ROUNDS {
            let mut mutant = bytes.clone();
            // The header gets most of it.
            let reach = if round % 3 == 0 { bytes.len() } else { bytes.len().min(700) };
            for _ in 0..=random(4) {
                let at = random(reach);
                match random(4) {
                    0 => mutant[at] ^= 1 << random(8),
                    1 => mutant[at] = [0, 0xff, 0x7f, 0x80][random(4)],
                    2 => {
                        let end = (at + 4).min(mutant.len());
                        mutant[at..end].fill([0, 0xff, 0x7f, 0x80][random(4)]);
                    }
                    _ => {
                        let from = random(bytes.len());
                        let count = random(16).min(bytes.len() - from).min(mutant.len() - at);
                        mutant[at..at + count].copy_from_slice(&bytes[from..from + count]);
                    }
                }
            }
            if round % 4 != 3 {
                mend_ogg(&mut mutant);
            }
            // Writing over costs far less than writing anew.
            file.write_all_at(&mutant, 0).unwrap();
            let options = Options {
                salvage: round % 2 == 0,
                repair: true,
                allow_bad_md5: round % 4 == 0,
                own: round % 3 == 0,
            };
            taken += usize::from(drain(&path, options).is_ok());
        }
        println!("{name}: {taken} of {ROUNDS} taken");
    }
}
