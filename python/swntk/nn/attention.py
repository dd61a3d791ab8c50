"""Scaled dot product attention."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError, DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, I64
from .._tracing.location import place, unsupported
from .._tracing.tracer import Tracer, as_value
from ._arrays import array, on_arrays
from .softmax import logsumexp, softmax

# What masked logits become: finite, so that a query that sees no key attends to all alike.
_MASKED = -0.7 * float(np.finfo(np.float32).max)


@on_arrays
def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    *,
    scale=None,
    is_causal=False,
    query_seq_lengths=None,
    key_value_seq_lengths=None,
    local_window_size=None,
    implementation=None,
    return_residual=False,
):
    """Average values by the softmax of the products of queries and keys.

    Sizes are B samples, T queries, S keys and values, N heads of queries, K heads of keys and
    values, and H entries of a head.

    Parameters
    ----------
    query : array
        [B, T, N, H] or [T, N, H].
    key, value : array
        [B, S, K, H] or [S, K, H], of query's element type. N is a multiple of K: neighbouring
        query heads share a key head.
    bias : array, optional
        Added to the logits; broadcast to [B, N, T, S].
    mask : array of bool, optional
        Which keys a query sees; broadcast to [B, N, T, S].
    scale : float, optional
        Of the logits; 1 / sqrt(H) if not given.
    is_causal : bool
        Let query t see keys 0 to t only.
    query_seq_lengths, key_value_seq_lengths : array of int, optional
        [B]: how many queries, and keys, of each sample count. The others' results are 0.
    local_window_size : int or pair of int, optional
        How many keys before and after its own place a query sees.
    implementation : {None, "xla"}
        Accepted and ignored.
    return_residual : bool
        Return the logsumexp of the logits too, [B, T, N] or [T, N], without derivative.

    Returns
    -------
    array
        Of query's shape; with `return_residual` a pair.

    Raises
    ------
    ShapeError, DTypeError
        If arrays do not fit one another.
    ArgumentError
        If `local_window_size` or `implementation` is not one of the above.
    UnsupportedError
        With `implementation="cudnn"`.

    Notes
    -----
    As `jax.nn.dot_product_attention`, whose softmax is float32 always; here it has the arrays'
    element type. A query that sees no key attends to all keys alike.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x = np.ones((2, 1, 1))
    >>> values = np.array([1.0, 3.0]).reshape(2, 1, 1)
    >>> print(swntk.nn.dot_product_attention(x, x, values, is_causal=True).ravel())
    [1. 2.]
    """
    if implementation == "cudnn":
        raise unsupported("dot_product_attention with implementation='cudnn' is not supported")
    if implementation not in (None, "xla"):
        raise ArgumentError(
            f"dot_product_attention: implementation is {implementation!r}, expected None{place()}"
        )
    query, key, value = array(query, "query"), array(key, "key"), array(value, "value")
    shape = query.shape
    q, k, v = (_with_four_axes(x, name) for x, name in zip((query, key, value), _NAMES))
    _check(q, k, v)
    (batch, targets, heads, size), (_, sources, groups, _) = q.shape, k.shape
    # Heads are one axis, or two where several query heads share a key head.
    apart = (heads,) if heads == groups else (groups, heads // groups)
    n = "kg"[: len(apart)]
    q = q.reshape((batch, targets, *apart, size))
    logits = np.einsum(f"bt{n}h,bskh->b{n}ts", q, k)
    if scale is None:
        scale = 1 / math.sqrt(size) if size else 1.0
    logits = logits * array(scale, "scale").astype(logits.dtype)
    within = (batch, *apart, targets, sources)
    ones = (1,) * len(apart)
    if bias is not None:
        logits = (logits + _grouped(bias, "bias", within)).astype(logits.dtype, copy=False)
    masks = _masks(mask, is_causal, local_window_size, within)
    queries = _within("query_seq_lengths", query_seq_lengths, batch, targets)
    if queries is not None:
        masks.append(queries.reshape((batch, *ones, targets, 1)))
    keys = _within("key_value_seq_lengths", key_value_seq_lengths, batch, sources)
    if keys is not None:
        masks.append(keys.reshape((batch, *ones, 1, sources)))
    if masks:
        seen = masks[0]
        for other in masks[1:]:
            seen = np.logical_and(seen, other)
        logits = np.where(seen, logits, _MASKED)
    result = np.einsum(f"b{n}ts,bskh->bt{n}h", softmax(logits), v).reshape(
        (batch, targets, heads, size)
    )
    if queries is not None:
        result = np.where(queries.reshape((batch, targets, 1, 1)), result, 0)
    result = result.reshape(shape)
    if not return_residual:
        return result
    residual = logsumexp(logits, axis=-1).reshape((batch, heads, targets))
    residual = np.transpose(residual, (0, 2, 1)).reshape(shape[:-1])
    return result, Tracer.fresh(emit.emit("stop_gradient", [residual.here()]))


_NAMES = ("query", "key", "value")


def _with_four_axes(x, name):
    if x.ndim not in (3, 4):
        raise ShapeError(
            f"dot_product_attention: {name} has shape {x.shape}, expected 3 or 4 axes{place()}"
        )
    return x if x.ndim == 4 else x.reshape((1, *x.shape))


def _check(q, k, v):
    if not q.dtype == k.dtype == v.dtype or q.dtype.kind != "f":
        raise DTypeError(
            f"dot_product_attention: query, key and value have dtypes {q.dtype}, {k.dtype} and "
            f"{v.dtype}, expected one floating type{place()}"
        )
    if v.shape != k.shape or (q.shape[0], q.shape[3]) != (k.shape[0], k.shape[3]):
        raise ShapeError(
            f"dot_product_attention: query, key and value have shapes {q.shape}, {k.shape} and "
            f"{v.shape}, expected (B, T, N, H), (B, S, K, H) and (B, S, K, H){place()}"
        )
    if q.shape[2] != k.shape[2] and (not k.shape[2] or q.shape[2] % k.shape[2]):
        raise ShapeError(
            f"dot_product_attention: query has {q.shape[2]} heads, expected a multiple of the "
            f"{k.shape[2]} of key and value{place()}"
        )


def _grouped(x, name, within):
    """Bring an array over [B, N, T, S] to the shape of the logits, with sizes 1 as they are."""
    x = array(x, name)
    batch, *apart, targets, sources = within
    expected = (batch, math.prod(apart), targets, sources)
    if x.ndim <= 4:
        x = x.reshape((1,) * (4 - x.ndim) + x.shape)
    if x.ndim > 4 or any(m not in (1, n) for m, n in zip(x.shape, expected)):
        raise ShapeError(
            f"dot_product_attention: {name} has shape {x.shape}, which does not broadcast to "
            f"(B, N, T, S) = {expected}{place()}"
        )
    heads = apart if x.shape[1] == expected[1] else [1] * len(apart)
    return x.reshape((x.shape[0], *heads, *x.shape[2:]))


def _masks(mask, is_causal, local_window_size, within):
    found = []
    if mask is not None:
        mask = array(mask, "mask")
        if mask.dtype != BOOL:
            raise DTypeError(
                f"dot_product_attention: mask has dtype {mask.dtype}, expected bool; add what is "
                f"not a mask as bias{place()}"
            )
        found.append(_grouped(mask, "mask", within))
    before = after = None
    if local_window_size is not None:
        before, after = _window(local_window_size)
    if is_causal:
        after = 0 if after is None else min(after, 0)
    if before is not None or after is not None:
        shape = within[-2:]
        target = emit.emit("iota", [], dtype=I64, shape=list(shape), dimension=0)
        source = emit.emit("iota", [], dtype=I64, shape=list(shape), dimension=1)
        ahead = Tracer.fresh(emit.emit("sub", [source, target]))
        if after is not None:
            found.append(ahead <= after)
        if before is not None:
            found.append(ahead >= -before)
    return found


def _window(size):
    pair = (size, size) if hasattr(size, "__index__") else size
    try:
        before, after = (n.__index__() for n in pair)
    except (TypeError, ValueError, AttributeError):
        raise ArgumentError(
            f"dot_product_attention: local_window_size is {size!r}, expected an integer or a pair "
            f"of them{place()}"
        ) from None
    return before, after


def _within(name, lengths, batch, size):
    """Return which places, [B, size], are before the end of their sample."""
    if lengths is None:
        return None
    lengths = array(lengths, name)
    if lengths.dtype == BOOL or lengths.dtype.kind not in "iu":
        raise DTypeError(
            f"dot_product_attention: {name} has dtype {lengths.dtype}, expected integers{place()}"
        )
    if lengths.shape != (batch,):
        raise ShapeError(
            f"dot_product_attention: {name} has shape {lengths.shape}, expected {(batch,)}{place()}"
        )
    places = Tracer.fresh(emit.iota(size))
    return places < Tracer.fresh(as_value(lengths, I64)).reshape((batch, 1))
