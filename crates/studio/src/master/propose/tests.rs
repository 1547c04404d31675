use super::super::chain::{Step, Strength};
use super::super::listen::{Dynamics, Listening, Resonance, Section, Sibilance};
use super::super::taste::Taste;
use super::super::tone::FAMILIES;
use super::*;
use fx::Choice as _;

/// A mix that needs nothing.
fn even() -> Listening {
    let level = Dynamics { median_dbfs: -30.0, p90_dbfs: -26.0, p98_dbfs: -24.0, burst_db: 5.0 };
    let mut side_mid_db = [Some(-8.0); 9];
    side_mid_db[0] = Some(-18.0);
    Listening {
        loudness_lufs: Some(-18.0),
        level_db: FAMILIES[0].median_db.map(|db| db - 20.0),
        side_mid_db,
        top_hz: 22_050.0,
        rumble_db: -45.0,
        dynamics: [level; 3],
        sections: (0..4).map(|n| part(30.0 * f64::from(n), &[-40.0; 31])).collect(),
        ..Listening::default()
    }
}

fn part(start_seconds: f64, levels: &[f64; 31]) -> Section {
    Section {
        start_seconds,
        end_seconds: start_seconds + 30.0,
        loudness_lufs: -18.0,
        third_octave_db: levels.to_vec(),
    }
}

fn with(change: impl FnOnce(&mut Listening)) -> Listening {
    let mut heard = even();
    change(&mut heard);
    heard
}

fn taste(tone: &str, strength: Strength) -> Taste {
    Taste::find("balanced", tone, strength).expect("built in")
}

fn usual() -> Taste {
    Taste::usual().expect("built in")
}

fn steps(heard: &Listening, taste: &Taste) -> Vec<Step> {
    propose(heard, true, taste).expect("it proposes").steps
}

fn ids(heard: &Listening) -> Vec<String> {
    steps(heard, &usual()).into_iter().map(|step| step.id).collect()
}

fn get(step: &Step, address: &str) -> f64 {
    step.settings.get(step.settings.description().index_of(address).expect("declared"))
}

