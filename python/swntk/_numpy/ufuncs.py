"""The call of a ufunc: `where=`, `dtype=`, `out=`, and the methods of ufuncs.

What each ufunc computes is in `elementwise`; its rule takes operands and returns a Value.
"""

from __future__ import annotations

import re

import numpy as np

from .._errors import ArgumentError, DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, promote, supported, weak_result
from .._tracing.location import place, tracing_error, unsupported
from .._tracing.operands import all_contiguous, kind_of, operand, value_of
from .._tracing.protocol import UFUNCS, find_rule
from .._tracing.tracer import Tracer, as_value
from .values import finish, plain_destination

# Options that change speed or class of the result, never its numbers.
_HARMLESS = {"order", "subok", "casting"}


_AXES = {"axes", "axis", "keepdims"}


def _along_axes(ufunc, inputs, kwargs):
    """Call a ufunc of vectors and matrices whose core axes are not the last ones."""
    out = kwargs.get("out")
    out = out[0] if isinstance(out, tuple) else out
    if out is not None and not isinstance(out, Tracer):
        raise plain_destination(f"np.{ufunc.__name__} with out= (or an operator such as +=)")
    kwargs = {name: value for name, value in kwargs.items() if name != "out"}
    axes, axis, keepdims = (kwargs.pop(name, None) for name in ("axes", "axis", "keepdims"))
    cores = [
        len(core.split(",")) if core else 0
        for core in re.findall(r"\(([^)]*)\)", ufunc.signature)
    ]
    *of_inputs, of_result = cores
    if axis is not None:
        if axes is not None or set(of_inputs) != {1}:
            raise TypeError(f"np.{ufunc.__name__}: axis= is not possible here{place()}")
        axes = [axis] * len(of_inputs)
    if axes is None:
        axes = [tuple(range(-n, 0)) for n in of_inputs]
    axes = [(a,) if hasattr(a, "__index__") else tuple(a) for a in axes]
    if keepdims and (of_result or len(set(of_inputs)) != 1):
        raise TypeError(f"np.{ufunc.__name__} does not support keepdims here{place()}")
    if len(axes) == len(of_inputs) and not of_result:
        axes.append(())
    if list(map(len, axes)) != cores and not (keepdims and len(axes) == len(cores)):
        raise ValueError(f"axes={axes!r} do not fit np.{ufunc.__name__}{place()}")
    moved = [
        np.moveaxis(x if isinstance(x, Tracer) else np.asarray(operand(x)), where, range(-n, 0))
        for x, where, n in zip(inputs, axes, of_inputs)
    ]
    result = call_ufunc(ufunc, "__call__", moved, kwargs)
    if of_result:
        result = np.moveaxis(result, range(-of_result, 0), axes[-1])
    elif keepdims:
        result = np.expand_dims(result, axes[-1] or axes[0])
    return result if out is None else _put(result.here(), out, True, ufunc, True)


