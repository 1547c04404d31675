//! Where a sound stands among loudspeakers: vector base amplitude panning.
//!
//! A direction lies between two loudspeakers of a ring, or among three of a dome; the gains are the direction's
//! coordinates in the base of theirs, brought to a sum of squares of 1 (V. Pulkki, "Virtual Sound Source Positioning
//! Using Vector Base Amplitude Panning", JAES 45(6), 1997, equations 9 and 18). A direction that is a loudspeaker's
//! own gives that loudspeaker alone, exactly.
//!
//! The triangles of a dome are fixed for each layout. Where four loudspeakers form a face, it can be cut into
//! triangles in two ways that are each lopsided: both are asked and their gains added, so that left and right, and
//! front and back, stay mirror images. Straight up stands an imaginary loudspeaker whose signal goes to all tops
//! alike (as BS.2127-1, section 6.1.3, does).
//!
//! Azimuth counts from the front to the left (BS.2051: left is +30°), elevation upwards.

use crate::math::{PI, cos, sin};

/// Most loudspeakers of a layout: 7.1.4.
pub const MOST: usize = 12;

/// Gains of the loudspeakers of a layout.
pub type Gains = [f64; MOST];

/// Place of a loudspeaker, or of a sound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Direction {
    /// Degrees from the front, to the left.
    pub azimuth_degrees: f64,
    /// Degrees over the horizon.
    pub elevation_degrees: f64,
}

impl Direction {
    /// A direction on the horizon.
    #[must_use]
    pub fn horizontal(azimuth_degrees: f64) -> Self {
        Self { azimuth_degrees, elevation_degrees: 0.0 }
    }

    /// Front, left, up; length 1.
    fn vector(self) -> [f64; 3] {
        let azimuth = self.azimuth_degrees * (PI / 180.0);
        let elevation = self.elevation_degrees * (PI / 180.0);
        [cos(azimuth) * cos(elevation), sin(azimuth) * cos(elevation), sin(elevation)]
    }
}

/// How a sound fills the room around its direction.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extent {
    /// Angle of the circle it fills: 0 is a point, 360 everything. By points on circles around the direction (V.
    /// Pulkki, "Uniform Spreading of Amplitude Panned Virtual Sources", WASPAA 1999).
    pub spread_degrees: f64,
    /// 0: where it is; 1: wholly 30° to the left and to the right of it; between: some of each (BS.2127-1, section
    /// 7.3.7, whose coefficients these are; the angle is that from the centre to the front pair).
    pub divergence: f64,
}

/// Angle to either side that a diverging sound goes to: from the centre to left and right (BS.2051).
const DIVERGENCE_DEGREES: f64 = 30.0;

/// A gain of this part of the largest is rounding. By our own convention: -200 dB.
const ROUNDING: f64 = 1e-10;

/// Two or three loudspeakers and the inverse of their base, a row for each.
#[derive(Debug, Clone, PartialEq)]
struct Base {
    speakers: [usize; 3],
    rows: [[f64; 3]; 3],
}

/// Loudspeakers of a layout, cut into pairs or triangles once.
#[derive(Debug, Clone, PartialEq)]
pub struct Panner {
    channels: usize,
    shape: Shape,
}

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    /// One loudspeaker, or none.
    Single(Option<usize>),
    /// Loudspeakers in front only, up to this far to the side: what is behind is heard in front.
    Front(Vec<Base>, f64),
    /// All around.
    Ring(Vec<Base>),
    /// Two ways to cut a dome into triangles; the imaginary loudspeaker is number [`MOST`].
    Dome([Vec<Base>; 2], Vec<usize>),
}

