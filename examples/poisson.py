"""Train a network to solve a differential equation, by natural gradient.

The equation is Poisson's on a line,

    -u''(x) = g(x) for 0 < x < 1,    u(0) = u(1) = 0,

with a g whose solution is known. The network u is trained so that the residual r = u'' + g
vanishes at n points and u at the two ends: a physics-informed network (Raissi et al., 2019).
Gradient descent crawls here, because the tangent kernel of r is badly conditioned: the picture
shows its spectrum. The natural gradient (Mueller and Zeinhofer, 2023) divides by that kernel, in
the form that inverts a matrix of the residuals and not of the parameters (minSR; Chen and Heyl,
2024):

    step = J^T (J J^T + damping I)^-1 r,    J = d residuals / d params.

All of a step stands in one function, which `swntk.jit` traces once: `swntk.vjp` gives r and J^T v,
`swntk.empirical_ntk_fn` J J^T without J, `np.linalg.solve` the damped solve, and `swntk.jvp` how
the step changes the residuals if they are linear, J (J^T v): the damping follows from how far that
holds. In the end `TangentKernel @ v`, which is J (J^T v) too, checks `swntk.linalg.solve`.
Run it by `make demo`, or after `make build` by

    PYTHONPATH=python python examples/poisson.py --help
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


def solution(x):
    """The exact solution at points [n]."""
    return np.sin(2 * np.pi * x) + 0.2 * np.sin(6 * np.pi * x)


def source(x):
    """Its negative second derivative."""
    return (2 * np.pi) ** 2 * np.sin(2 * np.pi * x) + 0.2 * (6 * np.pi) ** 2 * np.sin(6 * np.pi * x)


def init_params(width, rng):
    """Return two hidden layers."""
    return {
        "w1": 5 * rng.standard_normal((1, width)),
        "b1": rng.uniform(-5, 5, width),
        "w2": rng.standard_normal((width, width)) / np.sqrt(width),
        "b2": np.zeros(width),
        "w3": rng.standard_normal(width) / np.sqrt(width),
    }


def network(params, x):
    """Map points [n] to values [n]."""
    h = np.tanh(x[:, None] @ params["w1"] + params["b1"])
    return np.tanh(h @ params["w2"] + params["b2"]) @ params["w3"]


def curvature(params, x):
    """Return the second derivative of the network at points [n], forwards over forwards."""
    def u(x):
        return network(params, x)

    def slope(x):
        return swntk.jvp(u, (x,), (np.ones_like(x),))[1]

    return swntk.jvp(slope, (x,), (np.ones_like(x),))[1]


def residuals(params, points):
    """Return what is to vanish, [n + 2], scaled so that half its square is the loss."""
    inside, ends = points
    equation = (curvature(params, inside) + source(inside)) / np.sqrt(len(inside))
    # The ends count more: there are two of them, and second derivatives are large.
    return np.concatenate([equation, 20 * network(params, ends)])


class NaturalGradient:
    """Steps J^T (J J^T + damping I)^-1 r.

    The damping is Levenberg's and Marquardt's: less after a step that lowered the loss as it would
    if the residuals were linear, more after one that did not.
    """

    def __init__(self, points, damping=1e-3):
        self.points = points
        self.damping = damping
        self.ntk_fn = swntk.empirical_ntk_fn(residuals, trace_axes=())
        self.attempt = swntk.jit(self._attempt)

    def _attempt(self, params, damping):
        """Return new parameters; the residuals before, after if they were linear, and after."""
        def r(params):
            return residuals(params, self.points)

        before, pullback = swntk.vjp(r, params)
        kernel = self.ntk_fn(self.points, None, params)
        jitter = damping * np.trace(kernel) / len(kernel)
        direction = pullback(np.linalg.solve(kernel + jitter * np.eye(len(kernel)), before))[0]
        change = swntk.jvp(r, (params,), (direction,))[1]
        moved = {name: p - direction[name] for name, p in params.items()}
        return moved, before, before - change, r(moved)

    def step(self, params):
        """Return new parameters, and their loss."""
        for _ in range(10):
            moved, *vectors = self.attempt(params, self.damping)
            before, linear, after = [float(np.sum(r**2) / 2) for r in vectors]
            gain = (before - after) / (before - linear)
            if gain > 0.75:
                self.damping = max(self.damping / 3, 1e-12)
            elif gain < 0.25:
                self.damping *= 3
            if after < before:
                return moved, after
        return params, before


def relative_error(params, grid):
    exact = solution(grid)
    return np.linalg.norm(network(params, grid) - exact) / np.linalg.norm(exact)


def check_solve(trainer, params):
    """Return by how much (J J^T + damping I) v misses r, by products without the kernel."""
    plan = trainer.ntk_fn.plan(trainer.points, None, params)
    r = residuals(params, trainer.points)
    theta = plan.compute()
    v = swntk.linalg.solve(theta, r, jitter=trainer.damping)
    damped = plan @ v + trainer.damping * plan.trace() / len(r) * v
    return np.linalg.norm(damped - r) / np.linalg.norm(r)


def draw(grid, untrained, trained, losses, errors, trainer, path):
    """Draw the solution, the training and the residuals' kernel."""
    figure, axes = plt.subplots(2, 2, figsize=(12, 9), layout="constrained")
    axes[0, 0].plot(grid, solution(grid), "k:", label="exact")
    axes[0, 0].plot(grid, network(trained, grid), label="trained")
    axes[0, 0].plot(grid, network(untrained, grid), label="untrained", linewidth=0.8)
    axes[0, 0].set(title="The solution", xlabel="x")
    axes[0, 0].legend()
    axes[0, 1].semilogy(losses, label="loss")
    axes[0, 1].semilogy(errors, label="relative error of u")
    axes[0, 1].set(title="Training by natural gradient", xlabel="step")
    axes[0, 1].legend()
    kernels = {
        "untrained": trainer.ntk_fn(trainer.points, None, untrained),
        "trained": trainer.ntk_fn(trainer.points, None, trained),
    }
    swntk.plot.kernel(kernels["trained"], ax=axes[1, 0], title="Kernel of the residuals, trained")
    swntk.plot.spectrum(kernels, ax=axes[1, 1])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description="Solve Poisson's equation on a line by a network and natural gradient."
    )
    parser.add_argument("--points", type=int, default=100, help="points inside the interval")
    parser.add_argument("--width", type=int, default=32, help="units of each hidden layer")
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument(
        "--bound", type=float, default=1e-3, help="largest relative error of u that passes"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out/poisson.png"), help="the picture")
    return parser.parse_args()


def main():
    args = parse_arguments()
    inside = (np.arange(args.points) + 0.5) / args.points
    points = (inside, np.array([0.0, 1.0]))
    grid = np.linspace(0, 1, 501)
    untrained = params = init_params(args.width, np.random.default_rng(args.seed))
    trainer = NaturalGradient(points)
    losses = [float(np.sum(residuals(params, points) ** 2) / 2)]
    errors = [relative_error(params, grid)]

    print("    step        loss   relative error of u")
    start = time.perf_counter()
    for step in range(args.steps + 1):
        if step:
            params, loss = trainer.step(params)
            losses.append(loss)
            errors.append(relative_error(params, grid))
        if step % max(args.steps // 10, 1) == 0:
            print(f"{step:8,} {losses[-1]:11.2e} {errors[-1]:21.2e}")
    seconds = time.perf_counter() - start

    count = sum(p.size for p in params.values())
    sizes = f"{len(inside) + 2} residuals, {count:,} parameters"
    print(f"\n{args.steps} steps, {sizes}: {seconds:.1f} s")
    print(f"The damped solve, checked by J (J^T v): off by {check_solve(trainer, params):.1e}")
    draw(grid, untrained, params, losses, errors, trainer, args.out)
    print(f"The solution and the kernels: {args.out}")
    print(f"Relative error against the exact solution: {errors[-1]:.2e}; bound {args.bound:.0e}")
    return int(not errors[-1] <= args.bound)


if __name__ == "__main__":
    sys.exit(main())
