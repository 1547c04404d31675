//! Singing by rule: a glottis, a throat, a mouth.
//!
//! The source follows the model of Fant, Liljencrants and Lin, "A four-parameter model of glottal flow", STL-QPSR 4/1985:
//! the derivative of the flow grows as a rising sine until the folds close, then returns exponentially. The throat is a
//! cascade of five resonators after Klatt (JASA 67(3), 1980), with noise beside it for the consonants. Frequencies of the
//! first three formants are the averages for women of Peterson and Barney, JASA 24(2), 1952, table II.

use super::score::{BEAT_SECONDS, Consonant, Player, Sung, Vowel, at};
use super::tools::{OnePole, RATE_HZ, Resonator, human, note_hz};
use dsp::math;
use dsp::rng::CounterRng;

/// Frames between two settings of the throat: 1 ms.
const STEP: usize = 48;

/// Who sings.
#[derive(Debug, Clone, Copy)]
pub struct Singer {
    /// Stream of her own for everything that varies.
    pub stream: u64,
    /// Length of the throat: factor on every formant.
    pub formants: f64,
    /// Depth of the vibrato in cents.
    pub vibrato_cents: f64,
    /// Its rate.
    pub vibrato_hz: f64,
    /// Share of breath in the voice.
    pub breath: f64,
    /// How far behind the beat she is.
    pub late_ms: f64,
}

/// What the mouth should do during one millisecond.
#[derive(Debug, Clone, Copy, Default)]
struct Gesture {
    hz: f64,
    voice: f64,
    breath: f64,
    formants: [f64; 3],
    hiss: f64,
    hiss_hz: f64,
}

fn vowel(vowel: Vowel) -> [f64; 3] {
    match vowel {
        Vowel::Ah => [850.0, 1_220.0, 2_810.0],
        Vowel::Eh => [610.0, 2_330.0, 2_990.0],
        Vowel::Ee => [310.0, 2_790.0, 3_310.0],
        Vowel::Aw => [590.0, 920.0, 2_710.0],
        Vowel::Oo => [370.0, 950.0, 2_670.0],
    }
}

/// How a consonant goes: milliseconds before the beat, voice and hiss during it, centre of the hiss, where the formants come
/// from, silence before a burst in milliseconds.
struct Onset {
    ms: f64,
    voice: f64,
    hiss: f64,
    hiss_hz: f64,
    from: Option<[f64; 3]>,
    closed_ms: f64,
}

fn onset(consonant: Consonant) -> Onset {
    let plain = Onset { ms: 0.0, voice: 1.0, hiss: 0.0, hiss_hz: 4_000.0, from: None, closed_ms: 0.0 };
    // Places of the hiss and loci after Klatt 1980, table III, rounded.
    match consonant {
        Consonant::None => plain,
        Consonant::S => Onset {
            ms: 110.0,
            voice: 0.0,
            hiss: 0.30,
            hiss_hz: 7_200.0,
            from: Some([320.0, 1_700.0, 2_800.0]),
            ..plain
        },
        Consonant::Sh => Onset {
            ms: 110.0,
            voice: 0.0,
            hiss: 0.34,
            hiss_hz: 3_600.0,
            from: Some([300.0, 1_900.0, 2_700.0]),
            ..plain
        },
        Consonant::T => Onset {
            ms: 28.0,
            voice: 0.0,
            hiss: 0.38,
            hiss_hz: 5_200.0,
            from: Some([350.0, 1_800.0, 2_900.0]),
            closed_ms: 50.0,
        },
        Consonant::K => Onset {
            ms: 34.0,
            voice: 0.0,
            hiss: 0.32,
            hiss_hz: 2_300.0,
            from: Some([300.0, 2_000.0, 2_500.0]),
            closed_ms: 50.0,
        },
        Consonant::M => Onset { ms: 75.0, voice: 0.40, from: Some([270.0, 1_000.0, 2_200.0]), ..plain },
        Consonant::N => Onset { ms: 70.0, voice: 0.40, from: Some([270.0, 1_500.0, 2_500.0]), ..plain },
        Consonant::L => Onset { ms: 65.0, voice: 0.55, from: Some([340.0, 1_150.0, 2_880.0]), ..plain },
        Consonant::H => Onset { ms: 70.0, voice: 0.0, hiss: 0.07, hiss_hz: 1_800.0, ..plain },
    }
}

