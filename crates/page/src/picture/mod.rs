//! Pictures: drawn as SVG that stretches with the page, labelled by text that does not, each with its numbers as a table.

pub mod change;
pub mod gram;
pub mod held;
pub mod loudness;
pub mod peaks;
pub mod places;
pub mod stereo;
pub mod tone;
pub mod wave;

use crate::markup::{Element, Markup, el};
use std::fmt::Write;
use studio::report::chart::Axis;

/// Width and height of a field in the units of its own; the page stretches it.
const FIELD: f64 = 1000.0;
/// Points of a line beyond which nothing more can be seen.
const MOST_POINTS: usize = 1200;
/// Height of a line of labels on the page.
const LABEL_PX: usize = 20;
/// Rows of a table of numbers, about.
pub const TABLE_ROWS: usize = 30;

/// What is drawn into a field. Classes are those of the style sheet: `a` before, `b` after.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// A line; what is no number lifts the pen.
    Line(&'static str, Vec<(f64, f64)>),
    /// A band between two heights.
    Area(&'static str, Vec<(f64, f64, f64)>),
    /// Rectangles from left to right and from one height to another.
    Bars(&'static str, Vec<[f64; 4]>),
    /// A level with its name at the right.
    Level(&'static str, f64, String),
    /// Stretches from left to right over the whole height.
    Spans(Vec<(f64, f64)>),
    /// A picture over the whole field, PNG as base64.
    Image(String),
}

/// A table: its head, and rows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rows {
    /// Names of the columns.
    pub head: Vec<String>,
    /// Rows; the first cell names the row.
    pub rows: Vec<Vec<String>>,
}

/// Rows of words.
#[must_use]
pub fn rows<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> Rows {
    Rows { head: head.map(str::to_owned).to_vec(), rows: rows.into_iter().map(Vec::from).collect() }
}

/// A picture with all that goes with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plot {
    /// Its head.
    pub title: String,
    /// What to look at, in a sentence.
    pub lead: String,
    /// What it shows, for those who do not see it.
    pub said: String,
    /// Axis to the right.
    pub x: Axis,
    /// Whether the axis to the right is time.
    pub time: bool,
    /// Axis upwards.
    pub y: Axis,
    /// Height on the page.
    pub height_px: u32,
    /// Whether two stand beside each other on a wide page.
    pub half: bool,
    /// Class and name of what is drawn.
    pub legend: Vec<(&'static str, String)>,
    /// What is drawn.
    pub layers: Vec<Layer>,
    /// Its numbers.
    pub table: Rows,
}

/// Every so manyth row, so that about [`TABLE_ROWS`] are left.
#[must_use]
pub fn thin<T: Clone>(items: &[T]) -> Vec<T> {
    items.iter().step_by(items.len().div_ceil(TABLE_ROWS).max(1)).cloned().collect()
}

/// A number with its sign and so many digits; silence as −∞.
#[must_use]
pub fn signed(value: f64, digits: usize) -> String {
    if value == f64::NEG_INFINITY {
        return "−∞".to_owned();
    }
    let text = format!("{value:+.digits$}");
    let nothing = text.chars().all(|c| "+-0.".contains(c));
    if nothing { format!("{:.digits$}", 0.0) } else { text.replace('-', "−") }
}

/// A number with so many digits and a true minus.
#[must_use]
pub fn plain(value: f64, digits: usize) -> String {
    signed(value, digits).trim_start_matches('+').to_owned()
}

/// A text with true minus signs before its numbers.
#[must_use]
pub fn minus(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let number = letters.peek().is_some_and(char::is_ascii_digit) && !last.is_alphanumeric();
        out.push(if letter == '-' && number { '−' } else { letter });
        last = letter;
    }
    out
}

/// Minutes and seconds.
#[must_use]
pub fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0).round() as u64;
    format!("{}:{:02}", whole / 60, whole % 60)
}

/// A frequency as people write it.
#[must_use]
pub fn hertz(hz: f64) -> String {
    if hz >= 1000.0 { format!("{} kHz", hz / 1000.0) } else { format!("{hz} Hz") }
}

impl Plot {
    /// The picture on the page.
    #[must_use]
    pub fn figure(&self) -> Element {
        let caption = el("figcaption").child(el("h3").text(&self.title)).child(el("p").text(&self.lead));
        let class = if self.half { "card half" } else { "card" };
        el("figure")
            .class(class)
            .child(caption)
            .child(legend(&self.legend))
            .child(self.plot())
            .child(numbers(&self.title, &self.table))
    }

    /// The field with its legend, for a card: its numbers stand elsewhere.
    #[must_use]
    pub fn small(&self) -> Element {
        el("div").class("small").child(legend(&self.legend)).child(self.plot())
    }

