"""Strides, paddings and dilations of windows and convolutions, read and checked."""

from __future__ import annotations

from .._errors import ArgumentError
from .._tracing.location import place


def padtype_to_pads(in_shape, window_shape, window_strides, padding):
    """Turn the name of a padding into pairs of numbers.

    Parameters
    ----------
    in_shape, window_shape, window_strides : sequence of int
        One for each axis.
    padding : {"VALID", "SAME", "SAME_LOWER"}
        "VALID": none. "SAME": as much as makes the result's size that of the input over the stride,
        where it cannot be halved one more behind; "SAME_LOWER": one more in front.

    Returns
    -------
    list of (int, int)
        Before and after each axis.

    Raises
    ------
    ArgumentError
        If the name is another.

    Notes
    -----
    As `jax.lax.padtype_to_pads`.

    Examples
    --------
    >>> import swntk
    >>> swntk.lax.padtype_to_pads((8,), (3,), (2,), "SAME")
    [(0, 1)]
    """
    name = getattr(padding, "name", padding)
    name = name.upper() if isinstance(name, str) else name
    if name == "VALID":
        return [(0, 0)] * len(in_shape)
    if name not in ("SAME", "SAME_LOWER"):
        raise ArgumentError(
            f"padding must be 'VALID', 'SAME', 'SAME_LOWER' or a pair for each axis, got "
            f"{padding!r}{place()}"
        )
    pads = []
    for size, window, stride in zip(in_shape, window_shape, window_strides):
        if stride < 1:
            raise ArgumentError(f"strides must be at least 1, got {stride}{place()}")
        total = max((-(-size // stride) - 1) * stride + window - size, 0)
        half = total // 2
        pads.append((half, total - half) if name == "SAME" else (total - half, half))
    return pads


def pairs(padding, count: int, what: str):
    """Check pairs of paddings, one for each axis."""
    try:
        result = [(low.__index__(), high.__index__()) for low, high in padding]
    except (TypeError, ValueError, AttributeError):
        raise ArgumentError(
            f"{what}: padding must be 'VALID', 'SAME', 'SAME_LOWER' or a sequence of (low, high) "
            f"pairs, got {padding!r}{place()}"
        ) from None
    if len(result) != count:
        raise ArgumentError(
            f"{what}: padding has {len(result)} pairs, expected {count}: {padding!r}{place()}"
        )
    return result


def numbers(values, count: int, name: str, what: str):
    """Check a sequence of positive integers, one for each axis; None: ones."""
    if values is None:
        return [1] * count
    try:
        result = [v.__index__() for v in values]
    except (TypeError, AttributeError):
        raise ArgumentError(
            f"{what}: {name} must be a sequence of {count} integers, got {values!r}{place()}"
        ) from None
    if len(result) != count or any(v < 1 for v in result):
        raise ArgumentError(
            f"{what}: {name} must be {count} integers of at least 1, got {tuple(result)}{place()}"
        )
    return result


def dilated(size: int, dilation: int) -> int:
    """Return the size of an axis whose elements are some distance apart."""
    return 0 if size == 0 else 1 + dilation * (size - 1)
