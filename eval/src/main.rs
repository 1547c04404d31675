//! Evaluation of the mix assistant: songs with known truth and known damage, one table, one JSON.

use clap::{Parser, Subcommand};
use evaluation::corpus;
use std::path::PathBuf;
use std::process::ExitCode;
use studio::job::Job;
use studio::message::Error;

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
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(code) => code,
        Err(errors) => {
            for error in &errors {
                eprintln!("error[{}]: {}{}", error.code, error.what, error.at.as_deref().map_or(String::new(), |at| format!(" ({at})")));
            }
            ExitCode::from(errors.first().map_or(1, |error| error.kind.exit_code()) as u8)
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Vec<Error>> {
    let job = Job::quiet();
    match command {
        Command::Corpus { folder, seed, seconds, songs, no_damage } => {
            let options = corpus::Options { seed, seconds, songs, no_damage };
            let written = corpus::write(&folder, &options, &job).map_err(|error| vec![error])?;
            println!("{} songs in {}", written.len(), folder.display());
            Ok(ExitCode::SUCCESS)
        }
    }
}
