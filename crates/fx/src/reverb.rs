//! Reverberation.

use crate::{Format, Kernel, Processor};
use dsp::block::{Block, Buffer};
use dsp::delay::{Ducker, TwoPole, TwoPoleTuning, sanitise};
use dsp::fdn::{
    Decay, Diffuser, Fdn, LINES, MAX_SIZE, PIECE, REFLECTIONS, Reflection, Ring, Shape, Tuning, reflections,
};
use dsp::math::{LN_10, db_to_gain};
use dsp::smooth::Glide;

choice! {
    /// Whose walls throw the early reflections.
    pub enum EarlyPattern {
        /// A living room or studio: low and near.
        Room = "room",
        /// A shoe-box concert hall: the side walls first.
        Hall = "hall",
        /// A chamber of nearly equal sides: dense and even.
        Chamber = "chamber",
    }
}

processor! {
    /// Reverberation: early reflections of a room and a tail whose decay is set band by band.
    ///
    /// A feedback delay network of sixteen lines. The level of the tail does not depend on its length, so a longer
    /// decay does not ask for a lower return. Decay times hold when measured; they are as short as they say only if
    /// `size_percent` lets a turn through the lines be short too. Six channels are taken as L R C LFE Ls Rs, and the
    /// LFE stays dry; any other channels each have their own view of the same room.
    pub struct Reverb = "reverb" {
        /// Time before the first reflection.
        pre_delay_ms: Ms = 20.0 in 0.0..=250.0;
        /// Time before the first reflection in beats, on top of the other, up to 2 s.
        pre_delay_beats: Beats = 0.0 in 0.0..=2.0;
        /// Size of the room behind the tail: how far apart its echoes are. Held back where the decay is too short for it.
        size_percent: Percent = 100.0 in 20.0..=200.0;
        /// Time in which bass falls by 60 dB.
        rt60_low_seconds: Seconds = 1.9 in 0.1..=20.0 log;
        /// Time in which the middle falls by 60 dB.
        rt60_mid_seconds: Seconds = 1.6 in 0.1..=20.0 log;
        /// Time in which treble falls by 60 dB.
        rt60_high_seconds: Seconds = 0.9 in 0.1..=20.0 log;
        /// Where bass ends.
        low_crossover_hz: Hz = 250.0 in 50.0..=1000.0 log;
        /// Where treble begins.
        high_crossover_hz: Hz = 4000.0 in 1500.0..=16000.0 log;
        /// Level of the early reflections against the tail; the lowest is off.
        early_level_db: Db = -6.0 in -60.0..=12.0;
        /// Time from the direct sound to the last early reflection.
        early_size_ms: Ms = 60.0 in 5.0..=150.0 log;
        /// Whose walls throw the early reflections.
        early_pattern: choice EarlyPattern = Hall;
        /// How far to the sides the early reflections come from.
        early_width_percent: Percent = 100.0 in 0.0..=100.0;
        /// How much each sound is smeared on its way in: low for single echoes, high for a smooth beginning.
        diffusion_percent: Percent = 80.0 in 0.0..=100.0;
        /// How far the room moves: breaks up ringing on held notes.
        modulation_percent: Percent = 30.0 in 0.0..=100.0;
        /// How fast the room moves.
        modulation_rate_hz: Hz = 0.5 in 0.05..=5.0 log;
        /// High-pass on the reverberation, 12 dB per octave.
        highpass_hz: Hz = 20.0 in 20.0..=1000.0 log;
        /// Low-pass on the reverberation, 12 dB per octave.
        lowpass_hz: Hz = 20000.0 in 1000.0..=20000.0 log;
        /// Width of the reverberation: 0 is mono, 100 as it comes.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// How far the reverberation steps back while the source sounds.
        duck_db: Db = 0.0 in 0.0..=24.0;
        /// Share of the reverberation in the output: 100 on a send return.
        mix_percent: Percent = 25.0 in 0.0..=100.0;
    }
}

