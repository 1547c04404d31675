//! One pass over a file for everything that is drawn and told of it.

use dsp::block::{Buffer, View};
use dsp::fft::RealFft;
use dsp::math;
use dsp::meter::goniometer::{DIRECTIONS, Goniometer};
use dsp::spectrum::{Band, Options, Planes, Spacing, Spectrum, Welch};
use dsp::window::Window;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use studio::audio::Info;
use studio::decode;
use studio::job::Job;
use studio::message::{Error, Result, clean_name};
use studio::meters::{Bank, Measurements, Setup};

/// Frames read at a time.
const FRAMES: usize = 8192;
/// Length of the stretches whose extremes and power are kept: a column of a picture holds several. One period of 50 Hz, as the
/// hand-over gate has it.
pub const STRETCH_SECONDS: f64 = 0.02;

/// Extremes and power of a stretch, over all channels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stretch {
    /// Lowest sample.
    pub low: f64,
    /// Highest sample.
    pub high: f64,
    /// Mean square.
    pub power: f64,
}

impl Stretch {
    /// Largest deflection as a level.
    #[must_use]
    pub fn peak_dbfs(&self) -> f64 {
        math::gain_to_db(self.high.max(-self.low))
    }
}

/// What is known of a file.
#[derive(Debug, Clone)]
pub struct Heard {
    /// Where it is, as it was named.
    pub path: PathBuf,
    /// Its own name, as it may be shown.
    pub name: String,
    /// What it is.
    pub info: Info,
    /// Every number, with curves.
    pub measured: Measurements,
    /// Size of the file.
    pub bytes: u64,
    /// SHA-256 of the file.
    pub sha256: String,
    /// BLAKE3 of the file.
    pub blake3: String,
    /// Stretches of [`STRETCH_SECONDS`].
    pub stretches: Vec<Stretch>,
    /// The spectrogram.
    pub gram: Gram,
    /// The long-term spectrum.
    pub tone: Tone,
    /// Share of the energy by direction; `None` unless stereo.
    pub directions: Option<[f64; DIRECTIONS]>,
}

/// The own name of a file, as it may be shown.
#[must_use]
pub fn name_of(path: &Path) -> String {
    clean_name(path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy()))
}

/// Hears a file. Costs about 5 ms of processor time a second of 44.1 kHz stereo.
///
/// # Errors
/// What opening and reading say; `interrupted`.
pub fn hear(path: &Path, job: &Job<'_>) -> Result<Heard> {
    let at = |error: Error| error.at(path.display());
    let (bytes, sha256, blake3) = sums(path)?;
    let mut source =
        decode::open(path, decode::Options { repair: true, ..decode::Options::default() }).map_err(at)?;
    let info = source.info().clone();
    let mut ears = Ears::new(&info);
    let mut buffer = Buffer::new(info.channels(), FRAMES);
    let mut done = 0;
    loop {
        job.step("listen", done, info.frames.unwrap_or(0).max(done)).map_err(at)?;
        source.read(&mut buffer).map_err(at)?;
        if buffer.frames() == 0 {
            break;
        }
        done += buffer.frames() as u64;
        ears.hear(buffer.view());
    }
    Ok(ears.finish(path, info, (bytes, sha256, blake3)))
}

/// Size and checksums of a file.
pub(crate) fn sums(path: &Path) -> Result<(u64, String, String)> {
    let failed = |error: std::io::Error| Error::io(path, "read the file", &error);
    let mut file = std::fs::File::open(path).map_err(failed)?;
    let (mut sha, mut blake) = (Sha256::new(), blake3::Hasher::new());
    let (mut bytes, mut block) = (0, vec![0; 1 << 16]);
    loop {
        let read = file.read(&mut block).map_err(failed)?;
        if read == 0 {
            let sha = sha.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
            return Ok((bytes, sha, blake.finalize().to_hex().to_string()));
        }
        bytes += read as u64;
        sha.update(&block[..read]);
        blake.update(&block[..read]);
    }
}

struct Ears {
    bank: Bank,
    stretches: Stretches,
    gram: GramMeter,
    spectra: Vec<Welch>,
    goniometer: Option<Goniometer>,
}

impl Ears {
    fn new(info: &Info) -> Self {
        let (rate, channels) = (f64::from(info.sample_rate_hz), info.channels());
        let spacing = Spacing::for_length(info.frames.unwrap_or(0), rate);
        let welch = |planes| Welch::new(channels, rate, Options { planes, spacing, ..Options::default() });
        // The mean power of two channels is that of mid and side together: two analyses tell three things.
        let spectra = match channels {
            2 => vec![welch(Planes::Mid), welch(Planes::Side)],
            _ => vec![welch(Planes::Mean)],
        };
        Self {
            bank: Bank::new(Setup::of(info).with_curves()),
            stretches: Stretches::new(rate),
            gram: GramMeter::new(rate),
            spectra,
            goniometer: (channels == 2).then(Goniometer::new),
        }
    }

