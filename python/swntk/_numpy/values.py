"""What handlers share: wrapping results, `out=`, axes, conversion of types."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError
from .._tracing import emit
from .._tracing.dtypes import supported
from .._tracing.location import place, tracing_error, unsupported
from .._tracing.operands import traced
from .._tracing.recipes import destination
from .._tracing.trace import Value
from .._tracing.tracer import Tracer, assign

NO_VALUE = getattr(np, "_NoValue", None)


def given(x) -> bool:
    """Whether an optional argument was given."""
    return x is not None and x is not NO_VALUE


def finish(
    value: Value, out=None, *, contiguous: bool = False, scalar=None, casting: str = "same_kind"
) -> Tracer:
    """Return a result as new memory, or put it into `out`."""
    if isinstance(out, tuple):
        (out,) = out
    if given(out):
        if not isinstance(out, Tracer):
            raise plain_destination("out=")
        if value.shape != out.shape:
            raise ArgumentError(f"out has shape {out.shape}, the result {value.shape}{place()}")
        assign(out, value, casting)
        return out
    return Tracer.fresh(value, contiguous, scalar=scalar)


def plain_destination(what: str):
    """Make the error for a traced value that would go into a plain array."""
    return tracing_error(*destination(what))


def normalize_axis(axis, ndim: int) -> int:
    """Return an axis counted from the front.

    Raises
    ------
    numpy.exceptions.AxisError
        As NumPy does.
    """
    if isinstance(axis, Tracer):
        raise tracing_error("an axis must be known while tracing")
    try:
        axis = axis.__index__()
    except AttributeError:
        raise TypeError(
            f"an axis is an integer, got {type(axis).__name__} {axis!r}{place()}"
        ) from None
    if not -ndim <= axis < ndim:
        raise AxisOutOfRangeError(axis, ndim)
    return axis % ndim


_AxisError = getattr(np, "exceptions", np).AxisError


class AxisOutOfRangeError(ArgumentError, _AxisError):
    """As NumPy's AxisError, with the user's line."""

    def __init__(self, axis, ndim):
        self._text = f"axis {axis} is out of bounds for array of dimension {ndim}{place()}"
        _AxisError.__init__(self, axis, ndim)

    def __str__(self):
        return self._text


def normalize_axes(axis, ndim: int, *, lenient: bool = False) -> list[int]:
    """Return axes counted from the front, sorted; None means all of them.

    `lenient`: an array without axes takes axis 0 and -1, as in NumPy's `ufunc.reduce`.
    """
    if axis is None or axis is NO_VALUE:
        return list(range(ndim))
    if lenient and ndim == 0 and not isinstance(axis, (tuple, list)) and axis in (0, -1):
        return []
    if isinstance(axis, (tuple, list)):
        axes = [normalize_axis(a, ndim) for a in axis]
        if len(set(axes)) != len(axes):
            raise ArgumentError(f"duplicate value in 'axis': {axis}{place()}")
        return sorted(axes)
    return [normalize_axis(axis, ndim)]


def refuse(**options) -> None:
    """Raise for options that were given and are not supported."""
    for name, value in options.items():
        if given(value) and value is not False:
            raise unsupported(f"the argument {name}={value!r} is not supported for traced arrays")


def shape_argument(shape) -> tuple:
    """Return a shape known while tracing as a tuple."""
    if isinstance(shape, Tracer):
        raise tracing_error(
            "a shape must be known while tracing", "pass sizes as keyword arguments"
        )
    if hasattr(shape, "__index__"):
        return (shape.__index__(),)
    return tuple(n.__index__() for n in shape)


def flattened(x: Tracer) -> Tracer:
    """Return the elements in C order as new memory, for handlers that make new memory anyway."""
    return finish(emit.reshape(x.here(), (x.size,)), contiguous=True, scalar=False)


def astype(x, dtype, order="K", casting="unsafe", copy=True) -> Tracer:
    """Convert the type of elements, as `ndarray.astype`."""
    x = traced(x)
    target = supported(dtype, "the requested type")
    if not np.can_cast(x.dtype, target, casting):
        raise DTypeError(
            f"cannot cast array from {x.dtype} to {target} according to the rule "
            f"{casting!r}{place()}"
        )
    if target == x.dtype and not copy:
        return x
    return finish(
        emit.convert(x.here(), target), contiguous=x.contiguous or order == "C", scalar=x._scalar
    )
