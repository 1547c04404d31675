//! What a step changed, to be listened to: later less earlier, lying on each other sample by sample.
//!
//! Of a master and its print with both equally loud, because the louder of two always seems the better one, and a difference in level
//! hides every other; of a lossy stream and its source as they are. The later stream gives rate and channels: the earlier
//! one is converted as it was on its way there.

#[cfg(test)]
mod tests;

use crate::audio::{Encoding, Info, Layout, Source};
use crate::deliver::{Container, Gate, Spec, Verified, Writer};
use crate::job::Job;
use crate::message::{Error, Kind, Result};
use crate::meters;
use dsp::block::{Buffer, View};
use dsp::math::{SQRT_2, db_to_gain, db_to_power, power_to_db};
use dsp::resample::{Resampler, Slope};
use dsp::spectrum::{Options, Planes, Welch};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// How the two are brought together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Levels {
    /// The louder one is turned down until both have one integrated loudness.
    Matched,
    /// As they are.
    AsTheyAre,
}

/// An octave of the difference.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Octave {
    /// Its middle.
    pub hz: f64,
    /// Level of the difference against the later stream in that octave; `None` where there is nothing.
    pub under_db: Option<f64>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The file.
    pub path: PathBuf,
    /// How much louder the later stream was, and is no longer where levels are matched.
    pub louder_db: f64,
    /// Level of the difference; `None` where there is none at all.
    pub rms_dbfs: Option<f64>,
    /// The same against the later stream.
    pub under_db: Option<f64>,
    /// Octave by octave.
    pub octaves: Vec<Octave>,
}

impl Difference {
    /// The octave that changed most against what is in it.
    #[must_use]
    pub fn most(&self) -> Option<Octave> {
        let known = self.octaves.iter().filter(|octave| octave.under_db.is_some());
        known
            .copied()
            .max_by(|a, b| a.under_db.unwrap_or(f64::MIN).total_cmp(&b.under_db.unwrap_or(f64::MIN)))
    }

    /// In words: `-18.3 dB under the music, most at 1000 Hz (-9.5 dB)`.
    #[must_use]
    pub fn words(&self) -> String {
        let Some(under_db) = self.under_db else { return "nothing".to_owned() };
        let most = self.most().and_then(|octave| Some((octave.hz, octave.under_db?)));
        let most = most.map_or_else(String::new, |(hz, db)| format!(", most at {hz:.0} Hz ({db:+.1} dB)"));
        format!("{under_db:+.1} dB against the music{most}")
    }
}

/// Middles of the octaves. Source: ISO 266:1997, preferred frequencies.
const OCTAVES_HZ: [f64; 10] = [31.5, 63.0, 125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0];
/// Octaves quieter than this against the whole are not told: a change in what nobody hears is none. By convention.
const HEARD_DB: f64 = -50.0;

/// Frames compared at a time.
const BLOCK_FRAMES: usize = 8192;

/// Opens a stream, as often as it is needed.
pub type Open<'a> = &'a dyn Fn() -> Result<Box<dyn Source>>;

/// Writes `later` less `earlier` as 32-bit floats, which hold whatever comes, to a file that has only to be named. Where one is longer
/// than the other, the other is silent.
///
/// Costs one pass over both, and another over each where levels are matched.
///
/// # Errors
/// What reading and writing say; `not_comparable` for channels that cannot be held against each other; `interrupted`.
pub fn write(
    earlier: Open<'_>,
    later: Open<'_>,
    levels: Levels,
    (path, force): (&Path, bool),
    job: &Job<'_>,
) -> Result<(Verified, Difference)> {
    let info = later()?.info().clone();
    let (rate_hz, channels) = (info.sample_rate_hz, info.channels());
    let open = |of: Open<'_>| Fitted::new(of()?, rate_hz, channels);
    let louder_db = match levels {
        Levels::AsTheyAre => 0.0,
        Levels::Matched => {
            let lufs = |of| Ok::<_, Error>(meters::measure(&mut open(of)?, job)?.integrated_lufs);
            // Silence and what is too short to have a loudness stay as they are.
            lufs(later)?.zip(lufs(earlier)?).map_or(0.0, |(later, earlier)| later - earlier)
        }
    };
    let (mut before, mut after) = (open(earlier)?, open(later)?);
    let gains = [db_to_gain(louder_db.min(0.0)), db_to_gain(-louder_db.max(0.0))];
    let spec = Spec::new(Container::Wav, Encoding::Float(32), rate_hz, channels);
    let mut writer = Writer::create(path, Spec { layout: info.layout.clone(), ..spec }, force)?;
    let mut tally = Tally::new(channels, rate_hz);
    let (mut one, mut two) = (Buffer::new(channels, BLOCK_FRAMES), Buffer::new(channels, BLOCK_FRAMES));
    loop {
        job.step("difference", writer.frames(), info.frames.unwrap_or(0).max(writer.frames()))?;
        before.read(&mut one)?;
        after.read(&mut two)?;
        let frames = one.frames().max(two.frames());
        if frames == 0 {
            break;
        }
        lengthen(&mut one, frames);
        lengthen(&mut two, frames);
        for channel in 0..channels {
            two.channel_mut(channel).iter_mut().for_each(|x| *x *= gains[1]);
            for (x, y) in one.channel_mut(channel).iter_mut().zip(two.channel(channel)) {
                *x = y - *x * gains[0];
            }
        }
        tally.add(one.view(), two.view());
        writer.write(one.view())?;
    }
    let file = writer.verify(job, &Gate::default())?;
    Ok((file, tally.finish(path, louder_db)))
}

