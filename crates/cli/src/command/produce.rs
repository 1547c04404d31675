//! `produce`: from a folder of tracks, or a session, to finished masters, in one folder.
//!
//! Two rooms with one door: the mix is made (or taken as a session has it) and printed; what goes on is the path of the print. The
//! second room reads that file as a stranger's, and knows neither the session nor the tracks.

mod papers;

use crate::args::{Extras, Master, Produce};
use crate::command::extras;
use crate::command::master::{self, CHAIN_FILE, Made, Refuse, targets_of, write_text};
use crate::command::mix::{self, Written};
use crate::ui::Ui;
use crate::whole::Whole;
use assistant::decide::{Assisted, Balance};
use assistant::explain::{self, Which};
use assistant::prepare::safe_name;
use serde_json::json;
use std::path::{Path, PathBuf};
use studio::files::refuse_inputs;
use studio::message::{Error, Kind, Result};
use studio::mix::Print;
use studio::report::mastering as report;
use studio::session::Session;

/// Rooms of the finished folder.
const MIX_FOLDER: &str = "mix";
const MASTERS_FOLDER: &str = "masters";
const SESSION_FILE: &str = "session.toml";
/// What is said about each room, beside its files.
const LOG_FILE: &str = "log.txt";

pub(crate) fn run(args: &Produce, ui: &Ui) -> Result<u8> {
    if !args.input.is_dir() {
        nothing_to_wish(args)?;
    }
    refuse_inputs(&args.output, [args.input.as_path()])?;
    let whole = Whole::create(&args.output, args.force)?;
    let done = produce(args, &whole, ui).map_err(|error| whole.named_error(error))?;
    let (mut text, mut document) = (done.text(&whole), done.json());
    whole.named_json(&mut document);
    text = whole.named(&text);
    let files = whole.commit()?;
    match ui.json() {
        true => {
            document["files"] = json!(files);
            ui.print_json(&document);
        }
        false => ui.print(&text),
    }
    Ok(0)
}

/// A session is printed as it stands: what is asked of the assistant comes before.
fn nothing_to_wish(args: &Produce) -> Result<()> {
    let wishes = &args.wishes;
    let lists = [&wishes.strength, &wishes.undo, &wishes.role];
    if wishes.style.is_none() && !wishes.keep_balance && lists.iter().all(|list| list.is_empty()) {
        return Ok(());
    }
    let what = "a session is printed as it stands; style, strength, undo, role and balance are for a folder of tracks";
    let error = Error::new(Kind::Usage, "session_as_it_stands", what).at(args.input.display());
    Err(error.hint("change the session first: tonmeister assist SESSION.toml -o SESSION.toml -f --undo …"))
}

/// Everything a production came to.
struct Done {
    /// Whether the mix is a person's session, printed as it stands.
    as_it_stands: bool,
    written: Written,
    print: Print,
    masters: Made,
}

fn produce(args: &Produce, whole: &Whole, ui: &Ui) -> Result<Done> {
    let given = match args.input.is_dir() {
        true => None,
        false => Some(mix::load(&args.input, args.allow_external, ui)?),
    };
    let song = song_of(args, given.as_ref(), ui)?;
    let room = whole.folder(MIX_FOLDER)?;
    let call = call(args, room.join(format!("{song}.wav")), whole.folder(MASTERS_FOLDER)?);
    // Whatever is wrong with the call is said before minutes are spent on a mix.
    targets_of(&call.destinations)?;
    master::wish_of(&call, None)?;
    let as_it_stands = given.is_some();
    let (written, print) = match given {
        Some(session) => printed(args, session, &room, &song, ui)?,
        None => mixed(args, &room, &song, ui)?,
    };
    let masters = mastered(&call, args.strict, ui)?;
    let done = Done { as_it_stands, written, print, masters };
    papers::write(args, &done, whole)?;
    Ok(done)
}

/// Name of the song in files: its title, or the name of the session or the folder.
fn song_of(args: &Produce, given: Option<&Session>, ui: &Ui) -> Result<String> {
    let (mut tags, mut cover) = (studio::deliver::Tags::default(), String::new());
    extras::add(&mut tags, &mut cover, &args.masters.labels, ui)?;
    let name = match given {
        Some(session) => session.name.clone(),
        None => {
            let real = args.input.canonicalize();
            let folder = real.map_err(|error| Error::io(&args.input, "find the folder", &error))?;
            folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
        }
    };
    Ok(safe_name(tags.get("title").unwrap_or(&name), "song"))
}

