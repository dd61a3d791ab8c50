"""NumPy arrays as arrays of `ntk_buffer`, by address and strides: nothing is copied."""

from __future__ import annotations

import ctypes

from .._tracing.dtypes import code_of
from .structs import NTK_READ_ONLY, ntk_buffer


class Buffers:
    """`ntk_buffer[n]` over arrays; keep it until the call has returned.

    Parameters
    ----------
    arrays : sequence of numpy.ndarray
        Aligned arrays of supported element types in native byte order.
    read_only : bool
        Whether the library may only read them.
    """

    __slots__ = ("pointer", "count", "_arrays", "_extents")

    def __init__(self, arrays, read_only: bool):
        numbers = []
        for array in arrays:
            numbers.extend(array.shape)
            numbers.extend(array.strides)
        extents = (ctypes.c_int64 * max(len(numbers), 1))(*numbers)
        at = ctypes.addressof(extents)
        flags = NTK_READ_ONLY if read_only else 0
        rows = []
        for array in arrays:
            rank = array.ndim
            rows.append((
                array.__array_interface__["data"][0], code_of(array.dtype), flags, rank, at, at + 8 * rank,
            ))
            at += 16 * rank
        self.pointer = (ntk_buffer * max(len(rows), 1))(*rows)
        self.count = len(rows)
        self._arrays = arrays
        self._extents = extents


def buffer_of(array) -> Buffers:
    """One read-only buffer."""
    return Buffers([array], True)
