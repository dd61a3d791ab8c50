"""The tables through which NumPy's protocols reach the handlers of `swntk._numpy`."""

from __future__ import annotations

import numpy as np

from .._errors import UnsupportedError
from .location import unsupported

UFUNCS: dict = {}
"""numpy.ufunc -> rule(operands, dtype) -> Value."""

NAMED_UFUNCS: dict = {}
"""Name of a ufunc of another package (scipy.special) -> rule: nothing has to import it."""

FUNCTIONS: dict = {}
"""NumPy function -> handler with the function's own signature."""

ADVICE: dict = {}
"""Name of what is not supported -> what to write instead."""


def implements(*names: str):
    """Register a handler for functions of NumPy by their dotted names; unknown ones are skipped."""

    def register(handler):
        for name in names:
            target = np
            for part in name.split("."):
                target = getattr(target, part, None)
            if target is not None:
                FUNCTIONS[target] = handler
        return handler

    return register


def find_rule(ufunc):
    """Return the rule of a ufunc, or raise."""
    found = UFUNCS.get(ufunc) or NAMED_UFUNCS.get(ufunc.__name__)
    if found is None:
        raise not_supported(ufunc)
    return found


def call_function(func, args, kwargs):
    """Answer `__array_function__`."""
    handler = FUNCTIONS.get(func)
    if handler is None:
        raise not_supported(func)
    return handler(*args, **kwargs)


def not_supported(func) -> UnsupportedError:
    """Make the error for a function of NumPy without a handler."""
    name = getattr(func, "__name__", str(func))
    module = getattr(func, "__module__", None) or "numpy"
    if module.startswith("numpy"):
        parts = [
            part for part in module.split(".")[1:] if not part.startswith(("_", "core", "lib"))
        ]
        name = ".".join(["np", *parts, name])
    elif module.startswith("scipy"):
        name = f"scipy.special.{name}"
    else:
        name = f"{module}.{name}"
    short = name.rpartition(".")[2]
    return unsupported(
        f"{name} of a traced array is not supported",
        ADVICE.get(
            short,
            "write it in terms of NumPy functions that are (docs/numpy-coverage.md), or compute it "
            "outside of the traced function",
        ),
    )


# Set by swntk._numpy when it is imported.
def call_ufunc(ufunc, method, inputs, kwargs):
    raise NotImplementedError


def get_item(array, index):
    raise NotImplementedError


def set_item(array, index, value):
    raise NotImplementedError
