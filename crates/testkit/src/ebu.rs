//! Compliance signals of EBU Tech 3341 and 3342, every one that can be synthesised, at any sample rate.
//!
//! Cases 7 and 8 of Tech 3341 (5 and 6 of Tech 3342) are recordings of the EBU and are not here. All tones are
//! 1 kHz, in phase on all channels, and levels are peaks per channel, as the tables of both papers have them.

use libm::{cos, pow, sin, sqrt};

/// What a case puts to the test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Integrated loudness in LUFS.
    Integrated,
    /// Largest momentary loudness in LUFS.
    MaxMomentary,
    /// Largest short-term loudness in LUFS.
    MaxShortTerm,
    /// Momentary loudness in LUFS at every moment from 1 s on.
    ConstantMomentary,
    /// Short-term loudness in LUFS at every moment from 3 s on.
    ConstantShortTerm,
    /// Loudness range in LU.
    Range,
    /// True peak in dBTP.
    TruePeak,
}

/// What a compliant meter reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Which number.
    pub quantity: Quantity,
    /// The number in the table.
    pub value: f64,
    /// How far below it a compliant meter may read.
    pub below: f64,
    /// How far above it a compliant meter may read.
    pub above: f64,
}

impl Reading {
    /// Whether `found` is within the tolerance.
    #[must_use]
    pub fn accepts(&self, found: f64) -> bool {
        found >= self.value - self.below && found <= self.value + self.above
    }
}

/// A stretch of 1 kHz tone, one peak level per channel; `-inf` is silence.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Length.
    pub seconds: f64,
    /// Peak level of each channel.
    pub peak_dbfs: Vec<f64>,
}

/// Sound of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Sound {
    /// Steps of a 1 kHz tone, made block by block.
    Steps(Vec<Step>),
    /// Finished planes.
    Planes(Vec<Vec<f64>>),
}

/// One compliance case.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// `3341-13-7`: the paper, the number of the case, and the number of the file where a case has several.
    pub name: String,
    /// Sample rate of the sound.
    pub sample_rate_hz: f64,
    /// The sound.
    pub sound: Sound,
    /// What is to be read at the end.
    pub readings: Vec<Reading>,
    /// What is to be read on the way: after so many frames.
    pub marks: Vec<(usize, Reading)>,
}

impl Case {
    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        match &self.sound {
            Sound::Steps(steps) => steps.first().map_or(0, |step| step.peak_dbfs.len()),
            Sound::Planes(planes) => planes.len(),
        }
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        match &self.sound {
            Sound::Steps(steps) => edges(steps, self.sample_rate_hz).last().copied().unwrap_or(0),
            Sound::Planes(planes) => planes.first().map_or(0, Vec::len),
        }
    }

    /// Hands out the sound in blocks of at most `size` frames, as planes.
    pub fn for_each_block(&self, size: usize, mut each: impl FnMut(&[Vec<f64>])) {
        match &self.sound {
            Sound::Steps(steps) => step_blocks(steps, self.sample_rate_hz, size, each),
            Sound::Planes(planes) => {
                for start in (0..self.frames()).step_by(size.max(1)) {
                    let end = (start + size).min(self.frames());
                    each(&planes.iter().map(|plane| plane[start..end].to_vec()).collect::<Vec<_>>());
                }
            }
        }
    }
}

fn edges(steps: &[Step], sample_rate_hz: f64) -> Vec<usize> {
    let mut seconds = 0.0;
    steps
        .iter()
        .map(|step| {
            seconds += step.seconds;
            (seconds * sample_rate_hz).round() as usize
        })
        .collect()
}

