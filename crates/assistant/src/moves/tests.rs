use super::*;
use crate::again::Again;
use crate::write::{Base, Desk, StripPlan, fresh, update};

fn desk() -> Desk {
    let mut desk = Desk {
        name: "Song".to_owned(),
        sample_rate_hz: 48_000,
        tempo: (120.0, String::new()),
        time_signature: "4/4".to_owned(),
        mix: StripPlan::named("mix", "Mix"),
        ..Desk::default()
    };
    let mut lead = StripPlan::named("lead", "Lead");
    lead.heading = "Lead vocals".to_owned();
    lead.source = Some(crate::write::SourcePlan { file: "lead.wav".to_owned(), ..Default::default() });
    desk.tracks.push(lead);
    desk
}

fn trim(db: f64) -> Draft {
    let place = Place::control("lead", "trim_db");
    Draft::new("balance.trim", Family::Balance, place, db.into(), 0.0.into(), "To {value}.")
        .because("active_lufs", -23.0 - db)
        .evidence("a paper")
}

fn bell(db: f64) -> Draft {
    let full = named([("kind", "bell".into()), ("freq_hz", 1000.0.into()), ("gain_db", db.into())]);
    let neutral = named([("gain_db", 0.0.into())]);
    let place = Place::band("lead", "clean", 1);
    Draft::new("cleanup.resonance", Family::Cleanup, place, full, neutral, "{gain_db} at {freq_hz}.").nth(1)
}

/// The session of a run of these drafts on top of another.
fn session(drafts: &[Draft], strengths: Strengths, again: Option<&Again>) -> (String, Vec<Move>) {
    let mut desk = desk();
    let mut book = Book::new(strengths, Default::default(), again);
    for draft in drafts {
        book.put(&mut desk, draft.clone());
    }
    let text = match again {
        Some(again) => update(&again.base, &desk, &again.gone(book.moves())).unwrap(),
        None => fresh(&desk),
    };
    let moves = book.finish(&desk);
    let ledger = Ledger { style: "pop".to_owned(), moves: moves.clone(), ..Ledger::default() };
    (format!("{}\n{}", text.trim_end(), write(&ledger)), moves)
}

#[test]
fn a_strength_of_a_half_is_half_the_decibels_and_the_root_of_a_ratio() {
    let full = named([("gain_db", (-6.0).into()), ("freq_hz", 320.0.into()), ("kind", "bell".into())]);
    let neutral = named([("gain_db", 0.0.into()), ("freq_hz", 20.0.into())]);
    let half = full.blend(&neutral, 0.5, "").tidied("");
    assert_eq!(half.number_of("gain_db"), Some(-3.0));
    // sqrt(20 * 320) = 80.
    assert_eq!(half.number_of("freq_hz"), Some(80.0));
    assert_eq!(half.get("kind"), Some(&Value::Word("bell".to_owned())));
    assert_eq!(full.blend(&neutral, 1.5, "").number_of("gain_db"), Some(-9.0));
}

#[test]
fn numbers_are_written_as_a_person_would() {
    assert_eq!(tidy("gain_db", -2.449), -2.4);
    assert_eq!(tidy("freq_hz", 2613.7), 2610.0);
    assert_eq!(tidy("freq_hz", 83.26), 83.3);
    assert_eq!(tidy("pan", 0.3349), 0.33);
    assert_eq!(tidy("delay_samples", 162.4), 162.0);
    assert_eq!(tidy("gain_db", -0.04).to_bits(), 0.0_f64.to_bits(), "no negative zero");
    assert_eq!(amount("freq_hz", 2610.0), "2.61 kHz");
    assert_eq!(amount("gain_db", -2.4), "-2.4 dB");
    assert_eq!(amount("pan", -0.4), "40 % left");
}

