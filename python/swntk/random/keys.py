"""Keys, and the bits that they give."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError
from .._tracing import emit
from .._tracing.dtypes import U8, U32, U64, supported
from .._tracing.location import place, unsupported
from .._tracing.operands import operand
from .._tracing.tracer import Tracer, as_value
from ._sampling import (
    checked_key,
    data_of_typed,
    dtype_of,
    key_value,
    masked,
    partitionable,
    random_bits,
    sampler,
    shape_of,
    shifted,
    split_key,
    threefry,
)

__all__ = ["PRNGKey", "bits", "fold_in", "key", "key_data", "partitionable", "split"]

_WORD = 0xFFFFFFFF


def _integer_scalar(x, what: str):
    """Take an integer without axes: a Python one, or a plain or traced array."""
    x = operand(x)
    kind = type(x).__name__ if isinstance(x, (bool, float)) else getattr(x, "dtype", None)
    if isinstance(x, (bool, float)) or kind is not None and kind.kind not in "iu":
        raise DTypeError(f"random.{what} is of type {kind}, expected an integer{place()}")
    if getattr(x, "shape", ()) != ():
        raise ArgumentError(
            f"random.{what} has shape {x.shape}, expected a scalar; use swntk.vmap for several"
            f"{place()}"
        )
    return x


def key(seed, *, impl=None):
    """Make a key of a seed.

    Parameters
    ----------
    seed : int
        Of 64 bits; traced ones too.
    impl : {None, "threefry2x32"}

    Returns
    -------
    array
        uint32[2]: the two halves of the seed.

    Raises
    ------
    ArgumentError
        If the seed has axes, or does not fit an int64.
    DTypeError
        If the seed is not an integer.
    UnsupportedError
        If `impl` is another generator of JAX's.

    Notes
    -----
    As `jax.random.PRNGKey` where `jax_enable_x64` is on; without it JAX drops the upper half of a
    Python integer. `jax.random.key_data` makes such an array of a typed key.

    Examples
    --------
    >>> import swntk
    >>> swntk.random.key(42)
    array([ 0, 42], dtype=uint32)
    """
    if impl not in (None, "threefry2x32"):
        raise unsupported(f"random.key with impl={impl!r} is not supported", "threefry2x32")
    seed = _integer_scalar(seed, "key: the seed")
    if isinstance(seed, Tracer):
        return _traced_key(seed)
    if isinstance(seed, int) and not -(2**63) <= seed < 2**63:
        raise ArgumentError(f"random.key: the seed {seed} does not fit an int64{place()}")
    number = int(seed)
    high = 0 if isinstance(seed, (np.ndarray, np.generic)) and seed.dtype.itemsize < 8 else number
    return np.array([high >> 32 & _WORD, number & _WORD], np.uint32)


def _traced_key(seed: Tracer) -> Tracer:
    value = seed.here()
    if value.dtype.itemsize < 8:
        words = [emit.full((1,), 0, U32), emit.reshape(emit.convert(value, U32), (1,))]
    else:
        value = emit.reshape(emit.convert(value, U64), (1,))
        high = shifted("shift_right_logical", value, 32)
        words = [emit.convert(w, U32) for w in (high, masked(value, _WORD))]
    return Tracer.fresh(emit.concatenate(words, 0), True)


PRNGKey = key


def key_data(keys):
    """Return the words of keys: an array uint32[..., 2] as it is, those of JAX's typed keys.

    Parameters
    ----------
    keys : array
        uint32[..., 2], or typed keys of JAX.

    Returns
    -------
    array
        uint32[..., 2].

    Raises
    ------
    ArgumentError, DTypeError
        If these are no keys.

    Notes
    -----
    As `jax.random.key_data`.

    Examples
    --------
    >>> import swntk
    >>> swntk.random.key_data(swntk.random.key(1))
    array([0, 1], dtype=uint32)
    """
    kind = str(getattr(keys, "dtype", ""))
    if kind.startswith("key<"):
        return data_of_typed(keys, kind, "key_data")
    if not isinstance(keys, Tracer):
        keys = np.asarray(keys)
    if keys.dtype != U32 or keys.shape[-1:] != (2,):
        raise ArgumentError(
            f"random.key_data: got an array {keys.dtype}{list(keys.shape)}, expected "
            f"uint32[..., 2]{place()}"
        )
    return keys


@sampler
def split(key, num=2):
    """Make several keys of one.

    Parameters
    ----------
    key : array
        uint32[2]. Do not use it again: its other numbers are not independent of the new keys'.
    num : int or tuple of int
        How many.

    Returns
    -------
    array
        uint32[num, 2], or `uint32[*num, 2]`.

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, or a size is negative.

    Notes
    -----
    As `jax.random.split`.

    Examples
    --------
    >>> import swntk
    >>> swntk.random.split(swntk.random.key(0)).shape
    (2, 2)
    """
    shape = shape_of(num, "split")
    return Tracer.fresh(split_key(key_value(key), shape), True)


def fold_in(key, data):
    """Make a new key of a key and a number.

    Parameters
    ----------
    key : array
        uint32[2].
    data : int
        Of 32 bits; traced ones too.

    Returns
    -------
    array
        uint32[2].

    Raises
    ------
    ArgumentError, DTypeError
        If `key` is no key, or `data` no integer of 32 bits.

    Notes
    -----
    As `jax.random.fold_in`.

    Examples
    --------
    >>> import swntk
    >>> k = swntk.random.key(0)
    >>> bool((swntk.random.fold_in(k, 1) == swntk.random.fold_in(k, 2)).any())
    False
    """
    data = _integer_scalar(data, "fold_in: data")
    if isinstance(data, int) and not 0 <= data <= _WORD:
        raise ArgumentError(
            f"random.fold_in: data is {data}, expected an integer from 0 to {_WORD}{place()}"
        )
    if not isinstance(data, Tracer):
        data = np.array(int(data) & _WORD, np.uint32)
    return _folded(checked_key(key, "fold_in"), data)


@sampler
def _folded(key, data):
    word = emit.reshape(as_value(data, U32), (1,))
    return Tracer.fresh(
        emit.concatenate(threefry(key_value(key), emit.full((1,), 0, U32), word), 0), True
    )


@sampler
def bits(key, shape=(), dtype=None):
    """Draw unsigned integers of which every bit is random.

    Parameters
    ----------
    key : array
        uint32[2].
    shape : tuple of int
    dtype : {uint64, uint32, uint8}
        uint64 if not given.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If `key` is no key, or a size is negative.
    DTypeError
        If the element type is another.

    Notes
    -----
    As `jax.random.bits`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.random.bits(swntk.random.key(0), (3,), "uint8"))
    [89  1 32]
    """
    dtype = dtype_of(dtype, np.uint64, "bits")
    if dtype not in (U8, U32, U64):
        raise DTypeError(
            f"random.bits: dtype is {dtype}, expected uint8, uint32 or uint64{place()}"
        )
    value = random_bits(key_value(key), supported(dtype), shape_of(shape, "bits"))
    return Tracer.fresh(value, True)
