"""Kernels and targets as matrices: the axes of the targets that a kernel has, and the others."""

from __future__ import annotations

import copy
import math

import numpy as np

from .._arguments import foreign
from .._errors import ArgumentError, DTypeError, ShapeError
from .._kernels.axes import check_axes
from .._tracing.location import tracing_error
from .._tracing.tracer import Tracer


def real(x, name: str) -> np.ndarray:
    """Take an array of finite real numbers; its element type stays.

    Raises
    ------
    ArgumentError
        If it holds NaN or an infinity.
    DTypeError
        If it holds no real numbers.
    TracingError
        If it is traced.
    """
    if isinstance(x, Tracer):
        raise tracing_error(
            f"{name} is traced, but swntk.predict computes at once", "swntk.predict outside of it"
        )
    array = x if isinstance(x, np.ndarray) else foreign(x, name)
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"{name} has dtype {array.dtype}, expected real numbers")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} holds NaN or an infinity")
    return array


def result_type(*arrays):
    """The element type of results: that of the floating arrays; what is computed is float64."""
    kinds = [a.dtype for a in arrays if a is not None and a.dtype.kind == "f" and a.ndim]
    return np.result_type(*kinds) if kinds else np.dtype(np.float64)


class Layout:
    """The axes of the targets.

    Parameters
    ----------
    y_train : numpy.ndarray
    trace_axes : int or sequence of int
        Axes of it that kernels lack: they stand for Θ ⊗ I along these.

    Attributes
    ----------
    kept, traced : list of int
        The axes that kernels have as pairs, and the others.

    Raises
    ------
    ArgumentError
        If an axis is out of range, or there twice.
    """

    def __init__(self, y_train, trace_axes):
        self.shape = y_train.shape
        rank = len(self.shape)
        (axes, _) = check_axes(trace_axes, (), [("y_train", rank)])
        self.traced = sorted(axis % rank for axis in axes)
        self.kept = [axis for axis in range(rank) if axis not in self.traced]
        self.sizes = tuple(self.shape[axis] for axis in self.kept)
        self.copies = tuple(self.shape[axis] for axis in self.traced)

    def square(self, k, name: str) -> np.ndarray:
        """A kernel of training samples as a float64 matrix.

        Raises
        ------
        ShapeError
            If it has other axes than pairs of those of y_train.
        """
        expected = tuple(size for size in self.sizes for _ in range(2))
        if k.shape != expected:
            raise ShapeError(
                f"{name} has shape {k.shape}, expected {expected}: a pair for each axis of "
                f"y_train, of shape {self.shape}, but for trace_axes {tuple(self.traced)}"
            )
        return _matrix(k)

    def cross(self, k, name: str) -> tuple:
        """A kernel of test and training samples as a float64 matrix, and the test samples' sizes.

        Raises
        ------
        ShapeError
            If its columns are not those of y_train.
        """
        if k.ndim != 2 * len(self.kept) or k.shape[1::2] != self.sizes:
            pairs = ", ".join(f"*, {size}" for size in self.sizes)
            raise ShapeError(f"{name} has shape {k.shape}, expected ({pairs})")
        return _matrix(k), k.shape[::2]

    def full(self, sizes) -> tuple:
        """The shape of outputs with these sizes of the axes that kernels have."""
        shape = dict(zip(self.kept, sizes))
        shape.update(zip(self.traced, self.copies))
        return tuple(shape[axis] for axis in range(len(self.shape)))

    def columns(self, f, sizes, name: str) -> np.ndarray:
        """Outputs as a float64 matrix with a row for each of a kernel's; None is 0.

        Raises
        ------
        ShapeError
            If they do not broadcast to that shape.
        """
        shape = self.full(sizes)
        f = np.zeros(()) if f is None else f
        try:
            whole = np.broadcast_to(f, shape)
        except ValueError:
            raise ShapeError(f"{name} has shape {f.shape}, expected {shape}") from None
        turned = np.transpose(whole, self.kept + self.traced)
        return turned.reshape(math.prod(sizes), math.prod(self.copies)).astype(np.float64)

    def of_sizes(self, sizes) -> Layout:
        """The same axes with other sizes of those that kernels have."""
        other = copy.copy(self)
        other.sizes, other.shape = tuple(sizes), self.full(sizes)
        return other

    def outputs(self, matrix, sizes) -> np.ndarray:
        """The reverse of `columns`; axes before the last two stay in front."""
        front = matrix.shape[:-2]
        whole = matrix.reshape(front + tuple(sizes) + self.copies)
        order = self.kept + self.traced
        places = [len(front) + order.index(axis) for axis in range(len(order))]
        return np.transpose(whole, [*range(len(front)), *places])

    @staticmethod
    def pairs(matrix, sizes) -> np.ndarray:
        """A matrix as a kernel, with the axes in pairs; axes before the last two stay in front."""
        front = matrix.shape[:-2]
        whole = matrix.reshape(front + tuple(sizes) * 2)
        count = len(sizes)
        places = [len(front) + half * count + axis for axis in range(count) for half in (0, 1)]
        return np.transpose(whole, [*range(len(front)), *places])


def square_matrix(k, name: str) -> np.ndarray:
    """Any kernel with equal pairs of axes as a float64 matrix.

    Raises
    ------
    ShapeError
        If its axes are not such pairs.
    """
    if k.ndim % 2 or k.shape[::2] != k.shape[1::2]:
        raise ShapeError(f"{name} has shape {k.shape}, expected axes in equal pairs")
    return _matrix(k)


def _matrix(k) -> np.ndarray:
    rank = k.ndim
    turned = np.transpose(k, [*range(0, rank, 2), *range(1, rank, 2)])
    return turned.reshape(math.prod(k.shape[::2]), math.prod(k.shape[1::2])).astype(np.float64)


def check_time(t):
    """Return a time, or an array of times, as float64; None stays.

    Raises
    ------
    ArgumentError
        If one is negative or NaN.
    """
    if t is None:
        return None
    if isinstance(t, Tracer):
        return real(t, "t")
    times = np.asarray(t, np.float64)
    if np.isnan(times).any() or (times < 0).any():
        raise ArgumentError(f"t must not be negative or NaN, got {t!r}")
    return times


def check_rate(learning_rate) -> float:
    """Return a learning rate.

    Raises
    ------
    ArgumentError
        If it is no finite number above 0.
    """
    try:
        rate = float(learning_rate)
    except (TypeError, ValueError):
        rate = math.nan
    if not 0 < rate < math.inf:
        raise ArgumentError(f"learning_rate must be a positive number, got {learning_rate!r}")
    return rate
