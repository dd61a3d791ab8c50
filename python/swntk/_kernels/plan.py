"""A planned tangent kernel."""

from __future__ import annotations

import ctypes

import numpy as np

from .. import tree
from .._arguments import half_of, to_own
from .._errors import ArgumentError, DTypeError, ShapeError
from .._ffi import check, library, quick, take
from .._ffi.structs import NTK_MAX_RANK, ntk_kernel_options
from .._program import ArrayType, Program, cached
from .._running import allocate, run
from .._trace_function import is_traced
from .._tracing.dtypes import from_code
from .._tracing.location import tracing_error


class TangentKernel:
    """The kernel of two sides, planned and not yet computed. Made by `ntk_fn.plan(...)`.

    Attributes
    ----------
    shape, dtype
        Of the result; trees of them where f returns a tree.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w)
    >>> plan = ntk_fn.plan(np.eye(3), None, np.ones((3, 2)))
    >>> plan.shape
    (3, 3)
    >>> print(plan.compute().tolist())
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """

    def __init__(self, first, second, options: KernelOptions):
        self._first = first
        self._second = second
        self._options = options
        self._out_tree = first.traced.out_tree
        self._half = half_of(first.arguments[: first.parameter_count])
        left = first.traced.program
        right = second.traced.program if second is not None else None
        # A plan holds no data: the same structure has the same plan, however often it is traced.
        self._key = (
            left.digest,
            right and right.digest,
            first.parameter_count,
            options.key,
        )

        def plan():
            return take(
                "tangent_kernel",
                library.ntk_tangent_kernel_create,
                left.pointer,
                right and right.pointer,
                options.struct(first.parameter_count),
            )

        self._handle = cached(("kernel", *self._key), plan)
        self._types = cached(("kernel types", *self._key), self._result_types)

    def _result_types(self):
        count = ctypes.c_size_t()
        check(quick.ntk_tangent_kernel_count(self._handle.pointer, count))
        code, rank = ctypes.c_int32(), ctypes.c_size_t()
        sizes = (ctypes.c_int64 * NTK_MAX_RANK)()
        types = []
        for i in range(count.value):
            check(
                quick.ntk_tangent_kernel_type(
                    self._handle.pointer, i, code, rank, sizes, NTK_MAX_RANK
                )
            )
            types.append(ArrayType(tuple(sizes[: rank.value]), from_code(code.value)))
        return types

    @property
    def inputs(self) -> list:
        """Operands: parameters, other inputs of the first side, of the second if there is one."""
        second = self._second.others if self._second is not None else []
        return [*self._first.parameters, *self._first.others, *second]

    @property
    def shape(self):
        return tree.unflatten(self._out_tree, [t.shape for t in self._types])

    @property
    def dtype(self):
        return tree.unflatten(self._out_tree, [self._half or t.dtype for t in self._types])

    def program(self) -> Program:
        """Return the kernel as one program of `inputs`."""
        return Program(
            cached(
                ("kernel program", *self._key),
                lambda: take("program", _kernel_program, self._handle.pointer),
            )
        )

    def explain(self) -> str:
        """Return the plan in words."""
        needed = ctypes.c_size_t()
        check(library.ntk_tangent_kernel_explain(self._handle.pointer, None, 0, needed))
        text = ctypes.create_string_buffer(needed.value)
        check(library.ntk_tangent_kernel_explain(self._handle.pointer, text, needed.value, needed))
        return text.value.decode()

    __str__ = explain

    def print(self) -> None:
        """Print the plan."""
        print(self.explain())

    def __repr__(self):
        return f"<TangentKernel: {', '.join(map(repr, self._types))}>"

    def compute(self, out=None):
        """Compute the kernel.

        Parameters
        ----------
        out : tree of numpy.ndarray, optional
            Where to put it; of the structure, shapes and element types of the result.

        Returns
        -------
        tree of numpy.ndarray

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If `out` does not fit; nothing is written then.
        OutOfMemoryError
            If the memory limit does not suffice, or the result cannot be allocated.
        """
        if is_traced(self.inputs):
            raise tracing_error(
                "a plan of traced arrays was to be computed", "ntk_fn(x1, x2, params) itself"
            )
        targets = [None] * len(self._types) if out is None else self._check_out(out)
        results = [
            target if _direct(target, t) else allocate(*t)
            for target, t in zip(targets, self._types)
        ]
        run(
            library.ntk_tangent_kernel_compute,
            self._handle.pointer,
            self.inputs,
            results,
            memory_limit=self._options.memory_limit,
            progress=self._options.progress,
        )
        for target, result in zip(targets, results):
            if target is not None and target is not result:
                target[...] = result
        if out is not None:
            return out
        return tree.unflatten(self._out_tree, [to_own(r, self._half) for r in results])

    def _check_out(self, out):
        targets = tree.flatten_up_to(self._out_tree, out, "out")
        for path, target, (shape, dtype) in zip(
            tree.paths(self._out_tree, "out"), targets, self._types
        ):
            dtype = self._half or dtype
            if not hasattr(target, "shape") or not hasattr(target, "__setitem__"):
                raise ArgumentError(f"{path} must be an array, got {type(target).__name__}")
            if tuple(target.shape) != shape:
                raise ShapeError(f"{path} has shape {tuple(target.shape)}, expected {shape}")
            if np.dtype(target.dtype) != dtype:
                raise DTypeError(f"{path} has dtype {target.dtype}, expected {dtype}")
            if isinstance(target, np.ndarray) and not target.flags.writeable:
                raise ArgumentError(f"{path} is read-only")
        return targets


def _direct(target, wanted) -> bool:
    """Whether the library can write into an array as it is."""
    return (
        isinstance(target, np.ndarray)
        and target.dtype == wanted.dtype
        and target.flags.aligned
        and target.dtype.isnative
    )


def _kernel_program(out, kernel):
    return library.ntk_tangent_kernel_program(kernel, out)


class KernelOptions:
    """What `empirical_ntk_fn` was told, and what follows from it for one call."""

    def __init__(
        self,
        trace_axes,
        diagonal_axes,
        vmap_axes,
        implementation,
        normalize,
        memory_limit,
        progress,
    ):
        self.trace_axes = trace_axes
        self.diagonal_axes = diagonal_axes
        self.vmap_axes = vmap_axes
        self.implementation = implementation
        self.normalize = normalize
        self.memory_limit = memory_limit
        self.progress = progress

    @property
    def key(self):
        """What a plan depends on, beside the programs."""
        return self.trace_axes, self.diagonal_axes, int(self.implementation), bool(self.normalize)

    def struct(self, parameter_count: int):
        """Return an `ntk_kernel_options`; its arrays live as long as it does.

        Claims about batch axes are checked before (`axes.py`): the library finds them by itself.
        """
        parameters = (ctypes.c_size_t * max(parameter_count, 1))(*range(parameter_count))
        traced = (ctypes.c_int64 * max(len(self.trace_axes), 1))(*self.trace_axes)
        diagonal = (ctypes.c_int64 * max(len(self.diagonal_axes), 1))(*self.diagonal_axes)
        return ntk_kernel_options(
            ctypes.sizeof(ntk_kernel_options),
            parameters,
            parameter_count,
            traced,
            len(self.trace_axes),
            diagonal,
            len(self.diagonal_axes),
            None,
            int(self.implementation),
            int(self.normalize),
            None,
        )
