//! The long-term spectrum and the narrow peaks that stay in it (C7).

use super::facts::{Hum, Resonance};
use super::frames::{Bands, Powers};
use dsp::math;

/// Bands an octave for the search, from the lowest to the highest corner.
const PER_OCTAVE: f64 = 24.0;
const LOWEST_HZ: f64 = 80.0;
const HIGHEST_HZ: f64 = 12_000.0;
/// Over the envelope around it (C7), and in so many of the frames.
pub(crate) const OVER_DB: f64 = 6.0;
const SHARE: f64 = 0.4;
/// Least Q (C7).
const LEAST_Q: f64 = 4.0;
/// Stands this much farther over its surroundings than its valleys do: a line, not a resonance, dB. By estimate, 2026-11-21.
const LINE_DB: f64 = 6.0;
/// A peak narrower than this is a tone. By our own convention: rooms and bodies have 5 to 30.
const HIGHEST_Q: f64 = 45.0;
/// A body that rings lifts the valleys between notes as well: by so much, and so narrowly, against its surroundings. By estimate on
/// the corpus and one real kit, 2026-11-21, see docs/decisions/050.
const BODY_DB: f64 = 7.0;
const BODY_Q: f64 = 6.0;
/// A steady tone is so many bins wide: the main lobe of its window (Hann; Harris, Proc. IEEE 66, 1978, table 1).
const LINE_BINS: f64 = 4.0;
/// Most that are told.
const MOST: usize = 8;
/// Levels are sorted by loudness in steps of so many dB, from the lowest.
const STEP_DB: f64 = 6.0;
const LOWEST_DBFS: f64 = -96.0;
const STEPS: usize = 18;
/// Sound begins 20 dB under the loud moments (C0); a hum may be as loud as they are.
const LOUD_HUM_DB: f64 = 20.0;
/// Bands on either side of one that belong to it (a sixth of an octave in all), and those that are its surroundings (out to a half).
const NEAR: usize = 2;
const AROUND: usize = 12;

/// Sums of frames of one loudness.
#[derive(Debug, Clone, Default)]
struct Level {
    frames: u64,
    power: Vec<f64>,
    out: Vec<u32>,
}

/// What was heard, sorted by loudness, so that what is a pause can be left out later.
#[derive(Debug)]
pub(super) struct Heard {
    levels: Vec<Level>,
    pub(super) bin_hz: f64,
}

#[derive(Debug)]
pub(super) struct ResonanceEar {
    powers: Powers,
    grid: Bands,
    bands: Vec<f64>,
    over: Vec<f64>,
    levels: Vec<Level>,
    bin_hz: f64,
}

fn edge_hz(number: usize) -> f64 {
    LOWEST_HZ * math::exp2((number as f64 - 0.5) / PER_OCTAVE)
}

fn count() -> usize {
    (math::log2(HIGHEST_HZ / LOWEST_HZ) * PER_OCTAVE).round() as usize + 1
}

impl ResonanceEar {
    pub(super) fn new(size: usize, rate_hz: f64) -> Self {
        let bin_hz = rate_hz / size as f64;
        let edges: Vec<f64> = (0..=count()).map(edge_hz).collect();
        let powers = Powers::new(size);
        Self {
            grid: Bands::new(&edges, bin_hz, powers.sum.len()),
            powers,
            bands: vec![0.0; count()],
            over: vec![0.0; count()],
            levels: vec![Level::default(); STEPS],
            bin_hz,
        }
    }

    pub(super) fn take(&mut self, window: &[&[f64]]) {
        self.powers.take(window);
        let total: f64 = self.powers.sum.iter().sum();
        if total <= 0.0 {
            return;
        }
        let step = (math::power_to_db(total) - LOWEST_DBFS) / STEP_DB;
        // Below the lowest step nothing is sound.
        if step < 0.0 {
            return;
        }
        let level = &mut self.levels[(step as usize).min(STEPS - 1)];
        level.frames += 1;
        level.power.resize(self.powers.sum.len(), 0.0);
        level.out.resize(self.bands.len(), 0);
        level.power.iter_mut().zip(&self.powers.sum).for_each(|(sum, power)| *sum += power);
        let bands = &mut self.bands;
        self.grid.sum(&self.powers.sum, |band, power| bands[band] = 10.0 * fast_log10(power));
        over(&self.bands, &mut self.over);
        for (out, over) in level.out.iter_mut().zip(&self.over) {
            *out += u32::from(*over >= OVER_DB);
        }
    }

