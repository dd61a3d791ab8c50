"""Turn a status into an exception."""

from __future__ import annotations

import ctypes

from .._errors import NTK_SYNTAX, exception_for
from .library import quick


def last_error() -> str:
    """Read this thread's last error message."""
    return (quick.ntk_last_error() or b"").decode("utf-8", "replace")


def fail(status: int, suffix: str = "", said: str = "") -> None:
    """Raise the exception for a status, its message with `suffix` in place of `said` after it."""
    message = last_error()
    if said and message.endswith(said):
        message = message[: -len(said)]
    message += suffix
    line = column = 0
    if status == NTK_SYNTAX:
        at, of = ctypes.c_size_t(), ctypes.c_size_t()
        quick.ntk_last_error_position(at, of)
        line, column = at.value, of.value
    raise exception_for(status, message, line, column)


def check(status: int) -> None:
    """Raise if a call failed."""
    if status:
        fail(status)
