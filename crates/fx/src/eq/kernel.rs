//! What runs.

use super::dynamic::Moving;
use super::linear::Linear;
use super::neutral::PinkNoise;
use super::sections::{SECTIONS, contains, part_of, sections};
use super::{BANDS, Eq, GLIDE_SECONDS, Part, Phase, SETTLE_FRAMES};
use crate::stride::{Stride, in_strides};
use crate::{Format, Kernel};
use dsp::biquad::{Shape, SvfBank};
use dsp::block::Block;
use dsp::math::{db_to_gain, sane, sanitise};
use dsp::smooth::Glide;

/// Frames a band must stand still before its sections get their corrections, which are too dear for a band in motion.
/// By calibration, 2026-11-21: what is missing until then is at most 0.4 dB near the top.
const STILL_FRAMES: usize = 2048;

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
    moving: Vec<Moving>,
    linear: Option<Box<Linear>>,
    pink: Box<PinkNoise>,
    gain: Glide,
    /// Frames until a band gets its corrections; 0 when it has them.
    unfinished: [usize; BANDS],
    stride: Stride,
    shown_db: Option<f64>,
}

impl EqKernel {
    pub(super) fn new(settings: &Eq, format: Format) -> Self {
        let (rate, channels) = (format.sample_rate_hz, format.channels.max(1));
        let bank = || SvfBank::new(BANDS * SECTIONS);
        let linear =
            (settings.phase == Phase::Linear).then(|| Box::new(Linear::new(settings, rate, channels)));
        let latency = linear.as_ref().map_or(0, |linear| linear.latency_frames());
        let moving = settings.band.iter().map(|band| Moving::new(band, rate, channels, latency)).collect();
        let mut kernel = Self {
            settings: settings.clone(),
            sample_rate_hz: rate,
            straight: (0..channels).map(|_| bank()).collect(),
            matrix: [bank(), bank()],
            matrixed: false,
            moving,
            linear,
            pink: Box::new(PinkNoise::new(rate)),
            gain: Glide::new(1.0, 5.0, rate),
            unfinished: [0; BANDS],
            stride: Stride::new(SETTLE_FRAMES),
            shown_db: None,
        };
        kernel.gain.snap(kernel.output_gain());
        if kernel.linear.is_none() {
            (0..BANDS).for_each(|index| kernel.place(index, 0, true));
        }
        kernel.look_at_moving();
        kernel
    }

    /// Gain after the bands, with the automatic one.
    fn output_gain(&self) -> f64 {
        let auto = if self.settings.auto_gain {
            self.pink.neutral_db(&self.settings, self.sample_rate_hz, self.straight.len())
        } else {
            0.0
        };
        db_to_gain(self.settings.output_gain_db + auto)
    }

    /// Sends the sections of a band where its settings say.
    fn place(&mut self, index: usize, frames: usize, exact: bool) {
        let Some(band) = self.settings.band.get(index) else { return };
        let shapes = sections(band, self.sample_rate_hz, exact);
        let part = part_of(band, self.straight.len());
        for (slot, shape) in shapes.into_iter().enumerate() {
            let at = index * SECTIONS + slot;
            let pick = |used: bool| if used { shape } else { Shape::IDENTITY };
            for (channel, bank) in self.straight.iter_mut().enumerate() {
                bank.glide_to(at, pick(contains(part, channel)), frames);
            }
            self.matrix[0].glide_to(at, pick(part == Part::Mid), frames);
            self.matrix[1].glide_to(at, pick(part == Part::Side), frames);
        }
        self.look_at_matrix();
    }

    fn look_at_matrix(&mut self) {
        self.matrixed = self.matrix.iter().any(|bank| !bank.is_idle());
    }

    fn look_at_moving(&mut self) {
        let most = self.moving.iter().filter(|band| band.is_awake()).map(Moving::down_db);
        self.shown_db = most.reduce(f64::max);
    }

    fn run(&mut self, block: &mut Block<'_>) {
        block.channels_mut().for_each(sanitise);
        let mut moves = [false; 2];
        for band in self.moving.iter_mut().filter(|band| band.is_awake()) {
            band.listen(block);
            band.prepare(block.frames());
            moves[usize::from(matches!(band.part(), Part::Mid | Part::Side))] = true;
        }
        if let Some(linear) = &mut self.linear {
            linear.process(block);
        } else {
            self.run_straight(block);
        }
        if moves[0] {
            for band in self.moving.iter_mut().filter(|band| band.is_awake()) {
                let part = band.part();
                let planes = block.channels_mut().enumerate();
                planes.filter(|(c, _)| contains(part, *c)).for_each(|(c, plane)| band.apply(c, plane));
            }
        }
        if self.matrixed || moves[1] {
            self.run_matrix(block);
        }
        self.apply_gain(block);
    }

