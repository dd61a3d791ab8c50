"""The operators and methods of NumPy's arrays, each by the ufunc or function of the same name."""

from __future__ import annotations

import numpy as np

from . import protocol


def _ufunc(ufunc, *operands):
    for x in operands:
        if getattr(x, "__array_ufunc__", 0) is None:
            return NotImplemented
    return protocol.call_ufunc(ufunc, "__call__", operands, {"weak": True})


def _function(name, *args, **kwargs):
    return protocol.FUNCTIONS[getattr(np, name)](*args, **kwargs)


def _forward(ufunc):
    def operator(self, other):
        return _ufunc(ufunc, self, other)

    return operator


def _backward(ufunc):
    def operator(self, other):
        return _ufunc(ufunc, other, self)

    return operator


def _in_place(ufunc):
    def operator(self, other):
        if self._scalar:
            return _ufunc(ufunc, self, other)
        return protocol.call_ufunc(ufunc, "__call__", (self, other), {"out": (self,)})

    return operator


class Flat:
    """The elements of an array in C order, as `ndarray.flat`."""

    __slots__ = ("_array",)

    def __init__(self, array):
        self._array = array

    def _line(self):
        return _function("ravel", self._array.copy())

    def __len__(self):
        return self._array.size

    def __iter__(self):
        return iter(self._line())

    def __getitem__(self, index):
        found = self._line()[index]
        return found.copy()

    def __setitem__(self, index, values):
        places = np.arange(self._array.size)[index]
        _function("put", self._array, places, values)


