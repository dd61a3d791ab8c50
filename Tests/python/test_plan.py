"""Planned kernels: tiles, files, resuming, other processes, products, diagonals."""

import concurrent.futures
import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap

import networks
import numpy as np
import pytest
import swntk
from swntk import tree
from swntk._kernels.options import AxisRoles
from swntk._kernels.products import Products
from swntk._kernels.targets import Targets

h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")

rng = np.random.default_rng(5)
PARAMS = {"w": rng.standard_normal((4, 12)), "v": rng.standard_normal((12, 3)) / 3}
X, Y = rng.standard_normal((53, 4)), rng.standard_normal((38, 4))


def f(params, x):
    return np.tanh(x @ params["w"]) @ params["v"]


def mixing(params, x):
    return f(params, x) - np.mean(f(params, x), axis=0)


def turned(params, x):
    return f(params, x.T).T


def outputs(params, x):
    return {"all": f(params, x), "one": np.sum(x @ params["w"], axis=-1)}


def no_batch(params, x):
    return np.sum(f(params, x))


KERNELS = [  # f, options, x1, x2
    (f, {}, X, None),
    (f, {}, X, Y),
    (f, {"trace_axes": ()}, X, None),
    (f, {"trace_axes": ()}, X, Y),
    (f, {"trace_axes": (), "diagonal_axes": (1,)}, X, Y),
    (f, {"diagonal_axes": (0,)}, X, None),
    (f, {"trace_axes": (), "diagonal_axes": (0,)}, X, X[::-1]),
    (f, {"trace_axes": (0,)}, X, None),
    (f, {"trace_axes": (0, 1)}, X, Y[:1].repeat(53, 0)),
    (turned, {"trace_axes": (0,)}, X.T, Y.T),
    (turned, {"trace_axes": ()}, X.T, None),
    (mixing, {"trace_axes": ()}, X, None),
    (mixing, {}, X, Y),
    (outputs, {"trace_axes": ()}, X, None),
    (outputs, {"trace_axes": ()}, X, Y),
    (no_batch, {"trace_axes": ()}, X, Y),
    (f, {"trace_axes": (), "weights": {"w": 2.0, "v": 0.5}}, X, None),
    (f, {"cotangents": rng.standard_normal((2, 3)), "trace_axes": ()}, X, Y),
    (f, {"f2": lambda p, x: np.sin(f(p, x)), "trace_axes": ()}, X, None),
    (lambda p, x: f(p, x) + np.linspace(0, 1, len(x))[:, None], {}, X, None),
]
LIMIT = 3 << 16
every_kernel = pytest.mark.parametrize("function, options, x1, x2", KERNELS)


def plan_of(function, options, x1, x2, **more):
    if more.get("memory_limit") == LIMIT and (
        function in (mixing, no_batch) or 0 in options.get("trace_axes", ())
        and function is not turned
    ):
        more["memory_limit"] = 1 << 22  # they cannot be cut
    return swntk.empirical_ntk_fn(function, **options, **more).plan(x1, x2, PARAMS)


def assert_trees_close(a, b):
    for one, other in zip(tree.leaves(a), tree.leaves(b), strict=True):
        assert one.shape == other.shape and one.dtype == other.dtype
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-11 * np.linalg.norm(other))


def empty(plan):
    return tree.map(lambda t: np.full(t.shape, np.nan, t.dtype), plan.compute())


def pieces(plan, compute=None):
    """The kernel, put together from tiles by its definition."""
    compute = compute or plan.run
    whole = empty(plan)
    exact = plan.compute()
    seen = tree.map(lambda a: np.zeros(a.shape, bool), whole)
    targets, marks = Targets(whole, plan), tree.leaves(seen)
    for tile in plan.tiles:
        targets.write(tile, tree.leaves(compute(tile)))
        for i, mark in enumerate(marks):
            ways = [tile, tile[::-1]] if plan._is_symmetric else [tile]
            for rows, columns in ways:
                mark[plan._samples.index(i, mark.ndim, rows, columns)] = True
    assert all(mark.all() for mark in marks)
    assert_trees_close(whole, exact)
    return whole


# ---- Tiles -------------------------------------------------------------


