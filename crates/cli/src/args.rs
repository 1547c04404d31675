//! The command line, declared once: parsing, help, completions and the man page come from here.

mod advice;
mod mixing;
mod pages;

pub(crate) use advice::{Assess, Compare, Diff, Quote, Translate};
pub(crate) use mixing::{Assist, Explain, Guides, Prepare, Produce, Variants};
pub(crate) use pages::{Gallery, PageSound, Report, SoundPlace};

use crate::ui::Ui;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;
use std::process::ExitCode;

/// From recorded tracks to a finished release: mix, hand over, master, deliver. Offline, deterministic, explained.
#[derive(Debug, Parser)]
#[command(name = "tonmeister", version, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done, 1 our bug, 2 wrong call, 3 input not readable, 4 input or output failed,\n\
    5 a gate was not passed, 6 part of a batch failed, 8 a limit was hit, 130 interrupted."
)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags of every command.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Common {
    /// One JSON document on standard output instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// No progress and no remarks; errors still show
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Progress on standard error: bar, jsonl (an object a line), none, or auto: a bar on a terminal
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, hide_possible_values = true, hide_default_value = true)]
    pub(crate) progress: Progress,
    /// Threads to use; the result never depends on it [default: all cores]
    #[arg(short = 'j', long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
}

