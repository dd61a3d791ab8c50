"""Eigenvalues, solves, determinants and condition numbers of kernels."""

from __future__ import annotations

import warnings

import numpy as np

from .._errors import (
    ArgumentError,
    DTypeError,
    ShapeError,
    SingularKernelError,
    SingularKernelWarning,
)
from .matrices import KernelMatrix


def eigvalsh(kernel, *, jitter=0.0, dtype=np.float64):
    """Return the eigenvalues of a kernel.

    Parameters
    ----------
    kernel : array_like or TangentKernel
        `[n, n]`, `[n, n, o, o]`, ...; symmetric.
    jitter : float
        So many means of the diagonal are added to the diagonal first.
    dtype : dtype
        In which is computed.

    Returns
    -------
    numpy.ndarray
        `[n * o]`, increasing, of type `dtype`. Rounding leaves those of a singular kernel around
        zero, of either sign.

    Raises
    ------
    ArgumentError
        If the kernel is not symmetric, or holds NaN or infinity.
    ShapeError, DTypeError
        If the axes are no pairs, or the elements no real numbers.

    Notes
    -----
    By LAPACK's `syevd`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.linalg.eigvalsh(np.array([[2, 1], [1, 2]], np.float32)))
    [1. 3.]
    """
    return np.linalg.eigvalsh(KernelMatrix(kernel, jitter, dtype).values)


def solve(kernel, b, *, jitter=0.0, dtype=np.float64):
    """Solve Θ x = b.

    Parameters
    ----------
    kernel : array_like or TangentKernel
        `[n, n]`, `[n, n, o, o]`, ...; symmetric and positive definite.
    b : array_like
        Of shape `(n, o, ...)`; or flat, `[N]`, or several as columns, `[N, k]`.
    jitter : float
        So many means of the diagonal are added to the diagonal first. Nothing is added unasked.
    dtype : dtype
        In which is computed.

    Returns
    -------
    numpy.ndarray
        Of the shape of b, of type `dtype`.

    Raises
    ------
    SingularKernelError
        If the matrix is not positive definite in `dtype`; it knows the rank.
    ArgumentError
        If the kernel is not symmetric, or it or b holds NaN or infinity.
    ShapeError, DTypeError
        If shapes do not fit, or the elements are no real numbers.

    Warns
    -----
    SingularKernelWarning
        If it is singular within the precision of the element type that the kernel came in: the
        solution is then of rounding errors.

    Notes
    -----
    By the Cholesky factor. Eigenvalues count as zero up to N · epsilon of `dtype` · the largest, as
    in `numpy.linalg.matrix_rank`; for the warning, also up to epsilon of the kernel's own element
    type · the largest, which its entries' rounding errors may amount to.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.linalg.solve(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([3.0, 3.0])))
    [1. 1.]
    >>> try:
    ...     swntk.linalg.solve(np.ones((2, 2)), np.ones(2))
    ... except swntk.linalg.SingularKernelError as error:
    ...     print(error.rank, "of", error.size)
    1 of 2
    >>> print(swntk.linalg.solve(np.ones((2, 2)), np.ones(2), jitter=0.5).round(3))
    [0.4 0.4]
    """
    matrix = KernelMatrix(kernel, jitter, dtype)
    b = np.asarray(b)
    if b.dtype.kind not in "biuf":
        raise DTypeError(f"b has dtype {b.dtype}, expected real numbers")
    if b.shape != matrix.shape and (b.ndim not in (1, 2) or b.shape[0] != matrix.size):
        raise ShapeError(
            f"b has shape {b.shape}, expected {matrix.shape}, ({matrix.size},) or "
            f"({matrix.size}, k)"
        )
    columns = -1 if b.size and b.shape != matrix.shape else 1
    if not np.isfinite(b).all():
        raise ArgumentError("b holds what is not finite")
    flat = b.astype(matrix.values.dtype)
    if matrix.size == 0 or b.size == 0:
        return flat
    return _Factor(matrix).solve(flat.reshape(matrix.size, columns)).reshape(b.shape)


