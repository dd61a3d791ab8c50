"""neural_tangents.predict: closed forms, integrated losses, ensembles, inference."""

import collections
import itertools

import numpy as np
from both import OURS, case

Kernels = collections.namedtuple("Kernels", "nngp ntk")
TIMES = [None, 0.0, 1.5, 400, np.inf, [0.5, 2.0], np.array([[0.0, 1.0], [3.0, 30.0]])]


class Problem:
    """Kernels, targets and outputs at time 0. `copies`: axes of the targets that kernels lack."""

    def __init__(self, data, sizes=(), copies=(2,), train=4, test=3):
        self.y, self.f0 = (data(train, *sizes, *copies) for _ in range(2))
        self.g0 = data(test, *sizes, *copies)
        count = int(np.prod(sizes, dtype=int))

        def draw():
            a, b = (data(n * count, 3 * train * count) for n in (train, test))

            def pairs(k, n, m):
                k = k.reshape(n, *sizes, m, *sizes)
                half = 1 + len(sizes)
                return k.transpose([i + j for i in range(half) for j in (0, half)])

            return pairs(a @ a.T, train, train), pairs(b @ a.T, test, train), pairs(
                b @ b.T, test, test
            )

        self.train, self.cross, self.test = (Kernels(*pair) for pair in zip(draw(), draw()))


SHAPES = [
    ((), (2,), (-1,)),
    ((2,), (), ()),
    ((), (), ()),
    ((2,), (3,), 2),
    ((), (2, 3), (1, -1)),
]
REGULARIZED = [(0.0, False), (0.3, False), (0.3, True)]


@case(*itertools.product(SHAPES, REGULARIZED))
def mse(library, data, shape, reg):
    *sizes, trace_axes = shape
    p = Problem(data, *sizes)
    predict_fn = library.predict.gradient_descent_mse(
        p.train.ntk, p.y, 0.7, *reg, trace_axes=trace_axes
    )
    return [
        [
            predict_fn(t),
            predict_fn(t, p.f0),
            predict_fn(t, p.f0, p.g0, p.cross.ntk),
            predict_fn(t, None, p.g0, p.cross.ntk),
            predict_fn(t, 0.5, 0.25, p.cross.ntk),
            predict_fn(t, p.f0, p.f0, p.train.ntk),
        ]
        for t in map(np.asarray if library is OURS else lambda t: t, TIMES[1:])
    ] + [predict_fn(None, p.f0, p.g0, p.cross.ntk), predict_fn(fx_train_0=p.f0)]


@case(*itertools.product(SHAPES[:3], REGULARIZED))
def inference(library, data, shape, reg):
    *sizes, trace_axes = shape
    p = Problem(data, *sizes)
    predict_fn = library.predict.gp_inference(p.train, p.y, *reg, trace_axes=trace_axes)
    every = ("nngp", "ntk", "ntkgp")
    return [
        predict_fn(every, p.cross),
        predict_fn(every, p.cross, p.test),
        predict_fn(None, p.cross, p.test),
        predict_fn("ntk", p.cross, p.test.nngp),
        predict_fn("nngp"),
        predict_fn(("ntk",), None, True),
    ]


@case(*REGULARIZED)
def inference_with_one_kernel(library, data, *reg):
    p = Problem(data)
    predict_fn = library.predict.gp_inference(p.train.ntk, p.y, *reg)
    return [
        predict_fn(("nngp", "ntkgp"), p.cross.ntk, p.test.ntk),
        predict_fn("ntk", p.cross.ntk),
        predict_fn(None, None, True),
    ]


@case(*itertools.product(SHAPES[:3], REGULARIZED[:2]))
def ensemble(library, data, shape, reg):
    *sizes, trace_axes = shape
    p = Problem(data, *sizes)
    x_train, x_test = np.zeros((4, 1), data.dtype), np.ones((3, 1), data.dtype)

    def kernel_fn(x1, x2, get):
        kernels = (p.test if x1 is x_test else p.train) if x2 is None else p.cross
        if isinstance(get, str):
            return getattr(kernels, get)
        return kernels

    predict_fn = library.predict.gradient_descent_mse_ensemble(
        kernel_fn, x_train, p.y, 0.7, *reg, trace_axes=trace_axes
    )
    return [
        predict_fn(t, x, get, cov)
        for t in (None, 0.0, 1.5, [0.5, 2.0])
        for x in (None, x_test)
        for get, cov in ((None, True), ("ntk", False), ("nngp", True), (("ntk",), True))
    ]


@case((), dtypes=(np.float64,))
def ensemble_of_networks(library, data):
    """The kernels of a network as kernel_fn; keyword arguments in pairs."""
    xp = library.np
    params, y = (data(3, 40), data(40, 2)), data(4, 2)
    f = lambda p, x, gain: xp.tanh(x @ p[0] * gain) @ p[1]  # noqa: E731
    kernel_fn = library.kernels.empirical_kernel_fn(f)
    gains = [xp.asarray(data(n, 1)) for n in (4, 3)]
    predict_fn = library.predict.gradient_descent_mse_ensemble(
        lambda x1, x2, get, **kw: kernel_fn(x1, x2, get, params, **kw),
        data(4, 3),
        y,
        diag_reg=0.1,
        gain=(gains[0], gains[0]),
    )
    return predict_fn(2.0, data(3, 3), None, True, gain=(gains[1], gains[1]))


# Theirs is integrated to a relative 1.4e-8 a step, and absolutely: no solver can be nearer to it.
ODE = 2e-6


def losses(library):
    xp = library.np
    return {
        "mse": lambda fx, y: xp.mean((fx - y) ** 2) / 2,
        "logistic": lambda fx, y: xp.mean(xp.log1p(xp.exp(-fx * xp.sign(y)))),
        "quartic": lambda fx, y: xp.sum((fx - y) ** 4) / 40,
    }


LOSSES = ("mse", "logistic", "quartic")


# With momentum theirs does not take float32 arrays while JAX has float64.
@case(*itertools.product(LOSSES, (None,), SHAPES[:2]), dtypes=(np.float32,), tolerance=1e-5)
@case(*itertools.product(LOSSES, (None, 0.9), SHAPES[:2]), dtypes=(np.float64,), tolerance=ODE)
def any_loss(library, data, loss, momentum, shape):
    *sizes, trace_axes = shape
    p = Problem(data, *sizes)
    predict_fn = library.predict.gradient_descent(
        losses(library)[loss], p.train.ntk, p.y, 0.5, momentum, trace_axes
    )
    state = library.predict.ODEState(p.f0, p.g0)
    times = np.array([0.5, 2.0])
    found = predict_fn(times, state, None, p.cross.ntk)
    last = library.predict.ODEState(
        *(
            None if part is None else part[-1]
            for part in (found.fx_train, found.fx_test, found.qx_train, found.qx_test)
        )
    )
    return [found, predict_fn(1.0, last, None, p.cross.ntk), predict_fn(1.5, 0.0)]


@case((None,), (6,))
def learning_rate(library, data, size):
    p = Problem(data)
    fn = library.predict.max_learning_rate
    return [fn(p.train.ntk, size), fn(p.train.ntk, size, 0.9), fn(p.train.ntk, size, 0.5, 1e-3)]
