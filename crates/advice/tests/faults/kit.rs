//! What the corpus is made with: sounds and files.

use advice::assess::{Assessment, Options, assess};
use dsp::biquad::Svf;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use studio::audio::Encoding;
use studio::decode;
use studio::job::Job;

/// A sound and how it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Sound {
    pub(crate) planes: Vec<Vec<f64>>,
    pub(crate) rate_hz: u32,
    pub(crate) encoding: Encoding,
}

impl Sound {
    pub(crate) fn new(planes: Vec<Vec<f64>>, rate_hz: u32) -> Self {
        Self { planes, rate_hz, encoding: Encoding::Int(24) }
    }

    pub(crate) fn frames(&self) -> usize {
        self.planes[0].len()
    }

    pub(crate) fn each(mut self, mut change: impl FnMut(&mut f64)) -> Self {
        self.planes.iter_mut().flatten().for_each(&mut change);
        self
    }

    pub(crate) fn gain(self, db: f64) -> Self {
        let gain = testkit::signals::db(db);
        self.each(|x| *x *= gain)
    }

    pub(crate) fn peak(&self) -> f64 {
        self.planes.iter().flatten().fold(0.0, |peak, x| f64::max(peak, x.abs()))
    }

    pub(crate) fn at_peak(self, dbfs: f64) -> Self {
        let gain = testkit::signals::db(dbfs) / self.peak();
        self.each(|x| *x *= gain)
    }
}

/// A shared recording; says so when there is none.
pub(crate) fn shared(part: &str) -> Option<PathBuf> {
    let path = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/audio")).join(part);
    if !path.exists() {
        println!("skipped: no shared audio at {part}");
        return None;
    }
    Some(path)
}

pub(crate) fn read(path: &Path) -> Sound {
    let mut source = decode::open(path, decode::Options::default()).unwrap();
    let mut planes = vec![Vec::new(); source.info().channels()];
    let mut buffer = Buffer::new(planes.len(), 8192);
    loop {
        source.read(&mut buffer).unwrap();
        if buffer.frames() == 0 {
            break;
        }
        planes.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(buffer.channel(c)));
    }
    Sound::new(planes, source.info().sample_rate_hz)
}

/// A WAV file without dither: what stands in the planes stands in the file.
pub(crate) fn write(path: &Path, sound: &Sound) {
    write_stamped(path, sound, None);
}

/// As [`write`], with the time stamp of a recorder (EBU Tech 3285, `bext`), frames after midnight.
pub(crate) fn write_stamped(path: &Path, sound: &Sound, stamp_frames: Option<u64>) {
    let (format, bits) = match sound.encoding {
        Encoding::Float(_) => (3_u16, 32_u32),
        Encoding::Int(bits) => (1, u32::from(bits)),
        Encoding::Lossy => panic!("no lossy files are made here"),
    };
    let (channels, frames) = (sound.planes.len() as u32, sound.frames() as u32);
    let bytes = bits / 8 * channels * frames;
    let mut chunk = vec![0_u8; 602];
    chunk[338..346].copy_from_slice(&stamp_frames.unwrap_or(0).to_le_bytes());
    let extra = if stamp_frames.is_some() { 8 + chunk.len() as u32 } else { 0 };
    let mut out = b"RIFF".to_vec();
    out.extend_from_slice(&(36 + extra + bytes).to_le_bytes());
    out.extend_from_slice(b"WAVEfmt ");
    out.extend_from_slice(&16_u32.to_le_bytes());
    out.extend_from_slice(&format.to_le_bytes());
    out.extend_from_slice(&(channels as u16).to_le_bytes());
    out.extend_from_slice(&sound.rate_hz.to_le_bytes());
    out.extend_from_slice(&(bits / 8 * channels * sound.rate_hz).to_le_bytes());
    out.extend_from_slice(&((bits / 8 * channels) as u16).to_le_bytes());
    out.extend_from_slice(&(bits as u16).to_le_bytes());
    if stamp_frames.is_some() {
        out.extend_from_slice(b"bext");
        out.extend_from_slice(&(chunk.len() as u32).to_le_bytes());
        out.extend_from_slice(&chunk);
    }
    out.extend_from_slice(b"data");
    out.extend_from_slice(&bytes.to_le_bytes());
    let top = f64::from(1_u32 << (bits.min(24) - 1));
    for n in 0..sound.frames() {
        for plane in &sound.planes {
            if format == 3 {
                out.extend_from_slice(&(plane[n] as f32).to_le_bytes());
            } else {
                let step = (plane[n] * top).round().clamp(-top, top - 1.0) as i32;
                out.extend_from_slice(&step.to_le_bytes()[..bits as usize / 8]);
            }
        }
    }
    std::fs::write(path, out).unwrap();
}

/// Tracks of the demo song, played by one cast or another; made once.
pub(crate) fn demo(cast: usize) -> &'static [studio::demo::Track] {
    static TRACKS: [OnceLock<Vec<studio::demo::Track>>; 2] = [const { OnceLock::new() }; 2];
    TRACKS[cast].get_or_init(|| studio::demo::tracks(1 + 6 * cast as u64))
}

