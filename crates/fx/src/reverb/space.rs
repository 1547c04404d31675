//! A space: early reflections and a feedback delay network, and the macro that declares the kinds.

use super::wet::{
    Courses, MAX_PRE_DELAY_SECONDS, Wet, filter, in_pieces, mix, pre_delay_frames, sounds, widen,
};
use super::{EarlyPattern, Reverb};
use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{Ducker, TwoPoleTuning, sanitise};
use dsp::fdn::{
    Chirp, Decay, Diffuser, Fdn, LINES, MAX_SIZE, Network, PIECE, Planes, REFLECTIONS, Reflection, Ring,
    Runs, Shape, Tuning, add_tail, add_taps, entrance, exit, reflections,
};
use dsp::math::{LN_10, db_to_gain, exp};
use std::marker::PhantomData;

/// Pieces of a crossfade to other reflections or another pre-delay: 2048 frames.
const FADE_PIECES: usize = 32;
/// Longest `early_size_ms`.
const MAX_EARLY_SECONDS: f64 = 0.15;
/// Gain of the diffusers at 100 %. Schroeder's 0.7 (JAES 10(3), 1962).
const MAX_DIFFUSION: f64 = 0.7;
/// Turns through the longest line in a decay time; where there were fewer, the size is held back.
/// By calibration, 2026-11-21: fewer, and the measured decay has steps in it.
const TURNS: f64 = 8.0;

/// What makes a space of one kind, whatever its settings.
#[derive(Debug, Clone, Copy)]
pub struct Character {
    /// What the tail is made of.
    pub network: Network,
}

/// A processor that is a space with early reflections and a network: settings of its own, the kernel of all.
pub trait Space: Processor {
    /// The kind.
    const CHARACTER: Character;
    /// Its settings in the words of the general reverberator.
    fn as_reverb(&self) -> Reverb;
}

impl Reverb {
    fn tuning(&self, character: &Character) -> Tuning {
        let decay = Decay {
            low_seconds: self.rt60_low_seconds,
            mid_seconds: self.rt60_mid_seconds,
            high_seconds: self.rt60_high_seconds,
            low_crossover_hz: self.low_crossover_hz,
            high_crossover_hz: self.high_crossover_hz,
        };
        let longest_ms = character.network.lengths_ms[1];
        let room_for = self.shortest_seconds() / (TURNS * longest_ms * 1e-3);
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
        Arrival {
            pre_delay: pre_delay_frames(self.pre_delay_ms, self.pre_delay_beats, format),
            sides: [side(false), side(true)],
        }
    }

    /// How far the tail is to be frozen.
    fn held(&self) -> f64 {
        f64::from(u8::from(self.freeze))
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
    /// Where bass travels slower: on the way in as well.
    chirp: Option<Chirp>,
    /// Position in the block.
    index: usize,
    entrance: [f64; LINES],
    exit: [f64; LINES],
    /// What goes into the network, before it is spread.
    fed: [f64; PIECE],
}

/// Running state of a space.
#[derive(Debug)]
pub struct SpaceKernel<P> {
    room: Room,
    kind: PhantomData<P>,
}

/// Running state of a space of any kind.
#[derive(Debug)]
struct Room {
    settings: Reverb,
    character: Character,
    format: Format,
    channels: Vec<Channel>,
    wets: Vec<Wet>,
    fdn: Fdn,
    arrival: Arrival,
    /// Arrival to fade to, and pieces done.
    fade: Option<usize>,
    next: Arrival,
    wanted: Arrival,
    /// In the order of [`Reverb::targets`], the gain of the tail last.
    courses: Courses<8>,
    /// How far the tail is frozen: 0 not, 1 wholly.
    freeze: Courses<1>,
    ducker: Ducker,
    frame: usize,
    planes: Box<Planes>,
}

impl<P: Space> SpaceKernel<P> {
    pub(crate) fn new(settings: &P, format: Format) -> Self {
        Self { room: Room::new(settings.as_reverb(), P::CHARACTER, format), kind: PhantomData }
    }
}

impl<P: Space> Kernel for SpaceKernel<P> {
    type Settings = P;

    fn tail_frames(&self) -> usize {
        self.room.tail_frames()
    }

    fn process(&mut self, block: &mut Block<'_>) {
        self.room.process(block);
    }

    fn retune(&mut self, settings: &P) {
        self.room.retune(settings.as_reverb());
    }

