"""jit: trace once for each signature, then run the program."""

from __future__ import annotations

import functools
import threading

import numpy as np

from .. import tree
from .._arguments import from_leaf, half_of, is_array, is_arraylike, parameter_names, to_own
from .._errors import ArgumentError
from .._stream import stream
from .._trace_function import execute, trace_call
from .prepared import prepare


def jit(f, *, static_argnums=(), static_argnames=()):
    """Make a function that is traced once for each signature.

    A signature is the structure of the arguments, the shapes and element types of arrays, and the
    values of static arguments. Arrays that `f` closes over keep the values they had when it was
    traced.

    Parameters
    ----------
    f : callable
        Of arrays or trees of arrays; it may itself use `grad`, `empirical_ntk_fn` and so on.
    static_argnums : int or sequence of int
        Positional arguments that reach `f` unchanged; they must be hashable.
    static_argnames : str or sequence of str
        The same by name. Keyword arguments that are not arrays are static anyway.

    Returns
    -------
    callable
        It has `clear_cache()`, which forgets the traced programs.

    Raises
    ------
    ArgumentError
        Later, if a static argument is not hashable.
    TracingError, UnsupportedError
        Later, if `f` does what cannot be traced.

    Notes
    -----
    As `jax.jit`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> traced = []
    >>> @swntk.jit
    ... def f(x):
    ...     traced.append(1)
    ...     return np.tanh(x) * 2
    >>> print(f(np.zeros(2)), f(np.ones(2)).shape, len(traced))
    [0. 0.] (2,) 1
    """
    return _Compiled(f, static_argnums, static_argnames)


class _Compiled:
    def __init__(self, f, static_argnums, static_argnames):
        functools.update_wrapper(self, f, updated=())
        self._f = f
        self._static = (
            (static_argnums,) if hasattr(static_argnums, "__index__") else tuple(static_argnums)
        )
        self._names = (
            {static_argnames} if isinstance(static_argnames, str) else set(static_argnames)
        )
        self._programs: dict = {}
        self._prepared: list = []
        self._lock = threading.Lock()

    def __get__(self, instance, owner=None):
        return self if instance is None else functools.partial(self, instance)

    def clear_cache(self) -> None:
        """Forget the traced programs."""
        self._programs.clear()
        self._prepared = []

    def __call__(self, *args, **kwargs):
        if not kwargs:
            for prepared in self._prepared:
                leaves = prepared.read(args)
                if leaves is not None and prepared.partitionable == stream.partitionable:
                    return prepared(leaves)
        call = _Call(self, args, kwargs)
        entry = self._programs.get(call.key)
        if entry is None:
            call.name_arguments()
            traced = trace_call(self._f, call.arguments, call.run, keep_float0=True)
            entry = (traced, half_of(call.arguments))
            # What captured a value of an outer trace is good for that trace only.
            if not traced.captures_traced:
                with self._lock:
                    entry = self._programs.setdefault(call.key, entry)
        traced, half = entry
        if not (kwargs or self._static or self._names or half or traced.captures_traced):
            self._prepare(args, traced)
        results = execute(traced.program, [*(a.array for a in call.arguments), *traced.captured])
        if half is not None:
            results = [to_own(r, half) for r in results]
        return traced.result(results)

    def _prepare(self, args, traced):
        """Keep what a next call with such arguments needs; the latest signatures stand first."""
        prepared = prepare(args, traced)
        if prepared is not None:
            with self._lock:
                self._prepared = [prepared, *self._prepared[: _MOST_PREPARED - 1]]


# A call tries them in turn; one with another signature takes the longer way.
_MOST_PREPARED = 4


class _Call:
    """The arguments of one call, split into arrays and what belongs to the signature."""

    __slots__ = ("compiled", "arguments", "key", "_leaves", "_treedef")

    def __init__(self, compiled: _Compiled, args, kwargs):
        self.compiled = compiled
        static = {
            n % len(args) if args else n for n in compiled._static if -len(args) <= n < len(args)
        }
        if compiled._names:
            names = parameter_names(compiled._f, len(args))
            static |= {i for i, name in enumerate(names) if name in compiled._names}
        wrapped = tuple(_Static(a) if i in static else a for i, a in enumerate(args))
        named = {k: _Static(v) if k in compiled._names else v for k, v in kwargs.items()}
        leaves, treedef = tree.flatten((wrapped, named))
        positional = tree.structure(wrapped).num_leaves if kwargs else len(leaves)
        arguments, signature, kept = [], [], []
        for i, leaf in enumerate(leaves):
            dynamic = is_arraylike(leaf) if i < positional else is_array(leaf)
            if dynamic:
                argument = from_leaf(leaf, "an argument")
                signature.append(argument.key + (argument.own,))
                kept.append(len(arguments))
                arguments.append(argument)
                continue
            value = leaf if isinstance(leaf, _Static) else _Static(leaf)
            signature.append(value)
            kept.append(value)
        self.arguments = arguments
        self._leaves = kept
        self._treedef = treedef
        self.key = (treedef, tuple(signature), stream.partitionable)
        try:
            hash(self.key)
        except TypeError as error:
            raise ArgumentError(f"a static argument must be hashable: {error}") from None

    def name_arguments(self) -> None:
        """Name the arguments for messages: only tracing needs it."""
        args, kwargs = tree.unflatten(self._treedef, range(self._treedef.num_leaves))
        paths = []
        for name, arg in zip(parameter_names(self.compiled._f, len(args)), args):
            paths.extend(tree.paths(arg, name))
        for key in sorted(kwargs):
            paths.extend(tree.paths(kwargs[key], key))
        for slot, path in zip(self._leaves, paths):
            if not isinstance(slot, _Static):
                self.arguments[slot].name = path

    def run(self, tracers):
        values = [
            leaf.value if isinstance(leaf, _Static) else tracers[leaf] for leaf in self._leaves
        ]
        args, kwargs = tree.unflatten(self._treedef, values)
        return self.compiled._f(*args, **kwargs)


class _Static:
    """A value that is part of the signature: equal by type and value."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __hash__(self):
        return hash((type(self.value), self.value))

    def __eq__(self, other):
        return isinstance(other, _Static) and _same(self.value, other.value)


def _same(a, b) -> bool:
    """Whether two values make the same program: 1 and 1.0 do not, nor do 0.0 and -0.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, (float, np.floating)):
        return bool(np.isnan(a) and np.isnan(b)) or bool(a == b and np.signbit(a) == np.signbit(b))
    same = a == b
    if isinstance(same, np.ndarray):
        return a is b
    return bool(same)
