//! Everything that is measured about a stream, in one pass. (interim)
#![allow(missing_docs)]
use crate::audio::Layout;
use dsp::{block::View, math};
#[derive(Debug, Clone)]
pub struct Measurements {
    pub integrated_lufs: Option<f64>,
    pub true_peak_dbtp: f64,
}
pub struct Bank {
    st: Vec<[f64; 4]>,
    c: [f64; 8],
    hop: usize,
    n: usize,
    acc: f64,
    hops: Vec<f64>,
    peak: f64,
}
impl Bank {
    pub fn new(layout: &Layout, rate: u32) -> Self {
        let sr = f64::from(rate);
        let k = math::tan(math::PI * 1681.974450955533 / sr);
        let (q, vh) = (0.7071752369554196, math::pow(10.0, 3.999843853973347 / 20.0));
        let vb = math::pow(vh, 0.4996667741545416);
        let a0 = 1.0 + k / q + k * k;
        let mut c = [
            (vh + vb * k / q + k * k) / a0,
            2.0 * (k * k - vh) / a0,
            (vh - vb * k / q + k * k) / a0,
            2.0 * (k * k - 1.0) / a0,
            (1.0 - k / q + k * k) / a0,
            0.,
            0.,
            0.,
        ];
        let k = math::tan(math::PI * 38.13547087602444 / sr);
        let q = 0.5003270373238773;
        let a0 = 1.0 + k / q + k * k;
        c[5] = 2.0 * (k * k - 1.0) / a0;
        c[6] = (1.0 - k / q + k * k) / a0;
        Self {
            st: vec![[0.0; 4]; layout.channels()],
            c,
            hop: (rate / 10).max(1) as usize,
            n: 0,
            acc: 0.0,
            hops: vec![],
            peak: 0.0,
        }
    }
    pub fn push(&mut self, b: View<'_>) {
        let c = self.c;
        for i in 0..b.frames() {
            for ch in 0..b.channels() {
                let x = b.channel(ch)[i];
                self.peak = self.peak.max(x.abs());
                let s = &mut self.st[ch];
                let y = c[0] * x + s[0];
                s[0] = c[1] * x - c[3] * y + s[1];
                s[1] = c[2] * x - c[4] * y;
                let z = y + s[2];
                s[2] = -2.0 * y - c[5] * z + s[3];
                s[3] = y - c[6] * z;
                self.acc += z * z;
            }
            self.n += 1;
            if self.n == self.hop {
                self.hops.push(self.acc / self.hop as f64);
                self.n = 0;
                self.acc = 0.0;
            }
        }
    }
    pub fn finish(self) -> Measurements {
        let l = |p: f64| math::power_to_db(p) - 0.691;
        let m: Vec<f64> =
            self.hops.windows(4).map(|w| w.iter().sum::<f64>() / 4.0).filter(|p| l(*p) > -70.0).collect();
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let i = if m.is_empty() {
            None
        } else {
            let g = l(mean(&m)) - 10.0;
            let v: Vec<f64> = m.iter().copied().filter(|p| l(*p) > g).collect();
            Some(l(mean(&v)))
        };
        Measurements { integrated_lufs: i, true_peak_dbtp: math::gain_to_db(self.peak) }
    }
}
