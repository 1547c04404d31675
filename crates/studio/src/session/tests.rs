use super::*;
use proptest::prelude::*;

const WHOLE: &str = r#"# A song.
version = 1

[session]
name = "Test"          # what people call it
sample_rate_hz = 48000
tempo_bpm = 120

[[track]]
id = "kick"
file = "audio/kick.wav"
fader_db = -3.5   # a bit loud
output = "drums"

[[track]]
id = "lead"
name = "Lead vocal"
trim_db = 2
polarity = "inverted"
delay_samples = 12
delay_ms = 1.0
pan = 0.25
pan_law = -4.5
insert = [
  { gain = { gain_db = -3.0, key = "kick" } },             # quieter
  { gain = { id = "late", on = false, key = { from = "kick", tap = "pre_fx" } } },
]
sends = [ { to = "plate", gain_db = -12, tap = "pre" } ]

[[track.clip]]
file = "audio/lead.wav"
start_seconds = 1.5
offset_seconds = 0.25
length_seconds = 3
gain_db = -1
fade_in_ms = 10
fade_out_ms = 20
fade_out_shape = "smooth"
channels = [2]

[[track.clip]]
file = "audio/lead.wav"
start_beats = 16

[[bus]]
id = "drums"

[[bus]]
id = "plate"
layout = "mono"

[[vca]]
id = "all"
members = ["kick", "lead"]
fader_db = -inf

[mix]
fader_db = -1.0

[[automation]]
target = "lead.late.gain_db"
points = [[0, -6.0], [1.5, 0.0]]

[[automation]]
target = "lead.send.plate.gain_db"
time = "beats"
curve = "hold"
points = [[4, -inf], [8, -6]]

[[automation]]
target = "kick.mute"
points = [[2.0, true]]
"#;

fn parse(text: &str) -> Result<Session, Vec<Error>> {
    Session::parse(text, "s.toml", Path::new("."), Options::default())
}

fn whole() -> Session {
    parse(WHOLE)
        .unwrap_or_else(|errors| panic!("{}", errors.iter().map(|e| format!("{e}\n")).collect::<String>()))
}

#[test]
fn a_session_says_what_the_text_says() {
    let session = whole();
    assert_eq!((session.name.as_str(), session.sample_rate_hz, session.tempo_bpm), ("Test", 48_000, 120.0));
    let [kick, lead] = session.tracks.as_slice() else { panic!("two tracks") };
    assert_eq!(kick.strip.controls.fader_db, -3.5);
    assert_eq!(kick.strip.output.id, "drums");
    assert_eq!(kick.clips[0].file.id, "audio/kick.wav");
    assert_eq!(lead.strip.name, "Lead vocal");
    assert_eq!(lead.strip.controls.polarity, Polarity::Inverted);
    assert_eq!(lead.strip.controls.pan_law, PanLaw::Minus4_5);
    assert_eq!((lead.strip.controls.delay_samples, lead.strip.controls.delay_ms), (12.0, 1.0));
    assert_eq!(lead.strip.inserts[0].settings.get(0), -3.0);
    assert_eq!(
        lead.strip.inserts[0].key.as_ref().map(|key| (key.from.id.as_str(), key.controls.tap)),
        Some(("kick", Tap::Pre))
    );
    assert!(!lead.strip.inserts[1].on);
    assert_eq!(lead.strip.inserts[1].key.as_ref().map(|key| key.controls.tap), Some(Tap::PreFx));
    assert_eq!((lead.strip.sends[0].controls.gain_db, lead.strip.sends[0].controls.tap), (-12.0, Tap::Pre));
    let clip = &lead.clips[0].controls;
    assert_eq!((clip.start_seconds, clip.offset_seconds, clip.length_seconds), (1.5, 0.25, 3.0));
    assert_eq!((clip.fade_in_ms, clip.fade_out_ms, clip.fade_out_shape), (10.0, 20.0, FadeShape::Smooth));
    assert_eq!(lead.clips[0].channels, [1]);
    assert!(lead.clips[1].in_beats);
    assert_eq!(session.buses[1].layout, BusLayout::Mono);
    assert_eq!(session.vcas[0].controls.fader_db, controls::OFF_DB);
    assert_eq!(session.mix.controls.fader_db, -1.0);
    let [gain, send, mute] = session.automation.as_slice() else { panic!("three curves") };
    assert_eq!(gain.target.part, Part::Insert { insert: 1, index: 0 });
    let hold = |seconds, value| Point { seconds, value, course: Course::Hold };
    assert_eq!(send.points, [hold(2.0, controls::OFF_DB), hold(4.0, -6.0)]);
    assert_eq!(mute.points, [hold(2.0, 1.0)]);
}

