use super::fit::Filter;
use super::*;
use dsp::biquad::Biquad;
use dsp::block::Buffer;
use dsp::eq_design::{Curve, design};
use dsp::math;
use testkit::signals::noise;

const RATE: f64 = 44_100.0;

/// Music of a kind: noise falling by 3 dB per octave, swelling twice a second, wide above the bass.
fn song(seconds: f64, rate_hz: f64) -> [Vec<f64>; 2] {
    let frames = (seconds * rate_hz) as usize;
    let swell = |n: usize| {
        let phase = (n as f64 / rate_hz * 2.0).fract();
        0.25 + 0.75 * math::exp(-3.0 * phase)
    };
    let plane = |seed: u64| -> Vec<f64> {
        // Three first-order shelves make noise about pink.
        let mut filters = [60.0, 600.0, 6000.0]
            .map(|hz| Biquad::new(design(Curve::HighShelf1, hz, -9.0, 0.7, rate_hz).coefficients()));
        noise(0.5, seed, frames)
            .into_iter()
            .enumerate()
            .map(|(n, x)| filters.iter_mut().fold(x, |x, filter| filter.tick(x)) * swell(n))
            .collect()
    };
    let (mid, side) = (plane(1), plane(2));
    let at = |sign: f64| mid.iter().zip(&side).map(|(m, s)| m + 0.35 * sign * s).collect();
    [at(1.0), at(-1.0)]
}

fn filtered(planes: &[Vec<f64>; 2], filters: &[Filter], rate_hz: f64) -> [Vec<f64>; 2] {
    planes.each_ref().map(|plane| {
        let mut sections: Vec<Biquad> = filters
            .iter()
            .map(|f| Biquad::new(design(f.kind, f.freq_hz, f.gain_db, f.q, rate_hz).coefficients()))
            .collect();
        plane.iter().map(|x| sections.iter_mut().fold(*x, |x, section| section.tick(x))).collect()
    })
}

fn scaled(planes: &[Vec<f64>; 2], left: f64, right: f64) -> [Vec<f64>; 2] {
    [planes[0].iter().map(|x| left * x).collect(), planes[1].iter().map(|x| right * x).collect()]
}

fn hear(planes: &[Vec<f64>; 2], rate_hz: f64) -> Option<Portrait> {
    let mut painter = Painter::new(rate_hz, None);
    for stage in painter.stages() {
        for start in (0..planes[0].len()).step_by(8192) {
            let end = (start + 8192).min(planes[0].len());
            let block =
                Buffer::from_planes(&[planes[0][start..end].to_vec(), planes[1][start..end].to_vec()]);
            stage.push(block, &mut |_| Ok(())).expect("it listens");
        }
    }
    painter.finish()
}

fn portrait(planes: &[Vec<f64>; 2]) -> Portrait {
    hear(planes, RATE).expect("it sounds")
}

fn reference(portraits: &[(&Portrait, f64)]) -> Reference {
    let pictures: Vec<_> =
        portraits.iter().map(|(portrait, weight)| (Picture::of(portrait), *weight)).collect();
    let findings = portraits.iter().flat_map(|(portrait, _)| remarks(portrait)).collect();
    Reference { picture: Picture::mean(&pictures).expect("there is one"), name: "r.wav".into(), findings }
}

fn only_tone(tone: f64) -> Amounts {
    Amounts { tone, ..Amounts::none() }
}

fn filters_of(matched: &Matched) -> Vec<Filter> {
    let of = |step: &Step| {
        let at = |address: String| setting(step, &address);
        (1..=12)
            .map(|n| Filter {
                kind: [Curve::Bell, Curve::LowShelf, Curve::HighShelf][at(format!("band{n}.kind")) as usize],
                freq_hz: at(format!("band{n}.freq_hz")),
                gain_db: at(format!("band{n}.gain_db")),
                q: at(format!("band{n}.q")),
            })
            .filter(|filter| filter.gain_db != 0.0)
            .collect::<Vec<_>>()
    };
    matched.steps.iter().filter(|step| step.family == Family::Tone).flat_map(of).collect()
}

