"""neural-tangents' three implementations of the kernel, jitted, on the networks in JAX."""

import sys
import types

# Needs TensorFlow, and nothing of it is used here.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")

import in_jax  # noqa: E402
import jax  # noqa: E402
import neural_tangents  # noqa: E402
from in_jax import arrays, set_threads  # noqa: E402, F401

LIBRARY = "neural-tangents"


def versions():
    return {"neural-tangents": neural_tangents.__version__, **in_jax.versions()}


def variants(operation):
    return tuple(str(i) for i in (1, 2, 3)) if operation.startswith("kernel") else ()


def prepare(model, operation, variant, data):
    """Return a function without arguments that computes the result."""
    kernel = neural_tangents.empirical_ntk_fn(
        in_jax.MODELS[model],
        trace_axes=(-1,) if operation == "kernel" else (),
        vmap_axes=0,
        implementation=int(variant),
    )
    data = jax.device_put(data)
    function = jax.jit(lambda params, x, x2: kernel(x, x2, params))
    return lambda: jax.block_until_ready(function(data["params"], data["x"], data["x2"]))
