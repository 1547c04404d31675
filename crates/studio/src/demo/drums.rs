//! The drum kit: sources with a place in the room, microphones with a place, and the air between them.

use super::score::{Drum, Hit};
use super::tools::{OnePole, RATE_HZ, Resonator, add_mode, frame, keep};
use dsp::math;
use dsp::rng::CounterRng;

/// Speed of sound in air at 20 °C, rounded (ISO 9613-1: 343.2 m/s).
const SOUND_M_PER_S: f64 = 343.0;

/// A place in metres: right of the drummer's kick, towards the audience, up.
type Place = [f64; 3];

/// Things that sound on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Bass drum.
    Kick,
    /// Upper head of the snare.
    SnareHead,
    /// Wires under it.
    SnareWires,
    /// Hi-hat.
    Hat,
    /// Both toms.
    Toms,
    /// Ride and crash.
    Cymbals,
}

/// Every part, in the order of [`Kit::sources`].
pub(super) const PARTS: [Part; 6] =
    [Part::Kick, Part::SnareHead, Part::SnareWires, Part::Hat, Part::Toms, Part::Cymbals];

fn place(part: Part) -> Place {
    match part {
        Part::Kick => [0.0, 0.0, 0.30],
        Part::SnareHead => [-0.35, -0.40, 0.68],
        Part::SnareWires => [-0.35, -0.40, 0.54],
        Part::Hat => [-0.75, -0.30, 0.90],
        Part::Toms => [0.10, -0.05, 0.85],
        Part::Cymbals => [0.55, -0.10, 1.15],
    }
}

/// A microphone.
#[derive(Debug, Clone, Copy)]
pub struct Mic {
    /// Where.
    at: Place,
    /// Where it looks.
    to: Part,
    /// Share of pressure in its pattern: 0.5 is a cardioid, 1 hears all around.
    round: f64,
    /// Whether the front of the snare's head moves away from it.
    below: bool,
    /// Whether it stands in the room and hears its walls.
    walls: bool,
}

/// Inside the kick.
pub const KICK_IN: Mic =
    Mic { at: [0.0, 0.08, 0.30], to: Part::Kick, round: 0.5, below: false, walls: false };
/// Above the snare.
pub const SNARE_TOP: Mic =
    Mic { at: [-0.38, -0.32, 0.74], to: Part::SnareHead, round: 0.5, below: false, walls: false };
/// Below the snare, where its head moves the other way.
pub const SNARE_BOTTOM: Mic =
    Mic { at: [-0.36, -0.38, 0.46], to: Part::SnareWires, round: 0.5, below: true, walls: false };
/// Above the hi-hat.
pub const HI_HAT: Mic =
    Mic { at: [-0.80, -0.25, 1.05], to: Part::Hat, round: 0.5, below: false, walls: false };
/// Above the toms.
pub const TOM: Mic = Mic { at: [0.10, 0.04, 0.93], to: Part::Toms, round: 0.5, below: false, walls: false };
/// Above the drummer's right hand.
pub const OVERHEAD_LEFT: Mic =
    Mic { at: [-0.70, -0.30, 1.95], to: Part::SnareHead, round: 0.5, below: false, walls: false };
/// Above the cymbals.
pub const OVERHEAD_RIGHT: Mic =
    Mic { at: [0.75, -0.35, 1.95], to: Part::SnareHead, round: 0.5, below: false, walls: false };
/// Three metres away, all around.
pub const ROOM: Mic = Mic { at: [0.40, 3.10, 1.60], to: Part::Kick, round: 1.0, below: false, walls: true };

impl Mic {
    /// The same microphone, moved by so many metres (right, towards the audience, up).
    #[must_use]
    pub fn moved(self, by: [f64; 3]) -> Self {
        Self { at: [self.at[0] + by[0], self.at[1] + by[1], self.at[2] + by[2]], ..self }
    }

