use super::*;
use crate::styles::Style;
use dsp::math::{db_to_power, power_to_db};
use dsp::meter::loudness::power_of_lufs;
use studio::mix::Group;

fn steady(group: Group, lufs: f64) -> Sounding {
    Sounding { group, strip: group.id().to_owned(), powers: vec![power_of_lufs(lufs); 400] }
}

fn relative(sounding: &[Sounding], style: &str, lead: Option<Group>) -> Vec<f64> {
    let parts = targets(sounding, &Style::find(style).unwrap(), lead);
    close::solve(&parts, -20.0, 0.0).relative_lu.into_iter().map(Option::unwrap).collect()
}

#[test]
fn a_band_of_everything_lies_in_the_published_quartiles() {
    let band = [
        steady(Group::Drums, -30.0),
        steady(Group::Bass, -12.0),
        steady(Group::Guitars, -25.0),
        steady(Group::Keys, -23.0),
        steady(Group::Vocals, -40.0),
    ];
    for style in Style::names().filter(|name| *name != "podcast") {
        let lu = relative(&band, style, None);
        assert!((-9.3..=-4.9).contains(&lu[0]), "{style}: drums {lu:?}");
        assert!((-10.1..=-6.7).contains(&lu[1]), "{style}: bass {lu:?}");
        assert!((-4.0..=-1.8).contains(&lu[4]), "{style}: voice {lu:?}");
        let power: f64 = lu.iter().map(|lu| db_to_power(*lu)).sum();
        assert!((power - 1.0).abs() < 0.002, "{style}: {power}");
    }
}

#[test]
fn a_voice_with_one_guitar_is_still_a_voice_with_a_guitar() {
    let lu = relative(&[steady(Group::Guitars, -20.0), steady(Group::Vocals, -20.0)], "folk", None);
    assert!((-4.0..=-1.8).contains(&lu[1]), "{lu:?}");
    assert!(lu[0] < lu[1] - 2.0, "{lu:?}");
}

#[test]
fn three_backing_voices_do_not_beat_the_lead_and_a_tambourine_does_not_beat_the_kit() {
    let lu = relative(
        &[
            steady(Group::Drums, -20.0),
            steady(Group::Percussion, -6.0),
            steady(Group::Vocals, -30.0),
            steady(Group::Backing, -10.0),
        ],
        "pop",
        None,
    );
    assert!(lu[3] <= lu[2] - 4.99, "{lu:?}");
    assert!(lu[1] <= -13.99, "{lu:?}");
}

#[test]
fn without_a_singer_the_lead_instrument_takes_most_of_the_singers_share() {
    let band = [steady(Group::Drums, -20.0), steady(Group::Keys, -20.0), steady(Group::Strings, -20.0)];
    let lu = relative(&band, "pop", Some(Group::Keys));
    assert!(lu[1] > lu[2] + 3.0, "{lu:?}");
    assert!(lu[1] > lu[0], "{lu:?}");
}

#[test]
fn where_a_lead_rests_it_is_louder_before_drums_leave_their_range_and_without_one_they_do() {
    let rests = |group: Group| {
        let powers = [vec![power_of_lufs(-20.0); 160], vec![0.0; 240]].concat();
        Sounding { group, strip: group.id().to_owned(), powers }
    };
    let (drums, bass) = (steady(Group::Drums, -20.0), steady(Group::Bass, -20.0));
    let lu =
        relative(&[drums.clone(), bass.clone(), rests(Group::Synths)], "electronic", Some(Group::Synths));
    assert!((-9.3..=-4.9).contains(&lu[0]) && (-10.1..=-6.7).contains(&lu[1]), "{lu:?}");
    assert!(lu[2] > 0.0 && lu[2] < 3.0, "{lu:?}");
    // A voice has a range of its own: there the beat carries what is missing, and neither voice nor bass leaves theirs.
    let lu = relative(&[drums, bass, rests(Group::Vocals)], "hip-hop", None);
    assert!(lu[0] > -4.9 && (-10.1..=-6.7).contains(&lu[1]) && (-4.0..=-1.8).contains(&lu[2]), "{lu:?}");
}

