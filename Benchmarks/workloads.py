"""What is timed: networks, their sizes, and the operations on them.

The networks are written in `array_models.py`, for NumPy with swntk's names and for JAX, and in
`in_torch.py`. Parameters and inputs are made here, by NumPy from a seed, and are the same for all.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

HEADS = 4

# "kernel" traces the last output axis; "kernel_full" keeps all of them.
OPERATIONS = ("value", "jvp", "vjp", "jacobian", "kernel", "kernel_full")


@dataclasses.dataclass(frozen=True)
class Row:
    """One operation on n samples; a kernel between n and n2 of them where n2 is not 0."""

    operation: str
    n: int
    n2: int = 0

    @property
    def is_kernel(self):
        return self.operation.startswith("kernel")

    @property
    def samples(self):
        return f"{self.n:,} x {self.n2:,}" if self.n2 else f"{self.n:,}"


@dataclasses.dataclass(frozen=True)
class Workload:
    """A network with sizes, smaller ones for tests, and its rows."""

    name: str
    model: str
    sizes: dict
    tiny: dict
    rows: tuple


def every(n, kernel=None, full=None, jacobian=None):
    """All operations, with other numbers of samples for some."""
    return (
        *(Row(operation, n) for operation in ("value", "jvp", "vjp")),
        Row("jacobian", jacobian or n),
        Row("kernel", kernel or n),
        Row("kernel_full", full or n),
    )


def kernels(kernel, full=None):
    return (Row("kernel", kernel), *([Row("kernel_full", full)] if full else []))


WORKLOADS = (
    Workload("mlp, tiny", "mlp", {"widths": [8, 16, 1]}, {"widths": [3, 4, 1]}, every(4)),
    Workload(
        "mlp, narrow", "mlp", {"widths": [64, 128, 128, 10]}, {"widths": [3, 5, 4, 2]}, every(128)
    ),
    Workload(
        "mlp, wide",
        "mlp",
        {"widths": [784, 1024, 1024, 10]},
        {"widths": [6, 8, 8, 2]},
        (*every(128, kernel=16, full=8, jacobian=4), Row("kernel", 256)),
    ),
    Workload(
        "mlp, wide, 1 output",
        "mlp",
        {"widths": [784, 1024, 1024, 1]},
        {"widths": [6, 8, 8, 1]},
        kernels(64),
    ),
    Workload(
        "mlp, 100 outputs",
        "mlp",
        {"widths": [128, 256, 256, 100]},
        {"widths": [4, 5, 5, 7]},
        kernels(16, 8),
    ),
    Workload(
        "mlp, 1,000 outputs",
        "mlp",
        {"widths": [128, 128, 128, 1000]},
        {"widths": [4, 5, 5, 9]},
        kernels(4),
    ),
    Workload(
        "mlp, thousands of samples",
        "mlp",
        {"widths": [16, 64, 64, 1]},
        {"widths": [3, 4, 4, 1]},
        (Row("kernel", 4096), Row("kernel", 4096, 512)),
    ),
    Workload(
        "convolutional",
        "convolutional",
        {"image": [28, 28, 1], "channels": [16, 32], "outputs": 10},
        {"image": [8, 8, 1], "channels": [2, 3], "outputs": 2},
        every(32, kernel=16, full=16, jacobian=16),
    ),
    Workload(
        "residual",
        "residual",
        {"image": [16, 16, 3], "channels": 32, "blocks": 3, "outputs": 10},
        {"image": [5, 5, 2], "channels": 3, "blocks": 2, "outputs": 2},
        (Row("value", 32), Row("vjp", 32), *kernels(16, 16)),
    ),
    Workload(
        "transformer",
        "transformer",
        {"length": 32, "width": 64, "outputs": 10},
        {"length": 3, "width": 8, "outputs": 2},
        every(32, kernel=16, full=16, jacobian=16),
    ),
    Workload(
        "transformer, 1,000 words",
        "language",
        {"length": 32, "width": 64, "words": 1000},
        {"length": 3, "width": 8, "words": 5},
        (Row("value", 32), Row("vjp", 32), *kernels(4)),
    ),
    Workload(
        "embedding",
        "embedding",
        {"length": 16, "words": 10_000, "width": 64, "outputs": 10},
        {"length": 3, "words": 6, "width": 4, "outputs": 2},
        (Row("value", 64), Row("vjp", 64), *kernels(32, 32)),
    ),
    Workload(
        "recurrent",
        "recurrent",
        {"length": 32, "inputs": 16, "width": 64, "outputs": 10},
        {"length": 3, "inputs": 2, "width": 4, "outputs": 2},
        every(32),
    ),
)


class _Parameters(dict):
    """Weights w* of variance 1 / fan-in, [in, out] or [height, width, in, out]; other arrays."""

    def __init__(self, rng):
        super().__init__()
        self.rng = rng

    def weight(self, name, *shape):
        self[name] = self.rng.standard_normal(shape) / math.sqrt(math.prod(shape[:-1]))

    def normal(self, name, *shape, mean=0.0, scale=0.1):
        self[name] = mean + scale * self.rng.standard_normal(shape)

    def dense(self, name, fan_in, fan_out):
        self.weight(f"w_{name}", fan_in, fan_out)
        self.normal(f"b_{name}", fan_out)

    def norm(self, name, width):
        self.normal(f"gain_{name}", width, mean=1.0)
        self.normal(f"bias_{name}", width)


def _mlp(p, widths):
    for i, (fan_in, fan_out) in enumerate(zip(widths[:-1], widths[1:])):
        p.dense(i, fan_in, fan_out)
    return lambda n: p.rng.standard_normal((n, widths[0])), (widths[-1],)


def _convolutional(p, image, channels, outputs):
    height, width, fan_in = image
    for i, fan_out in enumerate(channels):
        p.weight(f"w_{i}", 3, 3, fan_in, fan_out)
        p.normal(f"b_{i}", fan_out)
        height, width, fan_in = height // 2, width // 2, fan_out
    p.dense("out", height * width * fan_in, outputs)
    return lambda n: p.rng.standard_normal((n, *image)), (outputs,)


def _residual(p, image, channels, blocks, outputs):
    p.weight("w_in", 3, 3, image[-1], channels)
    for i in range(blocks):
        for half in "ab":
            p.weight(f"w_{i}{half}", 3, 3, channels, channels)
            p.normal(f"b_{i}{half}", channels)
    p.dense("out", channels, outputs)
    return lambda n: p.rng.standard_normal((n, *image)), (outputs,)


def _block(p, width):
    p.norm("attention", width)
    p.dense("qkv", width, 3 * width)
    p.dense("merge", width, width)
    p.norm("hidden", width)
    p.dense("up", width, 4 * width)
    p.dense("down", 4 * width, width)


def _transformer(p, length, width, outputs):
    _block(p, width)
    p.dense("out", width, outputs)
    return lambda n: p.rng.standard_normal((n, length, width)), (outputs,)


def _language(p, length, width, words):
    _block(p, width)
    p.norm("out", width)
    p.weight("w_out", width, words)
    return lambda n: p.rng.standard_normal((n, length, width)), (words,)


def _embedding(p, length, words, width, outputs):
    p.normal("table", words, width, scale=1.0)
    p.dense("hidden", width, width)
    p.dense("out", width, outputs)
    return lambda n: p.rng.integers(0, words, (n, length)).astype(np.int32), (outputs,)


def _recurrent(p, length, inputs, width, outputs):
    p.weight("w_x", inputs, width)
    p.weight("w_h", width, width)
    p.normal("b_h", width)
    p.dense("out", width, outputs)
    return lambda n: p.rng.standard_normal((n, length, inputs)), (outputs,)


_MAKERS = {
    "mlp": _mlp,
    "convolutional": _convolutional,
    "residual": _residual,
    "transformer": _transformer,
    "language": _language,
    "embedding": _embedding,
    "recurrent": _recurrent,
}


def make_data(workload, row, dtype=np.float32, tiny=False):
    """Return {"params", "tangents", "x", "x2", "cotangent"}; x2 is None but for n2."""
    p = _Parameters(np.random.default_rng(0))
    inputs, output = _MAKERS[workload.model](p, **(workload.tiny if tiny else workload.sizes))

    def cast(array):
        return array.astype(dtype) if array.dtype.kind == "f" else array

    n, n2 = (min(row.n, 3), min(row.n2, 2)) if tiny else (row.n, row.n2)
    return {
        "params": {name: cast(leaf) for name, leaf in p.items()},
        "tangents": {name: cast(p.rng.standard_normal(leaf.shape)) for name, leaf in p.items()},
        "x": cast(inputs(n)),
        "x2": cast(inputs(n2)) if n2 else None,
        "cotangent": cast(p.rng.standard_normal((n, *output))),
    }
