"""What to write in place of a function that is not supported."""

from __future__ import annotations

from .._tracing.protocol import ADVICE

ADVICE.update(
    {
        "sort": "sort outside of the traced function and index by the order",
        "argsort": "argsort outside of the traced function",
        "vectorize": "NumPy functions on whole arrays, or swntk.vmap",
        "apply_along_axis": "swntk.vmap",
        "logsumexp": "swntk.nn.logsumexp",
        "softmax": "swntk.nn.softmax",
    }
)
