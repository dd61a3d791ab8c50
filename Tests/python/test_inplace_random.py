"""Law: any sequence of views and writes gives NumPy's arrays, or TracingError; never other ones.

Programs are drawn at random: each step makes a view or a copy of an array at hand, or writes to
one. The same steps run on plain arrays and on traced ones; at the end every array must be equal.
"""

import numpy as np
import pytest
import swntk

SEEDS = 600
STEPS = 12


class Machine:
    """Steps on a list of arrays; each step is drawn from the shapes alone, so that two runs of one
    seed do the same."""

    def __init__(self, seed, arrays):
        self.rng = np.random.default_rng(seed)
        self.arrays = list(arrays)
        self.log = []

    def pick(self):
        return int(self.rng.integers(len(self.arrays)))

    def integer(self, low, high):
        return int(self.rng.integers(low, high))

    # ---- indices

    def slice_of(self, n):
        start, stop = self.integer(-n - 1, n + 2), self.integer(-n - 1, n + 2)
        step = (1, 1, 2, -1, -2, 3)[self.integer(0, 6)]
        return slice(
            None if self.integer(0, 3) == 0 else start, None if self.integer(0, 3) == 0 else stop,
            step,
        )  # fmt: skip

    def basic_index(self, shape):
        parts = []
        for n in shape[: self.integer(0, len(shape) + 1)]:
            kind = self.integer(0, 5)
            if kind < 2 and n:
                parts.append(self.integer(-n, n))
            elif kind < 4:
                parts.append(self.slice_of(n))
            else:
                parts.append(slice(None))
        extra = self.integer(0, 6)
        if extra == 0:
            parts.insert(self.integer(0, len(parts) + 1), None)
        elif extra == 1:
            parts.append(Ellipsis)
        return tuple(parts)

    def index(self, shape):
        kind = self.integer(0, 4)
        if kind == 0 and shape and 0 not in shape:
            axes = self.integer(1, len(shape) + 1)
            count = self.integer(1, 4)
            return tuple(self.rng.integers(-n, n, size=count) for n in shape[:axes])
        if kind == 1 and shape:
            return self.rng.random(shape[: self.integer(1, len(shape) + 1)]) < 0.5
        return self.basic_index(shape)

    # ---- values

    def value(self, shape):
        """A number, or an array that broadcasts to a shape: plain, or one at hand."""
        kind = self.integer(0, 5)
        if kind == 0:
            return float(self.integer(-3, 4))
        if kind == 1:
            fitting = [a for a in self.arrays if _broadcasts(np.shape(a), shape)]
            if fitting:
                return fitting[self.integer(0, len(fitting))]
        kept = shape[self.integer(0, len(shape) + 1) :]
        sizes = [1 if self.integer(0, 5) == 0 else n for n in kept]
        return self.rng.integers(-4, 5, size=sizes) / 2

    # ---- steps

    def step(self):
        steps = [self.view, self.view, self.view, self.copy, self.assign, self.assign]
        steps += [self.update_item, self.update, self.out, self.copyto, self.method, self.at]
        steps += [self.reduce_out, self.function, self.put, self.put, self.ordered]
        steps[self.integer(0, len(steps))]()

    def add(self, what, array):
        self.log.append(what)
        self.arrays.append(array)

    def view(self):
        i = self.pick()
        x = self.arrays[i]
        kind = self.integer(0, 9)
        if kind < 3:
            index = self.basic_index(x.shape)
            self.add(f"a{i}[{index}]", x[index])
        elif kind == 3:
            self.add(f"a{i}.T", x.T)
        elif kind == 4:
            order = self.rng.permutation(x.ndim).tolist()
            self.add(f"transpose(a{i}, {order})", np.transpose(x, order))
        elif kind == 5:
            self.add(f"a{i}.ravel()", x.ravel())
        elif kind == 6:
            shape = self.new_shape(x.size)
            self.add(f"a{i}.reshape({shape})", x.reshape(shape))
        elif kind == 7:
            self.add(f"expand_dims(a{i})", np.expand_dims(x, self.integer(0, x.ndim + 1)))
        else:
            self.add(f"squeeze(a{i})", np.squeeze(x))

    def new_shape(self, size):
        options = [(size,), (-1, 1) if size else (size,), (1, size)]
        options += [(k, size // k) for k in (2, 3, 4) if size and size % k == 0]
        return options[self.integer(0, len(options))]

    def copy(self):
        i = self.pick()
        x = self.arrays[i]
        kind = self.integer(0, 5)
        if kind == 0:
            self.add(f"a{i}.copy()", x.copy())
        elif kind == 1:
            self.add(f"sin(a{i})", np.sin(x))
        elif kind == 2:
            self.add(f"a{i} + 1", x + 1)
        elif kind == 3:
            self.add(f"zeros_like(a{i})", np.zeros_like(x))
        else:
            self.add(f"a{i}.flatten()", x.flatten())

    def assign(self):
        i = self.pick()
        x = self.arrays[i]
        index = self.index(x.shape)
        value = self.value(np.empty(x.shape)[index].shape)
        self.log.append(f"a{i}[{index}] = {value!r}")
        x[index] = value

    def update_item(self):
        i = self.pick()
        x = self.arrays[i]
        index = self.index(x.shape)
        value = self.value(np.empty(x.shape)[index].shape)
        self.log.append(f"a{i}[{index}] op= {value!r}")
        if self.integer(0, 2):
            x[index] += value
        else:
            x[index] *= value

    def update(self):
        i = self.pick()
        x = self.arrays[i]
        value = self.value(x.shape)
        self.log.append(f"a{i} op= {value!r}")
        if self.integer(0, 2):
            x += value
        else:
            x -= value
        # A scalar is bound anew; an array is itself.
        self.arrays[i] = x

    def out(self):
        i = self.pick()
        x = self.arrays[i]
        ufunc = (np.add, np.multiply, np.maximum, np.minimum)[self.integer(0, 4)]
        a, b = self.value(x.shape), self.value(x.shape)
        keywords = {"out": x if self.integer(0, 2) else (x,)}
        if self.integer(0, 2):
            keywords["where"] = self.rng.random(x.shape) < 0.5
        self.log.append(f"{ufunc.__name__}({a!r}, {b!r}, a{i}, {keywords.get('where')!r})")
        ufunc(a, b, **keywords)

    def reduce_out(self):
        i, j = self.pick(), self.pick()
        x, target = self.arrays[i], self.arrays[j]
        axis = self.integer(0, max(x.ndim, 1))
        if not x.ndim or x.shape[:axis] + x.shape[axis + 1 :] != target.shape:
            return
        self.log.append(f"add.reduce(a{i}, {axis}, out=a{j})")
        if self.integer(0, 2):
            np.add.reduce(x, axis=axis, out=target)
        else:
            np.sum(x, axis, out=target)

    def copyto(self):
        i = self.pick()
        x = self.arrays[i]
        value = self.value(x.shape)
        keywords = {"where": self.rng.random(x.shape) < 0.5} if self.integer(0, 2) else {}
        self.log.append(f"copyto(a{i}, {value!r}, {keywords})")
        np.copyto(x, value, **keywords)

    def method(self):
        i = self.pick()
        number = float(self.integer(-3, 4))
        self.log.append(f"a{i}.fill({number})")
        self.arrays[i].fill(number)

    def at(self):
        i = self.pick()
        x = self.arrays[i]
        if not x.ndim or 0 in x.shape:
            return
        ufunc = (np.add, np.multiply, np.maximum)[self.integer(0, 3)]
        index = self.rng.integers(-x.shape[0], x.shape[0], size=3)
        value = self.value((3, *x.shape[1:]))
        self.log.append(f"{ufunc.__name__}.at(a{i}, {index}, {value!r})")
        ufunc.at(x, index, value)

    def put(self):
        """Functions that overwrite elements."""
        i = self.pick()
        x = self.arrays[i]
        if not x.ndim or not x.size:
            return
        kind = self.integer(0, 7)
        mask = self.rng.random(x.shape) < 0.5
        places = self.rng.integers(-x.size, x.size, size=3)
        values = self.rng.integers(-4, 5, size=self.integer(1, 4))
        self.log.append(f"put {kind} a{i}: {mask.tolist()}, {places}, {values}")
        if kind == 0:
            np.put(x, places, values, mode=("raise", "wrap", "clip")[self.integer(0, 3)])
        elif kind == 1:
            np.place(x, mask, values)
        elif kind == 2:
            np.putmask(x, mask, values)
        elif kind == 3:
            axis = self.integer(0, x.ndim)
            shape = [self.integer(1, 3) if a == axis else n for a, n in enumerate(x.shape)]
            rows = self.rng.integers(0, x.shape[axis], size=shape)
            np.put_along_axis(x, rows, float(values[0]), axis=axis)
        elif kind == 4 and x.ndim >= 2 and (x.ndim == 2 or len(set(x.shape)) == 1):
            np.fill_diagonal(x, values, wrap=bool(self.integer(0, 2)))
        elif kind == 5:
            x.flat[self.slice_of(x.size)] = values[0]
        else:
            np.negative.at(x, self.rng.integers(0, x.shape[0], size=3))

    def ordered(self):
        """Elements in the order of memory, as far as that is known."""
        i = self.pick()
        x = self.arrays[i]
        order = "CFAK"[self.integer(0, 4)]
        kind = self.integer(0, 3)
        self.log.append(f"order {order} {kind} a{i}")
        if kind == 0:
            self.arrays.append(x.ravel(order))
        elif kind == 1:
            self.arrays.append(x.flatten(order))
        elif order != "K":
            self.arrays.append(np.reshape(x, (-1,) if x.size else (0,), order=order))

    def function(self):
        i = self.pick()
        x = self.arrays[i]
        kind = self.integer(0, 4)
        if kind == 0 and x.ndim and x.shape[0]:
            self.add(f"split(a{i})", np.array_split(x, 2)[0])
        elif kind == 1 and x.ndim:
            self.add(f"flip(a{i})", np.flip(x, 0))
        elif kind == 2 and x.ndim:
            self.add(f"moveaxis(a{i})", np.moveaxis(x, 0, -1))
        elif kind == 3:
            self.add(f"atleast_2d(a{i})", np.atleast_2d(x))


def _broadcasts(shape, target):
    try:
        return np.broadcast_shapes(shape, target) == tuple(target)
    except ValueError:
        return False


def run(seed, arrays):
    """Run the steps; a step that is refused ends the program and is the result."""
    machine = Machine(seed, arrays)
    error = None
    for _ in range(STEPS):
        try:
            machine.step()
        except (swntk.TracingError, swntk.UnsupportedError):
            raise
        except (ValueError, TypeError, IndexError) as caught:
            error = caught
            break
        for x in machine.arrays:
            # So that sums of products stay finite.
            if x.size > 200:
                error = "large"
                break
    return machine, error


@pytest.mark.parametrize("seed", range(SEEDS))
def test_any_sequence_is_numpys(seed):
    rng = np.random.default_rng([7, seed])
    shapes = [(2, 3), (4,), (2, 2, 3), (3, 1), (0, 2), ()]
    dtype = ("f8", "i8", "f8", "f4")[seed % 4]
    starts = [
        (rng.integers(-4, 5, size=shapes[rng.integers(len(shapes))]) / 2).astype(dtype)
        for _ in range(2)
    ]
    with np.errstate(all="ignore"):
        plain, error = run(seed, [np.copy(x) for x in starts])
    found = {}

    def f(*arrays):
        # Arguments are scalars or arrays as the caller's; what is written to is a copy.
        found["machine"], found["error"] = run(seed, [np.copy(x) for x in arrays])
        return list(found["machine"].arrays)

    try:
        traced = swntk.jit(f)(*starts)
    except (swntk.TracingError, swntk.UnsupportedError):
        return
    story = "\n".join(plain.log)
    assert (error is None) == (found["error"] is None), f"{story}\n{error!r}, {found['error']!r}"
    assert len(traced) == len(plain.arrays), story
    for i, (a, e) in enumerate(zip(traced, plain.arrays)):
        assert a.shape == np.shape(e) and a.dtype == np.asarray(e).dtype, f"{story}\na{i}"
        close = 1e-5 if dtype == "f4" else 1e-12
        np.testing.assert_allclose(a, e, rtol=close, atol=close, err_msg=f"{story}\na{i}")


def test_most_sequences_are_traced():
    """The law would hold of a tracer that refuses everything."""
    refused = 0
    for seed in range(100):
        rng = np.random.default_rng([7, seed])
        start = rng.integers(-4, 5, size=(2, 3)) / 2
        try:
            swntk.jit(lambda x, seed=seed: list(run(seed, [np.copy(x)])[0].arrays))(start)
        except (swntk.TracingError, swntk.UnsupportedError):
            refused += 1
    assert refused < 60, refused


@pytest.mark.parametrize("index", [0, (0,), np.array(1), -1])
@pytest.mark.parametrize("shape", [(1,), (1, 1)])
def test_an_element_takes_no_sequence(index, shape):
    """As NumPy 2; with an ellipsis the place is an array, which takes it."""

    def f(x):
        x = x.copy()
        x[index] = np.ones(shape)
        return x

    with pytest.raises((ValueError, swntk.ShapeError), match="sequence"):
        swntk.jit(f)(np.zeros(3))

    def g(x):
        x = x.copy()
        x[(*np.atleast_1d(index), ...)] = np.ones(shape)
        return x

    np.testing.assert_array_equal(swntk.jit(g)(np.zeros(3)), g(np.zeros(3)))


def test_scalars_are_not_views():
    def f(x):
        views = [x.T, x[...], x[None], np.expand_dims(x, 0), np.squeeze(x), np.copy(x)]
        views[1][...] = 5.0
        views[2][0] = 6.0
        views[3] += 7.0
        views[5] += 8.0
        views[0] += 1.0
        return [x, *views]

    for start in (np.float64(2.0), np.array(2.0)):
        for a, e in zip(swntk.jit(f)(start.copy()), f(start.copy())):
            np.testing.assert_array_equal(a, e)
