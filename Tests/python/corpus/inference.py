"""Filters, Gaussian processes, optimisers, signals."""

import numpy as np

from . import Entry

rng = np.random.default_rng(3)


def kalman_scalar(observations, q, r):
    mean, variance, total = 0.0, 1.0, 0.0
    for y in observations:
        variance = variance + q
        s = variance + r
        gain = variance / s
        total = total + 0.5 * (np.log(2 * np.pi * s) + (y - mean) ** 2 / s)
        mean = mean + gain * (y - mean)
        variance = (1 - gain) * variance
    return total


def kalman(observations, transition, noise):
    h = np.array([[1.0, 0.0]])
    m, p = np.zeros(2), np.eye(2)
    means = []
    for y in observations:
        m = transition @ m
        p = transition @ p @ transition.T + noise * np.eye(2)
        s = h @ p @ h.T + 0.3
        k = p @ h.T @ np.linalg.inv(s)
        m = m + (k @ (np.atleast_1d(y) - h @ m))
        p = (np.eye(2) - k @ h) @ p
        means.append(m)
    return np.stack(means)


def gp_likelihood(log_params, x, y):
    length, amplitude, noise = np.exp(log_params)
    d2 = (x[:, None] - x[None, :]) ** 2
    k = amplitude**2 * np.exp(-0.5 * d2 / length**2) + noise**2 * np.eye(len(x))
    c = np.linalg.cholesky(k)
    alpha = np.linalg.solve(k, y)
    return 0.5 * y @ alpha + np.log(np.diag(c)).sum() + 0.5 * len(x) * np.log(2 * np.pi)


def rbf_kernel(x1, x2, scale):
    sq = np.sum(x1**2, 1)[:, None] + np.sum(x2**2, 1)[None, :] - 2 * np.dot(x1, x2.T)
    return np.exp(-0.5 * np.maximum(sq, 0) / scale**2)


def hmm_forward(log_start, log_trans, log_emit):
    alpha = log_start + log_emit[0]
    for t in range(1, len(log_emit)):
        alpha = np.logaddexp.reduce(alpha[:, None] + log_trans, axis=0) + log_emit[t]
    return np.logaddexp.reduce(alpha)


def ar_residuals(series, coefficients):
    p = len(coefficients)
    windows = np.lib.stride_tricks.sliding_window_view(series, p)[:-1]
    return series[p:] - windows @ coefficients[::-1]


def exponential_smoothing(series, alpha):
    out = np.zeros_like(series)
    out[0] = series[0]
    for i in range(1, len(series)):
        out[i] = alpha * series[i] + (1 - alpha) * out[i - 1]
    return out


def gradient_descent(w, x, y):
    for _ in range(5):
        w -= 0.1 * x.T @ (x @ w - y) / len(y)
    return w


def adam(w, target):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for i in range(1, 5):
        g = 2 * (w - target)
        m = 0.9 * m + 0.1 * g
        v = 0.999 * v + 0.001 * g**2
        w = w - 0.05 * (m / (1 - 0.9**i)) / (np.sqrt(v / (1 - 0.999**i)) + 1e-8)
    return w


def low_pass(signal, taps):
    return np.convolve(signal, taps / taps.sum(), mode="same")


def autocorrelation(signal):
    centred = signal - signal.mean()
    full = np.correlate(centred, centred, mode="full")
    return full[len(signal) - 1 :] / full[len(signal) - 1]


def polynomial_fit(y):
    x = np.arange(len(y)) / len(y)
    c = np.polyfit(x, y, 2)
    return np.sum((np.polyval(c, x) - y) ** 2), np.polyder(c)


def savings(flows, rate):
    years = np.arange(len(flows))
    return np.sum(flows / (1 + rate) ** years)


def black_scholes(spot, strike, vol, rate, t):
    from math import sqrt

    d1 = (np.log(spot / strike) + (rate + 0.5 * vol**2) * t) / (vol * np.sqrt(t))
    d2 = d1 - vol * np.sqrt(t)

    def cdf(x):
        return 0.5 * (1 + np.tanh(sqrt(2 / np.pi) * (x + 0.044715 * x**3)))

    return spot * cdf(d1) - strike * np.exp(-rate * t) * cdf(d2)


def phase(signal):
    return np.unwrap(np.arctan2(signal, np.roll(signal, 2)))


def assignment_cost(costs):
    choice = np.argmin(costs, axis=1)
    return np.take_along_axis(costs, choice[:, None], axis=1).sum(), choice


SERIES = rng.normal(size=10)
X = rng.normal(size=(6, 3))
ENTRIES = [
    Entry(kalman_scalar, (SERIES, 0.1, 0.4)),
    Entry(kalman, (SERIES[:4], np.array([[1.0, 0.1], [0.0, 0.9]]), 0.05)),
    Entry(gp_likelihood, (np.array([0.1, 0.2, -0.7]), SERIES, np.sin(SERIES))),
    Entry(rbf_kernel, (X, X[:4] * 0.5, 1.2)),
    Entry(hmm_forward, (SERIES[:3], rng.normal(size=(3, 3)), rng.normal(size=(5, 3)))),
    Entry(ar_residuals, (SERIES, np.array([0.5, -0.2]))),
    Entry(exponential_smoothing, (SERIES, 0.3)),
    Entry(gradient_descent, (X[0], X, SERIES[:6])),
    Entry(adam, (X[0], X[1])),
    Entry(low_pass, (SERIES, np.array([1.0, 2.0, 1.5]))),
    Entry(autocorrelation, (SERIES,)),
    Entry(polynomial_fit, (SERIES,)),
    Entry(savings, (SERIES, 0.03)),
    Entry(black_scholes, (1.1, 1.0, 0.2, 0.01, 0.5)),
    Entry(phase, (SERIES,)),
    Entry(assignment_cost, (X,)),
]
