"""What to write in place of a function that is not supported."""

from __future__ import annotations

from .._tracing.protocol import ADVICE

ADVICE.update(
    {
        "vectorize": "NumPy functions on whole arrays, or swntk.vmap",
        "apply_along_axis": "swntk.vmap",
        "logsumexp": "swntk.nn.logsumexp",
        "softmax": "swntk.nn.softmax",
    }
)