    /// Frames that sound needs from a part of the kit to it.
    #[must_use]
    pub fn flight_frames(self, part: Part) -> f64 {
        path(place(part), self).0
    }
}

/// The room: walls at these coordinates, in metres.
const WALLS: [(f64, f64); 3] = [(-2.9, 3.3), (-1.7, 5.2), (0.0, 2.9)];
/// What a wall gives back (a treated room: absorption coefficient 0.5 of the power).
const WALL: f64 = 0.70;

/// The whole kit as played.
#[derive(Debug)]
pub struct Kit {
    sources: Vec<Vec<f64>>,
}

impl Kit {
    /// Plays every stroke.
    pub fn play(seed: u64, hits: &[Hit], frames: usize) -> Self {
        use rayon::prelude::*;
        let sources = PARTS.par_iter().map(|&part| source(seed, part, hits, frames)).collect();
        Self { sources }
    }

    /// What a microphone hears: every source after its way through the air, weaker with distance.
    pub fn hear(&self, mic: Mic) -> Vec<f64> {
        let frames = self.sources.first().map_or(0, Vec::len);
        let mut out = vec![0.0; frames];
        for (part, source) in PARTS.into_iter().zip(&self.sources) {
            let sign = if mic.below && part == Part::SnareHead { -1.0 } else { 1.0 };
            let images = if mic.walls { images(place(part)) } else { vec![(place(part), 1.0)] };
            for (from, level) in images {
                let (delay, gain) = path(from, mic);
                add_delayed(&mut out, source, delay, sign * level * gain);
            }
        }
        out
    }
}

/// Mirror images of a place in the walls, up to two reflections, with their levels (Allen and Berkley, "Image method for
/// efficiently simulating small-room acoustics", JASA 65(4), 1979).
fn images(place: Place) -> Vec<(Place, f64)> {
    let mut images = vec![(place, 1.0)];
    for order in 0..2 {
        let level = if order == 0 { WALL } else { WALL * WALL };
        let so_far = images.clone();
        for (image, of) in so_far {
            // Only the newest are mirrored again.
            if (of - level / WALL).abs() > 1e-9 {
                continue;
            }
            for (axis, (low, high)) in WALLS.into_iter().enumerate() {
                for wall in [low, high] {
                    let mut mirrored = image;
                    mirrored[axis] = 2.0 * wall - image[axis];
                    if images.iter().all(|(other, _)| distance(*other, mirrored) > 1e-6) {
                        images.push((mirrored, level));
                    }
                }
            }
        }
    }
    images
}

fn distance(a: Place, b: Place) -> f64 {
    let squares =
        (a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) + (a[2] - b[2]) * (a[2] - b[2]);
    squares.sqrt()
}

/// Delay in frames and gain (1 at 1 m, 1/r) from a place to a microphone, with its directional pattern.
fn path(from: Place, mic: Mic) -> (f64, f64) {
    // A source is not a point: nearer than 4 cm it grows no louder.
    let metres = distance(from, mic.at).max(0.04);
    let aim = place(mic.to);
    let dot: f64 = (0..3).map(|k| (from[k] - mic.at[k]) * (aim[k] - mic.at[k])).sum();
    let cosine = dot / (metres * distance(aim, mic.at).max(0.04));
    // No real microphone is deaf behind: 20 dB is a good one.
    let pattern = (mic.round + (1.0 - mic.round) * cosine).max(0.1);
    (metres / SOUND_M_PER_S * RATE_HZ, pattern / metres)
}

/// Adds `source`, `delay` frames late (third-order Lagrange interpolation between frames).
fn add_delayed(out: &mut [f64], source: &[f64], delay: f64, gain: f64) {
    let whole = delay.floor();
    let d = delay - whole + 1.0;
    let taps = [
        -(d - 1.0) * (d - 2.0) * (d - 3.0) / 6.0,
        d * (d - 2.0) * (d - 3.0) / 2.0,
        -d * (d - 1.0) * (d - 3.0) / 2.0,
        d * (d - 1.0) * (d - 2.0) / 6.0,
    ]
    .map(|tap| tap * gain);
    // Tap k is for the sample k - 1 frames after the whole delay.
    let start = whole as usize + 2;
    for (x, window) in out.iter_mut().skip(start).zip(source.windows(4)) {
        *x += taps[3] * window[0] + taps[2] * window[1] + taps[1] * window[2] + taps[0] * window[3];
    }
}