    pub(super) fn finish(self) -> Heard {
        Heard { levels: self.levels, bin_hz: self.bin_hz }
    }
}

fn fast_log10(x: f64) -> f64 {
    math::fast_log2(x.max(1e-30)) * (math::LN_2 / math::LN_10)
}

/// From here on a note is told from a body that rings: valleys are read from spans twice as wide as the line of a steady tone. Below,
/// there is no valley beside a line, and whatever is held looks as if it rang.
fn lowest_told_hz(bin_hz: f64) -> f64 {
    let octaves = (2 * NEAR + 1) as f64 / PER_OCTAVE;
    2.0 * LINE_BINS * bin_hz / (math::exp2(0.5 * octaves) - math::exp2(-0.5 * octaves))
}

/// How far each level stands over the mean of its surroundings.
fn over(levels: &[f64], over: &mut [f64]) {
    let mut sums = Vec::with_capacity(levels.len() + 1);
    sums.push(0.0);
    for level in levels {
        sums.push(sums.last().copied().unwrap_or(0.0) + level);
    }
    let sum = |from: usize, to: usize| (sums[to] - sums[from], to - from);
    for (band, over) in over.iter_mut().enumerate() {
        let below = sum(band.saturating_sub(AROUND), band.saturating_sub(NEAR));
        let above = sum((band + NEAR + 1).min(levels.len()), (band + AROUND + 1).min(levels.len()));
        let count = (below.1 + above.1).max(1) as f64;
        *over = levels[band] - (below.0 + above.0) / count;
    }
}

impl Heard {
    /// Levels that are sound: from `open_dbfs` on.
    fn sounding(&self, open_dbfs: f64) -> impl Iterator<Item = &Level> {
        let first = ((open_dbfs - LOWEST_DBFS) / STEP_DB).floor().clamp(0.0, STEPS as f64) as usize;
        self.levels.iter().skip(first)
    }

    /// Mean square of each bin over frames of at least this level.
    pub(super) fn spectrum(&self, open_dbfs: f64) -> Vec<f64> {
        let mut sum: Vec<f64> = Vec::new();
        let mut frames = 0;
        for level in self.sounding(open_dbfs).filter(|level| level.frames > 0) {
            sum.resize(level.power.len(), 0.0);
            sum.iter_mut().zip(&level.power).for_each(|(sum, power)| *sum += power);
            frames += level.frames;
        }
        let scale = 1.0 / frames.max(1) as f64;
        sum.iter_mut().for_each(|power| *power *= scale);
        sum
    }

    /// Mains hum in frames that are no sound; `None` without a second of them. What dies away covers a hum, so the softest second is
    /// asked first, and louder frames join until one is found. A hum that is so loud that nothing is ever softer counts as sound: it is
    /// looked for in the softest second nevertheless, up to [`LOUD_HUM_DB`] over what is sound.
    pub(super) fn hum(&self, open_dbfs: f64) -> Option<Hum> {
        let below = |dbfs: f64| ((dbfs - LOWEST_DBFS) / STEP_DB).floor().clamp(0.0, STEPS as f64) as usize;
        let (end, last) = (below(open_dbfs), below(open_dbfs + LOUD_HUM_DB));
        let mut sum: Vec<f64> = Vec::new();
        let mut frames = 0;
        for (step, level) in self.levels.iter().enumerate().take(last).filter(|(_, level)| level.frames > 0) {
            if step >= end && frames >= 12 {
                break;
            }
            sum.resize(level.power.len(), 0.0);
            sum.iter_mut().zip(&level.power).for_each(|(sum, power)| *sum += power);
            frames += level.frames;
            // Windows overlap by half and last 171 ms.
            if frames < 12 {
                continue;
            }
            let quiet: Vec<f64> = sum.iter().map(|power| power / frames as f64).collect();
            let found = [50.0, 60.0].into_iter().find_map(|mains_hz| mains(&quiet, self.bin_hz, mains_hz));
            if found.is_some() {
                return found;
            }
        }
        None
    }