#[test]
fn the_pan_formula_gives_the_figures_of_its_paper() {
    // Values of the mixing rules, C6, at width 5 and 10.
    for (width, table) in [(5.0, [0.20, 0.29, 0.42]), (10.0, [0.31, 0.44, 0.63])] {
        for (hz, wanted) in [800.0, 1500.0, 3000.0].into_iter().zip(table) {
            let got = pan::distance(hz, width);
            assert!((got - wanted).abs() < 0.012, "{hz} at {width}: {got}, {wanted}");
        }
    }
    assert_eq!(pan::distance(300.0, 10.0), 0.0);
    assert_eq!(pan::distance(8000.0, 10.0), 0.9, "a single track is never hard at one side");
}

/// Spectrum of white noise from a frequency on.
fn noise_from(hz: f64, bin_hz: f64) -> Vec<f32> {
    (0..4096).map(|bin| if f64::from(bin) * bin_hz >= hz { 1.0 } else { 0.0 }).collect()
}

#[test]
fn a_high_pass_goes_as_high_as_one_per_cent_of_the_loudness_and_no_higher() {
    let bin_hz = 5.86;
    // Broad noise has next to nothing under 100 Hz: the cap decides.
    assert_eq!(clean::corner_hz(&noise_from(0.0, bin_hz), bin_hz, 48_000.0, 100.0), Some(100.0));
    // Nothing under the corner: nothing to take away.
    assert_eq!(clean::corner_hz(&noise_from(400.0, bin_hz), bin_hz, 48_000.0, 100.0), None);
    // A tone at 55 Hz with a little rumble: a second-order corner takes 1 % at 55/fc = 99^(1/4), i.e. at 17.4 Hz: too low.
    let mut tone = vec![0.0_f32; 4096];
    tone[9] = 1.0;
    tone[3] = 1e-4;
    assert_eq!(clean::corner_hz(&tone, bin_hz, 48_000.0, 80.0), None);
    // The same at 220 Hz: 220/99^(1/4) = 69.7; in sixths of an octave from 80: 80, 71.3, 63.5.
    let mut tone = vec![0.0_f32; 4096];
    tone[38] = 1.0;
    tone[3] = 1e-4;
    let corner = clean::corner_hz(&tone, bin_hz, 48_000.0, 80.0).unwrap();
    assert!((corner - 63.5).abs() < 0.1, "{corner}");
}

#[test]
fn the_gate_stands_between_hits_and_bleed() {
    let mut levels = vec![-40.0; 300];
    (0..60).for_each(|hit| levels[5 * hit] = -8.0 - f64::from(hit as u32 % 3));
    let split = gate::split(&levels).unwrap();
    assert!((-30.0..-20.0).contains(&split.threshold_db), "{split:?}");
    assert!((split.hits_db + 9.0).abs() < 1.1 && (split.bleed_db + 40.0).abs() < 0.1, "{split:?}");
    assert_eq!(gate::split(&[-10.0; 5]), None);
}

#[test]
fn percussivity_is_one_at_the_mean_and_between_nothing_and_two() {
    assert!((dynamics::percussivity(12.0, 12.0) - 1.0).abs() < 1e-12);
    assert!(dynamics::percussivity(30.0, 12.0) > 1.99);
    assert!(dynamics::percussivity(0.0, 12.0) < 0.02);
}

#[test]
fn a_simulated_compressor_follows_its_curve_and_comes_back_in_its_time() {
    // 4 to 1, 20 dB over, hard: -15 dB at once; then back with a time constant of 200 ms.
    let mut levels = vec![-20.0; 4];
    levels.extend([-60.0; 8]);
    let gains = dynamics::simulate(&levels, -40.0, 4.0, 0.0, 200.0);
    assert!((gains[3] + 15.0).abs() < 1e-9);
    // 200 ms later: 15/e.
    assert!((gains[7] + 15.0 * 0.367_879_441).abs() < 1e-6, "{}", gains[7]);
}

#[test]
fn a_ride_brings_a_soft_phrase_up_and_leaves_half_of_it() {
    // 4 s loud, 1 s rest, 4 s soft by 8 LU, 1 s rest, 4 s loud: no music.
    let mut voice = Vec::new();
    for (lufs, values) in [(-20.0, 80), (-80.0, 20), (-28.0, 80), (-80.0, 20), (-20.0, 80)] {
        voice.extend(vec![power_of_lufs(lufs); values]);
    }
    let points = ride::ride(&voice, &vec![0.0; voice.len()]);
    let value = |seconds: f64| {
        let next = points.iter().position(|(at, _)| *at > seconds).unwrap();
        let ((t0, a), (t1, b)) = (points[next - 1], points[next]);
        a + (b - a) * (seconds - t0) / (t1 - t0)
    };
    assert!(value(7.0) > 2.0 && value(7.0) <= 4.0, "{points:?}");
    assert!(value(2.0).abs() < 1.5, "{points:?}");
    assert!(points.len() < 20, "{} points", points.len());
    // An even line is left alone (but for the half windows at both ends of the file).
    let even = vec![power_of_lufs(-20.0); 400];
    let points = ride::ride(&even, &vec![0.0; 400]);
    assert!(
        points.iter().filter(|(at, _)| (1.0..19.0).contains(at)).all(|(_, db)| db.abs() < 0.5),
        "{points:?}"
    );
}

