//! An ear that is put on a strip: it measures and changes nothing.
//!
//! Far cheaper than the `meter` of the toolkit: loudness alone, every 50 ms, about 0.1 ms a second of each channel.

use dsp::block::{Block, Buffer, View};
use dsp::math::sane;
use dsp::meter::loudness::KFilter;
use dsp::meter::true_peak::TruePeakMeter;
use fx::{AnyKernel, AnyProcessor, Describe, Description, Format, Reading, Series, Violation};

/// Id of the insert.
pub(super) const ID: &str = "assistant_ear";
/// Names of what it gives.
pub(super) const POWER: &str = "power";
pub(super) const PEAK: &str = "peak";
/// Largest sample of every 50 ms.
pub(super) const COURSE: &str = "course";
/// Level that 0.01 % of the samples exceed; told by an ear that looks for true peaks.
pub(super) const USUAL: &str = "usual";
/// Energies of the first and the second channel, unweighted.
pub(super) const SIDES: [&str; 2] = ["left", "right"];
/// States settle every 10 ms; five of these are one value.
const PARTS: usize = 5;
const PARTS_PER_SECOND: f64 = 100.0;
/// The upper bits of a float are its logarithm: 32 steps an octave.
const SHIFT: u32 = 47;

/// Its settings: whether it looks for true peaks as well.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    pub(super) peaks: bool,
}

impl AnyProcessor for Tap {
    fn description(&self) -> &'static Description {
        // What it says of itself in a plan; it has no settings that a session could name.
        <fx::meter::Meter as Describe>::description()
    }
    fn get(&self, _index: usize) -> f64 {
        0.0
    }
    fn set(&mut self, _index: usize, _value: f64) {}
    fn check(&self) -> Vec<Violation> {
        Vec::new()
    }
    fn prepare(&self, format: Format) -> Box<dyn AnyKernel> {
        let channels = format.channels.max(1);
        let rate = format.sample_rate_hz;
        let part = (rate / PARTS_PER_SECOND).round().max(1.0) as usize;
        Box::new(TapKernel {
            ears: Ears::new(channels, rate),
            peaks: self.peaks.then(|| TruePeakMeter::new(rate, channels)),
            frames_of_part: part,
            left: part,
            parts: 0,
            energy: 0.0,
            powers: Vec::new(),
            peak: 0.0,
            sides: [0.0; 2],
            course: Vec::new(),
            top: 0.0,
            counts: if self.peaks { vec![0; 1 << (63 - SHIFT)] } else { Vec::new() },
        })
    }
    fn prepare_with(&self, format: Format, _impulse: Option<&Buffer>) -> Box<dyn AnyKernel> {
        self.prepare(format)
    }
    fn boxed_clone(&self) -> Box<dyn AnyProcessor> {
        Box::new(self.clone())
    }
}

/// K-weighting of each channel; of two at once, which costs what one does.
enum Ears {
    Pair(KFilter<2>),
    Each(Vec<KFilter<1>>),
}

impl Ears {
    fn new(channels: usize, rate_hz: f64) -> Self {
        match channels {
            2 => Self::Pair(KFilter::new(rate_hz)),
            _ => Self::Each((0..channels).map(|_| KFilter::new(rate_hz)).collect()),
        }
    }

    /// Weighted energy of some frames, all channels added.
    fn energy(&mut self, view: View<'_>, frames: std::ops::Range<usize>) -> f64 {
        match self {
            Self::Pair(pair) if view.channels() == 2 => {
                let mut sums = [0.0; 2];
                pair.energy([0, 1].map(|channel| &view.channel(channel)[frames.clone()]), &mut sums);
                sums[0] + sums[1]
            }
            Self::Pair(_) => 0.0,
            Self::Each(filters) => {
                let mut all = 0.0;
                for (channel, filter) in filters.iter_mut().enumerate().take(view.channels()) {
                    let mut sums = [0.0];
                    filter.energy([&view.channel(channel)[frames.clone()]], &mut sums);
                    all += sums[0];
                }
                all
            }
        }
    }

    fn flush(&mut self) {
        match self {
            Self::Pair(pair) => pair.flush(),
            Self::Each(filters) => filters.iter_mut().for_each(KFilter::flush),
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Pair(pair) => pair.reset(),
            Self::Each(filters) => filters.iter_mut().for_each(KFilter::reset),
        }
    }
}

