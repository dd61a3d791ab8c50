"""The empirical covariance of a function's outputs."""

from __future__ import annotations

import string

import numpy as np

from .. import tree
from .._errors import ShapeError
from .._transforms.binding import Bound, results_of, run_with_captured
from .axes import check_axes
from .empirical import NtkImplementation, empirical_ntk_fn
from .getting import requested, result
from .splitting import given, split_kwargs


def empirical_nngp_fn(f, trace_axes=(-1,), diagonal_axes=()):
    """Make a function that computes the products of the outputs of `f`, one draw of its NNGP.

    Parameters
    ----------
    f : callable
        `f(params, x, **kwargs)`; the result is an array or a tree of arrays.
    trace_axes, diagonal_axes : int or sequence of int
        As in `empirical_ntk_fn`.

    Returns
    -------
    callable
        `nngp_fn(x1, x2, params, **kwargs)`: f(x1) f(x2)ᵀ with the axes of `empirical_ntk_fn`'s
        result, divided likewise; one for each output of `f`.

    Raises
    ------
    ArgumentError
        If axes are no integers; later, if they do not fit the outputs.
    ShapeError
        Later, if the sides do not fit each other.
    UnsupportedError, TracingError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `neural_tangents.empirical_nngp_fn`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> nngp_fn = swntk.empirical_nngp_fn(lambda w, x: x @ w)
    >>> print(nngp_fn(np.eye(2), None, np.array([[1.0, 3.0], [0.0, 2.0]])).tolist())
    [[5.0, 3.0], [3.0, 2.0]]
    """
    check_axes(trace_axes, diagonal_axes)

    def nngp_fn(x1, x2, params, **kwargs):
        x2 = given(x1, x2)
        kwargs1, kwargs2 = split_kwargs(kwargs, x1, x2)

        def products(params, x1, kwargs1, x2=None, kwargs2=None):
            first = f(params, x1, **kwargs1)
            second = first if x2 is None else f(params, x2, **kwargs2)
            left, treedef = tree.flatten(first)
            right = tree.flatten_up_to(treedef, second, "the result for x2")
            names = tree.paths(treedef, "the result")
            return tree.unflatten(
                treedef,
                [_product(*row, trace_axes, diagonal_axes) for row in zip(left, right, names)],
            )

        sides = (x1, kwargs1) if x2 is None else (x1, kwargs1, x2, kwargs2)
        bound = Bound(products, (params, *sides), {}, every={0, 1, 3})
        traced = bound.trace()
        found = run_with_captured(traced.program, bound.arrays, traced)
        return results_of(traced, bound, found)[0]

    return nngp_fn


def _product(y1, y2, name, trace_axes, diagonal_axes):
    y1, y2 = (y if hasattr(y, "shape") else np.asarray(y) for y in (y1, y2))
    rank = len(y1.shape)
    traced, diagonal = check_axes(trace_axes, diagonal_axes, [(name, rank)])
    if len(y2.shape) != rank:
        raise ShapeError(f"{name} has {rank} axes for x1 and {len(y2.shape)} for x2")
    traced = [axis % rank for axis in traced]
    shared = [*traced, *(axis % rank for axis in diagonal)]
    for axis in shared:
        if y1.shape[axis] != y2.shape[axis]:
            raise ShapeError(
                f"axis {axis} of {name} is traced or diagonal, but its sizes are "
                f"{y1.shape[axis]} for x1 and {y2.shape[axis]} for x2"
            )
    left, spare = string.ascii_letters[:rank], string.ascii_letters[rank:]
    right = "".join(a if axis in shared else spare[axis] for axis, a in enumerate(left))
    out = "".join(
        "" if axis in traced else left[axis] if axis in shared else left[axis] + right[axis]
        for axis in range(rank)
    )
    product = np.einsum(f"{left},{right}->{out}", y1, y2)
    for axis in traced:
        product = product / y1.shape[axis]
    return product


def empirical_kernel_fn(
    f,
    trace_axes=(-1,),
    diagonal_axes=(),
    vmap_axes=None,
    implementation=NtkImplementation.AUTO,
    *,
    memory_limit=None,
    progress=None,
):
    """Make a function that computes the empirical NNGP and the empirical tangent kernel of `f`.

    Parameters
    ----------
    f, trace_axes, diagonal_axes, vmap_axes, implementation, memory_limit, progress
        As in `empirical_ntk_fn`.

    Returns
    -------
    callable
        `kernel_fn(x1, x2, get, params, **kwargs)`. `get` is 'nngp' or 'ntk', and the result that
        kernel; or a tuple of them, and the result a named tuple with these fields. None means
        `('nngp', 'ntk')`.

    Raises
    ------
    ArgumentError
        If options are wrong; later, if `get` is neither.
    NTKError
        Later, as `empirical_ntk_fn`.

    Notes
    -----
    As `neural_tangents.empirical_kernel_fn`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> kernel_fn = swntk.empirical_kernel_fn(lambda w, x: x @ w)
    >>> kernels = kernel_fn(np.eye(2), None, ("ntk", "nngp"), np.array([[1.0], [2.0]]))
    >>> print(kernels.ntk.tolist(), kernels.nngp.tolist())
    [[1.0, 0.0], [0.0, 1.0]] [[1.0, 2.0], [2.0, 4.0]]
    """
    functions = {
        "nngp": empirical_nngp_fn(f, trace_axes, diagonal_axes),
        "ntk": empirical_ntk_fn(
            f,
            trace_axes,
            diagonal_axes,
            vmap_axes,
            implementation,
            memory_limit=memory_limit,
            progress=progress,
        ),
    }

    def kernel_fn(x1, x2, get, params, **kwargs):
        names = requested(get)
        values = {name: functions[name](x1, x2, params, **kwargs) for name in names}
        return result("EmpiricalKernel", get, values)

    return kernel_fn
