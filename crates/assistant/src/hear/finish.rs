//! From what was read of a file to its film and facts.

use super::Picked;
use super::activity::{activity, integrated_lufs, percentile};
use super::character;
use super::facts::{Clipping, Facts, Pitch, Sibilance, Stereo};
use super::film::{BANDS, Film, ONSETS_PER_SECOND, PITCHES_PER_SECOND, momentary_powers};
use super::listen::Raw;
use super::onsets::Course;
use super::tune;
use dsp::math;
use dsp::meter::loudness::{KWeighting, lufs_of_power};

/// Least periodicity of a pitch. By estimate, 2026-11-21: voices have 0.9, drums under 0.6.
const PERIODIC: f32 = 0.8;

/// What is mono in two channels is played as mono (I6, I7), of many channels the first two.
pub(super) fn pick(raw: &Raw, file_channels: usize) -> Option<Picked> {
    if file_channels > 2 {
        return Some(Picked { channels: vec![0, 1], why: "the first two of many channels" });
    }
    let [left, right, cross] = raw.sums;
    if raw.channels < 2 || left + right <= 0.0 {
        return None;
    }
    // 60 dB: the figure of rule I6.
    let apart = math::db_to_power(60.0);
    let mono = |channel: usize, why| Some(Picked { channels: vec![channel], why });
    if left > apart * right {
        return mono(0, "the right channel is silent");
    }
    if right > apart * left {
        return mono(1, "the left channel is silent");
    }
    let (mid, side) = (left + right + 2.0 * cross, left + right - 2.0 * cross);
    if mid > apart * side { mono(0, "both channels are the same") } else { None }
}

/// Film and facts, with the channels that play.
pub(super) fn finish(raw: Raw, picked: Option<&Picked>) -> (Film, Facts) {
    // Twice the same is once in the film.
    let same = picked.is_some_and(|picked| picked.why == "both channels are the same");
    let gain = if same { 0.5 } else { 1.0 };
    let stereo = raw.channels == 2 && picked.is_none_or(|picked| picked.channels.len() > 1);
    let scaled = |plane: &[f32]| plane.iter().map(|power| gain * power).collect::<Vec<f32>>();
    let loudness = scaled(&raw.loudness);
    let active = activity(&loudness);
    let course = Course::new(&raw.fast);
    let pitch_hz = voiced(&raw, &active);
    let sibilance = sibilants(&raw, &active, gain);
    let film = Film {
        bands: scaled(&raw.bands),
        left: if stereo { raw.left.clone() } else { Vec::new() },
        loudness,
        active,
        peak: raw.peak.clone(),
        centroid_hz: raw.centroid_hz.clone(),
        flatness: raw.flatness.clone(),
        onset: course.onset.clone(),
        sibilance: if sibilance.iter().any(|power| *power > 0.0) { sibilance } else { Vec::new() },
        pitch_hz,
        chroma: raw.pitch.chroma.clone(),
    };
    let facts = facts(&raw, &film, &course, f64::from(gain), stereo);
    (film, facts)
}

/// Pitches where it sounds and is periodic.
fn voiced(raw: &Raw, active: &[bool]) -> Vec<f32> {
    let pairs = raw.pitch.pitch_hz.iter().zip(&raw.pitch.periodicity).enumerate();
    let at = |n: usize| active.get((n as f64 * 20.0 / PITCHES_PER_SECOND) as usize).copied().unwrap_or(false);
    let raw: Vec<f32> =
        pairs.map(|(n, (hz, periodic))| if at(n) && *periodic >= PERIODIC { *hz } else { 0.0 }).collect();
    // A pitch that lasts for one value only is none, and an octave that is off for one value is mended.
    (0..raw.len())
        .map(|n| {
            let around =
                [n.checked_sub(1).map_or(0.0, |n| raw[n]), raw[n], raw.get(n + 1).copied().unwrap_or(0.0)];
            let near = |a: f32, b: f32| a > 0.0 && b > 0.0 && (a / b - 1.0).abs() < 0.12;
            match around {
                [a, b, _] if near(a, b) => b,
                [_, b, c] if near(b, c) => b,
                [a, _, c] if near(a, c) => (a * c).sqrt(),
                _ => 0.0,
            }
        })
        .collect()
}

