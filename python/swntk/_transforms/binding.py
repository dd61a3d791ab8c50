"""What a transform does with arguments: which leaves are traced, which reach `f` as they are."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf, half_of, is_array, parameter_names, to_own
from .._errors import ArgumentError, DTypeError, ShapeError
from .._trace_function import Traced, execute, trace_call
from .._tracing.dtypes import FLOAT0, is_half
from .._tracing.tracer import Tracer


class Bound:
    """A call of `f` with its arguments taken apart.

    Attributes
    ----------
    arguments : list of Argument
        The traced leaves, in order.
    spans : list of range
        For each positional argument, which of them are its own.
    trees : list of TreeDef
        The structure of each positional argument.
    """

    def __init__(self, f, args, kwargs, every=None, read=from_leaf):
        self.f = f
        self.args = args
        self.arguments: list[Argument] = []
        self.spans: list[range] = []
        self.trees = []
        self._slots: list = []
        for i, (name, arg) in enumerate(zip(parameter_names(f, len(args)), args)):
            self._take(name, arg, every is None or i in every, read)
        self._keys = list(kwargs)
        for key in self._keys:
            self._take(key, kwargs[key], False, read)
        self.spans = self.spans[: len(args)]

    def _take(self, name, arg, every, read):
        leaves, treedef = tree.flatten(arg)
        start = len(self.arguments)
        names = tree.paths(treedef, name)
        slots = []
        for leaf, path in zip(leaves, names):
            if every or is_array(leaf):
                slots.append((len(self.arguments), None))
                self.arguments.append(read(leaf, path))
            else:
                slots.append((None, leaf))
        self._slots.append(slots)
        self.trees.append(treedef)
        self.spans.append(range(start, len(self.arguments)))

    def call(self, tracers):
        """Call f with traced values in place of the arguments."""
        values = [
            tree.unflatten(treedef, [static if i is None else tracers[i] for i, static in slots])
            for treedef, slots in zip(self.trees, self._slots)
        ]
        count = len(self.args)
        return self.f(*values[:count], **dict(zip(self._keys, values[count:])))

    def trace(self, **options) -> Traced:
        return trace_call(self.f, self.arguments, self.call, **options)

    @property
    def arrays(self) -> list:
        return [a.array for a in self.arguments]

    @property
    def half(self):
        return half_of(self.arguments)


def positions(argnums, count: int) -> tuple:
    """Return argnums counted from the front.

    Raises
    ------
    ArgumentError
        If one is out of range.
    """
    try:
        numbers = (argnums,) if hasattr(argnums, "__index__") else tuple(argnums)
    except TypeError:
        raise ArgumentError(
            f"argnums must be an integer or a sequence of them, got {argnums!r}"
        ) from None
    found = []
    for n in numbers:
        if not hasattr(n, "__index__"):
            raise ArgumentError(f"argnums must be integers, got {n!r}")
        n = n.__index__()
        if not -count <= n < count:
            raise ArgumentError(
                f"argnums is {argnums!r}, but there are {count} positional arguments"
            )
        found.append(n % count)
    return tuple(found)


def active_of(bound: Bound, numbers, what: str) -> list[int]:
    """Return the inputs to differentiate by; each must be floating."""
    active = sorted({i for n in numbers for i in bound.spans[n]})
    for i in active:
        a = bound.arguments[i]
        if not a.floating:
            raise DTypeError(
                f"{what} by {a.name} of dtype {a.own}: only floating arrays can be "
                "differentiated by; "
                "convert it (x.astype(float)), or leave it out of argnums"
            )
    return active


def results_of(traced: Traced, bound: Bound, results) -> tuple:
    """Return the result and the auxiliary result as trees."""
    half = bound.half
    own = [to_own(r, half) for r in results]
    count = traced.out_count
    out = tree.unflatten(traced.out_tree, own[:count])
    if traced.aux_tree is None:
        return out, None
    return out, tree.unflatten(traced.aux_tree, own[count : count + traced.aux_tree.num_leaves])


def zeros0(shape) -> np.ndarray:
    """Return the (co)tangent of an integer array."""
    return np.zeros(shape, FLOAT0)


def tangent_operand(x, shape, dtype, own, name: str):
    """Return a (co)tangent as an operand of exactly this type.

    Raises
    ------
    ShapeError, DTypeError
        If its shape or element type differs; a Python number takes the type.
    """
    if dtype.kind != "f":
        if getattr(x, "dtype", None) != FLOAT0 and x is not None:
            raise DTypeError(
                f"{name} must be of dtype float0, because its primal is of dtype {dtype}; "
                f"np.zeros({tuple(shape)}, [('float0', np.void, 0)])"
            )
        return None
    given = from_leaf(x, name)
    if given.shape != tuple(shape):
        raise ShapeError(f"{name} has shape {given.shape}, expected {tuple(shape)}")
    if given.dtype != dtype or (is_half(given.own) and given.own != own):
        if not given.weak:
            raise DTypeError(f"{name} has dtype {given.own}, expected {own}")
        if isinstance(given.array, Tracer):
            return given.array.astype(dtype)
        return given.array.astype(dtype)
    return given.array


def run_with_captured(program, operands, traced: Traced) -> list:
    """Execute with the captured inputs behind."""
    return execute(program, [*operands, *traced.captured])
