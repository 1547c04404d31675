//! Reverberation.

use crate::{Format, Kernel, Processor};
use dsp::biquad::{Shape as Section, SvfTerms};
use dsp::block::{Block, Buffer};
use dsp::delay::{Ducker, TwoPoleTuning, sanitise};
use dsp::fdn::{
    Decay, Diffuser, Fdn, LINES, MAX_SIZE, PIECE, Planes, REFLECTIONS, Reflection, Ring, Runs, Shape, Tuning,
    add_tail, add_taps, entrance, exit, reflections,
};
use dsp::math::{LN_10, SQRT_2, db_to_gain, exp};
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

/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
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

    /// Gain of the tail that makes its whole energy that of the input, whatever the decay: each turn through the lines
    /// leaves the share `g` of the energy, and every column hears a sixteenth of each turn, `(g + g^2 + ...) / 16`.
    fn late_gain(&self, total_frames: usize, channels: usize, sample_rate_hz: f64) -> f64 {
        let turn_seconds = total_frames as f64 / (LINES as f64 * sample_rate_hz);
        let g = exp(-6.0 * LN_10 * turn_seconds / self.rt60_mid_seconds);
        (LINES as f64 * (1.0 / g - 1.0) / channels.max(1) as f64).sqrt()
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

impl Arrival {
    /// What of an input comes back by each reflection in the newest frames.
    fn runs<'a>(&self, input: &'a Ring, side: &[Reflection; REFLECTIONS], frames: usize) -> Runs<'a> {
        side.each_ref().map(|r| input.look_back(self.pre_delay + r.delay_frames + frames, frames))
    }
}

