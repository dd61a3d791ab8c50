"""The exceptions of swntk, and the way from a status of ntk.h to one of them."""

from __future__ import annotations

import numpy as np

__all__ = [
    "NTKError",
    "ArgumentError",
    "ShapeError",
    "DTypeError",
    "ParseError",
    "UnsupportedError",
    "TracingError",
    "OutOfMemoryError",
    "CancelledError",
    "InternalError",
    "SingularKernelError",
    "SingularKernelWarning",
]


class NTKError(Exception):
    """What every exception of swntk derives from."""


class ArgumentError(NTKError, ValueError):
    """An argument is wrong."""


class IndexOutOfRangeError(ArgumentError, IndexError):
    """An index is out of range; found while tracing, or while a program ran."""


class ShapeError(NTKError, ValueError):
    """Shapes do not fit one another."""


class DTypeError(NTKError, TypeError):
    """An element type is wrong."""


class NaNError(NTKError, FloatingPointError):
    """An operation made a NaN inside `swntk.debug_nans`."""


class ParseError(NTKError, ValueError):
    """Program text is malformed.

    Attributes
    ----------
    line, column : int
        Where, both from 1; 0 if unknown.
    """

    def __init__(self, message: str, line: int = 0, column: int = 0):
        super().__init__(message)
        self.line = line
        self.column = column

    def __reduce__(self):
        return type(self), (self.args[0], self.line, self.column)


class UnsupportedError(NTKError, NotImplementedError):
    """Correct, but this version does not do it."""


class TracingError(NTKError, TypeError):
    """A traced value was used in a way that no program can express."""


class OutOfMemoryError(NTKError, MemoryError):
    """An allocation failed, or a memory limit does not suffice."""


class CancelledError(NTKError):
    """The computation was cancelled."""


class InternalError(NTKError, RuntimeError):
    """An invariant does not hold: a defect of this library. Please report it."""


class _Singular:
    """What is known of a singular matrix.

    Attributes
    ----------
    rank, size : int
        So many of its eigenvalues are above the tolerance.
    tolerance : float
    """

    def __init__(
        self,
        rank: int,
        size: int,
        tolerance: float,
        kernel: str = "the kernel",
        remedy: str = "add a jitter",
        least: float = 0.0,
    ):
        known = f"rank {rank} of {size}, counting eigenvalues above {tolerance:.3g}"
        if least < -tolerance:
            super().__init__(
                f"{kernel} is not positive definite: {known}; the least is {least:.3g}, and those "
                "of a tangent kernel are not negative"
            )
        else:
            super().__init__(
                f"{kernel} is singular: {known}; {remedy}, or leave out samples that repeat others"
            )
        self._said = kernel, remedy, least
        self.rank = rank
        self.size = size
        self.tolerance = tolerance

    def __reduce__(self):
        return type(self), (self.rank, self.size, self.tolerance, *self._said)


class SingularKernelError(_Singular, NTKError, np.linalg.LinAlgError):
    """A kernel has no inverse, in the element type computed with."""


class SingularKernelWarning(_Singular, UserWarning):
    """A kernel has no inverse, within the precision of the element type that it came in."""


class MissingAttributeError(UnsupportedError, AttributeError):
    """An attribute that NumPy's arrays have and traced arrays do not (yet)."""


NTK_CALLBACK = 9
NTK_SYNTAX = 4
_BY_STATUS = {
    1: ArgumentError,
    2: ShapeError,
    3: DTypeError,
    4: ParseError,
    5: InternalError,
    6: UnsupportedError,
    7: OutOfMemoryError,
    8: CancelledError,
    9: CancelledError,
    10: IndexOutOfRangeError,
    11: InternalError,
    12: NaNError,
}


def exception_for(status: int, message: str, line: int = 0, column: int = 0) -> NTKError:
    """Make the exception that stands for a status.

    Parameters
    ----------
    status : int
        An `ntk_status` other than `NTK_OK`.
    message : str
        What `ntk_last_error` said, with what the caller adds.
    line, column : int
        What `ntk_last_error_position` said.
    """
    kind = _BY_STATUS.get(status, InternalError)
    if kind is ParseError:
        return ParseError(message, line, column)
    return kind(message)
