//! Faults of stems and of records.

use crate::bands::{Band, Case, Parts, put};
use crate::kit::{Sound, clean, look};
use crate::make::{at_rate, clicks, limit, summed, tops_cut};
use crate::tally::{Said, Tally};
use advice::assess::Kind;

/// Groups of a band as stereo stems.
fn stems(band: &Band, guitar_db: f64, keys_db: f64) -> Parts {
    let group = |players: &[&str], gain_db: f64| {
        let own: Parts = players.iter().map(|player| (String::new(), band.of(player))).collect();
        summed(&own).gain(gain_db)
    };
    let mut guitars = group(&["left guitar"], guitar_db);
    guitars.planes[1] = group(&["right guitar"], guitar_db).planes[1].clone();
    [
        ("Drums", group(&["kick", "snare", "hat", "overheads"], 0.0)),
        ("Guitars", guitars),
        ("Bass", group(&["bass"], 0.0)),
        ("Keys", group(&["keys"], keys_db)),
        ("Lead vocals", group(&["voice"], 4.0)),
    ]
    .map(|(name, sound)| (format!("{name}.wav"), sound))
    .to_vec()
}

/// The real voice with its band, as stems.
fn sung_stems() -> Option<Parts> {
    let parts = crate::bands::sung()?;
    let of =
        |part: &str, gain_db: f64| summed(&[(String::new(), crate::bands::of(&parts, part))]).gain(gain_db);
    Some(
        [
            ("Drums", of("GARAGE", 0.0)),
            ("Percussion", of("KICK", -6.0)),
            ("Synths", of("MINILOGUE", 0.0)),
            ("Lead vocals", of("VOX_LEAD", 4.0)),
        ]
        .map(|(name, sound)| (format!("{name}.wav"), sound))
        .to_vec(),
    )
}

/// A stem in the middle is the same on both sides.
const STEMS_SO: &[Said] =
    &[("mono_in_stereo", "Bass"), ("mono_in_stereo", "Keys"), ("mono_in_stereo", "Lead vocals")];

/// What stems that add up to too much say of their sum.
const HOT: [&str; 4] = ["headroom", "clipped", "limited", "dense"];

fn stem_case(name: &str, title: &str, stems: Parts) -> Case {
    Case::with(format!("{name}, {title}"), stems, STEMS_SO)
}

pub(crate) fn stems_of_a_mix(tally: &mut Tally, band: &Band) {
    let usual = || stems(band, -6.0, -4.0);
    let judge = |case: &Case, tally: &mut Tally| case.judge_as(tally, "Stems", Kind::Stems);
    let mut case = stem_case(band.name, "stems, clean", usual());
    case.under("Lead vocals", &["masked_vocal"]);
    case.under("sum", &["headroom"]);
    judge(&case, tally);
    let mut case = stem_case(band.name, "stems, guitars over the voice", stems(band, 10.0, -4.0));
    case.must("Lead vocals", &["masked_vocal"]);
    case.may("sum", &HOT);
    case.may("", &["over_full_scale"]);
    case.may("Guitars", &["clipped"]);
    judge(&case, tally);
    let mut case = stem_case(band.name, "stems, a voice turned down", usual());
    case.spoil("Lead", &["masked_vocal"], |s| s.gain(-18.0));
    judge(&case, tally);
    let mut case = stem_case(band.name, "stems, three faults", usual());
    case.spoil("Drums", &["clipped"], |s| tops_cut(s, 0.25));
    case.spoil("Keys", &["dc"], |s| s.each(|x| *x += 0.01));
    case.spoil("Guitars", &["clicks"], |s| clicks(s, 5, 0.8).gain(-10.0));
    case.may("Drums", &["limited"]);
    case.may("Keys", &["abrupt_end"]);
    case.may("sum", &["dc", "masked_vocal"]);
    judge(&case, tally);
    let mut case = stem_case(band.name, "stems, too loud together", usual());
    let top = summed(&case.parts).peak() / 0.3;
    case.parts.iter_mut().for_each(|(_, sound)| *sound = sound.clone().each(|x| *x *= 0.95 / top));
    case.must("sum", &["headroom"]);
    judge(&case, tally);
    stems_that_do_not_fit(tally, band.name, &usual());
}

