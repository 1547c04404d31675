//! Blocks cut at the multiples of a stride.

use dsp::block::Block;

/// Where a kernel stands between two multiples of its stride, counted from the start of the sound. What is done at the
/// multiples does not depend on how the sound is cut into blocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stride {
    frames: usize,
    left: usize,
}

impl Stride {
    /// At a multiple of `frames`.
    pub(crate) fn new(frames: usize) -> Self {
        Self { frames: frames.max(1), left: frames.max(1) }
    }

    /// Frames of the next piece of so many, and whether it ends at a multiple.
    fn take(&mut self, frames: usize) -> (usize, bool) {
        let piece = self.left.min(frames);
        self.left -= piece;
        if self.left > 0 {
            return (piece, false);
        }
        self.left = self.frames;
        (piece, true)
    }

    /// Back to the start.
    pub(crate) fn reset(&mut self) {
        self.left = self.frames;
    }
}

/// Runs a kernel over a block in pieces that do not reach across a multiple of its stride, and has it settle there.
#[inline]
pub(crate) fn in_strides<K>(
    kernel: &mut K,
    block: &mut Block<'_>,
    stride: fn(&mut K) -> &mut Stride,
    run: fn(&mut K, &mut Block<'_>),
    settle: fn(&mut K),
) {
    let mut start = 0;
    while start < block.frames() {
        let (frames, ends) = stride(kernel).take(block.frames() - start);
        run(kernel, &mut block.slice(start, frames));
        start += frames;
        if ends {
            settle(kernel);
        }
    }
}
