"""Arrays split: views."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.protocol import implements
from .values import normalize_axis


def _parts(x, axis, bounds):
    lead = (slice(None),) * axis
    return [x[(*lead, slice(start, stop))] for start, stop in zip(bounds[:-1], bounds[1:])]


@implements("array_split")
def array_split(ary, indices_or_sections, axis=0):
    x = traced(ary)
    axis = normalize_axis(axis, x.ndim)
    n = x.shape[axis]
    if hasattr(indices_or_sections, "__index__"):
        sections = indices_or_sections.__index__()
        if sections <= 0:
            raise ValueError(f"number sections must be larger than 0.{place()}")
        each, extra = divmod(n, sections)
        sizes = [each + 1] * extra + [each] * (sections - extra)
        return _parts(x, axis, np.cumsum([0, *sizes]).tolist())
    lead = (slice(None),) * axis
    cuts = [int(i) for i in indices_or_sections]
    return [x[(*lead, slice(start, stop))] for start, stop in zip([0, *cuts], [*cuts, n])]


@implements("split")
def split(ary, indices_or_sections, axis=0):
    x = traced(ary)
    axis = normalize_axis(axis, x.ndim)
    if (
        hasattr(indices_or_sections, "__index__")
        and x.shape[axis] % indices_or_sections.__index__()
    ):
        raise ArgumentError(f"array split does not result in an equal division{place()}")
    return array_split(x, indices_or_sections, axis)


@implements("hsplit")
def hsplit(ary, indices_or_sections):
    x = traced(ary)
    return split(x, indices_or_sections, 1 if x.ndim > 1 else 0)


@implements("vsplit")
def vsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 0)


@implements("dsplit")
def dsplit(ary, indices_or_sections):
    return split(ary, indices_or_sections, 2)


@implements("unstack")
def unstack(x, /, *, axis=0):
    x = np.moveaxis(traced(x), axis, 0)
    return tuple(x[i] for i in range(len(x)))
