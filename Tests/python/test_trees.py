"""Trees: what is the same structure, and what is too deep for one."""

import copy
import pickle

import numpy as np
import pytest
import swntk

KEYS = [1, True, 1.0, np.int64(1), np.float32(1)]


def test_equal_keys_of_different_types_are_different_structures():
    """A compiled function gives back the keys that it was given."""
    f = swntk.jit(lambda t: t)
    for key in KEYS:
        (found,) = f({key: np.ones(2)})
        assert type(found) is type(key)
        same = swntk.tree.structure({key: [1, (2, None)]})
        for other in KEYS:
            other_structure = swntk.tree.structure({other: [3, (4, None)]})
            assert (same == other_structure) == (type(key) is type(other))
            assert (other is not key) or hash(same) == hash(other_structure)
        for again in [pickle.loads(pickle.dumps(same)), copy.deepcopy(same)]:
            assert again == same


def test_auxiliary_data_of_registered_classes_by_type():
    class Box:
        def __init__(self, flag, value):
            self.flag, self.value = flag, value

    swntk.tree.register(Box, lambda b: ((b.value,), (b.flag, "x")), lambda aux, c: Box(aux[0], *c))
    f = swntk.jit(lambda b: b)
    assert f(Box(1, 2.0)).flag is not True
    assert f(Box(True, 2.0)).flag is True
    assert f(Box(1, 2.0)).flag is not True


def nested(depth):
    tree = 1.0
    for _ in range(depth):
        tree = [tree]
    return tree


def itself():
    tree = []
    tree.append(tree)
    return tree


@pytest.mark.parametrize("tree", [nested(5000), itself()], ids=["5000 deep", "in itself"])
@pytest.mark.parametrize(
    "use",
    [
        swntk.tree.flatten,
        swntk.tree.leaves,
        swntk.tree.structure,
        swntk.tree.paths,
        lambda tree: swntk.tree.map(lambda x: x, tree),
        lambda tree: swntk.jit(lambda t: t)(tree),
        lambda tree: swntk.grad(lambda t: 1.0)(tree),
        lambda tree: swntk.vmap(lambda t: t)(tree),
        lambda tree: swntk.empirical_ntk_fn(lambda p, x: x)(np.ones((2, 2)), None, tree),
    ],
    ids="flatten leaves structure paths map jit grad vmap kernel".split(),
)
def test_trees_that_are_too_deep(use, tree):
    with pytest.raises(swntk.ArgumentError, match="nested too deeply, or contains itself"):
        use(tree)


def test_deep_trees_within_the_limit():
    deep = nested(200)
    leaves, treedef = swntk.tree.flatten(deep)
    assert leaves == [1.0]
    assert swntk.tree.unflatten(treedef, leaves) == deep
    assert swntk.tree.paths(deep) == ["[0]" * 200]


def test_captured_arrays_that_change():
    """An array that was written to between two uses is two values; in any layout and type."""
    for make in [
        lambda: np.zeros((3, 2)),
        lambda: np.zeros((2, 3), "f4").T,
        lambda: np.zeros((6, 2))[::2],
        lambda: np.zeros((3, 2), "f2"),
        lambda: np.zeros((3, 2), np.int32),
    ]:
        a = make()

        def f(x, a=a):
            first = x + a
            a[2, 1] += 3
            second = x + a
            third = x + a
            return first, second, third

        first, second, third = swntk.jit(f)(np.zeros((3, 2)))
        np.testing.assert_array_equal(first, np.zeros((3, 2)))
        np.testing.assert_array_equal(second, [[0, 0], [0, 0], [0, 3]])
        np.testing.assert_array_equal(third, second)
