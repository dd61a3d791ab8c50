"""A function's derivative as a linear map that may be applied many times."""

from __future__ import annotations

from .. import tree
from .._arguments import to_own
from .._trace_function import execute
from .binding import Bound, run_with_captured, tangent_operand, zeros0


class Pushforward:
    """Tangents of a function's only argument to tangents of its outputs.

    Parameters
    ----------
    f : callable
    primal : tree
        Where to differentiate. What the derivative needs of the value is computed once.
    """

    def __init__(self, f, primal):
        bound = Bound(f, (primal,), {})
        traced = bound.trace()
        self._active = [i for i, a in enumerate(bound.arguments) if a.floating]
        forward, self._linear = traced.program.linearize(self._active)
        self._types = traced.program.output_types
        self._residuals = run_with_captured(forward, bound.arrays, traced)[len(self._types) :]
        self._arguments = bound.arguments
        self._treedef = bound.trees[0]
        self._out_tree = traced.out_tree
        self._half = bound.half

    def __call__(self, tangent):
        given = tree.flatten_up_to(self._treedef, tangent, "the tangent")
        operands = [
            tangent_operand(t, a.shape, a.dtype, a.own, f"the tangent of {a.name}")
            for t, a in zip(given, self._arguments)
        ]
        directions = [operands[i] for i in self._active]
        moved = iter(execute(self._linear, [*self._residuals, *directions]))
        return tree.unflatten(
            self._out_tree,
            [
                to_own(next(moved), self._half) if dtype.kind == "f" else zeros0(shape)
                for shape, dtype in self._types
            ],
        )
