//! A cover: PNG or JPEG, told by its bytes.

use crate::message::{Error, Finding, Kind, Result, Severity};
use std::path::Path;

/// Largest picture in a FLAC file: a metadata block has 24 bits of length (RFC 9639, section 8.1), some of it for the frame.
pub(super) const MOST_BYTES: u64 = (1 << 24) - 1024;
/// Side below which shops refuse or blur a cover. By convention: 3000 pixels is what distributors ask for.
const GOOD_PIXELS: u32 = 3000;

/// A checked picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artwork {
    /// `image/png` or `image/jpeg`.
    pub media_type: &'static str,
    /// Pixels from left to right.
    pub width: u32,
    /// Pixels from top to bottom.
    pub height: u32,
    /// Bits of a pixel, all channels.
    pub depth_bits: u32,
    /// The file as it is.
    pub bytes: Vec<u8>,
}

impl Artwork {
    /// Reads a picture.
    ///
    /// # Errors
    /// `not_found`, `io`; `limit` beyond 16 MB; `not_a_picture` for what is neither PNG nor JPEG or is damaged in its head.
    pub fn load(path: &Path) -> Result<Self> {
        let size =
            std::fs::metadata(path).map_err(|error| Error::io(path, "read the picture", &error))?.len();
        if size > MOST_BYTES {
            let what = format!("the picture has {size} bytes, a FLAC file holds {MOST_BYTES}");
            return Err(Error::new(Kind::Limit, "limit", what).at(path.display()).hint("export it smaller"));
        }
        let bytes = std::fs::read(path).map_err(|error| Error::io(path, "read the picture", &error))?;
        Self::of(bytes).map_err(|error| error.at(path.display()))
    }

    /// The front cover inside a FLAC or WAV file, or the first picture there; `None` where there is none that can be read.
    ///
    /// # Errors
    /// `not_found`, `io`.
    pub fn inside(path: &Path) -> Result<Option<Self>> {
        super::cover::inside(path)
    }

    /// A picture from its bytes.
    ///
    /// # Errors
    /// `not_a_picture`.
    pub fn of(bytes: Vec<u8>) -> Result<Self> {
        let (media_type, shape) = if bytes.starts_with(PNG) {
            ("image/png", png(&bytes))
        } else if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
            ("image/jpeg", jpeg(&bytes))
        } else {
            ("", None)
        };
        let Some((width, height, depth_bits)) = shape.filter(|(width, height, _)| *width > 0 && *height > 0)
        else {
            let what = "this is neither a PNG nor a JPEG picture, or its head is damaged";
            return Err(Error::input("not_a_picture", what).hint("export the cover as JPEG or PNG"));
        };
        Ok(Self { media_type, width, height, depth_bits, bytes })
    }

    /// What should be known: not square, or too small for shops.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let measured = format!("{} × {} pixels", self.width, self.height);
        let say = |rule, limit: String, advice: &str| {
            Finding::new(rule, Severity::Warning, measured.clone())
                .about("artwork")
                .limit(limit)
                .advice(advice)
        };
        let mut findings = Vec::new();
        if self.width != self.height {
            findings.push(say("artwork_shape", "a square".into(), "shops refuse covers that are not square"));
        }
        if self.width.min(self.height) < GOOD_PIXELS {
            let limit = format!("{GOOD_PIXELS} × {GOOD_PIXELS} pixels");
            findings.push(say("artwork_size", limit, "distributors ask for at least that; export it larger"));
        }
        findings
    }
}

/// Source: W3C, Portable Network Graphics, section 5.2.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Width, height and bits of a pixel from IHDR. Source: W3C, Portable Network Graphics, section 11.2.2.
fn png(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let channels = match bytes.get(25)? {
        0 => 1,
        2 => 3,
        // Indexed: the palette has three times eight bits.
        3 => return Some((word(16)?, word(20)?, 24)),
        4 => 2,
        6 => 4,
        _ => return None,
    };
    Some((word(16)?, word(20)?, u32::from(*bytes.get(24)?) * channels))
}

/// Height, width and bits of a pixel from the first frame header. Source: ITU-T T.81, B.1.1.3 and B.2.2.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32, u32)> {
    let mut at = 2;
    loop {
        // Fill bytes may stand before a marker.
        while bytes.get(at)? == &0xFF && bytes.get(at + 1)? == &0xFF {
            at += 1;
        }
        let (&mark, &kind) = (bytes.get(at)?, bytes.get(at + 1)?);
        if mark != 0xFF {
            return None;
        }
        let half = |at: usize| Some(u32::from(*bytes.get(at)?) << 8 | u32::from(*bytes.get(at + 1)?));
        match kind {
            // Without a length: TEM, restarts.
            0x01 | 0xD0..=0xD7 => at += 2,
            // Frame headers; C4, C8 and CC are tables.
            0xC0..=0xCF if !matches!(kind, 0xC4 | 0xC8 | 0xCC) => {
                let depth = u32::from(*bytes.get(at + 4)?) * u32::from(*bytes.get(at + 9)?);
                return Some((half(at + 7)?, half(at + 5)?, depth));
            }
            0xD9 | 0xDA => return None,
            _ => at += 2 + (half(at + 2)?.max(2)) as usize,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A PNG as far as its header.
    pub(crate) fn png_head(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = PNG.to_vec();
        bytes.extend(13_u32.to_be_bytes());
        bytes.extend(b"IHDR");
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        bytes
    }

    #[test]
    fn a_picture_tells_its_size() {
        let art = Artwork::of(png_head(3000, 2000)).unwrap();
        assert_eq!((art.media_type, art.width, art.height, art.depth_bits), ("image/png", 3000, 2000, 24));
        // JPEG: APP0 of 4 bytes, a table, then the frame: 8 bits, 600 high, 800 wide, 3 components.
        let mut jpeg =
            vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 4, 1, 2, 0xFF, 0xC4, 0, 3, 9, 0xFF, 0xFF, 0xC2, 0, 17, 8];
        jpeg.extend([0x02, 0x58, 0x03, 0x20, 3, 1, 0x11, 0]);
        let art = Artwork::of(jpeg.clone()).unwrap();
        assert_eq!((art.media_type, art.width, art.height, art.depth_bits), ("image/jpeg", 800, 600, 24));
        for end in 0..jpeg.len() - 3 {
            let _ = Artwork::of(jpeg[..end].to_vec());
        }
    }

    #[test]
    fn what_is_no_picture_is_refused() {
        for bytes in
            [b"GIF89a".to_vec(), Vec::new(), PNG.to_vec(), png_head(0, 5), vec![0xFF, 0xD8, 0xFF, 0xD9]]
        {
            assert_eq!(Artwork::of(bytes).unwrap_err().code, "not_a_picture");
        }
    }

    #[test]
    fn a_small_or_oblong_cover_is_found() {
        let rules = |width, height| -> Vec<&str> {
            Artwork::of(png_head(width, height)).unwrap().findings().iter().map(|f| f.rule).collect()
        };
        assert!(rules(3000, 3000).is_empty());
        assert_eq!(rules(2999, 2999), ["artwork_size"]);
        assert_eq!(rules(4000, 3000), ["artwork_shape"]);
    }
}
