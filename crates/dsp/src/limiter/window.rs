//! Sliding maximum and box averages on the grid of gain nodes.
//!
//! Reductions are multiples of 2⁻³⁶, so that running sums are exact: a sum over zeros is zero, whatever went through
//! before, and the gain returns to exactly one.

/// Largest value among the newest ones: a monotonic queue (Lemire, "Streaming maximum-minimum filter using no more
/// than three comparisons per element", Nordic Journal of Computing 13, 2006). Values are zero or positive.
#[derive(Debug)]
pub(super) struct SlidingMax {
    values: Vec<f64>,
    times: Vec<u64>,
    head: usize,
    len: usize,
    window: u64,
    now: u64,
}

impl SlidingMax {
    /// A window of up to `capacity` values.
    pub(super) fn new(capacity: usize) -> Self {
        let size = capacity.max(1).next_power_of_two();
        Self { values: vec![0.0; size], times: vec![0; size], head: 0, len: 0, window: size as u64, now: 0 }
    }

    /// Empties the window and sets its length.
    pub(super) fn restart(&mut self, window: usize) {
        self.window = window.clamp(1, self.values.len()) as u64;
        (self.head, self.len, self.now) = (0, 0, 0);
    }

    /// Whether every value in the window is zero.
    pub(super) fn is_idle(&self) -> bool {
        self.len == 0
    }

    /// Adds a value and tells the largest of the window.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> f64 {
        let mask = self.values.len() - 1;
        if self.len > 0 && self.times[self.head] + self.window <= self.now {
            self.head = (self.head + 1) & mask;
            self.len -= 1;
        }
        // Zeros need no place: an empty queue stands for zero.
        if value > 0.0 {
            while self.len > 0 && self.values[(self.head + self.len - 1) & mask] <= value {
                self.len -= 1;
            }
            let at = (self.head + self.len) & mask;
            self.values[at] = value;
            self.times[at] = self.now;
            self.len += 1;
        }
        self.now += 1;
        if self.len > 0 { self.values[self.head] } else { 0.0 }
    }

    /// Takes over the content of a window of the same capacity.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.values.copy_from_slice(&other.values);
        self.times.copy_from_slice(&other.times);
        (self.head, self.len, self.window, self.now) = (other.head, other.len, other.window, other.now);
    }
}

/// Rounds to a multiple of 2⁻³⁶ (0.5e-11, -217 dB): 1.5·2¹⁶ leaves just so many bits of the fraction.
#[inline]
pub(super) fn grid(value: f64) -> f64 {
    const MAGIC: f64 = 98_304.0;
    (value + MAGIC) - MAGIC
}

/// Three box averages in a row: side-lobes fall by 18 dB per octave, and nothing overshoots.
#[derive(Debug)]
pub(super) struct BoxCascade {
    /// What each of the boxes holds, side by side: they are of one length and turn together.
    ring: Vec<[f64; 3]>,
    at: usize,
    sums: [f64; 3],
    length: usize,
    scale: f64,
}

impl BoxCascade {
    /// Boxes of up to `capacity` values each.
    pub(super) fn new(capacity: usize) -> Self {
        let length = capacity.max(1);
        Self { ring: vec![[0.0; 3]; length], at: 0, sums: [0.0; 3], length, scale: 1.0 / length as f64 }
    }

    /// Values the three boxes span together, for boxes of `length`.
    pub(super) fn span(length: usize) -> usize {
        3 * (length.max(1) - 1) + 1
    }

    /// Empties the boxes and sets their length.
    pub(super) fn restart(&mut self, length: usize) {
        self.length = length.clamp(1, self.ring.len());
        self.scale = 1.0 / self.length as f64;
        self.ring.fill([0.0; 3]);
        (self.at, self.sums) = (0, [0.0; 3]);
    }

    /// Whether the boxes hold nothing but zeros.
    pub(super) fn is_idle(&self) -> bool {
        self.sums.iter().all(|sum| *sum == 0.0)
    }

    /// Adds a value (a multiple of 2⁻³⁶) and tells the smoothed one.
    #[inline]
    pub(super) fn push(&mut self, value: f64) -> f64 {
        let Some(slot) = self.ring.get_mut(self.at) else { return value };
        self.sums[0] += value - slot[0];
        let first = grid(self.sums[0] * self.scale);
        self.sums[1] += first - slot[1];
        let second = grid(self.sums[1] * self.scale);
        self.sums[2] += second - slot[2];
        *slot = [value, first, second];
        self.at += 1;
        if self.at >= self.length {
            self.at = 0;
        }
        self.sums[2] * self.scale
    }

    /// Takes over the content of a cascade of the same capacity.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.ring.copy_from_slice(&other.ring);
        (self.at, self.sums) = (other.at, other.sums);
        (self.length, self.scale) = (other.length, other.scale);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sliding_maximum_is_the_maximum_of_the_window() {
        let values: Vec<f64> = testkit::signals::noise(1.0, 7, 2000).iter().map(|x| x.max(0.0)).collect();
        for window in [1, 2, 7, 64] {
            let mut sliding = SlidingMax::new(64);
            sliding.restart(window);
            for n in 0..values.len() {
                let expected =
                    values[n.saturating_sub(window - 1)..=n].iter().fold(0.0, |m: f64, x| m.max(*x));
                assert_eq!(sliding.push(values[n]), expected, "window {window} at {n}");
            }
        }
    }

    #[test]
    fn a_box_cascade_forgets_exactly() {
        let mut cascade = BoxCascade::new(12);
        cascade.restart(11);
        for x in testkit::signals::noise(0.9, 3, 10_000) {
            cascade.push(grid(x.abs()));
        }
        for _ in 0..BoxCascade::span(11) {
            cascade.push(0.0);
        }
        assert!(cascade.is_idle());
        assert_eq!(cascade.push(0.0), 0.0);
    }

    #[test]
    fn a_step_crosses_the_cascade_in_its_span() {
        let mut cascade = BoxCascade::new(8);
        cascade.restart(5);
        let steps: Vec<f64> = (0..16).map(|_| cascade.push(0.5)).collect();
        // Three boxes of five: the first value is 0.5 / 125, and after 13 values all is through.
        assert!((steps[0] - 0.5 / 125.0).abs() < 1e-10);
        assert!(steps[11] < 0.5 - 1e-3 && (steps[12] - 0.5).abs() < 1e-10);
    }
}
