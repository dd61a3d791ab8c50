"""The user's line: the innermost frame outside swntk and NumPy."""

from __future__ import annotations

import os
import sys

import numpy as np

from .._errors import TracingError, UnsupportedError

_OWN = (
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep,
    os.path.dirname(os.path.abspath(np.__file__)) + os.sep,
    "<__array_function__ internals>",
    "<frozen ",
)
_skipped: dict[str, bool] = {}


def user_location():
    """Return (file, line) of the user's frame, or None."""
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_code.co_filename
        skip = _skipped.get(name)
        if skip is None:
            absolute = name if name.startswith("<") else os.path.abspath(name)
            skip = _skipped[name] = absolute.startswith(_OWN)
        if not skip:
            return name, frame.f_lineno
        frame = frame.f_back
    return None


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
    return TracingError(_compose(what, instead))


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
