//! Clips in the text: parts of files at times of the session, with fades, gain, loop and direction.

use super::automation::{Point, read_points};
use super::controls::Curve;
use super::course::Course;
use super::files;
use super::read::{Node, Reader, Span, Take, wrong};
use super::{Named, Origin};
use fx::Fields;

/// Most clips of a track. By our own convention: far past any real session.
const MOST_CLIPS: usize = 65_536;

fx::choice! {
    /// Course of a fade, from 0 to 1 over its length.
    pub enum FadeShape {
        /// x: two of them across a cut keep the amplitude.
        Linear = "linear",
        /// sin(πx/2): two of them across a cut keep the power.
        EqualPower = "equal_power",
        /// (1 - cos πx)/2: symmetric S, no corner at either end.
        Smooth = "smooth",
        /// x²: slow at first.
        Slow = "slow",
        /// 1 - (1 - x)²: fast at first.
        Fast = "fast",
        /// 60 dB in equal steps, silent at the very end.
        Decibel = "decibel",
        /// (e^cx - 1)/(e^c - 1), c the curvature: slow at first, the more so the larger c.
        Exponential = "exponential",
        /// (1 - e^-cx)/(1 - e^-c), c the curvature: fast at first, the more so the larger c.
        Logarithmic = "logarithmic",
    }
}

fx::choice! {
    /// How two clips that overlap, or two passes of a loop, go over into each other.
    pub enum Crossfade {
        /// Equal gain or equal power, by the correlation of what overlaps; fades drawn by hand stay as they are.
        Auto = "auto",
        /// Gains add up to one: for two recordings of the same sound.
        EqualGain = "equal_gain",
        /// Powers add up to one: for different sounds.
        EqualPower = "equal_power",
        /// None: both sound in full.
        None = "none",
    }
}

fx::choice! {
    /// Course of a crossfade.
    pub enum CrossfadeShape {
        /// Evenly over its length.
        Linear = "linear",
        /// Slow at both ends, quick in the middle.
        Smooth = "smooth",
    }
}

fx::fields! {
    /// Numbers of a clip.
    pub struct ClipControls {
        /// Where it begins, from the start of the session.
        start_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Where it begins, in beats; instead of seconds.
        start_beats: Beats = 0.0 in 0.0..=3000000.0;
        /// What is left out at the beginning of the file.
        offset_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// How long it plays; 0 is to the end of the file.
        length_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Gain.
        gain_db: Db = 0.0 in -144.0..=48.0;
        /// Fade at the beginning.
        fade_in_ms: Ms = 0.0 in 0.0..=600000.0;
        /// Fade at the end.
        fade_out_ms: Ms = 0.0 in 0.0..=600000.0;
        /// Course of the fade at the beginning.
        fade_in_shape: choice FadeShape = Linear;
        /// Course of the fade at the end.
        fade_out_shape: choice FadeShape = Linear;
        /// Bend of an exponential or logarithmic fade at the beginning.
        fade_in_curvature: Plain = 4.0 in 0.01..=20.0;
        /// Bend of an exponential or logarithmic fade at the end.
        fade_out_curvature: Plain = 4.0 in 0.01..=20.0;
        /// Played from its end to its beginning.
        reverse: switch = false;
        /// Speed it is played at, pitch with it: 2 is an octave up in half the time.
        speed: Plain = 1.0 in 0.25..=4.0;
        /// Times the length at the same pitch: 2 is half as fast.
        stretch: Plain = 1.0 in 0.25..=4.0;
        /// How the clip before goes over into this one, where they overlap.
        crossfade: choice Crossfade = Auto;
        /// Length of the crossfade from the beginning of this clip on; 0 is the whole overlap.
        crossfade_ms: Ms = 0.0 in 0.0..=600000.0;
        /// Course of the crossfade.
        crossfade_shape: choice CrossfadeShape = Linear;
    }
}

fx::fields! {
    /// A part of the file that is played again and again.
    pub struct LoopControls {
        /// Where it begins in the file.
        start_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// Where it ends in the file; 0 is the end of the file.
        end_seconds: Seconds = 0.0 in 0.0..=360000.0;
        /// How often it is heard, before the file goes on behind it; 0: until the clip is as long as `length_seconds`.
        count: Plain = 0.0 in 0.0..=1000000.0;
        /// Crossfade at each joint.
        crossfade_ms: Ms = 5.0 in 0.0..=5000.0;
        /// Its law.
        crossfade: choice Crossfade = Auto;
    }
}

