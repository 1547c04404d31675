//! Names that every system and every desk can read.

use studio::mix::RoleInfo;

/// Longest name, by our own convention: paths of 260 characters are the most some systems take.
const MOST_CHARACTERS: usize = 48;
/// Names that one system keeps for devices, whatever ending they have.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// A text as a part of a file name: ASCII letters, digits and `-`, nothing else; `instead` where nothing is left of it.
#[must_use]
pub fn safe_name(text: &str, instead: &str) -> String {
    let mut name = String::new();
    for c in text.chars() {
        match plain(c) {
            Some(plain) => name.push_str(plain),
            None if c.is_ascii_alphanumeric() => name.push(c),
            None if name.is_empty() || name.ends_with('-') => {}
            // An apostrophe joins.
            None if matches!(c, '\'' | '’') => {}
            None => name.push('-'),
        }
        if name.len() >= MOST_CHARACTERS {
            break;
        }
    }
    let name = name.trim_matches('-');
    let device = DEVICES.iter().any(|device| name.eq_ignore_ascii_case(device))
        || (name.len() == 4 && ["com", "lpt"].iter().any(|port| name.to_ascii_lowercase().starts_with(port)));
    if name.is_empty() || device { instead.to_owned() } else { name.to_owned() }
}

/// Letters of Latin-1 without their marks, as they are written where there are none.
fn plain(c: char) -> Option<&'static str> {
    Some(match c {
        'ä' | 'æ' => "ae",
        'ö' | 'ø' => "oe",
        'ü' => "ue",
        'Ä' | 'Æ' => "Ae",
        'Ö' | 'Ø' => "Oe",
        'Ü' => "Ue",
        'ß' => "ss",
        'à'..='å' => "a",
        'ç' => "c",
        'è'..='ë' => "e",
        'ì'..='ï' => "i",
        'ñ' => "n",
        'ò'..='õ' => "o",
        'ù'..='û' => "u",
        'ý' | 'ÿ' => "y",
        'À'..='Å' => "A",
        'Ç' => "C",
        'È'..='Ë' => "E",
        'Ì'..='Ï' => "I",
        'Ñ' => "N",
        'Ò'..='Õ' => "O",
        'Ù'..='Û' => "U",
        _ => return None,
    })
}

/// Name of an exported track: its number in the order of the desk, its role, and its own name where that says more:
/// `03_snare_Snare-Btm.wav`.
pub(super) fn track_name(number: usize, digits: usize, role: &RoleInfo, sure: bool, own: &str) -> String {
    let role_word = safe_name(role.name, "track");
    let own = safe_name(own.trim_start_matches(|c: char| c.is_ascii_digit() || "_-. ".contains(c)), "");
    let says = |text: &str| text.to_ascii_lowercase().replace('-', "");
    let rest = match (sure, own.as_str()) {
        (true, own) if own.is_empty() || says(own) == says(&role_word) => role_word,
        (true, own) => format!("{role_word}_{own}"),
        (false, "") => "track".to_owned(),
        (false, own) => own.to_owned(),
    };
    format!("{number:0digits$}_{rest}.wav")
}

#[cfg(test)]
mod tests {
    use super::*;
    use studio::mix::role_of;

    #[test]
    fn names_are_readable_everywhere() {
        assert_eq!(safe_name("Größe / Übergang (final) v2.1", "x"), "Groesse-Uebergang-final-v2-1");
        assert_eq!(safe_name("Don't stop", "x"), "Dont-stop");
        assert_eq!(safe_name("../../etc/passwd", "x"), "etc-passwd");
        assert_eq!(safe_name("夜行列車", "song"), "song");
        assert_eq!(safe_name("CON", "track"), "track");
        assert_eq!(safe_name("com1", "track"), "track");
        assert_eq!(safe_name("", "track"), "track");
        assert!(safe_name(&"a b ".repeat(100), "x").len() <= MOST_CHARACTERS);
    }

    #[test]
    fn tracks_are_numbered_and_say_what_they_are() {
        let snare = role_of("snare").expect("a role");
        assert_eq!(track_name(3, 2, snare, true, "07_Snare Btm"), "03_snare_Snare-Btm.wav");
        assert_eq!(track_name(3, 2, snare, true, "SNARE"), "03_snare.wav");
        assert_eq!(track_name(12, 3, snare, false, "Audio 07"), "012_Audio-07.wav");
        assert_eq!(track_name(1, 2, snare, false, "01"), "01_track.wav");
    }
}
