use super::*;

fn tuning(seconds: f64) -> Tuning {
    Tuning {
        length: 1.0,
        low_seconds: seconds,
        mid_seconds: seconds,
        high_seconds: seconds,
        low_crossover_hz: 250.0,
        chirp: 0.9,
        modulation: 0.0,
        modulation_rate_hz: 0.7,
        drip: 1.0,
    }
}

fn response(tuning: Tuning, frames: usize, rate: f64) -> [Vec<f64>; 2] {
    let mut springs = Springs::new(tuning, 0, rate);
    let mut out = [vec![0.0; frames], vec![0.0; frames]];
    let input = testkit::signals::impulse(1.0, 0, frames);
    for start in (0..frames).step_by(PIECE) {
        let range = start..(start + PIECE).min(frames);
        let [a, b] = &mut out;
        springs
            .process([&input[range.clone()], &input[range.clone()]], [&mut a[range.clone()], &mut b[range]]);
    }
    out
}

#[test]
fn every_turn_leaves_the_same_share_at_every_frequency() {
    // A lossless loop whose z is scaled decays as a whole: the response without loss, times c^n, is the response with it.
    let rate = 44_100.0;
    let (long, short) = (response(tuning(1e6), 30_000, rate), response(tuning(0.8), 30_000, rate));
    for channel in 0..2 {
        // Levels differ; the ratio of both at any frame is a constant times c^n.
        let envelope = |n: usize| libm::pow(10.0, -3.0 * n as f64 / (0.8 * rate));
        let loud = (0..30_000).filter(|n| long[channel][*n].abs() > 1e-5);
        let (mut top, mut bottom) = (0.0, 0.0);
        for n in loud {
            top += short[channel][n] * long[channel][n] * envelope(n);
            bottom += (long[channel][n] * envelope(n)) * (long[channel][n] * envelope(n));
        }
        let scale = top / bottom;
        let error: f64 = (0..30_000)
            .map(|n| short[channel][n] - scale * long[channel][n] * envelope(n))
            .map(|x| x * x)
            .sum();
        let whole: f64 = short[channel].iter().map(|x| x * x).sum();
        // The filters at the transition, outside the loops, and the two levels of the springs leave a rest.
        println!("rest {:.1} dB", 10.0 * libm::log10(error / whole));
        assert!(error / whole < 0.01, "{}", error / whole);
    }
}

#[test]
fn higher_frequencies_come_later_up_to_the_transition() {
    // Arrival of the first turn by frequency: by hand, line plus 72 sections of the delay in the module's words.
    let rate = 48_000.0;
    let settings = Tuning { drip: 0.0, ..tuning(0.5) };
    let out = response(settings, 16_384, rate);
    let arrival = |hz: f64| {
        // Where a short tone burst's energy sits: heterodyne and a window of 6 ms, first peak.
        let (mut best, mut at) = (0.0, 0);
        for start in (0..6500).step_by(48) {
            let power = testkit::measure::tone(&out[0][start..start + 288], hz, rate).0;
            if power > best {
                (best, at) = (power, start + 144);
            }
        }
        at as f64 / rate * 1e3
    };
    let times: Vec<f64> = [800.0, 1600.0, 2400.0, 3200.0].into_iter().map(arrival).collect();
    println!("arrivals {times:?} ms");
    assert!(times[3] > times[0] + 5.0, "{times:?}");
}

#[test]
fn dead_springs_are_exactly_silent() {
    let out = response(Tuning { length: 0.3, ..tuning(0.1) }, 88_200, 44_100.0);
    assert!(out[0][80_000..].iter().all(|x| *x == 0.0));
    assert!(out[0].iter().any(|x| *x != 0.0));
}

#[test]
fn cuts_and_retuning_change_no_bit() {
    let go = |cuts: &[usize]| {
        let mut springs = Springs::new(tuning(1.0), 1, 44_100.0);
        let noise = testkit::signals::noise(1.0, 1, 12_000);
        let mut out = [vec![0.0; 12_000], vec![0.0; 12_000]];
        let (mut start, mut cut) = (0, 0);
        while start < 12_000 {
            if start == 3000 {
                springs.retune(Tuning { length: 0.6, modulation: 1.0, chirp: 0.4, ..tuning(2.0) });
            }
            let to = if start < 3000 { 3000 } else { 12_000 };
            let range = start..start + cuts[cut % cuts.len()].min(to - start);
            let [a, b] = &mut out;
            springs.process(
                [&noise[range.clone()], &noise[range.clone()]],
                [&mut a[range.clone()], &mut b[range.clone()]],
            );
            (start, cut) = (range.end, cut + 1);
        }
        out
    };
    assert!(go(&[64]) == go(&[1, 63, 64, 17, 50]));
}

#[test]
fn without_chirp_the_first_turn_comes_after_line_and_sections() {
    // 41.3 ms and 72 sections of half a period of 4300 Hz, rounded to 6 frames, each of them a plain delay.
    let first = |length| {
        let settings = Tuning { chirp: 0.0, drip: 0.0, length, ..tuning(1.0) };
        let out = response(settings, 8192, 48_000.0);
        out[0].iter().position(|x| x.abs() > 1e-9).unwrap()
    };
    for (length, line) in [(0.5, 991), (1.0, 1982), (2.0, 3965)] {
        assert!(first(length).abs_diff(line + 432) <= 1, "{length}: {}", first(length));
    }
}

#[test]
fn drip_is_the_gain_of_what_lies_above_the_transition() {
    let of = |drip| response(Tuning { drip, ..tuning(0.5) }, 8192, 48_000.0);
    let (none, half, whole) = (of(0.0), of(0.5), of(1.0));
    let power = |x: &[f64], hz: f64| {
        let (level, _) = testkit::measure::tone(x, hz, 48_000.0);
        level * level
    };
    for side in 0..2 {
        for n in 0..8192 {
            let middle = 0.5 * (none[side][n] + whole[side][n]);
            assert!((half[side][n] - middle).abs() < 1e-12, "{side} {n}");
        }
        let treble = |x: &[f64]| (0..40).map(|k| power(x, 8000.0 + 100.0 * f64::from(k))).sum::<f64>();
        assert!(treble(&none[side]) < 0.01 * treble(&whole[side]), "{side}");
    }
}
