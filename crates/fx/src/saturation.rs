//! Saturation, alias-suppressed.

use crate::{Format, Kernel, Processor};
use dsp::block::Block;
use dsp::delay::{OnePole, flush, sanitise};
use dsp::math::{db_to_gain, db_to_power, exp, tan};
use dsp::oversample::{Factor, Oversampler};
use dsp::smooth::Glide;
use dsp::waveshape::{Curve, shape, working_point};

choice! {
    /// Character of the curve.
    pub enum SaturationMode {
        /// Symmetrical and soft from the first: odd harmonics, as tape pressed hard.
        Tape = "tape",
        /// Lopsided: the second harmonic first, as a triode stage.
        Tube = "tube",
        /// Clean up to half the ceiling, then bending: rounds peaks and leaves the rest.
        SoftClip = "soft_clip",
    }
}

choice! {
    /// How many times the sample rate the curve works at.
    pub enum Oversampling {
        /// As much as keeps the aliases of a full-scale tone at a fifth of the rate below -90 dB, by mode and drive.
        Auto = "auto",
        /// None: no latency, and aliases.
        X1 = "x1",
        /// Twice: 76 frames of latency.
        X2 = "x2",
        /// Four times: 86 frames of latency.
        X4 = "x4",
        /// Eight times: 90 frames of latency.
        X8 = "x8",
        /// Sixteen times: 92 frames of latency.
        X16 = "x16",
    }
}

processor! {
    /// Saturation: tape, tube or soft clipping, alias-suppressed.
    ///
    /// The ceiling of the curve is 0 dBFS after the drive. Harmonics that would fold back are kept out by working at a
    /// multiple of the sample rate; the dry part of the mix is delayed to match, so blending does not colour.
    pub struct Saturation = "saturation" {
        /// Character of the curve.
        mode: choice SaturationMode = Tape;
        /// Gain into the curve.
        drive_db: Db = 6.0 in -24.0..=36.0;
        /// Moves the working point off the centre: even harmonics, to either side.
        asymmetry_percent: Percent = 0.0 in -100.0..=100.0;
        /// How much more drive treble gets than bass, about 1 kHz; undone after the curve. Below zero bass gets more.
        tone_db: Db = 0.0 in -12.0..=12.0;
        /// Times the sample rate the curve works at. Fixed when the sound starts, since the latency hangs on it: with
        /// `auto` the mode and drive of that moment count.
        oversampling: choice Oversampling = Auto;
        /// Holds the loudness of the saturated sound at that of the input, over a few seconds.
        auto_gain: switch = true;
        /// Gain after the mix.
        output_db: Db = 0.0 in -24.0..=24.0;
        /// Share of the saturated sound; 0 is the delayed input to the bit.
        mix_percent: Percent = 100.0 in 0.0..=100.0;
    }
}

/// Frames worked on at a time.
const PIECE: usize = 64;
/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
const GLIDE_MS: f64 = 10.0;
/// Corner of the DC blocker: below the lowest note of any instrument, 8 Hz.
const DC_CORNER_HZ: f64 = 5.0;
/// Where `tone_db` tips over: the middle of the audible range in octaves, as a broad tilt has it.
const TONE_CENTRE_HZ: f64 = 1000.0;
/// Time over which automatic gain compares: the short-term window of EBU Tech 3341 section 2.2.
const AUTO_GAIN_SECONDS: f64 = 3.0;
/// Level at which drive is judged before the signal tells: the usual level of tracks, -18 dBFS RMS.
const AUTO_GAIN_REFERENCE_DBFS: f64 = -18.0;
/// Weight of that judgement as a level: what a track at -18 dBFS outweighs in 0.2 s. By calibration, 2026-11-21.
const AUTO_GAIN_PRIOR_DBFS: f64 = -30.0;
/// Frames between two looks at the gain.
const AUTO_GAIN_STEP: u32 = 32;

