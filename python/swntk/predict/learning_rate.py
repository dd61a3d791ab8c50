"""The largest learning rate at which gradient descent converges."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from ._layout import real, square_matrix


def max_learning_rate(ntk_train_train, y_train_size=None, momentum=0.0, eps=1e-12):
    """Compute the largest learning rate at which gradient descent with momentum converges.

    Parameters
    ----------
    ntk_train_train : numpy.ndarray
        The kernel of the training samples, its axes in pairs.
    y_train_size : int, optional
        The number of outputs of all training samples together; None: the kernel's rows.
    momentum : float
    eps : float
        Added to the eigenvalue by which is divided.

    Returns
    -------
    float
        `2 (1 + momentum) y_train_size / (λ + eps)`, λ the kernel's largest eigenvalue, for the
        loss `sum((f - y) ** 2) / (2 * y.size)`.

    Raises
    ------
    ShapeError
        If the kernel is not square.
    ArgumentError
        If an argument is not finite, the kernel empty, or `y_train_size` not positive.

    Notes
    -----
    As `neural_tangents.predict.max_learning_rate`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(round(swntk.predict.max_learning_rate(np.diag([1.0, 4.0])), 6))
    1.0
    """
    matrix = square_matrix(real(ntk_train_train, "ntk_train_train"), "ntk_train_train")
    if not len(matrix):
        raise ArgumentError("ntk_train_train is empty: there is no largest eigenvalue")
    size = len(matrix) if y_train_size is None else y_train_size
    if not hasattr(size, "__index__") or size < 1:
        raise ArgumentError(f"y_train_size must be a positive integer, got {size!r}")
    largest = np.linalg.eigvalsh((matrix + matrix.T) / 2)[-1]
    momentum, eps = float(real(momentum, "momentum")), float(real(eps, "eps"))
    return float(2 * (1 + momentum) * size / (largest + eps))
