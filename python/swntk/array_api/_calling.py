"""NumPy's functions by their handlers."""

from __future__ import annotations

import numpy as np

from .._tracing import protocol


def call(function, *args, **kwargs):
    """Call NumPy's function by its handler, also where no argument is traced or NumPy is old."""
    if isinstance(function, np.ufunc):
        return protocol.call_ufunc(function, "__call__", args, {"weak": True, **kwargs})
    return protocol.call_function(function, args, kwargs)