    fn reset(&mut self) {
        self.room.reset();
    }
}

impl Room {
    fn new(settings: Reverb, character: Character, format: Format) -> Self {
        let rate = format.sample_rate_hz;
        let room = ((MAX_PRE_DELAY_SECONDS + MAX_EARLY_SECONDS) * rate) as usize + 2 * PIECE;
        let channels: Vec<Channel> = (0..format.channels)
            .filter(|index| sounds(*index, format.channels))
            .enumerate()
            .map(|(place, index)| Channel {
                input: Ring::new(room),
                diffuser: Diffuser::new(place, rate),
                chirp: character.network.dispersive.then(|| Chirp::new(rate)),
                index,
                entrance: entrance(place),
                exit: exit(place),
                fed: [0.0; PIECE],
            })
            .collect();
        let fdn = Fdn::new(character.network, settings.tuning(&character), rate);
        let late = settings.late_gain(fdn.total_frames(), channels.len(), rate);
        let [a, b, c, d, e, f, g] = settings.targets(rate);
        let arrival = settings.arrival(&format);
        Self {
            format,
            wets: channels.iter().map(|channel| Wet::new(channel.index)).collect(),
            channels,
            fdn,
            next: arrival.clone(),
            wanted: arrival.clone(),
            arrival,
            fade: None,
            courses: Courses::new([a, b, c, d, e, f, g, late], rate),
            freeze: Courses::new([settings.held()], rate),
            ducker: Ducker::new(rate),
            frame: 0,
            planes: Box::new([[0.0; PIECE]; LINES]),
            settings,
            character,
        }
    }

