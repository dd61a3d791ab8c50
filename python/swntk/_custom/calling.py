"""One call of a function that has a rule of its own."""

from __future__ import annotations

import functools
import inspect
import threading

from .. import tree
from .._arguments import from_leaf, function_name, is_arraylike, parameter_names
from .._bodies import inside
from .._errors import ArgumentError, DTypeError, ShapeError
from .._trace_function import trace_call
from .._tracing import trace as tracing
from .._tracing.location import place
from .._tracing.operands import kind_of, operand
from .._tracing.tracer import Tracer, as_value


class RuleError(ArgumentError, TypeError):
    """A rule returned what does not fit its function; JAX raises a TypeError."""


class MissingRuleError(ArgumentError, AttributeError):
    """A function was called before its rule was defined; JAX raises an AttributeError."""


class WithRule:
    """A function with a rule.

    Parameters
    ----------
    fun : callable
    nondiff_argnums : sequence of int
        Arguments that reach function and rule as they are, in front of the rule's others.
    nondiff_argnames : sequence of str
        The same by name.
    """

    def __init__(self, fun, nondiff_argnums=(), nondiff_argnames=()):
        functools.update_wrapper(self, fun, updated=())
        if hasattr(nondiff_argnums, "__index__"):
            nondiff_argnums = (nondiff_argnums,)
        self.fun = fun
        self.nondiff_argnums = tuple(nondiff_argnums)
        self.nondiff_argnames = tuple(nondiff_argnames)

    def __get__(self, instance, owner=None):
        return self if instance is None else functools.partial(self, instance)

    def call_of(self, args, kwargs) -> Call:
        args = positional(self.fun, args, kwargs)
        names = parameter_names(self.fun, len(args))
        static = {n % len(args) for n in self.nondiff_argnums if -len(args) <= n < len(args)}
        static |= {i for i, name in enumerate(names) if name in self.nondiff_argnames}
        return Call(self.fun, args, sorted(static), names)


def positional(f, args, kwargs) -> tuple:
    """Return all arguments of a call as positional ones, defaults among them."""
    try:
        signature = inspect.signature(f)
    except (TypeError, ValueError):
        if kwargs:
            raise ArgumentError(
                f"{function_name(f)} has no signature, so its rule takes positional arguments only"
            ) from None
        return args
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    if bound.kwargs:
        raise ArgumentError(
            f"the keyword-only arguments {sorted(bound.kwargs)} of {function_name(f)} cannot be "
            "handed to its rule"
        )
    return bound.args


class Call:
    """A call's arguments: leaves that are traced, and arguments that stay as they are.

    Attributes
    ----------
    arguments : list of Argument
        The traced leaves.
    trees : list of TreeDef
        The structure of each argument that is traced.
    """

    def __init__(self, f, args, static, names):
        self.f = f
        self.args = args
        self.static = static
        self.arguments = []
        self.trees = []
        self._spans = []
        for i, (name, arg) in enumerate(zip(names, args)):
            if i in static:
                continue
            leaves, treedef = tree.flatten(arg)
            start = len(self.arguments)
            for leaf, path in zip(leaves, tree.paths(treedef, name)):
                if not is_arraylike(leaf):
                    raise RuleError(
                        f"{path} is a {type(leaf).__name__}, which has no derivative; name it in "
                        f"nondiff_argnums{place()}"
                    )
                self.arguments.append(from_leaf(leaf, path))
            self.trees.append(treedef)
            self._spans.append(range(start, len(self.arguments)))

    @property
    def nondiff(self) -> list:
        return [self.args[i] for i in self.static]

    @property
    def floating(self) -> list:
        return [a for a in self.arguments if a.floating]

    def differentiable(self, leaves) -> tuple:
        """Return leaves as the arguments that are traced."""
        return tuple(
            tree.unflatten(treedef, [leaves[i] for i in span])
            for treedef, span in zip(self.trees, self._spans)
        )

    def filled(self, leaves) -> list:
        """Return all arguments, with these leaves in place of the traced ones."""
        traced = iter(self.differentiable(leaves))
        return [a if i in self.static else next(traced) for i, a in enumerate(self.args)]

    def body(self):
        """Trace the function."""
        return trace_call(
            self.f,
            inside(self.arguments),
            lambda tracers: self.f(*self.filled(tracers)),
            captured_first=True,
        )

    def values(self) -> list:
        return [as_value(a.array, a.dtype) for a in self.arguments]

    @property
    def types(self) -> list:
        return [(a.shape, a.dtype) for a in self.arguments]


class _Open(threading.local):
    def __init__(self):
        self.levels = {}


_open = _Open()
# A rule that calls its own function is traced for derivatives of so many orders, and one more for
# each function that is being traced around the call, as each may stand for a derivative.
_ORDERS = 3


class opening:
    """Whether a function's rule is to be traced: not without end where the rule calls the function.

    `with opening(f) as wanted:`
    """

    def __init__(self, f):
        self.key = id(f)

    def __enter__(self) -> bool:
        depth, most = _open.levels.get(self.key, (0, _ORDERS + len(tracing._stack.traces)))
        self.before = _open.levels.get(self.key)
        _open.levels[self.key] = (depth + 1, most)
        return depth < most

    def __exit__(self, *exc):
        if self.before is None:
            del _open.levels[self.key]
        else:
            _open.levels[self.key] = self.before


def of_type(x, shape, dtype, what: str):
    """Return a rule's result as an array of exactly this type; a Python number takes it.

    Raises
    ------
    ShapeError, DTypeError
    """
    x = operand(x)
    kind = kind_of(x)
    found = getattr(x, "shape", ())
    if tuple(found) != tuple(shape):
        raise RuleShapeError(f"{what} has shape {tuple(found)}, expected {tuple(shape)}{place()}")
    if not isinstance(kind, str) and kind != dtype:
        raise DTypeError(f"{what} has dtype {kind}, expected {dtype}{place()}")
    return Tracer.fresh(as_value(x, dtype))


class RuleShapeError(ShapeError, TypeError):
    """A rule returned an array of another shape; JAX raises a TypeError."""
