"""Nested programs: closed, so that what they used from outside becomes an operand."""

from __future__ import annotations

from ._arguments import Argument
from ._ffi import Handle, quick
from ._program import Program
from ._tracing import emit
from ._tracing.trace import Trace, activate


def inside(arguments) -> list[Argument]:
    """Return what a body sees of arguments: their types, in memory of its own."""
    return [Argument(a.name, None, a.shape, a.dtype, a.own, a.scalar, a.weak) for a in arguments]


def merged(lists):
    """Return what several functions closed over, each once, and for each where its own stand."""
    sources, known, places = [], {}, []
    for captured in lists:
        own = []
        for source in captured:
            key = (id(getattr(source, "trace", None)), getattr(source, "id", id(source)))
            if key not in known:
                known[key] = len(sources)
                sources.append(source)
            own.append(known[key])
        places.append(own)
    return sources, places


def widened(program, own, inputs, types, what) -> Program:
    """Return a program of all inputs, of which it uses some, with results of the types."""
    trace = Trace(what)
    with activate(trace):
        values = [trace.input(shape, dtype, None) for shape, dtype in inputs]
        results = trace.call(program, [values[i] for i in own])
        results = [emit.convert(v, dtype) for v, (_, dtype) in zip(results, types)]
        pointer = trace.finish(values, [], results)
    trace.alive = False
    return Program(Handle(pointer, quick.ntk_program_free), [])
