//! Lossy codecs as services use them.

use serde::{Serialize, Serializer};
use std::fmt;

/// Family of a lossy codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// AAC-LC.
    Aac,
    /// MPEG-1 layer 3.
    Mp3,
    /// Vorbis.
    Vorbis,
    /// Opus.
    Opus,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Aac, Self::Mp3, Self::Vorbis, Self::Opus];

    /// Name in commands and data.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Aac => "aac",
            Self::Mp3 => "mp3",
            Self::Vorbis => "vorbis",
            Self::Opus => "opus",
        }
    }

    /// Rates in kbit/s, stereo, that make sense. Opus: RFC 6716 allows 6 to 510; the others by the tables of their
    /// standards and encoders at 44.1 kHz.
    #[must_use]
    fn kbps(self) -> std::ops::RangeInclusive<u16> {
        match self {
            Self::Aac => 32..=512,
            Self::Mp3 => 32..=320,
            Self::Vorbis => 48..=500,
            Self::Opus => 16..=510,
        }
    }
}

/// A lossy codec at a bit rate: `aac-256`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Codec {
    /// Which one.
    pub family: Family,
    /// Bit rate of the stereo stream, kbit/s.
    pub kbps: u16,
}

impl Codec {
    /// The codec of a name: `aac-256`, `mp3-320`, `vorbis-160`, `opus-128`.
    ///
    /// # Errors
    /// What is wrong with the name, in words.
    pub fn from_name(name: &str) -> Result<Self, String> {
        let plain = name.trim().to_ascii_lowercase();
        let known = || Family::ALL.map(Family::name).join("`, `");
        let wrong = || format!("`{name}` is no codec; write `aac-256`; there are `{}`", known());
        let (family, kbps) = plain.split_once('-').ok_or_else(wrong)?;
        let family = Family::ALL.into_iter().find(|known| known.name() == family).ok_or_else(wrong)?;
        let kbps: u16 = kbps.parse().map_err(|_| wrong())?;
        let range = family.kbps();
        if !range.contains(&kbps) {
            return Err(format!(
                "{} has {} to {} kbit/s, not {kbps}",
                family.name(),
                range.start(),
                range.end()
            ));
        }
        // The table of ISO/IEC 11172-3, layer III: other rates would be silently rounded.
        const LAYER_3: [u16; 14] = [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];
        if family == Family::Mp3 && !LAYER_3.contains(&kbps) {
            return Err(format!("mp3 has no {kbps} kbit/s; it has 32, 40, 48 … 256, 320"));
        }
        Ok(Self { family, kbps })
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.family.name(), self.kbps)
    }
}

impl Serialize for Codec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codec_is_named_by_family_and_rate() {
        for (name, family, kbps) in [
            ("aac-256", Family::Aac, 256),
            (" MP3-320", Family::Mp3, 320),
            ("vorbis-160", Family::Vorbis, 160),
            ("opus-64", Family::Opus, 64),
        ] {
            assert_eq!(Codec::from_name(name), Ok(Codec { family, kbps }), "{name}");
        }
        assert_eq!(Codec { family: Family::Opus, kbps: 128 }.to_string(), "opus-128");
    }

    #[test]
    fn what_no_encoder_does_is_refused() {
        for name in
            ["aac", "aac-", "flac-256", "mp3-321", "mp3-100", "opus-4", "aac-99999", "", "-", "mp3--1"]
        {
            assert!(Codec::from_name(name).is_err(), "{name}");
        }
    }
}
