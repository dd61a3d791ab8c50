"""Axes: those that are traced or diagonal, and claims about batch axes (`vmap_axes`)."""

from __future__ import annotations

import ctypes

import numpy as np

from .. import tree
from .._errors import ArgumentError, UnsupportedError
from .._ffi import Handle, library, quick, take
from .._ffi.structs import NTK_NOT_MAPPED, ntk_kernel_options
from .._program import Program, cached
from .._tracing import emit
from .._tracing.trace import Trace, activate


def check_axes(trace_axes, diagonal_axes, outputs=()) -> tuple:
    """Return the axes as tuples of integers.

    Parameters
    ----------
    trace_axes, diagonal_axes : int or sequence of int
    outputs : list of (str, int)
        Names and ranks of the outputs.

    Raises
    ------
    ArgumentError
        If one is no integer, out of range for an output, or both traced and diagonal.
    """
    found = []
    for name, axes in (("trace_axes", trace_axes), ("diagonal_axes", diagonal_axes)):
        try:
            axes = (axes,) if hasattr(axes, "__index__") else tuple(axes)
        except TypeError:
            raise ArgumentError(f"{name} must be an integer or a sequence, got {axes!r}") from None
        found.append(tuple(_index(axis, name) for axis in axes))
    for output, rank in outputs:
        seen = {}
        for name, axes in zip(("trace_axes", "diagonal_axes"), found):
            for axis in axes:
                if not -rank <= axis < rank:
                    raise ArgumentError(f"{name} has {axis}, but {output} has {_axes(rank)}")
                if axis % rank in seen:
                    other = seen[axis % rank]
                    how = f"twice in {name}" if other == name else "both traced and diagonal"
                    raise ArgumentError(f"axis {axis} of {output} is {how}")
                seen[axis % rank] = name
    return tuple(found)


def _index(axis, name: str) -> int:
    if not hasattr(axis, "__index__"):
        raise ArgumentError(f"{name} must hold integers, got {axis!r}")
    try:
        return axis.__index__()
    except TypeError:
        raise ArgumentError(f"{name} must hold integers, got {axis!r}") from None


def _axes(rank: int) -> str:
    return "1 axis" if rank == 1 else f"{rank} axes"


class Claims:
    """What `vmap_axes` says of one side.

    Parameters
    ----------
    vmap_axes : None, int, tree, or (x_axes, fx_axes, kw_axes)
        As neural-tangents reads it: a tuple of another length than 3 is a tree of axes, of x and
        of the outputs alike.
    side : Side

    Attributes
    ----------
    inputs : list of (int or None)
        The batch axis claimed of each input of the side's function.
    outputs : list of (int or None)
        Of each output of `f`.

    Raises
    ------
    ArgumentError
        If the trees do not fit, an axis is out of range, or sizes differ.
    """

    def __init__(self, vmap_axes, side):
        if isinstance(vmap_axes, tuple) and len(vmap_axes) == 3:
            x_axes, fx_axes, kw_axes = vmap_axes
        else:
            x_axes, fx_axes, kw_axes = vmap_axes, vmap_axes, {}
        rows = {
            ("x", None, i): axis
            for i, axis in enumerate(tree.broadcast_prefix(x_axes, side.x, "vmap_axes of x"))
        }
        for name, axes in _by_name(kw_axes, side.kwargs).items():
            row = tree.broadcast_prefix(axes, side.kwargs[name], f"vmap_axes of {name}")
            rows.update({("keyword", name, i): axis for i, axis in enumerate(row)})
        self.inputs = [
            _within(rows.pop(owner, None), len(argument.shape), argument.name)
            for owner, argument in zip(side.owners, side.arguments)
        ]
        if not hasattr(kw_axes, "__index__"):
            for (_, name, _i), axis in rows.items():
                if axis is not None:
                    raise ArgumentError(
                        f"vmap_axes claims axis {axis} of {name}, which is no array"
                    )
        self.sizes = {
            argument.name: argument.shape[axis]
            for argument, axis in zip(side.arguments, self.inputs)
            if axis is not None
        }
        if len(set(self.sizes.values())) > 1:
            raise ArgumentError(
                "vmap_axes claims batch axes of different sizes: "
                + ", ".join(f"{size} of {name}" for name, size in self.sizes.items())
            )
        traced = side.traced
        paths = tree.paths(traced.out_tree, "the result")
        out = tree.unflatten(traced.out_tree, paths)
        ranks = [len(t.shape) for t in traced.program.output_types]
        self.outputs = [
            _within(axis, rank, path)
            for axis, rank, path in zip(
                tree.broadcast_prefix(fx_axes, out, "vmap_axes of the result"), ranks, paths
            )
        ]

    def check(self, side) -> None:
        """Compare with what the side's program does.

        Raises
        ------
        ArgumentError
            If a claim is contradicted; it names the input or the output, and why.
        """
        if not self.sizes and all(axis is None for axis in self.outputs):
            return
        program = side.traced.program
        names = [argument.name for argument in side.arguments]
        names += [
            f"an array of shape {t.shape} that the function closes over"
            for t in program.input_types[len(names) :]
        ]
        repeated = self._repeated(side.traced)
        key = ("claims", program.digest, *self.inputs, "->", *self.outputs, *repeated)
        cached(key, lambda: self._check(side.traced, names, repeated) or True)

    def _repeated(self, traced) -> list:
        """The axes of each captured array along which it has as many equal slices as there are
        samples: `np.zeros((n, k))` is the same for one sample as for n.
        """
        size = next(iter(self.sizes.values()), 0)
        return [
            tuple(axis for axis in range(a.ndim) if a.shape[axis] == size and _same(a, axis))
            if size > 1 and isinstance(a, np.ndarray)
            else ()
            for a in traced.captured
        ]

    def _check(self, traced, names, repeated) -> None:
        program = traced.program
        said = " and ".join(
            f"axis {axis} of {name}" for axis, name in zip(self.inputs, names) if axis is not None
        )
        paths = tree.paths(traced.out_tree, "the result")
        for k, (axis, path) in enumerate(zip(self.outputs, paths)):
            if not self.sizes:
                if axis is not None:
                    raise ArgumentError(
                        f"vmap_axes claims axis {axis} of {path} as a batch axis, but none of any "
                        "input"
                    )
                continue
            shape = program.output_types[k].shape
            one = _of_one_output(program, k, names, repeated)
            used = [
                i if claim is not None and _depends(one, i) else None
                for i, claim in enumerate(self.inputs)
            ]
            if axis is None:
                depends = [names[i] for i in used if i is not None]
                if depends:
                    raise ArgumentError(
                        f"vmap_axes claims {said} as a batch axis, but none of {path}, which "
                        f"depends on {depends[0]}"
                    )
                continue
            size = next(iter(self.sizes.values()))
            if shape[axis] != size:
                raise ArgumentError(
                    f"vmap_axes claims {said} and axis {axis} of {path} as the batch axis, but "
                    f"their sizes are {size} and {shape[axis]}"
                )
            # One sample alone, or none, is independent of the others.
            if size > 1:
                claim = [None if i is None else self.inputs[i] for i in used]
                try:
                    _plan(one, claim, axis)
                except ArgumentError as error:
                    raise ArgumentError(
                        f"vmap_axes claims {said} and axis {axis} of {path} as the batch axis: "
                        + str(error).partition("vmap_axes: ")[2]
                    ) from None


