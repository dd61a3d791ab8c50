"""Choice between arrays: where, select, clip, nan_to_num."""

from __future__ import annotations

import numpy as np

from .._tracing import emit
from .._tracing.dtypes import BOOL, promote
from .._tracing.location import place, tracing_error
from .._tracing.operands import all_contiguous, kind_of, operand, traced
from .._tracing.protocol import implements
from .._tracing.tracer import Tracer, as_value
from .values import NO_VALUE, finish, flattened, given
from .vocabulary import compare, is_nan, truth


@implements("where")
def where(condition, x=None, y=None, /):
    if x is None or y is None:
        raise tracing_error(
            "np.where with one argument: the shape of the result depends on numbers that are not "
            "known yet",
            "np.where(condition, a, b)",
        )
    condition, x, y = operand(condition), operand(x), operand(y)
    target = promote([kind_of(x), kind_of(y)])
    x, y = _wrapped(x, target), _wrapped(y, target)
    value = emit.where(truth(condition), as_value(x, target), as_value(y, target))
    return finish(value, contiguous=all_contiguous([condition, x, y]), scalar=False)


def _wrapped(x, target):
    """Let a Python integer that does not fit wrap around, as NumPy's where does."""
    if type(x) is int and target.kind in "iu":
        return int(np.array(x).astype(target))
    return x


def _within(x, target):
    """Let a Python integer that does not fit be the type's limit."""
    if type(x) is int and target.kind in "iu":
        limits = np.iinfo(target)
        return min(max(x, int(limits.min)), int(limits.max))
    return x


def _refused(name, what, instead):
    def handler(*args, **kwargs):
        raise tracing_error(f"np.{name}: {what}", instead)

    implements(name)(handler)


for _name in (
    "nonzero flatnonzero argwhere unique unique_values unique_counts unique_all unique_inverse "
    "union1d intersect1d setdiff1d setxor1d"
).split():
    _refused(
        _name,
        "the shape of the result depends on numbers that are not known yet",
        "np.where(condition, a, b), a sum over a mask, or do it outside of the traced function",
    )
for _name, _equal in (
    ("allclose", "np.all(np.isclose(a, b))"),
    ("array_equal", "np.all(a == b)"),
    ("array_equiv", "np.all(a == b)"),
):
    _refused(
        _name,
        "the result is a Python bool, and the numbers are not known yet",
        f"{_equal}, which stays an array",
    )


@implements("isclose")
def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    a, b = traced(a), traced(b)
    close = np.abs(a - b) <= atol + rtol * np.abs(b)
    both = np.isfinite(a) & np.isfinite(b)
    result = np.where(both, close, a == b)
    return np.where(np.isnan(a) & np.isnan(b), True, result) if equal_nan else result


@implements("select")
def select(condlist, choicelist, default=0):
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    for i, condition in enumerate(condlist):
        if kind_of(operand(condition)) != BOOL:
            raise TypeError(
                f"invalid entry {i} in condlist: should be boolean ndarray{place()}"
            )
    choices = [operand(c) for c in choicelist]
    target = promote([kind_of(c) for c in (*choices, operand(default))])
    result = as_value(operand(default), target)
    for condition, choice in zip(condlist[::-1], choices[::-1]):
        result = emit.where(truth(operand(condition)), as_value(choice, target), result)
    return finish(result, scalar=False)


@implements("clip")
def clip(a, a_min=NO_VALUE, a_max=NO_VALUE, out=None, *, min=NO_VALUE, max=NO_VALUE, **kwargs):
    if (a_min is not NO_VALUE or a_max is not NO_VALUE) and (given(min) or given(max)):
        raise ValueError(
            "Passing `min` or `max` keyword argument when `a_min` and `a_max` are provided is "
            f"forbidden.{place()}"
        )
    low = a_min if given(a_min) else min
    high = a_max if given(a_max) else max
    result = operand(a)
    bounds = [operand(b) for b in (low, high) if given(b)]
    target = promote([kind_of(x) for x in (result, *bounds)])
    value = as_value(result, target)
    if given(low):
        value = emit.emit("np.maximum", [value, as_value(_within(operand(low), target), target)])
    if given(high):
        value = emit.emit("np.minimum", [value, as_value(_within(operand(high), target), target)])
    return finish(value, out, contiguous=all_contiguous([result, *bounds]))


@implements("nan_to_num")
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    source = traced(x)
    if source.dtype.kind != "f":
        return source.copy() if copy else source
    value = source.here()
    limits = np.finfo(source.dtype)
    signs = (posinf, np.inf, limits.max), (neginf, -np.inf, limits.min)
    for replacement, infinity, limit in ((nan, np.nan, None), *signs):
        here = is_nan(value) if limit is None else compare("equal", value, infinity)
        replacement = limit if replacement is None else replacement
        value = emit.where(here, as_value(operand(replacement), source.dtype), value)
    if not copy and isinstance(x, Tracer):
        return finish(value, x)
    return finish(value, contiguous=source.contiguous)


@implements("real", "real_if_close")
def real(val, *args):
    return traced(val)


@implements("imag")
def imag(val):
    return np.zeros_like(traced(val))


@implements("isin")
def isin(element, test_elements, assume_unique=False, invert=False, *, kind=None):
    x, among = traced(element), flattened(traced(test_elements))
    if not among.size:
        found = np.zeros_like(x, dtype=bool)
    else:
        found = np.any(x[..., None] == among, axis=-1)
    return np.logical_not(found) if invert else found