fn step_blocks(steps: &[Step], sample_rate_hz: f64, size: usize, mut each: impl FnMut(&[Vec<f64>])) {
    // A tenth of a second holds 100 whole periods, at every rate that is a multiple of 10 Hz.
    let rate = sample_rate_hz as usize;
    let table: Vec<f64> = (0..rate / 10)
        .map(|n| sin(core::f64::consts::TAU * ((1000 * n) % rate) as f64 / sample_rate_hz))
        .collect();
    let mut position = 0;
    for (step, end) in steps.iter().zip(edges(steps, sample_rate_hz)) {
        let gains: Vec<f64> = step.peak_dbfs.iter().map(|&level| pow(10.0, level / 20.0)).collect();
        while position < end {
            let frames = size.max(1).min(end - position);
            let period = table.iter().cycle().skip(position % table.len()).take(frames);
            let tone = |gain: f64| period.clone().map(|x| gain * x).collect();
            each(&gains.iter().map(|&gain| tone(gain)).collect::<Vec<Vec<f64>>>());
            position += frames;
        }
    }
}

const SILENCE: f64 = f64::NEG_INFINITY;

fn stereo(seconds: f64, peak_dbfs: f64) -> Step {
    Step { seconds, peak_dbfs: vec![peak_dbfs; 2] }
}

// Tech 3341, table 1: +-0.1 LU throughout.
fn within_a_tenth(quantity: Quantity, value: f64) -> Reading {
    Reading { quantity, value, below: 0.1, above: 0.1 }
}

fn steps(name: &str, sample_rate_hz: f64, steps: Vec<Step>, readings: Vec<Reading>) -> Case {
    Case { name: name.to_owned(), sample_rate_hz, sound: Sound::Steps(steps), readings, marks: Vec::new() }
}

/// Cases 1 to 6 and 9 to 14 of Tech 3341: loudness.
#[must_use]
pub fn tech_3341_loudness(sample_rate_hz: f64) -> Vec<Case> {
    use Quantity::{ConstantMomentary, ConstantShortTerm, Integrated, MaxMomentary, MaxShortTerm};
    let all = |level| {
        [MaxMomentary, MaxShortTerm, Integrated].map(|quantity| within_a_tenth(quantity, level)).to_vec()
    };
    let integrated = || vec![within_a_tenth(Integrated, -23.0)];
    let programme = |levels: &[(f64, f64)]| levels.iter().map(|&(s, l)| stereo(s, l)).collect::<Vec<_>>();
    let surround = Step { seconds: 20.0, peak_dbfs: vec![-28.0, -28.0, -24.0, -30.0, -30.0] };
    let nine = programme(&[(1.34, -20.0), (1.66, -30.0)].repeat(5));
    let twelve = programme(&[(0.18, -20.0), (0.22, -30.0)].repeat(25));
    let mut cases = vec![
        steps("3341-1", sample_rate_hz, programme(&[(20.0, -23.0)]), all(-23.0)),
        steps("3341-2", sample_rate_hz, programme(&[(20.0, -33.0)]), all(-33.0)),
        steps(
            "3341-3",
            sample_rate_hz,
            programme(&[(10.0, -36.0), (60.0, -23.0), (10.0, -36.0)]),
            integrated(),
        ),
        steps(
            "3341-4",
            sample_rate_hz,
            programme(&[(10.0, -72.0), (10.0, -36.0), (60.0, -23.0), (10.0, -36.0), (10.0, -72.0)]),
            integrated(),
        ),
        steps(
            "3341-5",
            sample_rate_hz,
            programme(&[(20.0, -26.0), (20.1, -20.0), (20.0, -26.0)]),
            integrated(),
        ),
        steps("3341-6", sample_rate_hz, vec![surround], integrated()),
        steps("3341-9", sample_rate_hz, nine, vec![within_a_tenth(ConstantShortTerm, -23.0)]),
        steps("3341-12", sample_rate_hz, twelve, vec![within_a_tenth(ConstantMomentary, -23.0)]),
    ];
    for i in 0..20 {
        let (late, name) = (0.15 * f64::from(i), format!("3341-10-{}", i + 1));
        let burst = programme(&[(late, SILENCE), (3.0, -23.0), (1.0, SILENCE)]);
        cases.push(steps(&name, sample_rate_hz, burst, vec![within_a_tenth(MaxShortTerm, -23.0)]));
        let (late, name) = (0.02 * f64::from(i), format!("3341-13-{}", i + 1));
        let burst = programme(&[(late, SILENCE), (0.4, -23.0), (1.0, SILENCE)]);
        cases.push(steps(&name, sample_rate_hz, burst, vec![within_a_tenth(MaxMomentary, -23.0)]));
    }
    cases.push(rising("3341-11", sample_rate_hz, 3.0, MaxShortTerm));
    cases.push(rising("3341-14", sample_rate_hz, 0.4, MaxMomentary));
    cases
}

