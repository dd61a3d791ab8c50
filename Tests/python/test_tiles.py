"""Kernels under a memory limit: the same numbers, the process's own growth, progress, stopping."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest
import swntk
from swntk import NtkImplementation

IMPLEMENTATIONS = list(NtkImplementation)


def mlp(params, x):
    h = np.tanh(x @ params["w1"] + params["b1"])
    return h @ params["w2"]


def attention(params, x):
    q, k, v = np.split(x @ params["qkv"], 3, axis=-1)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return np.mean(swntk.nn.softmax(scores) @ v @ params["out"], axis=1)


def convolution(params, x):
    h = np.tanh(swntk.lax.conv_general_dilated(
        x, params["w"], (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC")))
    return np.mean(h, axis=(1, 2)) @ params["out"]


def case(name, dtype=np.float64):
    rng = np.random.default_rng(3)

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[0])).astype(dtype)

    if name == "mlp":
        params = {"w1": normal(7, 30), "b1": normal(30), "w2": normal(30, 3)}
        return mlp, params, normal(101, 7), normal(37, 7)
    if name == "attention":
        params = {"qkv": normal(6, 18), "out": normal(6, 2)}
        return attention, params, normal(61, 5, 6), normal(23, 5, 6)
    params = {"w": normal(3, 3, 2, 4), "out": normal(4, 3)}
    return convolution, params, normal(41, 6, 6, 2), normal(19, 6, 6, 2)


def environment():
    """The environment of a process that imports what this one does."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def least(ntk_fn, *args):
    """What the smallest tile needs, as the error for an impossible limit says it."""
    with pytest.raises(swntk.OutOfMemoryError) as caught:
        ntk_fn(*args)
    return int(re.search(r"[\d,]+", str(caught.value))[0].replace(",", ""))


@pytest.mark.parametrize("implementation", IMPLEMENTATIONS, ids=lambda i: i.name)
@pytest.mark.parametrize("name", ["mlp", "attention", "convolution"])
@pytest.mark.parametrize("axes", [{}, {"trace_axes": ()}, {"diagonal_axes": (0,)}], ids=str)
def test_any_limit_gives_the_same_numbers(name, implementation, axes):
    f, params, x, y = case(name)
    seconds = (None,) if axes.get("diagonal_axes") else (None, y)
    for other in seconds:
        def kernel(limit, x2=other):
            return swntk.empirical_ntk_fn(
                f, implementation=implementation, memory_limit=limit, **axes)

        whole = kernel(2**40)(x, other, params)
        needed = least(kernel(1), x, other, params)
        for limit in (needed, 2 * needed, 5 * needed):
            theta = kernel(limit)(x, other, params)
            np.testing.assert_allclose(
                theta, whole, rtol=0, atol=1e-11 * np.linalg.norm(whole))
            if other is None and not axes:
                np.testing.assert_array_equal(theta, theta.T)


def test_a_batch_axis_that_is_not_the_first():
    _, params, x, y = case("mlp")

    def f(params, x):
        return mlp(params, x.T).T

    for other in (None, np.ascontiguousarray(y.T)):
        def kernel(limit):
            return swntk.empirical_ntk_fn(f, trace_axes=(), memory_limit=limit)

        first = np.ascontiguousarray(x.T)
        whole = kernel(2**40)(first, other, params)
        needed = least(kernel(1), first, other, params)
        theta = kernel(2 * needed)(first, other, params)
        np.testing.assert_allclose(theta, whole, rtol=0, atol=1e-11 * np.linalg.norm(whole))


def test_trees_of_outputs():
    _, params, x, _ = case("mlp")

    def f(params, x):
        return {"out": mlp(params, x), "hidden": np.tanh(x @ params["w1"])[:, :2]}

    def kernel(limit):
        return swntk.empirical_ntk_fn(f, memory_limit=limit)

    whole = kernel(2**40)(x, None, params)
    theta = kernel(2 * least(kernel(1), x, None, params))(x, None, params)
    for leaf in ("out", "hidden"):
        np.testing.assert_allclose(theta[leaf], whole[leaf], rtol=1e-11, atol=1e-11)


