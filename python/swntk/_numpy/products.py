"""Products of arrays: dot and its relatives, einsum, kron, cross."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, promote, supported
from .._tracing.location import place, unsupported
from .._tracing.operands import common_values, kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import finish, given, normalize_axis, refuse


def _pair(a, b):
    """Bring two factors to their common type."""
    x, y = common_values([operand(a), operand(b)])
    if x.dtype == BOOL:
        raise unsupported("products of boolean arrays are not supported", "x.astype(int)")
    return x, y


@implements("dot")
def dot(a, b, out=None):
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return finish(emit.emit("np.multiply", [x, y]), out)
    contracted = y.ndim - 2 if y.ndim > 1 else 0
    if x.shape[-1] != y.shape[contracted]:
        raise ShapeError(
            f"shapes {x.shape} and {y.shape} not aligned: {x.shape[-1]} (dim {x.ndim - 1}) != "
            f"{y.shape[contracted]} (dim {contracted}){place()}"
        )
    value = emit.emit("np.tensordot", [x, y], axes=[[x.ndim - 1], [contracted]])
    return finish(value, out, contiguous=True)


@implements("vdot")
def vdot(a, b, /):
    x, y = _pair(a, b)
    if x.size != y.size:
        raise ShapeError(f"np.vdot: arrays of {x.size} and {y.size} elements{place()}")
    x, y = emit.reshape(x, (x.size,)), emit.reshape(y, (y.size,))
    return finish(emit.emit("np.tensordot", [x, y], axes=[[0], [0]]))


@implements("inner")
def inner(a, b, /):
    x, y = _pair(a, b)
    if x.ndim == 0 or y.ndim == 0:
        return finish(emit.emit("np.multiply", [x, y]))
    if x.shape[-1] != y.shape[-1]:
        raise ShapeError(
            f"shapes {x.shape} and {y.shape} not aligned: their last axes differ{place()}"
        )
    return finish(
        emit.emit("np.tensordot", [x, y], axes=[[x.ndim - 1], [y.ndim - 1]]), contiguous=True
    )


@implements("outer", "linalg.outer")
def outer(a, b, out=None):
    x, y = common_values([operand(a), operand(b)])
    x, y = emit.reshape(x, (x.size, 1)), emit.reshape(y, (1, y.size))
    name = "np.logical_and" if x.dtype == BOOL else "np.multiply"
    return finish(emit.emit(name, [x, y]), out, contiguous=True)


@implements("tensordot", "linalg.tensordot")
def tensordot(a, b, axes=2):
    x, y = _pair(a, b)
    if hasattr(axes, "__index__"):
        n = axes.__index__()
        left, right = list(range(x.ndim - n, x.ndim)), list(range(n))
    else:
        left, right = ([p] if hasattr(p, "__index__") else list(p) for p in axes)
    if len(left) != len(right) or len(left) > min(x.ndim, y.ndim):
        raise ShapeError(f"shape-mismatch for sum: axes {axes} of {x.shape} and {y.shape}{place()}")
    left = [normalize_axis(axis, x.ndim) for axis in left]
    right = [normalize_axis(axis, y.ndim) for axis in right]
    if any(x.shape[i] != y.shape[j] for i, j in zip(left, right)):
        raise ShapeError(
            f"shape-mismatch for sum: axes {left} of {x.shape} and {right} of {y.shape}{place()}"
        )
    return finish(emit.emit("np.tensordot", [x, y], axes=[left, right]), contiguous=True)


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _subscripts(operands):
    """Translate einsum's interleaved form: operand, axis numbers, ..., output axis numbers."""
    if isinstance(operands[0], str):
        return operands[0], list(operands[1:])
    operands = list(operands)
    output = operands.pop() if len(operands) % 2 else None
    arrays, axes = operands[::2], operands[1::2]

    def letters(numbers):
        return "".join("..." if n is Ellipsis else _LETTERS[n] for n in numbers)

    text = ",".join(map(letters, axes))
    return text if output is None else f"{text}->{letters(output)}", arrays


@implements("einsum")
def einsum(*operands, out=None, optimize=False, dtype=None, order="K", casting="safe"):
    subscripts, arrays = _subscripts(operands)
    arrays = [operand(a) for a in arrays]
    target = supported(dtype, "dtype") if given(dtype) else promote([kind_of(a) for a in arrays])
    if target == BOOL:
        raise unsupported("np.einsum of boolean arrays is not supported", "x.astype(int)")
    values = [as_value(a, target) for a in arrays]
    subscripts = subscripts.replace(" ", "")
    result = finish(emit.emit("np.einsum", values, subscripts=subscripts), out)
    if len(arrays) == 1 and isinstance(arrays[0], Tracer) and not given(out):
        return _maybe_view(arrays[0], subscripts, result)
    return result


def _maybe_view(x, subscripts, result):
    """Of one operand, and without a sum, NumPy's einsum makes a view."""
    taken, arrow, kept = subscripts.partition("->")
    if not arrow:
        kept = "".join(sorted(c for c in set(taken) - {"."} if taken.count(c) == 1))
    plain = "." not in taken and len(set(taken)) == len(taken)
    if plain and sorted(taken) == sorted(kept):
        return np.transpose(x, [taken.index(c) for c in kept])
    if not plain and set(taken) - {"."} == set(kept) - {"."} and result.shape:
        result = Tracer.fresh(result.here(), contiguous=False)
        result._strides = None
        result._cell.doubt_with(x._cell, "einsum")
    return result


