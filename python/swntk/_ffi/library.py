"""Find libntk.so, refuse one of another version, declare its functions.

`library` releases the GIL during a call, for what computes; `quick` keeps it, for what returns
within microseconds. Both are the same library.
"""

from __future__ import annotations

import ctypes
import glob
import os
import sys

from .signatures import NTK_ABI_VERSION, SIGNATURES

_NAME = "libntk.dylib" if sys.platform == "darwin" else "libntk.so"


def candidates() -> list[str]:
    """List the paths tried, in order; the last is left to the system's search."""
    chosen = os.environ.get("SWNTK_LIBRARY")
    if chosen:
        return [os.path.abspath(os.path.expanduser(chosen))]
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = [os.path.join(package, _NAME)]
    checkout = os.path.dirname(os.path.dirname(package))
    if os.path.exists(os.path.join(checkout, "Package.swift")):
        found.append(os.path.join(checkout, ".build", "release", _NAME))
        found.extend(sorted(glob.glob(os.path.join(checkout, ".build", "*", "release", _NAME))))
    found.append(_NAME)
    return found


def _open() -> str:
    tried = candidates()
    reasons = []
    for path in tried:
        if os.path.isabs(path) and not os.path.exists(path):
            reasons.append(f"{path}: no such file")
            continue
        try:
            version = ctypes.CDLL(path).ntk_abi_version
        except (OSError, AttributeError) as error:
            reasons.append(f"{path}: {error}")
            continue
        version.restype = ctypes.c_uint32
        version.argtypes = []
        got = version()
        if got != NTK_ABI_VERSION:
            raise ImportError(
                f"{path} has ABI version {got}, and this swntk needs {NTK_ABI_VERSION}: "
                "install the two from the same release, or rebuild (make build)"
            )
        return path
    raise ImportError(
        f"swntk cannot load {_NAME}. Build it (make build) or set SWNTK_LIBRARY to its path. "
        "Tried:\n  "
        + "\n  ".join(reasons)
    )


def _declare(dll):
    for name, (result, arguments) in SIGNATURES.items():
        try:
            function = getattr(dll, name)
        except AttributeError:
            raise ImportError(
                f"{dll._name} lacks {name}: it was built from another version"
            ) from None
        function.restype = result
        function.argtypes = arguments
    return dll


path = _open()
library = _declare(ctypes.CDLL(path))
quick = _declare(ctypes.PyDLL(path))
