"""The traced array: a cell and the index maps that lead to a view of it."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError, MissingAttributeError, ShapeError
from . import emit, protocol, recipes
from .cell import Cell
from .dtypes import is_floating
from .layout import c_strides, has_one_layout, is_contiguous
from .location import place, tracing_error
from .methods import ArrayMethods
from .trace import Value, activate, current

_ANY = "NumPy's function on the array if there is one, or do it outside of the function"
_STRIDES = "a view: slices, transpose, reshape, np.lib.stride_tricks.sliding_window_view"
_OUTSIDE = "return the array from the function and do it there"
ATTRIBUTES = {
    "strides": _STRIDES,
    "flags": "nothing: memory layout is not known while tracing",
    "base": "nothing: whether an array is a view does not show while tracing",
    "data": _OUTSIDE,
    "ctypes": _OUTSIDE,
    "dump": _OUTSIDE,
    "dumps": _OUTSIDE,
    "tobytes": _OUTSIDE,
    "tofile": _OUTSIDE,
    "byteswap": _OUTSIDE,
    "getfield": _OUTSIDE,
    "setfield": _OUTSIDE,
    "setflags": "x.copy() for an array of its own; nothing marks a traced one read-only",
    "resize": "x = np.resize(x, shape)",
}
"""What to write instead of attributes that traced arrays do not have."""


class Tracer(ArrayMethods):
    """An array whose elements are not known yet, in place of an argument of a traced function.

    It has NumPy's attributes, methods, operators, indexing and assignment; NumPy's functions take
    it. What needs the elements themselves (`if`, `float`, `np.array`) raises `TracingError`.
    """

    __slots__ = (
        "_cell",
        "_steps",
        "shape",
        "dtype",
        "_strides",
        "_scalar",
        "_weak",
        "_writable",
        "_version",
        "_value",
        "__weakref__",
    )
    __array_priority__ = 1000
    __hash__ = None

    def __init__(
        self, cell, steps, shape, dtype, strides, *, scalar=False, weak=False, writable=True
    ):
        self._cell = cell
        self._steps = steps
        self.shape = shape
        self.dtype = dtype
        self._strides = strides
        # NumPy's scalars are immutable: `s += 1` binds a new one.
        self._scalar = scalar
        # A Python number, which takes the type of what it meets.
        self._weak = weak
        self._writable = writable
        self._version = -1
        self._value = None

    # ---- making

    @classmethod
    def fresh(cls, value: Value, contiguous: bool = True, *, scalar=None, weak=False) -> Tracer:
        """Wrap a value as newly allocated memory.

        A result without axes is a scalar, as in NumPy, unless `scalar` says otherwise.
        """
        shape = value.shape
        contiguous = contiguous or has_one_layout(shape)
        if scalar is None:
            scalar = not shape
        return cls(
            Cell(value.trace, value, contiguous),
            (),
            shape,
            value.dtype,
            c_strides(shape) if contiguous else None,
            scalar=scalar,
            weak=weak,
        )

    def viewed(self, step, shape, strides, *, writable=True) -> Tracer:
        """Return a view of the same cell, one index map further; of a scalar, new memory."""
        if self._scalar:
            value = self.read()
            with activate(self._cell.trace):
                value = step.read(value)
            fresh = Tracer.fresh(value)
            fresh._writable = self._writable and writable
            return fresh
        return Tracer(
            self._cell,
            (*self._steps, step),
            tuple(shape),
            self.dtype,
            strides,
            writable=self._writable and writable,
        )

    # ---- reading and writing

    def read(self) -> Value:
        """Return what the array holds now, as a value of its own trace."""
        cell = self._cell
        cell.trace.check_usable(f"a traced array of shape {self.shape}")
        if self._version != cell.version:
            value = cell.value
            if self._steps:
                with activate(cell.trace):
                    for step in self._steps:
                        value = step.read(value)
            self._value = value
            self._version = cell.version
        return self._value

    def here(self) -> Value:
        """Return what the array holds now, as a value of the innermost trace."""
        value = self.read()
        trace = current()
        return value if trace is None or value.trace is trace else trace.lift(value)

    def check_writable(self) -> None:
        """Raise if an assignment to this array is not possible."""
        if self._scalar:
            raise tracing_error(
                "assignment into a scalar, which NumPy's are not open to", "make a new value"
            )
        if not self._writable:
            raise ArgumentError(f"assignment destination is read-only{place()}")
        self._cell.check_writable(current())

    def write(self, new: Value) -> None:
        """Overwrite every element of this view."""
        cell = self._cell
        before = [cell.value]
        for step in self._steps[:-1]:
            before.append(step.read(before[-1]))
        value = new
        for step, old in zip(reversed(self._steps), reversed(before)):
            value = step.put(old, value)
        cell.write(value)
        if not self._steps:
            self._version = -1
        else:
            self._version, self._value = cell.version, new

    def same_place(self, other: Tracer) -> bool:
        """Whether two arrays are the same view of the same cell."""
        return self._cell is other._cell and self._steps == other._steps

    @property
    def contiguous(self) -> bool:
        """Whether NumPy's array would provably lie in C order without gaps."""
        return is_contiguous(self.shape, self._strides)

    # ---- attributes

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    # ---- protocols

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return protocol.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func, types, args, kwargs):
        return protocol.call_function(func, args, kwargs)

    def __array__(self, dtype=None, copy=None):
        what, instead = recipes.conversion()
        raise tracing_error(f"{what}: the numbers of {self!r} are not known yet", instead)

    def __array_namespace__(self, *, api_version=None):
        from .. import array_api

        return array_api.namespace(api_version)

    def __dlpack__(self, **options):
        raise self._unknown("__dlpack__()", "return it from the traced function")

    def __dlpack_device__(self):
        return (1, 0)

    # ---- what needs the numbers

    def _unknown(self, what: str, instead: str):
        return tracing_error(
            f"{what} of a traced array ({self!r}): its numbers are not known yet", instead
        )

    def __bool__(self):
        what, instead = recipes.truth()
        raise tracing_error(f"{what}: the numbers of {self!r} are not known yet", instead)

    def __float__(self):
        raise self._no_number("float()")

    def __int__(self):
        raise self._no_number("int()")

    def __complex__(self):
        raise self._no_number("complex()")

    def _no_number(self, name):
        what, instead = recipes.number(name)
        return tracing_error(f"{what}: the numbers of {self!r} are not known yet", instead)

    def __index__(self):
        raise self._unknown(
            "use as an index, a length or a range",
            "sizes must be known while tracing: pass them as keyword arguments, which stay "
            "numbers; swntk.lax.take(a, t, axis=0) for a[t] of a list or a plain array",
        )

    def __contains__(self, item):
        what, instead = recipes.truth()
        raise tracing_error(f"{what}: the numbers of {self!r} are not known yet", instead)

    def __format__(self, spec):
        if spec:
            raise self._unknown(
                f"format {spec!r}", "print after the computation, outside of the function"
            )
        return repr(self)

    def __reduce__(self):
        raise self._unknown("a pickle", "return it from the traced function")

    def __getattr__(self, name):
        if not name.startswith("_") and hasattr(np.ndarray, name):
            raise MissingAttributeError(
                f"traced arrays have no .{name}{place()}\nInstead: {ATTRIBUTES.get(name, _ANY)}"
            )
        raise AttributeError(f"traced arrays have no attribute {name!r}")

    def __repr__(self):
        return f"Traced<{self.dtype.name}[{','.join(map(str, self.shape))}]>"

    # ---- indexing

    def __len__(self):
        if not self.shape:
            raise ArgumentTypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        if not self.shape:
            raise ArgumentTypeError("iteration over a 0-d array")
        return (self[i] for i in range(self.shape[0]))

    def __getitem__(self, index):
        return protocol.get_item(self, index)

    def __setitem__(self, index, value):
        protocol.set_item(self, index, value)


