"""Strides of views, in elements: what decides whether NumPy's reshape makes a view or a copy."""

from __future__ import annotations


def c_strides(shape) -> tuple:
    """Return the strides of a C-contiguous array."""
    strides = []
    step = 1
    for extent in reversed(shape):
        strides.append(step)
        step *= extent
    return tuple(reversed(strides))


def is_contiguous(shape, strides) -> bool:
    """Whether an array lies in C order without gaps, as NumPy counts it."""
    if strides is None:
        return False
    if 0 in shape:
        return True
    step = 1
    for extent, stride in zip(reversed(shape), reversed(strides)):
        if extent != 1 and stride != step:
            return False
        step *= extent
    return True


def reshape_strides(shape, strides, new_shape):
    """Return the strides of a reshaped view, or None where NumPy copies.

    The algorithm of NumPy's `_attempt_nocopy_reshape` for C order: axes are merged and split
    only where one stride continues the other.
    """
    if 0 in shape:
        return c_strides(new_shape)
    old = [(n, s) for n, s in zip(shape, strides) if n != 1]
    result = [0] * len(new_shape)
    oi, oj, ni, nj = 0, 1, 0, 1
    while ni < len(new_shape) and oi < len(old):
        new_size, old_size = new_shape[ni], old[oi][0]
        while new_size != old_size:
            if new_size < old_size:
                new_size *= new_shape[nj]
                nj += 1
            else:
                old_size *= old[oj][0]
                oj += 1
        for k in range(oi, oj - 1):
            if old[k][1] != old[k + 1][0] * old[k + 1][1]:
                return None
        result[nj - 1] = old[oj - 1][1]
        for k in range(nj - 1, ni, -1):
            result[k - 1] = result[k] * new_shape[k]
        ni, nj = nj, nj + 1
        oi, oj = oj, oj + 1
    last = result[ni - 1] if ni else 1
    for k in range(ni, len(new_shape)):
        result[k] = last
    return tuple(result)


def has_one_layout(shape) -> bool:
    """Whether a fresh array of this shape is contiguous whatever order it was allocated in."""
    return 0 in shape or sum(extent != 1 for extent in shape) <= 1
