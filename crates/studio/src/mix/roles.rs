//! What a track is, by its name.
//!
//! Names are split at everything that is not a letter and at changes of case, and the longest alias found wins. The table
//! is data: a role is added by a line.

/// A group of tracks that shares a bus and a place in the balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Drum kit.
    Drums,
    /// Percussion.
    Percussion,
    /// Bass.
    Bass,
    /// Guitars.
    Guitars,
    /// Keyboards.
    Keys,
    /// Synthesizers.
    Synths,
    /// Strings.
    Strings,
    /// Brass and woodwinds.
    Winds,
    /// Lead vocals.
    Vocals,
    /// Backing vocals.
    Backing,
    /// Effects.
    Effects,
    /// Nobody knows.
    Other,
    /// Not a track: a mix, a reference.
    Reference,
}

impl Group {
    /// Every group, in the order of a console.
    pub const ALL: &'static [Self] = &[
        Self::Drums,
        Self::Percussion,
        Self::Bass,
        Self::Guitars,
        Self::Keys,
        Self::Synths,
        Self::Strings,
        Self::Winds,
        Self::Vocals,
        Self::Backing,
        Self::Effects,
        Self::Other,
        Self::Reference,
    ];

    /// Id of its bus.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Drums => "drums_bus",
            Self::Percussion => "percussion_bus",
            Self::Bass => "bass_bus",
            Self::Guitars => "guitars_bus",
            Self::Keys => "keys_bus",
            Self::Synths => "synths_bus",
            Self::Strings => "strings_bus",
            Self::Winds => "winds_bus",
            Self::Vocals => "vocals_bus",
            Self::Backing => "backing_bus",
            Self::Effects => "effects_bus",
            Self::Other => "other_bus",
            Self::Reference => "reference_bus",
        }
    }

    /// Name of its bus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Drums => "Drums",
            Self::Percussion => "Percussion",
            Self::Bass => "Bass",
            Self::Guitars => "Guitars",
            Self::Keys => "Keys",
            Self::Synths => "Synths",
            Self::Strings => "Strings",
            Self::Winds => "Brass and woodwinds",
            Self::Vocals => "Lead vocals",
            Self::Backing => "Backing vocals",
            Self::Effects => "Effects",
            Self::Other => "Other",
            Self::Reference => "Reference",
        }
    }
}

/// Where a track of a role stands when nothing else is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// In the middle.
    Centre,
    /// So far to one side, always the same: the hi-hat.
    At(f64),
    /// Left and right in turn, so far out; a single one stays nearer the middle.
    Spread(f64),
}

/// A role.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RoleInfo {
    /// Name for people.
    pub name: &'static str,
    /// Group.
    pub group: Group,
    /// Loudness against the other roles of the group.
    pub offset_lu: f64,
    /// Where it stands.
    pub place: Place,
    /// Highest sensible corner of a high-pass.
    pub high_pass_hz: f64,
    /// Words for it, in lower case, with spaces between.
    pub aliases: &'static str,
}

const fn role(
    name: &'static str,
    group: Group,
    offset_lu: f64,
    place: Place,
    high_pass_hz: f64,
    aliases: &'static str,
) -> RoleInfo {
    RoleInfo { name, group, offset_lu, place, high_pass_hz, aliases }
}

use Group as G;
use Place::{At, Centre, Spread};

