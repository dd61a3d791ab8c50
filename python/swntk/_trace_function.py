"""From a Python function to a Program."""

from __future__ import annotations

import numpy as np

from . import tree
from ._arguments import function_name
from ._errors import NTKError, TracingError
from ._ffi import Handle, quick
from ._program import Program
from ._tracing import emit
from ._tracing.dtypes import FLOAT0
from ._tracing.location import hidden_behind, latest, tracing_error
from ._tracing.operands import kind_of, operand
from ._tracing.trace import Trace, Value, activate, current
from ._tracing.tracer import Tracer, as_value


class Traced:
    """A traced function.

    Attributes
    ----------
    program : Program
        Its inputs are the arguments in order; captured ones follow.
    captured : list of numpy.ndarray or Value
        What stands for the captured inputs; a Value belongs to an outer trace.
    out_tree : TreeDef
    aux_tree : TreeDef or None
        Of the auxiliary outputs, which stand last and have no derivative.
    weak : list of bool
        Which outputs are Python numbers.
    aux_program : Program or None
        The auxiliary outputs, where they were asked for apart.
    fixed : list of (int, numpy.ndarray)
        Leaves of the result that are tangents of integers: no outputs, the same at every run.
    """

    __slots__ = ("program", "captured", "out_tree", "aux_tree", "weak", "aux_program", "fixed")

    def __init__(self, program, captured, out_tree, aux_tree, weak):
        self.program = program
        self.captured = captured
        self.out_tree = out_tree
        self.aux_tree = aux_tree
        self.weak = weak
        self.aux_program = None
        self.fixed: list = []

    @property
    def out_count(self) -> int:
        """Number of outputs that are not auxiliary."""
        return self.out_tree.num_leaves

    def result(self, outputs):
        """Put outputs into the structure of the result."""
        leaves = list(outputs)
        for i, leaf in self.fixed:
            leaves.insert(i, leaf)
        return tree.unflatten(self.out_tree, leaves)

    @property
    def captures_traced(self) -> bool:
        """Whether a captured value belongs to an outer trace."""
        return any(isinstance(c, Value) for c in self.captured)


def trace_call(
    f,
    arguments,
    call,
    *,
    has_aux: bool = False,
    aux_apart: bool = False,
    captured_first: bool = False,
    keep_float0: bool = False,
) -> Traced:
    """Trace one call.

    Parameters
    ----------
    f : callable
        For messages.
    arguments : list of Argument
    call : callable
        `call(tracers)` calls the function and returns its result.
    has_aux : bool
        Whether the result is a pair of which the second has no derivative.
    aux_apart : bool
        Make a program of its own of the auxiliary outputs.
    captured_first : bool
        Make the captured inputs ordinary ones that stand first: a closed body.
    keep_float0 : bool
        Let the result hold tangents of integers; `Traced.result` puts them back.

    Raises
    ------
    TracingError, UnsupportedError, NTKError
        As the function's use of the traced arrays demands.
    """
    trace = Trace(function_name(f))
    try:
        with activate(trace):
            inputs = [trace.input(a.shape, a.dtype, a.name) for a in arguments]
            tracers = [
                Tracer.fresh(value, a.contiguous, scalar=a.scalar, weak=a.weak)
                for value, a in zip(inputs, arguments)
            ]
            result = _unwrapped(call, tracers)
            aux_tree = None
            aux: list = []
            if has_aux:
                if not isinstance(result, (tuple, list)) or len(result) != 2:
                    raise TypeError(
                        f"{trace.what} with has_aux=True must return a pair, got {result!r}"
                    )
                result, aux = result
                aux, aux_tree = tree.flatten(aux)
            leaves, out_tree = tree.flatten(result)
            fixed = []
            if keep_float0:
                fixed = [
                    (i, x) for i, x in enumerate(leaves) if getattr(x, "dtype", None) == FLOAT0
                ]
                leaves = [x for x in leaves if getattr(x, "dtype", None) != FLOAT0]
            outputs, weak = _outputs(leaves, out_tree, trace.what)
            outputs += (
                [_inert(v) for v in _outputs(aux, aux_tree, "the auxiliary result")[0]]
                if aux
                else []
            )
            captured = [value for value, _ in trace.captured]
            if aux_apart:
                aux_pointer = trace.finish(inputs, captured, outputs[len(leaves) :])
                outputs = outputs[: len(leaves)]
            if captured_first:
                pointer = trace.finish([*captured, *inputs], [], outputs)
            else:
                pointer = trace.finish(inputs, captured, outputs)
    finally:
        trace.alive = False
    sources = [source for _, source in trace.captured]
    program = Program(Handle(pointer, quick.ntk_program_free), sources)
    traced = Traced(program, sources, out_tree, aux_tree, weak)
    traced.fixed = fixed
    if aux_apart:
        traced.aux_program = Program(Handle(aux_pointer, quick.ntk_program_free), sources)
    return traced


def _unwrapped(call, tracers):
    """Call; where NumPy hid our error behind one of its own, raise ours."""
    try:
        return call(tracers)
    except (ValueError, TypeError, SystemError) as error:
        if isinstance(error, NTKError):
            raise
        hidden = hidden_behind(error)
        if hidden is None:
            raise
        raise hidden.with_traceback(error.__traceback__) from None
    finally:
        latest.error = None  # its traceback holds arrays


def _outputs(leaves, treedef, what):
    values, weak = [], []
    for i, leaf in enumerate(leaves):
        try:
            x = operand(leaf)
            kind = kind_of(x)
        except TracingError:
            raise
        except Exception:
            kind = None
        if (
            kind is None
            or isinstance(x, np.ndarray)
            and x.dtype.kind not in "biuf"
            and x.dtype.itemsize != 2
        ):
            raise tracing_error(
                f"{what} returned {type(leaf).__name__} {leaf!r} at "
                f"{tree.paths(treedef, 'result')[i]}, "
                "expected an array",
                "return arrays and numbers only",
            )
        weak.append(isinstance(kind, str))
        values.append(as_value(x))
    return values, weak


def _inert(value: Value) -> Value:
    return emit.emit("stop_gradient", [value]) if value.dtype.kind == "f" else value


def lifted(x) -> Value:
    """Bring a result's operand (an array, a Tracer or a Value) into the innermost trace."""
    return as_value(x)


def is_traced(operands) -> bool:
    """Whether any operand is a traced value."""
    return any(isinstance(x, (Tracer, Value)) for x in operands)


def execute(program: Program, operands) -> list:
    """Run a program, or add it to the trace under way if an operand is traced.

    Parameters
    ----------
    program : Program
    operands : list
        One for each input, captured ones last: arrays of exactly the right types, Tracers or
        Values.

    Returns
    -------
    list of numpy.ndarray or of Tracer
    """
    if is_traced(operands):
        for x in operands:
            if isinstance(x, Tracer):
                x._cell.trace.check_usable()
            elif isinstance(x, Value):
                x.trace.check_usable()
        trace = current()
        return [Tracer.fresh(v) for v in trace.call(program, [lifted(x) for x in operands])]
    return program.evaluate(operands)
