"""What samplers share: the stream of bits, and checks of keys, shapes and element types.

Functions here work on Values of the innermost trace.
"""

from __future__ import annotations

import functools
import inspect
import math
import sys

import numpy as np

from .. import tree
from .._errors import ArgumentError, DTypeError, NTKError, OutOfMemoryError, ShapeError
from .._numpy.values import shape_argument
from .._stream import stream
from .._tracing import emit
from .._tracing.dtypes import F32, F64, U8, U32, U64, supported
from .._tracing.location import place, unsupported
from .._tracing.operands import traced
from .._tracing.trace import Value, current
from .._tracing.tracer import Tracer, as_value
from .._transforms.jit import jit


class partitionable:
    """Choose the stream of bits inside a `with` block, in this thread.

    Parameters
    ----------
    enabled : bool
        True: the stream that JAX 0.5 and later default to. False: the original one, which is also
        what is used outside of any block.

    Raises
    ------
    ArgumentError
        If `enabled` is not a bool.

    Notes
    -----
    As the option `jax_threefry_partitionable`. `key` and `fold_in` are the same in both.

    Examples
    --------
    >>> import swntk
    >>> k = swntk.random.key(0)
    >>> print(swntk.random.bits(k, (2,), "uint32"))
    [ 928981903 3453687069]
    >>> with swntk.random.partitionable(True):
    ...     print(swntk.random.bits(k, (2,), "uint32"))
    [4070199207 4202968722]
    """

    def __init__(self, enabled: bool):
        if not isinstance(enabled, (bool, np.bool_)):
            raise ArgumentError(f"partitionable takes True or False, got {enabled!r}{place()}")
        self._new = bool(enabled)

    def __enter__(self):
        self._old = stream.partitionable
        stream.partitionable = self._new
        return self

    def __exit__(self, *exc):
        stream.partitionable = self._old


# Programs of one sampler that are kept: a bound or a probability that varies makes a new one.
_KEPT = 256


def sampler(f):
    """Let a function of traced keys and arrays take plain ones; the first argument is a key.

    Called on plain ones it is compiled once for each signature and stream.
    """
    compiled = {False: jit(f), True: jit(f)}
    signature = inspect.signature(f)

    @functools.wraps(f)
    def wrapper(key, *args, **kwargs):
        key = checked_key(key, f.__name__.lstrip("_"))
        if any(isinstance(leaf, Tracer) for leaf in tree.leaves((key, args, kwargs))):
            return f(key, *args, **kwargs)
        run = compiled[stream.partitionable]
        if len(run._programs) >= _KEPT:
            run.clear_cache()
        # By keyword, numbers and shapes are part of the signature.
        return run(**signature.bind(key, *args, **kwargs).arguments)

    return wrapper


def checked_key(key, name: str):
    """Return a key, plain or traced, as an array uint32[2].

    Raises
    ------
    ArgumentError, DTypeError
        If it is none.
    """
    kind = str(getattr(key, "dtype", ""))
    if kind.startswith("key<"):
        key = data_of_typed(key, kind, name)
    if isinstance(key, (list, tuple, bool, int, float, str)) or key is None:
        raise DTypeError(
            f"random.{name}: the key is {key!r}, expected an array uint32[2], as random.key(seed) "
            f"makes{place()}"
        )
    if not isinstance(key, Tracer):
        key = np.asarray(key)
    if key.dtype != U32:
        raise DTypeError(
            f"random.{name}: the key has dtype {key.dtype}, expected uint32, as random.key(seed) "
            f"makes{place()}"
        )
    if key.shape != (2,):
        several = "; use swntk.vmap for several keys" if key.shape[-1:] == (2,) else ""
        raise ArgumentError(
            f"random.{name}: the key has shape {key.shape}, expected (2,){several}{place()}"
        )
    return key


def data_of_typed(key, kind, name):
    """Return the words of one of JAX's typed keys."""
    if kind != "key<fry>":
        raise DTypeError(
            f"random.{name}: the key has dtype {kind}, expected one of threefry2x32{place()}"
        )
    try:
        return np.asarray(sys.modules["jax"].random.key_data(key))
    except Exception as error:
        raise DTypeError(
            f"random.{name}: a typed key of JAX cannot be read here: pass "
            f"jax.random.key_data(key){place()}"
        ) from error