/// Fills a block that came short with silence.
fn lengthen(block: &mut Buffer, frames: usize) {
    let had = block.frames();
    if had < frames {
        block.set_frames(frames);
        for channel in 0..block.channels() {
            block.channel_mut(channel)[had..].fill(0.0);
        }
    }
}

/// Sums and spectra of the difference and of the later stream.
struct Tally {
    powers: [f64; 2],
    samples: u64,
    spectra: [Welch; 2],
}

impl Tally {
    fn new(channels: usize, rate_hz: u32) -> Self {
        let options = Options { planes: Planes::Mean, gate_dbfs: f64::NEG_INFINITY, ..Options::default() };
        let welch = Welch::new(channels, f64::from(rate_hz), options);
        Self { powers: [0.0; 2], samples: 0, spectra: [welch.clone(), welch] }
    }

    fn add(&mut self, difference: View<'_>, later: View<'_>) {
        let views = [difference, later];
        for ((power, spectrum), view) in self.powers.iter_mut().zip(&mut self.spectra).zip(views) {
            for channel in 0..view.channels() {
                *power += view.channel(channel).iter().map(|x| x * x).sum::<f64>();
            }
            spectrum.push(view);
        }
        self.samples += (difference.frames() * difference.channels()) as u64;
    }

    fn finish(self, path: &Path, louder_db: f64) -> Difference {
        let [power, music] = self.powers;
        let ratio_db = |power: f64, of: f64| (power > 0.0 && of > 0.0).then(|| power_to_db(power / of));
        // Blocks without anything are left out of either: the sums count, not the means.
        let [changed, whole] = self.spectra.map(|welch| {
            let spectrum = welch.finish();
            let blocks = spectrum.blocks() as f64;
            OCTAVES_HZ.map(|hz| blocks * spectrum.band_power(0, hz / SQRT_2, hz * SQRT_2))
        });
        let all: f64 = whole.iter().sum();
        let heard = |power: f64| power > all * db_to_power(HEARD_DB);
        let octaves = OCTAVES_HZ.iter().zip(changed.iter().zip(whole)).map(|(&hz, (&changed, whole))| {
            Octave { hz, under_db: ratio_db(changed, whole).filter(|_| heard(whole)) }
        });
        Difference {
            path: path.to_owned(),
            louder_db,
            rms_dbfs: ratio_db(power, self.samples as f64),
            under_db: ratio_db(power, music),
            octaves: octaves.collect(),
        }
    }
}

/// A stream at another rate, and mono in as many channels as are wanted. Blocks are full until the last.
pub struct Fitted {
    inner: Box<dyn Source>,
    info: Info,
    resampler: Option<Resampler>,
    block: Buffer,
    planes: Vec<Vec<f64>>,
    ended: bool,
}

impl Fitted {
    /// `inner` at `rate_hz` in `channels` channels.
    ///
    /// # Errors
    /// `not_comparable` when it has other channels than that and is not mono, or its rate cannot be converted.
    pub fn new(inner: Box<dyn Source>, rate_hz: u32, channels: usize) -> Result<Self> {
        let (own, own_hz) = (inner.info().channels(), inner.info().sample_rate_hz);
        let refused = |what: String| Error::new(Kind::Input, "not_comparable", what);
        if own != channels && own != 1 {
            return Err(refused(format!("{own} channels cannot be held against {channels}")));
        }
        let resampler = match own_hz == rate_hz {
            true => None,
            false => Some(
                Resampler::new(own_hz, rate_hz, own, Slope::Gentle)
                    .map_err(|_| refused(format!("no conversion from {own_hz} to {rate_hz} Hz")))?,
            ),
        };
        let frames = inner.info().frames.map(|frames| match &resampler {
            Some(resampler) => resampler.output_frames(frames),
            None => frames,
        });
        let layout = if own == channels { inner.info().layout.clone() } else { Layout::of(channels) };
        let info = Info { sample_rate_hz: rate_hz, layout, frames, ..inner.info().clone() };
        let (block, planes) = (Buffer::new(own, BLOCK_FRAMES), vec![Vec::new(); own]);
        Ok(Self { inner, info, resampler, block, planes, ended: false })
    }

    fn fill(&mut self, frames: usize) -> Result<()> {
        while !self.ended && self.planes.first().map_or(0, Vec::len) < frames {
            self.inner.read(&mut self.block)?;
            self.ended = self.block.frames() == 0;
            match &mut self.resampler {
                Some(resampler) if self.ended => resampler.finish(&mut self.planes),
                Some(resampler) => resampler.process(self.block.view(), &mut self.planes),
                None => {
                    for (channel, plane) in self.planes.iter_mut().enumerate() {
                        plane.extend_from_slice(self.block.channel(channel));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Source for Fitted {
    fn info(&self) -> &Info {
        &self.info
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.fill(buffer.capacity())?;
        let frames = buffer.capacity().min(self.planes.first().map_or(0, Vec::len));
        buffer.set_frames(frames);
        let last = self.planes.len().saturating_sub(1);
        for channel in 0..buffer.channels() {
            if let Some(plane) = self.planes.get(channel.min(last)) {
                buffer.channel_mut(channel).copy_from_slice(&plane[..frames]);
            }
        }
        for plane in &mut self.planes {
            plane.drain(..frames);
        }
        Ok(())
    }
}
