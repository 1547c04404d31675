//! The verdict: one line, then what stands behind it.

use crate::heard::Heard;
use crate::markup::{Element, el};
use crate::pair::Pairing;
use crate::part::changes::headlines;
use crate::picture::{plain, signed};
use advice::assess::{Assessment, State};
use advice::compare::Comparison;
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
    /// Nothing but a name.
    #[must_use]
    pub fn plain(head: &str) -> Self {
        Self { state: "good", head: head.to_owned(), lines: Vec::new() }
    }

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

/// Of one file, as the assessment judges it.
#[must_use]
pub fn of_one(found: &Assessment) -> Verdict {
    let remarks = found.advice.iter().any(|advice| advice.severity >= Severity::Warning);
    let state = found.items.first().and_then(|item| item.states.first());
    let (class, head) = match (state, remarks) {
        (Some(State::Mix), false) => ("good", "Ready for mastering"),
        (Some(State::Mix), true) => ("good", "Ready for mastering, with remarks"),
        (Some(State::Master), false) => ("good", "This is a master"),
        (Some(State::Master), true) => ("warning", "This is a master, with remarks"),
        (Some(State::Doubtful), _) => ("warning", "Better exported again before it is mastered"),
        (Some(State::Broken) | None, _) => ("bad", "Nothing can be done with it as it is"),
    };
    let worst = found.advice.iter().filter(|advice| advice.severity >= Severity::Warning).take(3);
    let mut lines: Vec<String> = worst.map(|advice| format!("{} {}", advice.plain, advice.action)).collect();
    lines.extend(found.steps.first().filter(|_| !remarks).into_iter().flat_map(|step| step.because.clone()));
    Verdict { state: class, head: head.to_owned(), lines }
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
                    "The two cannot be laid on each other: {} and {} channels, or silence",
                    before.info.channels(),
                    after.info.channels()
                ),
            )
            .advice("Give two files with the same channels, and with sound, to compare and play them."),
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
    if pairing.inverted {
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
pub fn of_pair(before: &Heard, after: &Heard, changes: Option<&Comparison>, found: &[Finding]) -> Verdict {
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
    lines.extend(changes.into_iter().flat_map(headlines));
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
