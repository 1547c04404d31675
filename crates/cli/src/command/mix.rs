//! `mix`: a session, or a folder of tracks, becomes a print.

use crate::args::Mix;
use crate::command::master::{refuse_existing, worst_of, write_text};
use crate::ui::{Ui, clean_name};
use assistant::Request;
use assistant::decide::Assisted;
use serde_json::json;
use std::fmt::Write;
use std::path::{Component, Path, PathBuf};
use studio::files::refuse_inputs;
use studio::message::{Error, Finding, Kind, Result};
use studio::mix::{self, Options, Print};
use studio::report::readings;
use studio::session::{self, Session};

/// Name of the session beside the print of a folder.
const SESSION_FILE: &str = "session.toml";

pub(crate) fn run(args: &Mix, ui: &Ui) -> Result<u8> {
    if args.input.is_dir() && !(args.snapshot.is_empty() && args.alternate.is_empty()) {
        let error = Error::new(Kind::Usage, "not_a_file", "snapshots and alternates are made of a session");
        return Err(error.at(args.input.display()).hint("mix the folder first; it writes session.toml"));
    }
    let (session, path, made) = match args.input.is_dir() {
        true => {
            let Written { session, path, made } = from_folder(args, ui)?;
            (session, path, Some(made))
        }
        false => (load(&args.input, args.allow_external, ui)?, args.input.clone(), None),
    };
    let findings = made.as_ref().map_or_else(Vec::new, |made| made.findings.clone());
    refuse_inputs(&args.output, [args.input.as_path()])?;
    if let Some(downmix) = &args.downmix {
        refuse_inputs(downmix, [args.input.as_path()])?;
    }
    if !args.snapshot.is_empty() || !args.alternate.is_empty() {
        return super::several::run(&session, args, ui);
    }
    if args.dry_run {
        let errors = session.check_files();
        if !errors.is_empty() {
            return Err(worst_of(errors, ui));
        }
        tell_dry(&session, &findings, ui);
        return Ok(0);
    }
    let options = Options { force: args.force, adm: args.adm, ..Options::default() };
    let print = mix::render_with_downmix(&session, &args.output, args.downmix.as_deref(), &ui.job(), options)
        .map_err(|errors| worst_of(errors, ui))?;
    if let Some(made) = made {
        write_text(&path, &made.text, args.force)?;
    }
    tell(&session, &path, &findings, &print, ui);
    Ok(0)
}

/// A session that was made for a folder, and is still to be written.
pub(crate) struct Written {
    pub(crate) session: Session,
    /// Where it will be.
    pub(crate) path: PathBuf,
    /// Its text, and what came with it.
    pub(crate) made: Assisted,
}

/// Renders a session to a print.
pub(crate) fn print(session: &Session, output: &Path, force: bool, ui: &Ui) -> Result<Print> {
    let options = Options { force, ..Options::default() };
    mix::render(session, output, &ui.job(), options).map_err(|errors| worst_of(errors, ui))
}

/// Reads a session file.
pub(crate) fn load(path: &Path, allow_external: bool, ui: &Ui) -> Result<Session> {
    Session::load(path, session::Options { allow_external }).map_err(|errors| worst_of(errors, ui))
}

/// Makes a session for a folder; it will stand beside the print, and is read as from there. It is written after the print, so
/// that a run that fails leaves nothing in the way of the next.
fn from_folder(args: &Mix, ui: &Ui) -> Result<Written> {
    let beside = folder_of(&args.output);
    let path = beside.join(SESSION_FILE);
    if args.output.file_name() == path.file_name() {
        let error = Error::new(Kind::Usage, "same_file", "the print would have the name of the session");
        return Err(error.at(path.display()).hint("call the print mix.wav, for example"));
    }
    refuse_existing(&path, args.force)?;
    refuse_existing(&args.output, args.force)?;
    let written = of_folder(&args.input, path, &assistant::Request::default(), args.allow_external, ui)?;
    if is_external(&way_between(beside, &args.input)?) {
        ui.note("the tracks lie outside the folder of the session: render it again with --allow-external");
    }
    Ok(written)
}

/// Makes a session for a folder that is to stand at `path`, and reads it as from there. What was found is said.
pub(crate) fn of_folder(
    input: &Path,
    path: PathBuf,
    request: &Request,
    allow_external: bool,
    ui: &Ui,
) -> Result<Written> {
    let beside = folder_of(&path);
    let made = super::assist::make(input, &path, request, ui)?;
    ui.note(ui.findings(&made.findings).trim_end());
    let external = is_external(&way_between(beside, input)?);
    let session = parsed(&made, &path, allow_external || external, ui)?;
    Ok(Written { session, path, made })
}

