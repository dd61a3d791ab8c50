"""Assignment and views: NumPy's result, or TracingError; never something else."""

import numpy as np
import pytest
import swntk
from swntk import tree
from swntk._tracing.tracer import Tracer
from test_tracing_numpy import INDEXING, ROWS, T3, A, B, V, check

I3 = np.array([2, 0, 2])


def program(body):
    """Make a function that copies its first argument, runs a body on it and returns everything."""

    def f(a, *rest):
        return body(a.copy(), *rest)

    return f


def set_(index, value):
    def body(a, *rest):
        a[index] = value(*rest) if callable(value) else value
        return a

    return body


def views(a):
    row, column, flat = a[1], a[:, 0], a.reshape(-1)
    row[0] = 5.0
    column[2] = 6.0
    flat[3] = 7.0
    a.T[1, 2] = 8.0
    a[::-1][0] *= 2
    return a, row, column, flat


def view_of_view(a):
    block = a[1:, 1:].T
    block[0][...] = -1.0
    block[:, 1] += 10
    return a, block


def scalars(a):
    s = a[0, 0]
    a[0, 0] = 9.0
    t = s
    s += 1
    return a, s, t


def zero_d_view(a):
    s = a[0, 0, ...]
    a[0, 0] = 9.0
    s += 1
    return a, s


def swap(a):
    a[0], a[1] = a[1].copy(), a[0].copy()
    return a


def overlap(a):
    a[1:] = a[:-1]
    return a


def fibonacci(a):
    for i in range(2, a.shape[1]):
        a[:, i] = a[:, i - 1] + a[:, i - 2]
    return a


def ravel_contiguous(a):
    y = np.tanh(a)
    z = y.ravel()
    z[0] = 3.0
    return y, z


def reshape_copy(a):
    y = a.T.reshape(-1)
    y[0] = 3.0
    return a, y


def out_arguments(a, b):
    c = np.zeros_like(a)
    np.add(a, b, out=c)
    np.multiply(c[:2, ::2], 2, out=c[:2, ::2])
    np.exp(b[0], out=a[0])
    d = np.matmul(a, b.T, out=np.zeros_like(a @ b.T))
    s = np.sum(a, axis=0, out=c[1])
    return a, c, d, s


def split_views(a):
    left, right = np.split(a, 2, axis=1)
    left += 1
    right[0] = 0
    return a, left


def read_only_views(a):
    d = np.diagonal(a)
    w = np.broadcast_to(a[0], (2, 4))
    a[0, 0] = 42.0
    return d, w


def empty_fill(a):
    out = np.empty_like(a)
    for i in range(len(a)):
        out[i] = a[i] * i
    return out


def add_at(a):
    np.add.at(a, ([0, 0, 1], [1, 1, 2]), 2.0)
    np.add.at(a, I3, a[0] * 0 + 1)
    np.subtract.at(a, (slice(None), 0), 1.0)
    return a


def copyto(a, b):
    np.copyto(a[0], b[0])
    np.copyto(a, b, where=b > 0)
    return a


BODIES = {
    "integer": (set_((0, 1), 5.0), A),
    "row": (set_(1, 5.0), A),
    "slice": (set_(slice(1, 3), lambda b: b[:2]), A, B),
    "strided": (set_((slice(None, None, 2), slice(1, None, 2)), 7.0), A),
    "negative step": (set_((slice(None, None, -1), slice(None)), lambda b: b), A, B),
    "ellipsis": (set_(Ellipsis, lambda v: v), A, V),
    "broadcast": (set_((slice(None), slice(0, 2)), lambda b: b[:, :1]), A, B),
    "leading ones": (set_(0, lambda b: b[None, 0]), A, B),
    "none": (set_((None, 0), lambda b: b[:1]), A, B),
    "array": (set_(np.array([2, 0]), lambda b: b[:2]), A, B),
    "repeated array": (set_(I3, lambda b: b), A, B),
    "columns": (set_((slice(None), [3, 1]), lambda b: b[:, :2]), A, B),
    "two arrays": (set_(([0, 1, 0], [1, 2, 1]), lambda b: b[0, :3]), A, B),
    "separated arrays": (set_(([0, 1], slice(1, 3), [2, 0]), lambda t: t[:, 1:, 0]), T3, T3 * 2),
    "mask": (set_(A > 0, 0.0), A),
    "row mask": (set_(np.array([True, False, True]), lambda b: b[:2]), A, B),
    "nan beside": (set_((slice(None), 1), 0.0), np.where(A > 0, np.nan, A)),
    "dtype": (set_(0, lambda b: b[0]), A.astype(np.float32), B),
    "int from float": (set_(0, 1.7), np.arange(6).reshape(2, 3)),
    "views": (views, A),
    "view of view": (view_of_view, A),
    "scalars": (scalars, A),
    "0-d view": (zero_d_view, A),
    "swap": (swap, A),
    "overlap": (overlap, A),
    "fibonacci": (fibonacci, A),
    "ravel of contiguous": (ravel_contiguous, A),
    "reshape that copies": (reshape_copy, A),
    "out": (out_arguments, A, B),
    "split": (split_views, A),
    "read-only views follow": (read_only_views, A),
    "fill rows": (empty_fill, A),
    "add.at": (add_at, A),
    "copyto": (copyto, A, B),
}


