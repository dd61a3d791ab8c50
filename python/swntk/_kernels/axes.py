"""Claims about batch axes: `vmap_axes` in its forms."""

from __future__ import annotations

from .. import tree
from .._errors import ArgumentError


def claims(vmap_axes, x, kwargs, out):
    """Return the claimed batch axes of the leaves of `x`, of the keyword arrays by name, and of
    the outputs.

    Parameters
    ----------
    vmap_axes : None, int, tree, or (x_axes, fx_axes, kw_axes)
        As neural-tangents reads it; a tuple of another length than 3 is a tree of axes.
    x : tree
    kwargs : dict
    out : tree
        Ranks of the outputs.

    Returns
    -------
    tuple of (list, dict, list), or None without a claim
    """
    if vmap_axes is None:
        return None
    if isinstance(vmap_axes, tuple) and len(vmap_axes) == 3:
        x_axes, fx_axes, kw_axes = vmap_axes
    else:
        x_axes, fx_axes, kw_axes = vmap_axes, vmap_axes, {}
    kw_axes = kw_axes or {}
    if not isinstance(kw_axes, dict):
        raise ArgumentError(f"the third entry of vmap_axes must be a dict of axes, got {kw_axes!r}")
    unknown = sorted(set(kw_axes) - set(kwargs))
    if unknown:
        raise ArgumentError(
            f"vmap_axes names keyword arguments that were not given: {', '.join(unknown)}"
        )
    x_list = tree.broadcast_prefix(x_axes, x, "vmap_axes of x")
    fx_list = tree.broadcast_prefix(fx_axes, out, "vmap_axes of the output")
    kw_lists = {
        name: tree.broadcast_prefix(kw_axes.get(name), value, f"vmap_axes of {name}")
        for name, value in kwargs.items()
    }
    _check("x", x_list, [_rank(leaf) for leaf in tree.leaves(x)])
    _check("the output", fx_list, tree.leaves(out))
    for name, row in kw_lists.items():
        _check(name, row, [_rank(leaf) for leaf in tree.leaves(kwargs[name])])
    return x_list, kw_lists, fx_list


def _rank(leaf) -> int:
    return len(getattr(leaf, "shape", ()))


def _check(name, axes, ranks):
    for axis, rank in zip(axes, ranks):
        if axis is None:
            continue
        if not hasattr(axis, "__index__"):
            raise ArgumentError(f"vmap_axes must hold integers and None, got {axis!r}")
        if not -rank <= axis < rank:
            raise ArgumentError(f"vmap_axes claims axis {axis} of {name}, which has {rank} axes")


def check_axes(trace_axes, diagonal_axes, ranks) -> tuple:
    """Return the axes as tuples of integers.

    Raises
    ------
    ArgumentError
        If one is out of range for an output, or both traced and diagonal.
    """
    found = []
    for name, axes in (("trace_axes", trace_axes), ("diagonal_axes", diagonal_axes)):
        axes = (axes,) if hasattr(axes, "__index__") else tuple(axes)
        for axis in axes:
            if not hasattr(axis, "__index__"):
                raise ArgumentError(f"{name} must hold integers, got {axis!r}")
        found.append(tuple(axis.__index__() for axis in axes))
    for rank in ranks:
        seen = {}
        for name, axes in zip(("trace_axes", "diagonal_axes"), found):
            for axis in axes:
                if not -rank <= axis < rank:
                    raise ArgumentError(f"{name} has {axis}, but the output has {rank} axes")
                if axis % rank in seen:
                    other = seen[axis % rank]
                    how = f"twice in {name}" if other == name else "both traced and diagonal"
                    raise ArgumentError(f"output axis {axis} is {how}")
                seen[axis % rank] = name
    return tuple(found)