/// Time of parameter glides. By ear: short enough for automation, long enough not to click.
const GLIDE_MS: f64 = 20.0;
/// Pieces of a crossfade to other reflections or another pre-delay: 2048 frames.
const FADE_PIECES: usize = 32;
/// Longest pre-delay in beats and milliseconds together.
const MAX_PRE_DELAY_SECONDS: f64 = 2.0;
/// Longest `early_size_ms`.
const MAX_EARLY_SECONDS: f64 = 0.15;
/// Gain of the diffusers at 100 %. Schroeder's 0.7 (JAES 10(3), 1962).
const MAX_DIFFUSION: f64 = 0.7;
/// Decay time per unit of size below which the size is held back: eight turns through the longest line.
/// By calibration, 2026-11-21: fewer, and the measured decay has steps in it.
const SECONDS_PER_SIZE: f64 = 8.0 * 0.071;
/// Columns of the network heard by each channel in turn.
const COLUMNS: [usize; LINES] = [3, 12, 6, 9, 5, 10, 1, 14, 7, 8, 2, 13, 4, 11, 0, 15];

impl Reverb {
    fn tuning(&self) -> Tuning {
        let decay = Decay {
            low_seconds: self.rt60_low_seconds,
            mid_seconds: self.rt60_mid_seconds,
            high_seconds: self.rt60_high_seconds,
            low_crossover_hz: self.low_crossover_hz,
            high_crossover_hz: self.high_crossover_hz,
        };
        let room_for = self.shortest_seconds() / SECONDS_PER_SIZE;
        Tuning {
            size: (self.size_percent / 100.0).min(room_for).clamp(0.15, MAX_SIZE),
            decay,
            modulation: self.modulation_percent / 100.0,
            modulation_rate_hz: self.modulation_rate_hz,
        }
    }

    fn shortest_seconds(&self) -> f64 {
        self.rt60_low_seconds.min(self.rt60_mid_seconds).min(self.rt60_high_seconds)
    }

    fn longest_seconds(&self) -> f64 {
        self.rt60_low_seconds.max(self.rt60_mid_seconds).max(self.rt60_high_seconds)
    }

    fn pre_delay_frames(&self, format: &Format) -> usize {
        // A tempo that is no tempo gives no pre-delay in beats.
        let beat = if format.tempo_bpm > 0.0 { 60.0 / format.tempo_bpm } else { 0.0 };
        let seconds = self.pre_delay_ms * 1e-3 + self.pre_delay_beats * beat;
        (seconds.clamp(0.0, MAX_PRE_DELAY_SECONDS) * format.sample_rate_hz).round() as usize
    }

    /// Gain of the tail that makes its whole energy that of the input, whatever the decay: energy 1 in the lines is
    /// power 1 / `total_frames` in a column, and falls by the factor 10^6 in the decay time.
    fn late_gain(&self, total_frames: usize, channels: usize, sample_rate_hz: f64) -> f64 {
        let decay_frames = self.rt60_mid_seconds * sample_rate_hz / (6.0 * LN_10);
        (total_frames as f64 / (decay_frames * channels.max(1) as f64)).sqrt()
    }

    fn early_gain(&self) -> f64 {
        if self.early_level_db <= -60.0 { 0.0 } else { db_to_gain(self.early_level_db) }
    }

    fn arrival(&self, format: &Format) -> Arrival {
        let shape = match self.early_pattern {
            EarlyPattern::Room => Shape::Room,
            EarlyPattern::Hall => Shape::Hall,
            EarlyPattern::Chamber => Shape::Chamber,
        };
        let wide = self.early_width_percent / 100.0;
        let side = |mirrored| {
            let mut all = reflections(shape, self.early_size_ms, mirrored, format.sample_rate_hz);
            for r in &mut all {
                let (left, right) = (r.left * r.left, r.right * r.right);
                let narrow = 0.5 * (1.0 - wide) * (left + right);
                (r.left, r.right) = ((narrow + wide * left).sqrt(), (narrow + wide * right).sqrt());
                if mirrored {
                    // The source is on the right: what was computed from the left is seen in the mirror.
                    (r.left, r.right) = (r.right, r.left);
                }
            }
            all
        };
        Arrival { pre_delay: self.pre_delay_frames(format), sides: [side(false), side(true)] }
    }

    fn targets(&self, sample_rate_hz: f64) -> [f64; 7] {
        [
            self.early_gain(),
            self.width_percent / 100.0,
            self.mix_percent / 100.0,
            TwoPoleTuning::warp(self.highpass_hz, sample_rate_hz),
            TwoPoleTuning::warp(self.lowpass_hz, sample_rate_hz),
            self.duck_db,
            MAX_DIFFUSION * self.diffusion_percent / 100.0,
        ]
    }
}

/// When the input reaches the tail and the reflections.
#[derive(Debug, Clone, PartialEq)]
struct Arrival {
    pre_delay: usize,
    sides: [[Reflection; REFLECTIONS]; 2],
}

