"""What the functions of numpy.linalg share: operands, element types, errors, result types."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import F64, default_of, promote
from .._tracing.location import place
from .._tracing.operands import kind_of, operand, traced
from .._tracing.parameters import parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .values import finish


class MatrixShapeError(ShapeError, np.linalg.LinAlgError):
    """As NumPy's LinAlgError, with the user's line."""


def matrix(a, *, square: bool = False) -> Tracer:
    """Return stacks of matrices of floats.

    Raises
    ------
    ShapeError
        Which is also NumPy's LinAlgError, if they are none.
    """
    (x,) = matrices(a)
    if x.ndim < 2:
        raise MatrixShapeError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional{place()}"
        )
    if square and x.shape[-1] != x.shape[-2]:
        raise MatrixShapeError(
            f"Last 2 dimensions of the array must be square, got shape {x.shape}{place()}"
        )
    return x


def matrices(*arrays) -> list[Tracer]:
    """Bring operands to the floating type in which numpy.linalg computes: integers are float64."""
    operands = [operand(a) for a in arrays]
    kinds = [default_of(kind_of(x)) for x in operands]
    dtype = promote([kind if kind.kind == "f" else F64 for kind in kinds])
    return [
        x if isinstance(x, Tracer) and x.dtype == dtype else traced(finish(as_value(x, dtype)))
        for x in operands
    ]


def apply(name: str, operands, results: int = 1, **parameters) -> list[Tracer]:
    """Apply an operation of several results to traced arrays."""
    values = current().apply(
        name, [x.here() for x in operands], parameters_text(parameters), results=results
    )
    return [finish(value, contiguous=True) for value in values]


def one(name: str, *operands, **parameters) -> Tracer:
    """Apply an operation of one result to traced arrays."""
    value = emit.emit(name, [x.here() for x in operands], **parameters)
    return finish(value, contiguous=True)


def transposed(x: Tracer) -> Tracer:
    """Swap the last two axes."""
    return np.swapaxes(x, -1, -2)


def symmetric(x: Tracer, lower: bool = True) -> Tracer:
    """Return the symmetric matrices of which one triangle is given.

    Of matrices that are symmetric the derivative is that of their symmetric part, as JAX's.
    """
    mirrored = transposed(x)
    mask = np.tri(x.shape[-1], dtype=bool)
    triangle = np.where(mask if lower else mask.T, x, mirrored)
    whole = np.all(x == mirrored, axis=(-2, -1), keepdims=True)
    return np.where(whole, (x + mirrored) * 0.5, triangle)


def triangle(UPLO) -> str:
    """Check the name of a triangle."""
    name = UPLO.upper() if isinstance(UPLO, str) else UPLO
    if name not in ("L", "U"):
        raise ArgumentError(f"UPLO argument must be 'L' or 'U', got {UPLO!r}{place()}")
    return name


_EXAMPLE = np.ones((1, 1))
_TYPES = {
    "eigh": type(np.linalg.eigh(_EXAMPLE)),
    "qr": type(np.linalg.qr(_EXAMPLE)),
    "svd": type(np.linalg.svd(_EXAMPLE)),
    "slogdet": type(np.linalg.slogdet(_EXAMPLE)),
}


def result(name: str, *parts):
    """Return the results as NumPy's own class: a namedtuple since 1.25, a tuple before."""
    kind = _TYPES[name]
    return tuple(parts) if kind is tuple else kind(*parts)