/// A part of a file at a time of the session.
#[derive(Debug, Clone)]
pub struct Clip {
    /// The file, as written.
    pub file: Named,
    /// Channels of the file that are played, from 0; empty: all, one or two. More than two are a surround layout.
    pub channels: Vec<usize>,
    /// Times, gain and fades.
    pub controls: ClipControls,
    /// Whether the beginning was given in beats.
    pub in_beats: bool,
    /// The part that is played again and again.
    pub looped: Option<LoopControls>,
    /// Gain over time: seconds from the clip's own beginning, and decibels; added to `gain_db`.
    pub gain_points: Vec<Point>,
    /// Whether it is all a track has said: `file = "…"`.
    pub whole: bool,
}

impl Clip {
    pub(super) fn of_file(file: Named, channels: Vec<usize>) -> Self {
        let (controls, gain_points) = (ClipControls::default(), Vec::new());
        Self { file, channels, controls, in_beats: false, looped: None, gain_points, whole: true }
    }

    /// Where it begins, in seconds.
    #[must_use]
    pub fn start_seconds(&self, session: &super::Session) -> f64 {
        if self.in_beats {
            session.seconds_of_beats(self.controls.start_beats)
        } else {
            self.controls.start_seconds
        }
    }
}

/// The clips of a track: `file`, or a list of them.
pub(super) fn read(reader: &mut Reader<'_>, take: &mut Take<'_>, origin: &Origin) -> Vec<Clip> {
    let file = take.take("file");
    let channels = take.take("channels");
    let list = take.take("clip");
    match (file, list) {
        (Some(_), Some(list)) => {
            reader.say(&list.span, wrong("two_ways", "a track has `file` or [[track.clip]], not both"));
            Vec::new()
        }
        (Some(file), None) => {
            let channels = channels.map(|node| pick(reader, &node)).unwrap_or_default();
            let file = files::name(reader, &file, origin);
            file.map(|file| Clip::of_file(file, channels)).into_iter().collect()
        }
        (None, Some(list)) => {
            if let Some(channels) = channels {
                reader.say(&channels.span, wrong("two_ways", "`channels` belongs into the clip here"));
            }
            let nodes = reader.list(&list, "clip", MOST_CLIPS);
            nodes.iter().filter_map(|node| one(reader, node, origin)).collect()
        }
        (None, None) => {
            let what = wrong("missing_key", "a track has no audio")
                .hint("file = \"audio/lead.wav\", or [[track.clip]]");
            reader.say(&take.span, what);
            Vec::new()
        }
    }
}

fn one(reader: &mut Reader<'_>, node: &Node<'_>, origin: &Origin) -> Option<Clip> {
    let mut take = reader.table(node, "clip")?;
    let file = match take.take("file") {
        Some(node) => files::name(reader, &node, origin),
        None => {
            reader.say(&take.span, wrong("missing_key", "a clip has no `file`"));
            None
        }
    };
    let channels = take.take("channels").map(|node| pick(reader, &node)).unwrap_or_default();
    let edit = edit(reader, take);
    Some(Clip { file: file?, channels, ..edit })
}

/// Clips without a file: the edits of a group.
pub(super) fn edits(reader: &mut Reader<'_>, list: &Node<'_>) -> Vec<Clip> {
    let nodes = reader.list(list, "clip", MOST_CLIPS);
    let tables: Vec<Take<'_>> = nodes.iter().filter_map(|node| reader.table(node, "clip")).collect();
    tables.into_iter().map(|take| edit(reader, take)).collect()
}

/// Everything of a clip but its file.
fn edit(reader: &mut Reader<'_>, mut take: Take<'_>) -> Clip {
    let mut controls = ClipControls::default();
    let given = take.fields(reader, &mut controls);
    let in_beats = given.contains(&"start_beats");
    if in_beats && given.contains(&"start_seconds") {
        let at = take.key_span("start_beats");
        reader.say(&at, wrong("two_ways", "a clip begins at `start_seconds` or at `start_beats`, not both"));
    }
    let looped = take.take("loop").and_then(|node| read_loop(reader, &node, &controls));
    let gain_points = take.take("gain_points").map(|node| gain_points(reader, &node)).unwrap_or_default();
    take.finish(reader, "a clip");
    let file = Named::default();
    Clip { file, channels: Vec::new(), controls, in_beats, looped, gain_points, whole: false }
}

