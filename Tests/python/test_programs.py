"""Programs as values: text, equality, hashes, pickles, captured arrays, long chains, any bytes."""

import pickle
import random
import subprocess
import sys

import numpy as np
import pytest
import swntk
from checkers import assert_close

X = np.array([[1.0, -2.0, 3.0], [0.5, 0.25, -1.0]])
W = np.array([[1.0, 2.0], [3.0, 4.0], [-5.0, 0.5]])
IDS = np.array([2, 0])


def rnn(w, xs):
    return swntk.lax.scan(lambda h, x: (np.tanh(w @ h + x), h), np.zeros(3), xs)


def in_place(x):
    y = np.zeros_like(x)
    y[0] = x[1]
    y[:, 1] += 3
    return y


def constants(x):
    return x * 0.1 + 1e-300 - np.float64(np.pi), np.where(x > 0, np.inf, -0.0), x * np.nan


# Every kind of thing that a program can hold; no captured arrays.
TRACED = {
    "product": (lambda w, x: np.tanh(x @ w), W, X),
    "types": (
        lambda x, i, b: (x.astype(np.float32), i + 1, b & (x[0, 0] > 0)),
        X,
        IDS,
        np.array([True, False]),
    ),
    "tree": (lambda t: {"a": t["x"], "b": [t["y"] * 2, t["x"]]}, {"x": X, "y": W}),
    "scan": (rnn, np.eye(3), X),
    "gather": (lambda x, i: (x[:, i], x[[1, 0]], x[0, ::-1]), X, IDS),
    "in place": (in_place, X),
    "constants": (constants, X),
    "reductions": (lambda x: (x.sum(), x.max(axis=0), np.var(x, axis=1)), X),
    "shapes": (lambda x: np.pad(np.concatenate([x.T, x.T]), 1).reshape(-1)[::2], X),
    "of size 0": (lambda x: (x[:0] @ W, np.zeros((0, 2))), X),
    "of rank 0": (lambda x: x * 2, np.float64(3)),
    "nothing": (lambda: (),),
    "derivative": (lambda x: swntk.grad(lambda x: np.sum(np.tanh(x) ** 3))(x), X),
    "hessian": (lambda x: swntk.hessian(lambda x: np.sum(np.exp(x)))(x), X[0]),
    "kernel": (lambda w, x: swntk.empirical_ntk_fn(lambda w, x: np.tanh(x @ w))(x, None, w), W, X),
    "vmap": (lambda x: swntk.vmap(lambda r: np.outer(r, r))(x), X),
}

traced = pytest.mark.parametrize("row", TRACED.values(), ids=list(TRACED))


def flat(tree):
    return swntk.tree.leaves(tree) if hasattr(swntk.tree, "leaves") else []


def run(program, *arguments):
    return program(*[leaf for argument in arguments for leaf in flat(argument)])


@traced
def test_text_parses_back(row):
    """Law: parse(str(p)) = p, with the same hash, and it computes the same bits."""
    program = swntk.trace(*row)
    again = swntk.Program.parse(str(program))
    assert again == program and not (again != program)
    assert hash(again) == hash(program) and again.digest == program.digest
    assert swntk.Program.parse(str(again)) == program
    if program.counts[1] == 0:
        for a, b in zip(run(again, *row[1:]), run(program, *row[1:]), strict=True):
            np.testing.assert_array_equal(a, b)


@traced
def test_pickles(row, tmp_path):
    program = swntk.trace(*row)
    program.save(tmp_path / "program.ntk")
    for again in [
        pickle.loads(pickle.dumps(program)),
        swntk.Program.load(tmp_path / "program.ntk"),
    ]:
        assert again == program and again.digest == program.digest
        for a, b in zip(run(again, *row[1:]), run(program, *row[1:]), strict=True):
            np.testing.assert_array_equal(a, b)


