"""A planned kernel in words."""

from __future__ import annotations

import ctypes

from .._errors import OutOfMemoryError
from .._ffi import check, library
from .tiles import edge


def explanation(plan) -> str:
    """Return a plan in words: by parameter, by memory limit, by tiles."""
    needed = ctypes.c_size_t()
    check(library.ntk_tangent_kernel_explain(plan._handle.pointer, None, 0, needed))
    text = ctypes.create_string_buffer(needed.value)
    check(library.ntk_tangent_kernel_explain(plan._handle.pointer, text, needed.value, needed))
    return f"{text.value.decode()}\n  {_limit(plan)}\n  {_tiles(plan)}"


def _tiles(plan) -> str:
    samples = plan._samples
    if not samples.can_be_cut:
        return "piece by piece: 1 tile"
    size = edge(samples, plan._byte_count, plan._limit())
    rows, columns = (-(-n // size) for n in samples.counts)
    count = rows * columns
    if samples.is_diagonal:
        count = rows
    elif plan._is_symmetric:
        count = rows * (rows + 1) // 2
    shape = " x ".join(str(min(size, n)) for n in samples.counts)
    mirrored = ", the rest mirrored" if count < rows * columns and count > rows else ""
    return f"piece by piece: {count} tile{'s'[: count > 1]} of up to {shape} samples{mirrored}"


def _limit(plan) -> str:
    given = plan._given_limit()
    limit, size, keeps = ctypes.c_uint64(given or 0), ctypes.c_int64(), ctypes.c_int32()
    try:
        check(library.ntk_tangent_kernel_tiling(plan._handle.pointer, limit, size, keeps))
    except OutOfMemoryError as error:
        return f"memory limit: {given} bytes does not suffice: {error}"
    if not limit.value:
        return "memory limit: none is needed; computed at once"
    origin = "as given" if given else "half of what is free"
    how = "computed at once"
    if size.value:
        sides = "kept" if keeps.value else "computed again in each"
        how = f"computed in tiles of {size.value} samples, the sides {sides}"
    return f"memory limit: {limit.value} bytes, {origin}; {how}"
