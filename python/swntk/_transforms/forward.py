"""Forward mode."""

from __future__ import annotations

from .. import tree
from .._arguments import to_own
from .._errors import ArgumentError
from .binding import Bound, results_of, run_with_captured, tangent_operand, zeros0


def jvp(f, primals, tangents, has_aux: bool = False):
    """Compute a function's value and its derivative along a direction.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; returns the like.
    primals : tuple or list
        The arguments at which to differentiate.
    tangents : tuple or list
        The direction, of the structure, shapes and element types of `primals`; float0 for integers.
    has_aux : bool
        Whether `f` returns a pair `(out, aux)` of which `aux` is not differentiated.

    Returns
    -------
    out : tree
        `f(*primals)`.
    out_tangent : tree
        The derivative, of the structure of `out`; float0 for integer outputs.
    aux : tree
        Only with `has_aux`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        If tangents do not fit the primals.
    TracingError, UnsupportedError
        If `f` does what cannot be traced.

    Notes
    -----
    As `jax.jvp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> y, dy = swntk.jvp(lambda x: x ** 2, (np.array([1.0, 3.0]),), (np.array([1.0, 0.5]),))
    >>> print(y, dy)
    [1. 9.] [2. 3.]
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ArgumentError(
            f"primals and tangents must be tuples or lists, got {type(primals).__name__} and "
            f"{type(tangents).__name__}"
        )
    if len(primals) != len(tangents):
        raise ArgumentError(f"{len(primals)} primals but {len(tangents)} tangents")
    bound = Bound(f, tuple(primals), {})
    given = [
        leaf
        for i, (treedef, t) in enumerate(zip(bound.trees, tangents))
        for leaf in tree.flatten_up_to(treedef, t, f"tangents[{i}]")
    ]
    directions = [
        tangent_operand(t, a.shape, a.dtype, a.own, f"the tangent of {a.name}")
        for t, a in zip(given, bound.arguments)
    ]
    traced = bound.trace(has_aux=has_aux)
    active = [i for i, a in enumerate(bound.arguments) if a.floating]
    program = traced.program.jvp(active)
    results = run_with_captured(program, [*bound.arrays, *(directions[i] for i in active)], traced)
    out, aux = results_of(traced, bound, results)
    types = traced.program.output_types
    moved = iter(results[len(types) :])
    half = bound.half
    out_tangents = [
        to_own(next(moved), half) if dtype.kind == "f" else zeros0(shape)
        for shape, dtype in types[: traced.out_count]
    ]
    out_tangent = tree.unflatten(traced.out_tree, out_tangents)
    return (out, out_tangent, aux) if has_aux else (out, out_tangent)