@every_kernel
def test_tiles_make_the_kernel(function, options, x1, x2):
    plan = plan_of(function, options, x1, x2, memory_limit=LIMIT)
    pieces(plan)
    if plan._samples.can_be_cut and not plan._samples.is_diagonal:
        tiles = {part for tile in plan.tiles for part in tile}
        assert max(map(len, tiles)) <= 64
    else:
        assert len(plan.tiles) == 1 or plan._samples.is_diagonal


def test_small_tiles_are_the_kernel_of_their_samples():
    for options, function in [({}, f), ({"trace_axes": ()}, outputs)]:
        ntk_fn = swntk.empirical_ntk_fn(function, **options)
        for x2 in (None, Y):
            plan = ntk_fn.plan(X, x2, PARAMS)
            for rows, columns in [(range(3, 4), range(0, 7)), (range(5, 53), range(1, 2))]:
                other = X if x2 is None else x2
                expected = ntk_fn(X[3:4] if rows.start == 3 else X[5:53], other[
                    columns.start:columns.stop], PARAMS)
                assert_trees_close(plan.run((rows, columns)), expected)
    symmetric = swntk.empirical_ntk_fn(f).plan(X, None, PARAMS).run((range(9), range(9)))
    np.testing.assert_array_equal(symmetric, symmetric.T)


@pytest.mark.parametrize("implementation", [0, 3])
@pytest.mark.parametrize("name", networks.NETWORKS)
def test_tiles_products_and_diagonals_of_networks(name, implementation):
    function, params, x, y = networks.case(name, np.float64, (9, 4))
    ntk_fn = swntk.empirical_ntk_fn(
        function, trace_axes=(), implementation=implementation)
    for other in (None, y):
        plan = ntk_fn.plan(x, other, params)
        whole = plan.compute()
        close = dict(rtol=0, atol=1e-11 * np.linalg.norm(whole))
        assert plan._samples.can_be_cut
        for rows, columns in [(range(1), range(1, 4)), (range(2, 9), range(3)),
                              (range(1, 3), range(1, 3))]:
            part = whole[rows.start:rows.stop, columns.start:columns.stop]
            np.testing.assert_allclose(plan.run((rows, columns)), part, **close)
        products = Products(plan, 0)
        v = rng.standard_normal(products.shapes[1])
        labels = list(range(whole.ndim))
        along = np.einsum(whole, labels, v, labels[1::2], labels[::2])
        np.testing.assert_allclose(products.forward(v), along, **close)
    plan = ntk_fn.plan(x, None, params)
    matrix = swntk.flatten_kernel(plan.compute())
    np.testing.assert_allclose(
        plan.diagonal().ravel(), np.diag(matrix), rtol=0, atol=1e-11 * np.linalg.norm(matrix))


@pytest.mark.parametrize("limit", [3 << 16, 1 << 20, None])
def test_a_symmetric_kernel_is_exactly_so(limit):
    plan = plan_of(f, {}, X, None, memory_limit=limit)
    assert all(tile.rows.start <= tile.columns.start for tile in plan.tiles)
    theta = pieces(plan)
    np.testing.assert_array_equal(theta, theta.T)


@pytest.mark.parametrize("tile", [
    None, 3, (range(2),), (range(2), 5), (range(0, 4, 2), range(2)), (range(2, 2), range(2)),
    (range(-1, 2), range(2)), (range(2), range(50, 54)), (range(2), None), (slice(2), slice(2)),
])
def test_tiles_refused(tile):
    with pytest.raises(swntk.ArgumentError):
        plan_of(f, {}, X, None).run(tile)


def test_tiles_of_kernels_that_cannot_be_cut_refused():
    with pytest.raises(swntk.ArgumentError, match="cannot be cut"):
        plan_of(mixing, {}, X, None).run((range(2), range(2)))
    with pytest.raises(swntk.ArgumentError, match="diagonal"):
        plan_of(f, {"diagonal_axes": (0,)}, X, None).run((range(2), range(1, 3)))


# ---- Other processes -----------------------------------------------------