    /// What the page reads values off a picture by: kind, ends and unit of an axis.
    fn scale(&self, axis: &Axis, time: bool) -> String {
        let kind = match (time, axis.log) {
            (true, _) => "time",
            (_, true) => "log",
            _ => "linear",
        };
        format!("{kind}|{}|{}|{}", axis.from, axis.to, axis.label)
    }

    /// What a line or a bar is called when a value is read off it; nothing for lines that only guide the eye.
    fn name(&self, class: &str) -> Option<String> {
        let colour = class.split(' ').next().unwrap_or(class);
        let named = || self.legend.iter().find(|(own, _)| *own == colour).map(|(_, name)| name.clone());
        (colour != "gate").then(|| named().unwrap_or_default())
    }

    /// The field with its axes alone.
    #[must_use]
    pub fn plot(&self) -> Element {
        let across = if self.time { "minutes:seconds" } else { &self.x.label };
        let unit = el("div")
            .class("unit axes")
            .child(el("span").text(format!("↑ {}", self.y.label)))
            .child(el("span").text(format!("{across} →")));
        let field = el("div")
            .class("field")
            .attr("style", format!("height:{}px", self.height_px))
            .attr("data-x", self.scale(&self.x, self.time))
            .attr("data-y", self.scale(&self.y, false));
        let images = self.layers.iter().filter_map(|layer| match layer {
            Layer::Image(png) => {
                Some(el("img").attr("alt", "").attr("src", format!("data:image/png;base64,{png}")))
            }
            _ => None,
        });
        let field = field
            .children(images)
            .child(self.svg())
            .children(self.layers.iter().filter_map(|l| self.mark(l)));
        let (xs, ys) = (self.xs(), self.ys());
        let plot =
            el("div").class("plot").child(el("div").class("ys").attr("aria-hidden", "true").children(ys));
        let plot = plot.child(field).child(el("div"));
        el("div")
            .child(unit)
            .child(plot.child(el("div").class("xs").attr("aria-hidden", "true").children(xs)))
    }

    fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (FIELD * self.x.place(x).clamp(-0.5, 1.5), FIELD * (1.0 - self.y.place(y).clamp(-0.5, 1.5)))
    }

    fn svg(&self) -> Element {
        let svg = el("svg")
            .attr("viewBox", "0 0 1000 1000")
            .attr("preserveAspectRatio", "none")
            .attr("role", "img")
            .attr("aria-label", &self.said);
        let picture = self.layers.iter().any(|layer| matches!(layer, Layer::Image(_)));
        svg.child((!picture).then(|| self.grid())).children(self.layers.iter().map(|layer| self.draw(layer)))
    }

    fn grid(&self) -> Element {
        let mut path = String::new();
        for (value, _) in self.x_ticks() {
            let (x, _) = self.at(value, self.y.from);
            let _ = write!(path, "M{x:.1} 0V1000");
        }
        for (value, _) in self.y.ticks() {
            let (_, y) = self.at(self.x.from, value);
            let _ = write!(path, "M0 {y:.1}H1000");
        }
        el("path").class("grid").attr("d", path)
    }

    fn draw(&self, layer: &Layer) -> Markup {
        let path = |class: &str, d: String| Markup::from(el("path").class(class).attr("d", d));
        let read = |kind: &str, class: &str, shown: &str, d: String| {
            let path = el("path").class(format!("{class} {shown}")).attr("d", d);
            Markup::from(match self.name(class) {
                Some(name) => path.attr("data-read", kind).attr("data-name", name),
                None => path,
            })
        };
        match layer {
            Layer::Line(class, points) => read("line", class, "line", self.line(points)),
            Layer::Area(class, points) => read("area", class, "fill", self.area(points)),
            Layer::Bars(class, bars) => {
                let mut d = String::new();
                for [left, right, from, to] in bars {
                    let ((x, y), (right, bottom)) = (self.at(*left, *to), self.at(*right, *from));
                    let _ = write!(d, "M{x:.1} {y:.1}H{right:.1}V{bottom:.1}H{x:.1}Z");
                }
                read("bars", class, "fill", d)
            }
            Layer::Level(class, y, _) => {
                let (_, y) = self.at(self.x.from, *y);
                path(&format!("{class} line dash"), format!("M0 {y:.1}H1000"))
            }
            Layer::Spans(spans) => {
                let mut d = String::new();
                for (from, to) in spans {
                    let ((x, _), (right, _)) = (self.at(*from, self.y.from), self.at(*to, self.y.from));
                    let _ = write!(d, "M{x:.1} 0H{right:.1}V1000H{x:.1}Z");
                }
                path("out fill", d)
            }
            Layer::Image(_) => Markup::default(),
        }
    }

    fn line(&self, points: &[(f64, f64)]) -> String {
        let (mut d, mut down) = (String::new(), false);
        for (x, y) in points.iter().step_by(points.len().div_ceil(MOST_POINTS).max(1)) {
            if !(x.is_finite() && y.is_finite()) {
                down = false;
                continue;
            }
            let (x, y) = self.at(*x, *y);
            let _ = write!(d, "{}{x:.1} {y:.1}", if down { 'L' } else { 'M' });
            down = true;
        }
        d
    }

    fn area(&self, points: &[(f64, f64, f64)]) -> String {
        let mut d = String::new();
        for (n, (x, _, high)) in points.iter().enumerate() {
            let (x, y) = self.at(*x, *high);
            let _ = write!(d, "{}{x:.1} {y:.1}", if n > 0 { 'L' } else { 'M' });
        }
        for (x, low, _) in points.iter().rev() {
            let (x, y) = self.at(*x, *low);
            let _ = write!(d, "L{x:.1} {y:.1}");
        }
        if !d.is_empty() {
            d.push('Z');
        }
        d
    }

    fn mark(&self, layer: &Layer) -> Option<Element> {
        let Layer::Level(class, y, name) = layer else { return None };
        let side = if *class == "gate" { "mark early" } else { "mark" };
        let bottom = 100.0 * self.y.place(*y);
        let inside = !name.is_empty() && (2.0..=98.0).contains(&bottom);
        inside.then(|| el("span").class(side).attr("style", format!("bottom:{bottom:.1}%")).text(name))
    }

    fn x_ticks(&self) -> Vec<(f64, Option<String>)> {
        if self.time { time_ticks(self.x.from, self.x.to) } else { self.x.ticks() }
    }

    fn xs(&self) -> Vec<Element> {
        let ticks = self
            .x_ticks()
            .into_iter()
            .filter_map(|(value, words)| Some((self.x.place(value), value, words?)));
        let label = |(n, (place, value, words)): (usize, (f64, f64, String))| {
            let side = if place < 0.02 {
                "l"
            } else if place > 0.97 {
                "r"
            } else {
                ""
            };
            // On a narrow page only every other one, and of decades the first: the last label would lie on that of 10 kHz.
            let major = if self.x.log { words.starts_with('1') || side == "l" } else { n % 2 == 0 };
            let minor = if major { "" } else { "minor" };
            let last = if side == "r" && !self.x.log && !self.time && value.abs() < 1e-9 {
                "0".to_owned()
            } else {
                words
            };
            el("span")
                .class(format!("{side} {minor}").trim())
                .attr("style", format!("left:{:.2}%", 100.0 * place))
                .text(last)
        };
        ticks.enumerate().map(label).collect()
    }

    fn ys(&self) -> Vec<Element> {
        let ticks: Vec<(f64, String)> =
            self.y.ticks().into_iter().filter_map(|(value, words)| Some((value, words?))).collect();
        // Two labels need this much room; where there is less, those next to zero (or to the first) are left out.
        let every = (ticks.len() * LABEL_PX).div_ceil(self.height_px.max(1) as usize).max(1);
        let zero = ticks.iter().position(|tick| tick.0.abs() < 1e-9).unwrap_or(0);
        let kept = ticks.iter().enumerate().filter(|(n, _)| n.abs_diff(zero).is_multiple_of(every));
        let label = |(_, (value, words)): (usize, &(f64, String))| {
            let place = self.y.place(*value).clamp(0.03, 0.97);
            el("span").attr("style", format!("bottom:{:.1}%", 100.0 * place)).text(words)
        };
        kept.map(label).collect()
    }
}

/// Round times, at most nine of them.
fn time_ticks(from: f64, to: f64) -> Vec<(f64, Option<String>)> {
    const STEPS: [f64; 14] =
        [1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0];
    let step = STEPS.into_iter().find(|step| (to - from) / step <= 9.0).unwrap_or(14_400.0);
    let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
    (first..=last.min(first + 50)).map(|n| n as f64 * step).map(|at| (at, Some(clock(at)))).collect()
}