/// Power of sibilants: frames that hiss for 30 to 400 ms, while something sounds.
fn sibilants(raw: &Raw, active: &[bool], gain: f32) -> Vec<f32> {
    let mut out: Vec<f32> = raw.sibilance.iter().map(|power| gain * power).collect();
    let on = |n: usize| active.get(n / 5).copied().unwrap_or(false);
    (0..out.len()).filter(|n| !on(*n)).collect::<Vec<_>>().into_iter().for_each(|n| out[n] = 0.0);
    let mut start = 0;
    while start < out.len() {
        let hisses = out[start] > 0.0;
        let length = out[start..].iter().take_while(|power| (**power > 0.0) == hisses).count();
        // Shorter is a click or a stop consonant, longer a breath or noise (by estimate, 2026-11-21).
        if hisses && !(3..=40).contains(&length) {
            out[start..start + length].fill(0.0);
        }
        start += length;
    }
    out
}

/// Values of 50 ms where it sounds.
fn while_active<'a>(film: &'a Film, values: &'a [f32]) -> impl Iterator<Item = f64> + 'a {
    values.iter().zip(&film.active).filter(|(_, on)| **on).map(|(value, _)| f64::from(*value))
}

fn facts(raw: &Raw, film: &Film, course: &Course, gain: f64, stereo: bool) -> Facts {
    let count = film.active.iter().filter(|on| **on).count();
    let dynamics = &raw.dynamics;
    let mut facts = Facts { band_power: film.mean_bands().to_vec(), ..Facts::silent() };
    facts.peak_dbfs = math::gain_to_db(dynamics.peak().level);
    facts.dc_dbfs =
        dynamics.channels.iter().map(|c| math::gain_to_db(c.dc)).fold(f64::NEG_INFINITY, f64::max);
    facts.integrated_lufs = integrated_lufs(&film.loudness);
    facts.active_lufs = film.active_lufs();
    facts.noise_floor_dbfs = noise_floor(raw, film, gain);
    if count == 0 {
        return facts;
    }
    let active_seconds = count as f64 / 20.0;
    let momentary: Vec<f64> = momentary_powers(&film.loudness)
        .into_iter()
        .zip(&film.active)
        .filter(|(_, on)| **on)
        .map(|(power, _)| power)
        .collect();
    let lufs = |share| percentile(momentary.clone(), share).map_or(f64::NEG_INFINITY, lufs_of_power);
    (facts.momentary_p95_lufs, facts.momentary_p50_lufs) = (lufs(0.95), lufs(0.5));
    facts.active_share = count as f64 / film.active.len().max(1) as f64;
    let first = film.active.iter().position(|on| *on).unwrap_or(0);
    let last = film.active.iter().rposition(|on| *on).unwrap_or(0);
    facts.sounds_seconds = Some((first as f64 / 20.0, (last + 1) as f64 / 20.0));
    let planes = if stereo { 2.0 } else { 1.0 };
    let mean = while_active(film, &raw.power).sum::<f64>() * gain / count as f64;
    facts.rms_dbfs = math::power_to_db(mean / planes);
    facts.crest_db = math::power_to_db(raw.crest);
    facts.clipping = clipping(raw, active_seconds);
    spectral(&mut facts, raw, film, mean / gain);
    let onsets = course.onsets();
    facts.onsets_per_second = onsets.len() as f64 / active_seconds;
    facts.decay_seconds = course.decay_seconds(&onsets);
    facts.tail = course.tail();
    facts.tail_in_bands = if facts.tail.is_none() { super::tails::in_bands(&raw.fast) } else { None };
    facts.character = character::read(&raw.fast, course, &onsets, film);
    facts.pitch = pitch(raw, film);
    facts.sibilance = sibilance(raw, film, active_seconds);
    let moving = facts.pitch.share > 0.3;
    let range = (facts.pitch.p5_hz, facts.pitch.p95_hz);
    let (x, y, weight) = raw.pitch.tuning;
    facts.partials = if weight > 0.0 { [x / weight, y / weight] } else { [0.0; 2] };
    facts.spectrum = spectrum(raw, film, &mut facts.resonances, moving.then_some(range), gain);
    facts.bin_hz = raw.long.bin_hz;
    facts.read_shares();
    facts.hum = hum(raw, film);
    facts.stereo = stereo.then(|| sides(raw, film));
    facts
}