fn read_loop(reader: &mut Reader<'_>, node: &Node<'_>, clip: &ClipControls) -> Option<LoopControls> {
    let mut take = reader.table(node, "loop")?;
    let mut controls = LoopControls::default();
    take.fields(reader, &mut controls);
    let key = |take: &Take<'_>, key: &str| -> Span { take.key_span(key) };
    let (start, end) = (controls.start_seconds, controls.end_seconds);
    if end > 0.0 && end <= start {
        let what = format!("the loop ends at {end} s and begins at {start} s");
        reader
            .say(&key(&take, "end_seconds"), wrong("bad_loop", what).hint("end_seconds after start_seconds"));
    }
    if end > 0.0 && clip.offset_seconds >= end {
        let what = format!("the clip begins {} s into the file, behind its loop", clip.offset_seconds);
        reader.say(&key(&take, "end_seconds"), wrong("bad_loop", what).hint("make offset_seconds smaller"));
    }
    if controls.count.fract() != 0.0 {
        reader.say(&key(&take, "count"), wrong("out_of_range", "`count` is a whole number"));
    }
    if controls.count == 0.0 && clip.length_seconds == 0.0 {
        let what = wrong("bad_loop", "a loop without `count` needs the clip's `length_seconds`")
            .hint("loop = { count = 4 }, or length_seconds = 30.0 in the clip");
        reader.say(&take.span, what);
    }
    take.finish(reader, "a loop");
    Some(controls)
}

fn gain_points(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<Point> {
    let param = ClipControls::PARAMS.iter().find(|param| param.key == "gain_db");
    let usual = (Curve::Linear, Course::Linear);
    param.map(|param| read_points(reader, node, param, usual, |time| time)).unwrap_or_default()
}

/// Channels a clip can have: mono, stereo, LCR, quad, 5.0, 5.1, 7.1, 5.1.4, 7.1.4.
const WIDTHS: [usize; 9] = [1, 2, 3, 4, 5, 6, 8, 10, 12];

/// Channels of the file, counted from 1 in the text and from 0 here.
fn pick(reader: &mut Reader<'_>, node: &Node<'_>) -> Vec<usize> {
    let list = node.as_list().unwrap_or_default();
    let numbers: Option<Vec<usize>> = list
        .iter()
        .map(|node| {
            node.as_number().filter(|n| n.fract() == 0.0 && (1.0..=64.0).contains(n)).map(|n| n as usize - 1)
        })
        .collect();
    match numbers {
        Some(numbers) if WIDTHS.contains(&numbers.len()) => numbers,
        _ => {
            let what =
                wrong("bad_channels", "`channels` names channels of the file, from 1: 1 to 6, 8, 10 or 12")
                    .hint("channels = [1], channels = [1, 2], or for 5.1 channels = [1, 2, 3, 4, 5, 6]");
            reader.say(&node.span, what);
            Vec::new()
        }
    }
}

impl FadeShape {
    /// Gain at `x` of the way in, 0 to 1. `curvature` bends the exponential and the logarithmic one.
    #[must_use]
    pub fn gain(self, x: f64, curvature: f64) -> f64 {
        use dsp::math::{FRAC_PI_2, PI, cos, expm1, sin};
        let x = x.clamp(0.0, 1.0);
        match self {
            Self::Linear => x,
            Self::EqualPower => sin(FRAC_PI_2 * x),
            Self::Smooth => 0.5 - 0.5 * cos(PI * x),
            Self::Slow => x * x,
            Self::Fast => 1.0 - (1.0 - x) * (1.0 - x),
            // 60 dB: below that a fade is taken for silence (the range of a reverberation time, ISO 3382-1).
            Self::Decibel if x > 0.0 => dsp::math::db_to_gain(-60.0 * (1.0 - x)),
            Self::Decibel => 0.0,
            Self::Exponential => expm1(curvature * x) / expm1(curvature),
            Self::Logarithmic => expm1(-curvature * x) / expm1(-curvature),
        }
    }
}
