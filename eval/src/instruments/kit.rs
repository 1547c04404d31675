//! The studio's drum kit with a drummer for every style.

use crate::score::{Feel, Score};
use studio::demo::parts::{Drum, Hit, Player};

/// Every stroke of a song.
#[must_use]
pub fn strokes(score: &Score, feel: Feel, seed: u64) -> Vec<Hit> {
    let mut player = Player::new(seed, 1, 0.0, 2.0);
    let mut hits = Vec::new();
    for bar in 0..score.bars() {
        let energy = score.energy(bar);
        if energy == 0 {
            continue;
        }
        let (first, last) = score.place_in_section(bar);
        let beats = score.beats_per_bar as f64;
        let mut hit = |beat: f64, drum: Drum, velocity: f64| {
            if beat < beats {
                let (seconds, velocity) = player.play(score.at(bar, beat), velocity);
                hits.push(Hit { drum, seconds, velocity });
            }
        };
        if first && energy > 1 {
            hit(0.0, Drum::Crash, 0.85);
        }
        bar_of(feel, bar, energy, last, beats, &mut hit);
    }
    if score.counted_in {
        // On the closed hi-hat, as loud as it is played; by a player of its own, so that the song stays as it is.
        let mut player = Player::new(seed, 2, 0.0, 2.0);
        for beat in 0..score.beats_per_bar {
            let (seconds, velocity) =
                player.play(score.at(0, beat as f64 - score.beats_per_bar as f64), 0.75);
            hits.push(Hit { drum: Drum::Closed, seconds, velocity });
        }
    }
    if let Some(end) = score.end_of_last_bar() {
        for (drum, velocity) in [(Drum::Crash, 0.9), (Drum::Kick, 0.9)] {
            hits.push(Hit { drum, seconds: end, velocity });
        }
    }
    hits.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    hits
}

type Stroke<'a> = dyn FnMut(f64, Drum, f64) + 'a;

fn bar_of(feel: Feel, bar: usize, energy: u32, fill: bool, beats: f64, hit: &mut Stroke<'_>) {
    let end = if fill { beats - 1.0 } else { beats };
    match feel {
        Feel::Rock => rock(bar, energy, end, hit),
        Feel::Jazz => jazz(bar, end, hit),
        Feel::Metal => metal(energy, end, hit),
        Feel::Light => light(energy, end, hit),
    }
    if fill && feel != Feel::Light {
        let drums = [Drum::Snare, Drum::HighTom, Drum::HighTom, Drum::LowTom];
        for (n, drum) in drums.into_iter().enumerate() {
            hit(end + 0.25 * n as f64, drum, 0.6 + 0.08 * n as f64);
        }
    }
}

fn rock(bar: usize, energy: u32, end: f64, hit: &mut Stroke<'_>) {
    let kicks: &[f64] = match (energy, bar % 2) {
        (1, _) => &[0.0, 2.0],
        (2, 0) => &[0.0, 2.0, 2.5],
        (2, _) => &[0.0, 1.5, 2.5],
        (_, 0) => &[0.0, 0.5, 2.0, 2.5],
        _ => &[0.0, 1.5, 2.0, 3.5],
    };
    kicks.iter().filter(|&&beat| beat < end).for_each(|&beat| hit(beat, Drum::Kick, 0.9));
    for beat in [1.0, 3.0] {
        if beat < end {
            hit(beat, Drum::Snare, 0.9);
        }
    }
    if energy == 2 && end > 3.5 {
        hit(1.75, Drum::Snare, 0.17);
    }
    eighths(end, |beat, strong| {
        let drum = match energy {
            3 => Drum::Ride,
            _ if (beat - 3.5).abs() < 0.1 && bar % 2 == 1 => Drum::Open,
            _ => Drum::Closed,
        };
        hit(beat, drum, if strong { 0.75 } else { 0.5 });
    });
}

fn jazz(bar: usize, end: f64, hit: &mut Stroke<'_>) {
    // Swung: the second eighth falls on the third triplet.
    for beat in [0.0, 1.0, 1.667, 2.0, 3.0, 3.667] {
        if beat < end {
            hit(beat, Drum::Ride, if beat.fract() < 0.1 { 0.6 } else { 0.42 });
        }
    }
    for beat in [1.0, 3.0] {
        if beat < end {
            hit(beat, Drum::Closed, 0.45);
        }
    }
    for beat in [0.0, 2.0] {
        hit(beat, Drum::Kick, 0.32);
    }
    let comp = [[1.667, 3.0], [0.667, 2.667], [2.0, 3.667], [1.0, 2.667]][bar % 4];
    comp.into_iter().filter(|beat| *beat < end).for_each(|beat| hit(beat, Drum::Snare, 0.38));
}

fn metal(energy: u32, end: f64, hit: &mut Stroke<'_>) {
    let step = if energy == 3 { 0.25 } else { 0.5 };
    let mut beat = 0.0;
    while beat < end {
        hit(beat, Drum::Kick, 0.85);
        beat += step;
    }
    for beat in [1.0, 3.0] {
        if beat < end {
            hit(beat, Drum::Snare, 1.0);
        }
    }
    eighths(end, |beat, strong| {
        if strong {
            hit(beat, if energy == 3 { Drum::Crash } else { Drum::Open }, 0.6);
        }
    });
}

fn light(energy: u32, end: f64, hit: &mut Stroke<'_>) {
    hit(0.0, Drum::Kick, 0.5);
    if end > 1.0 {
        hit(1.0, Drum::Snare, 0.35);
    }
    if end > 2.0 {
        hit(2.0, Drum::Kick, 0.45);
    }
    if energy > 1 {
        eighths(end, |beat, strong| hit(beat, Drum::Closed, if strong { 0.45 } else { 0.3 }));
    }
}

fn eighths(end: f64, mut each: impl FnMut(f64, bool)) {
    let mut eighth = 0_u32;
    while 0.5 * f64::from(eighth) < end {
        each(0.5 * f64::from(eighth), eighth.is_multiple_of(2));
        eighth += 1;
    }
}
