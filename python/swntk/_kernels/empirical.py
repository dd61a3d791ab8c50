"""The empirical tangent kernel of a function."""

from __future__ import annotations

import enum

import numpy as np

from .. import tree
from .._arguments import function_name, to_own
from .._errors import ArgumentError, ShapeError
from .._options import check_memory_limit, check_progress
from .._trace_function import execute, is_traced
from .axes import Claims, check_axes
from .cotangents import Cotangents
from .metric import Metric
from .options import AxisRoles, KernelOptions
from .plan import TangentKernel
from .sides import Side
from .splitting import given, split_kwargs


class NtkImplementation(enum.IntEnum):
    """How a kernel is computed. All give the same numbers, to rounding.

    As `neural_tangents.NtkImplementation`.

    Examples
    --------
    >>> import swntk
    >>> swntk.NtkImplementation(3).name
    'STRUCTURED_DERIVATIVES'
    """

    AUTO = 0
    JACOBIAN_CONTRACTION = 1
    NTK_VECTOR_PRODUCTS = 2
    STRUCTURED_DERIVATIVES = 3


def empirical_ntk_fn(
    f,
    trace_axes=(-1,),
    diagonal_axes=(),
    vmap_axes=None,
    implementation=NtkImplementation.AUTO,
    *,
    f2=None,
    leaves=None,
    weights=None,
    cotangents=None,
    cross=False,
    memory_limit=None,
    progress=None,
):
    r"""Make a function that computes the empirical tangent kernel of `f`.

    :math:`\Theta(x_1, x_2) = J(x_1) J(x_2)^T`, :math:`J = \partial f / \partial params`.

    Parameters
    ----------
    f : callable
        `f(params, x, **kwargs)`; `params` a tree of floating arrays, `x` an array or a tree, the
        result an array or a tree of arrays, with the samples along axis 0.
    trace_axes : int or sequence of int
        Output axes to sum over, both sides together; the result is divided by the product of their
        sizes.
    diagonal_axes : int or sequence of int
        Output axes of which only the diagonal is kept.
    vmap_axes : None, int, tree or (x_axes, fx_axes, kw_axes)
        A claim that samples are independent along these axes of x, of the outputs and of keyword
        arguments, as in neural-tangents: an integer for all leaves, or a tree that begins as x (as
        the outputs, as the dict of keyword arguments) does, with None where there is no batch
        axis. A tuple of another length than 3 is such a tree, for x and the outputs alike. The
        claim is checked and changes no number. None: the library finds out by itself.
    implementation : NtkImplementation or int
    f2 : callable, optional
        Another function of the same parameters for the second side. Of two outputs of different
        ranks the lower counts as one with axes of size 1 at its end.
    leaves : callable or tree of bool, optional
        Which parameters count; the others are constants, of any element type. A predicate on leaf
        paths as `swntk.tree.paths(params, "params")` gives them (`params['w1']`), or a tree that
        begins as the parameters do.
    weights : tree, optional
        J D Jᵀ: a number >= 0 for each parameter, or arrays of them that broadcast to the
        parameters; the tree begins as the parameters do.
    cotangents : tree, optional
        Rows that replace the output basis, a tree like the outputs: `[k, out...]`, or
        `[n, k, out...]` for each sample its own; `out` is the output's shape without the batch
        axis (axis 0, or the one that vmap_axes claims). The kernel is that of the contractions,
        of shape `[n, k]`; `trace_axes` and `diagonal_axes` are axes of it. A pair of trees is one
        for each side, unless the outputs are such a pair; with x2=None the first is for both, as
        with keyword arguments.
    cross : bool
        Where `f` returns a tree: kernels between any two outputs, `J_i(x1) J_j(x2)ᵀ`, as a tree of
        trees, `theta[i][j]`, of the structure of `f` outside and of `f2` (or `f`) inside. With
        `x2=None` the whole is exactly symmetric. `plan` then returns such a tree of plans.
    memory_limit : int, optional
        Bytes beside inputs and result.
    progress : None, True or callable
        As in `swntk.options`.

    Returns
    -------
    callable
        `ntk_fn(x1, x2, params, **kwargs)`. With the outputs' shapes `(n1, o, p)` and `(n2, o, p)`
        the result has the axes `(n1, n2, o, o', p, p')`, less those traced, with diagonal ones
        once. `x2=None` means x1; the result is then exactly symmetric. Where `f` returns a tree,
        so does it, one kernel for each output. Keyword arguments that are 2-tuples are one for
        each side (with `x2=None` the first is for both), others for both; a single `rng` is
        `fold_in(rng, 1)` for x2 where x2 differs from x1 (by value; by identity while tracing).
        `ntk_fn.plan(...)` returns a `TangentKernel`.

    Raises
    ------
    ArgumentError
        If options are wrong; later, if axes do not fit the outputs, a claim is contradicted, or a
        weight is negative.
    DTypeError
        Later, if a parameter is not floating.
    ShapeError
        Later, if the sides do not fit each other.
    UnsupportedError, TracingError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `neural_tangents.empirical_ntk_fn` (Novak et al., Fast finite width neural tangent kernel,
    ICML 2022).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> def f(params, x):
    ...     return np.tanh(x @ params["w"]) @ params["v"]
    >>> params = {"w": np.ones((2, 3)), "v": np.ones((3, 1))}
    >>> theta = swntk.empirical_ntk_fn(f)(np.zeros((4, 2)), None, params)
    >>> theta.shape
    (4, 4)
    """
    return _NtkFunction(
        f,
        f2,
        trace_axes,
        diagonal_axes,
        vmap_axes,
        _implementation(implementation),
        True,
        check_memory_limit(memory_limit),
        check_progress(progress),
        Metric(leaves, weights),
        None if cotangents is None else Cotangents(cotangents),
        _bool(cross, "cross"),
    )


