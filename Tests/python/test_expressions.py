"""Law: expressions that hypothesis draws compute what NumPy computes, and jvp is the derivative.

Shapes that broadcast, axes, `keepdims`, `where`, `initial`, every form of index, sequences of reads
and writes, the subscripts of einsum, and functions whose arguments decide what they do. What NumPy
refuses, tracing refuses.
"""

import warnings

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
import swntk
from checkers import assert_close, leaves
from hypothesis import HealthCheck, given, settings

SETTINGS = settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SHAPES = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
SOLID = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)


def numbers(shape, seed=0):
    """Distinct, of both signs, none of them near a whole or half number."""
    rng = np.random.default_rng([seed, *shape])
    size = int(np.prod(shape))
    steps = rng.permutation(size) - size // 2
    return (steps * 0.37 + 0.11 + rng.random(size) * 0.02).reshape(shape)


def floats(tree):
    return [np.asarray(leaf) for leaf in leaves(tree) if np.asarray(leaf).dtype.kind == "f"]


def check(function, *arrays, derivative=True):
    """Traced = plain; jvp = central differences where the function is smooth."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = function(*[a.copy() for a in arrays])
        except (TypeError, ValueError, IndexError) as error:
            with pytest.raises((type(error), swntk.NTKError)):
                swntk.jit(function)(*arrays)
            return
        actual = swntk.jit(function)(*arrays)
        for a, e in zip(leaves(actual), leaves(expected), strict=True):
            assert_close(a, np.asarray(e))
        if not derivative:
            return
        rng = np.random.default_rng(7)
        tangents = tuple(rng.normal(size=a.shape) for a in arrays)
        _, jvp = swntk.jvp(lambda *a: floats_traced(function(*a)), arrays, tangents)
        step = 1e-6

        def moved(by):
            at = [a + by * t for a, t in zip(arrays, tangents, strict=True)]
            return floats(function(*at))

        for d, up, down in zip(jvp, moved(step), moved(-step), strict=True):
            difference = (up - down) / (2 * step)
            finite = np.isfinite(difference)
            size = 1 + np.linalg.norm(difference[finite]) + np.linalg.norm(up[np.isfinite(up)])
            # Truncation is step**2, rounding 1e-16 / step.
            assert np.linalg.norm((difference - d)[finite]) <= 1e-7 * size


def floats_traced(tree):
    return [leaf for leaf in leaves(tree) if np.dtype(leaf.dtype).kind == "f"]


# ---- broadcasting

BINARY = [
    lambda x, y: x + y,
    lambda x, y: x * y - 2,
    lambda x, y: x / (1.5 + y * y),
    lambda x, y: np.maximum(x, y + 0.05),
    lambda x, y: np.hypot(x, y),
    lambda x, y: np.arctan2(x, y),
    lambda x, y: np.where(x > y, np.sin(x), y),
    lambda x, y: np.logaddexp(x, y),
    lambda x, y: np.exp(x / 9) ** (y / 9),
    lambda x, y: np.copysign(x, y),
    lambda x, y: np.stack(np.broadcast_arrays(x, y)),
    lambda x, y: np.clip(x, -0.5, np.abs(y) + 1),
    lambda x, y: np.divmod(x, 2 + np.abs(y)),
]


PAIRS = hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, min_side=0, max_side=4)
MATRICES = hnp.mutually_broadcastable_shapes(signature="(n?,k),(k,m?)->(n?,m?)", max_side=3)


@SETTINGS
@given(PAIRS, st.data())
def test_broadcasting(shapes, data):
    function = data.draw(st.sampled_from(BINARY))
    x, y = (numbers(shape, seed) for seed, shape in enumerate(shapes.input_shapes))
    check(function, x, y)


# ---- reductions


@SETTINGS
@given(SHAPES, st.data())
def test_reductions(shape, data):
    name = data.draw(
        st.sampled_from("sum prod mean var std max min ptp nansum nanmean nanvar nanmax".split())
    )
    options = {}
    if shape:
        axes = st.integers(-len(shape), len(shape) - 1)
        axis = data.draw(
            st.one_of(
                st.none(), axes, st.lists(axes, unique_by=lambda a: a % len(shape)).map(tuple)
            )
        )
        options["axis"] = axis
    options["keepdims"] = data.draw(st.booleans())
    if name in ("var", "std", "nanvar"):
        options["ddof"] = data.draw(st.sampled_from([0, 1, 0.5]))
    if name in ("sum", "prod", "max", "min", "nansum") and data.draw(st.booleans()):
        options["initial"] = data.draw(st.sampled_from([-9.0, 0.5, 9.0]))
    if name in ("sum", "prod", "mean", "var", "nansum", "nanmean") and data.draw(st.booleans()):
        mask = numbers(shape, 3) > -1
        options["where"] = mask[..., :1] if shape and data.draw(st.booleans()) else mask
    x = numbers(shape)
    if name.startswith("nan"):
        hole = numbers(shape, 5) > 0.8
        check(lambda x: getattr(np, name)(np.where(hole, np.nan, x), **options), x)
    else:
        # The derivative of a root is not finite at 0, where std of one element is.
        check(lambda x: getattr(np, name)(x, **options), x, derivative=name != "std")


@SETTINGS
@given(SOLID, st.data())
def test_along_an_axis(shape, data):
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    n = shape[axis]
    shift = data.draw(st.integers(-5, 5))
    places = data.draw(st.lists(st.integers(-n, n - 1), max_size=4))
    count = data.draw(st.integers(1, 3))
    ends = data.draw(st.tuples(st.integers(0, 3), st.integers(0, 3)))
    width = [ends if i == axis % len(shape) else (0, 0) for i in range(len(shape))]
    mode = data.draw(
        st.sampled_from(["edge", "wrap", "reflect", "symmetric", "linear_ramp", "mean", "maximum"])
    )
    odd = {"reflect_type": "odd"} if mode in ("reflect", "symmetric") and shift > 0 else {}
    functions = [
        lambda x: np.cumsum(x, axis),
        lambda x: np.cumprod(x, axis),
        lambda x: np.maximum.accumulate(x, axis),
        lambda x: np.logaddexp.accumulate(x, axis),
        lambda x: np.subtract.accumulate(x, axis),
        lambda x: np.add.reduceat(x, [abs(p) % n for p in places] or [0], axis),
        lambda x: np.diff(x, count, axis),
        lambda x: np.roll(x, shift, axis),
        lambda x: np.flip(x, axis),
        lambda x: np.repeat(x, count, axis),
        lambda x: np.take(x, places, axis) if places else x,
        lambda x: np.delete(x, places, axis),
        lambda x: np.insert(x, sorted({p % n for p in places}), 2.5, axis),
        lambda x: np.pad(x, width, mode, **odd),
        lambda x: np.gradient(x, axis=axis),
        lambda x: np.gradient(x, 0.3, axis=axis, edge_order=2),
        lambda x: np.unwrap(x, axis=axis),
        lambda x: np.trapezoid(x, dx=0.2, axis=axis),
        lambda x: np.apply_along_axis(lambda r: np.outer(r, r), axis, x),
        lambda x: np.array_split(x, count, axis),
        lambda x: np.compress([p % 2 == 0 for p in range(n)], x, axis),
        lambda x: np.take_along_axis(x, np.argmax(x, axis, keepdims=True), axis),
        lambda x: np.linspace(x, 1 - x, count + 1, axis=axis),
    ]
    check(data.draw(st.sampled_from(functions)), numbers(shape))


# ---- indices


@st.composite
def indices(draw, shape):
    """A basic index, arrays of integers, a mask, or a mixture."""
    kind = draw(st.integers(0, 3))
    if kind == 0 or not shape or 0 in shape:
        return draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=5))
    if kind == 1:
        return draw(hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2)))
    if kind == 2:
        rank = draw(st.integers(1, len(shape)))
        return numbers(shape[:rank], 2) > 0
    items = []
    rows = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=3))
    for n in shape[: draw(st.integers(1, len(shape)))]:
        item = draw(
            st.one_of(
                st.integers(-n, n - 1),
                st.slices(n),
                hnp.arrays(np.int64, rows, elements=st.integers(-n, n - 1)),
            )
        )
        items.append(item)
    where = draw(st.integers(0, len(items)))
    extra = draw(st.sampled_from([[], [None], [Ellipsis]]))
    return tuple(items[:where] + extra + items[where:])


@SETTINGS
@given(SHAPES, st.data())
def test_indexing(shape, data):
    index = data.draw(indices(shape))
    check(lambda x: x[index] * 2, numbers(shape))


@SETTINGS
@given(SOLID, st.data())
def test_assignment(shape, data):
    """Sequences of writes through indices and views of views."""
    steps = []
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(indices(shape))
        steps.append((index, data.draw(st.integers(0, 4))))
    turned = data.draw(st.booleans())

    def function(x):
        y = x.copy()
        view = y.T if turned else y[::-1]
        for index, kind in steps:
            if kind == 0:
                y[index] = 3.5
            elif kind == 1:
                y[index] = y[index] * 2
            elif kind == 2:
                y[index] += x.sum()
            elif kind == 3:
                np.multiply(y[index], 2, out=None)
                y[index] -= np.sin(y[index])
            else:
                view[...] = view + y[index].sum()
        return y, view * 1

    check(function, numbers(shape))


@SETTINGS
@given(SOLID, st.data())
def test_unbuffered_assignment(shape, data):
    places = hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2))
    index = data.draw(places)
    name = data.draw(st.sampled_from(["add", "subtract", "multiply", "maximum"]))

    def function(x, v):
        y = x.copy()
        getattr(np, name).at(y, index, v)
        return y

    selected = numbers(shape)[index].shape
    check(function, numbers(shape), numbers(selected, 4))


# ---- products


@SETTINGS
@given(st.data())
def test_einsum(data):
    letters = "ijkl"
    sizes = {c: data.draw(st.integers(1, 3)) for c in letters}
    terms = data.draw(st.lists(st.text(letters, min_size=0, max_size=3), min_size=1, max_size=3))
    text = ",".join(terms)
    if data.draw(st.booleans()):
        used = sorted(set("".join(terms)))
        text += "->" + "".join(data.draw(st.permutations(used)))[: data.draw(st.integers(0, 3))]
    arrays = [numbers(tuple(sizes[c] for c in term), i) for i, term in enumerate(terms)]
    check(lambda *a: np.einsum(text, *a) * 1, *arrays)


@SETTINGS
@given(MATRICES, st.data())
def test_products(shapes, data):
    x, y = (numbers(shape, i) for i, shape in enumerate(shapes.input_shapes))
    functions = [
        lambda x, y: x @ y,
        lambda x, y: np.dot(x, y),
        lambda x, y: np.inner(x, x),
        lambda x, y: np.outer(x, y),
        lambda x, y: np.kron(x, y),
        lambda x, y: np.tensordot(x, y, axes=0),
    ]
    check(data.draw(st.sampled_from(functions)), x, y)


@SETTINGS
@given(st.integers(1, 6), st.integers(1, 6), st.sampled_from(["full", "same", "valid"]), st.data())
def test_vectors(n, m, mode, data):
    functions = [
        lambda x, y: np.convolve(x, y, mode),
        lambda x, y: np.correlate(x, y, mode),
        lambda x, y: np.polyval(x, y),
        lambda x, y: np.polymul(x, y),
        lambda x, y: np.polyadd(x, y),
        lambda x, y: np.interp(y, np.arange(n) * 0.7 - 1, x),
        lambda x, y: np.interp(y, np.cumsum(np.exp(x / 9)), np.sin(x), left=-3.0),
        lambda x, y: np.append(x, y),
        lambda x, y: np.vander(x, m),
        lambda x, y: np.block([[x[None].T, np.ones((n, 1))], [y[:1], y[-1:]]]),
        lambda x, y: np.meshgrid(x, y),
        lambda x, y: np.ediff1d(x, to_end=y),
        lambda x, y: np.resize(x, (m, 2)),
        lambda x, y: np.gradient(x, np.arange(n) ** 2.0),
        lambda x, y: np.cov(x, y) if n == m else np.cov(x),
        lambda x, y: np.piecewise(x, [x < -1, x > 1], [np.exp, np.log, lambda v: v * v]),
    ]
    check(data.draw(st.sampled_from(functions)), numbers((n,)), numbers((m,), 1))
