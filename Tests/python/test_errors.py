"""What goes wrong says so: the documented type, the user's file and line, the fact, and advice.

Each row of TRAPS is a function whose line marked `# here` is wrong. The error's message must name
this file and that line.
"""

import inspect
import math
import threading

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_names_line, raises_at_mark

X = np.array([1.0, -2.0, 3.0])
M = np.arange(6.0).reshape(2, 3)


def trace(function, *arguments):
    """Give the function traced values, by a transform that runs nothing."""
    return swntk.trace(function, *(arguments or (X,)))


# ---- The hierarchy ------------------------------


@pytest.mark.parametrize(
    "name, base",
    [
        ("ArgumentError", ValueError),
        ("ShapeError", ValueError),
        ("DTypeError", TypeError),
        ("ParseError", ValueError),
        ("UnsupportedError", NotImplementedError),
        ("TracingError", TypeError),
        ("OutOfMemoryError", MemoryError),
        ("CancelledError", Exception),
        ("InternalError", RuntimeError),
    ],
)
def test_hierarchy(name, base):
    error = getattr(swntk, name)
    assert issubclass(error, swntk.NTKError) and issubclass(error, base)


# ---- Silent traps: each is loud ------------------------------


def branch(x):
    if x[0] > 0:  # here
        return x
    return -x


def loop(x):
    while x.sum() < 10:  # here
        x = x + 1
    return x


def assertion(x):
    assert np.all(x > 0)  # here
    return x


def conditional_expression(x):
    return x if x.max() > 1 else 0 * x  # here


def boolean_or(x):
    return (x[0] > 0) or x  # here


def to_float(x):
    return float(x[0]) * x  # here


def to_int(x):
    return x * int(x[0])  # here


def to_complex(x):
    return complex(x[0])  # here


def item(x):
    return x[0].item() * x  # here


def tolist(x):
    return x.tolist()  # here


def range_of(x):
    return [i for i in range(x[0].astype(int))]  # here


def math_sine(x):
    return math.sin(x[0])  # here


def numpy_array(x):
    return np.array([x[0], x[1]])  # here


def numpy_asarray(x):
    return np.asarray([x, x])  # here


def numpy_float64(x):
    return np.float64(x[0])  # here


def formatted(x):
    return f"{x[0]:.3f}"  # here


def numpy_full_like(x):
    return np.full_like(X, x[0])  # here


def numpy_full(x):
    return np.full((2, 3), x[0])  # here


def numpy_copyto(x):
    buffer = np.zeros(3)
    np.copyto(buffer, x)  # here
    return buffer


def numpy_put(x):
    buffer = np.zeros(3)
    np.put(buffer, [0], x[:1])  # here
    return buffer


def numpy_place(x):
    buffer = np.zeros(3)
    np.place(buffer, buffer == 0, x)  # here
    return buffer


def numpy_putmask(x):
    buffer = np.zeros(3)
    np.putmask(buffer, buffer == 0, x)  # here
    return buffer


def numpy_put_along_axis(x):
    buffer = np.zeros(3)
    np.put_along_axis(buffer, np.array([0, 1]), x[:2], 0)  # here
    return buffer


def numpy_add_at(x):
    buffer = np.zeros(3)
    np.add.at(buffer, [0, 1], x[:2])  # here
    return buffer


def in_place_addition(x):
    buffer = np.zeros(3)
    buffer += x  # here
    return buffer


def in_place_matmul(x):
    buffer = np.eye(3)
    buffer @= np.outer(x, x)  # here
    return buffer


def item_assignment(x):
    buffer = np.zeros(3)
    buffer[0] = x[0]  # here
    return buffer


def slice_assignment(x):
    buffer = np.zeros((2, 3))
    buffer[1] = x  # here
    return buffer


def item_addition(x):
    buffer = np.zeros(3)
    buffer[1] += x[0]  # here
    return buffer


def plain_out(x):
    buffer = np.zeros(3)
    np.add(x, 1, out=buffer)  # here
    return buffer


def plain_out_of_sum(x):
    buffer = np.zeros(())
    np.sum(x, out=buffer)  # here
    return buffer


def plain_dot(x):
    return X.dot(x)  # here


def plain_take(x):
    return np.take(X, np.argsort(X)[x.astype(int)])  # here


def numpy_take(x):
    return np.take(X, x.astype(int))  # here


def plain_index(x):
    return X[x.astype(int)]  # here


