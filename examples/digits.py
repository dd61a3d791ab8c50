"""Train a convolutional network on handwritten digits and look at its tangent kernel.

The network is a NumPy function with convolutions, which NumPy lacks, from `swntk.lax`.
`swntk.value_and_grad` trains it, and `swntk.empirical_ntk_fn` gives its tangent kernel

    theta(x1, x2) = J(x1) J(x2)^T,    J = d logits / d params,

before and after training. Regression with a tangent kernel is what least squares would teach the
network if it stayed linear in its parameters; that the two kernels differ shows that it did not.
Run it by `make demo`, or after `make build` by

    PYTHONPATH=python python examples/digits.py --help
"""

import argparse
import resource
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
import swntk
from sklearn.datasets import load_digits
from tqdm import trange

matplotlib.use("Agg")  # draw to a file; needs no screen
import matplotlib.pyplot as plt  # noqa: E402

CLASSES = 10


# ---- The data ------------------------------------------------------------------------


def load_data(n_train, n_test, rng):
    """Return images [n, 8, 8, 1] in 0 to 1 and labels [n], for training and for testing."""
    images, labels = load_digits(return_X_y=True)
    order = rng.permutation(len(images))
    train, test = order[:n_train], order[n_train : n_train + n_test]
    images = (images / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    return images[train], labels[train], images[test], labels[test]


def one_hot(labels):
    return np.eye(CLASSES, dtype=np.float32)[labels]


# ---- The network ---------------------------------------------------------------------


def init_params(channels, rng):
    """Return weights of variance 1 / fan-in and zero biases for two convolutions and a layer."""
    shapes = [(3, 3, 1, channels), (3, 3, channels, 2 * channels), (2 * 2 * 2 * channels, CLASSES)]
    params = {}
    for layer, shape in enumerate(shapes, start=1):
        weights = rng.standard_normal(shape) / np.sqrt(np.prod(shape[:-1]))
        params[f"w{layer}"] = weights.astype(np.float32)
        params[f"b{layer}"] = np.zeros(shape[-1], np.float32)
    return params


def convolve(x, w, b):
    """Convolve images [n, height, width, c] with filters [3, 3, c, d]; add biases [d]."""
    layout = ("NHWC", "HWIO", "NHWC")
    return swntk.lax.conv_general_dilated(x, w, (1, 1), "SAME", dimension_numbers=layout) + b


def network(params, x):
    """Map images [n, 8, 8, 1] to logits [n, 10]."""
    h = np.tanh(convolve(x, params["w1"], params["b1"]))
    h = swntk.nn.avg_pool(h, (2, 2), strides=(2, 2))
    h = np.tanh(convolve(h, params["w2"], params["b2"]))
    h = swntk.nn.avg_pool(h, (2, 2), strides=(2, 2))
    return h.reshape(len(h), -1) @ params["w3"] + params["b3"]


def cross_entropy(params, x, targets):
    """Return the mean cross-entropy of the logits against one-hot targets [n, 10]."""
    logits = network(params, x)
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return -np.mean(np.sum(targets * log_p, axis=-1))


# ---- Training ------------------------------------------------------------------------


def train(params, x, targets, epochs, batch, rate, rng):
    """Return parameters trained by Adam (Kingma and Ba, 2015, algorithm 1)."""
    loss_and_grads = swntk.jit(swntk.value_and_grad(cross_entropy))
    mean = {name: np.zeros_like(p) for name, p in params.items()}
    square = {name: np.zeros_like(p) for name, p in params.items()}
    step = 0
    bar = trange(epochs, desc="training", unit="epoch", disable=None)  # None: only in a terminal
    for _ in bar:
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            loss, grads = loss_and_grads(params, x[rows], targets[rows])
            losses.append(float(loss))
            step += 1
            for name, g in grads.items():
                mean[name] = 0.9 * mean[name] + 0.1 * g
                square[name] = 0.999 * square[name] + 0.001 * g * g
                unbiased_mean = mean[name] / (1 - 0.9**step)
                unbiased_square = square[name] / (1 - 0.999**step)
                update = rate * unbiased_mean / (np.sqrt(unbiased_square) + 1e-8)
                params = {**params, name: params[name] - update}
        bar.set_postfix(loss=f"{np.mean(losses):.4f}")
    return params


# ---- Kernels -------------------------------------------------------------------------


def regress(k_train, k_test, targets, ridge=1e-4):
    """Return predictions [n_test, 10] of ridge regression, one class against the others.

    In float64, as `swntk.linalg` does it: a tangent kernel's smallest eigenvalues lie below
    float32's rounding of its largest.
    """
    centre = targets.mean(axis=0)
    return k_test @ swntk.linalg.solve(k_train, targets - centre, jitter=ridge) + centre


def accuracy(scores, labels):
    return np.mean(np.argmax(scores, axis=-1) == labels)


# ---- What is shown -------------------------------------------------------------------


class Report:
    """The table: one row for each stage, with its time and the process's peak memory so far."""

    def __init__(self):
        self.rows = []

    @contextmanager
    def stage(self, name):
        row = {"stage": name, "test accuracy": ""}
        start = time.perf_counter()
        yield row
        row["seconds"] = f"{time.perf_counter() - start:.2f}"
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux
        row["peak memory"] = f"{peak:,.0f} MiB"
        self.rows.append(row)

    def print(self):
        names = ["stage", "test accuracy", "seconds", "peak memory"]
        table = [names] + [[row[name] for name in names] for row in self.rows]
        widths = [max(len(line[i]) for line in table) for i in range(len(names))]
        table.insert(1, ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]])
        for first, *others in table:
            cells = [first.ljust(widths[0])]
            cells += [cell.rjust(width) for cell, width in zip(others, widths[1:])]
            print("| " + " | ".join(cells) + " |")


