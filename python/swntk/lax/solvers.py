"""Solvers whose derivatives follow from the equation, not from the steps that solve it."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import from_leaf, function_name
from .._bodies import inside
from .._custom.calling import RuleError, of_type
from .._eager import eager
from .._errors import DTypeError
from .._trace_function import execute, trace_call
from .._tracing.location import place
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .._transforms.binding import Bound, run_with_captured, tangent_operand
from .loops import _as_carry, _widen


class _Unknowns:
    """The unknowns of an equation: a tree of floating arrays."""

    def __init__(self, given, what: str):
        leaves, self.tree = tree.flatten(given)
        self.leaves = [from_leaf(x, path) for x, path in zip(leaves, tree.paths(self.tree, what))]
        for x in self.leaves:
            if x.weak and not x.floating:
                x.dtype = x.own = np.dtype(np.float64)
            if not x.floating:
                raise DTypeError(f"{x.name} has dtype {x.dtype}, expected floating{place()}")

    def residual(self, f, what: str):
        """Trace a function from unknowns to arrays of the same types."""
        for attempt in (0, 1):
            traced = trace_call(
                f,
                inside(self.leaves),
                lambda tracers: _as_carry(f(self.whole(tracers)), self.leaves, self.tree),
                captured_first=True,
            )
            if traced.out_tree != self.tree:
                raise RuleError(
                    f"{what}, {function_name(f)}, returned {traced.out_tree!r}, expected "
                    f"{self.tree!r}{place()}"
                )
            if not _widen(self.leaves, traced.program.output_types, attempt, what):
                return traced

    def solution(self, f, call, more=(), has_aux=False, what=""):
        """Trace a solver: `call(*trees)` returns the unknowns, or a pair of them and an aux."""
        count = len(self.leaves)

        def run(tracers):
            parts = [
                self.whole(tracers[i : i + count]) for i in range(0, len(tracers), max(count, 1))
            ]
            result = call(*(parts or [self.whole([])] * (1 + len(more))))
            aux = None
            if has_aux:
                if not isinstance(result, (tuple, list)) or len(result) != 2:
                    raise RuleError(f"{what} with has_aux=True must return a pair{place()}")
                result, aux = result
            leaves, treedef = tree.flatten(result)
            if treedef != self.tree:
                raise RuleError(
                    f"{what}, {function_name(f)}, returned {treedef!r}, expected {self.tree!r}"
                    f"{place()}"
                )
            paths = tree.paths(treedef, f"the result of {what}")
            found = [
                of_type(y, x.shape, x.dtype, path) for y, x, path in zip(leaves, self.leaves, paths)
            ]
            return found, aux

        arguments = inside(self.leaves) + [a for extra in more for a in inside(extra)]
        return trace_call(f, arguments, run, captured_first=True)

    def whole(self, leaves):
        return tree.unflatten(self.tree, leaves)

    def values(self) -> list:
        return [as_value(x.array, x.dtype) for x in self.leaves]


def _linearized(f, x):
    """Return the derivative of f at x as a function of a tangent."""
    bound = Bound(f, (x,), {})
    traced = bound.trace()
    active = list(range(len(bound.arguments)))
    known, linear = traced.program.linearize(active)
    results = run_with_captured(known, bound.arrays, traced)
    residuals = results[len(traced.program.output_types) :]

    def derivative(tangent):
        leaves = tree.flatten_up_to(bound.trees[0], tangent, "the tangent")
        given = [
            tangent_operand(t, a.shape, a.dtype, a.own, f"the tangent of {a.name}")
            for t, a in zip(leaves, bound.arguments)
        ]
        return tree.unflatten(traced.out_tree, execute(linear, [*residuals, *given]))

    return derivative


def _emit(name, bodies, operands, names, lengths):
    programs = [t.program.pointer for t in bodies]
    parameters = {key: Body(i) for i, key in enumerate(names)}
    parameters["const_lengths"] = lengths
    consts = [as_value(source) for t in bodies for source in t.captured]
    count = len(bodies[1].program.output_types)
    values = current().apply(
        name, [*consts, *operands], parameters_text(parameters), programs, count
    )
    return [Tracer.fresh(v) for v in values]


def _result(unknowns, solved, results, has_aux):
    count = len(unknowns.leaves)
    x = unknowns.whole(results[:count])
    if not has_aux:
        return x
    return x, tree.unflatten(solved.out_tree.children[1], results[count:])


@eager
def custom_root(f, initial_guess, solve, tangent_solve, has_aux=False):
    """Solve f(x) = 0, and differentiate by the implicit function theorem.

    Parameters
    ----------
    f : callable
        Of a tree of floating arrays; returns the like. What it closes over is what the root is
        differentiated by.
    initial_guess : tree
        The root has no derivative by it.
    solve : callable
        `solve(f, initial_guess)` returns the root.
    tangent_solve : callable
        `tangent_solve(g, y)` returns u with g(u) = y, where g is the derivative of f at the root;
        for a scalar `y / g(1.0)`, for a vector `np.linalg.solve(swntk.jacobian(g)(y), y)`. It must
        be linear in y.
    has_aux : bool
        Whether `solve` returns a pair of the root and something that has no derivative.

    Returns
    -------
    tree
        The root, of the structure of `initial_guess`; with `has_aux` a pair.

    Raises
    ------
    RuleError
        If a function returns another structure; a TypeError, as in JAX.
    ShapeError, DTypeError
        If one returns other types, or a guess is not floating.

    Notes
    -----
    As `jax.lax.custom_root`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> def newton(f, x):
    ...     return swntk.lax.fori_loop(0, 20, lambda _, x: x - f(x) / swntk.grad(f)(x), x)
    >>> def root(a):
    ...     return swntk.lax.custom_root(lambda x: x * x - a, a, newton, lambda g, y: y / g(1.0))
    >>> print(root(9.0), swntk.grad(root)(9.0))
    3.0 0.16666666666666666
    """
    unknowns = _Unknowns(initial_guess, "initial_guess")
    function = unknowns.residual(f, "f of custom_root")
    solved = unknowns.solution(
        solve, lambda guess: solve(f, guess), has_aux=has_aux, what="solve of custom_root"
    )
    tangent = unknowns.solution(
        tangent_solve,
        lambda x, y: tangent_solve(_linearized(f, x), y),
        more=[unknowns.leaves],
        what="tangent_solve of custom_root",
    )
    bodies = [function, solved, tangent]
    results = _emit(
        "custom_root",
        bodies,
        unknowns.values(),
        ("f", "solve", "tangent_solve"),
        [len(t.captured) for t in bodies],
    )
    return _result(unknowns, solved, results, has_aux)


@eager
def custom_linear_solve(matvec, b, solve, transpose_solve=None, symmetric=False, has_aux=False):
    """Solve matvec(x) = b for a linear function, with derivatives that are solves again.

    Parameters
    ----------
    matvec : callable
        Linear, of a tree of floating arrays; returns the like. What it closes over may be
        differentiated by.
    b : tree
    solve : callable
        `solve(matvec, b)` returns x.
    transpose_solve : callable, optional
        `transpose_solve(vecmat, b)` the same for the transpose; needed for reverse mode unless
        `symmetric`.
    symmetric : bool
        Whether `matvec` is its own transpose: `solve` serves both.
    has_aux : bool
        Whether the solvers return a pair of x and something that has no derivative.

    Returns
    -------
    tree
        x, of the structure of `b`; with `has_aux` a pair.

    Raises
    ------
    RuleError
        If a function returns another structure; a TypeError, as in JAX.
    ShapeError, DTypeError
        If one returns other types, or b is not floating.
    UnsupportedError
        Later, in reverse mode without `transpose_solve`.

    Notes
    -----
    As `jax.lax.custom_linear_solve`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> def solve(d, b):
    ...     return swntk.lax.custom_linear_solve(
    ...         lambda x: d * x, b, lambda mv, b: b / mv(np.ones_like(b)), symmetric=True)
    >>> g = swntk.grad(lambda d: np.sum(solve(d, np.array([1.0, 2.0]))))(np.array([1.0, 2.0]))
    >>> print(g)
    [-1.  -0.5]
    """
    unknowns = _Unknowns(b, "b")
    product = unknowns.residual(matvec, "matvec of custom_linear_solve")
    solved = unknowns.solution(
        solve, lambda b: solve(matvec, b), has_aux=has_aux, what="solve of custom_linear_solve"
    )
    bodies, names = [product, solved], ["matvec", "solve"]
    lengths = [len(product.captured), len(solved.captured), 0]
    if symmetric or transpose_solve is not None:
        other, inner = (solve, matvec) if symmetric else (transpose_solve, None)
        inner = inner or _transposed(product, unknowns)

        def back(b):
            x = other(inner, b)
            return x[0] if has_aux else x

        transposed = unknowns.solution(other, back, what="transpose_solve of custom_linear_solve")
        bodies.append(transposed)
        names.append("transpose_solve")
        lengths[2] = len(transposed.captured)
    results = _emit("custom_linear_solve", bodies, unknowns.values(), names, lengths)
    return _result(unknowns, solved, results, has_aux)


def _transposed(product, unknowns):
    """Return the transpose of a traced linear function."""
    first = len(product.captured)
    program = product.program.transpose(list(range(first, first + len(unknowns.leaves))))

    def vecmat(y):
        leaves = tree.flatten_up_to(unknowns.tree, y, "the argument of vecmat")
        given = [
            tangent_operand(leaf, x.shape, x.dtype, x.dtype, "the argument of vecmat")
            for leaf, x in zip(leaves, unknowns.leaves)
        ]
        return unknowns.whole(execute(program, [*product.captured, *given]))

    return vecmat