/// One part of the kit, every stroke of it.
fn source(seed: u64, part: Part, hits: &[Hit], frames: usize) -> Vec<f64> {
    let mut out = vec![0.0; frames];
    for (index, hit) in hits.iter().enumerate() {
        let rng = CounterRng::new(seed ^ 0xD2, index as u64 + 1);
        let start = frame(hit.seconds).min(frames);
        let rest = &mut out[start..];
        match (part, hit.drum) {
            (Part::Kick, Drum::Kick) => kick(rest, hit.velocity, &rng),
            (Part::SnareHead, Drum::Snare) => snare_head(rest, hit.velocity, &rng),
            (Part::SnareWires, Drum::Snare) => snare_wires(rest, hit.velocity, &rng),
            // The wires answer to the other drums.
            (Part::SnareWires, Drum::Kick) => snare_wires(rest, 0.05 * hit.velocity, &rng),
            (Part::SnareWires, Drum::HighTom | Drum::LowTom) => snare_wires(rest, 0.08 * hit.velocity, &rng),
            (Part::Hat, Drum::Closed) => {
                choke(rest);
                metal(rest, &HAT_CLOSED, hit.velocity, &rng);
            }
            (Part::Hat, Drum::Open) => metal(rest, &HAT_OPEN, hit.velocity, &rng),
            (Part::Toms, Drum::HighTom) => tom(rest, 118.0, hit.velocity, &rng),
            (Part::Toms, Drum::LowTom) => tom(rest, 82.0, hit.velocity, &rng),
            (Part::Cymbals, Drum::Ride) => metal(rest, &RIDE, hit.velocity, &rng),
            (Part::Cymbals, Drum::Crash) => metal(rest, &CRASH, hit.velocity, &rng),
            _ => {}
        }
    }
    // Air carries no direct current.
    let mut still = OnePole::new(18.0);
    out.iter_mut().for_each(|x| *x = still.high(*x));
    out
}

fn cut(out: &mut [f64], seconds: f64) -> &mut [f64] {
    let frames = frame(seconds).min(out.len());
    &mut out[..frames]
}

/// A body whose pitch falls from the blow to its own tone, and the click of the beater.
fn kick(out: &mut [f64], velocity: f64, rng: &CounterRng) {
    let (body_keep, fall, blow, click_keep) = (keep(0.55), keep(0.12), keep(0.02), keep(0.018));
    // Low notes radiate badly from both sides of a head: at a metre a kick is no louder than a snare.
    let (mut turns, mut body, mut click) = (0.0, 0.45 * velocity, 0.22 * velocity * velocity);
    let (mut bend, mut snap) = (1.0, 1.0);
    let mut tick = Resonator::new(3_200.0, 1_800.0);
    let mut felt = OnePole::new(5_000.0);
    for (n, x) in cut(out, 0.7).iter_mut().enumerate() {
        // Rests at 54 Hz; starts near 300 Hz and passes 120 Hz after some 10 ms.
        turns += (54.0 + 66.0 * bend + 180.0 * snap) / RATE_HZ;
        let rise = (n as f64 / 30.0).min(1.0);
        let noise = felt.low(rng.bipolar(n as u64));
        *x += rise * (body * math::sin(math::TAU * (turns - turns.floor())) + click * tick.band(noise) * 2.5);
        body *= body_keep;
        bend *= fall;
        snap *= blow;
        click *= click_keep;
    }
}

