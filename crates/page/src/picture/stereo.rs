//! Where the sound stands: direction, and width by band.

use super::{Layer, Plot, Rows, hertz, legend, numbers, plain, rows};
use crate::heard::Heard;
use crate::markup::{Element, el};
use dsp::math;
use dsp::meter::goniometer::{DIRECTIONS, degrees};
use std::fmt::Write;
use studio::report::chart::Axis;

/// Centre, radius and size of the half circle.
const CENTRE: (f64, f64) = (210.0, 196.0);
const RADIUS: f64 = 160.0;

/// A place on the picture: the middle is up, left is left, out of phase lies at the sides.
fn at(angle_degrees: f64, radius: f64) -> (f64, f64) {
    let angle = angle_degrees * math::PI / 180.0;
    (CENTRE.0 + radius * RADIUS * math::sin(angle), CENTRE.1 - radius * RADIUS * math::cos(angle))
}

/// The outline of the shares; their square roots, so that little is seen too.
fn outline(shares: &[f64; DIRECTIONS]) -> String {
    let most = shares.iter().copied().fold(0.0, f64::max);
    let mut d = format!("M{:.1} {:.1}", CENTRE.0, CENTRE.1);
    for n in 0..=DIRECTIONS {
        // Fully out of phase is one direction at both ends.
        let share = shares[n % DIRECTIONS];
        let radius = if most > 0.0 { (share / most).sqrt() } else { 0.0 };
        let (x, y) = at(degrees(n), radius);
        let _ = write!(d, "L{x:.1} {y:.1}");
    }
    d + "Z"
}

/// Share of the energy within so many degrees of a direction, percent.
fn around(shares: &[f64; DIRECTIONS], middle: f64, within: f64) -> f64 {
    let inside = |n: &usize| (degrees(*n) - middle).abs() <= within;
    100.0 * (0..DIRECTIONS).filter(inside).map(|n| shares[n]).sum::<f64>()
}

/// The field of directions.
#[must_use]
pub fn field(before: Option<&Heard>, after: &Heard) -> Option<Element> {
    let shares = after.directions.as_ref()?;
    let earlier = before.and_then(|before| before.directions.as_ref());
    let said = format!(
        "Stereo field: {:.0} % of the energy within 10 degrees of the middle, {:.0} % out of phase",
        around(shares, 0.0, 10.0),
        around(shares, -67.5, 22.5) + around(shares, 67.5, 22.5)
    );
    let mut grid = String::new();
    for angle in [-90.0, -45.0, 0.0, 45.0, 90.0] {
        let (x, y) = at(angle, 1.0);
        let _ = write!(grid, "M{} {}L{x:.1} {y:.1}", CENTRE.0, CENTRE.1);
    }
    for radius in [0.5, 1.0] {
        let ((x, y), (right, _)) = (at(-90.0, radius), at(90.0, radius));
        let _ = write!(grid, "M{x:.1} {y:.1}A{0:.1} {0:.1} 0 0 1 {right:.1} {y:.1}", radius * RADIUS);
    }
    let label = |angle: f64, radius: f64, text: &str| {
        let (x, y) = at(angle, radius);
        el("text")
            .attr("x", format!("{x:.0}"))
            .attr("y", format!("{y:.0}"))
            .attr("text-anchor", "middle")
            .text(text)
    };
    let svg = el("svg")
        .attr("viewBox", "0 0 420 230")
        .attr("role", "img")
        .attr("aria-label", said)
        .child(el("path").class("grid").attr("d", grid))
        .child(earlier.map(|shares| el("path").class("a line").attr("d", outline(shares))))
        .child(el("path").class("b line").attr("d", outline(shares)))
        .child(label(-45.0, 1.12, "left"))
        .child(label(0.0, 1.06, "middle"))
        .child(label(45.0, 1.12, "right"))
        .child(el("text").attr("x", "50").attr("y", "216").attr("text-anchor", "start").text("out of phase"))
        .child(el("text").attr("x", "370").attr("y", "216").attr("text-anchor", "end").text("out of phase"));
    let names = match before {
        Some(_) => vec![("a dash", "before".to_owned()), ("b", "after".to_owned())],
        None => Vec::new(),
    };
    let caption = el("figcaption").child(el("h3").text("Stereo field")).child(el("p").text(
        "Where the energy stands between left and right. What lies low at the sides is out of phase: it is lost in mono.",
    ));
    let figure = el("figure").class("card half").child(caption).child(legend(&names));
    Some(
        figure
            .child(el("div").class("round").child(svg))
            .child(numbers("Stereo field", &table(earlier, shares))),
    )
}

