//! What runs.

use super::course::{Course, Glides};
use super::parts::{AutoGain, Weighting, WeightingTuning};
use super::{PIECE, Saturation};
use crate::{Format, Kernel};
use dsp::block::Block;
use dsp::crossover::{BandSplitter, STRIDE, Topology};
use dsp::delay::{OnePole, sanitise};
use dsp::math::tan;
use dsp::oversample::Oversampler;
use dsp::waveshape::Shaper;

/// Corner of the DC blocker: below the lowest note of any instrument, 8 Hz.
const DC_CORNER_HZ: f64 = 5.0;
/// Where `tone_db` tips over: the middle of the audible range in octaves, as a broad tilt has it.
const TONE_CENTRE_HZ: f64 = 1000.0;
/// Highest ratio of an oversampler.
const MOST: usize = 64;

/// The curve on one band of one channel.
#[derive(Debug)]
struct Path {
    over: Oversampler,
    now: Shaper,
    /// The curve it comes from, until the fade ends.
    before: Shaper,
}

impl Path {
    fn new(s: &Saturation, sample_rate_hz: f64) -> Self {
        let over = Oversampler::new(s.factor());
        let mut now = Shaper::new(s.curve(), s.bias(), s.spline(), over.ratio());
        now.set_corner(s.corner_hz, sample_rate_hz * over.ratio() as f64);
        Self { over, now, before: now }
    }

    fn latency_frames(&self) -> usize {
        self.over.latency_frames() + self.now.latency_frames()
    }

    fn run(&mut self, course: &Course, samples: &mut [f64]) {
        let ratio = self.over.ratio();
        let (now, before) = (&mut self.now, &mut self.before);
        self.over.process(samples, |start, high| {
            if course.still {
                return now.process(course.bias[start], high);
            }
            for (n, samples) in high.chunks_exact_mut(ratio).enumerate() {
                crossfade(before, now, course.bias[start + n], course.fade[start + n], samples);
            }
        });
    }

    fn retune(&mut self, s: &Saturation, sample_rate_hz: f64) {
        if s.curve() != self.now.curve() {
            self.before = self.now;
            self.now.set_curve(s.curve());
        }
        self.now.set_corner(s.corner_hz, sample_rate_hz * self.over.ratio() as f64);
    }

    fn reset(&mut self, bias: f64) {
        self.over.reset();
        self.now.reset(bias);
        self.before = self.now;
    }
}

/// One frame of the curve while it moves.
fn crossfade(from: &mut Shaper, to: &mut Shaper, bias: f64, fade: f64, samples: &mut [f64]) {
    if from.curve() == to.curve() || fade == 1.0 {
        return to.process(bias, samples);
    }
    let mut old = [0.0; MOST];
    let old = &mut old[..samples.len().min(MOST)];
    old.copy_from_slice(samples);
    from.process(bias, old);
    to.process(bias, samples);
    samples.iter_mut().zip(old.iter()).for_each(|(new, old)| *new = old + (*new - old) * fade);
}

#[derive(Debug)]
struct Channel {
    /// One, or one per band.
    paths: Vec<Path>,
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
    fn reset(&mut self, bias: f64) {
        self.paths.iter_mut().for_each(|path| path.reset(bias));
        self.dry.fill(0.0);
        (self.pre, self.post) = (0.0, 0.0);
        self.dc.reset();
        (self.before, self.after) = Default::default();
    }
}

/// Running state of [`Saturation`].
#[derive(Debug)]
pub struct SaturationKernel {
    settings: Saturation,
    rate: f64,
    glides: Glides,
    channels: Vec<Channel>,
    /// When bands are worked on by themselves.
    splitter: Option<BandSplitter>,
    course: Course,
    auto_gain: AutoGain,
    latency_frames: usize,
    /// Frames to the next multiple of a stride of the splitter.
    until_settle: usize,
    tilt_k: f64,
    dc_coefficient: f64,
    weighting: WeightingTuning,
}

impl SaturationKernel {
    pub(super) fn new(s: &Saturation, format: Format) -> Self {
        let rate = format.sample_rate_hz;
        let splitter = s.multiband.then(|| {
            let corners = [s.low_crossover_hz, s.high_crossover_hz];
            BandSplitter::new(Topology::LinearPhase, 3, &corners, format.channels, rate)
        });
        let bands = splitter.as_ref().map_or(1, BandSplitter::bands);
        let latency_frames =
            Path::new(s, rate).latency_frames() + splitter.as_ref().map_or(0, BandSplitter::latency_frames);
        let channel = || Channel {
            paths: (0..bands).map(|_| Path::new(s, rate)).collect(),
            dry: vec![0.0; latency_frames + PIECE],
            pre: 0.0,
            post: 0.0,
            dc: OnePole::default(),
            before: Weighting::default(),
            after: Weighting::default(),
            wet: [0.0; PIECE],
        };
        Self {
            settings: s.clone(),
            rate,
            glides: Glides::new(s, rate),
            channels: (0..format.channels).map(|_| channel()).collect(),
            splitter,
            course: Course::new(),
            auto_gain: AutoGain::new(s.expected_power_ratio(), rate),
            latency_frames,
            until_settle: STRIDE,
            tilt_k: tan(dsp::math::PI * (TONE_CENTRE_HZ / rate).min(0.45)),
            dc_coefficient: OnePole::coefficient(DC_CORNER_HZ, rate),
            weighting: WeightingTuning::new(rate),
        }
    }