/// Modes of a circular membrane (zeros of the Bessel functions, relative to the lowest: 1, 1.594, 2.136, 2.296, 2.653,
/// 2.918; Fletcher and Rossing, The Physics of Musical Instruments, §3.6) on a 190 Hz drum, and the stick.
fn snare_head(out: &mut [f64], velocity: f64, rng: &CounterRng) {
    const MODES: [(f64, f64, f64); 6] = [
        (1.0, 1.0, 0.30),
        (1.594, 0.55, 0.22),
        (2.136, 0.35, 0.16),
        (2.296, 0.30, 0.16),
        (2.653, 0.2, 0.12),
        (2.918, 0.15, 0.10),
    ];
    let out = cut(out, 0.5);
    for (n, (ratio, level, seconds)) in MODES.into_iter().enumerate() {
        // Every stroke lands elsewhere on the head.
        let level = level * (1.0 + 0.25 * rng.bipolar(900 + n as u64));
        add_mode(out, 190.0 * ratio, 0.8 * velocity * level, seconds, 0.0);
    }
    let (mut stick, stick_keep) = (0.9 * velocity * velocity, keep(0.025));
    let (mut low, mut high) = (OnePole::new(9_000.0), OnePole::new(900.0));
    for (n, x) in out.iter_mut().take(frame(0.05)).enumerate() {
        *x += stick * high.high(low.low(rng.bipolar(1_000 + n as u64)));
        stick *= stick_keep;
    }
}

/// The wires under the drum: noise that starts a moment later and rattles on.
fn snare_wires(out: &mut [f64], velocity: f64, rng: &CounterRng) {
    let (mut fast, mut slow) = (velocity, 0.35 * velocity);
    let (fast_keep, slow_keep) = (keep(0.13), keep(0.34));
    let (mut low, mut high, mut tone) =
        (OnePole::new(11_000.0), OnePole::new(1_400.0), Resonator::new(4_800.0, 4_000.0));
    for (n, x) in cut(out, 0.45).iter_mut().enumerate() {
        let noise = rng.bipolar(100_000 + n as u64);
        let rise = (n as f64 / 60.0).min(1.0);
        *x += rise * (fast + slow) * (0.6 * high.high(low.low(noise)) + 0.8 * tone.band(noise));
        fast *= fast_keep;
        slow *= slow_keep;
    }
}

/// A lower drum, without wires: pitch bends a little after the blow.
fn tom(out: &mut [f64], hz: f64, velocity: f64, rng: &CounterRng) {
    let (body_keep, fall) = (keep(0.75), keep(0.25));
    let (mut turns, mut body, mut bend) = (0.0, velocity, 1.0);
    let out = cut(out, 0.9);
    for (n, x) in out.iter_mut().enumerate() {
        turns += hz * (1.0 + 0.25 * velocity * bend) / RATE_HZ;
        *x += (n as f64 / 40.0).min(1.0) * body * math::sin(math::TAU * (turns - turns.floor()));
        body *= body_keep;
        bend *= fall;
    }
    for (n, ratio) in [1.594, 2.136, 2.296, 2.653].into_iter().enumerate() {
        add_mode(out, hz * ratio, 0.3 * velocity / (n + 1) as f64, 0.3, 0.0);
    }
    let (mut stick, stick_keep) = (0.6 * velocity * velocity, keep(0.02));
    let mut low = OnePole::new(6_000.0);
    for (n, x) in out.iter_mut().take(frame(0.04)).enumerate() {
        *x += stick * low.low(rng.bipolar(n as u64));
        stick *= stick_keep;
    }
}

/// What a piece of bronze is like.
struct Metal {
    modes: u64,
    low_hz: f64,
    high_hz: f64,
    seconds: f64,
    noise: f64,
    noise_seconds: f64,
    level: f64,
}

