"""pure_callback: Python code outside of the program, called while it runs."""

from __future__ import annotations

import _signal
import ctypes
import threading
from itertools import count

import numpy as np

from .. import tree
from .._arguments import from_leaf, function_name
from .._errors import ArgumentError, DTypeError, ShapeError
from .._ffi import check, quick
from .._ffi.structs import ntk_callback_function, ntk_callback_functions
from .._running import _active
from .._tracing.dtypes import from_code, supported
from .._tracing.location import place
from .._tracing.parameters import parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value

_METHODS = ("sequential", "sequential_unrolled", "expand_dims", "broadcast_all")
# Marks a name that only this process knows.
PREFIX = "python:"


class _Entry:
    """A function that programs call, and how its arguments and results are put together."""

    __slots__ = ("name", "function", "in_tree", "out_tree")

    def __init__(self, name, function, in_tree, out_tree):
        self.name = name
        self.function = function
        self.in_tree = in_tree
        self.out_tree = out_tree

    def results(self, arrays, types) -> list:
        """Call the function.

        Raises
        ------
        ArgumentError, ShapeError, DTypeError
            If what it returns is not what was announced.
        """
        args, kwargs = tree.unflatten(self.in_tree, arrays)
        result = self.function(*args, **kwargs)
        what = f"the result of the callback {function_name(self.function)}"
        leaves, treedef = tree.flatten(result)
        if treedef != self.out_tree:
            raise ArgumentError(f"{what} is {treedef!r}, expected {self.out_tree!r}")
        found = []
        for leaf, path, (shape, dtype) in zip(leaves, tree.paths(treedef, what), types):
            array = np.asarray(leaf)
            if array.shape != tuple(shape):
                raise ShapeError(f"{path} has shape {array.shape}, expected {tuple(shape)}")
            if array.dtype != dtype:
                if type(leaf) not in (bool, int, float):
                    raise DTypeError(f"{path} has dtype {array.dtype}, expected {dtype}")
                array = array.astype(dtype)
            found.append(array)
        return found


_entries: dict[int, _Entry] = {}
_by_function: dict = {}
_numbers = count(1)
_lock = threading.RLock()
_sweep_at = 64


def _view(buffer) -> np.ndarray:
    """Return the memory of a row-major ntk_buffer as an array."""
    rank = buffer.rank
    shape = tuple((ctypes.c_int64 * rank).from_address(buffer.sizes)) if rank else ()
    dtype = from_code(buffer.element_type)
    size = dtype.itemsize
    for n in shape:
        size *= n
    if not size:
        return np.empty(shape, dtype)
    return np.frombuffer((ctypes.c_char * size).from_address(buffer.data), dtype).reshape(shape)


def _dispatch(context, inputs, input_count, outputs, output_count) -> int:
    """Call an entry's function; what it raises comes out of the run as itself."""
    watch = _active.watch
    restored = False
    try:
        try:
            if watch is not None and watch.interrupted is not None:
                return 1
            if watch is not None and watch.handler is not None:
                # The user's own handler may raise here, where Python code runs.
                restored = True
                _signal.signal(_signal.SIGINT, watch.handler)
            # Copies: the memory is used again while the function may keep its arguments.
            arrays = [_view(inputs[i]).copy() for i in range(input_count)]
            targets = [_view(outputs[i]) for i in range(output_count)]
            types = [(t.shape, t.dtype) for t in targets]
            for target, array in zip(targets, _entries[context].results(arrays, types)):
                target[...] = array
        finally:
            if restored:
                _signal.signal(_signal.SIGINT, watch.on_signal)
    except BaseException as error:  # also SystemExit: it must reach the caller
        if watch is not None:
            watch.exception = error
        return 1
    return 0


_function = ntk_callback_function(_dispatch)


def _bind(function, in_tree, out_tree) -> tuple[int, _Entry]:
    key = (id(function), in_tree, out_tree)
    number = _by_function.get(key)
    if number is None:
        number = next(_numbers)
        name = f"{PREFIX}{number}:{function_name(function)}"
        _entries[number] = _Entry(name, function, in_tree, out_tree)
        _by_function[key] = number
    return number, _entries[number]


