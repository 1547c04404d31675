//! What else tracks are called: in other languages, in abbreviations, with microphones, and in words that mislead.

use dsp::rng::CounterRng;

/// More names of a word (`#` becomes the number). By our own convention: names as sessions from many hands have them, written down before
/// the table of the assistant was looked at.
const MORE: &[(&str, &[&str])] = &[
    (
        "kickin",
        &[
            "Kick In",
            "BD in",
            "KIK IN D6",
            "Kick Inside B91",
            "Bombo dentro",
            "Cassa In",
            "Bassdrum innen",
            "K_In",
        ],
    ),
    ("kickout", &["Kick Out", "BD out", "KIK OUT U47", "Bassdrum aussen", "Kick Outside", "Cassa Out"]),
    ("sntop", &["SN TOP 57", "SD Top", "Snr T", "Snare Up", "Snare oben", "Caja arriba", "Rullante Sopra"]),
    ("snbot", &["SN BOT", "SD Btm", "Snare Under", "Snare unten", "Caja abajo", "Rullante Sotto"]),
    ("hat", &["HH", "Hi-Hat KM184", "HiHats", "Charles", "Chimbal", "Hihat"]),
    ("toms", &["Toms ST", "Tom bus", "TOMS_PRINT", "Toms 421"]),
    ("oh", &["OHs", "OH KM184", "Overhead Stereo", "Ovhd", "Cymbals", "Platos", "Overheads AB"]),
    ("room", &["Room Far", "Drum Room", "RM mono", "Drums Amb", "Raum Drums", "Batterie Room"]),
    ("kit", &["Drum Bus", "Drums ST", "Batterie", "Bateria", "DRUMS_PRINT"]),
    ("mkick", &["808 Kick", "Kick Layer 2", "BD_909", "KCK", "Bassdrum", "Kick Drum"]),
    ("msnare", &["SNR 909", "Snare Layer", "Sn Trap", "Caja", "Rimshot", "Snare Drum"]),
    ("mhat", &["HH Closed", "Hats Trap", "OpenHat", "Hi Hats Loop", "ClosedHH"]),
    ("claps", &["Clap", "Clap 707", "Claps Layer", "Handclaps"]),
    ("shaker", &["Shkr", "Egg Shaker", "Maracas", "Shaker Loop"]),
    ("tamb", &["Tamb", "Tambourine OD", "Pandereta", "Tamburin", "Tambo"]),
    ("conga", &["Congas", "Conga Hi Lo", "Perc 1 Conga", "Tumbadoras"]),
    ("cowbell", &["Cowbell", "Cencerro", "Cow Bell"]),
    ("timp", &["Timpani", "Pauken", "Timp Roll"]),
    ("bassdi", &["Bass DI", "BsDI", "E-Bass DI", "Basse DI", "Bajo DI", "Bass Direct"]),
    ("bassamp", &["Bass Amp", "Bass Cab 421", "Bs Amp", "E-Bass Amp", "Basse Ampli", "Bass Mic"]),
    ("upright", &["Upright", "DBass", "Contrebasse", "Kontrabass", "Contrabajo", "Ac Bass", "Double Bass"]),
    ("synbass", &["Synth Bass", "Moog Bass", "SubBass", "Reese", "Bass Synth"]),
    ("sub", &["808", "Sub", "808 Bass", "Sub Bass"]),
    (
        "gtr",
        &[
            "EG Clean #",
            "E-Git #",
            "Guit #",
            "Gtr Strat #",
            "Guitare #",
            "Guitarra #",
            "Elec Gtr #",
            "Tele #",
        ],
    ),
    ("dist", &["DistGtr #", "EG Dist #", "Rhythm Gtr #", "Gtr Crunch #", "Heavy Gtr #", "GTR 57 #"]),
    (
        "ac",
        &[
            "Ac Gtr #",
            "Acoustic #",
            "A-Git #",
            "Akustikgitarre #",
            "Folk Gtr #",
            "Gtr Acoustic #",
            "Nylon #",
            "12 String Gtr #",
        ],
    ),
    ("solo", &["Gtr Solo", "Lead Gtr", "Solo Gtr", "Gitarrensolo", "EG Lead"]),
    ("piano", &["Pno", "Grand Piano", "Klavier", "Upright Piano", "Pianoforte", "Flügel"]),
    ("ep", &["Rhodes", "Wurli", "E-Piano", "EPiano MkII", "EP"]),
    ("organ", &["B3", "Hammond", "Orgel", "Orgue", "Organ Leslie"]),
    ("pad", &["Pad #", "Synth Pad #", "Warm Pad #", "Fläche #", "Nappe #", "String Pad #"]),
    ("arp", &["Arp #", "Arpeggio #", "Synth Arp #", "Pluck Arp #", "Seq #"]),
    ("slead", &["Synth Lead", "Lead Synth", "SynLead"]),
    ("stabs", &["Stabs", "Chord Stab", "Synth Stabs"]),
    ("vln", &["Violin #", "Vln #", "Geige #", "Violine #", "Violon #", "Violín #"]),
    ("vla", &["Viola", "Bratsche", "Vla"]),
    ("vc", &["Cello", "Vc", "Violoncello", "Violoncelle", "Chelo"]),
    ("strs", &["Strings", "Str Section", "Streicher", "Cordes", "Cuerdas", "String Section"]),
    ("tpt", &["Tpt", "Trumpet", "Trompete", "Trompette", "Trompeta", "TPT Bb"]),
    ("tbn", &["Tbn", "Trombone", "Posaune", "Trombón"]),
    ("horn", &["Fr Horn", "Horn in F", "F-Horn", "Waldhorn"]),
    ("sax", &["Ten Sax", "Tenor Sax", "Sax", "Alto Sax", "Saxofón"]),
    ("flute", &["Flute", "Flöte", "Flauta", "Flauto"]),
    ("clar", &["Clarinet", "Klarinette", "Clarinete", "Clar in Bb", "Clarinetto"]),
    (
        "lead",
        &[
            "Lead Vox",
            "LV",
            "LdVox",
            "Vox Main",
            "Voc Lead",
            "Gesang Lead",
            "Voz principal",
            "Chant lead",
            "Voix",
            "Vocal Comp",
            "Tom Lead Vox",
        ],
    ),
    ("man", &["Lead Vocal", "Main Vox", "Voc Ld", "Voce", "Gesang", "Vox Tom"]),
    ("dbl", &["Ld Vox Dbl #", "Lead Vox Double #", "Vox Dbl #", "Double Vox #", "LV DT #"]),
    ("mdbl", &["Ld Vox Dbl #", "Vocal Dbl #", "Double #"]),
    (
        "bv",
        &[
            "BV #",
            "BGV #",
            "Backing Vox #",
            "Harm #",
            "Harmony Vox #",
            "Chor #",
            "Coros #",
            "Chœurs #",
            "Bkg Voc #",
            "Oohs #",
            "Oh-Oh Vox #",
        ],
    ),
    ("choir", &["Choir", "Chor Tutti", "Coro", "Chorale", "Gospel Choir"]),
    ("rap", &["Rap Main", "Rap", "Verse Rap", "MC Vox"]),
    ("adlib", &["Ad Libs", "Adlib", "Rap Adlibs", "Ad-lib"]),
    ("host", &["Host Mic", "Speaker 1", "Sprecher", "Narrator"]),
    ("guest", &["Guest #", "Guest Mic #", "Gast #", "Speaker 2#"]),
    ("riser", &["Riser", "FX Riser", "Uplifter", "Sweep Up", "Noise Riser"]),
    ("impact", &["Impact", "Boom FX", "FX Hit", "Downlifter"]),
    ("atmos", &["Atmo", "Ambience FX", "Atmos", "Room Tone", "Field Rec"]),
    ("click", &["Click", "CLK", "Metronome", "Klick", "Click Trk"]),
    ("talk", &["Talkback", "TB Mic", "Slate", "Talk Back"]),
];

