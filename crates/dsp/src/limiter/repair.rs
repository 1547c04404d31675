//! Verify and repair: what still stands above the ceiling gets a short dip.

use super::detector::{Closeup, Detector, NODES};
use super::line::Line;
use super::release::need_of;
use super::window::{BoxCascade, SlidingMax, grid};
use super::{apply_gain, gains_of};

/// Length of a dip to either side of a peak (mastering reference 5.2, step 7).
const DIP_MS: f64 = 1.5;
/// Share of the ceiling above which a level told by an earlier stage is measured anew.
const VERIFY_FROM: f64 = 0.97;
/// The repair begins 0.005 dB above what the stages before aim at, and aims 0.005 dB below that, so that rounds end.
const TRIGGER: f64 = 1.000_58;
const AIM: f64 = 0.999_42;
/// Frames to either side of a hop that are looked at.
const AROUND: usize = Closeup::AROUND.next_multiple_of(16);

/// One round. Gains are linked over all channels.
#[derive(Debug)]
pub(super) struct Repair {
    group: usize,
    reach: usize,
    closeup: Closeup,
    lines: Vec<Line>,
    levels: Vec<Line>,
    window: SlidingMax,
    boxes: BoxCascade,
    last_need: f64,
    last_reduction: f64,
    gains: Vec<f64>,
    /// Largest reduction so far.
    pub(super) deepest: f64,
}

impl Repair {
    /// A round for groups of `group` frames.
    pub(super) fn new(channels: usize, group: usize, node_rate_hz: f64) -> Self {
        let length = ((DIP_MS * 1e-3 * node_rate_hz / 3.0).round() as usize).max(1);
        let reach = BoxCascade::span(length) - 1;
        let mut window = SlidingMax::new(reach + 1);
        window.restart(reach + 1);
        let hop = group * NODES;
        let keep = 2 * AROUND + (reach + 2) * group + hop;
        let nodes = AROUND / group + reach + 2 + NODES;
        Self {
            group,
            reach,
            closeup: Closeup::new(hop),
            lines: (0..channels).map(|_| Line::new(keep, hop)).collect(),
            levels: (0..channels).map(|_| Line::new(nodes, NODES)).collect(),
            window,
            boxes: BoxCascade::new(length),
            last_need: 0.0,
            last_reduction: 0.0,
            gains: vec![1.0; hop],
            deepest: 0.0,
        }
    }

    /// Groups between input and output.
    fn delay_groups(&self) -> usize {
        AROUND / self.group + self.reach + 1
    }

    /// Frames between input and output.
    pub(super) fn delay(&self) -> usize {
        self.delay_groups() * self.group
    }

    pub(super) fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        self.levels.iter_mut().for_each(Line::reset);
        self.window.restart(self.reach + 1);
        self.boxes.restart(((self.reach) / 3) + 1);
        (self.last_need, self.last_reduction, self.deepest) = (0.0, 0.0, 0.0);
    }

    /// One hop in place: audio, and the level of each group as far as it is known (zero: known to be fine).
    pub(super) fn run(
        &mut self,
        detector: &Detector,
        ceiling: f64,
        audio: &mut [Vec<f64>],
        levels: &mut [[f64; NODES]],
    ) {
        let hop = self.group * NODES;
        let mut needs = [0.0; NODES];
        for (channel, audio) in audio.iter().enumerate() {
            self.lines[channel].push(hop).copy_from_slice(audio);
            self.levels[channel].push(NODES).copy_from_slice(&levels[channel]);
            self.measure(channel, detector, ceiling, &mut needs);
        }
        let touched = self.smooth(&needs);
        let (back, nodes_back) = (self.delay() + hop, self.delay_groups() + NODES);
        for (channel, audio) in audio.iter_mut().enumerate() {
            audio.copy_from_slice(self.lines[channel].tail(back, hop));
            levels[channel].copy_from_slice(self.levels[channel].tail(nodes_back, NODES));
            if touched {
                apply_gain(audio, &self.gains);
            }
            self.pass_on(&mut levels[channel], touched);
        }
    }

    /// Needs of the groups whose surroundings are known by now.
    fn measure(&mut self, channel: usize, detector: &Detector, ceiling: f64, needs: &mut [f64; NODES]) {
        let groups_back = AROUND / self.group;
        let hop = self.group * NODES;
        let levels = self.levels[channel].tail(groups_back + NODES, NODES);
        let audio = self.lines[channel].tail(AROUND + Closeup::AROUND + hop, 2 * Closeup::AROUND + hop);
        self.closeup.begin();
        for (g, need) in needs.iter_mut().enumerate() {
            if levels[g] < ceiling * VERIFY_FROM {
                continue;
            }
            let level = self.closeup.level(detector, audio, (g, self.group), ceiling);
            if level > ceiling * TRIGGER {
                *need = f64::max(*need, need_of(level, ceiling * AIM));
            }
        }
    }

    /// Gains of the hop that leaves; false when they are all one.
    fn smooth(&mut self, needs: &[f64; NODES]) -> bool {
        let quiet = needs.iter().all(|need| *need == 0.0);
        if quiet
            && self.last_need == 0.0
            && self.window.is_idle()
            && self.boxes.is_idle()
            && self.last_reduction == 0.0
        {
            return false;
        }
        let mut nodes = [0.0; NODES];
        for (node, need) in nodes.iter_mut().zip(needs) {
            let both = f64::max(*need, self.last_need);
            self.last_need = *need;
            *node = self.boxes.push(grid(self.window.push(both)));
            self.deepest = f64::max(self.deepest, *node);
        }
        gains_of(&mut self.last_reduction, &nodes, self.group, &mut self.gains)
    }

    /// Tells the next round where to look: only where this one changed something.
    fn pass_on(&self, levels: &mut [f64; NODES], touched: bool) {
        for (level, gains) in levels.iter_mut().zip(self.gains.chunks_exact(self.group)) {
            let dipped = touched && gains.iter().any(|gain| *gain != 1.0);
            if !dipped {
                *level = 0.0;
            }
        }
    }
}
