//! What a record is called: checked texts, under the names that each container has for them.

use super::artwork::Artwork;
use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;

/// A tag and its names.
struct Key {
    /// In commands and `master.toml`.
    name: &'static str,
    /// In Vorbis comments, and in [`Spec::tags`](super::Spec::tags).
    vorbis: &'static str,
    /// What it is, for help texts.
    about: &'static str,
}

const fn key(name: &'static str, vorbis: &'static str, about: &'static str) -> Key {
    Key { name, vorbis, about }
}

/// Every tag, in the order it is written.
///
/// Source of the Vorbis names: xiph.org, "Ogg Vorbis I format specification: comment field and header specification", and, for
/// those it does not have (ALBUMARTIST, BARCODE, CATALOGNUMBER, LABEL, TRACKTOTAL, DISCTOTAL), MusicBrainz Picard's mapping.
const KEYS: [Key; 18] = [
    key("title", "TITLE", "the song"),
    key("artist", "ARTIST", "who plays it"),
    key("album", "ALBUM", "the record"),
    key("album_artist", "ALBUMARTIST", "whose record it is"),
    key("track", "TRACKNUMBER", "place on the record: 3, or 3/12"),
    key("track_total", "TRACKTOTAL", "tracks of the record"),
    key("disc", "DISCNUMBER", "disc of the set: 1, or 1/2"),
    key("disc_total", "DISCTOTAL", "discs of the set"),
    key("date", "DATE", "yyyy, yyyy-mm or yyyy-mm-dd"),
    key("genre", "GENRE", "kind of music"),
    key("composer", "COMPOSER", "who wrote it"),
    key("engineer", "ENGINEER", "who mixed or mastered it"),
    key("isrc", "ISRC", "CC-XXX-YY-NNNNN, with or without hyphens"),
    key("barcode", "BARCODE", "UPC (12 digits) or EAN (13), check digit included"),
    key("copyright", "COPYRIGHT", "whose rights, since when"),
    key("label", "LABEL", "who publishes it"),
    key("catalogue_number", "CATALOGNUMBER", "number of the label"),
    key("comment", "COMMENT", "anything else"),
];

/// Longest text of a tag, letters; by our own convention.
const MOST_LETTERS: usize = 1000;

/// Tags and artwork of one file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Tags {
    /// Indices into [`KEYS`] and texts, in the order of the keys.
    texts: Vec<(usize, String)>,
    /// The cover.
    pub artwork: Option<Artwork>,
}

impl Tags {
    /// Sets a tag by its name in commands, or by its Vorbis name.
    ///
    /// # Errors
    /// `unknown_tag` with the nearest; `bad_tag` for a text that cannot be one, `bad_isrc`, `bad_barcode`.
    pub fn set(&mut self, name: &str, text: &str) -> Result<()> {
        let plain = name.trim().to_ascii_lowercase().replace(['-', ' '], "_");
        let known = |key: &Key| key.name == plain || key.vorbis.eq_ignore_ascii_case(&plain);
        let index = KEYS.iter().position(known).ok_or_else(|| unknown(name, &plain))?;
        let text = checked(KEYS[index].name, text.trim())?;
        let (number, total) = match (KEYS[index].name, text.split_once('/')) {
            ("track" | "disc", Some((number, total))) => (number.to_owned(), Some(total.to_owned())),
            _ => (text, None),
        };
        self.put(index, number);
        if let Some(total) = total {
            self.put(index + 1, total);
        }
        Ok(())
    }

    fn put(&mut self, index: usize, text: String) {
        self.texts.retain(|(other, _)| *other != index);
        if !text.is_empty() {
            let at = self.texts.partition_point(|(other, _)| *other < index);
            self.texts.insert(at, (index, text));
        }
    }

