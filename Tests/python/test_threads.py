"""Threads, processes and memory: results do not depend on them."""

import gc
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest
import swntk
from checkers import leaves


def normal(seed, *shape, dtype="f8"):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def network(params, x):
    h = np.tanh(x @ params["w1"] + params["b1"])
    h = h / np.sqrt(np.mean(h * h, axis=-1, keepdims=True) + 1e-6)
    return h @ params["w2"]


PARAMS = {"w1": normal(1, 100, 120), "b1": normal(2, 120), "w2": normal(3, 120, 10)}
X = normal(4, 300, 100)


def recurrent(w, xs):
    return swntk.lax.scan(lambda h, x: (np.tanh(h @ w + x), h.sum()), xs[0], xs)


# Large enough to be split over threads; sizes that no block divides.
COMPUTATIONS = {
    "network": lambda: swntk.jit(network)(PARAMS, X),
    "single precision": lambda: swntk.jit(network)(
        {k: v.astype("f4") for k, v in PARAMS.items()}, X.astype("f4")
    ),
    "gradient": lambda: swntk.value_and_grad(lambda p: np.sum(network(p, X) ** 2))(PARAMS),
    "sum of a million": lambda: swntk.jit(lambda x: (x.sum(), np.exp(x).mean(), x.max()))(
        normal(5, 1_000_003)
    ),
    "sum over axis 0": lambda: swntk.jit(lambda x: (x.sum(axis=0), np.var(x, axis=0)))(
        normal(6, 20_011, 7)
    ),
    "product": lambda: swntk.jit(np.matmul)(normal(7, 517, 301), normal(8, 301, 263)),
    "batched product": lambda: swntk.jit(np.matmul)(normal(7, 100, 17, 31), normal(8, 100, 31, 13)),
    "kernel": lambda: swntk.empirical_ntk_fn(network)(X[:40], X[40:65], PARAMS),
    "symmetric kernel": lambda: swntk.empirical_ntk_fn(network, trace_axes=())(
        X[:20], None, PARAMS
    ),
    "scan": lambda: swntk.jit(recurrent)(normal(1, 64, 64) / 8, normal(2, 50, 30, 64)),
    "gather": lambda: swntk.vjp(lambda t: t[np.arange(50_000) % 997], normal(3, 1000, 16))[1](
        normal(4, 50_000, 16)
    ),
}


@pytest.fixture(autouse=True)
def threads_as_before():
    before = swntk.get_threads()
    yield
    swntk.set_threads(before)