/// Every role. Aliases: the mixing rules, f.1, extended; offsets within a group: C5; places: C6; corners: C7.
pub const ROLES: &[RoleInfo] = &[
    role(
        "kick",
        G::Drums,
        -4.4,
        Centre,
        30.0,
        "kick kik kck bd bassdrum kd kickin kickout subkick bombo grossecaisse grancassa basstrommel \
         kickdrum",
    ),
    role(
        "snare",
        G::Drums,
        -6.0,
        Centre,
        80.0,
        "snare sn snr sd snaretop snarebottom snrtop snrbot snrbtm caisse caisseclaire redoblante \
         rullante rim rimshot sidestick clap snaredrum",
    ),
    role("toms", G::Drums, -9.0, Spread(0.35), 50.0, "tom rack racktom floor floortom ft rt"),
    role("hi-hat", G::Drums, -15.0, At(0.35), 250.0, "hh hat hihat charley charleston"),
    role(
        "overheads",
        G::Drums,
        -5.5,
        Spread(1.0),
        60.0,
        "oh ovh overhead cym cymbal crash ride amboh becken piatti platos",
    ),
    role("room", G::Drums, -11.0, Spread(1.0), 60.0, "room rm amb ambience monoroom trash raum"),
    role(
        "drum kit",
        G::Drums,
        0.0,
        Centre,
        30.0,
        "drum kit drumkit beat breakbeat loop drumloop batteria batterie bateria schlagzeug",
    ),
    role(
        "percussion",
        G::Percussion,
        0.0,
        Spread(0.6),
        150.0,
        "perc percussion conga bongo tamb tambourine shaker cowbell clave triangle cajon maraca agogo \
         guiro timbale cabasa percusion percussione",
    ),
    role("bass amp", G::Bass, 0.0, Centre, 30.0, "bassamp basscab bassmic"),
    role("bass direct", G::Bass, -3.0, Centre, 30.0, "bassdi bassdirect"),
    role(
        "bass",
        G::Bass,
        0.0,
        Centre,
        30.0,
        "bass bs bas sub synbass synthbass upright contrabass basse basso bajo subbass kontrabass",
    ),
    role(
        "electric guitar",
        G::Guitars,
        0.0,
        Spread(0.8),
        80.0,
        "gtr guit guitar gt elec egtr rhy rhythm crunch dist clean amp cab chitarra guitarra gitarre \
         guitare overdrive leadgtr leadguitar",
    ),
    role(
        "acoustic guitar",
        G::Guitars,
        0.0,
        Spread(0.8),
        90.0,
        "acgtr acoustic acou nylon dobro uke ukulele mandolin banjo acousticguitar acousticgtr",
    ),
    role("lead guitar", G::Guitars, 2.0, Centre, 80.0, "gtrsolo guitarsolo slide solo"),
    role(
        "keys",
        G::Keys,
        0.0,
        Spread(0.4),
        60.0,
        "pno piano keys key rhodes wurli wurlitzer ep organ hammond clav clavinet klavier tastiera \
         teclado clavier orgel keyboard accordion",
    ),
    role("synth pad", G::Synths, -1.5, Spread(0.5), 120.0, "pad texture drone synthpad"),
    role(
        "synth",
        G::Synths,
        0.0,
        Spread(0.4),
        60.0,
        "syn synth arp pluck moog stab synthlead minilogue juno prophet sequence seq",
    ),
    role(
        "strings",
        G::Strings,
        0.0,
        Spread(0.5),
        90.0,
        "vln violin vla viola vc cello dblbass str strings string quartet streicher geige violon \
         violino archi cuerdas harp",
    ),
    role(
        "brass and woodwinds",
        G::Winds,
        0.0,
        Spread(0.5),
        90.0,
        "tpt trumpet tbn trombone horn sax alto tenor bari flute clarinet oboe brass trompete posaune \
         tromba trompeta saxophone bassoon",
    ),
    role(
        "lead vocal",
        G::Vocals,
        0.0,
        Centre,
        100.0,
        "vox voc vocal lv ldvox leadvox leadvocal leadvoc voice singer rap verse hook gesang voz voce \
         voix stimme canto",
    ),
    role(
        "double",
        G::Vocals,
        -7.0,
        Spread(0.6),
        120.0,
        "double adlib whisper stack voxdouble voxdbl leadvoxdbl leadvoxdouble leadvocaldouble \
         leadvocaldbl vocaldouble vocdbl",
    ),
    role(
        "backing vocals",
        G::Backing,
        0.0,
        Spread(0.7),
        150.0,
        "bv bgv bgvox backing bkg harm harmony choir gang ooh aah bgvocal backingvocal backingvox \
         backvox chor coro choeur cori bvox",
    ),
    role(
        "effects",
        G::Effects,
        0.0,
        Centre,
        120.0,
        "fx sfx riser impact sweep noise atmos foley drop effect effekt",
    ),
    role(
        "reference",
        G::Reference,
        0.0,
        Centre,
        20.0,
        "mix ref reference rough roughmix bounce stereomix mixdown premaster",
    ),
    role("unknown", G::Other, 0.0, Spread(0.4), 40.0, ""),
];

/// Words that decide nothing alone: they name the role only when no other word does.
const WEAK: &[(&str, &str)] = &[
    ("lead", "lead guitar"),
    ("main", "lead vocal"),
    ("ac", "acoustic guitar"),
    ("dbl", "double"),
    ("back", "backing vocals"),
    ("master", "reference"),
    ("leads", "lead guitar"),
];

/// Words of a name: letters only, in lower case, split at changes of case.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last = ' ';
    let letters: Vec<char> = name.chars().collect();
    for (index, &letter) in letters.iter().enumerate() {
        let next_lower = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let turn = letter.is_uppercase() && (last.is_lowercase() || last.is_uppercase() && next_lower);
        if letter.is_alphabetic() {
            match words.last_mut().filter(|_| last.is_alphabetic() && !turn) {
                Some(word) => word.extend(letter.to_lowercase()),
                None => words.push(letter.to_lowercase().collect()),
            }
        }
        last = letter;
    }
    words
}