/// One channel that sounds in the room.
#[derive(Debug)]
struct Channel {
    input: Ring,
    diffuser: Diffuser,
    highpass: TwoPole,
    lowpass: TwoPole,
    /// Position in the block.
    index: usize,
    wet: [f64; PIECE],
}

/// Running state of [`Reverb`].
#[derive(Debug)]
pub struct ReverbKernel {
    settings: Reverb,
    format: Format,
    channels: Vec<Channel>,
    fdn: Fdn,
    arrival: Arrival,
    /// Arrival to fade to, and pieces done.
    fade: Option<usize>,
    next: Arrival,
    wanted: Arrival,
    /// In the order of [`Reverb::targets`], the gain of the tail last.
    glides: [Glide; 8],
    course: [[f64; PIECE]; 8],
    ducker: Ducker,
    frame: usize,
    rows: Box<[[f64; LINES]; PIECE]>,
}

/// Which channels sound in the room: all but the LFE of six.
fn sounds(index: usize, channels: usize) -> bool {
    channels != 6 || index != 3
}

impl Processor for Reverb {
    type Kernel = ReverbKernel;
    fn prepare(&self, format: Format) -> ReverbKernel {
        let rate = format.sample_rate_hz;
        let room = ((MAX_PRE_DELAY_SECONDS + MAX_EARLY_SECONDS) * rate) as usize + 2 * PIECE;
        let tuning = self.tuning();
        let channels: Vec<Channel> = (0..format.channels)
            .filter(|index| sounds(*index, format.channels))
            .enumerate()
            .map(|(place, index)| Channel {
                input: Ring::new(room),
                diffuser: Diffuser::new(place, 1.0, 0.0, rate),
                highpass: TwoPole::default(),
                lowpass: TwoPole::default(),
                index,
                wet: [0.0; PIECE],
            })
            .collect();
        let fdn = Fdn::new(tuning, rate);
        let late = self.late_gain(fdn.total_frames(), channels.len(), rate);
        let [a, b, c, d, e, f, g] = self.targets(rate);
        let arrival = self.arrival(&format);
        ReverbKernel {
            settings: self.clone(),
            format,
            channels,
            fdn,
            next: arrival.clone(),
            wanted: arrival.clone(),
            arrival,
            fade: None,
            glides: [a, b, c, d, e, f, g, late].map(|value| Glide::new(value, GLIDE_MS, rate)),
            course: [[0.0; PIECE]; 8],
            ducker: Ducker::new(rate),
            frame: 0,
            rows: Box::new([[0.0; LINES]; PIECE]),
        }
    }
}

impl ReverbKernel {
    fn plan(&mut self, frames: usize) {
        for (row, glide) in self.course.iter_mut().zip(&mut self.glides) {
            let row = &mut row[..frames];
            if glide.is_settled() {
                row.fill(glide.target());
            } else {
                row.iter_mut().for_each(|value| *value = glide.next_value());
            }
        }
        if self.frame.is_multiple_of(PIECE) {
            self.fade = match self.fade {
                Some(done) if done + 1 == FADE_PIECES => {
                    self.arrival.clone_from(&self.next);
                    None
                }
                other => other.map(|done| done + 1),
            };
            if self.fade.is_none() && self.arrival != self.wanted {
                self.next.clone_from(&self.wanted);
                self.fade = Some(0);
            }
            // The diffusers move in small steps.
            let gain = self.course[6][0];
            self.channels.iter_mut().for_each(|channel| channel.diffuser.set_gain(gain));
        }
    }

    /// Share of the new arrival at frame `n` of the piece.
    fn fade_share(&self, done: usize, n: usize) -> f64 {
        (done * PIECE + self.frame % PIECE + n) as f64 / (FADE_PIECES * PIECE) as f64
    }

    /// Takes the input in, and leaves the early reflections in `wet`.
    fn early(&mut self, piece: &Block<'_>) {
        let frames = piece.frames();
        let mut run = [0.0; PIECE];
        for channel in &mut self.channels {
            let input = piece.channel(channel.index);
            run.iter_mut().zip(input).for_each(|(to, from)| *to = sanitise(*from));
            channel.input.append(&run[..frames]);
        }
        let silent = self.glides[0].is_settled() && self.course[0][0] == 0.0;
        for channel in &mut self.channels {
            channel.wet.fill(0.0);
        }
        if silent {
            return;
        }
        self.reflect(&self.arrival.clone(), frames, |_| 1.0);
        if let Some(done) = self.fade {
            let (offset, whole) = (done * PIECE + self.frame % PIECE, (FADE_PIECES * PIECE) as f64);
            let share = |n: usize| (offset + n) as f64 / whole;
            self.reflect(&self.next.clone(), frames, share);
            self.reflect(&self.arrival.clone(), frames, |n| -share(n));
        }
    }

