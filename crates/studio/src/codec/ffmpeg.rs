//! The encoders of the user's ffmpeg: of Vorbis the only one, as there is no sound one to build in; of the others a second opinion.

use super::{Encoder, Failed, interleave};
use crate::files::NewFile;
use crate::targets::{Codec, Family};
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

/// Quality settings of libvorbis and the rates they are called by at 44.1 kHz stereo (xiph.org, "Recommended encoder settings").
const QUALITIES: [(u16, u16); 11] = [
    (64, 0),
    (80, 1),
    (96, 2),
    (112, 3),
    (128, 4),
    (160, 5),
    (192, 6),
    (224, 7),
    (256, 8),
    (320, 9),
    (500, 10),
];

/// Frames that ffmpeg's AAC puts before the music, which ADTS does not tell (ISO/IEC 14496-3: one frame of the transform).
const AAC_PRIMING_FRAMES: u64 = 1024;

/// Who encodes a family, for people.
pub(super) fn encoder_of(family: Family) -> &'static str {
    match family {
        Family::Aac => "ffmpeg, aac",
        Family::Mp3 => "ffmpeg, libmp3lame",
        Family::Vorbis => "ffmpeg, libvorbis",
        Family::Opus => "ffmpeg, libopus",
    }
}

/// Encoder and format of a family, as ffmpeg calls them.
fn names_of(family: Family) -> [&'static str; 2] {
    match family {
        Family::Aac => ["aac", "adts"],
        Family::Mp3 => ["libmp3lame", "mp3"],
        Family::Vorbis => ["libvorbis", "ogg"],
        Family::Opus => ["libopus", "ogg"],
    }
}

/// Feeds ffmpeg, which writes the file.
pub(super) struct Ffmpeg {
    family: Family,
    child: Child,
    feed: Option<ChildStdin>,
    interleaved: Vec<f32>,
    bytes: Vec<u8>,
}

impl Ffmpeg {
    pub(super) fn new(file: &NewFile, codec: Codec, rate_hz: u32, channels: usize) -> Result<Self, Failed> {
        let mut command = Command::new("ffmpeg");
        command.args(["-hide_banner", "-loglevel", "error", "-nostdin", "-f", "f32le"]);
        command.args(["-ar", &rate_hz.to_string(), "-ac", &channels.to_string(), "-i", "pipe:0"]);
        let [encoder, format] = names_of(codec.family);
        command.args(["-c:a", encoder]);
        let quality = QUALITIES.iter().find(|(kbps, _)| *kbps == codec.kbps);
        match quality.filter(|_| codec.family == Family::Vorbis) {
            Some((_, quality)) => command.args(["-q:a", &quality.to_string()]),
            None => command.args(["-b:a", &format!("{}k", codec.kbps)]),
        };
        // Without these the serial number of the stream and the version of the program get into the bytes. In AAC the version is
        // part of the first frame, and without it the rate control goes another way: nobody's file would be like ours.
        if codec.family != Family::Aac {
            command.args(["-fflags", "+bitexact", "-flags:a", "+bitexact"]);
        }
        command.args(["-f", format, "-y"]);
        command.arg(file.temporary());
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| {
            let why = if error.kind() == std::io::ErrorKind::NotFound {
                format!("{} is encoded by ffmpeg, which is not installed", title(codec.family))
            } else {
                format!("ffmpeg does not start: {error}")
            };
            Failed::Encoder(why)
        })?;
        let feed = child.stdin.take();
        Ok(Self { family: codec.family, child, feed, interleaved: Vec::new(), bytes: Vec::new() })
    }
}

impl Encoder for Ffmpeg {
    fn push(&mut self, planes: &[Vec<f64>]) -> Result<(), Failed> {
        interleave(planes, &mut self.interleaved);
        self.bytes.clear();
        self.bytes.extend(self.interleaved.iter().flat_map(|x| x.to_le_bytes()));
        if let Some(feed) = &mut self.feed
            && feed.write_all(&self.bytes).is_err()
        {
            // It has gone; why is said at the end.
            self.feed = None;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<u64, Failed> {
        self.feed = None;
        let mut said = String::new();
        if let Some(errors) = &mut self.child.stderr {
            let _ = errors.read_to_string(&mut said);
        }
        let status = self.child.wait().map_err(|error| Failed::Encoder(format!("ffmpeg: {error}")))?;
        if status.success() {
            return Ok(if self.family == Family::Aac { AAC_PRIMING_FRAMES } else { 0 });
        }
        let last = said.lines().last().unwrap_or("no reason given");
        Err(Failed::Encoder(format!("ffmpeg failed: {last}")))
    }
}

/// A family as people write it.
fn title(family: Family) -> &'static str {
    match family {
        Family::Aac => "AAC",
        Family::Mp3 => "MP3",
        Family::Vorbis => "Vorbis",
        Family::Opus => "Opus",
    }
}

impl Drop for Ffmpeg {
    /// Stopped in the middle: the program must not stay behind.
    fn drop(&mut self) {
        self.feed = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