const HAT_CLOSED: Metal = Metal {
    modes: 26,
    low_hz: 3_200.0,
    high_hz: 15_500.0,
    seconds: 0.10,
    noise: 0.9,
    noise_seconds: 0.07,
    level: 0.17,
};
const HAT_OPEN: Metal = Metal {
    modes: 30,
    low_hz: 2_600.0,
    high_hz: 15_500.0,
    seconds: 0.65,
    noise: 0.6,
    noise_seconds: 0.55,
    level: 0.17,
};
const RIDE: Metal = Metal {
    modes: 28,
    low_hz: 480.0,
    high_hz: 12_500.0,
    seconds: 1.3,
    noise: 0.35,
    noise_seconds: 0.12,
    level: 0.085,
};
const CRASH: Metal = Metal {
    modes: 60,
    low_hz: 380.0,
    high_hz: 14_500.0,
    seconds: 3.2,
    noise: 0.8,
    noise_seconds: 1.0,
    level: 0.11,
};

/// Many modes without harmony, drawn once for each instrument, and the hiss of the blow.
fn metal(out: &mut [f64], metal: &Metal, velocity: f64, rng: &CounterRng) {
    let own = CounterRng::new(metal.modes, 77);
    let out = cut(out, 1.1 * metal.seconds + 0.05);
    for mode in 0..metal.modes {
        // Evenly spread in the logarithm, shaken so that no two stand in a simple ratio.
        let place = (mode as f64 + 0.9 * own.uniform(mode)) / metal.modes as f64;
        let hz = metal.low_hz * math::pow(metal.high_hz / metal.low_hz, place);
        // High modes are louder after hard blows and die first.
        let level = metal.level
            * velocity
            * (0.4 + 0.6 * own.uniform(500 + mode))
            * (1.0 - 0.6 * place * (1.0 - velocity));
        let seconds = metal.seconds * (1.3 - 0.8 * place);
        add_mode(out, hz, level, seconds, math::TAU * rng.uniform(mode));
    }
    let (mut hiss, hiss_keep) = (metal.noise * metal.level * 6.0 * velocity, keep(metal.noise_seconds));
    let (mut high, mut higher) = (OnePole::new(metal.low_hz * 1.5), OnePole::new(metal.low_hz * 1.5));
    for (n, x) in out.iter_mut().take(frame(1.1 * metal.noise_seconds)).enumerate() {
        let rise = (n as f64 / 20.0).min(1.0);
        *x += rise * hiss * higher.high(high.high(rng.bipolar(2_000 + n as u64)));
        hiss *= hiss_keep;
    }
}

/// A closing hi-hat stops what still rings.
fn choke(out: &mut [f64]) {
    let (mut level, fall) = (1.0, keep(0.03));
    for x in out.iter_mut().take(frame(0.9)) {
        *x *= level;
        level *= fall;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_arrives_after_its_way_and_weaker_by_distance() {
        // Hat to the left overhead: 0.05, 0 and 1.05 m apart.
        let (delay, _) = path(place(Part::Hat), OVERHEAD_LEFT);
        let metres = (0.05_f64 * 0.05 + 1.05 * 1.05).sqrt();
        assert!((delay - metres / 343.0 * 48_000.0).abs() < 1e-9);
        let near = path([0.0, 0.0, 0.0], Mic { at: [1.0, 0.0, 0.0], round: 1.0, ..ROOM });
        let far = path([0.0, 0.0, 0.0], Mic { at: [2.0, 0.0, 0.0], round: 1.0, ..ROOM });
        assert!((near.1 / far.1 - 2.0).abs() < 1e-12);
    }

    #[test]
    fn a_whole_delay_moves_the_samples_and_nothing_else() {
        let source: Vec<f64> = (0..50).map(|n| f64::from(n * n % 17)).collect();
        let mut out = vec![0.0; 60];
        add_delayed(&mut out, &source, 5.0, 2.0);
        for n in 2..45 {
            assert!((out[n + 5] - 2.0 * source[n]).abs() < 1e-12, "{n}");
        }
    }

    #[test]
    fn a_room_has_six_first_and_eighteen_second_images() {
        assert_eq!(images(place(Part::Kick)).len(), 1 + 6 + 18);
    }
}
