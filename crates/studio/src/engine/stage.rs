//! Gains and pan, fixed or moving, frame by frame.

use super::curve::Curve;
use crate::session::{PanLaw, controls};
use dsp::block::Buffer;
use dsp::math::db_to_gain;
use dsp::pan;

/// A number that may move.
#[derive(Debug, Clone)]
pub(super) struct Dial {
    pub(super) value: f64,
    pub(super) curve: Option<Curve>,
}

impl Dial {
    pub(super) fn fixed(value: f64) -> Self {
        Self { value, curve: None }
    }

    pub(super) fn at(&self, frame: i64) -> f64 {
        self.curve.as_ref().map_or(self.value, |curve| curve.value(frame))
    }

    /// Values of frame after frame.
    fn each(&self, frame: i64, values: &mut [f64]) {
        match &self.curve {
            Some(curve) => curve.each(frame, values),
            None => values.fill(self.value),
        }
    }

    pub(super) fn is_flat(&self, frame: i64, frames: usize) -> bool {
        self.curve.as_ref().is_none_or(|curve| curve.is_flat(frame, frames))
    }
}

/// Faders in a row: decibels add, mutes and a fixed factor multiply.
#[derive(Debug, Clone)]
pub(super) struct Gain {
    /// Decibels; one at -144 or below is off.
    pub(super) faders: Vec<Dial>,
    /// 0 is open, 1 is shut.
    pub(super) mutes: Vec<Dial>,
    /// Polarity.
    pub(super) sign: f64,
}

impl Gain {
    fn at(&self, frame: i64) -> f64 {
        let mut sum_db = 0.0;
        for fader in &self.faders {
            let db = fader.at(frame);
            if db <= controls::OFF_DB {
                return 0.0;
            }
            sum_db += db;
        }
        let open: f64 = self.mutes.iter().fold(self.sign, |open, mute| open * (1.0 - mute.at(frame)));
        open * db_to_gain(sum_db)
    }

    /// The one gain of a stretch over which nothing moves.
    pub(super) fn flat(&self, frame: i64, frames: usize) -> Option<f64> {
        self.faders.iter().chain(&self.mutes).all(|dial| dial.is_flat(frame, frames)).then(|| self.at(frame))
    }

    /// The gain over a stretch: one number, or one for every frame in `scratch`, which has room for three rows.
    pub(super) fn over<'a>(&self, frame: i64, frames: usize, scratch: &'a mut [f64]) -> Level<'a> {
        if let Some(gain) = self.flat(frame, frames) {
            return Level::Flat(gain);
        }
        let (gains, rest) = scratch.split_at_mut(scratch.len() / 3);
        let (open, row) = rest.split_at_mut(rest.len() / 2);
        let (gains, open, row) = (&mut gains[..frames], &mut open[..frames], &mut row[..frames]);
        gains.fill(0.0);
        for fader in &self.faders {
            fader.each(frame, row);
            // Off stays off, whatever is added.
            let off = |db: f64| if db <= controls::OFF_DB { f64::NEG_INFINITY } else { db };
            gains.iter_mut().zip(&*row).for_each(|(sum_db, db)| *sum_db += off(*db));
        }
        open.fill(self.sign);
        for mute in &self.mutes {
            mute.each(frame, row);
            open.iter_mut().zip(&*row).for_each(|(open, mute)| *open *= 1.0 - mute);
        }
        // A line that stands still for a while is asked for only once.
        let mut last = (0.0, 1.0);
        for (gain, open) in gains.iter_mut().zip(&*open) {
            let sum_db = *gain;
            if sum_db != last.0 {
                last = (sum_db, db_to_gain(sum_db));
            }
            *gain = if sum_db == f64::NEG_INFINITY { 0.0 } else { open * last.1 };
        }
        Level::Moving(gains)
    }
}

/// A gain over a stretch of frames.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level<'a> {
    /// The same for all.
    Flat(f64),
    /// One for each.
    Moving(&'a [f64]),
}

impl Level<'_> {
    /// The same over part of the frames.
    pub(super) fn part(&self, range: std::ops::Range<usize>) -> Level<'_> {
        match self {
            Self::Flat(gain) => Level::Flat(*gain),
            Self::Moving(gains) => Level::Moving(&gains[range]),
        }
    }

    /// Multiplies in place.
    pub(super) fn apply(self, buffer: &mut Buffer) {
        for channel in 0..buffer.channels() {
            let plane = buffer.channel_mut(channel);
            match self {
                Self::Flat(1.0) => {}
                Self::Flat(gain) => plane.iter_mut().for_each(|x| *x *= gain),
                Self::Moving(gains) => plane.iter_mut().zip(gains).for_each(|(x, gain)| *x *= gain),
            }
        }
    }

    /// Adds `input` times the gain times `factor` to `output`.
    pub(super) fn add(self, input: &[f64], factor: f64, output: &mut [f64]) {
        match self {
            Self::Flat(gain) if gain * factor == 1.0 => {
                output.iter_mut().zip(input).for_each(|(y, x)| *y += x)
            }
            Self::Flat(gain) => {
                let gain = gain * factor;
                output.iter_mut().zip(input).for_each(|(y, x)| *y += x * gain);
            }
            Self::Moving(gains) => {
                output.iter_mut().zip(input).zip(gains).for_each(|((y, x), gain)| *y += x * (gain * factor));
            }
        }
    }
}

