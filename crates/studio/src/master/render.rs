//! A chain is rendered: print in, one verified file out.
//!
//! What is written is measured on its way, so that reading back has only to compare. The bits do not depend on how many threads
//! there are.

use super::chain::{Chain, Container, Delivery, Encoding};
use super::fuse::fuse;
use super::programme::Programme;
use super::stages::{Convert, Group, Inserts};
use crate::audio::{self, Source};
use crate::deliver::{self, Bext, Gate, ReadBack, Spec, Verified, Writer};
use crate::handover::Premaster;
use crate::job::Job;
use crate::message::{Error, Kind, Result};
use crate::pipe::{Next, Stage};
use dsp::block::Buffer;
use std::path::Path;

/// Channels of a master: mono prints become two equal channels.
pub(crate) const CHANNELS: usize = 2;

/// Opens the print for mastering.
pub(crate) fn open(premaster: &Premaster) -> Result<Box<dyn Source>> {
    let at = |error: Error| error.at(premaster.path().display());
    let source = premaster.open().map_err(at)?;
    let channels = source.info().channels();
    if channels > CHANNELS {
        let what = format!("the print has {channels} channels; masters are stereo");
        let error = Error::input("not_stereo", what).hint("mix it down to stereo first and check that mix");
        return Err(at(error));
    }
    Ok(source)
}

/// What a render came to.
pub(super) struct Rendered {
    /// The file, read back.
    pub(super) file: ReadBack,
    /// Largest reduction of the inserts of this delivery, dB.
    pub(super) reduction_db: f64,
}

/// Writes what comes, and passes on what was written.
struct Sink(Writer);

impl Stage for Sink {
    fn push(&mut self, block: Buffer, next: Next<'_>) -> Result<()> {
        next(self.0.write_and_hear(block)?)
    }
}

fn spec_of(delivery: &Delivery, programme: &Programme<'_>) -> Spec {
    let output = &delivery.output;
    let container = match output.container {
        Container::Wav => deliver::Container::Wav,
        Container::Flac => deliver::Container::Flac,
    };
    let encoding = match output.encoding {
        Encoding::Int16 => audio::Encoding::Int(16),
        Encoding::Int24 => audio::Encoding::Int(24),
        Encoding::Float32 => audio::Encoding::Float(32),
    };
    let mut spec = Spec::new(container, encoding, output.sample_rate_hz as u32, CHANNELS);
    spec.dither = output.dither.kernel();
    spec.seed = output.seed as u64;
    spec.tags = programme.tags().to_vec();
    spec.artwork = programme.artwork().cloned();
    spec.replay_gain = true;
    spec.bext = (container == deliver::Container::Wav).then(|| bext_of(programme));
    spec
}

/// Broadcast metadata of a master: what the file is, when it is dated, and what it was made from (EBU R 98).
fn bext_of(programme: &Programme<'_>) -> Bext {
    let tag =
        |name: &str| programme.tags().iter().find(|(key, _)| key == name).map(|(_, text)| text.as_str());
    let print = programme.premaster();
    let name = print.path().file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let title = tag("TITLE").unwrap_or(&name);
    let description = tag("ARTIST").map_or_else(|| title.to_owned(), |artist| format!("{artist}: {title}"));
    // Only a whole date: nothing here reads a clock.
    let date = tag("DATE").filter(|date| date.len() == 10).unwrap_or_default().to_owned();
    let (bits, info) = (print.measurements().bits_stored.unwrap_or(0), print.info());
    let mode = if info.channels() == 1 { "mono" } else { "stereo" };
    // Commas part the fields of a line.
    let from = name.replace(',', ";");
    let history = format!("A=PCM,F={},W={bits},M={mode},T=print {from}", info.sample_rate_hz);
    Bext {
        description,
        originator: "Tonmeister".into(),
        date,
        coding_history: vec![history],
        ..Bext::default()
    }
}

/// Renders one delivery into a temporary file in `folder` and reads it back.
pub(super) fn render(
    programme: &Programme<'_>,
    delivery: &Delivery,
    folder: &Path,
    force: bool,
    job: &Job<'_>,
) -> Result<Rendered> {
    let (from_hz, to_hz) = (programme.sample_rate_hz(), delivery.output.sample_rate_hz as u32);
    let path = folder.join(&delivery.file);
    let spec = Spec { encode_aside: job.threads > 1, ..spec_of(delivery, programme) };
    let writer = Writer::create(&path, spec, force)?;
    let mut convert = Convert::new(from_hz, to_hz, CHANNELS, delivery.output.gain_db)?;
    let mut limiter = Inserts::new(&fuse(&delivery.steps), f64::from(to_hz), CHANNELS, 1);
    let (mut meters, mut sink) = (writer.meters(), Sink(writer));
    let label = format!("master for {}", delivery.target);
    {
        let mut own = Group(vec![Box::new(&mut convert), Box::new(&mut limiter)]);
        let [levels, peaks] = meters.stages();
        programme.play(&mut [&mut own, &mut sink, levels, peaks], &label, job)?;
    }
    job.let_others_begin();
    let file = sink.0.read_back_heard(Some(meters), job)?;
    Ok(Rendered { file, reduction_db: limiter.largest_reduction_db() })
}

/// Holds the file against what it was made for.
pub(super) fn within(file: ReadBack, delivery: &Delivery) -> Result<Verified> {
    file.within(&Gate {
        ceiling_dbtp: Some(delivery.output.ceiling_dbtp),
        loudness_lufs: delivery.aim.as_ref().map(|aim| aim.loudness),
        tolerance_lu: delivery.aim.as_ref().map_or(0.0, |aim| aim.tolerance),
    })
}

/// What a print is known by: the hash of its file, or one over those of its stems.
pub(super) fn hash_of_print(premaster: &Premaster) -> Result<String> {
    let hashes: Vec<String> = premaster.files().iter().map(|path| hash_of(path)).collect::<Result<_>>()?;
    match hashes.as_slice() {
        [one] => Ok(one.clone()),
        several => Ok(blake3::hash(several.join(" ").as_bytes()).to_hex().to_string()),
    }
}

/// BLAKE3 of a file's bytes, in constant memory.
pub(crate) fn hash_of(path: &Path) -> Result<String> {
    let failed = |error: std::io::Error| Error::io(path, "read the print", &error);
    let mut hasher = blake3::Hasher::new();
    let mut file = std::fs::File::open(path).map_err(failed)?;
    hasher.update_reader(&mut file).map_err(failed)?;
    Ok(hasher.finalize().to_hex().to_string())
}

/// Refuses a print that is not the one the chain was made for: the levels solved for it would be wrong.
pub(super) fn same_print(chain: &Chain, hash: &str) -> Result<()> {
    if chain.source_blake3 == hash {
        return Ok(());
    }
    let what =
        format!("this print is not `{}` that the chain was made for: its hash differs", chain.source_file);
    Err(Error::new(Kind::Input, "other_print", what)
        .hint("master it anew with `--for`, or correct [source] blake3"))
}
