//! From the reduction that is needed to the reduction that is applied.

use super::detector::NODES;
use super::line::Line;
use super::window::{BoxCascade, SlidingMax, grid};
use crate::math;

/// Times of one gain path.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// Time the gain takes to fall, before the peak.
    pub(super) lookahead_ms: f64,
    /// Time the gain stays down after a peak before it rises.
    pub(super) hold_ms: f64,
    /// Time constant of the rise after an isolated peak (63 % of the decibels).
    pub(super) release_ms: f64,
    /// Time constant where reduction lasts.
    pub(super) slow_release_ms: f64,
}

/// Time over which lasting reduction is judged. By calibration, 2026-11-21, see docs/decisions/021.
const AVERAGE_SECONDS: f64 = 0.4;
/// Average reduction at which the release is slowest. By calibration, 2026-11-21, see docs/decisions/021.
const SLOWEST_AT_DB: f64 = 6.0;
/// Decibels of one neper, 20 / ln 10.
const DB_PER_NEPER: f64 = 20.0 / math::LN_10;
/// Reduction that counts as none any more (a millionth of a decibel).
const LANDED: f64 = 1e-7;

/// Time constant at which a release comes down on a need that is still there, ms. The held peaks of low notes fall in steps, and a
/// release that follows each step modulates what sounds above them. Longer ones leave gain moving for longer than it has to:
/// by calibration, 2026-11-22, see docs/decisions/021.
const LANDING_MS: f64 = 10.0;

/// What runs for one set of times.
#[derive(Debug)]
struct Core {
    timing: Timing,
    /// Nodes the need is delayed by, so that every timing has the same latency.
    offset: usize,
    window: SlidingMax,
    boxes: BoxCascade,
    reduction: f64,
    /// The reduction at the end of the last hop, in nepers.
    nepers: f64,
    average_db: f64,
    /// Share of the way to the need that is left one node later.
    landing: f64,
}

/// Reduction that brings `level` down to `ceiling`, rounded up on the grid of reductions.
#[inline]
pub(super) fn need_of(level: f64, ceiling: f64) -> f64 {
    // Two steps of 2⁻³⁶ make up for rounding here and in the boxes.
    grid(1.0 - ceiling / level) + 2.0 / 68_719_476_736.0
}

/// Grid of the gain nodes and the longest times, which fix latency and memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Nodes {
    /// Nodes per second.
    pub(super) rate_hz: f64,
    /// Longest look-ahead there may be.
    pub(super) max_lookahead_ms: f64,
    /// Longest hold there may be.
    pub(super) max_hold_ms: f64,
}

impl Nodes {
    /// Length of each of three boxes that together last `lookahead_ms`.
    fn box_length(&self, lookahead_ms: f64) -> usize {
        let span = lookahead_ms.clamp(0.0, self.max_lookahead_ms) * 1e-3 * self.rate_hz;
        ((span / 3.0).round() as usize).max(1)
    }

    fn hold(&self, hold_ms: f64) -> usize {
        (hold_ms.clamp(0.0, self.max_hold_ms) * 1e-3 * self.rate_hz).round() as usize
    }

    /// Nodes between a need and the gain that answers it.
    pub(super) fn latency(&self) -> usize {
        BoxCascade::span(self.box_length(self.max_lookahead_ms)) - 1
    }

    fn history(&self) -> usize {
        2 * self.latency() + self.hold(self.max_hold_ms) + 2
    }
}

impl Core {
    fn new(nodes: &Nodes, timing: Timing) -> Self {
        let mut core = Self {
            timing,
            offset: 0,
            window: SlidingMax::new(nodes.latency() + 1 + nodes.hold(nodes.max_hold_ms)),
            boxes: BoxCascade::new(nodes.box_length(nodes.max_lookahead_ms)),
            reduction: 0.0,
            nepers: 0.0,
            average_db: 0.0,
            landing: math::exp(-1.0 / (LANDING_MS * 1e-3 * nodes.rate_hz)),
        };
        core.restart(nodes, timing);
        core
    }

    /// New times from silence.
    fn restart(&mut self, nodes: &Nodes, timing: Timing) {
        let length = nodes.box_length(timing.lookahead_ms);
        let reach = BoxCascade::span(length) - 1;
        self.timing = timing;
        self.offset = nodes.latency() - reach;
        // The hold is a longer memory of the window: it holds lower peaks that follow, too.
        self.window.restart(reach + 1 + nodes.hold(timing.hold_ms));
        self.boxes.restart(length);
        self.reduction = 0.0;
        self.nepers = 0.0;
        self.average_db = 0.0;
    }

    fn is_idle(&self) -> bool {
        self.reduction == 0.0 && self.window.is_idle() && self.boxes.is_idle()
    }

