"""Calls of a signature that was seen before: microseconds, where the general way takes tens."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._ffi import library
from .._ffi.buffers import ReusedBuffers
from .._options import current
from .._running import LARGE, QUIET, Watch, allocate, fail_run
from .._stream import stream
from .._tracing.dtypes import NAMES


class Prepared:
    """A traced function and all about its call that does not change.

    Attributes
    ----------
    read : callable
        `read(args)` gives the leaves of arguments of this signature, and None for others.
    partitionable : bool
        Which stream of random bits it was traced with.
    """

    __slots__ = ("read", "partitionable", "_traced", "_small", "_is_leaf", "_free")

    def __init__(self, read, traced):
        self.read = read
        self.partitionable = stream.partitionable
        self._traced = traced
        types = traced.program.output_types
        bytes_each = [t.dtype.itemsize * int(np.prod(t.shape, dtype=float)) for t in types]
        self._small = sum(bytes_each) < LARGE
        self._is_leaf = traced.out_tree is tree.LEAF and not traced.fixed
        # Buffers that no call uses at the moment.
        self._free: list = []

    def __call__(self, leaves):
        traced = self._traced
        if current.memory_limit is not None or current.progress is not None or current.debug_nans:
            return traced.result(traced.program.evaluate(leaves + traced.captured))
        try:
            buffers = self._free.pop()
        except IndexError:
            buffers = self._buffers()
        taken, given = buffers
        types = traced.program.output_types
        if self._small:
            outputs = [np.empty(shape, dtype) for shape, dtype in types]
        else:
            outputs = [allocate(*t) for t in types]
        taken.point_at(leaves)
        given.point_at(outputs)
        with Watch(None):
            status = library.ntk_evaluate(
                traced.program.pointer,
                taken.pointer,
                taken.count,
                given.pointer,
                given.count,
                QUIET,
            )
        if status:
            fail_run(status)
        self._free.append(buffers)
        return outputs[0] if self._is_leaf else traced.result(outputs)

    def _buffers(self):
        program = self._traced.program
        taken = ReusedBuffers(program.input_types, True)
        taken.point_at(self._traced.captured, program.counts[0])
        return taken, ReusedBuffers(program.output_types, False)


def prepare(args, traced):
    """Return a Prepared for arguments like these, or None where they are no ordinary arrays.

    Ordinary are row-major, aligned arrays of a program's element types, in tuples, lists and dicts
    with strings as keys.
    """
    writer = _ReaderWriter()
    if not writer.node(args, "args"):
        return None
    if not all(type(c) is np.ndarray and _is_ordinary(c) for c in traced.captured):
        return None
    return Prepared(writer.function(), traced)


def _is_ordinary(array) -> bool:
    return array.dtype in NAMES and array.flags.num & _LAYOUT == _LAYOUT


# NPY_ARRAY_C_CONTIGUOUS and NPY_ARRAY_ALIGNED of ndarray.flags.
_LAYOUT = 0x0101


# Writing the code for more takes longer than the general way does.
_MOST_LEAVES = 200


class _ReaderWriter:
    """Writes a function that takes arguments apart: straight code, no walk over a tree."""

    def __init__(self):
        self._lines: list = []
        self._leaves: list = []
        self._names = {"array": np.ndarray}

    def function(self):
        lines = ["def read(args):", *self._lines, f" return [{', '.join(self._leaves)}]"]
        exec("\n".join(lines), self._names)
        return self._names["read"]

    def node(self, value, name) -> bool:
        """Add the code that takes one node apart; say whether that can be."""
        kind = type(value)
        if kind is np.ndarray:
            return self._leaf(value, name)
        if value is None:
            self._lines.append(f" if {name} is not None: return None")
            return True
        if kind is dict:
            if not all(type(key) is str for key in value):
                return False
            children = [(repr(key), value[key]) for key in sorted(value)]
        elif kind is tuple or kind is list:
            children = [(str(i), child) for i, child in enumerate(value)]
        else:
            return False
        self._refuse(f"type({name}) is not {kind.__name__} or len({name}) != {len(value)}")
        for key, child in children:
            part = f"_{len(self._lines)}"
            if kind is dict:
                self._refuse(f"{key} not in {name}")
            self._lines.append(f" {part} = {name}[{key}]")
            if not self.node(child, part):
                return False
        return True

    def _leaf(self, array, name) -> bool:
        if not _is_ordinary(array) or len(self._leaves) == _MOST_LEAVES:
            return False
        dtype = f"dtype_{array.dtype.name}"
        self._names[dtype] = array.dtype
        self._refuse(
            f"type({name}) is not array or {name}.shape != {array.shape} "
            f"or {name}.dtype is not {dtype} or {name}.flags.num & {_LAYOUT} != {_LAYOUT}"
        )
        self._leaves.append(name)
        return True

    def _refuse(self, condition) -> None:
        self._lines.append(f" if {condition}: return None")
