"""Where a kernel is put: `out=` of `TangentKernel.compute`."""

from __future__ import annotations

import math
import mmap

import numpy as np

from .. import tree
from .._errors import ArgumentError, DTypeError, ShapeError
from .journal import digest_of
from .options import AxisRoles


class Targets:
    """Arrays, one for each result, that take slice assignment.

    Parameters
    ----------
    out : tree
    plan : TangentKernel

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If they do not fit.
    """

    def __init__(self, out, plan):
        self._plan = plan
        self._half = plan._half
        self.leaves = tree.flatten_up_to(plan._out_tree, out, "out")
        paths = tree.paths(plan._out_tree, "out")
        for path, target, (shape, dtype) in zip(paths, self.leaves, plan._types):
            _check(target, path, shape, self._half or dtype)
        _check_apart(dict(zip(paths, self.leaves)), plan.inputs)
        self._exchanges = [
            AxisRoles(len(t.shape), plan._options).exchange() for t in plan._left.output_types
        ]

    @property
    def are_plain(self) -> bool:
        """Whether the library can write into all of them as they are."""
        return all(
            isinstance(target, np.ndarray)
            and not isinstance(target, np.memmap)
            and target.dtype == wanted.dtype
            and target.flags.aligned
            for target, wanted in zip(self.leaves, self._plan._types)
        )

    def chunks(self) -> tuple:
        """Least numbers of samples of both sides that make whole chunks of all."""
        sizes = [1, 1]
        samples = self._plan._samples
        for target, axis in zip(self.leaves, samples.result_axes):
            chunks = getattr(target, "shards", None) or getattr(target, "chunks", None)
            if axis is None or not chunks or not all(hasattr(n, "__index__") for n in chunks):
                continue
            for side in range(1 if samples.is_diagonal else 2):
                own = min(int(chunks[axis + side]), samples.counts[side])
                sizes[side] = math.lcm(sizes[side], max(own, 1))
        return tuple(sizes)

    def write(self, tile, blocks) -> str:
        """Put a tile, and its mirror image if the kernel is symmetric; return its digest."""
        rank = [len(t.shape) for t in self._plan._types]
        written = []
        for i, (target, block) in enumerate(zip(self.leaves, blocks)):
            if self._half is not None:
                block = block.astype(self._half)
            written.append(block)
            target[self._index(i, rank[i], *tile)] = block
            if self._is_mirrored(tile):
                mirror = self._index(i, rank[i], tile.columns, tile.rows)
                target[mirror] = np.transpose(block, self._exchanges[i])
            _settle(target)
        return digest_of(written)

    def holds(self, tile, digest: str) -> bool:
        """Whether a tile, and its mirror image, are there as they were written."""
        ways = [False, True] if self._is_mirrored(tile) else [False]
        for is_mirror in ways:
            parts = []
            for i, target in enumerate(self.leaves):
                sides = (tile.columns, tile.rows) if is_mirror else tile
                part = np.asarray(target[self._index(i, len(target.shape), *sides)])
                parts.append(np.transpose(part, self._exchanges[i]) if is_mirror else part)
                _settle(target)
            if digest_of(parts) != digest:
                return False
        return True

    def _is_mirrored(self, tile) -> bool:
        return self._plan._is_symmetric and tile.rows != tile.columns

    def _index(self, i, rank, rows, columns):
        return self._plan._samples.index(i, rank, rows, columns)


def _check(target, path, shape, dtype) -> None:
    if not all(hasattr(target, name) for name in ("shape", "dtype", "__setitem__")):
        raise ArgumentError(f"{path} must be an array, got {type(target).__name__}")
    if tuple(target.shape) != shape:
        raise ShapeError(f"{path} has shape {tuple(target.shape)}, expected {shape}")
    try:
        own = np.dtype(target.dtype)
    except TypeError:
        raise DTypeError(f"{path} has dtype {target.dtype}, expected {dtype}") from None
    if own != dtype:
        raise DTypeError(f"{path} has dtype {target.dtype}, expected {dtype}")
    file = getattr(target, "file", None)
    if (
        (isinstance(target, np.ndarray) and not target.flags.writeable)
        or getattr(target, "read_only", False) is True
        or getattr(file, "mode", None) == "r"
    ):
        raise ArgumentError(f"{path} is read-only")


def _check_apart(targets, inputs) -> None:
    """Refuse what would be overwritten while it is needed: an input, or another target."""
    others: dict = {}
    for path, target in targets.items():
        for other_path, other in others.items():
            if other is target or _overlap(other, target):
                raise ArgumentError(f"{path} shares its memory with {other_path}")
        if any(_overlap(target, array) for array in inputs):
            raise ArgumentError(f"{path} shares its memory with an input of the kernel")
        others[path] = target


def _overlap(a, b) -> bool:
    arrays = isinstance(a, np.ndarray) and isinstance(b, np.ndarray)
    return arrays and np.may_share_memory(a, b)


def _settle(target) -> None:
    """Let go of what has been written: an h5py file's buffers, a memmap's resident pages."""
    flush = getattr(getattr(target, "file", None), "flush", None)
    if flush is not None:
        flush()
    pages = getattr(target, "_mmap", None)
    if isinstance(target, np.memmap) and target.mode in ("r+", "w+") and hasattr(pages, "madvise"):
        # A shared mapping's pages stay with the file, written or to be written.
        pages.madvise(mmap.MADV_DONTNEED)
