"""Functions that take functions: piecewise, apply_along_axis, apply_over_axes."""

from __future__ import annotations

import numpy as np

from .._tracing.dtypes import BOOL
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .values import normalize_axis
from .vocabulary import constant_of


@implements("piecewise")
def piecewise(x, condlist, funclist, *args, **kw):
    x = traced(x)
    if np.isscalar(condlist) or not isinstance(condlist, (list, tuple)):
        whole = traced(condlist)
        condlist = [whole] if whole.ndim == x.ndim else [whole[i] for i in range(len(whole))]
    elif condlist and np.isscalar(condlist[0]) and x.ndim:
        condlist = [condlist]
    conditions = [traced(c).astype(BOOL) for c in condlist]
    n = len(conditions)
    if len(funclist) not in (n, n + 1):
        raise ValueError(
            f"with {n} condition(s), either {n} or {n + 1} functions are expected{place()}"
        )
    result = np.zeros_like(x)
    functions = list(funclist)
    if len(functions) == n + 1:
        rest = ~conditions[0]
        for condition in conditions[1:]:
            rest = rest & ~condition
        conditions.append(rest)
    for condition, function in zip(conditions, functions):
        if callable(function):
            # What the function would not be called with in NumPy becomes a number it is.
            function = function(np.where(condition, x, _inside(x, condition)), *args, **kw)
        result = np.where(condition, traced(function).astype(x.dtype), result)
    return result


def _inside(x, condition):
    """Return an element for which a condition holds, where there is one.

    Outside of its piece a function may have no value, or no derivative: there it gets this
    element instead, and the result is not used.
    """
    if not x.size:
        return x
    flat = np.reshape(np.broadcast_to(condition, x.shape), (-1,))
    found = np.take(np.reshape(x, (-1,)), np.argmax(flat), mode="clip")
    return Tracer.fresh(constant_of(found.here()))


@implements("apply_along_axis")
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    x = traced(arr)
    axis = normalize_axis(axis, x.ndim)
    rest = [i for i in range(x.ndim) if i != axis]
    rows = np.transpose(x, [*rest, axis])
    lead = rows.shape[:-1]
    if 0 in lead:
        raise ValueError(
            f"Cannot apply_along_axis when any iteration dimensions are 0{place()}"
        )
    results = [traced(func1d(rows[place_], *args, **kwargs)) for place_ in np.ndindex(lead)]
    shape = results[0].shape
    stacked = np.reshape(np.stack(results), (*lead, *shape))
    # The axes of a result stand where the axis stood.
    order = [*range(axis), *range(len(lead), len(lead) + len(shape)), *range(axis, len(lead))]
    return np.transpose(stacked, order)


@implements("apply_over_axes")
def apply_over_axes(func, a, axes):
    x = traced(a)
    for axis in np.atleast_1d(axes).tolist():
        result = func(x, normalize_axis(axis, x.ndim))
        if isinstance(result, Tracer) and result.ndim == x.ndim - 1:
            result = np.expand_dims(result, normalize_axis(axis, x.ndim))
        if result.ndim != x.ndim:
            raise ValueError(
                f"function is not returning an array of the correct shape{place()}"
            )
        x = result
    return x
