//! Echo.

use crate::{Choice, Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{DelayLine, Ducker, OnePole, Quadrature, flush, sanitise};
use dsp::math::ln;
use dsp::smooth::Glide;

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
    /// A note value: the time between echoes.
    pub enum Note {
        /// Whole note, 4 beats.
        Whole = "1/1",
        /// Dotted half note, 3 beats.
        HalfDotted = "1/2 dotted",
        /// Half note, 2 beats.
        Half = "1/2",
        /// Half-note triplet, 4/3 beats.
        HalfTriplet = "1/2 triplet",
        /// Dotted quarter note, 3/2 beats.
        QuarterDotted = "1/4 dotted",
        /// Quarter note, 1 beat.
        Quarter = "1/4",
        /// Quarter-note triplet, 2/3 of a beat.
        QuarterTriplet = "1/4 triplet",
        /// Dotted eighth note, 3/4 of a beat.
        EighthDotted = "1/8 dotted",
        /// Eighth note, 1/2 beat.
        Eighth = "1/8",
        /// Eighth-note triplet, 1/3 of a beat.
        EighthTriplet = "1/8 triplet",
        /// Dotted sixteenth note, 3/8 of a beat.
        SixteenthDotted = "1/16 dotted",
        /// Sixteenth note, 1/4 of a beat.
        Sixteenth = "1/16",
        /// Sixteenth-note triplet, 1/6 of a beat.
        SixteenthTriplet = "1/16 triplet",
        /// Dotted thirty-second note, 3/16 of a beat.
        ThirtySecondDotted = "1/32 dotted",
        /// Thirty-second note, 1/8 of a beat.
        ThirtySecond = "1/32",
        /// Thirty-second-note triplet, 1/12 of a beat.
        ThirtySecondTriplet = "1/32 triplet",
    }
}

