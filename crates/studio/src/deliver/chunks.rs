//! Chunks of the WAV family that are not audio.

use crate::audio::{Encoding, Layout};

/// Broadcast-wave metadata, EBU Tech 3285 version 2. Texts are ASCII there: dashes and quotes become plain
/// ones, other letters `?`; what is too long is cut.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bext {
    /// What it is, up to 256 letters.
    pub description: String,
    /// Who made it, up to 32 letters.
    pub originator: String,
    /// Reference of the originator, up to 32 letters.
    pub originator_reference: String,
    /// `yyyy-mm-dd`; empty: not told, ten NULs, because nothing here reads a clock and a made-up day would be a false one.
    pub date: String,
    /// `hh:mm:ss`; empty: not told.
    pub time: String,
    /// Frames since midnight of the first frame.
    pub time_reference_frames: u64,
    /// What was done to it, one step per line (EBU R 98); a line for this file is added.
    pub coding_history: Vec<String>,
}

/// Loudness fields of `bext`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// Integrated loudness.
    pub integrated_lufs: f64,
    /// Loudness range.
    pub range_lu: f64,
    /// Maximum true peak.
    pub true_peak_dbtp: f64,
    /// Maximum momentary loudness.
    pub max_momentary_lufs: f64,
    /// Maximum short-term loudness.
    pub max_short_term_lufs: f64,
}

/// Bytes of `bext` before the coding history. Source: EBU Tech 3285 v2, section 2.3, as are the offsets below.
const BEXT_BYTES: usize = 602;

/// Where the loudness fields begin in `bext`.
pub(super) const BEXT_LOUDNESS_AT: u64 = 412;

/// A value that is not told. Source: EBU Tech 3285 v2, section 2.3 (any value outside ±99.99 is to be ignored; 0x7FFF is used).
const UNTOLD: i16 = 0x7FFF;

impl Bext {
    /// Body of the chunk, loudness untold.
    pub(super) fn bytes(&self, rate_hz: u32, encoding: Encoding, channels: usize) -> Vec<u8> {
        let mut bytes = vec![0; BEXT_BYTES];
        put(&mut bytes, 0, 256, &self.description);
        put(&mut bytes, 256, 32, &self.originator);
        put(&mut bytes, 288, 32, &self.originator_reference);
        put(&mut bytes, 320, 10, &self.date);
        put(&mut bytes, 330, 8, &self.time);
        bytes[338..346].copy_from_slice(&self.time_reference_frames.to_le_bytes());
        bytes[346..348].copy_from_slice(&2_u16.to_le_bytes());
        let at = BEXT_LOUDNESS_AT as usize;
        bytes[at..at + 10].copy_from_slice(&loudness_bytes(None));
        for line in self.coding_history.iter().chain([&coding_line(rate_hz, encoding, channels)]) {
            bytes.extend(ascii(line));
            bytes.extend(b"\r\n");
        }
        // Of even length by itself: there are readers (hound 3.5) that take no notice of the byte behind an odd chunk.
        if !bytes.len().is_multiple_of(2) {
            bytes.insert(bytes.len() - 2, b' ');
        }
        bytes
    }
}

/// The five loudness fields, hundredths of a unit.
pub(super) fn loudness_bytes(loudness: Option<Loudness>) -> [u8; 10] {
    let fields = loudness.map(|l| {
        [l.integrated_lufs, l.range_lu, l.true_peak_dbtp, l.max_momentary_lufs, l.max_short_term_lufs]
            .map(hundredths)
    });
    let mut bytes = [0; 10];
    for (to, value) in bytes.chunks_exact_mut(2).zip(fields.unwrap_or([UNTOLD; 5])) {
        to.copy_from_slice(&value.to_le_bytes());
    }
    bytes
}

/// Hundredths, halves away from zero; untold beyond ±99.99.
fn hundredths(value: f64) -> i16 {
    let value = (value * 100.0).round();
    if value.abs() <= 9999.0 { value as i16 } else { UNTOLD }
}

