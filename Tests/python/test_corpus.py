"""Law: functions in the style of people's scripts trace unchanged.

Values are those of plain NumPy, jvp those of central differences, and vjp is its transpose.
"""

import copy
import importlib
import pkgutil

import corpus
import numpy as np
import pytest
import swntk
from checkers import assert_trees_close, leaves

MODULES = pkgutil.iter_modules(corpus.__path__)
FIELDS = [importlib.import_module(f"corpus.{module.name}") for module in MODULES]
ENTRIES = [entry for field in FIELDS for entry in field.ENTRIES]


def run(call):
    try:
        return call()
    except swntk.UnsupportedError as error:
        # Factorizations come with another part of the library.
        if "np.linalg." in str(error):
            pytest.skip(str(error).splitlines()[0])
        raise




def is_floating(tree):
    return all(np.asarray(leaf).dtype.kind == "f" for leaf in leaves(tree))


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_value(entry):
    expected = entry.function(*copy.deepcopy(entry.arguments))
    actual = run(lambda: swntk.jit(entry.function)(*copy.deepcopy(entry.arguments)))
    assert_trees_close(actual, expected)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_derivative(entry):
    """<w, Jv> by jvp, by central differences, and by vjp."""
    rng = np.random.default_rng(5)
    floating = [i for i, argument in enumerate(entry.arguments) if is_floating(argument)]

    def f(*some):
        arguments = list(copy.deepcopy(entry.arguments))
        for i, argument in zip(floating, some, strict=True):
            arguments[i] = argument
        return [y for y in leaves(entry.function(*arguments)) if np.dtype(y.dtype).kind == "f"]

    primals = tuple(entry.arguments[i] for i in floating)
    tangents = swntk.tree.map(lambda p: rng.normal(size=np.shape(p)), primals)
    primals = swntk.tree.map(lambda p: np.asarray(p, float), primals)
    values, derivative = run(lambda: swntk.jvp(f, primals, tangents))
    weights = [rng.normal(size=np.shape(v)) for v in values]

    def moved(step):
        at = swntk.tree.map(lambda p, t: p + step * t, primals, tangents)
        return sum(np.vdot(w, y) for w, y in zip(weights, f(*at), strict=True))

    step = 1e-5
    # The error of a difference of fourth order is about step**4, that of rounding 1e-16 / step.
    differences = (8 * (moved(step) - moved(-step)) - (moved(2 * step) - moved(-2 * step))) / (
        12 * step
    )
    forward = sum(np.vdot(w, d) for w, d in zip(weights, derivative, strict=True))
    size = sum(np.linalg.norm(w) * np.linalg.norm(d) for w, d in zip(weights, derivative))
    assert abs(forward - differences) <= 1e-8 * max(size, 1)
    pullback = run(lambda: swntk.vjp(f, *primals))[1]
    cotangents = leaves(pullback(weights))
    backward = sum(np.vdot(c, t) for c, t in zip(cotangents, leaves(tangents), strict=True))
    assert abs(forward - backward) <= 1e-12 * max(size, 1)