def _by_name(kw_axes, kwargs) -> dict:
    """Return the claims of keyword arguments by name; of those that are not arrays there is none.

    An integer is for all of them.
    """
    if kw_axes is None:
        return {}
    if hasattr(kw_axes, "__index__"):
        return {name: kw_axes for name in kwargs}
    if not isinstance(kw_axes, dict):
        raise ArgumentError(
            f"the third entry of vmap_axes must be a dict of axes or an integer, got {kw_axes!r}"
        )
    unknown = sorted(str(name) for name in kw_axes if name not in kwargs)
    if unknown:
        raise ArgumentError(
            f"vmap_axes names keyword arguments that were not given: {', '.join(unknown)}"
        )
    return kw_axes


def _within(axis, rank: int, name: str):
    """Return a claimed axis as one from 0."""
    if axis is None:
        return None
    index = _index(axis, "vmap_axes")
    if not -rank <= index < rank:
        raise ArgumentError(f"vmap_axes claims axis {axis} of {name}, which has {_axes(rank)}")
    return index % rank


def _same(array, axis: int) -> bool:
    """Whether all slices along an axis are equal."""
    first = array.take([0], axis)
    return bool((array.take([-1], axis) == first).all()) and bool((array == first).all())


def _of_one_output(program: Program, output: int, names, repeated) -> Program:
    """The program of one output; its captured inputs are inputs like the others, without the axes
    along which they repeat.
    """
    trace = Trace("a claim about batch axes")
    types = program.input_types
    axes = [()] * (len(types) - len(repeated)) + repeated
    try:
        with activate(trace):
            inputs, operands = [], []
            for (shape, dtype), name, gone in zip(types, names, axes):
                kept = [1 if axis in gone else n for axis, n in enumerate(shape)]
                inputs.append(trace.input(tuple(kept), dtype, name))
                operands.append(emit.broadcast_to(inputs[-1], shape))
            result = trace.call(program, operands)[output]
            pointer = trace.finish(inputs, [], [result])
    finally:
        trace.alive = False
    return Program(Handle(pointer, quick.ntk_program_free)).simplify()


def _depends(program: Program, index: int) -> bool:
    """Whether the only output depends on an input: then it cannot be the same for all."""
    axes = [0 if i == index else None for i in range(len(program.input_types))]
    try:
        program.vmap(2, axes, [None])
    except (ArgumentError, UnsupportedError):
        return True
    return False


def _plan(program: Program, batch_axes, output_axis: int) -> None:
    """Let the library compare: it has plans of kernels without parameters, which cost nothing.

    Raises
    ------
    ArgumentError
        As the library says.
    """
    rows = [NTK_NOT_MAPPED if axis is None else axis for axis in batch_axes]
    rows += [NTK_NOT_MAPPED] * (len(program.input_types) - len(rows))
    empty = (ctypes.c_int64 * 1)()
    options = ntk_kernel_options(
        ctypes.sizeof(ntk_kernel_options),
        (ctypes.c_size_t * 1)(),
        0,
        empty,
        0,
        empty,
        0,
        (ctypes.c_int64 * max(len(rows), 1))(*rows),
        1,
        1,
        (ctypes.c_int64 * 1)(output_axis),
    )
    take("tangent_kernel", library.ntk_tangent_kernel_create, program.pointer, None, options)
