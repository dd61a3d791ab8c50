"""Which kernels are asked for: the argument `get`."""

from __future__ import annotations

import functools
from collections import namedtuple

from .._errors import ArgumentError


def requested(get, known=("nngp", "ntk")) -> tuple:
    """Return the names that `get` asks for.

    Parameters
    ----------
    get : None, str or sequence of str
        None: NNGP and NTK. Capitals do not matter.
    known : tuple of str

    Raises
    ------
    ArgumentError
        If it asks for nothing, for something twice, or for what there is not.
    """
    names = ("nngp", "ntk") if get is None else (get,) if isinstance(get, str) else get
    try:
        names = tuple(name.lower() for name in names)
    except (TypeError, AttributeError):
        raise ArgumentError(f"get must be None, a str or a tuple of str, got {get!r}") from None
    if not names:
        raise ArgumentError("get is empty: there is nothing to compute")
    for name in names:
        if name not in known:
            choice = ", ".join(map(repr, known))
            raise ArgumentError(f"get has {name!r}, expected one or several of {choice}")
    if len(set(names)) < len(names):
        raise ArgumentError(f"get has an entry twice: {get!r}")
    return names


def result(kind: str, get, values: dict):
    """Return what `get` asks for: one value for a str, else a named tuple of this kind."""
    names = requested(get, tuple(values))
    if isinstance(get, str):
        return values[names[0]]
    return _named(kind, names)(*(values[name] for name in names))


@functools.lru_cache(None)
def _named(kind: str, names: tuple):
    """One class for the same names, so that trees of them are equal."""
    return namedtuple(kind, names)
