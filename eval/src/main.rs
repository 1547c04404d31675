//! Evaluation of the mix assistant: songs with known truth and known damage, one table, one JSON.

use clap::{Parser, Subcommand};
use evaluation::mixers::{Assist, Mixer};
use evaluation::{corpus, features, invariances, real, run, table};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use studio::job::Job;
use studio::message::{Error, Kind};

#[derive(Parser)]
#[command(name = "eval", about = "Measures what the mix assistant makes of songs whose truth is known")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the corpus: a folder of WAV files and truth.json for every song.
    Corpus {
        /// Folder to write to.
        folder: PathBuf,
        /// Seed of everything.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Length of a song, about.
        #[arg(long, default_value_t = 34.0)]
        seconds: f64,
        /// Only songs whose id contains one of these words, separated by commas.
        #[arg(long, value_delimiter = ',')]
        songs: Vec<String>,
        /// Without damaged twins.
        #[arg(long)]
        no_damage: bool,
        /// Every song with a drummer is counted in.
        #[arg(long)]
        count_in: bool,
    },
    /// Mixes every song of a corpus, measures the mixes, and holds them against the bars.
    Run {
        /// Folder of songs.
        folder: PathBuf,
        /// Only songs whose id contains one of these words, separated by commas.
        #[arg(long, value_delimiter = ',')]
        songs: Vec<String>,
        /// Who mixes: assist, folder (by loudness and names alone), unity, equal, random.
        #[arg(long, default_value = "assist")]
        mixer: String,
        /// Style for the assistant; genre takes each song's own.
        #[arg(long, default_value = "genre")]
        style: String,
        /// Strength of every family.
        #[arg(long, default_value_t = 1.0)]
        strength: f64,
        /// Also measure unity sum, equal loudness and three random mixes of each song.
        #[arg(long)]
        baselines: bool,
        /// Without the second hearing that must do without names.
        #[arg(long)]
        named_only: bool,
        /// Only what became of the damage in damaged twins; measures where that decides.
        #[arg(long)]
        damage: bool,
        /// Write everything that was measured to this file.
        #[arg(long)]
        json: Option<PathBuf>,
    },
    /// Mixes a folder of real tracks in every way there is, measures, and draws.
    Real {
        /// Folder of tracks.
        folder: PathBuf,
        /// Style for the assistant.
        #[arg(long, default_value = "pop")]
        style: String,
        /// Folder for pictures and figures.
        #[arg(long)]
        out: Option<PathBuf>,
    },
    /// Mixes a folder and tells its balance: for taking the time of it.
    Mix {
        /// Folder of tracks.
        folder: PathBuf,
        /// Style for the assistant.
        #[arg(long, default_value = "pop")]
        style: String,
        /// Only hear the tracks.
        #[arg(long)]
        hear_only: bool,
        /// Where to write the session.
        #[arg(long)]
        session: Option<PathBuf>,
        /// Where to print it as well.
        #[arg(long)]
        print: Option<PathBuf>,
    },
    /// What is heard of every track of these folders, without names, as a table: for calibrating.
    Features {
        /// Folders of songs, with or without a truth.
        folders: Vec<PathBuf>,
    },
    /// What is heard of these folders by their names: alignments, tempo, key, form, roles that are wrong.
    Heard {
        /// Folders of songs, with or without a truth.
        folders: Vec<PathBuf>,
    },
    /// Tries what must not matter: order, level, polarity, names, rate, silence, a second run.
    Invariances {
        /// Folder of one song of the corpus.
        song: PathBuf,
        /// Folder to work in; it is not emptied afterwards.
        scratch: PathBuf,
    },
}

fn main() -> ExitCode {
    match work(Cli::parse().command) {
        Ok(code) => code,
        Err(errors) => {
            for error in &errors {
                eprintln!(
                    "error[{}]: {}{}",
                    error.code,
                    error.what,
                    error.at.as_deref().map_or(String::new(), |at| format!(" ({at})"))
                );
            }
            ExitCode::from(errors.first().map_or(1, |error| error.kind.exit_code()) as u8)
        }
    }
}