#[test]
fn power_sums_are_as_worked_out_by_hand() {
    assert!((power_to_db(db_to_power(-3.1) + db_to_power(-7.5) + db_to_power(-8.5)) + 0.92).abs() < 0.01);
}

#[test]
fn a_copy_10_db_under_the_drums_is_24_percent_of_both() {
    // 10^(-10/20) = 0.3162; 0.3162 / 1.3162 = 0.2403.
    assert!((dynamics::parallel_percent(-10.0) - 24.03).abs() < 0.01);
    assert!((dynamics::parallel_percent(0.0) - 50.0).abs() < 1e-9);
}

#[test]
fn kick_and_bass_get_slots_where_the_other_is_and_none_where_both_are_in_one_place() {
    let mut spectrum = vec![0.0_f32; 64];
    (spectrum[10], spectrum[40]) = (1.0, 5.0);
    // 58.6 Hz is the strongest of what a kick may have; 234 Hz is stronger and not its fundamental.
    assert_eq!(duck::strongest_hz(&spectrum, 5.86, (35.0, 120.0)), Some(10.0 * 5.86));
    assert_eq!(duck::strongest_hz(&[0.0; 64], 5.86, (35.0, 120.0)), None);
    assert_eq!(duck::slots_hz(58.6, 98.0), Some((58.6, 98.0)));
    // A whole tone apart.
    assert_eq!(duck::slots_hz(58.6, 65.4), None);
}

#[test]
fn a_group_without_harmonics_is_softer_by_them_than_by_its_loudness() {
    // Two of equal loudness; the first has a hundredth in its narrow band, the second half: 0.01/0.51 against 1/2 is -14.1 LU.
    let apart = narrow::disagreement_lu(&[1.0, 1.0], &[0.01, 0.5]);
    assert!((apart[0] + 14.07).abs() < 0.01 && (apart[1] - 2.92).abs() < 0.01, "{apart:?}");
    // Everything alike: nobody disagrees; silence says nothing.
    assert_eq!(narrow::disagreement_lu(&[1.0, 3.0, 0.0], &[0.5, 1.5, 0.0]), [0.0, 0.0, 0.0]);
}

#[test]
fn a_stray_hit_is_found_on_its_track_and_an_even_mix_has_none() {
    // A mix of 0.1 with one value of 0.8 at 2 s, which the second track brings; 6 dB over 0.1 is 0.2.
    let mut mix = vec![0.1; 100];
    mix[40] = 0.8;
    let (mut one, mut two) = (vec![0.05; 100], vec![0.05; 100]);
    (one[40], two[40]) = (0.1, 0.7);
    let found = headroom::stray(&mix, 0.1, &[one.clone(), two]).unwrap();
    assert_eq!((found.lane, found.seconds), (1, 2.025));
    assert!((found.over_db - 18.06).abs() < 0.01, "{found:?}");
    // 0.2 less the 0.1 of the others leaves 0.1 of 0.7: 17 dB, of which 9 are offered.
    assert_eq!(found.dip_db, -9.0);
    mix[40] = 0.19;
    assert_eq!(headroom::stray(&mix, 0.1, &[one]), None);
}

#[test]
fn throws_stand_at_ends_of_phrases_that_a_beat_of_rest_follows() {
    // 2 s sung, 0.4 s rest, 2 s sung, 1 s rest, 0.5 s sung, 1 s rest, 2 s sung to the end: at 120 a minute a beat is 0.5 s.
    let mut active = Vec::new();
    for (on, values) in [(true, 40), (false, 8), (true, 40), (false, 20), (true, 10), (false, 20), (true, 40)]
    {
        active.extend(vec![on; values]);
    }
    assert_eq!(throw::phrase_ends(&active, 0.5), [4.4]);
    assert_eq!(throw::phrase_ends(&active, 0.4), [2.0, 4.4]);
    active.extend([false; 4]);
    assert_eq!(throw::phrase_ends(&active, 0.5), [4.4, 8.9]);
}

