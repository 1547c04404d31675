//! Line charts as SVG text: no fonts to load, no dates, the same bytes for the same lines.

use dsp::math;
use std::fmt::Write;

/// One axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// Whether equal steps are equal ratios; `from` must be above zero then.
    pub log: bool,
}

impl Axis {
    /// An axis with equal steps.
    #[must_use]
    pub fn linear(label: &str, from: f64, to: f64) -> Self {
        Self { label: label.to_owned(), from, to, log: false }
    }

    /// An axis with equal ratios.
    #[must_use]
    pub fn log(label: &str, from: f64, to: f64) -> Self {
        Self { label: label.to_owned(), from, to, log: true }
    }

    /// 0 at the beginning, 1 at the end; beyond for what lies beyond.
    #[must_use]
    pub fn place(&self, value: f64) -> f64 {
        if self.log {
            let low = math::ln(self.from);
            (math::ln(value.max(f64::MIN_POSITIVE)) - low) / (math::ln(self.to) - low)
        } else {
            (value - self.from) / (self.to - self.from)
        }
    }

    /// Where lines of the grid lie and what is written there; without words only a line.
    #[must_use]
    pub fn ticks(&self) -> Vec<(f64, Option<String>)> {
        if self.log { self.decades() } else { self.steps() }
    }

    fn decades(&self) -> Vec<(f64, Option<String>)> {
        let mut ticks = Vec::new();
        let mut decade = 1e-6;
        while decade <= self.to {
            for digit in 1..10_u8 {
                let value = decade * f64::from(digit);
                if (self.from * 0.999..=self.to * 1.001).contains(&value) {
                    ticks.push((value, matches!(digit, 1 | 2 | 5).then(|| short(value))));
                }
            }
            decade *= 10.0;
        }
        ticks
    }

    fn steps(&self) -> Vec<(f64, Option<String>)> {
        let span = self.to - self.from;
        // Four to ten lines, at 1, 2 or 5 (for decibels also 3 or 6) times a power of ten.
        let decibels = self.label.contains("dB");
        let candidates: &[f64] = if decibels { &[1.0, 2.0, 3.0, 6.0] } else { &[1.0, 2.0, 5.0] };
        let mut scale = 1e-6;
        let step = loop {
            if let Some(step) = candidates.iter().map(|c| c * scale).find(|step| span / step <= 10.0) {
                break step;
            }
            scale *= 10.0;
            if scale > 1e12 {
                return Vec::new();
            }
        };
        let (first, last) = ((self.from / step - 1e-9).ceil() as i64, (self.to / step + 1e-9).floor() as i64);
        (first..=last).map(|n| n as f64 * step).map(|value| (value, Some(short(value)))).collect()
    }
}

/// A number as people write it: `20k`, `0.5`.
fn short(value: f64) -> String {
    let (value, suffix) = if value.abs() >= 1000.0 { (value / 1000.0, "k") } else { (value, "") };
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    let text = if text == "-0" { "0" } else { text };
    format!("{}{suffix}", text.replace('-', "−"))
}

/// A line with its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// What the legend calls it.
    pub name: String,
    /// Points, by rising x. What is no number breaks the line.
    pub points: Vec<(f64, f64)>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// What it shows.
    pub title: String,
    /// Axis to the right.
    pub x: Axis,
    /// Axis upwards.
    pub y: Axis,
    /// What is drawn.
    pub lines: Vec<Line>,
}

/// Size of the whole, and where the field of lines lies in it, in SVG units.
const SIZE: (f64, f64) = (720.0, 400.0);
const FIELD: [f64; 4] = [64.0, 40.0, 700.0, 340.0];
/// Colours that stay apart for most kinds of sight.
///
/// Source: Okabe and Ito, "Color universal design", 2008.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
/// Colour of marks.
const MARK: &str = "#999999";
/// Most points of a line: two for each unit of width show everything.
const MOST_POINTS: usize = 1300;

