"""Activations, element by element."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError
from .._numpy.values import normalize_axis
from .._tracing.location import place
from ._arrays import array, floating, on_arrays, unary

_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


@on_arrays
def identity(x):
    """Return x.

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
    As `jax.nn.identity`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.identity(np.array([-1.0, 2.0])))
    [-1.  2.]
    """
    return np.copy(array(x, "x"))


@on_arrays
def elu(x, alpha=1.0):
    """Compute x where x > 0, else alpha * (exp(x) - 1).

    Parameters
    ----------
    x : array
    alpha : float or array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.elu` (Clevert et al., 2015).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.elu(np.array([-100.0, 2.0])))
    [-1.  2.]
    """
    x = floating(x, "x")
    positive = x > 0
    return np.where(positive, x, alpha * unary("expm1", np.where(positive, 0.0, x)))


@on_arrays
def selu(x):
    """Compute the scaled exponential linear unit.

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
    As `jax.nn.selu` (Klambauer et al., 2017).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.selu(np.array([0.0, 1.0])))
    [0.         1.05070099]
    """
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


@on_arrays
def celu(x, alpha=1.0):
    """Compute max(x, 0) + alpha * (exp(min(x, 0) / alpha) - 1).

    Parameters
    ----------
    x : array
    alpha : float or array

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.celu` (Barron, 2017).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.celu(np.array([-100.0, 2.0])))
    [-1.  2.]
    """
    x = floating(x, "x")
    return np.maximum(x, 0.0) + alpha * unary("expm1", np.minimum(x, 0.0) / alpha)


@on_arrays
def gelu(x, approximate: bool = True):
    """Compute the Gaussian error linear unit, by default in its tanh approximation.

    Parameters
    ----------
    x : array
    approximate : bool
        False: x times the standard normal distribution function, by `erfc`.

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.gelu` (Hendrycks and Gimpel, 2016).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.gelu(np.array([0.0, 100.0])))
    [  0. 100.]
    """
    x = floating(x, "x")
    if not approximate:
        return 0.5 * x * unary("erfc", -x * math.sqrt(0.5))
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * (0.5 * (1.0 + np.tanh(inner)))


@on_arrays
def sigmoid(x):
    """Compute 1 / (1 + exp(-x)).

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
    As `jax.nn.sigmoid`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.sigmoid(np.array([0.0, 100.0])))
    [0.5 1. ]
    """
    return unary("logistic", array(x, "x"))


@on_arrays
def log_sigmoid(x):
    """Compute log(sigmoid(x)), without overflow.

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
    As `jax.nn.log_sigmoid`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.log_sigmoid(np.array([-1000.0, 1000.0])))
    [-1000.    -0.]
    """
    return -softplus(-floating(x, "x"))


@on_arrays
def silu(x):
    """Compute x * sigmoid(x).

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
    As `jax.nn.silu`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.silu(np.array([0.0, 100.0])))
    [  0. 100.]
    """
    x = array(x, "x")
    return x * unary("logistic", x)


swish = silu


@on_arrays
def softplus(x):
    """Compute log(1 + exp(x)), without overflow.

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
    As `jax.nn.softplus`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.softplus(np.array([-1000.0, 1000.0])))
    [   0. 1000.]
    """
    x = floating(x, "x")
    # One branch holds at 0 with all its derivatives; -abs(x) would not.
    positive = x > 0
    return np.where(positive, x, 0.0) + unary("log1p", np.exp(np.where(positive, -x, x)))


@on_arrays
def mish(x):
    """Compute x * tanh(softplus(x)).

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
    As `jax.nn.mish` (Misra, 2019).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.mish(np.array([0.0, 100.0])))
    [  0. 100.]
    """
    x = floating(x, "x")
    return x * np.tanh(softplus(x))


@on_arrays
def squareplus(x, b=4.0):
    """Compute (x + sqrt(x**2 + b)) / 2.

    Parameters
    ----------
    x : array
    b : float or array
        Smoothness.

    Returns
    -------
    array

    Raises
    ------
    DTypeError
        If the element type is not supported.

    Notes
    -----
    As `jax.nn.squareplus` (Barron, 2021).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.squareplus(np.array([0.0, 1.5])))
    [1. 2.]
    """
    x = floating(x, "x")
    return (x + np.sqrt(np.square(x) + b)) / 2


@on_arrays
def soft_sign(x):
    """Compute x / (abs(x) + 1).

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
    As `jax.nn.soft_sign`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.soft_sign(np.array([-1.0, 3.0])))
    [-0.5   0.75]
    """
    x = array(x, "x")
    return x / (np.abs(x) + 1)


softsign = soft_sign


@on_arrays
def glu(x, axis=-1):
    """Split an axis into two halves a and b, and compute a * sigmoid(b).

    Parameters
    ----------
    x : array
    axis : int

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If there is no such axis, or its size is odd.

    Notes
    -----
    As `jax.nn.glu` (Dauphin et al., 2017).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.glu(np.array([1.0, 2.0, 100.0, 0.0])))
    [1. 1.]
    """
    x = array(x, "x")
    axis = normalize_axis(axis, x.ndim)
    size = x.shape[axis]
    if size % 2:
        raise ArgumentError(f"glu: axis {axis} has size {size}, which is not even{place()}")
    before = (slice(None),) * axis
    return x[(*before, slice(None, size // 2))] * unary(
        "logistic", x[(*before, slice(size // 2, None))]
    )


@on_arrays
def log1mexp(x):
    """Compute log(1 - exp(-x)) for x >= 0.

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
    As `jax.nn.log1mexp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.log1mexp(np.array([1e-20])))
    [-46.05170186]
    """
    x = floating(x, "x")
    # Each branch sees only what it is accurate for (Maechler, 2012): the other may give NaN.
    small = x < math.log(2.0)
    near = np.log(-unary("expm1", -np.where(small, x, 1.0)))
    return np.where(small, near, unary("log1p", -np.exp(-np.where(small, 1.0, x))))
