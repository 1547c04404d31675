use super::*;

fn hear(left: Vec<f64>, right: Vec<f64>) -> Listening {
    let mut listener = Listener::new(2, 48_000.0, left.len() as u64);
    for stage in listener.stages() {
        let block = Buffer::from_planes(&[left.clone(), right.clone()]);
        stage.push(block, &mut |_| Ok(())).expect("it listens");
    }
    listener.finish(None, &[])
}

#[test]
fn a_tone_lands_in_its_band_and_its_width_is_heard() {
    let left = testkit::signals::sine(1000.0, 0.5, 0.0, 2.0, 48_000.0);
    let right: Vec<f64> = left.iter().map(|x| 0.5 * x).collect();
    let heard = hear(left, right);
    let loudest = (0..BANDS).max_by(|&a, &b| heard.level_db[a].total_cmp(&heard.level_db[b]));
    assert_eq!(loudest, Some(3));
    // Mid 0.75, side 0.25 of the left: -9.54 dB.
    assert!((heard.side_mid_db[3].expect("there is a tone") + 9.54).abs() < 0.05, "{:?}", heard.side_mid_db);
}

#[test]
fn dynamics_count_music_not_pauses() {
    // 60 Hz: one second loud, three seconds 6 dB less, two seconds of silence.
    let tone = testkit::signals::sine(60.0, 0.5, 0.0, 6.0, 48_000.0);
    let gate = |n: usize| {
        if n < 48_000 {
            1.0
        } else if n < 192_000 {
            0.501_187
        } else {
            0.0
        }
    };
    let plane: Vec<f64> = tone.iter().enumerate().map(|(n, x)| x * gate(n)).collect();
    let low = hear(plane.clone(), plane).dynamics[0];
    // RMS of a sine of peak 0.5 is -9.03 dBFS; the band's own filter takes 0.3 dB at most.
    assert!((low.p90_dbfs + 9.03).abs() < 0.5, "{low:?}");
    assert!((low.p90_dbfs - low.median_dbfs - 6.0).abs() < 0.05, "{low:?}");
}

#[test]
fn bursts_count_and_the_arc_of_a_piece_does_not() {
    // 1 kHz. Rising by 20 dB over 20 s: no bursts. A blow of 50 ms every second, 20 dB over the rest: bursts of nearly
    // 19 dB, as one step in twenty lifts the mean by 1.
    let tone = testkit::signals::sine(1000.0, 0.5, 0.0, 20.0, 48_000.0);
    let arc: Vec<f64> =
        tone.iter().enumerate().map(|(n, x)| x * math::db_to_gain(-20.0 + n as f64 / 48_000.0)).collect();
    assert!(hear(arc.clone(), arc).dynamics[1].burst_db < 3.0);
    let blow = |n: usize| if n % 48_000 < 2400 { 1.0 } else { 0.1001 };
    let blows: Vec<f64> = tone.iter().enumerate().map(|(n, x)| x * blow(n)).collect();
    let burst_db = hear(blows.clone(), blows).dynamics[1].burst_db;
    assert!((burst_db - 19.0).abs() < 0.3, "{burst_db}");
}

#[test]
fn a_wall_ends_the_spectrum() {
    let noise = testkit::signals::noise(0.3, 3, 96_000);
    let heard = hear(noise.clone(), noise);
    assert_eq!(heard.top_hz, 24_000.0);
}

/// Three seconds of pink-ish noise (white through a gentle slope would do as well: the bands are held against neighbours).
fn hiss(seconds: f64, seed: u64) -> Vec<f64> {
    testkit::signals::noise(0.1, seed, (seconds * 48_000.0) as usize)
}

fn filtered(plane: &[f64], freq_hz: f64, gain_db: f64, q: f64) -> Vec<f64> {
    let shape = dsp::eq_design::design(dsp::eq_design::Curve::Bell, freq_hz, gain_db, q, 48_000.0);
    let mut filter = dsp::biquad::Biquad::new(shape.coefficients());
    plane.iter().map(|x| filter.tick(*x)).collect()
}

#[test]
fn a_narrow_peak_that_stays_is_named_and_its_clean_twin_is_not() {
    let clean = hiss(6.0, 11);
    let rings = filtered(&clean, 2870.0, 11.0, 10.0);
    assert!(hear(clean.clone(), clean.clone()).resonances.is_empty());
    let found = hear(rings.clone(), rings).resonances;
    assert_eq!(found.len(), 1, "{found:?}");
    assert!((found[0].freq_hz / 2870.0 - 1.0).abs() < 0.03, "{found:?}");
    assert!(found[0].over_db > 6.0 && found[0].over_db < 12.0 && found[0].share > 0.9, "{found:?}");
    // In a fifth of the time only: not one that stays.
    let gated = filtered(&clean, 2870.0, 11.0, 10.0);
    let sometimes: Vec<f64> =
        (0..clean.len()).map(|n| if n < clean.len() / 5 { gated[n] } else { clean[n] }).collect();
    assert!(hear(sometimes.clone(), sometimes).resonances.is_empty());
}

