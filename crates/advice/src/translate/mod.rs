//! How a record comes across elsewhere: a phone, a laptop, a car, earbuds, a kitchen radio, a club, vinyl, a lossy stream.
//!
//! A place is data (`curves/*.toml`): a response, whether it is mono, from where down it is, what quiet music it swallows. What is
//! said compares the music there with the music here at equal loudness. One pass over the file for all places (about 3 ms a second), and
//! an encoder for the lossy one; excerpts are rendered only when they are asked for.

mod judge;
mod places;
mod play;
#[cfg(test)]
mod tests;

pub use judge::{Effect, Said, Word};
pub use places::{Place, Response, places};
pub use play::Player;

use crate::compare;
use dsp::block::Buffer;
use dsp::spectrum::{Options as Analysis, Planes, Spacing, Spectrum, Welch};
use serde::Serialize;
use std::path::{Path, PathBuf};
use studio::audio::{Encoding, Source};
use studio::codec;
use studio::decode;
use studio::deliver::{Container, Gate, Spec, Writer};
use studio::difference::Fitted;
use studio::files::NewFile;
use studio::job::Job;
use studio::message::{Error, Kind, Result};
use studio::meters::{self, Measurements, Setup};
use studio::targets::Codec;

/// Length of an excerpt, seconds: a verse or a chorus.
const EXCERPT_SECONDS: f64 = 20.0;

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Places by name; empty for all.
    pub places: Vec<String>,
    /// Folder for excerpts.
    pub folder: Option<PathBuf>,
    /// Replace existing excerpts.
    pub force: bool,
}

/// What becomes of a file in every place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Translation {
    /// The file.
    pub file: String,
    /// Place by place.
    pub places: Vec<Said>,
    /// Excerpts, in the order of the places; the first is the file itself. Empty unless they were asked for.
    pub excerpts: Vec<PathBuf>,
}

/// The music as it is here.
pub(crate) struct Here {
    pub(crate) middle: Spectrum,
    pub(crate) side: Spectrum,
    pub(crate) measured: Measurements,
}

/// Plays a file everywhere.
///
/// # Errors
/// `unknown_place`; `not_stereo` for more than two channels; `silent`; what reading and writing say; `interrupted`.
pub fn translate(path: &Path, options: &Options, job: &Job<'_>) -> Result<Translation> {
    let wanted = places::find(&options.places)?;
    let here = hear(path, job).map_err(|error| error.at(path.display()))?;
    let mut said = Vec::new();
    for place in &wanted {
        let lossy = match &place.codec {
            Some(codec) => Some(through(path, &codec.value, job)?),
            None => None,
        };
        said.push(judge::judge(place, &here, lossy.as_ref()));
    }
    let excerpts = match &options.folder {
        Some(folder) => excerpts(path, folder, &wanted, &here, options.force, job)?,
        None => Vec::new(),
    };
    Ok(Translation { file: path.display().to_string(), places: said, excerpts })
}

fn open(path: &Path) -> Result<Box<dyn Source>> {
    decode::open(path, decode::Options { repair: true, ..decode::Options::default() })
}

/// Feeds analysers with what the meters read.
struct Tap<'a> {
    inner: Box<dyn Source>,
    middle: &'a mut Welch,
    side: &'a mut Welch,
}

impl Source for Tap<'_> {
    fn info(&self) -> &studio::audio::Info {
        self.inner.info()
    }

    fn read(&mut self, buffer: &mut Buffer) -> Result<()> {
        self.inner.read(buffer)?;
        self.middle.push(buffer.view());
        self.side.push(buffer.view());
        Ok(())
    }
}

fn hear(path: &Path, job: &Job<'_>) -> Result<Here> {
    let source = open(path)?;
    let (channels, rate_hz) = (source.info().channels(), source.info().sample_rate_hz);
    if channels > 2 {
        let error = Error::input("not_stereo", format!("the file has {channels} channels"));
        return Err(error.hint("give its stereo downmix: tonmeister mix --downmix"));
    }
    let spacing = Spacing::for_length(source.info().frames.unwrap_or(0), f64::from(rate_hz));
    let welch =
        |planes| Welch::new(channels, f64::from(rate_hz), Analysis { planes, spacing, ..Analysis::default() });
    let (mut middle, mut side) = (welch(Planes::Mid), welch(Planes::Side));
    let mut tap = Tap { inner: source, middle: &mut middle, side: &mut side };
    let setup = Setup::of(tap.info()).with_curves();
    let measured = meters::measure_as(&mut tap, setup, job)?;
    if measured.silent || measured.frames == 0 {
        return Err(
            Error::input("silent", "there is nothing on it").hint("check that the right file was given")
        );
    }
    Ok(Here { middle: middle.finish(), side: side.finish(), measured })
}

