"""What was tried, read from the user's source: so that a message has the one recipe that fits.

NumPy asks a traced array for its numbers through `__array__` and `__float__` without saying what
for. The expression that the user's frame is at says it.
"""

from __future__ import annotations

import ast
import linecache
import sys

from .location import is_own

_GENERAL = (
    "a traced array was to become a plain NumPy array",
    "NumPy's functions on the traced array itself: which of them trace is in "
    "docs/numpy-coverage.md",
)


def user_frame():
    """Return the innermost frame outside of swntk and NumPy, or None."""
    frame = sys._getframe(1)
    while frame is not None and is_own(frame.f_code.co_filename):
        frame = frame.f_back
    return frame


def conversion():
    """Return (what was tried, what to write instead) of the user's use of a traced array."""
    frame = user_frame()
    for node in _nodes(frame):
        found = _recipe(node)
        if found is not None:
            return found
    return _GENERAL


def _nodes(frame):
    """The expressions under way, the innermost first, as far as the source is at hand."""
    if frame is None:
        return []
    try:
        tree = ast.parse("".join(linecache.getlines(frame.f_code.co_filename, frame.f_globals)))
    except (SyntaxError, ValueError):
        return []
    line = frame.f_lineno
    start, end = (line, 0), (line, 1 << 30)
    if hasattr(frame.f_code, "co_positions"):
        for i, position in enumerate(frame.f_code.co_positions()):
            if 2 * i == frame.f_lasti and None not in position:
                start, end = (position[0], position[2]), (position[1], position[3])
                break
    inside, around = [], []
    for node in ast.walk(tree):
        if getattr(node, "end_lineno", None) is None:
            continue
        first = node.lineno, node.col_offset
        last = node.end_lineno, node.end_col_offset
        if first <= start and end <= last and isinstance(node, (ast.expr, ast.stmt)):
            around.append((last[0] - first[0], last[1] - first[1], node))
        elif end[1] == 1 << 30 and first[0] <= line <= last[0] and isinstance(node, ast.expr):
            inside.append(node)
    around = [node for *_, node in sorted(around, key=lambda entry: entry[:2])]
    return inside + around if end[1] == 1 << 30 else around


def _recipe(node):
    text = _text(node)
    if isinstance(node, ast.Call):
        return _call_recipe(node, text)
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        node = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(node, ast.Subscript):
            return _subscript_recipe(node, store=True)
    if isinstance(node, ast.Subscript):
        return _subscript_recipe(node, store=isinstance(node.ctx, ast.Store))
    return None


def _subscript_recipe(node, *, store: bool):
    array, index = _text(node.value), _text(node.slice)
    if array in ("np.r_", "np.c_"):
        instead = "np.concatenate([a, b])" if array == "np.r_" else "np.column_stack([a, b])"
        return f"{array}[...] of a traced array", instead
    if store:
        return (
            f"a traced value was to go into {array}, a plain NumPy array, which holds numbers",
            f"make {array} traced first: {array} = np.zeros_like(t, shape=...) with t a traced "
            "array; or collect the values in a list and np.stack it",
        )
    instead = f"swntk.lax.take({array}, {index}, axis=0)"
    if "," in index or ":" in index:
        instead = f"pass {array} to the function as an argument; then {array}[{index}] is traced"
    return f"{array}, a plain NumPy array, was indexed by a traced array", instead


def destination(what: str):
    """Return (what was tried, what to write instead) where a plain array was to be changed."""
    for node in _nodes(user_frame()):
        if isinstance(node, ast.AugAssign):
            target, value = _text(node.target), _text(node.value)
            operator = ast.unparse(node).split("= ", 1)[0].rpartition(" ")[2]
            if isinstance(node.target, ast.Subscript):
                return _subscript_recipe(node.target, store=True)
            return (
                f"{target} {operator}= {value}, where {target} is a plain NumPy array, which holds "
                "numbers, and the value is traced",
                f"{target} = {target} {operator} {value}",
            )
        if isinstance(node, ast.Call):
            name = _text(node.func)
            first = _text(node.args[0]) if node.args else "y"
            if name.endswith("full_like"):
                return "np.full_like of a plain array with a traced fill value", (
                    f"np.full_like(t, value, shape={first}.shape) with t traced"
                )
            if any(keyword.arg == "out" for keyword in node.keywords):
                return f"{name} of traced values with out= a plain array", "leave out= out"
            if name.startswith(("np.", "numpy.")):
                return (
                    f"{name} of a traced value onto {first}, a plain NumPy array",
                    f"make {first} traced first: {first} = np.copy({first}) + "
                    f"np.zeros_like(t, shape=()) with t a traced array",
                )
    return (
        f"{what} would put a traced value into a plain NumPy array, which holds numbers",
        "a new array in place of the old one: y = y + t for y += t",
    )


