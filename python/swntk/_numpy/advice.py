"""What to write in place of a function that is not supported."""

from __future__ import annotations

from .._tracing.protocol import ADVICE

ADVICE.update(
    {
        "logsumexp": "swntk.nn.logsumexp",
        "softmax": "swntk.nn.softmax",
        "packbits": "x.astype(np.uint8) and shifts, which stay arrays of booleans or integers",
        "unpackbits": "(x[:, None] >> np.arange(8)) & 1",
        "trim_zeros": "x[start:stop] with ends that are known while tracing",
        "einsum_path": "shapes alone decide the path: compute it outside",
        "save": "save what the traced function returns",
        "savez": "save what the traced function returns",
        "savez_compressed": "save what the traced function returns",
        "savetxt": "save what the traced function returns",
        "roots": "Newton's method for a real root",
    }
)
