"""A program in the making: one builder of the library, the values it knows, what it captured."""

from __future__ import annotations

import ctypes
import threading

import numpy as np

from .._errors import TracingError
from .._ffi import fail, quick, take
from .._ffi.structs import NTK_MAX_RANK
from .captures import snapshot, unchanged
from .dtypes import code_of, from_code
from .location import place, user_location


class Value:
    """A value of a trace: what the builder calls it, and its type. Immutable."""

    __slots__ = ("trace", "id", "shape", "dtype")

    def __init__(self, trace, id, shape, dtype):
        self.trace = trace
        self.id = id
        self.shape = shape
        self.dtype = dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        count = 1
        for extent in self.shape:
            count *= extent
        return count

    def __repr__(self):
        return f"{self.dtype.name}{list(self.shape)}"


class _Stack(threading.local):
    def __init__(self):
        self.traces = []


_stack = _Stack()


def current() -> Trace | None:
    """Return the innermost trace of this thread, or None."""
    traces = _stack.traces
    return traces[-1] if traces else None


def depth() -> int:
    """Return how many traces are under way in this thread."""
    return len(_stack.traces)


class activate:
    """Make a trace the innermost one for a `with` block."""

    __slots__ = ("trace",)

    def __init__(self, trace):
        self.trace = trace

    def __enter__(self):
        _stack.traces.append(self.trace)
        return self.trace

    def __exit__(self, *exc):
        _stack.traces.pop()


