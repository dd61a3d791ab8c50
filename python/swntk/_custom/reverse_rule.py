"""custom_vjp: a rule for reverse mode only."""

from __future__ import annotations

from .. import tree
from .._arguments import Argument, function_name
from .._bodies import inside, merged, widened
from .._errors import UnsupportedError
from .._trace_function import trace_call
from .._tracing import emit
from .._tracing.dtypes import FLOAT0
from .._tracing.location import place
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .._transforms.binding import zeros0
from .calling import MissingRuleError, RuleError, WithRule, of_type, opening


class custom_vjp(WithRule):
    """A function with its own derivative, given for reverse mode.

    Parameters
    ----------
    fun : callable
        Of arrays or trees of arrays; returns the like.
    nondiff_argnums : sequence of int
        Arguments without derivative, such as functions; `bwd` takes them first.
    nondiff_argnames : sequence of str
        The same by name.

    Raises
    ------
    MissingRuleError
        Later, if the function is called before `defvjp`; an AttributeError, as in JAX.
    RuleError
        Later, if the rule returns what does not fit; a TypeError, as in JAX.
    UnsupportedError
        Later, in forward mode; or if the function closes over a traced value that is differentiated
        by.

    Notes
    -----
    As `jax.custom_vjp`. The rule is traced with every call, also where no derivative is taken.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> @swntk.custom_vjp
    ... def clip_gradient(x):
    ...     return x
    >>> clip_gradient.defvjp(lambda x: (x, None), lambda _, g: (np.clip(g, -1, 1),))
    >>> print(swntk.grad(lambda x: 5 * clip_gradient(x))(2.0))
    1.0
    """

    fwd = bwd = None

    def defvjp(self, fwd, bwd, symbolic_zeros: bool = False, optimize_remat: bool = False):
        """Define the rule.

        Parameters
        ----------
        fwd : callable
            Of the function's arguments; returns `(out, residuals)`, residuals a tree of arrays.
        bwd : callable
            `bwd(*nondiff, residuals, cotangent)` returns a tuple, the cotangent of each argument
            that has one; None is zero.
        symbolic_zeros : bool
            Must be False.
        optimize_remat : bool
            Accepted and ignored.

        Raises
        ------
        UnsupportedError
            For symbolic zeros.
        """
        if symbolic_zeros:
            raise UnsupportedError("custom_vjp: symbolic_zeros=True; cotangents are arrays here")
        self.fwd, self.bwd = fwd, bwd

    def __call__(self, *args, **kwargs):
        if self.fwd is None:
            raise MissingRuleError(
                f"no VJP is defined for the custom_vjp function {function_name(self.fun)}: use "
                f"defvjp{place()}"
            )
        if current() is None:
            return self.fun(*args, **kwargs)
        call = self.call_of(args, kwargs)
        body = call.body()
        found = [body]
        with opening(self) as wanted:
            if wanted:
                forward, residuals = self._forward(call, body)
                found += [forward, self._backward(call, body, residuals)]
        sources, places = merged([t.captured for t in found])
        count = len(sources)
        consts = [as_value(source) for source in sources]
        inputs = [(c.shape, c.dtype) for c in consts] + call.types
        types = body.program.output_types
        name = function_name(self.fun)
        rest = range(count, len(inputs))
        programs = [widened(body.program, [*places[0], *rest], inputs, types, name)]
        parameters = {"call_jaxpr": Body(0)}
        if len(found) > 1:
            forward, backward = found[1].program, found[2].program
            kept = forward.output_types[len(types) :]
            programs.append(
                widened(
                    forward, [*places[1], *rest], inputs, forward.output_types, f"fwd of {name}"
                )
            )
            inputs = inputs[:count] + kept + [t for t in types if t.dtype.kind == "f"]
            own = [*places[2], *range(count, len(inputs))]
            programs.append(widened(backward, own, inputs, backward.output_types, f"bwd of {name}"))
            parameters.update(fwd_jaxpr=Body(1), bwd_jaxpr=Body(2))
        values = current().apply(
            "custom_vjp_call",
            [*consts, *call.values()],
            parameters_text({**parameters, "num_consts": count, "name": name}),
            [p.pointer for p in programs],
            len(types),
        )
        results = [Tracer.fresh(v, weak=w) for v, w in zip(values, body.weak)]
        return tree.unflatten(body.out_tree, results)

    def _forward(self, call, body):
        name = function_name(self.fwd)
        residual_tree = None

        def run(tracers):
            nonlocal residual_tree
            result = self.fwd(*call.filled(tracers))
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise RuleError(
                    f"the rule {name} must return a pair (out, residuals), got "
                    f"{type(result).__name__}{place()}"
                )
            leaves, treedef = tree.flatten(result[0])
            if treedef != body.out_tree:
                raise RuleError(
                    f"the rule {name} returned {treedef!r}, its function {body.out_tree!r}{place()}"
                )
            paths = tree.paths(treedef, f"the value of the rule {name}")
            types = body.program.output_types
            values = [of_type(x, *t, path) for x, t, path in zip(leaves, types, paths)]
            residuals, residual_tree = tree.flatten(result[1])
            return values, residuals

        traced = trace_call(self.fwd, inside(call.arguments), run, captured_first=True)
        count = len(body.program.output_types)
        kept = [
            Argument(path, None, shape, dtype, dtype, scalar=not shape, weak=weak)
            for path, (shape, dtype), weak in zip(
                tree.paths(residual_tree, "residuals"),
                traced.program.output_types[count:],
                traced.weak[count:],
            )
        ]
        return traced, (residual_tree, kept)

    def _backward(self, call, body, residuals):
        residual_tree, kept = residuals
        name = function_name(self.bwd)
        types = body.program.output_types
        paths = tree.paths(body.out_tree, "the cotangent")
        cotangents = [
            Argument(path, None, shape, dtype, dtype, scalar=not shape)
            for path, (shape, dtype) in zip(paths, types)
            if dtype.kind == "f"
        ]

        def run(tracers):
            given = iter(tracers[len(kept) :])
            leaves = [next(given) if dtype.kind == "f" else zeros0(shape) for shape, dtype in types]
            result = self.bwd(
                *call.nondiff,
                tree.unflatten(residual_tree, tracers[: len(kept)]),
                tree.unflatten(body.out_tree, leaves),
            )
            return self._checked(result, call, name)

        return trace_call(self.bwd, [*kept, *cotangents], run, captured_first=True)

    @staticmethod
    def _checked(result, call, name):
        """Return the cotangents of floating leaves, zeros for None."""
        if isinstance(result, list):
            result = tuple(result)
        if not isinstance(result, tuple) or len(result) != len(call.trees):
            shown = f"{len(result)} of them" if isinstance(result, tuple) else repr(result)
            raise RuleError(
                f"the rule {name} must return a tuple of {len(call.trees)} cotangents, one for "
                f"each argument, got {shown}{place()}"
            )
        arguments = iter(call.arguments)
        found = []
        for treedef, cotangent in zip(call.trees, result):
            own = [next(arguments) for _ in range(treedef.num_leaves)]
            try:
                leaves = tree.broadcast_prefix(
                    cotangent,
                    tree.unflatten(treedef, range(treedef.num_leaves)),
                    "the cotangent",
                    is_leaf=lambda x: x is None,
                )
            except ValueError as error:
                raise RuleError(
                    f"the rule {name} returned a cotangent that does not fit its argument: {error}"
                ) from None
            for a, leaf in zip(own, leaves):
                if not a.floating:
                    continue
                if leaf is None or getattr(leaf, "dtype", None) == FLOAT0:
                    found.append(Tracer.fresh(emit.full(a.shape, 0, a.dtype)))
                else:
                    what = f"the cotangent of {a.name} from the rule {name}"
                    found.append(of_type(leaf, a.shape, a.dtype, what))
        return found
