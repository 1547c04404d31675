//! `report`: one HTML file about a sound, two versions of it, or a folder of masters.

use crate::args::{PageSound, Report, SoundPlace};
use crate::command::master::refuse_existing;
use crate::ui::{Ui, clean_name};
use page::report::{Page, Request, What, check_seconds, is_masters, report};
use page::song::{Wish, sound_folder};
use page::sound::Place;
use std::path::{Path, PathBuf};
use studio::files::{NewFile, NewFolder, commit_all, refuse_inputs};
use studio::message::{Error, Kind, Result};
use studio::targets::Codec;

pub(crate) fn run(args: &Report, ui: &Ui) -> Result<u8> {
    let what = what(args)?;
    let wish = wish(&args.sound)?;
    refuse_existing(&args.output, args.force)?;
    refuse_inputs(
        &args.output,
        args.inputs.iter().chain(&args.print).chain(&args.logs).map(PathBuf::as_path),
    )?;
    let destinations = args.targets.clone();
    let request = Request {
        what,
        title: args.title.clone(),
        destinations,
        logs: args.logs.clone(),
        wish,
        command: command(args),
    };
    let page = report(&request, &args.output, &ui.job())?;
    write(&page, &args.output, args.force)?;
    tell(&page, &args.output, ui);
    Ok(0)
}

fn what(args: &Report) -> Result<What> {
    let wrong = |what: &str, hint: &str| Err(Error::new(Kind::Usage, "report_of_what", what).hint(hint));
    match args.inputs.as_slice() {
        [folder] if folder.is_dir() && is_masters(folder) => Ok(What::Masters {
            folder: folder.clone(),
            print: args.print.clone(),
            target: args.targets.first().cloned(),
        }),
        [folder] if folder.is_dir() => wrong(
            "this folder has no master.toml",
            "give the folder that `tonmeister master -o` wrote, or one or two files",
        ),
        _ if args.print.is_some() => wrong(
            "--print belongs to a folder of masters",
            "give the folder that `tonmeister master -o` wrote",
        ),
        [_, _] if !args.targets.is_empty() => wrong(
            "--for belongs to one file, or to a folder of masters",
            "leave it away: two versions are compared, wherever they go",
        ),
        [one] => Ok(What::One(one.clone())),
        [before, after] => Ok(What::Pair(before.clone(), after.clone())),
        _ => wrong(
            "a report is about one file, two, or a folder of masters",
            "for many songs there is `tonmeister gallery`",
        ),
    }
}

/// What was asked for of the sound.
pub(crate) fn wish(args: &PageSound) -> Result<Wish> {
    check_seconds(args.seconds)?;
    let place = match args.audio {
        SoundPlace::None => Place::None,
        SoundPlace::Excerpt => Place::Excerpt,
        SoundPlace::Whole => Place::Whole,
        SoundPlace::Beside => Place::Beside,
    };
    let codec = args.codec.as_deref().filter(|name| !name.eq_ignore_ascii_case("flac"));
    let codec = codec.map(|name| {
        Codec::from_name(name)
            .map_err(|what| Error::new(Kind::Usage, "unknown_codec", what).hint("or flac, which is lossless"))
    });
    Ok(Wish { place, codec: codec.transpose()?, seconds: args.seconds })
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The flags of the sound that are not as usual.
pub(crate) fn sound_words(args: &PageSound, usual_seconds: f64) -> Vec<String> {
    let mut words = Vec::new();
    let place = match args.audio {
        SoundPlace::None => Some("none"),
        SoundPlace::Excerpt => None,
        SoundPlace::Whole => Some("whole"),
        SoundPlace::Beside => Some("beside"),
    };
    words.extend(place.map(|place| format!("--audio {place}")));
    words.extend(args.codec.as_ref().map(|codec| format!("--codec {}", quoted(codec))));
    words
        .extend(((args.seconds - usual_seconds).abs() > 1e-9).then(|| format!("--seconds {}", args.seconds)));
    words
}

/// The call, as it makes the page again.
fn command(args: &Report) -> String {
    let path = |path: &PathBuf| quoted(&path.display().to_string());
    let mut words = vec!["tonmeister report".to_owned()];
    words.extend(args.inputs.iter().map(path));
    words.extend(args.print.as_ref().map(|print| format!("--print {}", path(print))));
    words.extend(args.logs.iter().map(|log| format!("--log {}", path(log))));
    let targets = args.targets.join(",");
    words.extend((!targets.is_empty()).then(|| format!("--for {}", quoted(&targets))));
    words.extend(args.title.as_ref().map(|title| format!("--title {}", quoted(title))));
    words.extend(sound_words(&args.sound, 30.0));
    words.push(format!("-o {}", path(&args.output)));
    words.join(" ")
}

/// Writes a page and the scripts beside it, all or nothing.
pub(crate) fn write(page: &Page, output: &Path, force: bool) -> Result<()> {
    use std::io::Write;
    let folder = sound_folder(output);
    let beside = if page.scripts.is_empty() { None } else { Some(NewFolder::create(&folder)?) };
    let scripts = page.scripts.iter().map(|(name, text)| (folder.join(name), text));
    let mut files = Vec::new();
    for (path, text) in scripts.chain([(output.to_owned(), &page.html)]) {
        let mut file = NewFile::create(&path, force)?;
        file.file().write_all(text.as_bytes()).map_err(|error| Error::io(&path, "write the page", &error))?;
        files.push(file);
    }
    commit_all(files)?;
    if let Some(beside) = beside {
        beside.keep();
    }
    Ok(())
}

fn tell(page: &Page, output: &Path, ui: &Ui) {
    if ui.json() {
        let mut document = page.summary.clone();
        document["page"] = serde_json::json!(output.display().to_string());
        document["bytes"] = serde_json::json!(page.html.len());
        ui.print_json(&document);
        return;
    }
    let head = page.summary["verdict"]["head"].as_str().unwrap_or_default();
    ui.print(&format!(
        "{}: {:.1} MB, opens by a double-click\n  {head}\n",
        clean_name(output.display()),
        page.html.len() as f64 / 1e6
    ));
    for line in
        page.summary["verdict"]["lines"].as_array().into_iter().flatten().filter_map(|line| line.as_str())
    {
        ui.print(&studio::message::wrap(&clean_name(line), ui.columns(), "  "));
    }
}
