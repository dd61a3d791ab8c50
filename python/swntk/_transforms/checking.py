"""Comparison of derivatives with central differences."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._errors import ArgumentError
from .forward import jvp
from .reverse import vjp

_TOLERANCE = {np.dtype(np.float32): 5e-3, np.dtype(np.float64): 1e-6}


def check_grads(f, args, order: int, modes=("fwd", "rev"), atol=None, rtol=None, eps=None) -> None:
    """Check a function's derivatives against central differences in random directions.

    Parameters
    ----------
    f : callable
        Of floating arrays or trees of them.
    args : tuple
        Where to check.
    order : int
        Up to which derivative.
    modes : sequence of {"fwd", "rev"}
    atol, rtol : float, optional
        Defaults: 5e-3 in float32, 1e-6 in float64.
    eps : float, optional
        Step of the differences.

    Raises
    ------
    AssertionError
        If a derivative differs.
    ArgumentError
        If a mode is unknown.

    Notes
    -----
    As `jax.test_util.check_grads`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.check_grads(lambda x: np.tanh(x) ** 2, (np.array([0.3, -1.0]),), order=2)
    """
    modes = (modes,) if isinstance(modes, str) else tuple(modes)
    if not set(modes) <= {"fwd", "rev"}:
        raise ArgumentError(f"modes must be among 'fwd' and 'rev', got {modes}")
    _check(f, tuple(args), order, modes, atol, rtol, eps, np.random.default_rng(0))


def _random_like(x, rng):
    x = np.asarray(x)
    return rng.standard_normal(x.shape).astype(x.dtype)


def _check(f, args, order, modes, atol, rtol, eps, rng):
    if order == 0:
        return
    args = tree.map(np.asarray, args)
    direction = tree.map(lambda x: _random_like(x, rng), args)
    kinds = {x.dtype for x in tree.leaves(args)}
    loosest = max((_TOLERANCE.get(k, 1e-6) for k in kinds), default=1e-6)
    absolute = loosest if atol is None else atol
    relative = loosest if rtol is None else rtol
    step = eps if eps is not None else 1e-4 if loosest < 1e-4 else 1e-2

    def moved(scale):
        shifted = tree.map(lambda x, v: x + (scale * v).astype(x.dtype), args, direction)
        return tree.leaves(f(*shifted))

    differences = [
        (np.asarray(a, np.float64) - np.asarray(b, np.float64)) / (2 * step)
        for a, b in zip(moved(step), moved(-step))
    ]
    if "fwd" in modes:
        _, tangent = jvp(f, args, direction)
        for got, expected in zip(tree.leaves(tangent), differences):
            np.testing.assert_allclose(got, expected, relative, absolute, err_msg="jvp")
        _check(lambda *xs: jvp(f, xs, direction)[1], args, order - 1, modes, atol, rtol, eps, rng)
    if "rev" in modes:
        out, pullback = vjp(f, *args)
        weights = tree.map(lambda y: _random_like(y, rng), out)
        back = pullback(weights)
        left = sum(np.vdot(w, d) for w, d in zip(tree.leaves(weights), differences))
        right = sum(
            np.vdot(np.asarray(b, np.float64), v)
            for b, v in zip(tree.leaves(back), tree.leaves(direction))
        )
        np.testing.assert_allclose(right, left, relative, absolute, err_msg="vjp")
        _check(lambda *xs: vjp(f, *xs)[1](weights), args, order - 1, modes, atol, rtol, eps, rng)
