"""Fits crates/assistant/src/sort/weights.rs: groups of instruments by their sound (docs/decisions/050).

    eval features SONGS/* > songs.tsv; eval features REAL/* > real.tsv
    python3 eval/roles.py songs.tsv real.tsv groups.txt > crates/assistant/src/sort/weights.rs

Columns 1 to 4 of both tables are song, file, role, group; `groups.txt` has the groups of the real tracks, one a line. Needs numpy and
scipy. The fit is multinomial logistic regression with a penalty of 3 on squared weights; a corpus track counts by the inverse root of
the size of its group, a real one counts four times.
"""

import sys

import numpy as np
from scipy.optimize import minimize

GROUPS = "drums percussion bass guitars keys synths strings winds vocals backing effects".split()
PENALTY, REAL, MOST = 3.0, 4.0, 2.5


def table(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path)]
    names, rows = rows[0][4:], rows[1:]
    return names, [row[3].removesuffix("_bus") for row in rows], np.array([[float(x) for x in row[4:]] for row in rows])


def fit(z, y, w):
    a, k = np.hstack([z, np.ones((len(z), 1))]), len(GROUPS)
    target = np.eye(k)[y]

    def loss(flat):
        v = flat.reshape(-1, k)
        s = a @ v
        s -= s.max(1, keepdims=True)
        p = np.exp(s)
        p /= p.sum(1, keepdims=True)
        grad = a.T @ ((p - target) * w[:, None])
        grad[:-1] += PENALTY * v[:-1]
        return -(w * np.log((p * target).sum(1) + 1e-12)).sum() + 0.5 * PENALTY * (v[:-1] ** 2).sum(), grad.ravel()

    found = minimize(loss, np.zeros(a.shape[1] * k), jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return found.x.reshape(-1, k)


def main():
    names, groups, x = table(sys.argv[1])
    _, _, real = table(sys.argv[2])
    real_groups = open(sys.argv[3]).read().split()
    y = np.array([GROUPS.index(g) for g in groups + real_groups])
    size = np.bincount(y[: len(x)], minlength=len(GROUPS))
    w = 1 / np.sqrt(size[y[: len(x)]])
    w = np.concatenate([w * len(w) / w.sum(), np.full(len(real), REAL)])
    x = np.vstack([x, real])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    v = fit(np.clip((x - mean) / spread, -MOST, MOST), y, w)
    row = lambda values: "[" + ", ".join(f"{value:.3f}" for value in values) + "]"
    print("//! Weights of the model of groups, by `eval/roles.py` from the corpus and three real multitracks, 2026-11-21, see\n//! docs/decisions/050.\n")
    print("/// Means and spreads of the features.")
    print(f"pub(super) const SCALES: [[f64; {len(names)}]; 2] = [{row(mean)}, {row(spread)}];\n")
    print("/// For each group a weight of every feature, and at the end what it has without any.")
    print(f"pub(super) const WEIGHTS: [[f64; {len(names) + 1}]; {len(GROUPS)}] = [")
    for number in range(len(GROUPS)):
        print(f"    {row(v[:, number])},")
    print("];")


main()