/// A session that was made, as it will be read at `path`.
pub(crate) fn parsed(made: &Assisted, path: &Path, allow_external: bool, ui: &Ui) -> Result<Session> {
    let options = session::Options { allow_external };
    let name = path.display().to_string();
    Session::parse(&made.text, &name, folder_of(path), options).map_err(|errors| worst_of(errors, ui))
}

/// Whether a way leads out of a folder.
pub(crate) fn is_external(way: &Path) -> bool {
    way.components().any(|part| part == Component::ParentDir) || way.is_absolute()
}

/// Folder a file is in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The relative path that leads from one existing folder to another; empty when they are the same.
pub(crate) fn way_between(from: &Path, to: &Path) -> Result<PathBuf> {
    let real = |path: &Path| path.canonicalize().map_err(|error| Error::io(path, "find the folder", &error));
    let (from, to) = (real(from)?, real(to)?);
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = from.components().skip(shared).map(|_| Component::ParentDir).collect();
    way.extend(to.components().skip(shared));
    Ok(way)
}

fn tell_dry(session: &Session, findings: &[Finding], ui: &Ui) {
    let tracks = session.tracks.len();
    match ui.json() {
        true => ui.print_json(&json!({ "tracks": tracks, "findings": findings })),
        false => ui.print(&format!("{}: {tracks} tracks, nothing wrong\n", clean_name(&session.name))),
    }
}

fn tell(session: &Session, path: &Path, findings: &[Finding], print: &Print, ui: &Ui) {
    if ui.json() {
        ui.print_json(&json!({
            "session": path.display().to_string(),
            "print": print.path().display().to_string(),
            "print_gain_db": print.gain_db(),
            "tracks": session.tracks.len(),
            "findings": findings.iter().chain(print.findings()).collect::<Vec<_>>(),
            "measurements": print.measurements(),
            "readings": print.readings().iter().map(readings::json).collect::<Vec<_>>(),
            "downmix": print.downmix().map(|downmix| json!({
                "file": downmix.written().map(|(path, _)| path.display().to_string()),
                "gain_db": downmix.written().map(|(_, gain_db)| gain_db),
                "measurements": downmix.measurements(),
            })),
        }));
        return;
    }
    ui.print(&text(session, path, print));
    ui.note(ui.findings(print.findings()).trim_end());
}

/// What came in and what came out, in a few lines.
pub(crate) fn text(session: &Session, path: &Path, print: &Print) -> String {
    let m = print.measurements();
    let mut text = String::new();
    let file = clean_name(path.display());
    let _ =
        writeln!(text, "mixed {} tracks and {} buses of {file}", session.tracks.len(), session.buses.len());
    let _ = writeln!(text, "print {} (24 bit, {} Hz)", clean_name(print.path().display()), m.sample_rate_hz);
    let _ = writeln!(
        text,
        "      {}, {:.2} dBTP, PLR {}, print gain {:+.1} dB",
        m.integrated_lufs.map_or_else(|| "– LUFS".to_owned(), |lufs| format!("{lufs:.2} LUFS")),
        m.true_peak_worst_dbtp(),
        m.plr_lu.map_or_else(|| "–".to_owned(), |plr| format!("{plr:.1} LU")),
        print.gain_db()
    );
    text.extend(print.readings().iter().map(readings::text));
    if let Some(downmix) = print.downmix() {
        let m = downmix.measurements();
        let _ = writeln!(
            text,
            "      stereo downmix {}, {:.2} dBTP",
            m.integrated_lufs.map_or_else(|| "– LUFS".to_owned(), |lufs| format!("{lufs:.2} LUFS")),
            m.true_peak_worst_dbtp()
        );
        if let Some((path, gain_db)) = downmix.written() {
            let _ = writeln!(text, "      written to {} at {gain_db:+.1} dB", clean_name(path.display()));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_between_folders_goes_up_and_down() {
        let base = tempfile::tempdir().expect("a folder");
        let (a, b) = (base.path().join("a/x"), base.path().join("b"));
        std::fs::create_dir_all(&a).expect("a folder");
        std::fs::create_dir_all(&b).expect("a folder");
        assert_eq!(way_between(&a, &b).expect("there is a way"), Path::new("../../b"));
        assert_eq!(way_between(&b, &b).expect("there is a way"), Path::new(""));
        assert_eq!(way_between(base.path(), &a).expect("there is a way"), Path::new("a/x"));
    }
}
