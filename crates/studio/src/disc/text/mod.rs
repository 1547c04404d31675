//! CD-TEXT: what players show, in blocks of a language each.
//!
//! Source: MMC-3 rev. 10g, annex J; Sony's description of CD-TEXT as retold in libburn's `doc/cdtext.txt`.

mod jis;
mod names;
pub(crate) mod pack;
pub(crate) mod sheet;
#[cfg(test)]
pub(crate) mod tests;
pub(crate) mod unpack;

pub use crate::sheet::latin::transliterate;
pub use names::{GENRES, LANGUAGES};

use crate::message::{Error, Result};
use serde::Serialize;
use std::fmt;

/// A text that the disc and every track can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Title of the album, of the track.
    Title,
    /// Performer.
    Performer,
    /// Songwriter.
    Songwriter,
    /// Composer.
    Composer,
    /// Arranger.
    Arranger,
    /// Message of the content provider or the artist.
    Message,
}

impl Field {
    /// All of them, in the order of their pack types 0x80 to 0x85.
    pub const ALL: [Self; 6] =
        [Self::Title, Self::Performer, Self::Songwriter, Self::Composer, Self::Arranger, Self::Message];

    /// Keyword in cue sheets and TOC files.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Title => "TITLE",
            Self::Performer => "PERFORMER",
            Self::Songwriter => "SONGWRITER",
            Self::Composer => "COMPOSER",
            Self::Arranger => "ARRANGER",
            Self::Message => "MESSAGE",
        }
    }

    fn pack_type(self) -> u8 {
        0x80 + self as u8
    }
}

/// Texts of a disc or of a track; empty ones are not there.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Texts {
    /// Title.
    pub title: String,
    /// Performer.
    pub performer: String,
    /// Songwriter.
    pub songwriter: String,
    /// Composer.
    pub composer: String,
    /// Arranger.
    pub arranger: String,
    /// Message.
    pub message: String,
}

impl Texts {
    /// The text of a field.
    #[must_use]
    pub fn get(&self, field: Field) -> &str {
        match field {
            Field::Title => &self.title,
            Field::Performer => &self.performer,
            Field::Songwriter => &self.songwriter,
            Field::Composer => &self.composer,
            Field::Arranger => &self.arranger,
            Field::Message => &self.message,
        }
    }

    /// Where the text of a field is kept.
    pub fn get_mut(&mut self, field: Field) -> &mut String {
        match field {
            Field::Title => &mut self.title,
            Field::Performer => &mut self.performer,
            Field::Songwriter => &mut self.songwriter,
            Field::Composer => &mut self.composer,
            Field::Arranger => &mut self.arranger,
            Field::Message => &mut self.message,
        }
    }

    /// Whether nothing is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        Field::ALL.iter().all(|field| self.get(*field).is_empty())
    }
}

/// Language of a block: a code of EBU Tech 3264, appendix 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Language(pub u8);

impl Language {
    /// English.
    pub const ENGLISH: Self = Self(0x09);
    /// German.
    pub const GERMAN: Self = Self(0x08);
    /// Japanese.
    pub const JAPANESE: Self = Self(0x69);

    /// The language of that English name, in capital or small letters.
    ///
    /// # Errors
    /// `unknown_language`.
    pub fn parse(name: &str) -> Result<Self> {
        let known = LANGUAGES.iter().find(|(_, known)| known.eq_ignore_ascii_case(name));
        known.map(|(code, _)| Self(*code)).ok_or_else(|| {
            Error::input("unknown_language", format!("CD-TEXT knows no language `{name}`"))
                .hint("write its English name: English, German, French, Japanese …")
        })
    }

    /// Its English name, `unknown` for codes without one.
    #[must_use]
    pub fn name(self) -> &'static str {
        LANGUAGES.iter().find(|(code, _)| *code == self.0).map_or("Unknown", |(_, name)| name)
    }
}

impl Default for Language {
    fn default() -> Self {
        Self::ENGLISH
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Language {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How the texts of a block are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Charset {
    /// ISO 8859-1: what European players read.
    #[default]
    Latin1,
    /// Seven bits.
    Ascii,
    /// MS-JIS, two bytes a character: what Japanese players read.
    MsJis,
}

impl Charset {
    /// Its code in the size information.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Latin1 => 0x00,
            Self::Ascii => 0x01,
            Self::MsJis => 0x80,
        }
    }
}

/// Genre of an album: a code of [`GENRES`] and words that supplement it (ASCII).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Genre {
    /// Code.
    pub code: u16,
    /// Words, may be empty.
    pub words: String,
}

impl Genre {
    /// The genre of that name, in capital or small letters; any other word becomes the supplement of "not defined".
    #[must_use]
    pub fn named(name: &str) -> Self {
        let at = GENRES.iter().position(|known| known.eq_ignore_ascii_case(name.trim()));
        match at {
            Some(at) => Self { code: at as u16, words: String::new() },
            None => Self { code: 1, words: name.trim().to_owned() },
        }
    }

    /// Its English name, empty for codes without one.
    #[must_use]
    pub fn name(&self) -> &'static str {
        GENRES.get(usize::from(self.code)).copied().unwrap_or("")
    }
}

/// CD-TEXT of a disc in a language.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Block {
    /// Language.
    pub language: Language,
    /// How its texts are stored.
    pub charset: Charset,
    /// Whether copyright in the texts is claimed.
    pub copyright: bool,
    /// Texts of the disc.
    pub disc: Texts,
    /// Texts of the tracks, from track 1; those that are not there are empty.
    pub tracks: Vec<Texts>,
    /// Catalogue number of the album (ASCII).
    pub disc_id: String,
    /// Genre.
    pub genre: Option<Genre>,
    /// Memorandum that players do not show (ISO 8859-1).
    pub closed_info: String,
    /// Whether the EAN of the disc and the ISRC of its tracks are told here as well. Players and plants read them from the
    /// subcode; no widespread writer of masters repeats them here.
    pub codes: bool,
}

impl Block {
    /// A block in English with these titles of the disc and its tracks, and one performer.
    #[must_use]
    pub fn titles<S: AsRef<str>>(title: &str, performer: &str, tracks: impl IntoIterator<Item = S>) -> Self {
        let texts = |title: &str| Texts {
            title: title.to_owned(),
            performer: performer.to_owned(),
            ..Texts::default()
        };
        Self {
            disc: texts(title),
            tracks: tracks.into_iter().map(|title| texts(title.as_ref())).collect(),
            ..Self::default()
        }
    }

    /// Text of the disc (`track` 0) or of a track; empty when it has none.
    #[must_use]
    pub fn get(&self, track: usize, field: Field) -> &str {
        match track.checked_sub(1) {
            None => self.disc.get(field),
            Some(at) => self.tracks.get(at).map_or("", |texts| texts.get(field)),
        }
    }

    /// Whether the disc or a track has that field.
    #[must_use]
    pub fn has(&self, field: Field) -> bool {
        (0..=self.tracks.len()).any(|track| !self.get(track, field).is_empty())
    }
}
