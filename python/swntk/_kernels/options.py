"""What `empirical_ntk_fn` was told, and what follows from it for one call."""

from __future__ import annotations

import ctypes

from .._ffi.structs import ntk_kernel_options


class KernelOptions:
    """The axes and the way of a kernel, its memory limit and its progress."""

    def __init__(
        self,
        trace_axes,
        diagonal_axes,
        implementation,
        normalize,
        memory_limit=None,
        progress=None,
    ):
        self.trace_axes = trace_axes
        self.diagonal_axes = diagonal_axes
        self.implementation = int(implementation)
        self.normalize = bool(normalize)
        self.memory_limit = memory_limit
        self.progress = progress

    @property
    def key(self):
        """What a plan depends on, beside the programs."""
        return self.trace_axes, self.diagonal_axes, self.implementation, self.normalize

    def replaced(self, **changes) -> KernelOptions:
        """The same with other attributes."""
        return KernelOptions(**{**vars(self), **changes})

    def struct(self, parameter_count: int):
        """Return an `ntk_kernel_options`; its arrays live as long as it does.

        Claims about batch axes are checked before (`axes.py`): the library finds them by itself.
        """
        parameters = (ctypes.c_size_t * max(parameter_count, 1))(*range(parameter_count))
        traced = (ctypes.c_int64 * max(len(self.trace_axes), 1))(*self.trace_axes)
        diagonal = (ctypes.c_int64 * max(len(self.diagonal_axes), 1))(*self.diagonal_axes)
        return ntk_kernel_options(
            ctypes.sizeof(ntk_kernel_options),
            parameters,
            parameter_count,
            traced,
            len(self.trace_axes),
            diagonal,
            len(self.diagonal_axes),
            None,
            self.implementation,
            int(self.normalize),
            None,
        )


class AxisRoles:
    """Which axes of an output are traced, diagonal, or stand as a pair.

    Attributes
    ----------
    traced, diagonal, pairs : list of int
        From 0, increasing.
    """

    def __init__(self, rank: int, options: KernelOptions):
        traced = {axis % rank for axis in options.trace_axes} if rank else set()
        diagonal = {axis % rank for axis in options.diagonal_axes} if rank else set()
        self.traced = sorted(traced)
        self.diagonal = sorted(diagonal)
        self.pairs = [axis for axis in range(rank) if axis not in traced | diagonal]
        self.kept = [axis for axis in range(rank) if axis not in traced]

    def exchange(self) -> list[int]:
        """The permutation of the result's axes that exchanges the two sides."""
        order: list[int] = []
        for axis in self.kept:
            at = len(order)
            order += [at + 1, at] if axis in self.pairs else [at]
        return order

    def labels(self) -> tuple:
        """Labels, for einsum, of the result, of the first side and of the second."""
        result, first, second = [], [], []
        for axis in self.kept:
            first.append(2 * axis)
            second.append(2 * axis + (axis in self.pairs))
            result += first[-1:] if axis in self.diagonal else [first[-1], second[-1]]
        return result, first, second