impl Panner {
    /// A panner for loudspeakers in channel order; `None` is one that nothing is panned to (the LFE). Loudspeakers
    /// over the horizon must be the four tops of 5.1.4 or 7.1.4, after all others; at most [`MOST`].
    #[must_use]
    pub fn new(speakers: &[Option<Direction>]) -> Self {
        let mut ring: Vec<(f64, usize)> = Vec::new();
        let mut tops: Vec<(f64, usize)> = Vec::new();
        for (channel, direction) in speakers.iter().enumerate().take(MOST) {
            let Some(direction) = direction else { continue };
            let list = if direction.elevation_degrees > 0.0 { &mut tops } else { &mut ring };
            list.push((direction.azimuth_degrees, channel));
        }
        ring.sort_by(|a, b| b.0.total_cmp(&a.0));
        let at = |channel: usize| {
            speakers.get(channel).copied().flatten().map_or([0.0, 0.0, 1.0], Direction::vector)
        };
        let pair = |a: usize, b: usize| Base::new([a, b, MOST], at);
        let around: Vec<Base> = ring
            .iter()
            .zip(ring.iter().cycle().skip(1))
            .filter(|(a, b)| (a.0 - b.0).rem_euclid(360.0) < 179.0)
            .filter_map(|(a, b)| pair(a.1, b.1))
            .collect();
        let shape = match (ring.len(), tops.as_slice()) {
            (0 | 1, []) => Shape::Single(ring.first().map(|speaker| speaker.1)),
            (count, []) if around.len() < count => {
                Shape::Front(around, ring.first().map_or(0.0, |speaker| speaker.0.abs()))
            }
            (_, []) => Shape::Ring(around),
            _ => dome(&ring, &tops, at),
        };
        Self { channels: speakers.len().min(MOST), shape }
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Gains of a sound: their squares add up to 1. What is under the horizon is heard on it.
    #[must_use]
    pub fn gains(&self, at: Direction, extent: Extent) -> Gains {
        let (spread, divergence) = (sane(extent.spread_degrees, 360.0), sane(extent.divergence, 1.0));
        let at = Direction {
            azimuth_degrees: if at.azimuth_degrees.is_finite() { at.azimuth_degrees % 360.0 } else { 0.0 },
            elevation_degrees: sane(at.elevation_degrees, 90.0),
        };
        if divergence == 0.0 {
            return self.spread(at, spread);
        }
        let aside = |by: f64| Direction { azimuth_degrees: at.azimuth_degrees + by, ..at };
        let mut sum = [0.0; MOST];
        // BS.2127-1, section 7.3.7: (1 - d)/(1 + d) stays, d/(1 + d) goes to either side.
        let side = divergence / (1.0 + divergence);
        if divergence < 1.0 {
            add(&mut sum, &self.spread(at, spread), (1.0 - divergence) / (1.0 + divergence));
        }
        add(&mut sum, &self.spread(aside(DIVERGENCE_DEGREES), spread), side);
        add(&mut sum, &self.spread(aside(-DIVERGENCE_DEGREES), spread), side);
        normalised(sum)
    }

    fn spread(&self, at: Direction, spread_degrees: f64) -> Gains {
        if spread_degrees == 0.0 {
            return self.point(at.vector());
        }
        let (ahead, left, up) = frame(at);
        let mut sum = self.point(ahead);
        // Two circles of points at a quarter and a half of the angle, as far apart as a loudspeaker layout can tell.
        for (part, points) in [(0.25, 6_u32), (0.5, 12)] {
            let angle = part * spread_degrees * (PI / 180.0);
            let (near, far) = (cos(angle), sin(angle));
            for point in 0..points {
                let turn = 2.0 * PI * f64::from(point) / f64::from(points);
                let (a, b) = (far * cos(turn), far * sin(turn));
                let vector = [0, 1, 2].map(|axis| near * ahead[axis] + a * left[axis] + b * up[axis]);
                add(&mut sum, &self.point(vector), 1.0);
            }
        }
        normalised(sum)
    }

    /// Gains of a point in a direction of length 1.
    fn point(&self, vector: [f64; 3]) -> Gains {
        let mut gains = [0.0; MOST];
        match &self.shape {
            Shape::Single(None) => return gains,
            Shape::Single(Some(channel)) => gains[*channel] = 1.0,
            Shape::Front(bases, most) => best(bases, ahead(vector, *most), &mut gains, &[]),
            Shape::Ring(bases) => best(bases, flat(vector), &mut gains, &[]),
            Shape::Dome(cuts, tops) => {
                let vector = if vector[2] < 0.0 { flat(vector) } else { vector };
                for bases in cuts {
                    let mut one = [0.0; MOST];
                    best(bases, vector, &mut one, tops);
                    add(&mut gains, &normalised(one), 1.0);
                }
            }
        }
        normalised(gains)
    }
}

fn sane(value: f64, most: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, most) }
}

fn add(sum: &mut Gains, gains: &Gains, factor: f64) {
    sum.iter_mut().zip(gains).for_each(|(sum, gain)| *sum += gain * factor);
}

/// Gains of power 1; a single one is exactly 1.
fn normalised(mut gains: Gains) -> Gains {
    let most = gains.iter().fold(0.0, |most: f64, gain| most.max(*gain));
    gains.iter_mut().filter(|gain| **gain <= most * ROUNDING).for_each(|gain| *gain = 0.0);
    let scale = match gains.iter().filter(|gain| **gain > 0.0).count() {
        0 => return gains,
        1 => most,
        _ => gains.iter().map(|gain| gain * gain).sum::<f64>().sqrt(),
    };
    gains.map(|gain| gain / scale)
}

/// A direction brought to the horizon; straight up or down is the front.
fn flat(vector: [f64; 3]) -> [f64; 3] {
    let length = (vector[0] * vector[0] + vector[1] * vector[1]).sqrt();
    if length > 1e-9 { [vector[0] / length, vector[1] / length, 0.0] } else { [1.0, 0.0, 0.0] }
}