@pytest.mark.parametrize("name", BODIES)
def test_assignment_is_numpys(name):
    body, *args = BODIES[name]
    check(program(body), *args)


TRACED = {
    "scalar": (lambda a, i: a.__setitem__(i[0], 5.0), np.array([1])),
    "scalar of column": (lambda a, i: a.__setitem__((slice(None), i[0]), 5.0), np.array([-1])),
    "element": (lambda a, i: a.__setitem__((i[0], i[1]), 5.0), np.array([1, -2])),
    "augmented": (lambda a, i: a[i[0]].__iadd__(1.0), np.array([1])),
    "rows": (lambda a, i: a.__setitem__(i, a[:2] * 2), np.array([2, 0])),
    "repeated rows": (lambda a, i: a.__setitem__(i, a * 2), np.array([2, 0, -1])),
    "elements": (lambda a, i: a.__setitem__((np.arange(3), i), 0.0), np.array([2, 0, -1])),
    "add.at": (lambda a, i: np.add.at(a, i, 1.0), np.array([2, 0, -1])),
}


@pytest.mark.parametrize("name", TRACED)
def test_assignment_at_traced_places(name):
    body, index = TRACED[name]

    def f(a, i):
        a = a.copy()
        body(a, i)
        return a

    check(f, A, index)


def test_traced_place_out_of_range():
    def f(a, i):
        a[i] = 0.0
        return a

    p = swntk.trace(f, A, np.array([1]))
    with pytest.raises(IndexError):
        p(A, np.array([3]))


def test_traced_mask():
    def f(a):
        a = a.copy()
        a[a > 0] = 0.0
        return a

    check(f, A)


def test_arguments_are_not_changed():
    a = A.copy()

    def f(x):
        x[0] = 0.0
        return x.sum()

    swntk.grad(f)(a)
    np.testing.assert_array_equal(a, A)


def test_augmented_assignment_keeps_the_element_type():
    def f(x):
        x = x * 1
        x += np.ones(4)
        return x

    check(f, A.astype(np.float32))
    with pytest.raises(TypeError, match="cannot cast"):
        swntk.trace(lambda x: np.add(x, 1.5, out=x), np.arange(3))


def doubtful(a):
    y = np.tanh(a.T)
    z = y.reshape(-1)
    return y, z


@pytest.mark.parametrize("side", [0, 1])
def test_writes_where_layout_is_not_provable_raise(side):
    def f(a):
        parts = doubtful(a)
        parts[side][0] = 1.0
        return parts

    with pytest.raises(swntk.TracingError, match="may or may not share memory"):
        swntk.trace(f, A)
    check(doubtful, A)


def test_argument_layout_counts():
    def f(a):
        z = a.reshape(-1)
        z[0] = 1.0
        return a, z

    check(program(f), A)
    with pytest.raises(swntk.TracingError):
        swntk.trace(f, np.asfortranarray(A))


def test_read_only_views():
    with pytest.raises(ValueError, match="read-only"):
        swntk.trace(lambda a: np.broadcast_to(a, (2, 3, 4)).__setitem__(0, 1.0), A)


def test_inner_traces_may_not_write_to_outer_arrays():
    def f(a):
        def body(c, x):
            a[0] = x
            return c, x

        return swntk.lax.scan(body, 0.0, a)[1]

    with pytest.raises(swntk.TracingError, match="assigned to inside"):
        swntk.trace(f, A[0])


def test_captured_arrays_are_snapshots():
    buffer = np.ones(4)

    def f(x):
        y = x + buffer
        buffer[:] = 5.0
        z = x + buffer
        return y, z

    program_ = swntk.trace(f, V)
    buffer[:] = 9.0
    y, z = program_(V)
    np.testing.assert_array_equal(y, V + 1)
    np.testing.assert_array_equal(z, V + 5)
    assert len(program_.captured) == 2


