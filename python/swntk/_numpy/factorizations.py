"""numpy.linalg's factorizations: cholesky, qr, eigh, svd, and what follows from them at once."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._tracing.location import place, unsupported
from .._tracing.operands import static_bool, traced
from .._tracing.protocol import ADVICE, implements
from .matrices import apply, matrix, one, result, symmetric, transposed, triangle
from .values import NO_VALUE, given

ADVICE.update(
    {
        "eig": "np.linalg.eigh where the matrix is symmetric; eigenvalues of others are complex",
        "eigvals": "np.linalg.eigvalsh where the matrix is symmetric; eigenvalues of others are "
        "complex",
    }
)


@implements("linalg.cholesky")
def cholesky(a, /, *, upper=False):
    x = matrix(a, square=True)
    return one("np.linalg.cholesky", x, upper=static_bool(upper, "upper"))


@implements("linalg.qr")
def qr(a, mode="reduced"):
    x = matrix(a)
    if mode == "raw":
        raise unsupported("np.linalg.qr with mode='raw' is not supported", "mode='reduced'")
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"Unrecognized mode {mode!r}{place()}")
    rows, columns = x.shape[-2:]
    full = mode == "complete" and rows > columns
    q, r = apply("qr", [x], 2, full_matrices=full)
    return r if mode == "r" else result("qr", q, r)


@implements("linalg.eigh")
def eigh(a, UPLO="L"):
    UPLO = triangle(UPLO)
    x = matrix(a, square=True)
    w, v = apply("np.linalg.eigh", [x], 2, UPLO=UPLO)
    return result("eigh", w, v)


@implements("linalg.eigvalsh")
def eigvalsh(a, UPLO="L"):
    return eigh(a, UPLO)[0]


@implements("linalg.svd")
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    x = matrix(a, square=hermitian)
    if hermitian:
        return _symmetric_svd(x, compute_uv)
    if not compute_uv:
        return one("svd", x, full_matrices=False, compute_uv=False)
    full = static_bool(full_matrices, "full_matrices") and x.shape[-1] != x.shape[-2]
    s, u, vt = apply("svd", [x], 3, full_matrices=full)
    return result("svd", u, s, vt)


def _symmetric_svd(x, compute_uv):
    w, u = eigh(x)
    order = _descending(np.abs(w))
    s = np.take_along_axis(np.abs(w), order, axis=-1)
    if not compute_uv:
        return s
    w = np.take_along_axis(w, order, axis=-1)
    u = np.take_along_axis(u, order[..., None, :], axis=-1)
    vt = transposed(u * np.sign(w)[..., None, :])
    return result("svd", u, s, vt)


def _descending(w):
    """The order of the greatest first; of equals, as in a sorted order reversed, the last first.

    A place is the number of those before it: n² comparisons, beside the n³ of a factorization.
    """
    n = w.shape[-1]
    theirs, own = w[..., None, :], w[..., :, None]
    later = np.triu(np.ones((n, n), bool), 1)
    before = (theirs > own) | ((theirs == own) & later)
    places = np.sum(before, axis=-1)
    holds = places[..., None, :] == np.arange(n)[:, None]
    return np.sum(np.where(holds, np.arange(n), 0), axis=-1)


@implements("linalg.svdvals")
def svdvals(x, /):
    return svd(x, compute_uv=False)


@implements("linalg.pinv")
def pinv(a, rcond=None, hermitian=False, *, rtol=NO_VALUE):
    x = matrix(a, square=hermitian)
    if given(rcond) and given(rtol):
        raise ValueError(f"`rtol` and `rcond` can't be both set.{place()}")
    if given(rtol):
        rcond = rtol
    elif not given(rcond):
        rcond = max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else 1e-15
    if hermitian:
        x = symmetric(x)
    # NumPy multiplies the cutoff by the greatest singular value of each matrix.
    cutoff = np.broadcast_to(np.asarray(rcond, x.dtype), x.shape[:-2])
    return one("pinv", x, traced(cutoff))


@implements("linalg.matrix_rank")
def matrix_rank(A, tol=None, hermitian=False, *, rtol=None):
    x = traced(A)
    if given(tol) and given(rtol):
        raise ValueError(f"`tol` and `rtol` can't be both set.{place()}")
    if x.ndim < 2:
        return np.any(x != 0).astype(np.int64)
    x = matrix(x)
    s = svd(x, compute_uv=False, hermitian=hermitian)
    if tol is None:
        factor = max(x.shape[-2:]) * np.finfo(x.dtype).eps if rtol is None else rtol
        tol = np.max(s, axis=-1, keepdims=True, initial=0) * np.expand_dims(factor, -1)
    else:
        tol = np.expand_dims(tol, -1)
    return np.count_nonzero(s > tol, axis=-1)
