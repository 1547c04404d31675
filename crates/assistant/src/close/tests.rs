use super::*;
use dsp::math::{PI, db_to_power, sin};
use dsp::meter::loudness::power_of_lufs;
use studio::engine::Shelf;
use studio::job::Job;
use studio::session::Session;

/// Powers of something at a loudness, for some values, then silence.
fn at(lufs: f64, on: usize, off: usize) -> Powers {
    let mut powers = vec![power_of_lufs(lufs); on];
    powers.extend(vec![0.0; off]);
    powers
}

fn part(id: &str, powers: Powers, target_lu: f64) -> Part {
    Part { id: id.to_owned(), powers, target_lu, range_lu: (-60.0, 0.0), follows: 1.0, under: None, gives: 0 }
}

#[test]
fn gated_loudness_is_that_of_the_loud_part_alone() {
    // Half at -20, half at -50: the relative gate (-10 LU under the mean) drops the soft half, but for the blocks at the edge.
    let mut powers = at(-20.0, 200, 0);
    powers.extend(at(-50.0, 200, 0));
    let lufs = gated_lufs(&powers).unwrap();
    assert!((lufs + 20.0).abs() < 0.1, "{lufs}");
    assert_eq!(gated_lufs(&at(-80.0, 200, 0)), None);
    assert_eq!(gated_lufs(&[]), None);
}

#[test]
fn pauses_do_not_count_in_active_loudness() {
    let lufs = active_lufs(&at(-20.0, 100, 300)).unwrap();
    assert!((lufs + 20.0).abs() < 0.5, "{lufs}");
}

#[test]
fn steady_groups_come_out_at_their_shares_of_the_power() {
    // Shares 0.5, 0.3, 0.2 of a mix of steady sounds, whatever they were.
    let shares = [0.5, 0.3, 0.2];
    let parts: Vec<Part> = shares
        .iter()
        .zip([-12.0, -40.0, -23.0])
        .map(|(share, lufs)| part("x", at(lufs, 400, 0), dsp::math::power_to_db(*share)))
        .collect();
    let solution = solve(&parts, -20.0, 0.0);
    for ((share, lufs), fader) in shares.iter().zip([-12.0, -40.0, -23.0]).zip(&solution.faders_db) {
        let wanted = -20.0 + dsp::math::power_to_db(*share) - lufs;
        assert!((fader.unwrap() - wanted).abs() < 0.01, "{fader:?} {wanted}");
    }
    assert!(solution.lambda_db.abs() < 0.01);
}

#[test]
fn the_solved_mix_is_as_loud_as_asked_and_each_group_where_it_is_said_to_be() {
    // A voice that sings half of the time, a band that plays always.
    let parts = [part("voice", at(-30.0, 300, 300), -3.1), part("band", at(-15.0, 600, 0), -4.0)];
    let solution = solve(&parts, -20.0, 0.0);
    let all: Vec<Powers> = parts
        .iter()
        .zip(&solution.faders_db)
        .map(|(part, fader)| scaled(&part.powers, fader.unwrap()))
        .collect();
    let mix = gated_lufs(&sum(&all)).unwrap();
    assert!((mix + 20.0).abs() < 0.01, "{mix}");
    for (own, relative) in all.iter().zip(&solution.relative_lu) {
        assert!((gated_lufs(own).unwrap() - mix - relative.unwrap()).abs() < 0.01);
    }
}

#[test]
fn what_is_missing_is_given_to_those_that_may_move() {
    // Two alone, the first held in its range: the second takes the rest of the power.
    let mut parts = [part("voice", at(-20.0, 400, 0), -3.1), part("guitar", at(-20.0, 400, 0), -7.2)];
    parts[0].range_lu = (-3.9, -1.9);
    parts[0].follows = 0.5;
    let solution = solve(&parts, -20.0, 0.0);
    let voice = solution.relative_lu[0].unwrap();
    assert!((-3.9..=-1.89).contains(&voice), "{voice}");
    let power: f64 = solution.relative_lu.iter().map(|lu| db_to_power(lu.unwrap())).sum();
    assert!((power - 1.0).abs() < 0.001, "{power}");
}