/// The first room with a session of a person: printed as it stands. What goes beside the print is the same session, with the ways to
/// its files from there; its tracks are heard for what no mix mends.
fn printed(args: &Produce, session: Session, room: &Path, song: &str, ui: &Ui) -> Result<(Written, Print)> {
    let errors = session.check_files();
    if !errors.is_empty() {
        return Err(master::worst_of(errors, ui));
    }
    let way = mix::way_between(room, mix::folder_of(&args.input))?;
    let text = assistant::write::moved(&session, &way)?;
    let findings = assistant::not_mended(&session, &ui.job())?;
    ui.note(ui.findings(&findings).trim_end());
    let moves = explain::moves(&text, &Which::default()).unwrap_or_default();
    let made = Assisted { text, moves, findings, balance: Balance::default() };
    let written = Written { session, path: room.join(SESSION_FILE), made };
    finished(written, room, song, ui)
}

/// The first room: tracks become a session and a print.
fn mixed(args: &Produce, room: &Path, song: &str, ui: &Ui) -> Result<(Written, Print)> {
    let request = args.wishes.request(args.reference.as_ref());
    finished(mix::of_folder(&args.input, room.join(SESSION_FILE), &request, true, ui)?, room, song, ui)
}

/// The print, and the session beside it.
fn finished(written: Written, room: &Path, song: &str, ui: &Ui) -> Result<(Written, Print)> {
    let print = mix::print(&written.session, &room.join(format!("{song}.wav")), false, ui)?;
    ui.note(ui.findings(print.findings()).trim_end());
    write_text(&written.path, &written.made.text, false)?;
    Ok((written, print))
}

/// What the second room is asked: the print, by its path, and what a mastering engineer would be told.
fn call(args: &Produce, print: PathBuf, output: PathBuf) -> Master {
    let masters = &args.masters;
    Master {
        input: Some(print),
        stems: Vec::new(),
        reference: args.reference.iter().cloned().collect(),
        reference_weight: Vec::new(),
        amounts: Vec::new(),
        destinations: args.destinations.clone(),
        output,
        chain: None,
        again: false,
        intensity: masters.intensity.clone(),
        tone: masters.tone.clone(),
        strength: Vec::new(),
        loudness: masters.loudness,
        force_level: false,
        rest: false,
        force: false,
        extras: Extras {
            labels: masters.labels.clone(),
            check_codecs: masters.check_codecs,
            set: true,
            difference: false,
        },
        strict: args.strict,
    }
}

/// The second room: the gate reads the file, masters are made of it. Nothing else comes in here.
fn mastered(call: &Master, strict: bool, ui: &Ui) -> Result<Made> {
    let refuse = if strict { Refuse::Remarks } else { Refuse::Blockers };
    master::make(call, refuse, ui).map_err(|error| match error.kind {
        Kind::Gate => error.hint(
            "nothing was written; `tonmeister mix FOLDER -o mix.wav` gives the mix to look into, `tonmeister check mix.wav` says why",
        ),
        _ => error,
    })
}

impl Done {
    /// Both logs, one under the other, for a terminal.
    fn text(&self, whole: &Whole) -> String {
        let folder = whole.path().display();
        format!(
            "the mix\n{}\nthe masters\n{}\n{folder}: mix, masters, production.md, checksums\n",
            papers::mix_log(self),
            papers::masters_log(self)
        )
    }

    fn json(&self) -> serde_json::Value {
        let print = &self.print;
        let mut masters =
            report::json(&self.masters.premaster, &self.masters.findings, &self.masters.mastering);
        masters["chain_file"] = json!(self.masters.chain.display().to_string());
        json!({
            "mix": {
                "as_it_stands": self.as_it_stands,
                "assistant": super::assist::document(&self.written.made, &self.written.path),
                "print": print.path().display().to_string(),
                "print_gain_db": print.gain_db(),
                "tracks": self.written.session.tracks.len(),
                "findings": print.findings(),
                "measurements": print.measurements(),
            },
            "gate": { "passed": !self.masters.premaster.is_despite_findings(), "findings": self.masters.findings },
            "masters": masters,
            "not_mended": papers::not_mended(self),
        })
    }
}
