"""Arrays like others."""

from __future__ import annotations

from .._tracing import emit
from .._tracing.dtypes import supported
from .._tracing.operands import operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import finish, given, plain_destination, shape_argument


def _like(a, value, dtype, order, shape):
    a = operand(a)
    if not isinstance(a, Tracer):
        # np.full_like(plain, traced): NumPy does not let us answer; the copy inside is refused.
        raise plain_destination("np.full_like of a plain array with a traced fill value")
    target = supported(dtype, "dtype") if given(dtype) else a.dtype
    extents = shape_argument(shape) if given(shape) else a.shape
    contiguous = order == "C" or a.contiguous
    if isinstance(value, (bool, int, float)):
        filled = emit.full(extents, value, target)
    else:
        filled = emit.broadcast_to(as_value(operand(value), target), extents)
    return finish(filled, contiguous=contiguous, scalar=False)


@implements("zeros_like")
def zeros_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return _like(a, 0, dtype, order, shape)


@implements("ones_like")
def ones_like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return _like(a, 1, dtype, order, shape)


@implements("empty_like")
def empty_like(prototype, dtype=None, order="K", subok=True, shape=None, *, device=None):
    # Whoever reads it before writing gets zeros, which is one of the things NumPy may give.
    return _like(prototype, 0, dtype, order, shape)


@implements("full_like")
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return _like(a, fill_value, dtype, order, shape)


@implements("copy")
def copy(a, order="K", subok=False):
    x = traced(a)
    return finish(x.here(), contiguous=order == "C" or x.contiguous, scalar=False)


@implements("copyto")
def copyto(dst, src, casting="same_kind", where=True):
    from .._tracing.dtypes import BOOL
    from .._tracing.operands import value_of
    from .._tracing.tracer import assign, check_cast

    if not isinstance(dst, Tracer):
        raise plain_destination("np.copyto (or np.full_like)")
    if where is True:
        assign(dst, src, casting)
        return
    check_cast(operand(src), dst, casting)
    old = dst.here()
    new = emit.broadcast_to(as_value(operand(src), old.dtype), old.shape)
    assign(dst, Tracer.fresh(emit.where(emit.convert(value_of(where), BOOL), new, old)), casting)
