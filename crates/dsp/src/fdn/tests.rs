use super::*;

fn tuning(seconds: f64) -> Tuning {
    Tuning {
        size: 1.0,
        decay: Decay {
            low_seconds: seconds,
            mid_seconds: seconds,
            high_seconds: seconds,
            low_crossover_hz: 250.0,
            high_crossover_hz: 4000.0,
        },
        modulation: 0.5,
        modulation_rate_hz: 0.7,
    }
}

/// Both halves of the mixing, for one frame.
fn hadamard(row: &mut [f64; LINES]) {
    for i in 0..4 {
        let (a, b, c, d) = hadamard_4(row[i], row[i + 4], row[i + 8], row[i + 12]);
        (row[i], row[i + 4], row[i + 8], row[i + 12]) = (a, b, c, d);
    }
    for four in row.chunks_exact_mut(4) {
        let (a, b, c, d) = hadamard_4(four[0], four[1], four[2], four[3]);
        four.copy_from_slice(&[a, b, c, d]);
    }
}

#[test]
fn lengths_are_different_primes_at_every_rate_and_size() {
    for rate in [44_100.0, 48_000.0, 96_000.0, 192_000.0] {
        for size in [0.2, 0.5, 1.0, MAX_SIZE] {
            let all = lengths(&Network::GENERAL, size, rate);
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(all.iter().all(|length| is_prime(*length) && *length > PIECE));
        }
    }
}

#[test]
fn the_mixing_is_orthogonal() {
    let mut row = std::array::from_fn(|i| libm::sin(i as f64 * 1.7 + 0.2));
    let before: f64 = row.iter().map(|x| x * x).sum();
    hadamard(&mut row);
    let after: f64 = row.iter().map(|x| x * x / 16.0).sum();
    assert!((after / before - 1.0).abs() < 1e-14);
    let angle = 0.4_f64;
    let turn = [[[libm::cos(angle); 8], [libm::sin(angle); 8]]; 2];
    for pair in 0..LINES / 2 {
        let turned = Turn::new(&turn, pair).apply(row[pair], row[pair + 8], 0.3);
        (row[pair], row[pair + 8]) = turned;
    }
    let turned: f64 = row.iter().map(|x| x * x / 16.0).sum();
    assert!((turned / before - 1.0).abs() < 1e-14);
}

#[test]
fn entrances_are_orthogonal_and_the_mixing_spreads_them_evenly() {
    for way in [entrance, exit] {
        for a in 0..LINES {
            for b in 0..LINES {
                let dot: f64 = way(a).iter().zip(way(b)).map(|(x, y)| x * y).sum();
                assert_eq!(dot, f64::from(u8::from(a == b)));
            }
            let mut row = way(a);
            hadamard(&mut row);
            assert!(row.iter().all(|x| x.abs() == 1.0), "{row:?}");
        }
    }
}

#[test]
fn energy_decays_by_60_db_in_the_decay_time_with_modulation_running() {
    // White decay: the energy of all columns per second is known without any filter.
    for seconds in [0.5, 2.0] {
        let mut fdn = Fdn::new(Network::GENERAL, tuning(seconds), 44_100.0);
        let mut energies = Vec::new();
        for piece in 0..(seconds * 44_100.0) as usize / PIECE {
            let mut planes = [[0.0; PIECE]; LINES];
            if piece == 0 {
                planes.iter_mut().for_each(|plane| plane[0] = 1.0);
            }
            fdn.process(&mut planes, PIECE);
            energies.push(planes.iter().flatten().map(|x| x * x).sum::<f64>());
        }
        let mean = |from: f64, to: f64| {
            let at = |share: f64| (share * energies.len() as f64) as usize;
            energies[at(from)..at(to)].iter().sum::<f64>() / (at(to) - at(from)) as f64
        };
        let drop = math::power_to_db(mean(0.2, 0.3) / mean(0.8, 0.9));
        assert!((drop - 36.0).abs() < 0.7, "{seconds}: {drop}");
    }
}

/// Energy in all lines.
fn held_energy(fdn: &Fdn) -> f64 {
    let line = |(ring, length): (&Ring, &usize)| {
        let at = |n: usize| ring.look_back(n + 1, 1)[0];
        (0..*length).map(|n| at(n) * at(n)).sum::<f64>()
    };
    fdn.rings.iter().zip(&fdn.lengths).map(line).sum()
}