    fn run_straight(&mut self, block: &mut Block<'_>) {
        match (self.straight.as_mut_slice(), block.pair_mut()) {
            ([first, second], Some((left, right))) => first.process_pair(second, left, right),
            (banks, _) => {
                banks.iter_mut().zip(block.channels_mut()).for_each(|(bank, plane)| bank.process(plane))
            }
        }
    }

    fn run_matrix(&mut self, block: &mut Block<'_>) {
        let Some((left, right)) = block.pair_mut() else { return };
        for (l, r) in left.iter_mut().zip(right.iter_mut()) {
            (*l, *r) = (0.5 * (*l + *r), 0.5 * (*l - *r));
        }
        self.matrix[0].process(left);
        self.matrix[1].process(right);
        for band in self.moving.iter_mut().filter(|band| band.is_awake()) {
            match band.part() {
                Part::Mid => band.apply(0, left),
                Part::Side => band.apply(0, right),
                _ => {}
            }
        }
        for (m, s) in left.iter_mut().zip(right.iter_mut()) {
            (*m, *s) = (*m + *s, *m - *s);
        }
    }

    fn apply_gain(&mut self, block: &mut Block<'_>) {
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

    fn settle(&mut self) {
        self.straight.iter_mut().chain(&mut self.matrix).for_each(SvfBank::settle);
        self.moving.iter_mut().filter(|band| band.is_awake()).for_each(Moving::settle);
        self.look_at_matrix();
        self.look_at_moving();
        for index in 0..BANDS {
            let left = self.unfinished[index];
            if left > 0 {
                self.unfinished[index] = left.saturating_sub(SETTLE_FRAMES);
                if self.unfinished[index] == 0 {
                    self.place(index, self.glide_frames(), true);
                }
            }
        }
        if let Some(settings) = self.linear.as_mut().and_then(|linear| linear.turn()) {
            self.take(&settings);
        }
    }

    fn glide_frames(&self) -> usize {
        (GLIDE_SECONDS * self.sample_rate_hz) as usize
    }

    /// Goes to new settings.
    fn take(&mut self, settings: &Eq) {
        let frames = self.glide_frames();
        for index in 0..BANDS {
            if self.settings.band[index] != settings.band[index] {
                self.settings.band[index] = settings.band[index].clone();
                self.moving[index].retune(&settings.band[index]);
                if self.linear.is_none() {
                    self.place(index, frames, false);
                    self.unfinished[index] = STILL_FRAMES;
                }
            }
        }
        self.settings.output_gain_db = settings.output_gain_db;
        self.settings.auto_gain = settings.auto_gain;
        self.gain.set_target(self.output_gain());
        self.look_at_moving();
    }
}

impl Kernel for EqKernel {
    type Settings = Eq;

    fn latency_frames(&self) -> usize {
        self.linear.as_ref().map_or(0, |linear| linear.latency_frames())
    }

    fn tail_frames(&self) -> usize {
        let banks = self.straight.iter().chain(&self.matrix);
        let rings = banks.fold(0.0, |most, bank| f64::max(most, bank.decay_frames())).ceil() as usize;
        self.linear.as_ref().map_or(rings, |linear| linear.tail_frames())
    }

    fn gain_reduction_db(&self) -> Option<f64> {
        self.shown_db
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_strides(self, block, |kernel| &mut kernel.stride, Self::run, Self::settle);
    }

    fn retune(&mut self, settings: &Eq) {
        match &mut self.linear {
            // The sound is late: its settings wait for it.
            Some(linear) => {
                if *linear.last_sent().unwrap_or(&self.settings) != *settings {
                    linear.send(settings);
                }
            }
            None => self.take(settings),
        }
    }

    fn reset(&mut self) {
        if let Some(settings) = self.linear.as_mut().and_then(|linear| linear.reset()) {
            self.take(&settings);
        }
        for index in 0..BANDS {
            if std::mem::take(&mut self.unfinished[index]) > 0 {
                self.place(index, 0, true);
            }
        }
        self.straight.iter_mut().chain(&mut self.matrix).for_each(SvfBank::reset);
        self.moving.iter_mut().for_each(Moving::reset);
        self.look_at_matrix();
        self.look_at_moving();
        self.gain.snap(self.gain.target());
        self.stride.reset();
    }
}
