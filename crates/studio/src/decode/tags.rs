//! Text in files: `bext`, `LIST INFO`, iXML track names, Vorbis comments. A tag that cannot be read is no reason not
//! to read the audio.

use super::input::{le32, le64};
use crate::audio::Metadata;

/// Most tags of one file that are kept.
const MAX_TAGS: usize = 1000;

/// Text up to the first NUL, UTF-8 or else Latin-1, trimmed; `None` when nothing is left.
pub(super) fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(bytes.len());
    let bytes = &bytes[..end];
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds a tag, key in upper case.
pub(super) fn push(metadata: &mut Metadata, key: &str, value: String) {
    if metadata.tags.len() < MAX_TAGS {
        metadata.tags.push((key.to_ascii_uppercase(), value));
    }
}

/// `bext` chunk, EBU Tech 3285 v2, section 2.3: description 256 bytes, originator 32, reference 32, date 10, time 8,
/// time reference at byte 338.
pub(super) fn bext(bytes: &[u8], metadata: &mut Metadata) {
    if bytes.len() < 346 {
        return;
    }
    metadata.description = text(&bytes[..256]);
    metadata.originator = text(&bytes[256..288]);
    metadata.time_reference_frames = Some(le64(bytes, 338));
}

/// `LIST` chunk of type `INFO`.
pub(super) fn list_info(bytes: &[u8], metadata: &mut Metadata) {
    let Some(mut rest) = bytes.strip_prefix(b"INFO") else { return };
    while rest.len() >= 8 {
        let (head, body) = rest.split_at(8);
        let size = le32(head, 4) as usize;
        let Some(value) = body.get(..size) else { return };
        if let (Some(key), Some(value)) = (info_key(&head[..4]), text(value)) {
            push(metadata, key, value);
        }
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
}

/// Vorbis comment name of a RIFF INFO id (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0").
fn info_key(id: &[u8]) -> Option<&'static str> {
    Some(match id {
        b"INAM" => "TITLE",
        b"IART" => "ARTIST",
        b"IPRD" => "ALBUM",
        b"ICMT" => "COMMENT",
        b"ICRD" => "DATE",
        b"IGNR" => "GENRE",
        b"IENG" => "ENGINEER",
        b"ISFT" => "ENCODER",
        b"ITRK" | b"IPRT" => "TRACKNUMBER",
        b"ICOP" => "COPYRIGHT",
        b"IMUS" => "COMPOSER",
        _ => return None,
    })
}

/// Vorbis comments: vendor, then `KEY=value` texts, lengths little-endian. Returns the channel mask, if one is told.
pub(super) fn vorbis_comments(bytes: &[u8], metadata: &mut Metadata) -> Option<u32> {
    let take = |bytes: &mut &[u8]| -> Option<Vec<u8>> {
        let size = le32(bytes.get(..4)?, 0) as usize;
        let value = bytes.get(4..)?.get(..size)?.to_vec();
        *bytes = bytes.get(4 + size..)?;
        Some(value)
    };
    let mut rest = bytes;
    take(&mut rest)?;
    let count = le32(rest.get(..4)?, 0);
    rest = rest.get(4..)?;
    let mut mask = None;
    for _ in 0..count {
        let Some(comment) = take(&mut rest) else { break };
        let Some(at) = comment.iter().position(|&byte| byte == b'=') else { continue };
        let (Some(key), Some(value)) = (text(&comment[..at]), text(&comment[at + 1..])) else { continue };
        if key.eq_ignore_ascii_case("WAVEFORMATEXTENSIBLE_CHANNEL_MASK") {
            mask = u32::from_str_radix(value.trim_start_matches("0x").trim_start_matches("0X"), 16).ok();
        } else {
            push(metadata, &key, value);
        }
    }
    mask
}