#[test]
fn where_nothing_else_can_drums_go_past_their_range_first_and_the_voice_never() {
    // A voice that sings a third of the time, drums, a bass: at the tops of their ranges they are no whole mix.
    let mut parts = [
        part("voice", at(-20.0, 200, 400), -3.1),
        part("drums", at(-20.0, 600, 0), -7.5),
        part("bass", at(-20.0, 600, 0), -8.5),
    ];
    for (part, (range, gives)) in
        parts.iter_mut().zip([((-3.8, -2.0), 0), ((-9.1, -5.1), 1), ((-9.9, -6.9), 2)])
    {
        (part.range_lu, part.gives) = (range, gives);
    }
    let solution = solve(&parts, -20.0, 0.0);
    let lu: Vec<f64> = solution.relative_lu.iter().map(|lu| lu.unwrap()).collect();
    assert!((-3.8..=-1.99).contains(&lu[0]), "{lu:?}");
    assert!(lu[1] > -5.1 && lu[1] <= -2.1 + 1e-6, "{lu:?}");
    assert!((-9.9..=-6.89).contains(&lu[2]), "{lu:?}");
}

#[test]
fn backing_voices_stay_under_the_lead_whatever_they_ask_for() {
    let mut parts = [part("lead", at(-20.0, 400, 0), -3.1), part("backing", at(-20.0, 400, 0), -1.0)];
    parts[1].under = Some((0, 5.0));
    let solution = solve(&parts, -20.0, 0.0);
    assert!(solution.relative_lu[1].unwrap() <= solution.relative_lu[0].unwrap() - 4.999);
}

#[test]
fn a_silent_group_gets_no_fader_and_a_single_one_is_the_mix() {
    let parts = [part("one", at(-30.0, 400, 0), -3.0), part("none", vec![0.0; 400], -3.0)];
    let solution = solve(&parts, -20.0, 0.0);
    assert_eq!(solution.faders_db[1], None);
    assert!((solution.faders_db[0].unwrap() - 10.0).abs() < 0.01, "{:?}", solution.faders_db);
}

/// A sine of 997 Hz reads its level in LUFS on one channel (BS.1770-5): -3.01 at full scale.
#[test]
fn ears_on_strips_read_what_a_meter_would() {
    let rate = 48_000;
    let sine = |level: f64| {
        let mut buffer = dsp::block::Buffer::new(1, 2 * rate as usize);
        for (n, x) in buffer.channel_mut(0).iter_mut().enumerate() {
            *x = level * sin(2.0 * PI * 997.0 * n as f64 / f64::from(rate));
        }
        buffer
    };
    let mut shelf = Shelf::default();
    shelf.put("a.wav", sine(0.5), rate);
    shelf.put("b.wav", sine(0.25), rate);
    let text = "version = 1\n[session]\nsample_rate_hz = 48000\n[[track]]\nid = \"a\"\nfile = \"a.wav\"\nfader_db = -3.0\noutput = \"bus\"\n\
                [[track]]\nid = \"b\"\nfile = \"b.wav\"\noutput = \"bus\"\n[[bus]]\nid = \"bus\"\nfader_db = -6.0\n[mix]\nfader_db = 4.0\n";
    let session = Session::parse(text, "x", std::path::Path::new(""), Default::default()).unwrap();
    let heard = render(&session, (&[], &[]), &shelf, &Job::quiet()).unwrap();
    // Ahead of the fader: -6.02 - 3.01.
    let a = gated_lufs(heard.of("a").unwrap()).unwrap();
    assert!((a + 9.03).abs() < 0.05, "{a}");
    // Both in phase: 0.5 * 10^(-3/20) + 0.25 = 0.604, panned at constant power.
    let bus = gated_lufs(heard.of("bus").unwrap()).unwrap();
    let wanted = dsp::math::gain_to_db(0.5 * dsp::math::db_to_gain(-3.0) + 0.25) - 3.01;
    assert!((bus - wanted).abs() < 0.05, "{bus} {wanted}");
    // The mix hears the bus behind its fader, and its own fader not at all.
    let mix = gated_lufs(heard.of("mix").unwrap()).unwrap();
    assert!((mix - wanted + 6.0).abs() < 0.05, "{mix}");
    let peak = heard.peaks_db["mix"];
    assert!((peak - (wanted + 3.01 - 6.0 - 3.01)).abs() < 0.1, "{peak}");
}

