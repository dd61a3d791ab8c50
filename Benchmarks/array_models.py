"""The networks, in what NumPy with swntk's names and JAX have in common."""

import math

from workloads import HEADS


def models(np, nn, lax, average_pool):
    """Return the networks by name.

    Parameters
    ----------
    np, nn, lax : module
        numpy, swntk.nn and swntk.lax, or jax.numpy, jax.nn and jax.lax.
    average_pool : callable
        The mean over windows of 2 x 2, which jax.nn does not have.
    """

    def mlp(params, x):
        layers = len(params) // 2
        for i in range(layers):
            x = x @ params[f"w_{i}"] + params[f"b_{i}"]
            if i < layers - 1:
                x = np.tanh(x)
        return x

    def convolution(x, w):
        return lax.conv_general_dilated(
            x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
        )

    def convolutional(params, x):
        for i in range((len(params) - 2) // 2):
            x = nn.relu(convolution(x, params[f"w_{i}"]) + params[f"b_{i}"])
            x = average_pool(x)
        return x.reshape(len(x), -1) @ params["w_out"] + params["b_out"]

    def residual(params, x):
        x = convolution(x, params["w_in"])
        for i in range((len(params) - 3) // 4):
            h = x
            for half in "ab":
                h = convolution(nn.relu(h), params[f"w_{i}{half}"]) + params[f"b_{i}{half}"]
            x = x + h
        x = np.mean(nn.relu(x), axis=(1, 2))
        return x @ params["w_out"] + params["b_out"]

    def layer_norm(params, name, x):
        return nn.standardize(x) * params[f"gain_{name}"] + params[f"bias_{name}"]

    def block(params, x):
        n, length, width = x.shape
        h = layer_norm(params, "attention", x) @ params["w_qkv"] + params["b_qkv"]
        q, k, v = np.moveaxis(h.reshape(n, length, 3, HEADS, width // HEADS), 2, 0)
        scores = np.einsum("nqhd,nkhd->nhqk", q, k) / math.sqrt(width // HEADS)
        h = np.einsum("nhqk,nkhd->nqhd", nn.softmax(scores), v).reshape(x.shape)
        x = x + h @ params["w_merge"] + params["b_merge"]
        h = nn.gelu(layer_norm(params, "hidden", x) @ params["w_up"] + params["b_up"])
        return x + h @ params["w_down"] + params["b_down"]

    def transformer(params, x):
        return np.mean(block(params, x), axis=1) @ params["w_out"] + params["b_out"]

    def language(params, x):
        return layer_norm(params, "out", block(params, x)[:, -1]) @ params["w_out"]

    def embedding(params, x):
        h = np.mean(params["table"][x], axis=1)
        h = np.tanh(h @ params["w_hidden"] + params["b_hidden"])
        return h @ params["w_out"] + params["b_out"]

    def recurrent(params, x):
        def step(h, x):
            return np.tanh(x @ params["w_x"] + h @ params["w_h"] + params["b_h"]), None

        start = np.zeros((len(x), len(params["w_h"])), x.dtype)
        h, _ = lax.scan(step, start, np.swapaxes(x, 0, 1))
        return h @ params["w_out"] + params["b_out"]

    found = (mlp, convolutional, residual, transformer, language, embedding, recurrent)
    return {f.__name__: f for f in found}
