//! `assess`: what a project needs.

use crate::args::Assess;
use crate::ui::{Ui, clean_name};
use advice::assess::{Assessment, Options, assess, text};
use serde_json::json;
use std::io::{BufRead, IsTerminal, Write};
use studio::message::Result;

pub(crate) fn run(args: &Assess, ui: &Ui) -> Result<u8> {
    let options = Options { destinations: args.destinations.clone() };
    let mut found = assess(&args.inputs, &options, &ui.job())?;
    if ui.json() {
        ui.print_json(&json!(found));
        return Ok(code(&found));
    }
    if let Some(destinations) = asked(&found) {
        found = assess(&args.inputs, &Options { destinations }, &ui.job())?;
    }
    ui.print(&text(&found, ui.columns()));
    Ok(code(&found))
}

/// On a terminal, where the destination is missing, somebody can be asked.
fn asked(found: &Assessment) -> Option<Vec<String>> {
    if found.question.is_empty() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    let mut err = std::io::stderr().lock();
    let _ = writeln!(err, "where shall it go?");
    for choice in &found.question {
        let _ = writeln!(err, "  {:<22}{}", clean_name(&choice.name), clean_name(&choice.changes));
    }
    // A slip of the pen can be mended; who goes on slipping is told what is known without a destination.
    for _ in 0..3 {
        let _ = write!(err, "names, with commas between (nothing: not yet known): ");
        let _ = err.flush();
        let mut line = String::new();
        std::io::stdin().lock().read_line(&mut line).ok()?;
        let names: Vec<String> =
            line.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        let unknown = names.iter().find(|name| found.question.iter().all(|choice| choice.name != **name));
        match unknown {
            Some(name) => {
                let _ = writeln!(err, "`{}` is none of them", clean_name(name));
            }
            None => return (!names.is_empty()).then_some(names),
        }
    }
    None
}