impl Saturation {
    fn curve(&self) -> Curve {
        match self.mode {
            SaturationMode::Tape => Curve::Tape,
            SaturationMode::Tube => Curve::Tube,
            SaturationMode::SoftClip => Curve::SoftClip,
        }
    }

    fn bias(&self) -> f64 {
        working_point(self.curve(), self.asymmetry_percent / 100.0)
    }

    fn factor(&self) -> Factor {
        match self.oversampling {
            Oversampling::Auto => self.enough(),
            Oversampling::X1 => Factor::X1,
            Oversampling::X2 => Factor::X2,
            Oversampling::X4 => Factor::X4,
            Oversampling::X8 => Factor::X8,
            Oversampling::X16 => Factor::X16,
        }
    }

    /// By calibration, 2026-11-21: the loudest alias of a sine of 0 dBFS at 8.82 kHz of 44.1 kHz, measured at these
    /// drives, is below -96 dB; above 14 dB the soft clipper is a square wave, and 16 times leaves -76 dB at 20 dB.
    fn enough(&self) -> Factor {
        let (four, eight) = if self.mode == SaturationMode::SoftClip { (-6.0, 6.0) } else { (8.0, 14.0) };
        if self.drive_db <= four {
            Factor::X4
        } else if self.drive_db <= eight {
            Factor::X8
        } else {
            Factor::X16
        }
    }

    /// High-shelf gain of the tilt; the low shelf has its inverse.
    fn tilt(&self) -> f64 {
        db_to_gain(self.tone_db / 2.0)
    }

    /// Power out over power in for normal noise at the reference level.
    fn expected_power_ratio(&self) -> f64 {
        let rms = db_to_gain(AUTO_GAIN_REFERENCE_DBFS);
        let (curve, bias, drive) = (self.curve(), self.bias(), db_to_gain(self.drive_db));
        let (mut weight, mut mean, mut power) = (0.0, 0.0, 0.0);
        // Trapezoidal sum over ±4 sigma.
        for step in -32..=32_i32 {
            let z = f64::from(step) / 8.0;
            let mut y = [rms * z * drive];
            shape(curve, bias, &mut y);
            let w = exp(-0.5 * z * z);
            weight += w;
            mean += w * y[0];
            power += w * y[0] * y[0];
        }
        let mean = mean / weight;
        (power / weight - mean * mean) / (rms * rms)
    }
}

/// First-order tilt, unity at its centre, and its exact inverse.
#[derive(Debug, Clone, Copy, Default)]
struct Tilt {
    b0: f64,
    b1: f64,
    a1: f64,
}

impl Tilt {
    /// `(h s + w)/(s + h w)` by the bilinear transform; `h` and `1/h` are inverses.
    fn new(h: f64, k: f64) -> Self {
        let scale = 1.0 / (1.0 + h * k);
        Self { b0: (h + k) * scale, b1: (k - h) * scale, a1: (h * k - 1.0) * scale }
    }

    #[inline]
    fn next(self, x: f64, state: &mut f64) -> f64 {
        if self.b1 == self.a1 {
            // No tilt: nothing to filter, to the bit.
            *state = 0.0;
            return x;
        }
        let y = self.b0 * x + *state;
        *state = flush(self.b1 * x - self.a1 * y);
        y
    }
}

/// Rough loudness weighting of one channel: bass below 60 Hz off, 4 dB up above 1.5 kHz, after ITU-R BS.1770-5
/// annex 1 with first-order slopes.
#[derive(Debug, Clone, Copy, Default)]
struct Weighting {
    bass: f64,
    treble: f64,
}

/// Share of the input in each state of [`Weighting`], and of the state before.
#[derive(Debug, Clone, Copy)]
struct WeightingTuning {
    bass: [f64; 2],
    treble: [f64; 2],
}

