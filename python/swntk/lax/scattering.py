"""Slices of arrays at places that index vectors give: gather and the scatters."""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, DTypeError
from .._tracing import emit
from .._tracing.dtypes import I32, I64, promote
from .._tracing.location import place, unsupported
from .._tracing.operands import common_values, kind_of, traced, value_of
from .._tracing.tracer import Tracer
from .reading import _filling


class GatherDimensionNumbers(NamedTuple):
    """How slices of an array stand in what `gather` returns; as `jax.lax.GatherDimensionNumbers`.

    Attributes
    ----------
    offset_dims : tuple of int
        Axes of the result that run inside a slice, in order.
    collapsed_slice_dims : tuple of int
        Axes of the operand along which slices have size 1, and which the result lacks.
    start_index_map : tuple of int
        The axis of the operand that each element of an index vector indexes.
    operand_batching_dims, start_indices_batching_dims : tuple of int
        Axes that the operand and the indices have in common.

    Examples
    --------
    >>> import swntk
    >>> swntk.lax.GatherDimensionNumbers((1,), (0,), (0,)).start_index_map
    (0,)
    """

    offset_dims: tuple
    collapsed_slice_dims: tuple
    start_index_map: tuple
    operand_batching_dims: tuple = ()
    start_indices_batching_dims: tuple = ()


class ScatterDimensionNumbers(NamedTuple):
    """How slices stand in the updates of a scatter; as `jax.lax.ScatterDimensionNumbers`.

    Attributes
    ----------
    update_window_dims : tuple of int
        Axes of the updates that run inside a slice, in order.
    inserted_window_dims : tuple of int
        Axes of the operand along which slices have size 1, and which the updates lack.
    scatter_dims_to_operand_dims : tuple of int
        The axis of the operand that each element of an index vector indexes.
    operand_batching_dims, scatter_indices_batching_dims : tuple of int
        Axes that the operand and the indices have in common.

    Examples
    --------
    >>> import swntk
    >>> swntk.lax.ScatterDimensionNumbers((1,), (0,), (0,)).inserted_window_dims
    (0,)
    """

    update_window_dims: tuple
    inserted_window_dims: tuple
    scatter_dims_to_operand_dims: tuple
    operand_batching_dims: tuple = ()
    scatter_indices_batching_dims: tuple = ()


class GatherScatterMode(enum.Enum):
    """What happens where a slice is not inside the array; as `jax.lax.GatherScatterMode`.

    Examples
    --------
    >>> import swntk
    >>> print(swntk.lax.GatherScatterMode.from_any("clip").name)
    CLIP
    """

    CLIP = enum.auto()
    FILL_OR_DROP = enum.auto()
    PROMISE_IN_BOUNDS = enum.auto()
    ONE_HOT = enum.auto()

    @staticmethod
    def from_any(s):
        """Return the mode of a name, None being "fill"."""
        if isinstance(s, GatherScatterMode):
            return s
        names = {
            "clip": GatherScatterMode.CLIP,
            None: GatherScatterMode.FILL_OR_DROP,
            "fill": GatherScatterMode.FILL_OR_DROP,
            "drop": GatherScatterMode.FILL_OR_DROP,
            "promise_in_bounds": GatherScatterMode.PROMISE_IN_BOUNDS,
        }
        if not isinstance(s, (str, type(None))) or s not in names:
            raise ArgumentError(f"unknown gather mode {s!r}{place()}")
        return names[s]


def _mode(mode, inside="fill") -> str:
    if mode is GatherScatterMode.ONE_HOT:
        raise unsupported("the mode ONE_HOT is not supported", "another GatherScatterMode")
    if mode is GatherScatterMode.PROMISE_IN_BOUNDS:
        return inside
    return "clip" if mode is GatherScatterMode.CLIP else "fill"


def _indices(indices):
    value = value_of(indices)
    if value.dtype.kind not in "iu":
        raise DTypeError(f"indices must be integers, got {value.dtype}{place()}")
    return value if value.dtype in (I32, I64) else emit.convert(value, I64)


@eager
def gather(
    operand,
    start_indices,
    dimension_numbers,
    slice_sizes,
    *,
    unique_indices=False,
    indices_are_sorted=False,
    mode=None,
    fill_value=None,
):
    """Take slices of an array at places that index vectors give.

    Parameters
    ----------
    operand : array
    start_indices : array of int
        The last axis is the index vector.
    dimension_numbers : GatherDimensionNumbers
    slice_sizes : sequence of int
        One for each axis of the operand.
    unique_indices, indices_are_sorted : bool
        Promises, which are not needed.
    mode : {None, "fill", "clip", "promise_in_bounds"} or GatherScatterMode
        "fill": a slice that is not inside is `fill_value`; else, and by default, it is moved there.
    fill_value : number, optional
        NaN if not given; for integers the type's least value, unsigned ones its greatest.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If the dimension numbers, the slices' sizes or the mode do not fit.
    DTypeError
        If indices are not integers.

    Notes
    -----
    As `jax.lax.gather`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> numbers = swntk.lax.GatherDimensionNumbers((1,), (0,), (0,))
    >>> x = np.arange(6.0).reshape(3, 2)
    >>> print(swntk.lax.gather(x, np.array([[2], [0]]), numbers, (1, 2)))
    [[4. 5.]
     [0. 1.]]
    """
    numbers = GatherDimensionNumbers(*dimension_numbers)
    x, indices = traced(operand).here(), _indices(start_indices)
    fills = mode is not None and GatherScatterMode.from_any(mode) is GatherScatterMode.FILL_OR_DROP
    # What is promised to be inside is moved there, as XLA does.
    kind = "fill" if fills else _mode(GatherScatterMode.from_any(mode or "clip"), inside="clip")
    parameters = dict(
        offset_dims=list(numbers.offset_dims),
        collapsed_slice_dims=list(numbers.collapsed_slice_dims),
        start_index_map=list(numbers.start_index_map),
        operand_batching_dims=list(numbers.operand_batching_dims),
        start_indices_batching_dims=list(numbers.start_indices_batching_dims),
        slice_sizes=[int(n) for n in slice_sizes],
        mode=kind,
    )
    result = emit.emit("gather", [x, indices], **parameters)
    if not fills:
        return Tracer.fresh(result, True, scalar=False)
    fill = _filling(x.dtype) if fill_value is None else fill_value
    inside = _inside(indices, x.shape, numbers, slice_sizes)
    scatter_dims = [i for i in range(result.ndim) if i not in numbers.offset_dims]
    mask = emit.broadcast(inside, result.shape, scatter_dims)
    return Tracer.fresh(emit.where(mask, result, emit.full((), fill, x.dtype)), True, scalar=False)


