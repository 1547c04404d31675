//! Where one version lies on the other, to the sample.
//!
//! Two steps: the rises of both envelopes, correlated over the whole length, say where to look to within 5 ms; at a dozen loud
//! places the cross-spectra, each bin divided by the powers of both (the smoothed coherence transform of Carter, Nuttall and
//! Cable, Proc. IEEE 61, 1973), say it to the sample whatever an equaliser did.

use super::streams::{ENVELOPE_PER_SECOND, Envelope, Pair};
use dsp::block::Buffer;
use dsp::fft::{RealFft, fast_len};
use dsp::math;
use serde::Serialize;
use studio::audio::Source;
use studio::job::Job;
use studio::message::Result;

/// Places at which both are laid on each other.
const PLACES: usize = 12;
/// Length of a place, seconds, as a power of two of frames at 44.1 and 48 kHz (32768).
const PLACE_SECONDS: f64 = 0.68;
/// How far round the envelopes' answer the samples are searched, seconds: eight values of the envelope.
const REACH_SECONDS: f64 = 0.04;
/// Height of the coherence transform from which two streams are one recording; 1 is the same up to a filter. By our own convention,
/// 2026-11-21: unrelated noise stays under 0.1 in a test; real remixes were not tried, see docs/decisions/053.
const SAME: f64 = 0.2;
/// Points between two frames at which the transform is looked at.
const FINER: usize = 4;

/// How the two lie on each other.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Alignment {
    /// Frames, at the rate of the comparison, by which AFTER is later than BEFORE; negative when it is earlier.
    pub delay_frames: i64,
    /// The same in seconds.
    pub delay_seconds: f64,
    /// What is left of the delay between two samples, frames, -0.5 to 0.5.
    pub fraction_frames: f64,
    /// Whether AFTER is upside down.
    pub inverted: bool,
    /// How well the two lie on each other: 1 for the same up to a filter, 0 for different music.
    pub likeness: f64,
    /// Whether both are versions of one recording.
    pub same_recording: bool,
    /// Frames by which the delay grows from the first to the last of the music: clocks or speeds that differ.
    pub drift_frames: f64,
}

/// A stretch of both, mixed to one channel.
struct Place {
    planes: [Vec<f64>; 2],
}

pub(super) fn align(pair: &Pair<'_>, envelopes: [&Envelope; 2], job: &Job<'_>) -> Result<Alignment> {
    let rate = f64::from(pair.rate_hz);
    let coarse = (rises_lag(envelopes) * rate / ENVELOPE_PER_SECOND).round() as i64;
    let mut candidates = vec![coarse];
    if coarse != 0 {
        candidates.push(0);
    }
    let mut best: Option<Alignment> = None;
    for lag in candidates {
        let places = read_places(pair, envelopes[0], lag, job)?;
        let found = at_places(&places, lag, rate);
        if best.is_none_or(|best| found.likeness > best.likeness) {
            best = Some(found);
        }
    }
    let none = Alignment {
        delay_frames: 0,
        delay_seconds: 0.0,
        fraction_frames: 0.0,
        inverted: false,
        likeness: 0.0,
        same_recording: false,
        drift_frames: 0.0,
    };
    Ok(best
        .filter(|best| best.same_recording)
        .unwrap_or(Alignment { likeness: best.map_or(0.0, |best| best.likeness), ..none }))
}

/// The lag, in values of the envelopes, at which their rises fit best.
fn rises_lag([before, after]: [&Envelope; 2]) -> f64 {
    let (a, b) = (rises(&before.0), rises(&after.0));
    let size = fast_len((a.len() + b.len()).max(16)).next_multiple_of(2);
    let mut plan = RealFft::new(size);
    let bins = plan.bins();
    let mut transform = |signal: &[f64]| {
        let mut padded = signal.to_vec();
        padded.resize(size, 0.0);
        let (mut re, mut im) = (vec![0.0; bins], vec![0.0; bins]);
        plan.forward(&padded, &mut re, &mut im);
        (re, im)
    };
    let ((a_re, a_im), (mut b_re, mut b_im)) = (transform(&a), transform(&b));
    for k in 0..bins {
        // conj(A) · B: its peak is where b is later than a.
        let (x, y) = (a_re[k] * b_re[k] + a_im[k] * b_im[k], a_re[k] * b_im[k] - a_im[k] * b_re[k]);
        (b_re[k], b_im[k]) = (x, y);
    }
    let mut course = vec![0.0; size];
    plan.inverse(&b_re, &b_im, &mut course);
    let best = top(&course);
    if best > size / 2 { best as f64 - size as f64 } else { best as f64 }
}

