"""What cannot be traced is loud: it names the user's file and line, and what to write instead."""

import ast
import math
import pickle
import re
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import swntk

X = np.array([1.0, 2.0, 3.0])
PLAIN = np.zeros(3)
HERE = re.escape("test_tracing_errors.py")


def if_(x):
    if x[0] > 0:
        return x
    return -x


def while_(x):
    while x[0] < 5:
        x = x + 1
    return x


def full_like_plain(x):
    return np.full_like(PLAIN, x[0])


def plain_add(x):
    y = np.zeros(3)
    y += x
    return y


def plain_item(x):
    y = np.zeros(3)
    y[0] = x[0]
    return y


def plain_slice(x):
    y = np.zeros(3)
    y[:] = x
    return y


def plain_fill(x):
    y = np.zeros(3)
    y.fill(x[0])
    return y


def plain_out(x):
    return np.add(x, 1, out=np.zeros(3))


def plain_at(x):
    y = np.zeros(3)
    np.add.at(y, [0], x[0])
    return y


def plain_copyto(x):
    y = np.zeros(3)
    np.copyto(y, x)
    return y


def plain_put(x):
    y = np.zeros(3)
    np.put(y, [0], x[:1])
    return y


def plain_putmask(x):
    y = np.zeros(3)
    np.putmask(y, y == 0, x)
    return y


def plain_place(x):
    y = np.zeros(3)
    np.place(y, y == 0, x)
    return y


TRACING = {
    "if": if_,
    "while": while_,
    "and": lambda x: (x[0] > 0) and x,
    "assert": lambda x: x if bool(x[0]) else x,
    "in": lambda x: 1.0 in x,
    "max": lambda x: max(x[0], x[1]),
    "float": lambda x: float(x[0]),
    "int": lambda x: int(x[0]),
    "complex": lambda x: complex(x[0]),
    "math": lambda x: math.exp(x[0]),
    "range": lambda x: list(range(x.astype(int)[0])),
    "format": lambda x: f"{x[0]:.3f}",
    "item": lambda x: x[0].item(),
    "tolist": lambda x: x.tolist(),
    "np.array": lambda x: np.array(x),
    "np.array of list": lambda x: np.array([x[0], x[1]]),
    "np.asarray": lambda x: np.asarray(x),
    "np.full": lambda x: np.full(3, x[0]),
    "np.arange": lambda x: np.arange(x[0]),
    "np.sum of list": lambda x: np.sum([x[0], x[1]]),
    "plain index": lambda x: PLAIN[x.astype(int)],
    "plain take": lambda x: PLAIN.take(x.astype(int)),
    "plain dot": lambda x: PLAIN.dot(x),
    "boolean mask": lambda x: x[x > 1],
    "nonzero": lambda x: np.nonzero(x),
    "where of one": lambda x: np.where(x > 1),
    "unique": lambda x: np.unique(x),
    "allclose": lambda x: np.allclose(x, 1),
    "traced slice": lambda x: x[: x.astype(int)[0]],
    "traced shape": lambda x: x.reshape(x.astype(int)),
    "traced axis": lambda x: x.sum(axis=x.astype(int)[0]),
    "full_like": full_like_plain,
    "+=": plain_add,
    "setitem": plain_item,
    "set slice": plain_slice,
    "fill": plain_fill,
    "out": plain_out,
    "ufunc.at": plain_at,
    "copyto": plain_copyto,
    "put": plain_put,
    "putmask": plain_putmask,
    "place": plain_place,
    "string result": lambda x: "text",
    "pickle": lambda x: pickle.dumps(x),
}


@pytest.mark.parametrize("name", TRACING)
def test_tracing_errors(name):
    with pytest.raises(swntk.TracingError, match=rf"{HERE}:\d+") as caught:
        swntk.trace(TRACING[name], X)
    line = int(re.search(rf"{HERE}:(\d+)", str(caught.value)).group(1))
    assert (
        line == TRACING[name].__code__.co_firstlineno
        or line > TRACING[name].__code__.co_firstlineno
    )
    assert isinstance(caught.value, TypeError)


