"""Pictures of kernels, by matplotlib: `pip install 'swntk[plot]'`.

Functions draw into the axes given, or make a figure, and return the axes. They take kernels as
`swntk.linalg` does.
"""

from __future__ import annotations

import numpy as np

from . import linalg
from ._errors import ArgumentError, ShapeError
from .linalg.matrices import KernelMatrix

__all__ = ["alignment", "kernel", "spectrum"]


def kernel(theta, labels=None, *, ax=None, title=None, cmap="viridis"):
    """Draw a kernel as a picture, relative to the mean of its diagonal.

    Parameters
    ----------
    theta : array_like or TangentKernel
        `[n, n]`, or `[n, n, o, o]`, ...: drawn as `[n * o, n * o]`.
    labels : array_like of int or str, optional
        `[n]`, a class for each sample: samples are sorted by class.
    ax : matplotlib.axes.Axes, optional
    title : str, optional
    cmap : str

    Returns
    -------
    matplotlib.axes.Axes
        The picture is `ax.images[-1]`, for a colour bar.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ArgumentError, ShapeError, DTypeError
        If the kernel is not square and symmetric, or there is not a label for each sample.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ax = swntk.plot.kernel(np.eye(4), labels=[0, 1, 0, 1])
    """
    matrix = KernelMatrix(theta, 0, np.float64)
    values = matrix.values
    starts = names = None
    if labels is not None:
        labels = np.asarray(labels)
        if labels.shape != matrix.shape[:1]:
            raise ShapeError(f"labels has shape {labels.shape}, expected {matrix.shape[:1]}")
        each = matrix.size // max(len(labels), 1)
        order = np.argsort(np.repeat(labels, each), kind="stable")
        values = values[np.ix_(order, order)]
        names, counts = np.unique(labels, return_counts=True)
        starts = np.cumsum(counts * each) - counts * each
        middles = starts + counts * each / 2 - 0.5
    ax = _axes(ax)
    scale = np.mean(np.diag(values)) if len(values) else 1.0
    shown = values / scale if scale > 0 else values
    low, high = min(np.min(shown, initial=0.0), 0.0), 1.0
    ax.imshow(shown, vmin=low, vmax=high, cmap=cmap, interpolation="nearest")
    ax.set(title=title or "", xlabel="sample", ylabel="sample")
    if names is not None:
        ax.set_xticks(middles, names)
        ax.set_yticks(middles, names)
        ax.tick_params(length=0)
        ax.set(xlabel="class", ylabel="class")
    return ax


def spectrum(kernels, *, ax=None, title="Spectrum"):
    """Draw eigenvalues by rank, both on logarithmic scales.

    Parameters
    ----------
    kernels : array_like, TangentKernel, or dict of str to those
        By name, for the legend. Eigenvalues that are not positive are left out.
    ax : matplotlib.axes.Axes, optional
    title : str

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ArgumentError, ShapeError, DTypeError
        As `swntk.linalg.eigvalsh`.

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ax = swntk.plot.spectrum({"one": np.eye(4), "two": np.diag([8.0, 4.0, 2.0, 1.0])})
    >>> len(ax.lines)
    2
    """
    rows = [(name, linalg.eigvalsh(theta)[::-1]) for name, theta in _named(kernels)]
    ax = _axes(ax)
    for name, values in rows:
        ranks = 1 + np.arange(len(values))
        ax.loglog(ranks, np.where(values > 0, values, np.nan), marker=".", label=name)
    ax.set(title=title, xlabel="rank", ylabel="eigenvalue")
    _legend(ax)
    return ax


def alignment(kernels, targets, *, ax=None, title="Alignment with the targets"):
    r"""Draw which share of the targets lies in the span of a kernel's leading eigenvectors.

    The sooner a curve rises, the fewer directions of the kernel the targets need, and the sooner
    training learns them. The legend has the alignment of the kernel with the targets,
    :math:`\langle \Theta, y y^T \rangle / (\|\Theta\| \|y y^T\|)`.

    Parameters
    ----------
    kernels : array_like, TangentKernel, or dict of str to those
    targets : array_like
        `[n]` or `[n, k]` for kernels `[n, n]`; `[n, o]` for kernels `[n, n, o, o]`.
    ax : matplotlib.axes.Axes, optional
    title : str

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ArgumentError, ShapeError, DTypeError
        As `swntk.linalg.eigvalsh`; also if the targets do not fit, are zero or not finite.

    Notes
    -----
    The alignment is that of Cristianini et al. (On kernel-target alignment, 2001); the curve is the
    cumulative power of Canatar et al. (Spectral bias and task-model alignment, 2021).

    Examples
    --------
    >>> import numpy as np, swntk
    >>> ax = swntk.plot.alignment(np.diag([2.0, 1.0]), np.array([1.0, 0.0]))
    >>> print(ax.lines[0].get_ydata())
    [1. 1.]
    """
    rows = []
    targets = np.asarray(targets, np.float64)
    for name, theta in _named(kernels):
        matrix = KernelMatrix(theta, 0, np.float64)
        if targets.shape == matrix.shape:
            y = targets.reshape(-1, 1)
        elif targets.ndim == 2 and len(targets) == matrix.size:
            y = targets
        else:
            raise ShapeError(
                f"targets has shape {targets.shape}, expected {matrix.shape} or "
                f"({matrix.size}, k)"
            )
        total = np.sum(y * y)
        if not 0 < total < np.inf:
            raise ArgumentError("targets must be finite, and not all zero")
        values, vectors = np.linalg.eigh(matrix.values)
        power = np.sum((vectors.T @ y) ** 2, axis=1)
        norm = np.sqrt(np.sum(values**2)) * np.linalg.norm(y.T @ y)
        aligned = float(values @ power / norm) if norm > 0 else 0.0
        rows.append((name, aligned, np.cumsum(power[::-1]) / total))
    ax = _axes(ax)
    for name, aligned, share in rows:
        label = f"{name}: alignment {aligned:.3f}" if name else f"alignment {aligned:.3f}"
        ax.semilogx(1 + np.arange(len(share)), share, label=label)
    ax.set(title=title, xlabel="leading eigenvectors", ylabel="share of the targets")
    ax.set_ylim(0, 1.05)
    _legend(ax)
    return ax


def _named(kernels):
    return list(kernels.items()) if isinstance(kernels, dict) else [(None, kernels)]


def _legend(ax) -> None:
    if any(ax.get_legend_handles_labels()):
        ax.legend()


def _axes(ax):
    """The axes given, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError:
        raise ImportError(
            "swntk.plot needs matplotlib: pip install 'swntk[plot]', or pip install matplotlib"
        ) from None
    return plt.subplots(layout="constrained")[1] if ax is None else ax