    /// Peaks that stay. `pitches_hz`: quartiles of the pitch, if there is one that moves.
    pub(super) fn resonances(
        &self,
        spectrum: &[f64],
        open_dbfs: f64,
        pitch: Option<(f64, f64)>,
    ) -> Vec<Resonance> {
        if spectrum.is_empty() {
            return Vec::new();
        }
        let mut out = vec![0_u64; count()];
        let mut frames = 0;
        for level in self.sounding(open_dbfs).filter(|level| level.frames > 0) {
            out.iter_mut().zip(&level.out).for_each(|(sum, out)| *sum += u64::from(*out));
            frames += level.frames;
        }
        let edges: Vec<f64> = (0..=count()).map(edge_hz).collect();
        let grid = Bands::new(&edges, self.bin_hz, spectrum.len());
        let (mut levels, mut above) = (vec![0.0; count()], vec![0.0; count()]);
        grid.sum(spectrum, |band, power| levels[band] = 10.0 * fast_log10(power));
        over(&levels, &mut above);
        let (valleys, mut deep) = (valleys(spectrum, self.bin_hz, &edges), vec![0.0; count()]);
        over(&valleys, &mut deep);
        let lowest = lowest_told_hz(self.bin_hz);
        let mut found: Vec<Resonance> = (1..levels.len() - 1)
            .filter(|&band| edges[band] >= lowest)
            .filter(|&band| levels[band] > levels[band - 1] && levels[band] >= levels[band + 1])
            .filter(|&band| above[band] >= OVER_DB)
            .filter_map(|band| {
                let near = band.saturating_sub(1)..=(band + 1).min(out.len() - 1);
                let share = near.map(|band| out[band]).max().unwrap_or(0) as f64 / frames.max(1) as f64;
                let (freq_hz, q) = summit(spectrum, self.bin_hz, edges[band], edges[band + 1]);
                let steady = pitch.filter(|(low, high)| *high < 1.12 * low);
                let line = above[band] - deep[band] > LINE_DB || q > HIGHEST_Q;
                let partial = line || steady.is_some_and(|range| belongs(freq_hz, range));
                let keep = share >= SHARE && q >= LEAST_Q;
                keep.then_some(Resonance { freq_hz, over_db: above[band], q, share, partial, body: false })
            })
            .collect();
        let share = |band: usize| out[band] as f64 / frames.max(1) as f64;
        let mut bodies = bodies(&valleys, &deep, &share, &edges);
        bodies.retain(|body| body.freq_hz >= lowest);
        // What is told as a body is not told again as a line of it.
        found.retain(|one| {
            bodies.iter().all(|body| math::log2(one.freq_hz / body.freq_hz).abs() > 1.0 / 12.0)
        });
        // Strings have dozens of lines; they leave room for what is surer to be a fault.
        found.sort_by(|a, b| b.over_db.total_cmp(&a.over_db));
        found.truncate(MOST);
        found.extend(bodies);
        found.sort_by(|a, b| b.body.cmp(&a.body).then(b.over_db.total_cmp(&a.over_db)));
        found
    }
}

/// Hum of one mains frequency: of the first eight partials three stand out by 10 dB, at their places to 1.2 Hz (the mains keep
/// theirs to 0.4 %: EN 50160, 4.2.1, narrow; a bass note does not fit), one of the first two among them.
fn mains(quiet: &[f64], bin_hz: f64, mains_hz: f64) -> Option<Hum> {
    let (mut power, mut found, mut low) = (0.0, 0, false);
    for partial in 1..=8_u32 {
        let hz = f64::from(partial) * mains_hz;
        let at = (hz / bin_hz).round() as usize;
        let Some(around) = quiet.get(at.saturating_sub(7)..at + 8) else { continue };
        let top = (at - 1..=at + 1).max_by(|a, b| quiet[*a].total_cmp(&quiet[*b])).unwrap_or(at);
        let mut floor: Vec<f64> =
            around.iter().enumerate().filter(|(n, _)| n.abs_diff(7) > 2).map(|(_, p)| *p).collect();
        floor.sort_by(f64::total_cmp);
        let [a, b, c] = [quiet[top - 1], quiet[top], quiet[top + 1]].map(fast_log10);
        let bend = a - 2.0 * b + c;
        let shift = if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
        let place = (top as f64 + shift) * bin_hz;
        if quiet[top] > 10.0 * floor[floor.len() / 2] && (place - hz).abs() < 1.2 {
            found += 1;
            low |= partial <= 2;
            power += quiet[top.saturating_sub(2)..top + 3].iter().sum::<f64>();
        }
    }
    (found >= 3 && low).then(|| Hum { mains_hz, level_dbfs: math::power_to_db(power) })
}