#[test]
fn a_compressor_with_a_key_listens_to_it_and_bands_are_set_one_by_one() {
    let text = "insert = [{ compressor = { threshold_db = -30, key = \"o\" } }, { compressor = { id = \"own\" } },\n\
                { eq = { band = [{ gain_db = 3 }, { kind = \"high_pass\", freq_hz = 90 }] } }]\n\
                [[track]]\nid = \"o\"\nfile = \"o.wav\"\n\
                [[automation]]\ntarget = \"kick.eq.band2.freq_hz\"\npoints = [[0, 50]]";
    let session = parse(&with(text)).unwrap();
    let inserts = &session.tracks[0].strip.inserts;
    let value = |insert: &Insert, address: &str| {
        insert.settings.get(insert.settings.description().index_of(address).unwrap())
    };
    assert_eq!((value(&inserts[0], "external_key"), value(&inserts[1], "external_key")), (1.0, 0.0));
    assert_eq!((value(&inserts[2], "band1.gain_db"), value(&inserts[2], "band2.freq_hz")), (3.0, 90.0));
    let mut document = Document::parse(&with(text)).unwrap();
    document.set_at(&session, "kick.eq.band4.gain_db", -1.5).unwrap();
    document.set_at(&session, "kick.eq.band1.gain_db", 2.0).unwrap();
    let edited = document.session("s", Path::new("."), Options::default()).unwrap();
    let eq = &edited.tracks[0].strip.inserts[2];
    assert_eq!(
        (value(eq, "band1.gain_db"), value(eq, "band4.gain_db"), value(eq, "band2.freq_hz")),
        (2.0, -1.5, 90.0)
    );
    for (wrong, word) in [
        ("insert = [{ eq = { band = [{ kind = \"hipass\" }] } }]", "`high_pass`"),
        ("insert = [{ eq = { band = [{ frequency_hz = 3 }] } }]", "`freq_hz`"),
        ("insert = [{ eq = { bands = [] } }]", "`band`"),
        ("insert = [{ comp = { } }]", "`compressor`"),
        ("insert = [{ compressor = { treshold = -3 } }]", "`threshold_db`"),
    ] {
        let hint = parse(&with(wrong)).map(|_| ()).unwrap_err()[0].hint.clone().unwrap_or_default();
        assert!(hint.contains(word), "{wrong}: {hint}");
    }
}

