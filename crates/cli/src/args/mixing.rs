//! Arguments of the commands of the mix assistant.

use super::Labels;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// `assist`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister assist tracks/ -o session.toml --style rock\n  tonmeister assist session.toml -o session.toml -f        again: what you changed by hand stays\n  tonmeister assist session.toml -o session.toml -f --undo masking --strength space=0.5\n  tonmeister assist tracks/ -o session.toml --role \"Audio 07=backing vocals\"\n  tonmeister assist session.toml -o bed.toml --bed 5.1\n\nFamilies: cleanup, balance, tone, dynamics, masking, width, space, ride. At strength 0 nothing is\ntouched, 1 is as proposed, 1.5 the most. `all=0` leaves the plain sum of the tracks."
)]
pub(crate) struct Assist {
    /// A folder of tracks, or a session to work on again
    #[arg(value_name = "FOLDER|SESSION.toml")]
    pub(crate) input: PathBuf,
    /// The session
    #[arg(short, long, value_name = "SESSION.toml")]
    pub(crate) output: PathBuf,
    /// Let a rule or a family that was undone work again
    #[arg(long, value_name = "RULE|FAMILY,…", value_delimiter = ',')]
    pub(crate) redo: Vec<String>,
    /// Lock moves of the session: by id, rule, family, track or address
    #[arg(long, value_name = "MOVE,…", value_delimiter = ',')]
    pub(crate) lock: Vec<String>,
    /// Lean towards the colour of a record, within 2 dB
    #[arg(long, value_name = "SONG")]
    pub(crate) reference: Option<PathBuf>,
    /// Propose a surround bed: of the mix of a folder, or of a stereo session as it stands
    #[arg(long, value_name = "5.1|7.1.4")]
    pub(crate) bed: Option<String>,
    /// Replace an existing session
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
}

/// `explain`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister explain session.toml\n  tonmeister explain session.toml --track lead\n  tonmeister explain session.toml --rule masking --all"
)]
pub(crate) struct Explain {
    /// A session the assistant has worked on
    #[arg(value_name = "SESSION.toml")]
    pub(crate) input: PathBuf,
    /// Of this track or bus alone
    #[arg(long, value_name = "ID")]
    pub(crate) track: Option<String>,
    /// Of this rule or family alone
    #[arg(long, value_name = "RULE")]
    pub(crate) rule: Option<String>,
    /// With what was measured, what else could be done, and where the rule comes from
    #[arg(long)]
    pub(crate) all: bool,
}

/// What is asked of the assistant by every command that calls it.
#[derive(Debug, Args)]
#[command(next_help_heading = "The mix")]
pub(crate) struct Wishes {
    /// Kind of music: pop, rock, hip-hop, electronic, jazz, folk, metal, classical, podcast, or a file
    #[arg(long, value_name = "STYLE")]
    pub(crate) style: Option<String>,
    /// How much of a family of moves is done, 0 to 1.5
    #[arg(long, value_name = "FAMILY=NUMBER,…", value_delimiter = ',')]
    pub(crate) strength: Vec<String>,
    /// Leave out or take back a rule or a family, on later runs of a session as well
    #[arg(long, value_name = "RULE|FAMILY,…", value_delimiter = ',')]
    pub(crate) undo: Vec<String>,
    /// Say what a track is
    #[arg(long, value_name = "TRACK=ROLE")]
    pub(crate) role: Vec<String>,
    /// Keep the balance of a rough mix that is among the tracks
    #[arg(long)]
    pub(crate) keep_balance: bool,
}

impl Wishes {
    /// As the assistant wants it, leaning towards `reference` where there is one.
    pub(crate) fn request(&self, reference: Option<&PathBuf>) -> assistant::Request {
        assistant::Request {
            style: self.style.clone(),
            strengths: self.strength.clone(),
            undo: self.undo.clone(),
            roles: self.role.clone(),
            reference: reference.cloned(),
            keep_balance: self.keep_balance,
            ..assistant::Request::default()
        }
    }
}