def test_a_pickled_plan_gives_the_same_bits():
    for function, options, x1, x2 in KERNELS:
        plan = plan_of(function, options, x1, x2, memory_limit=LIMIT)
        copy = pickle.loads(pickle.dumps(plan))
        assert copy.tiles == plan.tiles and copy.shape == plan.shape
        for tile in plan.tiles[:1] + plan.tiles[-1:]:
            for a, b in zip(tree.leaves(copy.run(tile)), tree.leaves(plan.run(tile))):
                np.testing.assert_array_equal(a, b)


def test_tiles_in_other_processes():
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    with concurrent.futures.ProcessPoolExecutor(
        2, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        results = dict(zip(plan.tiles, pool.map(plan.run, plan.tiles)))
    theta = pieces(plan, results.__getitem__)
    np.testing.assert_array_equal(theta, pieces(plan))


def test_a_plan_of_traced_arrays_is_not_pickled_or_run():
    def total(w):
        plan = swntk.empirical_ntk_fn(f).plan(X, None, {**PARAMS, "w": w})
        for use in (pickle.dumps, lambda p: p.run(p.tiles[0]), lambda p: p @ np.ones(53),
                    lambda p: p.diagonal(), lambda p: p.as_linear_operator()):
            with pytest.raises(swntk.TracingError):
                use(plan)
        return np.sum(w)

    swntk.grad(total)(PARAMS["w"])


# ---- Into files -----------------------------------------------------------


def make_out(kind, plan, folder, chunks=None):
    def one(i, shape, dtype):
        path = os.path.join(folder, f"out{i}")
        if kind == "memmap":
            return np.memmap(path, dtype, "w+", shape=shape)
        own = None if chunks is None else tuple(chunks[: len(shape)]) + shape[len(chunks):]
        if kind == "zarr":
            return zarr.create_array(path, shape=shape, dtype=dtype, chunks=own or "auto")
        file = h5py.File(path, "w")
        return file.create_dataset("theta", shape, dtype, chunks=own)

    return tree.unflatten(plan._out_tree, [
        one(i, tuple(t.shape), t.dtype) for i, t in enumerate(plan._types)])


@pytest.mark.parametrize("kind", ["memmap", "zarr", "h5py"])
def test_files(kind, tmp_path):
    for number, (function, options, x1, x2) in enumerate(KERNELS):
        plan = plan_of(function, options, x1, x2, memory_limit=LIMIT)
        folder = tmp_path / str(number)
        folder.mkdir()
        out = make_out(kind, plan, folder)
        assert plan.compute(out) is out
        assert_trees_close(tree.map(lambda a: np.asarray(a[...]), out), plan.compute())


@pytest.mark.parametrize("kind", ["zarr", "h5py"])
@pytest.mark.parametrize("chunks", [(10, 10), (7, 20), (1, 53), (100, 100)])
@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "pair"])
def test_tiles_are_aligned_to_chunks(kind, chunks, x2, tmp_path):
    plan = plan_of(f, {}, X, x2, memory_limit=LIMIT)
    chunks = tuple(min(a, b) for a, b in zip(chunks, plan.shape))
    out = make_out(kind, plan, tmp_path, chunks)
    tiles = plan.tiles_for(out)
    edges = max(len(part) for tile in plan.tiles for part in tile)
    # Square tiles cannot be whole chunks of 7 x 20 both ways.
    sizes = (20, 20) if x2 is None and chunks == (7, 20) else chunks
    for tile in tiles:
        for a, b in [(tile.rows, tile.columns)] + ([tile[::-1]] if x2 is None else []):
            for part, chunk, count in zip((a, b), sizes, plan.shape):
                whole = part.start % chunk == 0 and (part.stop % chunk == 0 or part.stop == count)
                within = part.start // chunk == (part.stop - 1) // chunk
                assert whole or within, (tile, chunks)
                assert len(part) <= edges
    plan.compute(out)
    np.testing.assert_allclose(np.asarray(out[...]), plan.compute(), rtol=0, atol=1e-10)


