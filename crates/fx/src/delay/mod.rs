//! Echo.

mod note;
mod tape;

pub use note::Note;

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{DelayLine, Ducker, OnePole, Quadrature, flush, sanitise};
use dsp::math::ln;
use dsp::smooth::Glide;
use tape::{Head, Reel};

choice! {
    /// What sets the time between echoes.
    pub enum DelayTiming {
        /// The tempo and `note`.
        Tempo = "tempo",
        /// `time_ms`.
        Free = "free",
    }
}

choice! {
    /// What carries the echoes.
    pub enum DelayMedium {
        /// Memory: every echo as clean as the first, times change by a crossfade.
        Digital = "digital",
        /// Tape.
        Tape = "tape",
    }
}

choice! {
    /// Where the echoes go.
    pub enum DelayRouting {
        /// Every channel into itself.
        Straight = "straight",
        /// The sum of both sides to the left, then right, then left.
        PingPong = "ping_pong",
    }
}

processor! {
    /// Echo: in time with the song or free, straight or from side to side, with filters in the loop.
    ///
    /// On `tape` the echoes are those of a machine: its speed wobbles, the tape saturates softly and dulls a little with every round, and
    /// a change of time bends the pitch. For throws, automate `input_percent`: what is fed while it is up echoes on by itself.
    ///
    /// Each echo goes once more through the filters than the one before, the first one once. Times are rounded to whole
    /// frames, so echoes stand exactly on the grid. Ping-pong takes the first two channels; any others go straight.
    pub struct Delay = "delay" {
        /// What carries the echoes.
        medium: choice DelayMedium = Digital;
        /// What sets the time between echoes.
        timing: choice DelayTiming = Tempo;
        /// Note value, with `timing` tempo.
        note: choice Note = EighthDotted;
        /// Time between echoes, with `timing` free.
        time_ms: Ms = 350.0 in 1.0..=4000.0 log;
        /// How much later the right side is (below zero: the left); not in ping-pong.
        stereo_offset_ms: Ms = 0.0 in -50.0..=50.0;
        /// Level of each echo in that of the one before.
        feedback_percent: Percent = 35.0 in 0.0..=95.0;
        /// Where the echoes go.
        routing: choice DelayRouting = Straight;
        /// High-pass in the loop, 6 dB per octave and echo; the lowest is off.
        highpass_hz: Hz = 20.0 in 20.0..=2000.0 log;
        /// Low-pass in the loop, 6 dB per octave and echo; the highest is off.
        lowpass_hz: Hz = 20000.0 in 500.0..=20000.0 log;
        /// How far the time sways to either side; the sides sway a quarter turn apart.
        modulation_depth_ms: Ms = 0.0 in 0.0..=10.0;
        /// How fast it sways.
        modulation_rate_hz: Hz = 0.5 in 0.05..=5.0 log;
        /// How far the speed of the tape wobbles: at 100 up to half a per cent slowly and a seventh of one fast.
        wobble_percent: Percent = 30.0 in 0.0..=100.0;
        /// How hard the tape is driven: it saturates at full scale at 6, 9.5 dB below it at 12; not at all at 0.
        drive_db: Db = 6.0 in 0.0..=24.0;
        /// Share of the sound that is sent into the echoes; for throws.
        input_percent: Percent = 100.0 in 0.0..=100.0;
        /// How far the echoes step back while the source sounds.
        duck_db: Db = 0.0 in 0.0..=24.0;
        /// Width of the echoes: 0 is mono, 100 as they come.
        width_percent: Percent = 100.0 in 0.0..=200.0;
        /// Share of the echoes in the output: 100 on a send return.
        mix_percent: Percent = 25.0 in 0.0..=100.0;
    }
}

/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
const GLIDE_MS: f64 = 10.0;
/// Crossfade from one delay time to another. By our own convention: no click, and no echo is lost.
const FADE_MS: f64 = 50.0;
/// Longest time of a note at slow tempi.
const MAX_SECONDS: f64 = 8.0;
/// Largest offset and sway together.
const MAX_SPREAD_MS: f64 = 64.0;
/// What of that is not the offset.
const SWAY_MS: f64 = 14.0;