/// How progress is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    // A bar if standard error is a terminal, else nothing. (A doc comment would make the help of every command long.)
    Auto,
    Bar,
    Jsonl,
    None,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a short multitrack song, mix it, check the print, master it for Spotify and CD
    Demo(Demo),
    /// Make a mix of a folder of tracks: a session in which every value has its reason
    Assist(Assist),
    /// Read aloud why a session is as it is, by track and by rule
    Explain(Explain),
    /// Make three different mixes of a folder of tracks, equally loud, to choose from
    Variants(Variants),
    /// From tracks, or a session, to finished masters: mix, hand-over gate, masters, one folder
    Produce(Produce),
    /// Check tracks and export them for another engineer: one start, length and rate, with a README
    Prepare(Prepare),
    /// Render a session, or a folder of tracks, to a print for mastering
    Mix(Mix),
    /// Export the mix in parts that add up to it, or the dry tracks for another engineer
    Stems(Stems),
    /// The hand-over gate: is this a mix that can be mastered?
    Check(Check),
    /// Master a print for one or more destinations
    Master(Master),
    /// Make a record of songs: order, gaps, one tone, one family of levels; CD, sides, streaming sets
    Album(Album),
    /// Plan the sides of a record and cut them on a model of the lathe
    Cut(Cut),
    /// Measure loudness, peaks, dynamics and stereo
    Measure(Measure),
    /// One HTML page about a sound, two versions of it, or masters: pictures, numbers, reasons, A/B player
    Report(Report),
    /// One HTML page with before and after of many songs
    Gallery(Gallery),
    /// DDP filesets: verify one, or take its tracks out
    Ddp(Ddp),
    /// What the processors do and accept
    Fx(Fx),
    /// What destinations ask for, with sources
    Targets(Targets),
    /// What lossy codecs make of a file: overs after decoding
    Codecs(Codecs),
    /// How loud streaming services will play files, or an album of them
    Services(Services),
    /// What a project needs: mixing, mastering, stem mastering, a return to the mix, or nothing
    Assess(Assess),
    /// What changed between two versions, equally loud
    Compare(Compare),
    /// What a phone, a car, a club or a lossy stream leaves of a song
    Translate(Translate),
    /// What the engineer changed between two logs, in words; recall and delivery sheets
    Diff(Diff),
    /// What the work costs, counted from the material, by rates you can edit
    Quote(Quote),
    /// Print shell completions
    #[command(after_help = "Example:\n  tonmeister completions bash > /etc/bash_completion.d/tonmeister")]
    Completions {
        /// Shell to complete for
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page (or write one page a command into a folder)
    Man {
        /// Folder to write `tonmeister.1`, `tonmeister-mix.1` … into
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// `demo`
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Folder to write into
    #[arg(value_name = "DIR", default_value = "demo-out")]
    pub(crate) dir: PathBuf,
    /// Another seed gives another performance of the same song
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Replace what an earlier demo wrote there
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// `mix`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister mix tracks/ -o mix.wav           a folder: writes session.toml beside the print\n  tonmeister mix session.toml -o mix.wav -f   render it again after editing\n  tonmeister mix session.toml --snapshot all -o prints       every [[snapshot]] of it, side by side\n  tonmeister mix session.toml --alternate instrumental,tv -o prints\n  tonmeister mix surround.toml -o bed.wav --adm --downmix stereo.wav   surround, and its downmix\n\nThe print keeps 3 dB under full scale and no limiter stands behind it."
)]
pub(crate) struct Mix {
    /// A session file, or a folder of tracks
    #[arg(value_name = "SESSION.toml|FOLDER")]
    pub(crate) input: PathBuf,
    /// The print: 24-bit WAV; a folder for snapshots and alternates
    #[arg(short, long, value_name = "PRINT.wav|DIR")]
    pub(crate) output: PathBuf,
    /// Write the stereo downmix of a surround mix as well
    #[arg(long, value_name = "STEREO.wav", conflicts_with_all = ["snapshot", "alternate"])]
    pub(crate) downmix: Option<PathBuf>,
    /// Print an ADM bed (BW64 with chna and axml) in place of a WAV with a channel mask
    #[arg(long, conflicts_with_all = ["snapshot", "alternate"])]
    pub(crate) adm: bool,
    /// Print these snapshots of the session instead, or `all`
    #[arg(long, value_name = "ID,…", value_delimiter = ',', conflicts_with = "alternate")]
    pub(crate) snapshot: Vec<String>,
    /// Bring the snapshots to one loudness, for comparison
    #[arg(long, requires = "snapshot")]
    pub(crate) match_loudness: bool,
    /// Print the mix and these beside it: instrumental, acappella, tv, vocal-up-0.5, vocal-up-1, vocal-down-0.5, vocal-down-1, or `all`
    #[arg(long, value_name = "KIND,…", value_delimiter = ',')]
    pub(crate) alternate: Vec<String>,
    /// Lead vocals for --alternate: tracks or buses [default: by name]
    #[arg(long, value_name = "ID,…", value_delimiter = ',', requires = "alternate")]
    pub(crate) lead: Vec<String>,
    /// Backing vocals for --alternate: tracks or buses [default: by name]
    #[arg(long, value_name = "ID,…", value_delimiter = ',', requires = "alternate")]
    pub(crate) backing: Vec<String>,
    /// Replace an existing print and session
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Allow tracks outside the folder of the session
    #[arg(long)]
    pub(crate) allow_external: bool,
    /// Read and check everything, write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// `stems`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister stems session.toml -o stems               24 bit, one for each bus, returns split\n  tonmeister stems session.toml -o stems --float       32-bit float: they add up to the last step\n  tonmeister stems session.toml -o dry --multitrack    the edited tracks from 0, without processing\n\nDIR/stems.json lists the files with hashes, and how far their sum is from the mix."
)]
pub(crate) struct Stems {
    /// A session file
    #[arg(value_name = "SESSION.toml")]
    pub(crate) input: PathBuf,
    /// Folder for the stems
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// What becomes a stem: each bus or track that goes to the mix, each track, or each group of instruments by name
    #[arg(long, value_enum, default_value_t = StemsBy::Bus)]
    pub(crate) by: StemsBy,
    /// Shared returns: split over the stems, stems of their own, or left out
    #[arg(long, value_enum, default_value_t = StemsReturns::Split)]
    pub(crate) returns: StemsReturns,
    /// The tracks with their edits alone, from the start of the session, without any processing
    #[arg(long, conflicts_with_all = ["by", "returns"])]
    pub(crate) multitrack: bool,
    /// 32-bit float
    #[arg(long)]
    pub(crate) float: bool,
    /// 24 bits without dither
    #[arg(long, conflicts_with = "float")]
    pub(crate) no_dither: bool,
    /// Replace existing stems
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Allow tracks outside the folder of the session
    #[arg(long)]
    pub(crate) allow_external: bool,
}

