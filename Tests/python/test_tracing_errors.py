"""What cannot be traced is loud: it names the user's file and line, and what to write instead."""

import math
import pickle
import re
import threading

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
    "ufunc": lambda x: np.frexp(x),
    "function": lambda x: np.sort(x),
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
