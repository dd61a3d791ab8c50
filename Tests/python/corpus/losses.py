"""Losses, likelihoods and statistics."""

import numpy as np

from . import Entry

rng = np.random.default_rng(1)
LOGITS, TARGETS = rng.normal(size=(7, 4)), rng.integers(0, 4, 7)
X, Y = rng.normal(size=(9, 3)), rng.normal(size=9)
P, Q = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5))


def cross_entropy(logits, targets):
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return -log_probs[np.arange(len(targets)), targets].mean()


def focal_loss(logits, targets, gamma=2.0):
    n, k = logits.shape
    onehot = np.zeros((n, k))
    onehot[np.arange(n), TARGETS] = 1
    p = np.exp(logits) / np.sum(np.exp(logits), axis=-1, keepdims=True)
    pt = (p * onehot).sum(-1)
    return np.mean(-((1 - pt) ** gamma) * np.log(np.clip(pt, 1e-7, 1.0)))


def huber(prediction, target, delta=0.7):
    error = prediction - target
    small = np.abs(error) <= delta
    return np.where(small, 0.5 * error**2, delta * (np.abs(error) - 0.5 * delta)).sum()


def binary_cross_entropy(w, x):
    z = x @ w
    y = (Y > 0).astype(float)
    return np.mean(np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z))))


def kl_divergence(p, q):
    p = p / p.sum()
    q = q / q.sum()
    return np.sum(p * np.log(p / q))


def ridge(w, x, y, lam=0.1):
    r = x.dot(w) - y
    return 0.5 * np.dot(r, r) / len(y) + 0.5 * lam * np.linalg.norm(w) ** 2


def contrastive(a, b, temperature=0.5):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    scores = a @ b.T / temperature
    n = scores.shape[0]
    top = scores.max(1)
    logsum = np.log(np.exp(scores - top[:, None]).sum(1)) + top
    return (logsum - scores[range(n), range(n)]).mean()


def gaussian_mixture(x, means, log_scales, weights):
    z = (x[:, None] - means) / np.exp(log_scales)
    log_p = -0.5 * z**2 - log_scales - 0.5 * np.log(2 * np.pi)
    log_w = weights - np.logaddexp.reduce(weights)
    return np.logaddexp.reduce(log_p + log_w, axis=1).sum()


def weighted_moments(x, w):
    mean = np.average(x, axis=0, weights=w)
    centred = x - mean
    cov = (centred * w[:, None]).T @ centred / w.sum()
    skew = (w[:, None] * centred**3).sum(0) / np.diag(cov) ** 1.5
    return mean, cov, skew


def correlation_matrix(x):
    return np.corrcoef(x, rowvar=False), np.cov(x.T, bias=True)


def triplet(anchor, positive, negative, margin=0.3):
    d_pos = np.sqrt(np.sum((anchor - positive) ** 2, axis=1))
    d_neg = np.sqrt(np.sum((anchor - negative) ** 2, axis=1))
    return np.maximum(d_pos - d_neg + margin, 0.0).mean()


def poisson_regression(w, x):
    eta = np.einsum("ij,j->i", x, w)
    counts = np.array([0, 2, 1, 4, 0, 1, 3, 2, 1])
    return (np.exp(eta) - counts * eta).sum()


def total_variation(image):
    dx = np.diff(image, axis=1)
    dy = np.diff(image, axis=0)
    return np.sqrt(dx[:-1] ** 2 + dy[:, :-1] ** 2 + 1e-3).sum()


def masked_mean(x):
    mask = ~np.isnan(MASKED)
    return np.sum(np.where(mask, x, 0)) / mask.sum(), np.nanmean(np.where(mask, x, np.nan), axis=1)


MASKED = np.where(rng.random((9, 3)) < 0.3, np.nan, 1.0)

ENTRIES = [
    Entry(cross_entropy, (LOGITS, TARGETS)),
    Entry(focal_loss, (LOGITS, TARGETS)),
    Entry(huber, (X[:, 0], Y)),
    Entry(binary_cross_entropy, (X[0], X)),
    Entry(kl_divergence, (P, Q)),
    Entry(ridge, (X[0], X, Y)),
    Entry(contrastive, (X, X[::-1] * 0.5 + 0.2)),
    Entry(gaussian_mixture, (Y, X[0], X[1] * 0.1, X[2])),
    Entry(weighted_moments, (X, np.abs(Y) + 0.1)),
    Entry(correlation_matrix, (X,)),
    Entry(triplet, (X, X + 0.3 * X[::-1], X * 0.4)),
    Entry(poisson_regression, (X[0] * 0.3, X)),
    Entry(total_variation, (rng.normal(size=(6, 5)),)),
    Entry(masked_mean, (X,)),
]
