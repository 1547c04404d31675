//! Plucked strings: bass and guitars.
//!
//! Karplus and Strong, "Digital synthesis of plucked-string and drum timbres", Computer Music Journal 7(2), 1983, with the
//! extensions of Jaffe and Smith in the same issue: tuning by an all-pass, decay set by the loop's gain, pick position by a
//! comb on the pluck.

use super::score::{self, BARS, Chord, Player, Section, at, chord, section};
use super::tools::{OnePole, RATE_HZ, Resonator, frame, note_hz};
use dsp::math;
use dsp::rng::CounterRng;

/// One pluck of one string.
#[derive(Debug, Clone, Copy)]
pub struct Pluck {
    /// Pitch.
    pub hz: f64,
    /// How hard, 0 to 1.
    pub velocity: f64,
    /// Time in which the string falls by 60 dB.
    pub seconds: f64,
    /// Share of the previous sample in the loop's average: 0.5 is the dullest.
    pub dull: f64,
    /// Where the pick strikes, as a share of the string.
    pub pick: f64,
    /// Upper edge of the pluck itself.
    pub bright_hz: f64,
}

/// Adds a pluck that sounds from `start` until `stop`, with a short end so that the next one does not click.
pub fn add_pluck(out: &mut [f64], start: usize, stop: usize, pluck: Pluck, rng: &CounterRng) {
    let stop = stop.min(out.len());
    let period = RATE_HZ / pluck.hz;
    // The loop's average delays by `dull`, the all-pass by the rest that is no whole sample (0.3 to 1.3).
    let whole = (period - pluck.dull - 0.3).floor().max(2.0);
    let rest = period - pluck.dull - whole;
    let all_pass = (1.0 - rest) / (1.0 + rest);
    let gain = math::exp(-3.0 * math::LN_10 / (pluck.hz * pluck.seconds));
    let mut line = noise_burst(whole as usize, pluck, rng);
    let (mut place, mut previous, mut memory_in, mut memory_out) = (0, 0.0, 0.0, 0.0);
    let end = frame(0.012).max(1);
    for (n, out) in out.iter_mut().enumerate().take(stop).skip(start) {
        let sample = line[place];
        let average = gain * ((1.0 - pluck.dull) * sample + pluck.dull * previous);
        previous = sample;
        memory_out = all_pass * (average - memory_out) + memory_in;
        memory_in = average;
        line[place] = memory_out;
        place += 1;
        if place == line.len() {
            place = 0;
        }
        let left = ((stop - n) as f64 / end as f64).min(1.0);
        *out += left * sample;
    }
}

/// The pluck: one period of noise, softened, with the comb of the pick's place, without direct current.
fn noise_burst(len: usize, pluck: Pluck, rng: &CounterRng) -> Vec<f64> {
    let (mut soft, mut softer) = (OnePole::new(pluck.bright_hz), OnePole::new(2.0 * pluck.bright_hz));
    // Twice around, so that the filters have settled and the period closes without a step.
    let noise: Vec<f64> =
        (0..2 * len).map(|n| softer.low(soft.low(rng.bipolar((n % len) as u64)))).skip(len).collect();
    let back = ((pluck.pick * len as f64) as usize).clamp(1, len.max(2) - 1);
    let mut burst: Vec<f64> = (0..len).map(|n| noise[n] - noise[(n + len - back) % len]).collect();
    let mean = burst.iter().sum::<f64>() / len as f64;
    let power = burst.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / len as f64;
    let scale = 0.4 * pluck.velocity / power.sqrt().max(1e-9);
    burst.iter_mut().for_each(|x| *x = scale * (*x - mean));
    burst
}

