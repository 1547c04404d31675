//! Audio on its way through the house: channel layouts and streams of planar `f64`.

use crate::message::{Finding, Result};
use dsp::block::Buffer;
use dsp::downmix::Place;
use dsp::vbap::Direction;
use serde::Serialize;

/// Loudspeaker a channel is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// Front left, +30°.
    Left,
    /// Front right, -30°.
    Right,
    /// Front centre, or the one channel of mono.
    Centre,
    /// Low-frequency effects.
    Lfe,
    /// Surround left, +110° (side in 7.1 layouts: +90°).
    SurroundLeft,
    /// Surround right.
    SurroundRight,
    /// Rear surround left, +135°.
    RearLeft,
    /// Rear surround right.
    RearRight,
    /// Top front left.
    TopFrontLeft,
    /// Top front right.
    TopFrontRight,
    /// Top back left.
    TopBackLeft,
    /// Top back right.
    TopBackRight,
    /// Not known; counted as a front speaker.
    Unknown,
}

impl Speaker {
    /// Channel weight of ITU-R BS.1770-5 (a factor on power): 1.41 for surrounds between 60° and 120°, 0 for LFE.
    #[must_use]
    pub fn loudness_weight(self) -> f64 {
        match self {
            Self::Lfe => 0.0,
            Self::SurroundLeft | Self::SurroundRight => 1.41,
            _ => 1.0,
        }
    }

    /// Bit of `WAVE_FORMAT_EXTENSIBLE`'s channel mask (0 when unknown). Surrounds are the side bits.
    #[must_use]
    pub fn mask_bit(self) -> u32 {
        match self {
            Self::Left => 0x1,
            Self::Right => 0x2,
            Self::Centre => 0x4,
            Self::Lfe => 0x8,
            Self::RearLeft => 0x10,
            Self::RearRight => 0x20,
            Self::SurroundLeft => 0x200,
            Self::SurroundRight => 0x400,
            Self::TopFrontLeft => 0x1000,
            Self::TopFrontRight => 0x4000,
            Self::TopBackLeft => 0x8000,
            Self::TopBackRight => 0x2_0000,
            Self::Unknown => 0,
        }
    }

    /// The loudspeaker in the words of the kernels; `None` when unknown.
    #[must_use]
    pub fn place(self) -> Option<Place> {
        Some(match self {
            Self::Left => Place::Left,
            Self::Right => Place::Right,
            Self::Centre => Place::Centre,
            Self::Lfe => Place::Lfe,
            Self::SurroundLeft => Place::SideLeft,
            Self::SurroundRight => Place::SideRight,
            Self::RearLeft => Place::RearLeft,
            Self::RearRight => Place::RearRight,
            Self::TopFrontLeft => Place::TopFrontLeft,
            Self::TopFrontRight => Place::TopFrontRight,
            Self::TopBackLeft => Place::TopBackLeft,
            Self::TopBackRight => Place::TopBackRight,
            Self::Unknown => return None,
        })
    }
}

/// Speakers of a stream, in channel order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Layout(pub Vec<Speaker>);

impl Layout {
    /// The usual layout for a number of channels: mono, stereo, LRC, quad, 5.0, 5.1, 7.1, 5.1.4, 7.1.4.
    #[must_use]
    pub fn of(channels: usize) -> Self {
        use Speaker::{
            Centre as C, Left as L, Lfe, RearLeft as Bl, RearRight as Br, Right as R, SurroundLeft as Sl,
            SurroundRight as Sr, TopBackLeft as Tbl, TopBackRight as Tbr, TopFrontLeft as Tfl,
            TopFrontRight as Tfr,
        };
        Self(match channels {
            1 => vec![C],
            2 => vec![L, R],
            3 => vec![L, R, C],
            4 => vec![L, R, Sl, Sr],
            5 => vec![L, R, C, Sl, Sr],
            6 => vec![L, R, C, Lfe, Sl, Sr],
            8 => vec![L, R, C, Lfe, Sl, Sr, Bl, Br],
            10 => vec![L, R, C, Lfe, Sl, Sr, Tfl, Tfr, Tbl, Tbr],
            12 => vec![L, R, C, Lfe, Sl, Sr, Bl, Br, Tfl, Tfr, Tbl, Tbr],
            n => vec![Speaker::Unknown; n],
        })
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.0.len()
    }

    /// BS.1770 weights, channel by channel.
    #[must_use]
    pub fn loudness_weights(&self) -> Vec<f64> {
        self.0.iter().map(|speaker| speaker.loudness_weight()).collect()
    }

    /// The loudspeakers in the words of the kernels; without those that are unknown.
    #[must_use]
    pub fn places(&self) -> Vec<Place> {
        self.0.iter().filter_map(|speaker| speaker.place()).collect()
    }

