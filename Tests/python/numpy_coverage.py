"""What of NumPy can be traced: tried out, call by call; and docs/numpy-coverage.md, made of that.

    PYTHONPATH=python python Tests/python/numpy_coverage.py > docs/numpy-coverage.md

The calls are the lines of numpy_calls/*.txt (whose first lines say what the letters are), and some
for every ufunc. Each runs under plain NumPy and traced: the results are equal, or tracing raises,
and the message is the reason in the document. Anything else is an error of this script.

    python Tests/python/numpy_coverage.py --check      # no document: any NumPy
"""

import ast
import linecache
import re
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / "python"), str(Path(__file__).parent)]

import swntk  # noqa: E402

CALLS = Path(__file__).parent / "numpy_calls"
NEWEST = int(np.__version__.split(".")[0]) >= 2
LOUD = (swntk.TracingError, swntk.UnsupportedError, swntk.DTypeError)

ARRAYS = {
    "x": np.array([[0.7, -1.2, 2.4], [1.9, 0.3, -0.8]]),
    "u": np.array([[-0.4, 0.35, 0.8], [0.15, -0.9, 0.6]]),
    "y": np.array([[1.5, 0.4, 2.2], [0.9, 3.1, 1.1]]),
    "n": np.array([[3, 1, 2], [5, 4, 7]]),
    "k": np.array([[-3, 0, 2], [5, -1, 4]]),
    "b": np.array([[True, False, True], [False, True, True]]),
    "v": np.array([0.6, -1.1, 1.7, 0.2]),
    "w": np.array([-0.3, 0.9, 1.4, 2.5]),
    "c": np.array([-1.0, -0.2, 0.5, 1.1, 2.3]),
    "i": np.array([1, 0, 1]),
    "a": np.array([[2.0, -0.5, 0.3], [0.7, 1.5, -0.2], [-0.4, 0.1, 1.8]]),
    "h": np.array([[2.0, 0.5, 0.3], [0.5, 1.5, -0.2], [0.3, -0.2, 1.8]]),
    "t": np.cos(np.arange(24.0)).reshape(2, 3, 4),
    "z": np.array([[0.7, np.nan, 2.4], [1.9, 0.3, -0.8]]),
    "q": np.array([[0.7, np.nan, -np.inf], [np.inf, 0.3, -0.8]]),
    "s": np.float64(1.25),
    "f": np.array([[0.5, -1.5, 2.0], [1.25, 0.75, -0.5]], np.float32),
}
PLAIN = {name.upper(): array for name, array in ARRAYS.items()}
PLAIN["M"] = np.array([True, False, True, True])


# ---- one call


class Call:
    """One or more statements, and what came of them.

    Attributes
    ----------
    text : str
    error : Exception or None
        What tracing raised.
    """

    def __init__(self, text: str):
        self.text = text
        self.error = None

    def __repr__(self):
        return self.text

    def _value(self, arrays):
        names = {"np": np, **PLAIN, **arrays}
        if "special." in self.text:
            import scipy.special

            names["special"] = scipy.special
        # So that a message can quote the call, as it does the user's line.
        linecache.cache["<call>"] = (len(self.text), None, [self.text], "<call>")
        tree = ast.parse(self.text)
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<call>", "exec"), names)
        result = None
        if last is not None:
            result = eval(compile(ast.Expression(last.value), "<call>", "eval"), names)
        return [names[name] for name in sorted(arrays)] if result is None else result

    def run(self):
        """Run plain and traced; AssertionError where the two differ.

        Returns False where this NumPy has no such call.
        """
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            plain = {name: array.copy() for name, array in ARRAYS.items()}
            try:
                expected = leaves(self._value(plain))
            except Exception as error:  # whatever NumPy says, tracing has to say something too
                if not NEWEST:
                    return False
                expected = error
            known, places = [], []

            def traced(arrays):
                outputs = []
                known.clear(), places.clear()
                for leaf in leaves(self._value(arrays)):
                    is_traced = type(leaf).__name__ == "Tracer"
                    places.append(is_traced)
                    (outputs if is_traced else known).append(leaf)
                return outputs

            try:
                outputs = swntk.jit(traced)(ARRAYS)
            except LOUD as error:
                self.error = error
                return True
            except Exception as error:
                assert isinstance(expected, Exception), f"{self}: {error!r}"
                self.error = error
                return True
        assert not isinstance(expected, Exception), f"{self}: NumPy raises {expected!r}"
        assert len(places) == len(expected), f"{self}: {len(places)} results for {len(expected)}"
        outputs, plain = iter(outputs), iter(known)
        for is_traced, wanted in zip(places, expected):
            check_equal(self, next(outputs if is_traced else plain), wanted)
        return True