def list_index(x):
    return [1.0, 2.0, 3.0][x[0].astype(int)]  # here


def traced_mask(x):
    return x[x > 0]  # here


def traced_mask_assigned(x):
    y = x.copy()
    y[x > 0] = x[:2]  # here
    return y


def traced_shape(x):
    return np.zeros(x[0].astype(int))  # here


def traced_axis(x):
    return np.sum(x, axis=x[0].astype(int))  # here


def traced_slice(x):
    return x[: x[0].astype(int)]  # here


def traced_reshape(x):
    return x.reshape(x.sum().astype(int), -1)  # here


def membership(x):
    return x if 1.0 in x else -x  # here


def ambiguous_write(x):
    y = np.sin(x.T) if hasattr(np, "never") else np.tanh(np.stack([x, x]).T)
    z = y.reshape(-1)
    y[0, 0] = 1  # here
    return z


def ambiguous_write_other_side(x):
    y = np.tanh(np.stack([x, x]).T)
    z = y.reshape(-1)
    z[0] = 1  # here
    return y


def object_array(x):
    return x + np.array([1, "a", None], dtype=object)  # here


TRAPS = [
    branch,
    loop,
    assertion,
    conditional_expression,
    boolean_or,
    to_float,
    to_int,
    to_complex,
    item,
    tolist,
    range_of,
    math_sine,
    numpy_array,
    numpy_asarray,
    numpy_float64,
    numpy_full_like,
    numpy_full,
    numpy_copyto,
    numpy_put,
    numpy_place,
    numpy_putmask,
    numpy_put_along_axis,
    numpy_add_at,
    in_place_addition,
    in_place_matmul,
    item_assignment,
    slice_assignment,
    item_addition,
    plain_out,
    plain_out_of_sum,
    plain_dot,
    plain_take,
    numpy_take,
    plain_index,
    list_index,
    traced_mask,
    traced_mask_assigned,
    traced_shape,
    traced_axis,
    traced_slice,
    traced_reshape,
    membership,
]


def marked_line(function):
    source, first = inspect.getsourcelines(function)
    (line,) = [first + i for i, text in enumerate(source) if text.rstrip().endswith("# here")]
    return line


@pytest.mark.parametrize("function", TRAPS, ids=lambda f: f.__name__)
def test_traps(function):
    """TracingError, with the line of this file and more than a complaint."""
    with pytest.raises(swntk.TracingError) as caught:
        trace(function)
    assert_names_line(caught.value, __file__, marked_line(function))
    assert len(str(caught.value)) > 60  # it says what to write instead


@pytest.mark.parametrize(
    "function", [ambiguous_write, ambiguous_write_other_side], ids=lambda f: f.__name__
)
def test_ambiguous_writes(function):
    """NumPy's layout decides whether the two share memory: a write raises, unless it is NumPy's."""
    x = X.copy()
    try:
        result = swntk.jit(function)(x)
    except swntk.TracingError as error:
        assert_names_line(error, __file__, marked_line(function))
        assert "copy" in str(error)
    else:
        assert_close(result, function(x))


