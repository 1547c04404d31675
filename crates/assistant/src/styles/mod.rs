//! Kinds of music as data: how loud, how wide, how much room.
//!
//! They are text files (`styles/*.toml`, built in; a path to a file of one's own works as well). Every number in them has its
//! source, the date it was read and how sure it is, as in `targets/` and `mastering/`.

mod parse;
#[cfg(test)]
mod tests;

use std::path::Path;
use studio::message::{Error, Kind, Result};
use studio::suggest::nearest;
use studio::targets::Fact;

/// What is taken where nothing is said.
pub const USUAL: &str = "pop";

/// A kind of music.
#[derive(Debug, Clone, PartialEq)]
pub struct Style {
    /// Name in commands.
    pub name: String,
    /// What it is, in a sentence.
    pub about: String,
    /// Lead vocals against the whole mix, LU.
    pub vocals_lu: Fact<f64>,
    /// The drum kit against the whole mix, LU.
    pub drums_lu: Fact<f64>,
    /// The bass against the whole mix, LU.
    pub bass_lu: Fact<f64>,
    /// Share of listeners who would call it too reverberant, 0.1 to 0.5.
    pub reverberance: Fact<f64>,
    /// Reverberation time of the plate at 90 beats a minute, s.
    pub plate_seconds: Fact<f64>,
    /// Share of the proposed compression, 0 to 1.
    pub compression: Fact<f64>,
    /// Share of the proposed panning, 0 to 1.
    pub spread: Fact<f64>,
    /// Send of the lead voice to the echo, dB; -144 for none.
    pub echo_send_db: Fact<f64>,
    /// A compressed copy of the drum bus beside it, dB against it; -144 for none.
    pub parallel_drums_db: Fact<f64>,
    /// How far voice, drums and bass follow what is missing in a small band, LU; `None`: as far as published ranges reach. A
    /// character holds them nearer to where it wants them.
    pub reach_lu: Option<f64>,
}

/// The styles that are built in.
const STYLES: [(&str, &str); 9] = [
    ("pop", include_str!("../../../../styles/pop.toml")),
    ("rock", include_str!("../../../../styles/rock.toml")),
    ("hip-hop", include_str!("../../../../styles/hip-hop.toml")),
    ("electronic", include_str!("../../../../styles/electronic.toml")),
    ("jazz", include_str!("../../../../styles/jazz.toml")),
    ("folk", include_str!("../../../../styles/folk.toml")),
    ("metal", include_str!("../../../../styles/metal.toml")),
    ("classical", include_str!("../../../../styles/classical.toml")),
    ("podcast", include_str!("../../../../styles/podcast.toml")),
];

/// Largest file, by our own convention.
const MOST_BYTES: u64 = 1 << 18;

impl Style {
    /// Names of the built-in ones.
    pub fn names() -> impl Iterator<Item = &'static str> {
        STYLES.iter().map(|(name, _)| *name)
    }

    /// By its name, or from the file of that path when the name ends in `.toml`.
    ///
    /// # Errors
    /// `unknown_style`, with the nearest name; `bad_style` with its place in the text.
    pub fn find(name: &str) -> Result<Self> {
        if name.to_ascii_lowercase().ends_with(".toml") {
            let text = studio::files::read_text(Path::new(name), "the style", MOST_BYTES)?;
            let found = parse::style(&text, name)?;
            return Ok(Self { name: name.to_owned(), ..found });
        }
        let plain = name.trim().to_ascii_lowercase();
        if let Some((known, text)) = STYLES.iter().find(|(known, _)| *known == plain) {
            return parse::style(text, &format!("styles/{known}.toml"));
        }
        let known: Vec<&str> = Self::names().collect();
        let list = known.join(", ");
        let hint = match nearest(&plain, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`? there are: {list}"),
            None => format!("there are: {list}; or the path of a file"),
        };
        let what = format!("there is no style `{}`", studio::message::clean(name));
        Err(Error::new(Kind::Usage, "unknown_style", what).hint(hint))
    }
}
