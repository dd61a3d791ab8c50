"""numpy.linalg, as far as products and roots reach."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import floating
from .._tracing.location import place, unsupported
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .values import finish, flattened, normalize_axes


def _kept(result, keepdims, x, axes):
    return (
        result.reshape([1 if i in axes else n for i, n in enumerate(x.shape)])
        if keepdims
        else result
    )


@implements("linalg.norm")
def norm(x, ord=None, axis=None, keepdims=False):
    x = traced(x)
    x = x.astype(floating(x.dtype), copy=False)
    if axis is None and (
        ord is None or ord in ("f", "fro") and x.ndim == 2 or ord == 2 and x.ndim == 1
    ):
        flat = flattened(x)
        root = np.sqrt(np.dot(flat, flat))
        return _kept(root, keepdims, x, range(x.ndim))
    axes = normalize_axes(axis, x.ndim)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2:
        order = axes if axis is None else [a % x.ndim for a in axis]
        return _matrix_norm(x, ord, order, keepdims)
    raise ValueError(f"Improper number of dimensions to norm.{place()}")


def _vector_norm(x, ord, axes, keepdims):
    axis = axes[0]
    if ord is None or ord == 2:
        return np.sqrt(np.sum(np.square(x), axis=axis, keepdims=keepdims))
    if ord == np.inf:
        return np.max(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return np.min(np.abs(x), axis=axis, keepdims=keepdims)
    if ord == 0:
        return np.sum((x != 0).astype(x.dtype), axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(np.abs(x), axis=axis, keepdims=keepdims)
    raise unsupported(f"np.linalg.norm of vectors with ord={ord!r} is not supported")


def _matrix_norm(x, ord, axes, keepdims):
    rows, columns = axes
    if ord is None or ord in ("f", "fro"):
        return np.sqrt(np.sum(np.square(x), axis=tuple(axes), keepdims=keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=first, keepdims=True)
        best = (np.max if ord > 0 else np.min)(sums, axis=second, keepdims=True)
        return best if keepdims else np.squeeze(best, axis=tuple(sorted(axes)))
    raise unsupported(f"np.linalg.norm of matrices with ord={ord!r} is not supported")


@implements("linalg.vector_norm")
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    x = traced(x)
    axes = normalize_axes(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i not in axes]
    moved = np.transpose(x, [*rest, *axes]).copy().reshape([*(x.shape[i] for i in rest), -1])
    return _kept(norm(moved, ord, axis=-1), keepdims, x, axes)


@implements("linalg.matrix_norm")
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    return norm(x, ord, axis=(-2, -1), keepdims=keepdims)


@implements("linalg.matrix_power")
def matrix_power(a, n):
    x = traced(a)
    if n < 0:
        raise unsupported("np.linalg.matrix_power with a negative power is not supported")
    if n == 0:
        eye = np.eye(x.shape[-1], dtype=x.dtype)
        return finish(emit.broadcast_to(traced(eye).here(), x.shape), contiguous=True)
    result = None
    while True:
        if n & 1:
            result = x if result is None else result @ x
        n >>= 1
        if not n:
            return result[...] if result is not a else result.copy()
        x = x @ x