fn setting(step: &Step, address: &str) -> f64 {
    step.settings.get(step.settings.description().index_of(address).expect("declared"))
}

/// The curve that was planted, and what was found, without their means, between 40 Hz and 15 kHz.
fn largest_error(planted: &[Filter], found: &[Filter], factor: f64) -> f64 {
    let points: Vec<usize> = grid::between(40.0, 15_000.0).collect();
    let (planted, found) = (fit::response(planted), fit::response(found));
    let off: Vec<f64> = points.iter().map(|point| factor * planted[*point] - found[*point]).collect();
    let mean = off.iter().sum::<f64>() / off.len() as f64;
    off.iter().map(|off| (off - mean).abs()).fold(0.0, f64::max)
}

fn planted() -> [Filter; 3] {
    [
        Filter { kind: Curve::LowShelf, freq_hz: 110.0, gain_db: 3.0, q: 0.7 },
        Filter { kind: Curve::Bell, freq_hz: 900.0, gain_db: -4.0, q: 0.9 },
        Filter { kind: Curve::HighShelf, freq_hz: 5500.0, gain_db: 2.5, q: 0.7 },
    ]
}

#[test]
fn a_print_that_is_its_own_reference_is_left_alone() {
    let print = portrait(&song(10.0, RATE));
    let all = Amounts { tone: 1.0, width: 1.0, dynamics: 1.0, ..Amounts::default() };
    let matched = reference(&[(&print, 1.0)]).propose(&print, &all, true).expect("it proposes");
    assert!(matched.steps.is_empty(), "{:?}", matched.steps);
    assert_eq!(matched.left_alone.len(), 3);
    // The same song at another level is the same song.
    let louder = portrait(&scaled(&song(10.0, RATE), 1.9, 1.9));
    let matched = reference(&[(&louder, 1.0)]).propose(&print, &all, true).expect("it proposes");
    assert!(matched.steps.is_empty(), "{:?}", matched.steps);
}

#[test]
fn a_planted_curve_is_found_within_half_a_decibel() {
    let original = song(10.0, RATE);
    let print = portrait(&filtered(&original, &planted(), RATE));
    let reference = reference(&[(&portrait(&original), 1.0)]);
    let whole = reference.propose(&print, &only_tone(1.0), true).expect("it proposes");
    let found = filters_of(&whole);
    let error = largest_error(&planted(), &found, -1.0);
    assert!(error < 0.5, "{error} {found:?}");
    assert!(found.len() <= 8);
    let (before, after) = whole.distance_db.expect("both were compared");
    assert!(before > 1.5 && after < 0.3, "{before} {after}");
}

#[test]
fn more_is_more_of_the_same_and_nothing_is_nothing() {
    let original = song(10.0, RATE);
    let print = portrait(&filtered(&original, &planted(), RATE));
    let reference = reference(&[(&portrait(&original), 1.0)]);
    let at = |tone: f64| reference.propose(&print, &only_tone(tone), true).expect("it proposes");
    assert!(at(0.0).steps.is_empty());
    let mut before = f64::INFINITY;
    for tone in [0.25, 0.5, 0.75, 1.0] {
        let found = filters_of(&at(tone));
        assert!(largest_error(&planted(), &found, -tone) < 0.5, "{tone}");
        let (_, after) = at(tone).distance_db.expect("both were compared");
        assert!(after < before - 0.2, "{tone}: {after} after {before}");
        before = after;
    }
}

