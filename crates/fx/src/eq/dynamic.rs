//! Bands whose gain follows a level.

use super::sections::{moving_curve, part_of};
use super::{Dynamic, EqBand, GLIDE_SECONDS, Part, SETTLE_FRAMES};
use dsp::biquad::SvfTerms;
use dsp::block::{Block, View};
use dsp::compress::{Curve as Law, DB_PER_POWER_OCTAVE, slope_of_ratio};
use dsp::envelope::Ballistics;
use dsp::eq_design::{Curve, Ear, GainTable};
use dsp::math::{fast_log2, sane};
use dsp::shift::Ring;

/// Release of a band that has to let go of its part: quick, without a click. By calibration, 2026-11-21.
const LEAVE_MS: f64 = 5.0;

/// What moves in one band: a second section of the band's kind behind the static curve, at 0 dB while nothing is beyond the
/// threshold.
///
/// Costs 27 ns per frame of stereo at rest and 52 ns at work (measured on a busy desktop core).
#[derive(Debug)]
pub(super) struct Moving {
    band: EqBand,
    rate: f64,
    channels: usize,
    /// Where it works now: another part has to wait until the gain is back at 0.
    part: Part,
    delay_frames: usize,
    /// Frames for which nothing has been asked of a band that is to leave its part, or to end.
    quiet_frames: usize,
    /// Whether it has anything to do: stays so until the gain is back at 0.
    awake: bool,
    law: Law,
    ballistics: Ballistics,
    /// One per channel.
    ears: Vec<Ear>,
    table: GainTable,
    /// The table faded to, and frames of the fade to come.
    next: Option<GainTable>,
    fade_left: usize,
    state: Vec<[[f64; 1]; 2]>,
    /// Linear phase: the gain waits for the sound.
    delay: Ring,
    /// Gain moved, frame by frame, without its sign.
    lane_db: [f64; SETTLE_FRAMES],
    terms: [SvfTerms; SETTLE_FRAMES],
    /// The section stands still for the frames prepared: the first of `terms` is for all.
    still: bool,
}

/// Threshold, slope and range as a law; without a slope where the band does not move.
fn law(band: &EqBand) -> Law {
    let moves = band.on && band.dynamic != Dynamic::Off && moving_curve(band).is_some();
    let slope = if band.ratio >= 100.0 { 1.0 } else { slope_of_ratio(band.ratio) };
    Law::new(band.threshold_db, if moves { slope } else { 0.0 }, 0.0, band.range_db.abs())
}

fn kind(band: &EqBand) -> Curve {
    moving_curve(band).unwrap_or(Curve::Bell)
}

fn table(band: &EqBand, rate: f64) -> GainTable {
    GainTable::new(kind(band), band.freq_hz, band.q, band.range_db, rate)
}

impl Moving {
    /// A band at rest. `delay_frames` is how much later than the input the sound arrives.
    pub(super) fn new(band: &EqBand, rate: f64, channels: usize, delay_frames: usize) -> Self {
        let ear = Ear::new(kind(band), band.freq_hz, band.q, rate);
        let wanted = band.on && band.dynamic != Dynamic::Off && moving_curve(band).is_some();
        // Most bands never move: their table is made when they do.
        let table = if wanted { table(band, rate) } else { GainTable::neutral() };
        let terms = SvfTerms::new(&table.shape(0.0));
        Self {
            band: band.clone(),
            rate,
            channels,
            part: part_of(band, channels),
            delay_frames,
            quiet_frames: 0,
            awake: wanted,
            law: law(band),
            ballistics: Ballistics::new(band.attack_ms, band.release_ms, 0.0, rate),
            ears: vec![ear; channels.max(2)],
            table,
            next: None,
            fade_left: 0,
            state: vec![[[0.0]; 2]; channels.clamp(2, 64)],
            delay: Ring::new(delay_frames),
            lane_db: [0.0; SETTLE_FRAMES],
            terms: [terms; SETTLE_FRAMES],
            still: true,
        }
    }

    pub(super) fn is_awake(&self) -> bool {
        self.awake
    }

