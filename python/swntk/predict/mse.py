"""Gradient descent on the mean squared error, in closed form."""

from __future__ import annotations

import numpy as np

from .._errors import ArgumentError
from ._layout import Layout, check_rate, check_time, real, result_type
from ._spectrum import Spectrum


def gradient_descent_mse(
    k_train_train,
    y_train,
    learning_rate=1.0,
    diag_reg=0.0,
    diag_reg_absolute_scale=False,
    trace_axes=(-1,),
):
    """Predict outputs while gradient descent minimizes the mean squared error.

    The model is linear, with a constant kernel; time is continuous, and the loss
    `sum((f - y) ** 2) / (2 * y.size)`.

    Parameters
    ----------
    k_train_train : numpy.ndarray
        The kernel of the training samples: a pair of axes for each axis of `y_train` that is not
        in `trace_axes`.
    y_train : numpy.ndarray
        The targets.
    learning_rate : float
        The unit of time is one step of this size.
    diag_reg : float
        What is added to the kernel's diagonal, as a part of the diagonal's mean.
    diag_reg_absolute_scale : bool
        Whether `diag_reg` is added as it is.
    trace_axes : int or sequence of int
        Axes of `y_train` that the kernel lacks: it is Θ ⊗ I along these.

    Returns
    -------
    callable
        `predict_fn(t=None, fx_train_0=0.0, fx_test_0=None, k_test_train=None)` returns the outputs
        at time `t` for training samples, or, where `fx_test_0` is given, a pair of those for
        training and test samples; `t.shape` stands in front of their axes. `t=None` is infinity.
        `fx_train_0=None` leaves out the training samples. The eigendecomposition (the Cholesky
        factor for `t=None`) is computed in float64, once.

    Raises
    ------
    ShapeError
        If kernel and targets do not fit; later, also the outputs.
    ArgumentError
        If an option is wrong, or the kernel is not finite or not symmetric; later, if it is not
        positive semidefinite, if `t` is negative, or if there is nothing to predict.
    SingularKernelError
        Later, if the kernel is singular where it is inverted.

    Notes
    -----
    As `neural_tangents.predict.gradient_descent_mse`; f(t) = y + exp(-ηΘt/N) (f(0) - y) for the
    training samples (Jacot et al. 2018; Lee et al., Wide neural networks of any depth evolve as
    linear models under gradient descent, 2019).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> predict_fn = swntk.predict.gradient_descent_mse(np.eye(2), np.array([[1.0], [2.0]]))
    >>> print(predict_fn(2 * np.log(2)).tolist(), predict_fn().tolist())
    [[0.5], [1.0]] [[1.0], [2.0]]
    """
    k, y = real(k_train_train, "k_train_train"), real(y_train, "y_train")
    layout = Layout(y, trace_axes)
    spectrum = Spectrum(
        layout.square(k, "k_train_train"),
        diag_reg,
        diag_reg_absolute_scale,
        rounding(k),
        "k_train_train",
    )
    rate = check_rate(learning_rate) / max(y.size, 1)
    targets = layout.columns(y, layout.sizes, "y_train")

    def predict_fn(t=None, fx_train_0=0.0, fx_test_0=None, k_test_train=None):
        t = check_time(t)
        check_wanted(fx_train_0, fx_test_0, k_test_train)
        first, test_0, k_test = (
            None if x is None else real(x, name)
            for x, name in (
                (fx_train_0, "fx_train_0"),
                (fx_test_0, "fx_test_0"),
                (k_test_train, "k_test_train"),
            )
        )
        dtype = result_type(k, y, first, test_0, k_test)
        start = layout.columns(first, layout.sizes, "fx_train_0")
        residual = targets - start
        train = test = None
        if t is not None:
            growth, gain = dynamics(spectrum, rate, t)
            modes = spectrum.vectors.T @ residual
        if first is not None:
            train = targets
            if t is not None:
                train = start + spectrum.vectors @ (growth[..., None] * modes)
            train = layout.outputs(train, layout.sizes).astype(dtype)
        if test_0 is not None:
            cross, sizes = layout.cross(k_test, "k_test_train")
            test = layout.columns(test_0, sizes, "fx_test_0")
            if t is None:
                test = test + cross @ spectrum.solve(residual)
            else:
                test = test + (cross @ spectrum.vectors) @ (gain[..., None] * modes)
            test = layout.outputs(test, sizes).astype(dtype)
        if test is None:
            return train
        return test if train is None else (train, test)

    return predict_fn


def rounding(k) -> float:
    """The relative rounding error of an array's elements."""
    return float(np.finfo(k.dtype).eps if k.dtype.kind == "f" else np.finfo(np.float64).eps)


def check_wanted(fx_train_0, fx_test_0, k_test_train) -> None:
    """Refuse a call that asks for nothing, or for test outputs without their kernel.

    Raises
    ------
    ArgumentError
    """
    if fx_train_0 is None and fx_test_0 is None:
        raise ArgumentError("fx_train_0 and fx_test_0 are both None: there is nothing to predict")
    if fx_test_0 is not None and k_test_train is None:
        raise ArgumentError("fx_test_0 is given, but k_test_train is None")


def dynamics(spectrum, rate, t) -> tuple:
    """Return 1 - exp(-λrt) and that by λ, for every time and eigenvalue λ.

    Raises
    ------
    SingularKernelError
        If a time is infinite and the matrix singular.
    """
    values = spectrum.values
    if np.isinf(t).any():
        spectrum.check_regular()
    exponents = np.multiply.outer(t, rate * values)
    some = values > 0
    limit = np.multiply.outer(t, np.full(values.shape, rate))
    growth = -np.expm1(-exponents)
    return growth, np.where(some, growth / np.where(some, values, 1), limit)
