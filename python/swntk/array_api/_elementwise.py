"""The array API standard: functions element by element."""

from __future__ import annotations

import numpy as np

from ._calling import call

_ALIASES = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atan2": "arctan2", "atanh": "arctanh", "bitwise_invert": "invert",
    "bitwise_left_shift": "left_shift", "bitwise_right_shift": "right_shift",
    "pow": "power", "conj": "conjugate",
}  # fmt: skip

# name: parameters of the standard, as Python writes them.
_ELEMENTWISE = """
abs acos acosh asin asinh atan atanh bitwise_invert ceil conj cos cosh exp expm1 floor imag isfinite
isinf isnan log log1p log2 log10 logical_not negative positive real reciprocal round sign signbit
sin sinh square sqrt tan tanh trunc
"""
_BINARY = """
add atan2 bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor copysign divide
equal floor_divide greater greater_equal hypot less less_equal logaddexp logical_and logical_or
logical_xor maximum minimum multiply nextafter not_equal pow remainder subtract
"""


def _numpy_function(name):
    return getattr(np, _ALIASES.get(name, name))


def _unary(name):
    function = _numpy_function(name)

    def _inner(x, /):
        return call(function, x)

    return _inner


def _binary(name):
    function = _numpy_function(name)

    def _inner(x1, x2, /):
        return call(function, x1, x2)

    return _inner


for _name in _ELEMENTWISE.split():
    globals()[_name] = _unary(_name)
for _name in _BINARY.split():
    globals()[_name] = _binary(_name)
for _name in (*_ELEMENTWISE.split(), *_BINARY.split()):
    globals()[_name].__name__ = globals()[_name].__qualname__ = _name
    globals()[_name].__doc__ = f"As the array API standard's `{_name}`."


def clip(x, /, min=None, max=None):
    """As the array API standard's `clip`."""
    return call(np.clip, x, min, max)
