"""jit: calls prepared for a signature serve that signature only, in any thread."""

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import swntk
from checkers import assert_close

X = np.arange(9.0).reshape(3, 3)


@pytest.mark.parametrize(
    "other",
    [
        {"a": X, "c": None},
        {"a": X, "b": X},
        {"a": X},
        {"a": [X], "b": None},
        {"a": X.T, "b": None},
        {"a": X[::-1], "b": None},
        {"a": X.astype("f4"), "b": None},
        {"a": X.astype(">f8"), "b": None},
        {"a": X[:1], "b": None},
        {"a": 2.0, "b": None},
        {"a": X, "b": 1},
        OrderedDict(a=X, b=None),
    ],
    ids=repr,
)
def test_a_prepared_call_takes_its_own_signature_only(other):
    def f(tree):
        a = tree["a"]
        total = np.sum(a[0] if isinstance(a, list) else a)
        return total * len(tree), sorted(tree)

    def value(tree):
        total, names = f(tree)
        return total * 1.0 + (7.0 if names == ["a", "b"] else 9.0)

    g = swntk.jit(value)
    first = {"a": X, "b": None}
    for tree in (first, first, other, first, other):
        assert_close(np.asarray(g(tree)), np.asarray(value(tree)))


def test_prepared_calls_from_several_threads():
    g = swntk.jit(lambda w, x: np.tanh(x @ w))
    rng = np.random.default_rng(0)
    w = rng.normal(size=(64, 64))
    inputs = [rng.normal(size=(64, 64)) for _ in range(8)]
    expected = [g(w, x) for x in inputs]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(20):
            results = pool.map(lambda x: g(w, x), inputs)
            assert all(np.array_equal(r, e) for r, e in zip(results, expected, strict=True))
