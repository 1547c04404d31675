//! Tracks by the words of a line: instrument, role, group, and its name in four kinds of session.

mod more;

use crate::instruments::struck::Struck;
use crate::instruments::tone::Wave;
use crate::parts::{Instrument, KitMic, Who};
use dsp::rng::CounterRng;
use studio::mix::Group;

/// A track that is planned.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// Word of the line it came from.
    pub word: String,
    /// Name, with `/` for folders, without ending.
    pub name: String,
    /// Role, as in the studio's table.
    pub role: &'static str,
    /// Group.
    pub group: Group,
    /// Who plays.
    pub instrument: Instrument,
    /// Loudness inside its group, in LU, in the mix that was meant.
    pub offset_lu: f64,
    /// Where it stands in the mix that was meant.
    pub pan: f64,
}

/// Word without number, role, group, offset in the group, names in four kinds of session (`#` becomes the number).
type Row = (&'static str, &'static str, Group, f64, [&'static str; 4]);

use Group as G;

/// By our own convention, offsets inside groups are those of the mixing rules, C5.
const ROWS: &[Row] = &[
    ("kickin", "kick", G::Drums, -4.4, ["KickIn", "Grosse Caisse", "Drums/Kick In", "kick_in_v2"]),
    ("kickout", "kick", G::Drums, -7.4, ["KickOut", "Bombo Fuera", "Drums/Kick Out", "kick_out_v2"]),
    ("sntop", "snare", G::Drums, -6.0, ["SnareTop", "Caisse Claire", "Drums/Snare Top", "snr_top_v2"]),
    (
        "snbot",
        "snare",
        G::Drums,
        -11.0,
        ["SnareBottom", "Caisse Claire Bas", "Drums/Snare Btm", "snr_bot_v2"],
    ),
    ("hat", "hi-hat", G::Drums, -15.0, ["HiHat", "Charleston", "Drums/Hat", "hh_v2"]),
    ("toms", "toms", G::Drums, -11.0, ["Toms", "Toms", "Drums/Toms", "toms_v2"]),
    ("oh", "overheads", G::Drums, -5.5, ["Overheads", "Becken", "Drums/OH", "oh_st_v2"]),
    ("room", "room", G::Drums, -11.0, ["Room", "Raum", "Drums/Room", "room_mono_v2"]),
    ("kit", "drum kit", G::Drums, 0.0, ["DrumKit", "Schlagzeug", "Drums/Drum Kit", "drumkit_v2"]),
    ("mkick", "kick", G::Drums, -4.4, ["Kick", "Bombo", "Beat/Kick", "kick_smp_v2"]),
    ("msnare", "snare", G::Drums, -6.0, ["Snare", "Rullante", "Beat/Snare", "snare_smp_v2"]),
    ("mhat", "hi-hat", G::Drums, -12.0, ["Hats", "Charley", "Beat/Hats", "hats_v2"]),
    ("claps", "snare", G::Drums, -9.0, ["Claps", "Claps", "Beat/Claps", "claps_v2"]),
    ("shaker", "percussion", G::Percussion, -3.0, ["Shaker", "Maracas", "Perc/Shaker", "shaker_v2"]),
    ("tamb", "percussion", G::Percussion, -3.0, ["Tambourine", "Tamb", "Perc/Tambourine", "tamb_v2"]),
    ("conga", "percussion", G::Percussion, 0.0, ["Congas", "Congas", "Perc/Conga", "congas_v2"]),
    ("cowbell", "percussion", G::Percussion, -5.0, ["Cowbell", "Cowbell", "Perc/Cowbell", "cowbell_v2"]),
    (
        "timp",
        "percussion",
        G::Percussion,
        0.0,
        ["Timpani", "Percussion Timpani", "Perc/Timpani", "perc_timp_v2"],
    ),
    ("bassdi", "bass direct", G::Bass, -3.0, ["BassDI", "Bass DI", "Bass/DI", "bass_di_v2"]),
    ("bassamp", "bass amp", G::Bass, 0.0, ["BassAmp", "Bass Amp", "Bass/Amp", "bass_amp_v2"]),
    ("upright", "bass", G::Bass, 0.0, ["Upright", "Kontrabass", "Bass/Upright", "upright_bass_v2"]),
    ("synbass", "bass", G::Bass, 0.0, ["SynthBass", "Synth Bass", "Synths/Bass", "synbass_v2"]),
    ("sub", "bass", G::Bass, 0.0, ["Sub808", "Subbass", "Beat/808", "808_v2"]),
    ("gtr", "electric guitar", G::Guitars, 0.0, ["Gtr#", "Chitarra #", "Guitars/Elec #", "gtr_clean#_v2"]),
    (
        "dist",
        "electric guitar",
        G::Guitars,
        0.0,
        ["DistGtr#", "Gitarre #", "Guitars/Rhythm #", "gtr_dist#_v2"],
    ),
    ("ac", "acoustic guitar", G::Guitars, 0.0, ["AcGtr#", "Acoustic #", "Guitars/Acoustic #", "acgtr#_v2"]),
    ("solo", "lead guitar", G::Guitars, 2.0, ["GtrSolo", "Solo Guitarra", "Guitars/Solo", "gtr_solo_v2"]),
    ("piano", "keys", G::Keys, 0.0, ["Piano", "Klavier", "Keys/Piano", "pno_v2"]),
    ("ep", "keys", G::Keys, 0.0, ["Rhodes", "Wurli", "Keys/EP", "rhodes_v2"]),
    ("organ", "keys", G::Keys, -2.0, ["Organ", "Orgel", "Keys/B3", "hammond_v2"]),
    ("pad", "synth pad", G::Synths, -1.5, ["PadWarm#", "Synth Pad #", "Synths/Pad #", "pad#_v2"]),
    ("arp", "synth", G::Synths, 0.0, ["Arp#", "Arp #", "Synths/Arp #", "arp#_v2"]),
    ("slead", "synth", G::Synths, 1.0, ["SynthLead", "Synth Lead", "Synths/Synth Lead", "syn_lead_v2"]),
    ("stabs", "synth", G::Synths, 0.0, ["Stabs", "Synth Stab", "Synths/Stabs", "stab_v2"]),
    ("vln", "strings", G::Strings, 0.0, ["Violin#", "Geige #", "Strings/Vln #", "vln#_v2"]),
    ("vla", "strings", G::Strings, -1.0, ["Viola", "Viola", "Strings/Vla", "vla_v2"]),
    ("vc", "strings", G::Strings, 0.0, ["Cello", "Cello", "Strings/Vc", "cello_v2"]),
    ("db", "strings", G::Strings, 0.0, ["StringsDblBass", "Streicher Bass", "Strings/Dblbass", "dblbass_v2"]),
    ("strs", "strings", G::Strings, 0.0, ["Strings", "Streicher", "Strings/Quartet", "strings_v2"]),
    ("tpt", "brass and woodwinds", G::Winds, 0.0, ["Trumpet", "Tromba", "Brass/Tpt", "tpt_v2"]),
    ("tbn", "brass and woodwinds", G::Winds, -1.0, ["Trombone", "Posaune", "Brass/Tbn", "tbn_v2"]),
    ("horn", "brass and woodwinds", G::Winds, -1.0, ["Horn", "Horn", "Brass/Horn", "horn_v2"]),
    ("sax", "brass and woodwinds", G::Winds, 1.0, ["TenorSax", "Saxophone", "Horns/Tenor", "sax_v2"]),
    ("flute", "brass and woodwinds", G::Winds, 0.0, ["Flute", "Flute", "Winds/Flute", "flute_v2"]),
    ("clar", "brass and woodwinds", G::Winds, 0.0, ["Clarinet", "Clarinet", "Winds/Clarinet", "clarinet_v2"]),
    ("lead", "lead vocal", G::Vocals, 0.0, ["LeadVox", "Gesang", "Vocals/Lead Vox", "ldvox_v2"]),
    ("man", "lead vocal", G::Vocals, 0.0, ["LeadVox", "Voce", "Vocals/Main Voice", "lead_vocal_v2"]),
    (
        "dbl",
        "double",
        G::Vocals,
        -7.0,
        ["LeadVoxDbl#", "Vocal Double #", "Vocals/Lead Vox Dbl #", "leadvox_dbl#_v2"],
    ),
    (
        "mdbl",
        "double",
        G::Vocals,
        -7.0,
        ["LeadVoxDbl#", "Vocal Double #", "Vocals/Lead Vox Dbl #", "leadvox_dbl#_v2"],
    ),
    ("bv", "backing vocals", G::Backing, 0.0, ["BGV#", "Chor #", "BV/Harmony #", "bgv#_v2"]),
    ("choir", "backing vocals", G::Backing, 0.0, ["Choir", "Coro", "BV/Choir", "choir_v2"]),
    ("rap", "lead vocal", G::Vocals, 0.0, ["RapLead", "Rap", "Vocals/Rap", "rap_verse_v2"]),
    ("adlib", "double", G::Vocals, -7.0, ["Adlibs", "Adlib", "Vocals/Ad-lib", "adlib_v2"]),
    ("host", "lead vocal", G::Vocals, 0.0, ["VoiceHost", "Stimme 1", "Speech/Voice Host", "host_voice_v2"]),
    (
        "guest",
        "lead vocal",
        G::Vocals,
        0.0,
        ["VoiceGuest#", "Stimme Gast #", "Speech/Voice Guest #", "guest_voice#_v2"],
    ),
    ("riser", "effects", G::Effects, 0.0, ["Riser", "Effekt Riser", "FX/Riser", "fx_riser_v2"]),
    ("impact", "effects", G::Effects, 0.0, ["Impact", "Effekt Impact", "FX/Impact", "fx_impact_v2"]),
    ("atmos", "effects", G::Effects, -3.0, ["Atmos", "Atmos", "FX/Atmos", "fx_atmos_v2"]),
    ("click", "click", G::Other, 0.0, ["Click", "Click", "Click", "click_v2"]),
    ("talk", "talkback", G::Other, 0.0, ["Talkback", "Talkback", "Talkback", "talkback_v2"]),
];

/// The tracks of a line of words, in order. Names are those of the session's `style` (0 to 3) or others of the same thing, as `seed`
/// has it, with what workstations put around them. Words nobody knows are left out.
#[must_use]
pub fn plan(line: &str, style: usize, amp: (usize, bool), seed: u64) -> Vec<Planned> {
    let rng = CounterRng::new(seed, 0x4A3E);
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut tracks: Vec<Planned> = words
        .iter()
        .enumerate()
        .filter_map(|(index, word)| {
            let stem = word.trim_end_matches(|c: char| c.is_ascii_digit());
            let number: u64 = word[stem.len()..].parse().unwrap_or(1);
            let (_, role, group, offset_lu, names) = ROWS.iter().find(|row| row.0 == stem)?;
            let instrument = instrument(stem, number, amp)?;
            let name =
                more::one(stem, names[style % 4], &rng, index as u64).replace('#', &number.to_string());
            let (role, group, offset_lu) = (*role, *group, *offset_lu);
            Some(Planned { word: (*word).to_owned(), name, role, group, instrument, offset_lu, pan: 0.0 })
        })
        .collect();
    number(&mut tracks, &rng);
    place(&mut tracks);
    tracks
}

/// No name twice, and what workstations put around them.
fn number(tracks: &mut [Planned], rng: &CounterRng) {
    for index in 0..tracks.len() {
        let mut name = more::decorated(&tracks[index].name, index, rng);
        while tracks[..index].iter().any(|other| other.name.eq_ignore_ascii_case(&name)) {
            name.push_str(" b");
        }
        tracks[index].name = name;
    }
}

/// Where the tracks stand in the mix that was meant: roles in the middle stay there, others spread.
fn place(tracks: &mut [Planned]) {
    let far = |track: &Planned| match (track.role, track.group) {
        ("hi-hat", _) => 0.35,
        ("electric guitar" | "acoustic guitar", _) => 0.8,
        ("double" | "backing vocals", _) => 0.6,
        (_, Group::Percussion | Group::Winds | Group::Strings) => 0.55,
        ("keys" | "synth", _) => 0.3,
        _ => 0.0,
    };
    let roles: Vec<&'static str> = tracks.iter().map(|track| track.role).collect();
    for index in 0..tracks.len() {
        let before = roles[..index].iter().filter(|role| **role == roles[index]).count();
        let side = if before % 2 == 0 { -1.0 } else { 1.0 };
        tracks[index].pan = side * far(&tracks[index]);
    }
}

fn instrument(stem: &str, number: u64, amp: (usize, bool)) -> Option<Instrument> {
    let take = number.saturating_sub(1);
    Some(match stem {
        "kickin" => Instrument::Kit(KitMic::KickIn),
        "kickout" => Instrument::Kit(KitMic::KickOut),
        "sntop" => Instrument::Kit(KitMic::SnareTop),
        "snbot" => Instrument::Kit(KitMic::SnareBottom),
        "hat" => Instrument::Kit(KitMic::Hat),
        "toms" => Instrument::Kit(KitMic::Toms),
        "oh" => Instrument::Kit(KitMic::Overheads),
        "room" => Instrument::Kit(KitMic::Room),
        "kit" => Instrument::KitBus,
        "mkick" => Instrument::Struck(Struck::MachineKick),
        "msnare" => Instrument::Struck(Struck::MachineSnare),
        "mhat" => Instrument::Struck(Struck::MachineHat),
        "claps" => Instrument::Struck(Struck::Claps),
        "shaker" => Instrument::Struck(Struck::Shaker),
        "tamb" => Instrument::Struck(Struck::Tambourine),
        "conga" => Instrument::Struck(Struck::Conga),
        "cowbell" => Instrument::Struck(Struck::Cowbell),
        "timp" => Instrument::Struck(Struck::Timpani),
        "bassdi" => Instrument::BassDirect,
        "bassamp" => Instrument::BassAmp(amp.0, amp.1),
        "upright" => Instrument::Upright,
        "synbass" => Instrument::SynthBass,
        "sub" => Instrument::Sub,
        "gtr" => Instrument::Electric(take, 1.0),
        "dist" => Instrument::Electric(take, 25.0),
        "ac" => Instrument::Acoustic(take),
        "solo" => Instrument::LeadGuitar(8.0),
        "piano" => Instrument::Piano,
        "ep" => Instrument::Epiano,
        "organ" => Instrument::Organ,
        "pad" => Instrument::Pad(take),
        "arp" => Instrument::Arp(take),
        "slead" => Instrument::SynthLead,
        "stabs" => Instrument::Stabs,
        "vln" => Instrument::Bowed(1.0, take as usize),
        "vla" => Instrument::Bowed(1.35, 2),
        "vc" => Instrument::Bowed(2.4, 1),
        "db" => Instrument::Bowed(3.6, 0),
        "strs" => Instrument::Section,
        "tpt" => Instrument::Brass(1.0, 3),
        "tbn" => Instrument::Brass(1.9, 1),
        "horn" => Instrument::Brass(1.5, 2),
        "sax" => Instrument::Wind(Wave::Saw, 0),
        "flute" => Instrument::Wind(Wave::Sine, 1),
        "clar" => Instrument::Wind(Wave::Square, 0),
        "lead" => Instrument::Lead(Who::Woman),
        "man" => Instrument::Lead(Who::Man),
        "dbl" => Instrument::Double(Who::Woman, number),
        "mdbl" => Instrument::Double(Who::Man, number),
        "bv" => Instrument::Backing(number, [2, -2, 4, -3, 7, -5, 2, -2][take as usize % 8]),
        "choir" => Instrument::Choir,
        "rap" => Instrument::Rap(Who::Man, 0),
        "adlib" => Instrument::Rap(Who::Man, 1),
        "host" => Instrument::Speech(Who::Man, 0),
        "guest" => Instrument::Speech(Who::Woman, number),
        "riser" => Instrument::Riser,
        "impact" => Instrument::Impact,
        "atmos" => Instrument::Atmosphere,
        "click" => Instrument::Click,
        "talk" => Instrument::Talkback,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_has_an_instrument() {
        for row in ROWS {
            assert!(instrument(row.0, 1, (0, false)).is_some(), "{}", row.0);
            assert!(row.4.iter().all(|name| !name.is_empty()));
        }
    }

    #[test]
    fn words_of_a_line_become_tracks_with_their_numbers() {
        let tracks = plan("kickin bv2 nobody lead", 2, (0, false), 5);
        assert_eq!(
            tracks.iter().map(|track| track.word.as_str()).collect::<Vec<_>>(),
            ["kickin", "bv2", "lead"]
        );
        assert_eq!(tracks, plan("kickin bv2 nobody lead", 2, (0, false), 5));
    }

    #[test]
    fn sessions_differ_in_names_and_no_name_stands_twice() {
        let line = "gtr1 gtr2 gtr3 dist1 dist2 ac1 ac2 bv1 bv2 bv3 bv4 click talk";
        let names = |seed| -> Vec<String> {
            plan(line, 1, (0, false), seed).into_iter().map(|track| track.name).collect()
        };
        for seed in 0..40 {
            let mut own = names(seed);
            assert_ne!(own, names(seed + 1));
            own.sort_unstable();
            own.dedup();
            assert_eq!(own.len(), 13, "{own:?}");
        }
    }

    #[test]
    fn what_sessions_call_their_tracks_is_understood() {
        let (mut right, mut all, mut wrong) = (0, 0, Vec::new());
        for seed in 0..60 {
            for (word, role, ..) in ROWS {
                for track in plan(word, (seed % 4) as usize, (0, false), seed) {
                    let (folder, own) = track
                        .name
                        .rsplit_once('/')
                        .map_or((None, track.name.as_str()), |(f, own)| (Some(f), own));
                    // Clicks and talkback are no roles: they are recognised elsewhere.
                    if matches!(*role, "click" | "talkback") {
                        continue;
                    }
                    let said = assistant::sort::named(own, folder).map_or("nothing", |role| role.name);
                    all += 1;
                    right += usize::from(said == *role);
                    if said != *role {
                        wrong.push(format!("{}: {said} for {role}", track.name));
                    }
                }
            }
        }
        // The bar of roles with names.
        assert!(right * 100 >= all * 97, "{right} of {all}: {wrong:#?}");
    }
}
