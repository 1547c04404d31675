//! Surround beds: a stereo session becomes one for 5.1 or 7.1.4, with the moves of the stereo mix and a few of its own.
//!
//! ```text
//! stereo session ─places→ who stands where, and why ─text→ session with a layout ─check→ groups, folded down, against the stereo mix
//! ```
//!
//! What leads and what carries stays in front: the lead voice has the centre to itself; drums, bass and the band stand in the front
//! pair exactly as in stereo. What surrounds a listener anyway (strings, choirs, effects, reverberation) goes round, and up where there
//! are tops. Places are chosen so that the stereo downmix of BS.775 has every group at its level.

mod check;
mod places;
#[cfg(test)]
mod tests;
mod text;

pub use check::{Fold, check};
pub use places::{Spot, spots};

use crate::moves::Move;
use studio::job::Job;
use studio::message::{Error, Finding, Kind, Result, Severity};
use studio::session::{self, BusLayout, Session};

/// A bed is proposed for these.
pub const LAYOUTS: [(&str, BusLayout); 2] =
    [("5.1", BusLayout::Surround51), ("7.1.4", BusLayout::Surround714)];
/// Farthest a group may be from its level in the stereo mix when it is folded down, LU. The bar of this room.
pub const MOST_OFF_LU: f64 = 1.0;

/// A bed.
#[derive(Debug, Clone)]
pub struct Bed {
    /// The session, with the record of moves.
    pub text: String,
    /// The moves of the bed alone.
    pub moves: Vec<Move>,
    /// Every group, folded down, against the stereo mix.
    pub folded: Vec<Fold>,
    /// What should be known.
    pub findings: Vec<Finding>,
}

/// The layout called so.
///
/// # Errors
/// `unknown_layout`.
pub fn layout(name: &str) -> Result<BusLayout> {
    let found = LAYOUTS.iter().find(|(own, _)| *own == name.trim()).map(|(_, layout)| *layout);
    found.ok_or_else(|| {
        let what = format!("no bed is proposed for `{}`", studio::message::clean(name));
        Error::new(Kind::Usage, "unknown_layout", what).hint("5.1 or 7.1.4")
    })
}

/// Proposes a bed for a stereo session and checks it by rendering: each group once in stereo and once in surround, and both mixes,
/// about four times what a print costs.
///
/// # Errors
/// `not_stereo` for a session that is surround already; those of the engine.
pub fn propose(stereo: &Session, name: &str, job: &Job<'_>) -> std::result::Result<Bed, Vec<Error>> {
    let one = |error: Error| vec![error];
    let layout = layout(name).map_err(one)?;
    if stereo.shape.layout != BusLayout::Stereo {
        let error = Error::new(Kind::Usage, "not_stereo", "this session has a surround layout already");
        return Err(one(error.at(&stereo.origin.file).hint("beds are proposed for a stereo session")));
    }
    let spots = spots(stereo, layout);
    let (text, moves) = text::write(stereo, layout, name, &spots).map_err(one)?;
    let options = session::Options { allow_external: true };
    let bed = Session::parse(&text, "the proposed bed", &stereo.origin.folder, options)?;
    let folded = check(stereo, &bed, job)?;
    let findings = folded.iter().filter_map(finding).collect();
    Ok(Bed { text, moves, folded, findings })
}

/// A group that is not where the stereo mix has it.
fn finding(fold: &Fold) -> Option<Finding> {
    (fold.off_lu().abs() > MOST_OFF_LU).then(|| {
        let what = format!("{:+.1} LU in the stereo downmix against the stereo mix", fold.off_lu());
        Finding::new("bed_downmix", Severity::Warning, what)
            .about(&fold.strip)
            .limit(format!("{MOST_OFF_LU:.0} LU"))
            .advice("move it towards the front (span_degrees = 60), or correct its fader")
    })
}