impl WeightingTuning {
    fn new(sample_rate_hz: f64) -> Self {
        let keep = |hz: f64| exp(-dsp::math::TAU * hz / sample_rate_hz);
        Self { bass: [1.0 - keep(60.0), keep(60.0)], treble: [1.0 - keep(1500.0), keep(1500.0)] }
    }
}

impl Weighting {
    #[inline]
    fn power(&mut self, x: f64, tuning: WeightingTuning) -> f64 {
        // A constant far below hearing, which the high-pass takes out again, keeps the states off denormal numbers.
        self.bass = tuning.bass[1] * self.bass + (tuning.bass[0] * x + 1e-30);
        let high = x - self.bass;
        self.treble = tuning.treble[1] * self.treble + (tuning.treble[0] * high + 1e-30);
        // 10^(4/20) - 1.
        let y = high + 0.585 * (high - self.treble);
        y * y
    }
}

#[derive(Debug)]
struct Channel {
    over: Oversampler,
    /// The last frames of the input, as many as the latency, then the piece in work.
    dry: Vec<f64>,
    pre: f64,
    post: f64,
    dc: OnePole,
    before: Weighting,
    after: Weighting,
    wet: [f64; PIECE],
}

impl Channel {
    fn reset(&mut self) {
        self.over.reset();
        self.dry.fill(0.0);
        (self.pre, self.post) = (0.0, 0.0);
        self.dc.reset();
        (self.before, self.after) = Default::default();
    }
}

/// Follows the powers before and after and gives the gain between.
#[derive(Debug)]
struct AutoGain {
    before: f64,
    after: f64,
    forget: f64,
    gain: f64,
    step: f64,
    frame: u32,
}

impl AutoGain {
    fn new(power_ratio: f64, sample_rate_hz: f64) -> Self {
        let mut new = Self {
            before: 0.0,
            after: 0.0,
            forget: 1.0 / (AUTO_GAIN_SECONDS * sample_rate_hz),
            gain: 0.0,
            step: 0.0,
            frame: 0,
        };
        new.reset(power_ratio);
        new
    }

    fn reset(&mut self, power_ratio: f64) {
        let prior = db_to_power(AUTO_GAIN_PRIOR_DBFS);
        (self.before, self.after) = (prior, prior * power_ratio);
        (self.gain, self.step, self.frame) = ((self.before / self.after).sqrt(), 0.0, 0);
    }

    /// The settings changed: what was learnt is carried over by what is expected of them.
    fn expect(&mut self, change: f64) {
        self.after *= change;
    }

    #[inline]
    fn next(&mut self, before: f64, after: f64) -> f64 {
        self.before += (before - self.before) * self.forget;
        self.after += (after - self.after) * self.forget;
        self.gain += self.step;
        self.frame += 1;
        if self.frame == AUTO_GAIN_STEP {
            self.frame = 0;
            // After a long silence both are below anything audible, and the gain stays where it is.
            let target = if self.after > 1e-20 { (self.before / self.after).sqrt() } else { self.gain };
            // Never more than 48 dB either way: only noise is left to compare.
            let target = target.clamp(1.0 / 256.0, 256.0);
            self.step = (target - self.gain) / f64::from(AUTO_GAIN_STEP);
        }
        self.gain
    }
}

#[derive(Debug)]
struct Glides {
    drive: Glide,
    bias: Glide,
    tilt: Glide,
    dc: Glide,
    auto: Glide,
    output: Glide,
    mix: Glide,
    /// From the curve before to the curve now.
    fade: Glide,
}

impl Glides {
    fn new(s: &Saturation, sample_rate_hz: f64) -> Self {
        let glide = |value| Glide::new(value, GLIDE_MS, sample_rate_hz);
        let [tilt, drive, bias, dc, auto, output, mix] = targets(s).map(glide);
        Self { tilt, drive, bias, dc, auto, output, mix, fade: glide(1.0) }
    }

