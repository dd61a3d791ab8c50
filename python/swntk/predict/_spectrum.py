"""A regularized kernel of training samples, factorized once, in float64."""

from __future__ import annotations

import functools
import math

import numpy as np

from .._errors import ArgumentError, SingularKernelError
from ..linalg.solving import forward_substitution


class Spectrum:
    """A positive semidefinite matrix, to which a multiple of the identity is added.

    Parameters
    ----------
    matrix : numpy.ndarray
        f64[m, m].
    diag_reg : float
        What to add to the diagonal: this, or this times the mean of the diagonal.
    absolute : bool
    epsilon : float
        The relative rounding error of the entries: what is smaller than that is zero.
    name : str

    Attributes
    ----------
    matrix : numpy.ndarray
        The sum.

    Raises
    ------
    ArgumentError
        If `diag_reg` is no finite number that is not negative, or the matrix not symmetric; later,
        if it is not positive (semi)definite where it must be.
    """

    def __init__(self, matrix, diag_reg, absolute, epsilon, name):
        try:
            reg = float(diag_reg)
        except (TypeError, ValueError):
            reg = math.nan
        if not 0 <= reg < math.inf:
            raise ArgumentError(f"diag_reg must be a number that is not negative, got {diag_reg!r}")
        size = len(matrix)
        scale = np.abs(matrix).max(initial=0)
        # Twice: in a kernel computed as x1 against x2, both entries of a pair are rounded.
        if np.abs(matrix - matrix.T).max(initial=0) > 100 * math.sqrt(size) * epsilon * scale:
            raise ArgumentError(f"{name} is not symmetric")
        if not absolute and size:
            reg *= np.trace(matrix) / size
        self.matrix = (matrix + matrix.T) / 2
        self.matrix[np.diag_indices(size)] += reg
        self._epsilon = epsilon
        self._name = name

    @functools.cached_property
    def _eigen(self):
        values, vectors = np.linalg.eigh(self.matrix)
        return values, vectors

    @property
    def vectors(self) -> np.ndarray:
        return self._eigen[1]

    @property
    def values(self) -> np.ndarray:
        """The eigenvalues; those that rounding made negative are 0.

        Raises
        ------
        ArgumentError
            If one is negative by more than that.
        """
        values = self._eigen[0]
        if values.size and values[0] < -self._zero(values):
            raise ArgumentError(
                f"{self._name} is not positive semidefinite: its eigenvalues are {values[0]:.3g} "
                f"to {values[-1]:.3g}"
            )
        return np.maximum(values, 0)

    def _zero(self, values) -> float:
        return 10 * len(values) * self._epsilon * np.abs(values).max(initial=0)

    def check_regular(self) -> None:
        """Refuse a matrix that has no inverse.

        Raises
        ------
        SingularKernelError
            If its smallest eigenvalue cannot be told from 0.
        """
        values = self.values
        if values.size and values[0] <= self._epsilon * values[-1]:
            raise self._singular()

    def _singular(self):
        values = self.values
        tolerance = self._epsilon * values[-1]
        rank = min(int(np.count_nonzero(values > tolerance)), len(values) - 1)
        return SingularKernelError(
            rank, len(values), tolerance, self._name, "let diag_reg be positive"
        )

    @functools.cached_property
    def _factor(self):
        """The Cholesky factor."""
        try:
            factor = np.linalg.cholesky(self.matrix)
        except np.linalg.LinAlgError:
            raise self._singular() from None
        # The pivots bound the smallest eigenvalue from above.
        pivots = np.diagonal(factor) ** 2
        if pivots.size and pivots.min() <= self._epsilon * pivots.max():
            raise self._singular()
        return factor

    def solve(self, b) -> np.ndarray:
        """The inverse times columns b.

        Raises
        ------
        SingularKernelError
            If there is none.
        ArgumentError
            If an eigenvalue is negative.
        """
        lower = self._factor
        y = forward_substitution(lower, b)
        # Lᵀ read backwards, in both axes, is lower triangular too.
        return forward_substitution(lower.T[::-1, ::-1], y[::-1])[::-1]
