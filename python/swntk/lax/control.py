"""Branches and loops that depend on traced numbers."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf, function_name
from .._bodies import merged, widened
from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError
from .._trace_function import trace_call
from .._tracing import emit
from .._tracing.dtypes import BOOL, I32, promote
from .._tracing.location import place
from .._tracing.operands import kind_of, operand, traced, value_of
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .loops import _as_carry, _widen

_NOTHING = object()


@eager
def cond(pred, true_fun, false_fun, *operands, operand=_NOTHING, linear=None):
    """Apply one of two functions, by a condition that may be traced.

    Parameters
    ----------
    pred : bool
        A scalar; a number counts as whether it is not 0.
    true_fun, false_fun : callable
        Of the operands; both return trees of one structure, shapes and element types. They may
        close over plain and traced arrays.
    *operands : tree
    operand : tree, optional
        The only operand.
    linear
        Accepted and ignored.

    Returns
    -------
    tree

    Raises
    ------
    ShapeError, DTypeError
        If `pred` is not a scalar, or what the functions return differs.
    ArgumentError
        If the structures of what they return differ.
    TracingError
        If one assigns to an array from outside.

    Notes
    -----
    As `jax.lax.cond`: both functions are traced, one runs. Mapped over `pred`, both run.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.cond(True, np.sin, np.cos, 0.0))
    0.0
    """
    if operand is not _NOTHING:
        operands = (operand,)
    for f, name in ((true_fun, "true_fun"), (false_fun, "false_fun")):
        if not callable(f):
            raise ArgumentError(f"cond: {name} must be a function, got {f!r}{place()}")
    index = value_of(pred)
    if index.shape:
        raise ShapeError(f"cond: pred must be a scalar, got shape {index.shape}{place()}")
    names = ("true_fun", "false_fun")
    return _choose(emit.convert(index, BOOL), (false_fun, true_fun), names[::-1], operands, "cond")


@eager
def switch(index, branches, *operands, operand=_NOTHING):
    """Apply one of several functions, by an index that may be traced.

    Parameters
    ----------
    index : int
        A scalar, moved to the nearest branch.
    branches : sequence of callable
        As the functions of `cond`.
    *operands : tree
    operand : tree, optional
        The only operand.

    Returns
    -------
    tree

    Raises
    ------
    ShapeError, DTypeError, ArgumentError, TracingError
        As `cond`; also if there is no branch, or the index is not an integer.

    Notes
    -----
    As `jax.lax.switch`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.switch(2, [np.sin, np.cos, np.exp], 0.0))
    1.0
    """
    if operand is not _NOTHING:
        operands = (operand,)
    branches = tuple(branches)
    if not branches or not all(map(callable, branches)):
        raise ArgumentError(f"switch needs at least one function, got {branches!r}{place()}")
    which = value_of(index)
    if which.shape:
        raise ShapeError(f"switch: index must be a scalar, got shape {which.shape}{place()}")
    if which.dtype.kind not in "iu":
        raise DTypeError(f"switch: index must be an integer, got {which.dtype}{place()}")
    if len(branches) == 1:
        return branches[0](*operands)
    if which.dtype.kind == "i":
        which = emit.emit("max", [which, emit.full((), 0, which.dtype)])
    if len(branches) - 1 <= np.iinfo(which.dtype).max:
        which = emit.emit("min", [which, emit.full((), len(branches) - 1, which.dtype)])
    names = [f"branch {i}" for i in range(len(branches))]
    return _choose(emit.convert(which, I32), branches, names, operands, "switch")


def _choose(index, branches, names, operands, what):
    leaves, treedef = tree.flatten(tuple(operands))
    given = [from_leaf(x, path) for x, path in zip(leaves, tree.paths(treedef, "operand"))]

    def call(f):
        return lambda tracers: f(*tree.unflatten(treedef, tracers))

    found = [
        trace_call(
            f,
            [Argument(x.name, None, x.shape, x.dtype, x.own, x.scalar, x.weak) for x in given],
            call(f),
            captured_first=True,
        )
        for f in branches
    ]
    first = found[0]
    for name, other in zip(names, found):
        if other.out_tree != first.out_tree:
            raise ArgumentError(
                f"{what}: {name} returned {other.out_tree!r}, {names[0]} {first.out_tree!r}; they "
                f"must have one structure{place()}"
            )
    types, weak = _common_types(found, names, what)
    sources, places = merged([t.captured for t in found])
    consts = [as_value(source) for source in sources]
    inputs = [(c.shape, c.dtype) for c in consts] + [(x.shape, x.dtype) for x in given]
    rest = range(len(consts), len(inputs))
    programs = [
        widened(t.program, [*own, *rest], inputs, types, f"{name} of {what}")
        for t, own, name in zip(found, places, names)
    ]
    values = current().apply(
        "cond",
        [index, *consts, *(as_value(x.array, x.dtype) for x in given)],
        parameters_text({"branches": [Body(i) for i in range(len(programs))]}),
        [p.pointer for p in programs],
        len(types),
    )
    results = [Tracer.fresh(v, weak=w) for v, w in zip(values, weak)]
    return tree.unflatten(first.out_tree, results)


def _common_types(found, names, what):
    """Return the type of each result; Python numbers take the type of the other branches'."""
    types, weak = [], []
    paths = tree.paths(found[0].out_tree, "result")
    for i, path in enumerate(paths):
        own = [t.program.output_types[i] for t in found]
        for name, (shape, _) in zip(names, own):
            if shape != own[0][0]:
                raise ShapeError(
                    f"{what}: {path} has shape {own[0][0]} in {names[0]} and {shape} in {name}"
                    f"{place()}"
                )
        strong = [dtype for (_, dtype), t in zip(own, found) if not t.weak[i]]
        kinds = [dtype.kind if t.weak[i] else dtype for (_, dtype), t in zip(own, found)]
        target = promote([k if k in ("i", "f") else np.dtype(k) for k in kinds])
        if any(dtype != target for dtype in strong):
            shown = ", ".join(f"{dtype} in {name}" for name, (_, dtype) in zip(names, own))
            raise DTypeError(f"{what}: {path} is {shown}; convert by astype{place()}")
        types.append((own[0][0], target))
        weak.append(not strong and target.kind in "if")
    return types, weak