    /// Adds the reflections of `arrival`, weighted frame by frame.
    fn reflect(&mut self, arrival: &Arrival, frames: usize, weight: impl Fn(usize) -> f64) {
        let mut run = [0.0; PIECE];
        let pair = self.channels.len() >= 2;
        for source in 0..self.channels.len() {
            for reflection in &arrival.sides[source % 2] {
                let back = arrival.pre_delay + reflection.delay_frames + frames;
                let run = &mut run[..frames];
                self.channels[source].input.copy_back(back, run);
                let mut add = |to: usize, gain: f64| {
                    let wet = &mut self.channels[to].wet;
                    for (n, (wet, x)) in wet.iter_mut().zip(run.iter()).enumerate() {
                        *wet += gain * weight(n) * x;
                    }
                };
                if pair && source < 2 {
                    add(0, reflection.left);
                    add(1, reflection.right);
                } else {
                    let (l, r) = (reflection.left, reflection.right);
                    add(source, (l * l + r * r).sqrt());
                }
            }
        }
    }

    /// Feeds the network and adds the tail to the early reflections in `wet`.
    fn late(&mut self, frames: usize) {
        let mut run = [0.0; PIECE];
        let mut other = [0.0; PIECE];
        let count = self.channels.len();
        for (place, channel) in self.channels.iter_mut().enumerate() {
            let run = &mut run[..frames];
            channel.input.copy_back(self.arrival.pre_delay + frames, run);
            if let Some(done) = self.fade {
                let (offset, whole) = (done * PIECE + self.frame % PIECE, (FADE_PIECES * PIECE) as f64);
                channel.input.copy_back(self.next.pre_delay + frames, &mut other[..frames]);
                for (n, (x, y)) in run.iter_mut().zip(&other).enumerate() {
                    *x += (y - *x) * ((offset + n) as f64 / whole);
                }
            }
            channel.diffuser.process(run);
            // Lines in turn, signs in turn: as many for each channel as there are, of unit length together.
            let lines = (place % LINES..LINES).step_by(count.min(LINES));
            let gain = 1.0 / (lines.len() as f64).sqrt();
            for (turn, line) in lines.enumerate() {
                let gain = if turn % 2 == 0 { gain } else { -gain };
                // The first channel of a line sets it, later ones (beyond sixteen) add.
                for (row, x) in self.rows.iter_mut().zip(run.iter()) {
                    row[line] = if place < LINES { gain * x } else { row[line] + gain * x };
                }
            }
        }
        self.fdn.process(&mut self.rows[..frames]);
        for (place, channel) in self.channels.iter_mut().enumerate() {
            let column = COLUMNS[place % LINES];
            for (n, wet) in channel.wet[..frames].iter_mut().enumerate() {
                *wet = *wet * self.course[0][n] + self.rows[n][column] * self.course[7][n];
            }
        }
    }

    /// Filters and width of the reverberation.
    fn finish(&mut self, frames: usize) {
        let mut tunings = [[TwoPoleTuning::default(); PIECE]; 2];
        for (row, (glide, course)) in tunings.iter_mut().zip(self.glides[3..5].iter().zip(&self.course[3..5]))
        {
            if glide.is_settled() {
                row[..frames].fill(TwoPoleTuning::new(course[0]));
                // The last step of a glide may have been taken inside this piece.
            }
            let settled = course[..frames].iter().all(|g| *g == course[0]);
            if !settled {
                row.iter_mut().zip(&course[..frames]).for_each(|(to, g)| *to = TwoPoleTuning::new(*g));
            } else {
                row[..frames].fill(TwoPoleTuning::new(course[0]));
            }
        }
        for channel in &mut self.channels {
            for (n, wet) in channel.wet[..frames].iter_mut().enumerate() {
                let (_, high) = channel.highpass.next(*wet, tunings[0][n]);
                (*wet, _) = channel.lowpass.next(high, tunings[1][n]);
            }
        }
        if let [left, right, ..] = self.channels.as_mut_slice() {
            for n in 0..frames {
                let (l, r) = (left.wet[n], right.wet[n]);
                let (mid, side) = (0.5 * (l + r), 0.5 * (l - r) * self.course[1][n]);
                (left.wet[n], right.wet[n]) = (mid + side, mid - side);
            }
        }
    }