    pub(super) fn part(&self) -> Part {
        self.part
    }

    /// Whether it has to let go of its part.
    fn leaves(&self) -> bool {
        self.part != part_of(&self.band, self.channels)
    }

    fn wanted(&self) -> bool {
        self.band.on && self.band.dynamic != Dynamic::Off && moving_curve(&self.band).is_some()
    }

    fn glide_frames(&self) -> usize {
        ((GLIDE_SECONDS * self.rate) as usize).max(1)
    }

    /// Takes new settings; the gain goes on from where it is.
    pub(super) fn retune(&mut self, band: &EqBand) {
        let old = std::mem::replace(&mut self.band, band.clone());
        self.law = law(band);
        if !self.awake {
            self.part = part_of(band, self.channels);
        }
        self.set_times();
        if !self.wanted() {
            return;
        }
        let shape = |b: &EqBand| (moving_curve(b), b.freq_hz, b.q, b.range_db);
        let asleep = !self.awake;
        if asleep {
            self.sleep();
            self.table = table(band, self.rate);
        } else if shape(&old) != shape(band) || self.next.is_some() {
            // From wherever a fade stands.
            let standing = self.fade_part();
            if let Some(next) = self.next.take() {
                self.table = self.table.towards(&next, standing);
            }
            self.next = Some(table(band, self.rate));
            self.fade_left = self.glide_frames();
        }
        if asleep || shape(&old) != shape(band) {
            self.ears.iter_mut().for_each(|ear| ear.tune(kind(band), band.freq_hz, band.q));
        }
        self.awake = true;
    }

    fn set_times(&mut self) {
        let release_ms = if self.leaves() { LEAVE_MS } else { self.band.release_ms };
        self.ballistics.set_times(self.band.attack_ms, release_ms, self.rate);
    }

    fn fade_part(&self) -> f64 {
        1.0 - self.fade_left as f64 / self.glide_frames() as f64
    }

    fn sleep(&mut self) {
        self.part = part_of(&self.band, self.channels);
        self.quiet_frames = 0;
        self.awake = false;
        self.next = None;
        self.fade_left = 0;
        self.ballistics.reset();
        self.ears.iter_mut().for_each(Ear::reset);
        self.state.fill([[0.0]; 2]);
        self.delay.reset();
    }

    /// Measures what enters the equaliser, or the key, and follows it.
    pub(super) fn listen(&mut self, block: &Block<'_>) {
        let frames = block.frames().min(SETTLE_FRAMES);
        let mut powers = [0.0; SETTLE_FRAMES];
        let powers = &mut powers[..frames];
        let part = self.part();
        let hears = self.wanted() && !self.leaves();
        if hears {
            match (self.band.external_key, block.key()) {
                (false, _) => self.hear(block.view(), part, powers),
                (true, Some(key)) => self.hear(key, part, powers),
                (true, None) => {}
            }
        }
        let lane = &mut self.lane_db[..frames];
        if !hears {
            lane.fill(0.0);
        } else if self.band.dynamic == Dynamic::Below {
            // Mirrored at the threshold; silence is as far below as can be.
            for (wanted, power) in lane.iter_mut().zip(powers) {
                let level_db = DB_PER_POWER_OCTAVE * fast_log2(f64::max(*power, 1e-30));
                *wanted = self.law.reduction_db(2.0 * self.band.threshold_db - level_db);
            }
        } else {
            self.law.reductions_of_powers(powers);
            lane.copy_from_slice(powers);
        }
        self.ballistics.process(lane);
        self.delay.process(lane);
    }

