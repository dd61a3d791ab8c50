"""swntk.plot: what is drawn, and what is refused."""

import subprocess
import sys

import numpy as np
import pytest
import swntk

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

rng = np.random.default_rng(0)
A = rng.standard_normal((6, 6))
THETA = A @ A.T
LABELS = np.array([2, 0, 1, 2, 0, 0])


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_kernel_sorts_by_class():
    ax = swntk.plot.kernel(THETA, LABELS, title="K")
    order = np.argsort(LABELS, kind="stable")
    shown = np.asarray(ax.images[-1].get_array())
    np.testing.assert_allclose(shown, THETA[np.ix_(order, order)] / np.trace(THETA) * 6)
    assert ax.get_title() == "K"
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0", "1", "2"]
    np.testing.assert_allclose(ax.get_xticks(), [1, 3, 4.5])


def test_kernel_of_outputs_and_plans():
    plan = swntk.empirical_ntk_fn(lambda w, x: np.tanh(x @ w), trace_axes=()).plan(
        rng.standard_normal((4, 3)), None, rng.standard_normal((3, 2)))
    ax = swntk.plot.kernel(plan, ["b", "a", "b", "a"])
    assert ax.images[-1].get_array().shape == (8, 8)
    np.testing.assert_allclose(ax.get_xticks(), [1.5, 5.5])
    assert swntk.plot.kernel(np.zeros((3, 3))).images[-1].get_array().shape == (3, 3)


def test_spectrum():
    _, ax = plt.subplots()
    assert swntk.plot.spectrum({"a": THETA, "b": np.diag([1.0, 0.0, 2.0])}, ax=ax) is ax
    np.testing.assert_allclose(ax.lines[0].get_ydata(), np.linalg.eigvalsh(THETA)[::-1])
    np.testing.assert_allclose(ax.lines[1].get_ydata(), [2, 1, np.nan])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["a", "b"]
    assert swntk.plot.spectrum(THETA).get_legend() is None


@pytest.mark.parametrize("columns", [None, 2])
def test_alignment(columns):
    y = rng.standard_normal(6 if columns is None else (6, columns))
    ax = swntk.plot.alignment({"k": THETA}, y)
    yy = np.outer(y, y) if columns is None else y @ y.T
    exact = np.sum(THETA * yy) / np.linalg.norm(THETA) / np.linalg.norm(yy)
    share = ax.lines[0].get_ydata()
    assert np.all(np.diff(share) >= -1e-12)
    np.testing.assert_allclose(share[-1], 1)
    assert ax.get_legend().get_texts()[0].get_text() == f"k: alignment {exact:.3f}"
    # The kernel of the targets themselves needs as many directions as they have.
    ax = swntk.plot.alignment(yy, y)
    np.testing.assert_allclose(ax.lines[0].get_ydata()[(columns or 1) - 1], 1)


def test_refused():
    with pytest.raises(swntk.ShapeError, match="labels"):
        swntk.plot.kernel(THETA, LABELS[:5])
    with pytest.raises(swntk.ArgumentError, match="symmetric"):
        swntk.plot.kernel(A)
    with pytest.raises(swntk.ShapeError, match="targets"):
        swntk.plot.alignment(THETA, np.ones(5))
    for y in (np.zeros(6), np.full(6, np.nan)):
        with pytest.raises(swntk.ArgumentError, match="targets"):
            swntk.plot.alignment(THETA, y)
    assert not plt.get_fignums()


def test_without_matplotlib_the_error_says_how_to_install_it():
    code = (
        "import sys; sys.modules['matplotlib'] = None; import numpy as np, swntk\n"
        "for use in (swntk.plot.kernel, swntk.plot.spectrum, "
        "lambda k: swntk.plot.alignment(k, np.ones(2))):\n"
        "    try: use(np.eye(2))\n"
        "    except ImportError as error: print('pip install' in str(error))"
    )
    path = [p for p in sys.path if p]
    out = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {path!r}\n{code}"],
        capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["True"] * 3
