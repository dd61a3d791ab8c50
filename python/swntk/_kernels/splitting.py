"""Keyword arguments of the function, for each side of the kernel."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._tracing.location import unsupported
from .._tracing.tracer import Tracer
from .keys import fold_in


def split_kwargs(kwargs: dict, x1, x2) -> tuple:
    """Return the keyword arguments of both sides, as neural-tangents splits them.

    A 2-tuple is one each. Anything else goes to both; but a single `rng` is folded for the second
    side where x2 is given and differs from x1.
    """
    first, second = {}, {}
    for name, value in kwargs.items():
        if isinstance(value, tuple) and len(value) == 2:
            first[name], second[name] = value
            continue
        first[name] = second[name] = value
        if name == "rng" and value is not None and not same(x1, x2):
            if any(isinstance(leaf, Tracer) for leaf in tree.leaves(value)):
                raise unsupported(
                    "a traced rng key for two different sides is not supported in this version",
                    "a pair of keys, rng=(key1, key2)",
                )
            second[name] = fold_in(value, 1)
    return first, second


def same(x1, x2) -> bool:
    """Whether both sides are the same inputs: by value, or by identity while tracing."""
    if x2 is None or x1 is x2:
        return True
    left, left_tree = tree.flatten(x1)
    right, right_tree = tree.flatten(x2)
    if left_tree != right_tree:
        return False
    for a, b in zip(left, right):
        if a is b:
            continue
        if isinstance(a, Tracer) or isinstance(b, Tracer):
            return False
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or not bool((a == b).all()):
            return False
    return True


def identical(first: dict, second: dict) -> bool:
    """Whether both sides have the same keyword arguments."""
    return all(
        a is b
        for name in first
        for a, b in zip(tree.leaves(first[name]), tree.leaves(second[name]))
    ) and all(tree.structure(first[name]) == tree.structure(second[name]) for name in first)