_CONVERSIONS = {"array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require"}
_CONVERSIONS |= {"asarray_chkfinite"}
_INSTEAD = {
    "full": "np.full_like(t, value, shape=shape) with t traced, or value * np.ones(shape)",
    "arange": "the number of elements has to be known while tracing: start + step * np.arange(n)",
    "vectorize": "NumPy functions on whole arrays, or swntk.vmap",
    "frompyfunc": "NumPy functions on whole arrays, or swntk.vmap",
    "nditer": "NumPy functions on whole arrays, or for row in x",
    "ndenumerate": "NumPy functions on whole arrays, or for i in np.ndindex(x.shape): x[i]",
    "as_strided": "np.lib.stride_tricks.sliding_window_view, or an index array: x[places]",
    "fromiter": "np.stack(list(values))",
    "logsumexp": "swntk.nn.logsumexp(x)",
    "softmax": "swntk.nn.softmax(x)",
    "log_softmax": "swntk.nn.log_softmax(x)",
}


def _call_recipe(node, text):
    name = _text(node.func)
    short = name.rpartition(".")[2]
    arguments = [_text(a) for a in node.args]
    first = arguments[0] if arguments else ""
    lists = [a for a in node.args if isinstance(a, (ast.List, ast.Tuple, ast.ListComp))]
    listed = bool(node.args) and node.args[0] in lists
    if short in _CONVERSIONS:
        if listed:
            return f"{name} of a list that holds traced arrays", f"np.stack({first})"
        return (
            f"{name} of a traced array",
            f"{first or 'the array'} itself: it is an array already; np.copy({first}) for a copy, "
            f"np.stack({first}) if {first or 'it'} is a list",
        )
    if isinstance(node.func, ast.Call):
        maker = _text(node.func.func).rpartition(".")[2]
        if maker in _INSTEAD:
            return f"the function that np.{maker} made, of traced values", _INSTEAD[maker]
    if short in _INSTEAD:
        return f"{name} of traced values", _INSTEAD[short]
    if name.startswith(("np.random.", "numpy.random.")) or short in ("normal", "uniform"):
        return (
            f"{name} with traced parameters",
            "numbers of the standard distribution, times and plus the parameters; "
            "swntk.random draws inside of a traced function",
        )
    if short == "take" and len(arguments) > 1:
        array, index = arguments[0], arguments[1]
        return (
            f"np.take of {array}, a plain NumPy array, at traced places",
            f"swntk.lax.take({array}, {index}, axis=0)",
        )
    if short == "dot" and isinstance(node.func, ast.Attribute) and len(arguments) == 1:
        left = _text(node.func.value)
        return (
            f"{left}.dot of {left}, a plain NumPy array, and a traced one",
            f"{left} @ {first}, or np.dot({left}, {first})",
        )
    if isinstance(node.func, ast.Attribute) and short in ("take", "fill", "put", "searchsorted"):
        left = _text(node.func.value)
        instead = {
            "take": f"swntk.lax.take({left}, {first}, axis=0)",
            "searchsorted": f"np.searchsorted({left}, {first})",
        }.get(short, f"{left} = np.full_like(t, value, shape={left}.shape), with t traced")
        return f"the method {short} of {left}, a plain NumPy array, with a traced value", instead
    if listed and name.startswith(("np.", "numpy.")):
        rest = ", ".join(arguments[1:])
        return (
            f"{name} of a list that holds traced arrays, which NumPy does not pass on",
            f"{name}(np.stack({first}){', ' + rest if rest else ''})",
        )
    if lists and name.startswith(("np.", "numpy.")):
        return (
            f"{name} with a list that holds traced arrays, which NumPy does not pass on",
            f"np.stack({_text(lists[0])}) in its place",
        )
    if name.startswith(("np.", "numpy.")):
        return (
            f"{name} needed the numbers of a traced array",
            "what traces in its place is in docs/numpy-coverage.md",
        )
    if short in ("float", "int", "complex", "bool") or name.startswith("math."):
        return None
    return (
        f"{name}(...) needed the numbers of a traced array",
        f"if {name} is made of NumPy functions, give it arrays as they are; if it is a compiled "
        "library's, call it outside of the traced function or through swntk.pure_callback",
    )