    fn hear(&mut self, block: View<'_>) {
        self.bank.process(block);
        self.stretches.push(block);
        self.gram.push(block);
        self.spectra.iter_mut().for_each(|welch| welch.push(block));
        if let Some(goniometer) = &mut self.goniometer {
            goniometer.process(block);
        }
    }

    fn finish(self, path: &Path, info: Info, (bytes, sha256, blake3): (u64, String, String)) -> Heard {
        let mut spectra = self.spectra.into_iter().map(Welch::finish);
        Heard {
            path: path.to_owned(),
            name: name_of(path),
            info,
            measured: self.bank.finish(),
            bytes,
            sha256,
            blake3,
            stretches: self.stretches.finish(),
            gram: self.gram.finish(),
            tone: Tone { mid: spectra.next(), side: spectra.next() },
            directions: self.goniometer.map(|goniometer| goniometer.shares()),
        }
    }
}

/// Collects stretches; a block need not end where a stretch does.
struct Stretches {
    done: Vec<Stretch>,
    frames: usize,
    left: usize,
    open: Stretch,
    samples: usize,
}

impl Stretches {
    fn new(rate_hz: f64) -> Self {
        let frames = ((rate_hz * STRETCH_SECONDS).round() as usize).max(1);
        Self { done: Vec::new(), frames, left: frames, open: Stretch::default(), samples: 0 }
    }

    fn push(&mut self, block: View<'_>) {
        let mut start = 0;
        while start < block.frames() {
            let part = block.slice(start, self.left);
            for channel in 0..part.channels() {
                for x in part.channel(channel).iter().map(|x| math::sane(*x)) {
                    self.open.low = self.open.low.min(x);
                    self.open.high = self.open.high.max(x);
                    self.open.power += x * x;
                }
            }
            self.samples += part.frames() * part.channels();
            start += part.frames();
            self.left -= part.frames();
            if self.left == 0 {
                self.close();
            }
        }
    }

    fn close(&mut self) {
        let power = self.open.power / self.samples.max(1) as f64;
        self.done.push(Stretch { power, ..self.open });
        (self.open, self.samples, self.left) = (Stretch::default(), 0, self.frames);
    }

    fn finish(mut self) -> Vec<Stretch> {
        if self.samples > 0 {
            self.close();
        }
        self.done
    }
}

/// The long-term spectrum: mid and side of stereo, the mean of the channels of everything else.
#[derive(Debug, Clone, PartialEq)]
pub struct Tone {
    mid: Option<Spectrum>,
    side: Option<Spectrum>,
}

impl Tone {
    fn power(&self, low_hz: f64, high_hz: f64) -> f64 {
        let of = |spectrum: &Option<Spectrum>| {
            spectrum.as_ref().map_or(0.0, |spectrum| spectrum.band_power(0, low_hz, high_hz))
        };
        of(&self.mid) + of(&self.side)
    }

    fn levels(&self, bands: Vec<Band>) -> Vec<(f64, f64)> {
        let level = |band: Band| (band.centre_hz, math::power_to_db(self.power(band.low_hz, band.high_hz)));
        bands.into_iter().map(level).collect()
    }

    /// Middles and levels of the third-octaves from 20 Hz to 20 kHz, dB re an RMS of 1.0; `-inf` where there is nothing.
    #[must_use]
    pub fn thirds(&self) -> Vec<(f64, f64)> {
        self.mid.as_ref().map_or_else(Vec::new, |mid| self.levels(mid.third_octaves(0)))
    }

    /// Middles and powers of the thirds, mid and side each through a gain of its own: a ratio of powers by frequency.
    pub fn thirds_through(&self, gains: impl Fn(f64) -> (f64, f64)) -> Vec<(f64, f64)> {
        let of = |spectrum: &Option<Spectrum>, band: &Band| {
            spectrum.as_ref().map_or(0.0, |spectrum| spectrum.band_power(0, band.low_hz, band.high_hz))
        };
        let bands = self.mid.as_ref().map_or_else(Vec::new, |mid| mid.third_octaves(0));
        let through = |band: &Band| {
            let (mid, side) = gains(band.centre_hz);
            (band.centre_hz, mid * of(&self.mid, band) + side * of(&self.side, band))
        };
        bands.iter().map(through).collect()
    }

