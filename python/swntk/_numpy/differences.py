"""Differences between neighbours: ediff1d, gradient, unwrap."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing.dtypes import floating
from .._tracing.location import place, unsupported
from .._tracing.operands import shape_of, traced
from .._tracing.protocol import implements
from .accumulation import diff
from .values import flattened, normalize_axes, normalize_axis


@implements("ediff1d")
def ediff1d(ary, to_end=None, to_begin=None):
    x = flattened(traced(ary))
    parts = [x[1:] - x[:-1]]
    for name, extra, at in (("to_begin", to_begin, 0), ("to_end", to_end, 2)):
        if extra is None:
            continue
        extra = np.ravel(traced(extra))
        if not np.can_cast(extra.dtype, x.dtype, "same_kind"):
            raise TypeError(
                f"dtype of `{name}` must be compatible with input `ary` under the `same_kind` "
                f"rule.{place()}"
            )
        parts.insert(at, extra)
    return np.concatenate([part.astype(x.dtype) for part in parts])


def _spacings(x, axes, varargs):
    """Return a spacing for each axis: a number, or the distances between its points."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and not shape_of(varargs[0]) and not isinstance(varargs[0], (list, tuple)):
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError(f"invalid number of arguments{place()}")
    spacings = []
    for axis, given in zip(axes, varargs):
        given = traced(given)
        if given.ndim == 0:
            spacings.append(given)
            continue
        if given.shape != (x.shape[axis],):
            raise ShapeError(
                "when 1d, distances must match the length of the corresponding dimension: "
                f"{given.shape} for an axis of size {x.shape[axis]}{place()}"
            )
        steps = diff(given.astype(floating(given.dtype)))
        spacings.append(steps.reshape([-1 if i == axis else 1 for i in range(x.ndim)]))
    return spacings


def _along(x, axis, start, stop):
    return x[(slice(None),) * axis + (slice(start, stop),)]


def _derivative(x, axis, step, edge_order):
    """Second-order differences inside, of `edge_order` at both ends."""
    n = x.shape[axis]
    spaced = bool(shape_of(step))

    def at(k):  # the k-th point, and the k-th step
        return _along(x, axis, k, k + 1 or None)

    def h(k):
        return _along(step, axis, k, k + 1 or None) if spaced else step

    low, mid, high = (_along(x, axis, k, n - 2 + k) for k in (0, 1, 2))
    if spaced:
        before, after = _along(step, axis, 0, -1), _along(step, axis, 1, None)
        whole = before + after
        inner = (
            -(after / (before * whole)) * low
            + (after - before) / (before * after) * mid
            + before / (after * whole) * high
        )
    else:
        inner = (high - low) / (2.0 * step)
    if edge_order == 1:
        first = (at(1) - at(0)) / h(0)
        last = (at(-1) - at(-2)) / h(-1)
    else:
        first = _one_sided(at(0), at(1), at(2), h(0), h(1))
        last = -_one_sided(at(-1), at(-2), at(-3), h(-1), h(-2))
    return np.concatenate([first, inner, last], axis=axis)


def _one_sided(f0, f1, f2, near, far):
    """The derivative at the first of three points, of second order."""
    whole = near + far
    return (
        -(2.0 * near + far) / (near * whole) * f0
        + whole / (near * far) * f1
        - near / (far * whole) * f2
    )


@implements("gradient")
def gradient(f, *varargs, axis=None, edge_order=1):
    x = traced(f)
    if x.dtype.kind == "b":
        raise TypeError(f"np.gradient of booleans is not defined: x.astype(int){place()}")
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    if axis is None:
        axes = list(range(x.ndim))
    else:
        axes = [normalize_axis(a, x.ndim) for a in np.atleast_1d(axis).tolist()]
        normalize_axes(tuple(axes), x.ndim)
    if edge_order not in (1, 2):
        raise ValueError(f"'edge_order' greater than 2 not supported{place()}")
    spacings = _spacings(x, axes, varargs)
    if any(x.shape[a] < edge_order + 1 for a in axes):
        raise ShapeError(
            "shape of array too small to calculate a numerical gradient, at least "
            f"(edge_order + 1) elements are required{place()}"
        )
    results = [_derivative(x, a, step, edge_order) for a, step in zip(axes, spacings)]
    if len(results) == 1:
        return results[0]
    return tuple(results) if int(np.__version__.split(".")[0]) >= 2 else results


@implements("unwrap")
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    x = traced(p)
    axis = normalize_axis(axis, x.ndim)
    if x.dtype.kind != "f":
        if isinstance(period, int):
            raise unsupported("np.unwrap of integers is not supported", "x.astype(float)")
        x = x.astype(np.float64)
    steps = diff(x, axis=axis)
    half = period / 2
    moved = np.mod(steps + half, period) - half
    # A step of half a period up stays one up.
    moved = np.where((moved == -half) & (steps > 0), half, moved)
    correction = np.where(np.abs(steps) < (half if discont is None else discont), 0, moved - steps)
    first = _along(x, axis, 0, 1)
    return np.concatenate([first, _along(x, axis, 1, None) + np.cumsum(correction, axis)], axis)