class Trace:
    """One tracing of one function.

    Parameters
    ----------
    what : str
        What is being traced, for messages.
    """

    def __init__(self, what: str):
        self.what = what
        self.begun = user_location()
        self.thread = threading.get_ident()
        self.alive = True
        self.names: dict[int, str] = {}
        # (value, source): an array of which a snapshot was taken, or a Value of an outer trace.
        self.captured: list[tuple[Value, object]] = []
        self._by_key: dict = {}
        self._location = None
        self._handle = take("builder", quick.ntk_builder_create)
        self._builder = self._handle.pointer
        self._results = (ctypes.c_int32 * 64)()
        self._count = ctypes.c_size_t()
        self._code = ctypes.c_int32()
        self._rank = ctypes.c_size_t()
        self._sizes = (ctypes.c_int64 * NTK_MAX_RANK)()

    def check_usable(self, what: str = "a traced array") -> None:
        """Raise if this trace has ended or belongs to another thread."""
        if not self.alive:
            raise TracingError(
                f"{what} was used after its trace ended (of {self.what}{place(self.begun)})"
                f"{place()}\nInstead: return it from the traced function; do not keep it in a "
                "global, an "
                "attribute, a list or a cache"
            )
        if self.thread != threading.get_ident():
            raise TracingError(
                f"{what} was used in another thread than the one that traces {self.what}{place()}\n"
                "Instead: trace in one thread; compiled functions may be called from many"
            )

    # ---- adding to the builder

    def input(self, shape, dtype, name: str | None) -> Value:
        """Add an input."""
        rank = len(shape)
        status = quick.ntk_builder_input(
            self._builder,
            code_of(dtype),
            rank,
            (ctypes.c_int64 * max(rank, 1))(*shape),
            name.encode() if name is not None else None,
            self._code,
        )
        if status:
            fail(status, f" (input {name})" if name else "")
        value = Value(self, self._code.value, tuple(shape), dtype)
        if name is not None:
            self.names[value.id] = name
        return value

    def constant(self, array: np.ndarray) -> Value:
        """Add a constant: an array that is part of the program's structure."""
        from .._ffi import buffer_of

        buffer = buffer_of(np.array(array, order="C", copy=True))
        status = quick.ntk_builder_constant(self._builder, buffer.pointer, self._code)
        if status:
            fail(status, place())
        return self._typed(self._code.value)

    def apply(
        self, name: str, operands, parameters: str = "", bodies=(), results: int = 1
    ) -> list[Value]:
        """Apply an operation or a function of docs/operations.md.

        Raises
        ------
        NTKError
            As the library says, with the user's line and what the operands are.
        """
        location = user_location()
        if location != self._location:
            self._locate(location)
        count = len(operands)
        ids = (ctypes.c_int32 * count)(*[operand.id for operand in operands])
        text = parameters.encode()
        programs = (ctypes.c_void_p * len(bodies))(*bodies) if bodies else None
        room = self._room(results)
        status = quick.ntk_builder_apply(
            self._builder,
            name.encode(),
            ids,
            count,
            text,
            len(text),
            programs,
            len(bodies),
            room,
            len(room),
            self._count,
        )
        if status:
            self._fail(status, operands)
        return [self._typed(room[i]) for i in range(self._count.value)]

    def call(self, program, operands) -> list[Value]:
        """Add the equations of a program; captured inputs stand last among the operands."""
        location = user_location()
        if location != self._location:
            self._locate(location)
        count = len(operands)
        ids = (ctypes.c_int32 * count)(*[operand.id for operand in operands])
        room = self._room(len(program.output_types))
        status = quick.ntk_builder_call(
            self._builder, program.pointer, ids, count, room, len(room), self._count
        )
        if status:
            self._fail(status, operands)
        return [Value(self, room[i], *program.output_types[i]) for i in range(self._count.value)]

    def finish(self, inputs, captured, outputs):
        """Make a program; the trace stays as it is."""

        def ids(values):
            return (ctypes.c_int32 * max(len(values), 1))(*[value.id for value in values])

        out = ctypes.c_void_p()
        status = quick.ntk_builder_finish(
            self._builder,
            ids(inputs),
            len(inputs),
            ids(captured),
            len(captured),
            ids(outputs),
            len(outputs),
            out,
        )
        if status:
            fail(status, f" (tracing {self.what})")
        return out.value

    # ---- bringing values in

    def lift(self, value: Value) -> Value:
        """Return a value as one of this trace: an outer trace's becomes a captured input."""
        if value.trace is self:
            return value
        value.trace.check_usable()
        key = (id(value.trace), value.id)
        known = self._by_key.get(key)
        if known is None:
            known = self.input(value.shape, value.dtype, value.trace.names.get(value.id))
            self._by_key[key] = known
            self.captured.append((known, value))
        return known

    def capture(self, array) -> Value:
        """Return an array that the function closed over as a captured input.

        Identical arrays are merged. One that somebody could write to is copied, and captured
        anew if it has changed since.
        """
        key = id(array)
        known = self._by_key.get(key)
        if known is not None:
            value, original, kept = known
            if original is array and unchanged(original, kept):
                return value
        kept = snapshot(array)
        value = self.input(kept.shape, kept.dtype, None)
        # `array` is kept alive so that its id stays its own.
        self._by_key[key] = (value, array, kept)
        self.captured.append((value, kept))
        return value

    # ---- inside

    def _room(self, results: int):
        return self._results if results <= 64 else (ctypes.c_int32 * results)()

    def _typed(self, id: int) -> Value:
        sizes = self._sizes
        status = quick.ntk_builder_type(
            self._builder, id, self._code, self._rank, sizes, NTK_MAX_RANK
        )
        if status:
            fail(status)
        return Value(self, id, tuple(sizes[: self._rank.value]), from_code(self._code.value))

    def _locate(self, location) -> None:
        file, line = location or (None, 0)
        quick.ntk_builder_location(self._builder, file.encode() if file else None, line)
        self._location = location

    def _fail(self, status: int, operands) -> None:
        """Raise the library's error with the user's names for the operands and the user's line."""
        parts = []
        for i, operand in enumerate(operands):
            name = self.names.get(operand.id) or f"operand {i}"
            parts.append(f"{name} has shape {tuple(operand.shape)} ({operand.dtype})")
        location = user_location()
        said = f" (at {location[0]}:{location[1]})" if location else ""
        suffix = (": " + ", ".join(parts) if parts else "") + place(location)
        fail(status, suffix, said)
