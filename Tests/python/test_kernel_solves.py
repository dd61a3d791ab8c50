"""swntk.linalg: spectrum and solves of kernels."""

import pickle
import warnings

import numpy as np
import pytest
import swntk
from swntk.linalg import SingularKernelError, SingularKernelWarning

rng = np.random.default_rng(2)


def positive(n, low=0.1, high=10.0, dtype=np.float64):
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    theta = (q * np.linspace(low, high, n)) @ q.T
    return ((theta + theta.T) / 2).astype(dtype)


def of_rank(n, rank, dtype=np.float64):
    a = rng.standard_normal((n, rank))
    return (a @ a.T).astype(dtype)


def f(params, x):
    return np.tanh(x @ params["w"]) @ params["v"]


PARAMS = {"w": rng.standard_normal((3, 40)), "v": rng.standard_normal((40, 2)) / 6}
X = rng.standard_normal((7, 3))


@pytest.mark.parametrize("n", [1, 2, 5, 127, 128, 129, 300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_solves(n, dtype):
    theta = positive(n, dtype=dtype)
    exact = theta.astype(np.float64)
    for shape in [(n,), (n, 1), (n, 3)]:
        b = rng.standard_normal(shape).astype(dtype)
        x = swntk.linalg.solve(theta, b)
        assert x.dtype == np.float64 and x.shape == shape
        np.testing.assert_allclose(exact @ x, b, rtol=0, atol=1e-11 * np.linalg.norm(b))
    np.testing.assert_allclose(
        swntk.linalg.eigvalsh(theta), np.linalg.eigvalsh(exact), rtol=1e-11)
    np.testing.assert_allclose(
        swntk.linalg.logdet(theta), np.linalg.slogdet(exact)[1], rtol=0, atol=1e-10 * n)
    np.testing.assert_allclose(swntk.linalg.condition(theta), np.linalg.cond(exact), rtol=1e-9)


def test_jitter_is_of_the_mean_of_the_diagonal():
    theta, b = positive(20), rng.standard_normal(20)
    damped = theta + 0.3 * np.trace(theta) / 20 * np.eye(20)
    before = theta.copy()
    np.testing.assert_allclose(
        swntk.linalg.solve(theta, b, jitter=0.3), np.linalg.solve(damped, b), rtol=1e-10)
    np.testing.assert_allclose(
        swntk.linalg.eigvalsh(theta, jitter=0.3), np.linalg.eigvalsh(damped), rtol=1e-11)
    assert swntk.linalg.condition(theta, jitter=0.3) < swntk.linalg.condition(theta)
    assert swntk.linalg.logdet(theta, jitter=0.3) > swntk.linalg.logdet(theta)
    np.testing.assert_array_equal(theta, before)


@pytest.mark.parametrize("axes", [(-1,), ()])
def test_kernels_with_output_axes_and_plans(axes):
    ntk_fn = swntk.empirical_ntk_fn(f, trace_axes=axes)
    theta = ntk_fn(X, None, PARAMS)
    matrix = theta if axes else swntk.flatten_kernel(theta)
    b = rng.standard_normal((7,) if axes else (7, 2))
    expected = np.linalg.solve(matrix, b.ravel())
    for kernel in (theta, ntk_fn.plan(X, None, PARAMS)):
        x = swntk.linalg.solve(kernel, b)
        assert x.shape == b.shape
        np.testing.assert_allclose(x.ravel(), expected, rtol=1e-8)
        np.testing.assert_allclose(swntk.linalg.solve(kernel, b.ravel()), expected, rtol=1e-8)
        several = swntk.linalg.solve(kernel, np.stack([b.ravel()] * 3, 1))
        np.testing.assert_allclose(several[:, 1], expected, rtol=1e-8)
        np.testing.assert_allclose(swntk.linalg.eigvalsh(kernel), np.linalg.eigvalsh(matrix),
                                   rtol=0, atol=1e-11 * np.linalg.norm(matrix))


def test_two_output_axes_stand_in_pairs():
    def g(params, x):
        return np.reshape(f(params, x), (len(x), 1, 2)) * np.array([[1.0], [2.0], [3.0]])

    plan = swntk.empirical_ntk_fn(g, trace_axes=()).plan(X[:4], None, PARAMS)
    assert plan.shape == (4, 4, 3, 3, 2, 2)
    np.testing.assert_allclose(np.sum(swntk.linalg.eigvalsh(plan)), plan.trace(), rtol=1e-10)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n, rank", [(2, 1), (30, 12), (200, 199), (200, 3), (5, 0)])
def test_singular_kernels_are_reported_with_their_rank(n, rank, dtype):
    theta = of_rank(n, rank, dtype)
    for use in (lambda k, **o: swntk.linalg.solve(k, np.ones(n), **o), swntk.linalg.logdet):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises((SingularKernelError, SingularKernelWarning)) as caught:
                use(theta)
        # Exactly singular, up to rounding, in float64; rounding errors in float32.
        if dtype == np.float64:
            assert caught.type is SingularKernelError
        assert (caught.value.rank, caught.value.size) == (rank, n)
        assert f"rank {rank} of {n}" in str(caught.value)
        if rank:
            assert np.isfinite(use(theta, jitter=0.1)).all()
    with pytest.warns(SingularKernelWarning, match=f"rank {rank} of {n}"):
        assert swntk.linalg.condition(theta) > 1e6
    assert np.isfinite(swntk.linalg.eigvalsh(theta)).all()


def test_a_kernel_that_is_not_positive_is_singular():
    with pytest.raises(SingularKernelError, match="not positive definite: rank 2 of 3.*-1"):
        swntk.linalg.solve(np.diag([1.0, 2.0, -1.0]), np.ones(3))
    with pytest.warns(SingularKernelWarning):
        assert swntk.linalg.condition(np.diag([1.0, 2.0, -1.0])) == np.inf


def test_a_kernel_near_singularity_is_solved_without_a_word():
    theta = positive(40, 1e-9, 1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        swntk.linalg.solve(theta, np.ones(40))
        swntk.linalg.logdet(theta)
    single = positive(40, 1e-9, 1.0).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises((SingularKernelError, SingularKernelWarning)) as caught:
            swntk.linalg.solve(single, np.ones(40))
    assert caught.value.rank == 39


def test_repeated_samples_are_singular():
    plan = swntk.empirical_ntk_fn(f).plan(np.concatenate([X, X[:2]]), None, PARAMS)
    with pytest.raises(SingularKernelError, match="rank 7 of 9"):
        swntk.linalg.solve(plan, np.ones(9))


def test_errors_are_of_numpy_too_and_pickle():
    error = SingularKernelError(3, 5, 1e-3)
    assert isinstance(error, (swntk.NTKError)) and isinstance(error, np.linalg.LinAlgError)
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.rank, copy.size, copy.tolerance, str(copy)) == (3, 5, 1e-3, str(error))


NAN = np.eye(3)
NAN[2, 1] = np.nan


@pytest.mark.parametrize("theta, error, fact", [
    (NAN, swntk.ArgumentError, "row 2, column 1"),
    (np.diag([1, np.inf]), swntk.ArgumentError, "not finite"),
    (np.ones((2, 3)), swntk.ShapeError, "pairs"),
    (np.ones(4), swntk.ShapeError, "pairs"),
    (np.ones((2, 2, 2)), swntk.ShapeError, "pairs"),
    (np.array([[1.0, 2.0], [0.0, 1.0]]), swntk.ArgumentError, "symmetric"),
    (np.eye(2) * 1j, swntk.DTypeError, "complex"),
    ({"a": np.eye(2), "b": np.eye(2)}, swntk.ArgumentError, "several"),
    ("x", swntk.DTypeError, "str"),
])
@pytest.mark.parametrize("use", [
    swntk.linalg.eigvalsh, swntk.linalg.logdet, swntk.linalg.condition,
    lambda k: swntk.linalg.solve(k, np.ones(3)),
], ids=["eigvalsh", "logdet", "condition", "solve"])
def test_kernels_refused(use, theta, error, fact):
    with pytest.raises(error, match=fact):
        use(theta)


def test_other_arguments_refused():
    eye = np.eye(3)
    for b, error in [(np.ones(2), swntk.ShapeError), (np.ones((3, 3, 3)), swntk.ShapeError),
                     (np.array([1, np.nan, 0]), swntk.ArgumentError),
                     (np.ones(3) * 1j, swntk.DTypeError)]:
        with pytest.raises(error):
            swntk.linalg.solve(eye, b)
    for jitter in (-1, np.nan, np.inf, "x"):
        with pytest.raises(swntk.ArgumentError, match="jitter"):
            swntk.linalg.eigvalsh(eye, jitter=jitter)
    with pytest.raises(swntk.DTypeError):
        swntk.linalg.eigvalsh(eye, dtype=np.int64)
    diagonal = swntk.empirical_ntk_fn(f, trace_axes=(), diagonal_axes=(1,)).plan(X, None, PARAMS)
    with pytest.raises(swntk.ArgumentError, match="diagonal axes"):
        swntk.linalg.eigvalsh(diagonal)
    with pytest.raises(swntk.TracingError, match="linalg"):
        swntk.grad(lambda x: swntk.linalg.logdet(x))(eye)


def test_empty_kernels():
    empty = np.empty((0, 0))
    assert swntk.linalg.solve(empty, np.ones((0,))).shape == (0,)
    assert swntk.linalg.solve(np.eye(2), np.ones((2, 0))).shape == (2, 0)
    assert swntk.linalg.logdet(empty) == 0 and swntk.linalg.eigvalsh(empty).shape == (0,)
    with pytest.raises(swntk.ArgumentError, match="empty"):
        swntk.linalg.condition(empty)


def test_half_precision_and_single_precision_inside():
    theta = positive(5).astype(np.float16)
    theta = (theta + theta.T) / 2
    assert swntk.linalg.eigvalsh(theta).dtype == np.float64
    assert swntk.linalg.solve(theta, np.ones(5), dtype=np.float32).dtype == np.float32
