"""Views and copies of ravel and reshape in both orders, and values that jit must tell apart."""

import numpy as np
import pytest
import swntk


def written_through(make, index, shape):
    """Write through what `make` gives of y, and to y afterwards."""

    def f(x):
        y = x + 0.0
        z = make(y)
        z[index] = 9.0
        return y, z

    return f, np.arange(float(np.prod(shape))).reshape(shape)


ALIASING = {
    "ravel of a column": (lambda y: y[:, 0].ravel(), 0, (2, 2)),
    "ravel of rows reversed": (lambda y: np.ravel(y[::-1]), 0, (2, 2)),
    "ravel of a strided vector": (lambda y: y.reshape(-1)[::2].ravel(), 0, (2, 3)),
    "ravel": (lambda y: y.ravel(), 0, (2, 3)),
    "ravel in order F": (lambda y: np.ravel(y, order="F"), 1, (2, 3)),
    "ravel in order F of a transpose": (lambda y: np.ravel(y.T, order="F"), 1, (2, 3)),
    "ravel in order F of every other": (lambda y: np.ravel(y[:, ::2], order="F"), 0, (1, 4)),
    "reshape in order F of a vector": (lambda y: y.reshape(-1, order="F"), 0, (3,)),
    "reshape in order F to a matrix": (lambda y: y.reshape((2, 2), order="F"), (0, 1), (4,)),
    "reshape in order F of a matrix": (lambda y: y.reshape((3, 2), order="F"), (0, 1), (2, 3)),
}


@pytest.mark.parametrize("name", ALIASING)
def test_aliasing_is_numpys(name):
    f, x = written_through(*ALIASING[name])
    for actual, expected in zip(swntk.jit(f)(x), f(x)):
        np.testing.assert_array_equal(actual, expected)


def test_float_power_is_float64():
    x = np.array([-7, 2**31 - 1], np.int32)
    for a in [x, x.astype(np.float32)]:
        actual = swntk.jit(lambda a: np.float_power(a, 2))(a)
        assert actual.dtype == np.float64
        np.testing.assert_array_equal(actual, np.float_power(a, 2))


@pytest.mark.parametrize("f", [lambda a: a**2, np.square])
def test_powers_of_booleans_are_refused(f):
    with pytest.raises(swntk.NTKError):
        swntk.jit(f)(np.array([True]))


def test_jit_tells_static_values_apart():
    g = swntk.jit(lambda a, s: a / s[0], static_argnums=1)
    with np.errstate(divide="ignore"):
        for s in [(0.0,), (-0.0,), (0.0,)]:
            np.testing.assert_array_equal(g(np.ones(1), s), np.ones(1) / np.array(s))
    h = swntk.jit(lambda a, s: a * s[0], static_argnums=1)
    x = np.array([3], np.int32)
    for s in [(1,), (1.0,)]:
        assert h(x, s).dtype == (x * s[0]).dtype