#[test]
fn the_rate_of_the_reference_does_not_matter() {
    let original = song(16.0, RATE);
    let print = portrait(&filtered(&original, &planted(), RATE));
    let seen: Vec<f64> = [22_050.0, 96_000.0]
        .into_iter()
        .map(|rate_hz| {
            let other = hear(&song(16.0, rate_hz), rate_hz).expect("it sounds");
            let matched =
                reference(&[(&other, 1.0)]).propose(&print, &only_tone(1.0), true).expect("it proposes");
            // Below the top of the lowest rate; the top shelf lies above it.
            let found = fit::response(&filters_of(&matched));
            let planted = fit::response(&planted());
            let points: Vec<usize> = grid::between(60.0, 3000.0).collect();
            let off: Vec<f64> = points.iter().map(|point| found[*point] + planted[*point]).collect();
            let mean = off.iter().sum::<f64>() / off.len() as f64;
            off.iter().map(|off| (off - mean).abs()).fold(0.0, f64::max)
        })
        .collect();
    // Other noise at another rate: the songs themselves differ by some tenths.
    assert!(seen.iter().all(|off| *off < 1.2), "{seen:?}");
}

#[test]
fn limits_hold_however_far_the_reference_lies() {
    let original = song(8.0, RATE);
    let dark = [Filter { kind: Curve::HighShelf, freq_hz: 1500.0, gain_db: -24.0, q: 0.7 }];
    let print = portrait(&filtered(&original, &dark, RATE));
    let reference = reference(&[(&portrait(&original), 1.0)]);
    let matched = reference.propose(&print, &only_tone(1.0), true).expect("it proposes");
    let curve = fit::response(&filters_of(&matched));
    let (least, most) = curve.iter().fold((0.0_f64, 0.0_f64), |(a, b), x| (a.min(*x), b.max(*x)));
    // ±6 dB about the middle, and what the fit overshoots.
    assert!(most - least < 13.5, "{least} {most}");
    assert!(most - least > 7.0, "{least} {most}");
}

#[test]
fn every_detail_is_met_where_all_of_it_is_asked_for() {
    // Five bells of two thirds of an octave on a slope: more than eight broad filters can follow.
    let bell = |freq_hz: f64, gain_db: f64| Filter { kind: Curve::Bell, freq_hz, gain_db, q: 2.5 };
    let mut curve: Vec<Filter> = (0..5)
        .flat_map(|n| {
            let freq_hz = 70.0 * math::exp2(1.5 * f64::from(n));
            [bell(freq_hz, 7.0), bell(1.68 * freq_hz, -7.0)]
        })
        .collect();
    curve.push(Filter { kind: Curve::HighShelf, freq_hz: 1000.0, gain_db: -9.0, q: 0.5 });
    let original = song(12.0, RATE);
    let print = portrait(&filtered(&original, &curve, RATE));
    let reference = reference(&[(&portrait(&original), 1.0)]);
    let matched = |limit_db: f64| {
        let amounts = Amounts { tone: 1.0, limit_db, ..Amounts::none() };
        reference.propose(&print, &amounts, true).expect("it proposes")
    };
    let (usual, whole) = (matched(6.0), matched(24.0));
    assert_eq!((usual.steps.len(), whole.steps.len()), (1, 2));
    let (few, many) = (filters_of(&usual), filters_of(&whole));
    assert!(few.len() <= 8 && few.iter().all(|filter| filter.gain_db.abs() <= 6.0), "{few:?}");
    assert!((13..=24).contains(&many.len()), "{many:?}");
    assert!(many.iter().all(|filter| filter.q <= 4.0), "{many:?}");
    // The first equaliser has the lower ones.
    assert!(many.windows(2).all(|pair| pair[0].freq_hz <= pair[1].freq_hz), "{many:?}");
    let error = largest_error(&curve, &many, -1.0);
    assert!(error < 1.5 && largest_error(&curve, &few, -1.0) > 2.0 * error, "{error}");
}