def assert_same_bits(actual, expected):
    for a, b in zip(leaves(actual), leaves(expected), strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", COMPUTATIONS)
def test_any_thread_count(name):
    """Law: bitwise the same for 1, 2 and 3 threads, and again."""
    results = []
    for count in [1, 2, 3, 2, 1]:
        swntk.set_threads(count)
        assert swntk.get_threads() == count
        results.append(COMPUTATIONS[name]())
    for result in results[1:]:
        assert_same_bits(result, results[0])


def test_two_python_threads():
    """Different and equal programs at once, traced and run in each thread."""
    swntk.set_threads(2)
    names = ["network", "gradient", "kernel", "scan"]
    expected = {name: COMPUTATIONS[name]() for name in names}
    failures = []

    def work(offset):
        try:
            for i in range(8):
                name = names[(i + offset) % len(names)]
                assert_same_bits(COMPUTATIONS[name](), expected[name])
                if i == 3:
                    swntk.clear_cache()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures[0]


def test_one_jitted_function_in_many_threads():
    f = swntk.jit(network)
    xs = [normal(i, 5 + i % 3, 100) for i in range(12)]
    expected = [network(PARAMS, x) for x in xs]
    failures = []

    def work(i):
        for _ in range(5):
            if not np.allclose(f(PARAMS, xs[i]), expected[i], rtol=1e-11, atol=1e-11):
                failures.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_after_fork(threads):
    """A child computes the same, and so does its child; the parent goes on."""
    swntk.set_threads(threads)
    names = ["network", "kernel", "sum of a million"]
    expected = {name: COMPUTATIONS[name]() for name in names}
    child = os.fork()
    if child == 0:
        code = 1
        try:
            signal.alarm(60)
            for name in names:
                assert_same_bits(COMPUTATIONS[name](), expected[name])
            grandchild = os.fork()
            if grandchild == 0:
                assert_same_bits(COMPUTATIONS["network"](), expected["network"])
                os._exit(0)
            code = os.waitpid(grandchild, 0)[1] != 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert status == 0
    for name in names:
        assert_same_bits(COMPUTATIONS[name](), expected[name])


def test_fork_in_the_middle():
    """A fork while another thread computes: the child starts afresh and does not hang."""
    swntk.set_threads(2)
    expected = COMPUTATIONS["network"]()
    stop = threading.Event()

    def work():
        while not stop.is_set():
            COMPUTATIONS["product"]()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(5):
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    signal.alarm(30)
                    assert_same_bits(swntk.jit(np.matmul)(np.eye(300), np.eye(300)), np.eye(300))
                    code = 0
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        thread.join()
    assert_same_bits(COMPUTATIONS["network"](), expected)


def test_threads_from_the_environment():
    code = "import sys; sys.path[:0] = eval(sys.argv[1]); import swntk; print(swntk.get_threads())"
    for value, expected in [("1", 1), ("3", 3), (None, len(os.sched_getaffinity(0)))]:
        environment = {k: v for k, v in os.environ.items() if k != "NTK_NUM_THREADS"}
        if value is not None:
            environment["NTK_NUM_THREADS"] = value
        printed = subprocess.run(
            [sys.executable, "-c", code, repr(sys.path)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert int(printed) == expected


# ---- Memory ------------------------------


def resident():
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


SMALL = {k: v[..., :8] if v.ndim == 1 else v[:8, :8] for k, v in PARAMS.items()}
SMALL_X = X[:4, :8]


def step_of_training():
    value, gradients = swntk.value_and_grad(lambda p: np.sum(network(p, SMALL_X) ** 2))(SMALL)


def pullbacks():
    y, pullback = swntk.vjp(network, SMALL, SMALL_X)
    pullback(y)
    pullback(y)


def new_program():
    scale = float(np.random.default_rng().standard_normal())
    swntk.jit(lambda x: np.tanh(x * scale))(SMALL_X)


def refused():
    for f in [lambda x: x @ np.ones(3), lambda x: np.array([x[0], x[1]]), lambda x: float(x[0, 0])]:
        try:
            swntk.jit(f)(SMALL_X)
        except swntk.NTKError:
            continue
        raise AssertionError("not refused")
    try:
        swntk.Program.parse("ntk 1\nprogram(%0: f64[2]) { %1 = tanh(%0) return %2 }")
    except swntk.NTKError:
        pass


def large_results():
    f = swntk.jit(lambda x: (x @ x.T, x + 1))
    f(X)


LEAKS = [
    step_of_training,
    pullbacks,
    new_program,
    refused,
    large_results,
    lambda: swntk.empirical_ntk_fn(network)(SMALL_X, None, SMALL),
]


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
@pytest.mark.parametrize("function", LEAKS, ids=lambda f: f.__name__)
def test_no_leak(function):
    """1,000 calls after a warm-up of 300 grow the process by less than 10 MB."""
    for _ in range(300):
        function()
    gc.collect()
    before = resident()
    for _ in range(1000):
        function()
    gc.collect()
    assert resident() - before < 10_000_000


def test_residuals_are_freed():
    """A dropped pullback, program or kernel gives its arrays back."""
    big = np.zeros((1000, 1000))

    def once():
        _, pullback = swntk.vjp(lambda x: np.exp(np.tanh(x) * np.tanh(2 * x)), big)
        pullback(big)

    once()
    once()
    gc.collect()
    before = resident()
    for _ in range(20):  # 8 MB of residuals each, at least
        once()
    gc.collect()
    assert resident() - before < 50_000_000
