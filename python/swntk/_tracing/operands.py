"""What may stand beside a traced array in an expression."""

from __future__ import annotations

import numpy as np

from .dtypes import BOOL, default_of, promote, supported
from .location import place, tracing_error
from .trace import Value, current
from .tracer import Tracer, as_value


def operand(x):
    """Return x as a Tracer, a Python number, or a NumPy array or scalar."""
    if isinstance(x, (Tracer, Value)) or type(x) in (bool, int, float):
        return x
    if isinstance(x, np.ndarray) and type(x) is not np.ndarray:
        _check_class(x)
    if isinstance(x, (np.ndarray, np.generic)):
        return x
    if x is None:
        raise tracing_error("None was used as an array")
    if isinstance(x, (bool, int, float)):  # subclasses: enum members and such
        return bool(x) if isinstance(x, bool) else int(x) if isinstance(x, int) else float(x)
    if isinstance(x, (list, tuple)) and _holds_traced(x):
        return np.stack([_element(item) for item in x])
    if hasattr(x, "__dlpack__"):
        from .._arguments import foreign

        return foreign(x, "an operand")
    return np.asarray(x)


def _holds_traced(items) -> bool:
    return any(
        isinstance(item, Tracer) or isinstance(item, (list, tuple)) and _holds_traced(item)
        for item in items
    )


def _element(item):
    """An element of a list that NumPy would make an array of: a row of it, or a number."""
    item = operand(item)
    return item if isinstance(item, Tracer) else np.asarray(item)


def _check_class(x) -> None:
    """Raise for arrays whose operators mean something else than an array's."""
    if isinstance(x, np.ma.MaskedArray):
        raise tracing_error(
            "a masked array met a traced array", "its data and its mask, with np.where"
        )
    if isinstance(x, np.matrix):
        raise tracing_error(
            "an np.matrix met a traced array", "np.asarray(matrix), and @ for products"
        )


def kind_of(x):
    """Return an operand's type: a `numpy.dtype`, or "i" / "f" for a weak number."""
    if isinstance(x, Tracer):
        return x.dtype.kind if x._weak and x.dtype.kind in "if" else x.dtype
    if isinstance(x, Value):
        return x.dtype
    if isinstance(x, bool):
        return BOOL
    if isinstance(x, np.generic):
        return supported(x.dtype, "an operand")
    if isinstance(x, int):
        return "i"
    if isinstance(x, float):
        return "f"
    return supported(x.dtype, "an operand")


def common_values(operands, dtype=None) -> list[Value]:
    """Bring operands into the innermost trace, converted to their common type or to `dtype`."""
    if dtype is None:
        dtype = promote([kind_of(x) for x in operands])
    return [as_value(x, dtype) for x in operands]


def value_of(x) -> Value:
    """Bring one array-like into the innermost trace."""
    x = operand(x)
    return as_value(x, default_of(kind_of(x)))


def traced(x) -> Tracer:
    """Return an array-like as a Tracer; a plain array becomes a captured one, its own memory."""
    x = operand(x)
    if isinstance(x, Tracer):
        return x
    contiguous = not isinstance(x, np.ndarray) or x.flags.c_contiguous
    scalar = not isinstance(x, np.ndarray)
    return Tracer.fresh(value_of(x), contiguous, scalar=scalar, weak=type(x) in (int, float))


def shape_of(x) -> tuple:
    """Return an operand's shape."""
    return getattr(x, "shape", ())


def is_contiguous(x) -> bool:
    """Whether an operand provably lies in C order."""
    if isinstance(x, Tracer):
        return x.contiguous
    return not isinstance(x, np.ndarray) or x.flags.c_contiguous


def all_contiguous(operands) -> bool:
    """Whether a fresh result of a K-order function of these lies in C order."""
    return all(map(is_contiguous, operands))


def check_trace() -> None:
    """Raise where no trace is under way, so that a leaked array is named as such."""
    if current() is None:
        raise tracing_error("a traced array was used outside of the function that was traced")


def static_bool(x, what: str) -> bool:
    """Return a flag that must be known while tracing."""
    if isinstance(x, Tracer):
        raise tracing_error(f"{what} must be known while tracing{place()}")
    return bool(x)