type Fault = (&'static str, fn(&mut Listening));

/// Faults, and the move each calls.
const FAULTS: [Fault; 11] = [
    ("tone-rumble", |heard| heard.rumble_db = -20.0),
    ("tone-120hz", |heard| heard.level_db[0] += 9.0),
    ("tone-10000hz", |heard| heard.level_db[8] -= 12.0),
    ("tone-resonance-2900hz", |heard| {
        heard.resonances =
            vec![Resonance { freq_hz: 2900.0, over_db: 9.0, share: 0.8, median_db: -40.0, p90_db: -34.0 }];
    }),
    ("tone-boom-100hz", |heard| heard.sections[2].third_octave_db[7] = -33.0),
    ("tone-sibilance", |heard| {
        heard.sibilance = Sibilance { share: 0.07, level_db: -24.0, presence_db: -28.0 };
    }),
    ("dynamics-bands", |heard| heard.dynamics[2].burst_db = 12.0),
    ("dynamics-bus", |heard| heard.dynamics.iter_mut().for_each(|band| band.burst_db = 12.0)),
    ("width-bass", |heard| heard.side_mid_db[0] = Some(-6.0)),
    ("width-whole", |heard| {
        heard.side_mid_db[1..6].fill(Some(-2.0));
        heard.side_mid_db[6..].fill(Some(0.0));
    }),
    ("width-bands", |heard| heard.side_mid_db[6..].fill(Some(1.0))),
];

#[test]
fn a_good_mix_is_left_alone_and_it_is_said_why() {
    let proposal = propose(&even(), true, &usual()).expect("it proposes");
    assert!(proposal.steps.is_empty(), "{:?}", proposal.steps);
    assert!(proposal.decisions.iter().all(|decision| !decision.because.is_empty()));
    for family in ["tone", "dynamics", "saturation", "width"] {
        assert!(proposal.decisions.iter().any(|decision| decision.family == family), "{family}");
    }
}

#[test]
fn each_fault_calls_its_own_move_and_nothing_else() {
    for (id, fault) in FAULTS {
        assert_eq!(ids(&with(fault)), [id], "{id}");
    }
}

#[test]
fn every_move_says_all_that_has_to_be_said() {
    let everything = with(|heard| {
        // All bands bursting and one of them are one fault too many.
        FAULTS.iter().filter(|(id, _)| *id != "dynamics-bus").for_each(|(_, fault)| fault(heard));
    });
    let mut steps = steps(&everything, &taste("warm", Strength::default()));
    steps.extend(self::steps(&even(), &taste("punchy", Strength::default())));
    assert!(steps.len() > 10, "{}", steps.len());
    for step in steps {
        assert!(!step.because.is_empty() && !step.effect.is_empty(), "{}", step.id);
        assert!(!step.evidence.is_empty() && !step.alternatives.is_empty(), "{}", step.id);
        assert!(step.confidence > 0.0 && step.confidence <= 0.95, "{}: {}", step.id, step.confidence);
        assert!(step.proposed.is_some() && !step.kept(), "{}", step.id);
    }
}

/// How much a move does: gain, range, reduction, width, corner, share.
fn amount(step: &Step) -> f64 {
    let key = step.settings.description().key;
    match (key, step.id.as_str()) {
        ("eq", "tone-rumble") => get(step, "band1.freq_hz"),
        ("eq", "width-bands") => -get(step, "band1.gain_db"),
        ("eq", _) if get(step, "band1.dynamic") != 0.0 => -get(step, "band1.range_db"),
        ("eq", _) => get(step, "band1.gain_db").abs(),
        ("multiband", _) => -get(step, "high_threshold_db"),
        ("compressor", _) => -get(step, "threshold_db"),
        ("gain", "width-bass") => get(step, "mono_below_hz"),
        ("gain", _) => 100.0 - get(step, "width_percent"),
        ("saturation", _) => get(step, "mix_percent"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn strength_is_monotone_and_zero_is_nothing() {
    let of = |x: f64| Strength { tone: x, dynamics: x, saturation: x, width: x, level: x };
    for (id, fault) in FAULTS {
        let heard = with(fault);
        let at = |x: f64| {
            let steps = steps(&heard, &taste("neutral", of(x)));
            steps.first().map_or(0.0, amount)
        };
        assert!(steps(&heard, &taste("warm", of(0.0))).is_empty(), "{id}");
        let all: Vec<f64> = [0.0, 0.25, 0.5, 1.0, 1.5].map(at).to_vec();
        assert!(all.is_sorted() && all[1] < all[3] && all[0] == 0.0, "{id}: {all:?}");
    }
    // A family's strength is its own.
    let heard = with(|heard| {
        FAULTS[0].1(heard);
        FAULTS[8].1(heard);
    });
    let without = |strength: Strength| -> Vec<String> {
        steps(&heard, &taste("neutral", strength)).into_iter().map(|step| step.id).collect()
    };
    assert_eq!(without(Strength { tone: 0.0, ..Strength::default() }), ["width-bass"]);
    assert_eq!(without(Strength { width: 0.0, ..Strength::default() }), ["tone-rumble"]);
}

#[test]
fn the_threshold_takes_the_wanted_reduction_off_the_loud_tenth() {
    let heard = with(|heard| {
        heard.dynamics[0] = Dynamics { median_dbfs: -32.0, p90_dbfs: -24.0, p98_dbfs: -20.0, burst_db: 12.0 };
    });
    for (intensity, wanted) in [("gentle", 0.6), ("balanced", 1.0), ("loud", 1.5)] {
        let taste = Taste::find(intensity, "neutral", Strength::default()).expect("built in");
        let step = &steps(&heard, &taste)[0];
        let reduction = (-24.0 - get(step, "low_threshold_db")) * (1.0 - 1.0 / get(step, "low_ratio"));
        assert!((reduction - wanted).abs() < 0.05, "{intensity}: {reduction}");
        assert_eq!((get(step, "low_on"), get(step, "mid_on"), get(step, "high_on")), (1.0, 0.0, 0.0));
        assert_eq!(get(step, "range_db"), 3.0);
    }
    assert_eq!(get(&steps(&with(FAULTS[7].1), &usual())[0], "range_db"), 3.0);
    // A band in which next to nothing plays bursts in vain.
    let silent = with(|heard| {
        heard.dynamics[2] = Dynamics { median_dbfs: -80.0, p90_dbfs: -64.0, p98_dbfs: -60.0, burst_db: 20.0 };
    });
    assert!(steps(&silent, &usual()).is_empty());
}

#[test]
fn moves_end_where_they_are_said_to_end() {
    // A third of 6.5 dB; sibilants under their limit however many; a side that is noise; one that is narrow, by a decibel.
    let rings = with(|heard| {
        heard.resonances =
            vec![Resonance { freq_hz: 2900.0, over_db: 6.5, share: 0.8, median_db: -40.0, p90_db: -34.0 }];
    });
    assert_eq!(get(&steps(&rings, &usual())[0], "band1.range_db"), -2.1);
    let soft = with(|heard| heard.sibilance = Sibilance { share: 0.3, level_db: -27.0, presence_db: -28.0 });
    assert!(steps(&soft, &usual()).is_empty());
    let noise = with(|heard| heard.side_mid_db[6..].fill(Some(-24.0)));
    assert!(steps(&noise, &usual()).is_empty());
    let narrow = with(|heard| heard.side_mid_db[6..].fill(Some(-19.0)));
    assert_eq!(get(&steps(&narrow, &usual())[0], "band1.gain_db"), 1.0);
}

#[test]
fn a_moving_bell_uses_its_whole_range_at_the_level_of_the_fault() {
    let resonance = &steps(&with(FAULTS[3].1), &usual())[0];
    // A sine of RMS -34 dB has a peak of -31: over the threshold by twice the range at 2:1.
    let over = -34.0 + 3.01 - get(resonance, "band1.threshold_db");
    assert!((0.5 * over + get(resonance, "band1.range_db")).abs() < 0.06, "{over}");
    assert!(get(resonance, "band1.range_db") >= -3.0);
    let sibilance = &steps(&with(FAULTS[5].1), &usual())[0];
    let over = -24.0 + 3.01 - get(sibilance, "band1.threshold_db");
    assert!((2.0 / 3.0 * over + get(sibilance, "band1.range_db")).abs() < 0.06, "{over}");
    // 4 dB over the presence band, 2 over the limit: 1 dB and half of that; never more than 4.
    assert_eq!(get(sibilance, "band1.range_db"), -2.0);
    let harsh = with(|heard| heard.sibilance = Sibilance { share: 0.1, level_db: -10.0, presence_db: -28.0 });
    assert_eq!(get(&steps(&harsh, &usual())[0], "band1.range_db"), -4.0);
}

#[test]
fn a_colour_does_less_where_the_mix_has_it() {
    let shelf = |more_db: f64| {
        let heard = with(|heard| heard.level_db[super::super::tone::band_of(11_000.0)] += more_db);
        let steps = steps(&heard, &taste("open", Strength::default()));
        steps.iter().find(|step| step.id == "colour-11000hz").map_or(0.0, |step| get(step, "band1.gain_db"))
    };
    let (dull, even, bright) = (shelf(-5.0), shelf(0.0), shelf(5.5));
    assert!(dull >= even && even > bright && bright < 0.4, "{dull} {even} {bright}");
    assert!((1.1..=1.2).contains(&even), "{even}");
}

#[test]
fn a_part_that_differs_by_its_instruments_does_not_boom() {
    let boom = |change: fn(&mut Listening)| ids(&with(change)).iter().any(|id| id.starts_with("tone-boom"));
    assert!(boom(|heard| heard.sections[1].third_octave_db[7] = -33.0));
    // An instrument that is silent elsewhere; two parts alike; a quiet part; a shelf and no peak.
    assert!(!boom(|heard| heard.sections[1].third_octave_db[7] = -20.0));
    assert!(!boom(|heard| (1..3).for_each(|n| heard.sections[n].third_octave_db[7] = -33.0)));
    assert!(!boom(|heard| {
        heard.sections[1].third_octave_db = vec![-50.0; 31];
        heard.sections[1].third_octave_db[7] = -43.0;
    }));
    assert!(!boom(|heard| heard.sections[1].third_octave_db[..12].fill(-33.0)));
}

#[test]
fn a_soft_print_is_driven_harder_into_the_curve() {
    let drive = |lufs: f64| {
        let heard = with(|heard| heard.loudness_lufs = Some(lufs));
        let steps = steps(&heard, &taste("warm", Strength::default()));
        steps.iter().find(|step| step.id == "saturation").map(|step| get(step, "drive_db"))
    };
    assert_eq!(drive(-24.0).zip(drive(-18.0)).map(|(soft, loud)| soft - loud), Some(6.0));
    assert_eq!(drive(f64::NEG_INFINITY), None);
}

#[test]
fn a_mono_print_keeps_its_width() {
    let proposal = propose(&with(FAULTS[9].1), false, &usual()).expect("it proposes");
    assert!(proposal.steps.is_empty());
}

#[test]
fn what_is_kept_stays_where_it_was_and_merging_twice_changes_nothing() {
    let make_step = |id: &str, gain_db: f64| {
        Step::new(id, Family::Width, made("gain", &[("gain_db", gain_db)]).expect("registered")).sealed()
    };
    let proposed = || ["a", "b", "c", "d"].map(|id| make_step(id, -1.0)).to_vec();
    let locked = Step { locked: true, ..make_step("c", 5.0) };
    let by_hand = Step::new("own", Family::Tone, made("eq", &[]).expect("registered"));
    let mut changed = make_step("a", -1.0);
    changed.settings.set(0, -2.5);
    let gone = make_step("gone", 0.5);
    let stale = make_step("b", 3.0);
    let old = [by_hand, locked, changed, gone, stale];
    let merged = merge(&old, proposed());
    let said: Vec<(&str, f64)> = merged.iter().map(|step| (step.id.as_str(), step.settings.get(0))).collect();
    // `gone` is not proposed any more, `b` is as proposed now, `d` stands behind `c`, where it was proposed.
    assert_eq!(said, [("own", 0.0), ("c", 5.0), ("d", -1.0), ("a", -2.5), ("b", -1.0)]);
    let twice: Vec<(String, f64)> =
        merge(&merged, proposed()).iter().map(|step| (step.id.clone(), step.settings.get(0))).collect();
    assert_eq!(twice, said.iter().map(|(id, value)| ((*id).to_owned(), *value)).collect::<Vec<_>>());
}

/// The parameters of a move that do something, set so that they do nothing.
fn neutral(step: &Step) -> Step {
    let mut step = step.clone();
    let description = step.settings.description();
    for index in 0..description.len() {
        let address = description.address(index).expect("declared");
        let nothing = match address.rsplit('.').next().unwrap_or_default() {
            "gain_db" | "range_db" | "mix_percent" | "mono_below_hz" | "drive_db" => 0.0,
            "width_percent" => 100.0,
            key if key.ends_with("ratio") => 1.0,
            key if key.ends_with("threshold_db") => 0.0,
            "kind" => fx::eq::BandKind::Bell.index() as f64,
            _ => continue,
        };
        step.settings.set(index, nothing);
    }
    step
}

#[test]
fn every_proposed_move_set_to_nothing_gives_back_the_mix() {
    use super::super::fuse::fuse;
    use super::super::stages::Inserts;
    use crate::pipe::Stage;
    use dsp::block::Buffer;

    let everything = with(|heard| {
        FAULTS.iter().filter(|(id, _)| *id != "dynamics-bus").for_each(|(_, fault)| fault(heard));
    });
    let mut all = steps(&everything, &taste("warm", Strength::default()));
    all.extend(steps(&with(FAULTS[7].1), &taste("punchy", Strength::default())));
    all.extend(steps(&with(FAULTS[9].1), &usual()));
    assert!(all.len() > 12, "{}", all.len());
    let plane = |seed| testkit::signals::noise(0.9, seed, 20_000);
    let planes = [plane(1), plane(2)];
    let through = |steps: &[Step]| {
        let mut inserts = Inserts::new(&fuse(steps), 48_000.0, 2, 1);
        let mut out = vec![Vec::new(); 2];
        let mut keep = |block: Buffer| {
            out.iter_mut().enumerate().for_each(|(c, plane)| plane.extend_from_slice(block.channel(c)));
            Ok(())
        };
        inserts.push(Buffer::from_planes(&planes), &mut keep).expect("it takes the block");
        inserts.finish(&mut keep).expect("it finishes");
        out
    };
    let worst = |steps: &[Step]| {
        let out = through(steps);
        out.iter()
            .zip(&planes)
            .map(|(a, b)| testkit::measure::null_db(a, b))
            .fold(f64::NEG_INFINITY, f64::max)
    };
    let nothing: Vec<Step> = all.iter().map(neutral).collect();
    for (step, own) in nothing.iter().zip(&all) {
        let (none, some) = (worst(std::slice::from_ref(step)), worst(std::slice::from_ref(own)));
        assert!(none < -250.0, "{}: {none} dB", step.id);
        // As proposed it does something, unless noise of this level does not reach its threshold.
        let waits = step.family == Family::Dynamics || step.id.starts_with("tone-");
        assert!(some > -80.0 || waits, "{}: {some} dB", step.id);
    }
    assert!(worst(&nothing) < -250.0);
    // And a chain without moves is the mix, bit by bit.
    assert_eq!(through(&[]), planes);
}