def test_shards_count_as_chunks(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    out = zarr.create_array(
        tmp_path / "z", shape=plan.shape, dtype=plan.dtype, chunks=(5, 5), shards=(15, 15))
    assert {tile.rows.start % 15 for tile in plan.tiles_for(out)} == {0}


def test_half_precision_into_files(tmp_path):
    params = tree.map(lambda p: p.astype(np.float16), PARAMS)
    plan = swntk.empirical_ntk_fn(f, memory_limit=LIMIT).plan(X.astype(np.float16), None, params)
    out = np.memmap(tmp_path / "half", np.float16, "w+", shape=plan.shape)
    plan.compute(out)
    # A unit in the last place of float16, for tiles round apart from the whole.
    np.testing.assert_allclose(out, plan.compute(), rtol=2**-10, atol=2**-24)


def test_no_samples(tmp_path):
    plan = plan_of(f, {}, X[:0], Y)
    assert plan.compute().shape == (0, 38)
    assert plan.compute(np.empty((0, 38)), resume=tmp_path / "r").shape == (0, 38)
    assert (plan @ np.ones(38)).shape == (0,)
    assert plan_of(f, {}, X[:0], None).trace() == 0


class Written:
    """What takes slice assignment and is no array of NumPy's."""

    def __init__(self, shape, dtype):
        self.shape, self.dtype, self.array = shape, dtype, np.empty(shape, dtype)

    def __setitem__(self, index, value):
        self.array[index] = value


def test_whatever_takes_slice_assignment():
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    out = plan.compute(Written(plan.shape, plan.dtype))
    np.testing.assert_allclose(out.array, plan.compute(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("out, error", [
    (3, swntk.ArgumentError),
    ([np.empty((53, 53))], swntk.ArgumentError),
    (np.empty((53, 52)), swntk.ShapeError),
    (np.empty((53, 53), np.float32), swntk.DTypeError),
    (np.broadcast_to(0.0, (53, 53)), swntk.ArgumentError),
])
def test_out_refused(out, error, tmp_path):
    plan = plan_of(f, {}, X, None)
    for resume in (None, tmp_path / "resume"):
        with pytest.raises(error):
            plan.compute(out, resume=resume)
        with pytest.raises(error):
            plan.tiles_for(out)
        assert not (tmp_path / "resume").exists()


def test_read_only_files_refused(tmp_path):
    plan = plan_of(f, {}, X, None)
    with h5py.File(tmp_path / "h", "w") as file:
        file.create_dataset("theta", plan.shape, plan.dtype)
    with h5py.File(tmp_path / "h", "r") as file, pytest.raises(swntk.ArgumentError, match="only"):
        plan.compute(file["theta"])
    zarr.create_array(tmp_path / "z", shape=plan.shape, dtype=plan.dtype)
    with pytest.raises(swntk.ArgumentError, match="only"):
        plan.compute(zarr.open_array(tmp_path / "z", mode="r"))


# ---- Resuming -----------------------------------------------------------


class Stop(Exception):
    pass


def stopping_after(count, error=Stop):
    """A progress callable that raises when the count'th tile or so is under way."""
    calls = []

    def progress(done, total):
        calls.append(done / total)
        if done / total > count:
            raise error

    return progress


@pytest.mark.parametrize("kind", ["ndarray", "memmap", "zarr", "h5py"])
@pytest.mark.parametrize("x2", [None, Y], ids=["symmetric", "pair"])
@pytest.mark.parametrize("error", [Stop, KeyboardInterrupt])
def test_stopped_and_resumed_to_the_same_bits(kind, x2, error, tmp_path):
    options = {"trace_axes": (), "memory_limit": LIMIT}
    plan = plan_of(f, options, X, x2)
    (tmp_path / "a").mkdir()

    def fresh(folder):
        if kind == "ndarray":
            return np.empty(plan.shape)
        return make_out(kind, plan, folder, (8, 8))

    (tmp_path / "b").mkdir()
    expected = fresh(tmp_path / "b")
    plan.compute(expected, resume=tmp_path / "b" / "tiles")
    out, resume = fresh(tmp_path / "a"), tmp_path / "a" / "tiles"
    stopped = plan_of(f, {**options, "progress": stopping_after(0.5, error)}, X, x2)
    with pytest.raises(error):
        stopped.compute(out, resume=resume)
    done = resume.read_text().count("\n") - 1
    assert 0 < done < len(plan.tiles_for(out))

    seen = []
    again = plan_of(f, {**options, "progress": lambda d, t: seen.append(d / t)}, X, x2)
    again.compute(out, resume=resume)
    assert seen[0] >= 0.3 and seen[-1] == 1
    np.testing.assert_array_equal(np.asarray(out[...]), np.asarray(expected[...]))
    plan.compute(out, resume=resume)  # all is done
    np.testing.assert_array_equal(np.asarray(out[...]), np.asarray(expected[...]))


KILLED = """
import os, signal, sys
import numpy as np, swntk
sys.path.insert(0, {folder!r})
from test_plan import LIMIT, PARAMS, X, f, make_out
def progress(done, total):
    if done > total / 2:
        os.kill(os.getpid(), signal.SIGKILL)
plan = swntk.empirical_ntk_fn(f, memory_limit=LIMIT, progress=progress).plan(X, None, PARAMS)
plan.compute(make_out({kind!r}, plan, {path!r}, (8, 8)), resume={path!r} + "/tiles")
"""


@pytest.mark.parametrize("kind", ["memmap", "zarr", "h5py"])
def test_killed_and_resumed(kind, tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    folder = os.path.dirname(__file__)
    code = textwrap.dedent(KILLED).format(folder=folder, path=str(tmp_path), kind=kind)
    paths = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": paths})
    assert ended.returncode == -9
    resume = tmp_path / "tiles"
    before = resume.read_text().count("\n")
    assert before > 1
    path = tmp_path / "out0"
    if kind == "memmap":
        out = np.memmap(path, np.float64, "r+", shape=plan.shape)
    else:
        out = zarr.open_array(path) if kind == "zarr" else h5py.File(path, "r+")["theta"]
    seen = []
    again = plan_of(f, {"progress": lambda d, t: seen.append(d / t)}, X, None, memory_limit=LIMIT)
    again.compute(out, resume=resume)
    assert seen[0] > 0.2
    expected = np.empty(plan.shape)
    plan.compute(expected, resume=tmp_path / "other")
    if kind == "memmap":
        np.testing.assert_array_equal(out, expected)
    # Chunks make other tiles, whose last bits differ.
    np.testing.assert_allclose(np.asarray(out[...]), expected, rtol=0, atol=1e-10)


def test_what_out_no_longer_holds_is_computed_again(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    expected = plan.compute(np.empty(plan.shape), resume=tmp_path / "r")
    for index in [(3, 4), (40, 2), (2, 40)]:
        out = expected.copy()
        out[index] = 7
        plan.compute(out, resume=tmp_path / "r")
        np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(
        plan.compute(np.zeros(plan.shape), resume=tmp_path / "r"), expected)


def test_a_record_that_was_cut_off_is_dropped(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    out = plan.compute(np.empty(plan.shape), resume=tmp_path / "r")
    text = (tmp_path / "r").read_bytes()
    expected = out.copy()
    for cut in (1, 9, 30):
        (tmp_path / "r").write_bytes(text[:-cut])
        plan.compute(out, resume=tmp_path / "r")
        assert (tmp_path / "r").read_bytes() == text
        np.testing.assert_array_equal(out, expected)


def damaged(text):
    middle = len(text) // 2
    yield b"x" * 10
    yield b"swntk-resume 1 {}\n"
    yield text[: text.index(b"\n")]
    yield text[5:]
    yield text[:middle] + b"\n" + text[middle:]
    yield text.replace(b"\n", b"")
    lines = text.split(b"\n")
    for at in (20, middle, len(text) - 5):
        yield text[:at] + bytes([text[at] ^ 1]) + text[at + 1:]
    yield b"\n".join([lines[0], b"\xff\xfe", *lines[1:]])


def test_damaged_files_are_refused_and_nothing_is_lost(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    resume = tmp_path / "r"
    out = plan.compute(np.empty(plan.shape), resume=resume)
    expected, text = out.copy(), resume.read_bytes()
    for other in damaged(text):
        resume.write_bytes(other)
        with pytest.raises(swntk.ArgumentError, match=str(resume)):
            plan.compute(out, resume=resume)
        assert resume.read_bytes() == other
        np.testing.assert_array_equal(out, expected)
    resume.write_bytes(text)
    plan.compute(out, resume=resume)
    resume.write_bytes(b"")
    plan.compute(out, resume=resume)
    assert resume.read_bytes() == text


def test_files_of_other_computations_are_refused(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    resume = tmp_path / "r"
    out = plan.compute(np.empty(plan.shape), resume=resume)
    expected = out.copy()
    moved = {**PARAMS, "v": PARAMS["v"] + 1e-9}
    ntk_fn = swntk.empirical_ntk_fn(f, memory_limit=LIMIT)
    others = [
        (ntk_fn.plan(X, None, moved), "arrays"),
        (ntk_fn.plan(X[::-1], None, PARAMS), "arrays"),
        (ntk_fn.plan(X, X, PARAMS), "program"),
        (plan_of(f, {"implementation": 1}, X, None, memory_limit=LIMIT), "program"),
        (plan_of(lambda p, x: f(p, x) ** 2, {}, X, None, memory_limit=LIMIT), "program"),
        (plan_of(f, {}, X, None, memory_limit=1 << 19), "memory limit"),
    ]
    for other, fact in others:
        with pytest.raises(swntk.ArgumentError, match=fact):
            other.compute(out, resume=resume)
        np.testing.assert_array_equal(out, expected)
    # No limit given: that of the file is kept.
    np.testing.assert_array_equal(plan_of(f, {}, X, None).compute(out, resume=resume), expected)


def test_resume_refused(tmp_path):
    plan = plan_of(f, {}, X, None)
    with pytest.raises(swntk.ArgumentError, match="out"):
        plan.compute(resume=tmp_path / "r")
    with pytest.raises(swntk.ArgumentError, match="path"):
        plan.compute(np.empty(plan.shape), resume=3)
    with pytest.raises(OSError):
        plan.compute(np.empty(plan.shape), resume=tmp_path)


def test_one_computation_has_a_file_at_a_time(tmp_path):
    plan = plan_of(f, {}, X, None, memory_limit=LIMIT)
    seen = []

    def progress(done, total):
        with pytest.raises(swntk.ArgumentError, match="in use") as caught:
            plan.compute(np.empty(plan.shape), resume=tmp_path / "r")
        seen.append(caught)

    plan_of(f, {"progress": progress}, X, None, memory_limit=LIMIT).compute(
        np.empty(plan.shape), resume=tmp_path / "r")
    assert seen


def test_progress_of_tiles_rises_to_its_total(tmp_path):
    calls = []
    plan = plan_of(f, {"progress": lambda d, t: calls.append((d, t))}, X, Y, memory_limit=LIMIT)
    plan.compute(np.memmap(tmp_path / "m", np.float64, "w+", shape=plan.shape))
    assert [d for d, _ in calls] == sorted(d for d, _ in calls)
    assert calls[-1][0] == calls[-1][1] and {t for _, t in calls} == {calls[0][1]}


# ---- As a matrix ----------------------------------------------------------


def matrices(plan):
    """Each result as a matrix, by its labels, and the shapes of its sides."""
    for theta, type_ in zip(tree.leaves(plan.compute()), plan._left.output_types):
        roles = AxisRoles(len(type_.shape), plan._options)
        labels, first, second = roles.labels()
        sizes = dict(zip(labels, theta.shape))
        one, two = ([sizes[i] for i in side] for side in (first, second))
        full = np.zeros([*one, *two])
        for index in np.ndindex(*one):
            for other in np.ndindex(*two):
                at = dict(zip(first, index)) | {}
                if all(at.get(k, v) == v for k, v in zip(second, other)):
                    at |= dict(zip(second, other))
                    full[index + other] = theta[tuple(at[k] for k in labels)]
        yield full, tuple(one), tuple(two)


@every_kernel
@pytest.mark.parametrize("limit", [None, LIMIT])
def test_products(function, options, x1, x2, limit):
    cut = (lambda x: x) if function is turned else (lambda x: x if x is None else x[:29])
    plan = plan_of(function, options, cut(x1), cut(x2), memory_limit=limit)
    found = list(matrices(plan))

    def each(make):
        leaves = [make(*row) for row in found]
        return tree.unflatten(plan._out_tree, leaves)

    vectors = each(lambda full, one, two: rng.standard_normal(two))
    products = tree.leaves(plan @ vectors)
    flat = tree.leaves(plan @ tree.map(np.ravel, vectors))
    columns = each(lambda full, one, two: rng.standard_normal((int(np.prod(two)), 2)))
    several = tree.leaves(plan @ columns)
    operators = tree.leaves(plan.as_linear_operator())
    rows = zip(found, tree.leaves(vectors), tree.leaves(columns), products, flat, several,
               operators, strict=True)
    for (full, one, two), v, c, product, ravelled, many, operator in rows:
        n1, n2 = int(np.prod(one)), int(np.prod(two))
        matrix = full.reshape(n1, n2)
        scale = 1e-11 * max(np.linalg.norm(matrix), 1)
        np.testing.assert_allclose(product, (matrix @ v.ravel()).reshape(one), rtol=0, atol=scale)
        np.testing.assert_allclose(ravelled, matrix @ v.ravel(), rtol=0, atol=scale)
        if (n2, 2) != two:
            np.testing.assert_allclose(many, matrix @ c, rtol=0, atol=2 * scale)
        u = rng.standard_normal(n1)
        assert operator.shape == (n1, n2)
        np.testing.assert_allclose(operator @ v.ravel(), matrix @ v.ravel(), rtol=0, atol=scale)
        np.testing.assert_allclose(operator.H @ u, matrix.T @ u, rtol=0, atol=scale)


@pytest.mark.parametrize("function, options, x1, x2", [k for k in KERNELS if k[3] is None])
def test_diagonals(function, options, x1, x2):
    plan = plan_of(function, options, x1, x2)
    if "f2" in options:
        assert plan.trace() != 0
    rows = zip(matrices(plan), tree.leaves(plan.diagonal()), tree.leaves(plan.trace()), strict=True)
    for (full, one, two), diagonal, trace in rows:
        matrix = full.reshape(int(np.prod(one)), int(np.prod(two)))
        assert diagonal.shape == one
        np.testing.assert_allclose(
            diagonal.ravel(), np.diag(matrix), rtol=0, atol=1e-11 * np.linalg.norm(matrix))
        np.testing.assert_allclose(trace, np.trace(matrix), rtol=1e-11)


def test_a_kernel_that_is_not_square_has_no_diagonal():
    for use in ("diagonal", "trace"):
        with pytest.raises(swntk.ShapeError, match="square"):
            getattr(plan_of(f, {}, X, Y), use)()


def test_eigsh_and_cg():
    from scipy.sparse.linalg import cg, eigsh

    plan = plan_of(f, {"trace_axes": ()}, X[:20], None)
    operator = plan.as_linear_operator()
    theta = swntk.flatten_kernel(plan.compute())
    largest = eigsh(operator, k=3, return_eigenvectors=False)
    np.testing.assert_allclose(np.sort(largest), np.linalg.eigvalsh(theta)[-3:], rtol=1e-9)
    y = rng.standard_normal(60)
    damped = operator + _identity(60, 10.0)
    x, info = cg(damped, y, rtol=1e-10)
    assert info == 0
    np.testing.assert_allclose(x, np.linalg.solve(theta + 10 * np.eye(60), y), rtol=1e-7)


def _identity(n, scale):
    from scipy.sparse.linalg import aslinearoperator

    return aslinearoperator(scale * np.eye(n))


def test_an_operator_keeps_the_arrays_of_when_it_was_made():
    params = tree.map(np.copy, PARAMS)
    plan = swntk.empirical_ntk_fn(f).plan(X, None, params)
    theta, v = plan.compute(), rng.standard_normal(53)
    params["v"] *= 2
    np.testing.assert_allclose(plan @ v, plan.compute() @ v, atol=1e-10)
    assert np.linalg.norm(plan.compute() - theta) > 1


@pytest.mark.parametrize("vector, error", [
    (np.ones(52), swntk.ShapeError), (np.ones((53, 1, 1)), swntk.ShapeError),
    (np.ones(53, complex), swntk.DTypeError), (1.0, swntk.ShapeError),
])
def test_vectors_refused(vector, error):
    with pytest.raises(error):
        plan_of(f, {}, X, None) @ vector


def test_products_in_single_precision():
    params = tree.map(lambda p: p.astype(np.float32), PARAMS)
    plan = swntk.empirical_ntk_fn(f).plan(X.astype(np.float32), None, params)
    v = rng.standard_normal(53).astype(np.float32)
    assert (plan @ v).dtype == np.float32 and plan.diagonal().dtype == np.float32
    expected = plan.compute() @ v
    atol = 1e-5 * np.linalg.norm(expected)
    np.testing.assert_allclose(plan @ v, expected, rtol=0, atol=atol)
    assert (plan @ v.astype(np.float64)).dtype == np.float64


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux's /proc")
@pytest.mark.parametrize("what", ["diagonal", "trace", "product"])
def test_diagonals_and_products_of_many_samples(what):
    """The kernel itself would take 320 GB."""
    n = 200_000
    x = np.ones((n, 2), np.float32)
    params = {"w": np.ones((2, 3), np.float32), "v": np.ones((3, 1), np.float32)}
    plan = swntk.empirical_ntk_fn(f, memory_limit=1 << 28).plan(x, None, params)
    assert plan.shape == (n, n)
    one = swntk.empirical_ntk_fn(f)(x[:1], None, params)[0, 0]
    if what == "diagonal":
        np.testing.assert_allclose(plan.diagonal(), np.full(n, one), rtol=1e-5)
    elif what == "trace":
        np.testing.assert_allclose(plan.trace(), n * one, rtol=1e-5)
    else:
        np.testing.assert_allclose((plan @ (x[:, 0] / n))[::1000], one, rtol=1e-3)


# ---- Words ----------------------------------------------------------------


def test_the_plan_names_the_limit_and_the_tiles():
    text = str(plan_of(f, {"trace_axes": ()}, X, None, memory_limit=3 << 16))
    assert "memory limit: 196608 bytes, as given; computed in tiles of" in text
    assert "10 tiles of up to 16 x 16 samples, the rest mirrored" in text
    assert "does not suffice" in str(plan_of(f, {}, X, None, memory_limit=10))
    assert "none is needed; computed at once" in str(plan_of(f, {}, X, None))
    assert "piece by piece: 1 tile" in str(plan_of(mixing, {}, X, None))


def test_out_that_would_be_overwritten_while_it_is_needed(tmp_path):
    n = 64
    x = np.memmap(tmp_path / "x", np.float64, "w+", shape=(n, n))
    x[:] = np.eye(n)
    w = np.eye(n)
    plan = swntk.empirical_ntk_fn(lambda w, x: x @ w).plan(x, None, w)
    with pytest.raises(swntk.ArgumentError, match="shares its memory with an input"):
        plan.compute(x)
    np.testing.assert_array_equal(x, np.eye(n))
    both = swntk.empirical_ntk_fn(lambda w, x: {"a": x @ w, "b": 2 * (x @ w)}).plan(w, None, w)
    out = np.memmap(tmp_path / "out", np.float64, "w+", shape=(n, n))
    with pytest.raises(swntk.ArgumentError, match=r"out\['b'\] shares its memory with out\['a'\]"):
        both.compute({"a": out, "b": out})


def test_plans_with_python_callbacks_stay_in_their_process(tmp_path):
    def f(w, x):
        doubled = swntk.pure_callback(
            lambda a: 2 * a, swntk.ShapeDtypeStruct(x.shape, x.dtype), x, vmap_method="expand_dims"
        )
        return doubled @ w

    plan = swntk.empirical_ntk_fn(f).plan(np.eye(3), None, np.ones((3, 2)))
    with pytest.raises(swntk.ArgumentError, match="cannot be pickled"):
        pickle.dumps(plan)
    with pytest.raises(swntk.ArgumentError, match="cannot be resumed"):
        plan.compute(np.empty((3, 3)), resume=tmp_path / "tiles")
    np.testing.assert_allclose(plan.compute(), 4 * np.eye(3))
