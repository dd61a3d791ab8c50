"""Kernels as matrices."""

from __future__ import annotations

import numpy as np

from .._errors import ShapeError


def flatten_kernel(theta):
    """Make a matrix of a kernel with output axes.

    Parameters
    ----------
    theta : numpy.ndarray
        `[n1, n2] + out + out`.

    Returns
    -------
    numpy.ndarray
        `[n1 * O, n2 * O]`, O the product of `out`.

    Raises
    ------
    ShapeError
        If the axes are not such pairs.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.flatten_kernel(np.zeros((2, 5, 3, 3))).shape
    (6, 15)
    """
    shape = np.shape(theta)
    half = (len(shape) - 2) // 2
    if len(shape) < 2 or len(shape) % 2 or shape[2 : 2 + half] != shape[2 + half :]:
        raise ShapeError(f"theta has shape {shape}, expected [n1, n2] + out + out")
    n1, n2, *out = shape
    outputs = int(np.prod(out[:half], dtype=np.int64))
    order = [0, *range(2, 2 + half), 1, *range(2 + half, len(shape))]
    turned = np.transpose(theta, order)
    # A copy first, so that under tracing the reshape cannot be in doubt.
    return np.reshape(turned.copy(), (n1 * outputs, n2 * outputs))
