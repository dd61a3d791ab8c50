"""Inference with a Gaussian process whose kernel is an NNGP or a tangent kernel."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .._errors import ArgumentError
from .._kernels.getting import requested, result
from ._layout import Layout, real, result_type
from ._spectrum import Spectrum
from .mse import rounding


class Gaussian(NamedTuple):
    """A normal distribution of outputs.

    Attributes
    ----------
    mean : numpy.ndarray
        Like the outputs.
    covariance : numpy.ndarray
        A kernel of them.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.predict.Gaussian(np.zeros(2), np.eye(2)).mean.shape
    (2,)
    """

    mean: np.ndarray
    covariance: np.ndarray | None = None


KNOWN = ("nngp", "ntk", "ntkgp")


def chosen(kernels, name: str, what: str) -> np.ndarray:
    """Return one of several kernels: an attribute; an array is every kernel.

    Raises
    ------
    ArgumentError
        If it is not among them.
    """
    if hasattr(kernels, "shape"):
        return real(kernels, what)
    found = getattr(kernels, name, None)
    if found is None:
        raise ArgumentError(f"{what} has no {name!r}, which is needed for what get asks for")
    return real(found, f"{what}.{name}")


def gp_inference(
    k_train_train, y_train, diag_reg=0.0, diag_reg_absolute_scale=False, trace_axes=(-1,)
):
    """Infer outputs of test samples from those of training samples.

    Parameters
    ----------
    k_train_train : numpy.ndarray, or object with the attributes `nngp` and `ntk`
        The kernels of the training samples, as in `gradient_descent_mse`; what
        `empirical_kernel_fn` returns for a tuple, or one array for every kernel.
    y_train, diag_reg, diag_reg_absolute_scale, trace_axes
        As in `gradient_descent_mse`.

    Returns
    -------
    callable
        `predict_fn(get=None, k_test_train=None, k_test_test=None)`. `get` is 'nngp' (the posterior
        of a Bayesian network), 'ntk' (an ensemble of trained networks), 'ntkgp' (the posterior with
        the tangent kernel as covariance), or a tuple of these, for a named tuple of results. A
        result is the mean, or with `k_test_test` a `Gaussian`. `k_test_train=None` is the training
        samples. The kernels are given as `k_train_train` is; the covariance of 'ntk' needs the
        NNGP of all three and the tangent kernel of two.

    Raises
    ------
    ShapeError
        If kernels and targets do not fit.
    ArgumentError
        If an option is wrong; later, if `get` is, or if a kernel is missing, not finite, not
        symmetric or not positive semidefinite.
    SingularKernelError
        Later, if a kernel is singular.

    Notes
    -----
    As `neural_tangents.predict.gp_inference` (Lee et al. 2018 and 2019; He et al., Bayesian deep
    ensembles via the neural tangent kernel, 2020).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> predict_fn = swntk.predict.gp_inference(np.eye(2), np.array([[1.0], [2.0]]), diag_reg=1.0)
    >>> print(predict_fn("nngp", np.array([[1.0, 1.0]])).round(9).tolist())
    [[1.5]]
    """
    y = real(y_train, "y_train")
    layout = Layout(y, trace_axes)
    targets = layout.columns(y, layout.sizes, "y_train")
    spectra = {}

    def spectrum(name):
        if name not in spectra:
            k = chosen(k_train_train, name, "k_train_train")
            what = "k_train_train" if hasattr(k_train_train, "shape") else f"k_train_train.{name}"
            matrix = layout.square(k, what)
            reg = diag_reg, diag_reg_absolute_scale
            spectra[name] = Spectrum(matrix, *reg, rounding(k), what), matrix, k
        return spectra[name]

    if hasattr(k_train_train, "shape"):
        # One array is every kernel: it is looked at now.
        spectra.update(dict.fromkeys(("nngp", "ntk"), spectrum("ntk")))

    def predict_fn(get=None, k_test_train=None, k_test_test=None):
        names = requested(get, KNOWN)
        return result(
            "Gaussians",
            get,
            {name: posterior(name, k_test_train, k_test_test) for name in names},
        )

    def posterior(get, k_test_train, k_test_test):
        name = "nngp" if get == "nngp" else "ntk"
        inverse, _, k = spectrum(name)
        if k_test_train is None:
            dtype = result_type(k, y)
            mean = y.astype(dtype)
            if k_test_test is None:
                return mean
            return Gaussian(mean, layout.pairs(np.zeros((len(targets),) * 2, dtype), layout.sizes))
        given = chosen(k_test_train, name, "k_test_train")
        cross, sizes = layout.cross(given, "k_test_train")
        dtype = result_type(k, y, given)
        mean = layout.outputs(cross @ inverse.solve(targets), sizes).astype(dtype)
        if k_test_test is None:
            return mean
        if get == "ntk" and (hasattr(k_train_train, "shape") or hasattr(k_test_train, "shape")):
            raise ArgumentError(
                "the covariance of 'ntk' needs nngp and ntk: k_train_train and k_test_train must "
                "have them as attributes, as what empirical_kernel_fn returns for a tuple"
            )
        weights = inverse.solve(cross.T).T
        prior = chosen(k_test_test, "ntk" if get == "ntkgp" else "nngp", "k_test_test")
        covariance, _ = layout.of_sizes(sizes).cross(prior, "k_test_test")
        if get == "ntk":
            middle = spectrum("nngp")[1]
            nngp, _ = layout.cross(chosen(k_test_train, "nngp", "k_test_train"), "k_test_train")
            covariance = covariance + spread(weights, middle, nngp)
        else:
            covariance = covariance - weights @ cross.T
        return Gaussian(mean, layout.pairs(covariance, sizes).astype(dtype))

    return predict_fn


def spread(weights, middle, cross) -> np.ndarray:
    """A K Aᵀ - A Kᵀ₁ - K₁ Aᵀ: what weights A of training outputs add to a covariance, with K the
    covariance of the training samples and K₁ that of test and training samples.
    """
    mixed = weights @ np.swapaxes(cross, -1, -2)
    return weights @ middle @ np.swapaxes(weights, -1, -2) - mixed - np.swapaxes(mixed, -1, -2)