    /// Takes the input of one channel: dry, and ready for the curve.
    fn take(&mut self, index: usize, input: &[f64]) {
        let course = &self.course;
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
    }

    /// The curve on every channel, or on every band of it.
    fn saturate(&mut self, frames: usize) {
        let course = &self.course;
        let Some(splitter) = &mut self.splitter else {
            for channel in &mut self.channels {
                let wet = &mut channel.wet[..frames];
                channel.paths.iter_mut().for_each(|path| path.run(course, wet));
            }
            return;
        };
        for (index, channel) in self.channels.iter().enumerate() {
            splitter.put_in(index, &channel.wet[..frames]);
        }
        splitter.split(frames);
        for (index, channel) in self.channels.iter_mut().enumerate() {
            for (band, path) in channel.paths.iter_mut().enumerate() {
                let Some(plane) = splitter.band_mut(index, band) else { continue };
                let (plane, drive) = (&mut plane[..frames], &course.bands[band]);
                plane.iter_mut().zip(drive).for_each(|(x, drive)| *x *= drive);
                path.run(course, plane);
                plane.iter_mut().zip(drive).for_each(|(x, drive)| *x /= drive);
            }
        }
        splitter.join(frames);
        for (index, channel) in self.channels.iter_mut().enumerate() {
            splitter.take_out(index, &mut channel.wet[..frames]);
        }
    }

    /// After the curve: the tilt undone, constant offsets taken out.
    fn finish(&mut self, frames: usize) {
        let course = &self.course;
        for channel in &mut self.channels {
            for (n, w) in channel.wet[..frames].iter_mut().enumerate() {
                let y = course.post[n].next(*w, &mut channel.post);
                *w = if course.dc[n] == 0.0 {
                    y
                } else {
                    y - course.dc[n] * channel.dc.low(y, self.dc_coefficient)
                };
            }
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
        // The mean over the channels: one and two of the same sound are turned down alike.
        let share = 1.0 / self.channels.len().max(1) as f64;
        for channel in &mut self.channels {
            for n in (0..frames).filter(|n| course.auto[*n] != 0.0) {
                before[n] += share * channel.before.power(channel.dry[n], self.weighting);
                after[n] += share * channel.after.power(channel.wet[n], self.weighting);
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

    /// Moves the corners of the splitter on at every stride.
    fn count(&mut self, frames: usize) {
        let Some(splitter) = &mut self.splitter else { return };
        self.until_settle -= frames;
        if self.until_settle == 0 {
            self.until_settle = STRIDE;
            splitter.settle();
        }
    }
}

impl Kernel for SaturationKernel {
    type Settings = Saturation;

    fn latency_frames(&self) -> usize {
        self.latency_frames
    }

    fn tail_frames(&self) -> usize {
        // What a linear-phase split rings after its centre.
        if self.splitter.is_some() { (0.085 * self.rate) as usize } else { 0 }
    }

    fn process(&mut self, block: &mut Block<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let most = if self.splitter.is_some() { self.until_settle } else { PIECE };
            let mut piece = block.slice(start, most);
            let frames = piece.frames();
            self.course.plan(&mut self.glides, self.tilt_k, frames);
            for index in 0..piece.channels() {
                self.take(index, piece.channel(index));
            }
            self.saturate(frames);
            self.finish(frames);
            self.compare(frames);
            self.mix(&mut piece);
            start += frames;
            self.count(frames);
        }
    }

    fn retune(&mut self, settings: &Saturation) {
        let old = self.settings.expected_power_ratio();
        if settings.curve() != self.settings.curve() {
            self.glides.fade.snap(0.0);
            self.glides.fade.set_target(1.0);
        }
        for path in self.channels.iter_mut().flat_map(|channel| &mut channel.paths) {
            path.retune(settings, self.rate);
        }
        if let Some(splitter) = &mut self.splitter {
            splitter.set_corners(&[settings.low_crossover_hz, settings.high_crossover_hz]);
        }
        self.settings = settings.clone();
        self.course.still = false;
        self.glides.aim(settings);
        self.auto_gain.expect(settings.expected_power_ratio() / old);
    }

    fn reset(&mut self) {
        let bias = self.settings.bias();
        self.channels.iter_mut().for_each(|channel| channel.reset(bias));
        if let Some(splitter) = &mut self.splitter {
            splitter.reset();
        }
        self.until_settle = STRIDE;
        self.course.still = false;
        self.glides.snap(&self.settings);
        self.auto_gain.reset(self.settings.expected_power_ratio());
    }
}
