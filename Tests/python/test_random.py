"""Law: random functions compute what NumPy computes, and their derivatives are JAX's.

A function is a list of steps over a growing list of arrays, drawn from a seed; a step is written
once for NumPy, for traced arrays and for JAX.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import swntk
from both import OURS, THEIRS
from checkers import assert_close, leaves

SIZES = [0, 1, 1, 2, 3, 5]


def bounded(m, x):
    """Between -1 and 1; unlike a saturated tanh, well conditioned."""
    return x / m.np.sqrt(1 + x * x)


def unary(rng, x):
    return [
        lambda m, x: m.np.tanh(x),
        lambda m, x: -x,
        lambda m, x: m.np.exp(-x * x),
        lambda m, x: m.np.log(1 + x * x),
        lambda m, x: m.np.sqrt(2 + m.np.tanh(x)),
        lambda m, x: m.np.maximum(x, 0.25),
        lambda m, x: m.np.tanh(x) ** 3,
        lambda m, x: m.np.square(m.np.tanh(x)),
        lambda m, x: m.np.abs(x - 0.1),
        lambda m, x: 1 / (1 + m.np.exp(-x)),
        lambda m, x: m.np.where(x > 0, x, 0.5 * x),
        lambda m, x: m.np.clip(x, -0.7, 0.9),
        lambda m, x: x * m.stop_gradient(x) / 4,
    ][rng.integers(13)]


def binary(rng, x, y):
    try:
        np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        return None
    return [
        lambda m, x, y: x + y,
        lambda m, x, y: x - 2 * y,
        lambda m, x, y: x * m.np.tanh(y),
        lambda m, x, y: x / (2 + y * y),
        lambda m, x, y: m.np.maximum(x, y),
        lambda m, x, y: m.np.minimum(x, y),
        lambda m, x, y: m.np.where(x < y, x, m.np.tanh(y)),
    ][rng.integers(7)]


def reduction(rng, x):
    if x.ndim == 0:
        return None
    axis = int(rng.integers(-x.ndim, x.ndim)) if rng.random() < 0.8 else None
    keep = bool(rng.random() < 0.5)
    kind = rng.integers(4)
    if kind >= 1 and x.size == 0:
        kind = 0
    return [
        lambda m, x: bounded(m, m.np.sum(x, axis=axis, keepdims=keep)),
        lambda m, x: m.np.mean(x, axis=axis, keepdims=keep),
        lambda m, x: m.np.max(x, axis=axis, keepdims=keep),
        lambda m, x: m.np.var(x, axis=axis, keepdims=keep),
    ][kind]


def reshaping(rng, x):
    kind = rng.integers(8)
    axis = int(rng.integers(x.ndim)) if x.ndim else 0
    order = tuple(int(i) for i in rng.permutation(x.ndim))
    if kind == 0:
        return lambda m, x: m.np.transpose(x, order)
    if kind == 1:
        return lambda m, x: m.np.reshape(x, (-1,)) if x.size else m.np.reshape(x, (0,))
    if kind == 2 and x.ndim < 4:
        return lambda m, x: m.np.expand_dims(x, axis)
    if kind == 3:
        return lambda m, x: m.np.squeeze(x)
    if kind == 4 and x.ndim:
        return lambda m, x: m.np.flip(x, axis)
    if kind == 5 and x.ndim and x.shape[axis] % 2 == 0 and x.ndim < 4:
        shape = (*x.shape[:axis], 2, x.shape[axis] // 2, *x.shape[axis + 1 :])
        return lambda m, x: m.np.reshape(x, shape)
    if kind == 6 and x.ndim >= 2:
        shape = (x.shape[0] * x.shape[1], *x.shape[2:])
        return lambda m, x: m.np.reshape(x, shape)
    if kind == 7 and x.ndim < 4 and x.size < 500:
        shape = (3, *x.shape)
        return lambda m, x: m.np.broadcast_to(x, shape)
    return None


def random_slice(rng):
    step = [1, 1, 2, -1, -2][rng.integers(5)]
    ends = [None, None, 0, 1, 2, -1, 4]
    return slice(ends[rng.integers(7)], ends[rng.integers(7)], step)


def random_index(rng, x):
    index = []
    for size in x.shape:
        kind = rng.integers(6)
        if kind == 0 and size:
            index.append(int(rng.integers(-size, size)))
        elif kind == 1 and size and not any(isinstance(i, np.ndarray) for i in index):
            index.append(rng.integers(-size, size, size=3))
        elif kind == 2:
            index.append(slice(None))
        else:
            index.append(random_slice(rng))
    return tuple(index)


def indexing(rng, x):
    index = random_index(rng, x)
    return lambda m, x: x[index]


def joining(rng, x):
    if x.size > 500 or x.ndim == 0 or x.ndim > 3:
        return None
    axis, kind = int(rng.integers(x.ndim)), rng.integers(5)
    return [
        lambda m, x: m.np.concatenate([x, 2 * x], axis=axis),
        lambda m, x: m.np.stack([x, m.np.tanh(x)], axis=axis),
        lambda m, x: m.np.pad(x, [(1, 0)] * x.ndim),
        lambda m, x: m.np.roll(x, 1, axis=axis),
        lambda m, x: m.np.tile(x, 2),
    ][kind]


def product(rng, x, y):
    if x.ndim >= 2 and y.ndim >= 2 and x.shape[-1] == y.shape[-1] and x.ndim == y.ndim == 2:
        return lambda m, x, y: bounded(m, x @ y.T)
    if x.ndim >= 2:
        return [
            lambda m, x, y: bounded(m, x @ m.np.swapaxes(x, -1, -2)),
            lambda m, x, y: m.np.einsum("...ij,...ij->...i", x, m.np.tanh(x)),
            lambda m, x, y: bounded(m, m.np.tensordot(x, x, axes=[[0], [0]])) if x.ndim == 2 else x,
        ][rng.integers(3)]
    if x.ndim == 1:
        return lambda m, x, y: m.np.outer(x, m.np.tanh(x)) if x.shape[0] < 30 else x
    return None


def assignment(rng, x, y):
    if x.ndim == 0:
        return None
    index = random_index(rng, x)
    if rng.random() < 0.5:
        return lambda m, x, y: m.write(x * 1, index, m.np.tanh(x[index]) * 0.5)
    value = float(rng.integers(5))
    return lambda m, x, y: (
        m.write(m.add_to(x * 1, index, 1.5 * bounded(m, m.np.sum(y))), 0, value)
        if x.shape[0]
        else x
    )


def scanning(rng, x):
    if x.ndim == 0 or x.shape[0] > 12:
        return None
    reverse = bool(rng.random() < 0.5)
    return lambda m, x: m.scan(
        lambda c, t: (m.np.tanh(c + t), c * t), m.np.zeros(x.shape[1:]), x, reverse=reverse
    )[1]


KINDS = [
    unary,
    unary,
    binary,
    binary,
    binary,
    reduction,
    reshaping,
    reshaping,
    indexing,
    joining,
    product,
    assignment,
    scanning,
]


def draw(seed, length=10):
    """(inputs, steps); a step is (function, positions of its operands)."""
    rng = np.random.default_rng(seed)
    inputs = []
    for _ in range(rng.integers(1, 4)):
        shape = [SIZES[i] for i in rng.integers(len(SIZES), size=rng.integers(0, 4))]
        inputs.append(rng.standard_normal(shape))
    if seed % 5 == 0:
        inputs.append(rng.standard_normal((37, 67)))
    values, steps = list(inputs), []
    while len(steps) < length:
        kind = KINDS[rng.integers(len(KINDS))]
        operands = [int(i) for i in rng.integers(max(0, len(values) - 4), len(values), size=2)]
        arity = kind.__code__.co_argcount - 1
        step = kind(rng, *(values[i] for i in operands[:arity]))
        if step is None:
            continue
        value = np.asarray(step(OURS, *(values[i] for i in operands[:arity])))
        if value.ndim > 4 or value.size > 20_000:
            continue
        steps.append((step, operands[:arity]))
        values.append(value)
    return inputs, steps


def play(m, steps, inputs):
    values = list(inputs)
    for step, operands in steps:
        values.append(step(m, *(values[i] for i in operands)))
    return values[-3:] + [sum((m.np.sum(v) for v in values), 0.0)]


def assert_close_together(actual, expected):
    """Equal relative to the norm of all results as one: one alone may be a difference of equals."""
    pairs = list(zip(leaves(actual), map(np.asarray, leaves(expected)), strict=True))
    for a, e in pairs:
        assert a.shape == e.shape and a.dtype == e.dtype
    a, e = (np.concatenate([np.ravel(pair[i]) for pair in pairs]) for i in range(2))
    assert_close(a, e)


def check_values(seed):
    """Traced = NumPy, in both precisions; and again from the program's text."""
    inputs, steps = draw(seed)
    expected = play(OURS, steps, inputs)
    assert_close_together(swntk.jit(lambda *a: play(OURS, steps, a))(*inputs), expected)
    program = swntk.trace(lambda *a: play(OURS, steps, a), *inputs)
    for again in [swntk.Program.parse(str(program), captured=program.captured), program.simplify()]:
        for a, e in zip(again(*inputs), program(*inputs), strict=True):
            assert_close(a, e, 1e-13)
    single = [x.astype("f4") for x in inputs]
    for y, e in zip(swntk.jit(lambda *a: play(OURS, steps, a))(*single), expected, strict=True):
        size = np.linalg.norm(np.ravel(e)) + 1
        assert np.linalg.norm(np.ravel(y - e)) < 1e-3 * size


