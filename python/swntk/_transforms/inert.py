"""Values without derivatives."""

from __future__ import annotations

from .. import tree
from .._tracing import emit
from .._tracing.tracer import Tracer


def stop_gradient(x):
    """Return a value as it is, with no derivative.

    Parameters
    ----------
    x : tree

    Returns
    -------
    tree

    Raises
    ------
    TracingError
        If a traced array is used outside of its trace.

    Notes
    -----
    As `jax.lax.stop_gradient`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.grad(lambda x: x * swntk.stop_gradient(x))(3.0))
    3.0
    """

    def stop(leaf):
        if not isinstance(leaf, Tracer) or leaf.dtype.kind != "f":
            return leaf
        value = emit.emit("stop_gradient", [leaf.here()])
        return Tracer.fresh(value, leaf.contiguous, scalar=leaf._scalar, weak=leaf._weak)

    return tree.map(stop, x)