/// 10th percentile of 50 ms where nothing sounds.
fn noise_floor(raw: &Raw, film: &Film, gain: f64) -> Option<f64> {
    let pauses: Vec<f64> =
        raw.power.iter().zip(&film.active).filter(|(_, on)| !**on).map(|(p, _)| f64::from(*p)).collect();
    // A second of pauses.
    (pauses.len() >= 20)
        .then(|| percentile(pauses, 0.1).map(|power| math::power_to_db(power * gain)))
        .flatten()
}

fn clipping(raw: &Raw, active_seconds: f64) -> Clipping {
    let runs = raw.dynamics.channels.iter().map(|channel| channel.clipped.at_top).sum::<u64>();
    let longest = raw.dynamics.channels.iter().map(|channel| channel.clipped.longest).max().unwrap_or(0);
    Clipping { runs, per_minute: runs as f64 * 60.0 / active_seconds.max(1.0), longest }
}

/// Centroid, flatness and shares.
fn spectral(facts: &mut Facts, raw: &Raw, film: &Film, mean: f64) {
    // Only frames of at least half the mean power: what is loud says what it is.
    let loud = |values: &[f32]| -> Vec<f64> {
        let all = values.iter().zip(&raw.power).zip(&film.active);
        all.filter(|((_, power), on)| **on && f64::from(**power) > 0.5 * mean)
            .map(|((v, _), _)| f64::from(*v))
            .collect()
    };
    facts.centroid_hz = percentile(loud(&film.centroid_hz), 0.5).unwrap_or(0.0);
    facts.flatness = percentile(loud(&film.flatness), 0.5).unwrap_or(0.0);
}

/// Long-term spectrum, what is read from it, and its resonances.
fn spectrum(
    raw: &Raw,
    film: &Film,
    resonances: &mut Vec<super::Resonance>,
    pitch: Option<(f64, f64)>,
    gain: f64,
) -> Vec<f32> {
    // Frames from 20 dB under the loud ones on are sound, as in C0.
    let loud = percentile(while_active(film, &raw.power).collect(), 0.95).unwrap_or(0.0);
    let open_dbfs = math::power_to_db(loud) - 20.0;
    let spectrum = raw.long.spectrum(open_dbfs);
    *resonances = raw.long.resonances(&spectrum, open_dbfs, pitch);
    spectrum.into_iter().map(|power| (gain * power) as f32).collect()
}

/// Mains in the pauses.
fn hum(raw: &Raw, film: &Film) -> Option<super::Hum> {
    let loud = percentile(while_active(film, &raw.power).collect(), 0.95).unwrap_or(0.0);
    raw.long.hum(math::power_to_db(loud) - 20.0)
}

impl Facts {
    /// Shares read from the long-term spectrum.
    pub(super) fn read_shares(&mut self) {
        let total: f64 = self.spectrum.iter().map(|power| f64::from(*power)).sum();
        if total <= 0.0 || self.bin_hz <= 0.0 {
            return;
        }
        let below = |hz: f64| -> f64 {
            self.spectrum
                .iter()
                .take((hz / self.bin_hz).round() as usize)
                .map(|power| f64::from(*power))
                .sum()
        };
        let (low, high) = (below(120.0) / total, 1.0 - below(5_000.0) / total);
        let mut sum = 0.0;
        let at = self.spectrum.iter().position(|power| {
            sum += f64::from(*power);
            sum >= 0.8 * total
        });
        self.power_80_hz = at.unwrap_or(0) as f64 * self.bin_hz;
        (self.low_share, self.high_share) = (low, high.max(0.0));
    }
}

