"""Products of a kernel and vectors, by both sides' derivatives: Θ v = J(x1) (J(x2)ᵀ v)."""

from __future__ import annotations

import itertools
import math

import numpy as np

from .. import tree
from .._arguments import to_own
from .._errors import DTypeError, ShapeError
from .._trace_function import execute
from .diagonals import one_output
from .options import AxisRoles
from .tiles import ranges


class Products:
    """Products of one result of a plan and vectors.

    What the derivatives need is computed once and kept, where the memory limit has room for it.

    Parameters
    ----------
    plan : TangentKernel
    index : int
        Which result.
    """

    def __init__(self, plan, index: int):
        self._plan = plan
        self._half = plan._half
        self._index = index
        self._roles = AxisRoles(len(plan._left.output_types[index].shape), plan._options)
        self._kernel = plan._types[index]
        axes = self._roles.traced
        programs = [plan._left] if plan._right is None else [plan._left, plan._right]
        shapes = [p.output_types[index].shape for p in (programs[0], programs[-1])]
        self.shapes = tuple(tuple(shape[a] for a in self._roles.kept) for shape in shapes)
        self.sizes = tuple(math.prod(shape) for shape in self.shapes)
        count = math.prod([shapes[0][a] for a in axes])
        self._scale = 1 / count if plan._options.normalize and count else 1
        self._whole = None
        if plan._samples.is_diagonal or math.prod(self._kernel.shape) <= 4 * sum(
            map(math.prod, shapes)
        ):
            # No larger than the outputs, as where samples are traced or diagonal. One result of
            # several: the others are computed with it.
            self._whole = tree.leaves(plan.compute())[index]
            return
        first = len(plan._left.input_types)
        inputs = [
            plan.inputs[:first],
            [*plan.inputs[: plan._parameter_count], *plan.inputs[first:]],
        ]
        input_axes = plan._samples.input_axes
        own_axes = [
            input_axes[:first],
            [*input_axes[: plan._parameter_count], *input_axes[first:]],
        ]
        limit = plan._limit()
        self._sides = [
            _Side(
                one_output(program, index),
                given,
                axes,
                plan._samples.counts[side],
                plan._parameter_count,
                limit,
                self._sample_axis(),
            )
            for side, (program, given, axes) in enumerate(zip(programs, inputs, own_axes))
        ]

    def _sample_axis(self):
        place = self._plan._samples.result_axes[self._index]
        if place is None:
            return None
        for axis in self._roles.kept:
            if place <= 0:
                return axis
            place -= 2 if axis in self._roles.pairs else 1
        return None

    def forward(self, vector):
        """Θ v"""
        return self._apply(vector, 1, 0)

    def adjoint(self, vector):
        """Θᵀ v"""
        return self._apply(vector, 0, 1)

    def _apply(self, vector, given: int, wanted: int):
        vector = np.asarray(vector)
        if vector.dtype.kind not in "biuf":
            raise DTypeError(f"the vector has dtype {vector.dtype}, expected real numbers")
        shape, size = self.shapes[given], self.sizes[given]
        dtype = np.result_type(self._kernel.dtype, vector.dtype)
        if vector.shape == shape:
            result = self._multiply(vector, given)
        elif vector.shape == (size,):
            result = self._multiply(vector.reshape(shape), given).reshape(-1)
        elif vector.ndim == 2 and vector.shape[0] == size:
            result = np.empty((self.sizes[wanted], vector.shape[1]), dtype)
            for k in range(vector.shape[1]):
                product = self._multiply(vector[:, k].reshape(shape), given)
                result[:, k] = product.reshape(-1)
        else:
            shapes = ", ".join(dict.fromkeys([str(shape), f"({size},)"]))
            raise ShapeError(
                f"the vector has shape {vector.shape}, expected {shapes} or ({size}, k)"
            )
        return to_own(result.astype(dtype, copy=False), self._half)

    def _multiply(self, vector, given: int):
        """The product with one vector of the shape of an output without traced axes."""
        if self._whole is not None:
            labels, first, second = self._roles.labels()
            sides = (second, first) if given else (first, second)
            return np.einsum(self._whole, labels, vector, *sides)
        source = self._sides[given % len(self._sides)]
        target = self._sides[(1 - given) % len(self._sides)]
        vector = vector.astype(source.dtype, copy=False)
        roles = self._roles
        shared = sorted([*roles.traced, *roles.diagonal])
        result = np.zeros(self.shapes[1 - given], self._kernel.dtype)
        for place in itertools.product(*(range(source.shape[axis]) for axis in shared)):
            at = dict(zip(shared, place))
            entry = tuple(at.get(axis, slice(None)) for axis in range(len(source.shape)))
            kept = tuple(
                at[axis] if axis in roles.diagonal else slice(None) for axis in roles.kept
            )
            cotangent = np.zeros(source.shape, source.dtype)
            cotangent[entry] = vector[kept]
            result[kept] += target.push(source.pull(cotangent))[entry]
        return result * result.dtype.type(self._scale)


