//! A side of a record as a picture: the disc from above, and what the groove does along the side.

use super::chart::{Axis, Chart, Line};
use crate::vinyl::cut::{Cut, Turn};
use crate::vinyl::plan::SidePlan;
use crate::vinyl::{Format, Song};
use std::fmt::Write;

/// Width of the picture, and height of the disc and of a chart, in SVG units.
const WIDTH: f64 = 720.0;
const DISC: f64 = 420.0;
const CHART: f64 = 400.0;
/// Turns drawn as one ring.
const RING_TURNS: usize = 3;
/// Radius of an elliptical stylus, µm: the line in the lowest chart.
const STYLUS_UM: f64 = 7.6;
/// Pitch drawn lightest and darkest, µm.
const PITCH_UM: [f64; 2] = [60.0, 200.0];

/// The picture of a side: SVG, the same bytes for the same side.
#[must_use]
pub fn side_svg(side: &SidePlan, songs: &[Song], format: &Format) -> String {
    let charts = charts(side);
    let height = DISC + CHART * charts.len() as f64;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\" role=\"img\">\n<title>Side {}</title>\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>\n",
        side.letter
    );
    disc(&mut text, side, format);
    legend(&mut text, side, songs, format);
    for (index, chart) in charts.iter().enumerate() {
        let _ = writeln!(text, "<g transform=\"translate(0 {})\">", DISC + CHART * index as f64);
        text.push_str(&chart.svg());
        text.push_str("</g>\n");
    }
    text.push_str("</svg>\n");
    text
}

fn disc(text: &mut String, side: &SidePlan, format: &Format) {
    let scale = 0.46 * DISC / format.outer_mm;
    let (x, y) = (0.5 * DISC, 0.5 * DISC);
    let mut ring = |radius_mm: f64, width_mm: f64, colour: &str| {
        let _ = writeln!(
            text,
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{:.2}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{:.2}\"/>",
            scale * radius_mm.max(0.0),
            scale * width_mm
        );
    };
    ring(format.outer_mm + 2.0, 1.0, "#222222");
    for turns in side.cut.turns.chunks(RING_TURNS) {
        let (Some(first), Some(last)) = (turns.first(), turns.last()) else { continue };
        let width_mm = first.radius_mm - last.radius_mm + 1e-3 * last.pitch_um;
        let mean_um = turns.iter().map(|turn| turn.pitch_um).sum::<f64>() / turns.len() as f64;
        let worst = turns.iter().any(|turn| turn.steepness() > 1.0 || turn.bend_um < STYLUS_UM);
        let place = ((mean_um - PITCH_UM[0]) / (PITCH_UM[1] - PITCH_UM[0])).clamp(0.0, 1.0);
        let grey = (40.0 + 160.0 * place) as u8;
        let colour = if worst { "#d55e00".to_owned() } else { format!("#{grey:02x}{grey:02x}{grey:02x}") };
        ring(first.radius_mm - 0.5 * width_mm, width_mm * 0.9, &colour);
    }
    ring(format.inner_mm, 0.4, "#0072b2");
    // A label of 100 mm on a large record, less on a small one.
    ring(0.35 * format.inner_mm, 0.7 * format.inner_mm, "#eeeeee");
}

fn legend(text: &mut String, side: &SidePlan, songs: &[Song], format: &Format) {
    let mut lines = vec![
        format!("Side {}: {}", side.letter, format.title),
        format!("{} at {:+.1} dB re reference level", crate::vinyl::clock(side.seconds), side.cut.level_db),
        format!(
            "{:.0} lines an inch, {:.1} mm left before the label",
            side.cut.lines_per_inch(),
            side.cut.free_mm
        ),
        String::new(),
    ];
    for (song, begin) in side.songs.clone().zip(&side.cut.songs_seconds) {
        let title = songs.get(song).map_or("", |song| song.title.as_str());
        lines.push(format!("{:>6}  {title}", crate::vinyl::clock(*begin)));
    }
    lines.push(String::new());
    lines.extend(
        ["dark: narrow grooves", "orange: too steep or too sharp", "blue: innermost groove"]
            .map(str::to_owned),
    );
    for (index, line) in lines.iter().enumerate() {
        let size = if index == 0 { 15 } else { 11 };
        let _ = writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" font-size=\"{size}\">{}</text>",
            DISC + 4.0,
            40.0 + 18.0 * index as f64,
            super::chart::escaped(&line.chars().take(52).collect::<String>())
        );
    }
}

fn charts(side: &SidePlan) -> Vec<Chart> {
    let cut = &side.cut;
    let minutes = (cut.seconds / 60.0).max(0.1);
    let axis = || Axis::linear("minutes", 0.0, minutes);
    let line = |name: &str, of: &dyn Fn(&Turn) -> f64| Line {
        name: name.to_owned(),
        points: cut.turns.iter().map(|turn| (turn.seconds / 60.0, of(turn))).collect(),
    };
    let top = |of: &dyn Fn(&Turn) -> f64| cut.worst(of).map_or(1.0, of).max(1.0);
    let with_songs = |title: &str, y: Axis, mut lines: Vec<Line>| {
        lines.extend(marks(cut, &y));
        Chart { title: format!("Side {}: {title}", side.letter), x: axis(), y, lines }
    };
    vec![
        with_songs(
            "velocity against the speed of the groove",
            Axis::linear("cm/s", 0.0, 1.05 * top(&|turn: &Turn| turn.speed_cm_s.max(turn.lateral_cm_s))),
            vec![
                line("sideways", &|turn| turn.lateral_cm_s),
                line("up and down", &|turn| turn.vertical_cm_s),
                line("speed of the groove: no more than this", &|turn| turn.speed_cm_s),
            ],
        ),
        with_songs(
            "excursion and pitch",
            Axis::linear("µm", 0.0, 1.05 * top(&|turn: &Turn| turn.pitch_um.min(500.0))),
            vec![
                line("sideways", &|turn| turn.lateral_um),
                line("up and down", &|turn| turn.vertical_um),
                line("way to the next turn", &|turn| turn.pitch_um),
            ],
        ),
        with_songs(
            "sharpest bend",
            Axis::log("radius, µm", 1.0, 10_000.0),
            vec![line("bend", &|turn| turn.bend_um), line("stylus: no less than this", &|_| STYLUS_UM)],
        ),
    ]
}

/// Where songs begin, as lines without a name.
fn marks(cut: &Cut, y: &Axis) -> Vec<Line> {
    let line = |seconds: &f64| {
        let minutes = seconds / 60.0;
        Line { name: String::new(), points: vec![(minutes, y.from), (minutes, y.to)] }
    };
    cut.songs_seconds.iter().skip(1).map(line).collect()
}
