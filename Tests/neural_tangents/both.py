"""Each function of neural-tangents 0.6.5 and of swntk, side by side: what a comparison needs."""

import os
import sys
import traceback
import types
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "python"))
# Needs TensorFlow, and nothing of it is used here.
sys.modules["neural_tangents.experimental"] = types.ModuleType("neural_tangents.experimental")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update("jax_enable_x64", True)
# Compiling is most of what these take.
jax.config.update("jax_disable_most_optimizations", True)

import jax.numpy as jnp  # noqa: E402
import neural_tangents as nt  # noqa: E402
import swntk  # noqa: E402

# Of keys that it may replace, and of batch sizes that it reduces.
warnings.filterwarnings("ignore", module="neural_tangents")

TOLERANCES = {"float32": 1e-5, "float64": 1e-10}
DTYPES = (np.float32, np.float64)


class Library:
    """One of the two: its functions, and the array functions that a network is written in."""

    def __init__(self, name, np, kernels, random, sigmoid):
        self.name = name
        self.np = np
        self.kernels = kernels
        self.predict = kernels.predict
        self.random = random
        self.sigmoid = sigmoid


THEIRS = Library("neural-tangents", jnp, nt, jax.random, jax.nn.sigmoid)
OURS = Library("swntk", np, swntk, swntk.random, swntk.nn.sigmoid)


def flat(x, path=""):
    """Leaves of a result with what leads to them; fields of named tuples and states by name."""
    if x is None:
        return {path: None}
    if isinstance(x, dict):
        items = x.items()
    elif hasattr(x, "_fields"):
        items = zip(x._fields, x)
    elif hasattr(x, "fx_train"):
        items = ((n, getattr(x, n)) for n in ("fx_train", "fx_test", "qx_train", "qx_test"))
    elif isinstance(x, (list, tuple)):
        items = enumerate(x)
    else:
        return {path: np.asarray(x)}
    return {k: v for name, part in items for k, v in flat(part, f"{path}.{name}").items()}


def difference(ours, theirs, tolerance):
    """Return what is different, or None."""
    ours, theirs = flat(ours), flat(theirs)
    if ours.keys() != theirs.keys():
        return f"parts {sorted(ours)}, expected {sorted(theirs)}"
    for path, expected in theirs.items():
        actual = ours[path]
        if (actual is None) != (expected is None):
            return f"{path} is {actual}, expected {expected}"
        if actual is None:
            continue
        if actual.shape != expected.shape:
            return f"{path} has shape {actual.shape}, expected {expected.shape}"
        if not np.isfinite(expected).all():
            return f"{path}: neural-tangents' own result is not finite"
        error = np.linalg.norm((actual.astype(np.float64) - expected).ravel())
        size = np.linalg.norm(expected.astype(np.float64).ravel())
        if not error <= tolerance * size:
            return f"{path}: relative error {error / size if size else error:.3g}"
    return None


CASES = []


def case(*rows, dtypes=DTYPES, tolerance=None):
    """Register a comparison: `compute(library, data, *row)` for each row, in each precision."""

    def register(compute):
        for row in rows or [()]:
            for dtype in dtypes:
                CASES.append((compute, row, np.dtype(dtype), tolerance))
        return compute

    return register


def run():
    """Run every case and print the count; return whether all are equal."""
    failed = 0
    for compute, row, dtype, tolerance in CASES:
        name = f"{compute.__name__}{row} {dtype.name}"
        bound = tolerance or TOLERANCES[dtype.name]
        try:
            results = [compute(library, Data(dtype), *row) for library in (OURS, THEIRS)]
            problem = difference(*results, bound)
        except Exception:
            problem = traceback.format_exc()
        if problem is not None:
            failed += 1
            print(f"{name}: {problem}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return failed == 0


class Data:
    """The same random arrays for both."""

    def __init__(self, dtype):
        self.dtype = dtype
        self._generator = np.random.default_rng(5)

    def __call__(self, *shape, scale=1.0):
        return (scale * self._generator.standard_normal(shape)).astype(self.dtype)
