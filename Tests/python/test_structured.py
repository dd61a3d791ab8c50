"""On the networks of `networks.py` every implementation is J Jᵀ, by structure where forced."""

import numpy as np
import pytest
import swntk
from checkers import leaves
from networks import NETWORKS, case
from swntk import NtkImplementation

RULES = [
    {"trace_axes": (-1,)},
    {"trace_axes": ()},
    {"trace_axes": (), "diagonal_axes": (-1,)},
    {"trace_axes": (-1,), "diagonal_axes": (0,)},
    {"trace_axes": (0,)},
]
IMPLEMENTATIONS = list(NtkImplementation)


def dense(f, params, x, y, trace_axes=(), diagonal_axes=()):
    """J(x) J(y)ᵀ of a matrix output by the rules, from Jacobians that other tests hold to JAX."""
    total = 0.0
    for left, right in zip(
        leaves(swntk.jacobian(f)(params, x)), leaves(swntk.jacobian(f)(params, y))
    ):
        left, right = (j.reshape(*j.shape[:2], -1).astype(np.float64) for j in (left, right))
        axes = ["nap", "mbp"]
        out = {0: "nm", 1: "ab"}
        for axis, (a, b) in enumerate(("nm", "ab")):
            if axis - 2 in trace_axes or axis in trace_axes:
                axes[1] = axes[1].replace(b, a)
                out[axis] = ""
            elif axis - 2 in diagonal_axes or axis in diagonal_axes:
                axes[1] = axes[1].replace(b, a)
                out[axis] = a
        total = total + np.einsum(f"{axes[0]},{axes[1]}->{out[0]}{out[1]}", left, right)
    shape = f(params, x).shape
    return total / np.prod([shape[axis] for axis in trace_axes])


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_implementation_is_the_product_of_jacobians(name, dtype):
    f, params, x, other = case(name, dtype, (4, 3))
    tolerance = 1e-11 if dtype == np.float64 else 1e-5
    for rules in RULES:
        shares_samples = 0 in rules["trace_axes"] or 0 in rules.get("diagonal_axes", ())
        for y in (None, x[::-1].copy() if shares_samples else other):
            expected = dense(f, params, x, x if y is None else y, **rules)
            for implementation in IMPLEMENTATIONS:
                theta = swntk.empirical_ntk_fn(f, implementation=implementation, **rules)(
                    x, y, params)
                assert theta.shape == expected.shape and theta.dtype == dtype
                gap = np.linalg.norm(theta - expected) / np.linalg.norm(expected)
                assert gap <= tolerance, (implementation.name, rules, y is None)
                if y is None and rules == RULES[0]:
                    np.testing.assert_array_equal(theta, theta.T)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_parameter_takes_the_structured_path(name):
    f, params, x = case(name, np.float64, (4,))
    plan = str(swntk.empirical_ntk_fn(
        f, implementation=NtkImplementation.STRUCTURED_DERIVATIVES).plan(x, None, params))
    rows = [line for line in plan.splitlines() if "parameter" in line]
    assert len(rows) == len(params)
    for row in rows:
        assert "both dense" not in row, plan