    /// In the order of [`targets`], the fade last.
    fn all(&mut self) -> [&mut Glide; 8] {
        [
            &mut self.tilt,
            &mut self.drive,
            &mut self.bias,
            &mut self.dc,
            &mut self.auto,
            &mut self.output,
            &mut self.mix,
            &mut self.fade,
        ]
    }

    fn aim(&mut self, s: &Saturation) {
        self.all().into_iter().zip(targets(s)).for_each(|(glide, target)| glide.set_target(target));
    }

    fn snap(&mut self, s: &Saturation) {
        self.all().into_iter().zip(targets(s)).for_each(|(glide, target)| glide.snap(target));
        self.fade.snap(1.0);
    }
}

fn targets(s: &Saturation) -> [f64; 7] {
    let on = |yes: bool| f64::from(u8::from(yes));
    [
        s.tilt(),
        db_to_gain(s.drive_db),
        s.bias(),
        on(s.bias() != 0.0),
        on(s.auto_gain),
        db_to_gain(s.output_db),
        s.mix_percent / 100.0,
    ]
}

/// The glides written out for one piece.
#[derive(Debug)]
struct Course {
    /// Nothing has moved since it was written: it holds for the next piece too.
    still: bool,
    drive: [f64; PIECE],
    bias: [f64; PIECE],
    fade: [f64; PIECE],
    dc: [f64; PIECE],
    auto: [f64; PIECE],
    mix: [f64; PIECE],
    output: [f64; PIECE],
    pre: [Tilt; PIECE],
    post: [Tilt; PIECE],
    /// Loudness-weighted power of all channels before and after the curve; then, in `before`, the gain between.
    before: [f64; PIECE],
    after: [f64; PIECE],
}

