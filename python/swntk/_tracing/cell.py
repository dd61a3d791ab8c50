"""Cells: the memory of traced arrays. Many traced arrays may be views of one cell."""

from __future__ import annotations

from .location import place, tracing_error
from .trace import Trace, Value


class Cell:
    """What stands for one block of memory in NumPy.

    Parameters
    ----------
    trace : Trace
        The trace to which it belongs; only that may write it.
    value : Value
        What it holds now.
    contiguous : bool
        Whether NumPy's array would provably lie in C order without gaps.
    """

    __slots__ = ("trace", "value", "version", "contiguous", "doubt")

    def __init__(self, trace: Trace, value: Value, contiguous: bool):
        self.trace = trace
        self.value = value
        self.version = 0
        self.contiguous = contiguous
        # Where something may or may not have become a view of this cell.
        self.doubt: str | None = None

    def doubt_with(self, other: Cell, what: str) -> None:
        """Record that NumPy may or may not have let two cells share memory."""
        self.doubt = other.doubt = f"{what}{place()}"

    def check_writable(self, current: Trace | None) -> None:
        """Raise if a write could differ from what NumPy does."""
        self.trace.check_usable()
        if current is not self.trace:
            raise tracing_error(
                f"an array of {self.trace.what} was assigned to inside {current.what}",
                "return the new value from the inner function, or assign outside of it",
            )
        if self.doubt is not None:
            raise tracing_error(
                "assignment to an array that may or may not share memory with another "
                f"({self.doubt}): "
                "whether NumPy copies there depends on the memory layout, which is not known "
                "while tracing",
                "take a copy where the two part, for example x.reshape(...).copy(), or build a "
                "new array",
            )

    def write(self, value: Value) -> None:
        """Let the cell hold another value of the same type."""
        self.value = value
        self.version += 1
