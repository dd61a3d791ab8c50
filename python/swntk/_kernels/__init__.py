"""Empirical tangent kernels: neural-tangents' signatures and results."""

from __future__ import annotations

from .empirical import NtkImplementation, empirical_ntk_fn, explain
from .flattening import flatten_kernel
from .plan import TangentKernel
from .unnormalised import empirical_direct_ntk_fn, empirical_implicit_ntk_fn

__all__ = [
    "NtkImplementation",
    "TangentKernel",
    "empirical_direct_ntk_fn",
    "empirical_implicit_ntk_fn",
    "empirical_ntk_fn",
    "explain",
    "flatten_kernel",
]
