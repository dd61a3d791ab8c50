"""Writing by an index: `x[...] = v`, `np.add.at`."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, I64
from .._tracing.location import place, tracing_error, unsupported
from .._tracing.operands import kind_of, operand, traced
from .._tracing.trace import Value
from .._tracing.tracer import Tracer, as_value, assign
from .index_plan import Advanced, is_basic, normalize
from .indexing import basic_view, gather_dimensions, index_values

_MOST_COMPARISONS = 2**26


def set_item(x: Tracer, index, value) -> None:
    """Answer `x[index] = value`."""
    x.check_writable()
    if isinstance(index, Tracer) and index.dtype == BOOL:
        _set_by_mask(x, index, value)
        return
    items = normalize(index, x.shape)
    _refuse_sequence(x, index, value)
    if is_basic(items):
        view = basic_view(x, items)
        if isinstance(value, Tracer) and _ends_at(value, view):
            return  # x[i] += v has written in place already.
        assign(view, value, "unsafe")
        return
    plan = Advanced(items)
    view = basic_view(x, plan.slices)
    old = view.here()
    new = as_value(operand(value), x.dtype)
    view.write(_overwritten(old, plan, new))


def _refuse_sequence(x: Tracer, index, value) -> None:
    """Raise where an array with axes, of one element too, would become a single element."""
    parts = index if isinstance(index, tuple) else (index,)
    if len(parts) != x.ndim or any(p is None or p is Ellipsis or _has_axes(p) for p in parts):
        return
    shape = np.shape(value)
    if shape:
        raise ShapeError(
            f"setting an array element with a sequence: the value has shape {shape}, the place "
            f"is a single element{place()}"
        )


def _has_axes(part) -> bool:
    return isinstance(part, slice) or np.ndim(part) > 0


def _ends_at(value: Tracer, view: Tracer) -> bool:
    """Whether assigning would change nothing: both are the same elements of one cell."""
    if (
        value._cell is not view._cell
        or value.shape != view.shape
        or len(value._steps) != len(view._steps)
    ):
        return False
    return all(_same_step(a, b) for a, b in zip(value._steps, view._steps))


def _same_step(a, b) -> bool:
    if type(a) is not type(b):
        return False
    for name in type(a).__slots__:
        left, right = getattr(a, name), getattr(b, name)
        if isinstance(left, Value):
            if left is not right:
                return False
        elif left != right:
            return False
    return True


def _set_by_mask(x: Tracer, mask: Tracer, value) -> None:
    """x[mask] = scalar, where the mask is traced: a choice, element by element."""
    new = as_value(operand(value), x.dtype)
    if new.shape != () and new.shape != (1,):
        raise tracing_error(
            "x[mask] = v with a traced mask and v that is not a scalar: how many it takes is not "
            "known",
            "np.where(mask, v, x) with v of x's shape",
        )
    if mask.shape != x.shape[: mask.ndim]:
        raise ShapeError(
            f"boolean index of shape {mask.shape} did not match array of shape {x.shape}{place()}"
        )
    here = emit.broadcast(mask.here(), x.shape, range(mask.ndim))
    x.write(emit.select(here, emit.broadcast_to(emit.reshape(new, ()), x.shape), x.here()))


def _overwritten(old: Value, plan: Advanced, new: Value) -> Value:
    """Return `old` with what the plan selects replaced; of repeated places the last wins."""
    k = len(plan.shape)
    rest = [axis for axis in range(old.ndim) if axis not in plan.axes]
    target = [old.shape[axis] for axis in rest]
    target[plan.position : plan.position] = plan.shape
    new = _fit(new, target, plan)
    # Index axes in front: [indices, rest], and the array as [places, rest].
    order = [plan.position + i for i in range(k)]
    order += [i for i in range(len(target)) if i not in order]
    count = math.prod(plan.shape)
    rest_shape = [old.shape[axis] for axis in rest]
    rows = emit.reshape(emit.transpose(new, order), [count, *rest_shape])
    places = math.prod(old.shape[axis] for axis in plan.axes)
    permutation = [*plan.axes, *rest]
    table = emit.reshape(emit.transpose(old, permutation), [places, *rest_shape])
    if count == 0 or places == 0:
        return old
    winner = _winners(plan, old, count, places)
    written = emit.emit("np.greater_equal", [winner, emit.full((), 0, I64)])
    chosen = emit.take_axis(
        rows, 0, emit.emit("np.maximum", [winner, emit.full((), 0, I64)]), "clip"
    )
    table = emit.select(emit.broadcast(written, table.shape, [0]), chosen, table)
    back = emit.reshape(table, [old.shape[axis] for axis in permutation])
    return emit.transpose(back, np.argsort(permutation).tolist())


def _fit(new: Value, target, plan) -> Value:
    """Broadcast the new elements to the shape that the index selects."""
    shown = list(target)
    for axis in plan.new_axes:
        shown.insert(axis, 1)
    shape = new.shape
    while len(shape) > len(shown) and shape[0] == 1:
        shape = shape[1:]
    try:
        fits = np.broadcast_shapes(shape, tuple(shown)) == tuple(shown)
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"shape mismatch: value array of shape {new.shape} could not be broadcast to "
            "indexing result of "
            f"shape {tuple(shown)}{place()}"
        )
    new = emit.broadcast_to(emit.reshape(new, shape), shown)
    return emit.reshape(new, target)


def _winners(plan, old: Value, count: int, places: int) -> Value:
    """Return for each place the last row that is written to it, or -1."""
    extents = [old.shape[axis] for axis in plan.axes]
    if not any(isinstance(a, Tracer) for a in plan.arrays):
        arrays = [
            np.broadcast_to(np.asarray(a, np.int64), plan.shape).reshape(-1) for a in plan.arrays
        ]
        flat = np.ravel_multi_index(arrays, extents) if arrays else np.zeros(count, np.int64)
        winner = np.full(places, -1, np.int64)
        winner[flat] = np.arange(count)
        return emit.constant(winner)
    if count * places > _MOST_COMPARISONS:
        raise unsupported(
            f"assignment at {count} traced places among {places}",
            "np.add.at(x, index, v), or swntk.lax.scan over the places",
        )
    vectors, _ = index_values(plan, old.shape)
    # Reading each position out of the list of all makes the run fail where one is out of range.
    numbers = emit.reshape(emit.iota(places), extents)
    flat = emit.gather(
        numbers,
        emit.reshape(vectors, [count, len(extents)]),
        offset_dims=[],
        collapsed=range(len(extents)),
        start_index_map=range(len(extents)),
        slice_sizes=[1] * len(extents),
        mode="error",
    )
    column = emit.reshape(emit.iota(places), [places, 1])
    here = emit.emit("np.equal", [column, emit.reshape(flat, [1, count])])
    rows = emit.broadcast(emit.iota(count), [places, count], [1])
    return emit.emit("np.max", [emit.where(here, rows, emit.full((), -1, I64))], axis=1)


def ufunc_at(ufunc, x: Tracer, index, values) -> None:
    """Answer `np.add.at(x, index, v)`: repeated places are worked on one after the other."""
    name = ufunc.__name__
    values = [operand(value) for value in values]
    if name not in ("add", "subtract"):
        _in_rounds(ufunc, x, index, *(values or [None]))
        return
    kind = kind_of(operand(values[0]))
    if x.dtype.kind != "f" and (kind == "f" or getattr(kind, "kind", "i") == "f"):
        # Each sum is a float, of which the array keeps the whole part.
        _in_rounds(ufunc, x, index, values[0])
        return
    x.check_writable()
    update = as_value(operand(values[0]), x.dtype)
    if name == "subtract":
        update = emit.emit("neg", [update])
    items = normalize(index, x.shape)
    if is_basic(items):
        view = basic_view(x, items)
        assign(view, Tracer.fresh(emit.emit("np.add", [view.here(), update])))
        return
    plan = Advanced(items)
    view = basic_view(x, plan.slices)
    old = view.here()
    rest = [n for axis, n in enumerate(old.shape) if axis not in plan.axes]
    target = list(rest)
    target[plan.position : plan.position] = plan.shape
    update = _fit(update, target, plan)
    indices, mode = index_values(plan, old.shape)
    view.write(
        emit.scatter_add(
            old,
            indices,
            update,
            window=gather_dimensions(plan, old.ndim),
            inserted=plan.axes,
            to_operand=plan.axes,
            mode=mode,
        )
    )


def _in_rounds(ufunc, x: Tracer, index, value) -> None:
    """Let repeated places of an index take their values in turn."""
    x.check_writable()
    items = normalize(index, x.shape)
    if is_basic(items):
        view = basic_view(x, items)
        assign(view, ufunc(view) if value is None else ufunc(view, value), "unsafe")
        return
    if any(isinstance(a, Tracer) for a in Advanced(items).arrays):
        assign(x, _in_turn(ufunc, x, index, value))
        return
    # Every element of the array as a number, so that the index says which are meant.
    places = np.arange(math.prod(x.shape)).reshape(x.shape)[index]
    flat = places.reshape(-1)
    if value is not None:
        value = np.broadcast_to(traced(value), places.shape).reshape(-1)
    order = np.argsort(flat, kind="stable")
    first = np.flatnonzero(np.diff(flat[order], prepend=-1))
    turn = np.empty_like(flat)
    turn[order] = np.arange(len(flat)) - np.repeat(first, np.diff(first, append=len(flat)))
    new = Tracer.fresh(emit.reshape(x.here(), (x.size,)), scalar=False)
    for k in range(turn.max(initial=-1) + 1):
        now = np.flatnonzero(turn == k)
        old = new[flat[now]]
        new[flat[now]] = ufunc(old) if value is None else ufunc(old, value[now])
    assign(x, new.reshape(x.shape))


def _in_turn(ufunc, x: Tracer, index, value) -> Tracer:
    """Apply a ufunc at places that are traced, one after the other."""
    from ..lax import scan

    numbers = Tracer.fresh(emit.reshape(emit.iota(x.size), x.shape), scalar=False)
    places = numbers[index]
    # A ufunc of one operand takes no second one.
    value = np.zeros(places.shape) if value is None else np.broadcast_to(
        traced(value), places.shape
    )  # fmt: skip

    def step(flat, row):
        place, new = row
        flat = flat.copy()
        flat[place] = ufunc(flat[place]) if ufunc.nin == 1 else ufunc(flat[place], new)
        return flat, None

    start = Tracer.fresh(emit.reshape(x.here(), (x.size,)), scalar=False)
    return scan(step, start, (places.reshape(-1), value.reshape(-1)))[0].reshape(x.shape)
