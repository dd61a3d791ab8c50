"""Reverse mode: a pullback that may be called many times."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import to_own
from .._trace_function import execute, is_traced
from .._tracing import emit
from .._tracing.trace import current
from .binding import Bound, results_of, run_with_captured, tangent_operand, zeros0


def vjp(f, *primals, has_aux: bool = False):
    """Compute a function's value and its pullback.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; returns the like.
    *primals
        The arguments at which to differentiate.
    has_aux : bool
        Whether `f` returns a pair `(out, aux)` of which `aux` is not differentiated.

    Returns
    -------
    out : tree
        `f(*primals)`.
    pullback : callable
        `pullback(cotangent) -> (cotangent of each primal, ...)`; `cotangent` has the structure,
        shapes and element types of `out` (float0 for integers), each result those of its primal
        (float0 for integers). It keeps what it needs of the forward pass, may be called many times
        and from several threads.
    aux : tree
        Only with `has_aux`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If an argument, or later a cotangent, does not fit.
    TracingError, UnsupportedError
        If `f` does what cannot be traced.

    Notes
    -----
    As `jax.vjp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> y, pullback = swntk.vjp(lambda w, x: w @ x, np.eye(2), np.array([1.0, 2.0]))
    >>> w_bar, x_bar = pullback(np.array([1.0, 0.0]))
    >>> print(w_bar.tolist(), x_bar)
    [[1.0, 2.0], [0.0, 0.0]] [1. 0.]
    """
    bound = Bound(f, primals, {})
    traced = bound.trace(has_aux=has_aux)
    active = [i for i, a in enumerate(bound.arguments) if a.floating]
    forward, backward = traced.program.vjp(active)
    results = run_with_captured(forward, bound.arrays, traced)
    types = traced.program.output_types
    out, aux = results_of(traced, bound, results)
    pullback = _Pullback(bound, traced, active, backward, results[len(types) :])
    return (out, pullback, aux) if has_aux else (out, pullback)


class _Pullback:
    """What `vjp` returns: cotangents of outputs to cotangents of primals."""

    def __init__(self, bound, traced, active, backward, residuals):
        self._trees = bound.trees
        self._spans = bound.spans
        self._inputs = [(a.shape, a.own, a.floating) for a in bound.arguments]
        self._active = active
        self._half = bound.half
        self._out_tree = traced.out_tree
        self._types = traced.program.output_types
        self._out_count = traced.out_count
        self._backward = backward
        self._residuals = residuals

    def __call__(self, cotangent):
        leaves = tree.flatten_up_to(self._out_tree, cotangent, "the cotangent")
        names = tree.paths(self._out_tree, "the cotangent")
        operands = []
        for leaf, (shape, dtype), name in zip(leaves, self._types, names):
            own = self._half if self._half is not None and dtype.kind == "f" else dtype
            given = tangent_operand(leaf, shape, dtype, own, name)
            if given is not None:
                operands.append(given)
        known = [*self._residuals, *operands]
        traced = is_traced(known)
        for shape, dtype in self._types[self._out_count :]:
            if dtype.kind == "f":  # an auxiliary output: nothing flows back from it
                known.append(_zeros(shape, dtype, traced))
        results = execute(self._backward, known)
        found = dict(zip(self._active, results))
        parts = []
        for treedef, span in zip(self._trees, self._spans):
            leaves = []
            for i in span:
                shape, own, floating = self._inputs[i]
                leaves.append(to_own(found[i], own) if floating else zeros0(shape))
            parts.append(tree.unflatten(treedef, leaves))
        return tuple(parts)


def _zeros(shape, dtype, traced):
    if traced and current() is not None:
        return emit.full(shape, 0, dtype)
    return np.broadcast_to(np.zeros((), dtype), shape)