fn table(before: Option<&[f64; DIRECTIONS]>, after: &[f64; DIRECTIONS]) -> Rows {
    let parts = [
        ("out of phase, left", -67.5, 22.4),
        ("left", -45.0, 10.0),
        ("half left", -22.5, 12.4),
        ("middle", 0.0, 10.0),
        ("half right", 22.5, 12.4),
        ("right", 45.0, 10.0),
        ("out of phase, right", 67.5, 22.4),
    ];
    rows(
        ["direction", "before, % of energy", "after, % of energy"],
        parts.map(|(name, middle, within)| {
            let of = |shares: &[f64; DIRECTIONS]| plain(around(shares, middle, within), 1);
            [name.to_owned(), before.map_or_else(|| "–".to_owned(), of), of(after)]
        }),
    )
}

/// Width by octave.
#[must_use]
pub fn widths(before: Option<&Heard>, after: &Heard) -> Option<Plot> {
    let later = after.tone.widths();
    let earlier = before.map_or_else(Vec::new, |before| before.tone.widths());
    let shown =
        |points: &[(f64, f64)]| points.iter().map(|(hz, db)| (*hz, db.max(-60.0))).collect::<Vec<_>>();
    let mut layers = Vec::new();
    let mut legend = Vec::new();
    if before.is_some() {
        layers.push(Layer::Line("a", shown(&earlier)));
        legend = vec![("a", "before".to_owned()), ("b", "after".to_owned())];
    }
    layers.push(Layer::Line("b", shown(&later)));
    layers.push(Layer::Level("gate", 0.0, "side = mid".into()));
    let numbers = later.iter().map(|(hz, db)| {
        let was =
            earlier.iter().find(|band| band.0 == *hz).map_or_else(|| "–".to_owned(), |band| plain(band.1, 1));
        [hertz(*hz), was, plain(*db, 1)]
    });
    (!later.is_empty()).then(|| Plot {
        title: "Width by octave".into(),
        lead: "Side against mid. Bass is usually narrow; above the dashed line more is at the sides than in the middle.".into(),
        said: "Level of side over mid by octave".into(),
        x: Axis::log("Hz", 25.0, 20_000.0),
        time: false,
        y: Axis::linear("dB, side over mid", -48.0, 12.0),
        height_px: 230,
        half: true,
        legend,
        layers,
        table: rows(["octave", "before, dB", "after, dB"], numbers),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_up_and_left_is_left() {
        assert!((at(0.0, 1.0).0 - 210.0).abs() < 1e-9 && (at(0.0, 1.0).1 - 36.0).abs() < 1e-9);
        assert!(at(-45.0, 1.0).0 < 100.0 && at(45.0, 1.0).0 > 320.0);
        assert!((at(90.0, 1.0).1 - 196.0).abs() < 1e-9);
    }

    #[test]
    fn energy_is_counted_around_its_direction() {
        let mut shares = [0.0; DIRECTIONS];
        shares[36] = 0.75;
        shares[18] = 0.25;
        assert!((around(&shares, 0.0, 10.0) - 75.0).abs() < 1e-9);
        assert!((around(&shares, -45.0, 10.0) - 25.0).abs() < 1e-9);
        // The loudest direction reaches the rim, a third of it its square root.
        let d = outline(&shares);
        assert!(
            d.contains("L210.0 36.0") && d.contains(&format!("L{:.1}", at(-45.0, (1.0_f64 / 3.0).sqrt()).0)),
            "{d}"
        );
    }
}
