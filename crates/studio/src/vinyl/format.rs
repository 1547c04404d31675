//! Kinds of records: geometry, and how long a side may be at which level.

use crate::message::{Error, Kind, Result};
use crate::suggest::nearest;
use serde::Serialize;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Format {
    /// Name in commands.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// Turns a minute.
    pub rpm: f64,
    /// Radius of the first groove, mm (IEC 60098, clause 8.5: diameters of 292.6, 241.8 and 168.3 mm).
    pub outer_mm: f64,
    /// Radius of the last modulated groove, mm (IEC 60098: 60.325; 7-inch: 53.2).
    pub inner_mm: f64,
    /// Minutes a side holds at a level re the reference level: (dB, minutes), level falling. A cutting house's public table
    /// (lossenderosstudio.com), custom, not a standard.
    pub holds: &'static [(f64, f64)],
    /// Minutes recommended by pressing plants (qrates, 100vinyl, wolfpack after GZ), at most a tenth more.
    pub recommended_minutes: f64,
}

/// All kinds.
pub const FORMATS: [Format; 6] = [
    Format {
        name: "12in-33",
        title: "12-inch, 33 1/3 rpm",
        rpm: 100.0 / 3.0,
        outer_mm: 146.3,
        inner_mm: 60.325,
        holds: &[(0.0, 20.0), (-3.0, 24.0), (-6.0, 28.0)],
        recommended_minutes: 19.5,
    },
    Format {
        name: "12in-45",
        title: "12-inch, 45 rpm",
        rpm: 45.0,
        outer_mm: 146.3,
        inner_mm: 60.325,
        holds: &[(3.0, 10.5), (0.0, 13.5), (-3.0, 16.0)],
        recommended_minutes: 14.5,
    },
    Format {
        name: "10in-33",
        title: "10-inch, 33 1/3 rpm",
        rpm: 100.0 / 3.0,
        outer_mm: 120.9,
        inner_mm: 60.325,
        holds: &[(0.0, 13.0), (-3.0, 17.0), (-6.0, 19.0)],
        recommended_minutes: 13.5,
    },
    Format {
        name: "10in-45",
        title: "10-inch, 45 rpm",
        rpm: 45.0,
        outer_mm: 120.9,
        inner_mm: 60.325,
        holds: &[(3.0, 8.0), (0.0, 10.0), (-3.0, 12.0)],
        recommended_minutes: 10.0,
    },
    Format {
        name: "7in-33",
        title: "7-inch, 33 1/3 rpm",
        rpm: 100.0 / 3.0,
        outer_mm: 84.15,
        inner_mm: 53.2,
        holds: &[(0.0, 6.5), (-3.0, 7.5), (-6.0, 9.5)],
        recommended_minutes: 7.0,
    },
    Format {
        name: "7in-45",
        title: "7-inch, 45 rpm",
        rpm: 45.0,
        outer_mm: 84.15,
        inner_mm: 53.2,
        holds: &[(3.0, 4.0), (0.0, 5.0), (-3.0, 6.0)],
        recommended_minutes: 5.0,
    },
];

/// A kind by its name.
///
/// # Errors
/// `unknown_format`, with the nearest name.
pub fn find(name: &str) -> Result<Format> {
    let plain = name.trim().to_ascii_lowercase().replace(['_', ' ', '"'], "-");
    FORMATS.iter().find(|format| format.name == plain).copied().ok_or_else(|| {
        let all: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        let meant = nearest(&plain, all.iter().copied());
        let meant = meant.map_or_else(String::new, |meant| format!("did you mean `{meant}`? "));
        Error::new(Kind::Usage, "unknown_format", format!("there is no kind of record `{name}`"))
            .hint(format!("{meant}known: {}", all.join(", ")))
    })
}

impl Format {
    /// Seconds of a turn.
    #[must_use]
    pub fn turn_seconds(&self) -> f64 {
        60.0 / self.rpm
    }

    /// Speed of the groove under the stylus at a radius, cm/s.
    #[must_use]
    pub fn speed_cm_s(&self, radius_mm: f64) -> f64 {
        std::f64::consts::TAU * 0.1 * radius_mm / self.turn_seconds()
    }

    /// Level that custom allows for a side of a length, dB re reference level: between the rows of the table by line, the nearest
    /// row's slope beyond them, +6 dB at most. `None` where the side is longer than the table.
    #[must_use]
    pub fn level_for(&self, minutes: f64) -> Option<f64> {
        /// Louder is not offered by anybody.
        const MOST_DB: f64 = 6.0;
        let last = self.holds.last()?;
        if minutes > last.1 {
            return None;
        }
        let pairs = self.holds.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?)));
        let mut level = last.0;
        for ((louder, short), (quieter, long)) in pairs {
            if minutes <= long {
                level = quieter + (louder - quieter) * (long - minutes) / (long - short);
                break;
            }
        }
        Some(level.min(MOST_DB))
    }

    /// Longest side, minutes.
    #[must_use]
    pub fn most_minutes(&self) -> f64 {
        self.holds.last().map_or(0.0, |last| last.1)
    }
}
