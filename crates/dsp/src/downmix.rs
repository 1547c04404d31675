//! One loudspeaker layout heard over another: downmix, and what a narrow bus does in a wide one.
//!
//! A loudspeaker that both layouts have keeps its signal. One that the target has not is handed on, step by step, to
//! the nearest the target has: top to its plane, rear to side, side to front, centre to left and right, and left and
//! right to a single centre. Every step has its coefficient; the defaults give the downmix of Recommendation ITU-R
//! BS.775-4, annex 4: `Lo = L + 0.7071 C + 0.7071 Ls`, without the low-frequency effects.

use crate::math::SQRT_2;

/// Loudspeaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Front left.
    Left,
    /// Front right.
    Right,
    /// Front centre.
    Centre,
    /// Low-frequency effects.
    Lfe,
    /// Surround or side, left.
    SideLeft,
    /// Surround or side, right.
    SideRight,
    /// Rear, left.
    RearLeft,
    /// Rear, right.
    RearRight,
    /// Top front left.
    TopFrontLeft,
    /// Top front right.
    TopFrontRight,
    /// Top back left.
    TopBackLeft,
    /// Top back right.
    TopBackRight,
}

/// A coefficient of a downmix. The steps are those of desks and decoders: powers of 1/√2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fold {
    /// 0 dB.
    Full,
    /// -3.01 dB, 1/√2.
    #[default]
    Minus3,
    /// -6.02 dB, a half.
    Minus6,
    /// Dropped.
    Off,
}

impl Fold {
    /// As a linear gain.
    #[must_use]
    pub fn gain(self) -> f64 {
        match self {
            Self::Full => 1.0,
            Self::Minus3 => 0.5 * SQRT_2,
            Self::Minus6 => 0.5,
            Self::Off => 0.0,
        }
    }
}

/// Coefficients of a downmix, each for one step on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coefficients {
    /// Centre to left and right each (BS.775-4, table 2: -3 dB).
    pub centre: Fold,
    /// Surround to the front of its side (BS.775-4, table 2: -3 dB; 0, -6 and none are the usual others).
    pub surround: Fold,
    /// Rear to surround. Outside BS.775; 0 dB is what 7.1 decoders and BS.2127 renderers use.
    pub rear: Fold,
    /// Top to the plane under it: front to left and right, back to the rear or the surround. Outside BS.775; -3 dB is
    /// the custom of desks, 0 dB that of BS.2127 renderers.
    pub height: Fold,
    /// Low-frequency effects to left and right each (BS.775-4, annex 4: not used in the downmix).
    pub lfe: Fold,
}

impl Default for Coefficients {
    fn default() -> Self {
        Self {
            centre: Fold::Minus3,
            surround: Fold::Minus3,
            rear: Fold::Full,
            height: Fold::Minus3,
            lfe: Fold::Off,
        }
    }
}

impl Coefficients {
    /// What a renderer of BS.2127 does with a bed of loudspeaker signals on two loudspeakers: heights at 0 dB, the
    /// rest as by default.
    #[must_use]
    pub fn bs2127() -> Self {
        Self { height: Fold::Full, ..Self::default() }
    }

    /// The next places of a loudspeaker that is not there, and the step's gain. At most two.
    fn next(&self, place: Place, to: &[Place]) -> ([Option<Place>; 2], f64) {
        use Place::*;
        let one = |place| [Some(place), None];
        let rear = |rear, side| if to.contains(&rear) { rear } else { side };
        match place {
            // A single loudspeaker in front hears both: BS.775-4, table 2, 1/0.
            Left | Right if to.contains(&Centre) => (one(Centre), Fold::Minus3.gain()),
            Left | Right => ([None, None], 0.0),
            Centre if to.contains(&Left) => ([Some(Left), Some(Right)], self.centre.gain()),
            Centre => ([None, None], 0.0),
            // To a single centre at the level it would have over left and right.
            Lfe => ([Some(Left), Some(Right)], self.lfe.gain()),
            SideLeft => {
                (one(rear(RearLeft, Left)), if to.contains(&RearLeft) { 1.0 } else { self.surround.gain() })
            }
            SideRight => (
                one(rear(RearRight, Right)),
                if to.contains(&RearRight) { 1.0 } else { self.surround.gain() },
            ),
            RearLeft => (one(SideLeft), self.rear.gain()),
            RearRight => (one(SideRight), self.rear.gain()),
            TopFrontLeft => (one(Left), self.height.gain()),
            TopFrontRight => (one(Right), self.height.gain()),
            TopBackLeft => (one(rear(RearLeft, SideLeft)), self.height.gain()),
            TopBackRight => (one(rear(RearRight, SideRight)), self.height.gain()),
        }
    }
}

