"""np.pad: by constants, by the array's own elements, by what is computed of its edges."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, ShapeError
from .._tracing import emit
from .._tracing.location import place, unsupported
from .._tracing.operands import operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import finish, normalize_axis

_OPTIONS = {
    "constant": {"constant_values"},
    "edge": set(),
    "empty": set(),
    "linear_ramp": {"end_values"},
    "maximum": {"stat_length"},
    "mean": {"stat_length"},
    "median": {"stat_length"},
    "minimum": {"stat_length"},
    "reflect": {"reflect_type"},
    "symmetric": {"reflect_type"},
    "wrap": set(),
}
_STATISTICS = {
    "maximum": lambda part, axis: np.max(part, axis=axis, keepdims=True),
    "minimum": lambda part, axis: np.min(part, axis=axis, keepdims=True),
    "mean": lambda part, axis: np.mean(part, axis=axis, keepdims=True),
    "median": lambda part, axis: np.median(part, axis=axis, keepdims=True),
}


def _pairs(given, rank, what):
    """Return (before, after) for each axis."""
    if isinstance(given, Tracer):
        rows = np.broadcast_to(given, (rank, 2))
        return [(rows[i, 0], rows[i, 1]) for i in range(rank)]
    try:
        return [tuple(row) for row in np.broadcast_to(np.asarray(given), (rank, 2)).tolist()]
    except ValueError:
        raise ShapeError(
            f"{what} of shape {np.shape(given)} does not fit {rank} axes{place()}"
        ) from None


def _widths(pad_width, x):
    if isinstance(pad_width, dict):
        rows = [(0, 0)] * x.ndim
        for axis, width in pad_width.items():
            rows[normalize_axis(axis, x.ndim)] = (
                (width, width) if np.ndim(width) == 0 else tuple(width)
            )
        pad_width = rows
    widths = _pairs(pad_width, x.ndim, "pad_width")
    if any(n < 0 for row in widths for n in row):
        raise ValueError(f"index can't contain negative values{place()}")
    return widths


@implements("pad")
def pad(array, pad_width, mode="constant", **kwargs):
    x = traced(array)
    widths = _widths(pad_width, x)
    if callable(mode):
        raise unsupported(
            "np.pad with a function as mode, which writes into plain arrays, is not supported",
            "np.concatenate([before, x, after], axis)",
        )
    if mode not in _OPTIONS:
        raise ValueError(f"mode '{mode}' is not supported{place()}")
    if set(kwargs) - _OPTIONS[mode]:
        raise ArgumentError(
            f"unsupported keyword arguments for mode '{mode}': "
            f"{sorted(set(kwargs) - _OPTIONS[mode])}{place()}"
        )
    if mode in ("constant", "empty"):
        return _constant(x, widths, kwargs.get("constant_values", 0))
    for axis, row in enumerate(widths):
        if any(row) and not x.shape[axis]:
            raise ValueError(
                f"can't extend empty axis {axis} using modes other than 'constant' or "
                f"'empty'{place()}"
            )
    if mode == "linear_ramp":
        ends = _pairs(kwargs.get("end_values", 0), x.ndim, "end_values")
        return _by_sides(x, widths, ends, _ramp)
    if mode in _STATISTICS:
        lengths = kwargs.get("stat_length")
        lengths = [(None, None)] * x.ndim if lengths is None else _pairs(
            lengths, x.ndim, "stat_length"
        )  # fmt: skip
        return _by_sides(x, widths, lengths, _statistic(mode))
    if kwargs.get("reflect_type", "even") == "odd":
        return _reflected_odd(x, widths, mode)
    # Which element stands where does not depend on the elements.
    value = x.here()
    for axis, row in enumerate(widths):
        if any(row):
            places = np.pad(np.arange(x.shape[axis]), row, mode)
            value = emit.take_axis(value, axis, emit.constant(places), "clip")
    return finish(value, contiguous=x.contiguous)


def _constant(x, widths, fills):
    value = x.here()
    if not isinstance(fills, (list, tuple, np.ndarray)) and not getattr(fills, "shape", ()):
        fill = as_value(operand(fills), x.dtype)
        value = emit.pad(value, fill, [(low, high, 0) for low, high in widths])
        return finish(value, contiguous=x.contiguous)
    pairs = _pairs(operand(fills), x.ndim, "constant_values")
    for axis, (row, fill) in enumerate(zip(widths, pairs)):
        for side in (0, 1):
            config = [(0, 0, 0)] * x.ndim
            config[axis] = (row[0], 0, 0) if side == 0 else (0, row[1], 0)
            value = emit.pad(value, as_value(fill[side], x.dtype), config)
    return finish(value, contiguous=x.contiguous)


def _by_sides(x, widths, options, side):
    """Pad axis after axis; `side(x, axis, width, option, at_end)` makes what stands there."""
    result = x
    for axis, (row, option) in enumerate(zip(widths, options)):
        source = result
        parts = [result]
        if row[0]:
            parts.insert(0, side(source, axis, row[0], option[0], False))
        if row[1]:
            parts.append(side(source, axis, row[1], option[1], True))
        result = np.concatenate([p.astype(x.dtype) for p in parts], axis=axis)
    return np.copy(result)


def _edge(x, axis, at_end):
    return x[(slice(None),) * axis + (slice(-1, None) if at_end else slice(0, 1),)]


def _ramp(x, axis, width, end, at_end):
    edge = _edge(x, axis, at_end)
    ends = np.full_like(edge, end)
    ramp = np.linspace(np.squeeze(ends, axis), np.squeeze(edge, axis), width, endpoint=False,
                       axis=axis)  # fmt: skip
    if x.dtype.kind in "iu":
        ramp = np.floor(ramp)
    return np.flip(ramp, axis) if at_end else ramp


def _statistic(mode):
    def side(x, axis, width, length, at_end):
        n = x.shape[axis]
        length = n if length is None or length > n else length
        if length < 1:
            raise ValueError(f"stat_length of 0 yields no value for padding{place()}")
        chosen = slice(n - length, None) if at_end else slice(0, length)
        found = _STATISTICS[mode](x[(slice(None),) * axis + (chosen,)], axis)
        if x.dtype.kind in "iu":
            found = np.rint(found)
        return np.repeat(found, width, axis=axis)

    return side


def _reflected_odd(x, widths, mode):
    """Reflect about the edge: what is 2 · edge - element, again and again where it is wide."""
    if x.dtype.kind == "b":
        raise unsupported("np.pad of booleans by odd reflection is not supported", "x.astype(int)")
    result = x
    for axis, (before, after) in enumerate(widths):
        if x.shape[axis] == 1 and mode == "reflect":
            # NumPy repeats a single element.
            result = np.repeat(result, before + 1 + after, axis=axis)
            continue
        while before or after:
            n = result.shape[axis]
            step = n - 1 if mode == "reflect" else n
            parts = [result]
            low, high = min(before, step), min(after, step)
            skipped = 1 if mode == "reflect" else 0
            if low:
                parts.insert(0, _mirrored(result, axis, slice(skipped, skipped + low), False))
            if high:
                stop = n - skipped
                parts.append(_mirrored(result, axis, slice(stop - high, stop), True))
            result = np.concatenate(parts, axis=axis)
            before, after = before - low, after - high
    return np.copy(result)


def _mirrored(x, axis, chosen, at_end):
    part = np.flip(x[(slice(None),) * axis + (chosen,)], axis)
    return 2 * _edge(x, axis, at_end) - part
