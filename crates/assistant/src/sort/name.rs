//! What a name says.

use super::refine::{plain, refined};
use studio::mix::{Group, ROLES, RoleInfo, words};

/// Words besides those of the studio's table, by role: more languages, and pairs of words that mean something of their own.
/// By our own convention, from the vocabulary of recording sessions in these languages.
const MORE: &[(&str, &str)] = &[
    ("kick", "cassa bumbo stopa basdrum fußtrommel grossetrommel бочка キック バスドラム kin kout"),
    ("snare", "caja caixa snaredrum trommel werbel kleinetrommel малый スネア handclap palmas"),
    ("toms", "standtom hängetom timpano floortom racktom surdo タム"),
    ("hi-hat", "charles chimbal hihats hochhut ハイハット хэт"),
    ("overheads", "cymbales platillos pratos topmics ohs оверхед シンバル ovhd ovhds overs cymb cymbs"),
    ("room", "drumroom drumsroom roommic roommics sala stanza pièce ルーム"),
    ("drum kit", "perkusja trommeln trummor барабаны ドラム drumloop beats"),
    (
        "percussion",
        "maracas timpani pandeiro perkussion percusión vibraphone glockenspiel marimba shkr shk pandereta pandero tamburin tamburello tambo tumbadora cencerro pauken timp djembe darbuka bombos",
    ),
    ("bass direct", "basslinein dibass lineinbass"),
    ("bass amp", "ampbass bassspeaker bassbox"),
    (
        "bass",
        "basssynth bassynth moogbass bassmoog baixo basgitaar bassgitarre bassguitar subbass бас ベース contrabajo reese fretless bassline",
    ),
    (
        "electric guitar",
        "egitarre eguitar elecgtr gitaar gitara powerchords stratocaster tele strat гитара ギター egit git lespaul eguit egtr",
    ),
    (
        "acoustic guitar",
        "akustikgitarre westerngitarre violão violao acusticа chitarraacustica guitarraacústica アコギ agit aguitar akustik",
    ),
    ("lead guitar", "sologtr sologuitar guitarrasolo sologuitarra chitarrasolista gitarrensolo sologuitare"),
    (
        "keys",
        "flügel fluegel tastiere teclas tangenten celesta harpsichord cembalo клавиши ピアノ orgue akkordeon fisarmonica harmonium",
    ),
    ("synth pad", "fläche flächen nappe nappes atmopad"),
    ("synth", "synthé synthi leadsynth synthesizer シンセ 8bit chip bells arpeggio serum virus"),
    (
        "strings",
        "cordes cordas stråkar bratsche geigen violins violas cellos orchestra ストリングス chelo violoncelo violini",
    ),
    (
        "brass and woodwinds",
        "cuivres metales fiati bläser blaeser flöte floete querflöte klarinette oboen fagott saxofon trompette vents tuba piccolo flauta flauto clar corno clarino trombon saxofono",
    ),
    (
        "lead vocal",
        "wokal zang sång voces vocals vocalist leadstimme вокал ボーカル dialog dialogue podcast narrator speech speaker sprecher host guest gast moderator chant anchor interviewer",
    ),
    ("double", "doppel doppler doubletrack adlibs dubl"),
    (
        "backing vocals",
        "chœurs chœur choeurs cori coros chöre chórki бэк コーラス bvs backvocals backings chorale harmonies bgvs",
    ),
    (
        "effects",
        "efectos effets effetti geräusche samples sample ambiance uplifter downlifter atmo fieldrec roomtone crackle whoosh",
    ),
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
    let folded: Vec<String> = words.iter().map(|word| plain(word)).collect();
    let whole = best(|alias| place_of(&words, alias).or_else(|| place_of(&folded, alias)));
    let named = |role: &'static RoleInfo, alias: &'static str, weight: f64| {
        let role = role_named(refined(role.name, alias, &folded)).unwrap_or(role);
        Said { role, weight, word: alias.to_owned() }
    };
    if let Some((true, role, alias)) = whole {
        return Some(named(role, alias, if alias.chars().count() >= 3 { 0.85 } else { 0.75 }));
    }
    // Nouns grown together, and other endings: `Leadgesang`, `Violoncelle`.
    if let Some((true, role, alias)) = best(|alias| part_of(&folded, alias)) {
        return Some(named(role, alias, 0.7));
    }
    if let Some((_, role, alias)) = whole {
        return Some(named(role, alias, 0.65));
    }
    mark(name).or_else(|| weak(&words))
}

/// The best alias that stands somewhere: nouns before adjectives, then the longest, then the last. With it whether it is a noun.
fn best(place: impl Fn(&str) -> Option<usize>) -> Option<(bool, &'static RoleInfo, &'static str)> {
    let mut best: Option<(bool, usize, usize, &'static RoleInfo, &'static str)> = None;
    for (role, alias) in aliases() {
        let Some(at) = place(alias) else { continue };
        let key = (!ADJECTIVES.contains(&alias), alias.chars().count(), at);
        if best.is_none_or(|(noun, length, last, ..)| key > (noun, length, last)) {
            best = Some((key.0, key.1, key.2, role, alias));
        }
    }
    best.map(|(noun, _, _, role, alias)| (noun, role, alias))
}

/// The word that begins or ends with an alias of five letters and more: shorter ones stand in too many words.
fn part_of(words: &[String], alias: &str) -> Option<usize> {
    let long = alias.chars().count() >= 5 && !ADJECTIVES.contains(&alias);
    let holds = |word: &String| {
        word.starts_with(alias)
            || word.ends_with(alias)
            || word.strip_suffix('s').is_some_and(|one| one.ends_with(alias))
    };
    words.iter().rposition(holds).filter(|_| long)
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
            Some(Said { weight: 0.85, ..if joins(&both) { both } else { own } })
        }
        (_, Some(both)) if joins(&both) || both.role.group == Group::Reference => Some(both),
        (own, Some(both)) => {
            Some(own.filter(|own| own.role.group == both.role.group).unwrap_or(Said { weight: 0.7, ..both }))
        }
        (own, None) => own,
    }
}

/// Whether a role is said by two words together: `Bass/DI`.
fn joins(said: &Said) -> bool {
    matches!(said.role.name, "bass direct" | "bass amp" | "room")
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
            ("BsDI_03", "bass direct"),
            ("Fretless rig mic", "bass amp"),
            ("Lead Gtr", "lead guitar"),
            ("Gtr Ac Fingerpick", "acoustic guitar"),
            ("Oh-Oh Vox 2", "backing vocals"),
            ("OH Left", "overheads"),
            ("Vox Dub", "double"),
            ("Drums Amb", "room"),
            ("Room Tone", "effects"),
            ("Leadgesang", "lead vocal"),
            ("Violoncelle", "strings"),
            ("Saxofón", "brass and woodwinds"),
            ("Upright Piano", "keys"),
            ("808 Kick", "kick"),
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
