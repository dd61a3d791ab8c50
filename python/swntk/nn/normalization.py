"""Normalization by means and variances. No state is kept: statistics are arguments."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError, ShapeError
from .._numpy.values import normalize_axes, normalize_axis
from .._tracing.location import place
from ._arrays import array, floating, on_arrays, unary


@on_arrays
def standardize(
    x, axis=-1, mean=None, variance=None, epsilon=1e-5, where=None, *, algorithm="fast"
):
    """Subtract the mean and divide by the standard deviation.

    Parameters
    ----------
    x : array
    axis : int, sequence of int, or None
        None: all axes.
    mean, variance : array, optional
        Computed along `axis` if not given.
    epsilon : float
        Added to the variance.
    where : array of bool, optional
        Which elements the mean and the variance are of, broadcast to x.
    algorithm : {"fast", "stable"}
        "fast": the variance is the mean square less the squared mean, at least 0, which loses
        digits where the mean is large beside the standard deviation. "stable": the mean squared
        difference from the mean.

    Returns
    -------
    array

    Raises
    ------
    ArgumentError
        If the algorithm is unknown.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `jax.nn.standardize`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.standardize(np.array([1.0, 3.0]), epsilon=0.0))
    [-1.  1.]
    """
    if algorithm not in ("fast", "stable"):
        raise ArgumentError(
            f"standardize: algorithm must be 'fast' or 'stable', got {algorithm!r}{place()}"
        )
    x = floating(x, "x")
    along = {"axis": tuple(normalize_axes(axis, x.ndim)), "keepdims": True}
    if where is not None:
        along["where"] = where
    if mean is None:
        mean = np.mean(x, **along)
    if variance is None:
        if algorithm == "stable":
            variance = np.mean(np.square(x - mean), **along)
        else:
            variance = np.maximum(np.mean(np.square(x), **along) - np.square(mean), 0)
    total = variance + epsilon
    # A number stays one, which takes x's type.
    factor = total**-0.5 if isinstance(total, (int, float)) else unary("rsqrt", total)
    return (x - mean) * factor


def _placed(v, name, function, x, axes):
    """Give an array over `axes` of x the other axes, with size 1."""
    v = array(v, name)
    sizes = tuple(x.shape[axis] for axis in axes)
    if v.shape == sizes:
        return v.reshape([n if i in axes else 1 for i, n in enumerate(x.shape)])
    if v.shape == () or v.ndim == x.ndim and all(m in (1, n) for m, n in zip(v.shape, x.shape)):
        return v
    raise ShapeError(
        f"{function}: {name} has shape {v.shape}, expected {sizes}, for axes {tuple(axes)} of x, "
        f"which has shape {x.shape}{place()}"
    )


def _scaled(function, x, normalized, scale, offset, axes):
    if scale is not None:
        normalized = normalized * _placed(scale, "scale", function, x, axes)
    if offset is not None:
        normalized = normalized + _placed(offset, "offset", function, x, axes)
    return normalized


@on_arrays
def layer_norm(x, scale=None, offset=None, axis=-1, eps=1e-5):
    """Standardize each sample along axes, then scale and shift.

    Parameters
    ----------
    x : array
    scale, offset : array, optional
        Over the axes that are normalized, in their order; or of x's rank, to be broadcast.
    axis : int, sequence of int, or None
        None: all axes.
    eps : float
        Added to the variance.

    Returns
    -------
    array
        `(x - mean) / sqrt(var + eps) * scale + offset`, mean and variance along `axis`; the
        variance is the mean squared difference from the mean.

    Raises
    ------
    ShapeError
        If scale or offset does not fit the axes.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `haiku.LayerNorm`, without hidden parameters (Ba et al., 2016).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.layer_norm(np.array([1.0, 3.0]), np.array([2.0, 2.0]), eps=0.0))
    [-2.  2.]
    """
    x = floating(x, "x")
    axes = tuple(normalize_axes(axis, x.ndim))
    mean = np.mean(x, axis=axes, keepdims=True)
    variance = np.var(x, axis=axes, keepdims=True)
    return _scaled(
        "layer_norm", x, (x - mean) * unary("rsqrt", variance + eps), scale, offset, axes
    )


@on_arrays
def rms_norm(x, scale=None, axis=-1, eps=1e-5):
    """Divide each sample by its root mean square along axes, then scale.

    Parameters
    ----------
    x : array
    scale : array, optional
        Over the axes that are normalized, in their order; or of x's rank, to be broadcast.
    axis : int, sequence of int, or None
        None: all axes.
    eps : float
        Added to the mean square.

    Returns
    -------
    array
        `x / sqrt(mean(x**2) + eps) * scale`.

    Raises
    ------
    ShapeError
        If scale does not fit the axes.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `haiku.RMSNorm`, without hidden parameters (Zhang and Sennrich, 2019).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.rms_norm(np.array([3.0, -3.0]), eps=0.0))
    [ 1. -1.]
    """
    x = floating(x, "x")
    axes = tuple(normalize_axes(axis, x.ndim))
    square = np.mean(np.square(x), axis=axes, keepdims=True)
    return _scaled("rms_norm", x, x * unary("rsqrt", square + eps), scale, None, axes)


@on_arrays
def batch_norm(x, mean=None, var=None, scale=None, offset=None, axis=-1, eps=1e-5):
    """Standardize each channel over all samples, then scale and shift.

    Parameters
    ----------
    x : array
    mean, var : array, optional
        Statistics, over the channel axes: running averages in a network that has been trained.
        Computed from x, over all its other axes, if not given; samples are then not independent.
    scale, offset : array, optional
        Over the channel axes.
    axis : int or sequence of int
        The channel axes.
    eps : float
        Added to the variance.

    Returns
    -------
    array
        `(x - mean) / sqrt(var + eps) * scale + offset`.

    Raises
    ------
    ShapeError
        If an array does not fit the channel axes.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `haiku.BatchNorm`, without hidden parameters and state (Ioffe and Szegedy, 2015): whoever
    keeps running averages updates them by `np.mean(x, axes)` and `np.var(x, axes)`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x = np.array([[1.0, 0.0], [3.0, 4.0]])
    >>> print(swntk.nn.batch_norm(x, eps=0.0).tolist())
    [[-1.0, -1.0], [1.0, 1.0]]
    >>> print(swntk.nn.batch_norm(x, np.zeros(2), np.full(2, 4.0), eps=0.0).tolist())
    [[0.5, 0.0], [1.5, 2.0]]
    """
    x = floating(x, "x")
    channels = tuple(normalize_axes(axis, x.ndim))
    others = tuple(i for i in range(x.ndim) if i not in channels)
    if mean is None:
        center = np.mean(x, axis=others, keepdims=True)
    else:
        center = _placed(mean, "mean", "batch_norm", x, channels)
    if var is not None:
        variance = _placed(var, "var", "batch_norm", x, channels)
    elif mean is None:
        variance = np.var(x, axis=others, keepdims=True)
    else:
        variance = np.mean(np.square(x - center), axis=others, keepdims=True)
    normalized = (x - center) * unary("rsqrt", variance + eps)
    return _scaled("batch_norm", x, normalized, scale, offset, channels)


@on_arrays
def group_norm(x, num_groups, scale=None, offset=None, axis=-1, eps=1e-5):
    """Standardize each group of channels of each sample, then scale and shift.

    Parameters
    ----------
    x : array
        Samples stand along axis 0.
    num_groups : int
        Groups are of neighbouring channels; with one it is a layer norm over all but the samples,
        with as many as there are channels an instance norm.
    scale, offset : array, optional
        One number for each channel.
    axis : int
        The channel axis; not 0.
    eps : float
        Added to the variance.

    Returns
    -------
    array
        `(x - mean) / sqrt(var + eps) * scale + offset`, mean and variance over a group's channels
        and all other axes but 0.

    Raises
    ------
    ArgumentError
        If the number of groups does not divide that of channels, or channels stand along axis 0.
    ShapeError
        If scale or offset does not fit the channels.
    numpy.exceptions.AxisError
        If there is no such axis.

    Notes
    -----
    As `haiku.GroupNorm`, without hidden parameters (Wu and He, 2018).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.nn.group_norm(np.array([[1.0, 3.0, 0.0, 4.0]]), 2, eps=0.0).tolist())
    [[-1.0, 1.0, -1.0, 1.0]]
    """
    x = floating(x, "x")
    axis = normalize_axis(axis, x.ndim)
    if axis == 0:
        raise ArgumentError(f"group_norm: channels stand along axis 0, the samples'{place()}")
    groups, channels = num_groups.__index__(), x.shape[axis]
    if groups < 1 or channels % groups:
        raise ArgumentError(
            f"group_norm: num_groups is {groups}, which does not divide the {channels} channels "
            f"of x, which has shape {x.shape}{place()}"
        )
    apart = x.reshape((*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :]))
    over = tuple(i for i in range(1, apart.ndim) if i != axis)
    mean = np.mean(apart, axis=over, keepdims=True)
    variance = np.var(apart, axis=over, keepdims=True)
    normalized = ((apart - mean) * unary("rsqrt", variance + eps)).reshape(x.shape)
    return _scaled("group_norm", x, normalized, scale, offset, (axis,))
