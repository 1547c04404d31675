//! Impulse responses: which channel passes which, and what is cut out of them.

use super::MAX_IMPULSE_SECONDS;
use dsp::block::Buffer;
use dsp::convolve::Route;
use dsp::delay::{flush, sanitise};
use dsp::math::{LN_10, PI, cos, exp, log10};

/// What is made of the file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) start_seconds: f64,
    pub(super) length_seconds: f64,
    /// Share of the end that fades away.
    pub(super) fade: f64,
    /// Decay time in times that of the file.
    pub(super) decay: f64,
    pub(super) reverse: bool,
    pub(super) normalise: bool,
}

/// The responses as they came, and as they were last shaped.
#[derive(Debug)]
pub(super) struct Responses {
    raw: Vec<Vec<f64>>,
    shaped: Vec<Vec<f64>>,
    routes: Vec<Route>,
    outputs: usize,
    rate: f64,
    /// Decay time of the file, if it decays.
    seconds: Option<f64>,
}

/// Sum of some responses, to `scale`.
fn sum(responses: &[Vec<f64>], scale: f64) -> Vec<f64> {
    let frames = responses.iter().map(Vec::len).max().unwrap_or(0);
    (0..frames).map(|n| scale * responses.iter().filter_map(|r| r.get(n)).sum::<f64>()).collect()
}

impl Responses {
    /// For `channels` that sound; `surround` if they are L R C Ls Rs.
    pub(super) fn new(impulse: &Buffer, channels: usize, surround: bool, rate: f64) -> Self {
        let most = (MAX_IMPULSE_SECONDS * rate) as usize;
        let plane = |channel| {
            impulse.channel(channel).iter().take(most).map(|x| flush(sanitise(*x))).collect::<Vec<f64>>()
        };
        let mut raw: Vec<Vec<f64>> = (0..impulse.channels().min(4)).map(plane).collect();
        // A source in the middle feeds both sides, and both are heard at half.
        let middle = match raw.len() {
            0 | 1 => 0,
            count => {
                raw.push(sum(&raw, 0.5));
                count
            }
        };
        let sides: Vec<Option<usize>> = (0..channels)
            .map(|place| match (surround, place) {
                (true, 2) => None,
                (true, 3..) => Some((place - 3) % 2),
                // The last of an odd number has no partner.
                _ if place % 2 == 0 && place + 1 == channels => None,
                _ => Some(place % 2),
            })
            .collect();
        let mut routes = Vec::new();
        for (place, side) in sides.iter().enumerate() {
            let Some(side) = side.filter(|_| middle > 0) else {
                routes.push(Route { input: place, output: place, response: middle });
                continue;
            };
            if middle >= 4 {
                let (own, other) = (2 * side + side, 2 * side + 1 - side);
                let partner = if side == 0 { place + 1 } else { place - 1 };
                routes.push(Route { input: place, output: place, response: own });
                routes.push(Route { input: place, output: partner, response: other });
            } else {
                routes.push(Route { input: place, output: place, response: side });
            }
        }
        let seconds = decay_seconds(&raw, rate);
        Self { shaped: raw.clone(), raw, routes, outputs: channels, rate, seconds }
    }

    pub(super) fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Frames of the longest response there can be.
    pub(super) fn frames(&self) -> usize {
        self.raw.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// First frame and number of frames that a cut leaves.
    fn window(&self, cut: &Cut) -> (usize, usize) {
        let all = self.frames();
        let start = ((cut.start_seconds * self.rate).round() as usize).min(all.saturating_sub(1));
        let length = ((cut.length_seconds * self.rate).round() as usize).max(1);
        (start, length.min(all - start))
    }

    /// Frames that a cut leaves.
    pub(super) fn shaped_frames(&self, cut: &Cut) -> usize {
        self.window(cut).1
    }

    /// The responses as a cut leaves them. No allocation.
    pub(super) fn shape(&mut self, cut: &Cut) -> &[Vec<f64>] {
        let (start, length) = self.window(cut);
        let fading = (cut.fade * length as f64) as usize;
        // To go from 60 dB in T to 60 dB in T' takes 60 (1/T' - 1/T) dB per second more.
        let slope = match self.seconds {
            Some(seconds) => 3.0 * LN_10 * (1.0 / (cut.decay * seconds) - 1.0 / seconds) / self.rate,
            None => 0.0,
        };
        for (raw, shaped) in self.raw.iter().zip(&mut self.shaped) {
            shaped.clear();
            shaped.extend(raw.iter().skip(start).take(length));
            shaped.resize(length, 0.0);
            if slope != 0.0 {
                shaped.iter_mut().enumerate().for_each(|(n, x)| *x = flush(*x * exp(-slope * n as f64)));
            }
            for (n, x) in shaped.iter_mut().rev().take(fading).enumerate() {
                *x *= 0.5 - 0.5 * cos(PI * (n + 1) as f64 / (fading + 1) as f64);
            }
            if cut.reverse {
                shaped.reverse();
            }
        }
        if cut.normalise {
            self.normalise();
        }
        &self.shaped
    }

    /// Gain for which noise, unrelated from channel to channel, comes out of all channels with the power it went in.
    fn normalise(&mut self) {
        let energy_of = |response: usize| -> f64 {
            self.shaped.get(response).map_or(0.0, |shaped| shaped.iter().map(|x| x * x).sum())
        };
        let energy: f64 = self.routes.iter().map(|route| energy_of(route.response)).sum();
        // A cut that leaves only silence stays silent.
        if energy > 1e-40 {
            let gain = (self.outputs as f64 / energy).sqrt();
            self.shaped.iter_mut().flatten().for_each(|x| *x *= gain);
        }
    }
}

/// Decay time of all responses together: a straight line through the backward integral from -5 to -25 dB (T20 of ISO
/// 3382-1:2009 section 5.3.3). None for what is too short or does not decay.
fn decay_seconds(responses: &[Vec<f64>], rate: f64) -> Option<f64> {
    let frames = responses.iter().map(Vec::len).max()?;
    let mut energy: Vec<f64> =
        (0..frames).map(|n| responses.iter().filter_map(|r| r.get(n)).map(|x| x * x).sum()).collect();
    let mut left = 0.0;
    for e in energy.iter_mut().rev() {
        left += *e;
        *e = left;
    }
    let (mut count, mut st, mut sy, mut stt, mut sty) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (n, e) in energy.iter().enumerate() {
        let db = if *e > 0.0 { 10.0 * log10(e / left) } else { continue };
        if (-25.0..-5.0).contains(&db) {
            let t = n as f64 / rate;
            (count, st, sy, stt, sty) = (count + 1.0, st + t, sy + db, stt + t * t, sty + t * db);
        }
    }
    let slope = (count * sty - st * sy) / (count * stt - st * st);
    // By our own convention: a hundred frames at least, or it is no decay.
    (count >= 100.0 && slope < 0.0).then(|| -60.0 / slope)
}
