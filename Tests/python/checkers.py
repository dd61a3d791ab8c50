"""Checkers that the tests share."""

import collections
import inspect
import os
import re

import numpy as np
import pytest

TOLERANCES = {"float32": 1e-5, "float64": 1e-11}


def keys(tree):
    return list(tree) if isinstance(tree, collections.OrderedDict) else sorted(tree)


def leaves(tree):
    """Leaves in JAX's order: keys of a dict sorted, of an OrderedDict not; None is no leaf."""
    if tree is None:
        return []
    if isinstance(tree, dict):
        return [leaf for key in keys(tree) for leaf in leaves(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for child in tree for leaf in leaves(child)]
    return [tree]


def structure(tree):
    """The containers of a tree, with leaves replaced by `*`."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        return (type(tree).__name__, [(key, structure(tree[key])) for key in keys(tree)])
    if isinstance(tree, (list, tuple)):
        return (type(tree).__name__, [structure(child) for child in tree])
    return "*"


def assert_close(actual, expected, tolerance=None):
    """Equal shape and element type; values equal relative to the norm of the expected result.

    NaN and infinities must stand at the same places.
    """
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"shape {actual.shape}, expected {expected.shape}"
    assert actual.dtype == expected.dtype, f"dtype {actual.dtype}, expected {expected.dtype}"
    if expected.dtype.kind != "f":
        np.testing.assert_array_equal(actual, expected)
        return
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(actual[~finite], expected[~finite])
    assert np.isfinite(actual[finite]).all(), "not finite where it should be"
    tolerance = TOLERANCES[expected.dtype.name] if tolerance is None else tolerance
    difference = np.abs(actual[finite].astype(np.float64) - expected[finite])
    size = np.linalg.norm(expected[finite].astype(np.float64).ravel())
    error = np.linalg.norm(difference.ravel())
    assert error <= tolerance * size, f"relative error {error / size if size else error:.3g}"


def assert_trees_close(actual, expected, tolerance=None):
    """assert_close, leaf by leaf, of trees of one structure."""
    assert structure(actual) == structure(expected)
    for a, e in zip(leaves(actual), leaves(expected), strict=True):
        assert_close(a, e, tolerance)


def assert_names_line(error, file, line):
    """The message names the user's file and line: `name.py:12` or `"name.py":12`."""
    name = re.escape(os.path.basename(file))
    assert re.search(rf'{name}"?(:|, line ){line}\b', str(error)), (
        f"no {os.path.basename(file)}:{line} in: {error}"
    )


def raises_at_mark(expected, function, *facts, mark="# here"):
    """Call function(); the error must be `expected` and name the line of it that ends in `mark`.

    Each of facts must be in the message.
    """
    source, first = inspect.getsourcelines(function)
    (line,) = [first + i for i, text in enumerate(source) if text.rstrip().endswith(mark)]
    with pytest.raises(expected) as caught:
        function()
    assert_names_line(caught.value, inspect.getsourcefile(function), line)
    for fact in facts:
        assert fact in str(caught.value), f"{fact!r} is not in: {caught.value}"
    return caught.value
