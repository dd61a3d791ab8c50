"""Gradients of scalar functions."""

from __future__ import annotations

import functools

from .. import tree
from .._arguments import function_name, to_own
from .._errors import DTypeError, ShapeError
from .binding import Bound, active_of, positions, results_of, run_with_captured
from .compose import gradient_program


class NotScalarError(ShapeError, TypeError):
    """A gradient of what is not a scalar; JAX raises a TypeError."""


def value_and_grad(f, argnums=0, has_aux: bool = False):
    """Make a function that computes a scalar function's value and gradient in one pass.

    Parameters
    ----------
    f : callable
        Returns a floating scalar, or with `has_aux` a pair `(scalar, aux)`.
    argnums : int or sequence of int
        Which positional arguments to differentiate by; they may be trees.
    has_aux : bool
        Whether `f` returns auxiliary data beside the scalar.

    Returns
    -------
    callable
        Of f's arguments; returns `(value, gradient)`, or `((value, aux), gradient)`. The gradient
        has the structure of the argument, or is a tuple if `argnums` is a sequence. Arguments that
        are not differentiated are traced where they are arrays, and reach `f` unchanged otherwise.

    Raises
    ------
    ShapeError
        Later, if the value is not a scalar (it is also a TypeError, as in JAX).
    DTypeError
        Later, if an argument to differentiate by, or the value, is not floating.
    TracingError, UnsupportedError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `jax.value_and_grad`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> value, g = swntk.value_and_grad(lambda w: np.sum(w ** 2))(np.array([1.0, 2.0]))
    >>> print(value, g)
    5.0 [2. 4.]
    """

    @functools.wraps(f, updated=())
    def gradient(*args, **kwargs):
        numbers = positions(argnums, len(args))
        bound = Bound(f, args, kwargs, every=set(numbers))
        active = active_of(bound, numbers, "the gradient")
        traced = bound.trace(has_aux=has_aux)
        types = traced.program.output_types[: traced.out_count]
        if len(types) != 1 or types[0].shape:
            shown = ", ".join(str(list(t.shape)) for t in types)
            raise NotScalarError(
                f"gradient only defined for scalar-output functions; {function_name(f)} returned "
                f"{len(types)} array(s) of shape {shown}; take a sum or a mean, or use jacobian "
                "or vjp"
            )
        if types[0].dtype.kind != "f":
            raise DTypeError(
                f"gradient only defined for floating outputs; {function_name(f)} returned "
                f"{types[0].dtype}"
            )
        program = gradient_program(traced.program, active)
        results = run_with_captured(program, bound.arrays, traced)
        value, aux = results_of(traced, bound, results)
        found = dict(zip(active, results[len(traced.program.output_types) :]))
        parts = [
            tree.unflatten(
                bound.trees[n], [to_own(found[i], bound.arguments[i].own) for i in bound.spans[n]]
            )
            for n in numbers
        ]
        gradients = parts[0] if hasattr(argnums, "__index__") else tuple(parts)
        return ((value, aux), gradients) if has_aux else (value, gradients)

    return gradient


def grad(f, argnums=0, has_aux: bool = False):
    """Make a function that computes a scalar function's gradient.

    Parameters
    ----------
    f : callable
        Returns a floating scalar, or with `has_aux` a pair `(scalar, aux)`.
    argnums : int or sequence of int
        Which positional arguments to differentiate by; they may be trees.
    has_aux : bool
        Whether `f` returns auxiliary data beside the scalar.

    Returns
    -------
    callable
        Of f's arguments; returns the gradient, or `(gradient, aux)`.

    Raises
    ------
    ShapeError, DTypeError, TracingError, UnsupportedError
        Later, as `value_and_grad`.

    Notes
    -----
    As `jax.grad`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.grad(lambda x: np.tanh(x) ** 2)(0.0))
    0.0
    >>> print(swntk.grad(swntk.grad(lambda x: x ** 3))(2.0))
    12.0
    """
    both = value_and_grad(f, argnums, has_aux)

    @functools.wraps(f, updated=())
    def gradient(*args, **kwargs):
        value, gradients = both(*args, **kwargs)
        return (gradients, value[1]) if has_aux else gradients

    return gradient
