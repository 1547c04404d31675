//! The chain of a master as data and as text: `master.toml`, written beside the masters, rendered again from there.
//!
//! A chain is a list of moves ([`Step`]): each a processor with its reason, the figures behind it, what it does, how sure we
//! are and what else could be done. A person edits the text; what was edited or locked is known again (by a hash of what was
//! proposed) and kept when the chain is proposed anew.

pub(crate) mod read;
mod step;
#[cfg(test)]
mod tests;
pub(crate) mod write;

pub(super) use read::{moves, text};
pub use step::{Evidence, Family, Step, Strength};
pub(super) use write::{one_step, quoted};

use super::stems::Stem;
use crate::message::{Error, Kind, Result};
use fx::AnyProcessor;
use std::path::Path;

/// Version of the format. Version 1 had `[chain] insert` and `insert` lists only; it is still read.
const VERSION: f64 = 2.0;
/// Longest text, by our own convention: a chain of 64 masters has some 100 kB.
const MOST_BYTES: u64 = 1 << 20;
/// Most destinations in one file, by our own convention.
const MOST_MASTERS: usize = 64;
/// Most moves of one list, by our own convention.
const MOST_MOVES: usize = 64;
/// Most figures or alternatives of one move, by our own convention.
const MOST_WORDS: usize = 64;

fx::choice! {
    /// Container of the delivered file.
    pub enum Container {
        /// WAV; RF64 when it has to be.
        Wav = "wav",
        /// FLAC.
        Flac = "flac",
    }
}

fx::choice! {
    /// How samples are stored.
    pub enum Encoding {
        /// 16-bit integers.
        Int16 = "int16",
        /// 24-bit integers.
        Int24 = "int24",
        /// 32-bit floating point.
        Float32 = "float32",
    }
}

fx::choice! {
    /// Dither of the last step; the curves are those of `dsp::dither`.
    pub enum Dither {
        /// None: rounding only.
        None = "none",
        /// Triangular, flat, two LSB wide.
        Tpdf = "tpdf",
        /// Triangular, rising towards high frequencies.
        HighPass = "tpdf_high_pass",
        /// Shaped after Lipshitz, five coefficients.
        Lipshitz = "lipshitz",
        /// Shaped, F-weighted, three coefficients.
        FWeighted3 = "f_weighted_3",
        /// Shaped, F-weighted, nine coefficients.
        FWeighted9 = "f_weighted_9",
        /// Shaped, F-weighted, 24 coefficients.
        FWeighted24 = "f_weighted_24",
        /// Shaped, modified E, nine coefficients: the mildest.
        ModifiedE = "modified_e",
        /// Shaped, improved E, nine coefficients: the deepest.
        ImprovedE = "improved_e",
        /// Shibata for 44.1 kHz: deep.
        Shibata44 = "shibata_44",
        /// Shibata for 44.1 kHz, low amplitude.
        LowShibata44 = "low_shibata_44",
        /// Shibata for 48 kHz: deep.
        Shibata48 = "shibata_48",
        /// Shibata for 48 kHz, low amplitude.
        LowShibata48 = "low_shibata_48",
        /// Gesemann for 44.1 kHz, with poles.
        Gesemann44 = "gesemann_44",
        /// Gesemann for 48 kHz, with poles.
        Gesemann48 = "gesemann_48",
    }
}

impl Dither {
    /// The dither of the kernels.
    #[must_use]
    pub fn kernel(self) -> dsp::dither::Dither {
        let name = <Self as fx::Choice>::NAMES.get(self as usize).map_or("", |(name, _)| name);
        // A test holds the two lists together.
        dsp::dither::Dither::from_name(name).unwrap_or(dsp::dither::Dither::Triangular)
    }

    /// The choice for a dither of the kernels.
    #[must_use]
    pub fn of(kernel: dsp::dither::Dither) -> Self {
        let index = <Self as fx::Choice>::NAMES.iter().position(|(name, _)| *name == kernel.name());
        index.map_or(Self::Tpdf, <Self as fx::Choice>::from_index)
    }
}

fx::fields! {
    /// Where and how one master is written.
    pub struct Output {
        /// Sample rate of the file.
        sample_rate_hz: Hz = 44100.0 in 8000.0..=384000.0;
        /// Container.
        container: choice Container = Wav;
        /// Sample format.
        encoding: choice Encoding = Int24;
        /// Dither.
        dither: choice Dither = Tpdf;
        /// Seed of the dither.
        seed: Plain = 0.0 in 0.0..=9007199254740991.0;
        /// Static gain after the shared chain and the sample-rate converter, before the inserts of this master.
        gain_db: Db = 0.0 in -80.0..=80.0;
        /// No inter-sample peak of the file may pass this.
        ceiling_dbtp: Dbtp = -1.0 in -20.0..=0.0;
    }
}

