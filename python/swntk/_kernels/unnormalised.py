"""The earlier, unnormalised forms of the empirical kernel."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._errors import ArgumentError
from .empirical import NtkImplementation, _NtkFunction


def empirical_direct_ntk_fn(f):
    """Make a function that computes the empirical kernel from explicit Jacobians.

    Parameters
    ----------
    f : callable
        `f(params, x, rng=None, **kwargs)`.

    Returns
    -------
    callable
        `ntk_fn(x1, x2, params, keys=None, **kwargs) -> [n1, n2] + out + out`, not divided by
        anything. `keys` is None, one key for both sides, or a pair of keys (also a uint32[2, 2]
        array), passed to `f` as `rng`.

    Raises
    ------
    ArgumentError
        Later, if `keys` is something else.
    NTKError
        Later, as `empirical_ntk_fn`.

    Notes
    -----
    As in neural-tangents before 0.3.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ntk_fn = swntk.empirical_direct_ntk_fn(lambda w, x: x @ w)
    >>> ntk_fn(np.ones((2, 3)), np.ones((4, 3)), np.ones((3, 5))).shape
    (2, 4, 5, 5)
    """
    return _unnormalised(f, NtkImplementation.JACOBIAN_CONTRACTION)


def empirical_implicit_ntk_fn(f):
    """Make a function that computes the empirical kernel by tangent-kernel-vector products.

    Parameters
    ----------
    f : callable
        `f(params, x, rng=None, **kwargs)`.

    Returns
    -------
    callable
        As that of `empirical_direct_ntk_fn`; the same numbers.

    Raises
    ------
    ArgumentError
        Later, if `keys` is neither None nor one or two keys.
    NTKError
        Later, as `empirical_ntk_fn`.

    Notes
    -----
    As in neural-tangents before 0.3.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ntk_fn = swntk.empirical_implicit_ntk_fn(lambda w, x: x @ w)
    >>> ntk_fn(np.ones((2, 3)), None, np.ones((3, 5))).shape
    (2, 2, 5, 5)
    """
    return _unnormalised(f, NtkImplementation.NTK_VECTOR_PRODUCTS)


def _unnormalised(f, implementation):
    kernel = _NtkFunction(f, None, (), (), None, implementation, False, None, None)

    def ntk_fn(x1, x2, params, keys=None, **kwargs):
        if keys is not None:
            if "rng" in kwargs:
                raise ArgumentError("keys and rng are both given: f takes the keys as rng")
            kwargs["rng"] = _pair(keys)
        return tree.map(_outputs_last, kernel(x1, x2, params, **kwargs))

    return ntk_fn


def _pair(keys) -> tuple:
    """Return a key for each side."""
    if isinstance(keys, (tuple, list)) and len(keys) == 2 and all(map(_is_key, keys)):
        return tuple(keys)
    if _is_key(keys):
        return keys, keys
    if _has(keys, (2, 2)):
        return keys[0], keys[1]
    got = getattr(keys, "shape", None)
    raise ArgumentError(
        "keys must be None, one key (uint32[2]) or two (a pair of them, or uint32[2, 2]), got "
        + (repr(keys) if got is None else f"shape {tuple(got)} and dtype {keys.dtype}")
    )


def _is_key(x) -> bool:
    return _has(x, (2,))


def _has(x, shape) -> bool:
    if not hasattr(x, "shape") or not hasattr(x, "dtype"):
        return False
    return tuple(x.shape) == shape and str(x.dtype).rpartition(".")[2] == "uint32"


def _outputs_last(theta):
    """(n1, n2, o, o', p, p') to (n1, n2, o, p, o', p')."""
    rank = len(theta.shape)
    return np.transpose(theta, [0, 1, *range(2, rank, 2), *range(3, rank, 2)])