def test_programs_differ():
    """Law: two of these programs are equal only if they are the same row."""
    programs = [swntk.trace(*row) for row in TRACED.values()]
    programs += [swntk.trace(*row) for row in TRACED.values()]
    count = len(TRACED)
    for i, a in enumerate(programs):
        for j, b in enumerate(programs):
            assert (a == b) == (i % count == j % count)
            assert (a.digest == b.digest) == (i % count == j % count)
    assert programs[0] != "text" and programs[0] != 3
    assert len(set(programs)) == count


def test_shape_and_type_count():
    def f(x):
        return np.tanh(x)

    programs = [
        swntk.trace(f, x)
        for x in [
            np.ones(3),
            np.ones(4),
            np.ones((3, 1)),
            np.ones(3, "f4"),
            np.ones((1, 3)),
            np.float64(1),
        ]
    ]
    assert len({p.digest for p in programs}) == len(programs)


def test_hash_is_the_same_in_every_process():
    text = str(swntk.trace(*TRACED["product"]))
    code = (
        "import sys; sys.path[:0] = eval(sys.argv[1]); import swntk;"
        "print(swntk.Program.parse(sys.stdin.read()).digest)"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code, repr(sys.path)],
        input=text,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.strip() == str(swntk.Program.parse(text).digest)


def test_lines_are_in_the_text_but_not_in_the_hash():
    def one(x):
        return np.tanh(x) * 2

    def other(x):
        y = np.tanh(x)

        return y * 2

    a, b = swntk.trace(one, X), swntk.trace(other, X)
    assert a == b and a.digest == b.digest
    assert f'"{__file__}":{one.__code__.co_firstlineno + 1}' in str(a)
    assert str(a) != str(b)
    assert swntk.Program.parse(str(a)) == b


# ---- Captured arrays ------------------------------


def test_captured_arrays():
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    program = swntk.trace(lambda x: x * a + b - a, X)
    assert program.counts[1] == 2  # the same array once
    assert "captured(" in str(program)
    expected = X * a + b - a
    assert_close(program(X)[0], expected)
    a[:] = 0
    assert_close(program(X)[0], expected)  # it was copied
    for again in [pickle.loads(pickle.dumps(program))]:
        assert_close(again(X)[0], expected)
    parsed = swntk.Program.parse(str(program))
    assert parsed == program
    assert_close(parsed(X, *program.captured)[0], expected)
    bound = swntk.Program.parse(str(program), captured=program.captured)
    assert_close(bound(X)[0], expected)


def test_save_and_load_captured_arrays(tmp_path):
    scale = np.array([1.0, np.nan, -0.0])
    program = swntk.trace(lambda x: x * scale, X)
    program.save(tmp_path / "p.ntk")
    again = swntk.Program.load(tmp_path / "p.ntk")
    assert again == program
    np.testing.assert_array_equal(again(X)[0], X * scale)


def test_a_saved_program_names_no_folders(tmp_path):
    program = swntk.trace(lambda x: swntk.lax.scan(lambda c, r: (np.sin(c + r), c), x[0], x), X)
    assert str(tmp_path.parent) not in str(program) and __file__ in str(program)
    program.save(tmp_path / "p.ntk")
    text = (tmp_path / "p.ntk").read_text()
    assert '@"test_programs.py":' in text and "/" not in text
    assert swntk.Program.load(tmp_path / "p.ntk") == program


def test_captured_data_is_outside_the_hash():
    def program(data):
        return swntk.trace(lambda x: x * data, X)

    ones, twos, single = np.ones(3), np.full(3, 2.0), np.ones(3, "f4")
    assert program(ones) == program(twos) and program(ones).digest == program(twos).digest
    assert hash(program(ones)) == hash(program(twos))
    assert program(ones) != program(single) and program(ones) != program(np.ones((2, 3)))
    assert_close(program(twos)(X)[0], 2 * X)
    assert_close(program(ones)(X)[0], X)