def _sweep() -> None:
    """Forget functions that no program holds any more."""
    global _sweep_at
    if len(_entries) < _sweep_at:
        return
    held = ctypes.c_int32()
    for key, number in list(_by_function.items()):
        check(quick.ntk_callback_is_held(_entries[number].name.encode(), held))
        if not held.value:
            del _by_function[key], _entries[number]
    _sweep_at = 2 * len(_entries) + 64


def pure_callback(callback, result_shape_dtypes, *args, sharding=None, vmap_method=None, **kwargs):
    """Call a Python function while the program runs.

    Parameters
    ----------
    callback : callable
        Of NumPy arrays in the structure of `args` and `kwargs`; returns a tree of arrays of the
        announced types. It must be pure: it may be called any number of times, or never.
    result_shape_dtypes : tree
        Of anything with `shape` and `dtype`, such as `swntk.ShapeDtypeStruct`.
    *args, **kwargs : tree
        Arrays.
    sharding
        Must be None.
    vmap_method : {None, "sequential", "sequential_unrolled", "expand_dims", "broadcast_all"}
        How it is mapped: by a loop; or by one call with an axis in front of every argument, of
        size 1 or whole where an argument is not mapped. None: not at all.

    Returns
    -------
    tree
        Of the structure of `result_shape_dtypes`.

    Raises
    ------
    ArgumentError
        If the method is unknown, a sharding is given, or what comes back has another structure.
    ShapeError, DTypeError
        If an array that comes back has another type.
    UnsupportedError
        Later: in `vmap` without a method; in derivatives, unless inside a `custom_jvp` or
        `custom_vjp` function.

    Notes
    -----
    As `jax.pure_callback`. It runs on the thread that runs the program; an exception comes out of
    the run as itself. A program that holds a callback cannot be pickled or saved.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> out = swntk.ShapeDtypeStruct((), np.float64)
    >>> f = swntk.jit(lambda x: 2 * swntk.pure_callback(lambda x: np.round(x, 1), out, x))
    >>> print(f(0.123))
    0.2
    """
    if sharding is not None:
        raise ArgumentError("pure_callback: sharding must be None; there is one device")
    if vmap_method is not None and vmap_method not in _METHODS:
        raise ArgumentError(
            f"pure_callback: vmap_method must be None or one of {_METHODS}, got {vmap_method!r}"
        )
    announced, out_tree = tree.flatten(result_shape_dtypes)
    types = []
    for x, path in zip(announced, tree.paths(out_tree, "result_shape_dtypes")):
        if not hasattr(x, "shape") or not hasattr(x, "dtype"):
            raise ArgumentError(
                f"{path} is {x!r}, expected something with shape and dtype{place()}"
            )
        types.append((tuple(x.shape), supported(np.dtype(x.dtype), path)))
    leaves, in_tree = tree.flatten((args, kwargs))
    given = [from_leaf(x, path) for x, path in zip(leaves, tree.paths(in_tree, "argument"))]
    if current() is None:
        entry = _Entry("", callback, in_tree, out_tree)
        found = entry.results([np.array(a.array) for a in given], types)
        return tree.unflatten(out_tree, found)
    operands = [as_value(a.array, a.dtype) for a in given]
    with _lock:
        _sweep()
        number, entry = _bind(callback, in_tree, out_tree)
        name = entry.name.encode()
        functions = ntk_callback_functions(ctypes.sizeof(ntk_callback_functions), _function)
        functions.context = number
        check(quick.ntk_callback_register(name, functions))
        try:
            parameters = {
                "callback": entry.name,
                "shapes": [list(shape) for shape, _ in types],
                "dtypes": [dtype for _, dtype in types],
                "vmap_method": vmap_method or "",
            }
            values = current().apply(
                "callback", operands, parameters_text(parameters), (), len(types)
            )
        finally:
            check(quick.ntk_callback_unregister(name))
    return tree.unflatten(out_tree, [Tracer.fresh(v) for v in values])
