"""Ensembles of networks trained on the mean squared error."""

from __future__ import annotations

import functools

import numpy as np

from .._arguments import is_array
from .._errors import ArgumentError
from .._kernels.getting import requested, result
from ._layout import Layout, check_rate, check_time, real, result_type
from ._spectrum import Spectrum
from .gaussian import Gaussian, chosen, spread
from .mse import dynamics, rounding


def gradient_descent_mse_ensemble(
    kernel_fn,
    x_train,
    y_train,
    learning_rate=1.0,
    diag_reg=0.0,
    diag_reg_absolute_scale=False,
    trace_axes=(-1,),
    **kernel_fn_train_train_kwargs,
):
    """Predict mean and covariance of many networks, each trained on the mean squared error.

    Parameters
    ----------
    kernel_fn : callable
        `kernel_fn(x1, x2, get, **kwargs)`: 'nngp', 'ntk' or a tuple of both; for a tuple the result
        has them as attributes.
    x_train : tree of numpy.ndarray
    y_train, learning_rate, diag_reg, diag_reg_absolute_scale, trace_axes
        As in `gradient_descent_mse`.
    **kernel_fn_train_train_kwargs
        Passed to `kernel_fn`.

    Returns
    -------
    callable
        `predict_fn(t=None, x_test=None, get=None, compute_cov=False, **kwargs)`: the mean at time
        `t`, or a `Gaussian` with `compute_cov`; for a tuple `get` a named tuple of them.
        `t=None` is infinity, `x_test=None` the training samples. The kwargs stand for those of the
        training samples where `kernel_fn` sees test samples only; where it sees both, pairs are
        taken one from each, and others must be equal.

    Raises
    ------
    ShapeError
        Later, if kernels and targets do not fit.
    ArgumentError
        If an option is wrong; later, if `get` is, if a kernel is not finite, not symmetric, not
        positive semidefinite, if `t` is negative, or if keyword arguments disagree.
    SingularKernelError
        Later, if a kernel is singular where it is inverted.

    Notes
    -----
    As `neural_tangents.predict.gradient_descent_mse_ensemble` (Lee et al., Wide neural networks of
    any depth evolve as linear models under gradient descent, 2019, equations 15 and 16).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> kernel_fn = lambda x1, x2, get: x1 @ (x1 if x2 is None else x2).T
    >>> predict_fn = swntk.predict.gradient_descent_mse_ensemble(kernel_fn, np.eye(2), np.eye(2))
    >>> print(predict_fn(None, np.array([[1.0, 3.0]]), "nngp").tolist())
    [[1.0, 3.0]]
    """
    y = real(y_train, "y_train")
    layout = Layout(y, trace_axes)
    targets = layout.columns(y, layout.sizes, "y_train")
    rate = check_rate(learning_rate) / max(y.size, 1)

    @functools.lru_cache(None)
    def spectrum(name):
        k = kernel_of(kernel_fn, x_train, None, name, kernel_fn_train_train_kwargs)
        matrix = layout.square(k, f"kernel_fn(x_train, None, {name!r})")
        what = f"kernel_fn(x_train, None, {name!r})"
        reg = diag_reg, diag_reg_absolute_scale
        return Spectrum(matrix, *reg, rounding(k), what), matrix, k.dtype

    def middle(name):
        """The covariance of the training samples at time 0."""
        return spectrum(name)[0].matrix if name == "nngp" else spectrum("nngp")[1]

    def predict_fn(t=None, x_test=None, get=None, compute_cov=False, **kwargs):
        names = requested(get)
        t = check_time(t)
        test_kwargs = {**kernel_fn_train_train_kwargs, **kwargs}
        mixed = _mixed(kernel_fn_train_train_kwargs, kwargs)

        @functools.lru_cache(None)
        def test_train(name):
            k = kernel_of(kernel_fn, x_test, x_train, name, mixed)
            return (*layout.cross(k, f"kernel_fn(x_test, x_train, {name!r})"), k.dtype)

        @functools.lru_cache(None)
        def test_test(sizes):
            k = kernel_of(kernel_fn, x_test, None, "nngp", test_kwargs)
            return layout.of_sizes(sizes).cross(k, "kernel_fn(x_test, None, 'nngp')")[0]

        def training(name):
            inverse, _, kind = spectrum(name)
            dtype = result_type(y, np.empty(1, kind))
            mean, rest = targets, np.zeros((len(targets),) * 2)
            if t is not None:
                growth, vectors = dynamics(inverse, rate, t)[0], inverse.vectors
                mean = vectors @ (growth[..., None] * (vectors.T @ targets))
                rest = (vectors * (1 - growth)[..., None, :]) @ vectors.T
            mean = layout.outputs(mean, layout.sizes).astype(dtype)
            if not compute_cov:
                return mean
            covariance = rest @ middle(name) @ rest
            return Gaussian(mean, layout.pairs(covariance, layout.sizes).astype(dtype))

        def testing(name):
            inverse, _, kind = spectrum(name)
            cross, sizes, other = test_train(name)
            dtype = result_type(y, np.empty(1, kind), np.empty(1, other))
            if t is None:
                weights = inverse.solve(cross.T).T
            else:
                gain = dynamics(inverse, rate, t)[1]
                weights = ((cross @ inverse.vectors) * gain[..., None, :]) @ inverse.vectors.T
            mean = layout.outputs(weights @ targets, sizes).astype(dtype)
            if not compute_cov:
                return mean
            added = spread(weights, middle(name), test_train("nngp")[0])
            covariance = layout.pairs(test_test(sizes) + added, sizes)
            return Gaussian(mean, covariance.astype(dtype))

        compute = training if x_test is None else testing
        return result("Gaussians", get, {name: compute(name) for name in names})

    return predict_fn


def kernel_of(kernel_fn, x1, x2, name: str, kwargs) -> np.ndarray:
    """Compute one kernel."""
    return chosen(kernel_fn(x1, x2, name, **kwargs), name, "what kernel_fn returned")


def _mixed(train: dict, test: dict) -> dict:
    """Keyword arguments for test and training samples together.

    Raises
    ------
    ArgumentError
        If values that are not pairs differ.
    """
    found = {**train, **test}
    for name in train.keys() & test.keys():
        first, second = test[name], train[name]
        if all(type(v) is tuple and len(v) == 2 and all(map(is_array, v)) for v in (first, second)):
            found[name] = (first[0], second[1])
        elif not _equal(first, second):
            raise ArgumentError(
                f"{name} is {second!r} for the training samples and {first!r} for the test samples:"
                " where kernel_fn sees both they must be equal, or pairs of arrays"
            )
    return found


def _equal(a, b) -> bool:
    if is_array(a) or is_array(b):
        return np.array_equal(np.asarray(a), np.asarray(b))
    return type(a) is type(b) and a == b
