//! Where a value stands in a session: addresses as automation has them, and the inserts the assistant makes.

use std::fmt;

/// A place in a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Id of the strip.
    pub strip: String,
    /// Part of it.
    pub part: Part,
}

/// A part of a strip.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A control: `lead.trim_db`.
    Control(String),
    /// A processor of the assistant: `lead.compressor`.
    Insert(String),
    /// A band of one, from 1: `lead.clean.band1`.
    Band(String, usize),
    /// A send: `lead.send.plate`.
    Send(String),
    /// The curve of a control: `lead.ride_db.curve`.
    Curve(String),
}

/// An insert the assistant makes: where it stands in the chain, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its id in the session.
    pub id: &'static str,
    /// The processor.
    pub processor: &'static str,
}

/// Every insert the assistant makes, in the order of the chain: first what is wrong is taken away, then levels, then colour, then
/// what makes room for others.
pub const SLOTS: &[Slot] = &[
    Slot { id: "clean", processor: "eq" },
    Slot { id: "gate", processor: "gate" },
    Slot { id: "compressor", processor: "compressor" },
    Slot { id: "parallel", processor: "compressor" },
    Slot { id: "deesser", processor: "deesser" },
    Slot { id: "tone", processor: "eq" },
    Slot { id: "saturation", processor: "saturation" },
    Slot { id: "unmask", processor: "eq" },
    Slot { id: "keyed", processor: "eq" },
    Slot { id: "duck", processor: "eq" },
    Slot { id: "plate", processor: "plate" },
    Slot { id: "room", processor: "room" },
    Slot { id: "hall", processor: "hall" },
    Slot { id: "delay", processor: "delay" },
];

/// The slot of an insert's id, with its position in the chain.
#[must_use]
pub fn slot(id: &str) -> Option<(usize, Slot)> {
    SLOTS.iter().copied().enumerate().find(|(_, slot)| slot.id == id)
}

impl Place {
    /// A control of a strip.
    #[must_use]
    pub fn control(strip: &str, key: &str) -> Self {
        Self { strip: strip.to_owned(), part: Part::Control(key.to_owned()) }
    }

    /// An insert of a strip.
    #[must_use]
    pub fn insert(strip: &str, id: &str) -> Self {
        Self { strip: strip.to_owned(), part: Part::Insert(id.to_owned()) }
    }

    /// A band of an equaliser of a strip, from 1.
    #[must_use]
    pub fn band(strip: &str, id: &str, band: usize) -> Self {
        Self { strip: strip.to_owned(), part: Part::Band(id.to_owned(), band) }
    }

    /// A send of a strip.
    #[must_use]
    pub fn send(strip: &str, to: &str) -> Self {
        Self { strip: strip.to_owned(), part: Part::Send(to.to_owned()) }
    }

    /// The curve of a control.
    #[must_use]
    pub fn curve(strip: &str, key: &str) -> Self {
        Self { strip: strip.to_owned(), part: Part::Curve(key.to_owned()) }
    }

    /// Reads an address.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (strip, rest) = text.split_once('.')?;
        let words: Vec<&str> = rest.split('.').collect();
        let part = match words.as_slice() {
            ["send", to] => Part::Send((*to).to_owned()),
            [key @ .., "curve"] if !key.is_empty() => Part::Curve(key.join(".")),
            [id, band] => Part::Band((*id).to_owned(), band.strip_prefix("band")?.parse().ok()?),
            [one] if slot(one).is_some() => Part::Insert((*one).to_owned()),
            [one] => Part::Control((*one).to_owned()),
            _ => return None,
        };
        Some(Self { strip: strip.to_owned(), part })
    }

    /// Name of what stands there, for its unit: of a control its key.
    #[must_use]
    pub fn key(&self) -> &str {
        match &self.part {
            Part::Control(key) => key,
            // Of what moves, the last word: `send.echo_return.gain_db` is a gain.
            Part::Curve(key) => key.rsplit('.').next().unwrap_or(key),
            _ => "",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let strip = &self.strip;
        match &self.part {
            Part::Control(key) | Part::Insert(key) => write!(f, "{strip}.{key}"),
            Part::Band(id, band) => write!(f, "{strip}.{id}.band{band}"),
            Part::Send(to) => write!(f, "{strip}.send.{to}"),
            Part::Curve(key) => write!(f, "{strip}.{key}.curve"),
        }
    }
}
