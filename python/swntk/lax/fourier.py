"""Discrete Fourier transforms, with pairs of real arrays for complex ones."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError
from .._numpy.fourier import transform
from .._numpy.matrices import matrices
from .._tracing.location import place

_KINDS = ("FFT", "IFFT", "RFFT", "IRFFT")


@eager
def fft(x, fft_type, fft_lengths):
    """Transform over the last axes.

    Parameters
    ----------
    x : array, or pair of arrays
        A complex array is the pair of its real and imaginary parts, of equal shapes. RFFT takes a
        real array; the others a pair, or a real array for one whose imaginary part is 0.
    fft_type : {"FFT", "IFFT", "RFFT", "IRFFT"}
        In either case of letters; or one of `jax.lax.FftType`.
    fft_lengths : int or sequence of int
        The lengths of the last axes, those of the real array for RFFT and IRFFT, whose complex
        side has ``n // 2 + 1`` elements in its last axis. Any lengths, primes and 0 among them.

    Returns
    -------
    pair of arrays, or array
        Real and imaginary parts; for IRFFT the real array. The inverses divide by the lengths.

    Raises
    ------
    ArgumentError
        If `fft_type` is none of these.
    ShapeError
        If the last axes have other lengths.

    Notes
    -----
    As `jax.lax.fft`, which has complex numbers.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> re, im = swntk.lax.fft(np.array([1.0, 2.0, 4.0]), "RFFT", 3)
    >>> print(re, im.round(3))
    [ 7. -2.] [0.    1.732]
    >>> print(swntk.lax.fft((re, im), "IRFFT", 3))
    [1. 2. 4.]
    """
    kind = str(getattr(fft_type, "name", fft_type)).upper()
    if kind not in _KINDS:
        raise ArgumentError(
            f"fft: fft_type must be one of {', '.join(_KINDS)}, got {fft_type!r}{place()}"
        )
    pair = isinstance(x, (tuple, list))
    if pair and (len(x) != 2 or kind == "RFFT"):
        expected = "a real array" if kind == "RFFT" else "an array or a pair of arrays"
        raise ArgumentError(f"fft: {kind} takes {expected}, got {len(x)} arrays{place()}")
    parts = matrices(*x) if pair else matrices(x)
    if kind != "RFFT" and not pair:
        parts.append(np.zeros_like(parts[0]))
    lengths = [fft_lengths] if hasattr(fft_lengths, "__index__") else list(fft_lengths)
    results = transform(kind, parts, [n.__index__() for n in lengths])
    return results[0] if kind == "IRFFT" else tuple(results)