/// Track names of iXML (`BWFXML/TRACK_LIST/TRACK`), placed by `INTERLEAVE_INDEX` or else in order.
pub(super) fn ixml(bytes: &[u8], channels: usize, metadata: &mut Metadata) {
    let Some(xml) = text(bytes) else { return };
    let Some(list) = element(&xml, "TRACK_LIST") else { return };
    let mut names = vec![String::new(); channels];
    let mut rest = list;
    for order in 0..channels {
        let Some(at) = rest.find("<TRACK>") else { break };
        let Some(track) = element(&rest[at..], "TRACK") else { break };
        let index = element(track, "INTERLEAVE_INDEX").and_then(|index| index.trim().parse::<usize>().ok());
        let slot = index.and_then(|index| index.checked_sub(1)).unwrap_or(order);
        if let (Some(name), Some(slot)) = (element(track, "NAME"), names.get_mut(slot)) {
            *slot = unescape(name.trim());
        }
        rest = rest.get(at + "<TRACK></TRACK>".len() + track.len()..).unwrap_or_default();
    }
    if names.iter().any(|name| !name.is_empty()) {
        metadata.track_names = names;
    }
}

/// `axml` chunk: the ISRC, and nothing else of it. Source: EBU Tech 3352, section 4 (`<dc:identifier>ISRC:…</dc:identifier>`).
pub(super) fn axml(bytes: &[u8], metadata: &mut Metadata) {
    let Some(xml) = text(bytes) else { return };
    let mut rest = xml.as_str();
    while let Some(said) = element(rest, "dc:identifier") {
        let code = said.trim().get(..5).filter(|head| head.eq_ignore_ascii_case("ISRC:"));
        if let Some(code) = code.and_then(|head| said.trim().get(head.len()..)) {
            // Twelve letters and digits (ISO 3901), whatever stands between them.
            let code: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
            if code.len() == 12 {
                once(metadata, "ISRC", &code.to_ascii_uppercase());
            }
            return;
        }
        let Some(end) = rest.find("</dc:identifier>") else { return };
        rest = &rest[end + "</dc:identifier>".len()..];
    }
}

/// Adds a tag that the file has not said before.
pub(super) fn once(metadata: &mut Metadata, key: &str, value: &str) {
    if !value.is_empty() && metadata.tags.iter().all(|(name, _)| !name.eq_ignore_ascii_case(key)) {
        push(metadata, key, value.to_owned());
    }
}

/// Content of the first `<name>…</name>`.
fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let from = xml.find(&open)? + open.len();
    let length = xml.get(from..)?.find(&close)?;
    xml.get(from..from + length)
}

/// The five entities of XML 1.0, section 4.6.
fn unescape(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn isrc(xml: &str) -> Vec<(String, String)> {
        let mut metadata = Metadata::default();
        axml(xml.as_bytes(), &mut metadata);
        metadata.tags
    }

    #[test]
    fn an_isrc_is_found_in_axml_and_nothing_else_is_taken_for_one() {
        let wanted = [("ISRC".to_owned(), "DEA122600001".to_owned())];
        // The example of EBU Tech 3352 has other identifiers beside it.
        let xml = "<ebucore:identifier><dc:identifier>UMID:060A2B34</dc:identifier></ebucore:identifier>\
            <ebucore:identifier formatLabel=\"ISRC\"><dc:identifier>ISRC:DEA122600001</dc:identifier></ebucore:identifier>";
        assert_eq!(isrc(xml), wanted);
        assert_eq!(isrc("<dc:identifier> isrc:de-a12-26-00001\n</dc:identifier>"), wanted);
        for other in [
            "",
            "<dc:identifier>",
            "<dc:identifier></dc:identifier>",
            "<dc:identifier>ISRC:</dc:identifier>",
            "<dc:identifier>ISRC:DEA12260000</dc:identifier>",
            "<dc:identifier>IŚRC:DEA122600001</dc:identifier>",
            "<dc:identifier>DEA122600001</dc:identifier>",
            "<audioFormatExtended/>",
        ] {
            assert_eq!(isrc(other), [], "{other}");
        }
    }

    #[test]
    fn what_was_said_before_stays() {
        let mut metadata = Metadata::default();
        push(&mut metadata, "isrc", "USRC17607839".to_owned());
        axml(b"<dc:identifier>ISRC:DEA122600001</dc:identifier>", &mut metadata);
        assert_eq!(metadata.tags, [("ISRC".to_owned(), "USRC17607839".to_owned())]);
    }
}