/// One of all names of a word: the usual one of the session, or one of the others.
pub(super) fn one(word: &str, usual: &'static str, rng: &CounterRng, index: u64) -> &'static str {
    let more = MORE.iter().find(|(own, _)| *own == word).map_or(&[][..], |(_, names)| names);
    // The usual one as often as any two of the others.
    let place = (rng.uniform(index) * (more.len() + 2) as f64) as usize;
    place.checked_sub(2).and_then(|place| more.get(place)).copied().unwrap_or(usual)
}

/// What workstations and hands put around a name; the same for all tracks of a session but for numbers of takes.
pub(super) fn decorated(name: &str, index: usize, rng: &CounterRng) -> String {
    let (folder, own) = name.rsplit_once('/').map_or(("", name), |(folder, own)| (folder, own));
    let number = index + 1;
    let take = 1 + rng.bits(100 + index as u64) % 9;
    let own = match rng.bits(99) % 10 {
        0 => format!("{number:02}_{own}"),
        1 => format!("Audio {number:02} - {own}"),
        // A playlist and an edit of it.
        2 => format!("{own}_{take:02}-{:02}", rng.bits(200 + index as u64) % 30),
        3 => format!("{own}.{take}_bip"),
        4 => format!("{own} take {take}"),
        5 => format!("Midnight Run_{own}_120bpm_24-48"),
        6 => format!("{number} {own} (edit v{take})"),
        7 => format!("{}_FINAL", own.replace(' ', "_")),
        _ => own.to_owned(),
    };
    if folder.is_empty() { own } else { format!("{folder}/{own}") }
}
