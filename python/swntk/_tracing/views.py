"""Index maps: the steps that lead from a cell to a view of it.

`read` gives the view of a value; `put` gives the value after the view was overwritten, and leaves
every other element untouched bit for bit: by concatenation, or by selection with a mask, never by
arithmetic.
"""

from __future__ import annotations

import numpy as np

from . import emit
from .trace import Value


class Reshape:
    """Another shape over the same elements in the same order."""

    __slots__ = ("shape",)

    def __init__(self, shape):
        self.shape = tuple(shape)

    def read(self, x: Value) -> Value:
        return emit.reshape(x, self.shape)

    def put(self, x: Value, new: Value) -> Value:
        return emit.reshape(new, x.shape)


class Transpose:
    """Axes in another order."""

    __slots__ = ("permutation",)

    def __init__(self, permutation):
        self.permutation = tuple(permutation)

    def read(self, x: Value) -> Value:
        return emit.transpose(x, self.permutation)

    def put(self, x: Value, new: Value) -> Value:
        return emit.transpose(new, np.argsort(self.permutation).tolist())


class Reverse:
    """Some axes backwards."""

    __slots__ = ("axes",)

    def __init__(self, axes):
        self.axes = tuple(axes)

    def read(self, x: Value) -> Value:
        return emit.rev(x, self.axes)

    def put(self, x: Value, new: Value) -> Value:
        return emit.rev(new, self.axes)


class Slice:
    """On each axis every `stride`-th element from `start` until before `limit`; stride >= 1."""

    __slots__ = ("starts", "limits", "strides")

    def __init__(self, starts, limits, strides):
        self.starts = tuple(starts)
        self.limits = tuple(limits)
        self.strides = tuple(strides)

    def read(self, x: Value) -> Value:
        return emit.slice_(x, self.starts, self.limits, self.strides)

    def put(self, x: Value, new: Value) -> Value:
        partial = [
            axis
            for axis, n in enumerate(x.shape)
            if (self.starts[axis], self.limits[axis], self.strides[axis]) != (0, n, 1)
        ]
        if not partial:
            return new
        if new.size == 0:
            return x
        if len(partial) == 1 and self.strides[partial[0]] == 1:
            axis = partial[0]
            start, limit = self.starts[axis], self.limits[axis]
            parts = [emit.slice_axis(x, axis, 0, start)] if start else []
            parts.append(new)
            if limit < x.shape[axis]:
                parts.append(emit.slice_axis(x, axis, limit, x.shape[axis]))
            return emit.concatenate(parts, axis)
        config = []
        mask = None
        for axis, n in enumerate(x.shape):
            start, limit, stride = self.starts[axis], self.limits[axis], self.strides[axis]
            reached = start + (new.shape[axis] - 1) * stride + 1
            config.append((start, n - reached, stride - 1))
            if axis in partial:
                inside = np.zeros(n, bool)
                inside[start:limit:stride] = True
                one = emit.axis_mask(x.shape, axis, inside)
                mask = one if mask is None else emit.emit("and", [mask, one])
        spread = emit.pad(new, emit.full((), 0, x.dtype), config)
        return emit.select(mask, spread, x)


class Pick:
    """One element of an axis, at a traced index; the axis goes."""

    __slots__ = ("axis", "index")

    def __init__(self, axis: int, index: Value):
        self.axis = axis
        self.index = index

    def _wrapped(self, x: Value) -> Value:
        from .trace import current

        return emit.wrap_index(current().lift(self.index), x.shape[self.axis])

    def read(self, x: Value) -> Value:
        return emit.take_axis(x, self.axis, self._wrapped(x), "error")

    def put(self, x: Value, new: Value) -> Value:
        n = x.shape[self.axis]
        # Reading the position out of a list of positions makes the run fail where it is out of
        # range.
        index = self._wrapped(x)
        index = emit.take_axis(emit.iota(n, index.dtype), 0, index, "error")
        here = emit.emit("np.equal", [emit.iota(n, index.dtype), index])
        mask = emit.broadcast(here, x.shape, [self.axis])
        rest = [axis for axis in range(x.ndim) if axis != self.axis]
        return emit.select(mask, emit.broadcast(new, x.shape, rest), x)


class Broadcast:
    """Repeat along new or single axes, as NumPy's `broadcast_to`: for reading only."""

    __slots__ = ("shape",)

    def __init__(self, shape):
        self.shape = tuple(shape)

    def read(self, x: Value) -> Value:
        return emit.broadcast_to(x, self.shape)


class Diagonal:
    """The diagonal of the last two axes: for reading only."""

    __slots__ = ("offset",)

    def __init__(self, offset: int):
        self.offset = offset

    def read(self, x: Value) -> Value:
        rows, columns = x.shape[-2:]
        count = diagonal_length(rows, columns, self.offset)
        # Flattened, the diagonal is every (columns + 1)-th element.
        flat = emit.reshape(x, (*x.shape[:-2], rows * columns))
        start = self.offset if self.offset >= 0 else -self.offset * columns
        lead = len(x.shape) - 2
        limit = start + (count - 1) * (columns + 1) + 1 if count else start
        limit, start = min(limit, rows * columns), min(start, rows * columns)
        return emit.slice_(
            flat, [0] * lead + [start], [*x.shape[:-2], limit], [1] * lead + [columns + 1]
        )


def diagonal_length(rows: int, columns: int, offset: int) -> int:
    """Return the number of elements of a diagonal."""
    return max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
