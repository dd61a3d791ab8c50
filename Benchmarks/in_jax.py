"""JAX's operations on the networks; `in_neural_tangents.py` runs the networks on JAX 0.4.25."""

import jax
import jax.numpy as jnp
import numpy as np
from array_models import models
from jax import lax

LIBRARY = "JAX"


def average_pool(x):
    return lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4


MODELS = models(jnp, jax.nn, lax, average_pool)


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
    f = MODELS[model]
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
