//! Attacks, and the map of time that keeps them whole.

/// Short blocks per frame in which the energy of the slope is taken.
const BLOCKS_PER_FRAME: usize = 32;
/// Blocks before, of which an attack must stand out. By calibration, 2026-11-21: a third of a frame, longer than the
/// period of any bass.
const BLOCKS_BEFORE: usize = 12;
/// How far, in energy, an attack stands out: 6 dB. By calibration, 2026-11-21.
const ATTACK_RISE: f64 = 4.0;
/// Attacks that are remembered; older ones are out of every frame.
const REMEMBERED: usize = 64;

/// Finds attacks in the energy of the slope of the signal (which weighs high frequencies as they sound).
#[derive(Debug, Clone)]
pub(super) struct Onsets {
    block: usize,
    last: Vec<f64>,
    filled: usize,
    energy: f64,
    /// Energy of the slope, sample by sample, of the block that fills.
    slopes: Vec<f64>,
    before: [f64; BLOCKS_BEFORE],
    blocks: i64,
    /// Where attacks are, in input frames, oldest first.
    found: Vec<i64>,
    /// Those that stand far enough apart for time to be mended in between.
    anchors: Vec<i64>,
    quiet_until: i64,
    spacing: i64,
}

impl Onsets {
    pub(super) fn new(len: usize, channels: usize) -> Self {
        Self {
            block: (len / BLOCKS_PER_FRAME).max(1),
            slopes: vec![0.0; (len / BLOCKS_PER_FRAME).max(1)],
            last: vec![0.0; channels],
            filled: 0,
            energy: 0.0,
            before: [0.0; BLOCKS_BEFORE],
            blocks: 0,
            found: Vec::with_capacity(REMEMBERED),
            anchors: Vec::with_capacity(REMEMBERED),
            quiet_until: 0,
            spacing: (len / 4) as i64,
        }
    }

    pub(super) fn reset(&mut self) {
        self.last.fill(0.0);
        self.before.fill(0.0);
        self.found.clear();
        self.anchors.clear();
        (self.filled, self.energy, self.blocks, self.quiet_until) = (0, 0.0, 0, 0);
    }

    /// Input frames that have been judged.
    pub(super) fn judged(&self) -> i64 {
        self.blocks * self.block as i64
    }

    /// Takes one frame.
    pub(super) fn push(&mut self, anchor_spacing: f64, sample: impl Fn(usize) -> f64) {
        let mut energy = 0.0;
        for (channel, last) in self.last.iter_mut().enumerate() {
            let x = sample(channel);
            let slope = x - *last;
            energy += slope * slope;
            *last = x;
        }
        self.slopes[self.filled] = energy;
        self.energy += energy;
        self.filled += 1;
        if self.filled == self.block {
            self.judge(anchor_spacing);
        }
    }

    fn judge(&mut self, anchor_spacing: f64) {
        let start = self.judged();
        let most = self.before.iter().fold(0.0, |m: f64, e| m.max(*e));
        // -100 dBFS of slope per frame and channel: below that nothing is an attack.
        let floor = 1e-10 * (self.block * self.last.len()) as f64;
        if self.energy > ATTACK_RISE * most.max(floor) && start >= self.quiet_until {
            // To the sample: where the slope first comes within 12 dB of its peak.
            let peak = self.slopes.iter().fold(0.0, |m: f64, e| m.max(*e));
            let at = start + self.slopes.iter().position(|e| *e >= peak / 16.0).unwrap_or(0) as i64;
            remember(&mut self.found, at);
            if self.anchors.last().is_none_or(|last| (at - last) as f64 >= anchor_spacing) {
                remember(&mut self.anchors, at);
            }
            self.quiet_until = start + self.spacing;
        }
        self.before[(self.blocks as usize) % BLOCKS_BEFORE] = self.energy;
        self.blocks += 1;
        (self.filled, self.energy) = (0, 0.0);
    }

    /// Whether there is an attack from `from` up to `to`.
    pub(super) fn any(&self, from: i64, to: i64) -> bool {
        self.found.iter().any(|at| (from..to).contains(at))
    }

    /// Attacks to hold time by, oldest first.
    pub(super) fn anchors(&self) -> &[i64] {
        &self.anchors
    }
}

fn remember(list: &mut Vec<i64>, at: i64) {
    if list.len() == REMEMBERED {
        list.remove(0);
    }
    list.push(at);
}

/// From output time to input time: the factor as a whole, but the pace of the input around attacks.
///
/// Within `reach` of an attack input and output go side by side, with the attack where the factor puts it; the time lost
/// or won is made good before and after.
#[derive(Debug, Clone)]
pub(super) struct TimeMap {
    factor: f64,
    reach: f64,
}

impl TimeMap {
    pub(super) fn new(factor: f64, reach: f64) -> Self {
        Self { factor, reach }
    }

    /// Input frames beyond `output / factor` within which attacks must be known.
    pub(super) fn look_ahead(&self) -> f64 {
        self.reach * (1.0 + 1.0 / self.factor)
    }

    /// Distance from one anchor to the next, in input frames, below which time cannot be mended.
    pub(super) fn anchor_spacing(&self) -> f64 {
        2.0 * self.reach * f64::max(1.0, 1.0 / self.factor)
    }

    /// Farthest the input can be ahead of the factor's pace, or behind it.
    pub(super) fn most_lead(&self) -> f64 {
        self.reach * (1.0 - 1.0 / self.factor).abs()
    }

    /// Input time of an output time, given the anchors so far.
    pub(super) fn input(&self, output: f64, anchors: &[i64]) -> f64 {
        let horizon = output / self.factor + self.look_ahead();
        let (mut before, mut after): (Option<f64>, Option<f64>) = (None, None);
        for attack in anchors.iter().map(|at| *at as f64).filter(|at| *at < horizon) {
            if attack * self.factor <= output {
                before = Some(attack);
            } else if after.is_none() {
                after = Some(attack);
            }
        }
        let gap = match (before, after) {
            (Some(a), Some(b)) => (b - a) * self.factor,
            _ => f64::INFINITY,
        };
        let home = (0.5 * gap - self.reach).min(self.factor * self.reach);
        let lead =
            |attack: Option<f64>| attack.map_or(0.0, |attack| self.lead(output - attack * self.factor, home));
        output / self.factor + lead(before) + lead(after)
    }

    /// How far input is ahead of the factor's pace `offset` frames after an attack.
    fn lead(&self, offset: f64, home: f64) -> f64 {
        let within = offset.clamp(-self.reach, self.reach);
        let beyond = offset.abs() - self.reach;
        let keep = if beyond <= 0.0 {
            1.0
        } else if home > 0.0 {
            (1.0 - beyond / home).max(0.0)
        } else {
            0.0
        };
        within * (1.0 - 1.0 / self.factor) * keep
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_as_near_as_allowed_stand_where_the_factor_puts_them() {
        for factor in [0.5, 0.8, 1.25, 2.0, 3.0] {
            let map = TimeMap::new(factor, 1_000.0);
            let first = 10_000;
            let anchors = [first, first + map.anchor_spacing().ceil() as i64];
            for at in anchors.map(|at| at as f64) {
                let found = map.input(at * factor, &anchors);
                assert!((found - at).abs() < 1e-6, "{factor}: {at} stands at {found}");
            }
        }
    }
}
