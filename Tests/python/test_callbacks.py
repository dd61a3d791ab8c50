"""Law: Python code called from a program gives what it returns, under every transform of JAX;
what goes wrong in it comes out as itself."""

import ctypes
import gc
import os
import pickle
import signal
import threading
import time

import numpy as np
import pytest
import swntk
from checkers import assert_close, assert_trees_close
from swntk._ffi import check, library
from swntk._ffi.structs import ntk_callback_function, ntk_callback_functions

jax = pytest.importorskip("jax")
OUT = swntk.ShapeDtypeStruct((3,), np.float64)
X = np.array([0.7, -0.3, 1.2])


def sine(x):
    return np.sin(x)


def host(x, **options):
    return swntk.pure_callback(sine, OUT, x, **options)


def differentiable(m, call):
    """A callback with a derivative around it, itself by callbacks: to any order."""

    @m.custom_jvp
    def f(x):
        return call(np.sin, x)

    @f.defjvp
    def rule(primals, tangents):
        (x,), (dx,) = primals, tangents
        return f(x), dx * g(x)

    @m.custom_jvp
    def g(x):
        return call(np.cos, x)

    @g.defjvp
    def rule_of_g(primals, tangents):
        (x,), (dx,) = primals, tangents
        return g(x), -dx * f(x)

    return f


def ours(f, x):
    out = swntk.ShapeDtypeStruct(x.shape, x.dtype)
    return swntk.pure_callback(f, out, x, vmap_method="broadcast_all")


def theirs(f, x):
    out = jax.ShapeDtypeStruct(x.shape, x.dtype)
    return jax.pure_callback(lambda x: f(np.asarray(x)), out, x, vmap_method="broadcast_all")


def total(f):
    return lambda x: f(x).sum()


