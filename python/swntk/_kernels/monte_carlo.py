"""Kernels averaged over draws of the parameters."""

from __future__ import annotations

from .. import tree
from .._errors import ArgumentError
from ..random.keys import split
from .batching import batch
from .empirical import NtkImplementation
from .getting import requested
from .nngp import empirical_kernel_fn


def monte_carlo_kernel_fn(
    init_fn,
    apply_fn,
    key,
    n_samples,
    batch_size=0,
    device_count=-1,
    store_on_device=True,
    trace_axes=(-1,),
    diagonal_axes=(),
    vmap_axes=None,
    implementation=NtkImplementation.AUTO,
):
    """Make a function that averages NNGP and tangent kernels over draws of the parameters.

    Parameters
    ----------
    init_fn : callable
        `init_fn(key, x1.shape) -> (output shape, params)`; where x1 is a tree, it gets a tree of
        shapes.
    apply_fn : callable
        `apply_fn(params, x, rng=key, **kwargs)`.
    key : uint32[2]
    n_samples : int or iterable of int
        How many draws; or several such counts.
    batch_size, device_count, store_on_device
        As in `batch`.
    trace_axes, diagonal_axes, vmap_axes, implementation
        As in `empirical_ntk_fn`.

    Returns
    -------
    callable
        `kernel_fn(x1, x2, get=None, **kwargs)`, with `get` and results as those of
        `empirical_kernel_fn`: the mean over the draws. For several counts it returns a generator
        of the means over so many draws, from few to many, each count once.

    Raises
    ------
    ArgumentError
        If options are wrong, or `n_samples` holds no positive integer; later, if `get` is wrong.
    NTKError
        Later, as `empirical_ntk_fn`.

    Notes
    -----
    As `neural_tangents.monte_carlo_kernel_fn`, from the same keys: each draw splits the key into
    the next one and its own, and that into one for `init_fn` and one for `apply_fn`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> def init_fn(key, shape):
    ...     return shape[:1], swntk.random.normal(key, shape[1:])
    >>> def apply_fn(w, x, rng):
    ...     return (x @ w)[:, None]
    >>> kernel_fn = swntk.monte_carlo_kernel_fn(init_fn, apply_fn, swntk.random.PRNGKey(0), [1, 5])
    >>> [k.ntk.tolist() for k in kernel_fn(np.eye(2), None)]
    [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0]]]
    """
    counts = _counts(n_samples)
    kernel_fn = batch(
        empirical_kernel_fn(apply_fn, trace_axes, diagonal_axes, vmap_axes, implementation),
        batch_size,
        device_count,
        store_on_device,
    )
    if getattr(key, "shape", None) != (2,):
        raise ArgumentError(f"key must be of shape (2,) and dtype uint32, got {key!r}")

    def means(x1, x2, get, kwargs):
        following = key
        shapes = tree.map(lambda x: tuple(x.shape), x1)
        total = None
        for count in range(1, counts[-1] + 1):
            following, own = split(following)
            init_key, apply_key = split(own)
            _, params = init_fn(init_key, shapes)
            kernels = kernel_fn(x1, x2, get, params, rng=apply_key, **kwargs)
            total = kernels if total is None else tree.map(lambda a, b: a + b, total, kernels)
            if count in counts:
                yield tree.map(lambda a, count=count: a / count, total)

    def monte_carlo_fn(x1, x2, get=None, **kwargs):
        requested(get)
        found = means(x1, x2, get, kwargs)
        return next(found) if hasattr(n_samples, "__index__") else found

    return monte_carlo_fn


def _counts(n_samples) -> list:
    """Return the counts of draws, from few to many."""
    try:
        given = [n_samples] if hasattr(n_samples, "__index__") else list(n_samples)
        counts = sorted({n.__index__() for n in given})
    except (TypeError, AttributeError):
        raise ArgumentError(
            f"n_samples must be an integer or an iterable of integers, got {n_samples!r}"
        ) from None
    if not counts or counts[0] < 1:
        raise ArgumentError(f"n_samples must be positive, got {counts}")
    return counts
