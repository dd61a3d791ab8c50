"""Arrays joined, repeated and padded: always new memory."""

from __future__ import annotations

import numpy as np

from .._errors import DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import promote, supported
from .._tracing.location import place, tracing_error
from .._tracing.operands import all_contiguous, kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .shaping import atleast_1d, atleast_2d, atleast_3d
from .values import finish, flattened, given, normalize_axis


def _listed(arrays):
    if isinstance(arrays, Tracer):
        return [arrays[i] for i in range(len(arrays))]
    return [operand(a) for a in arrays]


def _joined_type(arrays, dtype, casting="same_kind"):
    if given(dtype):
        target = supported(dtype, "dtype")
        for kind in map(kind_of, arrays):
            kind = np.dtype(float if kind == "f" else int) if isinstance(kind, str) else kind
            if not np.can_cast(kind, target, casting):
                raise DTypeError(
                    f"cannot cast array data from {kind} to {target} according to the rule "
                    f"{casting!r}{place()}"
                )
        return target
    # Python numbers in a list are arrays of their own here, as in NumPy: not weak.
    return promote([np.asarray(a).dtype if type(a) in (int, float) else kind_of(a) for a in arrays])


@implements("concatenate", "concat")
def concatenate(arrays, /, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = _listed(arrays)
    if not arrays:
        raise ValueError(f"need at least one array to concatenate{place()}")
    target = _joined_type(arrays, dtype, casting)
    values = [as_value(a, target) for a in arrays]
    if axis is None:
        values, axis = [emit.reshape(v, (v.size,)) for v in values], 0
    ranks = {v.ndim for v in values}
    if 0 in ranks:
        raise ShapeError(f"zero-dimensional arrays cannot be concatenated{place()}")
    if len(ranks) > 1:
        raise ShapeError(
            "all the input array dimensions except for the concatenation axis must match "
            "exactly, got shapes "
            f"{', '.join(str(v.shape) for v in values)}{place()}"
        )
    axis = normalize_axis(axis, values[0].ndim)
    return finish(emit.concatenate(values, axis), out, contiguous=all_contiguous(arrays))


@implements("stack")
def stack(arrays, axis=0, out=None, *, dtype=None, casting="same_kind"):
    arrays = _listed(arrays)
    if not arrays:
        raise ValueError(f"need at least one array to stack{place()}")
    target = _joined_type(arrays, dtype, casting)
    values = [as_value(a, target) for a in arrays]
    if len({v.shape for v in values}) != 1:
        raise ShapeError(
            "all input arrays must have the same shape, got "
            f"{', '.join(str(v.shape) for v in values)}{place()}"
        )
    axis = normalize_axis(axis, values[0].ndim + 1)
    shape = [*values[0].shape[:axis], 1, *values[0].shape[axis:]]
    joined = emit.concatenate([emit.reshape(v, shape) for v in values], axis)
    return finish(joined, out, contiguous=all_contiguous(arrays))


@implements("hstack")
def hstack(tup, *, dtype=None, casting="same_kind"):
    arrays = [atleast_1d(a) for a in _listed(tup)]
    axis = 0 if arrays and arrays[0].ndim == 1 else 1
    return concatenate(arrays, axis=axis, dtype=dtype, casting=casting)


@implements("vstack", "row_stack")
def vstack(tup, *, dtype=None, casting="same_kind"):
    return concatenate([atleast_2d(a) for a in _listed(tup)], axis=0, dtype=dtype, casting=casting)


@implements("dstack")
def dstack(tup):
    return concatenate([atleast_3d(a) for a in _listed(tup)], axis=2)


@implements("column_stack")
def column_stack(tup):
    arrays = [traced(a) for a in _listed(tup)]
    return concatenate([atleast_2d(a).T if a.ndim < 2 else a for a in arrays], axis=1)


@implements("append")
def append(arr, values, axis=None):
    arr, values = traced(arr), traced(values)
    if axis is None:
        arr, values, axis = flattened(arr), flattened(values), 0
    return concatenate([arr, values], axis)


# ---- repeating


@implements("tile")
def tile(A, reps):
    x = traced(A)
    reps = (reps,) if hasattr(reps, "__index__") else tuple(reps)
    rank = max(x.ndim, len(reps))
    shape = (1,) * (rank - x.ndim) + x.shape
    reps = (1,) * (rank - len(reps)) + reps
    split = [m for n in shape for m in (1, n)]
    wide = [m for r, n in zip(reps, shape) for m in (r, n)]
    value = emit.broadcast(emit.reshape(x.here(), split), wide, range(2 * rank))
    return finish(
        emit.reshape(value, [r * n for r, n in zip(reps, shape)]), contiguous=True, scalar=False
    )


@implements("repeat")
def repeat(a, repeats, axis=None):
    x = traced(a)
    if isinstance(repeats, Tracer):
        raise tracing_error(
            "np.repeat with traced counts: the shape of the result would depend on them"
        )
    if axis is None:
        x, axis = flattened(x), 0
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    counts = np.asarray(repeats)
    if counts.ndim and counts.shape != (1,):
        places = np.repeat(np.arange(n), counts)
        return finish(
            emit.take_axis(x.here(), axis, emit.constant(places), "clip"), contiguous=True
        )
    count = int(counts.reshape(()))
    lead, rest = x.shape[: axis + 1], x.shape[axis + 1 :]
    value = emit.reshape(x.here(), (*lead, 1, *rest))
    value = emit.broadcast(value, (*lead, count, *rest), range(value.ndim))
    return finish(emit.reshape(value, (*lead[:-1], n * count, *rest)), contiguous=True)
