"""Integration of an ordinary differential equation."""

from __future__ import annotations

import math

import numpy as np

from .._errors import ArgumentError

RELATIVE, ABSOLUTE = 1e-11, 1e-13
MOST_STEPS = 200_000
# In first steps: what still moves then, as log t does, moves for ever.
LONGEST = 1e40

# Dormand and Prince, A family of embedded Runge-Kutta formulae, 1980: the pair of orders 5 and 4.
# The last row of A is also the result of order 5, so that its slope serves the next step.
_A = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
_ERROR = (71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)


def integrate(slope, state, times) -> list:
    """Follow `state' = slope(state)` from time 0.

    Parameters
    ----------
    slope : callable
        Of a float64 vector; returns the like.
    state : numpy.ndarray
    times : sequence of float
        Ascending, from 0 on; the last may be infinity: then until the state comes to rest.

    Returns
    -------
    list of numpy.ndarray
        The state at each time; each step's error is below 1e-11 of its elements, or 1e-13.

    Raises
    ------
    ArgumentError
        If the slope is not finite, or it would take more than `MOST_STEPS` or `LONGEST`.
    """
    now, results = 0.0, []
    rate = slope(state)
    if not np.isfinite(rate).all():
        raise ArgumentError("the gradient of the loss holds NaN or an infinity at time 0")
    first = step = _first_step(slope, state, rate)
    steps = 0
    for end in times:
        while now < end:
            if math.isinf(end) and _rests(now, state, rate):
                break
            steps += 1
            if steps > MOST_STEPS or (math.isinf(end) and now > LONGEST * first):
                raise ArgumentError(
                    f"training did not come to t = {end:g} in {steps - 1} steps, but only to "
                    f"{now:g} of the solver's time: "
                    + ("it does not converge" if math.isinf(end) else "the kernel is too stiff")
                )
            taken = min(step, end - now)
            following, last, error = _step(slope, state, rate, taken)
            if error <= 1:
                now = end if taken == end - now else now + taken
                state, rate = following, last
            step = taken * min(5.0, max(0.2, 0.9 * error**-0.2 if error > 0 else 5.0))
            if step <= now * 1e-16:
                raise ArgumentError(f"the outputs leave all bounds at {now:g} of the solver's time")
        results.append(state)
    return results


def _step(slope, state, rate, size) -> tuple:
    """Return the next state, the slope there, and the error in units of what is allowed."""
    slopes = [rate]
    with np.errstate(over="ignore", invalid="ignore"):
        for row in _A[1:]:
            point = state + size * sum(a * k for a, k in zip(row, slopes) if a)
            slopes.append(slope(point))
        error = size * sum(e * k for e, k in zip(_ERROR, slopes) if e)
        allowed = ABSOLUTE + RELATIVE * np.maximum(np.abs(state), np.abs(point))
        norm = math.sqrt(np.mean((error / allowed) ** 2)) if error.size else 0.0
    return point, slopes[-1], norm if math.isfinite(norm) else math.inf


def _first_step(slope, state, rate) -> float:
    """Hairer, Nørsett and Wanner, Solving ordinary differential equations I, II.4."""
    allowed = ABSOLUTE + RELATIVE * np.abs(state)
    size, speed = _norm(state / allowed), _norm(rate / allowed)
    trial = 1e-6 if min(size, speed) < 1e-5 else 0.01 * size / speed
    bend = _norm((slope(state + trial * rate) - rate) / allowed) / trial
    if not math.isfinite(bend):
        return trial
    most = max(speed, bend)
    return min(100 * trial, max(1e-6, trial * 1e-3) if most <= 1e-15 else (0.01 / most) ** 0.2)


def _rests(now, state, rate) -> bool:
    """Whether as much time again would move nothing."""
    return _norm(rate) * now <= 1e-10 * _norm(state) and (now > 0 or not rate.any())


def _norm(x) -> float:
    return math.sqrt(np.mean(x * x)) if x.size else 0.0