/// What is wrong, the line it is on, its code, and a word its message or hint must have.
const WRONG: &[(&str, usize, &str, &str)] = &[
    ("fader_bd = -3.0", 9, "unknown_key", "`fader_db`"),
    ("fader_db = \"loud\"", 9, "wrong_type", "a number"),
    ("fader_db = 20", 9, "out_of_range", "-144 to 12 dB"),
    ("fader_db = nan", 9, "not_finite", "fader_db"),
    ("fader_db = inf", 9, "not_finite", "fader_db"),
    ("trim_db = -inf", 9, "not_finite", "trim_db"),
    ("trim_db = 1e400", 9, "", ""),
    ("pan = 1.01", 9, "out_of_range", "-1 to 1"),
    ("mute = 1", 9, "wrong_type", "true or false"),
    ("polarity = \"invert\"", 9, "unknown_word", "`inverted`"),
    ("pan_law = -3.1", 9, "unknown_word", "-3"),
    ("delay_samples = 1.5", 9, "out_of_range", "whole number"),
    ("output = \"drum\"", 9, "unknown_bus", "`drums`"),
    ("output = 3", 9, "wrong_type", "a text"),
    ("file = \"b.wav\"", 9, "not_toml", "duplicate"),
    ("clip = [{ file = \"b.wav\" }]", 9, "two_ways", "not both"),
    ("sends = [{ to = \"drms\", gain_db = -6 }]", 9, "unknown_bus", "`drums`"),
    ("sends = [{ gain_db = -6 }]", 9, "missing_key", "`to`"),
    ("sends = [{ to = \"drums\", gian_db = -6 }]", 9, "unknown_key", "`gain_db`"),
    ("sends = [{ to = \"drums\", tap = \"prefx\" }]", 9, "unknown_word", "`pre_fx`"),
    ("sends = [{ to = \"drums\" }, { to = \"drums\" }]", 9, "duplicate_send", "twice"),
    ("sends = 1", 9, "wrong_type", "a list"),
    ("insert = [{ gian = {} }]", 9, "unknown_processor", "`gain`"),
    ("insert = [{ gain = { gian_db = 1 } }]", 9, "unknown_key", "`gain_db`"),
    ("insert = [{ gain = { gain_db = 25 } }]", 9, "out_of_range", "24"),
    ("insert = [{ gain = { key = \"kik\" } }]", 9, "unknown_strip", "`kick`"),
    ("insert = [{ gain = 3 }]", 9, "wrong_type", "a table"),
    ("insert = [{ gain = {}, eq = {} }]", 9, "bad_insert", "one processor"),
    ("insert = [{}]", 9, "bad_insert", "one processor"),
    ("insert = [\"gain\"]", 9, "wrong_type", "a table"),
    ("insert = [{ gain = { id = \"a b\" } }]", 9, "bad_id", "letters"),
    ("insert = [{ gain = { id = \"a\" } }, { gain = { id = \"a\" } }]", 9, "duplicate_id", "`a`"),
    ("channels = [0]", 9, "bad_channels", "from 1"),
    ("channels = [1, 2, 3, 4, 5, 6, 7]", 9, "bad_channels", "1 to 6, 8, 10 or 12"),
    ("name = \"a\\u0000b\"", 9, "bad_text", "control"),
    ("[[bus]]\nid = \"kick\"", 10, "duplicate_id", "line 7"),
    ("[[bus]]\nid = \"mix\"", 10, "bad_id", "mix bus"),
    ("[[bus]]\nname = \"x\"", 9, "missing_key", "`id`"),
    (
        "[[bus]]\nid = \"a\"\noutput = \"b\"\n[[bus]]\nid = \"b\"\noutput = \"a\"",
        14,
        "routing_cycle",
        "a → b → a",
    ),
    ("insert = [{ gain = { key = \"kick\" } }]", 9, "routing_cycle", "kick → kick"),
    ("[[track]]\nid = \"x\"", 9, "missing_key", "no audio"),
    ("[[track]]\nid = \"x\"\nfile = \"../x.wav\"", 11, "external_file", "outside"),
    ("[[track]]\nid = \"x\"\nfile = \"/etc/passwd\"", 11, "external_file", "outside"),
    (
        "[[track]]\nid = \"x\"\n[[track.clip]]\nfile = \"a\"\nstart_seconds = -1",
        13,
        "out_of_range",
        "start_seconds",
    ),
    (
        "[[track]]\nid = \"x\"\n[[track.clip]]\nfile = \"a\"\nstart_seconds = 1\nstart_beats = 1",
        14,
        "two_ways",
        "not both",
    ),
    ("[[track]]\nid = \"x\"\n[[track.clip]]\nfile = \"a\"\nfade_in = 1", 13, "unknown_key", "`fade_in_ms`"),
    ("folder = \"drms\"", 9, "unknown_folder", "`drums`"),
    ("folder = \"drums\"\noutput = \"mix\"", 10, "two_ways", "out of the folder"),
    ("[[bus]]\nid = \"x\"\nmembers = [\"kik\"]", 11, "unknown_strip", "`kick`"),
    ("folder = \"drums\"\n[[bus]]\nid = \"x\"\nmembers = [\"kick\"]", 12, "two_folders", "`drums`"),
    (
        "[[bus]]\nid = \"a\"\nfolder = \"b\"\n[[bus]]\nid = \"b\"\nmembers = [\"drums\"]\nfolder = \"a\"",
        15,
        "routing_cycle",
        "a → b → a",
    ),
    (
        "folder = \"drums\"\n[[bus]]\nid = \"a\"\ninsert = [{ gain = { key = \"kick\" } }]\nsends = [{ to = \"b\" }]\n\
         [[track]]\nid = \"t\"\nfile = \"t\"\n[[bus]]\nid = \"b\"\nfolder = \"c\"\n\
         [[bus]]\nid = \"c\"\n[[bus]]\nid = \"d\"\nmembers = [\"c\"]\ninsert = [{ gain = { key = \"e\" } }]\n\
         [[bus]]\nid = \"e\"\ninsert = [{ gain = { key = \"b\" } }]\nsends = [{ to = \"a\" }]",
        29,
        "routing_cycle",
        "a → b → e → a",
    ),
    (
        "[[vca]]\nid = \"v\"\nmembers = [\"w\"]\n[[vca]]\nid = \"w\"\nfolder = \"u\"\nmembers = [\"u\"]\n[[vca]]\nid = \"u\"\nfolder = \"v\"",
        15,
        "vca_cycle",
        "u → w → u",
    ),
    ("pan_mode = \"widh\"", 9, "unknown_word", "`width`"),
    ("sends = [{ to = \"drums\", channels = \"lft\" }]", 9, "unknown_word", "`left`"),
    (
        "insert = [{ gain = { key = { from = \"drums\", high_pas_hz = 3 } } }]",
        9,
        "unknown_key",
        "`high_pass_hz`",
    ),
    ("[[tempo]]\nat_beats = 4", 9, "missing_key", "`bpm`"),
    ("[[tempo]]\nat_beats = 4\nbpm = 5", 11, "out_of_range", "10 to 999"),
    ("[[tempo]]\nat_beats = 4\nat_bar = 2\nbpm = 50", 11, "two_ways", "not both"),
    ("[[tempo]]\nbpm = 90\n[[tempo]]\nat_bar = 1\nbpm = 50", 11, "unsorted_points", "rising"),
    ("[[time_signature]]\nat_bar = 2.5\nsignature = \"3/4\"", 10, "out_of_range", "whole number"),
    ("[[time_signature]]\nat_bar = 2\nsignature = \"3/5\"", 11, "bad_signature", "7/8"),
    ("[[marker]]\nat_bar = 2", 9, "missing_key", "`name`"),
    ("[[marker]]\nname = \"a\"\nat_bar = 2\nat_beats = 3", 9, "two_ways", "one of"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[0, 0, \"es\"]]", 11, "unknown_word", "curve"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[0, 0, \"s\", 2]]", 11, "bad_curve", "tension"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[0, 0, 0.5]]", 11, "bad_curve", "tension"),
    (
        "[[automation]]\ntarget = \"kick.pan\"\ntension = 0.5\npoints = [[0, 0]]",
        11,
        "bad_curve",
        "s and bezier",
    ),
    ("[[automation]]\ntarget = \"kick.pan\"\ntime = \"bars\"\npoints = [[0, 0]]", 12, "out_of_range", "time"),
    ("[[vca]]\nid = \"v\"\nmembers = [\"kic\"]", 11, "unknown_strip", "`kick`"),
    ("[[trak]]\nid = \"v\"", 9, "unknown_key", "`track`"),
    ("[mix]\nlimiter = true", 10, "unknown_key", ""),
    ("[[automation]]\ntarget = \"kick.fader_bd\"\npoints = [[0, 0]]", 10, "unknown_target", "kick.fader_db"),
    ("[[automation]]\ntarget = \"kik.pan\"\npoints = [[0, 0]]", 10, "unknown_strip", "kick.pan"),
    ("[[automation]]\ntarget = \"kick.trim_db\"\npoints = [[0, 0]]", 10, "unknown_target", ""),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[1, 0], [1, 1]]", 11, "unsorted_points", "rising"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[1, 0], [0.5, 1]]", 11, "unsorted_points", "rising"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[1, 2.0]]", 11, "out_of_range", "-1 to 1"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [[nan, 0]]", 11, "out_of_range", "time"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = [1, 2]", 11, "bad_point", "a time and a value"),
    ("[[automation]]\ntarget = \"kick.pan\"\npoints = []", 11, "bad_point", "no point"),
    ("[[automation]]\ntarget = \"kick.pan\"", 9, "missing_key", "`points`"),
    (
        "[[automation]]\ntarget = \"kick.pan\"\ncurve = \"line\"\npoints = [[0, 0]]",
        11,
        "unknown_word",
        "`linear`",
    ),
    (
        "[[automation]]\ntarget = \"kick.pan\"\npoints = [[0, 0]]\n[[automation]]\ntarget = \"kick.pan\"\npoints = [[0, 0]]",
        13,
        "duplicate_target",
        "twice",
    ),
    (
        "insert = [{ gain = {} }, { gain = {} }]\n[[automation]]\ntarget = \"kick.gain.gain_db\"\npoints = [[0, 0]]",
        11,
        "ambiguous_target",
        "`id`",
    ),
];

