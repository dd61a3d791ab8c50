"""Rows that replace the output basis of a kernel."""

from __future__ import annotations

import math

import numpy as np

from .. import tree
from .._arguments import Argument, from_leaf
from .._errors import ArgumentError, DTypeError, ShapeError


class Cotangents:
    """`cotangents=` of `empirical_ntk_fn`.

    Parameters
    ----------
    rows : tree
        Of the structure of the outputs: `[k, out...]`, or `[n, k, out...]` for each sample its
        own. A pair of such trees is one for each side.
    """

    def __init__(self, rows):
        self.rows = rows

    def split(self, out_tree) -> tuple:
        """Return those of each side."""
        rows = self.rows
        if type(rows) is tuple and len(rows) == 2 and not _fits(out_tree, rows):
            return Cotangents(rows[0]), Cotangents(rows[1])
        return self, self

    def arguments(self, traced, batch_axes) -> list[Argument]:
        """The rows of each output, as inputs.

        Raises
        ------
        ArgumentError, DTypeError, ShapeError
            If they do not fit the outputs.
        """
        rows = tree.flatten_up_to(traced.out_tree, self.rows, "cotangents")
        found = []
        for leaf, path, output, axis, (shape, _) in zip(
            rows,
            tree.paths(traced.out_tree, "cotangents"),
            tree.paths(traced.out_tree, "the result"),
            batch_axes,
            traced.program.output_types,
        ):
            if not shape:
                raise ShapeError(f"{output} has no axes: cotangents need a batch axis")
            argument = from_leaf(leaf, path)
            if argument.dtype.kind == "b":
                raise DTypeError(f"{path} has dtype bool, expected numbers")
            n, out = shape[axis], shape[:axis] + shape[axis + 1 :]
            given = argument.shape
            alike = len(given) == len(shape) and given[1:] == out
            own = len(given) == len(shape) + 1 and given[0] == n and given[2:] == out
            if not alike and not own:
                wanted = "".join(f", {size}" for size in out)
                raise ShapeError(
                    f"{path} has shape {given}, expected (k{wanted}) or ({n}, k{wanted}), as "
                    f"{output} has shape {shape}"
                )
            found.append(argument)
        return found


def contracted(outputs, rows, batch_axes) -> list:
    """Return `[n, k]` for each output: its products with the rows."""
    results = []
    for y, c, axis in zip(outputs, rows, batch_axes):
        own = len(c.shape) > len(y.shape)
        y = np.moveaxis(y, axis, 0)
        n, size = y.shape[0], math.prod(y.shape[1:])
        # Copies, so that the reshapes cannot be in doubt.
        y = np.reshape(y.copy(), (n, size))
        c = c.astype(y.dtype).copy()
        if own:
            c = np.reshape(c, (n, c.shape[1], size))
            results.append(np.einsum("nko,no->nk", c, y))
        else:
            results.append(y @ np.reshape(c, (c.shape[0], size)).T)
    return results


def _fits(out_tree, rows) -> bool:
    """Whether rows have the structure of the outputs, with arrays at the leaves."""
    try:
        leaves = tree.flatten_up_to(out_tree, rows)
    except ArgumentError:
        return False
    return all(tree.structure(leaf).num_leaves == 1 and hasattr(leaf, "shape") for leaf in leaves)