    /// The same in twelfths of an octave that overlap: a curve.
    #[must_use]
    pub fn smooth(&self) -> Vec<(f64, f64)> {
        self.mid.as_ref().map_or_else(Vec::new, |mid| self.levels(mid.smoothed(0, 12, 20.0, 20_000.0)))
    }

    /// Level of side over mid in the octaves from 31.5 Hz to 16 kHz; empty unless stereo, without octaves of silence.
    #[must_use]
    pub fn widths(&self) -> Vec<(f64, f64)> {
        let (Some(mid), Some(side)) = (&self.mid, &self.side) else { return Vec::new() };
        let width = |hz: f64| {
            let of = |spectrum: &Spectrum| spectrum.band_power(0, hz / math::SQRT_2, hz * math::SQRT_2);
            let (mid, side) = (of(mid), of(side));
            (mid + side > SILENT_POWER).then(|| (hz, math::power_to_db(side / mid)))
        };
        OCTAVES_HZ.iter().filter_map(|hz| width(*hz)).collect()
    }
}

/// -100 dBFS: what is below is nothing. By convention, 4 dB above the noise of dithered 16 bits in an octave.
const SILENT_POWER: f64 = 1e-10;
/// Middles of the octaves. Source: ISO 266:1997, preferred frequencies.
pub const OCTAVES_HZ: [f64; 10] = [31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0];

/// Rows of a spectrogram, about 15 an octave. By eye.
pub const GRAM_ROWS: usize = 144;
/// Its lowest and highest frequency.
pub const GRAM_HZ: [f64; 2] = [30.0, 20_000.0];
/// Fewest columns that are kept of a long file; twice as many at most.
const GRAM_COLUMNS: usize = 700;
/// Window, seconds: a compromise between bass and drums. By eye.
const GRAM_SECONDS: f64 = 0.085;

/// A spectrogram over a logarithmic axis.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gram {
    /// Powers, a row of [`GRAM_ROWS`] from the lowest frequency up for each column.
    pub columns: Vec<Vec<f32>>,
    /// Time from one column to the next.
    pub step_seconds: f64,
}

struct GramMeter {
    rate_hz: f64,
    window: Vec<f64>,
    plan: RealFft,
    re: Vec<f64>,
    im: Vec<f64>,
    waiting: Vec<f64>,
    windowed: Vec<f64>,
    /// First and last bin of each row.
    bins: Vec<(usize, usize)>,
    columns: Vec<Vec<f32>>,
    /// Blocks in a column, and in the one that is open.
    per: u32,
    open: Vec<f32>,
    count: u32,
}

impl GramMeter {
    fn new(rate_hz: f64) -> Self {
        let size = ((rate_hz * GRAM_SECONDS) as usize).next_power_of_two().clamp(64, 1 << 16);
        let plan = RealFft::new(size);
        let (ratio, last) = (GRAM_HZ[1] / GRAM_HZ[0], plan.bins() - 1);
        let edge = |row: usize| GRAM_HZ[0] * math::pow(ratio, row as f64 / GRAM_ROWS as f64);
        let bin = |hz: f64| ((hz * size as f64 / rate_hz).round() as usize).min(last);
        let bins = (0..GRAM_ROWS)
            .map(|row| (bin(edge(row)), bin(edge(row + 1)).saturating_sub(1).max(bin(edge(row)))));
        Self {
            rate_hz,
            window: Window::Hann.periodic(size),
            re: vec![0.0; plan.bins()],
            im: vec![0.0; plan.bins()],
            plan,
            waiting: Vec::with_capacity(size),
            windowed: vec![0.0; size],
            bins: bins.collect(),
            columns: Vec::new(),
            per: 1,
            open: vec![0.0; GRAM_ROWS],
            count: 0,
        }
    }

    fn push(&mut self, block: View<'_>) {
        let size = self.window.len();
        let share = 1.0 / block.channels().max(1) as f64;
        for frame in 0..block.frames() {
            let sum: f64 =
                (0..block.channels()).map(|channel| math::sane(block.channel(channel)[frame])).sum();
            self.waiting.push(sum * share);
            if self.waiting.len() == size {
                self.analyse();
                self.waiting.drain(..size / 2);
            }
        }
    }

    fn analyse(&mut self) {
        for (to, (x, w)) in self.windowed.iter_mut().zip(self.waiting.iter().zip(&self.window)) {
            *to = x * w;
        }
        self.plan.forward(&self.windowed, &mut self.re, &mut self.im);
        for (row, (first, last)) in self.open.iter_mut().zip(&self.bins) {
            let power = |bin: usize| self.re[bin] * self.re[bin] + self.im[bin] * self.im[bin];
            *row += (*first..=*last).map(power).fold(0.0, f64::max) as f32;
        }
        self.count += 1;
        if self.count == self.per {
            self.close();
        }
    }

