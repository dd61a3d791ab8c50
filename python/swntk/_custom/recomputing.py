"""checkpoint: less memory for derivatives, by computing again."""

from __future__ import annotations

import functools

from .. import tree
from .._bodies import inside
from .._errors import UnsupportedError
from .._trace_function import trace_call
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .._transforms.binding import Bound


def checkpoint(f, *, prevent_cse=True, policy=None, static_argnums=(), static_argnames=()):
    """Make a function of which reverse mode keeps the arguments only and computes the rest again.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; it may close over traced ones.
    prevent_cse
        Accepted and ignored: what is computed again is never merged with the first time.
    policy
        Must be None: nothing but the arguments is kept.
    static_argnums, static_argnames
        Accepted: what is no array reaches `f` as it is anyway.

    Returns
    -------
    callable
        The same function.

    Raises
    ------
    UnsupportedError
        If a policy is given.

    Notes
    -----
    As `jax.checkpoint`; also called `remat`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> block = swntk.checkpoint(lambda x: np.sin(np.sin(x)))
    >>> print(round(float(swntk.grad(block)(1.0)), 6))
    0.360039
    """
    if policy is not None:
        raise UnsupportedError(
            "checkpoint: policy must be None; wrap the parts to recompute instead"
        )

    @functools.wraps(f, updated=())
    def recomputed(*args, **kwargs):
        if current() is None:
            return f(*args, **kwargs)
        bound = Bound(f, args, kwargs, every=set())
        traced = trace_call(f, inside(bound.arguments), bound.call, captured_first=True)
        operands = [as_value(source) for source in traced.captured]
        operands += [as_value(a.array, a.dtype) for a in bound.arguments]
        values = current().apply(
            "checkpoint",
            operands,
            parameters_text({"jaxpr": Body(0)}),
            [traced.program.pointer],
            len(traced.program.output_types),
        )
        results = [Tracer.fresh(v, weak=w) for v, w in zip(values, traced.weak)]
        return tree.unflatten(traced.out_tree, results)

    return recomputed
