//! What `codecs` keeps: encoded files with their labels, and what each codec changed.

use crate::args::Codecs;
use crate::command::extras;
use crate::command::master::make_folder;
use crate::ui::Ui;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use studio::codec::{self, Encoded, Outcome};
use studio::decode::{self, Options};
use studio::deliver::{Artwork, ReplayGain, Tags};
use studio::difference::{self, Difference, Levels};
use studio::files::{NewFile, commit_all, refuse_inputs};
use studio::message::{Error, Kind, Result};
use studio::meters::{self, Measurements, album_lufs};
use studio::streams::{self, Labels};
use studio::targets::Codec;

/// A file, and what codecs made of it.
pub(crate) struct Heard {
    pub(crate) path: PathBuf,
    pub(crate) measured: Measurements,
    pub(crate) outcomes: Vec<Outcome>,
    pub(crate) written: Vec<PathBuf>,
    pub(crate) differences: Vec<Difference>,
    /// Streams that are to be kept.
    streams: Vec<Encoded>,
}

/// Measures all files, encodes and decodes them, and writes what is to be kept: all or nothing.
pub(crate) fn all(args: &Codecs, codecs: &[Codec], ui: &Ui) -> Result<Vec<Heard>> {
    check_places(args, codecs)?;
    let (mut tags, mut artwork_file) = (Tags::default(), String::new());
    extras::add(&mut tags, &mut artwork_file, &args.labels, ui)?;
    let keep = args.write.is_some() || args.difference.is_some();
    let mut heard =
        args.inputs.iter().map(|input| hear(input, codecs, keep, ui)).collect::<Result<Vec<_>>>()?;
    if keep {
        [&args.write, &args.difference].into_iter().flatten().try_for_each(|folder| make_folder(folder))?;
        let album = if args.album { album_lufs(heard.iter().map(|heard| &heard.measured)) } else { None };
        let gains: Vec<Option<ReplayGain>> =
            codecs.iter().map(|codec| album_gain(&heard, *codec, album)).collect();
        let mut files = Vec::new();
        for heard in &mut heard {
            files.extend(keep_streams(heard, codecs, &gains, (args, &tags), ui)?);
        }
        commit_all(files)?;
    }
    Ok(heard)
}

/// Files of an input and a codec: the stream and the difference.
fn names(args: &Codecs, input: &Path, codec: Codec) -> [Option<PathBuf>; 2] {
    let stem = input.file_stem().map_or_else(|| "file".into(), |stem| stem.to_string_lossy().into_owned());
    let stream = format!("{stem}.{codec}.{}", streams::ending(codec.family));
    [
        args.write.as_ref().map(|folder| folder.join(stream)),
        args.difference.as_ref().map(|folder| folder.join(format!("{stem}.{codec}.difference.wav"))),
    ]
}

/// Fails early, before anything is encoded.
fn check_places(args: &Codecs, codecs: &[Codec]) -> Result<()> {
    let mut taken = BTreeSet::new();
    for input in &args.inputs {
        for path in codecs.iter().flat_map(|codec| names(args, input, *codec)).flatten() {
            if !taken.insert(path.clone()) {
                let error = Error::new(Kind::Usage, "same_file", "two of the files would have the same name");
                return Err(error.at(path.display()).hint("write them into folders of their own"));
            }
            refuse_inputs(&path, args.inputs.iter().map(PathBuf::as_path))?;
            if path.parent().is_some_and(Path::is_dir) {
                NewFile::create(&path, args.force)?;
            }
        }
    }
    Ok(())
}

fn hear(path: &Path, codecs: &[Codec], keep: bool, ui: &Ui) -> Result<Heard> {
    let at = |error: Error| error.at(path.display());
    let mut source = decode::open(path, Options::default()).map_err(at)?;
    let measured = meters::measure(source.as_mut(), &ui.job()).map_err(at)?;
    let peak_dbtp = measured.true_peak_worst_dbtp();
    let (mut outcomes, mut kept) = (Vec::new(), Vec::new());
    if keep {
        for &codec in codecs {
            match codec::stream(path, codec, &ui.job()).map_err(at)? {
                Err(why) => outcomes.push(Outcome::NotChecked { codec, why }),
                Ok(encoded) => {
                    let outcome = encoded.check(peak_dbtp, &ui.job()).map_err(at)?;
                    // What does not decode is not handed on.
                    kept.extend(outcome.true_peak_dbtp().map(|_| encoded));
                    outcomes.push(outcome);
                }
            }
        }
    } else {
        outcomes = codec::hold(path, codecs, peak_dbtp, &ui.job()).map_err(at)?;
    }
    let path = path.to_owned();
    Ok(Heard { path, measured, outcomes, written: Vec::new(), differences: Vec::new(), streams: kept })
}

/// Gain of the album: by the loudness of the lossless files, gated together, and the largest peak that comes out of the codec.
fn album_gain(heard: &[Heard], codec: Codec, album_lufs: Option<f64>) -> Option<ReplayGain> {
    let peaks = heard.iter().flat_map(|heard| &heard.outcomes).filter(|outcome| outcome.codec() == codec);
    let peak_dbtp = peaks.filter_map(Outcome::true_peak_dbtp).fold(f64::NEG_INFINITY, f64::max);
    album_lufs.filter(|lufs| lufs.is_finite()).map(|lufs| ReplayGain::new(lufs, peak_dbtp))
}

/// Writes what is kept of one file; nothing has its name yet.
fn keep_streams(
    heard: &mut Heard,
    codecs: &[Codec],
    albums: &[Option<ReplayGain>],
    (args, tags): (&Codecs, &Tags),
    ui: &Ui,
) -> Result<Vec<NewFile>> {
    let mut files = Vec::new();
    let own = decode::probe(&heard.path)?.metadata.tags;
    let artwork = match &tags.artwork {
        Some(artwork) => Some(artwork.clone()),
        None => Artwork::inside(&heard.path)?,
    };
    for encoded in std::mem::take(&mut heard.streams) {
        let codec = encoded.codec();
        let peak_dbtp = heard.outcomes.iter().find(|outcome| outcome.codec() == codec);
        let peak_dbtp = peak_dbtp.and_then(Outcome::true_peak_dbtp).unwrap_or(0.0);
        let lufs = heard.measured.integrated_lufs.filter(|lufs| lufs.is_finite());
        let [stream, changed] = names(args, &heard.path, codec);
        if let Some(path) = stream {
            let labels = Labels {
                tags: tags.over(&own),
                artwork: artwork.clone(),
                track: lufs.map(|lufs| ReplayGain::new(lufs, peak_dbtp)),
                album: codecs
                    .iter()
                    .position(|other| *other == codec)
                    .and_then(|at| albums.get(at).copied().flatten()),
            };
            files.push(streams::write(&encoded, &path, &labels, args.force, &ui.job())?);
            heard.written.push(path);
        }
        if let Some(path) = changed {
            let source = || decode::open(&heard.path, Options::default());
            let place = (path.as_path(), args.force);
            let (file, found) =
                difference::write(&source, &|| encoded.open(), Levels::AsTheyAre, place, &ui.job())?;
            files.push(file.into_file());
            heard.differences.push(found);
        }
    }
    Ok(files)
}
