//! What a cutting engineer wants to know of a song, heard in one pass.

use super::format::Format;
use crate::decode;
use crate::job::Job;
use crate::message::{Error, Finding, Result};
use crate::meters::{Bank, Measurements, Setup};
use crate::pipe::{self, Next, Stage};
use dsp::biquad::Biquad;
use dsp::block::Buffer;
use dsp::block::View;
use dsp::eq_design::{Curve, design};
use dsp::math::power_to_db;
use dsp::vinyl::{Groove, Motion};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Sectors of a turn: fine enough that a blow widens the groove only where it is.
pub(super) const SECTORS: usize = 8;
/// Below this the two channels should agree, Hz (GZ, wolfpack: in phase below 300 Hz).
const BASS_HZ: f64 = 300.0;
/// Bass against side is judged below this, Hz (pressing plants' guides: side 6 dB under mid below 200 Hz).
const DEEP_HZ: f64 = 200.0;
/// A stretch in which phase is judged, seconds (a tenth of a second against each other is heard by a lathe).
const PHASE_SECONDS: f64 = 0.1;
/// Sibilants: their band, what they are held against, and how long one is (standards.md §10.3).
const SIBILANT_HZ: [f64; 2] = [6000.0, 12_000.0];
const BODY_HZ: [f64; 2] = [200.0, 2000.0];
const SIBILANT_SECONDS: f64 = 0.02;
/// What a lathe does not cut well begins here, Hz.
const TOP_HZ: f64 = 16_000.0;
/// Quieter than this counts for nothing, as power re full scale: -70 dB, the absolute gate of BS.1770.
const GATE: f64 = 1e-7;

/// The bass of a song.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Bass {
    /// Side re mid below 200 Hz, dB; `-inf` for mono.
    pub side_mid_db: f64,
    /// Longest time in which the channels are against each other below 300 Hz, seconds.
    pub out_of_phase_seconds: f64,
    /// Where that begins.
    pub out_of_phase_at_seconds: f64,
}

/// The treble of a song.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Default)]
pub struct Treble {
    /// Sharpest hundredth: 6 to 12 kHz re 200 Hz to 2 kHz in 20 ms, dB.
    pub sibilance_db: f64,
    /// Energy above 16 kHz re all, dB.
    pub top_db: f64,
    /// Level of 6 to 12 kHz that is exceeded in a hundredth of the time, both channels as one, dB re an RMS of 1.0.
    pub sibilant_dbfs: f64,
}

/// A song, heard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Song {
    /// Its file.
    pub file: PathBuf,
    /// Its title: of the tags, else the file's name.
    pub title: String,
    /// What it measures.
    pub measured: Measurements,
    /// Bass.
    pub bass: Bass,
    /// Treble.
    pub treble: Treble,
    /// What the file itself made known.
    pub findings: Vec<Finding>,
    /// Motion of the groove for each eighth of a turn, 1 cm/s for 1 kHz of peak 1.0.
    #[serde(skip)]
    pub motion: Vec<Motion>,
}

/// What a lathe hears in a stream that is played elsewhere: what [`hear`] hears, but for its loudness.
pub(crate) struct Ear {
    groove: Groove,
    bands: Bands,
}

/// What an [`Ear`] heard.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Grooved {
    pub(crate) bass: Bass,
    pub(crate) treble: Treble,
    pub(crate) motion: Vec<Motion>,
}

impl Ear {
    pub(crate) fn new(rate_hz: f64, format: &Format) -> Self {
        let sector_seconds = format.turn_seconds() / SECTORS as f64;
        Self { groove: Groove::new(rate_hz, sector_seconds), bands: Bands::new(rate_hz) }
    }

    pub(crate) fn listen(&mut self, block: View<'_>) {
        self.groove.push(block);
        self.bands.process(block);
    }

    pub(crate) fn finish(self) -> Grooved {
        let (bass, treble) = self.bands.finish();
        Grooved { bass, treble, motion: self.groove.finish() }
    }
}