#[test]
fn a_side_that_is_widened_counts_in_the_spectrum_that_is_matched() {
    // Reference: the same middle, its side 4 dB higher. Once the side is as high, nothing is left for the equaliser.
    let [left, right] = song(12.0, RATE);
    // From 200 to 2500 Hz only: so the tone differs as long as the side does.
    let shelf = |kind, freq_hz| Filter { kind, freq_hz, gain_db: -4.0, q: 0.71 };
    let split = [shelf(Curve::LowShelf, 200.0), shelf(Curve::HighShelf, 2500.0)];
    let gain = math::db_to_gain(4.0);
    let side: Vec<f64> = left.iter().zip(&right).map(|(l, r)| gain * 0.5 * (l - r)).collect();
    let [side, _] = filtered(&[side.clone(), side], &split, RATE);
    let mid: Vec<f64> = left.iter().zip(&right).map(|(l, r)| 0.5 * (l + r)).collect();
    let at = |sign: f64| mid.iter().zip(&side).map(|(m, s)| m + sign * s).collect::<Vec<f64>>();
    let (print, other) = (portrait(&[left, right]), portrait(&[at(1.0), at(-1.0)]));
    let both = Amounts { tone: 1.0, width: 1.0, limit_db: 12.0, ..Amounts::none() };
    let reference = reference(&[(&other, 1.0)]);
    let (before, _) =
        reference.propose(&print, &only_tone(1.0), true).expect("it proposes").distance_db.expect("compared");
    let (left, _) =
        reference.propose(&print, &both, true).expect("it proposes").distance_db.expect("compared");
    // What shelves and the four bands of the portrait differ by at their edges is left.
    assert!(left < 0.8 * before, "{left} of {before}");
}

#[test]
fn a_spectrum_that_ends_is_compared_up_to_just_under_its_end() {
    let mut print = portrait(&song(6.0, RATE));
    print.top_hz = 10_000.0;
    let valid = Picture::of(&print).valid;
    let last = valid.iter().rposition(|valid| *valid).map(grid::centre_hz).expect("there is a range");
    assert!((8900.0..9201.0).contains(&last), "{last}");
}

#[test]
fn noise_is_never_lifted() {
    // A print with nothing above 4 kHz but a steady hiss; the reference has music there.
    let original = song(10.0, RATE);
    let mut print = filtered(
        &original,
        &[Filter { kind: Curve::LowPass, freq_hz: 3000.0, gain_db: 0.0, q: 0.7 }; 3],
        RATE,
    );
    for (seed, plane) in (7..).zip(&mut print) {
        // Half of it is a pause in the music, 30 dB down, in which the hiss goes on.
        let half = plane.len() / 2;
        plane[half..].iter_mut().for_each(|x| *x *= 0.03);
        let hiss = noise(0.0004, seed, plane.len());
        plane.iter_mut().zip(hiss).for_each(|(x, hiss)| *x += hiss);
    }
    let reference = reference(&[(&portrait(&original), 1.0)]);
    let matched = reference.propose(&portrait(&print), &only_tone(1.0), true).expect("it proposes");
    let curve = fit::response(&filters_of(&matched));
    let middle = curve[grid::between(900.0, 1100.0).next().expect("there is one")];
    let top = grid::between(9000.0, 15_000.0).map(|point| curve[point] - middle).fold(0.0, f64::max);
    assert!(top < 0.8, "{top} {:?}", filters_of(&matched));
}