fn pitch(raw: &Raw, film: &Film) -> Pitch {
    let active = |n: usize| film.active.get(n * 2 / 5).copied().unwrap_or(false);
    let periodicity: Vec<f64> = raw
        .pitch
        .periodicity
        .iter()
        .enumerate()
        .filter(|(n, _)| active(*n))
        .map(|(_, periodic)| f64::from(*periodic))
        .collect();
    let count = periodicity.len().max(1) as f64;
    let voiced: Vec<f64> = film.pitch_hz.iter().filter(|hz| **hz > 0.0).map(|hz| f64::from(*hz)).collect();
    let at = |share| percentile(voiced.clone(), share).unwrap_or(0.0);
    let mut pitch = Pitch {
        share: (voiced.len() as f64 / count).min(1.0),
        periodicity: percentile(periodicity, 0.5).unwrap_or(0.0),
        median_hz: at(0.5),
        p5_hz: at(0.05),
        p95_hz: at(0.95),
        ..Pitch::default()
    };
    tune::read(&film.pitch_hz, &mut pitch);
    pitch
}

fn sibilance(raw: &Raw, film: &Film, active_seconds: f64) -> Option<Sibilance> {
    if film.sibilance.is_empty() {
        return None;
    }
    let on = |n: &usize| film.sibilance[*n] > 0.0;
    let hissing: Vec<usize> = (0..film.sibilance.len()).filter(on).collect();
    let starts = hissing
        .iter()
        .filter(|n| n.checked_sub(1).is_none_or(|before| film.sibilance[before] == 0.0))
        .count();
    let powers = hissing.iter().map(|n| f64::from(film.sibilance[*n])).collect();
    let vowel = |n: usize| film.pitch_hz.get(n * 5 / 2).is_some_and(|hz| *hz > 0.0);
    let vowels =
        film.loudness.iter().enumerate().filter(|(n, _)| vowel(*n)).map(|(_, p)| f64::from(*p)).collect();
    let vowel = percentile(vowels, 0.5)?;
    let centroids = hissing.iter().filter_map(|n| raw.sibilant_hz.get(*n)).map(|hz| f64::from(*hz)).collect();
    let centroid_hz = percentile(centroids, 0.5)?;
    // K-weighting is nearly flat up there: its gain at the centroid stands for it.
    let weight = KWeighting::new(raw.sample_rate_hz).response_db(centroid_hz, raw.sample_rate_hz);
    let loud = math::power_to_db(percentile(powers, 0.95)?) + weight;
    let over_vowels_lu = loud - math::power_to_db(vowel);
    Some(Sibilance { per_second: starts as f64 / active_seconds, over_vowels_lu, centroid_hz })
}

fn sides(raw: &Raw, film: &Film) -> Stereo {
    let [left, right, cross] = raw.sums;
    let (mid, side) = (left + right + 2.0 * cross, left + right - 2.0 * cross);
    let mut stereo = Stereo {
        side_to_mid_db: math::power_to_db(side.max(0.0) / mid.max(f64::MIN_POSITIVE)),
        right_over_left_db: math::power_to_db(right / left.max(f64::MIN_POSITIVE)),
        correlation: if left * right > 0.0 { (cross / (left * right).sqrt()).clamp(-1.0, 1.0) } else { 0.0 },
        left: [0.0; BANDS],
        right: [0.0; BANDS],
        band_correlation: [0.0; BANDS],
    };
    let frames: Vec<usize> = (0..film.frames()).filter(|frame| film.sounds(*frame)).collect();
    let count = frames.len().max(1) as f64;
    for band in 0..BANDS {
        let sum = |plane: &[f32]| {
            frames.iter().filter_map(|n| plane.get(n * BANDS + band)).map(|p| f64::from(*p)).sum::<f64>()
        };
        let (all, left, cross) = (sum(&raw.bands) / count, sum(&raw.left) / count, sum(&raw.cross) / count);
        let right = (all - left).max(0.0);
        (stereo.left[band], stereo.right[band]) = (left, right);
        if left * right > 0.0 {
            stereo.band_correlation[band] = (cross / (left * right).sqrt()).clamp(-1.0, 1.0);
        }
    }
    stereo
}

/// Seconds of a place in the course of onsets.
#[must_use]
pub(crate) fn onset_seconds(place: usize) -> f64 {
    // Windows stand in the middle of their step.
    (place as f64 + 0.5) / ONSETS_PER_SECOND
}