def leaves(tree):
    """Results in the order in which they stand in tuples and lists."""
    if isinstance(tree, (tuple, list)):
        return [leaf for child in tree for leaf in leaves(child)]
    return [tree]


def check_equal(call, actual, expected):
    """Equal kind, shape, element type; values relative to the norm of the expected ones."""
    if not isinstance(expected, (np.ndarray, np.generic, float)):
        assert actual == expected, f"{call}: {actual!r}, NumPy {expected!r}"
        return
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape, f"{call}: shape {actual.shape}, NumPy {expected.shape}"
    if NEWEST:
        assert actual.dtype == expected.dtype, f"{call}: {actual.dtype}, NumPy {expected.dtype}"
    if expected.dtype.kind not in "fc":
        assert np.array_equal(actual, expected), f"{call}: {actual}, NumPy {expected}"
        return
    single = np.float32 in (actual.dtype, expected.dtype)
    finite = np.isfinite(expected)
    same = np.array_equal(actual[~finite], expected[~finite], equal_nan=True)
    size = np.linalg.norm(expected[finite])
    close = np.linalg.norm(actual[finite] - expected[finite]) <= (1e-5 if single else 1e-11) * size
    assert same and close, f"{call}: {actual}, NumPy {expected}"


# ---- all calls


def _calls_of(line: str) -> list:
    """A line that begins with an assignment is one call; of another each expression is one."""
    body = ast.parse(line).body
    if all(isinstance(statement, ast.Expr) for statement in body):
        return [Call(ast.get_source_segment(line, statement)) for statement in body]
    return [Call(line)]


def _lines(file: str):
    """The (section, line) of a file of calls."""
    section = ""
    for line in (CALLS / file).read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            section = line[2:]
        elif line and not line.startswith("#"):
            yield section, line


def _named(file: str, pattern: str) -> dict:
    """{section: {name: calls}}; the name is the first that fits the pattern."""
    found: dict = {}
    for section, line in _lines(file):
        for call in _calls_of(line):
            name = re.search(pattern, call.text)
            name = name[1] if name else call.text
            found.setdefault(section, {}).setdefault(name, []).append(call)
    return found


_INTEGER = set(
    "bitwise_and bitwise_or bitwise_xor bitwise_not bitwise_invert invert bitwise_count gcd lcm "
    "left_shift right_shift bitwise_left_shift bitwise_right_shift".split()
)
_UNIT = {"arcsin", "arccos", "arctanh", "asin", "acos", "atanh"}
_ABOVE_ONE = {"arccosh", "acosh"}
_POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "reciprocal"}
_OWN_CALLS = {"matmul", "vecdot", "matvec", "vecmat", "ldexp", "frexp", "isnat", "divmod", "modf"}
_OWN_CALLS |= {"left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift"}