fx::fields! {
    /// What the file was made for.
    pub struct Aim {
        /// Integrated loudness the file must have, LUFS.
        loudness: Plain = -14.0 in -70.0..=0.0;
        /// How far it may be off, LU.
        tolerance: Plain = 0.1 in 0.0..=10.0;
    }
}

/// One destination.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Name of the target.
    pub target: String,
    /// File name, in the folder of the masters.
    pub file: String,
    /// How it is written.
    pub output: Output,
    /// Loudness it must reach, if it is asked to.
    pub aim: Option<Aim>,
    /// Moves at the delivery rate: the limiter, where one is needed.
    pub steps: Vec<Step>,
    /// Why level and limiter are as they are; becomes comments.
    pub because: Vec<String>,
    /// Whether a new proposal leaves it as it is.
    pub locked: bool,
    /// Hash of what was proposed; `None` when a person wrote it.
    pub proposed: Option<String>,
}

impl Delivery {
    /// Hash of how it is written and what it aims at, the moves left out: they have their own.
    #[must_use]
    pub fn hash(&self) -> String {
        step::short_hash(&write::delivery_text(self))
    }

    /// Marks it, without its moves, as proposed: what is changed from now on is a person's.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.proposed = Some(self.hash());
        self
    }

    /// Whether a person changed how it is written or what it aims at.
    #[must_use]
    pub fn edited(&self) -> bool {
        self.proposed.as_ref().is_none_or(|proposed| *proposed != self.hash())
    }
}

/// Everything that makes a set of masters from one print.
#[derive(Debug, Clone)]
pub struct Chain {
    /// File name of the print.
    pub source_file: String,
    /// BLAKE3 of the print's bytes, so that another file is noticed.
    pub source_blake3: String,
    /// Name of the intensity it was proposed with.
    pub intensity: String,
    /// Name of the tone it was proposed with.
    pub tone: String,
    /// How much of each family's moves was asked for.
    pub strength: Strength,
    /// Stems whose sum is the print; empty when it is a file.
    pub stems: Vec<Stem>,
    /// Loudness that was asked for in place of the destinations' own.
    pub loudness_lufs: Option<f64>,
    /// Whether loudness was to be delivered whatever it costs.
    pub force_level: bool,
    /// Moves at the print's rate, shared by all destinations.
    pub steps: Vec<Step>,
    /// Remarks on the whole; become comments.
    pub because: Vec<String>,
    /// Destinations.
    pub deliveries: Vec<Delivery>,
    /// Tags of every master.
    pub tags: crate::deliver::Tags,
    /// File of the cover; empty without one.
    pub artwork_file: String,
}

/// Intensity where none is named.
pub const INTENSITY: &str = "balanced";
/// Tone where none is named.
pub const TONE: &str = "neutral";

impl Default for Chain {
    fn default() -> Self {
        Self {
            source_file: String::new(),
            source_blake3: String::new(),
            intensity: INTENSITY.into(),
            tone: TONE.into(),
            strength: Strength::default(),
            stems: Vec::new(),
            loudness_lufs: None,
            force_level: false,
            steps: Vec::new(),
            because: Vec::new(),
            deliveries: Vec::new(),
            tags: crate::deliver::Tags::default(),
            artwork_file: String::new(),
        }
    }
}

impl Chain {
    /// Reads a `master.toml`.
    ///
    /// # Errors
    /// Everything that is wrong with the text, each with its place.
    pub fn load(path: &Path) -> std::result::Result<Self, Vec<Error>> {
        let text = crate::files::read_text(path, "the chain", MOST_BYTES).map_err(|error| vec![error])?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads the text of a `master.toml`. `file` is its name in messages.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub fn parse(text: &str, file: &str) -> std::result::Result<Self, Vec<Error>> {
        read::chain(text, file)
    }

    /// The text, with the reasons of levels as comments. Parsing it gives the same chain, to the bit.
    #[must_use]
    pub fn to_toml(&self) -> String {
        write::chain(self)
    }
}

/// Moves that run; the others are kept for the text only.
pub(crate) fn running(steps: &[Step]) -> Vec<Step> {
    steps.iter().filter(|step| step.on).cloned().collect()
}

/// The processor called `key`; that it is registered is our own business.
pub(crate) fn make(key: &str) -> Result<Box<dyn AnyProcessor>> {
    fx::find(key).map(fx::Entry::make).ok_or_else(|| {
        Error::new(Kind::Internal, "no_processor", format!("the processor `{key}` is not registered"))
    })
}