class _Side:
    """The derivatives of one side's output, in pieces of as many samples as the limit allows."""

    def __init__(self, program, inputs, axes, count, parameter_count, limit, output_axis):
        self.shape, self.dtype = program.output_types[0]
        self._inputs = inputs
        self._axes = axes
        self._active = list(range(parameter_count))
        self._types = program.input_types[:parameter_count]
        self._output_axis = output_axis
        budget = None if limit is None else limit // 4
        size = count if output_axis is not None and count else 0
        while True:
            self._pieces = [None] if not size else ranges(count, size)
            self._programs = {
                n: self._derive(program, n)
                for n in {None if p is None else len(p) for p in self._pieces}
            }
            if budget is None or size <= 1 or self._peak() <= budget:
                break
            size = (size + 1) // 2
        self._kept = None
        residuals = sum(
            self._residual_byte_count(None if p is None else len(p)) for p in self._pieces
        )
        if budget is None or residuals <= budget:
            self._kept = [self._residuals(piece) for piece in self._pieces]

    def _derive(self, program, size):
        if size is not None:
            at = next(i for i, axis in enumerate(self._axes) if axis is not None)
            program = program.resize(at, self._axes[at], size)
        known, linear = program.linearize(self._active)
        count = len(linear.input_types) - len(self._active)
        back = linear.transpose(list(range(count, len(linear.input_types))))
        return known, linear, back

    def _residual_byte_count(self, size) -> int:
        known = self._programs[size][0]
        return sum(math.prod(t.shape) * t.dtype.itemsize for t in known.output_types)

    def _peak(self) -> int:
        return max(
            max(p.peak_memory() for p in programs) + self._residual_byte_count(size)
            for size, programs in self._programs.items()
        )

    def _residuals(self, piece):
        inputs = [
            x
            if axis is None or piece is None
            else x[(slice(None),) * axis + (slice(piece.start, piece.stop),)]
            for x, axis in zip(self._inputs, self._axes)
        ]
        known = self._programs[None if piece is None else len(piece)][0]
        return execute(known, inputs)[1:]

    def _each(self):
        for i, piece in enumerate(self._pieces):
            residuals = self._residuals(piece) if self._kept is None else self._kept[i]
            index = [slice(None)] * len(self.shape)
            if piece is not None:
                index[self._output_axis] = slice(piece.start, piece.stop)
            programs = self._programs[None if piece is None else len(piece)]
            yield residuals, tuple(index), programs

    def pull(self, cotangent) -> list:
        """Jᵀ v: one array for each parameter."""
        total = [np.zeros(*t) for t in self._types]
        for residuals, index, (_, _, back) in self._each():
            # As the programs stand: (residuals, cotangent) -> cotangents of the parameters.
            for sum_, part in zip(total, execute(back, [*residuals, cotangent[index]])):
                sum_ += part
        return total

    def push(self, tangents):
        """J t"""
        result = np.empty(self.shape, self.dtype)
        for residuals, index, (_, linear, _) in self._each():
            result[index] = execute(linear, [*residuals, *tangents])[0]
        return result


def linear_operator(plan, index: int):
    """Make SciPy's operator of one result; see `TangentKernel.as_linear_operator`."""
    try:
        from scipy.sparse.linalg import LinearOperator
    except ImportError:
        raise ImportError("as_linear_operator needs SciPy: pip install scipy") from None
    products = Products(plan, index)
    n1, n2 = products.sizes

    def shaped(product, size):
        # SciPy passes columns [M, 1] too, and [M, k].
        return lambda v: product(np.reshape(v, size) if v.size == size else v)

    return LinearOperator(
        (n1, n2),
        matvec=shaped(products.forward, n2),
        rmatvec=shaped(products.adjoint, n1),
        matmat=products.forward,
        rmatmat=products.adjoint,
        dtype=products._kernel.dtype,
    )