impl Note {
    /// Length in quarter notes.
    #[must_use]
    pub fn beats(self) -> f64 {
        let plain = |power: usize| 4.0 / (1usize << power) as f64;
        // After the whole note, three for each halving: dotted, plain, triplet.
        match self.index() {
            0 => 4.0,
            n => plain((n - 1) / 3 + 1) * [1.5, 1.0, 2.0 / 3.0][(n - 1) % 3],
        }
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
    /// Each echo goes once more through the filters than the one before, the first one once. Times are rounded to whole
    /// frames, so echoes stand exactly on the grid. Ping-pong takes the first two channels; any others go straight.
    pub struct Delay = "delay" {
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
const MAX_SPREAD_MS: f64 = 60.0;

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

    fn targets(&self, format: &Format) -> [f64; 10] {
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
}

#[derive(Debug)]
struct Channel {
    line: DelayLine,
    high: OnePole,
    low: OnePole,
    wet: f64,
    dry: f64,
}

impl Channel {
    /// The echo at this frame, filtered.
    #[inline]
    fn listen(&mut self, times: [f64; 2], share: f64, sway: f64, now: &Now) {
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
    glides: [Glide; 10],
    sway: [Quadrature; 2],
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
            // The sway, 10 ms at most, needs room of its own.
            longest_frames: (room - 8) as f64 - (10e-3 * rate).floor(),
            fade_frames: ((FADE_MS * 1e-3 * rate) as usize).max(1),
            glides: self.targets(&format).map(|value| Glide::new(value, GLIDE_MS, rate)),
            sway: sway(self.modulation_rate_hz, rate),
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
        let [feedback, ping_pong, high, high_on, low, low_on, depth, duck, width, mix] =
            self.glides.each_mut().map(Glide::next_value);
        Now { feedback, ping_pong, high: [high, high_on], low: [low, low_on], depth, duck, width, mix }
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
        for (index, channel) in self.channels.iter_mut().enumerate() {
            let side = index % 2;
            channel.listen([self.times[side], self.next[side]], share, sway[side], now);
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
        self.line.push(flush(dry + now.feedback * wet));
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
        self.wanted = settings.times(&self.format).map(|time| time.min(self.longest_frames));
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
        self.wanted = self.settings.times(&self.format).map(|time| time.min(self.longest_frames));
    }

    fn reset(&mut self) {
        self.channels.iter_mut().for_each(Channel::reset);
        (self.times, self.next, self.faded) = (self.wanted, self.wanted, None);
        self.glides.iter_mut().for_each(|glide| glide.snap(glide.target()));
        self.sway = sway(self.settings.modulation_rate_hz, self.format.sample_rate_hz);
        self.ducker.reset();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dsp::block::Buffer;
    use testkit::measure::{null_db, peak, response_db, rms, to_db};
    use testkit::signals::{noise, sine};

    const RATE: f64 = 48_000.0;

    fn format(channels: usize, tempo_bpm: f64) -> Format {
        Format { sample_rate_hz: RATE, channels, tempo_bpm, ..Format::default() }
    }

    fn wet() -> Delay {
        Delay { mix_percent: 100.0, ..Delay::default() }
    }

    /// Response to an impulse on `channel`.
    fn echoes(settings: &Delay, channel: usize, channels: usize, tempo_bpm: f64, frames: usize) -> Buffer {
        let mut buffer = Buffer::new(channels, frames);
        buffer.channel_mut(channel)[0] = 1.0;
        settings.prepare(format(channels, tempo_bpm)).process(&mut buffer.block());
        buffer
    }

    fn places(plane: &[f64]) -> Vec<usize> {
        plane.iter().enumerate().filter(|(_, x)| x.abs() > 1e-6).map(|(n, _)| n).collect()
    }

    #[test]
    fn notes_have_their_lengths_in_beats() {
        // By hand: a quarter note is one beat, a dot adds a half, a triplet is three in the time of two.
        let expected = [
            4.0,
            3.0,
            2.0,
            4.0 / 3.0,
            1.5,
            1.0,
            2.0 / 3.0,
            0.75,
            0.5,
            1.0 / 3.0,
            0.375,
            0.25,
            1.0 / 6.0,
            0.1875,
            0.125,
            1.0 / 12.0,
        ];
        assert_eq!(Note::NAMES.len(), expected.len());
        for (index, beats) in expected.into_iter().enumerate() {
            assert!((Note::from_index(index).beats() - beats).abs() < 1e-15, "{}", Note::NAMES[index].0);
        }
    }

    #[test]
    fn echoes_in_tempo_stand_on_the_frame() {
        for (note, tempo_bpm, step) in [
            (Note::Quarter, 120.0, 24_000),
            (Note::EighthDotted, 100.0, 21_600),
            (Note::EighthTriplet, 90.0, 10_667),
            (Note::Sixteenth, 174.0, 4138),
        ] {
            let out = echoes(&Delay { note, ..wet() }, 0, 1, tempo_bpm, 3 * step + 1);
            assert_eq!(places(out.channel(0)), [step, 2 * step, 3 * step], "{note:?}");
        }
        let free = Delay { timing: DelayTiming::Free, time_ms: 10.0, ..wet() };
        assert_eq!(places(echoes(&free, 0, 1, 120.0, 1000).channel(0)), [480, 960]);
    }

    #[test]
    fn each_echo_is_the_feedback_times_the_one_before_exactly() {
        let settings = Delay { timing: DelayTiming::Free, time_ms: 5.0, feedback_percent: 60.0, ..wet() };
        let out = echoes(&settings, 0, 1, 120.0, 4000);
        let mut level = 1.0;
        for n in 1..16 {
            assert!((out.channel(0)[240 * n] - level).abs() < 1e-15, "echo {n}");
            level *= 0.6;
        }
    }

    #[test]
    fn ping_pong_starts_left_and_changes_sides() {
        let settings = Delay {
            timing: DelayTiming::Free,
            time_ms: 10.0,
            feedback_percent: 50.0,
            routing: DelayRouting::PingPong,
            ..wet()
        };
        for channel in 0..2 {
            let out = echoes(&settings, channel, 2, 120.0, 2000);
            assert_eq!(places(out.channel(0)), [480, 1440]);
            assert_eq!(places(out.channel(1)), [960, 1920]);
            let levels =
                [out.channel(0)[480], out.channel(1)[960], out.channel(0)[1440], out.channel(1)[1920]];
            for (n, level) in levels.into_iter().enumerate() {
                assert!((level - 0.5 * libm_pow(0.5, n)).abs() < 1e-15, "{levels:?}");
            }
        }
        let six = echoes(&settings, 4, 6, 120.0, 2000);
        assert_eq!(places(six.channel(4)), [480, 960, 1440, 1920]);
        assert!(places(six.channel(0)).is_empty());
    }

    fn libm_pow(base: f64, times: usize) -> f64 {
        (0..times).fold(1.0, |product, _| product * base)
    }

    #[test]
    fn the_stereo_offset_moves_one_side() {
        for (offset, left, right) in [(5.0, 960, 1200), (-5.0, 1200, 960)] {
            let settings =
                Delay { timing: DelayTiming::Free, time_ms: 20.0, stereo_offset_ms: offset, ..wet() };
            assert_eq!(places(echoes(&settings, 0, 2, 120.0, 1300).channel(0)), [left]);
            assert_eq!(places(echoes(&settings, 1, 2, 120.0, 1300).channel(1)), [right]);
        }
    }

    #[test]
    fn each_echo_passes_the_filters_once_more() {
        let settings = Delay {
            timing: DelayTiming::Free,
            time_ms: 100.0,
            feedback_percent: 80.0,
            highpass_hz: 200.0,
            lowpass_hz: 4000.0,
            ..wet()
        };
        let out = echoes(&settings, 0, 1, 120.0, 4800 * 4);
        let warp = |hz: f64| dsp::math::tan(dsp::math::PI * hz / RATE);
        for hz in [100.0, 200.0, 1000.0, 4000.0, 9000.0] {
            // Bilinear first-order responses, by hand.
            let (high, low) = (warp(hz) / warp(200.0), warp(hz) / warp(4000.0));
            let once = 10.0 * dsp::math::log10(high * high / (1.0 + high * high) / (1.0 + low * low));
            for n in 1..=3_usize {
                let echo = &out.channel(0)[4800 * n..4800 * (n + 1)];
                let expected = once * n as f64 + to_db(0.8) * (n - 1) as f64;
                let measured = response_db(echo, hz, RATE);
                assert!((measured - expected).abs() < 0.05, "{hz} Hz echo {n}: {measured} for {expected}");
            }
        }
    }

    #[test]
    fn no_mix_is_the_input_to_the_bit_and_the_default_keeps_the_dry() {
        let input = noise(0.5, 3, 60_000);
        let mut buffer = Buffer::from_planes(&[input.clone(), input.clone()]);
        Delay { mix_percent: 0.0, ..Delay::default() }.prepare(format(2, 120.0)).process(&mut buffer.block());
        assert!(buffer.channel(0) == input && buffer.channel(1) == input);
        let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
        Delay::default().prepare(format(1, 120.0)).process(&mut buffer.block());
        let dry: Vec<f64> = input[..1000].iter().map(|x| x * 0.75).collect();
        assert!(null_db(&buffer.channel(0)[..1000], &dry) < -300.0);
    }

    #[test]
    fn the_loop_stays_bounded_at_its_loudest_and_dies_to_exact_silence() {
        for (routing, depth, time_ms) in [
            (DelayRouting::Straight, 10.0, 1.0),
            (DelayRouting::PingPong, 10.0, 20.0),
            (DelayRouting::PingPong, 0.0, 1.0),
        ] {
            let settings = Delay {
                timing: DelayTiming::Free,
                time_ms,
                routing,
                feedback_percent: 95.0,
                modulation_depth_ms: depth,
                modulation_rate_hz: 5.0,
                highpass_hz: 2000.0,
                lowpass_hz: 500.0,
                ..wet()
            };
            let mut plane = noise(1.0, 1, 48_000 * 6);
            plane[48_000..].fill(0.0);
            let mut buffer = Buffer::from_planes(&[plane.clone(), plane.clone()]);
            settings.prepare(format(2, 120.0)).process(&mut buffer.block());
            assert!(peak(buffer.channel(0)) < 20.0);
            let end = rms(&buffer.channel(0)[48_000 * 5..]);
            assert!(end < 1e-3, "{routing:?} {depth} {time_ms}: {end}");
        }
        let short = Delay { timing: DelayTiming::Free, time_ms: 1.0, feedback_percent: 50.0, ..wet() };
        let out = echoes(&short, 0, 1, 120.0, 48_000);
        assert!(out.channel(0)[30_000..].iter().all(|x| *x == 0.0));
    }

    #[test]
    fn modulation_sways_the_pitch_by_its_depth_and_rate() {
        // A delay of d(t) = D + A sin(w t) shifts a tone by -f A w cos(w t): at 2 ms and 1 Hz by 1.257 % at most.
        let settings = Delay {
            timing: DelayTiming::Free,
            time_ms: 50.0,
            feedback_percent: 0.0,
            modulation_depth_ms: 2.0,
            modulation_rate_hz: 1.0,
            ..wet()
        };
        let input = sine(1000.0, 0.5, 0.0, 3.0, RATE);
        let mut buffer = Buffer::from_planes(&[input]);
        settings.prepare(format(1, 120.0)).process(&mut buffer.block());
        // Frequency by the rising zero crossings, interpolated.
        let out = &buffer.channel(0)[24_000..];
        let crossings: Vec<f64> = (1..out.len())
            .filter(|n| out[n - 1] < 0.0 && out[*n] >= 0.0)
            .map(|n| n as f64 - out[n] / (out[n] - out[n - 1]))
            .collect();
        let hz: Vec<f64> = crossings.windows(2).map(|pair| RATE / (pair[1] - pair[0])).collect();
        let (low, high) = hz.iter().fold((f64::MAX, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
        assert!((high - 1012.57).abs() < 0.3 && (low - 987.43).abs() < 0.3, "{low} {high}");
    }

    #[test]
    fn ducking_lowers_the_echoes_under_the_source_only() {
        let settings = Delay { timing: DelayTiming::Free, time_ms: 250.0, feedback_percent: 0.0, ..wet() };
        let mut input = noise(0.5, 1, 48_000);
        input[24_000..].fill(0.0);
        let go = |duck_db| {
            let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
            Delay { duck_db, ..settings.clone() }.prepare(format(1, 120.0)).process(&mut buffer.block());
            buffer.channel(0).to_vec()
        };
        let (plain, ducked) = (go(0.0), go(12.0));
        let under = to_db(rms(&ducked[14_000..23_000]) / rms(&plain[14_000..23_000]));
        assert!((under + 12.0).abs() < 0.2, "{under}");
        let after = to_db(rms(&ducked[34_000..36_000]) / rms(&plain[34_000..36_000]));
        assert!(after > -12.0, "{after}");
    }

    #[test]
    fn retuning_does_not_click_and_blocks_change_no_bit() {
        let input = sine(200.0, 0.5, 0.0, 1.0, RATE);
        let first = Delay { timing: DelayTiming::Free, time_ms: 80.0, ..wet() };
        let other = Delay {
            timing: DelayTiming::Tempo,
            note: Note::Sixteenth,
            routing: DelayRouting::PingPong,
            feedback_percent: 60.0,
            highpass_hz: 100.0,
            lowpass_hz: 3000.0,
            modulation_depth_ms: 1.0,
            width_percent: 50.0,
            duck_db: 3.0,
            ..wet()
        };
        let go = |cuts: &[usize]| {
            let mut kernel = first.prepare(format(2, 120.0));
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
        // The steepest step of 200 Hz at the level of all echoes together is below 0.03.
        let steepest = whole.channel(0)[12_000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
        assert!(steepest < 0.035, "{steepest}");
    }
}
