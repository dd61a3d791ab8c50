"""Print by how many bytes this process grows, beside the result, over a kernel under a limit.

The result is an array that has been touched before; or with a third argument, `memmap`, a file, of
which no more than the working set may be resident; `diagonal`; or `product`, that with a vector.
"""

import sys
import tempfile

import numpy as np
import swntk


def mlp(params, x):
    h = np.tanh(x @ params["w1"])
    return np.tanh(h @ params["w2"]) @ params["w3"]


def convolution(params, x):
    numbers = ("NHWC", "HWIO", "NHWC")
    for name in ("w1", "w2"):
        x = np.tanh(swntk.lax.conv_general_dilated(
            x, params[name], (1, 1), "SAME", dimension_numbers=numbers))
    return np.mean(x, axis=(1, 2)) @ params["w3"]


def transformer(params, x):
    q, k, v = np.split(x @ params["w1"], 3, axis=-1)
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    x = x + swntk.nn.softmax(scores) @ v
    return np.mean(x + np.tanh(x @ params["w2"]), axis=1) @ params["w3"]


def case(name):
    rng = np.random.default_rng(0)

    def normal(*shape):
        return (rng.standard_normal(shape) / np.sqrt(shape[-2])).astype(np.float32)

    if name == "mlp":
        params = {"w1": normal(300, 400), "w2": normal(400, 400), "w3": normal(400, 10)}
        return mlp, params, lambda n: normal(n, 300), 700
    if name == "convolution":
        params = {"w1": normal(3, 3, 3, 16), "w2": normal(3, 3, 16, 16), "w3": normal(16, 4)}
        return convolution, params, lambda n: normal(n, 10, 10, 3), 300
    params = {"w1": normal(32, 96), "w2": normal(32, 32), "w3": normal(32, 5)}
    return transformer, params, lambda n: normal(n, 16, 32), 400


def peak():
    with open("/proc/self/status") as lines:
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise OSError("no VmHWM in /proc/self/status")


def main(name, limit, kind="array"):
    f, params, inputs, n = case(name)
    # What is loaded and started once is no part of a kernel's working set.
    swntk.empirical_ntk_fn(f)(inputs(40), None, params)
    x = inputs(n)
    ntk_fn = swntk.empirical_ntk_fn(f, trace_axes=(), memory_limit=int(limit))
    plan = ntk_fn.plan(x, None, params)
    if kind == "memmap":
        folder = tempfile.TemporaryDirectory()
        out = np.memmap(f"{folder.name}/out", plan.dtype, "w+", shape=plan.shape)
    elif kind == "array":
        out = np.empty(plan.shape, plan.dtype)
        out.fill(0)
    else:
        out = np.ones((n, plan.shape[-1]), plan.dtype)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # the peak starts again from what is resident now
    before = peak()
    if kind == "diagonal":
        out = plan.diagonal()
    elif kind == "product":
        out = plan @ out
    else:
        plan.compute(out=out)
    grown = peak() - before
    if not np.isfinite(np.sum(out)):
        sys.exit("not finite")
    print(grown)


if __name__ == "__main__":
    main(*sys.argv[1:])
