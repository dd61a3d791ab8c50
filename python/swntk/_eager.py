"""Functions that trace, called on plain arrays: a small program made and run at once."""

from __future__ import annotations

import functools

from . import tree
from ._arguments import from_leaf, is_array, is_arraylike
from ._trace_function import execute, trace_call
from ._tracing.tracer import Tracer


def eager(f):
    """Let a function of traced arrays take plain ones.

    Where an argument is traced, `f` is called as it is; else its call is traced and run, which
    also brings in the traced arrays that a body among the arguments closes over.
    """

    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        if any(isinstance(leaf, Tracer) for leaf in tree.leaves((args, kwargs))):
            return f(*args, **kwargs)
        return run_eagerly(f, args, kwargs)

    return wrapper


def run_eagerly(f, args, kwargs):
    """Trace a call and run it. Arrays are traced, everything else reaches f as it is."""
    leaves, treedef = tree.flatten((args, kwargs))
    slots = [i for i, leaf in enumerate(leaves) if is_array(leaf)]
    if not slots:
        slots = [i for i, leaf in enumerate(leaves) if is_arraylike(leaf)][:1]
    arguments = [from_leaf(leaves[i], "an argument") for i in slots]

    def call(tracers):
        filled = list(leaves)
        for i, tracer in zip(slots, tracers):
            filled[i] = tracer
        again, named = tree.unflatten(treedef, filled)
        return f(*again, **named)

    traced = trace_call(f, arguments, call, keep_float0=True)
    results = execute(traced.program, [*(a.array for a in arguments), *traced.captured])
    return traced.result(results)