impl Delay {
    fn seconds(&self, tempo_bpm: f64) -> f64 {
        let seconds = match self.timing {
            DelayTiming::Free => self.time_ms * 1e-3,
            // Without a tempo, that of a minute hand: 60.
            DelayTiming::Tempo => self.note.beats() * 60.0 / if tempo_bpm > 0.0 { tempo_bpm } else { 60.0 },
        };
        seconds.clamp(0.0, MAX_SECONDS)
    }

    /// Frames for the left side (and the others) and for the right.
    fn times(&self, format: &Format) -> [f64; 2] {
        let straight = self.routing == DelayRouting::Straight;
        let offset = if straight { self.stereo_offset_ms * 1e-3 } else { 0.0 };
        let seconds = self.seconds(format.tempo_bpm);
        // The sway must not reach the present.
        let least = (self.modulation_depth_ms * 1e-3 * format.sample_rate_hz).ceil() + 2.0;
        [(-offset).max(0.0), offset.max(0.0)]
            .map(|late| ((seconds + late) * format.sample_rate_hz).round().max(least))
    }

    fn targets(&self, format: &Format) -> [f64; 14] {
        let rate = format.sample_rate_hz;
        let on = |yes: bool| f64::from(u8::from(yes));
        [
            self.feedback_percent / 100.0,
            on(self.routing == DelayRouting::PingPong),
            OnePole::coefficient(self.highpass_hz, rate),
            on(self.highpass_hz > 20.0),
            OnePole::coefficient(self.lowpass_hz, rate),
            on(self.lowpass_hz < 20_000.0),
            self.modulation_depth_ms * 1e-3 * rate,
            self.duck_db,
            self.width_percent / 100.0,
            self.mix_percent / 100.0,
            on(self.medium == DelayMedium::Tape),
            self.wobble_percent / 100.0,
            tape::knee(self.drive_db),
            self.input_percent / 100.0,
        ]
    }
}

/// One value of every glide.
#[derive(Debug, Clone, Copy)]
struct Now {
    feedback: f64,
    ping_pong: f64,
    high: [f64; 2],
    low: [f64; 2],
    depth: f64,
    duck: f64,
    width: f64,
    mix: f64,
    tape: f64,
    wobble: f64,
    knee: f64,
    input: f64,
}

#[derive(Debug)]
struct Channel {
    line: DelayLine,
    high: OnePole,
    low: OnePole,
    head: Head,
    wet: f64,
    dry: f64,
}

impl Channel {
    /// The echo at this frame, filtered.
    #[inline]
    fn listen(&mut self, times: [f64; 2], share: f64, sway: f64, reel: Option<(&Reel, f64)>, now: &Now) {
        let read = |frames: f64| {
            // The newest sample is one frame old.
            if sway == 0.0 {
                self.line.read(frames as usize - 1)
            } else {
                self.line.read_cubic(frames - 1.0 + sway)
            }
        };
        let mut echo = read(times[0]);
        if share > 0.0 {
            echo += (read(times[1]) - echo) * share;
        }
        if let Some((reel, frames)) = reel {
            let taped = self.head.dull(reel.read(&self.line, frames + sway));
            echo += now.tape * (taped - echo);
        }
        let [coefficient, amount] = now.high;
        if amount > 0.0 {
            echo -= amount * self.high.low(echo, coefficient);
        }
        let [coefficient, amount] = now.low;
        if amount > 0.0 {
            let low = self.low.low(echo, coefficient);
            echo += amount * (low - echo);
        }
        self.wet = echo;
    }

    fn reset(&mut self) {
        self.line.reset();
        self.high.reset();
        self.low.reset();
        self.head.reset();
    }
}

/// Running state of [`Delay`].
#[derive(Debug)]
pub struct DelayKernel {
    settings: Delay,
    format: Format,
    channels: Vec<Channel>,
    times: [f64; 2],
    next: [f64; 2],
    wanted: [f64; 2],
    /// Frames of the crossfade done.
    faded: Option<usize>,
    fade_frames: usize,
    /// Longest time the lines have room for.
    longest_frames: f64,
    glides: [Glide; 14],
    sway: [Quadrature; 2],
    reel: Reel,
    /// Times on tape, which glide.
    paces: [Glide; 2],
    ducker: Ducker,
}

