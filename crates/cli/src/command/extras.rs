//! What `master` does besides: tags, a cover, codecs, sets.

use super::master::worst_of;
use crate::args::Master;
use crate::ui::Ui;
use std::path::Path;
use studio::deliver::{Artwork, Tags};
use studio::master::chain::Chain;
use studio::master::{Extras, Mastering, Place, load_tags, set};
use studio::message::{Error, Kind, Result};
use studio::report::delivery;
use studio::targets::Target;

/// Tags, cover and checks that were asked for.
pub(crate) fn of(args: &Master, ui: &Ui) -> Result<Extras> {
    let mut extras = Extras { check_codecs: args.extras.check_codecs, ..Extras::default() };
    add(&mut extras.tags, &mut extras.artwork_file, args, ui)?;
    Ok(extras)
}

/// Puts tags and cover of the call over those of a chain; the cover of a chain is looked for beside it.
pub(crate) fn label(chain: &mut Chain, chain_path: &Path, args: &Master, ui: &Ui) -> Result<()> {
    add(&mut chain.tags, &mut chain.artwork_file, args, ui)?;
    if chain.tags.artwork.is_none() && !chain.artwork_file.is_empty() {
        let beside = chain_path.parent().unwrap_or(Path::new("")).join(&chain.artwork_file);
        let own = Path::new(&chain.artwork_file).to_owned();
        chain.tags.artwork = Some(Artwork::load(if beside.exists() { &beside } else { &own })?);
    }
    Ok(())
}

fn add(tags: &mut Tags, artwork_file: &mut String, args: &Master, ui: &Ui) -> Result<()> {
    if let Some(path) = &args.extras.tags_file {
        let read = load_tags(path).map_err(|errors| worst_of(errors, ui))?;
        for (name, text) in read.named() {
            tags.set(name, text)?;
        }
    }
    for pair in &args.extras.tags {
        let Some((name, text)) = pair.split_once('=') else {
            let error = Error::new(Kind::Usage, "bad_tag", format!("`{pair}` is no tag"));
            return Err(error.hint("--tag title=\"Night Train\""));
        };
        tags.set(name, text)?;
    }
    if let Some(path) = &args.extras.artwork {
        tags.artwork = Some(Artwork::load(path)?);
        *artwork_file = path.display().to_string();
    }
    Ok(())
}

/// Fails early where the folders of a set are taken.
pub(crate) fn check_set<'a>(
    args: &Master,
    targets: impl IntoIterator<Item = &'a str>,
    place: Place<'_>,
) -> Result<()> {
    if args.extras.set { set::check(targets, place) } else { Ok(()) }
}

/// Lays out the set, if one was asked for.
pub(crate) fn arrange(mastering: &mut Mastering, args: &Master, place: Place<'_>) -> Result<()> {
    if !args.extras.set {
        return Ok(());
    }
    let tags = mastering.chain.tags.clone();
    let print = args.input.clone().unwrap_or_else(|| mastering.chain.source_file.clone().into());
    set::arrange(mastering, &print, place, &|master, name| delivery::sheet(master, name, &tags))
}

/// Says that codecs can be checked, where they were not and there are some.
pub(crate) fn offer(args: &Master, targets: &[Target], ui: &Ui) {
    if !args.extras.check_codecs && targets.iter().any(|target| !target.codecs.is_empty()) {
        ui.note(
            "codecs were not checked; --check-codecs encodes, decodes and lowers the ceiling where it must",
        );
    }
}