WAYS = {
    "jit": lambda m, f: m.jit(f),
    "grad": lambda m, f: m.grad(total(f)),
    "hessian": lambda m, f: m.hessian(total(f)),
    "jvp": lambda m, f: lambda x: tuple(m.jvp(f, (x,), (x,))),
    "vmap": lambda m, f: lambda x: m.vmap(f)(x[:, None] * X),
    "vmap of grad": lambda m, f: lambda x: m.vmap(m.grad(total(f)))(x[:, None] * X),
    "scan": lambda m, f: m.grad(
        lambda x: m.lax.scan(lambda c, a: (c + f(c * a), None), x, X)[0].sum()
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_as_jax(way):
    got = WAYS[way](swntk, differentiable(swntk, ours))(X)
    expected = WAYS[way](jax, differentiable(jax, theirs))(X)
    assert_trees_close(got, jax.tree.map(np.asarray, expected))


@pytest.mark.parametrize(
    "method", ["sequential", "sequential_unrolled", "expand_dims", "broadcast_all"]
)
def test_vmap_methods(method):
    """The shapes that the function is given are JAX's."""

    def run(m, shapes):
        def f(x, y, w):
            def inner(x, y, w):
                shapes.append((np.shape(x), np.shape(y), np.shape(w)))
                return np.asarray(x) * y + w

            out = m.ShapeDtypeStruct((3,), np.float64)
            return m.pure_callback(inner, out, x, y, w, vmap_method=method)

        return m.vmap(f, (0, None, 1))(np.arange(6.0).reshape(2, 3), X, np.ones((3, 2)))

    got, expected = [], []
    assert_close(run(swntk, got), np.asarray(run(jax, expected)))
    assert got == expected


def test_vmap_without_method():
    with pytest.raises(NotImplementedError, match="vmap_method"):
        swntk.vmap(host)(np.ones((2, 3)))


def test_trees_and_types():
    def f(a, b, scale=1):
        assert type(a) is np.ndarray and a.dtype == np.int32 and b["k"].dtype == bool
        return {"n": a + 1, "m": (np.float32(scale * 2), b["k"])}

    shapes = {
        "n": swntk.ShapeDtypeStruct((2,), np.int32),
        "m": (np.float32(0), swntk.ShapeDtypeStruct((), bool)),
    }

    def call(a, b, scale):
        return swntk.pure_callback(f, shapes, a, {"k": b}, scale=scale)

    given = np.arange(2, dtype=np.int32), np.bool_(True), np.float64(3)
    for run in (call, swntk.jit(call)):
        got = run(*given)
        assert got["n"].tolist() == [1, 2] and got["m"][0] == 6 and got["m"][1]
        assert got["m"][0].dtype == np.float32
    empty = swntk.ShapeDtypeStruct((0,), np.float64)
    assert swntk.jit(lambda x: swntk.pure_callback(lambda x: x, empty, x))(np.ones(0)).shape == (0,)
    assert swntk.jit(lambda: swntk.pure_callback(lambda: 5.0, np.float64(0)))() == 5


def test_arguments_may_be_kept():
    kept = []

    def f(x):
        kept.append(x)
        return x

    swntk.jit(lambda x: swntk.pure_callback(f, OUT, x * 2) + swntk.pure_callback(f, OUT, x * 3))(X)
    assert sorted(k[0] for k in kept) == [2 * X[0], 3 * X[0]]


def test_errors():
    class Own(Exception):
        pass

    def fails(x):
        raise Own("here")

    def run(f, out=OUT):
        return lambda: swntk.jit(lambda x: swntk.pure_callback(f, out, x))(X)

    with pytest.raises(Own, match="here"):
        run(fails)()
    with pytest.raises(SystemExit):
        run(lambda x: exec("raise SystemExit(3)"))()
    for call, error, fact in [
        (run(lambda x: x[:2]), swntk.ShapeError, r"shape \(2,\), expected \(3,\)"),
        (run(lambda x: x.astype("f4")), swntk.DTypeError, "float32"),
        (run(lambda x: (x, x)), swntk.ArgumentError, "expected"),
        (run(sine, 3), swntk.ArgumentError, "shape and dtype"),
        (
            lambda: swntk.pure_callback(sine, OUT, X, vmap_method="no"),
            swntk.ArgumentError,
            "method",
        ),
        (lambda: swntk.pure_callback(sine, OUT, X, sharding=1), swntk.ArgumentError, "sharding"),
        (lambda: swntk.grad(total(host))(X), NotImplementedError, "custom_jvp"),
        (lambda: swntk.jvp(host, (X,), (X,)), NotImplementedError, "custom_jvp"),
    ]:
        with pytest.raises(error, match=fact):
            call()
    assert_close(swntk.jit(host)(X), np.sin(X))  # and all is well after


def test_not_pickled():
    program = swntk.trace(host, X)
    for make in (
        lambda: pickle.dumps(program),
        lambda: program.save("never"),
        lambda: pickle.dumps(
            swntk.trace(swntk.vmap(lambda x: host(x, vmap_method="sequential")), X[None])
        ),
    ):
        with pytest.raises(swntk.ArgumentError, match="callback"):
            make()
    assert not os.path.exists("never")
    assert swntk.Program.parse(str(program)) == program
    assert_close(swntk.Program.parse(str(program))(X)[0], np.sin(X))


def test_runs_programs_and_on_the_calling_thread():
    compiled = swntk.jit(lambda x: np.sin(x) @ np.ones((3, 3)))
    seen = []

    def inner(x):
        seen.append(threading.get_ident())
        return compiled(x)

    outer = swntk.jit(
        lambda x: swntk.lax.fori_loop(0, 3, lambda _, x: swntk.pure_callback(inner, OUT, x), x)
    )
    assert_close(outer(X), compiled(compiled(compiled(X))))
    assert set(seen) == {threading.get_ident()}
    # From several threads at once, each on its own.
    results = {}

    def work(n):
        results[n] = outer(n * X)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for n in range(4):
        assert_close(results[n], compiled(compiled(compiled(n * X))))


def test_interrupt():
    """Ctrl-C ends a callback that sleeps."""

    def sleepy(x):
        for _ in range(200):
            time.sleep(0.05)
        return x

    # What a shell starts in the background ignores SIGINT.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        begun = time.monotonic()
        with pytest.raises(KeyboardInterrupt):
            swntk.jit(lambda x: swntk.pure_callback(sleepy, OUT, x))(X)
        assert time.monotonic() - begun < 5
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_functions_are_let_go():
    """A function made anew for every trace is held by the programs that call it, no longer."""
    from swntk._custom import callbacks

    for i in range(700):
        swntk.jit(lambda x, i=i: swntk.pure_callback(lambda x: x + i, OUT, x))(X)
    gc.collect()
    swntk.clear_cache()
    callbacks._sweep_at = 0
    callbacks._sweep()
    assert len(callbacks._entries) < 600


def test_kernel():
    f = differentiable(swntk, ours)
    p, x = {"w": np.eye(3) + 0.1}, np.arange(6.0).reshape(2, 3) / 6

    def network(p, x):
        return f(x @ p["w"])

    jacobian = swntk.jacrev(network)(p, x)["w"].reshape(2, 3, -1)
    for implementation in swntk.NtkImplementation:
        ntk = swntk.empirical_ntk_fn(network, trace_axes=(), implementation=implementation)
        assert_close(ntk(x, None, p), np.einsum("iap,jbp->ijab", jacobian, jacobian))


def array_of(buffer):
    n = 1
    for i in range(buffer.rank):
        n *= ctypes.c_int64.from_address(buffer.sizes + 8 * i).value
    return np.frombuffer((ctypes.c_double * n).from_address(buffer.data))


def test_registered_functions():
    """The ABI's own callbacks, with their derivatives: text names them."""

    def value(context, inputs, n, outputs, m):
        array_of(outputs[0])[:] = np.sin(array_of(inputs[0])) * array_of(inputs[1])
        return 0

    def jvp(context, inputs, n, outputs, m):
        x, y, dx, dy = map(array_of, (inputs[0], inputs[1], inputs[2], inputs[3]))
        array_of(outputs[0])[:] = np.cos(x) * y * dx + np.sin(x) * dy
        return 0

    def vjp(context, inputs, n, outputs, m):
        x, y, g = map(array_of, (inputs[0], inputs[1], inputs[2]))
        array_of(outputs[0])[:] = np.cos(x) * y * g
        array_of(outputs[1])[:] = np.sin(x) * g
        return 0

    text = """ntk 1
program(%0: f64[3], %1: f64[3]) {
  %2: f64[3] = callback[callback="sine times", shapes=[[3]], dtypes=[f64], vmap_method="METHOD",
                        has_derivatives=true](%0, %1)
  return %2
}"""
    kept = [ntk_callback_function(f) for f in (value, jvp, vjp)]
    functions = ntk_callback_functions(ctypes.sizeof(ntk_callback_functions), *kept, None)
    held = ctypes.c_int32()
    early = swntk.Program.parse(text.replace("METHOD", "sequential"))
    with pytest.raises(swntk.ArgumentError, match="sine times"):
        early(X, X)
    check(library.ntk_callback_register(b"sine times", functions))
    with pytest.raises(swntk.ArgumentError, match="not registered"):
        check(library.ntk_callback_register(b"sine times", functions))
    y = X + 1
    reference = swntk.trace(lambda x, y: np.sin(x) * y, X, y)
    for method in ("sequential", "broadcast_all"):
        program = swntk.Program.parse(text.replace("METHOD", method))
        assert_trees_close(program(X, y), reference(X, y))
        assert_trees_close(program.jvp([0, 1])(X, y, y, X), reference.jvp([0, 1])(X, y, y, X))
        assert_trees_close(program.jvp([1])(X, y, y), reference.jvp([1])(X, y, y))
        for mode in (1, 2):
            assert_trees_close(
                program.jacobian([0, 1], mode)(X, y), reference.jacobian([0, 1], mode)(X, y)
            )
        rows = np.stack([X, 2 * X])
        assert_trees_close(
            program.vmap(2, [0, None], [0])(rows, y), reference.vmap(2, [0, None], [0])(rows, y)
        )
        with pytest.raises(swntk.UnsupportedError, match="second derivative"):
            program.jvp([0]).jvp([0])
    assert_trees_close(early(X, y), reference(X, y))
    check(library.ntk_callback_unregister(b"sine times"))
    assert_trees_close(program(X, y), reference(X, y))
    check(library.ntk_callback_is_held(b"sine times", held))
    assert held.value == 1
    again = ntk_callback_functions(ctypes.sizeof(ntk_callback_functions), kept[0])
    check(library.ntk_callback_register(b"sine times", again))
    program = swntk.Program.parse(text.replace("METHOD", "") + "# anew")
    swntk.clear_cache()
    with pytest.raises(swntk.UnsupportedError, match="without a jvp"):
        program.jvp([0])(X, y, y)
    check(library.ntk_callback_unregister(b"sine times"))
    for name, given in [(None, functions), (b"n", None), (b"n", ntk_callback_functions(48))]:
        with pytest.raises(swntk.ArgumentError):
            check(library.ntk_callback_register(name, given))
