"""Kernels as symmetric matrices."""

from __future__ import annotations

import math

import numpy as np

from .. import tree
from .._arguments import foreign
from .._errors import ArgumentError, DTypeError, ShapeError
from .._kernels.options import AxisRoles
from .._kernels.plan import TangentKernel
from .._tracing.dtypes import is_half
from .._tracing.location import tracing_error
from .._tracing.tracer import Tracer


class KernelMatrix:
    """A kernel as a matrix.

    Parameters
    ----------
    kernel : array_like or TangentKernel
        `[n, n]`, `[n, n, o, o]`, ...: axes in pairs.
    jitter : float
        So many means of the diagonal are added to the diagonal.
    dtype : dtype
        In which is computed.

    Attributes
    ----------
    values : numpy.ndarray
        `[N, N]`, jitter added.
    shape : tuple of int
        `(n, o, ...)`
    precision : float
        Epsilon of the kernel's own element type, which its entries are uncertain by, relative to
        the largest.

    Raises
    ------
    ArgumentError
        If it is not symmetric, holds what is not finite, has diagonal axes, or jitter is negative.
    ShapeError, DTypeError
        If the axes are no pairs, or the elements no real numbers.
    """

    def __init__(self, kernel, jitter, dtype):
        theta = _array(kernel)
        sizes = theta.shape
        if len(sizes) < 2 or len(sizes) % 2 or sizes[::2] != sizes[1::2]:
            raise ShapeError(
                f"the kernel has shape {sizes}, expected axes in pairs: (n, n), (n, n, o, o), ..."
            )
        self.shape = sizes[::2]
        size = math.prod(self.shape)
        order = [*range(0, len(sizes), 2), *range(1, len(sizes), 2)]
        dtype = np.dtype(dtype)
        if dtype.kind != "f":
            raise DTypeError(f"dtype must be floating, got {dtype}")
        floating = theta.dtype.kind == "f" or is_half(theta.dtype)
        own = _epsilon(theta.dtype) if floating else 0.0
        self.precision = max(own, float(np.finfo(dtype).eps))
        self.values = theta.transpose(order).reshape(size, size).astype(dtype)
        self._check_values()
        jitter = _jitter(jitter)
        if jitter and size:
            np.fill_diagonal(
                self.values, self.values.diagonal() + jitter * np.mean(self.values.diagonal())
            )

    def _check_values(self):
        finite = np.isfinite(self.values)
        if not finite.all():
            row, column = (int(i) for i in np.argwhere(~finite)[0])
            raise ArgumentError(
                f"the kernel holds {np.size(finite) - np.count_nonzero(finite)} entries that are "
                f"not finite, the first in row {row}, column {column}"
            )
        largest = np.max(np.abs(self.values), initial=0)
        gap = np.max(np.abs(self.values - self.values.T), initial=0)
        if gap > 1000 * self.precision * largest:
            raise ArgumentError(
                f"the kernel is not symmetric: entries differ from their mirror images by up to "
                f"{gap:.3g}, and the largest is {largest:.3g}. Kernels with x2=None are"
            )

    @property
    def work_tolerance(self) -> float:
        """What factoring it changes the eigenvalues by, relative to the largest: as in
        `numpy.linalg.matrix_rank`.
        """
        return self.size * float(np.finfo(self.values.dtype).eps)

    @property
    def tolerance(self) -> float:
        """The same, with what its entries' rounding changes them by."""
        return max(self.work_tolerance, self.precision)

    @property
    def size(self) -> int:
        return len(self.values)


def _array(kernel) -> np.ndarray:
    if isinstance(kernel, TangentKernel):
        types = kernel._left.output_types
        if len(types) == 1 and AxisRoles(len(types[0].shape), kernel._options).diagonal:
            raise ArgumentError("the kernel has diagonal axes: it is no single matrix")
        kernel = kernel.compute()
        leaves = tree.leaves(kernel)
        if len(leaves) == 1:
            (kernel,) = leaves
    if isinstance(kernel, Tracer):
        raise tracing_error(
            "swntk.linalg takes arrays, and the kernel is being traced",
            "np.linalg.solve or np.linalg.cholesky",
        )
    if isinstance(kernel, (dict, tuple)):
        raise ArgumentError("there are several kernels, one for each output: pass one of them")
    theta = kernel if isinstance(kernel, np.ndarray) else foreign(kernel, "kernel")
    if theta.dtype.kind not in "biuf" and not is_half(theta.dtype):
        raise DTypeError(f"the kernel has dtype {theta.dtype}, expected real numbers")
    return theta


def _epsilon(dtype) -> float:
    # finfo knows no bfloat16, whose eight bits are these.
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else 2.0**-7


def _jitter(jitter) -> float:
    try:
        jitter = float(jitter)
    except (TypeError, ValueError):
        raise ArgumentError(f"jitter must be a number, got {jitter!r}") from None
    if not 0 <= jitter < math.inf:
        raise ArgumentError(f"jitter must be at least 0 and finite, got {jitter}")
    return jitter
