"""The array API standard: the extensions linalg and fft."""

from __future__ import annotations

import numpy as np

from .._tracing.location import unsupported
from .._tracing.operands import traced
from . import _functions
from ._calling import call


class _Extension:
    """A namespace below this one: NumPy's functions of the same names, traced."""

    def __init__(self, module, names):
        self._module, self._names = module, names.split()

    def __dir__(self):
        return self._names

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"the array API standard has no {name!r} here")
        own = getattr(_functions, name, None)
        if own is not None and name in ("matmul", "tensordot", "vecdot", "matrix_transpose"):
            return own
        function = getattr(self._module, name, None)
        if function is None:
            raise unsupported(f"{name} needs a newer NumPy than {np.__version__}")

        def _inner(*args, **kwargs):
            args = [traced(a) if isinstance(a, np.ndarray) else a for a in args]
            return call(function, *args, **kwargs)

        _inner.__name__ = name
        return _inner


linalg = _Extension(
    np.linalg,
    "cholesky cross det diagonal eigh eigvalsh inv matmul matrix_norm matrix_power matrix_rank "
    "matrix_transpose outer pinv qr slogdet solve svd svdvals tensordot trace vecdot vector_norm",
)
fft = _Extension(
    np.fft,
    "fft ifft fftn ifftn rfft irfft rfftn irfftn hfft ihfft fftfreq rfftfreq fftshift ifftshift",
)