/// Tracks of the demo song added up, all of them or those named, with clean ends and two pauses.
pub(crate) fn demo_mix(from_seconds: f64, seconds: f64, parts: &[&str]) -> Sound {
    let start = (from_seconds * 48_000.0) as usize;
    let frames = (seconds * 48_000.0) as usize;
    let mut planes = vec![vec![0.0; frames]; 2];
    for track in demo(0) {
        if !parts.is_empty() && !parts.iter().any(|part| track.file.contains(part)) {
            continue;
        }
        let audio = &track.audio;
        // Voices and bass above, rooms below; the snare's bottom as it should be turned.
        let gain = match track.file {
            name if name.contains("Lead") => 1.0,
            name if name.contains("SnareBottom") => -0.2,
            name if name.contains("Room") || name.contains("BGV") => 0.3,
            _ => 0.5,
        };
        let pan = match track.file {
            name if name.contains("Left") => [1.0, 0.3],
            name if name.contains("Right") => [0.3, 1.0],
            _ => [0.7, 0.7],
        };
        for (channel, plane) in planes.iter_mut().enumerate() {
            let from = audio.view().channel(channel.min(audio.channels() - 1));
            plane.iter_mut().zip(&from[start..]).for_each(|(x, y)| *x += gain * pan[channel] * y);
        }
    }
    clean(&Sound::new(planes, 48_000))
}

/// Without direct current, half a second of silence at both ends, fades, two pauses, peak at -6 dBFS: a clean twin.
pub(crate) fn clean(sound: &Sound) -> Sound {
    let mut sound = sound.clone();
    let frames = sound.frames() as f64;
    for plane in &mut sound.planes {
        let mean = plane.iter().sum::<f64>() / frames;
        plane.iter_mut().for_each(|x| *x -= mean);
        Svf::new(design(Curve::HighPass, 20.0, 0.0, 0.707, f64::from(sound.rate_hz))).process(plane);
    }
    let rate = f64::from(sound.rate_hz);
    let (head, fade, gap) = ((0.5 * rate) as usize, (0.3 * rate) as usize, (1.2 * rate) as usize);
    let frames = sound.frames();
    let pauses = [frames / 3, 2 * frames / 3];
    let shape = |n: usize| -> f64 {
        let ends = (n as f64 / (0.02 * rate)).min((frames - n) as f64 / rate).min(1.0);
        let pause = pauses.iter().map(|at| {
            if n < *at {
                (*at - n) as f64 / fade as f64
            } else if n < at + gap {
                0.0
            } else {
                (n - at - gap) as f64 / (0.02 * rate)
            }
        });
        let x = pause.fold(ends, f64::min).clamp(0.0, 1.0);
        // Ends that die away: nothing is left of them even when they are driven.
        x * x * x
    };
    let planes = sound.planes.iter().map(|plane| {
        let mut out = vec![0.0; head];
        out.extend(plane.iter().enumerate().map(|(n, x)| x * shape(n)));
        out.extend(vec![0.0; head]);
        out
    });
    Sound::new(planes.collect(), sound.rate_hz).at_peak(-6.0)
}

pub(crate) fn look(paths: &[PathBuf], destinations: &[&str]) -> Assessment {
    let options = Options { destinations: destinations.iter().map(|name| (*name).to_owned()).collect() };
    assess(paths, &options, &Job::quiet()).unwrap()
}

/// Rules that spoke, without doubles.
pub(crate) fn rules(found: &Assessment) -> Vec<&'static str> {
    let mut rules: Vec<&str> = found.advice.iter().map(|advice| advice.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    rules
}

/// Opus at 128 kbit/s whose header says what rate it was made from (RFC 7845, section 5.1); Ogg's pages carry a sum of their bytes
/// (RFC 3533, section 6).
pub(crate) fn opus_file(path: &Path, sound: &Sound, from_hz: u32) {
    let folder = tempfile::tempdir().unwrap();
    let wave = folder.path().join("song.wav");
    write(&wave, sound);
    let codec = studio::targets::Codec::from_name("opus-128").unwrap();
    let encoded = studio::codec::stream(&wave, codec, &Job::quiet()).unwrap().unwrap();
    let mut bytes = std::fs::read(encoded.path()).unwrap();
    let head = bytes.windows(8).position(|eight| eight == b"OpusHead").unwrap();
    bytes[head + 12..head + 16].copy_from_slice(&from_hz.to_le_bytes());
    // The first page: 27 bytes, a table of segments, and what they say.
    let segments = usize::from(bytes[26]);
    let end = 27 + segments + bytes[27..27 + segments].iter().map(|size| usize::from(*size)).sum::<usize>();
    bytes[22..26].fill(0);
    let mut sum = 0_u32;
    for byte in &bytes[..end] {
        sum ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            sum = (sum << 1) ^ if sum & 0x8000_0000 == 0 { 0 } else { 0x04C1_1DB7 };
        }
    }
    bytes[22..26].copy_from_slice(&sum.to_le_bytes());
    std::fs::write(path, bytes).unwrap();
}
