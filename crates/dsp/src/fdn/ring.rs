//! A ring that is read and written by runs.

/// Past samples, in runs of up to its spare room.
#[derive(Debug, Clone)]
pub struct Ring {
    data: Vec<f64>,
    head: usize,
}

impl Ring {
    /// Room to look back `max_frames`.
    #[must_use]
    pub fn new(max_frames: usize) -> Self {
        Self { data: vec![0.0; max_frames.max(1).next_power_of_two()], head: 0 }
    }

    /// Farthest look back.
    #[must_use]
    pub fn max_frames(&self) -> usize {
        self.data.len()
    }

    /// Adds the newest run.
    pub fn append(&mut self, run: &[f64]) {
        let first = run.len().min(self.data.len() - self.head);
        let (a, b) = run.split_at(first);
        self.data[self.head..self.head + first].copy_from_slice(a);
        self.data[..b.len()].copy_from_slice(b);
        self.head = (self.head + run.len()) & (self.data.len() - 1);
    }

    /// Copies a run whose first sample was the newest `back - 1` samples ago; `back` at least the length of the run.
    pub fn copy_back(&self, back: usize, run: &mut [f64]) {
        let start = self.head.wrapping_sub(back.clamp(run.len(), self.data.len())) & (self.data.len() - 1);
        let first = run.len().min(self.data.len() - start);
        let (a, b) = run.split_at_mut(first);
        a.copy_from_slice(&self.data[start..start + first]);
        b.copy_from_slice(&self.data[..b.len()]);
    }

    /// Silence.
    pub fn reset(&mut self) {
        self.data.fill(0.0);
        self.head = 0;
    }
}