/// The lines land on line 9 of a session that is otherwise fine.
fn with(lines: &str) -> String {
    format!(
        "version = 1\n[session]\nsample_rate_hz = 48000\n[[bus]]\nid = \"drums\"\n\
         [[track]]\nid = \"kick\"\nfile = \"a.wav\"\n{lines}\n"
    )
}

#[test]
fn every_mistake_names_its_line_and_the_way_out() {
    let mut missed = String::new();
    for (line, at, code, word) in WRONG {
        let Err(errors) = parse(&with(line)) else {
            missed.push_str(&format!("accepted: {line}\n"));
            continue;
        };
        let (error, place) = (&errors[0], errors[0].place.as_ref());
        let said = format!(
            "{} {} {}",
            error.what,
            error.hint.clone().unwrap_or_default(),
            place.map_or("", |p| &p.label)
        );
        let right = place.is_some_and(|place| place.line == *at)
            && (code.is_empty() || error.code == *code)
            && said.contains(word)
            && error.kind.exit_code() == 3;
        if !right {
            missed.push_str(&format!("{line}: line {at} {code} `{word}` wanted, {error} {said}\n"));
        }
    }
    assert!(missed.is_empty(), "{missed}");
}

#[test]
fn all_mistakes_are_reported_together_in_the_order_of_the_text() {
    let errors = parse(&with("fader_bd = 1\npan = 7\noutput = \"x\"")).map(|_| ()).unwrap_err();
    let lines: Vec<usize> = errors.iter().filter_map(|error| Some(error.place.as_ref()?.line)).collect();
    assert_eq!(lines, [9, 10, 11]);
}

