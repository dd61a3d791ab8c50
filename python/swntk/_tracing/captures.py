"""What a trace keeps of an array that a function closes over."""

from __future__ import annotations

import ctypes

import numpy as np

from .dtypes import supported

# A fifth of the time that an elementwise comparison takes, and no array of its results.
_memcmp = ctypes.CDLL(None).memcmp
_memcmp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
_memcmp.restype = ctypes.c_int


def _frozen(array: np.ndarray) -> bool:
    """Whether nothing can write to an array: no array below it is writable."""
    below = array
    while isinstance(below, np.ndarray):
        if below.flags.writeable:
            return False
        below = below.base
    if below is None or isinstance(below, bytes):
        return True
    # Arrays of JAX are immutable; any other exporter might let its owner write.
    return type(below).__module__.partition(".")[0] in ("jax", "jaxlib")


def snapshot(array) -> np.ndarray:
    """Return an array's values as they are now, of a supported type, never to be written to."""
    dtype = supported(array.dtype, "a captured array")
    if isinstance(array, np.generic):
        return np.asarray(array, dtype=dtype)
    if array.dtype == dtype and array.flags.aligned and _frozen(array):
        return array.view(np.ndarray)
    copy = np.array(array, dtype=dtype, order="C", copy=True, subok=False)
    copy.flags.writeable = False
    return copy


def unchanged(array, kept: np.ndarray) -> bool:
    """Whether an array still holds, bit by bit, the values of which `kept` is the snapshot."""
    if isinstance(array, np.generic) or _frozen(array):
        return True
    if array.shape != kept.shape:
        return False
    now = np.ascontiguousarray(array, dtype=kept.dtype)
    return _memcmp(now.ctypes.data, kept.ctypes.data, kept.nbytes) == 0
