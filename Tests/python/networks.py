"""Networks whose kernels are compared: a function of (params, x), its parameters and inputs."""

import numpy as np
import swntk
from swntk import nn
from swntk.lax import conv_general_dilated, scan

NHWC = ("NHWC", "HWIO", "NHWC")


def mlp(p, x):
    h = np.tanh(x @ p["w1"] + p["b1"])
    h = nn.relu(h @ p["w2"] + p["b2"])
    return h @ p["w3"] + p["b3"]


def mlp_transposed(p, x):
    return np.tanh(x @ p["w1"].T / x.shape[-1] ** 0.5 + 0.1 * p["b1"]) @ p["w2"].T


def scales(p, x):
    return np.tanh(x @ p["w"]) * np.exp(p["s"]) @ p["o"] * 0.5


def layer_norm(p, x):
    return np.tanh(nn.layer_norm(x @ p["w"], p["g"], p["b"])) @ p["o"]


def rms_norm(p, x):
    return np.tanh(nn.rms_norm(x @ p["w"], p["g"])) @ p["o"]


def group_norm(p, x):
    h = conv_general_dilated(x, p["w"], (1, 1), "SAME", dimension_numbers=NHWC)
    return np.mean(np.tanh(nn.group_norm(h, 2, p["g"], p["b"])), axis=(1, 2))


def convolutional(p, x):
    h = np.tanh(conv_general_dilated(x, p["w1"], (1, 1), "SAME", dimension_numbers=NHWC) + p["b1"])
    h = nn.avg_pool(h, (2, 2), (2, 2))
    h = np.tanh(conv_general_dilated(h, p["w2"], (2, 1), "VALID", dimension_numbers=NHWC))
    return np.mean(h, axis=(1, 2)) @ p["o"]


def dilated(p, x):
    h = conv_general_dilated(
        x, p["w1"], (1, 2), ((1, 2), (0, 1)), rhs_dilation=(2, 1), dimension_numbers=NHWC)
    return np.sum(np.tanh(h), axis=(1, 2))


def grouped(p, x):
    h = np.tanh(conv_general_dilated(
        x, p["w1"], (1, 1), "SAME", feature_group_count=2, dimension_numbers=NHWC))
    h = conv_general_dilated(
        h, p["w2"], (1, 1), "SAME", feature_group_count=6, dimension_numbers=NHWC)
    return np.max(np.tanh(h), axis=(1, 2))


def residual(p, x):
    h = x @ p["w0"]
    for name in ("w1", "w2"):
        h = h + np.tanh(h @ p[name])
    return h @ p["o"]


def densely_connected(p, x):
    h = np.tanh(x @ p["w1"])
    h = np.concatenate([x, h], axis=-1)
    return np.concatenate([h, np.tanh(h @ p["w2"])], axis=-1) @ p["o"]


def attention(p, x):
    x = x + p["positions"]
    heads = np.reshape(x @ p["qkv"], (*x.shape[:-1], 3, 2, -1))
    q, k, v = (heads[..., i, :, :] for i in range(3))
    scores = np.einsum("nthd,nshd->nhts", q, k)
    h = np.einsum("nhts,nshd->nthd", nn.softmax(scores), v)
    x = x + np.reshape(h, x.shape) @ p["o"]
    return np.mean(x + nn.gelu(x @ p["up"]) @ p["down"], axis=1)


def language(p, ids):
    h = np.tanh(nn.embedding(ids, p["e"]) @ p["w"])
    return np.mean(h, axis=1) @ p["e"].T


def low_rank(p, x):
    return np.tanh(x @ (p["w"] + p["a"] @ p["b"])) @ p["o"]


def weight_normalised(p, x):
    return np.tanh(x @ (p["v"] * (p["g"] / np.sqrt(np.sum(p["v"] ** 2, axis=0))))) @ p["o"]


def elman(p, x):
    def step(h, xt):
        h = np.tanh(xt @ p["w"] + h @ p["u"] + p["b"])
        return h, h

    start = np.zeros((x.shape[0], p["u"].shape[0]), x.dtype)
    return scan(step, start, np.swapaxes(x, 0, 1))[0] @ p["o"]


def lstm(p, x):
    def step(state, xt):
        h, c = state
        gates = np.split(xt @ p["w"] + h @ p["u"] + p["b"], 4, axis=-1)
        i, f, o = (nn.sigmoid(g) for g in gates[:3])
        c = f * c + i * np.tanh(gates[3])
        h = o * np.tanh(c)
        return (h, c), h

    zero = np.zeros((x.shape[0], p["u"].shape[0]), x.dtype)
    _, hs = scan(step, (zero, zero), np.swapaxes(x, 0, 1))
    return np.mean(hs, axis=0) @ p["o"]


