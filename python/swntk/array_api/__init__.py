"""The array API standard for traced arrays: what `x.__array_namespace__()` returns.

The names and signatures are those of the standard (https://data-apis.org/array-api, 2024.12).
Each function is NumPy's of the same meaning, traced by the same rules; those that make arrays make
traced ones here, so that code for any array library runs unchanged. Where the shape of a result
depends on numbers (`nonzero`, `unique_values`, ...), and for complex numbers, they raise as
everywhere in a traced function.
"""

from __future__ import annotations

import math as _math
import sys as _sys

import numpy as _np

from .._errors import ArgumentError as _ArgumentError
from .._tracing.location import place as _place
from . import _creation, _elementwise, _functions, _types
from ._extensions import fft, linalg  # noqa: F401
from ._types import __array_namespace_info__  # noqa: F401

__array_api_version__ = "2024.12"
_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12")

e, inf, nan, newaxis, pi = _math.e, _math.inf, _math.nan, None, _math.pi

for _module in (_creation, _elementwise, _functions, _types):
    for _name, _thing in vars(_module).items():
        _own = getattr(_thing, "__module__", None) == _module.__name__
        if not _name.startswith("_") and (_own or isinstance(_thing, _np.dtype)):
            globals()[_name] = _thing


def namespace(version=None):
    """Return this module, or raise for a version of the standard that it does not follow.

    Parameters
    ----------
    version : str, optional
        For example "2023.12".

    Raises
    ------
    ArgumentError
        If the version is not known.
    """
    if version is not None and version not in _VERSIONS:
        raise _ArgumentError(
            f"array API version {version!r} is not supported: {', '.join(_VERSIONS)}{_place()}"
        )
    return _sys.modules[__name__]
