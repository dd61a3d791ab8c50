"""Which parameters count in a kernel, and how much: J D Jᵀ with a diagonal D."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf
from .._errors import ArgumentError, ShapeError
from .._tracing.tracer import Tracer


class Metric:
    """`leaves=` and `weights=` of `empirical_ntk_fn`.

    Parameters
    ----------
    leaves : None, callable, or tree of bool
        A predicate on the paths that `swntk.tree.paths(params, "params")` gives, or a tree that
        begins as the parameters do.
    weights : None or tree
        Non-negative numbers or arrays that broadcast to the parameters; a tree that begins as the
        parameters do.
    """

    def __init__(self, leaves=None, weights=None):
        self.leaves = leaves
        self.weights = weights

    def chosen(self, params, treedef) -> list[bool]:
        """Whether each parameter counts.

        Raises
        ------
        ArgumentError
            If the tree does not fit, an entry is not a bool, or a predicate holds for none.
        """
        if self.leaves is None:
            return [True] * treedef.num_leaves
        paths = tree.paths(treedef, "params")
        if callable(self.leaves):
            chosen = [self.leaves(path) for path in paths]
        else:
            chosen = tree.broadcast_prefix(self.leaves, params, "leaves")
        for path, value in zip(paths, chosen):
            if not isinstance(value, (bool, np.bool_)):
                raise ArgumentError(f"leaves must give a bool for {path}, got {value!r}")
        chosen = [bool(value) for value in chosen]
        if callable(self.leaves) and paths and not any(chosen):
            raise ArgumentError(f"leaves chooses none of the parameters: {', '.join(paths)}")
        return chosen

    def factors(self, params, arguments, chosen) -> list:
        """The square root of each weight, as an Argument; None where there is none.

        Raises
        ------
        ArgumentError
            If the tree does not fit, or a weight is negative or not finite.
        DTypeError, ShapeError, UnsupportedError
            If a weight is not a real number, or does not broadcast to its parameter.
        """
        if self.weights is None:
            return [None] * len(arguments)
        weights = tree.broadcast_prefix(self.weights, params, "weights")
        return [
            _factor(weight, argument) if counts else None
            for weight, argument, counts in zip(weights, arguments, chosen)
        ]


def _factor(weight, parameter: Argument) -> Argument:
    name = f"the weight of {parameter.name}"
    weight = from_leaf(weight, name)
    shape, wanted = weight.shape, parameter.shape
    if len(shape) > len(wanted) or any(
        a not in (1, b) for a, b in zip(reversed(shape), reversed(wanted))
    ):
        raise ShapeError(f"{name} has shape {shape}, the parameter has shape {wanted}")
    if isinstance(weight.array, Tracer):
        root = np.sqrt(weight.array.astype(parameter.dtype))
        if root.size == 1 and shape:
            root, shape = np.reshape(root.copy(), ()), ()
    else:
        exact = weight.array.astype(np.float64)
        if not (exact >= 0).all():
            raise ArgumentError(f"{name} is negative or NaN; weights must not be")
        if not np.isfinite(exact).all():
            raise ArgumentError(f"{name} is infinite")
        root = np.asarray(np.sqrt(exact), parameter.dtype)
        if root.size == 1:
            root, shape = root.reshape(()), ()
    return Argument(
        name, root, shape, parameter.dtype, parameter.dtype, parameter.scalar, parameter.weak
    )
