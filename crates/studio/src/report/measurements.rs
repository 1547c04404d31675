//! Measurements as rows of a table.

use crate::meters::Measurements;
use std::fmt::Write;

/// A row: what it is, and how it reads.
pub struct Row {
    /// Name of the quantity.
    pub name: &'static str,
    /// Its text for a measurement.
    pub text: fn(&Measurements) -> String,
}

fn number(value: f64, digits: usize) -> String {
    if value == f64::NEG_INFINITY {
        return "-inf".to_owned();
    }
    let text = format!("{value:.digits$}");
    // No minus in front of what rounds to zero.
    if text.trim_start_matches('-').chars().all(|c| c == '0' || c == '.') {
        format!("{:.digits$}", 0.0)
    } else {
        text
    }
}

fn unit(value: Option<f64>, digits: usize, symbol: &str) -> String {
    value.map_or_else(
        || "not measurable".to_owned(),
        |value| format!("{} {symbol}", number(value, digits)).trim_end().to_owned(),
    )
}

fn bits(m: &Measurements) -> String {
    match (m.bits_used, m.bits_stored) {
        (Some(used), Some(stored)) => format!("{used} of {stored}"),
        (None, Some(stored)) => format!("float {stored}"),
        _ => "lossy".to_owned(),
    }
}

fn length(m: &Measurements) -> String {
    let minutes = (m.duration_seconds / 60.0).floor();
    format!("{minutes}:{:06.3}", m.duration_seconds - 60.0 * minutes)
}

fn format(m: &Measurements) -> String {
    let mut text = m.container.to_owned();
    if m.codec != m.container {
        let _ = write!(text, " {}", m.codec);
    }
    text
}

/// Every row of `measure`, in order.
pub const ROWS: &[Row] = &[
    Row { name: "format", text: format },
    Row { name: "sample rate", text: |m| format!("{} Hz", m.sample_rate_hz) },
    Row { name: "channels", text: |m| m.channels.to_string() },
    Row { name: "length", text: length },
    Row { name: "integrated", text: |m| unit(m.integrated_lufs, 2, "LUFS") },
    Row { name: "loudness range", text: |m| unit(m.loudness_range_lu, 1, "LU") },
    Row { name: "max momentary", text: |m| unit(m.max_momentary_lufs, 2, "LUFS") },
    Row { name: "max short-term", text: |m| unit(m.max_short_term_lufs, 2, "LUFS") },
    Row { name: "sample peak", text: |m| unit(Some(m.sample_peak_dbfs), 2, "dBFS") },
    Row { name: "true peak", text: |m| unit(Some(m.true_peak_dbtp), 2, "dBTP") },
    Row { name: "true peak (ITU)", text: |m| unit(Some(m.true_peak_itu_dbtp), 2, "dBTP") },
    Row { name: "PLR", text: |m| unit(m.plr_lu, 1, "LU") },
    Row { name: "PSR, least", text: |m| unit(m.psr_min_lu, 1, "LU") },
    Row { name: "PSR, median", text: |m| unit(m.psr_median_lu, 1, "LU") },
    Row { name: "RMS", text: |m| unit(Some(m.rms_dbfs), 2, "dBFS") },
    Row { name: "crest", text: |m| unit(m.crest_db, 1, "dB") },
    Row { name: "DC", text: |m| unit(Some(m.dc_dbfs), 1, "dBFS") },
    Row { name: "correlation", text: |m| unit(m.correlation, 2, "") },
    Row { name: "side re mid", text: |m| unit(m.side_to_mid_db, 1, "dB") },
    Row { name: "left re right", text: |m| unit(m.left_to_right_db, 1, "dB") },
    Row { name: "clipped runs", text: |m| m.clipped_runs.to_string() },
    Row { name: "bits used", text: bits },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_near_zero_have_no_sign_and_silence_has_a_name() {
        assert_eq!(number(-0.001, 2), "0.00");
        assert_eq!(number(-0.006, 2), "-0.01");
        assert_eq!(unit(Some(f64::NEG_INFINITY), 1, "dBTP"), "-inf dBTP");
        assert_eq!(unit(None, 1, "LUFS"), "not measurable");
    }
}
