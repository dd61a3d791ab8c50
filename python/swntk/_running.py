"""Running what computes: options, progress, Ctrl-C, the memory of results."""

from __future__ import annotations

import _signal  # the module behind signal: its calls cost a tenth, because they make no enums
import ctypes
import os
import threading
from _thread import get_ident

import numpy as np

from ._errors import NTK_CALLBACK, OutOfMemoryError
from ._ffi import Buffers, fail
from ._ffi.structs import ntk_poll, ntk_progress, ntk_run_options
from ._options import current


class Watch:
    """What came of the callbacks of one call.

    A signal handler that raises would raise inside a callback, where ctypes can only print the
    exception. So during the call SIGINT sets a flag, the callback asks the library to stop, and the
    former handler runs when the call has returned.
    """

    __slots__ = ("report", "exception", "interrupted", "handler", "outer")

    def __init__(self, progress):
        self.report = bar() if progress is True else progress
        self.exception = None
        self.interrupted = None
        self.handler = None

    def called(self, done, total) -> int:
        try:
            if self.interrupted is None:
                self.report(done, total)
            return 0 if self.interrupted is None else 1
        except BaseException as error:  # also SystemExit: it must reach the caller
            self.exception = error
            return 1

    def on_signal(self, number, frame):
        self.interrupted = (number, frame)

    def __enter__(self):
        self.outer = _active.watch
        _active.watch = self
        if get_ident() == _main_thread:
            handler = _signal.getsignal(_SIGINT)
            if callable(handler):
                self.handler = handler
                _signal.signal(_SIGINT, self.on_signal)
        return self

    def __exit__(self, *exc):
        _active.watch = self.outer
        if self.handler is not None:
            _signal.signal(_SIGINT, self.handler)
        if isinstance(self.report, Bar):
            self.report.close()
        if self.interrupted is not None:
            self.handler(*self.interrupted)
        if self.exception is not None:
            raise self.exception


# The only one that runs signal handlers; in a forked child the one that called fork.
_main_thread = threading.main_thread().ident


def _forked():
    global _main_thread
    _main_thread = get_ident()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


class _Active(threading.local):
    """The watch of the call under way in this thread."""

    watch = None


_active = _Active()


def _called(context, done, total):
    return _active.watch.called(done, total)


def _polled(context):
    return _active.watch.interrupted is not None


_progress = ntk_progress(_called)
_no_progress = ntk_progress()
_poll = ntk_poll(_polled)


class Bar:
    """A tqdm bar as a progress callable."""

    def __init__(self, tqdm):
        self._tqdm = tqdm
        self._bar = None

    def __call__(self, done, total):
        if self._bar is None:
            self._bar = self._tqdm(total=total)
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def close(self):
        if self._bar is not None:
            self._bar.update(self._bar.total - self._bar.n)
            self._bar.close()


def bar():
    """Return a bar, or a plain count where tqdm is not installed."""
    try:
        from tqdm import tqdm
    except ImportError:
        import sys

        def count(done, total):
            print(
                f"\r{done} / {total}",
                end="\n" if done >= total else "",
                file=sys.stderr,
                flush=True,
            )

        return count
    return Bar(tqdm)


def allocate(shape, dtype) -> np.ndarray:
    """Allocate a result.

    Linux hands out more memory than it has and ends the process that touches too much of it: a
    large result is held against what is available first.
    """
    count = dtype.itemsize
    for n in shape:
        count *= n
    if count < LARGE or count <= available_memory():
        try:
            return np.empty(shape, dtype)
        except (MemoryError, ValueError):
            pass
    raise OutOfMemoryError(
        f"a result of shape {tuple(shape)} and dtype {dtype} takes {count:,} bytes, which cannot "
        "be allocated"
    )


LARGE = 1 << 26


def available_memory() -> int | float:
    """Return how many bytes can be had without swapping; infinity where the system does not say."""
    try:
        with open("/proc/meminfo") as lines:
            for line in lines:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return float("inf")


_SIGINT = int(_signal.SIGINT)


def _options(limit, progress):
    size = ctypes.sizeof(ntk_run_options)
    return ntk_run_options(size, limit, progress, None, None, _poll, None, 0)


# Options of a run without a limit and without a report.
QUIET = _options(0, _no_progress)


def run(function, handle, inputs, outputs, *, memory_limit=None, progress=None) -> None:
    """Call `function(handle, inputs, count, outputs, count, options)` of the library.

    Raises
    ------
    NTKError
        As the library says.
    KeyboardInterrupt
        If SIGINT arrived meanwhile, or whatever the handler of SIGINT raises.
    """
    taken = Buffers(inputs, True)
    given = Buffers(outputs, False)
    limit = memory_limit if memory_limit is not None else current.memory_limit
    with Watch(progress if progress is not None else current.progress) as watch:
        settings = _options(limit or 0, _progress if watch.report is not None else _no_progress)
        settings.debug_nans = current.debug_nans
        status = function(handle, taken.pointer, taken.count, given.pointer, given.count, settings)
    if status:
        fail_run(status)


def fail_run(status) -> None:
    """Raise what a run's status says."""
    fail(status, "" if status != NTK_CALLBACK else " (stopped by the progress callback)")
