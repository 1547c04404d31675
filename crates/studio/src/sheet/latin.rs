//! ISO 8859-1, and what comes closest to a letter that it lacks.

/// The byte of a character that CD-TEXT can carry: printable ISO 8859-1.
pub(crate) fn byte(c: char) -> Option<u8> {
    matches!(c, ' '..='~' | '\u{A0}'..='\u{FF}').then_some(c as u8)
}

/// Text of bytes of ISO 8859-1.
pub(crate) fn decode(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// The text in printable ISO 8859-1: letters that are not in it become those closest to them, accents that stand alone join
/// their letter. `None` when something has no relative there, Chinese for one.
#[must_use]
pub fn transliterate(text: &str) -> Option<String> {
    let mut out = String::new();
    for c in text.chars() {
        if ('\u{300}'..='\u{36F}').contains(&c) {
            join(&mut out, c)?;
        } else if byte(c).is_some() {
            out.push(c);
        } else {
            out.push_str(relative(c)?);
        }
    }
    Some(out)
}

/// The text in ASCII: letters of Latin-1 without their accents, what has no relative as `_`. For names of files.
pub(crate) fn ascii(text: &str) -> String {
    /// Letters of U+00C0 to U+00FF without accents; a blank where one letter becomes two or is none.
    const BARE: &str = "AAAAAA CEEEEIIIIDNOOOOO OUUUUY  aaaaaa ceeeeiiiidnooooo ouuuuy y";
    let alone = |c: char| transliterate(c.encode_utf8(&mut [0; 4])).unwrap_or_else(|| c.to_string());
    let near = transliterate(text).unwrap_or_else(|| text.chars().map(alone).collect());
    let mut out = String::new();
    for c in near.chars() {
        let bare =
            u32::from(c).checked_sub(0xC0).and_then(|at| BARE.chars().nth(at as usize)).filter(|c| *c != ' ');
        match (c, bare) {
            (' '..='~', _) => out.push(c),
            (_, Some(bare)) => out.push(bare),
            ('Æ', _) => out.push_str("AE"),
            ('æ', _) => out.push_str("ae"),
            ('ß', _) => out.push_str("ss"),
            _ => out.push('_'),
        }
    }
    out
}

/// Puts a combining accent on the last letter; one that has no such form in Latin-1 goes without.
fn join(out: &mut String, accent: char) -> Option<()> {
    // Combining marks of Unicode and the letters of Latin-1 that carry them.
    let forms: &[(char, char)] = match accent {
        '\u{300}' => &[
            ('A', 'À'),
            ('E', 'È'),
            ('I', 'Ì'),
            ('O', 'Ò'),
            ('U', 'Ù'),
            ('a', 'à'),
            ('e', 'è'),
            ('i', 'ì'),
            ('o', 'ò'),
            ('u', 'ù'),
        ],
        '\u{301}' => &[
            ('A', 'Á'),
            ('E', 'É'),
            ('I', 'Í'),
            ('O', 'Ó'),
            ('U', 'Ú'),
            ('Y', 'Ý'),
            ('a', 'á'),
            ('e', 'é'),
            ('i', 'í'),
            ('o', 'ó'),
            ('u', 'ú'),
            ('y', 'ý'),
        ],
        '\u{302}' => &[
            ('A', 'Â'),
            ('E', 'Ê'),
            ('I', 'Î'),
            ('O', 'Ô'),
            ('U', 'Û'),
            ('a', 'â'),
            ('e', 'ê'),
            ('i', 'î'),
            ('o', 'ô'),
            ('u', 'û'),
        ],
        '\u{303}' => &[('A', 'Ã'), ('N', 'Ñ'), ('O', 'Õ'), ('a', 'ã'), ('n', 'ñ'), ('o', 'õ')],
        '\u{308}' => &[
            ('A', 'Ä'),
            ('E', 'Ë'),
            ('I', 'Ï'),
            ('O', 'Ö'),
            ('U', 'Ü'),
            ('a', 'ä'),
            ('e', 'ë'),
            ('i', 'ï'),
            ('o', 'ö'),
            ('u', 'ü'),
            ('y', 'ÿ'),
        ],
        '\u{30A}' => &[('A', 'Å'), ('a', 'å')],
        '\u{327}' => &[('C', 'Ç'), ('c', 'ç')],
        _ => &[],
    };
    let letter = out.pop()?;
    out.push(forms.iter().find(|(bare, _)| *bare == letter).map_or(letter, |(_, with)| *with));
    Some(())
}

/// What stands for a character outside Latin-1.
fn relative(c: char) -> Option<&'static str> {
    const RELATIVES: &[(&str, &str)] = &[
        ("‘’‚‛′ʼ", "'"),
        ("“”„‟″", "\""),
        ("‐‑‒–—―−", "-"),
        ("…", "..."),
        ("•", "·"),
        ("™", "(TM)"),
        ("€", "EUR"),
        ("\u{2009}\u{200A}\u{202F}\u{2002}\u{2003}\t\n", " "),
        ("\u{200B}\u{200C}\u{200D}\u{FEFF}\u{AD}", ""),
        ("♯", "#"),
        ("♭", "b"),
        ("ĀĂĄ", "A"),
        ("āăą", "a"),
        ("ĆĈĊČ", "C"),
        ("ćĉċč", "c"),
        ("ĎĐ", "D"),
        ("ďđ", "d"),
        ("ĒĔĖĘĚ", "E"),
        ("ēĕėęě", "e"),
        ("ĜĞĠĢ", "G"),
        ("ĝğġģ", "g"),
        ("ĤĦ", "H"),
        ("ĥħ", "h"),
        ("ĨĪĬĮİ", "I"),
        ("ĩīĭįı", "i"),
        ("Ĳ", "IJ"),
        ("ĳ", "ij"),
        ("Ĵ", "J"),
        ("ĵ", "j"),
        ("Ķ", "K"),
        ("ķĸ", "k"),
        ("ĹĻĽĿŁ", "L"),
        ("ĺļľŀł", "l"),
        ("ŃŅŇŊ", "N"),
        ("ńņňŋŉ", "n"),
        ("ŌŎ", "O"),
        ("ōŏ", "o"),
        ("Ő", "Ö"),
        ("ő", "ö"),
        ("Œ", "OE"),
        ("œ", "oe"),
        ("ŔŖŘ", "R"),
        ("ŕŗř", "r"),
        ("ŚŜŞŠȘ", "S"),
        ("śŝşšșſ", "s"),
        ("ẞ", "SS"),
        ("ŢŤŦȚ", "T"),
        ("ţťŧț", "t"),
        ("ŨŪŬŮŲ", "U"),
        ("ũūŭůų", "u"),
        ("Ű", "Ü"),
        ("ű", "ü"),
        ("ŴẀẂẄ", "W"),
        ("ŵẁẃẅ", "w"),
        ("ŶŸ", "Y"),
        ("ŷ", "y"),
        ("ŹŻŽ", "Z"),
        ("źżž", "z"),
    ];
    RELATIVES.iter().find(|(of, _)| of.contains(c)).map(|(_, to)| *to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_character_of_latin_1_is_itself() {
        for c in (' '..='~').chain('\u{A0}'..='\u{FF}') {
            assert_eq!(byte(c), Some(c as u8));
        }
        for c in ['\0', '\t', '\n', '\u{7F}', '\u{80}', '\u{9F}', 'Ā', '’', '音'] {
            assert_eq!(byte(c), None, "{c:?}");
        }
    }

    #[test]
    fn letters_that_latin_1_lacks_get_relatives() {
        assert_eq!(transliterate("Łódź – “Čaj” œuvre…").as_deref(), Some("Lódz - \"Caj\" oeuvre..."));
        assert_eq!(
            transliterate("e\u{301}te\u{301} Gru\u{308}n c\u{327}a z\u{30C}").as_deref(),
            Some("été Grün ça z")
        );
        assert_eq!(transliterate("Motörhead ß").as_deref(), Some("Motörhead ß"));
        assert_eq!(transliterate("音"), None);
        assert_eq!(transliterate("\u{301}"), None);
    }

    #[test]
    fn ascii_keeps_the_letters_and_drops_their_accents() {
        assert_eq!(ascii("Größe Ærø ÀÿÝþ œuvre 音 ¿"), "Grosse AEro AyY_ oeuvre _ _");
        assert_eq!(ascii("ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝ"), "AAAAAACEEEEIIIIDNOOOOOOUUUUY");
        assert_eq!(ascii("àáâãäåçèéêëìíîïðñòóôõöøùúûüýÿ"), "aaaaaaceeeeiiiidnoooooouuuuyy");
    }
}
