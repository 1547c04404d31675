//! Files that have been through a lossy coder, or through a lower sample rate.

use super::{Case, note, warning};
use crate::audio::Encoding;
use crate::message::Finding;

/// How deep a cliff must be. reference mastering.md 5.16 (> 40 dB); coded clips measure 49 to 71 dB, clean ones 29 at most.
const CLIFF_DB: f64 = 40.0;
/// Cliffs of coders lie between 14 kHz (MP3 at 96 kbit/s) and 20.5 kHz (320 kbit/s); higher is a converter's filter.
const CODER_HZ: std::ops::Range<f64> = 11_000.0..20_900.0;
/// Where 44.1 and 48 kHz end.
const OLD_HALF_HZ: std::ops::Range<f64> = 20_900.0..24_400.0;
/// Nothing above 24 kHz, in dB per bin re full-scale noise. reference mastering.md 5.16 (< -110).
const EMPTY_DB: f64 = -150.0;

/// A file that is lossy, or a cliff in its spectrum where coders cut.
pub(super) fn judge(case: &Case<'_>) -> Option<Finding> {
    if case.info.encoding == Encoding::Lossy {
        let finding = warning(format!("the file is lossy ({})", case.info.codec))
            .limit("WAV, AIFF or FLAC")
            .advice("export from the session as 24-bit or 32-bit float WAV; never master from a lossy file");
        return Some(finding);
    }
    let cliff = case.spectrum.cliff(f64::from(case.info.sample_rate_hz))?;
    (cliff.drop_db > CLIFF_DB && CODER_HZ.contains(&cliff.hz)).then(|| {
        warning(format!("the spectrum falls by {:.0} dB within 1 kHz at {:.1} kHz and stays there", cliff.drop_db, 1e-3 * cliff.hz))
            .limit("40 dB")
            .advice("this looks like a lossy file that was converted back (or a lower sample rate): export from the session again")
    })
}

/// A file at a high rate with the band of a lower one.
pub(super) fn upsampled(case: &Case<'_>) -> Option<Finding> {
    let rate = f64::from(case.info.sample_rate_hz);
    if rate < 47_000.0 || case.info.encoding == Encoding::Lossy {
        return None;
    }
    let cliff =
        case.spectrum.cliff(rate).filter(|cliff| cliff.drop_db > CLIFF_DB && OLD_HALF_HZ.contains(&cliff.hz));
    // At 88.2 kHz and more there is room to see that nothing at all is above 24 kHz.
    let empty = rate > 80_000.0 && case.spectrum.above_db(24_500.0, rate) < EMPTY_DB;
    let place = match cliff {
        Some(cliff) => format!("falls by {:.0} dB at {:.1} kHz", cliff.drop_db, 1e-3 * cliff.hz),
        None if empty => "is empty above 24.5 kHz".to_owned(),
        None => return None,
    };
    let finding = note(format!("the file has {:.1} kHz, but its spectrum {place}", 1e-3 * rate))
        .limit("a spectrum that reaches up")
        .advice("made at a lower rate and converted? Then send the original rate: converting adds nothing");
    Some(finding)
}
