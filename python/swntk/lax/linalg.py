"""Factorizations and systems of equations, as `jax.lax.linalg`; matrices in the last two axes.

A matrix that has no factorization gives NaN.
"""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ShapeError
from .._numpy.matrices import apply, matrices, matrix, one, transposed
from .._tracing.location import place, unsupported

__all__ = ["cholesky", "eigh", "householder_product", "lu", "qr", "svd", "triangular_solve"]


def _symmetrized(x):
    return (x + transposed(x)) / 2


@eager
def cholesky(x, *, symmetrize_input=True):
    """Factorize symmetric matrices A = L Lᵀ.

    Parameters
    ----------
    x : array [..., n, n]
    symmetrize_input : bool
        Take the symmetric part; else the lower triangle is read.

    Returns
    -------
    array [..., n, n]
        The lower triangle L; NaN where A is not positive definite.

    Raises
    ------
    ShapeError
        If there are no square matrices.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.linalg.cholesky(np.array([[4.0, 2.0], [2.0, 5.0]])))
    [[2. 0.]
     [1. 2.]]
    """
    x = matrix(x, square=True)
    return one("cholesky", _symmetrized(x) if symmetrize_input else x)


@eager
def eigh(x, *, lower=True, symmetrize_input=True, sort_eigenvalues=True):
    """Find eigenvectors and eigenvalues of symmetric matrices.

    Parameters
    ----------
    x : array [..., n, n]
    lower : bool
        Which triangle is read, if `symmetrize_input` is False.
    symmetrize_input : bool
        Take the symmetric part.
    sort_eigenvalues : bool
        They are in ascending order anyway.

    Returns
    -------
    v : array [..., n, n]
        Eigenvectors, as columns.
    w : array [..., n]
        Eigenvalues.

    Raises
    ------
    ShapeError
        If there are no square matrices.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> v, w = swntk.lax.linalg.eigh(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> print(w)
    [1. 3.]
    """
    x = matrix(x, square=True)
    x = _symmetrized(x) if symmetrize_input else x
    return tuple(
        apply("eigh", [x], 2, lower=bool(lower), sort_eigenvalues=bool(sort_eigenvalues))
    )


@eager
def lu(x):
    """Factorize matrices P A = L U with partial pivoting.

    Parameters
    ----------
    x : array [..., m, n]

    Returns
    -------
    lu : array [..., m, n]
        L without its diagonal of ones, and U.
    pivots : int32 array [..., min(m, n)]
        The row that each step exchanged with its own.
    permutation : int32 array [..., m]
        The order of the rows: ``x[permutation]`` is L U.

    Raises
    ------
    ShapeError
        If there are no matrices.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> lu, pivots, permutation = swntk.lax.linalg.lu(np.array([[1.0, 2.0], [2.0, 6.0]]))
    >>> print(lu, pivots, permutation)
    [[ 2.   6. ]
     [ 0.5 -1. ]] [1 1] [1 0]
    """
    return tuple(apply("lu", [matrix(x)], 3))


@eager
def qr(x, *, pivoting=False, full_matrices=True):
    """Factorize matrices A = Q R.

    Parameters
    ----------
    x : array [..., m, n]
    pivoting : bool
        True is not supported.
    full_matrices : bool
        Whether Q is square. Of tall matrices only the other form has a derivative.

    Returns
    -------
    q : array [..., m, m] or [..., m, min(m, n)]
    r : array [..., m, n] or [..., min(m, n), n]

    Raises
    ------
    ShapeError
        If there are no matrices.
    UnsupportedError
        If `pivoting` is True.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> q, r = swntk.lax.linalg.qr(np.array([[3.0, 1.0], [4.0, 2.0]]))
    >>> print(np.abs(r).round(3))
    [[5.  2.2]
     [0.  0.4]]
    """
    if pivoting:
        raise unsupported("lax.linalg.qr with pivoting=True is not supported", "pivoting=False")
    x = matrix(x)
    full = bool(full_matrices) and x.shape[-2] > x.shape[-1]
    return tuple(apply("qr", [x], 2, full_matrices=full))


@eager
def svd(x, *, full_matrices=True, compute_uv=True):
    """Find singular values and vectors: A = U diag(s) Vᵀ.

    Parameters
    ----------
    x : array [..., m, n]
    full_matrices : bool
        Whether U and Vᵀ are square. Where m and n differ only the other form has a derivative.
    compute_uv : bool

    Returns
    -------
    (u, s, vt) or s
        Singular values in descending order.

    Raises
    ------
    ShapeError
        If there are no matrices.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> u, s, vt = swntk.lax.linalg.svd(np.array([[0.0, 3.0], [4.0, 0.0]]))
    >>> print(s)
    [4. 3.]
    """
    x = matrix(x)
    if not compute_uv:
        return one("svd", x, full_matrices=False, compute_uv=False)
    full = bool(full_matrices) and x.shape[-2] != x.shape[-1]
    s, u, vt = apply("svd", [x], 3, full_matrices=full)
    return u, s, vt


@eager
def triangular_solve(
    a,
    b,
    *,
    left_side=False,
    lower=False,
    transpose_a=False,
    conjugate_a=False,
    unit_diagonal=False,
):
    """Solve op(A) X = B, or X op(A) = B, with triangular A.

    Parameters
    ----------
    a : array [..., n, n]
        Only the one triangle is read.
    b : array [..., n, k], or [..., k, n] if A stands to the right
        Of the same leading axes.
    left_side : bool
        Whether op(A) stands to the left of X.
    lower : bool
        Which triangle.
    transpose_a : bool
        Whether op(A) is Aᵀ.
    conjugate_a : bool
        No difference: A is real.
    unit_diagonal : bool
        Take A's diagonal to be 1 without reading it.

    Returns
    -------
    array
        X, of b's shape; not finite where A is singular.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> a = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> print(swntk.lax.linalg.triangular_solve(a, np.array([[2.0], [9.0]]), left_side=True,
    ...                                         lower=True))
    [[1.]
     [2.]]
    """
    x, y = matrices(matrix(a, square=True), matrix(b))
    return one(
        "triangular_solve",
        x,
        y,
        left_side=bool(left_side),
        lower=bool(lower),
        transpose_a=bool(transpose_a),
        unit_diagonal=bool(unit_diagonal),
    )


@eager
def householder_product(a, taus):
    """Multiply the reflections I - tau v vᵀ of LAPACK's geqrf.

    Parameters
    ----------
    a : array [..., m, n]
        Below its diagonal, the vectors v: each is 1 on the diagonal and 0 above.
    taus : array [..., k]
        k at most n, n at most m.

    Returns
    -------
    array [..., m, n]
        The first n columns of the product.

    Raises
    ------
    ShapeError
        If shapes do not fit.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.linalg.householder_product(np.array([[5.0], [1.0]]), np.array([1.0])))
    [[ 0.]
     [-1.]]
    """
    x, factors = matrices(matrix(a), taus)
    m, n = x.shape[-2:]
    if factors.shape[:-1] != x.shape[:-2] or not factors.shape[-1] <= n <= m:
        raise ShapeError(
            f"householder_product: matrices of shape {x.shape} and factors of shape "
            f"{factors.shape}{place()}"
        )
    vectors = np.where(np.tri(m, n, -1, dtype=bool), x, np.eye(m, n, dtype=x.dtype))
    result = np.broadcast_to(np.eye(m, n, dtype=x.dtype), x.shape) + np.zeros_like(x)
    for i in reversed(range(factors.shape[-1])):
        v = vectors[..., :, i : i + 1]
        result = result - factors[..., None, i : i + 1] * (v @ (transposed(v) @ result))
    return result
