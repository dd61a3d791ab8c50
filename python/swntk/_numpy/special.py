"""The ufuncs of scipy.special, by name: importing SciPy would cost every user 0.25 s."""

from __future__ import annotations

from .._tracing import emit
from .._tracing.protocol import NAMED_UFUNCS
from .elementwise import floats


def expit(operands, dtype):
    """The logistic function."""
    (x,) = floats(operands, dtype)
    return emit.emit("logistic", [x])


NAMED_UFUNCS["expit"] = expit
