"""What an index expression means: basic steps, and the advanced part that is left.

NumPy's rule. Integers, slices, None and Ellipsis make a view. If an array (or list) of integers or
booleans is among them, integers count as arrays too, all are broadcast together, and their axes
stand where the first of them stood if they were neighbours, else in front.
"""

from __future__ import annotations

import operator

import numpy as np

from .._errors import IndexOutOfRangeError
from .._tracing.dtypes import BOOL
from .._tracing.location import place, tracing_error
from .._tracing.tracer import Tracer


class IndexTypeError(IndexOutOfRangeError):
    """What NumPy reports as an IndexError though it concerns the kind of an index."""


def normalize(index, shape):
    """Return a list of items, one for each axis and new axis: int, slice, None, Tracer or int
    array.

    Boolean arrays known while tracing become the positions of their true elements; Ellipsis
    becomes whole slices.
    """
    items = list(index) if isinstance(index, tuple) else [index]
    items = [_item(item) for item in items]
    consumed = sum(_axes_of(item) for item in items)
    if consumed > len(shape):
        raise IndexOutOfRangeError(
            f"too many indices for array: array is {len(shape)}-dimensional, but {consumed} were "
            f"indexed{place()}"
        )
    dots = [i for i, item in enumerate(items) if item is Ellipsis]
    if len(dots) > 1:
        raise IndexTypeError(f"an index can only have a single ellipsis ('...'){place()}")
    where = dots[0] if dots else len(items)
    items[where : where + len(dots)] = [slice(None)] * (len(shape) - consumed)
    result = []
    axis = 0
    for item in items:
        if isinstance(item, np.ndarray) and item.dtype == BOOL:
            result.extend(_positions(item, shape[axis : axis + item.ndim], axis))
            axis += item.ndim
            continue
        if item is not None:
            if isinstance(item, int):
                item = _in_range(item, shape[axis], axis)
            elif isinstance(item, np.ndarray):
                item = _array_in_range(item, shape[axis], axis)
            axis += 1
        result.append(item)
    return result


def _item(item):
    if item is None or item is Ellipsis or isinstance(item, slice):
        return _static_slice(item) if isinstance(item, slice) else item
    if isinstance(item, Tracer):
        if item.dtype == BOOL:
            raise tracing_error(
                "indexing by a traced boolean mask: the shape of the result would depend on "
                "numbers that are "
                "not known yet",
                "np.where(mask, x, 0) and sums over it; or a mask that is a plain NumPy array",
            )
        if item.dtype.kind == "f":
            raise IndexTypeError(
                f"arrays used as indices must be of integer (or boolean) type{place()}"
            )
        return item
    if isinstance(item, (bool, np.bool_)):
        return np.asarray(item)
    if not isinstance(item, np.ndarray):  # an array without axes selects a copy, an integer a view
        try:
            return operator.index(item)
        except TypeError:
            pass
    array = np.asarray(item)
    if array.size == 0 and not isinstance(item, np.ndarray):
        array = array.astype(np.intp)
    if array.dtype.kind not in "biu":
        raise IndexTypeError(
            "only integers, slices (`:`), ellipsis (`...`), None and integer or boolean arrays "
            "are valid "
            f"indices, got {type(item).__name__} of {array.dtype}{place()}"
        )
    if array.dtype.kind == "u" or array.dtype.itemsize < 8 and array.dtype != BOOL:
        array = array.astype(np.int64)
    return array


def _static_slice(item):
    for part in (item.start, item.stop, item.step):
        if isinstance(part, Tracer):
            raise tracing_error(
                "a slice with a traced bound: the result's shape would depend on numbers that "
                "are not known",
                "swntk.lax.dynamic_slice(x, starts, sizes)",
            )
    return item


def _axes_of(item) -> int:
    if item is None or item is Ellipsis:
        return 0
    if isinstance(item, np.ndarray) and item.dtype == BOOL:
        return item.ndim
    return 1


def _in_range(i: int, n: int, axis: int) -> int:
    if not -n <= i < n:
        raise IndexOutOfRangeError(
            f"index {i} is out of bounds for axis {axis} with size {n}{place()}"
        )
    return i % n


def _array_in_range(array, n: int, axis: int):
    wrong = (array < -n) | (array >= n)
    if wrong.any():
        raise IndexOutOfRangeError(
            f"index {array[wrong].flat[0]} is out of bounds for axis {axis} with size {n}{place()}"
        )
    return np.where(array < 0, array + n, array).astype(np.int64)


def _positions(mask, extents, axis):
    if mask.ndim == 0:
        # True adds an axis of size 1, False one of size 0.
        return [_NewAxis(np.zeros(int(mask), np.int64))]
    if mask.shape != tuple(extents):
        raise IndexOutOfRangeError(
            f"boolean index of shape {mask.shape} did not match indexed array along axes of sizes "
            f"{tuple(extents)}{place()}"
        )
    return list(np.nonzero(mask))


class _NewAxis:
    """A boolean scalar: takes part as an index array, but consumes no axis."""

    def __init__(self, array):
        self.array = array
        self.shape = array.shape


def is_basic(items) -> bool:
    """Whether an index makes a view: no arrays among its items (a traced scalar is no array)."""
    return not any(
        isinstance(item, (np.ndarray, _NewAxis)) or isinstance(item, Tracer) and not item._scalar
        for item in items
    )


class Advanced:
    """The advanced part of an index.

    Attributes
    ----------
    slices : list of slice
        What to take of each axis of the array first; whole for those that are indexed.
    axes : list of int
        The axes that are indexed.
    arrays : list of int, numpy.ndarray or Tracer
        Their indices, all of one shape after broadcasting.
    shape : tuple of int
        That shape.
    position : int
        How many of the remaining axes stand before it in the result.
    new_axes : list of int
        Axes of size 1 of the result that stand for None.
    """

    def __init__(self, items):
        advanced = [
            i for i, item in enumerate(items) if not (item is None or isinstance(item, slice))
        ]
        self.slices, self.axes, self.arrays = [], [], []
        extra = []
        axis = 0
        for item in items:
            if item is None:
                continue
            if isinstance(item, _NewAxis):
                extra.append(item.shape)
                continue
            if isinstance(item, slice):
                self.slices.append(item)
            else:
                self.slices.append(slice(None))
                self.axes.append(axis)
                self.arrays.append(item)
            axis += 1
        try:
            self.shape = np.broadcast_shapes(
                *(getattr(a, "shape", ()) for a in self.arrays), *extra
            )
        except ValueError:
            shapes = ", ".join(str(getattr(a, "shape", ())) for a in self.arrays)
            raise IndexOutOfRangeError(
                f"shape mismatch: index arrays of shapes {shapes} could not be broadcast "
                f"together{place()}"
            ) from None
        together = advanced[-1] - advanced[0] + 1 == len(advanced)
        before = items[: advanced[0]] if together else []
        self.position = sum(item is not None for item in before)
        rest = [item for i, item in enumerate(items) if i not in advanced]
        start = len(before)
        self.new_axes = [
            i if i < start else i + len(self.shape) for i, item in enumerate(rest) if item is None
        ]
        self.first = start
