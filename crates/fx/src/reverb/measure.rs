//! Figures of a reverberator, measured on what it does.

use crate::{AnyKernel, AnyProcessor, Format};
use dsp::block::Buffer;
use dsp::fdn::PIECE;

/// Early decay time of the reverberation alone: six times the time the energy still to come takes to fall by 10 dB,
/// counted from the first sound after the pre-delay.
///
/// Backward integration after Schroeder; ISO 3382-1:2009 sections 5.3.3 and A.2.2. Renders an impulse on the first
/// channel, at most for the longest decay time and the pre-delay: about a thousandth of that time in work.
#[must_use]
pub fn edt_seconds(reverb: &dyn AnyProcessor, format: Format) -> f64 {
    let mut wet = reverb.boxed_clone();
    for (key, value) in [("mix_percent", 100.0), ("duck_db", 0.0)] {
        if let Some(index) = wet.description().index_of(key) {
            wet.set(index, value);
        }
    }
    early_decay(wet.prepare(format), format)
}

fn early_decay(mut kernel: Box<dyn AnyKernel>, format: Format) -> f64 {
    let mut piece = Buffer::new(format.channels.max(1), PIECE);
    let mut energies = Vec::new();
    let frames = kernel.tail_frames();
    for start in (0..frames).step_by(PIECE) {
        piece.clear();
        if start == 0 {
            piece.channel_mut(0)[0] = 1.0;
        }
        kernel.process(&mut piece.block());
        for n in 0..PIECE {
            energies
                .push((0..piece.channels()).map(|c| piece.channel(c)[n] * piece.channel(c)[n]).sum::<f64>());
        }
    }
    // ISO 3382-1 5.3.3: the beginning is where the response rises above 20 dB below its peak.
    let loudest = energies.iter().fold(0.0, |a: f64, b| a.max(*b));
    let begin = energies.iter().position(|e| *e >= 0.01 * loudest).unwrap_or(0);
    let all: f64 = energies[begin..].iter().sum();
    let mut left = all;
    let fall = energies[begin..].iter().position(|energy| {
        left -= energy;
        left <= 0.1 * all
    });
    6.0 * fall.unwrap_or(0) as f64 / format.sample_rate_hz
}
