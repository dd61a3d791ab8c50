"""Taylor expansions of a function in its parameters."""

from __future__ import annotations

import math

from .. import tree
from .._arguments import from_leaf, to_own
from .._errors import ArgumentError
from .._trace_function import execute, trace_call
from .binding import Bound, tangent_operand


def linearize(f, params):
    """Make the first-order Taylor expansion of a function in its parameters.

    Parameters
    ----------
    f : callable
        `f(params, *args, **kwargs)`.
    params : tree of numpy.ndarray
        Where to expand.

    Returns
    -------
    callable
        `f_lin(p, *args, **kwargs) = f(params, ...) + J(params, ...) (p - params)`; outputs that
        are not floating are those of `params`.

    Raises
    ------
    ArgumentError, ShapeError, DTypeError
        Later, if `p` does not fit `params`.

    Notes
    -----
    As `neural_tangents.linearize`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> f_lin = swntk.linearize(lambda w, x: w ** 2 * x, np.array(3.0))
    >>> print(f_lin(np.array(4.0), 1.0))
    15.0
    """
    return taylor_expand(f, params, 1)


def taylor_expand(f, params, degree):
    """Make the Taylor expansion of a function in its parameters.

    Parameters
    ----------
    f : callable
        `f(params, *args, **kwargs)`.
    params : tree of numpy.ndarray
        Where to expand.
    degree : int
        The highest derivative, 0 or more.

    Returns
    -------
    callable
        `f_taylor(p, *args, **kwargs)`, the sum over k up to `degree` of the k-th derivative of
        f at `params` along `p - params`, by k!; outputs that are not floating are those of
        `params`.

    Raises
    ------
    ArgumentError
        If `degree` is no integer, or negative; later, if `p` does not fit `params`.
    ShapeError, DTypeError
        Later, if `p` does not fit `params`.

    Notes
    -----
    As `neural_tangents.taylor_expand`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> f_taylor = swntk.taylor_expand(lambda w, x: w ** 3 * x, np.array(1.0), 2)
    >>> print(f_taylor(np.array(2.0), 1.0))
    7.0
    """
    if not hasattr(degree, "__index__") or degree.__index__() < 0:
        raise ArgumentError(f"degree must be an integer that is not negative, got {degree!r}")
    degree = degree.__index__()

    def f_taylor(p, *args, **kwargs):
        step = tree.map(lambda old, new: new - old, params, p)
        return _expanded(lambda params: f(params, *args, **kwargs), params, step, degree)

    return f_taylor


def _expanded(f, params, step, degree: int):
    """Return the sum of f's derivatives along a direction, each by the factorial of its order.

    Each is the derivative of the one before. Between them the program is simplified, which merges
    what they share: it grows by a power of the degree, not exponentially.
    """
    bound = Bound(f, (params,), {})
    traced = bound.trace()
    count, types = len(bound.arguments), traced.program.output_types
    active = [i for i, a in enumerate(bound.arguments) if a.floating]
    moving = [i for i, t in enumerate(types) if t.dtype.kind == "f"]
    given = tree.flatten_up_to(bound.trees[0], step, "the step")
    directions = [
        tangent_operand(given[i], a.shape, a.dtype, a.own, f"the step of {a.name}")
        for i, a in ((i, bound.arguments[i]) for i in active)
    ]
    arguments = [*bound.arguments, *(from_leaf(d, "the step") for d in directions)]

    def derived(program, captured, width):
        """The outputs of a program, and the derivatives of its last moving ones."""
        tangents = program.jvp(active)

        def call(tracers):
            found = execute(tangents, [*tracers[:width], *tracers[count:], *captured])
            last = found[len(program.output_types) :][-len(moving) :] if moving else []
            return [*found[: len(program.output_types)], *last]

        return trace_call(f, arguments, call)

    program, captured, width = traced.program, traced.captured, count
    for _ in range(degree):
        level = derived(program, captured, width)
        program, captured, width = level.program.simplify(), level.captured, len(arguments)
    arrays = [a.array for a in arguments[:width]]
    results = execute(program, [*arrays, *captured])
    sums = results[: len(types)]
    for order in range(1, degree + 1):
        start = len(types) + (order - 1) * len(moving)
        for i, term in zip(moving, results[start:]):
            sums[i] = sums[i] + term / math.factorial(order)
    return tree.unflatten(traced.out_tree, [to_own(y, bound.half) for y in sums])
