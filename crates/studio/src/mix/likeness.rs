//! How alike two files are.

use crate::audio::Source;
use crate::decode;
use crate::job::Job;
use crate::message::Result;
use dsp::block::Buffer;
use dsp::math;
use std::path::Path;

/// Frames that are held against each other at a time.
const FRAMES: usize = 65_536;

/// Correlation (-1 … 1) of two files, each folded to mono, over their whole length or as long as both last; 0 where one is silent.
/// Costs two decodings.
///
/// # Errors
/// A file that cannot be read; `interrupted`.
pub fn correlation(first: &Path, second: &Path, options: decode::Options, job: &Job<'_>) -> Result<f64> {
    let mut sources = [decode::open(first, options)?, decode::open(second, options)?];
    let frames = sources[0].info().frames.unwrap_or(0);
    let (mut ab, mut aa, mut bb, mut done) = (0.0, 0.0, 0.0, 0_u64);
    loop {
        job.step("compare", done, frames.max(done))?;
        let [first, second] = &mut sources;
        let (first, second) = (mono(first.as_mut())?, mono(second.as_mut())?);
        if first.is_empty() || second.is_empty() {
            break;
        }
        done += first.len() as u64;
        for (x, y) in first.iter().zip(&second) {
            ab += x * y;
            aa += x * x;
            bb += y * y;
        }
    }
    Ok(if aa > 0.0 && bb > 0.0 { ab / (aa * bb).sqrt() } else { 0.0 })
}

/// The next frames, exactly so many but at the end.
fn mono(source: &mut dyn Source) -> Result<Vec<f64>> {
    let channels = source.info().channels();
    let mut sum = Vec::with_capacity(FRAMES);
    while sum.len() < FRAMES {
        let mut buffer = Buffer::new(channels, FRAMES - sum.len());
        source.read(&mut buffer)?;
        if buffer.frames() == 0 {
            break;
        }
        let start = sum.len();
        sum.resize(start + buffer.frames(), 0.0);
        for channel in 0..channels {
            sum[start..].iter_mut().zip(buffer.channel(channel)).for_each(|(sum, x)| *sum += math::sane(*x));
        }
    }
    Ok(sum)
}