def gru(p, x):
    def step(h, xt):
        z, r = np.split(nn.sigmoid(xt @ p["w"] + h @ p["u"]), 2, axis=-1)
        h = (1 - z) * h + z * np.tanh(xt @ p["wn"] + (r * h) @ p["un"])
        return h, None

    zero = np.zeros((x.shape[0], p["un"].shape[0]), x.dtype)
    return scan(step, zero, np.swapaxes(x, 0, 1))[0] @ p["o"]


def mixture(p, x):
    gate = nn.softmax(x @ p["gate"])
    experts = np.tanh(np.einsum("nd,edk->nek", x, p["experts"]))
    return np.einsum("ne,nek->nk", gate, experts)


def poisson_residual(p, x):
    """u'' of a network u, as in a physics-informed loss."""

    def u(t):
        return np.sum(np.tanh(t * p["w"] + p["b"]) * p["o"])

    return swntk.vmap(lambda t: swntk.grad(swntk.grad(u))(t))(x[:, 0])[:, None]


def fused_slices(p, x):
    d = x.shape[-1]
    h = np.tanh(x @ p["w"][:, :d])
    return h @ p["w"][:, d:] + x @ p["w"][:, 1 : d + 1]


def used_three_times(p, x):
    return np.tanh(np.tanh(x @ p["w"]) @ p["w"]) @ p["w"].T


# name: (function, shapes of parameters, shape of one sample)
NETWORKS = {
    "mlp": (mlp, dict(w1=(6, 5), b1=(5,), w2=(5, 4), b2=(4,), w3=(4, 3), b3=(3,)), (6,)),
    "mlp, transposed": (mlp_transposed, dict(w1=(5, 6), b1=(5,), w2=(3, 5)), (6,)),
    "scales": (scales, dict(w=(6, 5), s=(5,), o=(5, 3)), (6,)),
    "layer norm": (layer_norm, dict(w=(6, 5), g=(5,), b=(5,), o=(5, 3)), (6,)),
    "rms norm": (rms_norm, dict(w=(6, 5), g=(5,), o=(5, 3)), (6,)),
    "group norm": (group_norm, dict(w=(3, 3, 2, 4), g=(4,), b=(4,)), (4, 3, 2)),
    "convolutional": (
        convolutional, dict(w1=(3, 3, 2, 4), b1=(4,), w2=(2, 2, 4, 3), o=(3, 2)), (6, 4, 2)),
    "dilated": (dilated, dict(w1=(2, 3, 2, 3)), (6, 5, 2)),
    "grouped and depthwise": (
        grouped, dict(w1=(3, 3, 2, 6), w2=(3, 2, 1, 6)), (4, 3, 4)),
    "residual": (residual, dict(w0=(6, 4), w1=(4, 4), w2=(4, 4), o=(4, 3)), (6,)),
    "densely connected": (densely_connected, dict(w1=(4, 3), w2=(7, 2), o=(9, 2)), (4,)),
    "attention": (
        attention,
        dict(positions=(3, 4), qkv=(4, 12), o=(4, 4), up=(4, 6), down=(6, 4)), (3, 4)),
    "embedding, tied head": (language, dict(e=(7, 4), w=(4, 4)), None),
    "low rank": (low_rank, dict(w=(6, 5), a=(6, 2), b=(2, 5), o=(5, 3)), (6,)),
    "weight normalised": (weight_normalised, dict(v=(6, 5), g=(5,), o=(5, 3)), (6,)),
    "rnn": (elman, dict(w=(5, 4), u=(4, 4), b=(4,), o=(4, 2)), (6, 5)),
    "lstm": (lstm, dict(w=(5, 12), u=(3, 12), b=(12,), o=(3, 2)), (4, 5)),
    "gru": (gru, dict(w=(5, 6), u=(3, 6), wn=(5, 3), un=(3, 3), o=(3, 2)), (4, 5)),
    "mixture of experts": (mixture, dict(gate=(4, 3), experts=(3, 4, 2)), (4,)),
    "poisson residual": (poisson_residual, dict(w=(6,), b=(6,), o=(6,)), (1,)),
    "fused slices": (fused_slices, dict(w=(4, 8)), (4,)),
    "used three times": (used_three_times, dict(w=(4, 4)), (4,)),
}


def case(name, dtype, sizes, seed=0):
    """Return f, params and for each size an x."""
    f, shapes, shape = NETWORKS[name]
    rng = np.random.default_rng(seed)
    params = {
        key: (rng.standard_normal(s) / np.sqrt(np.prod(s[:-1]) or 1)).astype(dtype)
        for key, s in shapes.items()
    }
    xs = [
        rng.integers(0, 7, (n, 4)) if shape is None
        else rng.standard_normal((n, *shape)).astype(dtype)
        for n in sizes
    ]
    return f, params, *xs