/// The bass, straight from its pickup.
pub(super) fn bass(seed: u64, frames: usize) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    let mut player = Player::new(seed, 20, 4.0, 3.0);
    let notes = bass_line();
    for (index, &(beat, beats, midi, velocity)) in notes.iter().enumerate() {
        let (seconds, velocity) = player.play(at(0, beat), velocity);
        let start = frame(seconds);
        let stop = frame(seconds + 0.94 * beats * score::BEAT_SECONDS);
        let pluck = Pluck {
            hz: note_hz(f64::from(midi)),
            velocity,
            seconds: 5.5,
            dull: 0.45,
            pick: 0.27,
            bright_hz: 90.0 + 260.0 * velocity * velocity,
        };
        add_pluck(&mut out, start, stop, pluck, &CounterRng::new(seed ^ 0xBA, index as u64));
    }
    // A wound string on a magnetic pickup: nothing above 4 kHz, a little more where the pickup resonates.
    let (mut low, mut pickup, mut high) =
        (OnePole::new(3_500.0), Resonator::new(2_300.0, 2_200.0), OnePole::new(28.0));
    for x in &mut out {
        let string = low.low(*x);
        *x = high.high(string + 0.4 * pickup.band(string));
    }
    out
}

/// Beat, beats, note, velocity.
fn bass_line() -> Vec<(f64, f64, i32, f64)> {
    let mut notes = Vec::new();
    for bar in 1..BARS {
        let Chord { root, fifth, .. } = chord(bar);
        let next = chord(bar + 1).root;
        let lead = if next > root { next - 1 } else { next + 2 };
        let start = bar as f64 * score::BAR_BEATS;
        let pattern: &[(f64, f64, i32, f64)] = match (section(bar), bar) {
            (Section::Intro, 1) => &[(0.0, 4.0, root, 0.7)],
            (Section::Chorus, _) => &[
                (0.0, 0.5, root, 0.95),
                (0.5, 0.5, root, 0.75),
                (1.0, 0.5, root, 0.8),
                (1.5, 0.5, root + 12, 0.85),
                (2.0, 0.5, root, 0.9),
                (2.5, 0.5, fifth, 0.8),
                (3.0, 0.5, root, 0.8),
                (3.5, 0.5, lead, 0.8),
            ],
            _ => &[
                (0.0, 1.5, root, 0.9),
                (1.5, 0.5, root, 0.65),
                (2.0, 0.5, fifth, 0.75),
                (2.5, 1.0, root, 0.85),
                (3.5, 0.5, lead, 0.7),
            ],
        };
        notes.extend(
            pattern.iter().map(|&(beat, beats, midi, velocity)| (start + beat, beats, midi, velocity)),
        );
    }
    notes.push((BARS as f64 * score::BAR_BEATS, 6.5, 33, 0.95));
    notes
}

/// A strum: beat, whether downwards, velocity, whether the palm rests on the strings.
type Strum = (f64, bool, f64, bool);

const MUTED: &[Strum] = &[
    (0.0, true, 0.75, true),
    (0.5, true, 0.5, true),
    (1.0, true, 0.65, true),
    (1.5, true, 0.5, true),
    (2.0, true, 0.7, true),
    (2.5, true, 0.5, true),
    (3.0, true, 0.65, true),
    (3.5, false, 0.55, false),
];
const OPEN: &[Strum] = &[
    (0.0, true, 0.95, false),
    (1.0, true, 0.8, false),
    (1.5, false, 0.6, false),
    (2.0, true, 0.85, false),
    (2.5, false, 0.6, false),
    (3.0, true, 0.8, false),
    (3.5, false, 0.65, false),
];
const RING: &[Strum] = &[(0.0, true, 0.8, false)];

/// Open strings of a guitar: E A D G B E.
const OPEN_STRINGS: [i32; 6] = [40, 45, 50, 55, 59, 64];