/// What becomes a stem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StemsBy {
    Bus,
    Track,
    Group,
}

/// Where shared returns go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StemsReturns {
    Split,
    Separate,
    None,
}

/// `check`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister check mix.wav           0 when it is ready for mastering, 5 when not\n  tonmeister check --strict mixes/   every file of a folder, warnings count"
)]
pub(crate) struct Check {
    /// Files, or folders of files
    #[arg(value_name = "FILE|FOLDER", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Warnings fail as well as blockers
    #[arg(long)]
    pub(crate) strict: bool,
}

/// `master`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister master mix.wav --for spotify,cd -o masters\n  tonmeister master mix.wav --for cd --intensity gentle --tone warm --strength width=0 -o soft\n  tonmeister master mix.wav --for cd --reference hit.flac --match tone=0.5,width=0.3 -o nearer\n  tonmeister master --stems drums.wav bass.wav vocals.wav music.wav --for spotify -o masters\n  tonmeister master mix.wav --chain masters/master.toml -o same   the same bytes again\n  tonmeister master mix.wav --chain masters/master.toml --again -o anew   proposed anew around what you changed\n\nDIR/master.toml holds every move with its reason: edit, lock, render it with --chain."
)]
pub(crate) struct Master {
    /// The print to master
    #[arg(value_name = "PRINT", required_unless_present = "stems")]
    pub(crate) input: Option<PathBuf>,
    /// Stems in place of a print: their sum is mastered; their order is kept
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "input")]
    pub(crate) stems: Vec<PathBuf>,
    /// A song to come nearer to; several count by their mean
    #[arg(long, value_name = "FILE")]
    pub(crate) reference: Vec<PathBuf>,
    /// Weight of each reference [default: all alike]
    #[arg(long, value_name = "N,…", value_delimiter = ',', requires = "reference")]
    pub(crate) reference_weight: Vec<f64>,
    /// How far to go, 0 to 1 each, and how: tone, width, dynamics, loudness, limit_db, phase [default: tone=0.5, width=0.3, dynamics=0.3, loudness=1, limit_db=6, phase=minimum]
    #[arg(long = "match", value_name = "KEY=N,…", value_delimiter = ',', requires = "reference")]
    pub(crate) amounts: Vec<String>,
    /// Destinations; `tonmeister targets` lists them
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',', required_unless_present = "chain")]
    pub(crate) destinations: Vec<String>,
    /// Folder for the masters
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// Render this chain again instead of proposing one
    #[arg(long, value_name = "master.toml")]
    pub(crate) chain: Option<PathBuf>,
    /// With --chain: propose anew, and keep what is locked there and what was changed by hand
    #[arg(long, requires = "chain")]
    pub(crate) again: bool,
    /// How hard: gentle, balanced or loud, or a file of your own
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) intensity: Option<String>,
    /// Which colour: neutral, warm, open or punchy, or a file of your own
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) tone: Option<String>,
    /// How much of each family's moves, 0 to 1.5: tone, dynamics, saturation, width, level
    #[arg(long, value_name = "FAMILY=N,…", value_delimiter = ',')]
    pub(crate) strength: Vec<String>,
    /// Integrated loudness in place of the destinations' own, LUFS
    #[arg(long, value_name = "LUFS", allow_negative_numbers = true)]
    pub(crate) loudness: Option<f64>,
    /// Deliver the loudness whatever it costs
    #[arg(long)]
    pub(crate) force_level: bool,
    /// Say how old the print is: ears need a day between mix and master
    #[arg(long)]
    pub(crate) rest: bool,
    /// Replace existing masters
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) extras: Extras,
    /// Stop (code 5) when the gate finds more than notes
    #[arg(long)]
    pub(crate) strict: bool,
}