/// Line of the coding history for this file. Source: EBU R 98-1999.
fn coding_line(rate_hz: u32, encoding: Encoding, channels: usize) -> String {
    let bits = match encoding {
        Encoding::Int(bits) | Encoding::Float(bits) => bits,
        Encoding::Lossy => 0,
    };
    let mode = match channels {
        1 => "mono",
        2 => "stereo",
        _ => "multi",
    };
    format!("A=PCM,F={rate_hz},W={bits},M={mode},T=Tonmeister {}", env!("CARGO_PKG_VERSION"))
}

fn ascii(text: &str) -> impl Iterator<Item = u8> {
    text.chars().map(|c| match c {
        ' ' | '!'..='~' => c as u8,
        '–' | '—' | '−' => b'-',
        '‘' | '’' => b'\'',
        '“' | '”' | '„' => b'"',
        _ => b'?',
    })
}

fn put(bytes: &mut [u8], at: usize, size: usize, text: &str) {
    bytes[at..at + size].iter_mut().zip(ascii(text)).for_each(|(to, byte)| *to = byte);
}

/// `fmt `: plain for mono and stereo of whole bytes up to 24 bits and for float, `WAVE_FORMAT_EXTENSIBLE` otherwise.
///
/// Source: Microsoft, "WAVEFORMATEX" and "WAVEFORMATEXTENSIBLE".
pub(super) fn fmt(rate_hz: u32, encoding: Encoding, layout: &Layout) -> Vec<u8> {
    let (bits, tag) = match encoding {
        Encoding::Float(bits) => (bits, 3_u16),
        Encoding::Int(bits) => (bits, 1),
        Encoding::Lossy => (16, 1),
    };
    let container_bits = bits.next_multiple_of(8);
    let channels = layout.channels() as u16;
    let frame_bytes = channels * (container_bits / 8);
    let extensible = channels > 2 || (tag == 1 && (bits > 24 || bits != container_bits));
    let mut bytes = Vec::with_capacity(40);
    bytes.extend((if extensible { 0xFFFE } else { tag }).to_le_bytes());
    bytes.extend(channels.to_le_bytes());
    bytes.extend(rate_hz.to_le_bytes());
    bytes.extend((rate_hz.saturating_mul(u32::from(frame_bytes))).to_le_bytes());
    bytes.extend(frame_bytes.to_le_bytes());
    bytes.extend(container_bits.to_le_bytes());
    if extensible {
        bytes.extend(22_u16.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(layout.mask().to_le_bytes());
        bytes.extend(tag.to_le_bytes());
        bytes.extend(*b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xAA\x00\x38\x9B\x71");
    } else if tag == 3 {
        bytes.extend(0_u16.to_le_bytes());
    }
    bytes
}

/// RIFF INFO ids of tags. Source: Microsoft, "Multimedia Programming Interface and Data Specifications 1.0", INFO list chunk.
const INFO_IDS: [(&str, &[u8; 4]); 11] = [
    ("TITLE", b"INAM"),
    ("ARTIST", b"IART"),
    ("ALBUM", b"IPRD"),
    ("COMMENT", b"ICMT"),
    ("DATE", b"ICRD"),
    ("GENRE", b"IGNR"),
    ("ENGINEER", b"IENG"),
    ("ENCODER", b"ISFT"),
    ("TRACKNUMBER", b"ITRK"),
    ("COPYRIGHT", b"ICOP"),
    ("COMPOSER", b"IMUS"),
];

/// Body of `LIST INFO`: the tags that have a place in it; all of them stand in the ID3 tag. Empty when there is nothing to say.
pub(super) fn list_info(tags: &[(String, String)]) -> Vec<u8> {
    let mut bytes = b"INFO".to_vec();
    for (key, value) in tags {
        let Some((_, id)) = INFO_IDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else {
            continue;
        };
        let mut text: Vec<u8> = value.bytes().filter(|byte| *byte != 0).collect();
        text.push(0);
        bytes.extend(*id);
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(&text);
        bytes.extend(std::iter::repeat_n(0, text.len() % 2));
    }
    if bytes.len() == 4 {
        bytes.clear();
    }
    bytes
}

/// Body of `axml` with the ISRC. Source: EBU Tech 3352, section 4.
pub(super) fn isrc_axml(isrc: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <ebucore:ebuCoreMain xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:ebucore=\"urn:ebu:metadata-schema:ebucore\">\n\
         <ebucore:coreMetadata>\n\
         <ebucore:identifier typeLabel=\"GUID\" typeDefinition=\"Globally Unique Identifier\" formatLabel=\"ISRC\" \
         formatDefinition=\"International Standard Recording Code\" \
         formatLink=\"http://www.ebu.ch/metadata/cs/ebu_IdentifierTypeCodeCS.xml#3.7\">\n\
         <dc:identifier>ISRC:{}</dc:identifier>\n\
         </ebucore:identifier>\n</ebucore:coreMetadata>\n</ebucore:ebuCoreMain>\n",
        escape(isrc)
    )
}

/// Body of `iXML` with the names of the channels. Source: iXML specification 2.10, TRACK_LIST.
pub(super) fn ixml(track_names: &[String]) -> String {
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<BWFXML>\n<IXML_VERSION>2.10</IXML_VERSION>\n",
    );
    xml.push_str(&format!("<TRACK_LIST>\n<TRACK_COUNT>{}</TRACK_COUNT>\n", track_names.len()));
    for (index, name) in track_names.iter().enumerate() {
        let (number, name) = (index + 1, escape(name));
        xml.push_str(&format!(
            "<TRACK><CHANNEL_INDEX>{number}</CHANNEL_INDEX><INTERLEAVE_INDEX>{number}</INTERLEAVE_INDEX><NAME>{name}</NAME></TRACK>\n"
        ));
    }
    xml.push_str("</TRACK_LIST>\n</BWFXML>\n");
    xml
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_in_hundredths_and_what_cannot_be_is_untold() {
        // The values of the standard's reference file: -14.02 LUFS, 6.5 LU, -1.03 dBTP, -8.1 and -11.05 LUFS.
        let loudness = Loudness {
            integrated_lufs: -14.02,
            range_lu: 6.5,
            true_peak_dbtp: -1.03,
            max_momentary_lufs: -8.1,
            max_short_term_lufs: f64::NEG_INFINITY,
        };
        let values: Vec<i16> =
            loudness_bytes(Some(loudness)).chunks(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        assert_eq!(values, [-1402, 650, -103, -810, 0x7FFF]);
        assert_eq!(loudness_bytes(None), [0xFF, 0x7F, 0xFF, 0x7F, 0xFF, 0x7F, 0xFF, 0x7F, 0xFF, 0x7F]);
    }

    #[test]
    fn stereo_of_24_bits_is_plain_and_surround_is_extensible_with_its_mask() {
        assert_eq!(fmt(48_000, Encoding::Int(24), &Layout::of(2)).len(), 16);
        let surround = fmt(48_000, Encoding::Int(24), &Layout::of(6));
        assert_eq!(surround.len(), 40);
        assert_eq!(u32::from_le_bytes([surround[20], surround[21], surround[22], surround[23]]), 0x60F);
        let twenty = fmt(44_100, Encoding::Int(20), &Layout::of(2));
        assert_eq!((twenty[14], twenty[18]), (24, 20));
    }

    #[test]
    fn only_tags_with_an_id_stand_in_the_info_list() {
        let tags = [("title".to_owned(), "Ärger".to_owned()), ("ISRC".to_owned(), "DEXXX2600001".to_owned())];
        assert_eq!(list_info(&tags), b"INFOINAM\x07\x00\x00\x00\xC3\x84rger\x00\x00");
        assert!(list_info(&[]).is_empty() && list_info(&tags[1..]).is_empty());
    }
}