    fn mix(&mut self, piece: &mut Block<'_>) {
        let [_, _, mix, _, _, duck, ..] = &self.course;
        let mut gains = [0.0; PIECE];
        for (n, gain) in gains.iter_mut().enumerate().take(piece.frames()) {
            *gain = mix[n];
            if duck[n] > 0.0 {
                let peak = (0..piece.channels())
                    .map(|channel| sanitise(piece.channel(channel)[n]).abs())
                    .fold(0.0, f64::max);
                *gain *= self.ducker.next(peak, duck[n]);
            }
        }
        for (index, plane) in piece.channels_mut().enumerate() {
            let wet = self.channels.iter().find(|channel| channel.index == index).map(|channel| &channel.wet);
            for (n, x) in plane.iter_mut().enumerate() {
                let wet = wet.map_or(0.0, |wet| wet[n]);
                *x = sanitise(*x) * (1.0 - mix[n]) + wet * gains[n];
            }
        }
    }
}

impl Kernel for ReverbKernel {
    type Settings = Reverb;

    fn tail_frames(&self) -> usize {
        let tail = self.settings.longest_seconds() * self.format.sample_rate_hz;
        self.wanted.pre_delay + (tail + MAX_EARLY_SECONDS * self.format.sample_rate_hz) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let frames = (PIECE - self.frame % PIECE).min(block.frames() - start);
            let mut piece = block.slice(start, frames);
            self.plan(frames);
            self.early(&piece);
            self.late(frames);
            self.finish(frames);
            self.mix(&mut piece);
            self.frame = self.frame.wrapping_add(frames);
            start += frames;
        }
    }

    fn retune(&mut self, settings: &Reverb) {
        let rate = self.format.sample_rate_hz;
        self.wanted = settings.arrival(&self.format);
        self.fdn.retune(settings.tuning());
        let late = settings.late_gain(self.fdn.total_frames(), self.channels.len(), rate);
        let targets = settings.targets(rate).into_iter().chain([late]);
        self.glides.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
        self.settings = settings.clone();
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.input.reset();
            channel.diffuser.reset();
            channel.highpass.reset();
            channel.lowpass.reset();
        }
        self.fdn.reset();
        self.ducker.reset();
        self.arrival.clone_from(&self.wanted);
        (self.fade, self.frame) = (None, 0);
        self.glides.iter_mut().for_each(|glide| glide.snap(glide.target()));
    }
}

/// Early decay time of the reverberation alone: six times the time the energy still to come takes to fall by 10 dB,
/// counted from the first sound after the pre-delay.
///
/// Backward integration after Schroeder; ISO 3382-1:2009 sections 5.3.3 and A.2.2. Renders an impulse on the first
/// channel, at most for the longest decay time and the pre-delay: about a thousandth of that time in work.
#[must_use]
pub fn edt_seconds(reverb: &Reverb, format: Format) -> f64 {
    let wet = Reverb { mix_percent: 100.0, duck_db: 0.0, ..reverb.clone() };
    let mut kernel = wet.prepare(format);
    let mut piece = Buffer::new(format.channels.max(1), PIECE);
    let mut energies = Vec::new();
    let frames = kernel.tail_frames();
    for start in (0..frames).step_by(PIECE) {
        piece.clear();
        if start == 0 {
            piece.channel_mut(0)[0] = 1.0;
        }
        kernel.process(&mut piece.block());
        for n in 0..PIECE {
            energies
                .push((0..piece.channels()).map(|c| piece.channel(c)[n] * piece.channel(c)[n]).sum::<f64>());
        }
    }
    // ISO 3382-1 5.3.3: the beginning is where the response rises above 20 dB below its peak.
    let loudest = energies.iter().fold(0.0, |a: f64, b| a.max(*b));
    let begin = energies.iter().position(|e| *e >= 0.01 * loudest).unwrap_or(0);
    let all: f64 = energies[begin..].iter().sum();
    let mut left = all;
    let fall = energies[begin..].iter().position(|energy| {
        left -= energy;
        left <= 0.1 * all
    });
    6.0 * fall.unwrap_or(0) as f64 / format.sample_rate_hz
}
