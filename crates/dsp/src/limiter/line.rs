//! A delay line that can be read as one slice.

/// Recent values in one piece; the oldest are moved to the front only now and then.
#[derive(Debug)]
pub(super) struct Line {
    data: Vec<f64>,
    keep: usize,
    end: usize,
}

impl Line {
    /// A line of zeros that keeps `keep` values besides the newest `push`.
    pub(super) fn new(keep: usize, push: usize) -> Self {
        // Room for three times what is kept (or eight pushes): one value in three is moved on average.
        Self { data: vec![0.0; keep + (3 * keep).max(8 * push)], keep, end: keep }
    }

    /// Room for `count` new values at the end.
    #[inline]
    pub(super) fn push(&mut self, count: usize) -> &mut [f64] {
        if self.end + count > self.data.len() {
            self.data.copy_within(self.end - self.keep..self.end, 0);
            self.end = self.keep;
        }
        self.end += count;
        &mut self.data[self.end - count..self.end]
    }

    /// `count` values, the first of them `back` before the end.
    #[inline]
    pub(super) fn tail(&self, back: usize, count: usize) -> &[f64] {
        let start = self.end - back;
        &self.data[start..start + count]
    }

    /// All zeros again.
    pub(super) fn reset(&mut self) {
        self.data.fill(0.0);
        self.end = self.keep;
    }

    /// Takes over the content of a line of the same size.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.data.copy_from_slice(&other.data);
        self.end = other.end;
    }
}
