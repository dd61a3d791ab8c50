"""What gradient descent on a kernel's linear model predicts: neural-tangents' `predict`."""

from __future__ import annotations

from .ensemble import gradient_descent_mse_ensemble
from .gaussian import Gaussian, gp_inference
from .learning_rate import max_learning_rate
from .mse import gradient_descent_mse
from .ode import ODEState, gradient_descent

__all__ = [
    "Gaussian",
    "ODEState",
    "gp_inference",
    "gradient_descent",
    "gradient_descent_mse",
    "gradient_descent_mse_ensemble",
    "max_learning_rate",
]
