//! Autoregressive models and interpolation with them.
//!
//! Source: Burg, "Maximum entropy spectral analysis", Stanford 1975 (the model); Janssen, Veldhuis and Vries, IEEE Trans.
//! ASSP-34(2), 1986, and Godsill and Rayner, "Digital Audio Restoration", Springer 1998, section 5.2 (the least-squares
//! interpolator).

/// A model of the form `Σ a[k] x[n - k] = e[n]`, `a[0] = 1`, with its work space.
#[derive(Debug, Clone)]
pub(super) struct Model {
    order: usize,
    pub(super) a: Vec<f64>,
    previous: Vec<f64>,
    forward: Vec<f64>,
    backward: Vec<f64>,
    /// Correlation of the coefficients, lag by lag.
    b: Vec<f64>,
    /// Lower triangle of the system, `order + 1` numbers per row, the diagonal first.
    band: Vec<f64>,
    right: Vec<f64>,
}

impl Model {
    pub(super) fn new(order: usize, len: usize) -> Self {
        Self {
            order,
            a: vec![0.0; order + 1],
            previous: vec![0.0; order + 1],
            forward: vec![0.0; len],
            backward: vec![0.0; len],
            b: vec![0.0; order + 1],
            band: vec![0.0; len * (order + 1)],
            right: vec![0.0; len],
        }
    }

    pub(super) fn order(&self) -> usize {
        self.order
    }

    /// Fits the model to a signal, by Burg's recursion.
    pub(super) fn fit(&mut self, x: &[f64]) {
        let n = x.len().min(self.forward.len());
        self.forward[..n].copy_from_slice(&x[..n]);
        self.backward[..n].copy_from_slice(&x[..n]);
        self.a.fill(0.0);
        self.a[0] = 1.0;
        for stage in 1..=self.order.min(n.saturating_sub(1)) {
            let (mut top, mut bottom) = (0.0, 0.0);
            for (f, b) in self.forward[stage..n].iter().zip(&self.backward[stage - 1..n - 1]) {
                top += f * b;
                bottom += f * f + b * b;
            }
            // Nothing left to predict.
            if bottom <= 1e-200 {
                break;
            }
            let k = -2.0 * top / bottom;
            self.previous.copy_from_slice(&self.a);
            for i in 1..=stage {
                self.a[i] = self.previous[i] + k * self.previous[stage - i];
            }
            for i in (stage..n).rev() {
                let (f, b) = (self.forward[i], self.backward[i - 1]);
                self.forward[i] = f + k * b;
                self.backward[i] = b + k * f;
            }
        }
        for lag in 0..=self.order {
            self.b[lag] = (0..=self.order - lag).map(|k| self.a[k] * self.a[k + lag]).sum();
        }
    }

    /// What the past (`forward`) or the future does not predict at `n`; 0 within the order of an end.
    pub(super) fn residual(&self, x: &[f64], n: usize, forward: bool) -> f64 {
        let p = self.order;
        if n < p || n + p >= x.len() {
            return 0.0;
        }
        if forward {
            self.a.iter().zip(x[n - p..=n].iter().rev()).map(|(a, x)| a * x).sum()
        } else {
            self.a.iter().zip(&x[n..=n + p]).map(|(a, x)| a * x).sum()
        }
    }

    /// Fills in `x` at the `unknown` places (rising, at least the order away from both ends) so that the residual is least.
    pub(super) fn interpolate(&mut self, x: &mut [f64], unknown: &[usize]) {
        let (p, width) = (self.order, self.order + 1);
        if unknown.len() > self.right.len() {
            return;
        }
        for at in unknown {
            x[*at] = 0.0;
        }
        for (i, &at) in unknown.iter().enumerate() {
            // With the unknown at zero, what is left of the sum is what is known.
            let from = at.saturating_sub(p);
            let to = (at + p + 1).min(x.len());
            self.right[i] = -(from..to).map(|n| self.b[n.abs_diff(at)] * x[n]).sum::<f64>();
            self.band[i * width..(i + 1) * width].fill(0.0);
            for j in (i.saturating_sub(p)..=i).rev() {
                let lag = at - unknown[j];
                if lag > p {
                    break;
                }
                self.band[i * width + i - j] = self.b[lag];
            }
            // A hair on the diagonal keeps pure tones solvable.
            self.band[i * width] *= 1.0 + 1e-9;
        }
        self.solve(unknown.len());
        for (value, at) in self.right.iter().zip(unknown) {
            x[*at] = if value.is_finite() { *value } else { 0.0 };
        }
    }

    /// Cholesky's method on the band, in place.
    fn solve(&mut self, n: usize) {
        let (p, width) = (self.order, self.order + 1);
        for i in 0..n {
            for j in i.saturating_sub(p)..=i {
                let from = i.saturating_sub(p).max(j.saturating_sub(p));
                let mut sum = self.band[i * width + i - j];
                for k in from..j {
                    sum -= self.band[i * width + i - k] * self.band[j * width + j - k];
                }
                self.band[i * width + i - j] =
                    if i == j { sum.max(1e-300).sqrt() } else { sum / self.band[j * width] };
            }
        }
        for i in 0..n {
            for k in i.saturating_sub(p)..i {
                self.right[i] -= self.band[i * width + i - k] * self.right[k];
            }
            self.right[i] /= self.band[i * width];
        }
        for i in (0..n).rev() {
            for k in i + 1..(i + p + 1).min(n) {
                self.right[i] -= self.band[k * width + k - i] * self.right[k];
            }
            self.right[i] /= self.band[i * width];
        }
    }
}
