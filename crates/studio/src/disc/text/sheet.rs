//! CD-TEXT input sheets of Sony, version 0.7T: the text of a block as people read and check it.
//!
//! Source: libburn, `doc/cdtext.txt`, "Sony Text File Format (Input Sheet Version 0.7T)".

use super::{Block, Charset, Field};
use crate::disc::tracks::Disc;
use crate::sheet::latin;
use std::fmt::Write;

/// The sheet of a block of a disc, in ISO 8859-1; a block in MS-JIS has its texts as its bytes stand on the disc.
pub(crate) fn write(disc: &Disc, block: &Block) -> Vec<u8> {
    let mut sheet = Sheet::default();
    let charset = match block.charset {
        Charset::Latin1 => "8859",
        Charset::Ascii => "ASCII",
        Charset::MsJis => "0x80",
    };
    sheet.line("Input Sheet Version", "0.7T");
    sheet.line("Text Code", charset);
    sheet.line("Language Code", block.language.name());
    for field in Field::ALL {
        sheet.text(of_disc(field), block.disc.get(field), block.charset);
    }
    sheet.text("Catalog Number", &block.disc_id, Charset::Ascii);
    if let Some(genre) = &block.genre {
        sheet.line("Genre Code", genre.name());
        sheet.text("Genre Information", &genre.words, Charset::Ascii);
    }
    sheet.text("Closed Information", &block.closed_info, Charset::Latin1);
    if let Some(ean) = &disc.ean {
        sheet.line("UPC / EAN", ean.as_str());
    }
    sheet.line("Text Data Copy Protection", if block.copyright { "ON" } else { "OFF" });
    sheet.line("First Track Number", "1");
    sheet.line("Last Track Number", &disc.tracks.len().to_string());
    for (at, track) in disc.tracks.iter().enumerate() {
        let number = at + 1;
        for field in Field::ALL {
            sheet.text(
                &format!("Track {number:02} {}", of_track(field)),
                block.get(number, field),
                block.charset,
            );
        }
        if let Some(isrc) = &track.isrc {
            sheet.line(&format!("ISRC {number:02}"), isrc.as_str());
        }
    }
    sheet.0
}

fn of_disc(field: Field) -> &'static str {
    match field {
        Field::Title => "Album Title",
        Field::Performer => "Artist Name",
        Field::Songwriter => "Songwriter",
        Field::Composer => "Composer",
        Field::Arranger => "Arranger",
        Field::Message => "Album Message",
    }
}

fn of_track(field: Field) -> &'static str {
    match field {
        Field::Title => "Title",
        Field::Performer => "Artist",
        Field::Songwriter => "Songwriter",
        Field::Composer => "Composer",
        Field::Arranger => "Arranger",
        Field::Message => "Message",
    }
}

#[derive(Default)]
struct Sheet(Vec<u8>);

impl Sheet {
    fn line(&mut self, key: &str, value: &str) {
        self.text(key, value, Charset::Latin1);
    }

    /// A line of a text that is there.
    fn text(&mut self, key: &str, value: &str, charset: Charset) {
        if value.is_empty() {
            return;
        }
        let mut head = String::new();
        let _ = write!(head, "{key:<19} = ");
        self.0.extend(head.bytes());
        match charset {
            Charset::MsJis => self.0.extend(value.chars().filter_map(super::jis::bytes).flatten()),
            _ => self.0.extend(value.chars().map(|c| latin::byte(c).unwrap_or(b'?'))),
        }
        self.0.push(b'\n');
    }
}