/// `album`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister album songs --propose      writes songs/album.toml, every value with its reason\n  tonmeister album songs/album.toml --for cd,spotify -o record    DDP fileset, files to stream\n  tonmeister album songs --for hi-res -o record      both at once\n  tonmeister album songs --for vinyl -o record       a file, cue sheet and picture a side\n\nEvery destination has its own folder in DIR. What is taken out of album.toml is proposed anew."
)]
pub(crate) struct Album {
    /// A folder of prints, or the album.toml written for one
    #[arg(value_name = "FOLDER|album.toml")]
    pub(crate) input: PathBuf,
    /// Destinations; `tonmeister targets` lists them
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',', required_unless_present = "propose")]
    pub(crate) destinations: Vec<String>,
    /// Folder for the record
    #[arg(short, long, value_name = "DIR", required_unless_present = "propose")]
    pub(crate) output: Option<PathBuf>,
    /// Listen and write album.toml, render nothing
    #[arg(long, conflicts_with_all = ["destinations", "output"])]
    pub(crate) propose: bool,
    /// Replace an earlier record or album.toml
    #[arg(short, long)]
    pub(crate) force: bool,
    /// Allow songs outside the folder of the album.toml
    #[arg(long)]
    pub(crate) allow_external: bool,
}

/// `cut`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister cut 01.wav 02.wav 03.wav 04.wav -o sides   two sides of a 12-inch record, with a picture of each\n  tonmeister cut a.wav b.wav --format 7in-45          a single\n\nNothing is written into the songs: the curve of RIAA belongs to the lathe. Code 5 when a side is too long."
)]
pub(crate) struct Cut {
    /// Songs in their order
    #[arg(value_name = "SONG", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Kind of record: 12in-33, 12in-45, 10in-33, 10in-45, 7in-33 or 7in-45
    #[arg(long, value_name = "FORMAT", default_value = "12in-33")]
    pub(crate) format: String,
    /// Sides [default: as few as hold the songs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=20))]
    pub(crate) sides: Option<u8>,
    /// Silence between two songs, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2.0, value_parser = gap)]
    pub(crate) gap: f64,
    /// Folder for a picture of each side
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,
    /// Replace existing pictures
    #[arg(short, long)]
    pub(crate) force: bool,
}

fn gap(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    if (0.0..=60.0).contains(&seconds) { Ok(seconds) } else { Err("0 to 60 seconds".to_owned()) }
}

/// What masters get besides their sound.
#[derive(Debug, Args)]
#[command(next_help_heading = "Delivery")]
pub(crate) struct Extras {
    #[command(flatten)]
    pub(crate) labels: Labels,
    /// Encode as the target does, decode, lower the ceiling until that holds
    #[arg(long)]
    pub(crate) check_codecs: bool,
    /// A folder for each target, with checksums and a delivery sheet
    #[arg(long)]
    pub(crate) set: bool,
    /// Write what mastering changed: master less print, equally loud
    #[arg(long)]
    pub(crate) difference: bool,
}

/// What files say besides their sound.
#[derive(Debug, Clone, Args)]
pub(crate) struct Labels {
    /// A tag of every file: title, artist, album, album_artist, track, disc, date, genre, composer, engineer, isrc, barcode, copyright, label, catalogue_number, comment
    #[arg(long = "tag", value_name = "NAME=TEXT")]
    pub(crate) tags: Vec<String>,
    /// Tags from a file, one `name = "text"` a line; --tag comes over them
    #[arg(long = "tags", value_name = "tags.toml")]
    pub(crate) tags_file: Option<PathBuf>,
    /// The cover, PNG or JPEG
    #[arg(long, value_name = "PICTURE")]
    pub(crate) artwork: Option<PathBuf>,
}

/// `codecs`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister codecs master.wav                              the usual codecs\n  tonmeister codecs master.wav --codec aac-256,opus-128     these\n  tonmeister codecs master.wav --for spotify                those of a target\n  tonmeister codecs 01.wav 02.wav --codec opus-160 --write streams --album     files to listen to\n  tonmeister codecs master.wav --codec mp3-128 --difference streams    what the codec changed\n\nAAC, MP3 and Opus are encoded here, Vorbis by your ffmpeg. Code 5 when any decodes over full scale,\n6 when a file that was asked for could not be encoded."
)]
pub(crate) struct Codecs {
    /// Lossless files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Codecs and bit rates: aac-256, mp3-320, vorbis-160, opus-128
    #[arg(long = "codec", value_name = "CODEC-KBPS,…", value_delimiter = ',', conflicts_with = "target")]
    pub(crate) codecs: Vec<String>,
    /// The codecs of this target
    #[arg(long = "for", value_name = "TARGET")]
    pub(crate) target: Option<String>,
    /// Keep the encoded files in this folder: M4A, MP3, Ogg Vorbis, Opus, with tags, gains and cover
    #[arg(long, value_name = "DIR")]
    pub(crate) write: Option<PathBuf>,
    /// Write what each codec changed, decoded less source, as 32-bit floats into this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) difference: Option<PathBuf>,
    /// The files are one album: they get its gain beside their own
    #[arg(long, requires = "write")]
    pub(crate) album: bool,
    /// Replace existing files
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) labels: Labels,
}