    /// Share of the reduction that is left one node later: exponential in decibels.
    ///
    /// With L the decibels and d the reduction, L' = -L/τ means d' = (1-d)·ln(1-d)/τ.
    fn keep(&self, nodes: &Nodes) -> f64 {
        // A blow deeper than the average comes back fast, the average itself slowly: two releases in one.
        let left = (1.0 - self.reduction).max(1e-9);
        let nepers = self.nepers;
        let lasting = (self.average_db / f64::max(SLOWEST_AT_DB, nepers * DB_PER_NEPER)).min(1.0);
        let Timing { release_ms, slow_release_ms, .. } = self.timing;
        let tau_nodes = (release_ms + (slow_release_ms - release_ms) * lasting) * 1e-3 * nodes.rate_hz;
        // The limit at no reduction is one.
        let steepness = if self.reduction > 0.0 { left * nepers / self.reduction } else { 1.0 };
        math::exp(-steepness / tau_nodes.max(1e-3))
    }

    #[inline]
    fn step(&mut self, need: f64, keep: f64) -> f64 {
        let held = self.window.push(need);
        let mut released = self.reduction * keep;
        if held > 0.0 {
            // The last bit of the way is gone slowly.
            released = f64::max(released, held + (self.reduction - held) * self.landing);
        }
        self.reduction = grid(if held > released { held } else { released });
        if self.reduction < LANDED {
            self.reduction = 0.0;
        }
        self.boxes.push(self.reduction)
    }

    fn follow_average(&mut self, nodes: &Nodes, steps: usize) {
        self.nepers = if self.reduction > 0.0 { -math::ln((1.0 - self.reduction).max(1e-9)) } else { 0.0 };
        let blend = (steps as f64 / (AVERAGE_SECONDS * nodes.rate_hz)).min(1.0);
        self.average_db += (self.nepers * DB_PER_NEPER - self.average_db) * blend;
        if self.average_db < LANDED {
            self.average_db = 0.0;
        }
    }

    /// The needs of this hop, as they come after the delay; `None` where nothing is to be done about them.
    fn needs<'a>(&self, history: &'a Line) -> Option<&'a [f64]> {
        let needs = history.tail(NODES + self.offset, NODES);
        (!self.is_idle() || needs.iter().any(|need| *need != 0.0)).then_some(needs)
    }

    fn run(&mut self, nodes: &Nodes, history: &Line, out: &mut [f64; NODES]) {
        match self.needs(history) {
            None => out.fill(0.0),
            Some(needs) => {
                let keep = self.keep(nodes);
                for (need, out) in needs.iter().zip(out.iter_mut()) {
                    *out = self.step(*need, keep);
                }
            }
        }
        self.follow_average(nodes, NODES);
    }

    /// Two of them, each as by itself: one works while the other waits for its own last step.
    fn run_both([a, b]: [(&mut Self, &Nodes, &Line); 2], [a_out, b_out]: [&mut [f64; NODES]; 2]) {
        let ((a, a_nodes, a_history), (b, b_nodes, b_history)) = (a, b);
        let (Some(a_needs), Some(b_needs)) = (a.needs(a_history), b.needs(b_history)) else {
            a.run(a_nodes, a_history, a_out);
            b.run(b_nodes, b_history, b_out);
            return;
        };
        let (a_keep, b_keep) = (a.keep(a_nodes), b.keep(b_nodes));
        let outs = a_out.iter_mut().zip(b_out);
        for ((a_need, b_need), (a_out, b_out)) in a_needs.iter().zip(b_needs).zip(outs) {
            *a_out = a.step(*a_need, a_keep);
            *b_out = b.step(*b_need, b_keep);
        }
        a.follow_average(a_nodes, NODES);
        b.follow_average(b_nodes, NODES);
    }

    fn copy_from(&mut self, other: &Self) {
        (self.timing, self.offset) = (other.timing, other.offset);
        (self.reduction, self.nepers, self.average_db) = (other.reduction, other.nepers, other.average_db);
        self.window.copy_from(&other.window);
        self.boxes.copy_from(&other.boxes);
    }
}

/// Look-ahead, hold, release and smoothing of one reduction; times can be changed while it runs.
///
/// The result is never below the need at the same place: the window holds each need for as long as the boxes reach.
#[derive(Debug)]
pub(super) struct Path {
    nodes: Nodes,
    history: Line,
    now: Core,
    before: Core,
    /// Share of the times before a change, 1 falling to 0.
    fade: f64,
    wanted: Timing,
}

/// Hops a change of times is faded over (about 50 ms). By our own convention of the meters: no step above -90 dB.
const FADE_HOPS: f64 = 32.0;

impl Path {
    pub(super) fn new(nodes: Nodes, timing: Timing) -> Self {
        Self {
            nodes,
            history: Line::new(nodes.history(), NODES),
            now: Core::new(&nodes, timing),
            before: Core::new(&nodes, timing),
            fade: 0.0,
            wanted: timing,
        }
    }

