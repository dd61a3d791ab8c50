"""Questions about arrays that have an answer while tracing."""

from __future__ import annotations

import numpy as np

from .._tracing.operands import kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .values import normalize_axes


@implements("shape")
def shape(a):
    return traced(a).shape


@implements("ndim")
def ndim(a):
    return traced(a).ndim


@implements("size")
def size(a, axis=None):
    x = traced(a)
    if axis is None:
        return x.size
    count = 1
    for i in normalize_axes(axis, x.ndim):
        count *= x.shape[i]
    return count


@implements("iscomplexobj")
def iscomplexobj(x):
    return False


@implements("isrealobj")
def isrealobj(x):
    return True


@implements("isreal")
def isreal(x):
    return np.ones_like(traced(x), dtype=bool)


@implements("iscomplex")
def iscomplex(x):
    return np.zeros_like(traced(x), dtype=bool)


@implements("isneginf")
def isneginf(x, out=None):
    return np.equal(traced(x), -np.inf, out=out)


@implements("isposinf")
def isposinf(x, out=None):
    return np.equal(traced(x), np.inf, out=out)


@implements("result_type")
def result_type(*arrays_and_dtypes):
    from .._tracing.dtypes import promote

    kinds = [
        np.dtype(a) if isinstance(a, (np.dtype, type, str)) else kind_of(operand(a))
        for a in arrays_and_dtypes
    ]
    return promote(kinds)


@implements("can_cast")
def can_cast(from_, to, casting="safe"):
    return np.can_cast(from_.dtype if isinstance(from_, Tracer) else from_, to, casting)


@implements("common_type")
def common_type(*arrays):
    return np.common_type(*(np.empty(0, traced(a).dtype) for a in arrays))


@implements("may_share_memory", "shares_memory")
def may_share_memory(a, b, max_work=None):
    return isinstance(a, Tracer) and isinstance(b, Tracer) and a._cell is b._cell


@implements("astype")
def astype(x, dtype, /, *, copy=True, device=None):
    return traced(x).astype(dtype, copy=copy)


@implements("array_repr", "array_str")
def array_repr(arr, *args, **kwargs):
    return repr(arr)


@implements("array2string")
def array2string(a, *args, **kwargs):
    return repr(a)
