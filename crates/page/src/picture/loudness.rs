//! Loudness over time, with its gates.

use super::{Layer, Plot, clock, plain, rows, thin};
use crate::heard::Heard;
use dsp::math;
use studio::meters::Curves;
use studio::report::chart::Axis;

/// End of the windows of the first values. Source: EBU Tech 3341: momentary 400 ms, short-term 3 s.
const MOMENTARY_SECONDS: f64 = 0.4;
const SHORT_SECONDS: f64 = 3.0;
/// Gates of integrated loudness. Source: ITU-R BS.1770-5, annex 1: absolute gate, relative gate below the loudness of what passes it.
const ABSOLUTE_LUFS: f64 = -70.0;
const RELATIVE_LU: f64 = -10.0;

/// The relative gate of a momentary curve, whose values are the gating blocks; `None` when nothing passes the absolute one.
#[must_use]
pub fn relative_gate_lufs(momentary_lufs: &[f64]) -> Option<f64> {
    let passed: Vec<f64> = momentary_lufs.iter().copied().filter(|lufs| *lufs > ABSOLUTE_LUFS).collect();
    let power = passed.iter().map(|lufs| math::db_to_power(*lufs)).sum::<f64>() / passed.len().max(1) as f64;
    (!passed.is_empty()).then(|| math::power_to_db(power) + RELATIVE_LU)
}

/// Times at which the loudness was under the gate.
fn gated(curves: &Curves, gate_lufs: f64) -> Vec<(f64, f64)> {
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for (n, lufs) in curves.momentary_lufs.iter().enumerate() {
        let from = n as f64 * curves.step_seconds;
        let to = from + curves.step_seconds;
        if *lufs < gate_lufs.max(ABSOLUTE_LUFS) {
            match spans.last_mut() {
                Some(last) if (last.1 - from).abs() < 1e-6 => last.1 = to,
                _ => spans.push((from, to)),
            }
        }
    }
    spans
}

fn line(values: &[f64], first_seconds: f64, step_seconds: f64) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(n, lufs)| (first_seconds + n as f64 * step_seconds, *lufs)).collect()
}

/// Short-term of both, momentary of the later, their integrated loudness, and the gate of the later.
#[must_use]
pub fn plot(before: Option<&Heard>, after: &Heard) -> Option<Plot> {
    let curves = after.measured.curves.as_ref()?;
    let integrated = after.measured.integrated_lufs.filter(|lufs| lufs.is_finite())?;
    let gate = relative_gate_lufs(&curves.momentary_lufs);
    let earlier =
        before.and_then(|before| Some((before.measured.curves.as_ref()?, before.measured.integrated_lufs?)));
    let top =
        [after.measured.max_momentary_lufs, before.and_then(|before| before.measured.max_momentary_lufs)];
    let top = top.into_iter().flatten().filter(|lufs| lufs.is_finite()).fold(integrated, f64::max);
    let low = earlier.map_or(integrated, |(_, lufs)| lufs.min(integrated)).max(ABSOLUTE_LUFS);
    let mut layers = Vec::new();
    layers.extend(gate.map(|gate| Layer::Spans(gated(curves, gate))));
    layers.push(Layer::Line("b thin", line(&curves.momentary_lufs, MOMENTARY_SECONDS, curves.step_seconds)));
    if let Some((curves, lufs)) = earlier {
        layers.push(Layer::Line("a", line(&curves.short_term_lufs, SHORT_SECONDS, curves.step_seconds)));
        layers.push(Layer::Level("a", lufs, format!("before {} LUFS", plain(lufs, 1))));
    }
    layers.push(Layer::Line("b", line(&curves.short_term_lufs, SHORT_SECONDS, curves.step_seconds)));
    layers.push(Layer::Level(
        "b",
        integrated,
        format!("{}{} LUFS", if before.is_some() { "after " } else { "" }, plain(integrated, 1)),
    ));
    layers.extend(gate.map(|gate| Layer::Level("gate", gate, "gate".into())));
    let numbers: Vec<[String; 3]> = line(&curves.short_term_lufs, SHORT_SECONDS, curves.step_seconds)
        .into_iter()
        .enumerate()
        .map(|(n, (at, lufs))| {
            let was = earlier
                .and_then(|(curves, _)| curves.short_term_lufs.get(n))
                .map_or_else(|| "–".to_owned(), |lufs| plain(*lufs, 1));
            [clock(at), was, plain(lufs, 1)]
        })
        .collect();
    Some(Plot {
        title: "Loudness over time".into(),
        lead: "How loud each moment is. What lies under the gate is too soft to count for the integrated loudness.".into(),
        said: format!(
            "Loudness over time: integrated {} LUFS, largest short-term {} LUFS, relative gate {} LUFS",
            plain(integrated, 1),
            after.measured.max_short_term_lufs.map_or_else(|| "unknown".to_owned(), |lufs| plain(lufs, 1)),
            gate.map_or_else(|| "unknown".to_owned(), |gate| plain(gate, 1))
        ),
        x: Axis::linear("time", 0.0, after.measured.duration_seconds.max(0.1)),
        time: true,
        y: Axis::linear("LUFS", (low - 18.0).floor(), (top + 1.5).ceil()),
        height_px: 250,
        half: false,
        legend: legend(before.is_some()),
        layers,
        table: rows(["time", "before, LUFS short-term", if before.is_some() { "after, LUFS short-term" } else { "LUFS short-term" }], thin(&numbers)),
    })
}

/// What the lines are; `both`: of two files.
fn legend(both: bool) -> Vec<(&'static str, String)> {
    let lines = if both {
        [
            ("a", "before, short-term"),
            ("b", "after, short-term (thin: momentary)"),
            ("gate dash", "relative gate of after; grey: not counted"),
        ]
    } else {
        [
            ("b", "short-term, 3 s"),
            ("b dash", "integrated"),
            ("gate dash", "relative gate; grey: not counted"),
        ]
    };
    lines.map(|(class, text)| (class, text.to_owned())).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_relative_gate_lies_ten_under_what_passes_the_absolute_one() {
        // Mean power of -20 and -20 is -20; what is under -70 does not count.
        let gate = relative_gate_lufs(&[-20.0, -20.0, -80.0, f64::NEG_INFINITY]).unwrap();
        assert!((gate + 30.0).abs() < 1e-9, "{gate}");
        // Mean power of -10 and -20: 10·log10(0.055) = -12.596.
        assert!((relative_gate_lufs(&[-10.0, -20.0]).unwrap() + 22.596).abs() < 1e-3);
        assert!(relative_gate_lufs(&[-90.0]).is_none());
    }

    #[test]
    fn stretches_under_the_gate_are_put_together() {
        let curves = Curves {
            step_seconds: 0.1,
            momentary_lufs: vec![-20.0, -40.0, -41.0, -20.0, -80.0],
            short_term_lufs: vec![],
            psr_lu: vec![],
        };
        let spans = gated(&curves, -30.0);
        assert_eq!(spans.len(), 2);
        assert!((spans[0].0 - 0.1).abs() < 1e-9 && (spans[0].1 - 0.3).abs() < 1e-9, "{spans:?}");
    }
}
