"""Functions of neural networks, as `jax.nn`. They take traced and plain arrays."""

from __future__ import annotations

import math

import numpy as np

from ._eager import eager
from ._errors import ArgumentError, UnsupportedError
from ._numpy.elementwise import floats
from ._numpy.values import normalize_axes, normalize_axis
from ._tracing import emit
from ._tracing.dtypes import I64, promote, supported
from ._tracing.location import place
from ._tracing.operands import operand, traced
from ._tracing.tracer import Tracer

__all__ = [
    "gelu",
    "hard_tanh",
    "leaky_relu",
    "log_softmax",
    "logsumexp",
    "one_hot",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "soft_sign",
    "softmax",
    "softsign",
    "standardize",
    "swish",
]


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
    return np.where(np.less_equal(x, 0), 0, x)


def relu6(x):
    """Compute min(max(x, 0), 6).

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
    return np.minimum(np.maximum(x, 0), 6)


@eager
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
    (value,) = floats([operand(x)], None)
    return Tracer.fresh(emit.emit("logistic", [value]), scalar=None)


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
    return x * sigmoid(x)


swish = silu


def gelu(x, approximate: bool = True):
    """Compute the Gaussian error linear unit, by default in its tanh approximation.

    Parameters
    ----------
    x : array
    approximate : bool

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `approximate=False`, in this version.

    Notes
    -----
    As `jax.nn.gelu` (Hendrycks and Gimpel, 2016).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.gelu(np.array([0.0, 100.0])))
    [  0. 100.]
    """
    if not approximate:
        raise UnsupportedError(f"gelu(approximate=False) is not supported in this version{place()}")
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * (0.5 * (1.0 + np.tanh(inner)))


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
    return np.where(np.greater_equal(x, 0), x, negative_slope * x)


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
    return x / (np.abs(x) + 1)


softsign = soft_sign


def hard_tanh(x):
    """Compute min(max(x, -1), 1).

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
    return np.where(np.greater(x, 1), 1, np.where(np.less(x, -1), -1, x))


def _rowwise(name, x, axis):
    (value,) = floats([operand(x)], None)
    return Tracer.fresh(emit.emit(name, [value], axis=normalize_axis(axis, value.ndim)))


@eager
def softmax(x, axis=-1):
    """Compute exp(x) / sum(exp(x)) along an axis, without overflow.

    Parameters
    ----------
    x : array
    axis : int

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.softmax`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.softmax(np.array([1000.0, 1000.0])))
    [0.5 0.5]
    """
    return _rowwise("nn.softmax", x, axis)


@eager
def log_softmax(x, axis=-1):
    """Compute the logarithm of softmax along an axis.

    Parameters
    ----------
    x : array
    axis : int

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.log_softmax`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.log_softmax(np.array([0.0, 0.0])).round(4))
    [-0.6931 -0.6931]
    """
    return _rowwise("nn.log_softmax", x, axis)


@eager
def logsumexp(a, axis=None, b=None, keepdims=False):
    """Compute log(sum(exp(a))) along axes, without overflow.

    Parameters
    ----------
    a : array
    axis : None, int or sequence of int
    b
        Not supported in this version.
    keepdims : bool

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        If `b` is given.

    Notes
    -----
    As `jax.nn.logsumexp`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    if b is not None:
        raise UnsupportedError(f"logsumexp with b= is not supported in this version{place()}")
    (value,) = floats([operand(a)], None)
    axes = normalize_axes(axis, value.ndim)
    return Tracer.fresh(emit.emit("nn.logsumexp", [value], axis=axes, keepdims=bool(keepdims)))


@eager
def one_hot(x, num_classes, *, dtype=np.float64, axis=-1):
    """Compare integers with 0, 1, ..., num_classes - 1.

    Parameters
    ----------
    x : array of int
    num_classes : int
    dtype : dtype
    axis : int
        Where the classes stand.

    Returns
    -------
    array
        Of one more axis; zeros where x is out of range.

    Raises
    ------
    ArgumentError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.one_hot`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.one_hot(np.array([0, 2]), 3).tolist())
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    value = traced(x).here()
    rank = value.ndim + 1
    if not -rank <= axis < rank:
        raise ArgumentError(f"one_hot: axis is {axis}, but the result has {rank} axes{place()}")
    axis %= rank
    kind = promote([value.dtype, I64])
    wide = emit.reshape(emit.convert(value, kind), (*value.shape[:axis], 1, *value.shape[axis:]))
    classes = emit.convert(emit.iota(num_classes), kind)
    classes = emit.reshape(classes, [num_classes if i == axis else 1 for i in range(rank)])
    equal = emit.emit("np.equal", [wide, classes])
    return Tracer.fresh(emit.convert(equal, supported(dtype, "dtype")))


def standardize(x, axis=-1, mean=None, variance=None, epsilon=1e-5):
    """Subtract the mean and divide by the standard deviation.

    Parameters
    ----------
    x : array
    axis : int or sequence of int
    mean, variance : array, optional
        Computed along `axis` if not given.
    epsilon : float
        Added to the variance.

    Returns
    -------
    array

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.standardize`: the variance is the mean square less the squared mean.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.standardize(np.array([1.0, 3.0]), epsilon=0.0))
    [-1.  1.]
    """
    axis = tuple(axis) if isinstance(axis, list) else axis
    if mean is None:
        mean = np.mean(x, axis=axis, keepdims=True)
    if variance is None:
        variance = np.mean(np.square(x), axis=axis, keepdims=True) - np.square(mean)
    return (x - mean) / np.sqrt(variance + epsilon)