#[test]
fn what_is_held_loses_nothing_takes_nothing_in_and_decays_again_when_let_go() {
    // The fastest and deepest movement in the smallest space: most turns, longest chords.
    for (size, rate_hz) in [(0.2, 5.0), (1.0, 0.5)] {
        let moving = Tuning { size, modulation: 1.0, modulation_rate_hz: rate_hz, ..tuning(0.5) };
        let mut fdn = Fdn::new(Network::GENERAL, moving, 44_100.0);
        let noise = testkit::signals::noise(1.0, 8, PIECE * LINES);
        let fresh: Planes = std::array::from_fn(|line| std::array::from_fn(|n| noise[line * PIECE + n]));
        let mut planes = fresh;
        fdn.process(&mut planes, PIECE);
        // 10 seconds, with as much coming in all the time, and another size and decay asked for.
        let before = held_energy(&fdn);
        fdn.retune(Tuning { size: 1.7, ..moving });
        for _ in 0..10 * 44_100 / PIECE {
            planes = fresh;
            fdn.process_held(&mut planes, PIECE, &[1.0; PIECE]);
        }
        let drift = math::power_to_db(held_energy(&fdn) / before);
        assert!(drift.abs() < 1e-6, "{size}: {drift} dB");
        fdn.retune(moving);
        // Let go: 60 dB in half a second, 24 dB in a fifth.
        for _ in 0..8820 / PIECE {
            planes = [[0.0; PIECE]; LINES];
            fdn.process(&mut planes, PIECE);
        }
        let fall = math::power_to_db(held_energy(&fdn) / before);
        assert!((fall + 24.0).abs() < 2.0, "{size}: {fall} dB");
    }
}

#[test]
fn held_by_nothing_is_not_held() {
    let go = |held: bool| {
        let mut fdn = Fdn::new(Network::PLATE, tuning(1.0), 44_100.0);
        let mut out = Vec::new();
        for piece in 0..40 {
            let mut planes = [[if piece == 0 { 1.0 } else { 0.0 }; PIECE]; LINES];
            match held {
                true => fdn.process_held(&mut planes, PIECE, &[0.0; PIECE]),
                false => fdn.process(&mut planes, PIECE),
            }
            out.extend(planes);
        }
        out
    };
    assert!(go(true) == go(false));
}

#[test]
fn a_dead_network_is_exactly_silent() {
    let mut fdn = Fdn::new(Network::GENERAL, Tuning { size: 0.2, ..tuning(0.1) }, 44_100.0);
    let mut planes = [[1e-3; PIECE]; LINES];
    fdn.process(&mut planes, PIECE);
    for _ in 0..44_100 * 2 / PIECE {
        planes = [[0.0; PIECE]; LINES];
        fdn.process(&mut planes, PIECE);
    }
    assert!(planes.iter().flatten().all(|x| *x == 0.0));
}

#[test]
fn cutting_rows_and_retuning_change_no_bit() {
    let go = |cuts: &[usize]| {
        let mut fdn = Fdn::new(Network::GENERAL, tuning(1.0), 44_100.0);
        let noise = testkit::signals::noise(1.0, 1, 9000 * LINES);
        let (mut start, mut cut, mut out) = (0, 0, Vec::new());
        while start < 9000 {
            if start == 1000 {
                fdn.retune(Tuning { size: 0.7, modulation: 1.0, ..tuning(2.0) });
            }
            let to = if start < 1000 { 1000 } else { 9000 };
            let frames = cuts[cut % cuts.len()].min(to - start);
            let mut planes: Planes = std::array::from_fn(|line| {
                std::array::from_fn(|n| noise.get((start + n) * LINES + line).copied().unwrap_or(0.0))
            });
            fdn.process(&mut planes, frames);
            (0..frames).for_each(|n| out.push(planes.map(|plane| plane[n])));
            (start, cut) = (start + frames, cut + 1);
        }
        out
    };
    assert!(go(&[64]) == go(&[1, 63, 64, 17, 50]));
}
