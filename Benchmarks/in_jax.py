"""The networks in JAX, and JAX's operations on them.

The networks run on JAX 0.4.25 too, for `in_neural_tangents.py`.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from workloads import HEADS

LIBRARY = "JAX"


def mlp(params, x):
    layers = len(params) // 2
    for i in range(layers):
        x = x @ params[f"w_{i}"] + params[f"b_{i}"]
        if i < layers - 1:
            x = jnp.tanh(x)
    return x


def convolution(x, w):
    return lax.conv_general_dilated(
        x, w, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def average_pool(x):
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4


def convolutional(params, x):
    for i in range((len(params) - 2) // 2):
        x = jax.nn.relu(convolution(x, params[f"w_{i}"]) + params[f"b_{i}"])
        x = average_pool(x)
    return x.reshape(len(x), -1) @ params["w_out"] + params["b_out"]


def residual(params, x):
    x = convolution(x, params["w_in"])
    for i in range((len(params) - 3) // 4):
        h = x
        for half in "ab":
            h = convolution(jax.nn.relu(h), params[f"w_{i}{half}"]) + params[f"b_{i}{half}"]
        x = x + h
    x = jnp.mean(jax.nn.relu(x), axis=(1, 2))
    return x @ params["w_out"] + params["b_out"]


def layer_norm(params, name, x):
    return jax.nn.standardize(x) * params[f"gain_{name}"] + params[f"bias_{name}"]


def block(params, x):
    n, length, width = x.shape
    h = layer_norm(params, "attention", x) @ params["w_qkv"] + params["b_qkv"]
    q, k, v = jnp.moveaxis(h.reshape(n, length, 3, HEADS, width // HEADS), 2, 0)
    scores = jnp.einsum("nqhd,nkhd->nhqk", q, k) / math.sqrt(width // HEADS)
    h = jnp.einsum("nhqk,nkhd->nqhd", jax.nn.softmax(scores), v).reshape(x.shape)
    x = x + h @ params["w_merge"] + params["b_merge"]
    h = jax.nn.gelu(layer_norm(params, "hidden", x) @ params["w_up"] + params["b_up"])
    return x + h @ params["w_down"] + params["b_down"]


def transformer(params, x):
    return jnp.mean(block(params, x), axis=1) @ params["w_out"] + params["b_out"]


def language(params, x):
    return layer_norm(params, "out", block(params, x)[:, -1]) @ params["w_out"]


def embedding(params, x):
    h = jnp.mean(params["table"][x], axis=1)
    h = jnp.tanh(h @ params["w_hidden"] + params["b_hidden"])
    return h @ params["w_out"] + params["b_out"]


def recurrent(params, x):
    def step(h, x):
        return jnp.tanh(x @ params["w_x"] + h @ params["w_h"] + params["b_h"]), None

    start = jnp.zeros((len(x), len(params["w_h"])), x.dtype)
    h, _ = lax.scan(step, start, jnp.swapaxes(x, 0, 1))
    return h @ params["w_out"] + params["b_out"]


def versions():
    return {"jax": jax.__version__, "numpy": np.__version__}


def set_threads(n):
    """JAX takes as many as there are processors for this process."""


def variants(operation):
    return ("jit", "unjitted")


def jacobian(f):
    """Return the Jacobian by the parameters, sample by sample."""
    return jax.vmap(jax.jacrev(lambda params, x: f(params, x[None])[0]), (None, 0))


def hand_written_kernel(f, traced):
    """Contract the samples' Jacobians."""

    def kernel(params, x, x2):
        j1 = jacobian(f)(params, x)
        j2 = j1 if x2 is None else jacobian(f)(params, x2)
        flat = [
            [leaf.reshape(*leaf.shape[:2], -1) for leaf in jax.tree_util.tree_leaves(j)]
            for j in (j1, j2)
        ]
        if not traced:
            return sum(jnp.einsum("nop,mqp->nmoq", a, b) for a, b in zip(*flat))
        return sum(jnp.einsum("nop,mop->nm", a, b) for a, b in zip(*flat)) / flat[0][0].shape[1]

    return kernel


def prepare(model, operation, variant, data):
    """Return a function without arguments that computes the result."""
    f = globals()[model]
    data = jax.device_put(data)
    params, x, x2 = data["params"], data["x"], data["x2"]
    if operation == "value":
        function, arguments = f, (params, x)
    elif operation == "jvp":

        def function(params, tangents, x):
            return jax.jvp(lambda params: f(params, x), (params,), (tangents,))

        arguments = (params, data["tangents"], x)
    elif operation == "vjp":

        def function(params, x, cotangent):
            y, pullback = jax.vjp(lambda params: f(params, x), params)
            return y, pullback(cotangent)[0]

        arguments = (params, x, data["cotangent"])
    elif operation == "jacobian":
        function, arguments = jacobian(f), (params, x)
    else:
        function = hand_written_kernel(f, operation == "kernel")
        arguments = (params, x, x2)
    if variant == "jit":
        function = jax.jit(function)
    return lambda: jax.block_until_ready(function(*arguments))


def arrays(result, operation):
    """Return the result's leaves, as NumPy arrays."""
    return [np.asarray(leaf) for leaf in jax.tree_util.tree_leaves(result)]
