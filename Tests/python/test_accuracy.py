"""Law: special functions are within 4 units in the last place of the exact results.

The points are a part of those of docs/accuracy.py, which writes the table of the documentation.
"""

import importlib.util
import pathlib

import numpy as np
import pytest
import swntk

pytest.importorskip("mpmath")

ROOT = pathlib.Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("accuracy", ROOT / "docs" / "accuracy.py")
accuracy = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(accuracy)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", accuracy.FUNCTIONS)
def test_within_the_limit(name, dtype):
    x = accuracy.points(name, dtype, 80, seed=3)
    found = accuracy.errors(name, x)
    assert (found <= accuracy.LIMIT).all(), (x[found > accuracy.LIMIT], found.max())


def test_table_names_every_function():
    table = (ROOT / "docs" / "accuracy.md").read_text(encoding="utf-8")
    for name in accuracy.FUNCTIONS:
        assert (f"order {name.split()[1]} |" if " " in name else f"`{name}` |") in table


NAN, INF = np.nan, np.inf
EDGES = {
    # function: points and results
    "lgamma": ([0, -0.0, -1, -7, INF, -INF, NAN, 1, 2], [INF, INF, INF, INF, INF, INF, NAN, 0, 0]),
    "digamma": ([0, -0.0, -1, -7, INF, -INF, NAN], [NAN, NAN, NAN, NAN, INF, NAN, NAN]),
    "bessel_i0e": ([0, -0.0, INF, -INF, NAN], [1, 1, 0, 0, NAN]),
    "bessel_i1e": ([0, -0.0, INF, -INF, NAN], [0, -0.0, 0, -0.0, NAN]),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", EDGES)
def test_edges(name, dtype):
    points, expected = (np.array(v, dtype) for v in EDGES[name])
    actual = getattr(swntk.lax, name)(points)
    np.testing.assert_array_equal(actual, expected)
    number = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(actual[number]), np.signbit(expected[number]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_edges_of_polygamma(dtype):
    m = np.array([1, 1, 1, 1, 2, 2, 2, 2, 1.5, -1, NAN, 0, INF], dtype)
    x = np.array([0, -0.0, -3, INF, 0, -0.0, -3, INF, 2, 2, 2, INF, 2], dtype)
    expected = [INF, INF, INF, 0, -INF, INF, NAN, -0.0, NAN, NAN, NAN, INF, NAN]
    np.testing.assert_array_equal(swntk.lax.polygamma(m, x), np.array(expected, dtype))
