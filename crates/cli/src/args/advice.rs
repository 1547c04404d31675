//! Arguments of the commands that advise and change nothing.

use clap::Args;
use std::path::PathBuf;

/// `assess`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister assess tracks/              a folder of tracks, stems or songs\n  tonmeister assess song.wav --for spotify,vinyl\n  tonmeister assess inbox/ --json        for programs\n\nNothing is changed or written. The steps come in order, each with reasons, time and command."
)]
pub(crate) struct Assess {
    /// Whatever there is: files, folders, sessions
    #[arg(value_name = "PATH", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Where it shall go; asked on a terminal when it matters [tonmeister targets lists them]
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',')]
    pub(crate) destinations: Vec<String>,
}

/// `compare`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister compare mix.wav master.wav             what mastering changed\n  tonmeister compare v1.wav v2.wav v3.wav --json    each against the first\n\nBoth are laid on each other to the sample and made equally loud first."
)]
pub(crate) struct Compare {
    /// The earlier version
    #[arg(value_name = "BEFORE")]
    pub(crate) before: PathBuf,
    /// Later versions, each compared with the earlier one
    #[arg(value_name = "AFTER", required = true)]
    pub(crate) after: Vec<PathBuf>,
    /// Every third octave, band and level
    #[arg(long)]
    pub(crate) all: bool,
    /// Read what is whole of a truncated file
    #[arg(long)]
    pub(crate) salvage: bool,
}

/// `translate`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister translate song.wav                     what is lost, and where\n  tonmeister translate song.wav -o listen           with excerpts, all equally loud\n  tonmeister translate song.wav --on phone,club\n\nPlaces: phone, laptop, car, earbuds, kitchen, club, vinyl, lossy. Their curves are data with sources;\nmost are estimates, and say so in --json."
)]
pub(crate) struct Translate {
    /// A song
    #[arg(value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// Only these places
    #[arg(long = "on", value_name = "PLACE,…", value_delimiter = ',')]
    pub(crate) places: Vec<String>,
    /// Folder for excerpts of 20 seconds, one a place and one as it is here
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace existing excerpts
    #[arg(short, long, requires = "output")]
    pub(crate) force: bool,
}

/// `diff`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister diff old/session.toml session.toml        what was changed in the mix\n  tonmeister diff v1/master.toml v2/master.toml\n  tonmeister diff masters/master.toml --sheet recall.pdf    everything that has to be set again\n\nReasons, hashes and the order of tracks are no changes."
)]
pub(crate) struct Diff {
    /// The earlier log, or the only one with --sheet
    #[arg(value_name = "OLD.toml")]
    pub(crate) before: PathBuf,
    /// The later log
    #[arg(value_name = "NEW.toml", required_unless_present = "sheet")]
    pub(crate) after: Option<PathBuf>,
    /// Write the recall and delivery sheet of the last log: .md, .html or .pdf
    #[arg(long, value_name = "SHEET.md|.html|.pdf")]
    pub(crate) sheet: Option<PathBuf>,
    /// Replace an existing sheet
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// `quote`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister quote tracks/ --for spotify,cd\n  tonmeister quote --print-rates > rates.toml         edit, then:\n  tonmeister quote songs/ --rates rates.toml --for vinyl -o quote.pdf"
)]
pub(crate) struct Quote {
    /// Whatever there is: files, folders
    #[arg(value_name = "PATH", required_unless_present = "print_rates")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Destinations that are counted
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',')]
    pub(crate) destinations: Vec<String>,
    /// Rates of your own
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) rates: Option<PathBuf>,
    /// Print the built-in rates, to be edited
    #[arg(long, conflicts_with_all = ["inputs", "output"])]
    pub(crate) print_rates: bool,
    /// Write it as a sheet: .md, .html or .pdf
    #[arg(short, long, value_name = "QUOTE.md|.html|.pdf")]
    pub(crate) output: Option<PathBuf>,
    /// Replace an existing sheet
    #[arg(short, long)]
    pub(crate) force: bool,
}
