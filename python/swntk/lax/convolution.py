"""Convolutions."""

from __future__ import annotations

import numpy as np

from .._eager import eager
from .._errors import ArgumentError, DTypeError, ShapeError, UnsupportedError
from .._tracing import emit
from .._tracing.dtypes import supported
from .._tracing.location import place
from .._tracing.operands import traced
from .._tracing.tracer import Tracer
from .dimension_numbers import conv_dimension_numbers
from .window_numbers import dilated, numbers, padtype_to_pads, pairs


def _operands(lhs, rhs, preferred, what):
    x, r = traced(lhs), traced(rhs)
    if x.dtype != r.dtype:
        raise DTypeError(
            f"{what} needs operands of one element type, got {x.dtype} and {r.dtype}{place()}"
        )
    if x.dtype.kind == "b":
        raise DTypeError(f"{what} needs numbers, got {x.dtype}{place()}")
    dtype = x.dtype
    if preferred is not None:
        dtype = supported(np.dtype(preferred), "preferred_element_type")
        if dtype.kind != x.dtype.kind or dtype.itemsize < x.dtype.itemsize:
            raise DTypeError(
                f"{what}: preferred_element_type must be of the kind of the operands' {x.dtype} "
                f"and no narrower, got {dtype}{place()}"
            )
    return emit.convert(x.here(), dtype), emit.convert(r.here(), dtype)


@eager
def conv_general_dilated(
    lhs,
    rhs,
    window_strides,
    padding,
    lhs_dilation=None,
    rhs_dilation=None,
    dimension_numbers=None,
    feature_group_count=1,
    batch_group_count=1,
    precision=None,
    preferred_element_type=None,
):
    """Convolve, with strides, paddings, dilations and groups.

    Parameters
    ----------
    lhs : array
        The input: a batch axis, a feature axis and any number of spatial axes.
    rhs : array
        The filter, of lhs's rank and element type: output features, input features of a group,
        spatial axes.
    window_strides : sequence of int
        One for each spatial axis.
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)
        Zeros before and after each spatial axis; negative: elements are left out.
    lhs_dilation, rhs_dilation : sequence of int, optional
        Distances of the input's elements, with zeros between them, and of the filter's.
    dimension_numbers : None, three strings, or ConvDimensionNumbers
        Where the axes stand: see `conv_dimension_numbers`.
    feature_group_count, batch_group_count : int
        Groups of features, or of the batch, that have a part of the filters each.
    precision
        Accepted and ignored: every product is exact to its element type.
    preferred_element_type : dtype, optional
        To compute in, no narrower than the operands'.

    Returns
    -------
    array
        The filter is not reversed (a correlation).

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        If operands and parameters do not fit one another.

    Notes
    -----
    As `jax.lax.conv_general_dilated`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x, r = np.arange(5.0).reshape(1, 1, 5), np.array([[[1.0, 1.0]]])
    >>> print(swntk.lax.conv_general_dilated(x, r, (2,), "VALID"))
    [[[1. 5.]]]
    """
    what = "conv_general_dilated"
    x, r = _operands(lhs, rhs, preferred_element_type, what)
    if x.ndim < 2:
        raise ShapeError(
            f"{what} needs a batch and a feature axis, got shape {x.shape} (lhs){place()}"
        )
    spec = conv_dimension_numbers(x.shape, r.shape, dimension_numbers)
    if r.ndim != x.ndim:
        raise ShapeError(
            f"a convolution needs operands of one rank, got shapes {x.shape} and {r.shape}{place()}"
        )
    count = x.ndim - 2
    strides = numbers(window_strides, count, "window_strides", what)
    base = numbers(lhs_dilation, count, "lhs_dilation", what)
    holes = numbers(rhs_dilation, count, "rhs_dilation", what)
    if isinstance(getattr(padding, "name", padding), str):
        if any(d != 1 for d in base):
            raise ArgumentError(
                f"{what}: a padding by name is not defined with lhs_dilation; give pairs, or use "
                f"conv_transpose{place()}"
            )
        padding = padtype_to_pads(
            [x.shape[axis] for axis in spec.lhs_spec[2:]],
            [dilated(r.shape[axis], d) for axis, d in zip(spec.rhs_spec[2:], holes)],
            strides,
            padding,
        )
    (features,) = numbers([feature_group_count], 1, "feature_group_count", what)
    (batches,) = numbers([batch_group_count], 1, "batch_group_count", what)
    value = emit.emit(
        what,
        [x, r],
        window_strides=strides,
        padding=pairs(padding, count, what),
        lhs_dilation=base,
        rhs_dilation=holes,
        dimension_numbers=list(spec),
        feature_group_count=features,
        batch_group_count=batches,
    )
    return Tracer.fresh(value, contiguous=True, scalar=False)