class ArgumentTypeError(ArgumentError, TypeError):
    """As NumPy's TypeError for what an array without axes cannot do."""


def as_value(x, dtype=None) -> Value:
    """Bring an operand into the innermost trace.

    Parameters
    ----------
    x : Tracer, Value, numpy.ndarray, numpy.generic, bool, int or float
    dtype : numpy.dtype, optional
        The type to convert to.
    """
    if isinstance(x, Tracer):
        value = x.here()
    elif isinstance(x, Value):
        value = current().lift(x)
    elif isinstance(x, (bool, int, float)) and not isinstance(x, np.generic):
        from .dtypes import BOOL, F64, I64

        target = dtype or (BOOL if isinstance(x, bool) else I64 if isinstance(x, int) else F64)
        if isinstance(x, int) and target.kind in "iu":
            limits = np.iinfo(target)
            if not limits.min <= x <= limits.max:
                raise OverflowError(f"Python integer {x} out of bounds for {target}{place()}")
        return emit.full((), x, target)
    else:
        value = current().capture(x)
    return value if dtype is None else emit.convert(value, dtype)


def check_cast(value, target: Tracer, casting: str) -> None:
    """Raise if a value may not be converted to an array's type."""
    from .operands import kind_of

    kind = kind_of(value)
    if not isinstance(kind, str) and not np.can_cast(kind, target.dtype, casting):
        raise DTypeError(
            f"cannot cast from {kind} to {target.dtype} with casting rule {casting!r}{place()}"
        )
    if (
        isinstance(kind, str)
        and casting == "same_kind"
        and kind == "f"
        and not is_floating(target.dtype)
    ):
        raise DTypeError(f"cannot put a Python float into an array of {target.dtype}{place()}")


def assign(target: Tracer, value, casting: str = "same_kind") -> None:
    """Overwrite all of a view by a value that broadcasts to it, converted to its type."""
    from .operands import kind_of, operand

    target.check_writable()
    value = operand(value)
    check_cast(value, target, casting)
    kind = kind_of(value)
    new = as_value(value, None if isinstance(kind, np.dtype) else target.dtype)
    new = emit.convert(new, target.dtype)
    shape = new.shape
    while len(shape) > target.ndim and shape[0] == 1:
        shape = shape[1:]
    try:
        fits = np.broadcast_shapes(shape, target.shape) == target.shape
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"could not broadcast an array of shape {new.shape} into shape {target.shape}{place()}"
        )
    target.write(emit.broadcast_to(emit.reshape(new, shape), target.shape))
