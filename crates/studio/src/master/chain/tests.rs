use super::*;

fn example() -> Chain {
    let mut gain = make("gain").expect("gain is registered");
    gain.set(0, -1.234_567_890_123_456_7);
    let step = Step::new("trim", Family::Level, gain)
        .because("too \"loud\"\nby far")
        .evidence(Evidence::new("level", 3.0, "dB", 1.5))
        .evidence(Evidence::new("crest", 0.1, "", None))
        .effect("softer by 1.2 dB")
        .confidence(0.8)
        .or("turn the singer down")
        .sealed();
    let off = Step { on: false, locked: true, ..Step::new("eq", Family::Tone, make("eq").expect("eq")) };
    Chain {
        source_file: "a \"mix\".wav".into(),
        source_blake3: "00ff".into(),
        intensity: "loud".into(),
        tone: "warm".into(),
        strength: Strength { width: 0.25, ..Strength::default() },
        stems: Vec::new(),
        loudness_lufs: Some(-9.5),
        force_level: true,
        steps: vec![step.clone(), off],
        because: vec!["remark".into()],
        deliveries: vec![
            Delivery {
                target: "spotify".into(),
                file: "a.spotify.wav".into(),
                output: Output { gain_db: 0.1 + 0.2, dither: Dither::ModifiedE, ..Output::default() },
                aim: Some(Aim { loudness: -14.0, tolerance: 0.1 }),
                steps: vec![step],
                because: vec![],
                locked: false,
                proposed: None,
            }
            .sealed(),
        ],
        ..Chain::default()
    }
}

#[test]
fn a_chain_survives_its_text_to_the_bit() {
    let chain = example();
    let text = chain.to_toml();
    let read = Chain::parse(&text, "master.toml").expect("our own text is readable");
    assert_eq!(
        (&read.source_file, &read.intensity, &read.tone),
        (&chain.source_file, &chain.intensity, &chain.tone)
    );
    assert_eq!(read.strength, chain.strength);
    assert_eq!((read.loudness_lufs, read.force_level), (Some(-9.5), true));
    assert_eq!(read.deliveries[0].output, chain.deliveries[0].output);
    assert_eq!(read.deliveries[0].aim, chain.deliveries[0].aim);
    assert_eq!(read.deliveries[0].proposed, chain.deliveries[0].proposed);
    assert_eq!(read.deliveries[0].steps.len(), 1);
    for (read, own) in read.steps.iter().zip(&chain.steps) {
        assert_eq!(read.settings.get(0).to_bits(), own.settings.get(0).to_bits());
        assert_eq!((&read.id, read.family, read.on, read.locked), (&own.id, own.family, own.on, own.locked));
        assert_eq!(
            (&read.evidence, &read.effect, read.confidence),
            (&own.evidence, &own.effect, own.confidence)
        );
        assert_eq!((&read.alternatives, &read.proposed), (&own.alternatives, &own.proposed));
    }
    assert_eq!(read.steps[0].because, "too \"loud\"; by far");
    // The text of what was read is the text itself, but for remarks, which are the program's own.
    assert_eq!(read.to_toml(), text.replace("# remark\n", ""));
}

#[test]
fn what_a_person_changed_is_known_and_what_was_not_touched_as_well() {
    let text = example().to_toml();
    let read = |text: &str| Chain::parse(text, "master.toml").expect("readable");
    let same = read(&text);
    assert!(!same.steps[0].kept() && !same.deliveries[0].edited() && !same.deliveries[0].steps[0].kept());
    // Locked, and never proposed at all.
    assert!(same.steps[1].kept() && same.steps[1].edited());
    let value = read(&text.replacen("-1.2345678901234567", "-1.3", 1));
    assert!(value.steps[0].edited() && !value.deliveries[0].steps[0].edited());
    let (head, own) = text.split_once("[[master]]").expect("there is one");
    let off = read(&format!("{head}[[master]]{}", own.replace("on = true", "on = false")));
    assert!(off.deliveries[0].steps[0].edited() && !off.deliveries[0].edited());
    for (from, to) in [
        ("loudness = -14.0", "loudness = -13.0"),
        ("\"modified_e\"", "\"tpdf\""),
        ("gain_db = 0.3", "gain_db = 0.2"),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(read(&text.replace(from, to)).deliveries[0].edited(), "{from}");
    }
    // Words may be changed without that.
    assert!(!read(&text.replace("softer by", "down by").replace("remark", "note")).steps[0].edited());
}