def check_derivatives(seed):
    """jvp, vjp, and one jvp of the vjp, = JAX's; vmap = stacked loop."""
    inputs, steps = draw(seed)
    inputs = tuple(inputs)
    rng = np.random.default_rng(seed + 1)
    tangents = tuple(rng.standard_normal(x.shape) for x in inputs)
    bars = [rng.standard_normal(np.shape(y)) for y in play(OURS, steps, inputs)]

    def all_of(m, jvp, vjp, inputs):
        def f(*a):
            return play(m, steps, a)

        def back(*a):
            value, pull = vjp(f, *a)
            return pull(bars)

        return jvp(f, inputs, tangents), back(*inputs), jvp(back, inputs, tangents)[1]

    with np.errstate(all="ignore"):
        expected = jax.jit(lambda *a: all_of(THEIRS, jax.jvp, jax.vjp, a))(
            *map(jnp.asarray, inputs)
        )
    actual = all_of(OURS, swntk.jvp, swntk.vjp, inputs)
    expected = jax.tree_util.tree_map(np.asarray, expected)
    assert_close_together(actual, expected)
    stacked = [np.stack([x, -x, x / 2]) for x in inputs]
    mapped = swntk.vmap(lambda *a: play(OURS, steps, a))(*stacked)
    one_by_one = [play(OURS, steps, [x[i] for x in stacked]) for i in range(3)]
    assert_close_together(mapped, [np.stack(ys) for ys in zip(*one_by_one, strict=True)])


@pytest.mark.parametrize("block", range(10))
def test_values(block):
    for seed in range(block * 15, block * 15 + 15):
        check_values(seed)


@pytest.mark.parametrize("seed", range(25))
def test_derivatives(seed):
    check_derivatives(seed)
