"""Programs made of programs."""

from __future__ import annotations

from .._ffi import Handle, quick
from .._program import Program, cached
from .._tracing import emit
from .._tracing.trace import Trace, activate


def gradient_program(program: Program, active) -> Program:
    """Return inputs -> (outputs, gradients of the first output by the active inputs).

    The first output must be a floating scalar; the others get no cotangent.
    """

    def make():
        forward, backward = program.vjp(active)
        trace = Trace("a gradient")
        with activate(trace):
            inputs = [trace.input(shape, dtype, None) for shape, dtype in program.input_types]
            results = trace.call(forward, inputs)
            count = len(program.output_types)
            cotangents = [
                emit.full(shape, 0 if i else 1, dtype)
                for i, (shape, dtype) in enumerate(program.output_types)
                if dtype.kind == "f"
            ]
            gradients = trace.call(backward, [*results[count:], *cotangents])
            ordinary = program.counts[0]
            pointer = trace.finish(
                inputs[:ordinary], inputs[ordinary:], [*results[:count], *gradients]
            )
        trace.alive = False
        return Handle(pointer, quick.ntk_program_free)

    return Program(cached((program.digest, "gradient", *active), make), program.captured)
