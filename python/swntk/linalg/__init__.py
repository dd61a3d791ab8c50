"""Spectrum and solves of kernels, in float64 by default, that never return NaN without a word.

Functions take a kernel as `swntk.empirical_ntk_fn` returns it with `x2=None` (axes in pairs,
`[n, n]`, `[n, n, o, o]`, ...), or a `TangentKernel`, which they compute. It is read as the matrix
whose rows are the samples' outputs, `[n * o, n * o]`. They work on arrays, not on traced values.
"""

from __future__ import annotations

from .._errors import SingularKernelError, SingularKernelWarning
from .solving import condition, eigvalsh, logdet, solve

__all__ = [
    "SingularKernelError",
    "SingularKernelWarning",
    "condition",
    "eigvalsh",
    "logdet",
    "solve",
]
