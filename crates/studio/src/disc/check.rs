//! The rules of the Red Book (IEC 60908), and what plants refuse.

use super::sectors::Sectors;
use super::text::pack;
use super::tracks::{Copying, Disc, Track};
use crate::message::{Error, Finding, Kind, Result, Severity};
use std::collections::BTreeMap;

/// Tracks of a disc. Source: IEC 60908.
const MOST_TRACKS: usize = 99;
/// Largest number of an index. Source: IEC 60908.
const LAST_INDEX: usize = 99;
/// Characters of the master id. Source: field of `DDPID`, DDP 2.00.
const MASTER_ID_CHARACTERS: usize = 48;
/// What the blanks of 74 minutes hold (650 MB, 333 000 sectors). Source: nominal capacity of CD-R.
const COMMON_LENGTH: Sectors = Sectors::new(333_000);
/// What the largest ordinary discs hold: 79:57:74 (700 MB, 359 849 sectors). Source: nominal capacity of CD-R.
const LONGEST_LENGTH: Sectors = Sectors::new(359_849);

/// A disc that keeps every rule; only such a disc is written.
#[derive(Debug, Clone, PartialEq)]
pub struct RedBook {
    disc: Disc,
    packs: Vec<u8>,
    findings: Vec<Finding>,
}

impl RedBook {
    /// Holds a disc against every rule.
    ///
    /// # Errors
    /// Every rule that is broken, each with its stable code: `no_tracks`, `too_many_tracks`, `too_many_indexes`,
    /// `first_index_not_zero`, `first_pregap_short`, `index_order`, `index_past_end`, `track_short`, `disc_too_long`,
    /// `master_id_long`, `master_id_characters`, `cd_text_too_long`, `cd_text_blocks`, `cd_text_tracks`,
    /// `cd_text_not_latin`, `cd_text_control`. What types keep from happening has its code where it is read:
    /// `isrc_malformed`, `ean_malformed`, `dcp_and_scms`.
    pub fn new(disc: Disc) -> std::result::Result<Self, Vec<Error>> {
        let (errors, findings) = check(&disc);
        if !errors.is_empty() {
            return Err(errors);
        }
        let packs = pack::encode(&disc).map_err(|error| vec![error])?;
        Ok(Self { disc, packs, findings })
    }

    /// The disc.
    #[must_use]
    pub fn disc(&self) -> &Disc {
        &self.disc
    }

    /// Its CD-TEXT as packs of 18 bytes; empty without text.
    #[must_use]
    pub fn packs(&self) -> &[u8] {
        &self.packs
    }

