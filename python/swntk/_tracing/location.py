"""The user's line: the innermost frame outside swntk and NumPy."""

from __future__ import annotations

import os
import sys
import threading

import numpy as np

from .._errors import TracingError, UnsupportedError


def _packages():
    """Where packages are installed."""
    return {os.path.dirname(os.path.dirname(os.path.abspath(np.__file__)))}


_OWN = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(os.path.abspath(np.__file__)) + os.sep,
    # SciPy's functions that are written in NumPy: theirs is not the line to change.
    *(os.path.join(folder, "scipy") + os.sep for folder in _packages()),
    "<__array_function__ internals>",
    "<frozen ",
)
_skipped: dict[str, bool] = {}


def user_location():
    """Return (file, line) of the user's frame, or None."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        if not is_own(name):
            return name, frame.f_lineno
        frame = frame.f_back
    return None


def is_own(name: str) -> bool:
    """Whether a source file belongs to swntk or NumPy."""
    skip = _skipped.get(name)
    if skip is None:
        absolute = name if name.startswith("<") else os.path.abspath(name)
        # Cython names its sources by paths of the machine that compiled them.
        skip = _skipped[name] = absolute.startswith(_OWN) or name.endswith(".pyx")
    return skip


def place(location=None) -> str:
    """Return ", at file:line" for messages, or nothing where no user's frame is known."""
    location = location or user_location()
    return f", at {location[0]}:{location[1]}" if location else ""


def source_line(location) -> str:
    """Return the text of a source line, or nothing."""
    if not location:
        return ""
    import linecache

    return linecache.getline(*location).strip()


def tracing_error(what: str, instead: str = "") -> TracingError:
    """Make the error for a use of a traced value that no program can express.

    Parameters
    ----------
    what : str
        What was tried, as a clause.
    instead : str
        What to write instead.
    """
    error = TracingError(_compose(what, instead))
    latest.error, latest.location = error, user_location()
    return error


class _Latest(threading.local):
    """The latest TracingError of this thread, and where: NumPy swallows some."""

    error = None
    location = None


latest = _Latest()


def hidden_behind(error) -> TracingError | None:
    """Return the TracingError that NumPy or Python replaced by another exception, or None."""
    hidden = error.__cause__ or error.__context__
    for _ in range(10):
        if isinstance(hidden, TracingError):
            return hidden
        if hidden is None:
            break
        hidden = hidden.__cause__ or hidden.__context__
    where = _raised_at(error.__traceback__)
    if latest.error is not None and latest.location == where:
        return latest.error
    if "Traced<" in str(error) or "Tracer" in str(error):
        said = str(error).replace("'Tracer'", "a traced array")
        return TracingError(
            f"{said}{place(where)}\n    {source_line(where)}\nInstead: NumPy functions on the "
            "traced array; "
            "sizes and options must be known while tracing"
        )
    return None


def _raised_at(traceback):
    """Return the innermost line of the user's on a traceback."""
    found = None
    while traceback is not None:
        name = traceback.tb_frame.f_code.co_filename
        if not is_own(name):
            found = name, traceback.tb_lineno
        traceback = traceback.tb_next
    return found


def unsupported(what: str, instead: str = "") -> UnsupportedError:
    """Make the error for what this version does not do."""
    return UnsupportedError(_compose(what, instead))


def _compose(what: str, instead: str) -> str:
    location = user_location()
    line = source_line(location)
    message = what + place(location)
    if line:
        message += f"\n    {line}"
    if instead:
        message += f"\nInstead: {instead}"
    return message
