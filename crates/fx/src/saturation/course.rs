//! Settings on their way.

use super::parts::Tilt;
use super::{PIECE, Saturation};
use dsp::math::db_to_gain;
use dsp::smooth::Glide;

/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
const GLIDE_MS: f64 = 10.0;

#[derive(Debug)]
pub(super) struct Glides {
    drive: Glide,
    bias: Glide,
    tilt: Glide,
    dc: Glide,
    auto: Glide,
    output: Glide,
    mix: Glide,
    /// Further drive of each band.
    bands: [Glide; 3],
    /// From the curve before to the curve now.
    pub(super) fade: Glide,
}

impl Glides {
    pub(super) fn new(s: &Saturation, sample_rate_hz: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, sample_rate_hz);
        let [tilt, drive, bias, dc, auto, output, mix, bands @ ..] = targets(s).map(glide);
        Self { tilt, drive, bias, dc, auto, output, mix, bands, fade: glide(1.0) }
    }

    /// In the order of [`targets`], the fade last.
    pub(super) fn all(&mut self) -> [&mut Glide; 11] {
        let [low, middle, high] = &mut self.bands;
        [
            &mut self.tilt,
            &mut self.drive,
            &mut self.bias,
            &mut self.dc,
            &mut self.auto,
            &mut self.output,
            &mut self.mix,
            low,
            middle,
            high,
            &mut self.fade,
        ]
    }

    pub(super) fn aim(&mut self, s: &Saturation) {
        self.all().into_iter().zip(targets(s)).for_each(|(glide, target)| glide.set_target(target));
    }

    pub(super) fn snap(&mut self, s: &Saturation) {
        self.all().into_iter().zip(targets(s)).for_each(|(glide, target)| glide.snap(target));
        self.fade.snap(1.0);
    }
}

pub(super) fn targets(s: &Saturation) -> [f64; 10] {
    let [low, middle, high] = s.band_drives();
    let on = |yes: bool| f64::from(u8::from(yes));
    [
        s.tilt(),
        db_to_gain(s.drive_db),
        s.bias(),
        on(s.bias() != 0.0),
        on(s.auto_gain),
        db_to_gain(s.output_db),
        s.mix_percent / 100.0,
        low,
        middle,
        high,
    ]
}

/// The glides written out for one piece.
#[derive(Debug)]
pub(super) struct Course {
    /// Nothing has moved since it was written: it holds for the next piece too.
    pub(super) still: bool,
    pub(super) drive: [f64; PIECE],
    pub(super) bias: [f64; PIECE],
    pub(super) fade: [f64; PIECE],
    pub(super) dc: [f64; PIECE],
    pub(super) auto: [f64; PIECE],
    pub(super) mix: [f64; PIECE],
    pub(super) output: [f64; PIECE],
    pub(super) bands: [[f64; PIECE]; 3],
    pub(super) pre: [Tilt; PIECE],
    pub(super) post: [Tilt; PIECE],
    /// Loudness-weighted power of all channels before and after the curve; then, in `before`, the gain between.
    pub(super) before: [f64; PIECE],
    pub(super) after: [f64; PIECE],
}

impl Course {
    pub(super) fn new() -> Self {
        let zero = [0.0; PIECE];
        let tilt = [Tilt::default(); PIECE];
        Self {
            still: false,
            drive: zero,
            bias: zero,
            fade: zero,
            dc: zero,
            auto: zero,
            mix: zero,
            output: zero,
            bands: [zero; 3],
            pre: tilt,
            post: tilt,
            before: zero,
            after: zero,
        }
    }

    /// Writes out the next `frames`.
    pub(super) fn plan(&mut self, glides: &mut Glides, tilt_k: f64, frames: usize) {
        if self.still {
            return;
        }
        // A piece that starts still is filled to the end, so that it holds for any later one.
        self.still = glides.all().into_iter().all(|glide| glide.is_settled());
        let frames = if self.still { PIECE } else { frames };
        let [low, middle, high] = &mut self.bands;
        let rows = [
            &mut self.drive,
            &mut self.bias,
            &mut self.dc,
            &mut self.auto,
            &mut self.output,
            &mut self.mix,
            low,
            middle,
            high,
            &mut self.fade,
        ];
        let [tilt, others @ ..] = glides.all();
        for (row, glide) in rows.into_iter().zip(others) {
            row[..frames].iter_mut().for_each(|value| *value = glide.next_value());
        }
        for (pre, post) in self.pre.iter_mut().zip(&mut self.post).take(frames) {
            let h = tilt.next_value();
            (*pre, *post) = (Tilt::new(h, tilt_k), Tilt::new(1.0 / h, tilt_k));
        }
    }
}