    /// What should be known about it.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

/// Holds a disc against every rule: the rules that are broken, and what should be known.
#[must_use]
pub fn check(disc: &Disc) -> (Vec<Error>, Vec<Finding>) {
    let mut errors = counts(disc);
    errors.extend(start(disc).err());
    errors.extend(marks(disc).err());
    errors.extend((1..=disc.tracks.len()).filter_map(|number| length(disc, number)));
    errors.extend(end(disc));
    errors.extend(master_id(disc));
    errors.extend(pack::check(disc));
    (errors, findings(disc))
}

/// A broken rule as a finding that stops at a gate.
#[must_use]
pub fn finding_of(error: &Error) -> Finding {
    Finding::new(error.code, Severity::Blocker, error.what.clone())
        .about(error.at.as_deref().unwrap_or(""))
        .advice(error.hint.as_deref().unwrap_or(""))
}

fn broken(code: &'static str, what: impl Into<String>) -> Error {
    Error::new(Kind::Gate, code, what)
}

/// Name of a track in messages.
pub(super) fn track_name(number: usize) -> String {
    format!("track {number:02}")
}

fn counts(disc: &Disc) -> Vec<Error> {
    let mut errors = Vec::new();
    let tracks = disc.tracks.len();
    if tracks == 0 {
        errors
            .push(broken("no_tracks", "the disc has no track; one at least is expected").hint("add a song"));
    }
    if tracks > MOST_TRACKS {
        let what = format!("{tracks} tracks; a disc holds {MOST_TRACKS}");
        errors.push(
            broken("too_many_tracks", what)
                .hint("join tracks and mark their parts by indexes, or make two discs"),
        );
    }
    for (at, track) in disc.tracks.iter().enumerate() {
        let last = track.indexes.len() + 1;
        if last > LAST_INDEX {
            let what = format!("index {last}; the last index of a track is {LAST_INDEX}");
            errors.push(broken("too_many_indexes", what).at(track_name(at + 1)).hint("leave out indexes"));
        }
    }
    errors
}

fn start(disc: &Disc) -> Result<()> {
    let Some(first) = disc.tracks.first() else { return Ok(()) };
    if first.pregap != Some(Sectors::ZERO) {
        let found = first
            .pregap
            .map_or_else(|| "has no index 00".to_owned(), |at| format!("index 00 stands at {at}"));
        return Err(broken(
            "first_index_not_zero",
            format!("{found}; the disc begins with index 00 at 00:00:00"),
        )
        .at(track_name(1))
        .hint("begin the image with the pregap of track 1"));
    }
    if first.start < Sectors::FIRST_PREGAP {
        let what = format!(
            "index 01 stands at {}; the pregap lasts 2 s, up to {}",
            first.start,
            Sectors::FIRST_PREGAP
        );
        return Err(broken("first_pregap_short", what)
            .at(track_name(1))
            .hint("put silence in front: everything moves by what is missing"));
    }
    Ok(())
}

/// Every mark stands after the one before and before the end.
fn marks(disc: &Disc) -> Result<()> {
    let mut before: Option<(usize, usize, Sectors)> = None;
    for (at, track) in disc.tracks.iter().enumerate() {
        let number = at + 1;
        for (index, place) in track.marks() {
            let name = format!("{}, index {index:02}", track_name(number));
            if place >= disc.end {
                let what = format!("stands at {place}; the disc ends at {}", disc.end);
                return Err(broken("index_past_end", what)
                    .at(name)
                    .hint("the audio is shorter than the marks: move them"));
            }
            if let Some((track_before, index_before, place_before)) = before
                && place <= place_before
            {
                let what = format!(
                    "stands at {place}, not after index {index_before:02} of {} at {place_before}",
                    track_name(track_before)
                );
                return Err(broken("index_order", what)
                    .at(name)
                    .hint("indexes follow each other in time, a sector apart at least"));
            }
            before = Some((number, index, place));
        }
    }
    Ok(())
}

fn length(disc: &Disc, number: usize) -> Option<Error> {
    let length = disc.track_length(number)?;
    (length < Sectors::SHORTEST_TRACK).then(|| {
        let what =
            format!("lasts {length} from its index 01; a track lasts {} at least", Sectors::SHORTEST_TRACK);
        broken("track_short", what)
            .at(track_name(number))
            .hint("join it with its neighbour, by an index if the place is to be found, or add silence")
    })
}

fn end(disc: &Disc) -> Option<Error> {
    (disc.end > Sectors::LAST_ADDRESS).then(|| {
        let what = format!(
            "the lead-out stands at {}; the last address of a disc is {}",
            disc.end,
            Sectors::LAST_ADDRESS
        );
        broken("disc_too_long", what).hint("make two discs")
    })
}

fn master_id(disc: &Disc) -> Option<Error> {
    let id = &disc.master_id;
    let length = id.chars().count();
    if length > MASTER_ID_CHARACTERS {
        let what = format!("the master id has {length} characters; there is room for {MASTER_ID_CHARACTERS}");
        return Some(broken("master_id_long", what).hint("catalogue number and version are enough"));
    }
    let odd = id.chars().find(|c| !matches!(c, ' '..='~'))?;
    let what = format!("the master id `{id}` holds `{}`; it is ASCII", odd.escape_default());
    let near = super::text::transliterate(id).filter(|near| near.is_ascii());
    let hint =
        near.map_or_else(|| "write letters without accents".to_owned(), |near| format!("write `{near}`"));
    Some(broken("master_id_characters", what).hint(hint))
}

fn findings(disc: &Disc) -> Vec<Finding> {
    let mut found: Vec<Finding> = Vec::new();
    found.extend(long(disc));
    found.extend(identity(disc));
    found.extend(isrcs(disc));
    for (at, track) in disc.tracks.iter().enumerate() {
        found.extend(flags(track).map(|finding| finding.about(track_name(at + 1))));
    }
    found.extend(hidden(disc));
    found.extend(disc.text.first().map_or_else(|| Some(no_text()), |_| titles(disc)));
    found
}

fn long(disc: &Disc) -> Option<Finding> {
    let length = disc.programme();
    let (rule, severity, limit, advice) = if length > LONGEST_LENGTH {
        (
            "longer_than_discs",
            Severity::Warning,
            LONGEST_LENGTH,
            "ask the plant before you send it; most refuse such a disc",
        )
    } else if length > COMMON_LENGTH {
        (
            "long_disc",
            Severity::Info,
            COMMON_LENGTH,
            "it fits the discs of 80 minutes; very old players may lose the end",
        )
    } else {
        return None;
    };
    Some(
        Finding::new(rule, severity, format!("the disc plays {length}"))
            .limit(limit.to_string())
            .advice(advice),
    )
}

fn identity(disc: &Disc) -> Vec<Finding> {
    let mut found = Vec::new();
    if disc.master_id.is_empty() {
        found.push(
            Finding::new("no_master_id", Severity::Warning, "the master has no name of its own")
                .limit("a catalogue number and a version")
                .advice("give it one: two masters of an album cannot be told apart otherwise"),
        );
    }
    match &disc.ean {
        None => found.push(
            Finding::new("no_ean", Severity::Info, "the disc has no EAN or UPC")
                .limit("13 digits")
                .advice("the label assigns it; shops and databases find the disc by it"),
        ),
        Some(ean) if !ean.check_digit_holds() => found.push(
            Finding::new("ean_check_digit", Severity::Warning, format!("the last digit of {ean} is wrong"))
                .limit(format!("{} for the twelve before it", ean.check_digit()))
                .advice("compare it with the bar code: a digit was mistyped"),
        ),
        Some(_) => {}
    }
    found
}

fn isrcs(disc: &Disc) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut owners: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    let mut missing = Vec::new();
    for (at, track) in disc.tracks.iter().enumerate() {
        match &track.isrc {
            Some(isrc) => owners.entry(isrc.as_str()).or_default().push(at + 1),
            None => missing.push(at + 1),
        }
    }
    let list = |numbers: &[usize]| numbers.iter().map(|n| format!("{n:02}")).collect::<Vec<_>>().join(", ");
    for (isrc, numbers) in owners.iter().filter(|(_, numbers)| numbers.len() > 1) {
        found.push(
            Finding::new("isrc_twice", Severity::Warning, format!("{isrc} stands on more than one track"))
                .about(format!("tracks {}", list(numbers)))
                .limit("one recording each")
                .advice("every recording has a code of its own; a copied line is the usual reason"),
        );
    }
    if !missing.is_empty() {
        found.push(
            Finding::new(
                "no_isrc",
                Severity::Warning,
                format!("no ISRC on {} of {} tracks", missing.len(), disc.tracks.len()),
            )
            .about(format!("tracks {}", list(&missing)))
            .limit("one each")
            .advice("the owner of the recording assigns them; broadcasters pay by them"),
        );
    }
    found
}