/// Bursts that rise by 1 dB each, ever later in their slot: the maximum has to follow, live.
fn rising(name: &str, sample_rate_hz: f64, length: f64, quantity: Quantity) -> Case {
    let mut bursts = Vec::new();
    let mut values = Vec::new();
    for i in 0..20 {
        let late = length / 20.0 * f64::from(i);
        let level = -38.0 + f64::from(i);
        bursts.extend([stereo(late, SILENCE), stereo(length, level), stereo(length - late, SILENCE)]);
        values.push(level);
    }
    let ends = edges(&bursts, sample_rate_hz);
    let marks =
        values.iter().enumerate().map(|(i, &v)| (ends[3 * i + 2], within_a_tenth(quantity, v))).collect();
    Case { marks, ..steps(name, sample_rate_hz, bursts, Vec::new()) }
}

/// Cases 1 to 4 of Tech 3342: loudness range.
#[must_use]
pub fn tech_3342(sample_rate_hz: f64) -> Vec<Case> {
    let case = |name: &str, levels: &[f64], value: f64| {
        // Tech 3342, table 1: +-1 LU.
        let reading = Reading { quantity: Quantity::Range, value, below: 1.0, above: 1.0 };
        let tones = levels.iter().map(|&level| stereo(20.0, level)).collect();
        steps(name, sample_rate_hz, tones, vec![reading])
    };
    vec![
        case("3342-1", &[-20.0, -30.0], 10.0),
        case("3342-2", &[-20.0, -15.0], 5.0),
        case("3342-3", &[-40.0, -20.0], 20.0),
        case("3342-4", &[-50.0, -35.0, -20.0, -35.0, -50.0], 15.0),
    ]
}

/// Cases 15 to 23 of Tech 3341: true peak.
#[must_use]
pub fn tech_3341_true_peak(sample_rate_hz: f64) -> Vec<Case> {
    let mut cases: Vec<Case> = [
        ("3341-15", 4.0, 0.50, 0.0, -6.0),
        ("3341-16", 4.0, 0.50, 45.0, -6.0),
        ("3341-17", 6.0, 0.50, 60.0, -6.0),
        ("3341-18", 8.0, 0.50, 67.5, -6.0),
        ("3341-19", 4.0, 1.41, 45.0, 3.0),
    ]
    .into_iter()
    .map(|(name, divisor, peak, degrees, value)| {
        let phase = degrees / 360.0 * core::f64::consts::TAU;
        let mut tone: Vec<f64> = (0..(0.25 * sample_rate_hz) as usize)
            .map(|n| peak * sin(core::f64::consts::TAU * (n % (divisor as usize)) as f64 / divisor + phase))
            .collect();
        fade(&mut tone, (0.01 * sample_rate_hz) as usize);
        true_peak_case(name, sample_rate_hz, tone, value)
    })
    .collect();
    let burst = burst_at_four_times(sample_rate_hz);
    for offset in 0..4 {
        let name = format!("3341-{}", 20 + offset);
        cases.push(true_peak_case(&name, sample_rate_hz, decimate(&burst, offset), 0.0));
    }
    cases
}

fn true_peak_case(name: &str, sample_rate_hz: f64, plane: Vec<f64>, value: f64) -> Case {
    // Tech 3341, table 1: +0.2 / -0.4 dB.
    let reading = Reading { quantity: Quantity::TruePeak, value, below: 0.4, above: 0.2 };
    let sound = Sound::Planes(vec![plane.clone(), plane]);
    Case { name: name.to_owned(), sample_rate_hz, sound, readings: vec![reading], marks: Vec::new() }
}

fn fade(signal: &mut [f64], frames: usize) {
    let last = signal.len() - 1;
    for n in 0..frames {
        let gain = 0.5 - 0.5 * cos(core::f64::consts::PI * n as f64 / frames as f64);
        signal[n] *= gain;
        signal[last - n] *= gain;
    }
}

