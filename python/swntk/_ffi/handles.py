"""Owned handles of the library, freed when the last reference goes."""

from __future__ import annotations

import ctypes
import weakref

from .library import quick
from .status import check


class Handle:
    """An object of the library that this process owns.

    Parameters
    ----------
    pointer : int
        Its address.
    free : callable
        The library's function that frees it.
    """

    __slots__ = ("pointer", "__weakref__")

    def __init__(self, pointer: int, free):
        self.pointer = pointer
        # At exit the process's memory goes anyway, and another thread may still be computing.
        weakref.finalize(self, free, pointer).atexit = False


_FREE = {
    "program": quick.ntk_program_free,
    "builder": quick.ntk_builder_free,
    "tangent_kernel": quick.ntk_tangent_kernel_free,
}


def take(kind: str, function, *arguments) -> Handle:
    """Call a function whose first argument receives a new handle, and own it."""
    out = ctypes.c_void_p()
    check(function(out, *arguments))
    return Handle(out.value, _FREE[kind])
