"""Prefix sums of any associative function."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import from_leaf
from .._errors import ArgumentError, ShapeError
from .._numpy.values import normalize_axis
from .._tracing.location import place
from .._tracing.tracer import Tracer


def associative_scan(fn, elems, reverse: bool = False, axis: int = 0):
    """Combine the elements up to each along an axis by an associative function.

    Parameters
    ----------
    fn : callable
        `fn(a, b)` of two trees like `elems`, of any number of entries along the axis at once.
    elems : tree
        Arrays with a common size along the axis.
    reverse : bool
        From the end: `fn(later, earlier)`.
    axis : int

    Returns
    -------
    tree
        Of the structure and types of `elems`.

    Raises
    ------
    ArgumentError, ShapeError
        If `fn` is no function, or sizes along the axis differ.

    Notes
    -----
    As `jax.lax.associative_scan`, with its order of combination (a tree of depth log n), so that
    the results round alike. Blelloch, "Prefix sums and their applications", 1990.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.associative_scan(np.maximum, np.array([2.0, 5.0, 3.0])))
    [2. 5. 5.]
    """
    if not callable(fn):
        raise ArgumentError(f"associative_scan: fn must be a function, got {fn!r}{place()}")
    leaves, treedef = tree.flatten(elems)
    if not leaves:
        return elems
    rows = []
    for leaf, path in zip(leaves, tree.paths(treedef, "elems")):
        x = leaf if isinstance(leaf, (np.ndarray, Tracer)) else from_leaf(leaf, path).array
        if not np.ndim(x):
            raise ShapeError(f"associative_scan: {path} has no axis{place()}")
        rows.append(x)
    # Each array by an axis of its own, as in JAX, where it is negative.
    axes = [normalize_axis(axis, x.ndim) for x in rows]
    sizes = {x.shape[a] for x, a in zip(rows, axes)}
    if len(sizes) > 1:
        raise ShapeError(
            f"associative_scan: elems have different sizes along axis {axis}: {sorted(sizes)}"
            f"{place()}"
        )

    def cut(xs, *bounds):
        return [x[(slice(None),) * a + (slice(*bounds),)] for x, a in zip(xs, axes)]

    def combine(a, b):
        result = fn(tree.unflatten(treedef, a), tree.unflatten(treedef, b))
        found, out_tree = tree.flatten(result)
        if out_tree != treedef:
            raise ArgumentError(
                f"associative_scan: fn returned {out_tree!r}, elems are {treedef!r}{place()}"
            )
        return found

    def scan(xs):
        n = xs[0].shape[axes[0]]
        if n < 2:
            return xs
        # Neighbours are combined, the rest follows from the sums of those pairs.
        odd = scan(combine(cut(xs, 0, n - 1, 2), cut(xs, 1, None, 2)))
        before = cut(odd, 0, -1) if n % 2 == 0 else odd
        even = combine(before, cut(xs, 2, None, 2))
        even = [
            np.concatenate([first, e], axis=a) for first, e, a in zip(cut(xs, 0, 1), even, axes)
        ]
        return [_interleaved(e, o, a) for e, o, a in zip(even, odd, axes)]

    if reverse:
        rows = [np.flip(x, axis=a) for x, a in zip(rows, axes)]
    found = scan(rows)
    if reverse:
        found = [np.flip(x, axis=a) for x, a in zip(found, axes)]
    return tree.unflatten(treedef, found)


def _interleaved(even, odd, axis):
    """Return even[0], odd[0], even[1], ... along an axis; even has as many entries or one more."""
    count = odd.shape[axis]
    index = (slice(None),) * axis
    pairs = np.stack([even[(*index, slice(0, count))], odd], axis=axis + 1)
    shape = (*odd.shape[:axis], 2 * count, *odd.shape[axis + 1 :])
    joined = np.reshape(pairs, shape)
    if even.shape[axis] == count:
        return joined
    return np.concatenate([joined, even[(*index, slice(count, None))]], axis=axis)