/// One coefficient of a matrix.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cell {
    /// Channel it comes from.
    pub from: usize,
    /// Channel it goes to.
    pub to: usize,
    /// Linear gain.
    pub gain: f64,
}

/// A map from one layout to another: its coefficients that are not zero, by target, then source.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matrix {
    /// Coefficients.
    pub cells: Vec<Cell>,
}

impl Matrix {
    /// The map from the loudspeakers `from` to the loudspeakers `to`.
    #[must_use]
    pub fn new(from: &[Place], to: &[Place], coefficients: &Coefficients) -> Self {
        let mut cells: Vec<Cell> = Vec::new();
        for (channel, place) in from.iter().enumerate() {
            let mut found = Vec::new();
            hand_on(*place, 1.0, to, coefficients, 0, &mut found);
            for (to, gain) in found {
                match cells.iter_mut().find(|cell| (cell.from, cell.to) == (channel, to)) {
                    Some(cell) => cell.gain += gain,
                    None => cells.push(Cell { from: channel, to, gain }),
                }
            }
        }
        cells.retain(|cell| cell.gain != 0.0);
        for cell in &mut cells {
            // 1/√2 twice is a half: what is a power of two is so to the bit.
            let near = [1.0, 0.5, 0.25].into_iter().find(|exact| (cell.gain - exact).abs() < 1e-15);
            cell.gain = near.unwrap_or(cell.gain);
        }
        cells.sort_by_key(|cell| (cell.to, cell.from));
        Self { cells }
    }

    /// The gain from a channel to another.
    #[must_use]
    pub fn gain(&self, from: usize, to: usize) -> f64 {
        self.cells.iter().find(|cell| (cell.from, cell.to) == (from, to)).map_or(0.0, |cell| cell.gain)
    }
}

/// Most steps a signal is handed on: top, rear, side, front, centre.
const MOST_STEPS: usize = 6;

