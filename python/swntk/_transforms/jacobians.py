"""Jacobians and Hessians."""

from __future__ import annotations

import functools

from .. import tree
from .._arguments import function_name, to_own
from .._errors import DTypeError
from .._ffi.structs import JACOBIAN_AUTO, JACOBIAN_FORWARD, JACOBIAN_REVERSE
from .binding import Bound, active_of, positions, run_with_captured


def _jacobian(f, argnums, has_aux, mode, what):
    @functools.wraps(f, updated=())
    def derivative(*args, **kwargs):
        numbers = positions(argnums, len(args))
        bound = Bound(f, args, kwargs, every=set(numbers))
        active = active_of(bound, numbers, what)
        traced = bound.trace(has_aux=has_aux, aux_apart=has_aux)
        types = traced.program.output_types
        for path, (_, dtype) in zip(tree.paths(traced.out_tree, "result"), types):
            if dtype.kind != "f":
                raise DTypeError(
                    f"{what} of {function_name(f)}: its output {path} is {dtype}, expected floating"
                )
        program = traced.program.jacobian(active, mode)
        results = run_with_captured(program, bound.arrays, traced)[len(types) :]
        width = len(active)
        rows = []
        for o in range(len(types)):
            found = dict(zip(active, results[o * width : (o + 1) * width]))
            parts = [
                tree.unflatten(
                    bound.trees[n],
                    [to_own(found[i], bound.arguments[i].own) for i in bound.spans[n]],
                )
                for n in numbers
            ]
            rows.append(parts[0] if hasattr(argnums, "__index__") else tuple(parts))
        jacobians = tree.unflatten(traced.out_tree, rows)
        if not has_aux:
            return jacobians
        extra = run_with_captured(traced.aux_program, bound.arrays, traced)
        half = bound.half
        return jacobians, tree.unflatten(traced.aux_tree, [to_own(x, half) for x in extra])

    return derivative


_DOC = """Make a function that computes a Jacobian{how}.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; returns floating arrays.
    argnums : int or sequence of int
        Which positional arguments to differentiate by.
    has_aux : bool
        Whether `f` returns a pair `(out, aux)` of which `aux` is not differentiated.

    Returns
    -------
    callable
        Of f's arguments; returns a tree of the structure of f's result, with in place of each
        array of shape `out` a tree of the structure of the argument, of arrays of shape `out +
        in`. With `has_aux` a pair of that and `aux`.

    Raises
    ------
    DTypeError
        Later, if an argument to differentiate by or an output is not floating.
    TracingError, UnsupportedError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `jax.{name}`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> A = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> J = swntk.{name}(lambda x: A @ x ** 2)(np.array([1.0, 0.5]))
    >>> print(J.tolist())
    [[2.0, 2.0], [6.0, 4.0]]
    """


def jacobian(f, argnums=0, has_aux: bool = False):
    return _jacobian(f, argnums, has_aux, JACOBIAN_AUTO, "the Jacobian")


def jacfwd(f, argnums=0, has_aux: bool = False):
    return _jacobian(f, argnums, has_aux, JACOBIAN_FORWARD, "the Jacobian")


def jacrev(f, argnums=0, has_aux: bool = False):
    return _jacobian(f, argnums, has_aux, JACOBIAN_REVERSE, "the Jacobian")


jacobian.__doc__ = _DOC.format(
    name="jacobian", how=", in the direction that the sizes make cheaper"
).replace("As `jax.jacobian`.", "As `jax.jacrev`; the direction differs.")
jacfwd.__doc__ = _DOC.format(name="jacfwd", how=" column by column, in forward mode")
jacrev.__doc__ = _DOC.format(name="jacrev", how=" row by row, in reverse mode")


def hessian(f, argnums=0, has_aux: bool = False):
    """Make a function that computes a Hessian: `jacfwd(jacrev(f))`.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; returns floating arrays, most often a scalar.
    argnums : int or sequence of int
        Which positional arguments to differentiate by.
    has_aux : bool
        Whether `f` returns a pair `(out, aux)` of which `aux` is not differentiated.

    Returns
    -------
    callable
        Of f's arguments; returns a tree as `jacrev` does, of trees of arrays of shape `out + in +
        in`.

    Raises
    ------
    DTypeError, TracingError, UnsupportedError
        Later, as `jacrev`.

    Notes
    -----
    As `jax.hessian`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 3.0])).tolist())
    [[6.0, 2.0], [2.0, 0.0]]
    """
    return jacfwd(jacrev(f, argnums, has_aux), argnums, has_aux)