UNSUPPORTED = {
    "ufunc": lambda x: np.frompyfunc(lambda v: v, 1, 1)(x),
    "function": lambda x: np.packbits(x > 0),
    "powers of booleans": lambda x: (x > 0) ** 2,
    "linalg": lambda x: np.linalg.eig(np.outer(x, x)),
    "attribute": lambda x: x.byteswap(),
    "fft": lambda x: np.fft.fft(x),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_unsupported(name):
    with pytest.raises(swntk.UnsupportedError, match=rf"{HERE}:\d+"):
        swntk.trace(UNSUPPORTED[name], X)


def test_shape_errors_name_inputs_and_line():
    def f(params, x):
        return x @ params["w1"]

    with pytest.raises(swntk.ShapeError, match=r"params\['w1'\].*") as caught:
        swntk.trace(f, {"w1": np.zeros((4, 2))}, np.zeros((2, 3)))
    assert re.search(rf"{HERE}:\d+", str(caught.value))
    assert "x" in str(caught.value)


def test_leaks():
    kept = []
    swntk.trace(lambda x: kept.append(x) or x, X)
    with pytest.raises(swntk.TracingError, match="after its trace ended"):
        kept[0] + 1
    with pytest.raises(swntk.TracingError, match="after its trace ended"):
        swntk.trace(lambda x: x + kept[0], X)
    assert "Traced" in repr(kept[0])


def test_other_threads():
    found = []

    def f(x):
        def work():
            try:
                x + 1
            except swntk.TracingError as error:
                found.append(str(error))

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x

    swntk.trace(f, X)
    assert "another thread" in found[0]


def test_users_own_exceptions_come_out():
    class Mine(Exception):
        pass

    def f(x):
        raise Mine("here")

    with pytest.raises(Mine, match="here"):
        swntk.grad(f)(1.0)
    with pytest.raises(ValueError, match="theirs"):
        swntk.trace(lambda x: (_ for _ in ()).throw(ValueError("theirs")), X)


def test_element_types():
    with pytest.raises(swntk.UnsupportedError, match="complex"):
        swntk.trace(lambda x: x, X + 1j)
    with pytest.raises(swntk.DTypeError, match=r"x\['a'\] has dtype int16"):
        swntk.trace(lambda x: x["a"], {"a": X.astype(np.int16)})
    with pytest.raises(swntk.DTypeError, match="str"):
        swntk.trace(lambda x: x, "text")
    with pytest.raises(
        swntk.DTypeError, match=r"params\['ids'\] has dtype int64: parameters must be floating"
    ):
        swntk.empirical_ntk_fn(lambda params, x: x)(X, None, {"ids": np.arange(3)})


def test_float_of_error_classes():
    for kind, base in [
        (swntk.ArgumentError, ValueError),
        (swntk.ShapeError, ValueError),
        (swntk.DTypeError, TypeError),
        (swntk.ParseError, ValueError),
        (swntk.UnsupportedError, NotImplementedError),
        (swntk.TracingError, TypeError),
        (swntk.OutOfMemoryError, MemoryError),
        (swntk.InternalError, RuntimeError),
    ]:
        assert issubclass(kind, swntk.NTKError)
        assert issubclass(kind, base)


# ---- docs/tracing-errors.md

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "tracing-errors.md"
ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split(" | ")]
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]


def run_row(code, t):
    names = {"np": np, "math": math, "swntk": swntk, "A": np.array([2.0, 0.5, -1.0]), "t": t}
    names["s"] = t[0]
    tree = ast.parse(code.replace("; ", "\n"))
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body.pop()
    exec(compile(tree, __file__, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), __file__, "eval"), names)
    return names["s" if isinstance(last, ast.While) or "while_loop" in code else "y"]


def same(actual, expected):
    return np.allclose(np.asarray(actual, float), np.asarray(expected, float))


