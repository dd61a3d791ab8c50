"""Right-hand sides, integrators, energies, finite differences."""

import numpy as np

from . import Entry

rng = np.random.default_rng(2)


def lorenz(state, sigma=10.0, rho=28.0, beta=8 / 3):
    x, y, z = state
    return np.stack([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def runge_kutta(state, dt):
    for _ in range(6):
        k1 = lorenz(state)
        k2 = lorenz(state + dt / 2 * k1)
        k3 = lorenz(state + dt / 2 * k2)
        k4 = lorenz(state + dt * k3)
        state = state + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


def lotka_volterra(y, p):
    dydt = np.empty_like(y)
    dydt[0] = p[0] * y[0] - p[1] * y[0] * y[1]
    dydt[1] = p[2] * y[0] * y[1] - p[3] * y[1]
    return dydt


def pendulum_energy(q, p, m=1.3, g=9.81):
    kinetic = 0.5 * (p**2).sum() / m
    potential = m * g * np.sum(1 - np.cos(q))
    return kinetic + potential


def leapfrog(q, p, steps=5, dt=0.03):
    trajectory = []
    p = p - 0.5 * dt * np.sin(q)
    for i in range(steps):
        q = q + dt * p
        if i != steps - 1:
            p = p - dt * np.sin(q)
        trajectory.append(q)
    return np.stack(trajectory), p


def gravity(positions, masses, softening=0.1):
    difference = positions[np.newaxis, :, :] - positions[:, np.newaxis, :]
    distance = np.sqrt((difference**2).sum(axis=-1) + softening**2)
    force = masses[None, :, None] * difference / distance[..., None] ** 3
    return force.sum(axis=1)


def lennard_jones(positions, epsilon, sigma):
    n = positions.shape[0]
    i, j = np.triu_indices(n, k=1)
    r = np.linalg.norm(positions[i] - positions[j], axis=1)
    s6 = (sigma / r) ** 6
    return np.sum(4 * epsilon * (s6**2 - s6))


def ising_energy(spins, coupling, field):
    neighbours = np.roll(spins, 1, axis=0) + np.roll(spins, 1, axis=1)
    return -coupling * np.sum(spins * neighbours) - field * spins.sum()


def heat_equation(u, alpha):
    u = u.copy()
    for _ in range(4):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[1]
        u[-1] = 0.0
    return u


def burgers(u, nu, dx=0.2, dt=0.01):
    for _ in range(3):
        ux = np.gradient(u, dx)
        uxx = (np.roll(u, -1) - 2 * u + np.roll(u, 1)) / dx**2
        u = u + dt * (-u * ux + nu * uxx)
    return u


def laplacian_2d(u):
    padded = np.pad(u, 1, mode="edge")
    return (
        padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4 * u
    )


def gray_scott(u, v, f=0.04, k=0.06):
    def lap(a):
        out = -4 * a
        for axis in (0, 1):
            out += np.roll(a, 1, axis) + np.roll(a, -1, axis)
        return out

    reaction = u * v * v
    u = u + 0.1 * lap(u) - reaction + f * (1 - u)
    v = v + 0.05 * lap(v) + reaction - (f + k) * v
    return u, v


def wave_energy(u, velocity, dx=0.1):
    return np.trapezoid(0.5 * velocity**2 + 0.5 * np.gradient(u, dx, edge_order=2) ** 2, dx=dx)


def rotate(points, angles):
    c, s = np.cos(angles), np.sin(angles)
    zero, one = np.zeros_like(c[0]), np.ones_like(c[0])
    rx = np.block([[np.stack([one, zero, zero])], [np.stack([zero, c[0], -s[0]])],
                   [np.stack([zero, s[0], c[0]])]])  # fmt: skip
    rz = np.stack([np.stack([c[1], -s[1], zero]), np.stack([s[1], c[1], zero]),
                   np.stack([zero, zero, one])])  # fmt: skip
    return points @ (rz @ rx).T


def angular_momentum(positions, velocities, masses):
    return (masses[:, None] * np.cross(positions, velocities)).sum(0)


def transfer_matrix(beta):
    spins = np.array([-1.0, 1.0])
    t = np.exp(beta * np.outer(spins, spins))
    return np.trace(np.linalg.matrix_power(t, 6))


def tabulated(x, table):
    grid = np.linspace(-2, 2, len(table))
    return np.interp(x, grid, table).sum()


def thomas(d, e, b):
    """A tridiagonal system, in place, as in the textbooks."""
    n = len(b)
    d, b = d.copy(), b.copy()
    for i in range(1, n):
        w = e[i - 1] / d[i - 1]
        d[i] -= w * e[i - 1]
        b[i] -= w * b[i - 1]
    x = np.zeros_like(b)
    x[-1] = b[-1] / d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = (b[i] - e[i] * x[i + 1]) / d[i]
    return x


POINTS = rng.normal(size=(5, 3))
LINE = rng.normal(size=8)
ENTRIES = [
    Entry(lorenz, (POINTS[0],)),
    Entry(runge_kutta, (POINTS[0], 0.01)),
    Entry(lotka_volterra, (np.array([1.2, 0.7]), np.array([1.1, 0.4, 0.3, 0.6]))),
    Entry(pendulum_energy, (LINE, LINE[::-1].copy())),
    Entry(leapfrog, (LINE, LINE[::-1].copy())),
    Entry(gravity, (POINTS, np.abs(LINE[:5]) + 0.1)),
    Entry(lennard_jones, (POINTS * 2, 0.7, 1.1)),
    Entry(ising_energy, (np.sign(rng.normal(size=(4, 4))), 0.8, 0.1)),
    Entry(heat_equation, (LINE, 0.2)),
    Entry(burgers, (LINE, 0.05)),
    Entry(laplacian_2d, (rng.normal(size=(4, 5)),)),
    Entry(gray_scott, (rng.random((4, 4)), rng.random((4, 4)))),
    Entry(wave_energy, (LINE, LINE[::-1].copy())),
    Entry(rotate, (POINTS, np.array([0.3, -0.8]))),
    Entry(angular_momentum, (POINTS, POINTS[::-1].copy(), np.abs(LINE[:5]))),
    Entry(transfer_matrix, (0.4,)),
    Entry(tabulated, (LINE * 0.9, rng.normal(size=9))),
    Entry(thomas, (np.abs(LINE) + 3, LINE[:7], LINE[::-1].copy())),
]