/// Listens to a song. Costs about 6 ms a second of 44.1 kHz on one core, half of it on two.
///
/// # Errors
/// What reading says; `not_stereo` for more than two channels; `silent`.
pub fn hear(path: &Path, format: &Format, job: &Job<'_>) -> Result<Song> {
    let at = |error: Error| error.at(path.display());
    let mut source = decode::open(path, decode::Options::default()).map_err(at)?;
    let info = source.info().clone();
    if info.channels() > 2 {
        let what = format!("{} channels; a groove has two walls", info.channels());
        return Err(at(Error::input("not_stereo", what).hint("give a stereo file")));
    }
    let rate_hz = f64::from(info.sample_rate_hz);
    let mut groove = GrooveStage(Groove::new(rate_hz, format.turn_seconds() / SECTORS as f64));
    let mut meters = MeterStage(Bank::new(Setup::of(&info).with_dual_mono()));
    let mut bands = Bands::new(rate_hz);
    {
        let stages: &mut [&mut dyn Stage] = &mut [&mut groove, &mut meters, &mut bands];
        pipe::run(source.as_mut(), stages, info.frames.unwrap_or(0), "hear", job).map_err(at)?;
    }
    let measured = meters.0.finish();
    if measured.silent {
        return Err(at(Error::input("silent", "nothing but silence").hint("take it off the record")));
    }
    let (bass, treble) = bands.finish();
    let tagged = info.metadata.tags.iter().find(|(key, value)| key == "TITLE" && !value.trim().is_empty());
    let title = tagged.map_or_else(|| name_of(path), |(_, value)| value.trim().to_owned());
    let findings = source.findings();
    Ok(Song { file: path.to_owned(), title, measured, bass, treble, findings, motion: groove.0.finish() })
}

fn name_of(path: &Path) -> String {
    path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

struct GrooveStage(Groove);

impl Stage for GrooveStage {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.0.push(block.view());
        next(block)
    }
}

struct MeterStage(Bank);

impl Stage for MeterStage {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.0.process(block.view());
        next(block)
    }
}

/// What is measured over the stretches of one length.
struct Stretch {
    frames: usize,
    filled: usize,
}

impl Stretch {
    fn new(seconds: f64, rate_hz: f64) -> Self {
        Self { frames: ((seconds * rate_hz) as usize).max(1), filled: 0 }
    }

    /// Counts a frame; whether the stretch is full.
    fn step(&mut self) -> bool {
        self.filled = (self.filled + 1) % self.frames;
        self.filled == 0
    }
}

/// Bass in two channels, sibilance and top, sample by sample.
struct Bands {
    rate_hz: f64,
    /// Low-pass at 300 Hz, twice, and at 200 Hz, twice, for each channel: 24 dB per octave.
    bass: [[Biquad; 2]; 2],
    deep: [[Biquad; 2]; 2],
    sibilant: [Biquad; 2],
    body: [Biquad; 2],
    top: [Biquad; 2],
    phase: Stretch,
    /// Product and powers of left and right in the bass.
    product: [f64; 3],
    /// The same for every stretch that is over.
    phases: Vec<[f32; 3]>,
    syllable: Stretch,
    powers: [f64; 2],
    sharpness_db: Vec<f32>,
    /// Level of the sibilants' band in every stretch that is not silent, dB.
    sibilant_db: Vec<f32>,
    /// Sums over the whole: mid and side of the deep bass, top, all.
    sums: [f64; 4],
}

impl Bands {
    fn new(rate_hz: f64) -> Self {
        let corner = |hz: f64| hz.min(0.4 * rate_hz);
        let section = |curve, hz, q| Biquad::new(design(curve, corner(hz), 0.0, q, rate_hz).coefficients());
        // Two equal sections of Q 0.707: Linkwitz-Riley, the same for both channels.
        let lows = |hz| std::array::from_fn(|_| std::array::from_fn(|_| section(Curve::LowPass, hz, 0.707)));
        let pair = |[low, high]: [f64; 2]| {
            [section(Curve::HighPass, low, 0.707), section(Curve::LowPass, high, 0.707)]
        };
        let top = section(Curve::HighPass, TOP_HZ, 0.707);
        Self {
            rate_hz,
            bass: lows(BASS_HZ),
            deep: lows(DEEP_HZ),
            sibilant: pair(SIBILANT_HZ),
            body: pair(BODY_HZ),
            top: [top.clone(), top],
            phase: Stretch::new(PHASE_SECONDS, rate_hz),
            product: [0.0; 3],
            phases: Vec::new(),
            syllable: Stretch::new(SIBILANT_SECONDS, rate_hz),
            powers: [0.0; 2],
            sharpness_db: Vec::new(),
            sibilant_db: Vec::new(),
            sums: [0.0; 4],
        }
    }

