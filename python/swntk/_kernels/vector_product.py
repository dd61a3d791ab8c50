"""Products of the empirical tangent kernel with vectors, without the kernel."""

from __future__ import annotations

from .._transforms.pushforward import Pushforward
from .._transforms.reverse import vjp
from .splitting import given, split_kwargs


def empirical_ntk_vp_fn(f, x1, x2, params, **kwargs):
    """Make a function that multiplies the empirical tangent kernel with a vector.

    Parameters
    ----------
    f : callable
        `f(params, x, **kwargs)`; the result is an array or a tree of arrays.
    x1, x2 : tree of numpy.ndarray
        `x2=None` means x1.
    params : tree of numpy.ndarray
    **kwargs
        As for the function that `empirical_ntk_fn` returns.

    Returns
    -------
    callable
        `vp(v) = J(x1) J(x2)ᵀ v`, with v of the structure, shapes and element types of
        `f(params, x2)` and the result of those of `f(params, x1)`. It costs a reverse and a forward
        pass; what both need of `f` is computed here, once.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Later, if v does not fit `f(params, x2)`.
    UnsupportedError, TracingError
        If `f` does what cannot be traced.

    Notes
    -----
    As `neural_tangents.empirical_ntk_vp_fn`: divided by nothing, and where f has several outputs
    J is that of all of them.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> f = lambda w, x: x @ w
    >>> vp = swntk.empirical_ntk_vp_fn(f, np.eye(3), None, np.ones((3, 2)))
    >>> print(vp(np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])).tolist())
    [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    """
    x2 = given(x1, x2)
    kwargs1, kwargs2 = split_kwargs(kwargs, x1, x2)
    pushforward = Pushforward(lambda params: f(params, x1, **kwargs1), params)
    if x2 is None:
        x2, kwargs2 = x1, kwargs1
    _, pullback = vjp(lambda params: f(params, x2, **kwargs2), params)
    return lambda v: pushforward(*pullback(v))
