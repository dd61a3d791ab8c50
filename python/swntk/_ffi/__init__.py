"""Everything that touches libntk.so: finding it, its signatures, its handles, its buffers."""

from __future__ import annotations

from .buffers import Buffers, buffer_of
from .handles import Handle, take
from .library import library, quick
from .status import check, fail, last_error

__all__ = [
    "Buffers",
    "Handle",
    "buffer_of",
    "check",
    "fail",
    "last_error",
    "library",
    "quick",
    "take",
]