/// One channel that sounds in the room.
#[derive(Debug)]
struct Channel {
    input: Ring,
    diffuser: Diffuser,
    /// States of the high-pass and the low-pass on the reverberation.
    filters: [[f64; 2]; 2],
    /// Position in the block.
    index: usize,
    entrance: [f64; LINES],
    exit: [f64; LINES],
    /// What goes into the network, before it is spread.
    fed: [f64; PIECE],
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
    planes: Box<Planes>,
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
                diffuser: Diffuser::new(place, rate),
                filters: [[0.0; 2]; 2],
                index,
                entrance: entrance(place),
                exit: exit(place),
                fed: [0.0; PIECE],
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
            planes: Box::new([[0.0; PIECE]; LINES]),
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
        }
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
        self.reflect(&self.arrival.clone(), frames, None);
        if let Some(done) = self.fade {
            let share = self.shares(done);
            self.reflect(&self.next.clone(), frames, Some(&share));
            self.reflect(&self.arrival.clone(), frames, Some(&share.map(|x| -x)));
        }
    }

    /// How far a fade is, frame by frame.
    fn shares(&self, done: usize) -> [f64; PIECE] {
        let (offset, whole) = (done * PIECE + self.frame % PIECE, (FADE_PIECES * PIECE) as f64);
        std::array::from_fn(|n| (offset + n) as f64 / whole)
    }

    /// Adds the reflections of `arrival`, weighted frame by frame or whole.
    fn reflect(&mut self, arrival: &Arrival, frames: usize, weights: Option<&[f64; PIECE]>) {
        let alone = if let [left, right, ..] = self.channels.as_mut_slice() {
            for (input, side) in [&left.input, &right.input].into_iter().zip(&arrival.sides) {
                let gains = side.map(|r| [r.left, r.right]);
                let wet = [&mut left.wet[..frames], &mut right.wet[..frames]];
                add_taps(&arrival.runs(input, side, frames), &gains, weights, wet);
            }
            2
        } else {
            0
        };
        for (source, Channel { input, wet, .. }) in self.channels.iter_mut().enumerate().skip(alone) {
            let side = &arrival.sides[source % 2];
            let gains = side.map(|r| [(r.left * r.left + r.right * r.right).sqrt()]);
            add_taps(&arrival.runs(input, side, frames), &gains, weights, [&mut wet[..frames]]);
        }
    }

    /// Feeds the network and adds the tail to the early reflections in `wet`.
    fn late(&mut self, frames: usize) {
        let share = self.fade.map(|done| self.shares(done));
        for channel in &mut self.channels {
            let run = &mut channel.fed[..frames];
            run.copy_from_slice(channel.input.look_back(self.arrival.pre_delay + frames, frames));
            if let Some(share) = &share {
                let other = channel.input.look_back(self.next.pre_delay + frames, frames);
                for ((x, y), share) in run.iter_mut().zip(other).zip(share) {
                    *x += (y - *x) * share;
                }
            }
            channel.diffuser.process(run, &self.course[6]);
        }
        for (line, plane) in self.planes.iter_mut().enumerate() {
            let plane = &mut plane[..frames];
            match self.channels.as_slice() {
                [a, b] => {
                    let (sign, other) = (a.entrance[line], b.entrance[line]);
                    for ((to, x), y) in plane.iter_mut().zip(&a.fed).zip(&b.fed) {
                        *to = sign * x + other * y;
                    }
                }
                all => {
                    plane.fill(0.0);
                    for channel in all {
                        let sign = channel.entrance[line];
                        plane.iter_mut().zip(&channel.fed).for_each(|(to, x)| *to += sign * x);
                    }
                }
            }
        }
        self.fdn.process(&mut self.planes, frames);
        for channel in &mut self.channels {
            add_tail(&self.planes, &channel.exit, [&self.course[0], &self.course[7]], &mut channel.wet);
        }
    }

    /// Filters and width of the reverberation.
    fn finish(&mut self, frames: usize) {
        let settle = (self.frame + frames).is_multiple_of(PIECE);
        let courses = [&self.course[3][..frames], &self.course[4][..frames]];
        let mut rest = self.channels.as_mut_slice();
        // Two channels side by side in a register.
        while let [left, right, others @ ..] = rest {
            filter([left, right], courses, settle);
            rest = others;
        }
        if let [last] = rest {
            filter([last], courses, settle);
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

/// The high-pass and the low-pass, Butterworth, on the reverberation of some channels.
fn filter<const L: usize>(mut channels: [&mut Channel; L], courses: [&[f64]; 2], settle: bool) {
    let mut corners = [f64::NAN; 2];
    let still = |_| SvfTerms::new(&Section { g: 1.0, k: SQRT_2, high: 1.0, band: 0.0, low: 0.0 });
    let mut terms: [SvfTerms; 2] = std::array::from_fn(still);
    let mut states: [[[f64; L]; 2]; 2] =
        std::array::from_fn(|f| std::array::from_fn(|s| std::array::from_fn(|c| channels[c].filters[f][s])));
    for (n, (highpass, lowpass)) in courses[0].iter().zip(courses[1]).enumerate() {
        for ((g, corner), (terms, high)) in
            [highpass, lowpass].into_iter().zip(&mut corners).zip(terms.iter_mut().zip([1.0, 0.0]))
        {
            if g != corner {
                *corner = *g;
                *terms = SvfTerms::new(&Section { g: *g, k: SQRT_2, high, band: 0.0, low: 1.0 - high });
            }
        }
        let mut x: [f64; L] = std::array::from_fn(|c| channels[c].wet[n]);
        for (terms, state) in terms.iter().zip(&mut states) {
            x = terms.tick(state, x);
        }
        channels.iter_mut().zip(x).for_each(|(channel, x)| channel.wet[n] = x);
    }
    for (c, channel) in channels.iter_mut().enumerate() {
        channel.filters = states.map(|state| {
            let own = state.map(|s| s[c]);
            // Both or neither: with one held at zero the other would take minutes to follow.
            if settle && own[0].abs() + own[1].abs() < 1e-30 { [0.0; 2] } else { own }
        });
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
            channel.filters = [[0.0; 2]; 2];
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

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::measure::{rms, to_db};
    use testkit::signals::{noise, sine};

    const RATE: f64 = 44_100.0;

    fn format(channels: usize) -> Format {
        Format { sample_rate_hz: RATE, channels, ..Format::default() }
    }

    fn run(settings: &Reverb, planes: &[Vec<f64>]) -> Buffer {
        let mut buffer = Buffer::from_planes(planes);
        settings.prepare(format(planes.len())).process(&mut buffer.block());
        buffer
    }

    fn wet() -> Reverb {
        Reverb { mix_percent: 100.0, pre_delay_ms: 0.0, ..Reverb::default() }
    }

    fn impulse_response(settings: &Reverb, channel: usize, channels: usize, seconds: f64) -> Buffer {
        let frames = (seconds * RATE) as usize;
        let mut planes = vec![vec![0.0; frames]; channels];
        planes[channel][0] = 1.0;
        run(settings, &planes)
    }

    /// Butterworth band-pass of order 6 by cascaded sections made here, run backwards so that its own decay stays out.
    fn octave_band(signal: &[f64], centre_hz: f64) -> Vec<f64> {
        let mut out: Vec<f64> = signal.iter().rev().copied().collect();
        for (corner, high) in [(centre_hz / 2.0_f64.sqrt(), true), (centre_hz * 2.0_f64.sqrt(), false)] {
            // Poles of a sixth-order Butterworth filter in three sections.
            for q in [0.517_638, core::f64::consts::FRAC_1_SQRT_2, 1.931_852] {
                let w = std::f64::consts::TAU * corner.min(0.49 * RATE) / RATE;
                let (cos, alpha) = (dsp::math::cos(w), dsp::math::sin(w) / (2.0 * q));
                let sign = if high { 1.0 } else { -1.0 };
                let b1 = -sign * (1.0 + sign * cos);
                let (b0, a0) = (-sign * b1 / 2.0, 1.0 + alpha);
                let (mut s1, mut s2) = (0.0, 0.0);
                for x in &mut out {
                    let y = b0 / a0 * *x + s1;
                    s1 = b1 / a0 * *x + 2.0 * cos / a0 * y + s2;
                    s2 = b0 / a0 * *x - (1.0 - alpha) / a0 * y;
                    *x = y;
                }
            }
        }
        out.reverse();
        out
    }

    /// T30 of ISO 3382-1: a straight line through -5 to -35 dB of the backward integral, over all responses together.
    fn t30(responses: &[Buffer], centre_hz: f64) -> f64 {
        let frames = responses[0].frames();
        let mut energy = vec![0.0; frames];
        for response in responses {
            for channel in 0..response.channels() {
                let band = octave_band(response.channel(channel), centre_hz);
                energy.iter_mut().zip(band).for_each(|(e, x)| *e += x * x);
            }
        }
        let mut left = 0.0;
        for e in energy.iter_mut().rev() {
            left += *e;
            *e = left;
        }
        let points: Vec<(f64, f64)> = energy
            .iter()
            .enumerate()
            .step_by(16)
            .map(|(n, e)| (n as f64 / RATE, 10.0 * dsp::math::log10(e / left)))
            .filter(|(_, db)| (-35.0..-5.0).contains(db))
            .collect();
        let count = points.len() as f64;
        let (mx, my) = (
            points.iter().map(|p| p.0).sum::<f64>() / count,
            points.iter().map(|p| p.1).sum::<f64>() / count,
        );
        let slope = points.iter().map(|p| (p.0 - mx) * (p.1 - my)).sum::<f64>()
            / points.iter().map(|p| (p.0 - mx) * (p.0 - mx)).sum::<f64>();
        -60.0 / slope
    }

    #[test]
    fn every_octave_decays_in_the_time_asked_within_5_percent() {
        let cases = [
            (Reverb::default(), 2.4),
            (Reverb { rt60_low_seconds: 0.7, rt60_mid_seconds: 0.5, rt60_high_seconds: 0.4, ..wet() }, 1.0),
            (Reverb { rt60_low_seconds: 1.2, rt60_mid_seconds: 1.5, rt60_high_seconds: 2.0, ..wet() }, 2.6),
            (
                Reverb {
                    rt60_low_seconds: 3.0,
                    rt60_mid_seconds: 2.2,
                    rt60_high_seconds: 0.9,
                    size_percent: 160.0,
                    modulation_percent: 100.0,
                    low_crossover_hz: 400.0,
                    high_crossover_hz: 6000.0,
                    ..wet()
                },
                3.4,
            ),
        ];
        for (settings, seconds) in cases {
            let settings = Reverb { mix_percent: 100.0, pre_delay_ms: 0.0, ..settings };
            // Four independent responses, or chance would say more than the decay in the narrow low bands.
            let responses = [(0, 0.5), (1, 0.5), (0, 0.9), (1, 0.9)].map(|(side, modulation_rate_hz)| {
                impulse_response(&Reverb { modulation_rate_hz, ..settings.clone() }, side, 2, seconds)
            });
            let (low, mid, high) =
                (settings.rt60_low_seconds, settings.rt60_mid_seconds, settings.rt60_high_seconds);
            let bands = [(125.0, low), (1000.0, mid), (2000.0, mid), (12_500.0, high)];
            for (hz, asked) in bands {
                let ratio = t30(&responses, hz) / asked;
                println!("{hz} Hz: {:+.1} % of {asked} s", 100.0 * (ratio - 1.0));
                assert!((ratio - 1.0).abs() < 0.05, "{hz} Hz: {ratio} of {asked} s");
            }
        }
    }

    #[test]
    fn the_early_decay_time_is_near_the_decay_time_and_shorter_with_early_reflections() {
        let flat = |seconds, early_level_db| Reverb {
            rt60_low_seconds: seconds,
            rt60_mid_seconds: seconds,
            rt60_high_seconds: seconds,
            early_level_db,
            pre_delay_ms: 80.0,
            ..Reverb::default()
        };
        for seconds in [0.6, 1.5, 3.0] {
            let plain = edt_seconds(&flat(seconds, -60.0), format(2));
            println!("EDT {plain} of {seconds}");
            assert!((0.9..1.2).contains(&(plain / seconds)), "{plain} for {seconds}");
            assert!(edt_seconds(&flat(seconds, 12.0), format(2)) < 0.7 * plain);
        }
        assert!(edt_seconds(&flat(1.0, 0.0), format(1)) > 0.1);
        assert!(edt_seconds(&flat(1.0, 0.0), format(6)) > 0.1);
    }

    #[test]
    fn the_level_does_not_depend_on_the_decay() {
        let level = |seconds: f64| {
            let settings = Reverb {
                rt60_low_seconds: seconds,
                rt60_mid_seconds: seconds,
                rt60_high_seconds: seconds,
                early_level_db: -60.0,
                ..wet()
            };
            let planes = [noise(0.3, 1, 130_000), noise(0.3, 2, 130_000)];
            let out = run(&settings, &planes);
            // After the build-up of the longest.
            to_db(rms(&out.channel(0)[88_200..]) / rms(&planes[0]))
        };
        for seconds in [0.3, 0.8, 2.0] {
            let db = level(seconds);
            println!("{seconds} s: {db:+.2} dB");
            assert!(db.abs() < 1.0, "{seconds}: {db}");
        }
    }

    #[test]
    fn echoes_are_as_dense_as_noise_after_80_ms() {
        // Abel and Huang, AES 121st convention 2006: share of samples beyond one sigma, in that of a normal law (0.3173).
        let out = impulse_response(&wet(), 0, 2, 0.4);
        for channel in 0..2 {
            for start in (3528..15_000).step_by(882) {
                let window = &out.channel(channel)[start..start + 882];
                let sigma = rms(window);
                let share = window.iter().filter(|x| x.abs() > sigma).count() as f64 / 882.0;
                assert!((0.8..1.25).contains(&(share / 0.3173)), "{start}: {}", share / 0.3173);
            }
        }
    }

    #[test]
    fn the_tail_has_no_comb_and_no_pitch() {
        let settings = Reverb { early_level_db: -60.0, ..wet() };
        let planes = [noise(0.3, 1, 88_200), noise(0.3, 2, 88_200)];
        let out = run(&settings, &planes);
        let tail = &out.channel(0)[22_050..];
        let energy: f64 = tail.iter().map(|x| x * x).sum();
        for lag in (200..8000).step_by(3) {
            let correlation: f64 = tail[lag..].iter().zip(tail).step_by(4).map(|(a, b)| 4.0 * a * b).sum();
            assert!((correlation / energy).abs() < 0.2, "{lag}: {}", correlation / energy);
        }
        // Third octaves of the response to white noise are level until treble decays faster.
        let (left, right) = (out.channel(0), out.channel(1));
        let dot: f64 = left.iter().zip(right).map(|(a, b)| a * b).sum();
        let both = rms(left) * rms(right) * left.len() as f64;
        assert!((dot / both).abs() < 0.2, "sides correlate by {}", dot / both);
        assert!(to_db(rms(left) / rms(right)).abs() < 1.0);
    }

    #[test]
    fn pre_delay_in_milliseconds_and_beats_adds_up_to_the_frame() {
        for (pre_delay_ms, pre_delay_beats, tempo_bpm) in
            [(10.0, 0.0, 120.0), (0.0, 0.25, 90.0), (250.0, 2.0, 60.0)]
        {
            let settings = Reverb { pre_delay_ms, pre_delay_beats, ..wet() };
            let mut planes = vec![vec![0.0; 120_000]; 1];
            planes[0][100] = 1.0;
            let mut buffer = Buffer::from_planes(&planes);
            settings.prepare(Format { tempo_bpm, ..format(1) }).process(&mut buffer.block());
            let first = buffer.channel(0).iter().position(|x| x.abs() > 1e-9).unwrap();
            let seconds = f64::min(pre_delay_ms * 1e-3 + pre_delay_beats * 60.0 / tempo_bpm, 2.0);
            let reflection = reflections(Shape::Hall, 60.0, false, RATE)[0].delay_frames;
            assert_eq!(first, 100 + (seconds * RATE).round() as usize + reflection);
        }
    }

    #[test]
    fn one_two_and_six_channels_sound_and_the_lfe_stays_dry() {
        for channels in [1, 2, 3, 6, 20] {
            let out = impulse_response(&wet(), 0, channels, 0.5);
            for channel in 0..channels {
                let level = rms(out.channel(channel));
                if channels == 6 && channel == 3 {
                    assert_eq!(level, 0.0);
                } else {
                    assert!(level > 1e-4, "{channels} {channel}: {level}");
                }
            }
        }
    }

    #[test]
    fn no_mix_is_the_input_to_the_bit_and_width_zero_is_mono() {
        let planes = [noise(0.5, 1, 9000), noise(0.5, 2, 9000)];
        let out = run(&Reverb { mix_percent: 0.0, ..Reverb::default() }, &planes);
        assert!(out.channel(0) == planes[0] && out.channel(1) == planes[1]);
        let out = run(&Reverb { width_percent: 0.0, ..wet() }, &planes);
        assert!(testkit::measure::null_db(out.channel(0), out.channel(1)) < -250.0);
    }

    #[test]
    fn the_filters_on_the_reverberation_have_their_slopes() {
        let plain = impulse_response(&wet(), 0, 1, 0.8);
        let cut = Reverb { highpass_hz: 500.0, lowpass_hz: 4000.0, ..wet() };
        let cut = impulse_response(&cut, 0, 1, 0.8);
        let ratio = |hz| {
            testkit::measure::response_db(cut.channel(0), hz, RATE)
                - testkit::measure::response_db(plain.channel(0), hz, RATE)
        };
        // Butterworth of second order, by hand: -10 log10(1 + (f/fc)^4).
        for (hz, db) in [(250.0, -12.30), (500.0, -3.01), (1500.0, -0.14)] {
            assert!((ratio(hz) - db).abs() < 0.25, "{hz}: {}", ratio(hz));
        }
        assert!((ratio(4000.0) + 3.01).abs() < 0.05);
    }

    #[test]
    fn retuning_everything_does_not_click_and_blocks_change_no_bit() {
        let input = sine(220.0, 0.5, 0.0, 0.8, RATE);
        let other = Reverb {
            size_percent: 50.0,
            rt60_mid_seconds: 0.8,
            rt60_low_seconds: 3.0,
            pre_delay_ms: 35.0,
            early_level_db: 0.0,
            early_size_ms: 30.0,
            early_pattern: EarlyPattern::Room,
            diffusion_percent: 30.0,
            highpass_hz: 100.0,
            lowpass_hz: 7000.0,
            width_percent: 150.0,
            duck_db: 6.0,
            ..wet()
        };
        let go = |cuts: &[usize]| {
            let mut kernel = wet().prepare(format(2));
            let mut buffer = Buffer::from_planes(&[input.clone(), input.clone()]);
            let (mut start, mut cut) = (0, 0);
            while start < buffer.frames() {
                if start == 20_000 {
                    kernel.retune(&other);
                }
                let to = if start < 20_000 { 20_000 } else { buffer.frames() };
                let frames = cuts[cut % cuts.len()].min(to - start);
                kernel.process(&mut buffer.block().slice(start, frames));
                (start, cut) = (start + frames, cut + 1);
            }
            buffer
        };
        let whole = go(&[100_000]);
        assert!(whole == go(&[1, 63, 64, 65, 200, 7]));
        // A click shows above 5 kHz, where a sine of 220 Hz in a still room has nothing.
        let high = octave_band(whole.channel(0), 10_000.0);
        let click = testkit::measure::peak(&high[19_000..30_000]);
        println!("loudest above 7 kHz while everything moves: {:.1} dB", to_db(click));
        assert!(click < 1e-3, "{click}");
    }

    #[test]
    fn the_tail_ends_in_exact_silence_and_poison_does_not_stay() {
        let settings =
            Reverb { rt60_low_seconds: 0.2, rt60_mid_seconds: 0.2, rt60_high_seconds: 0.2, ..wet() };
        let mut plane = noise(0.5, 1, 44_100 * 4);
        plane[100] = f64::NAN;
        plane[101] = f64::INFINITY;
        plane[4410..].fill(0.0);
        let out = run(&settings, &[plane.clone(), plane]);
        assert!(out.channel(0).iter().all(|x| x.is_finite()));
        println!("last sound at frame {:?}", out.channel(0).iter().rposition(|x| *x != 0.0));
        assert!(out.channel(0)[44_100 * 7 / 2..].iter().all(|x| *x == 0.0));
    }
}