#[test]
fn musical_time_is_read_and_points_have_their_courses() {
    let text = with(
        "[[time_signature]]\nat_bar = 3\nsignature = \"3/4\"\n[[tempo]]\nat_bar = 4\nbpm = 60\n\
         [[marker]]\nname = \"Chorus\"\nat_bar = 5\n[[marker]]\nname = \"In\"\nat_seconds = 0.5\n\
         [[automation]]\ntarget = \"kick.fader_db\"\ntime = \"bars\"\ncurve = \"exponential\"\ntension = -0.25\n\
         points = [[1, -6], [2.5, 0, \"s\"], [3, 1, 0.75], [4, 2, \"bezier\", 0.1, 0.2, 0.3, 0.4], [5, 3, \"hold\"]]",
    );
    let session = parse(&text).unwrap();
    // Bars of 4 beats, from the third on of 3: bar 4 on beat 11, at 5.5 s; bar 5 three beats of a second later.
    let markers: Vec<(&str, f64)> =
        session.markers.iter().map(|marker| (marker.name.as_str(), marker.seconds)).collect();
    assert_eq!(markers, [("In", 0.5), ("Chorus", 8.5)]);
    let points: Vec<(f64, Course)> =
        session.automation[0].points.iter().map(|point| (point.seconds, point.course)).collect();
    assert_eq!(
        points,
        [
            (0.0, Course::Exponential(-0.25)),
            (3.0, Course::S(1.0)),
            (4.0, Course::Exponential(0.75)),
            (5.5, Course::Bezier([0.1, 0.2, 0.3, 0.4])),
            (8.5, Course::Hold),
        ]
    );
}

