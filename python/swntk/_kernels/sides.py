"""One side of a kernel: `f(params, x, **kwargs)` traced, its parameters first among the inputs."""

from __future__ import annotations

from .. import tree
from .._arguments import from_leaf, is_array, parameter_names
from .._errors import DTypeError
from .._trace_function import Traced, trace_call


class Side:
    """Attributes
    ----------
    arguments : list of Argument
        Parameters, then the leaves of x, then arrays among the keyword arguments.
    parameter_count : int
    traced : Traced
    """

    def __init__(self, f, params, x, kwargs, what: str = "x"):
        names = parameter_names(f, 2)
        leaves, self.params_tree = tree.flatten(params)
        self.arguments = [
            _parameter(leaf, path)
            for leaf, path in zip(leaves, tree.paths(self.params_tree, names[0]))
        ]
        self.parameter_count = count = len(leaves)
        x_leaves, self.x_tree = tree.flatten(x)
        name = names[1] if names[1] != "argument 1" else what
        self.arguments += [
            from_leaf(leaf, path) for leaf, path in zip(x_leaves, tree.paths(self.x_tree, name))
        ]
        self._x_end = len(self.arguments)
        self._keywords = []
        self.keyword_owner: list[
            tuple
        ] = []  # (name, position among its leaves) of each keyword input
        for key, value in kwargs.items():
            found, treedef = tree.flatten(value)
            slots = []
            for i, (leaf, path) in enumerate(zip(found, tree.paths(treedef, key))):
                if is_array(leaf):
                    slots.append((len(self.arguments), None))
                    self.arguments.append(from_leaf(leaf, path))
                    self.keyword_owner.append((key, i))
                else:
                    slots.append((None, leaf))
            self._keywords.append((key, treedef, slots))
        self._f = f
        self._count = count
        self.traced: Traced = trace_call(f, self.arguments, self._call)

    def _call(self, tracers):
        params = tree.unflatten(self.params_tree, tracers[: self._count])
        x = tree.unflatten(self.x_tree, tracers[self._count : self._x_end])
        kwargs = {
            key: tree.unflatten(treedef, [v if i is None else tracers[i] for i, v in slots])
            for key, treedef, slots in self._keywords
        }
        return self._f(params, x, **kwargs)

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

    @property
    def x_count(self) -> int:
        return self._x_end - self.parameter_count


def _parameter(leaf, path):
    argument = from_leaf(leaf, path)
    if not argument.floating:
        raise DTypeError(
            f"{path} has dtype {argument.own}: parameters must be floating; let the function "
            "close over it, "
            "or pass it as a keyword argument"
        )
    return argument
