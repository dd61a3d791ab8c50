"""Measure functions against mpmath and write docs/accuracy.md.

    PYTHONPATH=python python docs/accuracy.py

An error is in units in the last place of the exact result, at random points over each function's
whole range and at hard ones: zeros of the function, poles, ends of its domain, where it overflows
or its result is subnormal, and the neighbours of each.
"""

import math
import pathlib

import mpmath
import numpy as np
import swntk
from mpmath import mp

LIMIT = 4.0
mp.prec = 180


def log_gamma(x):
    """log |Γ(x)|, also where Γ itself is too large."""
    if x > 1e5:
        return mpmath.loggamma(x)
    if x < 0:
        return mpmath.log(abs(mp.pi / (x * mpmath.sinpi(x)))) - mpmath.loggamma(-x)
    return mpmath.log(mpmath.gamma(x))


def scaled_bessel(order):
    """exp(-|x|) I(x); beyond 10⁶ its asymptotic series."""

    def function(x):
        size = abs(x)
        if size > 1e6:
            value = (1 - (4 * order * order - 1) / (8 * size)) / mpmath.sqrt(2 * mp.pi * size)
            square = (4 * order * order - 1) * (4 * order * order - 9) / (128 * size * size)
            value += square / mpmath.sqrt(2 * mp.pi * size)
        else:
            value = mpmath.besseli(order, size) * mpmath.exp(-size)
        return -value if order % 2 and x < 0 else value

    return function


def zeros_of(function, brackets):
    found = []
    for low, high in brackets:
        found.append(mpmath.findroot(function, (low, high), solver="anderson", tol=1e-60))
    return [float(x) for x in found]


def gaps(count):
    """Intervals between neighbouring poles left of 0."""
    edge = mpmath.mpf(10) ** -12
    return [(-n - 1 + edge, -n - edge) for n in count]


def digamma_zeros():
    return [
        *zeros_of(mpmath.digamma, [(1, 2)]),
        *zeros_of(mpmath.digamma, gaps([*range(20), 100, 1000, 54321])),
    ]


def log_gamma_zeros():
    found = []
    for low, high in gaps(range(2, 16)):
        middle = mpmath.findroot(mpmath.digamma, (low, high), solver="anderson", tol=1e-30)
        edge = mpmath.mpf(10) ** -25
        low, high = low - mpmath.mpf(10) ** -12 + edge, high + mpmath.mpf(10) ** -12 - edge
        found += zeros_of(log_gamma, [(low, middle), (middle, high)])
    return [1.0, 2.0, *found]


def polygamma_zeros():
    return zeros_of(lambda x: mpmath.polygamma(2, x), gaps(range(6)))


REALS = (-math.inf, math.inf)
# The function, the exact one, its domain, and hard points.
FUNCTIONS = {
    "exp": (mpmath.exp, REALS, [0, -745, 709.78, -708.4, 88.7, -87.3, -103.9]),
    "exp2": (lambda x: mpmath.mpf(2) ** x, REALS, [0, 1024, -1022, -1074, 128, -126, -149]),
    "expm1": (mpmath.expm1, REALS, [0, 709.78, 88.7, -40]),
    "log": (mpmath.log, (0, math.inf), [1]),
    "log1p": (lambda x: mpmath.log1p(x), (-1, math.inf), [0]),
    "sin": (
        mpmath.sin,
        REALS,
        [0, *(k * math.pi for k in range(1, 9)), 6381956970095103 * 2.0**797],
    ),
    "cos": (mpmath.cos, REALS, [0, *((k + 0.5) * math.pi for k in range(9))]),
    "tan": (mpmath.tan, REALS, [0, *(k * math.pi / 2 for k in range(1, 9))]),
    "asin": (mpmath.asin, (-1, 1), [0, 0.5]),
    "acos": (mpmath.acos, (-1, 1), [0, 0.5]),
    "atan": (mpmath.atan, REALS, [0, 1]),
    "sinh": (mpmath.sinh, REALS, [0, 710.4, 89.4]),
    "cosh": (mpmath.cosh, REALS, [0, 710.4, 89.4]),
    "tanh": (mpmath.tanh, REALS, [0, 19, 9]),
    "asinh": (mpmath.asinh, REALS, [0]),
    "acosh": (mpmath.acosh, (1, math.inf), [1, 1 + 2**-30]),
    "atanh": (mpmath.atanh, (-1, 1), [0]),
    "cbrt": (lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), REALS, [0, 1, 8]),
    "logistic": (lambda x: 1 / (1 + mpmath.exp(-x)), REALS, [0, -745, -708, -88]),
    "erf": (mpmath.erf, REALS, [0, 0.84375, 6]),
    "erfc": (
        lambda x: mpmath.erfc(x) if abs(x) < 100 else mpmath.mpf(2 if x < 0 else 0),
        REALS,
        [0, 26.5, 27.2, 9.1, 10.05],
    ),
    "erf_inv": (mpmath.erfinv, (-1, 1), [0, 0.5, 1 - 2**-52]),
    "lgamma": (log_gamma, REALS, [*log_gamma_zeros(), 8, -0.5]),
    "digamma": (mpmath.digamma, REALS, [*digamma_zeros(), 0.5, 1, 2, 4, 8, -0.5]),
    "bessel_i0e": (scaled_bessel(0), REALS, [0, 1, 2, 4, 8]),
    "bessel_i1e": (scaled_bessel(1), REALS, [0, 1, 2, 4, 8]),
    "polygamma 1": (lambda x: mpmath.polygamma(1, x), (-200, 1e6), [1, 11, -0.5]),
    "polygamma 2": (lambda x: mpmath.polygamma(2, x), (-200, 1e6), [*polygamma_zeros(), 1, 12]),
    "polygamma 3": (lambda x: mpmath.polygamma(3, x), (-200, 1e6), [1, 13, -0.5]),
}
# Left of 0 between whole numbers only: what the poles leave of a float's digits.
POLES = {"lgamma", "digamma", "polygamma 1", "polygamma 2", "polygamma 3"}


