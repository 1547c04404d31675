//! Planar audio: owned buffers and views on them.
//!
//! All audio inside the house is `f64`, one contiguous plane per channel, full scale at ±1.0.

/// Owned planar audio with room for `capacity` frames per channel.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Buffer {
    data: Vec<f64>,
    channels: usize,
    capacity: usize,
    frames: usize,
}

impl Buffer {
    /// Silence: `channels` planes of `frames` frames (which is also the capacity).
    #[must_use]
    pub fn new(channels: usize, frames: usize) -> Self {
        Self { data: vec![0.0; channels * frames], channels, capacity: frames, frames }
    }

    /// A buffer from planes of equal length. Shorter planes are padded with silence.
    #[must_use]
    pub fn from_planes(planes: &[Vec<f64>]) -> Self {
        let frames = planes.iter().map(Vec::len).max().unwrap_or(0);
        let mut buffer = Self::new(planes.len(), frames);
        for (channel, plane) in planes.iter().enumerate() {
            buffer.channel_mut(channel)[..plane.len()].copy_from_slice(plane);
        }
        buffer
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Frames in use.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// Frames there is room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Sets how many frames are in use, at most [`capacity`](Self::capacity). Content is kept.
    pub fn set_frames(&mut self, frames: usize) {
        self.frames = frames.min(self.capacity);
    }

    /// Fills everything with silence.
    pub fn clear(&mut self) {
        self.data.fill(0.0);
    }

    /// One channel.
    #[must_use]
    pub fn channel(&self, channel: usize) -> &[f64] {
        let start = channel * self.capacity;
        &self.data[start..start + self.frames]
    }

    /// One channel, to write.
    pub fn channel_mut(&mut self, channel: usize) -> &mut [f64] {
        let start = channel * self.capacity;
        &mut self.data[start..start + self.frames]
    }

    /// The whole as a view to read.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            data: &self.data,
            channels: self.channels,
            stride: self.capacity,
            start: 0,
            frames: self.frames,
        }
    }

    /// The whole as a block to process.
    pub fn block(&mut self) -> Block<'_> {
        let (channels, stride, frames) = (self.channels, self.capacity, self.frames);
        Block { data: &mut self.data, channels, stride, start: 0, frames, key: None }
    }
}

/// Read-only planar audio.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    data: &'a [f64],
    channels: usize,
    stride: usize,
    start: usize,
    frames: usize,
}

impl<'a> View<'a> {
    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel.
    #[must_use]
    pub fn channel(&self, channel: usize) -> &'a [f64] {
        let start = channel * self.stride + self.start;
        &self.data[start..start + self.frames]
    }

    /// Part of the view: `frames` frames from frame `start` on, cut at the end.
    #[must_use]
    pub fn slice(&self, start: usize, frames: usize) -> View<'a> {
        let start = start.min(self.frames);
        View { start: self.start + start, frames: frames.min(self.frames - start), ..*self }
    }
}

/// Planar audio to be processed in place, with an optional side-chain input of the same length.
#[derive(Debug)]
pub struct Block<'a> {
    data: &'a mut [f64],
    channels: usize,
    stride: usize,
    start: usize,
    frames: usize,
    key: Option<View<'a>>,
}

impl<'a> Block<'a> {
    /// Adds a side-chain input. It must have at least as many frames as the block.
    #[must_use]
    pub fn with_key(mut self, key: View<'a>) -> Self {
        self.key = (key.frames() >= self.frames).then(|| key.slice(0, self.frames));
        self
    }

    /// The side-chain input, if one is connected.
    #[must_use]
    pub fn key(&self) -> Option<View<'a>> {
        self.key
    }

    /// Number of channels.
    #[must_use]
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Number of frames.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames
    }

    /// One channel.
    #[must_use]
    pub fn channel(&self, channel: usize) -> &[f64] {
        let start = channel * self.stride + self.start;
        &self.data[start..start + self.frames]
    }

    /// One channel, to write.
    pub fn channel_mut(&mut self, channel: usize) -> &mut [f64] {
        let start = channel * self.stride + self.start;
        &mut self.data[start..start + self.frames]
    }

    /// Every channel in turn, to write.
    pub fn channels_mut(&mut self) -> impl Iterator<Item = &mut [f64]> {
        let (start, frames) = (self.start, self.frames);
        self.data
            .chunks_mut(self.stride.max(1))
            .take(self.channels)
            .map(move |plane| &mut plane[start..start + frames])
    }

    /// The first two channels together, to write; `None` unless there are at least two.
    pub fn pair_mut(&mut self) -> Option<(&mut [f64], &mut [f64])> {
        if self.channels < 2 {
            return None;
        }
        let (start, frames) = (self.start, self.frames);
        let (left, right) = self.data.split_at_mut(self.stride);
        Some((&mut left[start..start + frames], &mut right[start..start + frames]))
    }

    /// A shorter block inside this one, with the matching part of the side-chain.
    pub fn slice(&mut self, start: usize, frames: usize) -> Block<'_> {
        let start = start.min(self.frames);
        let frames = frames.min(self.frames - start);
        Block {
            data: self.data,
            channels: self.channels,
            stride: self.stride,
            start: self.start + start,
            frames,
            key: self.key.map(|key| key.slice(start, frames)),
        }
    }

    /// The same audio, to read.
    #[must_use]
    pub fn view(&self) -> View<'_> {
        View {
            data: self.data,
            channels: self.channels,
            stride: self.stride,
            start: self.start,
            frames: self.frames,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_of_a_block_touches_only_its_frames() {
        let mut buffer = Buffer::new(2, 8);
        buffer.block().slice(2, 3).channel_mut(1).fill(1.0);
        assert_eq!(buffer.channel(1), [0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        assert_eq!(buffer.channel(0), [0.0; 8]);
    }

    #[test]
    fn channels_mut_visits_each_plane_once() {
        let mut buffer = Buffer::new(3, 4);
        buffer.set_frames(2);
        for (i, plane) in buffer.block().channels_mut().enumerate() {
            assert_eq!(plane.len(), 2);
            plane.fill(i as f64 + 1.0);
        }
        assert_eq!(buffer.channel(2), [3.0, 3.0]);
        assert_eq!(buffer.channel(0), [1.0, 1.0]);
    }
}
