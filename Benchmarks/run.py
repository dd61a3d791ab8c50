"""Time swntk beside JAX on one small network: `make bench`.

Each line is the median of interleaved runs, after one run that compiles; results are compared
first. Both use all cores of the machine and float32. JAX's kernel contracts its jitted Jacobian,
as swntk's JACOBIAN_CONTRACTION does.
"""

import statistics
import time

import jax
import numpy as np
import swntk

REPEATS = 15
SIZES = [64, 128, 128, 10]


def mlp(np, params, x):
    for layer in range(1, len(SIZES)):
        x = x @ params[f"w{layer}"] + params[f"b{layer}"]
        if layer < len(SIZES) - 1:
            x = np.tanh(x)
    return x


def f(params, x):
    return mlp(np, params, x)


def f_jax(params, x):
    return mlp(jax.numpy, params, x)


def loss(params, x):
    return np.mean(f(params, x) ** 2)


def loss_jax(params, x):
    return jax.numpy.mean(f_jax(params, x) ** 2)


def kernel_jax(params, x):
    def one(sample):
        return jax.jacrev(f_jax)(params, sample[None])

    leaves = jax.tree.leaves(jax.vmap(one)(x))
    flat = [leaf.reshape(len(x), -1) for leaf in leaves]
    return sum(leaf @ leaf.T for leaf in flat) / SIZES[-1]


def cases(n, rng):
    """Yield (name, ours, JAX's): functions without arguments."""
    shapes = list(zip(SIZES[:-1], SIZES[1:]))
    params = {f"w{i}": rng.standard_normal(s) / np.sqrt(s[0]) for i, s in enumerate(shapes, 1)}
    params |= {f"b{i}": np.zeros(s[1]) for i, s in enumerate(shapes, 1)}
    params = {name: p.astype(np.float32) for name, p in params.items()}
    x = rng.standard_normal((n, SIZES[0])).astype(np.float32)
    on_device = jax.device_put((params, x))
    kernel = swntk.empirical_ntk_fn(f)
    for name, ours, theirs in [
        ("value", f, f_jax),
        ("value_and_grad", swntk.value_and_grad(loss), jax.value_and_grad(loss_jax)),
        ("kernel", lambda params, x: kernel(x, None, params), kernel_jax),
    ]:
        ours, theirs = swntk.jit(ours), jax.jit(theirs)
        yield (
            f"{name}, n = {n}",
            lambda ours=ours: ours(params, x),
            lambda theirs=theirs: jax.block_until_ready(theirs(*on_device)),
        )


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def check_equal(name, ours, theirs):
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves(theirs)):
        error = np.linalg.norm(np.asarray(a) - np.asarray(b)) / np.linalg.norm(b)
        if not error < 1e-4:
            raise SystemExit(f"{name}: results differ by {error:.1e}")


def main():
    rng = np.random.default_rng(0)
    print("| | swntk, ms | JAX, ms | swntk / JAX | first call: swntk, ms | JAX, ms |")
    print("|---|--:|--:|--:|--:|--:|")
    for n in (32, 256):
        for name, ours, theirs in cases(n, rng):
            first = [seconds(ours), seconds(theirs)]
            check_equal(name, ours(), theirs())
            times = [(seconds(ours), seconds(theirs)) for _ in range(REPEATS)]
            a, b = (statistics.median(column) for column in zip(*times))
            print(
                f"| {name} | {a * 1e3:.2f} | {b * 1e3:.2f} | {a / b:.2f} "
                f"| {first[0] * 1e3:.0f} | {first[1] * 1e3:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
