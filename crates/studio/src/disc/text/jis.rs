//! MS-JIS (Shift JIS as Windows has it), two bytes a character: Latin letters take their wide forms on the disc.

use encoding_rs::SHIFT_JIS;

/// The two bytes of a character; `None` when MS-JIS has no wide character for it.
pub(super) fn bytes(c: char) -> Option<[u8; 2]> {
    let wide = match c {
        ' ' => '\u{3000}',
        // The full-width forms of ASCII. Source: Unicode, block FF00.
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0)?,
        c => c,
    };
    let mut text = [0; 4];
    let (stored, _, lost) = SHIFT_JIS.encode(wide.encode_utf8(&mut text));
    match (&stored[..], lost) {
        ([first, second], false) => Some([*first, *second]),
        _ => None,
    }
}

/// Text of such bytes, wide Latin letters narrow again; what cannot be read becomes U+FFFD.
pub(super) fn decode(bytes: &[u8]) -> String {
    let (text, _) = SHIFT_JIS.decode_without_bom_handling(bytes);
    let narrow = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    text.chars().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_stands_in_two_bytes_a_character() {
        // 音 and 楽 in Shift JIS, and the wide A, as JIS X 0208 has them.
        assert_eq!(
            (bytes('音'), bytes('楽'), bytes('A')),
            (Some([0x89, 0xB9]), Some([0x8A, 0x79]), Some([0x82, 0x60]))
        );
        assert_eq!(bytes('é'), None);
        // A half-width katakana would be one byte.
        assert_eq!(bytes('ｱ'), None);
        let stored: Vec<u8> = "音楽 A".chars().filter_map(bytes).flatten().collect();
        assert_eq!((stored.len(), decode(&stored).as_str()), (8, "音楽 A"));
        assert_eq!(decode(&[0xFF, 0xFF]), "\u{FFFD}\u{FFFD}");
    }
}