#[test]
fn a_reference_without_sides_does_not_blow_up_and_neither_does_a_print_without() {
    let wide = song(8.0, RATE);
    let mono = [wide[0].clone(), wide[0].clone()];
    let all = Amounts { tone: 1.0, width: 1.0, ..Amounts::none() };
    let (wide, mono) = (portrait(&wide), portrait(&mono));
    let narrowed = reference(&[(&mono, 1.0)]).propose(&wide, &all, true).expect("it proposes");
    let narrower = narrowed.steps.iter().find(|step| step.family == Family::Width).expect("it is narrowed");
    assert_eq!(narrower.settings.description().key, "eq");
    let at = |address: String| {
        narrower.settings.get(narrower.settings.description().index_of(&address).expect("declared"))
    };
    for band in 1..=4 {
        assert!((-6.0..=0.05).contains(&at(format!("band{band}.gain_db"))));
        // Either in use, and then on the side only, or not.
        let side = fx::Choice::index(fx::eq::Part::Side) as f64;
        assert!(at(format!("band{band}.gain_db")) == 0.0 || at(format!("band{band}.part")) == side);
    }
    let kept = reference(&[(&wide, 1.0)]).propose(&mono, &all, true).expect("it proposes");
    assert!(kept.steps.iter().all(|step| step.family != Family::Width));
    // A mono print has no width to speak of at all.
    let kept = reference(&[(&wide, 1.0)]).propose(&wide, &all, false).expect("it proposes");
    assert!(kept.steps.is_empty(), "{:?}", kept.steps);
}

#[test]
fn an_inverted_reference_is_told_and_not_followed() {
    let print = song(10.0, RATE);
    let inverted = portrait(&scaled(&print, 1.0, -1.0));
    let reference = reference(&[(&inverted, 1.0)]);
    assert!(reference.findings.iter().any(|finding| finding.rule == "reference_out_of_phase"));
    let all = Amounts { tone: 1.0, width: 1.0, ..Amounts::none() };
    let matched = reference.propose(&portrait(&print), &all, true).expect("it proposes");
    // Its spectrum is the same, so tone stays but for what width changes; width stays inside the rails.
    for step in matched.steps.iter().filter(|step| step.family == Family::Width) {
        for band in 1..=4 {
            let index = step.settings.description().index_of(&format!("band{band}.gain_db"));
            assert!(step.settings.get(index.expect("declared")).abs() <= 4.0);
        }
    }
}

#[test]
fn several_references_count_by_the_mean_of_their_logarithms() {
    let original = song(10.0, RATE);
    let tilt = |db: f64| {
        let filter = Filter { kind: Curve::Bell, freq_hz: 1000.0, gain_db: db, q: 0.7 };
        portrait(&filtered(&original, &[filter], RATE))
    };
    let print = portrait(&original);
    let (up, down) = (tilt(4.0), tilt(-4.0));
    let even = reference(&[(&up, 1.0), (&down, 1.0)]);
    assert!(even.propose(&print, &only_tone(1.0), true).expect("it proposes").steps.is_empty());
    let leaning = reference(&[(&up, 3.0), (&down, 1.0)]);
    let found = filters_of(&leaning.propose(&print, &only_tone(1.0), true).expect("it proposes"));
    let wanted = [Filter { kind: Curve::Bell, freq_hz: 1000.0, gain_db: 2.0, q: 0.7 }];
    assert!(largest_error(&wanted, &found, 1.0) < 0.5, "{found:?}");
}

#[test]
fn loud_moments_that_stand_further_out_are_evened_out_and_never_the_other_way() {
    let even = song(10.0, RATE);
    // Every second one is twice as loud for a tenth of a second.
    let jumpy = even.each_ref().map(|plane| {
        let gain = |n: usize| if (n / 4410).is_multiple_of(10) { 4.0 } else { 1.0 };
        plane.iter().enumerate().map(|(n, x)| gain(n) * x).collect::<Vec<f64>>()
    });
    let (even, jumpy) = (portrait(&even), portrait(&jumpy));
    let only = Amounts { dynamics: 0.5, ..Amounts::none() };
    let evened = reference(&[(&even, 1.0)]).propose(&jumpy, &only, true).expect("it proposes");
    assert_eq!(evened.steps.len(), 1);
    assert_eq!(evened.steps[0].settings.description().key, "multiband");
    // Loud moments 12 dB out: at most 2 dB come off, half of it comes back as gain.
    let squeezed = &evened.steps[0];
    let Some(spread) = jumpy.spread[1] else { panic!("there is a middle") };
    let taken = spread.reach_db() * (1.0 - 1.0 / setting(squeezed, "mid_ratio"));
    assert!((taken - 2.0).abs() < 0.1, "{taken}");
    assert_eq!(setting(squeezed, "mid_gain_db"), 1.0);
    assert!((setting(squeezed, "mid_threshold_db") - spread.median_dbfs).abs() < 0.06);
    let kept = reference(&[(&jumpy, 1.0)]).propose(&even, &only, true).expect("it proposes");
    assert!(kept.steps.is_empty(), "{:?}", kept.steps);
}

