//! What other words of a name say beside the noun, and letters without their accents.

/// A noun's role, words beside it, and the role both make together. By our own convention, from the vocabulary of recording sessions.
const RULES: &[(&str, &[&str], &str)] = &[
    ("bass", &["di", "direct", "line", "dibox"], "bass direct"),
    ("bass", &["amp", "ampli", "amplificador", "cab", "mic", "mike", "box", "rig"], "bass amp"),
    ("lead vocal", &["dbl", "double", "doubles", "doubled", "dt", "dub", "doppel"], "double"),
    (
        "lead vocal",
        &[
            "bkg",
            "bg",
            "back",
            "backing",
            "background",
            "harm",
            "harms",
            "harmony",
            "harmonies",
            "gang",
            "oh",
            "ooh",
            "oohs",
            "ah",
            "aah",
            "aahs",
        ],
        "backing vocals",
    ),
    ("electric guitar", &["lead", "solo", "slide"], "lead guitar"),
    (
        "electric guitar",
        &["ac", "acou", "acoustic", "folk", "nylon", "western", "fingerpick", "strum", "strummed"],
        "acoustic guitar",
    ),
    ("drum kit", &["room", "rm", "amb", "ambience", "ambiance", "raum", "sala", "far"], "room"),
    ("drum kit", &["oh", "ohs", "overhead", "overheads", "over"], "overheads"),
    ("room", &["fx", "sfx", "tone"], "effects"),
    ("brass and woodwinds", &["synth", "syn"], "synth"),
    ("synth", &["pad", "pads"], "synth pad"),
];

/// The role of a noun with the other words of its name. `alias` is the word that named the role.
pub(super) fn refined(role: &'static str, alias: &str, words: &[String]) -> &'static str {
    // Two words in one.
    if matches!(alias, "leadgtr" | "leadguitar") {
        return "lead guitar";
    }
    let says = |list: &[&str]| words.iter().any(|word| list.contains(&word.as_str()) && word != alias);
    RULES.iter().find(|(noun, list, _)| *noun == role && says(list)).map_or(role, |(_, _, together)| together)
}

/// A word without accents, as people who are in a hurry write it.
pub(super) fn plain(word: &str) -> String {
    let base = |letter: char| match letter {
        'á' | 'à' | 'â' | 'ã' | 'ä' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'õ' | 'ö' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    word.chars().map(base).collect()
}