class ArrayMethods:
    """What `Tracer` inherits; `self` is one."""

    __slots__ = ()

    __add__, __radd__, __iadd__ = _forward(np.add), _backward(np.add), _in_place(np.add)
    __sub__, __rsub__, __isub__ = (
        _forward(np.subtract),
        _backward(np.subtract),
        _in_place(np.subtract),
    )
    __mul__, __rmul__, __imul__ = (
        _forward(np.multiply),
        _backward(np.multiply),
        _in_place(np.multiply),
    )
    __truediv__, __rtruediv__ = _forward(np.divide), _backward(np.divide)
    __itruediv__ = _in_place(np.divide)
    __floordiv__, __rfloordiv__ = _forward(np.floor_divide), _backward(np.floor_divide)
    __ifloordiv__ = _in_place(np.floor_divide)
    __mod__, __rmod__, __imod__ = (
        _forward(np.remainder),
        _backward(np.remainder),
        _in_place(np.remainder),
    )
    __matmul__, __rmatmul__, __imatmul__ = (
        _forward(np.matmul),
        _backward(np.matmul),
        _in_place(np.matmul),
    )
    __and__, __rand__, __iand__ = (
        _forward(np.bitwise_and),
        _backward(np.bitwise_and),
        _in_place(np.bitwise_and),
    )
    __or__, __ror__, __ior__ = (
        _forward(np.bitwise_or),
        _backward(np.bitwise_or),
        _in_place(np.bitwise_or),
    )
    __xor__, __rxor__, __ixor__ = (
        _forward(np.bitwise_xor),
        _backward(np.bitwise_xor),
        _in_place(np.bitwise_xor),
    )
    __lshift__, __rlshift__, __ilshift__ = (
        _forward(np.left_shift),
        _backward(np.left_shift),
        _in_place(np.left_shift),
    )
    __rshift__, __rrshift__, __irshift__ = (
        _forward(np.right_shift),
        _backward(np.right_shift),
        _in_place(np.right_shift),
    )
    __lt__, __le__ = _forward(np.less), _forward(np.less_equal)
    __gt__, __ge__ = _forward(np.greater), _forward(np.greater_equal)
    __eq__, __ne__ = _forward(np.equal), _forward(np.not_equal)

    def __pow__(self, other, modulo=None):
        return NotImplemented if modulo is not None else _ufunc(np.power, self, other)

    def __rpow__(self, other):
        return _ufunc(np.power, other, self)

    __ipow__ = _in_place(np.power)

    def __divmod__(self, other):
        return self // other, self % other

    def __rdivmod__(self, other):
        return other // self, other % self

    def __neg__(self):
        return _ufunc(np.negative, self)

    def __pos__(self):
        return _ufunc(np.positive, self)

    def __abs__(self):
        return _ufunc(np.absolute, self)

    def __invert__(self):
        return _ufunc(np.invert, self)

    # ---- shape

    @property
    def T(self):
        return _function("transpose", self)

    @property
    def mT(self):
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return _function("swapaxes", self, -1, -2)

    @property
    def real(self):
        return self

    @property
    def imag(self):
        return _function("zeros_like", self)

    def reshape(self, *shape, order="C", copy=None):
        if len(shape) == 1 and not hasattr(shape[0], "__index__"):
            shape = shape[0]
        return _function("reshape", self, shape, order=order, copy=copy)

    def ravel(self, order="C"):
        return _function("ravel", self, order=order)

    def flatten(self, order="C"):
        return _function("copy", _function("ravel", self, order=order))

    def transpose(self, *axes):
        if len(axes) == 1 and (axes[0] is None or not hasattr(axes[0], "__index__")):
            axes = axes[0]
        return _function("transpose", self, axes or None)

    def swapaxes(self, axis1, axis2):
        return _function("swapaxes", self, axis1, axis2)

    def squeeze(self, axis=None):
        return _function("squeeze", self, axis)

    def diagonal(self, offset=0, axis1=0, axis2=1):
        return _function("diagonal", self, offset, axis1, axis2)

    def trace(self, offset=0, axis1=0, axis2=1, dtype=None, out=None):
        return _function("trace", self, offset, axis1, axis2, dtype, out)

    def repeat(self, repeats, axis=None):
        return _function("repeat", self, repeats, axis)

    def take(self, indices, axis=None, out=None, mode="raise"):
        return _function("take", self, indices, axis, out, mode)

    def choose(self, choices, out=None, mode="raise"):
        return _function("choose", self, choices, out, mode)

    def compress(self, condition, axis=None, out=None):
        return _function("compress", condition, self, axis, out)

    def put(self, indices, values, mode="raise"):
        _function("put", self, indices, values, mode)

    def nonzero(self):
        return _function("nonzero", self)

    @property
    def flat(self):
        return Flat(self)

    @flat.setter
    def flat(self, values):
        _function("put", self, np.arange(self.size), values)

    @property
    def device(self):
        return "cpu"

    def to_device(self, device, /, *, stream=None):
        if device != "cpu":
            raise ValueError(f"unsupported device {device!r}: arrays are on the cpu")
        return self

    def view(self, *args, **kwargs):
        from .location import unsupported

        if args or kwargs:
            raise unsupported(".view with a type", "x.astype(dtype) to convert values")
        return self[...]

    # ---- values

    def copy(self, order="C"):
        result = _function("copy", self, order=order)
        # np.copy of a scalar is an array, the method gives a scalar.
        result._scalar = self._scalar
        return result

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        return protocol.astype(self, dtype, order, casting, copy)

    def fill(self, value):
        self[...] = value

    def item(self, *args):
        raise self._unknown(
            ".item()", "leave the conversion out, or return the array from the function"
        )

    def tolist(self):
        raise self._unknown(".tolist()", "NumPy functions on the array, or iterate over it")

    def clip(self, min=None, max=None, out=None, **kwargs):
        return _function("clip", self, min, max, out, **kwargs)

    def round(self, decimals=0, out=None):
        return _function("round", self, decimals, out)

    def conj(self):
        return self

    def conjugate(self):
        return self

    def dot(self, b, out=None):
        return _function("dot", self, b, out)

    # ---- reductions

    def sum(self, axis=None, dtype=None, out=None, **kwargs):
        return _function("sum", self, axis, dtype, out, **kwargs)

    def prod(self, axis=None, dtype=None, out=None, **kwargs):
        return _function("prod", self, axis, dtype, out, **kwargs)

    def mean(self, axis=None, dtype=None, out=None, **kwargs):
        return _function("mean", self, axis, dtype, out, **kwargs)

    def var(self, axis=None, dtype=None, out=None, ddof=0, **kwargs):
        return _function("var", self, axis, dtype, out, ddof, **kwargs)

    def std(self, axis=None, dtype=None, out=None, ddof=0, **kwargs):
        return _function("std", self, axis, dtype, out, ddof, **kwargs)

    def max(self, axis=None, out=None, **kwargs):
        return _function("max", self, axis, out, **kwargs)

    def min(self, axis=None, out=None, **kwargs):
        return _function("min", self, axis, out, **kwargs)

    def sort(self, axis=-1, kind=None, order=None, *, stable=None):
        self[...] = _function("sort", self, axis, kind, order, stable=stable)

    def argsort(self, axis=-1, kind=None, order=None, *, stable=None):
        return _function("argsort", self, axis, kind, order, stable=stable)

    def partition(self, kth, axis=-1, kind="introselect", order=None):
        self[...] = _function("partition", self, kth, axis, kind, order)

    def argpartition(self, kth, axis=-1, kind="introselect", order=None):
        return _function("argpartition", self, kth, axis, kind, order)

    def searchsorted(self, v, side="left", sorter=None):
        return _function("searchsorted", self, v, side, sorter)

    def ptp(self, axis=None, out=None, **kwargs):
        return _function("ptp", self, axis, out, **kwargs)

    def any(self, axis=None, out=None, **kwargs):
        return _function("any", self, axis, out, **kwargs)

    def all(self, axis=None, out=None, **kwargs):
        return _function("all", self, axis, out, **kwargs)

    def argmax(self, axis=None, out=None, **kwargs):
        return _function("argmax", self, axis, out, **kwargs)

    def argmin(self, axis=None, out=None, **kwargs):
        return _function("argmin", self, axis, out, **kwargs)

    def cumsum(self, axis=None, dtype=None, out=None):
        return _function("cumsum", self, axis, dtype, out)

    def cumprod(self, axis=None, dtype=None, out=None):
        return _function("cumprod", self, axis, dtype, out)
