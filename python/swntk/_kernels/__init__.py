"""Empirical tangent kernels: neural-tangents' signatures and results."""

from __future__ import annotations

from .batching import batch
from .empirical import NtkImplementation, empirical_ntk_fn, explain
from .flattening import flatten_kernel
from .monte_carlo import monte_carlo_kernel_fn
from .nngp import empirical_kernel_fn, empirical_nngp_fn
from .plan import TangentKernel
from .unnormalised import empirical_direct_ntk_fn, empirical_implicit_ntk_fn
from .vector_product import empirical_ntk_vp_fn

__all__ = [
    "NtkImplementation",
    "TangentKernel",
    "batch",
    "empirical_direct_ntk_fn",
    "empirical_implicit_ntk_fn",
    "empirical_kernel_fn",
    "empirical_nngp_fn",
    "empirical_ntk_fn",
    "empirical_ntk_vp_fn",
    "explain",
    "flatten_kernel",
    "monte_carlo_kernel_fn",
]