/// Level of the valleys around each band, a sixth of an octave wide: the harmonic mean of its bins, dB. Notes stand between
/// deep valleys; a resonance lifts them with everything else.
fn valleys(spectrum: &[f64], bin_hz: f64, edges: &[f64]) -> Vec<f64> {
    let bands = edges.len() - 1;
    (0..bands)
        .map(|band| {
            let (low, high) = (edges[band.saturating_sub(NEAR)], edges[(band + NEAR + 1).min(bands)]);
            let (from, to) = ((low / bin_hz).round() as usize, ((high / bin_hz).round() as usize).max(1) + 1);
            let bins = spectrum.get(from..to.min(spectrum.len())).unwrap_or(&[]);
            let inverse: f64 = bins.iter().map(|power| 1.0 / (power + 1e-20)).sum();
            -10.0 * fast_log10(inverse / bins.len().max(1) as f64)
        })
        .collect()
}

/// Bumps of the valleys.
fn bodies(valleys: &[f64], deep: &[f64], share: &dyn Fn(usize) -> f64, edges: &[f64]) -> Vec<Resonance> {
    let last = deep.len().saturating_sub(1);
    let highest = |band: &usize| {
        let around = &deep[band.saturating_sub(2 * NEAR)..=(band + 2 * NEAR).min(last)];
        deep[*band] >= BODY_DB && around.iter().all(|other| *other <= deep[*band])
    };
    (NEAR..deep.len().saturating_sub(NEAR))
        .filter(highest)
        .filter_map(|band| {
            // Its width at half power.
            let half = valleys[band] - 3.0;
            let low = (0..band).rev().find(|at| valleys[*at] <= half).unwrap_or(0);
            let high = (band..deep.len()).find(|at| valleys[*at] <= half).unwrap_or(last);
            let octaves = (high - low) as f64 / PER_OCTAVE;
            let q = 1.0 / (math::exp2(0.5 * octaves) - math::exp2(-0.5 * octaves));
            let share = (band - NEAR..=band + NEAR).map(share).fold(0.0, f64::max);
            let freq_hz = (edges[band] * edges[band + 1]).sqrt();
            (q >= BODY_Q && share >= SHARE).then_some(Resonance {
                freq_hz,
                over_db: deep[band],
                q,
                share,
                partial: false,
                body: true,
            })
        })
        .collect()
}

/// Whether a frequency is a low partial of the pitches between these two: the first eight.
fn belongs(freq_hz: f64, (low_hz, high_hz): (f64, f64)) -> bool {
    // A quarter-tone on either side.
    let wide = math::exp2(1.0 / 24.0);
    (1..=8).any(|n| freq_hz * wide >= f64::from(n) * low_hz && freq_hz <= f64::from(n) * high_hz * wide)
}

