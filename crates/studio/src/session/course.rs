//! How a value gets from one point to the next.

use super::controls::Curve;
use super::read::{Node, Reader, wrong};
use dsp::math::{expm1, gain_to_db, pow};
use fx::{Kind, Param, Unit};

/// Slopes at both ends of an exponential at tension 1 differ by e to this. By our own convention: 70 dB, as good as a
/// corner.
const STEEPEST: f64 = 8.0;
/// Tension of an exponential if none is given. By our own convention: an
/// eighth of the way up halfway.
const EXPONENTIAL: f64 = 0.5;

/// The course from a point to the next.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Course {
    /// Stays.
    Hold,
    /// Straight, in the parameter's own unit.
    Linear,
    /// Straight in decibels: equal ratios in equal times. For what is in decibels that is [`Linear`](Self::Linear).
    /// Between values of which one is zero or that differ in sign there are no ratios; it is straight there.
    Decibel,
    /// Straight in linear gain, for what is in decibels; for all else [`Linear`](Self::Linear).
    Amplitude,
    /// `(e^kx - 1) / (e^k - 1)` of the way, with k of 8 times the tension: above 0 slow at first, below fast at first.
    Exponential(f64),
    /// `x + tension (3x² - 2x³ - x)` of the way: at tension 1 level at both ends, below 0 level in the middle.
    S(f64),
    /// A cubic Bézier curve from (0, 0) to (1, 1) by two handles `[x1, y1, x2, y2]`, all within 0 and 1.
    Bezier([f64; 4]),
}

impl Course {
    /// Value at `x` of the way, 0 to 1, from `from` to `to`; never outside the two.
    #[must_use]
    pub fn between(&self, from: f64, to: f64, x: f64, in_decibels: bool) -> f64 {
        let line = |way: f64| from + (to - from) * way;
        let value = match *self {
            Self::Hold => from,
            Self::Linear => line(x),
            Self::Decibel if !in_decibels && from * to > 0.0 => from * pow(to / from, x),
            Self::Amplitude if in_decibels => {
                let (from, to) = (super::controls::fader_gain(from), super::controls::fader_gain(to));
                gain_to_db(from + (to - from) * x)
            }
            Self::Decibel | Self::Amplitude => line(x),
            Self::Exponential(tension) => line(exponential(x, tension)),
            Self::S(tension) => line(x + tension * (x * x * (3.0 - 2.0 * x) - x)),
            Self::Bezier(handles) => line(bezier(x, handles)),
        };
        if matches!(self, Self::Linear) { value } else { value.clamp(from.min(to), from.max(to)) }
    }

    /// A Bézier curve of one number: a quadratic one whose handle is on the falling diagonal, above 0 slow at first.
    #[must_use]
    pub fn bent(tension: f64) -> Self {
        // The handle of the quadratic curve, and the same curve as a cubic one: two thirds of the way to the handle
        // from either end.
        let (x, y) = (0.5 + 0.5 * tension, 0.5 - 0.5 * tension);
        Self::Bezier([x * 2.0 / 3.0, y * 2.0 / 3.0, (1.0 + 2.0 * x) / 3.0, (1.0 + 2.0 * y) / 3.0])
    }
}

fn exponential(x: f64, tension: f64) -> f64 {
    let k = STEEPEST * tension;
    // Straight where the bend is below what a sample can show.
    if k.abs() < 1e-9 { x } else { expm1(k * x) / expm1(k) }
}

/// Height of the curve above `x`: the parameter is found by Newton's steps, kept between bounds that close in.
fn bezier(x: f64, [x1, y1, x2, y2]: [f64; 4]) -> f64 {
    let at = |u: f64, first: f64, second: f64| {
        let v = 1.0 - u;
        3.0 * v * v * u * first + 3.0 * v * u * u * second + u * u * u
    };
    let slope = |u: f64| {
        let v = 1.0 - u;
        3.0 * v * v * x1 + 6.0 * v * u * (x2 - x1) + 3.0 * u * u * (1.0 - x2)
    };
    let (mut low, mut high, mut u) = (0.0, 1.0, x);
    // Bounds halve at least every other step: 2^-52 is passed well before the end.
    for _ in 0..110 {
        let off = at(u, x1, x2) - x;
        if off.abs() < 1e-15 || high - low < 1e-15 {
            break;
        }
        if off > 0.0 {
            high = u
        } else {
            low = u
        }
        let step = u - off / slope(u);
        u = if step > low && step < high { step } else { 0.5 * (low + high) };
    }
    at(u, y1, y2)
}

/// Whether a parameter is in decibels.
#[must_use]
pub fn in_decibels(param: &Param) -> bool {
    matches!(param.kind, Kind::Number { unit: Unit::Db | Unit::Dbfs | Unit::Dbtp, .. })
}

