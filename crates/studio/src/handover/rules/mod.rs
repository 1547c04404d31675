//! The rules of the gate, one per file. Each looks at the evidence and may say one thing.
//!
//! What no rule here can tell, because nothing in the file gives it away reliably:
//!
//! * a few dB of **bus compression** with a slow attack: on the labelled clips it moves the peak-to-loudness ratio by
//!   0.1 to 0.5 dB, songs differ by 5 dB ([`dense`] speaks only when little is left);
//! * **clipping of one track** inside the mix, or clipping followed by an equaliser: the tops are no longer flat;
//! * **lossy coding** above about 256 kbit/s, and coders that keep the whole band: there is no cliff;
//! * a **limiter that touched a few peaks**: fewer than eight stretches at the ceiling are not told from chance.

use super::analysis::Analysis;
use super::spectrum::LongTerm;
use crate::audio::Info;
use crate::message::{Finding, Severity};

mod clipped;
mod dc;
mod dense;
mod depth;
mod edges;
mod headroom;
mod level;
mod limited;
mod lossy;
mod mono;
mod not_finite;
mod phase;
mod rate;
mod short;
mod silence;
mod silent;
mod surround;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    /// What the file says it is.
    pub(super) info: &'a Info,
    /// The evidence.
    pub(super) analysis: &'a Analysis,
    /// The average spectrum.
    pub(super) spectrum: &'a LongTerm,
    /// Integrated loudness in LUFS, where it can be measured.
    pub(super) integrated_lufs: Option<f64>,
    /// True peak in dBTP.
    pub(super) true_peak_dbtp: f64,
    /// Median of peak to short-term loudness, in dB, where it can be measured.
    pub(super) psr_median_db: Option<f64>,
}

impl Case<'_> {
    /// Sample peak to loudness, where loudness can be measured.
    pub(super) fn plr_db(&self) -> Option<f64> {
        Some(dsp::math::gain_to_db(self.analysis.peak()) - self.integrated_lufs?)
    }
}

/// A rule: its name, whether what it finds makes mastering impossible, and the judgement.
pub(super) struct Rule {
    /// Key of its findings.
    pub(super) key: &'static str,
    /// Whether a file it stops cannot be mastered at all.
    pub(super) fatal: bool,
    /// Whether nothing that other rules might say means anything after it.
    pub(super) ends: bool,
    judge: fn(&Case<'_>) -> Option<Finding>,
}

impl Rule {
    const fn new(key: &'static str, judge: fn(&Case<'_>) -> Option<Finding>) -> Self {
        Self { key, fatal: false, ends: false, judge }
    }

    const fn fatal(key: &'static str, ends: bool, judge: fn(&Case<'_>) -> Option<Finding>) -> Self {
        Self { key, fatal: true, ends, judge }
    }

    /// What the rule has to say.
    pub(super) fn judge(&self, case: &Case<'_>) -> Option<Finding> {
        (self.judge)(case).map(|finding| Finding { rule: self.key, ..finding })
    }
}

/// Every rule, in the order in which findings of equal severity are told.
pub(super) const RULES: [Rule; 21] = [
    Rule::fatal("not_finite", false, not_finite::judge),
    Rule::fatal("too_short", true, short::judge),
    Rule::fatal("silent", true, silent::judge),
    Rule::fatal("surround", false, surround::judge),
    Rule::new("clipped", clipped::judge),
    Rule::new("limited", limited::judge),
    Rule::new("headroom", headroom::judge),
    Rule::new("dense", dense::judge),
    Rule::new("channel_silent", silent::one_channel),
    Rule::new("phase", phase::judge),
    Rule::new("mono", mono::judge),
    Rule::new("lossy", lossy::judge),
    Rule::new("upsampled", lossy::upsampled),
    Rule::new("sample_rate", rate::judge),
    Rule::new("bit_depth", depth::judge),
    Rule::new("dc", dc::judge),
    Rule::new("level", level::judge),
    Rule::new("abrupt_start", edges::start),
    Rule::new("abrupt_end", edges::end),
    Rule::new("silent_head", silence::head),
    Rule::new("silent_tail", silence::tail),
];

/// A finding that stops the file.
fn blocker(measured: String) -> Finding {
    Finding::new("", Severity::Blocker, measured)
}

/// A finding to look at.
fn warning(measured: String) -> Finding {
    Finding::new("", Severity::Warning, measured)
}

/// A finding that is good to know.
fn note(measured: String) -> Finding {
    Finding::new("", Severity::Info, measured)
}