/// Frequency of the highest bin between two, between the bins, and its Q by the width at half power.
fn summit(spectrum: &[f64], bin_hz: f64, low_hz: f64, high_hz: f64) -> (f64, f64) {
    let last = spectrum.len().saturating_sub(2).max(1);
    let (from, to) = (
        ((low_hz / bin_hz).floor() as usize).clamp(1, last),
        ((high_hz / bin_hz).ceil() as usize).clamp(1, last),
    );
    let top = (from..=to).max_by(|a, b| spectrum[*a].total_cmp(&spectrum[*b])).unwrap_or(from);
    let [a, b, c] = [spectrum[top - 1], spectrum[top], spectrum[top + 1]].map(fast_log10);
    let bend = a - 2.0 * b + c;
    let shift = if bend < 0.0 { (0.5 * (a - c) / bend).clamp(-0.5, 0.5) } else { 0.0 };
    let half = 0.5 * spectrum[top];
    let left = (0..top).rev().find(|k| spectrum[*k] < half).unwrap_or(0);
    let right = (top..spectrum.len()).find(|k| spectrum[*k] < half).unwrap_or(spectrum.len());
    let width = (right - left).saturating_sub(1).max(1) as f64;
    ((top as f64 + shift) * bin_hz, top as f64 / width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::biquad::Biquad;
    use dsp::eq_design::{Curve, design};
    use testkit::signals::noise;

    fn found(signal: &[f64]) -> Vec<Resonance> {
        let mut ear = ResonanceEar::new(8192, 48_000.0);
        signal.windows(8192).step_by(4096).for_each(|window| ear.take(&[window]));
        let heard = ear.finish();
        let spectrum = heard.spectrum(-60.0);
        heard.resonances(&spectrum, -60.0, None)
    }

    #[test]
    fn a_planted_resonance_is_found_with_its_height_and_clean_noise_has_none() {
        let clean = noise(0.3, 7, 480_000);
        assert_eq!(found(&clean), []);
        for (hz, gain_db, q) in [(400.0, 12.0, 10.0), (2_500.0, 10.0, 8.0)] {
            let mut planted = clean.clone();
            Biquad::new(design(Curve::Bell, hz, gain_db, q, 48_000.0).coefficients()).process(&mut planted);
            let all = found(&planted);
            assert_eq!(all.len(), 1, "{hz}: {all:?}");
            assert!((all[0].freq_hz / hz - 1.0).abs() < 0.05, "{all:?}");
            assert!(
                (all[0].over_db - gain_db).abs() < 4.0 && all[0].share > 0.4 && !all[0].partial,
                "{all:?}"
            );
        }
    }

    #[test]
    fn a_held_low_note_is_no_resonance() {
        // A cello that stays on one string for half of the song: a line of 20 dB, and no window of 171 ms shows a valley beside it.
        for hz in [110.0, 138.6, 185.0, 246.9, 293.7] {
            let mut signal = noise(0.03, 7, 480_000);
            let line = testkit::signals::sine(hz, 0.1, 0.0, 10.0, 48_000.0);
            signal.iter_mut().zip(line).take(320_000).for_each(|(y, x)| *y += x);
            assert_eq!(found(&signal), [], "{hz}");
        }
        assert!((300.0..350.0).contains(&lowest_told_hz(48_000.0 / 8192.0)));
    }

    #[test]
    fn a_peak_now_and_then_is_no_resonance() {
        let mut signal = noise(0.3, 9, 480_000);
        let mut rings = signal[..120_000].to_vec();
        Biquad::new(design(Curve::Bell, 700.0, 14.0, 8.0, 48_000.0).coefficients()).process(&mut rings);
        signal[..120_000].copy_from_slice(&rings);
        assert_eq!(found(&signal), []);
    }

    #[test]
    fn hum_in_the_pauses_is_found_and_told_from_a_bass_note() {
        let tone = |hz: f64, level: f64| -> Vec<f64> {
            let mut sum = vec![0.0; 240_000];
            for partial in 1..=5 {
                let wave = testkit::signals::sine(
                    hz * f64::from(partial),
                    level / f64::from(partial),
                    0.3,
                    5.0,
                    48_000.0,
                );
                sum.iter_mut().zip(wave).for_each(|(y, x)| *y += x);
            }
            sum
        };
        let hear = |quiet: Vec<f64>| {
            let loud = noise(0.5, 3, 96_000);
            let all: Vec<f64> =
                quiet.iter().zip(noise(1e-4, 4, 240_000)).map(|(a, b)| a + b).chain(loud).collect();
            let mut ear = ResonanceEar::new(8192, 48_000.0);
            all.windows(8192).step_by(4096).for_each(|window| ear.take(&[window]));
            ear.finish().hum(-30.0)
        };
        for hz in [50.0, 60.0] {
            let hum = hear(tone(hz, 0.003)).unwrap();
            assert_eq!(hum.mains_hz, hz);
            assert!((hum.level_dbfs + 53.0).abs() < 2.0, "{hum:?}");
        }
        // B, G and A of a bass.
        for hz in [61.74, 49.0, 55.0] {
            assert_eq!(hear(tone(hz, 0.003)), None, "{hz}");
        }
        assert_eq!(hear(vec![0.0; 240_000]), None);
        // Drums die away over it: five quiet seconds, the last two of which are bare.
        let dying: Vec<f64> = noise(0.05, 8, 240_000)
            .iter()
            .zip(tone(60.0, 0.003))
            .enumerate()
            .map(|(n, (x, hum))| hum + if n < 144_000 { *x } else { 0.0 })
            .collect();
        assert_eq!(hear(dying).map(|hum| hum.mains_hz), Some(60.0));
        // So loud that it never is a pause: the sound, -11 dBFS here, opens at -31.
        assert_eq!(hear(tone(50.0, 0.07)).map(|hum| hum.mains_hz), Some(50.0));
    }

    #[test]
    fn partials_of_the_pitch_are_told() {
        assert!(belongs(440.0, (215.0, 225.0)) && belongs(220.0, (220.0, 220.0)));
        assert!(!belongs(330.0, (218.0, 222.0)) && !belongs(3000.0, (218.0, 222.0)));
    }
}