@implements("einsum_path")
def einsum_path(*operands, optimize="greedy", einsum_call=False):
    subscripts, arrays = _subscripts(operands)
    return np.einsum_path(
        subscripts, *(np.broadcast_to(0.0, a.shape) for a in arrays), optimize=optimize
    )


@implements("kron")
def kron(a, b):
    x, y = common_values([operand(a), operand(b)])
    rank = max(x.ndim, y.ndim)
    left = (1,) * (rank - x.ndim) + x.shape
    right = (1,) * (rank - y.ndim) + y.shape
    x = emit.reshape(x, [m for n in left for m in (n, 1)])
    y = emit.reshape(y, [m for n in right for m in (1, n)])
    product = emit.emit("np.logical_and" if x.dtype == BOOL else "np.multiply", [x, y])
    return finish(emit.reshape(product, [n * m for n, m in zip(left, right)]), contiguous=True)


@implements("cross")
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(traced(a), axisa, -1), np.moveaxis(traced(b), axisb, -1)
    sizes = x.shape[-1], y.shape[-1]
    if not set(sizes) <= {2, 3}:
        raise ValueError(
            f"incompatible dimensions for cross product (dimension must be 2 or 3), got "
            f"{sizes}{place()}"
        )
    if sizes == (2, 2):
        return x[..., 0] * y[..., 1] - x[..., 1] * y[..., 0]
    x, y = (
        v if v.shape[-1] == 3 else np.concatenate([v, np.zeros_like(v[..., :1])], -1)
        for v in (x, y)
    )
    parts = [x[..., i] * y[..., j] - x[..., j] * y[..., i] for i, j in ((1, 2), (2, 0), (0, 1))]
    return np.stack(parts, axis=axisc)


@implements("linalg.cross")
def linalg_cross(x1, x2, /, *, axis=-1):
    for x in (x1, x2):
        if traced(x).shape[axis] != 3:
            raise ValueError(
                f"Both input arrays must be (arrays of) 3-dimensional vectors{place()}"
            )
    return cross(x1, x2, axis=axis)


@implements("linalg.matmul")
def linalg_matmul(x1, x2, /):
    return np.matmul(x1, x2)


@implements("linalg.vecdot")
def linalg_vecdot(x1, x2, /, *, axis=-1):
    return np.vecdot(x1, x2, axis=axis)


@implements("convolve")
def convolve(a, v, mode="full"):
    x, y = (traced(q).astype(promote([traced(a).dtype, traced(v).dtype])) for q in (a, v))
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size:
        raise ValueError(f"np.convolve needs two vectors that are not empty{place()}")
    if y.size > x.size:
        x, y = y, x
    n, k = x.size, y.size
    # Windows of the padded signal, each against the reversed filter.
    places = np.arange(n + k - 1)[:, None] + np.arange(k)
    full = np.pad(x, k - 1)[places] @ y[::-1]
    if mode == "full":
        return full
    if mode == "valid":
        return full[k - 1 : n]
    if mode != "same":
        raise ValueError(f"mode {mode!r} must be 'full', 'valid' or 'same'{place()}")
    start = (k - 1) // 2
    return full[start : start + n]


@implements("correlate")
def correlate(a, v, mode="valid"):
    a, v = traced(a), traced(v)
    result = convolve(a, v[::-1], mode)
    # Where the shorter stands first, NumPy swaps the two and turns the result round.
    if v.shape[0] > a.shape[0] and mode != "full":
        result = np.flip(convolve(v, a[::-1], mode), 0)
    return result


def chain(arrays):
    """Multiply matrices in the order of least work (the textbook's dynamic programme)."""
    n = len(arrays)
    rows = [a.shape[0] for a in arrays] + [arrays[-1].shape[1]]
    cost = [[0] * n for _ in range(n)]
    cut = [[0] * n for _ in range(n)]
    for length in range(2, n + 1):
        for i in range(n - length + 1):
            j = i + length - 1
            cost[i][j], cut[i][j] = min(
                (cost[i][s] + cost[s + 1][j] + rows[i] * rows[s + 1] * rows[j + 1], s)
                for s in range(i, j)
            )

    def product(i, j):
        return arrays[i] if i == j else product(i, cut[i][j]) @ product(cut[i][j] + 1, j)

    return product(0, n - 1)


@implements("linalg.multi_dot")
def multi_dot(arrays, *, out=None):
    refuse(out=out)
    arrays = [traced(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError(f"Expecting at least two arrays.{place()}")
    first, last = arrays[0].ndim == 1, arrays[-1].ndim == 1
    if first:
        arrays[0] = arrays[0].reshape(1, -1)
    if last:
        arrays[-1] = arrays[-1].reshape(-1, 1)
    if any(a.ndim != 2 for a in arrays):
        raise ShapeError(f"np.linalg.multi_dot needs matrices{place()}")
    result = chain(arrays)
    shape = [n for n, gone in zip(result.shape, (first, last)) if not gone]
    return result.reshape(shape) if shape else result[0, 0]
