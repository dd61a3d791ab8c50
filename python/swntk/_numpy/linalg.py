"""numpy.linalg's systems of equations, determinants and powers."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._tracing import emit
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.protocol import implements
from . import shaping
from .factorizations import svd
from .matrices import MatrixShapeError, apply, matrices, matrix, one, result
from .values import finish

_VECTOR_ONLY_IN_ONE_DIMENSION = int(np.__version__.split(".")[0]) >= 2


@implements("linalg.solve")
def solve(a, b):
    x, y = matrices(matrix(a, square=True), b)
    vector = y.ndim == 1 if _VECTOR_ONLY_IN_ONE_DIMENSION else y.ndim == x.ndim - 1
    if y.ndim == 0 or x.shape[-1] != y.shape[-1 if vector else -2]:
        raise MatrixShapeError(
            f"np.linalg.solve: matrices of shape {x.shape} and right sides of shape "
            f"{y.shape}{place()}"
        )
    if vector and y.ndim > 1:
        return one("np.linalg.solve", x, y[..., None])[..., 0]
    return one("np.linalg.solve", x, y)


@implements("linalg.inv")
def inv(a):
    return one("np.linalg.inv", matrix(a, square=True))


@implements("linalg.det")
def det(a):
    return one("np.linalg.det", matrix(a, square=True))


@implements("linalg.slogdet")
def slogdet(a):
    return result("slogdet", *apply("np.linalg.slogdet", [matrix(a, square=True)], 2))


@implements("linalg.lstsq")
def lstsq(a, b, rcond=None):
    x, y = matrices(matrix(a), b)
    vector = y.ndim == 1
    if vector:
        y = y[:, None]
    if x.ndim != 2 or y.ndim != 2:
        raise MatrixShapeError(
            f"{max(x.ndim, y.ndim)}-dimensional array given. Array must be two-dimensional{place()}"
        )
    m, n = x.shape
    if m != y.shape[0]:
        raise MatrixShapeError(f"Incompatible dimensions: {x.shape} and {y.shape}{place()}")
    eps = float(np.finfo(x.dtype).eps)
    if isinstance(rcond, str):  # 1.x's "warn", which is machine precision
        rcond = eps
    elif rcond is None:
        rcond = eps * max(m, n)
    elif rcond < 0:
        rcond = eps
    values = svd(x, compute_uv=False)
    rank = np.sum(values > rcond * np.max(values, initial=0)).astype(np.int32)
    solution = one("pinv", x, traced(np.asarray(rcond, x.dtype))) @ y
    residuals = np.zeros(0, x.dtype)
    if m > n:
        residuals = np.sum(np.square(y - x @ solution), axis=0)
    return solution[:, 0] if vector else solution, residuals, rank, values


@implements("linalg.matrix_power")
def matrix_power(a, n):
    x = traced(a)
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        matrix(x, square=True)
    try:
        n = n.__index__()
    except AttributeError:
        raise TypeError(f"exponent must be an integer{place()}") from None
    if n < 0:
        x, n = inv(x), -n
    if n == 0:
        eye = np.eye(x.shape[-1], dtype=x.dtype)
        return finish(emit.broadcast_to(traced(eye).here(), x.shape), contiguous=True)
    power = None
    while True:
        if n & 1:
            power = x if power is None else power @ x
        n >>= 1
        if not n:
            return power[...] if power is not a else power.copy()
        x = x @ x


@implements("linalg.tensorsolve")
def tensorsolve(a, b, axes=None):
    x, y = matrices(a, b)
    if axes is not None:
        order = [i for i in range(x.ndim) if i not in axes] + list(axes)
        x = np.transpose(x, order)
    shape = x.shape[-(x.ndim - y.ndim) :] if x.ndim > y.ndim else ()
    count = int(np.prod(shape))
    if count * y.size != x.size or count != y.size:
        raise MatrixShapeError(
            "Input arrays must satisfy the requirement "
            f"prod(a.shape[b.ndim:]) == prod(a.shape[:b.ndim]): {x.shape}, {y.shape}{place()}"
        )
    return solve(x.reshape(y.size, count), y.reshape(-1)).reshape(shape)


@implements("linalg.tensorinv")
def tensorinv(a, ind=2):
    (x,) = matrices(a)
    if ind <= 0:
        raise ArgumentError(f"Invalid ind argument {ind!r}{place()}")
    shape = x.shape[ind:] + x.shape[:ind]
    return inv(x.reshape(int(np.prod(x.shape[:ind])), -1)).reshape(shape)


@implements("linalg.diagonal")
def diagonal(x, /, *, offset=0):
    return shaping.diagonal(x, offset, -2, -1)


@implements("linalg.trace")
def trace(x, /, *, offset=0, dtype=None):
    return shaping.trace(x, offset, -2, -1, dtype)


@implements("linalg.matmul")
def matmul(x1, x2, /):
    return np.matmul(traced(x1), x2)


@implements("linalg.vecdot")
def vecdot(x1, x2, /, *, axis=-1):
    return np.vecdot(*(np.moveaxis(traced(x), axis, -1) for x in (x1, x2)))
