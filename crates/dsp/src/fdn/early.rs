//! Early reflections of a box of a room, from image sources.
//!
//! J. B. Allen and D. A. Berkley, "Image method for efficiently simulating small-room acoustics", JASA 65(4), 1979.

/// Reflections of each source.
pub const REFLECTIONS: usize = 16;
/// Share of the pressure a wall gives back. A furnished room, absorption near 0.3 (1 - 0.85^2).
const WALL: f64 = 0.85;

/// Proportions of the room; the size is set apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A living room or studio: low and near.
    Room,
    /// A shoe-box concert hall: long, the side walls first.
    Hall,
    /// A chamber of nearly equal sides: dense and even.
    Chamber,
}

impl Shape {
    /// Width, depth, height; place of the left source; place of the listener. In metres, off every symmetry.
    fn plan(self) -> ([f64; 3], [f64; 3], [f64; 3]) {
        match self {
            Self::Room => ([4.9, 6.3, 2.7], [1.6, 4.7, 1.2], [2.5, 2.1, 1.3]),
            Self::Hall => ([19.0, 44.0, 17.0], [6.3, 37.0, 2.1], [9.8, 17.0, 3.4]),
            Self::Chamber => ([4.1, 4.7, 3.7], [1.1, 3.6, 1.4], [2.2, 1.3, 1.9]),
        }
    }
}

/// One reflection, as gains to both sides.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Reflection {
    /// After the direct sound.
    pub delay_frames: usize,
    /// Gain to the left.
    pub left: f64,
    /// Gain to the right.
    pub right: f64,
}

/// The first reflections of a source on the left; the last comes `length_ms` after the direct sound. Their powers, both
/// sides together, sum to one. For a source on the right swap the sides, with `mirrored` for its own times.
#[must_use]
pub fn reflections(
    shape: Shape,
    length_ms: f64,
    mirrored: bool,
    sample_rate_hz: f64,
) -> [Reflection; REFLECTIONS] {
    let (size, mut source, ear) = shape.plan();
    if mirrored {
        source[0] = size[0] - source[0];
    }
    let images = images(size, source, ear);
    let direct = images.first().map_or(1.0, |image| image.distance);
    let mut chosen = [Image::default(); REFLECTIONS];
    chosen.iter_mut().zip(images.iter().skip(1)).for_each(|(to, from)| *to = *from);
    let farthest = chosen.last().map_or(1.0, |image| image.distance) - direct;
    let power: f64 = chosen.iter().map(|image| image.gain * image.gain).sum();
    chosen.map(|image| {
        let share = (image.distance - direct) / farthest;
        let gain = image.gain / power.sqrt();
        // Equal power by the sine of the azimuth: the squares of both sides sum to one.
        let (left, right) = ((0.5 - 0.5 * image.side).sqrt(), (0.5 + 0.5 * image.side).sqrt());
        Reflection {
            delay_frames: (share * length_ms * 1e-3 * sample_rate_hz).round() as usize,
            left: gain * left,
            right: gain * right,
        }
    })
}

#[derive(Debug, Clone, Copy, Default)]
struct Image {
    distance: f64,
    gain: f64,
    /// Sine of the azimuth seen from the listener: -1 left, 1 right.
    side: f64,
}

/// Images of up to two reflections in each direction, nearest first.
fn images(size: [f64; 3], source: [f64; 3], ear: [f64; 3]) -> [Image; 125] {
    let mut images: [Image; 125] = std::array::from_fn(|index| {
        let order = [index % 5, index / 5 % 5, index / 25].map(|n| n as i32 - 2);
        let [dx, dy, dz] = std::array::from_fn(|axis| {
            // An odd number of reflections turns the room round.
            let inside = if order[axis] % 2 == 0 { source[axis] } else { size[axis] - source[axis] };
            f64::from(order[axis]) * size[axis] + inside - ear[axis]
        });
        let distance = (dx * dx + dy * dy + dz * dz).sqrt();
        let bounces: i32 = order.iter().map(|n| n.abs()).sum();
        let gain = (0..bounces).fold(1.0 / distance, |gain, _| gain * WALL);
        Image { distance, gain, side: dx / distance }
    });
    images.sort_unstable_by(|a, b| a.distance.total_cmp(&b.distance));
    images
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reflections_end_at_their_length_and_have_unit_power() {
        for shape in [Shape::Room, Shape::Hall, Shape::Chamber] {
            for mirrored in [false, true] {
                let all = reflections(shape, 50.0, mirrored, 48_000.0);
                assert_eq!(all[REFLECTIONS - 1].delay_frames, 2400);
                assert!(all.windows(2).all(|pair| pair[0].delay_frames <= pair[1].delay_frames));
                assert!(all[0].delay_frames > 0, "{shape:?}");
                let power: f64 = all.iter().map(|r| r.left * r.left + r.right * r.right).sum();
                assert!((power - 1.0).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_first_reflection_of_the_room_is_the_floor() {
        // Floor: the path over the mirrored height, by hand: sqrt(0.9^2 + 2.6^2 + (1.2 + 1.3)^2).
        let images = {
            let (size, source, ear) = Shape::Room.plan();
            images(size, source, ear)
        };
        let floor = (0.81_f64 + 6.76 + 6.25).sqrt();
        let found = images[1].distance.min(images[2].distance);
        // The ceiling is at 2.7 - 1.2 + 2.7 - 1.3 = 2.9 m of height.
        assert!((found - floor).abs() < 1e-12, "{found} {floor}");
        assert!(images[0].side < 0.0, "the source is on the left");
    }

    #[test]
    fn pressure_falls_with_the_distance_and_by_0_85_at_every_wall() {
        let (size, source, ear) = Shape::Room.plan();
        let images = images(size, source, ear);
        // The direct sound by hand; then the floor, one wall away.
        let direct = (0.81_f64 + 6.76 + 0.01).sqrt();
        assert!((images[0].distance - direct).abs() < 1e-12 && (images[0].gain * direct - 1.0).abs() < 1e-12);
        let floor = (0.81_f64 + 6.76 + 6.25).sqrt();
        let found = images.iter().find(|image| (image.distance - floor).abs() < 1e-9).unwrap();
        assert!((found.gain - 0.85 / floor).abs() < 1e-12, "{}", found.gain);
        // The farthest corner is two walls away on every axis.
        let last = images.iter().map(|image| image.gain * image.distance).fold(1.0, f64::min);
        assert!((last - 0.377_149_515_625).abs() < 1e-12, "{last}");
    }
}
