//! A stream cut into windows at a steady rate, and their powers.

use dsp::fft::{Fft, RealFft};
use dsp::window::Window;

/// Rate at which the lengths below are meant; others use the power of two that lasts about as long.
const BASE_RATE_HZ: f64 = 48_000.0;

/// Points of a window that lasts about as long as `size` points at 48 kHz; never under 64.
pub(super) fn size_at(size: usize, sample_rate_hz: f64) -> usize {
    let (mut points, mut rate_hz) = (size, BASE_RATE_HZ);
    while sample_rate_hz > 1.5 * rate_hz {
        points *= 2;
        rate_hz *= 2.0;
    }
    while sample_rate_hz < 0.7 * rate_hz && points > 64 {
        points /= 2;
        rate_hz *= 0.5;
    }
    points
}

/// Frame nearest to `index / per_second` seconds; at least one frame a step.
pub(super) fn edge(sample_rate_hz: f64, per_second: f64, index: u64) -> u64 {
    (index as f64 * sample_rate_hz.max(per_second) / per_second + 0.5).floor() as u64
}

/// Cuts a stream of one or two planes into windows, one for each step of `1 / per_second` seconds, its middle in the middle of
/// the step. Outside the stream is silence.
#[derive(Debug)]
pub(super) struct Framer {
    sample_rate_hz: f64,
    per_second: f64,
    size: usize,
    lead: usize,
    planes: Vec<Vec<f64>>,
    /// Frame of the stream at which the planes begin, plus the lead.
    first: u64,
    heard: u64,
    next: u64,
}

impl Framer {
    pub(super) fn new(sample_rate_hz: f64, per_second: f64, size: usize, planes: usize) -> Self {
        let lead = size.saturating_sub(edge(sample_rate_hz, per_second, 1) as usize) / 2;
        Self {
            sample_rate_hz,
            per_second,
            size,
            lead,
            planes: vec![vec![0.0; lead]; planes],
            first: 0,
            heard: 0,
            next: 0,
        }
    }

    /// Takes a block of all planes and shows every window that is complete: its number and its planes.
    pub(super) fn push(&mut self, block: &[&[f64]], mut each: impl FnMut(u64, &[&[f64]])) {
        let frames = block.first().map_or(0, |plane| plane.len());
        for (plane, new) in self.planes.iter_mut().zip(block) {
            plane.extend_from_slice(new);
        }
        self.heard += frames as u64;
        self.show(self.heard, &mut each);
    }

    /// The windows that begin before the end of the stream and reach beyond it.
    pub(super) fn finish(&mut self, mut each: impl FnMut(u64, &[&[f64]])) {
        let heard = self.heard;
        let room = self.size + self.lead;
        self.planes.iter_mut().for_each(|plane| plane.resize(plane.len() + room, 0.0));
        self.show(heard, &mut each);
    }

    fn show(&mut self, end: u64, each: &mut impl FnMut(u64, &[&[f64]])) {
        let held = self.planes.first().map_or(0, Vec::len) as u64;
        loop {
            let start = edge(self.sample_rate_hz, self.per_second, self.next);
            // `start` counts from the lead, as `first` does.
            if start >= end || start + self.size as u64 > self.first + held {
                break;
            }
            let from = (start - self.first) as usize;
            match self.planes.as_slice() {
                [one] => each(self.next, &[&one[from..from + self.size]]),
                [one, two] => each(self.next, &[&one[from..from + self.size], &two[from..from + self.size]]),
                _ => {}
            }
            self.next += 1;
        }
        let start = edge(self.sample_rate_hz, self.per_second, self.next);
        let drop = start.saturating_sub(self.first).min(held) as usize;
        // Moving is cheap as long as it is seldom: once for every block.
        if drop > 0 {
            self.planes.iter_mut().for_each(|plane| {
                plane.drain(..drop);
            });
            self.first += drop as u64;
        }
    }
}

/// Powers of windows of one or two planes, scaled to mean squares: the bins of a sine at full scale add up to 0.5.
#[derive(Debug)]
pub(super) struct Powers {
    window: Vec<f64>,
    /// For one plane, and for two at once, made when first needed.
    one: Option<RealFft>,
    two: Option<Fft>,
    windowed: Vec<f64>,
    re: Vec<f64>,
    im: Vec<f64>,
    scale: f64,
    /// Power of all planes in each bin, 0 to half the size.
    pub(super) sum: Vec<f64>,
}