#[test]
fn a_guitar_gives_away_four_tenths_of_its_mud_and_a_clean_one_nothing() {
    use crate::hear::{BANDS, band_centre_hz};
    // As much in each band; from 200 to 450 Hz so many decibels more.
    let with = |more_db: f64| -> Vec<f64> {
        let power = |hz: f64| if (200.0..450.0).contains(&hz) { db_to_power(more_db) } else { 1.0 };
        (0..BANDS).map(|band| power(band_centre_hz(band))).collect()
    };
    let count = |from: f64, to: f64| {
        (0..BANDS).filter(|band| (from..to).contains(&band_centre_hz(*band))).count() as f64
    };
    let flat = power_to_db(count(200.0, 450.0) / count(450.0, 1800.0));
    // Flat bands are what is usual: nothing. 5 dB more: 2 dB of it. 20 dB more: no more than 2.5.
    assert_eq!(mud::cut(&with(0.0), flat), None);
    assert_eq!(mud::cut(&with(-6.0), flat), None, "never a boost");
    let (hz, gain, has) = mud::cut(&with(5.0), flat).unwrap();
    assert!((gain + 2.0).abs() < 1e-9 && (has - flat - 5.0).abs() < 1e-9, "{gain} {has}");
    assert!((250.0..350.0).contains(&hz), "{hz}");
    assert_eq!(mud::cut(&with(20.0), flat).unwrap().1, -2.5);
    assert_eq!(mud::cut(&with(1.2), flat), None, "less than half a decibel is not worth a filter");
}

#[test]
fn a_room_goes_on_as_long_as_it_rings_and_echoes_begin_late() {
    // 60 dB in half a second are 6 dB every 50 ms.
    let room = shares::Trail::of_room(0.5);
    assert_eq!(room.after, 0);
    let trail = room.of(&[1.0, 0.0, 0.0]);
    assert!((trail[1] - db_to_power(-6.0)).abs() < 1e-12 && (trail[2] - db_to_power(-12.0)).abs() < 1e-12);
    // 0.25 s apart, each half of the one before: the first after five values, then 6.02 dB less after five more.
    let echoes = shares::Trail::of_echoes(0.25, 0.5);
    assert_eq!(echoes.after, 5);
    let trail = echoes.of(&[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(trail[..5], [0.0; 5]);
    assert!((power_to_db(trail[10] / trail[5]) + 6.02).abs() < 0.01, "{trail:?}");
}

#[test]
fn what_counts_in_is_silent_and_the_first_beat_is_whole() {
    let curve = start::opening(4.0);
    let at = |seconds: f64| {
        let next = curve.iter().position(|point| point.0 > seconds);
        match next {
            None => curve[curve.len() - 1].1,
            Some(next) => {
                let ((t0, a), (t1, b)) = (curve[next - 1], curve[next]);
                a + (b - a) * (seconds - t0) / (t1 - t0)
            }
        }
    };
    assert_eq!((at(0.0), at(3.9), at(3.98), at(100.0)), (-96.0, -96.0, 0.0, 0.0));
}

#[test]
fn what_an_instrument_rings_at_by_nature_is_no_fault() {
    // The air of a guitar's body rings at about 100 Hz, its top at about 200 Hz; a voice has nothing of the kind.
    assert!(clean::lowest_fault_hz(Group::Guitars) > 220.0 && clean::lowest_fault_hz(Group::Guitars) < 600.0);
    assert!(clean::lowest_fault_hz(Group::Drums) > clean::lowest_fault_hz(Group::Bass));
    assert_eq!(clean::lowest_fault_hz(Group::Vocals), 0.0);
}

#[test]
fn only_chords_that_die_away_show_the_body_between_their_notes() {
    let with = |fall: f64, notes: f64| {
        let mut facts = crate::hear::Facts::silent();
        facts.character.fall_middle_db_per_second = fall;
        facts.character.notes_at_once = notes;
        clean::shows_its_body(&facts)
    };
    // A plucked guitar and an overdriven one; an organ; a lead guitar.
    assert!(with(25.0, 5.8) && with(6.9, 3.1));
    assert!(!with(5.2, 4.7) && !with(-1.0, 4.7));
    assert!(!with(30.0, 2.0));
}
