//! The spectrogram.

use super::{Layer, Plot, Rows, clock};
use crate::heard::{GRAM_HZ, GRAM_ROWS, Gram, Heard};
use crate::png::{base64, png};
use dsp::math;
use studio::report::chart::Axis;

/// Range of levels that is shown, dB under the loudest. By eye.
const RANGE_DB: f64 = 72.0;
/// Colours from silence to the loudest, lightness rising evenly so that grey print and colour-blind eyes see the same picture. By eye.
const ANCHORS: [[f64; 3]; 6] = [
    [10.0, 12.0, 18.0],
    [38.0, 34.0, 78.0],
    [104.0, 46.0, 108.0],
    [186.0, 72.0, 72.0],
    [236.0, 142.0, 60.0],
    [255.0, 240.0, 200.0],
];

/// 128 colours between the anchors.
fn palette() -> Vec<[u8; 3]> {
    let colour = |n: usize| {
        let place = n as f64 / 127.0 * (ANCHORS.len() - 1) as f64;
        let from = (place as usize).min(ANCHORS.len() - 2);
        let part = place - from as f64;
        std::array::from_fn(|c| (ANCHORS[from][c] * (1.0 - part) + ANCHORS[from + 1][c] * part).round() as u8)
    };
    (0..128).map(colour).collect()
}

/// The picture: the highest frequency at the top.
#[must_use]
pub fn image(gram: &Gram) -> Vec<u8> {
    let width = gram.columns.len();
    let loudest = gram.columns.iter().flatten().copied().fold(0.0_f32, f32::max);
    let index = |power: f32| {
        if loudest <= 0.0 || power <= 0.0 {
            return 0;
        }
        let level = 1.0 + math::power_to_db(f64::from(power) / f64::from(loudest)) / RANGE_DB;
        (127.0 * level.clamp(0.0, 1.0)).round() as u8
    };
    let rows = (0..GRAM_ROWS).rev();
    let points: Vec<u8> = rows
        .flat_map(|row| gram.columns.iter().map(move |column| column.get(row).copied().unwrap_or(0.0)))
        .map(index)
        .collect();
    png(width, GRAM_ROWS, &points, &palette())
}

/// The spectrogram of a file.
#[must_use]
pub fn plot(heard: &Heard, what: &str, half: bool) -> Option<Plot> {
    let seconds = heard.gram.columns.len() as f64 * heard.gram.step_seconds;
    (!heard.gram.columns.is_empty()).then(|| Plot {
        title: format!("Spectrogram{what}"),
        lead: "Time to the right, frequency upwards, brightness is level: 72 dB from the darkest to the brightest.".into(),
        said: format!("Spectrogram of {}, {} long, 30 Hz to 20 kHz; its numbers are in the pictures of loudness and tone", heard.name, clock(seconds)),
        x: Axis::linear("time", 0.0, seconds.max(0.1)),
        time: true,
        y: Axis::log("Hz", GRAM_HZ[0], GRAM_HZ[1]),
        height_px: 230,
        half,
        legend: Vec::new(),
        layers: vec![Layer::Image(base64(&image(&heard.gram)))],
        table: Rows { head: vec!["time".into(), "loudest band".into()], rows: loudest_bands(&heard.gram) },
    })
}

/// Where most energy lies, a few times over the length.
fn loudest_bands(gram: &Gram) -> Vec<Vec<String>> {
    let hz =
        |row: usize| GRAM_HZ[0] * math::pow(GRAM_HZ[1] / GRAM_HZ[0], (row as f64 + 0.5) / GRAM_ROWS as f64);
    let step = gram.columns.len().div_ceil(super::TABLE_ROWS).max(1);
    let row = |(n, column): (usize, &Vec<f32>)| {
        let most = (0..column.len()).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap_or(0);
        let silent = column.iter().all(|power| *power <= 0.0);
        let told = if silent { "silence".to_owned() } else { format!("{:.0} Hz", hz(most)) };
        vec![clock(n as f64 * gram.step_seconds), told]
    };
    gram.columns.iter().enumerate().step_by(step).map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_get_lighter_from_silence_to_the_loudest() {
        let palette = palette();
        let light =
            |c: &[u8; 3]| 0.2126 * f64::from(c[0]) + 0.7152 * f64::from(c[1]) + 0.0722 * f64::from(c[2]);
        assert_eq!(palette.len(), 128);
        assert!(
            palette.is_sorted_by(|a, b| light(a) <= light(b) + 0.75),
            "no colour is darker than a softer one"
        );
    }

    #[test]
    fn the_loudest_point_is_the_brightest_and_stands_at_its_frequency() {
        let mut columns = vec![vec![1e-12_f32; GRAM_ROWS]; 3];
        columns[1][GRAM_ROWS - 1] = 1.0;
        let gram = Gram { columns, step_seconds: 0.1 };
        let bytes = image(&gram);
        let at = bytes.windows(4).position(|four| four == b"IDAT").unwrap();
        let length = u32::from_be_bytes(bytes[at - 4..at].try_into().unwrap()) as usize;
        let rows = miniz_oxide::inflate::decompress_to_vec_zlib(&bytes[at + 4..at + 4 + length]).unwrap();
        // Top row: filter byte, then the three columns.
        assert_eq!(&rows[..4], [0, 0, 127, 0]);
        assert_eq!(loudest_bands(&gram)[1][1], "19554 Hz");
        assert_eq!(
            loudest_bands(&Gram { columns: vec![vec![0.0; GRAM_ROWS]], step_seconds: 1.0 })[0][1],
            "silence"
        );
    }
}