/// Pan or balance.
#[derive(Debug, Clone)]
pub(super) struct Pan {
    pub(super) position: Dial,
    pub(super) law: pan::PanLaw,
    pub(super) place: Place,
}

/// What is done with two channels.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// The far side is turned down.
    Balance,
    /// Two sounds so far apart around the position.
    Width(Dial),
    /// Two sounds, each at a position of its own.
    Dual(Dial, Dial),
}

/// Pan law of a session in the words of the kernels.
pub(super) fn law(law: PanLaw) -> pan::PanLaw {
    match law {
        PanLaw::Minus3 => pan::PanLaw::Minus3,
        PanLaw::Balance => pan::PanLaw::Balance,
        PanLaw::Minus2_5 => pan::PanLaw::Minus2_5,
        PanLaw::Minus4_5 => pan::PanLaw::Minus4_5,
        PanLaw::Minus6 => pan::PanLaw::Minus6,
    }
}

impl Pan {
    /// Gains for one channel going to two.
    pub(super) fn of_mono(&self, frame: i64) -> (f64, f64) {
        pan::mono_gains(self.position.at(frame), self.law)
    }

    /// Gains of two channels.
    pub(super) fn of_stereo(&self, frame: i64) -> (f64, f64) {
        pan::balance_gains(self.position.at(frame), self.law)
    }

    /// Gains of two channels that are placed as two sounds: those of the left one, those of the right one.
    fn of_pair(&self, frame: i64) -> Option<((f64, f64), (f64, f64))> {
        match &self.place {
            Place::Balance => None,
            Place::Width(width) => {
                Some(pan::spread_gains(self.position.at(frame), width.at(frame), self.law))
            }
            Place::Dual(left, right) => {
                let of = |dial: &Dial| pan::mono_gains(dial.at(frame), self.law);
                Some((of(left), of(right)))
            }
        }
    }

    /// Whether all positions stand still.
    pub(super) fn is_flat(&self, frame: i64, frames: usize) -> bool {
        let flat = |dial: &Dial| dial.is_flat(frame, frames);
        match &self.place {
            Place::Balance => flat(&self.position),
            Place::Width(width) => flat(&self.position) && flat(width),
            Place::Dual(left, right) => flat(left) && flat(right),
        }
    }

    /// Spans of frames with one position: the whole stretch, or frame by frame where it moves.
    pub(super) fn each(&self, frame: i64, frames: usize, mut what: impl FnMut(std::ops::Range<usize>, i64)) {
        if self.is_flat(frame, frames) {
            what(0..frames, frame);
        } else {
            (0..frames).for_each(|offset| what(offset..offset + 1, frame + offset as i64));
        }
    }

    /// Balances or places two channels in place.
    pub(super) fn balance(&self, frame: i64, buffer: &mut Buffer) {
        self.each(frame, buffer.frames(), |range, frame| {
            if let Some(((ll, lr), (rl, rr))) = self.of_pair(frame) {
                let mut block = buffer.block();
                let Some((left, right)) = block.pair_mut() else { return };
                for (left, right) in left[range.clone()].iter_mut().zip(&mut right[range]) {
                    (*left, *right) = (*left * ll + *right * rl, *left * lr + *right * rr);
                }
                return;
            }
            let (left, right) = self.of_stereo(frame);
            for (channel, gain) in [left, right].into_iter().enumerate().filter(|(_, gain)| *gain != 1.0) {
                buffer.channel_mut(channel)[range.clone()].iter_mut().for_each(|x| *x *= gain);
            }
        });
    }

    /// One channel becomes two.
    pub(super) fn spread(&self, frame: i64, input: &Buffer, output: &mut Buffer) {
        self.each(frame, input.frames(), |range, frame| {
            let (left, right) = self.of_mono(frame);
            for (channel, gain) in [left, right].into_iter().enumerate() {
                let to = &mut output.channel_mut(channel)[range.clone()];
                to.iter_mut().zip(&input.channel(0)[range.clone()]).for_each(|(y, x)| *y = x * gain);
            }
        });
    }
}

/// Side against mid.
pub(super) fn widen(width: &Dial, frame: i64, buffer: &mut Buffer) {
    let frames = buffer.frames();
    if buffer.channels() != 2 || (width.is_flat(frame, frames) && width.at(frame) == 1.0) {
        return;
    }
    let mut block = buffer.block();
    let Some((left, right)) = block.pair_mut() else { return };
    for (offset, (left, right)) in left.iter_mut().zip(right).enumerate() {
        let width = width.at(frame + offset as i64);
        // Exactly as it was at 1, whatever the block.
        if width != 1.0 {
            let (mid, side) = (0.5 * (*left + *right), 0.5 * width * (*left - *right));
            *left = mid + side;
            *right = mid - side;
        }
    }
}
