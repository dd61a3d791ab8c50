"""From integers to vectors."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, DTypeError, ShapeError
from .._tracing import emit
from .._tracing.dtypes import BOOL, I64, supported
from .._tracing.location import place
from .._tracing.tracer import Tracer
from ._arrays import array, on_arrays


@on_arrays
def one_hot(x, num_classes, *, dtype=np.float64, axis=-1):
    """Compare integers with 0, 1, ..., num_classes - 1.

    Parameters
    ----------
    x : array of int
    num_classes : int
    dtype : dtype
    axis : int
        Where the classes stand.

    Returns
    -------
    array
        Of one more axis; zeros where x is out of range.

    Raises
    ------
    ArgumentError
        If there is no such axis, or `num_classes` is no number of classes.

    Notes
    -----
    As `jax.nn.one_hot`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.one_hot(np.array([0, 2]), 3).tolist())
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    value = array(x, "x").here()
    rank = value.ndim + 1
    if not -rank <= axis < rank:
        raise ArgumentError(f"one_hot: axis is {axis}, but the result has {rank} axes{place()}")
    count = num_classes.__index__()
    if not 0 <= count < 2**59:
        raise ArgumentError(
            f"one_hot: num_classes is {count}, expected a number of classes{place()}"
        )
    axis %= rank
    # Wide enough for every class, and for every x.
    kind = value.dtype if value.dtype.itemsize == 8 or value.dtype.kind == "f" else I64
    wide = emit.reshape(emit.convert(value, kind), (*value.shape[:axis], 1, *value.shape[axis:]))
    classes = emit.convert(emit.iota(count), kind)
    classes = emit.reshape(classes, [count if i == axis else 1 for i in range(rank)])
    equal = emit.emit("np.equal", [wide, classes])
    target = supported(np.float64 if dtype is None else dtype, "dtype")
    return Tracer.fresh(emit.convert(equal, target))


@on_arrays
def embedding(ids, table):
    """Take rows of a table.

    Parameters
    ----------
    ids : array of int
        Negative ones count from the end.
    table : array
        Rows are entries of the leading axis.

    Returns
    -------
    array
        Of shape `ids.shape + table.shape[1:]`: `table[ids]`, also where the table is a plain array
        and ids are traced.

    Raises
    ------
    ArgumentError
        Which is also an IndexError: if an index is out of range, perhaps found only while running.
    DTypeError
        If ids are not integers.
    ShapeError
        If the table has no axes.

    Notes
    -----
    A row that is taken several times gets the sum of their cotangents.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.embedding(np.array([2, 0]), np.array([[1.0], [2.0], [3.0]])).tolist())
    [[3.0], [1.0]]
    """
    ids, table = array(ids, "ids"), array(table, "table")
    if ids.dtype == BOOL or ids.dtype.kind not in "iu":
        raise DTypeError(f"embedding: ids have dtype {ids.dtype}, expected integers{place()}")
    if not table.ndim:
        raise ShapeError(f"embedding: table is a scalar, expected rows{place()}")
    index = emit.convert(emit.wrap_index(ids.here(), table.shape[0]), I64)
    return Tracer.fresh(emit.take_axis(table.here(), 0, index, "error"), True)