/// `measure`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister measure a.wav b.flac   beside each other\n  tonmeister measure --json *.wav   one JSON document"
)]
pub(crate) struct Measure {
    /// Audio files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read what is whole of a truncated file
    #[arg(long)]
    pub(crate) salvage: bool,
    /// Replace NaN and infinity by silence
    #[arg(long)]
    pub(crate) repair: bool,
    /// Accept FLAC whose MD5 checksum does not match
    #[arg(long)]
    pub(crate) allow_bad_md5: bool,
}

/// `ddp`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister ddp check master/             0 when it is fit to be pressed, 5 when not\n  tonmeister ddp extract master/ -o tracks/   WAV files, cue sheet, TOC file, PQ sheet"
)]
pub(crate) struct Ddp {
    #[command(subcommand)]
    pub(crate) what: DdpWhat,
}

/// What is done with a fileset.
#[derive(Debug, Subcommand)]
pub(crate) enum DdpWhat {
    /// Read a fileset and verify it: records, lengths, checksums, CD-TEXT, every rule of the Red Book
    Check(DdpCheck),
    /// Write its tracks as 16-bit WAV files, bit by bit, with sheets to burn them from
    Extract(DdpExtract),
}

/// `ddp check`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister ddp check master/            the table of tracks and what is wrong\n  tonmeister ddp check --json master/     for programs"
)]
pub(crate) struct DdpCheck {
    /// Folder with DDPID and DDPMS
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Warnings fail as well as blockers
    #[arg(long)]
    pub(crate) strict: bool,
}

/// `ddp extract`
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  tonmeister ddp extract master/ -o tracks/\n\nThe files, one after the other, are the image without its first pregap; each closes with the pause\nbefore the next track. A hidden track becomes `00 hidden.wav`. A set with faults is extracted as far\nas it goes and gives code 5."
)]
pub(crate) struct DdpExtract {
    /// Folder with DDPID and DDPMS
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// Folder for the tracks
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Replace existing files
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// `fx`
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  tonmeister fx compressor")]
pub(crate) struct Fx {
    /// A processor; without it, all are listed
    #[arg(value_name = "PROCESSOR")]
    pub(crate) name: Option<String>,
}

/// `targets`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister targets spotify\n  tonmeister targets my.toml   a target of your own"
)]
pub(crate) struct Targets {
    /// A destination; without it, all are listed
    #[arg(value_name = "TARGET")]
    pub(crate) name: Option<String>,
}

/// `services`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister services song.wav                  every service, every way it plays\n  tonmeister services song.wav --on spotify     one of them\n  tonmeister services 01.wav 02.wav 03.wav      each by itself, then as an album"
)]
pub(crate) struct Services {
    /// Audio files; several are shown as an album too
    #[arg(value_name = "FILE", required = true)]
    pub(crate) inputs: Vec<PathBuf>,
    /// Only these services
    #[arg(long = "on", value_name = "SERVICE,…", value_delimiter = ',')]
    pub(crate) services: Vec<String>,
}

/// Reads the command line. On help or a wrong call everything is said already and the exit code comes back.
pub(crate) fn read() -> Result<(Call, Ui), ExitCode> {
    let call = Call::command()
        .try_get_matches()
        .and_then(|matches| Call::from_arg_matches(&matches))
        .map_err(|error| {
            // A reader that went away is no reason to complain.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        })?;
    let ui = Ui::new(&call.common);
    Ok((call, ui))
}
