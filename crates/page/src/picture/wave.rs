//! The waveform.

use super::{Layer, Plot, clock, plain, rows, thin};
use crate::heard::{Heard, STRETCH_SECONDS, Stretch};
use studio::report::chart::Axis;

/// Columns of a waveform: more cannot be seen on a page of this width.
const COLUMNS: usize = 560;

/// Stretches put together into at most so many columns.
#[must_use]
pub fn columns(stretches: &[Stretch], most: usize) -> (Vec<Stretch>, f64) {
    let per = stretches.len().div_ceil(most.max(1)).max(1);
    let together = |part: &[Stretch]| Stretch {
        low: part.iter().map(|stretch| stretch.low).fold(0.0, f64::min),
        high: part.iter().map(|stretch| stretch.high).fold(0.0, f64::max),
        power: part.iter().map(|stretch| stretch.power).sum::<f64>() / part.len() as f64,
    };
    (stretches.chunks(per).map(together).collect(), per as f64 * STRETCH_SECONDS)
}

/// The waveform of a file: extremes, and the RMS darker inside. Both files of a pair are drawn to one scale, full scale.
#[must_use]
pub fn plot(heard: &Heard, what: &str, class: &'static str) -> Plot {
    let (columns, step) = columns(&heard.stretches, COLUMNS);
    let at = |n: usize| (n as f64 + 0.5) * step;
    let extremes = columns.iter().enumerate().map(|(n, column)| (at(n), column.low, column.high)).collect();
    let body = columns
        .iter()
        .enumerate()
        .map(|(n, column)| (at(n), -column.power.sqrt(), column.power.sqrt()))
        .collect();
    let m = &heard.measured;
    let seconds = m.duration_seconds.max(0.1);
    let numbers: Vec<[String; 3]> = columns
        .iter()
        .enumerate()
        .map(|(n, column)| {
            let rms = dsp::math::power_to_db(column.power);
            [clock(at(n)), plain(column.peak_dbfs(), 1), plain(rms, 1)]
        })
        .collect();
    let (body_class, fill_class) = if class == "a" { ("a body", "a") } else { ("b body", "b") };
    Plot {
        title: format!("Waveform, {what}"),
        lead: "Light: the extremes of the samples. Dark: their RMS, which is nearer to what the ear hears. The frame is full scale.".into(),
        said: format!(
            "Waveform of {}, {} long, largest sample {} dBFS at {}",
            heard.name,
            clock(seconds),
            plain(m.sample_peak_dbfs, 1),
            clock(m.sample_peak_seconds)
        ),
        x: Axis::linear("time", 0.0, seconds),
        time: true,
        y: Axis::linear("amplitude", -1.0, 1.0),
        height_px: 130,
        half: false,
        legend: Vec::new(),
        layers: vec![Layer::Area(fill_class, extremes), Layer::Area(body_class, body)],
        table: rows(["time", "peak, dBFS", "RMS, dBFS"], thin(&numbers)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_keep_extremes_and_mean_power() {
        let stretch = |low, high, power| Stretch { low, high, power };
        let all = [stretch(-0.1, 0.2, 0.01), stretch(-0.5, 0.1, 0.03), stretch(-0.2, 0.9, 0.5)];
        let (two, step) = columns(&all, 2);
        assert_eq!(two, [stretch(-0.5, 0.2, 0.02), stretch(-0.2, 0.9, 0.5)]);
        assert!((step - 0.04).abs() < 1e-12);
        assert!(columns(&[], 10).0.is_empty());
    }
}
