use super::*;
use dsp::rng::CounterRng;

/// Onsets of a song by machines: kick on 1 and 3, snare on 2 and 4, hats in eighths, with some jitter.
fn song(bpm: f64, seconds: f64, jitter_ms: f64) -> (Vec<f64>, Vec<f64>) {
    let rng = CounterRng::new(9, 1);
    let beat = 60.0 / bpm;
    let mut all = vec![0.0; (seconds * 100.0) as usize];
    let mut snare = all.clone();
    let mut index = 0;
    let mut hit = |to: &mut Vec<f64>, seconds: f64, level: f64| {
        index += 1;
        let late = seconds + 0.001 * jitter_ms * rng.bipolar(index);
        // As the course sees a stroke: two or three values wide.
        let place = late * 100.0;
        let first = place.floor().max(0.0) as usize;
        let part = place - place.floor();
        for (n, share) in [(first, 1.0 - part), (first + 1, 1.0), (first + 2, part)] {
            if let Some(value) = to.get_mut(n) {
                *value += level * share;
            }
        }
    };
    let count = (seconds / beat) as usize;
    for n in 0..count {
        let at = 0.3 + n as f64 * beat;
        hit(&mut all, at, if n % 2 == 0 { 5.0 } else { 6.0 });
        if n % 2 == 1 {
            hit(&mut snare, at, 6.0);
        }
        hit(&mut all, at, 3.0);
        hit(&mut all, at + 0.5 * beat, 3.0);
        if n % 8 == 5 {
            hit(&mut all, at + 0.5 * beat, 5.0);
        }
    }
    (all, snare)
}

#[test]
fn tempo_is_within_one_percent_from_60_to_180() {
    for bpm in [60.0, 66.0, 74.0, 84.0, 92.0, 100.0, 112.0, 120.0, 128.0, 140.0, 155.0, 168.0, 180.0] {
        let (all, snare) = song(bpm, 40.0, 6.0);
        let found = tempo::tempo(&all, &tempo::Backbeat { snare }).unwrap();
        assert!((found.bpm / bpm - 1.0).abs() < 0.01, "{bpm}: {found:?}");
        assert!(found.is_sure(), "{bpm}: {found:?}");
        let (beats, spread) = tempo::beats(&all, found.bpm);
        assert!(spread < 1.5, "{bpm}: {spread}");
        let wanted = 60.0 / bpm * 100.0;
        // Every beat within 25 ms, and hardly any missed.
        for at in beats.iter().skip(2) {
            let place = (at - 31.0) / wanted;
            assert!((place - place.round()).abs() * wanted < 2.5, "{bpm}: {at}");
        }
        assert!((beats.len() as f64 - 40.0 / 0.6 * bpm / 100.0).abs() < 4.0, "{bpm}: {}", beats.len());
    }
}

#[test]
fn without_drums_that_say_it_the_octave_is_open_but_told() {
    let (all, _) = song(90.0, 40.0, 6.0);
    let found = tempo::tempo(&all, &tempo::Backbeat::default()).unwrap();
    let ratio = found.bpm / 90.0;
    assert!((ratio - 1.0).abs() < 0.01 || (found.other_bpm / 90.0 - 1.0).abs() < 0.02, "{found:?}");
}

#[test]
fn noise_and_silence_have_no_sure_tempo() {
    let rng = CounterRng::new(3, 3);
    let noise: Vec<f64> = (0..4000).map(|n| rng.uniform(n)).collect();
    assert!(!tempo::tempo(&noise, &tempo::Backbeat::default()).is_some_and(|tempo| tempo.is_sure()));
    assert_eq!(tempo::tempo(&[0.0; 4000], &tempo::Backbeat::default()), None);
    assert_eq!(tempo::tempo(&[1.0; 100], &tempo::Backbeat::default()), None);
}