    /// Times to go to, from the next hop on.
    pub(super) fn set_timing(&mut self, timing: Timing) {
        self.wanted = timing;
    }

    pub(super) fn reset(&mut self) {
        self.history.reset();
        self.fade = 0.0;
        self.now.restart(&self.nodes, self.wanted);
    }

    fn begin_fade(&mut self) {
        std::mem::swap(&mut self.now, &mut self.before);
        self.now.restart(&self.nodes, self.wanted);
        self.now.average_db = self.before.average_db;
        // The past through the new times, up to the hop before this one.
        let past = self.nodes.history() - self.now.offset;
        let keep = self.before.keep(&self.nodes);
        for need in self.history.tail(NODES + self.nodes.history(), past) {
            self.now.step(*need, keep);
        }
        self.now.follow_average(&self.nodes, 0);
        self.fade = 1.0;
    }

    /// One hop: needs in, reductions out (for the place [`Nodes::latency`] nodes before).
    pub(super) fn run(&mut self, needs: &[f64; NODES], out: &mut [f64; NODES]) {
        self.history.push(NODES).copy_from_slice(needs);
        if self.fade <= 0.0 && self.wanted != self.now.timing {
            self.begin_fade();
        }
        self.now.run(&self.nodes, &self.history, out);
        if self.fade > 0.0 {
            let mut old = [0.0; NODES];
            self.before.run(&self.nodes, &self.history, &mut old);
            let step = 1.0 / (FADE_HOPS * NODES as f64);
            for (out, old) in out.iter_mut().zip(old) {
                self.fade = (self.fade - step).max(0.0);
                *out += (old - *out) * self.fade;
            }
        }
    }

    /// [`run`](Self::run) of two paths on the same needs, side by side.
    pub(super) fn run_both(a: &mut Self, b: &mut Self, needs: &[f64; NODES], out: [&mut [f64; NODES]; 2]) {
        let stands = |path: &Self| path.fade <= 0.0 && path.wanted == path.now.timing;
        let [a_out, b_out] = out;
        if !(stands(a) && stands(b)) {
            a.run(needs, a_out);
            b.run(needs, b_out);
            return;
        }
        a.history.push(NODES).copy_from_slice(needs);
        b.history.push(NODES).copy_from_slice(needs);
        Core::run_both(
            [(&mut a.now, &a.nodes, &a.history), (&mut b.now, &b.nodes, &b.history)],
            [a_out, b_out],
        );
    }