#[test]
fn a_free_destination_takes_the_loudness_of_the_reference_within_reason() {
    let mut loud = reference(&[(&portrait(&song(4.0, RATE)), 1.0)]);
    let cd = crate::targets::find("cd").expect("it is built in");
    let spotify = crate::targets::find("spotify").expect("it is built in");
    let asked = |reference: &Reference, target: &Target, amount: f64| {
        reference.target(target, -10.0, amount).loudness_lufs.map(|fact| fact.value)
    };
    loud.picture.lufs = -8.0;
    assert_eq!(asked(&loud, &cd, 1.0), Some(-8.0));
    assert_eq!(asked(&loud, &cd, 0.5), Some(-9.0));
    assert_eq!(asked(&loud, &cd, 0.0), None);
    assert_eq!(asked(&loud, &spotify, 1.0), Some(-14.0));
    loud.picture.lufs = 4.0;
    assert_eq!(asked(&loud, &cd, 1.0), Some(-5.0));
    loud.picture.lufs = -60.0;
    assert_eq!(asked(&loud, &cd, 1.0), Some(-30.0));
}

#[test]
fn short_references_are_heard_and_said_to_be_short() {
    let print = portrait(&song(8.0, RATE));
    let short = portrait(&song(2.0, RATE));
    let reference = reference(&[(&short, 1.0)]);
    assert_eq!(reference.findings.iter().map(|f| f.rule).collect::<Vec<_>>(), ["short_reference"]);
    assert!(reference.propose(&print, &only_tone(1.0), true).is_ok());
    assert_eq!(hear(&song(0.3, RATE), RATE), None);
    assert_eq!(hear(&[vec![0.0; 60_000], vec![0.0; 60_000]], RATE), None);
}

#[test]
fn linear_phase_reaches_every_equaliser_of_the_match() {
    let original = song(8.0, RATE);
    let print = portrait(&filtered(&original, &planted(), RATE));
    let narrow = portrait(&[original[0].clone(), original[0].clone()]);
    let phases = |linear: bool| -> Vec<f64> {
        let amounts = Amounts { tone: 1.0, width: 1.0, limit_db: 24.0, linear, ..Amounts::none() };
        let matched = reference(&[(&narrow, 1.0)]).propose(&print, &amounts, true).expect("it proposes");
        matched.steps.iter().map(|step| setting(step, "phase")).collect()
    };
    let linear = fx::Choice::index(fx::eq::Phase::Linear) as f64;
    assert!(phases(true).len() >= 2 && phases(true).iter().all(|phase| *phase == linear));
    assert!(phases(false).iter().all(|phase| *phase != linear));
}

#[test]
fn weights_have_to_fit_their_references() {
    let code = |references: usize, weights: &[f64]| {
        let references = (0..references).map(|n| PathBuf::from(format!("{n}.wav"))).collect();
        let wish = Match { references, weights: weights.to_vec(), amounts: Amounts::default() };
        wish.check().err().map(|error| error.code)
    };
    assert_eq!(code(2, &[]), None);
    assert_eq!(code(2, &[1.0, 0.0]), None);
    for (references, weights) in [(0, vec![]), (33, vec![]), (2, vec![1.0]), (1, vec![-1.0]), (1, vec![0.0])]
    {
        assert_eq!(code(references, &weights), Some("bad_match"), "{references} {weights:?}");
    }
    assert_eq!(code(1, &[f64::NAN]), Some("bad_match"));
}
