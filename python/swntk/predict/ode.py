"""Gradient descent on any loss, integrated over time."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from .. import tree
from .._errors import ArgumentError
from .._transforms import grad, jit
from ._integration import integrate
from ._layout import Layout, check_rate, check_time, real, result_type
from .mse import check_wanted


@dataclasses.dataclass(frozen=True)
class ODEState:
    """What gradient descent in function space has reached.

    Attributes
    ----------
    fx_train, fx_test : numpy.ndarray or None
        Outputs.
    qx_train, qx_test : numpy.ndarray or None
        Their velocities, with momentum.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> swntk.predict.ODEState(np.zeros(1)).fx_test is None
    True
    """

    fx_train: np.ndarray | None = None
    fx_test: np.ndarray | None = None
    qx_train: np.ndarray | None = None
    qx_test: np.ndarray | None = None


tree.register(
    ODEState,
    lambda s: ((s.fx_train, s.fx_test, s.qx_train, s.qx_test), None),
    lambda _, children: ODEState(*children),
)


def gradient_descent(
    loss, k_train_train, y_train, learning_rate=1.0, momentum=None, trace_axes=(-1,)
):
    """Predict outputs while gradient descent minimizes a loss.

    Parameters
    ----------
    loss : callable
        `loss(fx_train, y_train)`, a number; ordinary NumPy.
    k_train_train, y_train, trace_axes
        As in `gradient_descent_mse`.
    learning_rate : float
        The unit of time is one step of this size.
    momentum : float, optional
        Of the heavy ball, not Nesterov's.

    Returns
    -------
    callable
        `predict_fn(t=None, fx_train_or_state_0=0.0, fx_test_0=None, k_test_train=None)`. Arguments
        and results are those of `gradient_descent_mse`; an `ODEState` in place of the outputs
        gives an `ODEState`. `t=None` waits until the outputs come to rest.

    Raises
    ------
    ShapeError
        If kernel and targets do not fit; later, also the outputs.
    ArgumentError
        If an option is wrong, or the kernel not finite; later, if `t` is negative, if there is
        nothing to predict, or if the outputs diverge or do not come to rest.
    TracingError, UnsupportedError
        Later, if `loss` does what cannot be traced.

    Notes
    -----
    As `neural_tangents.predict.gradient_descent`: f' = -Θ ∇L at time ηt; with momentum m
    f' = q, q' = (m - 1) / √η q - Θ ∇L at time √η t. Computed in float64 by Dormand and Prince's
    method, each step to 1e-11 (neural-tangents: to 1.4e-8).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> loss = lambda fx, y: np.sum((fx - y) ** 2) / 2
    >>> predict_fn = swntk.predict.gradient_descent(loss, np.eye(2), np.array([[1.0], [2.0]]))
    >>> print(predict_fn(np.log(2)).round(9).tolist())
    [[0.5], [1.0]]
    """
    k, y = real(k_train_train, "k_train_train"), real(y_train, "y_train")
    layout = Layout(y, trace_axes)
    matrix = layout.square(k, "k_train_train")
    rate = check_rate(learning_rate)
    if momentum is not None:
        momentum = float(real(momentum, "momentum"))
    targets = y.astype(np.float64)
    gradient = jit(grad(lambda fx: loss(fx, targets)))

    def force(f):
        outputs = layout.outputs(f, layout.sizes)
        return layout.columns(gradient(np.ascontiguousarray(outputs)), layout.sizes, "the gradient")

    def predict_fn(t=None, fx_train_or_state_0=0.0, fx_test_0=None, k_test_train=None):
        t = check_time(t)
        given = isinstance(fx_train_or_state_0, ODEState)
        start = fx_train_or_state_0
        if not given:
            start = ODEState(start, fx_test_0)
        elif fx_test_0 is not None:
            raise ArgumentError("fx_test_0 is given beside an ODEState, which holds its own")
        check_wanted(start.fx_train, start.fx_test, k_test_train)
        system = _System(layout, matrix, force, momentum, rate, start, k_test_train)
        times = np.full((), math.inf) if t is None else t
        states = system.states(times)
        dtype = result_type(k, y, *system.arrays)
        found = system.result(states, times.shape, dtype)
        if given:
            return found
        outputs = [x for x in (found.fx_train, found.fx_test) if x is not None]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    return predict_fn


class _System:
    """Outputs and velocities as one vector: training samples first, then test samples."""

    def __init__(self, layout, matrix, force, momentum, rate, start, k_test_train):
        self._layout = layout
        self._force = force
        self._momentum = momentum
        names = ("fx_train", "fx_test", "qx_train", "qx_test")
        f, test, q, q_test = self.arrays = [
            None if x is None else real(x, name)
            for name, x in zip(names, (getattr(start, name) for name in names))
        ]
        if momentum is None and (q is not None or q_test is not None):
            raise ArgumentError("the ODEState has velocities, but momentum is None")
        self._wanted = f is not None, test is not None
        self._sizes = [layout.sizes]
        outputs = [layout.columns(f, layout.sizes, "fx_train")]
        velocities = [layout.columns(q, layout.sizes, "qx_train")]
        kernels = [matrix]
        if test is not None:
            kernel, sizes = layout.cross(real(k_test_train, "k_test_train"), "k_test_train")
            kernels.append(kernel)
            self._sizes.append(sizes)
            outputs.append(layout.columns(test, sizes, "fx_test"))
            velocities.append(layout.columns(q_test, sizes, "qx_test"))
        self._kernel = np.concatenate(kernels)
        self._rows, self._width = len(matrix), outputs[0].shape[1]
        parts = outputs if momentum is None else outputs + velocities
        start = np.concatenate(parts)
        self._height, self._start = len(start), start.ravel()
        self._unit = rate if momentum is None else math.sqrt(rate)

    def states(self, times) -> list:
        """The states at each time, in the order of the times."""
        moments, places = np.unique(times.ravel(), return_inverse=True)
        found = integrate(self._slope, self._start, (moments * self._unit).tolist())
        return [found[i] for i in places.ravel()]

    def _slope(self, vector):
        state = vector.reshape(self._height, self._width)
        pull = self._kernel @ self._force(state[: self._rows])
        if self._momentum is None:
            return -pull.ravel()
        q = state[len(pull) :]
        return np.concatenate([q, (self._momentum - 1) / self._unit * q - pull]).ravel()

    def result(self, states, shape, dtype) -> ODEState:
        count = len(self._kernel)
        stacked = np.empty((len(states), self._start.size))
        for row, state in zip(stacked, states):
            row[:] = state
        stacked = stacked.reshape(*shape, self._height, self._width)
        parts = []
        for first in (0, count):
            ends = (first, first + self._rows), (first + self._rows, first + count)
            for wanted, (start, end), sizes in zip(
                self._wanted, ends, [*self._sizes, self._sizes[-1]]
            ):
                if not wanted or (first and self._momentum is None):
                    parts.append(None)
                    continue
                part = self._layout.outputs(stacked[..., start:end, :], sizes)
                parts.append(part.astype(dtype))
        return ODEState(*parts)