def draw(kernels, labels, path):
    """Draw each kernel with its samples sorted by class, and the spectra."""
    figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), layout="constrained")
    for axis, (name, kernel) in zip(axes, kernels.items()):
        swntk.plot.kernel(kernel, labels, ax=axis, title=f"Tangent kernel, {name}")
    scaled = {name: kernel / np.mean(np.diag(kernel)) for name, kernel in kernels.items()}
    swntk.plot.spectrum(scaled, ax=axes[2])
    figure.colorbar(axes[0].images[-1], ax=axes[:2], label="relative to the mean of the diagonal")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Train a convolutional network on digits; compare it with its tangent kernels."
    )
    parser.add_argument("--train", type=int, default=1297, help="training images")
    parser.add_argument("--test", type=int, default=500, help="test images")
    parser.add_argument("--channels", type=int, default=16, help="of the first convolution")
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--rate", type=float, default=1e-2, help="Adam's learning rate")
    parser.add_argument("--memory", type=int, default=256, help="MiB that a kernel may take")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/digits.png"), help="the picture")
    return parser.parse_args()


def main():
    args = parse_arguments()
    rng = np.random.default_rng(args.seed)
    x_train, labels_train, x_test, labels_test = load_data(args.train, args.test, rng)
    targets = one_hot(labels_train)
    untrained = init_params(args.channels, rng)
    report = Report()

    with report.stage(f"network, {args.epochs} epochs") as row:
        trained = train(untrained, x_train, targets, args.epochs, args.batch, args.rate, rng)
        row["test accuracy"] = f"{accuracy(network(trained, x_test), labels_test):.1%}"

    kernel = swntk.empirical_ntk_fn(  # the mean over the logits: [n, n], not [n, n, 10, 10]
        network,
        memory_limit=args.memory << 20,
        progress=True if sys.stderr.isatty() else None,
    )
    kernels = {}
    for name, params in [("untrained", untrained), ("trained", trained)]:
        with report.stage(f"tangent kernel, {name}"):
            k_train = kernel(x_train, None, params)
            k_test = kernel(x_test, x_train, params)
        with report.stage(f"regression, {name}") as row:
            scores = regress(k_train, k_test, targets)
            row["test accuracy"] = f"{accuracy(scores, labels_test):.1%}"
        kernels[name] = k_train

    with report.stage("picture"):
        draw(kernels, labels_train, args.out)

    parameters = sum(p.size for p in untrained.values())
    print(f"{len(x_train)} training images, {len(x_test)} test images, {parameters:,} parameters\n")
    report.print()
    print(f"\nThe kernels by class, and their spectra: {args.out}")


if __name__ == "__main__":
    main()