/// A direction brought to the front, no further aside than the outermost loudspeaker.
fn ahead(vector: [f64; 3], most_degrees: f64) -> [f64; 3] {
    let vector = flat(vector);
    let most = Direction::horizontal(most_degrees).vector();
    if vector[1].abs() >= most[1] {
        return [most[0], if vector[1] < 0.0 { -most[1] } else { most[1] }, 0.0];
    }
    [vector[0].abs(), vector[1], 0.0]
}

/// The direction, and what is left and up of it.
fn frame(at: Direction) -> ([f64; 3], [f64; 3], [f64; 3]) {
    let left = Direction::horizontal(at.azimuth_degrees + 90.0).vector();
    let up = Direction { elevation_degrees: at.elevation_degrees + 90.0, ..at };
    (at.vector(), left, up.vector())
}

/// Adds the gains of the base the direction lies in: the one whose smallest gain is largest.
fn best(bases: &[Base], vector: [f64; 3], gains: &mut Gains, tops: &[usize]) {
    let mut found: Option<(f64, &Base, [f64; 3])> = None;
    for base in bases {
        let own = base.gains(vector);
        let least = own[0].min(own[1]).min(own[2]);
        if found.is_none_or(|(most, _, _)| least > most) {
            found = Some((least, base, own));
        }
    }
    let Some((_, base, own)) = found else { return };
    for (speaker, gain) in base.speakers.into_iter().zip(own) {
        let gain = gain.max(0.0);
        match gains.get_mut(speaker) {
            Some(to) => *to += gain,
            None => {
                let share = gain / (tops.len().max(1) as f64).sqrt();
                for top in tops {
                    if let Some(to) = gains.get_mut(*top) {
                        *to += share;
                    }
                }
            }
        }
    }
}

impl Base {
    /// A base of three directions; a pair has straight up for the third.
    fn new(speakers: [usize; 3], at: impl Fn(usize) -> [f64; 3]) -> Option<Self> {
        let [a, b, c] = speakers.map(at);
        let (bc, ca, ab) = (cross(b, c), cross(c, a), cross(a, b));
        let determinant = a[0] * bc[0] + a[1] * bc[1] + a[2] * bc[2];
        let rows = [bc, ca, ab].map(|row| row.map(|x| x / determinant));
        (determinant.abs() > 1e-6).then_some(Self { speakers, rows })
    }

    fn gains(&self, vector: [f64; 3]) -> [f64; 3] {
        self.rows.map(|row| row[0] * vector[0] + row[1] * vector[1] + row[2] * vector[2])
    }
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Triangles of 5.1.4 and 7.1.4: the ring of the horizon from left to right over the front, the tops as front left,
/// front right, back left, back right.
fn dome(ring: &[(f64, usize)], tops: &[(f64, usize)], at: impl Fn(usize) -> [f64; 3]) -> Shape {
    let speaker = |azimuth: f64| {
        ring.iter().find(|(other, _)| (other - azimuth).abs() < 1.0).map_or(MOST, |speaker| speaker.1)
    };
    let top = |number: usize| tops.get(number).map_or(MOST, |top| top.1);
    let (left, right, centre) = (speaker(30.0), speaker(-30.0), speaker(0.0));
    let back = ring.first().map_or(110.0, |first| first.0);
    let (back_left, back_right) = (speaker(back), speaker(-back));
    let (side_left, side_right) = (speaker(90.0), speaker(-90.0));
    let (fl, fr, bl, br) = (top(0), top(1), top(2), top(3));
    let mut common = vec![
        [left, centre, fl],
        [centre, right, fr],
        [centre, fl, fr],
        [fl, fr, MOST],
        [fr, br, MOST],
        [br, bl, MOST],
        [bl, fl, MOST],
    ];
    let mut first = vec![[back_left, back_right, bl], [back_right, bl, br]];
    let mut second = vec![[back_left, back_right, br], [back_left, bl, br]];
    if side_left < MOST {
        // Seven on the horizon: the side stands under the middle of the tops.
        for (front, side, back, tf, tb) in
            [(left, side_left, back_left, fl, bl), (right, side_right, back_right, fr, br)]
        {
            common.extend([[front, side, tf], [side, tf, tb], [side, back, tb]]);
        }
    } else {
        for (front, back, tf, tb) in [(left, back_left, fl, bl), (right, back_right, fr, br)] {
            first.extend([[front, back, tf], [back, tf, tb]]);
            second.extend([[front, back, tb], [front, tf, tb]]);
        }
    }
    let cut = |own: Vec<[usize; 3]>| {
        common.iter().chain(&own).filter_map(|speakers| Base::new(*speakers, &at)).collect()
    };
    Shape::Dome([cut(first), cut(second)], tops.iter().map(|top| top.1).collect())
}

#[cfg(test)]
mod tests;