fn load(to: &mut [f64], window: &[f64], plane: &[f64]) {
    to.iter_mut().zip(window).zip(plane).for_each(|((y, w), x)| *y = w * x);
}

impl Powers {
    pub(super) fn new(size: usize) -> Self {
        let window = Window::Hann.periodic(size);
        let gain: f64 = window.iter().map(|w| w * w).sum();
        Self {
            one: None,
            two: None,
            windowed: vec![0.0; size],
            re: vec![0.0; size],
            im: vec![0.0; size],
            // Both halves of a real signal's spectrum; energy of the window; Parseval.
            scale: 2.0 / (size as f64 * gain),
            sum: vec![0.0; size / 2 + 1],
            window,
        }
    }

    /// Fills [`sum`](Self::sum).
    pub(super) fn take(&mut self, planes: &[&[f64]]) {
        match planes {
            [one] => self.take_one(one),
            [first, second] => self.take_two(first, second),
            _ => {}
        }
    }

    fn take_one(&mut self, plane: &[f64]) {
        load(&mut self.windowed, &self.window, plane);
        let size = self.windowed.len();
        let bins = self.sum.len();
        let (re, im) = (&mut self.re[..bins], &mut self.im[..bins]);
        self.one.get_or_insert_with(|| RealFft::new(size)).forward(&self.windowed, re, im);
        for ((sum, re), im) in self.sum.iter_mut().zip(re).zip(im) {
            *sum = self.scale * (*re * *re + *im * *im);
        }
        // These two have no mirror.
        self.sum[0] *= 0.5;
        self.sum[bins - 1] *= 0.5;
    }

    /// Transforms both planes at once, one as the real, one as the imaginary part: |Z(k)|² + |Z(N-k)|² is twice the power of
    /// both.
    fn take_two(&mut self, first: &[f64], second: &[f64]) {
        load(&mut self.re, &self.window, first);
        load(&mut self.im, &self.window, second);
        let size = self.re.len();
        self.two.get_or_insert_with(|| Fft::new(size)).forward(&mut self.re, &mut self.im);
        let half = self.sum.len() - 1;
        let scale = 0.5 * self.scale;
        let near = self.re[1..half].iter().zip(&self.im[1..half]);
        let far = self.re[half + 1..].iter().rev().zip(self.im[half + 1..].iter().rev());
        for ((sum, a), b) in self.sum[1..half].iter_mut().zip(near).zip(far) {
            *sum = scale * (a.0 * a.0 + a.1 * a.1 + b.0 * b.0 + b.1 * b.1);
        }
        for k in [0, half] {
            self.sum[k] = scale * (self.re[k] * self.re[k] + self.im[k] * self.im[k]);
        }
    }

    /// Fills [`sum`](Self::sum) and shows for each bin the power of the first plane and the real part of the cross-spectrum. Two
    /// planes only.
    pub(super) fn take_pair(&mut self, planes: &[&[f64]], first: &mut [f64], cross: &mut [f64]) {
        self.take(planes);
        let (size, half) = (self.re.len(), self.sum.len() - 1);
        for k in 1..half {
            let mirror = size - k;
            // Untangled: A = (Z(k) + Z*(N-k)) / 2, B = (Z(k) - Z*(N-k)) / 2i.
            let (ar, ai) = (0.5 * (self.re[k] + self.re[mirror]), 0.5 * (self.im[k] - self.im[mirror]));
            let (br, bi) = (0.5 * (self.im[k] + self.im[mirror]), 0.5 * (self.re[mirror] - self.re[k]));
            first[k] = self.scale * (ar * ar + ai * ai);
            cross[k] = self.scale * (ar * br + ai * bi);
        }
        first[0] = 0.0;
        cross[0] = 0.0;
        first[half] = 0.0;
        cross[half] = 0.0;
    }
}

/// Sums of bins between edges, bins on an edge shared by their width.
#[derive(Debug)]
pub(super) struct Bands {
    /// For each band: first whole bin, end of whole bins, shares of the bins before and after.
    parts: Vec<(usize, usize, f64, f64)>,
}

impl Bands {
    /// Bands between rising edges in Hz; beyond half the rate is nothing.
    pub(super) fn new(edges_hz: &[f64], bin_hz: f64, bins: usize) -> Self {
        // Bin k stands for k ± ½, so an edge at f lies f / bin + ½ bins from the start.
        let at = |hz: f64| (hz / bin_hz + 0.5).clamp(0.0, bins as f64);
        let part = |pair: &[f64]| {
            let (low, high) = (at(pair[0]), at(pair[1]));
            let (first, end) = (low.ceil() as usize, high.floor() as usize);
            if first > end {
                // Both edges in one bin.
                return (first, first, high - low, 0.0);
            }
            (first, end, first as f64 - low, high - end as f64)
        };
        Self { parts: edges_hz.windows(2).map(part).collect() }
    }