def _ufunc_calls(name: str) -> list:
    """Calls with the arguments that every ufunc has, within the ufunc's domain."""
    if name in _OWN_CALLS:
        return []
    ufunc = getattr(np, name)
    first = "n" if name in _INTEGER else "u" if name in _UNIT else "y" if name in _POSITIVE else "x"
    first = "(1 + y)" if name in _ABOVE_ONE else first
    second = "k" if name in _INTEGER else "y"
    plain = first.upper() if len(first) == 1 else "(1 + Y)"
    operands = first if ufunc.nin == 1 else f"{first}, {second}"
    texts = [
        f"np.{name}({operands})",
        f"np.{name}({operands}, out=np.zeros_like(np.{name}({operands})))",
        f"np.{name}({operands}, where=b, out=np.zeros_like(np.{name}({operands})))",
        f"np.{name}({operands}, casting='same_kind', order='C', subok=True)",
        f"np.{name}({operands.replace(first, first + '[0, 0]', 1)})",
    ]
    if ufunc.nin == 2:
        texts += [f"np.{name}({plain}, {second}[0])", f"np.{name}({first}, 3)"]
    if name not in _INTEGER:
        texts += [f"np.{name}({operands.replace(first, 'np.abs(k) + 1', 1)})"]
        if name not in _UNIT | _ABOVE_ONE:
            texts += [f"np.{name}({'f' if ufunc.nin == 1 else 'f, f'})"]
        if "ff->f" in ufunc.types or "f->f" in ufunc.types:
            texts += [f"np.{name}({operands}, dtype=np.float32)"]
    return [Call(text) for text in texts]


def _public(module) -> list:
    return sorted(name for name in module.__all__ if not name.startswith("_"))


def ufuncs() -> dict:
    """{name: calls} of every ufunc."""
    found = {n: _ufunc_calls(n) for n in _public(np) if isinstance(getattr(np, n), np.ufunc)}
    for calls in _named("ufuncs.txt", r"np\.(\w+)").values():
        for name, more in calls.items():
            if name in found or hasattr(np, name):
                found.setdefault(name, []).extend(more)
    for name in found:
        # Names of one ufunc: what is tried for one counts for the other.
        same = [n for n in found if getattr(np, n) is getattr(np, name) and found[n]]
        found[name] = found[name] or (found[same[0]] if same else [])
    return found


def everything() -> dict:
    """{section: {name: calls}} of all that is tried."""
    sections = {"Ufuncs": ufuncs()}
    for title, calls in _named("functions.txt", r"np\.([\w.]+\w)").items():
        sections[title[0].upper() + title[1:]] = calls
    linalg = _named("linalg.txt", r"(?:np\.(?=linalg|fft))?((?:linalg|fft|special)\.\w+)")
    for calls in linalg.values():
        for prefix, title in (
            ("linalg", "np.linalg"), ("fft", "np.fft"), ("special", "scipy.special"),
        ):  # fmt: skip
            sections[title] = {n: c for n, c in calls.items() if n.startswith(prefix + ".")}
    methods = _named("methods.txt", r"^(?:d = .*; d|\w)\.(\w+)")
    for calls in methods.values():
        is_name = {name: hasattr(np.ndarray, name) for name in calls}
        sections["Attributes and methods"] = {n: c for n, c in calls.items() if is_name[n]}
        sections["Operators, indexing, assignment"] = {
            n: c for n, c in calls.items() if not is_name[n]
        }
    return sections


ELSEWHERE = {
    "files and text": "array2string base_repr binary_repr format_float_positional "
    "format_float_scientific fromfile fromregex fromstring frombuffer genfromtxt load loadtxt save "
    "savetxt savez savez_compressed set_printoptions get_printoptions printoptions info",
    "settings": "errstate getbufsize geterr geterrcall seterr setbufsize seterrcall get_include "
    "show_config show_runtime test",
    "dates": "busday_count busday_offset busdaycalendar datetime_as_string datetime_data "
    "is_busday datetime64 timedelta64",
    "types": "dtype finfo iinfo isdtype issubdtype mintypecode typename",
    "classes for plain arrays only": "asmatrix bmat matrix memmap ndarray recarray record "
    "flatiter ndindex nested_iters ufunc from_dlpack rec",
}
"""Public names of NumPy that take no numbers to differentiate by, or none that are traced."""


