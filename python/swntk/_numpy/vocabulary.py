"""What the rules of ufuncs are written in."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, default_of, floating, promote
from .._tracing.location import place
from .._tracing.operands import kind_of
from .._tracing.tracer import as_value
from .ufuncs import values


def common(operands, dtype):
    """Bring operands to their common type, or to `dtype`."""
    return values(operands, dtype or promote([kind_of(x) for x in operands]))


def floats(operands, dtype):
    """Bring operands to their common type made floating, or to `dtype`."""
    return values(operands, dtype or floating(promote([kind_of(x) for x in operands])))


def number(x, like):
    """Fill a scalar of another value's type."""
    return emit.full((), x, like.dtype)


def broadcast(*operands) -> list:
    """Bring values to one shape."""
    try:
        shape = np.broadcast_shapes(*(x.shape for x in operands))
    except ValueError:
        shown = " ".join(map(str, (x.shape for x in operands)))
        raise ShapeError(
            f"operands could not be broadcast together with shapes {shown}{place()}"
        ) from None
    return [emit.broadcast_to(x, shape) for x in operands]


def compare(name, x, y):
    """Compare a value with a number."""
    return emit.emit(f"np.{name}", [x, number(y, x)])


def constant_of(x):
    """Return a value without its derivative."""
    return emit.emit("stop_gradient", [x]) if x.dtype.kind == "f" else x


def truth(x):
    """Return whether elements are not zero."""
    return emit.convert(as_value(x, default_of(kind_of(x))), BOOL)


def is_nan(x):
    """Whether floats are NaN."""
    return emit.emit("ne", [x, x])


def is_finite(x):
    """Whether floats are neither infinite nor NaN."""
    return emit.emit("is_finite", [x])