def test_captured_array_modified_between_captures():
    """`y = x + buf; buf += 5; z = x + buf` sees both values."""
    buffer = np.ones(3)

    def f(x):
        y = x + buffer
        buffer[:] = 6
        return y, x + buffer

    y, z = swntk.trace(f, X)(X)
    assert_close(y, X + 1)
    assert_close(z, X + 6)


def test_captured_views_are_their_values():
    base = np.arange(6.0)
    views = [
        base[:3],
        base[3:],
        base[::2],
        base[::-1][:3],
        np.broadcast_to(base[1], (3,)),
        base.reshape(2, 3)[0],
    ]
    program = swntk.trace(lambda x: [x + v for v in views], X)
    for actual, view in zip(program(X), views, strict=True):
        assert_close(actual, X + view)


def test_only_the_outermost_program_captures():
    w = np.eye(3)
    program = swntk.trace(
        lambda xs: swntk.lax.scan(lambda h, x: (w @ h + x, w[0] @ h), np.zeros(3), xs), X
    )
    assert str(program).count("captured(") == 1
    assert_close(program(X)[0], X[0] + X[1])


def test_shapes_come_from_constants():
    """What determines shapes is no captured input: masks and index lists."""
    mask, ids = np.array([True, False, True]), np.array([1, 1, 0])
    program = swntk.trace(lambda x: (x[:, mask], x[ids]), X)
    assert program.counts[1] == 0
    other = swntk.trace(lambda x: (x[:, ~mask], x[ids]), X)
    assert program != other


def test_inputs_and_outputs():
    program = swntk.trace(lambda w, x: (x @ w, x.sum() > 0), W, X.astype("f4"))
    assert [(t.shape, str(t.dtype)) for t in program.inputs] == [
        ((3, 2), "float64"),
        ((2, 3), "float32"),
    ]
    assert [(t.shape, str(t.dtype)) for t in program.outputs] == [((2, 2), "float64"), ((), "bool")]
    for call in [
        lambda: program(W),
        lambda: program(W, X.astype("f4"), W),
        lambda: program(X.astype("f4"), W),
        lambda: program(W, X),
        lambda: program(W[:2], X.astype("f4")),
        lambda: program("a", "b"),
    ]:
        with pytest.raises((ValueError, TypeError)):
            call()


# ---- Long chains ------------------------------

LENGTH = 100_000


