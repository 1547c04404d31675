//! Bits.

use super::{Case, blocker, note, warning};
use crate::audio::Encoding;
use crate::message::Finding;

/// Word length below which a file is no mix for mastering: 24 bits are asked for everywhere, 16 are taken.
const FEWEST: u32 = 16;

const ADVICE: &str = "export as 24-bit or 32-bit float, without dither";

/// Fewer bits than the file could have, or should.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    let used = case.analysis.bits_used();
    let limit = |finding: Finding| finding.limit("24 bits or floating point").advice(ADVICE);
    match case.info.encoding {
        Encoding::Int(bits) if u32::from(bits) < FEWEST => Some(limit(blocker(format!("{bits}-bit file")))),
        Encoding::Int(bits) if u32::from(bits) == FEWEST => Some(limit(warning("16-bit file".to_owned()))),
        Encoding::Int(bits) | Encoding::Float(bits) => {
            // Silence uses no bits, and short simple signals few: only what looks like a converted 16-bit file is told.
            let used = used.filter(|&used| used > 0 && used <= FEWEST)?;
            let word =
                if matches!(case.info.encoding, Encoding::Int(_)) { "24-bit" } else { "floating-point" };
            let name = if bits == 24 { "24-bit" } else { word };
            (bits >= 24).then(|| limit(note(format!("only {used} bits of a {name} file are used"))))
        }
        Encoding::Lossy => None,
    }
}