#[test]
fn curves_without_numbers_have_the_usual_ones_and_switches_hold_whatever_is_said() {
    let text = with(
        "[[automation]]\ntarget = \"kick.fader_db\"\npoints = [[0, -6, \"exponential\"], [1, 0, \"s\"], [2, -1, \"bezier\"], [3, 0]]\n\
         [[automation]]\ntarget = \"kick.mute\"\ncurve = \"s\"\npoints = [[0, true], [1, false, \"linear\"]]",
    );
    let session = parse(&text).unwrap();
    let courses = |index: usize| -> Vec<Course> {
        session.automation[index].points.iter().map(|point| point.course).collect()
    };
    assert_eq!(
        courses(0),
        [Course::Exponential(0.5), Course::S(1.0), Course::Bezier([0.5, 0.0, 0.5, 1.0]), Course::Linear]
    );
    assert_eq!(courses(1), [Course::Hold, Course::Hold]);
}

#[test]
fn missing_heads_and_wrong_versions_are_said() {
    for (text, code) in [
        ("", "missing_key"),
        ("version = 2\n[session]\nsample_rate_hz = 48000\n", "wrong_version"),
        ("version = 1\n[session]\nname = \"x\"\n", "missing_key"),
        ("version = 1\n[session]\nsample_rate_hz = 32000\n", "out_of_range"),
        ("version = 1\n[session]\nsample_rate_hz = 48000\n", "no_tracks"),
        ("version = 1\n[session]\nsample_rate_hz = 48000\ntempo_bpm = 0\n", "out_of_range"),
        ("version = \n", "not_toml"),
        ("a = {", "not_toml"),
    ] {
        let errors = parse(text).map(|_| ()).unwrap_err();
        assert_eq!(errors[0].code, code, "{text}");
    }
}

#[test]
fn external_files_are_taken_when_allowed() {
    let text = with("").replace("a.wav", "../a.wav");
    let allowed = Options { allow_external: true };
    assert!(Session::parse(&text, "s", Path::new("."), allowed).is_ok());
    assert!(parse(&text).is_err());
}

#[test]
fn a_missing_file_is_named_with_its_neighbour() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("b.wav"), b"x").unwrap();
    let session = Session::parse(&with(""), "s.toml", folder.path(), Options::default()).unwrap();
    let errors = session.check_files();
    assert_eq!(errors[0].code, "not_found");
    assert!(errors[0].hint.as_deref().unwrap_or_default().contains("`b.wav`"));
    assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(8));
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused() {
    let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    std::fs::write(outside.path().join("x.wav"), b"x").unwrap();
    std::os::unix::fs::symlink(outside.path().join("x.wav"), folder.path().join("a.wav")).unwrap();
    let session = Session::parse(&with(""), "s.toml", folder.path(), Options::default()).unwrap();
    assert_eq!(session.check_files()[0].code, "external_file");
}