@pytest.mark.parametrize(
    "function",
    [branch, item_assignment, numpy_array, plain_index, numpy_full_like],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize(
    "transform",
    [
        lambda f: swntk.jit(f)(X),
        lambda f: swntk.jvp(f, (X,), (X,)),
        lambda f: swntk.vjp(f, X),
        lambda f: swntk.grad(lambda x: np.sum(f(x)))(X),
        lambda f: swntk.jacrev(f)(X),
        lambda f: swntk.jacfwd(f)(X),
        lambda f: swntk.hessian(lambda x: np.sum(f(x)))(X),
        lambda f: swntk.vmap(f)(np.stack([X, X])),
        lambda f: swntk.eval_shape(f, X),
        lambda f: swntk.jit(swntk.vmap(swntk.grad(lambda x: np.sum(f(x)))))(np.stack([X, X])),
        lambda f: swntk.lax.scan(lambda c, x: (f(c), x), X, X),
        lambda f: swntk.empirical_ntk_fn(lambda p, x: f(p)[:, None] * x)(M[:, :1], None, X),
    ],
    ids="jit jvp vjp grad jacrev jacfwd hessian vmap eval_shape nested scan kernel".split(),
)
def test_traps_under_every_transform(function, transform):
    with pytest.raises(swntk.TracingError) as caught:
        transform(function)
    assert_names_line(caught.value, __file__, marked_line(function))


def test_nothing_was_written():
    """A refused write leaves the plain array as it was."""
    buffer = np.zeros(3)

    def writes(x):
        for write in [
            lambda: np.copyto(buffer, x),
            lambda: buffer.__setitem__(0, x[0]),
            lambda: buffer.__iadd__(x),
            lambda: np.put(buffer, [0], x[:1]),
            lambda: np.putmask(buffer, buffer == 0, x),
            lambda: np.add.at(buffer, [0], x[:1]),
            lambda: np.add(x, x, out=buffer),
            lambda: np.place(buffer, buffer == 0, x),
        ]:
            try:
                write()
            except (TypeError, ValueError):
                continue
            raise AssertionError("a write onto a plain array passed")
        return x

    trace(writes)
    assert (buffer == 0).all()


def test_what_is_fine():
    """Its neighbours that work: shape arithmetic, known masks, comparisons as values."""

    def fine(x):
        assert x.shape == (3,) and len(x) == 3 and x.ndim and x.dtype == np.float64
        if x.shape[0] > 2 and X[0] > 0:
            x = x + np.array([1.0, 2.0, float(X[0])])
        return np.stack([x[0], x[1]]), x[X > 0], np.where(x > 0, x, 0), repr(x) and str(x) and x

    for actual, expected in zip(swntk.jit(fine)(X), fine(X), strict=True):
        assert_close(actual, expected)


# ---- Tracers out of place ------------------------------


def test_leaked_tracer():
    leaked = []
    swntk.jit(lambda x: leaked.append(x * 2) or x)(X)

    def later():
        return leaked[0] + 1  # here

    raises_at_mark(swntk.TracingError, later)

    def in_another_trace():
        return swntk.jit(lambda x: x + leaked[0])(X)  # here

    raises_at_mark(swntk.TracingError, in_another_trace)
    with pytest.raises(swntk.TracingError):
        np.asarray(leaked[0])


def test_leaked_from_scan():
    leaked = []

    def f():
        swntk.lax.scan(lambda c, x: (leaked.append(c) or c, x), X[0], X)
        return leaked[0] + 1  # here

    raises_at_mark(swntk.TracingError, f)


def test_leaked_after_failure():
    leaked = []

    def fails(x):
        leaked.append(x)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        swntk.jit(fails)(X)
    with pytest.raises(swntk.TracingError):
        leaked[0] + 1
    assert_close(swntk.jit(lambda x: x + 1)(X), X + 1)  # and nothing else is broken


def test_tracer_in_another_thread():
    caught = []

    def f(x):
        def work():
            try:
                x + 1
            except BaseException as error:
                caught.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return x

    trace(f)
    assert len(caught) == 1 and isinstance(caught[0], swntk.TracingError)
    assert "thread" in str(caught[0])


def test_write_to_an_outer_cell():
    """From the body of a scan, or under vmap, an outer trace's array cannot be assigned."""

    def from_scan(x):
        y = x * 2

        def body(c, t):
            y[0] = t  # here
            return c, t

        swntk.lax.scan(body, x[0], x)
        return y

    with pytest.raises(swntk.TracingError) as caught:
        trace(from_scan)
    assert_names_line(caught.value, __file__, marked_line(from_scan))

    def from_vmap(x):
        y = x * 2

        def body(t):
            y[0] = t  # here
            return t

        return swntk.vmap(body)(x), y

    with pytest.raises(swntk.TracingError) as caught:
        trace(from_vmap)
    assert_names_line(caught.value, __file__, marked_line(from_vmap))


# ---- Unsupported ------------------------------

UNSUPPORTED = [
    ("linalg.eig", lambda x: np.linalg.eig(np.outer(x, x))),
    ("fft", lambda x: np.fft.fft(x)),
    ("unique", lambda x: np.unique(x)),
    ("nonzero", lambda x: np.nonzero(x)),
    ("where with one argument", lambda x: np.where(x > 0)),
    ("histogram", lambda x: np.histogram(x)),
    ("polyfit", lambda x: np.polyfit(x, x, 1)),
    ("packbits", lambda x: np.packbits(x > 0)),
    ("trim_zeros", lambda x: np.trim_zeros(x)),
    ("save", lambda x: np.savetxt("/dev/null", x)),
    ("i0", lambda x: np.i0(x)),
    ("view", lambda x: x.view(np.int64)),
    ("tobytes", lambda x: x.tobytes()),
    ("sort in place", lambda x: x.copy().sort()),
    ("complex", lambda x: x * 1j),
    ("to complex", lambda x: x.astype(complex)),
    ("to int16", lambda x: x.astype(np.int16)),
    ("longdouble", lambda x: x + np.longdouble(1) * np.ones(3, np.longdouble)),
]


@pytest.mark.parametrize(
    "function", [row[1] for row in UNSUPPORTED], ids=[row[0] for row in UNSUPPORTED]
)
def test_unsupported(function):
    """An error of ours that names the line; sort in place may work, as NumPy does."""
    try:
        trace(function)
    except swntk.NTKError as error:
        assert isinstance(error, (swntk.UnsupportedError, swntk.TracingError, swntk.DTypeError))
        assert_names_line(error, __file__, function.__code__.co_firstlineno)
    except AttributeError as error:
        assert "view" in str(error) or "tobytes" in str(error)
    else:
        assert function in (UNSUPPORTED[13][1], UNSUPPORTED[10][1])


@pytest.mark.parametrize(
    "argument, error",
    [
        (np.ones(3, complex), (swntk.UnsupportedError,)),
        (np.array(["a", "b"]), (swntk.DTypeError, swntk.UnsupportedError)),
        (np.array([None, 1], dtype=object), (swntk.DTypeError, swntk.UnsupportedError)),
        (np.ones(3, np.longdouble), (swntk.DTypeError, swntk.UnsupportedError)),
        (np.zeros(3, "M8[s]"), (swntk.DTypeError, swntk.UnsupportedError)),
        (np.zeros(3, [("a", "f8")]), (swntk.DTypeError, swntk.UnsupportedError)),
        (np.ma.masked_array([1.0, 2.0], [True, False]), (swntk.ArgumentError,)),
    ],
    ids=lambda a: getattr(getattr(a, "dtype", ""), "str", ""),
)
def test_arguments_of_other_types(argument, error):
    for call in [
        lambda: swntk.jit(lambda x: x)(argument),
        lambda: swntk.vjp(lambda x: x, argument),
        lambda: (
            swntk.jit(lambda x: x + argument.sum())(X)
            if argument.dtype.kind == "c"
            else swntk.jit(lambda t: t["k"])({"k": argument})
        ),
    ]:
        with pytest.raises(error):
            call()


# ---- Shapes, types, axes, trees ------------------------------


def model(params, x):
    h = np.tanh(x @ params["w1"])  # here
    return h @ params["w2"]


def test_the_message_is_in_the_user_s_terms():
    """`params['w1'] has shape (784, 512), but x has 780 columns`, at `model.py:12`."""
    params = {"w1": np.zeros((7, 5)), "w2": np.zeros((5, 2))}
    for call in [
        lambda: swntk.jvp(model, (params, np.zeros((4, 3))), (params, np.zeros((4, 3)))),
        lambda: swntk.vjp(model, params, np.zeros((4, 3))),
        lambda: swntk.empirical_ntk_fn(model)(np.zeros((4, 3)), None, params),
    ]:
        with pytest.raises(swntk.ShapeError) as caught:
            call()
        assert_names_line(caught.value, __file__, marked_line(model))
        message = str(caught.value)
        assert "params['w1']" in message and "(7, 5)" in message
        assert "x" in message and "(4, 3)" in message


SHAPE_ERRORS = [
    lambda x: x + np.ones(4),
    lambda x: x @ np.ones(4),
    lambda x: np.matmul(x, np.ones((4, 3))),
    lambda x: np.concatenate([x[None], np.ones((1, 4))]),
    lambda x: np.stack([x, x[:2]]),
    lambda x: x.reshape(2, 2),
    lambda x: np.broadcast_to(x, (3, 4)),
    lambda x: np.einsum("i,i", x, np.ones(4)),
    lambda x: np.where(x > 0, x, np.ones(4)),
    lambda x: np.sum(x, axis=1),
    lambda x: np.transpose(x, (0, 1)),
    lambda x: np.squeeze(x, axis=0),
    lambda x: np.expand_dims(x, 5),
    lambda x: np.split(x, 2),
    lambda x: np.tensordot(x, np.ones((4, 2)), 1),
    lambda x: np.swapaxes(x, 0, 1),
    lambda x: x[0, 0],
    lambda x: x[5],
    lambda x: x[[0, 5]],
    lambda x: x[np.array([True, False])],
]


@pytest.mark.parametrize("number", range(len(SHAPE_ERRORS)))
def test_shape_errors(number):
    """As NumPy: a ValueError (an IndexError for an index), naming the line."""
    function = SHAPE_ERRORS[number]
    with pytest.raises((ValueError, IndexError)):
        function(X)
    with pytest.raises((swntk.ShapeError, swntk.ArgumentError, IndexError)) as caught:
        trace(function)
    assert_names_line(caught.value, __file__, function.__code__.co_firstlineno)
    if number >= 16:
        assert isinstance(caught.value, IndexError)


def test_index_met_while_running():
    """ArgumentError that is an IndexError; negative indices count from the end."""
    f = swntk.jit(lambda x, i: x[i])
    assert_close(f(X, np.array([2, -1, -3])), X[[2, -1, -3]])
    for bad in [3, -4, 2**40, -(2**40)]:
        with pytest.raises(swntk.ArgumentError) as caught:
            f(X, np.array([0, bad]))
        assert isinstance(caught.value, IndexError)
        assert_names_line(
            caught.value, __file__, test_index_met_while_running.__code__.co_firstlineno + 2
        )

    def assign(x, i):
        x[i] = 0
        return x

    with pytest.raises(IndexError):
        swntk.jit(assign)(X, np.array([3]))
    with pytest.raises(IndexError):
        swntk.jit(lambda x, i: np.take(x, i))(X, np.array([7]))
    with pytest.raises(IndexError):
        swntk.grad(lambda x: f(x, np.array([0, 9])).sum())(X)


def test_type_errors():
    with pytest.raises(TypeError):
        trace(lambda x: x + "text")
    with pytest.raises(TypeError):
        trace(lambda x: x & 1)
    with pytest.raises(TypeError):
        trace(lambda x: ~x)
    with pytest.raises(TypeError):
        trace(lambda x: np.tanh())
    with pytest.raises(TypeError):
        trace(lambda x: np.tanh(x, x, x))
    with pytest.raises(TypeError):
        trace(lambda x: np.sum(x, no_such_option=1))
    with pytest.raises((TypeError, ValueError)):
        trace(lambda x: x.astype("nonsense"))
    with pytest.raises(AttributeError):
        trace(lambda x: x.no_such_attribute)


def test_parameters_must_be_floating():
    params = {"w": np.ones((3, 2)), "table": np.arange(4)}
    with pytest.raises(swntk.DTypeError) as caught:
        swntk.empirical_ntk_fn(lambda p, x: x @ p["w"])(M, None, params)
    message = str(caught.value)
    assert "'table'" in message and "int64" in message
    assert "close over" in message or "keyword" in message
    with pytest.raises(swntk.DTypeError):
        swntk.grad(lambda x: x.sum())(np.arange(3))


def test_results_that_are_no_arrays():
    for function in [
        lambda x: "text",
        lambda x: object(),
        lambda x: [x, {1, 2}],
        lambda x: lambda: x,
    ]:
        with pytest.raises((TypeError, swntk.TracingError)):
            swntk.jit(function)(X)
    assert swntk.jit(lambda x: None)(X) is None
    assert swntk.jit(lambda x: {"a": [], "b": ()})(X) == {"a": [], "b": ()}


def test_arguments_that_are_no_functions():
    for transform in [swntk.jit, swntk.grad, swntk.vmap, swntk.jacrev, swntk.empirical_ntk_fn]:
        with pytest.raises(TypeError):
            transform(3)(X)
    with pytest.raises(TypeError):
        swntk.vjp("f", X)
    with pytest.raises(TypeError):
        swntk.jvp(None, (X,), (X,))
    with pytest.raises((TypeError, swntk.ArgumentError)):
        swntk.grad(lambda x: x.sum())()
    with pytest.raises(TypeError):
        swntk.grad(lambda x: x.sum())(X, X)


def test_scan_refused():
    for call, fact in [
        (
            lambda: swntk.lax.scan(lambda c, x: (c + x, c), 0.0, X[:, None] * np.ones(2)),
            "",
        ),  # carry changes shape
        (lambda: swntk.lax.scan(lambda c, x: (c, x), np.float32(0), None), "length"),
        (lambda: swntk.lax.scan(lambda c, x: (c, x), 0.0, X, length=5), "length"),
        (lambda: swntk.lax.scan(lambda c, x: (c, x), 0.0, (X, M)), ""),  # lengths 3 and 2
        (lambda: swntk.lax.scan(lambda c, x: c, 0.0, X), ""),  # no pair
        (lambda: swntk.lax.scan(lambda c, x: ((c, c), x), 0.0, X), ""),  # another tree
        (lambda: swntk.lax.scan(lambda c, x: (c.astype(np.float32), x), np.float64(0), X), ""),
        (lambda: swntk.lax.scan(lambda c, x: (c, x), 0.0, np.float64(3)), ""),  # no axis
    ]:
        with pytest.raises((TypeError, ValueError)) as caught:
            call()
        assert fact in str(caught.value)


# ---- The user's own exceptions ------------------------------


def test_the_user_s_exceptions_come_out():
    class Mine(Exception):
        pass

    def f(x):
        raise Mine("words")

    for call in [
        lambda: swntk.jit(f)(X),
        lambda: swntk.grad(f)(X),
        lambda: swntk.vmap(f)(X),
        lambda: swntk.lax.scan(lambda c, x: f(x), X[0], X),
        lambda: swntk.empirical_ntk_fn(lambda p, x: f(x))(M, None, X),
    ]:
        with pytest.raises(Mine, match="words"):
            call()

    def handled(x):
        try:
            if x[0] > 0:
                return x
        except TypeError:
            return 2 * x

    assert_close(swntk.jit(handled)(X), 2 * X)


# ---- Arguments stay as they are ------------------------------


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: swntk.jit(f)(x),
        lambda f, x: swntk.jvp(f, (x,), (x,)),
        lambda f, x: swntk.vjp(f, x)[1](x.copy()),
        lambda f, x: swntk.grad(lambda x: f(x).sum())(x),
        lambda f, x: swntk.jacrev(f)(x),
        lambda f, x: swntk.vmap(lambda y: f(np.stack([y, y, y])))(x),
        lambda f, x: swntk.lax.scan(lambda c, t: (f(c), t), x, x),
        lambda f, x: swntk.eval_shape(f, x),
    ],
    ids="jit jvp vjp grad jacrev vmap scan eval_shape".split(),
)
def test_arguments_are_never_changed(transform):
    def f(x):
        x[0] = 7
        x *= 2
        np.exp(x, out=x)
        return x

    x = X.copy()
    transform(f, x)
    assert (x == X).all()