/// `produce`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister produce tracks/ --for spotify,cd -o night-train\n  tonmeister produce tracks/ --for spotify -o out --style rock --intensity gentle --tag title=Train\n  tonmeister produce tracks/ --for cd -o out --reference hit.flac --strict\n  tonmeister produce session.toml --for spotify,cd -o out     the mix as your session has it\n\nDIR appears whole or not at all: mix/ with the print, its session and the reasons; masters/ with a\nfolder a destination; production.md with both logs and what could not be mended; checksums. Code 5\nwhen the print does not pass the gate: nothing is written then."
)]
pub(crate) struct Produce {
    /// A folder of tracks, to be mixed, or a session, printed as it stands
    #[arg(value_name = "FOLDER|SESSION.toml")]
    pub(crate) input: PathBuf,
    /// Destinations; `tonmeister targets` lists them
    #[arg(long = "for", value_name = "TARGET,…", value_delimiter = ',', required = true)]
    pub(crate) destinations: Vec<String>,
    /// The finished folder; its parent must exist
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// A record to come nearer to: the mix leans towards it, the masters are matched with it
    #[arg(long, value_name = "SONG")]
    pub(crate) reference: Option<PathBuf>,
    /// Stop (code 5) when the gate finds more than notes
    #[arg(long)]
    pub(crate) strict: bool,
    /// Allow tracks outside the folder of the session
    #[arg(long)]
    pub(crate) allow_external: bool,
    /// Replace an earlier production there, if nothing in it was changed or added
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
    #[command(flatten)]
    pub(crate) masters: Masters,
}

/// What is asked of the masters of a production.
#[derive(Debug, Args)]
#[command(next_help_heading = "The masters")]
pub(crate) struct Masters {
    /// How hard: gentle, balanced or loud, or a file of your own
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) intensity: Option<String>,
    /// Which colour: neutral, warm, open or punchy, or a file of your own
    #[arg(long, value_name = "NAME|FILE.toml")]
    pub(crate) tone: Option<String>,
    /// Integrated loudness in place of the destinations' own, LUFS
    #[arg(long, value_name = "LUFS", allow_negative_numbers = true)]
    pub(crate) loudness: Option<f64>,
    /// Encode as the target does, decode, lower the ceiling until that holds
    #[arg(long)]
    pub(crate) check_codecs: bool,
    #[command(flatten)]
    pub(crate) labels: Labels,
}

/// `variants`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister variants tracks/ -o three\n  tonmeister variants tracks/ -o three --style jazz --json\n  tonmeister mix three/voice.toml -o mix.wav --allow-external     choose one: its session is yours to edit\n\nAll three stay within what published mixes have. They are equally loud, by turning the louder ones down:\nlisten, and trust your ears more than the table. DIR appears whole or not at all."
)]
pub(crate) struct Variants {
    /// A folder of tracks
    #[arg(value_name = "FOLDER")]
    pub(crate) input: PathBuf,
    /// Folder for the prints and their sessions; its parent must exist
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: PathBuf,
    /// A record to lean towards
    #[arg(long, value_name = "SONG")]
    pub(crate) reference: Option<PathBuf>,
    /// Replace earlier variants there, if nothing in it was changed or added
    #[arg(short, long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) wishes: Wishes,
}

/// `prepare`
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  tonmeister prepare tracks/ -o for-anna\n  tonmeister prepare session.toml -o for-anna     tracks where the session has them\n  tonmeister prepare tracks/ -o for-anna --rate 48000     mixed rates: convert what differs\n  tonmeister prepare tracks/ -o for-anna --role \"Audio 07=backing vocals\"\n\nNothing is processed: samples are those of your files, with silence before and behind. OUT appears whole or\nnot at all. An edited session is bounced dry by `stems --multitrack`."
)]
pub(crate) struct Prepare {
    /// A folder of tracks, or a session whose tracks are whole files
    #[arg(value_name = "FOLDER|SESSION.toml")]
    pub(crate) input: PathBuf,
    /// The new folder; its parent must exist
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,
    /// Convert tracks of other rates to this one, Hz
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(8_000..=384_000))]
    pub(crate) rate: Option<u32>,
    /// What becomes of click, talkback, rough mix and dry twins: a folder of their own, or nothing
    #[arg(long, value_enum, default_value_t = Guides::Apart)]
    pub(crate) guides: Guides,
    /// Say what a track is
    #[arg(long, value_name = "TRACK=ROLE")]
    pub(crate) role: Vec<String>,
    /// Replace an earlier export there, if nothing in it was changed or added
    #[arg(short, long)]
    pub(crate) force: bool,
}

/// What becomes of tracks that are not for the mix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Guides {
    Apart,
    Leave,
}
