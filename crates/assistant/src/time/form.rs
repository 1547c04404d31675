//! Parts of the form: where many things change at once.

use super::Section;
use dsp::math;

/// What is compared of each bar: a vector of unit length in harmony and one of levels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bar {
    pub(super) start_seconds: f64,
    pub(super) end_seconds: f64,
    /// Chroma, square roots, of unit length or zero.
    pub(super) chroma: [f64; 12],
    /// For each track and part of the spectrum how loud it is against itself: 1 at its mean while active, 0 from 24 dB under it on.
    pub(super) levels: Vec<f64>,
    /// Power of everything, each track at the same active loudness.
    pub(super) power: f64,
}

/// Bars on either side of a boundary that are compared.
const AROUND: usize = 4;
/// Least length of a section, bars.
const LEAST_BARS: usize = 2;
/// Least novelty of a boundary, and the share of the strongest one. By estimate, 2026-11-21.
const LEAST: f64 = 0.2;
const SHARE: f64 = 0.15;
/// What harmony weighs against levels: chords change within sections, players do so between them.
const HARMONY: f64 = 0.25;
/// Deviation that counts as one at least: 2 dB on the scale of levels.
const LEAST_DEVIATION: f64 = 0.08;

/// Likeness of two bars, 0 to 1.
fn likeness(a: &Bar, b: &Bar) -> f64 {
    let harmony: f64 = a.chroma.iter().zip(&b.chroma).map(|(a, b)| a * b).sum();
    let away: f64 = a.levels.iter().zip(&b.levels).map(|(a, b)| (a - b) * (a - b)).sum();
    // Against what plays at all: a silent track changes nothing, nor does a large band.
    let all: f64 = a.levels.iter().zip(&b.levels).map(|(a, b)| a.max(*b)).sum();
    let levels = if all > 0.0 { 1.0 - (away / all).min(1.0) } else { 1.0 };
    HARMONY * harmony + (1.0 - HARMONY) * levels
}

/// What is compared of each bar, each value against its mean and deviation over the song: what changes much within sections counts
/// little between them. Levels and harmony apart.
fn standard(bars: &[Bar]) -> Vec<[Vec<f64>; 2]> {
    let levels: Vec<Vec<f64>> = bars.iter().map(|bar| bar.levels.clone()).collect();
    let harmony: Vec<Vec<f64>> = bars.iter().map(|bar| bar.chroma.to_vec()).collect();
    let (levels, harmony) = (columns(&levels), columns(&harmony));
    levels.into_iter().zip(harmony).map(|(levels, harmony)| [levels, harmony]).collect()
}

fn columns(raw: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = raw.len().max(1) as f64;
    let width = raw.first().map_or(0, Vec::len);
    let mut out = vec![Vec::with_capacity(width); raw.len()];
    for n in 0..width {
        let mean = raw.iter().map(|row| row[n]).sum::<f64>() / count;
        let deviation = (raw.iter().map(|row| (row[n] - mean) * (row[n] - mean)).sum::<f64>() / count).sqrt();
        // What does not change (a silent track) is left out; what changes by less than 2 dB is no event.
        if deviation > 1e-6 {
            let scale = deviation.max(LEAST_DEVIATION);
            out.iter_mut().zip(raw).for_each(|(out, row)| out.push((row[n] - mean) / scale));
        }
    }
    out
}

/// Half the mean square distance of two bars: 1 for bars that have nothing to do with each other.
fn distance(a: &[Vec<f64>; 2], b: &[Vec<f64>; 2]) -> f64 {
    let part = |a: &[f64], b: &[f64]| {
        let sum: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
        0.5 * sum / a.len().max(1) as f64
    };
    (1.0 - HARMONY) * part(&a[0], &b[0]) + HARMONY * part(&a[1], &b[1])
}

/// Novelty at the start of every bar: the checkerboard of Foote, "Automatic audio segmentation using a measure of audio novelty",
/// ICME 2000, with a Gaussian taper.
fn novelty(bars: &[Bar]) -> Vec<f64> {
    let rows = standard(bars);
    let weight = |distance: usize| {
        let x = (distance as f64 + 0.5) / AROUND as f64;
        math::exp(-x * x)
    };
    (0..bars.len())
        .map(|at| {
            let room = at.min(bars.len() - at).min(AROUND);
            if room < 2 {
                return 0.0;
            }
            let (mut within, mut across, mut own, mut all) = (0.0, 0.0, 0.0, 0.0);
            for i in 0..room {
                for j in 0..room {
                    let w = weight(i) * weight(j);
                    across += w * distance(&rows[at - 1 - i], &rows[at + j]);
                    all += w;
                    // A bar is like itself: that says nothing.
                    if i != j {
                        let before = distance(&rows[at - 1 - i], &rows[at - 1 - j]);
                        within += 0.5 * w * (before + distance(&rows[at + i], &rows[at + j]));
                        own += w;
                    }
                }
            }
            // Short contexts say less.
            (across / all - within / own).max(0.0) * (room as f64 / AROUND as f64)
        })
        .collect()
}