struct TapKernel {
    ears: Ears,
    peaks: Option<TruePeakMeter>,
    frames_of_part: usize,
    /// Frames to the end of the part.
    left: usize,
    parts: usize,
    energy: f64,
    powers: Vec<f64>,
    peak: f64,
    sides: [f64; 2],
    /// Largest sample of each 50 ms, and so far of this one.
    course: Vec<f64>,
    top: f64,
    /// Samples by level.
    counts: Vec<u64>,
}

impl TapKernel {
    /// Level that 0.01 % of the samples exceed, to a 32nd of an octave from above; 0 where they were not counted.
    fn usual(&self) -> f64 {
        let most = self.counts.iter().sum::<u64>() / 10_000;
        let mut above = 0;
        for (step, count) in self.counts.iter().enumerate().rev() {
            above += count;
            if above > most {
                return f64::from_bits((step as u64 + 1) << SHIFT);
            }
        }
        0.0
    }

    /// Peak and plain energy of a channel, and how often each level occurs where that is counted.
    fn look(&mut self, channel: usize, plane: &[f64]) {
        let (mut top, mut energy) = (self.top, 0.0);
        for x in plane {
            let x = sane(*x);
            let size = x.abs();
            top = if size > top { size } else { top };
            energy += x * x;
        }
        self.top = top;
        if let Some(side) = self.sides.get_mut(channel) {
            *side += energy;
        }
        if !self.counts.is_empty() {
            for x in plane {
                let step = (sane(*x).abs().to_bits() >> SHIFT) as usize;
                if let Some(count) = self.counts.get_mut(step) {
                    *count += 1;
                }
            }
        }
    }

    fn end_part(&mut self) {
        self.left = self.frames_of_part;
        self.ears.flush();
        self.parts += 1;
        if self.parts == PARTS {
            self.powers.push(self.energy / (PARTS * self.frames_of_part) as f64);
            self.course.push(self.top);
            self.peak = self.peak.max(self.top);
            (self.parts, self.energy, self.top) = (0, 0.0, 0.0);
        }
    }
}

impl AnyKernel for TapKernel {
    fn latency_frames(&self) -> usize {
        0
    }
    fn tail_frames(&self) -> usize {
        0
    }
    fn gain_reduction_db(&self) -> Option<f64> {
        None
    }
    fn readings(&self) -> Vec<Reading> {
        let top = self.peak.max(self.top);
        let peak = self.peaks.clone().map_or(top, |peaks| peaks.finish().worst().max(top));
        let side = |n: usize| Reading { name: SIDES[n], unit: "", value: self.sides[n] };
        vec![
            Reading { name: PEAK, unit: "dBFS", value: dsp::math::gain_to_db(peak) },
            side(0),
            side(1),
            Reading { name: USUAL, unit: "", value: self.usual() },
        ]
    }
    fn series(&self) -> Vec<Series> {
        vec![
            Series { name: POWER, unit: "", values: self.powers.clone() },
            Series { name: COURSE, unit: "", values: self.course.clone() },
        ]
    }
    fn process(&mut self, block: &mut Block<'_>) {
        if let Some(peaks) = &mut self.peaks {
            peaks.process(block.view());
        }
        let mut at = 0;
        while at < block.frames() {
            let frames = self.left.min(block.frames() - at);
            let view = block.view();
            self.energy += self.ears.energy(view, at..at + frames);
            for channel in 0..view.channels() {
                self.look(channel, &view.channel(channel)[at..at + frames]);
            }
            at += frames;
            self.left -= frames;
            if self.left == 0 {
                self.end_part();
            }
        }
    }
    fn set(&mut self, _changes: &[(usize, f64)]) {}
    fn follows_tempo(&self) -> bool {
        false
    }
    fn set_tempo(&mut self, _tempo_bpm: f64) {}
    fn reset(&mut self) {
        self.ears.reset();
        if let Some(peaks) = &mut self.peaks {
            peaks.reset();
        }
        self.powers.clear();
        (self.left, self.parts, self.energy, self.peak) = (self.frames_of_part, 0, 0.0, 0.0);
        (self.sides, self.top) = ([0.0; 2], 0.0);
        self.course.clear();
        self.counts.fill(0);
    }
}
