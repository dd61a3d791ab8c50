"""Dropout."""

from __future__ import annotations

import numpy as np

from .. import random
from .._errors import ArgumentError
from .._numpy.values import normalize_axis
from .._tracing.location import place
from .._tracing.tracer import Tracer
from ._arrays import floating, on_arrays


@on_arrays
def dropout(rng, rate, x, *, deterministic=False, broadcast_dims=()):
    """Set elements to 0 at random, and scale the others so that the mean stays.

    Parameters
    ----------
    rng : uint32[2]
        A key of `swntk.random`. None where `deterministic`.
    rate : float
        The probability of a 0, from 0 to 1.
    x : array
    deterministic : bool
        Return x as it is.
    broadcast_dims : sequence of int
        Axes along which all elements share one fate.

    Returns
    -------
    array
        Of x's shape and element type.

    Raises
    ------
    ArgumentError
        If the rate is not from 0 to 1.
    DTypeError
        If `rng` is not a key.

    Notes
    -----
    As `haiku.dropout` and `flax.linen.Dropout`: an element is kept where
    `random.bernoulli(rng, 1 - rate, x.shape)`; all are 0 at a rate of 1.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.dropout(swntk.random.key(0), 0.5, np.ones(6)))
    [0. 2. 0. 0. 2. 0.]
    """
    x = floating(x, "x")
    known = not isinstance(rate, Tracer)
    if known and not (np.ndim(rate) == 0 and 0 <= rate <= 1):
        raise ArgumentError(f"dropout: rate is {rate!r}, expected a number from 0 to 1{place()}")
    if deterministic or known and rate == 0:
        return np.copy(x)
    if known and rate == 1:
        return np.zeros_like(x)
    shape = list(x.shape)
    for axis in broadcast_dims:
        shape[normalize_axis(axis, x.ndim)] = 1
    keep = 1 - rate
    divisor = float(keep) if known else keep.astype(x.dtype)
    return np.where(random.bernoulli(rng, keep, tuple(shape)), x / divisor, 0)
