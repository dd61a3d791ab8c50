"""Small networks, by hand."""

import numpy as np

from . import Entry

rng = np.random.default_rng(4)


def relu(x):
    return np.maximum(x, 0)


def softmax(x, axis=-1):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def perceptron(params, x):
    h = x
    for w, b in params[:-1]:
        h = np.tanh(h @ w + b)
    w, b = params[-1]
    return (h @ w + b).squeeze(-1)


def attention(x, wq, wk, wv):
    q, k, v = x @ wq, x @ wk, x @ wv
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(k.shape[-1])
    mask = np.triu(np.ones((x.shape[0], x.shape[0]), dtype=bool), k=1)
    scores = np.where(mask, -1e9, scores)
    return softmax(scores) @ v


def layer_norm(x, gain, bias, eps=1e-5):
    return gain * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + bias


def convolution(image, kernel):
    kh, kw = kernel.shape
    out = 0
    for i in range(kh):
        for j in range(kw):
            rows, columns = image.shape[0] - kh + 1, image.shape[1] - kw + 1
            out = out + kernel[i, j] * image[i : i + rows, j : j + columns]
    return relu(out)


def im2col(image, kernel):
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return np.tensordot(windows, kernel, axes=((2, 3), (0, 1)))


def max_pool(image):
    h, w = image.shape
    return image.reshape(h // 2, 2, w // 2, 2).max(axis=(1, 3))


def recurrent(x, wx, wh):
    h = np.zeros(wh.shape[0])
    states = []
    for t in range(x.shape[0]):
        h = np.tanh(x[t] @ wx + h @ wh)
        states += [h]
    return np.vstack(states)


def lstm(x, w):
    n = w.shape[1] // 4
    h = c = np.zeros(n)
    for xt in x:
        gates = np.concatenate([xt, h]) @ w
        i, f, o, g = np.split(gates, 4)
        c = 1 / (1 + np.exp(-f)) * c + 1 / (1 + np.exp(-i)) * np.tanh(g)
        h = 1 / (1 + np.exp(-o)) * np.tanh(c)
    return h


def embedding(table, ids):
    return table[ids].mean(axis=0)


def fourier_features(x, frequencies):
    phase = 2 * np.pi * np.outer(x, frequencies)
    return np.hstack([np.cos(phase), np.sin(phase)]) / np.sqrt(frequencies.size)


def batch_norm(x):
    mean, var = x.mean(axis=0), x.var(axis=0, ddof=1)
    x = x - mean
    x /= np.sqrt(var + 1e-5)
    return x


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def mixture_of_experts(x, gates, experts):
    weights = softmax(x @ gates)
    outputs = np.stack([np.tanh(x @ e) for e in experts], axis=1)
    return np.einsum("nk,nkd->nd", weights, outputs)


def graph_convolution(adjacency, x, w):
    a = adjacency + np.eye(len(adjacency))
    d = 1 / np.sqrt(a.sum(axis=1))
    return relu(d[:, None] * a * d[None, :] @ x @ w)


def positional(x):
    n, d = x.shape
    position = np.arange(n)[:, np.newaxis]
    div = np.exp(np.arange(0, d, 2) * -(np.log(10000.0) / d))
    table = np.zeros((n, d))
    table[:, 0::2] = np.sin(position * div)
    table[:, 1::2] = np.cos(position * div)
    return x + table


def weight_decay(params):
    return sum(np.sum(w**2) for w, _ in params)


def scatter_messages(x, weights):
    source, target = np.array([0, 1, 1, 2, 3]), np.array([1, 0, 2, 3, 3])
    out = np.zeros_like(x)
    np.add.at(out, target, weights[:, None] * x[source])
    return out


X = rng.normal(size=(4, 6))
PARAMS = [
    (rng.normal(size=(6, 5)), rng.normal(size=5)),
    (rng.normal(size=(5, 1)), rng.normal(size=1)),
]
IMAGE = rng.normal(size=(6, 8))
ENTRIES = [
    Entry(perceptron, (PARAMS, X)),
    Entry(attention, (X, *(rng.normal(size=(6, 3)) for _ in range(3)))),
    Entry(layer_norm, (X, X[0], X[1])),
    Entry(convolution, (IMAGE, X[:3, :3])),
    Entry(im2col, (IMAGE, X[:3, :3])),
    Entry(max_pool, (IMAGE,)),
    Entry(recurrent, (X, PARAMS[0][0], rng.normal(size=(5, 5)))),
    Entry(lstm, (X, rng.normal(size=(9, 12)))),
    Entry(embedding, (X, np.array([[0, 2], [3, 3]]))),
    Entry(fourier_features, (X[0], X[1, :3])),
    Entry(batch_norm, (X,)),
    Entry(gelu, (X,)),
    Entry(mixture_of_experts, (X, rng.normal(size=(6, 2)), rng.normal(size=(2, 6, 3)))),
    Entry(graph_convolution, (np.abs(X[:, :4]), X, rng.normal(size=(6, 2)))),
    Entry(positional, (X,)),
    Entry(weight_decay, (PARAMS,)),
    Entry(scatter_messages, (X, np.arange(5.0))),
]
