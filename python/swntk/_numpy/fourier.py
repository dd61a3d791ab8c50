"""numpy.fft, as far as its results are real; swntk.lax.fft has the others as pairs."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError
from .._tracing.dtypes import floating
from .._tracing.location import place, unsupported
from .._tracing.operands import traced
from .._tracing.parameters import parameters_text
from .._tracing.protocol import FUNCTIONS, implements
from .._tracing.trace import current
from .values import finish, normalize_axis

_SCALES = {None: 1.0, "backward": 1.0, "ortho": 0.5, "forward": 0.0}


def transform(kind: str, parts, lengths) -> list:
    """Transform over the last axes; complex arrays are pairs of real and imaginary parts."""
    values = current().apply(
        "fft",
        [part.here() for part in parts],
        parameters_text({"fft_type": kind, "fft_lengths": list(lengths)}),
        results=1 if kind == "IRFFT" else 2,
    )
    return [finish(value, contiguous=True) for value in values]


def _refuse(name: str, instead: str):
    def handler(*args, **kwargs):
        raise unsupported(f"np.fft.{name} of a traced array gives complex numbers", instead)

    target = getattr(np.fft, name, None)
    if target is not None:
        FUNCTIONS[target] = handler


for _name in ("rfft", "rfft2", "rfftn"):
    _refuse(
        _name,
        "re, im = swntk.lax.fft(x, 'RFFT', lengths), over the last axes; back: "
        "swntk.lax.fft((re, im), 'IRFFT', lengths)",
    )
for _name in ("fft", "fft2", "fftn", "ifft", "ifft2", "ifftn", "ihfft"):
    _refuse(
        _name,
        "re, im = swntk.lax.fft((re, im), 'FFT' or 'IFFT', lengths), over the last axes",
    )


def _resized(x, axis: int, size: int):
    """Cut an axis, or lengthen it by zeros."""
    if x.shape[axis] > size:
        return x[(slice(None),) * axis + (slice(0, size),)]
    pads = [(0, size - x.shape[axis] if i == axis else 0) for i in range(x.ndim)]
    return np.pad(x, pads)


def _real_inverse(a, lengths, axes, norm):
    """The real array whose transform over some axes has the given half, here a real one."""
    if norm not in _SCALES:
        raise ArgumentError(
            f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".{place()}'
        )
    x = traced(a)
    x = x.astype(floating(x.dtype), copy=False)
    axes = [normalize_axis(axis, x.ndim) for axis in axes]
    if lengths is None:
        lengths = [x.shape[axis] for axis in axes]
        lengths[-1] = 2 * (lengths[-1] - 1)
    lengths = [n.__index__() for n in lengths]
    if len(lengths) != len(axes) or len(set(axes)) != len(axes):
        raise ArgumentError(f"Shape and axes have different lengths.{place()}")
    if min(lengths) < 1:
        raise ArgumentError(
            f"Invalid number of FFT data points ({min(lengths)}) specified.{place()}"
        )
    for axis, n in zip(axes[:-1], lengths[:-1]):
        x = _resized(x, axis, n)
    x = _resized(x, axes[-1], lengths[-1] // 2 + 1)
    last = range(x.ndim - len(axes), x.ndim)
    x = np.moveaxis(x, axes, last)
    (result,) = transform("IRFFT", [x, np.zeros_like(x)], lengths)
    result = result * math.prod(lengths) ** (1 - _SCALES[norm])
    return np.moveaxis(result, last, axes)


@implements("fft.irfft")
def irfft(a, n=None, axis=-1, norm=None, out=None):
    result = _real_inverse(a, None if n is None else [n], [axis], norm)
    return finish(result.here(), out)


@implements("fft.irfftn")
def irfftn(a, s=None, axes=None, norm=None, out=None):
    if axes is None:
        rank = np.ndim(a) if s is None else len(s)
        axes = range(-rank, 0)
    return finish(_real_inverse(a, s, list(axes), norm).here(), out)


@implements("fft.irfft2")
def irfft2(a, s=None, axes=(-2, -1), norm=None, out=None):
    return irfftn(a, s, axes, norm, out)


@implements("fft.hfft")
def hfft(a, n=None, axis=-1, norm=None, out=None):
    # The sum of the forward transform: the inverse's without its division.
    swapped = {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)
    return irfft(a, n, axis, swapped, out)


def _shifted(x, axes, sign: int):
    x = traced(x)
    if axes is None:
        axes = range(x.ndim)
    elif hasattr(axes, "__index__"):
        axes = [axes]
    axes = [normalize_axis(axis, x.ndim) for axis in axes]
    shifts = [x.shape[axis] // 2 if sign > 0 else -(x.shape[axis] // 2) for axis in axes]
    return np.roll(x, shifts, axes)


@implements("fft.fftshift")
def fftshift(x, axes=None):
    return _shifted(x, axes, 1)


@implements("fft.ifftshift")
def ifftshift(x, axes=None):
    return _shifted(x, axes, -1)
