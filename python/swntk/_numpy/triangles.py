"""Triangles and diagonal matrices: selection by masks known while tracing."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .shaping import diagonal
from .values import finish, flattened


def _masked(m, k, lower):
    x = traced(m)
    value = x.here()
    if x.ndim == 1:
        value = emit.broadcast(value, (x.shape[0], x.shape[0]), [1])
    if x.ndim == 0:
        raise ValueError(f"np.tril and np.triu need at least one axis{place()}")
    mask = emit.constant(np.tri(*value.shape[-2:], k=k if lower else k - 1, dtype=bool))
    mask = emit.broadcast(mask, value.shape, [value.ndim - 2, value.ndim - 1])
    zeros = emit.full(value.shape, 0, value.dtype)
    kept = emit.select(mask, value, zeros) if lower else emit.select(mask, zeros, value)
    return finish(kept, contiguous=x.contiguous)


@implements("tril")
def tril(m, k=0):
    return _masked(m, k, True)


@implements("triu")
def triu(m, k=0):
    return _masked(m, k, False)


def _spread(x, k):
    """Put a vector on the k-th diagonal of a matrix of zeros."""
    n = x.shape[0] + abs(k)
    # Padded by n zeros after each element, rows of n + 1 become rows of n, one further each.
    value = emit.reshape(x.here(), (x.shape[0], 1))
    value = emit.pad(value, emit.full((), 0, x.dtype), [(0, 0, 0), (0, n, 0)])
    value = emit.reshape(value, (x.shape[0] * (n + 1),))
    before = k if k >= 0 else -k * n
    missing = n * n - before - x.shape[0] * (n + 1)
    value = emit.pad(value, emit.full((), 0, x.dtype), [(before, missing, 0)])
    return finish(emit.reshape(value, (n, n)), contiguous=True, scalar=False)


@implements("diag")
def diag(v, k=0):
    x = traced(v)
    if x.ndim == 1:
        return _spread(x, k)
    if x.ndim != 2:
        raise ValueError(f"Input must be 1- or 2-d.{place()}")
    return diagonal(x, k)


@implements("diagflat")
def diagflat(v, k=0):
    return _spread(flattened(traced(v)), k)
