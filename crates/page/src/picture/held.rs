//! How loud moments were held against quiet ones: the curve of a compressor as it is heard from outside.

use super::{Layer, Plot, plain, rows, signed};
use advice::compare::{Class, Comparison};
use studio::report::chart::Axis;

/// The curve. `None` where nothing was held, and where two versions cannot be laid on each other.
#[must_use]
pub fn plot(found: &Comparison) -> Option<Plot> {
    let compression = found.compression.as_ref().filter(|compression| compression.class != Class::None)?;
    let points: Vec<(f64, f64)> =
        compression.curve.iter().map(|point| (point.before_dbfs, point.gain_db)).collect();
    let (first, last) = (points.first()?.0, points.last()?.0);
    let low = points.iter().map(|point| point.1).fold(-3.0, f64::min);
    let high = points.iter().map(|point| point.1).fold(1.0, f64::max);
    Some(Plot {
        title: "How loud moments were held".into(),
        lead: "Gain of each level of before against that of quiet moments. Where the line falls, a compressor or limiter worked.".into(),
        said: format!(
            "Curve of levels: like {} to 1 from {} dBFS, the loudest moments are moved by {} dB",
            plain(compression.ratio, 1),
            plain(compression.threshold_dbfs, 0),
            signed(compression.loudest_db, 1)
        ),
        x: Axis::linear("level before, dBFS (43 ms)", first.floor(), last.ceil().max(first.floor() + 1.0)),
        time: false,
        y: Axis::linear("dB against quiet moments", (low - 0.5).floor(), (high + 0.5).ceil()),
        height_px: 230,
        half: true,
        legend: Vec::new(),
        layers: vec![Layer::Line("gate thin", vec![(first, 0.0), (last, 0.0)]), Layer::Line("b", points.clone())],
        table: rows(
            ["level before, dBFS", "gain, dB"],
            points.iter().map(|(level, gain)| [plain(*level, 0), signed(*gain, 1)]),
        ),
    })
}