/// The file through a codec and back, against itself; in words when it cannot be encoded.
fn through(
    path: &Path,
    name: &str,
    job: &Job<'_>,
) -> Result<std::result::Result<compare::Comparison, String>> {
    let codec =
        Codec::from_name(name).map_err(|what| Error::input("bad_curve", what).at("curves/lossy.toml"))?;
    let encoded = match codec::stream(path, codec, job)? {
        Ok(encoded) => encoded,
        Err(why) => return Ok(Err(why)),
    };
    let found = compare::compare_streams(("here", &|| open(path)), (name, &|| encoded.open()), job)?;
    Ok(Ok(found))
}

/// Writes an excerpt of each place, equally loud, and one of the file itself.
fn excerpts(
    path: &Path,
    folder: &Path,
    wanted: &[Place],
    here: &Here,
    force: bool,
    job: &Job<'_>,
) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io(folder, "make the folder", &error))?;
    let start_seconds = loudest(here);
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let mut files: Vec<NewFile> = Vec::new();
    let ways = std::iter::once(None).chain(wanted.iter().map(Some));
    for place in ways {
        let name = place.map_or("here", |place| place.name.as_str());
        let target = folder.join(format!("{stem}.{name}.wav"));
        studio::files::refuse_inputs(&target, [path])?;
        let excerpt = || excerpt(path, place, start_seconds, job);
        let setup = Setup::of(excerpt()?.info());
        let measured = meters::measure_as(excerpt()?.as_mut(), setup, job)?;
        // All at -20 LUFS, which leaves every place room for its peaks; what is short has no loudness and stays.
        let gain_db =
            measured.integrated_lufs.filter(|lufs| lufs.is_finite()).map_or(0.0, |lufs| -20.0 - lufs);
        let gain_db = gain_db.min(-1.0 - measured.true_peak_dbtp);
        files.push(write(excerpt()?, gain_db, &target, force, job)?);
    }
    studio::files::commit_all(files)
}

/// Start of the loudest stretch, seconds.
fn loudest(here: &Here) -> f64 {
    let Some(curves) = &here.measured.curves else { return 0.0 };
    let width = ((EXCERPT_SECONDS - 3.0) / curves.step_seconds).max(1.0) as usize;
    let powers: Vec<f64> = curves.short_term_lufs.iter().map(|lufs| dsp::math::db_to_power(*lufs)).collect();
    let sum = |at: usize| powers.get(at..(at + width).min(powers.len())).unwrap_or(&[]).iter().sum::<f64>();
    let last = powers.len().saturating_sub(width);
    // Every second.
    let stride = (1.0 / curves.step_seconds).max(1.0) as usize;
    let best = (0..=last).step_by(stride).max_by(|a, b| sum(*a).total_cmp(&sum(*b)).then(b.cmp(a)));
    best.unwrap_or(0) as f64 * curves.step_seconds
}

fn excerpt(path: &Path, place: Option<&Place>, start_seconds: f64, job: &Job<'_>) -> Result<Box<dyn Source>> {
    let source: Box<dyn Source> = match place.and_then(|place| place.codec.as_ref()) {
        Some(codec) => {
            let codec = Codec::from_name(&codec.value).map_err(|what| Error::input("bad_curve", what))?;
            match codec::stream(path, codec, job)? {
                Ok(encoded) => Box::new(play::Held::new(encoded)?),
                Err(why) => return Err(Error::new(Kind::Input, "not_encoded", why)),
            }
        }
        None => open(path)?,
    };
    let rate_hz = source.info().sample_rate_hz;
    let mut fitted = Fitted::new(source, rate_hz, 2)?;
    fitted.skip((start_seconds * f64::from(rate_hz)) as u64)?;
    let part = play::Part::new(Box::new(fitted), (EXCERPT_SECONDS * f64::from(rate_hz)) as u64);
    Ok(match place {
        Some(place) => Box::new(Player::new(Box::new(part), place)),
        None => Box::new(part),
    })
}

fn write(
    mut source: Box<dyn Source>,
    gain_db: f64,
    path: &Path,
    force: bool,
    job: &Job<'_>,
) -> Result<NewFile> {
    let rate_hz = source.info().sample_rate_hz;
    let spec = Spec::new(Container::Wav, Encoding::Int(24), rate_hz, 2);
    let mut writer = Writer::create(path, spec, force)?;
    let gain = dsp::math::db_to_gain(gain_db);
    let mut buffer = Buffer::new(2, 8192);
    loop {
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            break;
        }
        job.step("excerpt", writer.frames(), writer.frames())?;
        for channel in 0..2 {
            buffer.channel_mut(channel).iter_mut().for_each(|x| *x *= gain);
        }
        writer.write(buffer.view())?;
    }
    Ok(writer.verify(job, &Gate::default())?.into_file())
}
