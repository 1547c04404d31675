//! Time on a disc: sectors of 1/75 second, counted from the start of the first pregap.

use crate::message::{Error, Result};
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Sectors a second. Source: IEC 60908 (Red Book): 75 sectors of 588 stereo frames at 44 100 Hz.
pub const SECTORS_PER_SECOND: u32 = 75;
/// Stereo frames of a sector. Source: as above.
pub const FRAMES_PER_SECTOR: u64 = 588;
/// Bytes of a sector of audio: 588 frames of two 16-bit samples. Source: as above.
pub const SECTOR_BYTES: u64 = 2352;

/// A position or a length in sectors of 1/75 s. As a position it counts from the first sector of the image, where the
/// pregap of track 1 begins (address 00:00:00, which drives call LBA −150).
///
/// Shown and written as `MM:SS:FF`: minutes, seconds, sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Sectors(u32);

impl Sectors {
    /// None.
    pub const ZERO: Self = Self(0);
    /// The shortest pregap of track 1: 2 s. Source: IEC 60908.
    pub const FIRST_PREGAP: Self = Self(150);
    /// The shortest track: 4 s. Source: MMC-5, 6.33.3.6, after IEC 60908.
    pub const SHORTEST_TRACK: Self = Self(300);
    /// The last address that two digits of minutes can tell: 99:59:74.
    pub const LAST_ADDRESS: Self = Self(449_999);

    /// So many sectors.
    #[must_use]
    pub const fn new(sectors: u32) -> Self {
        Self(sectors)
    }

    /// The number of sectors.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// Minutes, seconds (below 60) and sectors (below 75); `None` when one is too large.
    #[must_use]
    pub fn from_msf(minutes: u32, seconds: u32, sectors: u32) -> Option<Self> {
        if seconds >= 60 || sectors >= SECTORS_PER_SECOND {
            return None;
        }
        let whole = minutes.checked_mul(60)?.checked_add(seconds)?;
        Some(Self(whole.checked_mul(SECTORS_PER_SECOND)?.checked_add(sectors)?))
    }

    /// Minutes, seconds and sectors.
    #[must_use]
    pub fn msf(self) -> (u32, u32, u32) {
        let whole = self.0 / SECTORS_PER_SECOND;
        (whole / 60, whole % 60, self.0 % SECTORS_PER_SECOND)
    }

    /// The sectors that so many stereo frames fill, the last one perhaps in part.
    #[must_use]
    pub fn holding(frames: u64) -> Self {
        Self(u32::try_from(frames.div_ceil(FRAMES_PER_SECTOR)).unwrap_or(u32::MAX))
    }

    /// The boundary nearest to a frame; halves go up.
    #[must_use]
    pub fn nearest(frame: u64) -> Self {
        let half = FRAMES_PER_SECTOR / 2;
        Self(u32::try_from(frame.saturating_add(half) / FRAMES_PER_SECTOR).unwrap_or(u32::MAX))
    }

    /// Stereo frames in them; the frame at which this sector begins.
    #[must_use]
    pub fn frames(self) -> u64 {
        u64::from(self.0) * FRAMES_PER_SECTOR
    }

    /// Bytes in them.
    #[must_use]
    pub fn bytes(self) -> u64 {
        u64::from(self.0) * SECTOR_BYTES
    }

    /// Seconds.
    #[must_use]
    pub fn seconds(self) -> f64 {
        f64::from(self.0) / f64::from(SECTORS_PER_SECOND)
    }

    /// So much later; stays at the largest number.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// So much earlier, from zero on.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The six digits `MMSSFF` of DDP records and nothing else.
    #[must_use]
    pub fn digits(self) -> String {
        let (minutes, seconds, sectors) = self.msf();
        format!("{minutes:02}{seconds:02}{sectors:02}")
    }
}

impl fmt::Display for Sectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (minutes, seconds, sectors) = self.msf();
        write!(f, "{minutes:02}:{seconds:02}:{sectors:02}")
    }
}

impl FromStr for Sectors {
    type Err = Error;

    /// Reads `MM:SS:FF`.
    fn from_str(text: &str) -> Result<Self> {
        let bad = || {
            Error::input("bad_msf", format!("`{text}` is no disc time"))
                .hint("write minutes, seconds and sectors of 1/75 s: 03:25:40")
        };
        let digits = |part: &str| part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
        let parts: Vec<u32> = text
            .trim()
            .split(':')
            .map(|part| digits(part).then(|| part.parse().ok()).flatten().ok_or_else(bad))
            .collect::<Result<_>>()?;
        match parts[..] {
            [minutes, seconds, sectors] => Self::from_msf(minutes, seconds, sectors).ok_or_else(bad),
            _ => Err(bad()),
        }
    }
}

impl Serialize for Sectors {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disc_time_counts_seventy_five_sectors_a_second() {
        // 79:57:74 is the 359 849th sector after the first: (79 · 60 + 57) · 75 + 74.
        let end = Sectors::from_msf(79, 57, 74).unwrap();
        assert_eq!(end.get(), 359_849);
        assert_eq!(end.to_string(), "79:57:74");
        assert_eq!("79:57:74".parse::<Sectors>().unwrap(), end);
        assert_eq!(end.digits(), "795774");
        assert_eq!(Sectors::LAST_ADDRESS.to_string(), "99:59:74");
        assert_eq!(Sectors::new(150).seconds(), 2.0);
        assert_eq!((Sectors::new(75).frames(), Sectors::new(75).bytes()), (44_100, 176_400));
    }

    #[test]
    fn a_frame_goes_to_its_nearest_boundary_and_a_part_fills_a_sector() {
        assert_eq!(
            [0, 293, 294, 588, 881, 882].map(|frame| Sectors::nearest(frame).get()),
            [0, 0, 1, 1, 1, 2]
        );
        assert_eq!([0, 1, 588, 589].map(|frames| Sectors::holding(frames).get()), [0, 1, 1, 2]);
        assert_eq!(Sectors::nearest(u64::MAX).get(), u32::MAX);
    }

    #[test]
    fn what_is_no_disc_time_is_told() {
        for text in
            ["", "1:2", "00:60:00", "00:00:75", "a:0:0", "-1:00:00", "+1:00:00", "1:2:3:4", "9999:0:0"]
        {
            assert_eq!(text.parse::<Sectors>().unwrap_err().code, "bad_msf", "{text}");
        }
        assert_eq!(Sectors::from_msf(u32::MAX, 0, 0), None);
    }
}
