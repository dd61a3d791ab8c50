"""One side of a kernel: `f(params, x, **kwargs)` traced, its parameters first among the inputs."""

from __future__ import annotations

import copy

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf, is_array, parameter_names
from .._errors import DTypeError
from .._trace_function import Traced, execute, trace_call
from .._tracing.trace import current
from .._tracing.tracer import as_value
from .cotangents import Cotangents, contracted
from .metric import Metric


class Side:
    """A function with its arguments.

    Parameters
    ----------
    f : callable
    params, x : tree
    kwargs : dict
    what : str
        What to call x in messages.
    metric : Metric, optional
        Which parameters count, and how much.

    Attributes
    ----------
    arguments : list of Argument
        Parameters, then the parameters that do not count, the leaves of x, and arrays among the
        keyword arguments.
    owners : list
        For each argument: ("x", None, i), ("keyword", name, i), or None.
    parameter_count : int
    traced : Traced
    """

    def __init__(self, f, params, x, kwargs, what="x", metric=None):
        self._f = f
        self.x = x
        self.kwargs = kwargs
        names = parameter_names(f, 2)
        root = names[0] if names[0] != "argument 0" else "params"
        name = names[1] if names[1] != "argument 1" else what
        self.arguments: list[Argument] = []
        self.owners: list[tuple] = []
        self._params = self._take_params(params, root, metric or Metric())
        self._x = self._take(("x", None), x, name, every=True)
        self._kwargs = {
            key: self._take(("keyword", key), value, key) for key, value in kwargs.items()
        }
        self.traced: Traced = trace_call(f, self.arguments, self._call)

    def _add(self, owner, argument) -> int:
        self.arguments.append(argument)
        self.owners.append(owner)
        return len(self.arguments) - 1

    def _take(self, owner, value, root, every=False):
        """Take a tree apart; return what makes it of tracers."""
        leaves, treedef = tree.flatten(value)
        slots = []
        for i, (leaf, path) in enumerate(zip(leaves, tree.paths(treedef, root))):
            if every or is_array(leaf):
                slots.append((self._add((*owner, i), from_leaf(leaf, path)), None))
            else:
                slots.append((None, leaf))
        return lambda tracers: tree.unflatten(
            treedef, [leaf if i is None else tracers[i] for i, leaf in slots]
        )

    def _take_params(self, params, root, metric):
        leaves, treedef = tree.flatten(params)
        paths = tree.paths(treedef, root)
        chosen = metric.chosen(params, treedef)
        arguments = [
            _parameter(leaf, path) if counts else from_leaf(leaf, path)
            for leaf, path, counts in zip(leaves, paths, chosen)
        ]
        factors = metric.factors(params, arguments, chosen)
        # Weighted: f at p + factor · d, and d, which is zero, is the parameter.
        slots = [
            self._add(None, a if factor is None else _displacement(a))
            for a, counts, factor in zip(arguments, chosen, factors)
            if counts
        ]
        self.parameter_count = len(slots)
        positions = iter(slots)
        slots = []
        for a, counts, factor in zip(arguments, chosen, factors):
            if not counts:
                slots.append((self._add(None, a),))
            elif factor is None:
                slots.append((next(positions),))
            else:
                at = next(positions)
                slots.append((self._add(None, a), self._add(None, factor), at))

        def make(tracers):
            values = []
            for slot in slots:
                value = tracers[slot[0]]
                if len(slot) == 3:
                    value = value + _scaled(tracers[slot[1]], tracers[slot[2]])
                    current().names[as_value(value).id] = self.arguments[slot[0]].name
                values.append(value)
            return tree.unflatten(treedef, values)

        return make

    def _call(self, tracers):
        kwargs = {key: make(tracers) for key, make in self._kwargs.items()}
        return self._f(self._params(tracers), self._x(tracers), **kwargs)

    def contract(self, cotangents: Cotangents, batch_axes) -> None:
        """Contract the outputs with cotangents: they become `[n, k]`."""
        plain = self.traced
        start = len(self.arguments)
        for argument in cotangents.arguments(plain, batch_axes):
            self._add(None, argument)

        def call(tracers):
            outputs = execute(plain.program, [*tracers[:start], *plain.captured])
            return plain.result(contracted(outputs, tracers[start:], batch_axes))

        self.traced = trace_call(self._f, self.arguments, call)

    def with_ranks(self, ranks) -> Side:
        """The same with outputs of these ranks: axes of size 1 are added at their ends."""
        plain = self.traced
        return self._derived(
            lambda outputs: plain.result([_of_rank(y, rank) for y, rank in zip(outputs, ranks)])
        )

    def with_output(self, position: int, rank: int) -> Side:
        """The same with one of the outputs alone."""
        return self._derived(lambda outputs: _of_rank(outputs[position], rank))

    def _derived(self, make) -> Side:
        plain = self.traced
        other = copy.copy(self)

        def call(tracers):
            return make(execute(plain.program, [*tracers, *plain.captured]))

        other.traced = trace_call(self._f, self.arguments, call)
        return other

    @property
    def ranks(self) -> list:
        """Of the outputs."""
        return [len(t.shape) for t in self.traced.program.output_types]

    @property
    def parameters(self) -> list:
        """Operands for the parameters."""
        return [a.array for a in self.arguments[: self.parameter_count]]

    @property
    def others(self) -> list:
        """Operands for the other inputs, captured ones last."""
        return [a.array for a in self.arguments[self.parameter_count :]] + list(
            self.traced.captured
        )


def _of_rank(y, rank: int):
    # A copy, so that the reshape cannot be in doubt.
    return np.reshape(y.copy(), y.shape + (1,) * (rank - len(y.shape)))


def _parameter(leaf, path) -> Argument:
    argument = from_leaf(leaf, path)
    if not argument.floating:
        raise DTypeError(
            f"{path} has dtype {argument.own}: parameters must be floating; let the function "
            "close over it, or pass it as a keyword argument"
        )
    return argument


def _scaled(factor, d):
    """Their product; that with a number as an outer product, whose form has no label: then the
    kernel costs what it costs without weights.
    """
    return factor * d if factor.ndim or not d.ndim else np.tensordot(factor, d, axes=0)


def _displacement(a: Argument) -> Argument:
    """Zeros like a parameter; negative ones, so that adding them changes no bit."""
    zeros = np.full(a.shape, -0.0, a.dtype)
    return Argument(a.name, zeros, a.shape, a.dtype, a.own, scalar=a.scalar, weak=a.weak)