fn flags(track: &Track) -> impl Iterator<Item = Finding> + use<> {
    let note = |rule, severity, what, advice| Finding::new(rule, severity, what).advice(advice);
    let mut found = Vec::new();
    if track.flags.pre_emphasis {
        let advice = "right only if the audio was recorded with 50/15 µs emphasis; players turn the treble down by 10 dB";
        found.push(note("pre_emphasis", Severity::Warning, "pre-emphasis is declared", advice));
    }
    if track.flags.four_channel {
        let advice = "no player knows it; take it off";
        found.push(note("four_channel", Severity::Warning, "four-channel audio is declared", advice));
    }
    if track.flags.copying == Copying::Scms {
        let advice = "digital recorders take one generation of copies; few discs carry it";
        found.push(note("scms", Severity::Info, "copying is managed (SCMS)", advice));
    }
    found.into_iter()
}

fn hidden(disc: &Disc) -> Option<Finding> {
    let length = disc.hidden()?;
    Some(
        Finding::new("hidden_track", Severity::Info, format!("{length} before track 1, beyond the 2 s of every disc"))
            .advice("heard by winding back from track 1; computers and some players do not find it, and streaming has no place for it"),
    )
}

fn no_text() -> Finding {
    Finding::new("no_cd_text", Severity::Info, "the disc has no CD-TEXT")
        .advice("cars and players show titles from it; plants write it without extra cost")
}