/// Sings a line, dry and in one channel.
pub fn sing(seed: u64, singer: Singer, line: &[Sung], frames: usize) -> Vec<f64> {
    let gestures = score(seed, singer, line, frames.div_ceil(STEP));
    utter(seed, singer, &gestures, frames)
}

/// What happens in every millisecond.
fn score(seed: u64, singer: Singer, line: &[Sung], steps: usize) -> Vec<Gesture> {
    let rest = Gesture { hz: 220.0, formants: vowel(Vowel::Ah), ..Gesture::default() };
    let mut gestures = vec![rest; steps];
    let mut player = Player::new(seed, 50 + singer.stream, singer.late_ms, 7.0);
    let tune = CounterRng::new(seed, 60 + singer.stream);
    let to_step = |seconds: f64| (seconds * RATE_HZ / STEP as f64).max(0.0) as usize;
    for (index, note) in line.iter().enumerate() {
        let (start, velocity) = player.play(at(0, note.beat), 0.85);
        let end = start + note.beats * BEAT_SECONDS;
        let begin = onset(note.consonant);
        let mouth = vowel(note.vowel);
        // Nobody hits a note exactly: 6 cents.
        let hz = note_hz(f64::from(note.midi) + 0.06 * human(&tune, index as u64));
        let (open, sounds) = (to_step(start - 1e-3 * begin.ms), to_step(start));
        for gesture in
            gestures.iter_mut().take(open).skip(to_step(start - 1e-3 * (begin.ms + begin.closed_ms)))
        {
            (gesture.voice, gesture.hiss, gesture.breath) = (0.0, 0.0, 0.0);
        }
        for gesture in gestures.iter_mut().take(sounds).skip(open) {
            *gesture = Gesture {
                hz,
                voice: velocity * begin.voice,
                breath: 0.0,
                formants: begin.from.unwrap_or(mouth),
                hiss: begin.hiss * velocity,
                hiss_hz: begin.hiss_hz,
            };
        }
        let stop = to_step(end);
        for (n, gesture) in gestures.iter_mut().enumerate().take(stop).skip(sounds) {
            let seconds = (n - sounds) as f64 * STEP as f64 / RATE_HZ;
            let left = (stop - n) as f64 * STEP as f64 / RATE_HZ;
            // The voice swells a little into a note and goes with its end; vibrato comes after a quarter of a second.
            let swell = 0.85 + 0.15 * (seconds / 0.3).min(1.0);
            let vibrato = singer.vibrato_cents * ((seconds - 0.25) / 0.35).clamp(0.0, 1.0);
            let turn = math::sin(math::TAU * singer.vibrato_hz * seconds);
            *gesture = Gesture {
                hz: hz * math::exp2(vibrato * turn / 1200.0),
                voice: velocity * swell * (left / 0.09).min(1.0),
                breath: singer.breath,
                formants: mouth,
                ..rest
            };
        }
        // Until the next note the mouth stays where it is.
        for gesture in gestures.iter_mut().skip(stop) {
            (gesture.hz, gesture.formants) = (hz, mouth);
        }
    }
    gestures
}

/// One period of the source, 1024 points: rises, closes at 62 % of the period, returns.
fn glottis() -> Vec<f64> {
    // Te, Tp, Ta as shares of the period: a full, not a pressed voice (Fant 1985, fig. 5, rounded).
    let (close, crest, back) = (0.62, 0.44, 0.025);
    let grow = 3.2;
    let raw = |p: f64| math::exp(grow * p) * math::sin(math::PI * p / crest);
    let deepest = raw(close);
    let mut period: Vec<f64> = (0..1024)
        .map(|n| {
            let p = f64::from(n) / 1024.0;
            if p < close { raw(p) } else { deepest * math::exp(-(p - close) / back) }
        })
        .collect();
    let mean = period.iter().sum::<f64>() / 1024.0;
    let scale = 1.0 / deepest.abs().max(1e-9);
    period.iter_mut().for_each(|x| *x = scale * (*x - mean));
    period
}