def size_of(shape) -> int:
    """Return the number of elements."""
    return math.prod(shape)


def shape_of(shape, name: str) -> tuple:
    """Return a shape that is known while tracing."""
    try:
        shape = shape_argument(shape)
    except NTKError:
        raise
    except (TypeError, AttributeError):
        raise ArgumentError(
            f"random.{name}: the shape is {shape!r}, expected integers{place()}"
        ) from None
    if any(n < 0 for n in shape):
        raise ArgumentError(f"random.{name}: the shape {shape} has a negative size{place()}")
    if size_of(n for n in shape if n) >= 2**59:
        raise OutOfMemoryError(f"random.{name}: an array of shape {shape} is too large{place()}")
    return shape


def broadcast_shape(name: str, shape, **parameters) -> tuple:
    """Return the result's shape: as given, or the parameters' common one."""
    given = {k: np.shape(v) for k, v in parameters.items()}
    wanted = None if shape is None else shape_of(shape, name)
    try:
        common = np.broadcast_shapes(*given.values())
        wanted = common if wanted is None else wanted
        fits = np.broadcast_shapes(common, wanted) == wanted
    except ValueError:
        fits = False
    if not fits:
        shown = ", ".join(f"{k} has shape {v}" for k, v in given.items())
        asked = "" if shape is None else f", which does not broadcast to {shape}"
        raise ShapeError(f"random.{name}: {shown}{asked}{place()}")
    return wanted


def dtype_of(dtype, default, name: str) -> np.dtype:
    """Return an element type as NumPy reads it; `default` if none is given."""
    try:
        return np.dtype(default if dtype is None else dtype)
    except (TypeError, ValueError):
        raise DTypeError(f"random.{name}: dtype is {dtype!r}, which is none{place()}") from None


def float_type(dtype, name: str) -> np.dtype:
    """Return a floating type; float64 if none is given."""
    dtype = dtype_of(dtype, np.float64, name)
    if dtype not in (F32, F64):
        raise DTypeError(f"random.{name}: dtype is {dtype}, expected float32 or float64{place()}")
    return supported(dtype)


def integer_type(dtype, name: str) -> np.dtype:
    """Return an integer type; int64 if none is given."""
    dtype = dtype_of(dtype, np.int64, name)
    if dtype.kind not in "iu":
        raise DTypeError(f"random.{name}: dtype is {dtype}, expected an integer type{place()}")
    return supported(dtype, "dtype")


# ---- bits


def key_value(key) -> Value:
    """Bring a key into the innermost trace."""
    return traced(key).here()


def halves(key: Value):
    """Return the two words of a key as scalars."""
    return tuple(emit.reshape(emit.slice_axis(key, 0, i, i + 1), ()) for i in range(2))


def threefry(key: Value, x0: Value, x1: Value):
    """Encrypt blocks of two words."""
    k0, k1 = (emit.broadcast(k, x0.shape, ()) for k in halves(key))
    return current().apply("threefry2x32", [k0, k1, x0, x1], results=2)


def _iota(n: int, dtype=U32) -> Value:
    return emit.iota(n, dtype)


def _blocks(key: Value, n: int):
    """Return n words of the original stream as two vectors of which the first is no shorter.

    Block i holds the counters i and half + i; the last one, where n is odd, 0 for the latter.
    """
    if n >= 2**32 - 1:
        raise unsupported(
            f"{n:,} random words by one key are not supported", "random.split for several keys"
        )
    half = (n + 1) // 2
    x0 = _iota(half)
    if n % 2:
        x1 = emit.pad(_iota(n), emit.full((), 0, U32), [[0, 1, 0]])
        x1 = emit.slice_axis(x1, 0, half, n + 1)
    else:
        x1 = emit.emit("np.add", [x0, emit.full((), half, U32)])
    return threefry(key, x0, x1)


