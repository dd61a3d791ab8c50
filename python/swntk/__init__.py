"""Derivatives and neural tangent kernels of ordinary NumPy functions, on the CPU.

>>> import numpy as np, swntk
>>> def f(params, x):
...     return np.tanh(x @ params["w"]) @ params["v"]
>>> params = {"w": np.eye(2), "v": np.ones((2, 1))}
>>> theta = swntk.empirical_ntk_fn(f)(np.eye(2), None, params)
>>> theta.shape
(2, 2)
"""

from __future__ import annotations

from . import _numpy, lax, linalg, nn, plot, predict, random, tree
from ._custom import checkpoint, custom_jvp, custom_vjp, pure_callback
from ._errors import (
    ArgumentError,
    CancelledError,
    DTypeError,
    InternalError,
    NTKError,
    OutOfMemoryError,
    ParseError,
    ShapeError,
    TracingError,
    UnsupportedError,
)
from ._kernels import (
    NtkImplementation,
    TangentKernel,
    batch,
    empirical_direct_ntk_fn,
    empirical_implicit_ntk_fn,
    empirical_kernel_fn,
    empirical_nngp_fn,
    empirical_ntk_fn,
    empirical_ntk_vp_fn,
    explain,
    flatten_kernel,
    monte_carlo_kernel_fn,
)
from ._options import build_info, clear_cache, debug_nans, get_threads, options, set_threads
from ._program import Program
from ._transforms import (
    ShapeDtypeStruct,
    check_grads,
    eval_shape,
    grad,
    hessian,
    jacfwd,
    jacobian,
    jacrev,
    jit,
    jvp,
    linearize,
    stop_gradient,
    taylor_expand,
    trace,
    value_and_grad,
    vjp,
    vmap,
)
from ._version import __version__

remat = checkpoint

del _numpy

__all__ = [
    "ArgumentError",
    "CancelledError",
    "DTypeError",
    "InternalError",
    "NTKError",
    "NtkImplementation",
    "OutOfMemoryError",
    "ParseError",
    "Program",
    "ShapeDtypeStruct",
    "ShapeError",
    "TangentKernel",
    "TracingError",
    "UnsupportedError",
    "__version__",
    "batch",
    "build_info",
    "check_grads",
    "checkpoint",
    "clear_cache",
    "custom_jvp",
    "custom_vjp",
    "debug_nans",
    "empirical_direct_ntk_fn",
    "empirical_implicit_ntk_fn",
    "empirical_kernel_fn",
    "empirical_nngp_fn",
    "empirical_ntk_fn",
    "empirical_ntk_vp_fn",
    "eval_shape",
    "explain",
    "flatten_kernel",
    "get_threads",
    "grad",
    "hessian",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "lax",
    "linalg",
    "linearize",
    "monte_carlo_kernel_fn",
    "nn",
    "options",
    "pure_callback",
    "plot",
    "predict",
    "random",
    "remat",
    "set_threads",
    "stop_gradient",
    "taylor_expand",
    "trace",
    "tree",
    "value_and_grad",
    "vjp",
    "vmap",
]


_ELSEWHERE = {
    "empirical": "its functions stand in swntk itself",
    "stax": "write the network as a NumPy function f(params, x)",
    "utils": "axes are arguments of swntk.empirical_ntk_fn",
}


def __getattr__(name):
    """Say where to look for what neural-tangents has and swntk has not."""
    hint = f": {_ELSEWHERE[name]} (docs/migration.md)" if name in _ELSEWHERE else ""
    raise AttributeError(f"module 'swntk' has no attribute {name!r}{hint}")