/// A guitar through an amplifier and its loudspeaker; two takes (`0`, `1`) of the same part differ as a player's do.
pub(super) fn guitar(seed: u64, take: u64, frames: usize) -> Vec<f64> {
    let mut player = Player::new(seed, 30 + take, 3.0 + 3.0 * take as f64, 5.0);
    let own = CounterRng::new(seed ^ 0x61, 100 + take);
    let mut plucks: Vec<Vec<(f64, Pluck)>> = vec![Vec::new(); 6];
    for bar in 2..=BARS {
        let strums = match section(bar) {
            Section::Intro | Section::End => RING,
            Section::Verse => MUTED,
            Section::Chorus => OPEN,
            Section::Outro if bar < BARS - 1 => OPEN,
            Section::Outro => RING,
        };
        for &(beat, down, velocity, palm) in strums {
            let (seconds, velocity) = player.play(at(bar, beat), velocity);
            strum(&mut plucks, chord(bar), (seconds, down, velocity, palm), take, &own);
        }
    }
    let mut out = vec![0.0; frames];
    for (string, plucks) in plucks.iter().enumerate() {
        for (index, &(seconds, pluck)) in plucks.iter().enumerate() {
            let until = plucks.get(index + 1).map_or(seconds + 6.0, |next| next.0);
            let rng = CounterRng::new(seed ^ (0x6A + take), (1_000 * string + index) as u64);
            add_pluck(&mut out, frame(seconds), frame(until), pluck, &rng);
        }
    }
    amplifier(&mut out, take);
    out
}

/// Every string of the chord, one after the other.
fn strum(
    plucks: &mut [Vec<(f64, Pluck)>],
    chord: Chord,
    how: (f64, bool, f64, bool),
    take: u64,
    own: &CounterRng,
) {
    let (seconds, down, velocity, palm) = how;
    let mut delay = 0.0;
    for step in 0..6 {
        let string = if down { step } else { 5 - step };
        // Upstrokes reach the upper strings only, a resting palm leaves the lower ones.
        if chord.frets[string] < 0 || (!down && string < 2) || (palm && string > 3) {
            continue;
        }
        let midi = OPEN_STRINGS[string] + chord.frets[string];
        // No guitar is in tune: up to 3 cents off, string by string.
        let cents = 3.0 * own.bipolar((64 * string as u64) + take);
        plucks[string].push((
            seconds + delay,
            Pluck {
                hz: note_hz(f64::from(midi) + 0.01 * cents),
                velocity: velocity * if down { 1.0 } else { 0.8 },
                seconds: if palm { 0.28 } else { 3.2 },
                dull: if palm { 0.5 } else { 0.32 },
                pick: 0.11 + 0.04 * take as f64,
                bright_hz: if palm { 500.0 } else { 500.0 + 1_300.0 * velocity * velocity },
            },
        ));
        // 4 to 9 ms from string to string, faster when played harder.
        delay += 0.009 - 0.005 * velocity.min(1.0);
    }
}

/// Some drive and a twelve-inch loudspeaker: nothing below 90 Hz, a rise at 2.4 kHz, a steep fall above 5 kHz.
pub fn amplifier(out: &mut [f64], take: u64) {
    let mut high = OnePole::new(90.0);
    let (mut low, mut lower) = (OnePole::new(5_200.0 - 500.0 * take as f64), OnePole::new(5_500.0));
    let mut presence = Resonator::new(2_400.0 + 250.0 * take as f64, 1_400.0);
    let mut body = Resonator::new(130.0, 90.0);
    for x in out {
        let driven = math::tanh(1.3 * high.high(*x));
        let shaped = driven + 0.9 * presence.band(driven) + 0.5 * body.band(driven);
        *x = lower.low(low.low(shaped));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_sounds_at_its_pitch() {
        for hz in [55.0, 110.0, 329.6] {
            let mut out = vec![0.0; 48_000];
            let pluck = Pluck { hz, velocity: 1.0, seconds: 4.0, dull: 0.4, pick: 0.15, bright_hz: 3_000.0 };
            add_pluck(&mut out, 0, 48_000, pluck, &CounterRng::new(1, 1));
            let late = &out[12_000..];
            // The strongest frequency around the pitch, by correlation over three quarters of a second.
            let near = |cents: f64| testkit::measure::tone(late, hz * math::exp2(cents / 1200.0), RATE_HZ).0;
            let best = (-40..=40).max_by(|&a, &b| near(f64::from(a)).total_cmp(&near(f64::from(b)))).unwrap();
            assert!(f64::from(best).abs() <= 6.0, "{hz} Hz is off by {best} cents");
        }
    }
}
