//! The long-term spectrum, and the cliff in it that a lossy coder or a low sample rate leaves.

use dsp::block::View;
use dsp::fft::Fft;
use dsp::math;

/// Points of one transform: 10.8 Hz apart at 44.1 kHz, 23 bins per band of 250 Hz.
const POINTS: usize = 4096;
/// Frames from one transform to the next: every second stretch is looked at, which is enough for an average.
const HOP: usize = 2 * POINTS;
/// Width of a band in Hz.
const BAND_HZ: f64 = 250.0;
/// Bands below this are full of music; no coder in use cuts there.
const LOWEST_HZ: f64 = 9_000.0;

/// Average power spectrum of all channels together.
#[derive(Debug, Clone)]
pub(super) struct LongTerm {
    fft: Fft,
    window: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    at: usize,
    power: Vec<f64>,
    transforms: u64,
}

/// Where the spectrum falls off a cliff.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cliff {
    /// Frequency of the cliff.
    pub(super) hz: f64,
    /// How far the spectrum falls within 1 kHz, and stays down up to half the sample rate.
    pub(super) drop_db: f64,
}

impl LongTerm {
    /// Nothing heard yet.
    pub(super) fn new() -> Self {
        // Hann: side lobes fall by 18 dB per octave, so that bass does not fill the gap above a cliff.
        let window =
            (0..POINTS).map(|n| 0.5 - 0.5 * math::cos(math::TAU * n as f64 / POINTS as f64)).collect();
        Self {
            fft: Fft::new(POINTS),
            window,
            re: vec![0.0; POINTS],
            im: vec![0.0; POINTS],
            at: 0,
            power: vec![0.0; POINTS / 2],
            transforms: 0,
        }
    }

    /// The next frames. The first two channels are heard.
    pub(super) fn push(&mut self, block: View<'_>) {
        let mut from = 0;
        while from < block.frames() {
            let frames =
                if self.at < POINTS { POINTS - self.at } else { HOP - self.at }.min(block.frames() - from);
            if self.at < POINTS {
                self.fill(block, from, frames);
            }
            self.at += frames;
            from += frames;
            if self.at == POINTS {
                self.transform();
            }
            if self.at == HOP {
                self.at = 0;
            }
        }
    }

    fn fill(&mut self, block: View<'_>, from: usize, frames: usize) {
        let to = self.at..self.at + frames;
        let window = &self.window[to.clone()];
        for (channel, plane) in [&mut self.re, &mut self.im].into_iter().enumerate().take(block.channels()) {
            let input = &block.channel(channel)[from..from + frames];
            for ((out, x), w) in plane[to.clone()].iter_mut().zip(input).zip(window) {
                *out = x * w;
            }
        }
    }

    fn transform(&mut self) {
        // Two real signals in one complex transform: |Z(k)|² + |Z(N-k)|² = 2·(|L|² + |R|²).
        self.fft.forward(&mut self.re, &mut self.im);
        for (k, power) in self.power.iter_mut().enumerate().skip(1) {
            let mirror = POINTS - k;
            *power += self.re[k] * self.re[k] + self.im[k] * self.im[k];
            *power += self.re[mirror] * self.re[mirror] + self.im[mirror] * self.im[mirror];
        }
        self.re.fill(0.0);
        self.im.fill(0.0);
        self.transforms += 1;
    }

    /// Level in dB of the spectrum's density between two frequencies; the reference is arbitrary but always the same.
    fn band_db(&self, from_hz: f64, to_hz: f64, sample_rate_hz: f64) -> f64 {
        let bin = |hz: f64| (hz * POINTS as f64 / sample_rate_hz) as usize;
        let (from, to) = (bin(from_hz), bin(to_hz).min(self.power.len()));
        let Some(bins) = self.power.get(from..to).filter(|bins| !bins.is_empty()) else {
            return f64::NEG_INFINITY;
        };
        // Scaled so that white noise at full scale (mean square 1) reads about 0 dB per bin of one channel.
        let scale = 1.0 / (0.75 * (POINTS * bins.len()) as f64 * self.transforms.max(1) as f64);
        // A floor of -200 dB keeps the differences of digital silence finite.
        math::power_to_db(bins.iter().sum::<f64>() * scale + 1e-20)
    }

    /// The deepest cliff above 10 kHz; `None` when the sample rate leaves no room for one or nothing was heard there.
    pub(super) fn cliff(&self, sample_rate_hz: f64) -> Option<Cliff> {
        let half = 0.5 * sample_rate_hz;
        let count = ((half - LOWEST_HZ) / BAND_HZ).max(0.0) as usize;
        let bands: Vec<f64> = (0..count)
            .map(|band| {
                let from = LOWEST_HZ + BAND_HZ * band as f64;
                self.band_db(from, from + BAND_HZ, sample_rate_hz)
            })
            .collect();
        let mut best: Option<Cliff> = None;
        for edge in 4..count.saturating_sub(4) {
            // 500 Hz of slope on either side belong to the cliff: below are the two bands before, above all behind.
            let below = bands[edge - 4].min(bands[edge - 3]);
            let above = bands[edge + 2..].iter().fold(f64::NEG_INFINITY, |top, band| top.max(*band));
            let cliff = Cliff { hz: LOWEST_HZ + BAND_HZ * edge as f64, drop_db: below - above };
            // Nothing is learnt from a fall that begins below the noise of a 24-bit file.
            if below > -160.0 && best.is_none_or(|best| cliff.drop_db > best.drop_db) {
                best = Some(cliff);
            }
        }
        best
    }

    /// Level of everything above `hz`, in dB as [`band_db`](Self::band_db) counts.
    pub(super) fn above_db(&self, hz: f64, sample_rate_hz: f64) -> f64 {
        self.band_db(hz, 0.5 * sample_rate_hz, sample_rate_hz)
    }
}
