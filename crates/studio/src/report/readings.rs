//! What the meters in the strips have read.

use crate::engine::InsertReadings;
use fx::{Reading, Series};
use serde_json::{Value, json};
use std::fmt::Write;

/// A number for programs: what is no number in JSON is null.
fn number(value: f64) -> Value {
    serde_json::Number::from_f64(value).map_or(Value::Null, Value::Number)
}

/// For programs.
#[must_use]
pub fn json(read: &InsertReadings) -> Value {
    let one = |r: &Reading| json!({ "name": r.name, "unit": r.unit, "value": number(r.value) });
    let row = |s: &Series| json!({ "name": s.name, "unit": s.unit, "values": s.values.iter().map(|v| number(*v)).collect::<Vec<_>>() });
    json!({
        "strip": read.strip,
        "insert": read.insert,
        "readings": read.readings.iter().map(one).collect::<Vec<_>>(),
        "series": read.series.iter().map(row).collect::<Vec<_>>(),
    })
}

/// For people, a line for three numbers.
#[must_use]
pub fn text(read: &InsertReadings) -> String {
    let mut text = format!("meter {}.{}\n", read.strip, read.insert);
    for three in read.readings.chunks(3) {
        let one = |r: &Reading| format!("{:<20} {:>9.2} {:<5}", r.name, r.value, r.unit);
        let _ = writeln!(text, "      {}", three.iter().map(one).collect::<Vec<_>>().join(" ").trim_end());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> InsertReadings {
        let reading = |name, value| Reading { name, unit: "dBFS", value };
        InsertReadings {
            strip: "lead".to_owned(),
            insert: "meter".to_owned(),
            readings: vec![reading("peak", -6.0), reading("rms", f64::NEG_INFINITY)],
            series: vec![Series { name: "bands", unit: "dB", values: vec![1.0, 2.0] }],
        }
    }

    #[test]
    fn silence_is_null_for_programs_and_readable_for_people() {
        let value = json(&read());
        assert_eq!(value["readings"][0]["value"], -6.0);
        assert!(value["readings"][1]["value"].is_null() && value["series"][0]["values"][1] == 2.0);
        let text = text(&read());
        assert!(
            text.starts_with("meter lead.meter\n") && text.contains("peak") && text.contains("-6.00 dBFS"),
            "{text}"
        );
    }
}
