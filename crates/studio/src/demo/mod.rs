//! A song made by machines: a minute of dry multitrack recording with everything a mix has to deal with.
//!
//! Drums are sources with a place in a room, heard by eight microphones with real times of flight, bleed and an inverted
//! snare bottom; a plucked bass; two takes of a strummed guitar; an electric piano; a singer and her two backing voices.
//! 100 beats per minute, A minor, 48 kHz. The same seed gives the same bits on every machine and with any number of threads.

mod write;

mod drums;
mod keys;
mod score;
mod strings;
mod tools;
mod voice;

/// What the song is made of, for other songs: drums, strings, keys, voices. Times are in seconds; those of a [`parts::Sung`]
/// are in beats of [`parts::BEAT_SECONDS`], and begin [`parts::LEAD_IN_SECONDS`] after the start.
pub mod parts {
    pub use super::drums::{
        HI_HAT, KICK_IN, Kit, Mic, OVERHEAD_LEFT, OVERHEAD_RIGHT, Part, ROOM, SNARE_BOTTOM, SNARE_TOP, TOM,
    };
    pub use super::keys::{Key, add_key};
    pub use super::score::{BEAT_SECONDS, Consonant, Drum, Hit, LEAD_IN_SECONDS, Player, Sung, Vowel};
    pub use super::strings::{Pluck, add_pluck, amplifier};
    pub use super::tools::{
        OnePole, RATE_HZ, Resonator, Sine, add_mode, frame, human, keep, note_hz, to_peak,
    };
    pub use super::voice::{Singer, sing};
}

use drums::Kit;
use dsp::block::Buffer;
use dsp::math;
use dsp::rng::CounterRng;
use rayon::prelude::*;
use voice::Singer;
pub use write::{Options, write, write_as};

/// The song mixed by hand: the text of `session.toml`, which finds the tracks in the folder `audio` beside it.
pub const SESSION: &str = include_str!("session.toml");

/// Sample rate of every track.
pub const SAMPLE_RATE_HZ: u32 = 48_000;

/// One recorded track.
#[derive(Debug, Clone, PartialEq)]
pub struct Track {
    /// File name: `01_KickIn.wav`.
    pub file: &'static str,
    /// One or two channels at [`SAMPLE_RATE_HZ`].
    pub audio: Buffer,
}

/// Who plays what.
#[derive(Debug, Clone, Copy)]
enum Part {
    Mic(drums::Mic),
    Pair(drums::Mic, drums::Mic),
    Bass,
    Guitar(u64),
    Piano,
    Lead,
    Backing(Singer, i32),
}

/// The lead singer.
const LEAD: Singer =
    Singer { stream: 0, formants: 1.0, vibrato_cents: 32.0, vibrato_hz: 5.4, breath: 0.05, late_ms: 8.0 };
/// Above her, a smaller voice.
const HIGH: Singer =
    Singer { stream: 1, formants: 1.06, vibrato_cents: 18.0, vibrato_hz: 5.8, breath: 0.10, late_ms: 14.0 };
/// Below her, a larger one.
const LOW: Singer =
    Singer { stream: 2, formants: 0.94, vibrato_cents: 20.0, vibrato_hz: 5.0, breath: 0.09, late_ms: 18.0 };

/// Every track: file, part, peak in dBFS as a careful engineer would have set the preamplifier.
const TRACKS: [(&str, Part, f64); 14] = [
    ("01_KickIn.wav", Part::Mic(drums::KICK_IN), -7.0),
    ("02_SnareTop.wav", Part::Mic(drums::SNARE_TOP), -7.0),
    ("03_SnareBottom.wav", Part::Mic(drums::SNARE_BOTTOM), -10.0),
    ("04_HiHat.wav", Part::Mic(drums::HI_HAT), -11.0),
    ("05_Tom.wav", Part::Mic(drums::TOM), -9.0),
    ("06_Overheads.wav", Part::Pair(drums::OVERHEAD_LEFT, drums::OVERHEAD_RIGHT), -9.0),
    ("07_Room.wav", Part::Mic(drums::ROOM), -11.0),
    ("08_Bass.wav", Part::Bass, -8.0),
    ("09_GtrLeft.wav", Part::Guitar(0), -10.0),
    ("10_GtrRight.wav", Part::Guitar(1), -10.0),
    ("11_Keys.wav", Part::Piano, -11.0),
    ("12_LeadVox.wav", Part::Lead, -8.0),
    ("13_BGV1.wav", Part::Backing(HIGH, 2), -11.0),
    ("14_BGV2.wav", Part::Backing(LOW, -2), -11.0),
];

