"""What to write in place of a function that is not supported."""

from __future__ import annotations

from .._tracing.protocol import ADVICE

_POSITIVE = "np.exp(y * np.log(x)) where x is known to be positive"
ADVICE.update(
    {
        "log2": "np.log(x) / np.log(2.0), to rounding",
        "log10": "np.log(x) / np.log(10.0), to rounding",
        "exp2": "np.exp(x * np.log(2.0)), to rounding",
        "expm1": "np.exp(x) - 1, where the loss of digits near 0 does not matter",
        "log1p": "np.log(1 + x), where the loss of digits near 0 does not matter",
        "logaddexp": "swntk.nn.logsumexp(np.stack([a, b]), axis=0)",
        "sinh": "(np.exp(x) - np.exp(-x)) / 2, where the loss of digits near 0 does not matter",
        "cosh": "(np.exp(x) + np.exp(-x)) / 2",
        "sort": "sort outside of the traced function and index by the order",
        "argsort": "argsort outside of the traced function",
        "vectorize": "NumPy functions on whole arrays, or swntk.vmap",
        "apply_along_axis": "swntk.vmap",
        "power": _POSITIVE,
        "float_power": _POSITIVE,
        "logsumexp": "swntk.nn.logsumexp",
        "softmax": "swntk.nn.softmax",
    }
)