def _text(node) -> str:
    try:
        text = ast.unparse(node)
    except Exception:
        return "..."
    return text if len(text) <= 60 else "..."


# ---- single numbers


def number(what: str):
    """Return (what was tried, what to write instead) where one number was asked for."""
    for node in _nodes(user_frame()):
        if isinstance(node, ast.Call):
            name = _text(node.func)
            if name.startswith("math."):
                return f"{name} of a traced array", f"np.{_NUMPY_NAMES.get(name[5:], name[5:])}"
            if name == "round":
                return "round() of a traced array", "np.round"
        if isinstance(node, (ast.Assign, ast.AugAssign)):
            found = _recipe(node)
            if found is not None:
                return found
    return f"{what} of a traced array", _NUMBERS[what]


_NUMPY_NAMES = {
    "pow": "power", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2",
    "asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "fsum": "sum", "dist":
    "linalg.norm", "gamma": "exp(scipy.special.gammaln(x))",
}  # fmt: skip
_NUMBERS = {
    "float()": "leave the conversion out: a traced array without axes is a number already",
    "int()": "x.astype(int) to cut off a fraction; sizes and counts as keyword arguments, which "
    "stay numbers",
    "complex()": "real and imaginary parts as two arrays",
}


# ---- truth


def truth():
    """Return (what was tried, what to write instead) where a truth value was asked for."""
    for node in _nodes(user_frame()):
        found = _truth_recipe(node)
        if found is not None:
            return found
    return (
        "the truth value of a traced array",
        "np.where(condition, a, b) for a choice, np.logical_and for and, np.any for in",
    )


def _truth_recipe(node):
    if isinstance(node, ast.IfExp):
        return (
            "a choice (a if condition else b) by a traced condition",
            f"np.where({_text(node.test)}, {_text(node.body)}, {_text(node.orelse)})",
        )
    if isinstance(node, ast.If):
        return (
            "if by a traced condition",
            f"np.where({_text(node.test)}, a, b), with both values computed; or swntk.lax.cond, "
            "which computes one",
        )
    if isinstance(node, ast.While):
        return (
            "while by a traced condition",
            "swntk.lax.while_loop, or swntk.lax.scan for a fixed number of steps",
        )
    if isinstance(node, ast.Assert):
        return "assert of a traced condition", "check the result outside; swntk.debug_nans for NaN"
    if isinstance(node, ast.BoolOp):
        operator, name = ("and", "and") if isinstance(node.op, ast.And) else ("or", "or")
        parts = ", ".join(map(_text, node.values[:2]))
        return f"{operator} of traced conditions", f"np.logical_{name}({parts})"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return "not of a traced condition", f"np.logical_not({_text(node.operand)})"
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        return (
            f"the chained comparison {_text(node)} of traced arrays",
            "np.logical_and of the two comparisons",
        )
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
        left, right = _text(node.left), _text(node.comparators[0])
        return "'in' with a traced array", f"np.any({right} == {left})"
    if isinstance(node, ast.Call):
        name, arguments = _text(node.func), ", ".join(map(_text, node.args))
        if name in ("max", "min"):
            two = len(node.args) == 2
            instead = f"np.{name}imum({arguments})" if two else f"np.{name}(...)"
            return f"Python's {name}() of traced values", instead
        if name in ("any", "all"):
            return f"Python's {name}() of traced values", f"np.{name}({arguments})"
        if name in ("sorted", "list.sort"):
            return "sorted() of traced values", "np.sort"
        if name == "bool":
            return "bool() of a traced array", "leave the conversion out: x != 0 is one of booleans"
    return None