/// Tracks without a title where others have one.
fn titles(disc: &Disc) -> Option<Finding> {
    let block = disc.text.first()?;
    let bare: Vec<String> = (1..=disc.tracks.len())
        .filter(|track| block.get(*track, super::text::Field::Title).is_empty())
        .map(|n| format!("{n:02}"))
        .collect();
    (!bare.is_empty() && block.has(super::text::Field::Title)).then(|| {
        Finding::new("no_title", Severity::Warning, "CD-TEXT has titles, but not for every track")
            .about(format!("tracks {}", bare.join(", ")))
            .limit("one each")
            .advice("players show nothing there")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disc::codes::{Ean, Isrc};
    use crate::disc::text::Block;

    /// Three tracks of 5 s, everything told.
    fn disc() -> Disc {
        let track = |n: u32| Track {
            isrc: Some(Isrc::parse(&format!("USABC123456{n}")).unwrap()),
            ..Track::at(Sectors::new(150 + 375 * n))
        };
        let mut tracks: Vec<Track> = (0..3).map(track).collect();
        tracks[0].pregap = Some(Sectors::ZERO);
        Disc {
            tracks,
            end: Sectors::new(150 + 3 * 375),
            ean: Some(Ean::parse("4006381333931").unwrap()),
            master_id: "CAT-001".to_owned(),
            text: vec![Block::titles("Disc", "Artist", ["a", "b", "c"])],
        }
    }

    /// Codes of the errors after a change.
    fn errors(change: impl FnOnce(&mut Disc)) -> Vec<&'static str> {
        let mut disc = disc();
        change(&mut disc);
        let (errors, _) = check(&disc);
        assert_eq!(RedBook::new(disc).is_err(), !errors.is_empty());
        for error in &errors {
            assert!(error.kind == Kind::Gate && error.hint.is_some(), "{error:?}");
        }
        errors.iter().map(|error| error.code).collect()
    }

    fn rules(change: impl FnOnce(&mut Disc)) -> Vec<&'static str> {
        let mut disc = disc();
        change(&mut disc);
        let red_book = RedBook::new(disc).unwrap();
        for finding in red_book.findings() {
            assert!(!finding.advice.is_empty() && finding.severity < Severity::Blocker, "{finding:?}");
        }
        red_book.findings().iter().map(|finding| finding.rule).collect()
    }

    /// So many tracks of 4 s each.
    fn many(disc: &mut Disc, tracks: u32) {
        disc.text.clear();
        disc.tracks = (0..tracks).map(|n| Track::at(Sectors::new(150 + 300 * n))).collect();
        disc.tracks[0].pregap = Some(Sectors::ZERO);
        disc.end = Sectors::new(150 + 300 * tracks);
    }

    #[test]
    fn a_disc_in_order_has_nothing_to_be_said_of() {
        assert!(errors(|_| {}).is_empty());
        assert!(rules(|_| {}).is_empty());
    }

    #[test]
    fn a_disc_has_one_to_ninety_nine_tracks() {
        assert_eq!(errors(|disc| *disc = Disc::default()), ["no_tracks"]);
        assert!(errors(|disc| many(disc, 99)).is_empty());
        assert_eq!(errors(|disc| many(disc, 100)), ["too_many_tracks"]);
    }

    #[test]
    fn a_track_has_ninety_nine_indexes_at_most() {
        let to = |last: u32| {
            move |disc: &mut Disc| {
                disc.tracks[2].indexes = (2..=last).map(|n| Sectors::new(900 + n)).collect()
            }
        };
        assert!(errors(to(99)).is_empty());
        assert_eq!(errors(to(100)), ["too_many_indexes"]);
    }

    #[test]
    fn the_disc_begins_with_index_00_at_zero_and_two_seconds() {
        assert_eq!(errors(|disc| disc.tracks[0].pregap = None), ["first_index_not_zero"]);
        assert_eq!(errors(|disc| disc.tracks[0].pregap = Some(Sectors::new(1))), ["first_index_not_zero"]);
        assert_eq!(errors(|disc| disc.tracks[0].start = Sectors::new(149)), ["first_pregap_short"]);
    }

    #[test]
    fn a_track_lasts_four_seconds() {
        assert_eq!(errors(|disc| disc.tracks[1].start = Sectors::new(449)), ["track_short"]);
        assert!(errors(|disc| disc.tracks[1].start = Sectors::new(450)).is_empty());
        // The last one is measured to the lead-out.
        assert_eq!(errors(|disc| disc.end = Sectors::new(900 + 299)), ["track_short"]);
        assert!(errors(|disc| disc.end = Sectors::new(900 + 300)).is_empty());
    }

    #[test]
    fn indexes_follow_each_other_and_stand_before_the_end() {
        assert_eq!(errors(|disc| disc.tracks[1].pregap = Some(Sectors::new(525))), ["index_order"]);
        assert_eq!(errors(|disc| disc.tracks[1].pregap = Some(Sectors::new(150))), ["index_order"]);
        assert_eq!(
            errors(|disc| disc.tracks[0].indexes = vec![Sectors::new(300), Sectors::new(250)]),
            ["index_order"]
        );
        assert_eq!(errors(|disc| disc.tracks[0].indexes = vec![Sectors::new(525)]), ["index_order"]);
        assert_eq!(errors(|disc| disc.tracks[2].indexes = vec![disc.end]), ["index_past_end"]);
        assert!(errors(|disc| disc.tracks[2].indexes = vec![disc.end.minus(Sectors::new(1))]).is_empty());
    }

    #[test]
    fn a_disc_ends_before_its_minutes_do() {
        assert!(errors(|disc| disc.end = Sectors::LAST_ADDRESS).is_empty());
        assert_eq!(errors(|disc| disc.end = Sectors::new(450_000)), ["disc_too_long"]);
    }

    #[test]
    fn a_master_id_is_forty_eight_plain_characters() {
        assert!(errors(|disc| disc.master_id = "x".repeat(48)).is_empty());
        assert_eq!(errors(|disc| disc.master_id = "x".repeat(49)), ["master_id_long"]);
        assert_eq!(errors(|disc| disc.master_id = "Größe".to_owned()), ["master_id_characters"]);
    }

    #[test]
    fn text_that_does_not_fit_is_refused_with_the_rest() {
        let broken = errors(|disc| {
            disc.text[0].disc.title = "音".to_owned();
            disc.tracks[0].start = Sectors::new(10);
        });
        assert_eq!(broken, ["first_pregap_short", "cd_text_not_latin"]);
    }

    #[test]
    fn flags_that_contradict_each_other_cannot_be_had() {
        assert_eq!(Copying::from_flags(true, true).unwrap_err().code, "dcp_and_scms");
        assert_eq!(Copying::from_flags(true, false), Ok(Copying::Permitted));
        assert_eq!(Copying::from_flags(false, true), Ok(Copying::Scms));
        assert_eq!(Copying::from_flags(false, false), Ok(Copying::Prohibited));
    }

    #[test]
    fn long_discs_are_told() {
        // A programme of 74:00:00 and of 79:57:74, the 2 s before it not counted.
        assert!(rules(|disc| disc.end = Sectors::new(333_150)).is_empty());
        assert_eq!(rules(|disc| disc.end = Sectors::new(333_151)), ["long_disc"]);
        assert_eq!(rules(|disc| disc.end = Sectors::new(359_999)), ["long_disc"]);
        assert_eq!(rules(|disc| disc.end = Sectors::new(360_000)), ["longer_than_discs"]);
    }

    #[test]
    fn missing_doubled_and_mistyped_codes_are_told() {
        assert_eq!(rules(|disc| disc.tracks[1].isrc = None), ["no_isrc"]);
        assert_eq!(rules(|disc| disc.tracks[1].isrc = disc.tracks[0].isrc.clone()), ["isrc_twice"]);
        assert_eq!(rules(|disc| disc.ean = None), ["no_ean"]);
        assert_eq!(rules(|disc| disc.ean = Some(Ean::parse("4006381333932").unwrap())), ["ean_check_digit"]);
        assert_eq!(rules(|disc| disc.master_id.clear()), ["no_master_id"]);
        assert_eq!(rules(|disc| disc.text.clear()), ["no_cd_text"]);
        assert_eq!(rules(|disc| disc.text[0].tracks[1].title.clear()), ["no_title"]);
    }

    #[test]
    fn unusual_flags_and_a_hidden_track_are_told() {
        assert_eq!(rules(|disc| disc.tracks[1].flags.pre_emphasis = true), ["pre_emphasis"]);
        assert_eq!(rules(|disc| disc.tracks[1].flags.four_channel = true), ["four_channel"]);
        assert_eq!(rules(|disc| disc.tracks[1].flags.copying = Copying::Scms), ["scms"]);
        assert_eq!(rules(|disc| disc.tracks[0].start = Sectors::new(151)), ["hidden_track"]);
    }
}