def _broadcast_into(result, shape):
    """Broadcast a result to the shape of `out`, which may be larger."""
    try:
        fits = np.broadcast_shapes(result.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(f"out has shape {shape}, the result {result.shape}{place()}")
    return emit.broadcast_to(result, shape)


# Their dtype= is that of the result, not of what is computed.
_OF_TRUTH = {"logical_and", "logical_or", "logical_xor", "logical_not"}
_OF_TRUTH |= {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"}


def check_casts(ufunc, operands, dtype, casting) -> None:
    """Raise where an operand may not be converted to the type in which a ufunc is computed."""
    if ufunc.__name__ in _OF_TRUTH or ufunc.signature is None and ufunc.nin != len(operands):
        return
    for x in operands:
        kind = kind_of(x)
        if isinstance(kind, str):
            kind = np.dtype(float) if kind == "f" and dtype.kind != "f" else dtype
        if not np.can_cast(kind, dtype, casting):
            raise DTypeError(
                f"np.{ufunc.__name__}: cannot cast from {kind} to {dtype} with casting rule "
                f"{casting!r}{place()}"
            )


def _put(result, out, where, ufunc, contiguous, casting="same_kind"):
    """Return one result, or put it into `out`, where `where` holds."""
    if where is not True:
        if out is None:
            raise ArgumentError(
                f"np.{ufunc.__name__} with where= needs out=: without it NumPy leaves the other "
                f"elements uninitialised{place()}"
            )
        if not np.can_cast(result.dtype, out.dtype, casting):
            raise DTypeError(
                f"np.{ufunc.__name__}: cannot cast from {result.dtype} to {out.dtype}, the type "
                f"of out, with casting rule {casting!r}{place()}"
            )
        old = out.here()
        mask = emit.convert(value_of(where), BOOL)
        result = emit.where(mask, emit.convert(result, old.dtype), old)
    if out is None:
        return finish(result, contiguous=contiguous)
    if out.ndim > result.ndim or result.shape != out.shape:
        result = _broadcast_into(result, out.shape)
    return finish(result, out, casting=casting)


def call_ufunc(ufunc, method: str, inputs, kwargs):
    """Answer `__array_ufunc__`, and the operators of traced arrays (then `weak` is given)."""
    if method != "__call__":
        return _call_method(ufunc, method, inputs, kwargs)
    rule = find_rule(ufunc)
    if ufunc.signature is not None and not _AXES.isdisjoint(kwargs):
        return _along_axes(ufunc, inputs, kwargs)
    out = kwargs.get("out")
    where = kwargs.get("where", True)
    dtype = kwargs.get("dtype")
    if out is not None:
        if not isinstance(out, tuple):
            out = (out,)
        if any(o is not None and not isinstance(o, Tracer) for o in out):
            raise plain_destination(f"np.{ufunc.__name__} with out= (or an operator such as +=)")
    for name, value in kwargs.items():
        if (
            name not in ("out", "where", "dtype", "weak")
            and name not in _HARMLESS
            and value is not None
        ):
            raise unsupported(
                f"np.{ufunc.__name__}(..., {name}=...) of traced arrays is not supported"
            )
    operands = [operand(x) for x in inputs]
    casting = kwargs.get("casting", "same_kind")
    if dtype is not None:
        dtype = supported(dtype, "dtype")
        check_casts(ufunc, operands, dtype, casting)
    elif casting in ("no", "equiv"):
        check_casts(ufunc, operands, promote([kind_of(x) for x in operands]), casting)
    result = rule(operands, dtype)
    contiguous = all_contiguous(operands) or kwargs.get("order") == "C"
    if isinstance(result, tuple):
        targets = out or (None,) * len(result)
        return tuple(_put(r, o, where, ufunc, contiguous, casting) for r, o in zip(result, targets))
    if where is not True or out is not None:
        return _put(result, out[0] if out else None, where, ufunc, contiguous, casting)
    tracer = Tracer.fresh(result, contiguous)
    if "weak" in kwargs and tracer.dtype.kind in "if" and not tracer.shape:
        tracer._weak = weak_result(map(kind_of, operands))
    return tracer


_REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}
_BITS = ("bitwise_and", "bitwise_or", "bitwise_xor", "logical_xor")


def _call_method(ufunc, method, inputs, kwargs):
    name = ufunc.__name__
    if method == "reduce":
        from . import folding, reductions

        given = _reduce_arguments(inputs, kwargs)
        if name in _BITS:
            return reductions.reduce_bits(name, *given)
        if name == "logaddexp":
            return reductions.reduce_logaddexp(*given)
        if name in _REDUCTIONS:
            return reductions.reduce(_REDUCTIONS[name], *given)
        return folding.reduce(ufunc, *given)
    if method == "accumulate":
        from . import accumulation, folding

        given = _first(inputs, kwargs, ("array", "axis", "dtype", "out"), (None, 0, None, None))
        if name in accumulation.OPERATION:
            return accumulation.accumulate(name, *given)
        return folding.accumulate(ufunc, *given)
    if method == "reduceat":
        from . import folding

        names = ("array", "indices", "axis", "dtype", "out")
        return folding.reduceat(ufunc, *_first(inputs, kwargs, names, (None, None, 0, None, None)))
    if method == "outer":
        a, b = (x if isinstance(x, Tracer) else np.asarray(operand(x)) for x in inputs)
        b_rank = len(b.shape)
        spread = value_of(a)
        lifted = emit.reshape(spread, spread.shape + (1,) * b_rank)
        return call_ufunc(ufunc, "__call__", (Tracer.fresh(lifted), b), kwargs)
    if method == "at":
        from .assignment import ufunc_at

        target, index, *values = inputs
        if not isinstance(target, Tracer):
            raise plain_destination(f"np.{name}.at")
        return ufunc_at(ufunc, target, index, values)
    raise tracing_error(f"np.{name}.{method} of a traced array is not supported")


def _first(inputs, kwargs, names, defaults):
    values = list(inputs) + list(defaults[len(inputs) :])
    for i, key in enumerate(names):
        if key in kwargs:
            values[i] = kwargs[key]
    return values


def _reduce_arguments(inputs, kwargs):
    """Return (array, axis, dtype, out, keepdims, initial, where) of a ufunc's `reduce`."""
    return _first(
        inputs,
        kwargs,
        ("array", "axis", "dtype", "out", "keepdims", "initial", "where"),
        (None, 0, None, None, False, None, True),
    )


def rule(*names: str):
    """Register the rule of ufuncs of NumPy; names that this NumPy lacks are skipped."""

    def register(function):
        for name in names:
            ufunc = getattr(np, name, None)
            if isinstance(ufunc, np.ufunc):
                UFUNCS[ufunc] = function
        return function

    return register


def values(operands, dtype) -> list:
    """Bring operands to one type."""
    return [as_value(x, dtype) for x in operands]
