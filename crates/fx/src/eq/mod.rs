//! Parametric equaliser.

use crate::{Format, Kernel, Processor};
use dsp::biquad::{Shape, SvfBank};
use dsp::block::Block;
use dsp::eq_design::{Curve, design, pass_filter};
use dsp::math::{db_to_gain, sane, sanitise};
use dsp::smooth::Glide;

choice! {
    /// What a band does.
    pub enum BandKind {
        /// Gain around the frequency.
        Bell = "bell",
        /// Gain below the frequency; `slope` 6 is first order, steeper ones second order with `q`.
        LowShelf = "low_shelf",
        /// Gain above the frequency; `slope` as for the low shelf.
        HighShelf = "high_shelf",
        /// Removes what is below, by `slope`; `q` 0.71 is Butterworth.
        HighPass = "high_pass",
        /// Removes what is above, by `slope`; `q` 0.71 is Butterworth.
        LowPass = "low_pass",
        /// Removes the frequency itself.
        Notch = "notch",
        /// Keeps the frequency and removes the rest, 6 dB per octave on either side.
        BandPass = "band_pass",
        /// Turns the spectrum around the frequency: `gain_db` far above, the opposite far below.
        Tilt = "tilt",
        /// Turns the phase only.
        AllPass = "all_pass",
    }
}

choice! {
    /// Steepness in decibels per octave.
    pub enum Slope {
        /// First order.
        Db6 = "6",
        /// Second order.
        Db12 = "12",
        /// Third order.
        Db18 = "18",
        /// Fourth order.
        Db24 = "24",
        /// Fifth order.
        Db30 = "30",
        /// Sixth order.
        Db36 = "36",
        /// Seventh order.
        Db42 = "42",
        /// Eighth order.
        Db48 = "48",
    }
}

choice! {
    /// Which part of the sound a band works on.
    pub enum Part {
        /// All channels alike.
        Stereo = "stereo",
        /// Half the sum of the first two channels; a mono track is all middle.
        Mid = "mid",
        /// Half the difference of the first two channels.
        Side = "side",
        /// The first channel.
        Left = "left",
        /// The second channel.
        Right = "right",
    }
}

fields! {
    /// One band of the equaliser.
    pub struct EqBand {
        /// In use.
        on: switch = true;
        /// What it does.
        kind: choice BandKind = Bell;
        /// Centre or corner.
        freq_hz: Hz = 1000.0 in 10.0..=20000.0 log;
        /// Boost or cut; pass filters, notches and all-passes have none.
        gain_db: Db = 0.0 in -24.0..=24.0;
        /// Quality: frequency over bandwidth of a bell, resonance of the others.
        q: Plain = 0.71 in 0.1..=40.0 log;
        /// Steepness of pass filters and shelves in decibels per octave.
        slope: choice Slope = Db12;
        /// Which part of the sound it works on.
        part: choice Part = Stereo;
    }
}

processor! {
    /// Parametric equaliser with twelve bands: minimum phase, analogue shape up to the top of the range.
    ///
    /// Every section is fitted to its analogue prototype (bells and shelves within 0.1 dB to 18 kHz at 44.1 kHz for
    /// up to 12 dB). Bands that do nothing cost nothing, and an equaliser at its defaults passes every bit.
    pub struct Eq = "eq" {
        /// The bands, in any order.
        band: bands [EqBand; 12];
        /// Gain after the bands.
        output_gain_db: Db = 0.0 in -24.0..=24.0;
    }
}

/// Sections a band can need.
const SECTIONS: usize = 4;
/// Bands.
const BANDS: usize = 12;
/// How long a band takes to its new settings: short enough to follow automation, long enough not to be heard.
/// By calibration, 2026-11-21: a 24 dB jump of a bell leaves no corner in a sine (see the tests).
const GLIDE_SECONDS: f64 = 0.02;
/// How often nearly decayed states are silenced, in frames from the start.
const SETTLE_FRAMES: usize = 64;

/// The sections of one band.
fn sections(band: &EqBand, sample_rate_hz: f64) -> [Shape; SECTIONS] {
    let steep = band.slope as usize + 1;
    // 0.71 on the knob is exactly Butterworth.
    let pass_q = band.q * (core::f64::consts::FRAC_1_SQRT_2 / 0.71);
    let one = |curve| {
        let mut shapes = [Shape::IDENTITY; SECTIONS];
        shapes[0] = design(curve, band.freq_hz, band.gain_db, band.q, sample_rate_hz);
        shapes
    };
    match (band.on, band.kind) {
        (false, _) => [Shape::IDENTITY; SECTIONS],
        (_, BandKind::HighPass) => pass_filter(true, steep, band.freq_hz, pass_q, sample_rate_hz),
        (_, BandKind::LowPass) => pass_filter(false, steep, band.freq_hz, pass_q, sample_rate_hz),
        (_, BandKind::Bell) => one(Curve::Bell),
        (_, BandKind::LowShelf) => one(if steep == 1 { Curve::LowShelf1 } else { Curve::LowShelf }),
        (_, BandKind::HighShelf) => one(if steep == 1 { Curve::HighShelf1 } else { Curve::HighShelf }),
        (_, BandKind::Notch) => one(Curve::Notch),
        (_, BandKind::BandPass) => one(Curve::BandPass),
        (_, BandKind::Tilt) => one(Curve::Tilt),
        (_, BandKind::AllPass) => one(Curve::AllPass),
    }
}

