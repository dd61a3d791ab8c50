"""A planned tangent kernel."""

from __future__ import annotations

import ctypes

import numpy as np

from .. import _options, tree
from .._arguments import half_of, to_own
from .._errors import ArgumentError, OutOfMemoryError
from .._ffi import check, library, quick, take
from .._ffi.structs import NTK_MAX_RANK, NTK_NOT_MAPPED
from .._program import ArrayType, Program, cached
from .._running import allocate, available_memory, run
from .._trace_function import is_traced
from .._tracing.dtypes import from_code
from .._tracing.location import tracing_error
from .computing import compute_tiles
from .diagonals import diagonal_plan
from .options import KernelOptions
from .products import Products, linear_operator
from .targets import Targets
from .tiles import Samples, Tile, checked, edge, tiling
from .words import explanation


class TangentKernel:
    """The kernel of two sides, planned and not yet computed. Made by `ntk_fn.plan(...)`.

    It can be computed whole, or piece by piece: `tiles` lists pieces, `run` computes one. A plan
    can be pickled (the programs as text, and the arrays), so that other processes run tiles. It
    refers to the arrays that it was made with, and reads them when it computes.

    As a matrix, by `@`, `as_linear_operator`, `diagonal` and `trace`, its rows are the entries of
    the first output without traced axes, its columns those of the second.

    Attributes
    ----------
    shape, dtype
        Of the result; trees of them where f returns a tree.
    tiles : list of Tile
        Ranges of samples; of a kernel with `x2=None` those on and above the diagonal. Tiles are
        small enough for the memory limit.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w)
    >>> plan = ntk_fn.plan(np.eye(3), None, np.ones((3, 2)))
    >>> plan.shape
    (3, 3)
    >>> print(plan.compute().tolist())
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    >>> print(plan.trace(), plan @ np.ones(3))
    3.0 [1. 1. 1.]
    """

    # NumPy leaves `array @ plan` to this class, which has no such product.
    __array_ufunc__ = None

    def __init__(self, left, right, parameter_count, inputs, options, out_tree, half=None):
        self._left: Program = left
        self._right: Program | None = right
        self._parameter_count: int = parameter_count
        self._options: KernelOptions = options
        self._out_tree = out_tree
        self._half = half
        # Operands: parameters, other inputs of the first side, of the second if there is one.
        self.inputs: list = inputs
        # A plan holds no data: the same structure has the same plan, however often it is traced.
        self._key = (left.digest, right and right.digest, parameter_count, options.key)
        self._handle = cached(("kernel", *self._key), self._plan)
        self._types = cached(("kernel types", *self._key), self._result_types)
        self._default_limit = None

    @classmethod
    def of_sides(cls, first, second, options: KernelOptions) -> TangentKernel:
        """The kernel of two sides; of one side with itself if there is no second."""
        return cls(
            first.traced.program,
            second and second.traced.program,
            first.parameter_count,
            [*first.parameters, *first.others, *(second.others if second is not None else [])],
            options,
            first.traced.out_tree,
            half_of(first.arguments[: first.parameter_count]),
        )

    def _plan(self):
        return take(
            "tangent_kernel",
            library.ntk_tangent_kernel_create,
            self._left.pointer,
            self._right and self._right.pointer,
            self._options.struct(self._parameter_count),
        )

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

    # ---- what it is

    @property
    def shape(self):
        return tree.unflatten(self._out_tree, [t.shape for t in self._types])

    @property
    def dtype(self):
        return tree.unflatten(self._out_tree, [self._half or t.dtype for t in self._types])

    @property
    def tiles(self) -> list[Tile]:
        return self._tiles(self._limit())

    def tiles_for(self, out) -> list[Tile]:
        """List tiles aligned to the chunks of where the kernel is to be kept.

        Parameters
        ----------
        out : tree of array_like
            As for `compute`. Chunks (of zarr: shards) are not shared between tiles where whole
            chunks are small enough, so that several processes may write at once.

        Returns
        -------
        list of Tile

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If `out` does not fit.

        Examples
        --------
        >>> import numpy as np, swntk
        >>> plan = swntk.empirical_ntk_fn(lambda w, x: x @ w).plan(
        ...     np.eye(3), None, np.ones((3, 2)))
        >>> len(plan.tiles_for(np.empty((3, 3))))
        1
        """
        targets = Targets(out, self)
        return self._tiles(self._limit(), targets.chunks())

    def _tiles(self, limit, chunks=(1, 1)):
        size = edge(self._samples, self._byte_count, limit) if self._samples.can_be_cut else 0
        return tiling(self._samples, size, self._is_symmetric, chunks)

    @property
    def _is_symmetric(self) -> bool:
        return self._right is None

    @property
    def _samples(self) -> Samples:
        return cached(
            ("kernel samples", *self._key),
            lambda: Samples(self._handle.pointer, len(self.inputs), len(self._types)),
        )

    @property
    def _byte_count(self) -> int:
        return sum(t.dtype.itemsize * int(np.prod(t.shape, dtype=object)) for t in self._types)

    def _given_limit(self):
        """The memory limit that the caller gave, or None."""
        return self._options.memory_limit or _options.current.memory_limit

    def _limit(self):
        """The memory limit of what is computed piece by piece. The default, half of the memory that
        is free, rounded down to a power of two, is asked for once, so that tiles do not vary.
        """
        if self._given_limit() is None and self._default_limit is None:
            free = available_memory()
            if free < float("inf"):
                self._default_limit = 1 << (max(int(free) // 2, 1).bit_length() - 1)
        return self._given_limit() or self._default_limit

    def program(self) -> Program:
        """Return the kernel as one program of `inputs`."""
        return Program(
            cached(
                ("kernel program", *self._key),
                lambda: take("program", _kernel_program, self._handle.pointer),
            )
        )

    def __reduce__(self):
        self._check_concrete("pickled")
        options = self._options.replaced(memory_limit=self._limit(), progress=None)
        right = self._right and self._right.portable_text()
        return _unpickled, (
            self._left.portable_text(),
            right,
            self._parameter_count,
            [np.asarray(x) for x in self.inputs],
            options,
            self._out_tree,
            self._half,
        )

    def _check_concrete(self, what: str) -> None:
        if is_traced(self.inputs):
            raise tracing_error(
                f"a plan of traced arrays was to be {what}", "ntk_fn(x1, x2, params) itself"
            )

    # ---- words

    def explain(self) -> str:
        """Return the plan in words."""
        return explanation(self)

    __str__ = explain

    def print(self) -> None:
        """Print the plan."""
        print(self.explain())

    def __repr__(self):
        return f"<TangentKernel: {', '.join(map(repr, self._types))}>"

    # ---- computing

    def run(self, tile):
        """Compute one tile.

        Parameters
        ----------
        tile : Tile, or (rows, columns)
            Ranges of samples; one of `tiles`, or any other.

        Returns
        -------
        tree of numpy.ndarray
            The kernel of those samples, as `ntk_fn` would return it. The same tile has the same
            bits, in every process that runs a copy of the plan.

        Raises
        ------
        ArgumentError
            If there are no such samples.
        OutOfMemoryError
            If the memory limit does not suffice.

        Examples
        --------
        >>> import numpy as np, swntk
        >>> plan = swntk.empirical_ntk_fn(lambda w, x: x @ w).plan(
        ...     np.eye(3), None, np.ones((3, 2)))
        >>> print(plan.run((range(0, 1), range(1, 3))))
        [[0. 0.]]
        """
        self._check_concrete("computed")
        blocks = self._block(checked(tile, self._samples), self._limit(), self._options.progress)
        return tree.unflatten(self._out_tree, [to_own(block, self._half) for block in blocks])

    def _block(self, tile: Tile, limit, progress) -> list:
        """Compute a tile; twice what its results take is kept for them on their way."""
        handle, inputs = self._handle, self.inputs
        if tile.rows is not None:
            handle, inputs = self._cut(tile)
        results = [allocate(*t) for t in _types_of(self, tile)]
        share = limit
        if limit is not None and tile.rows is not None:
            share = max(limit - 2 * sum(r.nbytes for r in results), limit // 2, 1)
        try:
            run(
                library.ntk_tangent_kernel_compute,
                handle.pointer,
                inputs,
                results,
                memory_limit=share,
                progress=progress,
            )
        except OutOfMemoryError as error:
            if share == limit:
                raise
            raise OutOfMemoryError(
                f"{error}: what {limit} bytes leave beside the results of a tile"
            ) from None
        return results

    def _cut(self, tile: Tile):
        """The kernel of a tile, and its inputs."""
        rows, columns = tile
        twice = self._is_symmetric and rows != columns
        width = NTK_NOT_MAPPED if self._is_symmetric and not twice else len(columns)
        handle = cached(
            ("kernel tile", *self._key, len(rows), width),
            lambda: take(
                "tangent_kernel",
                library.ntk_tangent_kernel_tile,
                self._handle.pointer,
                len(rows),
                width,
            ),
        )
        axes = self._samples.input_axes
        end = len(self._left.input_types)
        inputs = [_part(x, axis, rows) for x, axis in zip(self.inputs[:end], axes)]
        start = self._parameter_count if twice else end
        inputs += [_part(x, axis, columns) for x, axis in zip(self.inputs[start:], axes[start:])]
        return handle, inputs

    def compute(self, out=None, resume=None):
        """Compute the kernel.

        Parameters
        ----------
        out : tree of array_like, optional
            Where to put it; of the structure, shapes and element types of the result: NumPy's
            arrays, memmaps, zarr arrays, h5py datasets, or what else has `shape`, `dtype` and
            takes slice assignment. Into other than NumPy's plain arrays it is written tile by tile,
            tiles aligned to chunks, and the whole is never in memory.
        resume : str or os.PathLike, optional
            A file that notes the tiles computed, with checksums. If it exists, the tiles that it
            notes and `out` still holds are not computed again, and the result has the bits that it
            would have had without the stop. It may be deleted when all is done.

        Returns
        -------
        tree of numpy.ndarray
            `out`, if it was given.

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If `out` does not fit; if the file is damaged, in use, or belongs to other programs,
            arrays or tiles. Nothing is written then.
        OutOfMemoryError
            If the memory limit does not suffice, or the result cannot be allocated.

        Notes
        -----
        Whatever stops the computation (Ctrl-C, an exception of `progress`, the end of the process),
        the tiles written so far stay.

        Examples
        --------
        >>> import numpy as np, swntk, os, tempfile
        >>> plan = swntk.empirical_ntk_fn(lambda w, x: x @ w).plan(
        ...     np.eye(3), None, np.ones((3, 2)))
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     out = np.memmap(os.path.join(folder, "theta"), np.float64, "w+", shape=plan.shape)
        ...     _ = plan.compute(out, resume=os.path.join(folder, "tiles"))
        ...     print(out[2].tolist())
        [0.0, 0.0, 1.0]
        """
        self._check_concrete("computed")
        if out is None:
            if resume is not None:
                raise ArgumentError("resume needs out: the array that keeps what was computed")
            results = [allocate(*t) for t in self._types]
            self._compute(results)
            return tree.unflatten(self._out_tree, [to_own(r, self._half) for r in results])
        targets = Targets(out, self)
        if resume is None and targets.are_plain:
            self._compute(targets.leaves)
        else:
            compute_tiles(self, targets, resume)
        return out

    def _compute(self, results) -> None:
        run(
            library.ntk_tangent_kernel_compute,
            self._handle.pointer,
            self.inputs,
            results,
            memory_limit=self._options.memory_limit,
            progress=self._options.progress,
        )

    # ---- as a matrix

    def diagonal(self):
        """Compute the diagonal, without the rest.

        Returns
        -------
        tree of numpy.ndarray
            Of the shape of the output without traced axes: for each entry, its kernel with itself.

        Raises
        ------
        ShapeError
            If the two sides have different shapes.

        Examples
        --------
        >>> import numpy as np, swntk
        >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w, trace_axes=())
        >>> ntk_fn.plan(np.ones((4, 3)), None, np.ones((3, 2))).diagonal().shape
        (4, 2)
        """
        self._check_concrete("computed")
        leaves = [diagonal_plan(self, i).compute() for i in range(len(self._types))]
        return tree.unflatten(self._out_tree, [to_own(a, self._half) for a in leaves])

    def trace(self):
        """Compute the sum of the diagonal, without the rest; see `diagonal`."""
        return tree.map(lambda d: np.sum(d, dtype=np.float64).astype(d.dtype), self.diagonal())

    def __matmul__(self, vector):
        """Multiply by a vector, without the kernel: J(x1) (J(x2)ᵀ v).

        Parameters
        ----------
        vector : tree of array_like
            Of the shape of the second output without traced axes; or flat, `[M]`, or with vectors
            as columns, `[M, k]`, M being the number of its entries.

        Returns
        -------
        tree of numpy.ndarray
            Of the shape of the first output without traced axes; `[M1]`; or `[M1, k]`.

        Raises
        ------
        ShapeError, DTypeError
            If the vector does not fit.

        Examples
        --------
        >>> import numpy as np, swntk
        >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w, trace_axes=())
        >>> plan = ntk_fn.plan(np.ones((4, 3)), np.ones((5, 3)), np.ones((3, 2)))
        >>> (plan @ np.ones((5, 2))).shape, (plan @ np.ones(10)).shape
        ((4, 2), (8,))
        """
        self._check_concrete("computed")
        vectors = tree.flatten_up_to(self._out_tree, vector, "vector")
        results = [Products(self, i).forward(v) for i, v in enumerate(vectors)]
        return tree.unflatten(self._out_tree, results)

    def as_linear_operator(self):
        """Return the kernel as SciPy's `LinearOperator`, which multiplies as `@` does.

        Returns
        -------
        tree of scipy.sparse.linalg.LinearOperator
            Of shape (M1, M2), with its adjoint. What both sides' derivatives need is computed once,
            when this is called, and kept where the memory limit has room for it.

        Raises
        ------
        ImportError
            If SciPy is not installed.

        Examples
        --------
        >>> import numpy as np, swntk
        >>> ntk_fn = swntk.empirical_ntk_fn(lambda w, x: x @ w)
        >>> ntk_fn.plan(np.eye(3), None, np.ones((3, 2))).as_linear_operator().shape
        (3, 3)
        """
        self._check_concrete("computed")
        leaves = [linear_operator(self, i) for i in range(len(self._types))]
        return tree.unflatten(self._out_tree, leaves)


def _unpickled(left, right, parameter_count, inputs, options, out_tree, half):
    programs = [None if text is None else Program.parse(text) for text in (left, right)]
    return TangentKernel(*programs, parameter_count, inputs, options, out_tree, half)


def _types_of(plan, tile) -> list:
    """The types of a tile's results."""
    samples = plan._samples
    types = []
    for i, (shape, dtype) in enumerate(plan._types):
        sizes = list(shape)
        axis = samples.result_axes[i]
        if tile.rows is not None and axis is not None:
            sizes[axis] = len(tile.rows)
            if not samples.is_diagonal:
                sizes[axis + 1] = len(tile.columns)
        types.append(ArrayType(tuple(sizes), dtype))
    return types


def _part(x, axis, part):
    if axis is None:
        return x
    return x[(slice(None),) * axis + (slice(part.start, part.stop),)]


def _kernel_program(out, kernel):
    return library.ntk_tangent_kernel_program(kernel, out)