/// A curve's word with the numbers behind it: none, a tension, or the four of a Bézier curve.
pub(super) fn course(curve: Curve, numbers: &[f64]) -> Option<Course> {
    let tension = match numbers {
        [] => None,
        [tension] if tension.abs() <= 1.0 => Some(*tension),
        [x1, y1, x2, y2] if curve == Curve::Bezier && numbers.iter().all(|n| (0.0..=1.0).contains(n)) => {
            return Some(Course::Bezier([*x1, *y1, *x2, *y2]));
        }
        _ => return None,
    };
    match (curve, tension) {
        (Curve::Exponential, tension) => Some(Course::Exponential(tension.unwrap_or(EXPONENTIAL))),
        (Curve::S, tension) => Some(Course::S(tension.unwrap_or(1.0))),
        (Curve::Bezier, Some(tension)) => Some(Course::bent(tension)),
        // Handles straight ahead and back: an S.
        (Curve::Bezier, None) => Some(Course::Bezier([0.5, 0.0, 0.5, 1.0])),
        (_, Some(_)) => None,
        (Curve::Hold, None) => Some(Course::Hold),
        (Curve::Linear, None) => Some(Course::Linear),
        (Curve::Decibel, None) => Some(Course::Decibel),
        (Curve::Amplitude, None) => Some(Course::Amplitude),
    }
}

