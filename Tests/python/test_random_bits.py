"""Law: swntk.random gives the bits of jax.random, in both streams, plain and traced."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_names_line

R = swntk.random
STREAMS = [False, True]
SEEDS = [0, 1, 42, -1, 2**32 + 5, 2**63 - 1, -(2**63)]
SHAPES = [(), (0,), (1,), (2,), (5, 7), (2, 0, 3)]
FLOATS = ["float32", "float64"]
KEY = R.key(42)
LOGITS = np.random.default_rng(0).standard_normal((4, 3, 5))


@contextlib.contextmanager
def stream(partitionable):
    with R.partitionable(partitionable), jax.threefry_partitionable(partitionable):
        yield


def same(ours, theirs):
    """Equal in type, shape and every bit."""
    theirs = np.asarray(theirs)
    assert np.asarray(ours).dtype == theirs.dtype and np.shape(ours) == theirs.shape
    np.testing.assert_array_equal(ours, theirs)


def check(name, *args, close=False, traced=True, **kwargs):
    """Plain, and with the key traced: under jit, and mapped over keys."""
    ours, theirs = getattr(R, name), getattr(jax.random, name)
    compare = assert_close if close else same
    expected = np.asarray(theirs(jnp.asarray(KEY), *args, **kwargs))
    compare(ours(KEY, *args, **kwargs), expected)
    if not traced:
        return
    # The stream belongs to the program: a function traced before keeps the one it had.
    compare(swntk.jit(lambda k: ours(k, *args, **kwargs))(KEY), expected)
    mapped = swntk.vmap(lambda k: ours(k, *args, **kwargs))(np.stack([R.key(1), KEY]))
    compare(mapped[1], expected)


# ---- keys


@pytest.mark.parametrize(
    "seed",
    [*SEEDS, *(np.int64(s) for s in SEEDS), np.int32(-5), np.uint32(7), np.uint8(3)],
    ids=repr,
)
def test_keys_of_seeds(seed):
    same(R.key(seed), jax.random.PRNGKey(seed))
    same(R.PRNGKey(np.asarray(seed)), jax.random.PRNGKey(seed))
    same(swntk.jit(R.key)(seed), jax.random.PRNGKey(seed))


def test_a_seed_of_64_bits_without_a_sign():
    same(R.key(np.uint64(2**64 - 1)), jax.random.PRNGKey(np.uint64(2**64 - 1)))


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("num", [0, 1, 2, 3, 7, (2, 3), ()])
def test_split(num, partitionable):
    with stream(partitionable):
        check("split", num)
        for seed in SEEDS:
            same(R.split(R.key(seed), num), jax.random.split(jax.random.PRNGKey(seed), num))


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("data", [0, 1, 2**32 - 1, np.int64(-1), np.uint8(7), np.int32(-3)])
def test_fold_in(data, partitionable):
    with stream(partitionable):
        check("fold_in", data)
        traced = swntk.jit(lambda k, d: R.fold_in(k, d))(KEY, data)
        same(traced, jax.random.fold_in(jnp.asarray(KEY), data))


def test_typed_keys_of_jax():
    typed = jax.random.key(3)
    same(R.key_data(typed), R.key(3))
    same(R.uniform(typed, (3,)), R.uniform(R.key(3), (3,)))
    same(R.key_data(jax.random.split(typed, 3)), jax.random.key_data(jax.random.split(typed, 3)))
    same(R.key_data(KEY), KEY)
    with pytest.raises(swntk.DTypeError, match="key<rbg>"):
        R.uniform(jax.random.key(0, impl="rbg"))


def test_arrays_of_jax_are_keys():
    same(R.uniform(jax.random.PRNGKey(3), (3,)), R.uniform(R.key(3), (3,)))


# ---- bits and what is made of them exactly


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("shape", SHAPES)
def test_bits(shape, partitionable):
    with stream(partitionable):
        for dtype in (None, "uint8", "uint32", "uint64"):
            check("bits", shape, dtype)


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_uniform(dtype, shape, partitionable):
    with stream(partitionable):
        check("uniform", shape, dtype)
        check("uniform", shape, dtype, 0.0, 1.0, traced=False)
        check("uniform", shape, dtype, -1.5, 2.5, traced=False)
        # XLA rounds the product and the sum at once, where its optimizations are on.
        with jax.disable_jit():
            expected = np.asarray(jax.random.uniform(jnp.asarray(KEY), shape, dtype, 0.1, 0.7))
        same(R.uniform(KEY, shape, dtype, 0.1, 0.7), expected)
        check("uniform", shape, dtype, minval=3.0, maxval=3.0, traced=False)
        check("uniform", shape, dtype, 2, 1, traced=False)


def test_uniform_of_bounds_that_are_arrays():
    low, high = np.array([0.0, -1, 2]), np.array([[1.0], [3]])
    with stream(False):
        for dtype in FLOATS:
            check("uniform", (2, 3), dtype, low, high, close=True)

    def ours(low, high):
        return R.uniform(KEY, (2, 3), None, low, high)

    def theirs(low, high):
        return jax.random.uniform(jnp.asarray(KEY), (2, 3), None, low, high)

    with stream(False):
        for argument in (0, 1):
            assert_close(
                swntk.jacobian(ours, argument)(low, high),
                np.asarray(jax.jacobian(theirs, argument)(low, high)),
            )


PROBABILITIES = [0.0, 0.3, 0.5, 1.0, np.float32(0.3), np.array([[0.2], [0.9]])]


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("p", PROBABILITIES, ids=repr)
def test_bernoulli(p, partitionable):
    with stream(partitionable):
        for shape in (None, (2, 3), (2, 0), (7, 2, 4)):
            check("bernoulli", p, shape)
            check("bernoulli", p, shape, mode="high")
        check("bernoulli")
        traced = swntk.jit(lambda k, p: R.bernoulli(k, p, (2, 3)))(KEY, p)
        same(traced, R.bernoulli(KEY, p, (2, 3)))


RANGES = [(0, 10), (5, 5), (7, 3), (3, 256), (0, 2**31 - 1), (0, 1)]
WIDE = [(-4, 9), (-(2**31), 2**31), (0, 2**32), (-(2**63), 2**63 - 1), (2.7, 9.2)]


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("dtype", [None, "int64", "int32", "uint8", "uint32", "uint64"])
def test_randint(dtype, partitionable):
    with stream(partitionable):
        for low, high in RANGES + (WIDE if dtype != "uint8" else []):
            for shape in ((), (0,), (3, 5)):
                check("randint", shape, low, high, dtype, traced=(low, high) == (0, 10))
        low, high = np.array([0, -5, 100]), np.array([[3], [300]], np.int32)
        check("randint", (2, 3), low, high, dtype)
        traced = swntk.jit(lambda k, a, b: R.randint(k, (2, 3), a, b, dtype))(KEY, low, high)
        same(traced, jax.random.randint(jnp.asarray(KEY), (2, 3), low, high, dtype))


def test_randint_of_every_number():
    x = R.randint(KEY, (1000,), 0, 2**40, np.uint8)
    assert x.max() == 255 and x.min() == 0


@pytest.mark.parametrize("partitionable", STREAMS)
def test_rademacher(partitionable):
    with stream(partitionable):
        for dtype in (None, "int32", "float32", "float64"):
            for shape in SHAPES:
                check("rademacher", shape, dtype)


@pytest.mark.parametrize("partitionable", STREAMS)
def test_permutation(partitionable):
    x = np.arange(60.0).reshape(5, 4, 3)
    with stream(partitionable):
        for n in (0, 1, 2, 5, 300):
            check("permutation", n)
        for axis in (0, 1, -1):
            for independent in (False, True):
                check("permutation", x, axis, independent)
        check("permutation", np.array([3, 1, 2], "int32"))
        check("permutation", np.zeros((2, 0)), 1)
    gradient = swntk.grad(lambda x: np.sum(R.permutation(KEY, x) * np.arange(4.0)))(np.ones(4))
    assert sorted(gradient) == [0, 1, 2, 3]


@pytest.mark.parametrize("partitionable", STREAMS)
def test_choice(partitionable):
    p = np.array([0.1, 0.2, 0, 0.45, 0.25])
    options = [
        {},
        {"replace": False},
        {"p": p},
        {"p": p.astype("f4")},
        {"p": np.array([0.1, 0.2, 0.3, 0.15, 0.25]), "replace": False},
    ]
    with stream(partitionable):
        for option in options:
            for shape in ((), (3,), (2, 2)):
                for a in (5, np.arange(10.0, 15), np.arange(30.0).reshape(5, 3, 2)):
                    check("choice", a, shape, traced=shape == (3,), **option)
            check(
                "choice",
                np.arange(30.0).reshape(3, 5, 2),
                (4,),
                axis=1,
                **{**option, "replace": True},
            )
            check("choice", 5, (0,), **option)


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_categorical(dtype, partitionable):
    logits = LOGITS.astype(dtype)
    logits[0, 0] = [-np.inf, 0, -np.inf, 3, 1]
    with stream(partitionable):
        for axis in (0, 1, 2, -1):
            batch = tuple(np.delete(logits.shape, axis))
            check("categorical", logits, axis)
            check("categorical", logits, axis, (6, *batch), traced=False)
            check("categorical", logits, axis, mode="high", traced=False)
            # JAX's are int32 here, and int64 with replacement.
            apart = {"axis": axis, "shape": (3, *batch), "replace": False}
            same(
                R.categorical(KEY, logits, **apart),
                jax.random.categorical(jnp.asarray(KEY), logits, **apart).astype("int64"),
            )
        check("categorical", logits[0, 1])
        check("categorical", logits[:1, 0], shape=(7, 2))


# ---- to rounding


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "name", ["normal", "exponential", "gumbel", "laplace", "logistic", "cauchy"]
)
def test_continuous(name, dtype, partitionable):
    with stream(partitionable):
        for shape in SHAPES:
            check(name, shape, dtype, close=True)
        if name == "gumbel":
            check(name, (5, 7), dtype, mode="high", close=True)


def test_normal_to_a_few_ulp():
    from scipy import special

    for dtype, ulp in (("float32", 4), ("float64", 4)):
        kind = np.dtype(dtype).type
        u = R.uniform(KEY, (2000,), dtype, np.nextafter(kind(-1), kind(0)), 1.0)
        expected = np.sqrt(2) * special.erfinv(u.astype(np.float64))
        actual = R.normal(KEY, (2000,), dtype)
        assert (np.abs(actual - expected) <= ulp * np.spacing(np.abs(expected).astype(kind))).all()


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_truncated_normal(dtype, partitionable):
    upper = np.array([2.0, 3, -0.5])
    with stream(partitionable):
        check("truncated_normal", -1.0, upper, (50, 3), dtype, close=True)
        check("truncated_normal", -1.0, 1.0, None, dtype, close=True)
        check("truncated_normal", -2, 2, (0,), dtype, close=True)
    x = R.truncated_normal(KEY, -0.01, 0.01, (1000,), dtype)
    assert (np.abs(x) < np.dtype(dtype).type(0.01)).all()
    # JAX's derivative, with its optimizations off, is 0 for one of these: differences instead.
    a, h = -1.0, 1e-6
    above, below = (R.truncated_normal(KEY, x, upper) for x in (a + h, a - h))
    derivative = swntk.jacobian(lambda a: R.truncated_normal(KEY, a, upper))(a)
    assert_close(derivative, (above - below) / (2 * h), 1e-8)


@pytest.mark.parametrize("partitionable", STREAMS)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["gamma", "loggamma"])
def test_gamma(name, dtype, partitionable):
    with stream(partitionable):
        for a in (0.3, 1.0, 2.5, 1e4, np.array([[0.1], [5.0]])):
            check(name, a, (2, 100), dtype, close=True)
        check(name, np.array([0.5, 3]), None, dtype, close=True)
        check(name, 2.0, (0,), dtype, close=True)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["gamma"])
def test_gamma_follows_its_shape(name, dtype):
    """The derivative by `a` is JAX's; the value is that of a plain `a`."""
    a = np.array([[0.02], [0.4], [1.0], [3.5], [80.0]])

    def total(random, key, array):
        return lambda a: array.sum(getattr(random, name)(key, a, (5, 20), dtype) ** 2)

    value, gradient = swntk.value_and_grad(total(R, KEY, np))(a)
    with jax.threefry_partitionable(False):
        theirs = jax.grad(total(jax.random, jnp.asarray(KEY), jnp))(a)
    assert_close(value, total(R, KEY, np)(a), 1e-6 if dtype == "float32" else None)
    # `a` is float64; what is computed from it is of `dtype`.
    assert_close(gradient, np.asarray(theirs), 1e-5 if dtype == "float32" else None)
    mapped = swntk.vmap(lambda a: R.gamma(KEY, a))(a[:, 0])
    assert_close(swntk.jit(lambda a: R.gamma(KEY, a[0, 0]))(a), mapped[0], 1e-12)


