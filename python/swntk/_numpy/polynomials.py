"""Polynomials by their coefficients, the highest power first."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.location import place, tracing_error
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .values import finish


def _coefficients(p):
    return np.atleast_1d(traced(p))


@implements("polyval")
def polyval(p, x):
    p, x = _coefficients(p), traced(x)
    result = np.zeros_like(x)
    for k in range(p.shape[0]):
        result = result * x + p[k]
    return result[()] if x._scalar else result


def _padded(p, n):
    return p if p.shape[0] == n else np.concatenate([np.zeros(n - p.shape[0], p.dtype), p])


def _aligned(a1, a2):
    a1, a2 = _coefficients(a1), _coefficients(a2)
    n = max(a1.shape[0], a2.shape[0])
    return _padded(a1, n), _padded(a2, n)


@implements("polyadd")
def polyadd(a1, a2):
    a1, a2 = _aligned(a1, a2)
    return a1 + a2


@implements("polysub")
def polysub(a1, a2):
    a1, a2 = _aligned(a1, a2)
    return a1 - a2


@implements("polymul")
def polymul(a1, a2):
    return np.convolve(_coefficients(a1), _coefficients(a2))


@implements("polyder")
def polyder(p, m=1):
    p = _coefficients(p)
    if m < 0:
        raise ValueError(f"Order of derivative must be positive (see polyint){place()}")
    for _ in range(m):
        p = p[:-1] * np.arange(p.shape[0] - 1, 0, -1) if p.shape[0] else p
    return p


@implements("polyint")
def polyint(p, m=1, k=None):
    p = _coefficients(p)
    if m < 0:
        raise ValueError(f"Order of integral must be positive (see polyder){place()}")
    constants = np.zeros(m) if k is None else np.atleast_1d(traced(k))
    if constants.shape[0] == 1 and m > 1:
        constants = np.broadcast_to(constants, (m,))
    if constants.shape[0] < m:
        raise ValueError(f"k must be a scalar or a rank-1 array of length 1 or >m.{place()}")
    for step in range(m):
        last = constants[step : step + 1]
        p = np.concatenate([p / np.arange(p.shape[0], 0, -1), last])
    return p


@implements("polydiv")
def polydiv(u, v):
    raise tracing_error(
        "np.polydiv of traced coefficients: the length of the rest depends on which are zero",
        "long division by hand: its steps are p[k] / v[0] and a subtraction",
    )


@implements("roots")
def roots(p):
    raise tracing_error(
        "np.roots of traced coefficients: the roots are complex, their number depends on zeros",
        "Newton's method, as in swntk.lax.fori_loop, for a root that is real",
    )


@implements("poly")
def poly(seq_of_zeros):
    zeros = np.atleast_1d(traced(seq_of_zeros))
    if zeros.ndim != 1:
        raise tracing_error(
            "np.poly of a traced matrix: it goes by the eigenvalues, which may be complex",
            "np.poly(np.linalg.eigvalsh(a)) for a symmetric one",
        )
    zeros = zeros if zeros.dtype.kind == "f" else zeros.astype(np.float64)
    result = np.ones(1, zeros.dtype)
    for k in range(zeros.shape[0]):
        factor = np.concatenate([np.ones(1, result.dtype), -zeros[k : k + 1]])
        result = np.convolve(result, factor)
    return result


@implements("polyfit")
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    if isinstance(x, Tracer) or isinstance(w, Tracer):
        raise tracing_error(
            "np.polyfit with traced x or w",
            "np.linalg.lstsq(np.vander(x, deg + 1), y)[0]",
        )
    if full or cov:
        raise tracing_error("np.polyfit of traced y with full= or cov=", "the coefficients alone")
    x = np.asarray(x, float)
    y = traced(y)
    if x.ndim != 1 or y.ndim not in (1, 2) or x.shape[0] != y.shape[0]:
        raise ShapeError(f"np.polyfit: x of shape {x.shape}, y of shape {y.shape}{place()}")
    # The coefficients are linear in y: what NumPy makes of each unit vector is the matrix.
    matrix = np.polyfit(x, np.eye(len(x)), deg, rcond=rcond, w=w)
    return np.dot(matrix, y)


@implements("vander")
def vander(x, N=None, increasing=False):
    x = traced(x)
    if x.ndim != 1:
        raise ValueError(f"x must be a one-dimensional array or sequence.{place()}")
    n = x.shape[0] if N is None else N
    kind = np.promote_types(x.dtype, int)
    columns = [np.ones_like(x, dtype=kind)]
    for _ in range(n - 1):
        columns.append(columns[-1] * x)
    if not n:
        return finish(emit.full((x.shape[0], 0), 0, kind), contiguous=True)
    return np.stack(columns if increasing else columns[::-1], axis=1)
