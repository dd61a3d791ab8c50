"""The networks in NumPy, and swntk's operations on them."""

import math

import numpy as np
import swntk
from workloads import HEADS

LIBRARY = "swntk"


def mlp(params, x):
    layers = len(params) // 2
    for i in range(layers):
        x = x @ params[f"w_{i}"] + params[f"b_{i}"]
        if i < layers - 1:
            x = np.tanh(x)
    return x


def convolution(x, w):
    return swntk.lax.conv_general_dilated(
        x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def convolutional(params, x):
    for i in range((len(params) - 2) // 2):
        x = swntk.nn.relu(convolution(x, params[f"w_{i}"]) + params[f"b_{i}"])
        x = swntk.nn.avg_pool(x, (2, 2), strides=(2, 2))
    return x.reshape(len(x), -1) @ params["w_out"] + params["b_out"]


def residual(params, x):
    x = convolution(x, params["w_in"])
    for i in range((len(params) - 3) // 4):
        h = x
        for half in "ab":
            h = convolution(swntk.nn.relu(h), params[f"w_{i}{half}"]) + params[f"b_{i}{half}"]
        x = x + h
    x = np.mean(swntk.nn.relu(x), axis=(1, 2))
    return x @ params["w_out"] + params["b_out"]


def layer_norm(params, name, x):
    return swntk.nn.standardize(x) * params[f"gain_{name}"] + params[f"bias_{name}"]


def block(params, x):
    n, length, width = x.shape
    h = layer_norm(params, "attention", x) @ params["w_qkv"] + params["b_qkv"]
    q, k, v = np.moveaxis(h.reshape(n, length, 3, HEADS, width // HEADS), 2, 0)
    scores = np.einsum("nqhd,nkhd->nhqk", q, k) / math.sqrt(width // HEADS)
    h = np.einsum("nhqk,nkhd->nqhd", swntk.nn.softmax(scores), v).reshape(x.shape)
    x = x + h @ params["w_merge"] + params["b_merge"]
    h = swntk.nn.gelu(layer_norm(params, "hidden", x) @ params["w_up"] + params["b_up"])
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
    h, _ = swntk.lax.scan(step, start, np.swapaxes(x, 0, 1))
    return h @ params["w_out"] + params["b_out"]


def versions():
    info = swntk.build_info()
    return {
        "swntk": swntk.__version__,
        "numpy": np.__version__,
        **{name: info[name] for name in ("instruction_set", "blas") if name in info},
    }


def set_threads(n):
    swntk.set_threads(n)


def variants(operation):
    """jit: traced once. direct: traced at every call, compiled once; a value is NumPy's own."""
    return ("jit", "direct")


def prepare(model, operation, variant, data):
    """Return a function without arguments that computes the result."""
    f = globals()[model]
    params, x, x2 = data["params"], data["x"], data["x2"]
    if operation == "value":
        function, arguments = f, (params, x)
    elif operation == "jvp":

        def function(params, tangents, x):
            return swntk.jvp(lambda params: f(params, x), (params,), (tangents,))

        arguments = (params, data["tangents"], x)
    elif operation == "vjp":

        def function(params, x, cotangent):
            y, pullback = swntk.vjp(lambda params: f(params, x), params)
            return y, pullback(cotangent)[0]

        arguments = (params, x, data["cotangent"])
    elif operation == "jacobian":
        function = swntk.vmap(swntk.jacobian(lambda params, x: f(params, x[None])[0]), (None, 0))
        arguments = (params, x)
    else:
        kernel = swntk.empirical_ntk_fn(f, trace_axes=(-1,) if operation == "kernel" else ())

        def function(params, x, x2):
            return kernel(x, x2, params)

        arguments = (params, x, x2)
    if variant == "jit":
        function = swntk.jit(function)
    return lambda: function(*arguments)


def arrays(result, operation):
    """Return the result's leaves, as NumPy arrays."""
    return [np.asarray(leaf) for leaf in swntk.tree.leaves(result)]
