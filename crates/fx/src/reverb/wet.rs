//! What every reverberator does with its reverberation: filters, width, ducking, mix.

use crate::Format;
use dsp::biquad::{Shape as Section, SvfTerms};
use dsp::block::Block;
use dsp::delay::{Ducker, sanitise};
use dsp::fdn::{PIECE, Ring};
use dsp::math::SQRT_2;
use dsp::smooth::Glide;

/// Time of parameter glides. By our own convention: short enough for automation, long enough not to click.
pub(crate) const GLIDE_MS: f64 = 20.0;
/// Longest pre-delay in beats and milliseconds together.
pub(crate) const MAX_PRE_DELAY_SECONDS: f64 = 2.0;

/// Which channels sound in the room: all but the LFE of six.
pub(crate) fn sounds(index: usize, channels: usize) -> bool {
    channels != 6 || index != 3
}

/// Pre-delay in frames of milliseconds and beats together.
pub(crate) fn pre_delay_frames(ms: f64, beats: f64, format: &Format) -> usize {
    // A tempo that is no tempo gives no pre-delay in beats.
    let beat = if format.tempo_bpm > 0.0 { 60.0 / format.tempo_bpm } else { 0.0 };
    let seconds = ms * 1e-3 + beats * beat;
    (seconds.clamp(0.0, MAX_PRE_DELAY_SECONDS) * format.sample_rate_hz).round() as usize
}

/// Pieces of a crossfade to another pre-delay: 2048 frames.
const FADE_PIECES: usize = 32;

/// A pre-delay, and the crossfade to another.
#[derive(Debug)]
pub(crate) struct PreDelay {
    frames: usize,
    /// Pre-delay to fade to, and pieces done.
    fade: Option<(usize, usize)>,
}

impl PreDelay {
    pub(crate) fn new(frames: usize) -> Self {
        Self { frames, fade: None }
    }

    /// At the start of a piece, with the pre-delay that is wanted.
    pub(crate) fn begin_piece(&mut self, wanted: usize) {
        self.fade = match self.fade {
            Some((to, done)) if done + 1 == FADE_PIECES => {
                self.frames = to;
                None
            }
            other => other.map(|(to, done)| (to, done + 1)),
        };
        if self.fade.is_none() && self.frames != wanted {
            self.fade = Some((wanted, 0));
        }
    }

    /// Puts `run` into the ring and takes out what was put in before; `place` frames into a piece.
    pub(crate) fn process(&self, ring: &mut Ring, place: usize, run: &mut [f64]) {
        let frames = run.len();
        ring.append(run);
        run.copy_from_slice(ring.look_back(self.frames + frames, frames));
        if let Some((to, done)) = self.fade {
            let other = ring.look_back(to + frames, frames);
            for (n, (x, y)) in run.iter_mut().zip(other).enumerate() {
                *x += (y - *x) * (done * PIECE + place + n) as f64 / (FADE_PIECES * PIECE) as f64;
            }
        }
    }
}