def conv(lhs, rhs, window_strides, padding, precision=None, preferred_element_type=None):
    """Convolve arrays in the order batch, features, spatial axes.

    Parameters
    ----------
    lhs, rhs : array
        Input and filter.
    window_strides : sequence of int
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)
    precision
        Accepted and ignored.
    preferred_element_type : dtype, optional

    Returns
    -------
    array

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `conv_general_dilated`.

    Notes
    -----
    As `jax.lax.conv`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> print(swntk.lax.conv(np.ones((1, 1, 4)), np.ones((1, 1, 3)), (1,), "SAME"))
    [[[2. 3. 3. 2.]]]
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


def conv_with_general_padding(
    lhs,
    rhs,
    window_strides,
    padding,
    lhs_dilation,
    rhs_dilation,
    precision=None,
    preferred_element_type=None,
):
    """Convolve arrays in the order batch, features, spatial axes, with dilations.

    Parameters
    ----------
    lhs, rhs : array
        Input and filter.
    window_strides : sequence of int
    padding : {"VALID", "SAME", "SAME_LOWER"} or sequence of (int, int)
    lhs_dilation, rhs_dilation : sequence of int or None
    precision
        Accepted and ignored.
    preferred_element_type : dtype, optional

    Returns
    -------
    array

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `conv_general_dilated`.

    Notes
    -----
    As `jax.lax.conv_with_general_padding`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x, r = np.ones((1, 1, 2)), np.ones((1, 1, 2))
    >>> print(swntk.lax.conv_with_general_padding(x, r, (1,), [(1, 1)], (2,), None))
    [[[1. 1. 1. 1.]]]
    """
    return conv_general_dilated(
        lhs,
        rhs,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


_DEFAULT_NUMBERS = {
    2: ("NC", "IO", "NC"),
    3: ("NHC", "HIO", "NHC"),
    4: ("NHWC", "HWIO", "NHWC"),
    5: ("NHWDC", "HWDIO", "NHWDC"),
}


def _transpose_pads(window: int, stride: int, padding):
    if padding == "SAME":
        total = window + stride - 2
        before = window - 1 if stride > window - 1 else -(-total // 2)
    elif padding == "VALID":
        total = window + stride - 2 + max(window - stride, 0)
        before = window - 1
    else:
        before, after = (window - 1 - p for p in padding)
        return before, after
    return before, total - before


def conv_transpose(
    lhs,
    rhs,
    strides,
    padding,
    rhs_dilation=None,
    dimension_numbers=None,
    transpose_kernel=False,
    precision=None,
    preferred_element_type=None,
    use_consistent_padding=False,
):
    """Convolve with fractional strides (a "transposed" convolution).

    Parameters
    ----------
    lhs, rhs : array
        Input and filter.
    strides : sequence of int
        How many times longer each spatial axis becomes.
    padding : {"VALID", "SAME"} or sequence of (int, int)
        Names, and with `use_consistent_padding` pairs too: of the convolution that this is the
        transpose of. Else of the convolution that is computed.
    rhs_dilation : sequence of int, optional
    dimension_numbers : None, three strings, or ConvDimensionNumbers
        None: `("NHWC", "HWIO", "NHWC")`, and alike for other ranks.
    transpose_kernel : bool
        Reverse the filter and exchange its features: the exact transpose of a convolution.
    precision
        Accepted and ignored.
    preferred_element_type : dtype, optional
    use_consistent_padding : bool

    Returns
    -------
    array

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `conv_general_dilated`.

    Notes
    -----
    As `jax.lax.conv_transpose`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x, r = np.array([[[1.0], [2.0]]]), np.ones((2, 1, 1))
    >>> print(swntk.lax.conv_transpose(x, r, (2,), "VALID").ravel())
    [1. 1. 2. 2.]
    """
    what = "conv_transpose"
    lhs_shape, rhs_shape = np.shape(lhs), np.shape(rhs)
    if dimension_numbers is None:
        dimension_numbers = _DEFAULT_NUMBERS.get(len(lhs_shape))
        if dimension_numbers is None:
            raise UnsupportedError(
                f"{what} of {len(lhs_shape)} axes needs dimension_numbers{place()}"
            )
    spec = conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers)
    count = len(lhs_shape) - 2
    steps = numbers(strides, count, "strides", what)
    holes = numbers(rhs_dilation, count, "rhs_dilation", what)
    by_name = isinstance(padding, str)
    if by_name and padding not in ("SAME", "VALID"):
        raise ArgumentError(
            f"{what}: padding must be 'VALID', 'SAME' or a pair for each axis, got "
            f"{padding!r}{place()}"
        )
    given = [padding] * count if by_name else pairs(padding, count, what)
    if by_name or use_consistent_padding:
        windows = [dilated(rhs_shape[axis], d) for axis, d in zip(spec.rhs_spec[2:], holes)]
        given = [_transpose_pads(*each) for each in zip(windows, steps, given)]
    if transpose_kernel:
        rhs = np.swapaxes(np.flip(rhs, spec.rhs_spec[2:]), *spec.rhs_spec[:2])
    return conv_general_dilated(
        lhs,
        rhs,
        (1,) * count,
        given,
        steps,
        holes,
        spec,
        precision=precision,
        preferred_element_type=preferred_element_type,
    )


@eager
def conv_general_dilated_patches(
    lhs,
    filter_shape,
    window_strides,
    padding,
    lhs_dilation=None,
    rhs_dilation=None,
    dimension_numbers=None,
    precision=None,
    preferred_element_type=None,
):
    """Take out the patches that a convolution sees.

    Parameters
    ----------
    lhs : array
    filter_shape : sequence of int
        Sizes of the spatial axes.
    window_strides, padding, lhs_dilation, rhs_dilation, dimension_numbers
        As those of `conv_general_dilated`.
    precision
        Accepted and ignored.
    preferred_element_type : dtype, optional

    Returns
    -------
    array
        In place of the features: for each of them, the elements of a patch, row-major.

    Raises
    ------
    ShapeError, DTypeError, ArgumentError
        As `conv_general_dilated`.

    Notes
    -----
    As `jax.lax.conv_general_dilated_patches`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> x = np.arange(4.0).reshape(1, 1, 4)
    >>> print(swntk.lax.conv_general_dilated_patches(x, (2,), (1,), "VALID"))
    [[[0. 1. 2.]
      [1. 2. 3.]]]
    """
    x = traced(lhs)
    shape = numbers(
        filter_shape, max(x.ndim - 2, 0), "filter_shape", "conv_general_dilated_patches"
    )
    spec = conv_dimension_numbers(x.shape, (1, 1, *shape), dimension_numbers)
    features, size = x.shape[spec.lhs_spec[1]], int(np.prod(shape))
    entries = np.tile(np.eye(size, dtype=x.dtype), (features, 1))
    entries = np.moveaxis(entries.reshape(features * size, 1, *shape), range(x.ndim), spec.rhs_spec)
    return conv_general_dilated(
        x,
        Tracer.fresh(emit.constant(np.ascontiguousarray(entries))),
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        spec,
        feature_group_count=max(features, 1),
        preferred_element_type=preferred_element_type,
    )
