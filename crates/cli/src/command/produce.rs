//! `produce`: from a folder of tracks to finished masters, in one folder.
//!
//! Two rooms with one door: the mix is made and printed; what goes on is the path of the print. The second room reads that file as a
//! stranger's, and knows neither the session nor the tracks.

mod papers;

use crate::args::{Extras, Master, Produce};
use crate::command::extras;
use crate::command::master::{self, CHAIN_FILE, Made, Refuse, targets_of, write_text};
use crate::command::mix::{self, Written};
use crate::ui::Ui;
use crate::whole::Whole;
use assistant::prepare::safe_name;
use serde_json::json;
use std::path::{Path, PathBuf};
use studio::files::refuse_inputs;
use studio::message::{Error, Kind, Result};
use studio::mix::Print;
use studio::report::mastering as report;

/// Rooms of the finished folder.
const MIX_FOLDER: &str = "mix";
const MASTERS_FOLDER: &str = "masters";
const SESSION_FILE: &str = "session.toml";
/// What is said about each room, beside its files.
const LOG_FILE: &str = "log.txt";

pub(crate) fn run(args: &Produce, ui: &Ui) -> Result<u8> {
    if !args.input.is_dir() {
        let error = Error::new(Kind::Usage, "not_a_folder", "a production starts from a folder of tracks");
        let hint = "a session is printed by `tonmeister mix`, and its print mastered by `tonmeister master`";
        return Err(error.at(args.input.display()).hint(hint));
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

/// Everything a production came to.
struct Done {
    written: Written,
    print: Print,
    masters: Made,
}

fn produce(args: &Produce, whole: &Whole, ui: &Ui) -> Result<Done> {
    let song = song_of(args, ui)?;
    let room = whole.folder(MIX_FOLDER)?;
    let call = call(args, room.join(format!("{song}.wav")), whole.folder(MASTERS_FOLDER)?);
    // Whatever is wrong with the call is said before minutes are spent on a mix.
    targets_of(&call.destinations)?;
    master::wish_of(&call, None)?;
    let (written, print) = mixed(args, &room, &song, ui)?;
    let masters = mastered(&call, args.strict, ui)?;
    let done = Done { written, print, masters };
    papers::write(args, &done, whole)?;
    Ok(done)
}

/// Name of the song in files: its title, or that of the folder.
fn song_of(args: &Produce, ui: &Ui) -> Result<String> {
    let (mut tags, mut cover) = (studio::deliver::Tags::default(), String::new());
    extras::add(&mut tags, &mut cover, &args.masters.labels, ui)?;
    let folder =
        args.input.canonicalize().map_err(|error| Error::io(&args.input, "find the folder", &error))?;
    let name = folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(safe_name(tags.get("title").unwrap_or(&name), "song"))
}

/// The first room: tracks become a session and a print.
fn mixed(args: &Produce, room: &Path, song: &str, ui: &Ui) -> Result<(Written, Print)> {
    let request = args.wishes.request(args.reference.as_ref());
    let written = mix::of_folder(&args.input, room.join(SESSION_FILE), &request, true, ui)?;
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