def test_gamma_has_no_second_derivative():
    once = swntk.grad(lambda a: R.gamma(KEY, a))
    with pytest.raises(swntk.UnsupportedError, match="no second derivative"):
        swntk.grad(once)(2.0)


# ---- inside programs


def test_loops_branches_and_outer_traces():
    def ours(key):
        def step(key, _):
            key, sub = R.split(key)
            return key, R.normal(sub, (2,))

        last, ys = swntk.lax.scan(step, key, None, length=4)
        one = swntk.lax.cond(ys[0, 0] > 0, R.uniform, R.normal, last)
        return ys, one

    def theirs(key):
        def step(key, _):
            key, sub = jax.random.split(key)
            return key, jax.random.normal(sub, (2,))

        last, ys = jax.lax.scan(step, key, None, length=4)
        return ys, jax.lax.cond(ys[0, 0] > 0, jax.random.uniform, jax.random.normal, last)

    for partitionable in STREAMS:
        with stream(partitionable):
            expected = theirs(jnp.asarray(KEY))
            for f in (ours, swntk.jit(ours)):
                for a, e in zip(f(KEY), expected, strict=True):
                    assert_close(a, np.asarray(e))


def test_the_reparameterization_has_derivatives():
    x = np.array([0.5, -1.0])

    def ours(mu, log_sigma):
        return np.sum(np.tanh(mu + np.exp(log_sigma) * R.normal(KEY, (3, 2))))

    def theirs(mu, log_sigma):
        noise = jax.random.normal(jnp.asarray(KEY), (3, 2))
        return jnp.sum(jnp.tanh(mu + jnp.exp(log_sigma) * noise))

    with stream(False):
        for i in (0, 1):
            assert_close(swntk.grad(ours, i)(x, x), np.asarray(jax.grad(theirs, i)(x, x)))


