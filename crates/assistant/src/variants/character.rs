//! What a mix is after.

use crate::styles::Style;
use studio::message::{Error, Kind, Result};
use studio::mix::Group;
use studio::suggest::nearest;
use studio::targets::{Fact, Tier};

/// Where the shifts come from, for whoever reads the style.
const SOURCE: &str =
    "the style, moved inside the published quartiles (mixing.md C5, C11), docs/decisions/052";
const DATE: &str = "2026-11-21";

/// Sign between a style and a character: `rock+voice`.
const JOINT: char = '+';

/// How far inside the quartiles characters stay: the balance is closed on what is rendered, and the rest follows the sum.
const MARGIN_LU: f64 = 0.300_001;
// Quartiles of published mixes (C5), that much inside.
const VOCALS_LU: (f64, f64) = (-3.7, -2.1);
const DRUMS_LU: (f64, f64) = (-9.0, -5.2);
const BASS_LU: (f64, f64) = (-9.8, -7.0);
/// Share of listeners who call it too much, of the driest and the wettest published amounts that most accept (C11: 0.1 to 0.5),
/// inside them.
const REVERBERANCE: (f64, f64) = (0.12, 0.42);

/// How far voice, drums and bass follow what is missing in a small band: less than what tells two characters apart, so that a small
/// band has three mixes as well. By our own convention, docs/decisions/052.
const REACH_LU: f64 = 0.5;

/// A direction from a style.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Character {
    /// Name in files and commands.
    pub name: &'static str,
    /// In a sentence.
    pub about: &'static str,
    /// Group without which it says nothing.
    pub needs: Option<Group>,
    /// Lead vocals, drums, bass: moved by, LU.
    balance_lu: [f64; 3],
    /// Amount of room: times.
    reverberance: f64,
    /// Length of the room: times.
    seconds: f64,
    /// Compression, panning: times.
    compression: f64,
    spread: f64,
    /// Echo: by, dB.
    echo_db: f64,
}

/// All of them, in the order they are chosen. The shifts are about half of the published quartiles each (mixing.md C5); by
/// estimate, 2026-11-21, docs/decisions/052.
pub const CHARACTERS: [Character; 5] = [
    Character {
        name: "voice",
        about: "The voice in front, the band a step behind it, little room.",
        needs: Some(Group::Vocals),
        balance_lu: [0.9, -1.5, -0.5],
        reverberance: 0.7,
        seconds: 0.85,
        compression: 1.0,
        spread: 0.8,
        echo_db: -3.0,
    },
    Character {
        name: "drums",
        about: "Drums and bass in front, dry and tight, the voice inside the band.",
        needs: Some(Group::Drums),
        balance_lu: [-0.8, 2.0, 0.8],
        reverberance: 0.5,
        seconds: 0.7,
        compression: 1.2,
        spread: 1.0,
        echo_db: -6.0,
    },
    Character {
        name: "space",
        about: "Wide and deep: more room, longer, everything at its full width.",
        needs: None,
        balance_lu: [-0.2, -0.5, 0.0],
        reverberance: 1.9,
        seconds: 1.35,
        compression: 0.8,
        spread: 1.2,
        echo_db: 5.0,
    },
    Character {
        name: "close",
        about: "As near as it was recorded: dry, narrow, hardly compressed.",
        needs: None,
        balance_lu: [0.2, 0.0, 0.0],
        reverberance: 0.4,
        seconds: 0.6,
        compression: 0.4,
        spread: 0.5,
        echo_db: -144.0,
    },
    Character {
        name: "plain",
        about: "As the style has it.",
        needs: None,
        balance_lu: [0.0; 3],
        reverberance: 1.0,
        seconds: 1.0,
        compression: 1.0,
        spread: 1.0,
        echo_db: 0.0,
    },
];

impl Character {
    /// By its name.
    ///
    /// # Errors
    /// `unknown_character`, with the nearest there is.
    pub fn find(name: &str) -> Result<Self> {
        if let Some(found) = CHARACTERS.into_iter().find(|character| character.name == name) {
            return Ok(found);
        }
        let names = || CHARACTERS.iter().map(|character| character.name);
        let hint = nearest(name, names()).map_or_else(
            || format!("there are: {}", names().collect::<Vec<_>>().join(", ")),
            |meant| format!("did you mean `{meant}`?"),
        );
        let what = format!("there is no character `{}`", studio::message::clean(name));
        Err(Error::new(Kind::Usage, "unknown_character", what).hint(hint))
    }

    /// A style with this character; its name says so, so that a session remembers it.
    #[must_use]
    pub fn of(&self, style: &Style) -> Style {
        let [vocals, drums, bass] = self.balance_lu;
        let moved = |fact: &Fact<f64>, value: f64| match value == fact.value {
            true => fact.clone(),
            false => Fact { value, source: SOURCE.to_owned(), date: DATE.to_owned(), tier: Tier::Convention },
        };
        // What a style asks for outside the quartiles (speech) stays as it is.
        let shift = |fact: &Fact<f64>, by: f64, (low, high): (f64, f64)| {
            let outside = fact.value < low - MARGIN_LU || fact.value > high + MARGIN_LU;
            let to = (fact.value + by).clamp(low.min(fact.value), high.max(fact.value));
            moved(fact, if outside { fact.value } else { to })
        };
        let scale = |fact: &Fact<f64>, by: f64, low: f64, high: f64| {
            moved(fact, (fact.value * by).clamp(low.min(fact.value), high.max(fact.value)))
        };
        let echo = style.echo_send_db.value;
        Style {
            name: format!("{}{JOINT}{}", style.name, self.name),
            about: format!("{} {}", style.about, self.about),
            vocals_lu: shift(&style.vocals_lu, vocals, VOCALS_LU),
            drums_lu: shift(&style.drums_lu, drums, DRUMS_LU),
            bass_lu: shift(&style.bass_lu, bass, BASS_LU),
            reverberance: scale(&style.reverberance, self.reverberance, REVERBERANCE.0, REVERBERANCE.1),
            plate_seconds: scale(&style.plate_seconds, self.seconds, 0.6, 2.4),
            compression: scale(&style.compression, self.compression, 0.0, 1.0),
            spread: scale(&style.spread, self.spread, 0.3, 1.0),
            parallel_drums_db: style.parallel_drums_db.clone(),
            reach_lu: (self.balance_lu != [0.0; 3]).then_some(REACH_LU),
            // A style without an echo gets none.
            echo_send_db: match echo <= -144.0 {
                true => style.echo_send_db.clone(),
                false => moved(&style.echo_send_db, (echo + self.echo_db).clamp(-144.0, -12.0)),
            },
        }
    }
}

/// A style by its name, with a character where one is joined to it: `rock+voice`.
///
/// # Errors
/// Those of [`Style::find`]; `unknown_character`.
pub fn style(name: &str) -> Result<Style> {
    match name.rsplit_once(JOINT) {
        Some((base, character)) => {
            let character = Character::find(character.trim())?;
            Ok(character.of(&Style::find(base)?))
        }
        None => Style::find(name),
    }
}
