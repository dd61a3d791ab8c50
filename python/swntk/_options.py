"""Options of a `with` block, and settings of the whole process."""

from __future__ import annotations

import ctypes
import threading

from ._errors import ArgumentError
from ._ffi import check, library, quick

__all__ = [
    "options",
    "debug_nans",
    "set_threads",
    "get_threads",
    "clear_cache",
    "build_info",
]


class _Current(threading.local):
    memory_limit = None
    progress = None
    debug_nans = False


current = _Current()


class options:
    """Options of the computations inside a `with` block, in this thread.

    Parameters
    ----------
    memory_limit : int, optional
        Bytes that a computation may take beside its inputs and outputs; None: no limit.
    progress : None, True or callable, optional
        True: a bar on stderr. A callable is called with `(done, total)` on this thread, a few
        times a second at most; an exception that it raises stops the computation and comes out as
        itself.

    Raises
    ------
    ArgumentError
        If an option has another type.
    OutOfMemoryError
        Later, by the computation that the limit does not suffice for.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> with swntk.options(memory_limit=2**30):
    ...     print(swntk.grad(np.sum)(np.ones(2)))
    [1. 1.]
    """

    def __init__(self, *, memory_limit=None, progress=None):
        self._new = (check_memory_limit(memory_limit), check_progress(progress))

    def __enter__(self):
        self._old = (current.memory_limit, current.progress)
        limit, progress = self._new
        if limit is not None:
            current.memory_limit = limit
        if progress is not None:
            current.progress = progress
        return self

    def __exit__(self, *exc):
        current.memory_limit, current.progress = self._old


class debug_nans:
    """Find the line that makes the first NaN in the computations inside a `with` block.

    They run one operation at a time and slowly. An operation that makes a NaN of operands that have
    none raises, also where the NaN would not have been seen in a result.

    Parameters
    ----------
    enabled : bool

    Raises
    ------
    NaNError
        Later, by such an operation; it names the operation and the user's line, and is a
        FloatingPointError, as in JAX.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> with swntk.debug_nans():
    ...     try:
    ...         swntk.grad(lambda x: np.sqrt(x) * 0)(-1.0)
    ...     except FloatingPointError as error:
    ...         print(str(error)[:17])
    'sqrt' made a NaN
    """

    def __init__(self, enabled: bool = True):
        self._new = bool(enabled)

    def __enter__(self):
        self._old = current.debug_nans
        current.debug_nans = self._new
        return self

    def __exit__(self, *exc):
        current.debug_nans = self._old


def check_memory_limit(limit):
    """Return a memory limit, or raise."""
    if limit is None:
        return None
    try:
        limit = limit.__index__()
    except AttributeError:
        raise ArgumentError(
            f"memory_limit must be an integer number of bytes, got {limit!r}"
        ) from None
    if limit <= 0:
        raise ArgumentError(f"memory_limit must be positive, got {limit}")
    return min(limit, 2**64 - 1)


def check_progress(progress):
    """Return a progress option, or raise."""
    if progress is None or progress is False:
        return None
    if progress is not True and not callable(progress):
        raise ArgumentError(f"progress must be None, True or callable, got {progress!r}")
    return progress


def set_threads(n: int) -> None:
    """Let computations of this process use `n` threads. Results do not depend on it.

    Parameters
    ----------
    n : int
        At least 1, the calling thread included.

    Raises
    ------
    ArgumentError
        If n is less than 1.

    Examples
    --------
    >>> import swntk
    >>> before = swntk.get_threads()
    >>> swntk.set_threads(1)
    >>> swntk.get_threads()
    1
    >>> swntk.set_threads(before)
    """
    try:
        count = n.__index__()
    except AttributeError:
        raise ArgumentError(f"the number of threads must be an integer, got {n!r}") from None
    if count < 1:
        raise ArgumentError(f"the number of threads must be at least 1, got {n}")
    check(library.ntk_set_threads(count))


def get_threads() -> int:
    """Return how many threads computations of this process may use.

    Returns
    -------
    int

    Examples
    --------
    >>> import swntk
    >>> swntk.get_threads() >= 1
    True
    """
    return quick.ntk_get_threads()


def clear_cache() -> None:
    """Forget compiled programs.

    Examples
    --------
    >>> import swntk
    >>> swntk.clear_cache()
    """
    from . import _program

    _program.forget_derived()
    library.ntk_clear_cache()


def build_info() -> dict:
    """Describe the library: version, instruction set, BLAS, threads.

    Returns
    -------
    dict of str to str

    Examples
    --------
    >>> import swntk
    >>> "version" in swntk.build_info()
    True
    """
    needed = ctypes.c_size_t()
    check(quick.ntk_build_info(None, 0, needed))
    text = ctypes.create_string_buffer(needed.value)
    check(quick.ntk_build_info(text, needed.value, needed))
    lines = text.value.decode().splitlines()
    return dict(line.split(": ", 1) for line in lines if ": " in line)
