//! Files a session names: inside its folder, there, and readable.

use super::read::{Node, Reader, wrong};
use super::{Named, Origin, Session};
use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;
use std::path::{Component, Path};

/// A file name as written, refused if it leads out of the folder.
pub(super) fn name(reader: &mut Reader<'_>, node: &Node<'_>, origin: &Origin) -> Option<Named> {
    let file = Named { id: reader.text(node, "file")?, span: node.span.clone() };
    inside(reader, &file, origin).then_some(file)
}

/// Whether a file name stays in the folder, or may leave it. Says so if not.
fn inside(reader: &mut Reader<'_>, file: &Named, origin: &Origin) -> bool {
    let fine = origin.options.allow_external || stays_inside(Path::new(&file.id));
    if !fine {
        let what = wrong("external_file", "this file is outside the session's folder")
            .label("leads outside")
            .hint("copy it beside the session, or allow external files (--allow-external)");
        reader.say(&file.span, what);
    }
    fine
}

/// Says where an impulse response is missing or leads out of the folder.
pub(super) fn impulses(reader: &mut Reader<'_>, session: &Session, origin: &Origin) {
    for insert in session.strips().chain([&session.mix]).flat_map(|strip| &strip.inserts) {
        match &insert.impulse {
            Some(file) => {
                inside(reader, file, origin);
            }
            None if insert.settings.description().impulse => {
                let what = wrong("missing_impulse", format!("`{}` has no impulse response", insert.id))
                    .hint("impulse = \"ir/hall.wav\"");
                reader.say(&insert.span, what);
            }
            None => {}
        }
    }
}

/// Whether a path is relative and never climbs above where it starts.
pub(crate) fn stays_inside(path: &Path) -> bool {
    let mut depth = 0_i64;
    for component in path.components() {
        match component {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth -= 1,
            Component::RootDir | Component::Prefix(_) => return false,
        }
        if depth < 0 {
            return false;
        }
    }
    true
}

/// Everything wrong with the files of a session.
pub(super) fn check(session: &Session) -> Vec<Error> {
    let clips = session.tracks.iter().flat_map(|track| &track.clips);
    let files = clips.map(|clip| &clip.file).chain(session.impulses());
    files.filter_map(|file| check_one(session, file).err()).collect()
}

fn check_one(session: &Session, file: &Named) -> Result<()> {
    let path = session.origin.folder.join(&file.id);
    let found = std::fs::metadata(&path).map_err(|error| {
        let (kind, code, hint) = match error.kind() {
            std::io::ErrorKind::NotFound => (Kind::Io, "not_found", missing_hint(&path)),
            std::io::ErrorKind::PermissionDenied => (Kind::Io, "permission_denied", String::new()),
            _ => (Kind::Io, "io", String::new()),
        };
        let error = Error::new(kind, code, format!("cannot read `{}`: {error}", file.id));
        let error = if hint.is_empty() { error } else { error.hint(hint) };
        session.error_at(&file.span, error, "this file")
    })?;
    if !found.is_file() {
        let error = Error::input("not_a_file", format!("`{}` is not a file", file.id));
        return Err(session.error_at(&file.span, error, "this file"));
    }
    // A link may lead outside although the words do not.
    if !session.origin.options.allow_external && leads_outside(&session.origin.folder, &path) {
        let error =
            Error::input("external_file", format!("`{}` is a link out of the session's folder", file.id))
                .hint("copy it beside the session, or allow external files (--allow-external)");
        return Err(session.error_at(&file.span, error, "leads outside"));
    }
    Ok(())
}

/// Whether a path that exists leads out of a folder, links followed.
pub(crate) fn leads_outside(folder: &Path, path: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (folder.canonicalize(), path.canonicalize()) {
        (Ok(folder), Ok(path)) => !path.starts_with(folder),
        _ => false,
    }
}

/// The nearest name in the folder where the file should be.
fn missing_hint(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return format!("there is no folder `{}`", folder.display());
    };
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).take(10_000).collect();
    names.sort();
    let wanted = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    nearest(wanted, names.iter().map(String::as_str))
        .map(|name| format!("did you mean `{name}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_go_down_and_up_again_but_never_above_its_start() {
        for inside in ["a.wav", "a/b.wav", "a/../b.wav", "./a.wav"] {
            assert!(stays_inside(Path::new(inside)), "{inside}");
        }
        for outside in ["/a.wav", "../a.wav", "a/../../b.wav", "./../a"] {
            assert!(!stays_inside(Path::new(outside)), "{outside}");
        }
    }
}