@eager
def while_loop(cond_fun, body_fun, init_val):
    """Apply a function as long as a condition holds.

    Parameters
    ----------
    cond_fun : callable
        `cond_fun(val) -> bool`, a scalar.
    body_fun : callable
        `body_fun(val) -> val`, of the same structure, shapes and element types.
    init_val : tree

    Returns
    -------
    tree
        The first `val` for which the condition does not hold.

    Raises
    ------
    ShapeError, DTypeError
        If `val` changes its type, or the condition is not a scalar bool.
    ArgumentError
        If structures differ.
    TracingError
        If one of the functions assigns to an array from outside.

    Notes
    -----
    As `jax.lax.while_loop`: forward mode (`jvp`, `jacfwd`) works; reverse mode raises
    `UnsupportedError`, because how many states it would have to keep is not known. Mapped over a
    condition, the loop runs as long as any entry's does.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.while_loop(lambda x: x < 100.0, lambda x: x * x, 3.0))
    6561.0
    """
    leaves, treedef = tree.flatten(init_val)
    names = tree.paths(treedef, "val")
    carry = [from_leaf(c, name) for c, name in zip(leaves, names)]

    def state(tracers):
        return tree.unflatten(treedef, tracers)

    def arguments():
        return [Argument(c.name, None, c.shape, c.dtype, c.own, c.scalar, c.weak) for c in carry]

    for attempt in (0, 1):
        body = trace_call(
            body_fun,
            arguments(),
            lambda tracers: _as_carry(body_fun(state(tracers)), carry, treedef),
            captured_first=True,
        )
        if body.out_tree != treedef:
            raise ArgumentError(
                f"the body of while_loop, {function_name(body_fun)}, returned {body.out_tree!r}, "
                f"init_val is {treedef!r}{place()}"
            )
        if not _widen(carry, body.program.output_types, attempt, "the body of while_loop"):
            break
    holds = trace_call(
        cond_fun, arguments(), lambda tracers: cond_fun(state(tracers)), captured_first=True
    )
    types = holds.program.output_types
    if len(types) != 1 or types[0] != ((), BOOL) or holds.out_tree.children:
        shown = ", ".join(f"{dtype}{list(shape)}" for shape, dtype in types) or "nothing"
        raise DTypeError(
            f"the condition of while_loop, {function_name(cond_fun)}, must return a bool without "
            f"axes, got {shown}{place()}"
        )
    operands = [as_value(source) for source in holds.captured]
    operands += [as_value(source) for source in body.captured]
    operands += [as_value(c.array, c.dtype) for c in carry]
    parameters = {
        "cond_jaxpr": Body(0),
        "cond_nconsts": len(holds.captured),
        "body_jaxpr": Body(1),
        "body_nconsts": len(body.captured),
    }
    values = current().apply(
        "while",
        operands,
        parameters_text(parameters),
        [holds.program.pointer, body.program.pointer],
        len(carry),
    )
    return state([Tracer.fresh(v) for v in values])


def loop_between(lower, upper, body_fun, init_val):
    """Run `fori_loop` where a bound is traced."""
    bounds = [operand(x) for x in (lower, upper)]
    kind = promote([kind_of(x) for x in bounds])
    if kind.kind not in "iu":
        raise ArgumentError(f"the bounds of fori_loop must be integers, got {kind}{place()}")
    if any(np.shape(x) for x in bounds):
        raise ShapeError(f"the bounds of fori_loop must be scalars{place()}")
    first, last = (traced(x).astype(kind) for x in bounds)

    def step(state):
        i, val = state
        return i + 1, body_fun(i, val)

    return while_loop(lambda state: state[0] < last, step, (first, init_val))[1]