#[test]
fn addresses_are_read_as_they_are_written() {
    for text in ["lead.trim_db", "lead.clean.band2", "lead.compressor", "lead.send.plate", "lead.ride_db.curve"] {
        assert_eq!(Place::read(text).unwrap().to_string(), text);
    }
    assert_eq!(Place::read("lead.compressor").unwrap().part, Part::Insert("compressor".to_owned()));
    assert!(Place::read("lead").is_none());
    assert!(Place::read("lead.clean.bandx").is_none());
}

#[test]
fn a_session_with_moves_is_a_session_and_says_them_again() {
    let (text, moves) = session(&[trim(3.5), bell(-2.0)], Strengths::default(), None);
    let parsed = studio::session::Session::parse(&text, "x", std::path::Path::new(""), Default::default()).unwrap();
    assert_eq!(parsed.tracks[0].strip.controls.trim_db, 3.5);
    assert_eq!(parsed.tracks[0].strip.inserts[0].id, "clean");
    let ledger = read(&text).unwrap();
    assert_eq!(ledger.moves, moves);
    assert_eq!(ledger.moves[0].text, "To +3.5 dB.");
    assert_eq!(ledger.moves[1].text, "-2.0 dB at 1 kHz.");
    assert!(!ledger.moves[0].is_held());
}

#[test]
fn the_same_run_on_its_own_output_gives_the_same_bytes() {
    let drafts = [trim(3.5), bell(-2.0)];
    let (text, _) = session(&drafts, Strengths::default(), None);
    let again = Again::read(&text).unwrap();
    assert!(again.held.is_empty());
    let (second, _) = session(&drafts, Strengths::default(), Some(&again));
    assert_eq!(second, text);
}

#[test]
fn what_was_changed_by_hand_stays_and_everything_around_it_moves() {
    let (text, _) = session(&[trim(3.5), bell(-2.0)], Strengths::default(), None);
    let edited = text.replacen("trim_db = 3.5", "trim_db = 5.0 # louder, please", 1);
    let again = Again::read(&edited).unwrap();
    assert_eq!(again.held.keys().collect::<Vec<_>>(), ["balance.trim:lead"]);
    let (second, moves) = session(&[trim(1.0), bell(-3.0)], Strengths::default(), Some(&again));
    assert!(second.contains("trim_db = 5.0 # louder, please"), "{second}");
    assert!(second.contains("gain_db = -3.0"), "{second}");
    assert_eq!((moves[0].value.clone(), moves[0].proposed.clone()), (5.0.into(), 1.0.into()));
    assert!(moves[0].is_held() && !moves[0].locked);
    // And once more: still the hand's.
    let again = Again::read(&second).unwrap();
    assert!(again.held.contains_key("balance.trim:lead"));
}

#[test]
fn a_locked_move_stays_although_its_value_is_the_proposed_one() {
    let (text, _) = session(&[trim(3.5)], Strengths::default(), None);
    let again = Again::read(&text.replacen("locked = false", "locked = true", 1)).unwrap();
    let (second, moves) = session(&[trim(1.0)], Strengths::default(), Some(&again));
    assert!(second.contains("trim_db = 3.5") && moves[0].locked);
    let mut by_word = Again::read(&text).unwrap();
    by_word.lock(&["balance".to_owned()]).unwrap();
    assert!(by_word.held["balance.trim:lead"].locked);
    assert_eq!(by_word.lock(&["ballance".to_owned()]).unwrap_err().code, "unknown_move");
}

#[test]
fn what_a_person_took_away_is_not_put_back() {
    let (text, _) = session(&[trim(3.5), bell(-2.0)], Strengths::default(), None);
    let edited = text.replacen("trim_db = 3.5\n", "", 1);
    let again = Again::read(&edited).unwrap();
    let (second, moves) = session(&[trim(3.5), bell(-2.0)], Strengths::default(), Some(&again));
    assert!(!second.split("[assist]").next().unwrap().contains("trim_db"), "{second}");
    assert!(moves[0].is_held());
}