impl Chart {
    /// The SVG text.
    #[must_use]
    pub fn svg(&self) -> String {
        let mut text = String::new();
        let (width, height) = SIZE;
        let _ = writeln!(
            text,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" font-family=\"sans-serif\" font-size=\"12\" role=\"img\">"
        );
        let _ = writeln!(text, "<title>{}</title>", escaped(&self.title));
        let _ = writeln!(text, "<rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>");
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"18\" font-size=\"14\">{}</text>",
            FIELD[0],
            escaped(&self.title)
        );
        self.grid(&mut text);
        let [left, top, right, bottom] = FIELD;
        let _ = writeln!(
            text,
            "<clipPath id=\"field\"><rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\"/></clipPath>",
            right - left,
            bottom - top
        );
        let mut colours = COLOURS.iter().cycle();
        for line in &self.lines {
            // A line without a name is a mark, not a curve.
            let colour = if line.name.is_empty() && self.lines.len() > 1 {
                MARK
            } else {
                colours.next().unwrap_or(&MARK)
            };
            self.draw(line, colour, &mut text);
        }
        self.legend(&mut text);
        text.push_str("</svg>\n");
        text
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        let [left, top, right, bottom] = FIELD;
        // Far outside is as good as just outside, and keeps numbers short.
        let (x, y) = (self.x.place(x).clamp(-1.0, 2.0), self.y.place(y).clamp(-1.0, 2.0));
        (left + x * (right - left), bottom - y * (bottom - top))
    }

    fn grid(&self, text: &mut String) {
        let [left, top, right, bottom] = FIELD;
        for (value, words) in self.x.ticks() {
            let (x, _) = self.at(value, self.y.from);
            let _ = writeln!(
                text,
                "<path d=\"M{x:.1} {top}V{bottom}\" stroke=\"{}\" fill=\"none\"/>",
                shade(words.is_some())
            );
            if let Some(words) = words {
                let _ = writeln!(
                    text,
                    "<text x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{words}</text>",
                    bottom + 16.0
                );
            }
        }
        for (value, words) in self.y.ticks() {
            let (_, y) = self.at(self.x.from, value);
            let _ = writeln!(
                text,
                "<path d=\"M{left} {y:.1}H{right}\" stroke=\"{}\" fill=\"none\"/>",
                shade(words.is_some())
            );
            if let Some(words) = words {
                let _ = writeln!(
                    text,
                    "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{words}</text>",
                    left - 6.0,
                    y + 4.0
                );
            }
        }
        let _ = writeln!(
            text,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#666666\"/>",
            right - left,
            bottom - top
        );
        let middle = 0.5 * (left + right);
        let _ = writeln!(
            text,
            "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            bottom + 34.0,
            escaped(&self.x.label)
        );
        let _ = writeln!(
            text,
            "<text transform=\"translate(16 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
            0.5 * (top + bottom),
            escaped(&self.y.label)
        );
    }

    fn draw(&self, line: &Line, colour: &str, text: &mut String) {
        let mut path = String::new();
        let mut pen_down = false;
        for (x, y) in thinned(&line.points) {
            if !(x.is_finite() && y.is_finite()) {
                pen_down = false;
                continue;
            }
            let (x, y) = self.at(x, y);
            let _ = write!(path, "{}{x:.1} {y:.1}", if pen_down { 'L' } else { 'M' });
            pen_down = true;
        }
        let _ = writeln!(
            text,
            "<path d=\"{path}\" clip-path=\"url(#field)\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\" \
             stroke-linejoin=\"round\"/>"
        );
    }

    fn legend(&self, text: &mut String) {
        let mut x = FIELD[0];
        for (line, colour) in
            self.lines.iter().zip(COLOURS.iter().cycle()).filter(|(line, _)| !line.name.is_empty())
        {
            let y = SIZE.1 - 8.0;
            let _ = writeln!(
                text,
                "<path d=\"M{x:.1} {0}h18\" stroke=\"{colour}\" stroke-width=\"3\"/><text x=\"{1:.1}\" y=\"{2}\">{3}</text>",
                y - 4.0,
                x + 24.0,
                y,
                escaped(&line.name)
            );
            // A letter of this size is about 6.5 wide.
            x += 44.0 + 6.5 * line.name.chars().count() as f64;
        }
    }
}

fn shade(strong: bool) -> &'static str {
    if strong { "#cccccc" } else { "#eeeeee" }
}

/// The lowest and the highest of every stretch where there are more points than can be seen.
fn thinned(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    let mut kept = Vec::with_capacity(MOST_POINTS);
    for part in points.chunks(stretch) {
        let by = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let (low, high) = (part.iter().min_by(by), part.iter().max_by(by));
        let mut pair: Vec<_> = low.into_iter().chain(high).copied().collect();
        pair.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.extend(pair);
    }
    kept
}

pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> String {
        Chart {
            title: "a < b".to_owned(),
            x: Axis::log("Hz", 20.0, 20_000.0),
            y: Axis::linear("dB", -12.0, 12.0),
            lines: vec![Line { name: "one".to_owned(), points }],
        }
        .svg()
    }

    #[test]
    fn points_land_where_the_axes_say() {
        let text = chart(vec![(20.0, -12.0), (632.455_532, 0.0), (20_000.0, 12.0)]);
        // Left bottom, the middle (the geometric mean of the frequencies), right top.
        assert!(text.contains("M64.0 340.0L382.0 190.0L700.0 40.0"), "{text}");
        assert!(text.contains("a &lt; b") && text.contains(">2k<") && text.contains(">−12<"));
    }

    #[test]
    fn a_gap_lifts_the_pen_and_infinity_draws_nothing() {
        let text = chart(vec![(20.0, 0.0), (30.0, f64::NEG_INFINITY), (632.455_532, 0.0)]);
        assert!(text.contains("\"M64.0 190.0M382.0 190.0\""), "{text}");
    }

    #[test]
    fn many_points_keep_their_extremes() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|n| (f64::from(n), 0.0)).collect();
        points[50_123].1 = 9.0;
        points[70_001].1 = -7.0;
        let thin = thinned(&points);
        assert!(thin.len() <= MOST_POINTS && thin.is_sorted_by(|a, b| a.0 <= b.0));
        assert!(thin.contains(&(50_123.0, 9.0)) && thin.contains(&(70_001.0, -7.0)));
    }

    #[test]
    fn linear_axes_have_four_to_ten_lines() {
        for (from, to) in [(0.0, 1.0), (-60.0, 0.0), (0.0, 0.37), (-3.0, 3.0), (0.0, 15_000.0)] {
            let ticks = Axis::linear("dB", from, to).ticks();
            assert!((3..=11).contains(&ticks.len()), "{from}..{to}: {ticks:?}");
        }
        assert!(Axis::linear("s", 0.0, f64::NAN).ticks().is_empty());
    }
}