#[test]
fn bombs_are_refused() {
    let deep = format!("version = 1\nx = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(parse(&deep).map(|_| ()).unwrap_err()[0].code, "not_toml");
    let dotted = format!("{} = 1", vec!["a"; 100_000].join("."));
    assert!(parse(&dotted).is_err());
    let tables = format!("version = 1\nx = {}{}", "{ a = ".repeat(100_000), "}".repeat(100_000));
    assert!(parse(&tables).is_err());
    let long = " ".repeat(MOST_TEXT_BYTES + 1);
    assert_eq!(parse(&long).map(|_| ()).unwrap_err()[0].code, "too_large");
    let many: String = (0..10_000).map(|i| format!("[[track]]\nid = \"t{i}\"\nfile = \"a\"\n")).collect();
    let text = format!("version = 1\n[session]\nsample_rate_hz = 48000\n{many}");
    assert_eq!(parse(&text).map(|_| ()).unwrap_err()[0].code, "too_many");
}

#[test]
fn thousands_of_buses_in_a_row_are_no_cycle_and_no_overflow() {
    let mut text = with("output = \"b0\"");
    for i in 0..2000 {
        let to = if i == 1999 { "mix".to_owned() } else { format!("b{}", i + 1) };
        text.push_str(&format!("[[bus]]\nid = \"b{i}\"\noutput = \"{to}\"\n"));
    }
    assert!(parse(&text).is_ok());
    let round = text.replace("output = \"mix\"", "output = \"b0\"");
    assert_eq!(parse(&round).map(|_| ()).unwrap_err()[0].code, "routing_cycle");
}

#[test]
fn an_untouched_document_is_the_same_text() {
    assert_eq!(Document::parse(WHOLE).unwrap().to_string(), WHOLE);
}

#[test]
fn an_edit_changes_one_value_and_keeps_every_comment() {
    let mut document = Document::parse(WHOLE).unwrap();
    document.set("kick", "fader_db", &Setting::Number(-4.5)).unwrap();
    assert_eq!(document.to_string(), WHOLE.replace("fader_db = -3.5 ", "fader_db = -4.5 "));
    let session = whole();
    document.set_at(&session, "lead.late.gain_db", -2.0).unwrap();
    document.set_at(&session, "lead.send.plate.gain_db", -9.0).unwrap();
    document.set_at(&session, "mix.pan", 0.5).unwrap();
    document.set_at(&session, "all.mute", 1.0).unwrap();
    let text = document.to_string();
    for comment in ["# A song.", "# what people call it", "# a bit loud", "# quieter"] {
        assert!(text.contains(comment), "{comment}");
    }
    let edited = parse(&text).unwrap();
    assert_eq!(edited.tracks[0].strip.controls.fader_db, -4.5);
    assert_eq!(edited.tracks[1].strip.inserts[1].settings.get(0), -2.0);
    assert_eq!(edited.tracks[1].strip.sends[0].controls.gain_db, -9.0);
    assert_eq!(edited.mix.controls.pan, 0.5);
    assert!(edited.vcas[0].controls.mute);
    assert!(document.set_at(&session, "lead.late.gain_db", 99.0).is_err());
    assert!(document.set_at(&session, "lead.late.gian_db", 0.0).is_err());
    assert!(document.set("nobody", "pan", &Setting::Number(0.0)).is_err());
}

#[test]
fn every_session_of_the_guide_is_one_and_every_control_is_in_it() {
    use fx::Fields;
    let guide = concat!(
        include_str!("../../../../docs/guide/session.md"),
        include_str!("../../../../docs/guide/surround.md")
    );
    let mut blocks = 0;
    for block in guide.split("```toml\n").skip(1) {
        let text = block.split("```").next().unwrap_or_default();
        parse(text).unwrap_or_else(|errors| panic!("{}", errors[0]));
        blocks += 1;
    }
    assert!(blocks >= 6);
    let all =
        [MixShape::PARAMS, Controls::PARAMS, SendControls::PARAMS, VcaControls::PARAMS, ClipControls::PARAMS]
            .concat();
    for param in all {
        assert!(guide.contains(param.key), "{}", param.key);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_session_never_panics(cuts in proptest::collection::vec((0usize..2000, 0usize..40, ".{0,6}"), 1..6)) {
        let mut text = WHOLE.to_owned();
        for (start, length, insert) in cuts {
            let mut start = start.min(text.len());
            while !text.is_char_boundary(start) { start -= 1; }
            let mut end = (start + length).min(text.len());
            while !text.is_char_boundary(end) { end -= 1; }
            text.replace_range(start..end.max(start), &insert);
        }
        match parse(&text) {
            Ok(_) => {}
            Err(errors) => prop_assert!(!errors.is_empty()),
        }
        let _ = Document::parse(&text).map(|document| document.to_string());
    }

    #[test]
    fn a_session_with_swapped_values_never_panics(line in 0usize..80, value in prop::sample::select(vec![
        "nan", "-inf", "1e400", "9223372036854775807", "[]", "{}", "\"\"", "true", "[[]]", "1979-05-27", "[[0,0],[0,0]]",
    ])) {
        let text: String = WHOLE
            .lines()
            .enumerate()
            .map(|(i, text)| match text.split_once(" = ") {
                Some((key, _)) if i == line => format!("{key} = {value}\n"),
                _ => format!("{text}\n"),
            })
            .collect();
        let _ = parse(&text).map(|_| ());
    }
}