    /// The text of a tag by its name in commands.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.texts.iter().find(|(index, _)| KEYS.get(*index).is_some_and(|key| key.name == name));
        found.map(|(_, text)| text.as_str())
    }

    /// Names in commands and texts, in order.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().filter_map(|(index, text)| Some((KEYS.get(*index)?.name, text.as_str())))
    }

    /// Whether there is neither a text nor artwork.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty() && self.artwork.is_none()
    }

    /// All texts under their Vorbis names, over `below`, which keeps what is not set here: of the print, say. What measures
    /// or encodes another file (ReplayGain, encoder) is not taken over.
    #[must_use]
    pub fn over(&self, below: &[(String, String)]) -> Vec<(String, String)> {
        let own = |name: &str| {
            self.texts.iter().any(|(index, _)| KEYS.get(*index).is_some_and(|key| key.vorbis == name))
        };
        let foreign = |name: &str| {
            name.starts_with("REPLAYGAIN_") || name.starts_with("R128_") || name.starts_with("ENCODE")
        };
        let kept = below.iter().filter(|(name, _)| {
            let name = name.to_ascii_uppercase();
            !own(&name) && !foreign(&name)
        });
        let mut pairs: Vec<(String, String)> = kept.cloned().collect();
        let own = self.texts.iter().filter_map(|(index, text)| Some((KEYS.get(*index)?, text)));
        pairs.extend(own.map(|(key, text)| (key.vorbis.to_owned(), text.clone())));
        pairs
    }
}

/// Names of all tags in commands, with what they are.
pub fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    KEYS.iter().map(|key| (key.name, key.about))
}