/// Sections of bars, in order; one of them when nothing changes, none without bars.
pub(super) fn sections(bars: &[Bar]) -> Vec<Section> {
    let Some(last) = bars.last() else { return Vec::new() };
    let novelty = novelty(bars);
    let strongest = novelty.iter().copied().fold(0.0, f64::max);
    let mut peaks: Vec<usize> = (1..bars.len())
        .filter(|&at| {
            let around = &novelty[at.saturating_sub(1)..(at + 2).min(novelty.len())];
            novelty[at] >= LEAST.max(SHARE * strongest) && around.iter().all(|other| *other <= novelty[at])
        })
        .collect();
    peaks.sort_by(|a, b| novelty[*b].total_cmp(&novelty[*a]).then(a.cmp(b)));
    let mut borders: Vec<usize> = vec![0, bars.len()];
    for at in peaks {
        // A short beginning or end is a section all the same: a pick-up, a last chord.
        let room = |border: usize| if border == 0 || border == bars.len() { 2 } else { LEAST_BARS };
        if borders.iter().all(|border| border.abs_diff(at) >= room(*border)) {
            borders.push(at);
        }
    }
    borders.sort_unstable();
    let parts: Vec<&[Bar]> = borders.windows(2).map(|pair| &bars[pair[0]..pair[1]]).collect();
    let labels = labels(&parts);
    let mean = |part: &[Bar]| part.iter().map(|bar| bar.power).sum::<f64>() / part.len().max(1) as f64;
    let whole = mean(bars).max(f64::MIN_POSITIVE);
    let mut out: Vec<Section> = parts
        .iter()
        .zip(&borders)
        .zip(labels)
        .map(|((part, border), label)| Section {
            start_seconds: part.first().map_or(0.0, |bar| bar.start_seconds),
            end_seconds: part.last().map_or(0.0, |bar| bar.end_seconds),
            label,
            loudness_lu: math::power_to_db((mean(part) / whole).max(1e-7)),
            confidence: if *border == 0 { 1.0 } else { (novelty[*border] / 0.5).clamp(0.0, 1.0) },
        })
        .collect();
    if let Some(section) = out.first_mut() {
        // What is before the first bar belongs to the first section.
        section.start_seconds = 0.0;
    }
    if let Some(section) = out.last_mut() {
        section.end_seconds = last.end_seconds;
    }
    out
}

/// Letters: sections that are alike share one.
fn labels(parts: &[&[Bar]]) -> Vec<char> {
    let means: Vec<Bar> = parts.iter().map(|part| mean(part)).collect();
    let mut kinds: Vec<usize> = Vec::new();
    let mut labels = Vec::new();
    for (index, own) in means.iter().enumerate() {
        // By estimate, 2026-11-21: a verse and the next are alike by 0.9, a verse and a chorus by 0.7.
        let like = kinds.iter().position(|first| likeness(&means[*first], own) > 0.85);
        let kind = like.unwrap_or_else(|| {
            kinds.push(index);
            kinds.len() - 1
        });
        labels.push(char::from(b'A' + (kind % 26) as u8));
    }
    labels
}

fn mean(part: &[Bar]) -> Bar {
    let count = part.len().max(1) as f64;
    let mut mean = Bar {
        start_seconds: 0.0,
        end_seconds: 0.0,
        chroma: [0.0; 12],
        levels: vec![0.0; part.first().map_or(0, |bar| bar.levels.len())],
        power: 0.0,
    };
    for bar in part {
        mean.chroma.iter_mut().zip(bar.chroma).for_each(|(sum, x)| *sum += x / count);
        mean.levels.iter_mut().zip(&bar.levels).for_each(|(sum, x)| *sum += x / count);
    }
    let norm = mean.chroma.iter().map(|x| x * x).sum::<f64>().sqrt();
    if norm > 0.0 {
        mean.chroma.iter_mut().for_each(|x| *x /= norm);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(number: usize, chord: usize, levels: &[f64]) -> Bar {
        let mut chroma = [0.0; 12];
        for step in [0, 4, 7] {
            chroma[(chord + step) % 12] = 0.577;
        }
        let (start_seconds, end_seconds) = (2.0 * number as f64, 2.0 * (number + 1) as f64);
        Bar { start_seconds, end_seconds, chroma, levels: levels.to_vec(), power: levels.iter().sum() }
    }

    fn song(form: &[(usize, [f64; 4])]) -> Vec<Bar> {
        let chords = [0, 5, 7, 9];
        let mut bars = Vec::new();
        for (count, levels) in form {
            for _ in 0..*count {
                bars.push(bar(bars.len(), chords[bars.len() % 4], levels));
            }
        }
        bars
    }

    #[test]
    fn boundaries_are_where_players_come_and_go_and_alike_sections_share_a_letter() {
        let (verse, chorus) = ([1.0, 1.0, 0.0, 0.8], [1.0, 1.0, 1.0, 1.0]);
        let intro = [1.0, 0.0, 0.0, 0.0];
        let found = sections(&song(&[(4, intro), (8, verse), (8, chorus), (8, verse), (8, chorus)]));
        let starts: Vec<f64> = found.iter().map(|section| section.start_seconds).collect();
        assert_eq!(starts, [0.0, 8.0, 24.0, 40.0, 56.0]);
        let labels: String = found.iter().map(|section| section.label).collect();
        assert_eq!(labels, "ABCBC");
        assert!(found[2].loudness_lu > found[1].loudness_lu && found[0].loudness_lu < found[1].loudness_lu);
    }

    #[test]
    fn chords_that_go_round_are_no_boundaries_nor_is_a_silent_track() {
        let found = sections(&song(&[(32, [1.0, 1.0, 1.0, 1.0])]));
        assert_eq!(found.len(), 1);
        let with = sections(&song(&[(8, [1.0, 0.0, 0.0, 1.0]), (8, [1.0, 1.0, 0.0, 1.0])]));
        let without: Vec<Bar> = song(&[(8, [1.0, 0.0, 0.0, 1.0]), (8, [1.0, 1.0, 0.0, 1.0])])
            .into_iter()
            .map(|bar| Bar { levels: vec![bar.levels[0], bar.levels[1], bar.levels[3]], ..bar })
            .collect();
        assert_eq!(sections(&without), with);
        assert_eq!(with.len(), 2);
    }
}
