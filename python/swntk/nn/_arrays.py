"""Arguments and results that the functions of networks share."""

from __future__ import annotations

import functools

import numpy as np

from .. import tree
from .._arguments import is_array, to_own
from .._eager import run_eagerly
from .._errors import DTypeError
from .._numpy.vocabulary import floats
from .._tracing import emit
from .._tracing.dtypes import is_half
from .._tracing.location import place
from .._tracing.operands import operand, traced
from .._tracing.tracer import Tracer


def on_arrays(f):
    """Let a function of traced arrays take plain ones.

    Where every floating argument is float16, or every one bfloat16, so are floating results.
    """

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        leaves = tree.leaves((args, kwargs))
        if any(isinstance(leaf, Tracer) for leaf in leaves):
            return f(*args, **kwargs)
        result = run_eagerly(f, args, kwargs)
        half = _half(leaves)
        return result if half is None else tree.map(lambda x: to_own(x, half), result)

    return wrapper


def _half(leaves):
    kinds = set()
    for x in leaves:
        if is_array(x) or isinstance(x, np.generic):
            dtype = np.dtype(getattr(x, "dtype", np.float64))
            if dtype.kind == "f" or is_half(dtype):
                kinds.add(dtype)
    (kind,) = kinds if len(kinds) == 1 else (None,)
    return kind if kind is not None and is_half(kind) else None


def array(x, name: str) -> Tracer:
    """Take an argument that must be an array or a number."""
    if isinstance(x, (list, tuple)):
        raise DTypeError(
            f"{name} is a {type(x).__name__}, expected an array: pass np.stack({name}) or "
            f"np.asarray({name}){place()}"
        )
    return traced(x)


def unary(name: str, x) -> Tracer:
    """Apply an operation of one floating operand."""
    (value,) = floats([operand(x)], None)
    return Tracer.fresh(emit.emit(name, [value]))


def floating(x, name: str) -> Tracer:
    """Take an argument; integers and booleans become floating as under NumPy's functions."""
    x = array(x, name)
    if x.dtype.kind == "f":
        return x
    (value,) = floats([x], None)
    return Tracer.fresh(value, x.contiguous, scalar=x._scalar)