#[test]
fn an_equaliser_with_a_band_more_is_the_persons() {
    let (text, _) = session(&[bell(-2.0)], Strengths::default(), None);
    let edited = text.replacen("] }", "  { kind = \"bell\", freq_hz = 300.0, gain_db = 1.0 },\n] }", 1);
    let again = Again::read(&edited).unwrap();
    assert_eq!(again.by_hand.len(), 1);
    let (second, _) = {
        let mut desk = desk();
        desk.by_hand = again.by_hand.clone();
        let mut book = Book::new(Strengths::default(), Default::default(), Some(&again));
        book.put(&mut desk, bell(-6.0));
        (update(&again.base, &desk, &again.gone(book.moves())).unwrap(), ())
    };
    assert!(second.contains("gain_db = -2.0") && second.contains("freq_hz = 300.0"), "{second}");
}

#[test]
fn undoing_a_rule_takes_its_value_out_of_the_text_and_nothing_else() {
    let (text, _) = session(&[trim(3.5), bell(-2.0)], Strengths::default(), None);
    let again = Again::read(&text).unwrap();
    let (second, moves) = session(&[trim(3.5)], Strengths::default(), Some(&again));
    assert!(!second.contains("[[track.insert]]") && second.contains("trim_db = 3.5"), "{second}");
    assert_eq!(moves.len(), 1);
    let mut book = Book::new(Strengths::default(), ["cleanup".to_owned()].into(), None);
    assert!(book.put(&mut desk(), bell(-2.0)).is_none());
    assert!(book.put(&mut desk(), trim(1.0)).is_some());
}

#[test]
fn a_family_at_strength_0_does_nothing_at_all() {
    let (text, moves) = session(&[trim(3.5), bell(-2.0)], Strengths::all(0.0), None);
    assert!(moves.is_empty());
    assert!(!text.contains("trim_db") && !text.contains("insert"));
}

#[test]
fn a_session_the_assistant_never_saw_keeps_what_stands_in_it() {
    let text = "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"lead\"\nfile = \"lead.wav\"\ntrim_db = -2.0\n";
    let again = Again::read(text).unwrap();
    let (second, moves) = session(&[trim(3.5)], Strengths::default(), Some(&again));
    assert!(second.contains("trim_db = -2.0"));
    assert!(moves[0].is_held());
}

#[test]
fn strengths_are_read_with_their_mistakes() {
    let mut strengths = Strengths::default();
    strengths.read("dynamics=0.5").unwrap();
    assert_eq!((strengths.of(Family::Dynamics), strengths.of(Family::Tone)), (0.5, 1.0));
    let error = strengths.read("dynamcs=0.5").unwrap_err();
    assert!(error.hint.unwrap().contains("`dynamics`"));
    assert_eq!(strengths.read("tone=2").unwrap_err().code, "bad_strength");
    strengths.read("all=0").unwrap();
    assert!(Family::ALL.into_iter().all(|family| strengths.of(family) == 0.0));
}

#[test]
fn an_insert_that_is_added_later_stands_at_its_place_in_the_chain() {
    let compressor = Draft::new(
        "dynamics.compress",
        Family::Dynamics,
        Place::insert("lead", "compressor"),
        named([("ratio", 2.0.into())]),
        named([("ratio", 1.0.into())]),
        "",
    );
    let tone = Draft::new(
        "tone.voice",
        Family::Tone,
        Place::band("lead", "tone", 1),
        named([("kind", "bell".into()), ("gain_db", 1.0.into())]),
        named([("gain_db", 0.0.into())]),
        "",
    );
    let (text, _) = session(&[bell(-2.0), tone.clone()], Strengths::default(), None);
    let again = Again::read(&text).unwrap();
    let (second, _) = session(&[bell(-2.0), tone, compressor], Strengths::default(), Some(&again));
    let parsed =
        studio::session::Session::parse(&second, "x", std::path::Path::new(""), Default::default()).unwrap();
    let ids: Vec<&str> = parsed.tracks[0].strip.inserts.iter().map(|insert| insert.id.as_str()).collect();
    assert_eq!(ids, ["clean", "compressor", "tone"]);
    assert!(Base::parse(&second).unwrap().bands("lead", "tone") == Some(1));
}