impl Processor for Delay {
    type Kernel = DelayKernel;
    fn prepare(&self, format: Format) -> DelayKernel {
        let rate = format.sample_rate_hz;
        let room = ((MAX_SECONDS + MAX_SPREAD_MS * 1e-3) * rate) as usize + 8;
        // Memory for the longest time this tempo can ask for, no more.
        let longest = (4.0 * 60.0 / format.tempo_bpm.max(1.0)).max(4.0) + MAX_SPREAD_MS * 1e-3;
        let room = room.min((longest * rate) as usize + 8);
        let times = self.times(&format);
        let channel = || Channel {
            line: DelayLine::new(room),
            high: OnePole::default(),
            low: OnePole::default(),
            head: Head::new(rate),
            wet: 0.0,
            dry: 0.0,
        };
        DelayKernel {
            settings: self.clone(),
            format,
            channels: (0..format.channels).map(|_| channel()).collect(),
            times,
            next: times,
            wanted: times,
            faded: None,
            // Beside the largest offset, what sways and wobbles needs room of its own.
            longest_frames: (room - 6) as f64 - (SWAY_MS * 1e-3 * rate).floor(),
            fade_frames: ((FADE_MS * 1e-3 * rate) as usize).max(1),
            glides: self.targets(&format).map(|value| Glide::new(value, GLIDE_MS, rate)),
            sway: sway(self.modulation_rate_hz, rate),
            reel: Reel::new(rate, format.seed),
            paces: times.map(|frames| Glide::new(frames, tape::PACE_MS, rate)),
            ducker: Ducker::new(rate),
        }
    }
}

/// The oscillators of both sides, a quarter turn apart.
fn sway(rate_hz: f64, sample_rate_hz: f64) -> [Quadrature; 2] {
    [0.0, dsp::math::FRAC_PI_2].map(|phase| Quadrature::new(rate_hz, phase, sample_rate_hz))
}

impl DelayKernel {
    fn now(&mut self) -> Now {
        let [
            feedback,
            ping_pong,
            high,
            high_on,
            low,
            low_on,
            depth,
            duck,
            width,
            mix,
            tape,
            wobble,
            knee,
            input,
        ] = self.glides.each_mut().map(Glide::next_value);
        let (high, low) = ([high, high_on], [low, low_on]);
        Now { feedback, ping_pong, high, low, depth, duck, width, mix, tape, wobble, knee, input }
    }

    /// Times to go to, as far as the lines have room.
    fn aim(&mut self, times: [f64; 2]) {
        self.wanted = times.map(|frames| frames.min(self.longest_frames));
        self.paces.iter_mut().zip(self.wanted).for_each(|(pace, frames)| pace.set_target(frames));
    }

    /// Share of the new times at this frame.
    fn fade(&mut self) -> f64 {
        if self.faded.is_none() && self.times != self.wanted {
            self.next = self.wanted;
            self.faded = Some(0);
        }
        let Some(done) = self.faded else { return 0.0 };
        if done == self.fade_frames {
            self.times = self.next;
            self.faded = None;
            return 0.0;
        }
        self.faded = Some(done + 1);
        done as f64 / self.fade_frames as f64
    }

