"""Pooling, as `flax.linen`: features stand on the last axis, windows on the axes before it."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.location import place
from .._tracing.tracer import Tracer
from ..lax.window_numbers import numbers, padtype_to_pads, pairs
from ..lax.windows import reduce_window
from ._arrays import array, floating, on_arrays


def _windows(x, window_shape, strides, padding, what):
    """Return sizes, strides and paddings on all axes."""
    try:
        rank = len(window_shape)
    except TypeError:
        window_shape, rank = (window_shape,), 1
    sizes = numbers(window_shape, rank, "window_shape", what)
    strides = numbers(strides, rank, "strides", what)
    before = x.ndim - rank - 1
    if before < 0:
        raise ShapeError(
            f"{what}: an array of shape {x.shape} has no {rank} axes beside the last for a window "
            f"{tuple(sizes)}{place()}"
        )
    if isinstance(padding, str):
        padding = padtype_to_pads(x.shape[before:-1], sizes, strides, padding)
    padding = pairs(padding, rank, what)
    ones, none = [1] * before, [(0, 0)] * before
    return [*ones, *sizes, 1], [*ones, *strides, 1], [*none, *padding, (0, 0)]


@on_arrays
def avg_pool(inputs, window_shape, strides=None, padding="VALID", count_include_pad=True):
    """Take the mean of each window.

    Parameters
    ----------
    inputs : array
        Of shape (batch..., spatial..., features).
    window_shape : sequence of int
        One for each spatial axis.
    strides : sequence of int, optional
        Ones if not given.
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)
    count_include_pad : bool
        Whether zeros of the padding count as elements.

    Returns
    -------
    array

    Raises
    ------
    ShapeError, ArgumentError
        If inputs and parameters do not fit one another.

    Notes
    -----
    As `flax.linen.avg_pool`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.avg_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,)).ravel())
    [0.5 2.5]
    """
    x = floating(inputs, "inputs")
    sizes, steps, pads = _windows(x, window_shape, strides, padding, "avg_pool")
    total = reduce_window(x, 0.0, np.add, sizes, steps, pads)
    if count_include_pad:
        return total / float(np.prod(sizes))
    counts = np.ones((), np.int64)
    for n, window, step, (low, _), positions in zip(x.shape, sizes, steps, pads, total.shape):
        starts = np.arange(positions) * step - low
        inside = np.minimum(starts + window, n) - np.maximum(starts, 0)
        counts = np.multiply.outer(counts, np.maximum(inside, 0))
    return total / Tracer.fresh(emit.constant(counts.astype(x.dtype)))


@on_arrays
def max_pool(inputs, window_shape, strides=None, padding="VALID"):
    """Take the greatest element of each window.

    Parameters
    ----------
    inputs : array
        Of shape (batch..., spatial..., features).
    window_shape : sequence of int
        One for each spatial axis.
    strides : sequence of int, optional
        Ones if not given.
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)

    Returns
    -------
    array
        A window of padding alone gives -inf.

    Raises
    ------
    ShapeError, ArgumentError
        If inputs and parameters do not fit one another.

    Notes
    -----
    As `flax.linen.max_pool`. The derivative goes to the first of the greatest elements.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.max_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,)).ravel())
    [1. 3.]
    """
    return _extreme(inputs, window_shape, strides, padding, np.maximum, "max_pool")


@on_arrays
def min_pool(inputs, window_shape, strides=None, padding="VALID"):
    """Take the least element of each window.

    Parameters
    ----------
    inputs : array
        Of shape (batch..., spatial..., features).
    window_shape : sequence of int
        One for each spatial axis.
    strides : sequence of int, optional
        Ones if not given.
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)

    Returns
    -------
    array
        A window of padding alone gives inf.

    Raises
    ------
    ShapeError, ArgumentError
        If inputs and parameters do not fit one another.

    Notes
    -----
    As `flax.linen.min_pool`. The derivative goes to the first of the least elements.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.min_pool(np.arange(4.0).reshape(1, 4, 1), (2,), (2,)).ravel())
    [0. 2.]
    """
    return _extreme(inputs, window_shape, strides, padding, np.minimum, "min_pool")


def _extreme(inputs, window_shape, strides, padding, computation, what):
    x = array(inputs, "inputs")
    sizes, steps, pads = _windows(x, window_shape, strides, padding, what)
    if x.dtype.kind == "f":
        init = -np.inf if computation is np.maximum else np.inf
    elif x.dtype.kind == "b":
        init = computation is np.minimum
    else:
        limits = np.iinfo(x.dtype)
        init = int(limits.min if computation is np.maximum else limits.max)
    return reduce_window(x, init, computation, sizes, steps, pads)
