//! Powers in bands of the ear over time, and who covers whom.

use dsp::block::View;
use dsp::fft::RealFft;
use dsp::math;
use std::collections::BTreeMap;
use studio::mix::Group;

/// Bands: 40 steps of equal width on the ERB-rate scale from 50 Hz to 16 kHz (Glasberg and Moore, Hearing Research 47, 1990).
pub const BANDS: usize = 40;
/// Points of the transform.
const POINTS: usize = 4096;

/// ERB-rate of a frequency.
fn erb_rate(hz: f64) -> f64 {
    21.4 * math::log10(1.0 + 0.00437 * hz)
}

/// Lower edges of the bands and the end of the last.
#[must_use]
pub fn edges_hz() -> Vec<f64> {
    let (low, high) = (erb_rate(50.0), erb_rate(16_000.0));
    (0..=BANDS)
        .map(|band| {
            let rate = low + (high - low) * band as f64 / BANDS as f64;
            (math::exp(rate / 21.4 * math::LN_10) - 1.0) / 0.00437
        })
        .collect()
}

/// Mean powers: ten rows a second.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Film {
    /// A row for each 100 ms.
    pub rows: Vec<[f32; BANDS]>,
}

/// Makes a film.
#[derive(Debug)]
pub struct Filming {
    hop: usize,
    wait: Vec<f64>,
    plan: RealFft,
    window: Vec<f64>,
    band_of: Vec<Option<usize>>,
    film: Film,
    planes: [Vec<f64>; 2],
}

impl Filming {
    /// For a sample rate.
    #[must_use]
    pub fn new(sample_rate_hz: f64) -> Self {
        let edges = edges_hz();
        let band_of = (0..=POINTS / 2)
            .map(|bin| {
                let hz = bin as f64 * sample_rate_hz / POINTS as f64;
                (0..BANDS).find(|band| hz >= edges[*band] && hz < edges[band + 1])
            })
            .collect();
        let hann = |n: usize| 0.5 - 0.5 * math::cos(math::TAU * n as f64 / POINTS as f64);
        Self {
            hop: (sample_rate_hz / 10.0).round() as usize,
            wait: Vec::new(),
            plan: RealFft::new(POINTS),
            window: (0..POINTS).map(hann).collect(),
            band_of,
            film: Film::default(),
            planes: [Vec::new(), Vec::new()],
        }
    }

    /// Hears a block: the powers of both channels are added.
    pub fn process(&mut self, view: View<'_>) {
        for (side, plane) in self.planes.iter_mut().enumerate() {
            plane.extend_from_slice(view.channel(side.min(view.channels() - 1)));
        }
        let (mut start, hop) = (0, self.hop.max(POINTS));
        while self.planes[0].len() >= start + hop {
            let mut row = [0.0; BANDS];
            for side in 0..2 {
                self.add(side, start, &mut row);
            }
            self.film.rows.push(row);
            start += self.hop;
        }
        self.planes.iter_mut().for_each(|plane| drop(plane.drain(..start)));
    }

    fn add(&mut self, side: usize, start: usize, row: &mut [f32; BANDS]) {
        self.wait.clear();
        let part = &self.planes[side][start..start + POINTS];
        self.wait.extend(part.iter().zip(&self.window).map(|(x, w)| x * w));
        let (mut re, mut im) = (vec![0.0; POINTS / 2 + 1], vec![0.0; POINTS / 2 + 1]);
        self.plan.forward(&self.wait, &mut re, &mut im);
        // Mean square of a signal from its windowed transform: 2 / (N · Σw²), and Σw² is 3/8 of N for Hann.
        let scale = 2.0 / (POINTS as f64 * 0.375 * POINTS as f64);
        for (bin, band) in self.band_of.iter().enumerate() {
            if let Some(band) = band {
                row[*band] += (scale * (re[bin] * re[bin] + im[bin] * im[bin])) as f32;
            }
        }
    }

    /// The film.
    #[must_use]
    pub fn finish(self) -> Film {
        self.film
    }
}

