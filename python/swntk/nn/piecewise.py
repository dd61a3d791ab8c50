"""Activations made of pieces that are linear or quadratic."""

from __future__ import annotations

import numpy as np

from ._arrays import array, floating, on_arrays


@on_arrays
def relu(x):
    """Compute max(x, 0), with derivative 0 at 0.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.relu`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.relu(np.array([-1.0, 2.0])))
    [0. 2.]
    """
    # Not `x > 0`: NaN stays NaN.
    x = array(x, "x")
    return np.where(x <= 0, 0, x)


@on_arrays
def relu6(x):
    """Compute min(max(x, 0), 6), with derivative 0 at 0 and at 6.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.relu6`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.relu6(np.array([-1.0, 2.0, 9.0])))
    [0. 2. 6.]
    """
    x = floating(x, "x")
    return np.where(x <= 0, 0.0, np.where(x >= 6, 6.0, x))


@on_arrays
def sparse_plus(x):
    """Compute 0 for x <= -1, x for x >= 1, and (x + 1)**2 / 4 between.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.sparse_plus`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.sparse_plus(np.array([-2.0, 0.0, 2.0])))
    [0.   0.25 2.  ]
    """
    x = floating(x, "x")
    return np.where(x <= -1.0, 0.0, np.where(x >= 1.0, x, (x + 1.0) ** 2 / 4))


@on_arrays
def sparse_sigmoid(x):
    """Compute (x + 1) / 2, between 0 and 1.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.sparse_sigmoid`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.sparse_sigmoid(np.array([-2.0, 0.0, 2.0])))
    [0.  0.5 1. ]
    """
    x = floating(x, "x")
    return 0.5 * np.minimum(np.maximum(x + 1.0, 0.0), 2.0)


@on_arrays
def leaky_relu(x, negative_slope=1e-2):
    """Compute x where x >= 0, else negative_slope * x.

    Parameters
    ----------
    x : array
    negative_slope : float or array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.leaky_relu`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.leaky_relu(np.array([-1.0, 2.0])))
    [-0.01  2.  ]
    """
    x = array(x, "x")
    return np.where(x >= 0, x, negative_slope * x)


@on_arrays
def hard_tanh(x):
    """Compute min(max(x, -1), 1), with derivative 1 at -1 and at 1.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.hard_tanh`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.hard_tanh(np.array([-5.0, 0.5, 5.0])))
    [-1.   0.5  1. ]
    """
    x = array(x, "x")
    return np.where(x > 1, 1, np.where(x < -1, -1, x))


@on_arrays
def hard_sigmoid(x):
    """Compute relu6(x + 3) / 6.

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.hard_sigmoid`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.hard_sigmoid(np.array([-5.0, 0.0, 5.0])))
    [0.  0.5 1. ]
    """
    return relu6(floating(x, "x") + 3.0) / 6.0


@on_arrays
def hard_silu(x):
    """Compute x * hard_sigmoid(x).

    Parameters
    ----------
    x : array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.hard_silu`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.hard_silu(np.array([-5.0, 3.0])))
    [-0.  3.]
    """
    x = floating(x, "x")
    return x * hard_sigmoid(x)


hard_swish = hard_silu