/// The gestures as sound.
fn utter(seed: u64, singer: Singer, gestures: &[Gesture], frames: usize) -> Vec<f64> {
    let noise = CounterRng::new(seed, 70 + singer.stream);
    let wave = glottis();
    let mut throat = Throat::new(singer.formants);
    // What moves, moves smoothly: pitch in 25 ms, formants in 18 ms, levels in 8 ms.
    let share = |ms: f64| 1.0 - math::exp(-1.0 / (1e-3 * ms * RATE_HZ / STEP as f64));
    let (pitch, shape, swell) = (share(25.0), share(18.0), share(8.0));
    let mut now = gestures.first().copied().unwrap_or_default();
    let mut before = now;
    let mut out = vec![0.0; frames];
    let (mut turns, mut drift) = (0.0, OnePole::new(6.0));
    for (block, (part, target)) in out.chunks_mut(STEP).zip(gestures).enumerate() {
        before.hz = now.hz;
        (before.voice, before.breath, before.hiss) = (now.voice, now.breath, now.hiss);
        now.hz += pitch * (target.hz - now.hz);
        now.voice += swell * (target.voice - now.voice);
        now.breath += swell * (target.breath - now.breath);
        now.hiss += swell * (target.hiss - now.hiss);
        for (formant, target) in now.formants.iter_mut().zip(target.formants) {
            *formant += shape * (target - *formant);
        }
        if target.hiss > 0.0 {
            now.hiss_hz = target.hiss_hz;
        }
        throat.tune(now.formants, now.hiss_hz);
        // Silence costs nothing, once the throat has died away.
        if now.voice < 1e-5
            && now.hiss < 1e-5
            && before.voice < 1e-5
            && before.hiss < 1e-5
            && throat.is_quiet()
        {
            continue;
        }
        for (n, x) in part.iter_mut().enumerate() {
            let index = (block * STEP + n) as u64;
            let along = n as f64 / STEP as f64;
            let mix = |from: f64, to: f64| from + along * (to - from);
            // Jitter: the period wanders by some tenths of a per cent.
            let wander = 1.0 + 0.06 * drift.low(noise.bipolar(2 * index));
            turns += mix(before.hz, now.hz) * wander / RATE_HZ;
            turns -= turns.floor();
            let place = turns * 1024.0;
            let point = (place as usize).min(1023);
            let next = wave[(point + 1) % 1024];
            let pulse = wave[point] + (place - point as f64) * (next - wave[point]);
            let hiss = noise.bipolar(2 * index + 1);
            // Breath comes through while the folds are open.
            let open = if turns < 0.62 { 1.0 } else { 0.25 };
            let source =
                mix(before.voice, now.voice) * (pulse + mix(before.breath, now.breath) * open * hiss);
            *x = throat.sound(source, mix(before.hiss, now.hiss) * hiss);
        }
    }
    out
}

/// The cascade, and the noise beside it.
struct Throat {
    size: f64,
    formants: [Resonator; 5],
    teeth: Resonator,
    air: OnePole,
    chest: OnePole,
    last: f64,
}

impl Throat {
    fn new(size: f64) -> Self {
        let mut formants: [Resonator; 5] = std::array::from_fn(|_| Resonator::default());
        // Fourth and fifth do not move, and stand close to the third as singers' do (Sundberg, JASA 55(4), 1974).
        formants[3] = Resonator::new(3_700.0 * size, 210.0);
        formants[4] = Resonator::new(4_900.0 * size, 330.0);
        Self {
            size,
            formants,
            teeth: Resonator::new(4_000.0, 1_800.0),
            air: OnePole::new(2_000.0),
            chest: OnePole::new(90.0),
            last: 0.0,
        }
    }

    fn tune(&mut self, hz: [f64; 3], hiss_hz: f64) {
        for (resonator, (hz, width_hz)) in
            self.formants.iter_mut().zip(hz.into_iter().zip([110.0, 120.0, 140.0]))
        {
            resonator.tune(hz * self.size, width_hz);
        }
        self.teeth.tune(hiss_hz, 0.35 * hiss_hz);
    }

    fn sound(&mut self, source: f64, hiss: f64) -> f64 {
        let throat = self.formants.iter_mut().fold(source, |x, resonator| resonator.next(x));
        // Radiation is in the source already (it is the derivative of the flow); a close microphone with its rise of
        // presence adds what is above 1.8 kHz several times more.
        let near = throat + 3.5 * self.air.high(throat);
        self.last = self.chest.high(near) + 3.0 * self.teeth.band(hiss);
        self.last
    }

    fn is_quiet(&self) -> bool {
        self.last.abs() < 1e-6
    }
}
