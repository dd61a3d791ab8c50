"""Keyword arguments of the function, for each side of the kernel."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import foreign, is_array
from .._errors import ArgumentError
from .._tracing.tracer import Tracer
from ..random.keys import fold_in


def given(x1, x2):
    """Return x2, or None where it is a tree of nothing and x1 is not: then it means x1."""
    if x2 is None or not tree.leaves(x2) and tree.leaves(x1):
        return None
    return x2


def split_kwargs(kwargs: dict, x1, x2) -> tuple:
    """Return the keyword arguments of both sides, as neural-tangents splits them.

    A 2-tuple is one each. Anything else goes to both; but a single `rng` is folded for the second
    side where x2 is given and differs from x1.

    Raises
    ------
    ArgumentError, DTypeError
        If `rng` is to be folded and is no key.
    """
    first, second = {}, {}
    for name, value in kwargs.items():
        if isinstance(value, tuple) and len(value) == 2:
            first[name], second[name] = value
            continue
        first[name] = second[name] = value
        if name == "rng" and value is not None and not same(x1, x2):
            if not is_array(value):
                raise ArgumentError(
                    "rng must be None, one key (uint32[2]) or a pair of keys where x1 and x2 "
                    f"differ, got {value!r}"
                )
            second[name] = fold_in(value, 1)
    return first, second


def same(x1, x2) -> bool:
    """Whether both sides are the same inputs: by value, or by identity while tracing."""
    if x2 is None or x1 is x2:
        return True
    left, left_tree = tree.flatten(x1)
    right, right_tree = tree.flatten(x2)
    return left_tree == right_tree and all(map(_equal, left, right))


def _equal(a, b) -> bool:
    if a is b:
        return True
    if isinstance(a, Tracer) or isinstance(b, Tracer):
        return False
    a, b = (x if isinstance(x, np.ndarray) else foreign(x, "x") for x in (a, b))
    return a.shape == b.shape and bool((a == b).all())