impl Course {
    fn new() -> Self {
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
            pre: tilt,
            post: tilt,
            before: zero,
            after: zero,
        }
    }

    /// Writes out the next `frames`.
    fn plan(&mut self, glides: &mut Glides, tilt_k: f64, frames: usize) {
        if self.still {
            return;
        }
        // A piece that starts still is filled to the end, so that it holds for any later one.
        self.still = glides.all().into_iter().all(|glide| glide.is_settled());
        let frames = if self.still { PIECE } else { frames };
        let rows = [
            &mut self.drive,
            &mut self.bias,
            &mut self.dc,
            &mut self.auto,
            &mut self.output,
            &mut self.mix,
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

/// Running state of [`Saturation`].
#[derive(Debug)]
pub struct SaturationKernel {
    settings: Saturation,
    glides: Glides,
    before: Curve,
    channels: Vec<Channel>,
    course: Course,
    auto_gain: AutoGain,
    latency_frames: usize,
    tilt_k: f64,
    dc_coefficient: f64,
    weighting: WeightingTuning,
}

impl Processor for Saturation {
    type Kernel = SaturationKernel;
    fn prepare(&self, format: Format) -> SaturationKernel {
        let rate = format.sample_rate_hz;
        let latency_frames = Oversampler::new(self.factor()).latency_frames();
        let channel = || Channel {
            over: Oversampler::new(self.factor()),
            dry: vec![0.0; latency_frames + PIECE],
            pre: 0.0,
            post: 0.0,
            dc: OnePole::default(),
            before: Weighting::default(),
            after: Weighting::default(),
            wet: [0.0; PIECE],
        };
        SaturationKernel {
            settings: self.clone(),
            glides: Glides::new(self, rate),
            before: self.curve(),
            channels: (0..format.channels).map(|_| channel()).collect(),
            course: Course::new(),
            auto_gain: AutoGain::new(self.expected_power_ratio(), rate),
            latency_frames,
            tilt_k: tan(dsp::math::PI * (TONE_CENTRE_HZ / rate).min(0.45)),
            dc_coefficient: OnePole::coefficient(DC_CORNER_HZ, rate),
            weighting: WeightingTuning::new(rate),
        }
    }
}

impl SaturationKernel {
    /// Fills the dry and wet pieces of one channel.
    fn saturate(&mut self, index: usize, input: &[f64]) {
        let (course, (from, to)) = (&self.course, (self.before, self.settings.curve()));
        let Some(channel) = self.channels.get_mut(index) else { return };
        let frames = input.len();
        let wet = &mut channel.wet[..frames];
        let newest = &mut channel.dry[self.latency_frames..self.latency_frames + frames];
        for (dry, &x) in newest.iter_mut().zip(input) {
            *dry = sanitise(x);
        }
        for (n, (wet, &x)) in wet.iter_mut().zip(newest.iter()).enumerate() {
            *wet = course.pre[n].next(x, &mut channel.pre) * course.drive[n];
        }
        let ratio = channel.over.ratio();
        channel.over.process(wet, |start, high| {
            if course.still {
                return shape(to, course.bias[start], high);
            }
            for (n, samples) in high.chunks_exact_mut(ratio).enumerate() {
                crossfade(from, to, course.bias[start + n], course.fade[start + n], samples);
            }
        });
        for (n, w) in wet.iter_mut().enumerate() {
            let y = course.post[n].next(*w, &mut channel.post);
            *w = if course.dc[n] == 0.0 {
                y
            } else {
                y - course.dc[n] * channel.dc.low(y, self.dc_coefficient)
            };
        }
    }

    /// The gain that holds the loudness, frame by frame, left in `course.before`.
    fn compare(&mut self, frames: usize) {
        let course = &mut self.course;
        let (before, after) = (&mut course.before[..frames], &mut course.after[..frames]);
        if course.still && course.auto[0] == 0.0 {
            return before.fill(1.0);
        }
        before.fill(0.0);
        after.fill(0.0);
        for channel in &mut self.channels {
            for n in (0..frames).filter(|n| course.auto[*n] != 0.0) {
                before[n] += channel.before.power(channel.dry[n], self.weighting);
                after[n] += channel.after.power(channel.wet[n], self.weighting);
            }
        }
        for (n, gain) in before.iter_mut().enumerate() {
            let auto = course.auto[n];
            *gain = if auto == 0.0 { 1.0 } else { 1.0 + (self.auto_gain.next(*gain, after[n]) - 1.0) * auto };
        }
    }

    /// Mixes the pieces into the block.
    fn mix(&mut self, piece: &mut Block<'_>) {
        let course = &self.course;
        for (plane, channel) in piece.channels_mut().zip(&mut self.channels) {
            for (n, out) in plane.iter_mut().enumerate() {
                let mix = course.mix[n];
                let wet = channel.wet[n] * (course.before[n] * mix);
                *out = course.output[n] * (channel.dry[n] * (1.0 - mix) + wet);
            }
            let frames = plane.len();
            channel.dry.copy_within(frames..frames + self.latency_frames, 0);
        }
    }
}

/// One frame of the curve while it moves.
fn crossfade(from: Curve, to: Curve, bias: f64, fade: f64, samples: &mut [f64]) {
    if from == to || fade == 1.0 {
        return shape(to, bias, samples);
    }
    for x in samples {
        let (mut old, mut new) = ([*x], [*x]);
        shape(from, bias, &mut old);
        shape(to, bias, &mut new);
        *x = old[0] + (new[0] - old[0]) * fade;
    }
}

impl Kernel for SaturationKernel {
    type Settings = Saturation;

    fn latency_frames(&self) -> usize {
        self.latency_frames
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let mut piece = block.slice(start, PIECE);
            self.course.plan(&mut self.glides, self.tilt_k, piece.frames());
            for index in 0..piece.channels() {
                self.saturate(index, piece.channel(index));
            }
            self.compare(piece.frames());
            self.mix(&mut piece);
            start += PIECE;
        }
    }

    fn retune(&mut self, settings: &Saturation) {
        let old = self.settings.expected_power_ratio();
        if settings.curve() != self.settings.curve() {
            self.before = self.settings.curve();
            self.glides.fade.snap(0.0);
            self.glides.fade.set_target(1.0);
        }
        self.settings = settings.clone();
        self.course.still = false;
        self.glides.aim(settings);
        self.auto_gain.expect(settings.expected_power_ratio() / old);
    }

    fn reset(&mut self) {
        self.channels.iter_mut().for_each(Channel::reset);
        self.before = self.settings.curve();
        self.course.still = false;
        self.glides.snap(&self.settings);
        self.auto_gain.reset(self.settings.expected_power_ratio());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Choice;
    use dsp::block::Buffer;
    use testkit::measure::{null_db, rms, to_db, tone};
    use testkit::signals::{noise, sine};

    fn run(settings: &Saturation, planes: &[Vec<f64>]) -> Buffer {
        let mut buffer = Buffer::from_planes(planes);
        let format = Format { sample_rate_hz: 44_100.0, channels: planes.len(), ..Format::default() };
        settings.prepare(format).process(&mut buffer.block());
        buffer
    }

    /// Bins of a transform of 8192 frames that hold more than `floor_db` re the carrier at bin `carrier`, other than
    /// 0 Hz and its harmonics.
    fn loudest_alias_db(settings: &Saturation, carrier: usize, peak: f64) -> f64 {
        const N: usize = 8192;
        let hz = 44_100.0 * carrier as f64 / N as f64;
        let out = run(settings, &[sine(hz, peak, 0.3, 6.0 * N as f64 / 44_100.0, 44_100.0)]);
        let steady = &out.channel(0)[5 * N..6 * N];
        let level = |bin: usize| tone(steady, 44_100.0 * bin as f64 / N as f64, 44_100.0).0;
        let reference = level(carrier);
        // Every harmonic up to the 200th, folded by hand, and not one of those below half the rate.
        let harmonics: Vec<usize> = (1..).map(|k| k * carrier).take_while(|bin| *bin <= N / 2).collect();
        (2..200)
            .map(|k| k * carrier % N)
            .map(|bin| bin.min(N - bin))
            // What folds at the very top (20 to 22.05 kHz, where the half-band falls) is out of hearing.
            .filter(|bin| *bin != 0 && *bin <= 20_000 * N / 44_100 && !harmonics.contains(bin))
            .map(|bin| to_db(level(bin) / reference))
            .fold(f64::NEG_INFINITY, f64::max)
    }

    #[test]
    fn aliases_of_a_full_scale_tone_stay_below_minus_90_db_in_every_mode() {
        for mode in [SaturationMode::Tape, SaturationMode::Tube, SaturationMode::SoftClip] {
            for drive_db in [6.0, 8.0, 14.0, 20.0] {
                // A fifth of the rate (and a bit, or the aliases would hide under the harmonics), and lower ones.
                for carrier in [1639, 997] {
                    let settings = Saturation { mode, drive_db, auto_gain: false, ..Saturation::default() };
                    let db = loudest_alias_db(&settings, carrier, 1.0);
                    println!("{mode:?} {drive_db} dB, bin {carrier}: {db:.1} dB");
                    // The clipper pressed more than 14 dB over its ceiling is a square wave.
                    let hopeless = mode == SaturationMode::SoftClip && drive_db > 14.0;
                    assert!(
                        db < if hopeless { -75.0 } else { -90.0 },
                        "{mode:?} {drive_db} {carrier}: {db} dB"
                    );
                }
            }
        }
    }

    #[test]
    fn without_oversampling_the_same_tone_aliases() {
        let settings = Saturation { oversampling: Oversampling::X1, ..Saturation::default() };
        assert!(loudest_alias_db(&settings, 1639, 1.0) > -40.0);
    }

    #[test]
    fn nothing_of_the_mix_is_the_delayed_input_to_the_bit() {
        let input = noise(0.9, 1, 3000);
        for oversampling in 0..6 {
            let settings = Saturation {
                oversampling: Oversampling::from_index(oversampling),
                mix_percent: 0.0,
                drive_db: 20.0,
                ..Saturation::default()
            };
            let latency = settings.prepare(Format::default()).latency_frames();
            let out = run(&settings, &[input.clone(), input.clone()]);
            assert!(out.channel(1)[latency..] == input[..3000 - latency], "x{oversampling}");
            assert!(out.channel(0)[..latency].iter().all(|x| *x == 0.0));
        }
    }

    #[test]
    fn half_a_mix_of_an_undriven_clipper_does_not_comb() {
        // Below the knee the wet path is a pure delay of the reported latency, so any blend is the delayed input.
        let input = sine(15_000.0, 0.2, 0.0, 0.1, 44_100.0);
        for oversampling in 0..6 {
            let settings = Saturation {
                mode: SaturationMode::SoftClip,
                oversampling: Oversampling::from_index(oversampling),
                mix_percent: 50.0,
                drive_db: 0.0,
                auto_gain: false,
                ..Saturation::default()
            };
            let latency = settings.prepare(Format::default()).latency_frames();
            let out = run(&settings, std::slice::from_ref(&input));
            let null = null_db(&out.channel(0)[1000..], &input[1000 - latency..]);
            assert!(null < -100.0, "{null}");
        }
    }

    #[test]
    fn tape_and_clipper_have_odd_harmonics_and_the_tube_even_ones() {
        let harmonic = |mode, asymmetry_percent| {
            let settings = Saturation { mode, asymmetry_percent, auto_gain: false, ..Saturation::default() };
            let out = run(&settings, &[sine(441.0, 0.5, 0.0, 1.0, 44_100.0)]);
            let steady = &out.channel(0)[34_100..];
            let one = tone(steady, 441.0, 44_100.0).0;
            [0.0, 2.0, 3.0].map(|k| to_db(tone(steady, 441.0 * k, 44_100.0).0 / one))
        };
        for mode in [SaturationMode::Tape, SaturationMode::SoftClip] {
            let [dc, h2, h3] = harmonic(mode, 0.0);
            assert!(dc < -150.0 && h2 < -150.0 && h3 > -45.0, "{mode:?}: {dc} {h2} {h3}");
            let [dc, h2, _] = harmonic(mode, 60.0);
            assert!(dc < -70.0 && h2 > -45.0, "{mode:?}: {dc} {h2}");
        }
        let [dc, h2, h3] = harmonic(SaturationMode::Tube, 0.0);
        assert!(dc < -70.0 && h2 > h3 && h2 > -25.0, "{dc} {h2} {h3}");
    }

    #[test]
    fn automatic_gain_holds_the_loudness_within_half_a_unit() {
        // Noise of speech-like level and bursts, judged by the ebur128 crate's integrated loudness.
        let burst = |n: usize| if (n / 11_025).is_multiple_of(2) { 1.0 } else { 0.15 };
        let input: Vec<f64> = noise(0.5, 9, 441_000)
            .iter()
            .enumerate()
            .map(|(n, x)| x * burst(n))
            .scan(0.0, |s, x| {
                *s += 0.2 * (x - *s);
                Some(*s)
            })
            .collect();
        for mode in [SaturationMode::Tape, SaturationMode::Tube, SaturationMode::SoftClip] {
            for drive_db in [-12.0, 6.0, 18.0, 30.0] {
                let settings = Saturation { mode, drive_db, ..Saturation::default() };
                let out = run(&settings, std::slice::from_ref(&input));
                let change = loudness(&out.channel(0)[44_100..]) - loudness(&input[44_100..]);
                println!("{mode:?} drive {drive_db}: {change:+.2} LU");
                assert!(change.abs() < 0.5, "{mode:?} {drive_db}: {change} LU");
            }
        }
        let off = Saturation { drive_db: 18.0, auto_gain: false, ..Saturation::default() };
        let out = run(&off, std::slice::from_ref(&input));
        assert!(loudness(out.channel(0)) - loudness(&input) > 8.0);
    }

    /// Loudness by plain mean square of the K-weighting of BS.1770, through the ebur128 crate.
    fn loudness(signal: &[f64]) -> f64 {
        let mut meter = ebur128::EbuR128::new(1, 44_100, ebur128::Mode::I).unwrap();
        meter.add_frames_f64(signal).unwrap();
        meter.loudness_global().unwrap()
    }

    #[test]
    fn tone_moves_the_distortion_not_the_balance() {
        let third = |hz: f64, tone_db| {
            let settings = Saturation { tone_db, drive_db: 6.0, auto_gain: false, ..Saturation::default() };
            let out = run(&settings, &[sine(hz, 0.25, 0.0, 0.4, 44_100.0)]);
            let steady = &out.channel(0)[8820..];
            (tone(steady, 3.0 * hz, 44_100.0).0 / tone(steady, hz, 44_100.0).0, tone(steady, hz, 44_100.0).0)
        };
        let (plain, level) = third(5000.0, 0.0);
        let (bright, _) = third(5000.0, 12.0);
        let (dark, dark_level) = third(5000.0, -12.0);
        assert!(bright > 2.0 * plain && dark < 0.5 * plain, "{bright} {plain} {dark}");
        // With little drive the balance is that of the input: the way back undoes the way there.
        assert!(to_db(dark_level / level).abs() < 0.8);
        let quiet = Saturation { tone_db: 12.0, drive_db: -24.0, auto_gain: false, ..Saturation::default() };
        for hz in [60.0, 1000.0, 9000.0] {
            let out = run(&quiet, &[sine(hz, 0.1, 0.0, 0.4, 44_100.0)]);
            let gain = to_db(rms(&out.channel(0)[8820..]) / (0.1 / 2.0_f64.sqrt()));
            assert!((gain + 24.0).abs() < 0.02, "{hz}: {gain}");
        }
    }

    #[test]
    fn silence_after_a_note_is_exact_silence() {
        let mut input = sine(100.0, 0.8, 0.0, 0.2, 44_100.0);
        input.resize(44_100 * 5, 0.0);
        let settings =
            Saturation { mode: SaturationMode::Tube, tone_db: 6.0, drive_db: 12.0, ..Saturation::default() };
        let out = run(&settings, &[input]);
        assert!(out.channel(0)[44_100 * 4..].iter().all(|x| *x == 0.0));
    }

    #[test]
    fn retuning_everything_at_once_does_not_click_and_blocks_change_no_bit() {
        let input = sine(220.0, 0.5, 0.0, 0.4, 44_100.0);
        let other = Saturation {
            mode: SaturationMode::Tube,
            drive_db: 12.0,
            asymmetry_percent: 40.0,
            tone_db: 5.0,
            mix_percent: 60.0,
            ..Saturation::default()
        };
        let go = |cuts: &[usize]| {
            let mut kernel = Saturation::default().prepare(Format {
                sample_rate_hz: 44_100.0,
                channels: 1,
                ..Format::default()
            });
            let mut buffer = Buffer::from_planes(std::slice::from_ref(&input));
            let (mut start, mut cut) = (0, 0);
            while start < 17_640 {
                if start == 9000 {
                    kernel.retune(&other);
                }
                let to = if start < 9000 { 9000 } else { 17_640 };
                let frames = cuts[cut % cuts.len()].min(to - start);
                kernel.process(&mut buffer.block().slice(start, frames));
                (start, cut) = (start + frames, cut + 1);
            }
            buffer.channel(0).to_vec()
        };
        let whole = go(&[17_640]);
        assert!(whole == go(&[1, 63, 64, 65, 200, 7]));
        // The steepest step of a sine of 220 Hz at the loudest is below 0.05.
        let steepest = whole[8000..].windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f64::max);
        assert!(steepest < 0.06, "{steepest}");
    }
}