def logdet(kernel, *, jitter=0.0, dtype=np.float64) -> float:
    """Return the logarithm of the determinant of a kernel.

    Parameters
    ----------
    kernel, jitter, dtype
        As for `solve`.

    Returns
    -------
    float

    Raises
    ------
    SingularKernelError, ArgumentError, ShapeError, DTypeError
        As `solve`.

    Warns
    -----
    SingularKernelWarning
        As `solve`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(round(swntk.linalg.logdet(np.diag([1.0, np.e])), 6))
    1.0
    """
    matrix = KernelMatrix(kernel, jitter, dtype)
    if matrix.size == 0:
        return 0.0
    return float(2 * np.sum(np.log(_Factor(matrix).lower.diagonal())))


def condition(kernel, *, jitter=0.0, dtype=np.float64) -> float:
    """Return the ratio of a kernel's largest eigenvalue to its smallest.

    Parameters
    ----------
    kernel, jitter, dtype
        As for `solve`.

    Returns
    -------
    float
        Infinity, with a warning, if the smallest is not positive.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        As `eigvalsh`; also if the kernel is empty.

    Warns
    -----
    SingularKernelWarning
        If the kernel is singular within the precision of the element type that it came in.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.linalg.condition(np.diag([1.0, 100.0])))
    100.0
    """
    matrix = KernelMatrix(kernel, jitter, dtype)
    if matrix.size == 0:
        raise ArgumentError("an empty kernel has no condition number")
    values = np.linalg.eigvalsh(matrix.values)
    rank, tolerance = _rank(values, matrix.tolerance)
    if rank < matrix.size:
        warning = SingularKernelWarning(rank, matrix.size, tolerance, least=float(values[0]))
        warnings.warn(warning, stacklevel=2)
    return float(values[-1] / values[0]) if values[0] > 0 else float("inf")


def _rank(values, relative: float) -> tuple:
    """How many eigenvalues are certainly positive, and above what."""
    tolerance = relative * float(np.max(np.abs(values)))
    return int(np.count_nonzero(values > tolerance)), tolerance


class _Factor:
    """The Cholesky factor of a kernel, whose rank is known to be full."""

    def __init__(self, matrix: KernelMatrix):
        values = matrix.values
        try:
            self.lower = np.linalg.cholesky(values)
        except np.linalg.LinAlgError:
            eigenvalues = np.linalg.eigvalsh(values)
            rank, tolerance = _rank(eigenvalues, matrix.tolerance)
            # All above the tolerance: a rounding error of the factor.
            raise SingularKernelError(
                min(rank, matrix.size - 1), matrix.size, tolerance, least=float(eigenvalues[0])
            ) from None
        # The largest eigenvalue is at most the largest sum of a row; the estimate of the smallest
        # is at least that. Near the bound, the eigenvalues themselves decide.
        bound = matrix.tolerance * np.max(np.sum(np.abs(values), axis=1))
        if self._smallest() > 10 * bound:
            return
        eigenvalues = np.linalg.eigvalsh(values)
        rank, tolerance = _rank(eigenvalues, matrix.work_tolerance)
        if rank < matrix.size:
            raise SingularKernelError(rank, matrix.size, tolerance)
        rank, tolerance = _rank(eigenvalues, matrix.tolerance)
        if rank < matrix.size:
            warnings.warn(SingularKernelWarning(rank, matrix.size, tolerance), stacklevel=4)

    def _smallest(self) -> float:
        """Estimate the smallest eigenvalue by inverse iteration."""
        size = len(self.lower)
        vector = np.random.default_rng(0).standard_normal((size, 1)).astype(self.lower.dtype)
        for _ in range(5):
            vector /= np.linalg.norm(vector)
            vector = self.solve(vector)
        return 1 / float(np.linalg.norm(vector))

    def solve(self, b):
        """Solve for columns `[N, k]`."""
        y = forward_substitution(self.lower, b)
        # Lᵀ read backwards, in both axes, is lower triangular too.
        return forward_substitution(self.lower.T[::-1, ::-1], y[::-1])[::-1]


def forward_substitution(lower, b, width=64):
    """Solve L x = b for columns, by blocks: NumPy has no triangular solve.

    OpenBLAS factors blocks of this width without its threads, which would wait for one another.
    """
    x = np.empty_like(b)
    for start in range(0, len(lower), width):
        rows = slice(start, start + width)
        rest = b[rows] - lower[rows, :start] @ x[:start]
        x[rows] = np.linalg.solve(lower[rows, rows], rest)
    return x
