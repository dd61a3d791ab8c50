"""Parameters of an operation as program text."""

from __future__ import annotations

import json

import numpy as np

from .dtypes import name_of


def text_of(value) -> str:
    """Write one parameter value."""
    if value is None:
        return "none"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    if isinstance(value, (float, np.floating)):
        return repr(float(value))
    if isinstance(value, np.dtype):
        return name_of(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, Body):
        return f"${value.index}"
    return json.dumps(value, ensure_ascii=False)


class Body:
    """Stands for a program passed beside the parameters."""

    __slots__ = ("index",)

    def __init__(self, index: int):
        self.index = index


def parameters_text(parameters: dict) -> str:
    """Write parameters as between the brackets of an equation."""
    return ", ".join(f"{name}={text_of(value)}" for name, value in parameters.items())