fn work(command: Command) -> Result<ExitCode, Vec<Error>> {
    let job = Job::quiet();
    match command {
        Command::Corpus { folder, seed, seconds, songs, no_damage, count_in } => {
            let options = corpus::Options { seed, seconds, songs, no_damage, count_in };
            let written = corpus::write(&folder, &options, &job).map_err(|error| vec![error])?;
            println!("{} songs in {}", written.len(), folder.display());
            Ok(ExitCode::SUCCESS)
        }
        Command::Run { folder, songs, mixer, style, strength, baselines, named_only, damage, json } => {
            let mixer = mixer_of(&mixer, style, strength)?;
            let options = run::Options { mixer, songs, baselines, nameless: !named_only, damage };
            table_of(&folder, &options, json.as_deref())
        }
        Command::Real { folder, style, out } => real_of(&folder, &style, out.as_deref(), &job),
        Command::Mix { folder, style, hear_only, session, print } => {
            mix_of(&folder, &style, hear_only, [session.as_deref(), print.as_deref()])
        }
        Command::Features { folders } => {
            print!("{}", features::table(&folders).map_err(|error| vec![error])?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Heard { folders } => {
            for folder in folders {
                print!("{}", features::heard(&folder).map_err(|error| vec![error])?);
            }
            Ok(ExitCode::SUCCESS)
        }
        Command::Invariances { song, scratch } => {
            let told = |check: &invariances::Check| {
                println!(
                    "{:5} {:45} {}",
                    if check.holds { "holds" } else { "FAILS" },
                    check.name,
                    check.figure
                );
            };
            let checks = invariances::all(&song, &scratch, &told)?;
            Ok(if checks.iter().all(|check| check.holds) { ExitCode::SUCCESS } else { ExitCode::from(5) })
        }
    }
}

fn mixer_of(name: &str, style: String, strength: f64) -> Result<Mixer, Vec<Error>> {
    Ok(match name {
        "assist" => Mixer::Assist(Assist { style, strength, ..Assist::default() }),
        "folder" => Mixer::Folder,
        "unity" => Mixer::Unity,
        "equal" => Mixer::EqualLoudness,
        "random" => Mixer::Random(1),
        _ => {
            let what = format!("no mixer is called `{name}`");
            return Err(vec![
                Error::new(Kind::Usage, "unknown_mixer", what).hint("assist, folder, unity, equal or random"),
            ]);
        }
    })
}

/// One mix, without a measurement of it.
fn mix_of(
    folder: &Path,
    style: &str,
    hear_only: bool,
    [session, print]: [Option<&Path>; 2],
) -> Result<ExitCode, Vec<Error>> {
    let (job, wrap) = (Job::quiet(), |error| vec![error]);
    let song = assistant::hear::hear(folder, &job, &assistant::hear::Options::default()).map_err(wrap)?;
    println!("{} tracks, {:.0} s", song.tracks.len(), song.duration_seconds);
    if hear_only {
        return Ok(ExitCode::SUCCESS);
    }
    let ask =
        evaluation::mixers::ask(&Assist { style: style.to_owned(), ..Assist::default() }, folder, style)?;
    let made = assistant::decide::decide(&song, &ask, None, &job)?;
    made.balance.groups.iter().for_each(|(_, name, lu)| println!("{name:20} {lu:6.1} LU"));
    if let Some(path) = session {
        studio::files::write(path, made.text.as_bytes(), true).map_err(wrap)?;
    }
    if let Some(path) = print {
        let session = evaluation::metrics::parse(&made.text, folder)?;
        let options = studio::mix::Options { force: true, ..studio::mix::Options::default() };
        let print = studio::mix::render(&session, path, &job, options)?;
        println!("print {:.1} LUFS", print.measurements().integrated_lufs.unwrap_or(f64::NEG_INFINITY));
    }
    Ok(ExitCode::SUCCESS)
}

fn real_of(folder: &Path, style: &str, out: Option<&Path>, job: &Job<'_>) -> Result<ExitCode, Vec<Error>> {
    let entries = real::compare(folder, style, job)?;
    println!("{}", real::table(&entries));
    let plain = entries.iter().find(|entry| entry.name == "unity");
    let (Some(own), Some(plain)) = (entries.first(), plain) else { return Ok(ExitCode::from(1)) };
    let covered = entries.iter().find(|entry| entry.name == "-masking");
    let broken = real::broken_rules(&own.metrics, &plain.metrics, covered.map(|entry| &entry.metrics));
    println!("{}", if broken.is_empty() { "no hard rule is broken".to_owned() } else { broken.join("\n") });
    if let Some(out) = out {
        let wrap = |error| vec![error];
        real::pictures(&entries, out).map_err(wrap)?;
        studio::files::write(&out.join("session.toml"), own.mixed.text.as_bytes(), true).map_err(wrap)?;
        let all: Vec<_> =
            entries.iter().map(|e| serde_json::json!({ "mixer": e.name, "metrics": e.metrics })).collect();
        let text = serde_json::to_string_pretty(&all).unwrap_or_default();
        studio::files::write(&out.join("figures.json"), text.as_bytes(), true).map_err(wrap)?;
    }
    Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(5) })
}

/// Runs, prints, writes. Bars that are missed are exit code 5, as at every gate.
fn table_of(folder: &Path, options: &run::Options, json: Option<&Path>) -> Result<ExitCode, Vec<Error>> {
    eprintln!("{}", table::HEAD);
    let told = |song: &run::SongResult| eprintln!("{}", table::line(song));
    let results = run::run(folder, options, &told).map_err(|error| vec![error])?;
    println!("{}", table::HEAD);
    results.iter().for_each(|song| println!("{}", table::line(song)));
    let bars = run::bars(&results);
    println!("\n{}\n{}", table::bars(&bars), table::baselines(&results));
    if let Some(path) = json {
        let value = serde_json::json!({ "songs": results, "bars": bars });
        let text = serde_json::to_string_pretty(&value).unwrap_or_default();
        studio::files::write(path, text.as_bytes(), true).map_err(|error| vec![error])?;
    }
    let reached = bars.iter().all(|bar| bar.of == 0 || bar.reached());
    Ok(if reached { ExitCode::SUCCESS } else { ExitCode::from(5) })
}
