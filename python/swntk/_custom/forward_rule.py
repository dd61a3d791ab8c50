"""custom_jvp: a rule for forward mode, from which reverse mode follows."""

from __future__ import annotations

import numpy as np

from .. import tree
from .._arguments import Argument, function_name
from .._bodies import inside, merged, widened
from .._errors import UnsupportedError
from .._trace_function import trace_call
from .._tracing.location import place
from .._tracing.parameters import Body, parameters_text
from .._tracing.trace import current
from .._tracing.tracer import Tracer, as_value
from .._transforms.binding import zeros0
from .calling import MissingRuleError, RuleError, WithRule, of_type, opening


class custom_jvp(WithRule):
    """A function with its own derivative, given for forward mode.

    Parameters
    ----------
    fun : callable
        Of arrays or trees of arrays; returns the like.
    nondiff_argnums : sequence of int
        Arguments without derivative, such as functions; the rule takes them first.
    nondiff_argnames : sequence of str
        The same by name.

    Raises
    ------
    MissingRuleError
        Later, if the function is called before `defjvp`; an AttributeError, as in JAX.
    RuleError
        Later, if the rule returns what does not fit; a TypeError, as in JAX.
    UnsupportedError
        Later, if the function closes over a traced value that is differentiated by.

    Notes
    -----
    As `jax.custom_jvp`. The rule is traced with every call, also where no derivative is taken. One
    that calls its own function is traced some levels deep (docs/custom-derivatives.md).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> @swntk.custom_jvp
    ... def log1pexp(x):
    ...     return np.log1p(np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return log1pexp(x), dx * (1 - 1 / (1 + np.exp(x)))
    >>> print(swntk.grad(log1pexp)(100.0))
    1.0
    """

    jvp = None

    def defjvp(self, jvp, symbolic_zeros: bool = False):
        """Define the rule.

        Parameters
        ----------
        jvp : callable
            `jvp(*nondiff, primals, tangents) -> (out, out_tangent)`, linear in the tangents.
        symbolic_zeros : bool
            Must be False.

        Returns
        -------
        callable
            `jvp`, so that this may be a decorator.

        Raises
        ------
        UnsupportedError
            For symbolic zeros.
        """
        if symbolic_zeros:
            raise UnsupportedError("custom_jvp: symbolic_zeros=True; tangents are arrays here")
        self.jvp = jvp
        return jvp

    def defjvps(self, *jvps):
        """Define the rule by one function for each argument, None for those without derivative.

        Parameters
        ----------
        *jvps : callable or None
            `jvp(tangent, out, *primals)`: the argument's share of the output's tangent.
        """
        if self.nondiff_argnums or self.nondiff_argnames:
            raise RuleError("defjvps cannot be used with nondiff_argnums; use defjvp")

        def rule(primals, tangents):
            out = self(*primals)
            shares = [jvp(t, out, *primals) for jvp, t in zip(jvps, tangents) if jvp is not None]
            if not shares:
                return out, tree.map(np.zeros_like, out)
            total = shares[0]
            for share in shares[1:]:
                total = tree.map(lambda a, b: a + b, total, share)
            return out, total

        self.jvp = rule

    def __call__(self, *args, **kwargs):
        if self.jvp is None:
            raise MissingRuleError(
                f"no JVP is defined for the custom_jvp function {function_name(self.fun)}: use "
                f"defjvp{place()}"
            )
        if current() is None:
            return self.fun(*args, **kwargs)
        call = self.call_of(args, kwargs)
        body = call.body()
        with opening(self) as wanted:
            rule = self._rule(call, body) if wanted else None
        found = [body] if rule is None else [body, rule]
        sources, places = merged([t.captured for t in found])
        count = len(sources)
        consts = [as_value(source) for source in sources]
        inputs = [(c.shape, c.dtype) for c in consts] + call.types
        types = body.program.output_types
        name = function_name(self.fun)
        own = [*places[0], *range(count, len(inputs))]
        programs = [widened(body.program, own, inputs, types, name)]
        parameters = {"call_jaxpr": Body(0)}
        if rule is not None:
            inputs = inputs + [(a.shape, a.dtype) for a in call.floating]
            own = [*places[1], *range(count, len(inputs))]
            all_types = types + [t for t in types if t.dtype.kind == "f"]
            programs.append(widened(rule.program, own, inputs, all_types, f"the rule of {name}"))
            parameters["jvp_jaxpr"] = Body(1)
        values = current().apply(
            "custom_jvp_call",
            [*consts, *call.values()],
            parameters_text({**parameters, "num_consts": count, "name": name}),
            [p.pointer for p in programs],
            len(types),
        )
        results = [Tracer.fresh(v, weak=w) for v, w in zip(values, body.weak)]
        return tree.unflatten(body.out_tree, results)

    def _rule(self, call, body):
        name = function_name(self.jvp)
        count = len(call.arguments)
        tangents = [
            Argument(f"the tangent of {a.name}", None, a.shape, a.dtype, a.own, a.scalar)
            for a in call.floating
        ]

        def run(tracers):
            given = iter(tracers[count:])
            moved = [next(given) if a.floating else zeros0(a.shape) for a in call.arguments]
            result = self.jvp(
                *call.nondiff, call.differentiable(tracers[:count]), call.differentiable(moved)
            )
            if not isinstance(result, (tuple, list)) or len(result) != 2:
                raise RuleError(
                    f"the rule {name} must return a pair (out, out_tangent), got "
                    f"{type(result).__name__}{place()}"
                )
            return self._checked(*result, body, name)

        return trace_call(self.jvp, [*inside(call.arguments), *tangents], run, captured_first=True)

    @staticmethod
    def _checked(out, tangent, body, name):
        leaves, treedef = tree.flatten(out)
        if treedef != body.out_tree:
            raise RuleError(
                f"the rule {name} returned {treedef!r}, its function {body.out_tree!r}{place()}"
            )
        moved, moved_tree = tree.flatten(tangent)
        if moved_tree != treedef:
            raise RuleError(
                f"the rule {name} returned a tangent of structure {moved_tree!r} for a value of "
                f"structure {treedef!r}{place()}"
            )
        types = body.program.output_types
        paths = tree.paths(treedef, f"the value of the rule {name}")
        values = [of_type(x, *t, path) for x, t, path in zip(leaves, types, paths)]
        paths = tree.paths(treedef, f"the tangent of the rule {name}")
        tangents = [
            of_type(x, *t, path) for x, t, path in zip(moved, types, paths) if t.dtype.kind == "f"
        ]
        return values, tangents