def test_samples_that_are_mixed_are_not_cut():
    _, params, x, _ = case("mlp")

    def f(params, x):
        return mlp(params, x) - np.mean(mlp(params, x), axis=0)

    needed = least(swntk.empirical_ntk_fn(f, memory_limit=1), x, None, params)
    with pytest.raises(swntk.OutOfMemoryError, match=f"{needed:,}|{needed}"):
        swntk.empirical_ntk_fn(f, memory_limit=needed - 1)(x, None, params)
    swntk.empirical_ntk_fn(f, memory_limit=needed)(x, None, params)


def test_progress_rises_to_its_total():
    f, params, x, y = case("mlp")
    calls = []

    def kernel(limit, progress=None):
        return swntk.empirical_ntk_fn(f, memory_limit=limit, progress=progress)

    needed = least(kernel(1), x, y, params)
    kernel(needed, lambda done, total: calls.append((done, total)))(x, y, params)
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)
    assert {total for _, total in calls} == {calls[-1][1]}
    assert calls[-1][0] == calls[-1][1]


def test_an_exception_of_the_progress_callback_comes_out():
    f, params, x, y = case("mlp")

    def stop(done, total):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        swntk.empirical_ntk_fn(f, memory_limit=2**40, progress=stop)(x, y, params)


def test_a_result_that_cannot_be_had_is_refused_before_any_work():
    n = 2_000_000
    x = np.zeros((n, 1), np.float32)

    start = time.monotonic()
    with pytest.raises(swntk.OutOfMemoryError, match="cannot be allocated"):
        swntk.empirical_ntk_fn(lambda w, x: x @ w)(x, None, np.ones((1, 1), np.float32))
    # The work itself would take hours.
    assert time.monotonic() - start < 60


def test_ctrl_c_stops_a_tiled_kernel():
    code = textwrap.dedent(
        """
        import signal
        import numpy as np, swntk
        # What a shell starts in the background ignores SIGINT.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        w = np.ones((400, 400), np.float32)
        x = np.ones((20000, 400), np.float32)
        print("ready", flush=True)
        try:
            swntk.empirical_ntk_fn(lambda w, x: np.tanh(np.tanh(x @ w) @ w))(x, None, w)
            print("finished")
        except KeyboardInterrupt:
            print("stopped")
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], env=environment(), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=120)[0] == "stopped\n"
    finally:
        process.kill()


def test_kernels_of_two_threads_at_once():
    f, params, x, y = case("attention")
    whole = swntk.empirical_ntk_fn(f)(x, y, params)
    kernel = swntk.empirical_ntk_fn(f, memory_limit=least(
        swntk.empirical_ntk_fn(f, memory_limit=1), x, y, params))
    results = [None] * 3

    def run(i):
        results[i] = kernel(x, y, params)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for theta in results:
        np.testing.assert_allclose(theta, whole, rtol=1e-11, atol=1e-12)


# What OpenBLAS takes for its packed blocks, and what the allocator keeps.
ALLOWANCE = 64 << 20


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux's /proc")
@pytest.mark.parametrize("limit", [32 << 20, 128 << 20, 512 << 20])
@pytest.mark.parametrize("name", ["mlp", "convolution", "transformer"])
def test_the_process_grows_no_more_than_the_limit(name, limit):
    check_growth(name, limit)


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux's /proc")
@pytest.mark.parametrize("name, limit", [
    ("mlp", 32 << 20), ("mlp", 128 << 20), ("convolution", 32 << 20), ("transformer", 64 << 20)])
def test_nor_does_it_beside_a_file(name, limit):
    """The results' files are of 196, 5.8 and 16 MB."""
    check_growth(name, limit, "memmap")


@pytest.mark.skipif(not os.path.exists("/proc/self/clear_refs"), reason="needs Linux's /proc")
@pytest.mark.parametrize("name", ["mlp", "convolution", "transformer"])
@pytest.mark.parametrize("kind", ["diagonal", "product"])
def test_nor_do_diagonals_and_products(name, kind):
    check_growth(name, 32 << 20, kind)


def check_growth(name, limit, *kind):
    script = os.path.join(os.path.dirname(__file__), "growth.py")
    out = subprocess.run(
        [sys.executable, script, name, str(limit), *kind],
        env=environment(), capture_output=True, text=True, timeout=600,
    )
    assert out.returncode == 0, out.stderr
    grown = int(out.stdout)
    assert grown <= limit + ALLOWANCE, f"{grown >> 20} MiB"
