//! The verdict: one line, then what stands behind it.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::pair::Pairing;
use crate::picture::{plain, signed, tone};
use studio::handover;
use studio::message::{Finding, Severity};

/// What is said first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// `good`, `warning` or `bad`.
    pub state: &'static str,
    /// The line.
    pub head: String,
    /// What stands behind it.
    pub lines: Vec<String>,
}

impl Verdict {
    /// On the page.
    #[must_use]
    pub fn part(&self) -> Element {
        let lines = self.lines.iter().map(|line| el("li").text(line));
        el("section")
            .class(format!("card verdict {}", self.state))
            .attr("aria-labelledby", "verdict-title")
            .child(el("h2").attr("id", "verdict-title").text(&self.head))
            .child(el("ul").children(lines))
    }
}

/// Of one file, as the hand-over gate judges a mix.
#[must_use]
pub fn of_mix(gate: &handover::Verdict) -> Verdict {
    let (state, head) = match (gate.passed(), gate.is_fatal(), gate.findings.is_empty()) {
        (true, _, true) => ("good", "Ready for mastering"),
        (true, _, false) => ("good", "Ready for mastering, with remarks"),
        (false, false, _) => ("warning", "As a mix, not ready for mastering"),
        (false, true, _) => ("bad", "Cannot be mastered"),
    };
    let mut lines: Vec<String> = gate
        .findings
        .first()
        .map(|finding| format!("{}. {}", finding.measured, finding.advice))
        .into_iter()
        .collect();
    if !gate.passed() {
        lines.push("The file is judged as a mix here. Of a finished master, which is loud on purpose, read the numbers and the services below.".to_owned());
    }
    Verdict { state, head: head.to_owned(), lines }
}

/// Largest true peak without a remark, dBTP: full scale, over which converters may clip. Source: ITU-R BS.1770-5, annex 2.
const FULL_SCALE_DBTP: f64 = 0.0;
/// PLR under which a master is called dense. By convention, as of the targets that name one.
const DENSE_PLR_LU: f64 = 8.0;
/// Difference of loudness that nobody hears, LU. By convention.
const SAME_LU: f64 = 0.2;

/// What should be known of the later of two versions.
#[must_use]
pub fn findings(before: &Heard, after: &Heard, pairing: Option<&Pairing>) -> Vec<Finding> {
    let m = &after.measured;
    let mut found = Vec::new();
    let peak = m.true_peak_worst_dbtp();
    if peak > FULL_SCALE_DBTP {
        found.push(
            Finding::new("true_peak_over", Severity::Warning, format!("After peaks at {} dBTP between its samples", signed(peak, 2)))
                .seconds(m.true_peak_seconds)
                .limit("0 dBTP")
                .advice("Master it again with a ceiling of −1 dBTP; players and lossy encoders may distort it as it is."),
        );
    }
    if let Some(plr) = m.plr_lu.filter(|plr| *plr < DENSE_PLR_LU) {
        found.push(
            Finding::new("dense", Severity::Warning, format!("The peaks of after stand only {} LU over its loudness", plain(plr, 1)))
                .limit("8 LU")
                .advice("Compare it with before at equal loudness in the player; if before sounds bigger, master with a lower intensity."),
        );
    }
    match pairing {
        Some(pairing) if !pairing.aligned => found.push(
            Finding::new(
                "not_the_same",
                Severity::Warning,
                "These do not seem to be two versions of one sound".to_owned(),
            )
            .advice("Check that the right two files were given; they are compared as they lie."),
        ),
        Some(pairing) => found.extend(laid(pairing)),
        None => found.push(
            Finding::new(
                "not_compared",
                Severity::Info,
                format!(
                    "{} and {} channels cannot be laid on each other",
                    before.info.channels(),
                    after.info.channels()
                ),
            )
            .advice("Give two files with the same channels to compare and play them."),
        ),
    }
    found
}

fn laid(pairing: &Pairing) -> Vec<Finding> {
    let mut found = Vec::new();
    let lag = pairing.lag_frames;
    if lag != 0 {
        let ms = 1000.0 * lag.abs() as f64 / f64::from(pairing.rate_hz);
        let way = if lag > 0 { "later" } else { "earlier" };
        found.push(
            Finding::new("shifted", Severity::Info, format!("After lies {} samples ({ms:.2} ms) {way} than before", lag.abs()))
                .advice("Nothing for a release; move it back by as much before you use it beside the other tracks. The player already does."),
        );
    }
    if pairing.correlation < 0.0 {
        found.push(
            Finding::new(
                "polarity",
                Severity::Warning,
                "After has its polarity turned round against before".to_owned(),
            )
            .advice("Turn the polarity of both channels in the chain unless that was wanted."),
        );
    }
    found
}

/// Of two versions.
#[must_use]
pub fn of_pair(before: &Heard, after: &Heard, pairing: Option<&Pairing>, found: &[Finding]) -> Verdict {
    let (a, b) = (&before.measured, &after.measured);
    let mut lines = Vec::new();
    let mut head = "Before and after".to_owned();
    if let (Some(was), Some(is)) = (a.integrated_lufs, b.integrated_lufs) {
        let change = is - was;
        head = match change {
            change if !change.is_finite() => head,
            change if change > SAME_LU => format!("{} LU louder than before", plain(change, 1)),
            change if change < -SAME_LU => format!("{} LU softer than before", plain(-change, 1)),
            _ => "As loud as before".to_owned(),
        };
        lines.push(format!(
            "{} → {} LUFS. Louder always seems better at first: the player below plays both equally loud.",
            plain(was, 1),
            plain(is, 1)
        ));
    }
    if let (Some(was), Some(is)) = (a.plr_lu, b.plr_lu) {
        let words = match is - was {
            change if change < -1.0 => "the peaks stand less far out: it is denser",
            change if change > 1.0 => "the peaks stand further out: it is more open",
            _ => "the punch of the peaks is as it was",
        };
        lines.push(format!("PLR {} → {} LU: {words}.", plain(was, 1), plain(is, 1)));
    }
    if pairing.is_some_and(|pairing| pairing.aligned) {
        lines.push(format!("{}, at equal loudness.", tone::words(&tone::changes(before, after))));
    }
    if let (Some(was), Some(is)) = (a.side_to_mid_db, b.side_to_mid_db) {
        let words = match is - was {
            change if !change.is_finite() || change.abs() < 0.5 => "as wide as before".to_owned(),
            change if change > 0.0 => format!("wider by {} dB of side", plain(change, 1)),
            change => format!("narrower by {} dB of side", plain(-change, 1)),
        };
        lines.push(format!("It is {words}."));
    }
    let worst = found.iter().map(|finding| finding.severity).max();
    let state = match worst {
        Some(Severity::Blocker) => "bad",
        Some(Severity::Warning) => "warning",
        _ => "good",
    };
    let remarks = found.iter().filter(|finding| finding.severity >= Severity::Warning).count();
    if remarks > 0 {
        head.push_str(if remarks == 1 { ", with a remark" } else { ", with remarks" });
    }
    Verdict { state, head, lines }
}
