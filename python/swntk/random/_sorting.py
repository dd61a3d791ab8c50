"""Sorting by random words, on Values of the innermost trace."""

from __future__ import annotations

from .._tracing import emit
from .._tracing.dtypes import I64
from .._tracing.trace import Value


def sorted_by(words: Value, x: Value, axis: int) -> Value:
    """Return x in the order of words along an axis; equal ones keep their order."""
    return emit.sort([words, x], axis)[1]


def greatest_first(scores: Value, count: int) -> Value:
    """Return the places of the greatest scores along the last axis, int64, in falling order."""
    return emit.convert(emit.top_k(scores, count, scores.ndim - 1)[1], I64)