    fn close(&mut self) {
        let share = 1.0 / self.count.max(1) as f32;
        self.columns.push(self.open.iter().map(|power| power * share).collect());
        self.open.fill(0.0);
        self.count = 0;
        if self.columns.len() >= 2 * GRAM_COLUMNS {
            let merged = |two: &[Vec<f32>]| match two {
                [one, other] => one.iter().zip(other).map(|(a, b)| 0.5 * (a + b)).collect(),
                _ => two.first().cloned().unwrap_or_default(),
            };
            self.columns = self.columns.chunks(2).map(merged).collect();
            self.per *= 2;
        }
    }

    fn finish(mut self) -> Gram {
        if self.count > 0 {
            self.close();
        }
        let hop = self.window.len() as f64 / 2.0 / self.rate_hz;
        Gram { columns: self.columns, step_seconds: hop * f64::from(self.per) }
    }
}

/// Whether the source is what a page can play: one or two channels.
#[must_use]
pub fn playable(info: &Info) -> bool {
    matches!(info.channels(), 1 | 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::sine;

    fn heard(planes: &[Vec<f64>]) -> Heard {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let channels = planes.len() as u16;
        let spec = hound::WavSpec {
            channels,
            sample_rate: 48_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for frame in 0..planes[0].len() {
            planes.iter().for_each(|plane| writer.write_sample(plane[frame] as f32).unwrap());
        }
        writer.finalize().unwrap();
        hear(&path, &Job::quiet()).unwrap()
    }

    #[test]
    fn a_sine_stands_in_its_third_its_row_and_its_stretches() {
        let plane = sine(1000.0, 0.5, 0.0, 4.0, 48_000.0);
        let heard = heard(&[plane.clone(), plane]);
        let thirds = heard.tone.thirds();
        let loudest = thirds.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
        // A sine of peak 0.5 has a mean square of 1/8: -9.03 dB.
        assert!(loudest.0 == 1000.0 && (loudest.1 + 9.03).abs() < 0.02, "{loudest:?}");
        assert_eq!(heard.stretches.len(), 200);
        for stretch in &heard.stretches {
            assert!(
                (stretch.peak_dbfs() + 6.02).abs() < 0.01 && (stretch.power - 0.125).abs() < 1e-4,
                "{stretch:?}"
            );
            assert!((stretch.low + 0.5).abs() < 1e-3 && (stretch.high - 0.5).abs() < 1e-3);
        }
        // Row of 1 kHz: ln(1000/30)/ln(20000/30) of the way up.
        let column = &heard.gram.columns[heard.gram.columns.len() / 2];
        let row = (0..GRAM_ROWS).max_by(|a, b| column[*a].total_cmp(&column[*b])).unwrap();
        assert!(row.abs_diff(77) <= 1, "{row}");
        assert!((heard.gram.step_seconds * heard.gram.columns.len() as f64 - 4.0).abs() < 0.2);
    }

    #[test]
    fn width_is_side_over_mid_octave_by_octave() {
        // L = m + s, R = m - s with s a tenth of m at 1 kHz, and nothing but side at 4 kHz.
        let (m, s) = (sine(1000.0, 0.2, 0.0, 2.0, 48_000.0), sine(4000.0, 0.1, 0.0, 2.0, 48_000.0));
        let left: Vec<f64> = m.iter().zip(&s).map(|(m, s)| 1.1 * m + s).collect();
        let right: Vec<f64> = m.iter().zip(&s).map(|(m, s)| 0.9 * m - s).collect();
        let heard = heard(&[left, right]);
        let width = |hz: f64| heard.tone.widths().into_iter().find(|band| band.0 == hz).map(|band| band.1);
        assert!((width(1000.0).unwrap() + 20.0).abs() < 0.05, "{:?}", width(1000.0));
        assert!(width(4000.0).unwrap() > 60.0);
        assert!(width(31.5).is_none(), "an octave of silence has no width");
    }

    #[test]
    fn checksums_are_those_of_other_programs_and_long_files_stay_small() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc");
        std::fs::write(&path, "abc").unwrap();
        let (bytes, sha, _) = sums(&path).unwrap();
        // Source: FIPS 180-2, appendix B.1.
        assert_eq!(
            (bytes, sha.as_str()),
            (3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        );
        let mut gram = GramMeter::new(8000.0);
        let block = Buffer::from_planes(&[vec![0.1; 512 * 4000]]);
        gram.push(block.view());
        let gram = gram.finish();
        assert!((GRAM_COLUMNS..2 * GRAM_COLUMNS).contains(&gram.columns.len()), "{}", gram.columns.len());
    }
}
