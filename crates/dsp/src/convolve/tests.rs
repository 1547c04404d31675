use super::*;
use testkit::signals::noise;

const ONE: [Route; 1] = [Route { input: 0, output: 0, response: 0 }];

/// The definition, at some frames only.
fn direct(input: &[f64], taps: &[f64], frame: usize) -> f64 {
    (0..taps.len().min(frame + 1)).map(|back| taps[back] * input[frame - back]).sum()
}

fn run(convolver: &mut Convolver, input: &[f64], cuts: &[usize]) -> Vec<f64> {
    let mut out = vec![0.0; input.len()];
    let (mut start, mut cut) = (0, 0);
    while start < input.len() {
        let frames = cuts[cut % cuts.len()].min(input.len() - start);
        for piece in (0..frames).step_by(PIECE) {
            let range = start + piece..start + (piece + PIECE).min(frames);
            convolver.process(&[&input[range.clone()]], &mut [&mut out[range.clone()]], range.len());
        }
        (start, cut) = (start + frames, cut + 1);
    }
    out
}

fn with(taps: &[f64]) -> Convolver {
    let mut convolver = Convolver::new(1, 1, &ONE, taps.len());
    convolver.load(&[taps]);
    convolver
}

#[test]
fn partitions_give_what_the_definition_gives_at_awkward_lengths() {
    let mut worst = f64::NEG_INFINITY;
    for length in [1, 2, 63, 64, 65, 127, 128, 129, 511, 513, 1000, 4095, 4097, 8191, 32_769, 70_001, 200_000]
    {
        let taps = noise(1.0, 1, length);
        let input = noise(1.0, 2, (length + 5000).min(150_000));
        let out = run(&mut with(&taps), &input, &[4096]);
        let loudest = taps.iter().map(|x| x * x).sum::<f64>().sqrt();
        let step = if length > 10_000 { 997 } else { 37 };
        for frame in
            (0..input.len()).step_by(step).chain([63, 64, 65, 128, 512, 576]).filter(|n| *n < input.len())
        {
            let error = (out[frame] - direct(&input, &taps, frame)).abs() / loudest;
            worst = worst.max(20.0 * libm::log10(error.max(1e-30)));
            assert!(error < 1e-11, "{length} taps, frame {frame}: {error:e}");
        }
    }
    println!("worst error {worst:.0} dB of the power of the output");
    assert!(worst < -250.0, "{worst}");
}

#[test]
fn every_tap_sounds_at_its_own_frame() {
    for at in
        [0, 1, 63, 64, 65, 127, 128, 511, 512, 513, 1023, 1024, 4095, 4096, 4097, 32_767, 32_768, 40_000]
    {
        let mut taps = vec![0.0; at + 1];
        taps[at] = 0.5;
        let mut input = vec![0.0; at + 300];
        input[17] = 1.0;
        let out = run(&mut with(&taps), &input, &[333]);
        for (n, x) in out.iter().enumerate() {
            let expected = if n == at + 17 { 0.5 } else { 0.0 };
            assert!((x - expected).abs() < 1e-14, "tap {at}, frame {n}: {x}");
        }
    }
}

#[test]
fn the_cut_of_the_input_changes_no_bit() {
    let taps = noise(1.0, 3, 5000);
    let input = noise(1.0, 4, 20_000);
    let whole = run(&mut with(&taps), &input, &[4096]);
    for cuts in [&[1][..], &[64], &[1, 63, 64, 65, 1000, 7], &[4095]] {
        assert!(whole == run(&mut with(&taps), &input, cuts), "{cuts:?}");
    }
}

#[test]
fn routes_cross_as_they_say() {
    let responses: Vec<Vec<f64>> = (0..4).map(|seed| noise(1.0, 10 + seed, 700)).collect();
    let routes: Vec<Route> = (0..4).map(|i| Route { input: i / 2, output: i % 2, response: i }).collect();
    let mut convolver = Convolver::new(2, 2, &routes, 700);
    convolver.load(&responses);
    let inputs = [noise(1.0, 5, 1500), noise(1.0, 6, 1500)];
    let mut outputs = [vec![0.0; 1500], vec![0.0; 1500]];
    for start in (0..1500).step_by(PIECE) {
        let range = start..(start + PIECE).min(1500);
        let [a, b] = &mut outputs;
        convolver.process(
            &[&inputs[0][range.clone()], &inputs[1][range.clone()]],
            &mut [&mut a[range.clone()], &mut b[range.clone()]],
            range.len(),
        );
    }
    for frame in [0, 10, 64, 700, 1499] {
        for (side, output) in outputs.iter().enumerate() {
            let expected =
                direct(&inputs[0], &responses[side], frame) + direct(&inputs[1], &responses[2 + side], frame);
            assert!((output[frame] - expected).abs() < 1e-11, "{frame} {side}");
        }
    }
}

#[test]
fn other_responses_fade_in_and_then_stand_alone() {
    let (first, second) = (noise(1.0, 7, 3000), noise(1.0, 8, 3000));
    let input = noise(1.0, 9, 12_000);
    for at in [1, 100, 4096, 5000] {
        let mut convolver = with(&first);
        let mut out = run(&mut convolver, &input[..at], &[50]);
        convolver.load(&[&second]);
        assert!(!convolver.is_steady());
        convolver.load(&[&first]);
        out.extend(run(&mut convolver, &input[at..], &[77]));
        assert!(convolver.is_steady());
        for frame in (0..12_000).step_by(113).chain([at, at + 1000, at + FADE_FRAMES]) {
            let share = ((frame + 1).saturating_sub(at) as f64 / FADE_FRAMES as f64).min(1.0);
            let expected =
                direct(&input, &first, frame) * (1.0 - share) + direct(&input, &second, frame) * share;
            assert!((out[frame] - expected).abs() < 1e-11, "{at} {frame}: {} {expected}", out[frame]);
        }
        convolver.reset();
        let again = run(&mut convolver, &input, &[4096]);
        assert!(again == run(&mut with(&second), &input, &[64]), "reset keeps the last response");
    }
}

#[test]
fn silence_after_the_tail_is_exact() {
    let mut input = noise(1.0, 11, 20_000);
    input[1000..].fill(0.0);
    let out = run(&mut with(&noise(1.0, 12, 2000)), &input, &[512]);
    // Two blocks of the largest size in use after the last echo.
    assert!(out[1000 + 2000 + 2 * 512..].iter().all(|x| *x == 0.0));
    assert!(out[1000 + 1998] != 0.0);
}
