"""numpy.linalg's norms, and the condition number."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._tracing.dtypes import floating
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .factorizations import svd
from .linalg import inv
from .matrices import MatrixShapeError, matrix
from .values import flattened, normalize_axes


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
    if isinstance(ord, str):
        raise ArgumentError(f"Invalid norm order {ord!r} for vectors{place()}")
    return np.power(np.sum(np.power(np.abs(x), ord), axis=axis, keepdims=keepdims), 1 / ord)


def _matrix_norm(x, ord, axes, keepdims):
    rows, columns = axes
    if ord is None or ord in ("f", "fro"):
        return np.sqrt(np.sum(np.square(x), axis=tuple(axes), keepdims=keepdims))
    if ord in (1, -1, np.inf, -np.inf):
        first, second = (rows, columns) if abs(ord) == 1 else (columns, rows)
        sums = np.sum(np.abs(x), axis=first, keepdims=True)
        best = (np.max if ord > 0 else np.min)(sums, axis=second, keepdims=True)
        return best if keepdims else np.squeeze(best, axis=tuple(sorted(axes)))
    if ord in (2, -2, "nuc"):
        values = svd(np.moveaxis(x, (rows, columns), (-2, -1)), compute_uv=False)
        norms = {2: np.max, -2: np.min, "nuc": np.sum}[ord](values, axis=-1)
        return _kept(norms, keepdims, x, axes)
    raise ArgumentError(f"Invalid norm order {ord!r} for matrices.{place()}")


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


@implements("linalg.cond")
def cond(x, p=None):
    x = matrix(x)
    if 0 in x.shape:
        raise MatrixShapeError(f"cond is not defined on empty arrays{place()}")
    if p is None or p in (2, -2):
        values = svd(x, compute_uv=False)
        greatest, least = values[..., 0], values[..., -1]
        return least / greatest if p == -2 else _where_not_nan(greatest / least, x)
    matrix(x, square=True)
    result = norm(x, p, axis=(-2, -1)) * norm(inv(x), p, axis=(-2, -1))
    return _where_not_nan(result, x)


def _where_not_nan(result, x):
    """Make NaN that does not come from the operand infinite: that of a singular matrix."""
    made = np.isnan(result) & ~np.any(np.isnan(x), axis=(-2, -1))
    return np.where(made, np.inf, result)