/// 6 when part of what was given could not be read.
fn code(found: &Assessment) -> u8 {
    if found.advice.iter().any(|advice| advice.rule == "unreadable") { 6 } else { 0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::args::Call;
    use advice::assess::{Kind, Need, PLAIN};
    use clap::{CommandFactory, FromArgMatches};
    use std::path::{Path, PathBuf};
    use studio::job::Job;
    use testkit::signals::{db, noise};

    /// Words as a shell makes them: spaces part them, single quotes hold them together, a backslash keeps a quote.
    fn shell(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        let mut letters = line.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '\'' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                '\\' if !quoted => word.get_or_insert_default().extend(letters.next()),
                ' ' if !quoted => words.extend(word.take()),
                letter => word.get_or_insert_default().push(letter),
            }
        }
        assert!(!quoted, "{line}");
        words.extend(word);
        words
    }

    /// Two seconds of noise in bursts, so loud.
    fn write(path: &Path, channels: usize, level_db: f64, seed: u64, frames: usize) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let spec = hound::WavSpec {
            channels: channels as u16,
            sample_rate: 44_100,
            bits_per_sample: 24,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).unwrap();
        let planes: Vec<Vec<f64>> =
            (0..channels).map(|c| noise(db(level_db), seed + c as u64, frames)).collect();
        for n in 0..frames {
            let swell = 0.5 - 0.5 * libm::cos(n as f64 / 3000.0);
            for plane in &planes {
                writer.write_sample((plane[n] * swell * 8_388_607.0) as i32).unwrap();
            }
        }
        writer.finalize().unwrap();
    }

    const FRAMES: usize = 88_200;

    /// Everything that can lie there, in folders and under names that a shell would trip over.
    fn lying(root: &Path) -> Vec<(Kind, Vec<PathBuf>)> {
        let folder = root.join("Anna's songs & more");
        let many = |name: &str, names: &[&str], channels: usize| {
            let inside = folder.join(name);
            for (seed, name) in names.iter().enumerate() {
                let frames = if inside.ends_with("Record") { FRAMES + 30_000 * seed } else { FRAMES };
                write(&inside.join(name), channels, -9.0, 10 * seed as u64, frames);
            }
            inside
        };
        let song = folder.join("my song.wav");
        write(&song, 2, -7.0, 1, FRAMES);
        let full = folder.join("too hot.wav");
        write(&full, 2, 0.0, 2, FRAMES);
        let tracks =
            many("Tracks (24 bit)", &["01 Kick.wav", "02 Snare.wav", "03 Bass.wav", "04 Vox.wav"], 1);
        let stems = many("Stems", &["Drums.wav", "Bass.wav", "Lead vocals.wav", "Guitars.wav"], 2);
        let record = many("Record", &["01 Dawn.wav", "02 Noon.wav", "03 $HOME.wav"], 2);
        let session = folder.join("session one.toml");
        std::fs::write(&session, "version = 1\n").unwrap();
        let songs = |names: [&str; 2]| names.iter().map(|name| record.join(name)).collect::<Vec<_>>();
        vec![
            (Kind::Song, vec![song]),
            (Kind::Song, vec![full]),
            (Kind::Tracks, vec![tracks]),
            (Kind::Stems, vec![stems]),
            (Kind::Album, songs(["01 Dawn.wav", "02 Noon.wav"])),
            (Kind::Album, vec![record]),
            (Kind::Session, vec![session]),
        ]
    }

    #[test]
    fn every_command_that_is_printed_is_one_that_this_program_takes_and_its_files_are_there() {
        let root = tempfile::tempdir().unwrap();
        let mut needs = Vec::new();
        for (kind, paths) in lying(root.path()) {
            for destinations in [vec![], vec!["spotify".to_owned(), "vinyl".to_owned()]] {
                let found = assess(&paths, &Options { destinations }, &Job::quiet()).unwrap();
                assert_eq!(found.items[0].kind, kind, "{paths:?}");
                let printed = text(&found, 100);
                for step in &found.steps {
                    needs.push(step.need);
                    // A person does it, or there is a command, and then it is printed in one line.
                    assert_eq!(step.command.is_empty(), step.need == Need::Return, "{step:?}");
                    if step.command.is_empty() {
                        continue;
                    }
                    assert!(printed.contains(&format!("> {}\n", step.command)), "{printed}");
                    let words = shell(&step.command);
                    let call = Call::command().try_get_matches_from(&words);
                    let call = call.unwrap_or_else(|error| panic!("{}\n{error}", step.command));
                    Call::from_arg_matches(&call).unwrap();
                    for word in words.iter().filter(|word| word.starts_with('/')) {
                        assert!(Path::new(word).exists(), "{word}");
                    }
                }
            }
        }
        for need in [Need::Return, Need::Mixing, Need::StemMastering, Need::Mastering, Need::AlbumMastering] {
            assert!(needs.contains(&need), "{need:?} was not needed once");
        }
    }

    /// What is named in a sentence: a command, and flags of it.
    #[test]
    fn every_command_that_advice_speaks_of_is_there_with_its_flags() {
        let program = Call::command();
        let mut spoken = 0;
        for plain in PLAIN {
            for mention in plain.action.split("tonmeister ").skip(1) {
                let mut words = mention.split([' ', ',', '.', ';', ':', '`']).filter(|word| !word.is_empty());
                let name = words.next().unwrap();
                let command = program.find_subcommand(name);
                let command = command.unwrap_or_else(|| panic!("{}: no command `{name}`", plain.rule));
                for flag in words.filter_map(|word| word.strip_prefix("--")) {
                    let known = command.get_arguments().any(|argument| argument.get_long() == Some(flag));
                    assert!(known, "{}: {name} has no --{flag}", plain.rule);
                }
                spoken += 1;
            }
            // A flag belongs to a command.
            let flags = plain.action.contains("--");
            assert!(!flags || plain.action.contains("tonmeister "), "{}: {}", plain.rule, plain.action);
        }
        assert!(spoken >= 3, "{spoken}");
    }
}