fn hand_on(
    place: Place,
    gain: f64,
    to: &[Place],
    coefficients: &Coefficients,
    steps: usize,
    found: &mut Vec<(usize, f64)>,
) {
    if let Some(channel) = to.iter().position(|other| *other == place) {
        found.push((channel, gain));
        return;
    }
    if steps >= MOST_STEPS {
        return;
    }
    let (next, step) = coefficients.next(place, to);
    if step != 0.0 {
        for place in next.into_iter().flatten() {
            hand_on(place, gain * step, to, coefficients, steps + 1, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Place::*;
    use super::*;

    const MONO: [Place; 1] = [Centre];
    const STEREO: [Place; 2] = [Left, Right];
    const LCR: [Place; 3] = [Left, Right, Centre];
    const QUAD: [Place; 4] = [Left, Right, SideLeft, SideRight];
    const FIVE: [Place; 6] = [Left, Right, Centre, Lfe, SideLeft, SideRight];
    const SEVEN: [Place; 8] = [Left, Right, Centre, Lfe, SideLeft, SideRight, RearLeft, RearRight];
    const TWELVE: [Place; 12] = [
        Left,
        Right,
        Centre,
        Lfe,
        SideLeft,
        SideRight,
        RearLeft,
        RearRight,
        TopFrontLeft,
        TopFrontRight,
        TopBackLeft,
        TopBackRight,
    ];
    const R: f64 = core::f64::consts::FRAC_1_SQRT_2;

    fn rows(from: &[Place], to: &[Place], coefficients: Coefficients) -> Vec<Vec<f64>> {
        let matrix = Matrix::new(from, to, &coefficients);
        (0..to.len()).map(|to| (0..from.len()).map(|from| matrix.gain(from, to)).collect()).collect()
    }

    fn close(found: &[Vec<f64>], wanted: &[&[f64]]) {
        for (found, wanted) in found.iter().zip(wanted) {
            for (a, b) in found.iter().zip(*wanted) {
                assert!((a - b).abs() < 1e-15, "{found:?} {wanted:?}");
            }
            assert_eq!(found.len(), wanted.len());
        }
        assert_eq!(found.len(), wanted.len());
    }

    #[test]
    fn five_one_to_stereo_mono_and_three_channels_is_table_2_of_bs_775() {
        let default = Coefficients::default();
        close(&rows(&FIVE, &STEREO, default), &[&[1.0, 0.0, R, 0.0, R, 0.0], &[0.0, 1.0, R, 0.0, 0.0, R]]);
        close(&rows(&FIVE, &MONO, default), &[&[R, R, 1.0, 0.0, 0.5, 0.5]]);
        close(
            &rows(&FIVE, &LCR, default),
            &[&[1.0, 0.0, 0.0, 0.0, R, 0.0], &[0.0, 1.0, 0.0, 0.0, 0.0, R], &[0.0, 0.0, 1.0, 0.0, 0.0, 0.0]],
        );
        close(&rows(&FIVE, &QUAD, default)[..1], &[&[1.0, 0.0, R, 0.0, 0.0, 0.0]]);
        assert_eq!(rows(&FIVE, &QUAD, default)[2], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_surround_and_the_lfe_can_be_chosen() {
        let of = |surround, lfe| {
            rows(&FIVE, &STEREO, Coefficients { surround, lfe, ..Coefficients::default() })[0].clone()
        };
        assert_eq!(of(Fold::Full, Fold::Off)[4], 1.0);
        assert_eq!(of(Fold::Minus6, Fold::Off)[4], 0.5);
        assert_eq!(of(Fold::Off, Fold::Off)[4], 0.0);
        assert_eq!(of(Fold::Off, Fold::Minus6)[3], 0.5);
        let centre = Coefficients { centre: Fold::Minus6, ..Coefficients::default() };
        assert_eq!(rows(&FIVE, &STEREO, centre)[1][2], 0.5);
    }

    #[test]
    fn seven_one_to_five_one_adds_the_rears_to_the_surrounds() {
        let found = rows(&SEVEN, &FIVE, Coefficients::default());
        assert_eq!(found[4], [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0]);
        assert_eq!(found[5], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
        assert_eq!(found[3], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        assert_eq!(found[0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let softer = Coefficients { rear: Fold::Minus3, ..Coefficients::default() };
        assert!((rows(&SEVEN, &FIVE, softer)[4][6] - R).abs() < 1e-15);
        // Rear, then side, then front: both steps.
        assert!((rows(&SEVEN, &STEREO, softer)[0][6] - 0.5).abs() < 1e-15);
    }

    #[test]
    fn heights_go_to_their_plane_at_their_own_coefficient() {
        let found = rows(&TWELVE, &FIVE, Coefficients::default());
        close(
            &[found[0].clone(), found[4].clone()],
            &[
                &[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, R, 0.0, 0.0, 0.0],
                &[0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, R, 0.0],
            ],
        );
        let stereo = rows(&TWELVE, &STEREO, Coefficients::default());
        close(&stereo[..1], &[&[1.0, 0.0, R, 0.0, R, 0.0, R, 0.0, R, 0.0, 0.5, 0.0]]);
        // Back heights go to the rears where there are some.
        let seven = rows(&TWELVE, &SEVEN, Coefficients::default());
        assert!((seven[6][10] - R).abs() < 1e-15 && seven[4][10] == 0.0);
        let bs2127 = rows(&TWELVE, &STEREO, Coefficients::bs2127());
        close(&bs2127[1..], &[&[0.0, 1.0, R, 0.0, 0.0, R, 0.0, R, 0.0, 1.0, 0.0, R]]);
    }

    #[test]
    fn a_narrow_layout_in_a_wide_one_keeps_its_loudspeakers() {
        let default = Coefficients::default();
        let mut wanted = vec![vec![0.0; 2]; 6];
        (wanted[0][0], wanted[1][1]) = (1.0, 1.0);
        assert_eq!(rows(&STEREO, &FIVE, default), wanted);
        let mono = rows(&MONO, &FIVE, default);
        assert_eq!((mono[2][0], mono[0][0]), (1.0, 0.0));
        let quad = rows(&MONO, &QUAD, default);
        assert!((quad[0][0] - R).abs() < 1e-15 && (quad[1][0] - R).abs() < 1e-15 && quad[2][0] == 0.0);
        let five = rows(&FIVE, &TWELVE, default);
        for (channel, row) in five.iter().enumerate() {
            let one = |from: usize| f64::from(u8::from(channel < 6 && from == channel));
            assert_eq!(*row, (0..6).map(one).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_right_side_has_the_coefficients_of_the_left() {
        let softer = Coefficients { rear: Fold::Minus3, ..Coefficients::default() };
        assert!((rows(&SEVEN, &FIVE, softer)[5][7] - R).abs() < 1e-15);
        assert!((rows(&SEVEN, &STEREO, softer)[1][7] - 0.5).abs() < 1e-15);
        let stereo = rows(&TWELVE, &STEREO, Coefficients::default());
        close(&stereo[1..], &[&[0.0, 1.0, R, 0.0, 0.0, R, 0.0, R, 0.0, R, 0.0, 0.5]]);
        let seven = rows(&TWELVE, &SEVEN, Coefficients::default());
        assert!((seven[7][11] - R).abs() < 1e-15 && seven[5][11] == 0.0);
        let off = Coefficients { height: Fold::Off, ..Coefficients::default() };
        assert_eq!(rows(&TWELVE, &STEREO, off)[1][11], 0.0);
    }
}
