"""Reductions over windows."""

from __future__ import annotations

import itertools
import operator

import numpy as np

from .._arguments import function_name
from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from .._tracing import emit
from .._tracing.location import place
from .._tracing.operands import operand as as_operand
from .._tracing.operands import traced, value_of
from .._tracing.tracer import Tracer, as_value
from .elementwise import add, max, min
from .window_numbers import dilated, numbers, padtype_to_pads, pairs

_NAMES = {
    np.add: "reduce_window_sum",
    operator.add: "reduce_window_sum",
    add: "reduce_window_sum",
    np.maximum: "reduce_window_max",
    max: "reduce_window_max",
    np.minimum: "reduce_window_min",
    min: "reduce_window_min",
}


def _is_identity(name, init, dtype) -> bool:
    """Whether combining with a plain number changes nothing."""
    if isinstance(init, Tracer) or np.ndim(init) != 0:
        return False
    if name == "reduce_window_sum":
        return dtype.kind != "b" and init == 0
    if dtype.kind == "f":
        limits = (-np.inf, np.inf)
    elif dtype.kind == "b":
        limits = (False, True)
    else:
        limits = (np.iinfo(dtype).min, np.iinfo(dtype).max)
    return bool(init == limits[name == "reduce_window_min"])


@eager
def reduce_window(
    operand,
    init_value,
    computation,
    window_dimensions,
    window_strides=None,
    padding="VALID",
    base_dilation=None,
    window_dilation=None,
):
    """Combine the elements in each window of an array.

    Parameters
    ----------
    operand : array
    init_value : number or array of rank 0
        What each window begins with. Padding, and what lies between dilated elements, is left out.
    computation : callable
        Of two arrays: `np.add`, `np.maximum` and `np.minimum` are operations of their own; any
        other function is applied to one entry of the windows after the other, and is to be
        associative.
    window_dimensions : sequence of int
        One for each axis.
    window_strides : sequence of int, optional
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)
    base_dilation, window_dilation : sequence of int, optional
        Distances of the array's elements, and of the window's.

    Returns
    -------
    array
        Of operand's element type.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        If operand and parameters do not fit one another.
    UnsupportedError
        If operand is a tree.

    Notes
    -----
    As `jax.lax.reduce_window`. The derivative of a greatest or least element goes to the first of
    them.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.reduce_window(np.arange(5.0), -np.inf, np.maximum, (2,), (2,)))
    [1. 3.]
    """
    what = "reduce_window"
    if isinstance(operand, (list, tuple, dict)):
        raise UnsupportedError(f"{what} takes one array, got a {type(operand).__name__}{place()}")
    if not callable(computation):
        raise ArgumentError(f"{what}: computation must be callable, got {computation!r}{place()}")
    x = traced(operand)
    sizes = numbers(window_dimensions, x.ndim, "window_dimensions", what)
    strides = numbers(window_strides, x.ndim, "window_strides", what)
    base = numbers(base_dilation, x.ndim, "base_dilation", what)
    holes = numbers(window_dilation, x.ndim, "window_dilation", what)
    if isinstance(getattr(padding, "name", padding), str):
        padding = padtype_to_pads(
            [dilated(n, d) for n, d in zip(x.shape, base)],
            [dilated(n, d) for n, d in zip(sizes, holes)],
            strides,
            padding,
        )
    padding = pairs(padding, x.ndim, what)
    name = _NAMES.get(computation) if getattr(computation, "__hash__", None) else None
    if name is not None and not (name == "reduce_window_sum" and x.dtype.kind == "b"):
        value = emit.emit(
            name,
            [x.here()],
            window_dimensions=sizes,
            window_strides=strides,
            padding=padding,
            base_dilation=base,
            window_dilation=holes,
        )
        result = Tracer.fresh(value, contiguous=True, scalar=False)
        if _is_identity(name, init_value, x.dtype):
            return result
        init = Tracer.fresh(_initial(init_value, x.dtype))
        return _checked(computation(init, result), computation, result.shape, x.dtype)
    init = _initial(init_value, x.dtype)
    return _by_entries(x, init, computation, sizes, strides, padding, base, holes)


def _initial(init, dtype):
    init = as_operand(init)
    value = as_value(init, dtype) if type(init) in (bool, int, float) else value_of(init)
    if value.shape != ():
        raise ShapeError(f"reduce_window: init_value has shape {value.shape}, not (){place()}")
    if value.dtype != dtype:
        raise DTypeError(
            f"reduce_window: init_value has element type {value.dtype}, operand {dtype}{place()}"
        )
    return value


def _by_entries(x, init, computation, sizes, strides, padding, base, holes):
    spans = [dilated(n, d) for n, d in zip(x.shape, base)]
    if any(n + low + high < 0 for n, (low, high) in zip(spans, padding)):
        raise ArgumentError(
            f"reduce_window: padding {padding} leaves less than nothing of shape {x.shape}{place()}"
        )
    padded = emit.pad(x.here(), init, [(low, high, d - 1) for (low, high), d in zip(padding, base)])
    windows = [dilated(n, d) for n, d in zip(sizes, holes)]
    shape = tuple(
        (n - w) // s + 1 if n >= w else 0 for n, w, s in zip(padded.shape, windows, strides)
    )
    result = Tracer.fresh(emit.broadcast(init, shape, []), scalar=False)
    if 0 in shape:
        return result
    for entry in itertools.product(*map(range, sizes)):
        starts = [w * d for w, d in zip(entry, holes)]
        limits = [a + (n - 1) * s + 1 for a, n, s in zip(starts, shape, strides)]
        part = Tracer.fresh(emit.slice_(padded, starts, limits, strides), scalar=False)
        combined = _checked(computation(result, part), computation, shape, x.dtype)
        inside = np.ones((), bool)
        for a, n, s, (low, _), d, span in zip(starts, shape, strides, padding, base, spans):
            at = a + s * np.arange(n) - low
            inside = np.logical_and.outer(inside, (at >= 0) & (at < span) & (at % d == 0))
        if not inside.all():
            mask = emit.constant(inside)
            combined = Tracer.fresh(emit.select(mask, combined.here(), result.here()), scalar=False)
        result = combined
    return result


def _checked(result, computation, shape, dtype):
    name = function_name(computation)
    if not isinstance(result, Tracer) or result.shape != shape:
        raise ShapeError(
            f"reduce_window: {name} must return an array of its operands' shape {shape}, got "
            f"{np.shape(result)}{place()}"
        )
    if result.dtype != dtype:
        raise DTypeError(f"reduce_window: {name} must return {dtype}, got {result.dtype}{place()}")
    return result
