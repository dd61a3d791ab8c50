"""Kernels of many samples from kernels of few."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import is_array
from .._errors import ArgumentError, ShapeError
from .splitting import given, split_kwargs


def batch(kernel_fn, batch_size=0, device_count=-1, store_on_device=True):
    """Make a function that computes a kernel in tiles of at most some samples a side.

    Parameters
    ----------
    kernel_fn : callable
        `kernel_fn(x1, x2, *args, **kwargs)`, of which the first two axes of every result are the
        samples of x1 and of x2.
    batch_size : int
        Samples of a side in one call; the last tiles may be smaller. 0: all.
    device_count : int
        -1 or more. Every CPU works in every call: it changes nothing.
    store_on_device : bool
        It changes nothing.

    Returns
    -------
    callable
        With the arguments and results of `kernel_fn`. Samples lie along axis 0 of every leaf of x1
        and x2. Keyword arguments are those of each side, as for the function that
        `empirical_ntk_fn` returns, a single `rng` too; each call gets them in pairs. Arrays in
        pairs, but `rng`, that are as long as x1 and x2 are cut as these.

    Raises
    ------
    ArgumentError
        If an option is wrong.
    ShapeError
        Later, if samples do not lie along axis 0 of x1 and x2, or along the first two axes of the
        results.

    Notes
    -----
    As `neural_tangents.batch`, and ragged. `empirical_ntk_fn` tiles by itself where memory is
    short (`memory_limit`); this is for kernels made otherwise.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> kernel_fn = swntk.batch(lambda x1, x2: x1 @ (x1 if x2 is None else x2).T, 2)
    >>> print(kernel_fn(np.eye(3), None).tolist())
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    size = check_batch_size(batch_size)
    if not hasattr(device_count, "__index__") or device_count < -1:
        raise ArgumentError(f"device_count must be an integer from -1 on, got {device_count!r}")

    def batched_fn(x1, x2, *args, **kwargs):
        n1 = _samples(x1, "x1")
        alone = given(x1, x2) is None
        n2 = n1 if alone else _samples(x2, "x2")
        if size == 0 or (n1 <= size and n2 <= size):
            return kernel_fn(x1, x2, *args, **kwargs)
        kwargs1, kwargs2 = split_kwargs(kwargs, x1, x2)
        paired = {
            name
            for name, value in kwargs.items()
            if type(value) is tuple and len(value) == 2 or name == "rng" and is_array(value)
        }
        cut = {name for name in paired if name != "rng" and _follows(kwargs[name], n1, n2)}

        def tile(rows, columns):
            diagonal = alone and rows == columns
            left = tree.map(lambda x: x[rows], x1)
            right = None if diagonal else tree.map(lambda x: x[columns], x1 if alone else x2)
            named = dict(kwargs)
            for name in paired:
                first, second = kwargs1[name], kwargs2[name]
                if alone:
                    second = first
                named[name] = (first[rows], second[columns]) if name in cut else (first, second)
            return _checked(kernel_fn(left, right, *args, **named), rows, columns)

        if n1 > 0 and n2 > 1:
            # In a square tile an axis of outputs may pass for that of samples.
            try:
                tile(slice(0, 1), slice(0, 2))
            except ShapeError as error:
                raise ShapeError(
                    "batch needs a kernel with the samples along its first two axes; tried with "
                    f"1 and 2 of them: {error}"
                ) from error
        return _assembled(tile, _slices(n1, size), _slices(n2, size))

    return batched_fn


def check_batch_size(batch_size) -> int:
    """Return a number of samples, 0 for all.

    Raises
    ------
    ArgumentError
        If it is no integer, or negative.
    """
    if not hasattr(batch_size, "__index__") or batch_size < 0:
        raise ArgumentError(f"batch_size must be an integer that is not negative, got {batch_size}")
    return batch_size.__index__()


def _samples(x, what: str) -> int:
    sizes = {}
    for path, leaf in zip(tree.paths(x, what), tree.leaves(x)):
        if not getattr(leaf, "shape", ()):
            raise ShapeError(f"{path} has no axis 0: there are no samples to take batches of")
        sizes[path] = leaf.shape[0]
    if len(set(sizes.values())) != 1:
        shown = ", ".join(f"{size} of {path}" for path, size in sizes.items()) or "none"
        raise ShapeError(f"{what} must have samples along axis 0 of every leaf, got {shown}")
    return next(iter(sizes.values()))


def _follows(pair, n1: int, n2: int) -> bool:
    """Whether both of a pair are arrays as long as x1 and x2."""
    return all(
        is_array(value) and len(value.shape) > 0 and value.shape[0] == n
        for value, n in zip(pair, (n1, n2))
    )


def _slices(n: int, size: int) -> list:
    return [slice(start, min(start + size, n)) for start in range(0, n, size)] or [slice(0, 0)]


def _checked(kernels, rows, columns):
    expected = (rows.stop - rows.start, columns.stop - columns.start)
    for path, kernel in zip(tree.paths(kernels, "the kernel"), tree.leaves(kernels)):
        if tuple(kernel.shape[:2]) != expected:
            raise ShapeError(
                f"{path} of {expected[0]} and {expected[1]} samples has shape "
                f"{tuple(kernel.shape)}: batch needs the samples along its first two axes"
            )
    return kernels


def _assembled(tile, rows, columns):
    """Put tiles where they belong; only the results and one tile are held at once."""
    whole = None
    shape = rows[-1].stop, columns[-1].stop
    for r in rows:
        for c in columns:
            parts, treedef = tree.flatten(tile(r, c))
            if whole is None:
                if any(not isinstance(part, np.ndarray) for part in parts):
                    return _joined(tile, rows, columns)
                whole = [np.empty(shape + part.shape[2:], part.dtype) for part in parts]
            for result, part in zip(whole, parts):
                result[r, c] = part
    return tree.unflatten(treedef, whole)


def _joined(tile, rows, columns):
    """The same for traced tiles."""
    lines = [
        tree.map(lambda *parts: np.concatenate(parts, axis=1), *(tile(r, c) for c in columns))
        for r in rows
    ]
    return tree.map(lambda *parts: np.concatenate(parts, axis=0), *lines)
