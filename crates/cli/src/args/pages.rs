//! Arguments of the commands that make pages.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `report`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister report mix.wav --for cd -o mix.html         what it is, what it needs, how it sounds elsewhere\n  tonmeister report mix.wav master.wav -o report.html    what changed, with an A/B player and a blind test\n  tonmeister report masters/ -o report.html              with every decision and every delivered file\n  tonmeister report v1.wav v2.wav --log v1/session.toml --log v2/session.toml -o v2.html\n  tonmeister report a.wav b.wav --audio whole --codec mp3-320 -o report.html\n\nThe page loads nothing and sends nothing. --audio beside needs the folder of the same name ending in .sound."
)]
pub(crate) struct Report {
    /// A file; two versions of one sound, the earlier first; or a folder that `master` wrote
    #[arg(value_name = "FILE|FOLDER", required = true, num_args = 1..=2)]
    pub(crate) inputs: Vec<PathBuf>,
    /// The page
    #[arg(short, long, value_name = "PAGE.html")]
    pub(crate) output: PathBuf,
    /// Of a folder of masters: the print they were made from [default: looked for beside and above them]
    #[arg(long, value_name = "PRINT")]
    pub(crate) print: Option<PathBuf>,
    /// Where files shall go; of a folder of masters, the one whose file is shown [default: the first]
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',')]
    pub(crate) targets: Vec<String>,
    /// Log of the mix or master, for its decisions; twice, the earlier first, for what was changed
    #[arg(long = "log", value_name = "LOG.toml")]
    pub(crate) logs: Vec<PathBuf>,
    /// Head of the page [default: the title of the song]
    #[arg(long, value_name = "TEXT")]
    pub(crate) title: Option<String>,
    #[command(flatten)]
    pub(crate) sound: PageSound,
    /// Replace an existing page
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// Sound of a page.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sound")]
pub(crate) struct PageSound {
    /// The loudest stretch in the page, all of it in the page, all of it in scripts beside the page, or none
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = SoundPlace::Excerpt)]
    pub(crate) audio: SoundPlace,
    /// flac, lossless in 16 bits, or a codec with its bit rate: mp3-320, aac-256, opus-160 [default: flac]
    #[arg(long, value_name = "CODEC")]
    pub(crate) codec: Option<String>,
    /// Length of the excerpt
    #[arg(long, value_name = "SECONDS", default_value_t = 30.0)]
    pub(crate) seconds: f64,
}

/// Where the sound of a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SoundPlace {
    Excerpt,
    Whole,
    Beside,
    None,
}

/// `gallery`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister gallery songs/ -o gallery.html     a folder a song: before.wav and after.wav, or masters and print\n  tonmeister gallery --pair mix.wav master.wav --pair mix2.wav master2.wav -o gallery.html\n  tonmeister gallery songs/ --seconds 15 --codec mp3-192 -o small.html"
)]
pub(crate) struct Gallery {
    /// Folders of songs
    #[arg(value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// Two versions of a song, the earlier first
    #[arg(long = "pair", value_names = ["BEFORE", "AFTER"], num_args = 2)]
    pub(crate) pairs: Vec<PathBuf>,
    /// The page
    #[arg(short, long, value_name = "PAGE.html")]
    pub(crate) output: PathBuf,
    /// Head of the page
    #[arg(long, value_name = "TEXT", default_value = "Before and after")]
    pub(crate) title: String,
    #[command(flatten)]
    pub(crate) sound: PageSound,
    /// Replace an existing page
    #[arg(short, long)]
    pub(crate) force: bool,
}
