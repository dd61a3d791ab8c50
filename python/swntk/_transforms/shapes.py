"""Tracing without running."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import from_type
from .._program import Program
from .binding import Bound


class ShapeDtypeStruct:
    """Shape and element type, in place of an array where only these matter.

    Parameters
    ----------
    shape : tuple of int
    dtype : dtype

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.ShapeDtypeStruct((2, 3), np.float32)
    ShapeDtypeStruct(shape=(2, 3), dtype=float32)
    """

    __slots__ = ("shape", "dtype")

    def __init__(self, shape, dtype):
        self.shape = tuple(n.__index__() for n in shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self.shape, dtype=np.int64))

    def __eq__(self, other):
        return isinstance(other, ShapeDtypeStruct) and (self.shape, self.dtype) == (
            other.shape,
            other.dtype,
        )

    def __hash__(self):
        return hash((self.shape, self.dtype))

    def __repr__(self):
        return f"ShapeDtypeStruct(shape={self.shape}, dtype={self.dtype.name})"


def eval_shape(f, *args, **kwargs):
    """Find out the shapes and element types of a function's results without computing them.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        Arrays, or anything with `shape` and `dtype`. Keyword arguments that are not arrays reach
        `f` unchanged.

    Returns
    -------
    tree of ShapeDtypeStruct

    Raises
    ------
    TracingError, UnsupportedError, ShapeError, DTypeError
        If `f` does what cannot be traced.

    Notes
    -----
    As `jax.eval_shape`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.eval_shape(np.dot, swntk.ShapeDtypeStruct((2, 3), np.float32), np.ones(3, np.float32))
    ShapeDtypeStruct(shape=(2,), dtype=float32)
    """
    bound = Bound(f, args, kwargs, read=from_type)
    traced = bound.trace()
    half = bound.half
    found = [
        ShapeDtypeStruct(shape, half if half is not None and dtype.kind == "f" else dtype)
        for shape, dtype in traced.program.output_types
    ]
    return tree.unflatten(traced.out_tree, found)


def trace(f, *args, **kwargs) -> Program:
    """Trace a function into a program.

    Parameters
    ----------
    f : callable
    *args, **kwargs
        Arrays, or anything with `shape` and `dtype`. Keyword arguments that are not arrays reach
        `f` unchanged.

    Returns
    -------
    Program
        Its inputs are the leaves of the arguments in order; it knows the arrays that `f` closed
        over.

    Raises
    ------
    TracingError, UnsupportedError, ShapeError, DTypeError
        If `f` does what cannot be traced.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.trace(np.tanh, np.zeros(3, np.float32)).outputs)
    [float32[3]]
    """
    bound = Bound(f, args, kwargs, read=from_type)
    traced = bound.trace()
    program = traced.program
    program.in_tree = tree.structure(args)
    program.out_tree = traced.out_tree
    return program