/// Runs a kernel over a block in pieces that do not reach across a multiple of [`PIECE`] frames; `frame` counts them.
pub(crate) fn in_pieces<K>(
    kernel: &mut K,
    block: &mut Block<'_>,
    frame: fn(&mut K) -> &mut usize,
    run: fn(&mut K, &mut Block<'_>),
) {
    let mut start = 0;
    while start < block.frames() {
        let frames = (PIECE - *frame(kernel) % PIECE).min(block.frames() - start);
        run(kernel, &mut block.slice(start, frames));
        let frame = frame(kernel);
        *frame = frame.wrapping_add(frames);
        start += frames;
    }
}

/// Values that glide, as courses over a piece.
#[derive(Debug)]
pub(crate) struct Courses<const N: usize> {
    pub(crate) glides: [Glide; N],
    pub(crate) rows: [[f64; PIECE]; N],
}

impl<const N: usize> Courses<N> {
    pub(crate) fn new(values: [f64; N], sample_rate_hz: f64) -> Self {
        let glides = values.map(|value| Glide::new(value, GLIDE_MS, sample_rate_hz));
        Self { glides, rows: [[0.0; PIECE]; N] }
    }

    pub(crate) fn aim(&mut self, targets: [f64; N]) {
        self.glides.iter_mut().zip(targets).for_each(|(glide, target)| glide.set_target(target));
    }

    /// The courses of the next frames.
    pub(crate) fn plan(&mut self, frames: usize) {
        for (row, glide) in self.rows.iter_mut().zip(&mut self.glides) {
            let row = &mut row[..frames];
            if glide.is_settled() {
                row.fill(glide.target());
            } else {
                row.iter_mut().for_each(|value| *value = glide.next_value());
            }
        }
    }

    /// Whether `value` is held over the whole piece.
    pub(crate) fn rests_at(&self, row: usize, value: f64) -> bool {
        self.glides[row].is_settled() && self.glides[row].target() == value
    }

    pub(crate) fn reset(&mut self) {
        self.glides.iter_mut().for_each(|glide| glide.snap(glide.target()));
    }
}

/// Reverberation of one channel.
#[derive(Debug)]
pub(crate) struct Wet {
    /// Position of the channel in the block.
    pub(crate) index: usize,
    pub(crate) wet: [f64; PIECE],
    /// States of the high-pass and the low-pass.
    filters: [[f64; 2]; 2],
}

impl Wet {
    pub(crate) fn new(index: usize) -> Self {
        Self { index, wet: [0.0; PIECE], filters: [[0.0; 2]; 2] }
    }

    pub(crate) fn reset(&mut self) {
        self.filters = [[0.0; 2]; 2];
    }
}

/// The high-pass and the low-pass on the reverberation, by courses of their warped corners. `settle` at the end of a piece
/// of the grid.
pub(crate) fn filter(wets: &mut [Wet], courses: [&[f64]; 2], settle: bool) {
    let mut rest = wets;
    // Two channels side by side in a register.
    while let [left, right, others @ ..] = rest {
        filter_lanes([left, right], courses, settle);
        rest = others;
    }
    if let [last] = rest {
        filter_lanes([last], courses, settle);
    }
}

/// Both filters, Butterworth, on some channels.
fn filter_lanes<const L: usize>(mut channels: [&mut Wet; L], courses: [&[f64]; 2], settle: bool) {
    let mut corners = [f64::NAN; 2];
    let still = |_| SvfTerms::new(&Section { g: 1.0, k: SQRT_2, high: 1.0, band: 0.0, low: 0.0 });
    let mut terms: [SvfTerms; 2] = std::array::from_fn(still);
    let mut states: [[[f64; L]; 2]; 2] =
        std::array::from_fn(|f| std::array::from_fn(|s| std::array::from_fn(|c| channels[c].filters[f][s])));
    for (n, (highpass, lowpass)) in courses[0].iter().zip(courses[1]).enumerate() {
        for ((g, corner), (terms, high)) in
            [highpass, lowpass].into_iter().zip(&mut corners).zip(terms.iter_mut().zip([1.0, 0.0]))
        {
            if g != corner {
                *corner = *g;
                *terms = SvfTerms::new(&Section { g: *g, k: SQRT_2, high, band: 0.0, low: 1.0 - high });
            }
        }
        let mut x: [f64; L] = std::array::from_fn(|c| channels[c].wet[n]);
        for (terms, state) in terms.iter().zip(&mut states) {
            x = terms.tick(state, x);
        }
        channels.iter_mut().zip(x).for_each(|(channel, x)| channel.wet[n] = x);
    }
    for (c, channel) in channels.iter_mut().enumerate() {
        channel.filters = states.map(|state| {
            let own = state.map(|s| s[c]);
            // Both or neither: with one held at zero the other would take minutes to follow.
            if settle && own[0].abs() + own[1].abs() < 1e-30 { [0.0; 2] } else { own }
        });
    }
}

/// Width of the first two channels: 0 is mono, 1 as it comes.
pub(crate) fn widen(wets: &mut [Wet], widths: &[f64]) {
    if let [left, right, ..] = wets {
        for ((l, r), width) in left.wet.iter_mut().zip(&mut right.wet).zip(widths) {
            let (mid, side) = (0.5 * (*l + *r), 0.5 * (*l - *r) * width);
            (*l, *r) = (mid + side, mid - side);
        }
    }
}

/// Puts the reverberation, ducked, and the source together by their shares.
pub(crate) fn mix(piece: &mut Block<'_>, wets: &[Wet], shares: &[f64], duck: &[f64], ducker: &mut Ducker) {
    let mut gains = [0.0; PIECE];
    for (n, gain) in gains.iter_mut().enumerate().take(piece.frames()) {
        *gain = shares[n];
        if duck[n] > 0.0 {
            let peak = (0..piece.channels())
                .map(|channel| sanitise(piece.channel(channel)[n]).abs())
                .fold(0.0, f64::max);
            *gain *= ducker.next(peak, duck[n]);
        }
    }
    for (index, plane) in piece.channels_mut().enumerate() {
        let wet = wets.iter().find(|channel| channel.index == index).map(|channel| &channel.wet);
        for (n, x) in plane.iter_mut().enumerate() {
            let wet = wet.map_or(0.0, |wet| wet[n]);
            *x = sanitise(*x) * (1.0 - shares[n]) + wet * gains[n];
        }
    }
}