/// What is drawn in which colour.
#[must_use]
pub fn legend(names: &[(&'static str, String)]) -> Option<Element> {
    let one = |(class, name): &(&'static str, String)| {
        el("li").class(class).child(el("i").attr("aria-hidden", "true")).text(name)
    };
    (!names.is_empty()).then(|| el("ul").class("legend").children(names.iter().map(one)))
}

/// The numbers of a picture, folded away.
#[must_use]
pub fn numbers(title: &str, table: &Rows) -> Option<Element> {
    (!table.rows.is_empty()).then(|| {
        let summary = el("summary").text("Numbers of this picture");
        el("details").child(summary).child(scroll(title, table_of(table, title)))
    })
}

/// What may be wider than the page: it scrolls by itself, by keyboard too.
#[must_use]
pub fn scroll(name: &str, inner: Element) -> Element {
    el("div")
        .class("scroll")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", format!("Table: {name}"))
        .child(inner)
}

/// A table; all cells but the first are numbers.
#[must_use]
pub fn table_of(table: &Rows, caption: &str) -> Element {
    let head = table.head.iter().enumerate().map(|(n, name)| match (n, name.is_empty()) {
        (_, true) => el("td"),
        (0, false) => el("th").attr("scope", "col").text(name),
        _ => el("th").attr("scope", "col").class("number").text(name),
    });
    let row = |cells: &Vec<String>| {
        el("tr").children(cells.iter().enumerate().map(|(n, cell)| match n {
            0 => el("th").attr("scope", "row").text(cell),
            _ => el("td").class("number").text(cell),
        }))
    };
    el("table")
        .child(el("caption").text(caption))
        .child(el("thead").child(el("tr").children(head)))
        .child(el("tbody").children(table.rows.iter().map(row)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(layers: Vec<Layer>) -> String {
        let plot = Plot {
            title: "a < b".into(),
            lead: String::new(),
            said: "a line".into(),
            x: Axis::log("Hz", 20.0, 20_000.0),
            time: false,
            y: Axis::linear("dB", -12.0, 12.0),
            height_px: 200,
            half: false,
            legend: vec![("a", "before".into())],
            layers,
            table: rows(["band", "dB"], [["1 kHz".into(), "3".into()]]),
        };
        Markup::from(plot.figure()).into_string()
    }

    #[test]
    fn points_land_where_the_axes_say_and_gaps_lift_the_pen() {
        // Left bottom, the geometric mean of the frequencies in the middle, right top.
        let text = plot(vec![Layer::Line("a", vec![(20.0, -12.0), (632.455_532, 0.0), (20_000.0, 12.0)])]);
        assert!(text.contains("d=\"M0.0 1000.0L500.0 500.0L1000.0 0.0\""), "{text}");
        let text =
            plot(vec![Layer::Line("b", vec![(20.0, 0.0), (30.0, f64::NEG_INFINITY), (632.455_532, 0.0)])]);
        assert!(text.contains("class=\"b line\" d=\"M0.0 500.0M500.0 500.0\""), "{text}");
        let text = plot(vec![
            Layer::Bars("b", vec![[20.0, 20_000.0, 0.0, 6.0]]),
            Layer::Level("b", 6.0, "six".into()),
        ]);
        assert!(text.contains("M0.0 250.0H1000.0V500.0H0.0Z") && text.contains("bottom:75.0%"), "{text}");
    }

    #[test]
    fn a_picture_says_what_it_shows_and_has_its_numbers_as_a_table() {
        let text = plot(Vec::new());
        for part in [
            "role=\"img\" aria-label=\"a line\"",
            "<h3>a &lt; b</h3>",
            "<th scope=\"row\">1 kHz</th>",
            "scope=\"col\"",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn times_are_round_and_few() {
        let words = |to: f64| time_ticks(0.0, to).into_iter().filter_map(|tick| tick.1).collect::<Vec<_>>();
        assert_eq!(
            words(70.0),
            ["0:00", "0:10", "0:20", "0:30", "0:40", "0:50", "1:00", "1:10"].map(str::to_owned)[..]
                .to_vec()
                .into_iter()
                .collect::<Vec<_>>()
        );
        assert_eq!(words(240.0).len(), 9);
        assert!(words(36_000.0).len() <= 10 && words(0.3) == ["0:00"]);
    }

    #[test]
    fn numbers_are_written_as_people_write_them() {
        assert_eq!(
            (signed(-1.25, 1), signed(0.01, 1), signed(2.0, 1)),
            ("−1.2".into(), "0.0".into(), "+2.0".into())
        );
        assert_eq!(minus("-3.5 dB, -1 to -2; mp3-320, 2026-11-21"), "−3.5 dB, −1 to −2; mp3-320, 2026-11-21");
        assert_eq!((plain(-14.0, 1), plain(f64::NEG_INFINITY, 1)), ("−14.0".into(), "−∞".into()));
        assert_eq!(
            (hertz(31.5), hertz(16_000.0), clock(125.4)),
            ("31.5 Hz".into(), "16 kHz".into(), "2:05".into())
        );
    }
}