/// The role of a name, if it says one.
#[must_use]
pub fn role_of(name: &str) -> Option<&'static RoleInfo> {
    let words = words(name);
    let mut best: Option<(usize, &RoleInfo)> = None;
    for role in ROLES {
        for alias in role.aliases.split_whitespace() {
            let longer = best.is_none_or(|(length, _)| alias.len() > length);
            if longer && has(&words, alias) {
                best = Some((alias.len(), role));
            }
        }
    }
    let weak = || {
        let (_, name) = WEAK.iter().find(|(word, _)| words.iter().any(|own| own == word))?;
        ROLES.iter().find(|role| role.name == *name)
    };
    best.map(|(_, role)| role).or_else(weak)
}

/// Whether an alias stands in the words: as one of them, or as several together; a plural counts.
fn has(words: &[String], alias: &str) -> bool {
    (0..words.len()).any(|start| {
        let mut joined = String::new();
        words[start..].iter().any(|word| {
            joined.push_str(word);
            joined == alias || joined.strip_suffix('s') == Some(alias) && alias.len() > 2
        })
    })
}

/// Which side of a pair a name says, and the name without it.
#[must_use]
pub fn side_of(name: &str) -> Option<(f64, String)> {
    let words = words(name);
    let side = |word: &str| match word {
        "l" | "left" | "lt" | "lft" | "links" | "izq" | "gauche" => Some(-1.0),
        "r" | "right" | "rgt" | "rechts" | "der" | "droite" => Some(1.0),
        _ => None,
    };
    let at = words.iter().rposition(|word| side(word).is_some())?;
    let position = side(&words[at])?;
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    let rest: Vec<&str> =
        words.iter().enumerate().filter(|(index, _)| *index != at).map(|(_, word)| word.as_str()).collect();
    Some((position, if rest.is_empty() { digits } else { rest.join(" ") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_sessions_find_their_roles() {
        for (name, role) in [
            ("01_KickIn", "kick"),
            ("02_SnareTop", "snare"),
            ("03_SnareBottom", "snare"),
            ("04_HiHat", "hi-hat"),
            ("05_Toms", "toms"),
            ("06_Overheads", "overheads"),
            ("07_Room", "room"),
            ("08_JazzGtr", "electric guitar"),
            ("09_PickBass", "bass"),
            ("10_PickBass_Amp", "bass amp"),
            ("12_AcPiano", "keys"),
            ("15_Agogo", "percussion"),
            ("16_PadWarm", "synth pad"),
            ("18_ChoirAahs", "backing vocals"),
            ("03_BGVOX_BUILD", "backing vocals"),
            ("09_CLAPS", "snare"),
            ("15_GARAGE_BEAT", "drum kit"),
            ("19_MICROCOSM_EFFECT", "effects"),
            ("20_MINILOGUE_SYNTH", "synth"),
            ("26_VOX_LEAD", "lead vocal"),
            ("Lead Vox Dbl", "double"),
            ("bass drum", "kick"),
            ("Synth Bass", "bass"),
            ("Bass DI", "bass direct"),
            ("Grosse Caisse", "kick"),
            ("Gesang 1", "lead vocal"),
            ("chitarra-L", "electric guitar"),
            ("LeadGtr", "electric guitar"),
            ("BV 3", "backing vocals"),
            ("Rough Mix", "reference"),
            ("18_Hat_c", "hi-hat"),
            ("20_rim01", "snare"),
        ] {
            assert_eq!(role_of(name).map(|role| role.name), Some(role), "{name}");
        }
    }

    #[test]
    fn a_word_inside_another_is_not_that_word() {
        for name in ["mushroom", "Default_preset", "customer", "Track 07", "backstage"] {
            assert_eq!(role_of(name), None, "{name}");
        }
    }

    #[test]
    fn no_alias_stands_for_two_roles() {
        let mut all: Vec<&str> = ROLES.iter().flat_map(|role| role.aliases.split_whitespace()).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "{all:?}");
    }

    #[test]
    fn sides_are_found_and_taken_out_of_the_name() {
        assert_eq!(side_of("GtrL"), Some((-1.0, "gtr".to_owned())));
        assert_eq!(side_of("oh right"), Some((1.0, "oh".to_owned())));
        assert_eq!(side_of("12_Piano_R"), Some((1.0, "piano".to_owned())));
        assert_eq!(side_of("lead"), None);
    }
}