/// Response of the bands that work on all channels, with the output gain, in decibels: for plots.
#[must_use]
pub fn magnitude_db(settings: &Eq, frequency_hz: f64, sample_rate_hz: f64) -> f64 {
    let bands = settings.band.iter().filter(|band| band.part == Part::Stereo);
    let shapes = bands.flat_map(|band| sections(band, sample_rate_hz));
    let total: f64 = shapes
        .filter(|shape| !shape.is_identity())
        .map(|s| s.magnitude_db(frequency_hz, sample_rate_hz))
        .sum();
    total + settings.output_gain_db
}

/// Running state of [`struct@Eq`].
#[derive(Debug)]
pub struct EqKernel {
    settings: Eq,
    sample_rate_hz: f64,
    /// One bank per channel.
    straight: Vec<SvfBank>,
    /// Banks of the middle and the side.
    matrix: [SvfBank; 2],
    /// Whether they are in use. Changes only at retunes and every [`SETTLE_FRAMES`], never with a block.
    matrixed: bool,
    gain: Glide,
    /// Frames until states are settled again.
    until_settle: usize,
}

impl Processor for Eq {
    type Kernel = EqKernel;
    fn prepare(&self, format: Format) -> EqKernel {
        let rate = format.sample_rate_hz;
        let bank = || SvfBank::new(BANDS * SECTIONS);
        let mut kernel = EqKernel {
            settings: self.clone(),
            sample_rate_hz: rate,
            straight: (0..format.channels.max(1)).map(|_| bank()).collect(),
            matrix: [bank(), bank()],
            matrixed: false,
            gain: Glide::new(db_to_gain(self.output_gain_db), 5.0, rate),
            until_settle: SETTLE_FRAMES,
        };
        for index in 0..BANDS {
            kernel.place(index, 0);
        }
        kernel
    }
}

impl EqKernel {
    /// Sends the sections of a band where its settings say.
    fn place(&mut self, index: usize, frames: usize) {
        let Some(band) = self.settings.band.get(index) else { return };
        let shapes = sections(band, self.sample_rate_hz);
        let part = if self.straight.len() == 1 && band.part == Part::Mid { Part::Stereo } else { band.part };
        for (slot, shape) in shapes.into_iter().enumerate() {
            let at = index * SECTIONS + slot;
            let pick = |used: bool| if used { shape } else { Shape::IDENTITY };
            for (channel, bank) in self.straight.iter_mut().enumerate() {
                let used = match part {
                    Part::Stereo => true,
                    Part::Left => channel == 0,
                    Part::Right => channel == 1,
                    Part::Mid | Part::Side => false,
                };
                bank.glide_to(at, pick(used), frames);
            }
            self.matrix[0].glide_to(at, pick(part == Part::Mid), frames);
            self.matrix[1].glide_to(at, pick(part == Part::Side), frames);
        }
        self.look_at_matrix();
    }

    fn look_at_matrix(&mut self) {
        self.matrixed = self.matrix.iter().any(|bank| !bank.is_idle());
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        match (self.straight.as_mut_slice(), block.pair_mut()) {
            ([first, second], Some((left, right))) => first.process_pair(second, left, right),
            (banks, _) => {
                banks.iter_mut().zip(block.channels_mut()).for_each(|(bank, plane)| bank.process(plane))
            }
        }
        if let Some((left, right)) = block.pair_mut()
            && self.matrixed
        {
            for (l, r) in left.iter_mut().zip(right.iter_mut()) {
                (*l, *r) = (0.5 * (*l + *r), 0.5 * (*l - *r));
            }
            self.matrix[0].process(left);
            self.matrix[1].process(right);
            for (m, s) in left.iter_mut().zip(right.iter_mut()) {
                (*m, *s) = (*m + *s, *m - *s);
            }
        }
        self.output_gain(block);
    }

    fn output_gain(&mut self, block: &mut Block<'_>) {
        if self.gain.is_settled() {
            let gain = self.gain.target();
            if gain != 1.0 {
                block.channels_mut().flatten().for_each(|x| *x = sane(*x * gain));
            }
            return;
        }
        for frame in 0..block.frames() {
            let gain = self.gain.next_value();
            block.channels_mut().for_each(|plane| plane[frame] *= gain);
        }
    }
}

impl Kernel for EqKernel {
    type Settings = Eq;

    fn tail_frames(&self) -> usize {
        let banks = self.straight.iter().chain(&self.matrix);
        banks.fold(0.0, |most, bank| f64::max(most, bank.decay_frames())).ceil() as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let frames = self.until_settle.min(block.frames() - start);
            self.run(&mut block.slice(start, frames));
            start += frames;
            self.until_settle -= frames;
            if self.until_settle == 0 {
                self.until_settle = SETTLE_FRAMES;
                self.straight.iter_mut().chain(&mut self.matrix).for_each(SvfBank::settle);
                self.look_at_matrix();
            }
        }
    }

    fn retune(&mut self, settings: &Eq) {
        let frames = (GLIDE_SECONDS * self.sample_rate_hz) as usize;
        for index in 0..BANDS {
            if self.settings.band[index] != settings.band[index] {
                self.settings.band[index] = settings.band[index].clone();
                self.place(index, frames);
            }
        }
        self.settings.output_gain_db = settings.output_gain_db;
        self.gain.set_target(db_to_gain(settings.output_gain_db));
    }

    fn reset(&mut self) {
        self.straight.iter_mut().chain(&mut self.matrix).for_each(SvfBank::reset);
        self.look_at_matrix();
        self.gain.snap(self.gain.target());
        self.until_settle = SETTLE_FRAMES;
    }
}

#[cfg(test)]
mod tests;
