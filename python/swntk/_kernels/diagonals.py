"""The diagonal of a kernel, computed alone."""

from __future__ import annotations

from .. import tree
from .._errors import ShapeError
from .._ffi import Handle, quick
from .._program import Program
from .._tracing.trace import Trace, activate
from .options import AxisRoles


def diagonal_plan(plan, index: int):
    """Plan the diagonal of one result.

    Raises
    ------
    ShapeError
        If the sides' shapes differ: there is no diagonal.
    """
    left = plan._left
    right = left if plan._right is None else plan._right
    one, two = left.output_types[index].shape, right.output_types[index].shape
    roles = AxisRoles(len(one), plan._options)
    if one != two:
        raise ShapeError(
            f"the sides have shapes {one} and {two}: only a square kernel has a diagonal"
        )
    options = plan._options.replaced(
        trace_axes=tuple(roles.traced), diagonal_axes=tuple(roles.kept)
    )
    return type(plan)(
        one_output(left, index),
        None if plan._right is None else one_output(right, index),
        plan._parameter_count,
        plan.inputs,
        options,
        tree.structure(0),
    )


def one_output(program: Program, index: int) -> Program:
    """The program of one of its outputs; captured inputs become ordinary ones."""
    if len(program.output_types) == 1:
        return program
    trace = Trace("one output")
    try:
        with activate(trace):
            inputs = [
                trace.input(shape, dtype, f"input {i}")
                for i, (shape, dtype) in enumerate(program.input_types)
            ]
            result = trace.call(program, inputs)[index]
            pointer = trace.finish(inputs, [], [result])
    finally:
        trace.alive = False
    return Program(Handle(pointer, quick.ntk_program_free)).simplify()