/// How much a group matters (the mixing rules, C9).
fn priority(group: Group) -> f64 {
    match group {
        Group::Vocals => 1.0,
        Group::Drums | Group::Bass => 0.7,
        Group::Backing => 0.5,
        Group::Guitars | Group::Keys | Group::Winds => 0.35,
        Group::Synths | Group::Strings | Group::Percussion | Group::Other => 0.2,
        Group::Effects | Group::Reference => 0.1,
    }
}

/// Weighted mean audibility, and that of each group: where a group sounds, in its strongest bands (a quarter of all), its level
/// against everything else, from 12 dB below (0) to 12 dB above (1) (the mixing rules, C9).
#[must_use]
pub fn masking(films: &BTreeMap<Group, &Film>) -> (f64, BTreeMap<Group, f64>) {
    let count = films.values().map(|film| film.rows.len()).max().unwrap_or(0);
    let mut total = vec![[0.0_f32; BANDS]; count];
    for film in films.values() {
        for (sum, row) in total.iter_mut().zip(&film.rows) {
            sum.iter_mut().zip(row).for_each(|(sum, power)| *sum += power);
        }
    }
    let of: BTreeMap<Group, f64> =
        films.iter().filter_map(|(group, film)| Some((*group, audibility(film, &total)?))).collect();
    let weights: f64 = of.keys().map(|group| priority(*group)).sum();
    let mean = of.iter().map(|(group, a)| priority(*group) * a).sum::<f64>() / weights.max(1e-9);
    (mean, of)
}

fn audibility(film: &Film, total: &[[f32; BANDS]]) -> Option<f64> {
    let level = |row: &[f32; BANDS]| f64::from(row.iter().sum::<f32>());
    let mut levels: Vec<f64> = film.rows.iter().map(level).filter(|level| *level > 1e-10).collect();
    levels.sort_by(f64::total_cmp);
    // Sounds: within 20 dB of its loud moments, as the activity of C0.
    let open = 0.01 * levels.get(levels.len().saturating_sub(1) * 95 / 100)?;
    let (mut own, mut rest) = ([0.0; BANDS], [0.0; BANDS]);
    for (row, all) in film.rows.iter().zip(total).filter(|(row, _)| level(row) > open) {
        for band in 0..BANDS {
            own[band] += f64::from(row[band]);
            rest[band] += f64::from(all[band] - row[band]).max(0.0);
        }
    }
    let mut order: Vec<usize> = (0..BANDS).collect();
    order.sort_by(|a, b| own[*b].total_cmp(&own[*a]));
    let essential = &order[..BANDS / 4];
    let part = |band: &usize| {
        let gap = math::power_to_db(own[*band].max(1e-20)) - math::power_to_db(rest[*band].max(1e-20));
        (gap + 12.0).clamp(0.0, 24.0) / 24.0
    };
    Some(essential.iter().map(part).sum::<f64>() / essential.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;

    fn film(hz: f64, level: f64) -> Film {
        let plane: Vec<f64> =
            (0..96_000).map(|n| level * math::sin(math::TAU * hz * f64::from(n) / 48_000.0)).collect();
        let mut filming = Filming::new(48_000.0);
        filming.process(Buffer::from_planes(&[plane.clone(), plane]).view());
        filming.finish()
    }

    #[test]
    fn a_sine_has_its_power_in_its_band() {
        let film = film(1_000.0, 0.5);
        let edges = edges_hz();
        let band = (0..BANDS).find(|band| edges[*band] <= 1_000.0 && edges[band + 1] > 1_000.0).unwrap();
        // A quarter over two, on two channels.
        assert!((f64::from(film.rows[5][band]) - 0.25).abs() < 0.01, "{}", film.rows[5][band]);
        assert!((19..=20).contains(&film.rows.len()));
    }

    #[test]
    fn who_is_covered_is_not_heard_and_who_stands_alone_is() {
        let (lead, same, other) = (film(1_000.0, 0.1), film(1_000.0, 0.4), film(5_000.0, 0.4));
        let hears = |with: &Film| {
            let films = BTreeMap::from([(Group::Vocals, &lead), (Group::Guitars, with)]);
            masking(&films).1[&Group::Vocals]
        };
        // 12 dB under a masker in its own band; the empty essential bands count as half.
        assert!(hears(&same) + 0.15 < hears(&other), "{} {}", hears(&same), hears(&other));
    }
}
