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

    /// Fits the model to a signal, by Burg's recursion.
    pub(super) fn fit(&mut self, x: &[f64]) {
        let n = x.len().min(self.forward.len());
        self.forward[..n].copy_from_slice(&x[..n]);
        self.backward[..n].copy_from_slice(&x[..n]);
        self.a.fill(0.0);
        self.a[0] = 1.0;
        let mut known: Option<f64> = None;
        for stage in 1..=self.order.min(n.saturating_sub(1)) {
            // The backward errors stay where the order before left them: one further back with every stage.
            let (forward, backward) = (&mut self.forward[stage..n], &mut self.backward[..n - stage]);
            let (top, bottom) = match known {
                Some(bottom) => (product(forward, backward), bottom),
                None => products(forward, backward),
            };
            // Nothing left to predict.
            if bottom <= 1e-200 {
                break;
            }
            let k = -2.0 * top / bottom;
            self.previous.copy_from_slice(&self.a);
            for i in 1..=stage {
                self.a[i] = self.previous[i] + k * self.previous[stage - i];
            }
            for (f, b) in forward.iter_mut().zip(backward.iter_mut()) {
                (*f, *b) = (*f + k * *b, *b + k * *f);
            }
            // What is left falls by 1 - k² with every stage (Andersen, Proc. IEEE 66(11), 1978), less the two that the next stage does
            // not reach. Where hardly anything is left the difference would be all rounding: there it is summed again.
            let left = 1.0 - k * k;
            let (first, last) = (forward.first().copied(), backward.last().copied());
            let ends = first.map_or(0.0, |f| f * f) + last.map_or(0.0, |b| b * b);
            known = Some(left * bottom - ends).filter(|rest| left > LEAST_LEFT && *rest > LEAST_LEFT * bottom);
        }
        for lag in 0..=self.order {
            self.b[lag] = (0..=self.order - lag).map(|k| self.a[k] * self.a[k + lag]).sum();
        }
    }

    /// What the past (`forward`) or the future does not predict of `x`, into `to`; 0 within the order of an end.
    pub(super) fn residual(&self, x: &[f64], to: &mut [f64], forward: bool) {
        let (p, n) = (self.order, x.len().min(to.len()));
        to.fill(0.0);
        if n <= 2 * p {
            return;
        }
        for (k, a) in self.a.iter().enumerate() {
            let from = if forward { p - k } else { p + k };
            for (sum, x) in to[p..n - p].iter_mut().zip(&x[from..]) {
                *sum += a * x;
            }
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

/// Share of the power that must be left for a difference to have all its digits but one or two.
const LEAST_LEFT: f64 = 0.1;

/// Sum of the products of two signals, each in four rows side by side.
fn product(a: &[f64], b: &[f64]) -> f64 {
    let mut top = [0.0; 4];
    let (fours, rest) = a.as_chunks::<4>();
    let (others, last) = b.as_chunks::<4>();
    for (x, y) in fours.iter().zip(others) {
        (0..4).for_each(|lane| top[lane] += x[lane] * y[lane]);
    }
    for (lane, (x, y)) in rest.iter().zip(last).enumerate() {
        top[lane] += x * y;
    }
    (top[0] + top[1]) + (top[2] + top[3])
}

/// Sum of the products and sum of the squares of two signals, each in four rows side by side.
fn products(a: &[f64], b: &[f64]) -> (f64, f64) {
    let (mut top, mut bottom) = ([0.0; 4], [0.0; 4]);
    let (fours, rest) = a.as_chunks::<4>();
    let (others, last) = b.as_chunks::<4>();
    for (x, y) in fours.iter().zip(others) {
        for lane in 0..4 {
            top[lane] += x[lane] * y[lane];
            bottom[lane] += x[lane] * x[lane] + y[lane] * y[lane];
        }
    }
    for (lane, (x, y)) in rest.iter().zip(last).enumerate() {
        top[lane] += x * y;
        bottom[lane] += x * x + y * y;
    }
    ((top[0] + top[1]) + (top[2] + top[3]), (bottom[0] + bottom[1]) + (bottom[2] + bottom[3]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Burg's recursion as it stands in the book: both sums anew at every stage.
    fn by_the_book(x: &[f64], order: usize) -> Vec<f64> {
        let (mut f, mut b, mut a) = (x.to_vec(), x.to_vec(), vec![1.0]);
        for stage in 1..=order {
            let pairs = || (stage..x.len()).map(|n| (n, n - 1));
            let top: f64 = pairs().map(|(n, m)| f[n] * b[m]).sum();
            let bottom: f64 = pairs().map(|(n, m)| f[n] * f[n] + b[m] * b[m]).sum();
            let k = -2.0 * top / bottom;
            a.push(0.0);
            a = (0..a.len()).map(|i| a[i] + k * a[stage - i]).collect();
            let (old_f, old_b) = (f.clone(), b.clone());
            for (n, m) in pairs() {
                f[n] = old_f[n] + k * old_b[m];
                b[n] = old_b[m] + k * old_f[n];
            }
        }
        a
    }

    #[test]
    fn the_model_is_that_of_the_book_for_noise_for_tones_and_for_both() {
        let noise = testkit::signals::noise(0.3, 7, 900);
        let tone = testkit::signals::sine(441.0, 0.5, 0.2, 900.0 / 44_100.0, 44_100.0);
        let sum = |share: f64| noise.iter().zip(&tone).map(|(a, b)| share * a + b).collect::<Vec<f64>>();
        // Coloured: every value a good part of the last.
        let red = noise.iter().scan(0.0, |y, x| {
            *y = 0.95 * *y + x;
            Some(*y)
        });
        for (name, x, within) in [
            ("noise", noise.clone(), 1e-11),
            ("red noise", red.collect(), 1e-10),
            ("tone and noise", sum(0.3), 1e-10),
            ("tone and little noise", sum(1e-4), 1e-6),
        ] {
            let mut model = Model::new(40, x.len());
            model.fit(&x);
            let book = by_the_book(&x, 40);
            let off = model.a.iter().zip(&book).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            assert!(off < within, "{name}: {off}");
        }
    }
}
