"""Layouts, promotion, parameters and trees: what tracing rests on and needs no program for."""

import itertools

import numpy as np
import pytest
from swntk import tree
from swntk._tracing import dtypes
from swntk._tracing.layout import c_strides, is_contiguous, reshape_strides

RNG = np.random.default_rng(5)


def shapes(size, rank):
    """Draw a shape of some rank with this many elements."""
    shape = [1] * rank
    while size > 1:
        factor = next(p for p in itertools.count(2) if size % p == 0)
        shape[RNG.integers(rank)] *= factor
        size //= factor
    return tuple(shape)


def random_view(array):
    """Draw a view by transposition and slices."""
    array = array.transpose(RNG.permutation(array.ndim))
    steps = RNG.choice([1, 1, 1, 2, -1], array.ndim)
    return array[tuple(slice(None, None, int(s)) for s in steps)]


@pytest.mark.parametrize("seed", range(300))
def test_reshape_copies_exactly_where_numpy_does(seed):
    array = np.zeros(shapes(int(RNG.choice([1, 6, 12, 24, 60, 64])), int(RNG.integers(1, 5))))
    view = random_view(array)
    target = shapes(view.size, int(RNG.integers(1, 5)))
    strides = tuple(s // array.itemsize for s in view.strides)
    reshaped = view.reshape(target)
    expected = np.shares_memory(reshaped, array) if view.size else True
    got = reshape_strides(view.shape, strides, target)
    assert (got is not None) == expected
    if got is not None and is_contiguous(target, got):
        assert reshaped.flags.c_contiguous
    assert is_contiguous(view.shape, strides) == view.flags.c_contiguous


def test_c_strides():
    assert c_strides((2, 3, 4)) == (12, 4, 1)
    assert c_strides(()) == ()


NUMBERS = [np.dtype(t) for t in ("f4", "f8", "i4", "i8", "u1", "u4", "u8", "?")]


@pytest.mark.skipif(int(np.__version__.split(".")[0]) < 2, reason="NumPy 1.x promotes by value")
@pytest.mark.parametrize("a", NUMBERS, ids=str)
@pytest.mark.parametrize("b", [*NUMBERS, "i", "f"], ids=str)
def test_promotion_is_numpys(a, b):
    other = {"i": 1, "f": 1.0}.get(b) if isinstance(b, str) else np.zeros(1, b)
    assert dtypes.promote([a, b]) == np.add(np.zeros(1, a), other).dtype


def test_promotion_of_weak_numbers():
    assert dtypes.promote(["i", "f"]) == np.float64
    assert dtypes.promote(["i"]) == np.int64
    assert dtypes.promote([np.dtype("f4"), "f", "i"]) == np.float32


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b


tree.register(Pair, lambda p: ((p.a, p.b), None), lambda aux, children: Pair(*children))


def test_trees_have_jaxs_order():
    jax = pytest.importorskip("jax")
    from collections import OrderedDict, namedtuple

    Point = namedtuple("Point", "x y")
    example = {
        "b": [1, (2, None)],
        "a": OrderedDict([("z", 3), ("c", 4)]),
        "p": Point(5, {"k": 6}),
        "e": {},
        "t": (),
    }
    leaves, treedef = tree.flatten(example)
    assert leaves == jax.tree_util.tree_leaves(example)
    assert tree.unflatten(treedef, leaves) == example
    assert hash(treedef) == hash(tree.structure(example))


def test_paths_name_leaves():
    value = {"layers": [Pair(0, {"w": 1})], "b": 2}
    assert tree.paths(value, "params") == [
        "params['b']",
        "params['layers'][0][0]",
        "params['layers'][0][1]['w']",
    ]


def test_prefixes():
    value = {"a": (1, 2), "b": 3}
    assert tree.broadcast_prefix(0, value) == [0, 0, 0]
    assert tree.broadcast_prefix({"a": None, "b": 1}, value) == [None, None, 1]
    assert tree.broadcast_prefix({"a": (0, None), "b": 1}, value) == [0, None, 1]
    with pytest.raises(ValueError, match=r"axes\['a'\]"):
        tree.broadcast_prefix({"a": (0,), "b": 1}, value)


def test_flatten_up_to_names_what_differs():
    treedef = tree.structure({"w": (1, 2)})
    with pytest.raises(ValueError, match=r"tangents\['w'\] must be a tuple, got list"):
        tree.flatten_up_to(treedef, {"w": [1, 2]}, "tangents")