#[test]
fn a_note_that_is_held_is_no_resonance() {
    let mut tune = hiss(6.0, 12).iter().map(|x| 0.05 * x).collect::<Vec<_>>();
    for harmonic in 1..12 {
        let hz = 440.0 * f64::from(harmonic);
        let note = testkit::signals::sine(hz, 0.2 / f64::from(harmonic), 0.0, 6.0, 48_000.0);
        tune.iter_mut().zip(note).for_each(|(y, x)| *y += x);
    }
    assert!(hear(tune.clone(), tune).resonances.is_empty());
}

#[test]
fn sibilants_are_counted_and_their_level_is_told() {
    // 2 kHz at -20 dBFS; every half second 7 kHz at -14 dBFS alone for 96 ms, four moments of 21 ms and a bit.
    let voice = testkit::signals::sine(2000.0, 0.1, 0.0, 8.0, 48_000.0);
    let sharp = testkit::signals::sine(7000.0, 0.2, 0.0, 8.0, 48_000.0);
    let speech: Vec<f64> =
        (0..voice.len()).map(|n| if n % 24_000 < 4608 { sharp[n] } else { voice[n] }).collect();
    let heard = hear(speech.clone(), speech).sibilance;
    assert!((heard.share - 0.192).abs() < 0.03, "{heard:?}");
    // RMS of the sines: -16.99 and -23.01 dBFS.
    assert!((heard.level_db + 16.99).abs() < 0.3, "{heard:?}");
    assert!((heard.presence_db + 23.01).abs() < 0.3, "{heard:?}");
    assert_eq!(hear(voice.clone(), voice).sibilance.share, 0.0);
}

#[test]
fn blows_are_counted_and_a_pad_has_none() {
    let tone = testkit::signals::sine(500.0, 0.5, 0.0, 8.0, 48_000.0);
    let blows: Vec<f64> =
        tone.iter().enumerate().map(|(n, x)| x * if n % 24_000 < 6000 { 1.0 } else { 0.05 }).collect();
    let heard = hear(blows.clone(), blows).transients;
    assert!((heard.per_second - 2.0).abs() < 0.3 && heard.rise_db > 9.0, "{heard:?}");
    let pad = hear(tone.clone(), tone).transients;
    assert!(pad.per_second == 0.0 && pad.rise_db < 1.0, "{pad:?}");
}

#[test]
fn the_floor_of_noise_is_what_is_left_between_the_notes() {
    // 1 kHz for nine tenths of the time, and hiss of RMS -60 dBFS always.
    let tone = testkit::signals::sine(1000.0, 0.5, 0.0, 10.0, 48_000.0);
    let hiss = testkit::signals::noise(0.001 * 3.0_f64.sqrt(), 5, tone.len());
    let plane: Vec<f64> =
        (0..tone.len()).map(|n| hiss[n] + if n % 48_000 < 43_200 { tone[n] } else { 0.0 }).collect();
    let heard = hear(plane.clone(), plane);
    // White: the power in a band is its share of half the sample rate. 795 to 1458 Hz: -60 + 10 lg(663 / 24000).
    assert!((heard.noise_floor_db[3] + 75.6).abs() < 2.0, "{:?}", heard.noise_floor_db);
    assert!(heard.level_db[3] > -10.0);
}

#[test]
fn sections_follow_steps_in_loudness() {
    // 20 s at -24, 20 s at -18, 20 s at -24 LUFS; the short-term value is a mean of three seconds.
    let now = |n: usize| if (200..400).contains(&n) { -18.0 } else { -24.0 };
    let curve: Vec<f64> = (0..571).map(|n| (n..n + 30).map(now).sum::<f64>() / 30.0).collect();
    let found = sections::split(&curve);
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(
        (found[1].start_seconds - 20.0).abs() < 1.6 && (found[1].end_seconds - 40.0).abs() < 1.6,
        "{found:?}"
    );
    assert!((found[1].loudness_lufs - found[0].loudness_lufs - 6.0).abs() < 0.7, "{found:?}");
    assert_eq!((found[0].start_seconds, found[2].end_seconds), (0.0, 60.1));
    assert_eq!(sections::split(&[-20.0; 600]).len(), 1);
    assert!(sections::split(&[]).is_empty());
}

#[test]
fn a_section_has_the_spectrum_of_its_own_time() {
    let low = testkit::signals::sine(100.0, 0.5, 0.0, 10.0, 48_000.0);
    let high = testkit::signals::sine(3150.0, 0.5, 0.0, 10.0, 48_000.0);
    let plane: Vec<f64> = low.into_iter().chain(high).collect();
    let mut long = Long::new(2, 48_000.0);
    let block = Buffer::from_planes(&[plane.clone(), plane]);
    long.push(block, &mut |_| Ok(())).expect("it listens");
    let heard = long.finish();
    let mut part = sections::split(&[-20.0; 10]).remove(0);
    for (start, end, loud, quiet) in [(0.0, 9.5, 7, 22), (10.5, 19.0, 22, 7)] {
        (part.start_seconds, part.end_seconds) = (start, end);
        part.listen(&heard);
        // A sine of peak 0.5 has -9.03 dB.
        assert!((part.third_octave_db[loud] + 9.03).abs() < 0.1, "{:?}", part.third_octave_db);
        assert!(part.third_octave_db[quiet] < -60.0, "{:?}", part.third_octave_db);
    }
}