    /// Raises `powers` to the loudest channel of the part.
    fn hear(&mut self, sound: View<'_>, part: Part, powers: &mut [f64]) {
        let channels = sound.channels();
        if channels == 0 {
            return;
        }
        let Some((first, others)) = self.ears.split_first_mut() else { return };
        match part {
            _ if channels == 1 => first.listen(sound.channel(0), powers),
            Part::Left => first.listen(sound.channel(0), powers),
            Part::Right => first.listen(sound.channel(1), powers),
            Part::Stereo => {
                first.listen(sound.channel(0), powers);
                others.iter_mut().zip(1..channels).for_each(|(ear, c)| ear.listen(sound.channel(c), powers));
            }
            Part::Mid | Part::Side => {
                let sign = if part == Part::Mid { 0.5 } else { -0.5 };
                let mut lane = [0.0; SETTLE_FRAMES];
                let planes = sound.channel(0).iter().zip(sound.channel(1));
                lane.iter_mut().zip(planes).for_each(|(x, (l, r))| *x = 0.5 * sane(*l) + sign * sane(*r));
                first.listen(&lane[..powers.len()], powers);
            }
        }
    }

    /// Works out the section for every frame.
    pub(super) fn prepare(&mut self, frames: usize) {
        let lane = self.lane_db.get(..frames).unwrap_or(&self.lane_db);
        self.still = self.next.is_none() && lane.windows(2).all(|pair| pair[0] == pair[1]);
        if self.still {
            self.terms[0] = SvfTerms::new(&self.table.shape(self.lane_db[0]));
            return;
        }
        let glide = self.glide_frames();
        let mut last = (f64::NAN, SvfTerms::new(&self.table.shape(0.0)));
        for (terms, amount) in self.terms.iter_mut().zip(&self.lane_db).take(frames) {
            if let Some(next) = &self.next {
                let part = 1.0 - self.fade_left as f64 / glide as f64;
                let (from, to) = (self.table.shape(*amount), next.shape(*amount));
                *terms = SvfTerms::new(&dsp::eq_design::mixed(&from, &to, part));
                self.fade_left = self.fade_left.saturating_sub(1);
                if self.fade_left == 0
                    && let Some(next) = self.next.take()
                {
                    self.table = next;
                }
                continue;
            }
            if last.0 != *amount {
                last = (*amount, SvfTerms::new(&self.table.shape(*amount)));
            }
            *terms = last.1;
        }
    }

    /// Runs the section over one plane of its part.
    pub(super) fn apply(&mut self, channel: usize, plane: &mut [f64]) {
        let Some(state) = self.state.get_mut(channel) else { return };
        if self.still {
            let (terms, mut moved) = (self.terms[0], *state);
            plane.iter_mut().for_each(|x| [*x] = terms.tick(&mut moved, [*x]));
            *state = moved;
            return;
        }
        for (x, terms) in plane.iter_mut().zip(&self.terms) {
            [*x] = terms.tick(state, [*x]);
        }
    }

    /// Silences what has nearly decayed, and sleeps when there is nothing left to do. Only at multiples of the stride.
    pub(super) fn settle(&mut self) {
        for state in self.state.iter_mut().flatten().flatten() {
            *state = if state.abs() < 1e-30 || !state.is_finite() { 0.0 } else { *state };
        }
        self.ears.iter_mut().for_each(Ear::settle);
        let letting_go = self.awake && (self.leaves() || !self.wanted());
        if !letting_go || self.ballistics.value_db() != 0.0 {
            self.quiet_frames = 0;
            return;
        }
        self.quiet_frames += SETTLE_FRAMES;
        // What waits for the sound has gone by as well.
        if self.quiet_frames <= self.delay_frames + SETTLE_FRAMES || self.next.is_some() {
            return;
        }
        if self.wanted() {
            self.part = part_of(&self.band, self.channels);
            self.state.fill([[0.0]; 2]);
            self.ears.iter_mut().for_each(Ear::reset);
            self.set_times();
        } else {
            self.sleep();
        }
    }

    /// How far the gain is down; 0 for a band that moves up.
    pub(super) fn down_db(&self) -> f64 {
        if self.band.range_db < 0.0 { self.ballistics.value_db() } else { 0.0 }
    }

    /// Back to rest.
    pub(super) fn reset(&mut self) {
        let band = self.band.clone();
        if let Some(next) = self.next.take() {
            self.table = next;
        }
        self.sleep();
        self.lane_db = [0.0; SETTLE_FRAMES];
        self.set_times();
        self.awake = band.on && band.dynamic != Dynamic::Off && moving_curve(&band).is_some();
    }
}
