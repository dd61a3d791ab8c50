"""Where the axes of a convolution stand."""

from __future__ import annotations

from typing import NamedTuple

from .._errors import ArgumentError, ShapeError
from .._tracing.location import place


class ConvDimensionNumbers(NamedTuple):
    """Where the axes of a convolution stand.

    Parameters
    ----------
    lhs_spec, out_spec : tuple of int
        The batch axis, the feature axis, the spatial axes.
    rhs_spec : tuple of int
        The axis of output features, that of input features, the spatial axes.

    Notes
    -----
    As `jax.lax.ConvDimensionNumbers`.

    Examples
    --------
    >>> import swntk
    >>> swntk.lax.conv_dimension_numbers((1, 8, 8, 3), (3, 3, 3, 4), ("NHWC", "HWIO", "NHWC"))
    ConvDimensionNumbers(lhs_spec=(0, 3, 1, 2), rhs_spec=(3, 2, 0, 1), out_spec=(0, 3, 1, 2))
    """

    lhs_spec: tuple
    rhs_spec: tuple
    out_spec: tuple


def conv_dimension_numbers(lhs_shape, rhs_shape, dimension_numbers):
    """Read dimension numbers.

    Parameters
    ----------
    lhs_shape, rhs_shape : tuple of int
        Shapes of the operands.
    dimension_numbers : None, three strings, or ConvDimensionNumbers
        None: batch or output features, features or input features, spatial axes, in this order.
        Strings: N and C, O and I name these axes, any other letters the spatial ones, such as
        `("NHWC", "HWIO", "NHWC")`.

    Returns
    -------
    ConvDimensionNumbers

    Raises
    ------
    ShapeError
        If the operands' ranks differ.
    ArgumentError
        If the numbers do not fit them.

    Notes
    -----
    As `jax.lax.conv_dimension_numbers`.

    Examples
    --------
    >>> import swntk
    >>> swntk.lax.conv_dimension_numbers((1, 3, 8), (4, 3, 2), None).lhs_spec
    (0, 1, 2)
    """
    rank = len(lhs_shape)
    if all(hasattr(dimension_numbers, name) for name in ConvDimensionNumbers._fields):
        numbers = ConvDimensionNumbers(
            *(tuple(getattr(dimension_numbers, name)) for name in ConvDimensionNumbers._fields)
        )
        for name, spec in zip(ConvDimensionNumbers._fields, numbers):
            if sorted(spec) != list(range(rank)):
                raise ArgumentError(
                    f"dimension_numbers: {name} must be a permutation of {rank} axes, got "
                    f"{spec}{place()}"
                )
        return numbers
    if rank != len(rhs_shape):
        raise ShapeError(
            f"a convolution needs operands of one rank, got shapes {tuple(lhs_shape)} and "
            f"{tuple(rhs_shape)}{place()}"
        )
    if dimension_numbers is None:
        axes = tuple(range(rank))
        return ConvDimensionNumbers(axes, axes, axes)
    if (
        not isinstance(dimension_numbers, (list, tuple))
        or len(dimension_numbers) != 3
        or not all(isinstance(s, str) for s in dimension_numbers)
    ):
        raise ArgumentError(
            "dimension_numbers must be None, three strings or ConvDimensionNumbers, got "
            f"{dimension_numbers!r}{place()}"
        )
    for spec, needed in zip(dimension_numbers, ("NC", "OI", "NC")):
        if len(spec) != rank or len(set(spec)) != rank or not set(needed) <= set(spec):
            raise ArgumentError(
                f"dimension_numbers: {spec!r} must have {rank} different letters, {needed[0]} and "
                f"{needed[1]} among them{place()}"
            )
    lhs, rhs, out = dimension_numbers
    spatial = [letter for letter in rhs if letter not in "OI"]
    for spec in (lhs, out):
        if set(spec) - set("NC") != set(spatial):
            raise ArgumentError(
                f"dimension_numbers: {spec!r} and {rhs!r} name different spatial axes{place()}"
            )
    return ConvDimensionNumbers(
        *(
            tuple(spec.index(letter) for letter in (*first, *spatial))
            for spec, first in ((lhs, "NC"), (rhs, "OI"), (out, "NC"))
        )
    )