def test_long_chain():
    """y <- -(y + x), 50,000 times: parsed, printed, differentiated, run and freed."""
    lines = ["ntk 1", "program(%0: f64[3]) {"]
    for i in range(LENGTH):
        lines.append(f"%{i + 1} = neg(%{i})" if i % 2 else f"%{i + 1} = add(%{i}, %0)")
    program = swntk.Program.parse("\n".join([*lines, f"return %{LENGTH}", "}"]))
    assert program.counts[3] == LENGTH
    x = np.array([0.1, -0.2, 0.3])
    y = x
    for _ in range(LENGTH // 2):
        y = -(y + x)
    assert_close(program(x)[0], y)
    value, tangent = program.jvp([0])(x, np.ones(3))
    assert_close(tangent, np.ones(3))
    forward, backward = program.vjp([0])
    value, *residuals = forward(x)
    assert_close(value, y)
    assert_close(backward(*residuals, 2 * np.ones(3))[0], 2 * np.ones(3))
    assert_close(program.vmap(2, [0], [0])(np.stack([x, 2 * x]))[0], np.stack([y, 2 * y]))
    assert program.simplify().counts[3] <= LENGTH
    again = swntk.Program.parse(str(program))
    assert again == program and again.digest == program.digest


def test_long_nonlinear_chain():
    """tanh of tanh of ..., with residuals."""
    length = 5_000
    lines = ["ntk 1", "program(%0: f64[2]) {", *(f"%{i + 1} = tanh(%{i})" for i in range(length))]
    program = swntk.Program.parse("\n".join([*lines, f"return %{length}", "}"]))
    x = np.array([0.5, -2.0])
    y, slope = x, np.ones(2)
    for _ in range(length):
        y = np.tanh(y)
        slope = slope * (1 - y) * (1 + y)
    assert_close(program(x)[0], y)
    assert_close(program.jvp([0])(x, np.ones(2))[1], slope)
    forward, backward = program.vjp([0])
    _, *residuals = forward(x)
    assert_close(backward(*residuals, np.ones(2))[0], slope)


def test_long_traced_function():
    def f(x):
        for _ in range(2000):
            x = np.tanh(x) + x * 0.001
        return x

    x = np.array([0.3, -1.0])
    assert_close(swntk.jit(f)(x), f(x))
    value, gradient = swntk.value_and_grad(lambda x: f(x).sum())(x)
    slope = np.ones(2)
    for _ in range(2000):
        slope = slope * ((1 - np.tanh(x)) * (1 + np.tanh(x)) + 0.001)
        x = np.tanh(x) + x * 0.001
    assert_close(gradient, slope)


# ---- Any bytes ------------------------------

PIECES = [
    "%",
    "%0",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    ",",
    '"',
    "@",
    "$0",
    "=",
    ":",
    "#",
    "\n",
    "-1",
    "1e999",
    "nan",
    "none",
    "9223372036854775807",
    "f32",
    "bool[2]",
    "program",
    "return",
    "captured",
    "scan",
    "\u00e9",
    "\U0001f600",
    "\0",
    "\x7f",
    'data @a f32[1] "AACAPw=="\n',
]


def mutated(text, rng):
    characters = list(text)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(characters) + 1)
        kind = rng.randrange(4)
        if kind == 0:
            characters[at : at + 1] = chr(rng.randrange(256))
        elif kind == 1:
            characters[at:at] = rng.choice(PIECES)
        elif kind == 2:
            del characters[at : at + rng.randrange(10)]
        else:
            other = rng.randrange(len(characters) + 1)
            characters[at:at] = characters[other : other + rng.randrange(30)]
    return "".join(characters)


def test_any_text_is_a_program_or_an_error():
    """Law: a ParseError with a place, an error about an equation, or a program that parses back."""
    rng = random.Random(7)
    texts = [str(swntk.trace(*row)) for row in TRACED.values()]
    parsed = 0
    for _ in range(2000):
        text = mutated(rng.choice(texts), rng)
        try:
            program = swntk.Program.parse(text)
        except swntk.ParseError as error:
            assert 1 <= error.line <= text.count("\n") + 1 and error.column >= 1
        except (
            swntk.ShapeError,
            swntk.DTypeError,
            swntk.ArgumentError,
            swntk.UnsupportedError,
        ) as error:
            assert str(error)
        else:
            parsed += 1
            assert swntk.Program.parse(str(program)) == program
    assert parsed > 50  # names, lines, comments


def test_parse_errors_say_where():
    text = str(swntk.trace(*TRACED["product"]))
    lines = text.split("\n")
    lines[2] = "  %2 == tanh(%0)"
    with pytest.raises(swntk.ParseError) as caught:
        swntk.Program.parse("\n".join(lines))
    assert caught.value.line == 3 and caught.value.column == 7
    assert "line 3" in str(caught.value) and "column 7" in str(caught.value)
    for bad in [3, None, b"ntk 1", ["ntk 1"]]:
        if isinstance(bad, bytes):
            continue
        with pytest.raises(TypeError):
            swntk.Program.parse(bad)
    with pytest.raises(ValueError):
        swntk.Program.parse('ntk 1\nprogram(%0 "\ud800": f64[]) { return %0 }')


def test_unpickling_nonsense():
    program = swntk.trace(*TRACED["product"])
    data = bytearray(pickle.dumps(program))
    place = data.index(b"dot_general")
    data[place : place + 3] = b"xyz"
    with pytest.raises(swntk.NTKError):
        pickle.loads(bytes(data))