def test_streams_nest_and_threads_have_their_own():
    import threading

    original = R.bits(KEY)
    with R.partitionable(True):
        new = R.bits(KEY)
        with R.partitionable(False):
            same(R.bits(KEY), original)
        same(R.bits(KEY), new)
        found = []
        thread = threading.Thread(target=lambda: found.append(R.bits(KEY)))
        thread.start()
        thread.join()
        same(found[0], original)
    same(R.bits(KEY), original)
    assert original != new


def test_many_signatures_do_not_pile_up():
    for i in range(600):
        assert 0 <= R.uniform(KEY, (), None, 0.0, 1.0 + i) <= 1.0 + i


# ---- bad arguments

BAD = {
    "seed with axes": (lambda: R.key(np.array([1, 2])), swntk.ArgumentError, "shape (2,)"),
    "float seed": (lambda: R.key(1.5), swntk.DTypeError, "float"),
    "bool seed": (lambda: R.key(True), swntk.DTypeError, "bool"),
    "large seed": (lambda: R.key(2**63), swntk.ArgumentError, "int64"),
    "generator": (lambda: R.key(0, impl="rbg"), swntk.UnsupportedError, "rbg"),
    "key shape": (lambda: R.uniform(np.zeros(3, "uint32")), swntk.ArgumentError, "shape (3,)"),
    "several keys": (lambda: R.uniform(R.split(KEY)), swntk.ArgumentError, "swntk.vmap"),
    "key type": (lambda: R.normal(np.zeros(2)), swntk.DTypeError, "dtype float64"),
    "key of ints": (lambda: R.split(np.zeros(2, int)), swntk.DTypeError, "int64"),
    "no key": (lambda: R.bits(None), swntk.DTypeError, "None"),
    "list": (lambda: R.bits([0, 1]), swntk.DTypeError, "[0, 1]"),
    "seed as key": (lambda: R.uniform(0), swntk.DTypeError, "random.key(seed)"),
    "negative size": (lambda: R.uniform(KEY, (2, -1)), swntk.ArgumentError, "(2, -1)"),
    "float size": (lambda: R.uniform(KEY, (2.0,)), swntk.ArgumentError, "2.0"),
    "string size": (lambda: R.normal(KEY, "ab"), swntk.ArgumentError, "ab"),
    "negative split": (lambda: R.split(KEY, -1), swntk.ArgumentError, "-1"),
    "fold of a float": (lambda: R.fold_in(KEY, 1.0), swntk.DTypeError, "float"),
    "fold too large": (lambda: R.fold_in(KEY, 2**32), swntk.ArgumentError, "4294967296"),
    "fold negative": (lambda: R.fold_in(KEY, -1), swntk.ArgumentError, "-1"),
    "fold of axes": (lambda: R.fold_in(KEY, np.arange(2)), swntk.ArgumentError, "swntk.vmap"),
    "signed bits": (lambda: R.bits(KEY, (), "int32"), swntk.DTypeError, "int32"),
    "short bits": (lambda: R.bits(KEY, (), "uint16"), swntk.DTypeError, "uint16"),
    "half": (lambda: R.uniform(KEY, (), "float16"), swntk.DTypeError, "float16"),
    "integers": (lambda: R.normal(KEY, (), int), swntk.DTypeError, "int64"),
    "complex": (lambda: R.normal(KEY, (), complex), swntk.DTypeError, "complex128"),
    "no type": (lambda: R.uniform(KEY, (), "number"), swntk.DTypeError, "'number'"),
    "no type of bits": (lambda: R.bits(KEY, (), 3), swntk.DTypeError, "dtype is 3"),
    "far too many": (lambda: R.normal(KEY, (2**40, 2**40)), swntk.OutOfMemoryError, "too large"),
    "range": (lambda: R.randint(KEY, (), 0, 10**30), swntk.ArgumentError, "maxval is 1000"),
    "choice of many": (lambda: R.choice(KEY, 10**30), swntk.OutOfMemoryError, "too large"),
    "too many": (lambda: R.uniform(KEY, (2**40,)), swntk.UnsupportedError, "random words"),
    "float randint": (lambda: R.randint(KEY, (), 0, 1, "f4"), swntk.DTypeError, "float32"),
    "bounds": (
        lambda: R.uniform(KEY, (2,), None, np.zeros(3)),
        swntk.ShapeError,
        "minval has shape (3,)",
    ),
    "bounds beyond": (lambda: R.randint(KEY, (), np.zeros(3, int), 9), swntk.ShapeError, "(3,)"),
    "p above 1": (lambda: R.bernoulli(KEY, 1.5), swntk.ArgumentError, "p is 1.5"),
    "p below 0": (
        lambda: R.bernoulli(KEY, np.array([0.5, -0.5])),
        swntk.ArgumentError,
        "p is -0.5",
    ),
    "p NaN": (lambda: R.bernoulli(KEY, np.nan), swntk.ArgumentError, "p is nan"),
    "p of ints": (lambda: R.bernoulli(KEY, 1), swntk.DTypeError, "int64"),
    "p half": (lambda: R.bernoulli(KEY, np.float16(0.5)), swntk.DTypeError, "float16"),
    "p shape": (lambda: R.bernoulli(KEY, np.ones(3), (2,)), swntk.ShapeError, "(3,)"),
    "mode": (lambda: R.bernoulli(KEY, 0.5, (), "top"), swntk.ArgumentError, "top"),
    "gumbel mode": (lambda: R.gumbel(KEY, (), None, "top"), swntk.ArgumentError, "top"),
    "highest": (lambda: R.gumbel(KEY, (), "f4", "highest"), swntk.UnsupportedError, "highest"),
    "scalar permutation": (lambda: R.permutation(KEY, 1.0), swntk.DTypeError, "1.0"),
    "negative permutation": (lambda: R.permutation(KEY, -1), swntk.ArgumentError, "-1"),
    "permutation axis": (
        lambda: R.permutation(KEY, np.ones(3), 1),
        swntk.ArgumentError,
        "axis 1",
    ),
    "choice of none": (lambda: R.choice(KEY, 0, (1,)), swntk.ArgumentError, "no entries"),
    "choice of too many": (
        lambda: R.choice(KEY, 3, (4,), False),
        swntk.ArgumentError,
        "4 draws without replacement of 3",
    ),
    "choice p": (lambda: R.choice(KEY, 3, (), p=np.ones(2)), swntk.ShapeError, "expected (3,)"),
    "logits": (lambda: R.categorical(KEY, np.arange(3)), swntk.DTypeError, "int64"),
    "categorical shape": (
        lambda: R.categorical(KEY, LOGITS, shape=(3,)),
        swntk.ShapeError,
        "(4, 3)",
    ),
    "categories": (
        lambda: R.categorical(KEY, LOGITS[0, 0], shape=(6,), replace=False),
        swntk.ArgumentError,
        "6 draws",
    ),
    "negative gamma": (lambda: R.gamma(KEY, -1.0), swntk.ArgumentError, "a is -1.0"),
    "traced loggamma": (
        lambda: swntk.grad(lambda a: R.loggamma(KEY, a))(2.0),
        swntk.UnsupportedError,
        "random.loggamma of a traced",
    ),
    "stream": (lambda: R.partitionable(None), swntk.ArgumentError, "None"),
    "key_data": (lambda: R.key_data(np.zeros(2)), swntk.ArgumentError, "float64"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_arguments(name):
    call, error, fact = BAD[name]
    with pytest.raises(error) as caught:
        call()
    assert fact in str(caught.value)
    assert_names_line(caught.value, __file__, r"\d+")


def test_every_name_is_public():
    assert sorted(R.__all__) == list(R.__all__)
    for name in R.__all__:
        assert getattr(R, name).__doc__


def test_jit_follows_the_stream_of_its_call():
    f = swntk.jit(lambda key: swntk.random.uniform(key, (5,)))
    key = swntk.random.key(3)
    original = f(key)
    with swntk.random.partitionable(True):
        other = f(key)
        np.testing.assert_array_equal(other, swntk.random.uniform(key, (5,)))
    np.testing.assert_array_equal(original, f(key))
    assert not np.array_equal(original, other)
