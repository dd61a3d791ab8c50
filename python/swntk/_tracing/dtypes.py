"""Element types, and NEP 50's promotion, which NumPy 1.24 does not do itself.

A Python `int` or `float` is *weak*: it takes the type of what it meets. In this module an
operand's type is a `numpy.dtype`, or `"i"` or `"f"` for a weak integer or float.
"""

from __future__ import annotations

import numpy as np

from .._errors import DTypeError, UnsupportedError

F32 = np.dtype(np.float32)
F64 = np.dtype(np.float64)
I32 = np.dtype(np.int32)
I64 = np.dtype(np.int64)
U8 = np.dtype(np.uint8)
U32 = np.dtype(np.uint32)
U64 = np.dtype(np.uint64)
BOOL = np.dtype(np.bool_)
FLOAT0 = np.dtype([("float0", np.void, 0)])
"""The element type of tangents of integers, as in JAX."""

# By kind and item size, because C's `long` and `long long` are two types of one meaning.
_BY_KIND = {(t.kind, t.itemsize): t for t in (F32, F64, I32, I64, U8, U32, U64, BOOL)}
_CODES = {F32: 1, F64: 2, I32: 3, I64: 4, U8: 5, U32: 6, U64: 7, BOOL: 8}
_FROM_CODE = {code: dtype for dtype, code in _CODES.items()}
NAMES = {
    F32: "f32",
    F64: "f64",
    I32: "i32",
    I64: "i64",
    U8: "u8",
    U32: "u32",
    U64: "u64",
    BOOL: "bool",
}


def code_of(dtype: np.dtype) -> int:
    """Return the `ntk_element_type` of a supported type."""
    return _CODES[dtype]


def from_code(code: int) -> np.dtype:
    """Return the type of an `ntk_element_type`."""
    return _FROM_CODE[code]


def name_of(dtype: np.dtype) -> str:
    """Return a type's name in program text."""
    return NAMES[dtype]


def is_half(dtype: np.dtype) -> bool:
    """Whether a type is float16 or bfloat16, which are float32 inside a program."""
    return dtype.itemsize == 2 and (dtype.kind == "f" or dtype.name == "bfloat16")


def supported(dtype, what: str = "an array") -> np.dtype:
    """Return the type that stands for `dtype` inside a program.

    Raises
    ------
    DTypeError, UnsupportedError
        If there is none; `what` names the array.
    """
    dtype = np.dtype(dtype)
    found = _BY_KIND.get((dtype.kind, dtype.itemsize))
    if found is not None:
        return found
    if is_half(dtype):
        return F32
    from .location import place

    if dtype.kind == "c":
        raise UnsupportedError(
            f"{what} is {dtype}: complex numbers are not supported; pass real and imaginary "
            "parts as two "
            f"arrays and return two outputs{place()}"
        )
    advice = ""
    if dtype.kind in "iu":
        advice = "; convert it first, for example x.astype(np.int32)"
    elif dtype.kind == "f":
        advice = "; convert it first, for example x.astype(np.float64)"
    raise DTypeError(
        f"{what} has dtype {dtype}; supported are float32, float64, int32, int64, uint8, uint32, "
        "uint64, "
        f"bool (float16 and bfloat16 are computed in float32){advice}" + place()
    )


def is_floating(dtype: np.dtype) -> bool:
    """Whether a type can be differentiated by."""
    return dtype.kind == "f"


_WEAK_RANK = {"b": 0, "u": 1, "i": 1, "f": 2}
_WEAK_DEFAULT = {"i": I64, "f": F64}


def default_of(kind) -> np.dtype:
    """Return the type of an operand that meets no other."""
    return _WEAK_DEFAULT[kind] if isinstance(kind, str) else kind


def promote(types) -> np.dtype:
    """Return the common type of operands by NEP 50.

    Parameters
    ----------
    types : iterable of numpy.dtype or {"i", "f"}
    """
    strong = None
    weak = None
    for kind in types:
        if isinstance(kind, str):
            if weak is None or _WEAK_RANK[kind] > _WEAK_RANK[weak]:
                weak = kind
        elif strong is None or strong is kind:
            strong = kind
        else:
            strong = supported(np.promote_types(strong, kind), "the common type")
    if strong is None:
        return _WEAK_DEFAULT[weak]
    if weak is None or _WEAK_RANK[strong.kind] >= _WEAK_RANK[weak]:
        return strong
    return _WEAK_DEFAULT[weak]


def floating(dtype: np.dtype) -> np.dtype:
    """Return the type in which NumPy computes a real function of `dtype`.

    float16, which NumPy takes for bool and uint8, is float32 here as everywhere in a program.
    """
    if dtype.kind == "f":
        return dtype
    return F32 if dtype.itemsize == 1 else F64


def weak_result(types) -> bool:
    """Whether Python arithmetic on such operands gives a Python number."""
    return all(isinstance(kind, str) for kind in types)