    /// Reads all echoes, then feeds the lines.
    fn turn(&mut self, now: &Now) {
        let share = self.fade();
        let sway = self.sway.each_mut().map(Quadrature::next_sine).map(|sine| sine * now.depth);
        let paces = self.paces.each_mut().map(Glide::next_value);
        self.reel.turn(now.wobble);
        let reel = (now.tape > 0.0).then_some(&self.reel);
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let side = index % 2;
            let reel = reel.map(|reel| (reel, paces[side]));
            channel.listen([self.times[side], self.next[side]], share, sway[side], reel, now);
        }
        let p = now.ping_pong;
        if let (true, [left, right, rest @ ..]) = (p > 0.0, self.channels.as_mut_slice()) {
            let sum = 0.5 * (left.dry + right.dry);
            let (to_left, to_right) = (right.wet, left.wet);
            let blend = |straight: f64, crossed: f64| straight + (crossed - straight) * p;
            // The crossing from left to right is the next echo and costs the feedback once.
            left.feed(blend(left.dry, sum), blend(left.wet, to_left), now);
            right.feed(blend(right.dry, 0.0), blend(right.wet, to_right), now);
            rest.iter_mut().for_each(|channel| channel.feed(channel.dry, channel.wet, now));
        } else {
            self.channels.iter_mut().for_each(|channel| channel.feed(channel.dry, channel.wet, now));
        }
    }

    /// Width, ducking and mix of one frame, into the block.
    fn write(&mut self, now: &Now, frame: usize, block: &mut Block<'_>) {
        if let ([left, right, ..], true) = (self.channels.as_mut_slice(), now.width != 1.0) {
            let (mid, side) = (0.5 * (left.wet + right.wet), 0.5 * (left.wet - right.wet) * now.width);
            (left.wet, right.wet) = (mid + side, mid - side);
        }
        let mut gain = now.mix;
        if now.duck > 0.0 {
            let peak = self.channels.iter().map(|channel| channel.dry.abs()).fold(0.0, f64::max);
            gain *= self.ducker.next(peak, now.duck);
        }
        for (plane, channel) in block.channels_mut().zip(&self.channels) {
            plane[frame] = channel.dry * (1.0 - now.mix) + channel.wet * gain;
        }
    }
}

impl Channel {
    #[inline]
    fn feed(&mut self, dry: f64, wet: f64, now: &Now) {
        let mut sum = now.input * dry + now.feedback * wet;
        if now.tape > 0.0 {
            sum += now.tape * (self.head.write(sum, now.knee) - sum);
        }
        self.line.push(flush(sum));
    }
}

impl Kernel for DelayKernel {
    type Settings = Delay;

    fn tail_frames(&self) -> usize {
        let longest = self.wanted[0].max(self.wanted[1]);
        let feedback = self.settings.feedback_percent / 100.0;
        // Echoes until feedback^n is below a thousandth, and the first.
        let echoes = if feedback > 0.0 { (ln(1e-3) / ln(feedback)).ceil() } else { 0.0 };
        ((echoes + 1.0) * longest) as usize
    }

    fn process(&mut self, block: &mut Block<'_>) {
        for frame in 0..block.frames() {
            for (plane, channel) in block.channels_mut().zip(&mut self.channels) {
                channel.dry = sanitise(plane[frame]);
            }
            let now = self.now();
            self.turn(&now);
            self.write(&now, frame, block);
        }
    }

    fn retune(&mut self, settings: &Delay) {
        self.aim(settings.times(&self.format));
        let targets = settings.targets(&self.format);
        self.glides.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
        let rate = self.format.sample_rate_hz;
        self.sway.iter_mut().for_each(|sway| sway.set_rate(settings.modulation_rate_hz, rate));
        self.settings = settings.clone();
    }

    fn follows_tempo(&self) -> bool {
        self.settings.timing == DelayTiming::Tempo
    }

    /// As long as the lines have room: notes longer than four seconds stay at the longest there is.
    fn set_tempo(&mut self, tempo_bpm: f64) {
        self.format.tempo_bpm = tempo_bpm;
        self.aim(self.settings.times(&self.format));
    }

    fn reset(&mut self) {
        self.channels.iter_mut().for_each(Channel::reset);
        (self.times, self.next, self.faded) = (self.wanted, self.wanted, None);
        self.glides.iter_mut().for_each(|glide| glide.snap(glide.target()));
        self.sway = sway(self.settings.modulation_rate_hz, self.format.sample_rate_hz);
        self.ducker.reset();
        self.reel.reset();
        self.paces.iter_mut().for_each(|pace| pace.snap(pace.target()));
    }
}

#[cfg(test)]
mod tests;
