"""Tiles of a kernel: ranges of the samples of both sides."""

from __future__ import annotations

import ctypes
import math
from typing import NamedTuple

from .._errors import ArgumentError
from .._ffi import check, quick
from .._ffi.structs import NTK_NOT_MAPPED


class Tile(NamedTuple):
    """A part of a kernel: the samples `rows` of the first side with `columns` of the second.

    Attributes
    ----------
    rows, columns : range or None
        Of step 1. None: all there is, of a kernel that cannot be cut because samples are mixed or
        traced. Of a kernel whose samples are diagonal both are the same.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> plan = swntk.empirical_ntk_fn(lambda w, x: x @ w).plan(np.eye(3), None, np.ones((3, 2)))
    >>> plan.tiles
    [Tile(rows=range(0, 3), columns=range(0, 3))]
    """

    rows: range | None
    columns: range | None


WHOLE = Tile(None, None)


class Samples:
    """Where the samples stand along which a kernel is cut.

    Attributes
    ----------
    counts : (int, int)
        Of the first and of the second side; zeros where the kernel cannot be cut.
    input_axes, result_axes : list of (int or None)
    is_diagonal : bool
        Whether both sides share an axis of the result.
    """

    def __init__(self, pointer: int, input_count: int, result_count: int):
        counts = (ctypes.c_int64 * 2)()
        inputs = (ctypes.c_int64 * max(input_count, 1))()
        results = (ctypes.c_int64 * max(result_count, 1))()
        diagonal = ctypes.c_int32()
        check(
            quick.ntk_tangent_kernel_samples(
                pointer, counts, inputs, input_count, results, result_count, diagonal
            )
        )
        self.counts = (counts[0], counts[1])
        self.input_axes = [None if a == NTK_NOT_MAPPED else a for a in inputs[:input_count]]
        self.result_axes = [None if a == NTK_NOT_MAPPED else a for a in results[:result_count]]
        self.is_diagonal = bool(diagonal.value)

    @property
    def can_be_cut(self) -> bool:
        return min(self.counts) > 0

    def index(self, result: int, rank: int, rows, columns) -> tuple:
        """Slices of a result that hold a tile."""
        slices = [slice(None)] * rank
        axis = self.result_axes[result]
        if axis is not None and rows is not None:
            slices[axis] = slice(rows.start, rows.stop)
            if not self.is_diagonal:
                slices[axis + 1] = slice(columns.start, columns.stop)
        return tuple(slices) or ...


# Samples in a tile at most: what has to be computed again after a stop stays small.
_GREATEST = 1024
# Bytes of a tile's results at most.
_CACHED = 64 << 20


def edge(samples: Samples, byte_count: int, limit) -> int:
    """How many samples a tile has on each side: a power of two.

    Parameters
    ----------
    byte_count : int
        Of all results.
    limit : int or None
        Bytes that computing may take; results of a tile get an eighth.
    """
    n1, n2 = samples.counts
    budget = _CACHED if limit is None else min(limit // 8, _CACHED)
    size = _GREATEST
    while size > 1:
        share = size / n1 if samples.is_diagonal else size * size / (n1 * n2)
        if byte_count * share <= budget:
            break
        size //= 2
    return size


def ranges(count: int, size: int, chunk: int = 1) -> list[range]:
    """Cut `range(count)` into parts of at most `size` that respect chunks: of whole chunks where
    one fits, or within one.
    """
    outer = size // chunk * chunk if chunk <= size else chunk
    return [
        range(start, min(start + size, end))
        for end in (min(stop, count) for stop in range(outer, count + outer, outer))
        for start in range((end - 1) // outer * outer, end, size)
    ]


def tiling(samples: Samples, size: int, is_symmetric: bool, chunks=(1, 1)) -> list[Tile]:
    """List the tiles, row by row; of a symmetric kernel those on and above the diagonal."""
    if not samples.can_be_cut:
        return [WHOLE]
    n1, n2 = samples.counts
    if samples.is_diagonal:
        return [Tile(rows, rows) for rows in ranges(n1, size, chunks[0])]
    if is_symmetric:
        # Mirror images are written too: what is a row of one chunk is a column of another.
        both = math.lcm(*chunks)
        parts = ranges(n1, size, both if both <= size else max(chunks))
        return [Tile(a, b) for i, a in enumerate(parts) for b in parts[i:]]
    return [Tile(a, b) for a in ranges(n1, size, chunks[0]) for b in ranges(n2, size, chunks[1])]


def checked(tile, samples: Samples) -> Tile:
    """Return a pair of ranges as a tile.

    Raises
    ------
    ArgumentError
        If there are no such samples.
    """
    try:
        rows, columns = tile
    except (TypeError, ValueError):
        raise ArgumentError(f"tile must be a pair of ranges, got {tile!r}") from None
    if rows is None and columns is None:
        return Tile(None, None)
    if not samples.can_be_cut:
        raise ArgumentError(
            f"this kernel cannot be cut: its only tile is Tile(None, None), got {tile!r}"
        )
    for name, part, count in zip(("rows", "columns"), (rows, columns), samples.counts):
        if not isinstance(part, range) or part.step != 1:
            raise ArgumentError(f"{name} must be a range of step 1, got {part!r}")
        if not 0 <= part.start < part.stop <= count:
            raise ArgumentError(f"{name} must be within range(0, {count}), got {part!r}")
    if samples.is_diagonal and rows != columns:
        raise ArgumentError(
            f"the samples are diagonal: rows and columns must be the same, got {tile!r}"
        )
    return Tile(rows, columns)