    fn plan(&mut self, frames: usize) {
        self.courses.plan(frames);
        self.freeze.plan(frames);
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
        let silent = self.courses.rests_at(0, 0.0);
        self.wets.iter_mut().for_each(|channel| channel.wet.fill(0.0));
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
        let alone = if let ([left, right, ..], [wet_left, wet_right, ..]) =
            (self.channels.as_slice(), self.wets.as_mut_slice())
        {
            for (input, side) in [&left.input, &right.input].into_iter().zip(&arrival.sides) {
                let gains = side.map(|r| [r.left, r.right]);
                let wet = [&mut wet_left.wet[..frames], &mut wet_right.wet[..frames]];
                add_taps(&arrival.runs(input, side, frames), &gains, weights, wet);
            }
            2
        } else {
            0
        };
        let both = self.channels.iter().zip(&mut self.wets);
        for (source, (Channel { input, .. }, wet)) in both.enumerate().skip(alone) {
            let side = &arrival.sides[source % 2];
            let gains = side.map(|r| [(r.left * r.left + r.right * r.right).sqrt()]);
            add_taps(&arrival.runs(input, side, frames), &gains, weights, [&mut wet.wet[..frames]]);
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
            if let Some(chirp) = &mut channel.chirp {
                chirp.process(run);
            }
            channel.diffuser.process(run, &self.courses.rows[6]);
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
        if self.freeze.rests_at(0, 0.0) {
            self.fdn.process(&mut self.planes, frames);
        } else {
            self.fdn.process_held(&mut self.planes, frames, &self.freeze.rows[0]);
        }
        let [early, .., late] = &self.courses.rows;
        for (channel, wet) in self.channels.iter().zip(&mut self.wets) {
            add_tail(&self.planes, &channel.exit, [early, late], &mut wet.wet);
        }
    }

    /// Filters and width of the reverberation, and the mix.
    fn finish(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        let settle = (self.frame + frames).is_multiple_of(PIECE);
        let [_, width, share, highpass, lowpass, duck, ..] = &self.courses.rows;
        filter(&mut self.wets, [&highpass[..frames], &lowpass[..frames]], settle);
        widen(&mut self.wets, &width[..frames]);
        mix(piece, &self.wets, share, duck, &mut self.ducker);
    }

    fn tail_frames(&self) -> usize {
        let tail = self.settings.longest_seconds() * self.format.sample_rate_hz;
        self.wanted.pre_delay + (tail + MAX_EARLY_SECONDS * self.format.sample_rate_hz) as usize
    }

    /// One piece, or a part of it.
    fn run(&mut self, piece: &mut Block<'_>) {
        let frames = piece.frames();
        self.plan(frames);
        self.early(piece);
        self.late(frames);
        self.finish(piece);
    }

    fn process(&mut self, block: &mut Block<'_>) {
        in_pieces(self, block, |kernel| &mut kernel.frame, Self::run);
    }

    fn retune(&mut self, settings: Reverb) {
        let rate = self.format.sample_rate_hz;
        self.wanted = settings.arrival(&self.format);
        self.fdn.retune(settings.tuning(&self.character));
        let late = match settings.freeze {
            // What is frozen keeps the level it was frozen at.
            true => self.courses.glides[7].target(),
            false => settings.late_gain(self.fdn.total_frames(), self.channels.len(), rate),
        };
        let [a, b, c, d, e, f, g] = settings.targets(rate);
        self.courses.aim([a, b, c, d, e, f, g, late]);
        self.freeze.aim([settings.held()]);
        self.settings = settings;
    }

    fn reset(&mut self) {
        for channel in &mut self.channels {
            channel.input.reset();
            channel.diffuser.reset();
            channel.chirp.iter_mut().for_each(Chirp::reset);
        }
        self.wets.iter_mut().for_each(Wet::reset);
        self.fdn.reset();
        self.ducker.reset();
        self.arrival.clone_from(&self.wanted);
        (self.fade, self.frame) = (None, 0);
        self.courses.reset();
        self.freeze.reset();
    }
}

/// Declares a kind of space: the knobs of the general reverberator but for the pattern, with defaults of its own.
macro_rules! space {
    ($(#[doc = $doc:literal])* pub struct $name:ident = $key:literal on $network:ident with $pattern:ident {
        pre_delay_ms $pre:literal, low $low:literal, mid $mid:literal, high $high:literal,
        crossovers $low_hz:literal $high_hz:literal, early_db $early:literal, early_ms $early_ms:literal,
        early_width $early_width:literal, diffusion $diffusion:literal, modulation $modulation:literal $rate:literal,
        filters $highpass:literal $lowpass:literal $(,)?
    }) => {
        $crate::processor! {
            $(#[doc = $doc])*
            pub struct $name = $key {
                /// Time before the first reflection.
                pre_delay_ms: Ms = $pre in 0.0..=250.0;
                /// Time before the first reflection in beats, on top of the other, up to 2 s.
                pre_delay_beats: Beats = 0.0 in 0.0..=2.0;
                /// Size: how far apart the echoes of the tail are. Held back where the decay is too short for it.
                size_percent: Percent = 100.0 in 20.0..=200.0;
                /// Time in which bass falls by 60 dB.
                rt60_low_seconds: Seconds = $low in 0.1..=20.0 log;
                /// Time in which the middle falls by 60 dB.
                rt60_mid_seconds: Seconds = $mid in 0.1..=20.0 log;
                /// Time in which treble falls by 60 dB.
                rt60_high_seconds: Seconds = $high in 0.1..=20.0 log;
                /// Where bass ends.
                low_crossover_hz: Hz = $low_hz in 50.0..=1000.0 log;
                /// Where treble begins.
                high_crossover_hz: Hz = $high_hz in 1500.0..=16000.0 log;
                /// Level of the early reflections against the tail; the lowest is off.
                early_level_db: Db = $early in -60.0..=12.0;
                /// Time from the direct sound to the last early reflection.
                early_size_ms: Ms = $early_ms in 5.0..=150.0 log;
                /// How far to the sides the early reflections come from.
                early_width_percent: Percent = $early_width in 0.0..=100.0;
                /// How much each sound is smeared on its way in: low for single echoes, high for a smooth beginning.
                diffusion_percent: Percent = $diffusion in 0.0..=100.0;
                /// How far the space moves: breaks up ringing on held notes.
                modulation_percent: Percent = $modulation in 0.0..=100.0;
                /// How fast the space moves.
                modulation_rate_hz: Hz = $rate in 0.05..=5.0 log;
                /// High-pass on the reverberation, 12 dB per octave.
                highpass_hz: Hz = $highpass in 20.0..=1000.0 log;
                /// Low-pass on the reverberation, 12 dB per octave.
                lowpass_hz: Hz = $lowpass in 1000.0..=20000.0 log;
                /// Width of the reverberation: 0 is mono, 100 as it comes.
                width_percent: Percent = 100.0 in 0.0..=200.0;
                /// How far the reverberation steps back while the source sounds.
                duck_db: Db = 0.0 in 0.0..=24.0;
                /// Share of the reverberation in the output: 100 on a send return.
                mix_percent: Percent = 25.0 in 0.0..=100.0;
                /// Holds the tail: nothing new comes in and nothing decays, for as long as it is on. Early reflections go on, and a
                /// change of size waits. Let it go before the session ends, or the end is a cut.
                freeze: switch = false;
            }
        }
        impl $crate::reverb::Space for $name {
            const CHARACTER: $crate::reverb::Character =
                $crate::reverb::Character { network: dsp::fdn::Network::$network };
            fn as_reverb(&self) -> $crate::reverb::Reverb {
                $crate::reverb::Reverb {
                    early_pattern: $crate::reverb::EarlyPattern::$pattern,
                    pre_delay_ms: self.pre_delay_ms,
                    pre_delay_beats: self.pre_delay_beats,
                    size_percent: self.size_percent,
                    rt60_low_seconds: self.rt60_low_seconds,
                    rt60_mid_seconds: self.rt60_mid_seconds,
                    rt60_high_seconds: self.rt60_high_seconds,
                    low_crossover_hz: self.low_crossover_hz,
                    high_crossover_hz: self.high_crossover_hz,
                    early_level_db: self.early_level_db,
                    early_size_ms: self.early_size_ms,
                    early_width_percent: self.early_width_percent,
                    diffusion_percent: self.diffusion_percent,
                    modulation_percent: self.modulation_percent,
                    modulation_rate_hz: self.modulation_rate_hz,
                    highpass_hz: self.highpass_hz,
                    lowpass_hz: self.lowpass_hz,
                    width_percent: self.width_percent,
                    duck_db: self.duck_db,
                    mix_percent: self.mix_percent,
                    freeze: self.freeze,
                }
            }
        }
        impl $crate::Processor for $name {
            type Kernel = $crate::reverb::SpaceKernel<Self>;
            fn prepare(&self, format: $crate::Format) -> Self::Kernel {
                $crate::reverb::SpaceKernel::new(self, format)
            }
        }
    };
}
pub(crate) use space;
