"""vmap: a function of one sample made a function of many."""

from __future__ import annotations

import functools

from .. import tree
from .._arguments import Argument, function_name, to_own
from .._errors import ArgumentError, ShapeError
from .binding import Bound, run_with_captured


def vmap(f, in_axes=0, out_axes=0):
    """Map a function over axes of its arguments.

    Parameters
    ----------
    f : callable
    in_axes : int, None, or sequence with one entry for each positional argument
        Which axis to map over; entries may be trees that begin as the argument does. None: the
        argument is the same for all. Keyword arguments that are arrays are mapped over axis 0.
    out_axes : int, None or tree
        Where the axis stands in the results; None for what is the same for all.

    Returns
    -------
    callable

    Raises
    ------
    ArgumentError
        Later, if axes are out of range, nothing is mapped, or an output with `out_axes=None` is
        not the same for all.
    ShapeError
        Later, if the sizes of the mapped axes differ.
    TracingError, UnsupportedError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `jax.vmap`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> rows = np.arange(6.0).reshape(3, 2)
    >>> print(swntk.vmap(np.dot, in_axes=(0, None))(rows, np.array([1.0, 10.0])))
    [10. 32. 54.]
    """

    @functools.wraps(f, updated=())
    def mapped(*args, **kwargs):
        axes = _in_axes(in_axes, args, f)
        bound = _Mapped(f, args, kwargs, axes)
        size = bound.size()
        traced = bound.trace()
        out = tree.broadcast_prefix(
            out_axes, tree.unflatten(traced.out_tree, [0] * traced.out_count), "out_axes"
        )
        ranks = [len(shape) + 1 for shape, _ in traced.program.output_types]
        for axis, rank in zip(out, ranks):
            if axis is not None and not -rank <= axis < rank:
                raise ArgumentError(f"out_axes is {axis}, but the result has {rank} axes")
        program = traced.program.vmap(size, bound.axes + [None] * len(traced.captured), out)
        results = run_with_captured(program, [a.array for a in bound.whole], traced)
        half = bound.half
        return tree.unflatten(traced.out_tree, [to_own(r, half) for r in results])

    return mapped


def _in_axes(in_axes, args, f):
    if isinstance(in_axes, list):
        in_axes = tuple(in_axes)
    if in_axes is None or hasattr(in_axes, "__index__"):
        in_axes = (in_axes,) * len(args)
    if not isinstance(in_axes, tuple):
        raise ArgumentError(f"in_axes must be an integer, None or a sequence, got {in_axes!r}")
    if len(in_axes) != len(args):
        raise ArgumentError(
            f"in_axes has {len(in_axes)} entries, but {function_name(f)} was called with "
            f"{len(args)} "
            "positional arguments"
        )
    return in_axes


class _Mapped(Bound):
    """Arguments of which some axes are mapped: the function sees one sample."""

    def __init__(self, f, args, kwargs, in_axes):
        self._prefixes = list(in_axes) + [0] * len(kwargs)
        self._order = []
        mapped = {i for i, axis in enumerate(in_axes) if axis is not None}
        super().__init__(f, args, kwargs, every=mapped)
        flat = [
            axis
            for i, (prefix, arg) in enumerate(zip(self._prefixes, [*args, *kwargs.values()]))
            for axis in tree.broadcast_prefix(prefix, arg, f"in_axes[{i}]")
        ]
        # Axes of the leaves that are traced; leaves that reach f unchanged have none.
        slots = [slot for slots in self._slots for slot in slots]
        self.axes = [axis for axis, (i, _) in zip(flat, slots) if i is not None]
        self.whole = self.arguments
        self.arguments = [self._sample(a, axis) for a, axis in zip(self.whole, self.axes)]

    @staticmethod
    def _sample(a: Argument, axis):
        if axis is None:
            return a
        rank = len(a.shape)
        if not hasattr(axis, "__index__"):
            raise ArgumentError(f"in_axes must hold integers and None, got {axis!r} for {a.name}")
        if not -rank <= axis < rank:
            raise ArgumentError(f"in_axes is {axis} for {a.name}, which has shape {a.shape}")
        axis %= rank
        shape = a.shape[:axis] + a.shape[axis + 1 :]
        contiguous = a.contiguous and axis == 0
        return Argument(
            a.name, None, shape, a.dtype, a.own, scalar=not shape, contiguous=contiguous
        )

    def size(self) -> int:
        """Return the size of the mapped axis."""
        sizes = {
            a.name: a.shape[axis] for a, axis in zip(self.whole, self.axes) if axis is not None
        }
        if not sizes:
            raise ArgumentError(
                "vmap needs at least one argument with a mapped axis; in_axes names none"
            )
        if len(set(sizes.values())) > 1:
            shown = ", ".join(f"{name}: {n}" for name, n in sizes.items())
            raise ShapeError(f"vmap got inconsistent sizes for the mapped axes: {shown}")
        return next(iter(sizes.values()))