def test_captured_arrays_are_merged_and_not_structure():
    buffer = np.ones(4)
    p = swntk.trace(lambda x: x * buffer + buffer, V)
    assert len(p.captured) == 1
    buffer = buffer * 2
    assert swntk.trace(lambda x: x * buffer + buffer, V) == p


def test_random_in_place_sequences():
    rng = np.random.default_rng(2)
    for _ in range(60):
        seed = int(rng.integers(1 << 30))
        try:
            check(
                lambda a, b, seed=seed: random_sequence(np.random.default_rng(seed), a.copy(), b),
                A,
                B,
            )
        except swntk.TracingError as error:
            assert "share memory" in str(error)


def random_sequence(rng, a, b):
    """Run a random program of views and writes."""
    pool = [a, b * 1]
    for _ in range(int(rng.integers(2, 9))):
        x = pool[int(rng.integers(len(pool)))]
        kind = int(rng.integers(7))
        if x.ndim < 1 or 0 in x.shape:
            continue
        start = int(rng.integers(x.shape[0]))
        if kind == 0:
            pool.append(x[start:])
        elif kind == 1:
            pool.append(x.T)
        elif kind == 2:
            pool.append(x[..., ::-1])
        elif kind == 3:
            x[start] = float(rng.integers(9))
        elif kind == 4:
            x *= 2
        elif kind == 5:
            pool.append(x.reshape(-1))
        else:
            pool.append(np.tanh(x))
    return tuple(pool)


def test_outputs_may_repeat_and_alias():
    outputs = swntk.trace(lambda a: {"x": a, "y": [a, a.T]}, A)(A)
    assert len(outputs) == len(tree.leaves({"x": 0, "y": [0, 0]}))
    assert not any(np.shares_memory(o, A) for o in outputs)


def law_of_memory(f, *args):
    """A traced result is a view exactly where NumPy's is, and claims C order only where it is."""
    plain = [a.copy() for a in args]
    with np.errstate(all="ignore"):
        expected = tree.leaves(f(*plain))

    def traced(*tracers):
        got = tree.leaves(f(*tracers))
        for g, e in zip(got, expected):
            if not isinstance(g, Tracer) or not isinstance(e, np.ndarray) or not e.size:
                continue
            if g.contiguous:
                assert e.flags.c_contiguous, "claims C order"
            for t, p in zip(tracers, plain):
                if g._cell.doubt is None:
                    assert (g._cell is t._cell) == np.shares_memory(e, p), "aliasing"
        return got

    swntk.trace(traced, *args)


@pytest.mark.parametrize("name", ROWS)
def test_memory_of_functions(name):
    law_of_memory(*ROWS[name])


@pytest.mark.parametrize("name", INDEXING)
def test_memory_of_indexing(name):
    law_of_memory(INDEXING[name], T3)


COMPOSED = {
    "stack": lambda a, b: [np.stack([a, b], axis=i).reshape(-1) for i in range(3)],
    "where": lambda a, b: np.where(a > 0, a[:, :1], b),
    "broadcast": lambda a, b: (a[:, :1] * 1 + b[0], (a.T * b.T).T, np.add.outer(a, b), a[::2] + 1),
    "reduce": lambda a, b: (T3_like(a).sum(0), T3_like(a).sum(1), T3_like(a).max(axis=(0, 2))),
    "transposed": lambda a, b: (np.tanh(a.T), a.T.copy(), a.T.astype(float), a.T.sum(0), a.T @ b),
    "concatenate": lambda a, b: (
        np.concatenate([a.T, b.T]),
        np.concatenate([a, b.T.reshape(3, 4)], axis=1),
    ),
    "take": lambda a, b: (
        a.take([0, 1], axis=1),
        a[:, [0, 1]],
        a[[0, 1]],
        a[[0, 1]][:, 1],
        a[[[0], [1]]],
    ),
    "products": lambda a, b: (
        np.tensordot(a, b, ([0], [0])),
        np.dot(a, b.T),
        a.T @ b,
        np.outer(a, b),
    ),
    "views": lambda a, b: (
        a[None],
        a[:, None].squeeze(),
        np.split(a, 2, 1)[1].T,
        a.reshape(2, 6)[1:].ravel(),
    ),
}


def T3_like(a):  # noqa: N802
    return a.reshape(1, *a.shape) * np.arange(2.0).reshape(2, 1, 1)


@pytest.mark.parametrize("name", COMPOSED)
def test_memory_of_compositions(name):
    law_of_memory(COMPOSED[name], A, B)