def test_refused_calls_change_nothing():
    """A pullback, a jit and a kernel that refuse their arguments work afterwards as before."""
    value, pullback = swntk.vjp(np.tanh, X)
    expected = pullback(np.ones(3))
    with pytest.raises((ValueError, TypeError)):
        pullback(np.ones(4))
    assert_close(pullback(np.ones(3))[0], expected[0])
    f = swntk.jit(lambda x: x + np.ones(3))
    with pytest.raises(ValueError):
        f(np.ones(4))
    assert_close(f(X), X + 1)
    ntk_fn = swntk.empirical_ntk_fn(lambda p, x: x @ p)
    with pytest.raises(ValueError):
        ntk_fn(M, None, np.ones((4, 2)))
    assert_close(ntk_fn(M, None, np.ones((3, 2))), M @ M.T)


# ---- The process ------------------------------


def test_process_wide():
    before = swntk.get_threads()
    for bad in [0, -1, 2.5, "two", None]:
        with pytest.raises((ValueError, TypeError)):
            swntk.set_threads(bad)
    assert swntk.get_threads() == before
    swntk.clear_cache()
    assert isinstance(swntk.build_info(), dict) and swntk.__version__


# ---- Lines of the user's source in compound statements ------------------------------


def test_line_inside_nested_functions():
    def layer(w, x):
        return np.tanh(x @ w)  # here

    def deep(x):
        for _ in range(2):
            x = layer(np.ones((4, 4)), x)
        return x

    with pytest.raises(swntk.ShapeError) as caught:
        trace(deep)
    assert_names_line(caught.value, __file__, marked_line(layer))


def test_line_of_source_that_is_not_a_file():
    scope = {"np": np}
    exec(compile("def f(x):\n  y = x + 1\n  return y @ np.ones(7)\n", "<cell 3>", "exec"), scope)
    with pytest.raises(swntk.ShapeError) as caught:
        trace(scope["f"])
    assert "<cell 3>" in str(caught.value) and ":3" in str(caught.value)