#[test]
fn a_group_is_heard_with_its_share_of_the_room_as_if_it_were_alone_and_the_mix_stays_what_it_is() {
    let rate = 48_000;
    let noise = |stream: u64| {
        let rng = dsp::rng::CounterRng::new(7, stream);
        let mut buffer = dsp::block::Buffer::new(1, 2 * rate as usize);
        let half = rate as usize;
        for (n, x) in buffer.channel_mut(0).iter_mut().enumerate().take(half) {
            *x = 0.2 * rng.bipolar(n as u64);
        }
        buffer
    };
    let mut shelf = Shelf::default();
    ["a", "b", "c"]
        .iter()
        .zip(1..)
        .for_each(|(name, stream)| shelf.put(format!("{name}.wav"), noise(stream), rate));
    // One group on a track of its own at the side, one on a bus that is turned down: sends leave ahead of it.
    let text = |mute: [bool; 3]| {
        let [a, b, c] = mute;
        format!(
            "version = 1\n[session]\nsample_rate_hz = 48000\n\
             [[track]]\nid = \"a\"\nfile = \"a.wav\"\npan = 0.6\nmute = {a}\nsends = [{{ to = \"plate\", gain_db = -6.0 }}]\n\
             [[track]]\nid = \"b\"\nfile = \"b.wav\"\noutput = \"bus\"\nmute = {b}\nsends = [{{ to = \"plate\", gain_db = -3.0 }}]\n\
             [[track]]\nid = \"c\"\nfile = \"c.wav\"\noutput = \"bus\"\nmute = {c}\n\
             [[bus]]\nid = \"bus\"\nfader_db = -12.0\n[[bus]]\nid = \"plate\"\nfader_db = -2.0\n\
             [[bus.insert]]\nplate = {{ mix_percent = 100.0 }}\n"
        )
    };
    let session =
        |mute| Session::parse(&text(mute), "x", std::path::Path::new(""), Default::default()).unwrap();
    let plain = |mute| render(&session(mute), (&[], &[]), &shelf, &Job::quiet()).unwrap();
    let mix = |heard: &Heard| gated_lufs(heard.of("mix").unwrap()).unwrap();
    let own = |strip: &str, tracks: &[&str]| Party {
        strip: strip.to_owned(),
        tracks: tracks.iter().map(|track| (*track).to_owned()).collect(),
    };
    let groups = [own("a", &["a"]), own("bus", &["b", "c"])];
    let heard =
        render(&session([false; 3]), (&groups, &["plate".to_owned()]), &shelf, &Job::quiet()).unwrap();
    assert!((mix(&heard) - mix(&plain([false; 3]))).abs() < 1e-6);
    for (strip, mute) in [("a", [false, true, true]), ("bus", [true, false, false])] {
        let whole = gated_lufs(heard.of(&whole_of(strip)).unwrap()).unwrap();
        assert!((whole - mix(&plain(mute))).abs() < 1e-6, "{strip}: {whole} {}", mix(&plain(mute)));
    }
    // Its dry sound alone is not it: the room of the bus is louder than the bus.
    let dry = gated_lufs(heard.of("bus").unwrap()).unwrap() - 12.0;
    let share = gated_lufs(heard.of(&share_of("plate", "bus")).unwrap()).unwrap() - 2.0;
    let whole = gated_lufs(heard.of(&whole_of("bus")).unwrap()).unwrap();
    assert!(whole > dry + 0.5 && whole > share, "{dry} {share} {whole}");
    assert_eq!(heard.of("plate"), None, "nothing is left of what was taken apart");
}
