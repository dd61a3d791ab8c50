"""Loops of fixed length whose body is traced once."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf, function_name
from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError
from .._trace_function import trace_call
from .._tracing.dtypes import promote
from .._tracing.location import place
from .._tracing.operands import kind_of, operand
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .._transforms.mapping import vmap


@eager
def scan(f, init, xs=None, length=None, reverse=False, unroll=1, _split_transpose=False):
    """Apply a function along the leading axis, carrying state.

    Parameters
    ----------
    f : callable
        `f(carry, x) -> (carry, y)`; the carry keeps its structure, shapes and element types. It
        may close over plain and traced arrays.
    init : tree
        The first carry.
    xs : tree, optional
        Arrays with a common first size; `f` sees one entry at a time.
    length : int, optional
        Number of steps; needed where `xs` is None.
    reverse : bool
        Start with the last entry.
    unroll, _split_transpose
        Accepted and ignored.

    Returns
    -------
    carry : tree
        The last carry.
    ys : tree
        The y of every step, stacked.

    Raises
    ------
    ShapeError
        If sizes differ, or the carry changes its shape.
    DTypeError
        If the carry changes its element type.
    ArgumentError
        If trees do not fit.
    TracingError
        If `f` assigns to an array from outside, or does what cannot be traced.

    Notes
    -----
    As `jax.lax.scan`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> last, sums = swntk.lax.scan(lambda c, x: (c + x, c + x), 0.0, np.array([1.0, 2.0, 3.0]))
    >>> print(last, sums)
    6.0 [1. 3. 6.]
    """
    xs_leaves, xs_tree = tree.flatten(xs)
    sequences = [from_leaf(x, path) for x, path in zip(xs_leaves, tree.paths(xs_tree, "xs"))]
    steps = _length(sequences, length)
    carry_leaves, carry_tree = tree.flatten(init)
    names = tree.paths(carry_tree, "carry")
    carry = [from_leaf(c, name) for c, name in zip(carry_leaves, names)]
    rows = [
        Argument(
            x.name.replace("xs", "x", 1),
            None,
            x.shape[1:],
            x.dtype,
            x.own,
            scalar=len(x.shape) == 1,
        )
        for x in sequences
    ]

    def body(tracers):
        state = tree.unflatten(carry_tree, tracers[: len(carry)])
        x = tree.unflatten(xs_tree, tracers[len(carry) :])
        result = f(state, x)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            count = f" of {len(result)}" if isinstance(result, (tuple, list)) else ""
            raise ArgumentError(
                f"the body of scan, {function_name(f)}, must return a pair (carry, y), got a "
                f"{type(result).__name__}{count}{place()}"
            )
        return _as_carry(result[0], carry, carry_tree), result[1]

    for attempt in (0, 1):
        inputs = [Argument(c.name, None, c.shape, c.dtype, c.own, c.scalar, c.weak) for c in carry]
        traced = trace_call(f, [*inputs, *rows], body, captured_first=True)
        new_tree, y_tree = traced.out_tree.children
        if new_tree != carry_tree:
            raise ArgumentError(
                f"the body of scan returned a carry of structure {new_tree!r}, init has "
                f"{carry_tree!r}"
                f"{place()}"
            )
        found = traced.program.output_types[: len(carry)]
        if not _widen(carry, found, attempt):
            break
    return _apply(traced, carry, sequences, steps, reverse, carry_tree, y_tree)


def _length(sequences, length) -> int:
    for x in sequences:
        if not x.shape:
            raise ShapeError(f"scan: {x.name} has no axis to scan over{place()}")
    sizes = {x.name: x.shape[0] for x in sequences}
    if length is not None:
        sizes["length"] = length.__index__()
    if not sizes:
        raise ArgumentError(f"scan needs xs or length{place()}")
    if len(set(sizes.values())) > 1:
        shown = ", ".join(f"{name}: {n}" for name, n in sizes.items())
        raise ShapeError(f"scan got sequences of different lengths: {shown}{place()}")
    steps = next(iter(sizes.values()))
    if steps < 0:
        raise ArgumentError(f"scan needs a length that is not negative, got {steps}{place()}")
    return steps


def _as_carry(result, carry, carry_tree):
    """Let Python numbers in a new carry take the type of the old."""
    leaves, found = tree.flatten(result)
    if found != carry_tree:
        return result
    for i, (leaf, c) in enumerate(zip(leaves, carry)):
        kind = kind_of(operand(leaf))
        if isinstance(kind, str) and not c.weak and promote([kind, c.dtype]) == c.dtype:
            leaves[i] = Tracer.fresh(as_value(operand(leaf), c.dtype))
    return tree.unflatten(found, leaves)


def _widen(carry, found, attempt, what="the body of scan") -> bool:
    """Check the carry's types; true if a Python number in init took the type of what it became."""
    again = False
    for c, (shape, dtype) in zip(carry, found):
        if shape != c.shape:
            raise ShapeError(
                f"{what} changes {c.name} from shape {c.shape} to {shape}; they must be "
                f"equal{place()}"
            )
        if dtype == c.dtype:
            continue
        if c.weak and not attempt and promote([c.dtype.kind, dtype]) == dtype:
            c.dtype, c.weak, again = dtype, False, True
            continue
        raise DTypeError(
            f"{what} changes {c.name} from {c.dtype} to {dtype}; they must be equal: "
            "convert by "
            f"astype{place()}"
        )
    return again


