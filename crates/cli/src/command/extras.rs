//! What `master` does besides: tags, a cover, codecs, sets, differences.

use super::master::worst_of;
use crate::args::{Labels, Master};
use crate::command::master::refuse_existing;
use crate::ui::{Ui, clean_name};
use std::path::{Path, PathBuf};
use studio::decode;
use studio::deliver::{Artwork, Tags};
use studio::difference::{self, Difference, Levels};
use studio::handover::Premaster;
use studio::master::chain::Chain;
use studio::master::{Extras, Mastering, Place, load_tags, set};
use studio::message::{Error, Kind, Result};
use studio::report::delivery;
use studio::targets::Target;

/// Tags, cover and checks that were asked for.
pub(crate) fn of(args: &Master, ui: &Ui) -> Result<Extras> {
    let mut extras = Extras { check_codecs: args.extras.check_codecs, ..Extras::default() };
    add(&mut extras.tags, &mut extras.artwork_file, &args.extras.labels, ui)?;
    Ok(extras)
}

/// Puts tags and cover of the call over those of a chain; the cover of a chain is looked for beside it.
pub(crate) fn label(chain: &mut Chain, chain_path: &Path, args: &Master, ui: &Ui) -> Result<()> {
    add(&mut chain.tags, &mut chain.artwork_file, &args.extras.labels, ui)?;
    if chain.tags.artwork.is_none() && !chain.artwork_file.is_empty() {
        let beside = chain_path.parent().unwrap_or(Path::new("")).join(&chain.artwork_file);
        let own = Path::new(&chain.artwork_file).to_owned();
        chain.tags.artwork = Some(Artwork::load(if beside.exists() { &beside } else { &own })?);
    }
    Ok(())
}

pub(crate) fn add(tags: &mut Tags, artwork_file: &mut String, args: &Labels, ui: &Ui) -> Result<()> {
    if let Some(path) = &args.tags_file {
        let read = load_tags(path).map_err(|errors| worst_of(errors, ui))?;
        for (name, text) in read.named() {
            tags.set(name, text)?;
        }
    }
    for pair in &args.tags {
        let Some((name, text)) = pair.split_once('=') else {
            let error = Error::new(Kind::Usage, "bad_tag", format!("`{pair}` is no tag"));
            return Err(error.hint("--tag title=\"Night Train\""));
        };
        tags.set(name, text)?;
    }
    if let Some(path) = &args.artwork {
        tags.artwork = Some(Artwork::load(path)?);
        *artwork_file = path.display().to_string();
    }
    Ok(())
}

/// Fails early where the folders of a set, or files of differences, are taken.
pub(crate) fn check_set<'a>(
    args: &Master,
    targets: impl IntoIterator<Item = &'a str>,
    names: impl IntoIterator<Item = &'a str>,
    place: Place<'_>,
) -> Result<()> {
    if args.extras.set {
        return set::check(targets, place);
    }
    if args.extras.difference {
        for name in names {
            refuse_existing(&beside(&place.folder.join(name)), place.force)?;
        }
    }
    Ok(())
}

/// Where the difference of a master goes: of `song.cd.wav`, `song.cd.difference.wav`.
fn beside(master: &Path) -> PathBuf {
    master.with_extension("difference.wav")
}

/// What mastering changed, if that was asked for: a file beside every master.
pub(crate) fn differences(
    args: &Master,
    premaster: &Premaster,
    mastering: &Mastering,
    ui: &Ui,
) -> Result<Vec<Difference>> {
    let masters = mastering.masters.iter().filter(|_| args.extras.difference);
    let mut done = Vec::new();
    for path in masters.map(|master| &master.written().path) {
        let open = || decode::open(path, decode::Options::default());
        let to = beside(path);
        let place = (to.as_path(), args.force);
        let (file, found) =
            difference::write(&|| premaster.open(), &open, Levels::Matched, place, &ui.job())?;
        file.commit()?;
        done.push(found);
    }
    Ok(done)
}

/// One line about a difference.
pub(crate) fn line(difference: &Difference) -> String {
    let name = clean_name(difference.path.display());
    let louder = match difference.louder_db {
        db if db.abs() < 0.05 => String::new(),
        db => {
            format!("; {:.1} dB {} taken off first", db.abs(), if db > 0.0 { "louder," } else { "quieter," })
        }
    };
    format!("{name}: {}{louder}\n", difference.words())
}

/// Lays out the set, if one was asked for.
pub(crate) fn arrange(mastering: &mut Mastering, args: &Master, place: Place<'_>) -> Result<()> {
    if !args.extras.set {
        return Ok(());
    }
    let tags = mastering.chain.tags.clone();
    let print = args.input.clone().unwrap_or_else(|| mastering.chain.source_file.clone().into());
    set::arrange(mastering, &print, place, &|master, label| delivery::sheets(master, label, &tags))
}

/// Says that codecs can be checked, where they were not and there are some.
pub(crate) fn offer(args: &Master, targets: &[Target], ui: &Ui) {
    if !args.extras.check_codecs && targets.iter().any(|target| !target.codecs.is_empty()) {
        ui.note(
            "codecs were not checked; --check-codecs encodes, decodes and lowers the ceiling where it must",
        );
    }
}