    /// Power of each band.
    pub(super) fn sum(&self, bins: &[f64], mut each: impl FnMut(usize, f64)) {
        let at = |k: usize| bins.get(k).copied().unwrap_or(0.0);
        for (band, (first, end, before, after)) in self.parts.iter().enumerate() {
            let whole: f64 = bins.get(*first..*end).map_or(0.0, |bins| bins.iter().sum());
            let edges = before * first.checked_sub(1).map_or(0.0, at) + after * at(*end);
            each(band, whole + edges);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::signals::{noise, sine};

    fn cut(planes: &[Vec<f64>], block: usize) -> Vec<Vec<f64>> {
        let mut framer = Framer::new(44_100.0, 20.0, 4096, planes.len());
        let mut out = Vec::new();
        let frames = planes[0].len();
        for start in (0..frames).step_by(block) {
            let end = (start + block).min(frames);
            let parts: Vec<&[f64]> = planes.iter().map(|plane| &plane[start..end]).collect();
            framer.push(&parts, |_, window| out.push(window.concat()));
        }
        framer.finish(|_, window| out.push(window.concat()));
        out
    }

    #[test]
    fn windows_do_not_depend_on_blocks_and_stand_in_the_middle_of_their_step() {
        let planes = [noise(1.0, 1, 30_001), noise(1.0, 2, 30_001)];
        let whole = cut(&planes, 100_000);
        for block in [1000, 4096, 7777] {
            assert!(cut(&planes, block) == whole, "{block}");
        }
        // 30 001 frames are 13.6 steps of 50 ms.
        assert_eq!(whole.len(), 14);
        // The second step is 2205 to 4410: its middle 3307, minus half a window.
        let start = 2205 - (4096 - 2205) / 2;
        assert_eq!(whole[1][..4096], planes[0][start..start + 4096]);
    }

    #[test]
    fn the_power_of_a_sine_is_a_half_in_one_plane_or_two() {
        let wave = sine(1000.0, 1.0, 0.3, 0.1, 48_000.0);
        let mut powers = Powers::new(4096);
        powers.take(&[&wave[..4096]]);
        assert!((powers.sum.iter().sum::<f64>() - 0.5).abs() < 1e-3);
        let other = sine(300.0, 0.5, 0.0, 0.1, 48_000.0);
        let (mut first, mut cross) = (vec![0.0; 2049], vec![0.0; 2049]);
        powers.take_pair(&[&wave[..4096], &other[..4096]], &mut first, &mut cross);
        assert!((powers.sum.iter().sum::<f64>() - 0.625).abs() < 1e-3);
        assert!((first.iter().sum::<f64>() - 0.5).abs() < 1e-3);
        let turned: Vec<f64> = wave.iter().map(|x| -0.5 * x).collect();
        powers.take_pair(&[&wave[..4096], &turned[..4096]], &mut first, &mut cross);
        assert!((cross.iter().sum::<f64>() + 0.25).abs() < 1e-3);
    }

    #[test]
    fn bands_share_the_bins_on_their_edges_and_lose_nothing() {
        let bins: Vec<f64> = (0..100).map(f64::from).collect();
        let bands = Bands::new(&[12.0, 13.0, 250.0, 251.0, 333.3], 10.0, 100);
        let mut got = Vec::new();
        bands.sum(&bins, |_, power| got.push(power));
        // By hand: 12 Hz is bin position 1.7, 13 is 1.8: a tenth of bin 1.
        assert!((got[0] - 0.1).abs() < 1e-12, "{got:?}");
        let all = Bands::new(&[12.0, 333.3], 10.0, 100);
        all.sum(&bins, |_, power| assert!((power - got.iter().sum::<f64>()).abs() < 1e-9));
    }

    #[test]
    fn sizes_last_as_long_at_every_rate() {
        let sizes: Vec<usize> = [8000.0, 22_050.0, 44_100.0, 48_000.0, 88_200.0, 96_000.0, 192_000.0]
            .map(|r| size_at(4096, r))
            .into();
        assert_eq!(sizes, [512, 2048, 4096, 4096, 8192, 8192, 16_384]);
    }
}