/// At 4 fs: a tone at fs/6 of 0.5 with one period of fs/4 at 1.0 in its middle, joined at zero crossings.
fn burst_at_four_times(sample_rate_hz: f64) -> Vec<f64> {
    let side = (0.05 * sample_rate_hz / 6.0) as usize * 24;
    let low = |n: usize| 0.5 * sin(core::f64::consts::TAU * (n % 24) as f64 / 24.0);
    let high = |n: usize| sin(core::f64::consts::TAU * n as f64 / 16.0);
    let mut burst: Vec<f64> = (0..side).map(low).chain((0..16).map(high)).chain((0..side).map(low)).collect();
    fade(&mut burst, (0.04 * sample_rate_hz) as usize);
    burst
}

/// Every fourth frame from `offset` on, after a linear-phase low-pass (sinc under a Blackman window, ±64 frames of
/// the low rate, cut at half of it).
fn decimate(signal: &[f64], offset: usize) -> Vec<f64> {
    let half = 256_i64;
    let taps: Vec<f64> = (-half..=half)
        .map(|k| {
            let (x, u) =
                (k as f64 * core::f64::consts::PI / 4.0, k as f64 / half as f64 * core::f64::consts::PI);
            let window = 0.42 + 0.5 * cos(u) + 0.08 * cos(2.0 * u);
            0.25 * window * if k == 0 { 1.0 } else { sin(x) / x }
        })
        .collect();
    (0..(signal.len() - offset) / 4)
        .map(|n| {
            let centre = (4 * n + offset) as i64;
            let (from, to) = ((centre - half).max(0), (centre + half).min(signal.len() as i64 - 1));
            (from..=to).map(|i| signal[i as usize] * taps[(i - centre + half) as usize]).sum()
        })
        .collect()
}

/// Noise with the long-term slope and the swells of music, `channels` planes that share most of their sound.
/// Peaks stay under `peak`.
#[must_use]
pub fn music_like(
    peak: f64,
    seed: u64,
    channels: usize,
    frames: usize,
    sample_rate_hz: f64,
) -> Vec<Vec<f64>> {
    let common = crate::signals::noise(1.0, seed, frames);
    (0..channels)
        .map(|channel| {
            let own = crate::signals::noise(1.0, seed + 77 + channel as u64, frames);
            let (mut low, mut plane) = (0.0, Vec::with_capacity(frames));
            for n in 0..frames {
                let seconds = n as f64 / sample_rate_hz;
                let white = 0.8 * common[n] + 0.4 * own[n];
                low += 0.02 * (white - low);
                let swell = 0.55 + 0.45 * sin(0.9 * seconds + 0.4 * channel as f64);
                let beat = pow(10.0, -1.5 * (2.0 * seconds - (2.0 * seconds).floor()));
                plane.push((4.0 * low + 0.25 * white) * swell * (0.1 + beat));
            }
            let top = crate::measure::peak(&plane);
            plane.iter().map(|x| x * peak / top).collect()
        })
        .collect()
}

/// Sum of tones at the `frequencies` (turns per frame), under a window that starts and ends at zero: a signal
/// known at every moment, not only at the frames. Returns the frames and the largest magnitude on a grid 64 times finer.
#[must_use]
pub fn known_between_frames(tones: &[(f64, f64, f64)], frames: usize) -> (Vec<f64>, f64) {
    let at = |time: f64| {
        let window = 0.5 - 0.5 * cos(core::f64::consts::TAU * time / frames as f64);
        let sum: f64 = tones
            .iter()
            .map(|&(frequency, amplitude, phase)| {
                amplitude * sin(core::f64::consts::TAU * frequency * time + phase)
            })
            .sum();
        window * sum
    };
    let truth = (0..64 * frames).fold(0.0, |top, n| f64::max(top, at(n as f64 / 64.0).abs()));
    ((0..frames).map(|n| at(n as f64)).collect(), truth)
}

/// Root of the mean of squares of a sine of this peak.
#[must_use]
pub fn rms_of_sine(peak: f64) -> f64 {
    peak / sqrt(2.0)
}
