"""Follow a network's training by its tangent kernel: a sine from a few points.

A wide network hardly leaves its linearisation at the initial parameters while it trains (Jacot et
al., 2018; Lee et al., 2019). Under gradient descent of rate eta on half the mean square error, the
linearised network's outputs are known at any step t without a step being taken:

    f_t(x) = f_0(x) + theta(x, X) theta(X, X)^-1 (I - exp(-eta t theta(X, X) / n)) (y - f_0(X)),

theta the tangent kernel at the initial parameters, X the n training points. The script trains the
network in earnest, draws both, and fails if at any of the steps drawn they are further apart than
--bound: the gap falls as the width's square root grows.
Run it by `make demo`, or after `make build` by

    PYTHONPATH=python python examples/sine.py --help
"""

import argparse
import sys
import time
from pathlib import Path

import matplotlib
import numpy as np
import swntk

matplotlib.use("Agg")  # draw to a file; needs no screen
import matplotlib.pyplot as plt  # noqa: E402


def init_params(width, rng):
    """Return weights of variance 1; in the NTK parametrisation `network` scales them."""
    shapes = {"w1": (1, width), "b1": (width,), "w2": (width,)}
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


def network(params, x):
    """Map points [n] to values [n]."""
    h = np.tanh(x[:, None] @ params["w1"] + params["b1"])
    return h @ params["w2"] / np.sqrt(len(params["w2"]))


def loss(params, x, y):
    """Return half the mean square error."""
    return np.mean((network(params, x) - y) ** 2) / 2


def train(params, x, y, rate, times, grid):
    """Descend the gradient; return the loss at every step, and the outputs on `grid` at `times`."""
    loss_and_grads = swntk.jit(swntk.value_and_grad(loss))
    losses, outputs = [], {}
    for step in range(times[-1] + 1):
        if step in times:
            outputs[step] = network(params, grid)
        value, grads = loss_and_grads(params, x, y)
        losses.append(float(value))
        params = {name: p - rate * grads[name] for name, p in params.items()}
    return np.array(losses), [outputs[t] for t in times]


class Linearised:
    """The linearised network's training, in the eigenvectors of the kernel [n, n]."""

    def __init__(self, kernel, residual, rate):
        self.eigenvalues, self.vectors = np.linalg.eigh(kernel)
        self.eigenvalues = np.maximum(self.eigenvalues, np.finfo(float).eps * self.eigenvalues[-1])
        self.modes = self.vectors.T @ residual
        self.speeds = rate * self.eigenvalues / len(residual)

    def change(self, t, k_grid):
        """Return f_t - f_0 where the kernel with the training points is `k_grid` [m, n]."""
        learned = -np.expm1(-t * self.speeds) * self.modes
        return k_grid @ (self.vectors @ (learned / self.eigenvalues))

    def loss(self, t):
        """Return half the mean square error on the training points at each time of `t` [k]."""
        return np.mean((np.exp(-np.outer(t, self.speeds)) * self.modes) ** 2, axis=1) / 2


def draw(grid, x, y, times, trained, predicted, losses, predicted_losses, k_train, path):
    """Draw the outputs at the times, trained and predicted, the losses, what is learned first."""
    figure, axes = plt.subplots(1, 3, figsize=(18, 4.8), layout="constrained")
    colours = plt.get_cmap("viridis")(np.linspace(0, 0.9, len(times)))
    for t, colour, f, g in zip(times, colours, trained, predicted):
        axes[0].plot(grid, f, color=colour, label=f"step {t:,}")
        axes[0].plot(grid, g, color="black", linestyle=":")
    axes[0].plot([], [], color="black", linestyle=":", label="predicted by the kernel")
    axes[0].plot(x, y, "o", color="tab:red", label="training points")
    axes[0].set(title="The network's output", xlabel="x")
    axes[0].legend(fontsize="small")
    axes[1].loglog(1 + np.arange(len(losses)), losses, label="trained")
    axes[1].loglog(1 + np.arange(len(losses)), predicted_losses, "k:", label="predicted")
    axes[1].set(title="Half the mean square error", xlabel="1 + step")
    axes[1].legend()
    swntk.plot.alignment({"at the start": k_train}, y, ax=axes[2])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Train a network on a sine; compare with what its tangent kernel predicts."
    )
    parser.add_argument("--points", type=int, default=16, help="training points")
    parser.add_argument("--width", type=int, default=1024, help="units of the hidden layer")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument(
        "--rate",
        type=float,
        default=0.02,
        help="of the largest at which gradient descent is stable",
    )
    parser.add_argument(
        "--bound", type=float, help="largest gap that passes; default 1/sqrt(width)"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/sine.png"), help="the picture")
    return parser.parse_args()


def main():
    args = parse_arguments()
    bound = 1 / np.sqrt(args.width) if args.bound is None else args.bound
    params = init_params(args.width, np.random.default_rng(args.seed))
    x = np.linspace(-np.pi, np.pi, args.points)
    y = np.sin(x)
    grid = np.linspace(-np.pi, np.pi, 201)
    times = sorted({0, *(round(args.steps / 5**k) for k in range(5))})

    start = time.perf_counter()
    ntk_fn = swntk.empirical_ntk_fn(network, trace_axes=())  # the one output axis is the samples'
    k_train, k_grid = ntk_fn(x, None, params), ntk_fn(grid, x, params)
    rate = args.rate * 2 * len(x) / np.linalg.eigvalsh(k_train)[-1]
    linearised = Linearised(k_train, y - network(params, x), rate)
    predicted = [network(params, grid) + linearised.change(t, k_grid) for t in times]
    predicted_losses = linearised.loss(np.arange(args.steps + 1))
    seconds_predicted = time.perf_counter() - start

    start = time.perf_counter()
    losses, trained = train(params, x, y, rate, times, grid)
    seconds_trained = time.perf_counter() - start

    print(f"width {args.width:,}, {len(x)} points, {args.steps:,} steps of rate {rate:.3g}")
    print(f"kernel and prediction {seconds_predicted:.2f} s, training {seconds_trained:.2f} s\n")
    print("    step   loss, trained   predicted   largest gap")
    scale = max(np.abs(f).max() for f in trained)
    gaps = [np.abs(f - g).max() / scale for f, g in zip(trained, predicted)]
    for t, gap in zip(times, gaps):
        print(f"{t:8,} {losses[t]:15.2e} {predicted_losses[t]:11.2e} {gap:13.4f}")
    draw(grid, x, y, times, trained, predicted, losses, predicted_losses, k_train, args.out)
    print(f"\nThe curves: {args.out}")
    print(f"Largest gap, relative to the largest output: {max(gaps):.4f}; bound {bound:.4f}")
    return int(not max(gaps) <= bound)


if __name__ == "__main__":
    sys.exit(main())