    /// Where the loudspeakers stand, the LFE and unknown ones nowhere: BS.2051-3, systems B (0+5+0), I (0+7+0), D
    /// (4+5+0) and J (4+7+0), whose sides stand at ±90° and whose tops at ±45° and ±135° where there are rears.
    #[must_use]
    pub fn directions(&self) -> Vec<Option<Direction>> {
        let rears = self.0.contains(&Speaker::RearLeft);
        let (side, front, back) = if rears { (90.0, 45.0, 135.0) } else { (110.0, 30.0, 110.0) };
        let of = |speaker: &Speaker| {
            let (azimuth_degrees, elevation_degrees) = match speaker {
                Speaker::Left => (30.0, 0.0),
                Speaker::Right => (-30.0, 0.0),
                Speaker::Centre => (0.0, 0.0),
                Speaker::SurroundLeft => (side, 0.0),
                Speaker::SurroundRight => (-side, 0.0),
                Speaker::RearLeft => (135.0, 0.0),
                Speaker::RearRight => (-135.0, 0.0),
                Speaker::TopFrontLeft => (front, 30.0),
                Speaker::TopFrontRight => (-front, 30.0),
                Speaker::TopBackLeft => (back, 30.0),
                Speaker::TopBackRight => (-back, 30.0),
                Speaker::Lfe | Speaker::Unknown => return None,
            };
            Some(Direction { azimuth_degrees, elevation_degrees })
        };
        self.0.iter().map(of).collect()
    }

    /// Channel mask for `WAVE_FORMAT_EXTENSIBLE`; 0 when any speaker is unknown. Four in a square have the mask that
    /// Microsoft calls `KSAUDIO_SPEAKER_QUAD` (0x33), whose surrounds are the back bits.
    #[must_use]
    pub fn mask(&self) -> u32 {
        if self.0 == Self::of(4).0 {
            0x33
        } else if self.0.contains(&Speaker::Unknown) {
            0
        } else {
            self.0.iter().map(|speaker| speaker.mask_bit()).sum()
        }
    }
}

/// How samples were stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// Integer PCM of so many bits.
    Int(u16),
    /// Floating-point PCM of so many bits.
    Float(u16),
    /// Lossy: bits have no meaning.
    Lossy,
}

/// Broadcast-wave and text metadata found in a file.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Metadata {
    /// `bext` time reference: frames since midnight.
    pub time_reference_frames: Option<u64>,
    /// `bext` description.
    pub description: Option<String>,
    /// `bext` originator.
    pub originator: Option<String>,
    /// Text tags, key in upper case as in Vorbis comments (`TITLE`, `ARTIST`), in file order.
    pub tags: Vec<(String, String)>,
    /// Track names of iXML, in channel order.
    pub track_names: Vec<String>,
}

/// What a stream is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Info {
    /// Container: `wav`, `rf64`, `flac`, `m4a`.
    pub container: &'static str,
    /// Codec: `pcm_s24le`, `flac`, `mp3`.
    pub codec: &'static str,
    /// Sample rate.
    pub sample_rate_hz: u32,
    /// Speakers, in channel order.
    pub layout: Layout,
    /// Frames the file declares, if it does.
    pub frames: Option<u64>,
    /// How samples were stored.
    pub encoding: Encoding,
    /// Metadata.
    pub metadata: Metadata,
}

impl Info {
    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.layout.channels()
    }
}

/// A stream of audio, read once from start to end.
pub trait Source: Send {
    /// What it is.
    fn info(&self) -> &Info;

    /// Fills `buffer` (of as many channels) with up to its capacity and sets its frames. Zero frames: the end.
    /// The end is checked: a checksum that does not match or a length other than declared is an error.
    fn read(&mut self, buffer: &mut Buffer) -> Result<()>;

    /// What should be known about the stream; complete after the end was read.
    fn findings(&self) -> Vec<Finding> {
        Vec::new()
    }

    /// Skips frames by decoding and dropping them; a source that can seek does better.
    fn skip(&mut self, frames: u64) -> Result<()> {
        let mut left = frames;
        while left > 0 {
            let mut scratch = Buffer::new(self.info().channels(), left.min(4096) as usize);
            self.read(&mut scratch)?;
            if scratch.frames() == 0 {
                break;
            }
            left -= scratch.frames() as u64;
        }
        Ok(())
    }
}

/// Audio held in memory, as a stream.
#[derive(Debug, Clone)]
pub struct MemorySource {
    info: Info,
    audio: Buffer,
    position: usize,
}

impl MemorySource {
    /// A stream over `audio` at `sample_rate_hz`, in the usual layout for its channels.
    #[must_use]
    pub fn new(audio: Buffer, sample_rate_hz: u32) -> Self {
        let info = Info {
            container: "memory",
            codec: "pcm_f64",
            sample_rate_hz,
            layout: Layout::of(audio.channels()),
            frames: Some(audio.frames() as u64),
            encoding: Encoding::Float(64),
            metadata: Metadata::default(),
        };
        Self { info, audio, position: 0 }
    }
}

impl Source for MemorySource {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        let frames = buffer.capacity().min(self.audio.frames() - self.position);
        buffer.set_frames(frames);
        for channel in 0..self.audio.channels().min(buffer.channels()) {
            let from = &self.audio.channel(channel)[self.position..self.position + frames];
            buffer.channel_mut(channel).copy_from_slice(from);
        }
        self.position += frames;
        Ok(())
    }

    fn skip(&mut self, frames: u64) -> Result<()> {
        let left = (self.audio.frames() - self.position) as u64;
        self.position += frames.min(left) as usize;
        Ok(())
    }
}