fn unknown(name: &str, plain: &str) -> Error {
    let all: Vec<&str> = KEYS.iter().map(|key| key.name).collect();
    let known = format!("tags: {}", all.join(", "));
    let hint = match nearest(plain, all.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`? {known}"),
        None => known,
    };
    Error::new(Kind::Usage, "unknown_tag", format!("there is no tag `{name}`")).hint(hint)
}

fn bad(code: &'static str, what: String) -> Error {
    Error::new(Kind::Usage, code, what)
}

fn checked(name: &str, text: &str) -> Result<String> {
    if text.chars().any(char::is_control) || text.chars().count() > MOST_LETTERS {
        let what = format!("`{name}` is one line of at most {MOST_LETTERS} letters");
        return Err(bad("bad_tag", what));
    }
    match name {
        _ if text.is_empty() => Ok(String::new()),
        "isrc" => isrc(text),
        "barcode" => barcode(text),
        "date" if !is_date(text) => {
            Err(bad("bad_tag", format!("`{text}` is no date: yyyy, yyyy-mm or yyyy-mm-dd")))
        }
        "track" | "disc" | "track_total" | "disc_total" => number(name, text),
        _ => Ok(text.to_owned()),
    }
}

/// An ISRC without hyphens. Source: ISO 3901: two letters, three letters or digits, two digits of the year, five digits.
///
/// # Errors
/// `bad_isrc`.
pub fn isrc(text: &str) -> Result<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let plain = plain.to_ascii_uppercase();
    let fits = |(at, byte): (usize, u8)| match at {
        0 | 1 => byte.is_ascii_uppercase(),
        2..=4 => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
        _ => byte.is_ascii_digit(),
    };
    if plain.len() == 12 && plain.bytes().enumerate().all(fits) {
        return Ok(plain);
    }
    let what = format!("`{text}` is no ISRC: two letters, three letters or digits, seven digits");
    Err(bad("bad_isrc", what).hint("DE-A12-26-00001"))
}

/// A UPC (12 digits) or EAN (13) without spaces and hyphens, its check digit right. Source: GS1 General Specifications, 7.9.1: digits
/// weigh 3 and 1 in turn from the right, check digit excluded; it fills up to a multiple of ten.
///
/// # Errors
/// `bad_barcode`, with the check digit that would be right.
pub fn barcode(text: &str) -> Result<String> {
    let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    if !matches!(plain.len(), 12 | 13) || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(bad("bad_barcode", format!("`{text}` is neither a UPC (12 digits) nor an EAN (13)")));
    }
    let digits: Vec<u32> = plain.bytes().map(|byte| u32::from(byte - b'0')).collect();
    let (last, rest) = digits.split_last().map_or((0, [].as_slice()), |(last, rest)| (*last, rest));
    let sum: u32 =
        rest.iter().rev().enumerate().map(|(at, digit)| if at % 2 == 0 { 3 * digit } else { *digit }).sum();
    let check = (10 - sum % 10) % 10;
    if check == last {
        return Ok(plain);
    }
    let what = format!("the check digit of `{plain}` is {last}, by the others it must be {check}");
    Err(bad("bad_barcode", what).hint("a digit is mistyped: compare it with the number you were given"))
}

/// `3` or, for a number with its total, `3/12`; no leading zeros.
fn number(name: &str, text: &str) -> Result<String> {
    let one = |part: &str| part.parse::<u16>().ok().filter(|n| (1..=999).contains(n) && part.len() <= 3);
    let parts: Option<Vec<u16>> = text.split('/').map(one).collect();
    match parts.as_deref() {
        Some([number]) => Ok(number.to_string()),
        Some([number, total]) if !name.ends_with("total") && number <= total => {
            Ok(format!("{number}/{total}"))
        }
        _ => Err(bad("bad_tag", format!("`{text}` is no `{name}`: a number from 1 to 999, as 3 or 3/12"))),
    }
}

/// `yyyy`, `yyyy-mm` or `yyyy-mm-dd`, as far as digits go.
fn is_date(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|t| t.parse::<u32>().ok());
    matches!(shape.as_str(), "0000" | "0000-00" | "0000-00-00")
        && part(5..7).is_none_or(|month| (1..=12).contains(&month))
        && part(8..10).is_none_or(|day| (1..=31).contains(&day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_isrc_has_its_form_and_loses_its_hyphens() {
        assert_eq!(isrc("de-a12-26-00001").unwrap(), "DEA122600001");
        assert_eq!(isrc("USRC17607839").unwrap(), "USRC17607839");
        for wrong in ["", "DEA12260001", "DEA1226000011", "1EA122600001", "DEA12260000X", "DE_A122600001"] {
            assert_eq!(isrc(wrong).unwrap_err().code, "bad_isrc", "{wrong}");
        }
    }

    #[test]
    fn a_barcode_is_held_to_its_check_digit() {
        // Numbers of GS1's own examples and of a record.
        for right in ["4006381333931", "036000291452", "0602537518357", "5901234123457", "9783161484100"] {
            assert_eq!(barcode(right).unwrap(), right);
        }
        assert_eq!(barcode("0 36000-29145 2").unwrap(), "036000291452");
        let error = barcode("4006381333932").unwrap_err();
        assert!(error.code == "bad_barcode" && error.what.contains("must be 1"), "{}", error.what);
        // Neighbours swapped, a digit short, letters.
        for wrong in ["4006318333931", "400638133393", "40063813339X1", ""] {
            assert!(barcode(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_track_brings_its_total_along() {
        let mut tags = Tags::default();
        tags.set("track", "03/12").unwrap();
        tags.set("Album-Artist", "Zoë").unwrap();
        tags.set("TITLE", " Night Train ").unwrap();
        let pairs = tags.over(&[]);
        let wanted =
            [("TITLE", "Night Train"), ("ALBUMARTIST", "Zoë"), ("TRACKNUMBER", "3"), ("TRACKTOTAL", "12")];
        assert_eq!(pairs, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
        assert_eq!(
            (tags.get("track"), tags.get("track_total"), tags.get("isrc")),
            (Some("3"), Some("12"), None)
        );
        for wrong in ["0", "13/12", "x", "1/2/3", "1000"] {
            assert_eq!(tags.set("track", wrong).unwrap_err().code, "bad_tag", "{wrong}");
        }
    }

    #[test]
    fn own_tags_stand_over_those_of_the_print_and_an_empty_text_takes_one_away() {
        let below: Vec<(String, String)> =
            [("TITLE", "Demo"), ("GENRE", "Rock"), ("REPLAYGAIN_TRACK_GAIN", "-3 dB"), ("ENCODER", "x")]
                .map(|(a, b)| (a.to_owned(), b.to_owned()))
                .to_vec();
        let mut tags = Tags::default();
        tags.set("title", "Night Train").unwrap();
        tags.set("artist", "A").unwrap();
        tags.set("artist", "").unwrap();
        let wanted = [("GENRE", "Rock"), ("TITLE", "Night Train")];
        assert_eq!(tags.over(&below), wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn what_is_no_tag_is_answered_with_the_nearest() {
        let error = Tags::default().set("titel", "x").unwrap_err();
        assert_eq!(error.code, "unknown_tag");
        assert!(error.hint.unwrap().starts_with("did you mean `title`?"));
        for (name, text) in [("title", "a\nb"), ("date", "2026-13"), ("date", "21.11.2026"), ("isrc", "x")] {
            assert!(Tags::default().set(name, text).is_err(), "{name} {text}");
        }
        for date in ["2026", "2026-11", "2026-11-21"] {
            Tags::default().set("date", date).unwrap();
        }
    }
}
