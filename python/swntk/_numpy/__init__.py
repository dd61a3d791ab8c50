"""Handlers of NumPy's ufuncs and functions for traced arrays.

Importing this package fills the tables of `swntk._tracing.protocol`. What has no handler raises
`UnsupportedError` with the user's line.
"""

from __future__ import annotations

from .._tracing import protocol
from . import (  # noqa: F401  (each registers its handlers)
    accumulation,
    advice,
    bits,
    creation,
    differences,
    editing,
    elementwise,
    factorizations,
    fourier,
    grids,
    interpolation,
    joining,
    linalg,
    logic,
    mapping,
    norms,
    padding,
    polynomials,
    products,
    queries,
    quotients,
    reductions,
    rounding,
    selection,
    shaping,
    sorting,
    special,
    splitting,
    statistics,
    triangles,
)
from .assignment import set_item
from .indexing import get_item
from .shaping import set_shape
from .ufuncs import call_ufunc
from .values import astype

protocol.call_ufunc = call_ufunc
protocol.get_item = get_item
protocol.set_item = set_item
protocol.astype = astype
protocol.set_shape = set_shape
