"""Arrays of other libraries as inputs: JAX's, PyTorch's, anything with DLPack or `__array__`.

They are read where they lie: no copy, also of strides that are not C's or negative; read-only ones
are never written to.
"""

import os
import subprocess
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from checkers import assert_close
from swntk._arguments import from_leaf

ROOT = Path(__file__).resolve().parents[2]


class ByDLPack:
    """An array that speaks nothing but DLPack."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class ByArray:
    """An array that speaks nothing but `__array__`."""

    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class ByInterface:
    """An array that speaks nothing but `__array_interface__`."""

    def __init__(self, array):
        self.array = array
        self.__array_interface__ = array.__array_interface__


def frozen(array):
    array.flags.writeable = False
    return array


BASE = np.arange(24.0).reshape(4, 6) / 7
ARRAYS = {
    "contiguous": lambda: BASE.copy(),
    "fortran": lambda: np.asfortranarray(BASE),
    "strided": lambda: BASE.copy()[::2, 1::2],
    "negative": lambda: BASE.copy()[::-1, ::-2],
    "transposed": lambda: BASE.copy().T,
    "broadcast": lambda: np.broadcast_to(BASE[0], (3, 6)),
    "float32": lambda: BASE.astype("f4"),
    "integers": lambda: np.arange(6).reshape(2, 3),
    "booleans": lambda: BASE > 1,
    "empty": lambda: np.zeros((0, 3)),
    "no axes": lambda: np.array(2.5),
    "read-only": lambda: frozen(BASE.copy()),
}


def f(x):
    y = np.copy(x * 2)
    y[...] = y + 1
    return y.sum(), y


@pytest.mark.parametrize("kind", [ByDLPack, ByArray, ByInterface])
@pytest.mark.parametrize("name", ARRAYS)
def test_other_libraries_arrays(name, kind):
    array = ARRAYS[name]()
    before = array.copy()
    given = kind(array)
    try:
        found = from_leaf(given, "x").array
    except swntk.ArgumentError:
        # NumPy 1 does not export read-only arrays.
        assert kind is ByDLPack and not array.flags.writeable
        return
    assert array.size == 0 or np.shares_memory(found, array), "it was copied"
    assert found.strides == array.strides or array.size == 0
    if array.dtype.kind == "b":
        return
    for a, e in zip(swntk.jit(f)(given), f(array), strict=True):
        assert_close(a, np.asarray(e))
    np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("kind", [ByDLPack, ByArray, ByInterface])
def test_closed_over(kind):
    """What a function closes over may be another library's too."""
    weights = BASE.copy()[::-1, ::-2]
    closed = kind(weights)
    expected = np.arange(4.0) @ weights
    assert_close(swntk.jit(lambda x: np.matmul(x, closed))(np.arange(4.0)), expected)


def test_jax():
    x = jnp.arange(12.0).reshape(3, 4)
    view = np.asarray(x)
    assert np.shares_memory(from_leaf(x, "x").array, view)
    value, gradient = swntk.value_and_grad(lambda x: np.sum(np.sin(x) ** 2))(x)
    assert_close(gradient, np.sin(2 * view))
    assert isinstance(gradient, np.ndarray)
    for g in (
        lambda t: t + x,
        lambda t: np.add(x, t),
        lambda t: t @ x.T,
        lambda t: np.where(x > 3, t, x),
    ):
        assert_close(swntk.jit(g)(view * 0.5), np.asarray(g(view * 0.5)))
    half = jnp.arange(3, dtype=jnp.bfloat16)
    assert swntk.jit(lambda t: t * 2)(half).dtype == half.dtype


def test_an_argument_is_never_written_to():
    x = jnp.ones(3)

    def g(t):
        t[0] = 5.0
        return t.sum()

    assert swntk.jit(g)(x) == 7.0
    assert np.asarray(x).tolist() == [1, 1, 1]


TORCH = """
import numpy as np, swntk, torch
from swntk._arguments import from_leaf
t = torch.arange(12.0, dtype=torch.float64).reshape(3, 4)
for x in (t, t.T, t[::2, 1::2], t.float(), t.long(), torch.tensor(2.0, dtype=torch.float64)):
    found = from_leaf(x, "x").array
    assert found.ctypes.data == x.data_ptr(), "copied"
    assert np.array_equal(swntk.jit(lambda x: x * 2)(x), x.numpy() * 2)
w = t.clone()
assert np.allclose(swntk.jit(lambda x: x @ w)(np.ones(3)), np.ones(3) @ w.numpy())
assert np.allclose(swntk.jit(lambda x: np.multiply(w, x))(np.ones(4)), w.numpy())
try:
    swntk.jit(lambda x: x)(t.clone().requires_grad_())
except swntk.ArgumentError as error:
    assert "detach" in str(error), error
else:
    raise AssertionError("a tensor that requires a gradient was taken")
print("right")
"""


def test_pytorch():
    python = ROOT / ".venv-torch" / "bin" / "python"
    if not python.exists():
        pytest.skip("no environment with PyTorch")
    path = os.pathsep.join([str(ROOT / "python"), os.environ.get("PYTHONPATH", "")])
    run = subprocess.run(
        [str(python), "-c", TORCH],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stdout.strip() == "right", run.stderr


def test_what_is_no_array():
    class Nothing:
        def __array__(self, dtype=None, copy=None):
            raise ValueError("not today")

    with pytest.raises(swntk.ArgumentError, match="cannot be read as an array: not today"):
        swntk.jit(lambda x: x)(Nothing())