#[test]
fn a_chain_of_version_1_is_still_read() {
    let old = "version = 1\n[source]\nfile = \"a.wav\"\nblake3 = \"00\"\n[chain]\ninsert = [\n\
        { eq = { band = [{ gain_db = -1.0 }] } },\n{ eq = { band = [{ gain_db = 2.0 }] } },\n\
        { gain = { on = false, mono_below_hz = 110.0 } },\n]\n[[master]]\ntarget = \"cd\"\nfile = \"a.cd.wav\"\n\
        insert = [ { limiter = { ceiling_dbtp = -1.1 } } ]\n";
    let chain = Chain::parse(old, "master.toml").expect("version 1 is readable");
    let ids: Vec<(&str, Family, bool)> =
        chain.steps.iter().map(|step| (step.id.as_str(), step.family, step.on)).collect();
    assert_eq!(
        ids,
        [("eq", Family::Tone, true), ("eq-2", Family::Tone, true), ("gain", Family::Width, false)]
    );
    assert_eq!(chain.deliveries[0].steps[0].family, Family::Level);
    // Nobody knows who chose these values, so they are kept.
    assert!(chain.steps.iter().all(Step::kept) && chain.deliveries[0].edited());
    assert_eq!((chain.intensity.as_str(), chain.tone.as_str()), (INTENSITY, TONE));
    let again = Chain::parse(&chain.to_toml(), "master.toml").expect("and written as version 2");
    assert_eq!(again.steps.len(), 3);
    let errors = Chain::parse(&old.replace("version = 1", "version = 3"), "m").expect_err("version 3");
    assert_eq!(errors[0].code, "wrong_version");
}

#[test]
fn a_move_that_cannot_be_is_told_with_its_line() {
    let text = example().to_toml();
    for (from, to, code) in [
        ("id = \"eq\"", "id = \"trim\"", "duplicate_id"),
        ("family = \"tone\"", "family = \"taste\"", "unknown_word"),
        ("confidence = 0.8", "confidence = 1.8", "out_of_range"),
        ("width = 0.25", "width = 1.6", "out_of_range"),
        ("insert = { eq", "insert = { equaliser", "unknown_processor"),
        ("insert = { eq = {} }", "", "no_insert"),
        ("insert = { eq = {} }", "insert = { convolution = {} }", "impulse_in_chain"),
        ("measure = \"level\"", "mesure = \"level\"", "unknown_key"),
    ] {
        assert!(text.contains(from), "{from}: {text}");
        let errors = Chain::parse(&text.replacen(from, to, 1), "master.toml").expect_err(to);
        assert_eq!(errors[0].code, code, "{errors:?}");
        assert!(errors[0].place.is_some());
    }
}

#[test]
fn every_dither_of_the_kernels_can_be_written_and_read() {
    assert_eq!(dsp::dither::Dither::all().count(), <Dither as fx::Choice>::NAMES.len());
    for kernel in dsp::dither::Dither::all() {
        assert_eq!(Dither::of(kernel).kernel(), kernel);
    }
}

#[test]
fn a_typo_is_answered_with_its_line_and_the_word_meant() {
    let text = example().to_toml().replace("ceiling_dbtp", "cieling_dbtp");
    let errors = Chain::parse(&text, "master.toml").expect_err("there is a typo");
    let line = 1 + text[..text.find("cieling").expect("it is there")].matches('\n').count();
    assert_eq!(errors[0].place.as_ref().map(|place| place.line), Some(line));
    assert_eq!(errors[0].hint.as_deref(), Some("did you mean `ceiling_dbtp`?"));
}

#[test]
fn a_master_cannot_be_written_outside_its_folder() {
    for name in ["../x.wav", "/x.wav", "a/b.wav", "..", "a\\b.wav"] {
        let text = example().to_toml().replace("a.spotify.wav", &name.replace('\\', "\\\\"));
        let errors = Chain::parse(&text, "master.toml").expect_err(name);
        assert_eq!(errors[0].code, "bad_file_name", "{name}");
    }
}