def points(name, dtype, count, seed=0):
    """Return random and hard points of a function's domain."""
    _, (low, high), _ = FUNCTIONS[name]
    random = np.random.default_rng(seed)
    limits = np.finfo(dtype)
    small, large = math.log10(limits.smallest_subnormal) + 1, math.log10(limits.max)
    magnitudes = 10 ** random.uniform(small, large, count)
    wide = magnitudes * random.choice([-1, 1], count)
    near = random.uniform(max(low, -20), min(high, 20), 2 * count)
    middle = random.uniform(max(low, -750), min(high, 750), count)
    with np.errstate(over="ignore"):
        return _chosen(name, dtype, wide, near, middle)


def _chosen(name, dtype, *random):
    _, (low, high), hard = FUNCTIONS[name]
    x = np.concatenate(random).astype(dtype)
    hard = np.array([*hard, *(v for v in (low, high) if math.isfinite(v))], dtype)
    for _ in range(3):
        hard = np.concatenate(
            [hard, np.nextafter(hard, dtype(-np.inf)), np.nextafter(hard, dtype(np.inf))]
        )
    x = np.unique(np.concatenate([x, hard]))
    x = x[(x >= low) & (x <= high) & np.isfinite(x)]
    if name in POLES:
        x = x[(x > 0) | ((x != np.floor(x)) & (x > -1e12))]
    if name.startswith("polygamma"):
        x = x[np.abs(x) > 1e-6]
    return x


def computed(name, x):
    if name.startswith("polygamma"):
        return swntk.lax.polygamma(np.full_like(x, float(name.split()[1])), x)
    return getattr(swntk.lax, name)(x)


def errors(name, x):
    """Return the error at each point, in units in the last place of the exact result."""
    with np.errstate(over="ignore"):
        return _errors(name, x)


def _errors(name, x):
    function = FUNCTIONS[name][0]
    results = computed(name, x)
    limits = np.finfo(x.dtype)
    found = np.zeros(len(x))
    for i, (point, result) in enumerate(zip(x, results)):
        exact = function(mpmath.mpf(float(point)))
        rounded = x.dtype.type(exact) if x.dtype == np.float64 else np.float32(float(exact))
        if abs(exact) > float(limits.max) or np.isinf(rounded):
            # Past the largest number: infinite, or within the limit of it.
            unit = 2.0 ** (float(math.frexp(float(limits.max))[1]) - limits.nmant - 1)
            over = abs(exact) - float(limits.max)
            found[i] = 0 if np.isinf(result) or over < LIMIT * unit else math.inf
            continue
        unit = max(float(np.spacing(np.abs(rounded))), float(limits.smallest_subnormal))
        if not np.isfinite(result):
            found[i] = math.inf
            continue
        found[i] = float(abs(mpmath.mpf(float(result)) - exact) / unit)
    return found


HEAD = """# Accuracy

The largest errors found by [accuracy.py](accuracy.py), in units in the last place of the exact
result, which mpmath computes with 180 bits. Points are random ones over the whole range, and hard
ones: zeros of the function, poles, ends of the domain, overflow, subnormal results, and the
neighbours of each. "at" is where the largest error was found. A test holds each function to 4 at a
part of the points.

| function | f32 | at | f64 | at |
|---|---|---|---|---|
"""


def main():
    lines = []
    for name in FUNCTIONS:
        row = [f"`{name}`" if " " not in name else "`polygamma` of order " + name.split()[1]]
        for dtype in (np.float32, np.float64):
            x = points(name, dtype, 2000)
            found = errors(name, x)
            worst = int(np.argmax(found))
            row += [f"{found[worst]:.2f}", repr(float(x[worst]))]
            if not found[worst] <= LIMIT:
                print(f"{name} {dtype.__name__}: {found[worst]} at {float(x[worst])!r}")
        lines.append("| " + " | ".join(row) + " |\n")
        print(lines[-1], end="", flush=True)
    path = pathlib.Path(__file__).with_name("accuracy.md")
    path.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