/// Rises of a level in decibels, without its mean: what compressors and equalisers leave in place.
fn rises(powers: &[f32]) -> Vec<f64> {
    let loudest = powers.iter().fold(0.0_f64, |most, &x| most.max(f64::from(x)));
    // 50 dB under the loudest there is noise.
    let floor = (loudest * 1e-5).max(f64::MIN_POSITIVE);
    let levels: Vec<f64> = powers.iter().map(|&x| math::power_to_db(f64::from(x).max(floor))).collect();
    // The first value rises out of silence.
    let first = math::power_to_db(floor);
    let before = std::iter::once(first).chain(levels.iter().copied());
    let rises: Vec<f64> =
        levels.iter().zip(before).map(|(now, before)| (now - before).clamp(0.0, 12.0)).collect();
    let mean = rises.iter().sum::<f64>() / rises.len().max(1) as f64;
    rises.iter().map(|x| x - mean).collect()
}

fn top(course: &[f64]) -> usize {
    let mut best = 0;
    for (at, value) in course.iter().enumerate() {
        if value.abs() > course[best].abs() {
            best = at;
        }
    }
    best
}

/// Frames in BEFORE at which the places begin: in each twelfth of what both share, where it is loudest.
fn starts(pair: &Pair<'_>, envelope: &Envelope, lag: i64, size: usize) -> Vec<u64> {
    let rate = f64::from(pair.rate_hz);
    let [one, two] = pair.frames.map(|frames| i64::try_from(frames).unwrap_or(i64::MAX));
    let (from, to) = ((-lag).max(0), one.min(two.saturating_sub(lag)));
    let length = (to - from - size as i64).max(0) as f64;
    let per_frame = ENVELOPE_PER_SECOND / rate;
    let width = ((size as f64 * per_frame) as usize).max(1);
    let loudness = |start: f64| {
        let first = (start * per_frame) as usize;
        let part = envelope.0.get(first..(first + width).min(envelope.0.len())).unwrap_or(&[]);
        part.iter().map(|&x| f64::from(x)).sum::<f64>()
    };
    let mut found: Vec<u64> = Vec::new();
    for part in 0..PLACES {
        // Eight tries in each part.
        let tries = (0..8).map(|n| from as f64 + length * (part as f64 + f64::from(n) / 8.0) / PLACES as f64);
        let best = tries.max_by(|a, b| loudness(*a).total_cmp(&loudness(*b)).then(b.total_cmp(a)));
        if let Some(start) = best {
            found.push(start as u64);
        }
    }
    found.dedup();
    found
}

fn read_places(pair: &Pair<'_>, envelope: &Envelope, lag: i64, job: &Job<'_>) -> Result<Vec<Place>> {
    let rate = f64::from(pair.rate_hz);
    let size = fast_len((PLACE_SECONDS * rate) as usize).next_multiple_of(2);
    let starts = starts(pair, envelope, lag, size);
    let later: Vec<i64> = starts.iter().map(|&start| start as i64 + lag).collect();
    let earlier: Vec<i64> = starts.iter().map(|&start| start as i64).collect();
    let a = windows(pair, 0, &earlier, size, job)?;
    let b = windows(pair, 1, &later, size, job)?;
    Ok(a.into_iter().zip(b).map(|(a, b)| Place { planes: [a, b] }).collect())
}

/// Stretches of one stream, mixed to one channel; what lies outside is silent.
fn windows(
    pair: &Pair<'_>,
    which: usize,
    starts: &[i64],
    size: usize,
    job: &Job<'_>,
) -> Result<Vec<Vec<f64>>> {
    let mut out = vec![vec![0.0; size]; starts.len()];
    let last = starts.iter().copied().max().unwrap_or(0).saturating_add(size as i64);
    let mut source = pair.open(which)?;
    let mut buffer = Buffer::new(pair.channels, 8192);
    let mut at: i64 = 0;
    while at < last {
        job.step("align", u64::try_from(at).unwrap_or(0), u64::try_from(last).unwrap_or(0))?;
        source.read(&mut buffer)?;
        let frames = buffer.frames();
        if frames == 0 {
            break;
        }
        for (plane, &start) in out.iter_mut().zip(starts) {
            let (low, high) = (start.max(at), (start + size as i64).min(at + frames as i64));
            for frame in low..high {
                let own = (frame - at) as usize;
                // Unequal weights, so that a signal in opposite polarity on both sides is heard, too.
                let sum: f64 = (0..pair.channels)
                    .map(|channel| buffer.channel(channel)[own] / (1.0 + 0.5 * channel as f64))
                    .sum();
                plane[(frame - start) as usize] = if sum.is_finite() { sum } else { 0.0 };
            }
        }
        at += frames as i64;
    }
    Ok(out)
}

/// Cross-spectra of places.
struct Cross {
    re: Vec<f64>,
    im: Vec<f64>,
    a: Vec<f64>,
    b: Vec<f64>,
}