fn stems_that_do_not_fit(tally: &mut Tally, name: &str, usual: &Parts) {
    let last = usual[usual.len() - 2].0.clone();
    let mut case = stem_case(name, "stems, one at another rate", usual.clone());
    let other = if usual[0].1.rate_hz == 48_000 { 44_100 } else { 48_000 };
    case.parts.iter_mut().filter(|(name, _)| *name == last).for_each(|(_, s)| {
        let level = s.peak();
        *s = at_rate(s.clone(), other);
        let now = s.peak();
        *s = s.clone().each(|x| *x *= level / now);
    });
    case.must("", &["stems_do_not_fit"]);
    case.may("", &["rate_differs", "upsampled"]);
    case.judge_as(tally, "Stems", Kind::Stems);
    let mut case = stem_case(name, "stems, one shorter", usual.clone());
    case.parts.iter_mut().filter(|(name, _)| *name == last).for_each(|(_, s)| {
        let frames = s.frames() - 3 * s.rate_hz as usize / 10;
        s.planes.iter_mut().for_each(|plane| plane.truncate(frames));
    });
    case.must("", &["stems_do_not_fit"]);
    case.judge_as(tally, "Stems", Kind::Stems);
}

pub(crate) fn real_stems(tally: &mut Tally) {
    let Some(usual) = sung_stems() else { return };
    let so = |case: &mut Case| {
        case.may("", &["lossy", "mono_in_stereo"]);
        case.may("sum", &HOT);
    };
    let mut case = stem_case("sung", "stems, clean", usual.clone());
    case.under("Lead vocals", &["masked_vocal"]);
    so(&mut case);
    case.judge_as(tally, "Stems", Kind::Stems);
    for db in [-20.0, -26.0] {
        let mut case = stem_case("sung", "stems, a voice turned down", usual.clone());
        case.spoil("Lead", &["masked_vocal"], |s| s.gain(db));
        so(&mut case);
        case.judge_as(tally, "Stems", Kind::Stems);
    }
}

/// Two songs that are as loud as each other, and what goes wrong between them.
pub(crate) fn albums(tally: &mut Tally, name: &str, songs: &[Sound; 2]) {
    let [one, two] = songs;
    let two = &clean(two);
    let case =
        |tally: &mut Tally, title: &str, songs: [&Sound; 2], must: &[Said], may: &[Said], under: &[Said]| {
            let root = tempfile::tempdir().unwrap();
            let folder = root.path().join("record");
            let songs: Parts = ["01 Dawn.wav", "02 Noon.wav"]
                .iter()
                .zip(songs)
                .map(|(name, sound)| ((*name).to_owned(), sound.clone()))
                .collect();
            put(&folder, &songs);
            let found = look(&[folder], &["cd"]);
            assert_eq!(found.items[0].kind, Kind::Album, "{name}, {title}");
            tally.parts(&format!("{name}, {title}"), &found, must, may, under);
        };
    case(tally, "album, clean", [one, two], &[], &[], &[("levels_apart", "")]);
    for db in [-9.0, -14.0] {
        let softer = two.clone().gain(db);
        case(tally, "album, levels apart", [one, &softer], &[("levels_apart", "")], &[("level", "")], &[]);
    }
    let softer = two.clone().gain(-3.0);
    case(tally, "album, levels 3 dB apart", [one, &softer], &[], &[], &[("levels_apart", "")]);
    for rate in [if two.rate_hz == 44_100 { 48_000 } else { 44_100 }, 88_200] {
        let other = at_rate(two.clone(), rate);
        case(tally, "album, two rates", [one, &other], &[("rates_apart", "")], &[("upsampled", "02")], &[]);
    }
    for drive in [16.0, 18.0] {
        let loud = limit(one.clone(), drive, -0.1);
        let must =
            [("mixed_states", ""), ("previous_master", "01"), ("ceiling_passed", "01"), ("levels_apart", "")];
        case(tally, "album, one mastered", [&loud, two], &must, &[], &[]);
    }
}