/// Noise of microphone and preamplifier, as root mean square: -86 dBFS.
const HISS_DBFS: f64 = -86.0;

/// Plays the song. Costs some seconds of one core, shared by however many threads there are; the result does not depend
/// on them.
#[must_use]
pub fn tracks(seed: u64) -> Vec<Track> {
    play(seed, tools::frame(score::SECONDS))
}

/// The first `frames` of the song.
fn play(seed: u64, frames: usize) -> Vec<Track> {
    let kit = Kit::play(seed, &score::drums(seed), frames);
    TRACKS
        .par_iter()
        .enumerate()
        .map(|(index, &(file, part, peak_dbfs))| {
            let mut planes = record(seed, part, &kit, frames);
            tools::to_peak(&mut planes, peak_dbfs);
            for (channel, plane) in planes.iter_mut().enumerate() {
                add_hiss(plane, &CounterRng::new(seed ^ 0x415, (2 * index + channel) as u64));
            }
            Track { file, audio: Buffer::from_planes(&planes) }
        })
        .collect()
}

fn record(seed: u64, part: Part, kit: &Kit, frames: usize) -> Vec<Vec<f64>> {
    match part {
        Part::Mic(mic) => vec![kit.hear(mic)],
        Part::Pair(left, right) => vec![kit.hear(left), kit.hear(right)],
        Part::Bass => vec![strings::bass(seed, frames)],
        Part::Guitar(take) => vec![strings::guitar(seed, take, frames)],
        Part::Piano => keys::piano(seed, frames),
        Part::Lead => vec![voice::sing(seed, LEAD, &score::lead(), frames)],
        Part::Backing(singer, steps) => vec![voice::sing(seed, singer, &score::harmony(steps), frames)],
    }
}

fn add_hiss(plane: &mut [f64], rng: &CounterRng) {
    // A uniform in ±a has a root mean square of a / √3.
    let peak = math::db_to_gain(HISS_DBFS) * 3.0_f64.sqrt();
    for (n, x) in plane.iter_mut().enumerate() {
        *x += peak * rng.bipolar(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Job;

    #[test]
    fn the_song_is_the_same_for_any_number_of_threads_and_another_for_another_seed() {
        let threads = |count| rayon::ThreadPoolBuilder::new().num_threads(count).build().unwrap();
        // Twelve seconds reach the first phrase of the verse.
        let play = |seed, count| threads(count).install(|| play(seed, 12 * 48_000));
        let song = play(1, 3);
        assert!(play(1, 1) == song);
        assert!(play(2, 3).iter().zip(&song).all(|(a, b)| a.file == b.file && a.audio != b.audio));
    }

    #[test]
    fn the_song_is_written_as_files_beside_its_session() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("song");
        let song = play(1, 24_000);
        let session = write::write_tracks(&target, &song, false, &Job::quiet()).unwrap();
        assert_eq!(std::fs::read_to_string(&session).unwrap(), SESSION);
        let reader = hound::WavReader::open(target.join("audio/06_Overheads.wav")).unwrap();
        assert_eq!(
            (reader.spec().channels, reader.spec().sample_rate, reader.spec().bits_per_sample),
            (2, 48_000, 24)
        );
        for track in &song {
            assert!(SESSION.contains(&format!("\"audio/{}\"", track.file)), "{}", track.file);
            assert!(target.join("audio").join(track.file).exists());
        }
        let again = write::write_tracks(&target, &song, false, &Job::quiet());
        assert_eq!(again.unwrap_err().code, "exists");
        write::write_tracks(&target, &song, true, &Job::quiet()).unwrap();
    }
}