fn cross(places: &[Place], plan: &mut RealFft, window: &[f64]) -> Cross {
    let (bins, size) = (plan.bins(), plan.len());
    let zeros = || vec![0.0; bins];
    let mut sum = Cross { re: zeros(), im: zeros(), a: zeros(), b: zeros() };
    let (mut a_re, mut a_im, mut b_re, mut b_im) = (zeros(), zeros(), zeros(), zeros());
    let mut padded = vec![0.0; size];
    let load = |signal: &[f64], padded: &mut Vec<f64>| {
        padded.fill(0.0);
        padded.iter_mut().zip(signal).zip(window).for_each(|((y, x), w)| *y = x * w);
    };
    for place in places {
        load(&place.planes[0], &mut padded);
        plan.forward(&padded, &mut a_re, &mut a_im);
        load(&place.planes[1], &mut padded);
        plan.forward(&padded, &mut b_re, &mut b_im);
        for k in 0..bins {
            sum.re[k] += a_re[k] * b_re[k] + a_im[k] * b_im[k];
            sum.im[k] += a_re[k] * b_im[k] - a_im[k] * b_re[k];
            sum.a[k] += a_re[k] * a_re[k] + a_im[k] * a_im[k];
            sum.b[k] += b_re[k] * b_re[k] + b_im[k] * b_im[k];
        }
    }
    sum
}

/// The coherence transform between `-reach` and `reach` frames, [`FINER`] values a frame, 1 at most.
fn transform(cross: &Cross, size: usize, reach: usize) -> Vec<f64> {
    let mut back = RealFft::new(size * FINER);
    let (mut re, mut im) = (vec![0.0; back.bins()], vec![0.0; back.bins()]);
    let mut weight = 0.0;
    // Nothing below 20 Hz, where every window leaks, and nothing where either is silent: 90 dB under its own loudest bin.
    let first = 2;
    let loudest = |powers: &[f64]| powers.iter().fold(0.0, |most: f64, x| most.max(*x)) * 1e-9;
    let (least_a, least_b) = (loudest(&cross.a), loudest(&cross.b));
    for k in first..cross.re.len().saturating_sub(1) {
        let power = (cross.a[k] * cross.b[k]).sqrt();
        if cross.a[k] > least_a && cross.b[k] > least_b {
            (re[k], im[k]) = (cross.re[k] / power, cross.im[k] / power);
            weight += 1.0;
        }
    }
    let mut signal = vec![0.0; back.len()];
    back.inverse(&re, &im, &mut signal);
    // Each of the bins adds 2/N to the peak.
    let scale = back.len() as f64 / (2.0 * f64::max(weight, 1.0));
    let (length, reach) = (signal.len() as i64, (reach * FINER) as i64);
    (-reach..=reach).map(|lag| scale * signal[lag.rem_euclid(length) as usize]).collect()
}

fn at_places(places: &[Place], lag: i64, rate: f64) -> Alignment {
    let size = places.first().map_or(16, |place| place.planes[0].len()).max(16);
    let window = dsp::window::Window::Hann.periodic(size);
    let mut plan = RealFft::new(2 * size);
    let reach = ((REACH_SECONDS * rate) as usize).min(size / 2);
    let course = transform(&cross(places, &mut plan, &window), 2 * size, reach);
    let best = top(&course);
    let fine = (best as f64 + summit(&course, best)) / FINER as f64 - reach as f64;
    let whole = fine.round();
    // A few near places on their own: the first and the last three.
    let own = |places: &[Place], plan: &mut RealFft| {
        let course = transform(&cross(places, plan, &window), 2 * size, reach);
        let best = top(&course);
        (best as f64 + summit(&course, best)) / FINER as f64 - reach as f64
    };
    let drift = match places.len() {
        0..=5 => 0.0,
        count => own(&places[count - 3..], &mut plan) - own(&places[..3], &mut plan),
    };
    let likeness = course.get(best).map_or(0.0, |height| height.abs()).min(1.0);
    Alignment {
        delay_frames: lag + whole as i64,
        delay_seconds: (lag as f64 + fine) / rate,
        fraction_frames: fine - whole,
        inverted: course.get(best).is_some_and(|height| *height < 0.0),
        likeness,
        same_recording: likeness > SAME,
        drift_frames: drift,
    }
}

/// Where between its neighbours a peak lies, by a parabola.
fn summit(course: &[f64], best: usize) -> f64 {
    let at = |index: Option<usize>| index.and_then(|index| course.get(index)).map(|x| x.abs());
    let (Some(left), Some(middle), Some(right)) =
        (at(best.checked_sub(1)), at(Some(best)), at(Some(best + 1)))
    else {
        return 0.0;
    };
    let bend = left - 2.0 * middle + right;
    if bend < 0.0 { (0.5 * (left - right) / bend).clamp(-0.5, 0.5) } else { 0.0 }
}
