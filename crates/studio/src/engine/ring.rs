//! A delay of whole frames.

use dsp::block::Buffer;

/// Delays every channel of a buffer in place. Allocates only when made.
#[derive(Debug, Clone)]
pub(super) struct Ring {
    planes: Vec<Vec<f64>>,
    position: usize,
}

impl Ring {
    /// A delay of `frames` for `channels` channels; `None` for no delay.
    pub(super) fn new(channels: usize, frames: usize) -> Option<Self> {
        (frames > 0).then(|| Self { planes: vec![vec![0.0; frames]; channels], position: 0 })
    }

    /// Delays the frames in use.
    pub(super) fn process(&mut self, buffer: &mut Buffer) {
        let mut done = 0;
        let size = self.planes.first().map_or(1, Vec::len);
        while done < buffer.frames() {
            let count = (buffer.frames() - done).min(size - self.position);
            for (channel, plane) in self.planes.iter_mut().enumerate() {
                let fresh = &mut buffer.channel_mut(channel)[done..done + count];
                plane[self.position..self.position + count].swap_with_slice(fresh);
            }
            self.position = (self.position + count) % size;
            done += count;
        }
    }
}