def _inside(indices, shape, numbers, slice_sizes):
    """Return for each index vector whether its slice is inside."""
    axes = numbers.start_index_map
    last = np.array([shape[a] - slice_sizes[a] for a in axes], dtype=indices.dtype)
    limits = emit.broadcast(emit.constant(last), indices.shape, [indices.ndim - 1])
    zero = emit.full(indices.shape, 0, indices.dtype)
    inside = emit.emit(
        "and", [emit.emit("ge", [indices, zero]), emit.emit("le", [indices, limits])]
    )
    return emit.emit("reduce_and", [inside], axes=[indices.ndim - 1])


_DOCUMENTATION = """{summary}

    Parameters
    ----------
    operand : array
    scatter_indices : array of int
        The last axis is the index vector.
    updates : array
        Of operand's element type.
    dimension_numbers : ScatterDimensionNumbers
    indices_are_sorted : bool
        A promise, which is not needed.
    unique_indices : bool
        A promise that no two slices meet. {unique}
    mode : {{None, "fill", "drop", "clip", "promise_in_bounds"}} or GatherScatterMode
        "fill", the default: a slice that is not inside is dropped.

    Returns
    -------
    array
        Of operand's shape and element type.

    Raises
    ------
    ArgumentError
        If the dimension numbers or the mode do not fit.
    DTypeError
        If indices are not integers, or element types differ.
    ShapeError
        If the updates' shape does not fit.

    Notes
    -----
    As `jax.lax.{name}`. {order}

    Examples
    --------
    >>> import numpy as np, swntk
    >>> numbers = swntk.lax.ScatterDimensionNumbers((), (0,), (0,))
    >>> x, at, updates = np.array([1.0, 2.0, 3.0]), np.array([[2], [0]]), np.array([5.0, 0.5])
    >>> print(swntk.lax.{name}(x, at, updates, numbers))
    {result}
    """


def _scatter(name, summary, result, takes_unique=False):
    @eager
    def function(
        operand,
        scatter_indices,
        updates,
        dimension_numbers,
        *,
        indices_are_sorted=False,
        unique_indices=False,
        mode=None,
    ):
        found = [traced(operand), traced(updates)]
        kinds = [kind_of(x) for x in found]
        strong = {kind for kind in kinds if not isinstance(kind, str)}
        if len(strong) > 1:
            shown = " and ".join(str(kind) for kind in kinds)
            raise DTypeError(f"{name} takes arrays of one element type, got {shown}{place()}")
        x, slices = common_values(found, promote(kinds))
        numbers = ScatterDimensionNumbers(*dimension_numbers)
        parameters = {key: list(value) for key, value in numbers._asdict().items()}
        if takes_unique:
            parameters["unique_indices"] = bool(unique_indices)
        result = emit.emit(
            name,
            [x, _indices(scatter_indices), slices],
            mode=_mode(GatherScatterMode.from_any(mode)),
            **parameters,
        )
        return Tracer.fresh(result, True, scalar=False)

    function.__name__ = function.__qualname__ = name
    function.__module__ = __name__
    function.__doc__ = _DOCUMENTATION.format(
        name=name,
        summary=summary,
        result=result,
        unique={
            "scatter": "It makes the derivative cheaper.",
            "scatter_mul": "There is a derivative by the updates only then.",
        }.get(name, "It is not needed."),
        order="Of slices at one place the last is there." if name == "scatter" else "",
    ).replace(".  \n", ".\n")
    return function


scatter = _scatter("scatter", "Put slices into an array.", "[0.5 2.  5. ]", True)
scatter_add = _scatter("scatter_add", "Add slices to an array.", "[1.5 2.  8. ]")
scatter_mul = _scatter("scatter_mul", "Multiply an array by slices.", "[ 0.5  2.  15. ]", True)
scatter_max = _scatter(
    "scatter_max", "Take the greater of an array's elements and the slices'.", "[1. 2. 5.]"
)
scatter_min = _scatter(
    "scatter_min", "Take the lesser of an array's elements and the slices'.", "[0.5 2.  3. ]"
)
