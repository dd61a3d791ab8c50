"""Law: what the benchmark times, at small sizes, is the same in swntk and in JAX."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from checkers import assert_close

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "Benchmarks"))

import in_jax  # noqa: E402
import in_numpy  # noqa: E402
import report  # noqa: E402
import workloads  # noqa: E402

# Networks of other sizes are the same programs.
MODELS = {w.model: w for w in reversed(workloads.WORKLOADS) if w.name != "mlp, tiny"}


@pytest.mark.parametrize("operation", workloads.OPERATIONS)
@pytest.mark.parametrize("model", MODELS)
def test_libraries_agree(model, operation):
    row = workloads.Row(operation, 3, 2 if operation == "kernel" else 0)
    data = workloads.make_data(MODELS[model], row, np.float64, tiny=True)
    expected = in_jax.arrays(in_jax.prepare(model, operation, "jit", data)(), operation)
    for variant in in_numpy.variants(operation):
        result = in_numpy.prepare(model, operation, variant, data)()
        for a, e in zip(in_numpy.arrays(result, operation), expected, strict=True):
            assert_close(a, e)


def test_networks_run_on_plain_arrays():
    for model, workload in MODELS.items():
        data = workloads.make_data(workload, workloads.Row("value", 3), np.float64, tiny=True)
        y = in_numpy.MODELS[model](data["params"], data["x"])
        assert_close(y, np.asarray(in_jax.MODELS[model](data["params"], data["x"])))


def entry(library, variant, best=None, error=None):
    return {
        "library": library,
        "variant": variant,
        "best": best,
        "first": None if best is None else 1.0,
        "peak": None if best is None else 2**20,
        "error": error,
    }


def test_report(tmp_path):
    """Ratios are to the best of the others; NumPy's own time is not ours; errors are footnotes."""
    value = {
        "workload": "w",
        "operation": "value",
        "samples": "3",
        "entries": [
            entry("swntk", "jit", 2e-3),
            entry("swntk", "direct", 1e-3),
            entry("JAX", "jit", 4e-3),
            entry("PyTorch", "torch.func", 8e-3),
        ],
    }
    kernel = {
        "workload": "w",
        "operation": "kernel_full",
        "samples": "3",
        "entries": [
            entry("swntk", "jit", 8e-3),
            entry("JAX", "jit", error="out of\nmemory"),
            entry("PyTorch", "jacobians", 1e-3),
        ],
    }
    assert report.ratio(value)[0] == 0.5
    assert report.ratio(kernel)[0] == 8
    measured = {
        "date": "2000-01-01",
        "processor": "P",
        "threads": 2,
        "minutes": 1,
        "networks": [{"name": "w", "sizes": "width 2", "parameters": 1234}],
        "versions": {"swntk": {"numpy": "2"}},
        "rows": [value, kernel],
        "cold": [],
    }
    text = report.tables(json.loads(json.dumps(measured)))
    assert "value 0.50" in text and "kernel, full 8.00" in text and "all 2 rows" not in text
    assert "| w | width 2 | 1,234 |" in text
    assert "raises [1]" in text and "1. `out of memory`" in text
    assert "| w | kernel, full | 3 | 8 | 1 (PyTorch) | 8.00 |" in report.summary(measured)
    for path in ("docs/performance.md", "README.md"):
        document = (ROOT / path).read_text(encoding="utf-8")
        assert document.index(report.BEGIN) < document.index(report.END)
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n", encoding="utf-8")
    report.write_docs(document, text)
    written = document.read_text(encoding="utf-8")
    assert written.startswith(f"before\n{report.BEGIN}\n") and written.endswith("\nafter\n")
    assert "old" not in written and text in written