@pytest.mark.parametrize("before, after, why", ROWS, ids=[row[0] for row in ROWS])
def test_document(before, after, why):
    """The left code raises with the right message; the right one gives what the left one means."""
    x = np.array([1.5, 2.0, 3.0])
    with pytest.raises(swntk.TracingError, match="Instead: "):
        swntk.trace(lambda t: run_row(before, t), x)
    traced = swntk.jit(lambda t: run_row(after, t))(x)
    plain = run_row(after, x)
    assert same(traced, plain)
    if "swntk" not in after and before not in ("t[t > 1]", "np.nonzero(t)"):
        assert same(run_row(before, x.copy()), plain)


def test_document_has_twenty_rows():
    assert len(ROWS) == 20


# ---- one recipe

RECIPES = [
    (lambda x: np.array([x[0], x[1]]), "Instead: np.stack([x[0], x[1]])"),
    (lambda x: np.array([[x[0], 0], [0, 1]]), "Instead: np.block([[x[0], 0], [0, 1]])"),
    (lambda x: np.array([[v, 1] for v in x]), "Instead: np.stack([np.stack([v, 1]) for v in x])"),
    (lambda x: np.concatenate([[x[0]], [1.0]]), "np.stack around each of the inner lists"),
    (lambda x: np.float32(x[0]), "Instead: x[0].astype(np.float32)"),
    (lambda x: np.sum([x[0], x[1]], 0), "Instead: np.sum(np.stack([x[0], x[1]]), 0)"),
    (lambda x: np.interp(0.5, X, [x[0], x[1], x[2]]), "np.stack([x[0], x[1], x[2]]) in its place"),
    (lambda x: PLAIN.dot(x), "Instead: PLAIN @ x, or np.dot(PLAIN, x)"),
    (lambda x: PLAIN[x.astype(int)], "Instead: swntk.lax.take(PLAIN, x.astype(int), axis=0)"),
    (lambda x: math.atan2(x[0], x[1]), "Instead: np.arctan2"),
    (lambda x: 1 if x[0] > 0 else 2, "Instead: np.where(x[0] > 0, 1, 2)"),
    (lambda x: max(x[0], 0), "Instead: np.maximum(x[0], 0)"),
    (lambda x: x[0] or x[1], "Instead: np.logical_or(x[0], x[1])"),
    (lambda x: not x[0], "Instead: np.logical_not(x[0])"),
    (lambda x: 3 in x, "Instead: np.any(x == 3)"),
    (plain_add, "Instead: y = y + x"),
    (plain_item, "y = np.zeros_like(t, shape=...)"),
    (full_like_plain, "np.full_like(t, value, shape=PLAIN.shape)"),
    (lambda x: np.vectorize(lambda v: v)(x), "swntk.vmap"),
    (lambda x: np.r_[x, x], "Instead: np.concatenate([a, b])"),
    (lambda x: np.random.default_rng(0).normal(x), "swntk.random"),
    (lambda x: np.packbits(x > 0), "Instead: x.astype(np.uint8)"),
    (lambda x: x.strides, "sliding_window_view"),
    (lambda x: np.add(x, 1, out=PLAIN), "leave out= out"),
]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python tells which expression it is at")
@pytest.mark.parametrize("function, recipe", RECIPES, ids=[recipe for _, recipe in RECIPES])
def test_recipes(function, recipe):
    """The message has the one thing to write that fits, in the user's own names."""
    with pytest.raises((swntk.NTKError, AttributeError)) as caught:
        swntk.trace(function, X)
    assert recipe in str(caught.value).splitlines()[-1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python tells which expression it is at")
@pytest.mark.parametrize(
    "function, recipe",
    [
        pytest.param(*row, id=row[1])
        for row in RECIPES
        if row[1].startswith(("Instead: np.stack", "Instead: np.block"))
    ],
)
def test_recipes_of_lists_run(function, recipe):
    code = recipe[len("Instead: ") :]
    traced = swntk.jit(lambda x: eval(code, {"np": np, "x": x}))(X)
    np.testing.assert_array_equal(traced, function(X))


def test_recipes_without_source():
    """Where there is no source to read, the message still says what and where."""
    function = eval("lambda x: np.array([x[0], 1.0])", {"np": np})
    with pytest.raises(swntk.TracingError, match="docs/numpy-coverage.md"):
        swntk.trace(function, X)
