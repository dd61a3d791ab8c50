"""Programs: what tracing makes, what transforms take, what is run."""

from __future__ import annotations

import ctypes
import re
from collections import OrderedDict
from typing import NamedTuple

import numpy as np

from ._errors import ArgumentError, DTypeError, ShapeError
from ._ffi import Handle, check, library, quick, take
from ._ffi.structs import JACOBIAN_AUTO, NTK_MAX_RANK, NTK_NOT_MAPPED
from ._running import allocate, run
from ._tracing.dtypes import from_code, supported

__all__ = ["Program"]


# The folders of the source line at the end of an equation.
_FOLDERS = re.compile(r'( @")(?:[^"\\]|\\.)*/((?:[^"/\\]|\\.)+":\d+)$', re.MULTILINE)


class ArrayType(NamedTuple):
    """Shape and element type of an input or output."""

    shape: tuple
    dtype: np.dtype

    def __repr__(self):
        return f"{self.dtype.name}[{','.join(map(str, self.shape))}]"


class Program:
    """A function of arrays as a flat list of equations; immutable.

    It comes from `swntk.trace`, from `Program.parse`, or from another program by a transform.
    `print` shows it as the text that docs/program-text.md describes. Two programs are equal if
    their structure is: names, source lines and the contents of captured arrays do not count.
    Pickling carries the captured arrays.

    Attributes
    ----------
    inputs, outputs : list of ArrayType
        Their shapes and element types; captured inputs are left out.
    captured : tuple of numpy.ndarray
        The arrays that the traced function closed over; bound after the inputs. A parsed program
        has none bound: they count among the arguments of a call.
    in_tree, out_tree : TreeDef or None
        The structure of the arguments and of the result, where the program was traced.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> program = swntk.trace(np.tanh, np.zeros(2, np.float32))
    >>> program.outputs
    [float32[2]]
    >>> program(np.zeros(2, np.float32))
    [array([0., 0.], dtype=float32)]
    """

    __slots__ = (
        "_handle",
        "captured",
        "in_tree",
        "out_tree",
        "_counts",
        "_input_types",
        "_output_types",
        "_digest",
    )

    def __init__(self, handle: Handle, captured=(), in_tree=None, out_tree=None):
        self._handle = handle
        self.captured = tuple(captured)
        self.in_tree = in_tree
        self.out_tree = out_tree
        self._counts = None
        self._input_types = None
        self._output_types = None
        self._digest = None

    # ---- text

    @classmethod
    def parse(cls, text: str, captured=()) -> Program:
        """Read a program from its text.

        Parameters
        ----------
        text : str
        captured : sequence of numpy.ndarray
            Values of its captured inputs; without them they stand last among a call's arguments.

        Raises
        ------
        ParseError
            If the text is malformed; it knows line and column.
        ShapeError, DTypeError, ArgumentError
            If an equation is; DTypeError also if `text` is no str.

        Examples
        --------
        >>> import swntk
        >>> p = swntk.Program.parse('''ntk 1
        ... program(%0: f64[]) {
        ...   %1: f64[] = add(%0, %0)
        ...   return %1
        ... }''')
        >>> p(1.5)
        [array(3.)]
        """
        if not isinstance(text, str):
            raise DTypeError(f"text must be a str, got {type(text).__name__}")
        data = text.encode()
        return cls(take("program", library.ntk_program_parse, data, len(data)), captured)

    def __str__(self):
        needed = ctypes.c_size_t()
        check(library.ntk_program_text(self.pointer, None, 0, needed))
        text = ctypes.create_string_buffer(needed.value)
        check(library.ntk_program_text(self.pointer, text, needed.value, needed))
        return text.value.decode()

    def __repr__(self):
        inputs, captured, outputs, equations = self.counts
        kept = f"{inputs} inputs, {captured} captured"
        return f"<Program: {kept}, {equations} equations, {outputs} outputs>"

    def save(self, path) -> None:
        """Write the text to a file, and captured arrays, if any, to `path + ".npz"` beside it.

        Of the files in which the equations stand, the text has the names without the folders.
        """
        text = _FOLDERS.sub(r"\1\2", self.portable_text())
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        if self.captured:
            np.savez(f"{path}.npz", *self._plain_captured())

    @classmethod
    def load(cls, path) -> Program:
        """Read what `save` wrote."""
        import os

        with open(path, encoding="utf-8") as file:
            text = file.read()
        captured = ()
        if os.path.exists(f"{path}.npz"):
            with np.load(f"{path}.npz") as data:
                captured = [data[f"arr_{i}"] for i in range(len(data.files))]
        return cls.parse(text, captured)

    def portable_text(self, what: str = "pickled or saved") -> str:
        """Return the text.

        Raises
        ------
        ArgumentError
            If it means nothing in another process.
        """
        text = str(self)
        if 'callback="python:' in text:
            raise ArgumentError(
                f"a program that holds a Python callback (pure_callback) cannot be {what}: the "
                "function exists in this process only"
            )
        return text

    def __reduce__(self):
        return _unpickle, (
            self.portable_text(),
            self._plain_captured(),
            self.in_tree,
            self.out_tree,
        )

    def _plain_captured(self):
        for array in self.captured:
            if not isinstance(array, np.ndarray):
                raise ArgumentError(
                    "a program that captured values of an outer trace cannot be saved"
                )
        return [np.asarray(array) for array in self.captured]

    # ---- identity

    @property
    def pointer(self) -> int:
        return self._handle.pointer

    @property
    def digest(self) -> tuple:
        """128 bits that equal programs share, in every process."""
        if self._digest is None:
            words = (ctypes.c_uint64 * 2)()
            check(quick.ntk_program_hash(self.pointer, words))
            self._digest = (words[0], words[1])
        return self._digest

    def __eq__(self, other):
        if not isinstance(other, Program):
            return NotImplemented
        equal = ctypes.c_int32()
        check(library.ntk_program_equal(self.pointer, other.pointer, equal))
        return bool(equal.value)

    def __hash__(self):
        return hash(self.digest)

    # ---- types

    @property
    def counts(self) -> tuple:
        """Numbers of inputs, captured inputs, outputs and equations."""
        if self._counts is None:
            numbers = [ctypes.c_size_t() for _ in range(4)]
            check(quick.ntk_program_counts(self.pointer, *numbers))
            self._counts = tuple(n.value for n in numbers)
        return self._counts

    def _types(self, query, count):
        code, rank = ctypes.c_int32(), ctypes.c_size_t()
        sizes = (ctypes.c_int64 * NTK_MAX_RANK)()
        types = []
        for i in range(count):
            check(query(self.pointer, i, code, rank, sizes, NTK_MAX_RANK))
            types.append(ArrayType(tuple(sizes[: rank.value]), from_code(code.value)))
        return types

    @property
    def input_types(self) -> list:
        """Types of the inputs, captured ones last."""
        if self._input_types is None:
            self._input_types = self._types(quick.ntk_program_input_type, sum(self.counts[:2]))
        return self._input_types

    @property
    def output_types(self) -> list:
        if self._output_types is None:
            self._output_types = self._types(quick.ntk_program_output_type, self.counts[2])
        return self._output_types

    @property
    def inputs(self) -> list:
        return self.input_types[: self.counts[0]]

    @property
    def outputs(self) -> list:
        return list(self.output_types)

    # ---- running

    def evaluate(self, arrays) -> list:
        """Run over arrays of exactly the input types; captured inputs last."""
        outputs = [allocate(*t) for t in self.output_types]
        run(library.ntk_evaluate, self.pointer, arrays, outputs)
        return outputs

    def __call__(self, *inputs):
        """Run.

        Parameters
        ----------
        *inputs : array_like
            One for each input, in order.

        Returns
        -------
        list of numpy.ndarray

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If an input does not fit; nothing has run then.
        """
        types = self.input_types
        given = [*inputs, *self.captured]
        if len(given) != len(types):
            raise ArgumentError(
                f"{len(types) - len(self.captured)} inputs expected, got {len(inputs)}"
            )
        arrays = []
        for i, (x, wanted) in enumerate(zip(given, types)):
            array = np.asarray(x)
            if not isinstance(x, (np.ndarray, np.generic)) and array.dtype.kind in "if":
                if np.can_cast(array.dtype, wanted.dtype, "same_kind"):
                    array = array.astype(wanted.dtype)
            if array.shape != wanted.shape:
                raise ShapeError(f"input {i} has shape {array.shape}, expected {wanted.shape}")
            if supported(array.dtype, f"input {i}") != wanted.dtype:
                raise DTypeError(f"input {i} has dtype {array.dtype}, expected {wanted.dtype}")
            arrays.append(native(array, wanted.dtype))
        return self.evaluate(arrays)

    def peak_memory(self) -> int:
        """Return the bytes that a run takes beside inputs and outputs."""
        count = ctypes.c_uint64()
        check(library.ntk_program_peak_memory(self.pointer, count))
        return count.value

    # ---- transforms: the captured arrays stay bound where the result has captured inputs

    def _derived(self, key, function, *arguments, captured=None) -> Program:
        kept = cached(
            (self.digest, *key), lambda: take("program", function, self.pointer, *arguments)
        )
        return Program(kept, self.captured if captured is None else captured)

    def _pair(self, key, function, *arguments) -> tuple:
        def make():
            first, second = ctypes.c_void_p(), ctypes.c_void_p()
            check(function(first, second, self.pointer, *arguments))
            return [Handle(p.value, quick.ntk_program_free) for p in (first, second)]

        a, b = cached((self.digest, *key), make)
        return Program(a, self.captured), Program(b)

    def jvp(self, active) -> Program:
        """(inputs, tangents of active) -> (outputs, tangents of floating outputs)."""
        return self._derived(("jvp", *active), library.ntk_program_jvp, sizes(active), len(active))

    def linearize(self, active) -> tuple:
        """inputs -> (outputs, residuals), and (residuals, tangents) -> tangents."""
        return self._pair(
            ("linearize", *active), library.ntk_program_linearize, sizes(active), len(active)
        )

    def transpose(self, active) -> Program:
        """(inputs that are not active, cotangents) -> cotangents of active, of a linear program."""
        return self._derived(
            ("transpose", *active), library.ntk_program_transpose, sizes(active), len(active)
        )

    def vjp(self, active) -> tuple:
        """inputs -> (outputs, residuals), and (residuals, cotangents) -> cotangents of active."""
        return self._pair(("vjp", *active), library.ntk_program_vjp, sizes(active), len(active))

    def jacobian(self, active, mode: int = JACOBIAN_AUTO) -> Program:
        """inputs -> (outputs, Jacobians of each floating output by each active input)."""
        return self._derived(
            ("jacobian", mode, *active),
            library.ntk_program_jacobian,
            sizes(active),
            len(active),
            mode,
        )

    def vmap(self, size: int, in_axes, out_axes) -> Program:
        """Map over an axis; None where an input or output has none. Captured inputs stand last."""

        def axes(values):
            rows = [NTK_NOT_MAPPED if v is None else v for v in values]
            return (ctypes.c_int64 * max(len(rows), 1))(*rows)

        key = ("vmap", size, *in_axes, "->", *out_axes)
        return self._derived(key, library.ntk_program_vmap, size, axes(in_axes), axes(out_axes))

    def simplify(self) -> Program:
        """Remove dead and repeated equations, fold what is constant."""
        result = self._derived(("simplify",), library.ntk_program_simplify)
        result.in_tree, result.out_tree = self.in_tree, self.out_tree
        return result

    def resize(self, input: int, axis: int, size: int) -> Program:
        """Let a batch axis, given by an input that has it, have another size."""
        return self._derived(
            ("resize", input, axis, size), library.ntk_program_resize, input, axis, size
        )


def _unpickle(text, captured, in_tree, out_tree):
    program = Program.parse(text, captured)
    program.in_tree, program.out_tree = in_tree, out_tree
    return program


def sizes(numbers):
    """Return `size_t[n]`."""
    return (ctypes.c_size_t * max(len(numbers), 1))(*numbers)


def native(array: np.ndarray, dtype) -> np.ndarray:
    """Return an array as the library takes it: aligned, native byte order; any strides."""
    if array.dtype != dtype or not array.flags.aligned or not array.dtype.isnative:
        return np.array(array, dtype=dtype, order="C")
    return array


# Transforms of programs already transformed: a training loop traces the same program at each step.
_MOST = 512
_transformed: OrderedDict = OrderedDict()


def cached(key, make):
    found = _transformed.get(key)
    if found is None:
        found = make()
        _transformed[key] = found
        while len(_transformed) > _MOST:
            try:
                _transformed.popitem(last=False)
            except KeyError:  # another thread emptied it
                break
    else:
        try:
            _transformed.move_to_end(key)
        except KeyError:
            pass
    return found


def forget_derived() -> None:
    """Drop the cache of transforms."""
    _transformed.clear()
