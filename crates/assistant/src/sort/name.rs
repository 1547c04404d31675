//! What a name says.

use studio::mix::{Group, ROLES, RoleInfo, words};

/// Words besides those of the studio's table, by role: more languages, and pairs of words that mean something of their own.
/// By our own convention, from the vocabulary of recording sessions in these languages.
const MORE: &[(&str, &str)] = &[
    ("kick", "cassa bumbo stopa basdrum fußtrommel grossetrommel бочка キック バスドラム"),
    ("snare", "caja caixa snaredrum trommel werbel kleinetrommel малый スネア"),
    ("toms", "standtom hängetom timpano floortom racktom surdo タム"),
    ("hi-hat", "charles chimbal hihats hochhut ハイハット хэт"),
    ("overheads", "cymbales platillos pratos topmics ohs оверхед シンバル"),
    ("room", "drumroom drumsroom roommic roommics sala stanza pièce ルーム"),
    ("drum kit", "perkusja trommeln trummor барабаны ドラム drumloop beats"),
    ("percussion", "maracas timpani pandeiro perkussion percusión vibraphone glockenspiel marimba"),
    ("bass direct", "basslinein dibass lineinbass"),
    ("bass amp", "ampbass bassspeaker bassbox"),
    (
        "bass",
        "basssynth bassynth moogbass bassmoog baixo basgitaar bassgitarre bassguitar subbass бас ベース",
    ),
    (
        "electric guitar",
        "egitarre eguitar elecgtr gitaar gitara powerchords stratocaster tele strat гитара ギター",
    ),
    (
        "acoustic guitar",
        "akustikgitarre westerngitarre violão violao acusticа chitarraacustica guitarraacústica アコギ",
    ),
    ("lead guitar", "sologtr sologuitar guitarrasolo sologuitarra chitarrasolista gitarrensolo sologuitare"),
    ("keys", "flügel fluegel tastiere teclas tangenten celesta harpsichord cembalo клавиши ピアノ"),
    ("synth pad", "fläche flächen nappe nappes atmopad"),
    ("synth", "synthé synthi leadsynth synthesizer シンセ 8bit chip bells"),
    ("strings", "cordes cordas stråkar bratsche geigen violins violas cellos orchestra ストリングス"),
    (
        "brass and woodwinds",
        "cuivres metales fiati bläser blaeser flöte floete querflöte klarinette oboen fagott saxofon trompette vents tuba piccolo",
    ),
    (
        "lead vocal",
        "wokal zang sång voces vocals vocalist leadstimme вокал ボーカル dialog dialogue podcast narrator speech",
    ),
    ("double", "doppel doppler doubletrack adlibs dubl"),
    ("backing vocals", "chœurs chœur choeurs cori coros chöre chórki бэк コーラス bvs backvocals backings"),
    ("effects", "efectos effets effetti geräusche samples sample ambiance"),
    ("reference", "roughmixdown stereomaster"),
];

/// Words that describe rather than name: a noun beside them decides.
const ADJECTIVES: &[&str] = &[
    "verse",
    "hook",
    "solo",
    "rhythm",
    "rhy",
    "clean",
    "dist",
    "crunch",
    "drop",
    "loop",
    "amp",
    "cab",
    "sub",
    "room",
    "rm",
    "amb",
    "ambience",
    "trash",
    "stack",
    "slide",
    "elec",
    "sequence",
    "seq",
    "back",
    "main",
    "lead",
    "leads",
    "dbl",
    "ac",
    "master",
    "mix",
    "ref",
    "reference",
    "bounce",
    "rough",
    "noise",
    "effect",
    "fx",
    "whisper",
    "tom",
    "rack",
    "floor",
    "overdrive",
    "stab",
    "bari",
    "alto",
    "tenor",
    "beat",
    "texture",
    "rap",
    "double",
    "string",
    "str",
    "upright",
];

/// Words of the hand that say nothing about what it is.
const EMPTY: &[&str] = &[
    "stem",
    "stems",
    "print",
    "printed",
    "bounce",
    "bounced",
    "final",
    "wav",
    "wave",
    "aif",
    "flac",
    "export",
    "take",
    "edit",
    "edited",
    "tuned",
    "comp",
    "comped",
    "consolidated",
    "render",
    "v",
    "ver",
    "version",
    "new",
    "old",
    "bpm",
    "audio",
    "track",
    "song",
    "smp",
    "mono",
    "stereo",
    "st",
];

