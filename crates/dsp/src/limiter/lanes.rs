//! Gain lanes: one for all channels, or one per channel when the link is below 100 %.

use super::apply_gain;
use super::detector::NODES;
use super::gains_of;
use super::line::Line;
use super::release::{Nodes, Path, Timing};

/// Times of the two paths a stage blends between; a stage with one path has no second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Timings {
    pub(super) fast: Timing,
    pub(super) long: Option<Timing>,
}

#[derive(Debug)]
struct Lane {
    fast: Path,
    long: Option<Path>,
    last_reduction: f64,
    gains: Vec<f64>,
    touched: bool,
}

/// Look-ahead gain on all channels.
#[derive(Debug)]
pub(super) struct Lanes {
    group: usize,
    latency_nodes: usize,
    lag: usize,
    lanes: Vec<Lane>,
    /// One lane as long as everything was linked.
    active: usize,
    link: f64,
    link_target: f64,
    lines: Vec<Line>,
}

impl Lanes {
    /// `lag`: frames by which needs come later than the audio they belong to.
    pub(super) fn new(channels: usize, group: usize, nodes: Nodes, lag: usize, timings: Timings) -> Self {
        let hop = group * NODES;
        let lane = || Lane {
            fast: Path::new(nodes, timings.fast),
            long: timings.long.map(|timing| Path::new(nodes, timing)),
            last_reduction: 0.0,
            gains: vec![1.0; hop],
            touched: false,
        };
        let latency_nodes = nodes.latency();
        let keep = lag + (latency_nodes + 1) * group + hop;
        Self {
            group,
            latency_nodes,
            lag,
            lanes: (0..channels.max(1)).map(|_| lane()).collect(),
            active: 1,
            link: 1.0,
            link_target: 1.0,
            lines: (0..channels).map(|_| Line::new(keep, hop)).collect(),
        }
    }

    /// Frames between input and output.
    pub(super) fn delay(&self) -> usize {
        self.lag + (self.latency_nodes + 1) * self.group
    }

    /// New times and link (0 to 1), gone to without a click.
    pub(super) fn retune(&mut self, timings: Timings, link: f64) {
        self.link_target = link;
        for lane in &mut self.lanes {
            lane.fast.set_timing(timings.fast);
            if let (Some(path), Some(timing)) = (&mut lane.long, timings.long) {
                path.set_timing(timing);
            }
        }
    }

    pub(super) fn reset(&mut self) {
        self.lines.iter_mut().for_each(Line::reset);
        self.link = self.link_target;
        self.active = if self.link < 1.0 { self.lanes.len() } else { 1 };
        for lane in &mut self.lanes {
            lane.fast.reset();
            lane.long.iter_mut().for_each(Path::reset);
            lane.last_reduction = 0.0;
            lane.touched = false;
        }
    }

    /// Gives every channel its lane as soon as the link is not full, and keeps it.
    fn follow_link(&mut self) {
        if self.active == 1 && self.link_target < 1.0 {
            if let Some((first, others)) = self.lanes.split_first_mut() {
                for lane in others {
                    lane.fast.copy_from(&first.fast);
                    if let (Some(to), Some(from)) = (&mut lane.long, &first.long) {
                        to.copy_from(from);
                    }
                    lane.last_reduction = first.last_reduction;
                }
            }
            self.active = self.lanes.len();
        }
        // About 10 hops (15 ms) to a new link.
        let distance = self.link_target - self.link;
        self.link = if distance.abs() < 1e-4 { self.link_target } else { self.link + 0.1 * distance };
    }

    /// Whether all channels have one gain, now and in this hop.
    pub(super) fn all_linked(&self) -> bool {
        self.active == 1 && self.link_target >= 1.0
    }

    /// The newest `count` frames of a channel, `back` frames before the end.
    pub(super) fn tail(&self, channel: usize, back: usize, count: usize) -> &[f64] {
        self.lines[channel].tail(back, count)
    }

    /// Takes one hop of audio.
    pub(super) fn push(&mut self, audio: &[Vec<f64>]) {
        for (line, audio) in self.lines.iter_mut().zip(audio) {
            line.push(audio.len()).copy_from_slice(audio);
        }
    }

    /// Gives one hop of audio, with the gain that follows from the needs of each channel's nodes (which are changed).
    /// `blend`: share of the long path at begin and end of the hop. Returns the largest reduction of each node.
    pub(super) fn pull(
        &mut self,
        needs: &mut [[f64; NODES]],
        blend: (f64, f64),
        audio: &mut [Vec<f64>],
    ) -> [f64; NODES] {
        self.follow_link();
        self.link_needs(needs);
        let mut largest = [0.0; NODES];
        for (lane, needs) in self.lanes.iter_mut().take(self.active).zip(needs.iter()) {
            let nodes = lane.run(needs, blend, self.group);
            for (largest, node) in largest.iter_mut().zip(nodes) {
                *largest = f64::max(*largest, node);
            }
        }
        let (hop, back) = (self.group * NODES, self.delay() + self.group * NODES);
        for (channel, audio) in audio.iter_mut().enumerate() {
            audio.copy_from_slice(self.lines[channel].tail(back, hop));
            let lane = &self.lanes[if self.active == 1 { 0 } else { channel }];
            if lane.touched {
                apply_gain(audio, &lane.gains);
            }
        }
        largest
    }

    /// Smallest reduction over each group of the last hop of a channel (its two nodes), for predicting levels.
    pub(super) fn gain_at(&self, channel: usize, group: usize) -> f64 {
        let lane = &self.lanes[if self.active == 1 { 0 } else { channel }];
        if !lane.touched {
            return 1.0;
        }
        let at = group * self.group;
        f64::max(lane.gains[at], lane.gains[at + self.group - 1])
    }

    fn link_needs(&self, needs: &mut [[f64; NODES]]) {
        for node in 0..NODES {
            let linked = needs.iter().fold(0.0, |m, need| f64::max(m, need[node]));
            if self.active == 1 {
                if let Some(first) = needs.first_mut() {
                    first[node] = linked;
                }
            } else {
                for need in needs.iter_mut() {
                    need[node] = f64::max(need[node], super::window::grid(linked * self.link));
                }
            }
        }
    }
}

impl Lane {
    fn run(&mut self, needs: &[f64; NODES], blend: (f64, f64), group: usize) -> [f64; NODES] {
        let mut nodes = [0.0; NODES];
        if let Some(long) = &mut self.long {
            let mut longs = [0.0; NODES];
            Path::run_both(&mut self.fast, long, needs, [&mut nodes, &mut longs]);
            let step = (blend.1 - blend.0) / NODES as f64;
            for (i, (node, long)) in nodes.iter_mut().zip(longs).enumerate() {
                *node += (long - *node) * (blend.0 + step * (i + 1) as f64);
            }
        } else {
            self.fast.run(needs, &mut nodes);
        }
        self.touched = gains_of(&mut self.last_reduction, &nodes, group, &mut self.gains);
        nodes
    }
}