    /// Takes over the state of a path made alike.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.history.copy_from(&other.history);
        self.now.copy_from(&other.now);
        self.before.copy_from(&other.before);
        (self.fade, self.wanted) = (other.fade, other.wanted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODES_44: Nodes = Nodes { rate_hz: 11_025.0, max_lookahead_ms: 12.0, max_hold_ms: 20.0 };

    fn run(timing: Timing, needs: &[f64]) -> Vec<f64> {
        let mut path = Path::new(NODES_44, timing);
        let mut out = [0.0; NODES];
        needs
            .as_chunks::<NODES>()
            .0
            .iter()
            .flat_map(|needs| {
                path.run(needs, &mut out);
                out
            })
            .collect()
    }

    #[test]
    fn a_reduction_is_never_less_than_its_need() {
        let needs: Vec<f64> = testkit::signals::noise(1.0, 5, 16_000)
            .iter()
            .map(|x| (x.abs() - 0.98).max(0.0) * 20.0)
            .collect();
        for lookahead_ms in [1.0, 4.0, 12.0] {
            let timing = Timing { lookahead_ms, hold_ms: 0.0, release_ms: 5.0, slow_release_ms: 5.0 };
            let out = run(timing, &needs);
            for (n, need) in needs.iter().enumerate().take(needs.len() - NODES_44.latency()) {
                assert!(out[n + NODES_44.latency()] >= need - 1e-9, "{lookahead_ms} ms, node {n}");
            }
        }
    }

    #[test]
    fn two_paths_side_by_side_have_the_bits_of_each_by_itself() {
        let noise = testkit::signals::noise(1.0, 9, 16_000);
        // Stretches without any need, in which both come to rest, the longer one later.
        let needs: Vec<f64> = (0..16_000)
            .map(|n| if n % 8000 < 700 { super::grid((noise[n].abs() - 0.9).max(0.0) * 4.0) } else { 0.0 })
            .collect();
        let timing = |lookahead_ms, release_ms| Timing {
            lookahead_ms,
            hold_ms: 1.0,
            release_ms,
            slow_release_ms: 2.0 * release_ms,
        };
        let (short, long) = (timing(2.0, 4.0), timing(11.0, 12.0));
        let (mut a, mut b) = (Path::new(NODES_44, short), Path::new(NODES_44, long));
        let (mut c, mut d) = (Path::new(NODES_44, short), Path::new(NODES_44, long));
        for (hop, needs) in needs.as_chunks::<NODES>().0.iter().enumerate() {
            if hop == 60 {
                // A change of times on the way.
                [&mut a, &mut c].into_iter().for_each(|path| path.set_timing(timing(5.0, 8.0)));
            }
            let [mut one, mut two, mut three, mut four] = [[0.0; NODES]; 4];
            Path::run_both(&mut a, &mut b, needs, [&mut one, &mut two]);
            c.run(needs, &mut three);
            d.run(needs, &mut four);
            assert_eq!((one, two), (three, four), "hop {hop}");
        }
        assert!(a.now.is_idle() && b.now.is_idle());
    }

    #[test]
    fn the_release_covers_63_percent_of_the_decibels_in_its_time() {
        // One isolated 6 dB need, 100 ms release whatever the programme.
        let mut needs = vec![0.0; 8000];
        needs[1000] = 0.5;
        let timing = Timing { lookahead_ms: 1.0, hold_ms: 0.0, release_ms: 100.0, slow_release_ms: 100.0 };
        let out = run(timing, &needs);
        let at = 1000 + NODES_44.latency();
        let db = |d: f64| -math::gain_to_db(1.0 - d);
        let start = out[at..at + 40].iter().position(|d| *d < 0.5 - 1e-9).unwrap();
        let later = at + start + 1102;
        assert!((db(out[later]) / 6.0206 - 0.3679).abs() < 0.02, "{}", db(out[later]));
        assert!(out[7999] < 0.002, "{}", out[7999]);
    }

    fn step(hold_ms: f64, slow_release_ms: f64, length: usize) -> Vec<f64> {
        let mut needs = vec![0.0; 8000];
        needs[1000..1000 + length].fill(0.5);
        run(Timing { lookahead_ms: 4.0, hold_ms, release_ms: 50.0, slow_release_ms }, &needs)
    }

    #[test]
    fn the_gain_takes_the_look_ahead_to_fall() {
        let out = step(0.0, 50.0, 1000);
        let begin = out.iter().position(|d| *d > 0.0).unwrap();
        let there = out.iter().position(|d| *d > 0.499_99).unwrap();
        let took_ms = (there - begin) as f64 / 11.025;
        assert!((3.6..=4.1).contains(&took_ms), "{took_ms}");
    }

    #[test]
    fn a_hold_is_as_much_longer_at_the_bottom() {
        let falls = |hold_ms| step(hold_ms, 50.0, 1).iter().rposition(|d| *d > 0.499_99).unwrap();
        let (plain, held) = (falls(0.0), falls(10.0));
        // 10 ms of 11.025 nodes.
        assert!(held.abs_diff(plain + 110) <= 1, "{plain} {held}");
    }

    #[test]
    fn a_release_lands_softly_on_a_need_that_falls_in_steps() {
        // 6 dB, then every 8 ms a tenth of a decibel less, as the peaks of a low note leave it.
        let mut needs = vec![0.5; 2000];
        for step in 0..40 {
            needs.extend([1.0 - math::db_to_gain(-6.0 + 0.1 * f64::from(step))].repeat(88));
        }
        let timing = Timing { lookahead_ms: 2.0, hold_ms: 0.0, release_ms: 20.0, slow_release_ms: 20.0 };
        let out = run(timing, &needs);
        let latency = NODES_44.latency();
        let db = |n: usize| -math::gain_to_db(1.0 - out[n + latency]);
        let (mut most, mut least) = (0.0_f64, f64::INFINITY);
        for n in 4000..5000 {
            let fall = db(n) - db(n + 11);
            (most, least) = (most.max(fall), least.min(fall));
        }
        // 0.0125 dB in a millisecond; steps would go in 2 ms, by 0.05 dB in each, and stand still for the rest.
        assert!(most < 0.025 && least > 0.004, "{most} {least}");
        // And no more than a landing late: 10 ms and the look-ahead.
        let late = db(4500) - -math::gain_to_db(1.0 - needs[4500]);
        assert!((0.0..0.25).contains(&late), "{late}");
    }

    #[test]
    fn what_lasts_0_4_seconds_has_63_percent_of_the_slow_release() {
        // The average of 6.02 dB is at 1 - 1/e after 0.4 s (and the 4 ms of the window): from 50 ms on the way to 500 ms,
        // 0.636 of it are 336 ms.
        let out = step(0.0, 500.0, 4410);
        let db = |n: usize| -math::gain_to_db(1.0 - out[n]);
        let at = out.iter().rposition(|d| *d > 0.499).unwrap() + 55;
        let left = db(at + 220) / db(at);
        let wanted = math::exp(-220.0 / 11.025 / 336.0);
        assert!((left - wanted).abs() < 0.01, "{left} {wanted}");
    }
}