/// Words that decide only when nothing else does, as in the studio's table.
const WEAK: &[(&str, &str)] = &[
    ("lead", "lead guitar"),
    ("leads", "lead guitar"),
    ("main", "lead vocal"),
    ("ac", "acoustic guitar"),
    ("dbl", "double"),
    ("back", "backing vocals"),
    ("master", "reference"),
];

/// Marks with digits, which are no words.
const MARKS: &[(&str, &str)] =
    &[("808", "bass"), ("b3", "keys"), ("r121", "electric guitar"), ("dx7", "keys")];

/// A role that a name says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) role: &'static RoleInfo,
    /// 0.85 for a noun, less for two letters and for adjectives.
    pub(super) weight: f64,
    /// The word.
    pub(super) word: String,
}

/// The role of a name in the table.
pub(super) fn role_named(name: &str) -> Option<&'static RoleInfo> {
    ROLES.iter().find(|role| role.name == name)
}

/// Every alias of every role.
fn aliases() -> impl Iterator<Item = (&'static RoleInfo, &'static str)> {
    let own = ROLES.iter().flat_map(|role| role.aliases.split_whitespace().map(move |alias| (role, alias)));
    let more = MORE.iter().flat_map(|(name, list)| {
        role_named(name).into_iter().flat_map(|role| list.split_whitespace().map(move |alias| (role, alias)))
    });
    own.chain(more)
}

/// What a name says: of several words the longest noun, of equals the later; without a noun the longest adjective.
pub(super) fn said(name: &str) -> Option<Said> {
    let all = words(name);
    let mut words: Vec<String> = all.iter().filter(|word| !EMPTY.contains(&word.as_str())).cloned().collect();
    if words.is_empty() {
        // A file called `Bounce` is one.
        words = all;
    }
    let mut best: Option<(bool, usize, usize, &RoleInfo, &str)> = None;
    for (role, alias) in aliases() {
        let Some(place) = place_of(&words, alias) else { continue };
        let noun = !ADJECTIVES.contains(&alias);
        let key = (noun, alias.chars().count(), place);
        if best.is_none_or(|(n, length, at, ..)| key > (n, length, at)) {
            best = Some((key.0, key.1, key.2, role, alias));
        }
    }
    if let Some((noun, length, _, role, alias)) = best {
        let weight = match (noun, length) {
            (true, 3..) => 0.85,
            (true, _) => 0.75,
            (false, _) => 0.65,
        };
        return Some(Said { role, weight, word: alias.to_owned() });
    }
    mark(name).or_else(|| weak(&words))
}

fn weak(words: &[String]) -> Option<Said> {
    let (word, name) = WEAK.iter().find(|(word, _)| words.iter().any(|own| own == word))?;
    Some(Said { role: role_named(name)?, weight: 0.5, word: (*word).to_owned() })
}

/// Marks of digits and letters, standing alone.
fn mark(name: &str) -> Option<Said> {
    let lower = name.to_lowercase();
    let parts: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let (word, role) = MARKS.iter().find(|(mark, _)| {
        parts.contains(mark) || parts.iter().any(|part| mark.len() > 2 && part.ends_with(mark))
    })?;
    Some(Said { role: role_named(role)?, weight: 0.75, word: (*word).to_owned() })
}

/// Where an alias stands in the words: as one of them, or as several together; a plural counts.
fn place_of(words: &[String], alias: &str) -> Option<usize> {
    (0..words.len()).rev().find(|start| {
        let mut joined = String::new();
        words[*start..].iter().any(|word| {
            joined.push_str(word);
            joined == alias || joined.strip_suffix('s') == Some(alias) && alias.chars().count() > 2
        })
    })
}

