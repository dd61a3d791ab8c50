"""The operations of docs/operations.md as functions of Values of the current trace.

Each emits one equation, or none where it would change nothing.
"""

from __future__ import annotations

import numpy as np

from .dtypes import BOOL, I32, I64
from .parameters import parameters_text
from .trace import Value, current


def emit(name: str, operands, **parameters) -> Value:
    """Apply an operation or a function with one result."""
    return current().apply(name, operands, parameters_text(parameters))[0]


def full(shape, value, dtype) -> Value:
    """Fill an array with a Python number."""
    if dtype.kind == "f":
        value = float(dtype.type(value))
    elif dtype.kind == "b":
        value = bool(value)
    else:
        value = int(value)
    return emit("full", [], shape=list(shape), value=value, dtype=dtype)


def constant(array: np.ndarray) -> Value:
    """Write an array into the program's structure: masks, index lists."""
    return current().constant(array)


def iota(n: int, dtype=I64) -> Value:
    return emit("iota", [], dtype=dtype, shape=[n], dimension=0)


def convert(x: Value, dtype) -> Value:
    if x.dtype == dtype:
        return x
    if dtype == BOOL:
        return emit("np.not_equal", [x, full((), 0, x.dtype)])
    return emit("convert_element_type", [x], new_dtype=dtype)


def reshape(x: Value, shape) -> Value:
    shape = tuple(shape)
    return x if shape == x.shape else emit("reshape", [x], new_sizes=list(shape))


def transpose(x: Value, permutation) -> Value:
    permutation = list(permutation)
    if permutation == list(range(len(permutation))):
        return x
    return emit("transpose", [x], permutation=permutation)


def broadcast(x: Value, shape, dimensions) -> Value:
    """Let axis i of x become axis dimensions[i] of the result."""
    shape = tuple(shape)
    if shape == x.shape and tuple(dimensions) == tuple(range(len(shape))):
        return x
    return emit("broadcast_in_dim", [x], shape=list(shape), broadcast_dimensions=list(dimensions))


def broadcast_to(x: Value, shape) -> Value:
    """Broadcast by NumPy's rule."""
    shape = tuple(shape)
    return x if shape == x.shape else emit("np.broadcast_to", [x], shape=list(shape))


def slice_(x: Value, starts, limits, strides) -> Value:
    if tuple(limits) == x.shape and not any(starts) and all(s == 1 for s in strides):
        return x
    parameters = {"start_indices": list(starts), "limit_indices": list(limits)}
    if any(s != 1 for s in strides):
        parameters["strides"] = list(strides)
    return emit("slice", [x], **parameters)


def slice_axis(x: Value, axis: int, start: int, limit: int) -> Value:
    starts = [0] * x.ndim
    limits = list(x.shape)
    starts[axis], limits[axis] = start, limit
    return slice_(x, starts, limits, [1] * x.ndim)


def rev(x: Value, dimensions) -> Value:
    dimensions = [d for d in dimensions if x.shape[d] != 1]
    return emit("rev", [x], dimensions=dimensions) if dimensions else x


def pad(x: Value, fill: Value, config) -> Value:
    if not any(any(row) for row in config):
        return x
    return emit("pad", [x, fill], padding_config=[list(row) for row in config])


def concatenate(operands, axis: int) -> Value:
    return (
        operands[0] if len(operands) == 1 else emit("concatenate", list(operands), dimension=axis)
    )


def select(mask: Value, on_true: Value, on_false: Value) -> Value:
    """Choose by a mask of the same shape, by element: what is not chosen does not matter."""
    return emit("select_n", [mask, on_false, on_true])


def where(mask: Value, on_true: Value, on_false: Value) -> Value:
    """As `select`, with broadcasting."""
    return emit("np.where", [mask, on_true, on_false])


def gather(
    x: Value, indices: Value, *, offset_dims, collapsed, start_index_map, slice_sizes, mode
) -> Value:
    return emit(
        "gather",
        [x, indices],
        offset_dims=list(offset_dims),
        collapsed_slice_dims=list(collapsed),
        start_index_map=list(start_index_map),
        slice_sizes=list(slice_sizes),
        mode=mode,
    )


def take_axis(x: Value, axis: int, indices: Value, mode: str) -> Value:
    """Gather along one axis: the indices' axes stand in its place."""
    k = indices.ndim
    sizes = list(x.shape)
    sizes[axis] = 1
    offsets = list(range(axis)) + list(range(axis + k, x.ndim - 1 + k))
    return gather(
        x,
        reshape(indices, (*indices.shape, 1)),
        offset_dims=offsets,
        collapsed=[axis],
        start_index_map=[axis],
        slice_sizes=sizes,
        mode=mode,
    )


def scatter_add(
    x: Value, indices: Value, updates: Value, *, window, inserted, to_operand, mode
) -> Value:
    return emit(
        "scatter_add",
        [x, indices, updates],
        update_window_dims=list(window),
        inserted_window_dims=list(inserted),
        scatter_dims_to_operand_dims=list(to_operand),
        mode=mode,
    )


def sort(operands, axis: int, num_keys: int = 1) -> list[Value]:
    """Sort values of one shape by the first of them; equal ones keep their order."""
    text = parameters_text({"dimension": axis, "num_keys": num_keys})
    return current().apply("sort", list(operands), text, results=len(operands))


def top_k(x: Value, k: int, axis: int) -> list[Value]:
    """Return the greatest in falling order, and their places, int32."""
    return current().apply("top_k", [x], parameters_text({"k": k, "axis": axis}), results=2)


def wrap_index(indices: Value, n: int) -> Value:
    """Let negative indices count from the end."""
    if indices.dtype.kind == "u" or indices.dtype == BOOL:
        return convert(indices, I64)
    if indices.dtype not in (I32, I64):
        indices = convert(indices, I64)
    zero = full((), 0, indices.dtype)
    negative = emit("np.less", [indices, zero])
    return where(negative, emit("np.add", [indices, full((), n, indices.dtype)]), indices)


def axis_mask(shape, axis: int, mask: np.ndarray) -> Value:
    """Broadcast a mask over one axis to a whole shape."""
    return broadcast(constant(mask), shape, [axis])