/// The course written behind a point's value: a word, numbers, or both; `usual` is that of the whole curve.
pub(super) fn read(reader: &mut Reader<'_>, nodes: &[Node<'_>], usual: (Curve, Course)) -> Option<Course> {
    let Some(first) = nodes.first() else { return Some(usual.1) };
    let (curve, numbers) = match first.as_str() {
        Some(_) => (reader.curve(first)?, &nodes[1..]),
        None => (usual.0, nodes),
    };
    let values: Option<Vec<f64>> = numbers.iter().map(Node::as_number).collect();
    let found = values.and_then(|values| course(curve, &values));
    if found.is_none() {
        let what = wrong("bad_curve", "this does not describe a curve").hint(
            "[1.0, -6.0, \"s\"], with a tension from -1 to 1: [1.0, -6.0, \"exponential\", 0.5], or four handles from \
             0 to 1: [1.0, -6.0, \"bezier\", 0.3, 0.0, 0.6, 1.0]; hold, linear, decibel and amplitude have none",
        );
        reader.say(&first.span, what);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::math::{db_to_gain as gain, exp};

    const ALL: [Course; 12] = [
        Course::Hold,
        Course::Linear,
        Course::Decibel,
        Course::Amplitude,
        Course::Exponential(0.5),
        Course::Exponential(-1.0),
        Course::Exponential(0.0),
        Course::S(1.0),
        Course::S(-1.0),
        Course::Bezier([0.5, 0.0, 0.5, 1.0]),
        Course::Bezier([1.0, 0.0, 0.0, 1.0]),
        Course::Bezier([0.0, 1.0, 1.0, 0.0]),
    ];

    fn steps() -> impl Iterator<Item = f64> {
        (0..=500).map(|step| f64::from(step) / 500.0)
    }

    #[test]
    fn every_course_begins_at_its_point_and_all_but_hold_end_at_the_next() {
        for course in ALL {
            for (from, to) in [(2.0, 5.0), (5.0, 2.0), (-3.0, 4.0), (0.0, -6.0), (7.0, 7.0)] {
                for decibels in [false, true] {
                    let end = if course == Course::Hold { from } else { to };
                    assert!((course.between(from, to, 0.0, decibels) - from).abs() < 1e-12, "{course:?}");
                    assert!((course.between(from, to, 1.0, decibels) - end).abs() < 1e-12, "{course:?}");
                    let (low, high) = (from.min(to), from.max(to));
                    assert!(steps().all(|x| (low..=high).contains(&course.between(from, to, x, decibels))));
                }
            }
        }
    }

    #[test]
    fn every_course_but_a_bezier_only_goes_forward() {
        for course in ALL.iter().filter(|course| **course != Course::Bezier([0.0, 1.0, 1.0, 0.0])) {
            let values: Vec<f64> = steps().map(|x| course.between(-9.0, 4.0, x, true)).collect();
            assert!(values.windows(2).all(|pair| pair[1] >= pair[0] - 1e-12), "{course:?}");
        }
    }

    #[test]
    fn courses_have_their_closed_forms() {
        for x in steps() {
            let near = |course: Course, from: f64, to: f64, db: bool, wanted: f64| {
                let value = course.between(from, to, x, db);
                assert!((value - wanted).abs() < 1e-11, "{course:?} {x}: {value}, not {wanted}");
            };
            near(Course::Linear, 3.0, 7.0, false, 3.0 + 4.0 * x);
            // 100 Hz to 1600 Hz are four octaves.
            near(Course::Decibel, 100.0, 1600.0, false, 100.0 * exp(4.0 * x * core::f64::consts::LN_2));
            near(Course::Decibel, -12.0, 6.0, true, -12.0 + 18.0 * x);
            near(Course::Decibel, -1.0, 1.0, false, -1.0 + 2.0 * x);
            near(Course::Amplitude, 3.0, 7.0, false, 3.0 + 4.0 * x);
            // k = 4: (e^4x - 1) / (e^4 - 1), e^4 = 54.598150033144236.
            near(
                Course::Exponential(0.5),
                1.0,
                3.0,
                false,
                1.0 + 2.0 * (exp(4.0 * x) - 1.0) / 53.598_150_033_144_236,
            );
            near(Course::S(1.0), 0.0, 1.0, false, 3.0 * x * x - 2.0 * x * x * x);
            near(Course::S(-1.0), 0.0, 1.0, false, 2.0 * x - 3.0 * x * x + 2.0 * x * x * x);
            near(Course::S(0.0), 0.0, 1.0, false, x);
        }
    }

    #[test]
    fn amplitude_is_straight_in_gain_also_from_off() {
        for x in steps().filter(|x| *x > 0.0) {
            let up = gain(Course::Amplitude.between(-12.0, 6.0, x, true));
            let (from, to) = (0.251_188_643_150_958, 1.995_262_314_968_879_5);
            assert!((up - (from + (to - from) * x)).abs() < 1e-12, "{x}");
            let from_off = Course::Amplitude.between(-144.0, 0.0, x, true);
            assert!((gain(from_off) - x).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn a_bezier_curve_lies_on_its_closed_form() {
        // Points of the curve from its parameter; the height must be found again from x alone.
        for handles in
            [[0.5, 0.0, 0.5, 1.0], [0.25, 0.1, 0.25, 1.0], [1.0, 0.0, 0.0, 1.0], [0.0, 0.9, 0.3, 0.2]]
        {
            for u in steps() {
                let v = 1.0 - u;
                let on = |a: f64, b: f64| 3.0 * v * v * u * a + 3.0 * v * u * u * b + u * u * u;
                let (x, y) = (on(handles[0], handles[2]), on(handles[1], handles[3]));
                // Where the curve stands upright, the height cannot be found closer than the cube root of a rounding.
                assert!((bezier(x, handles) - y).abs() < 2e-5, "{handles:?} {u}");
                if handles[0] != 1.0 {
                    assert!((bezier(x, handles) - y).abs() < 1e-11, "{handles:?} {u}");
                }
            }
        }
        assert!((bezier(0.5, [0.5, 0.0, 0.5, 1.0]) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn a_bent_curve_is_the_quadratic_one_of_its_handle() {
        for tension in [-1.0, -0.4, 0.0, 0.7, 1.0] {
            let (hx, hy) = (0.5 + 0.5 * tension, 0.5 - 0.5 * tension);
            for u in steps() {
                let (x, y) = (2.0 * u * (1.0 - u) * hx + u * u, 2.0 * u * (1.0 - u) * hy + u * u);
                let value = Course::bent(tension).between(0.0, 1.0, x, false);
                assert!((value - y).abs() < 1e-7, "{tension} {u}: {value} {y}");
            }
        }
        assert!(Course::bent(0.5).between(0.0, 1.0, 0.5, false) < 0.4);
    }

    #[test]
    fn an_exponential_of_no_tension_is_straight_and_signs_mirror() {
        for x in steps() {
            assert!((exponential(x, 1e-12) - x).abs() < 1e-9);
            assert!((exponential(x, 0.3) - (1.0 - exponential(1.0 - x, -0.3))).abs() < 1e-12);
        }
        assert!(exponential(0.5, 1.0) < 0.02);
    }

    #[test]
    fn numbers_that_make_no_curve_are_refused() {
        for (curve, numbers) in [
            (Curve::Linear, &[0.5][..]),
            (Curve::Hold, &[0.0]),
            (Curve::S, &[1.1]),
            (Curve::S, &[f64::NAN]),
            (Curve::Exponential, &[0.1, 0.2]),
            (Curve::Bezier, &[0.1, 0.2, 0.3]),
            (Curve::Bezier, &[0.1, 1.2, 0.3, 0.4]),
            (Curve::Exponential, &[0.1, 0.2, 0.3, 0.4]),
        ] {
            assert!(course(curve, numbers).is_none(), "{curve:?} {numbers:?}");
        }
    }
}
