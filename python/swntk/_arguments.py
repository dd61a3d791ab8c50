"""Arguments of traced functions: what a caller passes, as inputs of a program."""

from __future__ import annotations

import numpy as np

from ._errors import ArgumentError, DTypeError
from ._program import native
from ._tracing.dtypes import BOOL, F64, I64, is_half, supported
from ._tracing.tracer import Tracer


class Argument:
    """One leaf of an argument.

    Attributes
    ----------
    name : str
        `params['w1']`, for messages.
    array : numpy.ndarray, Tracer or None
        Its value; None where only the type is known.
    shape, dtype
        As inside the program.
    own : numpy.dtype
        As the caller gave it: float16 is float32 inside.
    scalar, weak, contiguous : bool
        As the traced array shall be.
    """

    __slots__ = ("name", "array", "shape", "dtype", "own", "scalar", "weak", "contiguous")

    def __init__(self, name, array, shape, dtype, own, scalar=False, weak=False, contiguous=True):
        self.name = name
        self.array = array
        self.shape = shape
        self.dtype = dtype
        self.own = own
        self.scalar = scalar
        self.weak = weak
        self.contiguous = contiguous

    @property
    def key(self):
        """What tracing depends on."""
        return self.shape, self.dtype, self.scalar, self.weak, self.contiguous

    @property
    def floating(self) -> bool:
        return self.dtype.kind == "f"


def is_array(x) -> bool:
    """Whether a leaf is an array: of NumPy, traced, or another library's."""
    return (
        isinstance(x, (np.ndarray, Tracer))
        or any(hasattr(x, name) for name in ("__array__", "__dlpack__", "__array_interface__"))
        and not isinstance(x, (np.generic, type))
    )


def is_arraylike(x) -> bool:
    """Whether a leaf is an array or a number."""
    return isinstance(x, (bool, int, float, complex, np.generic)) or is_array(x)


def from_leaf(x, name: str) -> Argument:
    """Take a leaf: an array or a number.

    Raises
    ------
    ArgumentError, DTypeError, UnsupportedError
        If it is none, or of an element type that there is none for.
    """
    if isinstance(x, Tracer):
        x._cell.trace.check_usable()
        return Argument(name, x, x.shape, x.dtype, x.dtype, x._scalar, x._weak, x.contiguous)
    if isinstance(x, np.ndarray):
        return _from_array(x, name)
    kind = type(x)
    if kind is float:
        return Argument(name, np.array(x, F64), (), F64, F64, scalar=True, weak=True)
    if kind is bool:
        return Argument(name, np.array(x, BOOL), (), BOOL, BOOL, scalar=True)
    if kind is int:
        if not -(2**63) <= x < 2**63:
            raise ArgumentError(f"{name} is {x}, which does not fit an int64")
        return Argument(name, np.array(x, I64), (), I64, I64, scalar=True, weak=True)
    if isinstance(x, np.generic):
        argument = _from_array(np.asarray(x), name)
        argument.scalar = True
        return argument
    return _from_array(foreign(x, name), name)


def _from_array(x: np.ndarray, name: str) -> Argument:
    dtype = supported(x.dtype, name)
    array = native(x, dtype)
    if type(array) is not np.ndarray:
        if isinstance(array, np.ma.MaskedArray):
            raise ArgumentError(f"{name} is a masked array: pass its data and its mask")
        array = array.view(np.ndarray)
    return Argument(name, array, x.shape, dtype, x.dtype, contiguous=x.flags.c_contiguous)


def foreign(x, name: str) -> np.ndarray:
    """Take another library's array, without a copy where it can be."""
    problem = None
    by_numpy = hasattr(x, "__array__") or hasattr(x, "__array_interface__")
    if by_numpy and not isinstance(x, type):
        try:
            found = np.asarray(x)
            if found.dtype.kind != "O":
                return found
        except (TypeError, ValueError, RuntimeError) as error:
            problem = error
    if hasattr(x, "__dlpack__"):
        try:
            return np.from_dlpack(x)
        except (TypeError, ValueError, RuntimeError, BufferError) as error:
            problem = problem or error
    if problem is not None:
        raise ArgumentError(f"{name} ({type(x).__name__}) cannot be read as an array: {problem}")
    if isinstance(x, complex):
        supported(np.complex128, name)
    if isinstance(x, (bool, int, float)):  # subclasses
        return np.asarray(x)
    raise DTypeError(
        f"{name} is a {type(x).__name__}, expected an array or a number; pass what is not an "
        "array as a "
        "keyword argument, or register its class by swntk.tree.register"
    )


def from_type(x, name: str) -> Argument:
    """Take anything with a shape and a dtype, for tracing only."""
    if (
        not isinstance(x, Tracer)
        and hasattr(x, "shape")
        and hasattr(x, "dtype")
        and not is_array(x)
        and not (isinstance(x, np.generic))
    ):
        return Argument(name, None, tuple(x.shape), supported(x.dtype, name), np.dtype(x.dtype))
    return from_leaf(x, name)


def half_of(arguments):
    """Return the half type that every floating argument has, or None."""
    kinds = {a.own for a in arguments if a.floating}
    if len(kinds) == 1:
        (kind,) = kinds
        if is_half(kind):
            return kind
    return None


def to_own(result, dtype):
    """Give a result back in the caller's own half type."""
    if dtype is None or not isinstance(result, np.ndarray) or result.dtype.kind != "f":
        return result
    return result.astype(dtype, copy=False)


def parameter_names(f, count: int) -> list[str]:
    """Return what a function calls its first positional parameters."""
    for _ in range(20):
        f = getattr(f, "__wrapped__", f)
    code = getattr(f, "__code__", None)
    names: list[str] = []
    if code is not None:
        names = list(code.co_varnames[: code.co_argcount])
        if getattr(f, "__self__", None) is not None:
            names = names[1:]
    return [names[i] if i < len(names) else f"argument {i}" for i in range(count)]


def function_name(f) -> str:
    """Return what to call a function in messages."""
    return getattr(f, "__qualname__", None) or getattr(f, "__name__", None) or type(f).__name__
