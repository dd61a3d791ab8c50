"""Check swntk by NumPy and the standard library alone.

For an installation without pytest or JAX: the oldest NumPy that is supported, a fresh venv. Prints
`N passed, N failed`.
"""

import argparse
import os
import pickle
import sys
import traceback

import numpy as np
import swntk

RNG = np.random.default_rng(0)
PARAMS = {
    "w1": RNG.standard_normal((3, 5)),
    "b1": RNG.standard_normal(5),
    "w2": RNG.standard_normal((5, 2)),
}
X = RNG.standard_normal((4, 3))
X2 = RNG.standard_normal((3, 3))


def f(params, x):
    return np.tanh(x @ params["w1"] + params["b1"]) @ params["w2"]


def loss(params, x):
    return np.sum(f(params, x) ** 2)


def close(actual, expected, tolerance=1e-11):
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    assert actual.dtype == expected.dtype, (actual.dtype, expected.dtype)
    error = np.linalg.norm(actual - expected)
    assert error <= tolerance * np.linalg.norm(expected), error


def central_difference(function, params, direction, step=1e-6):
    def at(t):
        return function({name: p + t * direction[name] for name, p in params.items()})

    return (at(step) - at(-step)) / (2 * step)


def dense_jacobian(x):
    """J of f by hand: [n, o, parameters in the order of swntk's leaves: b1, w1, w2]."""
    h = np.tanh(x @ PARAMS["w1"] + PARAMS["b1"])
    by_b1 = np.einsum("nk,ko->nok", 1 - h**2, PARAMS["w2"])
    by_w1 = np.einsum("nok,ni->noik", by_b1, x)
    by_w2 = np.einsum("nk,op->nokp", h, np.eye(2))
    return np.concatenate([d.reshape(len(x), 2, -1) for d in (by_b1, by_w1, by_w2)], axis=2)


def check_version():
    assert swntk.build_info()["version"] == swntk.__version__


def check_trace():
    program = swntk.trace(f, PARAMS, X)
    assert "tanh" in str(program)
    assert pickle.loads(pickle.dumps(program)) == program


def check_jvp():
    direction = {name: RNG.standard_normal(p.shape) for name, p in PARAMS.items()}
    value, tangent = swntk.jvp(lambda p: f(p, X), (PARAMS,), (direction,))
    close(value, f(PARAMS, X))
    close(tangent, central_difference(lambda p: f(p, X), PARAMS, direction), 1e-8)


def check_vjp():
    value, pullback = swntk.vjp(f, PARAMS, X)
    cotangent = RNG.standard_normal(value.shape)
    by_params, by_x = pullback(cotangent)
    expected = np.einsum("no,nop->p", cotangent, dense_jacobian(X))
    close(np.concatenate([by_params[name].ravel() for name in ("b1", "w1", "w2")]), expected)
    assert by_x.shape == X.shape


def check_value_and_grad():
    value, grads = swntk.jit(swntk.value_and_grad(loss))(PARAMS, X)
    close(value, loss(PARAMS, X))
    for name, p in PARAMS.items():
        direction = {other: np.zeros_like(q) for other, q in PARAMS.items()}
        direction[name] = RNG.standard_normal(p.shape)
        slope = central_difference(lambda q: loss(q, X), PARAMS, direction)
        close(np.sum(grads[name] * direction[name]), slope, 1e-7)


def check_jacobian():
    jacobian = swntk.jacobian(f)(PARAMS, X)
    rows = [jacobian[name].reshape(len(X), 2, -1) for name in ("b1", "w1", "w2")]
    close(np.concatenate(rows, axis=2), dense_jacobian(X))


def check_kernel():
    j1, j2 = dense_jacobian(X), dense_jacobian(X2)
    for name in ("AUTO", "JACOBIAN_CONTRACTION", "NTK_VECTOR_PRODUCTS"):
        implementation = swntk.NtkImplementation[name]
        traced = swntk.empirical_ntk_fn(f, implementation=implementation)
        close(traced(X, X2, PARAMS), np.einsum("nop,mop->nm", j1, j2) / 2)
        full = swntk.empirical_ntk_fn(f, trace_axes=(), implementation=implementation)
        close(full(X, X2, PARAMS), np.einsum("nop,mqp->nmoq", j1, j2))
    theta = traced(X, None, PARAMS)
    close(theta, np.einsum("nop,mop->nm", j1, j1) / 2)
    assert (theta == theta.T).all()


def check_float32():
    params = {name: p.astype(np.float32) for name, p in PARAMS.items()}
    theta = swntk.empirical_ntk_fn(f)(X.astype(np.float32), None, params)
    j = dense_jacobian(X)
    close(theta, (np.einsum("nop,mop->nm", j, j) / 2).astype(np.float32), 1e-5)


def check_errors():
    for bad, expected in [
        (lambda: swntk.jvp(f, (PARAMS, X[:, :2]), (PARAMS, X[:, :2])), swntk.ShapeError),
        (lambda: swntk.grad(lambda p: 1.0 if p > 0 else 0.0)(1.0), swntk.TracingError),
    ]:
        try:
            bad()
        except expected as error:
            assert os.path.basename(__file__) in str(error), error
        else:
            raise AssertionError(f"no {expected.__name__}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--installed-in", help="the folder that swntk must come from")
    place = parser.parse_args().installed_in
    if place:
        assert swntk.__file__.startswith(os.path.abspath(place) + os.sep), swntk.__file__
    passed = failed = 0
    for name, check in list(globals().items()):
        if name.startswith("check_"):
            try:
                check()
                passed += 1
            except Exception:
                failed += 1
                print(f"-- {name}")
                traceback.print_exc(file=sys.stdout)
    print(f"NumPy {np.__version__}, swntk from {os.path.dirname(swntk.__file__)}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
