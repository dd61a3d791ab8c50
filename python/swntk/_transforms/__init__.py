"""Derivatives, mapping and compilation of functions: JAX's signatures and results."""

from __future__ import annotations

from .checking import check_grads
from .forward import jvp
from .gradients import grad, value_and_grad
from .inert import stop_gradient
from .jacobians import hessian, jacfwd, jacobian, jacrev
from .jit import jit
from .mapping import vmap
from .reverse import vjp
from .shapes import ShapeDtypeStruct, eval_shape, trace
from .taylor import linearize, taylor_expand

__all__ = [
    "ShapeDtypeStruct",
    "check_grads",
    "eval_shape",
    "grad",
    "hessian",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "linearize",
    "stop_gradient",
    "taylor_expand",
    "trace",
    "value_and_grad",
    "vjp",
    "vmap",
]
