"""Reading by an index: `x[...]`, `np.take`."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import I64
from .._tracing.location import place
from .._tracing.operands import is_contiguous, operand, traced
from .._tracing.protocol import implements
from .._tracing.trace import Value, current
from .._tracing.tracer import Tracer, as_value
from .._tracing.views import Pick, Reshape, Reverse, Slice
from .index_plan import Advanced, is_basic, normalize
from .values import finish, flattened, normalize_axis


def get_item(x: Tracer, index) -> Tracer:
    """Answer `x[index]`: a view for a basic index, else new memory."""
    items = normalize(index, x.shape)
    if is_basic(items):
        view = basic_view(x, items)
        if not view.shape and not _has_ellipsis(index):
            # Without an ellipsis NumPy gives a scalar: a copy.
            return Tracer.fresh(view.here(), scalar=True)
        # Of a scalar, NumPy gives an array of its own.
        return Tracer.fresh(view.here(), scalar=False) if view._scalar else view
    plan = Advanced(items)
    view = basic_view(x, plan.slices)
    value = gather(view.here(), plan)
    return finish(value, contiguous=_gathered_contiguous(plan))


def _has_ellipsis(index) -> bool:
    return any(item is Ellipsis for item in (index if isinstance(index, tuple) else (index,)))


def _gathered_contiguous(plan) -> bool:
    # NumPy lays the result out along the index arrays, and moves their axes in place afterwards.
    return plan.first == 0 and all(is_contiguous(a) for a in plan.arrays) and len(plan.arrays) == 1


def basic_view(x: Tracer, items) -> Tracer:
    """Return the view that integers, slices, None and traced scalars select."""
    if any(isinstance(item, Tracer) for item in items) and x._cell.trace is not current():
        # The outer trace cannot know an index of the inner one: read, and refuse writes.
        x = Tracer.fresh(x.here(), x.contiguous)
        x._writable = False
    picks = [
        (axis, item)
        for axis, item in enumerate(i for i in items if i is not None)
        if isinstance(item, Tracer)
    ]
    x = _sliced(x, items)
    for axis, item in reversed(picks):
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        strides = None if x._strides is None else (*x._strides[:axis], *x._strides[axis + 1 :])
        x = x.viewed(Pick(axis, item.here()), shape, strides)
    return _reshaped(x, [item for item in items if not isinstance(item, Tracer)])


def _sliced(x: Tracer, items) -> Tracer:
    starts, limits, steps, reversed_axes, strides = [], [], [], [], []
    axis = 0
    for item in items:
        if item is None:
            continue
        n = x.shape[axis]
        if isinstance(item, int):
            start, limit, step = item, item + 1, 1
        elif isinstance(item, slice):
            start, limit, step = item.indices(n)
            count = len(range(start, limit, step))
            if count == 0:
                start = limit = min(max(start, 0), n)
                step = 1
            elif step < 0:
                last = start + (count - 1) * step
                start, limit, step = last, start + 1, -step
                reversed_axes.append(axis)
            else:
                limit = min(limit, start + (count - 1) * step + 1)
        else:
            start, limit, step = 0, n, 1
        starts.append(start)
        limits.append(limit)
        steps.append(step)
        sign = -1 if axis in reversed_axes else 1
        if x._strides is not None:
            strides.append(x._strides[axis] * step * sign)
        axis += 1
    shape = [len(range(a, b, s)) for a, b, s in zip(starts, limits, steps)]
    strides = None if x._strides is None else tuple(strides)
    if shape != list(x.shape) or any(starts) or any(s != 1 for s in steps):
        x = x.viewed(Slice(starts, limits, steps), shape, strides)
    if reversed_axes:
        x = x.viewed(Reverse(reversed_axes), shape, strides)
    return x


def _reshaped(x: Tracer, items) -> Tracer:
    """Drop the axes of integers, add those of None."""
    shape, strides = [], []
    known = x._strides or (0,) * x.ndim
    axis = 0
    for item in items:
        if item is None:
            shape.append(1)
            strides.append(0)
            continue
        if isinstance(item, slice):
            shape.append(x.shape[axis])
            strides.append(known[axis])
        axis += 1
    return x.viewed(Reshape(shape), shape, None if x._strides is None else tuple(strides))


def index_values(plan, shape):
    """Return index vectors [*plan.shape, number of axes], wrapped, and the mode of the gather."""
    if not any(isinstance(a, Tracer) for a in plan.arrays):
        rows = [np.broadcast_to(np.asarray(a, np.int64), plan.shape) for a in plan.arrays]
        stacked = np.stack(rows, -1) if rows else np.zeros((*plan.shape, 0), np.int64)
        return emit.constant(stacked), "clip"
    columns = []
    for axis, array in zip(plan.axes, plan.arrays):
        if isinstance(array, Tracer):
            value = emit.convert(emit.wrap_index(array.here(), shape[axis]), I64)
        elif isinstance(array, int):
            value = emit.full((), array, I64)
        else:
            value = emit.constant(array.astype(np.int64))
        columns.append(emit.reshape(emit.broadcast_to(value, plan.shape), (*plan.shape, 1)))
    return emit.concatenate(columns, len(plan.shape)), "error"


def gather_dimensions(plan, rank: int):
    """Return (offset_dims, result axes before None) of an index over an array of some rank."""
    k = len(plan.shape)
    rest = rank - len(plan.axes)
    return list(range(plan.position)) + list(range(plan.position + k, rest + k))


def gather(x: Value, plan: Advanced) -> Value:
    """Read what the advanced part selects."""
    indices, mode = index_values(plan, x.shape)
    sizes = [1 if axis in plan.axes else n for axis, n in enumerate(x.shape)]
    result = emit.gather(
        x,
        indices,
        offset_dims=gather_dimensions(plan, x.ndim),
        collapsed=plan.axes,
        start_index_map=plan.axes,
        slice_sizes=sizes,
        mode=mode,
    )
    return with_new_axes(result, plan)


def with_new_axes(x: Value, plan: Advanced) -> Value:
    """Insert the axes that stand for None."""
    shape = list(x.shape)
    for axis in plan.new_axes:
        shape.insert(axis, 1)
    return emit.reshape(x, shape)


@implements("take")
def take(a, indices, axis=None, out=None, mode="raise"):
    x = traced(a)
    picked = indices if isinstance(indices, Tracer) else np.asarray(operand(indices))
    if axis is None:
        x, axis = flattened(x), 0
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    if mode == "raise":
        if not isinstance(picked, Tracer):
            if picked.dtype.kind not in "iu":
                picked = picked.astype(np.int64, casting="safe" if picked.size else "unsafe")
            normalize((slice(None),) * axis + (picked.reshape(-1),), x.shape)
            index = emit.constant(np.where(picked < 0, picked + n, picked).astype(np.int64))
            value = emit.take_axis(x.here(), axis, index, "clip")
        else:
            value = emit.take_axis(x.here(), axis, emit.wrap_index(picked.here(), n), "error")
    elif mode == "clip":
        index = emit.convert(as_value(picked), I64)
        index = emit.emit("np.maximum", [index, emit.full((), 0, I64)])
        index = emit.emit("np.minimum", [index, emit.full((), n - 1, I64)])
        value = emit.take_axis(x.here(), axis, index, "clip")
    else:
        value = (
            emit.take_axis(x.here(), axis, (picked % n if n else picked).here(), "clip")
            if isinstance(picked, Tracer)
            else emit.take_axis(x.here(), axis, emit.constant(picked % n), "clip")
        )
    return finish(value, out, contiguous=True)


@implements("take_along_axis")
def take_along_axis(arr, indices, axis=-1):
    x = traced(arr)
    picked = indices if isinstance(indices, Tracer) else np.asarray(operand(indices))
    if axis is None:
        x, axis = flattened(x), 0
    axis = normalize_axis(axis, x.ndim)
    if picked.ndim != x.ndim:
        raise ValueError("`indices` and `arr` must have the same number of dimensions")
    index = []
    for i, (n, m) in enumerate(zip(x.shape, picked.shape)):
        if i == axis:
            index.append(picked)
            continue
        if n != 1 and m not in (1, n):
            raise ShapeError(
                f"indices of shape {picked.shape} do not fit an array of shape {x.shape}{place()}"
            )
        # A size of 1 broadcasts, on either side.
        rows = np.arange(n) if m in (1, n) and n != 1 else np.zeros(m, np.int64)
        index.append(rows.reshape([-1 if j == i else 1 for j in range(x.ndim)]))
    return get_item(x, tuple(index))