/// What file and folder say together: `Bass/DI`, `Synths/Bass`, `Guitars/Rhythm 1`.
pub(super) fn said_with_folder(name: &str, parent: Option<&str>) -> Option<Said> {
    let own = said(name);
    let Some(parent) = parent else { return own };
    let strong = own.as_ref().is_some_and(|own| own.weight >= 0.7);
    if strong {
        return own;
    }
    // Only an adjective: the folder has the noun.
    let both = said(&format!("{parent} {name}")).filter(|both| both.weight >= 0.7);
    match (own, both) {
        (Some(own), Some(both)) if own.role.group == both.role.group => {
            // Both say the same group: the finer word wins.
            Some(Said {
                weight: 0.85,
                ..if both.word.len() > own.word.len() && joins(&both.word) { both } else { own }
            })
        }
        (_, Some(both)) if joins(&both.word) || both.role.group == Group::Reference => Some(both),
        (own, Some(both)) => {
            Some(own.filter(|own| own.role.group == both.role.group).unwrap_or(Said { weight: 0.7, ..both }))
        }
        (own, None) => own,
    }
}

/// Whether a word is made of two: `bassdi`.
fn joins(word: &str) -> bool {
    ["bassdi", "bassamp", "basscab", "bassmic", "bassdirect", "drumroom", "drumsroom"].contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(name: &str) -> Option<&'static str> {
        said(name).map(|said| said.role.name)
    }

    #[test]
    fn nouns_decide_and_adjectives_only_when_alone() {
        for (name, wanted) in [
            ("Verse Gtr", "electric guitar"),
            ("Clean Vox", "lead vocal"),
            ("Solo Vox", "lead vocal"),
            ("Rhythm Piano", "keys"),
            ("Kick_bounce", "kick"),
            ("Vox FX print", "lead vocal"),
            ("Drop D Gtr", "electric guitar"),
            ("Gtr Room", "electric guitar"),
            ("Drum Room", "room"),
            ("Room", "room"),
            ("Tom Vox", "lead vocal"),
            ("Toms", "toms"),
            ("Bass Synth", "bass"),
            ("Solo Guitarra", "lead guitar"),
            ("Caisse Claire Bas", "snare"),
            ("808_v2", "bass"),
            ("Rough Mix", "reference"),
            ("Synth Bass", "bass"),
            ("Bombo Fuera", "kick"),
            ("Stimme Gast 1", "lead vocal"),
            ("Bläser", "brass and woodwinds"),
            ("ボーカル", "lead vocal"),
            ("Гитара 2", "electric guitar"),
            ("violão", "acoustic guitar"),
            ("BV_stack", "backing vocals"),
            ("host_voice_v2", "lead vocal"),
            ("String Pad", "synth pad"),
            ("Violin 1", "strings"),
        ] {
            assert_eq!(role(name), Some(wanted), "{name}");
        }
        for name in ["mushroom", "Default_preset", "customer", "Track 07", "Audio 3", "Session1"] {
            assert_eq!(role(name), None, "{name}");
        }
    }

    #[test]
    fn names_and_folders_speak_together() {
        for (folder, name, wanted) in [
            ("Bass", "DI", "bass direct"),
            ("Bass", "Amp", "bass amp"),
            ("Synths", "Bass", "bass"),
            ("Beat", "808", "bass"),
            ("Guitars", "Rhythm 1", "electric guitar"),
            ("Guitars", "Solo", "lead guitar"),
            ("Keys", "B3", "keys"),
            ("Strings", "Vc", "strings"),
            ("Horns", "Tenor", "brass and woodwinds"),
            ("Vocals", "Lead Vox", "lead vocal"),
            ("Vocals", "Main Voice", "lead vocal"),
            ("BV", "Harmony 2", "backing vocals"),
            ("Drums", "OH", "overheads"),
            ("Drums", "Snare Btm", "snare"),
            ("Perc", "Shaker", "percussion"),
            ("FX", "Riser", "effects"),
            ("Beat", "Claps", "snare"),
            ("Winds", "Clarinet", "brass and woodwinds"),
            ("Keys", "EP", "keys"),
            ("Guitars", "Elec 1", "electric guitar"),
        ] {
            let found = said_with_folder(name, Some(folder)).map(|said| said.role.name);
            assert_eq!(found, Some(wanted), "{folder}/{name}");
        }
    }

    #[test]
    fn no_word_stands_for_two_roles() {
        let mut all: Vec<(&str, &str)> = aliases().map(|(role, alias)| (alias, role.name)).collect();
        all.sort_unstable();
        all.dedup();
        for pair in all.windows(2) {
            assert!(pair[0].0 != pair[1].0, "{pair:?}");
        }
    }
}