def _counted(key: Value, shape):
    """Return two words for each element: the partitionable stream."""
    n = size_of(shape)
    if n >= 2**32:
        count = _iota(n, U64)
        high = emit.convert(shifted("shift_right_logical", count, 32), U32)
        low = emit.convert(masked(count, 2**32 - 1), U32)
    else:
        high, low = emit.full((n,), 0, U32), _iota(n)
    return tuple(emit.reshape(w, shape) for w in threefry(key, high, low))


def filled(x: Value, number) -> Value:
    return emit.broadcast(emit.full((), number, x.dtype), x.shape, ())


def shifted(name, x: Value, by: int) -> Value:
    return emit.emit(name, [x, filled(x, by)])


def masked(x: Value, mask: int) -> Value:
    return emit.emit("and", [x, filled(x, mask)])


def split_key(key: Value, shape=(2,)) -> Value:
    """Return keys of shape [*shape, 2]."""
    n = size_of(shape)
    if stream.partitionable:
        words = [emit.reshape(w, (*shape, 1)) for w in _counted(key, shape)]
        return emit.concatenate(words, len(shape))
    words = _blocks(key, 2 * n)
    return emit.reshape(emit.concatenate(words, 0), (*shape, 2))


def split_keys(key: Value, n: int = 2) -> list:
    """Return n keys."""
    keys = split_key(key, (n,))
    return [emit.reshape(emit.slice_axis(keys, 0, i, i + 1), (2,)) for i in range(n)]


def random_bits(key: Value, dtype: np.dtype, shape) -> Value:
    """Return bits as unsigned integers: uint8, uint32 or uint64."""
    n = size_of(shape)
    if stream.partitionable:
        high, low = _counted(key, shape)
        if dtype == U64:
            return _joined(high, low)
        word = emit.emit("xor", [high, low])
        return word if dtype == U32 else emit.convert(masked(word, 255), U8)
    if dtype == U64:
        return emit.reshape(_joined(*_blocks(key, 2 * n)), shape)
    if dtype == U32:
        return emit.reshape(_words(key, n), shape)
    words = _words(key, (n + 3) // 4)
    whole = (words.size, 4)
    shifts = emit.emit("iota", [], dtype=U32, shape=list(whole), dimension=1)
    shifts = emit.emit("mul", [shifts, filled(shifts, 8)])
    parts = emit.emit("shift_right_logical", [emit.broadcast(words, whole, [0]), shifts])
    parts = emit.reshape(emit.convert(masked(parts, 255), U8), (4 * words.size,))
    return emit.reshape(emit.slice_axis(parts, 0, 0, n), shape)


def _words(key: Value, n: int) -> Value:
    return emit.slice_axis(emit.concatenate(_blocks(key, n), 0), 0, 0, n)


def _joined(high: Value, low: Value) -> Value:
    high = shifted("shift_left", emit.convert(high, U64), 32)
    return emit.emit("or", [high, emit.convert(low, U64)])


# ---- numbers


def unit(key: Value, dtype: np.dtype, shape) -> Value:
    """Return floats in [0, 1): the mantissa's bits, scaled, which is exact."""
    mantissa = 23 if dtype == F32 else 52
    bits = random_bits(key, U32 if dtype == F32 else U64, shape)
    bits = shifted("shift_right_logical", bits, 8 * bits.dtype.itemsize - mantissa)
    floats = emit.convert(bits, dtype)
    return emit.emit("mul", [floats, filled(floats, 2.0**-mantissa)])


def between(key: Value, dtype: np.dtype, shape, low, high) -> Value:
    """Return floats in [low, high); bounds are numbers, or Values that broadcast to the shape."""
    floats = unit(key, dtype, shape)
    if not isinstance(low, Value) and not isinstance(high, Value) and (low, high) == (0, 1):
        return floats
    low, high = as_value(low, dtype), as_value(high, dtype)
    span = emit.emit("np.subtract", [high, low])
    scaled = emit.emit("np.add", [emit.emit("np.multiply", [floats, span]), low])
    return emit.emit("np.maximum", [low, scaled])
