"""Functions that look a place up among rising numbers: interp, digitize, bincount."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError
from .._tracing import emit
from .._tracing.dtypes import F64, I64
from .._tracing.location import place, tracing_error, unsupported
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer
from .values import finish


def count_below(edges, x, *, right: bool):
    """Return how many of rising edges are below each element, or not above it (`right`).

    A binary search without branches: of n edges, log2(n) comparisons an element.
    """
    n = edges.shape[0]
    below = np.zeros_like(x, dtype=np.int64)
    step = 1 << max(n.bit_length() - 1, 0)
    while step and n:
        trial = below + step
        edge = np.take(edges, trial - 1, mode="clip")
        goes = (edge <= x) if right else (edge < x)
        below = np.where((trial <= n) & goes, trial, below)
        step >>= 1
    return below


@implements("interp")
def interp(x, xp, fp, left=None, right=None, period=None):
    x, xp, fp = (traced(v).astype(np.float64, copy=False) for v in (x, xp, fp))
    if xp.ndim != 1 or fp.ndim != 1:
        raise ValueError(f"Data points must be 1-D sequences{place()}")
    if xp.shape != fp.shape:
        raise ShapeError(f"fp and xp are not of the same length{place()}")
    if not xp.size:
        raise ValueError(f"array of sample points is empty{place()}")
    if period is not None:
        if not isinstance(period, Tracer) and period == 0:
            raise ValueError(f"period must be a non-zero value{place()}")
        period = np.abs(period)
        x, xp = x % period, xp % period
        order = np.argsort(xp)
        xp, fp = np.take(xp, order), np.take(fp, order)
        xp = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
        fp = np.concatenate([fp[-1:], fp, fp[:1]])
        left = right = None
    n = xp.shape[0]
    if n == 1:
        inside = np.broadcast_to(fp[0], x.shape)
    else:
        j = np.clip(count_below(xp, x, right=True) - 1, 0, n - 2)
        x0, x1 = np.take(xp, j, mode="clip"), np.take(xp, j + 1, mode="clip")
        f0, f1 = np.take(fp, j, mode="clip"), np.take(fp, j + 1, mode="clip")
        width = x1 - x0
        slope = (f1 - f0) / np.where(width == 0, 1.0, width)
        inside = np.where(x == x1, f1, slope * (x - x0) + f0)
    result = np.where(x > xp[-1], fp[-1] if right is None else right, inside)
    result = np.where(x < xp[0], fp[0] if left is None else left, result)
    result = np.where(np.isnan(x), x, result)
    return result[()] if x.ndim == 0 else result


@implements("digitize")
def digitize(x, bins, right=False):
    x = traced(x)
    if isinstance(bins, Tracer):
        raise tracing_error(
            "np.digitize with traced bins: whether they rise or fall is not known",
            "np.searchsorted(bins, x, side='right') for rising ones",
        )
    bins = np.asarray(bins)
    if bins.ndim != 1:
        raise ValueError(f"object of too small depth for desired array{place()}")
    steps = np.diff(bins)
    if (steps >= 0).all():
        return count_below(traced(bins), x, right=not right)
    if not (steps <= 0).all():
        raise ValueError(f"bins must be monotonically increasing or decreasing{place()}")
    return len(bins) - count_below(traced(bins[::-1].copy()), x, right=right)


@implements("bincount")
def bincount(x, /, weights=None, minlength=0):
    if isinstance(x, Tracer):
        raise tracing_error(
            "np.bincount of traced numbers: the length of the result depends on the greatest",
            "counts = np.zeros_like(w, shape=(n,)); np.add.at(counts, x, w), with n known and w "
            "the weights",
        )
    places = np.asarray(x)
    if places.ndim != 1 or places.dtype.kind not in "bui":
        raise TypeError(f"np.bincount needs a vector of integers{place()}")
    if (places < 0).any():
        raise ValueError(f"'list' argument must have no negative elements{place()}")
    weights = traced(weights)
    if weights.shape != places.shape:
        raise ShapeError(f"The weights and list don't have the same length.{place()}")
    total = max(int(places.max(initial=-1)) + 1, minlength)
    counts = Tracer.fresh(emit.full((total,), 0, F64), scalar=False)
    np.add.at(counts, places.astype(np.int64), weights.astype(np.float64))
    return counts


@implements("histogram", "histogram2d", "histogramdd", "histogram_bin_edges")
def histogram(*args, **kwargs):
    raise unsupported(
        "histograms of traced arrays are not supported: counts have no derivative",
        "np.sum((x >= low) & (x < high)) for a bin's count, or a sum of kernels that is smooth",
    )


@implements("unravel_index")
def unravel_index(indices, shape, order="C"):
    rest = traced(indices).astype(np.int64)
    shape = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    rest = _checked(rest, int(np.prod(shape, dtype=np.int64)))
    found = []
    for n in shape[::-1] if order == "C" else shape:
        rest, digit = np.divmod(rest, max(int(n), 1))
        found.append(digit)
    return tuple(found[::-1] if order == "C" else found)


@implements("ravel_multi_index")
def ravel_multi_index(multi_index, dims, mode="raise", order="C"):
    dims = [int(n) for n in dims]
    modes = list(mode) if isinstance(mode, (tuple, list)) else [mode] * len(dims)
    total, step = 0, 1
    axes = list(range(len(dims)))
    for axis in axes[::-1] if order == "C" else axes:
        index = traced(multi_index[axis]).astype(np.int64)
        if modes[axis] == "wrap":
            index = index % dims[axis]
        elif modes[axis] == "clip":
            index = np.clip(index, 0, dims[axis] - 1)
        else:
            index = _checked(index, dims[axis])
        total, step = total + index * step, step * dims[axis]
    return total


def _checked(index, n: int):
    """Let the run fail where an index is out of range."""
    within = emit.emit("np.greater_equal", [index.here(), emit.full((), 0, I64)])
    # Negative ones do not count from the end here: they become n, which is out of range.
    safe = emit.where(within, index.here(), emit.full((), n, I64))
    return finish(emit.take_axis(emit.iota(n), 0, safe, "error"))