def _apply(traced, carry, sequences, steps, reverse, carry_tree, y_tree):
    consts = [as_value(source) for source in traced.captured]
    operands = [
        *consts,
        *(as_value(c.array, c.dtype) for c in carry),
        *(as_value(x.array, x.dtype) for x in sequences),
    ]
    parameters = {
        "jaxpr": Body(0),
        "length": steps,
        "num_consts": len(consts),
        "num_carry": len(carry),
    }
    if reverse:
        parameters["reverse"] = True
    count = len(traced.program.output_types)
    results = current().apply(
        "scan", operands, parameters_text(parameters), [traced.program.pointer], count
    )
    tracers = [Tracer.fresh(v, scalar=None) for v in results]
    last = tree.unflatten(carry_tree, tracers[: len(carry)])
    return last, tree.unflatten(y_tree, tracers[len(carry) :])


def map(f, xs, *, batch_size=None):
    """Apply a function to each entry along the leading axis, one after the other, and stack the
    results.

    Parameters
    ----------
    f : callable
    xs : tree
        Arrays with a common first size.
    batch_size : int, optional
        Apply it to so many entries at once, by `vmap`.

    Returns
    -------
    tree

    Raises
    ------
    ShapeError, ArgumentError, TracingError
        As `scan`.

    Notes
    -----
    As `jax.lax.map`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.map(lambda x: x ** 2, np.array([1.0, 2.0])))
    [1. 4.]
    """
    if batch_size is None:
        return scan(lambda _, x: (None, f(x)), None, xs)[1]
    return _batches(f, xs, batch_size)


@eager
def _batches(f, xs, batch_size):
    size = batch_size.__index__()
    if size < 1:
        raise ArgumentError(f"map: batch_size must be positive, got {size}{place()}")
    leaves, treedef = tree.flatten(xs)
    count = _length(
        [from_leaf(x, path) for x, path in zip(leaves, tree.paths(treedef, "xs"))], None
    )
    whole = count - count % size
    head = tree.map(lambda x: np.reshape(x[:whole], (whole // size, size, *np.shape(x)[1:])), xs)
    done = scan(lambda _, x: (None, vmap(f)(x)), None, head)[1]
    done = tree.map(lambda y: np.reshape(y, (whole, *y.shape[2:])), done)
    if whole == count:
        return done
    rest = vmap(f)(tree.map(lambda x: x[whole:], xs))
    return tree.map(lambda a, b: np.concatenate([a, b]), done, rest)


def fori_loop(lower, upper, body_fun, init_val, *, unroll=None):
    """Run a loop over integers, carrying state.

    Parameters
    ----------
    lower, upper : int
        Where one is traced, the loop is a `while_loop`, which has no reverse mode.
    body_fun : callable
        `body_fun(i, val) -> val`.
    init_val : tree
    unroll
        Accepted and ignored.

    Returns
    -------
    tree

    Raises
    ------
    ArgumentError
        If a bound is not an integer.
    ShapeError, DTypeError, TracingError
        As `scan`.

    Notes
    -----
    As `jax.lax.fori_loop`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.lax.fori_loop(0, 4, lambda i, total: total + i, 0))
    6
    """
    if isinstance(lower, Tracer) or isinstance(upper, Tracer):
        from .control import loop_between

        return loop_between(lower, upper, body_fun, init_val)
    if not hasattr(lower, "__index__") or not hasattr(upper, "__index__"):
        raise ArgumentError(
            f"the bounds of fori_loop must be integers, got {lower!r} and {upper!r}"
        )
    places = np.arange(lower.__index__(), max(lower.__index__(), upper.__index__()))
    return scan(lambda val, i: (body_fun(i, val), None), init_val, places)[0]