    fn process(&mut self, block: View<'_>) {
        let right = block.channel(block.channels().saturating_sub(1));
        for (&l, &r) in block.channel(0).iter().zip(right) {
            let through = |[a, b]: &mut [Biquad; 2], x| b.tick(a.tick(x));
            let [bl, br] = [(0, l), (1, r)].map(|(c, x)| through(&mut self.bass[c], x));
            self.product[0] += bl * br;
            self.product[1] += bl * bl;
            self.product[2] += br * br;
            let [dl, dr] = [(0, l), (1, r)].map(|(c, x)| through(&mut self.deep[c], x));
            self.sums[0] += (dl + dr) * (dl + dr);
            self.sums[1] += (dl - dr) * (dl - dr);
            let middle = 0.5 * (l + r);
            let [sharp, body] = [through(&mut self.sibilant, middle), through(&mut self.body, middle)];
            self.powers[0] += sharp * sharp;
            self.powers[1] += body * body;
            let top = [(0, l), (1, r)].map(|(c, x)| self.top[c].tick(x));
            self.sums[2] += top[0] * top[0] + top[1] * top[1];
            self.sums[3] += l * l + r * r;
            if self.syllable.step() {
                self.end_syllable();
            }
            if self.phase.step() {
                self.end_phase();
            }
        }
        let filters = self.bass.iter_mut().chain(&mut self.deep).flatten().chain(&mut self.sibilant);
        filters.chain(&mut self.body).chain(&mut self.top).for_each(Biquad::settle);
    }

    fn end_syllable(&mut self) {
        let [sharp, body] = std::mem::take(&mut self.powers);
        let frames = self.syllable.frames as f64;
        if (sharp + body) / frames > GATE {
            self.sharpness_db.push(power_to_db((sharp / body.max(1e-20)).clamp(1e-12, 1e12)) as f32);
            self.sibilant_db.push(power_to_db((sharp / frames).max(1e-20)) as f32);
        }
    }

    fn end_phase(&mut self) {
        let frames = self.phase.frames as f64;
        self.phases.push(std::mem::take(&mut self.product).map(|sum| (sum / frames) as f32));
    }

    fn finish(mut self) -> (Bass, Treble) {
        let [sibilance_db, sibilant_dbfs] =
            [&mut self.sharpness_db, &mut self.sibilant_db].map(|values| hundredth(values));
        let [mid, side, top, all] = self.sums;
        let seconds = self.phase.frames as f64 / self.rate_hz;
        let (at, stretches) = longest_against(&self.phases);
        let bass = Bass {
            side_mid_db: power_to_db(side / mid.max(1e-20)),
            out_of_phase_seconds: stretches as f64 * seconds,
            out_of_phase_at_seconds: at as f64 * seconds,
        };
        (bass, Treble { sibilance_db, top_db: power_to_db(top / all.max(1e-20)), sibilant_dbfs })
    }
}

/// What is exceeded in a hundredth of all values.
fn hundredth(values: &mut [f32]) -> f64 {
    values.sort_by(f32::total_cmp);
    let at = (0.99 * values.len().saturating_sub(1) as f64).round() as usize;
    values.get(at).map_or(f64::NEG_INFINITY, |db| f64::from(*db))
}

/// The longest run of stretches whose bass is loud enough to matter and against itself: where it begins, and how long it is.
fn longest_against(phases: &[[f32; 3]]) -> (usize, usize) {
    /// Bass this far under the mean of the song's bass moves no groove, as power: 10 dB.
    const MATTERS: f64 = 0.1;
    let power = |[_, left, right]: &[f32; 3]| f64::from(*left) + f64::from(*right);
    let mean = phases.iter().map(power).sum::<f64>() / phases.len().max(1) as f64;
    let (mut longest, mut run) = ((0, 0), 0);
    for (index, phase) in phases.iter().enumerate() {
        let both = f64::from(phase[1].min(phase[2])) > GATE;
        run = if both && phase[0] < 0.0 && power(phase) > MATTERS * mean { run + 1 } else { 0 };
        if run > longest.1 {
            longest = (index + 1 - run, run);
        }
    }
    longest
}

impl Stage for Bands {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        self.process(block.view());
        next(block)
    }
}