def not_listed() -> list:
    """Public functions of NumPy that are neither tried nor in ELSEWHERE."""
    tried = {name for calls in everything().values() for name in calls}
    elsewhere = set(" ".join(ELSEWHERE.values()).split())
    left = [
        name
        for name in _public(np)
        if callable(getattr(np, name))
        and not (isinstance(getattr(np, name), type) and issubclass(getattr(np, name), np.generic))
        and not (isinstance(getattr(np, name), type) and name in ("bool", "object", "str"))
        and name not in tried | elsewhere
    ]
    for prefix, module in (("linalg", np.linalg), ("fft", np.fft)):
        left += [
            f"{prefix}.{name}"
            for name in _public(module)
            if callable(getattr(module, name)) and not isinstance(getattr(module, name), type)
            if f"{prefix}.{name}" not in tried
        ]
    left += [
        f"ndarray.{name}"
        for name in dir(np.ndarray)
        if not name.startswith("_") and name not in tried
    ]
    return left


# ---- the document


HEAD = """\
# Which parts of NumPy can be traced

Made by `Tests/python/numpy_coverage.py`, which runs the calls of `Tests/python/numpy_calls/`, some
for each of NumPy's functions, traced and under plain NumPy. "yes": all of them gave NumPy's
results. Where one raises, the right column has the call and the message. Small letters are traced
arrays, capitals plain ones; `x` is an array of floats, `n` of integers, `b` of booleans, `s` a
scalar. NumPy {numpy}.

What a message means, and what to write instead, is in [tracing-errors.md](tracing-errors.md).
"""


def reason(error) -> str:
    """A message without the user's file and line."""
    lines = str(error).splitlines()
    first = re.sub(r",? at <?[^ ]*>?:\d+", "", lines[0])
    instead = [line[len("Instead: ") :] for line in lines if line.startswith("Instead: ")]
    return first + (f". Instead: {instead[0]}" if instead else "")


def row(name: str, calls: list) -> str:
    """A line of a table."""
    raising = [call for call in calls if call.error is not None]
    if not raising:
        return f"| `{name}` | yes | |"
    reasons: dict = {}
    for call in raising:
        reasons.setdefault(reason(call.error), []).append(call.text)
    told = "; ".join(
        why if len(raising) == len(calls) and len(reasons) == 1
        else ", ".join(f"`{text}`" for text in texts[:2]) + f": {why}"
        for why, texts in reasons.items()
    )  # fmt: skip
    state = "raises" if len(raising) == len(calls) else "yes, but"
    return f"| `{name}` | {state} | {told} |".replace("||", "\\|\\|")


def document(sections: dict) -> str:
    """Return docs/numpy-coverage.md, of sections that have run."""
    parts = [HEAD.format(numpy=np.__version__)]
    for title, names in sections.items():
        parts.append(f"\n## {title}\n\n| | traced | |\n|---|---|---|")
        parts += [row(name, calls) for name, calls in names.items()]
    parts.append("\n## Not concerned\n\nThey take no numbers that could be traced.\n")
    for what, names in ELSEWHERE.items():
        parts.append(f"- {what}: " + " ".join(f"`{name}`" for name in names.split()))
    return "\n".join(parts) + "\n"


def problems(sections: dict) -> list:
    """Run every call; return what is wrong, in words."""
    wrong = []
    for names in sections.values():
        for name, calls in names.items():
            kept = []
            for call in calls:
                try:
                    if call.run():
                        kept.append(call)
                except AssertionError as error:
                    wrong.append(str(error))
            calls[:] = kept
            if not calls and NEWEST:
                wrong.append(f"{name}: no call")
    return wrong


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit("\n".join(problems(everything())) or 0)
    tried = everything()
    wrong = problems(tried)
    sys.stdout.write(document(tried))
    sys.exit("\n".join(wrong) or 0)
