"""swntk's operations on the networks."""

import numpy as np
import swntk
from array_models import models

LIBRARY = "swntk"


def average_pool(x):
    return swntk.nn.avg_pool(x, (2, 2), strides=(2, 2))


MODELS = models(np, swntk.nn, swntk.lax, average_pool)


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
    f = MODELS[model]
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