def _bool(value, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ArgumentError(f"{name} must be a bool, got {value!r}")
    return bool(value)


def _implementation(value) -> NtkImplementation:
    try:
        return NtkImplementation(value)
    except ValueError:
        raise ArgumentError(
            f"implementation must be an NtkImplementation or 0, 1, 2, 3, got {value!r}"
        ) from None


class _NtkFunction:
    """What `empirical_ntk_fn` returns."""

    def __init__(
        self,
        f,
        f2,
        trace_axes,
        diagonal_axes,
        vmap_axes,
        implementation,
        normalize,
        memory_limit,
        progress,
        metric=None,
        cotangents=None,
        cross=False,
    ):
        self._f = f
        self._f2 = f2
        self._axes = trace_axes, diagonal_axes
        self._vmap_axes = vmap_axes
        self._implementation = implementation
        self._normalize = normalize
        self._memory_limit = memory_limit
        self._progress = progress
        self._metric = metric
        self._cotangents = cotangents
        self._cross = cross
        check_axes(trace_axes, diagonal_axes)
        self.__name__ = f"ntk of {function_name(f)}"

    def __call__(self, x1, x2, params, **kwargs):
        first, second = self._sides(x1, x2, params, kwargs)
        if not self._cross:
            return self._value(self._planned(first, second))
        rows: list = []
        for i in range(first.traced.out_count):
            row = []
            for j in range((second or first).traced.out_count):
                if second is None and j < i:
                    # Θ_ij is of the same samples as Θ_ji.
                    rank = max(first.ranks[i], first.ranks[j])
                    exchange = AxisRoles(rank, self._options([rank])).exchange()
                    row.append(np.transpose(rows[j][i], exchange))
                else:
                    row.append(self._value(self._planned(*_pair(first, second, i, j))))
            rows.append(row)
        return _tree_of(first, second, rows)

    def _value(self, kernel):
        """Compute a kernel, or add it to the trace under way."""
        inputs = kernel.inputs
        if not is_traced(inputs):
            return kernel.compute()
        if self._progress is not None:
            raise ArgumentError("progress is not available while the kernel itself is being traced")
        results = execute(kernel.program(), inputs)
        return tree.unflatten(kernel._out_tree, [to_own(r, kernel._half) for r in results])

    def plan(self, x1, x2, params, **kwargs) -> TangentKernel:
        """Plan the kernel without computing it; see `TangentKernel`."""
        first, second = self._sides(x1, x2, params, kwargs)
        if not self._cross:
            return self._planned(first, second)
        rows = [
            [
                self._planned(*_pair(first, second, i, j))
                for j in range((second or first).traced.out_count)
            ]
            for i in range(first.traced.out_count)
        ]
        return _tree_of(first, second, rows)

    def _sides(self, x1, x2, params, kwargs) -> tuple:
        """Trace both sides; of one with itself there is no second."""
        x2 = given(x1, x2)
        first_kwargs, second_kwargs = split_kwargs(kwargs, x1, x2)
        first = Side(self._f, params, x1, first_kwargs, "x1", self._metric)
        second = None
        if x2 is not None or self._f2 is not None:
            f, x = self._f2 or self._f, x1 if x2 is None else x2
            second = Side(f, params, x, second_kwargs, "x2", self._metric)
            if not self._cross:
                _check_trees(first, second)
        batch_axes = [self._check_claims(side) for side in (first, second) if side is not None]
        if self._cotangents is not None:
            rows = self._cotangents.split(first.traced.out_tree)
            for side, own, axes in zip((first, second), rows, batch_axes):
                side.contract(own, axes)
        return first, second

    def _planned(self, first, second) -> TangentKernel:
        names = tree.paths(first.traced.out_tree, "the result")
        left = first.ranks
        right = left if second is None else second.ranks
        ranks = list(map(max, left, right))
        options = self._options(ranks, names)
        if left != right:
            _check_ranks(names, left, right, options)
            first, second = first.with_ranks(ranks), second.with_ranks(ranks)
        return TangentKernel.of_sides(first, second, options)

    def _options(self, ranks, names=("the result",)) -> KernelOptions:
        trace_axes, diagonal_axes = check_axes(*self._axes, list(zip(names, ranks)))
        return KernelOptions(
            trace_axes,
            diagonal_axes,
            self._implementation,
            self._normalize,
            self._memory_limit,
            self._progress,
        )

    def _check_claims(self, side) -> list:
        """Return the batch axis of each output: that which is claimed, or 0."""
        if self._vmap_axes is None:
            return [0] * side.traced.out_count
        claims = Claims(self._vmap_axes, side)
        claims.check(side)
        return [axis or 0 for axis in claims.outputs]


def _check_trees(first: Side, second: Side) -> None:
    left, right = first.traced, second.traced
    if left.out_tree != right.out_tree:
        raise ArgumentError(
            f"the two sides return different trees: {left.out_tree!r} and {right.out_tree!r}"
        )


def _check_ranks(names, left, right, options) -> None:
    """Axes that only one side has stand alone: they are neither traced nor diagonal."""
    for name, a, b in zip(names, left, right):
        roles = AxisRoles(max(a, b), options)
        if any(axis >= min(a, b) for axis in roles.traced + roles.diagonal):
            raise ShapeError(
                f"{name} has {a} axes for x1 and {b} for x2: trace_axes and diagonal_axes must be "
                "axes of both"
            )


def _pair(first: Side, second, i: int, j: int) -> tuple:
    """The sides of the kernel between two outputs; no second where both are the same."""
    if second is None and i == j:
        return first.with_output(i, first.ranks[i]), None
    other = first if second is None else second
    rank = max(first.ranks[i], other.ranks[j])
    return first.with_output(i, rank), other.with_output(j, rank)


def _tree_of(first: Side, second, rows):
    inner = (second or first).traced.out_tree
    return tree.unflatten(first.traced.out_tree, [tree.unflatten(inner, row) for row in rows])


def explain(ntk_fn, x1, x2, params, **kwargs) -> None:
    """Print how a kernel would be computed.

    Parameters
    ----------
    ntk_fn : callable
        Made by `empirical_ntk_fn`.
    x1, x2, params, **kwargs
        As for `ntk_fn`.

    Raises
    ------
    ArgumentError
        If `ntk_fn` was not made by `empirical_ntk_fn`.
    NTKError
        As `ntk_fn`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w)
    >>> swntk.explain(ntk_fn, np.eye(3), None, np.ones((3, 2)))  # doctest: +ELLIPSIS
    Tangent kernel ...
    """
    if not hasattr(ntk_fn, "plan"):
        raise ArgumentError(f"explain takes what empirical_ntk_fn made, got {ntk_fn!r}")
    for plan in tree.leaves(ntk_fn.plan(x1, x2, params, **kwargs)):
        plan.print()
